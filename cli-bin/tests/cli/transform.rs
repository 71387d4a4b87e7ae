//! `graphlume transform` and `graphlume pipeline` as their users run them.

#![cfg(feature = "tables")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

fn command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_graphlume"));
    command.current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/data/graphs"));
    command
}

fn run(args: &[&str]) -> Output {
    command().args(args).output().unwrap()
}

/// Standard output of a transform that must succeed.
fn transform(args: &[&str]) -> String {
    let output = run(&[&["transform"], args].concat());
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{args:?}: {errors}");
    String::from_utf8(output.stdout).unwrap()
}

/// Standard error of a transform that must fail.
fn error(args: &[&str]) -> String {
    let output = run(&[&["transform"], args].concat());
    assert_eq!(output.status.code(), Some(2), "{args:?}");
    String::from_utf8(output.stderr).unwrap()
}

fn path(folder: &TempDir, name: &str) -> String {
    folder.path().join(name).to_str().unwrap().to_owned()
}

#[test]
fn verbs_are_done_in_their_order() {
    let first = transform(&["karate.csv", "--limit", "1", "--filter", "target = 2"]);
    assert!(first.ends_with("0 rows\n"), "{first}");
    let second = transform(&["karate.csv", "--filter", "target = 2", "--limit", "1"]);
    assert_eq!(second, "source  target\n int64   int64\n     0       2\n1 row\n");
}

#[test]
fn groups_are_sorted_by_what_was_counted() {
    let args = ["polblogs.csv", "--group-by", "target", "--agg", "n = count(*)"];
    let text = transform(&[&args[..], &["--sort=-n", "--limit", "2", "--json"]].concat());
    let rows: Value = serde_json::from_str(&text).unwrap();
    // Counted by hand: lines of the file by their second field.
    let file =
        fs::read_to_string(command().get_current_dir().unwrap().join("polblogs.csv")).unwrap();
    let mut counts = std::collections::HashMap::new();
    for line in file.lines().skip(1) {
        *counts.entry(line.split(',').nth(1).unwrap()).or_insert(0_u64) += 1;
    }
    let most = counts.values().max().unwrap();
    assert_eq!(rows[0]["n"], *most);
    assert_eq!(rows.as_array().unwrap().len(), 2);
}

#[test]
fn tables_are_joined_and_queried() {
    let args = ["football.csv", "--join", "football-nodes.csv", "--on", "source = id"];
    let joined = transform(
        &[&args[..], &["--group-by", "label", "--agg", "n=count(*)", "-o", "-"]].concat(),
    );
    assert!(joined.starts_with("label,n\n"), "{joined}");
    let query = "SELECT v.label, count(*) AS n FROM e JOIN v ON e.source = v.id GROUP BY v.label";
    let queried = transform(&["e=football.csv", "v=football-nodes.csv", "--sql", query, "-o", "-"]);
    let sorted = |text: &str| {
        let mut lines: Vec<_> = text.lines().map(str::to_owned).collect();
        lines.sort();
        lines
    };
    assert_eq!(sorted(&joined), sorted(&queried));
    // What the verbs before left is `input`; the inputs keep their names.
    let query = "SELECT count(*) AS n FROM input JOIN e ON input.source = e.source";
    let pairs = transform(&["e=football.csv", "--limit", "1", "--sql", query, "--json"]);
    let degree =
        transform(&["e=football.csv", "--filter", "source = 0", "--agg", "n=count(*)", "--json"]);
    assert_eq!(pairs, degree);
}

#[test]
fn files_of_every_kind_are_written_and_read_back() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["a.parquet", "a.arrow", "a.jsonl", "a.csv", "a.csv.gz", "a.graphml"] {
        let out = path(&folder, name);
        transform(&["karate.csv", "-o", &out]);
        let count = transform(&[&out, "--agg", "n = count(*)", "--json"]);
        assert_eq!(count, "[{\"n\":78}]\n", "{name}");
    }
    let report = transform(&["karate.csv", "-o", &path(&folder, "b.csv"), "--json"]);
    let report: Value = serde_json::from_str(&report).unwrap();
    assert_eq!(report["outputs"][0]["rows"], 78);
    let names: Vec<_> = fs::read_dir(folder.path()).unwrap().collect();
    assert_eq!(names.len(), 7);
}

#[test]
fn standard_streams_are_a_source_and_a_target() {
    let mut child = command()
        .args(["--quiet", "transform", "-", "--filter", "b > 1", "-o", "-", "--to", "jsonl"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(b"a,b\nx,1\ny,2\n").unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty());
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "{\"a\":\"y\",\"b\":2}\n");
}

#[test]
fn the_head_of_a_table_says_whether_there_is_more() {
    let text = transform(&["karate.csv", "--rows", "2"]);
    assert_eq!(text.lines().count(), 5);
    assert!(text.ends_with("… and more; --rows N prints more, -o FILE writes all\n"), "{text}");
}

#[test]
fn mistakes_are_named_without_lines_of_a_file_that_is_not_there() {
    let cases: [(&[&str], &str); 11] = [
        (
            &["karate.csv", "--filter", "sorce > 1"],
            "error: step `--filter`: there is no column `sorce`, at character 1; did you mean `source`?",
        ),
        (&["karate.csv", "--top", "3"], "error: --top needs --by COLUMNS"),
        (&["karate.csv", "--on", "a"], "error: --on should come behind --join"),
        (&["no.csv"], "error: input `no`: no.csv: "),
        (
            &["karate.csv", "--query", "SELECT 1"],
            "error: input `karate`: karate.csv: option `--query` is not one of files",
        ),
        (
            &["karate.csv", "--nodes"],
            "error: input `karate`: karate.csv: option `--nodes` is not one of CSV",
        ),
        (
            &["karate.csv", "--join", "sqlite:no.db?table=t", "--on", "source", "--join-null", "x"],
            "error: input `t`: sqlite:no.db: option `--join-null` is not one of SQLite",
        ),
        (
            &["karate.csv", "--group-by", "source", "--agg", "l = list(target)", "-o", "-"],
            "error: standard output: column `l` is list of int64, but must be ",
        ),
        (&["karate.csv", "--sql", "DELETE FROM karate"], "error: step `--sql`: "),
        (
            &["karate.csv", "football-nodes.csv"],
            "error: step `inputs`: input `football_nodes` (football-nodes.csv) has no column \
             `source`, which input `karate` (karate.csv) has",
        ),
        (&["karate.csv", "--sort", "source", "--memory-limit", "1 kB"], "error: pipeline: about "),
    ];
    for (args, expected) in cases {
        let text = error(args);
        assert!(text.starts_with(expected), "{args:?}: {text}");
    }
}

#[test]
fn what_nobody_should_see_is_not_printed() {
    let shown = |args: &[&str]| {
        let text = transform(&[args, &["--as-pipeline"]].concat());
        assert!(!text.contains("hunter2"), "{text}");
        text
    };
    let text = shown(&["https://h.invalid/a.csv", "--header", "X-Key: hunter2"]);
    assert!(text.contains(r#"headers = { "X-Key" = "***" }"#), "{text}");
    let text = shown(&["s3://b/a.parquet", "--store-option", "aws_region=hunter2"]);
    assert!(text.contains(r#"store = { "aws_region" = "***" }"#), "{text}");
    for (header, expected) in [
        ("hunter2", "error: --header should have a name and a value, and `:` between them"),
        (
            "X-Key: hunter2",
            "error: input `karate`: karate.csv: option `--header` is not one of files",
        ),
    ] {
        let text = error(&["karate.csv", "--header", header]);
        assert!(text.starts_with(expected) && !text.contains("hunter2"), "{text}");
    }
    // Of addresses, too.
    let inputs = ["https://ann:hunter2@h.invalid/a.csv?key=hunter2"];
    let joined = ["--join", "postgres://ann:hunter2@h.invalid/d?table=t", "--on", "id"];
    let args = [&inputs[..], &joined].concat();
    let text = shown(&args);
    assert!(text.contains("from = \"https://ann:***@h.invalid/a.csv?key=***\"\n"), "{text}");
    assert!(text.contains("from = \"postgres://ann:***@h.invalid/d?table=t\"\n"), "{text}");
    let said = run(&[&["transform"], &args[..], &["--as-pipeline"]].concat()).stderr;
    assert!(String::from_utf8_lossy(&said).contains("they belong where *** is"));
    let text = shown(&["postgres://ann:hunter2@h.invalid", "--query", "SELECT 1"]);
    assert!(text.contains("name = \"h\"\n"), "{text}");
}

#[test]
fn headers_go_to_one_host_and_are_shown_if_they_are_some() {
    let [a, b] = ["https://a.invalid/a.csv", "https://b.invalid/b.csv"];
    let key = ["--header", "X-Key: hunter2"];
    let text =
        transform(&["karate.csv", a, "HTTPS://A.invalid/c.csv", key[0], key[1], "--as-pipeline"]);
    assert_eq!(text.matches("headers = ").count(), 2, "{text}");
    let region = ["--store-option", "aws_region=hunter2"];
    let text = transform(&["s3://b/a.csv", "karate.csv", region[0], region[1], "--as-pipeline"]);
    assert_eq!(text.matches("store = ").count(), 1, "{text}");
    let hosts = "error: --header would go to a.invalid and b.invalid, ";
    let commands = [vec!["transform", a, b, "--as-pipeline"], vec!["hypergraph", a, b]];
    for args in commands {
        let output = run(&[&args[..], &key].concat());
        let text = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{text}");
        assert!(text.starts_with(hosts) && !text.contains("hunter2"), "{text}");
    }
    let with_user = "https://ann:hunter2@a.invalid/a.csv";
    for (place, headers, expected) in [
        (a, ["X-Key: 1", "X-Key hunter2: 1"], "error: --header 2: what is before `:` is no name"),
        (a, ["X-Key: 1", "x-key: hunter2"], "error: --header is given twice for `x-key`"),
        (a, ["X-Key: 1", "Host: hunter2"], "`headers` has `Host`, which each request has anyway"),
        (with_user, ["X-Key: 1", "Authorization: hunter2"], "which the user in the address makes"),
    ] {
        let text = error(&[place, "--header", headers[0], "--header", headers[1], "--as-pipeline"]);
        assert!(text.contains(expected) && !text.contains("hunter2"), "{text}");
    }
}

#[test]
fn lines_that_are_no_rows_are_passed_over() {
    let folder = tempfile::tempdir().unwrap();
    let notes = path(&folder, "notes.csv");
    fs::write(&notes, "# made, by hand\na;b\n1;2\n# more\n").unwrap();
    assert_eq!(transform(&[&notes, "--comment", "#", "-o", "-"]), "a,b\n1,2\n");
    // Without a suffix the content tells the format.
    let bare = path(&folder, "notes");
    fs::copy(&notes, &bare).unwrap();
    assert_eq!(transform(&[&bare, "--comment", "#", "-o", "-"]), "a,b\n1,2\n");
    let text = error(&[&notes, "--missing-columns"]);
    assert!(text.contains("option `--missing-columns` is not one of this format"), "{text}");
    let printed = transform(&["a.parquet", "--missing-columns", "--comment", "#", "--as-pipeline"]);
    assert!(printed.contains("comment = \"#\"\nmissing_columns = true\n"), "{printed}");
}

#[test]
fn inputs_may_lack_columns_of_one_another() {
    let folder = tempfile::tempdir().unwrap();
    let [a, b] = ["a.csv", "b.csv"].map(|name| path(&folder, name));
    fs::write(&a, "a,b\n1,2\n").unwrap();
    fs::write(&b, "c,a\n3,4\n").unwrap();
    let text = error(&[&a, &b, "-o", "-"]);
    assert!(text.contains("has no column `b`"), "{text}");
    assert_eq!(transform(&[&a, &b, "--missing-columns", "-o", "-"]), "a,b,c\n1,2,\n4,,3\n");
    let args = [&a, &b, "--missing-columns", "--with", "d = a + 1", "--as-pipeline"];
    let printed = transform(&args);
    assert!(
        printed.contains("\nfill = true\n") && !printed.contains("missing_columns"),
        "{printed}"
    );
    // What the content tells is no Parquet, either.
    let bare = path(&folder, "bare");
    fs::copy(&a, &bare).unwrap();
    assert_eq!(transform(&[&bare, &b, "--missing-columns", "-o", "-"]), "a,b,c\n1,2,\n4,,3\n");
    // Of Parquet the files of one input may lack columns, too.
    let printed = transform(&["*.parquet", &a, "--missing-columns", "--as-pipeline"]);
    assert_eq!(printed.matches("missing_columns = true\n").count(), 1, "{printed}");
    // Queries have them apart, so that there is nothing to fill.
    let query = ["--sql", "SELECT * FROM a"];
    let text = error(&[&a, &b, "--missing-columns", query[0], query[1]]);
    assert!(text.contains("option `--missing-columns` is not one of this format"), "{text}");
    let args = ["hypergraph", &a, &b, "--missing-columns", "--format", "csv", "-o"];
    let out = path(&folder, "edges.csv");
    let output = run(&[&args[..], &[&out]].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    // Four values in two rows.
    assert_eq!(fs::read_to_string(out).unwrap().lines().count(), 5);
}

/// A table becomes a graph only if two columns are named as ends of edges.
#[test]
fn json_has_rows_or_edges() {
    let folder = tempfile::tempdir().unwrap();
    let written = |args: &[&str], name: &str| -> Value {
        let out = path(&folder, name);
        transform(&[args, &["-o", &out]].concat());
        serde_json::from_str(&fs::read_to_string(out).unwrap()).unwrap()
    };
    let groups = ["karate.csv", "--group-by", "target", "--agg", "n=count(*)", "--sort=-n"];
    let rows = written(&[&groups[..], &["--limit", "1"]].concat(), "rows.json");
    assert_eq!(rows, serde_json::json!([{"target": 33, "n": 17}]));
    // Of times, and a missing one.
    let times = path(&folder, "times.csv");
    fs::write(&times, "name,from,to\nann,2024-01-01,2024-02-01\nbob,2024-02-01,\n").unwrap();
    let rows = written(&[&times], "times.json");
    assert_eq!((rows[1]["name"].as_str(), rows[1]["to"].is_null()), (Some("bob"), true), "{rows}");
    let edges = written(&["karate.csv", "--limit", "2"], "edges.json");
    assert_eq!(edges["links"].as_array().unwrap().len(), 2);

    let out = path(&folder, "groups.gexf");
    let refused = error(&[&groups[..], &["-o", &out]].concat());
    assert!(refused.contains("rename two of `target`, `n`"), "{refused}");
    let refused = error(&["karate.csv", "-o", &path(&folder, "t.xlsx")]);
    assert!(refused.contains("t.xlsx` tells no format") && refused.contains("--to"), "{refused}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 4);
}

#[test]
fn files_are_written_as_it_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let out = path(&folder, "a.csv");
    let written = ["karate.csv", "--limit", "1", "-o", &out, "--output-delimiter", "|"];
    transform(&[&written[..], &["--compression", "none"]].concat());
    assert!(fs::read_to_string(&out).unwrap().starts_with("source|target"));
    let parts = path(&folder, "parts");
    let written = ["karate.csv", "-o", &parts, "--to", "parquet", "--partition-by", "source"];
    transform(&written);
    assert!(
        fs::read_dir(&parts)
            .unwrap()
            .all(|entry| { entry.unwrap().file_name().to_str().unwrap().starts_with("source=") })
    );
    let text = transform(&[&written[..], &["--as-pipeline"]].concat());
    assert!(text.ends_with("format = \"parquet\"\npartition_by = [\"source\"]\n"), "{text}");
    let refused = error(&["karate.csv", "-o", "-", "--partition-by", "source"]);
    assert!(refused.contains("--partition-by makes a folder"), "{refused}");
    let refused = error(&["karate.csv", "-o", &path(&folder, "b.csv"), "--compression", "lz4"]);
    assert!(refused.contains("compression is lz4, but it must be none, gzip or zstd"), "{refused}");
}

#[test]
fn a_plan_reads_and_writes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let out = path(&folder, "out.parquet");
    let text = transform(&["karate.csv", "--sort", "-target", "-o", &out, "--plan"]);
    assert!(text.contains("step   --sort = sort by -target of karate"), "{text}");
    assert!(
        text.contains("source int64, target int64") && text.contains("memory about "),
        "{text}"
    );
    let json = transform(&["karate.csv", "--sort", "-target", "-o", &out, "--plan", "--json"]);
    let plan: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(plan["parts"][1]["columns"][0]["name"], "source");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn a_transform_becomes_a_pipeline_that_does_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let karate = command().get_current_dir().unwrap().join("karate.csv");
    let (a, b) = (path(&folder, "a.csv"), path(&folder, "b.csv"));
    let verbs =
        ["--filter", "source < 9", "--group-by", "source", "--agg", "n=count(*)", "--unique"];
    let args = |out| [&[karate.to_str().unwrap(), "-o", out], &verbs[..]].concat();
    transform(&args(&a));
    let text = transform(&[&args(&b)[..], &["--as-pipeline"]].concat());
    let file = path(&folder, "p.toml");
    fs::write(&file, text).unwrap();
    for verb in ["check", "plan", "run"] {
        let output = run(&["pipeline", verb, &file]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(Path::new(&b).exists(), verb == "run");
    }
    assert_eq!(fs::read(&a).unwrap(), fs::read(&b).unwrap());
}

#[test]
fn types_and_words_for_nothing_can_be_said() {
    let folder = tempfile::tempdir().unwrap();
    let file = path(&folder, "a.csv");
    fs::write(&file, "zip,n,x\n02139,1,NA\n10001,2,3\n").unwrap();
    let of = |more: &[&str]| {
        let text = transform(&[&[file.as_str(), "-o", "-"], more].concat());
        text.lines().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(of(&[]), ["zip,n,x", "02139,1,NA", "10001,2,3"]);
    let told = ["--type", "zip=int64", "--type", "n=float64", "--null", "NA"];
    assert_eq!(of(&told), ["zip,n,x", "2139,1.0,", "10001,2.0,3"]);
    let pipeline = transform(&[&[file.as_str()], &told[..], &["--as-pipeline"]].concat());
    assert!(pipeline.contains(r#"types = { "zip" = "int64", "n" = "float64" }"#), "{pipeline}");

    let refused = error(&[&file, "--type", "n=integer"]);
    assert!(refused.contains("`integer` is none of the types text, boolean,"), "{refused}");
    let refused = error(&[&file, "--type", "zap=text"]);
    assert!(refused.contains("`zap`") && refused.contains("did you mean `zip`"), "{refused}");
    let refused = error(&[&file, "--type", "n=text", "--type", "n=int64"]);
    assert!(refused.contains("--type is given twice for column `n`"), "{refused}");
    let refused = error(&[&file, "--type", "x=int64"]);
    let place = "line 2: column `x` holds `NA`, which is no int64, the type that it was given";
    assert!(refused.contains(place), "{refused}");
    assert!(error(&["karate.csv", "--type", "source"]).contains("as in zip=text"));
    let parquet = path(&folder, "a.parquet");
    transform(&[&file, "-o", &parquet]);
    assert!(error(&[&parquet, "--null", "NA"]).contains("`--null`"));
    let graph =
        run(&["info", &file, "--source", "zip", "--target", "x", "--null", "NA", "--drop-null"]);
    assert!(String::from_utf8_lossy(&graph.stderr).contains("1 row dropped"), "{graph:?}");
}

/// What is linked with the program decides, and the settings are weaker ones where that goes wrong.
#[test]
#[cfg(all(feature = "allocator", target_os = "linux", target_env = "gnu", target_arch = "x86_64"))]
fn large_memory_lies_in_large_pages() {
    let output = command().arg("--version").env("_RJEM_MALLOC_CONF", "confirm_conf:true").output();
    let errors = String::from_utf8(output.unwrap().stderr).unwrap();
    assert!(errors.contains("thp:always"), "{errors}");
}

#[test]
fn a_pipeline_computes_with_graphs_and_says_where_it_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let karate = command().get_current_dir().unwrap().join("karate.csv");
    let text = format!(
        "[[input]]\nname = 'edges'\nfrom = '{}'\n[[step]]\nverb = 'page_rank'\n\
         [[step]]\nverb = 'top'\nn = 2\nby = '-page_rank'\n[[output]]\nto = 'top.csv'\n",
        karate.display()
    );
    let file = path(&folder, "p.toml");
    fs::write(&file, &text).unwrap();
    let output = run(&["pipeline", "run", &file, "--json"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["outputs"][0]["rows"], 2);
    let top = fs::read_to_string(folder.path().join("top.csv")).unwrap();
    let ids: Vec<_> = top.lines().skip(1).map(|line| line.split(',').next().unwrap()).collect();
    // The instructor and the president.
    assert_eq!(ids, ["33", "0"]);

    fs::write(&file, text.replace("'-page_rank'", "'-pagerank'")).unwrap();
    let output = run(&["pipeline", "check", &file]);
    assert_eq!(output.status.code(), Some(2));
    let errors = String::from_utf8(output.stderr).unwrap();
    assert!(errors.starts_with(&format!("error: {file}: line 7: step `step-2`: ")), "{errors}");
    assert!(errors.contains("there is no column `pagerank`"), "{errors}");
    // What a run would refuse, too.
    let check = |text: &str| {
        fs::write(&file, text).unwrap();
        let output = run(&["pipeline", "check", &file]);
        assert_eq!(output.status.code(), Some(2), "{text}");
        String::from_utf8(output.stderr).unwrap()
    };
    let input = format!("[[input]]\nname = 't'\nfrom = '{}'\n", karate.display());
    let errors = check(&input);
    assert!(errors.contains("there is no `[[output]]`"), "{errors}");
    let errors = check(&format!("memory_limit = '10'\n{input}[[output]]\nto = 'o.csv'\n"));
    assert!(errors.contains("but 10 are allowed"), "{errors}");
}

#[test]
fn the_pipeline_of_the_documentation_runs() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let page = fs::read_to_string(root.join("docs/transform.md")).unwrap();
    let (_, rest) = page.split_once("```toml\n").unwrap();
    let (text, _) = rest.split_once("```").unwrap();
    let folder = tempfile::tempdir().unwrap();
    for name in ["polblogs.csv", "polblogs-nodes.csv"] {
        fs::copy(root.join("tests/data/graphs").join(name), folder.path().join(name)).unwrap();
    }
    let file = path(&folder, "weblogs.toml");
    fs::write(&file, text).unwrap();
    let output = run(&["pipeline", "run", &file]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let best = fs::read_to_string(folder.path().join("best.csv")).unwrap();
    assert_eq!(best.lines().next(), Some("id,page_rank,label"));
    assert_eq!(best.lines().count(), 21);
    let camps = transform(&[
        &path(&folder, "camps.parquet"),
        "--agg",
        "rank = round(sum(rank), 6)",
        "--json",
    ]);
    assert_eq!(camps, "[{\"rank\":1.0}]\n");
    // The mistake that the page shows, with its line.
    fs::write(&file, text.replace("-page_rank", "-pagerank")).unwrap();
    let output = run(&["pipeline", "check", &file]);
    let shown = page.lines().find(|line| line.starts_with("error: ")).unwrap();
    let said =
        String::from_utf8(output.stderr).unwrap().replace(&format!("{file}:"), "weblogs.toml:");
    assert_eq!(said.trim_end(), shown);
}
