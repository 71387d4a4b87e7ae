//! Sweeps and leaderboards on the command line: trials are processes, and some of them behave badly.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use serde_json::Value;

/// The command, which keeps what it makes for later in a folder of the tests.
fn command(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_graphlume"));
    command.args(args).env("GRAPHLUME_CACHE", env!("CARGO_TARGET_TMPDIR"));
    command
}

fn graphlume(args: &[&str]) -> Output {
    command(args).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", text(&output.stderr)))
}

/// A folder of a method with this script.
fn method(root: &Path, name: &str, script: &str) {
    let folder = root.join(name);
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join(".env"), "COMMAND=sh main.sh\n_LEVEL=1\n").unwrap();
    fs::write(folder.join("main.sh"), script).unwrap();
}

const SCORES: &str = r#"'{"result_type": "NODE_ANOMALY_SCORES", "scores": [0.1, 0.9, 0.2, 0.8], "ground_truth": [0, 1, 0, 1]}'"#;

#[test]
fn trials_are_run_counted_and_shown() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    method(root, "good", &format!("echo {SCORES} > $EXP/results.json"));
    method(root, "slow", "sleep 60");
    method(root, "wrong", "exit 3");
    let file = root.join("s.toml");
    let spec = r#"
        name = "Some <methods>"
        datasets = ["bundled:disney"]
        seeds = 2
        resamples = 10
        [limits]
        parallel = 4
        timeout = "15 s"
        [[methods]]
        name = "degree"
        [[methods]]
        name = "isolation-forest"
        parameters = { trees = 10 }
        [[methods]]
        folder = "good"
        parameters = { LEVEL = [1, 2] }
        [[methods]]
        folder = "slow"
        [[methods]]
        folder = "wrong"
    "#;
    fs::write(&file, spec).unwrap();
    let (file, out) = (file.to_str().unwrap(), root.join("out"));
    let out = out.to_str().unwrap();
    let plan = graphlume(&["sweep", file, "-o", out, "--dry-run"]);
    let planned = text(&plan.stdout);
    assert!(planned.contains("disney  isolation-forest  trees=10  × 2 seeds\n"), "{planned}");
    assert!(planned.ends_with("11 trials, 11 to run, 4 at a time\n"), "{planned}");
    assert!(!Path::new(out).exists());

    let sweep = graphlume(&["sweep", file, "-o", out, "--json"]);
    assert_eq!(sweep.status.code(), Some(1), "{}", text(&sweep.stderr));
    let report = json(&sweep);
    let expected = serde_json::json!({"completed": 7, "failed": 2, "timeout": 2});
    assert_eq!(report["states"], expected, "{}", text(&sweep.stderr));
    let again = json(&graphlume(&["sweep", file, "-o", out, "--json"]));
    assert_eq!((&again["n_ran"], &again["n_known"]), (&0.into(), &11.into()));

    let board = root.join("board");
    let board = board.to_str().unwrap();
    let shown = graphlume(&["leaderboard", out, "-o", board, "--json"]);
    let shown = json(&shown);
    let rows = shown["tracks"][0]["rows"].as_array().unwrap();
    let row = |name: &str| rows.iter().find(|row| row["method"] == name).unwrap();
    let forest = &row("isolation-forest")["cells"][0];
    assert_eq!((&forest["roc_auc"]["n"], &forest["n_samples"]), (&2.into(), &124.into()));
    assert!(0.5 < forest["peak_memory_mb"].as_f64().unwrap(), "{forest}");
    assert_eq!(row("good LEVEL=2")["cells"][0]["roc_auc"]["mean"], 1.0);
    for suffix in ["md", "csv", "html", "json"] {
        let path = Path::new(board).join(format!("leaderboard.{suffix}"));
        let written = fs::read_to_string(path).unwrap();
        assert!(written.contains("isolation-forest"), "{suffix}");
    }
    // What was run are experiments like any others.
    let experiments = Path::new(out).join("experiments");
    let listed =
        json(&graphlume(&["list", "experiments", experiments.to_str().unwrap(), "--json"]));
    assert_eq!(listed.as_array().unwrap().len(), 11);
    let theirs = json(&graphlume(&["leaderboard", experiments.to_str().unwrap(), "--json"]));
    assert_eq!(theirs["states"], expected);
}

#[test]
fn an_interrupt_ends_what_runs_and_leaves_the_rest_for_later() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    method(root, "slow", "echo $$ > $EXP/pid; sleep 60");
    let file = root.join("s.toml");
    let spec = "datasets = [\"bundled:disney\"]\nseeds = 3\n[limits]\nparallel = 1\n\
                [[methods]]\nname = \"degree\"\n[[methods]]\nfolder = \"slow\"\n";
    fs::write(&file, spec).unwrap();
    let out = root.join("out");
    let mut child =
        command(&["sweep", file.to_str().unwrap(), "-o", out.to_str().unwrap()]).spawn().unwrap();
    let begin = Instant::now();
    let started = || {
        let folders = fs::read_dir(out.join("experiments")).ok()?;
        let paths = folders.map(|entry| entry.unwrap().path().join("pid"));
        paths.filter_map(|path| fs::read_to_string(path).ok()).find(|text| text.ends_with('\n'))
    };
    let pid = loop {
        if let Some(pid) = started() {
            break pid.trim().to_owned();
        }
        assert!(begin.elapsed() < Duration::from_mins(1), "nothing began");
        std::thread::sleep(Duration::from_millis(20));
    };
    let runner = nix::unistd::Pid::from_raw(child.id() as i32);
    nix::sys::signal::kill(runner, nix::sys::signal::Signal::SIGINT).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(1));
    // One that only waits to be noticed as ended is no more.
    let status = fs::read_to_string(Path::new("/proc").join(pid).join("status"));
    let runs = status.is_ok_and(|status| !status.contains("State:\tZ"));
    assert!(!runs, "it runs on");
    let file = file.to_str().unwrap();
    let plan = graphlume(&["sweep", file, "-o", out.to_str().unwrap(), "--dry-run"]);
    assert!(text(&plan.stdout).ends_with("4 trials, 3 to run, 1 at a time\n"));
}

#[test]
fn what_is_wrong_with_a_file_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("s.toml");
    fs::write(&file, "dataset = []\n").unwrap();
    let output = graphlume(&["sweep", file.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(2));
    let errors = text(&output.stderr);
    assert!(
        errors.contains("s.toml: there is no key `dataset`, did you mean `datasets`?"),
        "{errors}"
    );
    let output = graphlume(&["leaderboard", folder.path().to_str().unwrap()]);
    assert!(text(&output.stderr).contains("neither sweep.json nor an experiment"));
}
