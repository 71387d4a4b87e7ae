//! Which nodes and edges a query finds, for pages that draw them otherwise than the rest.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, RecordBatch, UInt32Array};
use arrow::datatypes::UInt32Type;
use axum::Json;
use axum::extract::{Path, State};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use graphlume::Graph;
use graphlume::etl::Control;
use graphlume::etl::gfql::{Absent, Gfql, Limits};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::api::input::Body;
use crate::auth::{Access, Who};
use crate::derived::with_columns;
use crate::error::{ApiError, ApiResult};
use crate::server::Server;

/// The column by which rows are known again after the query.
const ROW: &str = "graphlume:row";

/// A query.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Members {
    /// The query in GFQL: a list of steps, or a `Chain`.
    #[schema(value_type = Object)]
    query: Value,
}

/// What a query found.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct FoundMembers {
    /// A bit a node, the least significant first, in Base64.
    nodes: String,
    /// A bit an edge, likewise.
    edges: String,
    /// How many nodes.
    n_nodes: usize,
    /// How many edges.
    n_edges: usize,
    /// What is likely not meant so.
    warnings: Vec<String>,
}

/// Which nodes and edges a query in GFQL finds
#[utoipa::path(post, path = "/api/v1/datasets/{id}/members", tag = "view", params(("id" = String, Path)),
    request_body = Members,
    responses((status = 200, body = FoundMembers), (status = 400, description = "The query is wrong: the message says where"),
        (status = 404)))]
pub(super) async fn members(
    State(server): State<Server>,
    who: Who,
    Path(id): Path<String>,
    Body(ask): Body<Members>,
) -> ApiResult<Json<FoundMembers>> {
    let dataset = server.dataset(&who, &id, Access::Read).await?;
    let gfql = Gfql::parse(&ask.query.to_string(), &Limits::default())?;
    let graph = Arc::clone(&server.loaded(&dataset).await?.graph);
    let work = move |control: &Control<'_>| {
        let report = gfql.run(&numbered(&graph)?, Absent::Null, control)?;
        let (nodes, n_nodes) = mask(&report.nodes, graph.n_nodes())?;
        let (edges, n_edges) = mask(&report.edges, graph.n_edges())?;
        let absent = report.warnings.iter();
        let warnings = absent
            .map(|w| {
                format!("{}: there is no column `{}`, so it counts as empty", w.path, w.column)
            })
            .collect();
        Ok(FoundMembers { nodes, edges, n_nodes, n_edges, warnings })
    };
    Ok(Json(server.workers.run(work).await?))
}

/// The graph with the numbers of its rows as columns.
fn numbered(graph: &Graph) -> ApiResult<Graph> {
    let rows = |n: usize| -> ArrayRef { Arc::new(UInt32Array::from_iter_values(0..n as u32)) };
    let columns = |n| vec![(ROW.to_owned(), rows(n))];
    let nodes = with_columns(graph.nodes(), columns(graph.n_nodes()))?;
    let edges = with_columns(graph.edges(), columns(graph.n_edges()))?;
    let [source, target] = graph.end_names();
    let with = Graph::from_parts(nodes, edges, graph.coo().clone(), graph.is_directed())?;
    Ok(with.with_end_names(source, target))
}

/// The bits of the rows that are in a table, and how many.
fn mask(table: &RecordBatch, n: usize) -> ApiResult<(String, usize)> {
    let Some(rows) = table.column_by_name(ROW) else {
        let words =
            "the query makes another table of the graph, and so names none of its nodes or edges";
        return Err(ApiError::Invalid(words.to_owned()));
    };
    let mut bits = vec![0_u8; n.div_ceil(8)];
    let mut count = 0;
    let words = "the query makes other numbers of the rows of the graph, and so names none of its nodes or edges";
    let other = || ApiError::Invalid(words.to_owned());
    for row in rows.as_primitive_opt::<UInt32Type>().ok_or_else(other)?.iter().flatten() {
        let byte = bits.get_mut(row as usize / 8).ok_or_else(other)?;
        let bit = 1 << (row % 8);
        count += usize::from(*byte & bit == 0);
        *byte |= bit;
    }
    Ok((STANDARD.encode(bits), count))
}
