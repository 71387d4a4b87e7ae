//! Rows of two tables that belong together.

use std::collections::HashMap;

use arrow::array::{Array, StringArray};
use arrow::datatypes::DataType;
use graph_kernels::{
    Buffer, Groups, Indices, Lookup, NONE, Places, gathered, join_keys, paired, pairs, selected,
    translate,
};

use super::column::{Data, DeviceColumn, Keys, Kind};
use super::formula::Formula;
use super::group::copy_of;
use super::table::{DeviceTable, Outcome, timed};
use crate::{Error, Result};

/// Which rows a join has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "kebab-case")
)]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
pub enum JoinKind {
    /// A row for each pair.
    #[default]
    Inner,
    /// A row for each pair, and one for each left row without any.
    Left,
    /// Left rows that have a pair, once.
    Semi,
    /// Left rows that have none.
    Anti,
}

/// How two tables are joined.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Join<'a> {
    /// Which rows there are.
    pub kind: JoinKind,
    /// Columns that must be equal: of the left table, and of the right.
    pub on: &'a [(&'a str, &'a str)],
    /// Put behind the name of a right column if the left table has it too.
    pub suffix: &'a str,
    /// Most rows that the result may have.
    pub limit: usize,
}

impl<'a> Join<'a> {
    /// A join on these pairs of columns, with suffix `_right` and no limit but that of tables.
    pub fn new(kind: JoinKind, on: &'a [(&'a str, &'a str)]) -> Self {
        Self { kind, on, suffix: "_right", limit: graph_kernels::MOST }
    }
}

impl DeviceTable {
    /// This table's rows with those of `right` that are equal in all pairs of columns.
    ///
    /// Rows come in the order of this table, those of one of its rows in the order of `right`. Absent
    /// values are equal to nothing. The result has all columns of this table and, but for semi and
    /// anti joins, those of `right` that were not joined on. A hash table of the right rows is made,
    /// in which the left ones are looked up; pairs are counted before any is made.
    ///
    /// # Errors
    ///
    /// [`Error::Unknown`] if a column is not there, [`Error::WrongType`] if types of a pair do not
    /// fit, [`Error::BadOption`] if there is no pair, [`Error::TooManyRows`] with the number of rows
    /// if it is beyond the limit, before any is made, [`Error::DuplicateColumn`] if a name is taken
    /// even with the suffix, and [`Error::Device`], also if the tables are on different devices.
    pub fn join(&self, right: &Self, join: &Join<'_>) -> Result<Outcome<Self>> {
        timed(self.device, || {
            let (mut left_keys, mut right_keys) = (vec![], vec![]);
            for (left_name, right_name) in join.on {
                let pair = (self.column(left_name)?, right.column(right_name)?);
                let (left, right) = match_pair((self, pair.0), (right, pair.1))?;
                left_keys.push(left);
                right_keys.push(right);
            }
            // Right rows with an absent key belong to nothing.
            let present = present_rows(right, &right_keys)?;
            let right_keys = match &present {
                None => right_keys,
                Some(rows) => {
                    right_keys.iter().map(|key| key.gather(rows)).collect::<Result<_>>()?
                }
            };
            let (found, groups) = look_up(&left_keys, &right_keys)?;
            let pairs = match join.kind {
                JoinKind::Semi => return self.rows(&paired(&found, &groups, true)?),
                JoinKind::Anti => return self.rows(&paired(&found, &groups, false)?),
                kind => {
                    pairs(&found, &groups, kind == JoinKind::Left, join.limit).map_err(too_many)?
                }
            };
            let at = match &present {
                None => pairs.right,
                Some(rows) => translate(pairs.right, rows)?,
            };
            let others = right
                .columns
                .iter()
                .filter(|column| !join.on.iter().any(|(_, joined)| *joined == &*column.name));
            let others = others.map(|column| column.take(&at)).collect::<Result<Vec<_>>>()?;
            self.rows(&pairs.left)?.beside(others, join.suffix)
        })
    }
}

fn too_many(error: graph_kernels::Error) -> Error {
    match error {
        graph_kernels::Error::TooLong { name: "a join", found, limit } => {
            Error::TooManyRows { verb: "join", estimated: found as u64, limit: limit as u64 }
        }
        other => other.into(),
    }
}

/// Rows of a table where all keys are there; `None` if none can be absent.
fn present_rows(table: &DeviceTable, keys: &[DeviceColumn]) -> Result<Option<Indices>> {
    let mut flags: Option<Buffer<u32>> = None;
    for valid in keys.iter().filter_map(DeviceColumn::valid) {
        flags = Some(match flags {
            None => copy_of(valid)?,
            Some(flags) => both(&flags, valid)?,
        });
    }
    let rows = flags.map(|flags| selected(&flags)).transpose()?;
    debug_assert!(rows.as_ref().is_none_or(|rows| rows.below() as usize == table.n_rows));
    Ok(rows)
}

/// 1 where both flags are set.
fn both(a: &Buffer<u32>, b: &Buffer<u32>) -> Result<Buffer<u32>> {
    use graph_kernels::{Column, Expression, Numbers, evaluate_flags};
    let column = |numbers| Column { numbers: Numbers::Flags(numbers), valid: None };
    let and = Expression::And(Expression::Column(0).into(), Expression::Column(1).into());
    Ok(evaluate_flags(a.device(), &and, &[column(a), column(b)], a.len())?)
}

/// The group of right rows that each left row belongs to, and the groups.
fn look_up(left: &[DeviceColumn], right: &[DeviceColumn]) -> Result<(Places, Groups)> {
    // The pairs so far: numbers of the left rows' keys among the right ones, and of these.
    let mut joined: Option<(Places, Indices)> = None;
    for (left, right) in left.iter().zip(right) {
        let (left_keys, right_keys) = (left.equality_keys()?, right.equality_keys()?);
        let valid = left.valid();
        joined = Some(match (left_keys, right_keys) {
            (Keys::Narrow(left), Keys::Narrow(right)) => match joined {
                None => find(&left, right, valid)?,
                Some((found, ids)) => find(
                    &join_keys(found.numbers(), &left)?,
                    join_keys(ids.numbers(), &right)?,
                    valid,
                )?,
            },
            (left, right) => {
                let (own, own_ids) = match (left, right) {
                    (Keys::Wide(left), Keys::Wide(right)) => find(&left, right, valid)?,
                    (Keys::Narrow(left), Keys::Narrow(right)) => find(&left, right, valid)?,
                    _ => return Err(no_pair()),
                };
                match joined {
                    None => (own, own_ids),
                    // A number that is not there is that of no right row.
                    Some((found, ids)) => find(
                        &join_keys(found.numbers(), own.numbers())?,
                        join_keys(ids.numbers(), own_ids.numbers())?,
                        None,
                    )?,
                }
            }
        });
    }
    let (found, ids) = joined.ok_or_else(no_pair)?;
    let groups = Groups::new(&ids)?;
    Ok((found, groups))
}

fn no_pair() -> Error {
    Error::BadOption {
        option: "on",
        value: "empty".into(),
        allowed: "at least one pair of columns of one type",
    }
}

fn find<K: graph_kernels::Key>(
    left: &Buffer<K>,
    right: Buffer<K>,
    valid: Option<&Buffer<u32>>,
) -> Result<(Places, Indices)> {
    let lookup = Lookup::new(right)?;
    let found = lookup.find(left, valid)?;
    Ok((found, lookup.into_factors().ids))
}

/// Both columns of a pair, so that equal values have equal numbers.
fn match_pair(
    left: (&DeviceTable, &DeviceColumn),
    right: (&DeviceTable, &DeviceColumn),
) -> Result<(DeviceColumn, DeviceColumn)> {
    let (a, b) = (left.1, right.1);
    let mismatch = || Error::WrongType {
        what: format!("column `{}`", a.name).into(),
        found: format!(
            "{}, and `{}` is {}",
            graph_core::type_name(&a.data_type),
            b.name,
            graph_core::type_name(&b.data_type)
        )
        .into(),
        expected: "of the same type, or both integers or both floats, to be joined",
    };
    match (a.kind, b.kind) {
        (Kind::Codes, Kind::Codes) => Ok((with_codes_of(a, b.strings())?, b.clone())),
        (Kind::Flags, Kind::Flags) => Ok((a.clone(), b.clone())),
        _ if a.data_type == b.data_type => Ok((a.clone(), b.clone())),
        (Kind::Number(_), Kind::Number(_)) => {
            let (x, y) = (&a.data_type, &b.data_type);
            let is_small = |t: &DataType| t.is_integer() && *t != DataType::UInt64;
            if (is_small(x) && is_small(y)) || (x.is_floating() && y.is_floating()) {
                return Ok((widen(left)?, widen(right)?));
            }
            Err(mismatch())
        }
        _ => Err(mismatch()),
    }
}

/// The column in 64 bits.
fn widen((table, column): (&DeviceTable, &DeviceColumn)) -> Result<DeviceColumn> {
    if let Data::Wide(_) = column.data {
        return Ok(column.clone());
    }
    let name: &str = &column.name;
    let table = table.select(&[name])?.with_column(name, &Formula::column(name))?.result;
    let valid = column.valid.clone();
    Ok(DeviceColumn { valid, ..table.column(name)?.clone() })
}

/// The column with codes of another's strings; what is not among these has codes beyond them.
fn with_codes_of(column: &DeviceColumn, strings: &StringArray) -> Result<DeviceColumn> {
    let own = column.strings();
    let known: HashMap<&str, u32> =
        (0..strings.len()).map(|code| (strings.value(code), code as u32)).collect();
    let mut codes: Vec<u32> = (0..own.len())
        .map(|code| known.get(own.value(code)).copied().unwrap_or((strings.len() + code) as u32))
        .collect();
    if codes.is_empty() {
        codes.push(NONE - 1);
    }
    let below = codes.len() as u32;
    let codes = Buffer::upload(column.device(), &codes)?;
    let Data::Narrow(numbers) = &column.data else {
        return Err(no_pair());
    };
    let at = Indices::new(copy_of(numbers)?, below)?;
    let data = Data::Narrow(gathered(&codes, &at)?.into());
    Ok(DeviceColumn { data, ..column.clone() })
}
