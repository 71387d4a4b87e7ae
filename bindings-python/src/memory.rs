//! Memory that Python and we share: Arrow's C structs in capsules, and arrays that tell where they lie.
//!
//! This is the only file of the crate with unsafe code. Lengths, offsets and texts of what comes in are checked;
//! whether there is as much memory behind a pointer as its owner says cannot be known, here or in any library
//! that takes one.

use std::ffi::CStr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::NonNull;
use std::sync::Arc;

use arrow::array::{
    Array as _, ArrayData, ArrayRef, BooleanArray, RecordBatch, RecordBatchOptions,
    RecordBatchReader, StructArray, make_array, new_empty_array,
};
use arrow::buffer::{BooleanBuffer, Buffer, NullBuffer, ScalarBuffer};
use arrow::datatypes::{DataType, Schema, SchemaRef, TimeUnit};
use arrow::error::ArrowError;
use arrow::ffi::{FFI_ArrowArray, FFI_ArrowSchema, from_ffi_and_data_type, to_ffi};
use arrow::ffi_stream::FFI_ArrowArrayStream;
use pyo3::prelude::*;
use pyo3::types::{PyCapsule, PyDict, PyTuple};

use crate::error::Failure;

const STREAM: &CStr = c"arrow_array_stream";
const SCHEMA: &CStr = c"arrow_schema";
const ARRAY: &CStr = c"arrow_array";

fn bad(py: Python<'_>, text: impl Into<String>) -> PyErr {
    Failure::Input(text.into()).raise(py)
}

fn arrow(py: Python<'_>, error: &ArrowError) -> PyErr {
    bad(py, error.to_string())
}

/// Batches for whoever takes the capsule.
pub(crate) fn stream_capsule(
    py: Python<'_>,
    batches: Box<dyn RecordBatchReader + Send>,
) -> PyResult<Bound<'_, PyCapsule>> {
    PyCapsule::new_with_value(py, FFI_ArrowArrayStream::new(batches), STREAM)
}

/// Capsules of the type of an array, and of the array.
pub(crate) type Pair<'py> = (Bound<'py, PyCapsule>, Bound<'py, PyCapsule>);

/// The type of an array, and the array.
pub(crate) fn array_capsules<'py>(py: Python<'py>, array: &ArrayRef) -> PyResult<Pair<'py>> {
    let (array, schema) = to_ffi(&array.to_data()).map_err(|error| arrow(py, &error))?;
    let schema = PyCapsule::new_with_value(py, schema, SCHEMA)?;
    Ok((schema, PyCapsule::new_with_value(py, array, ARRAY)?))
}

/// The batches of an object that has `__arrow_c_stream__`, which are taken out of it.
pub(crate) fn import_stream(object: &Bound<'_, PyAny>) -> PyResult<Batches> {
    let py = object.py();
    let capsule = object.call_method0("__arrow_c_stream__")?.cast_into::<PyCapsule>()?;
    let stream: NonNull<FFI_ArrowArrayStream> = capsule.pointer_checked(Some(STREAM))?.cast();
    // SAFETY: by Arrow's PyCapsule interface a capsule of this name holds such a struct. It is moved out, and
    // leaves one that is released behind, so that the capsule may end whenever it likes. No Python code runs
    // between the check and the move.
    let mut stream = unsafe { FFI_ArrowArrayStream::from_raw(stream.as_ptr()) };
    let (Some(_), Some(get)) = (stream.release, stream.get_schema) else {
        return Err(bad(py, "the stream of tables was used before"));
    };
    let mut schema = FFI_ArrowSchema::empty();
    // SAFETY: the stream is not released, and so answers; the schema is one that is released.
    let code = unsafe { get(&raw mut stream, &raw mut schema) };
    if code != 0 {
        return Err(arrow(py, &failed(&mut stream, code)));
    }
    let schema = Schema::try_from(&schema).map_err(|error| arrow(py, &error))?;
    Ok(Batches { stream, schema: Arc::new(schema) })
}

/// What a stream says of its last error.
fn failed(stream: &mut FFI_ArrowArrayStream, code: i32) -> ArrowError {
    let text = stream.get_last_error.and_then(|get| {
        // SAFETY: the stream is not released; the text is its own until the next call, and is copied.
        let text = unsafe { get(&raw mut *stream) };
        let text = NonNull::new(text.cast_mut())?;
        // SAFETY: as above; it ends with a zero.
        Some(unsafe { CStr::from_ptr(text.as_ptr()) }.to_string_lossy().into_owned())
    });
    ArrowError::CDataInterface(text.unwrap_or_else(|| format!("the stream fails with code {code}")))
}

/// Batches out of a stream.
pub(crate) struct Batches {
    stream: FFI_ArrowArrayStream,
    schema: SchemaRef,
}

impl Batches {
    /// Names and types of columns.
    pub(crate) fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }
}

impl Iterator for Batches {
    type Item = Result<RecordBatch, ArrowError>;

    fn next(&mut self) -> Option<Self::Item> {
        let get = self.stream.get_next?;
        let mut array = FFI_ArrowArray::empty();
        // SAFETY: the stream is not released, and so answers; the array is one that is released.
        let code = unsafe { get(&raw mut self.stream, &raw mut array) };
        if code != 0 {
            return Some(Err(failed(&mut self.stream, code)));
        }
        if array.is_released() {
            return None;
        }
        let kind = DataType::Struct(self.schema.fields().clone());
        // SAFETY: the stream says that its arrays are of this type.
        let data = unsafe { read(array, kind) };
        Some(data.and_then(|data| {
            let options = RecordBatchOptions::new().with_row_count(Some(data.len()));
            let columns = StructArray::from(data).into_parts().1;
            RecordBatch::try_new_with_options(Arc::clone(&self.schema), columns, &options)
        }))
    }
}

/// An array of this type.
///
/// # Safety
///
/// The array must be whole, not released, and of this type.
unsafe fn read(mut array: FFI_ArrowArray, kind: DataType) -> Result<ArrayData, ArrowError> {
    // SAFETY: the array is of this type.
    unsafe { drop_buffers_of_nulls(&raw mut array, &kind) };
    // SAFETY: as above.
    unsafe { from_ffi_and_data_type(array, kind) }
}

/// Makes columns without values have no buffers, as Arrow's form wants it; polars gives an empty one.
///
/// # Safety
///
/// The array must be null, or whole, not released, and of this type.
unsafe fn drop_buffers_of_nulls(array: *mut FFI_ArrowArray, kind: &DataType) {
    // SAFETY: it is null or whole.
    let Some(array) = (unsafe { array.as_mut() }) else { return };
    let inner = |at: usize, kind: &DataType| {
        if i64::try_from(at).is_ok_and(|at| at < array.n_children) && !array.children.is_null() {
            // SAFETY: there are that many children, which are whole as the array is.
            unsafe { drop_buffers_of_nulls(*array.children.add(at), kind) };
        }
    };
    match kind {
        // Who made the array frees it by what is private to it, and does not look at this number.
        DataType::Null => array.n_buffers = 0,
        DataType::Struct(fields) => {
            fields.iter().enumerate().for_each(|(at, field)| inner(at, field.data_type()));
        }
        DataType::Union(fields, _) => {
            fields.iter().enumerate().for_each(|(at, (_, field))| inner(at, field.data_type()));
        }
        DataType::List(field)
        | DataType::LargeList(field)
        | DataType::ListView(field)
        | DataType::LargeListView(field)
        | DataType::FixedSizeList(field, _)
        | DataType::Map(field, _) => inner(0, field.data_type()),
        DataType::RunEndEncoded(_, values) => inner(1, values.data_type()),
        // SAFETY: the dictionary is whole as the array is.
        DataType::Dictionary(_, values) => unsafe {
            drop_buffers_of_nulls(array.dictionary, values);
        },
        _ => {}
    }
}

/// The array of an object that has `__arrow_c_array__`.
pub(crate) fn import_array(object: &Bound<'_, PyAny>) -> PyResult<ArrayRef> {
    let py = object.py();
    let pair = object.call_method0("__arrow_c_array__")?.cast_into::<PyTuple>()?;
    let (schema, array): (Bound<'_, PyAny>, Bound<'_, PyAny>) = pair.extract()?;
    let (schema, array) = (schema.cast_into::<PyCapsule>()?, array.cast_into::<PyCapsule>()?);
    let schema: NonNull<FFI_ArrowSchema> = schema.pointer_checked(Some(SCHEMA))?.cast();
    let array: NonNull<FFI_ArrowArray> = array.pointer_checked(Some(ARRAY))?.cast();
    // SAFETY: by Arrow's PyCapsule interface capsules of these names hold such structs; both are moved out and
    // leave released ones behind, and no Python code runs in between.
    let (schema, array) = unsafe {
        (FFI_ArrowSchema::from_raw(schema.as_ptr()), FFI_ArrowArray::from_raw(array.as_ptr()))
    };
    if array.is_released() {
        return Err(bad(py, "the array was used before"));
    }
    let kind = DataType::try_from(&schema).map_err(|error| arrow(py, &error))?;
    // SAFETY: as above: both are whole, and not released.
    let read = || unsafe { read(array, kind) };
    // A schema of another array makes it panic.
    let data = catch_unwind(AssertUnwindSafe(read))
        .map_err(|_| bad(py, "an array and its schema do not belong together"))?
        .map_err(|error| arrow(py, &error))?;
    data.validate_full().map_err(|error| arrow(py, &error))?;
    Ok(make_array(data))
}

/// What keeps the memory of an array of Python's alive, and may be dropped on any thread. Nothing of it is
/// looked at, so that a panic cannot leave it half changed.
struct Owner(
    #[expect(dead_code, reason = "it is there to be dropped")] AssertUnwindSafe<Py<PyAny>>,
);

/// The array of an object that has `__array_interface__`, version 3, of one dimension, aligned and without
/// gaps. Numbers and times are not copied, and must not be changed while the array lives; truth values are.
/// Times that are none are missing.
pub(crate) fn import_interface(object: &Bound<'_, PyAny>) -> PyResult<ArrayRef> {
    let py = object.py();
    let interface = object.getattr("__array_interface__")?.cast_into::<PyDict>()?;
    let field = |name: &str| {
        interface
            .get_item(name)?
            .ok_or_else(|| bad(py, format!("the array does not tell its `{name}`")))
    };
    let shape: Vec<usize> = field("shape")?.extract()?;
    let [len] = shape[..] else {
        let n = shape.len();
        return Err(bad(py, format!("an array has {n} dimensions, but a column has one")));
    };
    let kind: String = field("typestr")?.extract()?;
    let (pointer, _): (usize, bool) = field("data")?.extract()?;
    let (data_type, size) = type_of(&kind).ok_or_else(|| {
        bad(py, format!("an array of type `{kind}` is no column of numbers, truth values or times"))
    })?;
    if let Some(strides) = interface.get_item("strides")?.filter(|strides| !strides.is_none()) {
        let strides: Vec<isize> = strides.extract()?;
        if strides != [size as isize] && 1 < len {
            return Err(bad(py, "an array has gaps between its values"));
        }
    }
    if len == 0 {
        return Ok(new_empty_array(&data_type));
    }
    if pointer % size != 0 {
        return Err(bad(py, "the values of an array are not aligned"));
    }
    let pointer =
        NonNull::new(pointer as *mut u8).ok_or_else(|| bad(py, "an array lies nowhere"))?;
    let bytes = len.checked_mul(size).ok_or_else(|| bad(py, "an array is too long"))?;
    let owner = Arc::new(Owner(AssertUnwindSafe(object.clone().unbind())));
    // SAFETY: the object says that `len` values of `size` bytes lie there, and is kept alive by the buffer.
    let buffer = unsafe { Buffer::from_custom_allocation(pointer, bytes, owner) };
    if data_type == DataType::Boolean {
        let values = buffer.as_slice();
        return Ok(Arc::new(BooleanArray::from(BooleanBuffer::collect_bool(len, |at| {
            values[at] != 0
        }))));
    }
    let nulls = matches!(data_type, DataType::Timestamp(..)).then(|| {
        // What NumPy calls no time.
        let times = ScalarBuffer::<i64>::new(buffer.clone(), 0, len);
        NullBuffer::new(BooleanBuffer::collect_bool(len, |at| times[at] != i64::MIN))
    });
    let nulls = nulls.filter(|nulls| 0 < nulls.null_count());
    let data = ArrayData::builder(data_type).len(len).add_buffer(buffer).nulls(nulls).build();
    Ok(make_array(data.map_err(|error| arrow(py, &error))?))
}

/// The type that NumPy's name stands for, and the size of its values in NumPy's memory.
fn type_of(kind: &str) -> Option<(DataType, usize)> {
    let little = if cfg!(target_endian = "little") { '<' } else { '>' };
    let (order, name) = (kind.chars().next()?, kind.get(1..)?);
    if order != little && order != '|' {
        return None;
    }
    Some(match name {
        "b1" => (DataType::Boolean, 1),
        "i1" => (DataType::Int8, 1),
        "i2" => (DataType::Int16, 2),
        "i4" => (DataType::Int32, 4),
        "i8" => (DataType::Int64, 8),
        "u1" => (DataType::UInt8, 1),
        "u2" => (DataType::UInt16, 2),
        "u4" => (DataType::UInt32, 4),
        "u8" => (DataType::UInt64, 8),
        "f2" => (DataType::Float16, 2),
        "f4" => (DataType::Float32, 4),
        "f8" => (DataType::Float64, 8),
        "M8[s]" => (DataType::Timestamp(TimeUnit::Second, None), 8),
        "M8[ms]" => (DataType::Timestamp(TimeUnit::Millisecond, None), 8),
        "M8[us]" => (DataType::Timestamp(TimeUnit::Microsecond, None), 8),
        "M8[ns]" => (DataType::Timestamp(TimeUnit::Nanosecond, None), 8),
        _ => return None,
    })
}

/// How NumPy finds the values of `array`: where they lie, read-only. `None` if it is no array of numbers, or
/// one where some are missing.
pub(crate) fn interface<'py>(
    py: Python<'py>,
    array: &ArrayRef,
) -> PyResult<Option<Bound<'py, PyDict>>> {
    let name = match array.data_type() {
        DataType::Int8 => "i1",
        DataType::Int16 => "i2",
        DataType::Int32 => "i4",
        DataType::Int64 => "i8",
        DataType::UInt8 => "u1",
        DataType::UInt16 => "u2",
        DataType::UInt32 => "u4",
        DataType::UInt64 => "u8",
        DataType::Float16 => "f2",
        DataType::Float32 => "f4",
        DataType::Float64 => "f8",
        _ => return Ok(None),
    };
    if 0 < array.null_count() {
        return Ok(None);
    }
    let data = array.to_data();
    let size = data.data_type().primitive_width().unwrap_or(1);
    let values = data.buffers()[0].as_slice();
    let start = data.offset() * size;
    let pointer = values[start..].as_ptr() as usize;
    let order = if cfg!(target_endian = "little") { '<' } else { '>' };
    let interface = PyDict::new(py);
    interface.set_item("version", 3)?;
    interface.set_item("shape", (array.len(),))?;
    interface.set_item("typestr", format!("{order}{name}"))?;
    interface.set_item("data", (pointer, true))?;
    Ok(Some(interface))
}
