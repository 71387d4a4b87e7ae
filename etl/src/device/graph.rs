//! Measures of a graph that lies on a device.

use std::sync::OnceLock;

use graph_core::{Csr, Graph};
use graph_kernels::{
    Buffer, Device, DeviceCsr, Indices, Ranks, SegmentScratch, SplitCsr, factorize, hops,
    smallest_connected, spmv,
};

use super::table::{Outcome, timed};
use crate::analytics::rows::{Rows, check_nodes};
use crate::analytics::{
    Bfs, BfsReport, Components, CoreNumbers, Direction, PageRank, PageRankReport, Precision,
    UNREACHED,
};
use crate::topology::{Merge, Undirected};
use crate::{Control, Error, Result};

/// A graph whose edges go to a device, each form of them when it is first needed.
///
/// Options and reports are those of [`analytics`](crate::analytics), and results agree: integers
/// are equal, floats of 32 bits within what each method says.
///
/// | form | bytes | for |
/// |---|---|---|
/// | list of edges | 8 m | components, degrees |
/// | in-edges by length of row, with weights | 4 n + 4 m, 4 m more with weights | PageRank |
/// | out- and in-edges | 8 n + 8 m | breadth-first search |
/// | neighbors, each once | 4 n + 8 m | core numbers |
///
/// Triangles, clustering and shortest paths by weight copy what they need each time.
#[derive(Debug)]
pub struct DeviceGraph<'a> {
    graph: &'a Graph,
    device: Device,
    ends: OnceLock<(Indices, Indices)>,
    pull: OnceLock<Pull>,
    weighted_pull: OnceLock<Pull>,
    outs: OnceLock<DeviceCsr>,
    ins: OnceLock<DeviceCsr>,
    both: OnceLock<DeviceCsr>,
    simple: OnceLock<DeviceCsr>,
}

/// In-edges with their weights.
#[derive(Debug)]
struct Pull {
    rows: SplitCsr,
    weights: Option<Buffer<f32>>,
}

/// What a cell has, or what `make` makes for it.
fn filled<T>(cell: &OnceLock<T>, make: impl FnOnce() -> Result<T>) -> Result<&T> {
    if let Some(known) = cell.get() {
        return Ok(known);
    }
    let made = make()?;
    Ok(cell.get_or_init(|| made))
}

impl<'a> DeviceGraph<'a> {
    /// `graph` for `device`; nothing is copied yet.
    pub fn new(graph: &'a Graph, device: Device) -> Self {
        Self {
            graph,
            device,
            ends: OnceLock::new(),
            pull: OnceLock::new(),
            weighted_pull: OnceLock::new(),
            outs: OnceLock::new(),
            ins: OnceLock::new(),
            both: OnceLock::new(),
            simple: OnceLock::new(),
        }
    }

    /// The device.
    pub fn device(&self) -> Device {
        self.device
    }

    /// The graph.
    pub fn graph(&self) -> &'a Graph {
        self.graph
    }

    /// The ends of all edges.
    pub(super) fn ends(&self) -> Result<&(Indices, Indices)> {
        filled(&self.ends, || {
            let ends = |nodes| Indices::upload(self.device, nodes, self.n());
            let coo = self.graph.coo();
            Ok((ends(coo.sources())?, ends(coo.targets())?))
        })
    }

    fn n(&self) -> u32 {
        self.graph.n_nodes() as u32
    }

    fn upload(&self, csr: &Csr) -> Result<DeviceCsr> {
        Ok(DeviceCsr::upload(self.device, self.n(), csr.offsets(), csr.targets())?)
    }

    /// Ranks the nodes as [`PageRank::run`] does, in single precision: a rank is off by up to 1e-6
    /// of its value and 1e-10, and what all ranks change by is known to about 1e-7.
    ///
    /// O(n + m) an iteration: reads 8 bytes an edge (12 with weights; each with a piece of 32 where
    /// ends are far apart) and moves 32 a node. The host waits for 16 kilobytes in each.
    ///
    /// ```
    /// use graph_core::{Coo, Graph};
    /// use graph_etl::Control;
    /// use graph_etl::analytics::PageRank;
    /// use graph_etl::device::DeviceGraph;
    /// use graph_kernels::Device;
    ///
    /// let cycle = Graph::from_coo(Coo::new(2, vec![0, 1], vec![1, 0], None)?, true);
    /// let graph = DeviceGraph::new(&cycle, Device::parse("auto")?);
    /// let found = graph.page_rank(&PageRank::default(), &Control::NONE)?;
    /// assert_eq!(found.result.rank, [0.5, 0.5]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`PageRank::run`]; [`Error::BadOption`] if double precision is asked for, or a
    /// tolerance below 1e-6; [`Error::Device`].
    pub fn page_rank(
        &self,
        options: &PageRank,
        control: &Control<'_>,
    ) -> Result<Outcome<PageRankReport>> {
        let start = options.start(self.graph.n_nodes())?;
        if options.precision == Precision::Double {
            return Err(Error::BadOption {
                option: "precision",
                value: "double".into(),
                allowed: "single on a device",
            });
        }
        if options.tolerance < 1e-6 {
            let value = options.tolerance.to_string().into();
            let allowed = "at least 1e-6 on a device, where ranks are of single precision";
            return Err(Error::BadOption { option: "tolerance", value, allowed });
        }
        timed(self.device, || self.rank(options, start.as_deref(), control))
    }

    fn rank(
        &self,
        options: &PageRank,
        start: Option<&[f64]>,
        control: &Control<'_>,
    ) -> Result<PageRankReport> {
        let pull = self.pull(options.weighted)?;
        let outs = Rows::of(self.graph.out_edges(), options.weighted).strengths();
        let inverse = |out: f64| if out > 0.0 { (1.0 / out) as f32 } else { 0.0 };
        let per_weight: Vec<f32> = outs.into_iter().map(inverse).collect();
        let start: Option<Vec<f32>> =
            start.map(|start| start.iter().map(|&share| share as f32).collect());
        let mut ranks = Ranks::new(self.device, &per_weight, start.as_deref())?;
        let mut gathered = Buffer::zeros(self.device, per_weight.len())?;
        let mut scratch = SegmentScratch::new(pull.rows.rows())?;
        let (mut iterations, mut change) = (0, f64::INFINITY);
        let is_empty = per_weight.is_empty();
        while iterations < options.max_iterations && change >= options.tolerance && !is_empty {
            let weights = pull.weights.as_ref();
            spmv(&pull.rows, weights, ranks.given(), &mut gathered, &mut scratch)?;
            change = ranks.step(&gathered, options.damping)?;
            iterations += 1;
            let total = options.max_iterations as u64;
            control.step("iterations", iterations as u64, Some(total))?;
        }
        if is_empty {
            change = 0.0;
        }
        let rank = ranks.rank().download()?.into_iter().map(f64::from).collect();
        Ok(PageRankReport { rank, iterations, change, converged: change < options.tolerance })
    }

    fn pull(&self, weighted: bool) -> Result<&Pull> {
        let csr = self.graph.in_edges();
        let weights = csr.weights().filter(|_| weighted);
        let cell = if weights.is_some() { &self.weighted_pull } else { &self.pull };
        filled(cell, || {
            let weights =
                weights.map(|weights| Buffer::upload(self.device, weights)).transpose()?;
            Ok(Pull { rows: SplitCsr::new(self.upload(csr)?)?, weights })
        })
    }

    /// The weakly connected components, as [`weak_components`](crate::analytics::weak_components)
    /// finds and numbers them.
    ///
    /// O(m α(n)): reads each edge once, with a piece of 32 bytes for each of its ends, and numbers
    /// components by hashing, about 120 bytes a node. Takes 28 n bytes beside the list of edges.
    ///
    /// # Errors
    ///
    /// [`Error::Stopped`] before it begins, and [`Error::Device`].
    pub fn components(&self, control: &Control<'_>) -> Result<Outcome<Components>> {
        control.step("components", 0, None)?;
        timed(self.device, || {
            let (sources, targets) = self.ends()?;
            // The smallest node of a component is the first that has its label.
            let factors = factorize(&smallest_connected(sources, targets)?)?;
            let n_components = factors.len();
            Ok(Components::new(factors.ids.numbers().download()?, n_components))
        })
    }

    /// The core number of every node, as [`core_numbers`](crate::analytics::core_numbers) finds it.
    ///
    /// Nodes are peeled by rising degree: each edge is followed from both ends, and all nodes are
    /// looked through once for each core number that occurs. The host waits for two numbers a round,
    /// so that graphs that are peeled from their ends, such as long paths, are slow.
    ///
    /// # Errors
    ///
    /// [`Error::Stopped`] before it begins, and [`Error::Device`].
    pub fn core_numbers(&self, control: &Control<'_>) -> Result<Outcome<CoreNumbers>> {
        control.step("nodes", 0, None)?;
        timed(self.device, || {
            let simple = filled(&self.simple, || {
                let simple = Undirected::new(self.graph, Merge::Unit);
                let n = self.n();
                Ok(DeviceCsr::upload(self.device, n, simple.offsets(), simple.targets())?)
            })?;
            let core = graph_kernels::core_numbers(simple)?.download()?;
            let largest = core.iter().copied().max().unwrap_or(0);
            Ok(CoreNumbers { core, largest })
        })
    }

    /// Hops from some nodes, as [`Bfs::run`] finds them.
    ///
    /// O(n + m), with edges followed from either end, whatever is less in a level. Takes 20 n bytes
    /// beside the out- and in-edges; the host waits for two numbers a level.
    ///
    /// # Errors
    ///
    /// Those of [`Bfs::run`] ([`Error::Stopped`] before it begins), and [`Error::Device`].
    pub fn bfs(&self, options: &Bfs, control: &Control<'_>) -> Result<Outcome<BfsReport>> {
        check_nodes("sources", &options.sources, self.graph.n_nodes())?;
        control.step("levels", 0, None)?;
        timed(self.device, || {
            let outs = || filled(&self.outs, || self.upload(self.graph.out_edges()));
            let ins = || filled(&self.ins, || self.upload(self.graph.in_edges()));
            let (outs, ins) = match options.direction {
                Direction::Both if self.graph.is_directed() => {
                    let both = filled(&self.both, || {
                        self.upload(&Csr::from_undirected_coo(self.graph.coo()))
                    })?;
                    (both, both)
                }
                Direction::Forward | Direction::Both => (outs()?, ins()?),
                Direction::Backward => (ins()?, outs()?),
            };
            let starts = Indices::upload(self.device, &options.sources, self.n())?;
            let most = options.max_distance.unwrap_or(u32::MAX);
            let found = hops(outs, ins, &starts, most)?;
            let (distance, parent) = (found.distances.download()?, found.parents.download()?);
            let reached = || distance.iter().filter(|&&distance| distance != UNREACHED);
            let (n_reached, depth) = (reached().count(), reached().copied().max().unwrap_or(0));
            Ok(BfsReport { distance, parent, n_reached, depth })
        })
    }
}
