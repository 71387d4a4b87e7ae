//! What the kernels must give: the same on the processor, as simple as it can be said.

pub(crate) mod aggregate;
pub(crate) mod compact;
pub(crate) mod components;
pub(crate) mod cores;
pub(crate) mod csr;
pub(crate) mod evaluate;
pub(crate) mod fill;
pub(crate) mod gather;
pub(crate) mod hash;
pub(crate) mod histogram;
pub(crate) mod hops;
pub(crate) mod join;
pub(crate) mod keys;
pub(crate) mod paths;
pub(crate) mod rank;
pub(crate) mod reduce;
pub(crate) mod scan;
pub(crate) mod search;
pub(crate) mod select;
pub(crate) mod sort;
pub(crate) mod spmv;
pub(crate) mod triangles;
