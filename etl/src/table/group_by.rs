//! Groups of rows, and what is computed of each.

use super::rows::no_duplicates;
use super::{Fit, Table};
use crate::expr::{Expr, column, lower_group};
use crate::{Error, Result};

impl Table {
    /// One row for each different combination of values of `keys`, with the keys and then the
    /// `aggregates`, each under its name. Groups are in the order in which their first rows are; null
    /// is a value of its own.
    ///
    /// Aggregates are expressions such as `sum(amount) / count(*)`, of [`Aggregate`](crate::expr::Aggregate)s,
    /// constants and keys. Without keys there is one row, of the whole table, even of an empty one.
    ///
    /// Needs memory for the groups, not for the rows, but for medians, quantiles and lists, which need
    /// the values. Sums of fractions may differ in the last bits from run to run, as rows are added up
    /// in parallel.
    ///
    /// # Errors
    ///
    /// - [`Error::Unknown`] for a key that is not there;
    /// - [`Error::Expression`] for an aggregate that does not fit the columns;
    /// - [`Error::DuplicateColumn`] for two columns of one name;
    /// - later, [`Error::Overflow`] for a sum of integers that does not fit into 64 bits.
    pub fn group_by<K: AsRef<str>, N: AsRef<str>>(
        &self,
        keys: &[K],
        aggregates: &[(N, Expr)],
    ) -> Result<Self> {
        let keys = self.named(keys)?;
        let names = keys.iter().map(String::as_str);
        no_duplicates(names.clone().chain(aggregates.iter().map(|(name, _)| name.as_ref())))?;
        let key_names: Vec<&str> = names.collect();
        let lowered = aggregates
            .iter()
            .map(|(name, aggregate)| {
                let resolved = aggregate.resolve_group(self.schema(), &key_names)?;
                Ok(lower_group(&resolved, self.polars_schema())?.alias(name.as_ref()))
            })
            .collect::<Result<Vec<_>>>()?;
        if keys.is_empty() {
            if lowered.is_empty() {
                return Err(Error::BadOption {
                    option: "aggregates",
                    value: "empty".into(),
                    allowed: "one or more where there are no keys",
                });
            }
            return Ok(self.then(move |lazy| lazy.select(&lowered))?.best(Fit::Whole));
        }
        let keys: Vec<_> = keys.iter().map(|key| column(key)).collect();
        Ok(self.then(move |lazy| lazy.group_by_stable(&keys).agg(&lowered))?.best(Fit::Whole))
    }
}
