//! The configuration: `egress-policy.yaml` is read, and `expected.txt` is what it means or what is wrong with it.

use std::path::Path;

use egress_policy::config::PolicyConfig;

pub(crate) fn outcome(case: &Path) -> Result<String, String> {
    let read = PolicyConfig::parse(&crate::read(case, "egress-policy.yaml")?);
    let good = crate::last(case).starts_with("good-");
    match read {
        Ok(set) if good => Ok(format!("{set:#?}\n")),
        Err(error) if !good => Ok(format!("{error}\n")),
        Ok(_) => Err("it is taken for a good file".to_owned()),
        Err(error) => Err(format!("it is taken for a bad file: {error}")),
    }
}
