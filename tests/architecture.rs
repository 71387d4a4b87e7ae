//! The borders between the crates, kept by reading what Cargo knows of them.
//!
//! Rules name packages that may not exist yet, so that they bind from the first day of each.

#![expect(clippy::unwrap_used, reason = "a panic fails the test, as it should")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

const CORE: &str = "graphlume-core";
const KERNELS: &str = "graphlume-kernels";
const LAYOUT: &str = "graphlume-layout";
const ETL: &str = "graphlume-etl";
const GAD: &str = "graphlume-gad";
const VIEWER: &str = "graphlume-viewer";
const FACADE: &str = "graphlume";
const CLI: &str = "graphlume-cli";
const SERVER: &str = "graphlume-server";
const PYTHON: &str = "graphlume-python";

const PACKAGES: [&str; 10] = [CORE, KERNELS, LAYOUT, ETL, GAD, VIEWER, FACADE, CLI, SERVER, PYTHON];

/// What a workspace package may depend on inside the workspace.
const INSIDE: [(&str, &[&str], &str); 10] = [
    (CORE, &[], "everything rests on it"),
    (KERNELS, &[], "it knows numbers on devices, not that they are graphs"),
    (LAYOUT, &[CORE, KERNELS], "layout, transforms and evaluation are used without one another"),
    (ETL, &[CORE, KERNELS], "layout, transforms and evaluation are used without one another"),
    (GAD, &[CORE, KERNELS], "layout, transforms and evaluation are used without one another"),
    (VIEWER, &[CORE, KERNELS, LAYOUT, ETL], "it draws what the others made"),
    (
        FACADE,
        &[CORE, KERNELS, LAYOUT, ETL, GAD, VIEWER],
        "it gives out the libraries, not the leaves",
    ),
    (
        CLI,
        &[CORE, KERNELS, LAYOUT, ETL, GAD, VIEWER, FACADE, SERVER],
        "of the leaves it may use the server's library, for `graphlume serve`",
    ),
    (SERVER, &[CORE, KERNELS, LAYOUT, ETL, GAD, VIEWER, FACADE], "no leaf depends on a leaf"),
    (
        PYTHON,
        &[CORE, KERNELS, LAYOUT, ETL, GAD, VIEWER, FACADE, CLI],
        "of the leaves it may use the command's library, which the wheel carries",
    ),
];

/// Dependencies from outside that belong to some workspace packages only. A `*` ends a prefix.
const OUTSIDE: [(&str, &[&str], &str); 19] = [
    ("cudarc", &[KERNELS], "one crate knows that CUDA exists"),
    ("opencl3", &[KERNELS], "one crate knows that OpenCL exists"),
    ("polars*", &[ETL], "it doubles the build, and has an Arrow of its own"),
    ("pyo3*", &[PYTHON], "no other build should need Python"),
    ("numpy", &[PYTHON], "no other build should need Python"),
    ("axum*", &[SERVER], "libraries and commands do not serve"),
    ("bollard*", &[GAD], "one crate talks to engines of containers"),
    // Nobody sees that what an engine is asked through is asynchronous.
    ("tokio", &[GAD, SERVER], "libraries are not asynchronous"),
    // What PostgreSQL's blocking client takes for TLS; it is never awaited by us.
    ("tokio-postgres-rustls", &[ETL], "one crate talks to databases"),
    ("tokio-util", &[SERVER], "libraries are not asynchronous"),
    ("tokio-stream", &[SERVER], "libraries are not asynchronous"),
    ("tokio-tungstenite", &[SERVER], "libraries are not asynchronous"),
    ("tower*", &[SERVER], "libraries and commands do not serve"),
    ("petgraph", &[CORE], "it is an interchange and an oracle in tests, not the storage"),
    ("tikv-jemallocator", &[KERNELS], "programs choose an allocator, libraries do not"),
    ("anyhow", &[CLI, SERVER], "libraries have errors that a caller can tell apart"),
    // Python makes its functions of what options say of themselves on the command line.
    (
        "clap*",
        &[LAYOUT, ETL, GAD, VIEWER, CLI, SERVER, PYTHON],
        "data structures have no command line",
    ),
    (
        "arrow*",
        &[CORE, ETL, GAD, VIEWER, FACADE, CLI, SERVER, PYTHON],
        "kernels and layout work on plain columns",
    ),
    ("parquet", &[CORE, ETL, GAD, CLI, SERVER], "files are read and written at the border"),
];

/// Packages whose sources may hold unsafe code, and the files that may.
const UNSAFE: [(&str, &[&str]); 3] = [
    (KERNELS, &["src/allocator.rs", "src/cuda.rs", "src/opencl.rs"]),
    (ETL, &["src/frame.rs"]),
    (PYTHON, &["src/memory.rs"]),
];

#[test]
fn dependencies_keep_the_borders() {
    let edges = direct_edges(&metadata());
    assert!(edges.contains(&(FACADE.to_owned(), LAYOUT.to_owned())), "edges are not read at all");
    assert_eq!(violations(&edges), [] as [String; 0]);
}

#[test]
fn the_rules_find_what_they_forbid() {
    for (from, on) in [
        (CORE, KERNELS),
        (KERNELS, CORE),
        (CORE, "polars"),
        (CORE, "tokio"),
        (KERNELS, "arrow"),
        (KERNELS, "polars-core"),
        (LAYOUT, ETL),
        (GAD, LAYOUT),
        (VIEWER, CLI),
        (SERVER, CLI),
        (LAYOUT, "cudarc"),
        (LAYOUT, "petgraph"),
        (VIEWER, "anyhow"),
        (CLI, "pyo3"),
        ("graphlume-new", CORE),
    ] {
        let edge = BTreeSet::from([(from.to_owned(), on.to_owned())]);
        assert_eq!(violations(&edge).len(), 1, "{from} may depend on {on}");
    }
    for (from, on) in [(CLI, SERVER), (ETL, "polars"), (KERNELS, "cudarc"), (CORE, "petgraph")] {
        let edge = BTreeSet::from([(from.to_owned(), on.to_owned())]);
        assert_eq!(violations(&edge), [] as [String; 0]);
    }
}

#[test]
fn every_dependency_has_an_allowed_license() {
    let deny = fs::read_to_string(root().join("deny.toml")).unwrap();
    let allowed = quoted_list(&deny, "allow");
    assert!(allowed.contains("MIT") && allowed.contains("Apache-2.0"), "{allowed:?}");
    let metadata = metadata();
    let packages = metadata["packages"].as_array().unwrap();
    let bad: Vec<_> = packages
        .iter()
        .filter(|package| !package["license"].as_str().is_some_and(|l| permits(l, &allowed)))
        .map(|package| format!("{} under {}", name(package), package["license"]))
        .collect();
    assert_eq!(bad, [] as [String; 0], "deny.toml allows {allowed:?}");
    assert!(packages.len() > 50, "only {} packages were checked", packages.len());
}

#[test]
fn license_expressions_are_understood() {
    let allowed = BTreeSet::from(["MIT".to_owned(), "Zlib".to_owned()]);
    for good in
        ["MIT", "MIT OR GPL-3.0", "GPL-3.0/MIT", "MIT AND Zlib", "(GPL-3.0 OR MIT) AND Zlib"]
    {
        assert!(permits(good, &allowed), "{good}");
    }
    for bad in ["", "GPL-3.0", "MIT AND GPL-3.0", "(MIT OR Zlib) AND GPL-3.0", "MIT WITH exception"]
    {
        assert!(!permits(bad, &allowed), "{bad}");
    }
}

#[test]
fn there_is_one_arrow() {
    let metadata = metadata();
    let mut majors: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for package in metadata["packages"].as_array().unwrap() {
        if name(package).starts_with("arrow") || name(package) == "parquet" {
            let major = package["version"].as_str().unwrap().split('.').next().unwrap();
            majors.entry(major).or_default().insert(name(package));
        }
    }
    assert_eq!(majors.len(), 1, "{majors:?}");
}

/// The feature ties the version of pyo3 to that of arrow.
#[test]
fn arrow_does_without_pyarrow() {
    let metadata = metadata();
    for node in metadata["resolve"]["nodes"].as_array().unwrap() {
        let features = node["features"].as_array().unwrap();
        assert!(!features.iter().any(|f| f == "pyarrow"), "{} has pyarrow", node["id"]);
    }
}

/// Drivers are opened at run time: one binary serves all machines.
#[test]
fn no_package_has_a_feature_for_a_device() {
    for package in members(&metadata()) {
        let features = package["features"].as_object().unwrap();
        for device in ["cuda", "opencl", "gpu"] {
            assert!(!features.contains_key(device), "{} has feature {device}", name(&package));
        }
    }
}

#[test]
fn unsafe_code_is_forbidden_at_the_head_of_every_crate() {
    let mut checked = 0;
    for package in members(&metadata()) {
        if UNSAFE.iter().any(|&(free, _)| free == name(&package)) {
            continue;
        }
        for target in package["targets"].as_array().unwrap() {
            let kinds = target["kind"].as_array().unwrap();
            if kinds.iter().any(|kind| kind == "lib" || kind == "bin") {
                let path = target["src_path"].as_str().unwrap();
                let source = fs::read_to_string(path).unwrap();
                let forbids = source.lines().any(|line| line == "#![forbid(unsafe_code)]");
                assert!(forbids, "{path} does not forbid unsafe code");
                checked += 1;
            }
        }
    }
    assert!(checked >= 5, "only {checked} crates were checked");
}

#[test]
fn unsafe_code_stays_in_the_files_that_may_have_it() {
    for package in members(&metadata()) {
        let Some(&(_, files)) = UNSAFE.iter().find(|&&(free, _)| free == name(&package)) else {
            continue;
        };
        let folder = Path::new(package["manifest_path"].as_str().unwrap()).parent().unwrap();
        for path in rust_files(&folder.join("src")) {
            let source = fs::read_to_string(&path).unwrap();
            let may = files.iter().any(|file| path == folder.join(file));
            let has = source.lines().any(has_unsafe);
            assert_eq!(may, has, "{} has, or has no, unsafe code", path.display());
        }
        // What macros expand to, the compiler sees.
        if !files.is_empty() {
            let source = fs::read_to_string(folder.join("src/lib.rs")).unwrap();
            assert!(source.contains("#![deny(unsafe_code)]"), "{}", folder.display());
            let exceptions = source.matches("#[expect(unsafe_code").count();
            assert_eq!(exceptions, files.len(), "{}", folder.display());
        }
    }
}

#[test]
fn unsafe_code_is_recognized() {
    for code in ["unsafe impl Send for A {}", "let a = unsafe { b() };", "(unsafe{b()})"] {
        assert!(has_unsafe(code), "{code}");
    }
    for code in ["#![deny(unsafe_code)]", "// no unsafe code", "a(); // unsafe", "not_unsafe();"] {
        assert!(!has_unsafe(code), "{code}");
    }
}

/// Whether the word `unsafe` is in the code of a line.
fn has_unsafe(line: &str) -> bool {
    let code = line.split("//").next().unwrap_or_default();
    code.split(|c: char| !c.is_alphanumeric() && c != '_').any(|word| word == "unsafe")
}

/// A family of kernels is three files of one name: source, PTX and wrapper.
#[test]
fn every_family_of_kernels_has_its_files() {
    let kernels = root().join("kernels");
    let names = |folder: &str, extension: &str| -> BTreeSet<String> {
        let paths = fs::read_dir(kernels.join(folder)).unwrap().map(|entry| entry.unwrap().path());
        let paths = paths.filter(|path| path.extension().is_some_and(|found| found == extension));
        paths.map(|path| path.file_stem().unwrap().to_string_lossy().into_owned()).collect()
    };
    let families = names("gpu", "c");
    assert!(families.contains("fill"), "{families:?}");
    assert_eq!(names("ptx", "ptx"), families);
    let missing: Vec<_> = families.difference(&names("src", "rs")).cloned().collect();
    assert_eq!(missing, [] as [String; 0], "families without a wrapper in kernels/src");
}

#[test]
fn no_test_is_ignored_and_no_lint_allowed() {
    // Put together here, or this file would find itself.
    let forbidden = [
        (["#[", "ignore"].concat(), "a test that does not run proves nothing"),
        (["#[", "allow("].concat(), "#[expect(…, reason = …)] says when it is no longer needed"),
        (["#![", "allow("].concat(), "#![expect(…, reason = …)] says when it is no longer needed"),
    ];
    let files = rust_files(&root());
    assert!(files.iter().any(|file| file.ends_with("tests/architecture.rs")), "{files:?}");
    for path in files {
        // What test programs share is used in part by each: an expectation would fail in some.
        if path.ends_with("tests/common/mod.rs") {
            continue;
        }
        let source = fs::read_to_string(&path).unwrap();
        for (attribute, because) in &forbidden {
            let line = source.lines().position(|line| line.contains(attribute));
            let line = line.map(|line| line + 1);
            assert_eq!(line, None, "{} has {attribute}: {because}", path.display());
        }
    }
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// All packages, of all platforms and features.
fn metadata() -> Value {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--locked", "--all-features"])
        .current_dir(root())
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "cargo metadata (try cargo fetch first): {errors}");
    serde_json::from_slice(&output.stdout).unwrap()
}

fn name(package: &Value) -> &str {
    package["name"].as_str().unwrap()
}

fn members(metadata: &Value) -> Vec<Value> {
    let members = metadata["workspace_members"].as_array().unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    packages.iter().filter(|package| members.contains(&package["id"])).cloned().collect()
}

/// Direct dependencies of workspace packages, optional ones too, but for those of tests alone.
fn direct_edges(metadata: &Value) -> BTreeSet<(String, String)> {
    let mut edges = BTreeSet::new();
    for package in members(metadata) {
        for dependency in package["dependencies"].as_array().unwrap() {
            if dependency["kind"] != "dev" {
                edges.insert((name(&package).to_owned(), name(dependency).to_owned()));
            }
        }
    }
    edges
}

fn violations(edges: &BTreeSet<(String, String)>) -> Vec<String> {
    let mut found = vec![];
    for (from, on) in edges {
        if !PACKAGES.contains(&from.as_str()) {
            found.push(format!("{from} is not in tests/architecture.rs"));
        } else if PACKAGES.contains(&on.as_str()) {
            for (package, may, because) in INSIDE {
                if from == package && !may.contains(&on.as_str()) {
                    found.push(format!("{from} depends on {on}: {because}"));
                }
            }
        } else {
            for (pattern, may, because) in OUTSIDE {
                let matches = match pattern.strip_suffix('*') {
                    Some(prefix) => on.starts_with(prefix),
                    None => on == pattern,
                };
                if matches && !may.contains(&from.as_str()) {
                    found.push(format!("{from} depends on {on}: {because}"));
                }
            }
        }
    }
    found
}

/// Strings of the first list `key = [ … ]` in a TOML file.
fn quoted_list(toml: &str, key: &str) -> BTreeSet<String> {
    let start = toml.find(&format!("\n{key} = [")).expect("the list should be there");
    let list = &toml[start..start + toml[start..].find(']').expect("the list should end")];
    list.split('"').skip(1).step_by(2).map(str::to_owned).collect()
}

/// Whether an SPDX expression can be met with `allowed` licenses alone.
fn permits(expression: &str, allowed: &BTreeSet<String>) -> bool {
    // AND binds closer than OR; the old `MIT/Apache-2.0` means OR.
    fn any(
        tokens: &mut std::iter::Peekable<std::vec::IntoIter<String>>,
        allowed: &BTreeSet<String>,
    ) -> bool {
        let mut good = all(tokens, allowed);
        while tokens.next_if(|token| token == "OR").is_some() {
            good |= all(tokens, allowed);
        }
        good
    }
    fn all(
        tokens: &mut std::iter::Peekable<std::vec::IntoIter<String>>,
        allowed: &BTreeSet<String>,
    ) -> bool {
        let mut good = one(tokens, allowed);
        while tokens.next_if(|token| token == "AND").is_some() {
            good &= one(tokens, allowed);
        }
        good
    }
    fn one(
        tokens: &mut std::iter::Peekable<std::vec::IntoIter<String>>,
        allowed: &BTreeSet<String>,
    ) -> bool {
        match tokens.next() {
            Some(open) if open == "(" => {
                let good = any(tokens, allowed);
                tokens.next().is_some_and(|close| close == ")") && good
            }
            Some(mut license) => {
                if tokens.next_if(|token| token == "WITH").is_some() {
                    license = format!("{license} WITH {}", tokens.next().unwrap_or_default());
                }
                allowed.contains(&license)
            }
            None => false,
        }
    }
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let tokens: Vec<String> = spaced.split_whitespace().map(str::to_owned).collect();
    let mut tokens = tokens.into_iter().peekable();
    any(&mut tokens, allowed) && tokens.peek().is_none()
}

/// Rust files below a folder, but for build products and hidden folders.
fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = vec![];
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if path.is_dir() && !name.starts_with('.') && name != "target" && name != "node_modules"
            {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files.push(path);
            }
        }
    }
    files
}

#[test]
fn every_function_of_expressions_is_in_the_documentation() {
    let source = fs::read_to_string(root().join("etl/src/expr/functions.rs")).unwrap();
    let docs = fs::read_to_string(root().join("docs/transform.md")).unwrap();
    let start = source.find("functions! {").unwrap();
    let functions = &source[start..start + source[start..].find("\n}").unwrap()];
    let names = functions.lines().filter_map(|line| {
        let (_, names) = line.split_once(": [\"")?;
        Some(names.split_once(']')?.0.replace('"', ""))
    });
    let mut names: Vec<String> =
        names.flat_map(|names| names.split(", ").map(str::to_owned).collect::<Vec<_>>()).collect();
    assert!(names.len() > 50, "functions are not read at all: {names:?}");
    let source = fs::read_to_string(root().join("etl/src/expr/parse/derived.rs")).unwrap();
    let start = source.find("DERIVED: &[(&str, usize)]").unwrap();
    let derived = source[start..start + source[start..].find("];").unwrap()].lines();
    let before = names.len();
    names.extend(
        derived.filter_map(|line| {
            Some(line.trim().strip_prefix("(\"")?.split_once('"')?.0.to_owned())
        }),
    );
    assert!(names.len() > before + 5, "functions of others are not read at all: {names:?}");
    for name in names {
        let known = [format!("`{name}("), format!("`{name}`")];
        assert!(known.iter().any(|text| docs.contains(text)), "{name} is not in docs/transform.md");
    }
}
