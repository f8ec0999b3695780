//! One call of a policy: a fresh instance, held to its limits, and what came of it.

use std::time::Instant;

use egress_policy::Reply;
use egress_policy::answer::EvaluationError;
use wasmtime::component::{Instance, InstancePre};
use wasmtime::{Store, UpdateDeadline};

use crate::deadline::Deadlines;
use crate::evaluation_error;
use crate::limits::Limits;
use crate::store::{CallState, Exceeded};

/// What all calls of an engine share.
pub(crate) struct Runtime {
    pub(crate) engine: wasmtime::Engine,
    pub(crate) deadlines: Deadlines,
    pub(crate) limits: Limits,
}

/// Why a call has no result.
pub(crate) enum Failure {
    /// The engine stopped it.
    Stopped(wasmtime::Error),
    /// It answered with an error.
    Answered(EvaluationError),
}

impl From<wasmtime::Error> for Failure {
    fn from(error: wasmtime::Error) -> Self {
        Failure::Stopped(error)
    }
}

impl From<EvaluationError> for Failure {
    fn from(fault: EvaluationError) -> Self {
        Failure::Answered(fault)
    }
}

impl Runtime {
    /// Makes an instance and asks it. Whatever it left behind is gone afterwards.
    pub(crate) fn call<T>(
        &self,
        module: &InstancePre<CallState>,
        ask: impl FnOnce(&mut Store<CallState>, &Instance) -> Result<T, Failure>,
    ) -> Reply<T> {
        let limits = &self.limits;
        let deadline = Instant::now() + limits.wall;
        let Ok(_watch) = self.deadlines.watch(deadline) else {
            return Reply::error(EvaluationError::Internal(
                "this machine has no free thread for its timeout".to_owned(),
            ));
        };
        let mut store = Store::new(&self.engine, CallState::new(limits));
        store.limiter(|state| state);
        store.set_hostcall_fuel(limits.hostcall_fuel);
        store.set_epoch_deadline(1);
        let wall = limits.wall;
        // The epoch is the engine's: another call whose time is up moves it too.
        store.epoch_deadline_callback(move |_| {
            if Instant::now() < deadline {
                Ok(UpdateDeadline::Continue(1))
            } else {
                Err(Exceeded::Time(wall).into())
            }
        });
        let result = store
            .set_fuel(limits.fuel)
            .and_then(|()| module.instantiate(&mut store))
            .map_err(Failure::from)
            .and_then(|instance| ask(&mut store, &instance))
            .map_err(|failure| match failure {
                Failure::Stopped(error) => evaluation_error::of(&error, limits),
                Failure::Answered(fault) => fault,
            });
        let fuel = store.get_fuel().ok().map(|left| limits.fuel.saturating_sub(left));
        Reply { result, log: store.into_data().into_log(), fuel }
    }
}
