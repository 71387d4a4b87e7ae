//! One number of each of many stretches of an array, whatever their lengths.

use crate::buffer::{check_count, check_len};
use crate::launch::{Arg, Family, Kernel, family};
use crate::rows::Rows;
use crate::{Buffer, Device, Element, Error, Reduction, Result, cpu, fill};

static SEGMENTS: Family = family!(
    "segments",
    [
        "segments_u32_short",
        "segments_u32_medium",
        "segments_u32_chunk",
        "segments_u64_short",
        "segments_u64_medium",
        "segments_u64_chunk",
        "segments_f32_short",
        "segments_f32_medium",
        "segments_f32_chunk",
        "segments_long_u32",
        "segments_long_u64",
        "segments_long_f32",
        "spmv_short",
        "spmv_medium",
        "spmv_chunk",
        "spmv_weighted_short",
        "spmv_weighted_medium",
        "spmv_weighted_chunk",
    ]
);

/// The kernels for the three lists of segments.
#[derive(Debug)]
pub(crate) struct Kernels {
    short: Kernel,
    medium: Kernel,
    chunk: Kernel,
}

const fn kernel(name: &'static str) -> Kernel {
    Kernel { family: &SEGMENTS, name, group: 256 }
}

const fn kernels(short: &'static str, medium: &'static str, chunk: &'static str) -> Kernels {
    Kernels { short: kernel(short), medium: kernel(medium), chunk: kernel(chunk) }
}

static REDUCE: [Kernels; 3] = [
    kernels("segments_u32_short", "segments_u32_medium", "segments_u32_chunk"),
    kernels("segments_u64_short", "segments_u64_medium", "segments_u64_chunk"),
    kernels("segments_f32_short", "segments_f32_medium", "segments_f32_chunk"),
];
static LONG: [Kernel; 3] =
    [kernel("segments_long_u32"), kernel("segments_long_u64"), kernel("segments_long_f32")];
pub(crate) static SPMV: Kernels = kernels("spmv_short", "spmv_medium", "spmv_chunk");
pub(crate) static SPMV_WEIGHTED: Kernels =
    kernels("spmv_weighted_short", "spmv_weighted_medium", "spmv_weighted_chunk");

/// Stretches of an array, one behind the other, sorted by length once so that none stalls the
/// others: segment `s` is the entries `offsets[s]..offsets[s + 1]`.
#[derive(Debug)]
pub struct Segments {
    offsets: Buffer<u32>,
    n_items: usize,
    rows: Rows,
}

impl Segments {
    /// Takes the ends of `n` segments, shape `[n + 1]`, ascending from 0. O(n), on the host, which
    /// waits for the offsets. Takes [`bytes`](Self::bytes) more.
    ///
    /// # Errors
    ///
    /// [`Error::BadEntry`] if offsets do not begin with 0 or fall, [`Error::LengthMismatch`] if
    /// there are none, [`Error::OutOfMemory`], or [`Error::Driver`].
    pub fn new(offsets: Buffer<u32>) -> Result<Self> {
        let device = offsets.device();
        let copied;
        let host = match offsets.as_slice() {
            Some(host) => host,
            None => {
                copied = offsets.download()?;
                &copied
            }
        };
        check_offsets(host)?;
        let n_items = host[host.len() - 1] as usize;
        // The CPU goes through segments as they are.
        let split = if device == Device::Cpu { &[0][..] } else { host };
        let rows = Rows::split(device, split)?;
        Ok(Self { offsets, n_items, rows })
    }

    /// Most bytes that the lists of `n` segments of `items` entries in all take of a device,
    /// beside the offsets.
    pub fn bytes(n: usize, items: usize) -> u64 {
        Rows::bytes(n as u64, items as u64)
    }

    /// Number of segments.
    pub fn len(&self) -> usize {
        self.offsets.len() - 1
    }

    /// Whether there are no segments.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Number of entries of all segments together.
    pub fn n_items(&self) -> usize {
        self.n_items
    }

    /// Where each segment begins, shape `[n + 1]`.
    pub fn offsets(&self) -> &Buffer<u32> {
        &self.offsets
    }

    /// The device they lie on.
    pub fn device(&self) -> Device {
        self.offsets.device()
    }

    /// Runs the kernels of all lists, with these further arguments; an entry is `per_item` bytes.
    pub(crate) fn launch<T: Element>(
        &self,
        kernels: &'static Kernels,
        reduction: Reduction,
        per_item: u64,
        more: &[Arg<'_>],
        out: &mut Buffer<T>,
        scratch: &mut SegmentScratch<T>,
    ) -> Result<()> {
        let (device, rows) = (self.device(), &self.rows);
        check_len("the scratch of segments", scratch.parts.len(), rows.begins.len())?;
        let start = reduction.start::<T>();
        // Empty segments are in no list.
        fill(out, start)?;
        let size = size_of::<T>() as u64;
        let bytes = |list: &Buffer<u32>, kind: usize| {
            (12 + size) * list.len() as u64 + per_item * rows.n_edges[kind]
        };
        for (kernel, list, kind, segments) in
            [(&kernels.short, &rows.short, 0, 256), (&kernels.medium, &rows.medium, 1, 8)]
        {
            let n = list.len_u32("segments")?;
            let mut args = vec![list.into(), n.into(), (&self.offsets).into(), (&mut *out).into()];
            args.extend_from_slice(more);
            device.launch(kernel, n.div_ceil(segments), bytes(list, kind), &args)?;
        }
        let chunks = rows.begins.len_u32("chunks")?;
        let mut args =
            vec![(&rows.begins).into(), (&rows.ends).into(), (&mut scratch.parts).into()];
        args.extend_from_slice(more);
        let long = (8 + size) * u64::from(chunks) + per_item * rows.n_edges[2];
        device.launch(&kernels.chunk, chunks, long, &args)?;
        let n = rows.long.len_u32("segments")?;
        let args = [
            (&rows.long).into(),
            (&rows.firsts).into(),
            (&scratch.parts).into(),
            out.into(),
            reduction.code().into(),
            Arg::number(start),
        ];
        device.launch(&LONG[T::TYPE], n, size * u64::from(chunks), &args)
    }
}

/// What a reduction of segments writes on the way: a number for each chunk of a long segment.
#[derive(Debug)]
pub struct SegmentScratch<T> {
    parts: Buffer<T>,
}

impl<T: Element> SegmentScratch<T> {
    /// For these segments; takes at most [`bytes`](Self::bytes) of their device.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfMemory`].
    pub fn new(segments: &Segments) -> Result<Self> {
        Ok(Self { parts: Buffer::uninit(segments.device(), segments.rows.begins.len())? })
    }

    /// Most bytes for segments of `items` entries in all.
    pub fn bytes(items: usize) -> u64 {
        // No more chunks than if all segments were just too long to be medium.
        size_of::<T>() as u64 * (items as u64 / 2048)
    }
}

/// Writes the sum, least or most of each segment of `numbers` in its place of `out`.
///
/// `numbers` has shape `[items]`, `out` shape `[n]`. Empty segments give what a [`Reduction`] of
/// nothing does. Floats are summed in an order that depends on the segment's length alone, so
/// that every run gives the same bits, within about 1e-6 of the sum of magnitudes. O(n + items):
/// reads each number once, in five launches. Nothing is allocated, and the host does not wait.
///
/// ```
/// use graph_kernels::{Buffer, Device, Reduction, SegmentScratch, Segments, segmented_reduce};
///
/// let segments = Segments::new(Buffer::upload(Device::Cpu, &[0_u32, 2, 2, 3])?)?;
/// let numbers = Buffer::upload(Device::Cpu, &[1.5_f32, 2.0, 4.0])?;
/// let mut sums = Buffer::zeros(Device::Cpu, 3)?;
/// let mut scratch = SegmentScratch::new(&segments)?;
/// segmented_reduce(&numbers, &segments, Reduction::Sum, &mut sums, &mut scratch)?;
/// assert_eq!(sums.download()?, [3.5, 0.0, 4.0]);
/// # Ok::<(), graph_kernels::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::LengthMismatch`], [`Error::TooLong`], [`Error::WrongDevice`], or [`Error::Driver`] if
/// a launch fails.
pub fn segmented_reduce<T: Element>(
    numbers: &Buffer<T>,
    segments: &Segments,
    reduction: Reduction,
    out: &mut Buffer<T>,
    scratch: &mut SegmentScratch<T>,
) -> Result<()> {
    check_len("numbers", numbers.len(), segments.n_items())?;
    check_len("out", out.len(), segments.len())?;
    if segments.device() == Device::Cpu {
        let (numbers, offsets) = (numbers.host()?, segments.offsets.host()?);
        cpu::reduce::segmented_reduce(numbers, offsets, reduction, out.host_mut()?);
        return Ok(());
    }
    let more = [numbers.into(), reduction.code().into(), Arg::number(reduction.start::<T>())];
    let kernels = &REDUCE[T::TYPE];
    segments.launch(kernels, reduction, size_of::<T>() as u64, &more, out, scratch)
}

/// Checks that offsets ascend from 0 to what kernels can count, and that there is one.
pub(crate) fn check_offsets(offsets: &[u32]) -> Result<()> {
    let Some(&first) = offsets.first() else {
        return Err(Error::LengthMismatch { name: "offsets", found: 0, expected: 1 });
    };
    let bad = |index: usize, allowed: &str| {
        let value = offsets[index].into();
        Err(Error::BadEntry { name: "offsets", index, value, allowed: allowed.into() })
    };
    if first != 0 {
        return bad(0, "0");
    }
    match offsets.windows(2).position(|pair| pair[1] < pair[0]) {
        Some(at) => bad(at + 1, "at least the one before it"),
        None => check_count("segments' entries", offsets[offsets.len() - 1] as usize),
    }
}
