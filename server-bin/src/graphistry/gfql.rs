//! Queries in GFQL from afar, with the answer as a graph, one of its tables, its size, or a new dataset.

use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::Schema;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use graphlume::Graph;
use graphlume::etl::gfql::{Absent, Gfql, GfqlReport, Limits};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use super::result::{Form, archive, object, table};
use super::{Caller, Refused, Text, settings};
use crate::auth::{Access, Who};
use crate::error::{ApiError, ApiResult};
use crate::server::Server;
use crate::store::{Dataset, Mode, NewDataset, Spec};

/// A query, and what is to become of its answer.
#[derive(Debug, Default, Deserialize, ToSchema)]
pub(super) struct Asked {
    /// parquet, csv or json.
    format: Option<String>,
    /// Whether names that are not there are errors: strict, warn or quiet.
    strictness: Option<String>,
    /// Columns of nodes to answer with.
    node_col_subset: Option<Vec<String>>,
    /// Columns of edges to answer with.
    edge_col_subset: Option<Vec<String>>,
    /// Options of the writer, of which `sep` counts.
    #[schema(value_type = Object)]
    df_export_args: Option<Map<String, Value>>,
    /// Whether the answer is to be a dataset too.
    persist: Option<bool>,
    /// Who may see that dataset.
    #[schema(value_type = Object)]
    privacy: Option<Value>,
    /// The query, in one of its forms.
    #[schema(value_type = Object)]
    #[expect(dead_code, reason = "it is read where queries are, with the place of each mistake")]
    gfql_query: Option<IgnoredAny>,
    /// The query as a list of steps, for old clients.
    #[schema(value_type = Vec<Object>)]
    #[expect(dead_code, reason = "as above")]
    gfql_operations: Option<IgnoredAny>,
}

/// What is to be answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Output {
    All,
    Nodes,
    Edges,
    Shape,
}

/// Answers a query: `all` of a graph, its `nodes`, its `edges`, or its `shape`
#[utoipa::path(post, path = "/api/v2/etl/datasets/{id}/gfql/{output}", tag = "graphistry",
    params(("id" = String, Path), ("output" = String, Path)), request_body = Asked,
    responses((status = 200, description = "Parquet, CSV, JSON, or a ZIP archive of two tables", body = Vec<u8>),
        (status = 400, description = "`error` says what is wrong and where"), (status = 404)))]
pub(super) async fn query(
    State(server): State<Server>,
    Caller(who): Caller,
    Path((id, output)): Path<(String, String)>,
    Text(body): Text,
) -> Result<Response, Refused> {
    let output = match output.as_str() {
        "all" => Output::All,
        "nodes" => Output::Nodes,
        "edges" => Output::Edges,
        "shape" => Output::Shape,
        _ => {
            return Err(ApiError::NotFound {
                what: "output",
                id: output.chars().take(32).collect(),
            }
            .into());
        }
    };
    let query: Asked = serde_json::from_str(&body).map_err(ApiError::invalid)?;
    let dataset = server.dataset(&who, &id, Access::Read).await?;
    let separator = match query.df_export_args.as_ref().and_then(|args| args.get("sep")) {
        None => None,
        Some(sep) => {
            let mut characters = sep.as_str().unwrap_or_default().chars();
            match (characters.next(), characters.next()) {
                (Some(c), None) if c.is_ascii() && !c.is_ascii_control() || c == '\t' => Some(c),
                _ => {
                    return Err(ApiError::Invalid("`sep` is to be one character".to_owned()).into());
                }
            }
        }
    };
    let default = if output == Output::Shape { "json" } else { "parquet" };
    let form = Form::parse(query.format.as_deref().unwrap_or(default), separator)?;
    let absent = match query.strictness.as_deref() {
        Some("strict") => Absent::Refuse,
        _ => Absent::Null,
    };
    let loaded = server.loaded(&dataset).await?;
    let graph = Arc::clone(&loaded.graph);
    let id_name = dataset.spec.id.clone();
    let report = server
        .workers
        .run(move |control| {
            let gfql = Gfql::parse(&body, &Limits::default())?;
            let mut report = gfql.run(&graph, absent, control)?;
            // The client binds the name that it knows.
            if let Some(name) = id_name
                && let Some(first) = graph.nodes().schema().fields().first()
                && report.nodes.schema().fields().first() == Some(first)
            {
                report.nodes = renamed(&report.nodes, &name)?;
            }
            Ok(report)
        })
        .await?;
    let kept = match query.persist.unwrap_or(false) {
        true => Some(
            persist(&server, &who, &dataset, &loaded.graph, &report, query.privacy.as_ref())
                .await?,
        ),
        false => None,
    };
    let metadata = metadata(&dataset.spec, &loaded.graph, &report);
    let warnings = warnings(&report);
    let objects = server.objects.clone();
    let subsets = [query.node_col_subset, query.edge_col_subset];
    let written = server
        .workers
        .run(move |_| {
            let nodes = subset(&report.nodes, subsets[0].as_deref(), "nodes")?;
            let edges = subset(&report.edges, subsets[1].as_deref(), "edges")?;
            match output {
                Output::Nodes => table(&objects, &nodes, form),
                Output::Edges => table(&objects, &edges, form),
                Output::Shape => table(&objects, &shape(&nodes, &edges)?, form),
                Output::All => {
                    let mut said = Map::new();
                    if let Some(kept) = &kept {
                        said.insert("dataset_id".to_owned(), json!(kept.id));
                        said.insert("privacy".to_owned(), json!({"mode": kept.mode}));
                    }
                    if !warnings.is_empty() {
                        said.insert("warnings".to_owned(), json!(warnings));
                    }
                    if form == Form::Json {
                        said.insert("metadata".to_owned(), metadata);
                        return object(&objects, [&nodes, &edges], &said);
                    }
                    said.insert("gfql_metadata".to_owned(), metadata);
                    archive(&objects, [&nodes, &edges], form, &Value::Object(said))
                }
            }
        })
        .await?;
    Ok(written.into_response())
}

/// A table whose first column has another name.
fn renamed(rows: &RecordBatch, name: &str) -> ApiResult<RecordBatch> {
    if rows.schema().field(0).name() == name || rows.column_by_name(name).is_some() {
        return Ok(rows.clone());
    }
    let schema = rows.schema();
    let fields = schema.fields().iter().enumerate().map(|(at, field)| match at {
        0 => Arc::new(field.as_ref().clone().with_name(name)),
        _ => Arc::clone(field),
    });
    let schema = Schema::new(fields.collect::<Vec<_>>());
    RecordBatch::try_new(Arc::new(schema), rows.columns().to_vec()).map_err(ApiError::internal)
}

/// The columns that were asked for.
fn subset(rows: &RecordBatch, names: Option<&[String]>, of: &str) -> ApiResult<RecordBatch> {
    let Some(names) = names else { return Ok(rows.clone()) };
    let schema = rows.schema();
    let at = names.iter().map(|name| {
        schema.index_of(name).map_err(|_| {
            let there: Vec<_> = schema.fields().iter().map(|field| field.name().as_str()).collect();
            ApiError::Invalid(format!(
                "the {of} have no column `{name}`; they have {}",
                there.join(", ")
            ))
        })
    });
    rows.project(&at.collect::<ApiResult<Vec<_>>>()?).map_err(ApiError::internal)
}

/// The size of a graph, as a table.
fn shape(nodes: &RecordBatch, edges: &RecordBatch) -> ApiResult<RecordBatch> {
    let count = |counts: [usize; 2]| {
        Arc::new(Int64Array::from(counts.map(|n| n as i64).to_vec())) as ArrayRef
    };
    RecordBatch::try_from_iter([
        ("kind", Arc::new(StringArray::from(vec!["nodes", "edges"])) as ArrayRef),
        ("rows", count([nodes.num_rows(), edges.num_rows()])),
        ("cols", count([nodes.num_columns(), edges.num_columns()])),
    ])
    .map_err(ApiError::internal)
}

/// What is likely not meant so.
fn warnings(report: &GfqlReport) -> Vec<String> {
    report.warnings.iter().map(ToString::to_string).collect()
}

/// What the client is to know of the result: the names of its columns, and what the query says of its picture.
fn metadata(spec: &Spec, graph: &Graph, report: &GfqlReport) -> Value {
    let mut bindings = Map::new();
    let mut bind = |name: &str, column: &str, rows: &RecordBatch| {
        if rows.column_by_name(column).is_some() {
            bindings.insert(name.to_owned(), json!(column));
        }
    };
    let [source, target] = graph.end_names();
    let schema = graph.nodes().schema();
    bind("node", spec.id.as_deref().unwrap_or(schema.field(0).name()), &report.nodes);
    bind("source", source, &report.edges);
    bind("destination", target, &report.edges);
    let mut made = Map::from_iter([("bindings".to_owned(), Value::Object(bindings))]);
    let about = [("name", &report.name), ("description", &report.description)];
    let about: Map<_, _> = about
        .into_iter()
        .filter_map(|(name, text)| Some((name.to_owned(), json!(text.as_ref()?))))
        .collect();
    if !about.is_empty() {
        made.insert("metadata".to_owned(), Value::Object(about));
    }
    if !report.encodings.is_empty() {
        let [nodes, edges] = encoded(spec, report);
        let level = |encodings: &Map<String, Value>, level: &str| {
            encodings
                .get("complex")
                .and_then(|complex| complex.get(level))
                .cloned()
                .unwrap_or(json!({}))
        };
        let both = |encodings: &Map<String, Value>| json!({"default": level(encodings, "default"), "current": level(encodings, "current")});
        let complex = json!({"node_encodings": both(&nodes), "edge_encodings": both(&edges)});
        let mut simple = Map::from_iter([("complex_encodings".to_owned(), complex)]);
        for (encodings, ours, theirs) in [(&nodes, "node_", "point_"), (&edges, "edge_", "edge_")] {
            let bindings = encodings.get("bindings").and_then(Value::as_object);
            for (name, column) in bindings.into_iter().flatten() {
                if let Some(what) = name.strip_prefix(ours) {
                    simple.insert(format!("{theirs}{what}"), column.clone());
                }
            }
        }
        made.insert("encodings".to_owned(), Value::Object(simple));
    }
    Value::Object(made)
}

/// The encodings of a dataset, of nodes and of edges, with those that a query sets.
fn encoded(spec: &Spec, report: &GfqlReport) -> [Map<String, Value>; 2] {
    report.encodings_over([spec.node_encodings.clone(), spec.edge_encodings.clone()])
}

/// Keeps an answer as a dataset of whoever asked.
async fn persist(
    server: &Server,
    who: &Who,
    dataset: &Dataset,
    graph: &Graph,
    report: &GfqlReport,
    privacy: Option<&Value>,
) -> ApiResult<Dataset> {
    let user = who.user()?;
    let [source, target] = graph.end_names();
    let has = |rows: &RecordBatch, name: &str| rows.column_by_name(name).is_some();
    let schema = graph.nodes().schema();
    let id = dataset.spec.id.clone().unwrap_or_else(|| schema.field(0).name().clone());
    if !has(&report.edges, source) || !has(&report.edges, target) || !has(&report.nodes, &id) {
        return Err(ApiError::Invalid(
            "the answer is a table and no graph: it cannot be kept as a dataset".to_owned(),
        ));
    }
    let mode = privacy.and_then(|privacy| privacy.get("mode")).filter(|mode| !mode.is_null());
    let mode: Mode = match mode {
        Some(mode) => serde_json::from_value(mode.clone()).map_err(ApiError::invalid)?,
        None => Mode::default(),
    };
    let [node_encodings, edge_encodings] = encoded(&dataset.spec, report);
    let made = settings::spec(&node_encodings, &edge_encodings, dataset.spec.metadata.clone());
    let spec = Spec {
        source: Some(source.to_owned()),
        target: Some(target.to_owned()),
        id: Some(id),
        weight: dataset.spec.weight.clone().filter(|name| has(&report.edges, name)),
        is_directed: dataset.spec.is_directed,
        url_params: dataset.spec.url_params.clone(),
        ..made
    };
    let edges = server.keep(report.edges.clone()).await?;
    let nodes = server.keep(report.nodes.clone()).await?;
    let new = NewDataset {
        owner: user.id.clone(),
        organization: who.organization.clone().or_else(|| {
            let theirs = dataset.organization.clone();
            theirs.filter(|slug| who.organizations.contains(slug))
        }),
        mode,
        name: report.name.clone().unwrap_or_else(|| dataset.name.clone()),
        description: report.description.clone().unwrap_or_else(|| dataset.description.clone()),
        spec,
        edges: vec![edges],
        nodes: vec![nodes],
        size: None,
    };
    Ok(server.store.add_dataset(new).await?)
}

/// Refuses code
#[utoipa::path(post, path = "/api/v2/datasets/{id}/python", tag = "graphistry", params(("id" = String, Path)),
    responses((status = 403, description = "Always")))]
pub(super) async fn python(Path(_id): Path<String>) -> Refused {
    Refused(ApiError::Forbidden(
        "this server runs no Python that is sent to it, whoever sends it: use gfql_remote(), or run it where the data \
         is loaded"
            .to_owned(),
    ))
}

/// Refuses code
#[utoipa::path(post, path = "/api/v2/etl/datasets/{id}/python", tag = "graphistry", params(("id" = String, Path)),
    responses((status = 403, description = "Always")))]
pub(super) async fn python_too(id: Path<String>) -> Refused {
    python(id).await
}
