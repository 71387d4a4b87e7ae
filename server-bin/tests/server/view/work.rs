//! What is computed on request, beside what the library itself gives.

use arrow::array::AsArray;
use arrow::datatypes::Float64Type;
use graphlume::etl::analytics::measures;
use graphlume::etl::{Control, gfql};
use serde_json::json;

use super::{Ask, EDGES, graph, message, upload};
use crate::common::start;

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
fn measures_that_take_long_tell_how_far_they_are_and_can_be_stopped() {
    let server = start("");
    let id = upload(&server);
    let compute =
        |id: &str, measure: &str| server.work(id, "computations", &json!({"measure": measure}));
    let told = compute(&id, "pagerank").expect(200).json();
    assert_eq!((&told["status"], &told["measure"]), (&json!("done"), &json!("page_rank")));
    assert_eq!(compute(&id, "in_degree").expect(200).json()["measure"], "degree");
    // What begins at nodes that somebody has to name is none of a whole graph.
    let told = compute(&id, "bfs").expect(200).json();
    assert_eq!(told["status"], "failed");
    assert!(told["error"].as_str().unwrap().contains("sources"), "{told}");
    compute(&id, "nothing").expect(404);
    server.ask(&id, "computations/nothing").expect(404);

    // Shortest paths between all pairs of so many nodes take minutes.
    let n = 30_000_u64;
    let ends = (0..n).flat_map(|u| [(u, (u + 1) % n), (u, (7 * u + 3) % n), (u, (13 * u + 5) % n)]);
    let edges: Vec<String> = ends.map(|(u, v)| format!("{u},{v}")).collect();
    let made = server
        .post("/api/v1/datasets?name=large.csv", format!("s,t\n{}\n", edges.join("\n")).as_bytes());
    let large = made.expect(201).json()["id"].as_str().unwrap().to_owned();
    let told = compute(&large, "betweenness").expect(202).json();
    let place = format!("computations/{}", told["id"].as_str().unwrap());
    loop {
        let told = server.ask(&large, &place).expect(200).json();
        assert_eq!(told["status"], "running", "{told}");
        if told["done"].as_u64() > Some(0) {
            assert_eq!((&told["stage"], &told["total"]), (&json!("sources"), &json!(n)));
            break;
        }
    }
    server.ask(&id, &place).expect(404);
    let stop = |place: &str| {
        server.send("DELETE", &format!("/api/v1/datasets/{large}/{place}"), &[], b"").expect(204)
    };
    stop(&place);
    assert_eq!(server.ask(&large, &place).expect(200).json()["status"], "stopped");
    assert_eq!(compute(&large, "degree").expect(200).json()["status"], "done");
    // Nothing of it was held: it begins anew.
    let again = compute(&large, "betweenness").expect(202).json();
    assert_eq!(again["status"], "running");
    stop(&format!("computations/{}", again["id"].as_str().unwrap()));
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
