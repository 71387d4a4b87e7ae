//! Tables that grow cell by cell and find the types of their columns on the way.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanBuilder, Float64Builder, Int64Builder, LargeStringBuilder,
    RecordBatch, RecordBatchOptions, UInt64Builder, new_null_array,
};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Float64Type, Int64Type, Schema, UInt64Type};
use foldhash::fast::FixedState;
use hashbrown::HashMap;

use crate::Result;
use crate::export::free_name;

/// A cell as text formats spell it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Cell<'a> {
    Null,
    Bool(bool),
    Int(i64),
    /// Above the range of `Int`.
    UInt(u64),
    Float(f64),
    Text(&'a str),
}

/// A cell that keeps its text.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    Bool(bool),
    Int(i64),
    UInt(u64),
    Float(f64),
    Text(String),
}

impl Value {
    pub(crate) fn cell(&self) -> Cell<'_> {
        match self {
            Self::Bool(value) => Cell::Bool(*value),
            Self::Int(value) => Cell::Int(*value),
            Self::UInt(value) => Cell::UInt(*value),
            Self::Float(value) => Cell::Float(*value),
            Self::Text(value) => Cell::Text(value),
        }
    }
}

impl<'a> Cell<'a> {
    /// An integer in its narrowest variant.
    pub(crate) fn natural(value: u64) -> Self {
        i64::try_from(value).map_or(Self::UInt(value), Self::Int)
    }

    /// The integer that `text` spells as integers are written (no sign `+`, no leading zeros), else
    /// the text.
    pub(crate) fn int_or_text(text: &'a str) -> Self {
        let digits = text.strip_prefix('-').unwrap_or(text).as_bytes();
        let canonical = match digits {
            b"0" => digits.len() == text.len(),
            [b'1'..=b'9', rest @ ..] => rest.iter().all(u8::is_ascii_digit),
            _ => false,
        };
        if !canonical {
            return Self::Text(text);
        }
        match (text.parse(), text.parse()) {
            (Ok(int), _) => Self::Int(int),
            (_, Ok(natural)) => Self::UInt(natural),
            _ => Self::Text(text),
        }
    }
}

/// What the cells of a column have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Null,
    Bool,
    /// Integers of which none is negative.
    Natural,
    /// Integers of which some are negative.
    Int,
    /// Integers of which some are above the range of `i64` and none is negative.
    UInt,
    Float,
    Text,
}

impl Kind {
    fn of(cell: Cell<'_>) -> Self {
        match cell {
            Cell::Null => Self::Null,
            Cell::Bool(_) => Self::Bool,
            Cell::Int(value) if value < 0 => Self::Int,
            Cell::Int(_) => Self::Natural,
            Cell::UInt(_) => Self::UInt,
            Cell::Float(_) => Self::Float,
            Cell::Text(_) => Self::Text,
        }
    }

    /// The narrowest kind that holds both.
    fn join(self, other: Self) -> Self {
        use Kind::{Bool, Float, Int, Natural, Null, Text, UInt};
        match (self, other) {
            (a, b) if a == b => a,
            (Null, kind) | (kind, Null) => kind,
            (Natural, Int) | (Int, Natural) => Int,
            (Natural, UInt) | (UInt, Natural) => UInt,
            (Bool | Text, _) | (_, Bool | Text) => Text,
            (Natural | Int | UInt | Float, Natural | Int | UInt | Float) => Float,
        }
    }
}

#[derive(Debug)]
enum Data {
    Null(usize),
    Bool(BooleanBuilder),
    Int(Int64Builder),
    UInt(UInt64Builder),
    Float(Float64Builder),
    Text(LargeStringBuilder),
}

#[derive(Debug)]
struct Column {
    name: String,
    kind: Kind,
    data: Data,
    len: usize,
    /// The type that the file declares.
    declared: Option<DataType>,
    /// The name that the file gives the column, if it is another column's already.
    wanted: Option<String>,
    /// Whether a column without any value is left out.
    optional: bool,
}

impl Column {
    fn new(name: &str) -> Self {
        let name = name.to_owned();
        Self {
            name,
            kind: Kind::Null,
            data: Data::Null(0),
            len: 0,
            declared: None,
            wanted: None,
            optional: false,
        }
    }

    fn push(&mut self, cell: Cell<'_>) {
        let kind = self.kind.join(Kind::of(cell));
        if kind != self.kind {
            self.become_kind(kind);
        }
        self.len += 1;
        match (&mut self.data, cell) {
            (Data::Null(len), _) => *len += 1,
            (Data::Bool(to), Cell::Bool(value)) => to.append_value(value),
            (Data::Bool(to), _) => to.append_null(),
            (Data::Int(to), Cell::Int(value)) => to.append_value(value),
            (Data::Int(to), _) => to.append_null(),
            (Data::UInt(to), Cell::UInt(value)) => to.append_value(value),
            (Data::UInt(to), Cell::Int(value)) => to.append_value(value as u64),
            (Data::UInt(to), _) => to.append_null(),
            (Data::Float(to), Cell::Float(value)) => to.append_value(value),
            (Data::Float(to), Cell::Int(value)) => to.append_value(value as f64),
            (Data::Float(to), Cell::UInt(value)) => to.append_value(value as f64),
            (Data::Float(to), _) => to.append_null(),
            (Data::Text(to), Cell::Text(value)) => to.append_value(value),
            (Data::Text(to), Cell::Bool(value)) => to.append_value(value.to_string()),
            (Data::Text(to), Cell::Int(value)) => to.append_value(value.to_string()),
            (Data::Text(to), Cell::UInt(value)) => to.append_value(value.to_string()),
            (Data::Text(to), Cell::Float(value)) => to.append_value(spell(value)),
            (Data::Text(to), Cell::Null) => to.append_null(),
        }
    }

    fn pad(&mut self, len: usize) {
        if let Data::Null(held) = &mut self.data {
            *held = len;
            self.len = len;
        }
        while self.len < len {
            self.push(Cell::Null);
        }
    }

    /// Widens the column; the cells it has keep their values.
    fn become_kind(&mut self, kind: Kind) {
        let empty = match kind {
            Kind::Null => Data::Null(0),
            Kind::Bool => Data::Bool(BooleanBuilder::new()),
            Kind::Natural | Kind::Int => Data::Int(Int64Builder::new()),
            Kind::UInt => Data::UInt(UInt64Builder::new()),
            Kind::Float => Data::Float(Float64Builder::new()),
            Kind::Text => Data::Text(LargeStringBuilder::new()),
        };
        self.kind = kind;
        if std::mem::discriminant(&empty) == std::mem::discriminant(&self.data) {
            return;
        }
        let old = std::mem::replace(&mut self.data, empty).finish();
        self.len = 0;
        for row in 0..old.len() {
            self.push(cell_at(&old, row));
        }
        self.kind = kind;
    }
}

impl Data {
    fn finish(self) -> ArrayRef {
        match self {
            Self::Null(len) => new_null_array(&DataType::Null, len),
            Self::Bool(mut builder) => Arc::new(builder.finish()),
            Self::Int(mut builder) => Arc::new(builder.finish()),
            Self::UInt(mut builder) => Arc::new(builder.finish()),
            Self::Float(mut builder) => Arc::new(builder.finish()),
            Self::Text(mut builder) => Arc::new(builder.finish()),
        }
    }
}

/// A cell of an array that [`Data::finish`] made.
fn cell_at(array: &ArrayRef, row: usize) -> Cell<'_> {
    if array.is_null(row) {
        return Cell::Null;
    }
    match array.data_type() {
        DataType::Boolean => Cell::Bool(array.as_boolean().value(row)),
        DataType::Int64 => Cell::Int(array.as_primitive::<Int64Type>().value(row)),
        DataType::UInt64 => Cell::natural(array.as_primitive::<UInt64Type>().value(row)),
        DataType::Float64 => Cell::Float(array.as_primitive::<Float64Type>().value(row)),
        DataType::LargeUtf8 => Cell::Text(array.as_string::<i64>().value(row)),
        _ => Cell::Null,
    }
}

fn spell(value: f64) -> String {
    zmij::Buffer::new().format(value).to_owned()
}

/// A table under construction.
#[derive(Debug, Default)]
pub(crate) struct Rows {
    columns: Vec<Column>,
    index: HashMap<String, usize, FixedState>,
    len: usize,
    /// The column after the one found last: rows mostly name their columns in one order.
    guess: usize,
}

impl Rows {
    /// A table that begins with the columns `always`, followed by those of `optional` that get a
    /// value.
    pub(crate) fn with_columns(always: &[&str], optional: &[&str]) -> Self {
        let mut rows = Self::default();
        for name in always.iter().chain(optional) {
            rows.column(name);
        }
        for column in &mut rows.columns[always.len()..] {
            column.optional = true;
        }
        rows
    }

    pub(crate) fn name(&self, column: usize) -> &str {
        &self.columns[column].name
    }

    /// The column called `name`, which is added if it is new.
    pub(crate) fn column(&mut self, name: &str) -> usize {
        let guess = self.guess;
        if self.columns.get(guess).is_some_and(|column| column.name == name) {
            self.guess += 1;
            return guess;
        }
        let known = self.index.get(name).copied();
        let column = known.unwrap_or_else(|| {
            self.columns.push(Column::new(name));
            self.index.insert(name.to_owned(), self.columns.len() - 1);
            self.columns.len() - 1
        });
        self.guess = column + 1;
        column
    }

    /// A new column of a declared type, called `name`, with underscores behind it if another
    /// column with values is called so.
    pub(crate) fn declare(&mut self, name: &str, declared: Option<DataType>) -> usize {
        let free = free_name(name, |name| self.index.contains_key(name));
        let column = self.column(&free);
        self.columns[column].declared = declared;
        self.columns[column].wanted = Some(name.to_owned());
        column
    }

    /// Sets a cell of the row under construction; `false` if it is set already.
    pub(crate) fn set(&mut self, column: usize, cell: Cell<'_>) -> bool {
        let len = self.len;
        let column = &mut self.columns[column];
        if column.len > len {
            return false;
        }
        column.pad(len);
        column.push(cell);
        true
    }

    /// Sets the first cells of a column that has none yet.
    pub(crate) fn fill<'a>(&mut self, column: usize, cells: impl IntoIterator<Item = Cell<'a>>) {
        for cell in cells {
            self.columns[column].push(cell);
        }
    }

    /// Ends the row; cells that are not set are null.
    pub(crate) fn end_row(&mut self) {
        self.len += 1;
        self.guess = 0;
    }

    /// The table as one batch.
    pub(crate) fn finish(mut self) -> Result<RecordBatch> {
        self.columns.retain(|column| !(column.optional && column.kind == Kind::Null));
        self.index.clear();
        for at in 0..self.columns.len() {
            let column = &mut self.columns[at];
            let wanted = column.wanted.take().unwrap_or_else(|| column.name.clone());
            let name = free_name(&wanted, |name| self.index.contains_key(name));
            self.columns[at].name.clone_from(&name);
            self.index.insert(name, at);
        }
        let mut batches = finish_all(vec![self])?;
        Ok(batches.pop().unwrap_or_else(|| crate::graph::no_columns(0)))
    }
}

/// Turns pieces of one table into batches of one schema: columns in order of first appearance,
/// each of the narrowest type that holds all its cells.
pub(crate) fn finish_all(pieces: Vec<Rows>) -> Result<Vec<RecordBatch>> {
    let mut all = Rows::default();
    for column in pieces.iter().flat_map(|piece| &piece.columns) {
        let at = all.column(&column.name);
        let joined = &mut all.columns[at];
        joined.kind = joined.kind.join(column.kind);
        joined.declared = joined.declared.take().or_else(|| column.declared.clone());
        joined.len = joined.len.max(column.data.text_bytes());
    }
    let types: Vec<DataType> = all.columns.iter().map(Column::final_type).collect();
    let fields: Vec<Field> = all
        .columns
        .iter()
        .zip(&types)
        .map(|(column, data_type)| Field::new(&column.name, data_type.clone(), true))
        .collect();
    let schema = Arc::new(Schema::new(fields));
    let batch = |mut piece: Rows| {
        let mut arrays: Vec<ArrayRef> =
            types.iter().map(|data_type| new_null_array(data_type, 0)).collect();
        let len = piece.len;
        for (at, joined) in all.columns.iter().enumerate() {
            let Some(&column) = piece.index.get(&joined.name) else {
                arrays[at] = new_null_array(&types[at], len);
                continue;
            };
            let column = &mut piece.columns[column];
            column.pad(len);
            if joined.kind != column.kind {
                column.become_kind(joined.kind);
            }
            let data = std::mem::replace(&mut column.data, Data::Null(0)).finish();
            arrays[at] = cast(&data, &types[at])?;
        }
        let options = RecordBatchOptions::new().with_row_count(Some(len));
        Ok(RecordBatch::try_new_with_options(schema.clone(), arrays, &options)?)
    };
    pieces.into_iter().map(batch).collect()
}

impl Data {
    fn text_bytes(&self) -> usize {
        match self {
            Self::Text(builder) => builder.values_slice().len(),
            _ => 0,
        }
    }
}

impl Column {
    /// Arrow type of a joined column, whose `len` is the largest number of text bytes of a piece.
    fn final_type(&self) -> DataType {
        match (self.kind, &self.declared) {
            (Kind::UInt, _) => DataType::UInt64,
            (Kind::Null, Some(declared)) => declared.clone(),
            (Kind::Natural | Kind::Int | Kind::Float, Some(declared)) if declared.is_numeric() => {
                declared.clone()
            }
            (Kind::Bool, _) => DataType::Boolean,
            (Kind::Natural | Kind::Int, _) => DataType::Int64,
            (Kind::Float, _) => DataType::Float64,
            // Numbers that are written into text take at most 24 bytes each; a piece with so many
            // of them that this overflows has its place among the large ones, too.
            (Kind::Text, _) if self.len > (i32::MAX / 2) as usize => DataType::LargeUtf8,
            (Kind::Null | Kind::Text, _) => DataType::Utf8,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(cells: &[Cell<'_>]) -> RecordBatch {
        let mut rows = Rows::default();
        for &cell in cells {
            let column = rows.column("a");
            assert!(rows.set(column, cell));
            rows.end_row();
        }
        rows.finish().unwrap()
    }

    fn type_of(cells: &[Cell<'_>]) -> DataType {
        table(cells).column(0).data_type().clone()
    }

    #[test]
    fn a_column_has_the_narrowest_type_that_holds_its_cells() {
        use Cell::{Bool, Float, Int, Null, Text, UInt};
        let big = UInt(u64::MAX);
        assert_eq!(type_of(&[Null, Bool(true)]), DataType::Boolean);
        assert_eq!(type_of(&[Int(1), Int(-1)]), DataType::Int64);
        assert_eq!(type_of(&[Int(1), big]), DataType::UInt64);
        assert_eq!(type_of(&[big, Int(-1)]), DataType::Float64);
        assert_eq!(type_of(&[Int(1), Float(0.5)]), DataType::Float64);
        assert_eq!(type_of(&[Bool(true), Int(1)]), DataType::Utf8);
        assert_eq!(type_of(&[Null]), DataType::Utf8);
        assert_eq!(type_of(&[Float(1.5), Text("x")]), DataType::Utf8);
    }

    #[test]
    fn widening_keeps_the_values_and_nulls() {
        use Cell::{Bool, Float, Int, Null, Text, UInt};
        let column = table(&[Int(7), Null, Float(0.5)]).column(0).clone();
        assert_eq!(
            column.as_primitive::<Float64Type>().iter().collect::<Vec<_>>(),
            [Some(7.0), None, Some(0.5)]
        );
        let cells = [Int(7), Null, Bool(true), UInt(u64::MAX), Float(0.1), Text("")];
        let column = table(&cells).column(0).clone();
        assert_eq!(
            column.as_string::<i32>().iter().collect::<Vec<_>>(),
            [Some("7"), None, Some("true"), Some("18446744073709551615"), Some("0.1"), Some("")]
        );
    }

    #[test]
    fn pieces_of_a_table_agree_on_columns_and_types() {
        let piece = |cells: &[(&str, Cell<'_>)]| {
            let mut rows = Rows::default();
            for &(name, cell) in cells {
                let column = rows.column(name);
                assert!(rows.set(column, cell));
                rows.end_row();
            }
            rows
        };
        let batches = finish_all(vec![
            piece(&[("a", Cell::Int(1)), ("b", Cell::Bool(true))]),
            piece(&[("c", Cell::Text("x")), ("a", Cell::Float(0.5))]),
        ])
        .unwrap();
        assert_eq!(batches[0].schema(), batches[1].schema());
        assert_eq!(batches[0].num_columns(), 3);
        assert_eq!(batches[0].column(0).as_primitive::<Float64Type>().values()[..1], [1.0]);
        assert!(batches[1].column(0).is_null(0));
        assert_eq!(batches[1].column(1).null_count(), 2);
    }

    #[test]
    fn names_are_kept_for_columns_that_have_values() {
        let names = |with_label: bool| {
            let mut rows = Rows::with_columns(&["id"], &["label", "x"]);
            let ours = rows.declare("label", Some(DataType::Int32));
            assert!(rows.set(ours, Cell::Int(1)));
            if with_label {
                assert!(rows.set(1, Cell::Text("a")));
            }
            rows.end_row();
            let schema = rows.finish().unwrap().schema();
            schema.fields().iter().map(|field| field.name().clone()).collect::<Vec<_>>()
        };
        assert_eq!(names(false), ["id", "label"]);
        assert_eq!(names(true), ["id", "label", "label_"]);
    }

    #[test]
    fn a_cell_is_set_once() {
        let mut rows = Rows::default();
        let column = rows.column("a");
        assert!(rows.set(column, Cell::Int(1)));
        assert!(!rows.set(column, Cell::Int(2)));
    }

    #[test]
    fn only_canonical_integers_are_integers() {
        for text in ["", "-", "-0", "+1", "01", "1.0", "1 ", "0x1", "99999999999999999999"] {
            assert_eq!(Cell::int_or_text(text), Cell::Text(text));
        }
        assert_eq!(Cell::int_or_text("-12"), Cell::Int(-12));
        assert_eq!(Cell::int_or_text("0"), Cell::Int(0));
        assert_eq!(Cell::int_or_text("18446744073709551615"), Cell::UInt(u64::MAX));
    }
}
