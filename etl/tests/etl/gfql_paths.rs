//! Paths as rows, and paths of several hops that meet conditions, as the client of Graphistry finds
//! them.
//!
//! The answers in `golden/gfql_paths.json` were made by `golden/gfql_paths.py`; those of conditions
//! by trying each walk, since the client keeps more.

#![expect(clippy::unwrap_used, reason = "a panic fails the test, as it should")]

use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray};
use arrow::json::writer::{JsonArray, WriterBuilder};
use graph_core::{Graph, IdOrder, ReadOptions};
use graph_etl::Control;
use graph_etl::gfql::{Absent, Gfql, GfqlReport, Limits};
use serde_json::{Value, json};

fn golden() -> Value {
    serde_json::from_str(include_str!("../golden/gfql_paths.json")).unwrap()
}

fn graph(data: &Value) -> Graph {
    let is_text = data["nodes"]["id"][0].is_string();
    let batch = |table: &Value| {
        let column = |name: &str, values: &Vec<Value>| -> ArrayRef {
            match name {
                "kind" => Arc::new(values.iter().map(Value::as_str).collect::<StringArray>()),
                "id" | "src" | "dst" if is_text => {
                    Arc::new(values.iter().map(Value::as_str).collect::<StringArray>())
                }
                "score" => Arc::new(values.iter().map(Value::as_f64).collect::<Float64Array>()),
                _ => Arc::new(values.iter().map(Value::as_i64).collect::<Int64Array>()),
            }
        };
        let columns = table.as_object().unwrap().iter();
        let columns =
            columns.map(|(name, values)| (name, column(name, values.as_array().unwrap()), true));
        RecordBatch::try_from_iter_with_nullable(columns).unwrap()
    };
    let options = ReadOptions {
        source: Some("src".into()),
        target: Some("dst".into()),
        id: Some("id".into()),
        directed: Some(true),
        order: IdOrder::Sorted,
        ..ReadOptions::default()
    };
    Graph::from_batches([batch(&data["edges"])], Some(batch(&data["nodes"])), &options).unwrap()
}

fn answer(graph: &Graph, query: &Value) -> Result<GfqlReport, graph_etl::Error> {
    Gfql::parse(&query.to_string(), &Limits::default())?.run(graph, Absent::Refuse, &Control::NONE)
}

/// The cells of `columns` in each row, with whole numbers as such, rows in the order of their text.
fn rows(table: &RecordBatch, columns: &[&str]) -> Vec<String> {
    let mut out = Vec::new();
    let mut writer = WriterBuilder::new().with_explicit_nulls(true).build::<_, JsonArray>(&mut out);
    writer.write(table).unwrap();
    writer.finish().unwrap();
    let rows: Vec<Value> =
        if out.is_empty() { Vec::new() } else { serde_json::from_slice(&out).unwrap() };
    let cells = |row: &Value| columns.iter().map(|column| plain(&row[column])).collect();
    let mut rows: Vec<String> =
        rows.iter().map(|row| Value::Array(cells(row)).to_string()).collect();
    rows.sort();
    rows
}

/// A whole number may be one of fractions at the client, and no value one that is not true.
fn plain(value: &Value) -> Value {
    match value.as_f64() {
        Some(number) => json!(number),
        None => value.clone(),
    }
}

#[test]
fn each_path_is_a_row() {
    let golden = golden();
    let graphs: Vec<Graph> = golden["graphs"].as_array().unwrap().iter().map(graph).collect();
    let cases = golden["rows"].as_array().unwrap();
    let mut wrong = Vec::new();
    let mut some = 0;
    for case in cases {
        let query = &case["query"];
        let table = match answer(&graphs[case["graph"].as_u64().unwrap() as usize], query) {
            Ok(report) => report.nodes,
            Err(error) => {
                wrong.push(format!("{query}: {error}"));
                continue;
            }
        };
        let columns: Vec<&str> =
            case["columns"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
        let expected = case["rows"].as_array().unwrap();
        let schema = table.schema();
        let mut names: Vec<&str> =
            schema.fields().iter().map(|field| field.name().as_str()).collect();
        names.sort_unstable();
        if !expected.is_empty() && names != columns {
            wrong.push(format!("{query}: columns {names:?} instead of {columns:?}"));
            continue;
        }
        let mut expected: Vec<String> = expected
            .iter()
            .map(|row| {
                Value::Array(row.as_array().unwrap().iter().map(plain).collect()).to_string()
            })
            .collect();
        expected.sort();
        some += usize::from(!expected.is_empty());
        let found = rows(&table, &columns);
        if found != expected {
            wrong.push(format!("{query}:\n  {found:?}\n  instead of\n  {expected:?}"));
        }
    }
    assert!(some > 100, "{some} of {} have rows", cases.len());
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn what_is_on_walks_that_meet_all_conditions_is_found() {
    let golden = golden();
    let graphs: Vec<Graph> = golden["graphs"].as_array().unwrap().iter().map(graph).collect();
    let cases = golden["paths"].as_array().unwrap();
    let mut wrong = Vec::new();
    let mut some = 0;
    for case in cases {
        let query = &case["query"];
        let graph = &graphs[case["graph"].as_u64().unwrap() as usize];
        let report = answer(graph, query).unwrap_or_else(|error| panic!("{query}: {error}"));
        for (table, key, which) in [(&report.nodes, "id", "nodes"), (&report.edges, "row", "edges")]
        {
            let expected = case[which].as_array().unwrap();
            let mut expected: Vec<String> =
                expected.iter().map(|id| Value::Array(vec![plain(id)]).to_string()).collect();
            expected.sort();
            some += usize::from(!expected.is_empty());
            let found = rows(table, &[key]);
            if found != expected {
                wrong.push(format!("{query}:\n  {key} {found:?}\n  instead of {expected:?}"));
            }
        }
    }
    assert!(some > 80, "{some} of {} find something", 2 * cases.len());
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn clusters_have_the_names_that_the_client_gives_them() {
    let golden = golden();
    let cases = golden["collapsed"].as_array().unwrap();
    let mut joined = 0;
    for case in cases {
        let query = &case["query"];
        let graph = graph(&golden["graphs"][case["graph"].as_u64().unwrap() as usize]);
        let report = answer(&graph, query).unwrap_or_else(|error| panic!("{query}: {error}"));
        for (table, columns, which) in [
            (&report.nodes, &["id", "node_final"][..], "nodes"),
            (&report.edges, &["row", "src_final", "dst_final"], "edges"),
        ] {
            // Ids are texts at the client.
            let text = |cell: &Value| match cell {
                Value::String(text) => text.clone(),
                cell => format!("{}", cell.as_f64().unwrap()),
            };
            let texts =
                |row: &Value| -> Vec<String> { row.as_array().unwrap().iter().map(text).collect() };
            let mut expected: Vec<_> = case[which].as_array().unwrap().iter().map(texts).collect();
            expected.sort();
            let found = rows(table, columns);
            let mut found: Vec<_> = found
                .iter()
                .map(|row| texts(&serde_json::from_str::<Value>(row).unwrap()))
                .collect();
            found.sort();
            joined += found.iter().flatten().filter(|cell| cell.contains(' ')).count();
            assert_eq!(found, expected, "{query}");
        }
    }
    assert!(cases.len() > 40 && joined > 40, "{joined} of {}", cases.len());
    let graph = graph(&golden["graphs"][1]);
    let ask = |node: &str, column: &str| {
        let params = json!({"node": node, "attribute": "x", "column": column});
        let query = json!([{"type": "Call", "function": "collapse", "params": params}]);
        answer(&graph, &query).unwrap_err().to_string()
    };
    assert!(ask("nobody", "kind").contains("`nobody` is not the id of a node"));
    let first = golden["graphs"][1]["nodes"]["id"][0].to_string().replace('"', "");
    assert!(ask(&first, "kin").contains("did you mean `kind`?"));
    assert!(ask(&first, "size").contains("`size` is of type int64"));
}

#[test]
fn unlimited_walks_from_all_nodes_are_found_without_listing_them() {
    // There are more walks than atoms: every node has two ways on, for 500 steps.
    let n = 500_i64;
    let ids = |ids: Vec<i64>| -> ArrayRef { Arc::new(Int64Array::from(ids)) };
    let twice = |from: i64| (0..n - 1).flat_map(|u| [u + from, u + from]).collect::<Vec<_>>();
    let edges =
        RecordBatch::try_from_iter([("src", ids(twice(0))), ("dst", ids(twice(1)))]).unwrap();
    let options = ReadOptions {
        source: Some("src".into()),
        target: Some("dst".into()),
        directed: Some(true),
        ..ReadOptions::default()
    };
    let graph = Graph::from_batches([edges], None, &options).unwrap();
    let query = json!({"type": "Chain", "where": [{"lt": {"left": "a.id", "right": "b.id"}}], "chain": [
        {"type": "Node", "name": "a", "filter_dict": {"id": {"type": "LT", "val": 10}}},
        {"type": "Edge", "direction": "forward", "to_fixed_point": true, "hops": null},
        {"type": "Node", "name": "b", "filter_dict": {"id": {"type": "LT", "val": 400}}},
    ]});
    let report = answer(&graph, &query).unwrap();
    assert_eq!((report.nodes.num_rows(), report.edges.num_rows()), (400, 2 * 399));
}

#[test]
fn what_is_no_pattern_is_said() {
    let golden = golden();
    let graph = graph(&golden["graphs"][0]);
    let node = |name: &str| json!({"type": "Node", "name": name});
    let edge = json!({"type": "Edge", "direction": "forward", "hops": 2, "name": "e"});
    let rows =
        |ops: Value| json!([{"type": "Call", "function": "rows", "params": {"binding_ops": ops}}]);
    let apply =
        |params: Value| json!([{"type": "Call", "function": "join_apply", "params": params}]);
    for (query, said) in [
        (rows(json!([])), "$[0].params.binding_ops: a row for each path of no steps"),
        (rows(json!([node("a"), edge])), "from a node step over edge and node steps"),
        (
            rows(json!([node("a"), edge, node("b")])),
            "$[0].params.binding_ops[1]: a name for several",
        ),
        (rows(json!([node("a"), node("a")])), "`a`, the name of two steps, is not distinct"),
        (rows(json!([{"type": "Call"}])), "there is no type of step `Call`"),
        (
            json!([{"type": "Call", "function": "rows", "params": {"alias_endpoints": {"a": "sr"}}}]),
            "there is no end `sr`; did you mean `src`?",
        ),
        (
            apply(json!({"binding_ops": [node("b")], "join_aliases": ["a"]})),
            "`a` is not a step of the pattern that the rows know, too",
        ),
        (
            apply(json!({"binding_ops": [node("b")], "join_aliases": ["b"], "how": "outer"})),
            "there is no kind of join `outer`",
        ),
    ] {
        let error = answer(&graph, &query).unwrap_err().to_string();
        assert!(error.contains(said), "{error}");
    }
}
