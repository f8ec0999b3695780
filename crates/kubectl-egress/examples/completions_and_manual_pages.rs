//! Writes the completions and manual pages of a release: a manual page for each command, completions for each shell.
//!
//! `cargo run --example completions_and_manual_pages -- FOLDER`; `cargo xtask dist` does so.

use std::path::{Path, PathBuf};
use std::{env, fs, io};

use clap::ValueEnum as _;
use clap_complete::Shell;
use kubectl_egress::cli;
use kubectl_egress::program::Program;

fn main() -> io::Result<()> {
    let Some(folder) = env::args_os().nth(1).map(PathBuf::from) else {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "expected a folder, found nothing"));
    };
    let program = Program::from_path(None);
    for part in ["man", "completions"] {
        fs::create_dir_all(folder.join(part))?;
    }
    let mut command = cli::command(&program).name(program.executable());
    command.build();
    manual(&command, &program.executable(), &folder.join("man"))?;
    for shell in Shell::value_variants() {
        clap_complete::generate_to(
            *shell,
            &mut cli::command(&program),
            program.executable(),
            folder.join("completions"),
        )?;
    }
    Ok(())
}

/// The page of a command, and those of the commands in it: `kubectl-egress-policy-test.1`.
fn manual(command: &clap::Command, name: &str, folder: &Path) -> io::Result<()> {
    let mut page = Vec::new();
    // The date of a page would differ from build to build.
    clap_mangen::Man::new(command.clone().display_name(name)).date("").render(&mut page)?;
    fs::write(folder.join(format!("{name}.1")), page)?;
    let shown = |command: &&clap::Command| !command.is_hide_set() && command.get_name() != "help";
    command
        .get_subcommands()
        .filter(shown)
        .try_for_each(|inner| manual(inner, &format!("{name}-{}", inner.get_name()), folder))
}
