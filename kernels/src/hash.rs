//! Equal keys found by hashing: distinct keys get numbers, and keys are looked up.

mod strings;

use self::strings::HostStrings;
pub use self::strings::{DeviceStrings, StringLookup};
use crate::buffer::check_len;
use crate::launch::{Arg, Family, Kernel, family};
use crate::{
    Buffer, CompactScratch, Device, Error, Indices, Key, Places, Result, ScanScratch,
    compact_indices, cpu, exclusive_scan, fill, gather,
};

static HASH: Family = family!(
    "hash",
    [
        "hash_insert_u32",
        "hash_insert_u64",
        "hash_insert_strings",
        "hash_find_u32",
        "hash_find_u64",
        "hash_find_strings",
        "hash_strings",
        "hash_firsts",
        "hash_translate",
        "hash_mask",
    ]
);
const fn kernel(name: &'static str) -> Kernel {
    Kernel { family: &HASH, name, group: 256 }
}
static INSERT: [Kernel; 2] = [kernel("hash_insert_u32"), kernel("hash_insert_u64")];
static FIND: [Kernel; 2] = [kernel("hash_find_u32"), kernel("hash_find_u64")];
static INSERT_STRINGS: Kernel = kernel("hash_insert_strings");
static FIND_STRINGS: Kernel = kernel("hash_find_strings");
static STRINGS: Kernel = kernel("hash_strings");
static FIRSTS: Kernel = kernel("hash_firsts");
static TRANSLATE: Kernel = kernel("hash_translate");
static MASK: Kernel = kernel("hash_mask");

/// In place of a number: there is none.
pub const NONE: u32 = u32::MAX;

/// Distinct keys of an array, numbered in the order in which they first appear.
#[derive(Debug)]
pub struct Factors {
    /// The number of each row's key, shape `[n]`.
    pub ids: Indices,
    /// The first row of each distinct key, ascending, shape `[distinct]`.
    pub firsts: Indices,
}

impl Factors {
    /// Number of distinct keys.
    pub fn len(&self) -> usize {
        self.firsts.len()
    }

    /// Whether there are no keys.
    pub fn is_empty(&self) -> bool {
        self.firsts.is_empty()
    }
}

/// Keys of any kind: what a table needs of them.
enum Keys<'a, K> {
    Numbers(&'a Buffer<K>),
    Strings(&'a DeviceStrings, &'a Buffer<u64>),
}

impl<K: Key> Keys<'_, K> {
    fn device(&self) -> Device {
        match self {
            Self::Numbers(keys) => keys.device(),
            Self::Strings(strings, _) => strings.device(),
        }
    }

    fn len(&self) -> usize {
        match self {
            Self::Numbers(keys) => keys.len(),
            Self::Strings(strings, _) => strings.len(),
        }
    }

    /// The table of these keys, and the first row of each row's key with flags of those rows.
    fn insert(&self) -> Result<(Buffer<u32>, Buffer<u32>, Buffer<u32>)> {
        let (device, len) = (self.device(), self.len());
        let mut table: Buffer<u32> = Buffer::uninit(device, capacity(len)?)?;
        let mut rows = Buffer::uninit(device, len)?;
        let mut flags = Buffer::uninit(device, len)?;
        fill(&mut table, NONE)?;
        if let (Some(table), Some(rows), Some(flags)) =
            (table.as_mut_slice(), rows.as_mut_slice(), flags.as_mut_slice())
        {
            match self {
                Self::Numbers(keys) => {
                    let keys = keys.host()?;
                    let hash = |row: usize| cpu::hash::mix(keys[row].bits());
                    cpu::hash::insert(table, rows, hash, |a, b| keys[a] == keys[b]);
                }
                Self::Strings(strings, hashes) => {
                    let (strings, hashes) = (HostStrings::new(strings)?, hashes.host()?);
                    let same = |a, b| strings.get(a) == strings.get(b);
                    cpu::hash::insert(table, rows, |row| hashes[row], same);
                }
            }
            for (row, (flag, &first)) in flags.iter_mut().zip(&*rows).enumerate() {
                *flag = u32::from(row as u32 == first);
            }
        } else {
            let n = rows.len_u32("keys")?;
            let size = table.len_u32("the table")?;
            let more: [Arg<'_>; 4] =
                [(&mut table).into(), (&mut rows).into(), n.into(), size.into()];
            // A place of the table and the key of its row, each a piece of 32 bytes.
            match self {
                Self::Numbers(keys) => {
                    let mut args = vec![(*keys).into()];
                    args.extend(more);
                    let bytes = (4 + size_of::<K>() as u64 + 64) * u64::from(n);
                    let kernel = &INSERT[K::TYPE];
                    device.launch(kernel, kernel.groups_for(len), bytes, &args)?;
                }
                Self::Strings(strings, hashes) => {
                    let mut args =
                        vec![(&strings.offsets).into(), (&strings.words).into(), (*hashes).into()];
                    args.extend(more);
                    let bytes = (16 + 64) * u64::from(n) + 2 * strings.n_bytes();
                    let kernel = &INSERT_STRINGS;
                    device.launch(kernel, kernel.groups_for(len), bytes, &args)?;
                }
            }
            let args = [(&table).into(), (&mut rows).into(), (&mut flags).into(), n.into()];
            device.launch(&FIRSTS, FIRSTS.groups_for(len), (12 + 32) * u64::from(n), &args)?;
        }
        Ok((table, rows, flags))
    }

    fn factorize(&self) -> Result<(Buffer<u32>, Factors)> {
        let (table, rows, flags) = self.insert()?;
        let (device, len) = (self.device(), self.len());
        let mut firsts = Buffer::uninit(device, len)?;
        let mut count = Buffer::zeros(device, 1)?;
        compact_indices(&flags, &mut firsts, &mut count, &mut CompactScratch::new(device)?)?;
        let distinct = count.download()?[0];
        // Firsts are as many as there are keys in the end: the memory of the rest is given back.
        let mut shorter = Buffer::uninit(device, distinct as usize)?;
        firsts.truncate(distinct as usize);
        crate::copy(&firsts, &mut shorter)?;
        drop(firsts);
        let mut numbers = Buffer::uninit(device, len)?;
        exclusive_scan(&flags, &mut numbers, &mut ScanScratch::new(device)?)?;
        let mut ids = flags;
        let rows = Indices::trusted(rows, len as u32);
        gather(&numbers, &rows, &mut ids)?;
        let ids = Indices::trusted(ids, distinct);
        Ok((table, Factors { ids, firsts: Indices::trusted(shorter, len as u32) }))
    }
}

/// Places of a table of `n` keys: at most two thirds are taken.
fn capacity(n: usize) -> Result<usize> {
    let limit = (crate::MOST as u64 * 2 / 3) as usize;
    match n <= limit {
        true => Ok(n + n / 2 + 1),
        false => Err(Error::TooLong { name: "the keys of a table", found: n, limit }),
    }
}

/// Numbers the distinct `keys` in the order in which they first appear.
///
/// O(n): reads each key, and for it a place of a table and the key of the row there: 80 n bytes and
/// 40 n more of numbers, where keys are far apart. Takes [`factorize_bytes`]; the host waits for the
/// number of distinct keys. The result does not depend on how threads are scheduled.
///
/// ```
/// use graph_kernels::{Buffer, Device, factorize};
///
/// let keys = Buffer::upload(Device::Cpu, &[7_u64, 3, 7, 9])?;
/// let factors = factorize(&keys)?;
/// assert_eq!(factors.ids.numbers().download()?, [0, 1, 0, 2]);
/// assert_eq!(factors.firsts.numbers().download()?, [0, 1, 3]);
/// # Ok::<(), graph_kernels::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::TooLong`], [`Error::OutOfMemory`] with the estimate, or [`Error::Driver`].
pub fn factorize<K: Key>(keys: &Buffer<K>) -> Result<Factors> {
    let estimate = factorize_bytes(keys.len());
    let factorize = || Keys::Numbers(keys).factorize();
    factorize().map(|(_, factors)| factors).map_err(|error| error.with_estimate(estimate))
}

/// As [`factorize`], for strings: by a hash of 64 bits of their bytes, and by the bytes themselves
/// where hashes are equal. Reads the bytes up to three times; takes 8 n bytes more.
///
/// # Errors
///
/// Those of [`factorize`].
pub fn factorize_strings(strings: &DeviceStrings) -> Result<Factors> {
    let estimate = factorize_bytes(strings.len()) + 8 * strings.len() as u64;
    let factorize = || Keys::<u32>::Strings(strings, &strings.hashes()?).factorize();
    factorize().map(|(_, factors)| factors).map_err(|error| error.with_estimate(estimate))
}

/// Most bytes that [`factorize`] takes of a device at a time, for `n` keys: in the end it keeps
/// four for each of them and four for each distinct one.
pub fn factorize_bytes(n: usize) -> u64 {
    let n = n as u64;
    (6 * n + 4) + 16 * n + 4 + CompactScratch::bytes().max(ScanScratch::<u32>::bytes())
}

/// Keys in a table, to be looked up.
#[derive(Debug)]
pub struct Lookup<K> {
    keys: Buffer<K>,
    table: Buffer<u32>,
    factors: Factors,
}

impl<K: Key> Lookup<K> {
    /// Takes keys, and numbers the distinct ones as [`factorize`] does, at the same cost.
    ///
    /// # Errors
    ///
    /// Those of [`factorize`].
    pub fn new(keys: Buffer<K>) -> Result<Self> {
        let estimate = factorize_bytes(keys.len());
        let (table, factors) =
            Keys::Numbers(&keys).factorize().map_err(|error| error.with_estimate(estimate))?;
        Ok(Self { keys, table, factors })
    }

    /// The distinct keys.
    pub fn factors(&self) -> &Factors {
        &self.factors
    }

    /// The distinct keys' numbers alone; the table is given back.
    pub fn into_factors(self) -> Factors {
        self.factors
    }

    /// The number of each query's key among the distinct ones, or [`NONE`], shape `[queries]`.
    ///
    /// Queries where `valid` is 0 have none. O(queries): as [`factorize`], without its 40 n bytes.
    ///
    /// # Errors
    ///
    /// [`Error::LengthMismatch`], [`Error::WrongDevice`], [`Error::OutOfMemory`], or
    /// [`Error::Driver`].
    pub fn find(&self, queries: &Buffer<K>, valid: Option<&Buffer<u32>>) -> Result<Places> {
        let device = self.keys.device();
        let below = self.factors.len() as u32;
        let mut found = Buffer::uninit(device, queries.len())?;
        if let Some(valid) = valid {
            check_len("valid", valid.len(), queries.len())?;
        }
        if let Some(host) = found.as_mut_slice() {
            let (keys, queries) = (self.keys.host()?, queries.host()?);
            let hash = |query: usize| cpu::hash::mix(queries[query].bits());
            let same = |row: usize, query: usize| keys[row] == queries[query];
            cpu::hash::find(self.table.host()?, host, hash, same);
            let ids = self.factors.ids.numbers().host()?;
            let valid = valid.map(Buffer::host).transpose()?;
            for (query, found) in host.iter_mut().enumerate() {
                *found = match *found {
                    row if row == NONE || valid.is_some_and(|valid| valid[query] == 0) => NONE,
                    row => ids[row as usize],
                };
            }
            return Ok(Places::trusted(found, below));
        }
        let (n, size) = (found.len_u32("queries")?, self.table.len_u32("the table")?);
        let args = [
            (&self.keys).into(),
            (&self.table).into(),
            queries.into(),
            (&mut found).into(),
            n.into(),
            size.into(),
        ];
        let (kernel, rows) = (&FIND[K::TYPE], u64::from(n));
        let groups = kernel.groups_for(queries.len());
        device.launch(kernel, groups, (4 + size_of::<K>() as u64 + 64) * rows, &args)?;
        translate_on_device(self.factors.ids.numbers(), &mut found)?;
        if let Some(valid) = valid {
            mask(valid, &mut found)?;
        }
        Ok(Places::trusted(found, below))
    }
}

/// The rows that `places` name among `rows`, or [`NONE`] where they name none. O(n): reads and
/// writes each place, and reads a row for it.
///
/// # Errors
///
/// [`Error::LengthMismatch`] if there are other rows than places may name, [`Error::WrongDevice`],
/// [`Error::TooLong`], or [`Error::Driver`].
pub fn translate(places: Places, rows: &Indices) -> Result<Places> {
    check_len("rows", rows.len(), places.below() as usize)?;
    let mut at = places.into_numbers();
    if let Some(at) = at.as_mut_slice() {
        let rows = rows.numbers().host()?;
        for at in at.iter_mut().filter(|at| **at != NONE) {
            *at = rows[*at as usize];
        }
    } else {
        translate_on_device(rows.numbers(), &mut at)?;
    }
    Ok(Places::trusted(at, rows.below()))
}

fn translate_on_device(values: &Buffer<u32>, at: &mut Buffer<u32>) -> Result<()> {
    let (device, n) = (at.device(), at.len_u32("places")?);
    let args = [values.into(), (&mut *at).into(), n.into()];
    device.launch(&TRANSLATE, TRANSLATE.groups_for(n as usize), (8 + 32) * u64::from(n), &args)
}

/// [`NONE`] in place of each number whose `valid` is 0.
fn mask(valid: &Buffer<u32>, found: &mut Buffer<u32>) -> Result<()> {
    let (device, n) = (found.device(), found.len_u32("found")?);
    let args = [valid.into(), (&mut *found).into(), n.into()];
    device.launch(&MASK, MASK.groups_for(n as usize), 8 * u64::from(n), &args)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// No hash of 64 bits is likely to collide by itself, so all hashes are made the same.
    #[test]
    fn strings_of_one_hash_are_told_apart_by_their_bytes() {
        let words = ["a", "b", "", "ab", "a", "abcde", "abcdf", "ab", "", "abcde"];
        let mut offsets = vec![0_u32];
        offsets.extend(words.iter().scan(0, |sum, word| {
            *sum += word.len() as u32;
            Some(*sum)
        }));
        for device in Device::all().unwrap() {
            let bytes = words.concat();
            let strings = DeviceStrings::upload(device, &offsets, bytes.as_bytes()).unwrap();
            let hashes = Buffer::upload(device, &[5_u64; 10]).unwrap();
            let (_, factors) = Keys::<u32>::Strings(&strings, &hashes).factorize().unwrap();
            let ids = factors.ids.numbers().download().unwrap();
            assert_eq!(ids, [0, 1, 2, 3, 0, 4, 5, 3, 2, 4], "{device}");
        }
    }
}
