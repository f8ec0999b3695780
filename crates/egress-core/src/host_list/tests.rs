//! What a list of hosts may look like, and what is said about one that does not.

use super::{HostListError, MAXIMUM_BYTES, MAXIMUM_ENTRIES, MAXIMUM_LINE, parse};

fn read(text: &str) -> Vec<String> {
    let entries = parse(text.as_bytes()).unwrap();
    let shown = |entry: super::HostEntry| {
        let ports: Vec<String> = entry.target.ports.iter().map(ToString::to_string).collect();
        format!("{} {} {}", entry.line, entry.target.host, ports.join(","))
    };
    entries.into_iter().map(shown).collect()
}

fn refused(text: impl AsRef<[u8]>) -> String {
    parse(text.as_ref()).unwrap_err().to_string()
}

#[test]
fn lines_may_hold_comments_and_blanks() {
    let text = "# ours\n\nedition.cnn.com   # news\r\n  https://api.github.com/x#y\n";
    assert_eq!(read(text), ["3 edition.cnn.com 80/HTTP,443/TLS", "4 api.github.com 443/TLS"]);
}

#[test]
fn a_byte_order_mark_is_no_part_of_the_first_host() {
    assert_eq!(read("\u{feff}edition.cnn.com:443"), ["1 edition.cnn.com 443/TLS"]);
}

#[test]
fn yaml_lists_hosts_as_text_or_as_maps() {
    let text =
        "# ours\n- edition.cnn.com\n- host: api.github.com\n  ports: [443, 8443/TLS]\n- {host: a.org}\n";
    assert_eq!(
        read(text),
        ["2 edition.cnn.com 80/HTTP,443/TLS", "3 api.github.com 443/TLS,8443/TLS", "5 a.org 80/HTTP,443/TLS"]
    );
}

#[test]
fn yaml_may_hold_the_list_under_hosts() {
    assert_eq!(read("hosts:\n  - edition.cnn.com:443\n"), ["2 edition.cnn.com 443/TLS"]);
    assert_eq!(read("---\nhosts: [a.org:443]\n"), ["2 a.org 443/TLS"]);
    assert_eq!(read("{\"hosts\": [\"a.org:443\"]}"), ["1 a.org 443/TLS"]);
}

#[test]
fn errors_name_the_line() {
    assert!(refused("a.org\nb c.org\n").starts_with("line 2: "));
    assert!(refused("- a.org\n- b_c.org\n").starts_with("line 2: "));
    assert!(refused("- a.org\n- host: b.org\n  ports: [70000]\n").starts_with("line 3: "));
    assert!(
        refused("- a.org\n- 5\n").starts_with("line 2: expected a host"),
        "{}",
        refused("- a.org\n- 5\n")
    );
}

#[test]
fn an_unknown_key_is_named() {
    assert!(
        refused("- host: a.org\n  port: 443\n").contains("found the field `port`; did you mean `ports`?")
    );
    assert!(refused("apiVersion: v1\nhosts: []\n").starts_with("line 1: "));
    assert!(refused("hosts: [a.org]\nkind: List\n").contains("found the field `kind`"));
}

#[test]
fn anchors_are_refused_before_anything_is_expanded() {
    let bomb = "- &a [x, x]\n- &b [*a, *a]\n- &c [*b, *b]\n- [*c, *c]\n";
    assert!(refused(bomb).contains("anchor"), "{}", refused(bomb));
}

#[test]
fn deep_nesting_is_refused() {
    let deep = format!("- {}{}", "[".repeat(10_000), "]".repeat(10_000));
    assert!(parse(deep.as_bytes()).is_err());
    let block = "- ".repeat(1_000) + "a.org";
    assert!(parse(block.as_bytes()).is_err());
}

#[test]
fn several_documents_are_refused() {
    assert!(refused("---\n- a.org\n---\n- b.org\n").contains("one YAML document"));
}

#[test]
fn what_is_not_text_is_refused_with_its_line() {
    assert_eq!(refused(b"a.org\n\xff\xfe\n"), "expected UTF-8 text, found other bytes on line 2");
    assert_eq!(refused(b"a\0.\0o\0"), "expected UTF-8 text, found other bytes on line 1");
}

#[test]
fn limits_hold() {
    let long = format!("a.org\n{}\n", "a".repeat(1 << 20));
    assert_eq!(parse(long.as_bytes()), Err(HostListError::LineTooLong { line: 2, length: 1 << 20 }));
    assert_eq!(parse(&vec![b'\n'; MAXIMUM_BYTES + 1]), Err(HostListError::TooLong));
    let many = "a.org\n".repeat(MAXIMUM_ENTRIES + 1);
    assert_eq!(parse(many.as_bytes()), Err(HostListError::TooMany));
    let yaml = "- a.org\n".repeat(MAXIMUM_ENTRIES + 1);
    assert_eq!(parse(yaml.as_bytes()), Err(HostListError::TooMany));
    let endless = format!("- [{}]\n", "a,".repeat(MAXIMUM_LINE / 4)).repeat(MAXIMUM_BYTES / MAXIMUM_LINE);
    assert!(parse(endless.as_bytes()).is_err());
}

#[test]
fn a_list_without_hosts_is_an_error() {
    for text in ["", "\n# nothing\n", "[]", "hosts: []\n"] {
        assert_eq!(parse(text.as_bytes()), Err(HostListError::Empty), "{text:?}");
    }
}
