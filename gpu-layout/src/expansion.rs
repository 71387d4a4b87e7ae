//! Multipole and local expansions of the repulsive field in the plane.
//!
//! ForceAtlas2's repulsion k·mᵢ·mⱼ·Δ/d² is, with points as complex numbers z, the conjugate of
//! k·mᵢ·f(zᵢ) where f(z) = Σⱼ mⱼ/(z − zⱼ). Around a center c of the sources,
//! f(z) = Σₖ aₖ/(z − c)ᵏ⁺¹ with moments aₖ = Σⱼ mⱼ(zⱼ − c)ᵏ: a₀ is the monopole, a₁ the dipole,
//! a₂ the quadrupole. Around a center t of the targets, f(z) = Σₗ bₗ(z − t)ˡ.
//!
//! Source: Greengard, Rokhlin 1987, doi:10.1016/0021-9991(87)90140-9.

use crate::complex::Complex;

/// Highest power kept, in moments and in local expansions.
pub(crate) const ORDER: usize = 5;

/// Number of coefficients.
pub(crate) const TERMS: usize = ORDER + 1;

/// Coefficients a₀ … `a_ORDER` or b₀ … `b_ORDER`.
pub(crate) type Series = [Complex; TERMS];

/// `BINOMIAL[i][j]` is "i choose j".
const BINOMIAL: [[f64; TERMS]; 2 * TERMS] = {
    let mut table = [[0.0; TERMS]; 2 * TERMS];
    let mut i = 0;
    while i < 2 * TERMS {
        table[i][0] = 1.0;
        let mut j = 1;
        while j < TERMS && j <= i {
            table[i][j] = table[i - 1][j - 1] + table[i - 1][j];
            j += 1;
        }
        i += 1;
    }
    table
};

/// Adds the moments of a mass at `offset` from the center.
#[inline(always)]
pub(crate) fn add_mass(moments: &mut Series, mass: f64, offset: Complex) {
    let mut term = Complex::new(mass, 0.0);
    for moment in moments {
        *moment += term;
        term = term * offset;
    }
}

/// Adds moments taken about a center at `offset` from the new one.
#[inline(always)]
pub(crate) fn add_moments(to: &mut Series, from: &Series, offset: Complex) {
    let powers = powers(offset);
    for k in 0..TERMS {
        for i in 0..=k {
            to[k] += (from[i] * powers[k - i]).scale(BINOMIAL[k][i]);
        }
    }
}

/// The local expansion about a center at `offset` from the old one.
#[inline(always)]
pub(crate) fn shift_local(from: &Series, offset: Complex) -> Series {
    let powers = powers(offset);
    let mut to = Series::default();
    for l in 0..TERMS {
        for i in l..TERMS {
            to[l] += (from[i] * powers[i - l]).scale(BINOMIAL[i][l]);
        }
    }
    to
}

/// Value of a local expansion at `offset` from its center.
#[inline(always)]
pub(crate) fn evaluate(local: &Series, offset: Complex) -> Complex {
    let mut value = local[ORDER];
    for l in (0..ORDER).rev() {
        value = value * offset + local[l];
    }
    value
}

#[inline(always)]
fn powers(z: Complex) -> Series {
    let mut powers = [Complex::new(1.0, 0.0); TERMS];
    for k in 1..TERMS {
        powers[k] = powers[k - 1] * z;
    }
    powers
}

/// Source cells handled together: one lane each.
pub(crate) const LANES: usize = 8;

/// Moments of up to [`LANES`] source cells, coefficient by coefficient, for SIMD.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    re: [[f64; LANES]; TERMS],
    im: [[f64; LANES]; TERMS],
    /// Center of the target minus center of the source.
    dx: [f64; LANES],
    dy: [f64; LANES],
    len: usize,
}

impl Batch {
    /// Takes one more source; true if the batch is now full and wants [`flush`](Self::flush).
    #[inline(always)]
    pub(crate) fn push(&mut self, moments: &Series, offset: Complex) -> bool {
        let lane = self.len;
        for (k, moment) in moments.iter().enumerate() {
            self.re[k][lane] = moment.re;
            self.im[k][lane] = moment.im;
        }
        self.dx[lane] = offset.re;
        self.dy[lane] = offset.im;
        self.len += 1;
        self.len == LANES
    }

    /// Adds to `local` what the batch's sources bring, and empties the batch.
    ///
    /// bₗ += (−1)ˡ w⁻⁽ˡ⁺¹⁾ Σₖ C(k+l, l) aₖ w⁻ᵏ with w from source center to target center.
    #[inline(always)]
    pub(crate) fn flush(&mut self, local: &mut Series) {
        if self.len == 0 {
            return;
        }
        // Lanes without a source bring nothing: their moments are 0 and their offset is 1.
        for lane in self.len..LANES {
            for k in 0..TERMS {
                self.re[k][lane] = 0.0;
                self.im[k][lane] = 0.0;
            }
            self.dx[lane] = 1.0;
            self.dy[lane] = 0.0;
        }
        self.len = 0;

        // v = 1/w
        let (mut vx, mut vy) = ([0.0; LANES], [0.0; LANES]);
        for i in 0..LANES {
            let inverse = 1.0 / (self.dx[i] * self.dx[i] + self.dy[i] * self.dy[i]);
            vx[i] = self.dx[i] * inverse;
            vy[i] = -self.dy[i] * inverse;
        }
        // aₖ·wᵏ⁻²ᵏ in place.
        let (mut px, mut py) = (vx, vy);
        for k in 1..TERMS {
            for i in 0..LANES {
                let (a, b) = (self.re[k][i], self.im[k][i]);
                self.re[k][i] = a * px[i] - b * py[i];
                self.im[k][i] = a * py[i] + b * px[i];
                (px[i], py[i]) = (px[i] * vx[i] - py[i] * vy[i], px[i] * vy[i] + py[i] * vx[i]);
            }
        }
        let (mut px, mut py) = (vx, vy);
        for (l, local) in local.iter_mut().enumerate() {
            let (mut sx, mut sy) = ([0.0; LANES], [0.0; LANES]);
            for k in 0..TERMS {
                let factor = BINOMIAL[k + l][l];
                for i in 0..LANES {
                    sx[i] += factor * self.re[k][i];
                    sy[i] += factor * self.im[k][i];
                }
            }
            let (mut re, mut im) = (0.0, 0.0);
            for i in 0..LANES {
                re += sx[i] * px[i] - sy[i] * py[i];
                im += sx[i] * py[i] + sy[i] * px[i];
                (px[i], py[i]) = (px[i] * vx[i] - py[i] * vy[i], px[i] * vy[i] + py[i] * vx[i]);
            }
            let sign = if l % 2 == 0 { 1.0 } else { -1.0 };
            *local += Complex::new(re, im).scale(sign);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn field(sources: &[(f64, Complex)], z: Complex) -> Complex {
        sources.iter().fold(Complex::default(), |sum, &(mass, at)| {
            let d = z - at;
            sum + Complex::new(d.re, -d.im).scale(mass / d.norm_squared())
        })
    }

    fn moments(sources: &[(f64, Complex)], center: Complex) -> Series {
        let mut moments = Series::default();
        for &(mass, at) in sources {
            add_mass(&mut moments, mass, at - center);
        }
        moments
    }

    prop_compose! {
        fn cluster()(points in prop::collection::vec((0.1..9.0f64, -1.0..1.0f64, -1.0..1.0f64), 1..20)) -> Vec<(f64, Complex)> {
            points.iter().map(|&(m, x, y)| (m, Complex::new(x, y))).collect()
        }
    }

    proptest! {
        /// Oracle: the direct sum; the error of a series of ratio r is of the order r^TERMS.
        #[test]
        fn far_field_matches_the_direct_sum(sources in cluster(), angle in 0.0..6.3f64, x in -1.0..1.0f64, y in -1.0..1.0f64) {
            let t = Complex::new(20.0 * angle.cos(), 20.0 * angle.sin());
            let mut batch = Batch::default();
            let mut local = Series::default();
            batch.push(&moments(&sources, Complex::default()), t);
            batch.flush(&mut local);
            let z = t + Complex::new(x, y);
            let exact = field(&sources, z);
            let found = evaluate(&local, z - t);
            prop_assert!((found - exact).norm() <= 1e-4 * exact.norm(), "{found:?} {exact:?}");
        }

        #[test]
        fn moments_move_with_their_center(sources in cluster(), x in -1.0..1.0f64, y in -1.0..1.0f64) {
            let center = Complex::new(x, y);
            let direct = moments(&sources, center);
            let mut moved = Series::default();
            add_moments(&mut moved, &moments(&sources, Complex::default()), Complex::default() - center);
            for (a, b) in direct.iter().zip(&moved) {
                prop_assert!((*a - *b).norm() < 1e-9 * (1.0 + a.norm()) * 1e2);
            }
        }

        #[test]
        fn a_shifted_local_expansion_is_the_same_function(coefficients in prop::collection::vec((-1.0..1.0f64, -1.0..1.0f64), TERMS), x in -1.0..1.0f64, y in -1.0..1.0f64) {
            let mut local = Series::default();
            for (to, &(re, im)) in local.iter_mut().zip(&coefficients) {
                *to = Complex::new(re, im);
            }
            let offset = Complex::new(x, y);
            let shifted = shift_local(&local, offset);
            let z = Complex::new(0.3, -0.4);
            prop_assert!((evaluate(&local, z + offset) - evaluate(&shifted, z)).norm() < 1e-9);
        }
    }
}
