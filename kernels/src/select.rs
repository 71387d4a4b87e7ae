//! Keys of given ranks, without a sort; counts between edges; and numbers that look random.

use crate::buffer::check_len;
use crate::launch::{Arg, Family, Kernel, family};
use crate::{
    Buffer, CompactScratch, Device, Error, Key, Result, SortScratch, compact, cpu, differing_bits,
    fill, iota, sort_pairs,
};

static SELECT: Family = family!(
    "select",
    [
        "select_count_u32",
        "select_count_u64",
        "select_flags_u32",
        "select_flags_u64",
        "select_below_u32",
        "select_below_u64",
        "select_bins_u32",
        "select_bins_u64",
        "select_random",
    ]
);
const fn kernel(name: &'static str) -> Kernel {
    Kernel { family: &SELECT, name, group: 256 }
}
static COUNT: [Kernel; 2] = [kernel("select_count_u32"), kernel("select_count_u64")];
static FLAGS: [Kernel; 2] = [kernel("select_flags_u32"), kernel("select_flags_u64")];
static BELOW: [Kernel; 2] = [kernel("select_below_u32"), kernel("select_below_u64")];
static BINS: [Kernel; 2] = [kernel("select_bins_u32"), kernel("select_bins_u64")];
static RANDOM: Kernel = kernel("select_random");

/// Digits of a pass, as the kernels have it.
const DIGITS: usize = 2048;

/// Bits of such a digit.
const BITS: u32 = 11;

/// Up to this many keys are sorted rather than counted.
const FEW: usize = 1 << 14;

/// Groups for each unit of a device that count by themselves first.
const GROUPS_A_UNIT: u32 = 8;

/// The keys that would stand at `ranks`, from 0, if `keys` were sorted.
///
/// Counts the keys by the upper 11 bits in which they differ, keeps those that may be wanted, and
/// goes on with these: O(n) for keys that are spread, of which each is read three times in the
/// first pass; at most as long as a sort of all. The host waits for 8 kilobytes in each pass. Takes up
/// to 8 n bytes, and 28 a key that is sorted in the end.
///
/// ```
/// use graph_kernels::{Buffer, Device, keys_of_ranks};
///
/// let keys = Buffer::upload(Device::Cpu, &[40_u32, 10, 30, 20])?;
/// assert_eq!(keys_of_ranks(&keys, &[3, 0])?, [40, 10]);
/// # Ok::<(), graph_kernels::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::BadEntry`] for the first rank that is not below the number of keys,
/// [`Error::TooLong`], [`Error::OutOfMemory`], or [`Error::Driver`].
pub fn keys_of_ranks<K: Key>(keys: &Buffer<K>, ranks: &[usize]) -> Result<Vec<K>> {
    if let Some(index) = ranks.iter().position(|&rank| rank >= keys.len()) {
        let (value, allowed) = (ranks[index] as u64, format!("below {}", keys.len()).into());
        return Err(Error::BadEntry { name: "ranks", index, value, allowed });
    }
    if ranks.is_empty() {
        return Ok(vec![]);
    }
    let mut wanted = ranks.to_vec();
    wanted.sort_unstable();
    wanted.dedup();
    let found = match keys.as_slice() {
        Some(host) => cpu::select::of_ranks(host, &wanted),
        None => narrow_down(keys, wanted.clone())?,
    };
    let at = |rank: &usize| wanted.partition_point(|wanted| wanted < rank);
    Ok(ranks.iter().map(|rank| found[at(rank)]).collect())
}

/// The keys of ranks that ascend.
fn narrow_down<K: Key>(keys: &Buffer<K>, mut ranks: Vec<usize>) -> Result<Vec<K>> {
    let device = keys.device();
    let mut fewer: Option<Buffer<K>> = None;
    loop {
        let now = fewer.as_ref().unwrap_or(keys);
        let bits = differing_bits(now)?;
        if bits.is_empty() {
            let mut first = [K::from_bits(0)];
            now.read(0, &mut first)?;
            return Ok(vec![first[0]; ranks.len()]);
        }
        if now.len() > FEW {
            let shift = bits.end.saturating_sub(BITS).max(bits.start);
            let (before, kept) = (now.len(), keep(now, &mut ranks, shift)?);
            let is_worth_it = kept.len() <= before / 2;
            fewer = Some(kept);
            if is_worth_it {
                continue;
            }
        }
        let now = fewer.as_ref().unwrap_or(keys);
        let mut sorted = Buffer::uninit(device, now.len())?;
        crate::copy(now, &mut sorted)?;
        let mut rows = iota(device, 0, now.len())?;
        let mut scratch = SortScratch::new(device, now.len())?;
        sort_pairs(&mut sorted, &mut rows, bits, &mut scratch)?;
        return ranks
            .iter()
            .map(|&rank| {
                let mut one = [K::from_bits(0)];
                sorted.read(rank, &mut one)?;
                Ok(one[0])
            })
            .collect();
    }
}

/// Those keys whose digit some of `ranks` may have; ranks become those among them.
fn keep<K: Key>(keys: &Buffer<K>, ranks: &mut [usize], shift: u32) -> Result<Buffer<K>> {
    let (device, n) = (keys.device(), keys.len_u32("keys")?);
    let size = size_of::<K>() as u64;
    let mut counts: Buffer<u32> = Buffer::zeros(device, DIGITS)?;
    let kernel = &COUNT[K::TYPE];
    let groups = kernel.groups_for(keys.len()).min(GROUPS_A_UNIT * device.units());
    let args = [keys.into(), (&mut counts).into(), n.into(), shift.into()];
    device.launch(kernel, groups, size * u64::from(n), &args)?;
    let counts = counts.download()?;
    // All that is above the digit is the same in all keys, so digits ascend as keys do.
    let mut wanted = vec![0_u32; DIGITS];
    let (mut before, mut kept, mut next) = (0, 0, 0);
    for (wanted, count) in wanted.iter_mut().zip(counts) {
        let count = count as usize;
        let end = before + count;
        let first = next;
        while next < ranks.len() && ranks[next] < end {
            ranks[next] = ranks[next] - before + kept;
            next += 1;
        }
        if next > first {
            *wanted = 1;
            kept += count;
        }
        before = end;
    }
    let wanted = Buffer::upload(device, &wanted)?;
    let mut flags: Buffer<u32> = Buffer::uninit(device, keys.len())?;
    let args = [keys.into(), (&wanted).into(), (&mut flags).into(), n.into(), shift.into()];
    let kernel = &FLAGS[K::TYPE];
    device.launch(kernel, kernel.groups_for(keys.len()), (4 + size) * u64::from(n), &args)?;
    let mut out = Buffer::uninit(device, keys.len())?;
    let mut count = Buffer::zeros(device, 1)?;
    compact(keys, &flags, &mut out, &mut count, &mut CompactScratch::new(device)?)?;
    out.truncate(kept);
    Ok(out)
}

/// Flags of the keys that are at most `most`. O(n).
///
/// # Errors
///
/// [`Error::TooLong`], [`Error::OutOfMemory`], or [`Error::Driver`].
pub fn at_most<K: Key>(keys: &Buffer<K>, most: K) -> Result<Buffer<u32>> {
    let device = keys.device();
    let mut flags = Buffer::uninit(device, keys.len())?;
    if let Some(host) = flags.as_mut_slice() {
        for (flag, key) in host.iter_mut().zip(keys.host()?) {
            *flag = u32::from(*key <= most);
        }
        return Ok(flags);
    }
    let (n, kernel) = (keys.len_u32("keys")?, &BELOW[K::TYPE]);
    let args = [keys.into(), (&mut flags).into(), n.into(), Arg::number(most)];
    let bytes = (4 + size_of::<K>() as u64) * u64::from(n);
    device.launch(kernel, kernel.groups_for(keys.len()), bytes, &args)?;
    Ok(flags)
}

/// Writes in place `b` of `counts` how many `keys`, where `valid` is not 0, are from `edges[b]` to
/// before `edges[b + 1]`; keys on the last edge are in the last bin.
///
/// `counts` is one shorter than `edges`, which ascend. O(n log bins): reads each key once; up to
/// 2048 bins are counted by groups for themselves first.
///
/// ```
/// use graph_kernels::{Buffer, Device, count_bins};
///
/// let keys = Buffer::upload(Device::Cpu, &[0_u32, 4, 5, 10, 11])?;
/// let mut counts = Buffer::zeros(Device::Cpu, 2)?;
/// count_bins(&keys, None, &[0, 5, 10], &mut counts)?;
/// assert_eq!(counts.download()?, [2, 2]);
/// # Ok::<(), graph_kernels::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::BadEntry`] if edges fall, [`Error::LengthMismatch`], also if there are no bins,
/// [`Error::TooLong`], [`Error::WrongDevice`], [`Error::OutOfMemory`], or [`Error::Driver`].
pub fn count_bins<K: Key>(
    keys: &Buffer<K>,
    valid: Option<&Buffer<u32>>,
    edges: &[K],
    counts: &mut Buffer<u32>,
) -> Result<()> {
    check_len("edges", edges.len(), counts.len().max(1) + 1)?;
    check_len("valid", valid.map_or(keys.len(), Buffer::len), keys.len())?;
    if let Some(at) = edges.windows(2).position(|pair| pair[1] < pair[0]) {
        let allowed = "at least the one before it".into();
        let value = edges[at + 1].bits();
        return Err(Error::BadEntry { name: "edges", index: at + 1, value, allowed });
    }
    let device = counts.device();
    if let Some(counts) = counts.as_mut_slice() {
        let valid = valid.map(Buffer::host).transpose()?;
        cpu::select::bins(keys.host()?, valid, edges, counts);
        return Ok(());
    }
    let (n, kernel) = (keys.len_u32("keys")?, &BINS[K::TYPE]);
    let bins = counts.len_u32("counts")?;
    fill(counts, 0)?;
    if n == 0 {
        return Ok(());
    }
    let edges = Buffer::upload(device, edges)?;
    let no_flags = Buffer::zeros(device, 0)?;
    let args = [
        keys.into(),
        valid.unwrap_or(&no_flags).into(),
        (&edges).into(),
        counts.into(),
        n.into(),
        bins.into(),
        u32::from(valid.is_some()).into(),
    ];
    let flag = if valid.is_some() { 4 } else { 0 };
    let bytes = (flag + size_of::<K>() as u64) * u64::from(n);
    let groups = kernel.groups_for(keys.len()).min(GROUPS_A_UNIT * device.units());
    device.launch(kernel, groups, bytes, &args)
}

/// `n` numbers that look random, the same for each `seed` on every device. O(n).
///
/// Source: Steele, Lea, Flood 2014, doi:10.1145/2660193.2660195, with one stream a seed.
///
/// # Errors
///
/// [`Error::TooLong`], [`Error::OutOfMemory`], or [`Error::Driver`].
pub fn random_keys(device: Device, n: usize, seed: u64) -> Result<Buffer<u64>> {
    let mut keys = Buffer::uninit(device, n)?;
    if let Some(host) = keys.as_mut_slice() {
        cpu::select::random(host, seed);
        return Ok(keys);
    }
    let len = keys.len_u32("keys")?;
    let args = [(&mut keys).into(), len.into(), seed.into()];
    device.launch(&RANDOM, RANDOM.groups_for(n), 8 * u64::from(len), &args)?;
    Ok(keys)
}
