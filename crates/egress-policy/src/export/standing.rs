//! How far an exported policy in a cluster still is what the configuration says.
//!
//! A cluster without an export has no flaw: nobody has to export. What was known of the mesh at the export is remembered in
//! annotations of the policy, so that a gateway that came later does not make it look older than the configuration.

use jiff::civil::Date;
use k8s_openapi::api::admissionregistration::v1::{
    ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding,
};

use super::export;
use super::remembered::Remembered;
use super::source::ExportSource;
use crate::config::PolicyConfig;
use egress_core::admission::exported::{Flaw, NAME};
use egress_core::admission::{BindingState, PolicyState, Standing};

/// What is wrong with the export in a cluster; nothing where there is none. `set` is the configuration of the cluster's
/// layer, `None` where there is none.
pub fn flaws(
    set: Option<&PolicyConfig>,
    today: Date,
    policies: &[ValidatingAdmissionPolicy],
    bindings: &[ValidatingAdmissionPolicyBinding],
) -> Vec<Flaw> {
    let is_ours = |name: &Option<String>| name.as_deref() == Some(NAME);
    let policy = policies.iter().find(|policy| is_ours(&policy.metadata.name));
    let binding = bindings.iter().find(|binding| is_ours(&binding.metadata.name));
    if policy.is_none() && binding.is_none() {
        return Vec::new();
    }
    let annotations = policy.and_then(|policy| policy.metadata.annotations.as_ref());
    let Remembered { root_namespace, gateway_namespaces } =
        annotations.map(Remembered::read).unwrap_or_default();
    let expected = set.and_then(|set| {
        let root_namespace = root_namespace.as_deref();
        let source = ExportSource { set, root_namespace, gateway_namespaces: &gateway_namespaces, today };
        export(&source).ok()?.policy
    });
    let Some(expected) = expected else { return vec![Flaw::Obsolete] };
    let Standing { policy, binding, .. } = Standing::of(&expected, policies, bindings);
    let of_policy = match policy {
        PolicyState::Missing => return vec![Flaw::Missing],
        PolicyState::Old => Some(Flaw::Old),
        PolicyState::Edited => Some(Flaw::Edited),
        PolicyState::Current => None,
    };
    let of_binding = match binding {
        BindingState::Missing => Some(Flaw::Unbound),
        BindingState::Edited => Some(Flaw::BindingEdited),
        BindingState::Warn => Some(Flaw::Warns),
        BindingState::Deny => None,
    };
    of_policy.into_iter().chain(of_binding).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use jiff::civil::date;

    use super::*;
    use egress_core::admission::{AdmissionPolicy, Enforcement};

    const TODAY: Date = date(2026, 11, 28);

    fn set(hosts: &str) -> PolicyConfig {
        let text = format!(
            "apiVersion: kubectl-egress.github.io/v1alpha1\nkind: EgressPolicySet\npolicies:\n- {{name: a, builtin: \
             rules, settings: {{allow: [{hosts}]}}}}\n"
        );
        PolicyConfig::parse(&text).unwrap()
    }

    fn exported(hosts: &str) -> AdmissionPolicy {
        let set = set(hosts);
        let gateway_namespaces = BTreeSet::from(["egress".to_owned(), "istio-system".to_owned()]);
        let source = ExportSource {
            set: &set,
            root_namespace: Some("mesh"),
            gateway_namespaces: &gateway_namespaces,
            today: TODAY,
        };
        export(&source).unwrap().policy.unwrap()
    }

    #[test]
    fn each_flaw_is_told_and_a_cluster_without_an_export_has_none() {
        let (today, before) = (set("a.com"), set("b.com"));
        let policy = exported("a.com");
        let (deny, warn) = (policy.binding(Enforcement::Deny), policy.binding(Enforcement::Warn));
        let mut edited = policy.policy();
        edited.spec.as_mut().unwrap().validations = None;
        let mut elsewhere = deny.clone();
        elsewhere.spec.as_mut().unwrap().policy_name = Some("other".to_owned());
        let told = |set: Option<&PolicyConfig>, policies: &[_], bindings: &[_]| {
            flaws(set, TODAY, policies, bindings)
        };
        assert_eq!(told(Some(&today), &[], &[]), []);
        assert_eq!(told(Some(&today), &[policy.policy()], std::slice::from_ref(&deny)), []);
        assert_eq!(told(Some(&today), &[policy.policy()], &[warn]), [Flaw::Warns]);
        assert_eq!(told(Some(&today), &[policy.policy()], &[]), [Flaw::Unbound]);
        assert_eq!(told(Some(&today), &[], std::slice::from_ref(&deny)), [Flaw::Missing]);
        assert_eq!(told(Some(&today), &[policy.policy()], &[elsewhere]), [Flaw::BindingEdited]);
        assert_eq!(told(Some(&today), &[edited], std::slice::from_ref(&deny)), [Flaw::Edited]);
        assert_eq!(told(Some(&before), &[policy.policy()], std::slice::from_ref(&deny)), [Flaw::Old]);
        assert_eq!(told(None, &[policy.policy()], &[deny]), [Flaw::Obsolete]);
    }
}
