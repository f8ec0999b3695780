//! The manifest that krew installs from: `.krew.yaml`, with what only a release knows.
//!
//! Knows krew's form. Knows nothing of how archives are made.

use std::fs;

use anyhow::{Context as _, ensure};
use serde_yaml::{Mapping, Value};

use crate::{
    dist::archive::{self, Archive},
    workspace,
};

/// The plugin's name for krew and kubectl.
pub const NAME: &str = "egress";
/// What is not known before a release.
const TEMPLATE: &str = ".krew.yaml";

/// The file of a plugin in an index.
pub fn file_name(name: &str) -> String {
    format!("{name}.yaml")
}

/// The manifest of a version whose archives lie below `url`, for a plugin of this name.
///
/// # Errors
/// The template cannot be read or lacks a field, or there is no archive.
pub fn render(name: &str, version: &str, url: &str, archives: &[Archive]) -> anyhow::Result<String> {
    ensure!(!archives.is_empty(), "a manifest needs an archive, found none");
    let path = workspace::root().join(TEMPLATE);
    let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let mut manifest: Value = serde_yaml::from_str(&text).context(TEMPLATE)?;
    let fields = |value: &mut Value, field: &str| -> anyhow::Result<()> {
        ensure!(value.get(field).is_some_and(Value::is_mapping), "{TEMPLATE}: expected a field {field}");
        Ok(())
    };
    fields(&mut manifest, "metadata")?;
    fields(&mut manifest, "spec")?;
    manifest["metadata"]["name"] = name.into();
    let spec = &mut manifest["spec"];
    spec["version"] = format!("v{version}").into();
    spec["homepage"] = url.into();
    spec["platforms"] = archives.iter().map(|archive| platform(url, archive)).collect::<Vec<_>>().into();
    Ok(serde_yaml::to_string(&manifest)?)
}

/// Where the archive lies, what it must be, and who it is for. krew takes the program and the licence out of it.
fn platform(url: &str, archive: &Archive) -> Value {
    let file = archive.path.file_name().unwrap_or_default().to_string_lossy();
    let labels = mapping([("os", archive.platform.os.into()), ("arch", archive.platform.arch.into())]);
    let taken = [archive::PROGRAM, archive::LICENSE];
    let files = taken.map(|place| mapping([("from", place.into()), ("to", ".".into())]));
    mapping([
        ("selector", mapping([("matchLabels", labels)])),
        ("uri", format!("{}/{file}", url.trim_end_matches('/')).into()),
        ("sha256", archive.sha256.as_str().into()),
        ("bin", archive::PROGRAM.into()),
        ("files", files.to_vec().into()),
    ])
}

fn mapping<const N: usize>(fields: [(&str, Value); N]) -> Value {
    fields.into_iter().map(|(name, value)| (Value::from(name), value)).collect::<Mapping>().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dist::target::Platform;

    #[test]
    fn a_manifest_names_every_archive_with_its_digest_and_its_platform() {
        let archive = |arch| Archive {
            platform: Platform { os: "linux", arch },
            path: format!("/somewhere/{arch}.tar.gz").into(),
            sha256: arch.repeat(12),
        };

        let text =
            render("mesh-exit", "1.2.3", "https://example.com/v1/", &[archive("amd64"), archive("arm64")]);

        let manifest: Value = serde_yaml::from_str(&text.unwrap()).unwrap();
        assert_eq!(manifest["metadata"]["name"], "mesh-exit");
        assert_eq!(manifest["spec"]["version"], "v1.2.3");
        let platforms = manifest["spec"]["platforms"].as_sequence().unwrap();
        assert_eq!(platforms.len(), 2);
        assert_eq!(platforms[1]["uri"], "https://example.com/v1/arm64.tar.gz");
        assert_eq!(platforms[1]["sha256"], "arm64".repeat(12));
        assert_eq!(platforms[1]["selector"]["matchLabels"]["arch"], "arm64");
    }

    #[test]
    fn without_an_archive_there_is_no_manifest() {
        assert!(render(NAME, "1.2.3", "https://example.com", &[]).is_err());
    }
}
