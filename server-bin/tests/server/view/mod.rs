//! What a viewer asks, what is computed on request, and experiments.

#![expect(clippy::unwrap_used, reason = "a panic fails the test, as it should")]

mod access;
mod experiments;
mod viewing;
mod work;

use std::fmt::Write as _;

use crate::common::{Answer, Running};
use graphlume::graph::{IdOrder, ReadOptions};
use graphlume::{Graph, read};
use serde_json::Value;

const EDGES: &str = "\
src,dst,kind,amount,at
ann,bob,mail,1.5,2026-01-01T00:00:00Z
bob,cid,mail,2.5,2026-01-02T00:00:00Z
cid,ann,call,,2026-01-03T00:00:00Z
ann,dan,call,10,2026-01-04T00:00:00Z
dan,\"eve, x\",visit,-3,
";

const NODES: &str = "\
id,age,is_new,note
ann,31,true,Straße
bob,25,false,
cid,,true,it's \"quoted\"
dan,25,false,<script>alert(1)</script>
\"eve, x\",40,true,ümlaut
";

/// A multipart body with two tables.
fn both(edges: &str, nodes: &str) -> (String, Vec<u8>) {
    let part = |name: &str, text: &str| {
        format!(
            "--xyz\r\ncontent-disposition: form-data; name=\"{name}\"; filename=\"{name}.csv\"\r\n\r\n{text}\r\n"
        )
    };
    let body = format!("{}{}--xyz--\r\n", part("edges", edges), part("nodes", nodes));
    ("multipart/form-data; boundary=xyz".to_owned(), body.into_bytes())
}

fn upload(server: &Running) -> String {
    let (kind, body) = both(EDGES, NODES);
    let path = "/api/v1/datasets?title=people&source=src&target=dst&id=id&directed=true";
    let answer = server.send("POST", path, &[("content-type", &kind)], &body).expect(201);
    answer.json()["id"].as_str().unwrap().to_owned()
}

/// The same graph, read by the library.
fn graph(server: &Running) -> Graph {
    let file = |name: &str, text: &str| {
        let path = server.folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let options = ReadOptions {
        source: Some("src".to_owned()),
        target: Some("dst".to_owned()),
        id: Some("id".to_owned()),
        directed: Some(true),
        nodes: Some(file("own-nodes.csv", NODES)),
        order: IdOrder::NodeTable,
        ..ReadOptions::default()
    };
    read(file("own-edges.csv", EDGES), &options).unwrap().0
}

fn encoded(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        write!(encoded, "%{byte:02X}").unwrap();
    }
    encoded
}

/// What is asked of a dataset.
trait Ask {
    fn ask(&self, id: &str, what: &str) -> Answer;
    fn work(&self, id: &str, verb: &str, body: &Value) -> Answer;
}

impl Ask for Running {
    fn ask(&self, id: &str, what: &str) -> Answer {
        self.get(&format!("/api/v1/datasets/{id}/{what}"))
    }

    fn work(&self, id: &str, verb: &str, body: &Value) -> Answer {
        self.json("POST", &format!("/api/v1/datasets/{id}/{verb}"), body)
    }
}

fn message(answer: &Answer) -> String {
    answer.json()["error"]["message"].as_str().unwrap_or_default().to_owned()
}
