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
#[expect(dead_code, reason = "servers with certificates are for other tests")]
mod postgresql;
mod redis;
mod s3;
#[cfg(feature = "redis")]
#[path = "common/redis.rs"]
mod shared;
mod view;
