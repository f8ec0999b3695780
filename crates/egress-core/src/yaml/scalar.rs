//! What a scalar without quotes is, as kubectl decides it: by sigs.k8s.io/yaml, which is go-yaml v2 and then JSON.
//!
//! YAML 1.1, so `yes`, `on` and `y` are true, and `010` is 8; but no times and no numbers to the base of 60. What a
//! number is in the end, JSON decides: `443.0` is the integer 443. `tests/yaml/kubectl.txt` has what kubectl makes of each.

use std::borrow::Cow;

use serde_json::Number;

/// What a scalar is.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Scalar {
    Null,
    Bool(bool),
    /// A number that was written without a fraction.
    Integer(Number),
    /// A number that was written with a fraction or an exponent.
    Float(f64),
    Text,
}

impl Scalar {
    /// Decides by the text.
    pub(super) fn of(text: &str) -> Self {
        match text.as_bytes().first() {
            None => Scalar::Null,
            Some(b'0'..=b'9' | b'+' | b'-') => number(text),
            Some(b'.') => fraction(text),
            Some(b'y' | b'Y' | b'n' | b'N' | b't' | b'T' | b'f' | b'F' | b'o' | b'O' | b'~') => word(text),
            Some(_) => Scalar::Text,
        }
    }
}

fn word(text: &str) -> Scalar {
    match text {
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => {
            Scalar::Bool(true)
        }
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => {
            Scalar::Bool(false)
        }
        "~" | "null" | "Null" | "NULL" => Scalar::Null,
        _ => Scalar::Text,
    }
}

fn number(text: &str) -> Scalar {
    if matches!(text, "+.inf" | "+.Inf" | "+.INF") {
        return Scalar::Float(f64::INFINITY);
    }
    if matches!(text, "-.inf" | "-.Inf" | "-.INF") {
        return Scalar::Float(f64::NEG_INFINITY);
    }
    let digits: Cow<'_, str> = if text.contains('_') { text.replace('_', "").into() } else { text.into() };
    integer(&digits).map_or_else(|| decimal(&digits), Scalar::Integer)
}

/// An integer to the base that its prefix says.
fn integer(text: &str) -> Option<Number> {
    let is_negative = text.starts_with('-');
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (base, digits) = match unsigned.as_bytes() {
        [b'0', b'x' | b'X', _, ..] => (16, &unsigned[2..]),
        [b'0', b'o' | b'O', _, ..] => (8, &unsigned[2..]),
        [b'0', b'b' | b'B', _, ..] => (2, &unsigned[2..]),
        [b'0', _, ..] => (8, &unsigned[1..]),
        _ => (10, unsigned),
    };
    // The standard library would take a second sign.
    if digits.starts_with(['+', '-']) {
        return None;
    }
    if is_negative {
        return i64::from_str_radix(&format!("-{digits}"), base).ok().map(Number::from);
    }
    let value = u64::from_str_radix(digits, base).ok()?;
    (!text.starts_with('+') || i64::try_from(value).is_ok()).then(|| value.into())
}

/// A number with a fraction or an exponent, or with more digits than an integer has.
fn decimal(text: &str) -> Scalar {
    let is_decimal = text.bytes().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte));
    let value = text.parse::<f64>().ok().filter(|value| is_decimal && value.is_finite());
    value.map_or(Scalar::Text, Scalar::Float)
}

/// What begins with a dot.
fn fraction(text: &str) -> Scalar {
    match text {
        ".inf" | ".Inf" | ".INF" => Scalar::Float(f64::INFINITY),
        ".nan" | ".NaN" | ".NAN" => Scalar::Float(f64::NAN),
        _ if text.contains('_') => {
            let is_between_digits = text.split('_').all(|part| {
                part.starts_with(|first: char| first.is_ascii_digit() || first == '.')
                    && part.ends_with(|last: char| last.is_ascii_digit())
            });
            if is_between_digits { decimal(&text.replace('_', "")) } else { Scalar::Text }
        }
        _ => decimal(text),
    }
}

/// A number as JSON has it, where an integer is one however it was written. None of what JSON cannot have.
pub(super) fn json(value: f64) -> Option<Number> {
    let integer = (value.fract() == 0.0).then(|| format!("{value:.0}").parse::<i64>().ok()).flatten();
    integer.map(Number::from).or_else(|| Number::from_f64(value))
}

/// The name of a field that was written as a number with a fraction: of 32 bits, in Go's shortest form.
pub(super) fn name(value: f64) -> String {
    let scientific = value.to_string().parse::<f32>().map(|value| format!("{value:e}")).unwrap_or_default();
    let Some((digits, exponent)) = scientific.split_once('e').filter(|_| value.is_finite()) else {
        return if value.is_nan() {
            ".nan"
        } else if value > 0.0 {
            ".inf"
        } else {
            "-.inf"
        }
        .to_owned();
    };
    match exponent.parse::<i32>().unwrap_or_default() {
        -4..=5 => scientific.parse::<f32>().map(|value| value.to_string()).unwrap_or_default(),
        exponent => format!("{digits}e{}{:02}", if exponent < 0 { '-' } else { '+' }, exponent.abs()),
    }
}
