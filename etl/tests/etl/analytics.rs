//! Measures by name against networkx, on real graphs and on one with directions and weights.
//!
//! `golden/analytics.py` wrote what networkx says.

#![cfg(feature = "serde")]
#![expect(clippy::unwrap_used, reason = "a panic fails the test, as it should")]

use std::fs;
use std::path::Path;

use arrow::array::{Array, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type};
use graph_core::{Coo, Graph};
use graph_etl::Control;
use graph_etl::analytics::measures;
use serde_json::Value;

fn graphs() -> Vec<Value> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let text = fs::read_to_string(folder.join("analytics.json")).unwrap();
    let golden: Value = serde_json::from_str(&text).unwrap();
    golden["graphs"].as_array().unwrap().clone()
}

/// The graph of an entry: its own edges, or those of the file of its name.
fn graph(entry: &Value) -> Graph {
    let name = entry["name"].as_str().unwrap();
    let edges: Vec<(u32, u32, f32)> = match entry["edges"].as_array() {
        Some(edges) => edges
            .iter()
            .map(|edge| {
                let end = |at: usize| edge[at].as_u64().unwrap() as u32;
                (end(0), end(1), edge[2].as_f64().unwrap() as f32)
            })
            .collect(),
        None => {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/data/graphs");
            let text = fs::read_to_string(folder.join(format!("{name}.csv"))).unwrap();
            text.lines()
                .skip(1)
                .map(|line| {
                    let (u, v) = line.split_once(',').unwrap();
                    (u.parse().unwrap(), v.parse().unwrap(), 1.0)
                })
                .collect()
        }
    };
    let n = edges.iter().map(|edge| edge.0.max(edge.1)).max().unwrap() as usize + 1;
    let weights = entry["edges"].is_array().then(|| edges.iter().map(|edge| edge.2).collect());
    let (sources, targets) = edges.iter().map(|edge| (edge.0, edge.1)).unzip();
    let coo = Coo::new(n, sources, targets, weights).unwrap();
    Graph::from_coo(coo, entry["directed"].as_bool().unwrap())
}

fn is_near(found: Option<f64>, expected: Option<f64>) -> bool {
    match (found, expected) {
        (Some(found), Some(expected)) => {
            (found - expected).abs() <= 1e-9 * expected.abs().max(1e-2)
        }
        (found, expected) => found == expected,
    }
}

#[test]
fn columns_agree_with_networkx() {
    let mut compared = 0;
    for entry in graphs() {
        let graph = graph(&entry);
        let nodes: Vec<usize> = entry["nodes"]
            .as_array()
            .unwrap()
            .iter()
            .map(|u| u.as_u64().unwrap() as usize)
            .collect();
        for case in entry["columns"].as_array().unwrap() {
            let (name, column) = (case[0].as_str().unwrap(), case[2].as_str().unwrap());
            let found = measures::run(&graph, name, &case[1], &Control::NONE).unwrap();
            let (_, values) = found.nodes.iter().find(|(name, _)| name == column).unwrap();
            let values = cast(values, &DataType::Float64).unwrap();
            let values = values.as_primitive::<Float64Type>();
            for (&u, expected) in nodes.iter().zip(case[3].as_array().unwrap()) {
                let found = values.is_valid(u).then(|| values.value(u));
                assert!(
                    is_near(found, expected.as_f64()),
                    "{} of node {u} of {}, {}: {found:?}, networkx {expected}",
                    column,
                    entry["name"],
                    case[1],
                );
                compared += 1;
            }
        }
    }
    assert!(compared > 2000, "{compared}");
}

#[test]
fn numbers_of_whole_graphs_agree_with_networkx() {
    let mut compared = 0;
    for entry in graphs() {
        let graph = graph(&entry);
        for case in entry["summaries"].as_array().unwrap() {
            let (name, key) = (case[0].as_str().unwrap(), case[1].as_str().unwrap());
            let found = measures::run(&graph, name, &Value::Null, &Control::NONE).unwrap();
            let (found, expected) = (found.summary[key].as_f64(), case[2].as_f64());
            assert!(is_near(found, expected), "{key} of {}: {found:?} {expected:?}", entry["name"]);
            compared += 1;
        }
    }
    assert!(compared > 40, "{compared}");
}
