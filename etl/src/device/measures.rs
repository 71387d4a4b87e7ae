//! Degrees, triangles, clustering and shortest paths of a graph that lies on a device.

use std::borrow::Cow;

use graph_core::Csr;
use graph_kernels::{
    Aggregation, Buffer, DeviceCsr, Groups, Indices, Meaning, Segments, aggregate, histogram,
    path_lengths, triangle_counts,
};

use super::graph::DeviceGraph;
use super::table::{Outcome, timed};
use crate::analytics::{
    Clustering, ClusteringReport, Degrees, Direction, Ranked, Sssp, SsspReport, Strengths,
    Triangles,
};
use crate::topology::{Merge, Undirected};
use crate::{Control, Error, Result};

impl DeviceGraph<'_> {
    /// In-, out- and total degrees, as [`degrees`](crate::analytics::degrees) counts them; sums of
    /// weights differ from the processor's by their rounding, about 1e-15 of each.
    ///
    /// Ends of edges are counted: 12 bytes an end. For weights the ends are sorted by node, and those
    /// of a node are summed in double precision, in a fixed order. Self-loops of an undirected graph
    /// are looked for on the host, O(m).
    ///
    /// # Errors
    ///
    /// [`Error::Stopped`] before it begins, and [`Error::Device`].
    pub fn degrees(&self, control: &Control<'_>) -> Result<Outcome<Degrees>> {
        control.step("degrees", 0, None)?;
        timed(self.device(), || {
            let coo = self.graph().coo();
            let (sources, targets) = self.ends()?;
            let count = |ends: &Indices| -> Result<Vec<u32>> {
                let mut counts = Buffer::zeros(self.device(), ends.below() as usize)?;
                histogram(ends, &mut counts)?;
                Ok(counts.download()?)
            };
            let (mut out, mut r#in) = (count(sources)?, count(targets)?);
            let mut total = out.clone();
            total.iter_mut().zip(&r#in).for_each(|(sum, more)| *sum += more);
            let is_loop = |e: &usize| coo.sources()[*e] == coo.targets()[*e];
            let is_directed = self.graph().is_directed();
            let loops = (0..if is_directed { 0 } else { coo.n_edges() }).filter(is_loop);
            if !is_directed {
                out.clone_from(&total);
                loops.clone().for_each(|e| out[coo.sources()[e] as usize] -= 1);
                r#in.clone_from(&out);
            }
            let mut weighted = None;
            if let Some(weights) = coo.weights() {
                let bits: Vec<u32> = weights.iter().map(|weight| weight.to_bits()).collect();
                let bits = Buffer::upload(self.device(), &bits)?;
                let sum = |ends: &Indices| -> Result<Vec<f64>> {
                    let groups = Groups::new(ends)?;
                    let sums = aggregate(&bits, Meaning::Float, None, &groups, Aggregation::Sum)?;
                    Ok(sums.numbers.download()?.into_iter().map(f64::from_bits).collect())
                };
                let (mut out, mut r#in) = (sum(sources)?, sum(targets)?);
                let mut total = out.clone();
                total.iter_mut().zip(&r#in).for_each(|(sum, more)| *sum += more);
                if !is_directed {
                    out.clone_from(&total);
                    loops.for_each(|e| out[coo.sources()[e] as usize] -= f64::from(weights[e]));
                    r#in.clone_from(&out);
                }
                weighted = Some(Strengths { r#in, out, total });
            }
            Ok(Degrees { r#in, out, total, weighted })
        })
    }

    /// Number of triangles at every node, and of all, as [`triangles`](crate::analytics::triangles)
    /// counts them.
    ///
    /// The host ranks nodes by falling degree and gives each edge to its end of the larger rank,
    /// O(m log n), as it does for the processor; the rest is
    /// [`graph_kernels::triangle_counts`]. Takes 12 n + 8 m bytes.
    ///
    /// # Errors
    ///
    /// [`Error::Stopped`] before it begins, and [`Error::Device`].
    pub fn triangles(&self, control: &Control<'_>) -> Result<Outcome<Triangles>> {
        control.step("edges", 0, None)?;
        let graph = Undirected::new(self.graph(), Merge::Unit);
        timed(self.device(), || self.count_triangles(&graph))
    }

    fn count_triangles(&self, graph: &Undirected) -> Result<Triangles> {
        let (ranked, n) = (Ranked::new(graph), self.graph().n_nodes());
        let rows = ranked.rows();
        let of_row = |u: usize| std::iter::repeat_n(u as u32, rows.degree(u as u32));
        let sources: Vec<u32> = (0..n).flat_map(of_row).collect();
        let counts = triangle_counts(
            &Segments::new(Buffer::upload(self.device(), rows.offsets)?)?,
            &Indices::upload(self.device(), &sources, n as u32)?,
            &Indices::upload(self.device(), rows.targets, n as u32)?,
        )?;
        Ok(ranked.report(counts))
    }

    /// Local, average and global clustering coefficients, as [`Clustering::run`] finds them of graphs
    /// without weights. Triangles are counted on the device; the host divides them by pairs.
    ///
    /// # Errors
    ///
    /// [`Error::BadOption`] if the graph has weights and they are to count,
    /// [`Error::Stopped`] before it begins, and [`Error::Device`].
    pub fn clustering(
        &self,
        options: &Clustering,
        control: &Control<'_>,
    ) -> Result<Outcome<ClusteringReport>> {
        if options.weighted && self.graph().coo().weights().is_some() {
            return Err(Error::BadOption {
                option: "weighted",
                value: "true".into(),
                allowed: "false on a device, which counts triangles alone",
            });
        }
        control.step("edges", 0, None)?;
        let graph = Undirected::new(self.graph(), Merge::Unit);
        timed(self.device(), || {
            let found = self.count_triangles(&graph)?;
            Clustering { weighted: false }.report(&graph, found, control)
        })
    }

    /// Shortest paths by weight, as [`Sssp::run`] finds them, with the same lengths to the last bit.
    ///
    /// Lengths are found in rounds by [`graph_kernels::path_lengths`], so that graphs with long
    /// paths of many edges are slow, whatever `delta` is; the nodes before each are found on the
    /// host, O(n + m). Takes 28 n + 4 m bytes, 4 m more with weights, while it runs.
    ///
    /// # Errors
    ///
    /// Those of [`Sssp::run`], and [`Error::Device`].
    pub fn sssp(&self, options: &Sssp, control: &Control<'_>) -> Result<Outcome<SsspReport>> {
        let graph = self.graph();
        options.check(graph)?;
        timed(self.device(), || {
            let into: Cow<'_, Csr> = match options.direction {
                Direction::Both if graph.is_directed() => {
                    Cow::Owned(Csr::from_undirected_coo(graph.coo()))
                }
                Direction::Forward | Direction::Both => Cow::Borrowed(graph.in_edges()),
                Direction::Backward => Cow::Borrowed(graph.out_edges()),
            };
            let (device, n) = (self.device(), graph.n_nodes() as u32);
            let rows = DeviceCsr::upload(device, n, into.offsets(), into.targets())?;
            let weights = into.weights().map(|weights| Buffer::upload(device, weights));
            let starts = Indices::upload(device, &options.sources, n)?;
            let distance = path_lengths(&rows, weights.transpose()?.as_ref(), &starts, |rounds| {
                control.step("rounds", rounds, None).map_err(Error::from)
            })?;
            Ok(options.report(graph, distance))
        })
    }
}
