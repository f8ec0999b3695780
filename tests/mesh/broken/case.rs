//! What a case says: the file `case.yaml` of its folder.
//!
//! Knows nothing of how it is played.

use std::{fs, path::Path};

use anyhow::Context as _;
use serde::Deserialize;

use super::calls::Call;

/// A way to break.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Case {
    /// Commands that make something that works; none where nothing does before.
    pub(super) before: Option<String>,
    /// Commands that break it; none where what is missing is the fault.
    #[serde(rename = "break")]
    pub(super) breaks: Option<String>,
    /// A part of the mesh that stands still while it is broken, as `istiod` or the agent of a pod, `shop/client`.
    pub(super) pause: Option<String>,
    /// What calls come to.
    pub(super) calls: Vec<Call>,
    /// What is asked of `diagnose`.
    #[serde(default = "usual")]
    pub(super) diagnose: String,
    /// The code of the one cause.
    pub(super) finds: String,
    /// Codes of errors that are told beside it, though they follow from it.
    #[serde(default)]
    pub(super) beside: Vec<String>,
    /// The level of the finding. Below `error`, nothing may be an error.
    #[serde(default = "error")]
    pub(super) level: String,
    /// A value of `EDITOR`, for a printed command that opens one.
    pub(super) editor: Option<String>,
    /// What is done beside the printed command, where that cannot be the whole repair.
    pub(super) repair: Option<Repair>,
}

/// A repair that no command of the tool can be.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Repair {
    /// Why not.
    #[expect(dead_code, reason = "for whoever reads the case, and demanded of whoever writes one")]
    because: String,
    /// What is done instead.
    pub(super) run: String,
    /// Why the printed command is not even run.
    pub(super) not_run: Option<String>,
}

impl Case {
    /// Reads the case of a folder.
    pub(super) fn read(folder: &Path) -> anyhow::Result<Self> {
        let file = folder.join("case.yaml");
        serde_yaml::from_str(&fs::read_to_string(&file)?).with_context(|| format!("{}", file.display()))
    }
}

fn usual() -> String {
    "edition.cnn.com -n shop".to_owned()
}

fn error() -> String {
    "error".to_owned()
}
