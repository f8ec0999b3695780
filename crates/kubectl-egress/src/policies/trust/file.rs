//! The file with the user's trusted modules, one line for each cluster or repository, like SSH's `known_hosts`.
//!
//! Knows the file, and that no other user may write or read it. Does not ask the user.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::DirBuilder;
use std::io::{self, Read as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
use std::path::Path;

use egress_core::digest::is_digest;
use egress_files::file_in_folder::FileInFolder;
use egress_files::{Access, Doubt, Folder};

use super::super::undecided::undecided;
use egress_core::command::{ShellCommand, Word};

use crate::exit::Failure;
use crate::files;

/// The file in the user's configuration.
pub(super) const NAME: &str = "trusted-policies";

/// The header of the file.
const HEADING: &str = "# Policy modules of clusters and repositories that may run here: whose they are, then NAME=DIGEST of each.";
/// The largest file: enough for thousands of clusters.
const LARGEST: u64 = 4 << 20;

/// Digests of modules by the names of their policies.
pub(super) type Modules = BTreeMap<String, String>;

/// The trusted modules, by cluster.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct TrustFile {
    clusters: BTreeMap<String, Modules>,
}

impl TrustFile {
    /// Reads the file; without it, nothing is trusted. Refuses a file that another user could have written.
    pub(super) fn read(path: &Path) -> Result<Self, Failure> {
        let shown = path.display();
        let unreadable = |error: io::Error| undecided(format!("{shown} cannot be read: {error}"), None);
        let doubt = |problem: String| {
            let path = || Word::path(&path.to_string_lossy());
            // The shell replaces it with the user's number.
            let chmod = ShellCommand::new(["chmod", "600"]).word(path());
            let hint = match ShellCommand::new([]).word(path()).as_text() {
                Some(word) => {
                    format!("if it is yours: `chown \"$(id -u)\" {word}; {chmod}`; else remove it")
                }
                None => "if it is yours, set mode 600; else remove it".to_owned(),
            };
            undecided(format!("{shown} sets which policies may run here, but {problem}"), Some(hint))
        };
        let opened = Folder::open(path.parent().unwrap_or(path)).map_err(Doubt::from);
        let file = match opened.and_then(|folder| folder.file(path.file_name().unwrap_or_default())) {
            Ok(file) => file,
            Err(Doubt::Io(error)) if error.kind() == io::ErrorKind::NotFound => {
                return Ok(TrustFile::default());
            }
            Err(Doubt::Io(error)) => return Err(unreadable(error)),
            Err(_) => return Err(doubt("is not a plain file".to_owned())),
        };
        // Check the open file: its name may now refer to another one.
        let metadata = file.metadata().map_err(unreadable)?;
        if metadata.uid() != rustix::process::geteuid().as_raw() {
            return Err(doubt("belongs to another user".to_owned()));
        }
        let mode = metadata.mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(doubt(format!("other users have access (mode {mode:03o}; expected 600)")));
        }
        let mut text = String::new();
        file.take(LARGEST).read_to_string(&mut text).map_err(unreadable)?;
        Self::parse(&text).map_err(|line| {
            undecided(
                format!("{shown}:{line}: expected a cluster, then NAME=sha256:… of each module"),
                Some("remove the line; you will be asked again".to_owned()),
            )
        })
    }

    /// The trusted modules of a cluster.
    pub(super) fn modules(&self, cluster: &str) -> Option<&Modules> {
        self.clusters.get(cluster)
    }

    /// Trusts exactly these modules of a cluster.
    pub(super) fn trust(&mut self, cluster: &str, modules: Modules) {
        self.clusters.insert(cluster.to_owned(), modules);
    }

    /// Writes the whole file, readable by its owner only.
    pub(super) fn write(&self, path: &Path) -> Result<(), String> {
        let made = DirBuilder::new().recursive(true).mode(0o700).create(path.parent().unwrap_or(path));
        made.map_err(|error| files::reason(&error))?;
        let file = FileInFolder::find(path, None);
        let written =
            file.and_then(|file| file.folder.write(&file.name, self.to_text().as_bytes(), Access::Owner));
        written.map_err(|error| files::unwritten(&error))
    }

    /// The error is the number of the invalid line.
    fn parse(text: &str) -> Result<Self, usize> {
        let mut file = TrustFile::default();
        for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.starts_with('#')) {
            let mut words = line.split_whitespace();
            let Some(cluster) = words.next() else { continue };
            let module = |word: &str| {
                let (name, digest) = word.split_once('=')?;
                is_digest(digest).then(|| (name.to_owned(), digest.to_owned()))
            };
            let modules = words.map(module).collect::<Option<Modules>>().ok_or(index + 1)?;
            file.trust(cluster, modules);
        }
        Ok(file)
    }

    fn to_text(&self) -> String {
        let mut text = format!("{HEADING}\n");
        for (cluster, modules) in &self.clusters {
            text.push_str(cluster);
            for (name, digest) in modules {
                // Writing to a `String` cannot fail.
                let _ = write!(text, " {name}={digest}");
            }
            text.push('\n');
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;
    use crate::exit::Code;

    fn trusting() -> TrustFile {
        let digest = format!("sha256:{}", "0a".repeat(32));
        let mut file = TrustFile::default();
        file.trust(
            "ca-sha256:1",
            BTreeMap::from([("acme".to_owned(), digest.clone()), ("names".to_owned(), digest)]),
        );
        file.trust("server-sha256:2", BTreeMap::new());
        file
    }

    #[test]
    fn what_was_trusted_is_read_again_and_is_the_users_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("kubectl-egress").join(NAME);
        assert_eq!(TrustFile::read(&path).unwrap(), TrustFile::default());
        trusting().write(&path).unwrap();
        assert_eq!(TrustFile::read(&path).unwrap(), trusting());
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_file_that_others_may_use_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(NAME);
        trusting().write(&path).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o664)).unwrap();
        let failure = TrustFile::read(&path).unwrap_err();
        assert_eq!(failure.code, Code::Undecided);
        assert!(failure.message.ends_with("other users have access (mode 664; expected 600)"), "{failure}");
        assert!(failure.hint.unwrap().contains("chmod 600"));
    }

    #[test]
    fn a_link_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let (there, path) = (folder.path().join("there"), folder.path().join(NAME));
        trusting().write(&there).unwrap();
        symlink(&there, &path).unwrap();
        assert!(TrustFile::read(&path).unwrap_err().message.ends_with("is not a plain file"));
        trusting().write(&path).unwrap_err();
        fs::remove_file(&path).unwrap();
        fs::create_dir(&path).unwrap();
        assert!(TrustFile::read(&path).unwrap_err().message.ends_with("is not a plain file"));
    }

    #[test]
    fn a_line_that_cannot_be_read_is_refused_by_its_number() {
        let read = TrustFile::parse("# heading\n\nca-sha256:1 acme=sha256:short\n");
        assert_eq!(read, Err(3));
    }
}
