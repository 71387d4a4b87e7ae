//! Calls on rows, and algorithms, answered as the client of Graphistry answers them.
//!
//! The answers in `golden/gfql_rows.json` were made by `golden/gfql_rows.py`.

#![expect(clippy::unwrap_used, reason = "a panic fails the test, as it should")]

use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, Float64Array, Int64Array, RecordBatch, StringArray};
use arrow::json::writer::{JsonArray, WriterBuilder};
use graph_core::{Graph, IdOrder, ReadOptions};
use graph_etl::Control;
use graph_etl::gfql::{Absent, Gfql, GfqlReport, Limits};
use serde_json::{Map, Value};

fn golden() -> Value {
    serde_json::from_str(include_str!("../golden/gfql_rows.json")).unwrap()
}

fn batch(table: &Value) -> RecordBatch {
    let column = |values: &Vec<Value>| -> ArrayRef {
        match values.iter().find(|value| !value.is_null()).unwrap() {
            Value::String(_) => Arc::new(values.iter().map(Value::as_str).collect::<StringArray>()),
            Value::Bool(_) => Arc::new(values.iter().map(Value::as_bool).collect::<BooleanArray>()),
            Value::Number(number) if number.is_f64() => {
                Arc::new(values.iter().map(Value::as_f64).collect::<Float64Array>())
            }
            _ => Arc::new(values.iter().map(Value::as_i64).collect::<Int64Array>()),
        }
    };
    let columns = table.as_object().unwrap().iter();
    let columns = columns.map(|(name, values)| (name, column(values.as_array().unwrap()), true));
    RecordBatch::try_from_iter_with_nullable(columns).unwrap()
}

fn graph(golden: &Value) -> Graph {
    let options = ReadOptions {
        source: Some("src".into()),
        target: Some("dst".into()),
        id: Some("id".into()),
        directed: Some(true),
        order: IdOrder::Sorted,
        ..ReadOptions::default()
    };
    let (nodes, edges) = (batch(&golden["graph"]["nodes"]), batch(&golden["graph"]["edges"]));
    Graph::from_batches([edges], Some(nodes), &options).unwrap()
}

fn answer(graph: &Graph, query: &Value) -> Result<GfqlReport, graph_etl::Error> {
    Gfql::parse(&query.to_string(), &Limits::default())?.run(graph, Absent::Refuse, &Control::NONE)
}

/// Rows with all their cells, nulls included, in their order.
fn rows(table: &RecordBatch) -> Vec<Map<String, Value>> {
    let mut out = Vec::new();
    let builder = WriterBuilder::new().with_explicit_nulls(true);
    let mut writer = builder.build::<_, JsonArray>(&mut out);
    writer.write(table).unwrap();
    writer.finish().unwrap();
    if out.is_empty() { Vec::new() } else { serde_json::from_slice(&out).unwrap() }
}

fn is_same(found: &Value, expected: &Value) -> bool {
    match (found, expected) {
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| is_same(a, b))
        }
        // A whole number may be of floats at one of them.
        (Value::Number(a), Value::Number(b)) => {
            let (a, b) = (a.as_f64().unwrap(), b.as_f64().unwrap());
            (a - b).abs() <= 1e-9 * b.abs().max(1.0)
        }
        (a, b) => a == b,
    }
}

#[test]
fn rows_are_those_of_the_client() {
    let golden = golden();
    let graph = graph(&golden);
    let mut wrong = Vec::new();
    let cases = golden["rows"].as_array().unwrap();
    for case in cases {
        let query = &case["query"];
        let table = match answer(&graph, query) {
            Ok(report) => report.nodes,
            Err(error) => {
                wrong.push(format!("{query}: {error}"));
                continue;
            }
        };
        let expected = case["nodes"].as_object().unwrap();
        let schema = table.schema();
        let mut names: Vec<&String> = schema.fields().iter().map(|field| field.name()).collect();
        let mut wanted: Vec<&String> = expected.keys().collect();
        names.sort();
        wanted.sort();
        if names != wanted {
            wrong.push(format!("{query}: columns {names:?} instead of {wanted:?}"));
            continue;
        }
        for (name, values) in expected {
            let found: Vec<Value> = rows(&table).into_iter().map(|row| row[name].clone()).collect();
            if !is_same(&found.clone().into(), values) {
                wrong.push(format!("{query}: {name} is {found:?} instead of {values}"));
            }
        }
    }
    assert!(cases.len() > 40);
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn only_what_is_on_a_path_that_meets_all_conditions_is_found() {
    let golden = golden();
    let graph = graph(&golden);
    for case in golden["paths"].as_array().unwrap() {
        let query = &case["query"];
        let report = answer(&graph, query).unwrap_or_else(|error| panic!("{query}: {error}"));
        for (table, key) in [(&report.nodes, "id"), (&report.edges, "row")] {
            let mut found: Vec<i64> =
                rows(table).iter().map(|row| row[key].as_i64().unwrap()).collect();
            found.sort_unstable();
            let which = if key == "id" { "nodes" } else { "edges" };
            assert_eq!(serde_json::json!(found), case[which], "{query}");
        }
    }
    let wrong = |condition: Value, hops: u32| {
        let query = serde_json::json!({"type": "Chain", "where": [condition], "chain": [
            {"type": "Node", "name": "a"},
            {"type": "Edge", "direction": "forward", "hops": hops, "name": "e"},
            {"type": "Node", "name": "b"},
        ]});
        answer(&graph, &query).unwrap_err().to_string()
    };
    let condition = |op: &str, left: &str, right: &str| {
        let sides = serde_json::json!({"left": left, "right": right});
        Value::Object(Map::from_iter([(op.to_owned(), sides)]))
    };
    for (condition, hops, said) in [
        (condition("eq", "a.kind", "c.kind"), 1, "$.where[0]: there is no step `c`"),
        (condition("eq", "a.kid", "b.kind"), 1, "did you mean `kind`?"),
        (condition("eq", "a.kind", "b.size"), 1, "a comparison of Utf8 with Int64"),
        (condition("equal", "a.kind", "b.kind"), 1, "did you mean"),
        (condition("eq", "kind", "b.kind"), 1, "the name of a step"),
        (condition("eq", "a.kind", "e.row"), 2, "a comparison with an edge step of several hops"),
    ] {
        let error = wrong(condition, hops);
        assert!(error.contains(said), "{error}");
    }
}

/// Groups numbered by first appearance.
#[cfg(feature = "serde")]
fn renumbered(groups: &[Value]) -> Vec<usize> {
    let mut known: Vec<&Value> = Vec::new();
    groups
        .iter()
        .map(|group| {
            known.iter().position(|old| *old == group).unwrap_or_else(|| {
                known.push(group);
                known.len() - 1
            })
        })
        .collect()
}

#[cfg(feature = "serde")]
#[test]
fn algorithms_of_igraph_measure_the_same() {
    let golden = golden();
    let graph = graph(&golden);
    for case in golden["algorithms"].as_array().unwrap() {
        let query = &case["query"];
        let report = answer(&graph, query).unwrap_or_else(|error| panic!("{query}: {error}"));
        let algorithm = query[0]["params"]["alg"].as_str().unwrap();
        let edges = case["edges"].as_array().unwrap();
        assert_eq!(report.edges.num_rows(), edges.len(), "{query}");
        let Some(expected) = case["nodes"]["out"].as_array() else {
            assert_eq!(algorithm, "spanning_tree");
            continue;
        };
        let ids = case["nodes"]["id"].as_array().unwrap();
        let found: Vec<Value> = rows(&report.nodes)
            .into_iter()
            .filter(|row| ids.contains(&row["id"]))
            .map(|row| row["out"].clone())
            .collect();
        if algorithm == "clusters" {
            assert_eq!(renumbered(&found), renumbered(expected), "{query}");
            continue;
        }
        assert_eq!(found.len(), expected.len(), "{query}");
        for ((id, found), expected) in ids.iter().zip(&found).zip(expected) {
            // igraph stops some iterations earlier.
            let is_near = match (found.as_f64(), expected.as_f64()) {
                (Some(a), Some(b)) => (a - b).abs() <= 1e-4 * b.abs().max(1e-2),
                (a, b) => a.is_none() && b.is_none(),
            };
            assert!(is_near, "{query}: node {id} has {found} instead of {expected}");
        }
    }
}

#[cfg(feature = "serde")]
#[test]
fn algorithms_that_are_not_there_are_refused_with_those_that_are() {
    let golden = golden();
    let graph = graph(&golden);
    let asked = |function: &str, alg: &str, params: Value| {
        let query = serde_json::json!([{"type": "Call", "function": function,
            "params": {"alg": alg, "params": params}}]);
        answer(&graph, &query).unwrap_err().to_string()
    };
    let none = || Value::Object(Map::new());
    let error = asked("compute_igraph", "gomory_hu_tree", none());
    assert!(error.contains("`pagerank`") && error.contains("$[0]"), "{error}");
    let error = asked("compute_cugraph", "pagerang", none());
    assert!(error.contains("did you mean `pagerank`?"), "{error}");
    let error = asked("compute_cugraph", "pagerank", serde_json::json!({"alpa": 0.5}));
    assert!(error.contains("there is no option `alpa`"), "{error}");
    let error = asked(
        "compute_igraph",
        "community_leiden",
        serde_json::json!({"objective_function": "CPM"}),
    );
    assert!(error.contains("modularity"), "{error}");
    let error = asked("compute_cugraph", "bfs", none());
    assert!(error.contains("sources"), "{error}");
}

#[cfg(feature = "serde")]
#[test]
fn algorithms_of_cugraph_have_their_names_and_columns() {
    let golden = golden();
    let graph = graph(&golden);
    for (alg, params, columns) in [
        (
            "pagerank",
            serde_json::json!({"alpha": 0.9, "max_iter": 50, "tol": 1e-8}),
            &["pagerank"][..],
        ),
        ("hits", serde_json::json!({}), &["hits", "authorities"]),
        ("bfs", serde_json::json!({"start": 0}), &["bfs", "predecessor"]),
        ("louvain", serde_json::json!({"resolution": 1.0}), &["louvain"]),
        ("connected_components", serde_json::json!({}), &["connected_components"]),
        ("core_number", serde_json::json!({}), &["core_number"]),
        (
            "betweenness_centrality",
            serde_json::json!({"k": 5, "random_state": 1}),
            &["betweenness_centrality"],
        ),
    ] {
        let query = serde_json::json!([{"type": "Call", "function": "compute_cugraph",
            "params": {"alg": alg, "params": params}}]);
        let report = answer(&graph, &query).unwrap_or_else(|error| panic!("{query}: {error}"));
        for column in columns {
            let values = report.nodes.column_by_name(column);
            assert!(values.is_some_and(|values| values.len() == graph.n_nodes()), "{alg} {column}");
        }
    }
}

#[test]
fn events_become_a_graph_whose_rows_can_be_asked() {
    let golden = golden();
    let graph = graph(&golden);
    let query = serde_json::json!([
        {"type": "Call", "function": "hypergraph",
         "params": {"entity_types": ["kind", "good"], "direct": true}},
        {"type": "Node", "filter_dict": {"type": "kind"}, "name": "kinds"},
        {"type": "Edge", "direction": "forward", "hops": 1},
        {"type": "Node"},
        {"type": "Call", "function": "rows", "params": {"table": "edges"}},
        {"type": "Call", "function": "group_by",
         "params": {"keys": ["src", "dst"], "aggregations": [["n", "count"]]}},
    ]);
    let report = answer(&graph, &query).unwrap();
    // Every node of the graph was one event, which joins its kind and its goodness.
    let counts: i64 = rows(&report.nodes).iter().map(|row| row["n"].as_i64().unwrap()).sum();
    assert_eq!(counts, 16);
    assert_eq!(report.edges.num_rows(), 0);
}

#[test]
fn what_is_wrong_with_rows_is_said_with_its_place() {
    let golden = golden();
    let graph = graph(&golden);
    let wrong = |function: &str, params: Value| {
        let query = serde_json::json!([{"type": "Call", "function": function, "params": params}]);
        answer(&graph, &query).unwrap_err().to_string()
    };
    for (function, params, said) in [
        (
            "where_rows",
            serde_json::json!({"expr": "sise > 1"}),
            "$[0]: `sise > 1` cannot be evaluated: there is no column `sise`; did you mean `size`?",
        ),
        (
            "where_rows",
            serde_json::json!({"expr": "size"}),
            "$[0]: `size` cannot be evaluated: it is Int64, and no truth value",
        ),
        (
            "select",
            serde_json::json!({"items": [["x", "size / 0"]]}),
            "$[0]: `size / 0` cannot be evaluated: division by zero",
        ),
        ("select", serde_json::json!({"items": [["x", "kind < size"]]}), "cannot be compared"),
        ("order_by", serde_json::json!({"keys": [["sise", "asc"]]}), "did you mean `size`?"),
        (
            "group_by",
            serde_json::json!({"keys": ["knd"], "aggregations": [["n", "count"]]}),
            "$[0]: there is no column `knd`; did you mean `kind`?",
        ),
        (
            "group_by",
            serde_json::json!({"keys": ["kind"], "aggregations": [["n", "summ", "size"]]}),
            "did you mean `sum`?",
        ),
        (
            "group_by",
            serde_json::json!({"keys": ["good"], "aggregations": [["n", "sum", "kind"]]}),
            "only numbers have a sum",
        ),
        ("rows", serde_json::json!({"table": "node"}), "did you mean `nodes`?"),
        ("rows", serde_json::json!({"table": "nodes", "source": "a"}), "there is no step `a`"),
        ("rows", serde_json::json!({"binding_ops": []}), "a row for each path of no steps"),
        ("rows", serde_json::json!({"alias_prefilters": {}}), "which the client's planner writes"),
        ("limit", serde_json::json!({"value": -1}), "a number of rows"),
        ("umap", serde_json::json!({}), "$[0]: `umap` cannot be computed: `score` has no finite"),
    ] {
        let error = wrong(function, params);
        assert!(error.contains(said), "{error}");
    }
    let query = serde_json::json!([
        {"type": "Call", "function": "rows", "params": {"table": "nodes"}},
        {"type": "Node"},
    ]);
    let error = answer(&graph, &query).unwrap_err().to_string();
    assert!(error.starts_with("$[1]: a step or call on a graph behind rows"), "{error}");
}
