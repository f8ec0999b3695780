//! Asks a policy the way the host asks its component: settings as JSON, facts checked, traces only where wanted.
//!
//! What a component exports is these functions, and a native test calls them just so. Knows nothing of WebAssembly.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::ToString as _;
use alloc::vec;
use alloc::vec::Vec;

use crate::bindings::meta::exports::kubectl_egress::policy::meta;
use crate::{
    Descriptor, Failure, Finding, HostPolicy, Names, NamingPolicy, Pin, PinningPolicy, Policy, Request, Slot,
    Verb, Verdict, json,
};

/// The code of a finding about settings that cannot be read.
pub const INVALID_SETTINGS: &str = "invalid-settings";

/// What the policy says of itself.
pub fn describe<P: Policy>() -> Descriptor {
    let owned = |text: Option<&str>| text.map(ToOwned::to_owned);
    let rule = |rule: &crate::Rule| meta::Rule {
        code: rule.code.to_owned(),
        title: rule.title.to_owned(),
        docs: owned(rule.docs),
    };
    Descriptor {
        id: P::ID.to_owned(),
        version: P::VERSION.to_owned(),
        title: P::TITLE.to_owned(),
        docs: owned(P::DOCS),
        needs: P::NEEDS.iter().map(|need| need.word().to_owned()).collect(),
        verbs: P::VERBS.iter().map(|verb| verb.word().to_owned()).collect(),
        settings_schema: owned(P::SETTINGS_SCHEMA),
        rules: P::RULES.iter().map(rule).collect(),
    }
}

/// What is wrong with these settings, given as JSON; empty: nothing.
pub fn check_settings<P: Policy>(settings: &str) -> Vec<Finding> {
    match read::<P>(settings) {
        Ok(settings) => P::check_settings(&settings),
        Err(findings) => findings,
    }
}

/// Which of the destinations may be reached.
pub fn hosts<P: HostPolicy>(request: &Request) -> Result<Verdict, Failure> {
    if !judges::<P>(&request.verb) {
        return Ok(Verdict::default());
    }
    let mut verdict = P::decide(request, &settings::<P>(request)?)?;
    if !request.explain {
        verdict.trace.clear();
    }
    Ok(verdict)
}

/// What the objects are called.
pub fn naming<P: NamingPolicy>(request: &Request, slots: &[Slot]) -> Result<Names, Failure> {
    let mut names = P::name_objects(request, slots, &settings::<P>(request)?)?;
    if !request.explain {
        names.trace.clear();
    }
    Ok(names)
}

/// On which nodes the traffic may leave.
pub fn pinning<P: PinningPolicy>(request: &Request) -> Result<Pin, Failure> {
    if !judges::<P>(&request.verb) {
        return Ok(Pin::default());
    }
    let mut pin = P::pin_gateway(request, &settings::<P>(request)?)?;
    if !request.explain {
        pin.trace.clear();
    }
    Ok(pin)
}

/// The host asks nobody about removals who does not judge them; a host that did would still get no opinion.
fn judges<P: Policy>(verb: &str) -> bool {
    verb != Verb::Remove.word() || P::VERBS.contains(&Verb::Remove)
}

/// Checked every time: settings may have changed since they were checked.
fn settings<P: Policy>(request: &Request) -> Result<P::Settings, Failure> {
    let settings = read::<P>(&request.settings).map_err(Failure::Settings)?;
    let findings = P::check_settings(&settings);
    if findings.is_empty() { Ok(settings) } else { Err(Failure::Settings(findings)) }
}

fn read<P: Policy>(settings: &str) -> Result<P::Settings, Vec<Finding>> {
    let settings = if matches!(settings, "" | "null") { "{}" } else { settings };
    json::from_str(settings).map_err(|error| {
        let mut finding = Finding::deny(INVALID_SETTINGS, error.to_string());
        finding.path(format!("settings{}", error.path()));
        vec![finding]
    })
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;
    use crate::{Destination, Rule};

    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Settings {
        #[serde(default)]
        blocked: alloc::string::String,
    }

    struct Blocking;

    impl Policy for Blocking {
        type Settings = Settings;
        const ID: &'static str = "blocking";
        const VERSION: &'static str = "1.0.0";
        const TITLE: &'static str = "Blocks one host";
        const RULES: &'static [Rule] = &[Rule::new("blocked", "The host is blocked")];

        fn check_settings(settings: &Settings) -> Vec<Finding> {
            let empty = settings.blocked.is_empty();
            empty.then(|| Finding::deny("blocked", "name a host to block")).into_iter().collect()
        }
    }

    impl HostPolicy for Blocking {
        fn decide(request: &Request, settings: &Settings) -> Result<Verdict, Failure> {
            let mut verdict = Verdict::default();
            for destination in request.destinations().filter(|found| found.host == settings.blocked) {
                verdict.deny(destination, "blocked", "this one is blocked");
                verdict.explain("blocked", "deny", "it is the blocked one");
            }
            Ok(verdict)
        }
    }

    crate::export_policy!(Blocking: hosts);

    fn request(settings: &str) -> Request {
        let destinations = vec![Destination::new("bad.example", 443)];
        Request { destinations, settings: settings.to_owned(), ..Request::default() }
    }

    #[test]
    fn a_policy_is_asked_with_the_settings_of_the_request() {
        assert_eq!(hosts::<Blocking>(&request(r#"{"blocked":"bad.example"}"#)).unwrap().rulings.len(), 1);
        assert_eq!(
            hosts::<Blocking>(&request(r#"{"blocked":"other.example"}"#)).unwrap(),
            Verdict::default()
        );
    }

    #[test]
    fn a_trace_is_given_only_where_it_is_wanted() {
        let asked = request(r#"{"blocked":"bad.example"}"#);

        assert!(hosts::<Blocking>(&asked).unwrap().trace.is_empty());
        assert_eq!(hosts::<Blocking>(&Request { explain: true, ..asked }).unwrap().trace.len(), 1);
    }

    #[test]
    fn who_does_not_judge_removals_has_no_opinion_on_one() {
        let removal = Request { verb: "remove".to_owned(), ..request(r#"{"blocked":"bad.example"}"#) };

        assert_eq!(hosts::<Blocking>(&removal).unwrap(), Verdict::default());
    }

    #[test]
    fn settings_that_cannot_be_read_are_a_failure_that_says_where() {
        let Err(Failure::Settings(findings)) = hosts::<Blocking>(&request(r#"{"block":"x"}"#)) else {
            panic!("the settings have a field that is not known")
        };

        assert!(findings[0].message.contains("unknown field `block`"), "{}", findings[0].message);
        assert_eq!(check_settings::<Blocking>(r#"{"block":"x"}"#), findings);
    }

    #[test]
    fn no_settings_are_empty_settings_and_the_policy_may_still_object() {
        for none in ["", "null", "{}"] {
            assert_eq!(check_settings::<Blocking>(none)[0].message, "name a host to block");
        }
        assert!(matches!(hosts::<Blocking>(&request("")), Err(Failure::Settings(_))));
    }

    #[test]
    fn the_descriptor_is_what_the_constants_say() {
        let descriptor = describe::<Blocking>();

        assert_eq!(descriptor.id, "blocking");
        assert_eq!(descriptor.verbs, ["add"]);
        assert_eq!(descriptor.rules[0].code, "blocked");
    }
}
