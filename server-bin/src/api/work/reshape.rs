//! Graphs of other shapes: what a query finds, what steps and SQL make of the tables, parts, graphs of events.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use arrow::array::RecordBatch;
use axum::extract::{Path, State};
use axum::response::Response;
use graphlume::Graph;
use graphlume::etl::gfql::{Absent, Gfql, Limits};
use graphlume::etl::hypergraph::HypergraphConfig;
use graphlume::etl::pipeline::{PipelineError, Steps};
use graphlume::etl::table::{Budget, SqlOptions, Table, sql};
use graphlume::etl::topology::{filter_edges, induced_by_mask, prune_orphans};
use graphlume::etl::{Control, Error};
use graphlume::graph::{IdOrder, ReadOptions, read_table};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use super::outcome::{Becomes, Origin, Outcome, Wanted, by};
use crate::api::input::Body;
use crate::auth::{Access, Who};
use crate::derived::{Of, Which};
use crate::error::{ApiError, ApiResult};
use crate::server::Server;

/// How long a query of SQL, or steps, may run.
const LONGEST: Duration = Duration::from_mins(2);

/// How often it is looked whether that is over.
const PAUSE: Duration = Duration::from_millis(20);

/// Most steps of a transform.
const MOST_STEPS: usize = 200;

/// A query.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct GfqlQuery {
    /// The query in GFQL: a list of steps, a `Chain` or a `Let`.
    #[schema(value_type = Object)]
    query: Value,
    /// Whether conditions on columns that do not exist are errors; without, they count as empty.
    #[serde(default)]
    strict: bool,
    /// What becomes of it; without, a new dataset.
    #[serde(flatten)]
    wish: Wanted,
}

/// Answers a query in GFQL
#[utoipa::path(post, path = "/api/v1/datasets/{id}/query", tag = "work", params(("id" = String, Path)),
    request_body = GfqlQuery,
    responses((status = 200, description = "A table, or how much was found"), (status = 201, description = "A new dataset"),
        (status = 400, description = "The query is wrong: the message says where"), (status = 404)))]
pub(super) async fn query(
    State(server): State<Server>,
    who: Who,
    Path(id): Path<String>,
    Body(ask): Body<GfqlQuery>,
) -> ApiResult<Response> {
    let dataset = server.dataset(&who, &id, Access::Read).await?;
    who.user()?;
    ask.wish.check()?;
    let gfql = Gfql::parse(&ask.query.to_string(), &Limits::default())?;
    let absent = if ask.strict { Absent::Refuse } else { Absent::Null };
    let loaded = server.loaded(&dataset).await?;
    let graph = Arc::clone(&loaded.graph);
    // Rows that a query makes of a graph need not be nodes any more: a table is an answer as it is.
    let format = ask.wish.into.and_then(Becomes::format);
    let of = ask.wish.table.unwrap_or_default();
    let summary = ask.wish.into == Some(Becomes::Summary);
    let work = move |control: &Control<'_>| {
        let report = gfql.run(&graph, absent, control)?;
        let warnings: Vec<String> = report.warnings.iter().map(ToString::to_string).collect();
        if format.is_some() || summary {
            return Ok((Err([report.nodes, report.edges]), warnings));
        }
        let [source, target] = graph.end_names();
        let schema = graph.nodes().schema();
        let has = |table: &RecordBatch, name: &str| table.column_by_name(name).is_some();
        if !has(&report.nodes, schema.field(0).name())
            || !has(&report.edges, source)
            || !has(&report.edges, target)
        {
            return Err(ApiError::Invalid(
                "the answer is a table and no graph; `into` can be csv, parquet, arrow, json or jsonl".to_owned(),
            ));
        }
        Ok((Ok(report.graph(graph.is_directed())?), warnings))
    };
    let (found, warnings) = server.workers.run(work).await?;
    let origin = Origin::of(&server, &who, &dataset, by("gfql", &ask.query));
    match (found, format) {
        (Ok(graph), _) => {
            origin
                .answer(Outcome { warnings, ..Outcome::from(graph) }, &ask.wish, Becomes::Dataset)
                .await
        }
        (Err([nodes, edges]), Some(format)) => {
            let table = if of == Of::Nodes { nodes } else { edges };
            origin.table(table, format, of.name()).await
        }
        (Err([nodes, edges]), None) => {
            let counts = json!({
                "n_nodes": nodes.num_rows(), "n_edges": edges.num_rows(), "summary": {}, "warnings": warnings,
            });
            Ok(axum::response::IntoResponse::into_response(axum::Json(counts)))
        }
    }
}

/// Steps or a query over the tables of a dataset.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct Transform {
    /// Steps as in a pipeline, such as `{"verb": "filter", "from": "edges", "where": "weight > 2"}`. The tables are
    /// `edges` and `nodes`; the first step says which it works on, others work on what the one before made.
    #[schema(value_type = Vec<Object>)]
    steps: Option<Vec<Map<String, Value>>>,
    /// A `SELECT` over `edges` and `nodes`, in place of steps.
    sql: Option<String>,
    /// Whether the result is the table of edges of a graph, or of its nodes; without, of edges.
    #[serde(default = "edges")]
    result: Of,
    /// Column of edge sources; as in the dataset, or found by name.
    source: Option<String>,
    /// Column of edge targets; as in the dataset, or found by name.
    target: Option<String>,
    /// Column of node ids; as in the dataset, or found by name.
    node_id: Option<String>,
    /// Column of edge weights.
    weight: Option<String>,
    /// Whether nodes that have no edge any more stay.
    #[serde(default)]
    keep_isolated: bool,
    /// What becomes of it; without, a new dataset.
    #[serde(flatten)]
    wish: Wanted,
}

fn edges() -> Of {
    Of::Edges
}

/// What was asked for, in the form in which it is kept.
#[derive(Debug, Serialize)]
#[serde(rename_all = "snake_case")]
enum How {
    Steps(Vec<Map<String, Value>>),
    Sql(String),
}

impl How {
    /// The table that it makes of two.
    fn run(
        &self,
        edges: RecordBatch,
        nodes: RecordBatch,
        limit: u64,
        longest: Duration,
        control: &Control,
    ) -> ApiResult<RecordBatch> {
        let limited = |control: &Control| self.run_for_long(edges, nodes, limit, control);
        within_time(longest, control, limited)
    }

    fn run_for_long(
        &self,
        edges: RecordBatch,
        nodes: RecordBatch,
        limit: u64,
        control: &Control,
    ) -> ApiResult<RecordBatch> {
        match self {
            Self::Sql(query) => {
                let tables =
                    [("edges", Table::from_batch(edges)?), ("nodes", Table::from_batch(nodes)?)];
                select(query, &tables, limit, control)
            }
            Self::Steps(steps) => {
                // Null is that an option is not there.
                let given = steps.iter().map(|step| {
                    let options = step.iter().filter(|(_, value)| !value.is_null());
                    options
                        .map(|(name, value)| (name.clone(), value.clone()))
                        .collect::<Map<_, _>>()
                });
                let document = json!({"step": given.collect::<Vec<_>>()});
                let text = toml::to_string(&document).map_err(ApiError::invalid)?;
                let steps = Steps::parse(&text, &["edges", "nodes"]).map_err(without_line)?;
                let steps = steps.with_memory_limit(Some(limit));
                Ok(steps.run(&[edges, nodes], control).map_err(without_line)?)
            }
        }
    }
}

/// What a query makes of tables, within so many bytes.
fn select(
    query: &str,
    tables: &[(&str, Table)],
    limit: u64,
    control: &Control,
) -> ApiResult<RecordBatch> {
    // Bytes are counted as they come: an estimate of rows before would read the keys once more.
    let budget = Some(Budget::new(limit));
    let options = SqlOptions { limit: None, budget, ..SqlOptions::default() };
    match sql(query, tables, &options, control).and_then(|table| table.collect(control)) {
        Err(error @ Error::OverBudget { .. }) => Err(ApiError::Invalid(format!(
            "the query is too large: {error}; join on columns with fewer equal values, or filter first"
        ))),
        made => Ok(made?),
    }
}

/// What `work` makes, if it does not take longer than it may.
fn within_time<T>(
    longest: Duration,
    control: &Control,
    work: impl FnOnce(&Control) -> ApiResult<T>,
) -> ApiResult<T> {
    let (stop, is_late) = (AtomicBool::new(control.is_stopped()), AtomicBool::new(false));
    let (done, is_done) = channel::<()>();
    std::thread::scope(|scope| {
        let (stop, is_late, begun) = (&stop, &is_late, Instant::now());
        scope.spawn(move || {
            while is_done.recv_timeout(PAUSE) == Err(RecvTimeoutError::Timeout) {
                let late = begun.elapsed() > longest;
                is_late.store(late, Ordering::Relaxed);
                if late || control.is_stopped() {
                    stop.store(true, Ordering::Relaxed);
                }
            }
        });
        let made = work(&Control::default().stopped_by(stop));
        drop(done);
        match made {
            Err(_) if is_late.load(Ordering::Relaxed) => Err(ApiError::Invalid(format!(
                "it took longer than the {} s that it may",
                longest.as_secs()
            ))),
            made => made,
        }
    })
}

/// The error without the line, which is one of a text that nobody wrote.
fn without_line(error: Error) -> Error {
    match error {
        Error::Pipeline(fault) => PipelineError { line: None, ..*fault }.into(),
        error => error,
    }
}

/// Makes a table of those of a dataset, by steps or by SQL
///
/// Verbs are those of pipelines. The result is a new dataset, or the table itself (`into` csv, parquet, arrow, json,
/// jsonl).
#[utoipa::path(post, path = "/api/v1/datasets/{id}/transform", tag = "work", params(("id" = String, Path)),
    request_body = Transform,
    responses((status = 200, description = "A table"), (status = 201, description = "A new dataset"),
        (status = 400, description = "A step is wrong: the message says which, and what"), (status = 404)))]
pub(super) async fn transform(
    State(server): State<Server>,
    who: Who,
    Path(id): Path<String>,
    Body(ask): Body<Transform>,
) -> ApiResult<Response> {
    let dataset = server.dataset(&who, &id, Access::Read).await?;
    who.user()?;
    ask.wish.check()?;
    let how = match (ask.steps, ask.sql) {
        (Some(steps), None) if (1..=MOST_STEPS).contains(&steps.len()) => How::Steps(steps),
        (Some(steps), None) => {
            let n = steps.len();
            return Err(ApiError::Invalid(format!(
                "there are {n} steps; there can be 1 to {MOST_STEPS}"
            )));
        }
        (None, Some(query)) => How::Sql(query),
        _ => return Err(ApiError::Invalid("either `steps` or `sql` says what to do".to_owned())),
    };
    let origin = Origin::of(&server, &who, &dataset, by("transform", &how));
    let loaded = server.loaded(&dataset).await?;
    let graph = Arc::clone(&loaded.graph);
    let limit = server.config.cache_size.max(1 << 28);
    let format = ask.wish.into.and_then(Becomes::format);
    if let Some(format) = format {
        let work = move |control: &Control<'_>| {
            how.run(graph.edge_table()?, graph.nodes().clone(), limit, LONGEST, control)
        };
        return origin.table(server.workers.run(work).await?, format, "table").await;
    }
    let [source, target] = graph.end_names().map(str::to_owned);
    let id = graph.nodes().schema().field(0).name().clone();
    let (result, keep_isolated) = (ask.result, ask.keep_isolated);
    let options = ReadOptions {
        source: ask.source,
        target: ask.target,
        id: ask.node_id,
        weight: ask.weight,
        directed: Some(graph.is_directed()),
        order: IdOrder::NodeTable,
        drop_null: true,
        ..ReadOptions::default()
    };
    let work = move |control: &Control<'_>| {
        let (edges, nodes) = (graph.edge_table()?, graph.nodes().clone());
        let made = how.run(edges.clone(), nodes.clone(), limit, LONGEST, control)?;
        let known = |given: Option<String>, usual: String, table: &RecordBatch| {
            given.or_else(|| Some(usual).filter(|name| table.column_by_name(name).is_some()))
        };
        let (edges, nodes) = match result {
            Of::Edges => (made, nodes),
            Of::Nodes => (edges, made),
        };
        let options = ReadOptions {
            source: known(options.source, source, &edges),
            target: known(options.target, target, &edges),
            id: known(options.id, id, &nodes),
            ..options
        };
        let graph = Graph::from_batches([edges], Some(nodes), &options)?;
        Ok(match result {
            Of::Edges if !keep_isolated => prune_orphans(&graph)?.graph,
            _ => graph,
        })
    };
    let graph = server.workers.run(work).await?;
    origin.answer(graph.into(), &ask.wish, Becomes::Dataset).await
}

/// Which nodes and edges to keep.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct Filter {
    /// Nodes that this expression is true of, and the edges between them; all if absent.
    nodes: Option<String>,
    /// Edges that this expression is true of; all if absent.
    edges: Option<String>,
    /// Whether nodes stay that lost all their edges to the condition on edges.
    #[serde(default)]
    keep_isolated: bool,
    /// What becomes of it; without, a new dataset.
    #[serde(flatten)]
    wish: Wanted,
}

/// Keeps nodes and edges that expressions are true of
#[utoipa::path(post, path = "/api/v1/datasets/{id}/filter", tag = "work", params(("id" = String, Path)),
    request_body = Filter,
    responses((status = 200, description = "A table"), (status = 201, description = "A new dataset"),
        (status = 400, description = "An expression is wrong: the message says where"), (status = 404)))]
pub(super) async fn filter(
    State(server): State<Server>,
    who: Who,
    Path(id): Path<String>,
    Body(ask): Body<Filter>,
) -> ApiResult<Response> {
    let dataset = server.dataset(&who, &id, Access::Read).await?;
    who.user()?;
    ask.wish.check()?;
    let loaded = server.loaded(&dataset).await?;
    let by = by(
        "filter",
        json!({"nodes": ask.nodes, "edges": ask.edges, "keep_isolated": ask.keep_isolated}),
    );
    // Both are asked of the graph as it is.
    let nodes = server.rows(&dataset, &loaded, Of::Nodes, &Which::new(ask.nodes, None)).await?;
    let edges = server.rows(&dataset, &loaded, Of::Edges, &Which::new(ask.edges, None)).await?;
    let graph = Arc::clone(&loaded.graph);
    let work = move |_: &Control<'_>| {
        let lost = edges.is_some() && !ask.keep_isolated;
        let mut kept = match edges {
            Some(edges) => filter_edges(&graph, &edges, true)?.graph,
            None => Graph::clone(&graph),
        };
        if let Some(nodes) = nodes {
            kept = induced_by_mask(&kept, &nodes)?.graph;
        }
        if lost {
            kept = prune_orphans(&kept)?.graph;
        }
        Ok(kept)
    };
    let graph = server.workers.run(work).await?;
    Origin::of(&server, &who, &dataset, by).answer(graph.into(), &ask.wish, Becomes::Dataset).await
}

/// How rows of events become a graph.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct Hypergraph {
    /// Options, those of PyGraphistry's `hypergraph()`: `entity_types`, `opts`, `drop_na`, `drop_edge_attrs`, `direct`.
    #[serde(default)]
    #[schema(value_type = Object)]
    options: Map<String, Value>,
    /// What becomes of it; without, a new dataset.
    #[serde(flatten)]
    wish: Wanted,
}

impl Hypergraph {
    fn config(&self) -> ApiResult<HypergraphConfig> {
        serde_json::from_value(Value::Object(self.options.clone())).map_err(|error| {
            let reason = graphlume::graph::words::of_serde(&error.to_string());
            ApiError::Invalid(format!("options: {reason}"))
        })
    }
}

/// The graph of the things that events name.
fn entities(
    events: &RecordBatch,
    config: &HypergraphConfig,
    control: &Control,
) -> ApiResult<Outcome> {
    let found = config.run(events, control)?;
    let warnings = found.warnings().iter().map(ToString::to_string).collect();
    let summary = Map::from_iter([
        ("n_entities".to_owned(), found.n_entities().into()),
        ("n_events".to_owned(), found.n_events().into()),
    ]);
    Ok(Outcome { graph: found.graph()?, summary, warnings })
}

/// Makes a graph of the things that the rows of the table of edges name
#[utoipa::path(post, path = "/api/v1/datasets/{id}/hypergraph", tag = "work", params(("id" = String, Path)),
    request_body = Hypergraph,
    responses((status = 200, description = "A table"), (status = 201, description = "A new dataset"),
        (status = 400), (status = 404)))]
pub(super) async fn hypergraph(
    State(server): State<Server>,
    who: Who,
    Path(id): Path<String>,
    Body(ask): Body<Hypergraph>,
) -> ApiResult<Response> {
    let dataset = server.dataset(&who, &id, Access::Read).await?;
    who.user()?;
    ask.wish.check()?;
    let config = ask.config()?;
    let loaded = server.loaded(&dataset).await?;
    let graph = Arc::clone(&loaded.graph);
    let outcome =
        server.workers.run(move |control| entities(&graph.edge_table()?, &config, control)).await?;
    // It has other nodes, which are not to be seen as those were.
    let by = by("hypergraph", &ask.options);
    let origin = Origin { spec: None, ..Origin::of(&server, &who, &dataset, by) };
    origin.answer(outcome, &ask.wish, Becomes::Dataset).await
}

/// Makes a graph of the things that the rows of a file name
#[utoipa::path(post, path = "/api/v1/files/{id}/hypergraph", tag = "work", params(("id" = String, Path)),
    request_body = Hypergraph,
    responses((status = 200, description = "A table"), (status = 201, description = "A new dataset"),
        (status = 400), (status = 404)))]
pub(super) async fn hypergraph_of_file(
    State(server): State<Server>,
    who: Who,
    Path(id): Path<String>,
    Body(ask): Body<Hypergraph>,
) -> ApiResult<Response> {
    let file = server.file(&who, &id).await?;
    ask.wish.check()?;
    let config = ask.config()?;
    let objects = server.objects_of_files(&who, std::slice::from_ref(&id)).await?;
    let mut paths = Vec::with_capacity(objects.len());
    for object in &objects {
        paths.push(server.objects.path(object).await?);
    }
    let work = move |control: &Control<'_>| {
        let Some(path) = paths.first() else {
            return Err(ApiError::NotFound { what: "file", id });
        };
        entities(&read_table(path)?, &config, control)
    };
    let outcome = server.workers.run(work).await?;
    let by = by("hypergraph", &ask.options);
    let origin =
        Origin { server: &server, who: &who, name: &file.name, id: &file.id, spec: None, by };
    origin.answer(outcome, &ask.wish, Becomes::Dataset).await
}

#[cfg(test)]
mod tests {
    use arrow::array::{ArrayRef, Int64Array};

    use super::*;

    /// Runs it over two equal tables of `n` rows.
    fn run(how: &How, n: i64, limit: u64, longest: Duration) -> ApiResult<usize> {
        let column: ArrayRef = Arc::new(Int64Array::from_iter_values(0..n));
        let same: ArrayRef = Arc::new(Int64Array::from(vec![1; n as usize]));
        let batch = RecordBatch::try_from_iter([("a", column), ("same", same)]).unwrap();
        let made = how.run(batch.clone(), batch, limit, longest, &Control::NONE);
        made.map(|table| table.num_rows())
    }

    fn sql(query: &str) -> How {
        How::Sql(query.to_owned())
    }

    fn steps(steps: Value) -> How {
        How::Steps(serde_json::from_value(steps).unwrap())
    }

    /// A join of all with all, as the estimate before it does not see it.
    fn all_pairs() -> Value {
        json!({"verb": "sql", "from": ["edges", "nodes"], "max_rows": 4_000_000_000_000_u64,
            "query": "SELECT e.a, n.a AS b FROM edges e JOIN nodes n ON e.same = n.same"})
    }

    #[test]
    fn queries_that_fit_are_answered() {
        for (query, rows) in [
            ("SELECT * FROM edges", 1000),
            ("SELECT e.a FROM edges e JOIN nodes n ON e.a = n.a ORDER BY e.a LIMIT 7", 7),
            ("SELECT count(*) AS n FROM edges e CROSS JOIN nodes n", 1),
        ] {
            assert_eq!(run(&sql(query), 1000, 1 << 28, LONGEST).unwrap(), rows, "{query}");
        }
    }

    #[test]
    fn queries_that_would_take_all_memory_are_ended() {
        for query in [
            "SELECT e.a, n.a AS b FROM edges e CROSS JOIN nodes n ORDER BY b",
            "SELECT e.a, n.a AS b FROM edges e JOIN nodes n ON e.same = n.same",
            "WITH pairs AS (SELECT e.a FROM edges e JOIN nodes n ON e.same = n.same) \
             SELECT a, count(*) AS n FROM pairs GROUP BY a",
        ] {
            // Of 10 thousand million pairs.
            let error = run(&sql(query), 100_000, 64 << 20, LONGEST).unwrap_err().to_string();
            assert!(error.contains("more than 67108864 bytes"), "{query}: {error}");
        }
    }

    #[test]
    fn steps_that_would_take_all_memory_are_ended() {
        let count = json!({"verb": "group", "by": "a", "aggregate": ["n = count(*)"]});
        for how in [json!([all_pairs()]), json!([all_pairs(), count])] {
            let error = run(&steps(how), 100_000, 64 << 20, LONGEST).unwrap_err().to_string();
            assert!(error.contains("more than 67108864 bytes"), "{error}");
        }
    }

    #[test]
    fn queries_that_take_too_long_are_ended() {
        let query = "SELECT count(*) AS n FROM edges e JOIN nodes n ON e.same = n.same";
        let count = json!({"verb": "group", "aggregate": ["n = count(*)"]});
        for how in [sql(query), steps(json!([all_pairs(), count]))] {
            let begun = Instant::now();
            let error =
                run(&how, 300_000, i64::MAX as u64, Duration::from_millis(300)).unwrap_err();
            assert!(error.to_string().contains("took longer"), "{error}");
            assert!(begun.elapsed() < Duration::from_mins(1), "{:?}", begun.elapsed());
        }
    }
}
