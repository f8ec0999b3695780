//! What a layout is, as data. Knows none in particular.

use super::part::Part;
use super::refusal::Refusal;
use crate::intent::{GatewayTls, Layout};
use crate::metadata::Record;
use crate::names;
use crate::proof::Side;
use crate::resource::Resource;
use crate::role::Role;
use crate::snapshot::{GatewayFacts, MeshFacts};

/// One way to write an egress.
pub struct Dialect {
    /// Its name in code.
    pub layout: Layout,
    /// Its name for people: the value of `--layout`, and of the annotation of the record.
    pub word: &'static str,
    /// The writes, in their order. Removal is the exact reverse.
    pub phases: &'static [Phase],
    /// The object whose annotations are the record of the request.
    pub record: Role,
    /// The ServiceEntry by which the gateway knows the host.
    pub upstream_entry: Role,
    /// What that entry calls the host.
    pub upstream: Upstream,
    /// The VirtualService with the routes that the gateway follows.
    pub gateway_routes: Role,
    /// The subset of the gateway's Service to which sidecars send.
    pub subset: Subset,
    /// What happens when a naming policy gives the objects of an existing egress other names.
    pub rename: Rename,
    /// Refuses what the layout can do for no host and no gateway.
    pub accept: fn(GatewayTls, &[String]) -> Result<(), Refusal>,
    /// The complete objects, in the order in which they are complete.
    pub objects: fn(&Record, &GatewayFacts, &MeshFacts) -> Vec<Part>,
    /// Makes of a complete object what [`Stage::First`] writes of it, for a gateway in this namespace.
    pub first_stage: fn(&mut Resource, &str),
}

/// One write of one object.
pub struct Phase {
    /// Which object.
    pub role: Role,
    /// How much of it.
    pub stage: Stage,
    /// What must be seen before the next phase of an addition.
    pub up: Up,
    /// What must be seen before the next phase of a removal.
    pub down: Down,
}

/// How much of an object a phase writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// What may be seen before the other objects are there. Only of an object that does not exist: to narrow an existing one
    /// would cut its callers off.
    First,
    /// All of it.
    Whole,
}

/// What must be seen after a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Up {
    /// Nothing: it is enough that the object is stored.
    Stored,
    /// The callers' sidecars know the subset of the gateway's Service: a route to an unknown one answers 503.
    SubsetKnown,
    /// The proxies of one side follow the routes of this object, and the routes lead where they should.
    Routes {
        /// Which proxies.
        side: Side,
        /// The VirtualService.
        of: Role,
        /// Asked only of sidecars that listen for the port: one that does not know the host yet may not.
        where_listening: bool,
    },
    /// The callers' sidecars send the host's ports to the gateway's Service, by the entry alone.
    LeadsToGateway,
}

/// What must be seen after a deletion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Down {
    /// Nothing: it is enough that the object is not stored.
    Stored,
    /// No proxy of this side follows the routes of this object.
    RoutesGone {
        /// Which proxies.
        side: Side,
        /// The VirtualService.
        of: Role,
    },
    /// The callers' sidecars do not know the host, unless another entry makes it known to them. Seen by the routes of this
    /// object for TLS: a sidecar has none for a host that it does not know.
    Forgotten {
        /// The VirtualService.
        of: Role,
    },
    /// The callers' sidecars do not send to the host, unless another entry makes it known to them.
    EntryGone,
}

/// What the gateway's entry calls the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Upstream {
    /// A name that only this egress uses: no other entry can change the gateway's cluster.
    OwnName,
    /// The host itself: of two entries for it the gateway uses one.
    Host,
}

/// The subset of the gateway's Service to which sidecars send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subset {
    /// One that all egresses of the gateway use, in a DestinationRule of the gateway's namespace.
    OfGateway(&'static str),
    /// One for each host, in a DestinationRule of the callers' namespace. That rule hides the rules of the gateway's
    /// namespace from the callers.
    OfHost,
    /// None: sidecars send to the host, whose endpoint is the gateway.
    None,
}

/// What happens when the names of an egress change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rename {
    /// Objects of both names can exist at once: the old ones go when the new ones are proven.
    Beside,
    /// Objects of both names would conflict: refused.
    Refused,
}

impl Dialect {
    /// Whether one of its objects has this role.
    pub fn has(&self, role: Role) -> bool {
        self.phases.iter().any(|phase| phase.role == role)
    }

    /// Whether the objects of both serve one host at the same time, so that the old ones may go after the new ones are
    /// proven.
    pub fn may_stand_beside(&self, other: &Dialect) -> bool {
        self.layout == other.layout || (self.rename == Rename::Beside && other.rename == Rename::Beside)
    }

    /// Whether the callers' sidecars reach the gateway by a VirtualService.
    pub fn has_routes_of_callers(&self) -> bool {
        let of_callers = |up: Up| matches!(up, Up::Routes { side: Side::Clients, .. });
        self.phases.iter().any(|phase| of_callers(phase.up))
    }

    /// Whether it uses objects that all egresses of a gateway use.
    pub fn has_gateway_objects(&self) -> bool {
        self.phases.iter().any(|phase| phase.role.is_of_pair())
    }

    /// Whether what the gateway's proxies do for the host depends on this object.
    pub fn is_at_gateway(&self, role: Role) -> bool {
        role == self.gateway_routes || role == self.upstream_entry || role == Role::Gateway
    }

    /// The host of the gateway's entry.
    pub fn upstream_host(&self, host: &str, namespace: &str) -> String {
        match self.upstream {
            Upstream::OwnName => names::upstream_host(host, namespace),
            Upstream::Host => host.to_owned(),
        }
    }
}

impl Phase {
    /// A write of a whole object.
    pub const fn whole(role: Role, up: Up, down: Down) -> Self {
        Phase { role, stage: Stage::Whole, up, down }
    }

    /// A first write, of what may be seen early.
    pub const fn first(role: Role, up: Up, down: Down) -> Self {
        Phase { role, stage: Stage::First, up, down }
    }
}
