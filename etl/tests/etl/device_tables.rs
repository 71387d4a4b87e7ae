//! Verbs of tables on every device found, where keys are hard: all equal, all different, and most
//! of them one, with rows enough that groups need more than 16 bits. Oracle: loops over rows.

#![cfg(feature = "expressions")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should panic")]

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, Float64Array, Int64Array, RecordBatch, StringArray, UInt32Array,
};
use arrow::datatypes::{Float64Type, Int64Type, UInt32Type, UInt64Type};
use graph_etl::device::{Bins, DeviceTable, GroupColumn, GroupValue, Join, JoinKind, Ran, SortKey};
use graph_kernels::{Device, Indices};

/// Rows; groups of all-different keys are more than 2^16.
const N: usize = 70_001;

/// A key of each row; none is an absent one.
fn keys() -> [(&'static str, Vec<Option<i64>>); 3] {
    let mixed = |i: usize| (i as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) as i64;
    [
        ("all equal", vec![Some(-7); N]),
        ("all different", (0..N).map(|i| Some(mixed(i))).collect()),
        (
            "one of most, and absent ones",
            (0..N)
                .map(|i| match i % 20 {
                    0 => Some(mixed(i)),
                    1 => None,
                    _ => Some(3),
                })
                .collect(),
        ),
    ]
}

fn batch(keys: &[Option<i64>]) -> RecordBatch {
    let names = keys.iter().map(|key| key.map(|key| format!("k{key}")));
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("key", Arc::new(Int64Array::from(keys.to_vec()))),
        ("name", Arc::new(names.collect::<StringArray>())),
        ("row", Arc::new(UInt32Array::from_iter_values(0..keys.len() as u32))),
        // Halves, whose sums are exact in any order.
        (
            "x",
            Arc::new(
                (0..keys.len())
                    .map(|i| (i % 11 != 0).then(|| (i % 97) as f64 / 2.0))
                    .collect::<Float64Array>(),
            ),
        ),
    ];
    RecordBatch::try_from_iter_with_nullable(
        columns.into_iter().map(|(name, array)| (name, array, true)),
    )
    .unwrap()
}

/// The rows that a table has, by their numbers.
fn rows(table: &DeviceTable) -> Vec<u32> {
    let found = table.select(&["row"]).unwrap().download().unwrap();
    found.column(0).as_primitive::<UInt32Type>().values().to_vec()
}

/// What a verb says of where it ran.
fn assert_ran(ran: &Ran, device: Device) {
    assert_eq!(ran.device, device.to_string());
    assert_eq!(ran.bytes_on_device > 0, device != Device::Cpu);
}

#[test]
fn filters_and_sorts_of_hard_keys_agree_with_loops() {
    for (what, keys) in keys() {
        let batch = batch(&keys);
        let order: Vec<u32> = {
            let mut order: Vec<u32> = (0..N as u32).collect();
            // Absent ones last, whatever the direction.
            order.sort_by_key(|&row| match keys[row as usize] {
                Some(key) => (false, std::cmp::Reverse(key)),
                None => (true, std::cmp::Reverse(0)),
            });
            order
        };
        for device in Device::all().unwrap() {
            let table = DeviceTable::upload(&batch, device).unwrap();
            for (text, is) in [
                ("key = 3", (|key| key == Some(3)) as fn(Option<i64>) -> bool),
                ("key IS NULL OR key < 0", |key| key.is_none_or(|key| key < 0)),
                ("name LIKE 'k-7'", |key| key == Some(-7)),
                ("FALSE", |_| false),
                ("TRUE", |_| true),
            ] {
                let found = table.filter_expr(&text.parse().unwrap()).unwrap();
                assert_ran(&found.ran, device);
                let expected: Vec<u32> =
                    (0..N).filter(|&row| is(keys[row])).map(|row| row as u32).collect();
                assert!(rows(&found.result) == expected, "{text}, {what}, {device}");
            }
            let found = table.sort(&[SortKey::descending("key")]).unwrap();
            assert_ran(&found.ran, device);
            assert!(rows(&found.result) == order, "sort, {what}, {device}");
            let found = table.top_k(100, &[SortKey::descending("key")]).unwrap();
            assert!(rows(&found.result) == order[..100], "top, {what}, {device}");
            let at: Vec<u32> = (0..N as u32).rev().chain([5, 5, 0]).collect();
            let at_device = Indices::upload(device, &at, N as u32).unwrap();
            let found = table.gather(&at_device).unwrap();
            assert_ran(&found.ran, device);
            assert!(rows(&found.result) == at, "gather, {what}, {device}");
        }
    }
}

#[test]
fn groups_of_hard_keys_agree_with_a_map() {
    for (what, keys) in keys() {
        let batch = batch(&keys);
        let x = batch.column(3).as_primitive::<Float64Type>();
        let (mut ids, mut firsts) = (Vec::with_capacity(N), Vec::new());
        let (mut places, mut sums, mut counts) = (HashMap::new(), Vec::new(), Vec::new());
        for (row, key) in keys.iter().enumerate() {
            let place = *places.entry(*key).or_insert(firsts.len());
            if place == firsts.len() {
                firsts.push(row as u32);
                sums.push(0.0);
                counts.push(0);
            }
            ids.push(place as u32);
            if x.is_valid(row) {
                sums[place] += x.value(row);
                counts[place] += 1;
            }
        }
        for device in Device::all().unwrap() {
            let table = DeviceTable::upload(&batch, device).unwrap();
            for column in ["key", "name"] {
                let found = table.factorize(&[column]).unwrap();
                assert_ran(&found.ran, device);
                assert!(found.result.ids.numbers().download().unwrap() == ids, "{what}, {device}");
                let found = table.unique(&[column]).unwrap();
                assert_ran(&found.ran, device);
                assert!(rows(&found.result) == firsts, "unique {column}, {what}, {device}");
                let values = [
                    GroupColumn::new("x", GroupValue::Sum),
                    GroupColumn::new("x", GroupValue::Count),
                    GroupColumn::new("row", GroupValue::Sum),
                    GroupColumn::new("row", GroupValue::Min).named("row"),
                ];
                let found = table.group_by(&[column], &values).unwrap();
                assert_ran(&found.ran, device);
                assert!(rows(&found.result) == firsts, "least row, {what}, {device}");
                let found = found.result.download().unwrap();
                let of_x = found.column(1).as_primitive::<Float64Type>();
                assert!(of_x.values()[..] == sums, "sums by {column}, {what}, {device}");
                let of_x = found.column(2).as_primitive::<UInt32Type>();
                assert!(of_x.values()[..] == counts, "counts by {column}, {what}, {device}");
                let all = found.column(3).as_primitive::<UInt64Type>().values().iter().sum::<u64>();
                assert_eq!(all, (N as u64 - 1) * N as u64 / 2, "rows, {what}, {device}");
            }
        }
    }
}

#[test]
fn joins_of_hard_keys_agree_with_a_map() {
    for (what, keys) in keys() {
        let left = batch(&keys);
        // Some of the keys, each once, one that is not there, and an absent one.
        let mut right_keys: Vec<Option<i64>> = keys.iter().step_by(7).copied().collect();
        right_keys.extend([Some(i64::MAX), None]);
        right_keys.sort_unstable();
        right_keys.dedup();
        let right = batch(&right_keys);
        let known: HashMap<i64, u32> = right_keys
            .iter()
            .enumerate()
            .filter_map(|(row, key)| key.map(|key| (key, row as u32)))
            .collect();
        let pair = |row: usize| keys[row].and_then(|key| known.get(&key).copied());
        for device in Device::all().unwrap() {
            let left = DeviceTable::upload(&left, device).unwrap();
            let right = DeviceTable::upload(&right, device).unwrap();
            for on in [[("key", "key")], [("name", "name")]] {
                for kind in [JoinKind::Inner, JoinKind::Left, JoinKind::Semi, JoinKind::Anti] {
                    let found = left.join(&right, &Join::new(kind, &on)).unwrap();
                    assert_ran(&found.ran, device);
                    let is_kept = |row: &usize| match kind {
                        JoinKind::Inner | JoinKind::Semi => pair(*row).is_some(),
                        JoinKind::Anti => pair(*row).is_none(),
                        JoinKind::Left => true,
                    };
                    let expected: Vec<usize> = (0..N).filter(is_kept).collect();
                    let expected_rows: Vec<u32> = expected.iter().map(|&row| row as u32).collect();
                    let note = format!("{kind:?} on {on:?}, {what}, {device}");
                    assert!(rows(&found.result) == expected_rows, "{note}");
                    if matches!(kind, JoinKind::Inner | JoinKind::Left) {
                        let found = found.result.select(&["row_right"]).unwrap();
                        let found = found.download().unwrap();
                        let found = found.column(0).as_primitive::<UInt32Type>();
                        let rights = expected.iter().map(|&row| pair(row));
                        assert!(found.iter().eq(rights), "right rows: {note}");
                    }
                }
            }
            // Pairs of a key that most rows have are counted before any is made.
            let limited = Join { limit: N, ..Join::new(JoinKind::Inner, &[("key", "key")]) };
            let pairs = left.join(&left, &limited);
            assert_eq!(pairs.is_err(), what != "all different", "{what}, {device}");
        }
    }
}

#[test]
fn distributions_of_hard_keys_agree_with_a_sort() {
    for (what, keys) in keys() {
        let batch = batch(&keys);
        let mut sorted: Vec<i64> = keys.iter().flatten().copied().collect();
        sorted.sort_unstable();
        let edges = vec![-9.3e18, -4e18, -7.0, 0.0, 3.0, 4.0, 4e18, 9.3e18];
        for device in Device::all().unwrap() {
            let table = DeviceTable::upload(&batch, device).unwrap();
            let found = table.histogram("key", &Bins::Edges(edges.clone())).unwrap();
            assert_ran(&found.ran, device);
            let expected: Vec<u32> = edges
                .windows(2)
                .map(|bin| {
                    let inside = |key: &&i64| bin[0] <= **key as f64 && (**key as f64) < bin[1];
                    sorted.iter().filter(inside).count() as u32
                })
                .collect();
            assert_eq!(found.result.counts, expected, "{what}, {device}");
            assert_eq!(found.result.n_values, sorted.len());
            // Shares that are whole places among the values.
            let last = sorted.len() - 1;
            let at = [0.0, 1.0, (last / 3) as f64 / last as f64];
            let found = table.quantiles("key", &at).unwrap();
            assert_ran(&found.ran, device);
            assert_eq!(found.result[0], Some(sorted[0] as f64), "{what}, {device}");
            assert_eq!(found.result[1], Some(sorted[last] as f64), "{what}, {device}");
            let (low, high) = (sorted[last / 3 - 1] as f64, sorted[last / 3 + 1] as f64);
            let third = found.result[2].unwrap();
            assert!((low..=high).contains(&third), "{third} of {low} to {high}, {what}, {device}");
        }
    }
}

/// A column of nothing but absent values, and one value, through verbs that look for values.
#[test]
fn absent_values_alone_are_one_group_that_joins_nothing() {
    let keys = vec![None; 300];
    for device in Device::all().unwrap() {
        let table = DeviceTable::upload(&batch(&keys), device).unwrap();
        for column in ["key", "name"] {
            assert_eq!(table.unique(&[column]).unwrap().result.n_rows(), 1, "{device}");
            let on = [(column, column)];
            let joined = table.join(&table, &Join::new(JoinKind::Inner, &on)).unwrap().result;
            assert_eq!(joined.n_rows(), 0, "{device}");
            let sorted = table.sort(&[SortKey::ascending(column)]).unwrap().result;
            assert!(rows(&sorted) == (0..300).collect::<Vec<_>>(), "{device}");
            let of = GroupColumn::new(column, GroupValue::Max);
            let found = table.group_by(&["row"], &[of]).unwrap().result.download().unwrap();
            assert_eq!(found.column(1).null_count(), 300, "{device}");
        }
        assert_eq!(table.quantiles("key", &[0.5]).unwrap().result, [None], "{device}");
        let found = table.histogram("key", &Bins::Edges(vec![0.0, 1.0])).unwrap().result;
        assert_eq!((found.counts, found.n_values), (vec![0], 0), "{device}");
        let sum = GroupColumn::new("key", GroupValue::Sum);
        let found = table.group_by(&["key"], &[sum]).unwrap().result.download().unwrap();
        assert_eq!(found.column(1).as_primitive::<Int64Type>().values(), &[0], "{device}");
    }
}
