//! What krew's index asks of a manifest beyond what its validator checks: the rules that its reviewers hold by hand.
//!
//! Each rule is of krew's guide for plugin developers (`krew.sigs.k8s.io/docs/developer-guide/develop`). What a program
//! can check, the real validator checks, see [`super::Krew::validate`].

use serde_yaml::Value;

/// The longest short description, in characters: longer ones are cut off in the list of plugins.
const SHORT: usize = 50;
/// The longest line of a description, in characters.
const LINE: usize = 80;

/// What a reviewer would say of a manifest.
///
/// # Errors
/// The text is no YAML.
pub fn findings(manifest: &str) -> Result<Vec<String>, serde_yaml::Error> {
    let manifest: Value = serde_yaml::from_str(manifest)?;
    let (name, spec) = (&manifest["metadata"]["name"], &manifest["spec"]);
    let text = |field: &str| spec[field].as_str().unwrap_or_default();
    let mut findings = Vec::new();
    let mut hold = |holds: bool, finding: &str| {
        if !holds {
            findings.push(finding.to_owned());
        }
    };
    let name = name.as_str().unwrap_or_default();
    hold(!name.starts_with("kubectl-"), "metadata.name: without the prefix kubectl-");
    hold(name == name.to_lowercase(), "metadata.name: in lower case");
    hold(!name.contains('_'), "metadata.name: words are joined by dashes");
    let short = text("shortDescription");
    hold(short.chars().count() <= SHORT, "spec.shortDescription: at most 50 characters");
    hold(!short.ends_with('.'), "spec.shortDescription: without a full stop");
    let plain = |text: &str| !text.to_lowercase().contains("kubectl plugin");
    hold(plain(short), "spec.shortDescription: everybody knows that it is a kubectl plugin");
    for field in ["description", "caveats"] {
        let fits = text(field).lines().all(|line| line.chars().count() <= LINE);
        hold(fits, &format!("spec.{field}: lines of at most 80 characters"));
    }
    let description = text("description");
    hold(!description.is_empty(), "spec.description: says what the plugin does");
    let command = format!("kubectl {name} ");
    hold(!description.contains(&command), "spec.description: without usage, which `--help` says");
    hold(text("homepage").starts_with("http"), "spec.homepage: where the plugin is documented");
    Ok(findings)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "metadata: {name: egress}\n\
        spec: {shortDescription: Route calls, description: Routes calls., homepage: 'https://example.com'}\n";

    #[track_caller]
    fn check(before: &str, after: &str, expected: &[&str]) {
        assert_eq!(findings(&GOOD.replace(before, after)).unwrap(), expected);
    }

    #[test]
    fn a_manifest_that_follows_the_guide_has_no_finding() {
        check("", "", &[]);
    }

    #[test]
    fn each_rule_of_the_guide_is_held() {
        check("name: egress", "name: kubectl-egress", &["metadata.name: without the prefix kubectl-"]);
        check("name: egress", "name: Egress", &["metadata.name: in lower case"]);
        check("name: egress", "name: my_egress", &["metadata.name: words are joined by dashes"]);
        let long = "Route ".repeat(9);
        check("Route calls,", &format!("{long},"), &["spec.shortDescription: at most 50 characters"]);
        check("Route calls,", "Route calls.,", &["spec.shortDescription: without a full stop"]);
        let usage = "Type kubectl egress add.";
        check("Routes calls.", usage, &["spec.description: without usage, which `--help` says"]);
        let wide = "Routes ".repeat(12);
        check("Routes calls.", &wide, &["spec.description: lines of at most 80 characters"]);
        check("https://example.com", "", &["spec.homepage: where the plugin is documented"]);
    }
}
