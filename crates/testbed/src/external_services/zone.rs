//! What the DNS server answers, as data and as a file that may change while the server runs.
//!
//! It knows names and addresses, and nothing of the DNS protocol.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    net::Ipv4Addr,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use anyhow::Context as _;
use serde::{Deserialize, Serialize};

/// Names below these never exist outside a cluster, unless the zone lists them.
const INTERNAL: [&str; 2] = ["internal", "cluster.local"];

/// Seconds, unless the zone says otherwise: as few as possible, so that a changed zone is soon seen.
const TTL: u32 = 1;

/// The names of the external services; all are written in lower case, without a closing dot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Zone {
    /// The addresses of a name; an empty list is a name that exists and has none.
    pub names: BTreeMap<String, Vec<Ipv4Addr>>,
    /// Names that do not exist; this wins over `names`.
    pub nxdomain: BTreeSet<String>,
    /// The addresses of every other name of at least two labels that is not internal to a cluster.
    pub default: Option<Vec<Ipv4Addr>>,
    /// How many seconds a client may remember the addresses of a name.
    pub ttl: u32,
    /// The same for names with a time of their own.
    pub ttls: BTreeMap<String, u32>,
}

impl Default for Zone {
    fn default() -> Self {
        let (names, nxdomain, ttls) = (BTreeMap::new(), BTreeSet::new(), BTreeMap::new());
        Self { names, nxdomain, default: None, ttl: TTL, ttls }
    }
}

impl Zone {
    /// The addresses of `name`, or `None` if no such name exists.
    pub fn addresses(&self, name: &str) -> Option<&[Ipv4Addr]> {
        if self.nxdomain.contains(name) {
            return None;
        }
        if let Some(addresses) = self.names.get(name) {
            return Some(addresses);
        }
        if is_internal(name) { None } else { self.default.as_deref() }
    }

    /// How many seconds a client may remember the addresses of `name`.
    pub fn ttl(&self, name: &str) -> u32 {
        self.ttls.get(name).copied().unwrap_or(self.ttl)
    }

    /// Puts the zone in place of the file at once, so that a server never reads half of it.
    pub fn save(&self, path: &Path) -> anyhow::Result<()> {
        let unfinished = path.with_extension("new");
        fs::write(&unfinished, serde_yaml::to_string(self)?)
            .and_then(|()| fs::rename(&unfinished, path))
            .with_context(|| format!("cannot write {}", path.display()))
    }
}

/// A zone that follows its file.
#[derive(Debug)]
pub(super) struct ZoneFile {
    path: PathBuf,
    last: Mutex<Parsed>,
}

impl ZoneFile {
    /// Reads the file for the first time; it must be there and make sense.
    pub(super) fn open(path: &Path) -> anyhow::Result<Self> {
        let text = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        let zone = serde_yaml::from_str(&text)
            .with_context(|| format!("cannot understand the zone {}", path.display()))?;
        Ok(Self { path: path.to_owned(), last: Mutex::new(Parsed { text, zone: Arc::new(zone) }) })
    }

    /// The zone as the file says it now, or as it last made sense.
    pub(super) fn current(&self) -> Arc<Zone> {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        // The text is compared rather than the file's time: two changes within one tick of the clock both count.
        if let Ok(text) = fs::read_to_string(&self.path)
            && text != last.text
            && let Ok(zone) = serde_yaml::from_str(&text)
        {
            *last = Parsed { text, zone: Arc::new(zone) };
        }
        Arc::clone(&last.zone)
    }
}

#[derive(Debug)]
struct Parsed {
    text: String,
    zone: Arc<Zone>,
}

fn is_internal(name: &str) -> bool {
    !name.contains('.')
        || INTERNAL.iter().any(|suffix| {
            name.strip_suffix(suffix).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANY: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);
    const OWN: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 2);

    fn zone() -> Zone {
        serde_yaml::from_str(
            "names: {edition.cnn.com: [192.0.2.2], a.internal: [192.0.2.2], empty.example.test: []}\n\
             nxdomain: [gone.example.test]\n\
             default: [192.0.2.1]",
        )
        .unwrap()
    }

    #[test]
    fn a_listed_name_has_its_own_addresses_even_when_internal() {
        assert_eq!(zone().addresses("edition.cnn.com"), Some(&[OWN][..]));
        assert_eq!(zone().addresses("a.internal"), Some(&[OWN][..]));
        assert_eq!(zone().addresses("empty.example.test"), Some(&[][..]));
    }

    #[test]
    fn every_other_name_has_the_default_unless_it_is_internal_or_listed_as_missing() {
        assert_eq!(zone().addresses("example.test"), Some(&[ANY][..]));
        assert_eq!(zone().addresses("notinternal.test"), Some(&[ANY][..]));
        for missing in [
            "gone.example.test",
            "edition-cnn-com.shop.egress.internal",
            "edition.cnn.com.shop.svc.cluster.local",
            "edition.cnn.com.cluster.local",
            "internal",
            "localdomain",
        ] {
            assert_eq!(zone().addresses(missing), None, "{missing}");
        }
    }

    #[test]
    fn without_a_default_unlisted_names_do_not_exist() {
        assert_eq!(Zone::default().addresses("example.test"), None);
    }

    #[test]
    fn answers_are_remembered_for_one_second_unless_the_zone_says_otherwise() {
        assert_eq!(zone().ttl("edition.cnn.com"), 1);

        let slow = Zone { ttl: 30, ttls: [("edition.cnn.com".to_owned(), 5)].into(), ..zone() };
        assert_eq!((slow.ttl("edition.cnn.com"), slow.ttl("example.test")), (5, 30));
    }

    #[test]
    fn a_changed_file_counts_at_once_and_a_broken_one_leaves_the_last_good_zone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("zone.yaml");
        zone().save(&path).unwrap();
        let file = ZoneFile::open(&path).unwrap();
        assert_eq!(*file.current(), zone());

        let changed = Zone { default: None, ..zone() };
        changed.save(&path).unwrap();
        assert_eq!(*file.current(), changed);

        fs::write(&path, "names: [").unwrap();
        assert_eq!(*file.current(), changed);
    }
}
