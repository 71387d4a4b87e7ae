//! Numbers as unsigned keys that ascend alike, and back.

use rayon::prelude::*;

use crate::{Key, Meaning};

/// What floats of 32 bits are as keys: zeros are one, and so is all that is not a number.
fn f32_key(bits: u32) -> u32 {
    let number = f32::from_bits(bits);
    let bits = match number {
        _ if number.is_nan() => f32::NAN.to_bits(),
        _ if number == 0.0 => 0,
        _ => bits,
    };
    if bits >> 31 == 1 { !bits } else { bits | 1 << 31 }
}

/// The same in 64 bits.
pub(crate) fn f64_key(bits: u64) -> u64 {
    let number = f64::from_bits(bits);
    let bits = match number {
        _ if number.is_nan() => f64::NAN.to_bits(),
        _ if number == 0.0 => 0,
        _ => bits,
    };
    if bits >> 63 == 1 { !bits } else { bits | 1 << 63 }
}

pub(crate) fn f64_from_key(key: u64) -> u64 {
    if key >> 63 == 1 { key & !(1 << 63) } else { !key }
}

/// The key of a number of `size` bytes in the low bits.
pub(crate) fn key(bits: u64, size: usize, meaning: Meaning) -> u64 {
    match (meaning, size) {
        (Meaning::Unsigned, _) => bits,
        (Meaning::Signed, 4) => bits ^ 1 << 31,
        (Meaning::Signed, _) => bits ^ 1 << 63,
        (Meaning::Float, 4) => f32_key(bits as u32).into(),
        (Meaning::Float, _) => f64_key(bits),
    }
}

/// The number whose key it is.
pub(crate) fn number(key: u64, size: usize, meaning: Meaning) -> u64 {
    match (meaning, size) {
        (Meaning::Unsigned, _) => key,
        (Meaning::Signed, 4) => key ^ 1 << 31,
        (Meaning::Signed, _) => key ^ 1 << 63,
        (Meaning::Float, 4) if key >> 31 == 1 => key & !(1 << 31),
        (Meaning::Float, 4) => u64::from(!(key as u32)),
        (Meaning::Float, _) => f64_from_key(key),
    }
}

pub(crate) fn map<K: Key>(from: &[K], to: &mut [K], map: impl Fn(u64) -> u64 + Sync) {
    to.par_iter_mut().zip(from).for_each(|(to, from)| *to = K::from_bits(map(from.bits())));
}

pub(crate) fn differing_bits<K: Key>(keys: &[K]) -> u64 {
    let first = keys.first().map_or(0, |key| key.bits());
    keys.par_iter().map(|key| key.bits() ^ first).reduce(|| 0, |a, b| a | b)
}

pub(crate) fn join(high: &[u32], low: &[u32], out: &mut [u64]) {
    for ((out, &high), &low) in out.iter_mut().zip(high).zip(low) {
        *out = u64::from(high) << 32 | u64::from(low);
    }
}
