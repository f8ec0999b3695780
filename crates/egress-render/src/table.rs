//! kubectl's table: columns by Go's tabwriter, at least 6 wide with 3 blanks between, no blanks at the end of a line.
//!
//! Knows layout only (`pkg/printers/tabwriter.go` and `tableprinter.go` in kubernetes/cli-runtime).

use std::io::Write;

use tabwriter::TabWriter;

use crate::escape::escape;

/// Go counts the padding into its minimum of 6, the crate does not.
const MINIMUM_WIDTH: usize = 6 - PADDING;
const PADDING: usize = 3;

/// Rows under a header.
#[derive(Clone, Debug)]
pub struct Table {
    header: Vec<&'static str>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table without rows.
    pub fn new(header: Vec<&'static str>) -> Self {
        Table { header, rows: Vec::new() }
    }

    /// Adds a row. A cell that is empty or missing shows as `<none>`; a cell beyond the header is dropped.
    pub fn push(&mut self, row: Vec<String>) {
        self.rows.push(row);
    }

    /// The table as text, each line with its newline. No rows give no text at all, not even a header.
    pub fn render(&self, show_header: bool) -> String {
        if self.rows.is_empty() {
            return String::new();
        }
        let mut text = String::new();
        if show_header {
            text.push_str(&self.header.join("\t"));
            text.push('\n');
        }
        for row in &self.rows {
            let cells = (0..self.header.len()).map(|column| cell(row.get(column)));
            text.push_str(&cells.collect::<Vec<_>>().join("\t"));
            text.push('\n');
        }
        align(&text)
    }
}

/// Lays out lines of tab-separated cells. The cells must hold no control characters.
pub(crate) fn align(text: &str) -> String {
    let mut writer = TabWriter::new(Vec::new()).minwidth(MINIMUM_WIDTH).padding(PADDING);
    let written = writer.write_all(text.as_bytes()).ok().and_then(|()| writer.into_inner().ok());
    // Writing into memory does not fail; without alignment the text would still be right.
    written.and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_else(|| text.to_owned())
}

fn cell(text: Option<&String>) -> String {
    match text.map(|text| escape(text.trim())) {
        None => "<none>".to_owned(),
        Some(text) if text.is_empty() => "<none>".to_owned(),
        Some(text) => text.into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::escape::is_hidden;
    use proptest::prelude::*;

    fn table(rows: &[&[&str]]) -> Table {
        let mut table = Table::new(vec!["NAME", "READY", "AGE"]);
        for row in rows {
            table.push(row.iter().map(|cell| (*cell).to_owned()).collect());
        }
        table
    }

    #[test]
    fn columns_are_laid_out_as_by_kubectl() {
        let text = table(&[&["edition-cnn-com", "1/1", "3d4h"], &["x", "0/1", "5s"]]).render(true);
        assert_eq!(
            text,
            "NAME              READY   AGE\n\
             edition-cnn-com   1/1     3d4h\n\
             x                 0/1     5s\n"
        );
    }

    #[test]
    fn no_rows_give_no_header() {
        assert_eq!(table(&[]).render(true), "");
    }

    #[test]
    fn a_cell_without_text_shows_as_none() {
        assert_eq!(table(&[&["x", ""]]).render(false), "x     <none>   <none>\n");
    }

    #[test]
    fn a_cell_cannot_break_out_of_its_column() {
        assert_eq!(table(&[&["a\tb\nc", "\u{1b}[2J", "1s"]]).render(false), "a\\tb\\nc   \\u{1b}[2J   1s\n");
    }

    proptest! {
        #[test]
        fn any_cells_give_one_line_per_row(
            rows in proptest::collection::vec(proptest::collection::vec(any::<String>(), 0..5), 1..8),
        ) {
            let mut table = Table::new(vec!["A", "B", "C"]);
            rows.iter().cloned().for_each(|row| table.push(row));
            let text = table.render(true);
            prop_assert_eq!(text.lines().count(), rows.len() + 1);
            prop_assert!(text.lines().all(|line| !line.contains(is_hidden) && !line.ends_with(' ')));
        }
    }
}
