//! The targets of a release, and which of them this machine can build.
//!
//! Knows compilers by name; builds nothing.

use std::env::consts::{ARCH, OS};

use anyhow::{Context as _, bail};

/// A platform in the words of Kubernetes and krew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Platform {
    /// `linux`, `darwin`.
    pub os: &'static str,
    /// `amd64`, `arm64`.
    pub arch: &'static str,
}

impl Platform {
    /// The platform of this machine.
    ///
    /// # Errors
    /// No release is made for it.
    pub fn of_this_machine() -> anyhow::Result<Self> {
        let (os, arch) = (if OS == "macos" { "darwin" } else { OS }, ARCH);
        let arch = match arch {
            "x86_64" => "amd64",
            "aarch64" => "arm64",
            other => other,
        };
        let known = TARGETS.iter().map(|target| target.platform);
        known
            .into_iter()
            .find(|platform| (platform.os, platform.arch) == (os, arch))
            .with_context(|| format!("no release is made for {os}/{arch}"))
    }
}

/// A target of the Rust compiler.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BuildTarget {
    /// As the compiler calls it.
    pub triple: &'static str,
    /// As krew calls it.
    pub platform: Platform,
    /// The operating system that can build it, in Rust's words; `None`: any, as its linker comes from Python's registry.
    needs: Option<&'static str>,
}

/// Linux programs are static: they run on every distribution, and in an empty container. Windows is missing: who owns a file
/// is asked of Unix, before a file is believed.
pub const TARGETS: [BuildTarget; 4] = [
    BuildTarget {
        triple: "x86_64-unknown-linux-musl",
        platform: Platform { os: "linux", arch: "amd64" },
        needs: None,
    },
    BuildTarget {
        triple: "aarch64-unknown-linux-musl",
        platform: Platform { os: "linux", arch: "arm64" },
        needs: None,
    },
    BuildTarget {
        triple: "x86_64-apple-darwin",
        platform: Platform { os: "darwin", arch: "amd64" },
        needs: Some("macos"),
    },
    BuildTarget {
        triple: "aarch64-apple-darwin",
        platform: Platform { os: "darwin", arch: "arm64" },
        needs: Some("macos"),
    },
];

impl BuildTarget {
    /// Whether Apple's own compiler builds it, which lies on Apple's machines only.
    pub(super) fn is_native(&self) -> bool {
        self.needs.is_some()
    }

    /// Why this machine cannot build it.
    fn obstacle(&self) -> Option<String> {
        match self.needs {
            Some(system) if system != OS => Some(format!(
                "it needs Apple's SDK, which this machine ({OS}) does not have: build it on macOS"
            )),
            _ => None,
        }
    }
}

/// Targets that this machine builds, and those that it cannot, with the reason.
pub(super) type Choice = (Vec<BuildTarget>, Vec<(BuildTarget, String)>);

/// Chooses by the names of targets; without a name, all that this machine can build.
///
/// # Errors
/// A name is unknown, or was named although it cannot be built here.
pub(super) fn choose(names: &[String]) -> anyhow::Result<Choice> {
    let mut choice = Choice::default();
    for name in names {
        let Some(target) = TARGETS.iter().find(|target| target.triple == name) else {
            let known = TARGETS.map(|target| target.triple).join(", ");
            bail!("`{name}` is no target of a release; expected one of {known}");
        };
        if let Some(why) = target.obstacle() {
            bail!("{name} cannot be built here: {why}");
        }
        choice.0.push(*target);
    }
    if names.is_empty() {
        for target in TARGETS {
            match target.obstacle() {
                None => choice.0.push(target),
                Some(why) => choice.1.push((target, why)),
            }
        }
    }
    Ok(choice)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_target_is_told_with_those_that_exist() {
        let error = choose(&["sparc".to_owned()]).unwrap_err().to_string();

        assert!(error.starts_with("`sparc` is no target of a release; expected one of x86_64-"), "{error}");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn what_needs_another_machine_is_left_out_with_the_reason_and_refused_when_named() {
        let (wanted, left_out) = choose(&[]).unwrap();

        assert!(wanted.iter().all(|target| target.platform.os == "linux"));
        assert!(left_out.iter().all(|(target, why)| target.platform.os == "darwin" && why.contains("macOS")));
        assert_eq!(wanted.len() + left_out.len(), TARGETS.len());
        assert!(choose(&["aarch64-apple-darwin".to_owned()]).is_err());
    }
}
