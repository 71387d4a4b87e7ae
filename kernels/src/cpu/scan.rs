//! Running sums.

use crate::Element;

pub(crate) fn exclusive_scan<T: Element>(input: &[T], out: &mut [T]) {
    let mut sum = T::zeroed();
    for (i, out) in out.iter_mut().enumerate() {
        *out = sum;
        sum = input.get(i).map_or(sum, |&number| sum.plus(number));
    }
}

pub(crate) fn exclusive_scan_in_place<T: Element>(numbers: &mut [T]) {
    let mut sum = T::zeroed();
    for number in numbers {
        (*number, sum) = (sum, sum.plus(*number));
    }
}

pub(crate) fn inclusive_scan<T: Element>(input: &[T], out: &mut [T]) {
    let mut sum = T::zeroed();
    for (out, &number) in out.iter_mut().zip(input) {
        sum = sum.plus(number);
        *out = sum;
    }
}
