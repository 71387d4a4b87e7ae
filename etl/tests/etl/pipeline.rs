//! Pipelines as their users write them: what they do, what they refuse, and what they leave behind.

#![cfg(feature = "tables")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![expect(clippy::print_stdout, reason = "what is skipped is said")]

use std::fs;
use std::path::Path;
use std::sync::atomic::AtomicBool;

use graph_etl::pipeline::{Event, PartKind, Pipeline, Plan};
use graph_etl::{Control, Error};
use graph_kernels::Device;
use tempfile::TempDir;

const EDGES: &str = "source,target,weight\n1,2,0.5\n1,3,2.5\n2,3,4\n3,1,1\n3,1,8\n";
const PEOPLE: &str = "id,name\n1,ann\n2,bob\n3,eve\n";

/// A folder with two tables.
fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("edges.csv"), EDGES).unwrap();
    fs::write(folder.path().join("people.csv"), PEOPLE).unwrap();
    folder
}

fn run(folder: &TempDir, text: &str) -> Result<(), Error> {
    Pipeline::parse(text, folder.path())?.run(&Control::NONE, &mut |_| {}).map(drop)
}

fn read(folder: &TempDir, name: &str) -> String {
    fs::read_to_string(folder.path().join(name)).unwrap()
}

/// The names of all files, hidden ones too.
fn files(folder: &TempDir) -> Vec<String> {
    let entries = fs::read_dir(folder.path()).unwrap();
    let mut names: Vec<_> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

const INPUT: &str = "[[input]]\nname = \"edges\"\nfrom = \"edges.csv\"\n";
const OUTPUT: &str = "[[output]]\nto = \"out.csv\"\n";

/// The table that the steps make of the edges, as CSV.
fn after(steps: &str) -> String {
    let folder = folder();
    let people = "[[input]]\nname = \"people\"\nfrom = \"people.csv\"\n";
    // The first step works on the input before it.
    run(&folder, &format!("{people}{INPUT}{steps}{OUTPUT}")).unwrap();
    read(&folder, "out.csv")
}

/// What is wrong with the text of a pipeline over the edges.
fn refused(text: &str) -> String {
    let folder = folder();
    let error = run(&folder, text).unwrap_err().to_string();
    assert_eq!(files(&folder), ["edges.csv", "people.csv"], "{error}");
    error
}

fn step(options: &str) -> String {
    let from = if options.contains("from") { "" } else { "from = 'edges'\n" };
    format!("[[step]]\n{from}{options}\n")
}

#[test]
fn each_verb_does_what_it_says() {
    let cases = [
        (
            "verb = 'filter'\nwhere = 'weight > 2'",
            "source,target,weight\n1,3,2.5\n2,3,4.0\n3,1,8.0\n",
        ),
        (
            "verb = 'select'\ncolumns = ['target', 'source']\n[[step]]\nverb = 'limit'\nn = 1",
            "target,source\n2,1\n",
        ),
        (
            "verb = 'select'\ncolumns = ['s = source * 10', 'target']\n[[step]]\nverb = 'limit'\nn = 1\noffset = 1",
            "s,target\n10,3\n",
        ),
        (
            "verb = 'with'\ncolumns = 'heavy = weight >= 4'\n[[step]]\nverb = 'drop'\ncolumns = ['source', 'weight']\n[[step]]\nverb = 'top'\nn = 1\nby = '-target'",
            "target,heavy\n3,false\n",
        ),
        (
            "verb = 'rename'\ncolumns = ['a = source', 'source = target']\n[[step]]\nverb = 'limit'\nn = 1",
            "a,source,weight\n1,2,0.5\n",
        ),
        (
            "verb = 'sort'\nby = ['-source', 'weight']\n[[step]]\nverb = 'select'\ncolumns = ['weight']",
            "weight\n1.0\n8.0\n4.0\n0.5\n2.5\n",
        ),
        (
            "verb = 'unique'\nby = ['source']\nwhich = 'last'",
            "source,target,weight\n1,3,2.5\n2,3,4.0\n3,1,8.0\n",
        ),
        (
            "verb = 'bin'\ncolumn = 'weight'\nedges = [0, 4, 8]\nupper = 'below'\n[[step]]\nverb = 'select'\ncolumns = ['weight_bin', 'below']",
            "weight_bin,below\n0,4.0\n0,4.0\n1,8.0\n0,4.0\n1,8.0\n",
        ),
        (
            "verb = 'histogram'\ncolumn = 'weight'\nedges = [1, 3]",
            "lower,upper,count\n1.0,3.0,2\n,,3\n",
        ),
        (
            "verb = 'factorize'\ncolumn = 'target'\npart = 'dictionary'",
            "code,value\n0,2\n1,3\n2,1\n",
        ),
        (
            "verb = 'describe'\n[[step]]\nverb = 'select'\ncolumns = ['name', 'values', 'max', 'median']",
            "name,values,max,median\nsource,5,3,2.0\ntarget,5,3,2.0\nweight,5,8.0,2.5\n",
        ),
    ];
    for (options, expected) in cases {
        assert_eq!(after(&step(options)), expected, "{options}");
    }
}

#[test]
fn steps_may_be_named_in_any_order() {
    let text = "
        [[step]]
        name = 'few'
        from = 'heavy'
        verb = 'limit'
        n = 1
        [[step]]
        name = 'heavy'
        from = 'edges'
        verb = 'filter'
        where = 'weight > 2'
        [[output]]
        from = 'few'
        to = 'few.jsonl'
        [[output]]
        from = 'heavy'
        to = 'heavy.parquet'
        [[input]]
        name = 'edges'
        from = 'edges.csv'";
    let folder = folder();
    let pipeline = Pipeline::parse(text, folder.path()).unwrap();
    let mut told = Vec::new();
    let report = pipeline
        .run(&Control::NONE, &mut |event| {
            if let Event::Ended { name, rows, .. } = event {
                told.push((name.to_owned(), rows));
            }
        })
        .unwrap();
    assert_eq!(told, [("few.jsonl".to_owned(), 1), ("heavy.parquet".to_owned(), 3)]);
    assert_eq!(report.outputs.iter().map(|wrote| wrote.rows).collect::<Vec<_>>(), [1, 3]);
    assert_eq!(read(&folder, "few.jsonl"), "{\"source\":1,\"target\":3,\"weight\":2.5}\n");
    assert_eq!(files(&folder), ["edges.csv", "few.jsonl", "heavy.parquet", "people.csv"]);
    let size = fs::metadata(folder.path().join("heavy.parquet")).unwrap().len();
    assert_eq!(report.outputs[1].bytes, Some(size));
}

#[test]
fn a_graph_format_takes_a_table_of_edges() {
    let folder = folder();
    run(&folder, &format!("{INPUT}[[output]]\nto = \"edges.graphml\"\n")).unwrap();
    let text = read(&folder, "edges.graphml");
    assert_eq!(text.matches("<edge ").count(), 5);
    // And back.
    let back = "[[input]]\nname = 'e'\nfrom = 'edges.graphml'\n[[input]]\nname = 'n'\nfrom = 'edges.graphml'\npart = 'nodes'\n[[output]]\nfrom = 'e'\nto = 'e.csv'\n[[output]]\nfrom = 'n'\nto = 'n.csv'";
    run(&folder, back).unwrap();
    assert_eq!(read(&folder, "e.csv").lines().count(), 6);
    assert_eq!(read(&folder, "n.csv").lines().count(), 4);
}

#[test]
fn a_file_may_be_replaced_by_what_is_made_of_it() {
    let folder = folder();
    let text = format!(
        "{INPUT}{}[[output]]\nto = 'edges.csv'",
        step("verb = 'filter'\nwhere = 'weight > 5'")
    );
    run(&folder, &text).unwrap();
    assert_eq!(read(&folder, "edges.csv"), "source,target,weight\n3,1,8.0\n");
}

#[test]
fn mistakes_are_named_with_their_line() {
    let cases = [
        ("x = ", "line 1: pipeline: "),
        ("", "pipeline: there is no `[[input]]`"),
        (INPUT, "pipeline: there is no `[[output]]`"),
        ("stpe = 1", "line 1: pipeline: there is no option `stpe`; did you mean `step`?"),
        ("input = 3", "line 1: pipeline: option `input` should be one or more `[[input]]`"),
        ("[[input]]\nfrom = 'a.csv'", "line 2: input 1: option `name` is missing"),
        ("[[input]]\nname = 'a'", "line 2: input `a`: option `from` is missing"),
        (
            "[[input]]\nname = 'a'\nfrom = 'postgers://h/d'",
            "line 3: input `a`: postgers://h/d: there is no kind of source `postgers:`",
        ),
        (
            "[[input]]\nname = 'a'\nfrom = 'a.csv'\nformat = 'csvv'",
            "line 4: input `a`: there is no format `csvv`; did you mean `csv`?",
        ),
    ];
    for (text, expected) in cases {
        let error = refused(text);
        assert!(error.starts_with(expected), "{text}: {error}");
    }
    let cases = [
        (
            "verb = 'flter'",
            "line 6: step `step-1`: there is no verb `flter`; did you mean `filter`?",
        ),
        ("verb = 'filter'", "line 5: step `step-1`: option `where` is missing"),
        ("verb = 'filter'\nwhere = 'weight >'", "line 7: step `step-1`: "),
        (
            "verb = 'filter'\nwhere = 'wieght > 2'",
            "line 5: step `step-1`: there is no column `wieght`, at character 1; did you mean `weight`?",
        ),
        ("verb = 'filter'\nwhere = 'weight + 2'", "line 5: step `step-1`: "),
        (
            "verb = 'filter'\nwhere = 3",
            "line 7: step `step-1`: option `where` is a whole number, not text",
        ),
        (
            "verb = 'limit'\nn = -3",
            "line 7: step `step-1`: option `n` is -3, but must be 0 or more",
        ),
        (
            "verb = 'limit'\nn = 3\nofset = 1",
            "line 8: step `step-1`: there is no option `ofset`; did you mean `offset`?",
        ),
        (
            "verb = 'select'\ncolumns = ['a', 1]",
            "line 7: step `step-1`: option `columns` is a list, not text or a list of texts",
        ),
        (
            "verb = 'unique'\nwhich = 'frist'",
            "line 7: step `step-1`: there is no which `frist`; did you mean `first`?",
        ),
        (
            "verb = 'limit'\nn = 1\nfrom = 'edgse'",
            "line 7: step `step-1`: there is no input or step `edgse`; did you mean `edges`?",
        ),
        (
            "verb = 'limit'\nn = 1\nfrom = ['edges', 'edges']",
            "line 7: step `step-1`: `limit` works on one table, but 2 are given",
        ),
        (
            "verb = 'limit'\nn = 1\nname = 'edges'",
            "line 8: step `edges`: the name is that of input `edges`, too",
        ),
        (
            "verb = 'with'\ncolumns = 'x > 3'",
            "line 7: step `step-1`: option `columns` has `x > 3`, but should be NAME = EXPRESSION",
        ),
    ];
    for (options, expected) in cases {
        let error = refused(&format!("{INPUT}{}{OUTPUT}", step(options)));
        assert!(error.starts_with(expected), "{options}: {error}");
    }
    let error = refused(&format!("{INPUT}headers = {{ X-Key = 'hunter2' }}\n{OUTPUT}"));
    assert!(error.contains("option `headers` is not one of files"), "{error}");
    let error = refused(&format!("{INPUT}store = ['hunter2']\n{OUTPUT}"));
    assert_eq!(error, "line 4: input `edges`: option `store` should be a table of names and texts");
    let people = "[[input]]\nname = 'people'\nfrom = 'people.csv'\n";
    let all = "[[step]]\nname = 'all'\nverb = 'concat'\nfrom = ['edges', 'people']\n";
    let error = refused(&format!("{people}{INPUT}{all}{OUTPUT}"));
    assert!(error.starts_with("line 8: step `all`: input `people` ("), "{error}");
    assert!(error.contains("people.csv) has no column `source`, which input `edges` ("), "{error}");
    let error = refused(&format!("{INPUT}[[output]]\nto = 'x.doc'"));
    assert_eq!(error, "line 5: output 1: option `to` does not tell the format; add `format`");
    let error = refused(&format!("{INPUT}[[output]]\nto = 'no/x.csv'"));
    assert!(error.starts_with("line 5: output `no/x.csv`: "), "{error}");
    let error = refused(&format!("{INPUT}{OUTPUT}{OUTPUT}"));
    assert_eq!(
        error,
        "line 7: output `out.csv`: the name is that of another output to `out.csv`, too"
    );
}

#[test]
fn a_circle_is_named() {
    let text = "
        [[step]]
        name = 'a'
        from = 'c'
        verb = 'limit'
        n = 1
        [[step]]
        name = 'b'
        from = 'a'
        verb = 'limit'
        n = 1
        [[step]]
        name = 'c'
        from = 'b'
        verb = 'limit'
        n = 1";
    let error = refused(&format!("{text}\n{INPUT}{OUTPUT}"));
    assert!(error.contains("pipeline: the steps go in a circle: "), "{error}");
    assert!(
        ["a → b → c → a", "b → c → a → b", "c → a → b → c"].iter().any(|c| error.ends_with(c)),
        "{error}"
    );
}

#[test]
fn nothing_is_written_if_anything_fails_or_the_caller_stops() {
    // The second output fails while rows are computed, when the first is written already.
    let folder = folder();
    fs::write(folder.path().join("out.csv"), "old").unwrap();
    let mut broken = String::from("a\n");
    for _ in 0..5000 {
        broken.push_str("1\n");
    }
    broken.push_str("x\n");
    fs::write(folder.path().join("broken.csv"), broken).unwrap();
    let text = format!(
        "{INPUT}[[input]]\nname = 'broken'\nfrom = 'broken.csv'\n[[output]]\nfrom = 'edges'\nto = 'out.csv'\n[[output]]\nfrom = 'broken'\nto = 'late.csv'"
    );
    let error = run(&folder, &text).unwrap_err().to_string();
    assert!(error.starts_with("line 11: output `late.csv`: "), "{error}");
    assert_eq!(read(&folder, "out.csv"), "old");
    assert_eq!(files(&folder), ["broken.csv", "edges.csv", "out.csv", "people.csv"]);

    let stop = AtomicBool::new(true);
    let control = Control::default().stopped_by(&stop);
    let pipeline = Pipeline::parse(&format!("{INPUT}{OUTPUT}"), folder.path()).unwrap();
    let error = pipeline.run(&control, &mut |_| {}).unwrap_err();
    assert!(matches!(error, Error::Stopped { .. }), "{error}");
    assert_eq!(read(&folder, "out.csv"), "old");
}

#[test]
fn outputs_that_cannot_be_are_refused_before_work() {
    let folder = folder();
    // Who reads all of it fails.
    let broken = "source,target,weight\n".to_owned() + &"1,2,3\n".repeat(5000) + "1,2,x\n";
    fs::write(folder.path().join("edges.csv"), broken).unwrap();
    fs::create_dir(folder.path().join("place")).unwrap();
    let locked = folder.path().join("locked");
    fs::create_dir(&locked).unwrap();
    let mut rights = fs::metadata(&locked).unwrap().permissions();
    rights.set_readonly(true);
    fs::set_permissions(&locked, rights).unwrap();
    let lists = step("verb = 'group'\nby = 'source'\naggregate = 'all = list(weight)'");
    let ends = step("verb = 'select'\ncolumns = 'weight'");
    let mut cases = vec![
        ("", "to = 'place'\nformat = 'csv'", "place: is a directory"),
        ("", "to = 'people.csv/out.csv'", "people.csv: not a directory"),
        ("", "to = 'x'\nformat = 'metis'", "METIS cannot hold"),
        ("", "to = 's3://bucket/x.gexf'", "must be parquet, csv, arrow or jsonl"),
        (&lists, "to = 'out.csv'", "column `all` is list of "),
        (&ends, "to = 'out.gexf'", "rename two of `weight`"),
        (&ends, "to = 'out.graphml'", "rename two of `weight`"),
    ];
    match fs::write(locked.join("file"), "") {
        Ok(()) => println!("skipped: this user may write everywhere"),
        Err(_) => cases.push(("", "to = 'locked/out.csv'", "permission denied")),
    }
    for (steps, output, expected) in cases {
        let text = format!("{INPUT}{steps}[[output]]\n{output}");
        let pipeline = Pipeline::parse(&text, folder.path()).unwrap();
        let error = pipeline.plan(&Control::NONE).unwrap_err().to_string();
        assert!(error.contains("output `") && error.contains(expected), "{output}: {error}");
        assert_eq!(run(&folder, &text).unwrap_err().to_string(), error);
        assert_eq!(files(&folder), ["edges.csv", "locked", "people.csv", "place"]);
    }
    // These can be.
    for (steps, to) in [(&*lists, "x.jsonl"), (&*lists, "x.json"), (&*ends, "x.json")] {
        let text = format!("{INPUT}{steps}[[output]]\nto = '{to}'");
        Pipeline::parse(&text, folder.path()).unwrap().plan(&Control::NONE).unwrap();
    }
    for to in ["x.mtx", "x.graphml", "x.gexf", "x.gml", "x.json", "x.csv.gz"] {
        let text = format!("{INPUT}[[output]]\nto = '{to}'");
        Pipeline::parse(&text, folder.path()).unwrap().plan(&Control::NONE).unwrap();
    }
}

#[test]
fn outputs_say_how_they_are_written() {
    let folder = folder();
    let write = |options: &str| run(&folder, &format!("{INPUT}[[output]]\n{options}"));
    write("to = 'a.csv'\ndelimiter = ';'").unwrap();
    assert!(read(&folder, "a.csv").starts_with("source;target;weight\n1;2;0.5\n"));
    write("to = 'b.csv'\ncompression = 'gzip'").unwrap();
    assert_eq!(fs::read(folder.path().join("b.csv")).unwrap()[..2], [0x1f, 0x8b]);
    for compression in ["none", "snappy", "lz4", "zstd", "gzip"] {
        write(&format!("to = 'c.parquet'\ncompression = '{compression}'")).unwrap();
    }
    write("to = 'parts'\nformat = 'parquet'\npartition_by = 'source'").unwrap();
    let parts = folder.path().join("parts");
    let mut names: Vec<_> =
        fs::read_dir(&parts).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["source=1", "source=2", "source=3"]);
    let back = "[[input]]\nname = 'e'\nfrom = 'parts'\n[[step]]\nverb = 'select'\n\
                columns = ['source', 'target', 'weight']\n[[step]]\nverb = 'sort'\n\
                by = ['source', 'weight']\n[[output]]\nto = 'back.csv'";
    let report = Pipeline::parse(back, folder.path()).unwrap();
    let report = report.run(&Control::NONE, &mut |_| {}).unwrap();
    assert_eq!(report.outputs[0].rows, 5);
    assert_eq!(read(&folder, "back.csv").lines().count(), 6);
    // Without rows there is a folder all the same.
    let none = step("verb = 'filter'\nwhere = 'weight > 99'");
    let none =
        format!("{INPUT}{none}[[output]]\nto = 'none'\nformat = 'csv'\npartition_by = 'source'");
    run(&folder, &none).unwrap();
    assert_eq!(fs::read_dir(folder.path().join("none")).unwrap().count(), 0);

    let cases = [
        (
            "to = 'x.csv'\ncompression = 'snappy'",
            "line 6: output 1: compression is snappy, but it must be none, gzip or zstd for text",
        ),
        (
            "to = 'x.arrow'\ncompression = 'gzip'",
            "line 6: output 1: compression is gzip, but it must be none, lz4 or zstd for Arrow",
        ),
        (
            "to = 'x.csv'\ncompression = 'zsdt'",
            "line 6: output 1: there is no compression `zsdt`; did you mean `zstd`?",
        ),
        ("to = 'x.parquet'\ndelimiter = ';'", "line 6: output 1: option `delimiter` is for CSV: "),
        (
            "to = 'x.csv'\ndelimiter = '→'",
            "line 6: output 1: option `delimiter` should be one ASCII character",
        ),
        (
            "to = 'x.gexf'\ncompression = 'gzip'",
            "line 6: output 1: option `compression` is for CSV, JSON lines, Parquet and Arrow: GEXF",
        ),
        (
            "to = 'x.csv'\npartition_by = 'sorce'",
            "line 5: output `x.csv`: there is no column `sorce`; did you mean `source`?",
        ),
        (
            "to = 'x.csv'\npartition_by = ['weight', 'source', 'target']",
            "line 5: output `x.csv`: partition_by is weight, source, target, but it must be fewer",
        ),
        ("to = 'parts'\nformat = 'csv'\npartition_by = 'source'", "line 5: output `parts`: "),
        (
            "to = 'x.csv'\ncompresion = 'gzip'",
            "line 6: output 1: there is no option `compresion`; did you mean `compression`?",
        ),
    ];
    for (options, expected) in cases {
        let error = write(options).unwrap_err().to_string();
        assert!(error.starts_with(expected), "{options}: {error}");
    }
}

#[test]
fn what_was_there_is_put_back_if_a_later_output_cannot_take_its_place() {
    let folder = folder();
    fs::write(folder.path().join("out.csv"), "old").unwrap();
    let outputs = ["out.csv", "new.csv", "late.csv"].map(|to| format!("[[output]]\nto = '{to}'\n"));
    let text = format!("{INPUT}{}", outputs.concat());
    let pipeline = Pipeline::parse(&text, folder.path()).unwrap();
    let error = pipeline.run(&Control::NONE, &mut |event| {
        // All is written, and nothing in its place.
        if let Event::Ended { name: "late.csv", .. } = event {
            fs::create_dir_all(folder.path().join("late.csv/inner")).unwrap();
        }
    });
    let error = error.unwrap_err().to_string();
    assert!(error.contains("late.csv: "), "{error}");
    assert_eq!(read(&folder, "out.csv"), "old");
    assert_eq!(files(&folder), ["edges.csv", "late.csv", "out.csv", "people.csv"]);
    fs::remove_dir_all(folder.path().join("late.csv")).unwrap();
    run(&folder, &text).unwrap();
    assert_eq!(read(&folder, "out.csv"), read(&folder, "new.csv"));
    assert_eq!(files(&folder), ["edges.csv", "late.csv", "new.csv", "out.csv", "people.csv"]);
}

#[test]
fn plans_say_columns_rows_and_memory() {
    let folder = folder();
    let steps = step("name = 'sorted'\nverb = 'sort'\nby = 'weight'")
        + &step("name = 'unused'\nverb = 'limit'\nn = 2");
    let text = format!(
        "memory_limit = '1 GiB'\n{INPUT}{steps}[[output]]\nfrom = 'sorted'\nto = 'out.csv'"
    );
    let plan = Pipeline::parse(&text, folder.path()).unwrap().plan(&Control::NONE).unwrap();
    let [input, sorted, unused, output] = &plan.parts[..] else { panic!("{plan:?}") };
    assert_eq!((input.kind, input.rows, input.memory_bytes), (PartKind::Input, Some(5), Some(0)));
    assert_eq!((sorted.rows, sorted.memory_bytes), (Some(5), Some(5 * 24)));
    assert_eq!(sorted.does, "sort by weight");
    let columns = sorted.columns.as_ref().unwrap();
    let columns: Vec<_> = columns.iter().map(|c| (c.name.as_str(), c.r#type.as_str())).collect();
    assert_eq!(columns, [("source", "int64"), ("target", "int64"), ("weight", "float64")]);
    assert_eq!((unused.rows, unused.used), (Some(2), false));
    assert_eq!(
        (output.kind, output.from.as_slice()),
        (PartKind::Output, &["sorted".to_owned()][..])
    );
    assert_eq!(plan.memory_limit, Some(1 << 30));
    assert!(5 * 24 < plan.memory_bytes.unwrap());
    let text = plan.to_string();
    assert!(text.contains("step   unused = limit 2 of edges"), "{text}");
    assert!(text.contains("no output needs it"), "{text}");
    let json = serde_json::to_value(&plan).unwrap();
    assert_eq!(json["parts"][1]["columns"][2]["type"], "float64");
    // Nothing was read but columns, and nothing written.
    assert_eq!(files(&folder), ["edges.csv", "people.csv"]);
}

#[test]
fn too_little_memory_is_refused_before_work() {
    let text =
        format!("memory_limit = 100\n{INPUT}{}{OUTPUT}", step("verb = 'sort'\nby = 'weight'"));
    let error = refused(&text);
    assert!(
        error.starts_with("pipeline: about ")
            && error.ends_with(" bytes of memory are needed, but 100 are allowed"),
        "{error}"
    );
    let folder = folder();
    let pipeline = Pipeline::parse(&text, folder.path()).unwrap().with_memory_limit(None);
    pipeline.run(&Control::NONE, &mut |_| {}).unwrap();
}

/// A folder with two tables of many rows, and pipelines over them by their last steps.
fn many_rows() -> (TempDir, impl Fn(&str) -> String) {
    let folder = tempfile::tempdir().unwrap();
    let rows = |n: u64, head: &str| {
        (0..n).fold(head.to_owned(), |text, row| {
            text + &format!("{},{},{row}.5\n", row * 7_919 % n / 3, row % 1000)
        })
    };
    fs::write(folder.path().join("rows.csv"), rows(60_000, "k,x,y\n")).unwrap();
    fs::write(folder.path().join("more.csv"), rows(50_000, "k,a,b\n")).unwrap();
    fs::create_dir(folder.path().join("files")).unwrap();
    let text = |steps: &str| {
        format!(
            "spill_folder = 'files'\n[[input]]\nname = 'more'\nfrom = 'more.csv'\n\
             [[input]]\nname = 'rows'\nfrom = 'rows.csv'\n{steps}{OUTPUT}"
        )
    };
    (folder, text)
}

/// What blocks of rows take, which no step can do without, and half a megabyte.
fn little_memory(pipeline: &Pipeline) -> u64 {
    let plan = pipeline.plan(&Control::NONE).unwrap();
    let held: u64 = plan.parts.iter().map(|part| part.memory_bytes.unwrap()).sum();
    assert!(1 << 20 < held, "{plan}");
    plan.memory_bytes.unwrap() - held + (512 << 10)
}

#[test]
fn sorts_joins_and_groups_above_the_limit_of_memory_go_through_files() {
    let (folder, text) = many_rows();
    let sort = "[[step]]\nname = 's'\nfrom = 'rows'\nverb = 'sort'\nby = ['-k', 'x', 'y']\n";
    let join = "[[step]]\nname = 'j'\nfrom = 'rows'\nwith = 'more'\nverb = 'join'\non = 'k'\n";
    let group = "[[step]]\nname = 'g'\nfrom = 'rows'\nverb = 'group'\nby = 'k'\n\
                 aggregate = ['n = count(*)', 's = sum(x)', 'f = first(y)']\n";
    let kept = format!("{sort}keep = true\n");
    let all = format!(
        "{join}[[step]]\nname = 'g'\nverb = 'group'\nby = ['k', 'a']\naggregate = 'n = count(*)'\n\
         [[step]]\nname = 's'\nverb = 'sort'\nby = ['k', 'a']\n"
    );
    let cases: [(&str, &[&str], bool); 5] = [
        (sort, &["s"], true),
        (&kept, &["s"], true),
        (join, &["j"], false),
        (group, &["g"], false),
        (&all, &["j", "g", "s"], true),
    ];
    for (steps, spilling, in_order) in cases {
        let text = text(steps);
        let pipeline = Pipeline::parse(&text, folder.path()).unwrap();
        let report = pipeline.run(&Control::NONE, &mut |_| {}).unwrap();
        assert!(report.plan.parts.iter().all(|part| !part.spills));
        assert_eq!(report.plan.spill_folder, None);
        let rows = || {
            let mut rows: Vec<_> = read(&folder, "out.csv").lines().map(str::to_owned).collect();
            if !in_order {
                rows.sort();
            }
            rows
        };
        let expected = rows();
        assert!(10_000 < expected.len());

        let limit = little_memory(&pipeline);
        let pipeline = pipeline.with_memory_limit(Some(limit));
        let plan = pipeline.plan(&Control::NONE).unwrap();
        let spills: Vec<_> =
            plan.parts.iter().filter(|part| part.spills).map(|part| part.name.as_str()).collect();
        assert_eq!(spills, spilling, "{plan}");
        assert!(plan.memory_bytes.unwrap() <= limit, "{plan}");
        let files = folder.path().join("files");
        let said = plan.to_string();
        assert!(said.contains("rows, through files, "), "{said}");
        assert!(said.ends_with(&format!("\nfiles of steps in {}\n", files.display())), "{said}");
        let n_files = || fs::read_dir(&files).unwrap().count();
        let mut while_written = 0;
        let report = pipeline
            .run(&Control::NONE, &mut |event| {
                if let Event::Begins { does: "write", .. } = event {
                    while_written = n_files();
                }
            })
            .unwrap();
        assert_eq!(report.plan.memory_bytes, plan.memory_bytes);
        assert!(report.plan.parts.iter().filter(|part| part.spills).count() == spilling.len());
        assert_eq!(while_written, spilling.len(), "{steps}");
        assert!(rows() == expected, "{steps}");
        assert_eq!(n_files(), 0, "{steps}");
        let collected = pipeline.collect(&Control::NONE, &mut |_| {}).unwrap();
        assert_eq!(collected.num_rows() + 1, expected.len());
    }
}

#[test]
fn joins_that_make_more_than_was_estimated_go_through_files_after_all() {
    let folder = tempfile::tempdir().unwrap();
    let rows = |head: &str| {
        (0..2_500).fold(head.to_owned(), |text, row| text + &format!("{},{row}\n", row % 10))
    };
    fs::write(folder.path().join("rows.csv"), rows("k,x\n")).unwrap();
    fs::write(folder.path().join("more.csv"), rows("k,a\n")).unwrap();
    let text = format!(
        "[[input]]\nname = 'more'\nfrom = 'more.csv'\n[[input]]\nname = 'rows'\nfrom = 'rows.csv'\n\
         [[step]]\nname = 'j'\nfrom = 'rows'\nwith = 'more'\nverb = 'join'\non = 'k'\n\
         [[step]]\nname = 's'\nverb = 'sort'\nby = ['x', 'a']\n{OUTPUT}"
    );
    // Rows on their way are counted for each thread.
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    pool.install(|| {
        let pipeline = Pipeline::parse(&text, folder.path()).unwrap();
        let planned = pipeline.plan(&Control::NONE).unwrap().memory_bytes.unwrap();
        let limit = planned + (512 << 10);
        let report = pipeline.run(&Control::NONE, &mut |_| {}).unwrap();
        assert_eq!((report.outputs[0].rows, report.warnings.len()), (625_000, 0));
        let expected = read(&folder, "out.csv");
        // Three numbers of 64 bits a row.
        assert!(limit < 625_000 * 24);

        let pipeline = pipeline.with_memory_limit(Some(limit));
        let is_spilling = |plan: &Plan| plan.parts.iter().any(|part| part.spills);
        assert!(!is_spilling(&pipeline.plan(&Control::NONE).unwrap()));
        let mut plans = Vec::new();
        let report = pipeline
            .run(&Control::NONE, &mut |event| {
                if let Event::Planned(plan) = event {
                    plans.push(is_spilling(plan));
                }
            })
            .unwrap();
        assert_eq!(plans, [false, true]);
        assert!(is_spilling(&report.plan));
        assert_eq!(report.warnings.len(), 1);
        assert_eq!(report.warnings[0].step, "pipeline");
        assert!(report.warnings[0].text.starts_with("joins made more rows than was estimated"));
        assert!(read(&folder, "out.csv") == expected);
        assert_eq!(pipeline.collect(&Control::NONE, &mut |_| {}).unwrap().num_rows(), 625_000);
    });
}

#[test]
fn what_cannot_go_through_files_is_refused_above_the_limit_of_memory() {
    let (folder, text) = many_rows();
    let pairs = "[[step]]\nfrom = 'rows'\nwith = 'more'\nverb = 'join'\nhow = 'cross'\n";
    for steps in ["[[step]]\nfrom = 'rows'\nverb = 'unique'\nby = 'k'\n", pairs] {
        let pipeline = Pipeline::parse(&text(steps), folder.path()).unwrap();
        let limit = little_memory(&pipeline);
        let pipeline = pipeline.with_memory_limit(Some(limit));
        assert!(pipeline.plan(&Control::NONE).unwrap().parts.iter().all(|part| !part.spills));
        let error = pipeline.run(&Control::NONE, &mut |_| {}).unwrap_err().to_string();
        assert!(error.ends_with(&format!(" are needed, but {limit} are allowed")), "{error}");
    }
    // A folder that is not there is told before work, if it is needed.
    let sort = text("[[step]]\nfrom = 'rows'\nverb = 'sort'\nby = 'k'\n");
    let sort = sort.replace("'files'", "'nothing'");
    let pipeline = Pipeline::parse(&sort, folder.path()).unwrap();
    let limit = little_memory(&pipeline);
    let error = pipeline.with_memory_limit(Some(limit)).plan(&Control::NONE).unwrap_err();
    let error = error.to_string();
    assert!(
        error.starts_with("pipeline: option `spill_folder` is `")
            && error.contains("nothing`, where no file can be made: "),
        "{error}"
    );
    // Steps over tables that are given have no files.
    let steps = "spill_folder = '/tmp'\n[[step]]\nverb = 'sort'\nby = 'k'";
    let error = graph_etl::pipeline::Steps::parse(steps, &["t"]).unwrap_err().to_string();
    assert_eq!(error, "line 1: pipeline: there is no option `spill_folder`");
}

/// What a step makes is not known before, so that the estimate lets it pass.
#[test]
fn joins_of_which_rows_are_held_stay_within_the_limit_of_memory() {
    let folder = folder();
    fs::write(folder.path().join("alike.csv"), "key\n".to_owned() + &"1\n".repeat(3000)).unwrap();
    let input = "memory_limit = '16 MiB'\n[[input]]\nname = 'rows'\nfrom = 'alike.csv'\n";
    let join = "[[step]]\nname = 'pairs'\nverb = 'sql'\nfrom = ['rows']\n\
                query = 'SELECT a.key, b.key AS other FROM rows a JOIN rows b ON a.key = b.key'\n";
    let last = |text: &str| "[[step]]\nname = 'last'\n".to_owned() + text;
    let least = last("verb = 'group'\naggregate = ['least = min(key)']\n");
    let most = last("verb = 'sql'\nfrom = ['pairs']\nquery = 'SELECT DISTINCT key FROM pairs'\n");
    let run = |steps: &str| {
        let text = format!("{input}{steps}{OUTPUT}");
        let pipeline = Pipeline::parse(&text, folder.path()).unwrap();
        [true, false].map(|writes| match writes {
            true => pipeline.run(&Control::NONE, &mut |_| {}).map(drop),
            false => pipeline.collect(&Control::NONE, &mut |_| {}).map(drop),
        })
    };
    let too_much = |done: &Result<(), Error>| {
        let error = done.as_ref().unwrap_err().to_string();
        assert!(error.ends_with("its joins make more than 16777216 bytes"), "{error}");
    };
    let [written, collected] = run(&format!("{join}{least}"));
    written.unwrap();
    too_much(&collected);
    assert_eq!(read(&folder, "out.csv"), "least\n1\n");
    run(&format!("{join}{most}")).iter().for_each(too_much);
    run(&format!("{join}keep = true\n{least}")).iter().for_each(too_much);
}

#[test]
fn the_head_of_the_last_step_needs_no_output() {
    let folder = folder();
    let text = format!("{INPUT}{}", step("verb = 'sort'\nby = '-weight'"));
    let pipeline = Pipeline::parse(&text, folder.path()).unwrap();
    let head = pipeline.head(2, &Control::NONE, &mut |_| {}).unwrap();
    assert_eq!((head.num_rows(), head.num_columns()), (2, 3));
    let places: Vec<_> =
        pipeline.sources().map(|(name, source)| (name, source.to_string())).collect();
    assert_eq!(places.len(), 1);
    assert!(places[0].1.ends_with("edges.csv") && Path::new(&places[0].1).is_absolute());
    assert_eq!(pipeline.targets().count(), 0);
}

#[test]
fn verbs_that_group_join_and_reshape() {
    let cases = [
        (
            "verb = 'group'\nby = 'source'\naggregate = ['n = count(*)', 'w = sum(weight)']",
            "source,n,w\n1,2,3.0\n2,1,4.0\n3,2,9.0\n",
        ),
        ("verb = 'group'\naggregate = ['most = max(weight)']", "most\n8.0\n"),
        (
            "verb = 'join'\nwith = 'people'\non = ['source = id']\n[[step]]\nverb = 'select'\ncolumns = ['name', 'target']",
            "name,target\nann,2\nann,3\nbob,3\neve,1\neve,1\n",
        ),
        (
            "verb = 'join'\nwith = 'people'\non = 'target = id'\nhow = 'anti'",
            "source,target,weight\n",
        ),
        (
            "verb = 'concat'\nfrom = ['edges', 'edges']\n[[step]]\nverb = 'group'\naggregate = 'n = count(*)'",
            "n\n10\n",
        ),
        (
            "verb = 'sample'\nn = 3\nseed = 1\n[[step]]\nverb = 'group'\naggregate = 'n = count(*)'",
            "n\n3\n",
        ),
        (
            "verb = 'sample'\nfraction = 1.0\n[[step]]\nverb = 'group'\naggregate = 'n = count(*)'",
            "n\n5\n",
        ),
        (
            "verb = 'bin'\ncolumn = 'weight'\ninto = 'bin'\nedges = [0, 2, 10]\n[[step]]\nverb = 'select'\ncolumns = 'bin'",
            "bin\n0\n1\n1\n0\n1\n",
        ),
        (
            "verb = 'pivot'\nby = 'source'\non = 'target'\nvalue = 'sum(weight)'\n[[step]]\nverb = 'fill'\ncolumns = ['1', '2', '3']\nvalue = '0.0'",
            "source,1,2,3\n1,0.0,0.5,2.5\n2,0.0,0.0,4.0\n3,9.0,0.0,0.0\n",
        ),
        (
            "verb = 'unpivot'\ncolumns = ['source', 'target']\ninto = 'end'\nvalue = 'id'\n[[step]]\nverb = 'limit'\nn = 1",
            "weight,end,id\n0.5,source,1\n",
        ),
        (
            "verb = 'sql'\nquery = 'SELECT name, sum(weight) AS w FROM edges JOIN people ON edges.source = people.id GROUP BY name ORDER BY name'\nfrom = ['edges', 'people']",
            "name,w\nann,3.0\nbob,4.0\neve,9.0\n",
        ),
    ];
    for (options, expected) in cases {
        assert_eq!(after(&step(options)), expected, "{options}");
    }
}

#[test]
fn verbs_of_graphs() {
    let cases = [
        (
            "verb = 'degrees'\nfrom = 'edges'\nweight = 'weight'\ndirected = true",
            "id,degree,degree_in,degree_out,weighted_degree,weighted_degree_in,weighted_degree_out\n1,4,2,2,12.0,9.0,3.0\n2,2,1,1,4.5,0.5,4.0\n3,4,2,2,15.5,6.5,9.0\n",
        ),
        (
            "verb = 'components'\nfrom = 'edges'\nwith = 'people'",
            "id,component,name\n1,0,ann\n2,0,bob\n3,0,eve\n",
        ),
        ("verb = 'core_numbers'", "id,core_number\n1,2\n2,2\n3,2\n"),
        ("verb = 'triangles'", "id,triangles\n1,1\n2,1\n3,1\n"),
        ("verb = 'louvain'\nseed = 3", "id,community\n1,0\n2,0\n3,0\n"),
        (
            "verb = 'deduplicate'\ndirected = true\ncombine = 'max'",
            "source,target,weight\n1,2,0.5\n1,3,2.5\n2,3,4.0\n3,1,8.0\n",
        ),
        (
            "verb = 'page_rank'\ndirected = true\ndamping = 0.5\n[[step]]\nverb = 'group'\naggregate = 'all = round(sum(page_rank))'",
            "all\n1.0\n",
        ),
        (
            "verb = 'gfql'\nfrom = 'edges'\nwith = 'people'\npart = 'nodes'\nquery = '[{\"type\": \"Node\", \"filter_dict\": {\"name\": \"ann\"}}, {\"type\": \"Edge\", \"direction\": \"forward\", \"hops\": 1}, {\"type\": \"Node\"}]'",
            "id,name\n1,ann\n2,bob\n3,eve\n",
        ),
        (
            "verb = 'hypergraph'\npart = 'nodes'\nentity_types = ['source']\n[[step]]\nverb = 'group'\naggregate = 'n = count(*)'",
            "n\n8\n",
        ),
    ];
    for (options, expected) in cases {
        assert_eq!(after(&step(options)), expected, "{options}");
    }
    let wrong = step("verb = 'gfql'\nquery = '[{\"type\": \"Nod\"}]'");
    let error = refused(&format!("{INPUT}{wrong}{OUTPUT}"));
    assert!(error.contains("option `query` is no query: $[0].type"), "{error}");
    let wrong = step("verb = 'page_rank'\ndampign = 0.5");
    let error = refused(&format!("{INPUT}{wrong}{OUTPUT}"));
    assert_eq!(
        error,
        "line 5: step `step-1`: there is no option `dampign`; did you mean `damping`?"
    );
}

#[test]
fn what_steps_find_likely_not_meant_is_told_and_reported() {
    let folder = folder();
    let query = r#"[{"type": "Node", "filter_dict": {"nmae": "ann"}}]"#;
    let text = format!(
        "[[input]]\nname = 'people'\nfrom = 'people.csv'\n{INPUT}\
         [[step]]\nname = 'found'\nverb = 'gfql'\nfrom = ['edges', 'people']\nquery = '{query}'\n\
         [[step]]\nname = 'events'\nverb = 'hypergraph'\nfrom = 'people'\n\
         entity_types = ['name']\n[step.opts]\nSKIP = ['age']\n\
         [[output]]\nfrom = 'found'\nto = 'found.jsonl'\n[[output]]\nfrom = 'events'\nto = 'events.jsonl'"
    );
    let pipeline = Pipeline::parse(&text, folder.path()).unwrap();
    let mut told = Vec::new();
    let mut tell = |event: Event| {
        if let Event::Warned { name, text } = event {
            told.push((name.to_owned(), text.to_owned()));
        }
    };
    let report = pipeline.run(&Control::NONE, &mut tell).unwrap();
    let reported: Vec<_> =
        report.warnings.iter().map(|it| (it.step.clone(), it.text.clone())).collect();
    assert_eq!(reported, told);
    let [(found, of_query), (events, of_events)] = &told[..] else { panic!("{told:?}") };
    assert_eq!((found.as_str(), events.as_str()), ("found", "events"));
    assert!(
        of_query
            .ends_with("there is no column `nmae`, so it counts as empty; did you mean `name`?"),
        "{of_query}"
    );
    assert!(of_events.starts_with("SKIP names the column `age`"), "{of_events}");
    let json = serde_json::to_value(&report).unwrap();
    assert_eq!(json["warnings"][1]["step"], "events");
}

#[test]
fn every_measure_is_a_verb() {
    use graph_etl::analytics::measures::MEASURES;
    let names = MEASURES.iter().filter(|measure| measure.name != "spanning_forest");
    for measure in names {
        let needed = match measure.name {
            "bfs" | "sssp" => "sources = [1]\n",
            "numeric_assortativity" | "categorical_assortativity" => "attribute = 'id'\n",
            "katz" => "alpha = 0.01\n",
            _ => "",
        };
        let steps = step(&format!("verb = '{}'\n{needed}", measure.name));
        let lines = after(&steps).lines().map(str::to_owned).collect::<Vec<_>>();
        for column in measure.columns.iter().filter(|column| column.over == measure.columns[0].over)
        {
            let optional = column.about.contains("only if") || column.name == "edge_betweenness";
            assert!(optional || lines[0].contains(column.name), "{}: {}", measure.name, lines[0]);
        }
        assert!(lines.len() > 1, "{}: {lines:?}", measure.name);
    }
    let found = after(&step("verb = 'density'\ndirected = true\nfrom = 'edges'"));
    assert!(found.starts_with("density\n"), "{found}");
    let found = after(&step("verb = 'sssp'\nsources = 2\ndirected = true\nweight = 'weight'"));
    assert_eq!(found, "id,distance,predecessor\n1,5.0,3\n2,0.0,\n3,4.0,2\n");
    let wrong = step("verb = 'bfs'\nsources = [7]");
    let error = refused(&format!("{INPUT}{wrong}{OUTPUT}"));
    assert!(error.contains("there is no node `7`"), "{error}");
    let wrong = step("verb = 'betweeness'");
    let error = refused(&format!("{INPUT}{wrong}{OUTPUT}"));
    assert!(
        error.ends_with("there is no verb `betweeness`; did you mean `betweenness`?"),
        "{error}"
    );
}

#[test]
fn verbs_between_rows_and_graphs() {
    let cases = [
        ("verb = 'spanning_forest'\nweight = 'weight'", "source,target,weight\n1,2,0.5\n3,1,1.0\n"),
        (
            "verb = 'spanning_forest'\nweight = 'weight'\nmaximum = true",
            "source,target,weight\n2,3,4.0\n3,1,8.0\n",
        ),
        (
            "verb = 'nearest_neighbors'\ncolumns = 'weight'\nk = 1\nid = 'target'",
            "source,target,distance\n2,1,0.5\n3,3,1.5\n3,3,1.5\n1,2,0.5\n1,3,4.0\n",
        ),
        (
            "verb = 'nearest_neighbors'\ncolumns = ['weight']\nk = 1\napproximate = true\n[[step]]\nverb = 'limit'\nn = 2",
            "source,target,distance\n0,3,0.5\n1,2,1.5\n",
        ),
        (
            "verb = 'random_walks'\ndirected = true\nlength = 3\nwalks_per_node = 1\n[[step]]\nverb = 'filter'\nwhere = 'walk = 1'",
            "walk,step,node\n1,0,2\n1,1,3\n1,2,1\n",
        ),
        (
            "verb = 'most_similar'\nk = 1",
            "source,target,similarity\n1,2,0.3333333333333333\n2,1,0.3333333333333333\n3,1,0.3333333333333333\n",
        ),
        (
            "verb = 'similarity'\nmeasure = 'common-neighbors'\nfrom = ['edges', 'edges']\n[[step]]\nverb = 'limit'\nn = 1",
            "source,target,weight,similarity\n1,2,0.5,1.0\n",
        ),
        // By hand: neighbors weigh 0.5 between 1 and 2, 11.5 between 1 and 3, 4 between 2 and 3.
        (
            "verb = 'most_similar'\nk = 1\nweighted = true\nweight = 'weight'",
            "source,target,similarity\n1,2,0.32\n2,1,0.32\n3,2,0.02564102564102564\n",
        ),
        (
            "verb = 'similarity'\nmeasure = 'common-neighbors'\nweighted = true\nfrom = ['edges', 'edges']\n[[step]]\nverb = 'limit'\nn = 1",
            "source,target,weight,similarity\n1,2,0.5,4.0\n",
        ),
        (
            "verb = 'umap'\ncolumns = ['weight']\nn_neighbors = 3\n[[step]]\nverb = 'group'\naggregate = 'n = count(x + y)'",
            "n\n5\n",
        ),
    ];
    for (options, expected) in cases {
        assert_eq!(after(&step(options)), expected, "{options}");
    }
    for (options, said) in [
        (
            "verb = 'most_similar'\nweight = 'weight'",
            "step `step-1`: option `weight` counts with `weighted = true` alone",
        ),
        (
            "verb = 'similarity'\nfrom = ['edges', 'edges']\nweighted = true\nno_weight = true",
            "option `no_weight` leaves out what `weighted = true` asks for",
        ),
        (
            "verb = 'rename'\ncolumns = 'w = weight'\n[[step]]\nverb = 'most_similar'\nweighted = true",
            "weighted is true, but it must be false on a graph without weights",
        ),
    ] {
        let error = refused(&format!("{INPUT}{}{OUTPUT}", step(options)));
        assert!(error.contains(said), "{error}");
    }
    let wrong = step("verb = 'umap'\ncolumns = ['wieght']");
    let error = refused(&format!("{INPUT}{wrong}{OUTPUT}"));
    assert!(error.ends_with("there is no column `wieght`; did you mean `weight`?"), "{error}");
}

#[test]
fn verbs_that_make_other_graphs_give_their_edges_or_nodes() {
    let both = "from = ['edges', 'people']";
    let cases = [
        ("verb = 'keep_nodes'\nwhere = \"name <> 'eve'\"", "source,target,weight\n1,2,0.5\n"),
        ("verb = 'keep_nodes'\nwhere = 'id > 1'\npart = 'nodes'", "id,name\n2,bob\n3,eve\n"),
        (
            "verb = 'contract'\ncolumn = 'name'\ncombine = 'max'",
            "source,target,n_edges,weight\nann,bob,1,0.5\nann,eve,3,8.0\nbob,eve,1,4.0\n",
        ),
        (
            "verb = 'contract'\ncolumn = 'name'\npart = 'nodes'",
            "name,n_nodes\nann,1\nbob,1\neve,1\n",
        ),
        (
            "verb = 'contract'\ncolumn = 'name'\naggregate = ['most = max(weight)', 'ends = count(DISTINCT source)']",
            "source,target,n_edges,weight,most,ends\nann,bob,1,0.5,0.5,1\nann,eve,3,11.5,8.0,2\nbob,eve,1,4.0,4.0,1\n",
        ),
        (
            "verb = 'contract'\ncolumn = 'name'\npart = 'nodes'\naggregate = 'total = sum(id)'",
            "name,n_nodes,total\nann,1,1\nbob,1,2\neve,1,3\n",
        ),
        ("verb = 'sample_nodes'\ncount = 9\npart = 'nodes'", PEOPLE),
        (
            "verb = 'sample_nodes'\ncount = 2\npart = 'nodes'\n[[step]]\nverb = 'group'\naggregate = 'n = count()'",
            "n\n2\n",
        ),
        (
            "verb = 'forest_fire'\ncount = 2\npart = 'nodes'\nseed = 3\n[[step]]\nverb = 'group'\naggregate = 'n = count()'",
            "n\n2\n",
        ),
        ("verb = 'materialize_nodes'", "id\n1\n2\n3\n"),
        ("verb = 'prune_orphans'", PEOPLE),
    ];
    for (options, expected) in cases {
        let (verb, rest) = options.split_once('\n').unwrap_or((options, ""));
        assert_eq!(after(&step(&format!("{verb}\n{both}\n{rest}"))), expected, "{options}");
    }
    for (options, problem) in [
        ("verb = 'contract'\ncolumn = 'nmae'", "there is no column `nmae`; did you mean `name`?"),
        ("verb = 'contract'", "option `column` is missing"),
        (
            "verb = 'contract'\ncolumn = 'name'\naggregate = 'x = sum(wieght)'",
            "did you mean `weight`?",
        ),
        (
            "verb = 'contract'\ncolumn = 'name'\naggregate = 'n_edges = sum(weight)'",
            "there would be two columns `n_edges`",
        ),
        (
            "verb = 'contract'\ncolumn = 'name'\naggregate = 'source = count()'",
            "there would be two columns `source`",
        ),
        ("verb = 'keep_nodes'\nwhere = 'name'", "must be true or false"),
        ("verb = 'forest_fire'\nforward = 1", "forward"),
        ("verb = 'prune_orphans'\npart = 'edges'", "there is no option `part`"),
    ] {
        let people = "[[input]]\nname = \"people\"\nfrom = \"people.csv\"\n";
        let wrong = format!("[[step]]\n{both}\n{options}\n");
        let error = refused(&format!("{people}{INPUT}{wrong}{OUTPUT}"));
        assert!(error.contains(problem), "{options}: {error}");
    }
}

#[test]
fn steps_run_on_a_device_and_say_where() {
    let folder = tempfile::tempdir().unwrap();
    let rows = (0..500)
        .fold(String::new(), |text, row| text + &format!("{},{},{row}\n", row % 7, row * 37 % 101));
    std::fs::write(folder.path().join("t.csv"), format!("k,x,y\n{rows}")).unwrap();
    let text = r#"
        [[input]]
        name = "t"
        from = "t.csv"
        [[step]]
        name = "some"
        verb = "filter"
        where = "x > 20 AND y % 2 = 0"
        [[step]]
        name = "ordered"
        verb = "sort"
        by = ["-x", "y"]
        [[step]]
        name = "few"
        verb = "limit"
        n = 100
        [[step]]
        name = "groups"
        verb = "group"
        by = "k"
        aggregate = ["s = sum(x)", "m = max(y)"]
        [[step]]
        name = "long"
        verb = "unpivot"
        columns = ["s", "m"]
        [[output]]
        to = "out.csv"
    "#;
    let run = |device: Option<Device>| {
        let pipeline = Pipeline::parse(text, folder.path()).unwrap();
        let pipeline = match device {
            Some(device) => pipeline.on_device(device),
            None => pipeline,
        };
        let report = pipeline.run(&Control::NONE, &mut |_| {}).unwrap();
        (std::fs::read_to_string(folder.path().join("out.csv")).unwrap(), report.placed)
    };
    let (expected, placed) = run(None);
    assert!(placed.is_empty());
    let devices: Vec<Device> =
        Device::all().unwrap().into_iter().filter(|device| *device != Device::Cpu).collect();
    if devices.is_empty() {
        println!("skipped: there is no device");
    }
    for device in devices {
        let (found, placed) = run(Some(device));
        assert_eq!(found, expected, "{device}");
        let ran: Vec<_> =
            placed.iter().map(|step| (step.step.as_str(), step.ran.is_some())).collect();
        let all = ["some", "ordered", "few", "groups", "long"].map(|name| (name, name != "long"));
        assert_eq!(ran, all);
        assert_eq!(placed[4].reason.as_deref(), Some("devices do not have it"));
        // What is on the device already does not go there again.
        assert_eq!(placed[1].ran.as_ref().map(|ran| ran.bytes_uploaded), Some(0), "{placed:?}");
    }
}

/// A socket stands for devices and pipes here: all that is neither a file nor a folder.
#[cfg(unix)]
#[test]
fn what_is_no_file_is_not_replaced() {
    let folder = folder();
    let place = folder.path().join("out.csv");
    let _socket = std::os::unix::net::UnixListener::bind(&place).unwrap();
    let error = run(&folder, &format!("{INPUT}{OUTPUT}")).unwrap_err().to_string();
    assert!(error.contains("a device or a pipe"), "{error}");
    assert!(!place.is_file());
}

#[test]
fn ids_that_become_text_for_want_of_one_value_are_told() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("edges.csv"), "source,target\na,b\nb,c\n").unwrap();
    let contracted = |people: &str| {
        fs::write(folder.path().join("people.csv"), people).unwrap();
        let text = format!(
            "[[input]]\nname = 'edges'\nfrom = 'edges.csv'\n[[input]]\nname = 'people'\nfrom = 'people.csv'\n\
             [[step]]\nverb = 'contract'\nfrom = ['edges', 'people']\ncolumn = 'age'\npart = 'nodes'\n{OUTPUT}"
        );
        let pipeline = Pipeline::parse(&text, folder.path()).unwrap();
        let report = pipeline.run(&Control::NONE, &mut |_| {}).unwrap();
        let words = report.warnings.into_iter().map(|warning| warning.text).collect::<Vec<_>>();
        (read(&folder, "out.csv"), words)
    };
    let all = contracted("id,age\na,31\nb,25\nc,31\n");
    assert_eq!(all, ("age,n_nodes\n31,2\n25,1\n".to_owned(), vec![]));
    let said =
        "nodes without a value in `age` become one called `null`, and so ids are text, not int64";
    let some = contracted("id,age\na,31\nb,\nc,31\n");
    assert_eq!(some, ("age,n_nodes\n31,2\nnull,1\n".to_owned(), vec![said.to_owned()]));
}
