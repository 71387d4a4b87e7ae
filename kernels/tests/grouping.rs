//! Keys, hashing, groups and joins on every device found, against maps of the standard library.

#![expect(clippy::unwrap_used, reason = "a panic fails the test, as it should")]

mod common;

use std::collections::HashMap;

use common::{Random, config, devices, download, is_small, lengths, longest, upload};
use graph_kernels::{
    Aggregation, Device, DeviceStrings, Groups, Indices, Key, Lookup, Meaning, NONE, Places,
    StringLookup, Taken, aggregate, differing_bits, factorize, factorize_strings, float_of_key,
    join_keys, key_of_float, numbers_of_keys, order_keys, paired, pairs, take, translate,
};
use proptest::prelude::*;

/// Ids in the order of first appearance, and first rows, by a map.
fn ids_by_map<T: std::hash::Hash + Eq>(keys: impl IntoIterator<Item = T>) -> (Vec<u32>, Vec<u32>) {
    let (mut map, mut ids, mut firsts) = (HashMap::new(), Vec::new(), Vec::new());
    for (row, key) in keys.into_iter().enumerate() {
        let id = *map.entry(key).or_insert_with(|| {
            firsts.push(row as u32);
            firsts.len() as u32 - 1
        });
        ids.push(id);
    }
    (ids, firsts)
}

fn check_factors<K: Key + std::hash::Hash>(device: Device, keys: &[K]) {
    let (ids, firsts) = ids_by_map(keys.iter());
    let factors = factorize(&upload(device, keys)).unwrap();
    assert_eq!(factors.len(), firsts.len());
    assert!(download(factors.ids.numbers()) == ids, "ids of {} on {device}", keys.len());
    assert!(download(factors.firsts.numbers()) == firsts, "firsts of {} on {device}", keys.len());
}

#[test]
fn factorizing_agrees_with_a_map_at_all_lengths() {
    let mut random = Random::new(1);
    for device in devices() {
        for n in lengths() {
            // All alike, some, and nearly all different.
            for below in [1, n as u32 / 3 + 1, u32::MAX] {
                let narrow: Vec<u32> = (0..n).map(|_| random.below(below)).collect();
                check_factors(device, &narrow);
                let wide: Vec<u64> = narrow.iter().map(|&key| u64::from(key) << 31).collect();
                check_factors(device, &wide);
            }
        }
    }
}

#[test]
fn lookups_find_what_is_there_and_nothing_else() {
    let mut random = Random::new(2);
    for device in devices() {
        for n in lengths() {
            let below = n as u32 + 5;
            let keys: Vec<u64> = (0..n).map(|_| u64::from(random.below(below)) << 20).collect();
            let queries: Vec<u64> =
                (0..700).map(|_| u64::from(random.below(below)) << 20).collect();
            let valid: Vec<u32> = (0..700).map(|_| random.below(4)).collect();
            let lookup = Lookup::new(upload(device, &keys)).unwrap();
            let (ids, _) = ids_by_map(keys.iter());
            let map: HashMap<u64, u32> = keys.iter().copied().zip(ids).collect();
            let expected: Vec<u32> =
                queries.iter().map(|query| map.get(query).copied().unwrap_or(NONE)).collect();
            let queries = upload(device, &queries);
            assert_eq!(
                download(lookup.find(&queries, None).unwrap().numbers()),
                expected,
                "{n}, {device}"
            );
            let masked: Vec<u32> = expected
                .iter()
                .zip(&valid)
                .map(|(&id, &v)| if v == 0 { NONE } else { id })
                .collect();
            let found = lookup.find(&queries, Some(&upload(device, &valid))).unwrap();
            assert_eq!(download(found.numbers()), masked, "{n} with valid on {device}");
        }
    }
}

fn strings(device: Device, words: &[String]) -> DeviceStrings {
    let mut offsets = vec![0];
    for word in words {
        offsets.push(offsets[offsets.len() - 1] + word.len() as u32);
    }
    DeviceStrings::upload(device, &offsets, words.concat().as_bytes()).unwrap()
}

#[test]
fn strings_of_all_lengths_and_alignments_are_numbered_and_found() {
    let mut random = Random::new(3);
    for device in devices() {
        for n in [0, 1, 300, if is_small() { 10 } else { 20_000 }] {
            let mut word = |n: u32| {
                let length = random.below(12) as usize;
                "äbcdefghijklm".chars().take(length).collect::<String>()
                    + &random.below(n).to_string()
            };
            let words: Vec<String> = (0..n).map(|_| word(40)).collect();
            let queries: Vec<String> = (0..200).map(|_| word(60)).collect();
            let (ids, firsts) = ids_by_map(&words);
            let on_device = strings(device, &words);
            let factors = factorize_strings(&on_device).unwrap();
            assert!(download(factors.ids.numbers()) == ids, "{n} on {device}");
            assert_eq!(download(factors.firsts.numbers()), firsts, "{n} on {device}");
            let lookup = StringLookup::new(on_device).unwrap();
            assert_eq!(lookup.factors().len(), firsts.len());
            let map: HashMap<&String, u32> = words.iter().zip(ids).collect();
            let expected: Vec<u32> =
                queries.iter().map(|query| map.get(query).copied().unwrap_or(NONE)).collect();
            let found = lookup.find(&strings(device, &queries)).unwrap();
            assert_eq!(download(found.numbers()), expected, "{n} on {device}");
        }
    }
}

#[test]
fn strings_are_refused_whose_offsets_do_not_fit() {
    for device in devices() {
        let error = DeviceStrings::upload(device, &[0, 2], b"abc").unwrap_err().to_string();
        assert_eq!(error, "bytes has 3 entries, but 2 were expected");
        let error = DeviceStrings::upload(device, &[0, 2, 1], b"a").unwrap_err().to_string();
        assert!(error.contains("entry 2 of offsets is 1"), "{error}");
    }
}

const FLOATS: [f64; 14] = [
    f64::NEG_INFINITY,
    f64::MIN,
    -1.5,
    -1.0,
    -f64::MIN_POSITIVE,
    -5e-324,
    0.0,
    5e-324,
    f64::EPSILON,
    1.0,
    1.5,
    f64::MAX,
    f64::INFINITY,
    f64::NAN,
];

/// Order of floats as keys have it: zeros are equal, NaN is greatest.
fn order(a: f64, b: f64) -> std::cmp::Ordering {
    a.partial_cmp(&b).unwrap_or_else(|| a.is_nan().cmp(&b.is_nan()))
}

#[test]
fn keys_ascend_as_numbers_do_and_come_back() {
    for device in devices() {
        for descending in [false, true] {
            let mut floats = FLOATS.to_vec();
            floats.extend([-0.0, -f64::NAN]);
            let bits: Vec<u64> = floats.iter().map(|x| x.to_bits()).collect();
            let keys = order_keys(&upload(device, &bits), Meaning::Float, descending).unwrap();
            let host = download(&keys);
            for (a, key_a) in floats.iter().zip(&host) {
                for (b, key_b) in floats.iter().zip(&host) {
                    let order = order(*a, *b);
                    let order = if descending { order.reverse() } else { order };
                    assert_eq!(key_a.cmp(key_b), order, "{a} and {b} on {device}");
                }
            }
            let back = numbers_of_keys(&keys, Meaning::Float, descending).unwrap();
            for (back, float) in download(&back).into_iter().zip(&floats) {
                assert!(order(f64::from_bits(back), *float).is_eq(), "{float} on {device}");
            }

            let narrow: Vec<f32> = floats.iter().map(|&x| x as f32).collect();
            let bits: Vec<u32> = narrow.iter().map(|x| x.to_bits()).collect();
            let keys = order_keys(&upload(device, &bits), Meaning::Float, descending).unwrap();
            let host = download(&keys);
            for (a, key_a) in narrow.iter().zip(&host) {
                for (b, key_b) in narrow.iter().zip(&host) {
                    let order = order((*a).into(), (*b).into());
                    let order = if descending { order.reverse() } else { order };
                    assert_eq!(key_a.cmp(key_b), order, "{a} and {b} on {device}");
                }
            }
            let back = numbers_of_keys(&keys, Meaning::Float, descending).unwrap();
            for (back, float) in download(&back).into_iter().zip(&narrow) {
                let back = f32::from_bits(back);
                assert!(order(back.into(), (*float).into()).is_eq(), "{float} on {device}");
            }
        }
        let numbers = [i64::MIN, -7, -1, 0, 1, i64::MAX];
        let bits: Vec<u64> = numbers.iter().map(|&x| x as u64).collect();
        let keys = order_keys(&upload(device, &bits), Meaning::Signed, false).unwrap();
        assert!(download(&keys).is_sorted_by(|a, b| a < b), "{device}");
        let back = numbers_of_keys(&keys, Meaning::Signed, false).unwrap();
        assert_eq!(download(&back), bits, "{device}");
        let bits = [i32::MIN as u32, (-1_i32) as u32, 0, 5, i32::MAX as u32];
        let keys = order_keys(&upload(device, &bits), Meaning::Signed, true).unwrap();
        assert!(download(&keys).is_sorted_by(|a, b| a > b), "{device}");
        let back = numbers_of_keys(&keys, Meaning::Signed, true).unwrap();
        assert_eq!(download(&back), bits, "{device}");
        let (high, low) = (upload(device, &[1_u32, NONE]), upload(device, &[7_u32, 0]));
        let joined = join_keys(&high, &low).unwrap();
        assert_eq!(download(&joined), [1 << 32 | 7, u64::from(NONE) << 32]);
    }
}

#[test]
fn keys_of_floats_are_on_the_right_side() {
    let key = |at, meaning, downward| key_of_float::<u32>(at, meaning, downward);
    let back = |key: u32, meaning| float_of_key(key, meaning);
    for at in [-1e300, -7.5, -0.1, 0.0, 0.1, 3.0, 16_777_217.0, 1e300, f64::INFINITY] {
        let (up, down) = (key(at, Meaning::Float, false), key(at, Meaning::Float, true));
        assert!(back(up, Meaning::Float) >= at && back(down, Meaning::Float) <= at, "{at}");
        // Nothing is between them, and they meet where the number is one of 32 bits.
        assert_eq!(up - down, u32::from(f64::from(at as f32) != at), "{at}");
        let wide: u64 = key_of_float(at, Meaning::Float, false);
        assert_eq!(float_of_key(wide, Meaning::Float), at);
    }
    assert_eq!(back(key(-7.5, Meaning::Signed, false), Meaning::Signed), -7.0);
    assert_eq!(back(key(-7.5, Meaning::Signed, true), Meaning::Signed), -8.0);
    assert_eq!(back(key(-7.5, Meaning::Unsigned, false), Meaning::Unsigned), 0.0);
    assert_eq!(back(key(1e99, Meaning::Signed, true), Meaning::Signed), f64::from(i32::MAX));
    let least: u64 = key_of_float(f64::NEG_INFINITY, Meaning::Signed, false);
    assert_eq!((least, float_of_key(least, Meaning::Signed)), (0, i64::MIN as f64));
    let most: u64 = key_of_float(f64::INFINITY, Meaning::Unsigned, true);
    assert_eq!((most, float_of_key(most, Meaning::Unsigned)), (u64::MAX, u64::MAX as f64));
}

#[test]
fn bits_that_differ_are_found_wherever_they_are() {
    for device in devices() {
        let n = if is_small() { 600 } else { 70_001 };
        for (bit, last) in [(0, 1), (5, 5), (33, 60), (63, 63)] {
            let mut keys = vec![0x0123_4567_89ab_cdef_u64; n];
            assert!(differing_bits(&upload(device, &keys)).unwrap().is_empty());
            keys[n - 1] ^= 1 << bit | 1 << last;
            assert_eq!(differing_bits(&upload(device, &keys)).unwrap(), bit..last + 1, "{device}");
        }
        assert_eq!(differing_bits(&upload(device, &[8_u32, 9, 12])).unwrap(), 0..3);
        assert!(differing_bits(&upload::<u32>(device, &[])).unwrap().is_empty());
    }
}

/// Rows of each group, ascending.
fn rows_of(ids: &[u32], n_groups: u32) -> Vec<Vec<u32>> {
    let mut rows = vec![Vec::new(); n_groups as usize];
    for (row, &id) in ids.iter().enumerate() {
        rows[id as usize].push(row as u32);
    }
    rows
}

/// Groups of the sizes that cut threads, tiles and stretches: a few, one large, many small.
fn group_sizes(random: &mut Random, n: usize) -> Vec<(Vec<u32>, u32)> {
    let few: Vec<u32> = (0..n).map(|_| random.below(3)).collect();
    let one: Vec<u32> = (0..n).map(|i| u32::from(i == n / 2)).collect();
    let many: Vec<u32> = (0..n).map(|_| random.below(n as u32 / 2 + 1)).collect();
    vec![(few, 4), (one, 2), (many, n as u32 / 2 + 1)]
}

#[test]
fn groups_have_their_rows_in_order() {
    let mut random = Random::new(4);
    for device in devices() {
        for n in lengths() {
            for (ids, n_groups) in group_sizes(&mut random, n) {
                let groups =
                    Groups::new(&Indices::upload(device, &ids, n_groups).unwrap()).unwrap();
                let rows = rows_of(&ids, n_groups);
                assert_eq!((groups.len(), groups.n_rows()), (rows.len(), n));
                assert!(download(groups.order().numbers()) == rows.concat(), "{n} on {device}");
                let mut offsets = vec![0];
                offsets.extend(rows.iter().scan(0, |sum, rows| {
                    *sum += rows.len() as u32;
                    Some(*sum)
                }));
                assert_eq!(download(groups.offsets()), offsets, "{n} on {device}");
            }
        }
    }
}

/// What a group's valid values give, by iterators over numbers of the host.
fn check_aggregates<K: Key>(
    device: Device,
    values: &[K],
    valid: Option<&[u32]>,
    (ids, n_groups): (&[u32], u32),
    meaning: Meaning,
) {
    let (on_device, n) = (upload(device, values), values.len());
    let groups = Groups::new(&Indices::upload(device, ids, n_groups).unwrap()).unwrap();
    let is_valid = |row: &u32| valid.is_none_or(|valid| valid[*row as usize] != 0);
    let rows: Vec<Vec<u32>> = rows_of(ids, n_groups)
        .into_iter()
        .map(|rows| rows.into_iter().filter(is_valid).collect())
        .collect();
    let flags = valid.map(|valid| upload(device, valid));
    for aggregation in [
        Aggregation::Count,
        Aggregation::Sum,
        Aggregation::Mean,
        Aggregation::Min,
        Aggregation::Max,
    ] {
        let what = format!("{aggregation:?} of {n} {meaning:?} in {n_groups} groups on {device}");
        let found = aggregate(&on_device, meaning, flags.as_ref(), &groups, aggregation).unwrap();
        let (numbers, counts) = (download(&found.numbers), download(&found.counts));
        for (group, rows) in rows.iter().enumerate() {
            assert_eq!(counts[group] as usize, rows.len(), "{what}, group {group}");
            let values: Vec<K> = rows.iter().map(|&row| values[row as usize]).collect();
            check_one(&values, meaning, aggregation, numbers[group], &what);
        }
    }
}

/// One group's number against the standard library's.
fn check_one<K: Key>(values: &[K], meaning: Meaning, what: Aggregation, found: u64, text: &str) {
    let bytes: &[u8] = bytemuck::cast_slice(values);
    let floats: Vec<f64> = match (meaning, size_of::<K>()) {
        (Meaning::Float, 4) => chunks(bytes).map(|b| f32::from_le_bytes(b).into()).collect(),
        (Meaning::Float, _) => chunks(bytes).map(f64::from_le_bytes).collect(),
        (Meaning::Signed, 4) => chunks(bytes).map(|b| i32::from_le_bytes(b).into()).collect(),
        (Meaning::Signed, _) => chunks(bytes).map(|b| i64::from_le_bytes(b) as f64).collect(),
        (Meaning::Unsigned, 4) => chunks(bytes).map(|b| u32::from_le_bytes(b).into()).collect(),
        (Meaning::Unsigned, _) => chunks(bytes).map(|b| u64::from_le_bytes(b) as f64).collect(),
    };
    let integers: Vec<i128> = match (meaning, size_of::<K>()) {
        (Meaning::Float, _) => vec![],
        (Meaning::Signed, 4) => chunks(bytes).map(|b| i32::from_le_bytes(b).into()).collect(),
        (Meaning::Signed, _) => chunks(bytes).map(|b| i64::from_le_bytes(b).into()).collect(),
        (Meaning::Unsigned, 4) => chunks(bytes).map(|b| u32::from_le_bytes(b).into()).collect(),
        (Meaning::Unsigned, _) => chunks(bytes).map(|b| u64::from_le_bytes(b).into()).collect(),
    };
    let magnitude: f64 = floats.iter().map(|x| x.abs()).sum();
    let near = |found: f64, expected: f64, scale: f64| {
        let both_are_none = found.is_nan() && expected.is_nan();
        let close = found == expected || (found - expected).abs() <= 1e-13 * scale;
        assert!(both_are_none || close, "{found} for {expected}, {text}");
    };
    let best = match what {
        Aggregation::Count => return assert_eq!(found as usize, values.len(), "{text}"),
        _ if values.is_empty() => return assert_eq!(found, 0, "{text}"),
        Aggregation::Sum if meaning == Meaning::Float => {
            return near(f64::from_bits(found), floats.iter().sum(), magnitude);
        }
        Aggregation::Sum => {
            return assert_eq!(found, integers.iter().sum::<i128>() as u64, "{text}");
        }
        Aggregation::Mean => {
            let n = values.len() as f64;
            return near(f64::from_bits(found), floats.iter().sum::<f64>() / n, magnitude / n);
        }
        Aggregation::Min => floats.into_iter().min_by(|a, b| order(*a, *b)).unwrap(),
        Aggregation::Max => floats.into_iter().max_by(|a, b| order(*a, *b)).unwrap(),
    };
    let found = match (meaning, size_of::<K>()) {
        (Meaning::Float, 4) => f32::from_bits(found as u32).into(),
        (Meaning::Float, _) => f64::from_bits(found),
        (Meaning::Signed, 4) => f64::from(found as u32 as i32),
        (Meaning::Signed, _) => found as i64 as f64,
        (Meaning::Unsigned, _) => found as f64,
    };
    assert!(order(found, best).is_eq(), "{found} for {best}, {text}");
}

fn chunks<const N: usize>(bytes: &[u8]) -> impl Iterator<Item = [u8; N]> + '_ {
    bytes.chunks_exact(N).map(|chunk| chunk.try_into().unwrap())
}

#[test]
fn aggregates_agree_with_std_at_all_lengths() {
    let mut random = Random::new(5);
    for device in devices() {
        for n in lengths() {
            for (ids, n_groups) in group_sizes(&mut random, n) {
                let valid: Vec<u32> = (0..n).map(|_| random.below(3)).collect();
                let halves: Vec<u64> = (0..n).map(|_| random.next() >> 24).collect();
                let signed: Vec<u64> =
                    halves.iter().map(|&x| (x as i64 - (1 << 39)) as u64).collect();
                let groups = (&ids[..], n_groups);
                check_aggregates(device, &signed, Some(&valid), groups, Meaning::Signed);
                let floats: Vec<u64> =
                    signed.iter().map(|&x| (x as i64 as f64 / 1e3).to_bits()).collect();
                check_aggregates(device, &floats, None, groups, Meaning::Float);
                if is_small() {
                    continue;
                }
                check_aggregates(device, &halves, None, groups, Meaning::Unsigned);
                let narrow: Vec<u32> = signed.iter().map(|&x| x as u32).collect();
                check_aggregates(device, &narrow, None, groups, Meaning::Signed);
                check_aggregates(device, &narrow, Some(&valid), groups, Meaning::Unsigned);
                let floats: Vec<u32> =
                    signed.iter().map(|&x| (x as i64 as f32).to_bits()).collect();
                check_aggregates(device, &floats, Some(&valid), groups, Meaning::Float);
            }
        }
    }
}

/// One group over all stretches, and floats of all sorts in it.
#[test]
fn a_group_may_be_longer_than_any_stretch() {
    let n = if is_small() { 9000 } else { 1_300_001 };
    for device in devices() {
        let mut ids = vec![1; n];
        ids[0] = 0;
        ids[n - 1] = 2;
        let values: Vec<u64> = (0..n).map(|i| (i as f64 * 0.1).to_bits()).collect();
        check_aggregates(device, &values, None, (&ids, 3), Meaning::Float);
        let bits: Vec<u64> = FLOATS.iter().map(|x| x.to_bits()).collect();
        let ids = vec![0; bits.len()];
        check_aggregates(device, &bits[..13], None, (&ids[..13], 1), Meaning::Float);
        check_aggregates(device, &bits, None, (&ids, 1), Meaning::Float);
    }
}

#[test]
fn sums_that_do_not_fit_are_refused_and_those_that_do_are_exact() {
    for device in devices() {
        let groups = Groups::new(&Indices::upload(device, &[0, 1, 1, 1], 2).unwrap()).unwrap();
        let sum = |values: [i64; 4]| {
            let values = upload(device, &values.map(|x| x as u64));
            aggregate(&values, Meaning::Signed, None, &groups, Aggregation::Sum)
        };
        // What is too much on the way may fit in the end.
        let fits = sum([i64::MIN, i64::MAX, 5, -6]).unwrap();
        let expected = [i64::MIN as u64, (i64::MAX - 1) as u64];
        assert_eq!(download(&fits.numbers), expected, "{device}");
        let error = sum([0, i64::MAX, 5, -4]).unwrap_err().to_string();
        assert_eq!(error, "the sum of group 1 does not fit in 64 bits", "{device}");
        let error = sum([0, i64::MIN, -5, 4]).unwrap_err().to_string();
        assert_eq!(error, "the sum of group 1 does not fit in 64 bits", "{device}");
        let values = upload(device, &[u64::MAX, u64::MAX, 0, 1]);
        let sums = aggregate(&values, Meaning::Unsigned, None, &groups, Aggregation::Sum);
        assert!(sums.is_err(), "{device}");
        // Means of what does not fit are still means.
        let means =
            aggregate(&values, Meaning::Unsigned, None, &groups, Aggregation::Mean).unwrap();
        let means: Vec<f64> = download(&means.numbers).into_iter().map(f64::from_bits).collect();
        assert_eq!(means, [2_f64.powi(64), 2_f64.powi(64) / 3.0], "{device}");
    }
}

/// Joins by nested loops over keys.
fn check_join(device: Device, left: &[u64], right: &[u64]) {
    let lookup = Lookup::new(upload(device, right)).unwrap();
    let found = lookup.find(&upload(device, left), None).unwrap();
    let groups = Groups::new(&lookup.factors().ids).unwrap();
    for outer in [false, true] {
        let mut expected = (Vec::new(), Vec::new());
        for (i, key) in left.iter().enumerate() {
            let mut others: Vec<u32> =
                (0..right.len()).filter(|&j| right[j] == *key).map(|j| j as u32).collect();
            if others.is_empty() && outer {
                others.push(NONE);
            }
            expected.0.extend(others.iter().map(|_| i as u32));
            expected.1.extend(others);
        }
        let what = format!("{} and {} rows, outer {outer}, on {device}", left.len(), right.len());
        let joined = pairs(&found, &groups, outer, usize::MAX).unwrap();
        assert!(download(joined.left.numbers()) == expected.0, "{what}");
        assert!(download(joined.right.numbers()) == expected.1, "{what}");
        if let Some(fewer) = expected.0.len().checked_sub(1) {
            let error = pairs(&found, &groups, outer, fewer).unwrap_err().to_string();
            assert_eq!(
                error,
                format!("a join has {} entries, but at most {fewer} are possible", fewer + 1)
            );
        }
    }
    for want in [true, false] {
        let rows = 0..left.len();
        let expected: Vec<u32> =
            rows.filter(|&i| right.contains(&left[i]) == want).map(|i| i as u32).collect();
        let rows = paired(&found, &groups, want).unwrap();
        assert_eq!(download(rows.numbers()), expected, "want {want} on {device}");
    }
}

#[test]
fn joins_agree_with_nested_loops() {
    let mut random = Random::new(6);
    let sizes = if is_small() {
        &[(0, 3), (300, 40)][..]
    } else {
        &[(0, 3), (3, 0), (1, 1), (257, 70), (3000, 900)]
    };
    for device in devices() {
        for &(n, m) in sizes {
            for below in [1 + m / 40, 1 + m, 4 * m + 1] {
                let mut keys = |n: usize| -> Vec<u64> {
                    (0..n).map(|_| u64::from(random.below(below as u32)) << 33).collect()
                };
                let (left, right) = (keys(n), keys(m));
                check_join(device, &left, &right);
            }
        }
    }
}

#[test]
fn joins_that_explode_are_refused_with_their_size() {
    let n = if is_small() { 1000 } else { 100_000 };
    for device in devices() {
        let keys = vec![7_u64; n];
        let lookup = Lookup::new(upload(device, &keys)).unwrap();
        let found = lookup.find(&upload(device, &keys), None).unwrap();
        let groups = Groups::new(&lookup.factors().ids).unwrap();
        let error = pairs(&found, &groups, false, n * n - 1).unwrap_err().to_string();
        assert!(error.starts_with(&format!("a join has {} entries", n * n)), "{error}");
    }
}

#[test]
fn what_is_not_there_is_taken_as_zero() {
    for device in devices() {
        let at = Places::upload(device, &[2, NONE, 0, 1], 3).unwrap();
        let values = upload(device, &[5_u64, 6, 7]);
        let both = |taken: Taken<u64>| (download(&taken.values), download(&taken.valid));
        let all = both(take(&values, None, &at).unwrap());
        assert_eq!(all, (vec![7, 0, 5, 6], vec![1, 0, 1, 1]), "{device}");
        let flags = upload(device, &[0, 1, 4]);
        let some = both(take(&values, Some(&flags), &at).unwrap());
        assert_eq!(some, (vec![7, 0, 0, 6], vec![1, 0, 0, 1]), "{device}");
        let error = take(&upload(device, &[5_u64]), None, &at).unwrap_err();
        assert_eq!(error.to_string(), "values has 1 entries, but 3 were expected");
        let rows = Indices::upload(device, &[40, 0, 7], 50).unwrap();
        let translated = translate(at, &rows).unwrap();
        assert_eq!(download(translated.numbers()), [7, NONE, 40, 0], "{device}");
        assert_eq!(translated.below(), 50);
        let error = Places::upload(device, &[3], 3).unwrap_err().to_string();
        assert_eq!(error, "entry 0 of places is 3, but it must be below 3, or 4294967295 for none");
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn factorizing_any_keys_agrees(
        keys in prop::collection::vec(prop_oneof![any::<u32>(), 0..40_u32], 0..longest()),
    ) {
        for device in Device::all().unwrap() {
            check_factors(device, &keys);
        }
    }
}
