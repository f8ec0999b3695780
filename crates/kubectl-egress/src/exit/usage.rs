//! clap's usage errors in this program's words: one line, and a hint with something to type.

use clap::error::{ContextKind, ContextValue, ErrorKind};

use egress_core::host::{printable, quoted};

use super::failure::Failure;
use crate::program::Program;

/// Translates a usage error of clap.
pub(super) fn failure(error: &clap::Error, command: &str, program: &Program) -> Failure {
    let context = UsageContext { error, command };
    match error.kind() {
        ErrorKind::UnknownArgument => context.unknown_argument(),
        ErrorKind::InvalidSubcommand => context.unknown_command(program),
        ErrorKind::InvalidValue if context.text(ContextKind::InvalidValue).is_empty() => context.no_value(),
        ErrorKind::InvalidValue | ErrorKind::ValueValidation => context.bad_value(),
        ErrorKind::MissingRequiredArgument => context.missing(),
        ErrorKind::TooManyValues => context.too_many_values(),
        ErrorKind::InvalidUtf8 => context.usage("an argument is not UTF-8; expected text"),
        _ => context.usage(&first_line(error)),
    }
}

struct UsageContext<'a> {
    error: &'a clap::Error,
    /// The typed command, such as `kubectl egress add`.
    command: &'a str,
}

impl UsageContext<'_> {
    fn unknown_argument(&self) -> Failure {
        let argument = printable(&self.text(ContextKind::InvalidArg));
        let suggestion = self.best(ContextKind::SuggestedArg);
        let (kind, hint) = match argument.as_str() {
            "--version" => ("flag", "type `kubectl egress version`".to_owned()),
            _ if !suggestion.is_empty() => ("flag", format!("did you mean `{suggestion}`?")),
            flag if flag.starts_with('-') => ("flag", self.help()),
            _ => ("argument", self.help()),
        };
        Failure::usage(format!("`{}` does not know the {kind} `{argument}`", self.command), hint)
    }

    fn unknown_command(&self, program: &Program) -> Failure {
        // One command has subcommands.
        let group = format!("{program} policy");
        let asked = if self.command.starts_with(&group) { group } else { program.to_string() };
        let command = printable(&self.text(ContextKind::InvalidSubcommand));
        let hint = match self.best(ContextKind::SuggestedSubcommand) {
            none if none.is_empty() => format!("type `{asked} --help`"),
            suggestion => format!("did you mean `{asked} {suggestion}`?"),
        };
        Failure::usage(format!("`{asked}` does not know the command `{command}`"), hint)
    }

    fn no_value(&self) -> Failure {
        let flag = self.text(ContextKind::InvalidArg);
        self.usage(&format!("`{flag}` needs a value, found nothing"))
    }

    fn bad_value(&self) -> Failure {
        let found = quoted(&self.text(ContextKind::InvalidValue));
        let flag = self.text(ContextKind::InvalidArg);
        let flag = flag.split([' ', '[']).next().unwrap_or(&flag).trim_matches(['<', '>']);
        let words = self.texts(ContextKind::ValidValue);
        let expected = match std::error::Error::source(self.error) {
            Some(why) => why.to_string(),
            None => format!("expected {}", either(&words)),
        };
        let suggestion = self.best(ContextKind::SuggestedValue);
        let hint = match (flag, words.first()) {
            _ if !suggestion.is_empty() => format!("did you mean `{suggestion}`?"),
            ("--timeout" | "--settle" | "--request-timeout", _) => format!("type `{flag} 30s`"),
            (flag, Some(word)) if flag.starts_with('-') => format!("type `{flag}={word}`"),
            _ => self.help(),
        };
        Failure::usage(format!("`{flag}`: {expected}, found {found}"), hint)
    }

    fn missing(&self) -> Failure {
        let missing = self.text(ContextKind::InvalidArg);
        self.usage(&format!("`{}` needs {}", self.command, missing.replace(['<', '>'], "")))
    }

    fn too_many_values(&self) -> Failure {
        let flag = self.text(ContextKind::InvalidArg);
        let found = printable(&self.text(ContextKind::InvalidValue));
        self.usage(&format!("`{flag}` takes no value, found `{found}`"))
    }

    fn usage(&self, message: &str) -> Failure {
        Failure::usage(message, self.help())
    }

    fn help(&self) -> String {
        format!("type `{} --help`", self.command)
    }

    fn text(&self, kind: ContextKind) -> String {
        self.texts(kind).into_iter().next().unwrap_or_default()
    }

    /// clap's best suggestion is the last.
    fn best(&self, kind: ContextKind) -> String {
        self.texts(kind).pop().unwrap_or_default()
    }

    fn texts(&self, kind: ContextKind) -> Vec<String> {
        match self.error.get(kind) {
            Some(ContextValue::String(text)) => vec![text.clone()],
            Some(ContextValue::Strings(texts)) => texts.clone(),
            _ => Vec::new(),
        }
    }
}

/// `a`, `b` or `c`.
fn either(words: &[String]) -> String {
    let words: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
    match words.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        _ => words.concat(),
    }
}

fn first_line(error: &clap::Error) -> String {
    let text = error.render().to_string();
    text.lines().next().unwrap_or_default().trim_start_matches("error: ").to_owned()
}
