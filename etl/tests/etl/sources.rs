//! Sources as tables: files and datasets, an object store, databases and the web.

#![cfg(feature = "tables")]
#![expect(clippy::print_stdout, reason = "a test hears what it says when it is run once more")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::HashMap;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

use arrow::array::RecordBatch;
use arrow::util::display::array_value_to_string;
use graph_core::Format;
use graph_etl::source::{ColumnType, Fault, GraphPart, Source, SourceKind, SourceOptions};
use graph_etl::table::{ScanOptions, Table, WriteOptions};
use graph_etl::{Control, Error};
use tempfile::TempDir;

fn open(address: &str, options: SourceOptions) -> Result<RecordBatch, Error> {
    let opened = Source::new(address, options)?.open(&Control::NONE)?;
    opened.table.collect(&Control::NONE)
}

fn usual(address: &str) -> RecordBatch {
    open(address, SourceOptions::default()).unwrap()
}

fn fault(address: &str, options: SourceOptions) -> Fault {
    match open(address, options).unwrap_err() {
        Error::Source(error) => error.fault,
        error => panic!("{error}"),
    }
}

/// Rows with commas between values and bars between rows.
fn rows(batch: &RecordBatch) -> String {
    let row = |i| {
        let values = batch.columns().iter().map(|column| array_value_to_string(column, i).unwrap());
        values.collect::<Vec<_>>().join(",")
    };
    (0..batch.num_rows()).map(row).collect::<Vec<_>>().join("|")
}

fn names(batch: &RecordBatch) -> Vec<String> {
    batch.schema().fields().iter().map(|field| field.name().clone()).collect()
}

fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

#[test]
fn text_files_are_read_as_they_are_written() {
    let folder = folder(&[
        ("comma.csv", "a,b\n1,x\n2,y\n"),
        ("semicolon.csv", "a;b\n1;x,y\n2;z,z\n"),
        ("tab.tsv", "a\tb\n1\tx\n"),
        ("bare.csv", "1,x\n2,y\n"),
        ("lines.jsonl", "{\"a\":1,\"b\":\"x\"}\n{\"a\":2,\"b\":null}\n"),
        ("list.json", "[{\"a\":1,\"b\":\"x\"}]"),
        ("deep.json", "{\"data\":{\"items\":[{\"a\":1},{\"a\":2}]}}"),
        ("none.json", "[]"),
        ("typed.csv", "n,at\n1,2024-02-29T10:00:00\n2,\n"),
        ("typed.json", "[{\"n\":1,\"at\":\"2024-02-29T10:00:00\"},{\"n\":2,\"at\":null}]"),
        ("typed.jsonl", "{\"n\":1,\"at\":\"2024-02-29T10:00:00\"}\n{\"n\":2,\"at\":null}\n"),
        ("unnamed", "a,b\n1,x\n"),
    ]);
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    assert_eq!(rows(&usual(&path("comma.csv"))), "1,x|2,y");
    assert_eq!(rows(&usual(&path("semicolon.csv"))), "1,x,y|2,z,z");
    assert_eq!(names(&usual(&path("semicolon.csv"))), ["a", "b"]);
    assert_eq!(rows(&usual(&path("tab.tsv"))), "1,x");
    let bare = SourceOptions { header: Some(false), ..SourceOptions::default() };
    assert_eq!(rows(&open(&path("bare.csv"), bare).unwrap()), "1,x|2,y");
    assert_eq!(rows(&usual(&path("lines.jsonl"))), "1,x|2,");
    assert_eq!(rows(&usual(&path("list.json"))), "1,x");
    assert_eq!(usual(&path("none.json")).num_rows(), 0);
    assert_eq!(rows(&usual(&path("unnamed"))), "1,x");
    let deep = SourceOptions { records: Some("/data/items".into()), ..SourceOptions::default() };
    assert_eq!(rows(&open(&path("deep.json"), deep).unwrap()), "1|2");
    assert!(matches!(fault(&path("deep.json"), SourceOptions::default()), Fault::NoRecords { .. }));
    assert!(matches!(fault(&path("no.csv"), SourceOptions::default()), Fault::Io(_)));
    let wrong = SourceOptions { records: Some("/a".into()), ..SourceOptions::default() };
    assert!(matches!(fault(&path("comma.csv"), wrong), Fault::NotForThis { .. }));
    let types = [("n".to_owned(), ColumnType::Float64), ("at".to_owned(), ColumnType::Timestamp)];
    let typed = SourceOptions { types: types.clone().into(), ..SourceOptions::default() };
    for name in ["typed.jsonl", "typed.json", "typed.csv"] {
        let batch = open(&path(name), typed.clone()).unwrap();
        assert_eq!(rows(&batch), "1.0,2024-02-29T10:00:00|2.0,", "{name}");
    }
    let types = [("nn".to_owned(), ColumnType::Float64)];
    let wrong = SourceOptions { types: types.into(), ..SourceOptions::default() };
    for name in ["typed.jsonl", "typed.json", "typed.csv"] {
        let error = open(&path(name), wrong.clone()).unwrap_err().to_string();
        assert!(error.contains("`nn`") && error.contains("`n`"), "{name}: {error}");
    }
    let wrong = SourceOptions { nulls: vec!["NA".into()], ..SourceOptions::default() };
    assert!(matches!(fault(&path("typed.jsonl"), wrong), Fault::NotForThis { .. }));
    let table = Table::from_batch(usual(&path("typed.csv"))).unwrap();
    table.write(&path("a.parquet"), &WriteOptions::default(), &Control::NONE).unwrap();
    assert!(matches!(fault(&path("a.parquet"), typed), Fault::NotForThis { .. }));
    let wrong = SourceOptions { delimiter: Some('ü'), ..SourceOptions::default() };
    assert!(matches!(fault(&path("comma.csv"), wrong), Fault::BadAddress { .. }));
}

#[test]
fn folders_patterns_and_datasets_are_one_table() {
    let folder = folder(&[("in/a.csv", "x\n1\n"), ("in/b.csv", "x\n2\n"), ("other.txt", "")]);
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    assert_eq!(rows(&usual(&path("in"))), "1|2");
    assert_eq!(rows(&usual(&path("in/*.csv"))), "1|2");
    let named = SourceOptions { path_column: Some("file".into()), ..SourceOptions::default() };
    let batch = open(&path("in/*.csv"), named).unwrap();
    assert_eq!(names(&batch), ["x", "file"]);
    assert!(rows(&batch).contains("b.csv"));
    for year in [2025, 2026] {
        fs::create_dir_all(path(&format!("data/year={year}"))).unwrap();
        let table = usual(&path("in/a.csv"));
        let to = path(&format!("data/year={year}/part.parquet"));
        let table = Table::from_batch(table).unwrap();
        table.write(&to, &WriteOptions::default(), &Control::NONE).unwrap();
    }
    let batch = usual(&path("data"));
    assert_eq!(names(&batch), ["x", "year"]);
    assert_eq!(rows(&batch), "1,2025|1,2026");
    let source = Source::new(&path("data"), SourceOptions::default()).unwrap();
    assert_eq!(source.open(&Control::NONE).unwrap().rows, Some(2));
    assert!(matches!(fault(&path("*.parquet"), SourceOptions::default()), Fault::NoFiles));
    fs::copy(path("data/year=2025/part.parquet"), path("in/c.parquet")).unwrap();
    assert!(matches!(fault(&path("in"), SourceOptions::default()), Fault::MixedFormats { .. }));
}

#[test]
fn lines_that_are_no_rows_are_passed_over_and_missing_columns_are_null() {
    let folder = folder(&[("notes.csv", "# made, by hand\na;b\n1;x\n# more\n2;y\n")]);
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let noted = SourceOptions { comment: Some("#".into()), ..SourceOptions::default() };
    let both = open(&path("notes.csv"), noted.clone()).unwrap();
    assert_eq!(rows(&both), "1,x|2,y");
    let none = SourceOptions { comment: Some(String::new()), ..SourceOptions::default() };
    assert!(matches!(fault(&path("notes.csv"), none), Fault::BadAddress { .. }));

    fs::create_dir(path("parts")).unwrap();
    let both = Table::from_batch(both).unwrap();
    for (name, table) in
        [("parts/1.parquet", &both), ("parts/2.parquet", &both.drop(&["b"]).unwrap())]
    {
        table.write(&path(name), &WriteOptions::default(), &Control::NONE).unwrap();
    }
    assert!(open(&path("parts"), SourceOptions::default()).is_err());
    let missing = SourceOptions { missing_columns: true, ..SourceOptions::default() };
    let all = open(&path("parts"), missing.clone()).unwrap();
    assert_eq!((all.num_rows(), all.column(1).null_count()), (4, 2));
    assert!(matches!(fault(&path("parts"), noted), Fault::NotForThis { .. }));
    assert!(matches!(fault(&path("notes.csv"), missing), Fault::NotForThis { .. }));
}

#[test]
fn graph_files_give_edges_or_nodes() {
    let text = "graph [ node [ id 1 label \"a\" ] node [ id 2 label \"b\" ] node [ id 3 label \"c\" ] \
                edge [ source 1 target 2 value 7 ] ]";
    let folder = folder(&[
        ("g.gml", text),
        (
            "links.json",
            "{\"nodes\":[{\"id\":1},{\"id\":2}],\"links\":[{\"source\":1,\"target\":2}]}",
        ),
    ]);
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    assert_eq!(usual(&path("g.gml")).num_rows(), 1);
    let nodes = SourceOptions { part: GraphPart::Nodes, ..SourceOptions::default() };
    assert_eq!(open(&path("g.gml"), nodes.clone()).unwrap().num_rows(), 3);
    assert_eq!(rows(&usual(&path("links.json"))), "1,2");
    assert_eq!(rows(&open(&path("links.json"), nodes).unwrap()), "1|2");
    fs::write(path("broken.gml"), "graph [").unwrap();
    let error = open(&path("broken.gml"), SourceOptions::default()).unwrap_err().to_string();
    assert_eq!(error.matches("broken.gml").count(), 1, "{error}");
}

#[test]
fn databases_become_tables_and_are_probed_without_their_rows() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    let database = rusqlite::Connection::open(&path).unwrap();
    database
        .execute_batch(
            "CREATE TABLE t (n INTEGER, s TEXT); INSERT INTO t VALUES (1, 'x'), (2, NULL);",
        )
        .unwrap();
    let source = Source::new(path.to_str().unwrap(), SourceOptions::default()).unwrap();
    assert_eq!(source.kind(), SourceKind::Sqlite);
    let probed = source.probe(&Control::NONE).unwrap();
    assert_eq!(probed.rows, Some(2));
    assert_eq!(probed.table.count(&Control::NONE).unwrap(), 0);
    let opened = source.open(&Control::NONE).unwrap();
    assert_eq!(opened.table.schema().fields(), probed.table.schema().fields());
    assert_eq!(rows(&opened.table.collect(&Control::NONE).unwrap()), "1,x|2,");
}

/// Answers requests for the objects in `objects`, also for ranges and lists, as S3 does; the rest
/// is not found.
fn serve(objects: HashMap<String, Vec<u8>>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let objects = Arc::new(objects);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let objects = Arc::clone(&objects);
            thread::spawn(move || while answer(&stream, &objects).is_some() {});
        }
    });
    address
}

fn answer(stream: &TcpStream, objects: &HashMap<String, Vec<u8>>) -> Option<()> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|&n| 0 < n)?;
    let (method, target) = (line.split(' ').next()?.to_owned(), line.split(' ').nth(1)?.to_owned());
    let mut range = None;
    let mut length = 0;
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).ok()?;
        let (name, value) = match header.trim().split_once(':') {
            Some((name, value)) => (name.to_ascii_lowercase(), value.trim().to_owned()),
            None => break,
        };
        match name.as_str() {
            "range" => range = Some(value),
            "content-length" => length = value.parse().ok()?,
            _ => {}
        }
    }
    reader.by_ref().take(length).read_to_end(&mut Vec::new()).ok()?;
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    // Google's client writes more letters as their codes than it needs to.
    let path = path.replace("%2E", ".").replace("%2F", "/");
    let mut out = stream;
    if query.contains("list-type=2") {
        let keys = objects.iter().map(|(key, body)| {
            let key = key.trim_start_matches("/bucket/");
            format!("<Contents><Key>{key}</Key><LastModified>2026-01-01T00:00:00.000Z</LastModified><ETag>\"e\"</ETag><Size>{}</Size></Contents>", body.len())
        });
        let keys: String = keys.collect();
        let body = format!(
            "<?xml version=\"1.0\"?><ListBucketResult><IsTruncated>false</IsTruncated>{keys}</ListBucketResult>"
        );
        write!(out, "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len()).ok()?;
        return Some(());
    }
    let Some(body) = objects.get(&path) else {
        write!(out, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n").ok()?;
        return Some(());
    };
    let n = body.len();
    let common =
        "ETag: \"e\"\r\nLast-Modified: Thu, 01 Jan 2026 00:00:00 GMT\r\nAccept-Ranges: bytes\r\n";
    let bounds = range.and_then(|range| {
        let (first, last) = range.strip_prefix("bytes=")?.split_once('-')?;
        Some(match (first.parse::<usize>().ok(), last.parse::<usize>().ok()) {
            (Some(first), last) => (first, last.map_or(n, |last| n.min(last + 1))),
            (None, last) => (n.saturating_sub(last?), n),
        })
    });
    let (status, (first, end)) = match bounds {
        Some(bounds) => ("206 Partial Content", bounds),
        None => ("200 OK", (0, n)),
    };
    let place = format!("Content-Range: bytes {first}-{}/{n}\r\n", end.max(1) - 1);
    let place = if bounds.is_some() { place } else { String::new() };
    write!(out, "HTTP/1.1 {status}\r\n{common}{place}Content-Length: {}\r\n\r\n", end - first)
        .ok()?;
    if method != "HEAD" {
        out.write_all(&body[first..end]).ok()?;
    }
    Some(())
}

/// A variable of the environment cannot be set in a test of a safe crate, so the program that reads
/// the stores is this test, run once more with them.
#[test]
fn objects_are_read_with_credentials_from_the_environment() {
    if let Ok(store) = std::env::var("GRAPHLUME_TEST_OBJECTS") {
        assert_eq!(rows(&usual(&format!("{store}://bucket/a.csv"))), "1,x|2,y");
        let one = usual(&format!("{store}://bucket/data/1.parquet"));
        assert_eq!(rows(&one), "7");
        let source = Source::new(&format!("{store}://bucket/a.csv"), SourceOptions::default());
        assert_eq!(source.unwrap().kind(), SourceKind::Objects);
        let none = format!("{store}://bucket/none.csv");
        let error = open(&none, SourceOptions::default()).unwrap_err().to_string();
        assert!(error.starts_with(&format!("{none}: ")), "{error}");
        assert!(!error.contains("verysecret"), "{error}");
        if store == "s3" {
            let pattern = "s3://bucket/data/*.parquet";
            assert_eq!(rows(&usual(pattern)), "7|7");
            let source = Source::new(pattern, SourceOptions::default()).unwrap();
            assert_eq!(source.open(&Control::NONE).unwrap().rows, Some(2));
        }
        return;
    }
    let folder = folder(&[("x.csv", "n\n7\n")]);
    let parquet = folder.path().join("x.parquet");
    let table = Table::from_batch(usual(folder.path().join("x.csv").to_str().unwrap())).unwrap();
    table.write(parquet.to_str().unwrap(), &WriteOptions::default(), &Control::NONE).unwrap();
    let parquet = fs::read(parquet).unwrap();
    let url = serve(HashMap::from([
        ("/bucket/a.csv".to_owned(), b"a,b\n1,x\n2,y\n".to_vec()),
        ("/bucket/data/1.parquet".to_owned(), parquet.clone()),
        ("/bucket/data/2.parquet".to_owned(), parquet),
    ]));
    let account = serde_json::json!({
        "gcs_base_url": url, "disable_oauth": true, "client_email": "someone", "private_key": "",
        "private_key_id": "",
    });
    let stores = [
        (
            "s3",
            vec![
                ("AWS_ACCESS_KEY_ID", "someone".to_owned()),
                ("AWS_SECRET_ACCESS_KEY", "verysecret".to_owned()),
                ("AWS_REGION", "us-east-1".to_owned()),
                ("AWS_ENDPOINT_URL", url.clone()),
                ("AWS_ALLOW_HTTP", "true".to_owned()),
            ],
        ),
        ("gs", vec![("GOOGLE_SERVICE_ACCOUNT_KEY", account.to_string())]),
        (
            "az",
            vec![
                ("AZURE_STORAGE_ACCOUNT_NAME", "someone".to_owned()),
                ("AZURE_STORAGE_ACCOUNT_KEY", "dmVyeXNlY3JldA==".to_owned()),
                ("AZURE_STORAGE_ENDPOINT", url.clone()),
                ("AZURE_ALLOW_HTTP", "true".to_owned()),
            ],
        ),
    ];
    for (store, variables) in stores {
        let (success, text) = with_environment(
            "objects_are_read_with_credentials_from_the_environment",
            store,
            &variables,
        );
        assert!(success, "{store}: {text}");
    }
}

/// Runs a test of this file once more, with variables; gives whether it ran and passed, and what it printed.
fn with_environment(test: &str, value: &str, variables: &[(&str, String)]) -> (bool, String) {
    let mut command = std::process::Command::new(std::env::current_exe().unwrap());
    for (name, _) in std::env::vars() {
        if ["AWS_", "AZURE_", "GOOGLE_"].iter().any(|begin| name.starts_with(begin)) {
            command.env_remove(name);
        }
    }
    let test = format!("sources::{test}");
    command.args([test.as_str(), "--exact", "--nocapture"]).env("GRAPHLUME_TEST_OBJECTS", value);
    let output = command.envs(variables.iter().map(|(k, v)| (k, v))).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    (output.status.success(), text.into_owned())
}

#[test]
fn options_that_no_store_has_are_refused() {
    let refused = |url: &str, name: &str| {
        let store = [(name.to_owned(), "hunter2".to_owned())].into_iter().collect();
        let options = SourceOptions { store, allow_private: true, ..SourceOptions::default() };
        open(url, options).unwrap_err().to_string()
    };
    for (url, name, said) in [
        ("s3://b/a.csv", "aws_regin", "stores `aws_regin`; did you mean `aws_region`?"),
        ("gs://b/a.csv", "google_servis_account", "did you mean `google_service_account`?"),
        ("az://b/a.csv", "region of the moon", "no option of object stores `region of the moon`"),
    ] {
        let error = refused(url, name);
        assert!(error.contains(said) && !error.contains("hunter2"), "{error}");
    }
}

#[test]
fn stores_that_are_not_configured_say_what_is_missing() {
    if let Ok(url) = std::env::var("GRAPHLUME_TEST_OBJECTS") {
        let error = open(&url, SourceOptions::default()).unwrap_err().to_string();
        println!("error: {error}");
        return;
    }
    let absent = ("GOOGLE_SERVICE_ACCOUNT", "/no/such/account.json".to_owned());
    for (url, variables, named) in [
        ("az://container/a.csv", vec![], "ccount"),
        ("gs://bucket/a.csv", vec![absent], "/no/such/account.json"),
    ] {
        let test = "stores_that_are_not_configured_say_what_is_missing";
        let (success, text) = with_environment(test, url, &variables);
        let error = text.lines().find(|line| line.contains("error: ")).unwrap_or_default();
        assert!(success && error.contains(url) && error.contains(named), "{url}: {text}");
    }
}

#[test]
fn pages_of_the_web_become_tables() {
    let url = serve(HashMap::from([
        ("/a.csv".to_owned(), b"a,b\n1,x\n".to_vec()),
        ("/items.json".to_owned(), b"{\"items\":[{\"a\":1},{\"a\":2}]}".to_vec()),
    ]));
    assert_eq!(rows(&usual(&format!("{url}/a.csv"))), "1,x");
    let items = SourceOptions { records: Some("/items".into()), ..SourceOptions::default() };
    assert_eq!(rows(&open(&format!("{url}/items.json"), items).unwrap()), "1|2");
    let said = SourceOptions { format: Some(Format::Csv), ..SourceOptions::default() };
    assert!(matches!(fault(&format!("{url}/gone"), said), Fault::Status { status: 404 }));
    let public = SourceOptions { allow_private: false, ..SourceOptions::default() };
    assert!(matches!(fault(&format!("{url}/a.csv"), public), Fault::Private { .. }));
}

#[test]
fn files_of_json_are_blamed_for_what_is_wrong_in_them() {
    let folder = folder(&[("a.jsonl", "{\"a\":\"x\"}\n"), ("empty.jsonl", "")]);
    let scan = |name: &str| {
        let path = folder.path().join(name);
        Table::scan(path.to_str().unwrap(), &ScanOptions::default())
    };
    let table = scan("").unwrap().with_column("b", &"CAST(a AS BIGINT)".parse().unwrap());
    let error = table.unwrap().collect(&Control::NONE).unwrap_err();
    assert!(matches!(error, Error::Engine { .. }), "{error}");
    let error = scan("empty.jsonl").unwrap_err();
    assert!(error.to_string().ends_with("empty.jsonl: the file is empty"), "{error}");
}
