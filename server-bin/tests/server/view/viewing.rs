//! What a viewer asks, beside what the library itself gives.

use std::collections::BTreeSet;
use std::sync::Arc;

use arrow::array::AsArray;
use arrow::datatypes::Float64Type;
use graphlume::etl::Control;
use graphlume::etl::analytics::measures;
use graphlume::viewer::{ImageConfig, Scene, SceneBadge};
use serde_json::{Value, json};

use super::{Ask, encoded, graph, message, upload};
use crate::common::start;

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

/// Edges are ann–bob, bob–cid, cid–ann, ann–dan, dan–eve; nodes in that order.
#[test]
fn what_hides_nodes_hides_their_edges_everywhere() {
    let server = start("");
    let id = upload(&server);
    let index =
        |query: &str| server.ask(&id, &format!("rows?{query}")).expect(200).json()["index"].clone();
    let young = encoded("age < 35");
    assert_eq!(index(&format!("table=edges&nodes={young}")), json!([0, 3]));
    assert_eq!(
        index(&format!("table=edges&nodes={young}&filter={}", encoded("amount > 2"))),
        json!([3])
    );
    assert_eq!(index("table=edges&hidden=0"), json!([1, 4]));
    assert_eq!(index("table=edges&hidden=3-4"), json!([0, 1, 2]));
    assert_eq!(index(&format!("table=nodes&nodes={young}&hidden=1")), json!([0, 3]));
    // An exclusion takes what it is true of: cid, whose age is unknown, stays.
    let excluded = encoded("(age > 30) IS NOT TRUE");
    assert_eq!(index(&format!("table=nodes&nodes={excluded}")), json!([1, 2, 3]));
    // Without bob and dan, eve has no edge; only ann and cid have one, unless calls do not count.
    assert_eq!(index("table=nodes&hidden=1,3&prune=true"), json!([0, 2]));
    let mails = encoded("kind = 'mail'");
    assert_eq!(index(&format!("table=nodes&edges={mails}&prune=true")), json!([0, 1, 2]));
    assert_eq!(
        index(&format!("table=nodes&edges={mails}&hidden=0&prune=true&search=c")),
        json!([2])
    );

    let histogram = format!("histogram?table=edges&column=kind&nodes={young}");
    let counted = server.ask(&id, &histogram).expect(200).json();
    assert_eq!(
        (&counted["values"], &counted["counts"]),
        (&json!(["call", "mail", "visit"]), &json!([1, 1, 0]))
    );
    let log = server
        .ask(&id, "histogram?table=edges&column=amount&bins=3&scale=log&hidden=3")
        .expect(200)
        .json();
    assert_eq!(log["edges"][0], -3.0);
    assert_eq!(log["counts"], json!([0, 2, 0]));
    let mask = server.ask(&id, "mask?table=edges&hidden=3-4").expect(200);
    assert_eq!(
        (mask.body.as_slice(), mask.header("x-graphlume-selected")),
        (&[0b111][..], Some("3"))
    );
    let ends = json!([{"src": "ann", "dst": "bob"}, {"src": "ann", "dst": "dan"}]);
    let file = format!("download?table=edges&format=json&columns=src,dst&nodes={young}");
    assert_eq!(server.ask(&id, &file).expect(200).json(), ends);

    // The same in a body, where an address would be too long.
    let hidden: Vec<String> = (0..2000).map(|_| "2,4".to_owned()).collect();
    let body = json!({"table": "edges", "format": "json", "columns": "src,dst", "hidden": hidden.join(",")});
    assert_eq!(server.work(&id, "download", &body).expect(200).json(), ends);
    let page = json!({"table": "edges", "hidden": "0", "limit": 1, "offset": 1});
    let rows = server.work(&id, "rows", &page).expect(200).json();
    assert_eq!((&rows["index"], &rows["total"]), (&json!([4]), &json!(2)));
    let log =
        json!({"table": "edges", "column": "amount", "bins": 3, "scale": "log", "hidden": "3"});
    assert_eq!(server.work(&id, "histogram", &log).expect(200).json()["counts"], json!([0, 2, 0]));
    let mask = server
        .work(&id, "mask", &json!({"table": "nodes", "prune": true, "hidden": "0-4"}))
        .expect(200);
    assert_eq!((mask.body.as_slice(), mask.header("cache-control")), (&[0][..], Some("no-store")));

    for (query, expected) in [
        ("hidden=5".to_owned(), "there is no row 5: there are 5 nodes"),
        ("hidden=4-2".to_owned(), "`4-2`"),
        (format!("nodes={}", encoded("amount > 1")), "amount"),
        ("prune=perhaps".to_owned(), "prune"),
        ("hide=3".to_owned(), "no option `hide`"),
    ] {
        let answer = server.ask(&id, &format!("rows?table=edges&{query}")).expect(400);
        assert!(message(&answer).contains(expected), "{query}: {}", message(&answer));
    }
    let answer = server.work(&id, "rows", &json!({"limits": 3})).expect(400);
    assert!(message(&answer).contains("no option `limits`"), "{}", message(&answer));
    server.work(&id, "rows", &json!({"limit": "three"})).expect(400);
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
    // For a page that is to work without this server.
    assert_eq!(few.tables, None);
    let whole = server.ask(&id, "scene?buffers=edges,tables").expect(200);
    let tables = Scene::read(&whole.body).unwrap().tables.unwrap();
    assert_eq!(tables.id.as_deref(), Some(graph.nodes().schema_ref().field(0).name().as_str()));
    let names: Vec<&str> = tables.columns.iter().map(|column| column.name.as_str()).collect();
    for field in
        graph.nodes().schema_ref().fields().iter().chain(graph.edges().schema_ref().fields())
    {
        assert!(names.contains(&field.name().as_str()), "{field}");
    }

    // What has a text is told by it, and all by color; measures too.
    let badges = |query: &str| {
        let scene = Scene::read(&server.ask(&id, &format!("scene?{query}")).expect(200).body);
        let [badge] = <[SceneBadge; 1]>::try_from(scene.unwrap().badges).unwrap();
        assert_eq!((badge.position.as_str(), badge.index.len()), ("TopRight", 5));
        assert!(badge.background.iter().all(|color| color.starts_with('#')));
        badge.icon
    };
    let id_column = graph.nodes().schema_ref().field(0).name().clone();
    assert!(badges(&format!("node_badge={id_column}")).iter().all(|icon| !icon.is_empty()));
    assert!(badges("node_badge=pagerank").iter().all(String::is_empty));
    server.ask(&id, "image.svg?node_badge=is_new&node_icon=is_new").expect(200);
    let wrong = message(&server.ask(&id, "scene?node_color=is_nev").expect(400));
    assert!(wrong.contains("is_new"), "{wrong}");
}

#[test]
fn groups_that_measures_find_have_a_color_each() {
    let server = start("");
    // More pairs than small integers may have different values to be names.
    let pairs: Vec<String> = (0..20).map(|i| format!("{},{}\n", 2 * i, 2 * i + 1)).collect();
    let pairs = pairs.concat();
    let id = server.upload("pairs.csv", format!("source,target\n{pairs}").as_bytes());
    let is_of_groups = |measure: &&measures::Measure| {
        measure.columns.iter().any(|column| ["community", "component"].contains(&column.name))
    };
    let mut n = 0;
    for measure in measures::MEASURES.iter().filter(is_of_groups) {
        // Of these two the plural may as well be a number of them.
        let names = measure.names().filter(|name| !["clusters", "components"].contains(name));
        for name in names {
            let answer = server.ask(&id, &format!("scene?node_color={name}")).expect(200);
            let scene = Scene::read(&answer.body).unwrap();
            assert_eq!(scene.legend[0]["kind"], "categories", "{name}");
            let colors = scene.node_color.unwrap();
            assert!(colors[0] == colors[1] && colors[0] != colors[2], "{name}");
            n += 1;
        }
    }
    assert!(n >= 5, "{n}");
    let answer = server.ask(&id, "scene?node_color=id").expect(200);
    assert_eq!(Scene::read(&answer.body).unwrap().legend[0]["kind"], "scale");
}

#[test]
fn answers_are_compressed_unless_they_stay_on_this_machine() {
    let server = start("");
    // What is small is not worth it.
    let path: Vec<String> = (0..400).map(|i| format!("{i},{}\n", i + 1)).collect();
    let path = path.concat();
    let id = server.upload("path.csv", format!("source,target\n{path}").as_bytes());
    let vary = |headers: &[(&str, &str)]| {
        let answer = server.send("GET", &format!("/api/v1/datasets/{id}/scene"), headers, &[]);
        let answer = answer.expect(200);
        assert_eq!(answer.body.get(..4), Some(&b"GLSC"[..]));
        let mut headers = answer.headers.iter();
        headers.any(|(name, value)| name == "vary" && value.contains("accept-encoding"))
    };
    assert!(!vary(&[]));
    assert!(vary(&[("x-forwarded-for", "192.0.2.7")]));
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
