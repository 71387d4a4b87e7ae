//! `graphlume layout`: a file of edges becomes positions and pictures.

use std::ffi::{OsStr, OsString};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use arrow::array::{Array, ArrayRef, BooleanArray, Float32Array};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use arrow::util::display::array_value_to_string;
use graphlume::graph::ReadReport;
use graphlume::layout::pack::{PackConfig, PackReport, pack};
use graphlume::layout::{Config, Device, RunReport, Stop};
use graphlume::{Graph, ImageConfig, Layout, Picture, write, write_table};
use serde::Serialize;

use crate::input;
use crate::interrupt::Deferred;
use crate::outcome::Outcome;
use crate::output::{Summary, count, is_standard, print_json, secs, write_options};
use crate::progress::Messages;

/// Arguments of `graphlume layout`.
#[derive(Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("outputs").multiple(true).required(true))]
#[command(allow_negative_numbers = true)]
pub(crate) struct Args {
    #[command(flatten)]
    input: input::Args,

    /// Table of positions: id, x, y, then the node's columns (`-`: CSV to standard output); a
    /// graph with positions if it ends in .gexf, .graphml or .gml
    #[arg(short, long, value_name = "FILE", group = "outputs", help_heading = "Output")]
    out: Option<PathBuf>,
    /// Picture as PNG
    #[arg(long, value_name = "FILE", group = "outputs", help_heading = "Output")]
    png: Option<PathBuf>,
    /// Picture as SVG
    #[arg(long, value_name = "FILE", group = "outputs", help_heading = "Output")]
    svg: Option<PathBuf>,
    /// Print a report as JSON to standard output
    #[arg(long, help_heading = "Output")]
    json: bool,
    /// On Ctrl-C, write what was computed so far
    #[arg(long, help_heading = "Output")]
    save_on_interrupt: bool,

    /// Most steps to make; fewer if the layout settles
    #[arg(long, value_name = "N", default_value_t = ITERATIONS, help_heading = "Layout")]
    iterations: usize,
    /// Where to compute: auto, cpu, cuda, cuda:0, opencl, opencl:0 (see `graphlume devices`);
    /// several, separated by commas, share the graph
    #[arg(long, value_name = "DEVICE", default_value = "auto", help_heading = "Layout")]
    #[arg(value_delimiter = ',', value_parser = Device::parse)]
    device: Vec<Device>,
    /// Print what each kernel took of the device's time
    #[arg(long, help_heading = "Layout")]
    profile: bool,
    /// Start from node columns x and y, such as those in the OUT of an earlier run, given as
    /// --nodes
    #[arg(long, help_heading = "Layout")]
    start: bool,
    /// Column of nodes that must stay where they start (true or not 0)
    #[arg(long, value_name = "COLUMN", help_heading = "Layout")]
    fixed_by: Option<String>,
    /// Column of node masses, above 0 [default: degree + 1]
    #[arg(long, value_name = "COLUMN", help_heading = "Layout")]
    mass_by: Option<String>,
    /// Column of node radii in layout units, for --adjust-sizes [default: 1]
    #[arg(long, value_name = "COLUMN", help_heading = "Layout")]
    radius_by: Option<String>,
    /// Column of factors on each node's way per step, at least 0
    #[arg(long, value_name = "COLUMN", help_heading = "Layout")]
    mobility_by: Option<String>,
    /// Leave unconnected components where the forces put them, instead of packing them side by
    /// side
    #[arg(long, help_heading = "Layout")]
    no_pack: bool,
    #[command(flatten, next_help_heading = "Layout")]
    config: Config,

    #[command(flatten)]
    image: ImageConfig,
}

/// Steps after which most graphs look settled.
pub(crate) const ITERATIONS: usize = 500;

/// What `--json` prints.
#[derive(Debug, Serialize)]
struct Report<'a> {
    n_nodes: usize,
    n_edges: usize,
    read: &'a ReadReport,
    devices: Vec<String>,
    threads: usize,
    config: &'a Config,
    layout: &'a RunReport,
    pack: Option<PackReport>,
    outputs: Vec<&'a Path>,
    duration_secs: f64,
}

pub(crate) fn run(args: &Args, messages: Messages) -> anyhow::Result<Outcome> {
    let start = Instant::now();
    args.check(messages)?;
    let (graph, read) = args.input.read(messages)?;
    check_columns(&graph, &args.image)?;
    let work = Work {
        config: &args.config,
        iterations: args.iterations,
        devices: &args.device,
        profile: args.profile,
        pack: !args.no_pack,
        columns: Columns::of(args, &graph)?,
    };
    let deferred = Deferred::begin();
    let laid_out = work.run(&graph, &deferred, messages)?;
    let interrupted = laid_out.run.stop == Stop::Canceled;
    if interrupted && !args.save_on_interrupt {
        messages.say("interrupted; nothing is saved without --save-on-interrupt");
        return Ok(Outcome::Interrupted);
    }
    let outputs = Outputs {
        table: args.out.as_deref(),
        png: args.png.as_deref(),
        svg: args.svg.as_deref(),
        image: &args.image,
    };
    outputs.write(graph.clone(), &laid_out, messages)?;
    if args.json {
        print_json(&Report {
            n_nodes: graph.n_nodes(),
            n_edges: graph.n_edges(),
            read: &read,
            devices: args.device.iter().map(ToString::to_string).collect(),
            threads: rayon::current_num_threads(),
            config: &args.config,
            layout: &laid_out.run,
            pack: laid_out.pack,
            outputs: [&args.out, &args.png, &args.svg]
                .into_iter()
                .flatten()
                .map(PathBuf::as_path)
                .collect(),
            duration_secs: start.elapsed().as_secs_f64(),
        })?;
    }
    messages.say(format!("all in {}", secs(start.elapsed())));
    Ok(if interrupted { Outcome::Interrupted } else { Outcome::Done })
}

impl Args {
    /// Finds what is wrong with the options and outputs before anything is computed.
    fn check(&self, messages: Messages) -> anyhow::Result<()> {
        self.config.validate()?;
        self.image.check()?;
        if let Some(out) = &self.out {
            write_options(out).check(out)?;
        }
        let outputs = [("--out", &self.out), ("--png", &self.png), ("--svg", &self.svg)];
        let outputs = outputs.map(|(name, path)| (name, path.as_deref()));
        for (name, other, path) in [("--png", "svg", &self.png), ("--svg", "png", &self.svg)] {
            let ending = path.as_deref().and_then(Path::extension).map(OsStr::to_ascii_lowercase);
            let is_other = |ending: &OsString| {
                [other, "jpg", "jpeg", "gif", "webp", "pdf"].iter().any(|known| ending == known)
            };
            if let (Some(path), true) = (path, ending.as_ref().is_some_and(is_other)) {
                bail!("{name} {}: the file would not be what its ending says", path.display());
            }
        }
        Summary::beside(&outputs, self.json, messages)?;
        for path in outputs.into_iter().filter_map(|(_, path)| path) {
            let is_input = self.input.files().any(|input| input == path);
            ensure!(!is_input || is_standard(path), "{} is both input and output", path.display());
        }
        Ok(())
    }
}

/// Finds columns that the picture wants and the graph has not.
fn check_columns(graph: &Graph, image: &ImageConfig) -> anyhow::Result<()> {
    let wanted = [
        (&image.color_by, &["degree", "position", "none"][..]),
        (&image.size_by, &["degree", "none"]),
        (&image.label_by, &[]),
    ];
    for (column, words) in wanted {
        if let Some(name) = column.as_deref().filter(|name| !words.contains(name)) {
            graph.node_column(name)?;
        }
    }
    Ok(image.encodings_of(graph).check(graph)?)
}

/// Node columns that steer the layout, as numbers.
#[derive(Debug, Default)]
pub(crate) struct Columns {
    start: Option<[Vec<f32>; 2]>,
    fixed: Option<Vec<bool>>,
    mass: Option<Vec<f32>>,
    radius: Option<Vec<f32>>,
    mobility: Option<Vec<f32>>,
}

impl Columns {
    fn of(args: &Args, graph: &Graph) -> anyhow::Result<Self> {
        let numbers = |name: &Option<String>| {
            name.as_deref().map(|name| number_column(graph, name)).transpose()
        };
        let start = match args.start {
            true => Some([number_column(graph, "x")?, number_column(graph, "y")?]),
            false => None,
        };
        let fixed = args.fixed_by.as_deref().map(|name| flag_column(graph, name)).transpose()?;
        Ok(Self {
            start,
            fixed,
            mass: numbers(&args.mass_by)?,
            radius: numbers(&args.radius_by)?,
            mobility: numbers(&args.mobility_by)?,
        })
    }
}

/// Node column `name` as numbers, none missing.
pub(crate) fn number_column(graph: &Graph, name: &str) -> anyhow::Result<Vec<f32>> {
    let column = graph.node_column(name)?;
    let kind = column.data_type();
    ensure!(
        kind.is_numeric() || matches!(kind, DataType::Null),
        "node column `{name}` has type {kind}, but numbers are needed"
    );
    let numbers = cast(column, &DataType::Float32)?;
    if let Some(u) = (0..numbers.len()).find(|&u| numbers.is_null(u)) {
        bail!("node `{}` has no value in column `{name}`", array_value_to_string(graph.ids(), u)?);
    }
    let numbers = numbers.as_any().downcast_ref::<Float32Array>();
    Ok(numbers.context("a cast to Float32 should give Float32")?.values().to_vec())
}

/// Node column `name` as flags; what is missing is false.
fn flag_column(graph: &Graph, name: &str) -> anyhow::Result<Vec<bool>> {
    let column = graph.node_column(name)?;
    let kind = column.data_type();
    ensure!(
        kind.is_numeric() || matches!(kind, DataType::Boolean | DataType::Null),
        "node column `{name}` has type {kind}, but flags or numbers are needed"
    );
    let flags = cast(column, &DataType::Boolean)?;
    let flags = flags.as_any().downcast_ref::<BooleanArray>();
    let flags = flags.context("a cast to Boolean should give Boolean")?;
    Ok(flags.iter().map(Option::unwrap_or_default).collect())
}

/// A layout to be made.
#[derive(Debug)]
pub(crate) struct Work<'a> {
    pub(crate) config: &'a Config,
    pub(crate) iterations: usize,
    /// At least one.
    pub(crate) devices: &'a [Device],
    /// Whether to say what the kernels took.
    pub(crate) profile: bool,
    pub(crate) pack: bool,
    pub(crate) columns: Columns,
}

/// A layout that was made.
#[derive(Debug)]
pub(crate) struct LaidOut {
    pub(crate) x: Vec<f32>,
    pub(crate) y: Vec<f32>,
    pub(crate) run: RunReport,
    pub(crate) pack: Option<PackReport>,
}

impl Work<'_> {
    /// Lays `graph` out until it settles, the steps are used up or Ctrl-C is pressed.
    pub(crate) fn run(
        &self,
        graph: &Graph,
        deferred: &Deferred,
        messages: Messages,
    ) -> anyhow::Result<LaidOut> {
        let columns = &self.columns;
        let mut builder = Layout::builder(graph).config(self.config.clone()).devices(self.devices);
        if let Some([x, y]) = &columns.start {
            builder = builder.positions(x, y);
        }
        if let Some(fixed) = &columns.fixed {
            builder = builder.fixed(fixed);
        }
        if let Some(mass) = &columns.mass {
            builder = builder.masses(mass);
        }
        if let Some(radius) = &columns.radius {
            builder = builder.sizes(radius);
        }
        if let Some(mobility) = &columns.mobility {
            builder = builder.mobilities(mobility);
        }
        let mut layout = builder.build()?;
        // A device that has several shares is timed once.
        let mut timed: Vec<Device> = Vec::new();
        for &device in self.devices.iter().filter(|_| self.profile) {
            if !timed.contains(&device) {
                device.start_profile()?;
                timed.push(device);
            }
        }
        let mut steps = messages.steps(self.iterations);
        let run = layout.run(self.iterations, |layout| {
            let last = layout.last();
            steps.advance(last.iteration, || format!("movement {:.1e}", last.convergence));
            if deferred.requested() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })?;
        drop(steps);
        let per_step = run.duration.checked_div(run.iterations as u32).unwrap_or(Duration::ZERO);
        let devices: Vec<String> = self.devices.iter().map(ToString::to_string).collect();
        messages.say(format!(
            "{} after {} steps in {}, {} a step on {}",
            match run.stop {
                Stop::Converged => "settled",
                Stop::Iterations => "stopped",
                Stop::Canceled => "interrupted",
            },
            run.iterations,
            secs(run.duration),
            secs(per_step),
            devices.join(" and "),
        ));
        for device in timed {
            let profile = device.take_profile()?;
            match profile.kernels.is_empty() {
                true => messages.say(format!("{device} runs no kernels: nothing to profile")),
                false => messages.say(format!("{device}:\n{profile}")),
            }
        }
        let [mut x, mut y] = layout.positions()?.map(<[f32]>::to_vec);
        let pinned = columns.fixed.as_ref().is_some_and(|fixed| fixed.contains(&true));
        let pack = match self.pack && !pinned {
            true => Some(pack(graph, &mut x, &mut y, &PackConfig::default())?),
            false => None,
        };
        Ok(LaidOut { x, y, run, pack })
    }
}

/// Files to be written of a layout.
#[derive(Debug)]
pub(crate) struct Outputs<'a> {
    pub(crate) table: Option<&'a Path>,
    pub(crate) png: Option<&'a Path>,
    pub(crate) svg: Option<&'a Path>,
    pub(crate) image: &'a ImageConfig,
}

impl Outputs<'_> {
    /// Writes all that was asked for, the table first.
    pub(crate) fn write(
        &self,
        graph: Graph,
        laid_out: &LaidOut,
        messages: Messages,
    ) -> anyhow::Result<()> {
        let wrote = |path: &Path, start: Instant| {
            if !is_standard(path) {
                messages.say(format!("wrote {} in {}", path.display(), secs(start.elapsed())));
            }
        };
        let columns = [("x", &laid_out.x), ("y", &laid_out.y)].map(|(name, values)| {
            (name.to_owned(), Arc::new(Float32Array::from(values.clone())) as ArrayRef)
        });
        let graph = graph.with_node_columns(columns)?;
        if let Some(path) = self.table {
            let start = Instant::now();
            if is_graph_format(path) {
                write(&graph, path, &write_options(path))?;
            } else {
                write_table(graph.nodes(), path, &write_options(path))?;
            }
            wrote(path, start);
        }
        if self.png.is_none() && self.svg.is_none() {
            return Ok(());
        }
        let spinner = messages.spinner("drawing");
        let start = Instant::now();
        let picture = Picture::new(&graph, &laid_out.x, &laid_out.y, self.image)?;
        if picture.n_hidden() > 0 {
            let hidden = count(picture.n_hidden(), "node");
            messages.say(format!("{hidden} far from the rest left out of the picture"));
        }
        if let Some(path) = self.png {
            let letters = picture.letters_without_font();
            if !letters.is_empty() {
                let few: String = letters.chars().take(12).collect();
                let more = if few.len() < letters.len() { ", …" } else { "" };
                messages.say(format!(
                    "no font has {few}{more}: boxes stand for them; GRAPHLUME_FONTS names fonts, and SVG needs none"
                ));
            }
            picture.write_png(path)?;
            wrote(path, start);
        }
        if let Some(path) = self.svg {
            let start = Instant::now();
            picture.write_svg(path)?;
            wrote(path, start);
        }
        drop(spinner);
        Ok(())
    }
}

/// Whether the name asks for a whole graph instead of a table of nodes.
pub(crate) fn is_graph_format(path: &Path) -> bool {
    let name = path.to_string_lossy().to_ascii_lowercase();
    let name = name.trim_end_matches(".gz").trim_end_matches(".zst");
    [".gexf", ".graphml", ".gml"].iter().any(|suffix| name.ends_with(suffix))
}
