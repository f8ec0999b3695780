//! Parsing of `/stats`: lines of `name: number`.
//!
//! Knows the few names that a diagnosis reads. In statistics, Istio ends the name of a cluster with `;`; older versions did not.

use super::{Counters, ProxyView};

/// What [`ProxyView::count`] reads, as a filter of `/stats`: a regular expression that is searched in each name. Without
/// it, a thousand hosts are megabytes.
pub const FILTER: &str = concat!(
    r"^cluster\.outbound.*\.(upstream_cx_connect_timeout|upstream_cx_destroy_remote_with_active_rq",
    r"|ssl\.(fail_verify_error|fail_verify_san|connection_error))$",
    r"|^control_plane\.connected_state$",
);

impl ProxyView {
    /// Adds what `/stats` counted. Clusters must be known; lines that are not understood tell nothing.
    pub fn count(&mut self, text: &[u8]) {
        let text = String::from_utf8_lossy(text);
        for (name, value) in text.lines().filter_map(|line| line.rsplit_once(": ")) {
            let Ok(value) = value.trim().parse::<u64>() else { continue };
            if name == "control_plane.connected_state" {
                self.connected = Some(value > 0);
                continue;
            }
            let Some((cluster, counter)) = split(name) else { continue };
            if let Some(cluster) = self.clusters.get_mut(cluster) {
                cluster.counters.add(counter, value);
            }
        }
    }
}

impl Counters {
    fn add(&mut self, counter: &str, value: u64) {
        let place = match counter {
            "upstream_cx_connect_timeout" => &mut self.connect_timeouts,
            "upstream_cx_destroy_remote_with_active_rq" => &mut self.closed_in_use,
            "ssl.fail_verify_error" | "ssl.fail_verify_san" => &mut self.certificates_refused,
            "ssl.connection_error" => &mut self.handshakes_failed,
            _ => return,
        };
        *place = Some(place.unwrap_or_default().saturating_add(value));
    }
}

/// The cluster of a statistic, and which one it is.
fn split(name: &str) -> Option<(&str, &str)> {
    let rest = name.strip_prefix("cluster.")?;
    if let Some(found) = rest.split_once(";.") {
        return Some(found);
    }
    let at = rest.find(".upstream_cx_").or_else(|| rest.find(".ssl."))?;
    Some((rest.get(..at)?, rest.get(at + 1..)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proxy::ClusterView;

    #[test]
    fn counters_are_found_with_the_names_of_today_and_of_before() {
        for end in [";", ""] {
            let cluster = "outbound|443||edition.cnn.com";
            let mut view = ProxyView::default();
            view.clusters.insert(cluster.to_owned(), ClusterView::default());
            let text = format!(
                "cluster.{cluster}{end}.ssl.fail_verify_error: 2\n\
                 cluster.{cluster}{end}.ssl.fail_verify_san: 1\n\
                 cluster.{cluster}{end}.upstream_cx_connect_timeout: 4\n\
                 cluster.other{end}.upstream_cx_connect_timeout: 9\n\
                 control_plane.connected_state: 0\n\
                 a histogram: No recorded values\n"
            );
            view.count(text.as_bytes());
            let expected =
                Counters { connect_timeouts: Some(4), certificates_refused: Some(3), ..Counters::default() };
            assert_eq!(view.clusters[cluster].counters, expected, "{text}");
            assert_eq!(view.connected, Some(false));
        }
    }
}
