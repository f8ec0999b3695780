//! The code and the level of EG101, below the files that make its findings.

use crate::finding::{Code, Level};

pub(super) const CODE: Code = Code(101);
pub(super) const LEVEL: Level = Level::Error;
