//! Fuzzes what is read of a bundle: one file of it is any text.

#![no_main]

use egress_diagnose::bundle;
use egress_diagnose::examine::examine;
use egress_diagnose::facts::{ClusterFacts, Request};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (u8, &str)| {
    let (which, text) = input;
    let Ok(mut texts) = bundle::write(&ClusterFacts::default(), &Request::default(), "0.0.0") else { return };
    let count = texts.len();
    if let Some(chosen) = texts.values_mut().nth(usize::from(which) % count) {
        text.clone_into(chosen);
    }
    if let Ok((evidence, request)) = bundle::read(&texts) {
        fuzz::commands_are_safe(&examine(&evidence, &request));
    }
});
