//! Objects by the hosts they name, whether in full or by a wildcard.
//!
//! A host is looked up by itself and by each domain above it: as many looks as it has dots, however many wildcards
//! there are.

use std::borrow::Cow;

use crate::fast_map::FastMap;
use crate::resource::Resource;
use crate::visibility::host_matches;

/// Objects of one kind.
#[derive(Clone, Default)]
pub(super) struct ByHost<'a> {
    exact: FastMap<String, Vec<&'a Resource>>,
    /// By what follows the `*`, which begins with a dot.
    domains: FastMap<String, Vec<&'a Resource>>,
    /// `*`, and what is a wildcard to Istio although no domain: `*cnn.com`.
    others: FastMap<String, Vec<&'a Resource>>,
}

impl<'a> ByHost<'a> {
    /// `hosts` of a Gateway's server may be `namespace/host`; the namespace is left out.
    pub(super) fn insert(&mut self, resource: &'a Resource, hosts: impl Iterator<Item = &'a String>) {
        for host in hosts {
            let host = host.rsplit('/').next().unwrap_or_default().to_ascii_lowercase();
            let known = match host.strip_prefix('*') {
                None => self.exact.entry(host),
                Some(domain) if domain.starts_with('.') => self.domains.entry(domain.to_owned()),
                Some(_) => self.others.entry(host),
            };
            // Most hosts have one object of a kind.
            let known = known.or_insert_with(|| Vec::with_capacity(1));
            if known.last().is_none_or(|last| last.id != resource.id) {
                known.push(resource);
            }
        }
    }

    /// Those that name the host in full.
    pub(super) fn exact(&self, host: &str) -> Vec<&'a Resource> {
        let mut found = self.exact.get(lower(host).as_ref()).cloned().unwrap_or_default();
        found.sort_by_key(|resource| &resource.id);
        found
    }

    /// Those that name the host, or a wildcard over it.
    pub(super) fn get(&self, host: &str) -> Vec<&'a Resource> {
        let host = lower(host);
        let exact = self.exact.get(host.as_ref()).into_iter().flatten();
        // A wildcard never covers its own domain, so that a dot at the start does not count.
        let dots = host.match_indices('.').filter(|(place, _)| *place > 0);
        let domains = dots.filter_map(|(place, _)| self.domains.get(host.get(place..)?)).flatten();
        let others = self.others.iter().filter(|(pattern, _)| host_matches(pattern, &host));
        let others = others.flat_map(|(_, resources)| resources);
        let mut found: Vec<&Resource> = exact.chain(domains).chain(others).copied().collect();
        // An object may name the host and a wildcard over it.
        found.sort_by_key(|resource| &resource.id);
        found.dedup_by_key(|resource| &resource.id);
        found
    }
}

/// In lower case, as most hosts are already.
fn lower(host: &str) -> Cow<'_, str> {
    if host.bytes().any(|byte| byte.is_ascii_uppercase()) {
        host.to_ascii_lowercase().into()
    } else {
        host.into()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_looks_find_what_a_comparison_with_every_pattern_finds() {
        let patterns = [
            "cnn.com",
            "edition.CNN.com",
            "*.cnn.com",
            "*.Com",
            "*",
            "*cnn.com",
            "istio-system/*.cnn.com",
            "*.",
        ];
        let patterns = patterns.map(str::to_owned);
        let objects: Vec<Resource> = (0..patterns.len()).map(entry).collect();
        let mut index = ByHost::default();
        for (object, pattern) in objects.iter().zip(&patterns) {
            index.insert(object, [pattern].into_iter());
        }
        for host in
            ["cnn.com", "edition.cnn.com", "a.b.cnn.com", "notcnn.com", "*.cnn.com", ".com", "com", "x."]
        {
            let covers = |pattern: &String| host_matches(pattern.rsplit('/').next().unwrap(), host);
            let expected = objects.iter().zip(&patterns).filter(|(_, pattern)| covers(pattern));
            let expected: Vec<&str> = expected.map(|(object, _)| object.id.name.as_str()).collect();
            let found: Vec<&str> = index.get(host).iter().map(|object| object.id.name.as_str()).collect();
            assert_eq!(found, expected, "{host}");
        }
    }

    fn entry(number: usize) -> Resource {
        Resource::from_json(&json!({
            "apiVersion": "networking.istio.io/v1", "kind": "ServiceEntry",
            "metadata": { "name": number.to_string(), "namespace": "shop" }, "spec": { "hosts": ["any.example.com"] },
        }))
        .unwrap()
    }
}
