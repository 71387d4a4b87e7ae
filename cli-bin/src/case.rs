//! `graphlume case`: investigations as files of steps, checked and run with parameters.

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use arrow::array::RecordBatch;
use clap::Subcommand;
use graphlume::etl::case::{
    Again, Case, CaseEvent, CaseInfo, CaseReport, Kept, Limits, Output, Places, StepKind,
    TEMPLATES, template,
};
use graphlume::etl::{Control, Error, Progress};
use graphlume::layout::{Config, Device};
use graphlume::viewer::{MOST_TABLE_BYTES, Scene, offline_html, page};
use graphlume::{Graph, ImageConfig, write, write_table};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use crate::interrupt::Deferred;
use crate::layout::{Columns, ITERATIONS, LaidOut, Outputs, Work};
use crate::outcome::Outcome;
use crate::output::{
    check_files, count, grouped, is_standard, print, print_json, secs, write_options,
};
use crate::progress::Messages;
use crate::rows::table;
use crate::values;

/// Arguments of `graphlume case`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  graphlume case list
  graphlume case new logins -o around.toml --data
  graphlume case run around.toml -p account=ann -o around.html -o around.png
  graphlume case run feed.toml --allow-http siem.example.org -o alerts.gexf
  graphlume case run around.toml -p account=ann --keep .kept --from around

A case is a file of steps: sources, SQL, filters, hypergraphs, neighborhoods, measures. Values of its
parameters are bound: none is ever a part of a query.")]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Do the steps with these values, and write what comes out
    Run(Box<RunArgs>),
    /// Look for mistakes, and say what the case asks for and does
    Check {
        /// The case, a file in TOML
        file: PathBuf,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// List the cases that come with the program
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Write one of these cases to a file, to begin with
    New {
        /// Its name, as `graphlume case list` has it
        template: String,
        /// File to write, which must not be there yet [default: TEMPLATE.toml]
        #[arg(short, long, value_name = "FILE")]
        out: Option<PathBuf>,
        /// Write small tables to try it on beside the file
        #[arg(long)]
        data: bool,
    },
}

#[derive(Debug, clap::Args)]
struct RunArgs {
    /// The case, a file in TOML; files that it names are in its folder
    file: PathBuf,
    /// Value of a parameter; a list has commas between its values
    #[arg(short, long = "param", value_name = "NAME=VALUE", value_parser = values::pair())]
    params: Vec<(String, String)>,
    /// File for what comes out: a picture (.png, .svg), a page (.html), a graph (.gexf, .graphml, .gml, …)
    /// or a table (.csv, .parquet, …; of a graph, its edges); may be given several times
    #[arg(short, long, value_name = "FILE")]
    out: Vec<PathBuf>,
    /// File for the table of nodes, if a graph comes out
    #[arg(long, value_name = "FILE")]
    nodes_out: Option<PathBuf>,
    /// Another folder in which files may be read
    #[arg(long, value_name = "FOLDER")]
    folder: Vec<PathBuf>,
    /// A host that may be asked over HTTP, `name` or `name:port`; also one of a private network
    #[arg(long, value_name = "HOST")]
    allow_http: Vec<String>,
    /// Allow databases on other machines, and object stores
    #[arg(long)]
    allow_remote: bool,
    /// Keep in this folder what steps make, and do only those again that have changed or work on what has
    #[arg(long, value_name = "FOLDER")]
    keep: Option<PathBuf>,
    /// Most bytes of that folder, such as `2 GiB`; what was not used for longest goes
    #[arg(long, value_name = "BYTES", value_parser = values::bytes(), default_value = "4 GiB")]
    keep_bytes: u64,
    /// Begin with this step; what is before it stays as it was kept, with what hosts and databases said then
    #[arg(long, value_name = "STEP", requires = "keep")]
    from: Option<String>,
    /// Say what would be done, and do not do it
    #[arg(long)]
    dry_run: bool,
    /// Rows of nodes or of the table to print where no file is written
    #[arg(long, value_name = "N", default_value_t = 10)]
    rows: usize,
    /// Most rows of one step; of a graph, nodes and edges
    #[arg(long, value_name = "N", default_value_t = Limits::default().rows)]
    max_rows: u64,
    /// Most bytes that one step makes or reads from the web, such as `2 GiB`
    #[arg(long, value_name = "BYTES", value_parser = values::bytes(), default_value = "16 GiB")]
    max_bytes: u64,
    /// Time for all steps, such as `90 s`
    #[arg(long, value_name = "TIME", value_parser = values::duration(), default_value = "1 h")]
    timeout: Duration,
    /// Most steps of the layout, if a picture or a page is written [default: what the case says]
    #[arg(long, value_name = "N")]
    iterations: Option<usize>,
    /// Where to lay out: auto, cpu, cuda, opencl
    #[arg(long, value_name = "DEVICE", default_value = "auto", value_parser = Device::parse)]
    device: Device,
    /// Print a report as JSON
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args, messages: Messages) -> anyhow::Result<Outcome> {
    match &args.command {
        Command::Run(args) => {
            let in_file = || args.file.display().to_string();
            let case = open(&args.file)?;
            run_case(args, &case, messages).with_context(in_file)
        }
        Command::Check { file, json } => check(file, *json, messages),
        Command::List { json } => list(*json),
        Command::New { template, out, data } => new(template, out.as_deref(), *data, messages),
    }
}

fn open(file: &Path) -> anyhow::Result<Case> {
    match Case::open(file) {
        // It names the file.
        Err(error @ Error::File { .. }) => Err(error.into()),
        case => case.with_context(|| file.display().to_string()),
    }
}

fn list(json: bool) -> anyhow::Result<Outcome> {
    if json {
        let entries: Vec<Value> = TEMPLATES
            .iter()
            .map(|template| {
                let case = Case::parse(template.text)?;
                Ok(json!({"name": template.name, "purpose": template.purpose, "case": case.info()}))
            })
            .collect::<anyhow::Result<_>>()?;
        print_json(&entries)?;
        return Ok(Outcome::Done);
    }
    let width = TEMPLATES.iter().map(|template| template.name.len()).max().unwrap_or(0);
    let lines: Vec<String> = TEMPLATES
        .iter()
        .map(|template| format!("{:width$}  {}\n", template.name, template.purpose))
        .collect();
    print(lines.concat().as_bytes())?;
    Ok(Outcome::Done)
}

fn new(name: &str, out: Option<&Path>, data: bool, messages: Messages) -> anyhow::Result<Outcome> {
    let template = template(name)?;
    let out = out.map_or_else(|| PathBuf::from(format!("{name}.toml")), Path::to_owned);
    let folder = out.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    let mut files = vec![(out.clone(), template.text)];
    if data {
        files.extend(template.data.iter().map(|(name, text)| (folder.join(name), *text)));
    }
    for (path, _) in &files {
        ensure!(!path.exists(), "{} is there already", path.display());
    }
    for (path, text) in files {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
        }
        std::fs::write(&path, text).with_context(|| path.display().to_string())?;
        messages.say(format!("wrote {}", path.display()));
    }
    Ok(Outcome::Done)
}

fn check(file: &Path, json: bool, messages: Messages) -> anyhow::Result<Outcome> {
    let case = open(file)?;
    let info = case.info();
    drawing(info).with_context(|| file.display().to_string())?;
    match json {
        true => print_json(info)?,
        false => {
            print(described(info).as_bytes())?;
            messages.say(format!("{}: no mistakes found", file.display()));
        }
    }
    Ok(Outcome::Done)
}

/// Parameters and steps, a line for each.
fn described(info: &CaseInfo) -> String {
    let mut text = String::new();
    if !info.title.is_empty() {
        text.extend([info.title.as_str(), "\n"]);
    }
    for parameter in &info.parameters {
        let default = match &parameter.default {
            Some(value) => format!(" [{value}]"),
            None => " (needed)".to_owned(),
        };
        let (name, kind) = (&parameter.name, parameter.kind.name());
        let what = &parameter.description;
        let line = format!("parameter  {name}: {kind}{default}  {what}\n");
        text += &line;
    }
    for step in &info.steps {
        let off = if step.enabled { "" } else { ", off" };
        let of = match step.from.as_slice() {
            [] => String::new(),
            from => format!(" of {}", from.join(", ")),
        };
        let gives = match step.gives {
            StepKind::Table => "table",
            StepKind::Graph => "graph",
        };
        let (name, verb) = (&step.name, &step.verb);
        let words = step.does.split_whitespace().collect::<Vec<_>>().join(" ");
        let line = format!("step       {name} = {verb}{of}: {words} → {gives}{off}\n");
        text += &line;
    }
    text + &format!("result     {}\n", info.result)
}

/// Steps of a layout, its options, and what a picture looks like, as the case says.
fn drawing(info: &CaseInfo) -> anyhow::Result<(usize, Config, ImageConfig)> {
    let mut layout = info.layout.clone();
    let iterations = match layout.remove("iterations") {
        None => ITERATIONS,
        Some(n) => serde_json::from_value(n).context("`[layout]`: `iterations`")?,
    };
    let config: Config = read("[layout]", layout)?;
    config.validate()?;
    let image: ImageConfig = read("[view]", info.view.clone())?;
    image.check()?;
    Ok((iterations, config, image))
}

fn read<T: DeserializeOwned>(part: &str, options: Map<String, Value>) -> anyhow::Result<T> {
    serde_json::from_value(Value::Object(options)).with_context(|| format!("`{part}`"))
}

fn run_case(args: &RunArgs, case: &Case, messages: Messages) -> anyhow::Result<Outcome> {
    let start = Instant::now();
    let mut given = Map::new();
    for (name, value) in &args.params {
        if given.insert(name.clone(), value.as_str().into()).is_some() {
            bail!("--param {name} is given twice");
        }
    }
    let bound = case.bind(&given)?;
    let info = bound.info();
    let (iterations, config, image) = drawing(info)?;
    args.check(info)?;
    if args.dry_run {
        match args.json {
            true => print_json(info)?,
            false => print(described(info).as_bytes())?,
        }
        return Ok(Outcome::Done);
    }
    let folder = args.file.parent().filter(|folder| !folder.as_os_str().is_empty());
    let mut folders = vec![folder.unwrap_or(Path::new(".")).to_owned()];
    folders.extend(args.folder.iter().cloned());
    let places = Places {
        folders,
        hosts: args.allow_http.clone(),
        private_hosts: true,
        remote: args.allow_remote,
        ..Places::default()
    };
    let limits = Limits { rows: args.max_rows, bytes: args.max_bytes, time: args.timeout };
    let keep = |folder: &PathBuf| Kept::in_folder(folder, args.keep_bytes);
    let kept = args.keep.as_ref().map(keep).transpose()?;
    let again = kept.as_ref().map(|kept| Again { kept, scope: "", from: args.from.as_deref() });
    let deferred = Deferred::begin();
    let ran = watch(messages, &deferred, |control, tell| {
        bound.run_again(&places, &limits, again, control, tell)
    });
    let (report, output) = match ran {
        Err(Error::Stopped { .. }) => return Ok(messages.interrupted()),
        ran => ran?,
    };
    let mut laid_out = None;
    match output {
        Output::Table(rows) => {
            for path in &args.out {
                write_table(&rows, path, &write_options(path))?;
                messages.say(format!("wrote {}", path.display()));
            }
            if args.out.is_empty() && !args.json {
                print_rows(&rows, args.rows)?;
            }
        }
        Output::Graph(graph) => {
            if args.out.iter().any(|path| wants_layout(path)) {
                ensure!(graph.n_nodes() > 0, "the graph that comes out has no nodes to draw");
                let work = Work {
                    config: &config,
                    iterations: args.iterations.unwrap_or(iterations),
                    devices: &[args.device],
                    profile: false,
                    pack: true,
                    columns: Columns::default(),
                };
                let made = work.run(&graph, &deferred, messages)?;
                if deferred.requested() {
                    return Ok(messages.interrupted());
                }
                laid_out = Some(made);
            }
            if args.out.is_empty() && args.nodes_out.is_none() && !args.json {
                let n_edges = count(graph.n_edges(), "edge");
                print(format!("{}, {n_edges}\n", count(graph.n_nodes(), "node")).as_bytes())?;
                print_rows(graph.nodes(), args.rows)?;
            }
            write_graph(args, &graph, laid_out.as_ref(), &image, info, messages)?;
        }
    }
    if args.json {
        print_json(&json!({
            "report": report,
            "layout": laid_out.as_ref().map(|made| &made.run),
            "outputs": args.out.iter().chain(&args.nodes_out).collect::<Vec<_>>(),
            "duration_secs": start.elapsed().as_secs_f64(),
        }))?;
    }
    say_warnings(&report, messages);
    messages.say(format!("all in {}", secs(start.elapsed())));
    Ok(Outcome::Done)
}

impl RunArgs {
    /// Finds what is wrong with outputs before anything is computed.
    fn check(&self, info: &CaseInfo) -> anyhow::Result<()> {
        let outputs = || self.out.iter().chain(&self.nodes_out);
        let standard = outputs().filter(|path| is_standard(path)).count();
        ensure!(
            standard + usize::from(self.json) <= 1,
            "only one of the outputs and --json can have standard output"
        );
        ensure!(
            self.nodes_out.is_none() || info.gives == StepKind::Graph,
            "--nodes-out is of graphs, but step `{}` makes a table",
            info.result
        );
        check_files(outputs().map(PathBuf::as_path))?;
        for path in outputs() {
            let shown = path.display();
            if is_drawn(path) {
                ensure!(
                    info.gives == StepKind::Graph,
                    "{shown} would be a picture of a graph, but step `{}` makes a table",
                    info.result
                );
            } else {
                write_options(path).check(path)?;
            }
        }
        Ok(())
    }
}

/// Whether the name asks for a picture or a page.
fn is_drawn(path: &Path) -> bool {
    let suffix = path.extension().and_then(|suffix| suffix.to_str()).unwrap_or_default();
    ["png", "svg", "html"].iter().any(|drawn| suffix.eq_ignore_ascii_case(drawn))
}

/// Whether the name asks for something that has positions.
fn wants_layout(path: &Path) -> bool {
    is_drawn(path) || crate::layout::is_graph_format(path)
}

fn print_rows(rows: &RecordBatch, most: usize) -> anyhow::Result<()> {
    let n = rows.num_rows();
    if most > 0 {
        print(table(&rows.slice(0, most.min(n)))?.as_bytes())?;
    }
    match most < n {
        true => print(format!("… {}\n", count(n, "row")).as_bytes()),
        false => Ok(()),
    }
}

/// Writes the graph to all files that were asked for.
fn write_graph(
    args: &RunArgs,
    graph: &Graph,
    laid_out: Option<&LaidOut>,
    image: &ImageConfig,
    info: &CaseInfo,
    messages: Messages,
) -> anyhow::Result<()> {
    for path in &args.out {
        match laid_out.filter(|_| wants_layout(path)) {
            Some(made) => {
                let suffix =
                    path.extension().and_then(|suffix| suffix.to_str()).unwrap_or_default();
                let is = |wanted: &str| suffix.eq_ignore_ascii_case(wanted);
                if is("html") {
                    let scene = Scene::new(graph, Some([&made.x, &made.y]), image)?
                        .with_tables(graph, MOST_TABLE_BYTES)?;
                    let mut bytes = Vec::new();
                    scene.write(&mut bytes)?;
                    let html = offline_html(&bytes, page::SCRIPT, page::STYLES, &info.title);
                    write_whole(path, html.as_bytes())?;
                    messages.say(format!("wrote {}", path.display()));
                    continue;
                }
                let path = Some(path.as_path());
                let outputs = Outputs {
                    png: path.filter(|_| is("png")),
                    svg: path.filter(|_| is("svg")),
                    table: path.filter(|_| !is("png") && !is("svg")),
                    image,
                };
                outputs.write(graph.clone(), made, messages)?;
            }
            None => {
                write(graph, path, &write_options(path))?;
                if !is_standard(path) {
                    messages.say(format!("wrote {}", path.display()));
                }
            }
        }
    }
    if let Some(path) = &args.nodes_out {
        write_table(graph.nodes(), path, &write_options(path))?;
        messages.say(format!("wrote {}", path.display()));
    }
    Ok(())
}

/// Writes a file that appears whole or not at all.
fn write_whole(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let in_file = || path.display().to_string();
    let staged = graphlume::graph::Staged::new(path).with_context(in_file)?;
    std::fs::write(staged.path(), bytes).with_context(in_file)?;
    staged.publish().with_context(in_file)
}

fn say_warnings(report: &CaseReport, messages: Messages) {
    for step in &report.steps {
        for warning in &step.warnings {
            messages.say(format!("warning: {}: {warning}", step.name));
        }
    }
}

/// Does `work` while it is shown how far it is.
fn watch<T>(
    messages: Messages,
    deferred: &Deferred,
    work: impl FnOnce(&Control, &mut dyn FnMut(CaseEvent)) -> Result<T, Error>,
) -> Result<T, Error> {
    let spinner = messages.spinner("reading the case");
    let current = Mutex::new(String::new());
    let report = |progress: Progress| {
        if let Ok(current) = current.lock()
            && progress.stage != "steps"
        {
            spinner.say(format!("{current}: {} {}", grouped(progress.done), progress.stage));
        }
    };
    let control = Control::default().reporting(&report).stopped_by(deferred.flag());
    let mut tell = |event: CaseEvent| match event {
        CaseEvent::Begins { name, does, number, of } => {
            if let Ok(mut current) = current.lock() {
                *current = format!("[{number}/{of}] {name}: {does}");
                spinner.say(current.clone());
            }
        }
        CaseEvent::Ended { report, .. } => spinner.above(|| {
            let rows = report.rows as usize;
            let size = match report.nodes {
                Some(nodes) => {
                    format!("{}, {}", count(nodes as usize, "node"), count(rows, "edge"))
                }
                None => count(rows, "row"),
            };
            let time = match report.kept {
                true => "kept from before".to_owned(),
                false => format!("in {}", secs(Duration::from_secs_f64(report.duration_secs))),
            };
            messages.say(format!("{}: {size} {time}, {}", report.name, report.place));
        }),
        _ => {}
    };
    let result = work(&control, &mut tell);
    drop(spinner);
    result
}
