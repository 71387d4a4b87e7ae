//! Random queries over random graphs, answered as the client of Graphistry answers them.
//!
//! The answers in `golden/gfql.json` were made by `golden/gfql.py`.

#![expect(clippy::unwrap_used, reason = "a panic fails the test, as it should")]

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Float64Array, Int64Array, RecordBatch, StringArray,
    TimestampMicrosecondArray,
};
use arrow::json::writer::{JsonArray, WriterBuilder};
use graph_core::{Graph, IdOrder, ReadOptions};
use graph_etl::Control;
use graph_etl::gfql::{Absent, Gfql, Limits};
use serde_json::Value;

type Row = BTreeMap<String, Value>;

fn array(values: &[Value], name: &str) -> ArrayRef {
    if name == "seen" {
        let micros = |value: &Value| {
            let at = value.as_str().unwrap();
            let at = chrono::NaiveDateTime::parse_from_str(at, "%Y-%m-%d %H:%M:%S").unwrap();
            at.and_utc().timestamp_micros()
        };
        return Arc::new(TimestampMicrosecondArray::from_iter_values(values.iter().map(micros)));
    }
    match values.iter().find(|value| !value.is_null()) {
        Some(Value::String(_)) => {
            Arc::new(values.iter().map(Value::as_str).collect::<StringArray>())
        }
        Some(Value::Bool(_)) => {
            Arc::new(values.iter().map(Value::as_bool).collect::<BooleanArray>())
        }
        _ if name == "score" => {
            Arc::new(values.iter().map(Value::as_f64).collect::<Float64Array>())
        }
        _ if name == "kind" || name == "rel" => {
            Arc::new(values.iter().map(Value::as_str).collect::<StringArray>())
        }
        _ => Arc::new(values.iter().map(Value::as_i64).collect::<Int64Array>()),
    }
}

fn batch(table: &Value) -> RecordBatch {
    let columns = table
        .as_object()
        .unwrap()
        .iter()
        .map(|(name, values)| (name.as_str(), array(values.as_array().unwrap(), name), true));
    RecordBatch::try_from_iter_with_nullable(columns).unwrap()
}

fn graph(data: &Value) -> Graph {
    let nodes = batch(&data["nodes"]);
    let mut edges = batch(&data["edges"]);
    if edges.num_rows() == 0 {
        // Ends without a row have the type of the ids.
        let ids = nodes.column_by_name("id").unwrap().slice(0, 0);
        let mut columns = vec![("src", Arc::clone(&ids), true), ("dst", ids, true)];
        for name in ["rel", "amount", "row"] {
            columns.push((name, array(&[], name), true));
        }
        edges = RecordBatch::try_from_iter_with_nullable(columns).unwrap();
    }
    let options = ReadOptions {
        source: Some("src".into()),
        target: Some("dst".into()),
        id: Some("id".into()),
        directed: Some(true),
        order: IdOrder::Sorted,
        ..ReadOptions::default()
    };
    Graph::from_batches([edges], Some(nodes), &options).unwrap()
}

/// Rows with all their cells, nulls included.
fn rows(table: &RecordBatch) -> Vec<Row> {
    if table.num_rows() == 0 {
        return Vec::new();
    }
    let mut out = Vec::new();
    let builder = WriterBuilder::new().with_explicit_nulls(true);
    let mut writer = builder.build::<_, JsonArray>(&mut out);
    writer.write(table).unwrap();
    writer.finish().unwrap();
    serde_json::from_slice(&out).unwrap()
}

/// A cell as it is compared: numbers as `f64`, times without a `T`.
fn cell(value: &Value) -> Value {
    match value {
        Value::Number(number) => Value::from(number.as_f64().unwrap()),
        Value::String(text) if text.len() == 19 && text.as_bytes()[10] == b'T' => {
            Value::from(text.replace('T', " "))
        }
        value => value.clone(),
    }
}

fn keyed(rows: impl IntoIterator<Item = Row>, key: &str) -> BTreeMap<String, Row> {
    rows.into_iter()
        .map(|row| {
            let row: Row = row.iter().map(|(name, value)| (name.clone(), cell(value))).collect();
            (row[key].to_string(), row)
        })
        .collect()
}

/// The rows of a table that is written column by column.
fn expected_rows(table: &Value) -> Vec<Row> {
    let columns = table.as_object().unwrap();
    let n = columns.values().next().map_or(0, |values| values.as_array().unwrap().len());
    (0..n)
        .map(|row| {
            columns.iter().map(|(name, values)| (name.clone(), values[row].clone())).collect()
        })
        .collect()
}

/// What is different, if something is.
fn difference(found: &RecordBatch, expected: &Value, key: &str) -> Option<String> {
    let here = keyed(rows(found), key);
    let there = keyed(expected_rows(expected), key);
    if here.len() != found.num_rows() {
        return Some(format!("{key} is not unique"));
    }
    if !here.keys().eq(there.keys()) {
        return Some(format!("{key}: {:?} instead of {:?}", here.keys(), there.keys()));
    }
    let schema = found.schema();
    let mut names: Vec<&String> = schema.fields().iter().map(|field| field.name()).collect();
    let mut wanted: Vec<&String> = expected.as_object().unwrap().keys().collect();
    names.sort();
    wanted.sort();
    if names != wanted {
        return Some(format!("columns {names:?} instead of {wanted:?}"));
    }
    for (id, row) in &there {
        // The client knows nothing but the id of a node that is kept for its edges alone.
        let is_stub = row.iter().all(|(name, value)| name == key || value.is_null());
        let differs = |(name, value): (&String, &Value)| !is_stub && here[id][name] != *value;
        if let Some((name, value)) = row.iter().find(|&cell| differs(cell)) {
            return Some(format!("{name} of {id} is {} instead of {value}", here[id][name]));
        }
    }
    None
}

#[test]
fn answers_are_those_of_the_client() {
    let golden: Value = serde_json::from_str(include_str!("../golden/gfql.json")).unwrap();
    let graphs: BTreeMap<&str, Graph> = golden["graphs"]
        .as_object()
        .unwrap()
        .iter()
        .map(|(name, data)| (name.as_str(), graph(data)))
        .collect();
    let cases = golden["cases"].as_array().unwrap();
    let mut wrong = Vec::new();
    for (at, case) in cases.iter().enumerate() {
        let graph = &graphs[case["graph"].to_string().as_str()];
        let answer = Gfql::parse(case["query"].as_str().unwrap(), &Limits::default())
            .and_then(|query| query.run(graph, Absent::Null, &Control::NONE));
        let difference = match answer {
            Err(error) => Some(error.to_string()),
            Ok(report) => difference(&report.nodes, &case["nodes"], "id")
                .or_else(|| difference(&report.edges, &case["edges"], "row")),
        };
        if let Some(difference) = difference {
            wrong.push(format!("case {at}: {difference}\n  {}", case["query"]));
        }
    }
    assert!(cases.len() > 500, "only {} cases", cases.len());
    assert!(wrong.is_empty(), "{} of {} differ:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}
