//! `list`: what it says about egresses that are whole, half gone, edited, or made by hand.

use anyhow::{Context as _, ensure};
use serde_json::Value;
use testbed::bed::User;

use super::harness::{LIMIT, Mesh, SHOP, Test, eventually};
use super::manifests::{BY_HAND, BY_HAND_OBJECTS};

pub(crate) const TESTS: &[Test] = &[
    ("a_whole_egress_is_ready_with_its_gateway_and_nodes", whole),
    ("an_object_that_is_missing_is_named", incomplete),
    ("an_object_that_was_edited_is_named_with_its_editor", changed),
    ("a_change_that_would_take_a_field_of_others_writes_nothing", owned_field),
    ("a_change_that_the_server_refuses_says_how_far_it_came", stopped_half_way),
    ("the_documented_objects_made_by_hand_are_foreign", foreign),
    ("every_format_tells_the_same", formats),
    ("nothing_is_said_to_be_nothing", nothing),
];

fn whole(mesh: &Mesh) -> anyhow::Result<()> {
    mesh.done(&["add", "edition.cnn.com", "-n", "shop", "--reason", "news"])?;
    mesh.done(&["add", "edition.cnn.com:443", "-n", "billing"])?;
    let table = mesh.done(&["list", "-A"])?.stdout;
    let rows: Vec<Vec<&str>> = table.lines().map(|line| line.split_whitespace().collect()).collect();
    let [header, billing, shop] = rows.as_slice() else { anyhow::bail!("three lines expected: {table}") };
    ensure!(*header == ["NAMESPACE", "HOST", "PORTS", "GATEWAY", "NODES", "STATE", "AGE"], "{table}");
    ensure!(billing[..3] == ["billing", "edition.cnn.com", "443"], "{table}");
    ensure!(shop[..3] == ["shop", "edition.cnn.com", "80,443"], "{table}");
    ensure!(shop[3..6] == ["istio-egressgateway", "infra-1,infra-2", "ready"], "{table}");

    let wide = mesh.done(&["list", "-n", "shop", "-o", "wide"])?.stdout;
    for word in
        ["shared", "mtls", "se/edition-cnn-com-upstream", "vs/edition-cnn-com-gateway", "news", "admin"]
    {
        ensure!(wide.contains(word), "{word} is missing: {wide}");
    }
    Ok(())
}

fn incomplete(mesh: &Mesh) -> anyhow::Result<()> {
    for (kind, name) in [
        ("serviceentry", "edition-cnn-com"),
        ("virtualservice", "edition-cnn-com"),
        ("virtualservice", "edition-cnn-com-gateway"),
        ("serviceentry", "edition-cnn-com-upstream"),
    ] {
        mesh.done(&["add", "edition.cnn.com", "-n", "shop"])?;
        mesh.delete(kind, name, "shop")?;
        let row = only_row(mesh)?;
        ensure!(row["state"] == "incomplete", "{row:#}");
        ensure!(
            row["missing"][0]["name"] == name && row["missing"].as_array().is_some_and(|all| all.len() == 1),
            "{row:#}"
        );
        let table = mesh.done(&["list", "-n", "shop"])?.stdout;
        ensure!(table.contains(&format!("incomplete: {kind}/{name} missing")), "{table}");
    }
    mesh.done(&["remove", "edition.cnn.com", "-n", "shop"])?;
    mesh.expect_refused(SHOP, "http://edition.cnn.com/")
}

fn changed(mesh: &Mesh) -> anyhow::Result<()> {
    mesh.done(&["add", "edition.cnn.com:443", "-n", "shop"])?;
    edit_mesh_leg(mesh)?;
    let row = only_row(mesh)?;
    ensure!(row["state"] == "changed", "{row:#}");
    ensure!(row["changes"][0]["object"]["name"] == "edition-cnn-com", "{row:#}");
    ensure!(row["changes"][0]["managers"] == serde_json::json!(["somebody"]), "{row:#}");
    let table = mesh.done(&["list", "-n", "shop"])?.stdout;
    ensure!(table.contains("changed: by somebody"), "{table}");

    // What is not ours any more is not written over, unless that is asked for.
    let add = ["add", "edition.cnn.com:443", "-n", "shop"];
    mesh.refuses(testbed::bed::User::Admin, &add, 7, &["somebody", "--force-conflicts"])?;
    mesh.done(&[&add[..], &["--force-conflicts"]].concat())?;
    ensure!(only_row(mesh)?["state"] == "ready");
    mesh.expect_via_gateway(SHOP, "https://edition.cnn.com/").map(drop)
}

/// The third object that would be written: those before it must not be written either.
fn owned_field(mesh: &Mesh) -> anyhow::Result<()> {
    mesh.done(&["add", "edition.cnn.com:443", "-n", "shop"])?;
    edit_mesh_leg(mesh)?;
    let words = [
        "virtualservice/edition-cnn-com in namespace shop: conflict with \"somebody\" on .spec.exportTo",
        "hint: talk to the owner",
    ];
    mesh.refuses(User::Admin, &["add", "edition.cnn.com:80", "-n", "shop"], 7, &words)?;
    mesh.expect_refused(SHOP, "http://edition.cnn.com/")?;
    mesh.done(&["add", "edition.cnn.com:80", "-n", "shop", "--force-conflicts"])?;
    mesh.expect_via_gateway(SHOP, "http://edition.cnn.com/").map(drop)
}

/// Together with what somebody else wrote, the last object would have one port twice.
fn stopped_half_way(mesh: &Mesh) -> anyhow::Result<()> {
    mesh.done(&["add", "edition.cnn.com:443", "-n", "shop"])?;
    let patch = r#"{"spec": {"ports": [{"number": 443, "name": "tls-by-hand", "protocol": "TLS"}]}}"#;
    let entry = ["serviceentries.networking.istio.io", "edition-cnn-com", "--namespace=shop"];
    let edit = ["--type=merge", "--field-manager=somebody", "--patch", patch];
    mesh.bed().kubectl(&[&["patch"], &entry[..], &edit].concat())?;
    mesh.plugin(&["add", "edition.cnn.com:80", "-n", "shop"])?.expect(
        1,
        &[
            "written      serviceentry.networking.istio.io/edition-cnn-com-upstream in namespace shop",
            "written      virtualservice.networking.istio.io/edition-cnn-com-gateway in namespace shop",
            "written      virtualservice.networking.istio.io/edition-cnn-com in namespace shop",
            "not reached  serviceentry.networking.istio.io/edition-cnn-com in namespace shop",
            "port number cannot be duplicated",
        ],
    )
}

/// Somebody shows the routes to everybody.
fn edit_mesh_leg(mesh: &Mesh) -> anyhow::Result<()> {
    let edited = mesh.bed().kubectl(&[
        "patch",
        "virtualservices.networking.istio.io",
        "edition-cnn-com",
        "--namespace=shop",
        "--type=merge",
        "--field-manager=somebody",
        "--patch",
        r#"{"spec":{"exportTo":["*"]}}"#,
    ]);
    edited.map(drop)
}

fn foreign(mesh: &Mesh) -> anyhow::Result<()> {
    mesh.apply(BY_HAND)?;
    eventually("the objects made by hand to work", LIMIT, || {
        mesh.expect_via_gateway(SHOP, "http://edition.cnn.com/")
    })?;
    let row = only_row(mesh)?;
    ensure!(row["state"] == "foreign" && row["host"] == "edition.cnn.com", "{row:#}");
    ensure!(row["gateway"] == "istio-system/istio-egressgateway", "{row:#}");
    ensure!(row["ports"] == serde_json::json!(["80/HTTP"]), "{row:#}");
    let names: Vec<&str> = row["objects"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|object| object["name"].as_str())
        .collect();
    ensure!(names.iter().all(|name| BY_HAND_OBJECTS.contains(name)) && names.len() >= 3, "{names:?}");
    Ok(())
}

fn formats(mesh: &Mesh) -> anyhow::Result<()> {
    mesh.done(&["add", "edition.cnn.com:443", "api.github.com:443", "-n", "shop"])?;
    let hosts = "api.github.com\nedition.cnn.com\n";
    let template = "jsonpath={range .items[*]}{.host}{\"\\n\"}{end}";
    let list = |format: &str| anyhow::Ok(mesh.done(&["list", "-n", "shop", "-o", format])?.stdout);
    ensure!(list(template)? == hosts, "{}", list(template)?);
    let json: Value = serde_json::from_str(&list("json")?)?;
    let yaml: Value = serde_yaml::from_str(&list("yaml")?)?;
    ensure!(json == yaml && json["kind"] == "EgressList", "{json:#}");
    ensure!(
        list("name")?.lines().count() == 2 && list("name")?.contains("edition.cnn.com"),
        "{}",
        list("name")?
    );
    let bare = mesh.done(&["list", "-n", "shop", "--no-headers"])?.stdout;
    ensure!(bare.lines().count() == 2 && !bare.contains("STATE"), "{bare}");

    mesh.bed().kubectl(&[
        "label",
        "serviceentries.networking.istio.io",
        "edition-cnn-com",
        "-n",
        "shop",
        "team=news",
    ])?;
    let labelled = mesh.done(&["list", "-n", "shop", "-l", "team=news", "-o", template])?.stdout;
    ensure!(labelled == "edition.cnn.com\n", "{labelled}");
    Ok(())
}

fn nothing(mesh: &Mesh) -> anyhow::Result<()> {
    let ended = mesh.done(&["list", "-n", "shop"])?;
    ended.expect(0, &["No egress found in shop namespace."])?;
    ensure!(ended.stdout.is_empty(), "{}", ended.stdout);
    let json = mesh.done(&["list", "-A", "-o", "json"])?.json()?;
    ensure!(json["items"] == serde_json::json!([]), "{json:#}");
    Ok(())
}

fn only_row(mesh: &Mesh) -> anyhow::Result<Value> {
    let mut list = mesh.done(&["list", "-n", "shop", "-o", "json"])?.json()?;
    let rows = list["items"].as_array_mut().context("no items")?;
    ensure!(rows.len() == 1, "{rows:#?}");
    Ok(rows.remove(0))
}
