//! Experiments that are started and stopped here, where the operator lets that happen.

use std::collections::BTreeMap;
use std::path::Path as FilePath;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use graphlume::etl::Control;
use graphlume::gad::evaluate::{
    EvaluateConfig, ReportConfig, evaluate as evaluate_at, output_folder,
};
use graphlume::gad::experiment::{Experiment, State as ExperimentState, experiments};
use graphlume::gad::run::{Budget, LocalExecutor, Program, RunConfig, stop as stop_experiment};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{dataset_named, experiment, failed, folder, is_plain};
use crate::api::input::Body;
use crate::auth::Who;
use crate::error::{ApiError, ApiResult};
use crate::server::Server;

/// How long a start waits for the folder of its experiment.
const PATIENCE: Duration = Duration::from_secs(30);

/// The experiments that this server runs.
#[derive(Debug, Default)]
pub(crate) struct Runs {
    n: Arc<AtomicUsize>,
}

/// One of them, while it runs.
struct Running(Arc<AtomicUsize>);

impl Runs {
    /// One more, unless there are `most`.
    fn begin(&self, most: usize) -> ApiResult<Running> {
        let more = |n: usize| (n < most).then_some(n + 1);
        match self.n.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more) {
            Ok(_) => Ok(Running(Arc::clone(&self.n))),
            Err(_) => {
                Err(ApiError::Busy { what: "too many experiments run", retry_after_secs: 60 })
            }
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Whether whoever asks may start and stop.
pub(super) fn may_run(server: &Server, who: &Who) -> bool {
    allowed(server, who).is_ok()
}

/// Whoever may start and stop, if anybody may.
fn allowed(server: &Server, who: &Who) -> ApiResult<()> {
    who.admin()?;
    match server.config.allow_runs {
        true => Ok(()),
        false => Err(ApiError::Forbidden(
            "this server starts and stops no experiments; --allow-runs lets it".to_owned(),
        )),
    }
}

/// What to run.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Run {
    /// Name of a method in the folder `methods` beside that of experiments, or of a detector.
    method: String,
    /// Name of a dataset in the folder `datasets` beside it, or `bundled:NAME`.
    dataset: String,
    /// Parameters of the method in place of its own, as texts.
    #[serde(default)]
    parameters: BTreeMap<String, String>,
    /// Seed.
    seed: Option<u64>,
    /// Time that it may take, in seconds.
    timeout_secs: Option<u32>,
}

/// An experiment that was started.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Started {
    /// Its name.
    name: String,
}

fn config(run: &Run, root: &FilePath) -> ApiResult<RunConfig> {
    let beside = root.parent().unwrap_or(root);
    let unknown = |what: &'static str, name: &str| ApiError::NotFound {
        what,
        id: name.chars().take(200).collect(),
    };
    // A name is looked for in the operator's folders and nowhere else.
    if !is_plain(&run.method) {
        return Err(unknown("method", &run.method));
    }
    let program = std::env::current_exe()?;
    let method = Program::find(&run.method, &beside.join("methods"), &program)
        .map_err(|_| unknown("method", &run.method))?;
    if matches!(method, Program::Detector { .. })
        && program.file_stem().is_none_or(|name| name != "graphlume")
    {
        return Err(ApiError::Conflict(
            "detectors run where the server is `graphlume serve`".to_owned(),
        ));
    }
    let source = dataset_named(root, &run.dataset)?;
    let dataset = source.place(&beside.join("datasets")).map_err(ApiError::internal)?;
    let mut config = RunConfig::new(method, dataset);
    root.clone_into(&mut config.experiments);
    config.seed = run.seed;
    config.parameters = run.parameters.clone().into_iter().collect();
    config.budget = Budget {
        time: run.timeout_secs.map(|secs| Duration::from_secs(secs.into())),
        memory: None,
    };
    Ok(config)
}

/// Starts an experiment: an administrator's to do, where the operator allows it
#[utoipa::path(post, path = "/api/v1/experiments", tag = "experiments", request_body = Run,
    responses((status = 202, body = Started), (status = 403), (status = 404, description = "There is no such name"),
        (status = 429, description = "Too many run")))]
pub(super) async fn start(
    State(server): State<Server>,
    who: Who,
    Body(run): Body<Run>,
) -> ApiResult<(StatusCode, Json<Started>)> {
    allowed(&server, &who)?;
    let root = folder(&server, &who)?;
    let running = server.runs.begin(server.config.workers)?;
    let name = tokio::task::spawn_blocking(move || begin(&run, &root, running)).await;
    let name = name.map_err(ApiError::internal)??;
    Ok((StatusCode::ACCEPTED, Json(Started { name })))
}

/// Starts it on a thread of its own, and waits until it has a name and a status: before, nobody could stop it.
fn begin(run: &Run, root: &FilePath, running: Running) -> ApiResult<String> {
    let config = config(run, root)?;
    let prefix = format!("exp__{}__", config.program.name().to_lowercase());
    let all = || -> ApiResult<Vec<Experiment>> {
        let (all, _) = experiments(root).map_err(failed)?;
        Ok(all.into_iter().filter(|one| one.name.starts_with(&prefix)).collect())
    };
    let before: Vec<String> = all()?.into_iter().map(|one| one.name).collect();
    let has_begun = |one: &Experiment| {
        !before.contains(&one.name) && one.status.status != ExperimentState::Unknown
    };
    let thread = std::thread::Builder::new().name("experiment".to_owned());
    let thread = thread.spawn(move || {
        let _running = running;
        config.run(&LocalExecutor::default(), &Control::default())
    })?;
    let deadline = Instant::now() + PATIENCE;
    loop {
        if thread.is_finished() {
            let ended =
                thread.join().map_err(|_| ApiError::internal(anyhow::anyhow!("a run panicked")))?;
            return ended.map(|experiment| experiment.name).map_err(ApiError::invalid);
        }
        if let Some(one) = all()?.into_iter().find(has_begun) {
            return Ok(one.name);
        }
        if deadline < Instant::now() {
            return Err(ApiError::Unavailable("the experiment has not begun yet".to_owned()));
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Stops an experiment: an administrator's to do, where the operator allows it
#[utoipa::path(post, path = "/api/v1/experiments/{name}/stop", tag = "experiments", params(("name" = String, Path)),
    responses((status = 200, body = Object, description = "Its state then"), (status = 403), (status = 404)))]
pub(super) async fn stop(
    State(server): State<Server>,
    who: Who,
    Path(name): Path<String>,
) -> ApiResult<Json<serde_json::Value>> {
    allowed(&server, &who)?;
    let path = experiment(&folder(&server, &who)?, &name)?;
    let stopped = tokio::task::spawn_blocking(move || {
        stop_experiment(&path, &[&LocalExecutor::default()], PATIENCE)
            .map_err(|error| ApiError::Conflict(error.to_string()))?;
        Experiment::read(&path).map_err(failed)
    });
    let experiment = stopped.await.map_err(ApiError::internal)??;
    serde_json::to_value(experiment.status).map(Json).map_err(ApiError::internal)
}

/// Evaluates the results of an experiment and leaves that beside them: an administrator's to do, where the operator
/// allows it
#[utoipa::path(post, path = "/api/v1/experiments/{name}/evaluation", tag = "experiments", params(("name" = String, Path)),
    responses((status = 200, body = Object, description = "Which files were written"), (status = 403), (status = 404),
        (status = 409, description = "There is nothing that can be evaluated: the message says why")))]
pub(super) async fn evaluate(
    State(server): State<Server>,
    who: Who,
    Path(name): Path<String>,
) -> ApiResult<Json<serde_json::Value>> {
    allowed(&server, &who)?;
    let path = experiment(&folder(&server, &who)?, &name)?;
    let device = server.config.device;
    let written = server.workers.run(move |control: &Control<'_>| {
        let config = EvaluateConfig { device, ..EvaluateConfig::default() };
        let told = |error: graphlume::gad::Error| {
            ApiError::Conflict(error.to_string().replace(&path.display().to_string(), &name))
        };
        let evaluation = evaluate_at(&path, &config, control).map_err(told)?;
        let folder = output_folder(&path).map_err(told)?;
        let written = evaluation.write(&folder, ReportConfig::default()).map_err(failed)?;
        let names = written.iter().filter_map(|path| path.file_name());
        Ok(names.map(|name| name.to_string_lossy().into_owned()).collect::<Vec<_>>())
    });
    Ok(Json(serde_json::json!({"files": written.await?})))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_never_more_than_may_be() {
        let runs = Runs::default();
        let first = runs.begin(2).map_err(drop);
        let second = runs.begin(2).map_err(drop);
        assert!(first.is_ok() && second.is_ok());
        assert!(matches!(runs.begin(2), Err(ApiError::Busy { .. })));
        drop(first);
        assert!(runs.begin(2).is_ok());
    }

    #[test]
    fn names_are_looked_for_in_the_folders_alone() {
        let place = tempfile::tempdir().unwrap();
        let root = place.path().canonicalize().unwrap().join("experiments");
        for folder in ["experiments", "methods", "datasets/d"] {
            std::fs::create_dir_all(place.path().join(folder)).unwrap();
        }
        let find = |method: &str, dataset: &str| {
            let (method, dataset) = (method.to_owned(), dataset.to_owned());
            let parameters = BTreeMap::new();
            config(&Run { method, dataset, parameters, seed: None, timeout_secs: None }, &root)
                .map(drop)
        };
        for (method, dataset) in
            [("../methods/x", "d"), ("/bin/sh", "d"), ("x.py:f", "d"), ("nothing", "d"), ("", "d")]
        {
            assert!(
                matches!(find(method, dataset), Err(ApiError::NotFound { what: "method", .. })),
                "{method}"
            );
        }
    }
}
