//! What rules of all kinds have: destinations, weights, and names that may be made up by istiod.

use super::names::{self, is_label};
use super::rejection::Rejections;

/// What the server names begin with that istiod makes up for other networks.
const GENERATED: &str = "outbound_";

/// `ValidateWildcardDomainForVirtualServiceBoundToGateway`.
pub(super) fn name_or_generated(name: &str, takes_generated: bool) -> Option<String> {
    if !takes_generated || !name.starts_with(GENERATED) {
        return names::name(name);
    }
    let mut parts = name.split('_').skip(1);
    let (port, host) = (parts.next().unwrap_or_default(), parts.nth(1).unwrap_or_default());
    let is_generated =
        port.bytes().any(|byte| byte.is_ascii_digit()) && host.bytes().any(|byte| byte.is_ascii_alphabetic());
    // The length first: names that are found good are looked up by each of their endings.
    names::length(name).or_else(|| (!is_generated).then(|| "expected `outbound_.PORT_._.HOST`".to_owned()))
}

/// Where a rule sends calls: the host, the subset and the number of the port, where it has a port; 0 where that has no number.
pub(super) type To<'s> = (&'s str, Option<&'s str>, Option<i64>);

/// The destinations of a rule with their weights. Returns whether there is one.
pub(super) fn routes<'s>(
    all: impl Iterator<Item = (To<'s>, Option<i32>)>,
    place: &str,
    found: &mut Rejections,
) -> bool {
    let mut said: Vec<Option<i32>> = Vec::new();
    for (index, (to, weight)) in all.enumerate() {
        destination(to, &format!("{place}.route[{index}].destination"), found);
        said.push(weight);
    }
    weights(&said, place, found);
    !said.is_empty()
}

/// `validateDestination`.
pub(super) fn destination((host, subset, port): To<'_>, place: &str, found: &mut Rejections) {
    let of_all = || Some("a destination is one host".to_owned());
    let reason = if host == "*" { of_all() } else { names::name(host) };
    found.extend(|| format!("{place}.host"), host, reason);
    if let Some(subset) = subset.filter(|subset| !subset.is_empty() && !is_label(subset)) {
        let reason = "the name of a subset is letters, digits and `-`, at most 63";
        found.add(format!("{place}.subset"), subset, reason);
    }
    if let Some(number) = port {
        found.extend(|| format!("{place}.port.number"), number.to_string(), names::port(number));
    }
}

/// The weights of the destinations of a rule.
fn weights(all: &[Option<i32>], place: &str, found: &mut Rejections) {
    for (index, weight) in all.iter().enumerate() {
        if let Some(weight) = weight.filter(|weight| *weight < 0) {
            found.add(
                format!("{place}.route[{index}].weight"),
                weight.to_string(),
                "a weight is not below 0",
            );
        }
    }
    // As istiod adds them: in 32 bits.
    let sum = all.iter().flatten().fold(0_i32, |sum, weight| sum.wrapping_add(*weight));
    if all.len() > 1 && sum == 0 {
        found.add(format!("{place}.route"), "", "of several destinations at least one has a weight");
    }
}
