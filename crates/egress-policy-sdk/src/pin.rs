//! Answers about nodes, and answers about names: the builders of what is otherwise written field by field.

use alloc::string::String;
use alloc::vec::Vec;

use crate::{Answer, Label, Name, Names, Op, Pin, Placement, Requirement, Slot, Spread, Step};

impl Pin {
    /// Only on nodes like these.
    pub fn place(placement: Placement) -> Self {
        Pin { answer: Answer::Place(placement), ..Pin::default() }
    }

    /// Any node will do.
    pub fn any_node() -> Self {
        Pin { answer: Answer::AnyNode, ..Pin::default() }
    }

    /// One line of an explanation; the host gets it only where it asked for one.
    pub fn explain(&mut self, rule: &str, outcome: &str, detail: impl Into<String>) {
        self.trace.push(Step::new(rule, outcome, detail));
    }
}

impl Requirement {
    /// The node has the label with one of these values.
    pub fn in_set<V: Into<String>>(key: &str, values: impl IntoIterator<Item = V>) -> Self {
        let values = values.into_iter().map(Into::into).collect();
        Requirement { key: key.into(), op: Op::InSet, values }
    }

    /// The node has the label, whatever its value.
    pub fn exists(key: &str) -> Self {
        Requirement { key: key.into(), op: Op::Exists, values: Vec::new() }
    }

    /// The node does not have the label.
    pub fn absent(key: &str) -> Self {
        Requirement { key: key.into(), op: Op::Absent, values: Vec::new() }
    }
}

impl Spread {
    /// Over at least so many values of this label.
    pub fn over(key: &str, at_least: u32) -> Self {
        Spread { key: key.into(), at_least }
    }
}

impl Names {
    /// Names an object; labels and annotations go to what is returned.
    pub fn name(&mut self, slot: &Slot, name: impl Into<String>) -> &mut Name {
        let name = Name {
            slot: slot.id,
            name: name.into(),
            namespace: None,
            labels: Vec::new(),
            annotations: Vec::new(),
        };
        self.names.push_mut(name)
    }

    /// One line of an explanation; the host gets it only where it asked for one.
    pub fn explain(&mut self, rule: &str, outcome: &str, detail: impl Into<String>) {
        self.trace.push(Step::new(rule, outcome, detail));
    }
}

impl Name {
    /// A label that the object gets.
    pub fn label(&mut self, key: &str, value: impl Into<String>) -> &mut Self {
        self.labels.push(Label::new(key, value));
        self
    }

    /// An annotation that the object gets.
    pub fn annotation(&mut self, key: &str, value: impl Into<String>) -> &mut Self {
        self.annotations.push(Label::new(key, value));
        self
    }
}

/// Not this policy's matter.
impl Default for Pin {
    fn default() -> Self {
        Pin { answer: Answer::Abstain, findings: Vec::new(), trace: Vec::new() }
    }
}

/// No demand.
impl Default for Placement {
    fn default() -> Self {
        Placement { required: Vec::new(), preferred: Vec::new(), spread: None, min_nodes: 0 }
    }
}

/// Every object keeps its default name.
impl Default for Names {
    fn default() -> Self {
        Names { names: Vec::new(), findings: Vec::new(), trace: Vec::new() }
    }
}
