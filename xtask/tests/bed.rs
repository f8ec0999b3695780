//! What everybody who uses a bed relies on, shown on real ones.

use std::{fs, path::Path};

use anyhow::Context as _;
use testbed::bed::{Bed, BedGuard, Signal, User};

/// As little as has a gateway, a client and a way around both.
const SMALL: &str = "
nodes: [{name: infra}, {name: app}]
gateways: [{namespace: istio-system, name: istio-egressgateway, pods: [{node: infra}]}]
clients: [{namespace: shop, name: client, node: app}, {namespace: shop, name: bare, node: app, sidecar: false}]
";

#[test]
fn beds_live_side_by_side_and_leave_nothing() -> anyhow::Result<()> {
    let one = up("sideone")?;
    let two = up("sidetwo")?;
    one.kubectl(&["create", "namespace", "only-in-one"])?;
    assert!(two.kubectl(&["get", "namespace", "only-in-one"]).is_err());
    for bed in [&one, &two] {
        assert!(bed.status()?.iter().all(|part| part.ready), "{:?}", bed.status());
    }

    let processes: Vec<_> = one.status()?.into_iter().filter_map(|part| part.pid).collect();
    let folder = one.programs().parent().context("no folder")?.to_owned();
    one.down()?;
    assert_eq!(namespaces("sideone"), Vec::<String>::new());
    assert!(!folder.exists());
    for pid in processes {
        let network = fs::read_link(format!("/proc/{pid}/ns/net"));
        assert!(network.is_err(), "process {pid} is still there");
    }
    assert!(Bed::open("sideone").is_err());
    assert!(two.status()?.iter().all(|part| part.ready), "{:?}", two.status());
    Ok(())
}

#[test]
fn the_next_bed_of_a_name_cleans_what_a_crash_has_left() -> anyhow::Result<()> {
    let crashed = up("crashed")?;
    let left = crashed.pid("istiod")?;
    let bed = up("crashed")?;
    assert!(fs::read_link(format!("/proc/{left}/ns/net")).is_err());
    assert!(bed.status()?.iter().all(|part| part.ready), "{:?}", bed.status());
    Ok(())
}

#[test]
fn a_bed_is_a_mesh_with_people_and_an_outside() -> anyhow::Result<()> {
    let bed = up("people")?;
    users_may_do_what_they_are_for(&bed)?;
    the_sidecar_refuses_what_goes_around_it_arrives(&bed)?;
    a_paused_proxy_is_not_ready_until_it_goes_on(&bed)
}

fn users_may_do_what_they_are_for(bed: &Bed) -> anyhow::Result<()> {
    let may = |user, verb, namespace| {
        let mut command = bed.command_as(user, "kubectl");
        command.args(["auth", "can-i", verb, "serviceentries.networking.istio.io", "--namespace", namespace]);
        command.output().is_ok_and(|output| output.status.success())
    };
    assert!(may(User::ShopEditor, "create", "shop"));
    assert!(!may(User::ShopEditor, "get", "istio-system"));
    assert!(may(User::Platform, "delete", "istio-system"));
    assert!(may(User::Viewer, "list", "istio-system"));
    assert!(!may(User::Viewer, "create", "shop"));
    assert!(!may(User::Nobody, "get", "shop"));
    let expired = bed.command_as(User::Expired, "kubectl").args(["get", "pods"]).output()?;
    assert!(String::from_utf8_lossy(&expired.stderr).contains("Unauthorized"));
    assert!(fs::read_to_string(bed.audit_log())?.contains(r#""username":"shop-editor""#));
    Ok(())
}

fn the_sidecar_refuses_what_goes_around_it_arrives(bed: &Bed) -> anyhow::Result<()> {
    let call = |pod, container: &str| {
        let container = format!("--container={container}");
        let curl = ["--", "curl", "--silent", "--max-time", "5", "http://edition.cnn.com/"];
        bed.kubectl(&[&["exec", "--namespace=shop", pod, &container], &curl[..]].concat())
    };
    assert_eq!(call("client", "app")?, "");
    for (pod, container) in [("client", "istio-proxy"), ("bare", "app")] {
        let peer = format!(r#""peer":"{}""#, bed.pod_address("shop", pod)?);
        assert!(call(pod, container)?.contains(&peer));
        assert!(fs::read_to_string(bed.origin_log())?.contains(&peer));
    }
    Ok(())
}

fn a_paused_proxy_is_not_ready_until_it_goes_on(bed: &Bed) -> anyhow::Result<()> {
    let ready = || {
        let parts = bed.status()?;
        let envoy = parts.into_iter().find(|part| part.name == "shop/client (Envoy)");
        anyhow::Ok(envoy.is_some_and(|part| part.ready))
    };
    bed.signal_envoy("shop", "client", Signal::STOP)?;
    assert!(!ready()?);
    bed.signal_envoy("shop", "client", Signal::CONT)?;
    assert!(ready()?);
    Ok(())
}

fn up(name: &str) -> anyhow::Result<BedGuard> {
    Ok(Bed::up(name, &SMALL.parse()?)?.guard())
}

fn namespaces(bed: &str) -> Vec<String> {
    ["/var/run/netns", "/etc/netns"]
        .iter()
        .filter_map(|folder| fs::read_dir(Path::new(folder)).ok())
        .flatten()
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| name.contains(bed))
        .collect()
}
