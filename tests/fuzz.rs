//! The seeds that fuzzing begins with: one of each kind, and each one good.
//!
//! `GRAPHLUME_BLESS=1 cargo test --test fuzz` makes them anew.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, DictionaryArray, Float64Array, Int64Array, RecordBatch, StringArray,
    TimestampMicrosecondArray,
};
use arrow::datatypes::Int8Type;
use arrow::ipc::CompressionType;
use arrow::ipc::writer::{FileWriter, IpcWriteOptions, StreamWriter};
use graphlume::etl::expr::Expr;
use graphlume::etl::gfql::{Gfql, Limits};
use graphlume::{ReadOptions, WriteOptions, write_table};

/// A table with a column of each kind.
fn rows() -> RecordBatch {
    let text = |values: [&str; 4]| Arc::new(StringArray::from(values.to_vec())) as ArrayRef;
    let kinds: DictionaryArray<Int8Type> = ["x", "y", "x", "y"].into_iter().collect();
    let columns: [(&str, ArrayRef); 7] = [
        ("source", text(["a", "b", "c", "a"])),
        ("target", text(["b", "c", "a", "d"])),
        ("weight", Arc::new(Float64Array::from(vec![1.0, 2.5, 0.0, 4.0]))),
        ("n", Arc::new(Int64Array::from(vec![Some(1), None, Some(-3), Some(4)]))),
        ("ok", Arc::new(BooleanArray::from(vec![Some(true), None, Some(false), Some(true)]))),
        ("kind", Arc::new(kinds)),
        ("at", Arc::new(TimestampMicrosecondArray::from(vec![0, 1, 2, 3]))),
    ];
    RecordBatch::try_from_iter(columns).unwrap()
}

fn ipc(as_file: bool, compression: Option<CompressionType>) -> Vec<u8> {
    let options = IpcWriteOptions::default().try_with_compression(compression).unwrap();
    let (rows, mut bytes) = (rows(), Vec::new());
    if as_file {
        let mut writer =
            FileWriter::try_new_with_options(&mut bytes, &rows.schema(), options).unwrap();
        writer.write(&rows).unwrap();
        writer.finish().unwrap();
    } else {
        let mut writer =
            StreamWriter::try_new_with_options(&mut bytes, &rows.schema(), options).unwrap();
        writer.write(&rows).unwrap();
        writer.finish().unwrap();
    }
    bytes
}

fn parquet() -> Vec<u8> {
    let file = tempfile::Builder::new().suffix(".parquet").tempfile().unwrap();
    write_table(&rows(), file.path(), &WriteOptions::default()).unwrap();
    fs::read(file.path()).unwrap()
}

/// Targets, names and contents.
fn seeds() -> Vec<(&'static str, &'static str, Vec<u8>)> {
    let mut seeds = vec![
        ("arrow", "file", ipc(true, None)),
        ("arrow", "file-zstd", ipc(true, Some(CompressionType::ZSTD))),
        ("arrow", "stream", ipc(false, None)),
        ("arrow", "stream-lz4", ipc(false, Some(CompressionType::LZ4_FRAME))),
        ("parquet", "file", parquet()),
    ];
    let texts = [
        (
            "csv",
            "header",
            "source,target,weight,at\na,b,1.5,2024-02-29T10:00Z\nb,\"c \"\"d\"\"\",2,\n",
        ),
        ("csv", "snap", "# FromNodeId\tToNodeId\n1\t2\n2\t3\n"),
        ("csv", "semicolons", "\u{feff}a;b;w\r\n1;2;-3\r\n2;18446744073709551615;1e9\r\n"),
        (
            "json",
            "node-link",
            r#"{"directed": true, "nodes": [{"id": 1, "x": 0.5}, {"id": "q", "t": [1]}], "links": [{"source": 1, "target": "q", "w": null}]}"#,
        ),
        (
            "json",
            "lines",
            "{\"source\":\"a\\u00e9\",\"target\":\"b\",\"w\":1.5e3}\n{\"source\":\"b\",\"target\":\"\u{fc}\",\"n\":{\"k\":[1,-2]}}\n",
        ),
        (
            "json",
            "rows",
            r#"[{"source": "a", "target": "b", "w": 1}, {"source": "b", "target": "c", "w": true}]"#,
        ),
        (
            "xml",
            "graphml",
            "<graphml><key id='a' for='node' attr.name='n' attr.type='int'><default>3</default></key><graph edgedefault='directed'><node id='1'><data key='a'>4</data></node><node id='2&amp;'/><edge source='1' target='2&amp;'/></graph></graphml>",
        ),
        (
            "xml",
            "gexf",
            "<gexf><graph defaultedgetype='mutual'><nodes><node id='1' label='a'/><node id='2'/></nodes><edges><edge source='1' target='2' weight='0.5'/></edges></graph></gexf>",
        ),
        (
            "text",
            "gml",
            "graph [ directed 1 node [ id 1 label \"a&#233;\" ] node [ id 2 ] edge [ source 1 target 2 w -1e3 ] ]",
        ),
        (
            "text",
            "mtx",
            "%%MatrixMarket matrix coordinate real general\n% c\n3 3 2\n1 2 0.5\n3 1 1e5\n",
        ),
        ("text", "metis", "% c\n3 2 111 2\n1 2 3 2 9\n1 5 5 1 9 3 8\n0 0 0 2 8\n"),
    ];
    seeds.extend(texts.map(|(target, name, text)| (target, name, text.as_bytes().to_vec())));
    for (name, text) in EXPRESSIONS {
        seeds.push(("expression", name, text.as_bytes().to_vec()));
    }
    for (name, text) in QUERIES {
        seeds.push(("gfql", name, text.as_bytes().to_vec()));
    }
    for (name, lines) in STEERING {
        seeds.push(("steering", name, lines.join("\n").into_bytes()));
    }
    seeds
}

const EXPRESSIONS: [(&str, &str); 6] = [
    ("logic", "NOT (a > 2.5 AND b LIKE 'x%') OR ok IS NOT NULL"),
    ("numbers", "a * 2 - n / 3 % 4 < -1e3"),
    ("text", "upper(trim(b)) IN ('X', 'Y''s', NULL)"),
    ("times", "t >= TIMESTAMP '2024-02-29 10:00:00' - INTERVAL '3 days' AND d = DATE '2024-01-01'"),
    ("cases", "CASE WHEN n BETWEEN 1 AND 5 THEN a ELSE coalesce(a, 0.0) END > 1"),
    ("casts", "CAST(b AS DOUBLE) = a AND \"a\" <> 3"),
];

const QUERIES: [(&str, &str); 3] = [
    (
        "steps",
        r#"[{"type": "Node", "filter_dict": {"id": "a"}}, {"type": "Edge", "direction": "forward", "hops": 2}, {"type": "Node"}]"#,
    ),
    (
        "predicates",
        r#"[{"type": "Edge", "direction": "reverse", "edge_match": {"w": {"type": "GT", "val": 1}, "kind": {"type": "IsIn", "options": ["x", "y"]}}, "to_fixed_point": true}]"#,
    ),
    (
        "chain",
        r#"{"type": "Chain", "chain": [{"type": "Node", "name": "n", "query": "id == 'a'"}, {"type": "Edge", "direction": "undirected"}]}"#,
    ),
];

/// What viewers say to a layout, a message a line. That a server obeys it is tested with the server.
const STEERING: [(&str, &[&str]); 3] = [
    (
        "moves",
        &[
            r#"{"type":"move","nodes":[0,11],"x":[1.5,-1e18],"y":[-2.25,0]}"#,
            r#"{"type":"pin","nodes":[0,3]}"#,
            r#"{"type":"step","n":2}"#,
            r#"{"type":"unpin","nodes":[3]}"#,
            r#"{"type":"play"}"#,
        ],
    ),
    (
        "options",
        &[
            r#"{"type":"options","options":{"gravity":3.5,"lin_log":true,"strong_gravity":true,"scaling":10}}"#,
            r#"{"type":"restart","seed":7}"#,
            r#"{"type":"options","options":{"gravity":0,"edge_weight_influence":2,"jitter_tolerance":0.1}}"#,
            r#"{"type":"pause"}"#,
        ],
    ),
    ("frames", &[r#"{"type":"ack","sequence":7}"#, r#"{"type":"key"}"#, r#"{"type":"restart"}"#]),
];

/// Names of files that each content is read under.
fn names(target: &str) -> &'static [&'static str] {
    match target {
        "arrow" => &["a.arrow"],
        "parquet" => &["a.parquet"],
        "csv" => &["a.csv"],
        "json" => &["a.json", "a.jsonl"],
        "xml" => &["a.graphml", "a.gexf"],
        "text" => &["a.gml", "a.mtx", "a.metis"],
        _ => &[],
    }
}

#[test]
fn every_seed_is_good_and_kept() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds");
    let bless = std::env::var_os("GRAPHLUME_BLESS").is_some();
    for (target, name, bytes) in seeds() {
        match target {
            "expression" => drop(std::str::from_utf8(&bytes).unwrap().parse::<Expr>().unwrap()),
            "gfql" => {
                Gfql::parse(std::str::from_utf8(&bytes).unwrap(), &Limits::default()).unwrap();
            }
            "steering" => {
                for line in std::str::from_utf8(&bytes).unwrap().lines() {
                    let message: serde_json::Value = serde_json::from_str(line).unwrap();
                    assert!(message["type"].is_string(), "{line}");
                }
            }
            files => {
                let read = |file: &&str| {
                    graphlume::graph::read_from(&bytes[..], file, &ReadOptions::default()).is_ok()
                };
                assert!(names(files).iter().any(read), "{target}/{name}");
            }
        }
        let path = folder.join(target).join(name);
        if bless {
            fs::create_dir_all(folder.join(target)).unwrap();
            fs::write(&path, &bytes).unwrap();
        }
        // A writer of a later version may write other bytes: those that are kept are good still.
        assert!(path.is_file(), "{}", path.display());
    }
}
