//! One destination of a request together with its place in it, which is how answers name it.

use alloc::format;
use alloc::string::String;
use core::ops::Deref;

use crate::{Destination, Request};

/// A destination as it was asked for. Has the fields of [`Destination`].
#[derive(Clone, Copy, Debug)]
pub struct AskedDestination<'r> {
    /// Its place in the request.
    pub index: u32,
    destination: &'r Destination,
}

impl AskedDestination<'_> {
    /// Where one of its fields stands in the request, such as `destinations[0].port`.
    pub fn path(self, field: &str) -> String {
        format!("destinations[{}].{field}", self.index)
    }
}

impl Deref for AskedDestination<'_> {
    type Target = Destination;

    fn deref(&self) -> &Destination {
        self.destination
    }
}

impl Request {
    /// The destinations, each with its place in the request.
    pub fn destinations(&self) -> impl Iterator<Item = AskedDestination<'_>> {
        (0u32..).zip(&self.destinations).map(|(index, destination)| AskedDestination { index, destination })
    }
}
