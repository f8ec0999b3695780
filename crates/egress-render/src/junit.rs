//! JUnit's XML, which CI servers read: suites of cases, each passed, failed, in error or skipped.
//!
//! Knows the format alone. What a case is and whether it failed is decided in `report::junit` and in `egress-policy-test`.
//! Not `quick-junit`: it writes no number of skipped cases, and brings a second library for dates and one for UUIDs.

use std::io;

use quick_xml::Writer;
use quick_xml::events::BytesText;

use crate::escape::escape;

type XmlWriter = Writer<Vec<u8>>;

/// Cases that belong together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suite {
    /// Its name.
    pub name: String,
    /// Its cases, in order.
    pub cases: Vec<JunitCase>,
}

/// One case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JunitCase {
    /// The group in which servers show it.
    pub class: String,
    /// Its name.
    pub name: String,
    /// How it ended.
    pub result: CaseResult,
}

/// How a case ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CaseResult {
    /// Passed; the lines are shown with it.
    Passed(Vec<String>),
    /// Failed.
    Failed {
        /// The reason, in one sentence.
        message: String,
        /// All that is known.
        lines: Vec<String>,
    },
    /// It could not be decided, and why.
    Error(String),
    /// It was not tried, and why.
    Skipped(String),
}

/// The suites as one document, with a name if it has one.
///
/// # Errors
/// None: writing into memory does not fail.
pub fn document(name: Option<&str>, suites: &[Suite]) -> io::Result<String> {
    let mut writer = Writer::new_with_indent(Vec::new(), b' ', 2);
    let element = writer.create_element("testsuites");
    element
        .with_attributes(name.map(|name| ("name", name)))
        .write_inner_content(|writer| suites.iter().try_for_each(|suite| suite.write(writer)))?;
    let mut text = String::from_utf8_lossy(&writer.into_inner()).into_owned();
    text.insert_str(0, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    text.push('\n');
    Ok(text)
}

impl Suite {
    fn write(&self, writer: &mut XmlWriter) -> io::Result<()> {
        let count = |wanted: fn(&CaseResult) -> bool| {
            self.cases.iter().filter(|case| wanted(&case.result)).count().to_string()
        };
        let attributes = [
            ("name", escape(&self.name).into_owned()),
            ("tests", self.cases.len().to_string()),
            ("failures", count(|result| matches!(result, CaseResult::Failed { .. }))),
            ("errors", count(|result| matches!(result, CaseResult::Error(_)))),
            ("skipped", count(|result| matches!(result, CaseResult::Skipped(_)))),
        ];
        let attributes = attributes.iter().map(|(key, value)| (*key, value.as_str()));
        let element = writer.create_element("testsuite").with_attributes(attributes);
        element.write_inner_content(|writer| self.cases.iter().try_for_each(|case| case.write(writer)))?;
        Ok(())
    }
}

impl JunitCase {
    fn write(&self, writer: &mut XmlWriter) -> io::Result<()> {
        let (class, name) = (escape(&self.class), escape(&self.name));
        let attributes = [("classname", class.as_ref()), ("name", name.as_ref())];
        let element = writer.create_element("testcase").with_attributes(attributes);
        let (kind, message, lines) = match &self.result {
            CaseResult::Passed(lines) if lines.is_empty() => return element.write_empty().map(|_| ()),
            CaseResult::Passed(lines) => ("system-out", None, lines.as_slice()),
            CaseResult::Failed { message, lines } => ("failure", Some(message), lines.as_slice()),
            CaseResult::Error(message) => ("error", Some(message), [].as_slice()),
            CaseResult::Skipped(message) => ("skipped", Some(message), [].as_slice()),
        };
        let message = message.map(|message| escape(message));
        let text = lines.iter().map(|line| escape(line)).collect::<Vec<_>>().join("\n");
        element.write_inner_content(|writer| {
            let result = writer.create_element(kind);
            let result =
                result.with_attributes(message.as_ref().map(|message| ("message", message.as_ref())));
            if text.is_empty() {
                result.write_empty().map(|_| ())
            } else {
                result.write_text_content(BytesText::new(&text)).map(|_| ())
            }
        })?;
        Ok(())
    }
}
