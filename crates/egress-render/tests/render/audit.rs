//! What an audit found.

use egress_policy::audit::{Audit, AuditRow};
use egress_policy::policy_set::Layer;
use egress_policy::report::{PolicyRef, Status};
use egress_render::audit::{summary, text};
use snapbox::{assert_data_eq, str};

/// A denial, a warning about something made by hand, and a destination nobody speaks for.
pub(crate) fn audit() -> Audit {
    let by = |policy: &str, digest: Option<&str>| {
        Some(PolicyRef {
            policy: policy.to_owned(),
            version: "1.4.2".to_owned(),
            layer: Layer::Cluster,
            digest: digest.map(|digit| format!("sha256:{}", digit.repeat(64))),
        })
    };
    let row = |host: &str, managed, status, code: &str, message: &str| AuditRow {
        namespace: "shop".to_owned(),
        host: host.to_owned(),
        port: Some(443),
        managed,
        status,
        by: None,
        code: code.to_owned(),
        object: None,
        message: message.to_owned(),
        remediation: None,
    };
    Audit {
        egresses: 4,
        refused: 2,
        rows: vec![
            AuditRow {
                by: by("acme-hosts", Some("a")),
                remediation: Some("ask in the egress channel".to_owned()),
                ..row("api.stripe.io", true, Status::Denied, "host-not-allowed", "not in the catalogue")
            },
            AuditRow {
                by: by("tls-only", None),
                port: None,
                ..row("legacy.example.com", false, Status::Allowed, "plain-http", "clear\u{1b}[31m text")
            },
            AuditRow {
                object: Some("serviceentry/x in namespace shop".to_owned()),
                ..row("example.com", false, Status::Denied, "not-allowed", "no policy allows it")
            },
        ],
        unjudged: vec!["envoyfilter/x in namespace shop: it can send calls anywhere".to_owned()],
    }
}

#[test]
fn an_audit_is_a_table_and_a_line() {
    assert_data_eq!(
        text(&audit()),
        str![[r"
NAMESPACE   HOST                 PORT     MADE-BY          RESULT    POLICY                       CODE               MESSAGE
shop        api.stripe.io        443      kubectl-egress   denied    acme-hosts 1.4.2 (cluster)   host-not-allowed   not in the catalogue
shop        legacy.example.com   <none>   others           warning   tls-only 1.4.2 (cluster)     plain-http         clear/u{1b}[31m text
shop        example.com          443      others           denied    <none>                       not-allowed        no policy allows it (serviceentry/x in namespace shop)

"]]
    );
    assert_eq!(summary(&audit()), "4 egresses: current policies would deny 2");
}

#[test]
fn without_findings_there_is_a_line_alone() {
    let audit = Audit { egresses: 1, ..Audit::default() };
    assert_eq!(text(&audit), "");
    assert_eq!(summary(&audit), "1 egress: current policies deny none of them");
}
