//! The command line, case by case.

fn main() {}
