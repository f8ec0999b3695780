//! x
pub mod host;
pub mod names;
pub mod port;
pub mod role;
pub mod target;
