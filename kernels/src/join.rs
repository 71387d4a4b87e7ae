//! Pairs of rows whose keys are equal.

use crate::buffer::check_len;
use crate::launch::{Family, Kernel, family};
use crate::{
    Buffer, CompactScratch, Device, Error, Groups, Indices, Key, MOST, NONE, Places, Result,
    ScanScratch, compact_indices, cpu, exclusive_scan,
};

static JOIN: Family =
    family!("join", ["join_counts", "join_pairs", "join_flags", "join_take_u32", "join_take_u64"]);
const fn kernel(name: &'static str) -> Kernel {
    Kernel { family: &JOIN, name, group: 256 }
}
static COUNTS: Kernel = kernel("join_counts");
static PAIRS: Kernel = kernel("join_pairs");
static FLAGS: Kernel = kernel("join_flags");
static TAKE: [Kernel; 2] = [kernel("join_take_u32"), kernel("join_take_u64")];

/// Rows of two sides that belong together.
#[derive(Debug)]
pub struct Pairs {
    /// Rows of the left side, ascending.
    pub left: Indices,
    /// For each a row of the right side, or [`NONE`]; ascending for equal left rows.
    pub right: Places,
}

/// Pairs each row of the left side with those of the right side that have its key.
///
/// `found` has for each left row the number of its key among the groups of the right side, or
/// [`NONE`], as of [`Lookup::find`](crate::Lookup::find). With `outer`, left rows that have no pair are paired with
/// [`NONE`]. At most `limit` pairs are made. O(n + pairs): counts first, and then writes each pair
/// once, after a search among the left rows: 16 n + 16 bytes a pair, and 4 log n of cached ones. The
/// host waits for the number of pairs.
///
/// ```
/// use graph_kernels::{Buffer, Device, Groups, Lookup, pairs};
///
/// let right = Lookup::new(Buffer::upload(Device::Cpu, &[5_u32, 9, 5])?)?;
/// let found = right.find(&Buffer::upload(Device::Cpu, &[9, 7, 5])?, None)?;
/// let groups = Groups::new(&right.factors().ids)?;
/// let pairs = pairs(&found, &groups, true, 100)?;
/// assert_eq!(pairs.left.numbers().download()?, [0, 1, 2, 2]);
/// assert_eq!(pairs.right.numbers().download()?, [1, u32::MAX, 0, 2]);
/// # Ok::<(), graph_kernels::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::TooLong`] with the number of pairs if they are more than `limit` or than can be
/// counted, before any is made; [`Error::LengthMismatch`] if `found` is of other groups,
/// [`Error::WrongDevice`], [`Error::OutOfMemory`], or [`Error::Driver`].
pub fn pairs(found: &Places, groups: &Groups, outer: bool, limit: usize) -> Result<Pairs> {
    check_len("groups", groups.len(), found.below() as usize)?;
    let device = groups.device();
    let (n, below) = (found.numbers().len_u32("found")?, found.len() as u32);
    let limit = limit.min(MOST);
    let check = |total: u64| match usize::try_from(total) {
        Ok(total) if total <= limit => Ok(total),
        _ => Err(Error::TooLong { name: "a join", found: total as usize, limit }),
    };
    if device == Device::Cpu {
        let (order, offsets) = (groups.order().numbers().host()?, groups.offsets().host()?);
        let found = found.numbers().host()?;
        let total = check(cpu::join::count(found, order, offsets, outer))?;
        let (mut left, mut right) = (vec![0; total], vec![0; total]);
        cpu::join::pairs(found, (order, offsets), outer, &mut left, &mut right);
        let left = Indices::trusted(Buffer::upload(device, &left)?, below);
        let right = Places::trusted(Buffer::upload(device, &right)?, groups.n_rows() as u32);
        return Ok(Pairs { left, right });
    }
    let mut counts: Buffer<u32> = Buffer::uninit(device, found.len())?;
    let mut words: Buffer<u32> = Buffer::zeros(device, 2)?;
    let args = [
        found.numbers().into(),
        groups.offsets().into(),
        (&mut counts).into(),
        (&mut words).into(),
        n.into(),
        u32::from(outer).into(),
    ];
    let groups_of_threads = COUNTS.groups_for(found.len()).min(8 * device.units());
    device.launch(&COUNTS, groups_of_threads, 16 * u64::from(n), &args)?;
    let words = words.download()?;
    let total = check(u64::from(words[1]) << 32 | u64::from(words[0]))?;
    let mut starts: Buffer<u32> = Buffer::uninit(device, found.len() + 1)?;
    exclusive_scan(&counts, &mut starts, &mut ScanScratch::new(device)?)?;
    drop(counts);
    let mut left: Buffer<u32> = Buffer::uninit(device, total)?;
    let mut right: Buffer<u32> = Buffer::uninit(device, total)?;
    let args = [
        (&starts).into(),
        found.numbers().into(),
        groups.offsets().into(),
        groups.order().numbers().into(),
        (&mut left).into(),
        (&mut right).into(),
        n.into(),
        (total as u32).into(),
    ];
    let bytes = 16 * total as u64 + 16 * u64::from(n);
    device.launch(&PAIRS, PAIRS.groups_for(total), bytes, &args)?;
    let right = Places::trusted(right, groups.n_rows() as u32);
    Ok(Pairs { left: Indices::trusted(left, below), right })
}

/// The left rows, ascending, that have a pair if `want`, or else those that have none: semi and
/// anti joins. `found` and `groups` are as of [`pairs`]. O(n): moves 16 n bytes, and 4 a row
/// selected.
///
/// # Errors
///
/// [`Error::LengthMismatch`] if `found` is of other groups, [`Error::WrongDevice`],
/// [`Error::OutOfMemory`], or [`Error::Driver`].
pub fn paired(found: &Places, groups: &Groups, want: bool) -> Result<Indices> {
    check_len("groups", groups.len(), found.below() as usize)?;
    let device = groups.device();
    let n = found.numbers().len_u32("found")?;
    let mut flags: Buffer<u32> = Buffer::uninit(device, found.len())?;
    if let Some(flags) = flags.as_mut_slice() {
        let (order, offsets) = (groups.order().numbers().host()?, groups.offsets().host()?);
        cpu::join::flags(found.numbers().host()?, (order, offsets), want, flags);
    } else {
        let args = [
            found.numbers().into(),
            groups.offsets().into(),
            (&mut flags).into(),
            n.into(),
            u32::from(want).into(),
        ];
        device.launch(&FLAGS, FLAGS.groups_for(found.len()), 16 * u64::from(n), &args)?;
    }
    selected(&flags)
}

/// The places of all `flags` that are not 0, ascending, in an array of their number. O(n): reads
/// the flags twice; the host waits for the number.
///
/// # Errors
///
/// [`Error::TooLong`], [`Error::OutOfMemory`], or [`Error::Driver`].
pub fn selected(flags: &Buffer<u32>) -> Result<Indices> {
    let (device, n) = (flags.device(), flags.len_u32("flags")?);
    let mut out = Buffer::uninit(device, flags.len())?;
    let mut count = Buffer::zeros(device, 1)?;
    compact_indices(flags, &mut out, &mut count, &mut CompactScratch::new(device)?)?;
    out.truncate(count.download()?[0] as usize);
    Ok(Indices::trusted(out, n))
}

/// Values taken from places of which some may be absent.
#[derive(Debug)]
pub struct Taken<T> {
    /// The values, 0 where there is none, shape `[n]`.
    pub values: Buffer<T>,
    /// 1 where there is one, or else 0, shape `[n]`.
    pub valid: Buffer<u32>,
}

/// `values[at[i]]` for each `i`, which is absent where `at[i]` is [`NONE`] or `valid`, if it is
/// there, is 0 there.
///
/// O(n): as [`gather`](crate::gather), with 4 n bytes more, and 4 n again for `valid`.
///
/// # Errors
///
/// [`Error::LengthMismatch`] if arrays do not fit, [`Error::TooLong`], [`Error::WrongDevice`],
/// [`Error::OutOfMemory`], or [`Error::Driver`].
pub fn take<K: Key>(
    values: &Buffer<K>,
    valid: Option<&Buffer<u32>>,
    at: &Places,
) -> Result<Taken<K>> {
    check_len("valid", valid.map_or(values.len(), Buffer::len), values.len())?;
    check_len("values", values.len(), at.below() as usize)?;
    let device = values.device();
    let mut out = Buffer::uninit(device, at.len())?;
    let mut out_valid = Buffer::uninit(device, at.len())?;
    if let (Some(out), Some(out_valid)) = (out.as_mut_slice(), out_valid.as_mut_slice()) {
        let (values, at) = (values.host()?, at.numbers().host()?);
        let valid = valid.map(Buffer::host).transpose()?;
        for ((out, out_valid), &at) in out.iter_mut().zip(out_valid).zip(at) {
            let is_there = at != NONE && valid.is_none_or(|valid| valid[at as usize] != 0);
            *out = if is_there { values[at as usize] } else { K::from_bits(0) };
            *out_valid = u32::from(is_there);
        }
    } else {
        let (n, kernel) = (at.numbers().len_u32("at")?, &TAKE[K::TYPE]);
        let args = [
            values.into(),
            // Any array, where there is none.
            valid.unwrap_or(at.numbers()).into(),
            at.numbers().into(),
            (&mut out).into(),
            (&mut out_valid).into(),
            n.into(),
            u32::from(valid.is_some()).into(),
        ];
        let flag = if valid.is_some() { 4 } else { 0 };
        let bytes = (8 + flag + 2 * size_of::<K>() as u64) * u64::from(n);
        device.launch(kernel, kernel.groups_for(at.len()), bytes, &args)?;
    }
    Ok(Taken { values: out, valid: out_valid })
}
