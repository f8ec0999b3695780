//! Schemas of settings, for the one test in which a policy holds its committed schema to its type.
//!
//! A schema is made natively, from the type, and committed beside the policy; a module carries the committed text. So a
//! module pays for no generator, and the text cannot fall behind.

use alloc::borrow::Cow;
use alloc::string::String;

pub use schemars::JsonSchema;
use schemars::{Schema, SchemaGenerator, json_schema};

use crate::date::Date;
use crate::{HostGlob, Policy, Selector};

/// The schema of a policy's settings as it is committed: indented, with a last line break.
pub fn of<P: Policy<Settings: JsonSchema>>() -> String {
    let schema = SchemaGenerator::default().into_root_schema_for::<P::Settings>();
    let mut text = serde_json::to_string_pretty(&schema).unwrap_or_default();
    text.push('\n');
    text
}

macro_rules! text_schema {
    ($type:ty, $name:literal, $description:literal) => {
        impl JsonSchema for $type {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> Cow<'static, str> {
                $name.into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({ "type": "string", "description": $description })
            }
        }
    };
}

text_schema!(Date, "Date", "A day in UTC, such as 2026-12-24");
text_schema!(HostGlob, "HostGlob", "A host, or `*.` and a host for everything below it");
text_schema!(Selector, "Selector", "Labels as `kubectl -l` takes them");
