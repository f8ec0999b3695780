//! Times and sizes as people write them.

use std::time::Duration;

/// `500ms`, `2s`, `1m`.
pub fn duration_text(duration: Duration) -> String {
    let milliseconds = duration.as_millis();
    match milliseconds {
        0 => "0s".to_owned(),
        _ if milliseconds % 60_000 == 0 => format!("{}m", milliseconds / 60_000),
        _ if milliseconds % 1000 == 0 => format!("{}s", milliseconds / 1000),
        _ => format!("{milliseconds}ms"),
    }
}

/// `64Mi`, `512Ki`, `1000`.
pub fn bytes_text(bytes: u64) -> String {
    for (unit, word) in [(1 << 30, "Gi"), (1 << 20, "Mi"), (1 << 10, "Ki")] {
        if bytes > 0 && bytes.is_multiple_of(unit) {
            return format!("{}{word}", bytes / unit);
        }
    }
    bytes.to_string()
}
