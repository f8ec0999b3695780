//! A source of the crate as it is shipped: without its tests, and with the interfaces beside it.

/// Where the crate finds the interfaces in this repository, and where in a project.
const INTERFACES: [&str; 2] = ["\"../../wit/policy-0.1.0\"", "\"wit\""];

/// The tests of a module are its last item.
pub(crate) fn shipped(text: &str) -> String {
    let [here, there] = INTERFACES;
    text.split("\n#[cfg(test)]\n").next().unwrap_or(text).replace(here, there)
}
