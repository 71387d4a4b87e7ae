//! Tables side by side and below one another.

use super::*;

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

/// Keys of the smaller side tell enough where none of them is there often; else those of both do.
#[test]
fn a_limit_of_a_join_is_about_its_rows_and_not_about_their_bound() {
    // Key 0 is there a thousand times on the small side and once on the large one, all others once on either.
    let large = table(vec![("k", ints(&(0..100_000).collect::<Vec<i64>>()))]);
    let often: Vec<i64> = std::iter::repeat_n(0, 1000).chain(1..1000).collect();
    let small = table(vec![("k", ints(&often))]);
    for (left, right) in [(&large, &small), (&small, &large)] {
        for (kind, limit) in [
            (JoinKind::Inner, 1999),
            (JoinKind::Left, 1999 + left.count(&Control::NONE).unwrap()),
            (JoinKind::Full, 1999 + 100_000 + 1999),
            (JoinKind::Semi, left.count(&Control::NONE).unwrap()),
        ] {
            let on = JoinOptions { kind, limit: Some(limit), ..JoinOptions::on(&["k"]) };
            assert_eq!(left.estimate_join(right, &on, &Control::NONE).unwrap(), limit, "{kind:?}");
            let joined = left.join(right, &on, &Control::NONE).unwrap();
            assert!(joined.count(&Control::NONE).unwrap() <= limit);
            let less = JoinOptions { limit: Some(limit - 1), ..on };
            assert!(matches!(
                left.join(right, &less, &Control::NONE),
                Err(Error::TooManyRows { estimated, .. }) if estimated == limit
            ));
        }
    }
    let query = "SELECT * FROM a JOIN b ON a.k = b.k";
    let asked = |limit| {
        let options = SqlOptions { limit: Some(limit), ..SqlOptions::default() };
        let tables = [("a", large.clone()), ("b", small.clone())];
        graph_etl::table::sql(query, &tables, &options, &Control::NONE)
    };
    assert_eq!(asked(1999).unwrap().count(&Control::NONE).unwrap(), 1999);
    assert!(matches!(asked(1998), Err(Error::TooManyRows { estimated: 1999, .. })));
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
fn the_side_that_lacks_a_key_of_a_join_is_named() {
    let refusal = |left: &str, right: &str| {
        let on = JoinOptions {
            left_on: vec![left.into()],
            right_on: vec![right.into()],
            ..JoinOptions::default()
        };
        people().join(&pets(), &on, &Control::NONE).unwrap_err().to_string()
    };
    assert_eq!(refusal("nme", "owner"), "there is no left-side column `nme`; did you mean `name`?");
    assert_eq!(
        refusal("name", "ownr"),
        "there is no right-side column `ownr`; did you mean `owner`?"
    );
}

#[test]
fn tables_go_below_one_another() {
    let both = Table::concat(&[&pets(), &pets()], false).unwrap();
    assert_eq!(rows(&both).len(), 10);
    let filled = Table::concat(&[&people(), &pets()], true).unwrap();
    assert_eq!(rows(&filled)[5], r#"{"name":null,"age":1,"pay":null,"owner":"bob","pet":"cat"}"#);
    let unlike = |tables: &[&Table], fill| match Table::concat(tables, fill) {
        Err(error @ Error::Unlike(_)) => error.to_string(),
        other => panic!("{other:?}"),
    };
    assert_eq!(
        unlike(&[&people(), &people(), &pets()], false),
        "table 3 has no column `name`, which table 1 has"
    );
    let more = people().with_column("agee", &expr("age")).unwrap();
    assert_eq!(
        unlike(&[&people(), &more], false),
        "table 1 has no column `agee`, which table 2 has; did you mean `age`?"
    );
    let swapped = people().select(&["age", "name", "pay"]).unwrap();
    assert_eq!(
        unlike(&[&people(), &swapped], false),
        "table 2 has the columns of table 1 in another order"
    );
    let other = people().with_column("age", &expr("name")).unwrap();
    assert_eq!(
        unlike(&[&people(), &other], true),
        "column `age` is text in table 2, but int64 in table 1"
    );

    let column = |values: ArrayRef| table(vec![("x", values)]);
    let narrow = column(Arc::new(Int32Array::from(vec![Some(-1), None])));
    let whole = column(ints(&[i64::MAX]));
    let fraction = column(floats(&[0.5]));
    let unsigned = column(Arc::new(UInt64Array::from(vec![u64::MAX])));
    let all = |tables: &[&Table]| Table::concat(tables, false).map(|table| rows(&table).join(""));
    assert_eq!(all(&[&narrow, &whole]).unwrap(), r#"{"x":-1}{"x":null}{"x":9223372036854775807}"#);
    assert_eq!(
        all(&[&narrow, &fraction, &narrow]).unwrap(),
        r#"{"x":-1.0}{"x":null}{"x":0.5}{"x":-1.0}{"x":null}"#
    );
    let lost = Table::concat(&[&whole, &fraction], false).unwrap().collect(&Control::NONE);
    assert!(lost.unwrap_err().to_string().contains("column `x` has fractions"));
    assert!(matches!(all(&[&narrow, &unsigned]), Err(Error::Unlike(_))));
    assert!(matches!(all(&[&column(texts(&["1"])), &whole]), Err(Error::Unlike(_))));
}
