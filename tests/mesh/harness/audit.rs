//! What the API server wrote down: who wrote which object of Istio, when, and whether it was only a rehearsal.

use std::{collections::BTreeSet, fs, time::Duration};

use anyhow::ensure;
use serde::Deserialize;

use super::{LIMIT, Mesh, eventually};

/// A moment in the audit log.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Mark(usize);

/// A write to an object of Istio that the API server has answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Write {
    /// `patch`, `create`, `update` or `delete`.
    pub(crate) verb: String,
    /// Such as `virtualservices/edition-cnn-com`.
    pub(crate) object: String,
    /// Of the object.
    pub(crate) namespace: String,
    /// When the request came, in RFC 3339: texts of one length that compare as times do.
    pub(crate) received: String,
    /// Whether nothing was to be stored.
    pub(crate) dry_run: bool,
    /// The HTTP status.
    pub(crate) code: u16,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Event {
    #[serde(rename = "auditID")]
    id: String,
    stage: String,
    verb: String,
    #[serde(rename = "requestURI")]
    uri: String,
    object_ref: Option<Object>,
    request_received_timestamp: String,
    response_status: Option<Status>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Object {
    resource: String,
    namespace: String,
    name: String,
    api_group: String,
    subresource: String,
}

#[derive(Debug, Deserialize)]
struct Status {
    #[serde(default)]
    code: u16,
}

impl Mesh {
    /// The end of the audit log as it is now.
    pub(crate) fn mark(&self) -> anyhow::Result<Mark> {
        Ok(Mark(fs::read(self.bed().audit_log())?.len()))
    }

    /// The writes since a mark, in order. Waits for those that are still under way.
    pub(crate) fn writes_since(&self, mark: Mark) -> anyhow::Result<Vec<Write>> {
        eventually("the API server to finish all writes", LIMIT, || {
            let (writes, open) = self.writes_and_open(mark)?;
            ensure!(open.is_empty(), "{open:?} are under way");
            Ok(writes)
        })
    }

    /// The objects of the writes since a mark that have been asked for so far, answered or not.
    pub(crate) fn asked_since(&self, mark: Mark) -> anyhow::Result<Vec<String>> {
        let requests = self.events(mark)?.into_iter().filter(|event| event.stage == "RequestReceived");
        Ok(requests.filter_map(|event| event.object_ref).map(|object| object.path()).collect())
    }

    /// Waits until a write of this object has been asked for.
    pub(crate) fn until_asked(&self, object: &str, mark: Mark, limit: Duration) -> anyhow::Result<()> {
        eventually(&format!("a write of {object}"), limit, || {
            let asked = self.asked_since(mark)?;
            ensure!(asked.iter().any(|asked| asked == object), "only {asked:?} were written");
            Ok(())
        })
    }

    fn writes_and_open(&self, mark: Mark) -> anyhow::Result<(Vec<Write>, BTreeSet<String>)> {
        let (mut writes, mut open) = (Vec::new(), BTreeSet::new());
        for event in self.events(mark)? {
            if event.stage == "RequestReceived" {
                open.insert(event.id);
            } else {
                open.remove(&event.id);
                writes.extend(Write::of(event));
            }
        }
        Ok((writes, open))
    }

    /// Events of writes to objects of Istio.
    fn events(&self, mark: Mark) -> anyhow::Result<Vec<Event>> {
        let log = fs::read(self.bed().audit_log())?;
        let text = String::from_utf8_lossy(log.get(mark.0..).unwrap_or_default());
        let lines = text.split_inclusive('\n').filter(|line| line.ends_with('\n'));
        let events = lines.map(serde_json::from_str).collect::<Result<Vec<Event>, _>>()?;
        Ok(events.into_iter().filter(Event::is_write).collect())
    }
}

impl Event {
    /// A status is no object: istiod writes that.
    fn is_write(&self) -> bool {
        let verb = !["get", "list", "watch"].contains(&self.verb.as_str());
        let whole =
            |object: &Object| object.api_group == "networking.istio.io" && object.subresource.is_empty();
        verb && self.object_ref.as_ref().is_some_and(whole)
    }
}

impl Object {
    fn path(&self) -> String {
        format!("{}/{}", self.resource, self.name)
    }
}

impl Write {
    fn of(event: Event) -> Option<Self> {
        let object = event.object_ref?;
        Some(Self {
            object: object.path(),
            namespace: object.namespace,
            dry_run: event.uri.contains("dryRun=All"),
            verb: event.verb,
            received: event.request_received_timestamp,
            code: event.response_status?.code,
        })
    }
}
