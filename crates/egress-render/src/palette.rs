//! The styles of output, by meaning. Whether they colour anything is decided by the one who passes them in.
//!
//! Meaning never hangs on colour alone: every styled word is a word.

use std::fmt::Display;

use anstyle::{AnsiColor, Style};

/// One style per meaning.
#[derive(Clone, Copy, Debug, Default)]
pub struct Palette {
    /// Something is as it should be; something is created.
    pub good: Style,
    /// Something needs a look; something is updated.
    pub warning: Style,
    /// Something is broken; something is deleted.
    pub bad: Style,
    /// What a block is about.
    pub heading: Style,
    /// What may be skipped.
    pub faint: Style,
}

impl Palette {
    /// No styles: the text as it is.
    pub fn plain() -> Self {
        Palette::default()
    }

    /// The terminal's own colours.
    pub fn coloured() -> Self {
        Palette {
            good: AnsiColor::Green.on_default(),
            warning: AnsiColor::Yellow.on_default(),
            bad: AnsiColor::Red.on_default().bold(),
            heading: Style::new().bold(),
            faint: Style::new().dimmed(),
        }
    }
}

/// The text in a style, and nothing added where the style is plain.
pub fn paint(style: Style, text: impl Display) -> String {
    format!("{style}{text}{style:#}")
}
