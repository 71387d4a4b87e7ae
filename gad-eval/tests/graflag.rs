//! The real `graflag-runner` of `PyPI` inside methods, and GraFlag's runner around one.
//!
//! The interpreter that has it is that of `GRAPHLUME_GRAFLAG_PYTHON`, or `python3`. `.ci/test` names the one of its golden
//! files. Without the package the tests say so.

#![expect(clippy::unwrap_used, reason = "a panic fails the test, as it should")]
#![expect(clippy::print_stdout, reason = "what is skipped is said")]

use std::fs;
use std::path::Path;
use std::time::Duration;

use gad_eval::evaluate::spot_files;
use gad_eval::experiment::{Experiment, State};
use gad_eval::method::Method;
use gad_eval::run::{LocalExecutor, Program, RunConfig};
use graph_core::Control;
use serde_json::Value;

/// Its parameters are those of a constructor, as in GraFlag's example of a method.
const SCRIPT: &str = r#"
import random
from graflag_runner import ResultWriter, info, params, paths, warning


class Detector:
    def __init__(self, learning_rate: float = 0.5, epochs: int = 1, name: str = ""):
        self.learning_rate, self.epochs, self.name = learning_rate, epochs, name
        assert isinstance(learning_rate, float) and isinstance(epochs, int)


run, config = paths(), params()
random.seed(config["seed"])
edges = [line.split(",") for line in (run.data / "edges.csv").read_text().splitlines()[1:]]
info(f"{len(edges)} edges of {run.dataset} for {run.experiment}")
detector = Detector(**params(Detector))
writer = ResultWriter()
for epoch in range(detector.epochs):
    writer.spot("training", epoch=epoch, loss=1 / (epoch + 1))
writer.save_scores(
    result_type="EDGE_STREAM_ANOMALY_SCORES",
    scores=iter([random.random() for _ in edges]),
    edges=[[int(s), int(t)] for s, t, *_ in edges],
    timestamps=[int(edge[2]) for edge in edges],
    ground_truth=[int(edge[3]) for edge in edges],
)
writer.add_metadata(method_name="example", method_parameters=config, exec_time_ms=1.0)
print("results in", writer.finalize())
"#;

const ENV: &str = "METHOD_NAME=example\nDESCRIPTION=\"A method of GraFlag's form\"\nINTEGRATION=reimplementation\n\
                   SUPPORTED_DATASETS=\n_LEARNING_RATE=0.001\n_EPOCHS=3\n_NAME=\n_SEED=42\n";

/// The interpreter that has the package.
fn interpreter() -> Option<String> {
    let named = std::env::var("GRAPHLUME_GRAFLAG_PYTHON").ok().filter(|name| !name.is_empty());
    let python = named.unwrap_or_else(|| "python3".to_owned());
    let command = ["-c", "import graflag_runner; print(graflag_runner.__version__)"];
    let found = std::process::Command::new(&python).args(command).output();
    let found = found.ok().filter(|output| output.status.success());
    match &found {
        Some(output) => {
            println!("graflag-runner {}", String::from_utf8_lossy(&output.stdout).trim());
        }
        None => println!("skipped: methods with graflag-runner: {python} does not have it"),
    }
    found.map(|_| python)
}

/// Runs the script with `command`.
fn run(folder: &Path, command: &str) -> Experiment {
    let write = |name: &str, text: &str| {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    write("methods/example/.env", &format!("{ENV}COMMAND={command}\n"));
    write("methods/example/train_graflag.py", SCRIPT);
    write("datasets/uci/edges.csv", "src,dst,time,label\n0,1,5,0\n1,2,6,0\n2,0,7,1\n0,3,9,0\n");
    let method = Method::read(&folder.join("methods/example")).unwrap();
    let program = Program::Folder(Box::new(method));
    let mut config = RunConfig::new(program, folder.join("datasets/uci"));
    config.experiments = folder.join("experiments");
    config.parameters = vec![("LEARNING_RATE".to_owned(), "0.25".to_owned())];
    config.seed = Some(7);
    config.gpu = false;
    config.interval = Duration::from_millis(100);
    let executor = LocalExecutor { cache: folder.join("cache"), ..LocalExecutor::default() };
    let experiment = config.run(&executor, &Control::NONE).unwrap();
    let output = fs::read_to_string(experiment.folder.join("method_output.txt")).unwrap();
    assert_eq!(experiment.status.status, State::Completed, "{:?}\n{output}", experiment.status);
    assert!(output.contains("4 edges of uci"), "{output}");
    experiment
}

/// What is to be true of it however it was run.
fn check(experiment: &Experiment) {
    let text = fs::read_to_string(experiment.folder.join("results.json")).unwrap();
    let results: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(results["scores"].as_array().unwrap().len(), 4);
    let metadata = &results["metadata"];
    let parameters = &metadata["method_parameters"];
    assert_eq!((&parameters["learning_rate"], &parameters["seed"]), (&0.25.into(), &7.into()));
    assert_eq!(metadata["exec_time_ms"].as_f64(), experiment.status.exec_time_ms);
    assert!(metadata["method_reported_exec_time_ms"].is_number());
    let spots = spot_files(&experiment.folder).unwrap();
    assert!(spots.iter().any(|file| file.name == "training"));
}

#[test]
fn a_method_uses_graflags_library() {
    let Some(python) = interpreter() else { return };
    let folder = tempfile::tempdir().unwrap();
    let experiment = run(folder.path(), &format!("{python} train_graflag.py"));
    check(&experiment);
    let samples = fs::read_to_string(experiment.folder.join("resources.csv")).unwrap();
    assert!(samples.starts_with("timestamp,cpu_percent,gpu_mb,memory_mb\n"));
}

/// As in an image whose command is GraFlag's runner, which writes the same files as ours.
#[test]
fn graflags_runner_runs_inside_ours() {
    let Some(python) = interpreter() else { return };
    let folder = tempfile::tempdir().unwrap();
    let command = format!("env 'COMMAND={python} train_graflag.py' {python} -m graflag_runner");
    let experiment = run(folder.path(), &command);
    check(&experiment);
    let samples = fs::read_to_string(experiment.folder.join("resources.csv")).unwrap();
    assert!(samples.starts_with("timestamp,gpu_mb,memory_mb"), "{samples}");
    let usage = fs::read_to_string(experiment.folder.join("usage.csv")).unwrap();
    assert!(usage.starts_with("timestamp,cpu_percent,gpu_mb,memory_mb\n"), "{usage}");
}
