//! `graphlume generate`: graphs from a recipe and a seed.

use std::path::PathBuf;

use clap::Subcommand;
use graphlume::graph::generate::{self, BarabasiAlbert, Gnm, Gnp, Lattice, PlantedPartition, Rmat};
use graphlume::{Graph, WriteOptions, write};

use crate::outcome::Outcome;
use crate::output::{count, write_options, wrote};
use crate::progress::Messages;

/// Arguments of `graphlume generate`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    kind: Kind,
    /// File of edges to write, `-` for CSV to standard output
    #[arg(short, long, value_name = "FILE", global = true, default_value = "-")]
    out: PathBuf,
    /// File for the node table
    #[arg(long, value_name = "FILE", global = true)]
    nodes_out: Option<PathBuf>,
    /// Seed of the random numbers
    #[arg(long, global = true, default_value_t = 0)]
    seed: u64,
}

#[derive(Debug, Subcommand)]
enum Kind {
    /// R-MAT: skewed degrees, communities within communities
    Rmat {
        /// log2 of the number of nodes
        #[arg(long, default_value_t = 16)]
        scale: u32,
        /// Edges a node
        #[arg(long, default_value_t = 16)]
        edge_factor: usize,
        /// Number of edges, instead of a factor
        #[arg(long, conflicts_with = "edge_factor")]
        edges: Option<usize>,
        /// Probability of the quadrant of low sources and low targets
        #[arg(long, default_value_t = Rmat::default().a)]
        a: f64,
        /// Probability of low sources and high targets
        #[arg(long, default_value_t = Rmat::default().b)]
        b: f64,
        /// Probability of high sources and low targets
        #[arg(long, default_value_t = Rmat::default().c)]
        c: f64,
        /// Permute the node ids, so that a small id says nothing about the degree
        #[arg(long)]
        scramble: bool,
    },
    /// Barabási–Albert: new nodes prefer nodes of high degree
    BarabasiAlbert {
        /// Number of nodes
        #[arg(long, default_value_t = BarabasiAlbert::default().n_nodes)]
        nodes: usize,
        /// Earlier nodes that each new node is joined to
        #[arg(long, default_value_t = BarabasiAlbert::default().n_neighbors)]
        neighbors: usize,
    },
    /// Erdős–Rényi: every pair of nodes alike
    ErdosRenyi {
        /// Number of nodes
        #[arg(long, default_value_t = Gnm::default().n_nodes)]
        nodes: usize,
        /// Number of edges
        #[arg(long, required_unless_present = "p", conflicts_with = "p")]
        edges: Option<usize>,
        /// Probability of each pair, instead of a number of edges
        #[arg(long)]
        p: Option<f64>,
        /// Edges have a direction
        #[arg(long)]
        directed: bool,
    },
    /// Blocks of nodes that are denser inside than between them
    PlantedPartition {
        /// Number of nodes
        #[arg(long, default_value_t = PlantedPartition::default().n_nodes)]
        nodes: usize,
        /// Number of blocks
        #[arg(long, default_value_t = PlantedPartition::default().n_blocks)]
        blocks: usize,
        /// Probability of an edge inside a block
        #[arg(long, default_value_t = PlantedPartition::default().p_in)]
        p_in: f64,
        /// Probability of an edge between blocks
        #[arg(long, default_value_t = PlantedPartition::default().p_out)]
        p_out: f64,
    },
    /// Two-dimensional grid
    Lattice {
        /// Nodes from top to bottom
        #[arg(long, default_value_t = Lattice::default().rows)]
        rows: usize,
        /// Nodes from left to right
        #[arg(long, default_value_t = Lattice::default().columns)]
        columns: usize,
        /// Join opposite borders
        #[arg(long)]
        torus: bool,
    },
    /// One node joined to all others
    Star(Nodes),
    /// A line of nodes
    Path(Nodes),
    /// A ring of nodes
    Cycle(Nodes),
    /// Every pair of nodes joined
    Complete(Nodes),
}

#[derive(Debug, clap::Args)]
struct Nodes {
    /// Number of nodes
    #[arg(long, default_value_t = 100)]
    nodes: usize,
}

pub(crate) fn run(args: &Args, messages: Messages) -> anyhow::Result<Outcome> {
    let options = WriteOptions { nodes: args.nodes_out.clone(), ..write_options(&args.out) };
    options.check(&args.out)?;
    let spinner = messages.spinner("generating");
    let graph = make(&args.kind, args.seed)?;
    drop(spinner);
    let (n, m) = (count(graph.n_nodes(), "node"), count(graph.n_edges(), "edge"));
    let spinner = messages.spinner(format!("writing {}", args.out.display()));
    let report = write(&graph, &args.out, &options)?;
    drop(spinner);
    messages.say(format!("{n}, {m}; {}", wrote(&args.out, &report)));
    Ok(Outcome::Done)
}

fn make(kind: &Kind, seed: u64) -> graphlume::graph::Result<Graph> {
    match *kind {
        Kind::Rmat { scale, edge_factor, edges, a, b, c, scramble } => {
            let mut options =
                Rmat { a, b, c, scramble, seed, ..Rmat::graph500(scale, edge_factor) };
            if let Some(edges) = edges {
                options.n_edges = edges;
            }
            generate::rmat(&options)
        }
        Kind::BarabasiAlbert { nodes, neighbors } => generate::barabasi_albert(&BarabasiAlbert {
            n_nodes: nodes,
            n_neighbors: neighbors,
            seed,
        }),
        Kind::ErdosRenyi { nodes, p: Some(p), directed, .. } => {
            generate::gnp(&Gnp { n_nodes: nodes, p, directed, seed })
        }
        Kind::ErdosRenyi { nodes, edges, directed, .. } => generate::gnm(&Gnm {
            n_nodes: nodes,
            n_edges: edges.unwrap_or_default(),
            directed,
            seed,
        }),
        Kind::PlantedPartition { nodes, blocks, p_in, p_out } => {
            generate::planted_partition(&PlantedPartition {
                n_nodes: nodes,
                n_blocks: blocks,
                p_in,
                p_out,
                seed,
            })
        }
        Kind::Lattice { rows, columns, torus } => {
            generate::lattice(&Lattice { rows, columns, torus })
        }
        Kind::Star(ref args) => generate::star(args.nodes),
        Kind::Path(ref args) => generate::path(args.nodes),
        Kind::Cycle(ref args) => generate::cycle(args.nodes),
        Kind::Complete(ref args) => generate::complete(args.nodes),
    }
}
