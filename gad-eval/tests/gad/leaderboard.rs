//! Leaderboards: means, failures, ranks, chosen parameters, and pages that need nothing else.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::Path;

use arrow::array::BooleanArray;
use gad_eval::Error;
use gad_eval::experiment::{State, Status};
use gad_eval::leaderboard::{Board, Entries, Entry};
use gad_eval::results::Results;
use gad_eval::sweep::{Estimate, InProcess, Judge, Measures, Metric, Plan, RunOptions, Spec};
use graph_core::Control;

fn measures(roc_auc: f64) -> Measures {
    let estimate = |value| Some(Estimate { value, interval: Some((value - 0.1, value + 0.1)) });
    Measures {
        n_samples: 100,
        n_positives: 20,
        n_missing: 0,
        roc_auc: estimate(roc_auc),
        average_precision: estimate(roc_auc / 2.0),
        undefined: None,
    }
}

/// A run with an area on the test part.
fn run(method: &str, dataset: &str, seed: u64, roc_auc: f64) -> Entry {
    Entry {
        method: method.to_owned(),
        dataset: dataset.to_owned(),
        dataset_sha256: Some("abc".to_owned()),
        result_type: Some("NODE_ANOMALY_SCORES".to_owned()),
        settings: String::new(),
        seed: Some(seed),
        state: State::Completed,
        error: None,
        validation: None,
        test: Some(measures(roc_auc)),
        wall_secs: Some(2.0),
        cpu_secs: Some(1.0),
        peak_memory_mb: Some(10.0 + seed as f64),
        load: Some(0.5),
        version: "1".to_owned(),
    }
}

/// The same, ended badly.
fn bad(method: &str, dataset: &str, seed: u64, state: State) -> Entry {
    let error = Some("it, \"broke\" <b>".to_owned());
    Entry { state, error, test: None, result_type: None, ..run(method, dataset, seed, 0.0) }
}

fn entries(entries: Vec<Entry>) -> Entries {
    Entries {
        title: "A <title>".to_owned(),
        entries,
        select: None,
        judge: Judge::default(),
        unfit: Vec::new(),
        ignored: Vec::new(),
        n_missing: 0,
        provenance: serde_json::Map::new(),
    }
}

#[test]
fn cells_have_mean_deviation_number_and_failures() {
    let runs = vec![
        run("a", "x", 0, 0.6),
        run("a", "x", 1, 0.8),
        bad("a", "x", 2, State::Timeout),
        bad("a", "x", 3, State::Oom),
        bad("b", "x", 0, State::Failed),
    ];
    let board = Board::new(&entries(runs), None).unwrap();
    let track = &board.tracks[0];
    let cell = track.rows[0].cells[0].as_ref().unwrap();
    let spread = cell.roc_auc.unwrap();
    assert!((spread.mean - 0.7).abs() < 1e-12 && spread.n == 2);
    assert!((spread.std.unwrap() - 0.02_f64.sqrt()).abs() < 1e-12);
    let (low, high) = spread.interval.unwrap();
    assert!((low - 0.6).abs() < 1e-12 && (high - 0.8).abs() < 1e-12);
    let failed: Vec<_> = cell.failed.iter().map(|(state, n)| (state.as_str(), *n)).collect();
    assert_eq!(failed, [("oom", 1), ("timeout", 1)]);
    assert_eq!((cell.n_runs, cell.seeds.clone()), (4, vec![0, 1]));
    assert_eq!((cell.wall_secs, cell.peak_memory_mb), (Some(2.0), Some(11.0)));
    // What failed everywhere has a row all the same, at the end.
    assert_eq!(board.tracks.len(), 1, "it stands beside those that scored the same dataset");
    assert_eq!(track.rows[1].method, "b");
    let markdown = board.markdown();
    assert!(
        markdown
            .contains("| a | 1.00 | 0.700 ± 0.141 (0.600 to 0.800; n = 2) [1 oom, 1 timeout] |"),
        "{markdown}"
    );
    assert!(markdown.contains("\n- b on x: 1 failed: it, \"broke\" <b>\n"), "{markdown}");
    assert!(!markdown.contains("### Parameters"), "{markdown}");
    assert!(markdown.contains("5 runs: 2 completed, 1 failed, 1 oom, 1 timeout."), "{markdown}");
}

#[test]
fn ranks_share_ties_and_holes_are_left_out_of_the_comparison() {
    let mut runs = Vec::new();
    for (at, dataset) in ["u", "v", "w", "x", "y", "z"].into_iter().enumerate() {
        runs.push(run("good", dataset, 0, 0.9));
        runs.push(run("same", dataset, 0, if at < 3 { 0.9 } else { 0.8 }));
        runs.push(run("poor", dataset, 0, 0.5));
        if at > 0 {
            runs.push(run("holes", dataset, 0, 0.95));
        }
    }
    let board = Board::new(&entries(runs), None).unwrap();
    let track = &board.tracks[0];
    let rank = |name: &str| track.rows.iter().find(|row| row.method == name).unwrap();
    // Over u it ties with another for the first place; over two it is second and third; then second.
    let expected = (1.5 + 2.5 + 2.5 + 2.0 + 2.0 + 2.0) / 6.0;
    assert!((rank("good").mean_rank.unwrap() - expected).abs() < 1e-12);
    assert_eq!((rank("holes").mean_rank, rank("holes").n_ranked), (Some(1.0), 5));
    // First where it did not fail, it stands behind all that failed nowhere.
    let names: Vec<&str> = track.rows.iter().map(|row| row.method.as_str()).collect();
    assert_eq!(names, ["good", "same", "poor", "holes"]);
    let report = track.comparison.as_ref().unwrap();
    assert_eq!((report.n_datasets, report.mean_ranks.len()), (6, 3));
    assert!(board.markdown().contains("so left out: holes."));
    assert!(board.markdown().contains("| holes | 1.00 over 5 |"), "{}", board.markdown());
    assert!(board.html().contains("Mean ranks by area under the ROC"));
}

#[test]
fn too_few_datasets_are_no_comparison_and_the_page_says_why() {
    let runs = vec![run("a", "x", 0, 0.6), run("b", "x", 0, 0.8)];
    let board = Board::new(&entries(runs), None).unwrap();
    assert!(board.tracks[0].comparison.is_none());
    let why = "No comparison: a comparison of methods needs at least 5 datasets, but there are 1.";
    assert!(board.markdown().contains(why) && board.html().contains(why));
    let none = Board::new(&entries(Vec::new()), None).unwrap_err();
    assert!(matches!(none, Error::Empty { .. }));
}

#[test]
fn parameters_are_chosen_by_the_validation_part_alone() {
    let choice = |settings: &str, seed: u64, validation: f64, test: f64| Entry {
        settings: settings.to_owned(),
        validation: Some(measures(validation)),
        ..run("a", "x", seed, test)
    };
    let runs = vec![
        choice("k=1", 0, 0.5, 0.99),
        choice("k=1", 1, 0.5, 0.99),
        choice("k=2", 0, 0.7, 0.6),
        choice("k=2", 1, 0.6, 0.7),
        Entry { settings: "k=3".to_owned(), ..bad("a", "x", 0, State::Timeout) },
    ];
    let mut all = entries(runs);
    // Without a choice each is a row of its own.
    let board = Board::new(&all, None).unwrap();
    let names: Vec<_> = board.tracks[0].rows.iter().map(|row| row.method.as_str()).collect();
    assert_eq!(names, ["a k=1", "a k=2", "a k=3"]);
    all.select = Some(Metric::RocAuc);
    all.judge.validation = Some(0.3);
    let board = Board::new(&all, None).unwrap();
    let cell = board.tracks[0].rows[0].cells[0].as_ref().unwrap();
    assert_eq!((cell.settings.as_str(), cell.n_settings, cell.n_runs), ("k=2", 3, 5));
    assert!((cell.roc_auc.unwrap().mean - 0.65).abs() < 1e-12);
    assert_eq!(cell.failed["timeout"], 1);
    // One seed of luck does not make up for another that failed.
    all.entries.push(choice("k=4", 0, 0.95, 0.95));
    all.entries.push(Entry { settings: "k=4".to_owned(), ..bad("a", "x", 1, State::Failed) });
    let board = Board::new(&all, None).unwrap();
    assert_eq!(board.tracks[0].rows[0].cells[0].as_ref().unwrap().settings, "k=2");
    let note = "Parameters were chosen by roc_auc on 30 % of the labelled samples (seed 0)";
    assert!(board.markdown().contains(note));
}

#[test]
fn the_page_needs_nothing_else_and_believes_no_name() {
    let runs = vec![
        run("<script>alert(1)</script>", "x", 0, 0.6),
        bad("<script>alert(1)</script>", "x", 1, State::Failed),
    ];
    let html = Board::new(&entries(runs), None).unwrap().html();
    for forbidden in
        ["<script>alert", "src=", "href=", "@import", "url(", "A <title>", "\"broke\" <b>"]
    {
        assert!(!html.contains(forbidden), "{forbidden}");
    }
    assert!(html.contains("&lt;script&gt;alert(1)&lt;/script&gt;"));
    assert!(html.contains("prefers-color-scheme: dark"));
}

#[test]
fn csv_has_a_row_for_each_cell() {
    let runs = vec![run("a", "x", 0, 0.6), bad("a", "y, z", 0, State::Failed)];
    let csv = Board::new(&entries(runs), None).unwrap().csv();
    let lines: Vec<&str> = csv.lines().collect();
    assert_eq!(lines.len(), 3);
    let n_columns = lines[0].split(',').count();
    assert_eq!(lines[1].split(',').count(), n_columns);
    assert!(lines[2].contains("a,\"y, z\",,1,1,0,1 failed,"), "{}", lines[2]);
    assert!(lines[2].ends_with("\"it, \"\"broke\"\" <b>\""), "{}", lines[2]);
}

#[test]
fn a_sweep_becomes_a_leaderboard() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("s.toml");
    let text = r#"
        datasets = ["bundled:disney", "bundled:books"]
        seeds = 2
        resamples = 20
        [selection]
        metric = "average_precision"
        validation = 0.4
        [[methods]]
        name = "isolation-forest"
        parameters = { trees = [5, 10] }
        [[methods]]
        name = "degree"
    "#;
    fs::write(&file, text).unwrap();
    let plan = Plan::new(Spec::read(&file).unwrap()).unwrap();
    let out = folder.path().join("out");
    let control = Control::default();
    plan.run(&out, &InProcess::default(), RunOptions::default(), &control).unwrap();
    let read = || Entries::read(&out, &Judge::default(), &control).unwrap();
    let board = Board::new(&read(), None).unwrap();
    assert_eq!((board.title.as_str(), board.metric), ("s", Metric::AveragePrecision));
    assert_eq!(board.states["completed"], 10);
    let track = &board.tracks[0];
    assert_eq!(track.datasets, ["books", "disney"]);
    let forest = track.rows.iter().find(|row| row.method == "isolation-forest").unwrap();
    let cell = forest.cells[0].as_ref().unwrap();
    assert_eq!((cell.n_settings, cell.n_runs, cell.roc_auc.unwrap().n), (2, 4, 2));
    assert_eq!((cell.n_samples, cell.n_positives), (1418 - 556 - 11, 28 - 11));
    let written = board.write(&out.join("board")).unwrap();
    assert_eq!(written.len(), 4);
    assert!(written.iter().all(|path| path.is_file()));
    // A record that someone broke is told of, and the others count.
    fs::write(out.join("trials").join(plan.trials[1].id()).join("trial.json"), "{").unwrap();
    let broken = read();
    assert_eq!((broken.entries.len(), broken.ignored.len()), (9, 1));
    let markdown = Board::new(&broken, None).unwrap().markdown();
    assert!(markdown.contains("## Not counted") && markdown.contains("trial.json"), "{markdown}");
    // A trial that has not run is missed.
    fs::remove_dir_all(out.join("trials").join(plan.trials[0].id())).unwrap();
    assert_eq!(read().n_missing, 1);
}

fn experiment(root: &Path, name: &str, state: State, scores: Option<Vec<f64>>) {
    let folder = root.join(name);
    fs::create_dir(&folder).unwrap();
    let mut status = Status::now(state, "m");
    status.exec_time_ms = Some(1500.0);
    status.write(&folder).unwrap();
    if let Some(scores) = scores {
        let truth: BooleanArray = (0..scores.len()).map(|at| Some(at % 2 == 1)).collect();
        let kind = "NODE_ANOMALY_SCORES".parse().unwrap();
        let results = Results { ground_truth: Some(truth), ..Results::new(kind, scores) };
        results.write(folder.join("results.json")).unwrap();
    }
}

#[test]
fn experiments_become_a_leaderboard_whatever_became_of_them() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    experiment(root, "exp__m__d__1", State::Completed, Some(vec![0.1, 0.9, 0.2, 0.8]));
    experiment(root, "exp__m__d__2", State::Completed, Some(vec![0.1, -1.0, 0.2, 0.8]));
    // GraFlag ran it, so that -1 is its mark.
    let config = r#"{"method_name": "m", "dataset": "d"}"#;
    fs::write(root.join("exp__m__d__2/service_config.json"), config).unwrap();
    experiment(root, "exp__m__d__3", State::Oom, None);
    experiment(root, "exp__m__d__4", State::Completed, None);
    experiment(root, "exp__m__d__5", State::Stopped, None);
    let judge = Judge { resamples: 10, ..Judge::default() };
    let entries = Entries::read(root, &judge, &Control::default()).unwrap();
    let board = Board::new(&entries, None).unwrap();
    let cell = board.tracks[0].rows[0].cells[0].as_ref().unwrap();
    assert_eq!(cell.roc_auc.unwrap().mean, 1.0);
    let failed: Vec<_> = cell.failed.iter().map(|(state, n)| (state.as_str(), *n)).collect();
    assert_eq!(failed, [("failed", 1), ("oom", 1)]);
    assert_eq!(cell.wall_secs, Some(1.5));
    // What is not at its end, or was stopped, says nothing of the method.
    assert_eq!(cell.n_runs, 4);
    let ignored = entries.ignored.join("\n");
    assert!(ignored.contains("exp__m__d__5: stopped"), "{ignored}");
    let empty = tempfile::tempdir().unwrap();
    let error = Entries::read(empty.path(), &judge, &Control::default()).unwrap_err().to_string();
    assert!(error.contains("neither sweep.json nor an experiment"), "{error}");
}

#[test]
fn of_runs_of_one_seed_the_last_counts_and_datasets_of_one_name_stay_apart() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    let scores = |last: f64| Some(vec![0.1, 0.9, 0.2, last]);
    for (at, (seed, dataset, last)) in [
        (1, "aaaaaaaaaa", 0.8),
        (1, "aaaaaaaaaa", 0.15),
        (2, "aaaaaaaaaa", 0.8),
        (1, "bbbbbbbbbb", 0.8),
    ]
    .into_iter()
    .enumerate()
    {
        let name = format!("exp__m__d__20260101_00000{at}");
        experiment(root, &name, State::Completed, scores(last));
        let config = serde_json::json!({
            "method_name": "m", "dataset": "d", "graphlume": {"seed": seed, "program": "m"},
        });
        fs::write(root.join(&name).join("service_config.json"), config.to_string()).unwrap();
        let environment = serde_json::json!({
            "graphlume": "1", "started": "", "dataset_sha256": dataset, "machine": {"n_cpus": 2, "gpus": []},
        });
        fs::write(root.join(&name).join("environment.json"), environment.to_string()).unwrap();
    }
    experiment(root, "exp__m__d__20260101_000008", State::Completed, scores(0.8));
    fs::write(root.join("exp__m__d__20260101_000008/environment.json"), "[").unwrap();
    let judge = Judge { resamples: 0, ..Judge::default() };
    let entries = Entries::read(root, &judge, &Control::default()).unwrap();
    let board = Board::new(&entries, None).unwrap();
    assert_eq!(board.tracks[0].datasets, ["d@aaaaaaaa", "d@bbbbbbbb"]);
    let cell = board.tracks[0].rows[0].cells[0].as_ref().unwrap();
    assert_eq!((cell.n_runs, cell.seeds.clone()), (2, vec![1, 2]));
    // The second run of seed 1 has one of its two anomalies below a normal sample.
    assert!((cell.roc_auc.unwrap().mean - 0.875).abs() < 1e-12);
    let ignored = entries.ignored.join("\n");
    assert!(ignored.contains("000000: it was run again later"), "{ignored}");
    assert!(ignored.contains("environment.json"), "{ignored}");
}
