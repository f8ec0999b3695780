//! The modules of cases: `modules` names them, one a line: a file, the letter that the hosts it denies begin with, a version.
//!
//! The core module is written out; the component around it is made from the interfaces in `wit/`, as a toolchain does.

use std::fs;
use std::path::Path;

use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

/// The interfaces, the file that names their package first.
const INTERFACES: [&str; 6] = ["types", "meta", "hosts", "naming", "pinning", "world"];

/// Makes the modules of a case, if it has any, in a directory.
pub(crate) fn make(case: &Path, directory: &Path) -> Result<(), String> {
    let Ok(lines) = fs::read_to_string(case.join("modules")) else { return Ok(()) };
    for line in lines.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [file, letter, version] = words.as_slice() else { return Err(format!("modules: {line}")) };
        let bytes = component(letter, version).map_err(|error| format!("{file}: {error}"))?;
        fs::write(directory.join(file), bytes).map_err(|error| error.to_string())?;
    }
    Ok(())
}

fn component(letter: &str, version: &str) -> Result<Vec<u8>, Box<dyn std::error::Error>> {
    let letter = letter.bytes().next().unwrap_or_default().to_string();
    let text = include_str!("guest.wat").replace("LETTER", &letter).replace("VERSION", version);
    let mut core = wat::parse_str(text)?;
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../wit/policy-0.1.0");
    let mut interfaces = String::new();
    for name in INTERFACES {
        interfaces.push_str(&fs::read_to_string(folder.join(name).with_extension("wit"))?);
    }
    let mut resolve = Resolve::default();
    let package = resolve.push_source("policy.wit", &interfaces)?;
    let world = resolve.select_world(&[package], Some("hosts-policy"))?;
    embed_component_metadata(&mut core, &resolve, world, StringEncoding::UTF8)?;
    Ok(ComponentEncoder::default().module(&core)?.validate(true).encode()?)
}
