//! From features to graphs and back: similarity, nearest neighbors, projections and random walks.
