//! The command line, case by case: each directory of `tests/cli` holds one command line and what comes of it.
//!
//! `cmd` is the line as a person types it, with variables in front if need be; `stdin` and other files are its input;
//! `stdout`, `stderr` (empty if missing) and `code` are what must come of it. The line runs in the directory of its case,
//! without a cluster; where there are `in` or `modules`, in a copy of `in` with the modules, and the files in `out` are
//! what must be there afterwards. `SNAPSHOTS=overwrite cargo test -p kubectl-egress --test cli` writes down what came instead.

#[path = "cli/case.rs"]
mod case;
#[path = "cli/guest.rs"]
mod guest;
#[path = "cli/scratch.rs"]
mod scratch;

use std::path::Path;
use std::process::ExitCode;
use std::{fs, io};

use libtest_mimic::{Arguments, Trial};

fn main() -> io::Result<ExitCode> {
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/cli");
    let mut trials = Vec::new();
    for entry in fs::read_dir(cases)? {
        let directory = entry?.path();
        let name = directory.file_name().unwrap_or_default().to_string_lossy().into_owned();
        trials.push(Trial::test(name, move || case::check(&directory).map_err(Into::into)));
    }
    Ok(libtest_mimic::run(&Arguments::from_args(), trials).exit_code())
}
