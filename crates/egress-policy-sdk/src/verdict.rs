//! Verdicts, written destination by destination. A denial is never taken back by a later allowance.

use alloc::borrow::ToOwned as _;
use alloc::string::String;
use alloc::vec::Vec;

use crate::{AskedDestination, Decision, Finding, Ruling, Step, Verdict};

impl Verdict {
    /// The destination may be reached, unless something else is against it.
    pub fn allow(&mut self, destination: AskedDestination<'_>) {
        let ruling = self.ruling(destination);
        if ruling.decision == Decision::Abstain {
            ruling.decision = Decision::Allow;
        }
    }

    /// The destination may not be reached. The finding points at its host until told otherwise.
    pub fn deny(
        &mut self,
        destination: AskedDestination<'_>,
        code: &str,
        message: impl Into<String>,
    ) -> &mut Finding {
        self.ruling(destination).decision = Decision::Deny;
        self.find(destination, Finding::deny(code, message))
    }

    /// Something to look at; decides nothing.
    pub fn warn(
        &mut self,
        destination: AskedDestination<'_>,
        code: &str,
        message: impl Into<String>,
    ) -> &mut Finding {
        self.find(destination, Finding::warn(code, message))
    }

    /// Something good to know; decides nothing.
    pub fn info(
        &mut self,
        destination: AskedDestination<'_>,
        code: &str,
        message: impl Into<String>,
    ) -> &mut Finding {
        self.find(destination, Finding::info(code, message))
    }

    /// The routes that the destination may take.
    pub fn routes(&mut self, destination: AskedDestination<'_>, routes: &[&str]) {
        self.ruling(destination).routes = owned(routes);
    }

    /// The layouts that its objects may have.
    pub fn layouts(&mut self, destination: AskedDestination<'_>, layouts: &[&str]) {
        self.ruling(destination).layouts = owned(layouts);
    }

    /// One line of an explanation; the host gets it only where it asked for one.
    pub fn explain(&mut self, rule: &str, outcome: &str, detail: impl Into<String>) {
        self.trace.push(Step::new(rule, outcome, detail));
    }

    /// What was decided about a destination so far.
    pub fn decision(&self, destination: AskedDestination<'_>) -> Decision {
        let ruling = self.rulings.iter().find(|ruling| ruling.destination == destination.index);
        ruling.map_or(Decision::Abstain, |ruling| ruling.decision)
    }

    fn find(&mut self, destination: AskedDestination<'_>, mut finding: Finding) -> &mut Finding {
        finding.path(destination.path("host"));
        self.ruling(destination).findings.push_mut(finding)
    }

    /// Mostly the last one: destinations are judged in their order.
    fn ruling(&mut self, destination: AskedDestination<'_>) -> &mut Ruling {
        let index = destination.index;
        let place = self.rulings.iter().rposition(|ruling| ruling.destination == index);
        let place = place.unwrap_or_else(|| {
            self.rulings.push(Ruling {
                destination: index,
                decision: Decision::Abstain,
                routes: Vec::new(),
                layouts: Vec::new(),
                findings: Vec::new(),
            });
            self.rulings.len() - 1
        });
        &mut self.rulings[place]
    }
}

/// No opinion on anything.
impl Default for Verdict {
    fn default() -> Self {
        Verdict { rulings: Vec::new(), findings: Vec::new(), trace: Vec::new() }
    }
}

fn owned(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use super::*;
    use crate::{Destination, Request};

    #[test]
    fn a_denial_is_not_taken_back() {
        let request =
            Request { destinations: vec![Destination::new("a.example", 443)], ..Request::default() };
        let destination = request.destinations().next().unwrap();
        let mut verdict = Verdict::default();

        verdict.deny(destination, "no", "not that one");
        verdict.allow(destination);

        assert_eq!(verdict.decision(destination), Decision::Deny);
        assert_eq!(verdict.rulings[0].findings[0].path.as_deref(), Some("destinations[0].host"));
    }

    #[test]
    fn a_warning_decides_nothing() {
        let request = Request { destinations: vec![Destination::new("a.example", 80)], ..Request::default() };
        let destination = request.destinations().next().unwrap();
        let mut verdict = Verdict::default();

        verdict.warn(destination, "plain-http", "clear text").path(destination.path("port"));

        assert_eq!(verdict.decision(destination), Decision::Abstain);
        assert_eq!(verdict.rulings[0].findings[0].path.as_deref(), Some("destinations[0].port"));
    }
}
