//! The same value, or a range of numbers, in every place.

use crate::Element;

pub(crate) fn fill<T: Element>(out: &mut [T], value: T) {
    out.fill(value);
}

pub(crate) fn iota(out: &mut [u32], first: u32) {
    for (i, value) in out.iter_mut().enumerate() {
        *value = first.wrapping_add(i as u32);
    }
}
