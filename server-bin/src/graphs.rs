//! Graphs that are held ready: read once, by whoever asks first, and forgotten when others need the room.

use std::path::PathBuf;
use std::sync::Arc;

use arrow::array::{AsArray, RecordBatch};
use arrow::compute::{cast, concat_batches};
use arrow::datatypes::{DataType, Float32Type, Schema};
use graphlume::Graph;
use graphlume::graph::{IdOrder, ReadOptions, read_table};
use moka::future::Cache;

use crate::error::{ApiError, ApiResult};
use crate::objects::Objects;
use crate::store::{Dataset, Spec, Store};
use crate::workers::Workers;

/// A dataset that was read.
#[derive(Debug)]
pub(crate) struct Loaded {
    /// The graph.
    pub(crate) graph: Arc<Graph>,
    /// Where its nodes are, if a layout was kept or its table says so: columns x and y.
    pub(crate) positions: Option<[Vec<f32>; 2]>,
    /// What was odd about the tables.
    pub(crate) warnings: Vec<String>,
}

/// The graphs that are held ready.
#[derive(Debug)]
pub(crate) struct Graphs {
    cache: Cache<String, Arc<Loaded>>,
}

impl Graphs {
    pub(crate) fn new(bytes: u64) -> Self {
        let weigh =
            |_: &String, loaded: &Arc<Loaded>| (loaded.bytes() >> 10).min(u32::MAX.into()) as u32;
        Self { cache: Cache::builder().max_capacity(bytes >> 10).weigher(weigh).build() }
    }

    /// Memory of the graphs held, in bytes.
    pub(crate) fn bytes(&self) -> u64 {
        self.cache.weighted_size() << 10
    }

    /// The graph of a dataset, which is read if nobody has. Whoever asks meanwhile waits for the same reading.
    pub(crate) async fn get(
        &self,
        dataset: &Dataset,
        store: &Store,
        objects: &Objects,
        workers: &Workers,
    ) -> ApiResult<Arc<Loaded>> {
        let read = async {
            let (edges, nodes) =
                (objects.paths(&dataset.edges).await?, objects.paths(&dataset.nodes).await?);
            let positions = match &dataset.positions {
                Some(name) => Some(objects.path(name).await?),
                None => None,
            };
            let spec = dataset.spec.clone();
            let loaded =
                workers.run(move |_| Loaded::read(&edges, &nodes, positions, &spec)).await?;
            let size = [loaded.graph.n_nodes() as i64, loaded.graph.n_edges() as i64];
            if dataset.size != Some(size) {
                store.set_size(dataset, size).await?;
            }
            Ok::<_, ApiError>(Arc::new(loaded))
        };
        self.cache.try_get_with(key(dataset), read).await.map_err(|error| copied(&error))
    }

    /// Holds a graph that was just made.
    pub(crate) async fn put(&self, dataset: &Dataset, loaded: Loaded) -> Arc<Loaded> {
        let loaded = Arc::new(loaded);
        self.cache.insert(key(dataset), Arc::clone(&loaded)).await;
        loaded
    }

    /// Forgets a dataset that was deleted.
    pub(crate) async fn forget(&self, dataset: &Dataset) {
        self.cache.invalidate(&key(dataset)).await;
    }
}

/// All that a graph is made of: what another server changes in the database is another graph here at once.
fn key(dataset: &Dataset) -> String {
    let Dataset { id, edges, nodes, positions, spec, .. } = dataset;
    let [x, y] = position_columns(spec);
    let ends = (&spec.source, &spec.target, &spec.weight, &spec.id, spec.is_directed);
    format!("{id} {edges:?} {nodes:?} {positions:?} {ends:?} {x:?} {y:?}")
}

/// The same error for each of those who waited for one reading.
pub(crate) fn copied(error: &ApiError) -> ApiError {
    match error {
        ApiError::Invalid(text) => ApiError::Invalid(text.clone()),
        ApiError::Conflict(text) => ApiError::Conflict(text.clone()),
        ApiError::Unavailable(text) => ApiError::Unavailable(text.clone()),
        ApiError::Full => ApiError::Full,
        ApiError::Busy { what, retry_after_secs } => {
            ApiError::Busy { what, retry_after_secs: *retry_after_secs }
        }
        error => ApiError::Internal(anyhow::anyhow!("reading a dataset: {error:?}")),
    }
}

impl Loaded {
    /// Memory in bytes, about: tables, ends of edges, and both directions of the adjacency.
    fn bytes(&self) -> u64 {
        let tables =
            self.graph.nodes().get_array_memory_size() + self.graph.edges().get_array_memory_size();
        let numbers = 8 * self.graph.n_nodes() + 32 * self.graph.n_edges();
        (tables + numbers) as u64
    }

    /// Reads the tables of a dataset.
    fn read(
        edges: &[PathBuf],
        nodes: &[PathBuf],
        positions: Option<PathBuf>,
        spec: &Spec,
    ) -> ApiResult<Self> {
        let tables = |paths: &[PathBuf]| -> ApiResult<Option<RecordBatch>> {
            let tables: Vec<RecordBatch> =
                paths.iter().map(read_table).collect::<Result<_, _>>()?;
            let Some(first) = tables.first() else { return Ok(None) };
            let all = concat_batches(&first.schema(), &tables);
            all.map(Some).map_err(|error| {
                ApiError::Invalid(format!("the files of one table have different columns: {error}"))
            })
        };
        let mut loaded = Self::of(tables(edges)?, tables(nodes)?, spec)?;
        if let Some(path) = positions {
            let table = read_table(&path)?;
            loaded.positions = places(&table, "x", "y");
        }
        Ok(loaded)
    }

    /// The graph of tables.
    pub(crate) fn of(
        edges: Option<RecordBatch>,
        nodes: Option<RecordBatch>,
        spec: &Spec,
    ) -> ApiResult<Self> {
        let mut warnings = Vec::new();
        let (edges, nodes) = match (edges, nodes) {
            // PyGraphistry sends the tables of an igraph graph the wrong way round.
            (Some(edges), Some(nodes)) if !has_ends(&edges, spec) && has_ends(&nodes, spec) => {
                warnings.push(
                    "the table of edges came as the table of nodes and the other way round; they were exchanged"
                        .to_owned(),
                );
                (Some(nodes), Some(edges))
            }
            tables => tables,
        };
        let edges = match edges {
            Some(edges) => edges,
            None if nodes.is_some() => no_edges(spec),
            None => {
                return Err(ApiError::Conflict(
                    "the dataset has no tables yet: upload edges, nodes or both".to_owned(),
                ));
            }
        };
        let named = |name: &Option<String>, of: &RecordBatch, what: &str| match name {
            Some(name) if of.column_by_name(name).is_none() => Err(ApiError::Invalid(format!(
                "the table of {what} has no column `{name}`; its columns are {}",
                names(&of.schema())
            ))),
            _ => Ok(()),
        };
        named(&spec.source, &edges, "edges")?;
        named(&spec.target, &edges, "edges")?;
        if let Some(nodes) = &nodes {
            named(&spec.id, nodes, "nodes")?;
        }
        // Nobody asked for weights: a column that cannot be any is one like others.
        let cannot = !spec.unweighted && spec.weight.is_none() && !can_weigh(&edges);
        if cannot {
            warnings.push(
                "the column `weight` holds missing, negative or infinite numbers: edges have no weights".to_owned(),
            );
        }
        let options = ReadOptions {
            source: spec.source.clone(),
            target: spec.target.clone(),
            weight: spec.weight.clone(),
            unweighted: spec.unweighted || cannot,
            id: spec.id.clone(),
            directed: Some(spec.is_directed),
            order: if nodes.is_some() { IdOrder::NodeTable } else { IdOrder::FirstAppearance },
            drop_null: true,
            ..ReadOptions::default()
        };
        let n_rows = edges.num_rows();
        let graph = Graph::from_batches([edges], nodes, &options)?;
        if graph.n_edges() < n_rows {
            warnings.push(format!(
                "{} rows of edges without source or target were left out",
                n_rows - graph.n_edges()
            ));
        }
        let mut loaded = Self::from_graph(graph, spec);
        loaded.warnings = warnings;
        Ok(loaded)
    }

    /// A graph that is there already.
    pub(crate) fn from_graph(graph: Graph, spec: &Spec) -> Self {
        let [x, y] = position_columns(spec);
        let positions = places(graph.nodes(), &x, &y);
        Self { graph: Arc::new(graph), positions, warnings: Vec::new() }
    }
}

/// Whether a table has the columns at the ends of edges, where they were named.
fn has_ends(table: &RecordBatch, spec: &Spec) -> bool {
    let has = |name: &Option<String>| {
        name.as_ref().is_none_or(|name| table.column_by_name(name).is_some())
    };
    (spec.source.is_some() || spec.target.is_some()) && has(&spec.source) && has(&spec.target)
}

/// Whether the column that would be taken for weights, if there is one, holds weights.
fn can_weigh(edges: &RecordBatch) -> bool {
    let schema = edges.schema();
    let at = schema.fields().iter().position(|field| {
        field.name().eq_ignore_ascii_case("weight") && field.data_type().is_numeric()
    });
    let Some(at) = at else { return true };
    let column = edges.column(at);
    column.null_count() == 0
        && cast(column, &DataType::Float32).is_ok_and(|column| {
            let weights = column.as_primitive::<Float32Type>().values();
            weights.iter().all(|weight| weight.is_finite() && *weight >= 0.0)
        })
}

/// A table without rows.
fn no_edges(spec: &Spec) -> RecordBatch {
    let field = |name: &Option<String>, default: &str| {
        arrow::datatypes::Field::new(name.as_deref().unwrap_or(default), DataType::Utf8, true)
    };
    let schema = Schema::new(vec![field(&spec.source, "source"), field(&spec.target, "target")]);
    RecordBatch::new_empty(Arc::new(schema))
}

fn names(schema: &Schema) -> String {
    let names: Vec<String> =
        schema.fields().iter().map(|field| format!("`{}`", field.name())).collect();
    names.join(", ")
}

/// The columns that positions are bound to; `x` and `y` where nothing is.
fn position_columns(spec: &Spec) -> [String; 2] {
    let bindings = spec.node_encodings.get("bindings").and_then(|bindings| bindings.as_object());
    ["x", "y"].map(|axis| {
        let bound = bindings.and_then(|bindings| bindings.get(&format!("node_{axis}"))?.as_str());
        bound.unwrap_or(axis).to_owned()
    })
}

/// Two columns as positions, if they are there and hold finite numbers in every row.
fn places(table: &RecordBatch, x: &str, y: &str) -> Option<[Vec<f32>; 2]> {
    let column = |name: &str| {
        let column = table.column_by_name(name)?;
        if !column.data_type().is_numeric() || column.null_count() > 0 {
            return None;
        }
        let column = cast(column, &DataType::Float32).ok()?;
        let values = column.as_primitive_opt::<Float32Type>()?.values().to_vec();
        values.iter().all(|value| value.is_finite()).then_some(values)
    };
    Some([column(x)?, column(y)?])
}
