//! Scores of an experiment in the graph of its dataset.

use std::time::UNIX_EPOCH;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use graphlume::gad::dataset::SCORE;
use graphlume::gad::evaluate::results_path;
use graphlume::gad::experiment::Experiment;
use serde_json::{Map, Value};

use super::{check_size, dataset_named, experiment, failed, folder};
use crate::api::datasets::Description;
use crate::auth::Who;
use crate::error::{ApiError, ApiResult};
use crate::server::Server;
use crate::store::{Dataset, NewDataset, Spec};

/// The graph of an experiment's dataset with its scores, as a dataset that is made if it is not there
///
/// Nodes, and edges where these were scored, have the columns `anomaly_score` and, where that is known, `is_anomaly`.
/// Color and size show the scores. What was made before is found again while the results are the same.
#[utoipa::path(post, path = "/api/v1/experiments/{name}/graph", tag = "experiments", params(("name" = String, Path)),
    responses((status = 200, body = Description, description = "It is there"), (status = 201, body = Description),
        (status = 404), (status = 409, description = "It has no results that can be shown in a graph: the message says why")))]
pub(super) async fn graph(
    State(server): State<Server>,
    who: Who,
    Path(name): Path<String>,
) -> ApiResult<(StatusCode, Json<Description>)> {
    let user = who.user()?.clone();
    let root = folder(&server, &who)?;
    let path = experiment(&root, &name)?;
    let state = {
        let path = path.clone();
        server.workers.run(move |_| state_of_results(&path)).await?
    };
    for dataset in server.store.datasets_of_experiment(&user.id, &name).await? {
        if dataset.spec.metadata.get("results").and_then(Value::as_str) == Some(&state) {
            let loaded = server.loaded(&dataset).await?;
            return Ok((StatusCode::OK, Json(Description::of(&who, &dataset, &loaded)?)));
        }
    }
    let limit = server.config.upload_max_size;
    let work = {
        let name = name.clone();
        move |_: &graphlume::etl::Control<'_>| {
            let about = Experiment::read(&path).map_err(failed)?;
            let source = dataset_named(&root, &about.dataset)?;
            check_size(&source, limit)?;
            let graph = source.scored(&path).map_err(|error| {
                // The file is the operator's, and what is wrong with it is what was asked.
                let text = error.to_string().replace(&path.display().to_string(), &name);
                let above = root.parent().unwrap_or(&root).display().to_string();
                ApiError::Conflict(text.replace(&above, "."))
            })?;
            Ok((graph, about))
        }
    };
    let (graph, about) = server.workers.run(work).await?;
    let texts = |pairs: &[(&str, &str)]| -> Map<String, Value> {
        pairs.iter().map(|&(key, value)| (key.to_owned(), value.into())).collect()
    };
    let new = NewDataset {
        owner: user.id,
        organization: who.organization.clone(),
        name: format!("{} on {}", about.method, about.dataset),
        description: format!("Anomaly scores of {}, of {}", about.method, about.time),
        spec: Spec {
            url_params: texts(&[("node_color", SCORE), ("node_size", SCORE)]),
            metadata: texts(&[("experiment", &name), ("results", &state)]),
            ..Spec::default()
        },
        ..NewDataset::default()
    };
    let (dataset, loaded): (Dataset, _) = server.add_graph(new, graph).await?;
    Ok((StatusCode::CREATED, Json(Description::of(&who, &dataset, &loaded)?)))
}

/// What tells results from those of another run or of another evaluation of the same folder.
fn state_of_results(path: &std::path::Path) -> ApiResult<String> {
    let file = results_path(path)
        .map_err(|_| ApiError::Conflict("the experiment has no results".to_owned()))?;
    let about = std::fs::metadata(file)?;
    let since = about.modified()?.duration_since(UNIX_EPOCH).unwrap_or_default();
    Ok(format!("{}-{}", since.as_millis(), about.len()))
}
