//! What PyGraphistry sends, and the fields of the answers that it reads, byte by byte; `.ci/graphistry` does the same
//! with the client itself.

#![expect(clippy::unwrap_used, reason = "a panic fails the test, as it should")]

use std::io::Read;
use std::sync::Arc;

use crate::common::{Answer, Running, start};
use arrow::array::{
    ArrayRef, Float64Array, Int64Array, LargeStringArray, RecordBatch, TimestampMicrosecondArray,
};
use arrow::ipc::writer::FileWriter;
use serde_json::{Value, json};

/// Tables of the transcript, as the client writes them: an Arrow file, nothing compressed.
fn file(columns: Vec<(&str, ArrayRef)>) -> Vec<u8> {
    let table = RecordBatch::try_from_iter(columns).unwrap();
    let mut bytes = Vec::new();
    let mut writer = FileWriter::try_new(&mut bytes, &table.schema()).unwrap();
    writer.write(&table).unwrap();
    writer.finish().unwrap();
    drop(writer);
    bytes
}

fn texts(values: [&str; 4]) -> ArrayRef {
    Arc::new(LargeStringArray::from(values.to_vec()))
}

fn edges() -> Vec<u8> {
    let days = [0, 1, 2, 3].map(|day| 1_704_067_200_000_000 + day * 86_400_000_000);
    file(vec![
        ("s", texts(["a", "b", "c", "a"])),
        ("d", texts(["b", "c", "a", "d"])),
        ("w", Arc::new(Int64Array::from(vec![1, 2, 3, 4]))),
        ("t", Arc::new(TimestampMicrosecondArray::from(days.to_vec()))),
    ])
}

fn nodes() -> Vec<u8> {
    file(vec![
        ("id", texts(["a", "b", "c", "d"])),
        ("type", texts(["user", "ip", "ip", "user"])),
        ("x", Arc::new(Float64Array::from(vec![0.0, 1.0, 2.0, 3.0]))),
        ("y", Arc::new(Float64Array::from(vec![0.0, 1.0, 0.0, 1.0]))),
    ])
}

/// The body with which the client makes a dataset.
fn new(more: &Value) -> Value {
    let mut body = json!({
        "node_encodings": {"bindings": {"node": "id", "node_title": "id"}},
        "edge_encodings": {"bindings": {"source": "s", "destination": "d"}},
        "metadata": {"agent": "pygraphistry", "apiversion": "3", "agentversion": "0.61.2", "usertag": "t"},
        "name": "Untitled P5Z97CKUI9",
        "description": "",
    });
    for (name, value) in more.as_object().unwrap() {
        body[name] = value.clone();
    }
    body
}

trait Client {
    fn made(&self, more: &Value) -> String;
    fn filled(&self) -> String;
    fn query(&self, id: &str, output: &str, body: &Value) -> Answer;
    fn described(&self, id: &str) -> Value;
}

impl Client for Running {
    fn made(&self, more: &Value) -> String {
        let answer = self.json("POST", "/api/v2/upload/datasets/", &new(more)).expect(200).json();
        assert_eq!(answer["success"], true);
        answer["data"]["dataset_id"].as_str().unwrap().to_owned()
    }

    /// A dataset with both tables.
    fn filled(&self) -> String {
        let id = self.made(&json!({}));
        for (table, body) in [("edges", edges()), ("nodes", nodes())] {
            // The client says no type.
            let answer = self.post(&format!("/api/v2/upload/datasets/{id}/{table}/arrow"), &body);
            assert_eq!(answer.expect(200).json()["success"], true);
        }
        id
    }

    fn query(&self, id: &str, output: &str, body: &Value) -> Answer {
        self.json("POST", &format!("/api/v2/etl/datasets/{id}/gfql/{output}"), body)
    }

    fn described(&self, id: &str) -> Value {
        self.get(&format!("/api/v1/datasets/{id}")).expect(200).json()
    }
}

#[test]
fn sign_ins_say_the_organization_and_stay_as_they_are() {
    let server = start("");
    let sign_in = |body: &Value| server.json("POST", "/api-token-auth/", body).expect(200).json();
    let plain = sign_in(&json!({"username": "alice", "password": "pw"}));
    assert_eq!(
        plain["active_organization"],
        json!({"slug": "alice", "is_found": true, "is_member": true})
    );
    let token = plain["token"].as_str().unwrap();
    // What the client reads of a token without asking.
    let claims = token.split('.').nth(1).unwrap();
    let claims = base64_of(claims);
    assert_eq!(claims["username"], "alice");
    let acme = sign_in(&json!({"username": "alice", "password": "pw", "org_name": "acme"}));
    assert_eq!(acme["active_organization"]["slug"], "acme");
    // While it is young, a token is answered with itself.
    let again = server
        .json("POST", "/api/v2/auth/token/refresh", &json!({"token": token}))
        .expect(200)
        .json();
    assert_eq!(again["token"], token);
    server.json("POST", "/api-token-verify/", &json!({"token": token})).expect(200);
    let switch = server.send(
        "POST",
        "/api/v2/o/acme/switch/",
        &[("content-type", "application/x-www-form-urlencoded")],
        b"slug=acme",
    );
    assert_eq!(switch.expect(200).json()["status"], "OK");
    // A GET with a body.
    let headers =
        [("authorization", "PersonalKey KID:KSECRET"), ("content-type", "application/json")];
    let key = server.send("GET", "/api/v2/auth/pkey/jwt/", &headers, b"{}").expect(200).json();
    assert!(key["token"].is_string() && key["active_organization"]["is_member"] == true);
    server
        .send("POST", "/api/v2/auth/pkey/jwt/", &headers, b"{\"org_name\": \"acme\"}")
        .expect(200);
    for path in ["/api-token-auth", "/api/v2/auth/token/generate", "/api/v2/auth/token/generate/"] {
        server.json("POST", path, &json!({"username": "a", "password": "b"})).expect(200);
    }
}

fn base64_of(text: &str) -> Value {
    use base64::Engine;
    let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(text).unwrap();
    serde_json::from_slice(&bytes).unwrap()
}

#[test]
fn sign_ins_that_fail_or_have_ended_say_so_in_the_clients_words() {
    let server = start("auth = true\ntoken_minutes = 0");
    let body = json!({"username": "alice", "password": "bad"});
    let answer = server.json("POST", "/api-token-auth/", &body).expect(400).json();
    assert_eq!(
        answer,
        json!({"non_field_errors": ["Unable to log in with provided credentials."]})
    );
    let headers = [("authorization", "PersonalKey KID:KSECRET")];
    server.send("GET", "/api/v2/auth/pkey/jwt/", &headers, b"{}").expect(400);
    let foreign = json!({"token": "tok.en.sig"});
    server.json("POST", "/api-token-verify/", &foreign).expect(400);
    server.json("POST", "/api/v2/auth/token/refresh", &foreign).expect(400);
    // Somebody else's server, with the same claims.
    let other = start("token_minutes = 0");
    let ended = other.json("POST", "/api-token-auth/", &body).expect(200).json();
    server.json("POST", "/api-token-verify/", &json!({"token": ended["token"]})).expect(400);
    for (method, path) in [
        ("POST", "/api/v2/upload/datasets/"),
        ("POST", "/api/v2/files/"),
        ("GET", "/api/v2/datasets/"),
        ("POST", "/api/v2/o/acme/switch/"),
    ] {
        let answer = server.json(method, path, &json!({})).expect(401).json();
        assert_eq!(
            (&answer["success"], &answer["status"]),
            (&json!(false), &json!("ERR")),
            "{path}"
        );
        assert!(answer["error"].is_string() && answer["message"].is_string(), "{path}");
    }
}

#[test]
fn a_browser_signs_a_program_in_once() {
    let server = start("");
    let begin = server.send(
        "POST",
        "/api/v2/o/acme/sso/oidc/login/okta/",
        &[("content-type", "application/x-www-form-urlencoded")],
        b"client-type=pygraphistry",
    );
    let begin = begin.expect(200).json();
    assert_eq!(begin["status"], "OK");
    let state = begin["data"]["state"].as_str().unwrap();
    assert!(
        begin["data"]["auth_url"]
            .as_str()
            .unwrap()
            .ends_with(&format!("{}/sso/{state}", server.address))
    );
    let path = format!("/api/v2/o/sso/oidc/jwt/{state}/");
    let got = server.get(&path).expect(200).json();
    assert_eq!(got["data"]["active_organization"]["slug"], "acme");
    assert!(got["data"]["token"].is_string());
    let again = server.get(&path).expect(404).json();
    assert_eq!(again["status"], "ERR");
    // With accounts somebody has to come.
    let server = start("auth = true");
    let begin = server.post("/api/v2/g/sso/oidc/login/", b"").expect(200).json();
    let state = begin["data"]["state"].as_str().unwrap();
    let waiting = server.get(&format!("/api/v2/o/sso/oidc/jwt/{state}/")).expect(200).json();
    assert!(waiting["data"].get("token").is_none(), "{waiting}");
    let page = server.get(&format!("/sso/{state}")).expect(200);
    assert!(page.header("content-type").unwrap().starts_with("text/html"));
    assert_eq!(page.header("x-frame-options"), Some("DENY"));
    assert!(page.header("content-security-policy").unwrap().contains("frame-ancestors 'none'"));
    server.get("/sso/guess").expect(404);
}

#[test]
fn a_dataset_is_made_filled_and_described() {
    let server = start("");
    let id = server.made(&json!({}));
    server.get(&format!("/api/v1/datasets/{id}")).expect(409);
    let id = server.filled();
    let dataset = server.described(&id);
    assert_eq!((&dataset["n_nodes"], &dataset["n_edges"]), (&json!(4), &json!(4)));
    assert_eq!((&dataset["is_directed"], &dataset["has_positions"]), (&json!(true), &json!(true)));
    // The form that from_dataset_id() reads.
    let answer = server.get(&format!("/api/v2/upload/datasets/{id}")).expect(200).json();
    let data = &answer["data"];
    assert_eq!((&data["dataset_id"], &data["name"]), (&json!(id), &json!("Untitled P5Z97CKUI9")));
    assert_eq!(data["node_encodings"], json!({"bindings": {"node": "id", "node_title": "id"}}));
    assert_eq!(data["metadata"]["agent"], "pygraphistry");
    let list = server.get("/api/v2/datasets/?limit=1").expect(200).json();
    assert_eq!((&list["count"], list["results"].as_array().unwrap().len()), (&json!(2), 1));
    // Where the client sends people.
    let url = format!(
        "/graph/graph.html?dataset={id}&type=arrow&viztoken=x&usertag=y&splashAfter=1&info=true"
    );
    let page = server.get(&url).expect(200);
    assert!(page.header("x-frame-options").is_none(), "notebooks embed it");
    // Filled again, it is another graph.
    let body = b"s,d\nx,y\n";
    server.post(&format!("/api/v2/upload/datasets/{id}/edges/csv/"), body).expect(200);
    assert_eq!(server.described(&id)["n_edges"], 1);
    server.send("DELETE", &format!("/api/v2/datasets/{id}/"), &[], b"").expect(200);
    server.get(&format!("/api/v2/datasets/{id}")).expect(404);
}

#[test]
fn two_tables_may_come_at_once() {
    let server = start("");
    for _ in 0..8 {
        let id = server.made(&json!({}));
        std::thread::scope(|scope| {
            for (table, body) in [("edges", edges()), ("nodes", nodes())] {
                let path = format!("/api/v2/upload/datasets/{id}/{table}/arrow");
                let server = &server;
                scope.spawn(move || server.post(&path, &body).expect(200));
            }
        });
        let dataset = server.described(&id);
        assert_eq!((&dataset["n_nodes"], &dataset["n_edges"]), (&json!(4), &json!(4)));
        assert_eq!(
            dataset["tables"]["nodes"]["columns"].as_array().unwrap().len(),
            4,
            "both tables are there"
        );
    }
}

#[test]
fn the_tables_of_igraph_come_the_wrong_way_round() {
    let server = start("");
    let id = server.made(&json!({}));
    server.post(&format!("/api/v2/upload/datasets/{id}/edges/arrow"), &nodes()).expect(200);
    server.post(&format!("/api/v2/upload/datasets/{id}/nodes/arrow"), &edges()).expect(200);
    let dataset = server.described(&id);
    assert_eq!((&dataset["n_nodes"], &dataset["n_edges"]), (&json!(4), &json!(4)));
    assert!(dataset["warnings"][0].as_str().unwrap().contains("exchanged"), "{dataset}");
}

#[test]
fn files_stay_until_they_are_deleted() {
    let server = start("");
    let file = |name: &str, body: &[u8]| {
        let body_of = json!({"file_type": "arrow", "agent_name": "pygraphistry", "agent_version": "0.61.2", "name": name});
        let made = server.json("POST", "/api/v2/files/", &body_of).expect(200).json();
        assert_eq!((&made["is_valid"], &made["is_uploaded"]), (&json!(false), &json!(false)));
        let id = made["file_id"].as_str().unwrap().to_owned();
        let filled =
            server.post(&format!("/api/v2/upload/files/{id}?erase=true"), body).expect(200).json();
        (id, filled)
    };
    let (broken, answer) = file("broken", b"ARROW1 and nothing more");
    assert_eq!((&answer["is_valid"], &answer["is_uploaded"]), (&json!(false), &json!(false)));
    assert!(answer["errors"][0].is_string(), "{answer}");
    let (edges, answer) = file("My graph edges", &edges());
    assert_eq!((&answer["is_valid"], &answer["errors"]), (&json!(true), &json!([])));
    let (nodes, _) = file("My graph edges", &nodes());
    let of_files = json!({"edge_files": [edges], "node_files": [nodes]});
    let (one, two) = (server.made(&of_files), server.made(&of_files));
    assert_ne!(one, two);
    for id in [&edges, &nodes] {
        server.send("DELETE", &format!("/api/v2/files/{id}/"), &[], b"").expect(200);
        server.get(&format!("/api/v2/files/{id}")).expect(404);
    }
    server.send("DELETE", &format!("/api/v2/upload/datasets/{one}"), &[], b"").expect(200);
    assert_eq!(server.described(&two)["n_nodes"], 4);
    let body = new(&json!({"edge_files": [broken]}));
    server.json("POST", "/api/v2/upload/datasets/", &body).expect(409);
    server
        .json("POST", "/api/v2/upload/datasets/", &new(&json!({"edge_files": [edges]})))
        .expect(404);
}

#[test]
fn who_may_see_a_dataset_is_set_with_links_for_guests() {
    let server = start("");
    let id = server.filled();
    let body = json!({
        "obj_pk": id, "obj_type": "dataset", "mode": "organization", "notify": true,
        "invited_users": [{"email": "x@y.z", "action": "10"}], "mode_action": "20", "message": "hi",
    });
    let answer = server.json("POST", "/api/v2/share/link/", &body).expect(200).json();
    assert_eq!(answer["success"], true);
    assert_eq!(answer["data"]["invited_users"][0]["action"], "10");
    assert_eq!(server.described(&id)["mode"], "organization");
    let missing = json!({"obj_pk": "nothing", "obj_type": "dataset", "mode": "public"});
    server.json("POST", "/api/v2/share/link/", &missing).expect(404);
    let other = json!({"obj_pk": id, "obj_type": "file", "mode": "public"});
    server.json("POST", "/api/v2/share/link/", &other).expect(400);
}

#[test]
fn encodings_that_mean_nothing_are_left_out_with_a_warning() {
    let server = start("");
    let id = server.made(&json!({"node_encodings": {
        "bindings": {"node": "id"},
        "complex": {"default": {
            "pointColorEncoding": {"graphType": "point", "encodingType": "color", "attribute": "type",
                "variation": "categorical", "mapping": {"categorical": {"fixed": {"user": "red"}, "other": "gray"}}},
            "pointSizeEncoding": {"graphType": "point", "encodingType": "size", "attribute": "type",
                "variation": "sideways"},
        }},
    }}));
    server.post(&format!("/api/v2/upload/datasets/{id}/edges/arrow"), &edges()).expect(200);
    let dataset = server.described(&id);
    let kept = dataset["node_encodings"]["complex"]["default"].as_object().unwrap();
    assert_eq!(kept.keys().collect::<Vec<_>>(), ["pointColorEncoding"]);
    assert!(dataset["warnings"][0].as_str().unwrap().contains("pointSizeEncoding"), "{dataset}");
}

#[test]
fn queries_are_answered_in_every_form() {
    let server = start("");
    let id = server.filled();
    let chain = json!([{"type": "Node", "filter_dict": {"type": "user"}},
        {"type": "Edge", "hops": 1, "to_fixed_point": false, "direction": "forward"}, {"type": "Node", "filter_dict": {}}]);
    let body = |format: &str| {
        json!({"gfql_operations": chain, "gfql_query": {"type": "Chain", "chain": chain}, "format": format,
            "engine": "pandas", "strictness": "warn"})
    };
    let zip = server.query(&id, "all", &body("parquet")).expect(200);
    assert_eq!(zip.header("content-type"), Some("application/zip"));
    let mut zip = zip::ZipArchive::new(std::io::Cursor::new(zip.body)).unwrap();
    let mut read = |name: &str| {
        let mut bytes = Vec::new();
        zip.by_name(name).unwrap().read_to_end(&mut bytes).unwrap();
        bytes
    };
    let rows = |bytes: Vec<u8>| {
        let reader = parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder::try_new(
            bytes::Bytes::from(bytes),
        );
        reader.unwrap().build().unwrap().map(|batch| batch.unwrap().num_rows()).sum::<usize>()
    };
    assert_eq!((rows(read("nodes.parquet")), rows(read("edges.parquet"))), (3, 2));
    let metadata: Value = serde_json::from_slice(&read("metadata.json")).unwrap();
    assert_eq!(
        metadata["gfql_metadata"]["bindings"],
        json!({"node": "id", "source": "s", "destination": "d"})
    );
    let both = server.query(&id, "all", &body("json")).expect(200).json();
    assert_eq!(both["edges"][0]["t"], 1_704_067_200_000_i64, "milliseconds");
    assert_eq!(both["nodes"].as_array().unwrap().len(), 3);
    let csv = server.query(&id, "edges", &body("csv")).expect(200).text();
    assert!(csv.starts_with("s,d,w,t\na,b,1,"), "{csv}");
    let nodes = server.query(&id, "nodes", &body("json")).expect(200).json();
    assert_eq!(nodes[0]["id"], "a");
    let shape = server.query(&id, "shape", &body("json")).expect(200).json();
    assert_eq!(
        shape,
        json!([{"kind": "nodes", "rows": 3, "cols": 4}, {"kind": "edges", "rows": 2, "cols": 4}])
    );
    // Of a client that knows operations alone.
    let old = json!({"gfql_operations": chain, "format": "json", "node_col_subset": ["id"], "edge_col_subset": ["s", "d"]});
    let both = server.query(&id, "all", &old).expect(200).json();
    assert_eq!(both["nodes"][0], json!({"id": "a"}));
    // A query in the newer field counts, with the name that is wanted of it.
    let dag = json!({"gfql_operations": [], "gfql_output": "p", "format": "json", "gfql_query": {"type": "Let",
        "bindings": {"p": {"type": "Node", "filter_dict": {"type": "ip"}}, "q": {"type": "Node", "filter_dict": {}}}}});
    let both = server.query(&id, "all", &dag).expect(200).json();
    assert_eq!(both["nodes"].as_array().unwrap().len(), 2);
}

#[test]
fn an_answer_is_kept_as_a_dataset() {
    let server = start("");
    let id = server.filled();
    let chain = json!([{"type": "Node", "filter_dict": {"type": "user"}},
        {"type": "Edge", "hops": 1, "direction": "forward"}, {"type": "Node"}]);
    let body = json!({"gfql_operations": chain, "format": "json", "persist": true, "privacy": {"mode": "public"}});
    let answer = server.query(&id, "all", &body).expect(200).json();
    let kept = answer["dataset_id"].as_str().unwrap();
    assert_ne!(kept, id);
    let dataset = server.described(kept);
    assert_eq!((&dataset["n_nodes"], &dataset["n_edges"]), (&json!(3), &json!(2)));
    assert_eq!(dataset["mode"], "public");
    // Rows are no graph.
    let rows = json!([{"type": "Node"}, {"type": "Call", "function": "rows", "params": {"table": "nodes"}},
        {"type": "Call", "function": "select", "params": {"items": [["kind", "type"]]}}]);
    let body = json!({"gfql_operations": rows, "format": "json", "persist": true});
    let answer = server.query(&id, "all", &body).expect(400).json();
    assert!(answer["error"].as_str().unwrap().contains("no graph"), "{answer}");
}

#[test]
fn queries_that_mean_nothing_are_refused_with_the_place() {
    let server = start("");
    let id = server.filled();
    for (body, expected) in [
        (json!({"gfql_operations": [{"type": "Knot"}]}), "Knot"),
        (
            json!({"gfql_operations": [{"type": "Node", "filter_dict": {"tpye": 1}}], "strictness": "strict"}),
            "type",
        ),
        (json!({"gfql_operations": [{"type": "Node"}], "format": "xlsx"}), "xlsx"),
        (json!({"gfql_operations": [{"type": "Node"}], "node_col_subset": ["nothing"]}), "nothing"),
        (
            json!({"gfql_operations": [{"type": "Node"}], "df_export_args": {"sep": "::"}, "format": "csv"}),
            "sep",
        ),
    ] {
        let answer = server.query(&id, "all", &body).expect(400);
        assert!(answer.header("content-type").unwrap().starts_with("application/json"));
        let error = answer.json()["error"].as_str().unwrap().to_owned();
        assert!(error.contains(expected), "{error}");
    }
    let lenient = json!({"gfql_operations": [{"type": "Node", "filter_dict": {"tpye": 1}}], "format": "json"});
    let both = server.query(&id, "all", &lenient).expect(200).json();
    assert!(both["warnings"][0].as_str().unwrap().contains("did you mean `type`"), "{both}");
    server.query(&id, "some", &lenient).expect(404);
    server.query("nothing", "all", &lenient).expect(404);
}

#[test]
fn python_is_refused() {
    let server = start("");
    let id = server.filled();
    let body = json!({"execute": "def task(g):\n  return {}", "engine": "pandas"});
    for path in [format!("/api/v2/datasets/{id}/python"), format!("/api/v2/datasets/{id}/python/")]
    {
        let answer = server.json("POST", &path, &body).expect(403).json();
        assert!(answer["error"].as_str().unwrap().contains("runs no Python"), "{answer}");
    }
}

#[test]
fn uploads_have_a_limit_of_which_the_client_hears() {
    let server = start("upload_max_size = \"100K\"");
    let id = server.made(&json!({}));
    // Larger than what the system holds on its way, so that the client is still sending when it is refused.
    let body = vec![b'x'; 8 << 20];
    let answer =
        server.post(&format!("/api/v2/upload/datasets/{id}/edges/arrow"), &body).expect(413).json();
    assert_eq!(answer["success"], false);
    assert!(answer["error"].as_str().unwrap().contains("102400 bytes"), "{answer}");
    for format in ["orc", "exe"] {
        let answer =
            server.post(&format!("/api/v2/upload/datasets/{id}/edges/{format}"), b"x").expect(400);
        assert!(answer.json()["error"].is_string());
    }
    server.post(&format!("/api/v2/upload/datasets/{id}/faces/csv"), b"x").expect(404);
}

#[test]
fn those_who_watch_over_servers_hear_that_it_lives() {
    let server = start("auth = true");
    for path in
        ["/healthcheck/", "/ht/", "/healthz", "/healthz/", "/streamgl-viz/health", "/pivot/health"]
    {
        server.get(path).expect(200);
    }
}
