//! `list` as tables, names and documents.

use egress_core::inventory::State;
use egress_render::escape::is_hidden;
use egress_render::inventory::{Columns, document, names, table};
use egress_render::{document, inventory};
use snapbox::{assert_data_eq, file};

use crate::fixtures::{now, row, rows};

const NARROW: Columns = Columns { namespace: false, wide: false, header: true };

#[test]
fn a_row_tells_host_gateway_nodes_state_and_age() {
    assert_data_eq!(table(&rows(), NARROW, now()), file!["goldens/list.txt"].raw());
}

#[test]
fn all_namespaces_are_told_apart() {
    let columns = Columns { namespace: true, ..NARROW };
    assert_data_eq!(table(&rows(), columns, now()), file!["goldens/list-all-namespaces.txt"].raw());
}

#[test]
fn wide_leaves_nothing_out() {
    let columns = Columns { namespace: true, wide: true, ..NARROW };
    assert_data_eq!(table(&rows(), columns, now()), file!["goldens/list-wide.txt"].raw());
}

#[test]
fn a_usual_row_fits_into_80_columns() {
    let rows = [row("shop", "edition.cnn.com", State::Ready), row("shop", "api.github.com", State::Ready)];
    let text = table(&rows, NARROW, now());
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
}

#[test]
fn no_rows_print_nothing() {
    assert_eq!(table(&[], NARROW, now()), "");
}

#[test]
fn the_header_can_be_left_out() {
    let text = table(&rows(), Columns { header: false, ..NARROW }, now());
    assert!(text.starts_with("hand.made.org"), "{text}");
}

#[test]
fn names_tell_namespace_and_host() {
    let rows =
        [row("shop", "edition.cnn.com", State::Ready), row("billing", "a.example.com", State::Foreign)];
    assert_eq!(names(&rows), "shop/edition.cnn.com\nbilling/a.example.com\n");
}

#[test]
fn the_document_is_versioned_and_leaves_out_what_is_not_known() {
    let document = inventory::document(&rows()).unwrap();
    assert_data_eq!(document::yaml(&document).unwrap(), file!["goldens/list.yaml"].raw());
}

#[test]
fn no_output_lets_a_control_character_through() {
    let columns = Columns { namespace: true, wide: true, ..NARROW };
    let value = document(&rows()).unwrap();
    for text in [
        table(&rows(), columns, now()),
        names(&rows()),
        document::json(&value).unwrap(),
        document::yaml(&value).unwrap(),
    ] {
        assert!(!text.replace('\n', "").contains(is_hidden), "{text:?}");
    }
}
