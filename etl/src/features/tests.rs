//! Features against other libraries, brute force, and on any number of threads.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use graph_core::generate::{Random, Rmat, rmat};
use graph_core::{Coo, Csr, NodeId, Progress};
use proptest::prelude::*;

use super::*;
use crate::topology::{Merge, Undirected};
use crate::{Control, Error};

const ALL: [Similarity; 8] = [
    Similarity::CommonNeighbors,
    Similarity::Jaccard,
    Similarity::Overlap,
    Similarity::Sorensen,
    Similarity::Cosine,
    Similarity::AdamicAdar,
    Similarity::ResourceAllocation,
    Similarity::PreferentialAttachment,
];

fn with_threads<T: Send>(threads: usize, work: impl Fn() -> T + Send + Sync) -> T {
    rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(work)
}

/// Rows around centers far apart: row `i` belongs to group `i % groups`.
fn groups(n: usize, d: usize, groups: usize, seed: u64) -> Features {
    let mut values = Vec::with_capacity(n * d);
    for row in 0..n {
        let mut center = Random::new(seed, (row % groups) as u64);
        let mut random = Random::new(!seed, row as u64);
        for _ in 0..d {
            values.push((8.0 * center.unit() + random.unit()) as f32);
        }
    }
    Features::new(d, values).unwrap()
}

#[derive(serde::Deserialize)]
struct Golden {
    sources: Vec<u32>,
    targets: Vec<u32>,
    pair_sources: Vec<u32>,
    pair_targets: Vec<u32>,
    scores: Scores,
    n_columns: usize,
    values: Vec<f32>,
    nearest: Nearest,
    variances: Vec<f64>,
    components: Vec<Vec<f64>>,
    curves: Vec<[f64; 4]>,
}

#[derive(serde::Deserialize)]
struct Scores {
    jaccard: Vec<f64>,
    adamic_adar: Vec<f64>,
    resource_allocation: Vec<f64>,
    preferential_attachment: Vec<f64>,
}

#[derive(serde::Deserialize)]
struct Nearest {
    euclidean: Rows,
    cosine: Rows,
}

#[derive(serde::Deserialize)]
struct Rows {
    distances: Vec<Vec<f64>>,
    neighbors: Vec<Vec<u32>>,
}

fn golden() -> Golden {
    serde_json::from_str(include_str!("../../tests/golden/features.json")).unwrap()
}

#[test]
fn similarities_are_those_of_networkx() {
    let golden = golden();
    let coo = Coo::new(25, golden.sources, golden.targets, None).unwrap();
    let graph = Undirected::from_coo(&coo, Merge::Unit);
    let scores = golden.scores;
    for (measure, expected) in [
        (Similarity::Jaccard, scores.jaccard),
        (Similarity::AdamicAdar, scores.adamic_adar),
        (Similarity::ResourceAllocation, scores.resource_allocation),
        (Similarity::PreferentialAttachment, scores.preferential_attachment),
    ] {
        let (sources, targets) = (&golden.pair_sources, &golden.pair_targets);
        let found = similarity(&graph, measure, sources, targets, &Control::NONE).unwrap();
        assert_eq!(found.len(), expected.len());
        for (found, expected) in found.iter().zip(&expected) {
            assert!((found - expected).abs() < 1e-12, "{measure:?}: {found} {expected}");
        }
    }
}

#[test]
fn neighbors_are_those_of_scikit_learn() {
    let golden = golden();
    let features = Features::new(golden.n_columns, golden.values).unwrap();
    for (distance, expected) in
        [(Distance::Euclidean, golden.nearest.euclidean), (Distance::Cosine, golden.nearest.cosine)]
    {
        let found = NearestNeighbors { k: 5, distance }.run(&features, &Control::NONE).unwrap();
        assert_eq!(found.neighbors, expected.neighbors.concat());
        for (found, expected) in found.distances.iter().zip(expected.distances.concat()) {
            assert!((f64::from(*found) - expected).abs() < 1e-5 * expected.max(0.1));
        }
    }
}

#[test]
fn columns_of_a_table_are_features() {
    use arrow::array::{ArrayRef, BooleanArray, Int64Array, RecordBatch, StringArray};
    let columns: [(&str, ArrayRef); 3] = [
        ("size", Arc::new(Int64Array::from(vec![Some(3), None]))),
        ("old", Arc::new(BooleanArray::from(vec![true, false]))),
        ("name", Arc::new(StringArray::from(vec!["a", "b"]))),
    ];
    let table = RecordBatch::try_from_iter(columns).unwrap();
    let features = Features::from_columns(&table.slice(0, 1), &["old", "size"]).unwrap();
    assert_eq!((features.n_columns(), features.values()), (2, &[1.0, 3.0][..]));
    let problem = |names: &[&str]| Features::from_columns(&table, names).unwrap_err().to_string();
    assert_eq!(problem(&["old", "size"]), "features has no finite number in row 1, column 1");
    assert_eq!(problem(&["name"]), "column `name` is text, but must be one of numbers");
    assert_eq!(problem(&["sice"]), "there is no column `sice`; did you mean `size`?");
    assert!(matches!(
        Features::from_columns(&table, &[]).unwrap_err(),
        Error::BadOption { option: "n_columns", .. }
    ));
}

/// Share of the nearest neighbors that are found.
fn recall(features: &Features, options: &Hnsw) -> f64 {
    let exact = NearestNeighbors { k: options.k, distance: options.distance };
    let exact = exact.run(features, &Control::NONE).unwrap();
    let found = options.run(features, &Control::NONE).unwrap();
    assert_eq!((found.n_rows, found.k), (exact.n_rows, exact.k));
    let same = (0..found.n_rows).map(|row| {
        let (neighbors, distances) = found.row(row);
        assert!(distances.is_sorted() && !neighbors.contains(&(row as u32)));
        neighbors.iter().filter(|v| exact.row(row).0.contains(v)).count()
    });
    same.sum::<usize>() as f64 / exact.neighbors.len() as f64
}

#[test]
fn nearly_all_neighbors_are_found_in_small_worlds() {
    let features = groups(1500, 12, 5, 3);
    for distance in [Distance::Euclidean, Distance::Cosine] {
        let found = recall(&features, &Hnsw { k: 10, distance, ..Hnsw::default() });
        assert!(found > 0.97, "{distance:?}: {found}");
    }
}

/// Equal rows can fill all links of a row, so that others are out of reach.
#[test]
fn rows_of_neighbors_are_full_even_if_rows_are_equal() {
    let features = Features::new(1, (0..200).map(|row| (row % 2) as f32).collect()).unwrap();
    let found = Hnsw { k: 120, ..Hnsw::default() }.run(&features, &Control::NONE).unwrap();
    assert_eq!(found.neighbors.len(), 200 * 120);
    for row in 0..200 {
        let mut neighbors = found.row(row).0.to_vec();
        neighbors.sort_unstable();
        neighbors.dedup();
        assert_eq!(neighbors.len(), 120);
    }
    for n in 0..4_usize {
        let features = Features::new(1, (0..n).map(|row| row as f32).collect()).unwrap();
        let found = Hnsw::default().run(&features, &Control::NONE).unwrap();
        assert_eq!((found.n_rows, found.neighbors.len()), (n, n * n.saturating_sub(1)));
    }
}

#[test]
fn components_are_those_of_scikit_learn() {
    let golden = golden();
    let features = Features::new(golden.n_columns, golden.values).unwrap();
    let found = PrincipalComponents { n_components: 3 }.run(&features, &Control::NONE).unwrap();
    for (found, expected) in found.variances.iter().zip(&golden.variances) {
        assert!((found - expected).abs() < 1e-6 * expected, "{found} {expected}");
    }
    for (found, expected) in found.components.chunks(6).zip(&golden.components) {
        let product: f64 = found.iter().zip(expected).map(|(a, b)| a * b).sum();
        // Up to the sign.
        assert!((product.abs() - 1.0).abs() < 1e-6, "{found:?} {expected:?}");
    }
    for component in 0..3 {
        let column = found.projected.chunks(3).map(|row| f64::from(row[component]));
        let variance = column.map(|value| value * value).sum::<f64>() / 39.0;
        assert!((variance - found.variances[component]).abs() < 1e-4 * variance);
    }
}

#[test]
fn curves_are_those_of_umap_learn() {
    let features = groups(20, 2, 2, 1);
    for [min_distance, spread, a, b] in golden().curves {
        let options = Umap { min_distance, spread, n_epochs: Some(0), ..Umap::default() };
        let found = options.run(&features, &Control::NONE).unwrap();
        assert!((found.a - a).abs() < 1e-3 && (found.b - b).abs() < 1e-3, "{found:?} {a} {b}");
    }
}

/// Similarity by the definition, over all nodes.
fn by_definition(graph: &Undirected, measure: Similarity, u: NodeId, v: NodeId) -> f64 {
    let weight = |u: NodeId, v: NodeId| {
        let at = graph.neighbors(u).binary_search(&v).ok()?;
        Some(graph.weights().map_or(1.0, |weights| f64::from(weights[graph.row(u).start + at])))
    };
    let n = graph.n_nodes() as NodeId;
    let size = |u| (0..n).filter_map(|v| weight(u, v)).sum::<f64>();
    let square = |u| (0..n).filter_map(|v| weight(u, v)).map(|w| w * w).sum::<f64>();
    let both = |term: &dyn Fn(NodeId, f64, f64) -> f64| -> f64 {
        (0..n).filter_map(|z| Some(term(z, weight(u, z)?, weight(v, z)?))).sum()
    };
    let common = both(&|_, a, b| a.min(b));
    let over = |a: f64, b: f64| if b > 0.0 { a / b } else { 0.0 };
    match measure {
        Similarity::CommonNeighbors => common,
        Similarity::Jaccard => over(common, size(u) + size(v) - common),
        Similarity::Overlap => over(common, size(u).min(size(v))),
        Similarity::Sorensen => over(2.0 * common, size(u) + size(v)),
        Similarity::Cosine => over(both(&|_, a, b| a * b), (square(u) * square(v)).sqrt()),
        Similarity::AdamicAdar => both(&|z, a, b| match graph.degree(z) {
            1 => 0.0,
            d => a.min(b) / (d as f64).ln(),
        }),
        Similarity::ResourceAllocation => both(&|z, a, b| a.min(b) / graph.degree(z) as f64),
        Similarity::PreferentialAttachment => size(u) * size(v),
    }
}

fn is_close(a: f64, b: f64) -> bool {
    (a - b).abs() < 1e-9 * b.abs().max(1.0)
}

proptest! {
    /// With a hub, so that long rows are searched and short ones merged.
    #[test]
    fn similarities_follow_their_definitions(
        mut edges in prop::collection::vec((0..30_u32, 0..30_u32, 0..9_u8), 0..90),
        weighted: bool,
        k in 1..6_u32,
        skip_neighbors: bool,
        max_degree in prop::sample::select(vec![None, Some(5)]),
    ) {
        edges.extend((0..25).map(|v| (29, v, 3)));
        let (sources, targets) = edges.iter().map(|&(u, v, _)| (u, v)).unzip();
        let weights = weighted.then(|| edges.iter().map(|&(.., w)| f32::from(w) / 4.0).collect());
        let coo = Coo::new(30, sources, targets, weights).unwrap();
        let graph = Undirected::from_coo(&coo, if weighted { Merge::Sum } else { Merge::Unit });
        let (us, vs): (Vec<u32>, Vec<u32>) = (0..900).map(|at| (at / 30, at % 30)).unzip();
        for measure in ALL {
            let all = similarity(&graph, measure, &us, &vs, &Control::NONE).unwrap();
            for ((&u, &v), &found) in us.iter().zip(&vs).zip(&all) {
                let expected = by_definition(&graph, measure, u, v);
                prop_assert!(is_close(found, expected), "{:?} {} {}: {} {}", measure, u, v, found, expected);
            }
            let options = MostSimilar { measure, k, max_degree, skip_neighbors };
            let top = options.run(&graph, &Control::NONE).unwrap();
            let is_between = |z: u32| max_degree.is_none_or(|most| graph.degree(z) <= most as usize);
            for u in 0..30_u32 {
                let row = top.offsets[u as usize]..top.offsets[u as usize + 1];
                let mut expected: Vec<u32> = (0..30)
                    .filter(|&v| v != u)
                    .filter(|v| !skip_neighbors || !graph.neighbors(u).contains(v))
                    .filter(|v| {
                        let of_v = graph.neighbors(*v);
                        graph.neighbors(u).iter().any(|&z| is_between(z) && of_v.contains(&z))
                    })
                    .collect();
                prop_assert_eq!(row.len(), expected.len().min(k as usize));
                if max_degree.is_none() {
                    let score = |v: u32| all[(u * 30 + v) as usize];
                    expected.sort_by(|&a, &b| score(b).total_cmp(&score(a)).then(a.cmp(&b)));
                    for ((&v, &found), &best) in
                        top.targets[row.clone()].iter().zip(&top.scores[row]).zip(&expected)
                    {
                        // Sums in another order may tie otherwise.
                        prop_assert!(is_close(found, score(v)) && is_close(found, score(best)));
                    }
                }
            }
        }
    }

    /// Oracle: all distances in `f64`, sorted.
    #[test]
    fn neighbors_are_the_nearest(
        d in 1..20_usize,
        n in 1..70_usize,
        k in 1..8_u32,
        seed: u64,
        distance in prop::sample::select(
            vec![Distance::Euclidean, Distance::Cosine, Distance::InnerProduct]
        ),
    ) {
        let mut random = Random::new(seed, 0);
        // Few values: equal rows and rows of zeros occur.
        let values: Vec<f32> = (0..n * d).map(|_| random.below(3) as f32 - 1.0).collect();
        let features = Features::new(d, values).unwrap();
        let found = NearestNeighbors { k, distance }.run(&features, &Control::NONE).unwrap();
        prop_assert_eq!(found.k, (k as usize).min(n - 1));
        prop_assert_eq!(found.n_rows, n);
        let of = |u: usize, v: usize| -> f64 {
            let pairs = || features.row(u).iter().zip(features.row(v))
                .map(|(&a, &b)| (f64::from(a), f64::from(b)));
            let dot: f64 = pairs().map(|(a, b)| a * b).sum();
            let lengths: f64 = pairs().map(|(a, _)| a * a).sum::<f64>()
                * pairs().map(|(_, b)| b * b).sum::<f64>();
            match distance {
                Distance::Euclidean => pairs().map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt(),
                Distance::Cosine if lengths == 0.0 => 1.0,
                Distance::Cosine => 1.0 - dot / lengths.sqrt(),
                Distance::InnerProduct => -dot,
            }
        };
        for u in 0..n {
            let mut all: Vec<f64> = (0..n).filter(|&v| v != u).map(|v| of(u, v)).collect();
            all.sort_by(f64::total_cmp);
            let (neighbors, distances) = found.row(u);
            let mut seen = neighbors.to_vec();
            seen.sort_unstable();
            seen.dedup();
            prop_assert_eq!(seen.len(), found.k);
            for ((&v, &distance), expected) in neighbors.iter().zip(distances).zip(all) {
                prop_assert!(v as usize != u);
                prop_assert!((f64::from(distance) - expected).abs() < 1e-4);
                prop_assert!((of(u, v as usize) - expected).abs() < 1e-4);
            }
        }
    }

    /// Every step is an edge of positive weight, and walks end only where there is none.
    #[test]
    fn walks_follow_edges(
        edges in prop::collection::vec((0..9_u32, 0..9_u32, 0..3_u8), 0..30),
        weighted: bool,
        p in prop::sample::select(vec![0.25, 1.0, 4.0]),
        q in prop::sample::select(vec![0.25, 1.0, 4.0]),
        seed: u64,
    ) {
        let (sources, targets) = edges.iter().map(|&(u, v, _)| (u, v)).unzip();
        let weights = weighted.then(|| edges.iter().map(|&(.., w)| f32::from(w)).collect());
        let graph = Csr::from_coo(&Coo::new(9, sources, targets, weights).unwrap());
        let options = RandomWalks {
            length: 7, walks_per_node: 3, return_parameter: p, in_out_parameter: q, seed,
        };
        let walks = options.run(&graph, &Control::NONE).unwrap();
        prop_assert_eq!(walks.n_walks(), 27);
        let leads = |u: u32, v: u32| {
            graph.row(u).any(|entry| {
                graph.targets()[entry] == v && graph.weights().is_none_or(|w| w[entry] > 0.0)
            })
        };
        for at in 0..27 {
            let walk = walks.walk(at);
            prop_assert_eq!(walk[0] as usize, at / 3);
            prop_assert!(walk.windows(2).all(|pair| leads(pair[0], pair[1])));
            let last = walk[walk.len() - 1];
            prop_assert!(walk.len() == 7 || (0..9).all(|v| !leads(last, v)));
            prop_assert!(walks.nodes[at * 7 + walk.len()..(at + 1) * 7].iter().all(|&u| u == NO_NODE));
        }
    }
}

/// Third nodes of walks 0, 1, … from node 0 of a graph where all three kinds of steps are possible,
/// against the probabilities of node2vec.
#[test]
fn steps_have_the_probabilities_of_node2vec() {
    // 0 → 1; from 1 back to 0, near to 2 (0 → 2 is an edge), far to 3 and, three times as heavy, 4.
    let (sources, targets) = (vec![0, 0, 1, 1, 1, 1, 2], vec![1, 2, 0, 2, 3, 4, 1]);
    let weights = Some(vec![1.0, 0.0, 1.0, 1.0, 1.0, 3.0, 1.0]);
    let graph = Csr::from_coo(&Coo::new(5, sources, targets, weights).unwrap());
    for (p, q) in [(1.0, 1.0), (0.25, 4.0), (4.0, 0.5), (2.0, 2.0)] {
        let n = 40_000;
        let options = RandomWalks {
            length: 3,
            walks_per_node: n,
            return_parameter: p,
            in_out_parameter: q,
            seed: 9,
        };
        let walks = options.run_from(&graph, &[0], &Control::NONE).unwrap();
        let mut counts = [0_u32; 5];
        for at in 0..walks.n_walks() {
            counts[walks.walk(at)[2] as usize] += 1;
        }
        let shares = [1.0 / p, 0.0, 1.0, 1.0 / q, 3.0 / q];
        let sum: f64 = shares.iter().sum();
        for (count, share) in counts.into_iter().zip(shares) {
            let expected = f64::from(n) * share / sum;
            assert!(
                (f64::from(count) - expected).abs() <= 5.0 * expected.sqrt(),
                "{p} {q} {counts:?}"
            );
        }
    }
}

/// Share of rows whose nearest point is of their group.
fn purity(found: &PlaneProjection, groups: usize) -> f64 {
    let n = found.x.len();
    let nearest = |u: usize| {
        (0..n).filter(|&v| v != u).min_by(|&a, &b| {
            let square =
                |v: usize| (found.x[u] - found.x[v]).powi(2) + (found.y[u] - found.y[v]).powi(2);
            square(a).total_cmp(&square(b))
        })
    };
    let same = (0..n).filter(|&u| nearest(u).is_some_and(|v| u % groups == v % groups));
    same.count() as f64 / n as f64
}

#[test]
fn umap_keeps_groups_together() {
    let features = groups(300, 10, 6, 2);
    for start in [UmapStart::Spectral, UmapStart::Principal, UmapStart::Random] {
        let options = Umap { start, n_epochs: Some(200), ..Umap::default() };
        let found = options.run(&features, &Control::NONE).unwrap();
        assert!(found.x.iter().chain(&found.y).all(|value| value.is_finite()));
        assert!(purity(&found, 6) > 0.99, "{start:?}: {}", purity(&found, 6));
        let before = Umap { n_epochs: Some(0), start, ..Umap::default() };
        let before = before.run(&features, &Control::NONE).unwrap();
        assert_ne!(before.x, found.x);
    }
    let by_index = Umap { approximate: Some(true), n_epochs: Some(200), ..Umap::default() };
    let found = by_index.run(&features, &Control::NONE).unwrap();
    assert!(purity(&found, 6) > 0.99, "{}", purity(&found, 6));
    // That few rows are all in sight, so that the neighbors are the same.
    let exact = Umap { approximate: Some(false), ..by_index };
    assert_eq!(exact.run(&features, &Control::NONE).unwrap(), found);
}

#[test]
fn few_rows_are_projected_too() {
    for n in 0..4 {
        let features = Features::new(2, (0..2 * n).map(|value| value as f32).collect()).unwrap();
        for start in [UmapStart::Spectral, UmapStart::Principal, UmapStart::Random] {
            let options = Umap { start, ..Umap::default() };
            let found = options.run(&features, &Control::NONE).unwrap();
            assert_eq!((found.x.len(), found.y.len()), (n, n));
            assert!(found.x.iter().chain(&found.y).all(|value| value.is_finite()));
        }
    }
}

#[test]
fn any_number_of_threads_finds_the_same() {
    let graph = rmat(&Rmat { seed: 5, ..Rmat::graph500(10, 8) }).unwrap();
    let undirected = Undirected::new(&graph, Merge::Sum);
    let features = groups(700, 12, 5, 3);
    let run = |threads: usize| {
        with_threads(threads, || {
            let control = Control::NONE;
            let (us, vs): (Vec<u32>, Vec<u32>) =
                (0..5000).map(|at| (at * 7 % 1024, at * 31 % 1024)).unzip();
            (
                similarity(&undirected, Similarity::AdamicAdar, &us, &vs, &control).unwrap(),
                MostSimilar::default().run(&undirected, &control).unwrap(),
                NearestNeighbors::default().run(&features, &control).unwrap(),
                Hnsw::default().run(&features, &control).unwrap(),
                PrincipalComponents::default().run(&features, &control).unwrap(),
                Umap { n_epochs: Some(20), ..Umap::default() }.run(&features, &control).unwrap(),
                RandomWalks { in_out_parameter: 0.5, ..RandomWalks::default() }
                    .run(graph.out_edges(), &control)
                    .unwrap(),
            )
        })
    };
    let alone = run(1);
    for threads in [2, 5] {
        assert!(run(threads) == alone, "{threads} threads");
    }
}

#[test]
fn distances_beyond_single_precision_still_fill_rows() {
    let features = Features::new(1, vec![3e38, -3e38, 0.0]).unwrap();
    for distance in [Distance::Euclidean, Distance::Cosine, Distance::InnerProduct] {
        let found = NearestNeighbors { k: 2, distance }.run(&features, &Control::NONE).unwrap();
        assert_eq!(found.neighbors.len(), 6);
    }
}

#[test]
fn bad_input_is_refused_before_work() {
    let text = |error: Error| error.to_string();
    assert_eq!(
        text(Features::new(2, vec![0.0, 1.0, f32::NAN, 2.0]).unwrap_err()),
        "features has no finite number in row 1, column 0"
    );
    assert!(matches!(Features::new(2, vec![0.0; 3]), Err(Error::LengthMismatch { .. })));
    assert!(matches!(Features::new(0, vec![]), Err(Error::BadOption { .. })));
    let graph = Undirected::from_coo(&Coo::new(2, vec![0], vec![1], None).unwrap(), Merge::Unit);
    let pairs = |us: &[u32], vs: &[u32]| {
        similarity(&graph, Similarity::Jaccard, us, vs, &Control::NONE).unwrap_err()
    };
    assert!(matches!(pairs(&[0], &[]), Error::LengthMismatch { name: "targets", .. }));
    assert_eq!(text(pairs(&[0], &[2])), "targets names node 2, but there are only 2 nodes");
    let refused = |result: Result<(), Error>, name: &str| match result {
        Err(Error::BadOption { option, .. }) => assert_eq!(option, name),
        other => panic!("{other:?}"),
    };
    let features = groups(9, 2, 3, 1);
    let control = &Control::NONE;
    let none = MostSimilar { k: 0, ..MostSimilar::default() };
    refused(none.run(&graph, control).map(drop), "k");
    let none = NearestNeighbors { k: 0, ..NearestNeighbors::default() };
    refused(none.run(&features, control).map(drop), "k");
    let none = Hnsw { k: 0, ..Hnsw::default() };
    refused(none.run(&features, control).map(drop), "k");
    let none = Hnsw { n_links: 1, ..Hnsw::default() };
    refused(none.run(&features, control).map(drop), "n_links");
    let none = PrincipalComponents { n_components: 0 };
    refused(none.run(&features, control).map(drop), "n_components");
    for (options, name) in [
        (Umap { n_neighbors: 1, ..Umap::default() }, "n_neighbors"),
        (Umap { min_distance: 2.0, ..Umap::default() }, "min_distance"),
        (Umap { spread: 0.0, ..Umap::default() }, "spread"),
        (Umap { learning_rate: f64::NAN, ..Umap::default() }, "learning_rate"),
        (Umap { distance: Distance::InnerProduct, ..Umap::default() }, "distance"),
    ] {
        refused(options.run(&features, control).map(drop), name);
    }
    let csr = Csr::from_coo(&Coo::new(2, vec![0], vec![1], None).unwrap());
    for (options, name) in [
        (RandomWalks { length: 0, ..RandomWalks::default() }, "length"),
        (RandomWalks { return_parameter: 0.0, ..RandomWalks::default() }, "return_parameter"),
        (RandomWalks { in_out_parameter: -1.0, ..RandomWalks::default() }, "in_out_parameter"),
    ] {
        refused(options.run(&csr, control).map(drop), name);
    }
    let start = RandomWalks::default().run_from(&csr, &[2], control);
    assert!(matches!(start, Err(Error::NoSuchNode { name: "starts", node: 2, .. })));
}

#[test]
fn work_stops_when_asked() {
    let stop = AtomicBool::new(true);
    let control = &Control::default().stopped_by(&stop);
    let graph = Undirected::from_coo(&Coo::new(2, vec![0], vec![1], None).unwrap(), Merge::Unit);
    let csr = Csr::from_coo(&Coo::new(2, vec![0], vec![1], None).unwrap());
    let features = groups(9, 2, 3, 1);
    for result in [
        similarity(&graph, Similarity::Jaccard, &[0], &[1], control).map(drop),
        MostSimilar::default().run(&graph, control).map(drop),
        NearestNeighbors::default().run(&features, control).map(drop),
        Hnsw::default().run(&features, control).map(drop),
        PrincipalComponents::default().run(&features, control).map(drop),
        Umap::default().run(&features, control).map(drop),
        RandomWalks::default().run(&csr, control).map(drop),
    ] {
        assert!(matches!(result, Err(Error::Stopped { .. })), "{result:?}");
    }
}

/// Calls `check` for each kind of work that tells how far it is, with the name of what it counts.
fn each_that_tells(check: impl Fn(&str, &(dyn Fn(&Control) -> Result<(), Error> + Sync))) {
    let n = 1500;
    let rmat = rmat(&Rmat { scale: 10, n_edges: 8000, seed: 3, ..Rmat::default() }).unwrap();
    let csr = Csr::from_coo(rmat.coo());
    let graph = Undirected::from_coo(rmat.coo(), Merge::Unit);
    let features = groups(n, 4, 9, 1);
    let us: Vec<NodeId> = (0..40_000).map(|pair| pair % 1024).collect();
    check("pairs", &|control| similarity(&graph, Similarity::Jaccard, &us, &us, control).map(drop));
    check("nodes", &|control| MostSimilar::default().run(&graph, control).map(drop));
    check("rows", &|control| NearestNeighbors::default().run(&features, control).map(drop));
    check("rows", &|control| Hnsw::default().run(&features, control).map(drop));
    for in_out_parameter in [1.0, 0.5] {
        let options = RandomWalks { length: 8, in_out_parameter, ..RandomWalks::default() };
        check("walks", &|control| options.run(&csr, control).map(drop));
    }
}

#[test]
fn progress_rises_to_the_end_as_parts_finish() {
    each_that_tells(|stage, work| {
        for threads in [1, 3] {
            let told = Mutex::new(Vec::new());
            let report = |progress: Progress| {
                if progress.stage == stage {
                    told.lock().unwrap().push((progress.done, progress.total));
                }
            };
            with_threads(threads, || work(&Control::default().reporting(&report)).unwrap());
            let told = told.into_inner().unwrap();
            let (last, total) = *told.last().unwrap();
            assert_eq!(Some(last), total, "{stage}");
            assert!(told.iter().all(|&(_, of)| of == total), "{stage}: {told:?}");
            assert!(told.is_sorted_by(|a, b| a.0 < b.0), "{stage}: {told:?}");
            assert!(told.len() < 300, "{stage}: {told:?}");
            // A thread that waits for its turn while it reports may let others finish.
            assert!(threads > 1 || 10 < told.len(), "{stage}: {told:?}");
        }
    });
}

#[test]
fn work_stops_on_its_way() {
    each_that_tells(|stage, work| {
        let (stop, first) = (AtomicBool::new(false), Mutex::new(None));
        let report = |progress: Progress| {
            if progress.stage == stage && !stop.swap(true, Ordering::Relaxed) {
                *first.lock().unwrap() = Some(progress);
            }
        };
        let control = Control::default().reporting(&report).stopped_by(&stop);
        let stopped = with_threads(1, || work(&control)).unwrap_err();
        let first = first.into_inner().unwrap().unwrap();
        assert!(Some(first.done) < first.total, "{first:?}");
        let is_there = matches!(stopped, Error::Stopped { stage: at, done } if (at, done) == (stage, first.done));
        assert!(is_there, "{stopped}");
    });
}
