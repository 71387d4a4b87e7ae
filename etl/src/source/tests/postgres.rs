//! PostgreSQL as a source.

use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use arrow::datatypes::{DataType, TimeUnit};

use super::postgresql::Server;
use super::*;
use crate::source::Parameter;
use crate::{Error, source::Fault};

impl Server {
    fn execute(&self, statements: &str) {
        let url = self.address().replace("postgres:", "postgresql:");
        ::postgres::Client::connect(&url, ::postgres::NoTls)
            .unwrap()
            .batch_execute(statements)
            .unwrap();
    }
}
fn fault(result: Result<RecordBatch>) -> Fault {
    match result.unwrap_err() {
        Error::Source(error) => error.fault,
        error => panic!("{error}"),
    }
}

#[test]
fn a_server_of_postgresql_is_read() {
    let Some(server) = Server::start() else { return };
    types_are_kept(&server);
    rows_come_through_a_portal(&server);
    tables_are_found_by_name(&server);
    parameters_are_bound_as_the_server_expects(&server);
    nothing_is_changed(&server);
    long_queries_end(&server);
    faults_are_named(&server);
}

#[test]
fn what_passes_is_encrypted_if_the_server_proves_its_name() {
    let Some((server, address)) = Server::start_encrypted() else { return };
    let asked = |address: &str, parameters: &str| {
        let text = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
        rows(&format!("{address}?{parameters}"), query(text))
    };
    let certificate = server.folder.path().join("certificate");
    let trusted = format!("sslmode=verify-full&sslrootcert={}", certificate.display());
    assert_eq!(shown(asked(&address, &trusted).unwrap().column(0)), ["true"]);
    assert_eq!(shown(asked(&address, "sslmode=disable").unwrap().column(0)), ["false"]);
    assert_eq!(shown(asked(&address, "").unwrap().column(0)), ["false"]);
    // Another name, and a certificate that nobody knows.
    let other = address.replace("@localhost", "@127.0.0.1");
    for (address, parameters) in [(&other, trusted.as_str()), (&address, "sslmode=require")] {
        let fault = fault(asked(address, parameters));
        assert!(matches!(fault, Fault::Connection { .. } | Fault::BadAddress { .. }), "{fault}");
    }
    let text = "SELECT pg_sleep(600)::text AS s";
    let options = SourceOptions { timeout_secs: 0.5, ..query(text) };
    let late = fault(rows(&format!("{address}?{trusted}"), options));
    assert!(matches!(late, Fault::Timeout { .. }), "{late}");
}

fn types_are_kept(server: &Server) {
    server.execute(
        "CREATE TYPE mood AS ENUM ('sad', 'glad'); CREATE DOMAIN age AS smallint;
         CREATE TABLE kinds (flag boolean, tiny smallint, n integer, big bigint, r real,
           d double precision, money numeric(10, 2), loose numeric, huge numeric(39, 0), s text,
           v varchar(5), c char(3), j json, jb jsonb, u uuid, raw bytea, day date, clock time,
           local timestamp, instant timestamptz, tags text[], grid integer[], m mood, a age);
         INSERT INTO kinds VALUES (true, -2, 3, 9007199254740993, 1.5, 0.1, -12345678.90, 1e-7, 7,
           'ü', 'abc', 'x', '{\"a\": 1}', '{\"b\":  2}', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11',
           '\\x00ff', '1969-12-31', '23:59:59.000001', '2026-02-03 04:05:06.789',
           '2026-02-03 04:05:06+02', '{a,NULL,\"b c\"}', '{}', 'glad', 44);
         INSERT INTO kinds SELECT;",
    );
    let address = format!("{}?table=kinds", server.address());
    let batch = rows(&address, SourceOptions::default()).unwrap();
    assert_eq!(batch.num_rows(), 2);
    let list = |kind| {
        DataType::List(std::sync::Arc::new(arrow::datatypes::Field::new("item", kind, true)))
    };
    let micros = TimeUnit::Microsecond;
    let expected = [
        ("flag", DataType::Boolean, "true"),
        ("tiny", DataType::Int16, "-2"),
        ("n", DataType::Int32, "3"),
        ("big", DataType::Int64, "9007199254740993"),
        ("r", DataType::Float32, "1.5"),
        ("d", DataType::Float64, "0.1"),
        ("money", DataType::Decimal128(10, 2), "-12345678.90"),
        ("loose", DataType::Float64, "1e-7"),
        ("huge", DataType::Float64, "7.0"),
        ("s", DataType::Utf8View, "ü"),
        ("v", DataType::Utf8View, "abc"),
        ("c", DataType::Utf8View, "x  "),
        ("j", DataType::Utf8View, "{\"a\": 1}"),
        ("jb", DataType::Utf8View, "{\"b\": 2}"),
        ("u", DataType::Utf8View, "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"),
        ("raw", DataType::BinaryView, "00ff"),
        ("day", DataType::Date32, "1969-12-31"),
        ("clock", DataType::Time64(micros), "23:59:59.000001"),
        ("local", DataType::Timestamp(micros, None), "2026-02-03T04:05:06.789"),
        ("instant", DataType::Timestamp(micros, Some("UTC".into())), "2026-02-03T02:05:06"),
        ("tags", list(DataType::Utf8View), "[a, , b c]"),
        ("grid", list(DataType::Int32), "[]"),
        ("m", DataType::Utf8View, "glad"),
        ("a", DataType::Int16, "44"),
    ];
    assert_eq!(batch.num_columns(), expected.len());
    for (i, (name, kind, value)) in expected.iter().enumerate() {
        let schema = batch.schema();
        assert_eq!((schema.field(i).name().as_str(), schema.field(i).data_type()), (*name, kind));
        assert_eq!(shown(batch.column(i)), [*value, "-"], "{name}");
    }
}

fn rows_come_through_a_portal(server: &Server) {
    let source = Source::new(
        &server.address(),
        query("SELECT i, repeat('x', i % 7) AS s, ARRAY[i, i + 1] AS pair FROM generate_series(1, 150000) i"),
    )
    .unwrap();
    let found = source.rows(&Control::NONE).unwrap();
    let sizes: Vec<_> = found.batches.iter().map(RecordBatch::num_rows).collect();
    assert_eq!(sizes, [65_536, 65_536, 18_928]);
    let batch = concat_batches(&found.schema, &found.batches).unwrap();
    let (i, s, pair) = (shown(batch.column(0)), shown(batch.column(1)), shown(batch.column(2)));
    for row in 0..150_000 {
        let n = row + 1;
        assert_eq!(i[row], n.to_string());
        assert_eq!(s[row].len(), n % 7);
        assert_eq!(pair[row], format!("[{n}, {}]", n + 1));
    }
    let few = SourceOptions { max_memory: 1 << 20, ..source.options().clone() };
    let spilled = Source::new(&server.address(), few).unwrap().open(&Control::NONE).unwrap();
    assert!(!spilled.is_in_memory() && spilled.rows == Some(150_000));
    let held = source.open(&Control::NONE).unwrap().table.collect(&Control::NONE).unwrap();
    assert!(spilled.table.collect(&Control::NONE).unwrap() == held);
    let empty = rows(&server.address(), query("SELECT 1::numeric(5,1) AS x WHERE false")).unwrap();
    assert_eq!((empty.num_rows(), empty.column(0).data_type()), (0, &DataType::Decimal128(5, 1)));
}

fn tables_are_found_by_name(server: &Server) {
    server.execute(
        "CREATE SCHEMA other; CREATE TABLE other.people (id integer);
         INSERT INTO other.people VALUES (7); CREATE TABLE \"Odd \"\"Name\" (id integer);",
    );
    let asked = |table: &str| {
        let options = SourceOptions { table: Some(table.into()), ..SourceOptions::default() };
        rows(&server.address(), options)
    };
    for name in ["other.people", "people"] {
        assert_eq!(shown(asked(name).unwrap().column(0)), ["7"]);
    }
    assert_eq!(asked("Odd \"Name").unwrap().num_rows(), 0);
    assert_eq!(fault(asked("kind")).to_string(), "there is no table `kind`; did you mean `kinds`?");
    assert!(matches!(fault(asked("kinds; DROP TABLE kinds")), Fault::NoTable { .. }));
    let missing = fault(rows(&server.address(), SourceOptions::default())).to_string();
    assert!(missing.starts_with("a table is missing: name one of `"), "{missing}");
}

fn parameters_are_bound_as_the_server_expects(server: &Server) {
    let text = "SELECT $1::text AS s, $2::int + 1 AS n, $3::date AS day, $4::boolean AS b, $5::float8 AS f";
    let params = vec![
        Parameter::Text("'; DROP TABLE kinds; --".into()),
        Parameter::Integer(41),
        Parameter::Text("2026-01-02".into()),
        Parameter::Boolean(true),
        Parameter::Null,
    ];
    let batch = rows(&server.address(), SourceOptions { params, ..query(text) }).unwrap();
    let values: Vec<_> = batch.columns().iter().flat_map(shown).collect();
    assert_eq!(values, ["'; DROP TABLE kinds; --", "42", "2026-01-02", "true", "-"]);
    let few = fault(rows(&server.address(), query("SELECT $1::int AS x")));
    assert!(matches!(few, Fault::Parameters { found: 0, expected: 1 }), "{few}");
}

fn nothing_is_changed(server: &Server) {
    for text in [
        "DELETE FROM kinds RETURNING n",
        "CREATE TABLE x (a int)",
        "SELECT 1; DELETE FROM kinds",
        "SELECT nextval('s') FROM kinds",
        "COPY kinds TO STDOUT",
        "",
    ] {
        let fault = fault(rows(&server.address(), query(text)));
        assert!(
            matches!(fault, Fault::Database { .. } | Fault::NotAQuery { .. }),
            "{text}: {fault}"
        );
    }
    let count = rows(&server.address(), query("SELECT count(*) AS n FROM kinds")).unwrap();
    assert_eq!(shown(count.column(0)), ["2"]);
}

fn long_queries_end(server: &Server) {
    let begin = Instant::now();
    let text = "SELECT count(*) AS n, pg_sleep(600)::text AS s";
    let options = SourceOptions { timeout_secs: 0.5, ..query(text) };
    assert!(matches!(fault(rows(&server.address(), options)), Fault::Timeout { .. }));
    let stop = AtomicBool::new(true);
    let source = Source::new(&server.address(), query(text)).unwrap();
    let error = source.rows(&Control::default().stopped_by(&stop)).map_err(|h| source.error(h));
    assert!(matches!(error, Err(Error::Stopped { .. })));
    assert!(begin.elapsed() < Duration::from_mins(5));
    let text = "SELECT repeat('x', 1000) AS s FROM generate_series(1, 100000)";
    let options = SourceOptions { max_bytes: 1 << 20, ..query(text) };
    assert!(matches!(fault(rows(&server.address(), options)), Fault::TooManyBytes { .. }));
}

fn faults_are_named(server: &Server) {
    let asked = |text: &str| fault(rows(&server.address(), query(text))).to_string();
    assert_eq!(asked("SELECT nn FROM kinds").lines().count(), 1);
    assert!(asked("SELECT nn FROM kinds").ends_with("(at character 8 of the query)"));
    assert_eq!(
        asked("SELECT point(1, 2) AS p"),
        "column `p` is of type `point`, which is not read; cast it in the query"
    );
    assert_eq!(asked("SELECT 1 AS a, 2 AS a"), "there are two columns `a`; name them with AS");
    assert_eq!(
        asked(
            "SELECT CASE WHEN i = 3 THEN 'infinity'::date ELSE '2026-01-01' END AS d FROM generate_series(1, 5) i"
        ),
        "row 3 of column `d`: the date is infinite"
    );
    assert_eq!(
        asked("SELECT ARRAY[[1, 2], [3, 4]] AS x"),
        "row 1 of column `x`: the array has 2 dimensions; only one is read"
    );
    let error = rows(&server.address(), query("SELECT 1/0 AS x")).unwrap_err().to_string();
    assert!(error.ends_with(": division by zero") && !error.contains("longsecret"), "{error}");
    assert!(error.contains("test:***@"), "{error}");

    let address = server.address();
    let options = SourceOptions { allow_private: false, ..query("SELECT 1 AS x") };
    assert!(matches!(fault(rows(&address, options)), Fault::Private { .. }));
    let local = "postgres://u:longsecret@127.0.0.1:1/d?table=t";
    let options = SourceOptions { allow_private: false, ..SourceOptions::default() };
    assert!(matches!(fault(rows(local, options)), Fault::Private { .. }));
    let error = rows(local, SourceOptions::default()).unwrap_err().to_string();
    assert!(error.contains("postgresql://u:***@127.0.0.1:1/d?table=t: "), "{error}");
}
