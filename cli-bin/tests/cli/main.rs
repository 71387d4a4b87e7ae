//! The command, as people call it.
//!
//! One program: each more would be linked with all that the crate depends on once more.

mod case;
mod commands;
mod detect;
mod reshape;
mod run;
mod sweep;
mod transform;
