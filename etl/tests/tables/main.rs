//! Tables as a user has them: each verb on small literal tables, each error before work starts.

#![cfg(feature = "tables")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should panic")]

mod border;
mod files;
mod groups;
mod joins;
mod laws;
mod queries;
mod rows;
mod running;
mod values;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use arrow::array::{
    ArrayRef, BooleanArray, Date32Array, Float64Array, Int32Array, Int64Array, RecordBatch,
    StringArray, TimestampMicrosecondArray, UInt64Array,
};
use arrow::json::writer::{LineDelimited, WriterBuilder};
use graph_etl::expr::Expr;
use graph_etl::table::{
    Bins, Budget, Compression, Fill, Format, JoinKind, JoinOptions, Keep, ScanOptions, SortKey,
    SqlOptions, Table, WriteOptions,
};
use graph_etl::{Control, Error, Result};

fn batch(columns: Vec<(&str, ArrayRef)>) -> RecordBatch {
    RecordBatch::try_from_iter_with_nullable(
        columns.into_iter().map(|(name, array)| (name, array, true)),
    )
    .unwrap()
}

fn table(columns: Vec<(&str, ArrayRef)>) -> Table {
    Table::from_batch(batch(columns)).unwrap()
}

fn ints<T: Into<Option<i64>> + Copy>(values: &[T]) -> ArrayRef {
    Arc::new(values.iter().map(|&value| value.into()).collect::<Int64Array>())
}

fn floats<T: Into<Option<f64>> + Copy>(values: &[T]) -> ArrayRef {
    Arc::new(values.iter().map(|&value| value.into()).collect::<Float64Array>())
}

fn texts<'a, T: Into<Option<&'a str>> + Copy>(values: &[T]) -> ArrayRef {
    Arc::new(values.iter().map(|&value| value.into()).collect::<StringArray>())
}

fn sql(query: &str, tables: &[(&str, Table)]) -> Result<Table> {
    graph_etl::table::sql(query, tables, &SqlOptions::default(), &Control::NONE)
}

/// Each row as JSON, so that expected tables can be read.
fn rows_of(batch: &RecordBatch) -> Vec<String> {
    let mut text = Vec::new();
    let mut writer =
        WriterBuilder::new().with_explicit_nulls(true).build::<_, LineDelimited>(&mut text);
    writer.write(batch).unwrap();
    writer.finish().unwrap();
    String::from_utf8(text).unwrap().lines().map(str::to_owned).collect()
}

fn rows(table: &Table) -> Vec<String> {
    rows_of(&table.collect(&Control::NONE).unwrap())
}

fn expr(text: &str) -> Expr {
    text.parse().unwrap()
}

fn people() -> Table {
    table(vec![
        ("name", texts(&[Some("ann"), Some("bob"), None, Some("cy"), Some("bob")])),
        ("age", ints(&[Some(30), Some(20), Some(40), None, Some(25)])),
        ("pay", floats(&[1.5, 2.5, f64::NAN, 4.0, 0.0])),
    ])
}

fn pets() -> Table {
    table(vec![
        ("owner", texts(&[Some("bob"), Some("ann"), Some("bob"), None, Some("zoe")])),
        ("pet", texts(&["cat", "dog", "emu", "fox", "gnu"])),
        ("age", ints(&[1, 2, 3, 4, 5])),
    ])
}

fn events() -> Table {
    let hour = 3_600_000_000i64;
    table(vec![
        (
            "at",
            Arc::new(TimestampMicrosecondArray::from(vec![
                Some(0),
                Some(hour + 5),
                Some(49 * hour),
                None,
            ])) as ArrayRef,
        ),
        ("day", Arc::new(Date32Array::from(vec![Some(0), Some(31), Some(59), None]))),
        ("kind", texts(&["a", "b", "a", "b"])),
        ("n", ints(&[1, 2, 3, 4])),
    ])
}
