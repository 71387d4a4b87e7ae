//! Graph analytics: reachability, centrality, cores, components and other measures of structure.
