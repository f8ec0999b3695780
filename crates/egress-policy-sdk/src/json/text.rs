//! The letters of JSON: blanks, words, numbers and strings. Knows nothing of what they are read into.

use alloc::format;
use alloc::string::String;

use super::Error;

/// A text and how far it has been read.
pub(super) struct Text<'de> {
    text: &'de str,
    position: usize,
}

impl<'de> Text<'de> {
    pub(super) fn new(text: &'de str) -> Self {
        Text { text, position: 0 }
    }

    /// What was not read yet.
    pub(super) fn unread(&self) -> &'de str {
        self.text.get(self.position..).unwrap_or_default()
    }

    /// The next byte that is no blank, which stays where it is.
    pub(super) fn peek(&mut self) -> Option<u8> {
        while self.here().is_some_and(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r')) {
            self.position += 1;
        }
        self.here()
    }

    /// This byte, after blanks.
    pub(super) fn take(&mut self, expected: u8) -> Result<(), Error> {
        if self.peek() != Some(expected) {
            return Err(Error::of(&format!("`{}` was expected", char::from(expected))));
        }
        self.position += 1;
        Ok(())
    }

    /// Whether this word is next; then it is taken.
    pub(super) fn word(&mut self, word: &str) -> bool {
        self.peek();
        let found = self.rest().starts_with(word.as_bytes());
        if found {
            self.position += word.len();
        }
        found
    }

    /// Nothing but blanks is left.
    pub(super) fn end(&mut self) -> Result<(), Error> {
        if self.peek().is_none() { Ok(()) } else { Err(Error::of("something follows the value")) }
    }

    /// The characters of a number, where there are some; whether they make one is for whoever parses them, but for
    /// what only JSON refuses.
    pub(super) fn number(&mut self) -> Option<&'de str> {
        self.peek();
        let rest = self.rest();
        let of_number =
            |byte: &&u8| byte.is_ascii_digit() || matches!(byte, b'-' | b'+' | b'.' | b'e' | b'E');
        let length = rest.iter().take_while(of_number).count();
        let number = self.text.get(self.position..self.position + length)?;
        let mut digits = number.strip_prefix('-').unwrap_or(number).bytes();
        let (first, second) = (digits.next()?, digits.next());
        let leading_zero = first == b'0' && second.is_some_and(|byte| byte.is_ascii_digit());
        if leading_zero || !first.is_ascii_digit() {
            return None;
        }
        self.position += length;
        Some(number)
    }

    pub(super) fn string(&mut self) -> Result<String, Error> {
        self.take(b'"')?;
        let mut string = String::new();
        loop {
            let special = |byte: &u8| matches!(byte, b'"' | b'\\' | 0..=0x1f);
            let rest = self.rest();
            let length = rest.iter().position(special).unwrap_or(rest.len());
            string.push_str(self.text.get(self.position..self.position + length).unwrap_or_default());
            self.position += length;
            match self.next() {
                Some(b'"') => return Ok(string),
                Some(b'\\') => string.push(self.escaped()?),
                _ => return Err(Error::of("a string does not end")),
            }
        }
    }

    fn escaped(&mut self) -> Result<char, Error> {
        Ok(match self.next() {
            Some(byte @ (b'"' | b'\\' | b'/')) => char::from(byte),
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => return self.unicode(),
            _ => return Err(Error::of("an unknown escape in a string")),
        })
    }

    /// Four hexadecimal digits, or two surrogates of four each.
    fn unicode(&mut self) -> Result<char, Error> {
        let invalid = || Error::of("an escape that is no character");
        let first = self.hexadecimal().ok_or_else(invalid)?;
        if !(0xd800..0xdc00).contains(&first) {
            return char::from_u32(first).ok_or_else(invalid);
        }
        let second = match (self.next(), self.next()) {
            (Some(b'\\'), Some(b'u')) => self.hexadecimal().filter(|code| (0xdc00..0xe000).contains(code)),
            _ => None,
        };
        let second = second.ok_or_else(invalid)?;
        char::from_u32(0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00)).ok_or_else(invalid)
    }

    fn hexadecimal(&mut self) -> Option<u32> {
        (0..4).try_fold(0, |code, _| Some(code << 4 | char::from(self.next()?).to_digit(16)?))
    }

    fn next(&mut self) -> Option<u8> {
        let byte = self.here()?;
        self.position += 1;
        Some(byte)
    }

    fn here(&self) -> Option<u8> {
        self.rest().first().copied()
    }

    fn rest(&self) -> &'de [u8] {
        self.text.as_bytes().get(self.position..).unwrap_or_default()
    }
}
