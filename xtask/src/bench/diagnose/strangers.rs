//! Whole meshes of other people, with one fault each or none: what both programs say of each.
//!
//! `tests/diagnose/strangers/<name>/expected.yaml` says where a mesh is from, what is wrong in it, and which codes of each
//! program name that, as people decided.

use std::{
    collections::BTreeSet,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use serde::Deserialize;

use super::{istioctl::Istioctl, kubectl_egress};
use crate::{terminal, workspace};

/// What people say of one mesh.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct JudgedMesh {
    mesh: String,
    source: String,
    fault: Option<String>,
    #[serde(default)]
    names: BTreeSet<String>,
    #[serde(default)]
    istioctl: BTreeSet<String>,
}

/// One program, over all meshes.
#[derive(Default)]
struct MeshCounts {
    found: usize,
    wrong: usize,
}

/// Runs both programs over every mesh.
pub(super) fn table(plugin: &Path, istioctl: &Istioctl) -> anyhow::Result<String> {
    let meshes = meshes()?;
    terminal::progress(format_args!("asking both programs about {} meshes of other people …", meshes.len()));
    let mut text = "| mesh | fault | istioctl | kubectl egress |\n|---|---|---|---|\n".to_owned();
    let (mut theirs, mut own, mut broken) = (MeshCounts::default(), MeshCounts::default(), 0);
    for (file, judged) in &meshes {
        let told = istioctl.analyse(file)?.into_iter().map(|finding| finding.code).collect();
        let by_istioctl = theirs.cell(judged, &judged.istioctl, &told);
        let by_us = own.cell(judged, &judged.names, &kubectl_egress::codes(plugin, file, &[])?);
        broken += usize::from(judged.fault.is_some());
        let fault = judged.fault.as_deref().unwrap_or("none");
        // Writing to a String cannot fail.
        let _ = writeln!(text, "| {} ({}) | {fault} | {by_istioctl} | {by_us} |", judged.mesh, judged.source);
    }
    let healthy = meshes.len() - broken;
    let _ = writeln!(
        text,
        "\nOf {broken} faults, istioctl finds {} and kubectl egress {}. Of {healthy} healthy meshes, istioctl reports {} and \
         kubectl egress {}.",
        theirs.found, own.found, theirs.wrong, own.wrong
    );
    Ok(text)
}

impl MeshCounts {
    /// What a program says of a mesh; `naming` are the codes that name its fault.
    fn cell(&mut self, judged: &JudgedMesh, naming: &BTreeSet<String>, told: &BTreeSet<String>) -> String {
        let list = |codes: &mut dyn Iterator<Item = &String>| {
            codes.map(String::as_str).collect::<Vec<_>>().join(", ")
        };
        if judged.fault.is_none() {
            self.wrong += usize::from(!told.is_empty());
            return if told.is_empty() {
                "nothing".to_owned()
            } else {
                format!("false: {}", list(&mut told.iter()))
            };
        }
        let right: Vec<&String> = told.intersection(naming).collect();
        let others: Vec<&String> = told.difference(naming).collect();
        let also = if others.is_empty() {
            String::new()
        } else {
            format!("; also {}", list(&mut others.into_iter()))
        };
        if right.is_empty() {
            return format!("missed{also}");
        }
        self.found += 1;
        format!("found: {}{also}", list(&mut right.into_iter()))
    }
}

fn meshes() -> anyhow::Result<Vec<(PathBuf, JudgedMesh)>> {
    let root = workspace::root().join("tests/diagnose/strangers");
    let entries = fs::read_dir(&root).with_context(|| format!("cannot read {}", root.display()))?;
    let mut folders: Vec<PathBuf> = entries.map(|entry| Ok(entry?.path())).collect::<std::io::Result<_>>()?;
    folders.sort();
    let read = |folder: PathBuf| {
        let file = folder.join("expected.yaml");
        let text = fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
        let judged = serde_yaml::from_str(&text).with_context(|| file.display().to_string())?;
        Ok((folder.join("cluster.yaml"), judged))
    };
    folders.into_iter().map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes(words: &[&str]) -> BTreeSet<String> {
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    fn judged(fault: Option<&str>) -> JudgedMesh {
        JudgedMesh {
            mesh: "a mesh".to_owned(),
            source: "a report".to_owned(),
            fault: fault.map(str::to_owned),
            names: BTreeSet::new(),
            istioctl: BTreeSet::new(),
        }
    }

    #[test]
    fn only_a_code_that_names_the_fault_finds_it() {
        let mut counts = MeshCounts::default();
        let broken = judged(Some("a fault"));
        assert_eq!(counts.cell(&broken, &codes(&["IST0101"]), &codes(&["IST0129"])), "missed; also IST0129");
        assert_eq!(counts.cell(&broken, &codes(&["IST0101"]), &codes(&["IST0101"])), "found: IST0101");
        assert_eq!((counts.found, counts.wrong), (1, 0));
    }

    #[test]
    fn whatever_is_told_of_a_healthy_mesh_is_false() {
        let mut counts = MeshCounts::default();
        assert_eq!(counts.cell(&judged(None), &BTreeSet::new(), &codes(&["IST0129"])), "false: IST0129");
        assert_eq!(counts.cell(&judged(None), &BTreeSet::new(), &BTreeSet::new()), "nothing");
        assert_eq!((counts.found, counts.wrong), (0, 1));
    }
}
