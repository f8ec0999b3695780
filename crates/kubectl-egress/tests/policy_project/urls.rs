//! Nothing of a new project is fetched from a place that nobody owns: whoever takes the name later would be in every policy.

use anyhow::ensure;
use regex::Regex;
use serde_json::Value;

use super::{LANGUAGES, project, repository};

/// The hosts of all addresses in the files. None is fetched: one names a dialect of JSON Schema, one stands in the licence.
const HOSTS: [&str; 2] = ["json-schema.org", "www.apache.org"];
/// The owners of the steps that the CI file takes from GitHub. This is GitHub itself.
const OWNERS: [&str; 1] = ["actions"];
/// Words by which a tool fetches something that is not in its registry.
const FETCHES: [&str; 6] = ["git = ", "--git", "git+", "github:", "--index-url", "--registry"];
const NPM_LOCK: &str = "package-lock.json";

#[test]
fn a_new_project_fetches_from_no_place_that_nobody_owns() -> anyhow::Result<()> {
    let address = Regex::new(r"[a-z+]+://([^/\s]+)")?;
    let step = Regex::new(r"uses: *([^/\s]+)")?;
    for language in LANGUAGES {
        for (place, text) in project(language)? {
            // The packages' own addresses for sponsors stand in there; what npm would fetch is below.
            let found = address.captures_iter(&text).filter(|_| place != NPM_LOCK);
            let unknown = found.map(|found| found[1].to_owned()).find(|host| !HOSTS.contains(&host.as_str()));
            ensure!(unknown.is_none(), "{language}: {place}: {unknown:?}");
            let unknown = step.captures_iter(&text).find(|found| !OWNERS.contains(&&found[1]));
            ensure!(unknown.is_none(), "{language}: {place}: {unknown:?}");
            let fetched = FETCHES.iter().find(|word| text.contains(**word));
            ensure!(fetched.is_none(), "{language}: {place}: {fetched:?}");
        }
    }
    Ok(())
}

/// Without `resolved`, npm asks the registry that the author has configured, and the digest says whether it is the package.
#[test]
fn npm_fetches_packages_by_their_digest_from_the_registry_alone() -> anyhow::Result<()> {
    let lock: Value = serde_json::from_str(&project("javascript")?[NPM_LOCK])?;
    let packages = lock["packages"].as_object().into_iter().flatten().filter(|(name, _)| !name.is_empty());
    for (name, package) in packages {
        ensure!(package.get("resolved").is_none() && package.get("link").is_none(), "{name}: {package}");
        ensure!(package["integrity"].as_str().is_some_and(|digest| digest.starts_with("sha512-")), "{name}");
    }
    Ok(())
}

#[test]
fn pip_installs_by_digest() -> anyhow::Result<()> {
    let requirements = &project("python")?["requirements.txt"];
    let pinned = requirements.replace("\\\n", " ");
    ensure!(pinned.lines().all(|line| line.contains("==") && line.contains("--hash=sha256:")), "{pinned}");
    Ok(())
}

#[test]
fn a_new_project_knows_nothing_of_where_the_program_was_built() -> anyhow::Result<()> {
    let repository = repository();
    for language in LANGUAGES {
        for (place, text) in project(language)? {
            ensure!(!text.contains(&*repository.to_string_lossy()), "{language}: {place}");
            ensure!(!text.contains("../../"), "{language}: {place}");
        }
    }
    Ok(())
}
