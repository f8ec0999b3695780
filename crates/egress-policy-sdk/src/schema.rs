//! Schemas of settings, for the one test in which a policy holds its committed schema to its type.
//!
//! A schema is made natively, from the type, and committed beside the policy; a module carries the committed text. So a
//! module pays for no generator, and the text cannot fall behind.

extern crate std;

use alloc::borrow::Cow;
use alloc::collections::BTreeMap;
use alloc::string::String;

pub use schemars::JsonSchema;
use schemars::{Schema, SchemaGenerator, json_schema};

use crate::date::Date;
use crate::{HostGlob, Map, Policy, Selector};

/// Holds the schema that is committed at this path to the type of the settings. With `UPDATE_SCHEMA` set it is written.
///
/// # Panics
///
/// When they differ: it is a test.
pub fn hold<P: Policy<Settings: JsonSchema>>(path: &str) {
    let schema = SchemaGenerator::default().into_root_schema_for::<P::Settings>();
    let text = serde_json::to_string(&schema).unwrap_or_default() + "\n";
    if std::env::var_os("UPDATE_SCHEMA").is_some() {
        assert!(std::fs::write(path, &text).is_ok(), "{path} cannot be written");
        return;
    }
    let committed = P::SETTINGS_SCHEMA.unwrap_or_default();
    assert!(committed == text, "{path} is not the schema of the settings: set UPDATE_SCHEMA and test again");
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

impl<V: JsonSchema> JsonSchema for Map<V> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        BTreeMap::<String, V>::schema_name()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        BTreeMap::<String, V>::json_schema(generator)
    }
}
