//! An amount of fuel as people write it: `41000`, `200k`, `2M`.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, Unexpected, Visitor};

/// An amount of fuel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fuel(pub u64);

impl<'de> Deserialize<'de> for Fuel {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(FuelVisitor)
    }
}

struct FuelVisitor;

impl Visitor<'_> for FuelVisitor {
    type Value = Fuel;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an amount of fuel such as 41000, 200k or 2M")
    }

    fn visit_u64<E: Error>(self, amount: u64) -> Result<Fuel, E> {
        Ok(Fuel(amount))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Fuel, E> {
        let (digits, factor) = match text.as_bytes().last() {
            Some(b'k') => (&text[..text.len() - 1], 1_000),
            Some(b'M') => (&text[..text.len() - 1], 1_000_000),
            _ => (text, 1),
        };
        let amount = digits.parse::<u64>().ok().and_then(|amount| amount.checked_mul(factor));
        amount.map(Fuel).ok_or_else(|| E::invalid_value(Unexpected::Str(text), &self))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Fuel, String> {
        serde_json::from_value(serde_json::Value::from(text)).map_err(|error| error.to_string())
    }

    #[test]
    fn amounts_are_written_short() {
        assert_eq!(read("200k"), Ok(Fuel(200_000)));
        assert_eq!(read("2M"), Ok(Fuel(2_000_000)));
        assert_eq!(read("41000"), Ok(Fuel(41_000)));
        assert!(read("k").is_err() && read("2 M").is_err() && read("-1").is_err());
    }
}
