//! Every promise of `read`, good input and bad, through the public interface.

#![expect(clippy::unwrap_used, reason = "a test ends where an input is not there")]

mod times;

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BinaryArray, Date32Array, DictionaryArray, FixedSizeBinaryArray,
    Float64Array, Int32Array, Int64Array, LargeStringArray, RecordBatch, StringArray,
    StringViewArray, TimestampSecondArray, UInt64Array,
};
use arrow::datatypes::{DataType, Int32Type, Int64Type};
use arrow::ipc::writer::{FileWriter, StreamWriter};
use arrow::util::display::array_value_to_string;
use graph_core::{
    Error, Graph, IdOrder, Place, ReadOptions, ReadReport, Result, read, read_from, read_table,
};
use parquet::arrow::ArrowWriter;
use parquet::file::properties::WriterProperties;

fn text(name: &str, content: &str) -> Result<(Graph, ReadReport)> {
    text_with(name, content, &ReadOptions::default())
}

fn text_with(name: &str, content: &str, options: &ReadOptions) -> Result<(Graph, ReadReport)> {
    read_from(content.as_bytes(), name, options)
}

fn ids(graph: &Graph) -> Vec<String> {
    (0..graph.n_nodes()).map(|u| array_value_to_string(graph.ids(), u).unwrap()).collect()
}

fn ends(graph: &Graph) -> Vec<(u32, u32)> {
    graph.coo().sources().iter().copied().zip(graph.coo().targets().iter().copied()).collect()
}

fn table(columns: Vec<(&str, ArrayRef)>) -> RecordBatch {
    RecordBatch::try_from_iter(columns).unwrap()
}

fn message(result: Result<(Graph, ReadReport)>) -> String {
    result.unwrap_err().to_string()
}

fn parquet(batch: &RecordBatch, row_group_rows: usize) -> Vec<u8> {
    let properties =
        WriterProperties::builder().set_max_row_group_row_count(Some(row_group_rows)).build();
    let mut bytes = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut bytes, batch.schema(), Some(properties)).unwrap();
    writer.write(batch).unwrap();
    writer.close().unwrap();
    bytes
}

fn arrow_file(batches: &[RecordBatch]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut writer = FileWriter::try_new(&mut bytes, &batches[0].schema()).unwrap();
    for batch in batches {
        writer.write(batch).unwrap();
    }
    writer.finish().unwrap();
    drop(writer);
    bytes
}

fn arrow_stream(batches: &[RecordBatch]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut writer = StreamWriter::try_new(&mut bytes, &batches[0].schema()).unwrap();
    for batch in batches {
        writer.write(batch).unwrap();
    }
    writer.finish().unwrap();
    drop(writer);
    bytes
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// A file that is removed at the end of the test.
struct Temporary(PathBuf);

impl Temporary {
    fn new(name: &str, content: &[u8]) -> Self {
        let path = std::env::temp_dir().join(format!("graphlume-{}-{name}", std::process::id()));
        std::fs::write(&path, content).unwrap();
        Self(path)
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        // What cannot be removed is left to the system.
        let _ = std::fs::remove_file(&self.0);
    }
}

#[test]
fn columns_are_found_and_attributes_kept() {
    let (graph, report) =
        text("a.csv", "since,Dst,Src,weight,ok,note\n2019,b,a,1.5,true,\"x, y\"\n,c,b,2,false,\n")
            .unwrap();
    assert_eq!((report.source.as_str(), report.target.as_str()), ("Src", "Dst"));
    assert_eq!((report.weight.as_deref(), report.header), (Some("weight"), Some(true)));
    assert_eq!(ids(&graph), ["a", "b", "c"]);
    assert_eq!(graph.coo().weights(), Some(&[1.5, 2.0][..]));
    let edges = graph.edges();
    let types: Vec<DataType> =
        edges.schema().fields().iter().map(|field| field.data_type().clone()).collect();
    assert_eq!(types, [DataType::Int64, DataType::Float64, DataType::Boolean, DataType::Utf8]);
    assert!(edges.column(0).is_null(1));
    assert_eq!(edges.column(3).as_string::<i32>().value(0), "x, y");
    let table = graph.edge_table().unwrap();
    assert_eq!(table.schema().field(0).name(), "Src");
}

#[test]
fn a_list_of_snap_is_read() {
    let (graph, report) =
        text("a.txt", "# Nodes: 3 Edges: 2\n# FromNodeId\tToNodeId\n30\t1412\n30\t3352\n").unwrap();
    assert_eq!((report.source.as_str(), report.header), ("FromNodeId", Some(false)));
    assert_eq!(ids(&graph), ["30", "1412", "3352"]);
    assert_eq!(graph.ids().data_type(), &DataType::Int64);
}

#[test]
fn ids_with_leading_zeros_stay_text() {
    let (graph, _) = text("a.csv", "source,target\n007,7\n7,8\n").unwrap();
    assert_eq!(ids(&graph), ["007", "7", "8"]);
}

#[test]
fn one_text_column_makes_both_id_columns_text() {
    let (graph, report) = text("a.csv", "source,target\n1,a\n2,1\n").unwrap();
    assert_eq!(
        (ids(&graph), report.id_type.as_str()),
        (vec!["1".into(), "a".into(), "2".into()], "text")
    );
}

#[test]
fn unsigned_ids_of_64_bits_are_kept() {
    let (graph, _) = text("a.csv", "source,target\n18446744073709551615,1\n").unwrap();
    assert_eq!(graph.ids().data_type(), &DataType::UInt64);
    assert_eq!(ids(&graph), ["18446744073709551615", "1"]);
}

/// The sample shows integers; the first other value comes long after it.
#[test]
fn types_are_those_of_the_whole_text() {
    let mut content = "source,target,a,b\n".to_owned();
    for row in 0..60_000 {
        writeln!(content, "{row},{},{row},", row + 1).unwrap();
    }
    content.push_str("x,1,1.5,true\n");
    let (graph, _) = text("a.csv", &content).unwrap();
    assert_eq!((graph.n_nodes(), graph.n_edges()), (60_002, 60_001));
    assert_eq!(graph.ids().data_type(), &DataType::Utf8);
    assert_eq!(graph.edges().column(0).data_type(), &DataType::Float64);
    assert_eq!(graph.edges().column(1).data_type(), &DataType::Boolean);
    assert_eq!(ids(&graph).last().unwrap(), "x");
}

#[test]
fn orders_are_first_appearance_sorted_and_that_of_the_node_table() {
    let content = "b,a\na,10\n10,9\n";
    let plain = ReadOptions { header: Some(false), ..ReadOptions::default() };
    let sorted = ReadOptions { order: IdOrder::Sorted, ..plain.clone() };
    assert_eq!(ids(&text_with("a.csv", content, &plain).unwrap().0), ["b", "a", "10", "9"]);
    let (graph, _) = text_with("a.csv", content, &sorted).unwrap();
    assert_eq!(ids(&graph), ["10", "9", "a", "b"]);
    assert_eq!(ends(&graph), [(3, 2), (2, 0), (0, 1)]);
    let (graph, _) = text_with("a.csv", "3,-4\n10,3\n", &sorted).unwrap();
    assert_eq!(ids(&graph), ["-4", "3", "10"]);
    // Rows of the node table first, in its order, whether edges name them or not.
    let listed = ReadOptions { order: IdOrder::NodeTable, ..ReadOptions::default() };
    let text = |values: &[&str]| Arc::new(StringArray::from(values.to_vec())) as ArrayRef;
    let edges = table(vec![("source", text(&["b", "a"])), ("target", text(&["a", "c"]))]);
    let nodes = table(vec![("id", text(&["z", "a", "b"])), ("n", text(&["0", "1", "2"]))]);
    let graph = Graph::from_batches([edges.clone()], Some(nodes), &listed).unwrap();
    assert_eq!(ids(&graph), ["z", "a", "b", "c"]);
    assert_eq!(ends(&graph), [(2, 1), (1, 3)]);
    let column = graph.node_column("n").unwrap();
    assert_eq!(
        column.as_string::<i32>().iter().collect::<Vec<_>>(),
        [Some("0"), Some("1"), Some("2"), None]
    );
    let graph = Graph::from_batches([edges], None, &listed).unwrap();
    assert_eq!(ids(&graph), ["b", "a", "c"]);
}

#[test]
fn every_id_type_of_arrow_is_read() {
    let uuid = |bytes: [&[u8]; 2]| {
        Arc::new(FixedSizeBinaryArray::try_from(bytes.to_vec()).unwrap()) as ArrayRef
    };
    let text = ["a long identifier", "b"];
    let dictionary: DictionaryArray<Int32Type> = text.into_iter().collect();
    let columns: [(ArrayRef, DataType); 8] = [
        (Arc::new(Int32Array::from(vec![7, -7])), DataType::Int32),
        (Arc::new(UInt64Array::from(vec![7, u64::MAX])), DataType::UInt64),
        (Arc::new(StringArray::from(text.to_vec())), DataType::Utf8),
        (Arc::new(LargeStringArray::from(text.to_vec())), DataType::Utf8),
        (Arc::new(StringViewArray::from(text.to_vec())), DataType::Utf8),
        (Arc::new(dictionary), DataType::Utf8),
        (Arc::new(BinaryArray::from(vec![&b"\xff"[..], b"a rather long key"])), DataType::Binary),
        (uuid([&[1; 16], &[2; 16]]), DataType::FixedSizeBinary(16)),
    ];
    for (column, id_type) in columns {
        let batch = table(vec![("source", column.clone()), ("target", column.slice(0, 2))]);
        let graph = Graph::from_batches([batch], None, &ReadOptions::default()).unwrap();
        assert_eq!(graph.ids().data_type(), &id_type);
        assert_eq!(ends(&graph), [(0, 0), (1, 1)]);
        for u in 0..2 {
            let print = |array: &ArrayRef| array_value_to_string(array, u).unwrap();
            assert_eq!(print(graph.ids()), print(&column));
        }
    }
}

#[test]
fn floats_that_are_whole_are_ids() {
    let floats = |values: &[f64]| Arc::new(Float64Array::from(values.to_vec())) as ArrayRef;
    let read = |sources: &[f64], options: &ReadOptions| {
        let targets = Arc::new(Int32Array::from(vec![2; sources.len()])) as ArrayRef;
        let edges = table(vec![("source", floats(sources)), ("target", targets)]);
        let nodes = table(vec![("id", floats(&[-4.0, 1.0])), ("age", floats(&[7.0, 8.0]))]);
        Graph::from_batches([edges], Some(nodes), options)
    };
    let usual = ReadOptions::default();
    let graph = read(&[1.0, 3.0, 2.0_f64.powi(53)], &usual).unwrap();
    assert_eq!(graph.ids().as_primitive::<Int64Type>().values()[..], [1, 2, 3, 1 << 53, -4]);
    for (sources, expected) in [
        (&[1.0, 1.5][..], "row 1 has id 1.5 in column `source`"),
        (&[2.0_f64.powi(60)], "row 0 has id 1152921504606847000 in column `source`"),
        (&[1.0, f64::INFINITY], "row 1 has id inf in column `source`"),
        (&[1.0, 2.0, f64::NAN], "row 2 has no value in id column `source`"),
    ] {
        let error = read(sources, &usual).unwrap_err().to_string();
        assert!(error.starts_with(expected), "{error}");
    }
    // Of 32 bits the first that stands for two.
    let narrow = Arc::new(arrow::array::Float32Array::from(vec![16_777_216.0, 16_777_218.0]));
    let edges = table(vec![("source", narrow), ("target", floats(&[1.0, 2.0]))]);
    let error = Graph::from_batches([edges], None, &usual).unwrap_err().to_string();
    assert!(error.starts_with("row 1 has id 16777218 in column `source`"), "{error}");
    let some = ReadOptions { drop_null: true, ..ReadOptions::default() };
    assert_eq!(ends(&read(&[f64::NAN, 1.0], &some).unwrap()), [(0, 1)]);
    let error = read(&[f64::NAN, 1.0, 1.5], &some).unwrap_err().to_string();
    assert!(error.starts_with("row 2 has id 1.5 "), "{error}");
    // A dictionary has the values of its floats.
    let keys = arrow::array::Int8Array::from(vec![0, 1]);
    let values = floats(&[1.0, 1.5]);
    let column = Arc::new(DictionaryArray::new(keys, values)) as ArrayRef;
    let batch = table(vec![("source", column), ("target", floats(&[1.0, 2.0]))]);
    let error = Graph::from_batches([batch], None, &usual).unwrap_err();
    assert!(matches!(error, Error::IdNotWhole { .. }), "{error}");
}

#[test]
fn integers_of_two_widths_meet() {
    let batch = table(vec![
        ("source", Arc::new(Int32Array::from(vec![1, 2]))),
        ("target", Arc::new(Int64Array::from(vec![2, 1 << 40]))),
    ]);
    let graph = Graph::from_batches([batch], None, &ReadOptions::default()).unwrap();
    assert_eq!(graph.ids().as_primitive::<Int64Type>().values()[..], [1, 2, 1 << 40]);
}

#[test]
fn strings_against_integers_name_both_columns() {
    let batch = table(vec![
        ("from", Arc::new(Int32Array::from(vec![1]))),
        ("to", Arc::new(StringArray::from(vec!["1"]))),
    ]);
    let error = Graph::from_batches([batch], None, &ReadOptions::default()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "columns `from` (int32) and `to` (text) hold ids of different kinds"
    );
}

/// One graph, in every container, gives the same nodes and edges.
#[test]
fn all_containers_agree() {
    let n = 5000_i64;
    let source: Vec<String> = (0..n).map(|i| format!("user_{}", i * 7919 % 613)).collect();
    let target: Vec<String> = (0..n).map(|i| format!("user_{}", i * 104_729 % 1009)).collect();
    let batch = table(vec![
        ("source", Arc::new(StringArray::from(source.clone()))),
        ("target", Arc::new(StringArray::from(target.clone()))),
        ("weight", Arc::new(Float64Array::from_iter_values((0..n).map(|i| i as f64 / 4.0)))),
    ]);
    let batches = [batch.slice(0, 1000), batch.slice(1000, 4000)];
    let mut csv = "source,target,weight\n".to_owned();
    for i in 0..n as usize {
        writeln!(csv, "{},{},{}", source[i], target[i], i as f64 / 4.0).unwrap();
    }
    let expected = Graph::from_batches(batches.clone(), None, &ReadOptions::default()).unwrap();
    let two_members = [gzip(&csv.as_bytes()[..9000]), gzip(&csv.as_bytes()[9000..])].concat();
    let files = [
        ("a.csv", csv.clone().into_bytes()),
        ("a.csv.gz", two_members),
        ("a.csv.zst", zstd::encode_all(csv.as_bytes(), 1).unwrap()),
        ("-", csv.into_bytes()),
        ("a.parquet", parquet(&batch, 700)),
        ("-", parquet(&batch, 700)),
        ("a.pq.gz", gzip(&parquet(&batch, 700))),
        ("a.arrow", arrow_file(&batches)),
        ("a.feather", arrow_stream(&batches)),
        ("-", arrow_stream(&batches)),
    ];
    for (name, bytes) in files {
        for threads in [1, 2, 5] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let (graph, _) = pool
                .install(|| read_from(&bytes[..], name, &ReadOptions::default()))
                .unwrap_or_else(|error| panic!("{name}: {error}"));
            assert_eq!(ids(&graph), ids(&expected), "{name}");
            assert_eq!(graph.coo(), expected.coo(), "{name}");
            assert_eq!(graph.edges().column(0), expected.edges().column(0), "{name}");
        }
    }
}

#[test]
fn a_node_file_joins_by_id() {
    let nodes = Temporary::new("nodes.csv", b"name,id\nBob,b\nZoe,z\nAnn,a\n");
    let options = ReadOptions { nodes: Some(nodes.0.clone()), ..ReadOptions::default() };
    let (graph, report) = text_with("a.csv", "source,target\na,b\nb,c\n", &options).unwrap();
    assert_eq!(ids(&graph), ["a", "b", "c", "z"]);
    assert_eq!(report.isolated_nodes, 1);
    let names = graph.node_column("name").unwrap().as_string::<i32>();
    let names: Vec<Option<&str>> = names.iter().collect();
    assert_eq!(names, [Some("Ann"), Some("Bob"), None, Some("Zoe")]);
    assert_eq!(graph.nodes().schema().field(0).name(), "id");
}

#[test]
fn a_node_file_of_text_turns_integer_ids_to_text() {
    let nodes = Temporary::new("mixed-nodes.csv", b"id,k\nx,1\n1,2\n");
    let options = ReadOptions { nodes: Some(nodes.0.clone()), ..ReadOptions::default() };
    let (graph, _) = text_with("a.csv", "source,target\n1,2\n", &options).unwrap();
    assert_eq!(ids(&graph), ["1", "2", "x"]);
}

#[test]
fn duplicate_ids_of_a_node_file_are_refused() {
    let nodes = Temporary::new("twice.csv", b"id,k\na,1\n\nb,2\na,3\n");
    let options = ReadOptions { nodes: Some(nodes.0.clone()), ..ReadOptions::default() };
    let error = message(text_with("a.csv", "source,target\na,b\n", &options));
    assert!(error.contains("twice.csv"), "{error}");
    assert!(
        error.ends_with(
            "node id a appears twice in column `id` of the node table: line 2 and line 5"
        ),
        "{error}"
    );

    let edges = table(vec![
        ("s", Arc::new(Int32Array::from(vec![1]))),
        ("t", Arc::new(Int32Array::from(vec![2]))),
    ]);
    let nodes = table(vec![("id", Arc::new(Int32Array::from(vec![5, 1, 5])))]);
    let error = Graph::from_batches([edges], Some(nodes), &ReadOptions::default()).unwrap_err();
    assert!(
        matches!(&error, Error::DuplicateNode { id, first: Place::Row(0), second: Place::Row(2), .. } if id == "5"),
        "{error}"
    );
}

/// A file that lists its own nodes is to blame for them, whatever node file it is joined with.
#[test]
fn a_duplicate_in_a_files_own_list_is_not_blamed_on_the_node_file() {
    let nodes = Temporary::new("innocent.csv", b"id,k\na,1\n");
    let options = ReadOptions { nodes: Some(nodes.0.clone()), ..ReadOptions::default() };
    let gml = "graph [ node [ id 1 ] node [ id 1 ] edge [ source 1 target 1 ] ]";
    let json = r#"{"nodes": [{"id": "a"}, {"id": "a"}], "links": []}"#;
    for (name, content) in [("own.json", json), ("own.gml", gml)] {
        let error = message(text_with(name, content, &options));
        assert!(error.starts_with(name) && error.contains("twice"), "{error}");
        assert!(!error.contains("innocent"), "{error}");
    }
}

#[test]
fn a_missing_file_is_named() {
    let error = message(read("no/such/file.csv", &ReadOptions::default()));
    assert!(error.starts_with("no/such/file.csv: No such file"), "{error}");
}

#[test]
fn an_empty_file_is_refused() {
    assert_eq!(message(text("a.csv", "")), "a.csv: the file is empty");
    assert_eq!(message(text("a.csv", "# only\n\n")), "a.csv: the file is empty");
    assert_eq!(message(text("a.parquet", "")), "a.parquet: the file is empty");
    assert_eq!(
        message(read_from(&gzip(b"")[..], "a.csv.gz", &ReadOptions::default())),
        "a.csv.gz: the file is empty"
    );
}

#[test]
fn a_header_alone_is_a_graph_without_edges() {
    let (graph, _) = text("a.csv", "source,target\n").unwrap();
    assert_eq!((graph.n_nodes(), graph.n_edges()), (0, 0));
}

#[test]
fn an_unknown_suffix_with_unknown_content_is_refused() {
    let error = message(text("a.doc", "\u{1}\0\u{2}"));
    assert!(error.starts_with("a.doc: the format is unknown"), "{error}");
    assert!(text("a.doc", "source,target\n1,2\n").is_ok());
}

#[test]
fn ragged_rows_name_line_and_counts() {
    let error = message(text("a.csv", "# note\nsource,target\n1,2\n\n3,4,5\n"));
    assert_eq!(error, "a.csv: line 5 has 3 fields, but the rows above have 2");
}

#[test]
fn bytes_that_are_not_utf8_name_line_and_field() {
    let bytes = b"source,target,note\n1,2,ok\n3,4,caf\xe9\n";
    let error = message(read_from(&bytes[..], "a.csv", &ReadOptions::default()));
    assert_eq!(error, "a.csv: line 3, field 3 has byte 0xe9, which is not UTF-8 text");
}

#[test]
fn an_open_quote_names_its_line() {
    let error = message(text("a.csv", "source,target\n1,2\n3,\"4\n5,6\n"));
    assert_eq!(error, "a.csv: line 3 opens a quoted field that the file never closes");
}

#[test]
fn a_missing_column_lists_the_columns() {
    let options = ReadOptions { source: Some("who".into()), ..ReadOptions::default() };
    let error = message(text_with("a.csv", "source,target\n1,2\n", &options));
    assert_eq!(error, "a.csv: there is no column `who`; the columns are `source`, `target`");
}

#[test]
fn null_ids_are_refused_or_dropped_and_counted() {
    let content = "source,target,weight\n1,2,1\n3,,1\n4,5,\n\"\",6,1\n7,8,2\n";
    let error = message(text("a.csv", content));
    assert_eq!(
        error,
        "a.csv: line 3 has no value in id column `target`; drop such rows or fill them"
    );
    let options = ReadOptions { drop_null: true, ..ReadOptions::default() };
    let (graph, report) =
        text_with("a.csv", "source,target,weight\n1,2,1\n3,,1\n4,5,\n7,8,2\n", &options).unwrap();
    assert_eq!((graph.n_edges(), report.dropped_rows), (2, 2));
    assert_eq!(ids(&graph), ["1", "2", "7", "8"]);
}

/// Rows are counted over row groups and batches.
#[test]
fn null_ids_of_tables_name_the_row_of_the_whole_table() {
    let source: Int64Array = (0..1000).map(|i| (i != 777).then_some(i)).collect();
    let batch = table(vec![
        ("source", Arc::new(source)),
        ("target", Arc::new(Int64Array::from_iter_values(0..1000))),
    ]);
    let expected = "row 777 has no value in id column `source`; drop such rows or fill them";
    let batches = [batch.slice(0, 300), batch.slice(300, 300), batch.slice(600, 400)];
    for bytes in [parquet(&batch, 100), arrow_file(&batches), arrow_stream(&batches)] {
        let error = message(read_from(&bytes[..], "a", &ReadOptions::default()));
        assert_eq!(error, format!("a: {expected}"));
        let options = ReadOptions { drop_null: true, ..ReadOptions::default() };
        let (graph, report) = read_from(&bytes[..], "a", &options).unwrap();
        assert_eq!((graph.n_edges(), report.dropped_rows), (999, 1));
    }
}

#[test]
fn bad_weights_name_line_column_and_value() {
    for (value, shown) in [("nan", "NaN"), ("inf", "inf"), ("-0.5", "-0.5"), ("-3", "-3")] {
        let content = format!("source,target,weight\n1,2,1\n2,3,{value}\n");
        assert_eq!(
            message(text("a.csv", &content)),
            format!(
                "a.csv: line 3 has weight {shown} in column `weight`; weights must be at least 0 and finite as f32"
            )
        );
    }
    let options = ReadOptions { weight: Some("w".into()), ..ReadOptions::default() };
    assert_eq!(
        message(text_with("a.csv", "source,target,w\n1,2,1\n2,3,much\n", &options)),
        "a.csv: line 3 has `much` in weight column `w`, which is not a number"
    );
    // Whose name alone says that it weighs: for one cell not all weights are lost.
    assert_eq!(
        message(text("a.csv", "source,target,weight\n1,2,1\n2,3,N/A\n")),
        "a.csv: line 3 has `N/A` in weight column `weight`, which is not a number"
    );
    let many: Vec<String> = (0..20_000).map(|i| format!("{i},{},1\n", i + 1)).collect();
    let many = many.concat();
    let error = message(text("a.csv", &format!("source,target,weight\n{many}0,9,?\n")));
    assert!(error.contains("line 20002 has `?`"), "{error}");
    let (graph, report) = text("a.csv", "source,target,weight\n1,2,heavy\n2,3,light\n").unwrap();
    assert!(report.weight.is_none() && graph.edges().column_by_name("weight").is_some());
}

/// A column of integers that once had a gap is written so by pandas.
#[test]
fn whole_numbers_with_a_point_are_the_same_nodes() {
    let (graph, _) = text("a.csv", "source,target\n1.0,2\n2.0,3\n3.0,1\n").unwrap();
    assert_eq!(graph.ids().as_primitive::<Int64Type>().values(), &[1, 2, 3]);
    // Also where the first such number comes late.
    let many: Vec<String> = (0..20_000).map(|i| format!("{i},{}\n", i + 1)).collect();
    let many = many.concat();
    let (graph, _) = text("a.csv", &format!("source,target\n{many}7.0,8\n")).unwrap();
    assert_eq!((graph.n_nodes(), graph.n_edges()), (20_001, 20_001));
    let (graph, _) = text("a.csv", "source,target\n1.0,2\n2.5,3\n").unwrap();
    assert_eq!(
        graph.ids().as_string::<i32>().iter().flatten().collect::<Vec<_>>(),
        ["1.0", "2", "2.5", "3"]
    );

    let folder = tempfile::tempdir().unwrap();
    let [edges, nodes] = ["edges.csv", "nodes.csv"].map(|name| folder.path().join(name));
    std::fs::write(&edges, "source,target\n1,2\n2,3\n").unwrap();
    std::fs::write(&nodes, "id,size\n1,5.0\n2.0,6\n3.0,7\n").unwrap();
    let options = ReadOptions { nodes: Some(nodes), ..ReadOptions::default() };
    let (graph, _) = read(&edges, &options).unwrap();
    assert_eq!(graph.ids().as_primitive::<Int64Type>().values(), &[1, 2, 3]);
    let sizes = graph.nodes().column_by_name("size").unwrap();
    assert_eq!(sizes.data_type(), &DataType::Float64);
}

#[test]
fn the_first_column_of_a_table_is_none_of_ids() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log.csv");
    std::fs::write(&path, "time,share,user\n2026-01-01 08:00:00,0.5,ann\n").unwrap();
    let table = graph_core::read_table(&path).unwrap();
    let is_time =
        |column: usize| matches!(table.column(column).data_type(), DataType::Timestamp(..));
    assert!(is_time(0), "{:?}", table.schema());
    std::fs::write(&path, "share,time\n0.5,2026-01-01 08:00:00\n").unwrap();
    let table = graph_core::read_table(&path).unwrap();
    assert_eq!(table.column(0).data_type(), &DataType::Float64);
}

/// A row dropped above must not shift the row that an error names.
#[test]
fn bad_weights_of_tables_name_the_row() {
    let weights: Float64Array =
        (0..500).map(|i| if i == 432 { -1.0 } else { 1.0 }).map(Some).collect();
    let batch = table(vec![
        ("source", Arc::new((0..500).map(|i| (i != 7).then_some(i)).collect::<Int64Array>())),
        ("target", Arc::new(Int64Array::from_iter_values(0..500))),
        ("weight", Arc::new(weights)),
    ]);
    let options = ReadOptions { drop_null: true, ..ReadOptions::default() };
    for rows in [100, 500] {
        let error = message(read_from(&parquet(&batch, rows)[..], "a.parquet", &options));
        assert_eq!(
            error,
            "a.parquet: row 432 has weight -1 in column `weight`; weights must be at least 0 and finite as f32"
        );
    }
}

#[test]
fn ids_that_overflow_name_line_column_and_value() {
    let error = message(text("a.csv", "source,target\n1,2\n3,99999999999999999999\n"));
    assert_eq!(
        error,
        "a.csv: line 3 has id 99999999999999999999 in column `target`, which overflows the column's 64-bit integers"
    );
    let (graph, _) = text("a.csv", "source,target\nx,2\n3,99999999999999999999\n").unwrap();
    assert_eq!(ids(&graph)[3], "99999999999999999999");

    let batch = table(vec![
        ("source", Arc::new(UInt64Array::from(vec![1, 2]))),
        ("target", Arc::new(Int64Array::from(vec![1, -2]))),
    ]);
    let error = Graph::from_batches([batch], None, &ReadOptions::default()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "row 1 has id -2 in column `target`, which overflows the column's 64-bit integers"
    );
}

#[test]
fn cut_files_are_refused_by_name() {
    let batch = table(vec![
        ("source", Arc::new(Int64Array::from_iter_values(0..5000))),
        ("target", Arc::new(Int64Array::from_iter_values(1..5001))),
    ]);
    let mut csv = String::new();
    for i in 0..5000 {
        writeln!(csv, "{i},{}", i * 7).unwrap();
    }
    let zstd = zstd::encode_all(csv.as_bytes(), 1).unwrap();
    let files = [
        ("a.parquet", parquet(&batch, 1000)),
        ("a.arrow", arrow_file(std::slice::from_ref(&batch))),
        ("a.arrows", arrow_stream(&[batch])),
        ("a.csv.gz", gzip(csv.as_bytes())),
        ("a.csv.zst", zstd),
    ];
    for (name, bytes) in files {
        assert!(read_from(&bytes[..], name, &ReadOptions::default()).is_ok(), "{name}");
        for keep in [bytes.len() / 2, bytes.len() - 9] {
            let error = message(read_from(&bytes[..keep], name, &ReadOptions::default()));
            assert!(error.starts_with(&format!("{name}: ")), "{error}");
            if name.contains(".csv") {
                assert!(error.contains("data is damaged or ends early"), "{error}");
            }
        }
    }
}

#[test]
fn a_decompression_bomb_meets_the_limit() {
    let zeros = "1,2\n".repeat(1 << 20);
    let options = ReadOptions { max_bytes: 1 << 20, ..ReadOptions::default() };
    let bombs = [
        ("a.csv.gz", gzip(zeros.as_bytes())),
        ("a.csv.zst", zstd::encode_all(zeros.as_bytes(), 1).unwrap()),
    ];
    for (name, bomb) in bombs {
        assert!(bomb.len() < 1 << 16);
        let error = message(read_from(&bomb[..], name, &options));
        assert_eq!(
            error,
            format!(
                "{name}: the data is larger than the limit of 1048576 bytes; raise `max_bytes` to read it"
            )
        );
    }
}

#[test]
fn options_of_delimited_text_are_checked() {
    let options = ReadOptions { delimiter: Some('é'), ..ReadOptions::default() };
    let error = message(text_with("a.csv", "1é2\n", &options));
    assert!(error.contains("`é` cannot separate fields"), "{error}");
}

#[test]
fn a_directory_is_no_file() {
    let folder = std::env::temp_dir();
    assert!(
        matches!(read(&folder, &ReadOptions::default()), Err(Error::InFile { path, .. }) if path == Path::new(&folder))
    );
}
