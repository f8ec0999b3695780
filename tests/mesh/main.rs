//! The plugin on a real mesh: Kubernetes, istiod, Envoys and external services on this machine, see `tests/bed`.
//!
//! Tests run one after another, each on a clean mesh, so their order does not matter. `MESH_BED=NAME` runs them on a bed
//! that is already up and leaves it up. Where no bed can be, every test counts as ignored, and says so.

mod allow_any;
mod broken;
mod conflicts;
mod diagnose;
mod dry_run;
mod export;
mod faults;
mod first_host;
mod gateways;
mod harness;
mod hostile;
mod idempotent;
mod interrupted;
mod kinds;
mod kubectl_versions;
mod layouts;
mod leak_and_loss;
mod manifests;
mod meshes;
mod policies;
mod probe;
mod removal;
mod rights;
mod samples;
mod states;
mod stopped_gateway;
mod strangers;
mod sweep;
mod trust;
mod two_namespaces;
mod writers;

use std::{process::ExitCode, sync::Arc, time::Instant};

use libtest_mimic::{Arguments, Trial};
use testbed::bed;

use self::harness::{Mesh, Test, say};

/// Every topic and its tests.
const TOPICS: &[(&str, &[Test])] = &[
    ("first_host", first_host::TESTS),
    ("leak_and_loss", leak_and_loss::TESTS),
    ("stopped_gateway", stopped_gateway::TESTS),
    ("two_namespaces", two_namespaces::TESTS),
    ("dry_run", dry_run::TESTS),
    ("idempotent", idempotent::TESTS),
    ("interrupted", interrupted::TESTS),
    ("rights", rights::TESTS),
    ("states", states::TESTS),
    ("removal", removal::TESTS),
    ("conflicts", conflicts::TESTS),
    ("layouts", layouts::TESTS),
    ("kinds", kinds::TESTS),
    ("gateways", gateways::TESTS),
    ("hostile", hostile::TESTS),
    ("kubectl_versions", kubectl_versions::TESTS),
    ("diagnose", diagnose::TESTS),
    ("probe", probe::TESTS),
    ("export", export::TESTS),
    ("faults", faults::TESTS),
    ("allow_any", allow_any::TESTS),
    ("policies", policies::TESTS),
    ("trust", trust::TESTS),
    ("strangers", strangers::TESTS),
    ("sweep", sweep::TESTS),
    ("writers", writers::TESTS),
    ("meshes", meshes::TESTS),
    ("samples", samples::TESTS),
];

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    // They share one mesh.
    arguments.test_threads = Some(1);
    if arguments.list {
        return libtest_mimic::run(&arguments, trials(None)).exit_code();
    }
    if let Err(obstacle) = bed::check() {
        say(format_args!("SKIPPED mesh: {}", obstacle.to_string().replace('\n', "; ")));
        let ignored = libtest_mimic::run(&arguments, trials(None)).exit_code();
        let strict = std::env::var("CI").is_ok_and(|value| value == "true");
        return if strict { ExitCode::FAILURE } else { ignored };
    }
    let mesh = match Mesh::up() {
        Ok(mesh) => Arc::new(mesh),
        Err(error) => {
            say(format_args!("the mesh did not come up: {error:#}"));
            return ExitCode::FAILURE;
        }
    };
    // A test that panics is caught: the mesh goes down in any case.
    libtest_mimic::run(&arguments, trials(Some(&mesh))).exit_code()
}

/// The tests; without a mesh they are only names.
fn trials(mesh: Option<&Arc<Mesh>>) -> Vec<Trial> {
    let tests = TOPICS.iter().flat_map(|(topic, tests)| tests.iter().map(move |test| (topic, test)));
    let written = tests.map(|(topic, (name, test))| trial(format!("{topic}::{name}"), *test, mesh));
    let cases = match broken::cases() {
        Ok(cases) => cases,
        Err(error) => return vec![Trial::test("broken", move || Err(format!("{error:#}").into()))],
    };
    let played = cases.into_iter().map(|case| {
        let name = format!("broken::{case}");
        trial(name, move |mesh| broken::check(mesh, &case), mesh)
    });
    written.chain(played).collect()
}

fn trial(
    name: String,
    test: impl FnOnce(&Mesh) -> anyhow::Result<()> + Send + 'static,
    mesh: Option<&Arc<Mesh>>,
) -> Trial {
    let mesh = mesh.map(Arc::clone);
    let ignored = mesh.is_none();
    let run = move || match mesh {
        Some(mesh) => run(&mesh, test).map_err(|error| format!("{error:#}").into()),
        None => Ok(()),
    };
    Trial::test(name, run).with_ignored_flag(ignored)
}

fn run(mesh: &Mesh, test: impl FnOnce(&Mesh) -> anyhow::Result<()>) -> anyhow::Result<()> {
    let begin = Instant::now();
    // The name of the test stands alone on its line.
    say("");
    mesh.clean()?;
    let cleaned = begin.elapsed();
    let outcome = test(mesh);
    mesh.resume()?;
    let seconds = begin.elapsed().as_secs_f64();
    say(format_args!("  {seconds:.1} s, {:.1} s of it to clean the mesh", cleaned.as_secs_f64()));
    outcome
}
