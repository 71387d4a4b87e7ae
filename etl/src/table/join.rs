//! Tables side by side, by the values of keys.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type, UInt64Type};
use graph_core::factorize;
use polars::prelude as pl;
use polars::prelude::{JoinCoalesce, JoinType, MaintainOrderJoin};

use super::sample::{picked, row_number};
use super::{Fit, Table};
use crate::expr::{Aggregate, Binary, Expr, column};
use crate::{Control, Error, Result};

/// Which rows a join has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "kebab-case")
)]
pub enum JoinKind {
    /// Each pair of rows whose keys are equal.
    #[default]
    Inner,
    /// Those, and rows of the left side that have no partner, with nulls.
    Left,
    /// Those, and rows of the right side that have no partner, with nulls.
    Full,
    /// Rows of the left side that have a partner, once each, without columns of the right side.
    Semi,
    /// Rows of the left side that have none.
    Anti,
    /// Each pair of rows; no keys.
    Cross,
}

/// How two tables are joined.
#[derive(Debug, Clone, PartialEq)]
pub struct JoinOptions {
    /// Which rows there are.
    pub kind: JoinKind,
    /// The columns of the left side that must be equal to those of the right one.
    pub left_on: Vec<String>,
    /// The columns of the right side, as many; not in the result, but for [`JoinKind::Full`], where
    /// values of either side are in the columns of the left.
    pub right_on: Vec<String>,
    /// What is put after names of the right side that the left side has too.
    pub suffix: String,
    /// Whether a null equals a null.
    pub nulls_equal: bool,
    /// How many rows there may be by the estimate that is made first; without a limit none is made.
    pub limit: Option<u64>,
}

impl Default for JoinOptions {
    fn default() -> Self {
        Self {
            kind: JoinKind::default(),
            left_on: Vec::new(),
            right_on: Vec::new(),
            suffix: "_right".to_owned(),
            nulls_equal: false,
            limit: Some(1_000_000_000),
        }
    }
}

impl JoinOptions {
    /// An inner join on columns that both sides have.
    pub fn on<S: AsRef<str>>(columns: &[S]) -> Self {
        let columns: Vec<String> =
            columns.iter().map(|column| column.as_ref().to_owned()).collect();
        Self { left_on: columns.clone(), right_on: columns, ..Self::default() }
    }

    /// The same join of other rows.
    pub fn kind(self, kind: JoinKind) -> Self {
        Self { kind, ..self }
    }
}

/// How many rows of each side an estimate looks at, about.
const ESTIMATE_ROWS: u64 = 1 << 20;
/// Rows that a join makes in no time.
pub(super) const SMALL: u64 = 1 << 22;
const LEFT: &str = "graphlume left";
const RIGHT: &str = "graphlume right";

impl Table {
    /// This table, the left side, joined with `right`. Rows are in the order of the left side and,
    /// for one row of it, of the right side.
    ///
    /// If there is a limit, rows are estimated first as [`estimate_join`](Self::estimate_join) does, which reads the keys
    /// once more: those of the smaller side, and those of both if one key of it is there so often that the rows of the
    /// other side, all with that key, would be more than the limit.
    ///
    /// # Errors
    ///
    /// - [`Error::Unknown`] for a key that is not there;
    /// - [`Error::LengthMismatch`] if the sides have different numbers of keys, and
    ///   [`Error::BadOption`] if there are none, or some for a cross join;
    /// - [`Error::WrongType`] if two keys have types that cannot be equal;
    /// - [`Error::DuplicateColumn`] if two columns would have one name;
    /// - [`Error::TooManyRows`] if there would be more than the limit;
    /// - those of [`collect`](Self::collect), of the estimate.
    pub fn join(&self, right: &Self, options: &JoinOptions, control: &Control) -> Result<Self> {
        self.check_join(right, options)?;
        let is_partner = matches!(options.kind, JoinKind::Semi | JoinKind::Anti);
        let mut grows = !is_partner;
        if let Some(limit) = options.limit {
            let estimated = self.join_rows(right, options, limit, control)?;
            if estimated > limit {
                return Err(Error::TooManyRows { verb: "the join", estimated, limit });
            }
            grows = grows && estimated > SMALL;
        }
        let how = match options.kind {
            JoinKind::Inner => JoinType::Inner,
            JoinKind::Left => JoinType::Left,
            JoinKind::Full => JoinType::Full,
            JoinKind::Semi => JoinType::Semi,
            JoinKind::Anti => JoinType::Anti,
            JoinKind::Cross => JoinType::Cross,
        };
        let left_on: Vec<_> = options.left_on.iter().map(|name| column(name)).collect();
        let right_on: Vec<_> = options.right_on.iter().map(|name| column(name)).collect();
        let (suffix, nulls_equal) = (options.suffix.clone(), options.nulls_equal);
        let joined = Self::of(&[self, right], move |mut sides| {
            let (Some(right), Some(left)) = (sides.pop(), sides.pop()) else {
                unreachable!("a join should be given both sides");
            };
            let join = left
                .join_builder()
                .with(right)
                .how(how.clone())
                .suffix(suffix.as_str())
                .join_nulls(nulls_equal);
            match how {
                JoinType::Cross => join.maintain_order(MaintainOrderJoin::LeftRight).finish(),
                JoinType::Semi | JoinType::Anti => join
                    .left_on(&left_on)
                    .right_on(&right_on)
                    .maintain_order(MaintainOrderJoin::Left)
                    .finish(),
                _ => join
                    .left_on(&left_on)
                    .right_on(&right_on)
                    .coalesce(JoinCoalesce::CoalesceColumns)
                    .maintain_order(MaintainOrderJoin::LeftRight)
                    .finish(),
            }
        })?;
        let joined = Self { grows: joined.grows || grows, ..joined };
        // Polars does these faster in pieces, and all others whole.
        let in_pieces = is_partner || options.kind == JoinKind::Full;
        Ok(joined.best(if in_pieces { Fit::Pieces } else { Fit::Whole }))
    }

    fn check_join(&self, right: &Self, options: &JoinOptions) -> Result<()> {
        let (left_on, right_on) = (&options.left_on, &options.right_on);
        if left_on.len() != right_on.len() {
            return Err(Error::LengthMismatch {
                name: "right_on",
                found: right_on.len(),
                expected: left_on.len(),
            });
        }
        if left_on.is_empty() != (options.kind == JoinKind::Cross) {
            return Err(Error::BadOption {
                option: "left_on",
                value: left_on.join(", ").into(),
                allowed: "one or more columns, and none for a cross join",
            });
        }
        let on_side = |kind: &'static str| {
            move |error| match error {
                Error::Unknown { name, nearest, .. } => Error::Unknown { kind, name, nearest },
                other => other,
            }
        };
        self.named(left_on).map_err(on_side("left-side column"))?;
        right.named(right_on).map_err(on_side("right-side column"))?;
        for (left_name, right_name) in left_on.iter().zip(right_on) {
            // Keys can be equal if they could be compared.
            let both = arrow::datatypes::Schema::new(vec![
                self.schema()
                    .field_with_name(left_name)
                    .map_err(|error| Error::engine("joining", &error))?
                    .clone()
                    .with_name(LEFT),
                right
                    .schema()
                    .field_with_name(right_name)
                    .map_err(|error| Error::engine("joining", &error))?
                    .clone()
                    .with_name(RIGHT),
            ]);
            let compared = Expr::column(LEFT).binary(Binary::Equal, Expr::column(RIGHT));
            if compared.resolve(&both).is_err() {
                return Err(Error::WrongType {
                    what: format!("the key `{right_name}` of the right side").into(),
                    found: graph_core::type_name(both.field(1).data_type()).into(),
                    expected: "of a type that can equal the key of the left side",
                });
            }
        }
        if matches!(options.kind, JoinKind::Semi | JoinKind::Anti) {
            return Ok(());
        }
        let names: Vec<&str> = self.column_names().collect();
        let added = right.column_names().filter(|name| !right_on.iter().any(|key| key == name));
        let renamed = added.map(|name| match names.contains(&name) {
            true => format!("{name}{}", options.suffix),
            false => name.to_owned(),
        });
        let all: Vec<String> = names.iter().map(|&name| name.to_owned()).chain(renamed).collect();
        super::rows::no_duplicates(&all)
    }

    /// About how many rows the join would have.
    ///
    /// Of a side with more than a million rows about that many are looked at, chosen evenly and the
    /// same each time; pairs of equal keys among them tell of all. With fewer rows the number is exact
    /// for inner joins, and for left and full ones at most the unmatched rows too high. Of semi and anti joins it is that of
    /// all rows of the left side.
    ///
    /// # Errors
    ///
    /// Those of [`collect`](Self::collect).
    pub fn estimate_join(
        &self,
        right: &Self,
        options: &JoinOptions,
        control: &Control,
    ) -> Result<u64> {
        self.check_join(right, options)?;
        self.join_rows(right, options, 0, control)
    }

    /// As [`estimate_join`](Self::estimate_join); or what the join cannot have more than, if the keys of the smaller side
    /// tell that this is at most `enough`: those of the other side are not looked at then.
    pub(super) fn join_rows(
        &self,
        right: &Self,
        options: &JoinOptions,
        enough: u64,
        control: &Control,
    ) -> Result<u64> {
        let n_left = self.count(control)?;
        if matches!(options.kind, JoinKind::Semi | JoinKind::Anti) {
            return Ok(n_left);
        }
        let n_right = right.count(control)?;
        let unmatched = match options.kind {
            JoinKind::Left => n_left,
            JoinKind::Full => n_left.saturating_add(n_right),
            _ => 0,
        };
        let most = n_left.saturating_mul(n_right);
        if options.kind == JoinKind::Cross || most.saturating_add(unmatched) <= enough {
            return Ok(most.saturating_add(unmatched));
        }
        let nulls = options.nulls_equal;
        let (small, on, n_small, n_other) = match n_left < n_right {
            true => (self, &options.left_on, n_left, n_right),
            false => (right, &options.right_on, n_right, n_left),
        };
        let at_most = |alike: u64| n_other.saturating_mul(alike).saturating_add(unmatched);
        // Rows that are in memory need no groups to tell that they are few for each key.
        if enough > 0
            && n_small <= ESTIMATE_ROWS
            && let Some(alike) = small.multiplicity(on, nulls, control)?
            && at_most(alike) <= enough
        {
            return Ok(at_most(alike));
        }
        let (mut left_share, mut left) = self.key_counts(&options.left_on, n_left, LEFT, nulls)?;
        let (mut right_share, mut right) =
            right.key_counts(&options.right_on, n_right, RIGHT, nulls)?;
        let (share, small, count) = match n_left < n_right {
            true => (&mut left_share, &mut left, LEFT),
            false => (&mut right_share, &mut right, RIGHT),
        };
        if *share == 1.0 {
            let counts = small.collect_frame(control)?;
            let most = counts.column(count).and_then(|counts| counts.f64().map(pl::ChunkAgg::max));
            let most = most.map_err(|error| Error::engine("estimating a join", &error))?;
            // Counts of rows are whole.
            let alike = most.unwrap_or(0.0) as u64;
            if at_most(alike) <= enough {
                return Ok(at_most(alike));
            }
            *small = Self::from_frame(counts)?;
        }
        let keyed = JoinOptions {
            left_on: left.column_names().filter(|&name| name != LEFT).map(str::to_owned).collect(),
            right_on: right
                .column_names()
                .filter(|&name| name != RIGHT)
                .map(str::to_owned)
                .collect(),
            limit: None,
            suffix: " graphlume".to_owned(),
            nulls_equal: options.nulls_equal,
            kind: JoinKind::Inner,
        };
        let pairs = Expr::column(LEFT).binary(Binary::Multiply, Expr::column(RIGHT));
        // Each key is there once on either side.
        let matched = Self { grows: false, ..left.join(&right, &keyed, control)? };
        let pairs = matched
            .group_by(&[] as &[&str], &[("pairs", Expr::aggregate(Aggregate::Sum, Some(pairs)))])?
            .collect_frame(control)?;
        let pairs = pairs.column("pairs").and_then(|pairs| pairs.f64().map(|pairs| pairs.get(0)));
        let pairs =
            pairs.map_err(|error| Error::engine("estimating a join", &error))?.unwrap_or(0.0);
        // A conversion to whole numbers keeps to their range.
        let inner = (pairs / (left_share * right_share)).round() as u64;
        Ok(inner.saturating_add(unmatched))
    }

    /// How many rows have the key that most rows have, of few that are in memory; `None` for others, and for keys that are
    /// not one column of integers or texts.
    fn multiplicity(&self, keys: &[String], nulls: bool, control: &Control) -> Result<Option<u64>> {
        let [key] = keys else { return Ok(None) };
        let has_codes = |kind: &DataType| kind.is_integer() || kind.is_string();
        let field = self.schema().field_with_name(key);
        if !self.is_held || !field.is_ok_and(|field| has_codes(field.data_type())) {
            return Ok(None);
        }
        let rows = self.select(keys)?.collect(control)?;
        largest_multiplicity(key, rows.column(0), nulls).map(Some)
    }

    /// The different keys among some of the rows, and in `count` how many rows have each; with the share
    /// of rows that were looked at.
    fn key_counts(
        &self,
        keys: &[String],
        n_rows: u64,
        count: &str,
        nulls: bool,
    ) -> Result<(f64, Self)> {
        let share = (ESTIMATE_ROWS as f64 / n_rows.max(1) as f64).min(1.0);
        let mut table = self.select(keys)?;
        if share < 1.0 {
            // Sides choose by different seeds: rows of one number may well have equal keys.
            let seed = u64::from(count == RIGHT);
            table = table.then(move |lazy| picked(row_number(lazy), share, seed))?;
        }
        if !nulls {
            let keys: Vec<_> = keys.iter().map(|key| column(key)).collect();
            table = table.then(move |lazy| {
                keys.iter().fold(lazy, |lazy, key| lazy.filter(key.clone().is_not_null()))
            })?;
        }
        let rows = Expr::new(crate::expr::Kind::Cast {
            operand: Box::new(Expr::aggregate(Aggregate::Count, None)),
            to: arrow::datatypes::DataType::Float64,
            or_null: false,
        });
        Ok((share, table.group_by(keys, &[(count, rows)])?))
    }

    /// The number of rows.
    ///
    /// # Errors
    ///
    /// Those of [`collect`](Self::collect).
    pub fn count(&self, control: &Control) -> Result<u64> {
        if let Some(frame) = self.held() {
            return Ok(frame.height() as u64);
        }
        let counted =
            self.then(|lazy| lazy.select([pl::len().cast(pl::DataType::UInt64).alias("rows")]))?;
        let counted = counted.of_many().collect_frame(control)?;
        let rows = counted.column("rows").and_then(|rows| rows.u64().map(|rows| rows.get(0)));
        Ok(rows.map_err(|error| Error::engine("counting rows", &error))?.unwrap_or(0))
    }
}

/// How many values of an integer or text column are alike, at most.
fn largest_multiplicity(key: &str, column: &ArrayRef, nulls: bool) -> Result<u64> {
    let column = match column.data_type() {
        DataType::UInt64 => Arc::clone(column),
        other if other.is_integer() => {
            let wide = cast(column, &DataType::Int64)?;
            let wide = wide.as_primitive::<Int64Type>();
            Arc::new(wide.unary::<_, UInt64Type>(i64::cast_unsigned)) as ArrayRef
        }
        _ => Arc::clone(column),
    };
    let factorized = factorize(key, &column)?;
    let mut counts = vec![0_u64; factorized.firsts.len()];
    for code in factorized.codes {
        // Nulls have a code beyond all others.
        if let Some(count) = counts.get_mut(code as usize) {
            *count += 1;
        }
    }
    let of_nulls = if nulls { column.null_count() as u64 } else { 0 };
    Ok(counts.into_iter().max().unwrap_or(0).max(of_nulls))
}
