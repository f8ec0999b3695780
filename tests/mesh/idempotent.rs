//! The same command again: nothing is written, and what was cut short is finished.

use anyhow::ensure;

use super::harness::{Mesh, SHOP, Test};

pub(crate) const TESTS: &[Test] = &[
    ("a_second_add_writes_nothing_in_the_shared_layout", |mesh| second_add_writes_nothing(mesh, "shared", 6)),
    ("a_second_add_writes_nothing_in_the_documented_layout", |mesh| {
        second_add_writes_nothing(mesh, "documented", 6)
    }),
    ("whichever_object_is_missing_is_the_only_one_that_is_written_again", only_the_missing_is_written),
];

fn second_add_writes_nothing(mesh: &Mesh, layout: &str, first: usize) -> anyhow::Result<()> {
    let add = ["add", "edition.cnn.com", "-n", "shop", "--layout", layout];
    let mark = mesh.mark()?;
    mesh.done(&add)?;
    let written = mesh.writes_since(mark)?;
    ensure!(written.len() == first, "{written:#?}");

    let mark = mesh.mark()?;
    let again = mesh.done(&add)?;
    let asked = mesh.writes_since(mark)?;
    ensure!(asked.is_empty(), "{asked:#?}");
    ensure!(again.stdout.lines().all(|line| line.ends_with(" unchanged")), "{}", again.stdout);
    mesh.expect_via_gateway(SHOP, "https://edition.cnn.com/").map(drop)
}

fn only_the_missing_is_written(mesh: &Mesh) -> anyhow::Result<()> {
    let add = ["add", "edition.cnn.com", "-n", "shop"];
    mesh.done(&add)?;
    for (kind, name) in [
        ("serviceentries", "edition-cnn-com"),
        ("virtualservices", "edition-cnn-com"),
        ("virtualservices", "edition-cnn-com-gateway"),
        ("serviceentries", "edition-cnn-com-upstream"),
    ] {
        mesh.delete(kind, name, "shop")?;
        let mark = mesh.mark()?;
        mesh.done(&add)?;
        let written: Vec<String> = mesh.writes_since(mark)?.into_iter().map(|write| write.object).collect();
        ensure!(written == [format!("{kind}/{name}")], "{kind}/{name} was missing, written: {written:?}");
        mesh.expect_via_gateway(SHOP, "http://edition.cnn.com/")?;
        mesh.expect_via_gateway(SHOP, "https://edition.cnn.com/")?;
    }
    Ok(())
}
