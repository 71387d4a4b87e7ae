//! Sweeps: what is planned, what runs, what is counted, and what is not done twice.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use gad_eval::experiment::State;
use gad_eval::sweep::{
    InProcess, Limits, Plan, Ran, Record, RunOptions, Spec, SweepReport, Trial, TrialRunner, place,
};
use gad_eval::{Error, Result};
use graph_core::Control;

/// The plan of a file with this text.
fn plan(text: &str) -> Result<Plan> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("test.toml");
    fs::write(&path, text).unwrap();
    Plan::new(Spec::read(&path)?)
}

const TWO: &str = r#"
    datasets = ["bundled:disney", "bundled:communities"]
    seeds = 3
    resamples = 20
    [limits]
    parallel = 2
    [[methods]]
    name = "degree"
    [[methods]]
    name = "isolation-forest"
    parameters = { trees = [5, 10] }
    [[methods]]
    name = "midas"
"#;

fn run(plan: &Plan, folder: &Path, runner: &dyn TrialRunner) -> SweepReport {
    plan.run(folder, runner, RunOptions::default(), &Control::default()).unwrap()
}

#[test]
fn trials_are_what_fits_times_parameters_times_seeds() {
    let plan = plan(TWO).unwrap();
    // Degree draws nothing and runs once.
    assert_eq!(plan.trials.len(), 2 * (1 + 2 * 3));
    assert_eq!(plan.unfit.len(), 2);
    assert_eq!(plan.unfit[0].reason, "its edges have no times");
    let ids: std::collections::BTreeSet<String> = plan.trials.iter().map(Trial::id).collect();
    assert_eq!(ids.len(), plan.trials.len());
    assert_eq!(plan.trials[1].settings(), "trees=5");
    // A parameter that is the default by another word is another trial only if it is another value.
    let same = TWO.replace("trees = [5, 10]", "trees = [5, 10], sample = 256");
    let same = self::plan(&same).unwrap();
    assert_eq!(same.trials[1].options, plan.trials[1].options);
}

#[test]
fn a_second_call_runs_what_is_missing() {
    let folder = tempfile::tempdir().unwrap();
    let plan = plan(TWO).unwrap();
    let runner = InProcess::default();
    let first = run(&plan, folder.path(), &runner);
    assert_eq!((first.n_trials, first.n_ran, first.n_known), (14, 14, 0));
    assert_eq!(first.states, BTreeMap::from([("completed".to_owned(), 14)]));
    let again = run(&plan, folder.path(), &runner);
    assert_eq!((again.n_ran, again.n_known), (0, 14));
    // Another seed is three more trials each for two choices over two datasets, less those known.
    let more = self::plan(&TWO.replace("seeds = 3", "seeds = 4")).unwrap();
    assert_eq!(run(&more, folder.path(), &runner).n_ran, 4);
    let id = plan.trials[3].id();
    fs::remove_dir_all(place(folder.path(), &id)).unwrap();
    assert_eq!(run(&plan, folder.path(), &runner).n_ran, 1);
    let record = Record::find(folder.path(), &id).unwrap().unwrap();
    let verdict = record.outcome.verdict.unwrap();
    assert_eq!((verdict.test.n_samples, verdict.test.n_positives), (124, 6));
    let (low, high) = verdict.test.roc_auc.unwrap().interval.unwrap();
    assert!(0.0 < low && low < high && high < 1.0);
    // Judged otherwise, the same scores need not be found again.
    let split = "[selection]\nmetric = \"roc_auc\"\nvalidation = 0.5\n[limits]";
    let split = self::plan(&TWO.replace("[limits]", split)).unwrap();
    assert_eq!(run(&split, folder.path(), &runner).n_ran, 0);
    let record = Record::find(folder.path(), &id).unwrap().unwrap();
    assert_eq!(record.outcome.verdict.unwrap().test.n_positives, 3);
}

/// A runner that does as it is told.
struct Told<F: Fn(&Trial, Option<u32>, &Control<'_>) -> Result<Ran> + Sync>(F);

impl<F: Fn(&Trial, Option<u32>, &Control<'_>) -> Result<Ran> + Sync> TrialRunner for Told<F> {
    fn name(&self) -> &'static str {
        "told"
    }

    fn run(&self, trial: &Trial, gpu: Option<u32>, control: &Control<'_>) -> Result<Ran> {
        (self.0)(trial, gpu, control)
    }
}

fn ended(state: State) -> Ran {
    Ran {
        state,
        results: None,
        error: Some("because".to_owned()),
        wall_secs: 0.5,
        cpu_secs: Some(0.25),
        peak_memory_mb: Some(8.0),
        experiment: None,
    }
}

#[test]
fn failures_are_counted_and_run_again_only_if_asked() {
    let folder = tempfile::tempdir().unwrap();
    let plan = plan(TWO).unwrap();
    let runner = Told(|trial: &Trial, _: Option<u32>, _: &Control<'_>| {
        Ok(ended(match trial.seed {
            None => State::Failed,
            Some(0) => State::Oom,
            Some(_) => State::Timeout,
        }))
    });
    let report = run(&plan, folder.path(), &runner);
    let expected = [("failed", 2), ("oom", 4), ("timeout", 8)];
    assert_eq!(report.states, expected.map(|(state, n)| (state.to_owned(), n)).into());
    assert_eq!(run(&plan, folder.path(), &InProcess::default()).n_ran, 0);
    let options = RunOptions { retry_failed: true };
    let report =
        plan.run(folder.path(), &InProcess::default(), options, &Control::default()).unwrap();
    assert_eq!((report.n_ran, report.states["completed"]), (14, 14));
}

#[test]
fn a_detector_that_cannot_run_is_a_failed_trial() {
    let folder = tempfile::tempdir().unwrap();
    let mut plan = plan(TWO).unwrap();
    plan.trials.truncate(1);
    plan.trials[0].method = "midas".to_owned();
    let report = run(&plan, folder.path(), &InProcess::default());
    assert_eq!(report.states["failed"], 1);
    let record = Record::find(folder.path(), &plan.trials[0].id()).unwrap().unwrap();
    assert_eq!(record.outcome.error.as_deref(), Some("times is empty"));
}

#[test]
fn a_trial_has_no_more_time_than_it_is_given() {
    let folder = tempfile::tempdir().unwrap();
    let mut plan = plan(TWO).unwrap();
    plan.spec.limits.timeout = Some(Duration::from_millis(50));
    let runner = Told(|_: &Trial, _: Option<u32>, control: &Control<'_>| {
        while !control.is_stopped() {
            std::thread::sleep(Duration::from_millis(5));
        }
        Err(control.step("waiting", 0, None).unwrap_err().into())
    });
    let report = run(&plan, folder.path(), &runner);
    assert_eq!(report.states, BTreeMap::from([("timeout".to_owned(), 14)]));
    let record = Record::find(folder.path(), &plan.trials[0].id()).unwrap().unwrap();
    assert!((0.05..5.0).contains(&record.outcome.wall_secs), "{}", record.outcome.wall_secs);
}

#[test]
fn a_stop_leaves_what_is_done_and_the_rest_for_later() {
    let folder = tempfile::tempdir().unwrap();
    let plan = plan(TWO).unwrap();
    let (stop, begun) = (AtomicBool::new(false), AtomicUsize::new(0));
    let inner = InProcess::default();
    let runner = Told(|trial: &Trial, gpu: Option<u32>, control: &Control<'_>| {
        if begun.fetch_add(1, Ordering::SeqCst) < 4 {
            return inner.run(trial, gpu, control);
        }
        stop.store(true, Ordering::SeqCst);
        while !control.is_stopped() {
            std::thread::sleep(Duration::from_millis(5));
        }
        Err(control.step("waiting", 0, None).unwrap_err().into())
    });
    let control = Control::default().stopped_by(&stop);
    let report = plan.run(folder.path(), &runner, RunOptions::default(), &control).unwrap();
    assert!(report.stopped);
    // One that was running beside may have been stopped too.
    let n = report.n_ran;
    assert!((3..=4).contains(&n) && report.states["completed"] == n, "{n}");
    let rest = run(&plan, folder.path(), &inner);
    assert_eq!((rest.n_ran, rest.n_known, rest.states["completed"]), (14 - n, n, 14));
}

#[test]
fn what_runs_at_once_stays_within_the_limits_and_shares_no_gpu() {
    let folder = tempfile::tempdir().unwrap();
    let mut plan = plan(TWO).unwrap();
    plan.spec.limits = Limits { parallel: 4, gpus: vec![1, 6], ..Limits::default() };
    for trial in &mut plan.trials {
        trial.gpu = trial.seed.is_some();
    }
    let (now, most) = (Mutex::new(Vec::new()), AtomicUsize::new(0));
    let runner = Told(|trial: &Trial, gpu: Option<u32>, _: &Control<'_>| {
        assert_eq!(gpu.is_some(), trial.gpu);
        {
            let mut now = now.lock().unwrap();
            assert!(gpu.is_none() || !now.contains(&gpu), "{gpu:?} is taken: {now:?}");
            assert!([None, Some(1), Some(6)].contains(&gpu));
            now.push(gpu);
            most.fetch_max(now.len(), Ordering::SeqCst);
        }
        std::thread::sleep(Duration::from_millis(20));
        let mut now = now.lock().unwrap();
        let place = now.iter().position(|other| *other == gpu).unwrap();
        now.remove(place);
        Ok(ended(State::Failed))
    });
    assert_eq!(run(&plan, folder.path(), &runner).n_ran, 14);
    let most = most.load(Ordering::SeqCst);
    assert!((2..=4).contains(&most), "{most}");
}

#[test]
fn a_panic_of_a_runner_is_heard_while_others_wait_for_its_gpu() {
    let folder = tempfile::tempdir().unwrap();
    let mut plan = plan(TWO).unwrap();
    plan.spec.limits = Limits { parallel: 3, gpus: vec![0], ..Limits::default() };
    plan.trials.iter_mut().for_each(|trial| trial.gpu = true);
    let runner = Told(|_: &Trial, _: Option<u32>, _: &Control<'_>| panic!("on purpose"));
    let ran = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        run(&plan, folder.path(), &runner)
    }));
    assert_eq!(ran.unwrap_err().downcast_ref::<&str>(), Some(&"on purpose"));
}

#[test]
fn a_runner_that_fails_ends_the_sweep_with_its_error() {
    let folder = tempfile::tempdir().unwrap();
    let plan = plan(TWO).unwrap();
    let runner = Told(|_: &Trial, _: Option<u32>, _: &Control<'_>| {
        Err(Error::Empty { name: "the machine" })
    });
    let options = RunOptions::default();
    let error = plan.run(folder.path(), &runner, options, &Control::default()).unwrap_err();
    assert_eq!(error.to_string(), "the machine is empty");
    assert_eq!(run(&plan, folder.path(), &InProcess::default()).n_ran, 14);
}

#[test]
fn what_cannot_be_planned_is_said() {
    let says = |text: &str, expected: &str| {
        let error = plan(text).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    };
    says(
        &TWO.replace("trees", "tree"),
        "of isolation-forest: there is no parameter `tree`, did you",
    );
    says(&TWO.replace("[5, 10]", "[\"many\"]"), "parameter `trees`");
    says(&TWO.replace("disney", "disny"), "did you mean `disney`?");
    says(&TWO.replace("bundled:disney", "nowhere"), "nowhere: No such file");
    says(
        "datasets = [\"bundled:disney\"]\n[[methods]]\nname = \"midas\"",
        "no method fits a dataset",
    );
    says(&TWO.replace("name = \"degree\"", "name = \"degree\"\ngpu = true"), "gpus is 0");
    // One run under two names, and two datasets under one.
    let twice = format!("{TWO}\n[[methods]]\nname = \"degree\"\nlabel = \"also\"");
    says(&twice, "degree and also are the same run on disney");
    let copies = tempfile::tempdir().unwrap();
    for parent in ["a", "b"] {
        let folder = copies.path().join(parent).join("same");
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("edges.csv"), "source,target\n0,1\n").unwrap();
    }
    let both = ["a", "b"].map(|parent| format!("{:?}", copies.path().join(parent).join("same")));
    let list = format!("datasets = [{}]", both.join(", "));
    says(
        &TWO.replace("datasets = [\"bundled:disney\", \"bundled:communities\"]", &list),
        "of different names",
    );
}
