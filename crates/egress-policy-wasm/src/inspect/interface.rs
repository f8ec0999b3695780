//! The name of an interface, such as `kubectl-egress:policy/hosts@0.1.0`, and whether its version is spoken here.

use std::fmt;

use semver::{Version, VersionReq};

use super::{SPOKEN, shown};
use crate::error::ModuleError;

/// The package that all interfaces of policies are in.
const PACKAGE: &str = "kubectl-egress:policy/";

/// An interface of ours, of a version that is spoken here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Interface {
    /// Such as `hosts`.
    pub(super) name: String,
}

impl Interface {
    /// Reads a name. `None`: not of our package.
    pub(super) fn ours(name: &str) -> Result<Option<Self>, ModuleError> {
        let Some(name_and_version) = name.strip_prefix(PACKAGE) else { return Ok(None) };
        let Some((interface, version)) = name_and_version.split_once('@') else {
            return Err(ModuleError::Unversioned(shown(name)));
        };
        let unreadable = |_| ModuleError::Malformed(format!("`{}` has no readable version", shown(name)));
        speak(&Version::parse(version).map_err(unreadable)?)?;
        Ok(Some(Self { name: interface.to_owned() }))
    }
}

impl fmt::Display for Interface {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}@{SPOKEN}", self.name)
    }
}

/// A name without what follows the `@`.
pub(super) fn without_version(name: &str) -> &str {
    name.split_once('@').map_or(name, |(name, _)| name)
}

/// Whether a version is spoken here. Drafts are not: they change under one name.
fn speak(version: &Version) -> Result<(), ModuleError> {
    let spoken = VersionReq::parse(SPOKEN).map_err(|error| ModuleError::Engine(error.to_string()))?;
    if spoken.matches(version) {
        return Ok(());
    }
    let series = format!("{}.{}", version.major, version.minor);
    let newer =
        !spoken.comparators.iter().any(|own| (version.major, Some(version.minor)) < (own.major, own.minor));
    Err(if !version.pre.is_empty() {
        ModuleError::Version {
            found: shown(&version.to_string()),
            advice: format!("that is a draft, and drafts do not run; build it for {SPOKEN}"),
        }
    } else if newer {
        ModuleError::Version {
            advice: format!("upgrade to a kubectl-egress with {series}, or build it for {SPOKEN}"),
            found: series,
        }
    } else {
        ModuleError::Version { found: series, advice: format!("build it for {SPOKEN}") }
    })
}
