//! `policy run`: one request, all answers.

use egress_policy::answer::Decision;

use super::{answers, module};
use crate::commands::document;
use crate::exit::Code;
use crate::settings::policy::run::{Question, Run};
use crate::terminal::Terminal;
use egress_policy_test::ask::{Seen, ask};
use egress_policy_test::slots::slots;

/// Asks.
pub(super) fn run(settings: &Run, terminal: &mut Terminal) -> anyhow::Result<Code> {
    let Question { module, request, settings: told } = &settings.question;
    let module = module::load(module, &settings.policies, terminal)?;
    let slots = slots(request);
    let (seen, cost) = ask(&module, request, &slots, told);
    let text = match &settings.output {
        None => answers::text(request, &slots, &seen, &cost),
        Some(format) => document::text(&answers::document(request, &seen, &cost)?, format)?,
    };
    terminal.result(&text)?;
    Ok(code(&seen, request.destinations.len()))
}

/// A denial outweighs a question without an answer: repairing the policy would change nothing.
fn code(seen: &Seen, destinations: usize) -> Code {
    if seen.decisions(destinations).contains(&Decision::Deny) {
        return Code::Denied;
    }
    if seen.faults().is_empty() { Code::Done } else { Code::Undecided }
}
