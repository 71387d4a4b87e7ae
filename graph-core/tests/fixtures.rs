//! Files written by others are read as meant, and ours are written so that others read them.
//!
//! `data/make_fixtures.py` made `networkx.*` and has read `written.*`.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, BooleanArray, Float64Array, Int64Array, RecordBatch, StringArray,
};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use graph_core::{Coo, Graph, ReadOptions, WriteOptions, read, write};

const IDS: [&str; 4] = ["a", "b <&>\"'", "ü😀", "hermit"];

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name)
}

/// The graph in `make_fixtures.py`.
fn expected() -> Graph {
    let text = |values: Vec<&str>| Arc::new(StringArray::from(values)) as ArrayRef;
    let float = |values: Vec<f64>| Arc::new(Float64Array::from(values)) as ArrayRef;
    let names = vec!["plain", "<tag> & \"quotes\"", "line\nbreak\ttab", "größer"];
    let nodes = RecordBatch::try_from_iter([
        ("id", text(IDS.to_vec())),
        ("rank", Arc::new(Int64Array::from(vec![1, -2, 3, 4])) as ArrayRef),
        ("score", float(vec![0.5, -1e300, 0.1, 2.0])),
        ("flag", Arc::new(BooleanArray::from(vec![true, false, true, false])) as ArrayRef),
        ("name", text(names)),
    ]);
    let weights = vec![1.5, 2.25, 3.0, 0.125];
    let edges = RecordBatch::try_from_iter([
        ("weight", float(weights.iter().map(|&weight| f64::from(weight)).collect())),
        ("kind", text(vec!["x", "y & z", "", "loop"])),
    ]);
    let coo = Coo::new(4, vec![0, 1, 2, 0], vec![1, 2, 0, 0], Some(weights)).unwrap();
    Graph::from_parts(nodes.unwrap(), edges.unwrap(), coo, true).unwrap()
}

/// `column` of the node called by each of [`IDS`], which column `key` holds.
fn by_id(graph: &Graph, key: &str, column: &str) -> ArrayRef {
    let keys = cast(graph.node_column(key).unwrap(), &DataType::Utf8).unwrap();
    let keys = keys.as_any().downcast_ref::<StringArray>().unwrap();
    let rows = IDS.map(|id| keys.iter().position(|key| key == Some(id)).unwrap() as u32);
    let rows = arrow::array::UInt32Array::from(rows.to_vec());
    arrow::compute::take(graph.node_column(column).unwrap(), &rows, None).unwrap()
}

/// Source, target and weight of every edge by the key of its ends, sorted.
fn edges(graph: &Graph, key: &str) -> Vec<(String, String, String)> {
    let keys = cast(graph.node_column(key).unwrap(), &DataType::Utf8).unwrap();
    let keys = keys.as_any().downcast_ref::<StringArray>().unwrap();
    let coo = graph.coo();
    let weights = coo.weights().unwrap();
    let mut edges: Vec<_> = (0..coo.n_edges())
        .map(|e| {
            let end = |u: u32| keys.value(u as usize).to_owned();
            (end(coo.sources()[e]), end(coo.targets()[e]), weights[e].to_string())
        })
        .collect();
    edges.sort_unstable();
    edges
}

fn read_fixture(name: &str) -> Graph {
    read(data(name), &ReadOptions::default()).unwrap().0
}

#[test]
fn files_of_networkx_are_read_with_types_and_values() {
    let expected = expected();
    for (name, key) in
        [("networkx.graphml", "id"), ("networkx.json", "id"), ("networkx.gml", "key")]
    {
        let graph = read_fixture(name);
        assert!(graph.is_directed(), "{name}");
        assert_eq!(edges(&graph, key), edges(&expected, "id"), "{name}");
        for column in ["rank", "score", "flag", "name"] {
            let mut wanted = expected.node_column(column).unwrap().clone();
            if name.ends_with("gml") && column == "flag" {
                wanted = cast(&wanted, &DataType::Int64).unwrap();
            }
            assert_eq!(&by_id(&graph, key, column), &wanted, "{name}: {column}");
        }
    }
}

#[test]
fn gexf_of_networkx_has_looks() {
    let graph = read_fixture("networkx.gexf");
    assert!(!graph.is_directed());
    assert_eq!((graph.n_nodes(), graph.n_edges()), (4, 4));
    let x = by_id(&graph, "id", "x");
    assert_eq!(x.as_ref(), &Float64Array::from(vec![0.0, 1.0, 2.0, 3.0]) as &dyn Array);
    let size = by_id(&graph, "id", "size");
    assert_eq!(size.as_ref(), &Float64Array::from(vec![1.0, 2.0, 3.0, 4.0]) as &dyn Array);
    let colors = StringArray::from(vec!["#00ff00", "#0aff00", "#14ff00", "#1eff00"]);
    assert_eq!(by_id(&graph, "id", "color").as_ref(), &colors as &dyn Array);
    assert_eq!(&by_id(&graph, "id", "name"), expected().node_column("name").unwrap());
    let mut weights = graph.coo().weights().unwrap().to_vec();
    weights.sort_by(f32::total_cmp);
    assert_eq!(weights, [0.125, 1.5, 2.25, 3.0]);
}

#[test]
fn matrices_of_scipy_are_read() {
    let graph = read_fixture("networkx.mtx");
    assert_eq!((graph.n_nodes(), graph.is_directed()), (4, true));
    assert_eq!(graph.out_edges(), expected().out_edges());
    let graph = read_fixture("symmetric.mtx");
    assert_eq!((graph.n_nodes(), graph.n_edges(), graph.is_directed()), (4, 4, false));
    assert_eq!(graph.coo().weights(), None);
    assert_eq!(graph.out_edges().neighbors(0), [0, 1, 2]);
}

/// The committed files are what is written now; NetworkX has read those.
#[test]
fn files_that_networkx_has_read_are_still_written() {
    let float = |values: [f64; 4]| Arc::new(Float64Array::from(values.to_vec())) as ArrayRef;
    let colors = StringArray::from(vec!["#00ff00", "#0aff00", "#14ff00", "#1eff00"]);
    let looks = expected()
        .with_node_columns([
            ("x".to_owned(), float([0.0, 1.0, 2.0, 3.0])),
            ("y".to_owned(), float([0.0, -0.5, -1.0, -1.5])),
            ("size".to_owned(), float([1.0, 2.0, 3.0, 4.0])),
            ("color".to_owned(), Arc::new(colors) as ArrayRef),
        ])
        .unwrap();
    let folder = tempfile::tempdir().unwrap();
    for name in ["written.graphml", "written.gexf", "written.gml", "written.json", "written.mtx"] {
        let path = folder.path().join(name);
        let graph = if name.ends_with("gexf") { &looks } else { &expected() };
        write(graph, &path, &WriteOptions::default()).unwrap();
        let written = std::fs::read_to_string(&path).unwrap();
        let committed = std::fs::read_to_string(data(name)).unwrap_or_default();
        assert!(
            written == committed,
            "{name} is no longer what NetworkX has read; look at it, then put it into tests/data \
             and run make_fixtures.py check:\n{written}"
        );
    }
}
