//! Circles of modules in small crates.

use super::*;

const LIB: (&str, &str) = ("crates/x/src/lib.rs", "//! X.\nmod a;\nmod b;\nmod c;\nmod d;\n");

fn found(files: &[(&str, &str)]) -> Vec<Violation> {
    small(&Tree::of(files))
}

/// A crate of four modules with these texts.
fn circle_of(a: &str, b: &str, c: &str, d: &str) -> usize {
    let violations = found(&[
        LIB,
        ("crates/x/src/a.rs", a),
        ("crates/x/src/b.rs", b),
        ("crates/x/src/c.rs", c),
        ("crates/x/src/d.rs", d),
    ]);
    violations.len()
}

#[test]
fn a_circle_of_four_files_is_found() {
    let b = "use super::c::{self, C};\npub struct B(C);";
    assert_eq!(
        circle_of("use crate::b::B;\npub struct A(B);", b, "pub struct C(crate::d::D);", "use crate::a::A;"),
        0,
        "`d` defines no `D`, so that nothing leads on"
    );
    let d = "use crate::a::A;\npub struct D(A);";
    assert_eq!(circle_of("use crate::b::B;\npub struct A(B);", b, "pub struct C(crate::d::D);", d), 1);
}

#[test]
fn a_circle_of_three_files_may_be() {
    let (a, b) = ("use crate::b::B;\npub struct A(B);", "use crate::c::C;\npub struct B(C);");
    assert_eq!(circle_of(a, b, "pub struct C(super::a::A);", "use crate::a::A;\npub struct D(A);"), 0);
}

#[test]
fn what_is_named_in_a_macro_or_behind_a_module_counts() {
    let a = "use crate::b;\npub fn a() { b::b() }";
    let b = "pub fn b() { format!(\"{}\", crate::c::c()); }";
    assert_eq!(circle_of(a, b, "use crate::d::*;\npub fn c() { d() }", "pub fn d() { super::a::a() }"), 1);
}

#[test]
fn tests_import_what_they_like() {
    let test = "pub struct D;\n#[cfg(test)]\nmod tests {\n use crate::a::A;\n}";
    let (a, b) = ("use crate::b::B;\npub struct A(B);", "use crate::c::C;\npub struct B(C);");
    assert_eq!(circle_of(a, b, "use crate::d::D;\npub struct C(D);", test), 0);
}

#[test]
fn what_a_parent_hands_on_counts_for_the_file_that_defines_it() {
    let files = |use_of_parent: &'static str| {
        [
            ("crates/x/src/lib.rs", "//! X.\nmod p;\n"),
            ("crates/x/src/p.rs", use_of_parent),
            ("crates/x/src/p/a.rs", "use super::B;\npub struct A(B);"),
            ("crates/x/src/p/b.rs", "use super::C;\npub struct B(C);"),
            ("crates/x/src/p/c.rs", "use super::P;\npub struct C(P);"),
        ]
    };
    let facade = "mod a;\nmod b;\nmod c;\npub use a::A;\npub use b::B;\npub use c::C;\npub struct P;";
    assert_eq!(found(&files(facade)), []);
    let parent = "mod a;\nmod b;\nmod c;\npub use a::A;\npub use b::B;\npub use c::C;\npub struct P(A);";
    let violations = found(&files(parent));
    assert_eq!(violations.len(), 1);
    assert!(violations[0].message.starts_with("4 files import each other"), "{}", violations[0].message);
}

#[test]
fn layers_that_import_each_other_are_found_also_where_no_file_does() {
    let files = |below: &'static str| {
        let of = |path: &str| format!("crates/egress-diagnose/src/{path}");
        let texts = [
            (of("lib.rs"), "//! X.\nmod above;\nmod below;\n"),
            (of("above.rs"), "pub mod a;\npub mod b;"),
            (of("above/a.rs"), "use crate::below::B;\npub struct A(B);"),
            (of("above/b.rs"), "pub struct C;"),
            (of("below.rs"), below),
        ];
        let texts: Vec<(&str, &str)> = texts.iter().map(|(path, text)| (path.as_str(), *text)).collect();
        layered(&Tree::of(&texts))
    };
    assert_eq!(files("pub struct B;"), []);
    let violations = files("pub struct B(crate::above::b::C);");
    assert_eq!(violations.len(), 1);
    assert_eq!(violations[0].message, "above, below import each other: one is above the other");
}
