//! Rows of a sparse matrix, or of a graph, out of a list of entries, and turned around.

use crate::buffer::check_len;
use crate::launch::{Family, Kernel, family};
use crate::segments::check_offsets;
use crate::sort::{SortScratch, sort_pairs_u32, sort_pairs_u64};
use crate::{Buffer, Device, Indices, Result, copy, cpu, iota};

static CSR: Family =
    family!("csr", ["csr_keys", "csr_columns", "csr_offsets_u32", "csr_offsets_u64", "csr_rows"]);
const fn kernel(name: &'static str) -> Kernel {
    Kernel { family: &CSR, name, group: 256 }
}
static KEYS: Kernel = kernel("csr_keys");
static COLUMNS: Kernel = kernel("csr_columns");
static OFFSETS_U32: Kernel = kernel("csr_offsets_u32");
static OFFSETS_U64: Kernel = kernel("csr_offsets_u64");
static ROWS: Kernel = kernel("csr_rows");

/// A CSR on a device, known to be one: offsets ascend from 0 to `m`, and no column is beyond.
///
/// | array     | shape          | meaning                                              |
/// |-----------|----------------|------------------------------------------------------|
/// | `offsets` | `[n_rows + 1]` | entries of row `r` sit at `offsets[r]..offsets[r+1]` |
/// | `columns` | `[m]`          | column of each entry                                 |
///
/// Of a graph, rows are sources and columns targets. Numbers that belong to entries, such as
/// weights, are arrays of their own: what makes or turns a CSR says where each entry came from,
/// for [`gather`](crate::gather).
#[derive(Debug)]
pub struct DeviceCsr {
    offsets: Buffer<u32>,
    columns: Indices,
}

impl DeviceCsr {
    /// A copy on `device` of a CSR of the host. O(n + m).
    ///
    /// # Errors
    ///
    /// [`crate::Error::BadEntry`] if offsets do not begin with 0 or fall, or a column is not below
    /// `n_columns`; [`crate::Error::LengthMismatch`] if the last offset is not the number of columns;
    /// [`crate::Error::OutOfMemory`].
    pub fn upload(
        device: Device,
        n_columns: u32,
        offsets: &[u32],
        columns: &[u32],
    ) -> Result<Self> {
        check_offsets(offsets)?;
        check_len("columns", columns.len(), offsets[offsets.len() - 1] as usize)?;
        let columns = Indices::upload(device, columns, n_columns)?;
        Ok(Self { offsets: Buffer::upload(device, offsets)?, columns })
    }

    /// Sorts entries by row, then by column; equal entries keep their order. Gives the CSR, and
    /// which entry of the list each is now.
    ///
    /// There are as many rows and columns as the lists may name. O(m) for each 8 bits of a row and
    /// a column together. Peak memory is [`from_coo_bytes`](Self::from_coo_bytes).
    ///
    /// ```
    /// use graph_kernels::{Device, DeviceCsr, Indices};
    ///
    /// let rows = Indices::upload(Device::Cpu, &[2, 0, 0], 3)?;
    /// let columns = Indices::upload(Device::Cpu, &[0, 2, 1], 3)?;
    /// let (csr, order) = DeviceCsr::from_coo(&rows, &columns)?;
    /// assert_eq!(csr.offsets().download()?, [0, 2, 2, 3]);
    /// assert_eq!(csr.columns().numbers().download()?, [1, 2, 0]);
    /// assert_eq!(order.numbers().download()?, [2, 1, 0]);
    /// # Ok::<(), graph_kernels::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`crate::Error::LengthMismatch`] if the lists differ in length, [`crate::Error::WrongDevice`],
    /// [`crate::Error::TooLong`], [`crate::Error::OutOfMemory`] with the estimate, or [`crate::Error::Driver`].
    pub fn from_coo(rows: &Indices, columns: &Indices) -> Result<(Self, Indices)> {
        check_len("columns", columns.len(), rows.len())?;
        let (device, n_rows, n_columns) = (rows.device(), rows.below(), columns.below());
        if device == Device::Cpu {
            let (rows, columns) = (rows.numbers().host()?, columns.numbers().host()?);
            let sorted = cpu::csr::from_coo(n_rows as usize, rows, columns);
            return Self::of_host(&sorted, n_columns);
        }
        let estimate = Self::from_coo_bytes(n_rows, rows.len());
        Self::from_coo_on(device, rows, columns).map_err(|error| error.with_estimate(estimate))
    }

    fn from_coo_on(device: Device, rows: &Indices, columns: &Indices) -> Result<(Self, Indices)> {
        let (n_rows, n_columns) = (rows.below(), columns.below());
        let (m, n) = (rows.len(), rows.numbers().len_u32("rows")?);
        let (row_bits, column_bits) = (bits_below(n_rows), bits_below(n_columns));
        let mut keys: Buffer<u64> = Buffer::uninit(device, m)?;
        let mut order = Buffer::uninit(device, m)?;
        let entries = u64::from(n);
        let args = [
            rows.numbers().into(),
            columns.numbers().into(),
            (&mut keys).into(),
            (&mut order).into(),
            n.into(),
            column_bits.into(),
        ];
        device.launch(&KEYS, KEYS.groups_for(m), 20 * entries, &args)?;
        let mut scratch = SortScratch::new(device, m)?;
        sort_pairs_u64(&mut keys, &mut order, 0..row_bits + column_bits, &mut scratch)?;
        drop(scratch);
        let mut sorted = Buffer::uninit(device, m)?;
        let args = [(&keys).into(), (&mut sorted).into(), n.into(), column_bits.into()];
        device.launch(&COLUMNS, COLUMNS.groups_for(m), 12 * entries, &args)?;
        let mut offsets = Buffer::uninit(device, n_rows as usize + 1)?;
        let n_offsets = offsets.len_u32("offsets")?;
        let args =
            [(&keys).into(), (&mut offsets).into(), n.into(), n_rows.into(), column_bits.into()];
        let bytes = search_bytes(n_offsets, n, 8);
        device.launch(&OFFSETS_U64, OFFSETS_U64.groups_for(n_offsets as usize), bytes, &args)?;
        let csr = Self { offsets, columns: Indices::trusted(sorted, n_columns) };
        Ok((csr, Indices::trusted(order, n)))
    }

    /// Most bytes that [`from_coo`](Self::from_coo) takes of a device at a time, for `m` entries;
    /// in the end it keeps four for each row and one more, and 8 m.
    pub fn from_coo_bytes(n_rows: u32, m: usize) -> u64 {
        let (rows, entries) = (u64::from(n_rows) + 1, m as u64);
        12 * entries + SortScratch::<u64>::bytes(m).max(4 * rows + 4 * entries)
    }

    /// The CSR with rows and columns exchanged, columns ascending in each row, and which entry of
    /// this one each is. Equal entries keep their order.
    ///
    /// O(m) for each 8 bits of a column. Peak memory is
    /// [`transpose_bytes`](Self::transpose_bytes).
    ///
    /// # Errors
    ///
    /// [`crate::Error::TooLong`], [`crate::Error::OutOfMemory`] with the estimate, or [`crate::Error::Driver`].
    pub fn transpose(&self) -> Result<(Self, Indices)> {
        let device = self.device();
        let n_columns = self.columns.below();
        if device == Device::Cpu {
            let (offsets, columns) = (self.offsets.host()?, self.columns.numbers().host()?);
            let sorted = cpu::csr::transpose(n_columns as usize, offsets, columns);
            return Self::of_host(&sorted, self.n_rows());
        }
        let estimate = Self::transpose_bytes(n_columns, self.len());
        self.transpose_on(device).map_err(|error| error.with_estimate(estimate))
    }

    fn transpose_on(&self, device: Device) -> Result<(Self, Indices)> {
        let (m, n) = (self.len(), self.columns.numbers().len_u32("columns")?);
        let (n_rows, n_columns) = (self.n_rows(), self.columns.below());
        let mut keys = Buffer::uninit(device, m)?;
        copy(self.columns.numbers(), &mut keys)?;
        let mut order = iota(device, 0, m)?;
        let mut scratch = SortScratch::new(device, m)?;
        // Entries are sorted by row already, and sorting is stable.
        sort_pairs_u32(&mut keys, &mut order, 0..bits_below(n_columns), &mut scratch)?;
        drop(scratch);
        let mut rows = Buffer::uninit(device, m)?;
        let args =
            [(&self.offsets).into(), (&order).into(), (&mut rows).into(), n.into(), n_rows.into()];
        let bytes = search_bytes(n, n_rows, 4) + 4 * u64::from(n);
        device.launch(&ROWS, ROWS.groups_for(m), bytes, &args)?;
        let mut offsets = Buffer::uninit(device, n_columns as usize + 1)?;
        let n_offsets = offsets.len_u32("offsets")?;
        let args =
            [(&keys).into(), (&mut offsets).into(), n.into(), n_columns.into(), 0_u32.into()];
        let bytes = search_bytes(n_offsets, n, 4);
        device.launch(&OFFSETS_U32, OFFSETS_U32.groups_for(n_offsets as usize), bytes, &args)?;
        let csr = Self { offsets, columns: Indices::trusted(rows, n_rows) };
        Ok((csr, Indices::trusted(order, n)))
    }

    /// Most bytes that [`transpose`](Self::transpose) takes of a device at a time, for `m`
    /// entries; in the end it keeps four for each column and one more, and 8 m.
    pub fn transpose_bytes(n_columns: u32, m: usize) -> u64 {
        let (columns, entries) = (u64::from(n_columns) + 1, m as u64);
        8 * entries + SortScratch::<u32>::bytes(m).max(4 * columns + 4 * entries)
    }

    fn of_host(sorted: &cpu::csr::Sorted, n_columns: u32) -> Result<(Self, Indices)> {
        let m = sorted.order.len() as u32;
        let upload = |numbers: &[u32]| Buffer::upload(Device::Cpu, numbers);
        let columns = Indices::trusted(upload(&sorted.columns)?, n_columns);
        let csr = Self { offsets: upload(&sorted.offsets)?, columns };
        Ok((csr, Indices::trusted(upload(&sorted.order)?, m)))
    }

    /// Where each row begins, shape `[n_rows + 1]`.
    pub fn offsets(&self) -> &Buffer<u32> {
        &self.offsets
    }

    /// The column of each entry, shape `[m]`.
    pub fn columns(&self) -> &Indices {
        &self.columns
    }

    /// Number of rows.
    pub fn n_rows(&self) -> u32 {
        self.offsets.len() as u32 - 1
    }

    /// Number of columns.
    pub fn n_columns(&self) -> u32 {
        self.columns.below()
    }

    /// Number of entries, `m`.
    pub fn len(&self) -> usize {
        self.columns.len()
    }

    /// Whether there are no entries.
    pub fn is_empty(&self) -> bool {
        self.columns.is_empty()
    }

    /// The device it lies on.
    pub fn device(&self) -> Device {
        self.offsets.device()
    }

    /// The arrays, to be changed.
    pub fn into_parts(self) -> (Buffer<u32>, Indices) {
        (self.offsets, self.columns)
    }
}

/// Bits that numbers below `limit` need.
pub(crate) fn bits_below(limit: u32) -> u32 {
    u32::BITS - limit.saturating_sub(1).leading_zeros()
}

/// Bytes that `queries` searches among `n` numbers of `size` bytes read and write.
fn search_bytes(queries: u32, n: u32, size: u64) -> u64 {
    let steps = u64::from(n.checked_ilog2().map_or(0, |log| log + 1));
    u64::from(queries) * (4 + steps * size)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_need_the_bits_of_the_largest() {
        for (limit, bits) in [(0, 0), (1, 0), (2, 1), (3, 2), (256, 8), (257, 9), (u32::MAX, 32)] {
            assert_eq!(bits_below(limit), bits, "{limit}");
        }
    }
}
