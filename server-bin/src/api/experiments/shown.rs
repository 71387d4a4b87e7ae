//! Experiments as they are: a list, how far each is, what it printed, what it is worth; and the leaderboard.

use std::collections::BTreeMap;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path as FilePath;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use graphlume::gad::experiment::{Experiment, Status, experiments};
use graphlume::gad::leaderboard::{Board, Entries};
use graphlume::gad::run::ServiceConfig;
use graphlume::gad::sweep::{Judge, Metric};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use super::{experiment, failed, folder, missing, read};
use crate::api::input::Params;
use crate::auth::Who;
use crate::error::{ApiError, ApiResult};
use crate::server::Server;

/// Largest part of a log in one answer, in bytes.
const LARGEST_PART: u64 = 1 << 20;

/// Largest evaluation that is told, in bytes.
const LARGEST_EVALUATION: u64 = 256 << 20;

/// Most resamples for a leaderboard.
const MOST_RESAMPLES: usize = 10_000;

/// How long a log is.
const SIZE: HeaderName = HeaderName::from_static("x-graphlume-size");

/// An experiment, as its folder tells.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Shown {
    /// Name.
    name: String,
    /// Name of the method.
    method: String,
    /// Name of the dataset.
    dataset: String,
    /// When it began: `YYYYMMDD_HHMMSS`.
    time: String,
    /// How far it is, what it took, what went wrong.
    #[schema(value_type = Object)]
    status: Status,
    /// Whether it left results.
    has_results: bool,
    /// Whether it was evaluated.
    has_evaluation: bool,
    /// What was run, in the words of a start; not in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    run: Option<Ran>,
}

/// What was run, so that it can be run again.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Ran {
    /// Name of the method.
    method: String,
    /// The dataset as a start takes it: a name, or `bundled:NAME`.
    dataset: String,
    /// Parameters that were given.
    parameters: BTreeMap<String, String>,
    /// All parameters, also the method's own.
    all_parameters: BTreeMap<String, String>,
    /// Seed, if one was given.
    seed: Option<u64>,
    /// Time that it was given, in seconds.
    timeout_secs: Option<f64>,
    /// Version of graphlume; none of what GraFlag ran.
    version: Option<String>,
    /// What ran it, such as `local` or `docker`.
    executor: Option<String>,
    /// The image that it ran in, by what identifies its content.
    image: Option<String>,
}

impl Ran {
    /// What the folder of an experiment tells, if it does.
    fn read(folder: &FilePath) -> Option<Self> {
        let path = super::inside(folder, "service_config.json")?;
        let said = ServiceConfig::read(&path)
            .inspect_err(|error| tracing::warn!("it is not told what was run: {error}"))
            .ok()?;
        let is_bundled = said.data_path.components().any(|part| part.as_os_str() == ".bundled");
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let variables = said.env_contents.iter();
        Some(Self {
            dataset: match is_bundled {
                true => format!("bundled:{}", said.dataset),
                false => said.dataset.clone(),
            },
            parameters: said.parameters().into_iter().collect(),
            all_parameters: variables
                .filter_map(|(key, value)| Some((key.strip_prefix('_')?.to_owned(), text(value))))
                .collect(),
            seed: said.seed(),
            timeout_secs: said.budget().time.map(|time| time.as_secs_f64()),
            version: said.graphlume.as_ref().map(|own| own.version.clone()),
            executor: said.graphlume.as_ref().map(|own| own.executor.clone()),
            image: said.graphlume.as_ref().and_then(|own| own.image.clone()),
            method: said.method_name,
        })
    }
}

impl Shown {
    fn of(mut one: Experiment, root: &FilePath) -> Self {
        if let Some(error) = &mut one.status.error {
            forget(error, root);
        }
        Self {
            name: one.name,
            method: one.method,
            dataset: one.dataset,
            time: one.time,
            status: one.status,
            has_results: one.has_results,
            has_evaluation: one.has_evaluation,
            run: None,
        }
    }
}

/// Takes the place of the folder out of a message: where it is, is the operator's business.
fn forget(text: &mut String, root: &FilePath) {
    *text = text.replace(&root.display().to_string(), "experiments");
}

/// Experiments of a folder.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ExperimentList {
    /// The newest first.
    experiments: Vec<Shown>,
    /// How many there are whose files cannot be read.
    n_unreadable: usize,
    /// Whether whoever asks may start, stop and evaluate.
    may_run: bool,
}

/// Experiments
#[utoipa::path(get, path = "/api/v1/experiments", tag = "experiments",
    responses((status = 200, body = ExperimentList), (status = 404, description = "This server shows no experiments")))]
pub(super) async fn list(
    State(server): State<Server>,
    who: Who,
) -> ApiResult<Json<ExperimentList>> {
    let root = folder(&server, &who)?;
    let folder = root.clone();
    let (found, problems) =
        server.workers.run(move |_| experiments(&folder).map_err(failed)).await?;
    for problem in &problems {
        tracing::warn!("an experiment is left out: {problem}");
    }
    let experiments = found.into_iter().map(|one| Shown::of(one, &root)).collect();
    let may_run = super::runs::may_run(&server, &who);
    Ok(Json(ExperimentList { experiments, n_unreadable: problems.len(), may_run }))
}

/// How far an experiment is
#[utoipa::path(get, path = "/api/v1/experiments/{name}", tag = "experiments", params(("name" = String, Path)),
    responses((status = 200, body = Shown), (status = 404)))]
pub(super) async fn describe(
    State(server): State<Server>,
    who: Who,
    Path(name): Path<String>,
) -> ApiResult<Json<Shown>> {
    let root = folder(&server, &who)?;
    let path = experiment(&root, &name)?;
    let found = server.workers.run(move |_| {
        let found = Experiment::read(&path).map_err(failed)?;
        Ok((found, Ran::read(&path)))
    });
    let (found, run) = found.await?;
    Ok(Json(Shown { run, ..Shown::of(found, &root) }))
}

/// Which part of a log.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Part {
    /// First byte; without, the part is the end
    offset: Option<u64>,
    /// How many bytes, at most 1,048,576
    #[serde(default = "usual")]
    #[param(maximum = 1_048_576, default = 65536)]
    limit: u64,
    /// Whether it is the log of making the image or virtual environment
    #[serde(default)]
    build: bool,
}

fn usual() -> u64 {
    1 << 16
}

/// What an experiment printed; `x-graphlume-size` says how much there is in all
#[utoipa::path(get, path = "/api/v1/experiments/{name}/log", tag = "experiments",
    params(("name" = String, Path), Part),
    responses((status = 200, body = String, content_type = "text/plain"), (status = 404)))]
pub(super) async fn log(
    State(server): State<Server>,
    who: Who,
    Path(name): Path<String>,
    Params(part): Params<Part>,
) -> ApiResult<Response> {
    if part.limit > LARGEST_PART {
        return Err(ApiError::Invalid(format!(
            "limit is {}; it can be 0 to {LARGEST_PART}",
            part.limit
        )));
    }
    let root = experiment(&folder(&server, &who)?, &name)?;
    let file = if part.build { "build.log" } else { "method_output.txt" };
    let found = server.workers.run(move |_| {
        let Some(path) = super::inside(&root, file) else { return Ok((0, Vec::new())) };
        let mut file = std::fs::File::open(path)?;
        let size = file.metadata()?.len();
        let begin = part.offset.unwrap_or_else(|| size.saturating_sub(part.limit)).min(size);
        file.seek(SeekFrom::Start(begin))?;
        let mut bytes = Vec::new();
        file.take(part.limit).read_to_end(&mut bytes)?;
        Ok((size, bytes))
    });
    let (size, bytes) = found.await?;
    let mut response =
        ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], bytes).into_response();
    response.headers_mut().insert(SIZE, HeaderValue::from(size));
    Ok(response)
}

/// What an experiment is worth, as it was evaluated
#[utoipa::path(get, path = "/api/v1/experiments/{name}/evaluation", tag = "experiments",
    params(("name" = String, Path)),
    responses((status = 200, body = Object), (status = 404, description = "It was not evaluated")))]
pub(super) async fn evaluation(
    State(server): State<Server>,
    who: Who,
    Path(name): Path<String>,
) -> ApiResult<Response> {
    let root = experiment(&folder(&server, &who)?, &name)?;
    let bytes = server.workers.run(move |_| {
        let path =
            super::inside(&root, "eval").and_then(|eval| super::inside(&eval, "evaluation.json"));
        read(&path.ok_or_else(|| missing(&name))?, LARGEST_EVALUATION)
    });
    Ok(([(header::CONTENT_TYPE, "application/json")], bytes.await?).into_response())
}

/// How methods are ranked.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Ranked {
    /// What ranks are by: `roc_auc` or `average_precision`
    metric: Option<By>,
    /// Resamples for intervals, at most 10000
    #[param(maximum = 10000, default = 500)]
    resamples: Option<usize>,
    /// Title
    title: Option<String>,
}

/// Metrics that methods are ranked by.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum By {
    /// Area under the ROC.
    RocAuc,
    /// Average precision.
    AveragePrecision,
}

async fn board(server: &Server, who: &Who, ranked: Ranked) -> ApiResult<Board> {
    let root = folder(server, who)?;
    let resamples = ranked.resamples.unwrap_or(Judge::default().resamples);
    if resamples > MOST_RESAMPLES {
        return Err(ApiError::Invalid(format!(
            "resamples is {resamples}; it can be 0 to {MOST_RESAMPLES}"
        )));
    }
    let metric = ranked.metric.map(|by| match by {
        By::RocAuc => Metric::RocAuc,
        By::AveragePrecision => Metric::AveragePrecision,
    });
    server
        .workers
        .run(move |control| {
            let judge = Judge { resamples, ..Judge::default() };
            let mut entries = Entries::read(&root, &judge, control).map_err(failed)?;
            let errors = entries.entries.iter_mut().filter_map(|entry| entry.error.as_mut());
            for text in errors.chain(&mut entries.ignored) {
                forget(text, &root);
            }
            let mut board = Board::new(&entries, metric).map_err(ApiError::invalid)?;
            if let Some(title) = ranked.title {
                board.title = title.chars().take(200).collect();
            }
            Ok(board)
        })
        .await
}

/// What methods reach on datasets
#[utoipa::path(get, path = "/api/v1/leaderboard", tag = "experiments", params(Ranked),
    responses((status = 200, body = Object), (status = 404, description = "This server shows no experiments")))]
pub(super) async fn leaderboard(
    State(server): State<Server>,
    who: Who,
    Params(ranked): Params<Ranked>,
) -> ApiResult<Json<Value>> {
    let board = board(&server, &who, ranked).await?;
    serde_json::to_value(board).map(Json).map_err(ApiError::internal)
}

/// The same as a page
#[utoipa::path(get, path = "/api/v1/leaderboard.html", tag = "experiments", params(Ranked),
    responses((status = 200, body = String, content_type = "text/html"), (status = 404)))]
pub(super) async fn leaderboard_page(
    State(server): State<Server>,
    who: Who,
    Params(ranked): Params<Ranked>,
) -> ApiResult<Response> {
    let page = board(&server, &who, ranked).await?.html();
    // Its script sorts a table, and can reach nothing.
    let policy = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:; \
                  sandbox allow-scripts";
    let kind = (header::CONTENT_TYPE, "text/html; charset=utf-8");
    Ok(([kind, (header::CONTENT_SECURITY_POLICY, policy)], page).into_response())
}
