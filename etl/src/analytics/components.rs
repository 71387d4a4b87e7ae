//! Weakly connected components: nodes that paths join when directions are forgotten.

use graph_core::Graph;

use crate::{Control, Error, Result};

/// A partition of the nodes.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Components {
    /// Component of each node, shape `[n]`; components are numbered by their smallest node.
    pub component: Vec<u32>,
    /// Number of nodes of each component, shape `[n_components]`.
    pub sizes: Vec<u32>,
}

impl Components {
    /// The partition in which node `u` is in part `component[u] < n_components`.
    pub(crate) fn new(component: Vec<u32>, n_components: usize) -> Self {
        let mut sizes = vec![0; n_components];
        for &c in &component {
            sizes[c as usize] += 1;
        }
        Self { component, sizes }
    }

    /// Number of components.
    pub fn n_components(&self) -> usize {
        self.sizes.len()
    }

    /// The component with most nodes, the first of these; `None` if there are no nodes.
    pub fn largest(&self) -> Option<u32> {
        let largest = self.sizes.iter().max()?;
        self.sizes.iter().position(|size| size == largest).map(|c| c as u32)
    }
}

/// The weakly connected components of `graph`: those of [`Graph::components`], with their sizes.
///
/// Reads the edge list as it is, so that no adjacency is built. A sample of the edges is united
/// first; an edge whose ends are both known to be in the component that is largest then costs two
/// bits. O(n + m α(n)) time, O(n) memory, in parallel.
///
/// Source: Sutton, Ben-Nun, Barak 2018, doi:10.1109/IPDPS.2018.00012, with edges sampled in place
/// of neighbors.
///
/// # Errors
///
/// [`Error::Stopped`].
pub fn weak_components(graph: &Graph, control: &Control) -> Result<Components> {
    let (component, n_components) = graph
        .components_unless(&|| control.is_stopped())
        .ok_or(Error::Stopped { stage: "components", done: 0 })?;
    control.step("components", n_components as u64, Some(n_components as u64))?;
    Ok(Components::new(component, n_components))
}
