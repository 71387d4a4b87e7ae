//! Folders of datasets, good and bad ones, and those that come with the program.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::fs;

use arrow::array::AsArray;
use arrow::datatypes::{Float64Type, Int64Type, UInt64Type};
use gad_eval::dataset::{SCORE, Source, bundled};
use gad_eval::detectors::{all, configure};
use gad_eval::evaluate::{EvaluateConfig, evaluate_results};
use gad_eval::metrics::roc_auc_score;
use graph_core::Control;
use tempfile::TempDir;

/// A folder with these files.
fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

fn source(folder: &TempDir) -> Source {
    Source::find(folder.path().to_str().unwrap()).unwrap()
}

/// What loading a folder with these files fails with.
fn error(files: &[(&str, &str)]) -> String {
    source(&folder(files)).load().unwrap_err().to_string()
}

#[test]
fn what_comes_with_the_program_is_the_same_every_time_and_can_be_judged() {
    let mut hashes = BTreeSet::new();
    for dataset in bundled() {
        let source = Source::find(&format!("bundled:{}", dataset.name)).unwrap();
        let hash = source.sha256().unwrap();
        assert_eq!(hash, source.sha256().unwrap(), "{}", dataset.name);
        assert!(hashes.insert(hash), "{} is another one", dataset.name);
        let loaded = source.load().unwrap();
        let facts = loaded.facts();
        assert_eq!(facts.ignored, [] as [String; 0], "{}", dataset.name);
        let (labelled, anomalies) = match dataset.is_static() {
            true => facts.labelled_nodes.unwrap(),
            false => facts.labelled_edges.unwrap(),
        };
        assert!(0 < anomalies && anomalies < labelled / 10, "{}: {anomalies}", dataset.name);
        assert_eq!(facts.n_features > 0, dataset.is_static(), "{}", dataset.name);
    }
    assert!(5 <= bundled().iter().filter(|dataset| dataset.is_static()).count());
    assert!(5 <= bundled().iter().filter(|dataset| !dataset.is_static()).count());
}

/// The numbers of `benches/results/detectors.md`, which are those of scikit-learn and numpy.
#[test]
fn real_ones_give_the_known_areas() {
    for (name, degree) in [("disney", 0.2585), ("books", 0.4368), ("enron", 0.5461)] {
        let loaded = Source::find(&format!("bundled:{name}")).unwrap().load().unwrap();
        let results = loaded.run(&configure("degree", []).unwrap(), &Control::default()).unwrap();
        let pairs = results.pairs().unwrap();
        let auc = roc_auc_score(&pairs.y_true, &pairs.y_score).unwrap();
        assert!((auc - degree).abs() < 1e-3, "{name}: {auc}");
    }
}

#[test]
fn every_detector_is_judged_over_a_stream_or_a_graph() {
    let control = Control::default();
    let loaded = |name: &str| Source::find(name).unwrap().load().unwrap();
    let (disney, attacks) = (loaded("bundled:disney"), loaded("bundled:attacks"));
    for info in all() {
        let data = if info.needs_times { &attacks } else { &disney };
        assert_eq!((data.lacks(info), data.lacks_truth(info)), (None, None), "{}", info.name);
        // Quicker ones than the defaults.
        let parameters: &[(&str, &str)] = match info.name {
            "anomrank" => &[("window", "100")],
            "link-surprise" => &[("window", "20")],
            "anograph" | "anograph-k" => &[("window", "5")],
            _ => &[],
        };
        let detector = configure(info.name, parameters.iter().copied()).unwrap();
        let results = data.run(&detector, &control).unwrap();
        let config = EvaluateConfig { bootstrap: None, ..EvaluateConfig::default() };
        let evaluation = evaluate_results(results, "x", &config, &control).unwrap();
        let metrics = &evaluation.metrics;
        assert!(metrics.ranking.is_some(), "{}: {:?}", info.name, metrics.undefined);
        if info.result_type.name() == "EDGE_STREAM_ANOMALY_SCORES" {
            let kinds = &metrics.kinds.as_ref().unwrap().parts;
            let names: BTreeSet<&str> = kinds.iter().map(|kind| kind.name.as_str()).collect();
            let expected = ["block", "burst", "flood", "scan", "stranger"];
            assert_eq!(names, BTreeSet::from(expected), "{}", info.name);
        }
    }
    let midas = all().iter().find(|info| info.name == "midas").unwrap();
    assert_eq!(disney.lacks(midas), Some("its edges have no times"));
    let residual = all().iter().find(|info| info.name == "neighbor-residual").unwrap();
    assert_eq!(attacks.lacks(residual), Some("its nodes have no features"));
}

#[test]
fn labels_of_windows_and_of_nodes_in_them_come_from_edges() {
    let edges = "src,dst,ts,label\n0,1,0,0\n1,2,1,1\n0,2,10,0\n3,0,12,1\n3,1,13,1\n";
    let text = "window_anomalies = 2\n";
    let folder = folder(&[("edges.csv", edges), ("dataset.toml", text)]);
    let loaded = source(&folder).load().unwrap();
    let run = |name: &str| {
        let detector = configure(name, [("window", "10")]).unwrap();
        loaded.run(&detector, &Control::default()).unwrap()
    };
    let windows = run("anograph");
    let truth: Vec<_> = windows.ground_truth.unwrap().iter().collect();
    assert_eq!(truth, [Some(false), Some(true)]);
    let nodes = run("anomrank");
    let truth: Vec<_> = nodes.ground_truth.unwrap().iter().collect();
    let (no, yes) = (Some(false), Some(true));
    assert_eq!(truth, [no, yes, yes, None, yes, yes, no, yes]);
}

#[test]
fn unsorted_edges_are_sorted_with_all_that_belongs_to_them() {
    let edges = "src,dst,ts,label,kind,what\na,b,3,1,y,?\nc,a,1,0,-,?\nb,c,2,1,x,?\n";
    let folder = folder(&[("edges.csv", edges)]);
    let loaded = source(&folder).load().unwrap();
    let facts = loaded.facts();
    assert!(facts.was_unsorted);
    assert_eq!((facts.n_nodes, facts.span), (3, Some((1, 3))));
    assert_eq!(facts.ignored, ["what"]);
    let midas = configure("midas", []).unwrap();
    let results = loaded.run(&midas, &Control::default()).unwrap();
    let truth: Vec<_> = results.ground_truth.unwrap().iter().collect();
    assert_eq!(truth, [Some(false), Some(true), Some(true)]);
    let kinds = results.anomaly_kinds.unwrap();
    let kinds: Vec<_> = (0..kinds.len()).map(|place| kinds.name(place)).collect();
    assert_eq!(kinds, [None, Some("x"), Some("y")]);
    let times = results.timestamps.unwrap();
    assert_eq!(times.as_primitive::<Int64Type>().values(), &[1, 2, 3]);
    let ends = results.edges.unwrap();
    let ids = arrow::compute::cast(&ends.sources, &arrow::datatypes::DataType::Utf8).unwrap();
    let ids: Vec<_> = ids.as_string::<i32>().iter().flatten().collect();
    assert_eq!(ids, ["c", "b", "a"]);
}

#[test]
fn ids_of_nodes_need_not_be_their_rows() {
    let nodes = "node_id,label,x\n7,0,1.5\n3,1,2.5\n";
    let folder = folder(&[("edges.csv", "src,dst\n3,7\n"), ("nodes.csv", nodes)]);
    let loaded = source(&folder).load().unwrap();
    assert_eq!((loaded.data().sources[0], loaded.data().targets[0]), (1, 0));
    let results = loaded.run(&configure("degree", []).unwrap(), &Control::default()).unwrap();
    let ids = arrow::compute::cast(&results.node_ids.unwrap(), &arrow::datatypes::DataType::UInt64);
    assert_eq!(ids.unwrap().as_primitive::<UInt64Type>().values(), &[7, 3]);
    assert_eq!(loaded.facts().n_features, 1);
}

#[test]
fn only_the_test_part_is_judged() {
    let edges = "src,dst,snapshot,is_test,label\n0,1,0,false,0\n0,2,1,true,1\n1,2,2,true,0\n";
    let loaded = source(&folder(&[("edges.csv", edges)])).load().unwrap();
    assert_eq!(loaded.facts().labelled_edges, Some((2, 1)));
}

#[test]
fn what_is_written_is_what_was_bundled() {
    let scratch = tempfile::tempdir().unwrap();
    let source = Source::find("bundled:communities").unwrap();
    let place = scratch.path().join("communities");
    source.write(&place).unwrap();
    let written = Source::find(place.to_str().unwrap()).unwrap();
    assert!(written.is_native());
    let (ours, theirs) = (source.load().unwrap(), written.load().unwrap());
    assert_eq!(ours.facts(), theirs.facts());
    assert_eq!(ours.description(), theirs.description());
    let run = |data: &gad_eval::dataset::Loaded| {
        data.run(&configure("neighbor-residual", []).unwrap(), &Control::default()).unwrap()
    };
    assert_eq!(run(&ours), run(&theirs));
}

#[test]
fn what_is_wrong_is_named_with_file_column_and_row() {
    let ends = "src,dst\n0,1\n";
    for (files, expected) in [
        (
            &[("edges.csv", "sorce,dst\n0,1\n")][..],
            "there is no column `src`, did you mean `sorce`",
        ),
        (&[("edges.csv", "a,dst\n0,1\n")], "edges.csv: column `src` is not there, only a, dst"),
        (
            &[("edges.csv", "src,dst,label\n0,1,0\n1,2,2\n")],
            "edges.csv: column `label` is 2 in row 2, but a label is 0 or 1",
        ),
        (&[("edges.csv", "src,dst,label\n0,1,yes\n")], "edges.csv: column `label` has the type"),
        (&[("edges.csv", "src,dst\n0,1\n,2\n")], "edges.csv: column `src` has no value in row 2"),
        (&[("edges.csv", "src,dst,ts\n0,1,then\n")], "edges.csv: column `ts` has the type"),
        (
            &[("edges.csv", ends), ("nodes.csv", "node_id,label\n0,0\n")],
            "edges.csv: column `dst` names a node in row 1 that is no row of the nodes",
        ),
        (
            &[("edges.csv", ends), ("nodes.csv", "node_id,label\n4,0\n5,1\n4,0\n")],
            "edges.csv: column `node_id` has the same id in rows 1 and 3",
        ),
        (
            &[("edges.csv", ends), ("nodes.csv", "node_id,x\n0,1.5\n1,\n")],
            "nodes.csv: column `x` has no value in row 2",
        ),
        (&[("edges.csv", ends), ("dataset.toml", "windows = 3")], "dataset.toml: TOML parse error"),
        (&[("edges.csv", "src,dst,ts\n")], "edges.csv: it has no rows"),
        (&[("graph.pt", "x")], "there are no edges: no edges.parquet"),
    ] {
        let found = error(files);
        assert!(found.contains(expected), "{found}\n{expected}");
    }
}

#[test]
fn scores_of_named_edges_come_to_these_in_any_order() {
    let data = folder(&[("edges.csv", "src,dst\na,b\nb,c\na,b\n")]);
    let found = |edges: &str| {
        let text = r#"{"result_type": "EDGE_ANOMALY_SCORES", "scores": [1, 2, 3], "edges": EDGES}"#;
        let results = folder(&[("results.json", &text.replace("EDGES", edges))]);
        let table = source(&data).scored(results.path()).unwrap().edge_table().unwrap();
        let scores = table.column_by_name(SCORE).unwrap();
        scores.as_primitive::<Float64Type>().iter().collect::<Vec<_>>()
    };
    // Edges of one pair are told apart by their places, where these agree.
    let in_place = r#"[["a", "b"], ["c", "b"], ["a", "b"]]"#;
    assert_eq!(found(in_place), [Some(1.0), Some(2.0), Some(3.0)]);
    let moved = r#"[["b", "c"], ["a", "b"], ["b", "a"]]"#;
    assert_eq!(found(moved), [Some(3.0), Some(1.0), None]);
}
