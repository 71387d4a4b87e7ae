//! Components, ranks and hops on every device found, against plain loops over edges.

#![expect(clippy::unwrap_used, reason = "a panic fails the test, as it should")]

mod common;

use common::{Random, config, devices, download, is_small, upload};
use graph_kernels::{
    Buffer, Device, DeviceCsr, Error, Indices, NONE, Ranks, SegmentScratch, Segments, SplitCsr,
    core_numbers, hops, path_lengths, smallest_connected, spmv, triangle_counts,
};
use proptest::prelude::*;

type Edges = (Vec<u32>, Vec<u32>);

/// Edges at random; a path through all nodes, in an order of its own; and a star with a tail.
fn graphs(random: &mut Random, n: u32) -> Vec<Edges> {
    let some = |random: &mut Random, m: u32| -> Edges {
        (0..m).map(|_| (random.below(n), random.below(n))).unzip()
    };
    let (sparse, dense) = (some(random, n / 2), some(random, 4 * n));
    // A prime that does not divide n visits all.
    let step = if n.is_multiple_of(7919) { 104_729 } else { 7919_u64 };
    let at = |i: u32| (u64::from(i) * step % u64::from(n)) as u32;
    let path = (1..n).map(|i| (at(i), at(i - 1))).unzip();
    let star = (1..n).map(|i| if i < n - 20.min(n / 2) { (n / 2, i) } else { (i, i - 1) }).unzip();
    vec![(vec![], vec![]), sparse, dense, path, star]
}

/// The least node of each component, by passes over the edges until nothing changes.
fn least_connected(n: u32, (sources, targets): &Edges) -> Vec<u32> {
    let mut least: Vec<u32> = (0..n).collect();
    loop {
        let before = least.clone();
        for (&u, &v) in sources.iter().zip(targets).chain(sources.iter().zip(targets).rev()) {
            let low = least[u as usize].min(least[v as usize]);
            (least[u as usize], least[v as usize]) = (low, low);
        }
        if least == before {
            return least;
        }
    }
}

fn check_components(device: Device, n: u32, edges: &Edges) {
    let upload = |nodes: &[u32]| Indices::upload(device, nodes, n).unwrap();
    let found = smallest_connected(&upload(&edges.0), &upload(&edges.1)).unwrap();
    let m = edges.0.len();
    assert!(download(&found) == least_connected(n, edges), "{n} nodes, {m} edges on {device}");
}

#[test]
fn components_agree_with_a_loop() {
    let mut random = Random::new(1);
    let sizes = if is_small() { &[1, 300][..] } else { &[1, 2, 255, 1025, 30_011] };
    for device in devices() {
        for &n in sizes {
            for edges in graphs(&mut random, n) {
                check_components(device, n, &edges);
            }
        }
        let nodes = Indices::upload(device, &[0], 3).unwrap();
        let error = smallest_connected(&nodes, &Indices::upload(device, &[0], 4).unwrap());
        let error = error.unwrap_err().to_string();
        assert_eq!(error, "the nodes of targets has 4 entries, but 3 were expected");
    }
}

/// Rows of the edges by their first ends.
fn csr(device: Device, n: u32, (rows, columns): &Edges) -> DeviceCsr {
    let upload = |nodes: &[u32]| Indices::upload(device, nodes, n).unwrap();
    DeviceCsr::from_coo(&upload(rows), &upload(columns)).unwrap().0
}

/// Distances by passes over the edges, and the least neighbor that is a hop nearer.
fn hops_by_loops(n: u32, (sources, targets): &Edges, starts: &[u32], most: u32) -> Edges {
    let mut distances = vec![NONE; n as usize];
    for &start in starts {
        distances[start as usize] = 0;
    }
    for level in 1..=most {
        let before = distances.clone();
        for (&u, &v) in sources.iter().zip(targets) {
            if before[u as usize] == level - 1 && before[v as usize] == NONE {
                distances[v as usize] = level;
            }
        }
        if distances == before {
            break;
        }
    }
    let mut parents = vec![NONE; n as usize];
    for (&u, &v) in sources.iter().zip(targets) {
        let distance = distances[v as usize];
        if distance != NONE && distance > 0 && distances[u as usize] == distance - 1 {
            parents[v as usize] = parents[v as usize].min(u);
        }
    }
    (distances, parents)
}

fn check_hops(device: Device, n: u32, edges: &Edges, starts: &[u32], most: u32) {
    let outs = csr(device, n, edges);
    let (ins, _) = outs.transpose().unwrap();
    let found = hops(&outs, &ins, &Indices::upload(device, starts, n).unwrap(), most).unwrap();
    let what = format!("{n} nodes, {} edges, at most {most} on {device}", edges.0.len());
    let (distances, parents) = hops_by_loops(n, edges, starts, most);
    assert!(download(&found.distances) == distances, "distances: {what}");
    assert!(download(&found.parents) == parents, "parents: {what}");
}

#[test]
fn hops_agree_with_a_loop() {
    let mut random = Random::new(2);
    let sizes = if is_small() { &[1, 300][..] } else { &[1, 2, 255, 1025, 8000] };
    for device in devices() {
        for &n in sizes {
            for edges in graphs(&mut random, n) {
                // The path of a large graph has as many levels as nodes.
                let most = match n {
                    _ if is_small() => 12,
                    ..=300 => u32::MAX,
                    _ => 40,
                };
                check_hops(device, n, &edges, &[n / 2], most);
                check_hops(device, n, &edges, &[n - 1, 0, n - 1], 3);
                check_hops(device, n, &edges, &[], most);
            }
        }
        let one = csr(device, 2, &(vec![0], vec![1]));
        let other = csr(device, 3, &(vec![0], vec![1]));
        let starts = Indices::upload(device, &[0], 2).unwrap();
        let error = hops(&one, &other, &starts, 1).unwrap_err().to_string();
        assert_eq!(error, "the rows of ins has 3 entries, but 2 were expected");
    }
}

/// Core numbers by taking away, for each k, nodes with fewer neighbors until none is left to take.
fn cores_by_loops(n: u32, edges: &[(u32, u32)]) -> Vec<u32> {
    let mut cores = vec![0; n as usize];
    let mut is_left = vec![true; n as usize];
    for k in 1.. {
        loop {
            let mut neighbors = vec![0; n as usize];
            for &(u, v) in
                edges.iter().filter(|(u, v)| is_left[*u as usize] && is_left[*v as usize])
            {
                neighbors[u as usize] += 1;
                neighbors[v as usize] += 1;
            }
            let gone: Vec<usize> =
                (0..n as usize).filter(|&u| is_left[u] && neighbors[u] < k).collect();
            if gone.is_empty() {
                break;
            }
            for u in gone {
                (is_left[u], cores[u]) = (false, k - 1);
            }
        }
        if is_left.iter().all(|is_left| !is_left) {
            break;
        }
    }
    cores
}

fn check_cores(device: Device, n: u32, edges: &Edges) {
    let pairs = edges.0.iter().zip(&edges.1).filter(|(u, v)| u != v);
    let mut pairs: Vec<(u32, u32)> = pairs.map(|(&u, &v)| (u.min(v), u.max(v))).collect();
    pairs.sort_unstable();
    pairs.dedup();
    let both = pairs.iter().flat_map(|&(u, v)| [(u, v), (v, u)]).unzip();
    let found = download(&core_numbers(&csr(device, n, &both)).unwrap());
    assert!(found == cores_by_loops(n, &pairs), "{n} nodes, {} edges on {device}", pairs.len());
}

#[test]
fn core_numbers_agree_with_a_loop() {
    let mut random = Random::new(4);
    let sizes = if is_small() { &[1, 200][..] } else { &[1, 2, 255, 1025] };
    for device in devices() {
        for &n in sizes {
            for (which, edges) in graphs(&mut random, n).into_iter().enumerate() {
                // A long path is peeled from its ends, a round a node.
                if which != 3 || n < 300 {
                    check_cores(device, n, &edges);
                }
            }
        }
        // All nodes of a clique go at once, after the tail.
        let clique = (0..60).flat_map(|u| (0..u).map(move |v| (u, v)));
        let edges: Vec<(u32, u32)> = clique.chain([(60, 59), (61, 60)]).collect();
        let (mut sources, mut targets) = (Vec::new(), Vec::new());
        for (u, v) in edges {
            sources.push(u);
            targets.push(v);
        }
        check_cores(device, 63, &(sources, targets));
        let error = core_numbers(&DeviceCsr::upload(device, 3, &[0, 0], &[]).unwrap()).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the columns of the graph has 3 entries, but 1 were expected"
        );
    }
}

/// Ranks in double precision, by the formula.
fn ranks_by_formula(
    n: u32,
    edges: &Edges,
    start: Option<&[f32]>,
    rounds: usize,
) -> (Vec<f64>, f64) {
    let mut outs = vec![0.0; n as usize];
    edges.0.iter().for_each(|&u| outs[u as usize] += 1.0);
    let start: Vec<f64> = match start {
        Some(start) => start.iter().map(|&x| x.into()).collect(),
        None => vec![1.0 / f64::from(n); n as usize],
    };
    let (mut rank, mut change) = (start.clone(), 0.0);
    for _ in 0..rounds {
        let stuck: f64 =
            rank.iter().zip(&outs).filter(|(_, out)| **out == 0.0).map(|(r, _)| r).sum();
        let anew = 0.85 * stuck + 0.15;
        let mut next: Vec<f64> = start.iter().map(|start| anew * start).collect();
        for (&u, &v) in edges.0.iter().zip(&edges.1) {
            next[v as usize] += 0.85 * rank[u as usize] / outs[u as usize];
        }
        change = next.iter().zip(&rank).map(|(a, b)| (a - b).abs()).sum();
        rank = next;
    }
    (rank, change)
}

#[test]
fn ranks_agree_with_the_formula() {
    let mut random = Random::new(3);
    let rounds = if is_small() { 1 } else { 5 };
    let sizes = if is_small() { &[1, 300][..] } else { &[1, 2, 255, 1025, 30_011] };
    for device in devices() {
        for &n in sizes {
            for edges in graphs(&mut random, n) {
                let mut outs = vec![0.0_f32; n as usize];
                edges.0.iter().for_each(|&u| outs[u as usize] += 1.0);
                let per_weight: Vec<f32> =
                    outs.iter().map(|&out| if out > 0.0 { 1.0 / out } else { 0.0 }).collect();
                let mut corner = vec![0.0; n as usize];
                corner[n as usize / 3] = 1.0;
                for start in [None, Some(&corner[..])] {
                    let matrix = SplitCsr::new(csr(device, n, &(edges.1.clone(), edges.0.clone())));
                    let matrix = matrix.unwrap();
                    let mut scratch = SegmentScratch::new(matrix.rows()).unwrap();
                    let mut gathered = Buffer::zeros(device, n as usize).unwrap();
                    let mut ranks = Ranks::new(device, &per_weight, start).unwrap();
                    let mut change = 0.0;
                    for _ in 0..rounds {
                        spmv(&matrix, None, ranks.given(), &mut gathered, &mut scratch).unwrap();
                        change = ranks.step(&gathered, 0.85).unwrap();
                    }
                    let what = format!("{n} nodes, {} edges on {device}", edges.0.len());
                    let (expected, expected_change) = ranks_by_formula(n, &edges, start, rounds);
                    for (found, expected) in download(ranks.rank()).into_iter().zip(expected) {
                        let apart = (f64::from(found) - expected).abs();
                        assert!(apart <= 2e-6 * expected + 1e-12, "{found} for {expected}, {what}");
                    }
                    assert!((change - expected_change).abs() < 1e-6, "{change}, {what}");
                }
            }
        }
        let mut ranks = Ranks::new(device, &[1.0, 0.0], None).unwrap();
        let error = ranks.step(&upload(device, &[0.0]), 0.5).unwrap_err().to_string();
        assert_eq!(error, "gathered has 1 entries, but 2 were expected");
    }
}

/// Each node's neighbors below it, ascending and once, with the row of each.
fn below(n: u32, (sources, targets): &Edges) -> (Vec<u32>, Vec<u32>, Vec<u32>) {
    let mut pairs: Vec<(u32, u32)> = sources
        .iter()
        .zip(targets)
        .filter(|(u, v)| u != v)
        .map(|(&u, &v)| (u.max(v), u.min(v)))
        .collect();
    pairs.sort_unstable();
    pairs.dedup();
    let offsets = (0..=n).map(|u| pairs.partition_point(|pair| pair.0 < u) as u32).collect();
    let (rows, entries) = pairs.into_iter().unzip();
    (offsets, rows, entries)
}

/// Oracle: all three nodes of which each two are an edge.
#[test]
fn triangles_agree_with_a_loop_over_all_threes() {
    let mut random = Random::new(5);
    let sizes = if is_small() { &[1, 40][..] } else { &[1, 2, 40, 120] };
    for device in devices() {
        for &n in sizes {
            for edges in graphs(&mut random, n) {
                let (offsets, rows, entries) = below(n, &edges);
                let mut is_edge = vec![false; (n * n) as usize];
                for (&u, &v) in rows.iter().zip(&entries) {
                    is_edge[(u * n + v) as usize] = true;
                }
                let mut expected = vec![0_u64; n as usize];
                for u in 0..n {
                    for v in (0..u).filter(|v| is_edge[(u * n + v) as usize]) {
                        for w in 0..v {
                            if is_edge[(u * n + w) as usize] && is_edge[(v * n + w) as usize] {
                                for x in [u, v, w] {
                                    expected[x as usize] += 1;
                                }
                            }
                        }
                    }
                }
                let segments = Segments::new(upload(device, &offsets)).unwrap();
                let of = |nodes: &[u32]| Indices::upload(device, nodes, n).unwrap();
                let found = triangle_counts(&segments, &of(&rows), &of(&entries)).unwrap();
                assert_eq!(found, expected, "{n} nodes on {device}");
                let wrong = Indices::upload(device, &entries, n + 1).unwrap();
                assert!(triangle_counts(&segments, &of(&rows), &wrong).is_err());
            }
        }
    }
}

/// Oracle: passes over the edges until nothing changes, with the processor's own floats.
#[test]
fn path_lengths_agree_with_a_loop_to_the_last_bit() {
    let mut random = Random::new(6);
    let sizes = if is_small() { &[1, 60][..] } else { &[1, 2, 255, 1025] };
    for device in devices() {
        for &n in sizes {
            for edges in graphs(&mut random, n) {
                let (sources, targets) = &edges;
                let weights: Vec<f32> = (0..sources.len())
                    .map(|i| random.below(1000) as f32 / (1 + i % 7) as f32)
                    .collect();
                let starts = [random.below(n), random.below(n)];
                let of = |weights: Option<&[f32]>| {
                    let mut lengths = vec![f64::INFINITY; n as usize];
                    for &u in &starts {
                        lengths[u as usize] = 0.0;
                    }
                    loop {
                        let before = lengths.clone();
                        for (e, (&u, &v)) in sources.iter().zip(targets).enumerate() {
                            let weight = weights.map_or(1.0, |weights| f64::from(weights[e]));
                            let length = lengths[u as usize] + weight;
                            lengths[v as usize] = lengths[v as usize].min(length);
                        }
                        if lengths == before {
                            return lengths;
                        }
                    }
                };
                let nodes = |nodes: &[u32]| Indices::upload(device, nodes, n).unwrap();
                let (ins, order) = DeviceCsr::from_coo(&nodes(targets), &nodes(sources)).unwrap();
                let order = download(order.numbers());
                let sorted: Vec<f32> = order.iter().map(|&e| weights[e as usize]).collect();
                let sorted = upload(device, &sorted);
                let go = |_| Ok::<(), Error>(());
                let found = path_lengths(&ins, Some(&sorted), &nodes(&starts), go).unwrap();
                assert_eq!(found, of(Some(&weights)), "{n} nodes on {device}");
                let found = path_lengths(&ins, None, &nodes(&starts), go).unwrap();
                assert_eq!(found, of(None), "{n} nodes, without weights, on {device}");
                let none = path_lengths(&ins, None, &nodes(&[]), go).unwrap();
                assert!(none.iter().all(|length| length.is_infinite()));
                let stop = |rounds: u64| Err(Error::OverflowInRow { row: rounds as usize });
                assert!(path_lengths(&ins, None, &nodes(&starts), stop).is_err());
                let few = upload(device, &vec![1.0_f32; sources.len() + 1]);
                assert!(path_lengths(&ins, Some(&few), &nodes(&starts), go).is_err());
            }
        }
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn components_hops_and_cores_of_any_edges_agree(
        edges in prop::collection::vec((0..60_u32, 0..60_u32), 0..200),
        start in 0..60_u32,
    ) {
        let edges: Edges = edges.into_iter().unzip();
        for device in Device::all().unwrap() {
            check_components(device, 60, &edges);
            check_hops(device, 60, &edges, &[start], u32::MAX);
            check_cores(device, 60, &edges);
        }
    }
}
