//! A sample of the edges of a stream that bursts do not crowd out, with the graph that its edges make.

use std::collections::{BTreeSet, HashMap};
use std::mem;

use super::checkpoint::{Reader, Writer, refuse};

use crate::Result;

/// An edge with the priority that it has in a sample.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Candidate {
    /// A finite number that is not above 0; the larger ones stay.
    pub(super) priority: f64,
    /// Number of the edge in the stream.
    pub(super) number: u64,
    pub(super) source: u64,
    pub(super) target: u64,
}

impl Eq for Candidate {}

impl PartialOrd for Candidate {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Candidate {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.priority.total_cmp(&other.priority).then(self.number.cmp(&other.number))
    }
}

/// Candidates of one age: those in the sample, and those that may come into it while the tick lasts.
#[derive(Debug, Default)]
struct Age {
    inside: BTreeSet<Candidate>,
    outside: BTreeSet<Candidate>,
}

/// Candidates of earlier ticks, in [`Sample::ages`].
const OLD: usize = 0;
/// Candidates of this tick.
const NEW: usize = 1;

/// A weighted sample without replacement, of at most `size` edges: those with the largest
/// `ln(random) / weight` (Efraimidis, Spirakis 2006), where the weight of an edge is the number of
/// ticks since the last one with edges, over the number of edges in its own.
///
/// How many those are is known when the tick ends. Until then the sample is that of a tick which ended
/// with the last edge: with each further edge the priorities of all edges of the tick fall by one
/// factor, which keeps their order. So the `size` best of the tick, and the `size` best of those before
/// it, are all that can ever be in the sample, and nothing else is kept.
#[derive(Debug)]
pub(super) struct Sample {
    size: usize,
    /// Priorities of the new ones are without their weight.
    ages: [Age; 2],
    /// Edges in this tick.
    n_new: u64,
    /// Ticks since the last one with edges, at least 1.
    since: u64,
}

impl Sample {
    pub(super) fn new(size: usize) -> Self {
        Self { size, ages: Default::default(), n_new: 0, since: 1 }
    }

    /// A tick begins, `since` ticks after the last one with edges.
    pub(super) fn begin_tick(&mut self, since: u64) {
        let factor = self.factor(NEW);
        let [old, new] = &mut self.ages;
        old.outside.clear();
        new.outside.clear();
        let new = mem::take(&mut new.inside).into_iter();
        old.inside.extend(new.map(|one| Candidate { priority: one.priority * factor, ..one }));
        (self.n_new, self.since) = (0, since.max(1));
    }

    /// Takes the next edge of the tick, whose priority is `ln(random)`, and puts it into `graph` if it is
    /// in the sample; what leaves the sample leaves the graph.
    ///
    /// O(log size) amortized over a tick, beside the work in the graph.
    pub(super) fn add(&mut self, candidate: Candidate, graph: &mut SampleGraph) {
        self.n_new += 1;
        self.ages[NEW].outside.insert(candidate);
        while let Some((age, best)) = self.best_outside() {
            if self.n_inside() == self.size {
                let Some((worst_age, worst)) = self.worst_inside() else { break };
                if !self.beats((age, best), (worst_age, worst)) {
                    break;
                }
                self.ages[worst_age].inside.remove(&worst);
                self.ages[worst_age].outside.insert(worst);
                graph.remove(&worst);
            }
            self.ages[age].outside.remove(&best);
            self.ages[age].inside.insert(best);
            graph.add(&best);
        }
        let new = &mut self.ages[NEW];
        if self.size < new.inside.len() + new.outside.len() {
            new.outside.pop_first();
        }
    }

    fn n_inside(&self) -> usize {
        self.ages.iter().map(|age| age.inside.len()).sum()
    }

    /// What turns a priority of this age into one that all can be compared by.
    fn factor(&self, age: usize) -> f64 {
        match age {
            OLD => 1.0,
            _ => self.n_new as f64 / self.since as f64,
        }
    }

    /// Whether the first is to be in the sample rather than the second. Of equals the newer one is.
    fn beats(&self, (age, one): (usize, Candidate), (of, other): (usize, Candidate)) -> bool {
        if age == of {
            return other < one;
        }
        let value = |age: usize, one: &Candidate| one.priority * self.factor(age);
        value(age, &one).total_cmp(&value(of, &other)).then(age.cmp(&of)).is_gt()
    }

    fn best_outside(&self) -> Option<(usize, Candidate)> {
        let [old, new] = [OLD, NEW].map(|age| Some((age, *self.ages[age].outside.last()?)));
        match (old, new) {
            (Some(old), Some(new)) => Some(if self.beats(new, old) { new } else { old }),
            (old, new) => old.or(new),
        }
    }

    fn worst_inside(&self) -> Option<(usize, Candidate)> {
        let [old, new] = [OLD, NEW].map(|age| Some((age, *self.ages[age].inside.first()?)));
        match (old, new) {
            (Some(old), Some(new)) => Some(if self.beats(new, old) { old } else { new }),
            (old, new) => old.or(new),
        }
    }

    fn sets(&self) -> [&BTreeSet<Candidate>; 4] {
        let [old, new] = &self.ages;
        [&old.inside, &old.outside, &new.inside, &new.outside]
    }

    pub(super) fn save(&self, writer: &mut Writer) {
        let sets = self.sets();
        writer.array(&[self.n_new, self.since]);
        writer.array(&sets.map(|set| set.len() as u64));
        for set in sets {
            writer.array(&set.iter().map(|one| one.priority).collect::<Vec<_>>());
            let parts: [fn(&Candidate) -> u64; 3] =
                [|one| one.number, |one| one.source, |one| one.target];
            for part in parts {
                writer.array(&set.iter().map(part).collect::<Vec<_>>());
            }
        }
    }

    /// Reads what [`Sample::save`] wrote after `n_edges` edges, and makes the graph of it.
    pub(super) fn load(&mut self, reader: &mut Reader, n_edges: u64) -> Result<SampleGraph> {
        let counts = reader.array("sample", 2, |_: u64| true)?;
        (self.n_new, self.since) = (counts[0], counts[1]);
        let sizes = reader.array("sizes of the sample", 4, |n: u64| n <= self.size as u64)?;
        let contradicts = || refuse("its sample contradicts itself");
        let before = n_edges.checked_sub(self.n_new).filter(|_| 0 < self.since);
        let before = before.ok_or_else(contradicts)?;
        for (place, n) in sizes.into_iter().enumerate() {
            let n = n as usize;
            let age = if place < 2 { OLD } else { NEW };
            let fits = |p: f64| p <= 0.0 && p.is_finite();
            let priorities = reader.array("priorities of the sample", n, fits)?;
            let fits = |number: u64| (number < before) == (age == OLD) && number < n_edges;
            let numbers = reader.array("numbers of the sample", n, fits)?;
            let sources: Vec<u64> = reader.array("sources of the sample", n, |_| true)?;
            let targets: Vec<u64> = reader.array("targets of the sample", n, |_| true)?;
            let ends = sources.into_iter().zip(targets);
            let rows = priorities.into_iter().zip(numbers).zip(ends);
            let set = rows.map(|((priority, number), (source, target))| Candidate {
                priority,
                number,
                source,
                target,
            });
            let of = &mut self.ages[age];
            *(if place % 2 == 0 { &mut of.inside } else { &mut of.outside }) = set.collect();
        }
        let distinct: BTreeSet<u64> =
            self.sets().into_iter().flatten().map(|one| one.number).collect();
        let n_all: usize = self.sets().into_iter().map(BTreeSet::len).sum();
        let n_fit = self.ages.iter().all(|age| age.inside.len() + age.outside.len() <= self.size);
        let is_settled = self.best_outside().is_none_or(|best| {
            self.n_inside() == self.size
                && self.worst_inside().is_some_and(|worst| !self.beats(best, worst))
        });
        if distinct.len() != n_all || !n_fit || self.size < self.n_inside() || !is_settled {
            return Err(contradicts());
        }
        let mut graph = SampleGraph::default();
        self.ages.iter().flat_map(|age| &age.inside).for_each(|one| graph.add(one));
        Ok(graph)
    }

    /// The most that a sample of this size takes, with its graph: two candidates and an edge of the graph for each
    /// edge of the sample, and two nodes.
    pub(super) fn n_bytes(&self) -> usize {
        self.size * (2 * size_of::<Candidate>() + size_of::<Target>() + 2 * size_of::<Node>())
    }
}

/// The end of an edge of the sample: the number of the edge, and the slot of the node.
type Target = (u64, u32);

/// A node that an edge of the sample has, or that somebody asks for.
#[derive(Debug, Default)]
struct Node {
    id: u64,
    /// Ends of edges that it is, and those who hold it.
    n_ends: u32,
    /// Out-edges, in the order of the stream, whatever order they came into the sample in: so walks depend on
    /// what is in the sample, and not on its past.
    out: Vec<Target>,
}

/// The graph of the edges in a sample. Its nodes are slots, which others get when no edge has them any more.
#[derive(Debug, Default)]
pub(super) struct SampleGraph {
    slots: HashMap<u64, u32>,
    nodes: Vec<Node>,
    free: Vec<u32>,
}

impl SampleGraph {
    /// The slot of a node, which is there until it is released.
    pub(super) fn hold(&mut self, id: u64) -> u32 {
        let Self { slots, nodes, free } = self;
        let slot = *slots.entry(id).or_insert_with(|| match free.pop() {
            Some(slot) => slot,
            None => {
                nodes.push(Node::default());
                (nodes.len() - 1) as u32
            }
        });
        let node = &mut nodes[slot as usize];
        node.id = id;
        node.n_ends += 1;
        slot
    }

    pub(super) fn release(&mut self, slot: u32) {
        let node = &mut self.nodes[slot as usize];
        node.n_ends -= 1;
        if node.n_ends == 0 {
            self.slots.remove(&node.id);
            *node = Node::default();
            self.free.push(slot);
        }
    }

    /// Out-edges of the node in `slot`.
    #[inline]
    pub(super) fn out(&self, slot: u32) -> &[Target] {
        &self.nodes[slot as usize].out
    }

    fn add(&mut self, edge: &Candidate) {
        let (source, target) = (self.hold(edge.source), self.hold(edge.target));
        let row = &mut self.nodes[source as usize].out;
        let place = row.partition_point(|&(number, _)| number < edge.number);
        row.insert(place, (edge.number, target));
    }

    fn remove(&mut self, edge: &Candidate) {
        let Some(&source) = self.slots.get(&edge.source) else { return };
        let row = &mut self.nodes[source as usize].out;
        let Ok(place) = row.binary_search_by_key(&edge.number, |&(number, _)| number) else {
            return;
        };
        let (_, target) = row.remove(place);
        // A node that had many would keep the room of all for as long as it has one.
        if 4 * row.len() < row.capacity() {
            row.shrink_to(2 * row.len());
        }
        self.release(source);
        self.release(target);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::super::random::Random;
    use super::*;

    /// Edges of a graph, by number.
    fn edges(graph: &SampleGraph) -> BTreeSet<(u64, u64, u64)> {
        let id = |slot: u32| graph.nodes[slot as usize].id;
        let rows = graph.nodes.iter();
        rows.flat_map(|node| node.out.iter().map(|&(number, to)| (number, node.id, id(to))))
            .collect()
    }

    proptest! {
        /// Oracle: all edges that ever were, by the weight that their tick gives them so far.
        #[test]
        fn the_sample_is_that_of_all_edges_with_little_kept(
            steps in prop::collection::vec((0..4_u64, 0..6_u64, 0..6_u64), 1..200),
            size in 1..12_usize,
            seed: u64,
        ) {
            let mut random = Random::new(seed);
            let (mut sample, mut graph) = (Sample::new(size), SampleGraph::default());
            let mut ended: Vec<Candidate> = Vec::new();
            let mut current: Vec<Candidate> = Vec::new();
            let mut since = 1;
            for (number, (step, source, target)) in (0_u64..).zip(steps) {
                if 0 < step && 0 < number {
                    let factor = current.len() as f64 / since as f64;
                    let weighted = |one: Candidate| Candidate { priority: one.priority * factor, ..one };
                    ended.extend(current.drain(..).map(weighted));
                    since = step;
                    sample.begin_tick(step);
                }
                let priority = (1.0 - random.unit()).ln();
                let one = Candidate { priority, number, source, target };
                current.push(one);
                sample.add(one, &mut graph);
                let factor = current.len() as f64 / since as f64;
                let now = current.iter().map(|&one| Candidate { priority: one.priority * factor, ..one });
                let mut all: Vec<Candidate> = ended.iter().copied().chain(now).collect();
                all.sort();
                let best = all.iter().rev().take(size);
                let expected: BTreeSet<_> = best.map(|one| (one.number, one.source, one.target)).collect();
                prop_assert_eq!(&edges(&graph), &expected);
                for age in &sample.ages {
                    prop_assert!(age.inside.len() + age.outside.len() <= size);
                }
                let used: BTreeSet<u64> = expected.iter().flat_map(|&(_, u, v)| [u, v]).collect();
                let known: BTreeSet<u64> = graph.slots.keys().copied().collect();
                prop_assert_eq!(known, used);
                prop_assert!(graph.nodes.len() <= 2 * size + 2);
            }
        }
    }

    /// A tick with ten times as many edges as the sample holds has the weight of one tick.
    #[test]
    fn a_burst_does_not_crowd_out_the_rest() {
        let (mut sample, mut graph) = (Sample::new(100), SampleGraph::default());
        let mut random = Random::new(7);
        let mut number = 0;
        let mut tick = |n: u64, source: u64| {
            sample.begin_tick(1);
            for _ in 0..n {
                let priority = (1.0 - random.unit()).ln();
                sample.add(Candidate { priority, number, source, target: 9 }, &mut graph);
                number += 1;
            }
            let of_burst = edges(&graph).into_iter().filter(|&(_, source, _)| source == 2).count();
            (of_burst, edges(&graph).len())
        };
        for _ in 0..100 {
            tick(1, 1);
        }
        let (of_burst, all) = tick(1000, 2);
        assert!(all == 100 && 0 < of_burst && of_burst < 40, "{of_burst} of {all}");
    }

    #[test]
    fn a_sample_that_cannot_be_is_refused() {
        let (mut sample, mut graph) = (Sample::new(3), SampleGraph::default());
        for number in 0..9 {
            if number == 5 {
                sample.begin_tick(2);
            }
            let priority = -(number as f64) - 1.0;
            sample.add(Candidate { priority, number, source: 1, target: 2 }, &mut graph);
        }
        let load = |sample: &Sample, size: usize, n_edges: u64| {
            let mut writer = Writer::new("name", "{}");
            sample.save(&mut writer);
            let bytes = writer.finish();
            let mut reader = Reader::new(&bytes).unwrap();
            Sample::new(size).load(&mut reader, n_edges).map(|graph| edges(&graph))
        };
        assert_eq!(load(&sample, 3, 9).unwrap(), edges(&graph));
        // Too many for its size; numbers that are not yet; an edge outside that should be inside.
        assert!(load(&sample, 2, 9).is_err() && load(&sample, 3, 7).is_err());
        let best = *sample.ages[OLD].inside.last().unwrap();
        sample.ages[OLD].inside.remove(&best);
        assert!(load(&sample, 3, 9).is_err());
        sample.ages[NEW].inside.insert(Candidate { number: 8, priority: -0.5, ..best });
        assert!(load(&sample, 3, 9).is_err());
    }
}
