//! Layouts: starting, steering and watching them.

use std::sync::Arc;

use arrow::array::{ArrayRef, Float32Array, RecordBatch};
use axum::Json;
use axum::body::to_bytes;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::{FromRequest, Path, Request, State};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use axum::response::Response;
use graphlume::etl::Control;
use graphlume::layout::Config as Options;
use graphlume::{Device, Graph};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::input::{Body, Params};
use super::view::download::TableFormat;
use crate::auth::{Access, Who};
use crate::error::{ApiError, ApiResult};
use crate::graphs::Loaded;
use crate::live::{Command, Hold, LONGEST, Reason, Session, Viewer};
use crate::server::Server;
use crate::store::Dataset;
use crate::stream::LayoutState;

pub(crate) fn router() -> OpenApiRouter<Server> {
    OpenApiRouter::new()
        .routes(routes!(describe, start, steer, stop))
        .routes(routes!(positions, keep))
        .routes(routes!(stream))
}

/// A layout and what it does.
#[derive(Debug, Serialize, ToSchema)]
struct Layout {
    /// Id of the layout; absent if the dataset has none at the moment.
    session: Option<String>,
    /// What it does.
    state: LayoutState,
    /// Why it does not move.
    reason: Option<Reason>,
    /// Steps that were made.
    iteration: u32,
    /// Mean way of a node in the last step, in layout units.
    movement: f32,
    /// Options of `ForceAtlas2`.
    #[schema(value_type = Object)]
    options: Options,
    /// Rows of the nodes that are held where they are.
    pinned: Vec<u32>,
    /// Where it is computed.
    device: Option<String>,
    /// How many watch it.
    n_viewers: usize,
    /// The last message to its viewers.
    message: Option<String>,
    /// Whether positions are kept: they are there when the server is started anew.
    has_kept_positions: bool,
}

impl Layout {
    fn of(session: &Session, dataset: &Dataset) -> Self {
        let status = session.status();
        Self {
            session: Some(session.id.clone()),
            state: status.state,
            reason: status.reason,
            iteration: session.iteration(),
            movement: session.movement(),
            options: Options::clone(&status.options),
            pinned: status.pinned.to_vec(),
            device: Some(status.device.to_string()),
            n_viewers: session.n_viewers(),
            message: (!status.note.1.is_empty()).then(|| status.note.1.to_string()),
            has_kept_positions: dataset.positions.is_some(),
        }
    }

    fn none(dataset: &Dataset) -> Self {
        Self {
            session: None,
            state: LayoutState::Stopped,
            reason: None,
            iteration: 0,
            movement: 0.0,
            options: Options::default(),
            pinned: Vec::new(),
            device: None,
            n_viewers: 0,
            message: None,
            has_kept_positions: dataset.positions.is_some(),
        }
    }
}

/// What a layout begins with; what is absent stays as it is.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
struct Start {
    /// Options of `ForceAtlas2`, by name; those that are absent stay as they are.
    #[schema(value_type = Object)]
    options: Map<String, Value>,
    /// Begin at random places made from this number, instead of where the nodes are.
    seed: Option<u64>,
    /// Where to compute: auto, cpu, cuda:0, opencl:0.
    device: Option<String>,
}

/// What a layout should do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum Wish {
    /// Move until the nodes have found their places.
    Running,
    /// Rest.
    Paused,
}

/// Where nodes are put.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Move {
    /// Rows of the nodes.
    nodes: Vec<u32>,
    /// Their new x, in layout units.
    x: Vec<f32>,
    /// Their new y, in layout units.
    y: Vec<f32>,
}

/// How a layout is steered: all that is there is done, in this order, or nothing if any of it is wrong.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Steer {
    /// Options of `ForceAtlas2` to change, by name.
    #[serde(default)]
    #[schema(value_type = Object)]
    options: Map<String, Value>,
    /// Nodes to put elsewhere.
    r#move: Option<Move>,
    /// Rows of nodes to hold where they are.
    #[serde(default)]
    pin: Vec<u32>,
    /// Rows of nodes to let go.
    #[serde(default)]
    unpin: Vec<u32>,
    /// Whether it should move.
    state: Option<Wish>,
    /// Make so many steps, then rest.
    steps: Option<u32>,
}

impl Steer {
    fn commands(self) -> ApiResult<Vec<Command>> {
        let mut commands = Vec::new();
        if !self.options.is_empty() {
            commands.push(Command::Options(self.options));
        }
        commands.extend(self.r#move.map(|Move { nodes, x, y }| Command::Move { nodes, x, y }));
        if !self.pin.is_empty() {
            commands.push(Command::Pin(self.pin));
        }
        if !self.unpin.is_empty() {
            commands.push(Command::Unpin(self.unpin));
        }
        commands.extend(self.state.map(|state| match state {
            Wish::Running => Command::Play,
            Wish::Paused => Command::Pause,
        }));
        commands.extend(self.steps.map(Command::Step));
        match (self.state, self.steps, commands.is_empty()) {
            (Some(_), Some(_), _) => {
                Err(ApiError::Invalid("give a state or steps, not both".to_owned()))
            }
            (_, _, true) => Err(ApiError::Invalid(
                "there is nothing to do; give options, move, pin, unpin, state or steps".to_owned(),
            )),
            _ => Ok(commands),
        }
    }
}

impl Server {
    /// The layout of a dataset, begun if there is none: see [`crate::live::Layouts::open`].
    fn open_layout(
        &self,
        dataset: &Dataset,
        loaded: &Loaded,
        first: Option<Vec<Command>>,
    ) -> ApiResult<Hold> {
        let (session, is_new) = self.layouts.open(dataset, loaded, first)?;
        if is_new {
            tokio::spawn(keep_what_settles(self.clone(), Arc::clone(&session)));
        }
        Ok(session)
    }

    /// The layout of a dataset, if it has one.
    fn layout_of(&self, dataset: &Dataset) -> ApiResult<Hold> {
        self.layouts.get(dataset).ok_or_else(|| {
            ApiError::Conflict(
                "the dataset has no layout at the moment; POST begins one".to_owned(),
            )
        })
    }

    /// Keeps where the nodes of a layout are, as the dataset's positions.
    async fn keep_layout(&self, session: &Session) -> ApiResult<()> {
        let [x, y] = session.positions().await?;
        let missing = || ApiError::NotFound { what: "dataset", id: session.dataset.clone() };
        let dataset = self.store.dataset(&session.dataset).await?.ok_or_else(missing)?;
        if !session.is_of(&dataset) {
            return Err(ApiError::Conflict("the dataset was changed meanwhile".to_owned()));
        }
        let loaded = self.loaded(&dataset).await?;
        let table = table(&loaded.graph, x.clone(), y.clone())?;
        let object = self.keep(table).await?;
        match self.store.set_positions(&dataset.id, &object).await {
            Ok(true) => {}
            Ok(false) => {
                self.objects.remove(&object).await?;
                return Err(missing());
            }
            Err(error) => return Err(self.undo(error.into(), [object]).await),
        }
        let old = dataset.positions.clone();
        self.graphs.forget(&dataset).await;
        let dataset = Dataset { positions: Some(object), ..dataset };
        let (graph, warnings) = (Arc::clone(&loaded.graph), loaded.warnings.clone());
        self.graphs.put(&dataset, Loaded { graph, positions: Some([x, y]), warnings }).await;
        self.drop_unused(old).await
    }
}

/// Keeps the positions of a layout each time that it settles, until it ends: whoever comes next begins there.
async fn keep_what_settles(server: Server, session: Arc<Session>) {
    let mut statuses = session.statuses();
    let mut kept = None;
    loop {
        let status = Arc::clone(&statuses.borrow_and_update());
        if status.end.is_some() {
            return;
        }
        let iteration = session.iteration();
        if status.state == LayoutState::Settled && kept != Some(iteration) {
            kept = Some(iteration);
            if let Err(error) = server.keep_layout(&session).await {
                let dataset = &session.dataset;
                tracing::warn!(dataset, "the positions of a layout could not be kept: {error}");
            }
        }
        if statuses.changed().await.is_err() {
            return;
        }
    }
}

/// Ids and positions.
fn table(graph: &Graph, x: Vec<f32>, y: Vec<f32>) -> ApiResult<RecordBatch> {
    let name = graph.nodes().schema().field(0).name().clone();
    // Columns of a table have different names.
    let name = if name == "x" || name == "y" { "id".to_owned() } else { name };
    let column = |values: Vec<f32>| -> ArrayRef { Arc::new(Float32Array::from(values)) };
    let columns =
        [(name, Arc::clone(graph.ids())), ("x".to_owned(), column(x)), ("y".to_owned(), column(y))];
    RecordBatch::try_from_iter(columns).map_err(ApiError::internal)
}

/// What the layout of a dataset does
#[utoipa::path(get, path = "/api/v1/datasets/{id}/layout", tag = "layouts", params(("id" = String, Path)),
    responses((status = 200, body = Layout), (status = 404)))]
async fn describe(
    State(server): State<Server>,
    who: Who,
    Path(id): Path<String>,
) -> ApiResult<Json<Layout>> {
    let dataset = server.dataset(&who, &id, Access::Read).await?;
    Ok(Json(match server.layouts.get(&dataset) {
        Some(session) => Layout::of(&session, &dataset),
        None => Layout::none(&dataset),
    }))
}

/// Starts a layout
///
/// With a seed it begins at random places, else where the nodes are. The body may be absent. It moves until the nodes
/// have found their places, somebody stops it, or nobody has steered it for a while; if too many move at the same
/// time, it waits for its turn.
#[utoipa::path(post, path = "/api/v1/datasets/{id}/layout", tag = "layouts", params(("id" = String, Path)),
    request_body = Start,
    responses(
        (status = 200, body = Layout), (status = 400), (status = 403), (status = 404),
        (status = 429, description = "Too many layouts are watched"),
    ))]
async fn start(
    State(server): State<Server>,
    who: Who,
    Path(id): Path<String>,
    request: Request,
) -> ApiResult<Json<Layout>> {
    let dataset = server.dataset(&who, &id, Access::Write).await?;
    let Start { options, seed, device } = match request.headers().contains_key(header::CONTENT_TYPE)
    {
        true => Body::from_request(request, &server).await?.0,
        false => match to_bytes(request.into_body(), 0).await {
            Ok(_) => Start::default(),
            Err(_) => {
                let text = "a body should be JSON, and say so: content-type: application/json";
                return Err(ApiError::Invalid(text.to_owned()));
            }
        },
    };
    let mut first = Vec::new();
    if let Some(name) = device {
        let is_auto = name == "auto";
        // The first look for devices takes a while.
        let find = move |_: &Control<'_>| Device::parse(&name).map_err(ApiError::invalid);
        first.push(Command::Device { device: server.workers.run(find).await?, is_auto });
    }
    if !options.is_empty() {
        first.push(Command::Options(options));
    }
    first.push(match seed {
        Some(seed) => Command::Restart { seed: Some(seed) },
        None => Command::Play,
    });
    let loaded = server.loaded(&dataset).await?;
    let session = server.open_layout(&dataset, &loaded, Some(first))?;
    session.sync().await?;
    Ok(Json(Layout::of(&session, &dataset)))
}

/// Steers a layout: options, moves, pins, play, pause, steps
#[utoipa::path(patch, path = "/api/v1/datasets/{id}/layout", tag = "layouts", params(("id" = String, Path)),
    request_body = Steer,
    responses(
        (status = 200, body = Layout), (status = 400), (status = 403), (status = 404),
        (status = 409, description = "There is no layout at the moment"),
    ))]
async fn steer(
    State(server): State<Server>,
    who: Who,
    Path(id): Path<String>,
    Body(steer): Body<Steer>,
) -> ApiResult<Json<Layout>> {
    let dataset = server.dataset(&who, &id, Access::Write).await?;
    let session = server.layout_of(&dataset)?;
    session.send(steer.commands()?)?;
    session.sync().await?;
    Ok(Json(Layout::of(&session, &dataset)))
}

/// Stops a layout and gives up its memory
///
/// Whoever watches it goes on to see where the nodes are, and can start it anew from there.
#[utoipa::path(delete, path = "/api/v1/datasets/{id}/layout", tag = "layouts", params(("id" = String, Path)),
    responses((status = 204), (status = 403), (status = 404)))]
async fn stop(
    State(server): State<Server>,
    who: Who,
    Path(id): Path<String>,
) -> ApiResult<StatusCode> {
    let dataset = server.dataset(&who, &id, Access::Write).await?;
    if let Some(session) = server.layouts.get(&dataset) {
        session.send(vec![Command::Stop])?;
        session.sync().await?;
    }
    Ok(StatusCode::NO_CONTENT)
}

/// The form of a file of positions.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Ask {
    /// The format: arrow, csv, parquet, json, jsonl
    #[serde(default = "arrow")]
    format: TableFormat,
}

fn arrow() -> TableFormat {
    TableFormat::Arrow
}

/// Where the nodes are: a table of ids, x and y, in layout units
#[utoipa::path(get, path = "/api/v1/datasets/{id}/layout/positions", tag = "layouts",
    params(("id" = String, Path), Ask),
    responses(
        (status = 200, body = Vec<u8>, content_type = "application/vnd.apache.arrow.file"),
        (status = 404),
        (status = 409, description = "The dataset was never laid out"),
    ))]
async fn positions(
    State(server): State<Server>,
    who: Who,
    Path(id): Path<String>,
    Params(ask): Params<Ask>,
) -> ApiResult<Response> {
    let dataset = server.dataset(&who, &id, Access::Read).await?;
    let loaded = server.loaded(&dataset).await?;
    let known = match server.layouts.get(&dataset) {
        Some(session) => Some(session.positions().await?),
        None => server.layouts.left(&dataset).or_else(|| loaded.positions.clone()),
    };
    let Some([x, y]) = known else {
        return Err(ApiError::Conflict(
            "the dataset was never laid out; POST its layout first".to_owned(),
        ));
    };
    let (objects, graph) = (server.objects.clone(), Arc::clone(&loaded.graph));
    let draft =
        server.workers.run(move |_| ask.format.write(&objects, &table(&graph, x, y)?)).await?;
    ask.format.answer(draft, &format!("{}-positions", dataset.name)).await
}

/// Keeps where the nodes are, as the dataset's positions
///
/// Pictures show them from then on, and layouts begin there. When a layout settles this is done by itself.
#[utoipa::path(put, path = "/api/v1/datasets/{id}/layout/positions", tag = "layouts",
    params(("id" = String, Path)),
    responses(
        (status = 204), (status = 403), (status = 404),
        (status = 409, description = "There is no layout at the moment"),
    ))]
async fn keep(
    State(server): State<Server>,
    who: Who,
    Path(id): Path<String>,
) -> ApiResult<StatusCode> {
    let dataset = server.dataset(&who, &id, Access::Write).await?;
    let session = server.layout_of(&dataset)?;
    server.keep_layout(&session).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Where a viewer was when its connection broke.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Resume {
    /// The session of the greeting
    session: Option<String>,
    /// The number of the last frame that was applied
    resume: Option<u32>,
}

/// Watches a layout, and steers it: a WebSocket, described in `docs/stream.md`
#[utoipa::path(get, path = "/api/v1/datasets/{id}/stream", tag = "layouts",
    params(("id" = String, Path), Resume),
    responses(
        (status = 101, description = "What follows is the stream"),
        (status = 400, description = "This is no request for a WebSocket"),
        (status = 404), (status = 429, description = "Too many layouts are watched"),
    ))]
async fn stream(
    State(server): State<Server>,
    who: Who,
    Path(id): Path<String>,
    Params(ask): Params<Resume>,
    mut parts: Parts,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> ApiResult<Response> {
    let dataset = server.dataset(&who, &id, Access::Read).await?;
    let upgrade = upgrade.map_err(|error| ApiError::Invalid(error.body_text()))?;
    let loaded = server.loaded(&dataset).await?;
    let session = server.open_layout(&dataset, &loaded, None)?;
    let last = ask.resume.filter(|&last| last > 0 && ask.session.as_ref() == Some(&session.id));
    let may_steer = who.may(Access::Write, &dataset);
    // The connection, among others.
    parts.extensions.clear();
    // What is a little too long is read, so that its sender can be told.
    let upgrade = upgrade.max_message_size(4 * LONGEST).max_frame_size(4 * LONGEST);
    Ok(upgrade.on_upgrade(move |socket| {
        Viewer::new(server, parts, session, may_steer, last).watch(socket)
    }))
}
