//! `graphlume analyze` and `graphlume measures`: measures of a graph, by their names.

use std::fmt::Write;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Instant;

use anyhow::Context;
use arrow::array::{Array, ArrayRef, RecordBatch};
use arrow::compute::{SortOptions, sort_to_indices, take_record_batch};
use arrow::datatypes::{Field, Schema};
use graphlume::device::Device;
use graphlume::etl::analytics::measures::{
    DevicePlan, MEASURES, Measure, Measured, Over, Plan, measure,
};
use graphlume::etl::device::DeviceGraph;
use graphlume::etl::{Control, Error, Progress};
use graphlume::write_table;
use serde_json::{Map, Value, json};

use crate::input;
use crate::interrupt::Deferred;
use crate::outcome::Outcome;
use crate::output::{Summary, count, print, print_json, secs, write_options, wrote};
use crate::progress::Messages;
use crate::rows::table;

/// Arguments of `graphlume analyze`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  graphlume analyze edges.csv -m page_rank
  graphlume analyze edges.csv -m page_rank:damping=0.9 -m louvain -o nodes.parquet
  graphlume analyze edges.csv -m 'bfs:{\"sources\": [\"ann\", \"bob\"]}' --top 20
  graphlume analyze edges.csv -m bridges --edges-out edges.csv
  graphlume analyze edges.csv -m page_rank -m triangles --device cuda:0

graphlume measures lists the measures, graphlume measures NAME the options of one.")]
pub(crate) struct Args {
    #[command(flatten)]
    input: input::Args,
    /// What to measure, any number of times: NAME, NAME:option=value,… or NAME:{…} with JSON
    #[arg(short, long = "measure", value_name = "MEASURE", required = true)]
    measures: Vec<Spec>,
    /// File for the node table with the measures as columns
    #[arg(short, long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// File for the edge table with the measures as columns
    #[arg(long, value_name = "FILE")]
    edges_out: Option<PathBuf>,
    /// Print this many nodes with the largest values of the first measure
    #[arg(long, value_name = "N", default_value_t = 10)]
    top: usize,
    /// Where to measure, as `graphlume devices` names them; devices have `degree`,
    /// `weak_components`, `core_number`, `triangles`, `clustering`, `page_rank`, `bfs` and `sssp`
    #[arg(long, value_name = "DEVICE", default_value = "cpu", value_parser = Device::parse)]
    device: Device,
    /// Print JSON: what was found of the whole graph, where, and the time it took
    #[arg(long)]
    json: bool,
}

/// Arguments of `graphlume measures`.
#[derive(Debug, clap::Args)]
pub(crate) struct ListArgs {
    /// The measure to explain [default: list all]
    measure: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// A measure with its options, as the user wrote it.
#[derive(Debug, Clone)]
struct Spec {
    name: String,
    options: Value,
}

impl FromStr for Spec {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, options) = text.split_once(':').unwrap_or((text, ""));
        if name.is_empty() {
            return Err(format!("`{text}` names no measure"));
        }
        let name = name.to_owned();
        let options = options.trim();
        if options.starts_with('{') {
            let options = serde_json::from_str(options)
                .map_err(|error| format!("the options of {name} are no JSON object: {error}"))?;
            return Ok(Self { name, options });
        }
        let mut object = Map::new();
        for option in options.split(',').filter(|option| !option.trim().is_empty()) {
            let (key, value) = option
                .split_once('=')
                .ok_or_else(|| format!("`{option}` of {name} is not of the form option=value"))?;
            let value = value.trim();
            // What is no number, boolean, null or quoted text is text.
            let value = serde_json::from_str(value).unwrap_or_else(|_| Value::from(value));
            if object.insert(key.trim().to_owned(), value).is_some() {
                return Err(format!("{name} has the option {} twice", key.trim()));
            }
        }
        Ok(Self { name, options: Value::Object(object) })
    }
}

/// What one measure found, and how long it took.
struct Found {
    name: &'static str,
    measured: Measured,
    secs: f64,
}

/// A measure that is ready to run.
enum Ready<'g> {
    Cpu(Plan<'g>),
    Device(DevicePlan<'g>),
}

pub(crate) fn run(args: &Args, messages: Messages) -> anyhow::Result<Outcome> {
    let outputs = [("--out", args.out.as_deref()), ("--edges-out", args.edges_out.as_deref())];
    for path in outputs.into_iter().filter_map(|(_, path)| path) {
        write_options(path).check(path)?;
    }
    let summary = Summary::beside(&outputs, args.json, messages)?;
    for spec in &args.measures {
        let measure = measure(&spec.name)?;
        // Nodes and columns that options name are looked for once there is a graph.
        measure.check(&spec.options).with_context(|| format!("measure {}", spec.name))?;
    }
    let (graph, _) = args.input.read(messages)?;
    let on_device = DeviceGraph::new(&graph, args.device);
    let mut plans = Vec::with_capacity(args.measures.len());
    for spec in &args.measures {
        let measure = measure(&spec.name)?;
        // The processor has ways of its own, which are faster than those of its kernels' twins.
        let plan = match args.device {
            Device::Cpu => measure.plan(&graph, &spec.options).map(Ready::Cpu),
            _ => measure.plan_on(&on_device, &spec.options).map(Ready::Device),
        };
        plans.push(plan.with_context(|| format!("measure {}", spec.name))?);
    }
    let deferred = Deferred::begin();
    let mut found = Vec::with_capacity(plans.len());
    for plan in plans {
        let name = match &plan {
            Ready::Cpu(plan) => plan.measure().name,
            Ready::Device(plan) => plan.measure().name,
        };
        let spinner = messages.spinner(name);
        let report = |progress: Progress| {
            spinner.say(match progress.total {
                Some(total) => format!("{name}: {} of {total} {}", progress.done, progress.stage),
                None => format!("{name}: {} {}", progress.done, progress.stage),
            });
        };
        let start = Instant::now();
        let control = Control::default().reporting(&report).stopped_by(deferred.flag());
        let measured = match plan {
            Ready::Cpu(plan) => plan.run(&control),
            Ready::Device(plan) => plan.run(&control).map(|outcome| outcome.result),
        };
        match measured {
            Ok(measured) => {
                found.push(Found { name, measured, secs: start.elapsed().as_secs_f64() });
            }
            Err(Error::Stopped { .. }) => return Ok(messages.interrupted()),
            Err(error) => return Err(error).with_context(|| format!("measure {name}")),
        }
    }
    drop(deferred);
    let nodes = columns(&found, |measured| &measured.nodes);
    let edges = columns(&found, |measured| &measured.edges);
    if let Some(path) = &args.out {
        say_replaced(graph.nodes(), &nodes, "nodes", messages);
        save(&with_columns(graph.nodes(), &nodes)?, path, messages)?;
    }
    if let Some(path) = &args.edges_out {
        let table = graph.edge_table()?;
        say_replaced(&table, &edges, "edges", messages);
        save(&with_columns(&table, &edges)?, path, messages)?;
    }
    if args.json {
        let found = found.iter().map(|one| {
            let about = json!({
                "summary": one.measured.summary,
                "device": args.device.to_string(),
                "duration_secs": one.secs,
            });
            (one.name.to_owned(), about)
        });
        print_json(&found.collect::<Map<_, _>>())?;
        return Ok(Outcome::Done);
    }
    for one in &found {
        let duration = secs(std::time::Duration::from_secs_f64(one.secs));
        let values: Vec<String> =
            one.measured.summary.iter().map(|(name, value)| format!("{name} {value}")).collect();
        let values =
            if values.is_empty() { String::new() } else { format!("  {}", values.join(", ")) };
        summary.print(&format!("{} on {} in {duration}{values}\n", one.name, args.device))?;
    }
    // What has been written need not be shown too.
    if args.out.is_none() && !nodes.is_empty() {
        let ids = graph.nodes().project(&[0])?;
        show(&with_columns(&ids, &nodes)?, 1, args.top, "node", summary)?;
    }
    if args.edges_out.is_none() && !edges.is_empty() {
        let ends = graph.edge_table()?.project(&[0, 1])?;
        show(&with_columns(&ends, &edges)?, 2, args.top, "edge", summary)?;
    }
    Ok(Outcome::Done)
}

/// The columns of all measures; where two have one name, that of the measure is put before it.
fn columns(
    found: &[Found],
    of: impl Fn(&Measured) -> &Vec<(String, ArrayRef)>,
) -> Vec<(String, ArrayRef)> {
    let names: Vec<&str> =
        found.iter().flat_map(|one| of(&one.measured)).map(|(name, _)| name.as_str()).collect();
    let mut columns: Vec<(String, ArrayRef)> = Vec::with_capacity(names.len());
    for one in found {
        for (name, values) in of(&one.measured) {
            let once = names.iter().filter(|other| *other == name).count() == 1;
            let long = if once { name.clone() } else { format!("{}_{name}", one.name) };
            // The same measure with other options.
            let again = columns.iter().filter(|(known, _)| known.starts_with(&long)).count();
            let long = if again == 0 || once { long } else { format!("{long}_{}", again + 1) };
            columns.push((long, Arc::clone(values)));
        }
    }
    columns
}

/// The table with columns put behind it; one of the same name is replaced.
fn with_columns(
    table: &RecordBatch,
    columns: &[(String, ArrayRef)],
) -> anyhow::Result<RecordBatch> {
    let schema = table.schema();
    let (mut fields, mut arrays) = (Vec::new(), Vec::new());
    for (field, array) in schema.fields().iter().zip(table.columns()) {
        if columns.iter().all(|(name, _)| name != field.name()) {
            fields.push(Arc::clone(field));
            arrays.push(Arc::clone(array));
        }
    }
    for (name, array) in columns {
        fields.push(Arc::new(Field::new(name, array.data_type().clone(), true)));
        arrays.push(Arc::clone(array));
    }
    Ok(RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays)?)
}

/// One line for each column of `table` that is lost to one of a measure.
fn say_replaced(table: &RecordBatch, columns: &[(String, ArrayRef)], of: &str, messages: Messages) {
    for (name, _) in columns.iter().filter(|(name, _)| table.column_by_name(name).is_some()) {
        messages.say(format!("column `{name}` of the {of} is replaced by the one of the measure"));
    }
}

/// Prints the rows with the largest values in `column`.
fn show(
    rows: &RecordBatch,
    column: usize,
    top: usize,
    noun: &str,
    summary: Summary,
) -> anyhow::Result<()> {
    let order = SortOptions { descending: true, nulls_first: false };
    let best = sort_to_indices(rows.column(column), Some(order), Some(top))?;
    let note = match rows.num_rows().saturating_sub(top) {
        0 => String::new(),
        more => format!("… and {} with less; -o FILE writes all\n", count(more, noun)),
    };
    summary.print(&format!("{}{note}", table(&take_record_batch(rows, &best)?)?))
}

fn save(table: &RecordBatch, path: &std::path::Path, messages: Messages) -> anyhow::Result<()> {
    let spinner = messages.spinner(format!("writing {}", path.display()));
    let report = write_table(table, path, &write_options(path))?;
    drop(spinner);
    messages.say(wrote(path, &report));
    Ok(())
}

/// `graphlume measures`.
pub(crate) fn list(args: &ListArgs) -> anyhow::Result<Outcome> {
    let chosen = match &args.measure {
        Some(name) => vec![measure(name)?],
        None => MEASURES.iter().collect(),
    };
    if args.json {
        let all: Vec<Value> = chosen
            .iter()
            .map(|one| {
                json!({
                    "name": one.name,
                    "aliases": one.aliases,
                    "about": one.about,
                    "columns": one.columns,
                    "options": one.options(),
                    "about_options": about_options(one),
                    "devices": one.runs_on_devices(),
                })
            })
            .collect();
        print_json(&all)?;
        return Ok(Outcome::Done);
    }
    let mut text = String::new();
    if args.measure.is_none() {
        let width = chosen.iter().map(|one| one.name.len()).max().unwrap_or(0);
        for one in chosen {
            writeln!(text, "{:width$}  {}", one.name, one.about)?;
        }
        text.push_str("\ngraphlume measures NAME says more of one\n");
        print(text.as_bytes())?;
        return Ok(Outcome::Done);
    }
    for one in chosen {
        writeln!(text, "{}: {}", one.name, one.about)?;
        if !one.aliases.is_empty() {
            writeln!(text, "also called {}", one.aliases.join(", "))?;
        }
        if one.runs_on_devices() {
            writeln!(text, "devices have it too: graphlume analyze --device")?;
        }
        for column in one.columns {
            let over = match column.over {
                Over::Nodes => "node",
                Over::Edges => "edge",
            };
            write!(text, "\n  {over} column {}\n      {}", column.name, column.about)?;
        }
        text.push('\n');
        for (name, default) in one.options() {
            let about = one.about_option(&name).unwrap_or_default();
            write!(text, "\n  option {name} [default: {default}]\n      {about}")?;
        }
        text.push('\n');
    }
    print(text.as_bytes())?;
    Ok(Outcome::Done)
}

/// What each option of a measure means.
fn about_options(measure: &Measure) -> Map<String, Value> {
    let about = |name: String| {
        let about = measure.about_option(&name);
        (name, Value::from(about))
    };
    measure.options().into_iter().map(|(name, _)| about(name)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_read_in_both_forms() {
        let spec: Spec = "page_rank:damping=0.9, weighted=false,merge=sum".parse().unwrap();
        assert_eq!(spec.name, "page_rank");
        assert_eq!(spec.options, json!({"damping": 0.9, "weighted": false, "merge": "sum"}));
        let spec: Spec = r#"bfs:{"sources": ["a", "b"]}"#.parse().unwrap();
        assert_eq!(spec.options, json!({"sources": ["a", "b"]}));
        assert_eq!("degree".parse::<Spec>().unwrap().options, json!({}));
        for bad in [":x=1", "a:x", "a:{x", "a:x=1,x=2"] {
            assert!(bad.parse::<Spec>().is_err(), "{bad}");
        }
    }

    #[test]
    fn columns_of_one_name_are_told_apart() {
        let values: ArrayRef = Arc::new(arrow::array::Int32Array::from(vec![1]));
        let one = |name, column: &str| Found {
            name,
            measured: Measured {
                nodes: vec![(column.to_owned(), Arc::clone(&values))],
                ..Measured::default()
            },
            secs: 0.0,
        };
        let names = |found: &[Found]| -> Vec<String> {
            columns(found, |measured| &measured.nodes).into_iter().map(|(name, _)| name).collect()
        };
        assert_eq!(names(&[one("degree", "degree")]), ["degree"]);
        let found =
            [one("louvain", "community"), one("leiden", "community"), one("louvain", "community")];
        assert_eq!(names(&found), ["louvain_community", "leiden_community", "louvain_community_2"]);
    }
}
