//! What is around nodes.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Uri};
use axum::response::{IntoResponse, Response};
use graphlume::etl::topology::{Direction, Hops};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::unless_known;
use crate::api::input::Params;
use crate::auth::{Access, Who};
use crate::error::{ApiError, ApiResult};
use crate::server::Server;

/// Most nodes that a walk may begin at.
const MOST_SEEDS: usize = 10_000;

/// Most hops.
const MOST_HOPS: u32 = 100;

/// Most nodes and edges of an answer.
const MOST_FOUND: usize = 500_000;

/// Which neighbors.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Around {
    /// Numbers of nodes, separated by commas
    nodes: String,
    /// How many edges away, 0 to 100
    #[serde(default = "one")]
    #[param(minimum = 0, maximum = 100, default = 1)]
    hops: u32,
    /// Which way edges are followed: both, out, in
    #[serde(default)]
    direction: Way,
}

fn one() -> u32 {
    1
}

/// Which way edges are followed.
#[derive(Debug, Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum Way {
    /// Both ways.
    #[default]
    Both,
    /// From source to target.
    Out,
    /// From target to source.
    In,
}

/// Nodes and edges, by their numbers.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Neighbors {
    /// Nodes, those that were named among them, ascending.
    nodes: Vec<u32>,
    /// Edges that are followed to them, ascending.
    edges: Vec<u32>,
}

/// Numbers separated by commas, each below `n`.
pub(super) fn numbers(text: &str, of: &str, n: usize, most: usize) -> ApiResult<Vec<u32>> {
    let mut numbers = Vec::new();
    for part in text.split(',').filter(|part| !part.trim().is_empty()) {
        let number: u32 = part.trim().parse().map_err(|_| {
            let part: String = part.chars().take(40).collect();
            ApiError::Invalid(format!("`{part}` is no number of a row"))
        })?;
        if n <= number as usize {
            return Err(ApiError::Invalid(format!("there is no row {number}: there are {n} {of}")));
        }
        if numbers.len() == most {
            return Err(ApiError::Invalid(format!("more than {most} rows are named")));
        }
        numbers.push(number);
    }
    Ok(numbers)
}

/// What is around nodes: the neighbors in some number of hops, and the edges to them
#[utoipa::path(get, path = "/api/v1/datasets/{id}/neighbors", tag = "view",
    params(("id" = String, Path), Around),
    responses((status = 200, body = Neighbors), (status = 400, description = "Too much was asked for"), (status = 404)))]
pub(super) async fn neighbors(
    State(server): State<Server>,
    who: Who,
    Path(id): Path<String>,
    uri: Uri,
    headers: HeaderMap,
    Params(around): Params<Around>,
) -> ApiResult<Response> {
    let dataset = server.dataset(&who, &id, Access::Read).await?;
    let make = async {
        let loaded = server.loaded(&dataset).await?;
        let graph = std::sync::Arc::clone(&loaded.graph);
        let seeds = numbers(&around.nodes, "nodes", graph.n_nodes(), MOST_SEEDS)?;
        if around.hops > MOST_HOPS {
            return Err(ApiError::Invalid(format!(
                "hops is {}; it can be 0 to {MOST_HOPS}",
                around.hops
            )));
        }
        let direction = match around.direction {
            Way::Both => Direction::Both,
            Way::Out => Direction::Forward,
            Way::In => Direction::Reverse,
        };
        let found = server
            .workers
            .run(move |control| {
                let hops = Hops { direction, min_hops: 0, max_hops: Some(around.hops), ..Hops::default() };
                let found = hops.run(&graph, &seeds, control)?;
                let size = found.nodes.count_set_bits() + found.edges.count_set_bits();
                if size > MOST_FOUND {
                    return Err(ApiError::Invalid(format!(
                        "{size} nodes and edges are around these, more than the {MOST_FOUND} that are told: \
                         ask for fewer hops"
                    )));
                }
                Ok(Neighbors {
                    nodes: found.nodes.set_indices().map(|u| u as u32).collect(),
                    edges: found.edges.set_indices().map(|e| e as u32).collect(),
                })
            })
            .await?;
        Ok(Json(found).into_response())
    };
    unless_known(&headers, &dataset, &uri, make).await
}
