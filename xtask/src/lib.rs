//! The tasks as a library, so that tests can drive the test bed without a process in between.

mod json_lines;
pub mod load;
mod termination;
pub mod world;
