//! One number of each group of rows: counts, sums, means, the least and the most.

use crate::buffer::check_len;
use crate::csr::bits_below;
use crate::launch::{Family, Kernel, family};
use crate::{
    Bound, Buffer, Device, Error, Indices, Key, Meaning, NONE, Result, SortScratch, copy, cpu,
    fill, iota, search, sort_pairs_u32,
};

static AGGREGATE: Family = family!(
    "aggregate",
    ["aggregate_runs", "aggregate_edges", "aggregate_overflow", "aggregate_means",]
);
const fn kernel(name: &'static str) -> Kernel {
    Kernel { family: &AGGREGATE, name, group: 256 }
}
static RUNS: Kernel = kernel("aggregate_runs");
static EDGES: Kernel = kernel("aggregate_edges");
static OVERFLOW: Kernel = kernel("aggregate_overflow");
static MEANS: Kernel = kernel("aggregate_means");

/// Rows that a group of threads goes through at a time.
const TILE: u32 = 2048;

/// Groups of threads for each unit of a device.
const GROUPS_A_UNIT: u32 = 6;

/// Most stretches: few enough for one that goes back through all.
const STRETCHES: u32 = 1024;

/// What becomes of the numbers of a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Aggregation {
    /// How many there are.
    Count,
    /// Their sum: of integers in 64 bits, exact; of floats in double precision.
    Sum,
    /// Their sum, divided by how many there are, in double precision.
    Mean,
    /// The least; what is not a number is the greatest.
    Min,
    /// The most; what is not a number is the greatest.
    Max,
}

/// Rows sorted by group.
///
/// | array     | shape          | meaning                                                   |
/// |-----------|----------------|-----------------------------------------------------------|
/// | `order`   | `[n]`          | the rows, group by group, ascending in each               |
/// | `ids`     | `[n]`          | the group of each of these                                |
/// | `offsets` | `[groups + 1]` | group `g` is `order[offsets[g]..offsets[g + 1]]`          |
#[derive(Debug)]
pub struct Groups {
    order: Indices,
    ids: Buffer<u32>,
    offsets: Buffer<u32>,
}

impl Groups {
    /// Sorts rows by `ids`, the group of each: there are as many groups as
    /// [`below`](Indices::below) says, and some may be empty.
    ///
    /// O(n) for each 8 bits of a group's number: 20 n bytes each, and 8 n to begin with. Takes
    /// [`bytes`](Self::bytes); the host does not wait.
    ///
    /// # Errors
    ///
    /// [`Error::TooLong`], [`Error::OutOfMemory`] with the estimate, or [`Error::Driver`].
    pub fn new(ids: &Indices) -> Result<Self> {
        let estimate = Self::bytes(ids.len(), ids.below() as usize);
        Self::sort(ids).map_err(|error| error.with_estimate(estimate))
    }

    fn sort(ids: &Indices) -> Result<Self> {
        let (device, n, groups) = (ids.device(), ids.len(), ids.below());
        let mut order = iota(device, 0, n)?;
        let mut sorted = Buffer::uninit(device, n)?;
        copy(ids.numbers(), &mut sorted)?;
        let mut scratch = SortScratch::new(device, n)?;
        sort_pairs_u32(&mut sorted, &mut order, 0..bits_below(groups), &mut scratch)?;
        drop(scratch);
        let queries = iota(device, 0, groups as usize + 1)?;
        let mut offsets = Buffer::uninit(device, groups as usize + 1)?;
        search(&sorted, &queries, Bound::Lower, &mut offsets)?;
        Ok(Self { order: Indices::trusted(order, n as u32), ids: sorted, offsets })
    }

    /// Most bytes that [`new`](Self::new) takes of a device at a time; in the end it keeps 8 for
    /// each row and 4 for each group and one more.
    pub fn bytes(n: usize, groups: usize) -> u64 {
        8 * n as u64 + SortScratch::<u32>::bytes(n).max(8 * (groups as u64 + 1))
    }

    /// Number of groups.
    pub fn len(&self) -> usize {
        self.offsets.len() - 1
    }

    /// Whether there are no groups.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Number of rows.
    pub fn n_rows(&self) -> usize {
        self.order.len()
    }

    /// The rows, group by group.
    pub fn order(&self) -> &Indices {
        &self.order
    }

    /// Where each group begins in [`order`](Self::order).
    pub fn offsets(&self) -> &Buffer<u32> {
        &self.offsets
    }

    /// The device they lie on.
    pub fn device(&self) -> Device {
        self.order.device()
    }
}

/// A number of each group.
#[derive(Debug)]
pub struct Aggregate {
    /// The numbers, shape `[groups]`: 0 for groups without rows. Sums of integers are integers of
    /// 64 bits, sums of floats and all means are bits of `f64`; the least and the most are what they
    /// were, in the low bits.
    pub numbers: Buffer<u64>,
    /// How many valid rows each group has, shape `[groups]`.
    pub counts: Buffer<u32>,
}

/// Joins the `values` of each group, where `valid`, if it is there, is not 0.
///
/// All arrays are of one length. Sums of integers are exact. Floats are added in double precision,
/// computed in integers where a device has no such unit, in an order that depends on the rows and
/// on the device alone: every run gives the same bits, within about 1e-15 of the sum of magnitudes
/// for a million numbers. O(n): reads 8 n bytes, each value (a piece of 32 bytes where rows of a
/// group are far apart), and its `valid`, in two launches. For sums of integers the host waits for
/// one number.
///
/// ```
/// use graph_kernels::{Aggregation, Buffer, Device, Groups, Indices, Meaning, aggregate};
///
/// let groups = Groups::new(&Indices::upload(Device::Cpu, &[1, 0, 1], 2)?)?;
/// let values = Buffer::upload(Device::Cpu, &[5_u64, 7, -2_i64 as u64])?;
/// let sums = aggregate(&values, Meaning::Signed, None, &groups, Aggregation::Sum)?;
/// assert_eq!(sums.numbers.download()?, [7, 3]);
/// # Ok::<(), graph_kernels::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::Overflow`] for the first group whose sum of integers does not fit in 64 bits,
/// [`Error::LengthMismatch`], [`Error::WrongDevice`], [`Error::OutOfMemory`], or
/// [`Error::Driver`].
pub fn aggregate<K: Key>(
    values: &Buffer<K>,
    meaning: Meaning,
    valid: Option<&Buffer<u32>>,
    groups: &Groups,
    aggregation: Aggregation,
) -> Result<Aggregate> {
    let (device, n) = (groups.device(), groups.n_rows());
    check_len("values", values.len(), n)?;
    if let Some(valid) = valid {
        check_len("valid", valid.len(), n)?;
    }
    let mut numbers: Buffer<u64> = Buffer::uninit(device, groups.len())?;
    let mut counts: Buffer<u32> = Buffer::uninit(device, groups.len())?;
    if let (Some(numbers), Some(counts)) = (numbers.as_mut_slice(), counts.as_mut_slice()) {
        let valid = valid.map(Buffer::host).transpose()?;
        let rows = (groups.order.numbers().host()?, groups.offsets.host()?);
        let rows = cpu::aggregate::aggregate(values.host()?, valid, rows, meaning, aggregation);
        for (group, row) in rows.into_iter().enumerate() {
            if !row.fits {
                return Err(Error::Overflow { group });
            }
            (numbers[group], counts[group]) = (row.bits, row.count);
        }
    } else {
        on_device(values, meaning, valid, groups, aggregation, &mut numbers, &mut counts)?;
    }
    Ok(Aggregate { numbers, counts })
}

fn on_device<K: Key>(
    values: &Buffer<K>,
    meaning: Meaning,
    valid: Option<&Buffer<u32>>,
    groups: &Groups,
    aggregation: Aggregation,
    numbers: &mut Buffer<u64>,
    counts: &mut Buffer<u32>,
) -> Result<()> {
    let device = groups.device();
    // As kernels know it.
    let kind: u32 = match aggregation {
        Aggregation::Count => 0,
        Aggregation::Sum | Aggregation::Mean if meaning != Meaning::Float => 1,
        Aggregation::Sum | Aggregation::Mean => 2,
        Aggregation::Min => 3,
        Aggregation::Max => 4,
    };
    let is_whole = kind == 1;
    // Groups without rows are not written; where all have some, this costs little.
    fill(numbers, 0)?;
    fill(counts, 0)?;
    let mut highs: Buffer<u64> = Buffer::zeros(device, if is_whole { groups.len() } else { 0 })?;
    let n = groups.order.numbers().len_u32("rows")?;
    if n == 0 {
        return Ok(());
    }
    let most = (GROUPS_A_UNIT * device.units()).min(STRETCHES);
    let stretch = n.div_ceil(TILE).div_ceil(most).max(1) * TILE;
    let stretches = n.div_ceil(stretch);
    let edges = stretches as usize;
    let mut edge_lows: Buffer<u64> = Buffer::uninit(device, 2 * edges)?;
    let mut edge_highs: Buffer<u64> = Buffer::uninit(device, 2 * edges)?;
    let mut edge_counts: Buffer<u32> = Buffer::uninit(device, 2 * edges)?;
    let mut edge_ids: Buffer<u32> = Buffer::uninit(device, edges)?;
    let mut begun: Buffer<u32> = Buffer::uninit(device, edges)?;
    let wide = u32::from(size_of::<K>() == 8);
    let args = [
        (&groups.ids).into(),
        groups.order.numbers().into(),
        values.into(),
        // Any array, where there is none.
        valid.unwrap_or(&groups.ids).into(),
        (&mut *numbers).into(),
        (&mut highs).into(),
        (&mut *counts).into(),
        (&mut edge_lows).into(),
        (&mut edge_highs).into(),
        (&mut edge_counts).into(),
        (&mut edge_ids).into(),
        (&mut begun).into(),
        n.into(),
        stretch.into(),
        kind.into(),
        meaning.code().into(),
        wide.into(),
        u32::from(valid.is_some()).into(),
    ];
    let value = if kind == 0 { 0 } else { size_of::<K>() as u64 };
    let flag = if valid.is_some() { 4 } else { 0 };
    let per_group = 12 + if is_whole { 8 } else { 0 };
    let bytes = u64::from(n) * (8 + value + flag) + per_group * groups.len() as u64;
    device.launch(&RUNS, stretches, bytes, &args)?;
    let args = [
        (&groups.ids).into(),
        (&edge_lows).into(),
        (&edge_highs).into(),
        (&edge_counts).into(),
        (&edge_ids).into(),
        (&begun).into(),
        (&mut *numbers).into(),
        (&mut highs).into(),
        (&mut *counts).into(),
        n.into(),
        stretches.into(),
        kind.into(),
        meaning.code().into(),
        wide.into(),
    ];
    device.launch(&EDGES, (stretches + 1).div_ceil(256), 48 * u64::from(stretches), &args)?;
    let (n_groups, launched) = (groups.len() as u32, OVERFLOW.groups_for(groups.len()));
    match aggregation {
        Aggregation::Sum if is_whole => {
            let mut first = Buffer::upload(device, &[NONE])?;
            let is_signed = u32::from(meaning == Meaning::Signed);
            let args = [
                (&*numbers).into(),
                (&highs).into(),
                (&mut first).into(),
                n_groups.into(),
                is_signed.into(),
            ];
            device.launch(&OVERFLOW, launched, 16 * u64::from(n_groups), &args)?;
            match first.download()?[0] {
                NONE => Ok(()),
                group => Err(Error::Overflow { group: group as usize }),
            }
        }
        Aggregation::Mean => {
            let args = [
                (&mut *numbers).into(),
                (&highs).into(),
                (&*counts).into(),
                n_groups.into(),
                kind.into(),
            ];
            device.launch(&MEANS, launched, 28 * u64::from(n_groups), &args)
        }
        _ => Ok(()),
    }
}
