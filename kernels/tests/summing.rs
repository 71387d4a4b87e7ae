//! Reductions, of arrays and of segments, searches, and sparse matrices on every device found,
//! against the standard library.

#![expect(clippy::unwrap_used, reason = "a panic fails the test, as it should")]

mod common;

use common::{Random, config, devices, download, is_small, lengths, longest, upload};
use graph_kernels::{
    Bound, Buffer, Device, DeviceCsr, Element, Indices, Reduction, SegmentScratch, Segments,
    SplitCsr, gather, reduce_to_host, search, segmented_reduce, spmv,
};
use proptest::prelude::*;

const ALL: [Reduction; 3] = [Reduction::Sum, Reduction::Min, Reduction::Max];

fn of_u32(numbers: &[u32], reduction: Reduction) -> u32 {
    match reduction {
        Reduction::Sum => numbers.iter().fold(0, |a, &b| a.wrapping_add(b)),
        Reduction::Min => numbers.iter().copied().min().unwrap_or(u32::MAX),
        Reduction::Max => numbers.iter().copied().max().unwrap_or(0),
    }
}

fn of_u64(numbers: &[u64], reduction: Reduction) -> u64 {
    match reduction {
        Reduction::Sum => numbers.iter().fold(0, |a, &b| a.wrapping_add(b)),
        Reduction::Min => numbers.iter().copied().min().unwrap_or(u64::MAX),
        Reduction::Max => numbers.iter().copied().max().unwrap_or(0),
    }
}

/// With a bound on the error of a sum: 2e-6 of the sum of magnitudes.
fn of_f32(numbers: &[f32], reduction: Reduction) -> (f32, f32) {
    match reduction {
        Reduction::Sum => {
            let sum: f64 = numbers.iter().map(|&x| f64::from(x)).sum();
            let magnitudes: f64 = numbers.iter().map(|&x| f64::from(x.abs())).sum();
            (sum as f32, 2e-6 * magnitudes as f32)
        }
        Reduction::Min => (numbers.iter().copied().fold(f32::INFINITY, f32::min), 0.0),
        Reduction::Max => (numbers.iter().copied().fold(f32::NEG_INFINITY, f32::max), 0.0),
    }
}

fn is_close(found: f32, (expected, bound): (f32, f32)) -> bool {
    found == expected || (found - expected).abs() <= bound
}

#[test]
fn reductions_agree_at_all_lengths() {
    let mut random = Random::new(10);
    for device in devices() {
        for n in lengths() {
            let (narrow, wide, floats) = (random.u32s(n), random.u64s(n), random.f32s(n));
            for reduction in ALL {
                let found = reduce_to_host(&upload(device, &narrow), reduction).unwrap();
                assert_eq!(found, of_u32(&narrow, reduction), "{n} on {device}");
                let found = reduce_to_host(&upload(device, &wide), reduction).unwrap();
                assert_eq!(found, of_u64(&wide, reduction), "{n} on {device}");
                let found = reduce_to_host(&upload(device, &floats), reduction).unwrap();
                let expected = of_f32(&floats, reduction);
                assert!(is_close(found, expected), "{n} on {device}: {found} for {expected:?}");
            }
        }
    }
}

#[test]
fn the_least_and_the_most_pass_over_what_is_not_a_number() {
    for device in devices() {
        let mut numbers = vec![f32::NAN; 600];
        for reduction in [Reduction::Min, Reduction::Max] {
            numbers[599] = -2.5;
            numbers[3] = 7.0;
            let (expected, _) = of_f32(&numbers, reduction);
            assert_eq!(reduce_to_host(&upload(device, &numbers), reduction).unwrap(), expected);
        }
    }
}

#[test]
fn a_sum_of_floats_gives_the_same_bits_again() {
    let numbers = Random::new(11).f32s(10_000);
    for device in devices() {
        let numbers = upload(device, &numbers);
        let sum = || reduce_to_host(&numbers, Reduction::Sum).unwrap().to_bits();
        let first = sum();
        assert!((0..3).all(|_| sum() == first), "{device}");
    }
}

fn check_search<T: Element>(device: Device, sorted: &[T], queries: &[T]) {
    let (array, asked) = (upload(device, sorted), upload(device, queries));
    for bound in [Bound::Lower, Bound::Upper] {
        let mut out = Buffer::zeros(device, queries.len()).unwrap();
        search(&array, &asked, bound, &mut out).unwrap();
        let expected: Vec<u32> = queries
            .iter()
            .map(|query| match bound {
                Bound::Lower => sorted.partition_point(|number| number < query) as u32,
                Bound::Upper => sorted.partition_point(|number| number <= query) as u32,
            })
            .collect();
        assert!(download(&out) == expected, "{bound:?} in {} on {device}", sorted.len());
    }
}

#[test]
fn searches_agree_at_all_lengths() {
    let mut random = Random::new(12);
    for device in devices() {
        for n in lengths() {
            let mut numbers: Vec<u32> = (0..n).map(|_| random.below(n as u32 / 2 + 1)).collect();
            let queries = numbers.clone();
            numbers.sort_unstable();
            check_search(device, &numbers, &queries);
            check_search(device, &numbers[n / 2..], &[0, u32::MAX, n as u32 / 4]);
            let wide = |numbers: &[u32]| -> Vec<u64> {
                numbers.iter().map(|&x| u64::from(x) << 33 | 1).collect()
            };
            check_search(device, &wide(&numbers), &wide(&queries));
            let floats = |numbers: &[u32]| -> Vec<f32> {
                numbers.iter().map(|&x| x as f32 * 0.25 - 3.0).collect()
            };
            check_search(device, &floats(&numbers), &floats(&queries));
        }
    }
}

/// Ends of segments of these lengths.
fn ends(lengths: &[u32]) -> Vec<u32> {
    let mut ends = vec![0];
    for len in lengths {
        ends.push(ends[ends.len() - 1] + len);
    }
    ends
}

fn check_segments(device: Device, random: &mut Random, lengths: &[u32]) {
    let ends = ends(lengths);
    let items = ends[ends.len() - 1] as usize;
    let (narrow, wide, floats) = (random.u32s(items), random.u64s(items), random.f32s(items));
    let segments = Segments::new(upload(device, &ends)).unwrap();
    let of = |s: usize| ends[s] as usize..ends[s + 1] as usize;
    let n = lengths.len();
    for reduction in ALL {
        let mut out = Buffer::zeros(device, n).unwrap();
        let mut scratch = SegmentScratch::new(&segments).unwrap();
        let numbers = upload(device, &narrow);
        segmented_reduce(&numbers, &segments, reduction, &mut out, &mut scratch).unwrap();
        let expected: Vec<u32> = (0..n).map(|s| of_u32(&narrow[of(s)], reduction)).collect();
        assert!(download(&out) == expected, "{reduction:?} of {n} on {device}");

        let mut out = Buffer::zeros(device, n).unwrap();
        let mut scratch = SegmentScratch::new(&segments).unwrap();
        let numbers = upload(device, &wide);
        segmented_reduce(&numbers, &segments, reduction, &mut out, &mut scratch).unwrap();
        let expected: Vec<u64> = (0..n).map(|s| of_u64(&wide[of(s)], reduction)).collect();
        assert!(download(&out) == expected, "{reduction:?} of {n} on {device}");

        let mut out = Buffer::zeros(device, n).unwrap();
        let mut scratch = SegmentScratch::new(&segments).unwrap();
        let numbers = upload(device, &floats);
        segmented_reduce(&numbers, &segments, reduction, &mut out, &mut scratch).unwrap();
        for (s, found) in download(&out).into_iter().enumerate() {
            let expected = of_f32(&floats[of(s)], reduction);
            assert!(is_close(found, expected), "{s} of {n} on {device}: {found}, {expected:?}");
        }
    }
}

/// Lengths of short, medium and long segments, and empty ones.
fn some_lengths() -> Vec<u32> {
    let mut lengths = vec![0, 1, 31, 32, 33, 100, 0, 0, 255, 256, 257, 4095, 4096, 4097];
    lengths.extend((0..if is_small() { 20 } else { 900 }).map(|i| i % 70));
    if !is_small() {
        lengths.extend([20_000, 0, 1, 70_001]);
    }
    lengths
}

#[test]
fn reductions_of_segments_agree_whatever_their_lengths() {
    let mut random = Random::new(13);
    for device in devices() {
        check_segments(device, &mut random, &[]);
        check_segments(device, &mut random, &[0, 0]);
        check_segments(device, &mut random, &[1]);
        check_segments(device, &mut random, &some_lengths());
    }
}

#[test]
fn segments_refuse_offsets_that_are_none() {
    for device in devices() {
        for (offsets, message) in [
            (&[][..], "offsets has 0 entries, but 1 were expected"),
            (&[1, 2][..], "entry 0 of offsets is 1, but it must be 0"),
            (&[0, 3, 2][..], "entry 2 of offsets is 2, but it must be at least the one before it"),
        ] {
            let error = Segments::new(upload(device, offsets)).unwrap_err();
            assert_eq!(error.to_string(), message);
            let error = DeviceCsr::upload(device, 9, offsets, &[0, 0]).unwrap_err();
            assert_eq!(error.to_string(), message);
        }
        let error = DeviceCsr::upload(device, 9, &[0, 1, 2], &[8, 9]).unwrap_err();
        assert_eq!(error.to_string(), "entry 1 of indices is 9, but it must be below 9");
        let error = DeviceCsr::upload(device, 9, &[0, 1, 2], &[8]).unwrap_err();
        assert_eq!(error.to_string(), "columns has 1 entries, but 2 were expected");
    }
}

/// The oracle: a stable sort of the entries.
fn sorted_entries(rows: &[u32], columns: &[u32]) -> Vec<u32> {
    let mut order: Vec<u32> = (0..rows.len() as u32).collect();
    order.sort_by_key(|&e| (rows[e as usize], columns[e as usize]));
    order
}

fn check_csr(device: Device, rows: &[u32], columns: &[u32], n_rows: u32, n_columns: u32) {
    let listed_rows = Indices::upload(device, rows, n_rows).unwrap();
    let listed_columns = Indices::upload(device, columns, n_columns).unwrap();
    let (csr, order) = DeviceCsr::from_coo(&listed_rows, &listed_columns).unwrap();
    let at = format!("{} of {n_rows} by {n_columns} on {device}", rows.len());

    let expected = sorted_entries(rows, columns);
    let pick =
        |of: &[u32], order: &[u32]| -> Vec<u32> { order.iter().map(|&e| of[e as usize]).collect() };
    let (sorted_rows, sorted_columns) = (pick(rows, &expected), pick(columns, &expected));
    let offsets = |n: u32, sorted: &[u32]| -> Vec<u32> {
        (0..=n).map(|row| sorted.partition_point(|&r| r < row) as u32).collect()
    };
    assert!(download(order.numbers()) == expected, "order: {at}");
    assert!(download(csr.columns().numbers()) == sorted_columns, "columns: {at}");
    assert!(download(csr.offsets()) == offsets(n_rows, &sorted_rows), "offsets: {at}");
    assert_eq!((csr.n_rows(), csr.n_columns(), csr.len()), (n_rows, n_columns, rows.len()));

    let (turned, order) = csr.transpose().unwrap();
    let expected = sorted_entries(&sorted_columns, &sorted_rows);
    let columns = pick(&sorted_columns, &expected);
    assert!(download(order.numbers()) == expected, "order of transposed: {at}");
    assert!(
        download(turned.columns().numbers()) == pick(&sorted_rows, &expected),
        "columns of transposed: {at}"
    );
    assert!(
        download(turned.offsets()) == offsets(n_columns, &columns),
        "offsets of transposed: {at}"
    );
    assert_eq!((turned.n_rows(), turned.n_columns()), (n_columns, n_rows));
}

#[test]
fn matrices_are_sorted_and_turned_as_by_std() {
    let mut random = Random::new(14);
    let small = is_small();
    for device in devices() {
        check_csr(device, &[], &[], 0, 0);
        check_csr(device, &[], &[], 3, 2);
        check_csr(device, &[0; 5], &[0; 5], 1, 1);
        let sizes = [(300, 7, 1000), (3000, 500, 500), (100_000, 3000, 70_000), (60_000, 1, 9)];
        for (m, n_rows, n_columns) in sizes {
            if small && m > 300 {
                continue;
            }
            // Half of the entries are in one row: a hub.
            let rows: Vec<u32> = (0..m).map(|i| random.below(n_rows) * (i % 2)).collect();
            let columns: Vec<u32> = (0..m).map(|_| random.below(n_columns)).collect();
            check_csr(device, &rows, &columns, n_rows, n_columns);
        }
        if small {
            continue;
        }
        check_csr(device, &[2, 0, 2, 0], &[1, 1, 1, 0], 3, 2);
        // Wide keys.
        let n = u32::MAX - (1 << 24);
        let columns = [n - 1, 5, n - 2, n - 1];
        let listed = Indices::upload(device, &columns, n).unwrap();
        let rows = Indices::upload(device, &[1, 1, 0, 1], 2).unwrap();
        let (csr, order) = DeviceCsr::from_coo(&rows, &listed).unwrap();
        assert_eq!(download(csr.columns().numbers()), [n - 2, 5, n - 1, n - 1]);
        assert_eq!(download(order.numbers()), [2, 1, 0, 3]);
    }
}

/// Against sums in double precision: within 2e-6 of the sum of magnitudes.
fn check_spmv(device: Device, random: &mut Random, lengths: &[u32], n_columns: u32) {
    let ends = ends(lengths);
    let m = ends[ends.len() - 1] as usize;
    let columns: Vec<u32> = (0..m).map(|_| random.below(n_columns)).collect();
    let (x, weights) = (random.f32s(n_columns as usize), random.f32s(m));
    let csr = DeviceCsr::upload(device, n_columns, &ends, &columns).unwrap();
    let matrix = SplitCsr::new(csr).unwrap();
    let mut scratch = SegmentScratch::new(matrix.rows()).unwrap();
    let (vector, factors) = (upload(device, &x), upload(device, &weights));
    for weighted in [false, true] {
        let mut y = Buffer::zeros(device, lengths.len()).unwrap();
        spmv(&matrix, weighted.then_some(&factors), &vector, &mut y, &mut scratch).unwrap();
        for (row, found) in download(&y).into_iter().enumerate() {
            let entries = ends[row] as usize..ends[row + 1] as usize;
            let weight = |e: usize| if weighted { f64::from(weights[e]) } else { 1.0 };
            let product = |e: usize| weight(e) * f64::from(x[columns[e] as usize]);
            let sum: f64 = entries.clone().map(product).sum();
            let magnitudes: f64 = entries.map(|e| product(e).abs()).sum();
            let bound = 2e-6 * magnitudes + 1e-30;
            assert!(
                (f64::from(found) - sum).abs() <= bound,
                "row {row} of {} on {device}: {found} for {sum}",
                lengths.len()
            );
        }
    }
}

#[test]
fn products_agree_whatever_the_lengths_of_rows() {
    let mut random = Random::new(15);
    for device in devices() {
        check_spmv(device, &mut random, &[], 1);
        check_spmv(device, &mut random, &[0, 0], 5);
        check_spmv(device, &mut random, &[3, 0, 1], 2);
        check_spmv(device, &mut random, &some_lengths(), 5000);
    }
}

#[test]
fn products_refuse_arrays_of_other_lengths() {
    for device in devices() {
        let csr = DeviceCsr::upload(device, 4, &[0, 2, 3], &[0, 1, 0]).unwrap();
        let matrix = SplitCsr::new(csr).unwrap();
        let mut scratch = SegmentScratch::new(matrix.rows()).unwrap();
        let array = |n: usize| upload(device, &vec![0.0; n]);
        for (weights, x, y, message) in [
            (3, 3, 2, "x has 3 entries, but 4 were expected"),
            (3, 4, 3, "y has 3 entries, but 2 were expected"),
            (4, 4, 2, "weights has 4 entries, but 3 were expected"),
        ] {
            let weights = array(weights);
            let refused = spmv(&matrix, Some(&weights), &array(x), &mut array(y), &mut scratch);
            assert_eq!(refused.unwrap_err().to_string(), message);
        }
    }
}

/// Weights follow their edges through a transpose: (Aᵀ)ᵀ = A.
#[test]
fn a_matrix_turned_twice_is_itself() {
    let mut random = Random::new(16);
    let m = 20_000;
    // A simulator has seen all that this runs.
    for device in devices().into_iter().filter(|_| !is_small()) {
        let rows: Vec<u32> = (0..m).map(|_| random.below(300)).collect();
        let columns: Vec<u32> = (0..m).map(|_| random.below(50)).collect();
        let rows = Indices::upload(device, &rows, 300).unwrap();
        let columns = Indices::upload(device, &columns, 50).unwrap();
        let (csr, _) = DeviceCsr::from_coo(&rows, &columns).unwrap();
        let weights = random.f32s(m as usize);
        let (turned, order) = csr.transpose().unwrap();
        let (back, again) = turned.transpose().unwrap();
        let mut moved = Buffer::zeros(device, m as usize).unwrap();
        gather(&upload(device, &weights), &order, &mut moved).unwrap();
        let mut restored = Buffer::zeros(device, m as usize).unwrap();
        gather(&moved, &again, &mut restored).unwrap();
        assert!(download(&restored) == weights, "{device}");
        assert!(download(back.offsets()) == download(csr.offsets()), "{device}");
        let same = download(back.columns().numbers()) == download(csr.columns().numbers());
        assert!(same, "{device}");
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn any_matrix_is_sorted_and_turned_as_by_std(
        entries in prop::collection::vec((0..99_u32, 0..300_u32), 0..longest() / 4),
    ) {
        let (rows, columns): (Vec<u32>, Vec<u32>) = entries.into_iter().unzip();
        for device in Device::all().unwrap() {
            check_csr(device, &rows, &columns, 99, 300);
        }
    }

    #[test]
    fn any_segments_are_reduced_as_by_std(
        lengths in prop::collection::vec(prop_oneof![0..5_u32, 20..70_u32], 0..200),
        seed in any::<u64>(),
    ) {
        for device in Device::all().unwrap() {
            check_segments(device, &mut Random::new(seed), &lengths);
        }
    }
}
