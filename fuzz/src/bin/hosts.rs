//! Fuzzes what people type: hosts, targets, lists of them.

#![no_main]

use egress_core::host::DnsName;
use egress_core::host_list;
use egress_core::target::Target;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let _ = host_list::parse(bytes);
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(host) = text.parse::<DnsName>() {
        assert_eq!(
            host.to_string().parse::<DnsName>().as_ref(),
            Ok(&host),
            "a host is what it is written as"
        );
    }
    let _ = text.parse::<Target>();
});
