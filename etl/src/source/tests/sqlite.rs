use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use arrow::datatypes::DataType;
use rusqlite::Connection;
use tempfile::TempDir;

use super::*;
use crate::source::Parameter;
use crate::{Error, source::Fault};

/// A database made by the statements.
fn database(statements: &str) -> (TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a b.db");
    Connection::open(&path).unwrap().execute_batch(statements).unwrap();
    let address = format!("sqlite:{}", path.to_str().unwrap().replace(' ', "%20"));
    (folder, address)
}

fn fault(result: Result<RecordBatch>) -> Fault {
    match result.unwrap_err() {
        Error::Source(error) => error.fault,
        error => panic!("{error}"),
    }
}

#[test]
fn columns_have_the_types_of_their_values() {
    let (_folder, address) = database(
        "CREATE TABLE t (i INTEGER, r REAL, s TEXT, b BLOB, mixed, late, d DECIMAL(3), e VARCHAR(9));
         INSERT INTO t VALUES (1, 2, 'x', x'00ff', 3, NULL, 1, NULL),
                              (NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
                              (-9223372036854775808, 0.5, 'ü''', x'', 4.5, 'now', 2, NULL);",
    );
    let batch = rows(&address, SourceOptions::default()).unwrap();
    let types: Vec<_> = batch.schema().fields().iter().map(|f| f.data_type().clone()).collect();
    let [int, float, text, bytes] =
        [DataType::Int64, DataType::Float64, DataType::Utf8View, DataType::BinaryView];
    let expected =
        [int.clone(), float.clone(), text.clone(), bytes, float, text.clone(), int, text];
    assert_eq!(types, expected);
    let columns: Vec<_> = batch.columns().iter().map(shown).collect();
    assert_eq!(columns[0], ["1", "-", "-9223372036854775808"]);
    assert_eq!(columns[1], ["2.0", "-", "0.5"]);
    assert_eq!(columns[2], ["x", "-", "ü'"]);
    assert_eq!(columns[3], ["00ff", "-", ""]);
    assert_eq!(columns[4], ["3.0", "-", "4.5"]);
    assert_eq!(columns[5], ["-", "-", "now"]);
    assert_eq!(columns[7], ["-", "-", "-"]);
}

#[test]
fn many_rows_come_in_batches_and_types_may_widen_between_them() {
    let (_folder, address) = database(
        "CREATE TABLE t AS WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n \
           WHERE i < 149999)
         SELECT i, CASE WHEN i = 140000 THEN 0.25 WHEN i = 149999 THEN NULL ELSE i END AS x, \
           CASE WHEN i < 70000 THEN NULL ELSE 'é' || i END AS s FROM n;",
    );
    let source = Source::new(&address, SourceOptions::default()).unwrap();
    let found = source.rows(&Control::NONE).unwrap();
    let sizes: Vec<_> = found.batches.iter().map(RecordBatch::num_rows).collect();
    assert_eq!(sizes, [65_536, 65_536, 18_928]);
    let batch = concat_batches(&found.schema, &found.batches).unwrap();
    let (i, x, s) = (shown(batch.column(0)), shown(batch.column(1)), shown(batch.column(2)));
    for row in 0..150_000 {
        assert_eq!(i[row], row.to_string());
        let expected = match row {
            140_000 => "0.25".to_owned(),
            149_999 => "-".to_owned(),
            _ => format!("{row}.0"),
        };
        assert_eq!(x[row], expected);
        assert_eq!(s[row], if row < 70_000 { "-".to_owned() } else { format!("é{row}") });
    }
}

#[test]
fn many_rows_go_through_temporary_files() {
    let (_folder, address) = database(
        "CREATE TABLE t AS WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n \
           WHERE i < 299999)
         SELECT i, CASE WHEN i = 190000 THEN 0.25 WHEN i % 3 = 0 THEN NULL ELSE i END AS x, \
           CASE WHEN i < 250000 THEN NULL ELSE 'é' || i END AS s, NULL AS none FROM n;",
    );
    let read = |max_memory| {
        let options = SourceOptions { max_memory, ..SourceOptions::default() };
        Source::new(&address, options).unwrap().open(&Control::NONE).unwrap()
    };
    let (held, spilled) = (read(1 << 30), read(1 << 20));
    assert!(held.is_in_memory() && !spilled.is_in_memory());
    assert_eq!((held.rows, spilled.rows), (Some(300_000), Some(300_000)));
    assert!(spilled.table.plan().unwrap().contains("held-"), "it went through files");
    let [held, spilled] = [held, spilled].map(|opened| opened.table.collect(&Control::NONE));
    assert!(held.unwrap() == spilled.unwrap());
}

#[test]
fn parameters_are_bound() {
    let (_folder, address) = database(
        "CREATE TABLE t (name TEXT, n INTEGER);
         INSERT INTO t VALUES ('a', 1), ('b', 2), (''' OR 1=1 --', 3);",
    );
    let asked = |params: Vec<Parameter>| {
        let options = SourceOptions { params, ..query("SELECT n FROM t WHERE name = ?") };
        rows(&address, options)
    };
    let name = |name: &str| vec![Parameter::Text(name.to_owned())];
    assert_eq!(shown(asked(name("b")).unwrap().column(0)), ["2"]);
    assert_eq!(shown(asked(name("' OR 1=1 --")).unwrap().column(0)), ["3"]);
    assert_eq!(asked(vec![Parameter::Null]).unwrap().num_rows(), 0);
    assert_eq!(
        asked(vec![]).unwrap_err().to_string(),
        format!(
            "{}: the query has 1 placeholders, but 0 parameters were given",
            address.replace("%20", " ")
        )
    );
    let address = format!("{address}?query=SELECT name FROM t WHERE n > ?1 + 0&param=2");
    assert_eq!(shown(rows(&address, SourceOptions::default()).unwrap().column(0)), ["' OR 1=1 --"]);
}

#[test]
fn what_does_not_fit_is_named_with_its_row() {
    let (_folder, address) = database(
        "CREATE TABLE t (x); INSERT INTO t VALUES (1), (NULL), ('two');
         CREATE TABLE big (x); INSERT INTO big VALUES (9007199254740993), (0.5);
         CREATE TABLE late (x); INSERT INTO late VALUES (0.5), (9007199254740993);
         CREATE TABLE latin (x TEXT); INSERT INTO latin VALUES (CAST(x'ff' AS TEXT));",
    );
    let asked = |table: &str| {
        fault(rows(&format!("{address}?table={table}"), SourceOptions::default())).to_string()
    };
    assert_eq!(
        asked("t"),
        "row 3 of column `x` holds text, but it holds whole numbers before; cast it in the query"
    );
    assert!(
        asked("big")
            .starts_with("row 2 of column `x` holds a number, but it holds whole numbers beyond")
    );
    assert!(asked("late").starts_with("row 2 of column `x` holds a whole number beyond 2^53"));
    assert_eq!(asked("latin"), "row 1 of column `x`: the text is not UTF-8");
    assert_eq!(asked("bigg"), "there is no table `bigg`; did you mean `big`?");
    let missing = fault(rows(&address, SourceOptions::default())).to_string();
    assert_eq!(missing, "a table is missing: name one of `big`, `late`, `latin`, `t`, or a query");
}

#[test]
fn a_database_is_only_read() {
    let (folder, address) = database("CREATE TABLE t (x); INSERT INTO t VALUES (1);");
    let other = folder.path().join("other.db");
    let attach = format!("ATTACH '{}' AS other", other.display());
    for statement in [
        "DELETE FROM t",
        "INSERT INTO t VALUES (2) RETURNING x",
        "DROP TABLE t",
        "PRAGMA user_version = 7",
        "-- SELECT\n PRAGMA table_list",
        &attach,
        "SELECT 1; DELETE FROM t",
        "EXPLAIN SELECT 1",
        "",
    ] {
        let fault = fault(rows(&address, query(statement)));
        assert!(matches!(fault, Fault::NotAQuery { .. }), "{statement}: {fault}");
    }
    assert!(!other.exists());
    let count = rows(&address, query("/* a */ -- b\nselect count(*) AS n FROM t; ")).unwrap();
    assert_eq!(shown(count.column(0)), ["1"]);
    let fault_of = |text| fault(rows(&address, query(text)));
    let twice = fault_of("SELECT a.x, b.x FROM t a, t b").to_string();
    assert_eq!(twice, "there are two columns `x`; name them with AS");
    let syntax = fault_of("SELECT x FRÖM t").to_string();
    assert!(
        syntax.ends_with("(at character 13 of the query)") || syntax.contains("of the query"),
        "{syntax}"
    );
    let missing = rows("sqlite:no/such.db", SourceOptions::default()).unwrap_err().to_string();
    assert!(
        missing.starts_with("sqlite:no/such.db: ") && missing.contains("No such file"),
        "{missing}"
    );
    let text = folder.path().join("text.db");
    std::fs::write(&text, "not a database, but long enough to be taken for one by a reader")
        .unwrap();
    let error = rows(text.to_str().unwrap(), SourceOptions::default()).unwrap_err().to_string();
    assert!(error.contains("not a database"), "{error}");
    assert!(Path::new(&text).exists());
}

#[test]
fn long_queries_end_by_time_by_size_and_by_the_caller() {
    const ENDLESS: &str =
        "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n) SELECT sum(i) FROM n";
    let (_folder, address) = database("CREATE TABLE t (x);");
    let begin = Instant::now();
    let options = SourceOptions { timeout_secs: 0.1, ..query(ENDLESS) };
    assert!(matches!(fault(rows(&address, options)), Fault::Timeout { .. }));
    let stop = AtomicBool::new(true);
    let source = Source::new(&address, query(ENDLESS)).unwrap();
    let error = source.rows(&Control::default().stopped_by(&stop)).map_err(|h| source.error(h));
    assert!(matches!(error, Err(Error::Stopped { .. })));
    assert!(begin.elapsed() < Duration::from_mins(1));
    let wide = ENDLESS.replace("sum(i)", "i, zeroblob(1000)");
    let options = SourceOptions { max_bytes: 1 << 20, ..query(&wide) };
    assert!(matches!(fault(rows(&address, options)), Fault::TooManyBytes { limit: 1_048_576 }));
}

#[test]
fn options_of_other_sources_are_refused() {
    let options = SourceOptions { records: Some("/a".into()), ..SourceOptions::default() };
    let error = Source::new("a.db", options).unwrap_err().to_string();
    assert_eq!(error, "a.db: option `records` is not one of SQLite");
    let error = Source::new("a.csv", query("SELECT 1")).unwrap_err().to_string();
    assert_eq!(error, "a.csv: option `query` is not one of files");
    assert!(Source::new("sqlite:a.db?table=t", query("SELECT 1")).is_err());
    assert!(Source::new("sqlite:a.db?query=SELECT 2", query("SELECT 1")).is_err());
    assert!(Source::new("sqlite:a.db?table=t&param=1", SourceOptions::default()).is_err());
}
