//! What came of all cases as JUnit's XML, which CI servers read.

use std::io;

use egress_render::escape::escape;
use quick_xml::Writer;
use quick_xml::events::BytesText;

use super::report::{FileReport, Report};
use super::run::CaseReport;

type XmlWriter = Writer<Vec<u8>>;

/// One suite for each file; uncovered rules are a case of their own where they are a failure.
pub fn text(report: &Report) -> io::Result<String> {
    let mut writer = Writer::new_with_indent(Vec::new(), b' ', 2);
    writer.create_element("testsuites").write_inner_content(|writer| {
        for file in &report.files {
            suite(writer, file)?;
        }
        if report.require_coverage { coverage(writer, report) } else { Ok(()) }
    })?;
    let mut text = String::from_utf8_lossy(&writer.into_inner()).into_owned();
    text.insert_str(0, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    text.push('\n');
    Ok(text)
}

fn suite(writer: &mut XmlWriter, file: &FileReport) -> io::Result<()> {
    let failed = file.cases.iter().filter(|case| !case.problems.is_empty()).count();
    counted(writer, &file.path, file.cases.len(), failed, |writer| {
        file.cases.iter().try_for_each(|one| case(writer, &file.path, &one.name, &problems(one)))
    })
}

fn coverage(writer: &mut XmlWriter, report: &Report) -> io::Result<()> {
    let missing = |index: usize| report.policies[index].coverage.missing.len();
    let failed = (0..report.policies.len()).filter(|index| missing(*index) > 0).count();
    counted(writer, "coverage", report.policies.len(), failed, |writer| {
        report.policies.iter().try_for_each(|policy| {
            let missing = policy.coverage.missing.iter();
            let missing: Vec<String> = missing.map(|code| format!("no case produces `{code}`")).collect();
            case(writer, "coverage", &policy.id, &missing)
        })
    })
}

fn counted(
    writer: &mut XmlWriter,
    name: &str,
    tests: usize,
    failures: usize,
    content: impl FnOnce(&mut XmlWriter) -> io::Result<()>,
) -> io::Result<()> {
    let name = escape(name);
    let (tests, failures) = (tests.to_string(), failures.to_string());
    let attributes = [("name", name.as_ref()), ("tests", &tests), ("failures", &failures)];
    writer.create_element("testsuite").with_attributes(attributes).write_inner_content(content)?;
    Ok(())
}

fn case(writer: &mut XmlWriter, class: &str, name: &str, problems: &[String]) -> io::Result<()> {
    let (class, name) = (escape(class), escape(name));
    let element =
        writer.create_element("testcase").with_attributes([("classname", class.as_ref()), ("name", &name)]);
    if problems.is_empty() {
        element.write_empty()?;
        return Ok(());
    }
    let text = problems.iter().map(|problem| escape(problem)).collect::<Vec<_>>().join("\n");
    element.write_inner_content(|writer| {
        let failure = writer.create_element("failure").with_attribute(("message", problems[0].as_str()));
        failure.write_text_content(BytesText::new(&text)).map(|_| ())
    })?;
    Ok(())
}

fn problems(case: &CaseReport) -> Vec<String> {
    case.problems.clone()
}
