//! The expression language against an interpreter of single rows, and its text against itself.

#![cfg(feature = "tables")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should panic")]

use std::sync::Arc;

use arrow::array::{
    ArrayRef, AsArray, Float64Array, NullArray, RecordBatch, TimestampMillisecondArray,
};
use arrow::compute::cast;
use arrow::datatypes::{DataType, TimeUnit, TimestampMillisecondType};

use crate::common::{Row, Value, any_expr, batch, eval, row, values};
use graph_etl::Control;
use graph_etl::expr::{Expr, Problem};
use graph_etl::table::{Table, rows_where};
use proptest::prelude::*;

fn table(rows: &[Row]) -> Table {
    Table::from_batch(batch(rows)).unwrap()
}

/// Polars has zones by name alone, so that offsets become UTC: of the same moments.
#[test]
fn times_with_an_offset_are_moments_of_utc() {
    let noon = 1_000 * 3_600 * 12;
    let times = TimestampMillisecondArray::from(vec![Some(0), Some(noon), None]);
    let column: ArrayRef = Arc::new(times.with_timezone("+05:30"));
    let table = Table::from_batch(RecordBatch::try_from_iter([("at", column)]).unwrap()).unwrap();
    let rows = |text: &str| {
        let table = table.filter(&text.parse().unwrap()).unwrap();
        table.collect(&Control::NONE).unwrap()
    };
    assert_eq!(rows("at >= TIMESTAMP '1970-01-01 12:00:00'").num_rows(), 1);
    assert_eq!(rows("hour(at) = 12").num_rows(), 1);
    assert_eq!(rows("at IS NULL").num_rows(), 1);
    let kept = rows("at IS NOT NULL");
    let utc = DataType::Timestamp(TimeUnit::Millisecond, Some("UTC".into()));
    assert_eq!(kept.column(0).data_type(), &utc);
    assert_eq!(kept.column(0).as_primitive::<TimestampMillisecondType>().values()[..], [0, noon]);
}

/// By hand: Berlin is an hour ahead of UTC in winter and two in summer.
#[test]
fn days_and_clocks_are_those_of_the_zone() {
    // 2024-01-01 23:30, 2024-07-31 22:30 and 2024-02-29 12:00 UTC.
    let moments = [1_704_151_800_000, 1_722_465_000_000, 1_709_208_000_000];
    let times = TimestampMillisecondArray::from(moments.to_vec()).with_timezone("Europe/Berlin");
    let rows = RecordBatch::try_from_iter([("at", Arc::new(times) as ArrayRef)]).unwrap();
    let table = Table::from_batch(rows).unwrap();
    let texts = |text: &str| -> Vec<String> {
        let with = table.with_column("x", &format!("({text})::text").parse().unwrap()).unwrap();
        let rows = with.select(&["x"]).unwrap().collect(&Control::NONE).unwrap();
        let column = cast(rows.column(0), &DataType::Utf8).unwrap();
        column.as_string::<i32>().iter().map(|text| text.unwrap().to_owned()).collect()
    };
    let days = ["2024-01-02", "2024-08-01", "2024-02-29"];
    for day in
        ["date(at)", "at::date", "CAST(at AS DATE)", "TRY_CAST(at AS DATE)", "local_time(at)::date"]
    {
        assert_eq!(texts(day), days, "{day}");
    }
    assert_eq!(texts("last_day(at)"), ["2024-01-31", "2024-08-31", "2024-02-29"]);
    for clock in ["local_time(at)", "at::timestamp"] {
        let shown = texts(&format!("strftime({clock}, '%d %H:%M')"));
        assert_eq!(shown, ["02 00:30", "01 00:30", "29 13:00"], "{clock}");
    }
    assert_eq!(texts("hour(at::time)"), ["0", "0", "13"]);
    let kept = |condition: &str| {
        let kept = table.filter(&condition.parse().unwrap()).unwrap();
        kept.collect(&Control::NONE).unwrap().num_rows()
    };
    assert_eq!(kept("local_time(at) >= '2024-08-01'"), 1);
    assert_eq!(kept("at >= '2024-08-01'"), 0);
    assert_eq!(kept("date(at) = '2024-08-01' AND day(at) = 1"), 1);
}

/// As JSON has them where no row has a value.
#[test]
fn columns_of_nothing_pass_both_ways() {
    let nothing: ArrayRef = Arc::new(NullArray::new(3));
    let numbers: ArrayRef = Arc::new(Float64Array::from(vec![1.0, 2.0, 3.0]));
    let rows = RecordBatch::try_from_iter([("x", nothing), ("n", numbers)]).unwrap();
    let table = Table::from_batch(rows).unwrap();
    let kept = table.filter(&"n > 1".parse().unwrap()).unwrap().collect(&Control::NONE).unwrap();
    assert_eq!((kept.num_rows(), kept.column(0).data_type()), (2, &DataType::Null));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    /// Oracle: the interpreter above, row by row.
    #[test]
    fn a_table_computes_what_the_interpreter_does(
        exprs in prop::collection::vec(any_expr(), 8),
        rows in prop::collection::vec(row(), 1..12),
    ) {
        let table = table(&rows);
        let (right, refused): (Vec<_>, Vec<_>) =
            exprs.into_iter().partition(|expr| expr.resolve(table.schema()).is_ok());
        for expr in refused {
            let problem = expr.resolve(table.schema()).unwrap_err().problem;
            prop_assert!(matches!(problem, Problem::DivisionByZero), "{}: {}", expr, problem);
        }
        let named: Vec<(String, Expr)> =
            right.iter().enumerate().map(|(index, expr)| (index.to_string(), expr.clone())).collect();
        let computed = table.select_exprs(&named).unwrap().collect(&Control::NONE).unwrap();
        for (expr, column) in right.iter().zip(computed.columns()) {
            let expected: Vec<Value> = rows.iter().map(|row| eval(expr, row)).collect();
            prop_assert_eq!(values(column), expected, "{}", expr);
        }
    }

    /// What is written reads as what was written.
    #[test]
    fn text_reads_as_the_expression_it_was_written_from(expr in any_expr()) {
        let text = expr.to_string();
        let read: Expr = text.parse().map_err(|error| TestCaseError::fail(format!("{text}: {error}")))?;
        prop_assert_eq!(read, expr, "{}", text);
    }

    /// No text makes the parser panic.
    #[test]
    fn any_text_is_read_or_refused(text in "[a-z0-9 '\"():,.*+<>=~%_-]{0,40}") {
        let _ = text.parse::<Expr>();
    }
}

#[test]
fn all_forms_of_text_read_as_what_they_mean() {
    let same = |left: &str, right: &str| {
        let (left, right): (Expr, Expr) = (left.parse().unwrap(), right.parse().unwrap());
        assert_eq!(left, right);
    };
    same("a BETWEEN 1 AND 2", "a >= 1 AND a <= 2");
    same("a NOT BETWEEN 1 AND 2", "NOT (a >= 1 AND a <= 2)");
    same("a IS NOT NULL", "NOT (a IS NULL)");
    same("CASE a WHEN 1 THEN 2 END", "CASE WHEN a = 1 THEN 2 END");
    same("s LIKE 'a!%b' ESCAPE '!'", r"s LIKE 'a\%b'");
    same("x::DOUBLE PRECISION", "CAST(x AS DOUBLE)");
    same("LENGTH(s)", "char_length(s)");
    same("substring(s FROM 2 FOR 3)", "substr(s, 2, 3)");
    same("trim(BOTH 'x' FROM s)", "trim(s, 'x')");
    same("EXTRACT(YEAR FROM d)", "year(d)");
    same("a==1", "a = 1");
    same("a=-1", "a = -1");
    same("s ~* 'a'", "s ~ '(?i)a'");
    same("regexp_like(s, 'a')", "s ~ 'a'");
    same("INTERVAL '90' MINUTE", "INTERVAL '1.5 hours'");
    same("a IS DISTINCT FROM b", "NOT (a IS NOT DISTINCT FROM b)");
    same("count(1)", "count(1)");
    same("\"point:x\" = 1 -- note", "\"point:x\" = 1");
    assert_ne!("point:x".parse::<Expr>().unwrap(), "\"point:x\"".parse::<Expr>().unwrap());
    for text in [
        "point:degree > 3",
        "edge:\"a b\" IS NULL",
        "node:x = 1",
        "ns:x = 1",
        "a.b.c = 1",
        "DATE '2026-11-21' + INTERVAL '1 month 2 days'",
        "TIMESTAMP '2026-11-21 12:30:00Z' > at",
        "TIME '12:30:00.5' = t",
        "quantile(x, 0.9)",
        "count(DISTINCT x) + count(*)",
        "-x",
        "- (3)",
        "9223372036854775807 + -9223372036854775808",
        "18446744073709551615 = u",
        "1e300 * x",
        "'it''s'",
        "TRY_CAST(s AS BIGINT)",
        "\"select\" = \"from\"",
        "x -- comment",
    ] {
        let read: Expr = text.parse().unwrap_or_else(|error| panic!("{text}: {error}"));
        let again: Expr =
            read.to_string().parse().unwrap_or_else(|error| panic!("{read}: {error}"));
        assert_eq!(read, again, "{text}");
    }
    for text in [
        "",
        "a +",
        "a b",
        "(a",
        "SELECT 1",
        "a IN (SELECT 1)",
        "EXISTS (SELECT 1)",
        "a; b",
        "f(",
        "1 = 'a",
        "sum(x) OVER ()",
        "quantile(x, 2)",
        "quantile(x)",
        "DATE 'tomorrow'",
        "99999999999999999999",
        "$1",
        "a ~ b",
        "left(s)",
        "upper()",
        "s LIKE 'a' ESCAPE 'xy'",
        "CAST(a AS POINT)",
        "upper(DISTINCT s)",
    ] {
        assert!(text.parse::<Expr>().is_err(), "{text}");
    }
}

#[test]
fn long_and_deep_texts_are_refused_not_overflowed() {
    let deep = format!("{}a{}", "(".repeat(100_000), ")".repeat(100_000));
    assert!(deep.parse::<Expr>().is_err());
    let chain = vec!["a = 1"; 100_000].join(" OR ");
    assert!(chain.parse::<Expr>().is_err());
    // The parser tries each level twice: these would take it longer than anybody lives.
    for (open, close) in [("CAST(", " AS INT)"), ("CASE WHEN TRUE THEN ", " END"), ("NOT (", ")")] {
        let nested = format!("{}1 +{}", open.repeat(60), close.repeat(60));
        let problem = nested.parse::<Expr>().unwrap_err().problem;
        assert!(matches!(problem, Problem::TooLong { .. }), "{open}: {problem}");
        let fine = format!("{}TRUE{}", open.repeat(12), close.repeat(12));
        assert!(fine.parse::<Expr>().is_ok(), "{open}");
    }
    let list =
        format!("a IN ({})", (0..100_000).map(|n| n.to_string()).collect::<Vec<_>>().join(", "));
    let read: Expr = list.parse().unwrap();
    let rows = [Row { a: Some(99_999), b: None, x: None, s: None, t: None }];
    assert_eq!(table(&rows).filter(&read).unwrap().count(&Control::NONE).unwrap(), 1);
}

/// What a table of one row, of these columns, has for `expr`.
fn one(expr: &str) -> Value {
    use arrow::array::{
        ArrayRef, Date32Array, RecordBatch, StringArray, TimestampMicrosecondArray,
    };
    use std::sync::Arc;
    let columns: [(&str, ArrayRef); 4] = [
        // 2026-11-21 and 2026-11-22 23:30.
        ("day", Arc::new(Date32Array::from(vec![20_778]))),
        ("at", Arc::new(TimestampMicrosecondArray::from(vec![1_795_390_200_000_000]))),
        ("text", Arc::new(StringArray::from(vec!["straße, nass"]))),
        ("none", Arc::new(StringArray::from(vec![None::<&str>]))),
    ];
    let table = Table::from_batch(RecordBatch::try_from_iter(columns).unwrap()).unwrap();
    let parsed: Expr = expr.parse().unwrap_or_else(|error| panic!("{expr}: {error}"));
    let found =
        table.select_exprs(&[("found", parsed)]).unwrap_or_else(|error| panic!("{expr}: {error}"));
    let found = found.collect(&Control::NONE).unwrap_or_else(|error| panic!("{expr}: {error}"));
    values(found.column(0)).remove(0)
}

#[test]
fn functions_put_together_of_others_give_what_they_say() {
    let int = Value::Int;
    for (expr, expected) in [
        ("mod(-7, 3)", int(-1)),
        ("date_diff('day', day, at)", int(1)),
        ("date_diff('day', at, day)", int(-1)),
        ("date_diff('hour', day, at)", int(47)),
        ("date_diff('minute', TIMESTAMP '2026-11-22 23:29:59', at)", int(1)),
        ("date_diff('week', day, DATE '2026-11-23')", int(1)),
        ("date_diff('week', DATE '2026-11-16', day)", int(0)),
        ("date_diff('month', DATE '2025-12-31', day)", int(11)),
        ("date_diff('quarter', DATE '2025-12-31', day)", int(4)),
        ("date_diff('year', DATE '2025-12-31', day)", int(1)),
        ("datediff('year', '2024-01-01', day)", int(2)),
        ("dow(at)", int(0)),
        ("extract(dow FROM day)", int(6)),
        ("isodow(at)", int(7)),
        ("position('ß' IN text)", int(5)),
        ("position('ss' IN text)", int(11)),
        ("strpos(text, 'z')", int(0)),
        ("strpos(text, '')", int(1)),
        ("strpos(none, 's')", Value::Null),
        ("repeat('ab', 3)", Value::Text("ababab".to_owned())),
        ("repeat(text, -1)", Value::Text(String::new())),
        ("repeat(none, 2)", Value::Null),
        ("last_day(day) = DATE '2026-11-30'", Value::Bool(true)),
        ("last_day(at) = DATE '2026-11-30'", Value::Bool(true)),
        ("last_day(DATE '2024-02-10') = DATE '2024-02-29'", Value::Bool(true)),
        ("now() > TIMESTAMP '2025-01-01 00:00:00Z' AND today() = date(now())", Value::Bool(true)),
    ] {
        assert_eq!(one(expr), expected, "{expr}");
    }
    let problem = |expr: &str| expr.parse::<Expr>().unwrap_err().problem;
    assert!(matches!(problem("mod(1)"), Problem::WrongCount { function: "mod", found: 1, .. }));
    assert!(matches!(problem("date_diff('eon', day, at)"), Problem::BadConstant { .. }));
    assert!(matches!(problem("date_diff(day, day, at)"), Problem::WrongType { .. }));
    assert!(matches!(problem("strpos(text, text)"), Problem::WrongType { .. }));
    assert!(
        matches!(problem("lastday(day)"), Problem::UnknownFunction { nearest: Some(near), .. } if &*near == "last_day")
    );
    // What is written several times cannot be nested until it fills the memory.
    let mut nested = "text".to_owned();
    for _ in 0..30 {
        nested = format!("strpos({nested}, 'a')");
    }
    assert!(matches!(problem(&nested), Problem::TooLong { what: "parts of an argument", .. }));
}

#[test]
fn months_are_added_to_days_and_have_no_length() {
    assert_eq!(one("day + INTERVAL '1 month' = DATE '2026-12-21'"), Value::Bool(true));
    assert_eq!(one("INTERVAL '1 year' + day = DATE '2027-11-21'"), Value::Bool(true));
    let schema = arrow::datatypes::Schema::new(vec![arrow::datatypes::Field::new(
        "day",
        arrow::datatypes::DataType::Date32,
        true,
    )]);
    for expr in [
        "INTERVAL '1 month'",
        "-INTERVAL '1 month'",
        "day + -INTERVAL '1 month'",
        "epoch(INTERVAL '1 month 3 days')",
        "greatest(INTERVAL '1 day', INTERVAL '1 month')",
        "CASE WHEN day IS NULL THEN INTERVAL '1 year' ELSE INTERVAL '1 day' END",
        "INTERVAL '1 month' IS NULL",
    ] {
        let error = expr.parse::<Expr>().unwrap().resolve(&schema).unwrap_err().to_string();
        assert!(error.contains("an interval with months"), "{expr}: {error}");
    }
}

#[test]
fn aggregates_can_be_of_some_rows_alone() {
    use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
    use std::sync::Arc;
    let columns: [(&str, ArrayRef); 2] = [
        ("k", Arc::new(StringArray::from(vec!["a", "b", "a", "a"]))),
        ("x", Arc::new(Int64Array::from(vec![Some(1), Some(2), Some(3), None]))),
    ];
    let table = Table::from_batch(
        RecordBatch::try_from_iter_with_nullable(
            columns.map(|(name, column)| (name, column, true)),
        )
        .unwrap(),
    )
    .unwrap();
    let of = |expr: &str| {
        let parsed: Expr = expr.parse().unwrap_or_else(|error| panic!("{expr}: {error}"));
        let found = table.group_by(&["k"], &[("n", parsed)]).unwrap();
        values(found.collect(&Control::NONE).unwrap().column(1))
    };
    let int = Value::Int;
    assert_eq!(of("count(*) FILTER (WHERE x > 1)"), [int(1), int(1)]);
    assert_eq!(of("count(*) FILTER (WHERE x IS NULL)"), [int(1), int(0)]);
    assert_eq!(of("sum(x) FILTER (WHERE x < 2)"), [int(1), int(0)]);
    assert_eq!(of("max(x) FILTER (WHERE x < 3)"), [int(1), int(2)]);
    assert_eq!(of("count(DISTINCT x) FILTER (WHERE x > 0) + 1"), [int(3), int(2)]);
    for refused in ["first(x) FILTER (WHERE x > 1)", "lower(k) FILTER (WHERE x > 1)"] {
        let problem = refused.parse::<Expr>().unwrap_err().problem;
        assert!(matches!(problem, Problem::Unsupported(_)), "{refused}");
    }
}

#[test]
fn constants_are_conditions_of_all_rows() {
    let column: ArrayRef = Arc::new(Float64Array::from(vec![Some(1.0), None, Some(3.0)]));
    let rows = RecordBatch::try_from_iter([("a", column)]).unwrap();
    let count = |text: &str| {
        rows_where(rows.clone(), &text.parse().unwrap(), &Control::NONE)
            .map(|rows| (rows.len(), rows.count_set_bits()))
    };
    assert_eq!(count("TRUE").unwrap(), (3, 3));
    assert_eq!(count("1 > 2").unwrap(), (3, 0));
    assert_eq!(count("a >= 2").unwrap(), (3, 1));
    assert!(count("a + 1").is_err());
}
