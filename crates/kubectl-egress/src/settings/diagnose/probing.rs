//! Whether a diagnosis sends a probe, and whether the user already agreed.

use std::collections::BTreeSet;

use egress_core::command::{ShellCommand, Word};
use egress_core::port::Port;
use egress_core::target::Target;

use crate::cli;
use crate::exit::Failure;

/// A probe to send.
#[derive(Clone, Debug)]
pub struct Probing {
    /// The ports typed with the host.
    pub ports: BTreeSet<Port>,
    /// Whether the user agreed with a flag.
    pub confirmed: bool,
}

impl Probing {
    /// Puts the flags together; none without a probe. Without a terminal it needs consent by flag.
    pub fn resolve(
        typed: cli::diagnose::probing::Probing,
        targets: &[Target],
        can_ask: bool,
    ) -> Result<Option<Self>, Failure> {
        if !typed.probe {
            return Ok(None);
        }
        let [target] = targets else {
            return Err(Failure::usage(
                format!("`--probe` sends one request: expected one HOST, found {}", targets.len()),
                "name one host, such as `kubectl egress diagnose edition.cnn.com --probe`",
            ));
        };
        if !typed.yes && !can_ask {
            return Err(Failure::usage(
                "`--probe` sends a request from a pod, and there is no terminal for the question",
                format!(
                    "type `{}` to agree",
                    ShellCommand::new(["kubectl", "egress", "diagnose"])
                        .word(Word::host(target.host.as_str()))
                        .words(["--probe", "--yes"])
                ),
            ));
        }
        Ok(Some(Probing { ports: target.ports.clone(), confirmed: typed.yes }))
    }
}
