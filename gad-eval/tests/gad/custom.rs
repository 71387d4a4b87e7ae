//! Metrics of one's own: that good ones are added, and that bad ones harm nothing.

#![expect(clippy::unwrap_used, reason = "a panic fails the test, as it should")]
#![expect(clippy::print_stdout, reason = "what is skipped is said")]

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use gad_eval::evaluate::{
    CustomMetric, EvaluateConfig, Evaluation, PluginConfig, ReportConfig, Sentinels, evaluate,
};
use gad_eval::results::{Pairs, Results};
use gad_eval::{Error, Result};
use graph_core::Control;
use serde_json::{Map, Value, json};

const RESULTS: &str = r#"{"result_type": "NODE_ANOMALY_SCORES", "scores": [0.1, 0.9, -1, 0.4, -2],
    "ground_truth": [0, 1, 0, 0, 1], "node_ids": [5, 6, 7, 8, 9]}"#;

/// A plugin as GraFlag documents them.
const GOOD: &str = "from graflag_evaluator.metrics import MetricCalculator\n\
print('what a plugin prints is no answer')\n\
def spread(scores, ground_truth, **kwargs):\n\
\x20   return {'lowest': float(min(scores)), 'n': len(scores), 'positives': int(sum(ground_truth)),\n\
\x20           'first': kwargs['node_ids'][0], 'edges': kwargs['edges']}\n\
MetricCalculator.register_metric('NODE_ANOMALY_SCORES', spread)\n\
MetricCalculator.register_metric('NODE_ANOMALY_SCORES', spread)\n\
MetricCalculator.register_metric('EDGE_ANOMALY_SCORES', lambda *a, **k: 1 / 0)\n";

/// A metric and the line that registers it.
fn plugin(body: &str) -> String {
    format!(
        "from graflag_evaluator import MetricCalculator\n\
         def metric(scores, ground_truth, **kwargs):\n    {body}\n\
         MetricCalculator.register_metric('NODE_ANOMALY_SCORES', metric)\n"
    )
}

fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

/// An evaluated experiment in `folder`.
fn evaluated(folder: &Path) -> Evaluation {
    write(&folder.join("results.json"), RESULTS);
    let sentinels = Sentinels::Marks;
    let config = EvaluateConfig { bootstrap: None, sentinels, ..EvaluateConfig::default() };
    evaluate(folder, &config, &Control::NONE).unwrap()
}

fn has_python() -> bool {
    let found = std::process::Command::new("python3").arg("--version").output();
    let found = found.is_ok_and(|output| output.status.success());
    if !found {
        println!("skipped: plugins: python3 is not installed");
    }
    found
}

/// A metric of Rust.
struct Share(bool);

impl CustomMetric for Share {
    fn name(&self) -> &'static str {
        "share"
    }

    fn compute(&self, results: &Results, pairs: &Pairs) -> Result<Map<String, Value>> {
        let share = pairs.y_score.len() as f64 / results.scores.len() as f64;
        match self.0 {
            true => Ok(Map::from_iter([
                ("share".to_owned(), share.into()),
                ("auc_roc".to_owned(), 2.into()),
            ])),
            false => Err(Error::Empty { name: "what it needs" }),
        }
    }
}

#[test]
fn a_metric_of_rust_is_added() {
    let folder = tempfile::tempdir().unwrap();
    let mut evaluation = evaluated(folder.path());
    evaluation.add(&Share(true));
    evaluation.add(&Share(false));
    assert_eq!(evaluation.custom, Map::from_iter([("share".to_owned(), json!(0.6))]));
    assert_eq!(
        evaluation.errors,
        ["share: there is a metric `auc_roc` already", "share: what it needs is empty"]
    );
    let json = evaluation.json(&Map::new()).unwrap();
    assert_eq!(
        (&json["metrics"]["share"], &json["metrics"]["auc_roc"]),
        (&json!(0.6), &json!(1.0))
    );
    assert_eq!(json["errors"], json!(evaluation.errors));
}

#[test]
fn plugins_see_the_file_as_it_is() {
    if !has_python() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut evaluation = evaluated(folder.path());
    write(&folder.path().join("plugins/good.py"), GOOD);
    write(&folder.path().join("plugins/_left_out.py"), "raise SystemExit(1)\n");
    write(&folder.path().join("plugins/notes.txt"), "no plugin\n");
    write(&folder.path().join("custom_metrics/own.py"), &plugin("return {'own': 1, 'n': 50}"));
    let mut config =
        PluginConfig { folders: vec![folder.path().join("plugins")], ..PluginConfig::default() };
    evaluation.add_plugins(folder.path(), &config, &Control::NONE).unwrap();
    assert_eq!(evaluation.errors, [] as [String; 0]);
    let expected = json!({"lowest": -2.0, "n": 5, "positives": 2, "first": 5, "edges": null});
    assert_eq!(Value::Object(evaluation.custom.clone()), expected);

    // Those of the experiment come last and only if asked for.
    config.of_experiment = true;
    evaluation.add_plugins(folder.path(), &config, &Control::NONE).unwrap();
    assert_eq!((&evaluation.custom["own"], &evaluation.custom["n"]), (&json!(1), &json!(50)));
    let report = ReportConfig { plots: false, graflag: true };
    evaluation.write(&folder.path().join("eval"), report).unwrap();
    let text = fs::read_to_string(folder.path().join("eval/evaluation.json")).unwrap();
    let written: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(written["metrics"]["lowest"], -2.0);
    assert!(written.get("errors").is_none());

    // Results that are no JSON become that.
    let results = Results::read(folder.path().join("results.json")).unwrap();
    let table = folder.path().join("other/results.parquet");
    fs::create_dir(table.parent().unwrap()).unwrap();
    results.write(&table).unwrap();
    evaluation.custom.clear();
    evaluation.add_plugins(&table, &config, &Control::NONE).unwrap();
    assert_eq!(evaluation.custom["lowest"], -2.0, "{:?}", evaluation.errors);

    config.folders = vec![folder.path().join("none")];
    assert!(evaluation.add_plugins(folder.path(), &config, &Control::NONE).is_err());
}

#[test]
fn bad_plugins_harm_no_other() {
    if !has_python() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut evaluation = evaluated(folder.path());
    let mark = format!("graphlume-plugin-{}", std::process::id());
    let hangs = format!(
        "import subprocess, sys, time; subprocess.Popen([sys.executable, '-c', \
         'import time; time.sleep(300)', '{mark}']); time.sleep(300)"
    );
    for (name, text) in [
        ("a_hangs", plugin(&hangs)),
        ("b_raises", plugin("raise ValueError('no such thing')")),
        (
            "c_garbage",
            "print('{' * 100)\nimport os\nos.write(1, b'}{' * 100000)\nx = y\n".to_owned(),
        ),
        ("d_nan", plugin("return {'good': 0.5, 'bad': float('nan'), 'list': [1, float('inf')]}")),
        ("e_list", plugin("return [1]")),
        (
            "f_dies",
            plugin(
                "import os, sys; sys.stderr.write('dying\\\\n'); sys.stderr.flush(); os._exit(3)",
            ),
        ),
        ("g_exits", plugin("raise SystemExit(0)")),
        ("h_greedy", plugin("return {'much': len(bytearray(3 << 30))}")),
        ("i_object", plugin("return {'odd': object()}")),
        ("j_syntax", "def\n".to_owned()),
        ("i_text", plugin("return {'word': 'high', 'fine': 2}")),
        ("k_talks", plugin("print('x' * 50_000_000); return {'talks': 1}")),
        ("l_good", plugin("return {'last': len(scores)}")),
    ] {
        write(&folder.path().join(format!("plugins/{name}.py")), &text);
    }
    let config = PluginConfig {
        folders: vec![folder.path().join("plugins")],
        timeout: Duration::from_secs(20),
        memory: 2 << 30,
        ..PluginConfig::default()
    };
    let begin = Instant::now();
    evaluation.add_plugins(folder.path(), &config, &Control::NONE).unwrap();
    assert!(begin.elapsed() < Duration::from_secs(200));
    for (start, part) in [
        ("a_hangs.py", "it did not end within 20 s"),
        ("b_raises.py: metric", "ValueError: no such thing"),
        ("c_garbage.py", "NameError"),
        ("d_nan.py: metric", "`bad` is nan"),
        ("d_nan.py: metric", "`list[1]` is inf"),
        ("e_list.py: metric", "it returned list, not a dict"),
        ("f_dies.py", "exit status: 3: dying"),
        ("g_exits.py: metric", "SystemExit: 0"),
        ("h_greedy.py: metric", "MemoryError"),
        ("i_object.py: metric", "TypeError"),
        ("i_text.py: metric", "`word` is 'high', which is text and no number"),
        ("j_syntax.py", "SyntaxError"),
    ] {
        let fits = |error: &&String| error.starts_with(start) && error.contains(part);
        assert_eq!(
            evaluation.errors.iter().filter(fits).count(),
            1,
            "{start} {part}: {:#?}",
            evaluation.errors
        );
    }
    assert_eq!(evaluation.errors.len(), 12, "{:#?}", evaluation.errors);
    let expected = json!({"good": 0.5, "bad": null, "list": [1, null], "word": null, "fine": 2,
        "talks": 1, "last": 5});
    assert_eq!(Value::Object(evaluation.custom), expected);
    let runs =
        fs::read_dir("/proc").unwrap().filter_map(Result::<_, std::io::Error>::ok).any(|entry| {
            let line = fs::read(entry.path().join("cmdline")).unwrap_or_default();
            // The interpreter that was given the whole plugin has it among its arguments too.
            String::from_utf8_lossy(&line).split('\0').any(|word| word == mark)
        });
    assert!(!runs, "a process is left");
}

#[test]
fn without_python_it_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let mut evaluation = evaluated(folder.path());
    write(&folder.path().join("custom_metrics/own.py"), &plugin("return {}"));
    let config = PluginConfig {
        python: "no-such-python".into(),
        of_experiment: true,
        ..PluginConfig::default()
    };
    evaluation.add_plugins(folder.path(), &config, &Control::NONE).unwrap();
    assert!(
        evaluation.errors[0].contains("no-such-python cannot be started"),
        "{:?}",
        evaluation.errors
    );
}
