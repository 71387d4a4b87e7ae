//! One number of each group of rows.

use rayon::prelude::*;

use crate::aggregate::Aggregation;
use crate::cpu::keys;
use crate::{Key, Meaning};

/// A group's number, whether it fits in 64 bits, and how many rows it is of.
pub(crate) struct Row {
    pub(crate) bits: u64,
    pub(crate) fits: bool,
    pub(crate) count: u32,
}

fn float<K: Key>(value: K) -> f64 {
    match size_of::<K>() {
        4 => f32::from_bits(value.bits() as u32).into(),
        _ => f64::from_bits(value.bits()),
    }
}

fn integer<K: Key>(value: K, meaning: Meaning) -> i128 {
    match (meaning, size_of::<K>()) {
        (Meaning::Signed, 4) => (value.bits() as i32).into(),
        (Meaning::Signed, _) => (value.bits() as i64).into(),
        _ => value.bits().into(),
    }
}

fn group<K: Key>(
    numbers: impl Iterator<Item = K> + Clone,
    meaning: Meaning,
    aggregation: Aggregation,
) -> Row {
    let count = numbers.clone().count() as u32;
    let whole = |bits| Row { bits, fits: true, count };
    let key = |value: K| keys::key(value.bits(), size_of::<K>(), meaning);
    let best =
        |key: Option<u64>| whole(key.map_or(0, |key| keys::number(key, size_of::<K>(), meaning)));
    match aggregation {
        _ if count == 0 => whole(0),
        Aggregation::Count => whole(count.into()),
        Aggregation::Min => best(numbers.map(key).min()),
        Aggregation::Max => best(numbers.map(key).max()),
        Aggregation::Sum if meaning == Meaning::Float => {
            whole(numbers.map(float).fold(0.0, |sum, x| sum + x).to_bits())
        }
        Aggregation::Mean if meaning == Meaning::Float => {
            whole((numbers.map(float).sum::<f64>() / f64::from(count)).to_bits())
        }
        Aggregation::Sum | Aggregation::Mean => {
            let sum: i128 = numbers.map(|value| integer(value, meaning)).sum();
            if aggregation == Aggregation::Mean {
                return whole((sum as f64 / f64::from(count)).to_bits());
            }
            let fits = match meaning {
                Meaning::Signed => i64::try_from(sum).is_ok(),
                _ => u64::try_from(sum).is_ok(),
            };
            Row { bits: sum as u64, fits, count }
        }
    }
}

pub(crate) fn aggregate<K: Key>(
    values: &[K],
    valid: Option<&[u32]>,
    (order, offsets): (&[u32], &[u32]),
    meaning: Meaning,
    aggregation: Aggregation,
) -> Vec<Row> {
    let is_valid = |row: &&u32| valid.is_none_or(|valid| valid[**row as usize] != 0);
    let rows = offsets.par_windows(2).map(|ends| {
        let rows = order[ends[0] as usize..ends[1] as usize].iter().filter(is_valid);
        group(rows.map(|&row| values[row as usize]), meaning, aggregation)
    });
    rows.collect()
}
