//! Runs on the command line: repeated, watched, stopped, and read by people.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value, json};
use tempfile::TempDir;

const SCORES: &str = r#"{"result_type": "NODE_ANOMALY_SCORES", "scores": [0.1, 0.9, 0.2, 0.8], "ground_truth": [0, 1, 0, 1]}"#;

/// A folder with a method, a dataset, and room for experiments.
struct Place(TempDir);

impl Place {
    fn new(env: &str, script: &str) -> Self {
        let place = Self(tempfile::tempdir().unwrap());
        for folder in ["methods/m", "datasets/tiny"] {
            fs::create_dir_all(place.path(folder)).unwrap();
        }
        fs::write(place.path("methods/m/.env"), env).unwrap();
        fs::write(place.path("methods/m/main.sh"), script).unwrap();
        fs::write(place.path("methods/m/results.json"), SCORES).unwrap();
        fs::write(place.path("datasets/tiny/edges.csv"), "src,dst\n0,1\n").unwrap();
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_graphlume"));
        command.args(args).current_dir(self.0.path()).env("GRAPHLUME_CACHE", self.path("cache"));
        command
    }

    fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().unwrap()
    }

    /// What a command that must do well says as JSON, and in words.
    fn json(&self, args: &[&str]) -> (Value, String) {
        let output = self.run(&[args, &["--json"]].concat());
        let said = text(&output.stderr);
        assert!(output.status.success(), "{args:?}: {said}{}", text(&output.stdout));
        (serde_json::from_slice(&output.stdout).unwrap(), said)
    }

    /// Begins a run, and waits until its status is `state`.
    fn begin(&self, args: &[&str], state: &str) -> (Child, PathBuf) {
        let mut child = self.command(args).stdout(Stdio::piped()).spawn().unwrap();
        let is_on = |folder: &PathBuf| {
            let text = fs::read(folder.join("status.json")).unwrap_or_default();
            let status = serde_json::from_slice::<Value>(&text).unwrap_or_default();
            status["status"] == state
        };
        let deadline = Instant::now() + Duration::from_mins(1);
        let mut found = None;
        while found.is_none() && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(20));
            let folders = fs::read_dir(self.path("experiments")).into_iter().flatten();
            let first = folders.filter_map(Result::ok).map(|entry| entry.path()).next();
            found = first.filter(is_on);
        }
        match found {
            Some(folder) => (child, folder),
            None => {
                child.kill().unwrap();
                child.wait().unwrap();
                panic!("it is not {state}");
            }
        }
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn config(experiment: &Value) -> Value {
    let folder = Path::new(experiment["folder"].as_str().unwrap());
    let text = fs::read_to_string(folder.join("service_config.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

const DOES_WELL: &str = "cp results.json \"$EXP\"\n";

#[test]
fn a_run_is_repeated_as_it_was() {
    let env = "COMMAND=sh main.sh\nSUPPORTED_DATASETS=other\n_LEVEL=1\n_GPU=0\n";
    let place = Place::new(env, DOES_WELL);
    let refused = place.run(&["run", "-m", "m", "-d", "tiny"]);
    assert!(text(&refused.stderr).contains("m cannot read the dataset `tiny`"));
    let flags = ["--any-dataset", "-p", "LEVEL=2", "--seed", "4", "--no-gpu"];
    let limits = ["--timeout", "1 min", "--memory", "1 GiB", "--interval", "50 ms"];
    let python = ["--python", "./python"];
    fs::write(place.path("python"), "#!/bin/sh\nexec python3 \"$@\"\n").unwrap();
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    fs::set_permissions(place.path("python"), mode).unwrap();
    let all = [&["run", "-m", "m", "-d", "tiny"], &flags[..], &limits, &python].concat();
    let (first, _) = place.json(&all);
    let folder = first["folder"].as_str().unwrap();
    let own = &config(&first)["graphlume"];
    assert_eq!(own["settings"]["python"], place.path("python").to_str().unwrap());
    assert_eq!((&own["interval_secs"], &own["any_dataset"]), (&json!(0.05), &json!(true)));

    // From another folder too.
    let mut again = place.command(&["run", "--from-config", folder, "--json", "--root"]);
    let again = again.arg(place.0.path()).current_dir("/").output().unwrap();
    assert_eq!(text(&again.stderr), "");
    let again: Value = serde_json::from_slice(&again.stdout).unwrap();
    assert_eq!(again["status"]["status"], "completed");
    let (before, now) = (config(&first), config(&again));
    assert_eq!(before["graphlume"], now["graphlume"]);
    assert_eq!(before["env_contents"], now["env_contents"]);
    assert_eq!(before["gpu_required"], now["gpu_required"]);

    // What is said counts, and what is another thing now is told.
    fs::write(place.path("datasets/tiny/edges.csv"), "src,dst\n0,1\n1,2\n").unwrap();
    let other = ["--gpu", "--interval", "70 ms", "-p", "level=3", "--python", "python3"];
    let (other, said) = place.json(&[&["run", "--from-config", folder], &other[..]].concat());
    assert_eq!(said, "not as in the earlier run: the dataset has changed\n");
    let other = config(&other);
    assert_eq!(
        (&other["gpu_required"], &other["env_contents"]["_LEVEL"]),
        (&json!(true), &json!("3"))
    );
    let own = &other["graphlume"];
    assert_eq!(
        (&own["interval_secs"], &own["settings"]["python"]),
        (&json!(0.07), &json!("python3"))
    );
    assert_eq!((&own["seed"], &own["timeout_secs"]), (&json!(4), &json!(60.0)));
}

#[test]
fn a_run_is_shown_and_stopped_before_its_method_starts() {
    let place = Place::new("COMMAND=sh main.sh\n", DOES_WELL);
    // Its hash takes minutes.
    let model = fs::File::create(place.path("methods/m/model.bin")).unwrap();
    model.set_len(400 << 30).unwrap();
    let (child, folder) = place.begin(&["run", "-m", "m", "-d", "tiny"], "building");
    let shown = text(&place.run(&["status"]).stdout);
    let host = fs::read_to_string("/proc/sys/kernel/hostname").unwrap();
    let by = format!("  run by process {} on {}\n", child.id(), host.trim());
    let name = folder.file_name().unwrap().to_str().unwrap();
    assert_eq!(shown, format!("experiments/{name}  building\n{by}"));
    let begin = Instant::now();
    let stopped = place.run(&["stop", name]);
    assert_eq!(text(&stopped.stderr), format!("{name}: stopped\n"));
    assert!(begin.elapsed() < Duration::from_secs(20));
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(text(&output.stdout), format!("{}  stopped\n", folder.display()));
    assert!(text(&place.run(&["stop", name]).stderr).ends_with("stopped already\n"));
    assert_eq!(text(&place.run(&["status"]).stderr), "no experiment runs\n");
}

#[test]
fn what_a_runner_that_was_killed_has_left_is_ended() {
    let place = Place::new("COMMAND=sh main.sh\n", "echo started; sleep 300\n");
    let (mut child, folder) = place.begin(&["run", "-m", "m", "-d", "tiny"], "running");
    let name = folder.file_name().unwrap().to_str().unwrap();
    let deadline = Instant::now() + Duration::from_mins(1);
    while text(&place.run(&["logs", name]).stdout) != "started\n" {
        assert!(Instant::now() < deadline, "it prints nothing");
        std::thread::sleep(Duration::from_millis(20));
    }
    kill(Pid::from_raw(child.id() as i32), Signal::SIGKILL).unwrap();
    child.wait().unwrap();
    let shown = text(&place.run(&["status"]).stdout);
    assert!(shown.contains("  unknown\n  the runner ended without saying"), "{shown}");
    assert!(shown.contains("processes of it still run; `graphlume stop` ends them"), "{shown}");
    // Its log is over, though nobody has said so.
    assert_eq!(text(&place.run(&["logs", "-f", name]).stdout), "started\n");
    assert_eq!(text(&place.run(&["stop", name]).stderr), format!("{name}: stopped\n"));
    assert_eq!(text(&place.run(&["status"]).stderr), "no experiment runs\n");
}

#[test]
fn a_detector_needs_no_python() {
    let place = Place::new("", "");
    fs::create_dir(place.path("bin")).unwrap();
    // There is one that cannot do anything, and none called `python`.
    fs::write(place.path("bin/python3"), "").unwrap();
    let mut command = place.command(&["run", "-m", "degree", "-d", "bundled:disney", "--json"]);
    let output = command.env("PATH", place.path("bin")).output().unwrap();
    let experiment: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(experiment["status"]["status"], "completed", "{experiment}");
    assert!(!place.path("cache").exists(), "an environment was made");
}

#[test]
fn experiments_with_two_underscores_keep_their_names() {
    let place = Place::new("COMMAND=sh main.sh\n", DOES_WELL);
    fs::rename(place.path("methods/m"), place.path("methods/my__method")).unwrap();
    fs::rename(place.path("datasets/tiny"), place.path("datasets/ti__ny")).unwrap();
    let (experiment, _) = place.json(&["run", "-m", "my__method", "-d", "ti__ny"]);
    assert_eq!(
        (&experiment["method"], &experiment["dataset"]),
        (&json!("my__method"), &json!("ti__ny"))
    );
}
