//! Holds the core's comparison of labels to that of the client library: two readings of one rule of Kubernetes.
//!
//! The core does not call the library: that copies each selector before it compares, and brings HTTP's types with it.

use std::collections::BTreeMap;

use egress_core::label_selector::selects;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, LabelSelectorRequirement};
use kube::core::{Selector, SelectorExt as _};

fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

fn requirement(key: &str, operator: &str, values: &[&str]) -> LabelSelectorRequirement {
    let values = values.iter().map(|value| (*value).to_owned()).collect();
    LabelSelectorRequirement { key: key.to_owned(), operator: operator.to_owned(), values: Some(values) }
}

#[test]
fn the_core_and_the_client_library_choose_the_same_objects() {
    let all_labels = [&[][..], &[("app", "web")], &[("app", "api")], &[("app", "web"), ("tier", "front")]];
    let pairs = [&[][..], &[("app", "web")], &[("app", "web"), ("tier", "front")], &[("tier", "")]];
    let values = [&[][..], &["web"], &["api", "web"]];
    let (mut chosen, mut compared) = (0, 0);
    for (labels, pairs) in all_labels.iter().flat_map(|labels| pairs.map(|pairs| (map(labels), map(pairs)))) {
        for (operator, values) in ["In", "NotIn", "Exists", "DoesNotExist"]
            .into_iter()
            .flat_map(|operator| values.map(|values| (operator, values)))
        {
            let selector = LabelSelector {
                match_labels: Some(pairs.clone()),
                match_expressions: Some(vec![requirement("app", operator, values)]),
            };
            let library = Selector::try_from(selector.clone()).unwrap();
            assert_eq!(selects(&selector, &labels), library.matches(&labels), "{selector:?} {labels:?}");
            chosen += usize::from(selects(&selector, &labels));
            compared += 1;
        }
    }
    assert!(chosen > 0 && chosen < compared, "{chosen} of {compared}");
}

#[test]
fn an_operator_that_nobody_knows_chooses_nothing_and_the_library_refuses_it() {
    let selector = LabelSelector {
        match_expressions: Some(vec![requirement("app", "Near", &[])]),
        ..LabelSelector::default()
    };
    assert!(!selects(&selector, &BTreeMap::new()));
    assert!(Selector::try_from(selector).is_err());
}
