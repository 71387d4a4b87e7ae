//! What becomes of what was computed: a new dataset, a table as a file, or what can be said in a few words.

use arrow::array::RecordBatch;
use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use graphlume::Graph;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use crate::api::datasets::Description;
use crate::api::view::TableFormat;
use crate::auth::Who;
use crate::derived::Of;
use crate::error::{ApiError, ApiResult};
use crate::server::Server;
use crate::store::{Dataset, Mode, NewDataset, Spec};

/// What is to become of a result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum Becomes {
    /// A dataset of its own.
    Dataset,
    /// How much there is, and what was found of the whole.
    Summary,
    /// A table, as comma-separated values.
    Csv,
    /// A table, in Parquet.
    Parquet,
    /// A table, as an Arrow IPC file.
    Arrow,
    /// A table, as an array of objects.
    Json,
    /// A table, an object a line.
    Jsonl,
}

impl Becomes {
    pub(super) fn format(self) -> Option<TableFormat> {
        match self {
            Self::Dataset | Self::Summary => None,
            Self::Csv => Some(TableFormat::Csv),
            Self::Parquet => Some(TableFormat::Parquet),
            Self::Arrow => Some(TableFormat::Arrow),
            Self::Json => Some(TableFormat::Json),
            Self::Jsonl => Some(TableFormat::Jsonl),
        }
    }
}

/// What a request says of its result.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
pub(super) struct Wanted {
    /// What becomes of it: dataset, summary, or a table as csv, parquet, arrow, json, jsonl.
    pub(super) into: Option<Becomes>,
    /// The table, if it is to be one: nodes or edges.
    pub(super) table: Option<Of>,
    /// Name of the dataset, if it is to be one.
    pub(super) name: Option<String>,
    /// All else that the request says.
    #[serde(flatten)]
    #[schema(ignore)]
    rest: Map<String, Value>,
}

impl Wanted {
    /// Refuses keys that mean nothing.
    pub(super) fn check(&self) -> ApiResult<()> {
        match self.rest.keys().next() {
            None => Ok(()),
            Some(key) => {
                let key: String = key.chars().take(100).collect();
                Err(ApiError::Invalid(format!("there is no key `{key}` in such a request")))
            }
        }
    }
}

/// What was made.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Made {
    /// The new dataset, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    dataset: Option<Description>,
    /// Number of nodes.
    n_nodes: usize,
    /// Number of edges.
    n_edges: usize,
    /// What was found of the whole.
    #[schema(value_type = Object)]
    summary: Map<String, Value>,
    /// What is likely not meant so.
    warnings: Vec<String>,
}

/// A graph that was computed, and what is known of it.
pub(super) struct Outcome {
    pub(super) graph: Graph,
    pub(super) summary: Map<String, Value>,
    pub(super) warnings: Vec<String>,
}

impl From<Graph> for Outcome {
    fn from(graph: Graph) -> Self {
        Self { graph, summary: Map::new(), warnings: Vec::new() }
    }
}

/// Where a result comes from, and who gets it.
pub(super) struct Origin<'a> {
    pub(super) server: &'a Server,
    pub(super) who: &'a Who,
    /// Name of what it was made from.
    pub(super) name: &'a str,
    /// Its id.
    pub(super) id: &'a str,
    /// How that is to be seen, if the result is to be seen alike.
    pub(super) spec: Option<&'a Spec>,
    /// What was done, as it was asked for.
    pub(super) by: Value,
}

impl<'a> Origin<'a> {
    pub(super) fn of(server: &'a Server, who: &'a Who, dataset: &'a Dataset, by: Value) -> Self {
        Self { server, who, name: &dataset.name, id: &dataset.id, spec: Some(&dataset.spec), by }
    }

    /// The answer that `wish` asks for; without, `usual`.
    pub(super) async fn answer(
        &self,
        outcome: Outcome,
        wish: &Wanted,
        usual: Becomes,
    ) -> ApiResult<Response> {
        let into = wish.into.unwrap_or(usual);
        if let Some(format) = into.format() {
            let of = wish.table.unwrap_or_default();
            let table = match of {
                Of::Nodes => outcome.graph.nodes().clone(),
                Of::Edges => outcome.graph.edge_table()?,
            };
            return self.table(table, format, of.name()).await;
        }
        let (n_nodes, n_edges) = (outcome.graph.n_nodes(), outcome.graph.n_edges());
        let Outcome { graph, summary, warnings } = outcome;
        if into == Becomes::Summary {
            return Ok(
                Json(Made { dataset: None, n_nodes, n_edges, summary, warnings }).into_response()
            );
        }
        let user = self.who.user()?;
        let seen = self.spec.cloned().unwrap_or_default();
        let mut metadata = seen.metadata;
        metadata.insert("made_from".to_owned(), self.id.into());
        metadata.insert("by".to_owned(), self.by.clone());
        let new = NewDataset {
            owner: user.id.clone(),
            organization: self.who.organization.clone(),
            mode: Mode::Private,
            name: wish.name.clone().unwrap_or_else(|| format!("{} (derived)", self.name)),
            spec: Spec {
                node_encodings: seen.node_encodings,
                edge_encodings: seen.edge_encodings,
                url_params: seen.url_params,
                metadata,
                warnings: warnings.clone(),
                ..Spec::default()
            },
            ..NewDataset::default()
        };
        let (dataset, loaded) = self.server.add_graph(new, graph).await?;
        let dataset = Some(Description::of(self.who, &dataset, &loaded)?);
        let made = Made { dataset, n_nodes, n_edges, summary, warnings };
        Ok((StatusCode::CREATED, Json(made)).into_response())
    }

    /// A table as a file.
    pub(super) async fn table(
        &self,
        table: RecordBatch,
        format: TableFormat,
        what: &str,
    ) -> ApiResult<Response> {
        let objects = self.server.objects.clone();
        let draft = self.server.workers.run(move |_| format.write(&objects, &table)).await?;
        format.answer(draft, &format!("{}-{what}", self.name)).await
    }
}

/// What was done, for whoever wants to do it again.
pub(super) fn by(verb: &str, options: impl Serialize) -> Value {
    json!({"verb": verb, "options": serde_json::to_value(options).unwrap_or(Value::Null)})
}
