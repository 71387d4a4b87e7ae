//! Detectors: what gives edges, nodes and graphs a score, higher for what is more anomalous.

pub mod stream;
