//! The plugin as krew installs it: the real krew, the real validator of its index, and kubectl, without a cluster.
//!
//! The program that is packed is the one of the tests; what krew does with it does not depend on how it was compiled.

use std::{
    env, fs,
    path::{Path, PathBuf},
    sync::Mutex,
};

use anyhow::{Context as _, bail, ensure};
use serde_yaml::Value;
use tempfile::TempDir;
use xtask::{
    dist::{
        archive::{self, Archive},
        target::Platform,
    },
    krew::{
        self, Krew, Server, manifest, rules,
        session::{Plugin, Session},
    },
};

/// The program, packed once for all tests.
static PACKED: Mutex<Option<(TempDir, Archive)>> = Mutex::new(None);

fn packed() -> anyhow::Result<Archive> {
    let mut packed = PACKED.lock().map_err(|_| anyhow::anyhow!("packing panicked"))?;
    if packed.is_none() {
        let program = env::var_os("KUBECTL_EGRESS").map(PathBuf::from);
        let program = program.context("KUBECTL_EGRESS is not set: `cargo xtask test --tier krew` sets it")?;
        let folder = TempDir::new()?;
        let archive = krew::pack(&program, &folder.path().join("plugin.tar.gz"))?;
        *packed = Some((folder, archive));
    }
    packed.as_ref().map(|(_, archive)| archive.clone()).context("an archive")
}

/// Runs the steps for a plugin under each of these names; the error contains the commands.
fn tell(names: &[&str], tell: fn(&mut Session, Plugin<'_>) -> anyhow::Result<()>) -> anyhow::Result<()> {
    let archive = packed()?;
    for name in names {
        let mut session = Session::new()?;
        let end = tell(&mut session, Plugin { name, version: "0.1.0", archive: &archive });
        end.with_context(|| session.transcript())?;
    }
    Ok(())
}

#[test]
fn the_manifest_passes_the_validator_of_krews_index_and_the_guide_of_its_reviewers() -> anyhow::Result<()> {
    tell(&[manifest::NAME], |session, plugin| {
        let archives = std::slice::from_ref(plugin.archive);
        let text = manifest::render(plugin.name, plugin.version, "https://example.com", archives)?;
        let findings = rules::findings(&text)?;
        ensure!(findings.is_empty(), "{findings:?}");
        session.validate(plugin)
    })
}

#[test]
fn krew_installs_it_from_a_manifest_and_an_archive() -> anyhow::Result<()> {
    tell(&[manifest::NAME], Session::from_archive)
}

#[test]
fn krew_installs_upgrades_and_uninstalls_it_from_an_index_of_our_own() -> anyhow::Result<()> {
    tell(&[manifest::NAME], |session, plugin| {
        session.from_index(Plugin { version: "0.0.9", ..plugin }, plugin)
    })
}

/// krew's index may refuse a name: help, hints and completion follow the one that it is installed under.
#[test]
fn it_speaks_of_itself_by_the_name_that_krew_installed_it_under() -> anyhow::Result<()> {
    tell(&["egress", "istio-egress", "mesh-exit"], |session, plugin| {
        let name = plugin.name;
        session.from_archive(plugin)?;
        let typed = format!("kubectl {name} add edition.cnn.com -n shop");
        let help = session.step(&[name, "--help"])?;
        ensure!(help.contains(&typed), "expected `{typed}` in the help");
        let wrong = session.krew().kubectl(&[name, "nonsense"]).output()?;
        let said = String::from_utf8_lossy(&wrong.stderr);
        ensure!(said.contains(&format!("`kubectl {name} --help`")), "another name in: {said}");
        let page = session.step(&[name, "diagnose", "--explain", "EG014"])?;
        let others = [help.as_str(), &said, &page].concat().contains("kubectl egress");
        ensure!(others == (name == manifest::NAME), "another name in: {said}");
        let completion = session.step(&[name, "completion", "bash"])?;
        let executable = format!("kubectl-{}", name.replace('-', "_"));
        ensure!(completion.contains(&executable), "expected {executable} in the completion");
        Ok(())
    })
}

#[test]
fn an_archive_with_another_digest_than_its_manifest_is_refused() -> anyhow::Result<()> {
    let refused = refusal(&packed()?, |manifest| {
        manifest["spec"]["platforms"][0]["sha256"] = "0".repeat(64).into();
    })?;
    ensure!(refused.contains("checksum does not match, want: 0000"), "{refused}");
    Ok(())
}

#[test]
fn an_archive_without_a_licence_is_refused() -> anyhow::Result<()> {
    let folder = TempDir::new()?;
    let mut contents = archive::essentials(Path::new("/bin/true"))?;
    contents.retain(|content| content.place != archive::LICENSE);
    let place = folder.path().join("plugin.tar.gz");
    let archive = archive::write(&place, Platform::of_this_machine()?, contents)?;

    let refused = refusal(&archive, |_| {})?;

    ensure!(refused.contains("failed to install") && refused.contains("LICENSE"), "{refused}");
    Ok(())
}

/// What the validator says of a manifest that was changed.
fn refusal(archive: &Archive, change: impl FnOnce(&mut Value)) -> anyhow::Result<String> {
    let folder = archive.path.parent().context("an archive lies in a folder")?;
    let server = Server::start(folder.to_owned())?;
    let plugin = Plugin { name: manifest::NAME, version: "0.1.0", archive };
    let mut manifest: Value = serde_yaml::from_str(&plugin.manifest(&server)?)?;
    change(&mut manifest);
    let folder = TempDir::new()?;
    let file = folder.path().join(manifest::file_name(plugin.name));
    fs::write(&file, serde_yaml::to_string(&manifest)?)?;
    match Krew::new()?.validate(&file) {
        Ok(said) => bail!("expected a refusal, found {said}"),
        Err(refused) => Ok(refused.to_string()),
    }
}
