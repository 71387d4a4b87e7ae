//! Joins, against pairs of rows that are tried one by one, and against polars.

use super::*;

/// The definition: each row of the left side with each of the right one.
fn joined(left: &[Row], right: &[Row], options: &JoinOptions) -> Vec<Row> {
    let keys: Vec<usize> = options.left_on.iter().map(|name| at(name)).collect();
    let rest: Vec<usize> = (0..NAMES.len()).filter(|column| !keys.contains(column)).collect();
    let are_partners = |l: &Row, r: &Row| {
        let is_equal =
            |&key: &usize| l[key] == r[key] && (options.nulls_equal || l[key] != Cell::Null);
        keys.iter().all(is_equal)
    };
    let more = |r: &Row| rest.iter().map(|&column| r[column].clone()).collect::<Row>();
    let nothing = vec![Cell::Null; rest.len()];
    let is_outer = matches!(options.kind, JoinKind::Left | JoinKind::Full);
    let mut rows = Vec::new();
    let mut is_met = vec![false; right.len()];
    for l in left {
        let partners: Vec<usize> =
            (0..right.len()).filter(|&index| are_partners(l, &right[index])).collect();
        match options.kind {
            JoinKind::Semi if !partners.is_empty() => rows.push(l.clone()),
            JoinKind::Anti if partners.is_empty() => rows.push(l.clone()),
            JoinKind::Semi | JoinKind::Anti => {}
            _ if partners.is_empty() && is_outer => {
                rows.push([l.clone(), nothing.clone()].concat());
            }
            _ => {
                for index in partners {
                    is_met[index] = true;
                    rows.push([l.clone(), more(&right[index])].concat());
                }
            }
        }
    }
    if options.kind == JoinKind::Full {
        for (r, _) in right.iter().zip(is_met).filter(|(_, is_met)| !is_met) {
            let mut row = vec![Cell::Null; NAMES.len()];
            for &key in &keys {
                row[key] = r[key].clone();
            }
            rows.push([row, more(r)].concat());
        }
    }
    rows
}

/// The same join of polars.
fn joined_by_polars(left: &Given, right: &Given, options: &JoinOptions) -> pl::LazyFrame {
    let how = match options.kind {
        JoinKind::Inner => pl::JoinType::Inner,
        JoinKind::Left => pl::JoinType::Left,
        JoinKind::Full => pl::JoinType::Full,
        JoinKind::Semi => pl::JoinType::Semi,
        JoinKind::Anti => pl::JoinType::Anti,
        JoinKind::Cross => return left.frame().cross_join(right.frame(), Some("_right".into())),
    };
    let coalesce = match options.kind {
        JoinKind::Semi | JoinKind::Anti => pl::JoinCoalesce::JoinSpecific,
        _ => pl::JoinCoalesce::CoalesceColumns,
    };
    let nulls_equal = options.nulls_equal;
    let args = pl::JoinArgs { how, coalesce, nulls_equal, ..pl::JoinArgs::default() };
    let on: Vec<pl::Expr> = options.left_on.iter().map(|name| pl::col(name.as_str())).collect();
    left.frame().join(right.frame(), on.clone(), on, args)
}

fn any_join() -> impl Strategy<Value = JoinOptions> {
    let keys = prop::sample::subsequence(NAMES[1..].to_vec(), 1..=3).prop_shuffle();
    let kind = prop::sample::select(vec![
        JoinKind::Inner,
        JoinKind::Left,
        JoinKind::Full,
        JoinKind::Semi,
        JoinKind::Anti,
        JoinKind::Cross,
    ]);
    (keys, kind, any::<bool>()).prop_map(|(keys, kind, nulls_equal)| {
        let keys = if kind == JoinKind::Cross { Vec::new() } else { keys };
        JoinOptions { nulls_equal, ..JoinOptions::on(&keys).kind(kind) }
    })
}

proptest! {
    #![proptest_config(cases(96))]

    #[test]
    fn a_join_has_the_pairs_of_equal_keys(
        left in given(24),
        right in given(24),
        options in any_join(),
    ) {
        let expected = joined(&left.rows, &right.rows, &options);
        for other in right.tables() {
            let join = |table: &Table| table.join(&other, &options, &Control::NONE);
            match options.kind {
                // Nothing says where rows of the right side without a partner are.
                JoinKind::Full => check_set(&left, &expected, join),
                _ => check(&left, &expected, join),
            }
        }
    }

    #[test]
    fn a_join_has_the_rows_of_polars(
        left in given(24),
        right in given(24),
        options in any_join(),
    ) {
        let expected = rows_of_polars(joined_by_polars(&left, &right, &options));
        let [other, _] = right.tables();
        check_set(&left, &expected, |table| table.join(&other, &options, &Control::NONE));
    }
}

proptest! {
    #![proptest_config(cases(48))]

    #[test]
    fn joins_add_up(left in given(30), right in given(30), options in any_join()) {
        prop_assume!(options.kind != JoinKind::Cross);
        let ([a, _], [b, _]) = (left.tables(), right.tables());
        let count = |left: &Table, right: &Table, kind| {
            let joined = left.join(right, &options.clone().kind(kind), &Control::NONE).unwrap();
            joined.count(&Control::NONE).unwrap()
        };
        let inner = count(&a, &b, JoinKind::Inner);
        prop_assert_eq!(inner, count(&b, &a, JoinKind::Inner));
        let alone = count(&a, &b, JoinKind::Anti);
        prop_assert_eq!(count(&a, &b, JoinKind::Semi) + alone, left.rows.len() as u64);
        prop_assert_eq!(count(&a, &b, JoinKind::Left), inner + alone);
        let others = count(&b, &a, JoinKind::Anti);
        prop_assert_eq!(count(&a, &b, JoinKind::Full), inner + alone + others);

        // Of few rows the estimate is exact, or at most the rows without a partner too high.
        let estimate = |kind| {
            a.estimate_join(&b, &options.clone().kind(kind), &Control::NONE).unwrap()
        };
        let (n_left, n_right) = (left.rows.len() as u64, right.rows.len() as u64);
        prop_assert_eq!(estimate(JoinKind::Inner), inner);
        prop_assert!((inner + alone..=inner + n_left).contains(&estimate(JoinKind::Left)));
        let most = inner + n_left + n_right;
        prop_assert!((inner + alone + others..=most).contains(&estimate(JoinKind::Full)));
    }

    #[test]
    fn joins_are_refused_beyond_their_limit_and_not_before(
        left in given(12),
        right in given(12),
        options in any_join(),
        part in 0.0..1.2_f64,
    ) {
        let ([a, _], [b, _]) = (left.tables(), right.tables());
        let all = (left.rows.len() * right.rows.len()) as f64;
        let limit = (all * part) as u64;
        let exact = a.estimate_join(&b, &options, &Control::NONE).unwrap();
        let limited = JoinOptions { limit: Some(limit), ..options };
        match a.join(&b, &limited, &Control::NONE) {
            Err(Error::TooManyRows { estimated, .. }) => {
                prop_assert!(limit < exact, "{exact} rows, at most {limit}");
                prop_assert_eq!(estimated, exact);
            }
            Err(error) => prop_assert!(false, "{error}"),
            Ok(_) => prop_assert!(exact <= limit, "{exact} rows, at most {limit}"),
        }
    }
}
