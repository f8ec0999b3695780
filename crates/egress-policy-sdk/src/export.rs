//! From traits to a component: the exports that the host calls, for exactly the questions a policy answers.

use alloc::string::String;
use alloc::vec::Vec;
use core::marker::PhantomData;

use crate::bindings::hosts::exports::kubectl_egress::policy::hosts;
use crate::bindings::meta::exports::kubectl_egress::policy::meta;
use crate::bindings::naming::exports::kubectl_egress::policy::naming;
use crate::bindings::pinning::exports::kubectl_egress::policy::pinning;
use crate::{
    Descriptor, Failure, Finding, HostPolicy, Names, NamingPolicy, Pin, PinningPolicy, Policy, Request, Slot,
    Verdict, ask,
};

/// A policy as wit-bindgen's export macros want it. Only [`export_policy!`](crate::export_policy) names it.
pub struct Exported<P>(PhantomData<P>);

impl<P: Policy> meta::Guest for Exported<P> {
    fn describe() -> Descriptor {
        ask::describe::<P>()
    }

    fn check_settings(settings: String) -> Vec<Finding> {
        ask::check_settings::<P>(&settings)
    }
}

impl<P: HostPolicy> hosts::Guest for Exported<P> {
    fn decide(request: Request) -> Result<Verdict, Failure> {
        ask::hosts::<P>(&request)
    }
}

impl<P: NamingPolicy> naming::Guest for Exported<P> {
    fn name_objects(request: Request, slots: Vec<Slot>) -> Result<Names, Failure> {
        ask::naming::<P>(&request, &slots)
    }
}

impl<P: PinningPolicy> pinning::Guest for Exported<P> {
    fn pin_gateway(request: Request) -> Result<Pin, Failure> {
        ask::pinning::<P>(&request)
    }
}

/// Makes a component of a policy: `export_policy!(Acme: hosts, naming);` with those of `hosts`, `naming` and `pinning`
/// that it answers. Once in a crate. Natively it only checks that the traits are there.
#[macro_export]
macro_rules! export_policy {
    ($policy:ident: $($hook:ident),+ $(,)?) => {
        const _: () = { $( let _ = $crate::ask::$hook::<$policy>; )+ };

        #[cfg(target_family = "wasm")]
        mod egress_policy_component {
            type Component = $crate::Exported<super::$policy>;

            $crate::bindings::meta::export_meta!(Component with_types_in $crate::bindings::meta);
            $( $crate::export_policy!(@export $hook Component); )+
        }
    };
    (@export hosts $component:ident) => {
        $crate::bindings::hosts::export_hosts!($component with_types_in $crate::bindings::hosts);
    };
    (@export naming $component:ident) => {
        $crate::bindings::naming::export_naming!($component with_types_in $crate::bindings::naming);
    };
    (@export pinning $component:ident) => {
        $crate::bindings::pinning::export_pinning!($component with_types_in $crate::bindings::pinning);
    };
}
