//! The MessagePack subset that records travel in, with bounds on everything a decoder believes.
//!
//! Writers always choose the shortest form. Readers accept every form of the specification
//! (<https://github.com/msgpack/msgpack/blob/master/spec.md>) except extension types, which are
//! skipped where an unknown field holds one and refused elsewhere.

use crate::abi::{Code, DEPTH, HEADERS, RECORD_BYTES};
use crate::value::Value;
use std::borrow::Cow;
use std::fmt;

/// Header fields in their order, repeats kept: lower-case name, value bytes.
pub type Headers<'a> = Vec<(&'a str, &'a [u8])>;
/// Name and value pairs in their order.
pub type Pairs<'a> = Vec<(&'a str, &'a str)>;

/// Why bytes are not the record that was expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DecodeError {
    /// `invalid`, or `limit` where the bytes are well formed but too many or too deep.
    pub code: Code,
    /// For people.
    pub text: &'static str,
}

const fn invalid(text: &'static str) -> DecodeError {
    DecodeError { code: Code::INVALID, text }
}

const fn limit(text: &'static str) -> DecodeError {
    DecodeError { code: Code::LIMIT, text }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text)
    }
}

impl std::error::Error for DecodeError {}

const TRUNCATED: DecodeError = invalid("truncated");
const DEEP: DecodeError = limit("nested too deeply");
const TYPE: DecodeError = invalid("a value of another type");

/// Result of a decoding step.
pub type Decoded<T> = Result<T, DecodeError>;

/// Reads values from a byte slice; what it returns borrows from that slice.
pub struct Decoder<'a> {
    bytes: &'a [u8],
    at: usize,
    depth: usize,
}

impl<'a> Decoder<'a> {
    /// Starts at the first byte. Refuses more than `RECORD_BYTES`.
    pub fn new(bytes: &'a [u8]) -> Decoded<Self> {
        if bytes.len() > RECORD_BYTES {
            return Err(limit("longer than a record may be"));
        }
        Ok(Decoder { bytes, at: 0, depth: 0 })
    }

    /// Succeeds when every byte was read.
    pub fn end(&self) -> Decoded<()> {
        if self.at == self.bytes.len() {
            Ok(())
        } else {
            Err(invalid("bytes after the record"))
        }
    }

    fn take(&mut self, n: usize) -> Decoded<&'a [u8]> {
        let rest = &self.bytes[self.at..];
        if n > rest.len() {
            return Err(TRUNCATED);
        }
        self.at += n;
        Ok(&rest[..n])
    }

    fn peek(&self) -> Decoded<u8> {
        self.bytes.get(self.at).copied().ok_or(TRUNCATED)
    }

    fn byte(&mut self) -> Decoded<u8> {
        let b = self.peek()?;
        self.at += 1;
        Ok(b)
    }

    fn big_endian(&mut self, n: usize) -> Decoded<u64> {
        Ok(self.take(n)?.iter().fold(0, |v, b| v << 8 | u64::from(*b)))
    }

    /// Consumes a nil and says whether there was one.
    pub fn nil(&mut self) -> bool {
        let nil = self.peek() == Ok(0xc0);
        self.at += nil as usize;
        nil
    }

    fn enter(&mut self, elements: usize) -> Decoded<usize> {
        // Each element has at least one byte, so a larger count is a lie; believing it would
        // reserve memory for elements that cannot be there.
        if elements > self.bytes.len() - self.at {
            return Err(TRUNCATED);
        }
        if self.depth == DEPTH {
            return Err(DEEP);
        }
        self.depth += 1;
        Ok(elements)
    }

    /// Begins an array and returns its length. `leave` ends it.
    pub fn enter_array(&mut self) -> Decoded<usize> {
        let n = match self.byte()? {
            b @ 0x90..=0x9f => usize::from(b & 0x0f),
            0xdc => self.big_endian(2)? as usize,
            0xdd => self.big_endian(4)? as usize,
            _ => return Err(TYPE),
        };
        self.enter(n)
    }

    fn enter_map(&mut self) -> Decoded<usize> {
        let n = match self.byte()? {
            b @ 0x80..=0x8f => usize::from(b & 0x0f),
            0xde => self.big_endian(2)? as usize,
            0xdf => self.big_endian(4)? as usize,
            _ => return Err(TYPE),
        };
        self.enter(n)
    }

    /// Ends an array of which `read` of `length` elements were read, skipping the others.
    pub fn leave(&mut self, read: usize, length: usize) -> Decoded<()> {
        for _ in read..length {
            self.skip()?;
        }
        self.depth -= 1;
        Ok(())
    }

    /// Reads bytes. A str is accepted as well.
    pub fn bin(&mut self) -> Decoded<&'a [u8]> {
        let n = match self.byte()? {
            b @ 0xa0..=0xbf => usize::from(b & 0x1f),
            0xc4 | 0xd9 => self.big_endian(1)? as usize,
            0xc5 | 0xda => self.big_endian(2)? as usize,
            0xc6 | 0xdb => self.big_endian(4)? as usize,
            _ => return Err(TYPE),
        };
        self.take(n)
    }

    /// Reads text. A bin that holds UTF-8 is accepted as well.
    pub fn str(&mut self) -> Decoded<&'a str> {
        std::str::from_utf8(self.bin()?).map_err(|_| invalid("text that is not UTF-8"))
    }

    fn integer(&mut self) -> Decoded<i128> {
        Ok(match self.byte()? {
            b @ 0x00..=0x7f => i128::from(b),
            b @ 0xe0..=0xff => i128::from(b as i8),
            0xcc => self.big_endian(1)?.into(),
            0xcd => self.big_endian(2)?.into(),
            0xce => self.big_endian(4)?.into(),
            0xcf => self.big_endian(8)?.into(),
            0xd0 => (self.big_endian(1)? as i8).into(),
            0xd1 => (self.big_endian(2)? as i16).into(),
            0xd2 => (self.big_endian(4)? as i32).into(),
            0xd3 => (self.big_endian(8)? as i64).into(),
            _ => return Err(TYPE),
        })
    }

    /// Reads an integer that is not negative.
    pub fn uint(&mut self) -> Decoded<u64> {
        u64::try_from(self.integer()?).map_err(|_| invalid("a negative number"))
    }

    /// Reads an integer.
    pub fn int(&mut self) -> Decoded<i64> {
        i64::try_from(self.integer()?).map_err(|_| invalid("a number out of range"))
    }

    /// Reads a truth value.
    pub fn bool(&mut self) -> Decoded<bool> {
        match self.byte()? {
            0xc2 => Ok(false),
            0xc3 => Ok(true),
            _ => Err(TYPE),
        }
    }

    /// Reads a number as a float.
    pub fn float(&mut self) -> Decoded<f64> {
        match self.peek()? {
            0xca => {
                self.at += 1;
                Ok(f32::from_bits(self.big_endian(4)? as u32).into())
            }
            0xcb => {
                self.at += 1;
                Ok(f64::from_bits(self.big_endian(8)?))
            }
            _ => Ok(self.integer()? as f64),
        }
    }

    fn enter_pairs(&mut self) -> Decoded<usize> {
        let n = self.enter_array()?;
        match n {
            _ if n % 2 != 0 => Err(invalid("a name without a value")),
            _ if n / 2 > HEADERS => Err(limit("too many names and values")),
            _ => Ok(n),
        }
    }

    /// Reads a flat array of names and values.
    pub fn headers(&mut self) -> Decoded<Headers<'a>> {
        let n = self.enter_pairs()?;
        let mut list = Vec::with_capacity(n / 2);
        for _ in 0..n / 2 {
            list.push((self.str()?, self.bin()?));
        }
        self.leave(n, n)?;
        Ok(list)
    }

    /// Reads a flat array of names and text values.
    pub fn pairs(&mut self) -> Decoded<Pairs<'a>> {
        let n = self.enter_pairs()?;
        let mut list = Vec::with_capacity(n / 2);
        for _ in 0..n / 2 {
            list.push((self.str()?, self.str()?));
        }
        self.leave(n, n)?;
        Ok(list)
    }

    /// Reads an array with one reader for each element.
    pub fn list<T>(&mut self, read: impl Fn(&mut Self) -> Decoded<T>) -> Decoded<Vec<T>> {
        let n = self.enter_array()?;
        // An element takes at least a byte, but a T may be much larger: grow as they come.
        let mut list = Vec::with_capacity(n.min(64));
        for _ in 0..n {
            list.push(read(self)?);
        }
        self.leave(n, n)?;
        Ok(list)
    }

    /// Reads any value.
    pub fn value(&mut self) -> Decoded<Value<'a>> {
        Ok(match self.peek()? {
            0xc0 => {
                self.at += 1;
                Value::Nil
            }
            0xc2 | 0xc3 => Value::Bool(self.bool()?),
            0xca | 0xcb => Value::Float(self.float()?),
            0xa0..=0xbf | 0xd9..=0xdb => Value::Str(Cow::Borrowed(self.str()?)),
            0xc4..=0xc6 => Value::Bin(Cow::Borrowed(self.bin()?)),
            0x00..=0x7f | 0xcc..=0xd3 | 0xe0..=0xff => {
                let v = self.integer()?;
                match i64::try_from(v) {
                    Ok(v) => Value::Int(v),
                    Err(_) => Value::Uint(v as u64),
                }
            }
            0x90..=0x9f | 0xdc | 0xdd => Value::Array(self.list(|d| d.value())?),
            0x80..=0x8f | 0xde | 0xdf => {
                let n = self.enter_map()?;
                let mut map: Vec<(Cow<str>, Value)> = Vec::with_capacity(n.min(64));
                for _ in 0..n {
                    let (key, value) = (self.str()?, self.value()?);
                    match map.iter_mut().find(|(k, _)| k == key) {
                        Some(twice) => twice.1 = value,
                        None => map.push((Cow::Borrowed(key), value)),
                    }
                }
                self.leave(0, 0)?;
                Value::Map(map)
            }
            _ => return Err(invalid("an extension type")),
        })
    }

    /// Passes over one value of whatever type.
    pub fn skip(&mut self) -> Decoded<()> {
        match self.byte()? {
            0x00..=0x7f | 0xe0..=0xff | 0xc0 | 0xc2 | 0xc3 => {}
            0xc1 => return Err(invalid("a byte that MessagePack never uses")),
            0xcc | 0xd0 => drop(self.take(1)?),
            0xcd | 0xd1 => drop(self.take(2)?),
            0xca | 0xce | 0xd2 => drop(self.take(4)?),
            0xcb | 0xcf | 0xd3 => drop(self.take(8)?),
            b @ 0xd4..=0xd8 => drop(self.take(1 + (1 << (b - 0xd4)))?),
            b @ 0xc7..=0xc9 => {
                let n = self.big_endian(1 << (b - 0xc7))? as usize;
                self.take(1)?;
                self.take(n)?;
            }
            0xa0..=0xbf | 0xc4..=0xc6 | 0xd9..=0xdb => {
                self.at -= 1;
                self.bin()?;
            }
            0x90..=0x9f | 0xdc | 0xdd => {
                self.at -= 1;
                let n = self.enter_array()?;
                self.leave(0, n)?;
            }
            _ => {
                self.at -= 1;
                let n = self.enter_map()?;
                self.leave(0, n * 2)?;
            }
        }
        Ok(())
    }
}

fn head(out: &mut Vec<u8>, n: usize, short: (u8, usize), forms: [u8; 3]) {
    match n {
        _ if n < short.1 => out.push(short.0 | n as u8),
        0..=0xff if forms[0] != 0 => out.extend_from_slice(&[forms[0], n as u8]),
        0..=0xffff => {
            out.push(forms[1]);
            out.extend_from_slice(&(n as u16).to_be_bytes());
        }
        _ => {
            out.push(forms[2]);
            out.extend_from_slice(&(n as u32).to_be_bytes());
        }
    }
}

/// Appends the head of an array of `n` elements.
pub fn put_array(out: &mut Vec<u8>, n: usize) {
    head(out, n, (0x90, 16), [0, 0xdc, 0xdd]);
}

/// Appends the head of a map of `n` entries.
pub fn put_map(out: &mut Vec<u8>, n: usize) {
    head(out, n, (0x80, 16), [0, 0xde, 0xdf]);
}

/// Appends text.
pub fn put_str(out: &mut Vec<u8>, s: &str) {
    head(out, s.len(), (0xa0, 32), [0xd9, 0xda, 0xdb]);
    out.extend_from_slice(s.as_bytes());
}

/// Appends bytes.
pub fn put_bin(out: &mut Vec<u8>, b: &[u8]) {
    head(out, b.len(), (0, 0), [0xc4, 0xc5, 0xc6]);
    out.extend_from_slice(b);
}

/// Appends an integer that is not negative.
pub fn put_uint(out: &mut Vec<u8>, v: u64) {
    match v {
        0..=0x7f => out.push(v as u8),
        0..=0xff => out.extend_from_slice(&[0xcc, v as u8]),
        0..=0xffff => {
            out.push(0xcd);
            out.extend_from_slice(&(v as u16).to_be_bytes());
        }
        0..=0xffff_ffff => {
            out.push(0xce);
            out.extend_from_slice(&(v as u32).to_be_bytes());
        }
        _ => {
            out.push(0xcf);
            out.extend_from_slice(&v.to_be_bytes());
        }
    }
}

/// Appends an integer.
pub fn put_int(out: &mut Vec<u8>, v: i64) {
    if v >= 0 {
        put_uint(out, v as u64);
    } else if v >= -32 {
        out.push(v as u8);
    } else if v >= i8::MIN.into() {
        out.extend_from_slice(&[0xd0, v as u8]);
    } else if v >= i16::MIN.into() {
        out.push(0xd1);
        out.extend_from_slice(&(v as i16).to_be_bytes());
    } else if v >= i32::MIN.into() {
        out.push(0xd2);
        out.extend_from_slice(&(v as i32).to_be_bytes());
    } else {
        out.push(0xd3);
        out.extend_from_slice(&v.to_be_bytes());
    }
}

/// Appends a truth value.
pub fn put_bool(out: &mut Vec<u8>, v: bool) {
    out.push(0xc2 | v as u8);
}

/// Appends a float of 64 bits.
pub fn put_float(out: &mut Vec<u8>, v: f64) {
    out.push(0xcb);
    out.extend_from_slice(&v.to_bits().to_be_bytes());
}

/// Appends nil.
pub fn put_nil(out: &mut Vec<u8>) {
    out.push(0xc0);
}

/// Appends a flat array of names and values.
pub fn put_headers(out: &mut Vec<u8>, list: &[(&str, &[u8])]) {
    put_array(out, list.len() * 2);
    for (name, value) in list {
        put_str(out, name);
        put_bin(out, value);
    }
}

/// Appends a flat array of names and text values.
pub fn put_pairs(out: &mut Vec<u8>, list: &[(&str, &str)]) {
    put_array(out, list.len() * 2);
    for (name, value) in list {
        put_str(out, name);
        put_str(out, value);
    }
}

/// Appends any value.
pub fn put_value(out: &mut Vec<u8>, value: &Value) {
    match value {
        Value::Nil => put_nil(out),
        Value::Bool(v) => put_bool(out, *v),
        Value::Int(v) => put_int(out, *v),
        Value::Uint(v) => put_uint(out, *v),
        Value::Float(v) => put_float(out, *v),
        Value::Str(v) => put_str(out, v),
        Value::Bin(v) => put_bin(out, v),
        Value::Array(list) => {
            put_array(out, list.len());
            list.iter().for_each(|v| put_value(out, v));
        }
        Value::Map(map) => {
            put_map(out, map.len());
            for (key, v) in map {
                put_str(out, key);
                put_value(out, v);
            }
        }
    }
}
