//! From a plan to rows: in pieces, watched and stopped.

use super::*;

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

/// `n` rows that all have the key 1, and the numbers `x` from `from` on.
fn alike(n: i64, from: i64) -> Table {
    table(vec![
        ("key", ints(&vec![1; n as usize])),
        ("x", ints(&(from..from + n).collect::<Vec<_>>())),
    ])
}

/// As [`sql`], without an estimate that would refuse what is large.
fn sql_of_any_size(query: &str, tables: &[(&str, Table)]) -> Result<Table> {
    let options = SqlOptions { limit: None, ..SqlOptions::default() };
    graph_etl::table::sql(query, tables, &options, &Control::NONE)
}

fn join_of_any_size(left: &Table, right: &Table) -> Table {
    let options = JoinOptions { limit: None, ..JoinOptions::on(&["key"]) };
    left.join(right, &options, &Control::NONE).unwrap()
}

/// Runs `work` with a control that stops it some time after more than `n` rows were read: all of one side of a join, and
/// some of the other.
fn stopped_in_its_join<T>(n: u64, work: impl FnOnce(&Control) -> Result<T>) {
    let (stop, looks) = (AtomicBool::new(false), AtomicU32::new(0));
    let report = |progress: graph_etl::Progress| {
        if progress.done > n && looks.fetch_add(1, Ordering::Relaxed) > 5 {
            stop.store(true, Ordering::Relaxed);
        }
    };
    let done = work(&Control::default().reporting(&report).stopped_by(&stop));
    assert!(matches!(done, Err(Error::Stopped { .. })), "{:?}", done.err());
}

/// They would run for hours.
#[test]
fn joins_are_stopped_on_their_way() {
    let n = 1_000_000;
    let (left, right) = (alike(n, 0), alike(n, n));
    let joined = join_of_any_size(&left, &right);
    stopped_in_its_join(n as u64, |control| joined.count(control));
    stopped_in_its_join(n as u64, |control| {
        joined.group_by(&["x"], &[("n", expr("count(*)"))])?.collect(control)
    });
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("out.parquet");
    let nothing = joined.filter(&expr("x > x_right")).unwrap();
    stopped_in_its_join(n as u64, |control| {
        nothing.write(path.to_str().unwrap(), &WriteOptions::default(), control)
    });
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    stopped_in_its_join(n as u64, |control| nothing.for_each_batch(control, |_| Ok(())));
    // The tables are as they were.
    assert_eq!(left.count(&Control::NONE).unwrap(), n as u64);
}

/// They would run for hours, too, though most have no rows.
#[test]
fn joins_in_sql_are_stopped_on_their_way() {
    let n = 1_000_000;
    let tables = [("a", alike(n, 0)), ("b", alike(n, n))];
    for query in [
        "SELECT count(*) AS n FROM a JOIN b ON a.key = b.key",
        "SELECT count(*) AS n FROM a CROSS JOIN b",
        "SELECT a.x FROM a JOIN b ON a.key = b.key AND a.x > b.x",
        "SELECT a.x FROM a JOIN b ON a.x > b.x",
        "SELECT a.x FROM a, b WHERE a.x > b.x",
        "SELECT s FROM (SELECT a.x AS p, b.x AS q, a.key AS s FROM a CROSS JOIN b) AS c WHERE p > q",
    ] {
        let table = sql_of_any_size(query, &tables).unwrap();
        stopped_in_its_join(n as u64, |control| table.collect(control));
    }
}

#[test]
fn joins_that_are_watched_have_the_rows_of_others() {
    let tables = [("people", people()), ("pets", pets())];
    for query in [
        "SELECT * FROM people JOIN pets ON people.name = pets.owner",
        "SELECT * FROM people LEFT JOIN pets ON people.name = pets.owner WHERE pets.age > 1",
        "SELECT * FROM people FULL JOIN pets ON people.name = pets.owner AND people.age = pets.age",
        "SELECT * FROM people CROSS JOIN pets WHERE people.age > 10 * pets.age OR pet = 'emu'",
        "SELECT name, pet FROM people JOIN pets ON people.age < 10 * pets.age",
        "SELECT name, pet FROM people, pets WHERE name <> owner AND people.age + pets.age > 25",
        "SELECT * FROM people WHERE name IN (SELECT owner FROM pets WHERE age > 1)",
        "SELECT count(*) AS n FROM people CROSS JOIN pets",
        "WITH both AS (SELECT name, pet FROM people JOIN pets ON name = owner) \
         SELECT a.pet, b.pet AS other FROM both a JOIN both b ON a.name = b.name WHERE a.pet <> b.pet \
         UNION ALL SELECT name, pet FROM both",
    ] {
        let table = sql(query, &tables).unwrap();
        let mut plain = rows(&table);
        let no_stop = AtomicBool::new(false);
        let watched = table.collect(&Control::default().stopped_by(&no_stop)).unwrap();
        let within = table.within(&Budget::new(1 << 20)).unwrap();
        for seen in [watched, within.collect(&Control::NONE).unwrap()] {
            let mut seen = rows_of(&seen);
            // In no particular order.
            plain.sort_unstable();
            seen.sort_unstable();
            assert_eq!(seen, plain, "{query}");
        }
    }
}

/// What polars' streaming engine has not.
#[test]
fn joins_by_comparisons_and_counts_of_many_tables() {
    let tables = [("people", people()), ("pets", pets())];
    for (query, expected) in [
        ("SELECT name, pet FROM people JOIN pets ON people.age > 9 * pets.age AND pet > 'd'", 7),
        ("SELECT name, pet FROM people CROSS JOIN pets WHERE people.age > 9 * pets.age", 11),
        ("SELECT * FROM people, pets WHERE people.age > 9 * pets.age AND pets.age <> 1", 7),
    ] {
        assert_eq!(rows(&sql(query, &tables).unwrap()).len(), expected, "{query}");
    }
    let crossed = JoinOptions { kind: JoinKind::Cross, ..JoinOptions::default() };
    let pairs = people().join(&pets(), &crossed, &Control::NONE).unwrap();
    assert_eq!(rows(&pairs.filter(&expr("age > 9 * age_right")).unwrap()).len(), 11);
    let all =
        "SELECT count(*) AS n FROM (SELECT age FROM people UNION ALL SELECT age FROM pets) AS t";
    assert_eq!(rows(&sql(all, &tables).unwrap()), [r#"{"n":10}"#]);
}

#[test]
fn joins_make_no_more_than_a_budget_has() {
    let (left, right) = (alike(3000, 0), alike(3000, 3000));
    let joined = join_of_any_size(&left, &right);
    // Of 9 million rows of 24 bytes.
    let count = joined.group_by(&[] as &[&str], &[("n", expr("sum(x + x_right)"))]).unwrap();
    for table in [&joined, &count, &joined.limit(9_000_000).unwrap()] {
        let refused = table.within(&Budget::new(1 << 24)).unwrap().collect(&Control::NONE);
        assert!(matches!(refused, Err(Error::OverBudget { limit: 16_777_216 })), "{refused:?}");
        let budget = Budget::new(1 << 30);
        assert!(table.within(&budget).unwrap().collect(&Control::NONE).is_ok());
        assert!(!budget.is_spent());
    }
    // Tables put after one another are as much as they are together.
    let mut doubled = left.clone();
    for _ in 0..10 {
        doubled = Table::concat(&[&doubled, &doubled], false).unwrap();
    }
    let refused = doubled.within(&Budget::new(1 << 24)).unwrap().collect(&Control::NONE);
    assert!(matches!(refused, Err(Error::OverBudget { .. })), "{refused:?}");
    // What has no joins makes nothing.
    let nothing = Budget::new(0);
    assert_eq!(left.within(&nothing).unwrap().collect(&Control::NONE).unwrap().num_rows(), 3000);
}

#[test]
fn rows_that_are_not_held_may_be_more_than_a_budget_has() {
    let joined = join_of_any_size(&alike(3000, 0), &alike(3000, 3000));
    let budget = Budget::new(1 << 24);
    let count = |table: &Table| table.holding_within(&budget).unwrap().count(&Control::NONE);
    assert_eq!(count(&joined.filter(&expr("x >= 0")).unwrap()).unwrap(), 9_000_000);
    // A window has all rows before any comes out of it.
    let ranked = joined.unique(&["x", "x_right"], Keep::First).unwrap();
    assert!(matches!(count(&ranked), Err(Error::OverBudget { .. })));
}

#[test]
fn tables_that_double_at_each_step_are_refused() {
    let mut table = alike(1, 0);
    let refused = (0..64).find_map(|_| match Table::concat(&[&table, &table], false) {
        Ok(twice) => {
            table = twice;
            None
        }
        Err(error) => Some(error.to_string()),
    });
    let refused = refused.unwrap();
    assert!(refused.contains("compute one that is used often first"), "{refused}");
}

#[test]
fn names_of_names_that_explode_are_refused() {
    let tables = [("t", alike(1, 0))];
    let doubled = |times: usize| {
        let named = (1..=times).map(|at| {
            let last = at - 1;
            format!(", t{at} AS (SELECT x FROM t{last} UNION ALL SELECT x FROM t{last})")
        });
        let named = named.collect::<Vec<_>>().concat();
        let start = "WITH t0 AS (SELECT x FROM t)";
        sql_of_any_size(&format!("{start}{named} SELECT count(*) AS n FROM t{times}"), &tables)
    };
    assert_eq!(rows(&doubled(5).unwrap()), [r#"{"n":32}"#]);
    let refused = doubled(50).unwrap_err().to_string();
    assert!(refused.contains("parts") && refused.contains("there can be 2000"), "{refused}");
}
