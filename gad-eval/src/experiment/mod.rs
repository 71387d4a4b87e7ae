//! Experiments: folders in which a method on a dataset left what it did.

mod status;

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;

pub use status::{Resources, Runner, State, Status};

use crate::method::folders;
use crate::run::{Record, ServiceConfig};
use crate::{Error, Result};

/// An experiment, as the name of its folder and the files in it tell.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Experiment {
    /// Name, which is that of its folder: `exp__METHOD__DATASET__TIME`.
    pub name: String,
    /// Its folder.
    pub folder: PathBuf,
    /// Name of the method.
    pub method: String,
    /// Name of the dataset.
    pub dataset: String,
    /// When it began, as the name says: `YYYYMMDD_HHMMSS`.
    pub time: String,
    /// How far it is.
    pub status: Status,
    /// Whether it left results.
    pub has_results: bool,
    /// Whether it was evaluated.
    pub has_evaluation: bool,
    /// Who runs it, or ran it and is gone without an end.
    pub runner: Option<Runner>,
}

impl Experiment {
    /// The experiment in `folder`.
    ///
    /// # Errors
    ///
    /// [`Error::BadFile`] if its name is not that of an experiment; as [`Status::read`].
    pub fn read(folder: &Path) -> Result<Self> {
        let name = folder.file_name().map(|name| name.to_string_lossy().into_owned());
        let name = name.unwrap_or_default();
        let problem = || {
            let problem = "its name is not that of an experiment, exp__METHOD__DATASET__TIME";
            Error::bad_file(folder, problem)
        };
        let rest = name.strip_prefix("exp__").ok_or_else(problem)?;
        // Names of methods and datasets may hold two underscores, times do not.
        let (rest, time) = rest.rsplit_once("__").ok_or_else(problem)?;
        let (method, dataset) = parts(folder, rest).ok_or_else(problem)?;
        Ok(Self {
            method: method.to_owned(),
            dataset: dataset.to_owned(),
            time: time.to_owned(),
            folder: folder.to_owned(),
            status: Status::read(folder)?,
            has_results: crate::evaluate::results_path(folder).is_ok(),
            has_evaluation: folder.join("eval").join("evaluation.json").is_file(),
            runner: Record::read(folder)?.map(|record| record.runner),
            name,
        })
    }
}

/// Method and dataset of `METHOD__DATASET`. If there is more than one way to part it, the one that the files in
/// `folder` know of; else the one with the shortest name of a method.
fn parts<'a>(folder: &Path, rest: &'a str) -> Option<(&'a str, &'a str)> {
    let split = |at: usize| (&rest[..at], &rest[at + 2..]);
    let is_name = |(method, dataset): &(&str, &str)| !method.is_empty() && !dataset.is_empty();
    let ways = || (0..rest.len()).filter(|&at| rest[at..].starts_with("__"));
    let ways = || ways().map(split).filter(is_name);
    if ways().nth(1).is_none() {
        return ways().next();
    }
    let config = ServiceConfig::read(folder).ok();
    let known =
        config.map(|config| (config.method_name.to_lowercase(), config.dataset.to_lowercase()));
    let by_config = known.and_then(|(method, dataset)| {
        ways().find(|way| *way == (method.as_str(), dataset.as_str()))
    });
    let by_status = || {
        let method = Status::read(folder).ok()?.method_name.to_lowercase();
        ways().find(|way| way.0 == method)
    };
    by_config.or_else(by_status).or_else(|| ways().next())
}

/// The experiments in `folder`, newest first; what could not be read, and why, is beside them. Folders of
/// other names are left out.
///
/// # Errors
///
/// [`Error::File`] if the folder cannot be read.
pub fn experiments(folder: &Path) -> Result<(Vec<Experiment>, Vec<Error>)> {
    let (mut experiments, mut problems) = (Vec::new(), Vec::new());
    for entry in folders(folder)? {
        if entry.file_name().is_some_and(|name| name.to_string_lossy().starts_with("exp__")) {
            match Experiment::read(&entry) {
                Ok(experiment) => experiments.push(experiment),
                Err(problem) => problems.push(problem),
            }
        }
    }
    experiments.sort_by(|a, b| (&b.time, &a.name).cmp(&(&a.time, &b.name)));
    Ok((experiments, problems))
}

/// The name of an experiment of `method` on `dataset` that begins at `time`, which is taken as UTC.
pub fn experiment_name(method: &str, dataset: &str, time: SystemTime) -> String {
    let time = DateTime::<Utc>::from(time).format("%Y%m%d_%H%M%S");
    format!("exp__{}__{}__{time}", method.to_lowercase(), dataset.to_lowercase())
}

/// `time` in UTC, as in ISO 8601 with microseconds.
pub(crate) fn timestamp(time: SystemTime) -> String {
    DateTime::<Utc>::from(time).to_rfc3339_opts(SecondsFormat::Micros, false)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;

    #[test]
    fn times_are_written_as_people_read_them() {
        let at = |secs: u64| UNIX_EPOCH + Duration::new(secs, 1_000_000);
        assert_eq!(timestamp(at(0)), "1970-01-01T00:00:00.001000+00:00");
        assert_eq!(timestamp(at(951_827_696)), "2000-02-29T12:34:56.001000+00:00");
        assert_eq!(timestamp(at(4_107_542_399)), "2100-02-28T23:59:59.001000+00:00");
        let name = experiment_name("MIDAS", "Uci", at(951_827_696));
        assert_eq!(name, "exp__midas__uci__20000229_123456");
    }

    fn folder(name: &str) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join(name);
        fs::create_dir(&inner).unwrap();
        (folder, inner)
    }

    #[test]
    fn names_tell_what_ran_on_what() {
        let (_root, folder) = folder("exp__midas__a__b__20000229_123456");
        Status::now(State::Stopped, "midas").write(&folder).unwrap();
        let experiment = Experiment::read(&folder).unwrap();
        assert_eq!((experiment.method.as_str(), experiment.dataset.as_str()), ("midas", "a__b"));
        assert_eq!(experiment.status.status, State::Stopped);
        assert!(Experiment::read(Path::new("exp__x")).is_err());
    }

    #[test]
    fn names_with_two_underscores_are_told_by_the_files() {
        let (_root, folder) = folder("exp__my__method___d__1");
        let read = || {
            let experiment = Experiment::read(&folder).unwrap();
            (experiment.method, experiment.dataset)
        };
        let pair = |method: &str, dataset: &str| (method.to_owned(), dataset.to_owned());
        assert_eq!(read(), pair("my", "method___d"), "nothing is known of it");
        Status::now(State::Stopped, "My__Method").write(&folder).unwrap();
        assert_eq!(read(), pair("my__method", "_d"));
        let config = r#"{"method_name": "My__Method_", "dataset": "D"}"#;
        fs::write(folder.join("service_config.json"), config).unwrap();
        assert_eq!(read(), pair("my__method_", "d"));
        assert!(Experiment::read(Path::new("exp____d__1")).is_err());
    }

    #[test]
    fn a_runner_that_is_gone_is_found_out() {
        let (_root, folder) = folder("exp__m__d__1");
        Status::now(State::Running, "m").write(&folder).unwrap();
        // It may run where nobody here sees it.
        assert_eq!(Status::read(&folder).unwrap().status, State::Running);
        let mut record = Record::new("local");
        record.write(&folder).unwrap();
        assert_eq!(Status::read(&folder).unwrap().status, State::Running);
        // Another process of the same number.
        record.runner.started = 1;
        record.write(&folder).unwrap();
        let found = Status::read(&folder).unwrap();
        assert_eq!(found.status, State::Unknown);
        assert!(found.error.is_some_and(|error| error.contains("the runner ended")));
    }

    #[test]
    fn results_of_a_runner_that_is_gone_count_if_they_are_whole_and_nothing_runs() {
        let (_root, folder) = folder("exp__m__d__1");
        Status::now(State::Running, "m").write(&folder).unwrap();
        let mut record = Record::of("local", "a-job-of-nobody");
        record.runner.started = 1;
        record.write(&folder).unwrap();
        let whole = r#"{"result_type": "NODE_ANOMALY_SCORES", "scores": [1, NaN], "ground_truth": [0, 1], "x": [{"y": 1}]}"#;
        for (text, why) in [
            ("{}", "there is no result_type"),
            (&whole[..whole.len() - 4], "EOF while parsing"),
            (&whole.replace("NODE_A", "A"), "there is no result type"),
            (&whole.replace("[0, 1]", "[0]"), "ground_truth has 1 entries, but scores has 2"),
            (&whole.replace("[0, 1]", "[0, 3]"), "label 1 is 3"),
            (
                &whole.replace("[1, NaN]", "[[1], [NaN]]"),
                "`scores` is in rows, but `ground_truth` is not",
            ),
            (&whole.replace("scores", "other"), "there is no scores"),
        ] {
            fs::write(folder.join("results.json"), text).unwrap();
            let found = Status::read(&folder).unwrap();
            assert_eq!(found.status, State::Unknown, "{text}");
            let error = found.error.unwrap();
            let start = "the runner ended without saying how the method did, and its results cannot be read: ";
            assert!(error.starts_with(start) && error.contains(why), "{error}");
        }
        fs::write(folder.join("results.json"), whole).unwrap();
        let found = Status::read(&folder).unwrap();
        assert_eq!((found.status, found.error), (State::Completed, None));

        // The mark by which processes of a job are found.
        let mut child = std::process::Command::new("sleep");
        let mut child = child.arg("60").env("GRAPHLUME_RUN", "a-job-of-nobody").spawn().unwrap();
        // Until it has taken up its program it has no environment, which may be after `spawn` returns.
        let environment = format!("/proc/{}/environ", child.id());
        while fs::read(&environment).unwrap().is_empty() {
            std::thread::yield_now();
        }
        let found = Status::read(&folder).unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(found.status, State::Unknown);
        assert!(found.error.unwrap().ends_with("; 1 process of the method runs still"));

        // An engine is not asked, and a job that never started left nothing.
        for executor in ["docker", "local"] {
            let mut other = Record::new(executor);
            other.runner = record.runner.clone();
            other.write(&folder).unwrap();
            assert_eq!(Status::read(&folder).unwrap().status, State::Unknown);
        }
        fs::remove_file(folder.join("run.json")).unwrap();
        fs::remove_file(folder.join("status.json")).unwrap();
        let found = Status::read(&folder).unwrap();
        assert_eq!(found.status, State::Unknown, "results alone say nothing");
        assert!(found.error.is_some_and(|error| error.contains("there is no status.json")));
    }

    #[test]
    fn a_runner_of_another_machine_is_known_by_its_signs_of_life() {
        let (_root, folder) = folder("exp__m__d__1");
        Status::now(State::Running, "m").write(&folder).unwrap();
        let mut record = Record::new("local");
        // No process here has that number, so that it would be gone if it were of here.
        (record.runner.pid, record.runner.started) = (u32::MAX, 1);
        for change in [
            |runner: &mut Runner| "another".clone_into(&mut runner.boot),
            |runner: &mut Runner| "pid:[1]".clone_into(&mut runner.pid_namespace),
        ] {
            let mut record = record.clone();
            change(&mut record.runner);
            "elsewhere".clone_into(&mut record.runner.host);
            record.write(&folder).unwrap();
            let experiment = Experiment::read(&folder).unwrap();
            assert_eq!(experiment.status.status, State::Running);
            assert!(experiment.runner.is_some_and(|runner| !runner.is_here()));
            let file = fs::File::options().append(true).open(folder.join("run.json")).unwrap();
            file.set_modified(SystemTime::now() - Duration::from_mins(3)).unwrap();
            let found = Status::read(&folder).unwrap();
            assert_eq!(found.status, State::Unknown);
            let error = found.error.unwrap();
            assert!(error.contains("on elsewhere, has given no sign of life for 3 min"), "{error}");
        }
        // An older version does not say where it was.
        let text = r#"{"runner": {"pid": 4294967295, "started": 1}, "executor": "local"}"#;
        fs::write(folder.join("run.json"), text).unwrap();
        assert_eq!(Status::read(&folder).unwrap().status, State::Unknown);
    }

    #[test]
    fn a_status_of_graflags_is_read_and_kept() {
        let (_root, folder) = folder("exp__m__d__1");
        let text = r#"{"status": "failed", "timestamp": "2026-01-01T00:00:00+00:00", "method_name": "m",
                       "exec_time_ms": 12.5, "resources": {"peak_memory_mb": 3.5, "peak_gpu_mb": null},
                       "exit_code": 3, "error": "x", "stage": "startup"}"#;
        fs::write(folder.join("status.json"), text).unwrap();
        let status = Status::read(&folder).unwrap();
        assert_eq!((status.status, status.exit_code), (State::Failed, Some(3)));
        assert_eq!(status.extra["stage"], "startup");
        fs::write(folder.join("status.json"), "{").unwrap();
        assert!(matches!(Status::read(&folder), Err(Error::BadFile { .. })));
    }
}
