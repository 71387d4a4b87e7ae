//! Filling, gathering, scattering, selecting and counting on every device found, against the
//! standard library.

#![expect(clippy::unwrap_used, reason = "a panic fails the test, as it should")]

mod common;

use common::{Random, config, devices, download, is_small, lengths, longest, upload};
use graph_kernels::{
    Buffer, CompactScratch, Device, Element, Indices, Key, compact, compact_indices, copy, fill,
    gather, histogram, iota, run_length_encode, scatter, unique,
};
use proptest::prelude::*;

fn check_fill<T: Element>(device: Device, n: usize, value: T) {
    let mut out = Buffer::zeros(device, n).unwrap();
    fill(&mut out, value).unwrap();
    assert!(download(&out) == vec![value; n], "{n} on {device}");
}

#[test]
fn filling_agrees_at_all_lengths() {
    for device in devices() {
        for n in lengths() {
            check_fill(device, n, 7_u32);
            check_fill(device, n, u64::MAX - 7);
            check_fill(device, n, -0.25_f32);
            let numbers: Vec<u32> = (0..n as u32).map(|i| i.wrapping_add(u32::MAX - 9)).collect();
            assert!(download(&iota(device, u32::MAX - 9, n).unwrap()) == numbers);
        }
    }
}

fn check_moves<T: Element>(device: Device, values: &[T], at: &[u32]) {
    let n = values.len();
    let indices = Indices::upload(device, at, n as u32).unwrap();
    let numbers = upload(device, values);
    let mut out = Buffer::zeros(device, at.len()).unwrap();
    gather(&numbers, &indices, &mut out).unwrap();
    let expected: Vec<T> = at.iter().map(|&i| values[i as usize]).collect();
    assert!(download(&out) == expected, "gather of {n} on {device}");

    let mut copied = Buffer::zeros(device, n).unwrap();
    copy(&numbers, &mut copied).unwrap();
    assert!(download(&copied) == values, "copy of {n} on {device}");
}

/// Numbers below n in an order that looks random.
fn permutation(random: &mut Random, n: usize) -> Vec<u32> {
    let mut numbers: Vec<u32> = (0..n as u32).collect();
    for i in (1..n).rev() {
        numbers.swap(i, random.below(i as u32 + 1) as usize);
    }
    numbers
}

fn check_scatter<T: Element>(device: Device, values: &[T], at: &[u32], n: usize) {
    let mut expected = vec![T::zeroed(); n];
    for (&value, &at) in values.iter().zip(at) {
        expected[at as usize] = value;
    }
    let mut out = Buffer::zeros(device, n).unwrap();
    let indices = Indices::new(upload(device, at), n as u32).unwrap();
    scatter(&upload(device, values), &indices, &mut out).unwrap();
    assert!(download(&out) == expected, "scatter of {n} on {device}");
}

#[test]
fn gathering_and_scattering_agree_at_all_lengths() {
    let mut random = Random::new(6);
    for device in devices() {
        for n in lengths() {
            let at: Vec<u32> = (0..n).map(|_| random.below(n as u32)).collect();
            check_moves(device, &random.u32s(n), &at);
            check_moves(device, &random.u64s(n), &at);
            check_moves(device, &random.f32s(n), &at);
            let at = permutation(&mut random, n);
            check_scatter(device, &random.u32s(n), &at, n);
            check_scatter(device, &random.u64s(n / 2), &at[..n / 2], n);
            check_scatter(device, &random.f32s(n), &at, n);
        }
    }
}

#[test]
fn indices_that_are_too_large_are_refused_wherever_they_lie() {
    for device in devices() {
        let mut numbers = vec![1; 700];
        numbers[600] = 9;
        let message = "entry 600 of indices is 9, but it must be below 9";
        let error = Indices::upload(device, &numbers, 9).unwrap_err();
        assert_eq!(error.to_string(), message);
        let error = Indices::new(upload(device, &numbers), 9).unwrap_err();
        assert_eq!(error.to_string(), message);
        let good = Indices::new(upload(device, &numbers), 10).unwrap();
        assert_eq!((good.len(), good.below(), good.is_empty()), (700, 10, false));
        // What may be named must be there, even if it is not named.
        let (short, mut out) = (upload(device, &[0_u32; 9]), upload(device, &[0; 700]));
        let error = gather(&short, &good, &mut out).unwrap_err();
        assert_eq!(error.to_string(), "values has 9 entries, but 10 were expected");
        let error = scatter(&out, &good, &mut upload(device, &[0; 9])).unwrap_err();
        assert_eq!(error.to_string(), "out has 9 entries, but 10 were expected");
        assert!(Indices::new(upload(device, &[]), 0).unwrap().is_empty());
    }
}

fn check_histogram(device: Device, numbers: &[u32], bins: u32) {
    let mut expected = vec![0; bins as usize];
    for &number in numbers {
        expected[number as usize] += 1;
    }
    let indices = Indices::upload(device, numbers, bins).unwrap();
    // What was there before does not count.
    let mut counts = upload(device, &vec![5; bins as usize]);
    histogram(&indices, &mut counts).unwrap();
    assert!(download(&counts) == expected, "{} in {bins} on {device}", numbers.len());
}

#[test]
fn histograms_agree_for_few_and_many_bins() {
    let mut random = Random::new(7);
    for device in devices() {
        for n in lengths() {
            for bins in [1, 2, 7, 256, 300, 1024, 2048, 2049, 20_000] {
                if n < 100 || !is_small() || bins < 3000 {
                    let numbers: Vec<u32> = (0..n).map(|_| random.below(bins)).collect();
                    check_histogram(device, &numbers, bins);
                }
            }
        }
        check_histogram(device, &[3; 3000], 4000);
        check_histogram(device, &[], 0);
    }
}

/// Flags and values against what an iterator selects.
fn check_compact<T: Element>(device: Device, values: &[T], flags: &[u32]) {
    let n = flags.len();
    let mut scratch = CompactScratch::new(device).unwrap();
    let buffer = upload(device, flags);
    let mut count = Buffer::zeros(device, 1).unwrap();

    let mut places = Buffer::zeros(device, n).unwrap();
    compact_indices(&buffer, &mut places, &mut count, &mut scratch).unwrap();
    let expected: Vec<u32> = (0..n as u32).filter(|&i| flags[i as usize] != 0).collect();
    assert_eq!(download(&count), [expected.len() as u32], "{n} on {device}");
    places.truncate(expected.len());
    assert!(download(&places) == expected, "places: {n} on {device}");

    let mut out = Buffer::zeros(device, n + 3).unwrap();
    compact(&upload(device, values), &buffer, &mut out, &mut count, &mut scratch).unwrap();
    assert_eq!(download(&count), [expected.len() as u32], "{n} on {device}");
    out.truncate(expected.len());
    let expected: Vec<T> = expected.iter().map(|&i| values[i as usize]).collect();
    assert!(download(&out) == expected, "values: {n} on {device}");
}

#[test]
fn compaction_agrees_at_all_lengths_and_densities() {
    let mut random = Random::new(8);
    for device in devices() {
        for n in lengths() {
            for rarity in [1, 2, 40] {
                let flags: Vec<u32> =
                    (0..n).map(|_| u32::from(random.below(rarity) == 0) * 0x8000_0000).collect();
                check_compact(device, &random.u64s(n), &flags);
                check_compact(device, &random.f32s(n), &flags);
            }
            check_compact(device, &random.u32s(n), &vec![0; n]);
        }
    }
}

fn check_runs<K: Key>(device: Device, keys: &[K]) {
    let n = keys.len();
    let runs: Vec<&[K]> = keys.chunk_by(|a, b| a == b).collect();
    let heads: Vec<K> = runs.iter().map(|run| run[0]).collect();
    let mut ends = vec![0];
    for run in &runs {
        ends.push(ends[ends.len() - 1] + run.len() as u32);
    }
    let mut scratch = CompactScratch::new(device).unwrap();
    let (buffer, mut count) = (upload(device, keys), Buffer::zeros(device, 1).unwrap());

    let mut out = Buffer::zeros(device, n).unwrap();
    unique(&buffer, &mut out, &mut count, &mut scratch).unwrap();
    assert_eq!(download(&count), [runs.len() as u32], "{n} on {device}");
    out.truncate(runs.len());
    assert!(download(&out) == heads, "unique: {n} on {device}");

    let mut out = Buffer::zeros(device, n).unwrap();
    let mut offsets = Buffer::zeros(device, n + 1).unwrap();
    run_length_encode(&buffer, &mut out, &mut offsets, &mut count, &mut scratch).unwrap();
    assert_eq!(download(&count), [runs.len() as u32], "{n} on {device}");
    out.truncate(runs.len());
    offsets.truncate(runs.len() + 1);
    assert!(download(&out) == heads, "keys of runs: {n} on {device}");
    assert!(download(&offsets) == ends, "offsets of runs: {n} on {device}");
}

#[test]
fn runs_agree_at_all_lengths() {
    let mut random = Random::new(9);
    for device in devices() {
        for n in lengths() {
            let mut keys: Vec<u32> = (0..n).map(|_| random.below(n as u32 / 3 + 1)).collect();
            check_runs(device, &keys);
            keys.sort_unstable();
            check_runs(device, &keys);
            let wide: Vec<u64> = keys.iter().map(|&key| u64::from(key) << 32).collect();
            check_runs(device, &wide);
            check_runs(device, &vec![u32::MAX; n]);
        }
    }
}

#[test]
fn compaction_refuses_an_output_without_room() {
    for device in devices() {
        let mut scratch = CompactScratch::new(device).unwrap();
        let (keys, mut out) = (upload(device, &[1_u32, 2, 3]), upload(device, &[0_u32; 3]));
        let (mut short, mut count) = (upload(device, &[0_u32; 2]), upload(device, &[0]));
        let refused = [
            compact_indices(&keys, &mut short, &mut count, &mut scratch),
            compact(&keys, &keys, &mut short, &mut count, &mut scratch),
            unique(&keys, &mut short, &mut count, &mut scratch),
            run_length_encode(&keys, &mut short, &mut out, &mut count, &mut scratch),
        ];
        for refused in refused {
            let error = refused.unwrap_err().to_string();
            assert_eq!(error, "out has 2 entries, but 3 were expected");
        }
        let refused = run_length_encode(&keys, &mut out, &mut short, &mut count, &mut scratch);
        let error = refused.unwrap_err().to_string();
        assert_eq!(error, "offsets has 2 entries, but 4 were expected");
        let refused = compact(&short, &keys, &mut out, &mut count, &mut scratch);
        let error = refused.unwrap_err().to_string();
        assert_eq!(error, "values has 2 entries, but 3 were expected");
        let refused = unique(&keys, &mut out, &mut short, &mut scratch);
        let error = refused.unwrap_err().to_string();
        assert_eq!(error, "count has 2 entries, but 1 were expected");
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn any_selection_agrees(
        flags in prop::collection::vec(prop_oneof![Just(0), any::<u32>()], 0..longest()),
    ) {
        for device in Device::all().unwrap() {
            check_compact(device, &flags, &flags);
            check_runs(device, &flags);
        }
    }
}
