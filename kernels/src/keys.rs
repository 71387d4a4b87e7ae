//! Numbers as unsigned keys that ascend alike: what sorting, grouping and joining work on.

use std::ops::Range;

use crate::buffer::check_len;
use crate::launch::{Arg, Family, Kernel, family};
use crate::{Buffer, Key, Result, cpu};

static KEYS: Family = family!(
    "keys",
    [
        "keys_of_u32",
        "keys_of_u64",
        "keys_back_u32",
        "keys_back_u64",
        "keys_differ_u32",
        "keys_differ_u64",
        "keys_join",
        "keys_narrow",
    ]
);
const fn kernel(name: &'static str) -> Kernel {
    Kernel { family: &KEYS, name, group: 256 }
}
static OF: [Kernel; 2] = [kernel("keys_of_u32"), kernel("keys_of_u64")];
static BACK: [Kernel; 2] = [kernel("keys_back_u32"), kernel("keys_back_u64")];
static DIFFER: [Kernel; 2] = [kernel("keys_differ_u32"), kernel("keys_differ_u64")];
static JOIN: Kernel = kernel("keys_join");
static NARROW: Kernel = kernel("keys_narrow");

/// What the bits of a number of 32 or 64 bits mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Meaning {
    /// A number from 0.
    Unsigned,
    /// A signed number, as two's complement.
    Signed,
    /// A float: `f32` in 32 bits, `f64` in 64.
    Float,
}

impl Meaning {
    /// How kernels know it.
    pub(crate) fn code(self) -> u32 {
        self as u32
    }
}

/// A key for each of `numbers`: keys ascend as the numbers do, or descend if `descending`.
///
/// Both zeros of a float have one key. All that is not a number has one key too, which is greater
/// than that of infinity. So keys are equal where numbers are: comparisons, sorts, groups and joins
/// of keys are exact. O(n): reads and writes each number once.
///
/// ```
/// use graph_kernels::{Buffer, Device, Meaning, order_keys};
///
/// let numbers = [-1.5_f64, 0.25, -0.0].map(f64::to_bits);
/// let numbers = Buffer::upload(Device::Cpu, &numbers)?;
/// let keys = order_keys(&numbers, Meaning::Float, false)?.download()?;
/// assert!(keys[0] < keys[2] && keys[2] < keys[1]);
/// # Ok::<(), graph_kernels::Error>(())
/// ```
///
/// # Errors
///
/// [`crate::Error::TooLong`], [`crate::Error::OutOfMemory`], or [`crate::Error::Driver`] if the
/// launch fails.
pub fn order_keys<K: Key>(
    numbers: &Buffer<K>,
    meaning: Meaning,
    descending: bool,
) -> Result<Buffer<K>> {
    let flip = if descending { K::HIGHEST.bits() } else { 0 };
    let map = |bits| cpu::keys::key(bits, size_of::<K>(), meaning) ^ flip;
    transform(&OF[K::TYPE], numbers, meaning, flip, map)
}

/// The numbers whose keys [`order_keys`] made: zero comes back as +0, and what was not a
/// number as one that has no sign.
///
/// # Errors
///
/// Those of [`order_keys`].
pub fn numbers_of_keys<K: Key>(
    keys: &Buffer<K>,
    meaning: Meaning,
    descending: bool,
) -> Result<Buffer<K>> {
    let flip = if descending { K::HIGHEST.bits() } else { 0 };
    let map = |bits| cpu::keys::number(bits ^ flip, size_of::<K>(), meaning);
    transform(&BACK[K::TYPE], keys, meaning, flip, map)
}

fn transform<K: Key>(
    kernel: &'static Kernel,
    from: &Buffer<K>,
    meaning: Meaning,
    flip: u64,
    map: impl Fn(u64) -> u64 + Sync,
) -> Result<Buffer<K>> {
    let device = from.device();
    let mut to = Buffer::uninit(device, from.len())?;
    if let Some(to) = to.as_mut_slice() {
        cpu::keys::map(from.host()?, to, map);
    } else {
        let n = from.len_u32("keys")?;
        let args = [
            from.into(),
            (&mut to).into(),
            n.into(),
            meaning.code().into(),
            Arg::number(K::from_bits(flip)),
        ];
        let bytes = 2 * u64::from(n) * size_of::<K>() as u64;
        device.launch(kernel, kernel.groups_for(n as usize), bytes, &args)?;
    }
    Ok(to)
}

/// The range of bits in which some of `keys` differ: sorting by these alone sorts them. Empty if
/// all are equal. O(n): reads each key once; the host waits.
///
/// ```
/// use graph_kernels::{Buffer, Device, differing_bits};
///
/// let keys = Buffer::upload(Device::Cpu, &[0x1200_u32, 0x1600, 0x1300])?;
/// assert_eq!(differing_bits(&keys)?, 8..11);
/// # Ok::<(), graph_kernels::Error>(())
/// ```
///
/// # Errors
///
/// [`crate::Error::TooLong`], [`crate::Error::OutOfMemory`], or [`crate::Error::Driver`].
pub fn differing_bits<K: Key>(keys: &Buffer<K>) -> Result<Range<u32>> {
    let bits = match keys.as_slice() {
        Some(keys) => cpu::keys::differing_bits(keys),
        None if keys.is_empty() => 0,
        None => {
            let (device, kernel) = (keys.device(), &DIFFER[K::TYPE]);
            let mut words: Buffer<u32> = Buffer::zeros(device, 2)?;
            let n = keys.len_u32("keys")?;
            let bytes = u64::from(n) * size_of::<K>() as u64;
            // Each group ends with two additions to the same words.
            let groups = kernel.groups_for(keys.len()).min(8 * device.units());
            device.launch(kernel, groups, bytes, &[keys.into(), (&mut words).into(), n.into()])?;
            let words = words.download()?;
            u64::from(words[1]) << 32 | u64::from(words[0])
        }
    };
    match bits {
        0 => Ok(0..0),
        bits => Ok(bits.trailing_zeros()..u64::BITS - bits.leading_zeros()),
    }
}

/// One key of 64 bits for each pair: `high` in the upper half, `low` in the lower. O(n): moves 16 n
/// bytes.
///
/// # Errors
///
/// [`crate::Error::LengthMismatch`], [`crate::Error::TooLong`], [`crate::Error::WrongDevice`],
/// [`crate::Error::OutOfMemory`], or [`crate::Error::Driver`].
pub fn join_keys(high: &Buffer<u32>, low: &Buffer<u32>) -> Result<Buffer<u64>> {
    check_len("low", low.len(), high.len())?;
    let device = high.device();
    let mut keys = Buffer::uninit(device, high.len())?;
    if let Some(keys) = keys.as_mut_slice() {
        cpu::keys::join(high.host()?, low.host()?, keys);
    } else {
        let n = keys.len_u32("keys")?;
        let args = [high.into(), low.into(), (&mut keys).into(), n.into()];
        device.launch(&JOIN, JOIN.groups_for(n as usize), 16 * u64::from(n), &args)?;
    }
    Ok(keys)
}

/// The lower halves of `wide` numbers. O(n): moves 12 n bytes.
///
/// # Errors
///
/// [`crate::Error::TooLong`], [`crate::Error::OutOfMemory`], or [`crate::Error::Driver`].
pub fn narrow(wide: &Buffer<u64>) -> Result<Buffer<u32>> {
    let device = wide.device();
    let mut out = Buffer::uninit(device, wide.len())?;
    if let Some(host) = out.as_mut_slice() {
        for (out, &wide) in host.iter_mut().zip(wide.host()?) {
            *out = wide as u32;
        }
        return Ok(out);
    }
    let n = out.len_u32("numbers")?;
    let args = [wide.into(), (&mut out).into(), n.into()];
    device.launch(&NARROW, NARROW.groups_for(n as usize), 12 * u64::from(n), &args)?;
    Ok(out)
}

/// The least key of a number that is at least `at`, or with `downward` the greatest of one that is at
/// most `at`; where there is none, that of the last number in that direction.
pub fn key_of_float<K: Key>(at: f64, meaning: Meaning, downward: bool) -> K {
    let is_narrow = size_of::<K>() == 4;
    let whole = if downward { at.floor() } else { at.ceil() };
    // Conversions of floats to integers stop at the ends of the range.
    let bits = match (meaning, is_narrow) {
        (Meaning::Unsigned, true) => u64::from(whole as u32),
        (Meaning::Unsigned, false) => whole as u64,
        (Meaning::Signed, true) => u64::from(whole as i32 as u32),
        (Meaning::Signed, false) => whole as i64 as u64,
        (Meaning::Float, false) => at.to_bits(),
        (Meaning::Float, true) => {
            let near = at as f32;
            let exact = match downward {
                false if f64::from(near) < at => near.next_up(),
                true if f64::from(near) > at => near.next_down(),
                _ => near,
            };
            u64::from(exact.to_bits())
        }
    };
    K::from_bits(cpu::keys::key(bits, size_of::<K>(), meaning))
}

/// The number whose key it is, as a float.
pub fn float_of_key<K: Key>(key: K, meaning: Meaning) -> f64 {
    let bits = cpu::keys::number(key.bits(), size_of::<K>(), meaning);
    match (meaning, size_of::<K>() == 4) {
        (Meaning::Float, true) => f32::from_bits(bits as u32).into(),
        (Meaning::Float, false) => f64::from_bits(bits),
        (Meaning::Signed, true) => f64::from(bits as u32 as i32),
        (Meaning::Signed, false) => bits as i64 as f64,
        (Meaning::Unsigned, _) => bits as f64,
    }
}
