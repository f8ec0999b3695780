//! Components for tests, from a few lines of WebAssembly's text: what a case does not define itself is that of a
//! module that answers well, and the interfaces are those of `wit/`, changed where a case says so.
//!
//! Lines that begin with `;;!` are directives: `key: value`.
//!
//! | key | what it changes | without it |
//! |---|---|---|
//! | `world` | imports and exports | `import log; export meta; export hosts;` |
//! | `replace` | `OLD => NEW` in the text of the interfaces | |
//! | `id`, `version`, `needs`, `verbs`, `schema`, `rules` | what `describe` says | a good descriptor |
//! | `append` | fields at the end of the component, in its own text | |
//! | `ask`, `fuel`, `wall` | see `host` | |

#[path = "area.rs"]
mod area;
#[path = "fields.rs"]
mod fields;

use std::fmt::Write;
use std::path::Path;

use wit_component::{ComponentEncoder, StringEncoding};
use wit_parser::Resolve;

/// The package of the interfaces, as their text begins.
const PACKAGE: &str = "package kubectl-egress:policy@0.1.0;";
/// What others have and policies do not get.
const FOREIGN: &[&str] = &[
    "package wasi:io@0.2.6; interface poll { poll: func() -> u32; }",
    "package acme:clock@1.0.0; interface clock { now: func() -> u64; }",
];

/// The text of a case and its directives.
pub(crate) struct Guest {
    text: String,
}

impl Guest {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self { text: text.into() }
    }

    /// The values of a directive.
    pub(crate) fn directives(&self, key: &str) -> impl Iterator<Item = &str> {
        let lines = self.text.lines().filter_map(|line| line.strip_prefix(";;!"));
        let pairs = lines.filter_map(|line| line.split_once(':'));
        pairs.filter(move |(found, _)| found.trim() == key).map(|(_, value)| value.trim())
    }

    /// The value of a directive that is there at most once.
    pub(crate) fn directive(&self, key: &str) -> Option<&str> {
        self.directives(key).next()
    }

    /// The component.
    pub(crate) fn component(&self) -> Result<Vec<u8>, String> {
        let core = self.core()?;
        let encoder = ComponentEncoder::default().validate(false);
        let component = encoder
            .module(&core)
            .and_then(|mut encoder| encoder.encode())
            .map_err(|error| format!("no component: {error:#}"))?;
        self.appended(component)
    }

    /// The core module, with the types of its interfaces.
    pub(crate) fn core(&self) -> Result<Vec<u8>, String> {
        let mut text = format!("(module\n{}\n", self.text);
        for (name, field) in fields::FIELDS {
            if !self.text.contains(name) {
                text.push_str(field);
            }
        }
        text.push_str(&area::descriptor(self));
        for (name, function) in fields::EXPORTS {
            let name = self.replaced(name);
            let interface = name.split('#').next().unwrap_or_default();
            if self.world().contains(&format!("export {interface};")) {
                let version = self.version();
                let name = name.replace('#', &format!("@{version}#"));
                writeln!(text, "(export \"kubectl-egress:policy/{name}\" (func {function}))")
                    .map_err(|error| error.to_string())?;
            }
        }
        text.push(')');
        let mut core = wat::parse_str(&text).map_err(|error| error.to_string())?;
        let (resolve, world) = self.interfaces()?;
        wit_component::embed_component_metadata(&mut core, &resolve, world, StringEncoding::UTF8)
            .map_err(|error| error.to_string())?;
        Ok(core)
    }

    fn world(&self) -> &str {
        self.directive("world").unwrap_or("import log; export meta; export hosts;")
    }

    /// The version that the interfaces claim.
    fn version(&self) -> String {
        let package = self.replaced(PACKAGE);
        let version = package.split_once('@').map(|(_, version)| version.trim_end_matches(';'));
        version.unwrap_or_default().to_owned()
    }

    fn replaced(&self, text: &str) -> String {
        let pairs = self.directives("replace").filter_map(|change| change.split_once(" => "));
        pairs.fold(text.to_owned(), |text, (old, new)| text.replace(old, new))
    }

    fn interfaces(&self) -> Result<(Resolve, wit_parser::WorldId), String> {
        let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../wit/policy-0.1.0");
        // The file with the name of the package comes first.
        let mut text = String::new();
        for file in ["types", "meta", "hosts", "naming", "pinning", "world"] {
            let path = directory.join(file).with_extension("wit");
            text +=
                &std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        }
        let text = format!("{}\nworld hostile {{ {} }}\n", self.replaced(&text), self.world());
        let mut resolve = Resolve::default();
        for package in FOREIGN {
            resolve.push_source("foreign.wit", package).map_err(|error| format!("{error:#}"))?;
        }
        let package = resolve.push_source("policy.wit", &text).map_err(|error| format!("{error:#}"))?;
        let world =
            resolve.select_world(&[package], Some("hostile")).map_err(|error| format!("{error:#}"))?;
        Ok((resolve, world))
    }

    /// The component with what a case appends to its text.
    fn appended(&self, component: Vec<u8>) -> Result<Vec<u8>, String> {
        let appended: Vec<&str> = self.directives("append").collect();
        if appended.is_empty() {
            return Ok(component);
        }
        let text = wasmprinter::print_bytes(&component).map_err(|error| error.to_string())?;
        let body = text.trim_end().strip_suffix(')').unwrap_or(&text);
        wat::parse_str(format!("{body}\n{}\n)", appended.join("\n"))).map_err(|error| error.to_string())
    }
}

/// The field that puts bytes at an address.
pub(crate) fn data(address: usize, bytes: &[u8]) -> String {
    let mut text = String::new();
    for byte in bytes {
        text.push('\\');
        text.extend([byte >> 4, byte & 0xf].map(|nibble| char::from_digit(nibble.into(), 16).unwrap_or('0')));
    }
    format!("(data (i32.const {address}) \"{text}\")\n")
}
