//! Istio's specs as Rust types: takes the CRDs out of the Istio that the bed runs, and has kopium turn them into
//! `crates/egress-istio`. Knows nothing of what the types are used for.

use std::{
    collections::BTreeSet,
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context as _, bail, ensure};
use serde::Deserialize as _;
use serde_json::Value;

use crate::{terminal, tidy, tool::Tool, workspace};

/// Turns a CRD into types.
const KOPIUM: Tool = Tool { name: "kopium", version: "0.24.1", options: &[] };
const VERSION: &str = "v1";
/// Where Istio's module keeps all its CRDs.
const CRDS: &str = "manifests/charts/base/files/crd-all.gen.yaml";
const IMPORTS: &str = "use std::collections::BTreeMap;\n\nuse serde::{Deserialize, Serialize};\n";

/// A kind to generate, its API group, and the module it goes to.
struct GeneratedKind {
    group: &'static str,
    kind: &'static str,
    module: &'static str,
}

const NETWORKING: &str = "networking.istio.io";
const SECURITY: &str = "security.istio.io";

const TARGETS: &[GeneratedKind] = &[
    GeneratedKind { group: SECURITY, kind: "AuthorizationPolicy", module: "authorization_policy" },
    GeneratedKind { group: NETWORKING, kind: "DestinationRule", module: "destination_rule" },
    GeneratedKind { group: NETWORKING, kind: "Gateway", module: "gateway" },
    GeneratedKind { group: SECURITY, kind: "PeerAuthentication", module: "peer_authentication" },
    GeneratedKind { group: NETWORKING, kind: "ServiceEntry", module: "service_entry" },
    GeneratedKind { group: NETWORKING, kind: "Sidecar", module: "sidecar" },
    GeneratedKind { group: NETWORKING, kind: "VirtualService", module: "virtual_service" },
];

/// `cargo xtask codegen`: writes the generated modules anew.
pub fn run() -> anyhow::Result<()> {
    let root = workspace::root();
    let scratch = root.join("target/codegen");
    fs::create_dir_all(&scratch)?;
    let kopium = KOPIUM.install()?;
    let crds = read_crds(&istio(&root.join("tests/bed/cluster"))?.join(CRDS))?;
    for GeneratedKind { group, kind, module } in TARGETS {
        let crd = crds
            .iter()
            .find(|crd| is_of_kind(crd, group, kind))
            .with_context(|| format!("no CRD of {kind}"))?;
        let source = scratch.join(format!("{module}.json"));
        fs::write(&source, serde_json::to_vec(&without_status(crd))?)?;
        let types = boxed(&generate(&kopium, &source)?);
        let path = root.join(format!("crates/egress-istio/src/{module}.rs"));
        fs::write(&path, module_text(group, kind, &types)?)
            .with_context(|| format!("writing {}", path.display()))?;
        terminal::result(path.strip_prefix(&root)?.display())?;
    }
    Ok(())
}

/// Where Go keeps the sources of the Istio that the bed's module asks for.
fn istio(module: &Path) -> anyhow::Result<PathBuf> {
    let go = |arguments: &[&str]| {
        output(Command::new("go").args(arguments).arg("istio.io/istio").current_dir(module))
    };
    go(&["mod", "download"]).context("Istio's CRDs come from its Go module: install Go 1.26")?;
    Ok(PathBuf::from(go(&["list", "-m", "-f", "{{.Dir}}"])?.trim()))
}

fn read_crds(path: &Path) -> anyhow::Result<Vec<Value>> {
    let text = fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
    let documents = serde_yaml::Deserializer::from_str(&text);
    documents.map(|document| Value::deserialize(document).context("reading Istio's CRDs")).collect()
}

fn is_of_kind(crd: &Value, group: &str, kind: &str) -> bool {
    crd["spec"]["group"] == group && crd["spec"]["names"]["kind"] == kind
}

/// The CRD as if it had no status: nothing here reads or writes one.
fn without_status(crd: &Value) -> Value {
    let mut crd = crd.clone();
    let versions = crd.pointer_mut("/spec/versions").and_then(Value::as_array_mut);
    for version in versions.into_iter().flatten() {
        let properties =
            version.pointer_mut("/schema/openAPIV3Schema/properties").and_then(Value::as_object_mut);
        properties.and_then(|properties| properties.remove("status"));
    }
    crd
}

fn generate(kopium: &Path, crd: &Path) -> anyhow::Result<String> {
    let mut command = Command::new(kopium);
    command.arg("-f").arg(crd).args(["--api-version", VERSION, "--hide-kube", "--hide-prelude", "--docs"]);
    output(command.args(["--no-condition", "-D", "PartialEq", "-D", "@struct=Default"]))
}

/// With each struct that a field may hold in a box of its own, unless it is as small as a box: most fields are empty, and
/// a route of a VirtualService has so many that it took more than a kilobyte without them.
fn boxed(types: &str) -> String {
    let large = |(name, body): (&str, &str)| {
        let fields = body.split("\n}").next().unwrap_or_default().matches("\n    pub ").count();
        (fields > 1).then(|| name.trim().to_owned())
    };
    let structs: BTreeSet<String> = types
        .split("\npub struct ")
        .skip(1)
        .filter_map(|text| text.split_once('{'))
        .filter_map(large)
        .collect();
    let mut parts = types.split("Option<");
    let mut written = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        written.push_str("Option<");
        match part.split_once('>') {
            Some((name, rest)) if structs.contains(name) => {
                written.extend(["Box<", name, ">>", rest]);
            }
            _ => written.push_str(part),
        }
    }
    written
}

/// The module as it is committed: what it is, the seal against edits, the types without the generator's own header.
fn module_text(group: &str, kind: &str, types: &str) -> anyhow::Result<String> {
    let Some(start) = types.find("\n/// ") else { bail!("kopium wrote no documented type for {kind}") };
    let first_line = format!(
        "//! `{kind}.spec` of `{group}/{VERSION}`. Generated by `cargo xtask codegen` with kopium {}; do not edit.",
        KOPIUM.version
    );
    Ok(tidy::sealed(&first_line, &formatted(&format!("{IMPORTS}{}", &types[start..]))?))
}

fn formatted(code: &str) -> anyhow::Result<String> {
    let mut command = Command::new("rustfmt");
    command.args(["--edition", "2024"]).current_dir(workspace::root());
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().context("running rustfmt")?;
    let mut input = child.stdin.take().context("rustfmt has no input")?;
    // rustfmt reads all of its input before it writes.
    input.write_all(code.as_bytes())?;
    drop(input);
    let output = child.wait_with_output()?;
    ensure!(output.status.success(), "rustfmt does not understand what kopium wrote");
    // The blank line that parts the code from the module's introduction is not rustfmt's to keep.
    Ok(format!("\n{}", String::from_utf8(output.stdout)?))
}

/// What a program prints, or why it failed.
fn output(command: &mut Command) -> anyhow::Result<String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command.output().with_context(|| format!("running {name}"))?;
    ensure!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr).trim());
    String::from_utf8(output.stdout).with_context(|| format!("{name} printed something that is not text"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_status_is_left_out_and_nothing_else() {
        let crd = |properties| json!({"spec": {"versions": [{"schema": {"openAPIV3Schema": {"properties": properties}}}]}});

        let without = without_status(&crd(json!({"spec": {}, "status": {}})));

        assert_eq!(without, crd(json!({"spec": {}})));
    }

    #[test]
    fn an_optional_struct_of_several_fields_is_boxed() {
        let types = "\npub struct A {\n    pub b: Option<B>,\n    pub c: Option<C>,\n    pub d: Option<Vec<B>>,\n}\n\
             \npub struct B {\n    pub x: Option<i64>,\n    pub y: Option<i64>,\n}\n\
             \npub struct C {\n    pub x: Option<i64>,\n}\n";

        let boxed = boxed(types);

        assert_eq!(boxed, types.replace("b: Option<B>", "b: Option<Box<B>>"));
    }

    #[test]
    fn the_generators_header_is_replaced_by_ours() {
        let text = module_text(
            NETWORKING,
            "Gateway",
            "// WARNING: generated\n\n/// A type.\npub struct GatewaySpec;\n",
        )
        .unwrap();

        assert!(text.starts_with("//! `Gateway.spec` of `networking.istio.io/v1`."));
        assert!(
            text.ends_with("use serde::{Deserialize, Serialize};\n\n/// A type.\npub struct GatewaySpec;\n")
        );
        assert!(!text.contains("WARNING"));
    }
}
