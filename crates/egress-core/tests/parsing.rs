//! What holds for every text that someone may type: nothing panics, and what is accepted is valid and stays the same.

use egress_core::host::{DnsName, Host};
use egress_core::host_list;
use egress_core::port::{Port, Protocol};
use egress_core::selector::Selector;
use egress_core::target::Target;
use proptest::prelude::*;

/// Texts near the border: parts of hosts, ports and URLs in any order, with some noise.
fn near_a_host() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        5 => "[a-zA-Z0-9]{1,12}",
        3 => Just(".".to_owned()),
        1 => Just("-".to_owned()),
        1 => prop::sample::select(vec![
            "xn--", "*", "*.", ":", "/", "//", "://", "@", "[", "]", "::1", "443", "/TLS", "/http", "http", "https",
            "%", "#", "?", "_", " ", "\t", "\u{1b}", "\u{200b}", "。", "ß", "İ", "münchen", "東京", "١", "０x7f",
            "localhost", "svc", "internal", "0", "65536", "127.0.0.1",
        ]).prop_map(str::to_owned),
        1 => any::<char>().prop_map(String::from),
        1 => "a{60,70}",
    ];
    prop::collection::vec(part, 0..12).prop_map(|parts| parts.concat())
}

/// RFC 1123 and the limits of DNS, written down a second time.
fn is_valid(name: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'))
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    name.len() <= 253 && name.contains('.') && name.split('.').all(label)
}

fn protocol() -> impl Strategy<Value = Protocol> {
    prop_oneof![Just(Protocol::Http), Just(Protocol::Tls)]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn an_accepted_host_is_a_valid_name_and_reads_back_the_same(text in near_a_host()) {
        if let Ok(host) = Host::parse(&text) {
            prop_assert_eq!(Host::parse(&host.to_string()), Ok(host.clone()));
            if let Host::Name(name) | Host::Wildcard(name) = host {
                prop_assert!(is_valid(name.as_str()), "{}", name);
            }
        }
    }

    #[test]
    fn case_and_one_trailing_dot_make_no_difference(text in near_a_host()) {
        if let Ok(name) = DnsName::parse(&text) {
            prop_assert_eq!(DnsName::parse(&text.to_ascii_uppercase()), Ok(name.clone()));
            prop_assert_eq!(DnsName::parse(&format!("{name}.")), Ok(name));
        }
    }

    #[test]
    fn a_plain_name_is_accepted_as_it_is(labels in prop::collection::vec("[a-z]([a-z0-9]{0,20}[a-z])?", 1..6)) {
        let text = format!("{}.example.com", labels.join("."));
        prop_assert_eq!(DnsName::parse(&text).map(String::from), Ok(text));
    }

    #[test]
    fn an_accepted_target_has_a_port_and_a_valid_name(text in near_a_host()) {
        if let Ok(target) = text.parse::<Target>() {
            prop_assert!(!target.ports.is_empty());
            prop_assert!(is_valid(target.host.as_str()), "{}", target.host);
        }
    }

    #[test]
    fn a_host_and_a_port_read_back_the_same(number in 1_u16.., protocol in protocol()) {
        if let Ok(port) = Port::new(number, protocol) {
            prop_assert_eq!(port.to_string().parse(), Ok(port));
            let target: Target = format!("edition.cnn.com:{port}").parse().unwrap();
            prop_assert_eq!(target.ports.into_iter().collect::<Vec<_>>(), vec![port]);
        }
    }

    #[test]
    fn a_refusal_shows_nothing_that_a_terminal_obeys(text in any::<String>()) {
        if let Err(error) = text.parse::<Target>() {
            prop_assert!(!error.to_string().contains(char::is_control), "{error:?}");
        }
        if let Err(error) = text.parse::<Selector>() {
            prop_assert!(!error.to_string().contains(char::is_control), "{error:?}");
        }
    }

    #[test]
    fn any_bytes_are_read_or_refused_in_one_line(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        if let Err(error) = host_list::parse(&bytes) {
            prop_assert!(!error.to_string().contains(char::is_control), "{error:?}");
        }
    }

    #[test]
    fn any_list_is_read_or_refused_in_one_line(
        lines in prop::collection::vec((prop::sample::select(vec!["", "- ", "  - ", "hosts: ", "host: ", "[", "&a "]), near_a_host()), 0..8),
    ) {
        let text: String = lines.into_iter().flat_map(|(mark, host)| [mark.to_owned(), host, "\n".to_owned()]).collect();
        match host_list::parse(text.as_bytes()) {
            Ok(entries) => prop_assert!(entries.iter().all(|entry| entry.line <= text.lines().count())),
            Err(error) => prop_assert!(!error.to_string().contains(char::is_control), "{error:?}"),
        }
    }

    #[test]
    fn one_host_a_line_and_a_yaml_list_say_the_same(hosts in prop::collection::vec("[a-z]{1,10}\\.example\\.(com|org)(:443|:8443/TLS)?", 1..8)) {
        let lines = host_list::parse(hosts.join("\n").as_bytes());
        let yaml = host_list::parse(hosts.iter().flat_map(|host| ["- ", host, "\n"]).collect::<String>().as_bytes());
        prop_assert_eq!(lines, yaml);
    }
}
