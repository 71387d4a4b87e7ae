//! What the kernels must give: the same on the processor, as simple as it can be said.

pub(crate) mod scan;
pub(crate) mod sort;
