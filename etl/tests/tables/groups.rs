//! Groups, bins and pivots: what is computed of many rows.

use super::*;

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
    assert!(error.to_string().contains("the argument of sum is text"), "{error}");
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

#[test]
fn sums_that_could_overflow_but_do_not_are_right() {
    // The largest value, twice, would not fit; both sums do.
    let near = table(vec![("k", ints(&[1, 1, 2])), ("x", ints(&[i64::MAX, -1, i64::MIN]))]);
    let sums = [("s", expr("sum(x)")), ("n", expr("count(*)"))];
    let by_key = near.group_by(&["k"], &sums).unwrap();
    assert_eq!(
        rows(&by_key),
        [r#"{"k":1,"s":9223372036854775806,"n":2}"#, r#"{"k":2,"s":-9223372036854775808,"n":1}"#]
    );
    // Without the row that makes it possible, and with columns that are not asked for.
    let small = near.filter(&expr("x < 0 AND k = 1")).unwrap().group_by(&["k"], &sums).unwrap();
    assert_eq!(rows(&small), [r#"{"k":1,"s":-1,"n":1}"#]);
    let none = near.filter(&expr("k > 2")).unwrap();
    assert!(rows(&none.group_by(&["k"], &sums).unwrap()).is_empty());
    let all = none.group_by(&[] as &[&str], &sums).unwrap();
    assert_eq!(rows(&all), [r#"{"s":0,"n":0}"#]);
    // On the way it is beyond; at the end it is not. A missing value is none.
    let back = table(vec![("x", ints(&[Some(i64::MAX), Some(9), None, Some(-10)]))]);
    let sum = back.group_by(&[] as &[&str], &[("s", expr("sum(x)")), ("m", expr("sum(x) - 1"))]);
    assert_eq!(rows(&sum.unwrap()), [r#"{"s":9223372036854775806,"m":9223372036854775805}"#]);
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

#[test]
fn bins_have_bounds() {
    let values = table(vec![
        ("x", ints(&[Some(0), Some(4), Some(10), None])),
        ("day", Arc::new(Date32Array::from(vec![0, 1, 4, 3])) as ArrayRef),
    ]);
    let bins = |column, lower, upper| {
        let binned = values.bin(column, &Bins::Linear(2), "bin", &Control::NONE).unwrap();
        binned.with_bounds(lower, upper)
    };
    let bounded = bins("x", Some("low"), Some("high")).unwrap();
    assert_eq!(bounded.column_names().collect::<Vec<_>>(), ["x", "day", "bin", "low", "high"]);
    assert_eq!(
        rows(&bounded.drop(&["x", "day"]).unwrap()),
        [
            r#"{"bin":0,"low":0.0,"high":5.0}"#,
            r#"{"bin":0,"low":0.0,"high":5.0}"#,
            r#"{"bin":1,"low":5.0,"high":10.0}"#,
            r#"{"bin":null,"low":null,"high":null}"#,
        ]
    );
    let bounded = bins("day", None, Some("end")).unwrap().select(&["end"]).unwrap();
    assert_eq!(rows(&bounded)[..2], [r#"{"end":"1970-01-03T00:00:00"}"#; 2]);
    assert_eq!(rows(&bounded)[2], r#"{"end":"1970-01-05T00:00:00"}"#);
    assert_eq!(bins("x", None, None).unwrap().column_names().count(), 3);
    for taken in ["x", "bin"] {
        let error = bins("x", Some(taken), None).unwrap_err();
        assert!(matches!(error, Error::DuplicateColumn { .. }), "{error}");
    }
    assert!(matches!(bins("x", Some("b"), Some("b")), Err(Error::DuplicateColumn { .. })));

    let histogram =
        |column, bins| rows(&values.histogram_table(column, &bins, &Control::NONE).unwrap());
    assert_eq!(
        histogram("x", Bins::Edges(vec![0.0, 5.0, 7.0])),
        [
            r#"{"lower":0.0,"upper":5.0,"count":2}"#,
            r#"{"lower":5.0,"upper":7.0,"count":0}"#,
            r#"{"lower":null,"upper":null,"count":2}"#,
        ]
    );
    assert_eq!(
        histogram("day", Bins::Linear(2)),
        [
            r#"{"lower":"1970-01-01T00:00:00","upper":"1970-01-03T00:00:00","count":2}"#,
            r#"{"lower":"1970-01-03T00:00:00","upper":"1970-01-05T00:00:00","count":2}"#,
        ]
    );
    let same = values.filter(&expr("x = 4")).unwrap();
    assert_eq!(
        rows(&same.histogram_table("day", &Bins::Linear(2), &Control::NONE).unwrap()),
        [r#"{"lower":"1970-01-02T00:00:00","upper":"1970-01-02T00:00:00.000001","count":1}"#]
    );
    let none = values.filter(&expr("x > 99")).unwrap();
    let none = none.histogram_table("x", &Bins::Linear(2), &Control::NONE).unwrap();
    assert_eq!(rows(&none), [""; 0]);
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

/// Polars has a constant once, however many rows there are.
#[test]
fn constants_are_aggregated_for_each_row() {
    let values = table(vec![
        ("k", ints(&[Some(1), Some(1), Some(2), None])),
        ("t", texts(&["a", "b", "c", "d"])),
    ]);
    let all = [
        ("s", expr("sum(1)")),
        ("c", expr("count(1)")),
        ("n", expr("count(NULL)")),
        ("l", expr("list('x')")),
        ("w", expr("sum(CASE WHEN true THEN 2 END)")),
        ("f", expr("sum(1) FILTER (WHERE t > 'a')")),
        ("m", expr("mean(1.5)")),
        ("d", expr("count(DISTINCT 1)")),
    ];
    assert_eq!(
        rows(&values.group_by(&[] as &[&str], &all).unwrap()),
        [r#"{"s":4,"c":4,"n":0,"l":["x","x","x","x"],"w":8,"f":3,"m":1.5,"d":1}"#]
    );
    assert_eq!(
        rows(&values.group_by(&["k"], &all).unwrap()),
        [
            r#"{"k":1,"s":2,"c":2,"n":0,"l":["x","x"],"w":4,"f":1,"m":1.5,"d":1}"#,
            r#"{"k":2,"s":1,"c":1,"n":0,"l":["x"],"w":2,"f":1,"m":1.5,"d":1}"#,
            r#"{"k":null,"s":1,"c":1,"n":0,"l":["x"],"w":2,"f":1,"m":1.5,"d":1}"#,
        ]
    );
    let none: [&str; 0] = [];
    let cells = values.pivot(&none, "k", &expr("sum(1)"), &Control::NONE).unwrap();
    assert_eq!(rows(&cells), [r#"{"1":2,"2":1,"null":1}"#]);
}

#[test]
fn columns_of_a_pivot_are_in_the_order_of_values_and_what_has_none_comes_last() {
    let values = table(vec![
        ("h", ints(&[Some(10), None, Some(2), Some(1), None])),
        ("x", ints(&[1, 2, 3, 4, 5])),
    ]);
    let none: [&str; 0] = [];
    let wide = values.pivot(&none, "h", &expr("sum(x)"), &Control::NONE).unwrap();
    assert_eq!(rows(&wide), [r#"{"1":4,"2":3,"10":1,"null":7}"#]);
    let many = table(vec![("h", ints(&(0..10_500).collect::<Vec<i64>>()))]);
    let error = many.pivot(&none, "h", &expr("count(*)"), &Control::NONE).unwrap_err();
    let text = "10500 columns of a pivot are too many; there can be at most 10000";
    assert_eq!(error.to_string(), text);
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
    // Rows of other values are no part of a cell, wherever they stand.
    let none: [&str; 0] = [];
    for (value, expected) in [
        ("first(n)", r#"{"a":1,"b":2}"#),
        ("list(n)", r#"{"a":[1,3],"b":[2,4]}"#),
        ("mean(n)", r#"{"a":2.0,"b":3.0}"#),
        ("count(DISTINCT n)", r#"{"a":2,"b":2}"#),
    ] {
        let cells = events().pivot(&none, "kind", &expr(value), &Control::NONE).unwrap();
        assert_eq!(rows(&cells), [expected], "{value}");
    }
    let by_day = events().pivot(&["day"], "kind", &expr("max(n)"), &Control::NONE).unwrap();
    assert_eq!(rows(&by_day)[0], r#"{"day":"1970-01-01","a":1,"b":null}"#);
    assert!(matches!(
        events().rename(&[("day", "a")]).unwrap().pivot(
            &["a"],
            "kind",
            &expr("sum(n)"),
            &Control::NONE
        ),
        Err(Error::DuplicateColumn { .. })
    ));
    let long = counts.unpivot(&["a", "b"], "kind", "n").unwrap();
    assert_eq!(rows(&long), [r#"{"kind":"a","n":2}"#, r#"{"kind":"b","n":2}"#]);
    assert!(matches!(events().unpivot(&["n", "kind"], "k", "v"), Err(Error::WrongType { .. })));
    // Numbers of two types have one that holds both.
    let mixed = table(vec![("i", ints(&[1, 2])), ("f", floats(&[0.5, 1.5]))]);
    let mut all = rows(&mixed.unpivot(&["i", "f"], "k", "v").unwrap());
    all.sort();
    assert_eq!(
        all,
        [
            r#"{"k":"f","v":0.5}"#,
            r#"{"k":"f","v":1.5}"#,
            r#"{"k":"i","v":1.0}"#,
            r#"{"k":"i","v":2.0}"#
        ]
    );
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
    let ages = people().factorize("age", "code", &Control::NONE).unwrap().table;
    assert_eq!(
        rows(&ages.filter(&expr("age = 25")).unwrap().select(&["code"]).unwrap()),
        [r#"{"code":3}"#]
    );
    assert_eq!(rows(&ages.filter(&expr("code IS NULL")).unwrap()).len(), 1);
    // Fractions, which go by way of a join.
    let pays = people().factorize("pay", "code", &Control::NONE).unwrap().table;
    assert_eq!(rows(&pays.select(&["code"]).unwrap())[2..4], [r#"{"code":2}"#, r#"{"code":3}"#]);
    let value = people().factorize("name", "value", &Control::NONE).unwrap();
    assert_eq!(rows(&value.table.select(&["value"]).unwrap())[4], r#"{"value":1}"#);
    assert!(matches!(
        people().factorize("name", "age", &Control::NONE),
        Err(Error::DuplicateColumn { .. })
    ));
}

#[test]
fn a_table_is_described_column_by_column() {
    let found = people().describe(&Control::NONE).unwrap();
    let age = &found[1];
    assert_eq!((age.n_values, age.n_nulls, age.n_unique), (4, 1, Some(4)));
    let long = table(vec![("x", floats(&[1_289_192_400.5, -0.000_123_456_789]))]);
    let long = &long.describe(&Control::NONE).unwrap()[0];
    let ends = (long.min.as_deref(), long.max.as_deref());
    assert_eq!(ends, (Some("-0.000123456789"), Some("1289192400.5")));
    assert_eq!(
        (age.min.as_deref(), age.max.as_deref(), age.mean),
        (Some("20"), Some("40"), Some(28.75))
    );
    assert_eq!(age.quartiles, Some([23.75, 27.5, 32.5]));
    assert_eq!((found[0].min.as_deref(), found[0].mean), (Some("ann"), None));

    let shown = people().description(&Control::NONE).unwrap();
    let shown =
        shown.select(&["name", "type", "values", "nulls", "min", "mean", "median"]).unwrap();
    assert_eq!(
        rows(&shown)[..2],
        [
            r#"{"name":"name","type":"text","values":4,"nulls":1,"min":"ann","mean":null,"median":null}"#,
            r#"{"name":"age","type":"int64","values":4,"nulls":1,"min":"20","mean":28.75,"median":27.5}"#,
        ]
    );
}
