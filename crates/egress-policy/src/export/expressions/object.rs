//! What an object opens, in CEL: its names, its ports and its callers.
//!
//! Where each field leads is Istio's own: `ServiceEntry.resolution: NONE` sends a call to the address that the application
//! asked for, all others to the endpoints or to what the host resolves to (istiod, `pilot/pkg/serviceregistry/serviceentry`).

use super::super::keys::{ANY_PORT, EVERYTHING, RANGE};
use super::super::twin::{BY_NAME, PLAIN};
use super::ExportedLayer;
use egress_core::admission::{Clause, list, text};

/// A DNS name in lower case, perhaps a wildcard. Its last label begins with a letter: `0xa9.0xfea9fe` is an address to
/// some resolvers.
const NAME: &str = r"^(\*\.)?([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z]([a-z0-9-]{0,61}[a-z0-9])?$";

/// The variables that say what an object opens. `asked` has a list for each name: the name, then the keys of its parents
/// and of every host. `ports` are texts.
pub(super) fn variables(layer: &ExportedLayer) -> Vec<Clause> {
    let root = match &layer.root_namespace {
        Some(root) => format!("request.namespace == {}", text(root)),
        // Whose Sidecars are about everybody is not known, so anybody's may be.
        None => "true".to_owned(),
    };
    let gateways = list(layer.gateway_namespaces.iter().map(String::as_str));
    let variables = [
        ("entry", "object.kind == 'ServiceEntry'".to_owned()),
        ("endpoints", "variables.entry ? object.?spec.?endpoints.orValue([]) : []".to_owned()),
        ("resolution", "variables.entry ? object.?spec.?resolution.orValue('NONE') : ''".to_owned()),
        ("declared", "variables.entry ? object.?spec.?ports.orValue([]) : []".to_owned()),
        // Pods, and WorkloadEntries of its namespace, which are judged themselves.
        (
            "selected",
            "variables.resolution == 'STATIC' && object.?spec.?workloadSelector.hasValue() && \
             size(variables.endpoints) == 0"
                .to_owned(),
        ),
        ("led", "size(variables.endpoints) > 0 && variables.resolution != 'NONE'".to_owned()),
        ("raw", raw()),
        ("names", NORMAL.to_owned()),
        (
            "odd",
            format!(
                "variables.names.filter(n, !(n == '{EVERYTHING}' || isIP(n) || isCIDR(n) || n.matches({})))",
                text(NAME)
            ),
        ),
        ("asked", asked()),
        ("ports", ports()),
        (
            "plain",
            format!("variables.declared.exists(p, p.?protocol.orValue('').lowerAscii() in {})", list(PLAIN)),
        ),
        (
            "exports",
            format!(
                "object.kind in ['ServiceEntry', 'DestinationRule'] ? (size(object.?spec.?exportTo.orValue([])) == 0 ? \
                 ['*'] : object.spec.exportTo) : object.kind == 'WorkloadEntry' || {root} ? ['*'] : ['.']"
            ),
        ),
        // The empty name is a namespace that nobody thought of.
        (
            "callers",
            format!(
                "[request.namespace] + variables.exports.map(e, e == '.' ? request.namespace : e == '*' ? '' : \
                 e).filter(n, n != '~' && n != request.namespace && !(n in {gateways}))"
            ),
        ),
    ];
    variables.map(|(name, expression)| Clause::new(name, expression)).into()
}

/// `team-*`, `shop` as one regular expression of RE2. Whatever is no letter, digit or dash is written as its number.
pub(super) fn pattern(globs: &[String]) -> String {
    let one = |glob: &String| -> String {
        let pieces = glob.chars().map(|character| match character {
            '*' => "(?s:.*)".to_owned(),
            'a'..='z' | 'A'..='Z' | '0'..='9' | '-' => character.to_string(),
            other => format!(r"\x{{{:x}}}", u32::from(other)),
        });
        pieces.collect()
    };
    format!("^(?:{})$", globs.iter().map(one).collect::<Vec<_>>().join("|"))
}

/// The names as they are written.
fn raw() -> String {
    let upstream = text(r"[.]egress[.]internal[.]?$");
    let by_name = list(BY_NAME);
    format!(
        "variables.entry ? (variables.selected ? [] : object.?spec.?hosts.orValue([]).filter(h, !(variables.led && \
         h.lowerAscii().matches({upstream})))) + variables.endpoints.map(e, e.?address.orValue('')) + \
         (variables.resolution != 'NONE' ? [] : size(object.?spec.?addresses.orValue([])) > 0 ? object.spec.addresses : \
         variables.declared.exists(p, !(p.?protocol.orValue('').lowerAscii() in {by_name})) ? ['{EVERYTHING}'] : []) : \
         object.kind == 'WorkloadEntry' ? [object.?spec.?address.orValue('')] : \
         object.kind == 'DestinationRule' ? object.?spec.?subsets.orValue([]).filter(s, \
         s.?trafficPolicy.?tunnel.hasValue()).map(s, s.trafficPolicy.tunnel.?targetHost.orValue('')) + \
         (object.?spec.?trafficPolicy.?tunnel.hasValue() ? [object.spec.trafficPolicy.tunnel.?targetHost.orValue('')] : \
         []) : \
         object.kind == 'Sidecar' ? (object.?spec.?outboundTrafficPolicy.?mode.orValue('') == 'ALLOW_ANY' ? \
         ['{EVERYTHING}'] : []) : ['{EVERYTHING}']"
    )
}

/// In lower case, without the dot of the root, a range of one address as that address, an address in its one spelling.
const NORMAL: &str = "variables.raw.map(n, n.lowerAscii()).map(n, size(n) > 1 && n.endsWith('.') ? n.substring(0, size(n) \
                      - 1) : n).map(n, isCIDR(n) && n.endsWith(n.contains(':') ? '/128' : '/32') ? n.substring(0, \
                      n.indexOf('/')) : n).map(n, isIP(n) ? string(ip(n)) : n)";

fn asked() -> String {
    // A name has at most 127 labels.
    let places: Vec<String> = (1..127).map(|place| place.to_string()).collect();
    let parents = format!(
        "[{}].filter(i, i < size(n.split('.'))).map(i, '.' + n.split('.', i + 1)[i])",
        places.join(",")
    );
    format!(
        "variables.names.filter(n, !(n in variables.odd)).map(n, [n] + (isIP(n) || n == '{EVERYTHING}' ? [] : isCIDR(n) ? \
         ['{RANGE}'] : {parents}) + [''])"
    )
}

/// Every port that a call to the object, or from it to an endpoint, may have.
fn ports() -> String {
    let tunnels = "object.?spec.?subsets.orValue([]).filter(s, s.?trafficPolicy.?tunnel.hasValue()).map(s, \
                   string(s.trafficPolicy.tunnel.?targetPort.orValue(0))) + \
                   (object.?spec.?trafficPolicy.?tunnel.hasValue() ? \
                   [string(object.spec.trafficPolicy.tunnel.?targetPort.orValue(0))] : [])";
    let declared = "variables.declared.map(p, string(p.?number.orValue(0))) + variables.declared.filter(p, \
                    p.?targetPort.orValue(0) != 0).map(p, string(p.targetPort)) + variables.endpoints.filter(e, \
                    size(e.?ports.orValue({})) > 0).map(e, e.ports.map(k, string(e.ports[k])).join(',')).join(',')\
                    .split(',').filter(t, t != '')";
    format!(
        "[variables.entry ? {declared} : object.kind == 'DestinationRule' ? {tunnels} : []].map(l, size(l) > 0 ? l : \
         ['{ANY_PORT}'])[0]"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs_of_namespaces_cannot_be_read_as_anything_else() {
        let pattern =
            |globs: &[&str]| pattern(&globs.iter().map(|glob| (*glob).to_owned()).collect::<Vec<_>>());
        assert_eq!(pattern(&["shop", "team-*"]), "^(?:shop|team-(?s:.*))$");
        assert_eq!(pattern(&["a.b|c)"]), r"^(?:a\x{2e}b\x{7c}c\x{29})$");
    }
}
