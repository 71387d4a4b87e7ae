//! What primitives say they take of a device's memory, against what they took.
//!
//! A program of its own with one test: the device's most is of all that runs on it.

mod common;

use common::{Random, devices, is_small, upload};
use graph_kernels::{
    CompactScratch, Device, DeviceCsr, Indices, ReduceScratch, ScanScratch, SegmentScratch,
    Segments, SortScratch, factorize, factorize_bytes,
};

/// Arrays are rounded up to pieces of this many bytes.
const PIECE: u64 = 512;

/// Runs `work`, and compares the most memory that it held at a time with `estimate`, which may
/// miss what rounding up that many `arrays` adds; `slack` is what it may be too much, as a share.
fn check(device: Device, what: &str, estimate: u64, arrays: u64, slack: f64, work: impl FnOnce()) {
    device.reset_peak();
    let before = device.memory().in_use;
    work();
    let took = device.memory().peak - before;
    assert!(took <= estimate + arrays * PIECE, "{what} on {device}: {took} for {estimate}");
    let least = (estimate as f64 * (1.0 - slack)) as u64;
    assert!(took >= least, "{what} on {device}: only {took} for {estimate}");
}

#[test]
fn estimates_are_what_is_taken() {
    for device in devices().into_iter().filter(|&device| device != Device::Cpu) {
        let bytes = ScanScratch::<u64>::bytes();
        check(device, "scan", bytes, 1, 0.0, || drop(ScanScratch::<u64>::new(device).unwrap()));
        let bytes = ReduceScratch::<f32>::bytes();
        check(device, "reduce", bytes, 1, 0.0, || drop(ReduceScratch::<f32>::new(device).unwrap()));
        let bytes = CompactScratch::bytes();
        check(device, "compact", bytes, 1, 0.0, || drop(CompactScratch::new(device).unwrap()));

        let lengths = if is_small() { &[300][..] } else { &[0, 1, 1000, 200_000] };
        for &n in lengths {
            check(device, "sort of u32", SortScratch::<u32>::bytes(n), 4, 0.0, || {
                drop(SortScratch::<u32>::new(device, n).unwrap());
            });
            check(device, "sort of u64", SortScratch::<u64>::bytes(n), 4, 0.0, || {
                drop(SortScratch::<u64>::new(device, n).unwrap());
            });

            let mut random = Random::new(n as u64);
            let keys = upload(device, &random.u64s(n));
            check(device, "factorize", factorize_bytes(n), 8, 0.3, || {
                drop(factorize(&keys).unwrap());
            });
            let shapes = [(5 * n as u32 + 1, 10 * n as u32 + 1), (100, 70)];
            for (n_rows, n_columns) in shapes.into_iter().take(if is_small() { 1 } else { 2 }) {
                let list = |random: &mut Random, below| {
                    let numbers: Vec<u32> = (0..n).map(|_| random.below(below)).collect();
                    Indices::new(upload(device, &numbers), below).unwrap()
                };
                let rows = list(&mut random, n_rows);
                let columns = list(&mut random, n_columns);
                let bytes = DeviceCsr::from_coo_bytes(n_rows, n);
                let mut csr = None;
                check(device, "csr from coo", bytes, 8, 0.0, || {
                    csr = Some(DeviceCsr::from_coo(&rows, &columns).unwrap());
                });
                let (csr, _) = csr.unwrap();
                let bytes = DeviceCsr::transpose_bytes(n_columns, n);
                check(device, "transpose", bytes, 8, 0.0, || {
                    drop(csr.transpose().unwrap());
                });
            }
        }

        // At most: segments are short, or medium, or long.
        for lengths in [vec![3; 5000], vec![100; 500], vec![4097; 20], vec![50_000, 1, 0]] {
            let mut ends = vec![0_u32];
            for len in &lengths {
                ends.push(ends[ends.len() - 1] + len);
            }
            let items = *ends.last().unwrap() as usize;
            let bytes = Segments::bytes(lengths.len(), items);
            let offsets = upload(device, &ends);
            let mut segments = None;
            check(device, "segments", bytes, 7, 1.0, || {
                segments = Some(Segments::new(offsets).unwrap());
            });
            let segments = segments.unwrap();
            check(device, "scratch", SegmentScratch::<u64>::bytes(items), 1, 1.0, || {
                drop(SegmentScratch::<u64>::new(&segments).unwrap());
            });
        }
    }
}
