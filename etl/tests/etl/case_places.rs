//! What a case reads is what it may read.

#![cfg(all(feature = "tables", unix))]

use std::os::unix::fs::symlink;
use std::path::Path;

use graph_etl::case::Case;
use graph_etl::source::{Source, SourceOptions};
use graph_etl::table::WriteOptions;
use graph_etl::{Control, Error};
use serde_json::Map;

use super::cases::{column, folder, places, rows, run};

/// Column `a` of what a case reads at `address`.
fn read(folder: &Path, address: &str) -> Result<Vec<String>, Error> {
    let text = format!("[[step]]\nverb = 'source'\nfrom = '{address}'");
    let bound = Case::parse(&text)?.bind(&Map::new())?;
    Ok(column(&rows(run(&bound, &places(folder))?.1), "a"))
}

#[test]
fn files_that_are_not_listed_are_not_read() {
    let outside =
        folder(&[("secret.csv", "a\nsecret\n"), ("secret.jsonl", "{\"a\": \"secret\"}\n")]);
    let folder = folder(&[
        ("hidden/a.csv", "a\nx\n"),
        ("marked/a.csv", "a\nx\n"),
        ("marked/empty.csv", ""),
        ("lines/a.jsonl", "{\"a\": \"x\"}\n"),
        ("pattern/b[1].csv", "a\nx\n"),
    ]);
    for (from, link) in [
        ("secret.csv", "hidden/.x.csv"),
        ("secret.csv", "marked/_x.csv"),
        ("secret.jsonl", "lines/.x.jsonl"),
        ("secret.csv", "pattern/b1.csv"),
    ] {
        symlink(outside.path().join(from), folder.path().join(link)).unwrap();
    }
    for address in [
        "hidden",
        "hidden/*.csv",
        "marked",
        "marked/[a-z]*.csv",
        "lines",
        "lines/*",
        "pattern/b[1].csv",
    ] {
        assert_eq!(read(folder.path(), address).unwrap(), ["x"], "{address}");
    }
    for address in ["hidden/.x.csv", "hidden/.*.csv", "marked/*.csv", "pattern", "pattern/b?.csv"] {
        let error = read(folder.path(), address).unwrap_err().to_string();
        assert!(error.contains("may not be read"), "{address}: {error}");
    }
}

#[test]
fn partitions_of_a_folder_are_columns() {
    let folder =
        folder(&[("text/a.csv", "a\nx\n"), ("text/k=0/b.csv", "a\ny\n"), ("parts/_done", "z")]);
    let source = |path: &str| {
        let path = folder.path().join(path);
        let source = Source::new(path.to_str().unwrap(), SourceOptions::default()).unwrap();
        source.open(&Control::NONE).unwrap().table
    };
    for (k, name) in ["text/a.csv", "text/k=0/b.csv"].iter().enumerate() {
        let to = folder.path().join(format!("parts/k={k}"));
        std::fs::create_dir_all(&to).unwrap();
        let to = to.join("p.parquet");
        let write = WriteOptions::default();
        source(name).write(to.to_str().unwrap(), &write, &Control::NONE).unwrap();
    }
    let found = source("parts").collect(&Control::NONE).unwrap();
    assert_eq!(column(&found, "a"), ["x", "y"]);
    assert_eq!(column(&found, "k"), ["0", "1"]);
    // A pattern has none, nor has text.
    assert_eq!(source("parts/*/p.parquet").schema().fields().len(), 1);
    assert_eq!(source("text").schema().fields().len(), 1);
}
