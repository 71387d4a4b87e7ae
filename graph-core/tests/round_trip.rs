//! What is written is read back: random graphs through every format that is written.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, BooleanArray, Float32Array, Float64Array, Int64Array, RecordBatch,
    RecordBatchOptions, StringArray,
};
use arrow::datatypes::{DataType, Field, Schema};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use graph_core::generate::star;
use graph_core::{
    Compression, Control, Coo, Format, Graph, ReadOptions, WriteOptions, read, read_table, write,
    write_batches, write_table, write_to,
};
use proptest::prelude::*;

/// The parts of a random graph.
#[derive(Debug, Clone)]
struct Parts {
    ids: Ids,
    ends: Vec<(usize, usize)>,
    weights: Option<Vec<f32>>,
    directed: bool,
    node_cells: Vec<Row>,
    edge_cells: Vec<Row>,
}

#[derive(Debug, Clone)]
enum Ids {
    Ints(Vec<i64>),
    Texts(Vec<String>),
}

type Row = (Option<i64>, Option<f64>, Option<bool>, Option<String>);

/// Text that every format must quote, escape or leave alone. XML cannot hold other control
/// characters, so they have a test of their own.
fn text() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "a", "é", "😀", "\"", "'", "<", ">", "&", "&amp;", ",", ";", "\t", "\n", "\r\n", " ", "#",
        "%", "\\", "[", "]", "{", "}", "null", "1", "-", "]]>", "\u{2028}", "\u{7f}", "\u{feff}",
    ]);
    // A letter at the end keeps a column of text from looking like numbers in formats without
    // types.
    prop::collection::vec(piece, 0..5).prop_map(|pieces| pieces.concat() + "z")
}

fn row() -> impl Strategy<Value = Row> {
    let float = prop::num::f64::NORMAL | prop::num::f64::ZERO | prop::num::f64::SUBNORMAL;
    (any::<Option<i64>>(), prop::option::of(float), any::<Option<bool>>(), prop::option::of(text()))
}

fn parts() -> impl Strategy<Value = Parts> {
    (1..8_usize, 1..12_usize).prop_flat_map(|(n, m)| {
        let ints = prop::collection::btree_set(any::<i64>(), n..=n)
            .prop_map(|ids| Ids::Ints(ids.into_iter().collect()));
        let texts = prop::collection::btree_set(text(), n..=n)
            .prop_map(|ids| Ids::Texts(ids.into_iter().collect()));
        let weight = (0..64_u8).prop_map(|quarters| f32::from(quarters) / 4.0);
        (
            prop_oneof![ints, texts],
            prop::collection::vec((0..n, 0..n), m..=m),
            prop::option::of(prop::collection::vec(weight, m..=m)),
            any::<bool>(),
            prop::collection::vec(row(), n..=n),
            prop::collection::vec(row(), m..=m),
        )
            .prop_map(|(ids, ends, weights, directed, node_cells, edge_cells)| Parts {
                ids,
                ends,
                weights,
                directed,
                node_cells,
                edge_cells,
            })
    })
}

fn columns(prefix: &str, rows: &[Row]) -> Vec<(String, ArrayRef)> {
    let int: Int64Array = rows.iter().map(|row| row.0).collect();
    let float: Float64Array = rows.iter().map(|row| row.1).collect();
    let bool: BooleanArray = rows.iter().map(|row| row.2).collect();
    let text: StringArray = rows.iter().map(|row| row.3.clone()).collect();
    let arrays: [(&str, ArrayRef); 4] = [
        ("int", Arc::new(int)),
        ("float", Arc::new(float)),
        ("bool", Arc::new(bool)),
        ("text", Arc::new(text)),
    ];
    arrays.map(|(name, array)| (format!("{prefix} {name}"), array)).into()
}

fn batch(columns: Vec<(String, ArrayRef)>, rows: usize) -> RecordBatch {
    let fields: Vec<Field> = columns
        .iter()
        .map(|(name, array)| Field::new(name, array.data_type().clone(), true))
        .collect();
    let arrays = columns.into_iter().map(|(_, array)| array).collect();
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), arrays, &options).unwrap()
}

fn graph(parts: &Parts) -> Graph {
    let ids: ArrayRef = match &parts.ids {
        Ids::Ints(ids) => Arc::new(Int64Array::from(ids.clone())),
        Ids::Texts(ids) => Arc::new(StringArray::from(ids.clone())),
    };
    let n = ids.len();
    let mut nodes = vec![("id".to_owned(), ids)];
    nodes.extend(columns("node", &parts.node_cells));
    let coo = Coo::new(
        n,
        parts.ends.iter().map(|&(u, _)| u as u32).collect(),
        parts.ends.iter().map(|&(_, v)| v as u32).collect(),
        parts.weights.clone(),
    );
    let edges = batch(columns("edge", &parts.edge_cells), parts.ends.len());
    Graph::from_parts(batch(nodes, n), edges, coo.unwrap(), parts.directed).unwrap()
}

/// Cells that have a value, by column.
type Cells = BTreeMap<String, String>;

fn cells(table: &RecordBatch, skip: usize, row: usize) -> Cells {
    let options = FormatOptions::new();
    let mut cells = Cells::new();
    for (field, array) in table.schema().fields().iter().zip(table.columns()).skip(skip) {
        if array.is_valid(row) {
            let formatter = ArrayFormatter::try_new(array, &options).unwrap();
            cells.insert(field.name().clone(), formatter.value(row).to_string());
        }
    }
    cells
}

/// A graph as formats agree on it: node rows by id, edge rows in order, weights, direction.
#[derive(Debug, PartialEq)]
struct Meaning {
    directed: bool,
    nodes: BTreeMap<String, Cells>,
    edges: Vec<(String, String, Cells)>,
    weights: Option<Vec<f32>>,
}

fn meaning(graph: &Graph) -> Meaning {
    let options = FormatOptions::new();
    let ids = ArrayFormatter::try_new(graph.ids(), &options).unwrap();
    let id = |u: u32| ids.value(u as usize).to_string();
    let nodes =
        (0..graph.n_nodes() as u32).map(|u| (id(u), cells(graph.nodes(), 1, u as usize))).collect();
    let coo = graph.coo();
    let edges = coo.sources().iter().zip(coo.targets()).enumerate().map(|(edge, (&u, &v))| {
        let mut cells = cells(graph.edges(), 0, edge);
        cells.remove("weight");
        (id(u), id(v), cells)
    });
    Meaning {
        directed: graph.is_directed(),
        nodes,
        edges: edges.collect(),
        weights: coo.weights().map(<[f32]>::to_vec),
    }
}

/// Writes and reads `graph` as `name`, with its nodes in a file of their own if that is named.
fn there_and_back(graph: &Graph, name: &str, nodes: Option<&str>) -> Graph {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    let nodes: Option<PathBuf> = nodes.map(|nodes| folder.path().join(nodes));
    write(graph, &path, &WriteOptions { nodes: nodes.clone(), ..Default::default() }).unwrap();
    match read(&path, &ReadOptions { nodes, ..Default::default() }) {
        Ok((back, _)) => back,
        Err(error) => {
            panic!("{error} in:\n{}", String::from_utf8_lossy(&std::fs::read(&path).unwrap()))
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn graphml_keeps_everything(parts in parts()) {
        let graph = graph(&parts);
        prop_assert_eq!(meaning(&there_and_back(&graph, "g.graphml", None)), meaning(&graph));
    }

    #[test]
    fn gexf_keeps_everything(parts in parts()) {
        let graph = graph(&parts);
        prop_assert_eq!(meaning(&there_and_back(&graph, "g.gexf.gz", None)), meaning(&graph));
    }

    #[test]
    fn node_link_json_keeps_everything(parts in parts()) {
        let graph = graph(&parts);
        prop_assert_eq!(meaning(&there_and_back(&graph, "g.json.zst", None)), meaning(&graph));
    }

    /// Other ids than integers become labels, flags become 0 and 1, and blanks in names of columns
    /// underscores.
    #[test]
    fn gml_keeps_graphs_with_integer_ids(parts in parts()) {
        let mut parts = parts;
        parts.ids = Ids::Ints((0..parts.node_cells.len() as i64).map(|u| u * 3 - 5).collect());
        let underscores = |cells: &Cells| -> Cells {
            let spell = |(name, value): (&String, &String)| {
                let flag = name.ends_with("bool");
                let value = if flag { u8::from(value == "true").to_string() } else { value.clone() };
                (name.replace(' ', "_"), value)
            };
            cells.iter().map(spell).collect()
        };
        let graph = graph(&parts);
        let mut expected = meaning(&graph);
        for cells in expected.nodes.values_mut() {
            *cells = underscores(cells);
        }
        for (.., cells) in &mut expected.edges {
            *cells = underscores(cells);
        }
        prop_assert_eq!(meaning(&there_and_back(&graph, "g.gml", None)), expected);
    }

    /// Both tables come back bit for bit, types included.
    #[test]
    fn parquet_and_arrow_keep_everything_with_a_node_file(parts in parts()) {
        let graph = graph(&parts);
        for (edges, nodes) in [("e.parquet", "n.parquet"), ("e.arrow", "n.arrow")] {
            let back = there_and_back(&graph, edges, Some(nodes));
            prop_assert_eq!(meaning(&back), meaning(&graph));
            let attributes = back.edges().schema();
            for field in graph.edges().schema().fields() {
                prop_assert_eq!(attributes.field_with_name(field.name()).unwrap().data_type(), field.data_type());
            }
        }
    }

    /// Text formats without types; they do not say whether edges have a direction either.
    #[test]
    fn csv_and_json_lines_keep_rows_with_a_node_file(parts in parts()) {
        let parts = Parts { directed: false, ..parts };
        let graph = graph(&parts);
        let expected = meaning(&graph);
        for (edges, nodes) in [("e.csv", "n.tsv"), ("e.tsv.gz", "n.csv"), ("e.jsonl", "n.jsonl")] {
            prop_assert_eq!(&meaning(&there_and_back(&graph, edges, Some(nodes))), &expected, "{}", edges);
        }
    }

    /// Nodes are rows; parallel edges and loops stay; of undirected edges the order of ends is not
    /// kept.
    #[test]
    fn matrix_market_keeps_structure_and_weights(parts in parts()) {
        let graph = graph(&parts);
        let back = there_and_back(&graph, "g.mtx", None);
        prop_assert_eq!(back.n_nodes(), graph.n_nodes());
        prop_assert_eq!(back.is_directed(), graph.is_directed());
        prop_assert_eq!(back.coo().weights(), graph.coo().weights());
        prop_assert_eq!(back.out_edges(), graph.out_edges());
    }

    #[test]
    fn tables_come_back(rows in prop::collection::vec(row(), 1..20), cut in 0..20_usize) {
        let folder = tempfile::tempdir().unwrap();
        let ids: ArrayRef = Arc::new(Int64Array::from_iter_values(0..rows.len() as i64));
        let mut all = vec![("id".to_owned(), ids)];
        all.extend(columns("node", &rows));
        let table = batch(all, rows.len());
        for name in ["t.csv", "t.tsv.zst", "t.jsonl.gz", "t.json", "t.parquet", "t.arrow"] {
            let path = folder.path().join(name);
            write_table(&table, &path, &WriteOptions::default()).unwrap();
            let back = read_table(&path).unwrap();
            for row in 0..rows.len() {
                prop_assert_eq!(cells(&back, 0, row), cells(&table, 0, row), "{}", name);
            }
            prop_assert_eq!(back.num_columns(), table.num_columns(), "{}", name);
            // So they do in pieces, of which some may be empty.
            let cut = cut.min(rows.len());
            let pieces = [table.slice(0, cut), table.slice(cut, rows.len() - cut)];
            let of_pieces = folder.path().join(format!("of-pieces-{name}"));
            write_batches(&pieces, &of_pieces, &WriteOptions::default(), &Control::NONE).unwrap();
            prop_assert_eq!(read_table(&of_pieces).unwrap(), back, "{}", name);
        }
    }
}

#[test]
fn pieces_of_different_columns_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.csv");
    let column = |name: &str, is_nullable: bool, metadata: &[(String, String)]| {
        let field = Field::new(name, DataType::Int64, is_nullable);
        let metadata = metadata.iter().cloned().collect();
        let schema = Arc::new(Schema::new_with_metadata(vec![field], metadata));
        RecordBatch::try_new(schema, vec![Arc::new(Int64Array::from(vec![1]))]).unwrap()
    };
    let metadata = [("from".to_owned(), "here".to_owned())];
    for (other, said) in [
        (column("b", true, &[]), "a table has batches of `a` (int64), and of `b` (int64)"),
        (column("a", false, &[]), "`a` (int64), and of `a` (int64 without gaps)"),
        (column("a", true, &metadata), "`a` (int64) with different metadata"),
    ] {
        let pieces = [column("a", true, &[]), other];
        let error = write_batches(&pieces, &path, &WriteOptions::default(), &Control::NONE);
        let error = error.unwrap_err().to_string();
        assert!(error.contains(said), "{error}");
        assert!(!path.exists());
    }
}

#[test]
fn looks_go_through_gexf() {
    let coo = Coo::new(2, vec![0], vec![1], None).unwrap();
    let float = |values: [f64; 2]| Arc::new(Float64Array::from(values.to_vec())) as ArrayRef;
    let text = |values: [&str; 2]| Arc::new(StringArray::from(values.to_vec())) as ArrayRef;
    let graph = Graph::from_coo(coo, false)
        .with_node_columns([
            ("x".to_owned(), float([1.5, -2.0])),
            ("y".to_owned(), float([0.25, 1e9])),
            ("size".to_owned(), float([3.0, 4.0])),
            ("color".to_owned(), text(["#ff8000", "#0000ff"])),
            ("label".to_owned(), text(["<a>", "b & c"])),
        ])
        .unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("looks.gexf");
    write(&graph, &path, &WriteOptions::default()).unwrap();
    let written = std::fs::read_to_string(&path).unwrap();
    assert!(written.contains("<viz:color r=\"255\" g=\"128\" b=\"0\"/>"), "{written}");
    assert!(written.contains("<viz:position x=\"-2.0\" y=\"1000000000.0\"/>"), "{written}");
    assert!(!written.contains("<attribute "), "{written}");
    let (back, _) = read(&path, &ReadOptions::default()).unwrap();
    assert_eq!(meaning(&back), meaning(&graph));

    // What has no place of its own in GEXF stays an attribute.
    let odd = graph
        .with_node_columns([
            ("x".to_owned(), float([f64::NAN, 1.0])),
            ("color".to_owned(), text(["red", "#0000FF"])),
        ])
        .unwrap();
    write(&odd, &path, &WriteOptions::default()).unwrap();
    let (back, _) = read(&path, &ReadOptions::default()).unwrap();
    assert_eq!(meaning(&back), meaning(&odd));
}

#[test]
fn an_empty_graph_and_one_without_edges_come_back() {
    for n in [0, 3] {
        let graph = Graph::from_coo(Coo::new(n, vec![], vec![], None).unwrap(), false);
        for name in ["g.graphml", "g.gexf", "g.json", "g.gml", "g.mtx"] {
            let back = there_and_back(&graph, name, None);
            assert_eq!((back.n_nodes(), back.n_edges()), (n, 0), "{name}");
        }
    }
}

#[test]
fn control_characters_are_refused_by_xml_and_kept_by_the_others() {
    let ids: ArrayRef = Arc::new(StringArray::from(vec!["a\u{1}\0z", "b"]));
    let nodes = RecordBatch::try_from_iter([("id", ids)]).unwrap();
    let coo = Coo::new(2, vec![0], vec![1], None).unwrap();
    let edges = batch(vec![], 1);
    let graph = Graph::from_parts(nodes, edges, coo, false).unwrap();
    for name in ["g.json", "g.jsonl", "g.csv", "g.parquet", "g.arrow"] {
        assert_eq!(meaning(&there_and_back(&graph, name, None)), meaning(&graph), "{name}");
    }
    let folder = tempfile::tempdir().unwrap();
    for name in ["g.graphml", "g.gexf"] {
        let path = folder.path().join(name);
        let error = write(&graph, &path, &WriteOptions::default()).unwrap_err().to_string();
        assert!(
            error.ends_with("cannot hold the character '\\u{1}' in row 0 of column `id`"),
            "{error}"
        );
        assert!(!Path::new(&path).exists());
    }
}

#[test]
fn files_of_columns_are_what_other_programs_read() {
    let graph = star(5).unwrap();
    let folder = tempfile::tempdir().unwrap();
    for (name, compression, start, end) in [
        ("a.parquet", None, &b"PAR1"[..], &b"PAR1"[..]),
        ("b.parquet", Some(Compression::Gzip), b"PAR1", b"PAR1"),
        ("c.arrow", None, b"ARROW1", b"ARROW1"),
        ("d.arrow", Some(Compression::Zstd), b"ARROW1", b"ARROW1"),
    ] {
        let options = WriteOptions { compression, ..WriteOptions::default() };
        let path = folder.path().join(name);
        let mut whole = Vec::new();
        let format = Format::from_suffix(&path);
        write_to(&graph, &mut whole, &WriteOptions { format, ..options.clone() }).unwrap();
        write(&graph, &path, &options).unwrap();
        let as_graph = std::fs::read(&path).unwrap();
        write_table(graph.nodes(), &path, &options).unwrap();
        for bytes in [as_graph, std::fs::read(&path).unwrap(), whole] {
            assert!(bytes.starts_with(start) && bytes.ends_with(end), "{name}");
        }
    }
}

#[test]
fn the_ids_are_no_attribute() {
    let column = Arc::new(Float32Array::from(vec![0.0; 5])) as ArrayRef;
    let error = star(5).unwrap().with_node_columns([("id".to_owned(), column)]).unwrap_err();
    assert_eq!(error.to_string(), "column `id` holds the ids of nodes, and cannot be replaced");
}
