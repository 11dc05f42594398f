//! A small JSON writer (RFC 8259). For reading JSON, bring a crate of your choice.

use crate::value::Value;
use std::fmt::Write;

/// Writes an object with the members that `members` adds.
pub fn object(members: impl FnOnce(&mut Object)) -> String {
    let mut out = String::with_capacity(128);
    write_object(&mut out, members);
    out
}

/// Writes an array with the elements that `elements` adds.
pub fn array(elements: impl FnOnce(&mut Array)) -> String {
    let mut out = String::with_capacity(128);
    write_array(&mut out, elements);
    out
}

/// Writes a free-form value; bytes become base64 text.
pub fn value(v: &Value) -> String {
    let mut out = String::new();
    write_value(&mut out, v);
    out
}

/// Bytes in base64 with padding (RFC 4648 section 4).
pub fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let byte = |i: usize| u32::from(group.get(i).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for i in 0..4 {
            let digit = DIGITS[(bits >> (18 - 6 * i)) as usize & 63] as char;
            out.push(if i <= group.len() { digit } else { '=' });
        }
    }
    out
}

/// The members of an object being written.
pub struct Object<'o> {
    out: &'o mut String,
    first: bool,
}

/// The elements of an array being written.
pub struct Array<'o> {
    out: &'o mut String,
    first: bool,
}

macro_rules! writers {
    ($($doc:literal $name:ident($($arg:ident: $type:ty)?) $write:expr;)*) => {
        impl Object<'_> {
            $(#[doc = $doc]
            pub fn $name(&mut self, name: &str $(, $arg: $type)?) -> &mut Self {
                self.member(name);
                #[allow(clippy::redundant_closure_call)]
                $write(&mut *self.out $(, $arg)?);
                self
            })*
        }
        impl Array<'_> {
            $(#[doc = $doc]
            pub fn $name(&mut self $(, $arg: $type)?) -> &mut Self {
                comma(self.out, &mut self.first);
                #[allow(clippy::redundant_closure_call)]
                $write(&mut *self.out $(, $arg)?);
                self
            })*
        }
    };
}

writers! {
    "Adds text." str(v: &str) write_str;
    "Adds an integer." int(v: i64) |out: &mut String, v| _ = write!(out, "{v}");
    "Adds an integer that is not negative." uint(v: u64) |out: &mut String, v| _ = write!(out, "{v}");
    "Adds a number; one that JSON cannot express becomes null." float(v: f64) write_float;
    "Adds a truth value." bool(v: bool) |out: &mut String, v| out.push_str(if v { "true" } else { "false" });
    "Adds null." null() |out: &mut String| out.push_str("null");
    "Adds a free-form value." value(v: &Value) write_value;
    "Adds JSON that is already written." raw(v: &str) |out: &mut String, v| out.push_str(v);
    "Adds an object." object(v: impl FnOnce(&mut Object)) write_object;
    "Adds an array." array(v: impl FnOnce(&mut Array)) write_array;
}

impl Object<'_> {
    fn member(&mut self, name: &str) {
        comma(self.out, &mut self.first);
        write_str(self.out, name);
        self.out.push(':');
    }
}

fn comma(out: &mut String, first: &mut bool) {
    if !std::mem::take(first) {
        out.push(',');
    }
}

fn write_object(out: &mut String, members: impl FnOnce(&mut Object)) {
    out.push('{');
    members(&mut Object { out, first: true });
    out.push('}');
}

fn write_array(out: &mut String, elements: impl FnOnce(&mut Array)) {
    out.push('[');
    elements(&mut Array { out, first: true });
    out.push(']');
}

fn write_float(out: &mut String, v: f64) {
    if v.is_finite() {
        _ = write!(out, "{v:?}");
    } else {
        out.push_str("null");
    }
}

fn write_str(out: &mut String, s: &str) {
    out.push('"');
    let mut from = 0;
    for (i, b) in s.bytes().enumerate() {
        let short = match b {
            b'"' => "\\\"",
            b'\\' => "\\\\",
            b'\n' => "\\n",
            b'\r' => "\\r",
            b'\t' => "\\t",
            0..=0x1f => "",
            _ => continue,
        };
        out.push_str(&s[from..i]);
        out.push_str(short);
        if short.is_empty() {
            _ = write!(out, "\\u{b:04x}");
        }
        from = i + 1;
    }
    out.push_str(&s[from..]);
    out.push('"');
}

fn write_value(out: &mut String, v: &Value) {
    match v {
        Value::Nil => out.push_str("null"),
        Value::Bool(v) => out.push_str(if *v { "true" } else { "false" }),
        Value::Int(v) => _ = write!(out, "{v}"),
        Value::Uint(v) => _ = write!(out, "{v}"),
        Value::Float(v) => write_float(out, *v),
        Value::Str(s) => write_str(out, s),
        Value::Bin(b) => write_str(out, &base64(b)),
        Value::Array(list) => write_array(out, |a| {
            list.iter().for_each(|v| _ = a.value(v));
        }),
        Value::Map(map) => write_object(out, |o| {
            map.iter().for_each(|(k, v)| _ = o.value(k, v));
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything() {
        let got = object(|o| {
            o.str("s", "a\"b\\c\n\u{1}é").int("i", -5).float("f", 1.5).float("n", f64::NAN);
            o.bool("b", true).null("z").raw("r", "[1]").object("o", |_| {});
            o.array("a", |a| _ = a.str("x").int(2).array(|_| {}));
            o.value("v", &Value::Map(vec![("k".into(), Value::Bin(b"\xff\xfe"[..].into()))]));
        });
        let want = r#"{"s":"a\"b\\c\n\u0001é","i":-5,"f":1.5,"n":null,"b":true,"z":null,"r":[1],"o":{},"a":["x",2,[]],"v":{"k":"//4="}}"#;
        assert_eq!(got, want);
    }

    #[test]
    fn base64_vectors() {
        // RFC 4648 section 10.
        for (input, want) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(base64(input.as_bytes()), want);
        }
    }
}
