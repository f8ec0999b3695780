//! A machine for one test: a home, a repository, and the program run in it.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use tempfile::TempDir;

/// A home and a repository, gone with the value.
pub(crate) struct Place {
    folder: TempDir,
}

/// How the program ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Place {
    pub(crate) fn new() -> Self {
        let place = Place { folder: TempDir::new().unwrap() };
        fs::create_dir_all(place.home()).unwrap();
        // The root of a repository: nothing above it is looked at.
        fs::create_dir_all(place.repository().join(".git")).unwrap();
        place
    }

    pub(crate) fn home(&self) -> PathBuf {
        self.folder.path().join("home")
    }

    pub(crate) fn repository(&self) -> PathBuf {
        self.folder.path().join("repository")
    }

    /// Where the program keeps what it fetched and made.
    pub(crate) fn cache(&self) -> PathBuf {
        self.home().join(".cache/kubectl-egress/policy")
    }

    /// Writes a file of the repository.
    pub(crate) fn write(&self, path: &str, content: impl AsRef<[u8]>) {
        let path = self.repository().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    /// Asks the policies about one host, without a cluster.
    pub(crate) fn add(&self, more: &[&str]) -> Ended {
        let arguments = ["add", "edition.cnn.com", "-n", "shop", "--dry-run=client", "-o", "name"];
        self.run(Command::new(env!("CARGO_BIN_EXE_kubectl-egress")).args(arguments).args(more))
    }

    /// The same, by somebody who trusts whatever modules the repository has.
    pub(crate) fn add_trusting(&self) -> Ended {
        self.add(&["--trust-policies", "any"])
    }

    /// Runs a program here, with nothing to read.
    pub(crate) fn run(&self, command: &mut Command) -> Ended {
        let command = command
            .env_clear()
            .env("HOME", self.home())
            .env("PATH", "/usr/bin:/bin")
            .current_dir(self.repository());
        let output = command.stdin(Stdio::null()).output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        Ended { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
    }
}

impl Ended {
    /// The refusal with this code, whose words hold all of these. Nothing else came of the run.
    #[track_caller]
    pub(crate) fn refuses(&self, code: i32, words: &[&str]) {
        assert_eq!((self.code, self.stdout.as_str()), (Some(code), ""), "{}", self.stderr);
        for word in words {
            assert!(self.stderr.contains(word), "expected {word:?} in:\n{}", self.stderr);
        }
    }

    /// Nothing was in the way.
    #[track_caller]
    pub(crate) fn succeeds(&self) {
        assert_eq!(self.code, Some(0), "{}", self.stderr);
        assert!(self.stdout.contains("serviceentry"), "{}", self.stdout);
    }
}
