//! `policy bench`: how fast a module answers, on this machine and now.

use std::time::{Duration, Instant};

use egress_policy::Policy;
use egress_policy::descriptor::Hook;
use egress_policy::request::{Request, Slot};
use egress_render::document::API_VERSION;
use egress_render::table::Table;
use serde_json::{Value, json};

use super::module;
use crate::commands::document;
use crate::exit::{Code, Failure};
use crate::settings::policy::bench::Bench;
use crate::settings::policy::run::Question;
use crate::terminal::Terminal;
use egress_policy_test::slots::slots;

/// What one question costs.
struct Figures {
    hook: Hook,
    calls_per_second: u64,
    median: Duration,
    slow: Duration,
    fuel: Option<u64>,
}

/// Measures.
pub(super) fn run(settings: &Bench, terminal: &mut Terminal) -> anyhow::Result<Code> {
    let Question { module: file, request, settings: told } = &settings.question;
    // The first load compiles; the second takes the time that every later command needs.
    module::load(file, &settings.policies, terminal)?;
    let began = Instant::now();
    let module = module::load(file, &settings.policies, terminal)?;
    let loading = began.elapsed();
    let shown = request.for_policy(&module.descriptor().needs, told);
    let stable = request.for_naming(&module.descriptor().needs, told);
    let slots = slots(request);
    let mut figures = Vec::new();
    for hook in module.hooks() {
        let asked = if *hook == Hook::Naming { &stable } else { &shown };
        figures.push(measure(&module, *hook, asked, &slots, settings.calls)?);
    }
    let text = match &settings.output {
        None => text(loading, &figures),
        Some(format) => document::text(&figures_document(loading, settings.calls, &figures), format)?,
    };
    terminal.result(&text)?;
    Ok(Code::Done)
}

fn measure(
    policy: &dyn Policy,
    hook: Hook,
    request: &Request,
    slots: &[Slot],
    calls: u32,
) -> Result<Figures, Failure> {
    let mut times = Vec::new();
    let mut fuel = None;
    for _ in 0..calls {
        let began = Instant::now();
        let (fault, used) = match hook {
            Hook::Hosts => parts(policy.decide(request)),
            Hook::Naming => parts(policy.name_objects(request, slots)),
            Hook::Pinning => parts(policy.pin_gateway(request)),
        };
        times.push(began.elapsed());
        fuel = used;
        if let Some(fault) = fault {
            let message = format!("asked about {hook}: {fault}");
            return Err(Failure { code: Code::Undecided, message, hint: None });
        }
    }
    times.sort_unstable();
    let total: Duration = times.iter().sum();
    let at = |percent: usize| times.get(times.len() * percent / 100).copied().unwrap_or_default();
    let each = total.as_nanos() / u128::from(calls.max(1));
    Ok(Figures {
        hook,
        calls_per_second: u64::try_from(1_000_000_000 / each.max(1)).unwrap_or(u64::MAX),
        median: at(50),
        slow: at(99),
        fuel,
    })
}

fn parts<T>(reply: egress_policy::Reply<T>) -> (Option<egress_policy::answer::EvaluationError>, Option<u64>) {
    (reply.result.err(), reply.fuel)
}

fn text(loading: Duration, figures: &[Figures]) -> String {
    let mut table = Table::new(vec!["QUESTION", "CALLS/S", "MEDIAN", "99%", "FUEL"]);
    for one in figures {
        table.push(vec![
            one.hook.to_string(),
            one.calls_per_second.to_string(),
            format!("{} µs", one.median.as_micros()),
            format!("{} µs", one.slow.as_micros()),
            one.fuel.map(|fuel| fuel.to_string()).unwrap_or_default(),
        ]);
    }
    format!("loaded in {} µs, already compiled\n{}", loading.as_micros(), table.render(true))
}

fn figures_document(loading: Duration, calls: u32, figures: &[Figures]) -> Value {
    let micros = |time: Duration| u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
    let one = |one: &Figures| {
        json!({
            "question": one.hook,
            "callsPerSecond": one.calls_per_second,
            "medianMicroseconds": micros(one.median),
            "percentile99Microseconds": micros(one.slow),
            "fuel": one.fuel,
        })
    };
    json!({
        "apiVersion": API_VERSION,
        "kind": "PolicyBenchmark",
        "loadMicroseconds": micros(loading),
        "calls": calls,
        "questions": figures.iter().map(one).collect::<Vec<_>>(),
    })
}
