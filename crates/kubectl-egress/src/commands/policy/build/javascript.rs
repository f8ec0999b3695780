//! A policy in JavaScript: npm installs the packages of the lock file, and the project's own script builds the module.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::MODULE;
use super::tool::Tool;
use crate::exit::Failure;
use crate::terminal::Terminal;

const TOOL: Tool =
    Tool { language: "JavaScript", install: "install Node.js 20 or newer, with npm: https://nodejs.org" };
/// The program for npm: a script on Windows.
const NPM: &str = if cfg!(windows) { "npm.cmd" } else { "npm" };

/// Builds the project, and returns the path of its module.
pub(super) fn build(directory: &Path, terminal: &mut Terminal) -> Result<PathBuf, Failure> {
    let npm = |arguments: &[&str]| {
        let mut command = Command::new(NPM);
        command.args(arguments).current_dir(directory);
        command
    };
    if !is_installed(directory) {
        // Does not run packages' scripts: the lock file pins a package, not what its script downloads.
        let mut install = npm(&["ci", "--ignore-scripts", "--no-audit", "--no-fund"]);
        TOOL.run("npm ci --ignore-scripts", &mut install, terminal)?;
    }
    TOOL.run("npm run build", &mut npm(&["run", "build"]), terminal)?;
    Ok(directory.join(MODULE))
}

/// Whether npm has installed the packages since they last changed: otherwise it would install all of them again.
fn is_installed(directory: &Path) -> bool {
    let changed = |file: &str| fs::metadata(directory.join(file)).and_then(|file| file.modified()).ok();
    let installed = changed("node_modules/.package-lock.json");
    installed.is_some() && ["package.json", "package-lock.json"].iter().all(|file| changed(file) <= installed)
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::time::{Duration, SystemTime};

    use super::*;

    #[test]
    fn packages_are_installed_again_when_the_lock_file_has_changed() {
        let project = tempfile::tempdir().unwrap();
        let at = |file: &str, seconds: u64| {
            let file = File::create(project.path().join(file)).unwrap();
            file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)).unwrap();
        };
        at("package.json", 1);
        at("package-lock.json", 2);
        assert!(!is_installed(project.path()));

        fs::create_dir(project.path().join("node_modules")).unwrap();
        at("node_modules/.package-lock.json", 3);
        assert!(is_installed(project.path()));

        at("package-lock.json", 4);
        assert!(!is_installed(project.path()));
    }
}
