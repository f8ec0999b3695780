//! Files that were kept, damaged, replaced, or left behind by others.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use egress_policy::Policy;
use egress_policy_wasm::{Compiler, Engine, Limits, ModuleError, NativeCache};
use tempfile::TempDir;

use crate::module;

/// A directory with the native code of one module in it.
struct Kept {
    directory: TempDir,
    module: Vec<u8>,
}

impl Kept {
    fn new() -> Self {
        let kept = Self { directory: TempDir::new().expect("a directory"), module: module("kept") };
        kept.load(Compiler::in_process()).expect("a module");
        kept
    }

    fn cache(&self) -> PathBuf {
        self.directory.path().join("native")
    }

    fn load(&self, compiler: Compiler) -> Result<(), ModuleError> {
        let cache = NativeCache::open(self.cache())?;
        let engine = Engine::new(Limits::default(), compiler, Some(cache))?;
        let module = engine.load(&self.module)?;
        assert_eq!(module.descriptor().id, "kept");
        Ok(())
    }

    /// The one file that is there.
    fn file(&self) -> PathBuf {
        let files = files(&self.cache());
        assert_eq!(files.len(), 1, "{files:?}");
        files[0].clone()
    }

    /// Loads without a compiler: only what is kept can be used.
    fn is_used(&self) -> bool {
        self.load(Compiler::child("/nonexistent/compiler".into(), Vec::new())).is_ok()
    }

    /// Asserts that the file is not used, is made again, and then used.
    fn is_made_again(&self) {
        assert!(!self.is_used(), "the file was used");
        self.load(Compiler::in_process()).expect("it is made again");
        assert!(self.is_used(), "the new file is not used");
        self.file();
    }
}

fn files(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).expect("a directory");
    entries.map(|entry| entry.expect("an entry").path()).collect()
}

fn mode(path: &Path) -> u32 {
    fs::symlink_metadata(path).expect("a file").permissions().mode() & 0o777
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).expect("our own file");
}

#[test]
fn native_code_is_kept_for_its_user_alone_and_used_again() {
    let kept = Kept::new();
    assert!(kept.is_used());
    assert_eq!(mode(&kept.cache()), 0o700);
    assert_eq!(mode(&kept.file()), 0o600);
}

#[test]
fn a_damaged_file_is_made_again() {
    let kept = Kept::new();
    let mut code = fs::read(kept.file()).expect("code");
    let middle = code.len() / 2;
    code[middle] ^= 1;
    fs::write(kept.file(), code).expect("our own file");
    kept.is_made_again();
}

#[test]
fn a_file_that_ends_early_is_made_again() {
    let kept = Kept::new();
    let code = fs::read(kept.file()).expect("code");
    fs::write(kept.file(), &code[..code.len() / 2]).expect("our own file");
    kept.is_made_again();
}

#[test]
fn a_file_that_others_may_write_is_made_again() {
    let kept = Kept::new();
    set_mode(&kept.file(), 0o606);
    kept.is_made_again();
    assert_eq!(mode(&kept.file()), 0o600);
}

#[test]
fn a_link_is_not_followed() {
    let kept = Kept::new();
    let file = kept.file();
    let elsewhere = kept.directory.path().join("elsewhere");
    fs::rename(&file, &elsewhere).expect("our own file");
    symlink(&elsewhere, &file).expect("a link");
    kept.is_made_again();
    assert!(elsewhere.exists(), "what the link led to is not touched");
}

#[test]
fn code_of_another_engine_is_not_looked_at() {
    let kept = Kept::new();
    let file = kept.file();
    let name = file.file_name().and_then(|name| name.to_str()).expect("a name");
    let (_, rest) = name.split_once('-').expect("the engine comes first");
    fs::rename(&file, file.with_file_name(format!("0123456789abcdef-{rest}"))).expect("our own file");
    assert!(!kept.is_used());
    kept.load(Compiler::in_process()).expect("it is made again");
    assert_eq!(files(&kept.cache()).len(), 2, "the other engine keeps its own");
}

#[test]
fn a_whole_file_that_the_engine_refuses_is_made_again() {
    let kept = Kept::new();
    let file = kept.file();
    let code = b"no native code";
    let digest = egress_policy_wasm::native_cache::digest(code);
    let name = file.file_name().and_then(|name| name.to_str()).expect("a name");
    let (beginning, _) = name.rsplit_once('-').expect("the digest comes last");
    fs::remove_file(&file).expect("our own file");
    let file = file.with_file_name(format!("{beginning}-{digest}.cwasm"));
    fs::write(&file, code).expect("our own file");
    set_mode(&file, 0o600);
    kept.is_made_again();
}

#[test]
fn a_directory_that_others_may_enter_is_not_used() {
    let kept = Kept::new();
    set_mode(&kept.cache(), 0o777);
    let error = NativeCache::open(kept.cache()).expect_err("others may enter");
    assert!(
        error.to_string().ends_with("native: other users have access (mode 777); only its owner should"),
        "{error}"
    );
}

#[test]
fn a_directory_that_is_a_link_is_not_used() {
    let kept = Kept::new();
    let link = kept.directory.path().join("link");
    symlink(kept.cache(), &link).expect("a link");
    let error = NativeCache::open(link).expect_err("a link");
    assert!(error.to_string().ends_with("link: it is not a directory"), "{error}");
}

#[test]
fn what_another_user_owns_is_not_used() {
    let kept = Kept::new();
    // Only root can give a file away; others cannot get into this at all.
    if std::os::unix::fs::chown(kept.file(), Some(65_534), None).is_err() {
        return;
    }
    kept.is_made_again();
    std::os::unix::fs::chown(kept.cache(), Some(65_534), None).expect("root gives it away");
    let error = NativeCache::open(kept.cache()).expect_err("another user's");
    assert!(error.to_string().ends_with("native: it belongs to another user"), "{error}");
}

#[test]
fn what_was_not_used_for_the_longest_time_makes_room() {
    let directory = TempDir::new().expect("a directory");
    let path = directory.path().join("native");
    let open = || NativeCache::open(path.clone()).expect("a cache");
    let load = |cache: NativeCache, id: &str| {
        let engine = Engine::new(Limits::default(), Compiler::in_process(), Some(cache)).expect("an engine");
        engine.load(&module(id)).expect("a module");
    };
    load(open(), "first");
    let first = files(&path);
    let size = fs::metadata(&first[0]).expect("a file").len();
    // Long ago, and then used again.
    let old = std::time::UNIX_EPOCH;
    fs::File::open(&first[0]).and_then(|file| file.set_modified(old)).expect("our own file");
    load(open(), "first");
    load(open(), "second");
    let second: Vec<PathBuf> = files(&path).into_iter().filter(|file| !first.contains(file)).collect();
    fs::File::open(&second[0]).and_then(|file| file.set_modified(old)).expect("our own file");
    // Room for two of about this size.
    load(open().with_capacity(size * 5 / 2), "third");
    let left = files(&path);
    assert!(left.contains(&first[0]), "it was used a moment ago");
    assert!(!left.contains(&second[0]), "it was used long ago");
    assert_eq!(left.len(), 2);
}

#[test]
fn what_a_run_left_unfinished_is_taken_away_some_time_later() {
    let directory = TempDir::new().expect("a directory");
    let path = directory.path().join("native");
    let cache = NativeCache::open(path.clone()).expect("a cache");
    let [old, new] = [".new-old", ".new-new"].map(|name| path.join(name));
    for file in [&old, &new] {
        fs::write(file, "half of it").expect("our own file");
    }
    fs::File::open(&old).and_then(|file| file.set_modified(std::time::UNIX_EPOCH)).expect("our own file");
    let engine = Engine::new(Limits::default(), Compiler::in_process(), Some(cache)).expect("an engine");
    engine.load(&module("next")).expect("a module");
    assert!(!old.exists());
    assert!(new.exists(), "somebody may still be writing it");
}

#[test]
fn a_file_with_another_name_is_made_again() {
    let kept = Kept::new();
    fs::hard_link(kept.file(), kept.directory.path().join("other-name")).expect("our own file");
    kept.is_made_again();
}

#[test]
fn a_pipe_in_the_place_of_a_file_keeps_nobody_waiting() {
    use rustix::fs::{CWD, FileType, Mode, mknodat};
    let kept = Kept::new();
    let file = kept.file();
    fs::remove_file(&file).expect("our own file");
    mknodat(CWD, &file, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).expect("a pipe");
    kept.is_made_again();
}

#[test]
fn a_directory_below_one_that_others_may_change_is_not_used() {
    let kept = Kept::new();
    set_mode(kept.directory.path(), 0o777);
    let error = NativeCache::open(kept.cache()).expect_err("others may exchange it");
    assert!(
        error
            .to_string()
            .ends_with("is above it, and other users have access (mode 777); only its owner should")
    );
}
