//! Tables, in and out through Arrow's C stream interface.

use std::sync::Arc;

use arrow::array::{
    Array as _, ArrayRef, AsArray, RecordBatch, RecordBatchIterator, RecordBatchOptions,
    RecordBatchReader,
};
use arrow::compute::{cast, concat_batches};
use arrow::datatypes::{DataType, Field, Float64Type, Schema};
use arrow::error::ArrowError;
use arrow::ipc::reader::StreamReader;
use arrow::ipc::writer::StreamWriter;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use graphlume::graph;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyCapsule, PyDict, PyList};

use crate::arrays::Array;
use crate::error::Failure;
use crate::memory;
use crate::objects::objects;

/// A table: columns of one length, each of one type.
///
/// Anything that reads Arrow takes it without a copy: `polars.DataFrame(table)`, `pyarrow.table(table)`,
/// `duckdb.from_arrow(table)`. `table["name"]` is a column as an array of NumPy.
#[pyclass(frozen, subclass, module = "graphlume._native")]
pub(crate) struct Table(pub(crate) RecordBatch);

/// All batches of an object that has `__arrow_c_stream__`, as they are.
pub(crate) fn batches(object: &Bound<'_, PyAny>) -> PyResult<(Arc<Schema>, Vec<RecordBatch>)> {
    let py = object.py();
    let reader = memory::import_stream(object)?;
    let schema = reader.schema();
    // Whoever gives them may need Python's lock to do so.
    let batches = py.detach(|| {
        let mut batches = Vec::new();
        for batch in reader {
            let batch = batch?;
            // Offsets and texts that are none would be read beyond their end.
            for column in batch.columns() {
                column.to_data().validate_full()?;
            }
            batches.push(batch);
        }
        Ok::<_, ArrowError>(batches)
    });
    Ok((schema, batches.map_err(|error| Failure::from(graph::Error::from(error)).raise(py))?))
}

/// The same as one batch.
pub(crate) fn batch(object: &Bound<'_, PyAny>) -> PyResult<RecordBatch> {
    let py = object.py();
    let (schema, mut batches) = batches(object)?;
    if let [_] = batches[..] {
        return Ok(batches.remove(0));
    }
    let whole = py.detach(|| concat_batches(&schema, &batches));
    whole.map_err(|error| Failure::from(graph::Error::from(error)).raise(py))
}

/// A batch in Arrow's IPC form.
pub(crate) fn ipc(batch: &RecordBatch) -> Result<Vec<u8>, ArrowError> {
    let mut writer = StreamWriter::try_new(Vec::new(), batch.schema_ref())?;
    writer.write(batch)?;
    writer.into_inner()
}

/// The batch that was written so.
pub(crate) fn of_ipc(bytes: &[u8]) -> Result<RecordBatch, ArrowError> {
    let mut reader = StreamReader::try_new(bytes, None)?;
    reader.next().unwrap_or_else(|| Ok(RecordBatch::new_empty(reader.schema())))
}

#[pymethods]
impl Table {
    /// A table of an object that speaks Arrow's C stream interface; another table is shared.
    #[new]
    fn new(table: &Bound<'_, PyAny>) -> PyResult<Self> {
        match table.cast::<Self>() {
            Ok(table) => Ok(Self(table.get().0.clone())),
            Err(_) => batch(table).map(Self),
        }
    }

    /// A table of columns by name.
    #[staticmethod]
    fn from_columns(py: Python<'_>, columns: &Bound<'_, PyDict>) -> PyResult<Self> {
        let (mut fields, mut arrays, mut rows) = (Vec::new(), Vec::new(), None);
        for (name, column) in columns {
            let name: String = name.extract()?;
            let array = Arc::clone(&column.cast::<Array>()?.get().0);
            let expected = *rows.get_or_insert(array.len());
            if array.len() != expected {
                let found = array.len();
                let text =
                    format!("column `{name}` has {found} values, but the first has {expected}");
                return Err(Failure::Input(text).raise(py));
            }
            fields.push(Field::new(name, array.data_type().clone(), true));
            arrays.push(array);
        }
        let options = RecordBatchOptions::new().with_row_count(Some(rows.unwrap_or(0)));
        let schema = Arc::new(Schema::new(fields));
        RecordBatch::try_new_with_options(schema, arrays, &options)
            .map(Self)
            .map_err(|error| Failure::from(graph::Error::from(error)).raise(py))
    }

    /// Number of rows.
    fn __len__(&self) -> usize {
        self.0.num_rows()
    }

    fn __iter__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.columns().into_pyobject(py)?.call_method0("__iter__")
    }

    /// Names of the columns.
    #[getter]
    fn columns(&self) -> Vec<String> {
        self.0.schema_ref().fields().iter().map(|field| field.name().clone()).collect()
    }

    /// Types of the columns, by name.
    #[getter]
    fn dtypes(&self) -> Vec<(String, String)> {
        let fields = self.0.schema_ref().fields().iter();
        fields.map(|field| (field.name().clone(), graph::type_name(field.data_type()))).collect()
    }

    fn __contains__(&self, name: &str) -> bool {
        self.0.column_by_name(name).is_some()
    }

    /// The table in Arrow's IPC form, as a stream.
    fn to_ipc<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let bytes = py.detach(|| ipc(&self.0));
        let bytes = bytes.map_err(|error| Failure::from(graph::Error::from(error)).raise(py))?;
        Ok(PyBytes::new(py, &bytes))
    }

    /// The table that was written so.
    #[staticmethod]
    fn from_ipc(py: Python<'_>, bytes: &[u8]) -> PyResult<Self> {
        let table = py.detach(|| of_ipc(bytes));
        table.map(Self).map_err(|error| Failure::from(graph::Error::from(error)).raise(py))
    }

    /// A column.
    fn column(&self, py: Python<'_>, name: &str) -> PyResult<Array> {
        self.0.column_by_name(name).map(|column| Array(Arc::clone(column))).ok_or_else(|| {
            let known = self.columns().join("`, `");
            Failure::Input(format!("there is no column `{name}`; the table has `{known}`"))
                .raise(py)
        })
    }

    fn __getitem__<'py>(&self, py: Python<'py>, name: &str) -> PyResult<Bound<'py, PyAny>> {
        Array::to_numpy(&Bound::new(py, self.column(py, name)?)?)
    }

    /// `n` rows from the row `start` on, or as many as there are.
    fn slice(&self, start: usize, n: usize) -> Self {
        let start = start.min(self.0.num_rows());
        Self(self.0.slice(start, n.min(self.0.num_rows() - start)))
    }

    #[pyo3(signature = (requested_schema = None))]
    fn __arrow_c_stream__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<Py<PyAny>>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        drop(requested_schema);
        let schema = self.0.schema();
        let reader: Box<dyn RecordBatchReader + Send> =
            Box::new(RecordBatchIterator::new([Ok(self.0.clone())], schema));
        memory::stream_capsule(py, reader)
    }

    /// The table as a `polars.DataFrame`, without a copy.
    fn to_polars<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        slf.py().import("polars")?.call_method1("DataFrame", (slf,))
    }

    /// The table as a `pyarrow.Table`, without a copy.
    fn to_pyarrow<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        slf.py().import("pyarrow")?.call_method1("table", (slf,))
    }

    /// The table as a `pandas.DataFrame`, by pyarrow if that is there; else columns are as `table["name"]` has
    /// them, copied.
    fn to_pandas<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        let py = slf.py();
        if let Ok(table) = Self::to_pyarrow(slf) {
            return table.call_method0("to_pandas");
        }
        let columns = PyDict::new(py);
        for name in slf.get().columns() {
            columns.set_item(&name, slf.get().__getitem__(py, &name)?)?;
        }
        let options = PyDict::new(py);
        options.set_item("copy", true)?;
        py.import("pandas")?.call_method("DataFrame", (columns,), Some(&options))
    }

    /// Columns by name, as arrays of NumPy, as `table["name"]` has them.
    fn to_dict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let columns = PyDict::new(py);
        for name in self.columns() {
            columns.set_item(&name, self.__getitem__(py, &name)?)?;
        }
        Ok(columns)
    }

    /// Columns by name, as lists of Python's objects, with `None` where a value is missing.
    fn to_pydict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let columns = PyDict::new(py);
        for name in self.columns() {
            columns.set_item(&name, PyList::new(py, objects(py, &self.column(py, &name)?.0)?)?)?;
        }
        Ok(columns)
    }

    fn __repr__(&self) -> String {
        let types: Vec<String> =
            self.dtypes().into_iter().map(|(name, kind)| format!("{name}: {kind}")).collect();
        format!("Table({} rows; {})", self.0.num_rows(), types.join(", "))
    }

    /// The first rows as lines of columns, with the type of each below its name.
    fn __str__(&self, py: Python<'_>) -> PyResult<String> {
        let shown = self.0.num_rows().min(10);
        let (names, kinds): (Vec<_>, Vec<_>) = self.dtypes().into_iter().unzip();
        let mut rows = vec![names, kinds];
        let cells = cells(&self.0.slice(0, shown))
            .map_err(|error| Failure::from(graph::Error::from(error)).raise(py))?;
        rows.extend(cells);
        let width = |at: usize| rows.iter().map(|row| row[at].chars().count()).max().unwrap_or(0);
        let widths: Vec<usize> = (0..rows[0].len()).map(width).collect();
        let line = |row: &Vec<String>| {
            let cells = row.iter().zip(&widths).map(|(cell, &width)| format!("{cell:<width$}"));
            cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
        };
        let mut lines: Vec<String> = rows.iter().map(line).collect();
        match self.0.num_rows() - shown {
            0 => {}
            more => lines.push(format!("… and {more} more rows")),
        }
        Ok(lines.join("\n"))
    }

    fn _repr_html_(&self, py: Python<'_>) -> PyResult<String> {
        let shown = self.0.num_rows().min(10);
        let rows = cells(&self.0.slice(0, shown))
            .map_err(|error| Failure::from(graph::Error::from(error)).raise(py))?;
        let line = |cells: &[String], tag: &str| {
            let cells: Vec<String> =
                cells.iter().map(|cell| format!("<{tag}>{}</{tag}>", escaped(cell))).collect();
            format!("<tr>{}</tr>", cells.concat())
        };
        let body: String = rows.iter().map(|row| line(row, "td")).collect();
        let note = match self.0.num_rows() - shown {
            0 => String::new(),
            more => format!("<div>… and {more} more rows</div>"),
        };
        let head = line(&self.columns(), "th");
        Ok(format!("<table><thead>{head}</thead><tbody>{body}</tbody></table>{note}"))
    }
}

/// The values of each row as text, fractions to six digits.
fn cells(rows: &RecordBatch) -> Result<Vec<Vec<String>>, arrow::error::ArrowError> {
    let options = FormatOptions::default();
    let columns = rows.columns().iter().map(|column| {
        let text = ArrayFormatter::try_new(column, &options)?;
        let numbers = match column.data_type() {
            DataType::Float32 | DataType::Float64 => Some(cast(column, &DataType::Float64)?),
            _ => None,
        };
        Ok((text, numbers))
    });
    let columns: Vec<_> = columns.collect::<Result<_, arrow::error::ArrowError>>()?;
    let row = |at| {
        let cell = |(text, numbers): &(ArrayFormatter<'_>, Option<ArrayRef>)| match numbers {
            Some(numbers) if numbers.is_valid(at) => {
                short(numbers.as_primitive::<Float64Type>().value(at))
            }
            _ => text.value(at).to_string(),
        };
        columns.iter().map(cell).collect()
    };
    Ok((0..rows.num_rows()).map(row).collect())
}

/// A number to six digits.
fn short(number: f64) -> String {
    match format!("{number:.5e}").parse::<f64>() {
        Ok(rounded) if rounded.is_finite() => format!("{rounded:?}"),
        _ => number.to_string(),
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
