//! The distinct values of a column, in order of first appearance.

use arrow::array::{
    Array, ArrayRef, AsArray, Decimal128Array, Decimal256Array, LargeStringArray, StringArray,
    StringViewArray, UInt64Array, make_array,
};
use arrow::buffer::{NullBuffer, ScalarBuffer};
use arrow::compute::cast;
use arrow::datatypes::{
    DataType as T, Date64Type, Float16Type, Float32Type, Float64Type, Int64Type, TimeUnit,
    UInt32Type, UInt64Type,
};
use graph_core::{Factorized, factorize};
use std::mem;
use std::sync::Arc;

use crate::hypergraph::text::{Form, Zone, per_second, push_decimal};
use crate::{Error, Result};

/// Code of a row that has no value.
pub(super) const MISSING: u32 = Factorized::NULL;

/// The values of a column as codes.
#[derive(Debug)]
pub(super) struct Distinct {
    /// Code of every row's value, [`MISSING`] where there is none; shape `[rows]`, until they are taken.
    pub(super) codes: ScalarBuffer<u32>,
    /// The row of each code's first appearance, ascending.
    pub(super) firsts: Vec<u32>,
    /// The first row without a value.
    pub(super) missing: Option<u32>,
    texts: Texts,
}

/// Where the text of a code comes from.
#[derive(Debug)]
enum Texts {
    /// The word of each code, and how words are written.
    Words(Vec<u64>, Form),
    /// The entry of each code in an array of strings.
    Strings(Entries, Vec<u32>),
}

/// An array of strings, of any layout.
#[derive(Debug)]
enum Entries {
    Small(StringArray),
    Large(LargeStringArray),
    Views(StringViewArray),
}

impl Entries {
    /// Those of `column`, which are views unless they lie end to end.
    fn of(column: &ArrayRef) -> Self {
        match column.data_type() {
            T::Utf8 => Self::Small(column.as_string().clone()),
            T::LargeUtf8 => Self::Large(column.as_string().clone()),
            _ => Self::Views(column.as_string_view().clone()),
        }
    }

    #[inline]
    fn value(&self, entry: usize) -> &str {
        match self {
            Self::Small(strings) => strings.value(entry),
            Self::Large(strings) => strings.value(entry),
            Self::Views(strings) => strings.value(entry),
        }
    }
}

/// Distinct strings, in the column that they are from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Strings<'a> {
    strings: &'a Entries,
    entries: &'a [u32],
}

impl<'a> Strings<'a> {
    /// The string with `code`.
    #[inline]
    pub(super) fn get(self, code: usize) -> &'a str {
        self.strings.value(self.entries[code] as usize)
    }
}

impl Distinct {
    /// Codes of the values of column `name`.
    ///
    /// Nulls and floats that are not numbers have no value. O(rows) time on average.
    ///
    /// # Errors
    ///
    /// [`Error::WrongType`] if values of that type have no text.
    #[expect(clippy::too_many_lines, reason = "an arm for each type")]
    pub(super) fn of(name: &str, column: &ArrayRef) -> Result<Self> {
        let refused = |expected| Error::WrongType {
            what: format!("column `{name}`").into(),
            found: graph_core::type_name(column.data_type()).into(),
            expected,
        };
        match column.data_type() {
            T::Null => Ok(Self {
                codes: vec![MISSING; column.len()].into(),
                firsts: vec![],
                missing: (!column.is_empty()).then_some(0),
                texts: Texts::Words(vec![], Form::Int),
            }),
            T::Utf8 | T::LargeUtf8 | T::Utf8View => Self::of_strings(name, column),
            T::Dictionary(_, _) => {
                let dictionary = column.as_any_dictionary();
                let entries = Self::of(name, dictionary.values())?;
                let keys = cast(&make_array(dictionary.keys().to_data()), &T::UInt32)?;
                Ok(entries.by_key(keys.as_primitive::<UInt32Type>().iter()))
            }
            T::Boolean => {
                let flags = column.as_boolean();
                let words: Vec<_> = flags.values().iter().map(u64::from).collect();
                Self::of_words(name, words, column.nulls(), Form::Bool)
            }
            T::Int8 | T::Int16 | T::Int32 | T::Int64 => {
                Self::of_words(name, signed(column)?, column.nulls(), Form::Int)
            }
            T::UInt8 | T::UInt16 | T::UInt32 | T::UInt64 => {
                let wide = cast(column, &T::UInt64)?;
                let words = wide.as_primitive::<UInt64Type>().values();
                Self::of_words(name, words.clone(), column.nulls(), Form::Unsigned)
            }
            T::Float16 => {
                let values = column.as_primitive::<Float16Type>().values();
                let words: Vec<_> = values.iter().map(|value| u64::from(value.to_bits())).collect();
                let numbers = numbers(column, values.iter().map(|value| !value.is_nan()));
                Self::of_words(name, words, numbers.as_ref(), Form::Half)
            }
            T::Float32 => {
                let values = column.as_primitive::<Float32Type>().values();
                let words: Vec<_> = values.iter().map(|value| u64::from(value.to_bits())).collect();
                let numbers = numbers(column, values.iter().map(|value| !value.is_nan()));
                Self::of_words(name, words, numbers.as_ref(), Form::Single)
            }
            T::Float64 => {
                let values = column.as_primitive::<Float64Type>().values();
                let words: Vec<_> = values.iter().map(|value| value.to_bits()).collect();
                let numbers = numbers(column, values.iter().map(|value| !value.is_nan()));
                Self::of_words(name, words, numbers.as_ref(), Form::Double)
            }
            T::Date32 => {
                Self::of_words(name, signed(&cast(column, &T::Int32)?)?, column.nulls(), Form::Date)
            }
            T::Date64 => {
                let values = column.as_primitive::<Date64Type>().values();
                let days = values.iter().map(|v| v.div_euclid(86_400_000).cast_unsigned());
                Self::of_words(name, days.collect::<Vec<_>>(), column.nulls(), Form::Date)
            }
            T::Time32(unit) | T::Time64(unit) => {
                let narrow =
                    if matches!(column.data_type(), T::Time32(_)) { T::Int32 } else { T::Int64 };
                let form = Form::Time { per_second: per_second(*unit) };
                Self::of_words(name, signed(&cast(column, &narrow)?)?, column.nulls(), form)
            }
            T::Timestamp(unit, zone) => {
                let zone = match zone {
                    None => None,
                    Some(name) => Some(
                        Zone::parse(name).ok_or_else(|| refused("of a time zone that is known"))?,
                    ),
                };
                let of = |words: &mut dyn Iterator<Item = u64>, unit: TimeUnit| {
                    Form::timestamp(unit, zone.clone(), words)
                };
                Self::of_times(name, column, *unit, &of)
            }
            T::Duration(unit) => {
                Self::of_times(name, column, *unit, &|words, unit| Form::duration(unit, words))
            }
            T::Decimal32(precision, scale) | T::Decimal64(precision, scale) => {
                Self::of(name, &cast(column, &T::Decimal128(*precision, *scale))?)
            }
            T::Decimal128(_, scale) => {
                let values = column.as_any().downcast_ref::<Decimal128Array>();
                let values = values.expect("the type should be that of the array");
                Self::of_decimals(
                    name,
                    values.iter().map(|value| value.map(|v| v.to_string())),
                    *scale,
                )
            }
            T::Decimal256(_, scale) => {
                let values = column.as_any().downcast_ref::<Decimal256Array>();
                let values = values.expect("the type should be that of the array");
                Self::of_decimals(
                    name,
                    values.iter().map(|value| value.map(|v| v.to_string())),
                    *scale,
                )
            }
            _ => Err(refused("a number, a string, a boolean or a time to become entities")),
        }
    }

    /// Number of distinct values.
    pub(super) fn len(&self) -> usize {
        self.firsts.len()
    }

    /// Appends the text of the value with `code`.
    pub(super) fn push_text(&self, code: u32, out: &mut Vec<u8>) {
        match &self.texts {
            Texts::Words(words, form) => form.push(words[code as usize], out),
            Texts::Strings(strings, entries) => {
                let strings = Strings { strings, entries };
                out.extend_from_slice(strings.get(code as usize).as_bytes());
            }
        }
    }

    /// Whether values are strings, of any encoding.
    pub(super) fn is_string(&self) -> bool {
        matches!(self.texts, Texts::Strings(_, _))
    }

    /// The values, if they are strings.
    pub(super) fn strings(&self) -> Option<Strings<'_>> {
        match &self.texts {
            Texts::Strings(strings, entries) => Some(Strings { strings, entries }),
            Texts::Words(_, _) => None,
        }
    }

    /// The codes of all rows, which strings keep as well, since columns are made of them.
    pub(super) fn take_codes(&mut self) -> ScalarBuffer<u32> {
        if self.is_string() { self.codes.clone() } else { mem::take(&mut self.codes) }
    }

    fn of_times(
        name: &str,
        column: &ArrayRef,
        unit: TimeUnit,
        form: &dyn Fn(&mut dyn Iterator<Item = u64>, TimeUnit) -> Form,
    ) -> Result<Self> {
        let words = signed(&cast(column, &T::Int64)?)?;
        let nulls = column.nulls();
        let valid = |row: &usize| nulls.is_none_or(|nulls| nulls.is_valid(*row));
        let form = form(&mut (0..words.len()).filter(valid).map(|row| words[row]), unit);
        Self::of_words(name, words, nulls, form)
    }

    fn of_decimals(
        name: &str,
        values: impl Iterator<Item = Option<String>>,
        scale: i8,
    ) -> Result<Self> {
        let mut texts = arrow::array::StringViewBuilder::new();
        let mut text = Vec::new();
        for value in values {
            text.clear();
            let written = value.map(|digits| {
                push_decimal(&digits, i32::from(scale), &mut text);
                std::str::from_utf8(&text).expect("digits should be text")
            });
            texts.append_option(written);
        }
        Self::of_strings(name, &(Arc::new(texts.finish()) as ArrayRef))
    }

    /// Codes of words, where rows that `valid` excludes have no value.
    fn of_words(
        name: &str,
        words: impl Into<ScalarBuffer<u64>>,
        valid: Option<&NullBuffer>,
        form: Form,
    ) -> Result<Self> {
        let words: ScalarBuffer<u64> = words.into();
        let valid = valid.filter(|valid| valid.null_count() > 0);
        let ends = |(low, high): (i64, i64), word: i64| (low.min(word), high.max(word));
        let none = (i64::MAX, i64::MIN);
        let (low, high) = match valid {
            None => words.iter().map(|word| word.cast_signed()).fold(none, ends),
            Some(valid) => {
                valid.valid_indices().map(|row| words[row].cast_signed()).fold(none, ends)
            }
        };
        // Without a value there is no range, and nothing to look up.
        let (low, range) = match low <= high {
            true => (low.cast_unsigned(), high.wrapping_sub(low).cast_unsigned()),
            false => (0, 0),
        };
        // Integers that lie close together need no hashing.
        if range < 2 * words.len() as u64 + 1024 {
            let mut codes = Codes::new(words.len());
            let mut code_of = vec![MISSING; range as usize + 1];
            for (row, &word) in words.iter().enumerate() {
                if valid.is_some_and(|valid| valid.is_null(row)) {
                    codes.push_missing();
                    continue;
                }
                let slot = &mut code_of[word.wrapping_sub(low) as usize];
                if *slot == MISSING {
                    *slot = codes.firsts.len() as u32;
                }
                codes.push(*slot);
            }
            let of_code = codes.firsts.iter().map(|&row| words[row as usize]).collect();
            return Ok(codes.finish(Texts::Words(of_code, form)));
        }
        let column: ArrayRef = Arc::new(UInt64Array::new(words.clone(), valid.cloned()));
        let found = factorize(name, &column)?;
        let of_code = found.firsts.iter().map(|&row| words[row as usize]).collect();
        Ok(Self::factorized(found, &column, Texts::Words(of_code, form)))
    }

    fn of_strings(name: &str, column: &ArrayRef) -> Result<Self> {
        let found = factorize(name, column)?;
        let entries = found.firsts.clone();
        Ok(Self::factorized(found, column, Texts::Strings(Entries::of(column), entries)))
    }

    fn factorized(found: Factorized, column: &ArrayRef, texts: Texts) -> Self {
        let Factorized { codes, firsts } = found;
        let missing = match column.nulls() {
            None => None,
            Some(_) => codes.iter().position(|&code| code == MISSING).map(|row| row as u32),
        };
        Self { codes: codes.into(), firsts, missing, texts }
    }

    /// Codes of rows that name entries of this column by `keys`.
    fn by_key(self, keys: impl ExactSizeIterator<Item = Option<u32>>) -> Self {
        let mut codes = Codes::new(keys.len());
        let mut renumbered = vec![MISSING; self.len()];
        let mut kept: Vec<u32> = Vec::new();
        for key in keys {
            match key.map(|key| self.codes[key as usize]).filter(|&code| code != MISSING) {
                None => codes.push_missing(),
                Some(old) => {
                    let slot = &mut renumbered[old as usize];
                    if *slot == MISSING {
                        *slot = kept.len() as u32;
                        kept.push(old);
                    }
                    codes.push(*slot);
                }
            }
        }
        codes.finish(match self.texts {
            Texts::Words(words, form) => {
                Texts::Words(kept.iter().map(|&old| words[old as usize]).collect(), form)
            }
            Texts::Strings(strings, entries) => {
                Texts::Strings(strings, kept.iter().map(|&old| entries[old as usize]).collect())
            }
        })
    }
}

/// Codes as they are given out, row by row.
struct Codes {
    given: Vec<u32>,
    firsts: Vec<u32>,
    missing: Option<u32>,
}

impl Codes {
    fn new(rows: usize) -> Self {
        Self { given: Vec::with_capacity(rows), firsts: vec![], missing: None }
    }

    fn push(&mut self, code: u32) {
        if code as usize == self.firsts.len() {
            self.firsts.push(self.given.len() as u32);
        }
        self.given.push(code);
    }

    fn push_missing(&mut self) {
        self.missing.get_or_insert(self.given.len() as u32);
        self.given.push(MISSING);
    }

    fn finish(self, texts: Texts) -> Distinct {
        let Self { given: codes, firsts, missing } = self;
        Distinct { codes: codes.into(), firsts, missing, texts }
    }
}

/// Integers of up to 64 bits, as words; those of 64 are not copied.
fn signed(column: &ArrayRef) -> Result<ScalarBuffer<u64>> {
    let wide = cast(column, &T::Int64)?;
    let wide = wide.as_primitive::<Int64Type>().values();
    Ok(ScalarBuffer::new(wide.inner().clone(), 0, wide.len()))
}

/// Which rows are neither null nor not a number.
fn numbers(column: &ArrayRef, is_number: impl Iterator<Item = bool>) -> Option<NullBuffer> {
    let is_number = is_number.collect::<NullBuffer>();
    let both = NullBuffer::union(Some(&is_number), column.nulls());
    both.filter(|valid| valid.null_count() > 0)
}
