//! Cases while they run, and what came out of them, for as long as the server remembers.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use arrow::array::RecordBatch;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use graphlume::etl::case::{
    Again, Case as Steps, CaseEvent, CaseInfo, Given, Kept, Limits, Output, Places,
};
use graphlume::etl::{Control, Error};
use graphlume::graph::read_table;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use tokio::task::AbortHandle;
use utoipa::ToSchema;

use crate::api::input::Body;
use crate::auth::{Access, Who};
use crate::cells::cells;
use crate::error::{ApiError, ApiResult};
use crate::intake::columns;
use crate::server::Server;
use crate::store::{Case, File, Mode, NewDataset, Spec, now};

/// Runs that are remembered, and may be looked at.
const REMEMBERED: usize = 100;

/// Runs of one user at a time.
const AT_ONCE: usize = 3;

/// Most steps of a case that is run here.
const MOST_STEPS: usize = 200;

/// Most bytes of the first rows that a run remembers, of all steps; later steps come without.
const LARGEST_HEADS: usize = 1 << 20;

/// Runs of cases, and what their steps made.
#[derive(Debug)]
pub(crate) struct CaseRuns {
    runs: Mutex<VecDeque<Arc<Run>>>,
    kept: Kept,
}

/// One run.
#[derive(Debug)]
struct Run {
    id: String,
    case: String,
    owner: String,
    state: Mutex<Progress>,
    task: Mutex<Option<AbortHandle>>,
    /// Whoever works on it holds this too: a run that was stopped may take a while to notice.
    busy: Arc<()>,
}

/// How far a run is.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(super) struct Progress {
    /// Id of the run.
    id: String,
    /// Id of the case.
    case: String,
    /// `running`, `done`, `failed` or `stopped`.
    status: Status,
    /// The step that is done at the moment.
    current: Option<String>,
    /// What each step did that has ended, with its first rows.
    #[schema(value_type = Vec<Object>)]
    steps: Vec<Value>,
    /// Number of steps that are run; 0 as long as that is not known.
    n_steps: usize,
    /// The dataset that came out, if a graph did.
    dataset: Option<String>,
    /// The file that came out, if a table did.
    file: Option<String>,
    /// What went wrong.
    error: Option<String>,
    /// When it began, in milliseconds since 1970.
    started_at: i64,
    /// When it ended.
    ended_at: Option<i64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum Status {
    Running,
    Done,
    Failed,
    Stopped,
}

impl Run {
    fn state(&self) -> MutexGuard<'_, Progress> {
        // What a thread that panicked left is whole: each change is one assignment.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether it takes a place.
    fn is_running(&self) -> bool {
        self.state().status == Status::Running || 1 < Arc::strong_count(&self.busy)
    }

    fn end(&self, status: Status, change: impl FnOnce(&mut Progress)) {
        let mut state = self.state();
        if state.status == Status::Running {
            state.status = status;
            state.current = None;
            state.ended_at = Some(now());
            change(&mut state);
        }
    }
}

impl CaseRuns {
    /// No runs yet; of steps so many bytes are kept.
    pub(crate) fn new(bytes: u64) -> Self {
        Self { runs: Mutex::default(), kept: Kept::in_memory(bytes) }
    }

    fn all(&self) -> MutexGuard<'_, VecDeque<Arc<Run>>> {
        self.runs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a new run, unless its owner has too many.
    fn begin(&self, case: &str, owner: &str) -> ApiResult<Arc<Run>> {
        let mut runs = self.all();
        let running = runs.iter().filter(|run| run.owner == owner && run.is_running()).count();
        if AT_ONCE <= running {
            return Err(ApiError::Busy { what: "your other cases still run", retry_after_secs: 5 });
        }
        // The oldest that have ended are forgotten.
        while REMEMBERED <= runs.len() {
            match runs.iter().position(|run| !run.is_running()) {
                Some(at) => drop(runs.remove(at)),
                None => {
                    return Err(ApiError::Busy { what: "too many cases run", retry_after_secs: 5 });
                }
            }
        }
        let id = uuid::Uuid::new_v4().simple().to_string();
        let state = Progress {
            id: id.clone(),
            case: case.to_owned(),
            status: Status::Running,
            current: None,
            steps: Vec::new(),
            n_steps: 0,
            dataset: None,
            file: None,
            error: None,
            started_at: now(),
            ended_at: None,
        };
        let run = Arc::new(Run {
            id,
            case: case.to_owned(),
            owner: owner.to_owned(),
            state: Mutex::new(state),
            task: Mutex::new(None),
            busy: Arc::default(),
        });
        runs.push_back(Arc::clone(&run));
        Ok(run)
    }

    /// Takes back a run that has not begun.
    fn forget(&self, run: &Run) {
        self.all().retain(|one| one.id != run.id);
    }

    /// A run of one's own.
    fn find(&self, who: &Who, id: &str) -> ApiResult<Arc<Run>> {
        let user = who.user()?;
        let found = self.all().iter().find(|run| run.id == id).cloned();
        let found = found.filter(|run| user.is_admin || run.owner == user.id);
        found.ok_or_else(|| ApiError::NotFound { what: "run", id: id.chars().take(64).collect() })
    }
}

/// Values of the parameters of a case.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Values {
    /// By the names of parameters; what is not given is the default. Sources may be `dataset:ID` and `upload:ID`.
    #[schema(value_type = Object)]
    values: Map<String, Value>,
    /// The step to begin with: what is before it stays as your last runs left it, with what hosts said then.
    /// Without it all is done that has changed since, and hosts are asked again.
    from: Option<String>,
}

/// Runs a case
#[utoipa::path(post, path = "/api/v1/cases/{id}/runs", tag = "cases", params(("id" = String, Path)),
    request_body = Values,
    responses((status = 202, body = Progress), (status = 400, description = "A value does not fit"),
        (status = 404), (status = 429)))]
pub(super) async fn start(
    State(server): State<Server>,
    who: Who,
    Path(id): Path<String>,
    Body(given): Body<Values>,
) -> ApiResult<(StatusCode, Json<Progress>)> {
    let user = who.user()?.clone();
    let case = server.case(&who, &id).await?;
    // What is wrong with values, or may not be read, is said at once.
    let bound = Steps::parse(&case.text)?.bind(&given.values)?;
    let n = bound.info().steps.len();
    if MOST_STEPS < n {
        return Err(ApiError::Invalid(format!(
            "the case has {n} steps; {MOST_STEPS} can be run here"
        )));
    }
    if let Some(from) = &given.from
        && !bound.info().steps.iter().any(|step| step.name == *from)
    {
        return Err(ApiError::Invalid(format!("there is no step `{from}` to begin with")));
    }
    // A run that there is no place for reads nothing.
    let run = server.case_runs.begin(&case.id, &user.id)?;
    let mut places = server.case_places();
    for address in bound.given() {
        match server.case_source(&who, address).await {
            Ok(found) => drop(places.given.insert(address.to_owned(), found)),
            Err(error) => {
                server.case_runs.forget(&run);
                return Err(error);
            }
        }
    }
    let state = run.state().clone();
    let task = tokio::spawn(work(server, who, case, given, places, Arc::clone(&run)));
    *run.task.lock().unwrap_or_else(PoisonError::into_inner) = Some(task.abort_handle());
    Ok((StatusCode::ACCEPTED, Json(state)))
}

/// Says how far a run is
#[utoipa::path(get, path = "/api/v1/case-runs/{id}", tag = "cases", params(("id" = String, Path)),
    responses((status = 200, body = Progress), (status = 404)))]
pub(super) async fn status(
    State(server): State<Server>,
    who: Who,
    Path(id): Path<String>,
) -> ApiResult<Json<Progress>> {
    let run = server.case_runs.find(&who, &id)?;
    let state = run.state().clone();
    Ok(Json(state))
}

/// Stops a run
#[utoipa::path(delete, path = "/api/v1/case-runs/{id}", tag = "cases", params(("id" = String, Path)),
    responses((status = 204), (status = 404)))]
pub(super) async fn stop(
    State(server): State<Server>,
    who: Who,
    Path(id): Path<String>,
) -> ApiResult<StatusCode> {
    let run = server.case_runs.find(&who, &id)?;
    // Work that nobody waits for any more stops.
    if let Some(task) = run.task.lock().unwrap_or_else(PoisonError::into_inner).take() {
        task.abort();
    }
    run.end(Status::Stopped, |_| {});
    Ok(StatusCode::NO_CONTENT)
}

impl Server {
    /// What cases may read, without what they are given.
    fn case_places(&self) -> Places {
        Places {
            folders: self.config.case_folder.iter().cloned().collect(),
            hosts: self.config.case_hosts.clone(),
            private_hosts: self.config.case_private_hosts,
            remote: false,
            ..Places::default()
        }
    }

    /// A dataset or a file that somebody may use.
    async fn case_source(&self, who: &Who, address: &str) -> ApiResult<Given> {
        if let Some(id) = address.strip_prefix("dataset:") {
            let dataset = self.dataset(who, id, Access::Read).await?;
            let loaded = self.loaded(&dataset).await?;
            return Ok(Given::Graph((*loaded.graph).clone()));
        }
        let id = address.strip_prefix("upload:").unwrap_or(address).to_owned();
        let objects = self.objects_of_files(who, std::slice::from_ref(&id)).await?;
        let Some(object) = objects.first() else {
            return Err(ApiError::NotFound { what: "file", id });
        };
        let path = self.objects.path(object).await?;
        self.workers.run(move |_| Ok(Given::Table(read_table(&path)?))).await
    }
}

/// Runs a case to its end, and keeps what comes out.
async fn work(server: Server, who: Who, case: Case, given: Values, places: Places, run: Arc<Run>) {
    let folder = server.config.case_folder.clone();
    if let Err(error) = finish(&server, &who, &case, given, places, &run).await {
        if let ApiError::Internal(error) = &error {
            tracing::error!("case {}: {error:#}", run.case);
        }
        // Where the folder is, is the operator's business.
        let mut message = error.to_string();
        if let Some(folder) = folder {
            for folder in folder.canonicalize().iter().chain([&folder]) {
                message = message.replace(&format!("{}/", folder.display()), "");
            }
        }
        run.end(Status::Failed, |state| state.error = Some(message));
    }
}

async fn finish(
    server: &Server,
    who: &Who,
    case: &Case,
    given: Values,
    places: Places,
    run: &Arc<Run>,
) -> ApiResult<()> {
    let Values { values, from } = given;
    let bound = Steps::parse(&case.text)?.bind(&values)?;
    let info = bound.info().clone();
    let limits = Limits {
        rows: 20_000_000,
        bytes: server.config.cache_size.max(64 << 20),
        time: Duration::from_secs(server.config.case_secs),
    };
    let told = Arc::clone(run);
    let busy = Arc::clone(&run.busy);
    let (runs, owner) = (server.clone(), run.owner.clone());
    let mut heads = 0;
    let computed = server.case_workers.run(move |control: &Control<'_>| {
        let mut tell = |event: CaseEvent<'_>| match event {
            CaseEvent::Begins { name, of, .. } => {
                let mut state = told.state();
                state.current = Some(name.to_owned());
                state.n_steps = of;
            }
            CaseEvent::Ended { report, head } => {
                let mut shown = serde_json::to_value(report).unwrap_or_default();
                let rows = shown_rows(head);
                heads += rows.to_string().len();
                shown["head"] =
                    if heads <= LARGEST_HEADS { rows } else { Value::Array(Vec::new()) };
                told.state().steps.push(shown);
            }
            _ => {}
        };
        // Nobody gets what was read for somebody else.
        let kept = &runs.case_runs.kept;
        let again = Again { kept, scope: &owner, from: from.as_deref() };
        let ran = bound.run_again(&places, &limits, Some(again), control, &mut tell);
        drop(busy);
        match ran {
            Err(Error::Stopped { .. }) => Ok(None),
            ran => Ok(Some(ran?)),
        }
    });
    let Some((report, output)) = computed.await? else {
        run.end(Status::Stopped, |_| {});
        return Ok(());
    };
    let user = who.user()?;
    match output {
        Output::Graph(graph) => {
            let warnings = report.steps.iter().flat_map(|step| {
                step.warnings.iter().map(|warning| format!("{}: {warning}", step.name))
            });
            let spec =
                Spec { warnings: warnings.collect(), ..spec_of(case, &info, &values, &graph) };
            let new = NewDataset {
                owner: user.id.clone(),
                organization: who.organization.clone(),
                mode: Mode::Private,
                name: case.title.clone(),
                description: info.notes.chars().take(10_000).collect(),
                spec,
                ..NewDataset::default()
            };
            let (dataset, _) = server.add_graph(new, graph).await?;
            run.end(Status::Done, |state| state.dataset = Some(dataset.id));
        }
        Output::Table(rows) => {
            let file = keep_table(server, who, &case.title, rows).await?;
            run.end(Status::Done, |state| state.file = Some(file));
        }
    }
    Ok(())
}

/// Keeps a table as a file of the user's; gives its id.
async fn keep_table(
    server: &Server,
    who: &Who,
    title: &str,
    rows: RecordBatch,
) -> ApiResult<String> {
    let file = File {
        id: uuid::Uuid::new_v4().simple().to_string(),
        owner: who.user()?.id.clone(),
        organization: who.organization.clone(),
        name: format!("{title}.parquet"),
        format: "parquet".to_owned(),
        bytes: rows.get_array_memory_size() as i64,
        n_rows: rows.num_rows() as i64,
        columns: columns(&rows),
        object: Some(server.keep(rows).await?),
        created_at: now(),
    };
    server.store.put_file(&file).await?;
    Ok(file.id)
}

/// Some rows, for people.
fn shown_rows(rows: &RecordBatch) -> Value {
    let columns: Vec<Vec<Value>> =
        rows.columns().iter().map(|column| cells(column).unwrap_or_default()).collect();
    let row = |at: usize| -> Value {
        columns.iter().map(|column| column.get(at).cloned().unwrap_or_default()).collect()
    };
    (0..rows.num_rows()).map(row).collect()
}

/// How the dataset of a case is seen, by its `[view]`, and where it comes from.
fn spec_of(
    case: &Case,
    info: &CaseInfo,
    values: &Map<String, Value>,
    graph: &graphlume::Graph,
) -> Spec {
    const COLORS: [&str; 8] =
        ["#4e79a7", "#f28e2b", "#59a14f", "#e15759", "#b07aa1", "#76b7b2", "#edc948", "#9c755f"];
    const RAMP: [&str; 5] = ["#3b4cc0", "#7b9ff9", "#dddddd", "#f08a6c", "#b40426"];
    let named = |key: &str| info.view.get(key).and_then(Value::as_str);
    let color = |graph_type: &str, column: &str, rows: &RecordBatch| {
        let is_numeric =
            rows.column_by_name(column).is_some_and(|column| column.data_type().is_numeric());
        let (variation, colors) = match is_numeric {
            true => ("continuous", &RAMP[..]),
            false => ("categorical", &COLORS[..]),
        };
        json!({"graphType": graph_type, "encodingType": "color", "attribute": column,
            "variation": variation, "colors": colors})
    };
    let is_node = |column: &&str| graph.nodes().column_by_name(column).is_some();
    let is_edge = |column: &&str| graph.edges().column_by_name(column).is_some();
    let mut nodes = json!({"bindings": {}, "complex": {"default": {}}});
    let mut edges = json!({"bindings": {}, "complex": {"default": {}}});
    for (key, binding) in [("label_by", "node_title"), ("size_by", "node_size")] {
        if let Some(column) = named(key).filter(is_node) {
            nodes["bindings"][binding] = column.into();
        }
    }
    if let Some(column) = named("color_by").filter(is_node) {
        nodes["complex"]["default"]["pointColorEncoding"] = color("point", column, graph.nodes());
    }
    if let Some(column) = named("edge_size_by").filter(is_edge) {
        edges["bindings"]["edge_size"] = column.into();
    }
    if let Some(column) = named("edge_color_by").filter(is_edge) {
        edges["complex"]["default"]["edgeColorEncoding"] = color("edge", column, graph.edges());
    }
    let object = |value: Value| value.as_object().cloned().unwrap_or_default();
    let made = json!({"case": {"id": case.id, "title": case.title, "values": values,
        "layout": info.layout, "view": info.view}});
    Spec {
        node_encodings: object(nodes),
        edge_encodings: object(edges),
        metadata: object(made),
        ..Spec::default()
    }
}
