//! Communities: modularity, Louvain, Leiden and label propagation.
