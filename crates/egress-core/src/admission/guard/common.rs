//! What the policies of the guard have in common: when they judge, and parts of their expressions.
//!
//! Knows metadata and hosts. Knows nothing of the kinds.

use super::rule::GuardRule;
use super::scope::{BYPASS, BYPASS_GROUP, BYPASS_RESOURCE, BYPASS_VERB, Guard};
use crate::admission::{AdmissionPolicy, AdmissionRule, AdmissionSet, Clause, ResourceRule, list, text};
use crate::metadata::{ACCEPT, FIELD_MANAGER, HOST, MANAGED_BY, ROLE};

/// How annotations of this program begin.
pub(super) const OURS: &str = "kubectl-egress.github.io/";
/// How annotations begin that only istiod's own objects carry: on a stored object they would lend it the rights of
/// another namespace (`InternalParentNamespace`, `InternalGatewayServiceAnnotation`).
pub(super) const INTERNAL: &str = "internal.istio.io/";
/// Below which host the upstreams are.
pub(super) const TAIL: &str = ".egress.internal";
/// Annotations that people write on objects of anybody.
pub(super) const OF_PEOPLE: [&str; 2] = [ACCEPT, BYPASS];
/// What a DNS name looks like, and how names end that are never outside the mesh; `crate::host` says why.
pub(super) const NAME: &str = "^([a-z0-9]([-a-z0-9]*[a-z0-9])?\\\\.)+[a-z0-9]([-a-z0-9]*[a-z0-9])?$";
pub(super) const INSIDE: &str =
    "(\\\\.|^)(svc|cluster\\\\.local|localhost|local|internal|localdomain|in-addr\\\\.arpa|[0-9]+)$";

/// A policy of the guard over one kind.
pub(super) fn policy(
    guard: &Guard,
    resource: ResourceRule,
    changed: &str,
    variables: Vec<Clause>,
    rules: &[(GuardRule, String)],
) -> AdmissionPolicy {
    let rule = |(rule, expression): &(GuardRule, String)| AdmissionRule {
        expression: expression.clone(),
        message: rule.message(guard),
        message_expression: None,
    };
    AdmissionPolicy {
        name: format!("kubectl-egress-guard-{}", resource.resource),
        set: AdmissionSet::Guard,
        annotations: guard.annotations(),
        resources: vec![resource],
        conditions: vec![
            Clause::new("changed", changed),
            Clause::new("not-let-through", format!("!({})", let_through(guard))),
        ],
        variables,
        validations: rules.iter().map(rule).collect(),
    }
}

/// Whether the object is let through: the annotation, by someone who owns every guarded gateway. A service account of
/// another namespace is nobody's owner, whatever its rights: those of a deployment tool are everybody's.
fn let_through(guard: &Guard) -> String {
    let owners: Vec<String> = guard
        .namespaces()
        .into_iter()
        .map(|namespace| {
            format!(
                "authorizer.group({}).resource({}).namespace({}).check({}).allowed()",
                text(BYPASS_GROUP),
                text(BYPASS_RESOURCE),
                text(namespace),
                text(BYPASS_VERB)
            )
        })
        .collect();
    let accounts: Vec<String> = guard
        .namespaces()
        .into_iter()
        .map(|namespace| format!("system:serviceaccounts:{namespace}"))
        .collect();
    let accounts = list(accounts.iter().map(String::as_str));
    format!(
        "object.metadata.?annotations.orValue({{}}).exists(k, k == {}) \
         && (!request.userInfo.?groups.orValue([]).exists(g, g == 'system:serviceaccounts') \
         || request.userInfo.?groups.orValue([]).exists(g, g in {accounts})) && {}",
        text(BYPASS),
        owners.join(" && ")
    )
}

/// When an object of Istio is judged: when it is new, or its spec or what it says of itself changes. An object that was
/// there before the guard may get another label or be deleted.
pub(super) fn changed() -> String {
    let annotations = "object.metadata.?annotations.orValue({})";
    let before = "oldObject.metadata.?annotations.orValue({})";
    let of_ours = format!("(k.startsWith({}) || k.startsWith({}))", text(OURS), text(INTERNAL));
    let label = text(MANAGED_BY);
    format!(
        "oldObject == null || object.?spec.orValue({{}}) != oldObject.?spec.orValue({{}}) \
         || object.metadata.?labels[?{label}].orValue('') != oldObject.metadata.?labels[?{label}].orValue('') \
         || {annotations}.exists(k, {of_ours} && object.metadata.annotations[k] != oldObject.metadata.?annotations[?k].orValue('')) \
         || {before}.exists(k, {of_ours} && !(k in {annotations}))"
    )
}

/// Variables that the rules over Istio's kinds begin with.
pub(super) fn variables() -> Vec<Clause> {
    let people = list(OF_PEOPLE);
    vec![
        Clause::new("spec", "object.?spec.orValue({})"),
        Clause::new("home", "request.namespace"),
        Clause::new("annotations", "object.metadata.?annotations.orValue({})"),
        Clause::new(
            "claims",
            format!(
                "object.metadata.?labels[?{}].orValue('') == {} || variables.annotations.exists(k, k.startsWith({}) \
                 && !(k in {people}))",
                text(MANAGED_BY),
                text(FIELD_MANAGER),
                text(OURS)
            ),
        ),
        Clause::new("role", format!("object.metadata.?annotations[?{}].orValue('')", text(ROLE))),
        Clause::new("host", format!("object.metadata.?annotations[?{}].orValue('')", text(HOST))),
        Clause::new("internal", format!("variables.annotations.exists(k, k.startsWith({}))", text(INTERNAL))),
        Clause::new("tail", format!("'.' + variables.home + {}", text(TAIL))),
    ]
}

/// Whether a CEL expression of a host is below `.egress.internal`, in any case, with a dot at its end or not.
pub(super) fn is_below(host: &str) -> String {
    format!("({host}.lowerAscii().endsWith({0}) || {host}.lowerAscii().endsWith({0} + '.'))", text(TAIL))
}

/// Whether a CEL expression of a host below `.egress.internal` belongs to the object's namespace.
pub(super) fn is_own(host: &str) -> String {
    format!("{host}.endsWith(variables.tail)")
}

/// Whether a CEL expression is a name outside the mesh.
pub(super) fn is_outside(host: &str) -> String {
    format!("{host}.matches('{NAME}') && !{host}.matches('{INSIDE}')")
}

/// Whether `upstream` is the host of the upstream of `host`: hashed where it would be too long.
pub(super) fn is_upstream_of(upstream: &str, host: &str) -> String {
    format!(
        "({upstream} == {host} + variables.tail || (size({host} + variables.tail) > 253 \
         && size({upstream}) == 8 + size(variables.tail) && {upstream}.endsWith(variables.tail) \
         && {upstream}.substring(0, 8).matches('^[0-9a-f]+$')))"
    )
}

/// Whether a CEL expression of a map has these keys only.
pub(super) fn only(map: &str, keys: &[&str]) -> String {
    format!("{map}.all(k, k in {})", list(keys.iter().copied()))
}
