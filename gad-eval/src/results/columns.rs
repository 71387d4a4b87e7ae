//! Lists of JSON that become columns while they are read.

use std::fmt;
use std::sync::Arc;

use arrow::array::{
    ArrayBuilder, ArrayRef, AsArray, BooleanArray, BooleanBuilder, Float64Array, Float64Builder,
    Int64Builder, LargeStringBuilder,
};
use arrow::buffer::{OffsetBuffer, ScalarBuffer};
use arrow::datatypes::{Float64Type, Int64Type};
use serde::Deserializer;
use serde::de::{DeserializeSeed, Error as _, SeqAccess, Visitor};

use super::AnomalyKinds;
use crate::Error;

/// A value that is no list.
#[derive(Debug, Clone, Copy)]
pub(super) enum Scalar<'a> {
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(&'a str),
}

impl fmt::Display for Scalar<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(value) => value.fmt(f),
            Self::Int(value) => value.fmt(f),
            Self::Float(value) => value.fmt(f),
            Self::Text(value) => write!(f, "{value:?}"),
        }
    }
}

/// Where values go.
pub(super) trait Sink: Default {
    /// Takes the next value, or says what is wrong with it.
    fn take(&mut self, value: Scalar) -> Result<(), String>;
    fn len(&self) -> usize;

    /// What was wrong with a value, so that a caller can tell it from bad JSON.
    fn problem(&mut self) -> Option<Error> {
        None
    }
}

/// A sink that checks values as `S` does and keeps none of them.
#[derive(Debug, Default)]
pub(super) struct Counted<S> {
    sink: S,
    n: usize,
}

impl<S: Check> Sink for Counted<S> {
    fn take(&mut self, value: Scalar) -> Result<(), String> {
        self.sink.check(value, self.n)?;
        self.n += 1;
        Ok(())
    }

    fn len(&self) -> usize {
        self.n
    }

    fn problem(&mut self) -> Option<Error> {
        self.sink.problem()
    }
}

/// What values must be, wherever they go.
pub(super) trait Check: Default {
    /// What the value means.
    type Value;

    /// The value at `place`, or what is wrong with it.
    fn check(&mut self, value: Scalar, place: usize) -> Result<Self::Value, String>;

    /// As that of a [`Sink`].
    fn problem(&mut self) -> Option<Error> {
        None
    }
}

/// A list of values, or of rows of them.
#[derive(Debug)]
pub(super) struct Nested<S> {
    name: &'static str,
    pub(super) sink: S,
    /// Where rows end, and whether there are rows; unknown before the first value.
    ends: Vec<i64>,
    in_rows: Option<bool>,
    /// Whether there is null instead of a list.
    pub(super) is_null: bool,
}

impl<S: Sink> Nested<S> {
    pub(super) fn new(name: &'static str) -> Self {
        Self { name, sink: S::default(), ends: vec![0], in_rows: None, is_null: false }
    }

    /// Whether values lie in rows.
    pub(super) fn is_in_rows(&self) -> bool {
        self.in_rows == Some(true)
    }

    /// The values, and where rows begin if there are rows.
    pub(super) fn finish(self) -> (S, Option<OffsetBuffer<i64>>) {
        let nested = self.is_in_rows();
        // Ends only grow, as values do.
        let rows = nested.then(|| OffsetBuffer::new(ScalarBuffer::from(self.ends)));
        (self.sink, rows)
    }

    /// Notes whether a value of the outer list is a row.
    fn note<E: serde::de::Error>(&mut self, nested: bool) -> Result<(), E> {
        match *self.in_rows.get_or_insert(nested) == nested {
            true => Ok(()),
            false => Err(E::custom(format_args!("`{}` mixes rows and single values", self.name))),
        }
    }
}

impl<'de, S: Sink> DeserializeSeed<'de> for &mut Nested<S> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(Place { list: self, depth: 0 })
    }
}

/// A value of a list, `depth` lists down.
struct Place<'a, S> {
    list: &'a mut Nested<S>,
    depth: u8,
}

impl<'de, S: Sink> DeserializeSeed<'de> for Place<'_, S> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<S: Sink> Place<'_, S> {
    fn take<E: serde::de::Error>(self, value: Scalar) -> Result<(), E> {
        if self.depth == 0 {
            if let Scalar::Null = value {
                self.list.is_null = true;
                return Ok(());
            }
            return Err(E::custom(format_args!("`{}` is {value}, no list", self.list.name)));
        }
        if self.depth == 1 {
            self.list.note(false)?;
        }
        self.list.sink.take(value).map_err(E::custom)
    }
}

/// Passes every kind of scalar on to `take`.
macro_rules! scalars {
    ($value:ty) => {
        fn visit_unit<E: serde::de::Error>(self) -> Result<$value, E> {
            self.take(Scalar::Null)
        }

        fn visit_bool<E: serde::de::Error>(self, value: bool) -> Result<$value, E> {
            self.take(Scalar::Bool(value))
        }

        fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<$value, E> {
            self.take(Scalar::Int(value))
        }

        fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<$value, E> {
            match i64::try_from(value) {
                Ok(value) => self.take(Scalar::Int(value)),
                // An id beyond the integers of a column is kept as its digits.
                Err(_) => self.take(Scalar::Text(&value.to_string())),
            }
        }

        fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<$value, E> {
            self.take(Scalar::Float(value))
        }

        fn visit_str<E: serde::de::Error>(self, value: &str) -> Result<$value, E> {
            self.take(Scalar::Text(value))
        }
    };
}

impl<'de, S: Sink> Visitor<'de> for Place<'_, S> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a list of values for `{}`", self.list.name)
    }

    scalars!(());

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        if self.depth == 2 {
            let problem = format!("`{}` is nested more than twice", self.list.name);
            return Err(A::Error::custom(problem));
        }
        if self.depth == 1 {
            self.list.note(true)?;
        }
        let depth = self.depth + 1;
        while items.next_element_seed(Place { list: &mut *self.list, depth })?.is_some() {}
        if self.depth == 1 {
            self.list.ends.push(self.list.sink.len() as i64);
        }
        Ok(())
    }
}

/// Scores: numbers, and null where there is none.
#[derive(Debug, Default)]
pub(super) struct Scores(Float64Builder);

impl Check for Scores {
    type Value = Option<f64>;

    fn check(&mut self, value: Scalar, place: usize) -> Result<Option<f64>, String> {
        match value {
            Scalar::Null => Ok(None),
            Scalar::Int(value) => Ok(Some(value as f64)),
            Scalar::Float(value) => Ok(Some(value)),
            Scalar::Bool(_) | Scalar::Text(_) => {
                Err(format!("score {place} is {value}, no number"))
            }
        }
    }
}

impl Sink for Scores {
    fn take(&mut self, value: Scalar) -> Result<(), String> {
        let score = self.check(value, self.len())?;
        self.0.append_option(score);
        Ok(())
    }

    fn len(&self) -> usize {
        self.0.len()
    }
}

impl Scores {
    pub(super) fn finish(mut self) -> Float64Array {
        self.0.finish()
    }
}

/// Labels: 0 and 1 in any spelling, and null where nobody knows.
#[derive(Debug, Default)]
pub(super) struct Labels {
    labels: BooleanBuilder,
    /// What was wrong.
    problem: Option<Error>,
}

impl Check for Labels {
    type Value = Option<bool>;

    fn check(&mut self, value: Scalar, place: usize) -> Result<Option<bool>, String> {
        match value {
            Scalar::Null => Ok(None),
            Scalar::Bool(label) => Ok(Some(label)),
            Scalar::Int(0) => Ok(Some(false)),
            Scalar::Int(1) => Ok(Some(true)),
            Scalar::Float(value) if value == 0.0 || value == 1.0 => Ok(Some(value == 1.0)),
            _ => {
                let value = value.to_string().into();
                self.problem = Some(Error::BadLabel { index: place, value });
                Err("a bad label".into())
            }
        }
    }

    fn problem(&mut self) -> Option<Error> {
        self.problem.take()
    }
}

impl Sink for Labels {
    fn take(&mut self, value: Scalar) -> Result<(), String> {
        let label = self.check(value, self.len())?;
        self.labels.append_option(label);
        Ok(())
    }

    fn len(&self) -> usize {
        self.labels.len()
    }

    fn problem(&mut self) -> Option<Error> {
        Check::problem(self)
    }
}

impl Labels {
    pub(super) fn finish(mut self) -> BooleanArray {
        self.labels.finish()
    }
}

/// Kinds of anomalies: names, and null for what has none.
impl Sink for AnomalyKinds {
    fn take(&mut self, value: Scalar) -> Result<(), String> {
        let added = match value {
            Scalar::Null => self.push(None),
            Scalar::Text(name) => self.push(Some(name)),
            other => self.push(Some(&other.to_string())),
        };
        added.map_err(too_many)
    }

    fn len(&self) -> usize {
        Self::len(self)
    }
}

impl Check for AnomalyKinds {
    type Value = ();

    fn check(&mut self, value: Scalar, _: usize) -> Result<(), String> {
        let known = match value {
            Scalar::Null => return Ok(()),
            Scalar::Text(name) => self.place(name),
            other => self.place(&other.to_string()),
        };
        known.map(drop).map_err(too_many)
    }
}

fn too_many(most: usize) -> String {
    format!("`anomaly_kinds` has more than {most} kinds")
}

/// Ids or times: integers as long as all are, else numbers, else strings.
#[derive(Debug)]
pub(super) enum Column {
    Ints(Int64Builder),
    Floats(Float64Builder),
    Texts(LargeStringBuilder),
}

impl Default for Column {
    fn default() -> Self {
        Self::Ints(Int64Builder::new())
    }
}

impl Sink for Column {
    fn take(&mut self, value: Scalar) -> Result<(), String> {
        match (&mut *self, value) {
            (Self::Ints(column), Scalar::Null) => column.append_null(),
            (Self::Floats(column), Scalar::Null) => column.append_null(),
            (Self::Texts(column), Scalar::Null) => column.append_null(),
            (Self::Ints(column), Scalar::Int(value)) => column.append_value(value),
            (Self::Floats(column), Scalar::Int(value)) => column.append_value(value as f64),
            (Self::Floats(column), Scalar::Float(value)) => column.append_value(value),
            (Self::Texts(column), Scalar::Text(value)) => column.append_value(value),
            (Self::Texts(column), value) => column.append_value(value.to_string()),
            (Self::Ints(column), Scalar::Float(value)) => {
                let before = column.finish();
                let mut column = Float64Builder::with_capacity(before.len() + 1);
                before.iter().for_each(|value| column.append_option(value.map(|v| v as f64)));
                column.append_value(value);
                *self = Self::Floats(column);
            }
            (_, value) => {
                *self = Self::Texts(self.texts());
                return self.take(value);
            }
        }
        Ok(())
    }

    fn len(&self) -> usize {
        match self {
            Self::Ints(column) => column.len(),
            Self::Floats(column) => column.len(),
            Self::Texts(column) => column.len(),
        }
    }
}

impl Column {
    /// The values so far as text.
    fn texts(&mut self) -> LargeStringBuilder {
        let mut texts = LargeStringBuilder::new();
        let before = std::mem::take(self).finish();
        match before.as_primitive_opt::<Int64Type>() {
            Some(ints) => ints.iter().for_each(|v| texts.append_option(v.map(|v| v.to_string()))),
            None => before
                .as_primitive::<Float64Type>()
                .iter()
                .for_each(|v| texts.append_option(v.map(|v| v.to_string()))),
        }
        texts
    }

    pub(super) fn finish(self) -> ArrayRef {
        match self {
            Self::Ints(mut column) => Arc::new(column.finish()),
            Self::Floats(mut column) => Arc::new(column.finish()),
            Self::Texts(mut column) => Arc::new(column.finish()),
        }
    }
}

impl Check for Column {
    type Value = ();

    /// A column takes whatever comes.
    fn check(&mut self, _: Scalar, _: usize) -> Result<(), String> {
        Ok(())
    }
}

/// Pairs of ends, which may lie in rows.
#[derive(Debug, Default)]
pub(super) struct Edges<S> {
    pub(super) sources: S,
    pub(super) targets: S,
}

impl<'de, S: Sink> DeserializeSeed<'de> for &mut Edges<S> {
    /// Whether there is a list.
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        let is_scalar = deserializer.deserialize_any(End { edges: self, end: None })?;
        Ok(!is_scalar)
    }
}

/// Number `end` of what a list holds: an end of an edge, an edge, or a row of edges.
struct End<'a, S> {
    edges: &'a mut Edges<S>,
    end: Option<usize>,
}

impl<'de, S: Sink> DeserializeSeed<'de> for End<'_, S> {
    /// Whether it was an end.
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<S: Sink> End<'_, S> {
    fn take<E: serde::de::Error>(self, value: Scalar) -> Result<bool, E> {
        let column = match self.end {
            None if matches!(value, Scalar::Null) => return Ok(true),
            None => return Err(E::custom(format_args!("`edges` is {value}, no list"))),
            Some(0) => &mut self.edges.sources,
            Some(1) => &mut self.edges.targets,
            Some(_) => {
                let edge = self.edges.targets.len() - 1;
                return Err(E::custom(format_args!("edge {edge} has more than two ends")));
            }
        };
        column.take(value).map_err(E::custom)?;
        Ok(true)
    }
}

impl<'de, S: Sink> Visitor<'de> for End<'_, S> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("edges as pairs of node ids")
    }

    scalars!(bool);

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<bool, A::Error> {
        let mut ends = 0;
        while let Some(is_end) =
            items.next_element_seed(End { edges: &mut *self.edges, end: Some(ends) })?
        {
            ends += usize::from(is_end);
        }
        let (sources, targets) = (self.edges.sources.len(), self.edges.targets.len());
        match sources == targets {
            true => Ok(false),
            false => Err(A::Error::custom(format_args!("edge {targets} has one end"))),
        }
    }
}
