//! The expression language on every device found, against an interpreter of single rows and, where
//! tables are built, against these.

#![cfg(feature = "expressions")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should panic")]

use std::sync::Arc;

use crate::common::{Bool, Value, any_expr, batch, eval, fraction, integer, row, truth, values};
use arrow::array::{
    ArrayRef, Date32Array, DictionaryArray, Float32Array, Float64Array, Int32Array, Int64Array,
    RecordBatch, StringArray, TimestampMicrosecondArray, TimestampMillisecondArray,
    TimestampNanosecondArray, UInt64Array,
};
use arrow::datatypes::Int32Type;
use graph_etl::Error;
use graph_etl::device::DeviceTable;
use graph_etl::expr::{Expr, Problem};
use graph_kernels::Device;
use proptest::prelude::*;

fn devices() -> Vec<Device> {
    Device::all().unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    /// Oracle: the interpreter, row by row; also of whether a row passes a filter.
    #[test]
    fn devices_compute_what_the_interpreter_does(
        exprs in prop::collection::vec(
            prop_oneof![truth().boxed(), integer().boxed(), fraction().boxed(), any_expr().boxed()],
            6,
        ),
        rows in prop::collection::vec(row(), 1..40),
    ) {
        let batch = batch(&rows);
        for device in devices() {
            let table = DeviceTable::upload(&batch, device).unwrap();
            for expr in &exprs {
                let found = match table.with_expr("found", expr) {
                    Ok(found) => found.result.select(&["found"]).unwrap().download().unwrap(),
                    Err(Error::Expression(error)) => {
                        prop_assert!(matches!(error.problem, Problem::DivisionByZero), "{}: {}", expr, error);
                        continue;
                    }
                    // What is larger than a kernel's stack, or makes a text.
                    Err(Error::Device(error)) => {
                        let reason = error.to_string();
                        prop_assert!(reason.contains("more than 12 values"), "{}: {}", expr, reason);
                        continue;
                    }
                    Err(error @ Error::Refused { .. }) => {
                        let makes_text = expr.resolve(&table.schema()).unwrap().data_type;
                        let is_text = makes_text == arrow::datatypes::DataType::Utf8View
                            || makes_text == arrow::datatypes::DataType::Utf8;
                        prop_assert!(is_text, "{}: {}", expr, error);
                        continue;
                    }
                    Err(error) => panic!("{expr}: {error}"),
                };
                let expected: Vec<Value> = rows.iter().map(|row| eval(expr, row)).collect();
                let found = values(found.column(0));
                let is_condition = expected.iter().any(|value| matches!(value, Bool(_)));
                prop_assert_eq!(found, expected.clone(), "{} on {}", expr, device);
                if is_condition {
                    let kept = table.filter_expr(expr).unwrap().result;
                    let count = expected.iter().filter(|value| **value == Bool(true)).count();
                    prop_assert_eq!(kept.n_rows(), count, "{} on {}", expr, device);
                }
            }
        }
    }
}

/// Columns of types that differ between devices and the processor, with times before 1970, around
/// leap days, and absent.
fn all_sorts() -> RecordBatch {
    let micros = vec![
        Some(0),
        Some(-1),
        Some(951_827_696_123_456),
        None,
        Some(-62_135_596_800_000_001),
        Some(1_735_689_599_999_999),
    ];
    let scaled = |by: i64| micros.iter().map(move |micros| micros.map(|at: i64| at.div_euclid(by)));
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("i", Arc::new(Int32Array::from(vec![Some(3), Some(-7), None, Some(0), Some(8), Some(5)]))),
        (
            "k",
            Arc::new(Int64Array::from(vec![Some(5), None, Some(-2), Some(9), Some(0), Some(-11)])),
        ),
        (
            "u",
            Arc::new(UInt64Array::from(vec![
                Some(1),
                Some(1 << 40),
                None,
                Some(0),
                Some(7),
                Some(2),
            ])),
        ),
        (
            "f",
            Arc::new(Float32Array::from(vec![
                Some(0.1),
                Some(-2.5),
                Some(f32::NAN),
                None,
                Some(1e-40),
                Some(7.7),
            ])),
        ),
        (
            "x",
            Arc::new(Float64Array::from(vec![
                Some(2.5),
                Some(-0.5),
                Some(1e300),
                Some(f64::NAN),
                None,
                Some(-3.75),
            ])),
        ),
        (
            "s",
            Arc::new(StringArray::from(vec![
                Some("Ann"),
                Some(" bob "),
                None,
                Some(""),
                Some("straße"),
                Some("a_b%"),
            ])),
        ),
        (
            "c",
            Arc::new(DictionaryArray::<Int32Type>::new(
                vec![Some(1), Some(0), None, Some(1), Some(0), Some(2)].into(),
                Arc::new(StringArray::from(vec!["x", "yy", ""])),
            )),
        ),
        (
            "d",
            Arc::new(Date32Array::from(vec![
                Some(0),
                Some(-1),
                Some(11_016),
                Some(20_088),
                None,
                Some(-719_468),
            ])),
        ),
        ("us", Arc::new(TimestampMicrosecondArray::from(micros.clone()))),
        ("ms", Arc::new(scaled(1000).collect::<TimestampMillisecondArray>().with_timezone("UTC"))),
        (
            "ns",
            Arc::new(
                // The range of nanoseconds ends in 1677.
                micros
                    .iter()
                    .map(|at| at.and_then(|at| at.checked_mul(1000)).map(|at| at + 7))
                    .collect::<TimestampNanosecondArray>(),
            ),
        ),
    ];
    let columns = columns.into_iter().map(|(name, array)| (name, array, true));
    RecordBatch::try_from_iter_with_nullable(columns).unwrap()
}

/// Expressions that devices have.
const COMPUTED: &[&str] = &[
    "f > 0.1",
    "f = 0.1",
    "f + 1 = 8.7",
    "f * f",
    "f / 3 + i",
    "f > x",
    "x % 0.75",
    "i % k",
    "i / k",
    "div(i, k)",
    "-k + abs(i) * 2",
    "k BETWEEN -2 AND 5",
    "u = 7 OR u > k",
    "u + 1",
    "CAST(i AS BIGINT) * 1000000007",
    "CAST(i AS DOUBLE) / 2",
    "CAST(i > 2 AS BIGINT) + 1",
    "sign(i)",
    "sign(x)",
    "floor(x) + ceil(x) + round(x)",
    "is_nan(x) OR is_finite(f)",
    "least(i, k, 2)",
    "greatest(x, f, 0.5)",
    "coalesce(x, f, 9)",
    "nullif(i, 8)",
    "if(i > k, i, NULL)",
    "CASE WHEN i > 2 THEN x WHEN k > 0 THEN 2 END",
    "i IS NOT DISTINCT FROM NULL",
    "k IS DISTINCT FROM i",
    "k IN (5, NULL, 9)",
    "k NOT IN (5, 9)",
    "s LIKE '%b%'",
    "s ILIKE 'ANN'",
    r"s LIKE 'a\_b\%'",
    "s ~ '^[A-Z]'",
    "length(trim(s)) > 2",
    "length(s) + k",
    "upper(s) = 'STRASSE' OR lower(s) < 'b'",
    "substr(s, 2, 2) = 'nn' OR left(s, -1) = 'straß' OR right(s, 2) = 'b%'",
    "s || '!' = 'Ann!' OR concat(s, 'x') = 'x'",
    "coalesce(s, 'none') IN ('none', '')",
    "contains(s, 'o') AND NOT starts_with(s, 'b') OR ends_with(reverse(s), 'a')",
    "c = 'yy' OR c IS NULL",
    "length(c)",
    "d >= '2000-01-01'",
    "d + INTERVAL '40 days'",
    "d - INTERVAL '1 day' < us",
    "us > '1999-12-31 23:59:59.5' AND ms <= TIMESTAMP '2024-12-31 23:59:59.999Z'",
    "ns = us",
    "us - ms",
    "us + INTERVAL '36 hours'",
    "ms - INTERVAL '1.5 seconds'",
    "us - ms > INTERVAL '500 microseconds'",
    "year(d) * 10000 + month(d) * 100 + day(d)",
    "quarter(us) * 1000 + dayofyear(us)",
    "week(d) * 10 + weekday(d)",
    "week(us)",
    "hour(us) * 10000 + minute(us) * 100 + second(us)",
    "hour(ms) + hour(d)",
    "second(ns)",
    "epoch(ms) / 2",
    "date(us)",
    "date_trunc('month', d)",
    "date_trunc('quarter', us)",
    "date_trunc('year', ms)",
    "date_trunc('week', us)",
    "date_trunc('hour', us)",
    "date_trunc('minute', ns)",
    "coalesce(us, TIMESTAMP '2020-01-01 00:00:00')",
];

/// Without tables at least all devices, the processor among them, must agree; with tables, see below.
#[test]
fn all_devices_compute_the_same() {
    let batch = all_sorts();
    for text in COMPUTED {
        let expr: Expr = text.parse().unwrap();
        let mut expected: Option<RecordBatch> = None;
        for device in devices() {
            let table = DeviceTable::upload(&batch, device).unwrap();
            let found = table.with_expr("found", &expr).unwrap_or_else(|e| panic!("{text}: {e}"));
            assert_eq!(found.ran.device, device.to_string());
            let found = found.result.select(&["found"]).unwrap().download().unwrap();
            let expected = expected.get_or_insert_with(|| found.clone());
            assert_eq!(format!("{expected:?}"), format!("{found:?}"), "{text} on {device}");
        }
    }
}

#[test]
fn what_devices_do_not_have_is_refused_by_name() {
    let table = DeviceTable::upload(&all_sorts(), Device::Cpu).unwrap();
    let error = |text: &str| {
        let expr: Expr = text.parse().unwrap();
        table.formula(&expr).unwrap_err().to_string()
    };
    assert_eq!(error("sqrt(x) > 2"), "sqrt(x) is refused: devices have no such function");
    for text in [
        "pow(x, 2)",
        "round(x, 1)",
        "upper(s)",
        "s = c",
        "CAST(x AS BIGINT)",
        "CAST(s AS BIGINT)",
        "us + INTERVAL '1 month'",
    ] {
        assert!(error(text).contains(" is refused: "), "{text}: {}", error(text));
    }
    assert!(error("hole > 1").contains("no column `hole`"));
    assert!(error("s > 1").contains("must be text, as the left side"), "{}", error("s > 1"));
    assert!(error("x / 0").starts_with("division by zero"));
    let count: Expr = "i + 1".parse().unwrap();
    let error = table.filter_expr(&count).unwrap_err().to_string();
    assert!(error.contains("must be true or false"), "{error}");
    let large = RecordBatch::try_from_iter([(
        "u",
        Arc::new(UInt64Array::from(vec![1, u64::MAX])) as ArrayRef,
    )]);
    for device in devices() {
        let table = DeviceTable::upload(large.as_ref().unwrap(), device).unwrap();
        let error = table.filter_expr(&"u > 3".parse().unwrap()).unwrap_err().to_string();
        assert_eq!(error, "row 1 of an expression does not fit in 64 bits", "{device}");
    }
}

/// Oracle: tables on the processor.
#[cfg(feature = "tables")]
#[test]
fn devices_compute_what_tables_do() {
    use arrow::array::{Array, AsArray};
    use arrow::compute::cast;
    use arrow::datatypes::{DataType, Float64Type};
    use graph_etl::Control;
    use graph_etl::table::Table;

    let batch = all_sorts();
    let table = Table::from_batch(batch.clone()).unwrap();
    for text in COMPUTED {
        let expr: Expr = text.parse().unwrap();
        let named = [("found".to_owned(), expr.clone())];
        let expected = table.select_exprs(&named).unwrap().collect(&Control::NONE);
        let expected = expected.unwrap_or_else(|error| panic!("{text}: {error}"));
        for device in devices() {
            let table = DeviceTable::upload(&batch, device).unwrap();
            let found = table.with_expr("found", &expr).unwrap().result;
            let found = found.select(&["found"]).unwrap().download().unwrap();
            let (found, expected) = (found.column(0), expected.column(0));
            let like = match found.data_type() {
                DataType::Timestamp(unit, _) => DataType::Timestamp(*unit, None),
                other => other.clone(),
            };
            let (found, expected) = (cast(found, &like).unwrap(), cast(expected, &like).unwrap());
            if like == DataType::Float64 {
                let pairs = found.as_primitive::<Float64Type>().iter();
                let pairs = pairs.zip(expected.as_primitive::<Float64Type>());
                for (row, (found, expected)) in pairs.enumerate() {
                    let same = match (found, expected) {
                        // The engine multiplies by the reciprocal of a constant, so that its
                        // quotients are off by their last bits: those of the column's type.
                        (Some(a), Some(b)) => {
                            let bits = if text.contains("f / 3") { 2.4e-7 } else { 4e-16 };
                            a == b || a.is_nan() && b.is_nan() || (a - b).abs() <= bits * b.abs()
                        }
                        (a, b) => a == b,
                    };
                    assert!(same, "row {row} of {text}: {found:?} for {expected:?} on {device}");
                }
            } else {
                assert_eq!(&found.to_data(), &expected.to_data(), "{text} on {device}");
            }
        }
    }
}
