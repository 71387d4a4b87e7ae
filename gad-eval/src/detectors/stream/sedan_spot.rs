//! SedanSpot: edges that bring far parts of the graph together.

use super::super::random::Random;
use super::checkpoint::{Reader, Writer};
use super::clock::Clock;
use super::sample::{Candidate, Sample, SampleGraph};
use super::{EdgeCore, EdgeMethod, EdgeScorer, above_zero};

use crate::{Error, Result};

/// SedanSpot: by how much an edge makes it likelier that a walk from its source visits its target,
/// in a sample of the edges before it.
///
/// The sample has a bounded size; an edge stays in it by chance, in proportion to the time since the
/// tick before divided by the number of edges in its own so far, so that bursts do not crowd out all
/// else. `walks` walks from the source, which end with each step by `restart`, are made without and
/// with the edge; the score is the share of visits to the target with it less that without, or 0.
/// The authors' program waits for the end of a tick to weigh its edges, and gives 0 until the sample is
/// full; here every edge is scored when it comes, and when the tick has ended the sample is the same.
///
/// O(walks / restart) time for an edge, beside O(log sample) and the degrees of those that come into
/// the sample or leave it; about 200 bytes for each edge of the sample.
///
/// ```
/// use gad_eval::detectors::stream::SedanSpot;
///
/// let mut sedan_spot = SedanSpot::default().start()?;
/// let far = sedan_spot.score(1, 2, 0)?;
/// let mut known = far;
/// for time in 1..100 {
///     known = sedan_spot.score(1, 2, time)?;
/// }
/// assert!(far > 0.3 && known < 0.2);
/// # Ok::<(), gad_eval::Error>(())
/// ```
///
/// Source: Eswaran, Faloutsos 2018, doi:10.1109/ICDM.2018.00117.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
#[cfg_attr(feature = "clap", derive(clap::Args))]
pub struct SedanSpot {
    /// Edges in the sample, from 1 to 2^28.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().sample))]
    pub sample: usize,
    /// Walks for each edge, without it and with it, at least 1.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().walks))]
    pub walks: usize,
    /// The chance that a walk ends with a step, above 0 and at most 1.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().restart))]
    pub restart: f64,
    /// Units of time in a tick, at least 1.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().tick))]
    pub tick: u64,
    /// When the first tick begins; with the first edge if absent.
    #[cfg_attr(feature = "clap", arg(long, allow_hyphen_values = true))]
    pub start: Option<i64>,
    /// Which walks and which sample.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().seed))]
    pub seed: u64,
}

impl Default for SedanSpot {
    fn default() -> Self {
        Self { sample: 10_000, walks: 50, restart: 0.15, tick: 1, start: None, seed: 0 }
    }
}

impl SedanSpot {
    /// A detector that has seen nothing yet.
    ///
    /// # Errors
    ///
    /// [`Error::BadOption`] if an option is not what it may be.
    pub fn start(&self) -> Result<EdgeScorer> {
        EdgeScorer::new(self)
    }
}

/// Most edges of a sample: slots of nodes are 32 bits, and two nodes belong to an edge.
const MOST_EDGES: usize = 1 << 28;

impl EdgeMethod for SedanSpot {
    const NAME: &'static str = "sedanspot";

    fn build(&self) -> Result<(Clock, Box<dyn EdgeCore>)> {
        let &Self { sample, walks, restart, tick, start, seed } = self;
        if !(1..=MOST_EDGES).contains(&sample) {
            let (value, allowed) = (sample.to_string().into(), "from 1 to 2^28");
            return Err(Error::BadOption { option: "sample", value, allowed });
        }
        above_zero("walks", walks as u64)?;
        above_zero("tick", tick)?;
        if restart.is_nan() || restart <= 0.0 || restart > 1.0 {
            let (value, allowed) = (restart.to_string().into(), "above 0 and at most 1");
            return Err(Error::BadOption { option: "restart", value, allowed });
        }
        let core = Walker {
            walks,
            restart,
            random: Random::new(seed),
            tick: 1,
            n_edges: 0,
            sample: Sample::new(sample),
            graph: SampleGraph::default(),
        };
        Ok((Clock::new(tick, start), Box::new(core)))
    }
}

/// The sample, and who walks in it.
struct Walker {
    walks: usize,
    restart: f64,
    random: Random,
    tick: u64,
    n_edges: u64,
    sample: Sample,
    graph: SampleGraph,
}

impl Walker {
    /// The share of steps that are at `v`, of walks from `u` that may use one more edge from there.
    fn visits(&mut self, u: u32, v: u32, more: bool) -> f64 {
        let Self { walks, restart, random, graph, .. } = self;
        let (mut steps, mut visits) = (0_u64, 0_u64);
        for _ in 0..*walks {
            let mut at = u;
            loop {
                steps += 1;
                visits += u64::from(at == v);
                if random.unit() < *restart {
                    break;
                }
                let row = graph.out(at);
                let choices = row.len() + usize::from(more && at == u);
                if choices == 0 {
                    break;
                }
                at = row.get(random.below(choices)).map_or(v, |&(_, target)| target);
            }
        }
        visits as f64 / steps as f64
    }
}

impl EdgeCore for Walker {
    fn tick(&mut self, tick: u64) {
        self.sample.begin_tick(tick - self.tick);
        self.tick = tick;
    }

    fn edge(&mut self, source: u64, target: u64) -> f64 {
        let (u, v) = (self.graph.hold(source), self.graph.hold(target));
        let without = self.visits(u, v, false);
        let with = self.visits(u, v, true);
        let priority = (1.0 - self.random.unit()).ln();
        let candidate = Candidate { priority, number: self.n_edges, source, target };
        self.sample.add(candidate, &mut self.graph);
        self.n_edges += 1;
        self.graph.release(u);
        self.graph.release(v);
        (with - without).max(0.0)
    }

    fn save(&self, writer: &mut Writer) {
        writer.array(&[self.random.state()]);
        self.sample.save(writer);
    }

    fn load(&mut self, reader: &mut Reader, clock: &Clock) -> Result<()> {
        let state = reader.array("generator", 1, |_: u64| true)?;
        self.random = Random::new(state[0]);
        (self.tick, self.n_edges) = (clock.tick(), clock.n_edges());
        self.graph = self.sample.load(reader, self.n_edges)?;
        Ok(())
    }

    fn n_bytes(&self) -> usize {
        self.sample.n_bytes()
    }
}
