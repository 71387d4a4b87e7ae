//! What strangers may, of what is somebody's own.

use serde_json::{Value, json};

use super::{EDGES, NODES, both};
use crate::common::{Running, start_in};

/// A server with the accounts `root`, who may all, `ann` and `bob`.
fn with_accounts() -> (Running, [String; 3]) {
    let password = "correct horse";
    let folder = tempfile::tempdir().unwrap();
    let mut first = std::process::Command::new(env!("CARGO_BIN_EXE_graphlume-server"))
        .arg("--data")
        .arg(folder.path())
        .args(["users", "add", "root", "--admin"])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    std::io::Write::write_all(&mut first.stdin.take().unwrap(), format!("{password}\n").as_bytes())
        .unwrap();
    assert!(first.wait().unwrap().success());
    let server = start_in(folder, "auth = true");
    let sign_in = |name: &str| {
        let body = json!({"name": name, "password": password});
        let token =
            server.json("POST", "/api/v1/sign-in", &body).expect(200).json()["token"].clone();
        format!("Bearer {}", token.as_str().unwrap())
    };
    let root = sign_in("root");
    for name in ["ann", "bob"] {
        let body = json!({"name": name, "password": password}).to_string();
        let headers = [("authorization", root.as_str()), ("content-type", "application/json")];
        server.send("POST", "/api/v1/users", &headers, body.as_bytes()).expect(201);
    }
    let (ann, bob) = (sign_in("ann"), sign_in("bob"));
    (server, [root, ann, bob])
}

#[test]
fn strangers_see_nothing_that_is_not_theirs() {
    let (server, [_, ann, bob]) = with_accounts();
    let (kind, body) = both(EDGES, NODES);
    let path = "/api/v1/datasets?title=people&source=src&target=dst&id=id";
    let headers = [("authorization", ann.as_str()), ("content-type", kind.as_str())];
    let made = server.send("POST", path, &headers, &body).expect(201).json();
    let id = made["id"].as_str().unwrap();
    let get = |who: Option<&str>, what: &str, tag: &str| {
        let mut headers = vec![("if-none-match", tag)];
        headers.extend(who.map(|who| ("authorization", who)));
        server.send("GET", &format!("/api/v1/datasets/{id}/{what}"), &headers, &[])
    };
    let post = |who: Option<&str>, what: &str, body: &Value| {
        let mut headers = vec![("content-type", "application/json")];
        headers.extend(who.map(|who| ("authorization", who)));
        let path = format!("/api/v1/datasets/{id}/{what}");
        server.send("POST", &path, &headers, body.to_string().as_bytes())
    };
    let reads = [
        "scene",
        "rows",
        "histogram?column=age",
        "mask?filter=TRUE",
        "neighbors?nodes=0",
        "image.png",
        "image.svg",
        "html",
        "download",
        "views",
    ];
    for what in reads {
        get(Some(&ann), what, "").expect(200);
        // Not even that it is known.
        get(Some(&bob), what, "*").expect(404);
        get(None, what, "*").expect(401);
    }
    let work = [
        ("analytics", json!({"measure": "degree"})),
        ("query", json!({"query": [{"type": "Node"}]})),
        ("filter", json!({"nodes": "TRUE"})),
        ("transform", json!({"sql": "SELECT * FROM edges"})),
        ("hypergraph", json!({})),
        ("views", json!({"name": "x", "state": {}})),
    ];
    for (verb, body) in &work {
        post(Some(&bob), verb, body).expect(404);
        post(None, verb, body).expect(401);
    }
    let asked = [
        ("rows", json!({"limit": 1})),
        ("mask", json!({})),
        ("histogram", json!({"column": "age"})),
        ("download", json!({})),
        ("computations", json!({"measure": "degree"})),
    ];
    for (what, body) in &asked {
        post(Some(&ann), what, body).expect(200);
        post(Some(&bob), what, body).expect(404);
        post(None, what, body).expect(401);
    }
    let change = json!({"mode": "public"}).to_string();
    let headers = [("authorization", ann.as_str()), ("content-type", "application/json")];
    server
        .send("PATCH", &format!("/api/v1/datasets/{id}"), &headers, change.as_bytes())
        .expect(200);
    for what in reads {
        get(None, what, "").expect(200);
    }
    for (what, body) in &asked {
        post(None, what, body).expect(200);
    }
    for (verb, body) in &work {
        assert!([401, 403].contains(&post(None, verb, body).status), "{verb}");
    }
    post(Some(&bob), "views", &json!({"name": "x", "state": {}})).expect(403);
    let own = post(Some(&bob), "filter", &json!({"nodes": "age > 25"})).expect(201).json();
    let path = format!("/api/v1/datasets/{}", own["dataset"]["id"].as_str().unwrap());
    server.send("GET", &path, &[("authorization", &ann)], &[]).expect(404);
    let mine = server.send("GET", &path, &[("authorization", &bob)], &[]).expect(200).json();
    assert_eq!((&mine["mode"], &mine["metadata"]["made_from"]), (&json!("private"), &json!(id)));
    for path in
        ["/api/v1/experiments", "/api/v1/leaderboard", "/api/v1/experiments/exp__a__b__1/log"]
    {
        server.get(path).expect(401);
    }
    let run = json!({"method": "m", "dataset": "d"}).to_string();
    let headers = [("authorization", bob.as_str()), ("content-type", "application/json")];
    server.send("POST", "/api/v1/experiments", &headers, run.as_bytes()).expect(403);
    server.json("POST", "/api/v1/metrics", &json!({"scores": [1.0], "labels": [1]})).expect(401);
}
