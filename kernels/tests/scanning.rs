//! Running sums on every device found, against sums in sequence.

#![expect(clippy::unwrap_used, reason = "a panic fails the test, as it should")]

mod common;

use std::fmt::Debug;

use common::{Random, config, devices, download, lengths, longest, upload};
use graph_kernels::{
    Buffer, Device, Element, ScanScratch, exclusive_scan, exclusive_scan_in_place, inclusive_scan,
};
use proptest::prelude::*;

/// Every kind of scan of `input`, against `sums`: n + 1 of them, of all that is before.
fn check<T: Element + Debug>(device: Device, input: &[T], sums: &[T], same: impl Fn(&[T], &[T])) {
    let n = input.len();
    let mut scratch = ScanScratch::new(device).unwrap();
    let mut numbers = upload(device, input);
    let mut out = Buffer::zeros(device, n).unwrap();
    exclusive_scan(&numbers, &mut out, &mut scratch).unwrap();
    same(&download(&out), &sums[..n]);
    inclusive_scan(&numbers, &mut out, &mut scratch).unwrap();
    same(&download(&out), &sums[1..]);
    let mut offsets = Buffer::zeros(device, n + 1).unwrap();
    exclusive_scan(&numbers, &mut offsets, &mut scratch).unwrap();
    same(&download(&offsets), sums);
    exclusive_scan_in_place(&mut numbers, &mut scratch).unwrap();
    same(&download(&numbers), &sums[..n]);
}

fn check_integers(device: Device, input: &[u32]) {
    let wide: Vec<u64> = input.iter().map(|&x| u64::from(x) << 31).collect();
    let (mut sums, mut wide_sums) = (vec![0_u32], vec![0_u64]);
    for (i, &x) in input.iter().enumerate() {
        sums.push(sums[i].wrapping_add(x));
        wide_sums.push(wide_sums[i].wrapping_add(wide[i]));
    }
    let n = input.len();
    check(device, input, &sums, |a, b| assert!(a == b, "u32: {n} on {device}"));
    check(device, &wide, &wide_sums, |a, b| assert!(a == b, "u64: {n} on {device}"));
}

#[test]
fn scans_of_integers_agree_at_all_lengths() {
    let mut random = Random::new(3);
    for device in devices() {
        for n in lengths() {
            check_integers(device, &random.u32s(n));
        }
    }
}

/// Against sums in double precision: within 2e-6 of the sum of magnitudes.
#[test]
fn scans_of_floats_agree_within_the_stated_tolerance() {
    let mut random = Random::new(4);
    for device in devices() {
        for n in lengths() {
            let input = random.f32s(n);
            let mut sum = 0.0;
            let mut sums = vec![0.0_f32];
            sums.extend(input.iter().map(|&x| {
                sum += f64::from(x);
                sum as f32
            }));
            let bound = 2e-6 * input.iter().map(|x| x.abs()).sum::<f32>() + 1e-7;
            check(device, &input, &sums, |a, b| {
                assert_eq!(a.len(), b.len());
                for (i, (a, b)) in a.iter().zip(b).enumerate() {
                    assert!((a - b).abs() <= bound, "{i} of {n} on {device}: {a} for {b}");
                }
            });
        }
    }
}

#[test]
fn a_scan_of_floats_gives_the_same_bits_again() {
    let input = Random::new(5).f32s(10_000);
    for device in devices() {
        let mut scratch = ScanScratch::new(device).unwrap();
        let numbers = upload(device, &input);
        let mut runs = Vec::new();
        for _ in 0..3 {
            let mut out = Buffer::zeros(device, input.len()).unwrap();
            inclusive_scan(&numbers, &mut out, &mut scratch).unwrap();
            runs.push(download(&out).iter().map(|x| x.to_bits()).collect::<Vec<_>>());
        }
        assert!(runs[0] == runs[1] && runs[1] == runs[2], "{device}");
    }
}

#[test]
fn scans_refuse_an_output_of_another_length() {
    for device in devices() {
        let mut scratch = ScanScratch::new(device).unwrap();
        let (numbers, mut out) = (upload(device, &[1_u32, 2, 3]), upload(device, &[0_u32; 5]));
        let error = exclusive_scan(&numbers, &mut out, &mut scratch).unwrap_err().to_string();
        assert_eq!(error, "out has 5 entries, but 3 were expected");
        let mut out = upload(device, &[0_u32; 4]);
        let error = inclusive_scan(&numbers, &mut out, &mut scratch).unwrap_err().to_string();
        assert_eq!(error, "out has 4 entries, but 3 were expected");
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn scans_of_any_integers_agree(input in prop::collection::vec(any::<u32>(), 0..longest())) {
        for device in Device::all().unwrap() {
            check_integers(device, &input);
        }
    }
}
