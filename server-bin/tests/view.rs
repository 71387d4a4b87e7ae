//! What a viewer asks, and what is computed on request, each beside what the library itself gives.

#![expect(clippy::unwrap_used, reason = "a panic fails the test, as it should")]

mod common;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::sync::Arc;

use arrow::array::AsArray;
use arrow::datatypes::Float64Type;
use common::{Answer, Running, start, start_in};
use graphlume::etl::analytics::measures;
use graphlume::etl::{Control, gfql};
use graphlume::graph::{IdOrder, ReadOptions};
use graphlume::viewer::{ImageConfig, Scene};
use graphlume::{Graph, read};
use serde_json::{Value, json};

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

#[test]
fn rows_are_sorted_filtered_searched_and_paged() {
    let server = start("");
    let id = upload(&server);
    let all = server.ask(&id, "rows?table=nodes").expect(200).json();
    assert_eq!(all["total"], 5);
    assert_eq!(all["columns"], json!(["id", "age", "is_new", "note"]));
    assert_eq!(all["index"], json!([0, 1, 2, 3, 4]));
    assert_eq!(all["rows"][1], json!(["bob", 25, false, null]));
    assert_eq!(all["rows"][4], json!(["eve, x", 40, true, "ümlaut"]));

    let sorted =
        server.ask(&id, "rows?table=nodes&sort=age&columns=id,age&limit=3").expect(200).json();
    assert_eq!(sorted["rows"], json!([["bob", 25], ["dan", 25], ["ann", 31]]));
    let sorted =
        server.ask(&id, "rows?table=nodes&sort=age&descending=true&columns=id&offset=3").json();
    assert_eq!(sorted["rows"], json!([["dan"], ["cid"]]), "without a value comes last");

    let filter = encoded("amount > 2 or kind = 'call'");
    let found =
        server.ask(&id, &format!("rows?table=edges&filter={filter}&columns=src,dst,at")).json();
    assert_eq!(found["index"], json!([1, 2, 3]));
    assert_eq!(found["rows"][0], json!(["bob", "cid", "2026-01-02T00:00:00Z"]));

    for (search, expected) in [
        ("STRASSE", json!([])),
        ("straße", json!([0])),
        ("EVE", json!([4])),
        ("%3Cscript", json!([3])),
        (".", json!([])),
        ("it's", json!([2])),
    ] {
        let found =
            server.ask(&id, &format!("rows?table=nodes&search={search}")).expect(200).json();
        assert_eq!(found["index"], expected, "{search}");
    }
    let both =
        server.ask(&id, &format!("rows?search=a&filter={}&sort=age", encoded("degree > 1"))).json();
    assert_eq!(both["index"], json!([3, 0]));

    let some = server.ask(&id, "rows?index=3,0,3&columns=id,degree").expect(200).json();
    assert_eq!(
        (&some["total"], &some["rows"]),
        (&json!(3), &json!([["dan", 2], ["ann", 3], ["dan", 2]]))
    );
    let empty = server.ask(&id, "rows?offset=18446744073709551615").expect(200).json();
    assert_eq!((&empty["total"], &empty["rows"]), (&json!(5), &json!([])));
}

#[test]
fn measures_are_columns_like_others() {
    let server = start("");
    let id = upload(&server);
    let graph = graph(&server);
    let own = measures::run(&graph, "page_rank", &Value::Null, &Control::NONE).unwrap();
    let own = own.nodes[0].1.as_primitive::<Float64Type>().values().to_vec();
    for name in ["pagerank", "page_rank"] {
        let rows = server.ask(&id, &format!("rows?columns={name}&sort=id")).expect(200).json();
        let found: Vec<f64> =
            rows["rows"].as_array().unwrap().iter().map(|row| row[0].as_f64().unwrap()).collect();
        assert_eq!(found, own, "nodes are in the order of their ids");
    }
    let rows = server.ask(&id, "rows?columns=degree,in_degree,degree_out,component&limit=2").json();
    assert_eq!(rows["rows"], json!([[3, 1, 2, 0], [2, 1, 1, 0]]));
    let filter = encoded("pagerank >= 0.2 and in_degree = 1");
    let count = server.ask(&id, &format!("mask?filter={filter}")).expect(200);
    let expected = own.iter().filter(|&&rank| rank >= 0.2).count();
    assert_eq!(count.header("x-graphlume-selected").unwrap(), expected.to_string());
    // What needs to be told more is no column.
    assert!(message(&server.ask(&id, "rows?columns=bfs").expect(400)).contains("sources"));
}

#[test]
fn masks_are_bits() {
    let server = start("");
    let id = upload(&server);
    let mask = |table: &str, filter: &str| {
        let answer =
            server.ask(&id, &format!("mask?table={table}&filter={}", encoded(filter))).expect(200);
        let n: usize = answer.header("x-graphlume-selected").unwrap().parse().unwrap();
        (answer.body, n)
    };
    assert_eq!(mask("nodes", "age = 25"), (vec![0b01010], 2));
    assert_eq!(mask("nodes", "not is_new"), (vec![0b01010], 2));
    assert_eq!(mask("edges", "amount < 0 or at >= '2026-01-03'"), (vec![0b11100], 3));
    assert_eq!(mask("nodes", "TRUE"), (vec![0b11111], 5));
    assert_eq!(mask("nodes", "1 = 2"), (vec![0], 0));
    assert_eq!(mask("nodes", ""), (vec![0b11111], 5));
}

#[test]
fn histograms_count_every_row_once() {
    let server = start("");
    let id = upload(&server);
    let of = |query: &str| server.ask(&id, &format!("histogram?{query}")).expect(200).json();
    assert_eq!(
        of("table=nodes&column=age&bins=4"),
        json!({"column": "age", "type": "numeric", "edges": [25.0, 28.75, 32.5, 36.25, 40.0],
               "counts": [2, 1, 0, 1], "n_null": 1})
    );
    assert_eq!(
        of("table=nodes&column=degree"),
        json!({"column": "degree", "type": "numeric", "edges": [1.0, 2.0, 3.0, 4.0], "counts": [1, 3, 1], "n_null": 0})
    );
    assert_eq!(
        of("table=edges&column=kind&bins=2"),
        json!({"column": "kind", "type": "category", "values": ["call", "mail"], "counts": [2, 2],
               "n_other": 1, "n_null": 0})
    );
    assert_eq!(of("table=nodes&column=is_new")["values"], json!([true, false]));
    let cast = json!({"steps": [{"verb": "with", "from": "edges", "columns": ["at = CAST(at AS TIMESTAMP)"]}]});
    let made = server.work(&id, "transform", &cast).expect(201).json();
    let timed = made["dataset"]["id"].as_str().unwrap();
    let times = server.ask(timed, "histogram?table=edges&column=at&bins=3").expect(200).json();
    assert_eq!((&times["type"], &times["n_null"]), (&json!("time"), &json!(1)));
    assert_eq!(times["edges"][0], 1_767_225_600_000.0);
    assert_eq!(times["edges"][3], 1_767_225_600_000.0 + 3.0 * 86_400_000.0);
    assert_eq!(times["counts"], json!([1, 1, 2]));
    let rows = server.ask(timed, "rows?table=edges&columns=at&limit=1").expect(200).json();
    assert!(rows["rows"][0][0].as_str().unwrap().starts_with("2026-01-01T00:00:00"), "{rows}");
    let filtered = of(&format!("table=edges&column=kind&filter={}", encoded("amount > 0")));
    // The bins are those of the whole column: a bar that shrinks to nothing keeps its place.
    assert_eq!(filtered["counts"], json!([1, 2, 0]));
}

#[test]
fn neighbors_are_those_of_the_graph() {
    let server = start("");
    let id = upload(&server);
    let of = |query: &str| server.ask(&id, &format!("neighbors?{query}")).expect(200).json();
    assert_eq!(of("nodes=0"), json!({"nodes": [0, 1, 2, 3], "edges": [0, 2, 3]}));
    assert_eq!(of("nodes=0&direction=out"), json!({"nodes": [0, 1, 3], "edges": [0, 3]}));
    assert_eq!(of("nodes=0&direction=in"), json!({"nodes": [0, 2], "edges": [2]}));
    assert_eq!(of("nodes=1,4&hops=0"), json!({"nodes": [1, 4], "edges": []}));
    assert_eq!(of("nodes=1&hops=9")["nodes"], json!([0, 1, 2, 3, 4]));
    for (query, expected) in [
        ("nodes=5", "there is no row 5"),
        ("nodes=-1", "no number of a row"),
        ("nodes=0&hops=101", "hops is 101"),
        ("nodes=0&direction=up", "there is no `up`"),
        ("hops=1", "nodes"),
    ] {
        let found = message(&server.ask(&id, &format!("neighbors?{query}")).expect(400));
        assert!(found.contains(expected), "{query}: {found}");
    }
}

#[test]
fn scenes_are_those_of_the_library() {
    let server = start("");
    let id = upload(&server);
    let graph = graph(&server);
    let answer = server.ask(&id, "scene").expect(200);
    assert_eq!(answer.header("content-type"), Some("application/vnd.graphlume.scene"));
    let title = Some("people".to_owned());
    let own = Scene::new(&graph, None, &ImageConfig { title, ..ImageConfig::default() }).unwrap();
    assert_eq!(Scene::read(&answer.body).unwrap(), own);
    assert_eq!(own.labels.text.iter().collect::<BTreeSet<_>>().len(), 5);

    let scene =
        Scene::read(&server.ask(&id, "scene?node_color=is_new&edge_width=amount").expect(200).body)
            .unwrap();
    let channels: Vec<&str> =
        scene.legend.iter().map(|part| part["channel"].as_str().unwrap()).collect();
    assert_eq!(channels, ["node_color", "edge_size"]);
    let colors = scene.node_color.unwrap();
    assert!(colors[0] == colors[2] && colors[0] != colors[1]);
    assert_eq!(scene.edge_width.unwrap().len(), 5);

    let scene = Scene::read(&server.ask(&id, "scene?node_size=pagerank").expect(200).body).unwrap();
    let sizes = scene.node_size.unwrap();
    assert!(sizes.iter().any(|&size| size != sizes[0]));
    let few =
        Scene::read(&server.ask(&id, "scene?buffers=edges,node_size").expect(200).body).unwrap();
    assert!(few.node_size.is_some() && few.edges.len() == 5);
    let wrong = message(&server.ask(&id, "scene?node_color=is_nev").expect(400));
    assert!(wrong.contains("is_new"), "{wrong}");
}

#[test]
fn encodings_of_a_dataset_are_seen_and_can_be_replaced() {
    let server = start("");
    let id = upload(&server);
    let encodings = json!({
        "node_encodings": {
            "bindings": {"node": "id", "node_title": "note", "node_color": "nothing"},
            "complex": {"default": {
                "pointColorEncoding": {"graphType": "point", "encodingType": "color", "attribute": "age",
                    "variation": "categorical", "mapping": {"categorical": {"fixed": {"25": "#ff0000"}, "other": "#0000ff"}}},
                "pointSizeEncoding": {"attribute": "pagerank"},
                "pointIconEncoding": {"attribute": "missing"},
            }},
        },
        "url_params": {"bg": "%23ffffff"},
    });
    server.json("PATCH", &format!("/api/v1/datasets/{id}"), &encodings).expect(200);
    let scene = Scene::read(&server.ask(&id, "scene").expect(200).body).unwrap();
    let (red, blue) = ([255, 0, 0, 255], [0, 0, 255, 255]);
    assert_eq!(scene.node_color.unwrap(), [blue, red, blue, red, blue]);
    assert_eq!(
        (&scene.settings["background"], &scene.settings["theme"]),
        (&json!("#ffffff"), &json!("light"))
    );
    let warnings = scene.settings["warnings"].to_string();
    assert!(warnings.contains("missing"), "{warnings}");
    assert_eq!(scene.labels.text.len(), 4, "bob has no note: {:?}", scene.labels);

    let other = Scene::read(&server.ask(&id, "scene?node_color=none").expect(200).body).unwrap();
    assert!(other.legend.iter().all(|part| part["channel"] != "node_color"));
}

#[test]
fn pictures_are_drawn_and_kept_small() {
    let server = start("");
    let id = upload(&server);
    let png = server.ask(&id, "image.png?width=320&height=200&node_color=is_new").expect(200);
    assert_eq!(png.header("content-type"), Some("image/png"));
    assert!(png.body.starts_with(b"\x89PNG"));
    assert_eq!(png.body[16..24], [0, 0, 1, 64, 0, 0, 0, 200]);
    let svg = server.ask(&id, "image.svg?theme=light").expect(200).text();
    assert!(svg.contains("</svg>") && !svg.contains("<script>"));
    for (query, expected) in [
        ("width=4097", "width is 4097; it can be 16 to 4096"),
        ("height=3", "height is 3; it can be 16 to 4096"),
        ("width=a", "no number"),
        ("node_color=x%00y", "no column"),
        ("bogus=1", "there is no option `bogus` here"),
        ("buffers=x", "`buffers`"),
    ] {
        for kind in ["png", "svg"] {
            let found = message(&server.ask(&id, &format!("image.{kind}?{query}")).expect(400));
            assert!(found.contains(expected), "{query}: {found}");
        }
    }
    assert!(message(&server.ask(&id, "scene?bogus=1").expect(400)).contains("`bogus`"));
    let page = server.ask(&id, "html").expect(200);
    assert!(page.header("content-disposition").unwrap().contains("people.html"));
    let text = page.text();
    assert!(
        text.contains("application/vnd.graphlume.scene;base64")
            && text.contains("<title>people</title>")
    );
    assert_eq!(text.matches("</script>").count(), 2);
}

#[test]
fn what_is_known_is_not_sent_again() {
    let server = start("");
    let id = upload(&server);
    for (what, other) in [
        ("scene", "?theme=light"),
        ("rows?table=edges", "&limit=7"),
        ("histogram?column=age", "&bins=7"),
        ("mask?filter=TRUE", "&table=edges"),
        ("download", "?format=csv"),
        ("image.svg", "?width=333"),
    ] {
        let path = format!("/api/v1/datasets/{id}/{what}");
        let first = server.get(&path).expect(200);
        assert_eq!(first.header("cache-control"), Some("private, no-cache"), "{what}");
        let tag = first.header("etag").unwrap().to_owned();
        let again = server.send("GET", &path, &[("if-none-match", &tag)], &[]).expect(304);
        assert!(again.body.is_empty());
        server.send("GET", &path, &[("if-none-match", "W/\"other\"")], &[]).expect(200);
        assert_ne!(
            server.get(&format!("{path}{other}")).expect(200).header("etag"),
            Some(tag.as_str())
        );
        std::thread::sleep(std::time::Duration::from_millis(2));
        server
            .json("PATCH", &format!("/api/v1/datasets/{id}"), &json!({"description": what}))
            .expect(200);
        server.send("GET", &path, &[("if-none-match", &tag)], &[]).expect(200);
    }
}

#[test]
fn tables_are_downloaded_in_any_format() {
    let server = start("");
    let id = upload(&server);
    let csv = server.ask(&id, "download?table=nodes&format=csv").expect(200);
    assert!(csv.header("content-disposition").unwrap().contains("people-nodes.csv"));
    assert_eq!(csv.text().lines().count(), 6);
    let filter = encoded("kind = 'mail'");
    let json = server
        .ask(&id, &format!("download?format=json&filter={filter}&columns=src,amount"))
        .expect(200);
    assert_eq!(json.json(), json!([{"src": "ann", "amount": 1.5}, {"src": "bob", "amount": 2.5}]));
    for format in ["arrow", "parquet", "jsonl"] {
        let body = server
            .ask(&id, &format!("download?table=nodes&format={format}&columns=id,pagerank"))
            .expect(200)
            .body;
        let path = server.folder.path().join(format!("down.{format}"));
        std::fs::write(&path, &body).unwrap();
        let table = graphlume::graph::read_table(&path).unwrap();
        assert_eq!((table.num_rows(), table.num_columns()), (5, 2), "{format}");
    }
    server.ask(&id, "download?format=exe").expect(400);
}

#[test]
fn mistakes_are_told_and_reach_nothing() {
    let server = start("");
    let id = upload(&server);
    for (what, expected) in [
        (format!("rows?filter={}", encoded("age >")), ""),
        (format!("rows?filter={}", encoded("agee > 3")), "age"),
        (format!("rows?filter={}", encoded("age + 1")), ""),
        (format!("rows?filter={}", encoded("1=1; DROP TABLE datasets")), ""),
        (format!("rows?filter={}", encoded("read_csv('/etc/passwd') = 1")), ""),
        (format!("rows?sort={}", encoded("age\" DESC; --")), "no column"),
        ("rows?columns=nothing".to_owned(), "no column `nothing`"),
        ("rows?limit=1001".to_owned(), "limit is 1001"),
        ("rows?limit=-1".to_owned(), "limit"),
        ("rows?table=users".to_owned(), "there is no `users`"),
        ("rows?index=9".to_owned(), "there is no row 9"),
        ("histogram?column=age&bins=1001".to_owned(), "bins is 1001"),
        ("histogram?column=age&bins=0".to_owned(), "bins is 0"),
        ("histogram".to_owned(), "column"),
        (format!("mask?filter={}", "(".repeat(5000)), ""),
    ] {
        let answer = server.ask(&id, &what);
        assert_eq!(answer.status, 400, "{what}: {}", answer.text());
        let found = message(&answer);
        assert!(found.contains(expected) && !found.is_empty(), "{what}: {found}");
    }
    for id in ["nothing", "..%2f..%2fetc", "%00", "'%20OR%20'1'='1"] {
        server.ask(id, "rows").expect(404);
    }
    assert_eq!(server.ask(&id, "rows").expect(200).json()["total"], 5);
}

#[test]
fn views_are_saved_and_deleted() {
    let server = start("");
    let id = upload(&server);
    let path = format!("/api/v1/datasets/{id}/views");
    let state = json!({"filters": [], "camera": [1, 2.5]});
    let saved =
        server.json("POST", &path, &json!({"name": "mine", "state": state})).expect(201).json();
    assert_eq!((&saved["name"], &saved["state"]), (&json!("mine"), &state));
    assert_eq!(server.get(&path).expect(200).json()["views"], json!([saved]));
    for bad in [
        json!({"name": "", "state": {}}),
        json!({"name": "x"}),
        json!({"name": "x", "state": [1]}),
        json!({"nam": 1}),
    ] {
        server.json("POST", &path, &bad).expect(400);
    }
    let view = format!("{path}/{}", saved["id"].as_str().unwrap());
    server.send("DELETE", &view, &[], &[]).expect(204);
    server.send("DELETE", &view, &[], &[]).expect(404);
    assert_eq!(server.get(&path).json()["views"], json!([]));
}

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
    let change = json!({"mode": "public"}).to_string();
    let headers = [("authorization", ann.as_str()), ("content-type", "application/json")];
    server
        .send("PATCH", &format!("/api/v1/datasets/{id}"), &headers, change.as_bytes())
        .expect(200);
    for what in reads {
        get(None, what, "").expect(200);
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

#[test]
fn analytics_are_those_of_the_library() {
    let server = start("");
    let id = upload(&server);
    let graph = graph(&server);
    let own = measures::run(&graph, "page_rank", &json!({"damping": 0.5}), &Control::NONE).unwrap();
    let own = own.nodes[0].1.as_primitive::<Float64Type>().values().to_vec();
    let ask = json!({"measure": "page_rank", "options": {"damping": 0.5}});
    let rows = server.work(&id, "analytics", &ask).expect(200).json();
    let found: Vec<f64> =
        rows.as_array().unwrap().iter().map(|row| row["page_rank"].as_f64().unwrap()).collect();
    assert_eq!(found, own);

    let made = server
        .work(&id, "analytics", &json!({"measure": "degree", "into": "dataset"}))
        .expect(201)
        .json();
    let new = made["dataset"]["id"].as_str().unwrap().to_owned();
    assert_eq!(made["dataset"]["metadata"]["made_from"], json!(id));
    assert_eq!(made["dataset"]["metadata"]["by"]["verb"], "degree");
    let rows = server.ask(&new, "rows?columns=id,degree_in,note&limit=1").expect(200).json();
    assert_eq!(rows["rows"], json!([["ann", 1, "Straße"]]));

    let summary = server
        .work(&id, "analytics", &json!({"measure": "density", "into": "summary"}))
        .expect(200)
        .json();
    assert!(summary["summary"]["density"].as_f64().unwrap() > 0.0, "{summary}");
    for (ask, expected) in [
        (json!({"measure": "page_rnk"}), "page_rank"),
        (json!({"measure": "page_rank", "options": {"dampng": 1}}), "damping"),
        (json!({"measure": "page_rank", "options": {"damping": 7}}), "damping"),
        (json!({"measure": "bfs", "options": {"sources": ["zoe"]}}), "zoe"),
        (json!({"measure": "page_rank", "inot": "csv"}), "inot"),
        (json!({"measure": "density", "into": "csv"}), "summary"),
        (json!({}), "measure"),
    ] {
        let found = message(&server.work(&id, "analytics", &ask).expect(400));
        assert!(found.contains(expected), "{ask}: {found}");
    }
    let all = server.get("/api/v1/measures").expect(200).json();
    assert_eq!(all.as_array().unwrap().len(), measures::MEASURES.len());
}

#[test]
fn queries_find_what_the_library_finds() {
    let server = start("");
    let id = upload(&server);
    let query = json!([
        {"type": "Node", "filter_dict": {"id": "ann"}},
        {"type": "Edge", "direction": "forward", "hops": 1},
        {"type": "Node"}
    ]);
    let own = gfql::Gfql::parse(&query.to_string(), &gfql::Limits::default()).unwrap();
    let own = own.run(&graph(&server), gfql::Absent::Null, &Control::NONE).unwrap();
    let made = server.work(&id, "query", &json!({"query": query})).expect(201).json();
    assert_eq!(made["n_nodes"], own.nodes.num_rows());
    assert_eq!(made["n_edges"], own.edges.num_rows());
    let new = made["dataset"]["id"].as_str().unwrap();
    assert_eq!(
        server.ask(new, "rows?table=edges&columns=dst").json()["rows"],
        json!([["bob"], ["dan"]])
    );
    let counts =
        server.work(&id, "query", &json!({"query": query, "into": "summary"})).expect(200).json();
    assert_eq!((&counts["n_nodes"], &counts["n_edges"]), (&json!(3), &json!(2)));
    let rows = server
        .work(&id, "query", &json!({"query": query, "into": "json", "table": "nodes"}))
        .expect(200)
        .json();
    assert_eq!(rows.as_array().unwrap().len(), 3);
    let wrong = json!({"query": [{"type": "Node", "filter_dict": {"agee": 3}}], "strict": true});
    assert!(message(&server.work(&id, "query", &wrong).expect(400)).contains("agee"));
    server.work(&id, "query", &json!({"query": {"type": "Nothing"}})).expect(400);
}

#[test]
fn transforms_work_on_the_tables_and_nothing_else() {
    let server = start("");
    let id = upload(&server);
    let steps = json!({"steps": [
        {"verb": "filter", "from": "edges", "where": "amount > 0"},
        {"verb": "with", "columns": ["double = 2 * amount"]},
    ]});
    let made = server.work(&id, "transform", &steps).expect(201).json();
    assert_eq!((&made["n_nodes"], &made["n_edges"]), (&json!(4), &json!(3)));
    let new = made["dataset"]["id"].as_str().unwrap();
    let rows = server.ask(new, "rows?table=edges&columns=src,double").expect(200).json();
    assert_eq!(rows["rows"], json!([["ann", 3.0], ["bob", 5.0], ["ann", 20.0]]));

    let sql = json!({"sql": "SELECT e.kind, COUNT(*) AS n FROM edges e JOIN nodes n ON e.src = n.id \
                             WHERE n.age > 20 GROUP BY e.kind ORDER BY n DESC, e.kind", "into": "json"});
    let rows = server.work(&id, "transform", &sql).expect(200).json();
    assert_eq!(
        rows,
        json!([{"kind": "mail", "n": 2}, {"kind": "call", "n": 1}, {"kind": "visit", "n": 1}])
    );

    let secret = server.folder.path().join("graphlume.db");
    let secret = secret.to_str().unwrap();
    for bad in [
        json!({"sql": format!("SELECT * FROM read_csv('{secret}')")}),
        json!({"sql": format!("SELECT * FROM '{secret}'")}),
        json!({"sql": "SELECT * FROM users"}),
        json!({"sql": "DROP TABLE edges"}),
        json!({"sql": "SELECT 1; SELECT 2"}),
        json!({"steps": [{"verb": "filter", "from": secret, "where": "TRUE"}]}),
        json!({"steps": [{"verb": "filter", "from": "edges", "where": "TRUE", "to": "/tmp/out.csv"}]}),
        json!({"steps": [{"verb": "read", "from": "edges"}]}),
        json!({"steps": [{"verb": "sql", "from": "edges", "query": format!("SELECT * FROM read_parquet('{secret}')")}]}),
        json!({"steps": []}),
        json!({}),
        json!({"sql": "SELECT * FROM edges", "steps": []}),
    ] {
        let answer = server.work(&id, "transform", &bad);
        assert_eq!(answer.status, 400, "{bad}: {}", answer.text());
        let found = message(&answer);
        assert!(!found.is_empty() && !found.contains("line "), "{bad}: {found}");
    }
}

#[test]
fn filters_keep_what_they_say() {
    let server = start("");
    let id = upload(&server);
    let made = server
        .work(&id, "filter", &json!({"nodes": "age >= 25", "name": "old"}))
        .expect(201)
        .json();
    assert_eq!((&made["n_nodes"], &made["n_edges"]), (&json!(4), &json!(3)));
    assert_eq!(made["dataset"]["name"], "old");
    let made = server.work(&id, "filter", &json!({"edges": "kind = 'mail'"})).expect(201).json();
    assert_eq!((&made["n_nodes"], &made["n_edges"]), (&json!(3), &json!(2)));
    let made = server
        .work(&id, "filter", &json!({"edges": "kind = 'mail'", "keep_isolated": true}))
        .expect(201)
        .json();
    assert_eq!(made["n_nodes"], 5);
    server.work(&id, "filter", &json!({"nodes": "degre > 1 +"})).expect(400);
}

#[test]
fn hypergraphs_are_made_of_edges_and_files() {
    let server = start("");
    let id = upload(&server);
    let ask = json!({"options": {"entity_types": ["src", "kind"], "direct": true}});
    let made = server.work(&id, "hypergraph", &ask).expect(201).json();
    assert_eq!((&made["summary"]["n_entities"], &made["n_edges"]), (&json!(7), &json!(5)));
    let file = server.post("/api/v1/files?name=events.csv", EDGES.as_bytes()).expect(201).json();
    let path = format!("/api/v1/files/{}/hypergraph", file["id"].as_str().unwrap());
    let again = server.json("POST", &path, &ask).expect(201).json();
    assert_eq!(again["summary"], made["summary"]);
    assert!(
        message(&server.work(&id, "hypergraph", &json!({"options": {"dirct": true}})).expect(400))
            .contains("dirct")
    );
    server.json("POST", "/api/v1/files/none/hypergraph", &ask).expect(404);
}

#[test]
fn metrics_are_those_of_the_library() {
    let server = start("");
    let (scores, labels) = ([0.1, 0.4, 0.35, 0.8], [false, false, true, true]);
    let own = graphlume::gad::metrics::roc_auc_score(&labels, &scores).unwrap();
    let found = server
        .json("POST", "/api/v1/metrics?k=2", &json!({"scores": scores, "labels": labels}))
        .expect(200)
        .json();
    assert_eq!(found["roc_auc"], own);
    assert_eq!((&found["n_positives"], &found["at_k"][0]["k"]), (&json!(2), &json!(2)));
    let table = "scores,labels\n0.1,0\n0.4,0\n0.35,1\n0.8,1\n";
    assert_eq!(server.post("/api/v1/metrics", table.as_bytes()).expect(200).json()["roc_auc"], own);
    for bad in [
        json!({"scores": [1.0, 2.0], "labels": [1, 1]}),
        json!({"scores": [1.0], "labels": [1, 0]}),
        json!({"scores": [1.0, 0.5], "labels": [2, 0]}),
        json!({"scores": [1.0]}),
    ] {
        server.json("POST", "/api/v1/metrics", &bad).expect(400);
    }
    let results = json!({
        "result_type": "NODE_ANOMALY_SCORES", "scores": scores, "ground_truth": [0, 0, 1, 1], "metadata": {},
    });
    let evaluated = server
        .post("/api/v1/evaluations?resamples=50", results.to_string().as_bytes())
        .expect(200)
        .json();
    assert!(evaluated.to_string().contains("0.75"), "{evaluated}");
    let wrong = message(&server.post("/api/v1/evaluations", b"{}").expect(400));
    assert!(!wrong.contains("spool"), "{wrong}");
}

/// A folder with one experiment in it.
fn experiments() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let one = folder.path().join("experiments/exp__midas__uci__20260101_000000");
    std::fs::create_dir_all(one.join("eval")).unwrap();
    let write = |name: &str, text: &str| std::fs::write(one.join(name), text).unwrap();
    write(
        "status.json",
        r#"{"status": "completed", "timestamp": "2026-01-01T00:00:00+00:00", "method_name": "midas"}"#,
    );
    write("method_output.txt", "0123456789");
    write("results.json", "{}");
    write("eval/evaluation.json", r#"{"roc_auc": 0.5}"#);
    write("eval/roc_curve.svg", "<svg xmlns='http://www.w3.org/2000/svg'></svg>");
    write("eval/key.pem", "secret");
    std::fs::write(folder.path().join("secret.json"), "{\"secret\": 1}").unwrap();
    folder
}

#[test]
fn experiments_are_shown_and_nothing_around_them() {
    let folder = experiments();
    let root = folder.path().join("experiments");
    let server = start(&format!("experiments = {:?}", root.to_str().unwrap()));
    let name = "exp__midas__uci__20260101_000000";
    let list = server.get("/api/v1/experiments").expect(200).json();
    assert_eq!(list["experiments"][0]["name"], name);
    assert!(
        !list.to_string().contains(folder.path().to_str().unwrap()),
        "where it is, is nobody's business"
    );
    let path = |what: &str| format!("/api/v1/experiments/{name}{what}");
    assert_eq!(server.get(&path("")).expect(200).json()["status"]["status"], "completed");
    let log = server.get(&path("/log?limit=4")).expect(200);
    assert_eq!((log.text().as_str(), log.header("x-graphlume-size")), ("6789", Some("10")));
    assert_eq!(server.get(&path("/log?offset=2&limit=3")).text(), "234");
    assert_eq!(server.get(&path("/log?build=true")).expect(200).text(), "");
    server.get(&path("/log?limit=999999999")).expect(400);
    assert_eq!(server.get(&path("/evaluation")).expect(200).json()["roc_auc"], 0.5);
    assert_eq!(
        server.get(&path("/plots")).expect(200).json()["files"],
        json!(["evaluation.json", "roc_curve.svg"])
    );
    let svg = server.get(&path("/plots/roc_curve.svg")).expect(200);
    assert!(svg.header("content-security-policy").unwrap().contains("sandbox"));
    for bad in [
        "/plots/key.pem",
        "/plots/..%2fresults.json",
        "/plots/..%2f..%2f..%2fsecret.json",
        "/plots/%2fetc%2fpasswd",
        "/plots/.",
        "/plots/nothing.png",
    ] {
        server.get(&path(bad)).expect(404);
    }
    for bad in ["exp__..%2f", "..%2fexperiments", "exp__x__y__1", "%2e%2e"] {
        assert!(
            [404, 400]
                .contains(&server.get(&format!("/api/v1/experiments/{bad}/evaluation")).status),
            "{bad}"
        );
    }
    let board = server.get("/api/v1/leaderboard?resamples=0").expect(200);
    assert!(!board.text().contains(folder.path().to_str().unwrap()), "{}", board.text());
    let page = server.get("/api/v1/leaderboard.html?resamples=0&title=%3Cb%3E").expect(200);
    assert!(page.header("content-security-policy").unwrap().contains("sandbox"));
    assert!(page.text().contains("&lt;b&gt;"));
    let run = json!({"method": "m", "dataset": "d"});
    assert!(
        message(&server.json("POST", "/api/v1/experiments", &run).expect(403))
            .contains("--allow-runs")
    );
    server.json("POST", &path("/stop"), &json!({})).expect(403);
    let none = message(&start("").get("/api/v1/experiments").expect(404));
    assert!(none.contains("--experiments FOLDER"), "{none}");
}

#[test]
fn methods_are_run_from_the_folder_alone() {
    let folder = experiments();
    let method = folder.path().join("methods/hello");
    std::fs::create_dir_all(&method).unwrap();
    std::fs::create_dir_all(folder.path().join("datasets/tiny")).unwrap();
    std::fs::write(method.join(".env"), "COMMAND=sh main.sh\n").unwrap();
    std::fs::write(method.join("main.sh"), "echo hello\nsleep 30\n").unwrap();
    let root = folder.path().join("experiments");
    let server = start(&format!("experiments = {:?}\nallow_runs = true", root.to_str().unwrap()));
    for bad in [
        json!({"method": "../hello", "dataset": "tiny"}),
        json!({"method": "hello", "dataset": "../tiny"}),
        json!({"method": "hello", "dataset": "/etc"}),
        json!({"method": "x.py:f", "dataset": "tiny"}),
        json!({"method": "hello", "dataset": "bundled:../x"}),
    ] {
        server.json("POST", "/api/v1/experiments", &bad).expect(404);
    }
    let started = server
        .json("POST", "/api/v1/experiments", &json!({"method": "hello", "dataset": "tiny"}))
        .expect(202)
        .json();
    let path = format!("/api/v1/experiments/{}", started["name"].as_str().unwrap());
    let stopped = server.json("POST", &format!("{path}/stop"), &json!({})).expect(200).json();
    assert_eq!(stopped["status"], "stopped", "{stopped}");
    assert_eq!(server.get(&path).expect(200).json()["status"]["status"], "stopped");
}

#[test]
fn whoever_asks_at_the_same_time_waits_for_one_answer() {
    let server = Arc::new(start(""));
    let id = upload(&server);
    let threads: Vec<_> = (0..8)
        .map(|_| {
            let (server, id) = (Arc::clone(&server), id.clone());
            std::thread::spawn(move || {
                server.ask(&id, "rows?sort=pagerank&columns=pagerank").expect(200).json()
            })
        })
        .collect();
    let answers: Vec<Value> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
    assert!(answers.windows(2).all(|pair| pair[0] == pair[1]));
}
