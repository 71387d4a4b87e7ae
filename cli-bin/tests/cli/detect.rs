//! Datasets and detectors on the command line.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

fn command(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_graphlume"));
    command.args(args);
    command
}

/// Standard output of a run that must succeed.
fn stdout(args: &[&str]) -> String {
    let output = command(args).output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{args:?}: {errors}");
    String::from_utf8(output.stdout).unwrap()
}

/// Standard error of a run that must fail with exit code 2.
fn error(args: &[&str]) -> String {
    let output = command(args).output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{args:?}");
    String::from_utf8(output.stderr).unwrap()
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn path(folder: &TempDir, name: &str) -> String {
    folder.path().join(name).to_str().unwrap().to_owned()
}

/// What a run says of `input` on its standard input.
fn piped(args: &[&str], input: &[u8]) -> Output {
    let mut child = command(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(input).unwrap();
    drop(stdin);
    child.wait_with_output().unwrap()
}

#[test]
fn what_is_bundled_is_listed() {
    let sets = json(&stdout(&["list", "datasets", "--bundled", "--facts", "--json"]));
    let disney = sets.as_array().unwrap().iter().find(|set| set["name"] == "disney").unwrap();
    assert_eq!(disney["facts"]["n_nodes"], 124);
    assert_eq!(disney["facts"]["labelled_nodes"], serde_json::json!([124, 6]));
    assert!(disney["licence"].as_str().unwrap().starts_with("MIT"));
    let text = stdout(&["list", "datasets", "--bundled", "--facts"]);
    assert!(text.contains("124 nodes, 335 edges, 28 features, 6 of 124 nodes anomalous"), "{text}");
    let methods = json(&stdout(&["list", "methods", "--bundled", "--json"]));
    assert!(methods.as_array().unwrap().iter().any(|method| method["name"] == "midas-f"));
    assert!(error(&["list", "experiments", "--bundled"]).contains("no experiment comes with"));
}

#[test]
fn folders_of_datasets_are_listed_whatever_is_in_them() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["Ours", "bond_x"] {
        fs::create_dir(folder.path().join(name)).unwrap();
    }
    fs::write(folder.path().join("Ours/edges.csv"), "src,dst,label\n0,1,3\n").unwrap();
    fs::write(folder.path().join("bond_x/data.pt"), "x").unwrap();
    fs::write(folder.path().join("bond_x/metadata.json"), "{}").unwrap();
    let root = folder.path().to_str().unwrap();
    let text = stdout(&["list", "datasets", root]);
    assert_eq!(text, "ours    native  0.0 MB\nbond_x          0.0 MB\n");
    let output = command(&["list", "datasets", root, "--facts"]).output().unwrap();
    let errors = String::from_utf8(output.stderr).unwrap();
    assert!(errors.contains("`label` is 3 in row 1, but a label is 0 or 1"), "{errors}");
    assert!(output.status.success());
}

#[test]
fn what_is_detected_can_be_evaluated() {
    let folder = tempfile::tempdir().unwrap();
    let out = path(&folder, "results.json");
    let detect = |seed: &str| {
        let method = ["--method", "isolation-forest", "-p", "trees=20", "--seed", seed];
        stdout(&[&["detect", "bundled:disney", "-o", &out], &method[..]].concat());
        fs::read_to_string(&out).unwrap()
    };
    let results = json(&detect("3"));
    assert_eq!(results["result_type"], "NODE_ANOMALY_SCORES");
    assert_eq!(results["metadata"]["parameters"]["seed"], 3);
    assert_eq!(results["metadata"]["parameters"]["trees"], 20);
    assert_eq!(results["metadata"]["dataset_sha256"].as_str().unwrap().len(), 64);
    assert_ne!(results["scores"], json(&detect("4"))["scores"]);
    let evaluated = json(&stdout(&["evaluate", &out, "--dry-run", "--json"]));
    assert_eq!(evaluated["metrics"]["num_anomalies"], 6);
    for name in ["results.parquet", "results.arrow"] {
        let out = path(&folder, name);
        stdout(&["detect", "--method", "midas", "bundled:bursts", "-o", &out]);
        stdout(&["evaluate", &out, "--dry-run"]);
    }
}

#[test]
fn what_cannot_be_detected_is_said() {
    let out = "/dev/null.json";
    let says = |args: &[&str], expected: &str| {
        let found = error(&[&["detect", "-o", out], args].concat());
        assert!(found.contains(expected), "{found}");
    };
    says(&["-m", "midax", "bundled:disney"], "there is no detector `midax`, did you mean `midas`?");
    says(
        &["-m", "midas", "bundled:disney"],
        "midas cannot run over bundled:disney: its edges have no times",
    );
    says(&["-m", "midas", "-p", "row=1", "bundled:bursts"], "did you mean `rows`?");
    says(&["-m", "midas", "-p", "rows", "bundled:bursts"], "a name and a value are expected");
    says(&["-m", "degree", "nowhere"], "nowhere: No such file");
    let found = error(&["detect", "-m", "degree", "--follow"]);
    assert!(found.contains("degree needs all edges at once"), "{found}");
}

#[test]
fn a_stream_is_followed_and_taken_up_again() {
    let folder = tempfile::tempdir().unwrap();
    let state = path(&folder, "state");
    let follow = ["detect", "-m", "midas-f", "--follow", "--checkpoint", &state];
    let first = piped(&follow, b"src,dst,ts\n1,2,1\n1,2,1\n");
    let errors = String::from_utf8_lossy(&first.stderr).into_owned();
    assert!(first.status.success(), "{errors}");
    let second = piped(&follow, b"src,dst,ts\n1,2,2\n");
    assert!(String::from_utf8_lossy(&second.stderr).contains("taken up after 2 edges"));
    let whole = piped(&follow[..4], b"src,dst,ts\n1,2,1\n1,2,1\n1,2,2\n");
    let lines = |output: &Output| -> Vec<String> {
        let text = String::from_utf8(output.stdout.clone()).unwrap();
        text.lines().skip(1).map(str::to_owned).collect()
    };
    assert_eq!([lines(&first), lines(&second)].concat(), lines(&whole));
    let other = piped(&[&follow[..], &["-p", "rows=5"]].concat(), b"");
    let errors = String::from_utf8_lossy(&other.stderr).into_owned();
    assert!(errors.contains("was saved with rows=2"), "{errors}");
    let back = piped(&follow, b"src,dst,ts\n1,2,1\n");
    assert_eq!(back.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&back.stderr).contains("the stream is at 2 already"));
}

/// A signal while nothing comes: the state is saved, and the exit code says that it was stopped.
#[cfg(unix)]
#[test]
fn an_idle_stream_minds_an_interrupt() {
    let folder = tempfile::tempdir().unwrap();
    let state = path(&folder, "state");
    let mut child = command(&["detect", "-m", "midas", "--follow", "--checkpoint", &state])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(b"src,dst,ts\n1,2,1\n").unwrap();
    stdin.flush().unwrap();
    // The score comes though the input goes on.
    let mut line = [0; 17];
    std::io::Read::read_exact(child.stdout.as_mut().unwrap(), &mut line).unwrap();
    assert!(line.starts_with(b"src,dst,ts,score\n"));
    let pid = nix::unistd::Pid::from_raw(child.id() as i32);
    nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGINT).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(1));
    assert!(Path::new(&state).is_file());
    drop(stdin);
}

#[test]
fn one_bad_path_harms_no_other_and_files_stay_apart() {
    let folder = TempDir::new().unwrap();
    let results = r#"{"result_type": "NODE_ANOMALY_SCORES", "scores": [-1, NaN, 0.5, 2], "ground_truth": [0, 0, 0, 1]}"#;
    for (name, text) in [("a.json", results), ("bad.json", "{"), ("b.json", results)] {
        fs::write(folder.path().join(name), text).unwrap();
    }
    let paths = ["a.json", "bad.json", "b.json"].map(|name| path(&folder, name));
    let mut args = vec!["evaluate", "--no-plots", "--resamples", "0"];
    args.extend(paths.iter().map(String::as_str));
    let output = command(&args).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains(&format!("error: {}: EOF while parsing", paths[1])), "{said}");
    assert!(said.ends_with("1 of 3 paths could not be evaluated\n"), "{said}");
    let shown = String::from_utf8(output.stdout).unwrap();
    assert!(shown.contains("a  NODE_ANOMALY_SCORES") && shown.contains("b  NODE_ANOMALY_SCORES"));
    for (name, marks) in [("a", None), ("b", Some("--graflag"))] {
        let file = path(&folder, &format!("{name}.json"));
        let mut args = vec!["evaluate", "--no-plots", "--resamples", "0", &file];
        args.extend(marks);
        stdout(&args);
        let written = path(&folder, &format!("eval/{name}/evaluation.json"));
        let written = json(&fs::read_to_string(written).unwrap());
        assert_eq!(written["experiment_name"], name);
        // In GraFlag's mode alone a score of -1 is its mark.
        let unknown = usize::from(marks.is_some());
        assert_eq!(written["metrics"]["filtering"]["dropped_unknown"], unknown);
        assert_eq!(written["metrics"]["filtering"]["dropped_non_finite"], 1);
    }
    let one = command(&["evaluate", &paths[1]]).output().unwrap();
    assert_eq!(one.status.code(), Some(2));
}

#[test]
fn a_sweep_has_no_configuration_to_repeat() {
    let help = stdout(&["sweep", "--help"]);
    assert!(!help.contains("--from-config"), "{help}");
    // Options of the command are among its own, not below a heading of others.
    for verb in ["sweep", "run", "evaluate"] {
        let help = stdout(&[verb, "--help"]);
        let (own, _) =
            help.split_once("Where it runs:").or(help.split_once("Metrics of Python:")).unwrap();
        assert!(own.contains("--json"), "{verb}: {help}");
    }
}
