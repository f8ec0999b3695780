//! What `list` is to do.

use super::Namespaces;
use crate::cli;
use crate::exit::Failure;

/// What `list` is to do.
#[derive(Clone, Debug)]
pub struct List {
    /// Where to look.
    pub namespaces: Namespaces,
    /// Which objects.
    pub selector: Option<String>,
    /// The format of the result.
    pub output: Option<String>,
    /// Whether a table has a header.
    pub headers: bool,
}

impl List {
    /// Puts the flags together.
    pub fn resolve(typed: cli::list::List, global: &cli::global::Global) -> Result<Self, Failure> {
        Ok(List {
            namespaces: Namespaces::resolve(global.namespace.clone(), typed.all_namespaces)?,
            selector: typed.selector,
            output: typed.output,
            headers: !typed.no_headers,
        })
    }
}
