//! Results as a table: one row for each score.

use std::path::Path;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, DictionaryArray, Int64Array, RecordBatch, UInt64Array,
};
use arrow::buffer::OffsetBuffer;
use arrow::compute::{cast, take};
use arrow::datatypes::{DataType, Field, Int32Type, Schema};
use graph_core::WriteOptions;
use serde_json::{Map, Value};

use super::{AnomalyKinds, EdgeEnds, Results};
use crate::{Error, Result};

/// Key of the metadata of the schema.
const KEY: &str = "graphlume.results";

pub(super) fn write(results: &Results, path: &Path) -> Result<()> {
    graph_core::write_table(&batch(results)?, path, &WriteOptions::default())?;
    Ok(())
}

pub(super) fn read(path: &Path, max_bytes: u64) -> Result<Results> {
    let batch = graph_core::read_table_with(
        path,
        &graph_core::ReadOptions { max_bytes, ..graph_core::ReadOptions::default() },
    )?;
    results(&batch).map_err(|problem| Error::bad_file(path, problem))
}

/// One row for each score; times and ids of rows and columns are repeated.
fn batch(results: &Results) -> Result<RecordBatch> {
    let n = results.scores.len();
    let mut fields = Vec::new();
    let mut columns: Vec<ArrayRef> = Vec::new();
    let mut add = |name: &str, column: ArrayRef| {
        fields.push(Field::new(name, column.data_type().clone(), true));
        columns.push(column);
    };
    add("score", Arc::new(results.scores.clone()));
    if let Some(labels) = &results.ground_truth {
        add("label", Arc::new(labels.clone()));
    }
    let row_of = results.rows.as_ref().map(|rows| {
        let lengths = rows.windows(2).map(|ends| (ends[1] - ends[0]) as usize);
        let row_of = (0..).zip(lengths).flat_map(|(row, length)| std::iter::repeat_n(row, length));
        Int64Array::from_iter_values(row_of)
    });
    let spread = |column: &ArrayRef, by_row: bool| -> Result<ArrayRef> {
        if column.len() == n {
            return Ok(column.clone());
        }
        match row_of.as_ref().filter(|_| by_row) {
            Some(row_of) => Ok(take(column, row_of, None)?),
            None => {
                let places = (0..n).map(|place| (place % column.len()) as u64);
                Ok(take(column, &UInt64Array::from_iter_values(places), None)?)
            }
        }
    };
    if let Some(row_of) = &row_of {
        add("row", Arc::new(row_of.clone()));
    }
    if let Some(timestamps) = &results.timestamps {
        add("timestamp", spread(timestamps, true)?);
    }
    if let Some(ids) = &results.node_ids {
        add("node_id", spread(ids, false)?);
    }
    if let Some(ids) = &results.graph_ids {
        add("graph_id", spread(ids, false)?);
    }
    if let Some(edges) = &results.edges {
        add("source", spread(&edges.sources, false)?);
        add("target", spread(&edges.targets, false)?);
    }
    if let Some(kinds) = &results.anomaly_kinds {
        let names = (0..n).map(|place| kinds.name(place));
        let column: DictionaryArray<Int32Type> = names.collect();
        add("anomaly_kind", Arc::new(column));
    }
    let mut whole = results.extra.clone();
    whole.insert("result_type".into(), results.result_type.name().into());
    whole.insert("metadata".into(), Value::Object(results.metadata.clone()));
    if let Some(rows) = &results.rows {
        // Rows without a score are in no row of the table.
        whole.insert("n_rows".into(), (rows.len() - 1).into());
    }
    let metadata = [(KEY.to_owned(), Value::Object(whole).to_string())].into();
    let schema = Schema::new(fields).with_metadata(metadata);
    Ok(RecordBatch::try_new(Arc::new(schema), columns)?)
}

/// The results in a table, or what is wrong with it.
fn results(batch: &RecordBatch) -> Result<Results, String> {
    let schema = batch.schema();
    let text = schema.metadata().get(KEY).ok_or_else(|| {
        format!("the schema has no metadata `{KEY}`, so that nobody knows what is scored")
    })?;
    let mut extra: Map<String, Value> =
        serde_json::from_str(text).map_err(|error| format!("metadata `{KEY}`: {error}"))?;
    let result_type = match extra.remove("result_type") {
        Some(Value::String(name)) => name.parse().map_err(|error: Error| error.to_string())?,
        _ => return Err(format!("metadata `{KEY}` has no result_type")),
    };
    let metadata = match extra.remove("metadata") {
        Some(Value::Object(metadata)) => metadata,
        _ => Map::new(),
    };
    let n_rows = extra.remove("n_rows").and_then(|n_rows| n_rows.as_u64());
    let column = |name: &str| batch.column_by_name(name).cloned();
    let typed = |name: &str, kind: &DataType| -> Result<Option<ArrayRef>, String> {
        column(name)
            .map(|column| cast(&column, kind).map_err(|error| format!("column `{name}`: {error}")))
            .transpose()
    };
    let scores = typed("score", &DataType::Float64)?.ok_or("there is no column `score`")?;
    let rows = match (typed("row", &DataType::Int64)?, n_rows) {
        (Some(rows), n_rows) => Some(offsets(rows.as_primitive(), n_rows)?),
        (None, Some(_)) => return Err("there is no column `row`".into()),
        (None, None) => None,
    };
    let edges = match (column("source"), column("target")) {
        (Some(sources), Some(targets)) => Some(EdgeEnds { sources, targets }),
        (None, None) => None,
        _ => return Err("there is one of the columns `source` and `target` only".into()),
    };
    let mut anomaly_kinds = None;
    if let Some(names) = typed("anomaly_kind", &DataType::LargeUtf8)? {
        let kinds = anomaly_kinds.insert(AnomalyKinds::default());
        for name in names.as_string::<i64>() {
            let many = |most| format!("column `anomaly_kind` has more than {most} kinds");
            kinds.push(name).map_err(many)?;
        }
    }
    Ok(Results {
        result_type,
        scores: scores.as_primitive().clone(),
        rows,
        ground_truth: typed("label", &DataType::Boolean)?.map(|labels| labels.as_boolean().clone()),
        timestamps: column("timestamp"),
        node_ids: column("node_id"),
        graph_ids: column("graph_id"),
        edges,
        anomaly_kinds,
        metadata,
        extra,
    })
}

/// Where rows begin, of the row of each score.
fn offsets(rows: &Int64Array, n_rows: Option<u64>) -> Result<OffsetBuffer<i64>, String> {
    let values: &[i64] = rows.values();
    let sorted = rows.null_count() == 0
        && values.is_sorted()
        && values.first().is_none_or(|&first| 0 <= first);
    if !sorted {
        return Err("column `row` does not count up from 0".into());
    }
    let n_rows = n_rows.map_or(values.last().map_or(0, |&last| last as usize + 1), |n| n as usize);
    if values.last().is_some_and(|&last| n_rows as i64 <= last) {
        return Err(format!("column `row` goes beyond the {n_rows} rows that there are"));
    }
    let mut lengths = vec![0; n_rows];
    for &row in values {
        lengths[row as usize] += 1;
    }
    Ok(OffsetBuffer::from_lengths(lengths))
}
