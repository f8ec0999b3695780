//! What `add` writes, case by case: each directory of `tests/generate/<layout>` holds arguments and the objects they
//! become.
//!
//! `args` is what a person types after `kubectl egress add`; the layout comes from the directory's name, and no cluster is
//! asked. `expected.yaml` holds the objects, with `[TIME]` for the moment of the call.
//! `SNAPSHOTS=overwrite cargo test -p kubectl-egress --test generate` writes down what came instead.

#![expect(clippy::expect_used, reason = "a test that cannot go on has failed")]

#[path = "generate/case.rs"]
mod case;
#[path = "generate/task.rs"]
mod task;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use libtest_mimic::{Arguments, Trial};

fn main() -> ExitCode {
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/generate");
    let mut trials = vec![Trial::test("the documented layout is the task of Istio's own page", || {
        task::is_what_the_documented_layout_writes().map_err(Into::into)
    })];
    for layout in directories(&cases) {
        for case in directories(&layout) {
            let name = format!("{}/{}", last(&layout), last(&case));
            trials.push(Trial::test(name, move || case::check(&case).map_err(Into::into)));
        }
    }
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

fn directories(parent: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(parent).expect("the directory of cases is readable");
    let paths = entries.map(|entry| entry.expect("the directory of cases is readable").path());
    paths.filter(|path| path.is_dir()).collect()
}

fn last(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}
