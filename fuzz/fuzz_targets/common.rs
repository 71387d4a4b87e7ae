//! What the targets share.

use std::io::Write;
use std::sync::Once;

use arrow::array::Array as _;
use graph_core::{Graph, ReadOptions};

/// Largest file that one may become.
const MOST_BYTES: u64 = 8 << 20;

/// Panics that are caught are no failures: the decoder of Arrow is known to panic, and its caller to catch that.
pub fn quiet() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        std::panic::set_hook(Box::new(|panic| {
            if std::env::var_os("FUZZ_VERBOSE").is_some() {
                eprintln!("{panic}");
            }
        }))
    });
}

/// Reads `bytes` as a file of that name, as a graph.
pub fn read(bytes: &[u8], name: &str) {
    quiet();
    let options = ReadOptions { max_bytes: MOST_BYTES, drop_null: true, ..ReadOptions::default() };
    match graph_core::read_from(bytes, name, &options) {
        Ok((graph, _)) => check(&graph),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

/// As [`read`], of a table.
pub fn read_table(bytes: &[u8], suffix: &str) {
    quiet();
    let folder = std::env::temp_dir();
    let path = folder.join(format!("graphlume-fuzz-{}{suffix}", std::process::id()));
    let written = std::fs::File::create(&path).and_then(|mut file| file.write_all(bytes));
    written.expect("the folder for temporary files should take a file");
    let options =
        graph_core::ReadOptions { max_bytes: MOST_BYTES, ..graph_core::ReadOptions::default() };
    match graph_core::read_table_with(&path, &options) {
        Ok(table) => table.columns().iter().for_each(|column| {
            column.to_data().validate_full().expect("an array should be what its type says");
        }),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

/// That a graph is what its invariants say.
fn check(graph: &Graph) {
    assert_eq!(graph.nodes().num_rows(), graph.n_nodes());
    assert_eq!(graph.edges().num_rows(), graph.n_edges());
    for column in graph.nodes().columns().iter().chain(graph.edges().columns()) {
        column.to_data().validate_full().expect("an array should be what its type says");
    }
    let n_directions = graph.out_edges().n_edges();
    assert!(n_directions >= graph.n_edges());
}
