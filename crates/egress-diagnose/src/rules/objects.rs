//! Checks of whether the objects of a host exist and are complete.

pub(super) mod allowed_today;
pub(super) mod direct_entry;
mod drift;
pub(super) mod fleet_agrees;
pub(super) mod host_added;
pub(super) mod name_kept;
pub(super) mod objects_complete;
pub(super) mod objects_unchanged;
