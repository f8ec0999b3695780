//! Adds an entry at the end of the list of policies, and keeps the rest of the text.

use granit_parser::{Event, Parser, Span, StrInput};

/// The text with the entry; `None`: the list's syntax does not allow another line.
pub(super) fn entry(text: &str, name: &str, source: &str) -> Option<String> {
    let entry = |indent: usize| {
        let blanks = " ".repeat(indent);
        format!("{blanks}- name: {name}\n{blanks}  source: {}\n", quoted(source))
    };
    let FoundList::At(list) = ListPosition::find(text)? else {
        let end = if text.ends_with('\n') || text.is_empty() { "" } else { "\n" };
        return Some(format!("{text}{end}policies:\n{}", entry(2)));
    };
    if text[list.start..].starts_with('[') {
        let is_empty = text[list.start..list.end].trim_matches(['[', ']']).trim().is_empty();
        let new = format!("\n{}", entry(2).trim_end());
        return is_empty.then(|| format!("{}{new}{}", text[..list.start].trim_end(), &text[list.end..]));
    }
    // A comment after the last entry stays there.
    let line = text[list.end..].find('\n').map_or(text.len(), |at| list.end + at);
    let rest = text[line..].strip_prefix('\n').unwrap_or_default();
    Some(format!("{}\n{}{rest}", &text[..line], entry(list.indent)))
}

/// Whether there is a list of policies.
enum FoundList {
    At(ListPosition),
    Nowhere,
}

/// The position of the list of policies, in bytes.
struct ListPosition {
    start: usize,
    end: usize,
    indent: usize,
}

impl ListPosition {
    /// Finds it; `None`: the text has another form.
    fn find(text: &str) -> Option<FoundList> {
        let mut events = Parser::new_from_str(text);
        let mut depth = 0_usize;
        let mut is_key = true;
        let mut is_wanted = false;
        let mut found = None;
        for event in &mut events {
            let (event, span) = event.ok()?;
            match &event {
                Event::MappingStart(..) | Event::SequenceStart(..) if depth == 1 && is_wanted => {
                    found = Some(span);
                    break;
                }
                Event::MappingStart(..) | Event::SequenceStart(..) => depth += 1,
                Event::MappingEnd | Event::SequenceEnd => depth = depth.checked_sub(1)?,
                Event::Scalar(key, ..) if depth == 1 && is_key => is_wanted = key == "policies",
                _ => {}
            }
            // In the top map, keys and complete values alternate.
            let at_top = depth == 1;
            let is_turn = matches!(
                event,
                Event::Scalar(..) | Event::Alias(..) | Event::MappingEnd | Event::SequenceEnd
            );
            if at_top && is_turn {
                is_key = !is_key;
            }
        }
        match found {
            None => Some(FoundList::Nowhere),
            Some(span) => ListPosition::passed(text, span, &mut events).map(FoundList::At),
        }
    }

    /// Skips the list, to the end of its last entry.
    fn passed<'a>(text: &str, start: Span, events: &mut Parser<'a, StrInput<'a>>) -> Option<Self> {
        let mut depth = 1_usize;
        let mut end = start.end.byte_offset()?;
        while depth > 0 {
            let (event, span) = events.next()?.ok()?;
            if matches!(event, Event::Comment(..)) {
                continue;
            }
            match event {
                Event::MappingStart(..) | Event::SequenceStart(..) => depth += 1,
                Event::MappingEnd | Event::SequenceEnd => depth -= 1,
                _ => {}
            }
            // The end of a block is an empty token at the start of the next block.
            let (from, to) = (span.start.byte_offset()?, span.end.byte_offset()?);
            if to > from {
                end = end.max(to);
            }
        }
        let start = start.start.byte_offset()?;
        // The indentation of the first entry's dash: the list itself may start after it.
        let line = text[..start].rfind('\n').map_or(0, |at| at + 1);
        let indent = text[line..].len() - text[line..].trim_start_matches(' ').len();
        Some(ListPosition { start, end, indent })
    }
}

/// A source needs quotes only if YAML would read something else.
fn quoted(source: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"./-_:@".contains(&byte);
    if source.bytes().all(plain) { source.to_owned() } else { serde_json::Value::from(source).to_string() }
}

#[cfg(test)]
mod tests {
    use egress_policy::config::PolicyConfig;

    use super::*;

    const HEADER: &str = "apiVersion: kubectl-egress.github.io/v1alpha1\nkind: EgressPolicySet\n";
    const ENTRY: &str = "- name: new\n    source: ./new.wasm\n";

    fn added(text: &str) -> String {
        let text = entry(text, "new", "./new.wasm").unwrap();
        let set = PolicyConfig::parse(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
        assert_eq!(set.policies.last().unwrap().name, "new");
        text
    }

    #[test]
    fn without_a_list_there_is_one_afterwards() {
        assert_eq!(added(HEADER), format!("{HEADER}policies:\n  {ENTRY}"));
        assert_eq!(added(HEADER.trim_end()), format!("{HEADER}policies:\n  {ENTRY}"));
        assert_eq!(
            added(&format!("{HEADER}policies: []  # none\n")),
            format!("{HEADER}policies:\n  {ENTRY}  # none\n").replace("wasm\n  #", "wasm  #")
        );
    }

    #[test]
    fn an_entry_goes_to_the_end_and_the_rest_stays() {
        let before = format!(
            "{HEADER}# Ours\npolicies:\n- name: old   # the first\n  source: ./old.wasm\n  settings: {{allow: [a]}}   # for now\n"
        );
        let after = "\n# What happens otherwise\ndefault: deny\n";
        assert_eq!(
            added(&format!("{before}{after}")),
            format!("{before}- name: new\n  source: ./new.wasm\n{after}")
        );
    }

    #[test]
    fn a_list_in_braces_is_left_to_people() {
        let text = format!("{HEADER}policies: [{{name: old, source: ./old.wasm}}]\n");
        assert_eq!(entry(&text, "new", "./new.wasm"), None);
    }
}
