//! Evaluations of files of results, beside GraFlag's own evaluator.

#![expect(clippy::unwrap_used, reason = "a panic fails the test, as it should")]

use std::fs;

use gad_eval::evaluate::{EvaluateConfig, Severity, evaluate};
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
    let golden: Vec<Value> = serde_json::from_str(include_str!("golden/graflag.json")).unwrap();
    assert!(15 <= golden.len());
    for case in golden {
        let evaluation = evaluated(&case["results"], &quick()).unwrap();
        let found = evaluation.graflag_json(&Map::new())["metrics"].clone();
        assert!(same(&found, &case["metrics"]), "{found:#} instead of {:#}", case["metrics"]);
    }
}

#[test]
fn the_whole_of_an_evaluation_is_json_with_reasons() {
    let evaluation = evaluated(
        &json!({
            "result_type": "NODE_ANOMALY_SCORES",
            "scores": [0.9, 0.8, 0.7, 0.1, 0.2, -1, null],
            "ground_truth": [1, 1, 0, 0, 0, 0, 1],
            "anomaly_kinds": ["hub", "twin", null, null, null, null, "hub"],
            "metadata": {"method_name": "m"},
        }),
        &EvaluateConfig::default(),
    )
    .unwrap();
    let json = evaluation.json(&Map::new()).unwrap();
    let metrics = &json["metrics"];
    assert_eq!(metrics["auc_roc"], 1.0);
    assert_eq!(metrics["filtering"]["dropped_unknown"], 1);
    assert_eq!(metrics["filtering"]["dropped_non_finite"], 1);
    assert_eq!(metrics["ranking"]["n_distinct"], 5);
    assert_eq!(metrics["intervals"]["roc_auc"]["high"], 1.0);
    assert_eq!(metrics["kinds"]["parts"][0]["name"], "hub");
    // What has no kind is none of its own.
    assert_eq!(metrics["kinds"]["parts"].as_array().map(Vec::len), Some(2));
    assert!(metrics["calibration"]["brier"].is_number());
    let warnings = metrics["warnings"].to_string();
    assert!(warnings.contains("2 of 7 scores were left out"), "{warnings}");
    assert!(warnings.contains("only 2 anomalies"), "{warnings}");
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
        "scores": [[0.9, 0.1, -2], [0.2, 0.8], [0.5]],
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
    assert!(matches!(error, Error::NotFinite { index: 1, .. }), "{error}");
    let empty = tempfile::tempdir().unwrap();
    let error = evaluate(empty.path(), &quick(), &Control::NONE).unwrap_err();
    assert!(error.to_string().contains("there are no results"), "{error}");
    let results = json!({"result_type": "NODE_ANOMALY_SCORES", "scores": [1, 2]});
    assert_eq!(evaluated(&results, &quick()).unwrap_err().to_string(), "ground_truth is empty");
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
        ("/scores", json!([-1, null, -2, 0.5]), Severity::Error, "3 of 4 scores are left out"),
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
