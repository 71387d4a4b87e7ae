//! Pipelines: a file of steps, planned, estimated and run.
