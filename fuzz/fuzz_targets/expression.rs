//! The expression language: what is read is written so that it reads the same, and checked against columns.
#![no_main]

use arrow::datatypes::{DataType, Field, Schema, TimeUnit};
use graph_etl::expr::Expr;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let Ok(expression) = text.parse::<Expr>() else { return };
    let written = expression.to_string();
    match written.parse::<Expr>() {
        Ok(again) => assert_eq!(again.to_string(), written, "{text:?}"),
        Err(error) => panic!("{text:?} is written {written:?}, which is refused: {error}"),
    }
    let columns = [
        ("a", DataType::Float64),
        ("b", DataType::Utf8),
        ("n", DataType::Int64),
        ("t", DataType::Timestamp(TimeUnit::Microsecond, None)),
        ("d", DataType::Date32),
        ("ok", DataType::Boolean),
    ];
    let fields: Vec<Field> =
        columns.into_iter().map(|(name, kind)| Field::new(name, kind, true)).collect();
    let _ = expression.resolve_condition(&Schema::new(fields));
});
