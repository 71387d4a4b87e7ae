//! Some of the rows, by chance that repeats.

use polars::prelude as pl;
use polars::prelude::{
    Column, DataFrame, DataType, Field, IdxCa, IdxSize, IntoColumn, LazyFrame, OptFlags, Schema,
    SortMultipleOptions,
};

use super::{Fit, Table};
use crate::expr::column;
use crate::{Error, Result};

/// The column of row numbers while a sample is taken.
const NUMBER: &str = "graphlume row";
const CHANCE: &str = "graphlume chance";

impl Table {
    /// `n` rows, or all if there are fewer, in order; each set of `n` rows with the same chance.
    ///
    /// The same rows, `n` and `seed` give the same rows on any machine; but of a table that is in
    /// memory, numbers of rows are drawn, and of one that is read from files, which has not been
    /// counted, rows, so that the two differ. The first costs O(n), the second a look at each row.
    ///
    /// # Errors
    ///
    /// [`Error::DuplicateColumn`] if a column has a name that is needed here.
    pub fn sample(&self, n: usize, seed: u64) -> Result<Self> {
        self.check_free()?;
        if self.is_held && !self.grows {
            let draw = move |frame: DataFrame| match frame.height() {
                height if height <= n => Ok(frame),
                height => frame.take(&IdxCa::from_vec("".into(), drawn(n, height, seed))),
            };
            let some = self.then(move |lazy| {
                lazy.map(draw, OptFlags::PROJECTION_PUSHDOWN, None, Some("sample"))
            })?;
            return Ok(some);
        }
        let rows = pl::IdxSize::try_from(n).unwrap_or(pl::IdxSize::MAX);
        let some = self.then(move |lazy| {
            // Chances of different rows differ, as they are made of numbers by a bijection.
            row_number(lazy)
                .with_column(chance(seed).alias(CHANCE))
                .sort([CHANCE], SortMultipleOptions::default())
                .limit(rows)
                .sort([NUMBER], SortMultipleOptions::default())
                .drop(pl::by_name([NUMBER, CHANCE], true, false))
        })?;
        Ok(some.best(Fit::BestPieces))
    }

    /// Each row with the chance `fraction`, in order; needs no memory.
    ///
    /// The same rows, `fraction` and `seed` give the same rows on any machine.
    ///
    /// # Errors
    ///
    /// - [`Error::BadOption`] if the fraction is not from 0 to 1;
    /// - [`Error::DuplicateColumn`] if a column has a name that is needed here.
    pub fn sample_fraction(&self, fraction: f64, seed: u64) -> Result<Self> {
        if !(0.0..=1.0).contains(&fraction) {
            return Err(Error::BadOption {
                option: "fraction",
                value: fraction.to_string().into(),
                allowed: "from 0 to 1",
            });
        }
        self.check_free()?;
        Ok(self.then(move |lazy| picked(row_number(lazy), fraction, seed))?.best(Fit::Pieces))
    }

    fn check_free(&self) -> Result<()> {
        match self.column_names().find(|&name| name == NUMBER || name == CHANCE) {
            Some(column) => Err(Error::DuplicateColumn { column: column.into() }),
            None => Ok(()),
        }
    }
}

/// `lazy` with the numbers of its rows, from 0 on.
pub(super) fn row_number(lazy: LazyFrame) -> LazyFrame {
    lazy.with_row_index(NUMBER, None)
}

/// Each row of a frame with [`row_number`]s with the chance `share`, without the numbers.
pub(super) fn picked(lazy: LazyFrame, share: f64, seed: u64) -> LazyFrame {
    // 1.0 is beyond all chances, as is what it is rounded to.
    let least = (share * 2f64.powi(64)) as u64;
    let all = share >= 1.0;
    let is_picked = match all {
        true => pl::lit(true),
        false => chance(seed).lt(pl::lit(least)),
    };
    lazy.filter(is_picked).drop(pl::by_name([NUMBER], true, false))
}

/// A number of 64 bits for each row, as if by chance, from its number.
fn chance(seed: u64) -> pl::Expr {
    let run = move |numbers: Column| {
        let numbers = numbers.as_materialized_series().cast(&DataType::UInt64)?;
        let chances: pl::UInt64Chunked =
            pl::arity::unary_elementwise_values(numbers.u64()?, |number: u64| mixed(number, seed));
        Ok(chances.into_column())
    };
    let gives = |_: &Schema, field: &Field| Ok(Field::new(field.name().clone(), DataType::UInt64));
    column(NUMBER).map(run, gives)
}

/// `n` different numbers below `height`, ascending; each set of as many with the same chance.
///
/// For each of the last `n` numbers one of those up to it is drawn, and if that one is there already,
/// the number itself is taken.
///
/// Source: Bentley & Floyd 1987, doi:10.1145/30401.315746.
fn drawn(n: usize, height: usize, seed: u64) -> Vec<IdxSize> {
    let mut taken = vec![0_u64; height.div_ceil(64)];
    let mut take = |row: usize| {
        let (word, bit) = (&mut taken[row / 64], 1 << (row % 64));
        let is_new = *word & bit == 0;
        *word |= bit;
        is_new
    };
    for last in height - n..height {
        let one = (u128::from(mixed(last as u64, seed)) * (last as u128 + 1)) >> 64;
        if !take(one as usize) {
            take(last);
        }
    }
    let mut rows = Vec::with_capacity(n);
    for (word, mut bits) in taken.into_iter().enumerate() {
        while bits != 0 {
            rows.push((word * 64 + bits.trailing_zeros() as usize) as IdxSize);
            bits &= bits - 1;
        }
    }
    rows
}

/// A bijection of `number` for each seed: the finalizer of `SplitMix64`, over a seed mixed likewise.
///
/// Source: Steele, Lea & Flood 2014, doi:10.1145/2660193.2660195.
fn mixed(number: u64, seed: u64) -> u64 {
    finalized(number.wrapping_add(finalized(seed.wrapping_add(0x9e37_79b9_7f4a_7c15))))
}

/// Changes about half of the bits for any bit of `bits`; a bijection.
pub(super) fn finalized(mut bits: u64) -> u64 {
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}
