//! What happens where values are missing.

use polars::prelude as pl;
use polars::prelude::FillNullStrategy;

use super::{Fit, Table};
use crate::expr::{Expr, column, lower};
use crate::{Error, Result};

/// What takes the place of nulls.
#[derive(Debug, Clone, PartialEq)]
pub enum Fill {
    /// The value of an expression, such as a constant or another column.
    With(Expr),
    /// The mean of the values that are there; of numbers only, in `f64`.
    Mean,
    /// The least value.
    Min,
    /// The greatest value.
    Max,
    /// The last value before.
    Forward,
    /// The first value after.
    Backward,
}

impl Table {
    /// The table with nulls of column `name` filled; those that have nothing to be filled with stay.
    ///
    /// # Errors
    ///
    /// - [`Error::Unknown`] for a column that is not there;
    /// - [`Error::WrongType`] for the mean of what is no number;
    /// - [`Error::Expression`] for an expression that does not fit the columns, or gives another type.
    pub fn fill(&self, name: &str, fill: &Fill) -> Result<Self> {
        self.check_column(name)?;
        let filled = match fill {
            Fill::With(value) => {
                let both = Expr::call(
                    crate::expr::Function::Coalesce,
                    vec![Expr::column(name), value.clone()],
                );
                let alone = value.resolve(self.schema())?;
                let both = both.resolve(self.schema()).map_err(|_| Error::WrongType {
                    what: format!("what fills column `{name}` of type {}", self.type_of(name))
                        .into(),
                    found: graph_core::type_name(&alone.data_type).into(),
                    expected: "of that type, too",
                })?;
                let filled = self.schema().field_with_name(name).map(|field| field.data_type());
                match filled.is_ok_and(|filled| *filled == alone.data_type) {
                    true => column(name).fill_null(lower(&alone, self.polars_schema())?),
                    false => lower(&both, self.polars_schema())?,
                }
            }
            Fill::Mean => {
                let found = self.schema().field_with_name(name).map(|field| field.data_type());
                if let Ok(found) = found
                    && !found.is_numeric()
                {
                    return Err(Error::WrongType {
                        what: format!("column `{name}`").into(),
                        found: graph_core::type_name(found).into(),
                        expected: "of numbers, to have a mean",
                    });
                }
                let values = column(name).cast(pl::DataType::Float64);
                values.clone().fill_null(values.mean())
            }
            Fill::Min => column(name).fill_null(column(name).min()),
            Fill::Max => column(name).fill_null(column(name).max()),
            Fill::Forward => column(name).fill_null_with_strategy(FillNullStrategy::Forward(None)),
            Fill::Backward => {
                column(name).fill_null_with_strategy(FillNullStrategy::Backward(None))
            }
        };
        let filled = filled.alias(name);
        Ok(self.then(move |lazy| lazy.with_column(filled.clone()))?.best(Fit::Pieces))
    }

    /// The rows that have a value in all of the columns `names`, or in all columns if there are none.
    ///
    /// # Errors
    ///
    /// [`Error::Unknown`] for a column that is not there.
    pub fn drop_nulls<S: AsRef<str>>(&self, names: &[S]) -> Result<Self> {
        let names = self.named(names)?;
        self.then(move |lazy| {
            let subset = (!names.is_empty()).then(|| pl::by_name(names.clone(), true, false));
            lazy.drop_nulls(subset)
        })
    }
}
