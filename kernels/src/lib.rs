#![doc = include_str!("../README.md")]
#![deny(unsafe_code)]

mod aggregate;
#[cfg(feature = "allocator")]
#[expect(unsafe_code, reason = "who hands out memory promises what no compiler checks")]
mod allocator;
mod attraction;
mod buffer;
mod compact;
mod components;
mod cores;
mod cpu;
mod csr;
#[expect(unsafe_code, reason = "a driver is a C library")]
mod cuda;
mod device;
mod error;
mod evaluate;
mod expression;
mod fill;
mod gather;
mod hash;
mod histogram;
mod hops;
mod indices;
mod join;
mod keys;
mod launch;
mod motion;
#[expect(unsafe_code, reason = "a driver is a C library")]
mod opencl;
mod order;
mod paths;
mod pool;
mod program;
mod rank;
mod reduce;
mod repulsion;
mod rows;
mod scan;
mod search;
mod segments;
mod select;
mod sort;
mod spmv;
mod triangles;

pub use aggregate::{Aggregate, Aggregation, Groups, aggregate};
#[cfg(feature = "allocator")]
pub use allocator::Allocator;
pub use attraction::Springs;
pub use buffer::{Buffer, Element, MOST};
pub use compact::{CompactScratch, Key, compact, compact_indices, run_length_encode, unique};
pub use components::smallest_connected;
pub use cores::core_numbers;
pub use csr::DeviceCsr;
pub use device::{Backend, Cuda, Device, DeviceInfo, OpenCl, Recording};
pub use error::{Error, Result};
pub use evaluate::{Evaluated, evaluate, evaluate_flags};
pub use expression::{
    Arithmetic, Column, Comparison, DatePart, Entries, Expression, Numbers, Rounding, ValueType,
};
pub use fill::{fill, iota};
pub use gather::{copy, gather, gathered, scatter};
pub use hash::{
    DeviceStrings, Factors, Lookup, NONE, StringLookup, factorize, factorize_bytes,
    factorize_strings, translate,
};
pub use histogram::histogram;
pub use hops::{Hops, hops};
pub use indices::{Indices, Places};
pub use join::{Pairs, Taken, paired, pairs, selected, take};
pub use keys::{
    Meaning, differing_bits, float_of_key, join_keys, key_of_float, narrow, numbers_of_keys,
    order_keys,
};
pub use launch::{KernelTime, Profile, Traffic};
pub use motion::{Grid, Inertia, Locks, Motion, MotionState, Sums, quantize};
pub use order::{Order, bounds};
pub use paths::path_lengths;
pub use pool::MemoryReport;
pub use rank::Ranks;
pub use reduce::{ReduceScratch, Reduction, reduce, reduce_to_host};
pub use repulsion::{Bodies, Field, Tree, repel_exact};
pub use scan::{ScanScratch, exclusive_scan, exclusive_scan_in_place, inclusive_scan};
pub use search::{Bound, search};
pub use segments::{SegmentScratch, Segments, segmented_reduce};
pub use select::{at_most, count_bins, keys_of_ranks, random_keys};
pub use sort::{SortScratch, sort_pairs, sort_pairs_u32, sort_pairs_u64};
pub use spmv::{SplitCsr, spmv};
pub use triangles::triangle_counts;
