//! The tasks as a library, so that tests can drive the test bed without a process in between.

pub mod bed;
pub mod bench;
pub mod codegen;
pub mod demo;
mod deny;
mod digest;
pub mod dist;
pub mod docs;
mod finish;
pub mod fuzz;
mod guests;
mod json_lines;
pub mod krew;
pub mod load;
mod plugin;
pub mod plugins;
mod terminal;
mod termination;
pub mod test;
pub mod tidy;
mod timed;
mod tool;
mod toolchain;
mod workspace;
pub mod world;
