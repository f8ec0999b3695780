//! `guard plan`: shows what `apply` would write, and which existing objects it would refuse.

use egress_cluster::Cluster;
use egress_core::admission::{BindingState, Enforcement, PolicyState, Standing};
use egress_render::admission as view;
use egress_render::format::OutputFormat;
use egress_render::manifest;

use super::comparison::GuardComparison;
use super::lines::lines;
use crate::exit::Code;
use crate::settings::guard::GuardPlan;
use crate::terminal::Terminal;

/// Plans.
pub(super) async fn run(settings: &GuardPlan, terminal: &mut Terminal) -> anyhow::Result<Code> {
    let cluster = Cluster::connect(&settings.connection).await?;
    let comparison = Box::pin(GuardComparison::read(&cluster, &settings.guarded)).await?;
    print(&comparison, settings.output.as_ref(), terminal)?;
    comparison.report_broken(terminal);
    Ok(if comparison.is_done() { Code::Done } else { Code::Pending })
}

/// Prints the changes, or the objects.
pub(super) fn print(
    comparison: &GuardComparison,
    format: Option<&OutputFormat>,
    terminal: &mut Terminal,
) -> anyhow::Result<()> {
    let objects = || view::objects(&comparison.policies, comparison.enforcement);
    let text = match format {
        None | Some(OutputFormat::Wide) => lines(steps(comparison).into_iter()),
        Some(OutputFormat::Yaml) => manifest::yaml(&objects()?)?,
        Some(OutputFormat::Json) => manifest::json(&objects()?)?,
        Some(OutputFormat::JsonPath(template)) => template.render(&manifest::list(&objects()?))?,
        Some(OutputFormat::Name) => names(comparison),
    };
    terminal.result(&text)?;
    Ok(())
}

/// The names of all objects, in the order of writing.
pub(super) fn names(comparison: &GuardComparison) -> String {
    let policies = comparison.policies.iter().map(|policy| view::policy_name(&policy.name));
    let bindings = comparison.policies.iter().map(|policy| view::binding_name(&policy.name));
    lines(policies.chain(bindings))
}

/// The changes in their order, one line each.
pub(super) fn steps(comparison: &GuardComparison) -> Vec<String> {
    let word = |changed: bool, missing: bool| match (changed, missing) {
        (_, true) => "create",
        (true, _) => "change",
        (false, _) => "keep",
    };
    let policies = comparison.standings.iter().map(|standing| {
        let missing = standing.policy == PolicyState::Missing;
        format!("{} {}", view::policy_name(&standing.name), word(writes_policy(standing), missing))
    });
    let bindings = comparison.standings.iter().map(|standing| {
        let missing = standing.binding == BindingState::Missing;
        let changed = writes_binding(standing, comparison.enforcement);
        format!(
            "{} {} ({})",
            view::binding_name(&standing.name),
            word(changed, missing),
            comparison.enforcement.actions().join(", ")
        )
    });
    let leftovers = comparison.leftovers();
    let deleted = leftovers
        .iter()
        .flat_map(|name| [view::binding_name(name), view::policy_name(name)])
        .map(|name| format!("{name} delete"));
    policies.chain(bindings).chain(deleted).collect()
}

/// Whether to write the policy.
pub(super) fn writes_policy(standing: &Standing) -> bool {
    standing.policy != PolicyState::Current
}

/// Whether to write the binding.
pub(super) fn writes_binding(standing: &Standing, enforcement: Enforcement) -> bool {
    let wanted = match enforcement {
        Enforcement::Warn => BindingState::Warn,
        Enforcement::Deny => BindingState::Deny,
    };
    standing.binding != wanted
}
