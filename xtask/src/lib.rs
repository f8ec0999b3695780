//! The tasks as a library, so that tests can drive the test bed without a process in between.

pub mod bed;
pub mod bench;
pub mod codegen;
pub mod demo;
mod deny;
pub mod docs;
pub mod fuzz;
mod guests;
mod json_lines;
pub mod load;
mod plugin;
pub mod plugins;
mod terminal;
mod termination;
pub mod test;
pub mod tidy;
mod tool;
mod toolchain;
mod workspace;
pub mod world;
