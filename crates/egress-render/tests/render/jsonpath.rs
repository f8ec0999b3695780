//! Templates: the cases that are written out were compared with what kubectl 1.32 prints for the same object.

use egress_render::escape::is_hidden;
use egress_render::jsonpath::Template;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::fixtures::HOSTILE;

fn sample() -> Value {
    json!({
        "kind": "List",
        "items": [
            { "name": "a", "n": 1, "up": true, "labels": { "x.y/z": "dotted", "app": "one" }, "ports": [80, 443] },
            { "name": "b", "n": 2, "up": false, "labels": { "app": "two" }, "ports": [8443], "note": HOSTILE },
            { "name": "c", "n": 3, "up": false, "labels": {}, "ports": [], "nothing": null },
        ],
    })
}

fn check(template: &str, expect: &str) {
    let written = Template::parse(template).unwrap().render(&sample()).unwrap();
    assert_eq!(written, expect, "{template}");
}

fn refusal(template: &str) -> String {
    Template::parse(template).unwrap_err().to_string()
}

#[test]
fn text_stands_for_itself() {
    check("no path, \\n no escape", "no path, \\n no escape");
    check("kind: {.kind}!", "kind: List!");
}

#[test]
fn paths_lead_to_values() {
    check("{.kind}", "List");
    check("{$.kind}", "List");
    check("{@.kind}", "List");
    check("{.items[0].name}", "a");
    check("{.items[-1].name}", "c");
    check("{.items[-1:].name}", "c");
    check("{.items[0:2].name}", "a b");
    check("{.items[*].name}", "a b c");
    check("{.items[*].n}", "1 2 3");
    check("{.items[*].up}", "true false false");
    check("{..name}", "a b c");
    check("{.items[*].ports[*]}", "80 443 8443");
    check("{.items[0].labels.*}", "dotted one");
}

#[test]
fn keys_may_hold_dots() {
    check(r"{.items[0].labels.x\.y/z}", "dotted");
    check(r"{.items[0].labels['x\.y/z']}", "dotted");
    check("{.items[0]['labels.app']}", "one");
    check("{.items[0]['name']}", "a");
}

#[test]
fn unions_give_all_results_of_one_member_before_the_next() {
    check("{.items[0,2].name}", "a c");
    check("{.items[*]['name', 'labels.app']}", "a b c one two");
}

#[test]
fn filters_compare_with_text_numbers_and_truth() {
    check(r#"{.items[?(@.name=="b")].n}"#, "2");
    check("{.items[?(@.name=='b')].n}", "2");
    check("{.items[?(@.name != 'b')].name}", "a c");
    check("{.items[?(@.n>1)].name}", "b c");
    check("{.items[?(@.n<=2)].name}", "a b");
    check("{.items[?(@.up==true)].name}", "a");
    check("{.items[?(.labels.app=='two')].name}", "b");
    check(r"{.items[?(@.labels.x\.y/z=='dotted')].name}", "a");
    check("{.items[?(@.note)].name}", "b");
    check(r#"{.items[?(@.name=="] ,")].name}"#, "");
}

#[test]
fn ranges_repeat_and_nest() {
    check(r#"{range .items[*]}{.name}{"\t"}{.n}{"\n"}{end}"#, "a\t1\nb\t2\nc\t3\n");
    check("{range .items[*]}{.name}:{range .ports[*]} {@}{end};{end}", "a: 80 443;b: 8443;c:;");
    check("{range .items[0,2]}[{.name}]{end}", "[a][c]");
}

#[test]
fn quoted_text_knows_escapes_and_braces() {
    check(r#"{"}{"}{'\t'}{"\\ \" '"}"#, "}{\t\\ \" '");
}

#[test]
fn what_is_not_there_writes_nothing() {
    check("[{.items[*].absent}{.absent.deeper}]", "[]");
    // kubectl fails here; a list that became shorter is no reason to.
    check("[{.items[9].name}]", "[]");
}

#[test]
fn objects_lists_and_null_appear_as_json() {
    check("{.items[1].labels}", r#"{"app":"two"}"#);
    check("{.items[0].ports}", "[80,443]");
    check("{.items[2].nothing}", "null");
    check("{range .items[0].ports[*]}<{}>{end}", "<80><443>");
}

#[test]
fn text_of_a_cluster_cannot_steer_the_terminal() {
    let written = Template::parse("{.items[1].note}{.items[1]}").unwrap().render(&sample()).unwrap();
    assert!(!written.contains(is_hidden), "{written:?}");
}

#[test]
fn a_refusal_says_where_and_what() {
    for (template, expect) in [
        ("{.items[*].name", "character 1: `{` without `}`"),
        ("é {.items[*.name}", "character 3: `[` without `]`"),
        ("{end}", "character 1: `{end}` without `{range}`"),
        ("x{range .items[*]}y", "character 2: `{range}` without `{end}`"),
        ("{\"abc}", "character 1: a quote is not closed"),
        ("{\"a\\x\"}", "found `\\x`"),
        ("{items}", "found `items`"),
        ("{.items[a]}", "expected an index, a slice, `*`, `'key'` or `?(…)` in brackets, found `a`"),
        ("{.items[?(@.a=b)]}", "expected `==`, `!=`, `<`, `<=`, `>` or `>=` in a filter, once, found `=`"),
        ("{.items[?(@.a==b)]}", "expected `@.path`, a quoted text or a number in a filter, found `b`"),
        ("{.items[?@.a]}", "expected `?(…)`"),
        ("{.a b}", "found `.a b`"),
        ("{\u{1b}}", "\\u{1b}"),
    ] {
        let refusal = refusal(template);
        assert!(refusal.starts_with("error parsing jsonpath at character "), "{refusal}");
        assert!(refusal.contains(expect), "{template:?} gives {refusal:?}");
    }
}

#[test]
fn templates_are_bounded() {
    assert!(refusal(&"x".repeat(1 << 20)).contains("expected at most"));
    assert!(refusal(&"{range .a}".repeat(100)).contains("expected at most 16 nested ranges"));
    assert!(refusal(&format!("{{{}}}", "[0,1,2,3]".repeat(9))).contains("members of unions"));
    assert!(refusal(&format!("{{.a{}}}", "[".repeat(10_000))).contains("without"));
}

proptest! {
    #[test]
    fn no_template_panics(template in r#"([{}.\[\]*?()@$'"\\, ]|range|end|items|name|[0-9:=<>!-]|\PC){0,24}"#) {
        if let Ok(template) = Template::parse(&template) {
            let _ = template.render(&sample());
        }
    }
}
