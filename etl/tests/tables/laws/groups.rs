//! Groups, bins and pivots, and SQL that says the same as a verb.

use super::*;

/// Aggregates as our text and as expressions of polars.
fn aggregates() -> Vec<(&'static str, pl::Expr)> {
    let [id, i, x, s, b, at] = NAMES.map(pl::col);
    let quarter = x.clone().quantile(pl::lit(0.25), pl::QuantileMethod::Linear);
    vec![
        ("count(*)", pl::len()),
        ("count(x)", x.clone().count()),
        ("count(DISTINCT s)", s.clone().drop_nulls().n_unique()),
        ("count(DISTINCT x)", x.clone().drop_nulls().n_unique()),
        ("sum(i)", i.clone().sum()),
        ("sum(x)", x.clone().sum()),
        ("sum(id)", id.clone().sum()),
        ("mean(i)", i.clone().mean()),
        ("mean(x)", x.clone().mean()),
        ("min(i)", i.clone().min()),
        ("max(x)", x.clone().max()),
        ("min(s)", s.clone().min()),
        ("max(s)", s.clone().max()),
        ("max(at)", at.clone().max()),
        ("std(i)", i.clone().std(1)),
        ("var(x)", x.clone().var(1)),
        ("median(i)", i.clone().median()),
        ("quantile(x, 0.25)", quarter),
        ("first(s)", s.clone().first()),
        ("first(id)", id.first()),
        ("last(at)", at.last()),
        ("bool_or(b)", b.clone().any(true)),
        ("bool_and(b)", b.all(true)),
        ("max(i) - min(i)", i.clone().max() - i.min()),
        ("count(*) FILTER (WHERE s > 'a')", s.clone().filter(s.gt(pl::lit("a"))).len()),
    ]
}

fn named() -> Vec<(&'static str, Expr)> {
    aggregates().into_iter().map(|(text, _)| (text, expr(text))).collect()
}

fn keys() -> impl Strategy<Value = Vec<&'static str>> {
    prop::sample::subsequence(NAMES[1..].to_vec(), 0..=3).prop_shuffle()
}

/// The bin that a value is in by the edges: the last edge is part of the last bin.
fn bin_of(edges: &[f64], value: f64) -> Option<usize> {
    let last = edges.len().checked_sub(2)?;
    (0..=last).find(|&bin| {
        edges[bin] <= value && (value < edges[bin + 1] || bin == last && value == edges[bin + 1])
    })
}

fn any_bins() -> impl Strategy<Value = Bins> {
    let edges = prop::collection::btree_set(-8..9_i32, 2..6).prop_map(|edges| {
        Bins::Edges(edges.into_iter().map(|edge| f64::from(edge) / 2.0).collect())
    });
    prop_oneof![
        (1..12_usize).prop_map(Bins::Linear),
        (1..12_usize).prop_map(Bins::Log),
        (1..12_usize).prop_map(Bins::Quantile),
        edges,
    ]
}

/// However their logarithms are rounded.
#[test]
fn equal_values_have_one_bin() {
    for value in [0.25, 0.3, 1.0, 7.0, 4096.0, 5e6, 8.64e10] {
        let equal = table(vec![("x", floats(&[value, value, f64::NAN]))]);
        for bins in [Bins::Linear(3), Bins::Log(3), Bins::Quantile(3)] {
            let found = equal.histogram("x", &bins, &Control::NONE).unwrap();
            let expected = (vec![value, value.next_up()], vec![2], 1);
            assert_eq!((found.edges, found.counts, found.outside), expected, "{bins:?}");
        }
    }
}

proptest! {
    #![proptest_config(cases(64))]

    #[test]
    fn groups_have_the_aggregates_of_polars(given in given(60), keys in keys()) {
        let of_polars: Vec<pl::Expr> =
            aggregates().into_iter().map(|(text, aggregate)| aggregate.alias(text)).collect();
        let by: Vec<pl::Expr> = keys.iter().map(|key| pl::col(*key)).collect();
        let expected = match by.is_empty() {
            true => given.frame().select(of_polars),
            false => given.frame().group_by_stable(by).agg(of_polars),
        };
        let expected = rows_of_polars(expected);
        check_near(&given, &expected, |table| table.group_by(&keys, &named()));
    }
}

proptest! {
    #![proptest_config(cases(48))]

    #[test]
    fn bins_hold_the_values_between_their_edges(
        given in given(60),
        name in prop::sample::select(vec!["i", "x", "at"]),
        bins in any_bins(),
    ) {
        let values: Vec<Option<f64>> = given.rows.iter().map(|row| row[at(name)].number()).collect();
        let least = if matches!(bins, Bins::Log(_)) { 0.0 } else { f64::NEG_INFINITY };
        let usable: Vec<f64> =
            values.iter().flatten().copied().filter(|&value| value > least).collect();
        let low = usable.iter().copied().reduce(f64::min);
        let high = usable.iter().copied().reduce(f64::max);
        for table in given.tables() {
            let found = table.histogram(name, &bins, &Control::NONE).unwrap();
            let edges = &found.edges;
            prop_assert!(edges.windows(2).all(|pair| pair[0] < pair[1]), "{:?}", edges);
            let places: Vec<Option<usize>> =
                values.iter().map(|value| value.and_then(|value| bin_of(edges, value))).collect();
            let n_bins = edges.len().saturating_sub(1);
            let mut counts = vec![0_u64; n_bins];
            for place in places.iter().flatten() {
                counts[*place] += 1;
            }
            prop_assert_eq!(&found.counts, &counts);
            let n_outside = places.iter().filter(|place| place.is_none()).count();
            prop_assert_eq!(found.outside, n_outside as u64);

            let n = match &bins {
                Bins::Edges(given) => {
                    prop_assert_eq!(edges, given);
                    n_bins
                }
                Bins::Linear(n) | Bins::Log(n) | Bins::Quantile(n) => {
                    // From the least to the greatest value, so that none is outside.
                    prop_assert_eq!(edges.first().copied(), low);
                    prop_assert_eq!(n_outside, values.len() - usable.len());
                    prop_assert!(edges.last().copied() >= high);
                    *n
                }
            };
            prop_assert!(n_bins <= n);
            if let (Bins::Linear(_), true, Some(low), Some(high)) = (&bins, n_bins == n, low, high) {
                for (cut, &edge) in edges.iter().enumerate() {
                    let even = low + (high - low) * cut as f64 / n as f64;
                    prop_assert!(Cell::float(edge).is_near(&Cell::float(even)), "{:?}", edges);
                }
            }

            let binned = table.bin(name, &bins, "bin", &Control::NONE).unwrap();
            prop_assert_eq!(&binned.edges, edges);
            let expected: Vec<Row> = given
                .rows
                .iter()
                .zip(&places)
                .map(|(row, place)| {
                    let bin = place.map_or(Cell::Null, |place| Cell::Int(place as i64));
                    [row.clone(), vec![bin]].concat()
                })
                .collect();
            prop_assert_eq!(read(&binned.table), expected);
            if name == "at" {
                continue;
            }
            let bounds = binned.with_bounds(Some("low"), Some("high")).unwrap();
            let bounds = read(&bounds.select(&["low", "high"]).unwrap());
            let expected: Vec<Row> = places
                .iter()
                .map(|place| match place {
                    Some(place) => vec![Cell::float(edges[*place]), Cell::float(edges[place + 1])],
                    None => vec![Cell::Null; 2],
                })
                .collect();
            prop_assert_eq!(bounds, expected);
        }
    }

    #[test]
    fn cells_of_a_pivot_are_aggregates_of_their_rows(given in given(60)) {
        let rows = &given.rows;
        let (i, s) = (at("i"), at("s"));
        let mut heads: Vec<Cell> = rows.iter().map(|row| row[s].clone()).collect();
        heads.sort();
        heads.dedup();
        let mut index: Vec<Cell> = Vec::new();
        for row in rows {
            if !index.contains(&row[i]) {
                index.push(row[i].clone());
            }
        }
        let sum = |of: &Cell, head: &Cell| {
            let ids = rows.iter().filter(|row| row[i] == *of && row[s] == *head);
            Cell::Int(ids.filter_map(|row| row[0].int()).sum())
        };
        let expected: Vec<Row> = index
            .iter()
            .map(|of| {
                let cells = heads.iter().map(|head| sum(of, head));
                std::iter::once(of.clone()).chain(cells).collect()
            })
            .collect();
        let names: Vec<&str> = heads.iter().map(|head| head.text().unwrap_or("null")).collect();
        let pivot = |table: &Table, value| table.pivot(&["i"], "s", &expr(value), &Control::NONE);
        check(&given, &expected, |table| pivot(table, "sum(id)"));
        let [table, _] = given.tables();
        let wide = pivot(&table, "count(*)").unwrap();
        let found: Vec<&str> = wide.column_names().collect();
        prop_assert_eq!(&found[1..], &names[..]);

        // Made long again, they are groups of both columns.
        if !names.is_empty() {
            let groups = table.group_by(&["i", "s"], &[("n", expr("count(*)"))]).unwrap();
            let groups = groups.fill("s", &Fill::With(expr("'null'"))).unwrap();
            let long = |table: &Table| {
                pivot(table, "count(*)")?.unpivot(&names, "s", "n")?.filter(&expr("n > 0"))
            };
            check_set(&given, &read(&groups), long);
        }
    }

    #[test]
    fn what_is_made_long_has_a_row_for_each_cell(given in given(60)) {
        let mut expected = Vec::new();
        for row in &given.rows {
            for name in ["id", "i"] {
                let value = row[at(name)].clone();
                let name = Cell::Text(name.to_owned());
                expected.push(vec![row[at("s")].clone(), name, value]);
            }
        }
        check_set(&given, &expected, |table| {
            table.select(&["s", "id", "i"])?.unpivot(&["id", "i"], "name", "value")
        });
    }
}

proptest! {
    #![proptest_config(cases(24))]

    #[test]
    fn queries_of_one_table_say_what_verbs_do(given in given(40), n in 0..50_usize) {
        let query = |query: &str, table: &Table| sql(query, &[("t", table.clone())]);
        let [table, _] = given.tables();

        let condition = "i > 0 AND (s <> 'a' OR x IS NULL) OR NOT b";
        let kept = read(&table.filter(&expr(condition)).unwrap());
        check(&given, &kept, |table| query(&format!("SELECT * FROM t WHERE {condition}"), table));

        let sums = [("n", expr("count(*)")), ("total", expr("sum(id)")), ("low", expr("min(s)"))];
        let groups = read(&table.group_by(&["i", "b"], &sums).unwrap());
        let text = "SELECT i, b, COUNT(*) AS n, SUM(id) AS total, MIN(s) AS low FROM t GROUP BY i, b";
        check_set(&given, &groups, |table| query(text, table));

        let keys = [SortKey::descending("i"), SortKey::ascending("id")];
        let first = table.drop_nulls(&["i"]).unwrap().top_k(n, &keys).unwrap();
        let text = format!("SELECT * FROM t WHERE i IS NOT NULL ORDER BY i DESC, id LIMIT {n}");
        check(&given, &read(&first), |table| query(&text, table));

        let none: [&str; 0] = [];
        let different = table.select(&["i", "s"]).unwrap().unique(&none, Keep::First).unwrap();
        check_set(&given, &read(&different), |table| query("SELECT DISTINCT i, s FROM t", table));
    }

    #[test]
    fn queries_of_two_tables_say_what_joins_do(left in given(20), right in given(20)) {
        let [other, _] = right.tables();
        let [table, _] = left.tables();
        for (kind, text) in [(JoinKind::Inner, "JOIN"), (JoinKind::Left, "LEFT JOIN")] {
            let on = JoinOptions::on(&["i", "s"]).kind(kind);
            let joined = table.join(&other, &on, &Control::NONE).unwrap();
            let joined = read(&joined.select(&["id", "x", "id_right", "x_right"]).unwrap());
            let text = format!(
                "SELECT a.id, a.x, b.id AS other, b.x AS y FROM a {text} b ON a.i = b.i AND a.s = b.s"
            );
            check_set(&left, &joined, |table| {
                sql(&text, &[("a", table.clone()), ("b", other.clone())])
            });
        }
        let both = read(&Table::concat(&[&table, &other], false).unwrap());
        check_set(&left, &both, |table| {
            let tables = [("a", table.clone()), ("b", other.clone())];
            sql("SELECT * FROM a UNION ALL SELECT * FROM b", &tables)
        });
    }
}
