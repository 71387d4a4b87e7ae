//! The server, as programs and people ask it, but for its traces, which are those of a whole process.
//!
//! One program: each more would be linked with all that the crate depends on once more.

mod accounts;
mod acme;
mod cases;
mod common;
mod datasets;
mod graphistry;
mod kill;
mod live;
mod options;
mod pages;
mod postgres;
#[path = "../../../etl/src/source/tests/postgresql.rs"]
#[expect(
    dead_code,
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "it is a test of the other crate, which needs servers with certificates too"
)]
mod postgresql;
mod redis;
mod s3;
#[cfg(feature = "redis")]
#[path = "common/redis.rs"]
#[expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a panic fails the test; what is skipped is said"
)]
mod shared;
mod view;
