//! Keys of ranks, counts between edges and random keys on every device found.

#![expect(clippy::unwrap_used, reason = "a panic fails the test, as it should")]

mod common;

use common::{Random, config, devices, download, is_small, lengths, longest, upload};
use graph_kernels::{Buffer, Device, Key, at_most, count_bins, keys_of_ranks, random_keys};
use proptest::prelude::*;

fn check_ranks<K: Key>(device: Device, keys: &[K], ranks: &[usize]) {
    let mut sorted = keys.to_vec();
    sorted.sort_unstable();
    let expected: Vec<K> = ranks.iter().map(|&rank| sorted[rank]).collect();
    let found = keys_of_ranks(&upload(device, keys), ranks).unwrap();
    assert_eq!(found, expected, "ranks {ranks:?} of {} on {device}", keys.len());
}

#[test]
fn keys_of_ranks_agree_with_a_sort() {
    let mut random = Random::new(1);
    for device in devices() {
        for n in lengths().into_iter().filter(|&n| n > 0) {
            let ranks = [n - 1, 0, n / 2, n / 4, n / 4, n - 1 - n / 100];
            let wide = random.u64s(n);
            check_ranks(device, &wide, &ranks);
            // All alike, nearly all alike, and few bits somewhere in the middle.
            check_ranks(device, &vec![7_u64; n], &ranks);
            let mut one = vec![1_u64 << 63; n];
            one[n / 3] = 5;
            check_ranks(device, &one, &ranks);
            let middle: Vec<u64> = wide.iter().map(|&key| (key >> 58) << 30 | 9).collect();
            check_ranks(device, &middle, &ranks);
            let narrow: Vec<u32> = wide.iter().map(|&key| key as u32).collect();
            check_ranks(device, &narrow, &ranks);
        }
        assert!(keys_of_ranks(&upload::<u32>(device, &[]), &[]).unwrap().is_empty());
        let error = keys_of_ranks(&upload(device, &[3_u32]), &[0, 1]).unwrap_err().to_string();
        assert_eq!(error, "entry 1 of ranks is 1, but it must be below 1");
    }
}

fn check_bins<K: Key>(device: Device, keys: &[K], valid: Option<&[u32]>, edges: &[K]) {
    let mut expected = vec![0; edges.len() - 1];
    for (row, key) in keys.iter().enumerate() {
        let last = edges.len() - 2;
        let holds = |&bin: &usize| {
            edges[bin] <= *key && (*key < edges[bin + 1] || bin == last && *key == edges[bin + 1])
        };
        if valid.is_none_or(|valid| valid[row] != 0) {
            (0..=last).rev().find(holds).into_iter().for_each(|bin| expected[bin] += 1);
        }
    }
    let flags = valid.map(|valid| upload(device, valid));
    let mut counts = Buffer::zeros(device, edges.len() - 1).unwrap();
    count_bins(&upload(device, keys), flags.as_ref(), edges, &mut counts).unwrap();
    assert_eq!(download(&counts), expected, "{} keys on {device}", keys.len());
}

#[test]
fn bins_agree_with_a_loop() {
    let mut random = Random::new(2);
    for device in devices() {
        for n in [0, 1, 500, if is_small() { 700 } else { 20_000 }] {
            let keys: Vec<u32> = (0..n).map(|_| random.below(100)).collect();
            let valid: Vec<u32> = (0..n).map(|_| random.below(2)).collect();
            for edges in [vec![0, 100], vec![10, 20, 20, 50, 99], vec![7, 7], (3..90).collect()] {
                check_bins(device, &keys, None, &edges);
                check_bins(device, &keys, Some(&valid), &edges);
                let keys: Vec<u64> = keys.iter().map(|&key| u64::from(key) << 40).collect();
                let edges: Vec<u64> = edges.iter().map(|&key| u64::from(key) << 40).collect();
                check_bins(device, &keys, Some(&valid), &edges);
            }
            // More bins than a group has for itself.
            let keys: Vec<u32> = (0..n.min(700)).map(|_| random.below(9000)).collect();
            check_bins(device, &keys, None, &(10..8000).collect::<Vec<_>>());
        }
        let mut counts = Buffer::zeros(device, 2).unwrap();
        let error = count_bins(&upload(device, &[1_u32]), None, &[3, 2, 4], &mut counts);
        let error = error.unwrap_err().to_string();
        assert_eq!(error, "entry 1 of edges is 2, but it must be at least the one before it");
        let mut none = Buffer::zeros(device, 0).unwrap();
        assert!(count_bins(&upload(device, &[1_u32]), None, &[3], &mut none).is_err());
    }
}

#[test]
fn random_keys_are_the_same_everywhere_and_spread() {
    let n = if is_small() { 600 } else { 40_000 };
    let mut expected = None;
    for device in devices() {
        let keys = download(&random_keys(device, n, 5).unwrap());
        assert_ne!(keys, download(&random_keys(device, n, 6).unwrap()));
        let upper = keys.iter().filter(|&&key| key >> 63 == 1).count() as f64;
        let half = n as f64 / 2.0;
        assert!((upper - half).abs() < 5.0 * half.sqrt(), "{upper} of {n} on {device}");
        assert_eq!(expected.get_or_insert_with(|| keys.clone()), &keys, "{device}");
        let limit = 1 << 62;
        let flags: Vec<u32> = keys.iter().map(|&key| u32::from(key <= limit)).collect();
        assert_eq!(download(&at_most(&upload(device, &keys), limit).unwrap()), flags);
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn ranks_of_any_keys_agree(
        keys in prop::collection::vec(prop_oneof![any::<u64>(), 0..40_u64], 1..longest()),
        ranks in prop::collection::vec(any::<prop::sample::Index>(), 0..5),
    ) {
        let ranks: Vec<usize> = ranks.iter().map(|rank| rank.index(keys.len())).collect();
        for device in Device::all().unwrap() {
            check_ranks(device, &keys, &ranks);
        }
    }
}
