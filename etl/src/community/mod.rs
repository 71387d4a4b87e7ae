//! Communities: modularity, Louvain, Leiden and label propagation.
//!
//! All work on [`Undirected`](crate::topology::Undirected) graphs, with weights and self-loops;
//! all give the same result for the same seed on any number of threads.

mod label_propagation;
mod labels;
mod leiden;
mod level;
mod louvain;
mod modularity;
mod moving;
mod multilevel;
mod refine;
mod report;
mod rounds;
#[cfg(test)]
mod tests;

pub use label_propagation::{LabelPropagation, PropagatedLabels};
pub use leiden::Leiden;
pub use louvain::Louvain;
pub use modularity::{Quality, modularity, quality};
pub use report::{Communities, CommunityLevel};

use crate::{Error, Result};

/// Refuses what is not a finite number of at least `least`.
fn check_at_least(option: &'static str, value: f64, least: f64) -> Result<()> {
    match value.is_finite() && value >= least {
        true => Ok(()),
        false => {
            let value = value.to_string().into();
            Err(Error::BadOption { option, value, allowed: "a finite number of at least 0" })
        }
    }
}
