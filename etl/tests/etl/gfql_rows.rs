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
    weighted(golden, None)
}

/// The graph with weights by a column.
fn weighted(golden: &Value, weight: Option<&str>) -> Graph {
    let options = ReadOptions {
        source: Some("src".into()),
        target: Some("dst".into()),
        id: Some("id".into()),
        weight: weight.map(Into::into),
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

/// A query of one algorithm.
#[cfg(feature = "serde")]
fn algorithm(function: &str, params: &Value) -> Value {
    serde_json::json!([{"type": "Call", "function": function, "params": params}])
}

#[cfg(feature = "serde")]
#[test]
fn algorithms_are_checked_when_queries_are_read() {
    let wrong = |function: &str, params: Value| {
        let query = algorithm(function, &params).to_string();
        Gfql::parse(&query, &Limits::default()).unwrap_err().to_string()
    };
    for (function, params, said) in [
        (
            "compute_igraph",
            serde_json::json!({"alg": "gomory_hu_tree"}),
            "$[0].params.alg: `gomory_hu_tree` cannot be computed: there are `articulation_points`",
        ),
        (
            "compute_cugraph",
            serde_json::json!({"alg": "pagerang"}),
            "$[0].params.alg: `pagerang` cannot be computed: did you mean `pagerank`?",
        ),
        ("compute_igraph", serde_json::json!({"alg": "k_core"}), "`coreness` has the numbers"),
        (
            "compute_cugraph",
            serde_json::json!({"alg": "pagerank", "params": {"alpa": 0.5}}),
            "$[0].params.params.alpa: `pagerank` cannot be computed: there is no option `alpa`; did you mean `alpha`?",
        ),
        (
            "compute_cugraph",
            serde_json::json!({"alg": "pagerank", "params": {"max_iter": 9, "alpha": 1.5}}),
            "$[0].params.params.alpha: `pagerank` cannot be computed: damping is 1.5",
        ),
        (
            "compute_cugraph",
            serde_json::json!({"alg": "louvain", "params": {"resolution": -1}}),
            "$[0].params.params.resolution: ",
        ),
        (
            "compute_cugraph",
            serde_json::json!({"alg": "betweenness_centrality", "params": {"k": "all"}}),
            "$[0].params.params.k: ",
        ),
        (
            "compute_igraph",
            serde_json::json!({"alg": "community_leiden", "params": {"objective_function": "CPM"}}),
            "$[0].params.params.objective_function: ",
        ),
        (
            "compute_igraph",
            serde_json::json!({"alg": "clusters", "params": {"mode": "week"}}),
            "`week` is neither weak nor strong",
        ),
        (
            "compute_cugraph",
            serde_json::json!({"alg": "bfs"}),
            "$[0].params: `bfs` cannot be computed: option `sources`",
        ),
        (
            "compute_cugraph",
            serde_json::json!({"alg": "bfs", "params": {}}),
            "$[0].params.params: `bfs` cannot be computed: option `sources`",
        ),
        (
            "compute_cugraph",
            serde_json::json!({"alg": "jaccard", "params": {"use_weights": true}}),
            "$[0].params.params.use_weights: `jaccard` cannot be computed: there is no option `use_weights`; did you mean `use_weight`?",
        ),
        (
            "compute_cugraph",
            serde_json::json!({"alg": "jaccard", "params": {"use_weight": 1}}),
            "it should be true or false",
        ),
        (
            "compute_cugraph",
            serde_json::json!({"alg": "overlap", "params": {"vertex_pair": [[1, 2]]}}),
            "the pairs are the ends of the edges",
        ),
        (
            "compute_cugraph",
            serde_json::json!({"alg": "k_core", "params": {"k": -1}}),
            "$[0].params.params.k: ",
        ),
        (
            "compute_cugraph",
            serde_json::json!({"alg": "k_core", "params": {"degree_type": "both"}}),
            "$[0].params.params.degree_type: ",
        ),
        (
            "compute_cugraph",
            serde_json::json!({"alg": "k_core", "out_col": "core"}),
            "$[0].params.out_col: ",
        ),
        (
            "compute_cugraph",
            serde_json::json!({"alg": "minimum_spanning_tree", "out_col": "t"}),
            "$[0].params.out_col: ",
        ),
    ] {
        let error = wrong(function, params);
        assert!(error.contains(said), "{error}, not {said}");
    }
    // Nodes are looked for once there is a graph.
    let query =
        algorithm("compute_cugraph", &serde_json::json!({"alg": "bfs", "params": {"start": 99}}));
    let error = answer(&graph(&golden()), &query).unwrap_err().to_string();
    assert!(error.contains("there is no node `99`"), "{error}");
}

/// The column `name` of the edges, in the order of the edges.
#[cfg(feature = "serde")]
fn of_edges(report: &GfqlReport, name: &str) -> Vec<Option<f64>> {
    rows(&report.edges).iter().map(|row| row[name].as_f64()).collect()
}

#[cfg(feature = "serde")]
#[test]
fn similarities_of_cugraph_are_columns_of_edges() {
    let golden = golden();
    let (plain, graph) = (graph(&golden), weighted(&golden, Some("amount")));
    for case in golden["similarities"].as_array().unwrap() {
        let (alg, column) = (case["alg"].as_str().unwrap(), case["column"].as_str().unwrap());
        let expected: Vec<Option<f64>> =
            case["edges"].as_array().unwrap().iter().map(Value::as_f64).collect();
        let asked = |graph: &Graph, column: Option<&str>, params: Value| {
            let params = serde_json::json!({"alg": alg, "out_col": column, "params": params});
            answer(graph, &algorithm("compute_cugraph", &params))
        };
        let near = |found: Vec<Option<f64>>| {
            assert_eq!(found.len(), expected.len(), "{alg}");
            for (found, expected) in found.iter().zip(&expected) {
                let is_near = match (found, expected) {
                    (Some(a), Some(b)) => (a - b).abs() <= 1e-12,
                    (a, b) => a == b,
                };
                assert!(is_near, "{alg}: {found:?} instead of {expected:?}");
            }
        };
        near(of_edges(&asked(&graph, None, serde_json::json!({})).unwrap(), column));
        let is_weighted = alg.ends_with("_w");
        let plainly = serde_json::json!({"use_weight": is_weighted, "do_expensive_check": true});
        near(of_edges(&asked(&graph, Some("alike"), plainly).unwrap(), "alike"));
        let error = asked(&plain, None, serde_json::json!({"use_weight": true})).unwrap_err();
        assert!(error.to_string().ends_with("the edges have no weights"), "{error}");
        let error = asked(&graph, Some("dst"), serde_json::json!({})).unwrap_err().to_string();
        assert!(error.contains("`dst`, a column of ids"), "{error}");
    }
    // Edges that the query has left count alone.
    let steps = serde_json::json!([
        {"type": "Call", "function": "filter_edges_by_dict", "params": {"filter_dict": {"row": [0, 6]}}},
        {"type": "Call", "function": "compute_cugraph", "params": {"alg": "jaccard"}},
    ]);
    let report = answer(&plain, &steps).unwrap();
    assert_eq!(of_edges(&report, "jaccard_coeff"), [None, None]);
}

#[cfg(feature = "serde")]
#[test]
fn edges_of_cores_stay_and_nodes_too() {
    let golden = golden();
    let graph = graph(&golden);
    for case in golden["cores"].as_array().unwrap() {
        let params = serde_json::json!({"alg": "k_core", "params": {"k": case["k"], "degree_type": "outgoing"}});
        let report = answer(&graph, &algorithm("compute_cugraph", &params)).unwrap();
        let found: Vec<Value> = rows(&report.edges)
            .into_iter()
            .map(|row| serde_json::json!([row["src"], row["dst"]]))
            .collect();
        assert_eq!(Value::from(found), case["edges"], "{}", case["k"]);
        assert_eq!(report.nodes.num_rows(), graph.n_nodes());
    }
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
    // cuGraph's own name, which the client leaves.
    let alg = serde_json::json!({"alg": "edge_betweenness_centrality"});
    let report = answer(&graph, &algorithm("compute_cugraph", &alg)).unwrap();
    assert!(report.edges.column_by_name("betweenness_centrality").is_some());
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
fn what_is_seen_is_of_columns_that_are_there() {
    let golden = golden();
    let graph = graph(&golden);
    let asked = |function: &str, column: &str| {
        let params = serde_json::json!({"column": column});
        let degrees = serde_json::json!({"type": "Call", "function": "get_degrees", "params": {"col": "all"}});
        let seen = serde_json::json!({"type": "Call", "function": function, "params": params});
        answer(&graph, &serde_json::json!([degrees, seen])).map(|found| found.encodings.len())
    };
    let [source, _] = graph.end_names();
    for (function, column) in [
        ("encode_point_size", "kind"),
        // A call before has made it.
        ("encode_point_size", "all"),
        ("encode_edge_color", source),
    ] {
        assert_eq!(asked(function, column).unwrap(), 1, "{function} {column}");
    }
    for (function, column, said) in [
        ("encode_point_label", "knd", "$[1]: there is no column `knd`; did you mean `kind`?"),
        ("encode_edge_size", "kind", "$[1]: there is no column `kind`"),
    ] {
        let error = asked(function, column).unwrap_err().to_string();
        assert!(error.starts_with(said), "{error}");
    }
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
