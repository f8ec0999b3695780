//! Cases that are no text: files that end early, files that are something else, files that are too large.

use crate::guest::Guest;

/// A case and how its bytes are made.
pub(crate) struct Case {
    /// The name of the file with what the host says.
    pub(crate) name: &'static str,
    pub(crate) bytes: fn() -> Result<Vec<u8>, String>,
}

pub(crate) const CASES: &[Case] = &[
    Case { name: "bytes-empty", bytes: || Ok(Vec::new()) },
    Case { name: "bytes-text", bytes: || Ok(b"(component)\n".to_vec()) },
    Case { name: "bytes-something-else", bytes: || Ok(b"\x7fELF\x02\x01\x01\0\0\0\0\0".to_vec()) },
    Case { name: "bytes-header-cut", bytes: || Ok(b"\0asm\x0d".to_vec()) },
    Case { name: "bytes-header-only", bytes: || Ok(b"\0asm\x0d\0\x01\0".to_vec()) },
    Case { name: "bytes-other-encoding", bytes: || Ok(b"\0asm\x63\0\x01\0".to_vec()) },
    Case { name: "bytes-core-module", bytes: || Guest::new("").core() },
    Case { name: "bytes-truncated", bytes: truncated },
    Case { name: "bytes-damaged", bytes: damaged },
    Case { name: "bytes-too-many", bytes: too_many },
    Case { name: "bytes-instance-bomb", bytes: instance_bomb },
    Case { name: "bytes-two-exports-of-one-interface", bytes: two_exports },
];

fn good() -> Result<Vec<u8>, String> {
    Guest::new("").component()
}

fn truncated() -> Result<Vec<u8>, String> {
    let mut bytes = good()?;
    bytes.truncate(bytes.len() / 2);
    Ok(bytes)
}

/// An instruction in the middle of the code is none.
fn damaged() -> Result<Vec<u8>, String> {
    let mut bytes = good()?;
    // memory.fill, with which every answer begins.
    let at = bytes.windows(3).position(|window| window == [0xfc, 0x0b, 0x00]).ok_or("no code")?;
    bytes[at + 1] = 0x7f;
    Ok(bytes)
}

/// A good module with a long section that nobody reads.
fn too_many() -> Result<Vec<u8>, String> {
    let mut bytes = good()?;
    // The length of a custom section of 33 MiB, and the length of its name, which is empty.
    bytes.extend_from_slice(&[0x00, 0x81, 0x80, 0x80, 0x11, 0x00]);
    bytes.resize(bytes.len() + (34 << 20), 0);
    Ok(bytes)
}

/// A good module that also makes 900 instances of nothing.
fn instance_bomb() -> Result<Vec<u8>, String> {
    let bomb = "(core instance (instantiate $bomb))".repeat(900);
    Guest::new(format!(";;! append: (core module $bomb) {bomb}")).component()
}

/// A good module that exports `hosts` a second time, as a later version of the same.
fn two_exports() -> Result<Vec<u8>, String> {
    let text = wasmprinter::print_bytes(good()?).map_err(|error| error.to_string())?;
    let hosts = text
        .lines()
        .find(|line| line.contains("(export") && line.contains("policy/hosts@0.1.0\" (instance"))
        .ok_or("no export of hosts")?;
    let instance = hosts.rsplit_once("(instance ").map(|(_, instance)| instance).ok_or("no instance")?;
    let index = instance.trim_end_matches(')');
    let again = format!("(export \"kubectl-egress:policy/hosts@0.1.1\" (instance {index}))");
    Guest::new(format!(";;! append: {again}")).component()
}
