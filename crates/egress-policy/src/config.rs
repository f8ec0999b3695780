//! `egress-policy.yaml`: which policies are asked, with which settings, and the exceptions.
//!
//! Knows the file. Knows no layer and loads nothing: a source is a text of one of four forms.

mod document;
mod quantity;
mod source;
mod values;

use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

use jiff::civil::Date;

use super::descriptor::Hook;
use super::layer::Effect;
use super::rules::glob::HostGlob;
use egress_core::yaml::LocatedError;

pub use self::quantity::{bytes_text, duration_text};

/// The version that the file must name.
pub const API_VERSION: &str = "kubectl-egress.github.io/v1alpha1";
/// The kind that the file must name.
pub const KIND: &str = "EgressPolicySet";
/// The longest file that is read.
pub const MAXIMUM_BYTES: usize = 1024 * 1024;

/// One file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PolicyConfig {
    /// What happens where all abstain; `None`: the file does not say.
    pub default: Option<Effect>,
    /// The policies, in the order of the file.
    pub policies: Vec<PolicyEntry>,
    /// `naming: {use: NAME}`.
    pub naming: Option<String>,
    /// `labels: {allow: [PREFIX]}`: the prefixes of labels and annotations that policies of lower layers may set.
    pub label_prefixes: BTreeSet<String>,
    /// Destinations allowed although a policy denies them.
    pub exceptions: Vec<ExceptionEntry>,
    /// What the engine may spend on one call.
    pub limits: ConfiguredLimits,
}

/// One policy of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyEntry {
    /// Its name: kebab-case, unique.
    pub name: String,
    /// Where it comes from.
    pub source: Source,
    /// Which of its answers are taken; `None`: all of them.
    pub hooks: Option<BTreeSet<Hook>>,
    /// Canonical JSON of its settings; `{}` where the file gives none.
    pub settings: String,
    /// What is added to each of its denials.
    pub on_deny: Option<String>,
    /// Where it stands in the file, counted from 1.
    pub line: usize,
}

/// Where a policy comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// `builtin: rules`.
    Builtin,
    /// `./file.wasm`: a path, beginning with `./`, `../` or `/`, seen from the file's own folder.
    File(String),
    /// `configmap://NAME/KEY`: `binaryData` of a ConfigMap in the root namespace.
    ConfigMap {
        /// The ConfigMap.
        name: String,
        /// The key.
        key: String,
    },
    /// `oci://host/repository:tag@sha256:…`, without `oci://`. A tag, a digest, or both.
    Oci(String),
}

/// An exception as a file has it: what it is worth depends on the layer of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExceptionEntry {
    /// The code it lets through.
    pub code: String,
    /// The host, or hosts, with or without a port.
    pub destination: HostGlob,
    /// Whose code; `None`: anybody's.
    pub policy: Option<String>,
    /// The last day on which it holds.
    pub until: Date,
    /// Who allowed it.
    pub approved_by: String,
    /// Why.
    pub reason: String,
}

/// What the engine may spend on one call; `None`: the file does not say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ConfiguredLimits {
    /// `wall`: the time of one call.
    pub wall: Option<Duration>,
    /// `fuel`: what one call may compute.
    pub fuel: Option<u64>,
    /// `memory`: bytes of one call.
    pub memory: Option<u64>,
    /// `module`: bytes of a module.
    pub module: Option<u64>,
    /// `compile`: the time to compile a module.
    pub compile: Option<Duration>,
    /// `nodes`: how many nodes a policy is told of.
    pub nodes: Option<u64>,
}

impl PolicyConfig {
    /// Reads a file.
    ///
    /// # Errors
    /// [`LocatedError`] points at the first thing that is wrong.
    pub fn parse(text: &str) -> Result<PolicyConfig, LocatedError> {
        document::parse(text)
    }
}

impl fmt::Display for Source {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Source::Builtin => formatter.write_str("builtin"),
            Source::File(path) => formatter.write_str(path),
            Source::ConfigMap { name, key } => write!(formatter, "configmap://{name}/{key}"),
            Source::Oci(reference) => write!(formatter, "oci://{reference}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_file_of_a_mebibyte_and_more_is_not_read() {
        let error = PolicyConfig::parse(&" ".repeat(MAXIMUM_BYTES + 1)).unwrap_err();
        assert_eq!(error.message, "expected at most 1048576 bytes, found 1048577");
    }

    #[test]
    fn a_field_without_a_value_is_not_there() {
        let head = format!("apiVersion: {API_VERSION}\nkind: {KIND}\n");
        let fields = "default:\npolicies:\nnaming:\nlabels:\nexceptions:\nlimits:\n";
        assert_eq!(PolicyConfig::parse(&format!("{head}{fields}")), PolicyConfig::parse(&head));
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(
            text in "(apiVersion: kubectl-egress.github.io/v1alpha1\nkind: EgressPolicySet\n)?(policies|name|builtin|rules|:|-|\n|  |\\[|\\]|\\{|\\}|&a|\\*a|\"|'|\\||>|!!|#|~|0x1|1e9|limits|wall|[a-z\u{0}-\u{1f}é]){0,60}",
        ) {
            if let Err(error) = PolicyConfig::parse(&text) {
                prop_assert!(error.line > 0 && error.column > 0 && !error.message.contains('\n'), "{}", error);
            }
        }
    }
}
