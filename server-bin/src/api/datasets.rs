//! Datasets: graphs that were uploaded.

use std::path::Path as FilePath;

use arrow::array::RecordBatch;
use axum::Json;
use axum::extract::multipart::Multipart;
use axum::extract::{FromRequest, Path, Request, State};
use axum::http::{StatusCode, header};
use graphlume::Graph;
use graphlume::graph::{Format, IdOrder, ReadOptions};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tempfile::NamedTempFile;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::input::{Body, Params};
use crate::auth::{Access, Who};
use crate::error::{ApiError, ApiResult};
use crate::graphs::Loaded;
use crate::intake::{check_name, columns, format_named, receive, receive_stream, suffix};
use crate::server::Server;
use crate::store::{Column, Dataset, Mode, NewDataset, Order, Spec, User, Wanted as Listed};

pub(crate) fn router() -> OpenApiRouter<Server> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(create_from_files))
        .routes(routes!(describe, change, remove))
}

/// What an upload says of itself, in its address.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Wanted {
    /// Name of the file, whose suffix tells the format; also the dataset's name if `title` is absent
    name: Option<String>,
    /// Name of the dataset
    title: Option<String>,
    /// Id of an upload in pieces that is the file of edges; there is no body then
    upload: Option<String>,
    /// Id of an upload in pieces that is the file of nodes
    nodes_upload: Option<String>,
    /// What it is about
    description: Option<String>,
    /// Format: csv, jsonl, json, parquet, arrow, mtx, metis, graphml, gexf, gml; found from name and content if absent
    format: Option<String>,
    /// Column of edge sources; found by name, else the first
    source: Option<String>,
    /// Column of edge targets; found by name, else the second
    target: Option<String>,
    /// Column of edge weights; `weight` if it holds numbers
    weight: Option<String>,
    /// Take no column for weights, unless one is named
    unweighted: bool,
    /// Column of node ids in the table of nodes
    id: Option<String>,
    /// Whether edges have a direction; what the file says, else not
    directed: Option<bool>,
    /// Leave rows without source, target or weight out instead of refusing the file
    drop_null: bool,
    /// Words of delimited text that mean that there is no value, such as `NA`, separated by commas
    null: Option<String>,
    /// Who may see it: private, organization, public
    mode: Option<Mode>,
}

/// A page of a list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Page {
    /// How many to leave out
    #[param(minimum = 0)]
    offset: u32,
    /// How many to list, 1 to 1000
    #[param(minimum = 1, maximum = 1000)]
    limit: u32,
}

impl Default for Page {
    fn default() -> Self {
        Self { offset: 0, limit: 100 }
    }
}

impl Page {
    /// Limit and offset, if they are in range.
    pub(crate) fn bounds(&self) -> ApiResult<[i64; 2]> {
        match self.limit {
            1..=1000 => Ok([self.limit.into(), self.offset.into()]),
            limit => Err(ApiError::Invalid(format!("limit is {limit}; it can be 1 to 1000"))),
        }
    }
}

/// Which datasets are listed, and how.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Listing {
    /// How many to leave out
    #[param(minimum = 0)]
    offset: u32,
    /// How many to list, 1 to 1000
    #[param(minimum = 1, maximum = 1000)]
    limit: u32,
    /// Only those with this text in their name or description
    search: String,
    /// What they are listed by: `created_at`, `updated_at`, `name`, `n_nodes`, `n_edges`
    #[param(inline)]
    sort: Order,
    /// The newest or largest first; for names the last
    descending: Option<bool>,
}

impl Default for Listing {
    fn default() -> Self {
        let Page { offset, limit } = Page::default();
        Self { offset, limit, search: String::new(), sort: Order::default(), descending: None }
    }
}

impl Listing {
    fn wanted(self) -> ApiResult<Listed> {
        let [limit, offset] = Page { offset: self.offset, limit: self.limit }.bounds()?;
        if self.search.len() > 1000 {
            let n = self.search.len();
            return Err(ApiError::Invalid(format!("search has {n} bytes; it can have 1000")));
        }
        let descending = self.descending.unwrap_or(self.sort != Order::Name);
        Ok(Listed { search: self.search, order: self.sort, descending, limit, offset })
    }
}

/// A dataset in a list.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Summary {
    /// Id, which cannot be guessed.
    pub(crate) id: String,
    /// Name.
    pub(crate) name: String,
    /// What it is about.
    pub(crate) description: String,
    /// Id of the user that it belongs to.
    pub(crate) owner: String,
    /// Organization in which it was made.
    pub(crate) organization: Option<String>,
    /// Who may see it.
    pub(crate) mode: Mode,
    /// Number of nodes, once it was read.
    pub(crate) n_nodes: Option<i64>,
    /// Number of edges, once it was read.
    pub(crate) n_edges: Option<i64>,
    /// When it was made, in milliseconds since 1970.
    pub(crate) created_at: i64,
    /// When it was changed.
    pub(crate) updated_at: i64,
    /// Where a browser sees it, on this server.
    pub(crate) url: String,
}

/// Datasets, and how many there are in all.
#[derive(Debug, Serialize, ToSchema)]
struct List {
    /// One page of them.
    datasets: Vec<Summary>,
    /// How many there are.
    total: i64,
}

/// A table of a dataset.
#[derive(Debug, Serialize, ToSchema)]
struct Table {
    /// Number of rows.
    n_rows: usize,
    /// Its columns, in order.
    columns: Vec<Column>,
}

/// The tables of a dataset.
#[derive(Debug, Serialize, ToSchema)]
struct Tables {
    /// One row a node, the id first.
    nodes: Table,
    /// One row an edge, the ids at its ends first.
    edges: Table,
}

/// A dataset in full.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Description {
    #[serde(flatten)]
    summary: Summary,
    /// Whether edges have a direction.
    is_directed: bool,
    /// Column with the ids of nodes.
    node_id_column: String,
    /// Column with the ids at the beginning of edges.
    source_column: String,
    /// Column with the ids at the end of edges.
    target_column: String,
    /// Its tables.
    tables: Tables,
    /// Whether positions of a layout are kept, or are in the table of nodes.
    has_positions: bool,
    /// How it is to be seen.
    #[schema(value_type = Object)]
    url_params: Map<String, Value>,
    /// Bindings and encodings of nodes.
    #[schema(value_type = Object)]
    node_encodings: Map<String, Value>,
    /// Bindings and encodings of edges.
    #[schema(value_type = Object)]
    edge_encodings: Map<String, Value>,
    /// Style of the page, where it came from.
    #[schema(value_type = Object)]
    metadata: Map<String, Value>,
    /// What was odd about the upload.
    warnings: Vec<String>,
    /// Whether whoever asks may change it.
    may_write: bool,
    /// Whether whoever asks may delete and share it.
    may_own: bool,
}

impl From<&Dataset> for Summary {
    fn from(dataset: &Dataset) -> Self {
        Self {
            id: dataset.id.clone(),
            name: dataset.name.clone(),
            description: dataset.description.clone(),
            owner: dataset.owner.clone(),
            organization: dataset.organization.clone(),
            mode: dataset.mode,
            n_nodes: dataset.size.map(|[n, _]| n),
            n_edges: dataset.size.map(|[_, m]| m),
            created_at: dataset.created_at,
            updated_at: dataset.updated_at,
            url: format!("/graph/graph.html?dataset={}", dataset.id),
        }
    }
}

impl Description {
    pub(crate) fn of(who: &Who, dataset: &Dataset, loaded: &Loaded) -> ApiResult<Self> {
        let graph = &loaded.graph;
        let edges = graph.edge_table()?;
        let nodes = graph.nodes();
        let [source, target] = graph.end_names();
        let table = |rows: &RecordBatch| Table { n_rows: rows.num_rows(), columns: columns(rows) };
        Ok(Self {
            summary: Summary {
                n_nodes: Some(graph.n_nodes() as i64),
                n_edges: Some(graph.n_edges() as i64),
                ..Summary::from(dataset)
            },
            is_directed: graph.is_directed(),
            node_id_column: nodes.schema().field(0).name().clone(),
            source_column: source.to_owned(),
            target_column: target.to_owned(),
            tables: Tables { nodes: table(nodes), edges: table(&edges) },
            has_positions: loaded.positions.is_some(),
            url_params: dataset.spec.url_params.clone(),
            node_encodings: dataset.spec.node_encodings.clone(),
            edge_encodings: dataset.spec.edge_encodings.clone(),
            metadata: dataset.spec.metadata.clone(),
            warnings: [&dataset.spec.warnings[..], &loaded.warnings[..]].concat(),
            may_write: who.may(Access::Write, dataset),
            may_own: who.may(Access::Own, dataset),
        })
    }
}

/// Datasets that are one's own, or one's organizations'
#[utoipa::path(get, path = "/api/v1/datasets", tag = "datasets", params(Listing),
    responses((status = 200, body = List)))]
async fn list(
    State(server): State<Server>,
    who: Who,
    Params(listing): Params<Listing>,
) -> ApiResult<Json<List>> {
    let user = who.user()?;
    let wanted = listing.wanted()?;
    let (datasets, total) = server.store.datasets(&user.id, &who.organizations, &wanted).await?;
    Ok(Json(List { datasets: datasets.iter().map(Summary::from).collect(), total }))
}

/// Makes a dataset of a file
///
/// The body is the file of edges, or a file with a whole graph; or `multipart/form-data` with the files `edges` and
/// `nodes`, and the text `name`. It may be compressed with gzip or zstd. The file is read before the answer: what is listed can be used.
#[utoipa::path(post, path = "/api/v1/datasets", tag = "datasets", params(Wanted),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses(
        (status = 201, body = Description),
        (status = 400, description = "The file cannot be read: the message says what and where"),
        (status = 413, description = "It is larger than this server takes"),
        (status = 507, description = "The server has no space left"),
    ))]
async fn create(
    State(server): State<Server>,
    who: Who,
    Params(wanted): Params<Wanted>,
    request: Request,
) -> ApiResult<(StatusCode, Json<Description>)> {
    let user = who.user()?.clone();
    check_name(wanted.name.as_deref().unwrap_or_default())?;
    let received = Received::of(&server, &user, &wanted, request).await?;
    let bytes = received.bytes()?;
    let options = ReadOptions {
        source: wanted.source.clone(),
        target: wanted.target.clone(),
        weight: wanted.weight.clone(),
        unweighted: wanted.unweighted,
        id: wanted.id.clone(),
        directed: wanted.directed,
        drop_null: wanted.drop_null,
        nulls: wanted.null.iter().flat_map(|words| words.split(',')).map(str::to_owned).collect(),
        format: wanted.format.as_deref().map(format_named).transpose()?,
        nodes: received.nodes.as_ref().map(|nodes| nodes.path().to_owned()),
        order: if received.nodes.is_some() { IdOrder::NodeTable } else { IdOrder::FirstAppearance },
        ..server.read_options(bytes)
    };
    let Received { edges, nodes, file_name } = received;
    let (graph, report) = server
        .workers
        .run(move |_| {
            let read = graphlume::read(edges.path(), &options)?;
            drop((edges, nodes));
            Ok(read)
        })
        .await?;
    let mut warnings = Vec::new();
    if report.dropped_rows > 0 {
        warnings.push(format!(
            "{} rows without source, target or weight were left out",
            report.dropped_rows
        ));
    }
    let name = wanted.title.or_else(|| stem(&file_name)).unwrap_or_else(|| "Untitled".to_owned());
    let new = NewDataset {
        owner: user.id,
        organization: who.organization.clone(),
        mode: wanted.mode.unwrap_or_default(),
        name,
        description: wanted.description.unwrap_or_default(),
        spec: Spec {
            unweighted: wanted.unweighted && report.weight.is_none(),
            weight: report.weight,
            warnings,
            ..Spec::default()
        },
        ..NewDataset::default()
    };
    let (dataset, loaded) = server.add_graph(new, graph).await?;
    server.metrics.uploaded.inc_by(bytes);
    for id in [wanted.upload, wanted.nodes_upload].into_iter().flatten() {
        server.partials.remove(&dataset.owner, &id).await?;
    }
    Ok((StatusCode::CREATED, Json(Description::of(&who, &dataset, &loaded)?)))
}

impl Server {
    /// Keeps a graph as a dataset and holds it ready. Of `new`, tables, columns and direction are set here.
    pub(crate) async fn add_graph(
        &self,
        new: NewDataset,
        graph: Graph,
    ) -> ApiResult<(Dataset, std::sync::Arc<Loaded>)> {
        let edges = graph.edge_table()?;
        let nodes = graph.nodes().clone();
        let [source, target] = graph.end_names().map(str::to_owned);
        let spec = Spec {
            source: Some(source),
            target: Some(target),
            id: Some(nodes.schema().field(0).name().clone()),
            is_directed: graph.is_directed(),
            ..new.spec
        };
        let size = [graph.n_nodes() as i64, graph.n_edges() as i64];
        let loaded = Loaded::from_graph(graph, &spec);
        let edges = self.keep(edges).await?;
        let nodes = match self.keep(nodes).await {
            Ok(nodes) => nodes,
            Err(error) => return Err(self.undo(error, [edges]).await),
        };
        let objects = [edges.clone(), nodes.clone()];
        let new =
            NewDataset { spec, edges: vec![edges], nodes: vec![nodes], size: Some(size), ..new };
        let dataset = match self.store.add_dataset(new).await.map_err(ApiError::from) {
            Ok(dataset) => dataset,
            Err(error) => return Err(self.undo(error, objects).await),
        };
        let loaded = self.graphs.put(&dataset, loaded).await;
        Ok((dataset, loaded))
    }
}

/// The name of a file without folders and suffixes.
fn stem(file_name: &str) -> Option<String> {
    let name = FilePath::new(file_name).file_name()?.to_str()?;
    let stem = name.split('.').find(|part| !part.is_empty())?;
    Some(stem.chars().take(200).collect())
}

/// Files that were received.
struct Received {
    edges: NamedTempFile,
    nodes: Option<NamedTempFile>,
    /// The name of the file of edges, if it has one.
    file_name: String,
}

impl Received {
    async fn of(
        server: &Server,
        user: &User,
        wanted: &Wanted,
        request: Request,
    ) -> ApiResult<Self> {
        let limit = server.config.upload_max_size;
        let kind =
            request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let kind = kind.unwrap_or_default().to_owned();
        if let Some(id) = &wanted.upload {
            let (edges, file_name) =
                Self::whole(server, user, id, wanted.format.as_deref()).await?;
            let nodes = match &wanted.nodes_upload {
                Some(id) => Some(Self::whole(server, user, id, None).await?.0),
                None => None,
            };
            return Ok(Self { edges, nodes, file_name });
        }
        if !kind.starts_with("multipart/form-data") {
            let file_name = wanted.name.clone().unwrap_or_default();
            let suffix = suffix_of(&file_name, wanted.format.as_deref())?;
            let edges = receive(&server.objects, request.into_body(), &suffix, limit).await?;
            return Ok(Self { edges, nodes: None, file_name });
        }
        let mut parts = Multipart::from_request(request, &()).await.map_err(ApiError::invalid)?;
        let mut edges: Option<(NamedTempFile, String)> = None;
        let mut nodes: Option<(NamedTempFile, String)> = None;
        let mut dataset_name = None;
        while let Some(part) = parts.next_field().await.map_err(ApiError::invalid)? {
            let name = part.name().unwrap_or_default().to_owned();
            let part_name = part.file_name().unwrap_or_default().to_owned();
            check_name(&part_name)?;
            let place = match name.as_str() {
                "edges" | "file" => &mut edges,
                "nodes" => &mut nodes,
                "name" => {
                    dataset_name = Some(part.text().await.map_err(ApiError::invalid)?);
                    continue;
                }
                _ => {
                    return Err(ApiError::Invalid(format!(
                        "there is no part `{name}`; there are `edges`, `nodes` and `name`"
                    )));
                }
            };
            if let Some((_, first)) = &*place {
                return Err(ApiError::Invalid(format!(
                    "`{first}` and `{part_name}` both came as `{name}`; a dataset is made of one file of edges and at \
                     most one of nodes"
                )));
            }
            let format = if name == "nodes" { None } else { wanted.format.as_deref() };
            let suffix = suffix_of(&part_name, format)?;
            let file = receive_stream(&server.objects, part, &suffix, limit).await?;
            *place = Some((file, part_name));
        }
        let (edges, part_name) =
            edges.ok_or_else(|| ApiError::Invalid("the part `edges` is missing".to_owned()))?;
        let file_name = dataset_name.or_else(|| wanted.name.clone()).unwrap_or(part_name);
        Ok(Self { edges, nodes: nodes.map(|(file, _)| file), file_name })
    }

    /// An upload in pieces, as a file, and its name.
    async fn whole(
        server: &Server,
        user: &User,
        id: &str,
        format: Option<&str>,
    ) -> ApiResult<(NamedTempFile, String)> {
        let (partial, _) = server.partials.get(&user.id, id).await?;
        let draft = server.objects.draft(&suffix_of(&partial.name, format)?)?;
        server.partials.copy(&user.id, id, draft.path()).await?;
        Ok((draft, partial.name))
    }

    fn bytes(&self) -> ApiResult<u64> {
        let mut bytes = self.edges.as_file().metadata()?.len();
        if let Some(nodes) = &self.nodes {
            bytes += nodes.as_file().metadata()?.len();
        }
        Ok(bytes)
    }
}

/// The suffix that a file gets here: of what the client says, only known ones.
pub(crate) fn suffix_of(file_name: &str, format: Option<&str>) -> ApiResult<String> {
    if let Some(format) = format {
        return Ok(suffix(format_named(format)?).to_owned());
    }
    // Content tells whether it is compressed, and what `.json` and names without a suffix are.
    let name = file_name.to_ascii_lowercase();
    let tabs = [".tsv", ".tab"].iter().any(|tab| name.contains(tab));
    Ok(match Format::from_suffix(&name) {
        Some(_) if tabs => ".tsv".to_owned(),
        Some(Format::NodeLink) | None => String::new(),
        Some(format) => suffix(format).to_owned(),
    })
}

/// Tables that were uploaded, to be made a dataset.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct FromFiles {
    /// Name of the dataset.
    name: String,
    /// What it is about.
    #[serde(default)]
    description: String,
    /// Ids of files with edges.
    edges: Vec<String>,
    /// Ids of files with nodes.
    #[serde(default)]
    nodes: Vec<String>,
    /// Column of edge sources; found by name if absent.
    source: Option<String>,
    /// Column of edge targets; found by name if absent.
    target: Option<String>,
    /// Column of edge weights; `weight` if it holds numbers.
    weight: Option<String>,
    /// Column of node ids; found by name if absent.
    id: Option<String>,
    /// Whether edges have a direction.
    #[serde(default)]
    directed: bool,
    /// Who may see it.
    #[serde(default)]
    mode: Mode,
}

/// Makes a dataset of files that were uploaded before
#[utoipa::path(post, path = "/api/v1/datasets/from-files", tag = "datasets", request_body = FromFiles,
    responses((status = 201, body = Description), (status = 404, description = "There is no such file")))]
async fn create_from_files(
    State(server): State<Server>,
    who: Who,
    Body(from): Body<FromFiles>,
) -> ApiResult<(StatusCode, Json<Description>)> {
    let user = who.user()?;
    let edges = server.objects_of_files(&who, &from.edges).await?;
    let nodes = server.objects_of_files(&who, &from.nodes).await?;
    let spec = Spec {
        source: from.source,
        target: from.target,
        weight: from.weight,
        id: from.id,
        is_directed: from.directed,
        ..Spec::default()
    };
    let new = NewDataset {
        owner: user.id.clone(),
        organization: who.organization.clone(),
        mode: from.mode,
        name: from.name,
        description: from.description,
        spec,
        edges,
        nodes,
        size: None,
    };
    let dataset = server.store.add_dataset(new).await?;
    match server.loaded(&dataset).await {
        Ok(loaded) => {
            let answer = Description::of(&who, &dataset, &loaded)?;
            Ok((StatusCode::CREATED, Json(answer)))
        }
        Err(error) => {
            // What cannot be read is not listed.
            server.store.remove_dataset(&dataset.id).await?;
            Err(error)
        }
    }
}

/// Describes a dataset
#[utoipa::path(get, path = "/api/v1/datasets/{id}", tag = "datasets", params(("id" = String, Path)),
    responses((status = 200, body = Description), (status = 404)))]
async fn describe(
    State(server): State<Server>,
    who: Who,
    Path(id): Path<String>,
) -> ApiResult<Json<Description>> {
    let dataset = server.dataset(&who, &id, Access::Read).await?;
    let loaded = server.loaded(&dataset).await?;
    Ok(Json(Description::of(&who, &dataset, &loaded)?))
}

/// What is to change of a dataset; what is absent stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Change {
    /// Name.
    name: Option<String>,
    /// What it is about.
    description: Option<String>,
    /// Who may see it: its owner's to say.
    mode: Option<Mode>,
    /// Organization whose members may see it: its owner's to say, and one of their own.
    organization: Option<String>,
    /// Bindings and encodings of nodes.
    #[schema(value_type = Option<Object>)]
    node_encodings: Option<Map<String, Value>>,
    /// Bindings and encodings of edges.
    #[schema(value_type = Option<Object>)]
    edge_encodings: Option<Map<String, Value>>,
    /// Style of the page.
    #[schema(value_type = Option<Object>)]
    metadata: Option<Map<String, Value>>,
    /// Settings of the viewer.
    #[schema(value_type = Option<Object>)]
    url_params: Option<Map<String, Value>>,
}

/// Changes what is said of a dataset
#[utoipa::path(patch, path = "/api/v1/datasets/{id}", tag = "datasets", params(("id" = String, Path)),
    request_body = Change, responses((status = 200, body = Description), (status = 403), (status = 404)))]
async fn change(
    State(server): State<Server>,
    who: Who,
    Path(id): Path<String>,
    Body(change): Body<Change>,
) -> ApiResult<Json<Description>> {
    let shares = change.mode.is_some() || change.organization.is_some();
    let access = if shares { Access::Own } else { Access::Write };
    let mut dataset = server.dataset(&who, &id, access).await?;
    if let Some(slug) = &change.organization
        && !who.organizations.contains(slug)
    {
        return Err(ApiError::Forbidden(format!("you do not belong to an organization `{slug}`")));
    }
    dataset.organization = change.organization.or(dataset.organization);
    dataset.mode = change.mode.unwrap_or(dataset.mode);
    dataset.name = change.name.unwrap_or(dataset.name);
    dataset.description = change.description.unwrap_or(dataset.description);
    let spec = &mut dataset.spec;
    for (new, old) in [
        (change.node_encodings, &mut spec.node_encodings),
        (change.edge_encodings, &mut spec.edge_encodings),
        (change.metadata, &mut spec.metadata),
        (change.url_params, &mut spec.url_params),
    ] {
        if let Some(new) = new {
            *old = new;
        }
    }
    if shares {
        server.store.set_sharing(&dataset).await?;
    }
    server.store.update_dataset(&dataset).await?;
    let loaded = server.loaded(&dataset).await?;
    Ok(Json(Description::of(&who, &dataset, &loaded)?))
}

/// Deletes a dataset, with its links and views; files that other datasets use stay
#[utoipa::path(delete, path = "/api/v1/datasets/{id}", tag = "datasets", params(("id" = String, Path)),
    responses((status = 204), (status = 403), (status = 404)))]
async fn remove(
    State(server): State<Server>,
    who: Who,
    Path(id): Path<String>,
) -> ApiResult<StatusCode> {
    let dataset = server.dataset(&who, &id, Access::Own).await?;
    server.remove_dataset(&dataset).await?;
    Ok(StatusCode::NO_CONTENT)
}

impl Server {
    /// Deletes a dataset and what only it used.
    pub(crate) async fn remove_dataset(&self, dataset: &Dataset) -> ApiResult<()> {
        // First it is listed no more, then its files go: never the other way round.
        self.store.remove_dataset(&dataset.id).await?;
        self.graphs.forget(dataset).await;
        self.layouts.remove(&dataset.id);
        let objects = dataset.edges.iter().chain(&dataset.nodes).chain(&dataset.positions);
        self.drop_unused(objects.cloned().collect::<Vec<_>>()).await
    }
}
