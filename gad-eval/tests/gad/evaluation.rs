//! Evaluations of files of results, beside GraFlag's own evaluator.

#![expect(clippy::unwrap_used, reason = "a panic fails the test, as it should")]

use std::fs;

use gad_eval::evaluate::{
    EvaluateConfig, ReportConfig, Sentinels, Severity, evaluate, output_folder,
};
use gad_eval::{Error, Result};
use graph_core::Control;
use serde_json::{Map, Value, json};

fn evaluated(results: &Value, config: &EvaluateConfig) -> Result<gad_eval::evaluate::Evaluation> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("results.json");
    fs::write(&path, results.to_string()).unwrap();
    evaluate(folder.path(), config, &Control::NONE)
}

fn quick() -> EvaluateConfig {
    EvaluateConfig { bootstrap: None, ..EvaluateConfig::default() }
}

/// Whether two values are the same, whole numbers being numbers.
fn same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(a), Value::Number(b)) => a.as_f64() == b.as_f64(),
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(k, v)| b.get(k).is_some_and(|w| same(v, w)))
        }
        _ => one == other,
    }
}

#[test]
fn metrics_are_those_of_graflags_evaluator() {
    let golden: Vec<Value> = serde_json::from_str(include_str!("../golden/graflag.json")).unwrap();
    assert!(15 <= golden.len());
    for case in golden {
        let config = EvaluateConfig { sentinels: Sentinels::Marks, ..quick() };
        let evaluation = evaluated(&case["results"], &config).unwrap();
        let found = serde_json::to_value(evaluation.graflag_json(&Map::new())).unwrap();
        let found = found["metrics"].clone();
        assert!(same(&found, &case["metrics"]), "{found:#} instead of {:#}", case["metrics"]);
    }
}

#[test]
fn graflags_file_has_its_keys_in_its_order() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    let results = json!({
        "result_type": "TEMPORAL_EDGE_ANOMALY_SCORES", "scores": [[0.1, 0.9], [0.2]], "ground_truth": [[0, 1], [0]],
        "edges": [[1, 2], [2, 3], [1, 2]], "timestamps": [1, 5], "metadata": {"name": "m"},
    });
    write("results.json", &results.to_string());
    write("a.csv", "timestamp,loss\n1.5,0.25\n2.5,0.2\n");
    write("a_b.csv", "timestamp,loss\n1.5,0.25\n2.5,0.2\n");
    let evaluation = evaluate(folder.path(), &quick(), &Control::NONE).unwrap();
    let config = ReportConfig { graflag: true, ..ReportConfig::default() };
    let out = folder.path().join("eval");
    evaluation.write(&out, config).unwrap();
    assert!(out.join("temporal_heat_map.png").is_file(), "a plot that GraFlag does not have");
    let text = fs::read_to_string(out.join("evaluation.json")).unwrap();
    let keys: Vec<&str> = text
        .lines()
        .filter_map(|line| line.trim().strip_prefix('"')?.split_once("\":"))
        .map(|pair| pair.0)
        .collect();
    let metrics = "auc_roc auc_pr precision_at_k recall_at_k f1_at_k k best_f1 best_f1_threshold num_anomalies num_samples \
                   anomaly_ratio filtering total kept dropped_unknown dropped_inactive dropped_non_finite temporal_span \
                   num_timestamps num_unique_edges num_unique_nodes total_edge_occurrences";
    let plots = "roc_curve pr_curve score_distribution a_curves a_b_curves";
    let expected = format!(
        "experiment_name result_type metrics {metrics} metadata name plots {plots} spot_files"
    );
    assert_eq!(keys.join(" "), expected);
    assert!(text.contains("\"a_b_curves\": \"a_b_curves.png\""));
}

#[test]
fn the_whole_of_an_evaluation_is_json_with_reasons() {
    let evaluation = evaluated(
        &json!({
            "result_type": "NODE_ANOMALY_SCORES",
            "scores": [0.9, 0.8, 0.7, 0.1, 0.75, -1, null],
            "ground_truth": [1, 1, 0, 1, 0, 0, 1],
            "anomaly_kinds": ["hub", "twin", null, "twin", null, null, "hub"],
            "metadata": {"method_name": "m"},
        }),
        &EvaluateConfig { sentinels: Sentinels::Marks, ..EvaluateConfig::default() },
    )
    .unwrap();
    let json = evaluation.json(&Map::new()).unwrap();
    let metrics = &json["metrics"];
    assert_eq!(metrics["auc_roc"].as_f64(), Some(4.0 / 6.0));
    assert_eq!(metrics["filtering"]["dropped_unknown"], 1);
    assert_eq!(metrics["filtering"]["dropped_non_finite"], 1);
    assert_eq!(metrics["ranking"]["n_distinct"], 5);
    assert_eq!(metrics["intervals"]["roc_auc"]["high"], 1.0);
    assert_eq!(metrics["kinds"]["parts"][0]["name"], "hub");
    // What has no kind is none of its own.
    assert_eq!(metrics["kinds"]["parts"].as_array().map(Vec::len), Some(2));
    assert!(metrics["calibration"]["brier"].is_number());
    let warnings = metrics["warnings"].to_string();
    let left_out = "2 of 7 scores were left out: 1 -1, unknown to GraFlag; 1 null or not finite";
    assert!(warnings.contains(left_out), "{warnings}");
    assert!(warnings.contains("only 3 anomalies"), "{warnings}");
}

#[test]
fn what_is_undefined_is_null_with_the_reason() {
    let results =
        json!({"result_type": "NODE_ANOMALY_SCORES", "scores": [1, 2], "ground_truth": [0, 0]});
    let evaluation = evaluated(&results, &quick()).unwrap();
    assert_eq!(evaluation.metrics.ranking, None);
    let json = evaluation.json(&Map::new()).unwrap();
    assert_eq!(json["metrics"]["auc_roc"], Value::Null);
    assert_eq!(json["metrics"]["undefined"][0]["metric"], "ranking");
    assert_eq!(json["metrics"]["undefined"][0]["reason"], "all 2 labels are negative");
    let results =
        json!({"result_type": "NODE_ANOMALY_SCORES", "scores": [null], "ground_truth": [0]});
    let evaluation = evaluated(&results, &quick()).unwrap();
    assert_eq!(evaluation.metrics.undefined[0].reason, "y_score is empty");
}

#[test]
fn snapshots_and_streams_have_metrics_of_their_own() {
    let temporal = json!({
        "result_type": "TEMPORAL_NODE_ANOMALY_SCORES",
        "scores": [[0.9, 0.1, null], [0.2, 0.8], [0.5]],
        "ground_truth": [[1, 0, 1], [1, 0], [0]],
    });
    let snapshots = evaluated(&temporal, &quick()).unwrap().metrics.snapshots.unwrap();
    let areas: Vec<_> = snapshots.parts.iter().map(|part| part.roc_auc).collect();
    assert_eq!(areas, [Some(1.0), Some(0.0), None]);
    assert_eq!((snapshots.n_defined, snapshots.mean_roc_auc), (2, Some(0.5)));
    let stream = json!({
        "result_type": "EDGE_STREAM_ANOMALY_SCORES",
        "scores": [0.1, 0.05, 0.9, 0.8, 0.1, 0.9],
        "ground_truth": [0, 1, 1, 0, 0, 1],
        "timestamps": [0, 10, 25, 30, 31, 40],
    });
    let metrics = evaluated(&stream, &quick()).unwrap().metrics;
    let detection = metrics.detection.unwrap();
    assert_eq!((detection.n_episodes, detection.n_detected), (2, 2));
    assert_eq!(detection.mean_delay, Some(7.5));
    assert_eq!(detection.early_detection_rate, 0.5);
    let mut backwards = stream;
    backwards["timestamps"] = json!([0, 10, 5, 30, 31, 40]);
    let metrics = evaluated(&backwards, &quick()).unwrap().metrics;
    assert_eq!(metrics.detection, None);
    let reason =
        &metrics.undefined.iter().find(|undefined| undefined.metric == "detection").unwrap().reason;
    assert_eq!(reason, "time is 5 after 10 at 2, but it must be in order");
}

#[test]
fn scores_upside_down_warn_and_are_not_flipped() {
    let scores: Vec<f64> = (0..40).map(f64::from).collect();
    let truth: Vec<u8> = (0..40).map(|i| u8::from(i < 12)).collect();
    let results =
        json!({"result_type": "NODE_ANOMALY_SCORES", "scores": scores, "ground_truth": truth});
    let metrics = evaluated(&results, &quick()).unwrap().metrics;
    assert_eq!(metrics.ranking.unwrap().roc_auc, 0.0);
    assert_eq!(metrics.warnings.len(), 1);
    assert!(metrics.warnings[0].contains("below chance"), "{}", metrics.warnings[0]);
}

#[test]
fn missing_scores_are_refused_if_asked() {
    let results = json!({"result_type": "NODE_ANOMALY_SCORES", "scores": [1, null, 2], "ground_truth": [0, 0, 1]});
    let config = EvaluateConfig { refuse_missing: true, ..quick() };
    let error = evaluated(&results, &config).unwrap_err();
    assert!(matches!(error, Error::MissingScore { index: 1, .. }), "{error}");
    assert_eq!(error.to_string(), "scores[1] is null or not finite");
    // Marks before it are no missing scores.
    let config = EvaluateConfig { sentinels: Sentinels::Marks, ..config };
    let results = json!({"result_type": "TEMPORAL_NODE_ANOMALY_SCORES", "scores": [[-1, -2], [3, null]],
        "ground_truth": [[0, 0], [1, 1]]});
    let error = evaluated(&results, &config).unwrap_err();
    assert!(matches!(error, Error::MissingScore { index: 3, .. }), "{error}");
    assert_eq!(error.to_string(), "scores[1][1] is null or not finite");
    let empty = tempfile::tempdir().unwrap();
    let error = evaluate(empty.path(), &quick(), &Control::NONE).unwrap_err();
    assert!(error.to_string().contains("there are no results"), "{error}");
    let results = json!({"result_type": "NODE_ANOMALY_SCORES", "scores": [1, 2]});
    assert_eq!(evaluated(&results, &quick()).unwrap_err().to_string(), "ground_truth is empty");
}

#[test]
fn scores_are_marks_only_where_graflag_ran() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    let results = json!({"result_type": "NODE_ANOMALY_SCORES", "scores": [-1, -2, 0.5, 0.75, -1], "ground_truth": [0, 1, 0, 1, 1]});
    write("results.json", &results.to_string());
    let parquet = folder.path().join("results.parquet");
    gad_eval::results::Results::read(folder.path().join("results.json"))
        .unwrap()
        .write(parquet)
        .unwrap();
    let ours = json!({"method_name": "m", "dataset": "d", "graphlume": {"program": "m"}});
    let mut inside = ours.clone();
    inside["graphlume"]["graflag_runner"] = true.into();
    let graflags = json!({"method_name": "m", "dataset": "d", "tag": "latest"});
    for (config, sentinels, kept) in [
        (None, Sentinels::Auto, 5),
        (None, Sentinels::Marks, 2),
        (Some(&ours), Sentinels::Auto, 5),
        (Some(&inside), Sentinels::Auto, 2),
        (Some(&graflags), Sentinels::Auto, 2),
        (Some(&graflags), Sentinels::Scores, 5),
    ] {
        let _ = fs::remove_file(folder.path().join("service_config.json"));
        if let Some(config) = config {
            write("service_config.json", &config.to_string());
        }
        for name in ["results.json", "results.parquet"] {
            let config = EvaluateConfig { sentinels, ..quick() };
            let path = folder.path().join(name);
            let metrics = evaluate(&path, &config, &Control::NONE).unwrap().metrics;
            assert_eq!(metrics.n_samples, kept, "{name} {sentinels:?}");
            let warnings = metrics.warnings.join("\n");
            let said = warnings.contains("2 of the scores are -1 and 1 are -2");
            assert_eq!(said, kept == 5 && sentinels == Sentinels::Auto, "{warnings}");
            let left_out =
                "3 of 5 scores were left out: 2 -1, unknown to GraFlag; 1 -2, inactive to GraFlag";
            assert_eq!(warnings.contains(left_out), kept == 2, "{warnings}");
        }
    }
}

#[test]
fn labels_that_are_separated_have_no_interval_but_a_reason() {
    for (scores, how) in [([1, 2, 3, 4], "above"), ([4, 3, 2, 1], "below")] {
        let results = json!({"result_type": "NODE_ANOMALY_SCORES", "scores": scores, "ground_truth": [0, 0, 1, 1]});
        let metrics = evaluated(&results, &EvaluateConfig::default()).unwrap().metrics;
        assert_eq!((metrics.intervals.clone(), metrics.roc_auc_standard_error), (None, None));
        for metric in ["intervals", "roc_auc_standard_error"] {
            let found = metrics.undefined.iter().find(|one| one.metric == metric).unwrap();
            let expected = format!("every anomaly scores {how} every normal sample: ");
            assert!(found.reason.starts_with(&expected), "{}", found.reason);
        }
    }
}

#[test]
fn files_have_names_and_folders_of_their_own() {
    let folder = tempfile::tempdir().unwrap();
    let results =
        json!({"result_type": "NODE_ANOMALY_SCORES", "scores": [1, 2], "ground_truth": [0, 1]});
    let place = folder.path().canonicalize().unwrap().join("exp__m__d__1");
    fs::create_dir(&place).unwrap();
    for (name, expected, out) in [
        ("results.json", "exp__m__d__1", "eval"),
        ("a.json", "a", "eval/a"),
        ("b.v2.json", "b.v2", "eval/b.v2"),
    ] {
        let path = place.join(name);
        fs::write(&path, results.to_string()).unwrap();
        let evaluation = evaluate(&path, &quick(), &Control::NONE).unwrap();
        assert_eq!(evaluation.experiment_name, expected);
        assert_eq!(output_folder(&path).unwrap(), place.join(out));
    }
    assert_eq!(output_folder(&place).unwrap(), place.join("eval"));
}

#[test]
fn edges_and_nodes_are_counted_by_what_they_are() {
    let count = |edges: Value| {
        let n = edges.as_array().unwrap().len();
        let labels: Vec<usize> = (0..n).map(|i| i % 2).collect();
        let results = json!({"result_type": "EDGE_ANOMALY_SCORES", "scores": labels, "ground_truth": labels, "edges": edges});
        let found = evaluated(&results, &quick()).unwrap().graflag;
        ["num_unique_edges", "num_unique_nodes", "total_edge_occurrences"]
            .map(|key| found[key].as_u64().unwrap())
    };
    assert_eq!(count(json!([[1, 2], [2, 1], [1, 2], [-5, i64::MAX]])), [3, 4, 4]);
    assert_eq!(count(json!([["a", "b"], ["b", "a"], ["a", "b"], ["", "a"]])), [3, 3, 4]);
    assert_eq!(count(json!([[1, "x"], [2, "x"], [1, "y"], [1, "x"]])), [3, 4, 4]);
    assert_eq!(count(json!([[1, null], [null, 1]])), [2, 2, 2]);
}

#[test]
fn spot_files_are_told_from_other_tables() {
    let folder = tempfile::tempdir().unwrap();
    let results =
        json!({"result_type": "NODE_ANOMALY_SCORES", "scores": [1, 2], "ground_truth": [0, 1]});
    fs::write(folder.path().join("results.json"), results.to_string()).unwrap();
    fs::write(folder.path().join("other.csv"), "a,b\n1,2\n").unwrap();
    fs::write(folder.path().join("training.csv"), "timestamp,loss\n1.5,0.25\n2.5,x\n3.").unwrap();
    let evaluation = evaluate(folder.path(), &quick(), &Control::NONE).unwrap();
    assert_eq!(evaluation.spot_files.len(), 1);
    let spot = &evaluation.spot_files[0];
    assert_eq!(
        (spot.name.as_str(), spot.timestamps.as_slice()),
        ("training", [1.5, 2.5].as_slice())
    );
    assert_eq!(spot.columns[0].1[0], 0.25);
    assert!(spot.columns[0].1[1].is_nan());
}

#[test]
fn verification_finds_what_cannot_be_believed() {
    let folder = tempfile::tempdir().unwrap();
    let write =
        |name: &str, value: &Value| fs::write(folder.path().join(name), value.to_string()).unwrap();
    let found = || {
        let found = gad_eval::evaluate::verify(folder.path()).unwrap();
        let of = |f: &gad_eval::evaluate::Finding| format!("{:?} {}", f.severity, f.message);
        (found.worst(), found.findings.iter().map(of).collect::<Vec<_>>().join("\n"))
    };
    write(
        "results.json",
        &json!({"result_type": "NODE_ANOMALY_SCORES", "scores": [1, 2], "ground_truth": [0, 1]}),
    );
    let of = "Error its state is unknown, not completed: there is no status.json";
    assert!(found().1.contains(of), "results alone do not say that a method ended well");
    write("status.json", &json!({"status": "completed", "timestamp": "", "method_name": "m"}));
    let mut results = json!({
        "result_type": "NODE_ANOMALY_SCORES",
        "scores": [0.1, 0.2, 0.9, 0.8],
        "ground_truth": [0, 0, 1, 1],
        "metadata": {"summary": {"auc": 1.0, "scored_split": "test", "scored_samples": 4}},
    });
    write("results.json", &results);
    assert_eq!(found().0, Severity::Ok, "{}", found().1);
    for (place, value, worst, text) in [
        ("/metadata/summary/auc", json!(0.9), Severity::Error, "its scores have 1.0000"),
        ("/metadata/summary/scored_split", json!("train"), Severity::Warning, "the split `train`"),
        (
            "/metadata/summary/scored_samples",
            json!(9),
            Severity::Error,
            "it scored 9 samples, but there are 4",
        ),
        ("/scores", json!([1, 1, 1, 1]), Severity::Error, "all scores are 1"),
        ("/ground_truth", json!([0, 0, 0, 0]), Severity::Error, "all 4 labels are negative"),
        ("/ground_truth", json!([0, 0, 1]), Severity::Error, "ground_truth has 3 entries"),
        (
            "/scores",
            json!([0.1, null, null, null]),
            Severity::Error,
            "3 of 4 scores were left out: 3 null",
        ),
        (
            "/scores",
            json!([-1, -2, 0.9, 0.8]),
            Severity::Warning,
            "1 of the scores are -1 and 1 are -2",
        ),
        ("/result_type", json!("SCORES"), Severity::Error, "there is no result type `SCORES`"),
    ] {
        let before = results.clone();
        *results.pointer_mut(place).unwrap() = value;
        write("results.json", &results);
        let (found, all) = found();
        assert_eq!(found, worst, "{all}");
        assert!(all.contains(text), "{all}");
        results = before;
    }
    write("results.json", &results);
    fs::create_dir(folder.path().join("eval")).unwrap();
    write("eval/evaluation.json", &json!({"metrics": {"auc_roc": 0.5}}));
    assert!(found().1.contains("evaluation.json has 0.5"));
    write("status.json", &json!({"status": "timeout", "timestamp": "", "error": "60 s"}));
    assert!(found().1.contains("its state is timeout, not completed: 60 s"), "{}", found().1);
    fs::remove_file(folder.path().join("results.json")).unwrap();
    assert!(found().1.contains("there are no results"));
}
