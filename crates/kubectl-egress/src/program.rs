//! What this program is called: the words a person typed to start it.
//!
//! kubectl starts `kubectl-egress` from PATH, so help and hints must say `kubectl egress`. The name comes from the
//! file name, so that a renamed copy speaks of itself by its new name.

use std::ffi::OsString;
use std::fmt;
use std::path::Path;

/// The words that start this program, such as `kubectl egress`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program(String);

impl Program {
    /// The name of the program in all text that is written in advance.
    pub const WRITTEN: &'static str = "kubectl egress";

    /// Reads the name from `argv[0]`.
    pub fn from_path(path: Option<&OsString>) -> Self {
        let file = path.and_then(|path| Path::new(path).file_stem()).and_then(|stem| stem.to_str());
        match file {
            // kubectl reads a dash in a plugin's file name as a space and an underscore as a dash.
            Some(file) => match file.strip_prefix("kubectl-") {
                Some(plugin) => Program(format!("kubectl {}", plugin.replace('-', " ").replace('_', "-"))),
                None => Program(file.to_owned()),
            },
            None => Program(Self::WRITTEN.to_owned()),
        }
    }

    /// Puts the name into text that was written for `kubectl egress`.
    pub fn rename(&self, text: &str) -> String {
        text.replace(Self::WRITTEN, &self.0)
    }
}

impl fmt::Display for Program {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(path: &str) -> String {
        Program::from_path(Some(&OsString::from(path))).to_string()
    }

    #[test]
    fn a_plugin_is_called_as_kubectl_calls_it() {
        assert_eq!(named("/usr/local/bin/kubectl-egress"), "kubectl egress");
        assert_eq!(named("kubectl-egress.exe"), "kubectl egress");
        assert_eq!(named("/opt/kubectl-istio_egress"), "kubectl istio-egress");
    }

    #[test]
    fn a_renamed_copy_speaks_of_itself() {
        assert_eq!(named("./egress"), "egress");
        assert_eq!(
            Program::from_path(Some(&"egress".into())).rename("type `kubectl egress list`"),
            "type `egress list`"
        );
    }
}
