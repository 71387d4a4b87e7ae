//! Verbs on every device found, against plain loops over rows.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, DictionaryArray, Float32Array, Float64Array, Int8Array,
    Int64Array, RecordBatch, StringArray, StringViewArray, TimestampMillisecondArray, UInt32Array,
    UInt64Array,
};
use arrow::datatypes::{Float64Type, Int32Type, Int64Type, UInt32Type, UInt64Type};
use graph_kernels::{Arithmetic, Device, Indices};
use proptest::prelude::*;

use super::*;

pub(super) fn devices() -> Vec<Device> {
    Device::all().unwrap()
}

fn batch(columns: Vec<(&str, ArrayRef)>) -> RecordBatch {
    let columns = columns.into_iter().map(|(name, array)| (name, array, true));
    RecordBatch::try_from_iter_with_nullable(columns).unwrap()
}

/// A table with a column of each sort, sliced so that nothing begins at 0.
fn all_sorts() -> RecordBatch {
    let columns: Vec<(&str, ArrayRef)> = vec![
        (
            "flag",
            Arc::new(BooleanArray::from(vec![None, Some(true), None, Some(false), Some(true)])),
        ),
        ("small", Arc::new(Int8Array::from(vec![Some(9), Some(-128), Some(127), None, Some(0)]))),
        ("narrow", Arc::new(UInt32Array::from(vec![0, u32::MAX, 7, 7, 1]))),
        (
            "whole",
            Arc::new(Int64Array::from(vec![
                Some(5),
                Some(i64::MIN),
                None,
                Some(i64::MAX),
                Some(-1),
            ])),
        ),
        ("large", Arc::new(UInt64Array::from(vec![1, u64::MAX, 0, 2, 3]))),
        ("single", Arc::new(Float32Array::from(vec![0.0, -0.0, 1.5, f32::INFINITY, -2.25]))),
        (
            "double",
            Arc::new(Float64Array::from(vec![
                Some(0.5),
                None,
                Some(-0.0),
                Some(f64::MAX),
                Some(1e-310),
            ])),
        ),
        (
            "text",
            Arc::new(StringArray::from(vec![Some("x"), Some("ä"), None, Some(""), Some("ä")])),
        ),
        (
            "view",
            Arc::new(StringViewArray::from(vec!["q", "a long string of its own", "", "b", "b"])),
        ),
        (
            "coded",
            Arc::new(DictionaryArray::<Int32Type>::new(
                vec![Some(2), Some(0), Some(1), None, Some(2)].into(),
                Arc::new(StringArray::from(vec!["one", "one", "two"])),
            )),
        ),
        (
            "at",
            Arc::new(
                TimestampMillisecondArray::from(vec![Some(1), Some(-5), None, Some(7), Some(7)])
                    .with_timezone("UTC"),
            ),
        ),
    ];
    batch(columns).slice(1, 4)
}

#[test]
fn tables_come_back_as_they_were() {
    let original = all_sorts();
    for device in devices() {
        let table = DeviceTable::upload(&original, device).unwrap();
        assert_eq!(table.n_rows(), 4);
        let back = table.download().unwrap();
        assert_eq!(back.num_columns(), original.num_columns());
        for (name, (old, new)) in table.names().zip(original.columns().iter().zip(back.columns())) {
            assert_eq!(old.data_type(), new.data_type(), "{name} on {device}");
            // Dictionaries may differ in their lists; their strings must not.
            let strings = arrow::datatypes::DataType::Utf8;
            let (old, new) = match old.data_type() {
                arrow::datatypes::DataType::Dictionary(..) => (
                    arrow::compute::cast(old, &strings).unwrap(),
                    arrow::compute::cast(new, &strings).unwrap(),
                ),
                _ => (Arc::clone(old), Arc::clone(new)),
            };
            assert_eq!(&*old, &*new, "{name} on {device}");
        }
        let narrow = table.select(&["large", "flag"]).unwrap();
        assert_eq!(narrow.names().collect::<Vec<_>>(), ["large", "flag"]);
        assert_eq!(narrow.bytes(), 4 * (8 + 8));
        let error = table.select(&["doubel"]).unwrap_err().to_string();
        assert_eq!(error, "there is no column `doubel`; did you mean `double`?");
        assert!(table.select(&["flag", "flag"]).is_err());
        // Names swap, and columns stay where they are.
        let swapped = table.rename(&[("flag", "large"), ("large", "flag")]).unwrap();
        let expected = table.names().map(|name| match name {
            "flag" => "large",
            "large" => "flag",
            other => other,
        });
        assert_eq!(swapped.names().collect::<Vec<_>>(), expected.collect::<Vec<_>>());
        assert_eq!(&**swapped.download().unwrap().column(0), &**original.column(0));
        assert!(table.rename(&[("flag", "large")]).is_err());
        assert!(table.rename(&[("flagg", "x")]).is_err());
        let rest = table.drop_columns(&["flag", "at", "flag"]).unwrap();
        assert_eq!(rest.names().count(), table.names().count() - 2);
        let error = table.drop_columns(&["flag", "doubel"]).unwrap_err().to_string();
        assert_eq!(error, "there is no column `doubel`; did you mean `double`?");
    }
    let lists = arrow::array::ListArray::from_iter_primitive::<Int32Type, _, _>([Some([Some(1)])]);
    let lists = batch(vec![("lists", Arc::new(lists))]);
    let error = DeviceTable::upload(&lists, Device::Cpu).unwrap_err().to_string();
    assert!(error.starts_with("column `lists` is list of int32"), "{error}");
}

/// Rows of a made-up table: a key, a string, an amount and a time, of which some are absent.
#[derive(Debug, Clone)]
struct Row {
    key: Option<i64>,
    name: Option<String>,
    amount: Option<f64>,
    count: u32,
}

fn table_of(rows: &[Row]) -> RecordBatch {
    batch(vec![
        ("key", Arc::new(rows.iter().map(|row| row.key).collect::<Int64Array>()) as _),
        ("name", Arc::new(rows.iter().map(|row| row.name.clone()).collect::<StringArray>())),
        ("amount", Arc::new(rows.iter().map(|row| row.amount).collect::<Float64Array>())),
        ("count", Arc::new(rows.iter().map(|row| row.count).collect::<UInt32Array>())),
    ])
}

/// Rows, as they were put in.
fn rows_of(batch: &RecordBatch) -> Vec<Row> {
    let column = |name| batch.column_by_name(name).unwrap();
    let (keys, names) =
        (column("key").as_primitive::<Int64Type>(), column("name").as_string::<i32>());
    let amounts = column("amount").as_primitive::<Float64Type>();
    let counts = column("count").as_primitive::<UInt32Type>();
    (0..batch.num_rows())
        .map(|row| Row {
            key: keys.is_valid(row).then(|| keys.value(row)),
            name: names.is_valid(row).then(|| names.value(row).to_owned()),
            amount: amounts.is_valid(row).then(|| amounts.value(row)),
            count: counts.value(row),
        })
        .collect()
}

fn rows() -> impl Strategy<Value = Vec<Row>> {
    let row = (
        prop::option::weighted(0.9, -4_i64..5),
        prop::option::weighted(0.9, "[ab]{0,2}"),
        prop::option::weighted(0.8, prop_oneof![Just(f64::NAN), Just(-0.0), -9.0..9.0, Just(0.0)]),
        0..6_u32,
    );
    let row = row.prop_map(|(key, name, amount, count)| Row { key, name, amount, count });
    prop::collection::vec(row, 0..300)
}

/// Values as the devices order them: zeros are equal, and what is not a number is greatest.
fn order(a: f64, b: f64) -> std::cmp::Ordering {
    a.partial_cmp(&b).unwrap_or_else(|| a.is_nan().cmp(&b.is_nan()))
}

/// What tells a row from another, NaN and zeros as one.
fn text(row: &Row) -> String {
    let amount = row.amount.map(|x| if x == 0.0 { 0.0 } else { x });
    format!("{:?} {:?} {amount:?} {}", row.key, row.name, row.count)
}

fn assert_rows(found: &DeviceTable, expected: &[Row], what: &str) {
    let found: Vec<String> = rows_of(&found.download().unwrap()).iter().map(text).collect();
    let expected: Vec<String> = expected.iter().map(text).collect();
    assert_eq!(found, expected, "{what} on {}", found.len());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 8, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn filters_choose_the_rows_that_a_loop_chooses(rows in rows()) {
        let original = table_of(&rows);
        for device in devices() {
            let table = DeviceTable::upload(&original, device).unwrap();
            let check = |condition: Formula, of: &dyn Fn(&Row) -> bool| {
                let found = table.filter(&condition).unwrap();
                assert_eq!(found.ran.device, device.to_string());
                let expected: Vec<Row> = rows.iter().filter(|row| of(row)).cloned().collect();
                assert_rows(&found.result, &expected, &format!("{condition:?} on {device}"));
            };
            let column = Formula::column;
            check(column("key").greater(Formula::Integer(0)), &|row| row.key > Some(0));
            check(column("name").equals(Formula::Text("ab".into())), &|row| row.name.as_deref() == Some("ab"));
            check(Formula::Text("ab".into()).less(column("name")), &|row| row.name.as_deref() > Some("ab"));
            check(Formula::Test(TextTest::StartsWith, column("name").into(), "a".into()), &|row| {
                row.name.as_ref().is_some_and(|name| name.starts_with('a'))
            });
            check(Formula::IsNull(column("name").into()), &|row| row.name.is_none());
            let is_one = column("count").is_in([Formula::Integer(1), Formula::Integer(4)]);
            check(is_one, &|row| row.count == 1 || row.count == 4);
            // A sum of columns of two types, and logic with what is absent.
            let sum = column("amount").compute(Arithmetic::Add, column("count"));
            let either = sum.clone().less(Formula::Float(1.5)).or(column("key").less(column("count")));
            check(either, &|row| {
                row.amount.is_some_and(|x| x + f64::from(row.count) < 1.5)
                    || row.key.is_some_and(|key| key < row.count.into())
            });
            check(Formula::Not(Box::new(sum.greater(Formula::Float(1.5)))), &|row| {
                row.amount.is_some_and(|x| order(x + f64::from(row.count), 1.5).is_le())
            });
        }
    }

    #[test]
    fn sorts_agree_with_a_stable_sort(rows in rows(), k in 0..40_usize) {
        let original = table_of(&rows);
        for device in devices() {
            let table = DeviceTable::upload(&original, device).unwrap();
            let mut expected = rows.clone();
            expected.sort_by(|a, b| {
                let amounts = match (a.amount, b.amount) {
                    (Some(a), Some(b)) => order(b, a),
                    (a, b) => b.is_some().cmp(&a.is_some()),
                };
                a.name.cmp(&b.name).then(amounts)
            });
            let keys = [
                SortKey { nulls_last: false, ..SortKey::ascending("name") },
                SortKey::descending("amount"),
            ];
            let found = table.sort(&keys).unwrap().result;
            assert_rows(&found, &expected, &format!("sort on {device}"));
            expected.truncate(k);
            let found = table.top_k(k, &keys).unwrap().result;
            assert_rows(&found, &expected, &format!("top {k} on {device}"));
            let mut expected = rows.clone();
            expected.sort_by_key(|row| std::cmp::Reverse(row.count));
            expected.truncate(k);
            let found = table.top_k(k, &[SortKey::descending("count")]).unwrap().result;
            assert_rows(&found, &expected, &format!("top {k} of one on {device}"));
        }
    }

    #[test]
    fn slices_and_what_is_there_agree_with_loops(rows in rows(), (from, k) in (0..70_usize, 0..70_usize)) {
        let original = table_of(&rows);
        for device in devices() {
            let table = DeviceTable::upload(&original, device).unwrap();
            let expected: Vec<Row> = rows.iter().skip(from).take(k).cloned().collect();
            let found = table.slice(from, k).unwrap().result;
            assert_rows(&found, &expected, &format!("{k} rows from {from} on {device}"));
            let with = |is_there: fn(&Row) -> bool| rows.iter().filter(|row| is_there(row)).cloned().collect::<Vec<_>>();
            let found = table.drop_nulls(&["name"]).unwrap().result;
            assert_rows(&found, &with(|row| row.name.is_some()), &format!("names on {device}"));
            let found = table.drop_nulls(&[]).unwrap().result;
            let expected = with(|row| row.key.is_some() && row.amount.is_some() && row.name.is_some());
            assert_rows(&found, &expected, &format!("whole rows on {device}"));
            assert!(table.drop_nulls(&["names"]).is_err());
        }
    }

    #[test]
    fn groups_agree_with_a_map(rows in rows()) {
        let original = table_of(&rows);
        // Groups in the order in which they first appear.
        let (mut places, mut groups) = (HashMap::new(), Vec::<Vec<&Row>>::new());
        for row in &rows {
            let place = *places.entry((row.key, row.name.clone())).or_insert(groups.len());
            groups.resize_with(groups.len().max(place + 1), Vec::new);
            groups[place].push(row);
        }
        for device in devices() {
            let table = DeviceTable::upload(&original, device).unwrap();
            let values = [
                GroupColumn::new("amount", GroupValue::Count),
                GroupColumn::new("amount", GroupValue::Sum),
                GroupColumn::new("amount", GroupValue::Mean),
                GroupColumn::new("amount", GroupValue::Min),
                GroupColumn::new("amount", GroupValue::Max),
                GroupColumn::new("count", GroupValue::Sum),
                GroupColumn::new("count", GroupValue::First).named("first"),
                GroupColumn::new("name", GroupValue::Max),
                GroupColumn::new("key", GroupValue::Sum),
                GroupColumn::new("amount", GroupValue::Rows),
            ];
            let found = table.group_by(&["key", "name"], &values).unwrap().result.download().unwrap();
            assert_eq!(found.num_rows(), groups.len());
            let names: Vec<_> = found.schema_ref().fields().iter().map(|f| f.name().clone()).collect();
            assert_eq!(names[..4], ["key", "name", "amount_count", "amount_sum"]);
            assert_eq!(names[8], "first");
            let float = |at: usize, row: usize| {
                let column = found.column(at).as_primitive::<Float64Type>();
                column.is_valid(row).then(|| column.value(row))
            };
            for (row, group) in groups.iter().enumerate() {
                let amounts: Vec<f64> = group.iter().filter_map(|row| row.amount).collect();
                let near = |found: Option<f64>, expected: Option<f64>| {
                    let same = match (found, expected) {
                        (Some(a), Some(b)) => a.is_nan() && b.is_nan() || (a - b).abs() < 1e-9,
                        (a, b) => a == b,
                    };
                    assert!(same, "{found:?} for {expected:?} in group {row} on {device}");
                };
                assert_eq!(found.column(2).as_primitive::<UInt32Type>().value(row) as usize, amounts.len());
                let sum: f64 = amounts.iter().sum();
                near(float(3, row), Some(sum));
                near(float(4, row), (!amounts.is_empty()).then(|| sum / amounts.len() as f64));
                near(float(5, row), amounts.iter().copied().min_by(|a, b| order(*a, *b)));
                near(float(6, row), amounts.iter().copied().max_by(|a, b| order(*a, *b)));
                let counts: u64 = group.iter().map(|row| u64::from(row.count)).sum();
                assert_eq!(found.column(7).as_primitive::<UInt64Type>().value(row), counts);
                assert_eq!(found.column(8).as_primitive::<UInt32Type>().value(row), group[0].count);
                let names = found.column(9).as_string::<i32>();
                let name = names.is_valid(row).then(|| names.value(row).to_owned());
                assert_eq!(name, group.iter().filter_map(|row| row.name.clone()).max());
                assert_eq!(found.column(11).as_primitive::<UInt32Type>().value(row) as usize, group.len());
                let keys: i64 = group.iter().filter_map(|row| row.key).sum();
                assert_eq!(found.column(10).as_primitive::<Int64Type>().value(row), keys);
            }
            let firsts: Vec<Row> = groups.iter().map(|group| group[0].clone()).collect();
            let unique = table.unique(&["key", "name"]).unwrap().result;
            assert_rows(&unique, &firsts, &format!("unique on {device}"));
            let factorized = table.factorize(&["key", "name"]).unwrap().result;
            let ids: Vec<u32> = rows.iter().map(|row| places[&(row.key, row.name.clone())] as u32).collect();
            assert_eq!(factorized.ids.numbers().download().unwrap(), ids);
        }
    }

    #[test]
    fn joins_agree_with_nested_loops(left in rows(), right in rows()) {
        let (left_batch, right_batch) = (table_of(&left), table_of(&right));
        let is_pair = |a: &Row, b: &Row| {
            a.key.is_some() && a.key == b.key && a.name.is_some() && a.name == b.name
        };
        for device in devices() {
            let left_table = DeviceTable::upload(&left_batch, device).unwrap();
            let right_table = DeviceTable::upload(&right_batch, device).unwrap();
            let on = [("key", "key"), ("name", "name")];
            for kind in [JoinKind::Inner, JoinKind::Left, JoinKind::Semi, JoinKind::Anti] {
                let found = left_table.join(&right_table, &Join::new(kind, &on)).unwrap().result;
                let (mut lefts, mut rights) = (Vec::new(), Vec::new());
                for a in &left {
                    let pairs: Vec<&Row> = right.iter().filter(|b| is_pair(a, b)).collect();
                    let times = match kind {
                        JoinKind::Inner => pairs.len(),
                        JoinKind::Left => pairs.len().max(1),
                        JoinKind::Semi => pairs.len().min(1),
                        JoinKind::Anti => usize::from(pairs.is_empty()),
                    };
                    lefts.extend(std::iter::repeat_n(a.clone(), times));
                    rights.extend((0..times).map(|i| pairs.get(i).map(|row| (row.count, row.amount.map(f64::to_bits)))));
                }
                assert_rows(&found, &lefts, &format!("{kind:?} on {device}"));
                if matches!(kind, JoinKind::Semi | JoinKind::Anti) {
                    assert_eq!(found.names().count(), 4);
                    continue;
                }
                let found = found.download().unwrap();
                let counts = found.column_by_name("count_right").unwrap().as_primitive::<UInt32Type>();
                let amounts = found.column_by_name("amount_right").unwrap().as_primitive::<Float64Type>();
                for (row, expected) in rights.iter().enumerate() {
                    let count = counts.is_valid(row).then(|| counts.value(row));
                    let amount = amounts.is_valid(row).then(|| amounts.value(row).to_bits());
                    assert_eq!(count, expected.map(|right| right.0), "{kind:?} on {device}");
                    assert_eq!(amount, expected.and_then(|right| right.1), "{kind:?} on {device}");
                }
            }
        }
    }

    #[test]
    fn distributions_agree_with_loops(rows in rows(), at in prop::collection::vec(0.0..=1.0, 0..4)) {
        let original = table_of(&rows);
        for device in devices() {
            let table = DeviceTable::upload(&original, device).unwrap();
            let mut amounts: Vec<f64> = rows.iter().filter_map(|row| row.amount).collect();
            amounts.sort_by(|a, b| order(*a, *b));
            let found = table.quantiles("amount", &at).unwrap().result;
            for (share, found) in at.iter().zip(&found) {
                let Some(last) = amounts.len().checked_sub(1) else {
                    assert_eq!(*found, None);
                    continue;
                };
                let place = share * last as f64;
                let (low, high) = (amounts[place.floor() as usize], amounts[place.ceil() as usize]);
                let expected = low + (high - low) * place.fract();
                let found = found.unwrap();
                assert!(
                    found.is_nan() && high.is_nan() || (found - expected).abs() < 1e-9,
                    "{found} for {expected} on {device}"
                );
            }
            let keys: Vec<i64> = rows.iter().filter_map(|row| row.key).collect();
            let edges = vec![-3.5, -1.0, 0.5, 0.5, 3.0];
            let found = table.histogram("key", &Bins::Edges(edges.clone())).unwrap().result;
            assert_eq!((found.n_values, &found.edges), (keys.len(), &edges));
            for (bin, count) in found.counts.iter().enumerate() {
                let inside = keys.iter().filter(|&&key| {
                    let key = key as f64;
                    edges[bin] <= key && (key < edges[bin + 1] || bin == 3 && key == edges[4])
                });
                assert_eq!(*count as usize, inside.count(), "bin {bin} on {device}");
            }
        }
    }
}

#[test]
fn bins_beyond_a_types_numbers_are_empty() {
    let counts =
        batch(vec![("n", Arc::new(UInt32Array::from(vec![0, 1, u32::MAX, u32::MAX - 1])) as _)]);
    for device in devices() {
        let table = DeviceTable::upload(&counts, device).unwrap();
        let count = |edges: &[f64]| {
            table.histogram("n", &Bins::Edges(edges.to_vec())).unwrap().result.counts
        };
        assert_eq!(count(&[-9.0, -1.0]), [0], "{device}");
        assert_eq!(count(&[-9.0, -1.0, 0.0]), [0, 1], "{device}");
        assert_eq!(count(&[-9.0, 0.0, 0.5]), [0, 1], "{device}");
        assert_eq!(count(&[4_294_967_295.0, 5e9, 6e9]), [1, 0], "{device}");
        assert_eq!(count(&[5e9, 6e9]), [0], "{device}");
        assert_eq!(count(&[1.0, 5e9]), [3], "{device}");
        assert_eq!(count(&[f64::NEG_INFINITY, f64::INFINITY]), [4], "{device}");
        let linear = table.histogram("n", &Bins::Linear(2)).unwrap().result;
        assert_eq!((linear.counts, linear.edges[2]), (vec![2, 2], 4_294_967_295.0));
        let log = table.histogram("n", &Bins::Log(4)).unwrap().result;
        assert_eq!((log.counts, log.edges[0]), (vec![1, 0, 0, 2], 1.0), "{device}");
        assert!(table.histogram("n", &Bins::Linear(0)).is_err());
        let error = table.histogram("n", &Bins::Edges(vec![2.0, 1.0])).unwrap_err().to_string();
        assert_eq!(error, "edges is 2 before 1, but it must be ascending numbers");
    }
}

#[test]
fn histograms_pass_over_what_is_not_finite() {
    let values = vec![f64::NAN, f64::INFINITY, -1.0, f64::NEG_INFINITY, 0.0, 3.0, 100.0];
    let values = batch(vec![
        ("x", Arc::new(Float64Array::from(values.clone())) as _),
        ("y", Arc::new(values.into_iter().map(|x| x as f32).collect::<Float32Array>())),
    ]);
    for device in devices() {
        let table = DeviceTable::upload(&values, device).unwrap();
        for name in ["x", "y"] {
            let found = table.histogram(name, &Bins::Linear(2)).unwrap().result;
            assert_eq!(
                (found.counts, found.edges),
                (vec![3, 1], vec![-1.0, 49.5, 100.0]),
                "{device}"
            );
            let found = table.histogram(name, &Bins::Log(1)).unwrap().result;
            assert_eq!((found.counts, found.edges), (vec![2], vec![3.0, 100.0]), "{device}");
        }
    }
}

#[test]
fn columns_are_computed_and_replaced() {
    for device in devices() {
        let table = DeviceTable::upload(&all_sorts(), device).unwrap();
        let twice = Formula::column("narrow").compute(Arithmetic::Add, Formula::column("narrow"));
        let table = table.with_column("twice", &twice).unwrap().result;
        let ratio = Formula::column("twice").compute(Arithmetic::Divide, Formula::column("single"));
        let table = table.with_column("double", &ratio).unwrap().result;
        let is_large = Formula::column("twice").greater(Formula::Integer(10));
        let table = table.with_column("large", &is_large).unwrap().result;
        let found = table.download().unwrap();
        let column = |name: &str| Arc::clone(found.column_by_name(name).unwrap());
        let twice = [2 * i64::from(u32::MAX), 14, 14, 2];
        assert_eq!(column("twice").as_primitive::<Int64Type>().values(), &twice);
        // A quotient by zero is absent.
        let ratio = [None, Some(14.0 / 1.5), Some(0.0), Some(2.0 / -2.25)];
        let found: Vec<_> = column("double").as_primitive::<Float64Type>().iter().collect();
        assert_eq!(found, ratio, "{device}");
        let large: Vec<_> = column("large").as_boolean().iter().collect();
        assert_eq!(large, [Some(true), Some(true), Some(true), Some(false)]);
        let sum = Formula::column("whole").compute(Arithmetic::Add, Formula::column("whole"));
        let error = table.with_column("sum", &sum).unwrap_err().to_string();
        assert_eq!(error, "row 0 of an expression does not fit in 64 bits", "{device}");
        let error = table.filter(&Formula::column("text").less(Formula::Integer(1))).unwrap_err();
        assert!(
            error.to_string().starts_with("column `text` is text, but must be a number"),
            "{error}"
        );
        let error =
            table.filter(&Formula::column("whole").equals(Formula::Text("a".into()))).unwrap_err();
        assert!(error.to_string().contains("must be a string to be compared"), "{error}");
    }
}

#[test]
fn sums_that_overflow_and_joins_that_explode_are_errors() {
    let numbers = batch(vec![
        ("g", Arc::new(UInt32Array::from(vec![1; 2000])) as _),
        ("x", Arc::new(Int64Array::from(vec![i64::MAX / 1000; 2000]))),
    ]);
    for device in devices() {
        let table = DeviceTable::upload(&numbers, device).unwrap();
        let sums = table.group_by(&["g"], &[GroupColumn::new("x", GroupValue::Sum)]);
        let error = sums.unwrap_err().to_string();
        assert_eq!(error, "the sum of `x` in group 0 does not fit into 64 bits", "{device}");
        let on = [("g", "g")];
        let join = Join { limit: 3_999_999, ..Join::new(JoinKind::Inner, &on) };
        let error = table.join(&table, &join).unwrap_err().to_string();
        assert_eq!(
            error, "join would make about 4000000 rows, but at most 3999999 are allowed",
            "{device}"
        );
        let error = table.join(&table, &Join::new(JoinKind::Inner, &[])).unwrap_err().to_string();
        assert!(error.contains("at least one pair"), "{error}");
        let error = table.group_by(&[], &[]).unwrap_err().to_string();
        assert!(error.contains("at least one"), "{error}");
    }
}

/// Codes of strings, integers of other widths, and floats meet as values.
#[test]
fn joins_compare_values_of_different_widths() {
    let left = batch(vec![
        ("i", Arc::new(Int8Array::from(vec![-1, 5, 7])) as _),
        ("f", Arc::new(Float32Array::from(vec![0.5, -0.0, f32::NAN]))),
        ("s", Arc::new(StringArray::from(vec!["b", "c", "a"]))),
    ]);
    let right = batch(vec![
        ("j", Arc::new(Int64Array::from(vec![5, 7, -1, 7])) as _),
        ("g", Arc::new(Float64Array::from(vec![0.0, f64::NAN, 0.25, f64::NAN]))),
        ("t", Arc::new(StringViewArray::from(vec!["a", "x", "b", "y"]))),
    ]);
    for device in devices() {
        let left = DeviceTable::upload(&left, device).unwrap();
        let right = DeviceTable::upload(&right, device).unwrap();
        let rows = |on: &[(&str, &str)]| {
            let found = left.join(&right, &Join::new(JoinKind::Inner, on)).unwrap().result;
            let found = found.download().unwrap();
            found.column(0).as_primitive::<arrow::datatypes::Int8Type>().values().to_vec()
        };
        assert_eq!(rows(&[("i", "j")]), [-1, 5, 7, 7], "{device}");
        assert_eq!(rows(&[("f", "g")]), [5, 7, 7], "{device}");
        assert_eq!(rows(&[("s", "t")]), [-1, 7], "{device}");
        assert_eq!(rows(&[("i", "j"), ("f", "g")]), [5, 7, 7], "{device}");
        assert_eq!(rows(&[("s", "t"), ("i", "j")]), [-1], "{device}");
        let error = left.join(&right, &Join::new(JoinKind::Inner, &[("i", "t")])).unwrap_err();
        assert!(error.to_string().starts_with("column `i` is int8, and `t`"), "{error}");
    }
}

#[test]
fn samples_are_the_same_on_every_device_and_without_repetition() {
    let numbers = batch(vec![("x", Arc::new(UInt32Array::from_iter_values(0..5000)) as _)]);
    let mut expected = None;
    for device in devices() {
        let table = DeviceTable::upload(&numbers, device).unwrap();
        let sample = |k, seed| {
            let found = table.sample(k, seed).unwrap().result.download().unwrap();
            found.column(0).as_primitive::<UInt32Type>().values().to_vec()
        };
        let found = sample(500, 7);
        assert!(found.len() == 500 && found.is_sorted_by(|a, b| a < b), "{device}");
        let mean = found.iter().map(|&x| f64::from(x)).sum::<f64>() / 500.0;
        assert!((mean - 2500.0).abs() < 5.0 * 1443.0 / 500_f64.sqrt(), "{mean} on {device}");
        assert_ne!(found, sample(500, 8));
        assert_eq!(expected.get_or_insert(found.clone()), &found, "{device}");
        assert_eq!((sample(0, 1).len(), sample(9999, 1).len()), (0, 5000), "{device}");
        let at = Indices::upload(device, &[4999, 3, 3], 5000).unwrap();
        let found = table.gather(&at).unwrap();
        let rows = found.result.download().unwrap();
        assert_eq!(rows.column(0).as_primitive::<UInt32Type>().values(), &[4999, 3, 3]);
        assert_eq!(found.ran.bytes_on_device > 0, device != Device::Cpu);
        assert!(table.gather(&Indices::upload(device, &[0], 5001).unwrap()).is_err());
    }
}

/// Tables without rows or columns go through every verb.
#[test]
fn empty_tables_stay_empty() {
    for device in devices() {
        let table = DeviceTable::upload(&all_sorts().slice(0, 0), device).unwrap();
        let filter = Formula::column("text").equals(Formula::Text("a".into()));
        assert_eq!(table.filter(&filter).unwrap().result.n_rows(), 0);
        let keys = [SortKey::ascending("text"), SortKey::descending("double")];
        assert_eq!(table.sort(&keys).unwrap().result.n_rows(), 0);
        assert_eq!(table.top_k(5, &keys).unwrap().result.n_rows(), 0);
        let groups = table.group_by(&["text"], &[GroupColumn::new("double", GroupValue::Sum)]);
        assert_eq!(groups.unwrap().result.download().unwrap().num_columns(), 2);
        assert_eq!(table.unique(&[]).unwrap().result.n_rows(), 0);
        let on = [("text", "text")];
        let joined = table.join(&table, &Join::new(JoinKind::Left, &on)).unwrap().result;
        assert_eq!((joined.n_rows(), joined.names().count()), (0, 21));
        assert_eq!(table.quantiles("double", &[0.5]).unwrap().result, [None]);
        assert!(table.histogram("double", &Bins::Linear(3)).unwrap().result.counts.is_empty());
        assert_eq!(table.sample(3, 1).unwrap().result.n_rows(), 0);
    }
}
