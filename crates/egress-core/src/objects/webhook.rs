//! Admission webhooks as facts.

use std::collections::BTreeSet;

use k8s_openapi::api::admissionregistration::v1::{
    MutatingWebhookConfiguration, RuleWithOperations, ValidatingWebhookConfiguration, WebhookClientConfig,
};

use crate::related_resources::WebhookFacts;

/// A configuration of webhooks of either kind.
pub trait WebhookConfiguration {
    /// Its webhooks as facts.
    fn facts(&self) -> Vec<WebhookFacts>;
}

/// The webhooks of a configuration.
pub fn webhooks(configuration: &impl WebhookConfiguration) -> Vec<WebhookFacts> {
    configuration.facts()
}

impl WebhookConfiguration for ValidatingWebhookConfiguration {
    fn facts(&self) -> Vec<WebhookFacts> {
        let all = self.webhooks.iter().flatten();
        all.map(|webhook| {
            let common = Common {
                kind: "ValidatingWebhookConfiguration",
                configuration: self.metadata.name.as_deref(),
                client: &webhook.client_config,
                failure_policy: webhook.failure_policy.as_deref(),
                rules: webhook.rules.as_deref(),
            };
            common.facts(&webhook.name)
        })
        .collect()
    }
}

impl WebhookConfiguration for MutatingWebhookConfiguration {
    fn facts(&self) -> Vec<WebhookFacts> {
        let all = self.webhooks.iter().flatten();
        all.map(|webhook| {
            let common = Common {
                kind: "MutatingWebhookConfiguration",
                configuration: self.metadata.name.as_deref(),
                client: &webhook.client_config,
                failure_policy: webhook.failure_policy.as_deref(),
                rules: webhook.rules.as_deref(),
            };
            common.facts(&webhook.name)
        })
        .collect()
    }
}

/// What the two kinds share.
struct Common<'a> {
    kind: &'a str,
    configuration: Option<&'a str>,
    client: &'a WebhookClientConfig,
    failure_policy: Option<&'a str>,
    rules: Option<&'a [RuleWithOperations]>,
}

impl Common<'_> {
    fn facts(&self, name: &str) -> WebhookFacts {
        let service = self.client.service.as_ref();
        let rules = self.rules.into_iter().flatten();
        let groups: BTreeSet<String> =
            rules.flat_map(|rule| rule.api_groups.iter().flatten()).cloned().collect();
        WebhookFacts {
            kind: self.kind.to_owned(),
            configuration: self.configuration.unwrap_or_default().to_owned(),
            name: name.to_owned(),
            service: service.map(|service| (service.namespace.clone(), service.name.clone())),
            has_ca: self.client.ca_bundle.as_ref().is_some_and(|bundle| !bundle.0.is_empty()),
            // Without a word the API server takes `Fail`.
            fails_closed: self.failure_policy != Some("Ignore"),
            groups,
        }
    }
}
