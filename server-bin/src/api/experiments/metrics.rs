//! What anomaly scores are worth.

use arrow::array::{ArrayRef, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type};
use axum::Json;
use axum::extract::{FromRequest, Request, State};
use axum::http::header;
use graphlume::gad::evaluate::{EvaluateConfig, evaluate_results};
use graphlume::gad::metrics::{Ranking, RankingConfig};
use graphlume::gad::results::Results;
use graphlume::gad::statistics::Bootstrap;
use graphlume::graph::{ReadOptions, read_table_with};
use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};

use crate::api::input::{Body, Params};
use crate::auth::Who;
use crate::error::{ApiError, ApiResult};
use crate::intake::receive;
use crate::server::Server;

/// Scores and what is true.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Scores {
    /// Scores: a higher one is more anomalous.
    scores: Vec<f64>,
    /// Labels: 1 or true is an anomaly.
    labels: Vec<Label>,
}

/// Whether something is an anomaly.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(untagged)]
enum Label {
    Flag(bool),
    Number(f64),
}

/// Which metrics.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Which {
    /// Lengths of the top of the ranking to look at, separated by commas
    k: Option<String>,
}

/// Labels as truth values; those that are neither 0 nor 1 are refused.
fn flags(labels: impl IntoIterator<Item = f64>) -> ApiResult<Vec<bool>> {
    let flag = |(at, label)| match label {
        0.0 => Ok(false),
        1.0 => Ok(true),
        label => Err(ApiError::Invalid(format!("label {at} is {label}, but a label is 0 or 1"))),
    };
    labels.into_iter().enumerate().map(flag).collect()
}

/// A column of numbers by one of its names, or else by its place.
fn column(table: &RecordBatch, names: &[&str], place: usize) -> ApiResult<Vec<f64>> {
    let found = names.iter().find_map(|name| table.column_by_name(name));
    let found: &ArrayRef = match found.or_else(|| table.columns().get(place)) {
        Some(found) => found,
        None => {
            return Err(ApiError::Invalid(format!(
                "the table has {} columns, but scores and labels are two",
                table.num_columns()
            )));
        }
    };
    let numbers = cast(found, &DataType::Float64).map_err(ApiError::invalid)?;
    Ok(numbers
        .as_primitive::<Float64Type>()
        .iter()
        .map(|value| value.unwrap_or(f64::NAN))
        .collect())
}

/// All ranking metrics of scores
///
/// The body is JSON, or a table of two columns in Arrow, Parquet or CSV, which may be as large as an upload: `scores`
/// and `labels`, or the first and the second.
#[utoipa::path(post, path = "/api/v1/metrics", tag = "experiments", params(Which),
    request_body(content((Scores = "application/json"), (Vec<u8> = "application/octet-stream"))),
    responses((status = 200, body = Object),
        (status = 400, description = "Scores or labels are not what they should be: the message says which")))]
pub(super) async fn metrics(
    State(server): State<Server>,
    who: Who,
    Params(which): Params<Which>,
    request: Request,
) -> ApiResult<Json<Value>> {
    who.user()?;
    let k = which.k.as_deref().unwrap_or_default().split(',').filter(|k| !k.trim().is_empty());
    let k = k.map(|k| {
        k.trim().parse().map_err(|_| ApiError::Invalid(format!("`{k}` is no length of a top")))
    });
    let config = RankingConfig { k: k.collect::<ApiResult<_>>()?, ..RankingConfig::default() };
    let kind = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let is_json = kind.is_some_and(|kind| kind.starts_with("application/json"));
    let device = server.config.device;
    let measured = move |labels: Vec<bool>, scores: &[f64]| -> ApiResult<Value> {
        let ranking = Ranking::on_device(device, &labels, scores).map_err(ApiError::invalid)?;
        let report = ranking.report(&config).map_err(ApiError::invalid)?;
        let mut value = serde_json::to_value(report).map_err(ApiError::internal)?;
        if let Value::Object(fields) = &mut value {
            fields.insert("n_samples".to_owned(), ranking.n_samples().into());
            fields.insert("n_positives".to_owned(), ranking.n_positives().into());
        }
        Ok(value)
    };
    if is_json {
        let Body(given) = Body::<Scores>::from_request(request, &server).await?;
        let work = move |_: &graphlume::etl::Control<'_>| {
            let labels = given.labels.iter().map(|label| match label {
                Label::Flag(flag) => f64::from(u8::from(*flag)),
                Label::Number(number) => *number,
            });
            measured(flags(labels)?, &given.scores)
        };
        return server.workers.run(work).await.map(Json);
    }
    let draft =
        receive(&server.objects, request.into_body(), "", server.config.upload_max_size).await?;
    let max_bytes = server.read_options(draft.as_file().metadata()?.len()).max_bytes;
    let work = move |_: &graphlume::etl::Control<'_>| {
        let table =
            read_table_with(draft.path(), &ReadOptions { max_bytes, ..ReadOptions::default() })?;
        let scores = column(&table, &["scores", "score", "y_score"], 0)?;
        let labels = column(&table, &["labels", "label", "y_true"], 1)?;
        measured(flags(labels)?, &scores)
    };
    server.workers.run(work).await.map(Json)
}

/// How to evaluate.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Options {
    /// Name of the file, whose suffix tells the format: .json, .parquet, .arrow
    #[serde(default)]
    name: String,
    /// Resamples for intervals, at most 10000
    #[param(maximum = 10000)]
    resamples: Option<usize>,
}

/// Evaluates results: a file as experiments leave it
#[utoipa::path(post, path = "/api/v1/evaluations", tag = "experiments", params(Options),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses((status = 200, body = Object), (status = 400, description = "The file cannot be read, or has no labels")))]
pub(super) async fn evaluations(
    State(server): State<Server>,
    who: Who,
    Params(options): Params<Options>,
    request: Request,
) -> ApiResult<Json<Value>> {
    who.user()?;
    let usual = Bootstrap::default();
    let resamples = options.resamples.unwrap_or(usual.n_resamples);
    if resamples > 10_000 {
        return Err(ApiError::Invalid(format!("resamples is {resamples}; it can be 0 to 10000")));
    }
    let name = options.name.to_ascii_lowercase();
    let suffix =
        [".parquet", ".arrow"].into_iter().find(|suffix| name.ends_with(suffix)).unwrap_or(".json");
    let draft =
        receive(&server.objects, request.into_body(), suffix, server.config.upload_max_size)
            .await?;
    let device = server.config.device;
    let max_bytes = server.read_options(draft.as_file().metadata()?.len()).max_bytes;
    let work = move |control: &graphlume::etl::Control<'_>| {
        let results = Results::read_within(draft.path(), max_bytes).map_err(|error| {
            // The file has another name here than where it comes from.
            let here = draft.path().display().to_string();
            ApiError::Invalid(error.to_string().replace(&here, "the file"))
        })?;
        let config = EvaluateConfig {
            bootstrap: (resamples > 0).then_some(Bootstrap { n_resamples: resamples, ..usual }),
            device,
            ..EvaluateConfig::default()
        };
        let name = options.name.chars().take(200).collect::<String>();
        let evaluation =
            evaluate_results(results, name, &config, control).map_err(ApiError::invalid)?;
        evaluation.json(&Map::new()).map_err(ApiError::internal)
    };
    server.workers.run(work).await.map(Json)
}
