//! The interfaces of `wit/policy-0.1.0` as Rust types and traits, made by wit-bindgen.
//!
//! One world for each interface, so that a component exports those it implements and no other; the records of `types`
//! are made once and used by all of them.

#![expect(
    missing_docs,
    clippy::same_length_and_capacity,
    reason = "the code is generated; not every item has a sentence in the WIT"
)]

/// `meta` and `log`, and the records that everything speaks in.
pub mod meta {
    wit_bindgen::generate!({
        path: "../../wit/policy-0.1.0",
        world: "describing",
        pub_export_macro: true,
        export_macro_name: "export_meta",
        default_bindings_module: "egress_policy_sdk::bindings::meta",
        additional_derives: [PartialEq],
        generate_all,
    });
}

/// `hosts`.
pub mod hosts {
    wit_bindgen::generate!({
        path: "../../wit/policy-0.1.0",
        inline: "package kubectl-egress:sdk; world hosts { export kubectl-egress:policy/hosts@0.1.0; }",
        world: "kubectl-egress:sdk/hosts",
        with: { "kubectl-egress:policy/types@0.1.0": crate::bindings::meta::kubectl_egress::policy::types },
        pub_export_macro: true,
        export_macro_name: "export_hosts",
        default_bindings_module: "egress_policy_sdk::bindings::hosts",
        additional_derives: [PartialEq],
    });
}

/// `naming`.
pub mod naming {
    wit_bindgen::generate!({
        path: "../../wit/policy-0.1.0",
        inline: "package kubectl-egress:sdk; world naming { export kubectl-egress:policy/naming@0.1.0; }",
        world: "kubectl-egress:sdk/naming",
        with: { "kubectl-egress:policy/types@0.1.0": crate::bindings::meta::kubectl_egress::policy::types },
        pub_export_macro: true,
        export_macro_name: "export_naming",
        default_bindings_module: "egress_policy_sdk::bindings::naming",
        additional_derives: [PartialEq],
    });
}

/// `pinning`.
pub mod pinning {
    wit_bindgen::generate!({
        path: "../../wit/policy-0.1.0",
        inline: "package kubectl-egress:sdk; world pinning { export kubectl-egress:policy/pinning@0.1.0; }",
        world: "kubectl-egress:sdk/pinning",
        with: { "kubectl-egress:policy/types@0.1.0": crate::bindings::meta::kubectl_egress::policy::types },
        pub_export_macro: true,
        export_macro_name: "export_pinning",
        default_bindings_module: "egress_policy_sdk::bindings::pinning",
        additional_derives: [PartialEq],
    });
}
