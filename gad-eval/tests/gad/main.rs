//! The tests of the crate from outside, but those of containers and of GraFlag's own library.
//!
//! One program: each more would be linked with all that the crate depends on once more.

mod custom;
mod datasets;
mod detectors;
mod evaluation;
mod follow;
mod leaderboard;
mod metrics;
mod plots;
mod results;
mod runs;
mod statistics;
mod streams;
mod sweeps;
