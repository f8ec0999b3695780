//! How an egress is written, as data: one dialect for each value of `--layout`.
//!
//! A dialect lists its objects in the order of writing, what the proxies must show after each, and what they must no longer
//! show when it goes. To add, remove, rename, list and compare egresses is to read this data. A new one is a file here with
//! its row, and a variant of [`Layout`]. Knows nothing of what exists.

mod description;
mod documented;
pub mod earlier;
mod endpoints;
pub mod metadata_patch;
mod part;
mod refusal;
mod rules;
pub mod shared;

pub use self::description::{Dialect, Down, Phase, Rename, Stage, Subset, Up, Upstream};
pub use self::part::Part;
pub use self::refusal::Refusal;
pub(crate) use self::rules::INSIDE_HEADERS;
pub use self::rules::{HTTP_HOP, TLS_HOP};
use crate::intent::Layout;
use crate::metadata::Record;
use crate::port::Protocol;
use crate::role::Role;
use crate::snapshot::{GatewayFacts, MeshFacts};

/// The objects of a request, in the order of writing.
///
/// # Errors
/// [`Refusal`] when the layout cannot do what was asked.
pub fn build(record: &Record, gateway: &GatewayFacts, mesh: &MeshFacts) -> Result<Vec<Part>, Refusal> {
    accept(record, gateway)?;
    Ok((record.intent.layout.dialect().objects)(record, gateway, mesh))
}

impl Layout {
    /// Every layout, the default first.
    pub const ALL: [Layout; 3] = [Layout::Shared, Layout::Documented, Layout::Endpoints];

    /// How it is written.
    pub fn dialect(self) -> &'static Dialect {
        match self {
            Layout::Shared => &shared::DIALECT,
            Layout::Documented => &documented::DIALECT,
            Layout::Endpoints => &endpoints::DIALECT,
        }
    }

    /// Its name for people: `shared`.
    pub fn word(self) -> &'static str {
        self.dialect().word
    }

    /// The layout of an egress whose record is missing, from the roles of the objects that are left: the one that knows most
    /// of them, the first of several.
    pub fn of_roles(roles: &[Role]) -> Layout {
        let unknown = |layout: &Layout| roles.iter().filter(|role| !layout.dialect().has(**role)).count();
        Layout::ALL.into_iter().min_by_key(unknown).unwrap_or_default()
    }

    /// Its phases, and those of objects that another layout has and this one has not: a move leaves them for a while, and two
    /// writers at once may leave any of them. Each in the place that its role has in the order of writing.
    pub fn phases_with_leftovers(self) -> Vec<&'static Phase> {
        let mut phases: Vec<&'static Phase> = self.dialect().phases.iter().collect();
        let others = Layout::ALL.into_iter().map(Layout::dialect);
        for phase in others.flat_map(|other| other.phases) {
            if phases.iter().all(|known| known.role != phase.role) {
                let place = phases.iter().take_while(|known| known.role < phase.role).count();
                phases.insert(place, phase);
            }
        }
        phases
    }
}

fn accept(record: &Record, gateway: &GatewayFacts) -> Result<(), Refusal> {
    let intent = &record.intent;
    (intent.layout.dialect().accept)(intent.hop, &intent.export_to)?;
    if gateway.selector.is_empty() {
        return Err(Refusal::NoSelector(gateway.name.clone()));
    }
    if intent.layout.dialect().subset == Subset::None && gateway.headless {
        return Err(Refusal::Headless(gateway.name.clone()));
    }
    let count = intent.ports_of(Protocol::Tls).count();
    if count > 1 {
        return Err(Refusal::SeveralTlsPorts { host: intent.host.to_string(), count });
    }
    for (protocol, port) in [(Protocol::Http, HTTP_HOP), (Protocol::Tls, TLS_HOP)] {
        if intent.ports_of(protocol).next().is_some() && gateway.port(port).is_none() {
            return Err(Refusal::NoServicePort { gateway: gateway.name.clone(), port, protocol });
        }
    }
    Ok(())
}
