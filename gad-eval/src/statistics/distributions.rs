//! Probabilities that the tests need.

use statrs::distribution::{ChiSquared, ContinuousCDF, FisherSnedecor, Normal};

/// Probability that a standard normal is further from 0 than `z`.
pub(super) fn two_sided_normal(z: f64) -> f64 {
    (2.0 * normal_cdf(-z.abs())).min(1.0)
}

fn normal_cdf(z: f64) -> f64 {
    Normal::standard().cdf(z)
}

/// Probability that χ² with `freedom` degrees exceeds `x`.
pub(super) fn chi_squared_above(x: f64, freedom: f64) -> f64 {
    ChiSquared::new(freedom).expect("degrees of freedom should be positive").sf(x)
}

/// Probability that F with `above` and `below` degrees of freedom exceeds `x`.
pub(super) fn f_above(x: f64, above: f64, below: f64) -> f64 {
    if x.is_infinite() {
        return 0.0;
    }
    FisherSnedecor::new(above, below).expect("degrees of freedom should be positive").sf(x)
}

/// Probability that the range of `k` independent standard normals is below `q`.
///
/// k ∫ φ(z) (Φ(z) − Φ(z − q))ᵏ⁻¹ dz, by Simpson's rule; correct to about 1e-10.
fn range_cdf(q: f64, k: usize) -> f64 {
    const STEPS: usize = 2000;
    const END: f64 = 9.0;
    let h = 2.0 * END / STEPS as f64;
    let density = |z: f64| (-0.5 * z * z).exp() / (2.0 * std::f64::consts::PI).sqrt();
    let term = |i: usize| {
        let z = -END + h * i as f64;
        density(z) * (normal_cdf(z) - normal_cdf(z - q)).powi(k as i32 - 1)
    };
    let inner: f64 =
        (1..STEPS).map(|i| term(i) * if i.is_multiple_of(2) { 2.0 } else { 4.0 }).sum();
    k as f64 * (term(0) + inner + term(STEPS)) * h / 3.0
}

/// The range that `k` independent standard normals stay below with probability `1 - alpha`: the
/// studentized range with infinitely many degrees of freedom.
pub(super) fn studentized_range(alpha: f64, k: usize) -> f64 {
    let (mut low, mut high) = (0.0, 50.0);
    for _ in 0..60 {
        let middle = 0.5 * (low + high);
        match range_cdf(middle, k) < 1.0 - alpha {
            true => low = middle,
            false => high = middle,
        }
    }
    0.5 * (low + high)
}

/// Probability that the range of `k` independent standard normals is at least `q`.
pub(super) fn range_above(q: f64, k: usize) -> f64 {
    (1.0 - range_cdf(q, k)).clamp(0.0, 1.0)
}
