//! Cases as their users run them: templates, parameters that mean harm, limits and borders.

#![cfg(feature = "tables")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use arrow::array::{Array, RecordBatch};
use arrow::util::display::array_value_to_string;
use graph_core::Graph;
use graph_etl::case::{
    BoundCase, Case, CaseReport, Given, Limits, Output, Places, StepKind, TEMPLATES, template,
};
use graph_etl::source::{Source, SourceOptions};
use graph_etl::table::WriteOptions;
use graph_etl::{Control, Error};
use serde_json::{Map, Value, json};
use tempfile::TempDir;

pub(crate) fn values(values: &Value) -> Map<String, Value> {
    values.as_object().unwrap().clone()
}

/// A folder with files of these names.
pub(crate) fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

pub(crate) fn places(folder: &Path) -> Places {
    Places { folders: vec![folder.to_owned()], ..Places::default() }
}

pub(crate) fn run(case: &BoundCase, places: &Places) -> Result<(CaseReport, Output), Error> {
    case.run(places, &Limits::default(), &Control::NONE, &mut |_| {})
}

pub(crate) fn graph(output: Output) -> Graph {
    match output {
        Output::Graph(graph) => graph,
        Output::Table(rows) => panic!("a table of {} rows", rows.num_rows()),
    }
}

pub(crate) fn rows(output: Output) -> RecordBatch {
    match output {
        Output::Table(rows) => rows,
        Output::Graph(graph) => panic!("a graph of {} nodes", graph.n_nodes()),
    }
}

pub(crate) fn column(rows: &RecordBatch, name: &str) -> Vec<String> {
    let column = rows.column_by_name(name).unwrap();
    (0..column.len()).map(|row| array_value_to_string(column, row).unwrap()).collect()
}

/// The nodes of a template's graph, by `name`.
fn nodes_of(name: &str, given: &Value, column_name: &str) -> (Graph, BTreeSet<String>) {
    let template = template(name).unwrap();
    let folder = folder(template.data);
    let case = Case::parse(template.text).unwrap();
    let bound = case.bind(&values(given)).unwrap();
    let (_, output) = run(&bound, &places(folder.path())).unwrap();
    let graph = graph(output);
    let names = column(graph.nodes(), column_name).into_iter().collect();
    (graph, names)
}

fn set<const N: usize>(names: [&str; N]) -> BTreeSet<String> {
    names.map(str::to_owned).into()
}

#[test]
fn every_template_reads_and_says_what_it_is() {
    for template in TEMPLATES {
        let case = Case::parse(template.text).unwrap();
        assert!(!case.info().title.is_empty(), "{}", template.name);
        assert_eq!(case.info().gives, StepKind::Graph, "{}", template.name);
        assert!(case.info().parameters.iter().all(|one| !one.description.is_empty()));
    }
    let error = template("logns").unwrap_err().to_string();
    assert_eq!(error, "there is no template `logns`; did you mean `logins`?");
}

#[test]
fn logins_show_who_shares_what_with_an_account() {
    let given = json!({"account": "cy", "since": "2026-01-01"});
    let (graph, names) = nodes_of("logins", &given, "nodeTitle");
    // Ann used the address, Dan the phone.
    assert_eq!(names, set(["cy", "phone-9", "198.51.100.7", "ann", "dan"]));
    assert!(graph.node_column("page_rank").is_ok());
    // Through the address of the office, on one login more than is allowed, nobody is reached.
    let given = json!({"account": "ann", "since": "2026-01-01", "hops": 2, "busiest": 2});
    let (_, names) = nodes_of("logins", &given, "nodeTitle");
    assert!(!names.contains("bob") && names.contains("10.0.0.5"), "{names:?}");
    // Before the window, Ann used the laptop of Gus.
    let (_, names) = nodes_of("logins", &json!({"account": "ann", "busiest": 10}), "nodeTitle");
    assert!(names.contains("gus"), "{names:?}");
}

#[test]
fn money_is_followed_in_its_window() {
    let given =
        json!({"account": "A-100", "since": "2026-03-01", "until": "2026-04-01", "hops": 3});
    let (graph, names) = nodes_of("money", &given, "id");
    assert_eq!(names, set(["A-100", "A-101", "A-102", "A-103", "A-104"]));
    let of = |graph: &Graph, id: &str, name: &str| {
        let at = column(graph.nodes(), "id").iter().position(|known| known == id).unwrap();
        column(graph.nodes(), name)[at].clone()
    };
    assert_eq!(of(&graph, "A-103", "hops"), "2");
    // 880 and 15 are one edge.
    assert_eq!(graph.n_edges(), 5);
    let mut more = values(&given);
    more.insert("hops".to_owned(), "4".into());
    assert!(nodes_of("money", &Value::Object(more), "id").1.contains("A-105"));
    let mut back = values(&given);
    back.insert("direction".to_owned(), "reverse".into());
    assert_eq!(nodes_of("money", &Value::Object(back), "id").1, set(["A-100", "A-106"]));
}

#[test]
fn sql_over_a_folder_becomes_a_graph() {
    let (graph, names) = nodes_of("folder", &json!({}), "id");
    assert_eq!(names, set(["10.1.0.2", "10.1.0.3", "10.1.0.5", "10.1.0.9"]));
    assert_eq!(graph.n_edges(), 4);
    let (graph, names) = nodes_of("folder", &json!({"ports": "443", "least": 3}), "id");
    assert_eq!((graph.n_edges(), names), (1, set(["10.1.0.2", "10.1.0.9"])));
}

#[test]
fn sql_reads_parquet_too() {
    let template = template("folder").unwrap();
    let folder = folder(template.data);
    let source =
        Source::new(folder.path().join("flows").to_str().unwrap(), SourceOptions::default());
    let table = source.unwrap().open(&Control::NONE).unwrap();
    let file = folder.path().join("all.parquet");
    table.table.write(file.to_str().unwrap(), &WriteOptions::default(), &Control::NONE).unwrap();
    let bound = Case::parse(template.text).unwrap().bind(&values(&json!({"folder": "*.parquet"})));
    let (report, output) = run(&bound.unwrap(), &places(folder.path())).unwrap();
    assert_eq!(graph(output).n_edges(), 4);
    assert_eq!(report.steps[0].rows, 7);
    assert!(report.steps[0].place.ends_with("*.parquet"), "{}", report.steps[0].place);
}

/// A service that answers once with this JSON, and gives the line that it was asked.
fn service(json: &'static str) -> (String, std::thread::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let host = listener.local_addr().unwrap().to_string();
    let asked = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = Vec::new();
        let mut buffer = [0; 1024];
        while !request.windows(4).any(|end| end == b"\r\n\r\n") {
            let n = stream.read(&mut buffer).unwrap();
            request.extend_from_slice(&buffer[..n]);
        }
        let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close";
        write!(stream, "{head}\r\ncontent-length: {}\r\n\r\n{json}", json.len()).unwrap();
        String::from_utf8(request).unwrap().lines().next().unwrap().to_owned()
    });
    (host, asked)
}

#[test]
fn a_feed_is_asked_with_encoded_values() {
    let template = template("feed").unwrap();
    let (host, asked) = service(template.data[0].1);
    let text = template.text.replace("https://siem.example.org", &format!("http://{host}"));
    let hostile = "web-1&limit=9#/../?'; DROP TABLE x; --";
    let bound = Case::parse(&text).unwrap().bind(&values(&json!({"host": hostile}))).unwrap();
    let places = Places { hosts: vec![host], private_hosts: true, ..Places::default() };
    let (_, output) = run(&bound, &places).unwrap();
    let names: BTreeSet<_> = column(graph(output).nodes(), "nodeTitle").into_iter().collect();
    assert!(names.contains("sql-injection") && !names.contains("spam"), "{names:?}");
    let asked = asked.join().unwrap();
    let query = asked.strip_prefix("GET /api/v1/alerts?").unwrap().strip_suffix(" HTTP/1.1");
    let host = "host=web-1%26limit%3D9%23%2F..%2F%3F%27%3B%20DROP%20TABLE%20x%3B%20--";
    let pairs: BTreeSet<_> = query.unwrap().split('&').collect();
    assert_eq!(pairs, [host, "limit=1000", "since=2026-01-01"].into());
}

#[test]
fn hosts_that_are_not_allowed_are_not_asked() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let host = listener.local_addr().unwrap().to_string();
    let text = format!("[[step]]\nverb = 'http'\nurl = 'http://{host}/a'");
    let bound = Case::parse(&text).unwrap().bind(&Map::new()).unwrap();
    let error = run(&bound, &Places::default()).unwrap_err().to_string();
    assert_eq!(
        error,
        format!("line 2: step `step-1`: `{host}` may not be read: no host is allowed")
    );
    // Allowed by name, but in a network where it may not be.
    let places = Places { hosts: vec![host], ..Places::default() };
    assert!(run(&bound, &places).is_err());
    assert!(listener.accept().is_err(), "the host was asked");
    for url in ["http://user:secret@host/", "ftp://host/", "http://host/?a=b", "http:///a"] {
        let text = format!("[[step]]\nverb = 'http'\nurl = '{url}'");
        assert!(Case::parse(&text).is_err(), "{url}");
    }
}

const PEOPLE: &str = "name,city,age\nann,Köln,30\n\"o'neil\",Bonn,40\n\"'; DROP TABLE people; --\",Ulm,50\n\
    \"\\' OR 1 = 1 --\",Ulm,51\n$other,Bonn,60\n";

/// What hostile values find: the row whose name they are, and no other.
#[test]
fn values_are_values_whatever_they_hold() {
    let folder = folder(&[("people.csv", PEOPLE)]);
    let head = "[parameters.who]\ntype = 'text'\n[parameters.other]\ntype = 'text'\ndefault = 'ann'\n\
                [[step]]\nname = 'people'\nverb = 'source'\nfrom = 'people.csv'\n[[step]]\n";
    let ways = [
        "verb = 'filter'\nwhere = 'name = $who'",
        "verb = 'filter'\nwhere = 'name IN ($who)'",
        "verb = 'sql'\nfrom = 'people'\nquery = 'SELECT * FROM people WHERE name = $who'",
        "verb = 'sql'\nfrom = 'people'\nquery = \"SELECT * FROM people WHERE name IN ($who, 'x''y')\"",
    ];
    let hostile = [
        ("ann", 1),
        ("o'neil", 1),
        ("'; DROP TABLE people; --", 1),
        ("\\' OR 1 = 1 --", 1),
        ("$other", 1),
        ("' OR '1' = '1", 0),
        ("'' OR 1 = 1", 0),
        ("x' UNION SELECT * FROM people --", 0),
        ("$who", 0),
        ("", 0),
        ("name", 0),
    ];
    for way in ways {
        let case = Case::parse(&format!("{head}{way}")).unwrap();
        for (value, expected) in hostile {
            let bound = case.bind(&values(&json!({"who": value}))).unwrap();
            let (_, output) = run(&bound, &places(folder.path())).unwrap();
            let found = column(&rows(output), "name");
            assert_eq!(found.len(), expected, "{way}: {value}: {found:?}");
            assert!(found.iter().all(|name| name == value), "{way}: {value}: {found:?}");
        }
    }
}

/// A sum makes the engine write the query anew, with all that is in it.
#[test]
fn constants_survive_sums() {
    let folder = folder(&[("people.csv", PEOPLE)]);
    let text = "[parameters.who]\ntype = 'text'\n[[step]]\nname = 'people'\nverb = 'source'\n\
                from = 'people.csv'\n[[step]]\nverb = 'sql'\nfrom = 'people'\n\
                query = 'SELECT SUM(age) AS age FROM people WHERE name = $who'";
    let case = Case::parse(text).unwrap();
    for (who, age) in
        [("\\' OR 1 = 1 --", "51"), ("o'neil", "40"), ("'; DROP TABLE people; --", "50")]
    {
        let bound = case.bind(&values(&json!({"who": who}))).unwrap();
        let (_, output) = run(&bound, &places(folder.path())).unwrap();
        assert_eq!(column(&rows(output), "age"), [age], "{who}");
    }
}

#[test]
fn texts_that_anybody_gives_are_no_options() {
    let with = |parameter: &str, step: &str| {
        let text = format!(
            "[parameters.x]\n{parameter}\n[[step]]\nname = 'a'\nverb = 'source'\nfrom = 'a.csv'\n\
             [[step]]\n{step}"
        );
        Case::parse(&text).map(|_| ()).map_err(|error| error.to_string())
    };
    let error = with("type = 'text'", "verb = 'sort'\nby = '$x'").unwrap_err();
    assert_eq!(
        error,
        "line 9: step `step-2`: parameter `x` cannot stand in `by`: any text could be given there; \
         use it in an expression, or list its `choices`"
    );
    assert_eq!(with("type = 'text'\nchoices = ['u', 'v']", "verb = 'sort'\nby = '$x'"), Ok(()));
    assert_eq!(with("type = 'integer'", "verb = 'limit'\nn = '$x'"), Ok(()));
    let error = with("type = 'integer'", "verb = 'limit'\nn = '$y'").unwrap_err();
    assert!(error.contains("there is no parameter `y`"), "{error}");
    let error = with("type = 'source'", "verb = 'filter'\nwhere = 'u = $y'").unwrap_err();
    assert!(error.contains("there is no parameter `$y`"), "{error}");
    // Sources are named by sources alone.
    let text = "[parameters.x]\ntype = 'text'\n[[step]]\nverb = 'source'\nfrom = '$x'";
    let error = Case::parse(text).unwrap_err().to_string();
    assert!(error.contains("should be of type `source`"), "{error}");
    // A query in text would keep the placeholder as it is.
    let query = "verb = 'graph'\n[[step]]\nverb = 'gfql'\nquery = '''[{\"type\": \"Node\", \
                 \"filter_dict\": {\"id\": \"$x\"}}]'''";
    assert!(with("type = 'text'", query).unwrap_err().contains("list of tables"));
    let query = "verb = 'graph'\n[[step]]\nverb = 'gfql'\nquery = [{type = 'Node', filter_dict = {id = '$x'}}]";
    assert_eq!(with("type = 'text'", query), Ok(()));
    let query = "verb = 'graph'\n[[step]]\nverb = 'gfql'\nquery = [{type = 'Node', query = '$x'}]";
    assert!(with("type = 'text'", query).unwrap_err().contains("cannot stand in `query`"));
}

#[test]
fn values_have_to_fit() {
    let text = "[parameters.n]\ntype = 'integer'\nmin = 1\nmax = 5\n[parameters.day]\ntype = 'date'\n\
                default = '2026-01-01'\n[parameters.how]\ntype = 'text'\nchoices = ['a', 'b']\n\
                default = 'a'\n[[step]]\nverb = 'source'\nfrom = 'a.csv'";
    let case = Case::parse(text).unwrap();
    let error = |given: Value| case.bind(&values(&given)).map(|_| ()).unwrap_err().to_string();
    assert_eq!(error(json!({})), "parameter `n`: it is given no value, and has no default");
    assert_eq!(
        error(json!({"n": "six"})),
        "parameter `n`: option `value` is `six`, not a whole number"
    );
    assert_eq!(
        error(json!({"n": 6})),
        "parameter `n`: option `value` is 6, but at most 5 is allowed"
    );
    assert_eq!(
        error(json!({"n": 2, "how": "c"})),
        "parameter `how`: option `value` is `c`, not one of `a`, `b`"
    );
    assert!(error(json!({"n": 2, "day": "yesterday"})).contains("2026-11-21"));
    assert!(error(json!({"n": 2, "dayy": "x"})).contains("did you mean `day`"));
    assert!(error(json!({"n": 2, "how": "x".repeat(20_000)})).contains("at most 10000"));
    assert!(case.bind(&values(&json!({"n": "2", "day": "2026-02-28"}))).is_ok());
    let bad = text.replace("default = 'a'", "default = 'c'");
    assert!(Case::parse(&bad).unwrap_err().to_string().starts_with("line 11: parameter `how`"));
}

#[test]
fn mistakes_are_named_with_their_line() {
    let source = "[[step]]\nname = 'a'\nverb = 'source'\nfrom = 'a.csv'\n";
    for (text, expected) in [
        ("[[step]]\nverb = 'source'", "line 2: step `step-1`: option `from` is missing"),
        ("", "case: there is no `[[step]]`"),
        ("[[stp]]", "line 1: case: there is no option `stp`; did you mean `step`?"),
        (
            &format!("{source}[[step]]\nverb = 'expnd'"),
            "line 6: step `step-2`: there is no verb `expnd`; did you mean `expand`?",
        ),
        (
            &format!("{source}[[step]]\nverb = 'expand'\nhops = 2"),
            "line 6: step `step-2`: `expand` works on what has the nodes to start from, and `in`, a graph, if that is another, but it gets a table",
        ),
        (
            &format!("{source}[[step]]\nverb = 'filter'\nwhere = 'x > 1'\nhps = 2"),
            "line 8: step `step-2`: there is no option `hps`",
        ),
        (&format!("result = 'b'\n{source}"), "line 1: case: there is no step `b`"),
        (
            &format!("{source}[[step]]\nverb = 'filter'\nfrom = 'b'\nwhere = 'x > 1'"),
            "line 7: step `step-2`: there is no input or step `b`",
        ),
    ] {
        let error = Case::parse(text).unwrap_err().to_string();
        assert!(error.starts_with(expected), "{error}");
    }
}

const CALLS: &str = "a,b,minutes\n1,2,10\n2,3,20\n3,4,30\n4,5,40\n";

#[test]
fn steps_that_are_off_pass_on_what_they_got() {
    let folder = folder(&[("calls.csv", CALLS)]);
    let text = |enabled: bool| {
        format!(
            "[[step]]\nname = 'calls'\nverb = 'source'\nfrom = 'calls.csv'\n[[step]]\n\
             name = 'long'\nenabled = {enabled}\nverb = 'filter'\nwhere = 'minutes > 25'\n[[step]]\n\
             verb = 'group'\naggregate = ['n = count(*)']"
        )
    };
    for (enabled, expected) in [(true, "2"), (false, "4")] {
        let bound = Case::parse(&text(enabled)).unwrap().bind(&Map::new()).unwrap();
        let (report, output) = run(&bound, &places(folder.path())).unwrap();
        assert_eq!(column(&rows(output), "n"), [expected]);
        assert_eq!(report.steps.len(), if enabled { 3 } else { 2 });
    }
    let off = "[[step]]\nname = 'a'\nverb = 'source'\nenabled = false\nfrom = 'a'\n[[step]]\nverb = 'limit'\nn = 1";
    let error = Case::parse(off).unwrap_err().to_string();
    assert!(error.contains("step `a` is off, and passes nothing on"), "{error}");
}

#[test]
fn graphs_are_filtered_expanded_and_merged() {
    let folder = folder(&[("calls.csv", CALLS)]);
    let text = "
        [[step]]
        name = 'calls'
        verb = 'source'
        from = 'calls.csv'
        [[step]]
        name = 'all'
        verb = 'graph'
        source = 'a'
        target = 'b'
        directed = true
        [[step]]
        name = 'long'
        verb = 'filter'
        edges = 'minutes >= 40'
        [[step]]
        name = 'before'
        verb = 'expand'
        in = 'all'
        direction = 'reverse'
        hops = 2
        [[step]]
        name = 'first'
        verb = 'expand'
        from = 'all'
        start = [1]
        edges = 'minutes < 15'
        hops = 9
        [[step]]
        name = 'both'
        verb = 'merge'
        from = ['before', 'first']
    ";
    let at = |result: &str| {
        let bound = Case::parse(&format!("result = '{result}'\n{text}")).unwrap();
        let bound = bound.bind(&Map::new()).unwrap();
        let graph = graph(run(&bound, &places(folder.path())).unwrap().1);
        (column(graph.nodes(), "id").into_iter().collect::<BTreeSet<_>>(), graph.n_edges())
    };
    assert_eq!(at("long"), (set(["4", "5"]), 1));
    // 4 ← 3 ← 2, and 5 ← 4, which is one of those to start from.
    assert_eq!(at("before"), (set(["2", "3", "4", "5"]), 3));
    assert_eq!(at("first"), (set(["1", "2"]), 1));
    assert_eq!(at("both"), (set(["1", "2", "3", "4", "5"]), 4));
}

#[test]
fn tables_name_nodes_of_graphs() {
    let folder = folder(&[("calls.csv", CALLS), ("watched.csv", "phone\n3\n77\n")]);
    let text = "[[step]]\nname = 'calls'\nverb = 'source'\nfrom = 'calls.csv'\n[[step]]\nname = 'all'\n\
                verb = 'graph'\n[[step]]\nname = 'watched'\nverb = 'source'\nfrom = 'watched.csv'\n\
                [[step]]\nverb = 'expand'\nin = 'all'\ncolumn = 'phone'";
    let bound = Case::parse(text).unwrap().bind(&Map::new()).unwrap();
    let graph = graph(run(&bound, &places(folder.path())).unwrap().1);
    let names: BTreeSet<_> = column(graph.nodes(), "id").into_iter().collect();
    assert_eq!(names, set(["2", "3", "4"]));
}

#[test]
fn limits_stop_a_case() {
    let folder = folder(&[("calls.csv", CALLS)]);
    let text = "[[step]]\nname = 'calls'\nverb = 'source'\nfrom = 'calls.csv'\n[[step]]\nname = 'all'\n\
                verb = 'filter'\nwhere = 'minutes > 0'";
    let bound = Case::parse(text).unwrap().bind(&Map::new()).unwrap();
    let with = |limits: Limits, control: &Control| {
        bound.run(&places(folder.path()), &limits, control, &mut |_| {}).map(|_| ())
    };
    let few = Limits { rows: 3, ..Limits::default() };
    let error = with(few, &Control::NONE).unwrap_err().to_string();
    assert_eq!(error, "line 6: step `all`: rows: 4, but at most 3 are allowed");
    assert!(with(Limits { rows: 4, ..few }, &Control::NONE).is_ok());
    let small = Limits { bytes: 16, ..Limits::default() };
    assert!(
        with(small, &Control::NONE).unwrap_err().to_string().contains("at most 16 are allowed")
    );
    let stop = AtomicBool::new(true);
    let stopped = with(Limits::default(), &Control::default().stopped_by(&stop));
    assert!(matches!(stopped, Err(Error::Stopped { .. })));
}

/// What a join makes counts, though little comes out of the step.
#[test]
fn joins_of_a_step_stay_within_the_bytes_of_a_case() {
    let alike = "key\n".to_owned() + &"1\n".repeat(3000);
    let folder = folder(&[("alike.csv", &alike)]);
    let text = "[[step]]\nname = 'rows'\nverb = 'source'\nfrom = 'alike.csv'\n[[step]]\nname = 'most'\n\
                verb = 'sql'\nfrom = ['rows']\n\
                query = 'SELECT max(a.key + b.key) AS most FROM rows a JOIN rows b ON a.key = b.key'";
    let bound = Case::parse(text).unwrap().bind(&Map::new()).unwrap();
    let with = |bytes: u64| {
        let limits = Limits { bytes, ..Limits::default() };
        bound.run(&places(folder.path()), &limits, &Control::NONE, &mut |_| {}).map(|_| ())
    };
    let error = with(1 << 24).unwrap_err().to_string();
    assert_eq!(error, "line 6: step `most`: its joins make more than 16777216 bytes");
    with(1 << 30).unwrap();
}

/// A host that does not answer takes no more than the time of the case.
#[test]
fn time_ends_a_case() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let host = listener.local_addr().unwrap().to_string();
    let text = format!("[[step]]\nverb = 'http'\nurl = 'http://{host}/a'");
    let bound = Case::parse(&text).unwrap().bind(&Map::new()).unwrap();
    let places = Places { hosts: vec![host], private_hosts: true, ..Places::default() };
    let limits = Limits { time: Duration::from_millis(200), ..Limits::default() };
    let start = std::time::Instant::now();
    assert!(bound.run(&places, &limits, &Control::NONE, &mut |_| {}).is_err());
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
}

#[test]
fn what_a_caller_has_is_used_by_its_address() {
    let folder = folder(&[("calls.csv", CALLS)]);
    let text = "[parameters.data]\ntype = 'source'\ndefault = 'dataset:none'\n[[step]]\nverb = 'source'\n\
                from = '$data'\n[[step]]\nverb = 'degree'";
    let case = Case::parse(text).unwrap();
    let bound = case.bind(&values(&json!({"data": "dataset:7"}))).unwrap();
    assert_eq!(bound.given().collect::<Vec<_>>(), ["dataset:7"]);
    let mut places = places(folder.path());
    let error = run(&bound, &places).unwrap_err().to_string();
    assert!(error.contains("`dataset:7` may not be read"), "{error}");
    let path = graph_core::generate::path(3).unwrap();
    places.given.insert("dataset:7".to_owned(), Given::Graph(path));
    let graph = graph(run(&bound, &places).unwrap().1);
    assert_eq!(column(graph.nodes(), "degree"), ["1", "2", "1"]);
}
