//! Measures of a graph, by their names.

use std::sync::Arc;

use arrow::array::RecordBatch;
use axum::Json;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use graphlume::Graph;
use graphlume::etl::analytics::measures::{MEASURES, Over, measure};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use super::outcome::{Becomes, Origin, Outcome, Wanted, by};
use crate::api::input::Body;
use crate::auth::{Access, Who};
use crate::derived::{Of, with_columns};
use crate::error::{ApiError, ApiResult};
use crate::server::Server;

/// A measure.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Measure {
    /// Its name.
    name: &'static str,
    /// What it is called elsewhere.
    aliases: &'static [&'static str],
    /// What it measures.
    about: &'static str,
    /// The columns that it makes.
    #[schema(value_type = Vec<Object>)]
    columns: Value,
    /// Its options, each with its default.
    #[schema(value_type = Object)]
    options: Map<String, Value>,
    /// Whether devices have it too.
    devices: bool,
}

/// Measures, with their columns and options
#[utoipa::path(get, path = "/api/v1/measures", tag = "work", responses((status = 200, body = Vec<Measure>)))]
pub(super) async fn measures(_: Who) -> ApiResult<Json<Vec<Measure>>> {
    let mut all = Vec::with_capacity(MEASURES.len());
    for one in MEASURES {
        all.push(Measure {
            name: one.name,
            aliases: one.aliases,
            about: one.about,
            columns: serde_json::to_value(one.columns).map_err(ApiError::internal)?,
            options: one.options(),
            devices: one.runs_on_devices(),
        });
    }
    Ok(Json(all))
}

/// What to measure.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct Analytics {
    /// Name of the measure, such as `page_rank`.
    measure: String,
    /// Its options, in place of its defaults; those that name nodes take their ids.
    #[serde(default)]
    #[schema(value_type = Object)]
    options: Map<String, Value>,
    /// What becomes of it; without, the columns in JSON.
    #[serde(flatten)]
    wish: Wanted,
}

/// Measures a graph
///
/// The answer is a table of ids and what was found (`into` csv, parquet, arrow, json, jsonl), what was found of the
/// whole (`summary`), or a new dataset with the columns (`dataset`).
#[utoipa::path(post, path = "/api/v1/datasets/{id}/analytics", tag = "work", params(("id" = String, Path)),
    request_body = Analytics,
    responses((status = 200, description = "A table, or a summary"), (status = 201, description = "A new dataset"),
        (status = 400, description = "There is no such measure, option, node or column"), (status = 404)))]
pub(super) async fn analytics(
    State(server): State<Server>,
    who: Who,
    Path(id): Path<String>,
    Body(ask): Body<Analytics>,
) -> ApiResult<Response> {
    let dataset = server.dataset(&who, &id, Access::Read).await?;
    who.user()?;
    ask.wish.check()?;
    let measure = measure(&ask.measure)?;
    let options = Value::Object(ask.options.clone());
    measure.check(&options)?;
    let loaded = server.loaded(&dataset).await?;
    let graph = Arc::clone(&loaded.graph);
    let found = server
        .workers
        .run(move |control| Ok(measure.plan(&graph, &options)?.run(control)?))
        .await?;
    let origin = Origin::of(&server, &who, &dataset, by(measure.name, &ask.options));
    let into = ask.wish.into.unwrap_or(Becomes::Json);
    let (n_nodes, n_edges) = (loaded.graph.n_nodes(), loaded.graph.n_edges());
    if into == Becomes::Summary {
        let answer = json!({
            "n_nodes": n_nodes, "n_edges": n_edges, "summary": found.summary, "warnings": [],
        });
        return Ok(Json(answer).into_response());
    }
    if let Some(format) = into.format() {
        let is_over = |over| measure.columns.iter().any(|column| column.over == over);
        let usual = if is_over(Over::Nodes) { Of::Nodes } else { Of::Edges };
        let of = ask.wish.table.unwrap_or(usual);
        let (ids, columns) = match of {
            Of::Nodes => {
                (loaded.graph.nodes().project(&[0]).map_err(ApiError::internal)?, found.nodes)
            }
            Of::Edges => (ends(&loaded.graph)?, found.edges),
        };
        if columns.is_empty() {
            return Err(ApiError::Invalid(format!(
                "{} has no columns of {}; `into` can be summary",
                measure.name,
                of.name()
            )));
        }
        return origin.table(with_columns(&ids, columns)?, format, measure.name).await;
    }
    let graph = Arc::clone(&loaded.graph);
    let made = move |_: &graphlume::etl::Control<'_>| {
        let [source, target] = graph.end_names();
        let edges = with_columns(graph.edges(), found.edges)?;
        let more = Graph::from_parts(
            graph.nodes().clone(),
            edges,
            graph.coo().clone(),
            graph.is_directed(),
        )?;
        let graph = more.with_end_names(source, target).with_node_columns(found.nodes)?;
        Ok(Outcome { summary: found.summary, ..Outcome::from(graph) })
    };
    let outcome = server.workers.run(made).await?;
    origin.answer(outcome, &ask.wish, Becomes::Dataset).await
}

/// The ids at the ends of edges.
fn ends(graph: &Graph) -> ApiResult<RecordBatch> {
    let [source, target] = graph.end_names();
    let [sources, targets] = graph.end_ids()?;
    let columns = [(source, Arc::clone(sources)), (target, Arc::clone(targets))];
    RecordBatch::try_from_iter(columns).map_err(ApiError::internal)
}
