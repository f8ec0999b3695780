//! What a fix does to one object. The command to type is made from it, so that both always say the same.
//!
//! Knows the changes that kubectl makes: patches, labels, annotations, written and deleted objects. Does not know the
//! schemas of objects, and needs no cluster.

use egress_core::command::{ShellCommand, Word};
use serde_json::{Map, Value, json};

mod patch;

/// Labels or annotations: the new value of each key, or none to remove it.
pub type Metadata = Vec<(String, Option<String>)>;

/// A change of one object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectChange {
    /// The kind as kubectl takes it: `service`, `gateway.networking.istio.io`.
    pub kind: String,
    /// Its namespace; empty for objects without one.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// What is done to it.
    pub how: Alteration,
}

/// What is done to an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Alteration {
    /// The operations of a JSON patch.
    JsonPatch(Value),
    /// A JSON merge patch.
    MergePatch(Value),
    /// The patch that kubectl makes by default: like a merge patch, but ports of a Service are found by number.
    StrategicPatch(Value),
    /// Annotations are set or removed.
    Annotate(Metadata),
    /// Labels are set or removed.
    Label(Metadata),
    /// It is written as this manifest.
    Write(Value),
    /// It is deleted.
    Delete,
}

impl ObjectChange {
    /// A change of an object.
    pub fn new((kind, name, namespace): (&str, &str, &str), how: Alteration) -> Self {
        ObjectChange { kind: kind.to_owned(), namespace: namespace.to_owned(), name: name.to_owned(), how }
    }

    /// Writes an object.
    pub fn write(manifest: Value) -> Self {
        let word = |path: &str| manifest.pointer(path).and_then(Value::as_str).unwrap_or_default().to_owned();
        let (kind, api_version) = (word("/kind").to_ascii_lowercase(), word("/apiVersion"));
        let kind = match api_version.split_once('/') {
            // Of Kubernetes' own groups, the kind is enough.
            Some((group, _)) if group.ends_with("istio.io") => format!("{kind}.{group}"),
            _ => kind,
        };
        ObjectChange {
            kind,
            namespace: word("/metadata/namespace"),
            name: word("/metadata/name"),
            how: Alteration::Write(manifest),
        }
    }

    /// The command that makes this change.
    pub fn command(&self) -> ShellCommand {
        let ObjectChange { kind, namespace, name, how } = self;
        let verb = |verb: &'static str| {
            ShellCommand::new(["kubectl", verb]).object(kind, name).in_namespace(namespace)
        };
        match how {
            Alteration::JsonPatch(patch) => {
                verb("patch").words(["--type", "json", "-p"]).word(Word::json(patch))
            }
            Alteration::MergePatch(patch) => {
                verb("patch").words(["--type", "merge", "-p"]).word(Word::json(patch))
            }
            Alteration::StrategicPatch(patch) => verb("patch").word("-p").word(Word::json(patch)),
            Alteration::Annotate(changes) => verb("annotate").each(words(changes)).word("--overwrite"),
            Alteration::Label(changes) => verb("label").each(words(changes)).word("--overwrite"),
            Alteration::Write(manifest) => {
                // Not `echo`: implementations treat backslashes differently.
                let written = ShellCommand::new(["printf", "%s"]).word(Word::json(manifest));
                written.into_command(ShellCommand::new(["kubectl", "apply", "-f", "-"]))
            }
            Alteration::Delete => ShellCommand::delete(kind, name, namespace),
        }
    }

    /// The object after the change, none where it is deleted.
    ///
    /// # Errors
    /// [`RefusedChange`] where kubectl or the API server would refuse the change.
    pub fn apply(&self, object: Option<Value>) -> Result<Option<Value>, RefusedChange> {
        if let Alteration::Write(manifest) = &self.how {
            let mut written = object.unwrap_or_else(|| json!({}));
            // An object that exists keeps its identity and its age.
            patch::merge(&mut written, &json!({ "metadata": manifest["metadata"] }));
            for (key, value) in
                manifest.as_object().into_iter().flatten().filter(|(key, _)| *key != "metadata")
            {
                written[key.as_str()] = value.clone();
            }
            return Ok(Some(written));
        }
        let mut object = object.ok_or(RefusedChange)?;
        match &self.how {
            Alteration::JsonPatch(operations) => {
                for operation in operations.as_array().into_iter().flatten() {
                    patch::operate(&mut object, operation).ok_or(RefusedChange)?;
                }
            }
            Alteration::MergePatch(change) => patch::merge(&mut object, change),
            Alteration::StrategicPatch(change) => patch::merge_strategically(&mut object, change),
            Alteration::Annotate(changes) => set_metadata(&mut object, "annotations", changes),
            Alteration::Label(changes) => set_metadata(&mut object, "labels", changes),
            Alteration::Delete => return Ok(None),
            Alteration::Write(_) => {}
        }
        Ok(Some(object))
    }
}

/// A change that kubectl or the API server would refuse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RefusedChange;

fn words(changes: &Metadata) -> impl Iterator<Item = Word> {
    changes.iter().map(|(key, value)| match value {
        None => Word::key(key).and("-"),
        Some(value) => Word::key(key).and("=").and(Word::value(value)),
    })
}

fn set_metadata(object: &mut Value, field: &str, changes: &Metadata) {
    let changes = changes.iter().map(|(key, value)| (key.clone(), json!(value)));
    patch::merge(object, &json!({ "metadata": { field: changes.collect::<Map<_, _>>() } }));
}
