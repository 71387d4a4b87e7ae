//! Changes of shape against oracles that are too slow to be wrong, on small random graphs.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, Float32Array, Float64Array, Int64Array, NullArray, RecordBatch,
    StringArray,
};
use arrow::datatypes::{Float32Type, Int64Type, UInt32Type};
use arrow::util::display::array_value_to_string;
use graph_core::{Coo, Graph, NodeId, ReadOptions, WriteOptions, read, write};
use proptest::prelude::*;

use super::*;
use crate::{Control, Error};

const N: u32 = 9;

type Edge = (NodeId, NodeId, u8);

fn edges() -> impl Strategy<Value = Vec<Edge>> {
    prop::collection::vec((0..N, 0..N, 1..5_u8), 0..40)
}

fn combine() -> impl Strategy<Value = Combine> {
    prop::sample::select(vec![Combine::Sum, Combine::Max, Combine::Min, Combine::First])
}

/// A graph whose external ids are `10 · node`, with the number of each node and edge as attribute
/// `at`, teams of nodes, and weights if `weighted`.
fn graph(edges: &[Edge], directed: bool, weighted: bool) -> Graph {
    let weights: Vec<f32> = edges.iter().map(|&(.., w)| f32::from(w)).collect();
    let coo = Coo::new(
        N as usize,
        edges.iter().map(|&(u, ..)| u).collect(),
        edges.iter().map(|&(_, v, _)| v).collect(),
        weighted.then(|| weights.clone()),
    );
    let count = |n: i64, by: i64| Arc::new(Int64Array::from_iter_values((0..n).map(|i| i * by)));
    let teams: StringArray = (0..N).map(|u| (u % 4 > 0).then(|| format!("t{}", u % 4))).collect();
    let nodes = RecordBatch::try_from_iter([
        ("key", count(i64::from(N), 10) as ArrayRef),
        ("at", count(i64::from(N), 1) as ArrayRef),
        ("team", Arc::new(teams) as ArrayRef),
    ]);
    let table = RecordBatch::try_from_iter([
        ("at", count(edges.len() as i64, 1) as ArrayRef),
        ("strength", Arc::new(Float32Array::from(weights)) as ArrayRef),
    ]);
    Graph::from_parts(nodes.unwrap(), table.unwrap(), coo.unwrap(), directed)
        .unwrap()
        .with_end_names("from", "to")
}

fn ints(table: &RecordBatch, column: &str) -> Vec<i64> {
    table.column_by_name(column).unwrap().as_primitive::<Int64Type>().values().to_vec()
}

fn ends(graph: &Graph) -> Vec<(NodeId, NodeId)> {
    let coo = graph.coo();
    coo.sources().iter().copied().zip(coo.targets().iter().copied()).collect()
}

fn weight(graph: &Graph, edge: usize) -> f32 {
    graph.coo().weights().map_or(1.0, |weights| weights[edge])
}

/// Rows are where the report says that they come from, and edges join the same external ids.
fn check_rows(part: &Reshaped, old: &Graph) {
    let (new, nodes, edges) = (&part.graph, &part.nodes, &part.edges);
    let numbers = |rows: &[u32]| rows.iter().map(|&row| i64::from(row)).collect::<Vec<_>>();
    assert_eq!(ints(new.nodes(), "at"), numbers(nodes));
    assert_eq!(ints(new.nodes(), "key"), numbers(nodes).iter().map(|u| u * 10).collect::<Vec<_>>());
    assert_eq!(ints(new.edges(), "at"), numbers(edges));
    assert_eq!(new.end_names(), ["from", "to"]);
    for ((u, v), &edge) in ends(new).into_iter().zip(edges) {
        let (s, t) = ends(old)[edge as usize];
        let here = (nodes[u as usize], nodes[v as usize]);
        assert!(here == (s, t) || here == (t, s), "edge {edge} is {here:?}, not {:?}", (s, t));
    }
}

/// Weights are where they came from, and in the column that they came from.
fn check_weights(part: &Reshaped, expected: impl Fn(usize, NodeId, NodeId) -> f32) {
    let column = part.graph.edges().column_by_name("strength").unwrap();
    let column = column.as_primitive::<Float32Type>().values();
    for (edge, (u, v)) in ends(&part.graph).into_iter().enumerate() {
        assert_eq!(weight(&part.graph, edge), expected(edge, u, v));
        if part.graph.coo().weights().is_some() {
            assert_eq!(column[edge], weight(&part.graph, edge));
        }
    }
}

fn fold(combine: Combine, weights: &[f32]) -> f32 {
    match combine {
        Combine::Sum => weights.iter().sum(),
        Combine::Max => weights.iter().copied().fold(f32::MIN, f32::max),
        Combine::Min => weights.iter().copied().fold(f32::MAX, f32::min),
        Combine::First => weights[0],
    }
}

/// Weights of the edges between two nodes, in input order.
fn bundles(old: &Graph, directed: bool) -> BTreeMap<(NodeId, NodeId), Vec<(usize, f32)>> {
    let mut bundles: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for (edge, (u, v)) in ends(old).into_iter().enumerate() {
        let key = if directed { (u, v) } else { (u.min(v), u.max(v)) };
        bundles.entry(key).or_default().push((edge, weight(old, edge)));
    }
    bundles
}

proptest! {
    #[test]
    fn deduplicating_leaves_the_first_of_each_bundle(
        edges in edges(), directed: bool, weighted: bool, combine in combine(),
    ) {
        let old = graph(&edges, directed, weighted);
        let part = deduplicate(&old, combine).unwrap();
        let bundles = bundles(&old, directed);
        let mut firsts: Vec<u32> = bundles.values().map(|bundle| bundle[0].0 as u32).collect();
        firsts.sort_unstable();
        prop_assert_eq!(&part.edges, &firsts);
        check_rows(&part, &old);
        if weighted {
            check_weights(&part, |_, u, v| {
                let key = if directed { (u, v) } else { (u.min(v), u.max(v)) };
                let weights: Vec<f32> = bundles[&key].iter().map(|&(_, w)| w).collect();
                fold(combine, &weights)
            });
        } else if let Some(weights) = part.graph.coo().weights() {
            prop_assert_eq!(combine, Combine::Sum);
            prop_assert_eq!(weights.iter().sum::<f32>(), edges.len() as f32);
        }
    }

    #[test]
    fn symmetric_graphs_have_every_edge_both_ways_once(
        edges in edges(), directed: bool, combine in combine(),
    ) {
        let old = graph(&edges, directed, true);
        let part = symmetrize(&old, combine).unwrap();
        let bundles = bundles(&old, false);
        let expected: BTreeSet<_> =
            bundles.keys().flat_map(|&(u, v)| [(u, v), (v, u)]).collect();
        let found = ends(&part.graph);
        prop_assert_eq!(found.len(), expected.len());
        prop_assert_eq!(found.into_iter().collect::<BTreeSet<_>>(), expected);
        prop_assert!(part.graph.is_directed());
        check_rows(&part, &old);
        check_weights(&part, |_, u, v| {
            let weights: Vec<f32> = bundles[&(u.min(v), u.max(v))].iter().map(|&(_, w)| w).collect();
            fold(combine, &weights)
        });
    }

    #[test]
    fn reversing_twice_and_forgetting_directions_keep_the_rest(edges in edges(), directed: bool) {
        let old = graph(&edges, directed, true);
        let turned = reverse(&old).unwrap();
        prop_assert_eq!(turned.coo().sources(), old.coo().targets());
        prop_assert_eq!(turned.edges(), old.edges());
        let back = reverse(&turned).unwrap();
        prop_assert_eq!(back.coo(), old.coo());
        let undirected = undirected(&old).unwrap();
        prop_assert!(!undirected.is_directed());
        prop_assert_eq!((undirected.coo(), undirected.nodes()), (old.coo(), old.nodes()));
        prop_assert_eq!(undirected.end_names(), ["from", "to"]);
    }

    #[test]
    fn no_self_loop_stays(edges in edges()) {
        let old = graph(&edges, true, true);
        let part = drop_self_loops(&old).unwrap();
        let expected: Vec<u32> = (0..edges.len() as u32)
            .filter(|&e| edges[e as usize].0 != edges[e as usize].1).collect();
        prop_assert_eq!(&part.edges, &expected);
        prop_assert_eq!(part.graph.n_nodes(), N as usize);
        check_rows(&part, &old);
        check_weights(&part, |edge, _, _| weight(&old, expected[edge] as usize));
    }

    #[test]
    fn relabeling_renames_nodes_alone(edges in edges(), order in Just((0..N).collect::<Vec<_>>()).prop_shuffle()) {
        let old = graph(&edges, true, true);
        let part = relabel(&old, &order).unwrap();
        prop_assert_eq!(&part.nodes, &order);
        prop_assert_eq!(part.graph.n_edges(), edges.len());
        check_rows(&part, &old);
        let degrees = old.degrees();
        let by_degree = by_degree(&old);
        prop_assert!(by_degree.is_sorted_by_key(|&u| (std::cmp::Reverse(degrees[u as usize]), u)));
        let used: Vec<NodeId> = by_first_use(&old);
        let mut naive = Vec::new();
        for (u, v) in ends(&old) {
            for end in [u, v] {
                if !naive.contains(&end) {
                    naive.push(end);
                }
            }
        }
        prop_assert_eq!(&used, &naive);
        let compacted = compact(&old).unwrap();
        prop_assert_eq!(&compacted.nodes, &naive);
        check_rows(&compacted, &old);
    }

    #[test]
    fn induced_parts_have_all_edges_between_their_nodes(
        edges in edges(), directed: bool, keep in prop::collection::vec(any::<bool>(), N as usize),
    ) {
        let old = graph(&edges, directed, true);
        let mut nodes: Vec<NodeId> = (0..N).filter(|&u| keep[u as usize]).collect();
        let expected: Vec<u32> = (0..edges.len() as u32).filter(|&e| {
            let (u, v, _) = edges[e as usize];
            keep[u as usize] && keep[v as usize]
        }).collect();
        let by_mask = induced_by_mask(&old, &keep.iter().copied().collect()).unwrap();
        prop_assert_eq!(&by_mask.nodes, &nodes);
        nodes.reverse();
        let by_nodes = induced_by_nodes(&old, &nodes).unwrap();
        prop_assert_eq!(&by_nodes.nodes, &nodes);
        for part in [by_mask, by_nodes] {
            prop_assert_eq!(&part.edges, &expected);
            check_rows(&part, &old);
        }
    }

    #[test]
    fn parts_by_edges_have_the_nodes_they_name(
        edges in edges(), directed: bool, bits in prop::collection::vec(any::<bool>(), 40),
    ) {
        let old = graph(&edges, directed, true);
        let kept: Vec<u32> = (0..edges.len() as u32).filter(|&e| bits[e as usize]).collect();
        let named: BTreeSet<NodeId> = kept.iter()
            .flat_map(|&e| [edges[e as usize].0, edges[e as usize].1]).collect();
        let mask = bits[..edges.len()].iter().copied().collect();
        for part in [induced_by_edges(&old, &kept).unwrap(), filter_edges(&old, &mask, false).unwrap()] {
            prop_assert_eq!(&part.edges, &kept);
            prop_assert!(part.nodes.iter().eq(&named));
            check_rows(&part, &old);
        }
        let all = filter_edges(&old, &mask, true).unwrap();
        prop_assert_eq!((all.edges, all.graph.n_nodes()), (kept, N as usize));
        let pruned = prune_orphans(&old).unwrap();
        prop_assert_eq!(pruned.graph.n_edges(), edges.len());
        prop_assert!(pruned.graph.degrees().iter().all(|&degree| degree > 0));
        check_rows(&pruned, &old);
    }

    #[test]
    fn the_largest_component_is_no_smaller_than_others(edges in edges()) {
        let old = graph(&edges, true, false);
        let part = largest_component(&old).unwrap();
        let (component, count) = old.components();
        let size = |c: u32| component.iter().filter(|&&other| other == c).count();
        let largest = component[part.nodes[0] as usize];
        prop_assert!((0..count as u32).all(|c| size(c) < size(largest) || c >= largest && size(c) == size(largest)));
        prop_assert!(part.nodes.iter().all(|&u| component[u as usize] == largest));
        prop_assert_eq!(part.nodes.len(), size(largest));
        check_rows(&part, &old);
    }

    #[test]
    fn materialized_nodes_are_the_ids_of_sources_then_targets(edges in edges()) {
        let old = graph(&edges, true, false);
        let part = materialize_nodes(&old).unwrap();
        let mut naive = Vec::new();
        for u in edges.iter().map(|&(u, ..)| u).chain(edges.iter().map(|&(_, v, _)| v)) {
            if !naive.contains(&u) {
                naive.push(u);
            }
        }
        prop_assert_eq!(&part.nodes, &naive);
        prop_assert_eq!(part.graph.nodes().num_columns(), 1);
        prop_assert_eq!(ints(part.graph.nodes(), "key"), naive.iter().map(|&u| i64::from(u) * 10).collect::<Vec<_>>());
        prop_assert_eq!(part.graph.n_edges(), edges.len());
    }

    #[test]
    fn kept_and_dropped_nodes_are_all_nodes(
        edges in edges(), keys in prop::collection::vec(-1..12_i64, 0..6),
        teams in prop::collection::vec(prop::option::of("t[0-4]"), 0..4),
    ) {
        let old = graph(&edges, true, true);
        let keys: Vec<i64> = keys.into_iter().map(|key| key * 10).collect();
        let wanted: [(&str, ArrayRef); 2] = [
            ("key", Arc::new(Int64Array::from(keys.clone()))),
            ("team", Arc::new(StringArray::from(teams.clone()))),
        ];
        let kept = keep_nodes(&old, &wanted).unwrap();
        let dropped = drop_nodes(&old, &wanted).unwrap();
        let is_wanted = |u: u32| {
            let team = (!u.is_multiple_of(4)).then(|| format!("t{}", u % 4));
            keys.contains(&(i64::from(u) * 10)) && teams.contains(&team)
        };
        prop_assert!(kept.nodes.iter().copied().eq((0..N).filter(|&u| is_wanted(u))));
        prop_assert!(dropped.nodes.iter().copied().eq((0..N).filter(|&u| !is_wanted(u))));
        check_rows(&kept, &old);
        check_rows(&dropped, &old);
    }

    /// Oracle: distances by relaxing all edges, and paths by trying every edge as the last kept.
    #[test]
    fn hops_are_those_of_relaxed_distances(
        edges in edges(),
        direction in prop::sample::select(vec![Direction::Forward, Direction::Reverse, Direction::Both]),
        min_hops in 0..4_u32, more in prop::option::of(0..3_u32),
        allowed in prop::collection::vec(prop::bool::weighted(0.8), 40 + 2 * N as usize),
        seeds in prop::collection::btree_set(0..N, 0..4),
    ) {
        let old = graph(&edges, true, true);
        let (edge_bits, node_bits) = allowed.split_at(40);
        let (source_bits, target_bits) = node_bits.split_at(N as usize);
        let mask = |bits: &[bool]| bits.iter().copied().collect();
        let (edge_mask, source_mask, target_mask) =
            (mask(&edge_bits[..edges.len()]), mask(source_bits), mask(target_bits));
        let hops = Hops {
            direction, min_hops, max_hops: more.map(|more| min_hops + more),
            edges: Some(&edge_mask), sources: Some(&source_mask), targets: Some(&target_mask),
        };
        let seeds: Vec<NodeId> = seeds.into_iter().collect();
        let report = hops.run(&old, &seeds, &Control::NONE).unwrap();

        let mut steps = Vec::new();
        for (e, &(u, v, _)) in edges.iter().enumerate() {
            let ways = match direction {
                Direction::Forward => vec![(u, v)],
                Direction::Reverse => vec![(v, u)],
                Direction::Both => vec![(u, v), (v, u)],
            };
            steps.extend(ways.into_iter()
                .filter(|&(s, t)| edge_bits[e] && source_bits[s as usize] && target_bits[t as usize])
                .map(|(s, t)| (s, t, e)));
        }
        let max = hops.max_hops.unwrap_or(u32::MAX);
        let mut distance = vec![HopReport::NEVER; N as usize];
        for &seed in &seeds {
            distance[seed as usize] = 0;
        }
        for hop in 1..=u32::min(max, N) {
            for &(s, t, _) in &steps {
                if distance[s as usize] == hop - 1 && distance[t as usize] > hop {
                    distance[t as usize] = hop;
                }
            }
        }
        prop_assert_eq!(&report.node_hops, &distance);
        let hop_of = |s: NodeId| distance[s as usize].saturating_add(1);
        let mut kept = BTreeSet::new();
        for _ in 0..=N {
            for &(s, t, e) in &steps {
                let hop = hop_of(s);
                let leads_on = || steps.iter().any(|&(s2, t2, e2)| {
                    s2 == t && hop_of(s2) == hop + 1 && distance[t as usize] == hop && kept.contains(&(s2, t2, e2))
                });
                let met = distance[s as usize] != HopReport::NEVER;
                if met && hop <= max && (hop >= min_hops || leads_on()) {
                    kept.insert((s, t, e));
                }
            }
        }
        let kept_edges: BTreeSet<usize> = kept.iter().map(|&(.., e)| e).collect();
        prop_assert_eq!(report.edges.set_indices().collect::<BTreeSet<_>>(), kept_edges);
        let mut kept_nodes: BTreeSet<usize> =
            kept.iter().flat_map(|&(s, t, _)| [s as usize, t as usize]).collect();
        if min_hops == 0 {
            kept_nodes.extend(seeds.iter().map(|&u| u as usize));
        }
        prop_assert_eq!(report.nodes.set_indices().collect::<BTreeSet<_>>(), kept_nodes);
        for (e, &hop) in report.edge_hops.iter().enumerate() {
            let first = steps.iter().filter(|&&(.., e2)| e2 == e).map(|&(s, ..)| hop_of(s)).min();
            prop_assert_eq!(hop, first.filter(|&hop| hop <= max).unwrap_or(HopReport::NEVER));
        }
        check_rows(&report.subgraph(&old).unwrap(), &old);
    }

    #[test]
    fn contracting_counts_what_it_merges(
        edges in edges(), directed: bool, weighted: bool, combine in combine(), self_loops: bool,
        labels in prop::collection::vec(5..9_u32, N as usize),
    ) {
        let old = graph(&edges, directed, weighted);
        let report = Contract { combine, self_loops }.run(&old, &labels).unwrap();
        let new = &report.graph;
        let ids = new.ids().as_primitive::<UInt32Type>().values();
        prop_assert!((0..N as usize).all(|u| ids[report.groups[u] as usize] == labels[u]));
        let mut firsts = Vec::new();
        for &group in &report.groups {
            if !firsts.contains(&group) {
                firsts.push(group);
            }
        }
        prop_assert!(firsts.is_sorted());
        let column = |table: &RecordBatch, name: &str| table.column_by_name(name).unwrap().as_primitive::<UInt32Type>().values().to_vec();
        for (group, &size) in column(new.nodes(), "n_nodes").iter().enumerate() {
            prop_assert_eq!(size as usize, report.groups.iter().filter(|&&g| g as usize == group).count());
        }
        let mut expected: BTreeMap<_, Vec<f32>> = BTreeMap::new();
        for (edge, (u, v)) in ends(&old).into_iter().enumerate() {
            let (u, v) = (report.groups[u as usize], report.groups[v as usize]);
            if u != v || self_loops {
                let key = if directed { (u, v) } else { (u.min(v), u.max(v)) };
                expected.entry(key).or_default().push(weight(&old, edge));
            }
        }
        let counts = column(new.edges(), "n_edges");
        prop_assert_eq!(new.n_edges(), expected.len());
        for (edge, (u, v)) in ends(new).into_iter().enumerate() {
            let key = if directed { (u, v) } else { (u.min(v), u.max(v)) };
            let weights = &expected[&key];
            prop_assert_eq!(counts[edge] as usize, weights.len());
            if weighted || combine == Combine::Sum {
                prop_assert_eq!(weight(new, edge), fold(combine, weights));
            }
        }
    }

    #[test]
    fn contracting_by_a_column_is_by_its_values(edges in edges()) {
        let old = graph(&edges, true, true);
        let labels: Vec<u32> = (0..N).map(|u| u % 4).collect();
        let by_label = Contract::default().run(&old, &labels).unwrap();
        let by_column = Contract::default().by_column(&old, "team").unwrap();
        prop_assert_eq!(by_label.graph.coo(), by_column.graph.coo());
        let ids: Vec<_> = by_column.graph.ids().as_string::<i32>().iter().collect();
        prop_assert_eq!(ids, [Some("null"), Some("t1"), Some("t2"), Some("t3")]);
        let schema = by_column.graph.nodes().schema();
        prop_assert_eq!(schema.field(0).name(), "team");
    }

    /// Oracle: degrees counted anew in each round.
    #[test]
    fn levels_are_those_of_rounds(edges in edges(), remove_self_loops: bool) {
        let old = graph(&edges, true, false);
        let options = TopologicalLevels { allow_cycles: true, remove_self_loops };
        let report = options.run(&old, &Control::NONE).unwrap();
        let mut left: BTreeSet<(u32, u32)> = edges.iter().map(|&(u, v, _)| (u, v)).collect();
        left.retain(|&(u, v)| !remove_self_loops || u != v);
        let mut nodes: Vec<u32> = (0..N).collect();
        let (mut level, mut levels, mut broken) = (0, vec![0; N as usize], Vec::<u32>::new());
        while !nodes.is_empty() {
            let into = |u: u32| left.iter().filter(|&&(_, v)| v == u).count();
            let degree = |u: u32| into(u) + left.iter().filter(|&&(s, _)| s == u).count();
            let mut roots: Vec<u32> = nodes.iter().copied().filter(|&u| into(u) == 0).collect();
            if roots.is_empty() {
                let most = nodes.iter().map(|&u| degree(u)).max().unwrap();
                roots = nodes.iter().copied().filter(|&u| degree(u) == most).take(1).collect();
                broken.extend(&roots);
            }
            for &root in &roots {
                levels[root as usize] = level;
            }
            nodes.retain(|u| !roots.contains(u));
            left.retain(|(u, v)| !roots.contains(u) && !roots.contains(v));
            level += 1;
        }
        prop_assert_eq!((report.levels, report.n_levels), (levels, level));
        let strict = TopologicalLevels { allow_cycles: false, remove_self_loops };
        prop_assert_eq!(strict.run(&old, &Control::NONE).is_err(), !broken.is_empty());
        prop_assert_eq!(report.broken, broken);
    }

    #[test]
    fn samples_have_the_size_asked_for(edges in edges(), count in 0..12_usize, seed: u64, directed: bool) {
        let old = graph(&edges, directed, true);
        let sample = UniformSample { count, seed };
        let nodes = sample.nodes(&old).unwrap();
        prop_assert_eq!(nodes.nodes.len(), count.min(N as usize));
        check_rows(&nodes, &old);
        let part = sample.edges(&old).unwrap();
        prop_assert_eq!(part.edges.len(), count.min(edges.len()));
        check_rows(&part, &old);
        let fire = ForestFire { count, seed, ..ForestFire::default() };
        let burnt = fire.run(&old, &Control::NONE).unwrap();
        prop_assert_eq!(burnt.nodes.len(), count.min(N as usize));
        prop_assert_eq!(&burnt.nodes, &fire.run(&old, &Control::NONE).unwrap().nodes);
        check_rows(&burnt, &old);
    }
}

#[test]
fn all_sets_of_nodes_are_drawn_about_equally_often() {
    let old = graph(&[], true, false);
    let mut counts = BTreeMap::new();
    for seed in 0..7200 {
        *counts.entry(UniformSample { count: 2, seed }.nodes(&old).unwrap().nodes).or_insert(0) +=
            1;
    }
    assert_eq!(counts.len(), 36);
    // 200 expected each, with a standard deviation of 14.
    assert!(counts.values().all(|count| (130..270).contains(count)), "{counts:?}");
}

#[test]
fn a_fire_follows_edges() {
    // Two cliques: with certain-looking jumps a fire of half the nodes stays in one.
    let mut edges = Vec::new();
    for side in [0, 4] {
        for u in 0..4 {
            edges.extend((0..u).map(|v| (side + u, side + v, 1)));
        }
    }
    let old = graph(&edges, false, false);
    let inside = (0..50).filter(|&seed| {
        let fire = ForestFire { count: 4, forward: 0.97, backward: 0.0, seed };
        let burnt = fire.run(&old, &Control::NONE).unwrap().nodes;
        burnt == [0, 1, 2, 3] || burnt == [4, 5, 6, 7]
    });
    assert!(inside.count() > 30);
}

#[test]
fn weights_that_stay_keep_all_their_digits() {
    let money = |values: ArrayRef| {
        let names = ["source", "target", "weight"];
        let end = |ends: Vec<i64>| -> ArrayRef { Arc::new(Int64Array::from(ends)) };
        let columns = [end(vec![0, 0, 1]), end(vec![1, 1, 2]), values];
        let edges = RecordBatch::try_from_iter(names.into_iter().zip(columns)).unwrap();
        Graph::from_batches([edges], None, &graph_core::ReadOptions::default()).unwrap()
    };
    let column = |graph: &Graph| Arc::clone(graph.edges().column_by_name("weight").unwrap());
    let doubles = |values: Vec<f64>| -> ArrayRef { Arc::new(Float64Array::from(values)) };
    let old = money(doubles(vec![123_456_789.12, 0.5, 0.1]));
    let first = deduplicate(&old, Combine::First).unwrap().graph;
    assert_eq!(&column(&first), &doubles(vec![123_456_789.12, 0.1]));
    let sum = deduplicate(&money(doubles(vec![1.5, 0.5, 0.1])), Combine::Sum).unwrap().graph;
    assert_eq!(&column(&sum), &doubles(vec![2.0, 0.1]));
    // Whole numbers stay some.
    let ints = |values: Vec<i64>| -> ArrayRef { Arc::new(Int64Array::from(values)) };
    let sum = deduplicate(&money(ints(vec![3, 4, 123_456_789])), Combine::Sum).unwrap().graph;
    assert_eq!(&column(&sum), &ints(vec![7, 123_456_789]));
}

#[test]
fn bad_input_is_named() {
    let old = graph(&[(0, 1, 1), (1, 2, 1)], true, false);
    let text = |result: Result<Reshaped, Error>| result.unwrap_err().to_string();
    assert_eq!(text(relabel(&old, &[0])), "order has 1 entries, but 9 were expected");
    assert_eq!(
        text(induced_by_nodes(&old, &[3, 1, 3])),
        "nodes is node 3 at place 0 and again at 2, but it must be a list that names each node once"
    );
    assert_eq!(
        text(induced_by_nodes(&old, &[9])),
        "nodes names node 9, but there are only 9 nodes"
    );
    assert_eq!(
        text(induced_by_edges(&old, &[2])),
        "edges is 2 of 2, but it must be numbers of edges of the graph"
    );
    let wanted: [(&str, ArrayRef); 1] = [("Team", Arc::new(Int64Array::from(vec![1])))];
    assert_eq!(text(keep_nodes(&old, &wanted)), "there is no column `Team`; did you mean `team`?");
    let wrong = Hops { min_hops: 3, max_hops: Some(2), ..Hops::default() };
    let error = wrong.run(&old, &[0], &Control::NONE).unwrap_err();
    assert_eq!(error.to_string(), "min_hops is 3, but it must be at most max_hops");
    let fire = ForestFire { forward: 1.0, ..ForestFire::default() };
    assert!(matches!(
        fire.run(&old, &Control::NONE).unwrap_err(),
        Error::BadOption { option: "forward", .. }
    ));
}

/// The rows of columns as text, in the order of the texts.
fn rows(columns: &[&ArrayRef]) -> Vec<Vec<String>> {
    let text = |row: usize| columns.iter().map(move |of| array_value_to_string(of, row).unwrap());
    let mut rows: Vec<Vec<String>> = (0..columns[0].len()).map(|row| text(row).collect()).collect();
    rows.sort();
    rows
}

#[test]
fn a_group_without_a_value_has_an_id_that_files_keep() {
    let folder = tempfile::tempdir().unwrap();
    let old = graph(&[(0, 1, 1), (1, 4, 2), (4, 5, 3), (8, 0, 1), (2, 3, 1)], true, true);
    let texts: StringArray =
        (0..N).map(|u| [Some("null"), None, Some("b")][u as usize % 3]).collect();
    let ints: Int64Array = (0..N).map(|u| [Some(7), Some(8), None][u as usize % 3]).collect();
    let (nan, zero) = (Some(f64::NAN), Some(-0.0));
    let floats = [Some(0.0), nan, None, zero, Some(2.0), nan, None, Some(2.0), Some(0.0)];
    let parts = [Some(0.5), None, Some(2.0), None, None, Some(2.0), None, None, Some(0.5)];
    let columns: [(ArrayRef, &[&str]); 5] = [
        (Arc::new(texts), &["null", "null 2", "b"]),
        (Arc::new(ints), &["7", "8", "null"]),
        (Arc::new(Float64Array::from(floats.to_vec())), &["0", "null", "2"]),
        (Arc::new(Float64Array::from(parts.to_vec())), &["0.5", "null", "2.0"]),
        (Arc::new(NullArray::new(N as usize)), &["null"]),
    ];
    for (column, expected) in columns {
        let old = old.clone().with_node_columns([("kind".to_owned(), column)]).unwrap();
        let contract = Contract { self_loops: true, ..Contract::default() };
        let new = contract.by_column(&old, "kind").unwrap().graph;
        let ids: Vec<_> = new.ids().as_string::<i32>().iter().flatten().collect();
        assert_eq!(ids, expected);
        let seen = |graph: &Graph| {
            let edges = graph.edge_table().unwrap();
            let count = edges.column_by_name("n_edges").unwrap();
            let ends = rows(&[edges.column(0), edges.column(1), count]);
            (rows(&[graph.ids(), graph.node_column("n_nodes").unwrap()]), ends)
        };
        for name in ["edges.csv", "edges.parquet", "graph.json", "graph.graphml", "graph.gexf"] {
            let (path, nodes) = (folder.path().join(name), folder.path().join(format!("n-{name}")));
            let nodes = name.starts_with("edges").then_some(nodes);
            let options = WriteOptions { nodes: nodes.clone(), ..WriteOptions::default() };
            write(&new, &path, &options).unwrap();
            let options = ReadOptions { nodes, directed: Some(true), ..ReadOptions::default() };
            let (again, _) = read(&path, &options).unwrap();
            assert_eq!(seen(&again), seen(&new), "{name}");
        }
    }
}

#[test]
fn ids_of_groups_keep_their_type_where_all_have_a_value() {
    let old = graph(&[(0, 1, 1)], true, false);
    let new = Contract::default().by_column(&old, "key").unwrap().graph;
    assert_eq!(new.ids().as_primitive::<Int64Type>().values()[..3], [0, 10, 20]);
}

#[test]
fn values_that_a_column_cannot_hold_are_in_no_row() {
    let old = graph(&[], true, false);
    let values: [(&str, ArrayRef); 1] =
        [("key", Arc::new(Float64Array::from(vec![20.0, 30.5, 1e300])))];
    assert_eq!(keep_nodes(&old, &values).unwrap().nodes, [2]);
    let text: [(&str, ArrayRef); 1] =
        [("key", Arc::new(StringArray::from(vec!["x", "040", "50"])))];
    assert_eq!(keep_nodes(&old, &text).unwrap().nodes, [5]);
}
