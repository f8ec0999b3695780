//! Runs every check of the catalogue for every subject of a request, in the order of the path.
//!
//! Behind the first error of a path, no findings are reported: the other checks are listed as not checked, with the
//! cause. Does not know what the checks do.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};

use egress_core::index::Index;
use egress_core::input::Input;
use egress_core::intent::GatewayName;
use egress_core::inventory::Egress;
use egress_core::snapshot::GatewayFacts;
use enumset::EnumSet;
use jiff::civil::Date;
use rayon::prelude::*;

use crate::calls::{CallingPod, Followed, FollowedCall, HostToFollow, UnfollowedCall, follow, host_calls};
use crate::examine::broken::Broken;
use crate::examine::mesh_paths::MeshPaths;
use crate::examine::report_builder::ReportBuilder;
use crate::examine::suppression::Suppressions;
use crate::facts::{ClusterFacts, Request, by_mesh};
use crate::finding::{CheckOutcome, Code, HostName};
use crate::path::{EgressPath, NotWalked, caller_namespaces, gateways_in_question};
use crate::report::{Reason, Report, Subject};
use crate::rules::CHECKS;
use crate::rules::check::{Check, Run};
use crate::traffic::doubt::missing_facts;
use crate::traffic::routed_call::moving_filters;
use crate::traffic::routes::seen_gateway;
use crate::view::View;

mod broken;
mod check_filter;
mod mesh_paths;
mod proof;
mod report_builder;
mod suppression;
mod wanted_proxies;

pub use self::check_filter::CheckFilter;
pub use self::wanted_proxies::wanted_proxies;

/// This many paths are examined on all processors while the results of the previous ones go into the report.
const AT_ONCE: usize = 256;

/// The checks of routes of the Gateway API by themselves.
const OF_API_ROUTES: [Code; 2] = [Code(74), Code(94)];

/// How to examine.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The checks to run.
    pub filter: CheckFilter,
    /// Today's date in UTC, for certificates, and for acceptances with a last day; without it, these count as expired.
    pub today: Option<Date>,
    /// Keep the result of each check for each host, even with many hosts.
    pub every_line: bool,
    /// The hosts whose calls to follow; if there are none, calls to requested hosts that no object names are followed.
    pub follow: Vec<HostToFollow>,
}

/// Runs every check for a request.
pub fn examine(facts: &ClusterFacts, request: &Request) -> Report {
    examine_with(facts, request, &Options::default())
}

/// The same with a choice of checks, on a certain day.
pub fn examine_with(facts: &ClusterFacts, request: &Request, options: &Options) -> Report {
    examine_watched(facts, request, options, |_, _| {})
}

/// The same, and returns what each check read: the catalogue's tests compare it with the declared inputs.
pub fn examine_watched(
    facts: &ClusterFacts,
    request: &Request,
    options: &Options,
    watch: impl Fn(Code, EnumSet<Input>),
) -> Report {
    let mut report = walk(facts, request, options, watch);
    proof::try_fixes(facts, request, options, &mut report);
    report
}

/// The same without a try of the fixes: the cluster as it would be after one.
fn examine_again(facts: &ClusterFacts, request: &Request, options: &Options) -> Report {
    walk(facts, request, options, |_, _| {})
}

fn walk(
    facts: &ClusterFacts,
    request: &Request,
    options: &Options,
    watch: impl Fn(Code, EnumSet<Input>),
) -> Report {
    let (parts, unread) = by_mesh(facts);
    let (egresses, indexes): (Vec<Vec<Egress<'_>>>, Vec<Index<'_>>) = parts
        .iter()
        .map(|part| {
            let snapshot = &part.snapshot;
            rayon::join(|| egress_core::inventory::egresses(snapshot), || Index::of(snapshot))
        })
        .unzip();
    // If only checks of the mesh or of gateways are chosen, hosts are left out.
    let asks_for_hosts = !options.follow.is_empty()
        || CHECKS.iter().any(|check| {
            let of_hosts = matches!(check.run, Run::Path(_) | Run::PathThroughGateway(_) | Run::Calls(_));
            options.filter.wants(check.code) && of_hosts
        });
    let mut meshes: Vec<MeshPaths<'_>> = parts
        .iter()
        .zip(egresses.iter().zip(&indexes))
        .map(|(part, (egresses, index))| MeshPaths::of(part, egresses, index, request, asks_for_hosts))
        .collect();
    mesh_paths::settle(&mut meshes, request);
    mesh_paths::note_undiscovered(&mut meshes, &unread);
    let unread = if asks_for_hosts { mesh_paths::unread(&unread, request) } else { Vec::new() };
    let mut order: Vec<&'static Check> =
        CHECKS.iter().filter(|check| options.filter.wants(check.code)).collect();
    order.sort_by_key(|check| (check.segment, check.code));
    let hosts = meshes.iter().flat_map(|mesh| mesh.paths.iter().map(|path| Arc::new(host_name(path))));
    let report =
        ReportBuilder::new(hosts.collect(), Suppressions::read(facts, options.today), options.every_line);
    let follow = asks_for_hosts.then_some(options.follow.as_slice());
    let mut examiner = Examiner {
        watch,
        report,
        today: options.today,
        follow,
        followed: Followed::default(),
        not_walked: Vec::new(),
    };
    let is_examined =
        |mesh: &MeshPaths<'_>| !mesh.facts.snapshot.gateways.is_empty() || !mesh.paths.is_empty();
    let any = meshes.iter().any(is_examined);
    let mut first = 0;
    for (place, (mesh, index)) in meshes.iter().zip(indexes).enumerate() {
        // Of several meshes, those without a gateway have nothing to check.
        if is_examined(mesh) || (!any && place == 0) {
            examiner.mesh(mesh, index, first, &order, request);
        } else {
            examiner.not_walked.extend_from_slice(&mesh.not_walked);
        }
        first += mesh.paths.len();
    }
    let Examiner { report, followed: Followed { calls, mut unfollowed }, mut not_walked, .. } = examiner;
    not_walked.extend(unread);
    unfollowed.retain(|call| !is_followed_elsewhere(call, &calls));
    let report = report.finish(not_walked, options.filter.skipped(), facts.snapshot.unreadable.clone());
    Report { calls, unfollowed, is_path_asked: !options.follow.is_empty(), ..report }
}

/// Of several meshes, the callers of a namespace are in one.
fn is_followed_elsewhere(call: &UnfollowedCall, calls: &[FollowedCall]) -> bool {
    let is_caller = |caller: &CallingPod| call.namespace.as_ref() == Some(&caller.namespace);
    let mut of_host = calls.iter().filter(|other| other.host == call.host);
    call.is_without_caller && of_host.any(|other| other.callers.iter().any(is_caller))
}

fn host_name(path: &EgressPath<'_>) -> HostName {
    HostName { host: path.host.clone(), namespace: path.namespace.clone() }
}

/// The result of a check, and what it read.
struct CheckResult {
    check: &'static Check,
    outcome: CheckOutcome,
    reads: EnumSet<Input>,
}

/// Runs the checks with a function.
fn run_checks<'a>(
    order: &[&'static Check],
    view: &View<'a>,
    run: impl Fn(&Check, &View<'a>) -> Option<CheckOutcome>,
) -> Vec<CheckResult> {
    let result = |check: &&'static Check| {
        view.take_reads();
        let outcome = view.with_gaps(run(check, view)?);
        let reads = view.take_reads();
        Some(CheckResult { check, outcome, reads })
    };
    order.iter().filter_map(result).collect()
}

fn of_gateway(order: &[&'static Check], view: &View<'_>, gateway: &GatewayFacts) -> Vec<CheckResult> {
    run_checks(order, view, |check, view| match check.run {
        Run::Gateway(run) => {
            view.note(Input::Gateways);
            Some(run(view, gateway))
        }
        Run::Mesh(_) | Run::Path(_) | Run::PathThroughGateway(_) | Run::Calls(_) => None,
    })
}

fn of_path(order: &[&'static Check], view: &View<'_>, path: &EgressPath<'_>) -> Vec<CheckResult> {
    run_checks(order, view, |check, view| match check.run {
        Run::Path(run) => Some(run(view, path)),
        Run::PathThroughGateway(run) => Some(match seen_gateway(view, path) {
            Ok(gateway) => run(view, path, gateway),
            Err(outcome) => outcome,
        }),
        Run::Mesh(_) | Run::Gateway(_) | Run::Calls(_) => None,
    })
}

struct Examiner<'o, W> {
    watch: W,
    report: ReportBuilder,
    today: Option<Date>,
    /// The hosts whose calls to follow; none where hosts are left out.
    follow: Option<&'o [HostToFollow]>,
    followed: Followed,
    /// The hosts of the meshes so far that no check follows.
    not_walked: Vec<NotWalked>,
}

impl<W: Fn(Code, EnumSet<Input>)> Examiner<'_, W> {
    /// Examines one mesh; `first`: the place of its first path among the hosts of the report.
    fn mesh<'a>(
        &mut self,
        mesh: &MeshPaths<'a>,
        index: Index<'a>,
        first: usize,
        order: &[&'static Check],
        request: &'a Request,
    ) {
        let MeshPaths { facts, egresses, paths, .. } = mesh;
        let calls = caller_namespaces(&facts.snapshot, paths);
        let (made, world, assumed) = (OnceLock::new(), OnceLock::new(), OnceLock::new());
        let view = View::new(facts, egresses, request, index, calls, self.today, (&made, &world, &assumed));
        let mut behind: BTreeMap<&GatewayName, Vec<usize>> = BTreeMap::new();
        for (index, path) in paths.iter().enumerate() {
            if let Some(gateway) = path.gateway {
                behind.entry(&gateway.name).or_default().push(first + index);
            }
        }
        let of_mesh = run_checks(order, &view, |check, view| match check.run {
            Run::Mesh(run) => Some(run(view)),
            Run::Gateway(_) | Run::Path(_) | Run::PathThroughGateway(_) | Run::Calls(_) => None,
        });
        let of_mesh =
            self.section(Subject::Mesh, (first..first + paths.len()).collect(), None, None, of_mesh);
        let mut broken_gateways: BTreeMap<&GatewayName, Broken> = BTreeMap::new();
        for gateway in gateways_in_question(&facts.snapshot.gateways, paths, request) {
            let behind = behind.remove(&gateway.name).unwrap_or_default();
            let nodes = gateway.ready_pods().filter_map(|pod| pod.node.clone()).collect();
            let subject = Subject::Gateway { gateway: gateway.name.clone(), nodes };
            let broken = self.section(subject, behind, None, None, of_gateway(order, &view, gateway));
            broken_gateways.extend(broken.map(|broken| (&gateway.name, broken)));
        }
        let views = view.maker();
        let of_paths = |some: &[EgressPath<'_>]| -> Vec<Vec<CheckResult>> {
            some.par_iter().map_init(&views, |view, path| of_path(order, view, path)).collect()
        };
        let mut ahead = paths.chunks(AT_ONCE);
        let mut results = ahead.next().map(of_paths).unwrap_or_default();
        for (number, some) in paths.chunks(AT_ONCE).enumerate() {
            let mut next = Vec::new();
            rayon::in_place_scope(|scope| {
                scope.spawn(|_| next = ahead.next().map(of_paths).unwrap_or_default());
                for (place, (path, results)) in some.iter().zip(results).enumerate() {
                    let broken = path.gateway.and_then(|gateway| broken_gateways.get(&gateway.name));
                    self.path(path, first + number * AT_ONCE + place, broken.copied(), results);
                }
            });
            results = next;
        }
        self.calls(mesh, &view, order, request, (of_mesh, &broken_gateways));
        if let Some(hosts) = self.follow {
            let Followed { calls, unfollowed } = follow(&view, facts, paths, request, hosts);
            self.followed.calls.extend(calls);
            self.followed.unfollowed.extend(unfollowed);
        }
    }

    /// Follows calls to hosts without a path; what then is not known stays among those that no check follows.
    fn calls<'a>(
        &mut self,
        mesh: &MeshPaths<'a>,
        view: &View<'a>,
        order: &[&'static Check],
        request: &Request,
        (of_mesh, of_gateways): (Option<Broken>, &BTreeMap<&GatewayName, Broken>),
    ) {
        let MeshPaths { facts, not_walked, .. } = mesh;
        let code = |broken: &Broken| self.report.code_of(broken.cause);
        // What is wrong with a route itself is told with the mesh.
        let of_routes =
            of_mesh.filter(|broken| code(broken).is_some_and(|code| OF_API_ROUTES.contains(&code)));
        let is_asked = self.follow.is_some() && order.iter().any(|check| matches!(check.run, Run::Calls(_)));
        let hosts = if is_asked { host_calls(view, facts, request, not_walked) } else { Vec::new() };
        let followed: BTreeSet<&str> = hosts.iter().map(|host| host.host.as_str()).collect();
        let is_followed = |walked: &&NotWalked| followed.contains(walked.host.as_str());
        let is_filtered = is_asked && moving_filters(view).next().is_some();
        let missing = if is_asked { missing_facts(view) } else { BTreeSet::new() };
        let left = not_walked.iter().filter(|walked| !is_followed(walked)).cloned();
        let left = left.map(|walked| if is_filtered { walked.with_envoy_filter() } else { walked });
        self.not_walked.extend(left.map(|walked| walked.without(&missing)));
        for host in &hosts {
            let gateway = host.gateway();
            let name = HostName { host: host.host.clone(), namespace: Some(host.namespace.clone()) };
            let index = self.report.add_host(name);
            if let Some(gateway) = gateway.filter(|_| host.is_broken()) {
                self.report.add_to_gateway(gateway, index);
            }
            let subject = Subject::Host {
                host: host.host.clone(),
                namespace: Some(host.namespace.clone()),
                callers: host.callers(),
                gateway: gateway.cloned(),
            };
            let of_gateway = gateway.and_then(|gateway| of_gateways.get(gateway)).copied();
            let broken = of_gateway.or(of_routes.filter(|_| host.is_of_gateway_api()));
            let results = run_checks(order, view, |check, view| match check.run {
                Run::Calls(run) => Some(run(view, host)),
                Run::Mesh(_) | Run::Gateway(_) | Run::Path(_) | Run::PathThroughGateway(_) => None,
            });
            self.section(subject, vec![index], None, broken, results);
        }
    }

    fn path(
        &mut self,
        path: &EgressPath<'_>,
        index: usize,
        broken: Option<Broken>,
        results: Vec<CheckResult>,
    ) {
        let subject = Subject::Host {
            host: path.host.clone(),
            namespace: path.namespace.clone(),
            callers: path.callers.clone(),
            gateway: path.gateway.map(|gateway| gateway.name.clone()),
        };
        self.section(subject, vec![index], Some(path), broken, results);
    }

    /// Adds the results for one subject; returns the first fault. Two faults of one segment are both reported.
    fn section(
        &mut self,
        subject: Subject,
        behind: Vec<usize>,
        path: Option<&EgressPath<'_>>,
        mut broken: Option<Broken>,
        results: Vec<CheckResult>,
    ) -> Option<Broken> {
        let mut section = self.report.open(subject, behind);
        for CheckResult { check, outcome, reads } in results {
            (self.watch)(check.code, reads);
            match (outcome, broken) {
                (CheckOutcome::NotApplicable, _) => {}
                (_, Some(broken)) if broken.blocks(check) => section.blocked(check, broken.cause),
                (CheckOutcome::Good(seen), _) => section.passed(check, seen),
                (CheckOutcome::Bad(findings), _) => {
                    let cause = section.failed(check, findings);
                    broken = broken.or(cause.map(|cause| Broken::at(check, cause, path)));
                }
                (CheckOutcome::Unreadable(why), _) => section.not_checked(check, Reason::Unreadable, why),
                (CheckOutcome::NoEvidence(awaited), _) => section.no_evidence(check, awaited),
                (CheckOutcome::NotGiven(input), _) => section.not_given(check, input),
            }
        }
        section.close();
        broken
    }
}
