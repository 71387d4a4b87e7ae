//! GFQL: chains of node and edge patterns over a graph, in PyGraphistry's wire form.
