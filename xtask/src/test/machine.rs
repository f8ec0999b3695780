//! What this machine lacks for the tiers that were asked for: said before the first of them starts, with what to type.
//!
//! Knows programs and who needs them. Knows no test, and installs nothing but what [`toolchain`] and the bed add themselves.

use std::process::{Command, Stdio};

use testbed::bed;

use super::tier::Tier;
use crate::{guests, toolchain};

/// Something that is not there, and the tier that cannot run without it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Lacking {
    pub(super) tier: Tier,
    /// What is not there, and what to type.
    pub(super) what: String,
}

/// Everything that is missing.
///
/// # Errors
/// Rust itself lacks something, without which no tier says anything useful.
pub(super) fn lacking(tiers: &[Tier]) -> anyhow::Result<Vec<Lacking>> {
    if tiers.iter().any(|tier| needs_whole_toolchain(*tier)) {
        toolchain::require_all()?;
    }
    let of_tier = |tier: &Tier| missing(*tier).map(|what| Lacking { tier: *tier, what });
    Ok(tiers.iter().filter_map(of_tier).collect())
}

/// Tiers that lint, format, or build policies.
fn needs_whole_toolchain(tier: Tier) -> bool {
    matches!(
        tier,
        Tier::Fmt | Tier::Clippy | Tier::Plugins | Tier::Cli | Tier::Fuzz | Tier::Mesh | Tier::Krew
    )
}

fn missing(tier: Tier) -> Option<String> {
    match tier {
        Tier::Mesh => bed::check().err().map(|error| format!("{error:#}")),
        Tier::Guests => guests::lacking(),
        Tier::Fuzz => cannot_start(
            "c++",
            "there is no C++ compiler, which libFuzzer is built with: apt-get install g++",
        ),
        Tier::Oracle => bed::go(),
        Tier::Krew => {
            bed::go().or_else(|| cannot_start("git", "krew keeps indexes in git: apt-get install git"))
        }
        Tier::Cli => registry(),
        Tier::Fmt
        | Tier::Clippy
        | Tier::Tidy
        | Tier::Deny
        | Tier::Unit
        | Tier::Generate
        | Tier::Diagnose
        | Tier::Plugins => None,
    }
}

/// Debian's registry is installed, or its package can be fetched.
fn registry() -> Option<String> {
    let why = "the tests of registries need Debian's `docker-registry`: apt-get install docker-registry";
    cannot_start("docker-registry", why).and_then(|why| cannot_start("apt-get", &why))
}

/// The reason, where this program cannot be started.
fn cannot_start(program: &str, why: &str) -> Option<String> {
    let mut command = Command::new(program);
    command.arg("--version").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().err().map(|_| why.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_is_not_there_is_told_with_what_to_type() {
        assert_eq!(cannot_start("/no/such/program", "install it"), Some("install it".to_owned()));
    }

    #[test]
    fn a_program_that_is_there_is_not_told_whatever_it_says() {
        assert_eq!(cannot_start("false", "install it"), None);
    }

    #[test]
    fn tiers_that_need_nothing_but_rust_lack_nothing() {
        assert_eq!(lacking(&[Tier::Tidy, Tier::Unit, Tier::Generate, Tier::Diagnose]).unwrap(), []);
    }
}
