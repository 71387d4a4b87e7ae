//! Rows: what is left of a graph when a query goes on with one of its tables.
//!
//! `rows` makes the nodes or the edges of a view the rows at hand; further calls filter, compute,
//! sort, group and cut them, and the answer is these rows, as its nodes, without edges.

mod aggregate;
mod apply;
mod bindings;
mod evaluate;
pub(super) mod expr;
mod search;

use std::collections::HashSet;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Int64Array, RecordBatch, UInt32Array};
use arrow::compute::{SortColumn, SortOptions, concat, filter_record_batch, lexsort_to_indices};
use arrow::datatypes::{DataType, Field, Schema};
use arrow::error::ArrowError;
use arrow::row::{RowConverter, SortField};
use graph_core::gather;

use self::aggregate::group_by;
pub(super) use self::apply::{Apply, How};
pub(super) use self::bindings::{Attributes, Pattern};
use self::evaluate::{Value, evaluate, literal};
use self::expr::Expr;
pub(super) use self::search::Search;
use super::error::{QueryError, QueryProblem};
use super::filter::{Context, select};
use super::query::{Filter, Literal};
use super::set::Set;
use super::view::View;
use crate::topology::table_of;
use crate::{Control, Error, Result};

/// A call on rows, with its parameters checked.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum RowCall {
    Rows {
        edges: bool,
        source: Option<String>,
        /// What is asked for, should this be a row for each path.
        attributes: Attributes,
    },
    Select {
        items: Vec<(String, Asked)>,
        /// Whether other columns stay.
        extend: bool,
    },
    Where {
        filter: Filter,
        condition: Option<Asked>,
    },
    /// Expressions, and whether the largest come first.
    OrderBy(Vec<(Asked, bool)>),
    Skip(usize),
    Limit(usize),
    Distinct(Option<Vec<String>>),
    Unwind {
        list: ListOf,
        name: String,
    },
    GroupBy {
        keys: Vec<String>,
        prefixes: Vec<String>,
        aggregates: Vec<Aggregate>,
    },
    Count {
        edges: bool,
        source: Option<String>,
        name: String,
    },
    DropColumns(Vec<String>),
    FillEmpty(Vec<(String, Literal)>),
    Search(Box<Search>),
    /// A row for each path of a pattern.
    Paths(Box<Pattern>),
    /// A row for each edge, with attributes of its ends under names.
    Ends(Vec<(String, EndOf)>),
    /// Rows against those of a pattern.
    Apply(Box<Apply>),
}

/// What of an edge a name stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum EndOf {
    Source,
    Target,
    /// The edge itself.
    Edge,
}

impl RowCall {
    /// Whether it looks at paths of the graph that the pattern before was asked of.
    pub(super) fn is_of_paths(&self) -> bool {
        matches!(self, Self::Paths(_) | Self::Apply(_))
    }
}

/// An expression as it was written, and what it says.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Asked {
    pub text: String,
    pub expr: Expr,
}

/// Where the entries of a list come from.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum ListOf {
    Values(Vec<Literal>),
    Rows(Asked),
}

/// One column of groups.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Aggregate {
    pub name: String,
    pub function: AggregateFunction,
    /// Of what; rows are counted without.
    pub of: Option<Asked>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AggregateFunction {
    Count,
    CountDistinct,
    Sum,
    Min,
    Max,
    Mean,
    Collect,
    CollectDistinct,
}

impl AggregateFunction {
    pub(super) const ALL: [(&'static str, Self); 9] = [
        ("count", Self::Count),
        ("count_distinct", Self::CountDistinct),
        ("sum", Self::Sum),
        ("min", Self::Min),
        ("max", Self::Max),
        ("avg", Self::Mean),
        ("mean", Self::Mean),
        ("collect", Self::Collect),
        ("collect_distinct", Self::CollectDistinct),
    ];
}

/// Does `call` on `view`, which has rows from then on.
pub(super) fn run(
    call: &RowCall,
    path: &str,
    view: &mut View,
    context: &mut Context,
    control: &Control,
) -> Result<()> {
    if let RowCall::Paths(pattern) = call {
        let rows = pattern.run(view.base(), path, context, control)?;
        view.rows = Some(rows);
        return Ok(());
    }
    if let RowCall::Ends(ends) = call {
        view.rows = Some(edges_with_ends(view, ends)?);
        return Ok(());
    }
    if let RowCall::Count { edges, source, name } = call {
        let rows = table(view, *edges, source.as_deref(), path)?;
        let count: ArrayRef = Arc::new(Int64Array::from(vec![rows.num_rows() as i64]));
        view.rows = Some(batch(vec![(name.clone(), count)], 1)?);
        return Ok(());
    }
    if let RowCall::Rows { edges, source, .. } = call {
        view.rows = Some(table(view, *edges, source.as_deref(), path)?);
        return Ok(());
    }
    let rows = match view.rows.take() {
        Some(rows) => rows,
        None => view.node_table().collect(&view.nodes)?,
    };
    view.rows = Some(match call {
        // Nothing fits no rows, and they are kept as they are, but for a mark.
        RowCall::Apply(apply) => apply.run((view, view.base()), &rows, path, context, control)?,
        call => apply(call, path, view, &rows, context)?,
    });
    Ok(())
}

/// The edges, and for each name the id and the attributes of the node at that end.
fn edges_with_ends(view: &View, ends: &[(String, EndOf)]) -> Result<RecordBatch> {
    let rows = view.edge_table().collect(&view.edges)?;
    let members = view.edges.members();
    let mut columns = named(&rows);
    let coo = view.graph.coo();
    for (name, end) in ends {
        let of = match end {
            EndOf::Source => coo.sources(),
            EndOf::Target => coo.targets(),
            EndOf::Edge => {
                let names = view.graph.end_names();
                for (column, values) in named(&rows) {
                    if !names.contains(&column.as_str()) {
                        set(&mut columns, &format!("{name}.{column}"), values);
                    }
                }
                continue;
            }
        };
        let nodes: Vec<u32> = members.iter().map(|&e| of[e as usize]).collect();
        let ids = gather(view.graph.ids(), &nodes)?;
        set(&mut columns, name, ids);
        let table = view.node_table();
        for column in table.names() {
            if let Some(values) = table.column(&column)? {
                set(&mut columns, &format!("{name}.{column}"), gather(&values, &nodes)?);
            }
        }
    }
    batch(columns, members.len())
}

/// The nodes or the edges, or those of them that the step called `source` kept.
fn table(view: &View, edges: bool, source: Option<&str>, path: &str) -> Result<RecordBatch> {
    let rows = match (&view.rows, edges) {
        (Some(rows), false) => rows.clone(),
        (Some(_), true) => view.edge_table().collect(&Set::empty(view.edges.len()))?,
        (None, false) => view.node_table().collect(&view.nodes)?,
        (None, true) => view.edge_table().collect(&view.edges)?,
    };
    let Some(source) = source else { return Ok(rows) };
    match rows.column_by_name(source).map(|column| (column, column.data_type())) {
        Some((flags, DataType::Boolean)) => {
            filter_record_batch(&rows, flags.as_boolean()).map_err(wrap)
        }
        _ => {
            let schema = rows.schema();
            let flags =
                schema.fields().iter().filter(|field| *field.data_type() == DataType::Boolean);
            let nearest = crate::error::nearest(source, flags.map(|field| field.name().as_str()));
            let nearest = nearest.map(String::from);
            let problem = QueryProblem::Unknown { kind: "step", name: source.to_owned(), nearest };
            Err(QueryError::at(path, problem))
        }
    }
}

fn apply(
    call: &RowCall,
    path: &str,
    view: &View,
    rows: &RecordBatch,
    context: &mut Context,
) -> Result<RecordBatch> {
    let n = rows.num_rows();
    let value = |asked: &Asked| value(asked, rows, path);
    match call {
        RowCall::Rows { .. }
        | RowCall::Count { .. }
        | RowCall::Paths(_)
        | RowCall::Ends(_)
        | RowCall::Apply(_) => {
            unreachable!("these should have been done before")
        }
        RowCall::Select { items, extend } => {
            let mut columns = if *extend { named(rows) } else { Vec::new() };
            for (name, asked) in items {
                set(&mut columns, name, value(asked)?);
            }
            batch(columns, n)
        }
        RowCall::Where { filter, condition } => {
            context.forget();
            let kept = select(view.table_of_rows(rows), filter, &Set::full(n), context)?;
            let rows = match kept.is_full() {
                true => rows.clone(),
                false => pick(rows, &kept.members())?,
            };
            let Some(asked) = condition else { return Ok(rows) };
            let flags = self::value(asked, &rows, path)?;
            match flags.data_type() {
                DataType::Boolean => filter_record_batch(&rows, flags.as_boolean()).map_err(wrap),
                DataType::Null => Ok(rows.slice(0, 0)),
                other => Err(asked.error(path, format!("it is {other}, and no truth value"))),
            }
        }
        RowCall::OrderBy(keys) => {
            let mut columns = Vec::with_capacity(keys.len() + 1);
            for (asked, descending) in keys {
                let values = value(asked)?;
                if values.data_type().is_nested() {
                    return Err(asked.error(path, "lists have no order here".to_owned()));
                }
                // Missing values are larger than all others.
                let options = SortOptions { descending: *descending, nulls_first: *descending };
                columns.push(SortColumn { values, options: Some(options) });
            }
            // Equal rows keep their order.
            let places = UInt32Array::from_iter_values(0..n as u32);
            columns.push(SortColumn { values: Arc::new(places), options: None });
            let order = lexsort_to_indices(&columns, None).map_err(wrap)?;
            pick(rows, order.values())
        }
        RowCall::Skip(count) => {
            let count = (*count).min(n);
            Ok(rows.slice(count, n - count))
        }
        RowCall::Limit(count) => Ok(rows.slice(0, (*count).min(n))),
        RowCall::Distinct(subset) => {
            let mut columns = Vec::new();
            match subset {
                None => columns.extend(rows.columns().iter().cloned()),
                Some(names) => {
                    for name in names {
                        columns.push(column(rows, name, path)?);
                    }
                }
            }
            if columns.is_empty() {
                return Ok(rows.slice(0, n.min(1)));
            }
            let keys = keys(&columns)?;
            let mut seen = HashSet::new();
            let kept: Vec<u32> =
                (0..n as u32).filter(|&row| seen.insert(keys.row(row as usize))).collect();
            pick(rows, &kept)
        }
        RowCall::Unwind { list, name } => unwind(rows, list, name, path),
        RowCall::GroupBy { keys, prefixes, aggregates } => {
            group_by(rows, keys, prefixes, aggregates, path)
        }
        RowCall::DropColumns(names) => {
            let kept = named(rows).into_iter().filter(|(name, _)| !names.contains(name)).collect();
            batch(kept, n)
        }
        RowCall::Search(search) => {
            let hits = search.run(rows, path)?;
            let mut columns = named(rows);
            set(&mut columns, &search.name, hits);
            batch(columns, n)
        }
        RowCall::FillEmpty(_) if n > 0 => Ok(rows.clone()),
        RowCall::FillEmpty(row) => {
            batch(row.iter().map(|(name, value)| (name.clone(), literal(value))).collect(), 1)
        }
    }
}

/// Sets the column `name`, in its place if there is one.
fn set(columns: &mut Vec<(String, ArrayRef)>, name: &str, values: ArrayRef) {
    match columns.iter_mut().find(|(known, _)| known == name) {
        Some((_, old)) => *old = values,
        None => columns.push((name.to_owned(), values)),
    }
}

/// One row for each entry of a list; rows without entries are gone.
fn unwind(rows: &RecordBatch, list: &ListOf, name: &str, path: &str) -> Result<RecordBatch> {
    let n = rows.num_rows();
    let (repeats, entries): (Vec<u32>, ArrayRef) = match list {
        ListOf::Values(items) => {
            let arrays: Vec<ArrayRef> = items.iter().map(literal).collect();
            let list = common(&arrays).map_err(wrap)?;
            let repeats = (0..n as u32).flat_map(|row| std::iter::repeat_n(row, items.len()));
            let entries: Vec<u32> = (0..n).flat_map(|_| 0..items.len() as u32).collect();
            (repeats.collect(), gather(&list, &entries)?)
        }
        ListOf::Rows(asked) => {
            let values = value(asked, rows, path)?;
            let (repeats, entries) = match values.data_type() {
                DataType::List(_) => entries(&values, values.as_list::<i32>().value_offsets()),
                DataType::LargeList(_) => entries(&values, values.as_list::<i64>().value_offsets()),
                // What is no list stays, unless there is nothing at all.
                _ if values.logical_null_count() == n => (Vec::new(), Vec::new()),
                _ => ((0..n as u32).collect(), (0..n as u32).collect()),
            };
            let flat = match values.data_type() {
                DataType::List(_) => Arc::clone(values.as_list::<i32>().values()),
                DataType::LargeList(_) => Arc::clone(values.as_list::<i64>().values()),
                _ => values,
            };
            (repeats, gather(&flat, &entries)?)
        }
    };
    let rows = pick(rows, &repeats)?;
    let mut columns: Vec<_> = named(&rows).into_iter().filter(|(known, _)| known != name).collect();
    columns.push((name.to_owned(), entries));
    batch(columns, repeats.len())
}

/// For each entry of each list its row, and its place among the values of all.
fn entries<O: arrow::array::OffsetSizeTrait>(
    lists: &ArrayRef,
    offsets: &[O],
) -> (Vec<u32>, Vec<u32>) {
    let mut found = (Vec::new(), Vec::new());
    for row in (0..lists.len()).filter(|&row| lists.is_valid(row)) {
        for at in offsets[row].as_usize()..offsets[row + 1].as_usize() {
            found.0.push(row as u32);
            found.1.push(at as u32);
        }
    }
    found
}

/// Values of one row each as one column: of their type, of floats if there are some, or of texts.
fn common(values: &[ArrayRef]) -> Result<ArrayRef, ArrowError> {
    let types: Vec<&DataType> = values
        .iter()
        .map(|value| value.data_type())
        .filter(|kind| **kind != DataType::Null)
        .collect();
    let to = match types.split_first() {
        None => DataType::Null,
        Some((first, rest)) if rest.iter().all(|kind| kind == first) => (*first).clone(),
        Some(_) if types.iter().all(|kind| kind.is_numeric()) => DataType::Float64,
        Some(_) => DataType::Utf8,
    };
    let cast: Vec<ArrayRef> =
        values.iter().map(|value| arrow::compute::cast(value, &to)).collect::<Result<_, _>>()?;
    match cast.as_slice() {
        [] => Ok(arrow::array::new_empty_array(&to)),
        some => concat(&some.iter().map(AsRef::as_ref).collect::<Vec<_>>()),
    }
}

impl Asked {
    fn error(&self, path: &str, reason: String) -> Error {
        QueryError::at(path, QueryProblem::Expression { text: self.text.clone(), reason })
    }
}

/// A column of that name, or what the expression says.
fn value(asked: &Asked, rows: &RecordBatch, path: &str) -> Result<ArrayRef> {
    if let Some(column) = rows.column_by_name(&asked.text) {
        return Ok(Arc::clone(column));
    }
    let said = |reason| asked.error(path, reason);
    let value: Value = evaluate(&asked.expr, rows).map_err(said)?;
    value.into_column(rows.num_rows()).map_err(wrap)
}

fn column(rows: &RecordBatch, name: &str, path: &str) -> Result<ArrayRef> {
    rows.column_by_name(name).map(Arc::clone).ok_or_else(|| {
        let schema = rows.schema();
        let names = schema.fields().iter().map(|field| field.name().as_str());
        let nearest = crate::error::nearest(name, names).map(String::from);
        let problem = QueryProblem::Unknown { kind: "column", name: name.to_owned(), nearest };
        QueryError::at(path, problem)
    })
}

/// Rows of several columns as keys that are equal where all columns are.
fn keys(columns: &[ArrayRef]) -> Result<arrow::row::Rows> {
    let fields = columns.iter().map(|column| SortField::new(column.data_type().clone())).collect();
    RowConverter::new(fields).and_then(|converter| converter.convert_columns(columns)).map_err(wrap)
}

/// The rows `places`, in this order.
fn pick(rows: &RecordBatch, places: &[u32]) -> Result<RecordBatch> {
    let columns = rows.columns().iter().map(|column| gather(column, places));
    let columns = columns.collect::<Result<_, _>>()?;
    table_of(rows.schema().as_ref().clone(), columns, places.len())
}

fn named(rows: &RecordBatch) -> Vec<(String, ArrayRef)> {
    let schema = rows.schema();
    let names = schema.fields().iter().map(|field| field.name().clone());
    names.zip(rows.columns().iter().cloned()).collect()
}

fn batch(columns: Vec<(String, ArrayRef)>, n_rows: usize) -> Result<RecordBatch> {
    let field =
        |(name, column): &(String, ArrayRef)| Field::new(name, column.data_type().clone(), true);
    let schema = Schema::new(columns.iter().map(field).collect::<Vec<_>>());
    table_of(schema, columns.into_iter().map(|(_, column)| column).collect(), n_rows)
}

fn wrap(error: ArrowError) -> Error {
    graph_core::Error::from(error).into()
}
