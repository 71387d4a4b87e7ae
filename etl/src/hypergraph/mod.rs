//! Hypergraphs: rows of events become entities and the edges between them.
