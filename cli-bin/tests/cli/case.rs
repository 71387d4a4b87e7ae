//! `graphlume case` as its users run it.

#![cfg(feature = "tables")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

fn run(folder: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_graphlume"));
    command.current_dir(folder).arg("case").args(args).output().unwrap()
}

/// Standard output of a command that must succeed.
fn done(folder: &Path, args: &[&str]) -> String {
    let output = run(folder, args);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{args:?}: {errors}");
    String::from_utf8(output.stdout).unwrap()
}

/// Standard error of a command that must fail.
fn error(folder: &Path, args: &[&str]) -> String {
    let output = run(folder, args);
    assert_eq!(output.status.code(), Some(2), "{args:?}");
    String::from_utf8(output.stderr).unwrap()
}

/// A folder with a template and its tables.
fn with(template: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    done(folder.path(), &["new", template, "-o", "case.toml", "--data"]);
    folder
}

#[test]
fn templates_are_listed_written_and_checked() {
    let folder = tempfile::tempdir().unwrap();
    let listed = done(folder.path(), &["list"]);
    for name in ["logins", "money", "folder", "feed"] {
        assert!(listed.lines().any(|line| line.starts_with(name)), "{listed}");
        done(folder.path(), &["new", name]);
        let checked = done(folder.path(), &["check", &format!("{name}.toml")]);
        assert!(checked.contains("parameter  ") && checked.contains("result     "), "{checked}");
    }
    assert!(error(folder.path(), &["new", "logins"]).contains("logins.toml is there already"));
    assert!(error(folder.path(), &["new", "lgins"]).contains("did you mean `logins`?"));
    let listed: Value = serde_json::from_str(&done(folder.path(), &["list", "--json"])).unwrap();
    assert_eq!(listed[0]["case"]["parameters"][1]["name"], "account");
}

#[test]
fn a_case_becomes_a_picture_a_page_and_a_graph() {
    let folder = with("logins");
    let outputs =
        ["around.html", "around.png", "around.svg", "around.gexf", "edges.csv", "nodes.csv"];
    let args = ["run", "case.toml", "-p", "account=cy", "-p", "since=2026-01-01", "--json"];
    let [html, png, svg, gexf, edges, nodes] = outputs;
    let outs = ["-o", html, "-o", png, "-o", svg, "-o", gexf, "-o", edges, "--nodes-out", nodes];
    let report: Value =
        serde_json::from_str(&done(folder.path(), &[&args[..], &outs[..]].concat())).unwrap();
    let steps = report["report"]["steps"].as_array().unwrap();
    let names: Vec<_> = steps.iter().map(|step| step["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["logins", "in time", "who with what", "around", "central"]);
    // The login of 2025 is before the window.
    assert_eq!((&steps[0]["rows"], &steps[1]["rows"]), (&Value::from(11), &Value::from(10)));
    assert_eq!(steps[1]["rows_in"], 11);
    assert_eq!(steps[3]["nodes"], 5);
    assert_eq!(report["outputs"].as_array().unwrap().len(), 6);
    let read = |name: &str| fs::read(folder.path().join(name)).unwrap();
    assert_eq!(&read(png)[1..4], b"PNG");
    let text = |name: &str| String::from_utf8(read(name)).unwrap();
    assert!(text(html).contains("<title>Around an account</title>"));
    assert!(text(svg).contains("phone-9"));
    assert!(text(gexf).contains("viz:position"));
    assert_eq!(text(nodes).lines().count(), 6);
    assert!(text(edges).lines().count() > 4);
}

#[test]
fn without_outputs_it_prints_what_was_found() {
    let folder = with("money");
    let args = ["run", "case.toml", "-p", "account=A-106", "-p", "hops=1"];
    let printed = done(folder.path(), &args);
    assert!(printed.starts_with("2 nodes, 1 edge\n"), "{printed}");
    assert!(printed.contains("A-100"), "{printed}");
    // The plan asks nothing and reads nothing.
    fs::remove_file(folder.path().join("transfers.csv")).unwrap();
    let plan = done(folder.path(), &[&args[..], &["--dry-run"]].concat());
    assert!(plan.contains("from the account = expand of flows: 1 hop → graph"), "{plan}");
    let missing = error(folder.path(), &args);
    assert!(missing.contains("step `transfers`: `transfers.csv` may not be read"), "{missing}");
}

#[test]
fn what_is_wrong_is_named() {
    let folder = with("logins");
    let error = |args: &[&str]| error(folder.path(), args);
    assert!(
        error(&["run", "case.toml"])
            .contains("parameter `account`: it is given no value, and has no default")
    );
    let unknown = error(&["run", "case.toml", "-p", "acount=ann"]);
    assert!(
        unknown
            .contains("case.toml: case: there is no parameter `acount`; did you mean `account`?")
    );
    let twice = error(&["run", "case.toml", "-p", "account=a", "-p", "account=b"]);
    assert!(twice.contains("--param account is given twice"));
    let range = error(&["run", "case.toml", "-p", "account=a", "-p", "hops=7"]);
    assert!(range.contains("parameter `hops`: option `value` is 7, but at most 6 is allowed"));
    assert!(
        error(&["run", "case.toml", "-p", "account=a", "-o", "x.png", "-o", "x.png"])
            .contains("x.png is named for two outputs")
    );
    assert!(error(&["run", "nothing.toml"]).contains("nothing.toml"));
    let text = fs::read_to_string(folder.path().join("case.toml")).unwrap();
    fs::write(folder.path().join("bad.toml"), text.replace("iterations = 500", "gravty = 5"))
        .unwrap();
    assert!(error(&["check", "bad.toml"]).contains("gravty"));
    fs::write(folder.path().join("bad.toml"), text.replace("hops = \"$hops\"", "hps = 2")).unwrap();
    let bad = error(&["check", "bad.toml"]);
    assert!(bad.contains("bad.toml: line ") && bad.contains("did you mean `hops`?"), "{bad}");
}

#[test]
fn files_outside_and_hosts_are_asked_only_if_allowed() {
    let folder = with("logins");
    let outside = tempfile::tempdir().unwrap();
    let moved = outside.path().join("elsewhere.csv");
    fs::rename(folder.path().join("logins.csv"), &moved).unwrap();
    let logins = format!("logins={}", moved.display());
    let args = ["run", "case.toml", "-p", "account=ann", "-p", &logins];
    assert!(error(folder.path(), &args).contains("may not be read"));
    let allowed = [&args[..], &["--folder", outside.path().to_str().unwrap()]].concat();
    done(folder.path(), &allowed);
    let feed = with("feed");
    let refused = error(feed.path(), &["run", "case.toml"]);
    assert!(
        refused.contains("`siem.example.org` may not be read: no host is allowed"),
        "{refused}"
    );
    let few = error(folder.path(), &[&allowed[..], &["--max-rows", "3"]].concat());
    assert!(few.contains("rows: 4, but at most 3 are allowed"), "{few}");
}

#[test]
fn what_has_not_changed_is_kept() {
    let folder = with("logins");
    let kept = |more: &[&str]| -> Vec<bool> {
        let args = ["run", "case.toml", "-p", "account=ann", "--keep", "kept", "--json"];
        let report: Value =
            serde_json::from_str(&done(folder.path(), &[&args[..], more].concat())).unwrap();
        let steps = report["report"]["steps"].as_array().unwrap();
        steps.iter().map(|step| step["kept"].as_bool().unwrap()).collect()
    };
    assert!(kept(&[]).iter().all(|kept| !kept));
    assert!(kept(&[]).iter().all(|kept| *kept));
    let other = kept(&["-p", "hops=3"]);
    assert!(other[0] && !other[other.len() - 1], "{other:?}");
    let text = fs::read_to_string(folder.path().join("case.toml")).unwrap();
    let last = text.lines().filter_map(|line| line.strip_prefix("name = ")).next_back().unwrap();
    let from = kept(&["--from", last.trim_matches('"')]);
    assert!(from[0] && !from[from.len() - 1], "{from:?}");
    let error = error(folder.path(), &["run", "case.toml", "-p", "account=ann", "--from", "x"]);
    assert!(error.contains("--keep"), "{error}");
}
