//! Which column is the source, the target, the weight and the node id.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::buffer::NullBuffer;
use arrow::compute::{CastOptions, cast, cast_with_options};
use arrow::datatypes::{DataType, Float64Type, Int64Type, UInt64Type};

use crate::error::Place;
use crate::ids::{IdColumn, IdType};
use crate::{Error, ReadOptions, Result, type_name};

/// Names of the two end columns that are known, in order of preference, without case and
/// separators.
const END_NAMES: [(&str, &str); 20] = [
    ("source", "target"),
    ("src", "dst"),
    ("src", "dest"),
    ("from", "to"),
    ("s", "d"),
    ("s", "t"),
    ("sourceid", "targetid"),
    ("srcid", "dstid"),
    ("fromid", "toid"),
    ("sourcenode", "targetnode"),
    ("fromnode", "tonode"),
    ("sourcenodeid", "targetnodeid"),
    ("fromnodeid", "tonodeid"),
    ("start", "end"),
    ("startid", "endid"),
    ("startnode", "endnode"),
    ("origin", "destination"),
    ("sender", "receiver"),
    ("node1", "node2"),
    ("u", "v"),
];

/// Names of an id column that are known, in order of preference.
const ID_NAMES: [&str; 6] = ["id", "nodeid", "node", "name", "key", "label"];

/// Positions of the columns with a role in an edge table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct EdgeColumns {
    pub source: usize,
    pub target: usize,
    pub weight: Option<usize>,
}

/// Case and separators do not tell names apart: `Source_ID` is `sourceid`.
fn plain(name: &str) -> String {
    name.chars()
        .filter(|c| !matches!(c, '_' | '-' | ' ' | ':' | '.'))
        .flat_map(char::to_lowercase)
        .collect()
}

/// Whether names of columns include a known pair of ends of edges, such as `source` and `target`.
pub fn names_ends<S: AsRef<str>>(names: &[S]) -> bool {
    known_ends(names).is_some()
}

/// Whether these ends are called source and target, or nearly so: names such as `start` and `end` or `from` and `to` are as often
/// those of times.
pub fn names_source<S: AsRef<str>>(names: &[S]) -> bool {
    known_ends(names).is_some_and(|(source, _)| {
        let source = plain(names[source].as_ref());
        source.starts_with("source") || source.starts_with("src")
    })
}

fn known_ends<S: AsRef<str>>(names: &[S]) -> Option<(usize, usize)> {
    let plain: Vec<String> = names.iter().map(|name| plain(name.as_ref())).collect();
    let at = |wanted: &str| plain.iter().position(|name| name == wanted);
    END_NAMES.iter().find_map(|(source, target)| at(source).zip(at(target)))
}

/// Position of the column that the caller named.
fn named(names: &[String], wanted: &str) -> Result<usize> {
    names.iter().position(|name| name == wanted).ok_or_else(|| Error::MissingColumn {
        column: wanted.to_owned(),
        available: names.to_vec(),
    })
}

/// The columns the caller named, else those with a known name, else the first two.
///
/// A weight that was not asked for is a numeric column named `weight`.
pub(crate) fn edge_columns(
    names: &[String],
    is_numeric: impl Fn(usize) -> bool,
    options: &ReadOptions,
) -> Result<EdgeColumns> {
    let source = options.source.as_deref().map(|wanted| named(names, wanted)).transpose()?;
    let target = options.target.as_deref().map(|wanted| named(names, wanted)).transpose()?;
    let known = known_ends(names);
    let too_few = || Error::NoEdgeColumns { available: names.to_vec() };
    let other_than = |taken: Option<usize>| (0..names.len()).find(|&at| Some(at) != taken);
    let (source, target) = match (source, target) {
        (Some(source), Some(target)) => (source, target),
        (Some(source), None) => {
            let target = known.map(|(_, target)| target).filter(|&target| target != source);
            (source, target.or_else(|| other_than(Some(source))).ok_or_else(too_few)?)
        }
        (None, Some(target)) => {
            let source = known.map(|(source, _)| source).filter(|&source| source != target);
            (source.or_else(|| other_than(Some(target))).ok_or_else(too_few)?, target)
        }
        (None, None) if names.len() < 2 => return Err(too_few()),
        (None, None) => known.unwrap_or((0, 1)),
    };
    let weight = match &options.weight {
        Some(wanted) => Some(named(names, wanted)?),
        None if options.unweighted => None,
        None => (0..names.len()).find(|&at| {
            at != source
                && at != target
                && names[at].eq_ignore_ascii_case("weight")
                && is_numeric(at)
        }),
    };
    let roles = [Some(source), Some(target), weight];
    for (i, role) in roles.iter().enumerate() {
        if let Some(at) = *role
            && roles[..i].contains(role)
        {
            return Err(Error::ColumnTwice { column: names[at].clone() });
        }
    }
    Ok(EdgeColumns { source, target, weight })
}

/// The id column of a node table: the one the caller named, else a known name, else the first.
pub(crate) fn id_column(names: &[String], wanted: Option<&str>) -> Result<usize> {
    if let Some(wanted) = wanted {
        return named(names, wanted);
    }
    let plain: Vec<String> = names.iter().map(|name| plain(name)).collect();
    let known = ID_NAMES.iter().find_map(|known| plain.iter().position(|name| name == known));
    match known {
        Some(at) => Ok(at),
        None if names.is_empty() => {
            Err(Error::MissingColumn { column: "id".to_owned(), available: vec![] })
        }
        None => Ok(0),
    }
}

/// Whether a column of this type can be weights.
pub(crate) fn is_numeric(data_type: &DataType) -> bool {
    data_type.is_numeric()
}

/// The kind of ids in a column of `data_type`, and the type they will have in the node table.
///
/// # Errors
///
/// [`Error::ColumnType`] if a value of this type is no id.
pub(crate) fn id_type(column: &str, data_type: &DataType) -> Result<IdType> {
    match data_type {
        DataType::Dictionary(_, values) => id_type(column, values),
        DataType::RunEndEncoded(_, values) => id_type(column, values.data_type()),
        other if other.is_integer() => Ok(IdType::Int(other.clone())),
        other if other.is_floating() => Ok(IdType::Int(DataType::Int64)),
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View | DataType::Null => {
            Ok(IdType::Bytes(DataType::Utf8))
        }
        // Known by their text, which is what they are in files of text.
        DataType::Date32 | DataType::Date64 | DataType::Timestamp(_, _) => {
            Ok(IdType::Bytes(DataType::Utf8))
        }
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView => {
            Ok(IdType::Bytes(DataType::Binary))
        }
        DataType::FixedSizeBinary(size) => Ok(IdType::Bytes(DataType::FixedSizeBinary(*size))),
        other => Err(Error::ColumnType {
            column: column.to_owned(),
            found: type_name(other),
            expected: "node ids must be integers, texts, dates, times or binary",
        }),
    }
}

/// The type that holds the ids of both columns.
///
/// # Errors
///
/// - [`Error::ColumnType`] if a column cannot hold ids;
/// - [`Error::IdTypesDiffer`] if one holds integers and the other does not, or one text and the
///   other binary.
pub(crate) fn common_id_type(
    (a_name, a_type): (&str, &DataType),
    (b_name, b_type): (&str, &DataType),
) -> Result<IdType> {
    let (a, b) = (id_type(a_name, a_type)?, id_type(b_name, b_type)?);
    // A column of nothing but nulls fits with everything.
    match (a_type, b_type) {
        (DataType::Null, _) => return Ok(b),
        (_, DataType::Null) => return Ok(a),
        _ => {}
    }
    match (&a, &b) {
        (IdType::Int(a), IdType::Int(b)) => Ok(IdType::Int(common_integer(a, b))),
        (IdType::Bytes(a), IdType::Bytes(b)) if a == b => Ok(IdType::Bytes(a.clone())),
        (IdType::Bytes(a), IdType::Bytes(b)) if *a != DataType::Utf8 && *b != DataType::Utf8 => {
            Ok(IdType::Bytes(DataType::Binary))
        }
        _ => Err(Error::IdTypesDiffer {
            source_column: a_name.to_owned(),
            source_type: type_name(a_type),
            target_column: b_name.to_owned(),
            target_type: type_name(b_type),
        }),
    }
}

/// The narrowest integer type that holds both; with `UInt64` and a signed type that is `UInt64`.
fn common_integer(a: &DataType, b: &DataType) -> DataType {
    let width = |t: &DataType| t.primitive_width().unwrap_or(8);
    let (wide, narrow) = if width(a) >= width(b) { (a, b) } else { (b, a) };
    if wide.is_signed_integer() == narrow.is_signed_integer()
        || (wide.is_signed_integer() && width(wide) > width(narrow))
    {
        return wide.clone();
    }
    let unsigned = if wide.is_unsigned_integer() { wide } else { narrow };
    match width(unsigned) {
        1 => DataType::Int16,
        2 => DataType::Int32,
        4 => DataType::Int64,
        _ => DataType::UInt64,
    }
}

/// `array`, which has no nulls, in the form that ids are worked on.
///
/// # Errors
///
/// - [`Error::IdOverflow`] if a negative id stands against a column of `UInt64`;
/// - [`Error::IdNotWhole`] if a float is no integer, or so large that it stands for several.
pub(crate) fn to_id_column(array: &ArrayRef, ids: &IdType, name: &str) -> Result<IdColumn> {
    match ids {
        IdType::Int(_) => {
            let wide = if ids.is_unsigned() { DataType::UInt64 } else { DataType::Int64 };
            if holds_floats(array) {
                check_whole(array, name)?;
            }
            let options = CastOptions { safe: true, ..CastOptions::default() };
            let wide = cast_with_options(array, &wide, &options)?;
            if let Some(row) = wide.nulls().and_then(|nulls| nulls.iter().position(|valid| !valid))
            {
                let value =
                    arrow::util::display::array_value_to_string(array, row).unwrap_or_default();
                let place = Place::Row(row);
                return Err(Error::IdOverflow { column: name.to_owned(), place, value });
            }
            let values = if ids.is_unsigned() {
                wide.as_primitive::<UInt64Type>().values().inner().clone()
            } else {
                wide.as_primitive::<Int64Type>().values().inner().clone()
            };
            Ok(IdColumn::Int(values.into()))
        }
        IdType::Bytes(_) => {
            let array = match array.data_type() {
                DataType::Dictionary(_, values) => cast(array, values)?,
                DataType::RunEndEncoded(_, values) => cast(array, values.data_type())?,
                _ => Arc::clone(array),
            };
            let array = match array.data_type() {
                kind if kind.is_temporal() => cast(&array, &DataType::Utf8)?,
                _ => array,
            };
            let views = match array.data_type() {
                DataType::BinaryView => array,
                DataType::Utf8View => Arc::new(array.as_string_view().clone().to_binary_view()),
                DataType::Utf8 | DataType::LargeUtf8 => {
                    let views = cast(&array, &DataType::Utf8View)?;
                    Arc::new(views.as_string_view().clone().to_binary_view())
                }
                _ => cast(&array, &DataType::BinaryView)?,
            };
            Ok(IdColumn::Bytes(views.as_binary_view().clone()))
        }
    }
}

/// Rows of a column of ids that have none. Floats that are not numbers are none: where an id is missing, pandas
/// makes floats of integers.
pub(crate) fn id_nulls(column: &ArrayRef) -> Option<NullBuffer> {
    let nulls = column.logical_nulls();
    if !holds_floats(column) {
        return nulls;
    }
    let Ok(numbers) = cast(column, &DataType::Float64) else { return nulls };
    let numbers = numbers.as_primitive::<Float64Type>().values();
    if !numbers.iter().any(|number| number.is_nan()) {
        return nulls;
    }
    NullBuffer::union(
        nulls.as_ref(),
        Some(&numbers.iter().map(|number| !number.is_nan()).collect()),
    )
}

fn holds_floats(column: &ArrayRef) -> bool {
    value_type(column).is_floating()
}

/// The type of the values, however they are encoded.
fn value_type(column: &ArrayRef) -> &DataType {
    match column.data_type() {
        DataType::Dictionary(_, values) => values,
        DataType::RunEndEncoded(_, values) => values.data_type(),
        other => other,
    }
}

/// Refuses floats that do not stand for one integer.
fn check_whole(array: &ArrayRef, name: &str) -> Result<()> {
    // Up to here a float holds every integer, and beyond not all.
    let most = match value_type(array) {
        DataType::Float16 => 2_f64.powi(11),
        DataType::Float32 => 2_f64.powi(24),
        _ => 2_f64.powi(53),
    };
    let numbers = cast(array, &DataType::Float64)?;
    let numbers = numbers.as_primitive::<Float64Type>().values();
    match numbers.iter().position(|number| number.fract() != 0.0 || number.abs() > most) {
        None => Ok(()),
        Some(row) => {
            let (column, place) = (name.to_owned(), Place::Row(row));
            Err(Error::IdNotWhole { column, place, value: numbers[row], most })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(names: &[&str], options: &ReadOptions) -> Result<EdgeColumns> {
        let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
        edge_columns(&names, |_| true, options)
    }

    #[test]
    fn known_names_are_found_in_any_case_and_order() {
        let cases: [(&[&str], (usize, usize)); 8] = [
            (&["target", "source"], (1, 0)),
            (&["time", "SRC", "Dst"], (1, 2)),
            (&["from", "to"], (0, 1)),
            (&["d", "x", "s"], (2, 0)),
            (&["w", "Source ID", "target_id"], (1, 2)),
            (&["FromNodeId", "ToNodeId"], (0, 1)),
            (&[":START_ID", ":END_ID"], (0, 1)),
            (&["one", "two", "source"], (0, 1)),
        ];
        for (names, (source, target)) in cases {
            let found = find(names, &ReadOptions::default()).unwrap();
            assert_eq!((found.source, found.target), (source, target), "{names:?}");
        }
    }

    #[test]
    fn named_columns_win() {
        let options = ReadOptions { source: Some("b".into()), ..ReadOptions::default() };
        let found = find(&["a", "b", "weight"], &options).unwrap();
        assert_eq!(found, EdgeColumns { source: 1, target: 0, weight: Some(2) });
        let options = ReadOptions { unweighted: true, ..options };
        let found = find(&["a", "b", "weight"], &options).unwrap();
        assert_eq!(found, EdgeColumns { source: 1, target: 0, weight: None });
    }

    #[test]
    fn a_missing_column_lists_those_there_are() {
        let options = ReadOptions { target: Some("z".into()), ..ReadOptions::default() };
        let error = find(&["a", "b"], &options).unwrap_err();
        assert_eq!(error.to_string(), "there is no column `z`; the columns are `a`, `b`");
    }

    #[test]
    fn one_column_is_too_few() {
        let error = find(&["a"], &ReadOptions::default()).unwrap_err();
        assert_eq!(
            error.to_string(),
            "an edge table needs a source and a target column, but the columns are `a`"
        );
    }

    #[test]
    fn a_column_has_one_role() {
        let options = ReadOptions { weight: Some("a".into()), ..ReadOptions::default() };
        let error = find(&["a", "b"], &options).unwrap_err();
        assert_eq!(
            error.to_string(),
            "column `a` cannot serve as two of source, target and weight"
        );
    }

    #[test]
    fn integers_widen_to_hold_both() {
        use DataType::{Int8, Int16, Int32, Int64, UInt8, UInt32, UInt64};
        let cases = [
            (Int32, Int32, Int32),
            (Int8, Int64, Int64),
            (UInt8, Int8, Int16),
            (UInt8, Int32, Int32),
            (UInt32, Int32, Int64),
            (UInt32, UInt64, UInt64),
            (UInt64, Int64, UInt64),
            (Int16, UInt64, UInt64),
        ];
        for (a, b, both) in cases {
            assert_eq!(common_integer(&a, &b), both);
            assert_eq!(common_integer(&b, &a), both);
        }
    }
}
