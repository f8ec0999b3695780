//! kubectl's jsonpath templates: text, `{.paths}`, `{range .items[*]}…{end}`, `{"\n"}`.
//!
//! Evaluates a template over a value. Reading a template is in `template`, reading the paths inside it in `path`.
//! Like `kubectl get`, a path that leads nowhere writes nothing.

mod path;
mod template;

use jsonpath_rust::parser::model::JpQuery;
use jsonpath_rust::query::{QueryRef, js_path_process};
use serde_json::Value;
use thiserror::Error;

use crate::error::RenderError;
use crate::escape::escape;

/// The most bytes a template may write: paths that descend everywhere, inside ranges that do, have no other end.
const LONGEST_OUTPUT: usize = 64 << 20;

/// A template that was read and can be evaluated.
#[derive(Clone, Debug, PartialEq)]
pub struct Template(Vec<TemplateNode>);

/// Why a template cannot be read.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("error parsing jsonpath at character {position}: {problem}")]
pub struct TemplateError {
    /// Which character of the template, counted from 1.
    pub position: usize,
    /// What was expected and what was found.
    pub problem: String,
}

/// A part of a template.
#[derive(Clone, Debug, PartialEq)]
enum TemplateNode {
    Text(String),
    Paths(Vec<JpQuery>),
    Range(Vec<JpQuery>, Vec<TemplateNode>),
}

impl Template {
    /// Reads a template.
    ///
    /// # Errors
    /// [`TemplateError`] says where the template cannot be read.
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        template::parse(text).map(Template)
    }

    /// What the template writes for a value. Strings appear as they are but for control characters, which are escaped;
    /// several results of one path are parted by a blank; objects and lists appear as JSON.
    ///
    /// # Errors
    /// [`RenderError::TooLong`] when the template writes without end.
    pub fn render(&self, value: &Value) -> Result<String, RenderError> {
        let mut text = String::new();
        write(&self.0, value, &mut text)?;
        Ok(text)
    }
}

fn write(nodes: &[TemplateNode], value: &Value, text: &mut String) -> Result<(), RenderError> {
    for node in nodes {
        match node {
            TemplateNode::Text(literal) => text.push_str(literal),
            TemplateNode::Paths(paths) => {
                let found: Vec<String> = find(paths, value).map(show).collect();
                text.push_str(&found.join(" "));
            }
            TemplateNode::Range(paths, body) => {
                for item in find(paths, value) {
                    write(body, item, text)?;
                }
            }
        }
        if text.len() > LONGEST_OUTPUT {
            return Err(RenderError::TooLong { limit: LONGEST_OUTPUT });
        }
    }
    Ok(())
}

fn find<'a>(paths: &'a [JpQuery], value: &'a Value) -> impl Iterator<Item = &'a Value> {
    // An error means that a path computes instead of pointing, which no path of a template does.
    let found = paths.iter().map(|path| js_path_process(path, value).unwrap_or_default());
    found.flatten().map(QueryRef::val)
}

fn show(value: &Value) -> String {
    match value {
        Value::String(text) => escape(text).into_owned(),
        other => escape(&other.to_string()).into_owned(),
    }
}
