//! The command as its users run it: one test for each promise.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![expect(clippy::print_stdout, reason = "what is skipped is said")]

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

fn command() -> Command {
    Command::new(env!("CARGO_BIN_EXE_graphlume"))
}

fn run(args: &[&str]) -> Output {
    command().args(args).output().unwrap()
}

/// Standard output of a run that must succeed.
fn stdout(args: &[&str]) -> String {
    let output = run(args);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{args:?}: {errors}");
    String::from_utf8(output.stdout).unwrap()
}

/// Standard error of a run that must fail with exit code 2.
fn error(args: &[&str]) -> String {
    let output = run(args);
    assert_eq!(output.status.code(), Some(2), "{args:?}");
    String::from_utf8(output.stderr).unwrap()
}

fn data(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/data/graphs");
    folder.join(name).to_str().unwrap().to_owned()
}

/// A folder for one test, and paths in it.
struct Scratch(TempDir);

impl Scratch {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> String {
        self.0.path().join(name).to_str().unwrap().to_owned()
    }

    fn files(&self) -> Vec<PathBuf> {
        fs::read_dir(self.0.path()).unwrap().map(|entry| entry.unwrap().path()).collect()
    }
}

#[test]
fn layout_writes_id_x_y_then_the_node_columns() {
    let scratch = Scratch::new();
    let out = scratch.path("out.csv");
    let nodes = data("football-nodes.csv");
    stdout(&["layout", &data("football.csv"), "--nodes", &nodes, "--iterations", "20", "-o", &out]);
    let text = fs::read_to_string(&out).unwrap();
    assert_eq!(text.lines().next(), Some("id,x,y,label"));
    assert_eq!(text.lines().count(), 116);
    for line in text.lines().skip(1) {
        let fields: Vec<_> = line.split(',').collect();
        assert!(fields[1].parse::<f32>().unwrap().is_finite(), "{line}");
        assert!(fields[2].parse::<f32>().unwrap().is_finite(), "{line}");
    }
}

#[test]
fn the_same_seed_gives_the_same_bytes_on_any_number_of_threads() {
    let scratch = Scratch::new();
    let layout = |seed: &str, threads: &str| {
        let out = scratch.path("out.parquet");
        let args = ["layout", &data("power.csv"), "-o", &out, "--iterations", "30"];
        stdout(&[&args[..], &["--seed", seed, "--threads", threads]].concat());
        fs::read(&out).unwrap()
    };
    let first = layout("1", "1");
    assert!(first == layout("1", "3"));
    assert!(first != layout("2", "1"));
}

#[test]
fn layout_draws_pictures_of_the_size_asked_for() {
    let scratch = Scratch::new();
    let (png, svg) = (scratch.path("a.png"), scratch.path("a.svg"));
    let size = ["--width", "640", "--height", "480"];
    let args = ["layout", &data("karate.csv"), "--png", &png, "--svg", &svg];
    stdout(&[&args[..], &size].concat());
    let bytes = fs::read(&png).unwrap();
    assert_eq!(&bytes[..8], b"\x89PNG\r\n\x1a\n");
    assert_eq!(bytes[16..24], [0, 0, 2, 128, 0, 0, 1, 224]);
    let text = fs::read_to_string(&svg).unwrap();
    assert!(text.contains("<svg") && text.trim_end().ends_with("</svg>"));
}

#[test]
fn a_picture_can_go_to_standard_output() {
    let picture = |option| {
        let output = run(&["layout", &data("karate.csv"), "--iterations", "5", option, "-"]);
        assert!(output.status.success());
        output.stdout
    };
    assert!(picture("--png").starts_with(b"\x89PNG"));
    assert!(picture("--svg").ends_with(b"</svg>\n") || picture("--svg").ends_with(b"</svg>"));
}

#[test]
fn data_flows_through_standard_streams() {
    let mut child = command()
        .args(["--quiet", "layout", "-", "-o", "-", "--iterations", "5"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(b"source,target\na,b\nb,c\n").unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty());
    let text = String::from_utf8(output.stdout).unwrap();
    let ids: Vec<_> = text.lines().map(|line| line.split(',').next().unwrap()).collect();
    assert_eq!(ids, ["id", "a", "b", "c"]);
}

#[test]
fn json_says_what_was_done() {
    let scratch = Scratch::new();
    let out = scratch.path("out.arrow");
    let args = ["layout", &data("karate.csv"), "--json", "-o", &out];
    let report: Value = serde_json::from_str(&stdout(&args)).unwrap();
    assert_eq!(report["n_nodes"], 34);
    assert_eq!(report["n_edges"], 78);
    assert_eq!(report["config"]["scaling"], 2.0);
    assert_eq!(report["layout"]["stop"], "converged");
    assert_eq!(report["outputs"][0], out.as_str());
}

#[test]
fn a_layout_starts_where_an_earlier_one_ended() {
    let scratch = Scratch::new();
    let (first, second) = (scratch.path("1.csv"), scratch.path("2.csv"));
    let edges = data("karate.csv");
    stdout(&["layout", &edges, "-o", &first]);
    let start = ["--nodes", &first, "--start", "--iterations", "0"];
    stdout(&[&["layout", &edges, "-o", &second][..], &start].concat());
    assert_eq!(fs::read_to_string(first).unwrap(), fs::read_to_string(second).unwrap());
}

#[test]
fn info_counts() {
    let info: Value =
        serde_json::from_str(&stdout(&["info", &data("netscience.csv"), "--json"])).unwrap();
    assert_eq!(info["n_nodes"], 1461);
    assert_eq!(info["n_edges"], 2742);
    assert_eq!(info["n_components"], 268);
    assert_eq!(info["largest_component"], 379);
    let text = stdout(&["info", &data("karate.csv")]);
    assert!(text.contains("degree") && text.contains("max 17"), "{text}");
}

#[test]
fn convert_keeps_the_graph() {
    let scratch = Scratch::new();
    let edges = data("lesmis.csv");
    let mut from = edges.clone();
    for name in ["a.parquet", "b.arrow", "c.jsonl", "d.graphml", "e.gexf", "f.json", "g.csv.gz"] {
        let to = scratch.path(name);
        stdout(&["convert", &from, &to]);
        from = to;
    }
    let counts = |file: &str| {
        let info: Value = serde_json::from_str(&stdout(&["info", file, "--json"])).unwrap();
        [&info["n_nodes"], &info["n_edges"], &info["degree"]["max"]].map(Clone::clone)
    };
    assert_eq!(counts(&from), counts(&edges));
}

#[test]
fn generate_is_seeded_and_pipes_into_info() {
    let graph = |seed| stdout(&["generate", "rmat", "--scale", "8", "--seed", seed]);
    assert_eq!(graph("1"), graph("1"));
    assert_ne!(graph("1"), graph("2"));
    for kind in ["barabasi-albert", "planted-partition", "lattice", "star", "path", "cycle"] {
        assert!(stdout(&["generate", kind]).lines().count() > 50, "{kind}");
    }
    assert_eq!(stdout(&["generate", "erdos-renyi", "--edges", "7"]).lines().count(), 8);
}

#[test]
fn quality_measures_a_written_layout() {
    let scratch = Scratch::new();
    let out = scratch.path("out.parquet");
    let edges = data("dolphins.csv");
    stdout(&["layout", &edges, "-o", &out]);
    for name in ["out.gexf", "out.graphml", "out.gml"] {
        let graph = scratch.path(name);
        stdout(&["layout", &edges, "--nodes", &out, "--start", "--iterations", "0", "-o", &graph]);
        let quality = |positions: &str| stdout(&["quality", &edges, positions, "--json"]);
        assert_eq!(quality(&graph), quality(&out), "{name}");
    }
    let report: Value =
        serde_json::from_str(&stdout(&["quality", &edges, &out, "--json"])).unwrap();
    let trustworthiness = report["trustworthiness"]["value"].as_f64().unwrap();
    assert!((0.6..0.8).contains(&trustworthiness), "{trustworthiness}");
    assert!(stdout(&["quality", &edges, &out]).contains("edge length variation"));
}

#[test]
fn demo_leaves_a_picture_and_positions() {
    let scratch = Scratch::new();
    let text = stdout(&["demo", "--out", &scratch.path("demo")]);
    for name in ["graph.png", "positions.csv"] {
        let path = scratch.path(&format!("demo/{name}"));
        assert!(text.contains(&path) && Path::new(&path).exists(), "{text}");
    }
}

/// Output of `graphlume devices` under an environment.
fn devices(args: &[&str], environment: &[(&str, &str)]) -> Output {
    let mut command = command();
    for variable in ["GRAPHLUME_DEVICES", "GRAPHLUME_POOL_INITIAL", "GRAPHLUME_POOL_MAX"] {
        command.env_remove(variable);
    }
    command.arg("devices").args(args).envs(environment.iter().copied()).output().unwrap()
}

#[test]
fn devices_lists_the_cpu_everywhere() {
    let output = devices(&["--json"], &[]);
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let rows = report["devices"].as_array().unwrap();
    let cpu = rows.iter().find(|row| row["name"] == "cpu").unwrap();
    let (memory, free) = (cpu["memory"].as_u64().unwrap(), cpu["free_memory"].as_u64().unwrap());
    assert!(0 < free && free <= memory && cpu["units"].as_u64().unwrap() > 0, "{cpu}");
    assert_eq!(rows.iter().filter(|row| row["auto"] == true).count(), 1, "{report}");
    // A processor behind OpenCL is not what `auto` takes.
    let auto = rows.iter().find(|row| row["auto"] == true).unwrap();
    assert!(auto["name"] == "cpu" || auto["is_gpu"] == true, "{auto}");
    // Each backend has a device, or a reason to have none.
    for backend in ["cuda", "opencl"] {
        let found = rows.iter().any(|row| row["backend"] == backend);
        let absent = report["absent"].as_array().unwrap();
        let told = absent.iter().any(|row| {
            row["backend"] == backend && row["reason"].as_str().is_some_and(|why| !why.is_empty())
        });
        assert!(found != told, "{backend}: {report}");
    }
    let text = String::from_utf8(devices(&[], &[]).stdout).unwrap();
    assert_eq!(text.lines().filter(|line| line.starts_with("cpu ")).count(), 1, "{text}");
    assert!(text.starts_with("device ") && text.contains(" auto\n"), "{text}");
}

#[test]
fn devices_are_restricted_by_the_environment() {
    let output = devices(&["--json"], &[("GRAPHLUME_DEVICES", "cpu")]);
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let rows = report["devices"].as_array().unwrap();
    assert_eq!(rows.iter().map(|row| row["name"].as_str().unwrap()).collect::<Vec<_>>(), ["cpu"]);
    for (value, words) in
        [("abacus", ["abacus", "cuda:1"]), ("cpu,cuda:99", ["cuda:99", "there is no device"])]
    {
        let output = devices(&[], &[("GRAPHLUME_DEVICES", value)]);
        assert_eq!(output.status.code(), Some(2));
        let text = String::from_utf8(output.stderr).unwrap();
        assert_eq!(text.lines().count(), 1, "{text}");
        assert!(words.iter().all(|word| text.contains(word)), "{text}");
    }
}

/// Files that are no libraries, and libraries that are no drivers.
#[cfg(target_os = "linux")]
#[test]
fn a_broken_driver_is_told_and_not_used() {
    let scratch = Scratch::new();
    let empty = scratch.path("empty.so");
    fs::write(&empty, "").unwrap();
    // Some library that this test itself uses, under the names of the drivers'.
    let maps = fs::read_to_string("/proc/self/maps").unwrap();
    let library = maps.lines().find(|line| line.contains("/libgcc_s")).unwrap();
    let library = library.split_whitespace().last().unwrap();
    for name in ["libcuda.so", "libcuda.so.1", "loader.so"] {
        fs::copy(library, scratch.path(name)).unwrap();
    }
    let folder = scratch.path("");
    let loader = scratch.path("loader.so");
    for (environment, backend) in [
        (("OPENCL_DYLIB_PATH", &empty), None),
        (("OPENCL_DYLIB_PATH", &loader), Some("OpenCL: libOpenCL.so.1 is broken")),
        (("LD_LIBRARY_PATH", &folder), Some("CUDA: NVIDIA's driver is broken: it has no cuInit")),
    ] {
        let output = devices(&[], &[(environment.0, environment.1)]);
        let (text, errors) =
            (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
        assert!(output.status.success() && errors.is_empty(), "{environment:?}: {errors}");
        assert!(text.contains("\ncpu "), "{environment:?}: {text}");
        if let Some(reason) = backend {
            assert!(text.contains(&format!("\nno {reason}")), "{environment:?}: {text}");
        }
    }
}

#[test]
fn completions_name_the_commands() {
    for shell in ["bash", "zsh", "fish"] {
        let script = stdout(&["completions", shell]);
        assert!(script.contains("graphlume") && script.contains("convert"), "{shell}");
    }
}

#[test]
fn mistakes_are_named_and_leave_nothing_behind() {
    let scratch = Scratch::new();
    let out = scratch.path("out.csv");
    let karate = data("karate.csv");
    let missing = scratch.path("none.csv");
    let cases: &[(&[&str], &[&str])] = &[
        (&["layout", &karate], &["--out", "--png"]),
        (&["layout", &missing, "-o", &out], &["none.csv"]),
        (&["layout", &karate, "-o", &out, "--theta", "2"], &["theta", "2", "0 to 0.9"]),
        (&["layout", &karate, "-o", &out, "--source", "here"], &["here", "`source`, `target`"]),
        (&["layout", &karate, "-o", &out, "--device", "abacus"], &["abacus", "cpu"]),
        (&["layout", &karate, "-o", &out, "--device", "opencl:99"], &["opencl:99"]),
        (&["layout", &karate, "-o", &out, "--color-by", "mood"], &["mood"]),
        (&["layout", &karate, "-o", &scratch.path("out.what")], &["out.what"]),
        (&["layout", &karate, "-o", &scratch.path("no/folder/out.csv")], &["no/folder/out.csv"]),
        (&["info", &karate, "--format", "abacus"], &["abacus", "parquet"]),
    ];
    for (args, words) in cases {
        let text = error(args);
        for word in *words {
            assert!(text.contains(word), "{args:?} should mention {word}: {text}");
        }
    }
    assert_eq!(scratch.files(), [] as [PathBuf; 0]);
}

#[test]
fn outputs_are_checked_before_anything_is_computed() {
    let scratch = Scratch::new();
    let (edges, out) = (scratch.path("edges.csv"), scratch.path("out.csv"));
    fs::write(&edges, "a,b,weight\n1,2,heavy\n").unwrap();
    let cases: &[(&[&str], &[&str])] = &[
        (&["-o", &edges], &["edges.csv", "both input and output"]),
        (&["-o", &out, "--png", &out], &["out.csv", "two outputs"]),
        (&["-o", "-", "--json"], &["standard output"]),
        (&["-o", "-", "--png", "-"], &["standard output"]),
    ];
    for (args, words) in cases {
        let text = error(&[&["layout", &edges], *args].concat());
        assert!(words.iter().all(|word| text.contains(word)), "{args:?}: {text}");
        assert_eq!(text.lines().count(), 1, "{text}");
    }
    assert_eq!(fs::read_to_string(&edges).unwrap(), "a,b,weight\n1,2,heavy\n");
    let info = run(&["info", &edges]);
    assert!(String::from_utf8_lossy(&info.stderr).contains("all weights are 1"));

    let both = run(&["info", &edges, "--directed", "--undirected"]);
    let said = String::from_utf8_lossy(&both.stderr);
    assert!(!both.status.success() && said.contains("--undirected"), "{said}");

    let missing = scratch.path("no/out.csv");
    let query = r#"[{"type": "Node"}]"#;
    for (args, flag) in [
        (&["hypergraph", &edges][..], "--nodes-out"),
        (&["query", &edges, query], "--nodes-out"),
        (&["analyze", &edges, "-m", "degree"], "--edges-out"),
        (&["reshape", &edges, "--reverse"], "--nodes-out"),
    ] {
        let twice = error(&[args, &["-o", &out, flag, &out]].concat());
        assert!(twice.contains("out.csv is named for two outputs"), "{args:?}: {twice}");
        let nowhere = error(&[args, &["-o", &missing]].concat());
        assert!(nowhere.contains("out.csv: there is no such folder"), "{args:?}: {nowhere}");
    }
    let twice = error(&["convert", &edges, &out, "--nodes-out", &out]);
    assert!(twice.contains("out.csv is named for two outputs"), "{twice}");
    assert_eq!(scratch.files(), [PathBuf::from(&edges)]);
}

#[test]
fn columns_that_measures_replace_are_named() {
    let scratch = Scratch::new();
    let [edges, nodes] = ["edges.csv", "nodes.csv"].map(|name| scratch.path(name));
    fs::write(&edges, "source,target\n1,2\n").unwrap();
    fs::write(&nodes, "id,degree,title\n1,MSc,a\n2,PhD,b\n").unwrap();
    let output = run(&["analyze", &edges, "--nodes", &nodes, "-m", "degree", "-o", "-"]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("column `degree` of the nodes is replaced"), "{said}");
    assert!(!said.contains("`title`"), "{said}");
    // A cycle is told by the id, not by the number that a node has inside.
    fs::write(&edges, "source,target\nann,bob\nbob,ann\n").unwrap();
    let output = run(&["analyze", &edges, "--directed", "-m", "levels:cycles=refuse"]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("node `ann` is on a cycle"), "{said}");
}

/// Data alone go to standard output then; what is found is said beside it.
#[test]
fn tables_can_go_to_standard_output() {
    let karate = data("karate.csv");
    let scratch = Scratch::new();
    let events = scratch.path("events.csv");
    fs::write(&events, "user,ip\nann,1.2\nbob,1.2\n").unwrap();
    let query = r#"[{"type": "Node"}]"#;
    let cases: &[(&[&str], &str, usize)] = &[
        (&["analyze", &karate, "-m", "degree", "-o", "-"], "id,", 35),
        (&["analyze", &karate, "-m", "edge_betweenness", "--edges-out", "-"], "source,target", 79),
        (&["query", &karate, query, "--nodes-out", "-"], "id", 35),
        (&["reshape", &karate, "--reverse", "-o", "-"], "source,target", 79),
        (&["hypergraph", &events, "--entities", "user,ip", "-o", "-"], "attribID,EventID", 5),
        (&["convert", &karate, "-"], "source,target", 79),
        (&["generate", "path", "--nodes", "4", "-o", "-"], "source,target", 4),
        (&["layout", &karate, "--iterations", "2", "-o", "-"], "id,x,y", 35),
    ];
    for (args, start, n_lines) in cases {
        let output = run(args);
        let text = String::from_utf8(output.stdout).unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success(), "{args:?}: {said}");
        assert!(text.starts_with(start), "{args:?}: {text}");
        assert_eq!(text.lines().count(), *n_lines, "{args:?}: {text}");
    }
    for args in [
        &["analyze", &karate, "-m", "degree", "-o", "-", "--json"][..],
        &["query", &karate, query, "-o", "-", "--nodes-out", "-"],
        &["reshape", &karate, "--reverse", "-o", "-", "--nodes-out", "-"],
        &["hypergraph", &events, "--entities", "user", "-o", "-", "--json"],
    ] {
        assert!(error(args).contains("standard output"), "{args:?}");
    }
}

/// Says it once, with the name of the file.
#[test]
fn a_missing_file_is_told_in_one_line() {
    assert_eq!(
        error(&["info", "no-such-file.csv"]),
        "error: no-such-file.csv: No such file or directory (os error 2)\n"
    );
}

/// As when the output is piped into `head`.
#[test]
fn a_reader_that_leaves_early_is_no_error() {
    let mut child = command()
        .args(["generate", "complete", "--nodes", "1500"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut start = [0; 64];
    child.stdout.take().unwrap().read_exact(&mut start).unwrap();
    assert!(child.wait().unwrap().success());
}

/// Sends the interrupt once the graph is read; by then the layout runs or is about to.
#[cfg(unix)]
fn interrupted(args: &[&str]) -> Option<i32> {
    let mut child =
        command().args(args).stderr(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    // The first line is about the graph, the second a sign of life from the steps.
    assert!(lines.next().unwrap().unwrap().starts_with("read "));
    assert!(lines.next().unwrap().unwrap().starts_with("step "));
    let pid = nix::unistd::Pid::from_raw(child.id() as i32);
    nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGINT).unwrap();
    lines.for_each(drop);
    child.wait().unwrap().code()
}

#[cfg(unix)]
#[test]
fn an_interrupt_saves_only_what_is_asked_for() {
    let scratch = Scratch::new();
    let out = scratch.path("out.csv");
    let edges = data("power.csv");
    let args = ["layout", &edges, "-o", &out, "--iterations", "10000000", "--tolerance", "0"];
    assert_eq!(interrupted(&args), Some(1));
    assert_eq!(scratch.files(), [] as [PathBuf; 0]);
    assert_eq!(interrupted(&[&args[..], &["--save-on-interrupt"]].concat()), Some(1));
    assert_eq!(fs::read_to_string(&out).unwrap().lines().count(), 4942);
}

/// A device gives a layout as good as the processor's, and says what it did.
#[test]
fn layouts_are_made_on_devices() {
    let devices: Vec<_> = graphlume::layout::Device::all().unwrap();
    let scratch = Scratch::new();
    let (karate, out) = (data("karate.csv"), scratch.path("out.csv"));
    for device in devices {
        let name = device.to_string();
        let report = stdout(&["layout", &karate, "-o", &out, "--device", &name, "--json"]);
        let report: serde_json::Value = serde_json::from_str(&report).unwrap();
        assert_eq!(report["devices"][0], name.as_str());
        let quality = stdout(&["quality", &karate, &out, "--json"]);
        let quality: serde_json::Value = serde_json::from_str(&quality).unwrap();
        let trustworthiness = quality["trustworthiness"]["value"].as_f64().unwrap();
        assert!(trustworthiness > 0.68, "{name}: {trustworthiness}");
    }
    for (backend, reason) in graphlume::layout::Device::absent() {
        println!("skipped: no {backend:?} device: {reason}");
    }
}

#[test]
fn options_of_measures_are_looked_at_before_the_graph_is_read() {
    // There is no such file, which would be said if it were read.
    let refused =
        |measure: &str| error(&["analyze", "nowhere.csv", "-m", "betweenness", "-m", measure]);
    for (measure, said) in [
        (
            "page_rank:damping=2",
            "measure page_rank: damping is 2, but it must be at least 0 and below 1",
        ),
        ("page_rank:dampin=0.5", "did you mean `damping`?"),
        ("sssp:sources=ann,delta=0", "delta is 0"),
        ("katz:alpha=-1", "alpha is -1"),
        ("leiden:resolution=-1", "resolution is -1"),
        ("bfs", "option `sources`: is needed"),
    ] {
        let error = refused(measure);
        assert!(error.contains(said), "{measure}: {error}");
    }
    assert!(refused("bfs:sources=ann").contains("nowhere.csv"));
}

#[test]
fn hypergraph_makes_a_graph_of_events() {
    let scratch = Scratch::new();
    let (events, edges, nodes) =
        (scratch.path("events.csv"), scratch.path("edges.csv"), scratch.path("nodes.csv"));
    fs::write(&events, "user,ip,amt\nann,1.2,5\nbob,1.2,6\nann,,7\n").unwrap();
    let args =
        ["hypergraph", &events, "--entities", "user,ip", "-o", &edges, "--nodes-out", &nodes];
    let summary: Value = serde_json::from_str(&stdout(&[&args[..], &["--json"]].concat())).unwrap();
    assert_eq!(summary["n_entities"], 3);
    assert_eq!((&summary["n_nodes"], &summary["n_edges"]), (&6.into(), &5.into()));
    let text = fs::read_to_string(&edges).unwrap();
    assert!(text.lines().any(|line| line.starts_with("ip::1.2,EventID::1,ip")), "{text}");
    assert!(fs::read_to_string(&nodes).unwrap().contains("user::ann"));

    let direct = [&args[..], &["--direct", "--no-attributes", "--pair", "ip=user"]].concat();
    assert!(stdout(&direct).contains("2 edges"));
    let text = fs::read_to_string(&edges).unwrap();
    assert!(text.contains("ip::1.2,user::ann,ip::user") && !text.contains("amt"), "{text}");

    let named = [
        "hypergraph",
        &events,
        "--entities",
        "user,ip",
        "--direct",
        "--category",
        "thing=user,ip",
        "--delimiter",
        "/",
        "--source-name",
        "from",
        "--keep-missing",
    ];
    let text = stdout(&named);
    assert!(
        text.contains("thing/ann") && text.contains("from") && text.contains("thing/null"),
        "{text}"
    );

    let refused = error(&["hypergraph", &events, "--entities", "usr"]);
    assert!(refused.contains("usr") && refused.contains("did you mean `user`"), "{refused}");
    let refused = error(&["hypergraph", &events, "--category", "thing"]);
    assert!(refused.contains("--category thing"), "{refused}");
    assert!(error(&["hypergraph", &events, "--pair", "a=b"]).contains("--direct"));
}

#[test]
fn encodings_of_queries_can_be_drawn_with() {
    let scratch = Scratch::new();
    let (looks, picture) = (scratch.path("looks.json"), scratch.path("few.svg"));
    let edges = scratch.path("edges.csv");
    fs::write(&edges, "source,target,kind\na,b,x\nb,c,y\n").unwrap();
    let query = r#"[{"type": "Call", "function": "name", "params": {"name": "few"}},
        {"type": "Call", "function": "encode_edge_color", "params":
            {"column": "kind", "categorical_mapping": {"x": "red"}, "default_mapping": "lime"}}]"#;
    let found: Value = serde_json::from_str(&stdout(&["query", &edges, query, "--json"])).unwrap();
    assert_eq!(found["name"], "few");
    let encodings = &found["encodings"];
    let color = &encodings["edge_encodings"]["complex"]["default"]["edgeColorEncoding"];
    assert_eq!(color["attribute"], "kind", "{found}");
    fs::write(&looks, encodings.to_string()).unwrap();
    stdout(&["layout", &edges, "--encodings", &looks, "--svg", &picture]);
    assert!(fs::metadata(&picture).unwrap().len() > 0);
    let plain: Value =
        serde_json::from_str(&stdout(&["query", &edges, r#"[{"type": "Node"}]"#, "--json"]))
            .unwrap();
    let encodings = &plain["encodings"];
    assert_eq!(*encodings, serde_json::json!({"node_encodings": {}, "edge_encodings": {}}));
    fs::write(&looks, encodings.to_string()).unwrap();
    stdout(&["layout", &edges, "--encodings", &looks, "--svg", &picture]);
    let said = run(&["query", &edges, query]).stderr;
    assert!(String::from_utf8_lossy(&said).contains("sets 1 encoding"));
}

#[cfg(feature = "tables")]
#[test]
fn hypergraphs_are_of_all_tables_that_are_named() {
    let scratch = Scratch::new();
    let (folder, edges) = (scratch.path("days"), scratch.path("edges.csv"));
    fs::create_dir(&folder).unwrap();
    let days = [format!("{folder}/1.csv"), format!("{folder}/2.csv")];
    fs::write(&days[0], "user,zip\nann,02139\nbob,02139\n").unwrap();
    fs::write(&days[1], "user,zip\nann,02139\ncy,?\n").unwrap();
    let counts = |inputs: &[&str], more: &[&str]| {
        let args = [&["hypergraph"], inputs, &["--entities", "user,zip", "-o", &edges, "--json"]];
        let found = stdout(&[args.concat(), more.to_vec()].concat());
        let found: Value = serde_json::from_str(&found).unwrap();
        let text = fs::read_to_string(&edges).unwrap();
        assert!(text.contains("zip::02139,EventID::2"), "{text}");
        ["n_entities", "n_events", "n_edges"].map(|name| found[name].as_u64().unwrap())
    };
    let glob = format!("{folder}/*.csv");
    for inputs in [&[&folder[..]][..], &[&glob], &[&days[0], &days[1]]] {
        assert_eq!(counts(inputs, &[]), [5, 4, 8], "{inputs:?}");
        assert_eq!(counts(inputs, &["--null", "?"]), [4, 4, 7], "{inputs:?}");
    }
    // What the delimiter of ids is called does not change; that of fields has a name of its own.
    let odd = scratch.path("odd.csv");
    fs::write(&odd, "user;zip\nann;02139\nbob;02139\n\"x,y\";02139\n").unwrap();
    assert_eq!(counts(&[&odd], &["--separator", ";"]), [4, 3, 6]);
    assert_eq!(counts(&[&odd], &["--separator", ";", "--type", "zip=text"]), [4, 3, 6]);
    assert_eq!(counts(&[&folder], &["--path-column", "day"]), [5, 4, 8]);
    assert!(fs::read_to_string(&edges).unwrap().contains("2.csv"));
    let args = ["hypergraph", &folder, "--entities", "user", "--delimiter", "/", "--rows", "1"];
    assert!(stdout(&args).contains("user/ann"));
    let refused = error(&["hypergraph", &days[0], "--type", "zip=text", "--type", "zip=int64"]);
    assert!(refused.contains("--type is given twice for column `zip`"), "{refused}");
    let refused = error(&["hypergraph", &folder, &edges, "--entities", "user"]);
    assert!(refused.contains("attribID") || refused.contains("user"), "{refused}");
    let refused = error(&["hypergraph", "sqlite:a.db?table=t", "--separator", ";"]);
    assert!(refused.contains("option `--separator` is not one of SQLite"), "{refused}");
    // Records inside of a document.
    let document = scratch.path("logins.json");
    fs::write(&document, r#"{"data": [{"user": "ann", "zip": "02139"}, {"user": "bob", "zip": "02139"}, {"user": "cy", "zip": "02139"}]}"#).unwrap();
    assert_eq!(counts(&[&document], &["--records", "/data"]), [4, 3, 6]);
}

#[test]
fn hypergraph_reads_missing_values_and_names_options_as_they_are_here() {
    let scratch = Scratch::new();
    let (events, edges) = (scratch.path("events.txt"), scratch.path("edges.json"));
    fs::write(&events, "user,ip\nann,1.2\nNA,1.2\n").unwrap();
    let args = ["hypergraph", &events, "--entities", "user, ip", "--null", "NA"];
    let args = [&args[..], &["--format", "csv", "--skip", "usr", "-o", &edges, "--json"]].concat();
    let output = run(&args);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let summary: Value = serde_json::from_slice(&output.stdout).expect(&said);
    assert_eq!((&summary["n_entities"], &summary["n_edges"]), (&2.into(), &3.into()));
    assert!(said.contains("--skip names the column `usr`"), "{said}");

    // An array of edges is read back by the names of its columns.
    let named = ["info", &edges, "--source", "EventID", "--target", "attribID", "--json"];
    let info: Value = serde_json::from_str(&stdout(&named)).unwrap();
    assert_eq!((&info["n_nodes"], &info["n_edges"]), (&4.into(), &3.into()), "{info}");
    assert_eq!(info["read"]["source"], "EventID", "{info}");
}
