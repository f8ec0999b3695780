//! The hosts of a command: from arguments and files, each host once.
//!
//! A host given twice is one host with the ports of both, unless they contradict each other.

use std::collections::HashMap;
use std::fmt;

use egress_core::host::DnsName;
use egress_core::port::Port;
use egress_core::target::Target;

use super::host_file;
use crate::exit::{Failure, target_hint};
use crate::terminal::Terminal;

/// Where a host was given.
#[derive(Clone, Debug)]
enum HostOrigin {
    Argument,
    Line(String, usize),
}

/// Reads all hosts, in the order of their first appearance.
pub(super) fn read(
    arguments: &[String],
    files: &[String],
    terminal: &mut Terminal,
) -> Result<Vec<Target>, Failure> {
    if files.iter().filter(|name| *name == host_file::STDIN).count() > 1 {
        return Err(Failure::usage("standard input can be read only once", "leave out one `-f -`"));
    }
    let mut hosts = HostCollector::default();
    for argument in arguments {
        let target: Target =
            argument.parse().map_err(|error| Failure::usage(format!("{error}"), target_hint(&error)))?;
        hosts.add(target, HostOrigin::Argument)?;
    }
    for name in files {
        for entry in host_file::read(name)? {
            hosts.add(entry.target, HostOrigin::Line(host_file::shown(name), entry.line))?;
        }
    }
    if let Some(note) = hosts.note() {
        terminal.note(&note);
    }
    Ok(hosts.targets)
}

/// Collects hosts from arguments and files, each once.
#[derive(Default)]
struct HostCollector {
    targets: Vec<Target>,
    origins: Vec<HostOrigin>,
    places: HashMap<DnsName, usize>,
    repeated: Vec<(DnsName, HostOrigin, HostOrigin)>,
}

impl HostCollector {
    fn add(&mut self, target: Target, origin: HostOrigin) -> Result<(), Failure> {
        let Some(&place) = self.places.get(&target.host) else {
            check_ports(&target, &origin, &origin)?;
            self.places.insert(target.host.clone(), self.targets.len());
            self.targets.push(target);
            self.origins.push(origin);
            return Ok(());
        };
        self.targets[place].ports.extend(target.ports);
        check_ports(&self.targets[place], &self.origins[place], &origin)?;
        self.repeated.push((target.host, self.origins[place].clone(), origin));
        Ok(())
    }

    /// One note, however many hosts were repeated.
    fn note(&self) -> Option<String> {
        let (host, first, second) = self.repeated.first()?;
        let others = match self.repeated.len() - 1 {
            0 => String::new(),
            others => format!(", and {others} more"),
        };
        let places = places(first, second);
        Some(format!("note: `{host}` is given twice ({places}){others}; its ports are combined"))
    }
}

/// One port has one protocol.
fn check_ports(target: &Target, first: &HostOrigin, second: &HostOrigin) -> Result<(), Failure> {
    let ports: Vec<Port> = target.ports.iter().copied().collect();
    match ports.windows(2).find(|pair| pair[0].number == pair[1].number) {
        None => Ok(()),
        Some(pair) => Err(Failure::usage(
            format!(
                "host `{}`: port {} cannot be both {} and {} ({})",
                target.host,
                pair[0].number,
                pair[0].protocol,
                pair[1].protocol,
                places(first, second)
            ),
            format!("name the port once: `{}:{}`", target.host, pair[0]),
        )),
    }
}

fn places(first: &HostOrigin, second: &HostOrigin) -> String {
    match (first, second) {
        (HostOrigin::Argument, HostOrigin::Argument) => "in the arguments".to_owned(),
        (first, second) => format!("{first} and {second}"),
    }
}

impl fmt::Display for HostOrigin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            HostOrigin::Argument => formatter.write_str("an argument"),
            HostOrigin::Line(file, line) => write!(formatter, "{file}:{line}"),
        }
    }
}
