//! Another user exchanges folders while native code is looked for: never is code run that this user did not make.
//!
//! Before the cache held its folder open and handed out the bytes that it had checked, this race was won about once in
//! six tries.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use egress_policy::Policy;
use egress_policy_wasm::{Compiler, Engine, Limits, NativeCache};
use tempfile::TempDir;

use crate::module;

/// Nobody's: another user than root.
const OTHER: u32 = 65_534;
const TRIES: usize = 300;
/// Where the way never leads to our own, the test ends after so many.
const MOST_TRIES: usize = 100 * TRIES;

/// A way to the cache that another user turns between the true one and one of his own.
struct Race {
    folder: TempDir,
    module: Vec<u8>,
    /// The file in both caches.
    name: PathBuf,
    ours: Vec<u8>,
    theirs: Vec<u8>,
}

/// What came of all tries.
#[derive(Debug, Default)]
struct Outcome {
    ours: usize,
    theirs: usize,
    refused: usize,
}

impl Race {
    /// `None`: this is not root, and nothing can be given to another user.
    fn prepare() -> Option<Self> {
        let folder = TempDir::new().expect("a directory");
        let made = |name: &str, id: &str| {
            let directory = folder.path().join(name).join("native");
            let cache = NativeCache::open(directory.clone()).expect("a cache");
            let engine =
                Engine::new(Limits::default(), Compiler::in_process(), Some(cache)).expect("an engine");
            let module = module(id);
            engine.load(&module).expect("a module");
            let file = fs::read_dir(&directory).expect("files").next().expect("one").expect("a file");
            (module, PathBuf::from(file.file_name()), fs::read(file.path()).expect("code"))
        };
        let (module, name, ours) = made("ours", "kept");
        let (_, other_name, theirs) = made("theirs", "evil");
        fs::remove_file(folder.path().join("theirs/native").join(other_name)).expect("our own file");
        let race = Self { folder, module, name, ours, theirs };
        race.put_theirs().then_some(race)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// What the other user has under the name of our file.
    fn put_theirs(&self) -> bool {
        let file = self.path("theirs/native").join(&self.name);
        let given = |path: &Path| chown(path, Some(OTHER), Some(OTHER)).is_ok();
        put(&file, &self.theirs);
        given(&file) && given(&self.path("theirs/native")) && given(&self.path("theirs"))
    }

    /// Looks for code again and again, while the way to it is turned.
    /// Not before it was seen enough, however seldom the way is turned on a busy machine.
    fn run(&self, is_enough: impl Fn(&Outcome) -> bool) -> Outcome {
        let over = AtomicBool::new(false);
        symlink(self.path("ours"), self.path("way")).expect("a link");
        thread::scope(|scope| {
            scope.spawn(|| {
                while !over.load(Ordering::Relaxed) {
                    for target in ["theirs", "ours"] {
                        let new = self.path("new");
                        symlink(self.path(target), &new).expect("a link");
                        fs::rename(new, self.path("way")).expect("our own link");
                    }
                }
            });
            let mut outcome = Outcome::default();
            for tries in 1..=MOST_TRIES {
                self.attempt(&mut outcome);
                if tries >= TRIES && is_enough(&outcome) {
                    break;
                }
            }
            over.store(true, Ordering::Relaxed);
            outcome
        })
    }

    fn attempt(&self, outcome: &mut Outcome) {
        // A doubtful file is taken away, so both are put there again.
        for (folder, code) in [("ours", &self.ours), ("theirs", &self.theirs)] {
            let file = self.path(folder).join("native").join(&self.name);
            if !file.exists() {
                put(&file, code);
                let _ = chown(&file, (folder == "theirs").then_some(OTHER), None);
            }
        }
        let Ok(cache) = NativeCache::open(self.path("way/native")) else {
            outcome.refused += 1;
            return;
        };
        let none = Compiler::child("/nonexistent/compiler".into(), Vec::new());
        let engine = Engine::new(Limits::default(), none, Some(cache)).expect("an engine");
        match engine.load(&self.module) {
            Ok(module) if module.descriptor().id == "kept" => outcome.ours += 1,
            Ok(_) => outcome.theirs += 1,
            Err(_) => outcome.refused += 1,
        }
    }
}

fn put(file: &Path, code: &[u8]) {
    let _ = fs::remove_file(file);
    fs::write(file, code).expect("our own folder");
    fs::set_permissions(file, Permissions::from_mode(0o600)).expect("our own file");
}

#[test]
fn a_race_for_the_way_to_the_cache_is_never_won() {
    let Some(race) = Race::prepare() else {
        println!("SKIPPED: only root can give a file to another user");
        return;
    };
    // The folder in which the links are turned is ours: what holds is the open folder and the open file.
    let outcome = race.run(|outcome| outcome.ours > 0);
    println!("{outcome:?}");
    assert_eq!(outcome.theirs, 0, "{outcome:?}");
    assert!(outcome.ours > 0, "the way never led to our own: {outcome:?}");
}

#[test]
fn a_cache_in_a_folder_of_another_user_is_never_used() {
    let Some(race) = Race::prepare() else {
        println!("SKIPPED: only root can give a file to another user");
        return;
    };
    fs::create_dir(race.path("theirs-too")).expect("our own folder");
    fs::rename(race.path("ours"), race.path("theirs-too/ours")).expect("our own folder");
    chown(race.path("theirs-too"), Some(OTHER), Some(OTHER)).expect("root gives it away");
    symlink(race.path("theirs-too/ours"), race.path("ours")).expect("a link");
    let outcome = race.run(|_| true);
    assert_eq!((outcome.ours, outcome.theirs), (0, 0), "{outcome:?}");
}
