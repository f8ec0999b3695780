//! Tests of the looks: what a list of changes finds, and what an index of the changed cluster finds.

use serde_json::json;

use super::*;

/// A route of ours for these hosts.
fn route(name: &str, hosts: &[&str]) -> Resource {
    Resource::from_json(&json!({
        "apiVersion": "networking.istio.io/v1", "kind": "VirtualService",
        "metadata": {
            "name": name, "namespace": "shop", "labels": { (metadata::MANAGED_BY): metadata::FIELD_MANAGER },
            "annotations": { (metadata::HOST): hosts[0], (metadata::ROLE): Role::SharedGateway.word() },
        },
        "spec": { "hosts": hosts },
    }))
    .unwrap()
}

fn cluster(resources: &[&Resource]) -> Snapshot {
    Snapshot {
        resources: resources.iter().map(|resource| (*resource).clone()).collect(),
        ..Snapshot::default()
    }
}

/// Whatever is found in any way, each in its order of identities.
fn everything<'a>(found: &Remaining<'_, 'a>, ids: &[&ObjectId]) -> Vec<Vec<&'a Resource>> {
    let hosts = ["edition.cnn.com", "api.github.com"];
    let mut all: Vec<Vec<&Resource>> = hosts
        .iter()
        .flat_map(|host| [found.virtual_services(host), found.labelled("shop", host)])
        .chain([found.of_kind(Kind::VirtualService).collect(), found.of_gateways_in("shop")])
        .chain([ids.iter().filter_map(|id| found.find(id)).collect()])
        .collect();
    for found in &mut all {
        found.sort_by_key(|resource| &resource.id);
    }
    all
}

#[test]
fn what_remains_is_what_an_index_of_the_changed_cluster_has() {
    let (cnn, github) = (route("a", &["edition.cnn.com"]), route("b", &["api.github.com"]));
    let (changed, new) = (route("a", &["api.github.com"]), route("c", &["edition.cnn.com"]));
    let ids = [&cnn.id, &github.id, &new.id];
    let before = cluster(&[&cnn, &github]);
    let index = Index::of(&before);
    let all = || index.without([]);
    for (found, expected) in [
        (all(), vec![&cnn, &github]),
        (index.without([github.id.clone()]), vec![&cnn]),
        (all().with([&changed, &new]), vec![&changed, &github, &new]),
        (all().without([cnn.id.clone()]).with([&changed]), vec![&changed, &github]),
        (all().with([&changed, &new]).without([changed.id.clone()]), vec![&github, &new]),
        (all().with([&changed]).with([&cnn]), vec![&cnn, &github]),
    ] {
        let after = cluster(&expected);
        let expected = everything(&Index::of(&after).without([]), &ids);
        assert_eq!(everything(&found, &ids), expected, "{expected:?}");
    }
}

/// Of the kind: what all egresses of a gateway use is put there again for each host of a command.
#[test]
fn an_object_that_is_put_there_again_is_found_once() {
    let (live, again) = (route("a", &["edition.cnn.com"]), route("a", &["edition.cnn.com"]));
    let snapshot = cluster(&[&live]);
    let mut index = Index::of(&snapshot);
    index.insert(&again);
    assert_eq!(index.of_kind(Kind::VirtualService).len(), 1);
    assert_eq!(index.labelled("shop", "edition.cnn.com").len(), 1);
    assert_eq!(index.of_gateways_in("shop").len(), 1);
}
