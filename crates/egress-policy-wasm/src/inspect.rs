//! What a module says on its outside, read before anything of it is compiled: which interfaces it answers, for which
//! version it was built, what it wants from its host.
//!
//! Reads names only. Whether the shapes behind the names fit, the engine finds out.

mod interface;

use std::collections::BTreeSet;

use egress_core::digest::sha256;
use egress_policy::descriptor::Hook;
use wasmparser::{Chunk, ComponentExternalKind, Encoding, Parser, Payload};

use self::interface::Interface;
use crate::error::ModuleError;
use crate::limits::Limits;
use crate::text;

/// The version of the interfaces that is spoken here.
pub const SPOKEN: &str = "0.1";

/// The longest name that is shown.
const NAME: usize = 200;

/// What a module says on its outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inspection {
    /// `sha256:` and the digest of the bytes.
    pub digest: String,
    /// Bytes.
    pub size: u64,
    /// The questions it answers.
    pub hooks: BTreeSet<Hook>,
    /// The interfaces it exports, such as `hosts@0.1`, sorted.
    pub api: Vec<String>,
    /// The interfaces it imports, such as `log@0.1`, sorted.
    pub imports: Vec<String>,
}

/// Reads the outside of a module. Nothing is compiled or run.
pub fn inspect(bytes: &[u8], limits: &Limits) -> Result<Inspection, ModuleError> {
    let outside = Outside::read(bytes, limits)?;
    let imports = imports(&outside.imports)?;
    let exports = exports(&outside.exports)?;
    let has = |name: &str| exports.iter().any(|export| export.name == name);
    if !has("meta") {
        return Err(ModuleError::NoMeta);
    }
    let hooks: BTreeSet<Hook> = Hook::ALL.into_iter().filter(|hook| has(hook.word())).collect();
    if hooks.is_empty() {
        return Err(ModuleError::NoHook);
    }
    let listed = |interfaces: &[Interface]| -> Vec<String> {
        let names: BTreeSet<String> = interfaces.iter().map(ToString::to_string).collect();
        names.into_iter().collect()
    };
    Ok(Inspection {
        digest: digest(bytes),
        size: bytes.len() as u64,
        hooks,
        api: listed(&exports),
        imports: listed(&imports),
    })
}

/// `sha256:` and the digest in hexadecimal.
pub fn digest(bytes: &[u8]) -> String {
    format!("sha256:{}", sha256(bytes))
}

/// What is used of the imports: only the log counts, as the types are names without anything behind them.
fn imports(names: &[String]) -> Result<Vec<Interface>, ModuleError> {
    let mut found = Vec::new();
    let mut strange = Vec::new();
    for name in names {
        match Interface::ours(name)? {
            Some(interface) if interface.name == "types" => (),
            Some(interface) if interface.name == "log" => found.push(interface),
            _ => strange.push(name),
        }
    }
    match strange.iter().find(|name| name.starts_with("wasi")).or(strange.first()) {
        Some(name) if name.starts_with("wasi") => {
            Err(ModuleError::Wasi(shown(interface::without_version(name))))
        }
        Some(name) => Err(ModuleError::UnknownImport(shown(name))),
        None => Ok(found),
    }
}

/// What is ours among the exports. What else a toolchain puts there is never called.
fn exports(exports: &[(String, ComponentExternalKind)]) -> Result<Vec<Interface>, ModuleError> {
    let mut found: Vec<Interface> = Vec::new();
    for (name, kind) in exports {
        if *kind == ComponentExternalKind::Func {
            return Err(ModuleError::BareFunction(shown(name)));
        }
        let Some(interface) = Interface::ours(name)? else { continue };
        match interface.name.as_str() {
            "types" => continue,
            "meta" => (),
            interface if Hook::ALL.into_iter().any(|hook| hook.word() == interface) => (),
            _ => return Err(ModuleError::UnknownExport(shown(name))),
        }
        if found.iter().any(|earlier| earlier.name == interface.name) {
            return Err(ModuleError::Twice(interface.name));
        }
        found.push(interface);
    }
    Ok(found)
}

/// A name out of a module, fit to be shown.
fn shown(name: &str) -> String {
    text::clean(name, NAME)
}

/// Names on the outside, as they are.
#[derive(Default)]
struct Outside {
    imports: Vec<String>,
    exports: Vec<(String, ComponentExternalKind)>,
}

impl Outside {
    fn read(bytes: &[u8], limits: &Limits) -> Result<Self, ModuleError> {
        recognise(bytes, limits)?;
        let truncated = || ModuleError::Truncated(bytes.len() as u64);
        let malformed = |error: wasmparser::Error| ModuleError::Malformed(shown(&error.to_string()));
        let mut outside = Outside::default();
        let mut parser = Parser::new(0);
        let mut offset = 0;
        loop {
            let rest = bytes.get(offset..).ok_or_else(truncated)?;
            let chunk = parser.parse(rest, rest.is_empty()).map_err(malformed)?;
            let Chunk::Parsed { consumed, payload } = chunk else { return Err(truncated()) };
            offset += consumed;
            match payload {
                Payload::Version { encoding: Encoding::Module, .. } => return Err(ModuleError::CoreModule),
                // What is inside is the compiler's matter.
                Payload::ModuleSection { unchecked_range, .. }
                | Payload::ComponentSection { unchecked_range, .. } => offset = unchecked_range.end,
                Payload::ComponentImportSection(section) => {
                    for import in section {
                        outside.imports.push(import.map_err(malformed)?.name.name.to_owned());
                    }
                }
                Payload::ComponentExportSection(section) => {
                    for export in section {
                        let export = export.map_err(malformed)?;
                        outside.exports.push((export.name.name.to_owned(), export.kind));
                    }
                }
                Payload::End(_) => return Ok(outside),
                _ => (),
            }
        }
    }
}

/// Tells what is no module at all.
fn recognise(bytes: &[u8], limits: &Limits) -> Result<(), ModuleError> {
    const MAGIC: &[u8] = b"\0asm";
    if bytes.is_empty() {
        return Err(ModuleError::Empty);
    }
    if bytes.len() > limits.module {
        return Err(ModuleError::TooBig { size: bytes.len() as u64, limit: limits.module as u64 });
    }
    if bytes.len() < 8 && (bytes.starts_with(MAGIC) || MAGIC.starts_with(bytes)) {
        return Err(ModuleError::Truncated(bytes.len() as u64));
    }
    if bytes.starts_with(MAGIC) {
        return Ok(());
    }
    let start = &bytes[..bytes.len().min(1_024)];
    let printable = |text: &str| text.chars().all(|letter| !letter.is_control() || letter.is_whitespace());
    let is_text = match std::str::from_utf8(start) {
        Ok(text) => printable(text),
        // A character that is cut in two at the end is still text.
        Err(error) => {
            error.error_len().is_none()
                && start.get(..error.valid_up_to()).is_some_and(|start| !start.is_empty())
        }
    };
    if is_text {
        return Err(ModuleError::Text);
    }
    let first: Vec<String> = bytes.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
    Err(ModuleError::NotWasm(first.join(" ")))
}
