//! Tables as a user has them: each verb on small literal tables, each error before work starts.

#![cfg(feature = "tables")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should panic")]

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use arrow::array::{
    ArrayRef, BooleanArray, Date32Array, Float64Array, Int32Array, Int64Array, RecordBatch,
    StringArray, TimestampMicrosecondArray, UInt64Array,
};
use arrow::json::writer::{LineDelimited, WriterBuilder};
use graph_etl::expr::Expr;
use graph_etl::table::{
    Bins, Compression, Fill, Format, JoinKind, JoinOptions, Keep, ScanOptions, SortKey, Table,
    WriteOptions, sql,
};
use graph_etl::{Control, Error, Result};

fn batch(columns: Vec<(&str, ArrayRef)>) -> RecordBatch {
    RecordBatch::try_from_iter_with_nullable(
        columns.into_iter().map(|(name, array)| (name, array, true)),
    )
    .unwrap()
}

fn table(columns: Vec<(&str, ArrayRef)>) -> Table {
    Table::from_batch(batch(columns)).unwrap()
}

fn ints<T: Into<Option<i64>> + Copy>(values: &[T]) -> ArrayRef {
    Arc::new(values.iter().map(|&value| value.into()).collect::<Int64Array>())
}

fn floats<T: Into<Option<f64>> + Copy>(values: &[T]) -> ArrayRef {
    Arc::new(values.iter().map(|&value| value.into()).collect::<Float64Array>())
}

fn texts<'a, T: Into<Option<&'a str>> + Copy>(values: &[T]) -> ArrayRef {
    Arc::new(values.iter().map(|&value| value.into()).collect::<StringArray>())
}

/// Each row as JSON, so that expected tables can be read.
fn rows_of(batch: &RecordBatch) -> Vec<String> {
    let mut text = Vec::new();
    let mut writer =
        WriterBuilder::new().with_explicit_nulls(true).build::<_, LineDelimited>(&mut text);
    writer.write(batch).unwrap();
    writer.finish().unwrap();
    String::from_utf8(text).unwrap().lines().map(str::to_owned).collect()
}

fn rows(table: &Table) -> Vec<String> {
    rows_of(&table.collect(&Control::NONE).unwrap())
}

fn expr(text: &str) -> Expr {
    text.parse().unwrap()
}

fn people() -> Table {
    table(vec![
        ("name", texts(&[Some("ann"), Some("bob"), None, Some("cy"), Some("bob")])),
        ("age", ints(&[Some(30), Some(20), Some(40), None, Some(25)])),
        ("pay", floats(&[1.5, 2.5, f64::NAN, 4.0, 0.0])),
    ])
}

#[test]
fn a_filter_keeps_what_is_true_not_what_is_null() {
    let young = people().filter(&expr("age < 30 OR name = 'cy'")).unwrap();
    assert_eq!(
        rows(&young),
        [
            r#"{"name":"bob","age":20,"pay":2.5}"#,
            r#"{"name":"cy","age":null,"pay":4.0}"#,
            r#"{"name":"bob","age":25,"pay":0.0}"#,
        ]
    );
    assert_eq!(rows(&people().filter(&expr("NOT age < 30")).unwrap()).len(), 2);
}

#[test]
fn columns_are_chosen_named_and_computed() {
    let chosen = people().select(&["age", "name"]).unwrap().limit(1).unwrap();
    assert_eq!(rows(&chosen), [r#"{"age":30,"name":"ann"}"#]);
    let renamed =
        people().rename(&[("age", "name"), ("name", "age")]).unwrap().drop(&["pay"]).unwrap();
    assert_eq!(rows(&renamed.limit(1).unwrap()), [r#"{"age":"ann","name":30}"#]);
    let computed = people()
        .with_columns(&[("age", expr("age + 1")), ("next", expr("age + 2"))])
        .unwrap()
        .slice(1, 1)
        .unwrap();
    assert_eq!(rows(&computed), [r#"{"name":"bob","age":21,"pay":2.5,"next":22}"#]);
    let only = people().select_exprs(&[("one", expr("1")), ("up", expr("upper(name)"))]).unwrap();
    assert_eq!(rows(&only)[2], r#"{"one":1,"up":null}"#);
    assert_eq!(rows(&only).len(), 5);
}

#[test]
fn errors_name_the_nearest_column_the_place_and_the_type() {
    let people = people();
    let error = |text: &str| match text.parse::<Expr>() {
        Ok(expr) => people.filter(&expr).unwrap_err().to_string(),
        Err(error) => error.to_string(),
    };
    assert_eq!(error("agee > 3"), "there is no column `agee`; did you mean `age`?, at character 1");
    assert_eq!(
        error("lenght(name) > 3"),
        "there is no function `lenght`; did you mean `length`?, at character 1"
    );
    assert_eq!(
        error("age > 3 AND name > 3"),
        "the right side of > is BIGINT, but must be TEXT, as the left side, at character 20"
    );
    assert_eq!(error("age"), "the condition is BIGINT, but must be true or false, at character 1");
    assert_eq!(error("age / 0 > 1"), "division by zero, at character 7");
    assert!(
        error("name ~ '('").starts_with("`(` is not a regular expression: "),
        "{}",
        error("name ~ '('")
    );
    assert_eq!(
        error("sum(age) > 3"),
        "sum is an aggregate, which cannot be in an expression of single rows, at character 1"
    );
    assert!(error("age >").contains("expected"), "{}", error("age >"));
    assert!(error("age > 3 4").contains("at character 9"), "{}", error("age > 3 4"));
    assert!(
        matches!(people.select(&["nam"]), Err(Error::Unknown { nearest: Some(n), .. }) if &*n == "name")
    );
    assert!(matches!(people.select(&["age", "age"]), Err(Error::DuplicateColumn { .. })));
    assert!(matches!(people.rename(&[("age", "pay")]), Err(Error::DuplicateColumn { .. })));
}

#[test]
fn a_sort_is_stable_and_has_nulls_last_either_way() {
    let sorted =
        |keys: &[SortKey]| rows(&people().sort(keys).unwrap().select(&["name", "age"]).unwrap());
    assert_eq!(
        sorted(&[SortKey::ascending("name")]),
        [
            r#"{"name":"ann","age":30}"#,
            r#"{"name":"bob","age":20}"#,
            r#"{"name":"bob","age":25}"#,
            r#"{"name":"cy","age":null}"#,
            r#"{"name":null,"age":40}"#,
        ]
    );
    let down = sorted(&[SortKey::descending("name"), SortKey::descending("age")]);
    assert_eq!(
        down[1..],
        [
            r#"{"name":"bob","age":25}"#,
            r#"{"name":"bob","age":20}"#,
            r#"{"name":"ann","age":30}"#,
            r#"{"name":null,"age":40}"#,
        ]
    );
    let top = people().top_k(2, &[SortKey::descending("age")]).unwrap().select(&["age"]).unwrap();
    assert_eq!(rows(&top), [r#"{"age":40}"#, r#"{"age":30}"#]);
}

#[test]
fn unique_keeps_the_row_that_it_is_told_to() {
    let kept = |keep| {
        let rest = people().unique(&["name"], keep).unwrap().select(&["age"]).unwrap();
        rows(&rest).join(" ")
    };
    assert_eq!(kept(Keep::First), r#"{"age":30} {"age":20} {"age":40} {"age":null}"#);
    assert_eq!(kept(Keep::Last), r#"{"age":30} {"age":40} {"age":null} {"age":25}"#);
    assert_eq!(kept(Keep::None), r#"{"age":30} {"age":40} {"age":null}"#);
    let any = people().unique(&["name"], Keep::Any).unwrap();
    assert_eq!(rows(&any).len(), 4);
    let twice = Table::concat(&[&people(), &people()], false).unwrap();
    assert_eq!(rows(&twice.unique(&[] as &[&str], Keep::First).unwrap()).len(), 5);
}

#[test]
fn groups_are_in_the_order_of_their_first_rows() {
    let grouped = people()
        .group_by(
            &["name"],
            &[
                ("n", expr("count(*)")),
                ("ages", expr("count(age)")),
                ("total", expr("sum(age)")),
                ("ratio", expr("max(age) / count(*)")),
            ],
        )
        .unwrap();
    assert_eq!(
        rows(&grouped),
        [
            r#"{"name":"ann","n":1,"ages":1,"total":30,"ratio":30.0}"#,
            r#"{"name":"bob","n":2,"ages":2,"total":45,"ratio":12.5}"#,
            r#"{"name":null,"n":1,"ages":1,"total":40,"ratio":40.0}"#,
            r#"{"name":"cy","n":1,"ages":0,"total":0,"ratio":null}"#,
        ]
    );
}

#[test]
fn all_aggregates_of_a_small_group() {
    let values = table(vec![
        ("k", ints(&[1, 1, 1, 1])),
        ("x", ints(&[Some(1), Some(2), None, Some(4)])),
        ("t", texts(&["b", "a", "b", "c"])),
    ]);
    let all = [
        "count(*)",
        "count(x)",
        "count(DISTINCT t)",
        "n_unique(x)",
        "sum(x)",
        "mean(x)",
        "min(t)",
        "max(x)",
        "var(x)",
        "median(x)",
        "quantile(x, 0.25)",
        "first(t)",
        "last(t)",
        "bool_or(x > 3)",
        "bool_and(x > 3)",
        "list(x)",
        "sum(x > 1)",
        "k + sum(x)",
    ];
    let named: Vec<(String, Expr)> =
        all.iter().map(|text| ((*text).to_owned(), expr(text))).collect();
    let grouped = rows(&values.group_by(&["k"], &named).unwrap());
    let read: serde_json::Value = serde_json::from_str(&grouped[0]).unwrap();
    let found: Vec<String> = all.iter().map(|text| read[text].to_string()).collect();
    assert_eq!(
        found,
        [
            "4",
            "3",
            "3",
            "3",
            "7",
            "2.3333333333333335",
            "\"a\"",
            "4",
            "2.333333333333333",
            "2.0",
            "1.5",
            "\"b\"",
            "\"c\"",
            "true",
            "false",
            "[1,2,null,4]",
            "2",
            "8",
        ]
    );
}

#[test]
fn without_keys_there_is_one_row_even_of_nothing() {
    let empty = people().filter(&expr("FALSE")).unwrap();
    let totals = [("n", expr("count(*)")), ("s", expr("sum(age)")), ("m", expr("mean(age)"))];
    assert_eq!(
        rows(&empty.group_by(&[] as &[&str], &totals).unwrap()),
        [r#"{"n":0,"s":0,"m":null}"#]
    );
    assert!(rows(&empty.group_by(&["name"], &totals).unwrap()).is_empty());
}

#[test]
fn columns_outside_of_aggregates_must_be_keys() {
    let error = people().group_by(&["name"], &[("x", expr("age + sum(age)"))]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "column `age` must be in an aggregate, or rows be grouped by it, at character 1"
    );
    let error = people().group_by(&["name"], &[("x", expr("sum(max(age))"))]).unwrap_err();
    assert!(error.to_string().contains("around another aggregate"), "{error}");
    let error = people().group_by(&["name"], &[("x", expr("sum(name)"))]).unwrap_err();
    assert!(error.to_string().contains("the argument of sum is TEXT"), "{error}");
}

#[test]
fn whole_numbers_that_do_not_fit_are_errors() {
    let big = table(vec![("k", ints(&[1, 1, 2])), ("x", ints(&[i64::MAX, 1, 5]))]);
    for verb in [
        big.group_by(&["k"], &[("s", expr("sum(x)"))]),
        big.group_by(&[] as &[&str], &[("s", expr("sum(x)"))]),
        big.with_column("y", &expr("x + 1")),
        big.with_column("y", &expr("x * 2")),
        big.with_column("y", &expr("0 - x - 2")),
    ] {
        let error = verb.unwrap().collect(&Control::NONE).unwrap_err();
        assert!(matches!(error, Error::Overflow { .. }), "{error:?}");
    }
    let wide = table(vec![("x", Arc::new(UInt64Array::from(vec![u64::MAX, 1])) as ArrayRef)]);
    let error =
        wide.group_by(&[] as &[&str], &[("s", expr("sum(x)"))]).unwrap().collect(&Control::NONE);
    assert!(matches!(error, Err(Error::Overflow { .. })));
    let small =
        table(vec![("x", Arc::new(Int32Array::from(vec![i32::MAX, i32::MAX])) as ArrayRef)]);
    let sum = small.group_by(&[] as &[&str], &[("s", expr("sum(x)"))]).unwrap();
    assert_eq!(rows(&sum), [r#"{"s":4294967294}"#]);
}

fn pets() -> Table {
    table(vec![
        ("owner", texts(&[Some("bob"), Some("ann"), Some("bob"), None, Some("zoe")])),
        ("pet", texts(&["cat", "dog", "emu", "fox", "gnu"])),
        ("age", ints(&[1, 2, 3, 4, 5])),
    ])
}

#[test]
fn joins_have_the_rows_that_their_kind_says() {
    let on = JoinOptions {
        left_on: vec!["name".into()],
        right_on: vec!["owner".into()],
        ..JoinOptions::default()
    };
    let joined = |kind| {
        let joined = people().join(&pets(), &on.clone().kind(kind), &Control::NONE).unwrap();
        rows(&joined.drop(&["pay"]).unwrap())
    };
    assert_eq!(
        joined(JoinKind::Inner),
        [
            r#"{"name":"ann","age":30,"pet":"dog","age_right":2}"#,
            r#"{"name":"bob","age":20,"pet":"cat","age_right":1}"#,
            r#"{"name":"bob","age":20,"pet":"emu","age_right":3}"#,
            r#"{"name":"bob","age":25,"pet":"cat","age_right":1}"#,
            r#"{"name":"bob","age":25,"pet":"emu","age_right":3}"#,
        ]
    );
    let left = joined(JoinKind::Left);
    assert_eq!(left.len(), 7);
    assert_eq!(left[3], r#"{"name":null,"age":40,"pet":null,"age_right":null}"#);
    assert_eq!(joined(JoinKind::Full).len(), 9);
    assert_eq!(
        joined(JoinKind::Semi),
        [r#"{"name":"ann","age":30}"#, r#"{"name":"bob","age":20}"#, r#"{"name":"bob","age":25}"#,]
    );
    assert_eq!(
        joined(JoinKind::Anti),
        [r#"{"name":null,"age":40}"#, r#"{"name":"cy","age":null}"#]
    );
    let nulls = JoinOptions { nulls_equal: true, ..on };
    assert_eq!(rows(&people().join(&pets(), &nulls, &Control::NONE).unwrap()).len(), 6);
}

#[test]
fn a_join_that_would_explode_is_an_error_with_the_estimate() {
    let same = table(vec![("k", ints(&vec![7; 1000])), ("v", ints(&vec![1; 1000]))]);
    let on = JoinOptions { limit: Some(999_999), ..JoinOptions::on(&["k"]) };
    let error = same.join(&same, &on, &Control::NONE).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the join would make about 1000000 rows, but at most 999999 are allowed"
    );
    let exact = JoinOptions { limit: Some(1_000_000), ..on };
    assert_eq!(
        same.join(&same, &exact, &Control::NONE).unwrap().count(&Control::NONE).unwrap(),
        1_000_000
    );
    let cross = JoinOptions { kind: JoinKind::Cross, limit: Some(10), ..JoinOptions::default() };
    assert!(matches!(
        same.join(&same, &cross, &Control::NONE),
        Err(Error::TooManyRows { estimated: 1_000_000, .. })
    ));
}

#[test]
fn a_join_estimates_large_sides_by_a_sample() {
    // 3 million rows, each key twice on either side: 6 million pairs.
    let keys: Vec<i64> = (0..3_000_000).map(|row| row / 2).collect();
    let side = table(vec![("k", ints(&keys))]);
    let on = JoinOptions::on(&["k"]);
    let estimated = side.estimate_join(&side, &on, &Control::NONE).unwrap();
    assert!((5_500_000..6_500_000).contains(&estimated), "{estimated}");
}

#[test]
fn keys_of_a_join_must_be_able_to_be_equal() {
    let on = JoinOptions {
        left_on: vec!["age".into()],
        right_on: vec!["owner".into()],
        ..JoinOptions::default()
    };
    let error = people().join(&pets(), &on, &Control::NONE).unwrap_err();
    assert!(matches!(error, Error::WrongType { .. }), "{error}");
    let none = JoinOptions::default();
    assert!(matches!(people().join(&pets(), &none, &Control::NONE), Err(Error::BadOption { .. })));
}

#[test]
fn tables_go_below_one_another() {
    let both = Table::concat(&[&pets(), &pets()], false).unwrap();
    assert_eq!(rows(&both).len(), 10);
    let filled = Table::concat(&[&people(), &pets()], true).unwrap();
    assert_eq!(rows(&filled)[5], r#"{"name":null,"age":1,"pay":null,"owner":"bob","pet":"cat"}"#);
    assert!(matches!(Table::concat(&[&people(), &pets()], false), Err(Error::Unknown { .. })));
    let other = people().with_column("age", &expr("name")).unwrap();
    assert!(matches!(Table::concat(&[&people(), &other], true), Err(Error::WrongType { .. })));
}

#[test]
fn samples_repeat_with_their_seed() {
    let numbers = table(vec![("x", ints(&(0..10_000).collect::<Vec<i64>>()))]);
    let some = rows(&numbers.sample(100, 7).unwrap());
    assert_eq!(some.len(), 100);
    assert_eq!(some, rows(&numbers.sample(100, 7).unwrap()));
    assert_ne!(some, rows(&numbers.sample(100, 8).unwrap()));
    let order: Vec<i64> = some
        .iter()
        .map(|row| serde_json::from_str::<serde_json::Value>(row).unwrap()["x"].as_i64().unwrap())
        .collect();
    assert!(order.is_sorted());
    assert_eq!(rows(&numbers.sample(20_000, 7).unwrap()).len(), 10_000);
    let share = rows(&numbers.sample_fraction(0.25, 1).unwrap()).len();
    // Five standard deviations around 2500.
    assert!((2284..2717).contains(&share), "{share}");
    assert_eq!(rows(&numbers.sample_fraction(1.0, 1).unwrap()).len(), 10_000);
    assert!(rows(&numbers.sample_fraction(0.0, 1).unwrap()).is_empty());
    assert!(matches!(numbers.sample_fraction(1.5, 1), Err(Error::BadOption { .. })));
}

#[test]
fn bins_cover_the_values() {
    let values = table(vec![(
        "x",
        floats(&[Some(1.0), Some(10.0), Some(100.0), None, Some(f64::NAN), Some(55.0)]),
    )]);
    let linear = values.histogram("x", &Bins::Linear(3), &Control::NONE).unwrap();
    assert_eq!(
        (linear.edges.as_slice(), linear.counts.as_slice()),
        ([1.0, 34.0, 67.0, 100.0].as_slice(), [2, 1, 1].as_slice())
    );
    assert_eq!(linear.outside, 2);
    let log = values.histogram("x", &Bins::Log(2), &Control::NONE).unwrap();
    assert_eq!(log.counts, [1, 3]);
    assert!((log.edges[1] - 10.0).abs() < 1e-9);
    let quantile = values.histogram("x", &Bins::Quantile(2), &Control::NONE).unwrap();
    assert_eq!(quantile.counts, [2, 2]);
    let edges = values.histogram("x", &Bins::Edges(vec![0.0, 5.0, 20.0]), &Control::NONE).unwrap();
    assert_eq!((edges.counts, edges.outside), (vec![1, 1], 4));
    let binned = values.bin("x", &Bins::Linear(3), "bin", &Control::NONE).unwrap();
    assert_eq!(
        rows(&binned.table.select(&["bin"]).unwrap()).join(""),
        r#"{"bin":0}{"bin":0}{"bin":2}{"bin":null}{"bin":null}{"bin":1}"#
    );
    let same =
        table(vec![("x", ints(&[5, 5]))]).histogram("x", &Bins::Linear(4), &Control::NONE).unwrap();
    assert_eq!(same.counts, [2]);
    let none = table(vec![("x", ints(&[None::<i64>]))])
        .histogram("x", &Bins::Linear(4), &Control::NONE)
        .unwrap();
    assert_eq!((none.counts.len(), none.outside), (0, 1));
    assert!(matches!(
        values.bin("x", &Bins::Linear(0), "b", &Control::NONE),
        Err(Error::BadOption { .. })
    ));
    assert!(matches!(
        people().bin("name", &Bins::Linear(2), "b", &Control::NONE),
        Err(Error::WrongType { .. })
    ));
}

fn events() -> Table {
    let hour = 3_600_000_000i64;
    table(vec![
        (
            "at",
            Arc::new(TimestampMicrosecondArray::from(vec![
                Some(0),
                Some(hour + 5),
                Some(49 * hour),
                None,
            ])) as ArrayRef,
        ),
        ("day", Arc::new(Date32Array::from(vec![Some(0), Some(31), Some(59), None]))),
        ("kind", texts(&["a", "b", "a", "b"])),
        ("n", ints(&[1, 2, 3, 4])),
    ])
}

#[test]
fn times_go_into_intervals() {
    let binned =
        |every| rows(&events().bin_time("at", every, "t").unwrap().select(&["t"]).unwrap());
    assert_eq!(
        binned("1 day")[1..3],
        [r#"{"t":"1970-01-01T00:00:00"}"#, r#"{"t":"1970-01-03T00:00:00"}"#]
    );
    assert_eq!(binned("15 minutes")[1], r#"{"t":"1970-01-01T01:00:00"}"#);
    assert_eq!(binned("1 month")[2], r#"{"t":"1970-01-01T00:00:00"}"#);
    for wrong in ["", "1 day 2 hours", "-1 day", "soon"] {
        assert!(
            matches!(events().bin_time("at", wrong, "t"), Err(Error::BadOption { .. })),
            "{wrong}"
        );
    }
    assert!(matches!(events().bin_time("n", "1 day", "t"), Err(Error::WrongType { .. })));
}

#[test]
fn events_become_wide_and_long() {
    let wide = events().pivot(&["day"], "kind", &expr("sum(n)"), &Control::NONE).unwrap();
    assert_eq!(
        rows(&wide)[..2],
        [r#"{"day":"1970-01-01","a":1,"b":0}"#, r#"{"day":"1970-02-01","a":0,"b":2}"#]
    );
    let counts = events().pivot(&[] as &[&str], "kind", &expr("count(*)"), &Control::NONE).unwrap();
    assert_eq!(rows(&counts), [r#"{"a":2,"b":2}"#]);
    let long = counts.unpivot(&["a", "b"], "kind", "n").unwrap();
    assert_eq!(rows(&long), [r#"{"kind":"a","n":2}"#, r#"{"kind":"b","n":2}"#]);
    assert!(matches!(events().unpivot(&["n", "kind"], "k", "v"), Err(Error::WrongType { .. })));
    assert!(matches!(
        events().pivot(&["day"], "kind", &expr("n"), &Control::NONE),
        Err(Error::WrongType { .. })
    ));
}

#[test]
fn codes_are_dense_and_in_order_of_appearance() {
    let made = people().factorize("name", "code", &Control::NONE).unwrap();
    assert_eq!(
        rows(&made.table.select(&["name", "code"]).unwrap()),
        [
            r#"{"name":"ann","code":0}"#,
            r#"{"name":"bob","code":1}"#,
            r#"{"name":null,"code":null}"#,
            r#"{"name":"cy","code":2}"#,
            r#"{"name":"bob","code":1}"#,
        ]
    );
    assert_eq!(
        rows(&made.dictionary),
        [
            r#"{"code":0,"value":"ann"}"#,
            r#"{"code":1,"value":"bob"}"#,
            r#"{"code":2,"value":"cy"}"#,
        ]
    );
    let value = people().factorize("name", "value", &Control::NONE).unwrap();
    assert_eq!(rows(&value.table.select(&["value"]).unwrap())[4], r#"{"value":1}"#);
    assert!(matches!(
        people().factorize("name", "age", &Control::NONE),
        Err(Error::DuplicateColumn { .. })
    ));
}

#[test]
fn what_is_missing_is_filled_or_left_out() {
    let gaps = table(vec![("x", ints(&[None, Some(2), None, Some(4), None]))]);
    let filled = |fill| {
        let filled = rows(&gaps.fill("x", &fill).unwrap());
        filled.iter().map(|row| row[5..row.len() - 1].to_owned()).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(filled(Fill::With(expr("0"))), "0 2 0 4 0");
    assert_eq!(filled(Fill::Mean), "3.0 2.0 3.0 4.0 3.0");
    assert_eq!(filled(Fill::Min), "2 2 2 4 2");
    assert_eq!(filled(Fill::Max), "4 2 4 4 4");
    assert_eq!(filled(Fill::Forward), "null 2 2 4 4");
    assert_eq!(filled(Fill::Backward), "2 2 4 4 null");
    assert_eq!(rows(&gaps.drop_nulls(&["x"]).unwrap()).len(), 2);
    assert_eq!(rows(&people().drop_nulls(&[] as &[&str]).unwrap()).len(), 3);
    assert!(matches!(people().fill("name", &Fill::Mean), Err(Error::WrongType { .. })));
}

#[test]
fn a_table_is_described_column_by_column() {
    let found = people().describe(&Control::NONE).unwrap();
    let age = &found[1];
    assert_eq!((age.n_values, age.n_nulls, age.n_unique), (4, 1, Some(5)));
    assert_eq!(
        (age.min.as_deref(), age.max.as_deref(), age.mean),
        (Some("20"), Some("40"), Some(28.75))
    );
    assert_eq!(age.quartiles, Some([23.75, 27.5, 32.5]));
    assert_eq!((found[0].min.as_deref(), found[0].mean), (Some("ann"), None));
}

#[test]
fn sql_selects_from_the_tables_that_it_is_given() {
    let query = "WITH p AS (SELECT name, SUM(age) AS total FROM people GROUP BY name) \
                 SELECT p.name, total, pet FROM p JOIN pets ON p.name = pets.owner ORDER BY pet";
    let found = sql(query, &[("people", people()), ("pets", pets())]).unwrap();
    assert_eq!(
        rows(&found),
        [
            r#"{"name":"bob","total":45,"pet":"cat"}"#,
            r#"{"name":"ann","total":30,"pet":"dog"}"#,
            r#"{"name":"bob","total":45,"pet":"emu"}"#,
        ]
    );
}

#[test]
fn sql_reads_and_writes_nothing_else() {
    let tables = || [("people", people())];
    for query in [
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM read_parquet('x.parquet') AS t",
        "SELECT * FROM people WHERE age IN (SELECT a FROM read_csv('x'))",
        "WITH t AS (SELECT * FROM read_json('x')) SELECT * FROM t",
        "SELECT * FROM people UNION ALL SELECT * FROM read_ipc('x')",
        "CREATE TABLE t AS SELECT * FROM people",
        "DROP TABLE people",
        "INSERT INTO people VALUES (1)",
        "DELETE FROM people",
        "TRUNCATE TABLE people",
        "SHOW TABLES",
        "EXPLAIN SELECT * FROM people",
        "SELECT * INTO t FROM people",
        "COPY people TO 'x.csv'",
        "SELECT 1; SELECT 2",
        "",
    ] {
        let error = sql(query, &tables()).unwrap_err();
        assert!(matches!(error, Error::Refused { .. }), "{query}: {error:?}");
    }
    let error = sql("SELECT * FROM peple", &tables()).unwrap_err();
    assert_eq!(error.to_string(), "there is no table `peple`; did you mean `people`?");
    let error = sql("SELECT agee FROM people", &tables()).unwrap_err();
    assert_eq!(error.to_string(), "there is no column `agee`; did you mean `age`?");
    assert!(matches!(sql("SELEC 1", &tables()), Err(Error::Engine { .. })));
    assert!(matches!(
        sql("SELECT * FROM 'x.csv'", &tables()),
        Err(Error::Unknown { .. } | Error::Engine { .. } | Error::Refused { .. })
    ));
}

#[test]
fn files_of_all_formats_keep_the_rows() {
    let folder = tempfile::tempdir().unwrap();
    let table = events().with_column("flag", &expr("n > 2")).unwrap();
    for name in ["t.parquet", "t.arrow", "t.csv", "t.tsv", "t.jsonl", "t.csv.gz", "t.jsonl.zst"] {
        let path = folder.path().join(name);
        let path = path.to_str().unwrap();
        let written = table.write(path, &WriteOptions::default(), &Control::NONE).unwrap();
        assert_eq!(written.n_rows, 4, "{name}");
        let read = Table::scan(path, &ScanOptions::default()).unwrap();
        if name.contains("jsonl") {
            // JSON has no times.
            assert_eq!(
                rows(&read.select(&["kind", "n", "flag"]).unwrap()),
                rows(&table.select(&["kind", "n", "flag"]).unwrap())
            );
        } else {
            assert_eq!(rows(&read), rows(&table), "{name}");
        }
        let some = ScanOptions { limit: Some(2), ..ScanOptions::default() };
        assert_eq!(rows(&Table::scan(path, &some).unwrap()).len(), 2, "{name}");
    }
    let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().collect();
    assert_eq!(left.len(), 7, "no temporary file stays");
}

#[test]
fn a_write_that_fails_leaves_the_old_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.csv");
    std::fs::write(&path, "old").unwrap();
    let broken = table(vec![("x", ints(&[i64::MAX]))]).with_column("y", &expr("x + 1")).unwrap();
    let error =
        broken.write(path.to_str().unwrap(), &WriteOptions::default(), &Control::NONE).unwrap_err();
    assert!(matches!(error, Error::Overflow { .. }), "{error}");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "old");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    let lz4 = WriteOptions { compression: Compression::Lz4, ..WriteOptions::default() };
    assert!(matches!(
        people().write(path.to_str().unwrap(), &lz4, &Control::NONE),
        Err(Error::BadOption { .. })
    ));
}

#[test]
fn folders_globs_and_partitions_are_one_table() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let by_kind = WriteOptions {
        format: Some(Format::Parquet),
        partition_by: vec!["kind".into()],
        ..WriteOptions::default()
    };
    let kept = events().select(&["kind", "n"]).unwrap();
    kept.write(&path("set"), &by_kind, &Control::NONE).unwrap();
    let read = Table::scan(&path("set"), &ScanOptions::default()).unwrap();
    let read = read.sort(&[SortKey::ascending("n")]).unwrap().select(&["kind", "n"]).unwrap();
    assert_eq!(rows(&read), rows(&kept));
    people().write(&path("a.csv"), &WriteOptions::default(), &Control::NONE).unwrap();
    people().write(&path("b.csv"), &WriteOptions::default(), &Control::NONE).unwrap();
    let globbed = Table::scan(
        &path("*.csv"),
        &ScanOptions { path_column: Some("file".into()), ..ScanOptions::default() },
    )
    .unwrap();
    assert_eq!(globbed.count(&Control::NONE).unwrap(), 10);
    assert!(rows(&globbed)[9].contains("b.csv"));
    assert!(matches!(
        Table::scan(&path("no.csv"), &ScanOptions::default()),
        Err(Error::File { .. })
    ));
    assert!(matches!(
        Table::scan(&path("set.xyz"), &ScanOptions::default()),
        Err(Error::File { .. } | Error::BadOption { .. })
    ));
}

#[test]
fn a_stopped_table_says_so() {
    let stop = AtomicBool::new(true);
    let control = Control::default().stopped_by(&stop);
    let rows: Vec<i64> = (0..100_000).collect();
    let table = table(vec![("x", ints(&rows))]).filter(&expr("x % 2 = 0")).unwrap();
    assert!(matches!(table.collect(&control), Err(Error::Stopped { .. })));
    let mut seen = 0;
    let stopped = table.for_each_batch(&Control::NONE, |batch| {
        seen += batch.num_rows();
        Err(Error::Stopped { stage: "rows", done: 0 })
    });
    assert!(stopped.is_err() && seen > 0);
}

#[test]
fn watched_rows_are_those_of_unwatched_ones() {
    let counted = std::sync::atomic::AtomicU64::new(0);
    let report = |progress: graph_etl::Progress| {
        counted.fetch_max(progress.done, std::sync::atomic::Ordering::Relaxed);
    };
    let control = Control::default().reporting(&report);
    let both = people()
        .join(
            &pets(),
            &JoinOptions {
                left_on: vec!["name".into()],
                right_on: vec!["owner".into()],
                ..JoinOptions::default()
            },
            &Control::NONE,
        )
        .unwrap();
    assert_eq!(rows_of(&both.collect(&control).unwrap()), rows(&both));
}

#[test]
fn batches_come_in_order() -> Result<()> {
    let numbers: Vec<i64> = (0..500_000).collect();
    let table = table(vec![("x", ints(&numbers))]);
    let mut next = 0;
    table.for_each_batch(&Control::NONE, |batch| {
        let column = batch.column(0).as_any().downcast_ref::<Int64Array>().unwrap().clone();
        for value in column.values() {
            assert_eq!(*value, next);
            next += 1;
        }
        Ok(())
    })?;
    assert_eq!(next, 500_000);
    Ok(())
}

#[test]
fn names_that_look_like_patterns_are_names() {
    let odd = table(vec![("*", ints(&[1])), ("^a.*$", ints(&[2])), ("a", ints(&[3]))]);
    assert_eq!(rows(&odd.select(&["^a.*$"]).unwrap()), [r#"{"^a.*$":2}"#]);
    assert_eq!(rows(&odd.filter(&expr("\"*\" = 1 AND \"^a.*$\" = 2")).unwrap()).len(), 1);
    assert_eq!(rows(&odd.drop(&["*"]).unwrap()), [r#"{"^a.*$":2,"a":3}"#]);
}

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

/// The addresses of all buffers of an array, and of those inside it, in order.
fn addresses(array: &dyn arrow::array::Array) -> Vec<*const u8> {
    fn add(data: &arrow::array::ArrayData, all: &mut Vec<*const u8>) {
        // Empty buffers may be anywhere.
        all.extend(
            data.buffers().iter().filter(|buffer| !buffer.is_empty()).map(|buffer| buffer.as_ptr()),
        );
        all.extend(data.nulls().map(|nulls| nulls.validity().as_ptr()));
        data.child_data().iter().for_each(|child| add(child, all));
    }
    let mut all = Vec::new();
    add(&array.to_data(), &mut all);
    all
}

#[test]
fn columns_pass_in_and_out_without_copies() {
    use arrow::array::{
        BinaryViewArray, Decimal128Array, FixedSizeListArray, LargeListArray, StringViewArray,
        StructArray,
    };
    use arrow::datatypes::{DataType, Field, Float64Type, Int64Type};

    let long = "longer than the twelve bytes that a view holds itself";
    let views = || {
        Arc::new(StringViewArray::from_iter([Some(long), None, Some("short"), Some(long)]))
            as ArrayRef
    };
    let lists = LargeListArray::from_iter_primitive::<Int64Type, _, _>([
        Some(vec![Some(1), None]),
        None,
        Some(vec![]),
        Some(vec![Some(4)]),
    ]);
    let arrays = FixedSizeListArray::from_iter_primitive::<Float64Type, _, _>(
        [Some(vec![Some(1.0), None]), None, Some(vec![Some(0.0), Some(2.0)]), None],
        2,
    );
    let structs = StructArray::from(vec![
        (
            Arc::new(Field::new("n", DataType::Int64, true)),
            ints(&[Some(1), None, Some(3), Some(4)]),
        ),
        (Arc::new(Field::new("t", DataType::Utf8View, true)), views()),
    ]);
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("int", ints(&[1, 2, 3, 4])),
        ("null", floats(&[Some(1.0), None, Some(f64::NAN), None])),
        ("flag", Arc::new(BooleanArray::from(vec![Some(true), None, Some(false), None]))),
        ("text", views()),
        (
            "bytes",
            Arc::new(BinaryViewArray::from_iter([Some(long.as_bytes()), None, Some(b"x"), None])),
        ),
        (
            "zoned",
            Arc::new(
                TimestampMicrosecondArray::from(vec![Some(0), None, Some(-1), Some(i64::MAX)])
                    .with_timezone("Europe/Paris"),
            ),
        ),
        ("day", Arc::new(Date32Array::from(vec![Some(0), None, Some(-1), Some(20_000)]))),
        (
            "decimal",
            Arc::new(
                Decimal128Array::from(vec![Some(12345), None, Some(-1), Some(0)])
                    .with_precision_and_scale(20, 3)
                    .unwrap(),
            ),
        ),
        ("list", Arc::new(lists)),
        ("array", Arc::new(arrays)),
        ("struct", Arc::new(structs)),
    ];
    let sent = batch(columns);
    let table = Table::from_batch(sent.clone()).unwrap();
    let got = table.collect_batches(&Control::NONE).unwrap();
    assert_eq!(got.len(), 1);
    for (index, field) in sent.schema().fields().iter().enumerate() {
        let (before, after) = (sent.column(index), got[0].column(index));
        assert_eq!(before.to_data(), after.to_data(), "{}", field.name());
        assert_eq!(addresses(before), addresses(after), "{}", field.name());
        assert!(!addresses(before).is_empty());
    }
    // The memory outlives everything but the batch.
    let text = rows_of(&got[0].project(&[0, 3, 8]).unwrap());
    drop((table, sent));
    assert_eq!(rows_of(&got[0].project(&[0, 3, 8]).unwrap()), text);
}

#[test]
fn other_types_are_kept_in_meaning() {
    use arrow::array::{
        DictionaryArray, Int32Array, LargeStringArray, ListArray, TimestampSecondArray,
    };
    use arrow::datatypes::{DataType, Int32Type, TimeUnit};

    let names: DictionaryArray<Int32Type> =
        [Some("b"), None, Some("a"), Some("b")].into_iter().collect();
    let lists = ListArray::from_iter_primitive::<Int32Type, _, _>([
        Some(vec![Some(1)]),
        None,
        Some(vec![]),
        None,
    ]);
    let table = table(vec![
        ("name", Arc::new(names) as ArrayRef),
        ("large", Arc::new(LargeStringArray::from(vec![Some("x"), None, Some(""), Some("y")]))),
        ("list", Arc::new(lists)),
        ("at", Arc::new(TimestampSecondArray::from(vec![Some(1), None, Some(-1), Some(0)]))),
        ("small", Arc::new(Int32Array::from(vec![1, 2, 3, 4]).slice(0, 4))),
    ]);
    let types: Vec<_> =
        table.schema().fields().iter().map(|field| field.data_type().clone()).collect();
    assert_eq!(
        types[0],
        DataType::Dictionary(Box::new(DataType::UInt32), Box::new(DataType::Utf8View))
    );
    assert_eq!(types[1], DataType::Utf8View);
    assert_eq!(types[3], DataType::Timestamp(TimeUnit::Millisecond, None));
    let got = rows(&table.filter(&expr("name = 'b' OR large = ''")).unwrap());
    assert_eq!(
        got,
        [
            r#"{"name":"b","large":"x","list":[1],"at":"1970-01-01T00:00:01","small":1}"#,
            r#"{"name":"a","large":"","list":[],"at":"1969-12-31T23:59:59","small":3}"#,
            r#"{"name":"b","large":"y","list":null,"at":"1970-01-01T00:00:00","small":4}"#,
        ]
    );
    assert_eq!(rows(&table.filter(&expr("name < 'b'")).unwrap()).len(), 1);
    assert_eq!(
        rows(&table.filter(&expr("upper(name) IN ('A', 'B', 'C', 'D', NULL)")).unwrap()).len(),
        3
    );
}

#[test]
fn types_that_tables_cannot_hold_are_named() {
    use arrow::array::{Float16Array, new_null_array};
    use arrow::datatypes::{DataType, IntervalUnit};

    let interval = new_null_array(&DataType::Interval(IntervalUnit::YearMonth), 1);
    let error = Table::from_batch(batch(vec![("i", interval)])).unwrap_err();
    assert!(matches!(&error, Error::UnsupportedType { column, .. } if &**column == "i"), "{error}");
    let half = Arc::new(Float16Array::from(vec![None])) as ArrayRef;
    assert!(matches!(
        Table::from_batch(batch(vec![("h", half)])),
        Err(Error::UnsupportedType { .. })
    ));
    let twice = RecordBatch::try_new(
        Arc::new(arrow::datatypes::Schema::new(vec![
            arrow::datatypes::Field::new("x", DataType::Int64, true),
            arrow::datatypes::Field::new("x", DataType::Int64, true),
        ])),
        vec![ints(&[1]), ints(&[2])],
    );
    assert!(matches!(Table::from_batch(twice.unwrap()), Err(Error::Engine { .. })));
}

#[test]
fn many_batches_are_one_table_and_chunks_of_it() {
    let parts: Vec<RecordBatch> =
        (0..3).map(|part| batch(vec![("x", ints(&[part, part + 10]))])).collect();
    let table = Table::from_batches(&parts[0].schema(), &parts).unwrap();
    let got = table.collect_batches(&Control::NONE).unwrap();
    let all: Vec<String> = got.iter().flat_map(rows_of).collect();
    assert_eq!(all.len(), 6);
    assert_eq!(all[5], r#"{"x":12}"#);
    let none = Table::from_batches(&parts[0].schema(), &[]).unwrap();
    assert_eq!(none.collect(&Control::NONE).unwrap().num_rows(), 0);
    assert_eq!(none.schema().field(0).name(), "x");
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

#[test]
fn prefixes_tell_nodes_from_edges() {
    use graph_etl::expr::{Element, Kind};

    let read = expr("point:age > 20 AND edge:weight < 1");
    let elements: Vec<_> =
        read.columns().iter().map(|column| (column.element, column.name.as_str())).collect();
    assert_eq!(elements, [(Some(Element::Node), "age"), (Some(Element::Edge), "weight")]);
    assert!(matches!(expr("\"point:age\"").kind, Kind::Column(column) if column.element.is_none()));
    assert_eq!(rows(&people().filter(&expr("point:age > 25")).unwrap()).len(), 2);
}

fn shuffled(n: i64) -> Vec<i64> {
    (0..n).map(|row| (row * 7_919) % n).collect()
}

#[test]
fn sorts_through_files_are_those_in_memory() {
    let n = 100_003;
    let keys: Vec<Option<i64>> = shuffled(n)
        .iter()
        .map(|&key| if key % 11 == 0 { None } else { Some(if key % 3 == 0 { 5 } else { key / 4 }) })
        .collect();
    let words: Vec<String> = shuffled(n)
        .iter()
        .map(|key| format!("a word longer than twelve bytes {}", key % 100))
        .collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let table = table(vec![
        ("k", ints(&keys)),
        ("w", texts(&words)),
        ("row", ints(&(0..n).collect::<Vec<_>>())),
    ]);
    let spill = graph_etl::table::Spill { memory: 2 << 20, folder: None };
    for keys in [
        vec![SortKey::ascending("k")],
        vec![SortKey::descending("k"), SortKey::ascending("w")],
        vec![SortKey::descending("w"), SortKey::descending("k")],
    ] {
        let spilled = table.sort_spilling(&keys, &spill, &Control::NONE).unwrap();
        assert!(spilled.plan().unwrap().contains("sorted-"), "it went through files");
        let expected = table.sort(&keys).unwrap().collect(&Control::NONE).unwrap();
        let found = spilled.collect(&Control::NONE).unwrap();
        assert!(expected == found, "{keys:?}");
    }
}

#[test]
fn joins_and_groups_through_files_are_those_in_memory() {
    let n = 60_000;
    let left = table(vec![
        (
            "k",
            ints(
                &shuffled(n)
                    .iter()
                    .map(|&key| (key % 13 != 0).then_some(key / 3))
                    .collect::<Vec<_>>(),
            ),
        ),
        ("x", ints(&(0..n).collect::<Vec<_>>())),
    ]);
    let right = table(vec![
        (
            "k",
            ints(
                &shuffled(n)
                    .iter()
                    .map(|&key| (key % 17 != 0).then_some(key / 2))
                    .collect::<Vec<_>>(),
            ),
        ),
        ("y", ints(&(0..n).collect::<Vec<_>>())),
    ]);
    let spill = graph_etl::table::Spill { memory: 1 << 20, folder: None };
    let sorted = |table: &Table| {
        let keys: Vec<SortKey> = table.column_names().map(SortKey::ascending).collect();
        table.sort(&keys).unwrap().collect(&Control::NONE).unwrap()
    };
    for kind in [JoinKind::Inner, JoinKind::Left, JoinKind::Full, JoinKind::Semi, JoinKind::Anti] {
        let on = JoinOptions::on(&["k"]).kind(kind);
        let spilled = left.join_spilling(&right, &on, &spill, &Control::NONE).unwrap();
        assert!(spilled.plan().unwrap().contains("joined-"), "it went through files");
        assert!(
            sorted(&spilled) == sorted(&left.join(&right, &on, &Control::NONE).unwrap()),
            "{kind:?}"
        );
    }
    let totals = [("n", expr("count(*)")), ("s", expr("sum(x)"))];
    let spilled = left.group_by_spilling(&["k"], &totals, &spill, &Control::NONE).unwrap();
    assert!(spilled.plan().unwrap().contains("grouped-"), "it went through files");
    assert!(sorted(&spilled) == sorted(&left.group_by(&["k"], &totals).unwrap()));
}

#[test]
fn temporary_files_go_with_the_last_table_that_reads_them() {
    let folder = tempfile::tempdir().unwrap();
    let spill = graph_etl::table::Spill { memory: 1 << 18, folder: Some(folder.path().to_owned()) };
    let table = table(vec![("x", ints(&shuffled(50_000)))]);
    let sorted = table.sort_spilling(&[SortKey::ascending("x")], &spill, &Control::NONE).unwrap();
    let some = sorted.filter(&expr("x > 49997")).unwrap();
    drop(sorted);
    assert_eq!(rows(&some), [r#"{"x":49998}"#, r#"{"x":49999}"#]);
    drop(some);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}
