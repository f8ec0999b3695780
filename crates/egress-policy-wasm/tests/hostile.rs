//! Modules that mean harm, or were made wrong: each is stopped, and says why.
//!
//! A case is a file in `tests/policy/hostile`: fields of a core module in WebAssembly's text, which take the place of
//! those of a module that answers well (see `guest`), and a text beside it with what the host says and what the
//! command makes of it: a refusal is never an allowance. A few cases are
//! bytes that no toolchain would write; they are in `bytes`; random ones are in `mutations`. Every case is asked twice and must answer the same, within
//! bounds of time and of this process's memory. Native code is made in a process of its own, as the plugin does it.
//!
//! `SNAPSHOTS=overwrite cargo test -p egress-policy --test hostile` writes down what came instead.

#![expect(clippy::expect_used, reason = "a test that cannot go on has failed")]

#[path = "hostile/bytes.rs"]
mod bytes;
#[path = "hostile/case.rs"]
mod case;
#[path = "hostile/deciding.rs"]
mod deciding;
#[path = "guest/guest.rs"]
mod guest;
#[path = "hostile/host.rs"]
mod host;
#[path = "hostile/memory.rs"]
mod memory;
#[path = "hostile/mutations.rs"]
mod mutations;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use libtest_mimic::{Arguments, Trial};

fn main() -> ExitCode {
    if std::env::args().nth(1).as_deref() == Some(host::COMPILE) {
        return host::compile();
    }
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/policy/hostile");
    let written = sources(&cases).into_iter().map(|source| {
        let name = source.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        Trial::test(name, move || case::check(&source).map_err(Into::into))
    });
    let made = bytes::CASES.iter().map(|case| {
        let expected = cases.join(case.name).with_extension("txt");
        Trial::test(case.name, move || case::check_bytes(case, &expected).map_err(Into::into))
    });
    let mutations = [
        Trial::test("mutations of a module", || mutations::of_modules().map_err(Into::into)),
        Trial::test("mutations of an answer", || mutations::of_answers().map_err(Into::into)),
    ];
    let mut arguments = Arguments::from_args();
    // Each looks at the memory of the whole process.
    arguments.test_threads = Some(1);
    libtest_mimic::run(&arguments, written.chain(made).chain(mutations).collect()).exit_code()
}

fn sources(directory: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(directory).expect("the directory of cases is readable");
    let paths = entries.map(|entry| entry.expect("the directory of cases is readable").path());
    let mut sources: Vec<PathBuf> =
        paths.filter(|path| path.extension().is_some_and(|extension| extension == "wat")).collect();
    sources.sort();
    sources
}
