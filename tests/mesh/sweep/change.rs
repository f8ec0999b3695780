//! The changes that are swept: what is there before, the command, and the way back.

use anyhow::ensure;

use crate::harness::Mesh;

/// One change of one egress.
pub(super) struct Change {
    pub(super) name: &'static str,
    /// Whether every run of the tests sweeps it.
    pub(super) is_common: bool,
    /// What makes the state before it, on a mesh without egresses.
    before: &'static [&'static [&'static str]],
    pub(super) command: &'static [&'static str],
    /// What leads back, from any half of it; [`Change::before`] follows.
    back: &'static [&'static [&'static str]],
}

const ADD: &[&str] = &["add", "edition.cnn.com", "-n", "shop"];
const ADD_TLS: &[&str] = &["add", "edition.cnn.com:443/TLS", "-n", "shop"];
/// In another namespace: the documented layout stands beside no shared egress of its own.
const ADD_OTHER: &[&str] = &["add", "api.github.com", "-n", "billing"];
const REMOVE: &[&str] = &["remove", "edition.cnn.com", "-n", "shop"];
const DOCUMENTED: &[&str] = &["add", "edition.cnn.com", "-n", "shop", "--layout", "documented"];
const DOCUMENTED_TLS: &[&str] = &["add", "edition.cnn.com:443/TLS", "-n", "shop", "--layout", "documented"];
const ENDPOINTS: &[&str] = &["add", "edition.cnn.com", "-n", "shop", "--layout", "endpoints"];
const PLAIN: &[&str] =
    &["add", "edition.cnn.com:80", "-n", "shop", "--layout", "documented", "--hop", "plain"];
const MTLS: &[&str] = &["add", "edition.cnn.com:80", "-n", "shop", "--layout", "documented", "--hop", "mtls"];
const TWO: &[&str] = &["add", "edition.cnn.com", "example.test:443/TLS", "-n", "shop"];
const REMOVE_TWO: &[&str] = &["remove", "edition.cnn.com", "example.test", "-n", "shop"];
const REMOVE_SECOND: &[&str] = &["remove", "example.test", "-n", "shop"];
const WIDER: &[&str] = &["add", "edition.cnn.com", "-n", "shop", "--export-to", ".,billing"];

/// The pair is there before each of them: it outlives its hosts, so the way back would not delete it.
pub(super) const CHANGES: &[Change] = &[
    Change { name: "add", is_common: true, before: &[ADD_OTHER], command: ADD, back: &[REMOVE] },
    Change { name: "remove", is_common: true, before: &[ADD_OTHER, ADD], command: REMOVE, back: &[ADD] },
    Change {
        name: "more ports",
        is_common: true,
        before: &[ADD_OTHER, ADD_TLS],
        command: ADD,
        back: &[REMOVE],
    },
    Change {
        name: "add, documented",
        is_common: false,
        before: &[ADD_OTHER],
        command: DOCUMENTED,
        back: &[REMOVE],
    },
    Change {
        name: "remove, documented",
        is_common: false,
        before: &[ADD_OTHER, DOCUMENTED],
        command: REMOVE,
        back: &[DOCUMENTED],
    },
    Change {
        name: "more ports, documented",
        is_common: false,
        before: &[ADD_OTHER, DOCUMENTED_TLS],
        command: DOCUMENTED,
        back: &[REMOVE],
    },
    Change {
        name: "add, endpoints",
        is_common: false,
        before: &[ADD_OTHER],
        command: ENDPOINTS,
        back: &[REMOVE],
    },
    Change {
        name: "remove, endpoints",
        is_common: false,
        before: &[ADD_OTHER, ENDPOINTS],
        command: REMOVE,
        back: &[ENDPOINTS],
    },
    Change {
        name: "shared to endpoints",
        is_common: false,
        before: &[ADD_OTHER, ADD],
        command: ENDPOINTS,
        back: &[REMOVE],
    },
    Change {
        name: "endpoints to shared",
        is_common: false,
        before: &[ADD_OTHER, ENDPOINTS],
        command: ADD,
        back: &[REMOVE],
    },
    Change {
        name: "shared to documented",
        is_common: false,
        before: &[ADD_OTHER, ADD],
        command: DOCUMENTED,
        back: &[REMOVE],
    },
    Change {
        name: "hop plain to mtls, documented",
        is_common: false,
        before: &[ADD_OTHER, PLAIN],
        command: MTLS,
        back: &[REMOVE],
    },
    Change {
        name: "add, two hosts",
        is_common: false,
        before: &[ADD_OTHER],
        command: TWO,
        back: &[REMOVE, REMOVE_SECOND],
    },
    Change {
        name: "remove, two hosts",
        is_common: false,
        before: &[ADD_OTHER, TWO],
        command: REMOVE_TWO,
        back: &[TWO],
    },
    Change {
        name: "more callers",
        is_common: false,
        before: &[ADD_OTHER, ADD],
        command: WIDER,
        back: &[REMOVE],
    },
];

impl Change {
    /// Makes the state before it, on a mesh without egresses.
    pub(super) fn set_up(&self, mesh: &Mesh) -> anyhow::Result<()> {
        self.before.iter().try_for_each(|command| mesh.done(command).map(drop))
    }

    /// Makes the state before it again, from any half of it.
    pub(super) fn take_back(&self, mesh: &Mesh) -> anyhow::Result<()> {
        for command in self.back {
            let ended = mesh.plugin(command)?;
            let nothing = ended.code == 1 && ended.stderr.contains("no egress for host");
            ensure!(
                ended.code == 0 || nothing,
                "kubectl egress {}: exit code {}\n{}",
                command.join(" "),
                ended.code,
                ended.stderr
            );
        }
        // Of a removal that was cut short, the way back is the addition itself.
        if self.back.contains(&REMOVE) { self.set_up(mesh) } else { Ok(()) }
    }
}
