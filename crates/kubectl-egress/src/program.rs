//! The name of this program: the words that a person types to start it.
//!
//! All text is written for `kubectl egress`. krew installs a plugin under the name of its manifest, as a link
//! `kubectl-NAME`, and kubectl starts that link: then all text for people says `kubectl NAME`. Any other file name is
//! ignored, since nobody types it after `kubectl`.

use std::borrow::Cow;
use std::ffi::OsString;
use std::fmt;
use std::path::Path;

/// The words that start this program, such as `kubectl egress`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program(String);

impl Program {
    /// The name of the program in our source text.
    pub const WRITTEN: &'static str = "kubectl egress";

    /// Reads the name from `argv[0]`.
    pub fn from_path(path: Option<&OsString>) -> Self {
        let file = path.and_then(|path| Path::new(path).file_stem()).and_then(|stem| stem.to_str());
        // kubectl reads a dash in a plugin's file name as a space and an underscore as a dash.
        match file.and_then(|file| file.strip_prefix("kubectl-")) {
            Some(plugin) => Program(format!("kubectl {}", plugin.replace('-', " ").replace('_', "-"))),
            None => Program(Self::WRITTEN.to_owned()),
        }
    }

    /// Replaces `kubectl egress` in text for people: the typed words, and the executable for completions. Names of
    /// objects stay, since clusters contain them.
    pub fn rename<'a>(&self, text: &'a str) -> Cow<'a, str> {
        if self.0 == Self::WRITTEN {
            return text.into();
        }
        let completing = self.executable().replacen("kubectl-", "kubectl_complete-", 1);
        text.replace(Self::WRITTEN, &self.0).replace("kubectl_complete-egress", &completing).into()
    }

    /// The executable on the PATH that kubectl starts for it, such as `kubectl-egress`.
    pub fn executable(&self) -> String {
        self.0.replace('-', "_").replace(' ', "-")
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
    fn what_kubectl_cannot_start_is_the_plugin_all_the_same() {
        for path in ["./egress", "egress-linux-amd64", "/tmp/a.out", ""] {
            assert_eq!(named(path), "kubectl egress");
        }
    }

    #[test]
    fn text_and_executable_follow_the_name_that_krew_gave() {
        let program = Program::from_path(Some(&"/krew/bin/kubectl-mesh_exit".into()));

        assert_eq!(program.rename("type `kubectl egress list`"), "type `kubectl mesh-exit list`");
        assert_eq!(program.executable(), "kubectl-mesh_exit");
    }
}
