//! `graphlume demo`: the whole way on a graph that is in the program.

use std::path::PathBuf;
use std::time::Instant;

use graphlume::graph::read_from;
use graphlume::layout::quality::{QualityConfig, measure};
use graphlume::layout::{Config, Device};
use graphlume::{ImageConfig, ReadOptions};

use crate::interrupt::Deferred;
use crate::layout::{Columns, Outputs, Work};
use crate::outcome::Outcome;
use crate::output::{count, print, secs};
use crate::progress::Messages;
use crate::quality::table;

/// Arguments of `graphlume demo`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Folder to write to
    #[arg(short, long, value_name = "FOLDER", default_value = "out")]
    out: PathBuf,
}

/// References between 1,224 weblogs on politics in the United States, with the camp of each.
///
/// Source: Adamic, Glance 2005, doi:10.1145/1134271.1134277.
const EDGES: &[u8] = include_bytes!("../../tests/data/graphs/polblogs.csv");
const NODES: &str = include_str!("../../tests/data/graphs/polblogs-nodes.csv");

pub(crate) fn run(args: &Args, messages: Messages) -> anyhow::Result<Outcome> {
    let start = Instant::now();
    std::fs::create_dir_all(&args.out)?;
    let path = |name: &str| args.out.join(name);
    std::fs::write(path("polblogs.csv"), EDGES)?;
    std::fs::write(path("polblogs-nodes.csv"), NODES.replacen("label", "camp", 1))?;
    let options = ReadOptions { nodes: Some(path("polblogs-nodes.csv")), ..Default::default() };
    let (graph, _) = read_from(EDGES, "polblogs.csv", &options)?;
    messages.say(format!(
        "political weblogs of 2004: {}, {}",
        count(graph.n_nodes(), "node"),
        count(graph.n_edges(), "edge")
    ));

    let config = Config { lin_log: true, ..Config::default() };
    let work = Work {
        config: &config,
        iterations: 1000,
        devices: &[Device::parse("auto")?],
        profile: false,
        pack: true,
        columns: Columns::default(),
    };
    let deferred = Deferred::begin();
    let laid_out = work.run(&graph, &deferred, messages)?;
    let image = ImageConfig { color_by: Some("camp".to_owned()), ..ImageConfig::default() };
    let (out, png) = (path("positions.csv"), path("graph.png"));
    let outputs = Outputs { table: Some(&out), png: Some(&png), svg: None, image: &image };
    let report = measure(&graph, &laid_out.x, &laid_out.y, &QualityConfig::default())?;
    outputs.write(graph, &laid_out, messages)?;

    print(table(&report).as_bytes())?;
    print(
        format!(
            "picture    {}\npositions  {}\nall in     {}\n",
            png.display(),
            out.display(),
            secs(start.elapsed())
        )
        .as_bytes(),
    )?;
    Ok(Outcome::Done)
}
