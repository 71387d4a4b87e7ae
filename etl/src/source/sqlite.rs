//! SQLite: one file, opened for reading only.
//!
//! SQLite gives each value a type, not each column. A column of a table is of the type of its
//! values: whole numbers become `Int64`, numbers `Float64`, text text and blobs binary. Whole
//! numbers among others become `Float64` if that changes none of them; other mixtures are refused,
//! with the row. A column without any value has the type that its declaration suggests.

use std::mem;
use std::path::Path;
use std::str;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, BinaryViewBuilder, Float64Builder, Int64Array, Int64Builder, NullArray,
    RecordBatch, StringViewBuilder, new_null_array,
};
use arrow::compute::cast;
use arrow::datatypes::{DataType, SchemaRef};
use rusqlite::types::{ToSqlOutput, Value, ValueRef};
use rusqlite::{Connection, OpenFlags, Statement, ToSql};

use super::address::Ask;
use super::error::Fault;
use super::options::{Parameter, SourceOptions};
use super::rows::{Meter, Rows, Spool, batch, check_names, schema};
use super::watch::{Halt, watched};
use crate::Control;
use crate::error::nearest;

/// Reads what `ask` and `options` ask of the database at `path`.
pub(super) fn read(
    path: &str,
    ask: &Ask,
    options: &SourceOptions,
    control: &Control,
) -> Result<Rows, Halt> {
    with_statement(path, ask, options, control, |statement| {
        let spool = Spool::new(options.max_memory);
        fetch(statement, Meter::new(control, options.max_bytes), Some(spool))
    })
}

/// The columns and the number of rows; that takes a run of the query, but no memory.
pub(super) fn probe(
    path: &str,
    ask: &Ask,
    options: &SourceOptions,
    control: &Control,
) -> Result<(SchemaRef, Option<u64>), Halt> {
    with_statement(path, ask, options, control, |statement| {
        let rows = fetch(statement, Meter::new(control, options.max_bytes), None)?;
        Ok((rows.schema, Some(rows.total)))
    })
}

fn with_statement<T>(
    path: &str,
    ask: &Ask,
    options: &SourceOptions,
    control: &Control,
    work: impl FnOnce(&mut Statement) -> Result<T, Halt>,
) -> Result<T, Halt> {
    // SQLite would say that it cannot open the file, not why.
    std::fs::metadata(Path::new(path))?;
    let connection = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    connection.busy_timeout(options.timeout())?;
    let interrupt = connection.get_interrupt_handle();
    watched(
        control,
        options.timeout(),
        || interrupt.interrupt(),
        || {
            let query = query(&connection, ask)?;
            let mut statement = connection.prepare(&query)?;
            check(&statement, &query)?;
            bind(&mut statement, ask, options)?;
            work(&mut statement)
        },
    )
}

/// The query that was asked for, or that of the table that was.
fn query(connection: &Connection, ask: &Ask) -> Result<String, Fault> {
    if let Some(query) = &ask.query {
        return Ok(query.clone());
    }
    let mut list = connection.prepare(
        "SELECT name FROM sqlite_schema WHERE type IN ('table', 'view') \
         AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name",
    )?;
    let tables = list.query_map([], |row| row.get(0))?.collect::<Result<Vec<String>, _>>()?;
    let table = match (&ask.table, &tables[..]) {
        (Some(table), tables) => tables
            .iter()
            .find(|name| name.eq_ignore_ascii_case(table))
            .ok_or_else(|| Fault::NoTable {
                table: table.as_str().into(),
                nearest: nearest(table, tables.iter().map(String::as_str)),
            })?,
        (None, [table]) => table,
        (None, []) => {
            let advice = "the database has none".into();
            return Err(Fault::Missing { what: "a table", advice });
        }
        (None, tables) => {
            let advice = format!("name one of `{}`, or a query", tables.join("`, `")).into();
            return Err(Fault::Missing { what: "a table", advice });
        }
    };
    Ok(format!("SELECT * FROM \"{}\"", table.replace('"', "\"\"")))
}

/// Refuses what is no query. Databases are opened for reading only, but other files can be
/// attached by a statement that counts as reading, and switches set.
fn check(statement: &Statement, query: &str) -> Result<(), Fault> {
    let reason = match first_word(query).to_ascii_uppercase().as_str() {
        _ if !statement.readonly() => "the statement changes something",
        "SELECT" | "WITH" | "VALUES" => return check_names(statement.column_names()),
        _ => "the statement is not a SELECT, WITH or VALUES",
    };
    Err(Fault::NotAQuery { reason })
}

/// The first word of a query, behind spaces and comments.
fn first_word(query: &str) -> &str {
    let mut rest = query.trim_start();
    loop {
        let after = if let Some(comment) = rest.strip_prefix("--") {
            comment.split_once('\n').map_or("", |(_, after)| after)
        } else if let Some(comment) = rest.strip_prefix("/*") {
            comment.split_once("*/").map_or("", |(_, after)| after)
        } else {
            let end = rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len());
            return &rest[..end];
        };
        rest = after.trim_start();
    }
}

fn bind(statement: &mut Statement, ask: &Ask, options: &SourceOptions) -> Result<(), Fault> {
    let texts = ask.params.iter().cloned().map(Parameter::Text);
    let params: Vec<_> = texts.chain(options.params.iter().cloned()).collect();
    let expected = statement.parameter_count();
    if params.len() != expected {
        return Err(Fault::Parameters { found: params.len(), expected });
    }
    for (i, param) in params.iter().enumerate() {
        statement.raw_bind_parameter(i + 1, param)?;
    }
    Ok(())
}

impl ToSql for Parameter {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self {
            Self::Null => ToSqlOutput::Owned(Value::Null),
            Self::Boolean(flag) => ToSqlOutput::Owned(Value::Integer(i64::from(*flag))),
            Self::Integer(number) => ToSqlOutput::Owned(Value::Integer(*number)),
            Self::Float(number) => ToSqlOutput::Owned(Value::Real(*number)),
            Self::Text(text) => ToSqlOutput::Borrowed(ValueRef::Text(text.as_bytes())),
        })
    }
}

/// The rows; without a spool only how many there are.
fn fetch(
    statement: &mut Statement,
    mut meter: Meter,
    mut spool: Option<Spool>,
) -> Result<Rows, Halt> {
    let mut columns: Vec<_> =
        statement.columns().into_iter().map(|c| Column::new(c.name(), c.decl_type())).collect();
    let mut sizes = Vec::new();
    let mut n_rows = 0;
    let mut rows = statement.raw_query();
    while let Some(row) = rows.next()? {
        let mut bytes = 0;
        for (i, column) in columns.iter_mut().enumerate() {
            bytes += column.push(row.get_ref_unwrap(i), meter.rows + 1)?;
        }
        n_rows += 1;
        if meter.row(bytes)? {
            columns.iter_mut().for_each(Column::close);
            sizes.push(mem::take(&mut n_rows));
            let bytes = meter.close_batch()?;
            match &mut spool {
                Some(spool) => {
                    if spool.holds(bytes) {
                        let (schema, batches) = closed(&mut columns, &mem::take(&mut sizes))?;
                        spool.put(&schema, &batches)?;
                    }
                }
                None => {
                    for column in &mut columns {
                        column.closed.clear();
                    }
                    sizes.clear();
                }
            }
        }
    }
    if 0 < n_rows {
        columns.iter_mut().for_each(Column::close);
        sizes.push(n_rows);
    }
    meter.close_batch()?;
    let (schema, batches) = closed(&mut columns, &sizes)?;
    let spilled = spool.map_or_else(Vec::new, Spool::spilled);
    Ok(Rows { schema, spilled, batches, total: meter.rows })
}

/// Takes the batches that are closed, of so many rows each, out of the columns.
fn closed(columns: &mut [Column], sizes: &[usize]) -> Result<(SchemaRef, Vec<RecordBatch>), Fault> {
    let schema = schema(columns.iter().map(|column| (&*column.name, column.data_type())));
    let chunks = columns.iter_mut().map(Column::take).collect::<Result<Vec<_>, _>>()?;
    let batches = sizes.iter().enumerate().map(|(i, n_rows)| {
        let columns = chunks.iter().map(|column| column[i].clone()).collect();
        batch(&schema, columns, *n_rows)
    });
    Ok((Arc::clone(&schema), batches.collect::<Result<_, _>>()?))
}

/// One column of the result, as long as it grows.
struct Column {
    name: Box<str>,
    /// The type for a column without values.
    declared: DataType,
    values: Values,
    /// Whether it holds whole numbers that no `f64` is equal to.
    beyond_reals: bool,
    closed: Vec<ArrayRef>,
}

enum Values {
    Nulls(usize),
    Integers(Int64Builder),
    Reals(Float64Builder),
    Texts(StringViewBuilder),
    Blobs(BinaryViewBuilder),
}

impl Column {
    fn new(name: &str, declared: Option<&str>) -> Self {
        Self {
            name: name.into(),
            declared: suggested_type(declared),
            values: Values::Nulls(0),
            beyond_reals: false,
            closed: Vec::new(),
        }
    }

    /// Adds a value of row `row`, counted from 1; gives its size in bytes.
    fn push(&mut self, value: ValueRef, row: u64) -> Result<u64, Fault> {
        if let Values::Nulls(n) = self.values {
            self.values = match value {
                ValueRef::Null => {
                    self.values = Values::Nulls(n + 1);
                    return Ok(1);
                }
                ValueRef::Integer(_) => Values::Integers(Int64Builder::new()),
                ValueRef::Real(_) => Values::Reals(Float64Builder::new()),
                ValueRef::Text(_) => Values::Texts(StringViewBuilder::new()),
                ValueRef::Blob(_) => Values::Blobs(BinaryViewBuilder::new()),
            };
            for _ in 0..n {
                self.values.append_null();
            }
        }
        if let (Values::Integers(_), ValueRef::Real(_)) = (&self.values, value) {
            self.widen(row)?;
        }
        match (&mut self.values, value) {
            (values, ValueRef::Null) => values.append_null(),
            (Values::Integers(values), ValueRef::Integer(number)) => {
                values.append_value(number);
                self.beyond_reals |= exact(number).is_none();
            }
            (Values::Reals(values), ValueRef::Real(number)) => values.append_value(number),
            (Values::Reals(values), ValueRef::Integer(number)) => match exact(number) {
                Some(number) => values.append_value(number),
                None => return Err(self.mixed(row, "a whole number beyond 2^53", "numbers")),
            },
            (Values::Texts(values), ValueRef::Text(text)) => match str::from_utf8(text) {
                Ok(text) => values.append_value(text),
                Err(_) => {
                    let (column, reason) = (self.name.clone(), "the text is not UTF-8".into());
                    return Err(Fault::Value { row, column, reason });
                }
            },
            (Values::Blobs(values), ValueRef::Blob(bytes)) => values.append_value(bytes),
            (values, value) => {
                let before = values.name();
                return Err(self.mixed(row, name_of(value), before));
            }
        }
        Ok(match value {
            ValueRef::Null => 1,
            ValueRef::Integer(_) | ValueRef::Real(_) => 8,
            ValueRef::Text(bytes) | ValueRef::Blob(bytes) => 16 + bytes.len() as u64,
        })
    }

    /// Makes the whole numbers so far numbers.
    fn widen(&mut self, row: u64) -> Result<(), Fault> {
        if self.beyond_reals {
            return Err(self.mixed(row, "a number", "whole numbers beyond 2^53"));
        }
        self.close();
        // What was just closed belongs to a batch that is still open: it is taken back.
        let open = self.closed.pop().expect("closing a column should leave an array");
        let mut reals = Float64Builder::with_capacity(open.len());
        let open: &Int64Array = open.as_any().downcast_ref().expect("it should hold integers");
        for number in open {
            reals.append_option(number.map(|number| number as f64));
        }
        self.values = Values::Reals(reals);
        Ok(())
    }

    fn mixed(&self, row: u64, found: &'static str, before: &'static str) -> Fault {
        Fault::MixedTypes { column: self.name.clone(), row, found, before }
    }

    /// Ends a batch.
    fn close(&mut self) {
        let array: ArrayRef = match &mut self.values {
            Values::Nulls(n) => Arc::new(NullArray::new(mem::take(n))),
            Values::Integers(values) => Arc::new(values.finish()),
            Values::Reals(values) => Arc::new(values.finish()),
            Values::Texts(values) => Arc::new(values.finish()),
            Values::Blobs(values) => Arc::new(values.finish()),
        };
        self.closed.push(array);
    }

    fn data_type(&self) -> DataType {
        match self.values {
            Values::Nulls(_) => self.declared.clone(),
            Values::Integers(_) => DataType::Int64,
            Values::Reals(_) => DataType::Float64,
            Values::Texts(_) => DataType::Utf8View,
            Values::Blobs(_) => DataType::BinaryView,
        }
    }

    /// The arrays of all batches, of one type.
    fn take(&mut self) -> Result<Vec<ArrayRef>, Fault> {
        let kind = self.data_type();
        let arrays = mem::take(&mut self.closed).into_iter().map(|array| match array.data_type() {
            DataType::Null => Ok(new_null_array(&kind, array.len())),
            _ => cast(&array, &kind),
        });
        Ok(arrays.collect::<Result<_, _>>()?)
    }
}

impl Values {
    fn append_null(&mut self) {
        match self {
            Self::Nulls(n) => *n += 1,
            Self::Integers(values) => values.append_null(),
            Self::Reals(values) => values.append_null(),
            Self::Texts(values) => values.append_null(),
            Self::Blobs(values) => values.append_null(),
        }
    }

    fn name(&self) -> &'static str {
        match self {
            Self::Nulls(_) => "nulls",
            Self::Integers(_) => "whole numbers",
            Self::Reals(_) => "numbers",
            Self::Texts(_) => "text",
            Self::Blobs(_) => "blobs",
        }
    }
}

fn name_of(value: ValueRef) -> &'static str {
    match value {
        ValueRef::Null => "null",
        ValueRef::Integer(_) => "a whole number",
        ValueRef::Real(_) => "a number",
        ValueRef::Text(_) => "text",
        ValueRef::Blob(_) => "a blob",
    }
}

/// The number in `f64`, if that is the same.
fn exact(number: i64) -> Option<f64> {
    (number.unsigned_abs() <= 1 << f64::MANTISSA_DIGITS).then_some(number as f64)
}

/// SQLite's rules of affinity, by parts of the declared name.
fn suggested_type(declared: Option<&str>) -> DataType {
    let declared = declared.unwrap_or("").to_ascii_uppercase();
    let has = |parts: &[&str]| parts.iter().any(|part| declared.contains(part));
    if has(&["INT"]) {
        DataType::Int64
    } else if has(&["CHAR", "CLOB", "TEXT"]) {
        DataType::Utf8View
    } else if has(&["BLOB"]) {
        DataType::BinaryView
    } else if has(&["REAL", "FLOA", "DOUB", "NUM", "DEC"]) {
        DataType::Float64
    } else {
        DataType::Utf8View
    }
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        match error {
            rusqlite::Error::MultipleStatement => {
                Self::NotAQuery { reason: "there is more than one statement" }
            }
            rusqlite::Error::SqliteFailure(error, message) => Self::Database {
                message: message.unwrap_or_else(|| error.to_string()).into(),
                code: error.extended_code.to_string().into(),
                place: None,
            },
            rusqlite::Error::SqlInputError { error, msg, offset, sql } => Self::Database {
                message: msg.into(),
                code: error.extended_code.to_string().into(),
                place: usize::try_from(offset)
                    .ok()
                    .and_then(|at| sql.get(..at))
                    .map(|before| before.chars().count() as u32 + 1),
            },
            error => {
                Self::Database { message: error.to_string().into(), code: "".into(), place: None }
            }
        }
    }
}
