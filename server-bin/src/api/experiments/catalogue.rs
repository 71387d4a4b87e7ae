//! What can be run: methods, and the datasets that they can be run on.

use axum::Json;
use axum::extract::{Path, State};
use graphlume::gad::dataset::{Facts, Source, bundled, datasets};
use graphlume::gad::detectors;
use graphlume::gad::method::methods;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::{dataset_named, failed, folder};
use crate::auth::Who;
use crate::error::{ApiError, ApiResult};
use crate::server::Server;

/// Where a method or a dataset is from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum Origin {
    /// It comes with the program.
    Bundled,
    /// It is in the operator's folder.
    Folder,
}

/// A parameter of a method.
#[derive(Debug, Serialize, ToSchema)]
struct Parameter {
    /// Its name.
    name: String,
    /// What it is if nothing is said.
    #[schema(value_type = Object)]
    default: Value,
}

/// A method.
#[derive(Debug, Serialize, ToSchema)]
struct Method {
    /// Its name, by which it is started.
    name: String,
    /// Where it is from.
    from: Origin,
    /// What it does.
    description: String,
    /// Where it was published, or where its source is.
    source: String,
    /// What it scores; unknown of methods in folders.
    result_type: Option<String>,
    /// What a dataset must have: `features` of nodes, `times` of edges.
    needs: Vec<&'static str>,
    /// Patterns of names of datasets that it can read; empty means any.
    datasets: Vec<String>,
    /// Its parameters.
    parameters: Vec<Parameter>,
}

/// Methods that there are.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Methods {
    /// Those in the folder first.
    methods: Vec<Method>,
    /// How many folders there are beside them that are none.
    n_unreadable: usize,
}

/// Methods: detectors, and those in the folder `methods` beside that of experiments
#[utoipa::path(get, path = "/api/v1/gad/methods", tag = "experiments",
    responses((status = 200, body = Methods), (status = 404, description = "This server shows no experiments")))]
pub(super) async fn list_methods(
    State(server): State<Server>,
    who: Who,
) -> ApiResult<Json<Methods>> {
    let root = folder(&server, &who)?;
    let found = server.workers.run(move |_| {
        let place = root.parent().unwrap_or(&root).join("methods");
        let (own, problems) = match place.is_dir() {
            true => methods(&place).map_err(failed)?,
            false => (Vec::new(), Vec::new()),
        };
        for problem in &problems {
            tracing::warn!("a method is left out: {problem}");
        }
        let own = own.into_iter().map(|method| Method {
            name: method.name,
            from: Origin::Folder,
            description: method.description,
            source: method.source_code,
            result_type: None,
            needs: Vec::new(),
            datasets: method.supported_datasets,
            parameters: method
                .parameters
                .into_iter()
                .map(|(name, default)| Parameter { name, default: default.into() })
                .collect(),
        });
        let ours = detectors::all().iter().map(|info| Method {
            name: info.name.to_owned(),
            from: Origin::Bundled,
            description: info.doc.to_owned(),
            source: info.source.to_owned(),
            result_type: Some(info.result_type.name().to_owned()),
            needs: [(info.needs_features, "features"), (info.needs_times, "times")]
                .into_iter()
                .filter_map(|(is_needed, what)| is_needed.then_some(what))
                .collect(),
            datasets: Vec::new(),
            parameters: info
                .defaults()
                .into_iter()
                .map(|(name, default)| Parameter { name, default })
                .collect(),
        });
        Ok(Methods { methods: own.chain(ours).collect(), n_unreadable: problems.len() })
    });
    Ok(Json(found.await?))
}

/// A dataset of anomaly detection.
#[derive(Debug, Serialize, ToSchema)]
struct GadDataset {
    /// Its name, by which it is named when something is run on it.
    name: String,
    /// Where it is from.
    from: Origin,
    /// What it is.
    description: String,
    /// Where it is from.
    source: String,
    /// Under what terms.
    licence: String,
    /// Bytes of its files, if it has some.
    bytes: Option<u64>,
    /// Whether it can be looked at, and detectors can read it.
    is_native: bool,
}

/// Datasets that there are.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Datasets {
    /// Those in the folder first.
    datasets: Vec<GadDataset>,
}

/// Datasets of anomaly detection: those that come with the program, and those in the folder `datasets` beside that of
/// experiments
#[utoipa::path(get, path = "/api/v1/gad/datasets", tag = "experiments",
    responses((status = 200, body = Datasets), (status = 404, description = "This server shows no experiments")))]
pub(super) async fn list_datasets(
    State(server): State<Server>,
    who: Who,
) -> ApiResult<Json<Datasets>> {
    let root = folder(&server, &who)?;
    let found = server.workers.run(move |_| {
        let place = root.parent().unwrap_or(&root).join("datasets");
        let (own, problems) = match place.is_dir() {
            true => datasets(&place).map_err(failed)?,
            false => (Vec::new(), Vec::new()),
        };
        let mut found = Vec::new();
        for one in own {
            let source = Source::find(&one.folder.to_string_lossy()).map_err(failed)?;
            // What cannot be understood of what is said of it is no reason to hide it.
            let said = source.description().unwrap_or_else(|problem| {
                tracing::warn!("{problem}");
                graphlume::gad::dataset::Description::default()
            });
            found.push(GadDataset {
                name: one.name,
                from: Origin::Folder,
                description: said.description,
                source: said.source,
                licence: said.licence,
                bytes: Some(one.bytes),
                is_native: one.native,
            });
        }
        for problem in &problems {
            tracing::warn!("a dataset is left out: {problem}");
        }
        found.extend(bundled().iter().map(|one| GadDataset {
            name: format!("bundled:{}", one.name),
            from: Origin::Bundled,
            description: one.doc.to_owned(),
            source: one.source.to_owned(),
            licence: one.licence.to_owned(),
            bytes: None,
            is_native: true,
        }));
        Ok(Datasets { datasets: found })
    });
    Ok(Json(found.await?))
}

/// What is in a dataset of anomaly detection, which is read for that
#[utoipa::path(get, path = "/api/v1/gad/datasets/{name}", tag = "experiments", params(("name" = String, Path)),
    responses((status = 200, body = Object, description = "How many nodes, edges, features and labels it has"),
        (status = 404), (status = 409, description = "It cannot be read, or is larger than this server takes")))]
pub(super) async fn describe_dataset(
    State(server): State<Server>,
    who: Who,
    Path(name): Path<String>,
) -> ApiResult<Json<Value>> {
    let root = folder(&server, &who)?;
    let source = dataset_named(&root, &name)?;
    let limit = server.config.upload_max_size;
    let facts: Facts = server.workers.run(move |_| facts(&source, limit)).await?;
    serde_json::to_value(facts).map(Json).map_err(ApiError::internal)
}

fn facts(source: &Source, limit: u64) -> ApiResult<Facts> {
    super::check_size(source, limit)?;
    Ok(source.load().map_err(failed)?.facts().clone())
}
