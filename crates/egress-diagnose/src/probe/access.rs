//! A line of an Envoy's access log, in Istio's own formats: text and JSON.
//!
//! Source: `EnvoyTextLogFormat` and `EnvoyJSONLogFormatIstio` in `pilot/pkg/model/telemetry_logging.go` of istio/istio.
//! Knows formats only. From a custom JSON format it reads the keys that it knows.

use serde::Deserialize;
use serde_json::Value;

/// One line about a call. Fields that the format omits, and Envoy's `-`, are empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Access {
    /// Path and query.
    #[serde(deserialize_with = "word")]
    pub path: String,
    /// The status; 0 for a connection that is not HTTP.
    #[serde(rename = "response_code", deserialize_with = "word")]
    pub status: String,
    /// Why Envoy itself ended the call, such as `UF,URX`.
    #[serde(rename = "response_flags", deserialize_with = "word")]
    pub flags: String,
    /// The response code details, such as `via_upstream` or `route_not_found`.
    #[serde(rename = "response_code_details", deserialize_with = "word")]
    pub details: String,
    /// Why TLS to the next hop failed.
    #[serde(rename = "upstream_transport_failure_reason", deserialize_with = "word")]
    pub failure: String,
    /// The cluster that was chosen.
    #[serde(rename = "upstream_cluster", deserialize_with = "word")]
    pub cluster: String,
    /// The address it was sent to.
    #[serde(deserialize_with = "word")]
    pub upstream_host: String,
    /// The address it was sent from.
    #[serde(rename = "upstream_local_address", deserialize_with = "word")]
    pub upstream_local: String,
    /// The address it came from.
    #[serde(rename = "downstream_remote_address", deserialize_with = "word")]
    pub downstream_remote: String,
    /// The server name of TLS.
    #[serde(rename = "requested_server_name", deserialize_with = "word")]
    pub server_name: String,
}

impl Access {
    /// Reads a line; none if it is not from an access log.
    pub fn parse(line: &str) -> Option<Self> {
        if line.starts_with('{') {
            let found: Access = serde_json::from_str(line).ok()?;
            // Envoy's and the agent's own messages may be JSON as well.
            let is_one = !(found.cluster.is_empty() && found.flags.is_empty() && found.status.is_empty());
            return is_one.then_some(found);
        }
        Self::of_text(line)
    }

    fn of_text(line: &str) -> Option<Self> {
        let words = words(line);
        let from_end = |back: usize| words.len().checked_sub(back).and_then(|at| words.get(at));
        let word = |found: Option<&&str>| plain(found.copied().unwrap_or_default());
        // Every line of the format has at least 20 words. Envoy's own messages start with a time, too, but are shorter.
        if words.len() < 20 || !line.starts_with('[') {
            return None;
        }
        let status = words.get(2)?;
        status.parse::<u16>().ok()?;
        let path = words.get(1)?.split(' ').nth(1).unwrap_or_default();
        Some(Access {
            path: plain(path),
            status: plain(status),
            flags: word(words.get(3)),
            details: word(words.get(4)),
            failure: word(words.get(6)),
            upstream_host: word(from_end(7)),
            cluster: word(from_end(6)),
            upstream_local: word(from_end(5)),
            downstream_remote: word(from_end(3)),
            server_name: word(from_end(2)),
        })
    }

    /// Whether it was sent to an upstream address that accepted it.
    pub fn was_sent_on(&self) -> bool {
        !self.upstream_host.is_empty() && !self.flags.split(',').any(|flag| flag == "UF")
    }

    /// Envoy's result, for the report.
    pub fn words(&self) -> String {
        let cluster = if self.cluster.is_empty() { "no cluster" } else { &self.cluster };
        let mut told = vec![cluster.to_owned()];
        if !self.upstream_host.is_empty() {
            told.push(format!("sent to {}", self.upstream_host));
        }
        if !matches!(self.status.as_str(), "" | "0") {
            told.push(format!("status {}", self.status));
        }
        for why in [&self.flags, &self.details, &self.failure] {
            if !why.is_empty() && why != "via_upstream" {
                told.push(why.clone());
            }
        }
        told.join(", ")
    }
}

/// Words separated by spaces; quoted text is one word.
fn words(line: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = line.trim();
    while !rest.is_empty() {
        let (word, after) = match rest.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"').unwrap_or((quoted, "")),
            None => rest.split_once(' ').unwrap_or((rest, "")),
        };
        found.push(word);
        rest = after.trim_start();
    }
    found
}

fn plain(word: &str) -> String {
    if word == "-" { String::new() } else { word.to_owned() }
}

/// A value as a word: numbers are numbers in some formats and text in others.
fn word<'de, D: serde::Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    Ok(match Value::deserialize(from)? {
        Value::String(text) => plain(&text),
        Value::Number(number) => number.to_string(),
        _ => String::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"[2026-11-23T04:00:00.000Z] "GET /?kubectl-egress-probe=abc HTTP/1.1" 200 - via_upstream - "-" 0 135 4 4 "-" "kubectl-egress/0.1.0 probe" "84961386-6d84-929d-98bd-c5aee93b5c88" "edition.cnn.com" "10.44.1.27:8080" outbound|80|mesh|istio-egressgateway.istio-system.svc.cluster.local 10.44.1.23:37652 151.101.3.5:80 10.44.1.23:46520 - default"#;
    const TLS: &str = r#"[2026-11-23T04:00:00.000Z] "- - -" 0 UF - - "-" 0 0 4 - "-" "-" "-" "-" "10.44.1.27:8443" outbound|443||istio-egressgateway.istio-system.svc.cluster.local 10.44.1.23:37652 151.101.3.5:443 10.44.1.23:46520 edition.cnn.com -"#;

    #[test]
    fn the_text_format_is_read() {
        let http = Access::parse(TEXT).unwrap();
        assert_eq!(http.path, "/?kubectl-egress-probe=abc");
        assert_eq!((http.status.as_str(), http.flags.as_str()), ("200", ""));
        assert_eq!(http.cluster, "outbound|80|mesh|istio-egressgateway.istio-system.svc.cluster.local");
        assert_eq!(
            (http.upstream_local.as_str(), http.downstream_remote.as_str()),
            ("10.44.1.23:37652", "10.44.1.23:46520")
        );
        assert!(http.was_sent_on() && http.server_name.is_empty());
        let tls = Access::parse(TLS).unwrap();
        assert_eq!((tls.server_name.as_str(), tls.flags.as_str()), ("edition.cnn.com", "UF"));
        assert!(!tls.was_sent_on());
    }

    #[test]
    fn the_json_format_is_read_with_numbers_and_nulls() {
        let line = r#"{"path":null,"response_code":0,"response_flags":"-","upstream_cluster":"PassthroughCluster","upstream_host":"1.2.3.4:443","requested_server_name":"edition.cnn.com","other":{}}"#;
        let access = Access::parse(line).unwrap();
        assert_eq!((access.cluster.as_str(), access.status.as_str()), ("PassthroughCluster", "0"));
        assert!(access.path.is_empty() && access.was_sent_on());
    }

    #[test]
    fn other_lines_of_a_proxy_are_no_calls() {
        for line in [
            "",
            "2026-11-23T04:00:00.000000Z\tinfo\tReadiness succeeded in 1.2s",
            "[2026-11-23 04:00:00.000][12][warning][config] one two three four five six seven eight nine ten eleven twelve 13 14 15 16 17 18 19 20",
            r#"{"level":"info","msg":"Envoy proxy is ready"}"#,
            "{ not json",
        ] {
            assert_eq!(Access::parse(line), None, "{line}");
        }
    }
}
