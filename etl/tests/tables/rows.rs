//! Verbs that choose, order and extend rows and columns.

use super::*;

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
    assert_eq!(error("agee > 3"), "there is no column `agee`, at character 1; did you mean `age`?");
    assert_eq!(
        error("lenght(name) > 3"),
        "there is no function `lenght`, at character 1; did you mean `length`?"
    );
    assert_eq!(
        error("age > 3 AND name > 3"),
        "the right side of > is int64, but must be text, as the left side, at character 20"
    );
    assert_eq!(error("age"), "the condition is int64, but must be true or false, at character 1");
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
fn each_set_of_rows_is_drawn_as_often() {
    // 3 of 6: 20 sets, each expected 200 times, with a standard deviation of 14.
    let numbers = table(vec![("x", ints(&[0, 1, 2, 3, 4, 5]))]);
    let mut counts = std::collections::BTreeMap::new();
    for seed in 0..4000 {
        *counts.entry(rows(&numbers.sample(3, seed).unwrap())).or_insert(0) += 1;
    }
    assert_eq!(counts.len(), 20);
    assert!(counts.values().all(|count| (130..270).contains(count)), "{counts:?}");
    assert!(rows(&numbers.sample(0, 1).unwrap()).is_empty());
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
    assert_eq!(
        people().fill("name", &Fill::With(expr("0"))).unwrap_err().to_string(),
        "what fills column `name` of type text is int64, but must be of that type, too"
    );
}

#[test]
fn names_that_look_like_patterns_are_names() {
    let odd = table(vec![("*", ints(&[1])), ("^a.*$", ints(&[2])), ("a", ints(&[3]))]);
    assert_eq!(rows(&odd.select(&["^a.*$"]).unwrap()), [r#"{"^a.*$":2}"#]);
    assert_eq!(rows(&odd.filter(&expr("\"*\" = 1 AND \"^a.*$\" = 2")).unwrap()).len(), 1);
    assert_eq!(rows(&odd.drop(&["*"]).unwrap()), [r#"{"^a.*$":2,"a":3}"#]);
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
