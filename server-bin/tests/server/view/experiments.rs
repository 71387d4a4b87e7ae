//! Experiments of anomaly detection, read from a folder and run in it.

use serde_json::json;

use super::message;
use crate::common::start;

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
    let told = json!({
        "method_name": "midas", "dataset": "uci", "data_path": folder.path().join("datasets/.bundled/0123/uci"),
        "exp_path": one, "env_contents": {"_rows": "3", "_tick": "1", "SEED": "7"},
        "graphlume": {"version": "0.1.0", "executor": "local", "seed": 7, "parameters": [["rows", "3"]]},
    });
    write("service_config.json", &told.to_string());
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
    let one = server.get(&path("")).expect(200).json();
    assert_eq!(one["status"]["status"], "completed");
    let run = &one["run"];
    assert_eq!([&run["method"], &run["dataset"]], [&json!("midas"), &json!("bundled:uci")]);
    assert_eq!(run["parameters"], json!({"rows": "3"}));
    assert_eq!(run["all_parameters"], json!({"rows": "3", "tick": "1"}));
    assert_eq!([&run["seed"], &run["executor"]], [&json!(7), &json!("local")]);
    assert!(!one.to_string().contains(folder.path().to_str().unwrap()), "{one}");
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
