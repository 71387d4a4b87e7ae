#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

#[cfg(feature = "acme")]
mod acme;
#[cfg(not(feature = "acme"))]
#[path = "absent/acme.rs"]
mod acme;
mod api;
mod auth;
mod cells;
#[cfg(any(feature = "acme", feature = "otlp"))]
mod client;
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
mod states;
mod store;
mod telemetry;
#[cfg(feature = "otlp")]
mod traces;
#[cfg(not(feature = "otlp"))]
#[path = "absent/traces.rs"]
mod traces;
pub mod users;
mod workers;

pub use api::{description, router};
pub use auth::Network;
pub use config::{Acme, Config, Settings, Size, Tls};
pub use error::{ApiError, ApiResult};
pub use live::wire as stream;
pub use serve::{Bound, bind, run};
pub use server::Server;
pub use telemetry::start_logs;
