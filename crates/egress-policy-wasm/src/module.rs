//! A module that can be asked, as a [`Policy`].
//!
//! Every question gets an instance of its own. Knows which interfaces there are; how their values are checked is in
//! `convert`.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use egress_policy::answer::{EvaluationError, Finding, Names, Pin, Verdict};
use egress_policy::descriptor::{Descriptor, Hook};
use egress_policy::request::{Request, Slot};
use egress_policy::{Policy, Reply};
use wasmtime::Store;
use wasmtime::component::{Instance, InstancePre};

use crate::bindings::exports::kubectl_egress::policy::{hosts, meta, naming, pinning};
use crate::bindings::kubectl_egress::policy::types;
use crate::call::{Failure, Runtime};
use crate::convert::answer::AnswerReader;
use crate::convert::question;
use crate::error::ModuleError;
use crate::inspect::Inspection;
use crate::store::CallState;
use crate::{descriptor, text};

/// A policy that came as WebAssembly.
pub struct Module {
    runtime: Arc<Runtime>,
    instance: InstancePre<CallState>,
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
        instance: InstancePre<CallState>,
        inspection: Inspection,
    ) -> Result<Self, ModuleError> {
        let has = |hook: Hook| inspection.hooks.contains(&hook);
        let meta = meta::GuestIndices::new(&instance).map_err(shape("meta"))?;
        let found = || hosts::GuestIndices::new(&instance).map_err(shape("hosts"));
        let hosts = has(Hook::Hosts).then(found).transpose()?;
        let found = || naming::GuestIndices::new(&instance).map_err(shape("naming"));
        let naming = has(Hook::Naming).then(found).transpose()?;
        let found = || pinning::GuestIndices::new(&instance).map_err(shape("pinning"));
        let pinning = has(Hook::Pinning).then(found).transpose()?;
        let reply = runtime.call(&instance, |store, instance| {
            // The types of all functions are compared now, so that no later question fails for them.
            let mut fit = || {
                if let Some(hosts) = &hosts {
                    hosts.load(&mut *store, instance).map_err(shape("hosts"))?;
                }
                if let Some(naming) = &naming {
                    naming.load(&mut *store, instance).map_err(shape("naming"))?;
                }
                if let Some(pinning) = &pinning {
                    pinning.load(&mut *store, instance).map_err(shape("pinning"))?;
                }
                meta.load(&mut *store, instance).map_err(shape("meta"))
            };
            match fit() {
                Ok(guest) => Ok(Ok(guest.call_describe(store)?)),
                Err(error) => Ok(Err(error)),
            }
        });
        let told = reply.result.map_err(ModuleError::Silent)??;
        let descriptor = descriptor::read(told, &runtime.limits)?;
        Ok(Self { runtime, instance, inspection, descriptor, meta, hosts, naming, pinning })
    }

    /// What is on its outside.
    pub fn inspection(&self) -> &Inspection {
        &self.inspection
    }

    /// Asks about a request, in an instance of its own.
    fn ask<T>(
        &self,
        request: &Request,
        question: impl FnOnce(Call<'_>, &types::Request, &mut AnswerReader<'_>) -> Result<T, Failure>,
    ) -> Reply<T> {
        let limits = &self.runtime.limits;
        let asked = match question::request(request, limits) {
            Ok(asked) => asked,
            Err(error) => return Reply::error(error),
        };
        let mut reader = AnswerReader::new(limits, request.destinations.len());
        self.runtime
            .call(&self.instance, |store, instance| question(Call { store, instance }, &asked, &mut reader))
    }
}

/// One instance, while it is asked.
struct Call<'a> {
    store: &'a mut Store<CallState>,
    instance: &'a Instance,
}

impl Policy for Module {
    fn descriptor(&self) -> &Descriptor {
        &self.descriptor
    }

    fn hooks(&self) -> &BTreeSet<Hook> {
        &self.inspection.hooks
    }

    fn check_settings(&self, settings: &str) -> Reply<Vec<Finding>> {
        self.runtime.call(&self.instance, |store, instance| {
            let told = self.meta.load(&mut *store, instance)?.call_check_settings(store, settings)?;
            Ok(AnswerReader::new(&self.runtime.limits, 0).findings(told)?)
        })
    }

    fn decide(&self, request: &Request) -> Reply<Verdict> {
        let Some(hosts) = &self.hosts else { return unasked(Hook::Hosts) };
        self.ask(request, |call, asked, reader| {
            let told = hosts.load(&mut *call.store, call.instance)?.call_decide(call.store, asked)?;
            let told = told.map_err(|failure| reader.failure(failure))?;
            Ok(reader.verdict(told)?)
        })
    }

    fn name_objects(&self, request: &Request, slots: &[Slot]) -> Reply<Names> {
        let Some(naming) = &self.naming else { return unasked(Hook::Naming) };
        let places = question::slots(slots);
        self.ask(request, |call, asked, reader| {
            let guest = naming.load(&mut *call.store, call.instance)?;
            let told = guest.call_name_objects(call.store, asked, &places)?;
            let told = told.map_err(|failure| reader.failure(failure))?;
            Ok(reader.names(told, slots)?)
        })
    }

    fn pin_gateway(&self, request: &Request) -> Reply<Pin> {
        let Some(pinning) = &self.pinning else { return unasked(Hook::Pinning) };
        self.ask(request, |call, asked, reader| {
            let told = pinning.load(&mut *call.store, call.instance)?.call_pin_gateway(call.store, asked)?;
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
    Reply::error(EvaluationError::Internal(format!("it does not answer {hook}")))
}

fn shape(interface: &'static str) -> impl Fn(wasmtime::Error) -> ModuleError {
    move |error| {
        let message = format!("{error:#}");
        let problem = message.trim_start_matches("failed to convert function to given type: ");
        ModuleError::Shape { interface, problem: text::clean(problem, 500) }
    }
}
