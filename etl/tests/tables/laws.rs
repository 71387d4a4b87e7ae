//! Laws of tables: verbs over random rows, against polars or a plain loop.
//!
//! Rows are given in one batch and in several, and read all at once and as they flow: neither changes the result.

mod groups;
mod joins;
mod rows;
mod spilled;
mod values;

use std::cmp::Ordering;
use std::fmt;

use arrow::array::AsArray;
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type, Int64Type, TimeUnit, TimestampMicrosecondType};
use graph_etl::expr::{Binary, Literal};
use polars::prelude as pl;
use polars::prelude::{IntoColumn, IntoLazy, NamedFrom};
use proptest::prelude::*;

use super::*;

/// A value of a row, in the order of a sort: a number that is none is the greatest one, and null comes last.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Cell {
    Truth(bool),
    Int(i64),
    /// Bits in the order of the numbers. Both zeros are one, as they are to every verb.
    Float(i64),
    Text(String),
    /// Microseconds since 1970.
    Time(i64),
    Null,
}

type Row = Vec<Cell>;

/// The columns of random rows: the first numbers them, so that each can be told from all others.
const NAMES: [&str; 6] = ["id", "i", "x", "s", "b", "at"];

impl Cell {
    fn float(value: f64) -> Self {
        // Adding zero takes the sign of the other zero.
        let value = if value.is_nan() { f64::NAN } else { value + 0.0 };
        Self::Float(ordered(value.to_bits() as i64))
    }

    fn number(&self) -> Option<f64> {
        match self {
            Self::Int(value) | Self::Time(value) => Some(*value as f64),
            Self::Float(bits) => Some(f64::from_bits(ordered(*bits) as u64)),
            _ => None,
        }
    }

    fn int(&self) -> Option<i64> {
        match self {
            Self::Int(value) | Self::Time(value) => Some(*value),
            _ => None,
        }
    }

    fn text(&self) -> Option<&str> {
        match self {
            Self::Text(value) => Some(value),
            _ => None,
        }
    }

    fn truth(&self) -> Option<bool> {
        match self {
            Self::Truth(value) => Some(*value),
            _ => None,
        }
    }

    /// Whether both are the same, but for the last digits of sums that were made in another order: a part in 10⁹.
    fn is_near(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Float(_), Self::Float(_)) if self != other => {
                let (a, b) = (self.number().unwrap(), other.number().unwrap());
                (a - b).abs() <= 1e-9 * a.abs().max(b.abs()).max(1.0)
            }
            _ => self == other,
        }
    }
}

impl fmt::Debug for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Truth(value) => write!(f, "{value}"),
            Self::Int(value) => write!(f, "{value}"),
            Self::Float(_) => write!(f, "{:?}", self.number().unwrap()),
            Self::Text(value) => write!(f, "{value:?}"),
            Self::Time(value) => write!(f, "@{value}"),
            Self::Null => f.write_str("null"),
        }
    }
}

/// Bits of a number as a whole number of the same order, and back.
fn ordered(bits: i64) -> i64 {
    bits ^ (((bits >> 63) as u64) >> 1) as i64
}

/// The place of a column of random rows.
fn at(name: &str) -> usize {
    NAMES.iter().position(|&known| known == name).unwrap()
}

/// The values that a column has, besides null: few, so that rows agree.
fn domain(name: &str) -> Vec<Cell> {
    match name {
        "i" => (-3..=3).map(Cell::Int).collect(),
        // Sums of these are exact in any order.
        "x" => [-2.5, 0.0, 0.25, 1.0, 4096.0, f64::NAN].map(Cell::float).to_vec(),
        "s" => ["", "a", "ab", "b", "ä", "z y"].map(|text| Cell::Text(text.to_owned())).to_vec(),
        "b" => [false, true].map(Cell::Truth).to_vec(),
        _ => [-1_000_000, 0, 1, 5_000_000, 86_400_000_000].map(Cell::Time).to_vec(),
    }
}

fn any_cell(name: &str) -> BoxedStrategy<Cell> {
    prop_oneof![1 => Just(Cell::Null), 4 => prop::sample::select(domain(name))].boxed()
}

/// Random rows, and how many of them are in each of the first batches.
#[derive(Debug, Clone)]
struct Given {
    rows: Vec<Row>,
    pieces: Vec<usize>,
}

fn given(most: usize) -> impl Strategy<Value = Given> {
    let row: Vec<BoxedStrategy<Cell>> = NAMES.iter().map(|name| any_cell(name)).collect();
    let rows = prop::collection::vec(row, 0..=most);
    (rows, prop::collection::vec(0..30_usize, 0..4)).prop_map(|(mut rows, pieces)| {
        for (id, row) in (0..).zip(&mut rows) {
            row[0] = Cell::Int(id);
        }
        Given { rows, pieces }
    })
}

impl Given {
    /// The rows in one batch, and in several, some of which may be empty.
    fn tables(&self) -> [Table; 2] {
        let whole = batch_of(&self.rows);
        let (mut batches, mut rest) = (Vec::new(), &self.rows[..]);
        for &n in &self.pieces {
            let (piece, after) = rest.split_at(n.min(rest.len()));
            batches.push(batch_of(piece));
            rest = after;
        }
        batches.push(batch_of(rest));
        let divided = Table::from_batches(&whole.schema(), &batches).unwrap();
        [Table::from_batch(whole).unwrap(), divided]
    }

    /// The rows as polars has them.
    fn frame(&self) -> pl::LazyFrame {
        let rows = &self.rows;
        let ints = |column: usize| -> Vec<Option<i64>> {
            rows.iter().map(|row| row[column].int()).collect()
        };
        let x: Vec<Option<f64>> = rows.iter().map(|row| fraction(row)).collect();
        let s: Vec<Option<&str>> = rows.iter().map(|row| row[at("s")].text()).collect();
        let b: Vec<Option<bool>> = rows.iter().map(|row| row[at("b")].truth()).collect();
        let times = pl::Series::new("at".into(), ints(at("at")));
        let times = times.cast(&pl::DataType::Datetime(pl::TimeUnit::Microseconds, None)).unwrap();
        let columns = vec![
            pl::Series::new("id".into(), ints(0)).into_column(),
            pl::Series::new("i".into(), ints(at("i"))).into_column(),
            pl::Series::new("x".into(), x).into_column(),
            pl::Series::new("s".into(), s).into_column(),
            pl::Series::new("b".into(), b).into_column(),
            times.into_column(),
        ];
        pl::DataFrame::new(rows.len(), columns).unwrap().lazy()
    }
}

/// The fraction of a row: every other zero is the one below.
fn fraction(row: &[Cell]) -> Option<f64> {
    let value = row[at("x")].number()?;
    let is_odd = matches!(row[0], Cell::Int(id) if id % 2 == 1);
    Some(if value == 0.0 && is_odd { -0.0 } else { value })
}

fn batch_of(rows: &[Row]) -> RecordBatch {
    let ints = |column: usize| -> ArrayRef {
        Arc::new(rows.iter().map(|row| row[column].int()).collect::<Int64Array>())
    };
    let x: Float64Array = rows.iter().map(|row| fraction(row)).collect();
    let s: StringArray = rows.iter().map(|row| row[at("s")].text()).collect();
    let b: BooleanArray = rows.iter().map(|row| row[at("b")].truth()).collect();
    let times: TimestampMicrosecondArray = rows.iter().map(|row| row[at("at")].int()).collect();
    batch(vec![
        ("id", ints(0)),
        ("i", ints(at("i"))),
        ("x", Arc::new(x)),
        ("s", Arc::new(s)),
        ("b", Arc::new(b)),
        ("at", Arc::new(times)),
    ])
}

/// The values of a column that a table gave.
fn cells(array: &ArrayRef) -> Vec<Cell> {
    match array.data_type() {
        DataType::Null => vec![Cell::Null; array.len()],
        DataType::Boolean => {
            array.as_boolean().iter().map(|value| value.map_or(Cell::Null, Cell::Truth)).collect()
        }
        DataType::Float64 => {
            let values = array.as_primitive::<Float64Type>();
            values.iter().map(|value| value.map_or(Cell::Null, Cell::float)).collect()
        }
        DataType::Timestamp(TimeUnit::Microsecond, None) => {
            let values = array.as_primitive::<TimestampMicrosecondType>();
            values.iter().map(|value| value.map_or(Cell::Null, Cell::Time)).collect()
        }
        DataType::Utf8View => {
            let text = |value: Option<&str>| match value {
                Some(value) => Cell::Text(value.to_owned()),
                None => Cell::Null,
            };
            array.as_string_view().iter().map(text).collect()
        }
        of if of.is_integer() => {
            let whole = cast(array, &DataType::Int64).unwrap();
            let values = whole.as_primitive::<Int64Type>();
            values.iter().map(|value| value.map_or(Cell::Null, Cell::Int)).collect()
        }
        other => panic!("no test has columns of {other}"),
    }
}

fn rows_in(batch: &RecordBatch) -> Vec<Row> {
    let columns: Vec<Vec<Cell>> = batch.columns().iter().map(cells).collect();
    (0..batch.num_rows())
        .map(|row| columns.iter().map(|column| column[row].clone()).collect())
        .collect()
}

fn read(table: &Table) -> Vec<Row> {
    rows_in(&table.collect(&Control::NONE).unwrap())
}

/// The values of a column of polars' own.
fn cell_of(value: &pl::AnyValue<'_>) -> Cell {
    match value.as_borrowed() {
        pl::AnyValue::Null => Cell::Null,
        pl::AnyValue::Boolean(value) => Cell::Truth(value),
        pl::AnyValue::String(value) => Cell::Text(value.to_owned()),
        pl::AnyValue::UInt32(value) => Cell::Int(i64::from(value)),
        pl::AnyValue::UInt64(value) => Cell::Int(value as i64),
        pl::AnyValue::Int32(value) => Cell::Int(i64::from(value)),
        pl::AnyValue::Int64(value) => Cell::Int(value),
        pl::AnyValue::Float64(value) => Cell::float(value),
        pl::AnyValue::Datetime(value, pl::TimeUnit::Microseconds, None) => Cell::Time(value),
        other => panic!("no test has {other:?}"),
    }
}

/// The rows that polars gives.
fn rows_of_polars(lazy: pl::LazyFrame) -> Vec<Row> {
    let frame = lazy.collect().unwrap();
    let column = |column: &pl::Column| -> Vec<Cell> {
        (0..frame.height()).map(|row| cell_of(&column.get(row).unwrap())).collect()
    };
    let columns: Vec<Vec<Cell>> = frame.columns().iter().map(column).collect();
    (0..frame.height())
        .map(|row| columns.iter().map(|column| column[row].clone()).collect())
        .collect()
}

/// What `verb` makes of the rows, however they are given and read.
fn results(given: &Given, verb: impl Fn(&Table) -> Result<Table>) -> Vec<Vec<Row>> {
    let mut results = Vec::new();
    for table in given.tables() {
        let made = verb(&table).unwrap();
        results.push(read(&made));
        let mut flown = Vec::new();
        let take = |batch: RecordBatch| {
            flown.extend(rows_in(&batch));
            Ok(())
        };
        made.for_each_batch(&Control::NONE, take).unwrap();
        results.push(flown);
    }
    results
}

/// `verb` must make exactly `expected` of the rows, in that order.
fn check(given: &Given, expected: &[Row], verb: impl Fn(&Table) -> Result<Table>) {
    for found in results(given, verb) {
        assert_eq!(found, expected);
    }
}

/// As [`check`], in any order.
fn check_set(given: &Given, expected: &[Row], verb: impl Fn(&Table) -> Result<Table>) {
    let expected = in_any_order(expected.to_vec());
    for found in results(given, verb) {
        assert_eq!(in_any_order(found), expected);
    }
}

/// As [`check`], where sums may differ by their last digits.
fn check_near(given: &Given, expected: &[Row], verb: impl Fn(&Table) -> Result<Table>) {
    for found in results(given, verb) {
        let is_near = |(row, other): (&Row, &Row)| {
            row.len() == other.len() && row.iter().zip(other).all(|(a, b)| a.is_near(b))
        };
        let are_near = found.len() == expected.len() && found.iter().zip(expected).all(is_near);
        assert!(are_near, "found    {found:?}\nexpected {expected:?}");
    }
}

fn in_any_order(mut rows: Vec<Row>) -> Vec<Row> {
    rows.sort();
    rows
}

/// The columns `names` of random rows.
fn only(rows: &[Row], names: &[&str]) -> Vec<Row> {
    let columns: Vec<usize> = names.iter().map(|name| at(name)).collect();
    rows.iter().map(|row| columns.iter().map(|&column| row[column].clone()).collect()).collect()
}

/// The order of two random rows in a sort.
fn order(left: &[Cell], right: &[Cell], keys: &[SortKey]) -> Ordering {
    for key in keys {
        let (l, r) = (&left[at(&key.column)], &right[at(&key.column)]);
        let found = match (l, r) {
            // Nulls come last, whichever way.
            (Cell::Null, _) | (_, Cell::Null) => l.cmp(r),
            _ if key.descending => r.cmp(l),
            _ => l.cmp(r),
        };
        if found != Ordering::Equal {
            return found;
        }
    }
    Ordering::Equal
}

fn sorted(rows: &[Row], keys: &[SortKey]) -> Vec<Row> {
    let mut sorted = rows.to_vec();
    // This sort keeps the order of rows that agree, as the verb does.
    sorted.sort_by(|left, right| order(left, right, keys));
    sorted
}

fn sort_keys() -> impl Strategy<Value = Vec<SortKey>> {
    let names = prop::sample::subsequence(NAMES[1..].to_vec(), 1..=3).prop_shuffle();
    (names, any::<[bool; 3]>()).prop_map(|(names, descending)| {
        let key =
            |(name, descending): (&str, bool)| SortKey { column: name.to_owned(), descending };
        names.into_iter().zip(descending).map(key).collect()
    })
}

/// Some of the columns, in any order.
fn some_names() -> impl Strategy<Value = Vec<&'static str>> {
    prop::sample::subsequence(NAMES.to_vec(), 1..=NAMES.len()).prop_shuffle()
}

/// A test of rows, as an expression of ours and as one of polars.
#[derive(Debug, Clone)]
enum Condition {
    Compare(&'static str, Binary, Cell),
    Columns(Binary),
    IsNull(&'static str),
    In(&'static str, Vec<Cell>),
    Not(Box<Self>),
    And(Box<Self>, Box<Self>),
    Or(Box<Self>, Box<Self>),
}

fn operator() -> impl Strategy<Value = Binary> {
    prop::sample::select(vec![
        Binary::Equal,
        Binary::NotEqual,
        Binary::Less,
        Binary::LessEqual,
        Binary::Greater,
        Binary::GreaterEqual,
        Binary::Same,
    ])
}

/// A column and some of its values, of those that constants can be.
fn constants(
    n: std::ops::RangeInclusive<usize>,
) -> impl Strategy<Value = (&'static str, Vec<Cell>)> {
    prop::sample::select(NAMES[1..].to_vec()).prop_flat_map(move |name| {
        let mut values = domain(name);
        values.retain(|value| value.number().is_none_or(f64::is_finite));
        let values = prop::collection::vec(prop::sample::select(values), n.clone());
        (Just(name), values)
    })
}

fn condition() -> impl Strategy<Value = Condition> {
    let compare = (constants(1..=1), operator()).prop_map(|((name, mut values), operator)| {
        // Truth has no order.
        let operator = if name == "b" { Binary::Equal } else { operator };
        Condition::Compare(name, operator, values.remove(0))
    });
    let is_in = (constants(1..=5), any::<bool>()).prop_map(|((name, mut values), has_null)| {
        if has_null {
            values.push(Cell::Null);
        }
        Condition::In(name, values)
    });
    let leaf = prop_oneof![
        3 => compare,
        1 => operator().prop_map(Condition::Columns),
        1 => prop::sample::select(NAMES[1..].to_vec()).prop_map(Condition::IsNull),
        2 => is_in,
    ];
    leaf.prop_recursive(3, 8, 2, |inner| {
        let two = (inner.clone(), inner.clone());
        prop_oneof![
            inner.prop_map(|one| Condition::Not(Box::new(one))),
            two.clone().prop_map(|(a, b)| Condition::And(Box::new(a), Box::new(b))),
            two.prop_map(|(a, b)| Condition::Or(Box::new(a), Box::new(b))),
        ]
    })
}

impl Condition {
    fn ours(&self) -> Expr {
        match self {
            Self::Compare(name, operator, value) => {
                Expr::column(*name).binary(*operator, our_constant(value))
            }
            Self::Columns(operator) => Expr::column("id").binary(*operator, Expr::column("i")),
            Self::IsNull(name) => Expr::column(*name).is_null(),
            Self::In(name, values) => {
                Expr::column(*name).is_in(values.iter().map(our_constant).collect())
            }
            Self::Not(one) => one.ours().not(),
            Self::And(a, b) => a.ours().and(b.ours()),
            Self::Or(a, b) => a.ours().or(b.ours()),
        }
    }

    fn of_polars(&self) -> pl::Expr {
        match self {
            Self::Compare(name, operator, value) => {
                compared(pl::col(*name), *operator, polars_constant(value))
            }
            Self::Columns(operator) => compared(pl::col("id"), *operator, pl::col("i")),
            Self::IsNull(name) => pl::col(*name).is_null(),
            Self::In(name, values) => {
                let equal = |value: &Cell| pl::col(*name).eq(polars_constant(value));
                let found = values.iter().filter(|value| **value != Cell::Null).map(equal);
                let found = found.fold(pl::lit(false), pl::Expr::or);
                // What is not found could be what is not known.
                match values.contains(&Cell::Null) {
                    true => pl::when(found).then(pl::lit(true)).otherwise(pl::lit(pl::NULL)),
                    false => {
                        pl::when(pl::col(*name).is_null()).then(pl::lit(pl::NULL)).otherwise(found)
                    }
                }
            }
            Self::Not(one) => one.of_polars().not(),
            Self::And(a, b) => a.of_polars().and(b.of_polars()),
            Self::Or(a, b) => a.of_polars().or(b.of_polars()),
        }
    }
}

fn compared(left: pl::Expr, operator: Binary, right: pl::Expr) -> pl::Expr {
    match operator {
        Binary::Equal => left.eq(right),
        Binary::NotEqual => left.neq(right),
        Binary::Less => left.lt(right),
        Binary::LessEqual => left.lt_eq(right),
        Binary::Greater => left.gt(right),
        Binary::GreaterEqual => left.gt_eq(right),
        Binary::Same => left.eq_missing(right),
        other => panic!("{other:?} compares nothing"),
    }
}

fn our_constant(value: &Cell) -> Expr {
    Expr::literal(match value {
        Cell::Truth(value) => Literal::Boolean(*value),
        Cell::Int(value) => Literal::Integer(i128::from(*value)),
        Cell::Float(_) => Literal::Float(value.number().unwrap()),
        Cell::Text(value) => Literal::Text(value.clone()),
        Cell::Time(value) => Literal::Timestamp { micros: *value, utc: false },
        Cell::Null => Literal::Null,
    })
}

fn polars_constant(value: &Cell) -> pl::Expr {
    match value {
        Cell::Truth(value) => pl::lit(*value),
        Cell::Int(value) => pl::lit(*value),
        Cell::Float(_) => pl::lit(value.number().unwrap()),
        Cell::Text(value) => pl::lit(value.clone()),
        Cell::Time(value) => {
            pl::lit(*value).cast(pl::DataType::Datetime(pl::TimeUnit::Microseconds, None))
        }
        Cell::Null => pl::lit(pl::NULL),
    }
}

fn cases(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}
