//! The tasks as a library, so that tests can drive the test bed without a process in between.

pub mod bed;
pub mod bench;
pub mod codegen;
pub mod demo;
mod deny;
pub mod dist;
pub mod docs;
mod finish;
pub mod fuzz;
mod guests;
pub mod krew;
pub mod oracle;
mod page;
mod plugin;
pub mod plugins;
pub mod sweep;
mod terminal;
pub mod test;
pub mod tidy;
mod tool;
mod toolchain;
mod workspace;
