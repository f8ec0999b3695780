//! Values of the core to values of the interfaces and back.
//!
//! What goes in is bounded. What comes out is a stranger's: bounded, cleaned, and held to what was asked.

pub(crate) mod answer;
pub(crate) mod question;
