//! A table on a device, and what is said of a verb that ran.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions};
use arrow::datatypes::{Field, Schema};
use graph_kernels::{Device, Indices, Traffic};

use super::column::DeviceColumn;
use crate::error::nearest;
use crate::{Error, Result};

/// Columns of one length on one device.
///
/// | Arrow | on the device |
/// |---|---|
/// | booleans, integers and floats of up to 32 bits, `Date32`, `Time32` | 4 bytes a row |
/// | integers and floats of 64 bits, timestamps, `Date64`, `Time64`, durations | 8 bytes a row |
/// | strings and dictionaries of strings | 4 bytes a row: places in a list of distinct strings, which stays on the host |
/// | absent values | 4 bytes a row more, in columns that have some |
///
/// Floats are computed and compared exactly as on the processor. Equality is that of values: zeros
/// are equal, and so is all that is not a number, which is greater than all else. A table is made of
/// shared columns: a copy of it costs nothing.
#[derive(Debug, Clone)]
pub struct DeviceTable {
    pub(super) device: Device,
    pub(super) n_rows: usize,
    pub(super) columns: Vec<DeviceColumn>,
}

/// What a verb gave, and how it ran.
#[derive(Debug, Clone)]
pub struct Outcome<T> {
    /// What it gave.
    pub result: T,
    /// How it ran.
    pub ran: Ran,
}

/// Where a verb ran, what it moved and how long it took.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Ran {
    /// The device, as in `cuda:0`.
    pub device: String,
    /// Bytes that its kernels' algorithms read and write; 0 on the processor, which is not counted.
    pub bytes_on_device: u64,
    /// Bytes that went from the host to the device.
    pub bytes_uploaded: u64,
    /// Bytes that came back.
    pub bytes_downloaded: u64,
    /// From the call until the device was done.
    pub duration: Duration,
}

/// Distinct rows, and which of them each row is.
#[derive(Debug)]
pub struct Factorized {
    /// Number of the distinct row that each row is, in the order of first appearance, shape `[n]`.
    pub ids: Indices,
    /// The first row of each distinct one, shape `[distinct]`.
    pub firsts: Indices,
}

/// Runs `work` and says how it ran, once the device is done.
pub(crate) fn timed<T>(device: Device, work: impl FnOnce() -> Result<T>) -> Result<Outcome<T>> {
    let (start, before) = (Instant::now(), Traffic::of_thread());
    let result = work()?;
    device.synchronize()?;
    let moved = Traffic::of_thread().since(before);
    let ran = Ran {
        device: device.to_string(),
        bytes_on_device: moved.on_device,
        bytes_uploaded: moved.uploaded,
        bytes_downloaded: moved.downloaded,
        duration: start.elapsed(),
    };
    Ok(Outcome { result, ran })
}

impl DeviceTable {
    /// A copy of `batch` on `device`. Distinct strings are found there, by a hash of 64 bits of
    /// their bytes, and by the bytes where hashes are equal.
    ///
    /// # Errors
    ///
    /// [`Error::WrongType`] if a column is of a type that devices do not take,
    /// [`Error::DuplicateColumn`] if two have one name, and [`Error::Device`].
    pub fn upload(batch: &RecordBatch, device: Device) -> Result<Self> {
        let columns = batch.columns().iter().zip(batch.schema_ref().fields());
        let columns = columns
            .map(|(array, field)| DeviceColumn::upload(field.name(), array, device))
            .collect::<Result<Vec<_>>>()?;
        Self::new(device, batch.num_rows(), columns)
    }

    pub(super) fn new(device: Device, n_rows: usize, columns: Vec<DeviceColumn>) -> Result<Self> {
        if n_rows > graph_kernels::MOST {
            let (found, limit) = (n_rows, graph_kernels::MOST);
            return Err(graph_kernels::Error::TooLong { name: "a table", found, limit }.into());
        }
        let mut known = HashSet::new();
        for column in &columns {
            if !known.insert(&*column.name) {
                return Err(Error::DuplicateColumn { column: (*column.name).into() });
            }
        }
        Ok(Self { device, n_rows, columns })
    }

    /// A copy for the host, of the types that were uploaded. Waits for the work before it.
    ///
    /// # Errors
    ///
    /// [`Error::Device`] if a copy fails, [`Error::Arrow`] if numbers do not fit a column's type.
    pub fn download(&self) -> Result<RecordBatch> {
        let arrays: Vec<ArrayRef> =
            self.columns.iter().map(DeviceColumn::download).collect::<Result<_>>()?;
        let fields = self
            .columns
            .iter()
            .zip(&arrays)
            .map(|(column, array)| Field::new(&*column.name, array.data_type().clone(), true));
        let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
        let options = RecordBatchOptions::new().with_row_count(Some(self.n_rows));
        Ok(RecordBatch::try_new_with_options(schema, arrays, &options)?)
    }

    /// The device that its columns lie on.
    pub fn device(&self) -> Device {
        self.device
    }

    /// Number of rows.
    pub fn n_rows(&self) -> usize {
        self.n_rows
    }

    /// Names of its columns, in their order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().map(|column| &*column.name)
    }

    /// Bytes that its columns hold on the device.
    pub fn bytes(&self) -> u64 {
        self.columns.iter().map(DeviceColumn::bytes).sum()
    }

    /// The columns of these names, in this order. Nothing is copied.
    ///
    /// # Errors
    ///
    /// [`Error::Unknown`] if there is no such column, [`Error::DuplicateColumn`] if one is named
    /// twice.
    pub fn select(&self, names: &[&str]) -> Result<Self> {
        let columns = names.iter().map(|name| self.column(name).cloned());
        Self::new(self.device, self.n_rows, columns.collect::<Result<_>>()?)
    }

    /// The table without the columns of these names. Nothing is copied.
    ///
    /// # Errors
    ///
    /// [`Error::Unknown`] if there is no such column.
    pub fn drop_columns(&self, names: &[&str]) -> Result<Self> {
        self.columns(names)?;
        let rest = self.columns.iter().filter(|column| !names.contains(&&*column.name)).cloned();
        Self::new(self.device, self.n_rows, rest.collect())
    }

    /// The table with other names for columns, given as `(old, new)`; all at once, so names can swap. Nothing is copied.
    ///
    /// # Errors
    ///
    /// [`Error::Unknown`] if there is no such column, [`Error::DuplicateColumn`] if two would have one name.
    pub fn rename(&self, names: &[(&str, &str)]) -> Result<Self> {
        names.iter().try_for_each(|(old, _)| self.column(old).map(drop))?;
        let mut columns = self.columns.clone();
        for column in &mut columns {
            if let Some((_, new)) = names.iter().find(|(old, _)| *old == &*column.name) {
                column.name = Arc::from(*new);
            }
        }
        Self::new(self.device, self.n_rows, columns)
    }

    /// The table with `column`, in place of one of that name or behind all others.
    pub(super) fn with(&self, column: DeviceColumn) -> Result<Self> {
        let mut columns = self.columns.clone();
        match columns.iter_mut().find(|known| known.name == column.name) {
            Some(known) => *known = column,
            None => columns.push(column),
        }
        Self::new(self.device, self.n_rows, columns)
    }

    pub(super) fn column(&self, name: &str) -> Result<&DeviceColumn> {
        self.columns.iter().find(|column| &*column.name == name).ok_or_else(|| Error::Unknown {
            kind: "column",
            name: name.into(),
            nearest: nearest(name, self.names()),
        })
    }

    /// Whether a column has floats.
    #[cfg(feature = "tables")]
    pub(crate) fn has_floats(&self, name: &str) -> Result<bool> {
        Ok(self.column(name)?.data_type.is_floating())
    }

    pub(super) fn columns(&self, names: &[&str]) -> Result<Vec<&DeviceColumn>> {
        names.iter().map(|name| self.column(name)).collect()
    }

    /// The rows that `at` names, of all columns.
    pub(super) fn rows(&self, at: &Indices) -> Result<Self> {
        let columns = self.columns.iter().map(|column| column.gather(at));
        let columns = columns.collect::<Result<_>>()?;
        Ok(Self { device: self.device, n_rows: at.len(), columns })
    }
}
