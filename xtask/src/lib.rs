//! The tasks as a library, so that tests can drive the test bed without a process in between.
