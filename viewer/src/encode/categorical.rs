//! Distinct values of a column, as text.

use std::collections::HashMap;
use std::fmt::Write;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use graph_core::{Factorized, factorize};

use crate::encode::is_text;
use crate::{Error, Result};

/// The values of a column, each distinct one by number.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Categories {
    /// Number of each row's value; `None` where there is none.
    pub(crate) codes: Vec<Option<u32>>,
    /// Distinct values as text, the most frequent first, equally frequent ones in order of first
    /// appearance.
    pub(crate) names: Vec<String>,
    /// Rows of each.
    pub(crate) counts: Vec<usize>,
    /// Rows without a value.
    pub(crate) missing: usize,
}

impl Categories {
    /// Those of a column; O(rows) time on average.
    ///
    /// # Errors
    ///
    /// [`Error::ColumnType`] if it is of lists or structs.
    pub(crate) fn of(name: &str, column: &ArrayRef) -> Result<Self> {
        let kind = column.data_type();
        let (codes, names) = if is_text(kind) && !matches!(kind, DataType::Boolean) {
            let texts = cast(column, &DataType::Utf8View)?;
            let Factorized { codes, firsts } = factorize(name, &texts)?;
            let text = |&row: &u32| texts.as_string_view().value(row as usize).to_owned();
            let codes = codes.into_iter().map(|code| (code != Factorized::NULL).then_some(code));
            (codes.collect(), firsts.iter().map(text).collect())
        } else {
            printed(name, column)?
        };
        Ok(Self::sorted(codes, names))
    }

    /// Renumbers `names` by frequency.
    fn sorted(codes: Vec<Option<u32>>, names: Vec<String>) -> Self {
        let mut counts = vec![0; names.len()];
        for &code in codes.iter().flatten() {
            counts[code as usize] += 1;
        }
        let mut order: Vec<usize> = (0..names.len()).collect();
        // Stable, so ties stay in order of first appearance.
        order.sort_by_key(|&code| std::cmp::Reverse(counts[code]));
        let mut rank = vec![0; names.len()];
        for (place, &code) in (0..).zip(&order) {
            rank[code] = place;
        }
        let missing = codes.iter().filter(|code| code.is_none()).count();
        let codes = codes.into_iter().map(|code| code.map(|code| rank[code as usize])).collect();
        let mut names: Vec<Option<String>> = names.into_iter().map(Some).collect();
        Self {
            codes,
            names: order.iter().filter_map(|&code| names[code].take()).collect(),
            counts: order.iter().map(|&code| counts[code]).collect(),
            missing,
        }
    }
}

/// Numbers and texts of values that are no strings.
fn printed(name: &str, column: &ArrayRef) -> Result<(Vec<Option<u32>>, Vec<String>)> {
    let kind = column.data_type();
    if kind.is_nested() && !matches!(kind, DataType::Dictionary(_, _)) {
        return Err(Error::ColumnType {
            column: name.to_owned(),
            found: graph_core::type_name(kind),
            expected: "a plain value was needed",
        });
    }
    let nulls = column.logical_nulls();
    let options = FormatOptions::default();
    let formatter = ArrayFormatter::try_new(column.as_ref(), &options)?;
    let mut codes = HashMap::new();
    let mut names: Vec<Arc<str>> = Vec::new();
    let mut text = String::new();
    let code = |row| {
        if nulls.as_ref().is_some_and(|nulls| nulls.is_null(row)) {
            return Ok(None);
        }
        text.clear();
        write!(text, "{}", formatter.value(row)).map_err(|_| Error::ColumnType {
            column: name.to_owned(),
            found: graph_core::type_name(kind),
            expected: "a value that can be printed was needed",
        })?;
        if let Some(&code) = codes.get(text.as_str()) {
            return Ok(Some(code));
        }
        let shared: Arc<str> = text.as_str().into();
        let code = names.len() as u32;
        names.push(Arc::clone(&shared));
        codes.insert(shared, code);
        Ok(Some(code))
    };
    let codes = (0..column.len()).map(code).collect::<Result<Vec<_>>>()?;
    Ok((codes, names.iter().map(|name| name.to_string()).collect()))
}

#[cfg(test)]
mod tests {
    use arrow::array::{BooleanArray, DictionaryArray, Int32Array, StringArray};
    use arrow::datatypes::Int8Type;

    use super::*;

    #[test]
    fn frequent_values_come_first_whatever_their_type() {
        let texts = vec![Some("x"), Some("y"), None, Some("y"), Some("z")];
        let dictionary: DictionaryArray<Int8Type> = texts.clone().into_iter().collect();
        for column in [Arc::new(StringArray::from(texts)) as ArrayRef, Arc::new(dictionary)] {
            let found = Categories::of("c", &column).unwrap();
            assert_eq!(found.names, ["y", "x", "z"]);
            assert_eq!((found.counts, found.missing), (vec![2, 1, 1], 1));
            assert_eq!(found.codes, [Some(1), Some(0), None, Some(0), Some(2)]);
        }
        let numbers: ArrayRef = Arc::new(Int32Array::from(vec![Some(7), Some(-1), None, Some(-1)]));
        assert_eq!(Categories::of("c", &numbers).unwrap().names, ["-1", "7"]);
        let flags: ArrayRef = Arc::new(BooleanArray::from(vec![true, false, true]));
        assert_eq!(Categories::of("c", &flags).unwrap().names, ["true", "false"]);
    }
}
