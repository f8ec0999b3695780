//! Envoy's routes of HTTP.

use serde::Deserialize;

use super::ConfigMetadata;

/// `envoy.config.route.v3.RouteConfiguration`
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RouteConfiguration {
    #[serde(default)]
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) virtual_hosts: Vec<EnvoyVirtualHost>,
    #[serde(default)]
    pub(crate) ignore_port_in_host_matching: bool,
}

/// `envoy.config.route.v3.VirtualHost`
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct EnvoyVirtualHost {
    #[serde(default)]
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) domains: Vec<String>,
    #[serde(default)]
    pub(crate) routes: Vec<EnvoyRoute>,
    #[serde(default)]
    pub(crate) require_tls: TlsRequirement,
}

/// `VirtualHost.TlsRequirementType`
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum TlsRequirement {
    #[default]
    None,
    ExternalOnly,
    All,
}

/// `envoy.config.route.v3.Route`
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct EnvoyRoute {
    #[serde(rename = "match", default)]
    pub(crate) wanted: EnvoyRouteMatch,
    pub(crate) route: Option<RouteAction>,
    pub(crate) redirect: Option<RedirectAction>,
    pub(crate) direct_response: Option<DirectResponse>,
    #[serde(default)]
    pub(crate) metadata: ConfigMetadata,
}

/// `envoy.config.route.v3.RouteMatch`
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct EnvoyRouteMatch {
    pub(crate) prefix: Option<String>,
    pub(crate) path: Option<String>,
    pub(crate) path_separated_prefix: Option<String>,
    pub(crate) safe_regex: Option<SafeRegex>,
    pub(crate) connect_matcher: Option<serde_json::Value>,
    pub(crate) headers: Vec<EnvoyHeaderMatch>,
    pub(crate) query_parameters: Vec<QueryParameterMatch>,
    pub(crate) dynamic_metadata: Vec<MetadataMatch>,
}

/// `envoy.type.matcher.v3.RegexMatcher`
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct SafeRegex {
    pub(crate) regex: String,
}

/// `envoy.config.route.v3.HeaderMatcher`
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct EnvoyHeaderMatch {
    pub(crate) name: String,
    pub(crate) present_match: Option<bool>,
    pub(crate) string_match: Option<EnvoyStringMatch>,
    #[serde(default)]
    pub(crate) invert_match: bool,
    #[serde(default)]
    pub(crate) treat_missing_header_as_empty: bool,
}

/// `envoy.type.matcher.v3.StringMatcher`
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct EnvoyStringMatch {
    pub(crate) exact: Option<String>,
    pub(crate) prefix: Option<String>,
    pub(crate) suffix: Option<String>,
    pub(crate) contains: Option<String>,
    pub(crate) safe_regex: Option<SafeRegex>,
    #[serde(default)]
    pub(crate) ignore_case: bool,
}

/// `envoy.config.route.v3.QueryParameterMatcher`
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct QueryParameterMatch {
    pub(crate) present_match: Option<bool>,
}

/// `envoy.type.matcher.v3.MetadataMatcher`
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct MetadataMatch {
    #[serde(default)]
    pub(crate) invert: bool,
}

/// `envoy.config.route.v3.RouteAction`
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RouteAction {
    pub(crate) cluster: Option<String>,
    pub(crate) weighted_clusters: Option<EnvoyWeightedClusters>,
    pub(crate) host_rewrite_literal: Option<String>,
}

/// `envoy.config.route.v3.WeightedCluster`, and that of `TcpProxy`.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct EnvoyWeightedClusters {
    pub(crate) clusters: Vec<EnvoyWeightedCluster>,
}

/// One of them.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct EnvoyWeightedCluster {
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) weight: u32,
    pub(crate) host_rewrite_literal: Option<String>,
}

/// `envoy.config.route.v3.RedirectAction`
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RedirectAction {
    #[serde(default)]
    pub(crate) response_code: RedirectCode,
}

/// `RedirectAction.RedirectResponseCode`
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum RedirectCode {
    #[default]
    MovedPermanently,
    Found,
    SeeOther,
    TemporaryRedirect,
    PermanentRedirect,
}

impl RedirectCode {
    /// The status of the answer.
    pub(crate) fn status(self) -> u16 {
        match self {
            Self::MovedPermanently => 301,
            Self::Found => 302,
            Self::SeeOther => 303,
            Self::TemporaryRedirect => 307,
            Self::PermanentRedirect => 308,
        }
    }
}

/// `envoy.config.route.v3.DirectResponseAction`
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct DirectResponse {
    pub(crate) status: u16,
}
