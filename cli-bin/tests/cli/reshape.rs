//! `graphlume reshape` as its users run it.

#![cfg(feature = "tables")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

/// A folder with a directed graph of seven nodes: a cycle of three with a tail, twice an edge, a loop, and
/// two nodes of their own.
fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let edges = "source,target,weight\na,b,1\nb,c,2\nc,a,3\nc,d,4\nc,d,5\nd,d,6\nx,y,7\n";
    fs::write(folder.path().join("edges.csv"), edges).unwrap();
    let nodes = "id,kind,size\na,p,1\nb,p,2\nc,q,3\nd,q,4\nx,p,5\ny,,6\nz,r,7\n";
    fs::write(folder.path().join("nodes.csv"), nodes).unwrap();
    folder
}

fn reshape(folder: &TempDir, args: &[&str]) -> Output {
    let given = ["reshape", "edges.csv", "--nodes", "nodes.csv", "--directed"];
    Command::new(env!("CARGO_BIN_EXE_graphlume"))
        .current_dir(folder.path())
        .args(given)
        .args(args)
        .output()
        .unwrap()
}

/// The edges that are left, as `a-b` with their weights, in order.
fn edges(args: &[&str]) -> Vec<String> {
    let folder = folder();
    let output = reshape(&folder, &[args, &["-o", "out.csv"]].concat());
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{args:?}: {errors}");
    let text = fs::read_to_string(folder.path().join("out.csv")).unwrap();
    // A sum of whole weights is a number with a point, or none.
    let plain = |line: &str| line.strip_suffix(".0").unwrap_or(line).to_owned();
    let mut edges: Vec<String> = text.lines().skip(1).map(plain).collect();
    edges.sort();
    edges
}

#[test]
fn each_verb_does_what_it_says() {
    for (args, expected) in [
        (&["--reverse", "--keep-edges", "weight = 1"][..], &["b,a,1"][..]),
        (
            &["--drop-self-loops", "--deduplicate", "--keep-edges", "source = 'c'"],
            &["c,a,3", "c,d,9"],
        ),
        (&["--drop-self-loops", "--deduplicate=max", "--keep-edges", "target = 'd'"], &["c,d,5"]),
        (&["--keep-nodes", "kind = 'q'"], &["c,d,4", "c,d,5", "d,d,6"]),
        (&["--drop-nodes", "kind IN ('q', 'r')"], &["a,b,1", "x,y,7"]),
        (&["--drop-edges", "weight < 6"], &["d,d,6", "x,y,7"]),
        (&["--largest-component", "--drop-edges", "weight < 6"], &["d,d,6"]),
        (&["--hops", "1", "--from", "id = 'a'"], &["a,b,1"]),
        (&["--hops", "1", "--from", "id = 'a'", "--direction", "both"], &["a,b,1", "c,a,3"]),
        (
            &["--hops", "all", "--from", "id = 'a'", "--through", "weight <= 3"],
            &["a,b,1", "b,c,2", "c,a,3"],
        ),
        (&["--hops", "all", "--from", "id = 'a'", "--entering", "size < 3"], &["a,b,1"]),
        (&["--hops", "all", "--from", "id = 'x'", "--leaving", "kind = 'q'"], &[]),
        (
            &["--drop-directions", "--drop-self-loops", "--spanning-forest"],
            &["a,b,1", "b,c,2", "c,d,4", "x,y,7"],
        ),
        (
            &["--drop-directions", "--drop-self-loops", "--spanning-forest=max"],
            &["b,c,2", "c,a,3", "c,d,5", "x,y,7"],
        ),
    ] {
        assert_eq!(edges(args), expected, "{args:?}");
    }
}

#[test]
fn counts_come_after_each_verb_and_columns_with_nodes() {
    let folder = folder();
    let output = reshape(&folder, &["--prune-orphans", "--contract", "kind", "--json"]);
    let found: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(found["steps"][0]["n_nodes"], 6);
    // `p`, `q` and the node without a kind.
    assert_eq!((&found["n_nodes"], &found["n_edges"]), (&Value::from(3), &Value::from(3)));

    let args = ["--levels=depth", "-o", "edges2.csv", "--nodes-out", "levels.csv"];
    let output = reshape(
        &folder,
        &[&["--drop-self-loops", "--drop-edges", "source = 'c'"], &args[..]].concat(),
    );
    assert_eq!(
        String::from_utf8(output.stdout).unwrap(),
        "--drop-self-loops: 7 nodes, 6 edges\n--drop-edges: 7 nodes, 3 edges\n--levels: 7 nodes, 3 edges\n"
    );
    let levels = fs::read_to_string(folder.path().join("levels.csv")).unwrap();
    let depth = levels.lines().next().unwrap().split(',').position(|name| name == "depth").unwrap();
    let of = |id: &str| {
        let line = levels.lines().find(|line| line.starts_with(&format!("{id},"))).unwrap();
        line.split(',').nth(depth).unwrap().to_owned()
    };
    assert_eq!([of("a"), of("b"), of("c"), of("x"), of("y")], ["0", "1", "2", "0", "1"]);
}

#[test]
fn a_contracted_graph_is_read_back_with_the_group_without_a_value() {
    let folder = folder();
    let out =
        ["--contract", "kind", "--self-loops", "-o", "kinds.csv", "--nodes-out", "kinds-nodes.csv"];
    let output = reshape(&folder, &out);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let nodes = fs::read_to_string(folder.path().join("kinds-nodes.csv")).unwrap();
    assert_eq!(nodes, "kind,n_nodes\np,3\nq,2\nnull,1\nr,1\n");
    let again = Command::new(env!("CARGO_BIN_EXE_graphlume"))
        .current_dir(folder.path())
        .args(["reshape", "kinds.csv", "--nodes", "kinds-nodes.csv", "--directed"])
        .args(["--keep-nodes", "kind IN ('p', 'null')", "--json"])
        .output()
        .unwrap();
    assert!(again.status.success(), "{}", String::from_utf8_lossy(&again.stderr));
    let found: Value = serde_json::from_slice(&again.stdout).unwrap();
    // `a` to `b`, and `x` to `y`, which has no kind.
    assert_eq!((&found["n_nodes"], &found["n_edges"]), (&Value::from(2), &Value::from(2)));
}

#[test]
fn nodes_are_numbered_anew() {
    let nodes = |args: &[&str]| {
        let folder = folder();
        let out = ["-o", "edges2.csv", "--nodes-out", "nodes2.csv"];
        let output = reshape(&folder, &[args, &out].concat());
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let text = fs::read_to_string(folder.path().join("nodes2.csv")).unwrap();
        text.lines().map(str::to_owned).collect::<Vec<_>>()
    };
    let turned = ["--keep-nodes", "id != 'b'", "--reverse"];
    let with = |verb: &[&str]| nodes(&[&turned, verb].concat());
    let head = "id,kind,size";
    // Edges are a-c, d-c twice, d-d and y-x now; `z` has none.
    let used = ["a,p,1", "c,q,3", "d,q,4", "y,,6", "x,p,5"];
    assert_eq!(with(&["--relabel", "first-use"]), [&[head][..], &used, &["z,r,7"]].concat());
    assert_eq!(with(&["--compact"]), [&[head][..], &used].concat());
    assert_eq!(with(&["--materialize-nodes"]), ["id", "a", "d", "y", "c", "x"]);
    assert_eq!(with(&["--relabel", "degree"])[1..3], ["d,q,4", "c,q,3"]);
}

#[test]
fn samples_repeat_and_mistakes_are_told_before_anything_is_read() {
    let folder = folder();
    let counted = |args: &[&str]| {
        let output = reshape(&folder, &[args, &["--json"]].concat());
        let found: Value = serde_json::from_slice(&output.stdout).unwrap();
        (found["n_nodes"].as_u64().unwrap(), found["n_edges"].as_u64().unwrap())
    };
    assert_eq!(counted(&["--sample-nodes", "3", "--seed", "1"]).0, 3);
    assert_eq!(counted(&["--sample-edges", "3"]).1, 3);
    assert_eq!(counted(&["--forest-fire", "50%", "--spread", "0.5,0.1"]).0, 4);
    assert_eq!(
        edges(&["--sample-edges", "4", "--seed", "9"]),
        edges(&["--sample-edges", "4", "--seed", "9"])
    );
    let error = |args: &[&str]| {
        let output = reshape(&folder, args);
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        String::from_utf8(output.stderr).unwrap()
    };
    assert!(error(&["--keep-nodes", "knd = 'p'"]).contains("did you mean `kind`?"));
    assert!(error(&["--keep-nodes", "size + 1"]).contains("--keep-nodes"));
    assert!(error(&["--contract", "knd"]).contains("did you mean `kind`?"));
    assert!(error(&["--levels", "--acyclic"]).contains("cycle"));
    assert!(
        error(&["--reverse", "--nodes-out", "n.csv"])
            .contains("--nodes-out should come with --out")
    );
    assert!(error(&[]).contains("no verb is given"));
}
