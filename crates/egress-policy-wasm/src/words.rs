//! Amounts in words for people: times, sizes and counts.

use std::time::Duration;

/// A time, such as `2 s` or `250 ms`.
pub(crate) fn time(time: Duration) -> String {
    if time.subsec_millis() == 0 {
        format!("{} s", time.as_secs())
    } else {
        format!("{} ms", time.as_millis())
    }
}

/// A size, in the largest unit that is exact, such as `64 MiB`.
pub(crate) fn size(bytes: usize) -> String {
    match bytes {
        bytes if bytes >= 1 << 20 && bytes.is_multiple_of(1 << 20) => format!("{} MiB", count(bytes >> 20)),
        bytes if bytes >= 1 << 10 && bytes.is_multiple_of(1 << 10) => format!("{} KiB", count(bytes >> 10)),
        bytes => format!("{} bytes", count(bytes)),
    }
}

/// A count with its thousands set apart, such as `20,000`.
pub(crate) fn count(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// An amount of fuel, such as `2,000 million units of fuel`.
pub(crate) fn fuel(fuel: u64) -> String {
    let number = usize::try_from(fuel).unwrap_or(usize::MAX);
    if number >= 1_000_000 && number.is_multiple_of(1_000_000) {
        format!("{} million units of fuel", count(number / 1_000_000))
    } else {
        format!("{} units of fuel", count(number))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_read_as_a_person_writes_them() {
        assert_eq!(time(Duration::from_secs(2)), "2 s");
        assert_eq!(time(Duration::from_millis(1500)), "1500 ms");
        assert_eq!(size(64 << 20), "64 MiB");
        assert_eq!(size(4097), "4,097 bytes");
        assert_eq!(count(0), "0");
        assert_eq!(count(20_000), "20,000");
        assert_eq!(count(1_234_567), "1,234,567");
        assert_eq!(fuel(2_000_000_000), "2,000 million units of fuel");
        assert_eq!(fuel(1_500), "1,500 units of fuel");
    }
}
