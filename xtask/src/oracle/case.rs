//! A cluster with calls and what istiod does with them, as a file: such files are tests that need no istiod.
//!
//! The objects come first; the last document is of this tool's own group, so that the file is one that `diagnose` reads, too.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use serde_json::{Value, json};

use super::{additions::AdditionCounterexample, cluster, complete::unidentified, difference::Difference};

const KIND: &str = "Calls";

/// Writes a difference as a case, into the folder of its source.
pub(super) fn write(
    folder: &Path,
    source: &str,
    name: &str,
    objects: &[Value],
    difference: &Difference,
) -> anyhow::Result<PathBuf> {
    let folder = folder.join(source);
    fs::create_dir_all(&folder)?;
    let file = folder.join(format!("{name}.yaml"));
    let calls = json!({
        "apiVersion": "kubectl-egress.github.io/v1alpha1", "kind": KIND, "metadata": { "name": "calls" },
        "calls": [{ "call": difference.call, "passages": difference.theirs }],
    });
    let objects: Vec<Value> = objects.iter().cloned().map(unidentified).chain([calls]).collect();
    let text = format!("# {}\n{}", difference.parting(), cluster::yaml(&objects)?);
    fs::write(&file, text).with_context(|| file.display().to_string())?;
    Ok(file)
}

/// Writes the cluster of an addition that does not do what it should: as it is, and after the writes.
pub(super) fn write_addition(folder: &Path, found: &AdditionCounterexample) -> anyhow::Result<()> {
    let folder = folder.join("additions");
    fs::create_dir_all(&folder)?;
    let text = found.text.replace('\n', "\n#");
    for (when, objects) in ["before", "after"].into_iter().zip(&found.objects) {
        let file = folder.join(format!("{}-{when}.yaml", found.name.replace('/', "-")));
        fs::write(&file, format!("# {text}\n{}", cluster::yaml(objects)?))
            .with_context(|| file.display().to_string())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use egress_core::istio::call::{Call, Passage, Speaks};
    use serde::Deserialize;

    use super::*;
    use crate::oracle::{cluster::word, complete::identified, judge, sources};
    use crate::workspace;

    /// What a file holds.
    #[derive(Debug)]
    struct OracleCase {
        objects: Vec<Value>,
        calls: Vec<ExpectedCall>,
    }

    /// A call, and what istiod does with it.
    #[derive(Debug, Deserialize)]
    struct ExpectedCall {
        call: Call,
        passages: Vec<Passage>,
    }

    /// Reads a case.
    fn read(text: &str) -> anyhow::Result<OracleCase> {
        let (own, objects): (Vec<Value>, Vec<Value>) =
            cluster::parse(text).into_iter().partition(|object| word(object, "/kind") == KIND);
        let calls = own.iter().flat_map(|own| cluster::list(own, "/calls"));
        let calls: Result<Vec<ExpectedCall>, _> = calls.map(ExpectedCall::deserialize).collect();
        let objects = objects.into_iter().map(identified).collect();
        Ok(OracleCase { objects, calls: calls? })
    }

    #[test]
    fn every_case_ends_as_istiod_ends_it() {
        let folder = workspace::root().join("tests/oracle");
        for file in sources::files(&folder).unwrap() {
            let OracleCase { objects, calls } = read(&fs::read_to_string(&file).unwrap()).unwrap();
            assert!(!calls.is_empty(), "{}", file.display());
            let tried: Vec<Call> = calls.iter().map(|expected| expected.call.clone()).collect();
            let answers = judge::simulated(&judge::with_slices(objects), &tried);
            for ((call, ours), expected) in answers.into_iter().zip(calls) {
                let difference = Difference::of(&call, ours, expected.passages);
                assert!(difference.is_none(), "{}: {}", file.display(), difference.unwrap());
            }
        }
    }

    #[test]
    fn what_is_written_is_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let call = Call {
            caller: "shop/web-1".to_owned(),
            address: std::net::Ipv4Addr::new(203, 0, 113, 250).into(),
            port: 443,
            speaks: Speaks::Tls { server_name: None },
        };
        let object = json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": "shop" } });
        let difference = Difference { call: call.clone(), ours: Vec::new(), theirs: Vec::new() };

        let file =
            write(folder.path(), "grammar", "1-2", std::slice::from_ref(&object), &difference).unwrap();

        let OracleCase { objects, calls } = read(&fs::read_to_string(file).unwrap()).unwrap();
        assert_eq!(objects, [identified(object)]);
        assert_eq!(calls[0].call, call);
    }
}
