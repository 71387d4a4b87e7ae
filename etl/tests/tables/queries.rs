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

#[test]
fn sums_in_sql_do_not_wrap() {
    let one = |values: ArrayRef| table(vec![("k", texts(&["a", "b", "a"])), ("x", values)]);
    let run = |query: &str, table: &Table| {
        graph_etl::table::sql(query, &[("t", table.clone())])?.collect(&Control::NONE)
    };
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
