//! Modules for tests, made from text: they load, say who they are, and have no opinion about any host.
//!
//! The core module is written out; the component around it is made from the interfaces in `wit/`, as a toolchain does.

use std::path::Path;

use egress_policy::lock::{Lock, LockEntry};
use egress_policy_wasm::Limits;
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

/// The version of the interfaces that the program speaks.
pub(crate) const SPOKEN: &str = "0.1.0";
/// What the module calls itself.
const ID: &str = "acme-hosts";

/// A module that reports this version of itself and is for this version of the interfaces, both five characters long.
pub(crate) fn module(version: &str, interfaces: &str) -> Vec<u8> {
    assert_eq!((version.len(), interfaces.len()), (5, 5), "the text below counts on it");
    component(&CORE.replace("VERSION", version).replace("SPOKEN", interfaces), interfaces)
}

/// A component around a core module.
pub(crate) fn component(text: &str, interfaces: &str) -> Vec<u8> {
    let mut core = wat::parse_str(text).unwrap();
    let mut resolve = Resolve::default();
    let package = resolve.push_source("policy.wit", &interfaces_of(interfaces)).unwrap();
    let world = resolve.select_world(&[package], Some("hosts-policy")).unwrap();
    embed_component_metadata(&mut core, &resolve, world, StringEncoding::UTF8).unwrap();
    ComponentEncoder::default().module(&core).unwrap().validate(true).encode().unwrap()
}

/// The text of a lock file with one module.
pub(crate) fn lock(name: &str, source: &str, module: &[u8], version: &str) -> String {
    let inspection = egress_policy_wasm::inspect(module, &Limits::default()).unwrap();
    let entry = LockEntry {
        name: name.to_owned(),
        source: source.to_owned(),
        manifest: None,
        module: inspection.digest,
        size: inspection.size,
        api: inspection.api,
        imports: inspection.imports,
        needs: Vec::new(),
        id: ID.to_owned(),
        version_reported: version.to_owned(),
    };
    Lock { entries: vec![entry] }.to_text().unwrap()
}

/// The interfaces of this repository, under a version.
fn interfaces_of(version: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../wit/policy-0.1.0");
    let mut texts = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        // One package is named once; the file that names it comes first.
        let named = text.contains("package kubectl-egress:policy@");
        texts.push((!named, text));
    }
    texts.sort();
    let texts: Vec<String> = texts.into_iter().map(|(_, text)| text).collect();
    texts.join("\n").replace(SPOKEN, version)
}

/// Answers that are mostly zero: no findings, no rulings. The descriptor lies at 16, its texts at 512.
pub(crate) const CORE: &str = r#"
(module
  (memory (export "memory") 32)
  (global $free (mut i32) (i32.const 65536))
  (data (i32.const 16) "\00\02\00\00\0a\00\00\00" "\10\02\00\00\05\00\00\00" "\00\02\00\00\0a\00\00\00")
  (data (i32.const 512) "acme-hosts")
  (data (i32.const 528) "VERSION")
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (global.set $free
      (i32.and (i32.add (global.get $free) (i32.const 15)) (i32.const -16)))
    (global.get $free)
    (global.set $free (i32.add (global.get $free) (local.get 3))))
  (func (export "kubectl-egress:policy/meta@SPOKEN#describe") (result i32) (i32.const 16))
  (func (export "kubectl-egress:policy/meta@SPOKEN#check-settings") (param i32 i32) (result i32)
    (i32.const 256))
  (func (export "kubectl-egress:policy/hosts@SPOKEN#decide") (param i32) (result i32) (i32.const 256)))
"#;
