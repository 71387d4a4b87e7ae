//! Verbs that choose, order and extend rows and columns.

use std::collections::BTreeMap;

use super::*;

/// Which rows of each key there are, in the order in which keys first appear.
fn by_key(rows: &[Row], names: &[&str]) -> Vec<Vec<usize>> {
    let mut places: BTreeMap<Row, usize> = BTreeMap::new();
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for (index, key) in only(rows, names).into_iter().enumerate() {
        let place = *places.entry(key).or_insert(groups.len());
        if place == groups.len() {
            groups.push(Vec::new());
        }
        groups[place].push(index);
    }
    groups
}

/// The rows at `places`, in the order that they have in `rows`.
fn rows_at(rows: &[Row], mut places: Vec<usize>) -> Vec<Row> {
    places.sort_unstable();
    places.into_iter().map(|place| rows[place].clone()).collect()
}

proptest! {
    #![proptest_config(cases(64))]

    #[test]
    fn a_filter_keeps_what_polars_keeps(given in given(60), condition in condition()) {
        let expected = rows_of_polars(given.frame().filter(condition.of_polars()));
        check(&given, &expected, |table| table.filter(&condition.ours()));
    }

    #[test]
    fn two_filters_are_one_of_both(given in given(60), a in condition(), b in condition()) {
        let (a, b) = (a.ours(), b.ours());
        let [table, _] = given.tables();
        let expected = read(&table.filter(&a.clone().and(b.clone())).unwrap());
        check(&given, &expected, |table| table.filter(&a)?.filter(&b));
        // A filter finds of a condition what is computed of it, whatever is around it.
        for condition in [a.clone().and(b.clone()).is_null(), a.clone().or(b).not()] {
            let [table, _] = given.tables();
            let computed = table.with_columns(&[("keep", condition.clone())]).unwrap();
            let mut expected = read(&computed);
            expected.retain_mut(|row| row.pop() == Some(Cell::Truth(true)));
            check(&given, &expected, |table| table.filter(&condition));
        }
        let rest = read(&table.filter(&a.clone().not()).unwrap());
        let unknown = read(&table.filter(&a.clone().is_null()).unwrap());
        let kept = read(&table.filter(&a).unwrap());
        prop_assert_eq!(kept.len() + rest.len() + unknown.len(), given.rows.len());
    }
}

proptest! {
    #![proptest_config(cases(32))]

    #[test]
    fn columns_are_chosen_dropped_and_named(given in given(20), names in some_names()) {
        let chosen = only(&given.rows, &names);
        check(&given, &chosen, |table| table.select(&names));
        let rest: Vec<&str> = NAMES.into_iter().filter(|name| !names.contains(name)).collect();
        if !rest.is_empty() {
            check(&given, &only(&given.rows, &rest), |table| table.drop(&names));
        }
        // Each takes the name of the one before it, and the first that of the last.
        let mut new = names.clone();
        new.rotate_right(1);
        let pairs: Vec<(&str, &str)> = names.iter().copied().zip(new).collect();
        check(&given, &given.rows, |table| table.rename(&pairs));
        let [table, _] = given.tables();
        let renamed = table.rename(&pairs).unwrap();
        for (old, new) in pairs {
            prop_assert_eq!(renamed.column_names().nth(at(old)), Some(new));
        }
    }

    #[test]
    fn computed_columns_are_what_polars_computes(given in given(60)) {
        let made = [
            ("i", expr("i + id")),
            ("up", expr("upper(s) || '!'")),
            ("filled", expr("coalesce(s, 'none')")),
            ("chosen", expr("CASE WHEN b THEN i ELSE id END")),
            ("scaled", expr("x * 2 + id")),
            ("b", expr("i > 0 OR b")),
        ];
        let col = |name: &str| pl::col(name);
        let chosen = pl::when(col("b")).then(col("i")).otherwise(col("id"));
        let of_polars = [
            (col("i") + col("id")).alias("i"),
            (col("s").str().to_uppercase() + pl::lit("!")).alias("up"),
            col("s").fill_null(pl::lit("none")).alias("filled"),
            chosen.alias("chosen"),
            (col("x") * pl::lit(2.0) + col("id").cast(pl::DataType::Float64)).alias("scaled"),
            col("i").gt(pl::lit(0i64)).or(col("b")).alias("b"),
        ];
        let expected = rows_of_polars(given.frame().with_columns(of_polars));
        check(&given, &expected, |table| table.with_columns(&made));
        let sums: Vec<Row> = expected.iter().map(|row| vec![row[at("i")].clone()]).collect();
        check(&given, &sums, |table| table.select_exprs(&[("sum", expr("i + id"))]));
    }

    #[test]
    fn a_sort_is_the_stable_sort_of_its_keys(
        given in given(60),
        keys in sort_keys(),
        n in 0..70_usize,
    ) {
        let expected = sorted(&given.rows, &keys);
        check(&given, &expected, |table| table.sort(&keys));
        check(&given, &expected, |table| table.sort(&keys)?.sort(&keys));
        check(&given, &expected[..n.min(expected.len())], |table| table.top_k(n, &keys));
    }

    #[test]
    fn a_sort_has_the_rows_of_polars(given in given(60), keys in sort_keys()) {
        let columns: Vec<&str> = keys.iter().map(|key| key.column.as_str()).collect();
        let by: Vec<pl::Expr> = columns.iter().map(|name| pl::col(*name)).collect();
        let options = pl::SortMultipleOptions::default()
            .with_order_descending_multi(keys.iter().map(|key| key.descending))
            .with_nulls_last(true);
        let of_polars = rows_of_polars(given.frame().sort_by_exprs(by, options));
        let expected = only(&of_polars, &columns);
        check(&given, &expected, |table| table.sort(&keys)?.select(&columns));
        check_set(&given, &of_polars, |table| table.sort(&keys));
    }

    #[test]
    fn unique_keeps_the_row_of_each_key_that_it_is_told_to(
        given in given(60),
        names in some_names(),
    ) {
        let rows = &given.rows;
        let groups = by_key(rows, &names);
        let first: Vec<usize> = groups.iter().map(|group| group[0]).collect();
        let last: Vec<usize> = groups.iter().map(|group| group[group.len() - 1]).collect();
        let alone = groups.iter().filter(|group| group.len() == 1).map(|group| group[0]).collect();
        for (keep, places) in [(Keep::First, first), (Keep::Last, last), (Keep::None, alone)] {
            let expected = rows_at(rows, places);
            check(&given, &expected, |table| table.unique(&names, keep));
            check(&given, &expected, |table| table.unique(&names, keep)?.unique(&names, keep));
        }
        let keys: Vec<Row> =
            groups.iter().map(|group| only(&rows[group[0]..=group[0]], &names).remove(0)).collect();
        check_set(&given, &keys, |table| table.unique(&names, Keep::Any)?.select(&names));
        for kept in results(&given, |table| table.unique(&names, Keep::Any)) {
            prop_assert!(kept.iter().all(|row| rows.contains(row)));
        }
        // Without columns, all of them tell.
        let none: [&str; 0] = [];
        check_set(&given, &keys, |table| table.select(&names)?.unique(&none, Keep::First));
    }

    #[test]
    fn slices_have_the_rows_from_the_first_to_the_last(
        given in given(60),
        offset in 0..70_usize,
        n in 0..70_usize,
    ) {
        let rows = &given.rows;
        let from = offset.min(rows.len());
        let to = (offset + n).min(rows.len());
        check(&given, &rows[from..to], |table| table.slice(offset, n));
        check(&given, &rows[..n.min(rows.len())], |table| table.limit(n));
        let after = &rows[from..];
        check(&given, &after[..n.min(after.len())], |table| table.slice(offset, usize::MAX)?.limit(n));
    }

    #[test]
    fn tables_below_one_another_have_the_rows_of_each(
        upper in given(30),
        lower in given(30),
        upper_names in some_names(),
        lower_names in some_names(),
    ) {
        let both: Vec<Row> = upper.rows.iter().chain(&lower.rows).cloned().collect();
        for other in lower.tables() {
            check(&upper, &both, |table| Table::concat(&[table, &other], false));
            let [table, _] = upper.tables();
            let count = |table: &Table| table.count(&Control::NONE).unwrap();
            let whole = Table::concat(&[&table, &other], false).unwrap();
            prop_assert_eq!(count(&whole), count(&table) + count(&other));
        }
        // Columns that one lacks are null there.
        let mut names = upper_names.clone();
        names.extend(lower_names.iter().filter(|name| !upper_names.contains(name)));
        let [other, _] = lower.tables();
        let other = other.select(&lower_names).unwrap();
        let filled = |rows: &[Row], there: &[&str]| -> Vec<Row> {
            let value = |row: &Row, name: &&str| match there.contains(name) {
                true => row[at(name)].clone(),
                false => Cell::Null,
            };
            rows.iter().map(|row| names.iter().map(|name| value(row, name)).collect()).collect()
        };
        let mut expected = filled(&upper.rows, &upper_names);
        expected.extend(filled(&lower.rows, &lower_names));
        check(&upper, &expected, |table| {
            Table::concat(&[&table.select(&upper_names)?, &other], true)
        });
    }

    #[test]
    fn samples_are_some_of_the_rows_and_repeat(
        given in given(60),
        n in 0..70_usize,
        seed in any::<u64>(),
        fraction in 0.0..=1.0_f64,
    ) {
        let rows = &given.rows;
        let [table, _] = given.tables();
        let some = read(&table.sample(n, seed).unwrap());
        prop_assert_eq!(some.len(), n.min(rows.len()));
        let share = read(&table.sample_fraction(fraction, seed).unwrap());
        for sample in [&some, &share] {
            // In order, each once, and as they were.
            prop_assert!(sample.windows(2).all(|pair| pair[0][0] < pair[1][0]));
            prop_assert!(sample.iter().all(|row| rows.contains(row)));
        }
        check(&given, &some, |table| table.sample(n, seed));
        check(&given, &share, |table| table.sample_fraction(fraction, seed));
        check(&given, rows, |table| table.sample_fraction(1.0, seed));
        check(&given, &[], |table| table.sample_fraction(0.0, seed));
    }
}
