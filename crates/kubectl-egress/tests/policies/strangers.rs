//! What others put in the way: files of another user, and links in a repository to what is outside of it.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, lchown, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::guest;
use crate::place::{Ended, Place};

/// Nobody's: another user than root.
const OTHER: u32 = 65_534;
const YAML: &str = ".egress/egress-policy.yaml";
const LOCK: &str = ".egress/egress-policy.lock";
const TEXT: &str = "apiVersion: kubectl-egress.github.io/v1alpha1\nkind: EgressPolicySet\npolicies:\n  - name: acme\n    source: ./acme.wasm\n";
/// What is in the file that nobody in the repository may touch.
const PRECIOUS: &str = "precious\n";

/// Locks the modules of the repository, as somebody who trusts them.
const TRUSTING_LOCK: &[&str] = &["policy", "lock", "--trust-policies", "any"];

/// A repository with one module that is not locked, and a file outside of it.
fn unlocked() -> (Place, PathBuf) {
    let place = Place::new();
    place.write(YAML, TEXT);
    place.write(".egress/acme.wasm", guest::module("1.0.0", guest::SPOKEN));
    let victim = place.home().join("precious");
    fs::write(&victim, PRECIOUS).unwrap();
    (place, victim)
}

fn run(place: &Place, arguments: &[&str]) -> Ended {
    place.run(Command::new(env!("CARGO_BIN_EXE_kubectl-egress")).args(arguments))
}

#[track_caller]
fn is_precious(victim: &Path) {
    assert_eq!(fs::read_to_string(victim).unwrap(), PRECIOUS);
}

#[test]
fn a_lock_file_that_is_a_link_is_not_written_through() {
    let (place, victim) = unlocked();
    symlink(&victim, place.repository().join(LOCK)).unwrap();
    for arguments in [
        TRUSTING_LOCK,
        &["policy", "update", "--trust-policies", "any"],
        &["policy", "add", "./.egress/acme.wasm", "--name", "other", "--trust-policies", "any"],
    ] {
        let ended = run(&place, arguments);
        assert_ne!(ended.code, Some(0), "{}", ended.stdout);
        is_precious(&victim);
    }
    fs::remove_file(place.repository().join(LOCK)).unwrap();
    symlink(place.home().join("new"), place.repository().join(LOCK)).unwrap();
    run(&place, TRUSTING_LOCK).refuses(1, &["cannot write", "links are not followed", "hint:"]);
    assert!(!place.home().join("new").exists());
    fs::remove_file(place.repository().join(LOCK)).unwrap();
    assert_eq!(run(&place, TRUSTING_LOCK).code, Some(0));
    place.add_trusting().succeeds();
}

/// The name of the file that was written first, before it got its own.
#[test]
fn no_name_that_can_be_guessed_is_written_through() {
    let (place, victim) = unlocked();
    for name in ["egress-policy.new", "egress-policy.lock.new", "egress-policy.yaml.new"] {
        symlink(&victim, place.repository().join(".egress").join(name)).unwrap();
    }
    assert_eq!(run(&place, TRUSTING_LOCK).code, Some(0));
    assert_eq!(run(&place, &["policy", "add", "./.egress/acme.wasm", "--name", "other"]).code, Some(0));
    is_precious(&victim);
    place.add_trusting().succeeds();
}

#[test]
fn a_configuration_that_is_a_link_is_not_written_through() {
    let (place, victim) = unlocked();
    let kept = place.home().join("kept.yaml");
    fs::write(&kept, TEXT).unwrap();
    fs::remove_file(place.repository().join(YAML)).unwrap();
    symlink(&kept, place.repository().join(YAML)).unwrap();
    let add = ["policy", "add", "./.egress/acme.wasm", "--name", "other", "--trust-policies", "any"];
    let ended = run(&place, &add);
    ended.refuses(1, &["cannot write `.egress/egress-policy.yaml`", "links are not followed"]);
    assert_eq!(fs::read_to_string(&kept).unwrap(), TEXT);
    is_precious(&victim);
}

#[test]
fn a_folder_that_is_a_link_does_not_lead_out_of_the_repository() {
    let (place, _) = unlocked();
    let outside = place.home().join("outside");
    fs::rename(place.repository().join(".egress"), &outside).unwrap();
    symlink(&outside, place.repository().join(".egress")).unwrap();
    run(&place, TRUSTING_LOCK).refuses(1, &["is a link to a place outside"]);
    symlink(&outside, place.repository().join("typed")).unwrap();
    run(&place, &[TRUSTING_LOCK, &["-f", "typed/egress-policy.yaml"]].concat())
        .refuses(1, &["is a link to a place outside"]);
    run(&place, &["policy", "init", "acme", "--directory", "typed/new"])
        .refuses(1, &["is a link to a place outside"]);
    assert_eq!(fs::read_dir(&outside).unwrap().count(), 2);
    // A link that stays inside is a way as any other.
    fs::rename(&outside, place.repository().join("policies")).unwrap();
    fs::remove_file(place.repository().join(".egress")).unwrap();
    symlink("policies", place.repository().join(".egress")).unwrap();
    assert_eq!(run(&place, TRUSTING_LOCK).code, Some(0));
    place.add_trusting().succeeds();
}

#[test]
fn a_new_project_goes_through_no_link() {
    let (place, _) = unlocked();
    let outside = place.home().join("outside");
    fs::create_dir(&outside).unwrap();
    symlink(&outside, place.repository().join("acme")).unwrap();
    run(&place, &["policy", "init", "acme"]).refuses(1, &["is a link to a place outside"]);
    assert_eq!(fs::read_dir(&outside).unwrap().count(), 0);
}

#[test]
fn a_bundle_is_its_owners_alone_and_goes_through_no_link() {
    let (place, victim) = unlocked();
    place.write("objects.yaml", "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: shop\n");
    let diagnose = |bundle: &str| {
        run(&place, &["diagnose", "edition.cnn.com", "-n", "shop", "-f", "objects.yaml", "--bundle", bundle])
    };
    symlink(&victim, place.repository().join("link.tar.gz")).unwrap();
    diagnose("link.tar.gz").refuses(2, &["--bundle: cannot write", "links are not followed"]);
    fs::create_dir(place.home().join("outside")).unwrap();
    symlink(place.home().join("outside"), place.repository().join("folder")).unwrap();
    diagnose("folder/a.tar.gz").refuses(2, &["is a link to a place outside"]);
    diagnose("/dev/null").refuses(2, &["it is not a file"]);
    is_precious(&victim);
    place.write("old.tar.gz", "old");
    let old = place.repository().join("old.tar.gz");
    fs::set_permissions(&old, fs::Permissions::from_mode(0o666)).unwrap();
    fs::hard_link(&old, place.home().join("other-name")).unwrap();
    diagnose("old.tar.gz");
    assert_eq!(fs::metadata(&old).unwrap().mode() & 0o777, 0o600);
    assert_eq!(fs::read_to_string(place.home().join("other-name")).unwrap(), "old");
}

/// The kind of CVE-2022-24765. What is found and what is refused file by file is a test of `policies::repository`.
#[test]
fn policies_of_another_user_are_neither_asked_nor_written() {
    let (place, _) = unlocked();
    assert_eq!(run(&place, TRUSTING_LOCK).code, Some(0));
    for path in ["", ".git", ".egress", YAML, LOCK] {
        let path = place.repository().join(path);
        if lchown(&path, Some(OTHER), None).is_err() {
            println!("SKIPPED: only root can give a file to another user");
            return;
        }
        place
            .add_trusting()
            .refuses(9, &["belongs to another user", "export KUBECTL_EGRESS_SAFE_DIRECTORIES"]);
        if !path.ends_with(LOCK) {
            run(&place, &["policy", "lock"]).refuses(9, &["belongs to another user"]);
            run(&place, &["policy", "list"]).refuses(9, &["belongs to another user"]);
        }
        let trusting = "KUBECTL_EGRESS_SAFE_DIRECTORIES=$PWD exec $0 add edition.cnn.com -n shop --dry-run=client -o name --trust-policies any";
        place
            .run(Command::new("/bin/sh").args(["-c", trusting, env!("CARGO_BIN_EXE_kubectl-egress")]))
            .succeeds();
        let elsewhere = "KUBECTL_EGRESS_SAFE_DIRECTORIES=/elsewhere:repository exec $0 add edition.cnn.com -n shop --dry-run=client -o name --trust-policies any";
        place
            .run(Command::new("/bin/sh").args(["-c", elsewhere, env!("CARGO_BIN_EXE_kubectl-egress")]))
            .refuses(9, &["belongs to another user"]);
        let with_sudo = format!(
            "SUDO_UID={OTHER} exec $0 add edition.cnn.com -n shop --dry-run=client -o name --trust-policies any"
        );
        place
            .run(Command::new("/bin/sh").args(["-c", &with_sudo, env!("CARGO_BIN_EXE_kubectl-egress")]))
            .succeeds();
        lchown(&path, Some(0), None).unwrap();
    }
    place.add_trusting().succeeds();
}
