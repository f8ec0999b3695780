//! Files that somebody made to break the program: an answer or a clear error, within a bounded memory.
//!
//! The files are made here, because nobody wants them in a repository. Linux alone can bound the memory of a process.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test that cannot write its file fails")]

use std::process::{Command, Output};

/// What the program may have of addresses, in KiB: the largest of these files has 20 MB.
const ADDRESSES: u32 = 1_000_000;
/// Seconds of processor time; the unoptimised program takes a tenth of it.
const SECONDS: u32 = 60;

const CLUSTER: &str = include_str!("../../../tests/diagnose/base/cluster.yaml");

/// Diagnoses a file with this text, and tells how it ended.
fn diagnose(text: impl AsRef<[u8]>) -> Output {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("objects.yaml");
    std::fs::write(&file, text).unwrap();
    let limited = format!("ulimit -v {ADDRESSES} -t {SECONDS} && exec \"$0\" diagnose -f \"$1\"");
    let program = env!("CARGO_BIN_EXE_kubectl-egress");
    Command::new("bash").args(["-c", &limited, program]).arg(&file).output().unwrap()
}

/// The program ended by itself with this code, and what it printed fits on some screens.
fn check(text: impl AsRef<[u8]>, code: i32, says: &str) {
    let ended = diagnose(text);
    let told = [ended.stdout, ended.stderr].concat();
    let shown = String::from_utf8_lossy(&told[..told.len().min(2_000)]).into_owned();
    assert_eq!(ended.status.code(), Some(code), "{shown}");
    assert!(told.len() < 100_000, "{} bytes: {shown}", told.len());
    let told = String::from_utf8(told).unwrap();
    assert!(told.contains(says), "expected `{says}`, found: {shown}");
}

fn long() -> String {
    "x".repeat(10_000_000)
}

/// An entry of these hosts in shop, with more in its metadata.
fn entry(hosts: &str, metadata: &str) -> String {
    format!(
        "{CLUSTER}---
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {{namespace: shop, {metadata}}}
spec:
  hosts: [{hosts}]
  exportTo: [.]
  resolution: DNS
  ports: [{{number: 443, name: tls, protocol: TLS}}]
"
    )
}

#[test]
fn the_entry_without_anything_hostile_is_told_as_what_it_is() {
    check(entry("api.partner.example", "name: partner"), 0, "1 host, ");
}

#[test]
fn a_name_of_10_mb_is_refused() {
    check(entry("api.partner.example", &format!("name: {}", long())), 8, "at most 253");
}

#[test]
fn a_host_of_10_mb_is_not_checked_and_is_cut_where_it_is_told() {
    check(entry(&long(), "name: partner"), 1, "0 hosts, 1 host not checked, ");
}

#[test]
fn an_annotation_of_10_mb_is_cut_where_it_is_told() {
    let metadata = format!("name: partner, annotations: {{kubectl-egress.github.io/accept: {}}}", long());
    check(entry("api.partner.example", &metadata), 0, "found no `:`");
}

#[test]
fn a_key_of_10_mb_is_refused() {
    check(format!("{}  {}: 1\n", entry("api.partner.example", "name: partner"), long()), 8, "not read: ");
}

#[test]
fn lists_in_lists_are_refused_at_some_depth() {
    let nested = format!("{}{}", "[".repeat(1_000_000), "]".repeat(1_000_000));
    check(&nested, 8, "not read: ");
    check(format!("apiVersion: v1\nkind: Pod\nspec: {nested}"), 8, "not read: ");
    check(format!("{{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"spec\":{nested}}}"), 8, "not read: ");
    let stairs: Vec<String> = (0..2_000).map(|depth| format!("{}a:\n", " ".repeat(depth))).collect();
    check(stairs.concat(), 8, "not read: ");
}

#[test]
fn a_hundred_thousand_hosts_in_one_entry_are_all_looked_at() {
    let hosts: Vec<String> = (0..100_000).map(|number| format!("h{number}.partner.example")).collect();
    check(entry(&hosts.join(", "), "name: partner"), 0, "100,000 hosts, ");
}

/// Of the kind: a list that is held against itself, or another list, entry by entry.
#[test]
fn lists_of_a_hundred_thousand_names_are_compared_in_one_pass() {
    let names: Vec<String> = (0..100_000).map(|number| format!("h{number}.partner.example")).collect();
    let names = names.join(", ");
    let route = "route: [{destination: {host: partner.example, port: {number: 443}}}]";
    let text = format!(
        "{CLUSTER}---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {{namespace: shop, name: partner}}
spec:
  hosts: [{names}]
  exportTo: [{names}]
  tls: [{{match: [{{port: 443, sniHosts: [{names}]}}], {route}}}]
"
    );
    check(text, 1, "EG110");
}

#[test]
fn a_million_empty_documents_are_none() {
    check("---\n".repeat(1_000_000), 0, "0 hosts, ");
}

#[test]
fn a_million_documents_that_are_no_objects_are_told_without_telling_each() {
    check("---\na\n".repeat(1_000_000), 8, "not read: ");
}

#[test]
fn a_list_of_things_that_are_no_objects_is_told_without_telling_each() {
    let items = "- {}\n".repeat(100_000);
    check(format!("apiVersion: v1\nkind: List\nitems:\n{items}"), 8, "not read: ");
}

#[test]
fn what_is_no_text_is_refused() {
    check([0xff, 0xfe, 0, 1].repeat(1_000_000), 2, "it is not UTF-8 text");
}
