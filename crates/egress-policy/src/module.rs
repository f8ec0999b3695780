//! A module that can be asked, as a [`Policy`].
//!
//! Every question gets an instance of its own. Knows which interfaces there are; how their values are checked is in
//! `convert`.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use egress_core::policy::answer::{Fault, Finding, Names, Pin, Verdict};
use egress_core::policy::descriptor::{Descriptor, Hook};
use egress_core::policy::request::{Request, Slot};
use egress_core::policy::{Policy, Reply};
use wasmtime::Store;
use wasmtime::component::{Instance, InstancePre};

use crate::bindings::exports::kubectl_egress::policy::{hosts, meta, naming, pinning};
use crate::call::{Failure, Runtime};
use crate::convert::{answer, question};
use crate::error::ModuleError;
use crate::inspect::Inspection;
use crate::store::State;
use crate::{descriptor, text};

/// A policy that came as WebAssembly.
pub struct Module {
    runtime: Arc<Runtime>,
    instance: InstancePre<State>,
    inspection: Inspection,
    descriptor: Descriptor,
    meta: meta::GuestIndices,
    hosts: Option<hosts::GuestIndices>,
    naming: Option<naming::GuestIndices>,
    pinning: Option<pinning::GuestIndices>,
}

impl Module {
    /// Finds the interfaces, checks their shapes, and asks the module who it is.
    pub(crate) fn new(
        runtime: Arc<Runtime>,
        instance: InstancePre<State>,
        inspection: Inspection,
    ) -> Result<Self, ModuleError> {
        let has = |hook: Hook| inspection.hooks.contains(&hook);
        let meta = meta::GuestIndices::new(&instance).map_err(shape("meta"))?;
        let hosts = has(Hook::Hosts)
            .then(|| hosts::GuestIndices::new(&instance).map_err(shape("hosts")))
            .transpose()?;
        let naming = has(Hook::Naming)
            .then(|| naming::GuestIndices::new(&instance).map_err(shape("naming")))
            .transpose()?;
        let pinning = has(Hook::Pinning)
            .then(|| pinning::GuestIndices::new(&instance).map_err(shape("pinning")))
            .transpose()?;
        let reply = runtime.call(&instance, |store, instance| {
            let described = match meta.load(&mut *store, instance) {
                Ok(guest) => guest,
                Err(error) => return Ok(Err(shape("meta")(error))),
            };
            let misshapen = hosts
                .as_ref()
                .and_then(|hosts| wrong("hosts", hosts.load(&mut *store, instance)))
                .or_else(|| {
                    naming.as_ref().and_then(|naming| wrong("naming", naming.load(&mut *store, instance)))
                })
                .or_else(|| {
                    pinning.as_ref().and_then(|pinning| wrong("pinning", pinning.load(&mut *store, instance)))
                });
            if let Some(error) = misshapen {
                return Ok(Err(error));
            }
            Ok(Ok(described.call_describe(store)?))
        });
        let told = reply.result.map_err(ModuleError::Silent)??;
        let descriptor = descriptor::read(told, &runtime.limits)?;
        Ok(Self { runtime, instance, inspection, descriptor, meta, hosts, naming, pinning })
    }

    /// What is on its outside.
    pub fn inspection(&self) -> &Inspection {
        &self.inspection
    }

    fn ask<T>(&self, question: impl FnOnce(&mut Store<State>, &Instance) -> Result<T, Failure>) -> Reply<T> {
        self.runtime.call(&self.instance, question)
    }
}

impl Policy for Module {
    fn descriptor(&self) -> &Descriptor {
        &self.descriptor
    }

    fn hooks(&self) -> &BTreeSet<Hook> {
        &self.inspection.hooks
    }

    fn check_settings(&self, settings: &str) -> Reply<Vec<Finding>> {
        self.ask(|store, instance| {
            let findings = self.meta.load(&mut *store, instance)?.call_check_settings(store, settings)?;
            Ok(answer::Reader::new(&self.runtime.limits, 0).findings(findings)?)
        })
    }

    fn decide(&self, request: &Request) -> Reply<Verdict> {
        let limits = &self.runtime.limits;
        let Some(hosts) = &self.hosts else { return unasked(Hook::Hosts) };
        let asked = match question::request(request, limits) {
            Ok(asked) => asked,
            Err(fault) => return Reply::fault(fault),
        };
        self.ask(|store, instance| {
            let told = hosts.load(&mut *store, instance)?.call_decide(store, &asked)?;
            let mut reader = answer::Reader::new(limits, request.destinations.len());
            let told = told.map_err(|failure| reader.failure(failure))?;
            Ok(reader.verdict(told)?)
        })
    }

    fn name_objects(&self, request: &Request, slots: &[Slot]) -> Reply<Names> {
        let limits = &self.runtime.limits;
        let Some(naming) = &self.naming else { return unasked(Hook::Naming) };
        let asked = match question::request(request, limits) {
            Ok(asked) => asked,
            Err(fault) => return Reply::fault(fault),
        };
        let places = question::slots(slots);
        self.ask(|store, instance| {
            let told = naming.load(&mut *store, instance)?.call_name_objects(store, &asked, &places)?;
            let mut reader = answer::Reader::new(limits, request.destinations.len());
            let told = told.map_err(|failure| reader.failure(failure))?;
            Ok(reader.names(told, slots)?)
        })
    }

    fn pin_gateway(&self, request: &Request) -> Reply<Pin> {
        let limits = &self.runtime.limits;
        let Some(pinning) = &self.pinning else { return unasked(Hook::Pinning) };
        let asked = match question::request(request, limits) {
            Ok(asked) => asked,
            Err(fault) => return Reply::fault(fault),
        };
        self.ask(|store, instance| {
            let told = pinning.load(&mut *store, instance)?.call_pin_gateway(store, &asked)?;
            let mut reader = answer::Reader::new(limits, request.destinations.len());
            let told = told.map_err(|failure| reader.failure(failure))?;
            Ok(reader.pin(told)?)
        })
    }
}

impl fmt::Debug for Module {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Module").field("inspection", &self.inspection).finish_non_exhaustive()
    }
}

/// Asked for something that it does not answer.
fn unasked<T>(hook: Hook) -> Reply<T> {
    Reply::fault(Fault::Internal(format!("it does not answer {hook}")))
}

fn shape(interface: &'static str) -> impl Fn(wasmtime::Error) -> ModuleError {
    move |error| ModuleError::Shape { interface, problem: text::clean(&format!("{error:#}"), 500) }
}

fn wrong<T>(interface: &'static str, loaded: wasmtime::Result<T>) -> Option<ModuleError> {
    loaded.err().map(shape(interface))
}
