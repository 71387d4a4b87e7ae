//! Columns of the tables of a dataset, checked value by value.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, RecordBatch, UInt64Array};
use arrow::buffer::ScalarBuffer;
use arrow::compute::{cast, concat};
use arrow::datatypes::{DataType, Float64Type, Int64Type, UInt64Type};
use graph_core::factorize;

use crate::detectors::nodes::Features;
use crate::results::AnomalyKinds;
use crate::{Error, Result};

/// Names that a column may have, the first of which is ours.
pub(super) type Names = &'static [&'static str];

pub(super) const SOURCE: Names = &["src", "source"];
pub(super) const TARGET: Names = &["dst", "target"];
pub(super) const TIME: Names = &["ts", "time", "timestamp", "snapshot"];
pub(super) const LABEL: Names = &["label"];
pub(super) const KIND: Names = &["kind", "attack", "label_raw"];
pub(super) const IS_TEST: Names = &["is_test"];
pub(super) const NODE: Names = &["node_id", "id"];
pub(super) const FEATURES: Names = &["features"];

fn bad(name: &str, problem: impl Into<Box<str>>) -> Error {
    Error::BadColumn { name: name.into(), problem: problem.into() }
}

/// A column by one of its names.
pub(super) fn find(batch: &RecordBatch, names: Names) -> Option<(&str, &ArrayRef)> {
    let schema = batch.schema_ref();
    let fields = || schema.fields().iter().map(|field| field.name().as_str()).zip(batch.columns());
    names.iter().find_map(|name| fields().find(|(field, _)| field.eq_ignore_ascii_case(name)))
}

/// A column that must be there.
pub(super) fn need(batch: &RecordBatch, names: Names) -> Result<(&str, &ArrayRef)> {
    find(batch, names).ok_or_else(|| {
        let schema = batch.schema_ref();
        let known: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
        match Error::unknown("column", names[0], known.iter().copied()) {
            // Nothing like it: say what there is.
            Error::Unknown { nearest: None, .. } => {
                bad(names[0], format!("is not there, only {}", known.join(", ")))
            }
            error => error,
        }
    })
}

/// The row, counted from 1, of the first value that is absent.
fn absent(column: &ArrayRef) -> Option<usize> {
    let nulls = column.logical_nulls()?;
    nulls.iter().position(|valid| !valid).map(|row| row + 1)
}

/// Refuses absent values.
pub(super) fn whole(name: &str, column: &ArrayRef) -> Result<()> {
    match absent(column) {
        Some(row) => Err(bad(name, format!("has no value in row {row}"))),
        None => Ok(()),
    }
}

/// Labels: 0 and 1, or booleans; absent ones are unknown.
pub(super) fn labels(name: &str, column: &ArrayRef) -> Result<BooleanArray> {
    let kind = column.data_type();
    if let Some(labels) = column.as_boolean_opt() {
        return Ok(labels.clone());
    }
    if !kind.is_numeric() {
        return Err(bad(name, format!("has the type {kind}, but labels are 0 or 1")));
    }
    let wide = cast(column, &DataType::Float64)?;
    let wide = wide.as_primitive::<Float64Type>();
    let label = |(row, value): (usize, Option<f64>)| match value {
        None => Ok(None),
        Some(0.0) => Ok(Some(false)),
        Some(1.0) => Ok(Some(true)),
        Some(value) => {
            Err(bad(name, format!("is {value} in row {}, but a label is 0 or 1", row + 1)))
        }
    };
    wide.iter().enumerate().map(label).collect()
}

/// Kinds of anomalies. In PyGOD's `label_raw` bit 0 is contextual and bit 1 structural.
pub(super) fn kinds(name: &str, column: &ArrayRef) -> Result<Option<AnomalyKinds>> {
    let text = cast(column, &DataType::LargeUtf8).map_err(|_| {
        bad(name, format!("has the type {}, which names nothing", column.data_type()))
    })?;
    let bits = name == "label_raw";
    let mut kinds = AnomalyKinds::default();
    for (row, text) in text.as_string::<i64>().iter().enumerate() {
        let named = match (bits, text) {
            (_, None | Some("" | "-")) | (true, Some("0")) => None,
            (true, Some("1")) => Some("contextual"),
            (true, Some("2")) => Some("structural"),
            (true, Some("3")) => Some("both"),
            (_, Some(text)) => Some(text),
        };
        let many = |most| bad(name, format!("has more than {most} kinds by row {}", row + 1));
        kinds.push(named).map_err(many)?;
    }
    // Of one kind there is nothing to tell apart.
    Ok((1 < kinds.names().len()).then_some(kinds))
}

/// Features from a column of lists of one length, or else from all columns of numbers that `used`
/// does not name; beside them the columns that are neither.
pub(super) fn features(
    batch: &RecordBatch,
    used: &[&str],
) -> Result<(Option<Features>, Vec<String>)> {
    let schema = batch.schema_ref();
    let rest = schema.fields().iter().zip(batch.columns());
    let rest = rest.filter(|(field, _)| !used.contains(&field.name().as_str()));
    let (mut ignored, mut numbers) = (Vec::new(), Vec::new());
    let lists = find(batch, FEATURES).filter(|(_, column)| {
        let kind = column.data_type();
        matches!(kind, DataType::FixedSizeList(..) | DataType::List(_) | DataType::LargeList(_))
    });
    for (field, column) in rest {
        let name = field.name().as_str();
        match lists {
            Some((lists, _)) if lists == name => {}
            None if field.data_type().is_numeric() => numbers.push((name, column)),
            _ => ignored.push(name.to_owned()),
        }
    }
    let n_rows = batch.num_rows();
    let (n_columns, values) = match lists {
        Some((name, column)) => of_lists(name, column)?,
        None if numbers.is_empty() => return Ok((None, ignored)),
        None => {
            let mut values = vec![0.0; n_rows * numbers.len()];
            for (place, (name, column)) in numbers.iter().enumerate() {
                whole(name, column)?;
                let wide = cast(column, &DataType::Float64)?;
                let wide = wide.as_primitive::<Float64Type>().values();
                for (row, &value) in wide.iter().enumerate() {
                    values[row * numbers.len() + place] = value;
                }
            }
            (numbers.len(), values)
        }
    };
    let of_place = |index: usize| match lists {
        Some((name, _)) => name,
        None => numbers[index % n_columns].0,
    };
    match Features::new(n_columns, values) {
        Ok(features) => Ok((Some(features), ignored)),
        Err(Error::NotFinite { index, value, .. }) => {
            let problem =
                format!("is {value} in row {}, which is no finite number", index / n_columns + 1);
            Err(bad(of_place(index), problem))
        }
        Err(error) => Err(error),
    }
}

/// Lists of one length as a length and all numbers.
fn of_lists(name: &str, column: &ArrayRef) -> Result<(usize, Vec<f64>)> {
    whole(name, column)?;
    let n_rows = column.len();
    let first = match column.data_type() {
        DataType::FixedSizeList(_, length) => *length as usize,
        DataType::List(_) => {
            column.as_list::<i32>().iter().flatten().next().map_or(0, |row| row.len())
        }
        _ => column.as_list::<i64>().iter().flatten().next().map_or(0, |row| row.len()),
    };
    let row_lengths: Vec<usize> = match column.data_type() {
        DataType::FixedSizeList(..) => Vec::new(),
        DataType::List(_) => {
            column.as_list::<i32>().iter().flatten().map(|row| row.len()).collect()
        }
        _ => column.as_list::<i64>().iter().flatten().map(|row| row.len()).collect(),
    };
    if let Some(row) = row_lengths.iter().position(|&length| length != first) {
        let found = row_lengths[row];
        let problem = format!("has {found} numbers in row {}, but {first} in row 1", row + 1);
        return Err(bad(name, problem));
    }
    let values = match column.data_type() {
        DataType::FixedSizeList(..) => {
            let lists = column.as_fixed_size_list();
            lists.values().slice(lists.value_offset(0) as usize, n_rows * first)
        }
        DataType::List(_) => {
            let lists = column.as_list::<i32>();
            lists.values().slice(lists.value_offsets()[0] as usize, n_rows * first)
        }
        _ => {
            let lists = column.as_list::<i64>();
            lists.values().slice(lists.value_offsets()[0] as usize, n_rows * first)
        }
    };
    if !values.data_type().is_numeric() {
        return Err(bad(
            name,
            format!("has lists of {}, but numbers are needed", values.data_type()),
        ));
    }
    if let Some(at) = absent(&values) {
        return Err(bad(name, format!("has no value in row {}", (at - 1) / first.max(1) + 1)));
    }
    let wide = cast(&values, &DataType::Float64)?;
    Ok((first, wide.as_primitive::<Float64Type>().values().to_vec()))
}

/// Nodes as numbers from 0.
#[derive(Debug)]
pub(super) struct Numbered {
    pub n_nodes: usize,
    pub sources: ScalarBuffer<u64>,
    pub targets: ScalarBuffer<u64>,
    /// Whether numbers are not the ids of the file.
    pub changed: bool,
}

/// Numbers the nodes: as the rows of `nodes` if there are any; else ids that are small integers stay,
/// and others are numbered as they appear.
pub(super) fn number(
    nodes: Option<(&str, &ArrayRef)>,
    sources: (&str, &ArrayRef),
    targets: (&str, &ArrayRef),
) -> Result<Numbered> {
    let all: Vec<(&str, &ArrayRef)> = nodes.into_iter().chain([sources, targets]).collect();
    for (name, column) in &all {
        whole(name, column)?;
    }
    let m = sources.1.len();
    let integers = all.iter().all(|(_, column)| column.data_type().is_integer());
    let mut wide = Vec::with_capacity(all.len());
    for (name, column) in &all {
        wide.push(uniform(name, column, integers)?);
    }
    let values = |at: usize| wide[at].as_primitive::<UInt64Type>().values();
    if integers {
        let ids = |at: usize| values(at).clone();
        let most = values(all.len() - 2).iter().chain(values(all.len() - 1)).max().copied();
        let most = most.unwrap_or(0);
        match nodes {
            None if most < 4 * m as u64 + 65_536 => {
                let n_nodes = most as usize + 1;
                return Ok(Numbered { n_nodes, sources: ids(0), targets: ids(1), changed: false });
            }
            Some((_, column))
                if most < column.len() as u64
                    && values(0).iter().enumerate().all(|(row, &id)| row as u64 == id) =>
            {
                let (sources, targets) = (ids(1), ids(2));
                return Ok(Numbered { n_nodes: column.len(), sources, targets, changed: false });
            }
            _ => {}
        }
    }
    let parts: Vec<&dyn Array> = wide.iter().map(|column| column.as_ref() as &dyn Array).collect();
    let together = concat(&parts)?;
    let factorized = factorize(sources.0, &together)?;
    let n_rows = nodes.map_or(0, |(_, column)| column.len());
    if let Some((name, _)) = nodes {
        // As long as all are new, each row has the code of its place.
        if let Some(row) = (0..n_rows).find(|&row| factorized.codes[row] as usize != row) {
            let before = factorized.codes[row] + 1;
            return Err(bad(name, format!("has the same id in rows {before} and {}", row + 1)));
        }
        let unknown = (n_rows..together.len()).find(|&at| factorized.codes[at] as usize >= n_rows);
        if let Some(at) = unknown {
            let (name, row) = match at - n_rows < m {
                true => (sources.0, at - n_rows),
                false => (targets.0, at - n_rows - m),
            };
            return Err(bad(
                name,
                format!("names a node in row {} that is no row of the nodes", row + 1),
            ));
        }
    }
    let n_nodes = if nodes.is_some() { n_rows } else { factorized.firsts.len() };
    let codes = |from: usize| -> ScalarBuffer<u64> {
        factorized.codes[from..from + m].iter().map(|&code| u64::from(code)).collect()
    };
    Ok(Numbered { n_nodes, sources: codes(n_rows), targets: codes(n_rows + m), changed: true })
}

/// Ids as unsigned integers, of which negative ones keep their bits, or as text.
fn uniform(name: &str, column: &ArrayRef, integers: bool) -> Result<ArrayRef> {
    let kind = column.data_type();
    if integers {
        if *kind == DataType::UInt64 {
            return Ok(column.clone());
        }
        let wide = cast(column, &DataType::Int64)?;
        let wide = wide.as_primitive::<Int64Type>().values();
        return Ok(Arc::new(UInt64Array::new(ScalarBuffer::from(wide.inner().clone()), None)));
    }
    let text = matches!(
        kind,
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View | DataType::Dictionary(..)
    );
    if !text && !kind.is_integer() {
        return Err(bad(name, format!("has the type {kind}, but integers or strings are needed")));
    }
    Ok(cast(column, &DataType::LargeUtf8)?)
}
