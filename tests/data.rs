//! The data in the repository is what its tables say.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use sha2::{Digest, Sha256};

/// Files and hashes that the table in `README.md` of `folder` lists.
fn listed(folder: &Path) -> BTreeMap<String, String> {
    let table = fs::read_to_string(folder.join("README.md")).unwrap();
    let lines = table.lines().filter_map(|line| {
        let cells: Vec<_> = line.trim_matches('|').split('|').map(str::trim).collect();
        let hash = cells.last()?.strip_prefix('`')?.strip_suffix('`')?;
        Some((cells[0].to_owned(), hash.to_owned()))
    });
    lines.collect()
}

/// The files in `folder` and their hashes, with `prefix` before their names.
fn found(folder: &Path, prefix: &str) -> BTreeMap<String, String> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| {
        let path = entry.unwrap().path();
        let hash = Sha256::digest(fs::read(&path).unwrap());
        let hex: Vec<_> = hash.iter().map(|byte| format!("{byte:02x}")).collect();
        (format!("{prefix}{}", path.file_name().unwrap().to_str().unwrap()), hex.concat())
    });
    entries.collect()
}

#[test]
fn every_graph_is_listed_with_its_hash() {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
    let found = found(&data.join("graphs"), "");
    assert!(found.len() >= 10, "only {} files", found.len());
    assert_eq!(found, listed(&data));
}

#[test]
fn every_bundled_dataset_is_listed_with_its_hash() {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("gad-eval/data");
    let sets = fs::read_dir(&data).unwrap().map(|entry| entry.unwrap().path());
    let mut all = BTreeMap::new();
    for set in sets.filter(|path| path.is_dir()) {
        let name = set.file_name().unwrap().to_str().unwrap();
        all.extend(found(&set, &format!("{name}/")));
    }
    assert!(all.len() >= 6, "only {} files", all.len());
    assert_eq!(all, listed(&data));
}
