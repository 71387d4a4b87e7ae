//! Files of results, from this program and from others.

#![expect(clippy::unwrap_used, reason = "a panic fails the test, as it should")]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, Float64Array, Int64Array, LargeStringArray};
use arrow::buffer::OffsetBuffer;
use gad_eval::Error;
use gad_eval::results::{AnomalyKinds, EdgeEnds, Level, ResultType, Results, Timing};
use proptest::prelude::*;
use serde_json::json;
use tempfile::TempDir;

const NODES: ResultType = ResultType { level: Level::Node, timing: Timing::Static };
const TEMPORAL_EDGES: ResultType = ResultType { level: Level::Edge, timing: Timing::Temporal };

fn written(text: &str) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("results.json");
    fs::write(&path, text).unwrap();
    (folder, path)
}

fn read(text: &str) -> Result<Results, Error> {
    let (_folder, path) = written(text);
    Results::read(path)
}

/// What is wrong with `text`, without the name of the file.
fn problem(text: &str) -> String {
    let (_folder, path) = written(text);
    let error = Results::read(&path).unwrap_err().to_string();
    error.replace(&format!("{}: ", path.display()), "")
}

#[test]
fn a_file_of_graflag_is_read() {
    let text = r#"{
      "result_type": "TEMPORAL_NODE_ANOMALY_SCORES",
      "scores": [[0.1, -1, null], [1e-3, 2, -2.0]],
      "metadata": {"method_name": "m", "summary": {"scored_split": "test"}},
      "ground_truth": [[0, 1, 0], [false, true, 1.0]],
      "timestamps": [10, 20],
      "node_ids": ["a", "b", "c"],
      "note": [1, 2]
    }"#;
    let mut results = read(text).unwrap();
    assert_eq!(results.result_type.name(), "TEMPORAL_NODE_ANOMALY_SCORES");
    let scores = [Some(0.1), Some(-1.0), None, Some(1e-3), Some(2.0), Some(-2.0)];
    assert_eq!(results.scores, Float64Array::from(scores.to_vec()));
    assert_eq!(results.rows.as_deref(), Some([0, 3, 6].as_slice()));
    assert_eq!(results.columns(), Some(3));
    let labels = vec![false, true, false, false, true, true];
    assert_eq!(results.ground_truth, Some(BooleanArray::from(labels)));
    assert_eq!(results.extra["note"], json!([1, 2]));
    assert_eq!(results.metadata["method_name"], "m");
    // A score of -1 is a score, until the caller says that it is GraFlag's mark.
    assert_eq!(results.pairs().unwrap().filtering.kept, 5);
    let masked = results.mask_sentinels();
    assert_eq!((masked.dropped_unknown, masked.dropped_inactive), (1, 1));
    let pairs = results.pairs().unwrap();
    assert_eq!(*pairs.y_score, [0.1, 1e-3, 2.0]);
    assert_eq!(pairs.y_true, [false, false, true]);
    let kept: Vec<usize> = pairs.kept.unwrap().set_indices().collect();
    assert_eq!(kept, [0, 3, 4]);
}

#[test]
fn edges_are_read_with_rows_and_without() {
    let flat =
        r#"{"result_type": "EDGE_ANOMALY_SCORES", "scores": [1, 2], "edges": [[1, 2], ["x", 3]]}"#;
    let results = read(flat).unwrap();
    let edges = results.edges.unwrap();
    let sources: ArrayRef = Arc::new(LargeStringArray::from(vec!["1", "x"]));
    let targets: ArrayRef = Arc::new(Int64Array::from(vec![2, 3]));
    assert_eq!(edges, EdgeEnds { sources, targets });
    let rows = r#"{"result_type": "TEMPORAL_EDGE_ANOMALY_SCORES", "scores": [[1], [], [2, 3]],
                   "edges": [[[1, 2]], [], [[3, 4], [5, 6]]]}"#;
    let results = read(rows).unwrap();
    assert_eq!(results.rows.as_deref(), Some([0, 1, 1, 3].as_slice()));
    let targets: ArrayRef = Arc::new(Int64Array::from(vec![2, 4, 6]));
    assert_eq!(*results.edges.unwrap().targets, *targets);
}

#[test]
fn scores_may_lie_in_a_file_beside() {
    let text = r#"{"result_type": "NODE_ANOMALY_SCORES", "scores_file": "more.json"}"#;
    let (folder, path) = written(text);
    fs::write(folder.path().join("more.json"), "[0.5, 0.25]").unwrap();
    assert_eq!(Results::read(path).unwrap().scores, Float64Array::from(vec![0.5, 0.25]));
    for outside in ["../more.json", "/etc/hostname", "a/../../x"] {
        let text =
            format!(r#"{{"result_type": "NODE_ANOMALY_SCORES", "scores_file": "{outside}"}}"#);
        assert!(problem(&text).contains("not below the folder"), "{}", problem(&text));
    }
}

#[test]
fn bad_files_are_told_apart_with_the_place() {
    let with = |rest: &str| format!(r#"{{"result_type": "NODE_ANOMALY_SCORES", {rest}}}"#);
    for (text, expected) in [
        (with(r#""scores": [1, 2"#), "expected `,` or `]` at line 1 column"),
        (
            r#"{"result_type": "NODE_ANOMALY_SCORES", "scores": [1, 2"#.to_owned(),
            "EOF while parsing",
        ),
        (with(r#""scores": [1, "x"]"#), "score 1 is \"x\", no number at line 1 column"),
        (with(r#""scores": [1, Nan]"#), "expected value at line 1 column"),
        (
            with(r#""scores": [NaN, x]"#),
            "expected value at line 1 column 57, where NaN and Infinity count as null",
        ),
        (
            with(r#""scores": [[1], [2]]"#),
            "scores[0] is a row, but NODE_ANOMALY_SCORES has one list of scores, without rows",
        ),
        (
            r#"{"result_type": "TEMPORAL_NODE_ANOMALY_SCORES", "scores": [1, 2]}"#.to_owned(),
            "scores[0] is no row, but TEMPORAL_NODE_ANOMALY_SCORES has a row of scores for each snapshot",
        ),
        (
            r#"{"result_type": "TEMPORAL_NODE_ANOMALY_SCORES", "scores": [[1], [2]], "ground_truth": [0, 1]}"#
                .to_owned(),
            "`scores` is in rows, but `ground_truth` is not",
        ),
        (
            r#"{"result_type": "TEMPORAL_NODE_ANOMALY_SCORES", "scores": [[1], [2, 3]], "ground_truth": [[0, 1], [1]]}"#
                .to_owned(),
            "row 0 of `ground_truth` has 2 entries, but that of `scores` has 1",
        ),
        (with(r#""scores": [[1], 2]"#), "`scores` mixes rows and single values"),
        (with(r#""scores": [[[1]]]"#), "`scores` is nested more than twice"),
        (with(r#""scores": {}"#), "expected a list of values for `scores`"),
        (with(r#""scores": 7"#), "`scores` is 7, no list"),
        (with(r#""scores": [1], "scores": [2]"#), "`scores` is there twice"),
        (with(r#""scores": []"#), "scores is empty"),
        (with(r#""other": []"#), "there is no scores"),
        (with(r#""scores": [1], "edges": [[1, 2, 3]]"#), "edge 0 has more than two ends"),
        (with(r#""scores": [1], "edges": [[1]]"#), "edge 0 has one end"),
        (with(r#""scores": [1], "metadata": 5"#), "metadata is no object"),
        (
            with(r#""scores": [1], "anomaly_kinds": ["a", "b"]"#),
            "anomaly_kinds has 2 entries, but scores has 1",
        ),
        (r#"{"scores": [1]}"#.to_owned(), "there is no result_type"),
        ("[]".to_owned(), "expected an object with result_type and scores"),
        (with(r#""scores": [1]} x"#), "trailing characters"),
    ] {
        let problem = problem(&text);
        assert!(problem.contains(expected), "{text}: {problem}");
    }
    let unknown = read(r#"{"result_type": "NODE_SCORES", "scores": [1]}"#).unwrap_err();
    assert!(matches!(unknown, Error::Unknown { .. }), "{unknown}");
    let label = read(&with(r#""scores": [1, 2], "ground_truth": [0, 2]"#)).unwrap_err();
    assert_eq!(label.to_string(), "label 1 is 2, but a label is 0 or 1");
    let length = read(&with(r#""scores": [1, 2], "ground_truth": [0]"#)).unwrap_err();
    assert_eq!(length.to_string(), "ground_truth has 1 entries, but scores has 2");
    let absent = Results::read("no/such.json").unwrap_err();
    assert!(matches!(absent, Error::File { .. }), "{absent}");
}

#[test]
fn what_python_writes_for_no_number_is_null() {
    let text = r#"{"result_type": "NODE_ANOMALY_SCORES", "scores": [0.5, NaN, -Infinity, -1.5, Infinity],
        "ground_truth": [1, 0, 0, 0, NaN], "timestamps": [1, 2, NaN, 4, 5], "metadata": {"loss": NaN, "name": "NaN"}}"#;
    let results = read(text).unwrap();
    let expected = [Some(0.5), None, None, Some(-1.5), None];
    assert_eq!(results.scores, Float64Array::from(expected.to_vec()));
    assert_eq!(results.metadata, *json!({"loss": null, "name": "NaN"}).as_object().unwrap());
    let pairs = results.pairs().unwrap();
    assert_eq!((pairs.filtering.kept, pairs.filtering.dropped_non_finite), (2, 3));
}

#[test]
fn what_is_no_file_is_said_and_not_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("results.json");
    fs::create_dir(&path).unwrap();
    let error = Results::read(&path).unwrap_err().to_string();
    assert!(error.ends_with("results.json: it is a folder, but results are read from a file"));
    let pipe = folder.path().join("pipe.json");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status().unwrap();
    assert!(made.success());
    let error = Results::read(&pipe).unwrap_err().to_string();
    assert!(
        error.ends_with("pipe.json: it is a pipe, but results are read from a file"),
        "{error}"
    );
}

/// Results with all that a file can hold.
fn full() -> Results {
    let mut results =
        Results::new(TEMPORAL_EDGES, vec![Some(0.1), None, Some(-1.5e300), Some(3.0)]);
    results.rows = Some(OffsetBuffer::from_lengths([1, 0, 3, 0]));
    results.ground_truth = Some(vec![Some(true), Some(false), None, Some(false)].into());
    results.timestamps = Some(Arc::new(Int64Array::from(vec![5, 6, 7, 8])));
    let ids: ArrayRef = Arc::new(LargeStringArray::from(vec!["a", "b", "\"c\"\n", "ü"]));
    results.edges = Some(EdgeEnds { sources: ids.clone(), targets: ids });
    let mut kinds = AnomalyKinds::default();
    for kind in [Some("hub"), None, None, Some("twin")] {
        kinds.push(kind).unwrap();
    }
    results.anomaly_kinds = Some(kinds);
    results.metadata.insert("method_name".into(), "m".into());
    results.extra.insert("more".into(), json!({"x": [1, null]}));
    results
}

#[test]
fn what_is_written_is_read_again() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["results.json", "results.parquet", "results.arrow"] {
        let path = folder.path().join(name);
        full().write(&path).unwrap();
        assert_eq!(Results::read(&path).unwrap(), full(), "{name}");
    }
    let bare = folder.path().join("bare.csv");
    let error = Results::new(NODES, vec![1.0]).write(&bare).and_then(|()| Results::read(&bare));
    assert!(error.unwrap_err().to_string().contains("nobody knows what is scored"));
}

#[test]
fn a_failed_write_leaves_the_old_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("results.json");
    full().write(&path).unwrap();
    let before = fs::read(&path).unwrap();
    let mut bad = full();
    bad.ground_truth = Some(BooleanArray::from(vec![true]));
    assert!(bad.write(&path).is_err());
    assert_eq!(fs::read(&path).unwrap(), before);
    let names: Vec<_> =
        fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(names, ["results.json"], "nothing else is left");
    assert!(full().write(Path::new("no/such/folder/results.json")).is_err());
}

proptest! {
    /// Numbers come back as the same numbers.
    #[test]
    fn scores_survive_json(scores in prop::collection::vec(prop::option::of(prop::num::f64::NORMAL | prop::num::f64::SUBNORMAL | prop::num::f64::ZERO), 1..40)) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("results.json");
        Results::new(NODES, scores.clone()).write(&path).unwrap();
        let read = Results::read(&path).unwrap();
        prop_assert_eq!(read.scores.len(), scores.len());
        for (found, expected) in read.scores.iter().zip(scores) {
            prop_assert_eq!(found.map(f64::to_bits), expected.map(f64::to_bits));
        }
    }
}
