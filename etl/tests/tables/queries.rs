//! SQL over tables.

use arrow::array::{DurationSecondArray, Int8Array};

use super::*;

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

/// The engine takes all values of a group for its key where there is an aggregate beside it.
#[test]
fn keys_beside_aggregates_are_their_one_value() {
    let given = table(vec![
        ("k", ints(&[Some(1), Some(1), Some(2), None])),
        ("x", ints(&[1, 2, 3, 4])),
        ("s", texts(&["a", "a", "b", "b"])),
    ]);
    let run = |query: &str| sql(query, &[("t", given.clone())])?.collect(&Control::NONE);
    for (query, expected) in [
        (
            "SELECT k, k + sum(x) AS y FROM t GROUP BY k ORDER BY k",
            &[r#"{"k":1,"y":4}"#, r#"{"k":2,"y":5}"#, r#"{"k":null,"y":null}"#][..],
        ),
        (
            "SELECT k AS z, k * 2 + max(x) - min(x) AS y FROM t GROUP BY k ORDER BY k DESC LIMIT 2",
            &[r#"{"z":null,"y":null}"#, r#"{"z":2,"y":4}"#],
        ),
        (
            "SELECT upper(s) || max(x) AS y, count(*) AS n FROM t GROUP BY upper(s) ORDER BY y",
            &[r#"{"y":"A2","n":2}"#, r#"{"y":"B4","n":2}"#],
        ),
        ("SELECT k FROM t GROUP BY k HAVING k > 1", &[r#"{"k":2}"#]),
        (
            "SELECT k, sum(x) AS y FROM t GROUP BY k HAVING k IS NULL OR sum(x) = k + 2 ORDER BY k",
            &[r#"{"k":1,"y":3}"#, r#"{"k":null,"y":4}"#],
        ),
        ("SELECT s AS z FROM t GROUP BY s HAVING z = 'a'", &[r#"{"z":"a"}"#]),
        ("SELECT upper(s) AS u FROM t GROUP BY u HAVING upper(s) = 'A'", &[r#"{"u":"A"}"#]),
        (
            "SELECT s FROM t GROUP BY s HAVING length(s) + count(*) > 2 AND s <> 'b'",
            &[r#"{"s":"a"}"#],
        ),
        (
            "SELECT s, CASE WHEN s = 'a' THEN sum(x) ELSE -k END AS y FROM t GROUP BY s, k ORDER BY y",
            &[r#"{"s":"b","y":-2}"#, r#"{"s":"a","y":3}"#, r#"{"s":"b","y":null}"#],
        ),
        (
            "SELECT s, array_agg(x) AS y, array_agg(s) AS z FROM t GROUP BY s ORDER BY s",
            &[r#"{"s":"a","y":[1,2],"z":["a","a"]}"#, r#"{"s":"b","y":[3,4],"z":["b","b"]}"#],
        ),
    ] {
        assert_eq!(rows_of(&run(query).unwrap()), expected, "{query}");
    }
    for query in [
        "SELECT s FROM t GROUP BY s HAVING x > 1",
        "SELECT s, x + sum(k) AS y FROM t GROUP BY s",
        "SELECT s FROM t GROUP BY s HAVING sum(x) > k",
    ] {
        let error = run(query).unwrap_err().to_string();
        assert!(error.contains("should participate in the GROUP BY clause"), "{query}: {error}");
    }
}

#[test]
fn sums_in_sql_do_not_wrap() {
    let one = |values: ArrayRef| table(vec![("k", texts(&["a", "b", "a"])), ("x", values)]);
    let run =
        |query: &str, table: &Table| sql(query, &[("t", table.clone())])?.collect(&Control::NONE);
    let big = one(ints(&[i64::MAX, 1, 1]));
    for query in [
        "SELECT SUM(x) AS s FROM t UNION ALL SELECT 1 AS s FROM t",
        "SELECT k FROM t WHERE x IN (SELECT SUM(x) FROM t)",
        "SELECT k, SUM(x) AS s FROM t GROUP BY k",
        "SELECT sum(x) FROM t",
        "SELECT k FROM t GROUP BY k HAVING SUM(x) > 0",
        "SELECT k, SUM(x) OVER (PARTITION BY k) AS s FROM t",
        "SELECT SUM(x) OVER (ORDER BY k) AS s FROM t",
        "WITH a AS (SELECT SUM(x - 1 + 1) + 0.5 AS s FROM t) SELECT s FROM a",
        "SELECT * FROM (SELECT SUM(x) AS s FROM t) AS a",
        "SELECT k, SUM(x) AS s FROM t GROUP BY k ORDER BY s",
    ] {
        let found = run(query, &big);
        assert!(matches!(found, Err(Error::Overflow { .. })), "{query}: {found:?}");
    }
    // Few rows are many, joined with themselves; a name may be of other values.
    let many = one(ints(&[1 << 61, 1 << 61, 1]));
    for query in [
        "SELECT SUM(a.x) AS s FROM t AS a JOIN t AS b ON a.k >= b.k OR a.k < b.k",
        "SELECT SUM(x) AS s FROM (SELECT x * 4 AS x FROM t WHERE x > 1) AS a",
    ] {
        let found = run(query, &many);
        assert!(found.is_err(), "{query}: {found:?}");
    }
    let fits = run("SELECT SUM(x) AS s FROM t", &many).unwrap();
    assert_eq!(rows_of(&fits), [r#"{"s":4611686018427387905}"#]);
    let error = run("SELECT SUM(x) AS s FROM t", &big).unwrap_err().to_string();
    assert_eq!(error, "a sum of whole numbers does not fit into 64 bits");

    let sums = "SELECT k, SUM(x) AS s, SUM(x) / COUNT(*) AS m FROM t GROUP BY k ORDER BY s DESC";
    let of = |values: ArrayRef| rows_of(&run(sums, &one(values)).unwrap());
    let whole = [r#"{"k":"a","s":4,"m":2.0}"#, r#"{"k":"b","s":-2,"m":-2.0}"#];
    assert_eq!(of(ints(&[3, -2, 1])), whole);
    assert_eq!(of(Arc::new(Int8Array::from(vec![3, -2, 1]))), whole);
    let unsigned = Arc::new(UInt64Array::from(vec![u64::MAX - 1, 2, 1]));
    assert_eq!(of(unsigned)[0], r#"{"k":"a","s":18446744073709551615,"m":9.223372036854776e18}"#);
    let lengths =
        run("SELECT SUM(x) AS s FROM t", &one(Arc::new(DurationSecondArray::from(vec![1, 2, 3]))));
    assert_eq!(lengths.unwrap().num_rows(), 1);
    let infinite = of(floats(&[f64::INFINITY, 1e300, f64::NEG_INFINITY]));
    assert_eq!(infinite.len(), 2);
    let fractions = [r#"{"k":"a","s":4.0,"m":2.0}"#, r#"{"k":"b","s":-2.0,"m":-2.0}"#];
    assert_eq!(of(floats(&[3.0, -2.0, 1.0])), fractions);
    // Sums of numbers of 32 bits have 64.
    let narrow = of(Arc::new(Int32Array::from(vec![i32::MAX, 1, i32::MAX])));
    assert_eq!(narrow[0], r#"{"k":"a","s":4294967294,"m":2147483647.0}"#);
    let none = ints(&[None::<i64>; 3]);
    assert!(of(none).iter().all(|row| row.ends_with(r#""s":null,"m":null}"#)));
    let named = run("SELECT SUM(x) FROM t", &one(ints(&[1, 2, 3]))).unwrap();
    assert_eq!(rows_of(&named), [r#"{"x":6}"#]);
    assert!(matches!(run("SELECT SUM(y) FROM t", &big), Err(Error::Unknown { .. })));
    assert!(run("SELECT SUM(k) FROM t", &big).is_err());
}

/// Oracle: `DuckDB`, whose results these are, but for `ABS(x)` of a name, which it refuses.
#[test]
fn queries_are_ordered_by_aggregates() {
    let keys = texts(&["a", "b", "a", "c", "c", "c"]);
    let of = table(vec![("k", keys), ("x", ints(&[3, 5, 4, 1, 1, 1]))]);
    let run = |query: &str| rows(&sql(query, &[("t", of.clone())]).unwrap());
    let keys =
        |found: &[&str]| found.iter().map(|k| format!(r#"{{"k":"{k}"}}"#)).collect::<Vec<_>>();
    for (query, expected) in [
        ("SELECT k FROM t GROUP BY k ORDER BY COUNT(*) DESC", &["c", "a", "b"][..]),
        ("SELECT k FROM t GROUP BY k ORDER BY COUNT(*)", &["b", "a", "c"]),
        ("SELECT k FROM t GROUP BY k ORDER BY sum(x) DESC LIMIT 2", &["a", "b"]),
        ("SELECT k FROM t GROUP BY k ORDER BY 10 - 2 * SUM(x) DESC LIMIT 1 OFFSET 1", &["b"]),
        ("SELECT k FROM t GROUP BY k HAVING COUNT(*) > 1 ORDER BY MIN(x)", &["c", "a"]),
        ("SELECT k FROM t GROUP BY k ORDER BY MAX(x) > 3 DESC, k DESC", &["b", "a", "c"]),
        (
            "WITH w AS (SELECT * FROM t WHERE x > 1) SELECT k FROM w GROUP BY k ORDER BY AVG(x)",
            &["a", "b"],
        ),
        ("SELECT k FROM (SELECT k FROM t GROUP BY k ORDER BY SUM(x) LIMIT 1) AS s", &["c"]),
    ] {
        assert_eq!(run(query), keys(expected), "{query}");
    }
    assert_eq!(
        run("SELECT k, COUNT(*) AS n, SUM(x) AS s FROM t GROUP BY k ORDER BY COUNT(*) DESC, s"),
        [r#"{"k":"c","n":3,"s":3}"#, r#"{"k":"a","n":2,"s":7}"#, r#"{"k":"b","n":1,"s":5}"#]
    );
    // Names of the result are known beside aggregates, and come before those of columns.
    assert_eq!(
        run("SELECT k, COUNT(*) AS n FROM t GROUP BY k ORDER BY n * -1 + 0 * SUM(x) LIMIT 1"),
        [r#"{"k":"c","n":3}"#]
    );
    assert_eq!(
        run("SELECT k, 0 - SUM(x) AS x FROM t GROUP BY k ORDER BY ABS(x) DESC, COUNT(*) LIMIT 1"),
        [r#"{"k":"a","x":-7}"#]
    );
    assert_eq!(
        run("SELECT t.k FROM t GROUP BY t.k ORDER BY stddev_samp(t.x) DESC, t.k LIMIT 1").len(),
        1
    );
    let distinct =
        "SELECT DISTINCT k, COUNT(*) AS n FROM t GROUP BY k ORDER BY COUNT(*) DESC LIMIT 1";
    assert_eq!(run(distinct), [r#"{"k":"c","n":3}"#]);
    let refused = sql("SELECT DISTINCT k FROM t GROUP BY k ORDER BY SUM(x)", &[("t", of.clone())]);
    assert!(matches!(refused, Err(Error::Refused { .. })));
    // What is no aggregate is as it was.
    assert_eq!(run("SELECT x FROM t ORDER BY -x, k LIMIT 1"), [r#"{"x":5}"#]);
    let over = "SELECT k, SUM(x) OVER (PARTITION BY k) AS s FROM t ORDER BY s DESC, x LIMIT 1";
    assert_eq!(run(over), [r#"{"k":"a","s":7}"#]);
}

/// A constant stands in each row, and is added up as often.
#[test]
fn sums_of_constants_count_rows() {
    let of = table(vec![("k", texts(&["a", "b", "a"])), ("x", ints(&[3, 5, 4]))]);
    let run = |query: &str| rows(&sql(query, &[("t", of.clone())]).unwrap());
    assert_eq!(
        run(
            "SELECT k, SUM(1) AS one, SUM(-2.5) AS f, SUM(2 * (1 + 1)) + SUM(x) AS both, AVG(7) AS a FROM t \
             GROUP BY k ORDER BY SUM(1) DESC"
        ),
        [
            r#"{"k":"a","one":2,"f":-5.0,"both":15,"a":7.0}"#,
            r#"{"k":"b","one":1,"f":-2.5,"both":9,"a":7.0}"#
        ]
    );
    assert_eq!(run("SELECT SUM(1), COUNT(1) AS n FROM t"), [r#"{"SUM(1)":3,"n":3}"#]);
    assert_eq!(run("SELECT SUM(1) + 1, COUNT(*) FROM t"), [r#"{"SUM(1) + 1":4,"len":3}"#]);
    assert_eq!(run("SELECT SUM(CAST(2 AS BIGINT)) AS s FROM t"), [r#"{"s":6}"#]);
    assert_eq!(run("SELECT SUM(1) AS s FROM t WHERE x > 9"), [r#"{"s":0}"#]);
    assert_eq!(run("SELECT k FROM t GROUP BY k HAVING SUM(1) > 1"), [r#"{"k":"a"}"#]);
}

/// Types have the names in errors of values that they have everywhere.
#[test]
fn values_that_cannot_be_cast_are_told_with_our_types() {
    let of = people();
    let query = "SELECT CAST(name AS BIGINT) AS n FROM t";
    let cast = of.select_exprs(&[("n", expr("CAST(name AS BIGINT)"))]).unwrap();
    for cast in [cast, sql(query, &[("t", of)]).unwrap()] {
        let error = cast.collect(&Control::NONE).unwrap_err().to_string();
        assert!(error.contains("conversion from text to int64 failed"), "{error}");
        assert!(!error.contains("strict"), "{error}");
    }
}

#[test]
fn arithmetic_in_sql_does_not_wrap() {
    let run =
        |query: &str, table: &Table| sql(query, &[("t", table.clone())])?.collect(&Control::NONE);
    let big = table(vec![
        ("k", texts(&["a", "b"])),
        ("x", ints(&[i64::MAX, 3])),
        ("y", ints(&[i64::MIN, -1])),
        ("z", Arc::new(UInt64Array::from(vec![1, 2])) as ArrayRef),
    ]);
    for query in [
        "SELECT x * 2 FROM t",
        "SELECT 2 * x FROM t",
        "SELECT x - y FROM t",
        "SELECT -y FROM t",
        "SELECT x + 1 AS s FROM t",
        "SELECT y // -1 FROM t",
        "SELECT ABS(y) FROM t",
        "SELECT POWER(x, 3) FROM t",
        "SELECT z - 2 FROM t",
        "SELECT k FROM t WHERE x * x > 3",
        "SELECT k FROM t ORDER BY x * 3",
        "SELECT k, MAX(x * 2) FROM t GROUP BY k",
        "SELECT x * 2 AS d, COUNT(*) FROM t GROUP BY x * 2",
        "SELECT k FROM t GROUP BY k HAVING MAX(x) * 2 > 0",
        "SELECT k, MAX(x) * MAX(x) FROM t GROUP BY k",
        "SELECT SUM(x * 2) FROM t",
        "SELECT CASE WHEN k = 'a' THEN x * 2 ELSE 0 END FROM t",
        "WITH a AS (SELECT x + x AS d FROM t) SELECT d FROM a",
        "SELECT k FROM t WHERE x IN (SELECT y - 1 FROM t)",
        "SELECT ROW_NUMBER() OVER (ORDER BY x * 2) AS n FROM t",
        "SELECT a.k FROM t AS a JOIN t AS b ON a.x * 2 = b.x",
        "SELECT x * 2 AS d FROM t UNION ALL SELECT 1 AS d FROM t",
    ] {
        let found = run(query, &big);
        assert!(matches!(found, Err(Error::Overflow { .. })), "{query}: {found:?}");
    }
    let error = run("SELECT x * 2 FROM t", &big).unwrap_err().to_string();
    assert_eq!(error, "9223372036854775807 * 2 does not fit into 64 bits");
    let error = run("SELECT POWER(x, -1) FROM t", &big).unwrap_err().to_string();
    assert!(error.contains("is no whole number"), "{error}");

    let small = table(vec![
        ("k", texts(&["a", "b"])),
        ("x", ints(&[Some(7), None])),
        ("y", ints(&[-2, 5])),
        ("f", floats(&[0.5, 1e300])),
        ("w", Arc::new(Int32Array::from(vec![i32::MAX, 1])) as ArrayRef),
        ("n", Arc::new(Int32Array::from(vec![2, 1])) as ArrayRef),
    ]);
    for (query, expected) in [
        ("SELECT x * y AS r FROM t", ["-14", "null"]),
        ("SELECT x // y AS r FROM t", ["-4", "null"]),
        ("SELECT x % y AS r FROM t", ["-1", "null"]),
        ("SELECT POWER(y, 2) AS r FROM t", ["4", "25"]),
        ("SELECT ABS(y) AS r FROM t", ["2", "5"]),
        ("SELECT x * f AS r FROM t", ["3.5", "null"]),
        ("SELECT f * f * 0 AS r FROM t WHERE f < 1", ["0.0", ""]),
        // Numbers of 32 bits have 64 here, and the count of rows, of 32 without a sign, may be below 0.
        ("SELECT w * n AS r FROM t", ["4294967294", "1"]),
        ("SELECT COUNT(*) - 5 AS r FROM t GROUP BY k ORDER BY k", ["-4", "-4"]),
        (
            "SELECT a.w AS r FROM t AS a JOIN t AS b ON a.w + 0 = b.w ORDER BY a.k",
            ["2147483647", "1"],
        ),
        ("SELECT SUM(x * y) OVER (PARTITION BY k) AS r FROM t ORDER BY k", ["-14", "null"]),
    ] {
        let found = run(query, &small).unwrap();
        let expected: Vec<String> = expected
            .iter()
            .filter(|value| !value.is_empty())
            .map(|value| format!(r#"{{"r":{value}}}"#))
            .collect();
        assert_eq!(rows_of(&found), expected, "{query}");
    }
}

#[test]
fn joins_in_sql_are_estimated_before_they_run() {
    let n = 20_000;
    let t = table(vec![("k", ints(&vec![1; n])), ("id", ints(&(0..n as i64).collect::<Vec<_>>()))]);
    let run = |query: &str, limit| {
        let tables = [("t", t.clone()), ("u", t.clone())];
        let options = SqlOptions { limit, ..SqlOptions::default() };
        graph_etl::table::sql(query, &tables, &options, &Control::NONE)
    };
    for query in [
        "SELECT * FROM t JOIN u ON t.k = u.k",
        "SELECT * FROM t LEFT JOIN u ON t.k = u.k",
        "SELECT * FROM t, u WHERE t.k = u.k",
        "SELECT * FROM t CROSS JOIN u",
        "SELECT * FROM t CROSS JOIN u WHERE t.k = u.k",
        "SELECT * FROM t JOIN u ON t.k = u.k AND t.id < u.id",
        "SELECT * FROM t JOIN u ON t.id < u.id",
        "SELECT COUNT(*) AS n FROM (SELECT t.id FROM t JOIN u ON t.k + 1 = u.k + 1) AS a",
        "WITH a AS (SELECT * FROM t NATURAL JOIN u) SELECT a.id FROM a JOIN t ON a.k = t.k",
    ] {
        match run(query, Some(1_000_000)) {
            Err(Error::TooManyRows { estimated, limit: 1_000_000, .. }) => {
                assert!((150_000_000..=400_020_000).contains(&estimated), "{query}: {estimated}");
            }
            other => panic!("{query}: {other:?}"),
        }
        assert!(run(query, None).is_ok(), "{query}");
    }
    for query in [
        "SELECT * FROM t JOIN u ON t.id = u.id",
        "SELECT * FROM t CROSS JOIN u WHERE t.id = u.id",
        "SELECT * FROM t JOIN u ON t.id = u.id AND t.k <= u.k",
        "SELECT * FROM t WHERE k IN (SELECT k FROM u)",
        "SELECT * FROM t JOIN u ON t.id > u.id + 1000000",
    ] {
        assert!(run(query, Some(1_000_000)).is_ok(), "{query}");
    }
}

/// The engine takes neither as it is written. Rows counted by hand.
#[test]
fn names_may_be_alike_and_rows_chosen_by_what_is_not_selected() {
    let ages = table(vec![
        ("k", texts(&["a", "a", "b"])),
        ("x", ints(&[5, 6, 7])),
        ("y", ints(&[1, 2, 3])),
    ]);
    let run = |query: &str| {
        let mut found = rows(&sql(query, &[("t", ages.clone())]).unwrap());
        found.sort();
        found
    };
    let two = "SELECT k, min(x), max(x), min(y), max(y) FROM t WHERE k = 'b' GROUP BY k";
    assert_eq!(run(two), [r#"{"k":"b","min(x)":7,"max(x)":7,"min(y)":3,"max(y)":3}"#]);
    let both = [r#"{"k":"a","min(x)":5,"max(x)":6}"#, r#"{"k":"b","min(x)":7,"max(x)":7}"#];
    assert_eq!(run("SELECT k, min(x), max(x) FROM t GROUP BY k"), both);
    assert_eq!(run("SELECT x, x + 1 FROM t WHERE k = 'b'"), [r#"{"x":7,"x + 1":8}"#]);
    assert_eq!(
        run("SELECT *, x * 2 FROM t WHERE k = 'b'"),
        [r#"{"k":"b","x":7,"y":3,"x * 2":14}"#]
    );
    let named = "SELECT low FROM (SELECT k, min(x) AS low, max(x) FROM t GROUP BY k) AS u";
    assert_eq!(run(named), [r#"{"low":5}"#, r#"{"low":7}"#]);
    // One name is nobody's but its own, as before.
    assert_eq!(run("SELECT k, max(x) FROM t GROUP BY k HAVING max(x) > 6"), [r#"{"k":"b","x":7}"#]);
    let latest =
        "SELECT k, y FROM t QUALIFY row_number() OVER (PARTITION BY k ORDER BY x DESC) = 1";
    assert_eq!(run(latest), [r#"{"k":"a","y":2}"#, r#"{"k":"b","y":3}"#]);
    for order in ["k DESC", "x DESC"] {
        let first = format!("{latest} ORDER BY {order} LIMIT 1");
        assert_eq!(run(&first), [r#"{"k":"b","y":3}"#], "{order}");
    }
    let but_x =
        "SELECT * EXCLUDE (x) FROM t QUALIFY row_number() OVER (PARTITION BY k ORDER BY x) = 1";
    assert_eq!(run(but_x), [r#"{"k":"a","y":1}"#, r#"{"k":"b","y":3}"#]);
    // Sums are 11 and 7; counts of groups are of no rows of their own.
    let least = "QUALIFY row_number() OVER (ORDER BY sum(x)) = 1";
    for selected in ["k", "k, sum(x) AS s"] {
        let found = run(&format!("SELECT {selected} FROM t GROUP BY k {least}"));
        assert!(found.len() == 1 && found[0].contains(r#""k":"b""#), "{selected}: {found:?}");
    }
    let most = format!("SELECT k FROM t GROUP BY k {least} ORDER BY max(y)");
    assert_eq!(run(&most), [r#"{"k":"b"}"#]);
    assert!(sql(&format!("SELECT k FROM t {least}"), &[("t", ages.clone())]).is_err());
    // The engine would leave out both.
    for query in [
        "SELECT * EXCLUDE (x), x + 1 AS x FROM t",
        "SELECT * EXCLUDE (x), x + 1 FROM t",
        "SELECT k, * EXCLUDE (y, k) FROM t",
    ] {
        let error = sql(query, &[("t", ages.clone())]).unwrap_err().to_string();
        assert!(error.contains("beside another column") && error.contains("REPLACE"), "{error}");
    }
    let replaced = "SELECT * REPLACE (x + 1 AS x) FROM t WHERE k = 'b'";
    assert_eq!(run(replaced), [r#"{"k":"b","x":8,"y":3}"#]);
    let case = "SELECT y, CASE WHEN x > 5 THEN y ELSE 0 END FROM t WHERE k = 'b'";
    assert_eq!(run(case), [r#"{"y":3,"CASE WHEN x > 5 THEN y ELSE 0 END":3}"#]);
    let other = sql("SELECT k FROM (SELECT k FROM t) AS u WHERE x > 5", &[("t", ages.clone())]);
    let error = other.unwrap_err().to_string();
    assert!(error.starts_with("column `x`, where this query has it, is refused"), "{error}");
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
    for wrong in ["name ~ 'a('", "name !~* 'a('", "name RLIKE 'a('", "REGEXP_LIKE(name, 'a(')"] {
        let error = sql(&format!("SELECT * FROM people WHERE {wrong}"), &tables()).unwrap_err();
        assert_eq!(
            error.to_string(),
            "`a(` is not a regular expression: unclosed group",
            "{wrong}"
        );
    }
    assert_eq!(
        rows(&sql("SELECT age FROM people WHERE name ~ '^a'", &tables()).unwrap()),
        [r#"{"age":30}"#]
    );
    assert!(matches!(sql("SELEC 1", &tables()), Err(Error::Engine { .. })));
    for (asked, expected) in [
        (
            "name SIMILAR TO 'a%'",
            "name SIMILAR TO 'a%' is refused: patterns are those of LIKE and ILIKE, and regular \
             expressions behind ~ and ~*",
        ),
        (
            "DATE '2023-02-29' < DATE '2024-02-29'",
            "DATE '2023-02-29' is refused: days of the calendar are written as DATE '2024-02-29'",
        ),
        ("name !~ (name)", "a regular expression is `(name)`, but must be a text in single quotes"),
        (
            "name AT TIME ZONE 'it''s' = name",
            "planning SQL: expression name AT TIME ZONE 'it''s' is not currently supported",
        ),
    ] {
        let error = sql(&format!("SELECT * FROM people WHERE {asked}"), &tables()).unwrap_err();
        assert_eq!(error.to_string(), expected, "{asked}");
    }
    let error = sql("SELECT name FROM people HAVING age > 3", &tables()).unwrap_err().to_string();
    assert!(error.ends_with("found:\nage > 3"), "{error}");
    let error = sql("SELECT name, age AS name FROM people", &tables()).unwrap_err().to_string();
    assert!(error.ends_with("name one of these columns otherwise, as in `x AS other`"), "{error}");
    // The parser tries each level twice.
    let nested =
        format!("SELECT {}age{} AS a FROM people", "CAST(".repeat(60), " AS INT)".repeat(60));
    let error = sql(&nested, &tables()).unwrap_err().to_string();
    assert!(error.contains("more than 12 levels"), "{error}");
    assert!(matches!(
        sql("SELECT * FROM 'x.csv'", &tables()),
        Err(Error::Unknown { .. } | Error::Engine { .. } | Error::Refused { .. })
    ));
}
