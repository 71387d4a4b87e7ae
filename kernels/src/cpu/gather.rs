//! Numbers taken from, or put to, the places that a list names.

use rayon::prelude::*;

use crate::Element;

pub(crate) fn gather<T: Element>(values: &[T], at: &[u32], out: &mut [T]) {
    out.par_iter_mut().zip(at).for_each(|(out, &at)| *out = values[at as usize]);
}

pub(crate) fn scatter<T: Element>(values: &[T], at: &[u32], out: &mut [T]) {
    for (&value, &at) in values.iter().zip(at) {
        out[at as usize] = value;
    }
}
