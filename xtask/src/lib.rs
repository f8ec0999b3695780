//! The tasks as a library, so that tests can drive the test bed without a process in between.

pub mod bed;
pub mod codegen;
mod json_lines;
pub mod load;
mod terminal;
mod termination;
pub mod test;
pub mod tidy;
pub mod workspace;
pub mod world;
