//! A server whose tables are in a store that speaks S3; `.ci/s3` starts one.

#![expect(clippy::print_stdout, reason = "what is skipped is said")]

use std::fmt::Write;
use std::io::Read;

use serde_json::{Value, json};

use crate::common::{start, start_in};

#[test]
fn tables_are_kept_in_a_bucket() {
    let Ok(endpoint) = std::env::var("AWS_ENDPOINT") else {
        println!("skipped: there is no store that speaks S3; .ci/s3 starts one");
        return;
    };
    let agent = ureq::Agent::new_with_defaults();
    let bucket = format!("b{}", std::process::id());
    agent.put(format!("{endpoint}/{bucket}")).send_empty().unwrap();
    let listed = || {
        let mut text = String::new();
        let mut answer = agent.get(format!("{endpoint}/{bucket}?list-type=2")).call().unwrap();
        answer.body_mut().as_reader().read_to_string(&mut text).unwrap();
        text.matches("<Key>graphs/").count()
    };
    let options = format!("storage = \"s3://{bucket}/graphs\"");
    let server = start(&options);
    server.get("/ready").expect(200);
    // More than one part of an upload, so that parts are put together.
    let mut edges = "s,t\n".to_owned();
    for i in 0..300_000 {
        writeln!(edges, "node-{i},node-{}", i * 7919 % 300_000_u64).unwrap();
    }
    let id = server.upload("big.csv", edges.as_bytes());
    assert_eq!(listed(), 2, "edges and nodes should be in the bucket");
    let folder = server.stop();
    // What was copied here is no more than a copy.
    let cache = folder.path().join("cache");
    std::fs::remove_dir_all(&cache).unwrap();
    let server = start_in(folder, &options);
    let path = format!("/api/v1/datasets/{id}");
    let found: Value = server.get(&path).expect(200).json();
    assert_eq!(found["n_edges"], json!(300_000));
    server.send("DELETE", &path, &[], &[]).expect(204);
    assert_eq!(listed(), 0, "what nothing names should be gone");
}

#[test]
fn a_store_that_is_away_is_said() {
    if std::env::var("AWS_ENDPOINT").is_err() {
        println!("skipped: there is no store that speaks S3; .ci/s3 starts one");
        return;
    }
    let server = start("storage = \"s3://there-is-no-such-bucket/graphs\"");
    server.get("/health").expect(200);
    let answer = server.post("/api/v1/datasets?name=a.csv", b"s,t\n1,2\n").expect(503);
    assert!(answer.text().contains("storage"), "{}", answer.text());
    assert_eq!(server.get("/api/v1/datasets").json()["total"], 0);
}
