//! From text to a tree of values: all of JSON's grammar. Knows no types.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::access::{in_field, in_item};
use super::{Error, Value};

/// How deep lists and objects may stand in one another: a reader must not run out of stack.
const DEEPEST: u8 = 64;

/// A text and how far it has been read.
pub(super) struct Text<'t> {
    all: &'t str,
    position: usize,
    depth: u8,
}

impl<'t> Text<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Text { all: text, position: 0, depth: 0 }
    }

    /// The value that all of the text is.
    pub(super) fn whole(mut self) -> Result<Value<'t>, Error> {
        let value = self.value()?;
        if self.peek().is_none() { Ok(value) } else { Err(Error::of("something follows the value")) }
    }

    fn value(&mut self) -> Result<Value<'t>, Error> {
        Ok(match self.peek() {
            Some(b'"') => Value::String(self.string()?),
            Some(b'[') => Value::List(self.list()?),
            Some(b'{') => Value::Object(self.object()?),
            _ if self.word("null") => Value::Null,
            _ if self.word("true") => Value::Bool(true),
            _ if self.word("false") => Value::Bool(false),
            _ => Value::Number(self.number().ok_or_else(|| Error::of("a value was expected"))?),
        })
    }

    fn list(&mut self) -> Result<Vec<Value<'t>>, Error> {
        let mut items = Vec::new();
        self.open(b'[')?;
        while self.more(b']', items.is_empty())? {
            items.push(self.value().map_err(|error| in_item(error, items.len()))?);
        }
        Ok(items)
    }

    fn object(&mut self) -> Result<Vec<(String, Value<'t>)>, Error> {
        let mut fields = Vec::new();
        self.open(b'{')?;
        while self.more(b'}', fields.is_empty())? {
            let name = self.string()?;
            self.take(b':')?;
            let value = self.value().map_err(|error| in_field(error, &name))?;
            fields.push((name, value));
        }
        Ok(fields)
    }

    fn open(&mut self, bracket: u8) -> Result<(), Error> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(Error::of("lists and objects stand too deep in one another"));
        }
        self.take(bracket)
    }

    /// Goes to the next part, or over the bracket at the end.
    fn more(&mut self, bracket: u8, first: bool) -> Result<bool, Error> {
        let next = self.peek();
        if next != Some(bracket) && first {
            return Ok(true);
        }
        if next == Some(b',') {
            return self.take(b',').map(|()| true);
        }
        self.depth -= 1;
        self.take(bracket).map(|()| false)
    }

    /// The next byte that is no blank, which stays where it is.
    fn peek(&mut self) -> Option<u8> {
        while self.here().is_some_and(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r')) {
            self.position += 1;
        }
        self.here()
    }

    /// This byte, after blanks.
    fn take(&mut self, expected: u8) -> Result<(), Error> {
        if self.peek() != Some(expected) {
            return Err(Error::of(&format!("`{}` was expected", char::from(expected))));
        }
        self.position += 1;
        Ok(())
    }

    /// Whether this word is next; then it is taken.
    fn word(&mut self, word: &str) -> bool {
        self.peek();
        let found = self.rest().starts_with(word.as_bytes());
        if found {
            self.position += word.len();
        }
        found
    }

    /// The characters of a number, where there are some; whether they make one is for whoever parses them, but for
    /// what only JSON refuses.
    fn number(&mut self) -> Option<&'t str> {
        self.peek();
        let rest = self.rest();
        let of_number =
            |byte: &&u8| byte.is_ascii_digit() || matches!(byte, b'-' | b'+' | b'.' | b'e' | b'E');
        let length = rest.iter().take_while(of_number).count();
        let number = self.all.get(self.position..self.position + length)?;
        let digits = number.as_bytes();
        let digits = digits.strip_prefix(b"-").unwrap_or(digits);
        let (first, second) = (*digits.first()?, digits.get(1));
        let leading_zero = first == b'0' && second.is_some_and(u8::is_ascii_digit);
        if leading_zero || !first.is_ascii_digit() {
            return None;
        }
        self.position += length;
        Some(number)
    }

    fn string(&mut self) -> Result<String, Error> {
        self.take(b'"')?;
        let mut string = String::new();
        loop {
            let special = |byte: &u8| matches!(byte, b'"' | b'\\' | 0..=0x1f);
            let rest = self.rest();
            let length = rest.iter().position(special).unwrap_or(rest.len());
            string.push_str(self.all.get(self.position..self.position + length).unwrap_or_default());
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

    fn rest(&self) -> &'t [u8] {
        self.all.as_bytes().get(self.position..).unwrap_or_default()
    }
}
