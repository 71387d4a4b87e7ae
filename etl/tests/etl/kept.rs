//! What a case does again, and what it takes of earlier runs.

#![cfg(feature = "tables")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;

use arrow::util::display::array_value_to_string;
use graph_core::Graph;
use graph_etl::case::{Again, Case, CaseReport, Given, Kept, Limits, Output, Places};
use graph_etl::{Control, Error};
use serde_json::{Value, json};
use tempfile::TempDir;

const CALLS: &str = "from,to,minutes\nann,bob,10\nbob,cy,20\ncy,dan,30\ndan,eve,40\n";

const CASE: &str = "
[parameters.least]
type = 'integer'
default = 0
[parameters.who]
type = 'text'
default = 'bob'
[[step]]
name = 'calls'
verb = 'source'
from = 'calls.csv'
[[step]]
name = 'long'
verb = 'filter'
where = 'minutes > $least'
[[step]]
name = 'graph'
verb = 'graph'
source = 'from'
target = 'to'
weight = 'minutes'
directed = true
[[step]]
name = 'around'
verb = 'expand'
start = ['$who']
hops = 1
";

struct Runs {
    folder: TempDir,
    kept: Kept,
}

impl Runs {
    fn with(kept: Kept) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("calls.csv"), CALLS).unwrap();
        Self { folder, kept }
    }

    fn all(&self, text: &str, values: &Value, again: Again) -> Result<(CaseReport, Output), Error> {
        let places = Places { folders: vec![self.folder.path().to_owned()], ..Places::default() };
        let bound = Case::parse(text).unwrap().bind(values.as_object().unwrap()).unwrap();
        bound.run_again(&places, &Limits::default(), Some(again), &Control::NONE, &mut |_| {})
    }

    fn of<'k>(&'k self, from: Option<&'k str>) -> Again<'k> {
        Again { kept: &self.kept, scope: "", from }
    }

    /// Steps that were told of, those done with `!`, and the nodes of the graph.
    fn run(&self, text: &str, values: &Value, from: Option<&str>) -> (String, Vec<String>) {
        let (report, output) = self.all(text, values, self.of(from)).unwrap();
        let Output::Graph(graph) = output else { panic!("a table") };
        (told(&report), ids(&graph))
    }
}

fn told(report: &CaseReport) -> String {
    let step = |step: &graph_etl::case::StepReport| match step.kept {
        true => step.name.clone(),
        false => format!("{}!", step.name),
    };
    report.steps.iter().map(step).collect::<Vec<_>>().join(" ")
}

fn ids(graph: &Graph) -> Vec<String> {
    (0..graph.n_nodes()).map(|u| array_value_to_string(graph.ids(), u).unwrap()).collect()
}

/// Runs in memory, and in a folder.
fn both() -> [(Runs, Option<TempDir>); 2] {
    let folder = tempfile::tempdir().unwrap();
    let files = Kept::in_folder(folder.path(), 1 << 30).unwrap();
    [(Runs::with(Kept::in_memory(1 << 30)), None), (Runs::with(files), Some(folder))]
}

#[test]
fn what_has_not_changed_is_not_done_again() {
    for (runs, _folder) in both() {
        let first = runs.run(CASE, &json!({}), None);
        assert_eq!(first.0, "calls! long! graph! around!");
        assert_eq!(first.1, ["ann", "bob", "cy"]);
        let again = runs.run(CASE, &json!({}), None);
        assert_eq!(again, ("calls long graph around".to_owned(), first.1));
        // The value of a parameter changes the steps that name it, and those after them.
        let other = runs.run(CASE, &json!({"who": "dan"}), None);
        assert_eq!(
            other,
            ("calls long graph around!".to_owned(), vec!["cy".into(), "dan".into(), "eve".into()])
        );
        let fewer = runs.run(CASE, &json!({"least": 15}), None);
        assert_eq!(
            fewer,
            ("calls! long! graph! around!".to_owned(), vec!["bob".into(), "cy".into()])
        );
        // And what was done first is still there.
        assert_eq!(runs.run(CASE, &json!({}), None).0, "calls long graph around");
    }
}

#[test]
fn names_and_notes_change_nothing_and_options_do() {
    let (runs, _) = both().into_iter().next().unwrap();
    runs.run(CASE, &json!({}), None);
    let renamed = CASE.replace("name = 'graph'", "name = 'calls of'\nnote = 'as a graph'");
    assert_eq!(runs.run(&renamed, &json!({}), None).0, "calls long calls of around");
    let undirected = CASE.replace("directed = true", "directed = false");
    assert_eq!(runs.run(&undirected, &json!({}), None).0, "calls long graph! around!");
    let off = CASE.replace("name = 'long'", "name = 'long'\nenabled = false");
    assert_eq!(runs.run(&off, &json!({}), None).0, "calls! graph! around!");
}

#[test]
fn a_file_that_changed_is_read_again() {
    for (runs, _folder) in both() {
        runs.run(CASE, &json!({}), None);
        fs::write(runs.folder.path().join("calls.csv"), format!("{CALLS}bob,fay,50\n")).unwrap();
        let (told, nodes) = runs.run(CASE, &json!({}), None);
        assert_eq!(told, "calls! long! graph! around!");
        assert!(nodes.contains(&"fay".to_owned()), "{nodes:?}");
    }
}

#[test]
fn a_run_begins_where_it_is_told_to() {
    for (runs, _folder) in both() {
        runs.run(CASE, &json!({}), None);
        assert_eq!(runs.run(CASE, &json!({}), Some("graph")).0, "calls long graph! around!");
        assert_eq!(runs.run(CASE, &json!({}), Some("calls")).0, "calls! long! graph! around!");
        let error = runs.all(CASE, &json!({}), runs.of(Some("grahp"))).unwrap_err().to_string();
        assert_eq!(error, "case: there is no step `grahp`; did you mean `graph`?");
    }
}

#[test]
fn what_somebody_else_made_is_not_taken() {
    let (runs, _) = both().into_iter().next().unwrap();
    runs.run(CASE, &json!({}), None);
    let other = Again { scope: "other", ..runs.of(None) };
    let (report, _) = runs.all(CASE, &json!({}), other).unwrap();
    assert_eq!(told(&report), "calls! long! graph! around!");
}

#[test]
fn a_graph_that_was_kept_is_the_one_that_was_made() {
    let text = "[[step]]\nverb = 'source'\nfrom = 'calls.csv'\n[[step]]\nname = 'graph'\nverb = 'graph'\n\
                source = 'from'\ntarget = 'to'\nweight = 'minutes'\ndirected = true";
    for (runs, _folder) in both() {
        let graph = || {
            let (report, output) = runs.all(text, &json!({}), runs.of(None)).unwrap();
            let Output::Graph(graph) = output else { panic!("a table") };
            (report.steps[1].kept, graph)
        };
        let ((was_kept, made), (is_kept, kept)) = (graph(), graph());
        assert!(!was_kept && is_kept);
        assert_eq!(made.nodes(), kept.nodes());
        assert_eq!(made.edge_table().unwrap(), kept.edge_table().unwrap());
        assert_eq!(made.coo().weights(), kept.coo().weights());
        assert!(made.coo().weights().is_some() && kept.is_directed());
    }
}

#[test]
fn a_table_that_was_kept_is_the_one_that_was_made() {
    let text = "[[step]]\nverb = 'source'\nfrom = 'calls.csv'\n[[step]]\nverb = 'filter'\nwhere = 'minutes > 15'";
    for (runs, _folder) in both() {
        let rows = || match runs.all(text, &json!({}), runs.of(None)).unwrap() {
            (report, Output::Table(rows)) => (report.steps[1].kept, rows),
            (_, Output::Graph(_)) => panic!("a graph"),
        };
        let ((was_kept, made), (is_kept, kept)) = (rows(), rows());
        assert!(!was_kept && is_kept && made.num_rows() == 3);
        assert_eq!(made, kept);
    }
}

/// A service that answers as often as asked, with another number each time.
fn service() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let host = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        for (answer, stream) in listener.incoming().enumerate() {
            let mut stream = stream.unwrap();
            let mut request = Vec::new();
            let mut buffer = [0; 1024];
            while !request.windows(4).any(|end| end == b"\r\n\r\n") {
                let n = stream.read(&mut buffer).unwrap();
                request.extend_from_slice(&buffer[..n]);
            }
            let json = format!("[{{\"a\": {answer}}}]");
            let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close";
            write!(stream, "{head}\r\ncontent-length: {}\r\n\r\n{json}", json.len()).unwrap();
        }
    });
    host
}

#[test]
fn hosts_are_asked_again_but_for_runs_that_begin_after_them() {
    let host = service();
    let text = format!(
        "[[step]]\nname = 'feed'\nverb = 'http'\nurl = 'http://{host}/'\n[[step]]\nname = 'all'\n\
         verb = 'filter'\nwhere = 'a >= 0'"
    );
    for (runs, _folder) in both() {
        let run = |text: &str, from: Option<&str>| {
            let places =
                Places { hosts: vec![host.clone()], private_hosts: true, ..Places::default() };
            let bound = Case::parse(text).unwrap().bind(&serde_json::Map::new()).unwrap();
            let again = Some(runs.of(from));
            let ran =
                bound.run_again(&places, &Limits::default(), again, &Control::NONE, &mut |_| {});
            match ran.unwrap() {
                (report, Output::Table(rows)) => {
                    (told(&report), array_value_to_string(rows.column(0), 0).unwrap())
                }
                (_, Output::Graph(_)) => panic!("a graph"),
            }
        };
        let (told, first) = run(&text, None);
        assert_eq!(told, "feed! all!");
        let (told, second) = run(&text, None);
        assert_eq!(told, "feed! all!");
        assert_ne!(first, second);
        assert_eq!(run(&text, Some("all")), ("feed all!".to_owned(), second.clone()));
        // A step that is changed works on what was said then.
        let changed = text.replace("a >= 0", "a >= 0 AND a < 1000");
        assert_eq!(run(&changed, Some("all")), ("feed all!".to_owned(), second));
    }
}

#[test]
fn datasets_are_known_by_what_is_in_them() {
    let kept = Kept::in_memory(1 << 30);
    let text = "[[step]]\nname = 'd'\nverb = 'source'\nfrom = 'dataset:x'\n[[step]]\nname = 'n'\nverb = 'nodes'";
    let run = |edges: &str| {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.csv");
        fs::write(&path, edges).unwrap();
        let graph = graph_core::read(&path, &graph_core::ReadOptions::default()).unwrap().0;
        let given = [("dataset:x".to_owned(), Given::Graph(graph))].into();
        let places = Places { given, ..Places::default() };
        let bound = Case::parse(text).unwrap().bind(&serde_json::Map::new()).unwrap();
        let again = Some(Again { kept: &kept, scope: "", from: None });
        let ran = bound.run_again(&places, &Limits::default(), again, &Control::NONE, &mut |_| {});
        told(&ran.unwrap().0)
    };
    assert_eq!(run("source,target\na,b\n"), "d! n!");
    assert_eq!(run("source,target\na,b\n"), "d n");
    assert_eq!(run("source,target\na,c\n"), "d! n!");
}

#[test]
fn there_is_room_for_so_many_bytes() {
    let files = |folder: &Path| fs::read_dir(folder).unwrap().count();
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("mine.step"), "x").unwrap();
    let runs = Runs::with(Kept::in_folder(folder.path(), 1).unwrap());
    runs.run(CASE, &json!({}), None);
    assert_eq!(files(folder.path()), 1, "all that was kept is too much; what is not its own stays");
    assert_eq!(runs.run(CASE, &json!({}), None).0, "calls! long! graph! around!");
    let runs = Runs::with(Kept::in_memory(1));
    runs.run(CASE, &json!({}), None);
    assert_eq!(runs.run(CASE, &json!({}), None).0, "calls! long! graph! around!");
}

#[test]
fn a_broken_file_is_as_if_it_were_not_there() {
    let folder = tempfile::tempdir().unwrap();
    let runs = Runs::with(Kept::in_folder(folder.path(), 1 << 30).unwrap());
    runs.run(CASE, &json!({}), None);
    for entry in fs::read_dir(folder.path()).unwrap() {
        let path = entry.unwrap().path();
        let bytes = fs::read(&path).unwrap();
        fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
    }
    assert_eq!(runs.run(CASE, &json!({}), None).0, "calls! long! graph! around!");
}

#[test]
fn what_asks_for_the_time_is_done_again() {
    let (runs, _) = both().into_iter().next().unwrap();
    let text = "[[step]]\nname = 'calls'\nverb = 'source'\nfrom = 'calls.csv'\n[[step]]\nname = 'at'\nverb = 'with'\n\
                columns = ['at = now()']\n[[step]]\nname = 'few'\nverb = 'limit'\nn = 1";
    let run = |from| told(&runs.all(text, &json!({}), runs.of(from)).unwrap().0);
    assert_eq!(run(None), "calls! at! few!");
    assert_eq!(run(None), "calls! at! few!");
    assert_eq!(run(Some("few")), "calls at few!");
}
