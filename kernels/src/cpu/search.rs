//! Where many numbers would stand in a sorted array.

use rayon::prelude::*;

use crate::{Bound, Element};

pub(crate) fn search<T: Element>(sorted: &[T], queries: &[T], bound: Bound, out: &mut [u32]) {
    out.par_iter_mut().zip(queries).for_each(|(out, &query)| {
        *out = match bound {
            Bound::Lower => sorted.partition_point(|&number| number < query),
            Bound::Upper => sorted.partition_point(|&number| {
                query.partial_cmp(&number) != Some(std::cmp::Ordering::Less)
            }),
        } as u32;
    });
}
