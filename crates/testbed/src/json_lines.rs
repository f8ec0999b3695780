//! Files of JSON lines: what the external services and the load write and the tests read. Knows nothing of what a line says.

use std::{
    fs::File,
    io::{self, Read as _, Seek as _, SeekFrom, Write as _},
    path::Path,
    time::{SystemTime, UNIX_EPOCH},
};

use anyhow::Context as _;
use serde::{Serialize, de::DeserializeOwned};

/// How far a file has been read.
#[derive(Debug, Default)]
pub(crate) struct Position {
    bytes: u64,
    lines: usize,
}

/// Reads every finished line; a last one that is still being written is left out.
pub(crate) fn read<T: DeserializeOwned>(path: &Path) -> anyhow::Result<Vec<T>> {
    read_on(path, &mut Position::default())
}

/// Reads the finished lines behind a position, and moves it behind them: whoever looks often reads each line once.
pub(crate) fn read_on<T: DeserializeOwned>(path: &Path, position: &mut Position) -> anyhow::Result<Vec<T>> {
    let text =
        text_behind(path, position.bytes).with_context(|| format!("cannot read {}", path.display()))?;
    let mut values = Vec::new();
    for line in text.split_inclusive('\n').filter(|line| line.ends_with('\n')) {
        let number = position.lines + 1;
        values.push(serde_json::from_str(line).with_context(|| format!("{}:{number}", path.display()))?);
        position.lines = number;
        position.bytes += u64::try_from(line.len())?;
    }
    Ok(values)
}

/// Appends one line in one write: a reader sees all of it or nothing, and nothing is lost when the process ends.
pub(crate) fn write(file: &mut File, value: &impl Serialize) -> io::Result<()> {
    let mut line = serde_json::to_vec(value)?;
    line.push(b'\n');
    file.write_all(&line)
}

/// Now, in milliseconds of Unix time: the clock that lines of different files are compared by.
pub(crate) fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

fn text_behind(path: &Path, bytes: u64) -> io::Result<String> {
    let mut file = File::open(path)?;
    file.seek(SeekFrom::Start(bytes))?;
    let mut text = String::new();
    file.read_to_string(&mut text)?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_line_is_read_once_and_only_when_it_is_finished() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        let mut position = Position::default();
        file.write_all(b"1\n2\n3").unwrap();
        assert_eq!(read_on::<u32>(file.path(), &mut position).unwrap(), [1, 2]);
        assert!(read_on::<u32>(file.path(), &mut position).unwrap().is_empty());

        file.write_all(b"4\n5\n").unwrap();
        assert_eq!(read_on::<u32>(file.path(), &mut position).unwrap(), [34, 5]);
    }

    #[test]
    fn a_line_that_makes_no_sense_is_named_by_its_number() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        let mut position = Position::default();
        file.write_all(b"1\n").unwrap();
        read_on::<u32>(file.path(), &mut position).unwrap();

        file.write_all(b"2\nthree\n").unwrap();
        let error = read_on::<u32>(file.path(), &mut position).unwrap_err().to_string();
        assert!(error.ends_with(":3"), "{error}");
    }
}
