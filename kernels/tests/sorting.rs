//! Sorting on every device found, against the standard library's stable sort.

#![expect(clippy::unwrap_used, reason = "a panic fails the test, as it should")]

mod common;

use common::{Random, config, devices, download, is_small, lengths, longest, upload};
use graph_kernels::{Device, SortScratch, sort_pairs_u32, sort_pairs_u64};

use proptest::prelude::*;

fn check_u32(device: Device, keys: &[u32], bits: std::ops::Range<u32>) {
    let values: Vec<u32> = (0..keys.len() as u32).collect();
    let mut expected = values.clone();
    let digit = |key: u32| u64::from(key) >> bits.start & ((1_u64 << (bits.end - bits.start)) - 1);
    expected.sort_by_key(|&value| digit(keys[value as usize]));
    let sorted: Vec<u32> = expected.iter().map(|&value| keys[value as usize]).collect();

    let (mut keys, mut values) = (upload(device, keys), upload(device, &values));
    let mut scratch = SortScratch::new(device, keys.len()).unwrap();
    sort_pairs_u32(&mut keys, &mut values, bits.clone(), &mut scratch).unwrap();
    let n = keys.len();
    assert!(download(&keys) == sorted, "keys: {n} on {device}, bits {bits:?}");
    assert!(download(&values) == expected, "values: {n} on {device}, bits {bits:?}");
}

fn check_u64(device: Device, keys: &[u64], bits: std::ops::Range<u32>) {
    let values: Vec<u32> = (0..keys.len() as u32).collect();
    let mut expected = values.clone();
    let digit = |key: u64| {
        (u128::from(key) >> bits.start & ((1_u128 << (bits.end - bits.start)) - 1)) as u64
    };
    expected.sort_by_key(|&value| digit(keys[value as usize]));
    let sorted: Vec<u64> = expected.iter().map(|&value| keys[value as usize]).collect();

    let (mut keys, mut values) = (upload(device, keys), upload(device, &values));
    let mut scratch = SortScratch::new(device, keys.len()).unwrap();
    sort_pairs_u64(&mut keys, &mut values, bits.clone(), &mut scratch).unwrap();
    let n = keys.len();
    assert!(download(&keys) == sorted, "keys: {n} on {device}, bits {bits:?}");
    assert!(download(&values) == expected, "values: {n} on {device}, bits {bits:?}");
}

#[test]
fn sorting_agrees_with_std_at_all_lengths() {
    let mut random = Random::new(1);
    for device in devices() {
        for n in lengths() {
            let (narrow, wide) = if is_small() { (8..16, 28..36) } else { (0..32, 0..64) };
            check_u32(device, &random.u32s(n), narrow);
            check_u64(device, &random.u64s(n), wide);
        }
    }
}

#[test]
fn sorting_by_some_of_the_bits_keeps_the_order_of_the_rest() {
    let mut random = Random::new(2);
    let n = if is_small() { 300 } else { 50_000 };
    for device in devices() {
        let ranges = [0..0, 5..5, 0..12, 31..32, 0..1, 0..4, 3..8, 8..20, 24..32, 0..29];
        for bits in ranges.into_iter().take(if is_small() { 4 } else { 10 }) {
            check_u32(device, &random.u32s(n), bits);
        }
        let ranges = [0..0, 0..3, 30..40, 40..64, 60..64, 0..33];
        for bits in ranges.into_iter().take(if is_small() { 2 } else { 6 }) {
            check_u64(device, &random.u64s(n), bits);
        }
    }
}

/// A group that goes through several tiles has more keys than fit in a tile for each group.
#[test]
fn sorting_holds_when_groups_have_several_tiles() {
    let mut random = Random::new(20);
    let n = if is_small() { 25_000 } else { 1_300_001 };
    for device in devices() {
        check_u32(device, &random.u32s(n), 5..8);
        check_u64(device, &random.u64s(n * 2 / 3), 50..53);
    }
}

#[test]
fn sorting_holds_for_keys_that_are_equal_sorted_or_reversed() {
    let (n, all) = if is_small() { (600, 0..8) } else { (100_003, 0..32) };
    for device in devices() {
        check_u32(device, &vec![u32::MAX; n], all.clone());
        check_u32(device, &(0..n as u32).rev().collect::<Vec<_>>(), 0..17.min(all.end));
        if is_small() {
            continue;
        }
        check_u32(device, &vec![0; n], all.clone());
        check_u32(device, &(0..n as u32).collect::<Vec<_>>(), all.clone());
        check_u32(device, &(0..n as u32).map(|i| i % 2).collect::<Vec<_>>(), 0..8);
        let high = 40..40 + all.end.min(24);
        check_u64(device, &vec![u64::MAX; n], high.clone());
        check_u64(device, &(0..n as u64).rev().map(|i| i << 40).collect::<Vec<_>>(), high);
    }
}

#[test]
fn sorting_uses_a_larger_scratch_again() {
    for device in devices() {
        let mut scratch = SortScratch::new(device, 5000).unwrap();
        for n in [5000, 17, 0, 4097] {
            let keys: Vec<u32> =
                Random::new(n as u64).u32s(n).iter().map(|key| key % 200).collect();
            let mut sorted = keys.clone();
            sorted.sort_unstable();
            let (mut keys, mut values) = (upload(device, &keys), upload(device, &vec![7; n]));
            sort_pairs_u32(&mut keys, &mut values, 0..8, &mut scratch).unwrap();
            assert_eq!(download(&keys), sorted, "{device}");
        }
    }
}

#[test]
fn sorting_refuses_values_or_scratch_that_do_not_fit() {
    for device in devices() {
        let mut scratch = SortScratch::new(device, 4).unwrap();
        let (mut keys, mut values) = (upload(device, &[1, 2, 3]), upload(device, &[1, 2]));
        let error = sort_pairs_u32(&mut keys, &mut values, 0..32, &mut scratch).unwrap_err();
        assert_eq!(error.to_string(), "values has 2 entries, but 3 were expected");
        if device != Device::Cpu {
            let (mut keys, mut values) = (upload(device, &[0; 5]), upload(device, &[0; 5]));
            let error = sort_pairs_u32(&mut keys, &mut values, 0..32, &mut scratch).unwrap_err();
            assert!(error.to_string().contains("4 entries, but 5"), "{error}");
            let mut values = upload(Device::Cpu, &[0; 3]);
            let mut keys = upload(device, &[1, 2, 3]);
            let error = sort_pairs_u32(&mut keys, &mut values, 0..32, &mut scratch).unwrap_err();
            assert!(error.to_string().contains("lies on cpu"), "{error}");
        }
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn sorting_any_keys_agrees_with_std(
        keys in prop::collection::vec(prop_oneof![any::<u32>(), 0..40_u32], 0..longest()),
        from in 0..32_u32,
        to in 0..=32_u32,
    ) {
        // A simulator gets one pass of each.
        let width = if is_small() { 8 } else { 52 };
        let (from, to) = (from.min(to), from.max(to));
        for device in Device::all().unwrap() {
            check_u32(device, &keys, from..to.min(from + width));
            let wide: Vec<u64> = keys.iter().map(|&key| u64::from(key) << 20 | 5).collect();
            check_u64(device, &wide, from..(to + 20).min(from + width));
        }
    }
}
