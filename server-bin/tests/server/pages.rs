//! What the server's pages ask: lists of datasets, views that are kept, members of collections, experiments in the graph.

#![expect(clippy::unwrap_used, reason = "a panic fails the test, as it should")]

use crate::common::{Answer, Running, start};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

const EDGES: &[u8] = b"source,target,weight\na,b,1\nb,c,2\nc,d,3\nd,a,4\na,c,5\n";

fn message(answer: &Answer) -> String {
    answer.json()["error"]["message"].as_str().unwrap().to_owned()
}

fn names(server: &Running, query: &str) -> (Vec<String>, i64) {
    let list = server.get(&format!("/api/v1/datasets?{query}")).expect(200).json();
    let names = list["datasets"].as_array().unwrap().iter();
    (
        names.map(|d| d["name"].as_str().unwrap().to_owned()).collect(),
        list["total"].as_i64().unwrap(),
    )
}

#[test]
fn datasets_are_searched_sorted_and_paged() {
    let server = start("");
    for (name, file) in [
        ("beta.csv", &b"source,target\na,b\n"[..]),
        ("Alpha_1.csv", EDGES),
        ("gamma.csv", b"source,target\na,b\nb,c\n"),
    ] {
        server.upload(name, file);
    }
    assert_eq!(names(&server, "").0, ["gamma", "Alpha_1", "beta"]);
    assert_eq!(names(&server, "sort=name").0, ["Alpha_1", "beta", "gamma"]);
    assert_eq!(names(&server, "sort=name&descending=true").0, ["gamma", "beta", "Alpha_1"]);
    assert_eq!(names(&server, "sort=n_edges").0, ["Alpha_1", "gamma", "beta"]);
    assert_eq!(names(&server, "sort=n_edges&descending=false&limit=1&offset=1").0, ["gamma"]);
    assert_eq!(names(&server, "search=ALPHA"), (vec!["Alpha_1".to_owned()], 1));
    assert_eq!(names(&server, "search=a&limit=1&sort=name"), (vec!["Alpha_1".to_owned()], 3));
    // What means something in a pattern means itself.
    assert_eq!(names(&server, "search=_1").0, ["Alpha_1"]);
    for nothing in ["%25", "___", "!", "'; DROP TABLE datasets"] {
        assert_eq!(
            names(&server, &format!("search={}", nothing.replace(' ', "+"))).1,
            0,
            "{nothing}"
        );
    }
    server.get("/api/v1/datasets?sort=spec").expect(400);
    server.get("/api/v1/datasets?limit=0").expect(400);
}

#[test]
fn views_are_kept_named_and_pictured() {
    let server = start("");
    let id = server.upload("e.csv", EDGES);
    let path = format!("/api/v1/datasets/{id}/views");
    let picture = STANDARD.encode(b"\x89PNG\r\n\x1a\nrest");
    let view = json!({"name": " First ", "state": {"version": 1}, "picture": picture});
    let saved = server.json("POST", &path, &view).expect(201).json();
    assert_eq!((&saved["name"], &saved["has_picture"]), (&json!("First"), &json!(true)));
    let one = format!("{path}/{}", saved["id"].as_str().unwrap());
    let shown = server.get(&format!("{one}/picture")).expect(200);
    assert_eq!(shown.header("content-type"), Some("image/png"));
    assert_eq!(shown.body, b"\x89PNG\r\n\x1a\nrest");
    let renamed = server.json("PATCH", &one, &json!({"name": "Second"})).expect(200).json();
    assert_eq!(renamed["name"], "Second");
    assert_eq!(server.get(&one).expect(200).json()["state"], json!({"version": 1}));
    let list = server.get(&path).expect(200).json();
    assert_eq!((&list["may_write"], &list["views"][0]["name"]), (&json!(true), &json!("Second")));
    let plain = server.json("POST", &path, &json!({"name": "x", "state": {}})).expect(201).json();
    server.get(&format!("{path}/{}/picture", plain["id"].as_str().unwrap())).expect(404);

    let large = STANDARD.encode([b"\xff\xd8\xff".to_vec(), vec![0; 1 << 16]].concat());
    for (bad, why) in [
        (json!({"name": "", "state": {}}), "1 to 200"),
        (json!({"name": "x", "state": []}), "is an object"),
        (json!({"name": "x", "state": {}, "picture": "<svg>"}), "no Base64"),
        (json!({"name": "x", "state": {}, "picture": STANDARD.encode("<svg>")}), "no PNG"),
        (json!({"name": "x", "state": {}, "picture": large}), "65539 bytes"),
    ] {
        let told = message(&server.json("POST", &path, &bad).expect(400));
        assert!(told.contains(why), "{told}");
    }
    server.json("PATCH", &one, &json!({"name": "x".repeat(201)})).expect(400);
    server.send("DELETE", &one, &[], &[]).expect(204);
    for gone in [one.clone(), format!("{one}/picture")] {
        server.get(&gone).expect(404);
    }
    server.json("PATCH", &one, &json!({"name": "x"})).expect(404);
    // A view of one dataset is none of another.
    let other = server.upload("f.csv", EDGES);
    let elsewhere = format!("/api/v1/datasets/{other}/views/{}", plain["id"].as_str().unwrap());
    server.get(&elsewhere).expect(404);
    server.send("DELETE", &elsewhere, &[], &[]).expect(404);
}

#[test]
fn members_of_a_query_are_told_as_bits() {
    let server = start("");
    let id = server.upload("e.csv", EDGES);
    let path = format!("/api/v1/datasets/{id}/members");
    let bits = |answer: &Value, of: &str| STANDARD.decode(answer[of].as_str().unwrap()).unwrap();
    let heavy = json!({"query": [
        {"type": "Node"},
        {"type": "Edge", "direction": "undirected", "edge_match": {"weight": {"type": "GT", "val": 3}}},
        {"type": "Node"},
    ]});
    let found = server.json("POST", &path, &heavy).expect(200).json();
    assert_eq!((&found["n_nodes"], &found["n_edges"]), (&json!(3), &json!(2)), "{found}");
    // Nodes a, c, d and the last two edges, in the order of the file.
    assert_eq!((bits(&found, "nodes"), bits(&found, "edges")), (vec![0b1101], vec![0b11000]));
    let absent = json!({"query": [{"type": "Node", "filter_dict": {"nothing": 1}}]});
    let found = server.json("POST", &path, &absent).expect(200).json();
    assert_eq!((bits(&found, "nodes"), &found["n_nodes"]), (vec![0], &json!(0)));
    assert!(found["warnings"][0].as_str().unwrap().contains("nothing"));
    server.json("POST", &path, &json!({"query": [{"type": "What"}]})).expect(400);
    server.json("POST", &path, &json!({"query": [], "into": "csv"})).expect(400);
}

/// A folder of experiments beside one of datasets, with an experiment of scored nodes.
fn experiments() -> tempfile::TempDir {
    let place = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = place.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    write("datasets/UCI/edges.csv", "src,dst\n10,20\n20,30\n");
    write("datasets/UCI/dataset.toml", "description = \"Messages\"\n");
    write("datasets/raw/data.bin", "x");
    write(
        "methods/hello/.env",
        "DESCRIPTION=\"Says hello\"\nCOMMAND=sh main.sh\n_EPOCHS=3\nSECRET=hunter2x\n",
    );
    for (name, results) in [
        ("exp__m__uci__20260101_000000", Some(RESULTS)),
        ("exp__m__uci__20260101_000001", None),
        ("exp__m__nowhere__20260101_000002", Some(RESULTS)),
        ("exp__m__raw__20260101_000003", Some(RESULTS)),
    ] {
        let status = r#"{"status": "completed", "timestamp": "2026-01-01T00:00:00+00:00", "method_name": "m"}"#;
        write(&format!("experiments/{name}/status.json"), status);
        if let Some(results) = results {
            write(&format!("experiments/{name}/results.json"), results);
        }
    }
    place
}

const RESULTS: &str = r#"{"result_type": "NODE_ANOMALY_SCORES", "scores": [0.1, 0.9, 0.4],
                          "ground_truth": [0, 1, 0], "node_ids": [10, 20, 30], "metadata": {}}"#;

#[test]
fn scores_of_an_experiment_are_shown_in_the_graph_once() {
    let place = experiments();
    let root = place.path().join("experiments");
    let server = start(&format!("experiments = {:?}", root.to_str().unwrap()));
    let path = |name: &str| format!("/api/v1/experiments/exp__m__{name}/graph");
    let made = server.json("POST", &path("uci__20260101_000000"), &json!({})).expect(201).json();
    assert_eq!((&made["n_nodes"], &made["name"]), (&json!(3), &json!("m on uci")));
    assert_eq!(made["url_params"]["node_color"], "anomaly_score");
    let id = made["id"].as_str().unwrap();
    let rows = server
        .get(&format!(
            "/api/v1/datasets/{id}/rows?columns=anomaly_score,is_anomaly&sort=anomaly_score"
        ))
        .expect(200)
        .json();
    assert_eq!(rows["rows"], json!([[0.1, false], [0.4, false], [0.9, true]]));
    let again = server.json("POST", &path("uci__20260101_000000"), &json!({})).expect(200).json();
    assert_eq!(again["id"], made["id"]);
    // Other results make another graph.
    let changed = RESULTS.replace("0.1", "0.25");
    std::fs::write(root.join("exp__m__uci__20260101_000000/results.json"), changed).unwrap();
    let other = server.json("POST", &path("uci__20260101_000000"), &json!({})).expect(201).json();
    assert_ne!(other["id"], made["id"]);

    let why = |name: &str, status: u16| {
        message(&server.json("POST", &path(name), &json!({})).expect(status))
    };
    assert!(why("uci__20260101_000001", 409).contains("no results"));
    assert!(why("nowhere__20260101_000002", 404).contains("nowhere"));
    let raw = why("raw__20260101_000003", 409);
    assert!(raw.contains("there are no edges"), "{raw}");
    assert!(!raw.contains(place.path().to_str().unwrap()), "{raw}");
    server.json("POST", &path("..%2fuci__1"), &json!({})).expect(404);
}

#[test]
fn what_can_be_run_is_listed_without_what_is_nobodys_business() {
    let place = experiments();
    let root = place.path().join("experiments");
    let server = start(&format!("experiments = {:?}", root.to_str().unwrap()));
    let methods = server.get("/api/v1/gad/methods").expect(200);
    let text = methods.text();
    assert!(!text.contains(place.path().to_str().unwrap()) && !text.contains("hunter2x"), "{text}");
    let methods = methods.json();
    let hello = &methods["methods"][0];
    assert_eq!((&hello["name"], &hello["from"]), (&json!("hello"), &json!("folder")));
    assert_eq!(hello["parameters"], json!([{"name": "EPOCHS", "default": "3"}]));
    let scan = methods["methods"].as_array().unwrap().iter().find(|m| m["name"] == "scan").unwrap();
    assert_eq!(scan["result_type"], "NODE_ANOMALY_SCORES");

    let datasets = server.get("/api/v1/gad/datasets").expect(200).json();
    let own: Vec<&Value> = datasets["datasets"].as_array().unwrap().iter().take(2).collect();
    assert_eq!((&own[0]["name"], &own[0]["description"]), (&json!("uci"), &json!("Messages")));
    assert_eq!((&own[1]["name"], &own[1]["is_native"]), (&json!("raw"), &json!(false)));
    // Small whole numbers are numbers of nodes, from 0 on.
    let facts = server.get("/api/v1/gad/datasets/uci").expect(200).json();
    assert_eq!((&facts["n_nodes"], &facts["n_edges"]), (&json!(31), &json!(2)));
    let disney = server.get("/api/v1/gad/datasets/bundled:disney").expect(200).json();
    assert_eq!(disney["n_nodes"], 124);
    server.get("/api/v1/gad/datasets/raw").expect(409);
    for bad in ["..%2fmethods", "nothing", "bundled:..%2fx"] {
        server.get(&format!("/api/v1/gad/datasets/{bad}")).expect(404);
    }
    assert_eq!(server.get("/api/v1/experiments").expect(200).json()["may_run"], false);
    let name = "/api/v1/experiments/exp__m__uci__20260101_000000/evaluation";
    server.json("POST", name, &json!({})).expect(403);
    for path in ["methods", "datasets"] {
        start("").get(&format!("/api/v1/gad/{path}")).expect(404);
    }
}

#[test]
fn an_experiment_is_evaluated_where_that_is_allowed() {
    let place = experiments();
    let root = place.path().join("experiments");
    let server = start(&format!("experiments = {:?}\nallow_runs = true", root.to_str().unwrap()));
    let path = "/api/v1/experiments/exp__m__uci__20260101_000000/evaluation";
    server.get(path).expect(404);
    let written = server.json("POST", path, &json!({})).expect(200).json();
    assert!(written["files"].as_array().unwrap().contains(&json!("evaluation.json")), "{written}");
    assert_eq!(server.get(path).expect(200).json()["metrics"]["ranking"]["roc_auc"], 1.0);
    let none = "/api/v1/experiments/exp__m__uci__20260101_000001/evaluation";
    let told = message(&server.json("POST", none, &json!({})).expect(409));
    assert!(!told.contains(place.path().to_str().unwrap()), "{told}");
}

#[test]
fn pages_are_served_where_their_files_are_found() {
    let server = start("");
    for path in ["/", "/account", "/experiments", "/datasets", "/methods", "/leaderboard"] {
        let page = server.get(path).expect(200).text();
        assert!(
            page.contains("src=\"graphlume.js\"") && page.contains("href=\"graphlume.css\""),
            "{path}"
        );
    }
    let below = server.get("/experiments/exp__a__b__1").expect(200).text();
    assert!(
        below.contains("src=\"../graphlume.js\"") && below.contains("href=\"../graphlume.css\"")
    );
    for path in ["/pages.js", "/graph/pages.js"] {
        let script = server.get(path).expect(200);
        assert!(script.header("content-type").unwrap().starts_with("text/javascript"));
        assert!(script.text().contains("graphlume.js"));
    }
}
