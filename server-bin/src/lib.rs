#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod api;
mod auth;
mod cells;
mod config;
mod derived;
mod error;
mod graphistry;
mod graphs;
mod intake;
mod live;
mod objects;
mod partial;
mod serve;
mod server;
mod store;
mod telemetry;
pub mod users;
mod workers;

pub use api::{description, router};
pub use config::{Config, Settings, Size};
pub use error::{ApiError, ApiResult};
pub use live::wire as stream;
pub use serve::{Bound, bind, run};
pub use server::Server;
pub use telemetry::start_logs;
