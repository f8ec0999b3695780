//! Which file is taken, and what other users may do about it. Only root can give files away: without it the attacks prove
//! less, and nobody may pass for that reason who is root.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt as _, lchown, symlink};

use tempfile::TempDir;

use super::*;
use crate::exit::Code;

/// Nobody's: another user than root.
const OTHER: u32 = 65_534;

/// Nothing was proved: this must have its reason.
#[track_caller]
fn is_not_root() {
    assert!(!rustix::process::geteuid().is_root(), "root can give a file to another user");
}

/// A repository with a folder inside, and a folder around it.
struct Setting {
    around: TempDir,
}

impl Setting {
    fn new() -> Self {
        let setting = Setting { around: tempfile::tempdir().unwrap() };
        fs::create_dir_all(setting.path("repository/inner")).unwrap();
        fs::create_dir(setting.path("repository/.git")).unwrap();
        setting
    }

    fn path(&self, path: &str) -> PathBuf {
        self.around.path().join(path)
    }

    /// A configuration for a folder.
    fn configure(&self, folder: &str) -> PathBuf {
        let path = self.path(folder).join(FOLDER).join(CONFIGURATION);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, "").unwrap();
        path
    }

    fn found(&self) -> Result<Option<PathBuf>, Failure> {
        configuration(&self.path("repository/inner"), &Owners::default())
    }

    /// Gives it to another user and back, and expects a refusal meanwhile. `false`: this is not root.
    #[track_caller]
    fn is_refused_when_given_away(&self, path: &str) -> bool {
        let path = self.path(path);
        if lchown(&path, Some(OTHER), None).is_err() {
            is_not_root();
            return false;
        }
        let failure = self.found().unwrap_err();
        assert_eq!(failure.code, Code::Undecided);
        let words = format!("{} sets the policies here, but it belongs to another user", path.display());
        assert_eq!(failure.message, words);
        assert!(failure.hint.unwrap().contains("export KUBECTL_EGRESS_SAFE_DIRECTORIES"));
        configuration(&self.path("repository/inner"), &Owners::everybody()).unwrap();
        lchown(&path, Some(0), None).unwrap();
        self.found().unwrap();
        true
    }
}

#[test]
fn the_nearest_file_of_a_repository_is_taken() {
    let setting = Setting::new();
    assert_eq!(setting.found().unwrap(), None);
    setting.configure("");
    assert_eq!(setting.found().unwrap(), None);
    let top = setting.configure("repository");
    assert_eq!(setting.found().unwrap(), Some(top));
    let near = setting.configure("repository/inner");
    assert_eq!(setting.found().unwrap(), Some(near));
}

#[test]
fn outside_of_a_repository_nothing_above_is_taken() {
    let setting = Setting::new();
    fs::remove_dir(setting.path("repository/.git")).unwrap();
    setting.configure("repository");
    assert_eq!(setting.found().unwrap(), None);
    assert!(configuration(&setting.path("repository"), &Owners::default()).unwrap().is_some());
}

/// The kind of CVE-2022-24765: whoever may make a folder above says what happens below.
#[test]
fn what_another_user_put_above_is_refused() {
    let setting = Setting::new();
    setting.configure("repository");
    for path in
        ["repository/.git", "repository", "repository/.egress", "repository/.egress/egress-policy.yaml"]
    {
        if !setting.is_refused_when_given_away(path) {
            return;
        }
    }
    setting.configure("repository/inner");
    setting.is_refused_when_given_away("repository/inner");
    setting.is_refused_when_given_away("repository/inner/.egress");
}

#[test]
fn a_marker_of_another_user_hides_nothing() {
    let setting = Setting::new();
    setting.configure("repository");
    fs::write(setting.path("repository/inner/.git"), "gitdir: elsewhere").unwrap();
    assert_eq!(setting.found().unwrap(), None, "a marker of ones own is one");
    setting.is_refused_when_given_away("repository/inner/.git");
    fs::remove_file(setting.path("repository/inner/.git")).unwrap();
    // A link that leads nowhere is there, too.
    symlink("gone", setting.path("repository/inner/.git")).unwrap();
    setting.is_refused_when_given_away("repository/inner/.git");
}

#[test]
fn without_any_policies_it_does_not_matter_whose_a_repository_is() {
    let setting = Setting::new();
    if lchown(setting.path("repository/.git"), Some(OTHER), None).is_err() {
        is_not_root();
        return;
    }
    assert_eq!(setting.found().unwrap(), None);
    new_configuration(&setting.path("repository/inner"), &Owners::default()).unwrap_err();
}

#[test]
fn a_link_of_another_user_is_refused_and_so_is_what_it_leads_to() {
    let setting = Setting::new();
    let file = setting.configure("repository");
    fs::rename(&file, setting.path("elsewhere.yaml")).unwrap();
    symlink(setting.path("elsewhere.yaml"), &file).unwrap();
    assert_eq!(setting.found().unwrap(), Some(file.clone()), "links of ones own are followed");
    if !setting.is_refused_when_given_away("repository/.egress/egress-policy.yaml") {
        return;
    }
    lchown(setting.path("elsewhere.yaml"), Some(OTHER), None).unwrap();
    setting.found().unwrap_err();
    // A folder.
    let setting = Setting::new();
    setting.configure("elsewhere");
    symlink(setting.path("elsewhere/.egress"), setting.path("repository/.egress")).unwrap();
    setting.found().unwrap();
    setting.is_refused_when_given_away("repository/.egress");
    lchown(setting.path("elsewhere/.egress"), Some(OTHER), None).unwrap();
    setting.found().unwrap_err();
}

#[test]
fn what_everybody_may_write_is_refused() {
    let setting = Setting::new();
    let file = setting.configure("repository");
    for path in [file.clone(), file.parent().unwrap().to_owned()] {
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        fs::set_permissions(&path, Permissions::from_mode(mode | 0o002)).unwrap();
        let failure = setting.found().unwrap_err();
        assert!(failure.message.contains("every user may write it"), "{failure}");
        assert!(failure.hint.unwrap().contains("chmod o-w"));
        fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
    }
    setting.found().unwrap();
}

#[test]
fn a_pipe_keeps_nobody_waiting() {
    use rustix::fs::{CWD, FileType, Mode, mknodat};
    let setting = Setting::new();
    let file = setting.configure("repository");
    fs::remove_file(&file).unwrap();
    mknodat(CWD, &file, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
    assert_eq!(setting.found().unwrap(), Some(file.clone()));
    assert!(matches!(files::believed_text(&file, 10, &Owners::default()).unwrap_err(), Doubt::NotAFile));
}
