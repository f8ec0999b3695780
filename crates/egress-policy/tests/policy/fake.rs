//! A policy that answers what a case says.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use egress_policy::answer::{EvaluationError, Finding, Names, Pin, Verdict};
use egress_policy::descriptor::{Descriptor, Hook, Need};
use egress_policy::request::{Request, Slot};
use egress_policy::{Policy, Reply};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// What a case says of one policy.
#[derive(Clone, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub(crate) struct Answers {
    version: String,
    needs: Vec<Need>,
    verbs: Vec<String>,
    log: Vec<String>,
    /// What it answers; short of fields that are empty.
    hosts: Option<Value>,
    naming: Option<Value>,
    /// What it answers when it is asked again.
    naming_again: Option<Value>,
    pinning: Option<Value>,
    /// It crashes with these words, or is stopped.
    trap: Option<String>,
    limit: Option<String>,
}

/// The policy.
pub(crate) struct Fake {
    descriptor: Descriptor,
    hooks: BTreeSet<Hook>,
    answers: Answers,
    asked: Mutex<usize>,
}

impl Fake {
    pub(crate) fn new(name: &str, answers: Answers) -> Self {
        let questions = [
            (Hook::Hosts, answers.hosts.is_some()),
            (Hook::Naming, answers.naming.is_some()),
            (Hook::Pinning, answers.pinning.is_some()),
        ];
        let broken = answers.trap.is_some() || answers.limit.is_some();
        let hooks = questions.into_iter().filter(|(_, answers)| *answers || broken).map(|(hook, _)| hook);
        let descriptor = Descriptor {
            id: name.to_owned(),
            version: answers.version.clone(),
            needs: answers.needs.clone(),
            verbs: answers.verbs.clone(),
            ..Descriptor::default()
        };
        Fake { descriptor, hooks: hooks.collect(), answers, asked: Mutex::default() }
    }

    fn reply<T: DeserializeOwned>(&self, answer: Option<&Value>, empty: &Value, asked: &Value) -> Reply<T> {
        let fault = match (&self.answers.trap, &self.answers.limit) {
            (Some(words), _) => Some(EvaluationError::Trap(words.clone())),
            (_, Some(limit)) => Some(EvaluationError::Limit(limit.clone())),
            _ => None,
        };
        if let Some(fault) = fault {
            return Reply::error(fault);
        }
        let answer = filled(answer.expect("the case gives an answer"), empty);
        let answer = serde_json::from_value(answer).expect("the answer has the right shape");
        // What a policy is told shows in the log, so that a case can hold that it is told no more.
        let told = self.answers.log.iter().map(|field| format!("{field}: {}", asked[field.as_str()]));
        Reply { result: Ok(answer), log: told.collect(), fuel: Some(1000) }
    }
}

impl Policy for Fake {
    fn descriptor(&self) -> &Descriptor {
        &self.descriptor
    }

    fn hooks(&self) -> &BTreeSet<Hook> {
        &self.hooks
    }

    fn check_settings(&self, _settings: &str) -> Reply<Vec<Finding>> {
        Reply::of(Vec::new())
    }

    fn decide(&self, request: &Request) -> Reply<Verdict> {
        let empty = json!({
            "rulings": [{ "decision": "abstain", "routes": [], "layouts": [], "findings": [{ "severity": "deny" }] }],
            "findings": [{ "severity": "deny" }],
            "trace": [],
        });
        self.reply(self.answers.hosts.as_ref(), &empty, &json!(request))
    }

    fn name_objects(&self, request: &Request, _slots: &[Slot]) -> Reply<Names> {
        let mut asked = self.asked.lock().expect("no test panics with the lock");
        *asked += 1;
        let again = self.answers.naming_again.as_ref().filter(|_| *asked > 1);
        let empty = json!({ "names": [], "findings": [{ "severity": "deny" }], "trace": [] });
        self.reply(again.or(self.answers.naming.as_ref()), &empty, &json!(request))
    }

    fn pin_gateway(&self, request: &Request) -> Reply<Pin> {
        let empty = json!({ "answer": "abstain", "findings": [{ "severity": "deny" }], "trace": [] });
        self.reply(self.answers.pinning.as_ref(), &empty, &json!(request))
    }
}

/// The answer with the fields that a case leaves out; the first item of a list is the form of all.
fn filled(answer: &Value, empty: &Value) -> Value {
    match (answer, empty) {
        (Value::Object(fields), Value::Object(forms)) => {
            let mut all: BTreeMap<String, Value> = BTreeMap::new();
            for (name, form) in forms {
                let missing = if form.is_array() { json!([]) } else { form.clone() };
                all.insert(name.clone(), fields.get(name).map_or(missing, |field| filled(field, form)));
            }
            for (name, field) in fields {
                all.entry(name.clone()).or_insert_with(|| field.clone());
            }
            json!(all)
        }
        (Value::Array(items), Value::Array(forms)) => match forms.first() {
            Some(form) => items.iter().map(|item| filled(item, form)).collect(),
            None => answer.clone(),
        },
        _ => answer.clone(),
    }
}
