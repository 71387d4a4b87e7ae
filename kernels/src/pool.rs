//! Which bytes of a device's memory are in use: a pool of slabs, cut up and joined again.
//!
//! The pool only keeps the books; the backend that owns it makes and frees the slabs. Work on a
//! device is in order, so bytes that are given back can be handed out again at once.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::{Error, Result};

/// All allocations begin at multiples of this many bytes; no device asks for more.
const ALIGN: u64 = 512;

/// Slabs are at least this large, so that small arrays share one.
const SLAB: u64 = 16 << 20;

/// How much memory a pool may take, after RMM's options of the same meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Limits {
    /// Bytes taken when the device is opened.
    pub(crate) initial: u64,
    /// Most bytes taken at any time.
    pub(crate) maximum: u64,
}

impl Limits {
    /// From `GRAPHLUME_POOL_INITIAL` and `GRAPHLUME_POOL_MAX`: bytes with an optional suffix K,
    /// M, G or T (of 1024), or a share of the device's `total` bytes with %.
    pub(crate) fn from_env(total: u64) -> Result<Self> {
        let setting = |variable| match std::env::var(variable) {
            Ok(text) if text.trim().is_empty() => Ok(None),
            Ok(text) => parse_bytes(&text, total).map(Some).ok_or(Error::BadSetting {
                variable,
                value: text.into(),
                allowed: "bytes such as 2000000, 512M or 8G, or a share such as 50%",
            }),
            Err(_) => Ok(None),
        };
        let maximum = setting("GRAPHLUME_POOL_MAX")?.unwrap_or(u64::MAX);
        let initial = setting("GRAPHLUME_POOL_INITIAL")?.unwrap_or(0).min(maximum);
        Ok(Self { initial, maximum })
    }
}

/// Bytes that `text` stands for; shares are of `total`.
fn parse_bytes(text: &str, total: u64) -> Option<u64> {
    let text = text.trim();
    if let Some(share) = text.strip_suffix('%') {
        let share: f64 = share.trim().parse().ok()?;
        return (0.0..=100.0).contains(&share).then(|| (total as f64 * share / 100.0) as u64);
    }
    let text = text.trim_end_matches(['B', 'b']);
    let text = text.trim_end_matches('i');
    let (digits, shift) = match text.char_indices().last()? {
        (at, 'K' | 'k') => (&text[..at], 10),
        (at, 'M' | 'm') => (&text[..at], 20),
        (at, 'G' | 'g') => (&text[..at], 30),
        (at, 'T' | 't') => (&text[..at], 40),
        _ => (text, 0),
    };
    digits.trim().parse::<u64>().ok()?.checked_mul(1 << shift)
}

/// A range of bytes in one slab.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) slab: u32,
    pub(crate) bytes: Range<u64>,
}

/// What a pool needs to go on.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// Here it is.
    Place(Place),
    /// First make a slab of `best` bytes and [`Pool::add_slab`] it, or of `least` if so many
    /// cannot be had.
    Grow { best: u64, least: u64 },
}

/// Memory of a device in numbers, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct MemoryReport {
    /// In arrays now, rounded up to whole pieces.
    pub in_use: u64,
    /// Most that was in arrays at one time.
    pub peak: u64,
    /// Taken from the driver now.
    pub held: u64,
}

#[derive(Debug)]
struct Slab {
    size: u64,
    /// Free ranges by where they begin, with where they end; no two touch.
    free: BTreeMap<u64, u64>,
}

/// The books of one device's memory.
#[derive(Debug)]
pub(crate) struct Pool {
    slabs: BTreeMap<u32, Slab>,
    next: u32,
    maximum: u64,
    report: MemoryReport,
}

impl Pool {
    pub(crate) fn new(maximum: u64) -> Self {
        Self { slabs: BTreeMap::new(), next: 0, maximum, report: MemoryReport::default() }
    }

    pub(crate) fn report(&self) -> MemoryReport {
        self.report
    }

    /// Starts to count the peak anew.
    pub(crate) fn reset_peak(&mut self) {
        self.report.peak = self.report.in_use;
    }

    /// Bytes that may still be taken from the driver.
    pub(crate) fn room(&self) -> u64 {
        self.maximum - self.report.held
    }

    /// Bytes of slabs that are free, in pieces perhaps.
    pub(crate) fn free(&self) -> u64 {
        self.report.held - self.report.in_use
    }

    /// Finds the smallest free range that fits; O(free ranges).
    pub(crate) fn take(&mut self, bytes: u64) -> Answer {
        let size = bytes.max(1).next_multiple_of(ALIGN);
        let ranges = self.slabs.iter().flat_map(|(&id, slab)| {
            slab.free.iter().map(move |(&from, &to)| (to - from, id, from))
        });
        match ranges.filter(|&(len, ..)| len >= size).min() {
            None => Answer::Grow { best: size.max(SLAB.min(self.room())), least: size },
            Some((len, id, from)) => {
                let slab = self.slabs.get_mut(&id).expect("the slab should be there: it was found");
                slab.free.remove(&from);
                if len > size {
                    slab.free.insert(from + size, from + len);
                }
                self.report.in_use += size;
                self.report.peak = self.report.peak.max(self.report.in_use);
                Answer::Place(Place { slab: id, bytes: from..from + size })
            }
        }
    }

    /// Takes up a new slab, and gives its number.
    pub(crate) fn add_slab(&mut self, size: u64) -> u32 {
        let id = self.next;
        self.next += 1;
        self.slabs.insert(id, Slab { size, free: BTreeMap::from([(0, size)]) });
        self.report.held += size;
        id
    }

    /// Takes a place back.
    pub(crate) fn give_back(&mut self, place: &Place) {
        let Some(slab) = self.slabs.get_mut(&place.slab) else { return };
        let (mut from, mut to) = (place.bytes.start, place.bytes.end);
        self.report.in_use -= to - from;
        if let Some(end) = slab.free.remove(&to) {
            to = end;
        }
        if let Some((&before, &end)) = slab.free.range(..from).next_back()
            && end == from
        {
            from = before;
        }
        slab.free.insert(from, to);
    }

    /// Strikes out the slabs that nothing lies in; the backend frees them.
    pub(crate) fn empty_slabs(&mut self) -> Vec<u32> {
        let is_empty = |slab: &Slab| slab.free.get(&0) == Some(&slab.size);
        let empty: Vec<u32> =
            self.slabs.iter().filter(|(_, slab)| is_empty(slab)).map(|(&id, _)| id).collect();
        for id in &empty {
            if let Some(slab) = self.slabs.remove(id) {
                self.report.held -= slab.size;
            }
        }
        empty
    }
}

/// Takes `bytes` of the pool of `state`, after `grow` has added a slab to it if need be.
pub(crate) fn place<S>(
    state: &mut S,
    bytes: u64,
    pool: impl Fn(&mut S) -> &mut Pool,
    mut grow: impl FnMut(&mut S, u64) -> Result<()>,
) -> Result<Place> {
    loop {
        match pool(state).take(bytes) {
            Answer::Place(place) => return Ok(place),
            Answer::Grow { best, least } => match grow(state, best) {
                // There may be no room for a whole slab, but for what is wanted now.
                Err(Error::OutOfMemory { .. }) if least < best => grow(state, least)?,
                other => other?,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn place(pool: &mut Pool, bytes: u64) -> Place {
        let grow = |pool: &mut Pool, size| {
            pool.add_slab(size);
            Ok(())
        };
        super::place(pool, bytes, |pool| pool, grow).unwrap()
    }

    #[test]
    fn where_no_slab_fits_what_is_wanted_still_may() {
        let mut pool = Pool::new(u64::MAX);
        let grow = |pool: &mut Pool, size: u64| match size {
            ..=4096 => {
                pool.add_slab(size);
                Ok(())
            }
            wanted => {
                Err(Error::OutOfMemory { device: "a".into(), wanted, free: 4096, estimate: None })
            }
        };
        assert!(super::place(&mut pool, 3000, |pool| pool, grow).is_ok());
        let error = super::place(&mut pool, 5000, |pool| pool, grow).unwrap_err().to_string();
        assert!(error.contains("5120 bytes were wanted, 4096 are free"), "{error}");
    }

    proptest! {
        /// Places never overlap, and all is one piece again when all is given back.
        #[test]
        fn places_are_disjoint_and_join_again(steps in prop::collection::vec((1..40_000_000_u64, any::<bool>(), any::<prop::sample::Index>()), 1..80)) {
            let mut pool = Pool::new(u64::MAX);
            let mut held: Vec<Place> = Vec::new();
            for (bytes, drop, which) in steps {
                if drop && !held.is_empty() {
                    let place = held.swap_remove(which.index(held.len()));
                    pool.give_back(&place);
                } else {
                    let new = place(&mut pool, bytes);
                    prop_assert!(new.bytes.end - new.bytes.start >= bytes && new.bytes.start.is_multiple_of(ALIGN));
                    for old in held.iter().filter(|old| old.slab == new.slab) {
                        prop_assert!(old.bytes.end <= new.bytes.start || new.bytes.end <= old.bytes.start);
                    }
                    held.push(new);
                }
                let in_use: u64 = held.iter().map(|place| place.bytes.end - place.bytes.start).sum();
                prop_assert_eq!(pool.report().in_use, in_use);
            }
            for place in &held {
                pool.give_back(place);
            }
            pool.empty_slabs();
            prop_assert_eq!((pool.report().in_use, pool.report().held), (0, 0));
        }
    }

    #[test]
    fn what_is_given_back_is_used_again() {
        let mut pool = Pool::new(u64::MAX);
        let first = place(&mut pool, 3 << 20);
        let second = place(&mut pool, 3 << 20);
        pool.give_back(&first);
        assert_eq!(place(&mut pool, 3 << 20), first);
        pool.give_back(&second);
        assert_eq!(pool.report().held, SLAB);
        assert_eq!(pool.report().peak, 6 << 20);
    }

    #[test]
    fn sizes_are_read_with_suffix_and_as_shares() {
        for (text, bytes) in [
            ("0", 0),
            ("4096", 4096),
            ("2K", 2048),
            ("3 MiB", 3 << 20),
            ("1GB", 1 << 30),
            ("25%", 250),
        ] {
            assert_eq!(parse_bytes(text, 1000), Some(bytes), "{text}");
        }
        for text in ["", "x", "-1", "101%", "1.5G", "99999999999T"] {
            assert_eq!(parse_bytes(text, 1000), None, "{text}");
        }
    }
}
