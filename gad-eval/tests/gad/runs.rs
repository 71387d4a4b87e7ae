//! Runs of methods: what they are given, how they end, and that nothing of them is left.

#![expect(clippy::unwrap_used, reason = "a panic fails the test, as it should")]
#![expect(clippy::print_stdout, reason = "what is skipped is said")]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use gad_eval::experiment::{Experiment, State, Status};
use gad_eval::method::Method;
use gad_eval::results::Results;
use gad_eval::run::{
    Budget, Environment, Executor, Job, LocalExecutor, Prepared, Program, RunConfig, ServiceConfig,
    Task, remains, stop,
};
use graph_core::Control;
use serde_json::{Value, json};

/// Results that any evaluation takes.
const RESULTS: &str = r#"{"result_type": "NODE_ANOMALY_SCORES", "scores": [0.1, 0.9, 0.4], "ground_truth": [0, 1, 0]}"#;

/// A folder with a method, a dataset, and room for experiments.
struct Place {
    root: tempfile::TempDir,
}

impl Place {
    /// `env` is the method's `.env`, `script` its `main.sh`.
    fn new(env: &str, script: &str) -> Self {
        let root = tempfile::tempdir().unwrap();
        for folder in ["methods/m", "datasets/tiny"] {
            fs::create_dir_all(root.path().join(folder)).unwrap();
        }
        let place = Self { root };
        place.write("methods/m/.env", env);
        place.write("methods/m/main.sh", script);
        place.write("methods/m/results.json", RESULTS);
        place.write("datasets/tiny/edges.csv", "src,dst\n0,1\n1,2\n");
        place
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    fn config(&self) -> RunConfig {
        let method = Method::read(&self.path("methods/m")).unwrap();
        let mut config =
            RunConfig::new(Program::Folder(Box::new(method)), self.path("datasets/tiny"));
        config.experiments = self.path("experiments");
        config.interval = Duration::from_millis(50);
        config
    }

    fn executor(&self) -> LocalExecutor {
        LocalExecutor { cache: self.path("cache"), ..LocalExecutor::default() }
    }

    fn run(&self, config: &RunConfig) -> Experiment {
        config.run(&self.executor(), &Control::NONE).unwrap()
    }
}

/// What runs `main.sh`, which does `script`.
fn run(script: &str) -> (Place, Experiment) {
    let place = Place::new("COMMAND=sh main.sh\n", script);
    let experiment = place.run(&place.config());
    (place, experiment)
}

fn text(experiment: &Experiment, name: &str) -> String {
    fs::read_to_string(experiment.folder.join(name)).unwrap()
}

fn error(experiment: &Experiment) -> &str {
    experiment.status.error.as_deref().unwrap_or_default()
}

/// The first experiment of a place, as soon as `is_on` is true of its folder.
fn folder_when(place: &Place, is_on: impl Fn(&Path) -> bool) -> PathBuf {
    let deadline = Instant::now() + Duration::from_mins(2);
    loop {
        let entries = fs::read_dir(place.path("experiments")).into_iter().flatten();
        let folder = entries.filter_map(Result::ok).map(|entry| entry.path()).next();
        if let Some(folder) = folder.filter(|folder| is_on(folder)) {
            return folder;
        }
        assert!(Instant::now() < deadline, "nothing starts");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Whether the method of an experiment has said so.
fn has_started(folder: &Path) -> bool {
    fs::read_to_string(folder.join("method_output.txt")).is_ok_and(|text| text == "started\n")
}

/// Whether a process with `mark` among its arguments runs.
fn runs(mark: &str) -> bool {
    let entries = fs::read_dir("/proc").unwrap().filter_map(Result::ok);
    entries
        .filter_map(|entry| fs::read(entry.path().join("cmdline")).ok())
        .any(|line| String::from_utf8_lossy(&line).contains(mark))
}

#[test]
fn a_method_finds_what_it_is_promised() {
    let env = "COMMAND=sh main.sh\n_LR=0.1\n_HID_DIM=64\n_GPU=0\n_SEED=1\nPLAIN=x y\nSUPPORTED_DATASETS=ti*\n";
    let script = "env >\"$EXP/env.txt\"; pwd >\"$EXP/pwd.txt\"; ls \"$DATA\" >\"$EXP/ls.txt\"\n\
                  echo to output; echo to error >&2; cp results.json \"$EXP/results.json\"\n";
    let place = Place::new(env, script);
    let mut config = place.config();
    config.parameters = vec![("lr".to_owned(), "0.5 or so".to_owned())];
    (config.seed, config.gpu) = (Some(7), false);
    config.budget = Budget { time: Some(Duration::from_mins(1)), memory: Some(1 << 30) };
    let experiment = place.run(&config);
    assert_eq!(experiment.status.status, State::Completed, "{:?}", experiment.status);
    assert_eq!((experiment.method.as_str(), experiment.dataset.as_str()), ("m", "tiny"));

    let env = text(&experiment, "env.txt");
    let value = |name: &str| {
        let mut lines = env.lines();
        lines.find_map(|line| line.strip_prefix(&format!("{name}="))).map(str::to_owned)
    };
    for (name, expected) in [
        ("_LR", "0.5 or so"),
        ("_HID_DIM", "64"),
        ("_GPU", "-1"),
        ("_SEED", "7"),
        ("SEED", "7"),
        ("PLAIN", "x y"),
        ("METHOD_NAME", "m"),
        ("COMMAND", "sh main.sh"),
        ("SUPPORTED_DATASETS", "ti*"),
        ("GRAFLAG_PARAMS", "_GPU,_HID_DIM,_LR,_SEED"),
        ("CUDA_VISIBLE_DEVICES", ""),
        ("MONITOR_INTERVAL", "0.05"),
    ] {
        assert_eq!(value(name).as_deref(), Some(expected), "{name}");
    }
    let folder = experiment.folder.canonicalize().unwrap();
    assert_eq!(value("EXP").unwrap(), format!("{}/", folder.display()));
    assert!(value("DATA").unwrap().ends_with("/datasets/tiny/"));
    assert_eq!(text(&experiment, "ls.txt"), "edges.csv\n");
    assert!(text(&experiment, "pwd.txt").trim_end().ends_with("/methods/m"));
    assert_eq!(text(&experiment, "method_output.txt"), "to output\nto error\n");

    // What it took is in the results, the status and the samples.
    let results: Value = serde_json::from_str(&text(&experiment, "results.json")).unwrap();
    assert_eq!(results["metadata"]["seed"], 7);
    assert_eq!(results["metadata"]["exec_time_ms"], json!(experiment.status.exec_time_ms));
    assert!(results["metadata"]["peak_memory_mb"].is_number());
    let samples = text(&experiment, "resources.csv");
    assert!(samples.starts_with("timestamp,cpu_percent,gpu_mb,memory_mb\n"), "{samples}");
    assert!(1 < samples.lines().count());

    // And what is needed to understand it, and to do it again.
    let environment = Environment::read(&experiment.folder).unwrap().unwrap();
    assert_eq!(environment.dataset_sha256.unwrap().len(), 64);
    assert!(0 < environment.machine.n_cpus && environment.machine.cpu.is_some());
    let again = ServiceConfig::read(&experiment.folder).unwrap();
    assert_eq!((again.seed(), again.budget(), again.gpu_required), (Some(7), config.budget, false));
    assert_eq!(again.parameters(), config.parameters);
    assert_eq!(again.interval(), Some(config.interval));
    let own = again.graphlume.as_ref().unwrap();
    assert_eq!((own.executor.as_str(), own.any_dataset), ("local", false));
    assert_eq!(own.settings, place.executor().settings());
    assert!(Path::new(again.program()).join(".env").is_file() && again.dataset().is_dir());
    assert!(!experiment.folder.join("run.json").exists());
}

#[test]
fn parameters_are_arguments_where_the_image_makes_them_so() {
    let env = "COMMAND=sh main.sh\n_LR=0.1\n_USE_IT=\n_NAME=it's\n";
    let script = "printf '%s|' \"$@\"; cp results.json \"$EXP\"\n";
    let place = Place::new(env, script);
    let plain = place.run(&place.config());
    assert_eq!(text(&plain, "method_output.txt"), "|");
    place.write(
        "methods/m/Dockerfile",
        "FROM x\nCMD [\"python\", \"-m\", \"graflag_runner\", \"--pass-env-args\"]\n",
    );
    let experiment = place.run(&place.config());
    assert_eq!(text(&experiment, "method_output.txt"), "--lr|0.1|--use_it|--name|it's|");
    // Two that begin in the same second have folders of their own.
    assert_ne!(plain.folder, experiment.folder);
}

#[test]
fn bad_ends_are_told_apart() {
    for (script, expected) in [
        ("echo because; echo; exit 3", "it exited with 3: because"),
        ("kill -SEGV $$", "it exited with 139 (SIGSEGV)"),
        ("true", "it exited with 0, but"),
        (
            "printf '{\"result_type\": \"NODE_ANOMALY_SCORES\", \"sco' >\"$EXP/results.json\"",
            "it exited with 0, but",
        ),
        (
            "echo '{\"result_type\": \"X\", \"scores\": [1]}' >\"$EXP/results.json\"",
            "there is no result type `X`",
        ),
        (
            "echo '{\"result_type\": \"NODE_ANOMALY_SCORES\", \"scores\": []}' >\"$EXP/results.json\"",
            "scores is empty",
        ),
    ] {
        let (_place, experiment) = run(script);
        assert_eq!(experiment.status.status, State::Failed, "{script}");
        assert!(error(&experiment).contains(expected), "{script}: {}", error(&experiment));
    }
}

#[test]
fn a_signal_is_told_by_its_name() {
    let place = Place::new("COMMAND=\"kill -KILL $$\"\n", "");
    let experiment = place.run(&place.config());
    assert_eq!(experiment.status.status, State::Failed);
    assert!(error(&experiment).starts_with("signal 9 ended it (SIGKILL"), "{}", error(&experiment));
}

#[test]
fn a_method_without_command_needs_an_image() {
    let place = Place::new("DESCRIPTION=x\n", "");
    let experiment = place.run(&place.config());
    assert_eq!(experiment.status.status, State::Failed);
    assert!(error(&experiment).contains("no COMMAND"), "{}", error(&experiment));
}

#[test]
fn what_cannot_run_leaves_nothing_behind() {
    let place = Place::new("COMMAND=sh main.sh\nSUPPORTED_DATASETS=uci,*_snapshot\n_LR=1\n", "");
    let refused =
        |config: &RunConfig| config.run(&place.executor(), &Control::NONE).unwrap_err().to_string();
    let found = refused(&place.config());
    assert_eq!(found, "m cannot read the dataset `tiny`, it can read uci, *_snapshot");
    let mut config = place.config();
    config.any_dataset = true;
    config.parameters = vec![("LRR".to_owned(), "1".to_owned())];
    assert_eq!(refused(&config), "there is no parameter `LRR`, did you mean `LR`?");
    config.parameters.clear();
    config.dataset = place.path("datasets/none");
    assert!(refused(&config).contains("datasets/none"));
    assert!(!place.path("experiments").exists());
    let find = |name: &str| Program::find(name, &place.path("methods"), Path::new("graphlume"));
    assert!(matches!(find("M"), Ok(Program::Folder(_))));
    assert!(matches!(find("midas"), Ok(Program::Detector { .. })));
    assert_eq!(
        find("midaz").unwrap_err().to_string(),
        "there is no method `midaz`, did you mean `midas`?"
    );
}

#[test]
fn time_is_up_also_for_one_that_will_not_hear() {
    // It ignores the signal, and so do its children, one of which has left the process group and hidden
    // its environment.
    let mark = format!("graphlume-deaf-{}", std::process::id());
    let script = format!(
        "trap '' TERM\n\
         env -i setsid sh -c 'trap \"\" TERM; while :; do sleep 0.1; done' {mark} &\n\
         sh -c 'while :; do sleep 0.1; done' {mark} &\n\
         echo started; while :; do sleep 0.1; done\n"
    );
    let place = Place::new("COMMAND=sh main.sh\n", &script);
    let mut config = place.config();
    config.budget.time = Some(Duration::from_secs(3));
    let begin = Instant::now();
    let experiment = place.run(&config);
    assert_eq!(experiment.status.status, State::Timeout);
    assert_eq!(error(&experiment), "it took longer than the 3 s it was given");
    // The grace of five seconds is over, and little more.
    assert!(begin.elapsed() < Duration::from_mins(1));
    assert!(!runs(&mark), "a process is left");
    assert_eq!(text(&experiment, "method_output.txt"), "started\n");
}

#[test]
fn what_a_method_leaves_running_is_ended() {
    let mark = format!("graphlume-daemon-{}", std::process::id());
    let script = format!("setsid sh -c 'sleep 300; :' {mark} & cp results.json \"$EXP\"\n");
    let (_place, experiment) = run(&script);
    assert_eq!(experiment.status.status, State::Completed, "{:?}", experiment.status);
    assert!(!runs(&mark), "a process is left");
}

#[test]
fn the_time_of_a_method_ends_with_it() {
    // What it leaves will not hear, so that half a second of grace passes before it is ended.
    let script = "sh -c 'trap \"\" TERM; while :; do sleep 0.1; done' & cp results.json \"$EXP\"\n";
    let begin = Instant::now();
    let (_place, experiment) = run(script);
    let all = begin.elapsed().as_secs_f64() * 1e3;
    assert_eq!(experiment.status.status, State::Completed, "{:?}", experiment.status);
    let own = experiment.status.exec_time_ms.unwrap();
    assert!(0.0 < own && own + 450.0 < all, "{own} of {all}");
}

#[test]
fn memory_is_that_of_all_processes() {
    // Three processes with 60 MB each.
    let script = "for i in 1 2 3; do head -c 60000000 /dev/zero | tail -c 60000000 | sleep 20 & done; wait\n";
    let place = Place::new("COMMAND=sh main.sh\n", script);
    let mut config = place.config();
    config.budget.memory = Some(100 << 20);
    let experiment = place.run(&config);
    assert_eq!(experiment.status.status, State::Oom, "{:?}", experiment.status);
    assert!(error(&experiment).contains("the 100.0 MiB"), "{}", error(&experiment));
    let peak = experiment.status.resources.unwrap().peak_memory_mb.unwrap();
    // Less where the system itself holds the limit.
    assert!((20.0..260.0).contains(&peak), "{peak}");
}

#[test]
fn time_of_processors_is_counted() {
    let script = "i=0; while [ $i -lt 300000 ]; do i=$((i + 1)); done; cp results.json \"$EXP\"\n";
    let (_place, experiment) = run(script);
    let cpu = experiment.status.resources.unwrap().cpu_secs.unwrap();
    let wall = experiment.status.exec_time_ms.unwrap() / 1e3;
    // Without a control group it is counted in hundredths, of each process.
    assert!(0.05 < cpu && cpu < wall + 0.1, "{cpu} of {wall}");
}

#[test]
fn a_talkative_method_fills_no_disk() {
    let script =
        "echo first; yes 0123456789 | head -c 200000000; echo last; cp results.json \"$EXP\"\n";
    let (_place, experiment) = run(script);
    assert_eq!(experiment.status.status, State::Completed, "{:?}", experiment.status);
    let output = text(&experiment, "method_output.txt");
    assert!(
        output.len() < 40_000_000 && output.starts_with("first\n") && output.ends_with("last\n")
    );
    assert!(output.contains("bytes are left out here]"));
}

#[test]
fn others_can_stop_it() {
    let place = Place::new("COMMAND=sh main.sh\n", "echo started; sleep 300\n");
    let config = place.config();
    let executor = place.executor();
    std::thread::scope(|scope| {
        let run = scope.spawn(|| config.run(&executor, &Control::NONE).unwrap());
        let folder = folder_when(&place, has_started);
        let state = stop(&folder, &[&executor], Duration::from_mins(1)).unwrap();
        assert_eq!(state, State::Stopped);
        assert_eq!(run.join().unwrap().status.status, State::Stopped);
        // Once more does no harm.
        assert_eq!(stop(&folder, &[&executor], Duration::from_secs(1)).unwrap(), State::Stopped);
    });
    // And so can the caller.
    let flag = AtomicBool::new(false);
    let report = |_| flag.store(true, Ordering::Relaxed);
    let control = Control::default().reporting(&report).stopped_by(&flag);
    assert_eq!(config.run(&executor, &control).unwrap().status.status, State::Stopped);
}

#[test]
fn what_a_dead_runner_left_is_found_and_ended() {
    let place = Place::new("COMMAND=sh main.sh\n", "echo started; sleep 300\n");
    let (config, executor) = (place.config(), place.executor());
    let folder = std::thread::scope(|scope| {
        let run = scope.spawn(|| config.run(&executor, &Control::NONE).unwrap());
        let folder = folder_when(&place, has_started);
        // Another folder tells of the same processes, and of a runner that is gone.
        let copy = place.path("experiments/exp__m__tiny__20000101_000000");
        fs::create_dir(&copy).unwrap();
        let mut record: Value =
            serde_json::from_str(&fs::read_to_string(folder.join("run.json")).unwrap()).unwrap();
        record["runner"]["started"] = 1.into();
        fs::write(copy.join("run.json"), record.to_string()).unwrap();
        Status::now(State::Running, "m").write(&copy).unwrap();
        assert_eq!(Status::read(&copy).unwrap().status, State::Unknown);
        assert_eq!(remains(&folder, &[&executor]).unwrap(), 0, "its runner lives");
        assert!(0 < remains(&copy, &[&executor]).unwrap());
        assert_eq!(stop(&copy, &[&executor], Duration::from_secs(1)).unwrap(), State::Stopped);
        assert_eq!(remains(&copy, &[&executor]).unwrap(), 0);
        let ended = run.join().unwrap();
        assert_eq!(ended.status.status, State::Failed);
        copy
    });
    assert_eq!(Status::read(&folder).unwrap().status, State::Stopped);
}

#[test]
fn what_a_dead_runner_left_is_completed_if_its_results_can_be_read() {
    let keep = "until grep -q handle \"$EXP/run.json\"; do sleep 0.05; done\n\
                cp \"$EXP/run.json\" \"$EXP/kept.json\"\ncp results.json \"$EXP/results.json\"\n";
    let (_place, experiment) = run(keep);
    let folder = &experiment.folder;
    let mut record: Value = serde_json::from_str(&text(&experiment, "kept.json")).unwrap();
    record["runner"]["started"] = 1.into();
    fs::write(folder.join("run.json"), record.to_string()).unwrap();
    Status::now(State::Running, "m").write(folder).unwrap();
    let status = |results: &str| {
        fs::write(folder.join("results.json"), results).unwrap();
        let can_be_read = Results::read(folder.join("results.json")).is_ok();
        let status = Status::read(folder).unwrap();
        assert_eq!(status.status == State::Completed, can_be_read, "{results}");
        status.error.unwrap_or_default()
    };
    assert_eq!(status(RESULTS), "");
    let rows = r#"{"result_type": "TEMPORAL_NODE_ANOMALY_SCORES", "scores": [[1, 2], [3]],
                   "ground_truth": [[0, 1], [0]], "timestamps": [5, 6]}"#;
    assert_eq!(status(rows), "");
    for more in [
        r#""timestamps": [1, 2]"#,
        r#""node_ids": [1]"#,
        r#""graph_ids": [1, 2, 3, 4]"#,
        r#""edges": [[0, 1]]"#,
        r#""anomaly_kinds": ["a"]"#,
        r#""ground_truth": [0, 1, 0]"#,
        r#""metadata": 1"#,
    ] {
        let results = RESULTS.replace('}', &format!(", {more}}}"));
        assert!(status(&results).contains("its results cannot be read"), "{more}");
    }
    for (from, to) in [("[[0, 1], [0]]", "[[0], [1, 0]]"), ("[5, 6]", "[5]")] {
        assert!(status(&rows.replace(from, to)).contains("its results cannot be read"), "{to}");
    }
}

#[test]
fn a_function_of_python_is_a_method() {
    let place = Place::new("", "");
    place.write(
        "detector.py",
        "def score(data, *, scale: float = 1.0, names=None, seed=None):\n\
         \x20   n = len((data / 'edges.csv').read_text().splitlines())\n\
         \x20   return {'result_type': 'NODE_ANOMALY_SCORES', 'scores': [scale, float('nan'), n],\n\
         \x20           'ground_truth': [0, 1, 1], 'metadata': {'seed': seed, 'names': names}}\n",
    );
    let program = Program::Function { file: place.path("detector.py"), name: "score".to_owned() };
    let mut config = RunConfig::new(program, place.path("datasets/tiny"));
    config.experiments = place.path("experiments");
    config.parameters = vec![("scale".to_owned(), "2".to_owned())];
    config.seed = Some(5);
    let experiment = place.run(&config);
    assert_eq!(experiment.status.status, State::Completed, "{:?}", experiment.status);
    let results: Value = serde_json::from_str(&text(&experiment, "results.json")).unwrap();
    assert_eq!(results["scores"], json!([2.0, null, 3]));
    assert_eq!(results["metadata"]["seed"], 5);
    config.parameters = vec![("scael".to_owned(), "2".to_owned())];
    let experiment = place.run(&config);
    assert_eq!(experiment.status.status, State::Failed);
    assert!(text(&experiment, "method_output.txt").contains("has no parameter `scael`"));
}

/// Packages come from a folder here, so that nothing is fetched.
#[test]
fn each_list_of_packages_has_one_environment() {
    let place = Place::new("COMMAND=python main.py\n", "");
    place.write(
        "methods/m/main.py",
        "import answer, os, shutil, sys\nprint(answer.VALUE, sys.prefix)\nshutil.copy('results.json', os.environ['EXP'])\n",
    );
    fs::create_dir_all(place.path("methods/m/packages/answer")).unwrap();
    place.write(
        "methods/m/packages/answer-1.0-py3-none-any.whl.py",
        "import sys, zipfile\n\
         with zipfile.ZipFile(sys.argv[1], 'w') as wheel:\n\
         \x20   info = 'answer-1.0.dist-info/'\n\
         \x20   wheel.writestr('answer.py', 'VALUE = 42\\n')\n\
         \x20   wheel.writestr(info + 'METADATA', 'Metadata-Version: 2.1\\nName: answer\\nVersion: 1.0\\n')\n\
         \x20   wheel.writestr(info + 'WHEEL', 'Wheel-Version: 1.0\\nGenerator: x\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n')\n\
         \x20   wheel.writestr(info + 'RECORD', '')\n",
    );
    let made = std::process::Command::new("python3")
        .arg(place.path("methods/m/packages/answer-1.0-py3-none-any.whl.py"))
        .arg(place.path("methods/m/packages/answer-1.0-py3-none-any.whl"))
        .status();
    assert!(made.unwrap().success());
    place.write("methods/m/requirements.txt", "./packages/answer-1.0-py3-none-any.whl\n");
    let experiment = place.run(&place.config());
    if error(&experiment).starts_with("making a virtual environment") {
        println!("skipped: python3 has no venv (python3-venv)");
        return;
    }
    assert_eq!(experiment.status.status, State::Completed, "{:?}", experiment.status);
    let output = text(&experiment, "method_output.txt");
    assert!(output.starts_with("42 ") && output.contains("/cache/venvs/"), "{output}");
    let environment = Environment::read(&experiment.folder).unwrap().unwrap();
    assert!(environment.facts["packages"].to_string().contains("answer"));
    // The second time it is there.
    let second = place.run(&place.config());
    assert!(!second.folder.join("build.log").exists());

    // One that cannot be made fails with its reason, and is not kept.
    place.write("methods/m/requirements.txt", "./packages/none-1.0-py3-none-any.whl\n");
    let failed = place.run(&place.config());
    assert_eq!(failed.status.status, State::Failed);
    assert!(error(&failed).contains("build.log"), "{}", error(&failed));
    assert_eq!(
        fs::read_dir(place.path("cache/venvs"))
            .unwrap()
            .filter(|e| e.as_ref().unwrap().path().is_dir())
            .count(),
        1
    );
}

/// Stops the only experiment once it is in `state`, and says what became of it and how long that took.
fn stopped_when(place: &Place, executor: &LocalExecutor, state: State) -> (Experiment, Duration) {
    let config = place.config();
    std::thread::scope(|scope| {
        let run = scope.spawn(|| config.run(executor, &Control::NONE).unwrap());
        let is_on = |folder: &Path| Status::read(folder).is_ok_and(|now| now.status == state);
        let folder = folder_when(place, is_on);
        // Into the middle of it.
        std::thread::sleep(Duration::from_millis(300));
        let begin = Instant::now();
        stop(&folder, &[executor], Duration::from_mins(2)).unwrap();
        (run.join().unwrap(), begin.elapsed())
    })
}

#[test]
fn a_build_is_stopped() {
    let place = Place::new("COMMAND=python main.py\n", "");
    place.write("methods/m/requirements.txt", "numpy\n");
    let mark = format!("graphlume-build-{}", std::process::id());
    let python =
        format!("#!/bin/sh\n[ \"$1\" = -c ] && echo Python 3 || sh -c 'sleep 300; :' {mark}\n");
    place.write("python", &python);
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    fs::set_permissions(place.path("python"), mode).unwrap();
    let executor = LocalExecutor { python: Some(place.path("python")), ..place.executor() };
    let (experiment, took) = stopped_when(&place, &executor, State::Building);
    assert_eq!(experiment.status.status, State::Stopped, "{:?}", experiment.status);
    assert!(text(&experiment, "build.log").contains("venv"));
    assert!(took < Duration::from_secs(20), "{took:?}");
    assert!(!runs(&mark), "a process is left");
}

#[test]
fn the_interpreter_that_is_asked_for_is_the_one_that_runs() {
    let place = Place::new("COMMAND=python main.py\n", "");
    let script = "import os, sys\nopen(os.environ['EXP'] + '/which', 'w').write(sys.executable + ' ' + os.environ['ASKED'])\n\
                  import shutil; shutil.copy('results.json', os.environ['EXP'])\n";
    place.write("methods/m/main.py", script);
    // One of its own, beside whatever the path has.
    let program = "import sys; print(sys.executable)";
    let found = std::process::Command::new("python3").args(["-c", program]).output().unwrap();
    let found = String::from_utf8(found.stdout).unwrap();
    place.write("our python", &format!("#!/bin/sh\nASKED=yes exec '{}' \"$@\"\n", found.trim()));
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    fs::set_permissions(place.path("our python"), mode).unwrap();
    let executor = LocalExecutor { python: Some(place.path("our python")), ..place.executor() };
    let experiment = place.config().run(&executor, &Control::NONE).unwrap();
    assert_eq!(experiment.status.status, State::Completed, "{:?}", experiment.status);
    let which = text(&experiment, "which");
    let environment = Environment::read(&experiment.folder).unwrap().unwrap();
    let recorded = environment.facts["python_executable"].as_str().unwrap();
    assert_eq!(which, format!("{recorded} yes"));
    let executor = LocalExecutor { python: Some(place.path("nothing")), ..place.executor() };
    let experiment = place.config().run(&executor, &Control::NONE).unwrap();
    let error = experiment.status.error.unwrap();
    assert!(error.ends_with("nothing: it cannot be run"), "{error}");
}

/// It would find itself by that name, without end.
#[test]
fn an_interpreter_that_calls_python_by_its_name_ends() {
    let place = Place::new("COMMAND=python main.py\n", "");
    let script = "import os, shutil, subprocess, sys\n\
                  text = \"import os, sys; print(sys.executable, os.environ['ASKED'])\"\n\
                  inner = subprocess.run(['python3', '-c', text], capture_output=True, text=True).stdout\n\
                  outer = sys.executable + ' ' + os.environ['ASKED'] + '\\n'\n\
                  open(os.environ['EXP'] + '/which', 'w').write(outer + inner)\n\
                  shutil.copy('results.json', os.environ['EXP'])\n";
    place.write("methods/m/main.py", script);
    for (name, call) in [("execs", "exec python3"), ("calls", "python3")] {
        place.write(name, &format!("#!/bin/sh\nexport ASKED={name}\n{call} \"$@\"\n"));
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        fs::set_permissions(place.path(name), mode).unwrap();
        let executor = LocalExecutor { python: Some(place.path(name)), ..place.executor() };
        let mut config = place.config();
        config.budget.time = Some(Duration::from_secs(20));
        let experiment = config.run(&executor, &Control::NONE).unwrap();
        assert_eq!(experiment.status.status, State::Completed, "{:?}", experiment.status);
        let environment = Environment::read(&experiment.folder).unwrap().unwrap();
        let recorded = environment.facts["python_executable"].as_str().unwrap();
        let line = format!("{recorded} {name}\n");
        assert_eq!(text(&experiment, "which"), [line.clone(), line].concat());
    }
}

#[test]
fn a_budget_of_nothing_is_refused() {
    let place = Place::new("COMMAND=true\n", "");
    for (budget, expected) in [
        (
            Budget { time: Some(Duration::ZERO), memory: None },
            "timeout is 0 s, but it must be above 0",
        ),
        (Budget { time: None, memory: Some(0) }, "memory is 0 bytes, but it must be above 0"),
    ] {
        let config = RunConfig { budget, ..place.config() };
        let error = config.run(&place.executor(), &Control::NONE).unwrap_err().to_string();
        assert!(error.starts_with(expected), "{error}");
        assert!(!place.path("experiments").exists());
    }
}

/// A file that takes minutes to hash, and no room.
fn big(path: &Path) {
    fs::File::create(path).unwrap().set_len(400 << 30).unwrap();
}

#[test]
fn a_hash_is_stopped() {
    let place = Place::new("COMMAND=sh main.sh\n", "cp results.json \"$EXP\"\n");
    big(&place.path("methods/m/model.bin"));
    let (experiment, took) = stopped_when(&place, &place.executor(), State::Building);
    assert_eq!(experiment.status.status, State::Stopped, "{:?}", experiment.status);
    assert!(took < Duration::from_secs(20), "{took:?}");

    // When the method has ended, what it has found stands, though nobody knows on what.
    let place = Place::new("COMMAND=sh main.sh\n", "cp results.json \"$EXP\"\n");
    big(&place.path("datasets/tiny/more.bin"));
    let (experiment, took) = stopped_when(&place, &place.executor(), State::Running);
    assert_eq!(experiment.status.status, State::Completed, "{:?}", experiment.status);
    assert!(took < Duration::from_secs(20), "{took:?}");
    let environment = Environment::read(&experiment.folder).unwrap().unwrap();
    assert_eq!(environment.dataset_sha256, None);
}

#[test]
fn a_cache_that_cannot_be_written_is_named() {
    let place = Place::new("COMMAND=python main.py\n", "");
    place.write("methods/m/requirements.txt", "numpy\n");
    place.write("cache", "a file, where a folder is to be");
    let experiment = place.run(&place.config());
    assert_eq!(experiment.status.status, State::Failed);
    let expected =
        format!("the folder of virtual environments, {}: ", place.path("cache/venvs").display());
    let found = error(&experiment);
    assert!(found.starts_with(&expected) && found.contains("GRAPHLUME_CACHE"), "{found}");
}

/// Starts nothing, and says that this many things run.
struct Leaving(usize);

impl Executor for Leaving {
    fn name(&self) -> &'static str {
        "leaving"
    }

    fn handle(&self) -> String {
        "the handle".to_owned()
    }

    fn prepare(&self, _: &Task, _: &Control<'_>) -> gad_eval::Result<Prepared> {
        Ok(Prepared::default())
    }

    fn start(&self, task: &Task, _: &Prepared, handle: &str) -> gad_eval::Result<Box<dyn Job>> {
        assert_eq!(handle, "the handle");
        let record = fs::read_to_string(task.experiment.join("run.json")).unwrap();
        assert!(record.contains("the handle"), "nobody would find what is started: {record}");
        Err(gad_eval::Error::Empty { name: "the engine" })
    }

    fn remains(&self, handle: &str) -> gad_eval::Result<usize> {
        assert_eq!(handle, "the handle");
        Ok(self.0)
    }

    fn end_remains(&self, _: &str) -> gad_eval::Result<()> {
        Ok(())
    }
}

#[test]
fn what_a_start_that_failed_has_left_is_found_later() {
    let place = Place::new("COMMAND=true\n", "");
    for (left, is_kept) in [(0, false), (1, true)] {
        let experiment = place.config().run(&Leaving(left), &Control::NONE).unwrap();
        assert_eq!(error(&experiment), "the engine is empty");
        assert_eq!(experiment.folder.join("run.json").exists(), is_kept);
        assert_eq!(experiment.runner.is_some(), is_kept);
    }
}

#[test]
fn executors_are_told_apart_by_name() {
    let executor = LocalExecutor::default();
    assert_eq!(executor.name(), "local");
    assert_eq!(executor.remains("no such job").unwrap(), 0);
    assert_eq!(Prepared::default().environment, []);
}
