//! Uploads and datasets: what is kept, what is refused, and what survives.

#![expect(clippy::unwrap_used, reason = "a panic fails the test, as it should")]

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;

use arrow::array::{Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema};
use arrow::ipc::writer::FileWriter;
use serde_json::json;

use crate::common::{Running, start, start_in};

const EDGES: &[u8] = b"from,to,weight,kind\na,b,2,x\nb,c,0.5,y\nc,a,1,x\n";

#[test]
fn an_upload_is_a_dataset_with_its_columns() {
    let server = start("");
    let made =
        server.post("/api/v1/datasets?name=friends.csv&directed=true", EDGES).expect(201).json();
    assert_eq!(made["name"], "friends");
    assert_eq!((&made["n_nodes"], &made["n_edges"]), (&json!(3), &json!(3)));
    assert_eq!(made["is_directed"], true);
    assert_eq!((&made["source_column"], &made["target_column"]), (&json!("from"), &json!("to")));
    let columns = made["tables"]["edges"]["columns"].as_array().unwrap();
    let names: Vec<_> = columns.iter().map(|column| column["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["from", "to", "weight", "kind"]);
    assert_eq!(columns[2]["is_numeric"], true);
    let id = made["id"].as_str().unwrap();
    let list = server.get("/api/v1/datasets").expect(200).json();
    assert_eq!((&list["total"], &list["datasets"][0]["id"]), (&json!(1), &json!(id)));
    let change = json!({"name": "Friends", "url_params": {"play": 0}});
    let changed =
        server.json("PATCH", &format!("/api/v1/datasets/{id}"), &change).expect(200).json();
    assert_eq!((&changed["name"], &changed["url_params"]["play"]), (&json!("Friends"), &json!(0)));
    server.send("DELETE", &format!("/api/v1/datasets/{id}"), &[], &[]).expect(204);
    server.get(&format!("/api/v1/datasets/{id}")).expect(404);
    assert_eq!(files(&server), 0, "what nothing names should be gone");
}

/// Files that the server keeps.
fn files(server: &Running) -> usize {
    let objects = std::fs::read_dir(server.folder.path().join("objects")).unwrap();
    objects.map(|shelf| std::fs::read_dir(shelf.unwrap().path()).unwrap().count()).sum()
}

#[test]
fn datasets_survive_a_new_start_with_the_same_order_of_nodes() {
    let server = start("");
    let edges = b"s,t\nz,y\ny,x\n";
    let nodes = b"name,age\nq,1\nx,2\ny,3\nz,4\n";
    let body = multipart(&[("edges", "e.csv", edges), ("nodes", "n.csv", nodes)]);
    let kind = [("content-type", "multipart/form-data; boundary=XX")];
    let made = server.send("POST", "/api/v1/datasets?title=t", &kind, &body).expect(201).json();
    assert_eq!((&made["n_nodes"], &made["node_id_column"]), (&json!(4), &json!("name")));
    let path = format!("/api/v1/datasets/{}", made["id"].as_str().unwrap());
    let server = start_in(server.stop(), "");
    assert_eq!(server.get(&path).expect(200).json(), made);
}

fn multipart(parts: &[(&str, &str, &[u8])]) -> Vec<u8> {
    let mut body = Vec::new();
    for (name, file, content) in parts {
        write!(
            body,
            "--XX\r\ncontent-disposition: form-data; name=\"{name}\"; filename=\"{file}\"\r\n\r\n"
        )
        .unwrap();
        body.extend_from_slice(content);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(b"--XX--\r\n");
    body
}

#[test]
fn two_files_of_edges_are_refused_by_name() {
    let server = start("");
    let edges = b"s,t\nz,y\ny,x\n";
    let nodes = b"name,age\nx,2\n";
    let kind = [("content-type", "multipart/form-data; boundary=XX")];
    let twice: [&[(&str, &str, &[u8])]; 3] = [
        &[("edges", "karate.csv", edges), ("edges", "dolphins.csv", edges)],
        &[("edges", "karate.csv", edges), ("file", "dolphins.csv", edges)],
        &[("nodes", "karate.csv", nodes), ("nodes", "dolphins.csv", nodes), ("edges", "e", edges)],
    ];
    for parts in twice {
        let answer = server.send("POST", "/api/v1/datasets", &kind, &multipart(parts)).expect(400);
        let said = answer.json()["error"]["message"].as_str().unwrap().to_owned();
        assert!(said.contains("`karate.csv`") && said.contains("`dolphins.csv`"), "{said}");
    }
    assert_eq!(server.get("/api/v1/datasets").expect(200).json()["total"], json!(0));
    assert_eq!(files(&server), 0, "what was refused should not be kept");
}

#[test]
fn weights_that_nobody_wants_are_a_column_like_others() {
    let server = start("");
    let edges = b"s,t,weight\nz,y,-10\ny,x,2\n";
    server.post("/api/v1/datasets?name=e.csv", edges).expect(400);
    let made = server.post("/api/v1/datasets?name=e.csv&unweighted=true", edges).expect(201).json();
    assert_eq!(made["warnings"], json!([]));
    let path = format!("/api/v1/datasets/{}", made["id"].as_str().unwrap());
    let server = start_in(server.stop(), "");
    assert_eq!(server.get(&path).expect(200).json(), made);
}

#[test]
fn bad_uploads_say_what_is_wrong_and_leave_nothing() {
    let server = start("upload_max_size = 1000");
    let large = vec![b'x'; 1001];
    for (path, body, status, word) in [
        ("?name=a.csv", &b""[..], 400, "empty"),
        ("?name=a.csv", b"a,b\n1\n", 400, "row"),
        ("?name=a.csv&source=nowhere", EDGES, 400, "nowhere"),
        ("?name=a.parquet", b"PAR1 nothing", 400, "arquet"),
        ("?name=a.arrow", b"ARROW1 nothing", 400, "rrow"),
        ("?name=a.json", b"{\"nodes\": [", 400, ""),
        ("?name=a.xyz&format=word", EDGES, 400, "word"),
        ("?nmae=a.csv", EDGES, 400, "nmae"),
        ("?name=a.csv", large.as_slice(), 413, "1000"),
        ("?upload=../../etc/passwd", b"", 404, "etc"),
    ] {
        let answer = server.post(&format!("/api/v1/datasets{path}"), body).expect(status);
        assert!(answer.text().contains(word), "{path}: {}", answer.text());
        assert!(!answer.text().contains("spool"), "a path of ours: {}", answer.text());
    }
    assert_eq!(server.get("/api/v1/datasets").json()["total"], 0);
    assert_eq!(files(&server), 0);
    assert_eq!(std::fs::read_dir(server.folder.path().join("spool")).unwrap().count(), 0);
}

#[test]
fn a_bomb_of_zeros_is_refused() {
    let server = start("upload_max_size = \"1M\"");
    let lines = vec![b'\n'; 1 << 20];
    let mut bomb = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    for _ in 0..64 {
        bomb.write_all(&lines).unwrap();
    }
    let bomb = bomb.finish().unwrap();
    assert!(bomb.len() < 1 << 20);
    let answer = server.post("/api/v1/datasets?name=a.csv.gz", &bomb).expect(400);
    assert!(answer.text().contains("16777216"), "{}", answer.text());
}

#[test]
fn half_a_body_leaves_nothing() {
    let server = start("");
    let mut stream = TcpStream::connect(server.address).unwrap();
    let head = format!(
        "POST /api/v1/datasets?name=a.csv HTTP/1.1\r\nhost: {}\r\ncontent-length: 100000\r\n\r\na,b\n1,2\n",
        server.address
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream.shutdown(std::net::Shutdown::Write).unwrap();
    let mut answer = String::new();
    // The server may close before it answers: either is right, as long as nothing is kept.
    let _ = stream.read_to_string(&mut answer);
    assert!(!answer.contains(" 201 "), "{answer}");
    assert_eq!(server.get("/api/v1/datasets").json()["total"], 0);
    assert_eq!(files(&server), 0);
}

#[test]
fn uploads_in_pieces_go_on_where_they_stopped() {
    let server = start("");
    let begun = server.post("/api/v1/uploads?name=big.csv", b"").expect(201).json();
    let path = format!("/api/v1/uploads/{}", begun["id"].as_str().unwrap());
    let piece = |server: &Running, at: usize, bytes: &[u8]| {
        server.send("PATCH", &path, &[("upload-offset", &at.to_string())], bytes)
    };
    assert_eq!(piece(&server, 0, &EDGES[..10]).expect(200).json()["offset"], 10);
    let server = start_in(server.stop(), "");
    assert_eq!(server.get(&path).expect(200).json()["offset"], 10);
    let answer = piece(&server, 9, &EDGES[9..]).expect(409);
    assert!(answer.text().contains("10"), "{}", answer.text());
    piece(&server, 10, &EDGES[10..]).expect(200);
    let id = begun["id"].as_str().unwrap();
    let made = server.post(&format!("/api/v1/datasets?upload={id}"), b"").expect(201).json();
    assert_eq!((&made["name"], &made["n_edges"]), (&json!("big"), &json!(3)));
    server.get(&path).expect(404);
}

#[test]
fn files_become_datasets_and_stay_as_long_as_one_needs_them() {
    let server = start("");
    let file = server.post("/api/v1/files?name=e.arrow", &arrow_file()).expect(201).json();
    assert_eq!((&file["n_rows"], &file["columns"][0]["name"]), (&json!(2), &json!("s")));
    let id = file["id"].as_str().unwrap();
    let from = json!({"name": "d", "edges": [id], "source": "s", "target": "d"});
    let made = server.json("POST", "/api/v1/datasets/from-files", &from).expect(201).json();
    assert_eq!(made["n_edges"], 2);
    server.send("DELETE", &format!("/api/v1/files/{id}"), &[], &[]).expect(204);
    assert_eq!(files(&server), 1);
    let path = format!("/api/v1/datasets/{}", made["id"].as_str().unwrap());
    server.get(&path).expect(200);
    server.send("DELETE", &path, &[], &[]).expect(204);
    assert_eq!(files(&server), 0);
    let wrong = json!({"name": "d", "edges": [id], "source": "s", "target": "d"});
    server.json("POST", "/api/v1/datasets/from-files", &wrong).expect(404);
}

fn arrow_file() -> Vec<u8> {
    let schema = Schema::new(vec![
        Field::new("s", DataType::Utf8, false),
        Field::new("d", DataType::Utf8, false),
        Field::new("w", DataType::Int64, false),
    ]);
    let columns: Vec<arrow::array::ArrayRef> = vec![
        Arc::new(StringArray::from(vec!["a", "b"])),
        Arc::new(StringArray::from(vec!["b", "c"])),
        Arc::new(Int64Array::from(vec![1, 2])),
    ];
    let batch = RecordBatch::try_new(Arc::new(schema), columns).unwrap();
    let mut writer = FileWriter::try_new(Vec::new(), &batch.schema()).unwrap();
    writer.write(&batch).unwrap();
    writer.into_inner().unwrap()
}

#[test]
fn arrow_from_strangers_is_checked_byte_by_byte() {
    let server = start("");
    let good = arrow_file();
    let mut kept = 0;
    for at in (0..good.len()).step_by(7) {
        let mut bad = good.clone();
        bad[at] ^= 0xff;
        let answer = server.post("/api/v1/files?name=e.arrow", &bad);
        // What still reads is a table; nothing else is kept, and nothing falls.
        assert!(
            [201, 400].contains(&answer.status),
            "byte {at}: {} {}",
            answer.status,
            answer.text()
        );
        kept += usize::from(answer.status == 201);
    }
    for at in (0..good.len()).step_by(31) {
        server.post("/api/v1/files?name=e.arrow", &good[..at]).expect(400);
    }
    assert_eq!(files(&server), kept);
    server.get("/health").expect(200);
}

#[test]
fn the_server_says_how_it_is_and_what_it_answers_to() {
    let server = start("");
    assert_eq!(server.get("/health").expect(200).json()["status"], "ok");
    server.get("/ready").expect(200);
    let numbers = server.get("/metrics").expect(200).text();
    assert!(numbers.contains("graphlume_http_requests_total{"), "{numbers}");
    assert!(numbers.contains("route=\"/health\""), "{numbers}");
    let interface = server.get("/api/openapi.json").expect(200).json();
    assert!(interface["paths"]["/api/v1/datasets"]["post"]["summary"].is_string());
    for path in ["/", "/api/", "/api/api.js", "/graph/graph.html?dataset=x", "/graphlume.js"] {
        let page = server.get(path).expect(200);
        assert!(
            page.header("content-security-policy")
                .unwrap()
                .contains("frame-ancestors 'self' http://localhost:*"),
            "{path}"
        );
        assert_eq!(page.header("x-frame-options"), None);
        let tag = page.header("etag").unwrap().to_owned();
        server.send("GET", path, &[("if-none-match", &tag)], &[]).expect(304);
    }
    server.get("/nothing").expect(404);
    for path in ["/../etc/passwd", "/graph/..%2f..%2fetc/passwd", "/api/v1/datasets/..%2f..%2fx"] {
        server.get(path).expect(404);
    }
}

#[test]
fn pages_of_strangers_cannot_use_the_server() {
    let server = start("cors_origins = [\"https://notes.example\"]");
    let send = |headers: &[(&str, &str)]| server.send("GET", "/api/v1/datasets", headers, &[]);
    send(&[("origin", "https://evil.example")]).expect(403);
    send(&[("host", "evil.example")]).expect(403);
    let answer = send(&[("origin", "https://notes.example")]).expect(200);
    assert_eq!(answer.header("access-control-allow-origin"), Some("https://notes.example"));
}

#[test]
fn every_operation_is_described_for_people() {
    let interface: serde_json::Value =
        serde_json::from_str(&graphlume_server::description().unwrap()).unwrap();
    let mut n = 0;
    for (path, methods) in interface["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let summary = operation["summary"].as_str().unwrap_or_default();
            assert!(!summary.is_empty(), "{method} {path} has no summary");
            assert!(operation["tags"][0].is_string(), "{method} {path} has no tag");
            n += 1;
        }
    }
    assert!(n > 10, "only {n} operations are described");
}

#[test]
fn mistakes_are_answered_with_what_to_do() {
    let server = start("");
    let error = |answer: crate::common::Answer| {
        answer.expect(400).json()["error"]["message"].as_str().unwrap().to_owned()
    };
    let without = b"source,target\na,b\n,c\n";
    let said = error(server.post("/api/v1/datasets?name=a.csv", without));
    assert!(said.contains("line 3") && said.contains("drop_null=true"), "{said}");
    server.post("/api/v1/datasets?name=a.csv&drop_null=true", without).expect(201);
    // Which words mean that there is no value can be said.
    let gaps = b"source,target,n\na,b,1\nNA,c,2\nb,c,-\n";
    let made = server.post("/api/v1/datasets?name=a.csv&drop_null=true&null=NA,-", gaps);
    let made = made.expect(201).json();
    assert_eq!([&made["n_nodes"], &made["n_edges"]], [3, 2]);
    let rows =
        format!("/api/v1/datasets/{}/rows?table=edges&columns=n", made["id"].as_str().unwrap());
    assert_eq!(server.get(&rows).expect(200).json()["rows"], serde_json::json!([[1], [null]]));
    let long = "x".repeat(300);
    for path in ["/api/v1/datasets", "/api/v1/files", "/api/v1/uploads"] {
        let said = error(server.post(&format!("{path}?name={long}"), without));
        assert!(said.contains("300 bytes; it can have 255"), "{path}: {said}");
    }
    let said = error(server.get("/api/v1/files?limit=1&bogus=2"));
    assert!(said.contains("`bogus`") && said.contains("offset"), "{said}");
    let id = server.upload("edges.csv", b"source,target\na,b\nb,c\n");
    let layout = format!("/api/v1/datasets/{id}/layout");
    let said =
        error(server.json("POST", &layout, &serde_json::json!({"options": {"scaling": 1e38}})));
    assert!(said.contains("scaling") && said.contains("at most 1e9"), "{said}");
    let said =
        error(server.json("POST", &layout, &serde_json::json!({"options": {"scaling": "big"}})));
    assert_eq!(said, "option scaling: it should be a number, not \"big\"");
    let said = error(server.json("POST", &layout, &serde_json::json!({"seed": "x"})));
    assert!(said.contains("`seed`") && said.contains("a whole number"), "{said}");
}

#[test]
fn locked_layouts_keep_what_is_locked() {
    let server = start("");
    let id = server.upload("edges.csv", b"source,target\na,b\nb,c\nc,d\nd,a\na,c\n");
    let layout = format!("/api/v1/datasets/{id}/layout");
    let places = || -> Vec<[f64; 2]> {
        let rows = server.get(&format!("{layout}/positions?format=json")).expect(200).json();
        let rows = rows.as_array().unwrap().iter();
        rows.map(|row| [row["x"].as_f64().unwrap(), row["y"].as_f64().unwrap()]).collect()
    };
    let steps = |options: serde_json::Value| {
        let body = serde_json::json!({"options": options, "steps": 5});
        server.json("PATCH", &layout, &body).expect(200);
        while server.get(&layout).expect(200).json()["state"] == "running" {
            std::thread::yield_now();
        }
    };
    server.json("POST", &layout, &serde_json::json!({"seed": 1})).expect(200);
    server.json("PATCH", &layout, &serde_json::json!({"state": "paused"})).expect(200);
    let before = places();
    steps(serde_json::json!({"lock_x": true, "tolerance": 0}));
    let after = places();
    assert!(before.iter().zip(&after).all(|(a, b)| a[0] == b[0]));
    assert!(before.iter().zip(&after).any(|(a, b)| a[1] != b[1]));
    steps(serde_json::json!({"lock_x": false, "lock_r": true}));
    let last = places();
    let radius = |p: &[f64; 2]| p[0].hypot(p[1]);
    assert!(after.iter().zip(&last).all(|(a, b)| (radius(a) - radius(b)).abs() < 1e-4 * radius(a)));
    assert_ne!(after, last);
}

#[test]
fn times_of_a_csv_are_times() {
    let server = start("");
    let file = b"source,target,at,day\na,b,2024-01-01T00:00:00Z,2024-01-01\nb,c,2024-01-02T12:00:00+02:00,2024-02-29\n";
    let id = server.upload("edges.csv", file);
    let columns = server.get(&format!("/api/v1/datasets/{id}")).expect(200).json();
    let columns = columns["tables"]["edges"]["columns"].as_array().unwrap().clone();
    let times: Vec<_> = columns.iter().filter(|column| column["is_time"] == true).collect();
    assert_eq!(times.len(), 2, "{columns:?}");
    // A filter by time, and the same file again as it was.
    let path =
        format!("/api/v1/datasets/{id}/rows?table=edges&columns=at&filter=at%20%3E%20'2024-01-02'");
    let rows = server.get(&path).expect(200).json();
    assert_eq!(rows["rows"], serde_json::json!([["2024-01-02T10:00:00Z"]]));
}

#[test]
fn a_file_that_becomes_too_large_is_refused_wherever_it_comes_in() {
    let server = start("upload_max_size = \"1M\"");
    let mut bomb = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    std::io::Write::write_all(&mut bomb, b"scores,labels\n").unwrap();
    for _ in 0..80 << 10 {
        std::io::Write::write_all(&mut bomb, &b"1,0\n".repeat(256)).unwrap();
    }
    let bomb = bomb.finish().unwrap();
    assert!(bomb.len() < 512 << 10);
    for path in ["/api/v1/datasets?name=a.csv", "/api/v1/files?name=a.csv", "/api/v1/metrics"] {
        let answer = server.post(path, &bomb).expect(400).text();
        assert!(answer.contains("16777216"), "{path}: {answer}");
    }
}
