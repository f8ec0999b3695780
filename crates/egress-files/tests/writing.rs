//! What is written never goes through a link, and what cannot be replaced by a file is left as it is: attacks with links,
//! pipes and folders in every place of a path.

#![expect(clippy::unwrap_used, reason = "a helper that cannot go on fails its test")]

use std::ffi::OsStr;
use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

use egress_files::file_in_folder::FileInFolder;
use egress_files::{Access, Folder, WriteError};
use tempfile::TempDir;

const OLD: &str = "what was there";

/// A repository, and beside it what nobody in the repository may touch.
struct Setting {
    folder: TempDir,
}

impl Setting {
    fn new() -> Self {
        let setting = Setting { folder: tempfile::tempdir().unwrap() };
        fs::create_dir_all(setting.repository().join("inner")).unwrap();
        fs::create_dir_all(setting.outside()).unwrap();
        fs::write(setting.victim(), OLD).unwrap();
        setting
    }

    fn repository(&self) -> PathBuf {
        self.folder.path().canonicalize().unwrap().join("repository")
    }

    fn outside(&self) -> PathBuf {
        self.folder.path().canonicalize().unwrap().join("outside")
    }

    fn victim(&self) -> PathBuf {
        self.outside().join("file")
    }

    /// Writes a file that is meant to be in the repository.
    fn write(&self, path: &str) -> Result<(), WriteError> {
        let place = FileInFolder::make(&self.repository().join(path), Some(&self.repository()))?;
        place.folder.write(&place.name, b"new", Access::Kept)
    }

    /// The attack failed: nothing outside has changed, and nothing is left over inside.
    #[track_caller]
    fn is_untouched(&self) {
        assert_eq!(fs::read_to_string(self.victim()).unwrap(), OLD);
        assert_eq!(names(&self.outside()), ["file"]);
        let left = names(&self.repository()).into_iter().chain(names(&self.repository().join("inner")));
        assert!(left.into_iter().all(|name| !name.starts_with(".new-")));
    }
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().mode() & 0o7777
}

#[test]
fn a_link_in_the_place_of_the_file_is_not_followed() {
    let setting = Setting::new();
    for (name, target) in [
        ("to-a-file", setting.victim()),
        ("to-a-folder", setting.outside()),
        ("to-nothing", setting.outside().join("new")),
        ("to-itself", setting.repository().join("to-itself")),
        ("within", setting.repository().join("inner")),
    ] {
        symlink(target, setting.repository().join(name)).unwrap();
        let error = setting.write(name).unwrap_err();
        assert!(matches!(error, WriteError::Link), "{name}: {error}");
    }
    setting.is_untouched();
}

#[test]
fn a_link_in_the_place_of_a_folder_leads_nowhere_else() {
    let setting = Setting::new();
    symlink(setting.outside(), setting.repository().join("link")).unwrap();
    symlink("../../outside", setting.repository().join("inner/link")).unwrap();
    symlink("link", setting.repository().join("chain")).unwrap();
    symlink("missing", setting.repository().join("dangling")).unwrap();
    for path in ["link/file", "link/new", "inner/link/file", "chain/file", "link/deeper/new", "dangling/file"]
    {
        let error = setting.write(path).unwrap_err();
        assert!(matches!(error, WriteError::Outside { .. }), "{path}: {error}");
    }
    symlink("round", setting.repository().join("round")).unwrap();
    setting.write("round/file").unwrap_err();
    setting.is_untouched();
}

#[test]
fn dots_do_not_lead_out_through_a_link() {
    let setting = Setting::new();
    symlink(setting.outside(), setting.repository().join("link")).unwrap();
    setting.write("inner/../link/file").unwrap_err();
    // By its words this is beside the link.
    setting.write("link/../beside").unwrap();
    assert!(setting.repository().join("beside").is_file());
    setting.is_untouched();
}

#[test]
fn a_link_that_stays_inside_is_a_way_as_any_other() {
    let setting = Setting::new();
    symlink("inner", setting.repository().join("link")).unwrap();
    setting.write("link/deeper/file").unwrap();
    assert_eq!(fs::read_to_string(setting.repository().join("inner/deeper/file")).unwrap(), "new");
}

#[test]
fn another_name_of_a_file_keeps_its_content() {
    let setting = Setting::new();
    fs::hard_link(setting.victim(), setting.repository().join("same")).unwrap();
    setting.write("same").unwrap();
    assert_eq!(fs::read_to_string(setting.repository().join("same")).unwrap(), "new");
    setting.is_untouched();
}

#[test]
fn what_is_no_file_is_left_as_it_is() {
    let setting = Setting::new();
    let error = setting.write("inner").unwrap_err();
    assert!(matches!(error, WriteError::Directory), "{error}");
    let _socket = std::os::unix::net::UnixListener::bind(setting.repository().join("socket")).unwrap();
    let pipe = setting.repository().join("pipe");
    rustix::fs::mknodat(
        rustix::fs::CWD,
        &pipe,
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR,
        0,
    )
    .unwrap();
    for name in ["socket", "pipe"] {
        let error = setting.write(name).unwrap_err();
        assert!(matches!(error, WriteError::NotAFile), "{name}: {error}");
    }
    // Reading it does not wait for somebody to write.
    let repository = Folder::open(&setting.repository()).unwrap();
    assert_eq!(repository.file(OsStr::new("pipe")).unwrap_err().to_string(), "it is not a file");
    for name in ["..", ".", "/"] {
        setting.write(&format!("inner/{name}")).unwrap_err();
    }
    setting.is_untouched();
}

#[test]
fn a_file_where_a_folder_should_be_is_an_error() {
    let setting = Setting::new();
    fs::write(setting.repository().join("plain"), "").unwrap();
    setting.write("plain/file").unwrap_err();
    setting.is_untouched();
}

#[test]
fn modes_are_kept_and_a_new_file_is_as_the_umask_has_it() {
    let setting = Setting::new();
    setting.write("new").unwrap();
    fs::write(setting.repository().join("as-ever"), "").unwrap();
    assert_eq!(mode(&setting.repository().join("new")), mode(&setting.repository().join("as-ever")));
    for kept in [0o640, 0o600, 0o755] {
        fs::set_permissions(setting.repository().join("new"), Permissions::from_mode(kept)).unwrap();
        setting.write("new").unwrap();
        assert_eq!(mode(&setting.repository().join("new")), kept);
    }
    // Not that of a program that runs as its owner.
    fs::set_permissions(setting.repository().join("new"), Permissions::from_mode(0o4755)).unwrap();
    setting.write("new").unwrap();
    assert_eq!(mode(&setting.repository().join("new")), 0o755);
}

#[test]
fn what_is_its_owners_alone_does_not_take_the_mode_of_another_file() {
    let setting = Setting::new();
    let path = setting.repository().join("secret");
    fs::write(&path, "").unwrap();
    fs::set_permissions(&path, Permissions::from_mode(0o666)).unwrap();
    let folder = Folder::open(&setting.repository()).unwrap();
    folder.write(OsStr::new("secret"), b"new", Access::Owner).unwrap();
    assert_eq!(mode(&path), 0o600);
}

#[test]
fn the_mode_of_somebody_elses_file_is_not_taken() {
    let setting = Setting::new();
    let path = setting.repository().join("theirs");
    fs::write(&path, "").unwrap();
    fs::set_permissions(&path, Permissions::from_mode(0o666)).unwrap();
    // Only root can give a file away.
    if std::os::unix::fs::chown(&path, Some(65_534), None).is_err() {
        return;
    }
    setting.write("theirs").unwrap();
    assert_eq!(mode(&path) & 0o002, 0, "its owner could write it still");
}

#[test]
fn what_could_not_be_written_leaves_the_old_file() {
    let setting = Setting::new();
    let path = setting.repository().join("kept");
    fs::write(&path, OLD).unwrap();
    let folder = Folder::open(&setting.repository()).unwrap();
    let failed = folder.write_with(OsStr::new("kept"), Access::Kept, |_| Err(io::Error::other("no room")));
    failed.unwrap_err();
    assert_eq!(fs::read_to_string(&path).unwrap(), OLD);
    setting.is_untouched();
}

#[test]
fn a_folder_that_is_held_open_is_meant_whatever_its_name_means_now() {
    let setting = Setting::new();
    let place =
        FileInFolder::make(&setting.repository().join("inner/file"), Some(&setting.repository())).unwrap();
    fs::rename(setting.repository().join("inner"), setting.repository().join("moved")).unwrap();
    symlink(setting.outside(), setting.repository().join("inner")).unwrap();
    place.folder.write(&place.name, b"new", Access::Kept).unwrap();
    assert_eq!(fs::read_to_string(setting.repository().join("moved/file")).unwrap(), "new");
    assert_eq!(fs::read_to_string(setting.victim()).unwrap(), OLD);
}

#[test]
fn a_link_outside_of_a_repository_is_its_users() {
    let setting = Setting::new();
    let link = setting.folder.path().join("link");
    symlink(setting.outside(), &link).unwrap();
    let place = FileInFolder::make(&link.join("new"), Some(&setting.repository())).unwrap();
    place.folder.write(&place.name, b"new", Access::Kept).unwrap();
    assert!(setting.outside().join("new").is_file());
}

#[test]
fn folders_are_made_only_where_that_is_wanted() {
    let setting = Setting::new();
    let path = setting.repository().join("a/b/file");
    for root in [None, Some(setting.repository())] {
        let error = FileInFolder::find(&path, root.as_deref()).unwrap_err();
        assert!(matches!(error, WriteError::Io(_)), "{error}");
        assert!(!setting.repository().join("a").exists());
    }
    FileInFolder::make(&path, Some(&setting.repository())).unwrap();
    FileInFolder::find(&path, Some(&setting.repository())).unwrap();
}
