//! Values as PostgreSQL sends them in binary, into Arrow columns.
//!
//! | PostgreSQL | Arrow |
//! |---|---|
//! | `boolean` | `Boolean` |
//! | `smallint`, `integer`, `bigint`, `oid`, `"char"` | `Int16`, `Int32`, `Int64`, `UInt32`, `Int8` |
//! | `real`, `double precision` | `Float32`, `Float64` |
//! | `numeric(p, s)` with `p ≤ 38` and `0 ≤ s ≤ p` | `Decimal128(p, s)` |
//! | other `numeric`, also sums of it | `Float64`, the nearest |
//! | `text`, `varchar`, `char(n)`, `name`, `citext`, `xml`, enumerations | text |
//! | `json`, `jsonb`, `uuid` | text |
//! | `bytea` | binary |
//! | `date`, `time`, `timestamp` | `Date32`, `Time64`, `Timestamp` in microseconds |
//! | `timestamptz` | `Timestamp` in microseconds, UTC |
//! | arrays of one dimension of these | `List` |
//! | domains | as what they are made of |

use std::error::Error;
use std::fmt::Write;
use std::str;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BinaryViewBuilder, BooleanBuilder, Date32Builder, Decimal128Builder, Float32Builder,
    Float64Builder, Int8Builder, Int16Builder, Int32Builder, Int64Builder, ListArray,
    StringViewBuilder, Time64MicrosecondBuilder, TimestampMicrosecondBuilder, UInt32Builder,
};
use arrow::buffer::{NullBuffer, OffsetBuffer, ScalarBuffer};
use arrow::datatypes::{DataType, Field, TimeUnit};
use postgres::types::{FromSql, Kind, Type};

use crate::source::error::Fault;

/// A value as it was sent.
pub(super) struct Raw<'a>(pub(super) &'a [u8]);

impl<'a> FromSql<'a> for Raw<'a> {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Self(raw))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

/// What is wrong with a value, as the end of a sentence.
type Reason = Box<str>;

/// One column of the result, as long as a batch is open.
pub(super) struct Column {
    pub(super) name: Box<str>,
    values: Values,
}

impl Column {
    /// A column of a type, with the modifier that says precision and scale of numbers.
    pub(super) fn new(name: &str, kind: &Type, modifier: i32) -> Result<Self, Fault> {
        match Values::new(kind, modifier) {
            Some(values) => Ok(Self { name: name.into(), values }),
            None => Err(Fault::ColumnType { column: name.into(), found: kind.name().into() }),
        }
    }

    pub(super) fn push(&mut self, raw: Option<&[u8]>) -> Result<(), Reason> {
        self.values.push(raw)
    }

    pub(super) fn data_type(&self) -> DataType {
        self.values.data_type()
    }

    /// The values since the last call.
    pub(super) fn finish(&mut self) -> Result<ArrayRef, Fault> {
        self.values.finish()
    }
}

enum Values {
    Boolean(BooleanBuilder),
    Int8(Int8Builder),
    Int16(Int16Builder),
    Int32(Int32Builder),
    Int64(Int64Builder),
    UInt32(UInt32Builder),
    Float32(Float32Builder),
    Float64(Float64Builder),
    Decimal(Decimal128Builder, u8, i8),
    Numeric(Float64Builder),
    Text(StringViewBuilder),
    /// JSON text behind a byte that says its version.
    Jsonb(StringViewBuilder),
    Uuid(StringViewBuilder),
    Binary(BinaryViewBuilder),
    Date(Date32Builder),
    Time(Time64MicrosecondBuilder),
    Timestamp(TimestampMicrosecondBuilder, Option<Arc<str>>),
    List(Box<List>),
}

/// Lists: the entries of all of them, and where each ends.
struct List {
    entries: Values,
    n_entries: i32,
    ends: Vec<i32>,
    valid: Vec<bool>,
}

impl Values {
    /// `None` for a type that is not read.
    fn new(kind: &Type, modifier: i32) -> Option<Self> {
        match kind.kind() {
            Kind::Domain(inner) => return Self::new(inner, modifier),
            Kind::Enum(_) => return Some(Self::Text(StringViewBuilder::new())),
            Kind::Array(entry) => {
                let entries = Self::new(entry, modifier)?;
                let list = List { entries, n_entries: 0, ends: Vec::new(), valid: Vec::new() };
                return Some(Self::List(Box::new(list)));
            }
            Kind::Simple => {}
            _ => return None,
        }
        Some(match *kind {
            Type::BOOL => Self::Boolean(BooleanBuilder::new()),
            Type::CHAR => Self::Int8(Int8Builder::new()),
            Type::INT2 => Self::Int16(Int16Builder::new()),
            Type::INT4 => Self::Int32(Int32Builder::new()),
            Type::INT8 => Self::Int64(Int64Builder::new()),
            Type::OID => Self::UInt32(UInt32Builder::new()),
            Type::FLOAT4 => Self::Float32(Float32Builder::new()),
            Type::FLOAT8 => Self::Float64(Float64Builder::new()),
            Type::NUMERIC => match precision_and_scale(modifier) {
                Some((precision, scale)) => Self::Decimal(
                    Decimal128Builder::new().with_precision_and_scale(precision, scale).ok()?,
                    precision,
                    scale,
                ),
                None => Self::Numeric(Float64Builder::new()),
            },
            Type::TEXT
            | Type::VARCHAR
            | Type::BPCHAR
            | Type::NAME
            | Type::JSON
            | Type::XML
            | Type::UNKNOWN => Self::Text(StringViewBuilder::new()),
            Type::JSONB => Self::Jsonb(StringViewBuilder::new()),
            Type::UUID => Self::Uuid(StringViewBuilder::new()),
            Type::BYTEA => Self::Binary(BinaryViewBuilder::new()),
            Type::DATE => Self::Date(Date32Builder::new()),
            Type::TIME => Self::Time(Time64MicrosecondBuilder::new()),
            Type::TIMESTAMP => Self::Timestamp(TimestampMicrosecondBuilder::new(), None),
            Type::TIMESTAMPTZ => {
                Self::Timestamp(TimestampMicrosecondBuilder::new(), Some("UTC".into()))
            }
            // It comes with an extension, so that its number differs between databases.
            _ if kind.name() == "citext" => Self::Text(StringViewBuilder::new()),
            _ => return None,
        })
    }

    fn data_type(&self) -> DataType {
        match self {
            Self::Boolean(_) => DataType::Boolean,
            Self::Int8(_) => DataType::Int8,
            Self::Int16(_) => DataType::Int16,
            Self::Int32(_) => DataType::Int32,
            Self::Int64(_) => DataType::Int64,
            Self::UInt32(_) => DataType::UInt32,
            Self::Float32(_) => DataType::Float32,
            Self::Float64(_) | Self::Numeric(_) => DataType::Float64,
            Self::Decimal(_, precision, scale) => DataType::Decimal128(*precision, *scale),
            Self::Text(_) | Self::Jsonb(_) | Self::Uuid(_) => DataType::Utf8View,
            Self::Binary(_) => DataType::BinaryView,
            Self::Date(_) => DataType::Date32,
            Self::Time(_) => DataType::Time64(TimeUnit::Microsecond),
            Self::Timestamp(_, zone) => DataType::Timestamp(TimeUnit::Microsecond, zone.clone()),
            Self::List(list) => DataType::List(list.field()),
        }
    }

    fn push(&mut self, raw: Option<&[u8]>) -> Result<(), Reason> {
        /// Appends what a function makes of the bytes, or a null.
        macro_rules! append {
            ($values:expr, $decode:expr) => {
                match raw {
                    Some(raw) => $values.append_value($decode(raw)?),
                    None => $values.append_null(),
                }
            };
        }
        match self {
            Self::Boolean(values) => append!(values, |raw| Ok::<_, Reason>(fixed(raw)? != [0])),
            Self::Int8(values) => append!(values, |raw| fixed(raw).map(i8::from_be_bytes)),
            Self::Int16(values) => append!(values, |raw| fixed(raw).map(i16::from_be_bytes)),
            Self::Int32(values) => append!(values, |raw| fixed(raw).map(i32::from_be_bytes)),
            Self::Int64(values) => append!(values, |raw| fixed(raw).map(i64::from_be_bytes)),
            Self::UInt32(values) => append!(values, |raw| fixed(raw).map(u32::from_be_bytes)),
            Self::Float32(values) => append!(values, |raw| fixed(raw).map(f32::from_be_bytes)),
            Self::Float64(values) => append!(values, |raw| fixed(raw).map(f64::from_be_bytes)),
            Self::Decimal(values, precision, scale) => {
                append!(values, |raw| decimal(&numeric(raw)?, *precision, *scale));
            }
            Self::Numeric(values) => append!(values, |raw| numeric(raw)?.to_f64()),
            Self::Text(values) => append!(values, text),
            Self::Jsonb(values) => append!(values, |raw: &[u8]| match raw {
                [1, json @ ..] => Ok(text(json)?.to_owned()),
                _ => Err::<_, Reason>("the binary JSON is of an unknown version".into()),
            }),
            Self::Uuid(values) => append!(values, uuid),
            Self::Binary(values) => append!(values, Ok::<_, Reason>),
            Self::Date(values) => append!(values, date),
            Self::Time(values) => append!(values, time),
            Self::Timestamp(values, _) => append!(values, timestamp),
            Self::List(list) => return list.push(raw),
        }
        Ok(())
    }

    fn finish(&mut self) -> Result<ArrayRef, Fault> {
        Ok(match self {
            Self::Boolean(values) => Arc::new(values.finish()),
            Self::Int8(values) => Arc::new(values.finish()),
            Self::Int16(values) => Arc::new(values.finish()),
            Self::Int32(values) => Arc::new(values.finish()),
            Self::Int64(values) => Arc::new(values.finish()),
            Self::UInt32(values) => Arc::new(values.finish()),
            Self::Float32(values) => Arc::new(values.finish()),
            Self::Float64(values) | Self::Numeric(values) => Arc::new(values.finish()),
            Self::Decimal(values, ..) => Arc::new(values.finish()),
            Self::Text(values) | Self::Jsonb(values) | Self::Uuid(values) => {
                Arc::new(values.finish())
            }
            Self::Binary(values) => Arc::new(values.finish()),
            Self::Date(values) => Arc::new(values.finish()),
            Self::Time(values) => Arc::new(values.finish()),
            Self::Timestamp(values, zone) => {
                Arc::new(values.finish().with_timezone_opt(zone.clone()))
            }
            Self::List(list) => list.finish()?,
        })
    }
}

impl List {
    fn field(&self) -> Arc<Field> {
        Arc::new(Field::new("item", self.entries.data_type(), true))
    }

    /// Number of dimensions, whether there are nulls, the type of entries, for each dimension its
    /// length and first index; then for each entry its length, or -1 for null, and its bytes.
    fn push(&mut self, raw: Option<&[u8]>) -> Result<(), Reason> {
        if let Some(mut raw) = raw {
            let n_dimensions = take(&mut raw).map(i32::from_be_bytes)?;
            take::<8>(&mut raw)?;
            if 1 < n_dimensions {
                return Err(
                    format!("the array has {n_dimensions} dimensions; only one is read").into()
                );
            }
            let n_entries = match n_dimensions {
                1 => take(&mut raw).map(i32::from_be_bytes)?,
                _ => 0,
            };
            if n_dimensions == 1 {
                take::<4>(&mut raw)?;
            }
            for _ in 0..n_entries {
                let length = take(&mut raw).map(i32::from_be_bytes)?;
                if length < 0 {
                    self.entries.push(None)?;
                    continue;
                }
                let (entry, rest) = raw.split_at_checked(length as usize).ok_or_else(cut_off)?;
                self.entries.push(Some(entry))?;
                raw = rest;
            }
            self.n_entries = self
                .n_entries
                .checked_add(n_entries)
                .ok_or("the arrays of one batch have more than 2^31 entries")?;
        }
        self.ends.push(self.n_entries);
        self.valid.push(raw.is_some());
        Ok(())
    }

    fn finish(&mut self) -> Result<ArrayRef, Fault> {
        let entries = self.entries.finish()?;
        let mut offsets = Vec::with_capacity(self.ends.len() + 1);
        offsets.push(0);
        offsets.append(&mut self.ends);
        self.n_entries = 0;
        let nulls = NullBuffer::from(std::mem::take(&mut self.valid));
        let offsets = OffsetBuffer::new(ScalarBuffer::from(offsets));
        Ok(Arc::new(ListArray::try_new(self.field(), offsets, entries, Some(nulls))?))
    }
}

fn cut_off() -> Reason {
    "the server sent fewer bytes than the value needs".into()
}

/// The value as an array of bytes of its size.
fn fixed<const N: usize>(raw: &[u8]) -> Result<[u8; N], Reason> {
    raw.try_into().map_err(|_| format!("the server sent {} bytes instead of {N}", raw.len()).into())
}

/// Takes the first bytes away.
fn take<const N: usize>(raw: &mut &[u8]) -> Result<[u8; N], Reason> {
    let (first, rest) = raw.split_first_chunk().ok_or_else(cut_off)?;
    *raw = rest;
    Ok(*first)
}

fn text(raw: &[u8]) -> Result<&str, Reason> {
    str::from_utf8(raw).map_err(|_| "the text is not UTF-8".into())
}

fn uuid(raw: &[u8]) -> Result<String, Reason> {
    let bytes: [u8; 16] = fixed(raw)?;
    let mut text = String::with_capacity(36);
    for (i, byte) in bytes.iter().enumerate() {
        if [4, 6, 8, 10].contains(&i) {
            text.push('-');
        }
        write!(text, "{byte:02x}").expect("writing to a string should not fail");
    }
    Ok(text)
}

/// Days between 1970-01-01 and 2000-01-01, where PostgreSQL begins to count.
const EPOCH_DAYS: i32 = 10_957;

fn date(raw: &[u8]) -> Result<i32, Reason> {
    match i32::from_be_bytes(fixed(raw)?) {
        i32::MIN | i32::MAX => Err("the date is infinite".into()),
        days => days.checked_add(EPOCH_DAYS).ok_or_else(|| "the date is too late".into()),
    }
}

fn time(raw: &[u8]) -> Result<i64, Reason> {
    const DAY: i64 = 86_400_000_000;
    match i64::from_be_bytes(fixed(raw)?) {
        micros @ 0..DAY => Ok(micros),
        _ => Err("the time of day is 24:00, which only PostgreSQL has".into()),
    }
}

fn timestamp(raw: &[u8]) -> Result<i64, Reason> {
    const EPOCH: i64 = EPOCH_DAYS as i64 * 86_400_000_000;
    match i64::from_be_bytes(fixed(raw)?) {
        i64::MIN | i64::MAX => Err("the timestamp is infinite".into()),
        micros => micros.checked_add(EPOCH).ok_or_else(|| "the timestamp is too late".into()),
    }
}

/// Precision and scale of `numeric(p, s)`, if `Decimal128` has such.
fn precision_and_scale(modifier: i32) -> Option<(u8, i8)> {
    // The four bytes of a length word are counted in every modifier; -1 stands for none.
    let packed = modifier.checked_sub(4).filter(|&packed| 0 <= packed)?;
    let precision = u8::try_from(packed >> 16).ok().filter(|&p| p <= 38)?;
    // The scale is a signed number of eleven bits.
    let scale = ((packed & 0x7ff) ^ 1024) - 1024;
    let scale = i8::try_from(scale).ok().filter(|&s| 0 <= s && s as u8 <= precision)?;
    Some((precision, scale))
}

/// A number as PostgreSQL keeps it: digits to the base 10,000.
enum Numeric {
    /// `± Σ digits[i] · 10000^(weight − i)`
    Finite { negative: bool, weight: i32, digits: Vec<u16> },
    /// Not a number, or an infinity.
    Special(f64),
}

fn numeric(mut raw: &[u8]) -> Result<Numeric, Reason> {
    let n_digits = take(&mut raw).map(u16::from_be_bytes)?;
    let weight = take(&mut raw).map(i16::from_be_bytes)?.into();
    let sign = take(&mut raw).map(u16::from_be_bytes)?;
    // How many decimals to show, which does not change the value.
    take::<2>(&mut raw)?;
    let negative = match sign {
        0 => false,
        0x4000 => true,
        0xc000 => return Ok(Numeric::Special(f64::NAN)),
        0xd000 => return Ok(Numeric::Special(f64::INFINITY)),
        0xf000 => return Ok(Numeric::Special(f64::NEG_INFINITY)),
        _ => return Err("the number has an unknown sign".into()),
    };
    let digits = (0..n_digits).map(|_| take(&mut raw).map(u16::from_be_bytes));
    let digits: Vec<_> = digits.collect::<Result<_, _>>()?;
    match digits.iter().all(|&digit| digit < 10_000) {
        true => Ok(Numeric::Finite { negative, weight, digits }),
        false => Err("the number has a digit beyond 9999".into()),
    }
}

impl Numeric {
    /// The nearest number, by way of the decimal text, which is rounded once.
    fn to_f64(&self) -> Result<f64, Reason> {
        match self {
            Self::Special(value) => Ok(*value),
            Self::Finite { negative, weight, digits } => {
                let mut text = String::from(if *negative { "-0" } else { "0" });
                for digit in digits {
                    write!(text, "{digit:04}").expect("writing to a string should not fail");
                }
                let exponent = 4 * (weight + 1 - digits.len() as i32);
                write!(text, "e{exponent}").expect("writing to a string should not fail");
                text.parse().map_err(|_| "the number cannot be read".into())
            }
        }
    }
}

/// The number times `10^scale`, which must be whole and have at most `precision` digits.
fn decimal(number: &Numeric, precision: u8, scale: i8) -> Result<i128, Reason> {
    let Numeric::Finite { negative, weight, digits } = number else {
        return Err("a decimal cannot be infinite or not a number".into());
    };
    let beyond = || format!("the number has more than {precision} digits");
    let mut value = 0_i128;
    for (i, &digit) in digits.iter().enumerate() {
        // The power of ten that the last decimal digit of this one stands for.
        let power = 4 * (weight - i as i32) + i32::from(scale);
        let part = match power {
            0.. => 10_i128
                .checked_pow(power as u32)
                .and_then(|ten| ten.checked_mul(digit.into()))
                .ok_or_else(beyond)?,
            _ => {
                let ten = 10_u16.checked_pow(power.unsigned_abs());
                match ten {
                    Some(ten) if digit % ten == 0 => (digit / ten).into(),
                    None if digit == 0 => 0,
                    _ => return Err(format!("the number has more than {scale} decimals").into()),
                }
            }
        };
        value = value.checked_add(part).ok_or_else(beyond)?;
    }
    match value < 10_i128.pow(precision.into()) {
        true => Ok(if *negative { -value } else { value }),
        false => Err(beyond().into()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// As the server would send `value · 10^-scale`.
    fn sent(value: i128, scale: u32) -> Vec<u8> {
        // Whole base-10,000 digits behind the point.
        let behind = scale.div_ceil(4);
        let mut rest = value.unsigned_abs() * 10_u128.pow(4 * behind - scale);
        let mut digits = Vec::new();
        while 0 < rest {
            digits.insert(0, (rest % 10_000) as u16);
            rest /= 10_000;
        }
        let weight = digits.len() as i16 - 1 - behind as i16;
        while digits.last() == Some(&0) {
            digits.pop();
        }
        let sign = if value < 0 { 0x4000_u16 } else { 0 };
        let head = [digits.len() as u16, weight as u16, sign, scale as u16];
        head.iter().chain(&digits).flat_map(|word| word.to_be_bytes()).collect()
    }

    proptest! {
        #[test]
        fn decimals_are_exact(value in -10_i128.pow(20)..10_i128.pow(20), scale in 0_u32..12) {
            let number = numeric(&sent(value, scale)).unwrap();
            prop_assert_eq!(decimal(&number, 38, scale as i8).unwrap(), value);
            prop_assert_eq!(decimal(&number, 38, scale as i8 + 3).unwrap(), value * 1000);
            let text = format!("{value}e-{scale}");
            prop_assert_eq!(number.to_f64().unwrap(), text.parse::<f64>().unwrap());
        }
    }

    #[test]
    fn decimals_that_do_not_fit_are_refused() {
        let number = numeric(&sent(123_456, 3)).unwrap();
        assert_eq!(decimal(&number, 6, 3).unwrap(), 123_456);
        assert!(decimal(&number, 5, 3).is_err());
        assert!(decimal(&number, 6, 2).is_err());
        assert!(decimal(&numeric(&sent(10_i128.pow(30), 0)).unwrap(), 38, 10).is_err());
        let nan = [0_u16, 0, 0xc000, 0].iter().flat_map(|word| word.to_be_bytes());
        let nan = numeric(&nan.collect::<Vec<_>>()).unwrap();
        assert!(nan.to_f64().unwrap().is_nan() && decimal(&nan, 38, 0).is_err());
        assert!(numeric(&sent(1, 0)[..9]).is_err());
    }

    #[test]
    fn precision_and_scale_are_unpacked() {
        let packed = |precision: i32, scale: i32| ((precision << 16) | (scale & 0x7ff)) + 4;
        assert_eq!(precision_and_scale(packed(12, 2)), Some((12, 2)));
        assert_eq!(precision_and_scale(packed(38, 38)), Some((38, 38)));
        assert_eq!(precision_and_scale(packed(39, 0)), None);
        assert_eq!(precision_and_scale(packed(2, 3)), None);
        assert_eq!(precision_and_scale(packed(2, -3)), None);
        assert_eq!(precision_and_scale(-1), None);
    }

    #[test]
    fn infinities_of_time_are_refused() {
        assert_eq!(date(&0_i32.to_be_bytes()).unwrap(), 10_957);
        assert!(date(&i32::MAX.to_be_bytes()).is_err());
        assert!(date(&(i32::MAX - 1).to_be_bytes()).is_err());
        assert_eq!(timestamp(&(-1_i64).to_be_bytes()).unwrap(), 946_684_799_999_999);
        assert!(timestamp(&i64::MIN.to_be_bytes()).is_err());
        assert!(time(&86_400_000_000_i64.to_be_bytes()).is_err());
    }
}
