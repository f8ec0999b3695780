//! Writes a request and its answers as a test file that passes.

use egress_policy::Policy;
use egress_policy::request::Request;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::file::Case;
use super::run::run;
use super::update::expectation;

/// The file. Fields with the default value are left out.
pub fn file(
    module: &str,
    settings: Option<&Value>,
    policy: &dyn Policy,
    request: Request,
    told: &str,
) -> Result<Value, serde_json::Error> {
    let written = written(&request)?;
    let hosts: Vec<&str> = request.destinations.iter().map(|one| one.host.as_str()).collect();
    let name = match hosts.split_first() {
        None => "nothing is asked for".to_owned(),
        Some((first, rest)) if rest.iter().all(|host| host == first) => format!("{first} is asked for"),
        Some((first, rest)) => format!("{first} and {} more are asked for", rest.len()),
    };
    let case: Case = serde_json::from_value(json!({ "name": name, "request": written }))?;
    let report = run(policy, &case, request, told);
    let mut file = Map::new();
    file.insert("policy".to_owned(), module.into());
    if let Some(settings) = settings {
        file.insert("settings".to_owned(), settings.clone());
    }
    let case = json!({ "name": name, "request": written, "expect": expectation(None, &report) });
    file.insert("cases".to_owned(), json!([case]));
    Ok(Value::Object(file))
}

/// A request as people would write it.
fn written(request: &Request) -> Result<Value, serde_json::Error> {
    let time = request.now.and_then(|now| i64::try_from(now).ok());
    let time = time.and_then(|seconds| Timestamp::from_second(seconds).ok());
    let Value::Object(fields) = serde_json::to_value(request)? else { return Ok(Value::Null) };
    let is_left_out = |key: &str, value: &Value| {
        matches!(key, "settings" | "explain" | "verb" | "facts")
            || value.is_null()
            || value.as_array().is_some_and(Vec::is_empty)
            || value.as_object().is_some_and(Map::is_empty)
    };
    let fields = fields.into_iter().filter(|(key, value)| !is_left_out(key, value));
    let fields = fields.map(|(key, value)| match (key.as_str(), time) {
        ("now", Some(time)) => (key, time.to_string().into()),
        _ => (key, value),
    });
    Ok(Value::Object(fields.collect()))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use egress_policy::descriptor::Hook;

    use super::*;
    use crate::fake::Fake;
    use crate::file::TestFile;
    use crate::request::RequestText;
    use egress_core::yaml;

    #[test]
    fn what_is_recorded_holds_when_it_is_run() {
        let text = "{destinations: [{host: bad.example.com}], namespace: shop, nodes: [{name: a, labels: {infra: x}}], \
                    now: 2026-01-01T00:00:00Z, justification: T-1}";
        let request: RequestText = yaml::from_str(text).unwrap();
        let request = request.resolve(&BTreeMap::new()).unwrap();
        let policy = Fake::with_hooks(Hook::ALL);
        let written = file("a.wasm", None, &policy, request.clone(), "{}").unwrap();

        let read = TestFile::parse(&egress_render::document::yaml(&written).unwrap()).unwrap();
        let again = read.cases[0].request.resolve(&BTreeMap::new()).unwrap();
        assert_eq!(again, request);
        let report = run(&policy, &read.cases[0], again, "{}");
        assert_eq!(report.problems, Vec::<String>::new());
    }
}
