//! Where nodes are before the first step.

use std::collections::HashSet;

/// Uniform over a disc around the origin whose area grows with `n`. Node `u` gets the same place
/// for the same seed whatever the other nodes are, up to the disc's radius.
pub(crate) fn random(n: usize, seed: u64) -> [Vec<f64>; 2] {
    let mut columns = [vec![0.0; n], vec![0.0; n]];
    scatter(&mut columns, seed, [0.0, 0.0], radius(n));
    columns
}

/// Moves apart nodes that start at the very same place, where repulsion is undefined.
///
/// All but the first node at a place move, by up to a thousandth of the layout's extent in a
/// seeded direction; fixed nodes stay. If all nodes are at one place, they are scattered around
/// it as [`random`] would.
pub(crate) fn separate(columns: &mut [Vec<f64>; 2], fixed: &[bool], seed: u64) {
    let n = columns[0].len();
    let mut seen = HashSet::with_capacity(n);
    // Adding 0 makes -0 and 0 the same place.
    let place = |x: f64, y: f64| ((x + 0.0).to_bits(), (y + 0.0).to_bits());
    let repeated: Vec<usize> =
        (0..n).filter(|&u| !seen.insert(place(columns[0][u], columns[1][u]))).collect();
    if repeated.is_empty() {
        return;
    }
    let extent = columns.iter().fold(0.0_f64, |extent, column| {
        let low = column.iter().copied().fold(f64::MAX, f64::min);
        let high = column.iter().copied().fold(f64::MIN, f64::max);
        extent.max(high - low)
    });
    let reach = if extent > 0.0 { extent * 1e-3 } else { radius(n) };
    for u in repeated {
        if !fixed[u] {
            let [dx, dy] = in_disc(seed, u, reach);
            columns[0][u] += dx;
            columns[1][u] += dy;
        }
    }
}

fn radius(n: usize) -> f64 {
    10.0 * (n as f64).sqrt()
}

fn scatter(columns: &mut [Vec<f64>; 2], seed: u64, center: [f64; 2], radius: f64) {
    let [x, y] = columns;
    for (u, (x, y)) in x.iter_mut().zip(y).enumerate() {
        let [dx, dy] = in_disc(seed, u, radius);
        (*x, *y) = (center[0] + dx, center[1] + dy);
    }
}

/// A point of the disc that depends on `seed` and `u` alone.
fn in_disc(seed: u64, u: usize, radius: f64) -> [f64; 2] {
    let unit = |i: u64| {
        let bits = mix(mix(seed).wrapping_add(2 * u as u64 + i));
        (bits >> 11) as f64 / (1_u64 << 53) as f64
    };
    let (distance, angle) = (radius * unit(0).sqrt(), std::f64::consts::TAU * unit(1));
    // Positions are read as f32: what is not one would move on the way out and in again.
    [distance * angle.cos(), distance * angle.sin()].map(|at| f64::from(at as f32))
}

/// A bijection of 64-bit numbers without visible pattern.
///
/// Source: Steele, Lea, Flood 2014, doi:10.1145/2660193.2660195, the finalizer of `SplitMix`.
fn mix(value: u64) -> u64 {
    let z = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn random_places_fill_the_disc_evenly() {
        let n = 10_000;
        let [x, y] = random(n, 7);
        let inner = (0..n).filter(|&u| x[u].hypot(y[u]) < radius(n) / 2.0).count();
        assert!((inner as f64 / n as f64 - 0.25).abs() < 0.02, "{inner}");
        assert!((0..n).all(|u| x[u].hypot(y[u]) <= radius(n) * 1.000_001));
        assert_ne!(x, random(n, 8)[0]);
    }

    #[test]
    fn repeated_places_are_left_but_for_the_first_and_the_fixed() {
        let mut columns = [vec![1.0, 5.0, 1.0, 1.0], vec![2.0, 5.0, 2.0, 2.0]];
        separate(&mut columns, &[false, false, false, true], 0);
        assert_eq!([columns[0][0], columns[0][1], columns[0][3]], [1.0, 5.0, 1.0]);
        let moved = (columns[0][2] - 1.0).hypot(columns[1][2] - 2.0);
        assert!(moved > 0.0 && moved <= 4.1e-3, "{moved}");
    }

    #[test]
    fn nodes_that_all_coincide_are_scattered() {
        let mut columns = [vec![3.0; 50], vec![-1.0; 50]];
        separate(&mut columns, &[false; 50], 0);
        let places: HashSet<_> = columns[0].iter().map(|x| x.to_bits()).collect();
        assert_eq!(places.len(), 50);
    }
}
