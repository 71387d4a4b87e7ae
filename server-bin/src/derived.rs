//! What is computed of datasets when somebody asks, and held for whoever asks next: measures, orders of rows, rows
//! that a condition is true of.

mod left;
mod shared;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use arrow::array::{Array, ArrayRef, AsArray, Float32Array, RecordBatch, make_comparator};
use arrow::buffer::BooleanBuffer;
use arrow::compute::{SortOptions, cast};
use arrow::datatypes::{DataType, Field, Schema};
use graphlume::Graph;
use graphlume::etl::analytics::measures::{MEASURES, Measured, Over, measure};
use graphlume::etl::expr::Expr;
use graphlume::etl::table::rows_where;
use graphlume::etl::{Control, Progress};
use graphlume::graph::words::{hint, nearest};
use graphlume::layout::pack::{PackConfig, pack};
use graphlume::layout::{Config, Layout};
use moka::future::Cache;
use rayon::prelude::*;
use regex::{Regex, RegexBuilder};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

pub(crate) use self::left::Across;
use self::shared::Place;
use crate::error::{ApiError, ApiResult};
use crate::graphs::{Loaded, copied};
use crate::server::Server;
use crate::states::States;
use crate::store::Dataset;

/// A table of a dataset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Of {
    /// One row a node.
    #[default]
    Nodes,
    /// One row an edge.
    Edges,
}

impl Of {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Nodes => "nodes",
            Self::Edges => "edges",
        }
    }

    /// Number of rows.
    pub(crate) fn rows(self, graph: &Graph) -> usize {
        match self {
            Self::Nodes => graph.n_nodes(),
            Self::Edges => graph.n_edges(),
        }
    }
}

/// Which rows are meant: all, if nothing is asked.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub(crate) struct Which {
    /// A condition in the language of expressions.
    pub(crate) filter: Option<String>,
    /// A text that is looked for in ids and texts, whatever its capitals.
    pub(crate) search: Option<String>,
}

impl Which {
    pub(crate) fn new(filter: Option<String>, search: Option<String>) -> Self {
        let some = |text: Option<String>| text.filter(|text| !text.trim().is_empty());
        Self { filter: some(filter), search: some(search) }
    }

    pub(crate) fn is_all(&self) -> bool {
        *self == Self::default()
    }
}

/// Of which dataset, as it was at which time, what.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Key {
    dataset: String,
    updated_at: i64,
    what: What,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum What {
    Measure(&'static str),
    Order { of: Of, column: String, descending: bool },
    Rows { of: Of, which: Which },
    Positions,
}

#[derive(Debug, Clone)]
enum Held {
    Measured(Arc<Measured>),
    Order(Arc<Vec<u32>>),
    Rows(BooleanBuffer),
    Positions(Arc<[Vec<f32>; 2]>),
}

impl Held {
    fn bytes(&self) -> usize {
        match self {
            Self::Measured(found) => {
                let columns = found.nodes.iter().chain(&found.edges);
                columns.map(|(_, column)| column.get_array_memory_size()).sum()
            }
            Self::Order(order) => 4 * order.len(),
            Self::Rows(rows) => rows.len() / 8,
            Self::Positions(positions) => 8 * positions[0].len(),
        }
    }
}

/// What is held; what nobody has asked for in a while makes room.
#[derive(Debug)]
pub(crate) struct Derived {
    cache: Cache<Key, Held>,
    /// Where other servers find it too.
    shared: Option<Arc<dyn States>>,
    /// How far measures are that are computed at the moment.
    progress: Arc<Progresses>,
}

/// By dataset, when that was changed, and measure.
type Progresses = Mutex<HashMap<(String, i64, &'static str), Progress>>;

/// Tells how far a measure is, for as long as it is computed.
struct Telling {
    all: Arc<Progresses>,
    key: (String, i64, &'static str),
}

impl Telling {
    fn tell(&self, progress: Progress) {
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        match all.get_mut(&self.key) {
            Some(old) => *old = progress,
            None => drop(all.insert(self.key.clone(), progress)),
        }
    }
}

impl Drop for Telling {
    fn drop(&mut self) {
        self.all.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.key);
    }
}

impl Derived {
    pub(crate) fn new(bytes: u64, shared: Option<Arc<dyn States>>) -> Self {
        // A kibibyte for the key.
        let weigh = |_: &Key, held: &Held| ((held.bytes() >> 10) + 1).min(u32::MAX as usize) as u32;
        let cache = Cache::builder().max_capacity((bytes >> 10).max(1)).weigher(weigh).build();
        Self { cache, shared, progress: Arc::default() }
    }

    /// How far a measure of a dataset is, if it is computed at the moment and has said so.
    pub(crate) fn progress(&self, dataset: &Dataset, measure: &'static str) -> Option<Progress> {
        let key = (dataset.id.clone(), dataset.updated_at, measure);
        self.progress.lock().unwrap_or_else(PoisonError::into_inner).get(&key).copied()
    }

    /// Memory of what is held, in bytes.
    pub(crate) fn bytes(&self) -> u64 {
        self.cache.weighted_size() << 10
    }
}

/// The measure that has a column of this name over such a table, and the column's own name.
pub(crate) fn measure_of(of: Of, name: &str) -> Option<(&'static str, Option<&'static str>)> {
    let over =
        |over: Over| matches!((over, of), (Over::Nodes, Of::Nodes) | (Over::Edges, Of::Edges));
    if let Ok(found) = measure(name) {
        return found.columns.iter().any(|column| over(column.over)).then_some((found.name, None));
    }
    // What some measures call by other names.
    let name = match name {
        "in_degree" => "degree_in",
        "out_degree" => "degree_out",
        name => name,
    };
    MEASURES.iter().find_map(|measure| {
        let column =
            measure.columns.iter().find(|column| over(column.over) && column.name == name)?;
        Some((measure.name, Some(column.name)))
    })
}

/// A column that the table has, without computing.
pub(crate) fn own_column(graph: &Graph, of: Of, name: &str) -> ApiResult<Option<ArrayRef>> {
    let table = match of {
        Of::Nodes => graph.nodes(),
        Of::Edges => graph.edges(),
    };
    if let Some(column) = table.column_by_name(name) {
        return Ok(Some(Arc::clone(column)));
    }
    if of == Of::Edges {
        let at = graph.end_names().iter().position(|end| *end == name);
        if let Some(at) = at {
            return Ok(Some(Arc::clone(graph.end_ids()?[at])));
        }
        if name == "weight"
            && let Some(weights) = graph.coo().weights()
        {
            return Ok(Some(Arc::new(Float32Array::from(weights.to_vec()))));
        }
    }
    Ok(None)
}

/// The columns that a table has, with their names; of a table of edges the ends come first.
pub(crate) fn own_columns(graph: &Graph, of: Of) -> ApiResult<Vec<(String, ArrayRef)>> {
    let mut columns = Vec::new();
    let table = match of {
        Of::Nodes => graph.nodes(),
        Of::Edges => {
            for (name, ids) in graph.end_names().into_iter().zip(graph.end_ids()?) {
                columns.push((name.to_owned(), Arc::clone(ids)));
            }
            graph.edges()
        }
    };
    for (field, values) in table.schema().fields().iter().zip(table.columns()) {
        columns.push((field.name().clone(), Arc::clone(values)));
    }
    Ok(columns)
}

fn is_text(kind: &DataType) -> bool {
    match kind {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => true,
        DataType::Dictionary(_, values) => is_text(values),
        _ => false,
    }
}

/// Longest text of an expression or a search.
const LONGEST: usize = 1 << 16;

/// Rows in which a text is found, in any of these columns as they are shown.
fn rows_with(
    columns: &[ArrayRef],
    n: usize,
    pattern: &Regex,
    control: &Control,
) -> ApiResult<BooleanBuffer> {
    let mut hits = BooleanBuffer::new_unset(n);
    for column in columns {
        control.step("columns searched", 0, None).map_err(ApiError::invalid)?;
        let texts = cast(column, &DataType::Utf8View).map_err(ApiError::invalid)?;
        let texts = texts.as_string_view();
        let is_hit = |row| texts.is_valid(row) && pattern.is_match(texts.value(row));
        hits = &hits | &BooleanBuffer::collect_bool(n, is_hit);
    }
    Ok(hits)
}

/// Rows in the order of a column; those without a value come last, equal ones stay as they were.
fn order_by(column: &ArrayRef, descending: bool) -> ApiResult<Vec<u32>> {
    let options = SortOptions { descending, nulls_first: false };
    let compare = make_comparator(column.as_ref(), column.as_ref(), options).map_err(|_| {
        ApiError::Invalid(format!(
            "rows cannot be sorted by a column of type {}",
            graphlume::graph::type_name(column.data_type())
        ))
    })?;
    let mut order: Vec<u32> = (0..column.len() as u32).collect();
    order.par_sort_unstable_by(|&a, &b| compare(a as usize, b as usize).then(a.cmp(&b)));
    Ok(order)
}

/// Largest graph, in nodes and edges, that is laid out for a picture while somebody waits.
const LARGEST_LAID_OUT: usize = 300_000;

/// Steps of such a layout, at most.
const STEPS: usize = 400;

/// Positions for a picture of a graph that has none.
fn lay_out(graph: &Graph, control: &Control) -> ApiResult<[Vec<f32>; 2]> {
    // From outside of its threads each of many short tasks would wait for one to wake.
    let [mut x, mut y] = rayon::scope(|_| -> ApiResult<_> {
        let mut layout = Layout::builder(graph).config(Config::default()).build()?;
        layout.run(STEPS, |_| match control.is_stopped() {
            true => std::ops::ControlFlow::Break(()),
            false => std::ops::ControlFlow::Continue(()),
        })?;
        Ok(layout.positions()?.map(<[f32]>::to_vec))
    })?;
    if control.is_stopped() {
        return Err(ApiError::Unavailable("the layout was stopped".to_owned()));
    }
    pack(graph, &mut x, &mut y, &PackConfig::default())?;
    Ok([x, y])
}

impl Server {
    /// What is held under a key, or what `work` makes of it. Whoever asks meanwhile waits for the same work.
    async fn held<W>(&self, dataset: &Dataset, what: What, work: W) -> ApiResult<Held>
    where
        W: FnOnce(&Control<'_>) -> ApiResult<Held> + Send + 'static,
    {
        let key = Key { dataset: dataset.id.clone(), updated_at: dataset.updated_at, what };
        let shared = self.derived.shared.as_ref();
        let place = shared.and_then(|states| Place::of(states, dataset, &key)).map(Arc::new);
        let find = async {
            if let Some(place) = &place
                && let Some(held) = place.find().await
            {
                return Ok(held);
            }
            let held = self.workers.run(work).await?;
            if let Some(place) = place {
                place.keep(&held);
            }
            Ok(held)
        };
        let held = self.derived.cache.try_get_with(key, find).await;
        held.map_err(|error| copied(&error))
    }

    /// What a measure finds with its usual options.
    pub(crate) async fn measured(
        &self,
        dataset: &Dataset,
        loaded: &Loaded,
        name: &str,
    ) -> ApiResult<Arc<Measured>> {
        let measure = measure(name)?;
        let graph = Arc::clone(&loaded.graph);
        let key = (dataset.id.clone(), dataset.updated_at, measure.name);
        let all = Arc::clone(&self.derived.progress);
        let work = move |control: &Control<'_>| {
            let telling = Telling { all, key };
            let tell = |progress| telling.tell(progress);
            let plan = measure
                .plan(&graph, &Value::Null)
                .map_err(|error| ApiError::Invalid(format!("measure {}: {error}", measure.name)))?;
            Ok(Held::Measured(Arc::new(plan.run(&control.reporting(&tell))?)))
        };
        match self.held(dataset, What::Measure(measure.name), work).await? {
            Held::Measured(found) => Ok(found),
            held => Err(wrong(&held)),
        }
    }

    /// A column that a measure makes, if there is one of that name.
    async fn measured_column(
        &self,
        dataset: &Dataset,
        loaded: &Loaded,
        of: Of,
        name: &str,
    ) -> ApiResult<Option<ArrayRef>> {
        let Some((measure, column)) = measure_of(of, name) else { return Ok(None) };
        let found = self.measured(dataset, loaded, measure).await?;
        let columns = match of {
            Of::Nodes => &found.nodes,
            Of::Edges => &found.edges,
        };
        let column = match column {
            Some(column) => columns.iter().find(|(name, _)| name == column),
            None => columns.first(),
        };
        Ok(column.map(|(_, values)| Arc::clone(values)))
    }

    /// A column of a table: its own, or that of a measure of this name.
    pub(crate) async fn column(
        &self,
        dataset: &Dataset,
        loaded: &Loaded,
        of: Of,
        name: &str,
    ) -> ApiResult<ArrayRef> {
        if let Some(column) = own_column(&loaded.graph, of, name)? {
            return Ok(column);
        }
        if let Some(column) = self.measured_column(dataset, loaded, of, name).await? {
            return Ok(column);
        }
        let own = own_columns(&loaded.graph, of)?;
        let names: Vec<String> = own.iter().map(|(name, _)| format!("`{name}`")).collect();
        let name: String = name.chars().take(100).collect();
        let measured = MEASURES.iter().flat_map(|measure| {
            let columns = measure.columns.iter().map(|column| column.name);
            columns.chain([measure.name]).filter(|name| measure_of(of, name).is_some())
        });
        let known = own.iter().map(|(name, _)| name.as_str()).chain(measured);
        Err(ApiError::Invalid(format!(
            "the table of {} has no column `{name}`, and there is no measure of that name; its columns are {}{}",
            of.name(),
            names.join(", "),
            hint(nearest(&name, known).as_deref())
        )))
    }

    /// The rows that are meant; `None` are all.
    pub(crate) async fn rows(
        &self,
        dataset: &Dataset,
        loaded: &Loaded,
        of: Of,
        which: &Which,
    ) -> ApiResult<Option<BooleanBuffer>> {
        if which.is_all() {
            return Ok(None);
        }
        for text in [&which.filter, &which.search].into_iter().flatten() {
            if text.len() > LONGEST {
                return Err(ApiError::Invalid(format!(
                    "a condition has {} bytes; it can have {LONGEST}",
                    text.len()
                )));
            }
        }
        let graph = Arc::clone(&loaded.graph);
        let filter = match &which.filter {
            Some(text) => Some(self.condition(dataset, loaded, of, text).await?),
            None => None,
        };
        let pattern = match &which.search {
            Some(text) => {
                let pattern =
                    RegexBuilder::new(&regex::escape(text.trim())).case_insensitive(true).build();
                Some(pattern.map_err(ApiError::invalid)?)
            }
            None => None,
        };
        let work = move |control: &Control<'_>| {
            let mut rows = match filter {
                Some((columns, condition)) => {
                    let rows = RecordBatch::try_from_iter(columns).map_err(ApiError::internal)?;
                    Some(rows_where(rows, &condition, control)?)
                }
                None => None,
            };
            if let Some(pattern) = pattern {
                // Ids are looked at whatever their type is: the first column of nodes, and the ends of edges.
                let n_ids = if of == Of::Nodes { 1 } else { 2 };
                let columns = own_columns(&graph, of)?.into_iter().enumerate();
                let searched: Vec<ArrayRef> = columns
                    .filter(|(at, (_, values))| *at < n_ids || is_text(values.data_type()))
                    .map(|(_, (_, values))| values)
                    .collect();
                let hits = rows_with(&searched, of.rows(&graph), &pattern, control)?;
                rows = Some(rows.map_or_else(|| hits.clone(), |rows| &rows & &hits));
            }
            rows.map(Held::Rows)
                .ok_or_else(|| ApiError::internal(anyhow::anyhow!("a condition that is none")))
        };
        let what = What::Rows { of, which: which.clone() };
        match self.held(dataset, what, work).await? {
            Held::Rows(rows) => Ok(Some(rows)),
            held => Err(wrong(&held)),
        }
    }

    /// A condition, checked, and the columns that it is about.
    async fn condition(
        &self,
        dataset: &Dataset,
        loaded: &Loaded,
        of: Of,
        text: &str,
    ) -> ApiResult<(Vec<(String, ArrayRef)>, Expr)> {
        let condition: Expr = text.parse().map_err(ApiError::invalid)?;
        let mut all = own_columns(&loaded.graph, of)?;
        let mut named: Vec<String> = Vec::new();
        for column in condition.columns() {
            let name = &column.name;
            // `a.b` may be a part of column `a`.
            let outer = all.iter().map(|(known, _)| known).find(|known| {
                *known == name
                    || name.strip_prefix(known.as_str()).is_some_and(|rest| rest.starts_with('.'))
            });
            let name = match outer {
                Some(outer) => outer.clone(),
                None => match self.measured_or_weight(dataset, loaded, of, name).await? {
                    Some(values) => {
                        all.push((name.clone(), values));
                        name.clone()
                    }
                    // The check says so, with the name that is most like it.
                    None => continue,
                },
            };
            if !named.contains(&name) {
                named.push(name);
            }
        }
        let fields =
            all.iter().map(|(name, values)| Field::new(name, values.data_type().clone(), true));
        condition
            .resolve_condition(&Schema::new(fields.collect::<Vec<_>>()))
            .map_err(ApiError::invalid)?;
        if named.is_empty() {
            named.extend(all.first().map(|(name, _)| name.clone()));
        }
        all.retain(|(name, _)| named.contains(name));
        Ok((all, condition))
    }

    async fn measured_or_weight(
        &self,
        dataset: &Dataset,
        loaded: &Loaded,
        of: Of,
        name: &str,
    ) -> ApiResult<Option<ArrayRef>> {
        match own_column(&loaded.graph, of, name)? {
            Some(column) => Ok(Some(column)),
            None => self.measured_column(dataset, loaded, of, name).await,
        }
    }

    /// All rows in the order of a column.
    pub(crate) async fn order(
        &self,
        dataset: &Dataset,
        loaded: &Loaded,
        of: Of,
        column: &str,
        descending: bool,
    ) -> ApiResult<Arc<Vec<u32>>> {
        let values = self.column(dataset, loaded, of, column).await?;
        let what = What::Order { of, column: column.to_owned(), descending };
        let work = move |_: &Control<'_>| Ok(Held::Order(Arc::new(order_by(&values, descending)?)));
        match self.held(dataset, what, work).await? {
            Held::Order(order) => Ok(order),
            held => Err(wrong(&held)),
        }
    }

    /// Where nodes are: as a layout has them that moves, or left them; as was kept; or as one puts them that is made
    /// for this.
    pub(crate) async fn places(
        &self,
        dataset: &Dataset,
        loaded: &Arc<Loaded>,
    ) -> ApiResult<Arc<[Vec<f32>; 2]>> {
        if let Some(layout) = self.layouts.get(dataset) {
            return layout.positions().await.map(Arc::new);
        }
        if let Some(positions) = self.layouts.left(dataset).as_ref().or(loaded.positions.as_ref()) {
            return Ok(Arc::new(positions.clone()));
        }
        let size = loaded.graph.n_nodes() + loaded.graph.n_edges();
        if size > LARGEST_LAID_OUT {
            return Err(ApiError::Conflict(format!(
                "this dataset has no layout, and {size} nodes and edges are too many to lay out while you wait: \
                 keep a layout first"
            )));
        }
        let graph = Arc::clone(&loaded.graph);
        let work =
            move |control: &Control<'_>| Ok(Held::Positions(Arc::new(lay_out(&graph, control)?)));
        match self.held(dataset, What::Positions, work).await? {
            Held::Positions(positions) => Ok(positions),
            held => Err(wrong(&held)),
        }
    }

    /// The graph with the columns added that encodings name and it does not have, but that are measures.
    pub(crate) async fn with_measures(
        &self,
        dataset: &Dataset,
        loaded: &Loaded,
        named: &[(Of, String)],
    ) -> ApiResult<Arc<Graph>> {
        let graph = &loaded.graph;
        let (mut nodes, mut edges) = (Vec::new(), Vec::new());
        for (of, name) in named {
            if own_column(graph, *of, name)?.is_some() {
                continue;
            }
            if let Some(values) = self.measured_column(dataset, loaded, *of, name).await? {
                let columns = if *of == Of::Nodes { &mut nodes } else { &mut edges };
                if columns.iter().all(|(known, _): &(String, ArrayRef)| known != name) {
                    columns.push((name.clone(), values));
                }
            }
        }
        if nodes.is_empty() && edges.is_empty() {
            return Ok(Arc::clone(graph));
        }
        let graph = Arc::clone(graph);
        self.workers
            .run(move |_| {
                let [source, target] = graph.end_names();
                let rows = with_columns(graph.edges(), edges)?;
                let more = Graph::from_parts(
                    graph.nodes().clone(),
                    rows,
                    graph.coo().clone(),
                    graph.is_directed(),
                )?;
                Ok(Arc::new(more.with_end_names(source, target).with_node_columns(nodes)?))
            })
            .await
    }
}

/// A table with columns put behind it; one of the same name is replaced.
pub(crate) fn with_columns(
    table: &RecordBatch,
    columns: Vec<(String, ArrayRef)>,
) -> ApiResult<RecordBatch> {
    if columns.is_empty() {
        return Ok(table.clone());
    }
    let (mut fields, mut arrays) = (Vec::new(), Vec::new());
    for (field, array) in table.schema().fields().iter().zip(table.columns()) {
        if columns.iter().all(|(name, _)| name != field.name()) {
            fields.push(Arc::clone(field));
            arrays.push(Arc::clone(array));
        }
    }
    for (name, array) in columns {
        fields.push(Arc::new(Field::new(name, array.data_type().clone(), true)));
        arrays.push(array);
    }
    RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays).map_err(ApiError::internal)
}

/// Something else was held under a key than is put there.
fn wrong(held: &Held) -> ApiError {
    ApiError::internal(anyhow::anyhow!("held under the wrong key: {} bytes", held.bytes()))
}

#[cfg(test)]
mod tests {
    use arrow::array::{Float64Array, StringArray};

    use super::*;

    #[test]
    fn measures_are_known_by_their_columns_too() {
        assert_eq!(measure_of(Of::Nodes, "pagerank"), Some(("page_rank", None)));
        assert_eq!(measure_of(Of::Nodes, "in_degree"), Some(("degree", Some("degree_in"))));
        assert_eq!(
            measure_of(Of::Nodes, "component").map(|(name, _)| name),
            Some("weak_components")
        );
        assert_eq!(measure_of(Of::Edges, "pagerank"), None);
        assert_eq!(measure_of(Of::Nodes, "whatever"), None);
    }

    #[test]
    fn rows_without_a_value_are_last_in_both_orders() {
        let column: ArrayRef =
            Arc::new(Float64Array::from(vec![Some(2.0), None, Some(1.0), Some(2.0)]));
        assert_eq!(order_by(&column, false).unwrap(), [2, 0, 3, 1]);
        assert_eq!(order_by(&column, true).unwrap(), [0, 3, 2, 1]);
    }

    #[test]
    fn a_text_is_found_whatever_its_capitals() {
        let column: ArrayRef =
            Arc::new(StringArray::from(vec![Some("Straße (1)"), None, Some("x")]));
        let find = |text: &str| {
            let pattern =
                RegexBuilder::new(&regex::escape(text)).case_insensitive(true).build().unwrap();
            let rows = rows_with(&[Arc::clone(&column)], 3, &pattern, &Control::NONE).unwrap();
            rows.set_indices().collect::<Vec<_>>()
        };
        assert_eq!(find("STRASSE"), [] as [usize; 0]);
        assert_eq!(find("strAßE ("), [0]);
        assert_eq!(find("X"), [2]);
        assert_eq!(find(".*"), [] as [usize; 0]);
    }
}
