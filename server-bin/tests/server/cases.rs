//! Cases on a server: saved, run with values, and kept from those they are no business of.

#![expect(clippy::unwrap_used, reason = "a panic fails the test, as it should")]

use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::common::{Running, start, start_in};
use serde_json::{Value, json};
use tempfile::TempDir;

const CALLS: &str = "from,to,minutes\nann,bob,10\nbob,cy,20\ncy,dan,30\ndan,eve,40\n";

/// Who somebody can reach, in a table that is uploaded or a dataset.
const REACH: &str = "
title = 'Reach'
notes = 'Who can be **reached**?'
[parameters.calls]
type = 'source'
[parameters.who]
type = 'text'
[parameters.hops]
type = 'integer'
default = 2
max = 9
[[step]]
name = 'calls'
verb = 'source'
from = '$calls'
[[step]]
name = 'graph'
verb = 'graph'
source = 'from'
target = 'to'
directed = true
[[step]]
name = 'reach'
verb = 'expand'
start = ['$who']
hops = '$hops'
direction = 'forward'
[view]
color_by = 'hops'
label_by = 'id'
";

fn save(server: &Running, text: &str) -> String {
    let answer = server.json("POST", "/api/v1/cases", &json!({"text": text})).expect(201);
    answer.json()["id"].as_str().unwrap().to_owned()
}

/// The run, when it has ended.
fn ended(server: &Running, run: &str, headers: &[(&str, &str)]) -> Value {
    let end = Instant::now() + Duration::from_mins(1);
    loop {
        let answer = server.send("GET", &format!("/api/v1/case-runs/{run}"), headers, &[]);
        let state = answer.expect(200).json();
        if state["status"] != "running" {
            return state;
        }
        assert!(Instant::now() < end, "{state}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn run(server: &Running, case: &str, values: &Value) -> Value {
    let path = format!("/api/v1/cases/{case}/runs");
    let begun = server.json("POST", &path, &json!({"values": values})).expect(202).json();
    ended(server, begun["id"].as_str().unwrap(), &[])
}

#[test]
fn a_case_of_an_upload_becomes_a_dataset() {
    let server = start("");
    let file = server.post("/api/v1/files?name=calls.csv", CALLS.as_bytes()).expect(201).json();
    let case = save(&server, REACH);
    let values = json!({"calls": format!("upload:{}", file["id"].as_str().unwrap()), "who": "bob"});
    let state = run(&server, &case, &values);
    assert_eq!(state["status"], "done", "{state}");
    let steps = state["steps"].as_array().unwrap();
    assert_eq!(steps.len(), 3);
    assert_eq!((&steps[0]["rows"], &steps[0]["head"][1][1]), (&json!(4), &json!("cy")));
    assert_eq!((&steps[2]["nodes"], &steps[2]["rows"]), (&json!(3), &json!(2)));
    let dataset = state["dataset"].as_str().unwrap();
    let described = server.get(&format!("/api/v1/datasets/{dataset}")).expect(200).json();
    assert_eq!((&described["n_nodes"], &described["mode"]), (&json!(3), &json!("private")));
    assert_eq!(described["metadata"]["case"]["values"], values);
    assert_eq!(described["node_encodings"]["bindings"]["node_title"], "id");
    server.get(&format!("/api/v1/datasets/{dataset}/scene")).expect(200);
    // A dataset is a source, too.
    let text = "[parameters.d]\ntype = 'source'\ndefault = 'dataset:none'\n[[step]]\nverb = 'source'\nfrom = '$d'\n\
                [[step]]\nverb = 'nodes'";
    let nodes = save(&server, text);
    let state = run(&server, &nodes, &json!({"d": format!("dataset:{dataset}")}));
    let file = state["file"].as_str().unwrap();
    assert_eq!(server.get(&format!("/api/v1/files/{file}")).expect(200).json()["n_rows"], 3);
}

#[test]
fn a_run_takes_what_the_last_one_made() {
    let server = start("");
    let file = server.post("/api/v1/files?name=calls.csv", CALLS.as_bytes()).expect(201).json();
    let case = save(&server, REACH);
    let path = format!("/api/v1/cases/{case}/runs");
    let values = json!({"calls": format!("upload:{}", file["id"].as_str().unwrap()), "who": "bob"});
    let kept = |body: &Value| -> Vec<bool> {
        let begun = server.json("POST", &path, body).expect(202).json();
        let state = ended(&server, begun["id"].as_str().unwrap(), &[]);
        assert_eq!(state["status"], "done", "{state}");
        let steps = state["steps"].as_array().unwrap();
        steps.iter().map(|step| step["kept"].as_bool().unwrap()).collect()
    };
    assert_eq!(kept(&json!({"values": values})), [false, false, false]);
    assert_eq!(kept(&json!({"values": values})), [true, true, true]);
    // The text changes in one step.
    let text = REACH.replace("direction = 'forward'", "direction = 'both'");
    server.json("PUT", &format!("/api/v1/cases/{case}"), &json!({"text": text})).expect(200);
    assert_eq!(kept(&json!({"values": values})), [true, true, false]);
    let from = json!({"values": values, "from": "graph"});
    // The upload itself is there anyway, and not kept a second time.
    assert_eq!(kept(&from), [false, false, false]);
    let wrong = server.json("POST", &path, &json!({"values": values, "from": "grahp"})).expect(400);
    assert!(wrong.text().contains("there is no step `grahp`"), "{}", wrong.text());
}

#[test]
fn cases_are_saved_changed_and_survive_a_restart() {
    let server = start("");
    let templates = server.get("/api/v1/case-templates").expect(200).json();
    assert!(templates.as_array().unwrap().len() >= 4);
    let made = server.json("POST", "/api/v1/cases", &json!({"template": "logins"})).expect(201);
    let made = made.json();
    assert_eq!(made["info"]["parameters"][1]["name"], "account");
    let id = made["id"].as_str().unwrap();
    let path = format!("/api/v1/cases/{id}");
    server.json("PUT", &path, &json!({"text": REACH})).expect(200);
    let server = start_in(server.stop(), "");
    let kept = server.get(&path).expect(200).json();
    assert_eq!((&kept["title"], &kept["text"]), (&json!("Reach"), &json!(REACH)));
    let listed = server.get("/api/v1/cases").expect(200).json();
    assert_eq!(listed["cases"][0]["id"], id);
    for (text, expected) in [
        (
            "[[step]]\nverb = 'sorce'",
            "line 2: step `step-1`: there is no verb `sorce`; did you mean `source`?",
        ),
        ("title = 'x'", "case: there is no `[[step]]`"),
    ] {
        let answer = server.json("PUT", &path, &json!({"text": text})).expect(400).json();
        assert_eq!(answer["error"]["message"], expected);
        server.json("POST", "/api/v1/case-checks", &json!({"text": text})).expect(400);
    }
    server.json("POST", "/api/v1/case-checks", &json!({"text": REACH})).expect(200);
    let missing = json!({"values": {"who": "ann"}});
    let answer = server.json("POST", &format!("{path}/runs"), &missing).expect(400).json();
    assert_eq!(
        answer["error"]["message"],
        "parameter `calls`: it is given no value, and has no default"
    );
    server.send("DELETE", &path, &[], &[]).expect(204);
    server.get(&path).expect(404);
}

#[test]
fn a_case_reads_the_folder_of_the_options_alone() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("calls.csv"), CALLS).unwrap();
    let text =
        REACH.replace("[parameters.calls]\ntype = 'source'\n", "").replace("$calls", "calls.csv");
    let server = start("");
    let state = run(&server, &save(&server, &text), &json!({"who": "ann"}));
    assert_eq!(state["status"], "failed");
    assert!(state["error"].as_str().unwrap().contains("`calls.csv` may not be read"), "{state}");
    let with = start(&format!("case_folder = {:?}", folder.path().to_str().unwrap()));
    let state = run(&with, &save(&with, &text), &json!({"who": "ann"}));
    assert_eq!(
        (&state["status"], &state["steps"][0]["place"]),
        (&json!("done"), &json!("calls.csv"))
    );
    for outside in
        ["/etc/passwd", "../calls.csv", "file:///etc/passwd", "sqlite:/etc/passwd?table=a"]
    {
        let case = save(&with, &text.replace("calls.csv", outside));
        let state = run(&with, &case, &json!({"who": "ann"}));
        assert!(state["error"].as_str().unwrap().contains("may not be read"), "{outside}: {state}");
    }
    // What goes wrong in the folder does not say where it is.
    fs::write(folder.path().join("bad.parquet"), "no parquet").unwrap();
    let case = save(&with, &text.replace("calls.csv", "bad.parquet"));
    let state = run(&with, &case, &json!({"who": "ann"}));
    let said = state["error"].as_str().unwrap();
    assert!(!said.contains(folder.path().to_str().unwrap()), "{said}");
}

#[test]
fn hosts_are_asked_only_if_the_options_name_them() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let host = listener.local_addr().unwrap().to_string();
    let text = format!(
        "[parameters.q]\ntype = 'text'\n[[step]]\nverb = 'http'\nurl = 'http://{host}/feed'\nquery = {{q = '$q'}}"
    );
    let refused = |server: &Running| {
        let state = run(server, &save(server, &text), &json!({"q": "a"}));
        assert_eq!(state["status"], "failed");
        state["error"].as_str().unwrap().to_owned()
    };
    assert!(refused(&start("")).contains("no host is allowed"));
    // A host of the list may still not be in a private network.
    let private = refused(&start(&format!("case_hosts = [{host:?}]")));
    assert!(private.contains("127.0.0.1"), "{private}");
    let asked = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut buffer = [0; 4096];
        let n = stream.read(&mut buffer).unwrap();
        let json = "[{\"a\": 1}, {\"a\": 2}]";
        let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close";
        write!(stream, "{head}\r\ncontent-length: {}\r\n\r\n{json}", json.len()).unwrap();
        String::from_utf8_lossy(&buffer[..n]).lines().next().unwrap().to_owned()
    });
    let server = start(&format!("case_hosts = [{host:?}]\ncase_private_hosts = true"));
    let state = run(&server, &save(&server, &text), &json!({"q": "a&b=c d"}));
    assert_eq!(
        (&state["status"], &state["steps"][0]["rows"]),
        (&json!("done"), &json!(2)),
        "{state}"
    );
    assert_eq!(asked.join().unwrap(), "GET /feed?q=a%26b%3Dc%20d HTTP/1.1");
}

#[test]
fn a_run_is_stopped() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let host = listener.local_addr().unwrap().to_string();
    let server = start(&format!("case_hosts = [{host:?}]\ncase_private_hosts = true"));
    // It waits for an answer that does not come.
    let case = save(&server, &format!("[[step]]\nverb = 'http'\nurl = 'http://{host}/'"));
    let path = format!("/api/v1/cases/{case}/runs");
    let begun = server.json("POST", &path, &json!({})).expect(202).json();
    let id = begun["id"].as_str().unwrap();
    server.send("DELETE", &format!("/api/v1/case-runs/{id}"), &[], &[]).expect(204);
    assert_eq!(ended(&server, id, &[])["status"], "stopped");
}

#[test]
fn the_page_of_a_case_is_there() {
    let server = start("");
    let case = save(&server, REACH);
    for path in
        ["/case/".to_owned(), format!("/case/{case}"), format!("/case/{case}?who=ann&run=1")]
    {
        let answer = server.get(&path).expect(200);
        assert!(answer.text().contains("cases.js"), "{path}");
    }
    assert!(
        server
            .get("/case/cases.js")
            .expect(200)
            .header("content-type")
            .unwrap()
            .contains("javascript")
    );
    assert!(
        server.get("/case/cases.css").expect(200).header("content-type").unwrap().contains("css")
    );
}

/// A server with accounts of these names, and what each signs in with.
fn with_users<const N: usize>(names: [&str; N]) -> (Running, [String; N]) {
    let password = "correct horse";
    let folder = TempDir::new().unwrap();
    let mut first = Command::new(env!("CARGO_BIN_EXE_graphlume-server"))
        .arg("--data")
        .arg(folder.path())
        .args(["users", "add", "root", "--admin"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    first.stdin.take().unwrap().write_all(format!("{password}\n").as_bytes()).unwrap();
    assert!(first.wait().unwrap().success());
    let server = start_in(folder, "auth = true");
    let sign_in = |name: &str| {
        let body = json!({"name": name, "password": password});
        let answer = server.json("POST", "/api/v1/sign-in", &body).expect(200);
        format!("Bearer {}", answer.json()["token"].as_str().unwrap())
    };
    let root = sign_in("root");
    for name in names {
        let body = json!({"name": name, "password": password}).to_string();
        let headers = [("authorization", root.as_str()), ("content-type", "application/json")];
        server.send("POST", "/api/v1/users", &headers, body.as_bytes()).expect(201);
    }
    let tokens = names.map(sign_in);
    (server, tokens)
}

#[test]
fn cases_and_runs_are_their_owners() {
    let (server, [ann, bob]) = with_users(["ann", "bob"]);
    let kind = ("content-type", "application/json");
    let ann = [("authorization", ann.as_str()), kind];
    let bob = [("authorization", bob.as_str()), kind];
    let body = |value: Value| value.to_string().into_bytes();
    server.send("POST", "/api/v1/cases", &[kind], &body(json!({"text": REACH}))).expect(401);
    let made =
        server.send("POST", "/api/v1/cases", &ann, &body(json!({"text": REACH}))).expect(201);
    let path = format!("/api/v1/cases/{}", made.json()["id"].as_str().unwrap());
    server.get(&path).expect(401);
    server.send("GET", &path, &bob, &[]).expect(404);
    server.send("PUT", &path, &bob, &body(json!({"mode": "public"}))).expect(404);
    server.send("DELETE", &path, &bob, &[]).expect(404);
    assert_eq!(
        server.send("GET", "/api/v1/cases", &bob, &[]).expect(200).json()["cases"],
        json!([])
    );

    // What Ann uploaded is no source for Bob, even in a case that he may run.
    let file =
        server.send("POST", "/api/v1/files?name=a.csv", &ann[..1], CALLS.as_bytes()).expect(201);
    let calls = format!("upload:{}", file.json()["id"].as_str().unwrap());
    server.send("PUT", &path, &ann, &body(json!({"mode": "public"}))).expect(200);
    server.send("GET", &path, &bob, &[]).expect(200);
    server.send("PUT", &path, &bob, &body(json!({"mode": "private"}))).expect(403);
    let values = body(json!({"values": {"calls": calls, "who": "ann"}}));
    server.send("POST", &format!("{path}/runs"), &bob, &values).expect(404);
    let begun = server.send("POST", &format!("{path}/runs"), &ann, &values).expect(202).json();
    let run = begun["id"].as_str().unwrap();
    server.send("GET", &format!("/api/v1/case-runs/{run}"), &bob, &[]).expect(404);
    server.send("DELETE", &format!("/api/v1/case-runs/{run}"), &bob, &[]).expect(404);
    let state = ended(&server, run, &ann);
    assert_eq!(state["status"], "done", "{state}");
    let dataset = format!("/api/v1/datasets/{}", state["dataset"].as_str().unwrap());
    server.send("GET", &dataset, &bob, &[]).expect(404);
    server.send("GET", &dataset, &ann, &[]).expect(200);
}
