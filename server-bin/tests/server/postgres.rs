//! Several servers on one PostgreSQL and one store of objects.

#![expect(clippy::unwrap_used, reason = "a panic fails the test; what is skipped is said")]

use serde_json::json;

use crate::common::start;
use crate::postgresql::Server;

#[test]
fn servers_that_share_a_database_share_all_that_they_keep() {
    let Some(database) = Server::start() else { return };
    let objects = tempfile::TempDir::new().unwrap();
    let options = format!(
        "database = {:?}\nstorage = \"file://{}\"\nauth = false",
        database.address(),
        objects.path().display()
    );
    let (first, second) = (start(&options), start(&options));
    let id = first.upload("a.csv", b"s,t\n1,2\n2,3\n");
    let seen = second.get(&format!("/api/v1/datasets/{id}")).expect(200).json();
    assert_eq!((&seen["n_nodes"], &seen["n_edges"]), (&json!(3), &json!(2)));
    let change = json!({"name": "renamed"});
    second.json("PATCH", &format!("/api/v1/datasets/{id}"), &change).expect(200);
    assert_eq!(first.get("/api/v1/datasets").json()["datasets"][0]["name"], "renamed");
    first.send("DELETE", &format!("/api/v1/datasets/{id}"), &[], &[]).expect(204);
    second.get(&format!("/api/v1/datasets/{id}")).expect(404);
    assert_eq!(walk(objects.path()), 0, "what nothing names should be gone");
    first.get("/ready").expect(200);
    let case = json!({"template": "money", "mode": "public"});
    let made = first.json("POST", "/api/v1/cases", &case).expect(201).json();
    let path = format!("/api/v1/cases/{}", made["id"].as_str().unwrap());
    assert_eq!(second.get(&path).expect(200).json()["text"], made["text"]);
    assert_eq!(second.get("/api/v1/cases").expect(200).json()["cases"][0]["mode"], "public");
    second.send("DELETE", &path, &[], &[]).expect(204);
    first.get(&path).expect(404);
}

/// Files below a folder.
fn walk(folder: &std::path::Path) -> usize {
    let entries = std::fs::read_dir(folder).unwrap();
    let count = |entry: std::fs::DirEntry| match entry.file_type().unwrap().is_dir() {
        true => walk(&entry.path()),
        false => 1,
    };
    entries.map(|entry| count(entry.unwrap())).sum()
}

#[test]
fn a_database_that_goes_away_is_said_and_comes_back() {
    let Some(database) = Server::start() else { return };
    let server = start(&format!("database = {:?}", database.address()));
    let id = server.upload("a.csv", b"s,t\n1,2\n");
    drop(database);
    server.get("/ready").expect(503);
    server.get("/health").expect(200);
    let answer = server.post("/api/v1/datasets?name=b.csv", b"s,t\n1,2\n").expect(503);
    assert!(answer.text().contains("database"), "{}", answer.text());
    server.get(&format!("/api/v1/datasets/{id}")).expect(503);
}
