//! Principal components: the directions in which rows of features differ most.

use rayon::prelude::*;

use super::Features;
use super::eigen::leading;
use crate::{Control, Error, Result};

/// Rows whose products are summed at once.
const BLOCK: usize = 1 << 10;

/// Principal components of rows of features, without scaling of the columns.
///
/// O(n d² + d² · steps) time, 8 d² bytes, in parallel; sums are `f64`, and the result does not
/// depend on the number of threads. The largest entry of each component is positive.
///
/// ```
/// use graph_etl::Control;
/// use graph_etl::features::{Features, PrincipalComponents};
///
/// let features = Features::new(2, vec![0.0, 0.0, 2.0, 2.0, 4.0, 4.0])?;
/// let found = PrincipalComponents { n_components: 1 }.run(&features, &Control::NONE)?;
/// assert!((found.variances[0] - 8.0).abs() < 1e-9);
/// assert!((found.projected[2] - 8_f32.sqrt()).abs() < 1e-6);
/// # Ok::<(), graph_etl::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(default, deny_unknown_fields)
)]
#[cfg_attr(feature = "clap", derive(clap::Args))]
pub struct PrincipalComponents {
    /// Number of components, at least 1; at most the number of columns come out.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().n_components))]
    pub n_components: u32,
}

impl Default for PrincipalComponents {
    fn default() -> Self {
        Self { n_components: 2 }
    }
}

/// Principal components.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Projection {
    /// Number of components `c`.
    pub n_components: usize,
    /// Mean of each column, shape `[d]`.
    pub mean: Vec<f64>,
    /// Components of length 1, the one of the largest variance first, shape `[c, d]`.
    pub components: Vec<f64>,
    /// Variance along each component, over `n - 1`, shape `[c]`.
    pub variances: Vec<f64>,
    /// Rows less the mean, along each component, shape `[n, c]`.
    pub projected: Vec<f32>,
}

impl PrincipalComponents {
    /// The components of `features`, and its rows along them.
    ///
    /// # Errors
    ///
    /// - [`Error::BadOption`] if `n_components` is 0;
    /// - [`Error::Stopped`] if the caller wants to stop.
    pub fn run(&self, features: &Features, control: &Control) -> Result<Projection> {
        if self.n_components == 0 {
            let value = "0".into();
            let allowed = "at least 1";
            return Err(Error::BadOption { option: "n_components", value, allowed });
        }
        let (n, d) = (features.n_rows(), features.n_columns());
        let blocks = || features.values().par_chunks(BLOCK * d);
        let sums: Vec<Vec<f64>> = blocks()
            .map(|rows| {
                let mut sum = vec![0.0; d];
                for row in rows.chunks(d) {
                    for (sum, &value) in sum.iter_mut().zip(row) {
                        *sum += f64::from(value);
                    }
                }
                sum
            })
            .collect();
        let mean: Vec<f64> =
            (0..d).map(|c| sums.iter().map(|sum| sum[c]).sum::<f64>() / n.max(1) as f64).collect();
        let covariance = covariance(features, &mean, control)?;
        let count = self.n_components as usize;
        let (variances, vectors) = leading(d, count, 300, 1e-12, control, |x| {
            covariance.chunks(d).map(|row| row.iter().zip(x).map(|(a, b)| a * b).sum()).collect()
        })?;
        let projected = features
            .values()
            .par_chunks(d)
            .flat_map_iter(|row| {
                vectors.iter().map(|vector| {
                    let centered =
                        row.iter().zip(&mean).map(|(&value, mean)| f64::from(value) - mean);
                    centered.zip(vector).map(|(a, b)| a * b).sum::<f64>() as f32
                })
            })
            .collect();
        Ok(Projection {
            n_components: vectors.len(),
            mean,
            components: vectors.concat(),
            variances,
            projected,
        })
    }
}

/// Covariance of the columns over `n - 1`, shape `[d, d]`: each row of it is summed by one thread.
fn covariance(features: &Features, mean: &[f64], control: &Control) -> Result<Vec<f64>> {
    let (n, d) = (features.n_rows(), features.n_columns());
    let mut covariance = vec![0.0; d * d];
    // Rows of the covariance that share what is loaded of the features.
    let share = d.div_ceil(4 * rayon::current_num_threads()).max(1);
    covariance.par_chunks_mut(share * d).enumerate().for_each(|(at, sums)| {
        let mut centered = vec![0.0; d];
        for row in features.values().chunks(d) {
            if control.is_stopped() {
                return;
            }
            for ((centered, &value), mean) in centered.iter_mut().zip(row).zip(mean) {
                *centered = f64::from(value) - mean;
            }
            for (row, sums) in sums.chunks_mut(d).enumerate() {
                let value = centered[at * share + row];
                for (sum, other) in sums.iter_mut().zip(&centered) {
                    *sum += value * other;
                }
            }
        }
    });
    control.step("columns", d as u64, Some(d as u64))?;
    let scale = (n.max(2) - 1) as f64;
    for value in &mut covariance {
        *value /= scale;
    }
    Ok(covariance)
}
