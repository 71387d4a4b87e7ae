//! Detectors of streams: the definitions, where they stop and go on, and what they refuse.

#![expect(clippy::unwrap_used, reason = "a panic fails the test, as it should")]

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, Float64Array, Int32Array, Int64Array, RecordBatch, StringArray, UInt64Array,
};
use gad_eval::Error;
use gad_eval::detectors::stream::{
    AnoEdgeG, AnoEdgeL, AnoGraph, AnoGraphK, EdgeScorer, Hash, Midas, MidasF, MidasR, SedanSpot,
    StreamBatch, StreamDetector, StreamEdges, StreamScores, restore,
};
use gad_eval::metrics::roc_auc_score;
use proptest::prelude::*;

/// Edges as columns.
#[derive(Debug, Clone, Default)]
struct Stream {
    sources: Vec<u64>,
    targets: Vec<u64>,
    times: Vec<i64>,
    labels: Vec<bool>,
}

impl Stream {
    fn push(&mut self, source: u64, target: u64, time: i64, label: bool) {
        self.sources.push(source);
        self.targets.push(target);
        self.times.push(time);
        self.labels.push(label);
    }

    fn edges(&self, range: std::ops::Range<usize>) -> StreamEdges<'_> {
        StreamEdges {
            sources: &self.sources[range.clone()],
            targets: &self.targets[range.clone()],
            times: &self.times[range],
        }
    }

    fn len(&self) -> usize {
        self.sources.len()
    }

    fn score(&self, mut detector: impl StreamDetector) -> StreamScores {
        let mut scores = StreamScores::default();
        detector.push(&self.edges(0..self.len()), &mut scores).unwrap();
        detector.finish(&mut scores);
        scores
    }
}

/// Regular traffic between 200 nodes over 300 ticks, with bursts from one source to few targets.
fn bursts(seed: u64) -> Stream {
    let mut state = seed;
    let mut random = move |n: u64| {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % n
    };
    let mut stream = Stream::default();
    for time in 1..=300 {
        for _ in 0..40 {
            let source = random(200);
            stream.push(source, 1000 + (source * 7 + random(5)) % 200, time, false);
        }
        if time % 60 == 59 {
            for _ in 0..200 {
                stream.push(time as u64 % 200, 1000 + random(3), time, true);
            }
        }
    }
    stream
}

/// Every detector, in small and with each hash.
fn all(hash: Hash, seed: u64) -> Vec<Box<dyn StreamDetector>> {
    let (rows, columns, buckets) = (2, 64, 8);
    vec![
        Box::new(Midas { rows, columns, hash, seed, ..Midas::default() }.start().unwrap()),
        Box::new(MidasR { rows, columns, hash, seed, ..MidasR::default() }.start().unwrap()),
        Box::new(
            MidasF { rows, columns, hash, seed, threshold: 9.0, ..MidasF::default() }
                .start()
                .unwrap(),
        ),
        Box::new(AnoEdgeL { rows, buckets, hash, seed, ..AnoEdgeL::default() }.start().unwrap()),
        Box::new(AnoEdgeG { rows, buckets, hash, seed, ..AnoEdgeG::default() }.start().unwrap()),
        Box::new(SedanSpot { sample: 20, walks: 5, seed, ..SedanSpot::default() }.start().unwrap()),
        Box::new(AnoGraph { rows, buckets, hash, seed, window: 7 }.start().unwrap()),
        Box::new(AnoGraphK { rows, buckets, hash, seed, window: 7, k: 3 }.start().unwrap()),
    ]
}

fn bits(scores: &StreamScores) -> (Vec<u64>, &[i64]) {
    (scores.scores.iter().map(|score| score.to_bits()).collect(), &scores.windows)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    /// Wherever a stream is cut, in slices and by a checkpoint: the same bits, and the same state.
    #[test]
    fn a_restored_detector_goes_on_with_the_same_bits(
        edges in prop::collection::vec((0..40_u64, 0..40_u64, 0..3_i64), 1..300),
        cut in 0.0..1.0_f64,
        seed in 0..5_u64,
        reference: bool,
    ) {
        let mut stream = Stream::default();
        let mut time = -3;
        for (source, target, step) in edges {
            time += step;
            stream.push(source, target, time, false);
        }
        let hash = if reference { Hash::Reference } else { Hash::Mixed };
        let cut = (cut * stream.len() as f64) as usize;
        for (mut whole, mut part) in all(hash, seed).into_iter().zip(all(hash, seed)) {
            let (mut expected, mut found) = (StreamScores::default(), StreamScores::default());
            whole.push(&stream.edges(0..stream.len()), &mut expected).unwrap();
            part.push(&stream.edges(0..cut), &mut found).unwrap();
            let mut taken_up = restore(&part.checkpoint()).unwrap();
            prop_assert_eq!(taken_up.n_edges(), cut as u64);
            prop_assert_eq!(taken_up.n_bytes(), part.n_bytes());
            prop_assert_eq!(taken_up.checkpoint(), part.checkpoint());
            taken_up.push(&stream.edges(cut..stream.len()), &mut found).unwrap();
            prop_assert_eq!(taken_up.checkpoint(), whole.checkpoint());
            whole.finish(&mut expected);
            taken_up.finish(&mut found);
            prop_assert_eq!(bits(&found), bits(&expected), "{}", whole.name());
        }
    }
}

/// Oracle: exact counts in maps, and the formulas of the papers, with sketches so wide that nothing
/// collides.
#[test]
fn midas_is_its_formula_where_nothing_collides() {
    let stream = bursts(3);
    let columns = 1 << 22;
    let plain = stream.score(Midas { columns, ..Midas::default() }.start().unwrap());
    let relational =
        stream.score(MidasR { columns: columns / 8, ..MidasR::default() }.start().unwrap());
    let mut now: HashMap<(u64, u64), f64> = HashMap::new();
    let mut total: HashMap<(u64, u64), f64> = HashMap::new();
    let mut fading: [HashMap<(u64, u64), f64>; 3] = Default::default();
    let mut ever: [HashMap<(u64, u64), f64>; 3] = Default::default();
    let mut last = 1;
    let chi = |a: f64, s: f64, t: f64| match t {
        1.0 => 0.0,
        _ => (a - s / t).powi(2) * t * t / (s * (t - 1.0)),
    };
    for edge in 0..stream.len() {
        let (source, target, time) =
            (stream.sources[edge], stream.targets[edge], stream.times[edge]);
        if time > last {
            now.clear();
            fading.iter_mut().flat_map(HashMap::values_mut).for_each(|count| *count *= 0.5);
            last = time;
        }
        let count = |map: &mut HashMap<(u64, u64), f64>, key| {
            *map.entry(key).and_modify(|count| *count += 1.0).or_insert(1.0)
        };
        let key = (source, target);
        let expected = chi(count(&mut now, key), count(&mut total, key), time as f64);
        let near = |found: f64, expected: f64| (found - expected).abs() <= 1e-9 * expected.max(1.0);
        assert!(near(plain.scores[edge], expected), "{edge}: {} {expected}", plain.scores[edge]);
        let keys = [key, (source, u64::MAX), (u64::MAX, target)];
        let expected = (0..3)
            .map(|i| chi(count(&mut fading[i], keys[i]), count(&mut ever[i], keys[i]), time as f64))
            .fold(0.0, f64::max);
        let found = relational.scores[edge];
        assert!(near(found, expected), "{edge}: {found} {expected}");
    }
}

/// Oracle: MIDAS-F's counters cell by cell, straight from its definition, one row and one column.
#[test]
fn midas_f_is_its_formula_in_one_cell() {
    let stream = bursts(4);
    let (threshold, decay) = (5.0, 0.75);
    let config = MidasF { rows: 1, columns: 1, threshold, decay, ..MidasF::default() };
    let found = stream.score(config.start().unwrap());
    let (mut a, mut s, mut score, mut tick) = (0.0_f64, 0.0_f64, 0.0_f64, 1.0_f64);
    let mut filtered = 0;
    for (edge, &time) in stream.times.iter().enumerate() {
        if time as f64 > tick {
            let mean = if tick == 1.0 { 0.0 } else { s / (tick - 1.0) };
            filtered += usize::from(score >= threshold);
            s += if score < threshold { a } else { mean };
            a *= decay;
            tick = time as f64;
        }
        a += 1.0;
        score = if s == 0.0 { 0.0 } else { (a + s - a * tick).powi(2) / (s * (tick - 1.0)) };
        assert!((found.scores[edge] - score).abs() <= 1e-9 * score.max(1.0), "{edge}");
    }
    assert!(filtered > 0, "the threshold should matter");
}

/// What each detector is for: bursts of similar edges rank above regular ones.
#[test]
fn bursts_rank_above_regular_traffic() {
    let stream = bursts(1);
    let area = |detector: EdgeScorer| {
        let name = detector.name();
        let scores = stream.score(detector).scores;
        assert!(scores.iter().all(|score| score.is_finite() && *score >= 0.0));
        (name, roc_auc_score(&stream.labels, &scores).unwrap())
    };
    for hash in [Hash::Mixed, Hash::Reference] {
        let seed = 2;
        for (name, found) in [
            area(Midas { hash, seed, ..Midas::default() }.start().unwrap()),
            area(MidasR { hash, seed, ..MidasR::default() }.start().unwrap()),
            area(MidasF { hash, seed, ..MidasF::default() }.start().unwrap()),
            area(AnoEdgeL { hash, seed, ..AnoEdgeL::default() }.start().unwrap()),
            area(AnoEdgeG { hash, seed, ..AnoEdgeG::default() }.start().unwrap()),
        ] {
            assert!(found > 0.95, "{name} {hash:?}: {found}");
        }
        let windows = |scores: StreamScores, name: &str| {
            let labels: Vec<bool> = scores.windows.iter().map(|begin| begin % 60 == 50).collect();
            assert_eq!(scores.windows.len(), 31);
            let found = roc_auc_score(&labels, &scores.scores).unwrap();
            assert!(found > 0.95, "{name} {hash:?}: {found}");
        };
        let window = 10;
        windows(
            stream.score(AnoGraph { hash, window, ..AnoGraph::default() }.start().unwrap()),
            "AnoGraph",
        );
        windows(
            stream.score(AnoGraphK { hash, window, ..AnoGraphK::default() }.start().unwrap()),
            "AnoGraph-K",
        );
    }
}

/// An edge that is one more of many changes little; one to where no walk came changes much, and in a
/// sample that forgot the many, it changes more.
#[test]
fn an_edge_to_where_no_walk_came_stands_out() {
    let mut stream = Stream::default();
    (0..61).for_each(|time| stream.push(0, if time == 60 { 2 } else { 1 }, time, false));
    let last_two = |sample| {
        let method = SedanSpot { walks: 2000, sample, ..SedanSpot::default() };
        let scores = stream.score(method.start().unwrap()).scores;
        (scores[59], scores[60])
    };
    let (known, new) = last_two(100);
    // Of 61 edges from the source one leads there, in walks of at most two steps.
    assert!((new - 0.85 / 61.0 / 1.85).abs() < 0.004 && known < 0.02, "{known} {new}");
    let (_, forgotten) = last_two(5);
    assert!((forgotten - 0.85 / 6.0 / 1.85).abs() < 0.015, "{forgotten}");
}

/// However many edges and nodes there are: what is remembered is that of its sample.
#[test]
fn a_walker_remembers_its_sample_alone() {
    let mut walker = SedanSpot { sample: 50, walks: 1, ..SedanSpot::default() }.start().unwrap();
    let mut most = 0;
    for edge in 0..20_000 {
        walker.score(edge, edge + 1, edge as i64 / 300).unwrap();
        most = most.max(walker.checkpoint().len() * usize::from(edge % 97 == 0));
    }
    assert!(most <= 1000 + 2 * 50 * 32, "{most}");
}

/// A stream that runs long after an edge was seen makes no number so small that it is slow or not
/// a number.
#[test]
fn counters_of_long_ago_are_zero() {
    for mut detector in all(Hash::Reference, 1).into_iter().chain(all(Hash::Mixed, 1)) {
        let mut scores = StreamScores::default();
        for time in 0..20_000 {
            let edges = StreamEdges { sources: &[time % 2], targets: &[9], times: &[time as i64] };
            detector.push(&edges, &mut scores).unwrap();
        }
        assert!(scores.scores.iter().all(|score| score.is_finite()), "{}", detector.name());
        restore(&detector.checkpoint()).unwrap();
    }
}

#[test]
fn windows_begin_at_multiples_and_empty_ones_have_no_score() {
    let mut graphs = AnoGraph { window: 10, ..AnoGraph::default() }.start().unwrap();
    assert_eq!(graphs.score(1, 2, -5).unwrap(), None);
    let (begin, score) = graphs.score(1, 2, 3).unwrap().unwrap();
    assert_eq!((begin, score), (-10, 1.0));
    assert_eq!(graphs.score(1, 2, 9).unwrap(), None);
    assert_eq!(graphs.score(1, 2, 47).unwrap(), Some((0, 2.0)));
    assert_eq!(graphs.end(), Some((40, 1.0)));
    assert_eq!(graphs.end(), None);
    // The rest of a window that was ended is a window again.
    assert_eq!(graphs.score(1, 2, 47).unwrap(), None);
    assert_eq!(graphs.end(), Some((40, 1.0)));
}

#[test]
fn edges_before_a_bad_one_are_scored() {
    for mut detector in all(Hash::Mixed, 0) {
        let mut scores = StreamScores::default();
        let edges = StreamEdges { sources: &[1, 2, 3, 4], targets: &[1; 4], times: &[5, 6, 4, 7] };
        let error = detector.push(&edges, &mut scores).unwrap_err();
        assert!(matches!(error, Error::TimeGoesBack { edge: 2, time: 4, before: 6 }), "{error}");
        assert_eq!(detector.n_edges(), 2);
        let edges = StreamEdges { sources: &[1, 2], targets: &[1], times: &[7, 7] };
        let error = detector.push(&edges, &mut scores).unwrap_err();
        assert!(matches!(error, Error::LengthMismatch { name: "targets", .. }), "{error}");
        assert_eq!(detector.n_edges(), 2);
    }
}

#[test]
fn options_that_make_no_sense_are_refused() {
    let refused = |result: Result<EdgeScorer, Error>, name: &str| match result {
        Err(Error::BadOption { option, .. }) => assert_eq!(option, name),
        other => panic!("{other:?}"),
    };
    refused(Midas { rows: 0, ..Midas::default() }.start(), "rows");
    refused(Midas { columns: 0, ..Midas::default() }.start(), "columns");
    refused(Midas { columns: usize::MAX, ..Midas::default() }.start(), "columns");
    refused(Midas { tick: 0, ..Midas::default() }.start(), "tick");
    refused(MidasR { decay: f64::NAN, ..MidasR::default() }.start(), "decay");
    refused(MidasF { decay: 1.5, ..MidasF::default() }.start(), "decay");
    refused(MidasF { threshold: -1.0, ..MidasF::default() }.start(), "threshold");
    refused(AnoEdgeG { buckets: 0, ..AnoEdgeG::default() }.start(), "buckets");
    refused(AnoEdgeL { buckets: 1 << 40, ..AnoEdgeL::default() }.start(), "buckets");
    refused(SedanSpot { sample: 0, ..SedanSpot::default() }.start(), "sample");
    refused(SedanSpot { sample: 1 << 40, ..SedanSpot::default() }.start(), "sample");
    refused(SedanSpot { walks: 0, ..SedanSpot::default() }.start(), "walks");
    refused(SedanSpot { tick: 0, ..SedanSpot::default() }.start(), "tick");
    for restart in [0.0, 1.5, f64::NAN] {
        refused(SedanSpot { restart, ..SedanSpot::default() }.start(), "restart");
    }
    assert!(AnoGraph { window: 0, ..AnoGraph::default() }.start().is_err());
    assert!(AnoGraphK { k: 0, ..AnoGraphK::default() }.start().is_err());
}

#[test]
fn a_checkpoint_that_is_no_state_is_refused() {
    let message = |bytes: &[u8]| restore(bytes).err().unwrap().to_string();
    assert!(message(b"").contains("no checkpoint"));
    let bytes = Midas::default().start().unwrap().checkpoint();
    assert!(message(&bytes[..bytes.len() - 9]).contains("damaged"));
    let mut newer = bytes.clone();
    newer[8] = 9;
    assert!(message(&newer).contains("version is 9"), "{}", message(&newer));
}

#[test]
fn batches_of_any_type_of_id_are_read() {
    let batch = |source: ArrayRef, time: ArrayRef| {
        let target: ArrayRef = Arc::new(Int32Array::from(vec![7, -1]));
        RecordBatch::try_from_iter([("source", source), ("target", target), ("time", time)])
            .unwrap()
    };
    let times: ArrayRef = Arc::new(Int64Array::from(vec![3, 4]));
    let wide = batch(Arc::new(UInt64Array::from(vec![u64::MAX, 1])), times.clone());
    let read = StreamBatch::new(&wide, "source", "target", "time").unwrap();
    assert_eq!(read.edges().sources, [u64::MAX, 1]);
    assert_eq!(read.edges().targets, [7, u64::MAX]);
    let named = batch(
        Arc::new(StringArray::from(vec!["ada", "bob"])),
        Arc::new(Float64Array::from(vec![-0.5, 2.5])),
    );
    let read = StreamBatch::new(&named, "source", "target", "time").unwrap();
    assert_ne!(read.edges().sources[0], read.edges().sources[1]);
    assert_eq!(read.edges().times, [-1, 2]);
    let error = |batch: &RecordBatch, time: &str| {
        StreamBatch::new(batch, "source", "target", time).unwrap_err().to_string()
    };
    assert_eq!(error(&wide, "tiem"), "there is no column `tiem`, did you mean `time`?");
    let holes = batch(Arc::new(Int64Array::from(vec![Some(1), None])), times.clone());
    assert_eq!(error(&holes, "time"), "column `source` has no value in row 1");
    let endless = batch(
        Arc::new(Int64Array::from(vec![1, 2])),
        Arc::new(Float64Array::from(vec![0.0, f64::NAN])),
    );
    assert!(error(&endless, "time").contains("NaN at 1"));
    let fractions = batch(Arc::new(Float64Array::from(vec![1.0, 2.0])), times);
    assert!(error(&fractions, "time").contains("integers or strings"));
}
