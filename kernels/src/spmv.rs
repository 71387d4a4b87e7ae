//! A sparse matrix times a vector.

use crate::buffer::check_len;
use crate::segments::{SPMV, SPMV_WEIGHTED};
use crate::{Buffer, Device, DeviceCsr, Indices, Reduction, Result, SegmentScratch, Segments, cpu};

/// A CSR with its rows sorted by length once, so that hubs do not stall a product.
#[derive(Debug)]
pub struct SplitCsr {
    rows: Segments,
    columns: Indices,
}

impl SplitCsr {
    /// Takes a CSR. O(rows), on the host, which waits for the offsets. Takes
    /// [`Segments::bytes`] more of the device.
    ///
    /// # Errors
    ///
    /// [`crate::Error::OutOfMemory`], or [`crate::Error::Driver`].
    pub fn new(csr: DeviceCsr) -> Result<Self> {
        let (offsets, columns) = csr.into_parts();
        Ok(Self { rows: Segments::new(offsets)?, columns })
    }

    /// Its rows: the segments of the entries.
    pub fn rows(&self) -> &Segments {
        &self.rows
    }

    /// The column of each entry, shape `[m]`.
    pub fn columns(&self) -> &Indices {
        &self.columns
    }
}

/// Writes the product of a sparse matrix and a vector: y\[r\] = Σ weight(e) x\[column(e)\] over
/// the entries e of row r; all weights are 1 if there are none.
///
/// `x` has shape `[n_columns]`, `weights` shape `[m]`, `y` shape `[n_rows]`, and the scratch is
/// for `matrix.rows()`. Each row is summed in one order, so every run gives the same bits, within
/// about 1e-6 of the sum of magnitudes. O(n + m): reads columns and weights once, and `x` a piece
/// of 32 bytes an entry where columns are far apart. Nothing is allocated, and the host does not
/// wait.
///
/// ```
/// use graph_kernels::{Buffer, Device, DeviceCsr, SegmentScratch, SplitCsr, spmv};
///
/// let csr = DeviceCsr::upload(Device::Cpu, 2, &[0, 2, 3], &[0, 1, 0])?;
/// let matrix = SplitCsr::new(csr)?;
/// let x = Buffer::upload(Device::Cpu, &[10.0, 1.0])?;
/// let mut y = Buffer::zeros(Device::Cpu, 2)?;
/// spmv(&matrix, None, &x, &mut y, &mut SegmentScratch::new(matrix.rows())?)?;
/// assert_eq!(y.download()?, [11.0, 10.0]);
/// # Ok::<(), graph_kernels::Error>(())
/// ```
///
/// Source: Bell, Garland 2009, doi:10.1145/1654059.1654078, for a thread or a warp a row.
///
/// # Errors
///
/// [`crate::Error::LengthMismatch`], [`crate::Error::WrongDevice`], or [`crate::Error::Driver`]
/// if a launch fails.
pub fn spmv(
    matrix: &SplitCsr,
    weights: Option<&Buffer<f32>>,
    x: &Buffer<f32>,
    y: &mut Buffer<f32>,
    scratch: &mut SegmentScratch<f32>,
) -> Result<()> {
    let (rows, columns) = (&matrix.rows, &matrix.columns);
    check_len("x", x.len(), columns.below() as usize)?;
    check_len("y", y.len(), rows.len())?;
    if let Some(weights) = weights {
        check_len("weights", weights.len(), columns.len())?;
    }
    if rows.device() == Device::Cpu {
        let weights = weights.map(Buffer::host).transpose()?;
        let (offsets, columns) = (rows.offsets().host()?, columns.numbers().host()?);
        cpu::spmv::spmv(offsets, columns, weights, x.host()?, y.host_mut()?);
        return Ok(());
    }
    let mut more = vec![columns.numbers().into(), x.into()];
    more.extend(weights.map(crate::launch::Arg::from));
    let kernels = if weights.is_some() { &SPMV_WEIGHTED } else { &SPMV };
    let per_entry = if weights.is_some() { 12 } else { 8 };
    rows.launch(kernels, Reduction::Sum, per_entry, &more, y, scratch)
}
