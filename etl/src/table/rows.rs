//! Verbs that choose, order and extend rows and columns.

use std::collections::HashSet;

use polars::prelude as pl;
use polars::prelude::{SortMultipleOptions, UniqueKeepStrategy};

use super::{Fit, Table};
use crate::expr::{Expr, column, lower, may_be_unknown, unknown_kept};
use crate::{Error, Result};

/// Which of several rows that agree stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Keep {
    /// The first.
    #[default]
    First,
    /// The last.
    Last,
    /// Any; the cheapest.
    Any,
    /// None of them: only rows that agree with no other stay.
    None,
}

/// One column to sort by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SortKey {
    /// The column.
    pub column: String,
    /// Whether the greatest come first.
    pub descending: bool,
}

impl SortKey {
    /// The least first.
    pub fn ascending(column: impl Into<String>) -> Self {
        Self { column: column.into(), descending: false }
    }

    /// The greatest first.
    pub fn descending(column: impl Into<String>) -> Self {
        Self { column: column.into(), descending: true }
    }
}

impl Table {
    /// The rows for which `predicate` is true; not those for which it is null.
    ///
    /// # Errors
    ///
    /// [`Error::Expression`] if the predicate does not fit the columns, or is no condition.
    pub fn filter(&self, predicate: &Expr) -> Result<Self> {
        let resolved = predicate.resolve_condition(self.schema())?;
        let mut lowered = lower(&resolved, self.polars_schema())?;
        if may_be_unknown(&lowered) {
            lowered = unknown_kept(lowered, self.polars_schema());
        }
        Ok(self.then(move |lazy| lazy.filter(lowered.clone()))?.best(Fit::Pieces))
    }

    /// The columns `names`, in that order.
    ///
    /// # Errors
    ///
    /// - [`Error::Unknown`] for a column that is not there;
    /// - [`Error::DuplicateColumn`] for one that is named twice.
    pub fn select<S: AsRef<str>>(&self, names: &[S]) -> Result<Self> {
        let names = self.named(names)?;
        self.then(move |lazy| {
            lazy.select(names.iter().map(|name| column(name)).collect::<Vec<_>>())
        })
    }

    /// The values of expressions, each under its name, and no other columns.
    ///
    /// Constants alone give as many rows as there are.
    ///
    /// # Errors
    ///
    /// - [`Error::Expression`] for an expression that does not fit the columns;
    /// - [`Error::DuplicateColumn`] for two of one name.
    pub fn select_exprs<S: AsRef<str>>(&self, columns: &[(S, Expr)]) -> Result<Self> {
        let names: Vec<String> = columns.iter().map(|(name, _)| name.as_ref().to_owned()).collect();
        no_duplicates(&names)?;
        let computed = self.with_columns(columns)?;
        computed.then(move |lazy| {
            lazy.select(names.iter().map(|name| column(name)).collect::<Vec<_>>())
        })
    }

    /// The table with the value of `value` in column `name`, in the place of that column or at the end.
    ///
    /// # Errors
    ///
    /// [`Error::Expression`] if the expression does not fit the columns.
    pub fn with_column(&self, name: &str, value: &Expr) -> Result<Self> {
        self.with_columns(&[(name, value.clone())])
    }

    /// As [`with_column`](Self::with_column), several at once: none sees the new values of another.
    ///
    /// # Errors
    ///
    /// - [`Error::Expression`] if an expression does not fit the columns;
    /// - [`Error::DuplicateColumn`] for two of one name.
    pub fn with_columns<S: AsRef<str>>(&self, columns: &[(S, Expr)]) -> Result<Self> {
        no_duplicates(columns.iter().map(|(name, _)| name.as_ref()))?;
        let lowered = columns
            .iter()
            .map(|(name, value)| {
                let resolved = value.resolve(self.schema())?;
                Ok(lower(&resolved, self.polars_schema())?.alias(name.as_ref()))
            })
            .collect::<Result<Vec<_>>>()?;
        Ok(self.then(move |lazy| lazy.with_columns(&lowered))?.best(Fit::Pieces))
    }

    /// The table with other names for columns, given as `(old, new)`; all at once, so names can swap.
    ///
    /// # Errors
    ///
    /// - [`Error::Unknown`] for a column that is not there;
    /// - [`Error::DuplicateColumn`] if two would have one name.
    pub fn rename<S: AsRef<str>>(&self, names: &[(S, S)]) -> Result<Self> {
        let old: Vec<&str> = names.iter().map(|(old, _)| old.as_ref()).collect();
        let old = self.named(&old)?;
        let new: Vec<String> = names.iter().map(|(_, new)| new.as_ref().to_owned()).collect();
        let renamed = |name: &str| match old.iter().position(|old| old == name) {
            Some(index) => new[index].clone(),
            None => name.to_owned(),
        };
        no_duplicates(self.column_names().map(renamed).collect::<Vec<_>>())?;
        self.then(move |lazy| lazy.rename(&old, &new, true))
    }

    /// The table without the columns `names`.
    ///
    /// # Errors
    ///
    /// [`Error::Unknown`] for a column that is not there.
    pub fn drop<S: AsRef<str>>(&self, names: &[S]) -> Result<Self> {
        let dropped = self.named(names)?;
        let rest: Vec<String> =
            self.column_names().map(str::to_owned).filter(|name| !dropped.contains(name)).collect();
        self.select(&rest)
    }

    /// The rows by the values of `keys`, the first of them first; rows that agree keep their order.
    /// Nulls come last, whichever way; a number that is not one is greater than all others.
    ///
    /// Needs all rows in memory at once.
    ///
    /// # Errors
    ///
    /// - [`Error::Unknown`] for a column that is not there;
    /// - [`Error::WrongType`] for a column of lists or structs, which have no order.
    pub fn sort(&self, keys: &[SortKey]) -> Result<Self> {
        self.check_sort(keys)?;
        let columns: Vec<String> = keys.iter().map(|key| key.column.clone()).collect();
        let options = SortMultipleOptions::default()
            .with_order_descending_multi(keys.iter().map(|key| key.descending))
            .with_nulls_last(true)
            .with_maintain_order(true);
        let sorted = self.then(move |lazy| match columns.is_empty() {
            true => lazy,
            false => lazy.sort(columns.clone(), options.clone()),
        })?;
        Ok(sorted.best(Fit::Whole))
    }

    pub(super) fn check_sort(&self, keys: &[SortKey]) -> Result<()> {
        for key in keys {
            self.check_column(&key.column)?;
            let found = self.schema().field_with_name(&key.column).map(|field| field.data_type());
            if let Ok(found) = found
                && found.is_nested()
            {
                return Err(Error::WrongType {
                    what: format!("the key `{}` of a sort", key.column).into(),
                    found: graph_core::type_name(found).into(),
                    expected: "something with an order",
                });
            }
        }
        Ok(())
    }

    /// The `n` first rows in the order of `keys`, which are those of [`sort`](Self::sort).
    ///
    /// Needs memory for `n` rows only.
    ///
    /// # Errors
    ///
    /// As [`sort`](Self::sort).
    pub fn top_k(&self, n: usize, keys: &[SortKey]) -> Result<Self> {
        // The engine makes one step of a sort and a slice.
        Ok(self.sort(keys)?.limit(n)?.best(Fit::BestPieces))
    }

    /// One of all rows that agree on the columns `by`, or on all columns if there are none; nulls agree
    /// with each other. Rows stay in order, but for [`Keep::Any`].
    ///
    /// # Errors
    ///
    /// [`Error::Unknown`] for a column that is not there.
    pub fn unique<S: AsRef<str>>(&self, by: &[S], keep: Keep) -> Result<Self> {
        let by = self.named(by)?;
        let kept = self.then(move |lazy| {
            let subset = (!by.is_empty()).then(|| pl::by_name(by.clone(), true, false));
            match keep {
                Keep::First => lazy.unique_stable(subset, UniqueKeepStrategy::First),
                Keep::Last => lazy.unique_stable(subset, UniqueKeepStrategy::Last),
                Keep::None => lazy.unique_stable(subset, UniqueKeepStrategy::None),
                Keep::Any => lazy.unique(subset, UniqueKeepStrategy::Any),
            }
        })?;
        Ok(kept.best(Fit::Whole))
    }

    /// The first `n` rows.
    ///
    /// # Errors
    ///
    /// [`Error::Engine`] if the plan cannot be extended.
    pub fn limit(&self, n: usize) -> Result<Self> {
        self.slice(0, n)
    }

    /// At most `n` rows, without the first `offset`.
    ///
    /// # Errors
    ///
    /// [`Error::Engine`] if the plan cannot be extended.
    pub fn slice(&self, offset: usize, n: usize) -> Result<Self> {
        let offset = i64::try_from(offset).unwrap_or(i64::MAX);
        let n = pl::IdxSize::try_from(n).unwrap_or(pl::IdxSize::MAX);
        self.then(move |lazy| lazy.slice(offset, n))
    }

    /// The names, checked to be there and each once.
    pub(super) fn named<S: AsRef<str>>(&self, names: &[S]) -> Result<Vec<String>> {
        for name in names {
            self.check_column(name.as_ref())?;
        }
        no_duplicates(names)?;
        Ok(names.iter().map(|name| name.as_ref().to_owned()).collect())
    }
}

/// Refuses names that are there twice.
pub(super) fn no_duplicates<S: AsRef<str>>(names: impl IntoIterator<Item = S>) -> Result<()> {
    let mut seen = HashSet::new();
    for name in names {
        let name = name.as_ref().to_owned();
        if seen.contains(&name) {
            return Err(Error::DuplicateColumn { column: name.into() });
        }
        seen.insert(name);
    }
    Ok(())
}
