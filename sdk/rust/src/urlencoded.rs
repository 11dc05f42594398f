//! Percent-encoding and `application/x-www-form-urlencoded`
//! (WHATWG URL Standard, sections 1.3 and 5.1).

use std::borrow::Cow;

fn hex(b: u8) -> Option<u8> {
    (b as char).to_digit(16).map(|d| d as u8)
}

/// Decodes `%41`, and `+` as a space when `plus` is set. A `%` without two hex digits stays as
/// it is, and bytes that are not UTF-8 become U+FFFD. Borrows when there is nothing to decode.
pub fn decode(s: &str, plus: bool) -> Cow<'_, str> {
    let bytes = s.as_bytes();
    if !bytes.iter().any(|b| *b == b'%' || (plus && *b == b'+')) {
        return Cow::Borrowed(s);
    }
    let mut out = Vec::with_capacity(bytes.len());
    let mut i = 0;
    while i < bytes.len() {
        let escaped = match bytes[i..] {
            [b'%', high, low, ..] => hex(high).zip(hex(low)).map(|(h, l)| h << 4 | l),
            _ => None,
        };
        match (bytes[i], escaped) {
            (_, Some(b)) => {
                out.push(b);
                i += 2;
            }
            (b'+', _) if plus => out.push(b' '),
            (b, _) => out.push(b),
        }
        i += 1;
    }
    match String::from_utf8(out) {
        Ok(s) => Cow::Owned(s),
        Err(e) => Cow::Owned(String::from_utf8_lossy(e.as_bytes()).into_owned()),
    }
}

/// Encodes everything but letters, digits and `-._~`, so that the result fits in a path segment
/// or in a query value.
pub fn encode(s: &str) -> String {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    let mut out = String::with_capacity(s.len());
    for b in s.bytes() {
        if b.is_ascii_alphanumeric() || b"-._~".contains(&b) {
            out.push(b as char);
        } else {
            out.push('%');
            out.push(DIGITS[usize::from(b >> 4)] as char);
            out.push(DIGITS[usize::from(b & 15)] as char);
        }
    }
    out
}

/// Names and values of a query or of a form body, in their order, decoded.
pub fn pairs(s: &str) -> impl Iterator<Item = (Cow<'_, str>, Cow<'_, str>)> {
    s.split('&').filter(|part| !part.is_empty()).map(|part| {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        (decode(name, true), decode(value, true))
    })
}

/// Fields of a form, in their order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Form(Vec<(String, String)>);

impl Form {
    /// Reads an urlencoded form body.
    pub fn parse(body: &str) -> Self {
        Form(pairs(body).map(|(n, v)| (n.into_owned(), v.into_owned())).collect())
    }

    /// First value of a field, or an empty text when the form has none.
    pub fn get(&self, name: &str) -> &str {
        self.0.iter().find(|(n, _)| n == name).map_or("", |(_, v)| v)
    }

    /// Every field with its value.
    pub fn fields(&self) -> &[(String, String)] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decodes_what_is_encoded_and_leaves_the_rest() {
        for (input, plus, want) in [
            ("plain", true, "plain"),
            ("a+b", true, "a b"),
            ("a+b", false, "a+b"),
            ("%41%6a", false, "Aj"),
            ("caf%C3%A9", false, "café"),
            ("100%", false, "100%"),
            ("%zz%4", false, "%zz%4"),
            ("%ff", false, "\u{fffd}"),
        ] {
            assert_eq!(decode(input, plus), want, "input {input:?}");
        }
        assert_eq!(decode(&encode("a b/ü?&=+%"), false), "a b/ü?&=+%");
    }

    #[test]
    fn forms_keep_order_and_first_value() {
        let form = Form::parse("name=A+B&&x&name=C&y=%3D");
        assert_eq!(form.get("name"), "A B");
        assert_eq!(form.get("y"), "=");
        assert_eq!(form.get("absent"), "");
        assert_eq!(form.fields().len(), 4);
    }
}
