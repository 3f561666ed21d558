//! A scanner for the JSON that venues send: one pass, no allocation, values as slices of the line.
//!
//! Finds members by their names, in any order, and passes over what it does not know, however nested. It is
//! not a validator: what it does not look at may be wrong; what it gives out is exactly what stood there.

/// A value, as it stands in the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Value<'a> {
    /// Between its quotes, escapes and all.
    Text(&'a [u8]),
    /// A number, or `true`, `false`, `null`.
    Word(&'a [u8]),
    /// An array or object with its brackets.
    Nested(&'a [u8]),
}

impl<'a> Value<'a> {
    pub(crate) const fn text(self) -> Option<&'a [u8]> {
        match self {
            Self::Text(text) => Some(text),
            Self::Word(_) | Self::Nested(_) => None,
        }
    }

    /// A whole number without a sign.
    #[inline]
    pub(crate) fn number(self) -> Option<u64> {
        match self {
            Self::Word(word) => digits(word),
            Self::Text(_) | Self::Nested(_) => None,
        }
    }

    pub(crate) const fn nested(self) -> Option<&'a [u8]> {
        match self {
            Self::Nested(text) => Some(text),
            Self::Text(_) | Self::Word(_) => None,
        }
    }

    pub(crate) const fn truth(self) -> Option<bool> {
        match self {
            Self::Word(b"true") => Some(true),
            Self::Word(b"false") => Some(false),
            Self::Word(_) | Self::Text(_) | Self::Nested(_) => None,
        }
    }
}

/// A whole number out of digits only.
#[inline]
pub(crate) fn digits(text: &[u8]) -> Option<u64> {
    if text.is_empty() {
        return None;
    }
    text.iter().try_fold(0_u64, |value, &byte| {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        value.checked_mul(10)?.checked_add(u64::from(digit))
    })
}

/// Shows every member of the object that is the whole of `text`; `None` when it is no object.
#[inline]
pub(crate) fn members<'a>(text: &'a [u8], mut visit: impl FnMut(&'a [u8], Value<'a>)) -> Option<()> {
    let mut cursor = Cursor { text, at: 0 };
    cursor.expect(b'{')?;
    if cursor.peek()? == b'}' {
        cursor.at += 1;
        return cursor.end();
    }
    loop {
        cursor.expect(b'"')?;
        let name = cursor.text()?;
        cursor.expect(b':')?;
        visit(name, cursor.value()?);
        match cursor.peek()? {
            b',' => cursor.at += 1,
            b'}' => {
                cursor.at += 1;
                return cursor.end();
            }
            _ => return None,
        }
    }
}

/// Shows every element of the array that is the whole of `text`; `None` when it is no array, or `visit` says so.
#[inline]
pub(crate) fn elements<'a>(text: &'a [u8], mut visit: impl FnMut(Value<'a>) -> Option<()>) -> Option<()> {
    let mut cursor = Cursor { text, at: 0 };
    cursor.expect(b'[')?;
    if cursor.peek()? == b']' {
        cursor.at += 1;
        return cursor.end();
    }
    loop {
        visit(cursor.value()?)?;
        match cursor.peek()? {
            b',' => cursor.at += 1,
            b']' => {
                cursor.at += 1;
                return cursor.end();
            }
            _ => return None,
        }
    }
}

/// What a text between quotes means: its escapes read (RFC 8259, section 7), into `out`. `None` when one is wrong.
pub(crate) fn unescape(text: &[u8], out: &mut Vec<u8>) -> Option<()> {
    out.clear();
    let mut rest = text;
    while let Some(at) = rest.iter().position(|byte| *byte == b'\\') {
        out.extend_from_slice(&rest[..at]);
        let (escape, after) = rest[at + 1..].split_first()?;
        rest = after;
        let plain = match escape {
            b'"' | b'\\' | b'/' => *escape,
            b'b' => 8,
            b'f' => 12,
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'u' => {
                let (character, after) = character(rest)?;
                out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
                rest = after;
                continue;
            }
            _ => return None,
        };
        out.push(plain);
    }
    out.extend_from_slice(rest);
    Some(())
}

/// The character of `XXXX` or of the pair `XXXX\uXXXX`.
fn character(text: &[u8]) -> Option<(char, &[u8])> {
    let unit = |text: &[u8]| {
        let digits = std::str::from_utf8(text.get(..4)?).ok()?;
        digits.bytes().all(|byte| byte.is_ascii_hexdigit()).then_some(())?;
        u32::from_str_radix(digits, 16).ok()
    };
    let first = unit(text)?;
    let rest = &text[4..];
    if !(0xd800..0xdc00).contains(&first) {
        return Some((char::from_u32(first)?, rest));
    }
    let pair = rest.strip_prefix(b"\\u")?;
    let second = unit(pair).filter(|second| (0xdc00..0xe000).contains(second))?;
    let code = 0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00);
    Some((char::from_u32(code)?, &pair[4..]))
}

/// Shows every level of `[["price","size"],…]`; `None` when it is not of that shape, or `visit` says so.
#[inline]
pub(crate) fn levels(text: &[u8], mut visit: impl FnMut(&[u8], &[u8]) -> Option<()>) -> Option<()> {
    let mut cursor = Cursor { text, at: 0 };
    cursor.expect(b'[')?;
    if cursor.peek()? == b']' {
        cursor.at += 1;
        return cursor.end();
    }
    loop {
        cursor.expect(b'[')?;
        cursor.expect(b'"')?;
        let price = cursor.text()?;
        cursor.expect(b',')?;
        cursor.expect(b'"')?;
        let size = cursor.text()?;
        visit(price, size)?;
        // Old interfaces send a third, empty element.
        while cursor.peek()? == b',' {
            cursor.at += 1;
            cursor.value()?;
        }
        cursor.expect(b']')?;
        match cursor.peek()? {
            b',' => cursor.at += 1,
            b']' => {
                cursor.at += 1;
                return cursor.end();
            }
            _ => return None,
        }
    }
}

struct Cursor<'a> {
    text: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    /// The next byte that is no white space, not taken.
    #[inline]
    fn peek(&mut self) -> Option<u8> {
        loop {
            match *self.text.get(self.at)? {
                b' ' | b'\t' | b'\r' | b'\n' => self.at += 1,
                byte => return Some(byte),
            }
        }
    }

    #[inline]
    fn expect(&mut self, byte: u8) -> Option<()> {
        if self.peek()? != byte {
            return None;
        }
        self.at += 1;
        Some(())
    }

    /// Nothing but white space is left.
    fn end(&mut self) -> Option<()> {
        self.peek().is_none().then_some(())
    }

    /// The rest of a text whose first quote was taken.
    #[inline]
    fn text(&mut self) -> Option<&'a [u8]> {
        let start = self.at;
        loop {
            match *self.text.get(self.at)? {
                b'"' => {
                    self.at += 1;
                    return Some(&self.text[start..self.at - 1]);
                }
                // Whatever is escaped, it does not end the text.
                b'\\' => self.at += 2,
                _ => self.at += 1,
            }
        }
    }

    #[inline]
    fn value(&mut self) -> Option<Value<'a>> {
        match self.peek()? {
            b'"' => {
                self.at += 1;
                Some(Value::Text(self.text()?))
            }
            b'[' | b'{' => Some(Value::Nested(self.nested()?)),
            _ => self.word(),
        }
    }

    fn word(&mut self) -> Option<Value<'a>> {
        let start = self.at;
        while let Some(&byte) = self.text.get(self.at) {
            if matches!(byte, b',' | b'}' | b']' | b' ' | b'\t' | b'\r' | b'\n') {
                break;
            }
            self.at += 1;
        }
        let word = &self.text[start..self.at];
        (!word.is_empty()).then_some(Value::Word(word))
    }

    /// Over brackets to the one that closes the first.
    #[inline]
    fn nested(&mut self) -> Option<&'a [u8]> {
        let start = self.at;
        let mut depth = 0_u32;
        loop {
            let byte = *self.text.get(self.at)?;
            self.at += 1;
            match byte {
                b'"' => {
                    self.text()?;
                }
                b'[' | b'{' => depth += 1,
                b']' | b'}' => {
                    depth -= 1;
                    if depth == 0 {
                        return Some(&self.text[start..self.at]);
                    }
                }
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(text: &str) -> Option<Vec<(String, String)>> {
        let show = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let mut seen = Vec::new();
        members(text.as_bytes(), |name, value| {
            let value = match value {
                Value::Text(v) | Value::Word(v) | Value::Nested(v) => show(v),
            };
            seen.push((show(name), value));
        })?;
        Some(seen)
    }

    #[test]
    fn members_are_found_whatever_stands_between_them() {
        let text = r#" { "a" : "x\"}y" , "b":[["1","2"],{"c":"]"}],"n":-1.5e3,"t":true} "#;
        let expected = [("a", r#"x\"}y"#), ("b", r#"[["1","2"],{"c":"]"}]"#), ("n", "-1.5e3"), ("t", "true")];
        let expected: Vec<_> = expected.map(|(n, v)| (n.to_string(), v.to_string())).into();
        assert_eq!(seen(text), Some(expected));
        assert_eq!(seen("{}"), Some(vec![]));
    }

    #[test]
    fn what_is_no_object_is_refused_at_every_cut() {
        let text = r#"{"a":"x\\","b":[1,[2]],"n":7}"#;
        assert!(seen(text).is_some());
        for end in 0..text.len() {
            assert_eq!(seen(&text[..end]), None, "{}", &text[..end]);
        }
        for wrong in ["[]", "{} x", r#"{"a"}"#, r#"{"a":}"#, r#"{"a":1,}"#, r#"{a:1}"#] {
            assert_eq!(seen(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn levels_are_pairs_of_texts() {
        let count = |text: &str| {
            let mut count = 0;
            levels(text.as_bytes(), |_, _| {
                count += 1;
                Some(())
            })
            .map(|()| count)
        };
        assert_eq!(count("[]"), Some(0));
        assert_eq!(count(r#"[["1","2"],["3","4",[]]]"#), Some(2));
        for wrong in ["", "[", r#"[["1"]]"#, r#"[["1",2]]"#, r#"[["1","2"]"#, r#"[["1","2"],]"#, "[[]]"] {
            assert_eq!(count(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn elements_are_values_of_any_kind() {
        let count = |text: &str| {
            let mut count = 0;
            elements(text.as_bytes(), |_| {
                count += 1;
                Some(())
            })
            .map(|()| count)
        };
        assert_eq!(count("[]"), Some(0));
        assert_eq!(count(r#" [1, "a]" ,{"b":[2]},[ ], null] "#), Some(5));
        for wrong in ["", "[", "[1", "[1,", "[1,]", "[1 2]", "{}", "[] x"] {
            assert_eq!(count(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn escapes_are_read_as_serde_json_reads_them() {
        let mut out = Vec::new();
        let texts = [
            r"plain",
            r"",
            r"a\\b",
            r#"tab\tline\nquote\""#,
            r"BNB\/USDT",
            r"\/\b\f\r",
            r"\u0041\u00e9\u20ac",
            r"\ud83d\ude00 smile",
            r"\ud83d",
            r"\ud83d\u0041",
            r"\udc00",
            r"\u12",
            r"\u+123",
            r"\x",
            r"\",
        ];
        for text in texts {
            let ours = unescape(text.as_bytes(), &mut out).map(|()| out.clone());
            let theirs = serde_json::from_str::<String>(&format!("\"{text}\"")).ok().map(String::into_bytes);
            assert_eq!(ours, theirs, "{text}");
        }
    }

    #[test]
    fn numbers_are_digits_only() {
        assert_eq!(digits(b"18446744073709551615"), Some(u64::MAX));
        for wrong in [&b""[..], b"18446744073709551616", b"-1", b"1.0", b"1 "] {
            assert_eq!(digits(wrong), None);
        }
    }
}
