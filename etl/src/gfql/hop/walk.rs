//! The walk itself: hop after hop from a frontier.

use graph_core::Coo;

use super::super::ends::End;
use super::super::set::Set;
use super::super::view::View;
use super::{NO_HOP, Spec, Way};
use crate::topology::{Direction, Incidence};
use crate::{Control, Result};

/// What can be walked on.
pub(super) struct Ground<'a> {
    pub n: usize,
    pub direction: Direction,
    pub view: &'a View<'a>,
    /// Each way in which `direction` takes edges.
    pub ways: &'static [Way],
    pub coo: &'a Coo,
    /// Edges that may be taken.
    pub edges: &'a Set,
    /// Nodes that may be left; `None` allows all.
    pub leave: Option<&'a Set>,
    /// Nodes that may be entered; `None` allows all.
    pub enter: Option<&'a Set>,
    /// Nodes that the last hop has to enter.
    pub target: Option<&'a Set>,
    /// Nodes that any hop may enter.
    pub reachable: &'a Set,
}

/// What was met on the way.
pub(super) struct Met {
    pub nodes: Set,
    pub edges: Set,
    /// The first hop that entered each node; empty if nobody asked.
    pub node_hops: Vec<u32>,
    /// The first hop that took each edge; empty if nobody asked.
    pub edge_hops: Vec<u32>,
    /// The last hop that entered any node.
    pub farthest: u32,
}

impl Met {
    pub(super) fn nothing(n: usize, m: usize) -> Self {
        Self {
            nodes: Set::empty(n),
            edges: Set::empty(m),
            node_hops: vec![NO_HOP; n],
            edge_hops: vec![NO_HOP; m],
            farthest: 0,
        }
    }
}

/// From this hop on, frontiers are expected to be small, and rows of nodes worth building.
const DEEP: u32 = 16;

impl Ground<'_> {
    /// No hop at all: seeds that may be both left and entered.
    pub(super) fn stay(&self, spec: &Spec, start: &Set) -> Met {
        let mut nodes = start.clone();
        for allowed in [self.leave, self.enter, self.target].into_iter().flatten() {
            nodes &= allowed;
        }
        let mut met = Met::nothing(self.n, self.edges.len());
        if spec.tracks() {
            nodes.members().into_iter().for_each(|u| met.node_hops[u as usize] = 0);
        }
        Met { nodes, ..met }
    }

    pub(super) fn walk(&self, spec: &Spec, start: &Set, control: &Control) -> Result<Met> {
        let tracked = spec.tracks();
        let mut met = match tracked {
            true => Met::nothing(self.n, self.edges.len()),
            false => Met { node_hops: Vec::new(), edge_hops: Vec::new(), ..Met::nothing(0, 0) },
        };
        (met.nodes, met.edges) = (Set::empty(self.n), Set::empty(self.edges.len()));
        if spec.label_seeds {
            start.members().into_iter().for_each(|u| met.node_hops[u as usize] = 0);
        }
        let mut wave = start.clone();
        let mut hop = 0;
        while spec.max.is_none_or(|max| hop < max) {
            control.step("hops", u64::from(hop), spec.max.map(u64::from))?;
            if hop == DEEP && !tracked && spec.max.is_none() {
                self.close(&wave, &mut met, control)?;
                break;
            }
            hop += 1;
            let last = spec.max == Some(hop);
            let (taken, entered) = self.step(&wave, last);
            if !entered.is_empty() {
                met.farthest = hop;
            }
            if tracked {
                label(&mut met.edge_hops, &taken, hop);
                label(&mut met.node_hops, &entered, hop);
            }
            if hop == 1 && !spec.wavefront {
                met.nodes = self.left(&wave, last);
            }
            met.edges |= &taken;
            let fresh = entered.without(&met.nodes);
            met.nodes |= &entered;
            let unmet = spec.min > 1 && met.farthest < spec.min && spec.max.is_some();
            if fresh.is_empty() && !unmet {
                break;
            }
            // Without labels, what was met before adds nothing when it is met again.
            wave = if tracked { entered } else { fresh };
        }
        Ok(met)
    }

    /// The edges taken from `wave`, and the nodes that they enter.
    fn step(&self, wave: &Set, last: bool) -> (Set, Set) {
        let allowed = self.allowed(last);
        let mut taken = Set::empty(self.edges.len());
        let mut entered = Set::empty(self.n);
        for &(from, to) in self.ways {
            let edges = self.out_of(wave, from, to, &allowed);
            entered |= &self.view.ends(&edges, to);
            taken |= &edges;
        }
        (taken, entered)
    }

    /// The nodes of `wave` that an edge is taken from.
    fn left(&self, wave: &Set, last: bool) -> Set {
        let allowed = self.allowed(last);
        let mut left = Set::empty(self.n);
        for &(from, to) in self.ways {
            left |= &self.view.ends(&self.out_of(wave, from, to, &allowed), from);
        }
        left
    }

    /// Both ends of every edge, as a walk takes it, or the first way of two.
    pub(super) fn first_way(&self) -> (&[u32], &[u32]) {
        let (from, to) = self.ways[0];
        (from.of(self.coo), to.of(self.coo))
    }

    fn out_of(&self, wave: &Set, from: End, to: End, allowed: &[&Set]) -> Set {
        let wave = match self.leave {
            Some(leave) => &(wave & leave),
            None => wave,
        };
        let (from, to) = (from.of(self.coo), to.of(self.coo));
        let mut edges = match wave.is_full() {
            true => self.edges.clone(),
            false => self.edges.filter_dense(|e| wave.contains(from[e as usize])),
        };
        for set in allowed.iter().filter(|set| !set.is_full()) {
            edges = edges.filter_dense(|e| set.contains(to[e as usize]));
        }
        edges
    }

    /// What a node has to be in to be entered.
    fn allowed(&self, last: bool) -> Vec<&Set> {
        let target = self.target.map(|target| if last { target } else { self.reachable });
        target.into_iter().chain(self.enter).collect()
    }

    /// Goes on from `wave` until nothing new is met, at the cost of what is met alone.
    fn close(&self, wave: &Set, met: &mut Met, control: &Control) -> Result<()> {
        let rows = Incidence::new(self.coo, self.direction);
        let allowed = self.allowed(false);
        let mut open = wave.members();
        let mut hop = u64::from(DEEP);
        while !open.is_empty() {
            control.step("hops", hop, None)?;
            hop += 1;
            let mut fresh = Vec::new();
            for u in open.into_iter().filter(|&u| self.leave.is_none_or(|leave| leave.contains(u)))
            {
                for (v, e) in rows.at(u) {
                    if self.edges.contains(e) && allowed.iter().all(|set| set.contains(v)) {
                        met.edges.insert(e);
                        if !met.nodes.contains(v) {
                            met.nodes.insert(v);
                            fresh.push(v);
                        }
                    }
                }
            }
            open = fresh;
        }
        Ok(())
    }
}

/// Labels what has no label yet.
fn label(hops: &mut [u32], met: &Set, hop: u32) {
    for at in met.members() {
        let known = &mut hops[at as usize];
        *known = (*known).min(hop);
    }
}
