//! Folders that belong to one user, and what other users do with those above them. The attacks need root, which alone can
//! give files away; without it those tests say so and prove less.

#![expect(clippy::unwrap_used, reason = "a helper that cannot go on fails its test")]
#![expect(clippy::print_stdout, reason = "a test that cannot run says why")]

use std::ffi::OsStr;
use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt as _, chown, symlink};
use std::path::Path;

use egress_files::owner::is_private_file;
use egress_files::{Access, Doubt, Folder, Owners};

/// Nobody's: another user than root.
const OTHER: u32 = 65_534;

fn give_away(path: &Path) -> bool {
    let given = chown(path, Some(OTHER), Some(OTHER)).is_ok();
    if !given {
        println!("SKIPPED: only root can give a file to another user");
    }
    given
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

#[test]
fn a_folder_of_ones_own_is_made_and_found() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a/b");
    assert!(Folder::private_if_there(&path).unwrap().is_none());
    let made = Folder::private(&path).unwrap();
    made.write(OsStr::new("file"), b"text", Access::Owner).unwrap();
    let file = Folder::private(&path).unwrap().file(OsStr::new("file")).unwrap();
    is_private_file(&file).unwrap();
    assert_eq!(made.names().unwrap(), ["file"]);
}

#[test]
fn a_folder_below_one_that_others_may_write_is_not_private() {
    for mode in [0o777, 0o757, 0o703] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("cache");
        Folder::private(&path).unwrap();
        set_mode(folder.path(), mode);
        let doubt = Folder::private(&path).unwrap_err();
        assert!(matches!(doubt, Doubt::Above { .. }), "{mode:o}: {doubt}");
        assert!(doubt.to_string().contains("is above it, and other users have access"), "{doubt}");
        // As /tmp is.
        set_mode(folder.path(), 0o1000 | mode);
        Folder::private(&path).unwrap();
    }
}

#[test]
fn a_folder_below_one_of_another_user_is_not_private() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a/b/cache");
    Folder::private(&path).unwrap();
    for theirs in ["a/b", "a", ""] {
        let theirs = folder.path().join(theirs);
        if !give_away(&theirs) {
            return;
        }
        let doubt = Folder::private(&path).unwrap_err();
        assert!(doubt.to_string().ends_with("is above it, and it belongs to another user"), "{doubt}");
        chown(&theirs, Some(0), Some(0)).unwrap();
    }
    Folder::private(&path).unwrap();
}

#[test]
fn a_group_of_others_above_it_may_not_write() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cache");
    Folder::private(&path).unwrap();
    set_mode(folder.path(), 0o770);
    // The group of this process: that of this user alone, on most machines.
    Folder::private(&path).unwrap();
    if chown(folder.path(), None, Some(OTHER)).is_ok() {
        Folder::private(&path).unwrap_err();
    }
}

#[test]
fn a_link_to_a_private_folder_is_not_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cache");
    Folder::private(&path).unwrap();
    symlink(&path, folder.path().join("link")).unwrap();
    symlink("gone", folder.path().join("dangling")).unwrap();
    assert!(matches!(Folder::private(&folder.path().join("link")).unwrap_err(), Doubt::NotADirectory));
    Folder::private(&folder.path().join("dangling")).unwrap_err();
    // What is above is where the folder truly is, whatever way led there.
    let open = folder.path().join("open");
    fs::create_dir(&open).unwrap();
    Folder::private(&open.join("cache")).unwrap();
    set_mode(&open, 0o777);
    symlink(&open, folder.path().join("way")).unwrap();
    Folder::private(&folder.path().join("way/cache")).unwrap_err();
}

#[test]
fn a_file_that_somebody_else_can_reach_is_not_private() {
    let folder = tempfile::tempdir().unwrap();
    let private = Folder::private(&folder.path().join("cache")).unwrap();
    let (name, path) = (OsStr::new("file"), folder.path().join("cache/file"));
    let doubt = || is_private_file(&private.file(name).unwrap());
    private.write(name, b"text", Access::Owner).unwrap();
    doubt().unwrap();
    for mode in [0o604, 0o640, 0o602] {
        set_mode(&path, mode);
        assert!(matches!(doubt().unwrap_err(), Doubt::Others(_)));
    }
    set_mode(&path, 0o600);
    fs::hard_link(&path, folder.path().join("other-name")).unwrap();
    assert!(matches!(doubt().unwrap_err(), Doubt::Linked));
    fs::remove_file(folder.path().join("other-name")).unwrap();
    doubt().unwrap();
    if give_away(&path) {
        assert!(matches!(doubt().unwrap_err(), Doubt::Owner));
    }
}

#[test]
fn only_some_owners_are_believed() {
    let owners = Owners::default();
    assert!(owners.contain(rustix::process::geteuid().as_raw()) && owners.contain(0));
    assert!(!owners.contain(OTHER) && Owners::everybody().contain(OTHER));
    let before_sudo = owners.and_before_sudo(OTHER);
    assert_eq!(before_sudo.contain(OTHER), rustix::process::geteuid().is_root());
}
