//! The data in the repository is what its table says.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use sha2::{Digest, Sha256};

#[test]
fn every_graph_is_listed_with_its_hash() {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
    let table = fs::read_to_string(data.join("README.md")).unwrap();
    let listed: BTreeMap<String, String> = table
        .lines()
        .filter_map(|line| {
            let cells: Vec<_> = line.trim_matches('|').split('|').map(str::trim).collect();
            let hash = cells.last()?.strip_prefix('`')?.strip_suffix('`')?;
            Some((cells[0].to_owned(), hash.to_owned()))
        })
        .collect();
    let found: BTreeMap<String, String> = fs::read_dir(data.join("graphs"))
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            let hash = Sha256::digest(fs::read(&path).unwrap());
            let hex: Vec<_> = hash.iter().map(|byte| format!("{byte:02x}")).collect();
            (path.file_name().unwrap().to_str().unwrap().to_owned(), hex.concat())
        })
        .collect();
    assert!(found.len() >= 10, "only {} files", found.len());
    assert_eq!(found, listed);
}
