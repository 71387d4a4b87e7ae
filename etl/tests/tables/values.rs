//! What expressions make of values.

use arrow::array::AsArray;
use arrow::datatypes::Int64Type;

use super::*;

#[test]
fn truth_values_have_three_states() {
    let truth = |text: &str| {
        let values = table(vec![
            ("t", Arc::new(BooleanArray::from(vec![Some(true)])) as ArrayRef),
            ("f", Arc::new(BooleanArray::from(vec![Some(false)]))),
            ("n", Arc::new(BooleanArray::from(vec![None]))),
        ]);
        let row = rows(&values.select_exprs(&[("v", expr(text))]).unwrap()).remove(0);
        row[5..row.len() - 1].to_owned()
    };
    for (text, expected) in [
        ("t AND n", "null"),
        ("f AND n", "false"),
        ("t OR n", "true"),
        ("f OR n", "null"),
        ("NOT n", "null"),
        ("NOT NULL", "null"),
        ("n = n", "null"),
        ("n IS NULL", "true"),
        ("n IS NOT DISTINCT FROM NULL", "true"),
        ("n IS TRUE", "false"),
        ("n IS NOT TRUE", "true"),
        ("t IN (FALSE, NULL)", "null"),
        ("t IN (TRUE, NULL)", "true"),
        ("t NOT IN (FALSE)", "true"),
        ("CASE WHEN n THEN 1 ELSE 2 END", "2"),
        ("coalesce(n, f)", "false"),
    ] {
        assert_eq!(truth(text), expected, "{text}");
    }
}

/// The engine takes `x = y AND x <> y` for false in filters, which it is not where a value is missing.
#[test]
fn what_is_unknown_in_a_filter_stays_so() {
    let given = table(vec![
        ("id", ints(&[0, 1, 2, 3])),
        ("x", Arc::new(Int64Array::from(vec![None, Some(1), Some(1), Some(2)])) as ArrayRef),
        ("y", Arc::new(Int64Array::from(vec![Some(0), Some(1), Some(2), None]))),
        ("b", Arc::new(BooleanArray::from(vec![Some(true), Some(false), None, None]))),
    ]);
    for (condition, expected) in [
        ("x = y AND x <> y", &[][..]),
        ("(x = y AND x <> y) IS NULL", &[0, 3]),
        ("NOT (x = y AND x <> y)", &[1, 2]),
        ("NOT (NOT (x <= y) AND x = y)", &[1, 2]),
        ("(NOT (x < y OR x >= y)) IS NULL", &[0, 3]),
        ("NOT (x < y OR NOT (x < y OR x >= y)) OR id = 0", &[0, 1]),
        ("(b AND NOT b) IS NULL", &[2, 3]),
        ("(NOT b AND b) IS NOT NULL AND id < 1", &[0]),
        ("(NOT (b OR NOT b)) IS NULL AND x > 1", &[3]),
        ("CASE WHEN (x = y AND x <> y) IS NULL THEN id = 3 ELSE id = 2 END", &[2, 3]),
        ("coalesce(x > y AND x < y, id = 0)", &[0]),
        ("x NOT IN (1, 2) IS NULL", &[0]),
        ("NOT (x IN (1, 3) AND x NOT IN (1, 3))", &[1, 2, 3]),
        ("NOT (NULL OR x > 1) IS NOT NULL", &[0, 1, 2]),
        ("NOT (NULL AND x > 1)", &[1, 2]),
        ("(NOT NULL) IS NULL AND id = 3", &[3]),
    ] {
        let ids = |found: Result<Table>| -> Vec<i64> {
            let found = found.and_then(|table| table.select(&["id"])?.collect(&Control::NONE));
            let rows = found.unwrap_or_else(|error| panic!("{condition}: {error}"));
            rows.column(0).as_primitive::<Int64Type>().values().to_vec()
        };
        assert_eq!(ids(given.filter(&expr(condition))), expected, "{condition}");
        for query in [
            format!("SELECT id FROM t WHERE {condition}"),
            format!("SELECT id FROM (SELECT *, {condition} AS keep FROM t) AS a WHERE keep"),
            format!(
                "SELECT id FROM t JOIN (SELECT id AS other FROM t) AS a ON id = other WHERE {condition}"
            ),
            format!("SELECT id FROM t GROUP BY id, x, y, b HAVING {condition} ORDER BY id"),
        ] {
            assert_eq!(ids(sql(&query, &[("t", given.clone())])), expected, "{query}");
        }
    }
    // What joins numbers bit by bit is no condition.
    let odd = "SELECT id FROM t WHERE NOT ((id & 1) = 1 AND (id & 1) <> 1) AND (id & 3) > 1";
    assert_eq!(rows(&sql(odd, &[("t", given)]).unwrap()).len(), 2);
}

#[test]
fn text_stands_for_times_in_comparisons() {
    let found = |text: &str| rows(&events().filter(&expr(text)).unwrap()).len();
    assert_eq!(found("at >= '1970-01-02'"), 1);
    assert_eq!(found("at < '1970-01-01T02:00:00+02:00'"), 0);
    assert_eq!(found("at >= TIMESTAMP '1970-01-01 01:00:00'"), 2);
    assert_eq!(found("day = '1970-02-01'"), 1);
    assert_eq!(found("day + INTERVAL '1 month' = DATE '1970-02-01'"), 1);
    assert_eq!(found("at + INTERVAL '1 hour' > at"), 3);
    assert_eq!(found("at - TIMESTAMP '1970-01-01' > INTERVAL '2 days'"), 1);
    assert_eq!(found("year(at) = 1970 AND weekday(at) = 4 AND hour(at) = 1"), 1);
    assert_eq!(found("date_trunc('month', day) = '1970-02-01'"), 1);
    assert_eq!(found("epoch(at) = 3600.000005"), 1);
    assert_eq!(found("strftime(day, '%Y/%m') = '1970/02'"), 1);
    assert_eq!(found("date(at) = '1970-01-03'"), 1);
    assert_eq!(found("strptime('01.02.1970', '%d.%m.%Y') = '1970-02-01'"), 4);
    let error = events().filter(&expr("at > 'noon'")).unwrap_err().to_string();
    assert_eq!(error, "`noon` is not a timestamp such as 2026-11-21 12:30:00, at character 6");
    assert!(events().filter(&expr("at > 3")).is_err());
    assert!(events().with_column("x", &expr("day + 1")).is_err());
}

#[test]
fn functions_of_numbers_and_text() {
    let one = table(vec![("s", texts(&["a-b-c"])), ("x", floats(&[2.5])), ("i", ints(&[-7]))]);
    let value = |text: &str| {
        let row = rows(&one.select_exprs(&[("v", expr(text))]).unwrap()).remove(0);
        row[5..row.len() - 1].to_owned()
    };
    for (text, expected) in [
        ("split_part(s, '-', 2)", "\"b\""),
        ("split_part(s, '-', -1)", "\"c\""),
        ("split_part(s, '-', 9)", "null"),
        ("replace(s, '-', '')", "\"abc\""),
        ("regexp_replace(s, '[a-b]', 'x$0')", "\"xa-xb-c\""),
        ("regexp_extract(s, '(.)-(.)$', 2)", "\"c\""),
        ("lpad(s, 7)", "\"  a-b-c\""),
        ("rpad(s, 6, '*')", "\"a-b-c*\""),
        ("left(s, 2)", "\"a-\""),
        ("right(s, 2)", "\"-c\""),
        ("trim('  a ')", "\"a\""),
        ("ltrim(s, 'a-')", "\"b-c\""),
        ("s LIKE 'a%c'", "true"),
        ("s LIKE 'a_b%'", "true"),
        ("s ILIKE '%B%'", "true"),
        ("s ~ '^a.b'", "true"),
        ("s !~ 'z'", "true"),
        ("round(x)", "3.0"),
        ("round(-x)", "-3.0"),
        ("round(x * 1.11, 1)", "2.8"),
        ("floor(x) + ceil(x)", "5.0"),
        ("abs(i)", "7"),
        ("sign(i)", "-1"),
        ("div(i, 2)", "-3"),
        ("i % 2", "-1"),
        ("i / 2", "-3.5"),
        ("sqrt(6.25)", "2.5"),
        ("log10(1000)", "3.0"),
        ("log2(8)", "3.0"),
        ("ln(exp(1))", "1.0"),
        ("pow(2, 10)", "1024.0"),
        ("x::BIGINT", "2"),
        ("'12'::BIGINT + 1", "13"),
        ("TRY_CAST(s AS BIGINT)", "null"),
        ("i::TEXT || s", "\"-7a-b-c\""),
        ("CAST(x > 1 AS INTEGER)", "1"),
        ("is_nan(x)", "false"),
        ("if(x > 2, 'big', 'small')", "\"big\""),
        ("greatest(i, 3, NULL)", "3"),
        ("least(x, 0.5)", "0.5"),
        ("x % 2", "0.5"),
        ("1 = 1.0", "true"),
        ("3000000000", "3000000000"),
        ("-(i)", "7"),
        ("DATE '2024-02-29' + INTERVAL '1 year'", "\"2025-02-28\""),
        ("atan2(0.0, 1.0)", "0.0"),
    ] {
        assert_eq!(value(text), expected, "{text}");
    }
    let error =
        one.with_column("v", &expr("s::BIGINT")).unwrap().collect(&Control::NONE).unwrap_err();
    assert!(matches!(error, Error::Engine { .. }), "{error}");
    assert_eq!(rows(&one.filter(&expr("x / (i + 7) IS NULL")).unwrap()).len(), 1);
}

#[test]
fn unsigned_numbers_stay_exact() {
    let ids = table(vec![(
        "u",
        Arc::new(UInt64Array::from(vec![u64::MAX, u64::MAX - 1, 0])) as ArrayRef,
    )]);
    let found = |text: &str| rows(&ids.filter(&expr(text)).unwrap()).len();
    assert_eq!(found("u = 18446744073709551615"), 1);
    assert_eq!(found("u IN (18446744073709551614, 5, 6, 7, 8)"), 1);
    assert_eq!(found("u > -1"), 3);
    assert_eq!(found("u = 0"), 1);
    let error = ids.with_column("v", &expr("u + 1")).unwrap().collect(&Control::NONE).unwrap_err();
    assert!(matches!(error, Error::Engine { .. } | Error::Overflow { .. }), "{error}");
}

#[test]
fn fields_of_structs_are_columns_with_dots() {
    use arrow::array::StructArray;
    use arrow::datatypes::{DataType, Field};

    let structs = StructArray::from(vec![(
        Arc::new(Field::new("b c", DataType::Int64, true)),
        ints(&[1, 2]),
    )]);
    let nested = table(vec![("a", Arc::new(structs) as ArrayRef), ("x.y", ints(&[5, 6]))]);
    assert_eq!(rows(&nested.filter(&expr("a.\"b c\" = 2")).unwrap()).len(), 1);
    assert_eq!(rows(&nested.filter(&expr("x.y = 5")).unwrap()).len(), 1);
    let error = nested.filter(&expr("a.d = 2")).unwrap_err().to_string();
    assert!(error.contains("there is no column `d`"), "{error}");
}
