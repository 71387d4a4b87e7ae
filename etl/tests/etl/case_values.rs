//! Values of parameters in the options of steps.

#![cfg(feature = "tables")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use arrow::array::RecordBatch;
use graph_etl::case::Case;
use serde_json::{Value, json};

use super::cases::{folder, places, rows, run, values};

const SOLD: &str = "who,city,n\n\"Smith, John\",Ulm,1\nann,,3\n";

/// The case with this parameter `x` and this step over [`SOLD`].
fn case(parameter: &str, step: &str) -> Result<Case, String> {
    let text = format!(
        "[parameters.x]\n{parameter}\n[[step]]\nverb = 'source'\nfrom = 'sold.csv'\n[[step]]\n{step}"
    );
    Case::parse(&text).map_err(|error| error.to_string())
}

/// What it makes of a value.
fn made(parameter: &str, step: &str, value: &Value) -> RecordBatch {
    let folder = folder(&[("sold.csv", SOLD)]);
    let bound = case(parameter, step).unwrap().bind(&values(&json!({"x": value}))).unwrap();
    rows(run(&bound, &places(folder.path())).unwrap().1)
}

fn names(rows: &RecordBatch) -> Vec<String> {
    rows.schema().fields().iter().map(|field| field.name().clone()).collect()
}

const LISTED: &str = "type = 'text'\nchoices = ['city', 'n']";

#[test]
fn listed_texts_are_names_of_columns() {
    let x = json!("city");
    for (step, expected) in [
        ("verb = 'drop'\ncolumns = ['$x']", &["who", "n"][..]),
        ("verb = 'drop'\ncolumns = '$x'", &["who", "n"]),
        ("verb = 'select'\ncolumns = ['$x', 'n']", &["city", "n"]),
        ("verb = 'select'\ncolumns = ['$x', 'twice = n * 2']", &["city", "twice"]),
        ("verb = 'unpivot'\ncolumns = ['$x']", &["who", "n", "name", "value"]),
    ] {
        let found = names(&made(LISTED, step, &x));
        assert_eq!(found, expected, "{step}");
    }
    assert_eq!(made(LISTED, "verb = 'drop_nulls'\ncolumns = ['$x']", &x).num_rows(), 1);
    let filled = "verb = 'fill'\ncolumns = ['$x']\nhow = 'forward'\n[[step]]\nverb = 'drop_nulls'";
    assert_eq!(made(LISTED, filled, &x).num_rows(), 2);
    let several = LISTED.replace("'text'", "'texts'");
    let left = made(&several, "verb = 'drop'\ncolumns = '$x'", &json!(["n", "city"]));
    assert_eq!(names(&left), ["who"]);
    for verb in ["drop", "select", "drop_nulls", "unpivot"] {
        let error = case("type = 'text'", &format!("verb = '{verb}'\ncolumns = ['$x']"));
        assert!(error.unwrap_err().contains("cannot stand in `columns`"), "{verb}");
    }
}

#[test]
fn expressions_have_values_of_their_own() {
    let step = "verb = 'fill'\ncolumns = ['city']\nvalue = '$x'\n\
                [[step]]\nverb = 'filter'\nwhere = 'city = $x'";
    // Not the column of that name.
    assert_eq!(made("type = 'text'", step, &json!("who")).num_rows(), 1);
    let step =
        "verb = 'with'\ncolumns = ['m = n + $x']\n[[step]]\nverb = 'filter'\nwhere = 'm > 7'";
    assert_eq!(made("type = 'integer'", step, &json!(5)).num_rows(), 1);
}

#[test]
fn choices_have_commas() {
    let listed = "type = 'texts'\nchoices = ['Smith, John', 'ann']";
    let step = "verb = 'filter'\nwhere = 'who IN ($x)'";
    for (value, expected) in [
        (json!(["Smith, John"]), 1),
        (json!("Smith, John"), 1),
        (json!(["ann", "Smith, John"]), 2),
        (json!("ann"), 1),
    ] {
        assert_eq!(made(listed, step, &value).num_rows(), expected, "{value}");
    }
    let nested = "type = 'texts'\nchoices = [['a', 'b']]";
    assert!(case(nested, step).unwrap_err().contains("parameter `x`: option `choices`"));
}
