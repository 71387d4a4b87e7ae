//! Rows against the rows of a pattern: whether there is one that fits, and what it says.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, RecordBatch, UInt32Array, new_null_array};
use arrow::compute::{cast, filter_record_batch, take};
use arrow::datatypes::DataType;
use arrow::row::{RowConverter, Rows, SortField};

use super::super::error::{QueryError, QueryProblem};
use super::super::filter::Context;
use super::super::view::View;
use super::bindings::Pattern;
use super::{batch, named, pick, set, wrap};
use crate::{Control, Result};

/// A pattern, and what of it has to be as in the rows at hand.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::gfql) struct Apply {
    pub pattern: Pattern,
    /// The steps whose nodes, or other values, have to be the same on both sides.
    pub on: Vec<String>,
    pub how: How,
}

#[derive(Debug, Clone, PartialEq)]
pub(in crate::gfql) enum How {
    /// Keeps rows that no row of the pattern fits, or, with a name, says of each row in a column of
    /// that name whether one fits.
    Test {
        mark: Option<String>,
        /// Two steps that have to be at different nodes.
        differ: Option<[String; 2]>,
        /// Attributes wanted as columns of the steps named here, where rows are those of nodes.
        wanted: Vec<(String, Vec<String>)>,
    },
    /// A row for each row of the pattern that fits; if `keep`, rows stay that none fits.
    Join { keep: bool },
}

impl Apply {
    pub(super) fn run(
        &self,
        (view, base): (&View, &View),
        rows: &RecordBatch,
        path: &str,
        context: &mut Context,
        control: &Control,
    ) -> Result<RecordBatch> {
        let id = view.graph.nodes().schema().field(0).name().clone();
        let answers = self.pattern.run(base, path, context, control)?;
        match &self.how {
            How::Join { keep } => self.join(rows, &answers, *keep, &id, path),
            How::Test { mark, differ, wanted } => {
                let answers = match differ {
                    Some(steps) => different(&answers, steps, &id, path)?,
                    None => answers,
                };
                let (rows, hits) = match answers.num_rows() {
                    0 => (rows.clone(), vec![false; rows.num_rows()]),
                    _ => self.hits(rows, &answers, wanted, &id, path)?,
                };
                match mark {
                    Some(name) => {
                        let mut columns = named(&rows);
                        set(&mut columns, name, Arc::new(BooleanArray::from(hits)));
                        batch(columns, rows.num_rows())
                    }
                    None => {
                        let misses: Vec<bool> = hits.iter().map(|hit| !hit).collect();
                        filter_record_batch(&rows, &BooleanArray::from(misses)).map_err(wrap)
                    }
                }
            }
        }
    }

    /// Which rows have one of the pattern that fits, and the rows with the columns that it took.
    fn hits(
        &self,
        rows: &RecordBatch,
        answers: &RecordBatch,
        wanted: &[(String, Vec<String>)],
        id: &str,
        path: &str,
    ) -> Result<(RecordBatch, Vec<bool>)> {
        let rows = with_ids(rows, answers, &self.on, wanted, id)?;
        let names = self.shared(&rows, answers, id, path)?;
        let (left, right) = keys(&rows, answers, &names)?;
        let known: HashSet<_> = right.iter().collect();
        let hits = left.iter().map(|key| known.contains(&key)).collect();
        Ok((rows, hits))
    }

    fn join(
        &self,
        rows: &RecordBatch,
        answers: &RecordBatch,
        keep: bool,
        id: &str,
        path: &str,
    ) -> Result<RecordBatch> {
        let names = self.shared(rows, answers, id, path)?;
        let (left, right) = keys(rows, answers, &names)?;
        let mut places: HashMap<_, Vec<u32>> = HashMap::new();
        for (place, key) in right.iter().enumerate() {
            places.entry(key).or_default().push(place as u32);
        }
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for (row, key) in left.iter().enumerate() {
            match places.get(&key) {
                Some(places) => {
                    ours.extend(std::iter::repeat_n(row as u32, places.len()));
                    theirs.extend(places.iter().copied().map(Some));
                }
                None if keep => {
                    ours.push(row as u32);
                    theirs.push(None);
                }
                None => {}
            }
        }
        let theirs = UInt32Array::from(theirs);
        let mut columns = named(&pick(rows, &ours)?);
        for (name, values) in named(answers) {
            if rows.column_by_name(&name).is_none() {
                columns.push((name, take(&values, &theirs, None).map_err(wrap)?));
            }
        }
        batch(columns, ours.len())
    }

    /// The columns that have to be equal: of each step the id, or else the column of its name.
    fn shared(
        &self,
        rows: &RecordBatch,
        answers: &RecordBatch,
        id: &str,
        path: &str,
    ) -> Result<Vec<String>> {
        let is_shared = |name: &String| {
            rows.column_by_name(name).is_some() && answers.column_by_name(name).is_some()
        };
        let mut names: Vec<String> = Vec::new();
        for step in &self.on {
            let name = [format!("{step}.{id}"), step.clone()].into_iter().find(is_shared);
            names.extend(name.filter(|name| !names.contains(name)));
        }
        if names.is_empty() {
            let problem = QueryProblem::BadValue {
                value: format!("`{}`", self.on.join("`, `")),
                allowed: "a step of the pattern that the rows know, too",
            };
            return Err(QueryError::at(path, problem));
        }
        Ok(names)
    }
}

/// The rows of a pattern at which two of its steps are at different nodes.
fn different(
    answers: &RecordBatch,
    steps: &[String; 2],
    id: &str,
    path: &str,
) -> Result<RecordBatch> {
    if answers.num_rows() == 0 {
        return Ok(answers.clone());
    }
    let mut columns: Vec<ArrayRef> = Vec::with_capacity(2);
    for step in steps {
        let ids = answers.column_by_name(&format!("{step}.{id}"));
        let values = ids.or_else(|| answers.column_by_name(step)).ok_or_else(|| {
            let problem = QueryProblem::Unknown { kind: "step", name: step.clone(), nearest: None };
            QueryError::at(path, problem)
        })?;
        columns.push(Arc::clone(values));
    }
    let (left, right) = (one_key(&columns[0])?, one_key(&columns[1])?);
    let differs: BooleanArray = left.iter().zip(right.iter()).map(|(a, b)| Some(a != b)).collect();
    filter_record_batch(answers, &differs).map_err(wrap)
}

fn one_key(values: &ArrayRef) -> Result<Rows> {
    super::keys(std::slice::from_ref(values))
}

/// `rows` with a column of ids for each step of `on` that they know by a column of yes and no only,
/// as rows of nodes do.
fn with_ids(
    rows: &RecordBatch,
    answers: &RecordBatch,
    on: &[String],
    wanted: &[(String, Vec<String>)],
    id: &str,
) -> Result<RecordBatch> {
    let mut columns = named(rows);
    let n = rows.num_rows();
    for step in on {
        let name = format!("{step}.{id}");
        let is_flag =
            rows.column_by_name(step).is_some_and(|flags| *flags.data_type() == DataType::Boolean);
        let ids = rows.column_by_name(id);
        if let (Some(ids), true, false, None, Some(_)) =
            (ids, is_flag, step == id, rows.column_by_name(&name), answers.column_by_name(&name))
        {
            columns.push((name, Arc::clone(ids)));
            let attributes = wanted.iter().filter(|(known, _)| known == step);
            for attribute in attributes.flat_map(|(_, attributes)| attributes) {
                let name = format!("{step}.{attribute}");
                if rows.column_by_name(&name).is_none() {
                    let values = rows.column_by_name(attribute).map(Arc::clone);
                    let values = values.unwrap_or_else(|| new_null_array(&DataType::Null, n));
                    set(&mut columns, &name, values);
                }
            }
        }
    }
    batch(columns, n)
}

/// The columns `names` of both as keys that are equal where the values are.
fn keys(rows: &RecordBatch, answers: &RecordBatch, names: &[String]) -> Result<(Rows, Rows)> {
    let mut fields = Vec::with_capacity(names.len());
    let mut sides: [Vec<ArrayRef>; 2] = [Vec::new(), Vec::new()];
    for name in names {
        let side = |batch: &RecordBatch| {
            Arc::clone(batch.column_by_name(name).expect("both should have the column"))
        };
        let (left, right) = (side(rows), side(answers));
        let right = cast(&right, left.data_type()).map_err(wrap)?;
        fields.push(SortField::new(left.data_type().clone()));
        sides[0].push(left);
        sides[1].push(right);
    }
    let converter = RowConverter::new(fields).map_err(wrap)?;
    let [left, right] = sides;
    let left = converter.convert_columns(&left).map_err(wrap)?;
    Ok((left, converter.convert_columns(&right).map_err(wrap)?))
}
