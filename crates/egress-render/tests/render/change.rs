//! Plans before they are confirmed, and their diffs.

use egress_core::plan::Action;
use egress_core::role::Role;
use egress_render::diff::unified;
use egress_render::palette::Palette;
use egress_render::plan::view;
use serde_json::json;
use snapbox::{assert_data_eq, file};

use crate::fixtures::{plan, plans, resource, service_entry, step};

#[test]
fn a_plan_shows_each_object_below_its_host_and_counts() {
    assert_data_eq!(view(&plans(), &Palette::plain()), file!["goldens/plan.txt"].raw());
}

#[test]
fn colour_adds_nothing_but_colour() {
    let coloured = view(&plans(), &Palette::coloured());
    assert!(coloured.contains("\u{1b}[32mcreate\u{1b}[0m"), "{coloured}");
    let mut plain = String::new();
    for (index, part) in coloured.split('\u{1b}').enumerate() {
        plain.push_str(if index == 0 { part } else { part.split_once('m').unwrap().1 });
    }
    assert_eq!(plain, view(&plans(), &Palette::plain()));
}

#[test]
fn an_object_that_hosts_share_is_counted_once() {
    let text = view(&plans(), &Palette::plain());
    assert_eq!(text.matches("kubectl-egress-pair").count(), 1, "{text}");
    assert!(text.ends_with("2 to create, 1 to update, 1 to delete, 1 unchanged\n"), "{text}");
}

#[test]
fn an_object_written_in_two_stages_is_one_object() {
    let narrow = resource(&service_entry("shop", "a-example-com", "a.example.com", &[443]));
    let whole = resource(&service_entry("shop", "a-example-com", "a.example.com", &[443, 8443]));
    let staged = plan(
        "a.example.com",
        "shop",
        vec![
            step(Role::Client, narrow.clone(), Some(Action::Create)),
            step(Role::Client, whole, Some(Action::Update(Box::new(narrow)))),
        ],
    );
    let staged = [staged];
    let text = view(&staged, &Palette::plain());
    assert!(text.ends_with("1 to create, 0 to update, 0 to delete, 0 unchanged\n"), "{text}");
    let diff = unified(&staged, "v1", &Palette::plain()).unwrap();
    assert_eq!(diff.matches("diff -u -N").count(), 1, "{diff}");
    assert!(diff.contains("+  - name: tls-8443\n"), "{diff}");
}

#[test]
fn a_diff_shows_what_is_created_changed_and_deleted() {
    let diff = unified(&plans(), "v1", &Palette::plain()).unwrap();
    assert_data_eq!(diff, file!["goldens/diff.txt"].raw());
}

#[test]
fn equal_objects_give_no_diff() {
    let object = resource(&service_entry("shop", "a-example-com", "a.example.com", &[443]));
    let same = plan("a.example.com", "shop", vec![step(Role::Client, object, None)]);
    assert_eq!(unified(&[same], "v1", &Palette::plain()).unwrap(), "");
}

/// Of the kind: the file of an object of Kubernetes was called as if Istio had made it.
#[test]
fn an_object_in_a_diff_is_called_by_its_own_api_group() {
    let object = resource(&json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
        "metadata": {"name": "only-the-gateway", "namespace": "shop"}, "spec": {"podSelector": {}},
    }));
    let new = plan("a.example.com", "shop", vec![step(Role::Client, object, Some(Action::Create))]);
    let diff = unified(&[new], "v1beta1", &Palette::plain()).unwrap();
    assert!(diff.contains("networking.k8s.io.v1.NetworkPolicy.shop.only-the-gateway"), "{diff}");
}
