//! Files on this machine, read and written so that no other user and no link leads the program astray.
//!
//! A folder is held open and its files are reached through it, so that nobody can exchange a folder between a look and a
//! use. What is written gets a new name and then the old one: a link is never followed, and whoever reads at the same time
//! sees the old or the new. Knows nothing of what is in a file. The reading order is [`owner`], [`folder`],
//! [`file_in_folder`].

pub mod file_in_folder;
pub mod folder;
pub mod owner;
mod private;
pub mod reading;

pub use folder::{Access, Folder, WriteError};
pub use owner::{Doubt, Owners};
