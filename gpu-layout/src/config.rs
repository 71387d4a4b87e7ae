//! The options of ForceAtlas2: one struct for the library, the command line and JSON.

use graph_kernels::Locks;

use crate::{Error, Result};

/// Most that forces can be multiplied by.
const MOST_STRENGTH: f64 = 1e9;

/// How repulsion is computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
pub enum Repulsion {
    /// Exact up to 1000 nodes, approximate above.
    #[default]
    Auto,
    /// Every pair of nodes, in `f64`: O(n²) time.
    Exact,
    /// Near pairs one by one, far groups through their multipole expansions: O(n) time after an
    /// O(n log n) sort.
    Approximate,
}

/// Options of ForceAtlas2. Names and meanings are Gephi's where Gephi has the option.
///
/// Source: Jacomy, Venturini, Heymann, Bastian 2014, doi:10.1371/journal.pone.0098679.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default, deny_unknown_fields))]
#[cfg_attr(feature = "clap", derive(clap::Args))]
pub struct Config {
    /// Strength of repulsion, above 0: larger spreads the graph out.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().scaling))]
    pub scaling: f64,
    /// Strength of the pull towards the origin, at least 0: keeps components together.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().gravity))]
    pub gravity: f64,
    /// Let gravity grow with distance, instead of being constant.
    #[cfg_attr(feature = "clap", arg(long))]
    pub strong_gravity: bool,
    /// Attract by log(1 + distance) instead of distance: tighter communities.
    #[cfg_attr(feature = "clap", arg(long))]
    pub lin_log: bool,
    /// Divide attraction by the mass of the source: authorities in, hubs out.
    #[cfg_attr(feature = "clap", arg(long))]
    pub dissuade_hubs: bool,
    /// Exponent of edge weights in attraction, at least 0: 0 ignores weights, 1 takes them as
    /// they are.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().edge_weight_influence))]
    pub edge_weight_influence: f64,
    /// Rescale edge weights to 0..1 before use.
    #[cfg_attr(feature = "clap", arg(long))]
    pub normalize_weights: bool,
    /// Use 1 / weight (0 stays 0): for weights that are distances.
    #[cfg_attr(feature = "clap", arg(long))]
    pub invert_weights: bool,
    /// Take node sizes into account and push overlapping nodes apart.
    #[cfg_attr(feature = "clap", arg(long))]
    pub adjust_sizes: bool,
    /// How much swinging is tolerated, above 0: less is slower and more precise.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().jitter_tolerance))]
    pub jitter_tolerance: f64,
    /// How repulsion is computed.
    #[cfg_attr(feature = "clap", arg(long, value_enum, default_value_t = Self::default().repulsion))]
    pub repulsion: Repulsion,
    /// Largest (radius + radius) / distance of two groups that act as wholes, from 0 to 0.9;
    /// 0 is exact, the default keeps the rms force error below 0.3 %. Not Gephi's θ, which
    /// relates one group to one node.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().theta))]
    pub theta: f64,
    /// Seed of the random start positions.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().seed))]
    pub seed: u64,
    /// Auto-stop when nodes move less than this share of the layout's radius per step, averaged
    /// over nodes and recent steps; at least 0, and 0 never stops early.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().tolerance))]
    pub tolerance: f64,
    /// Let nodes keep their x: they move up and down alone.
    #[cfg_attr(feature = "clap", arg(long))]
    pub lock_x: bool,
    /// Let nodes keep their y: they move to the sides alone.
    #[cfg_attr(feature = "clap", arg(long))]
    pub lock_y: bool,
    /// Let nodes keep their distance from the origin: they move around it alone.
    #[cfg_attr(feature = "clap", arg(long))]
    pub lock_r: bool,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            scaling: 2.0,
            gravity: 1.0,
            strong_gravity: false,
            lin_log: false,
            dissuade_hubs: false,
            edge_weight_influence: 1.0,
            normalize_weights: false,
            invert_weights: false,
            adjust_sizes: false,
            jitter_tolerance: 1.0,
            repulsion: Repulsion::Auto,
            theta: 0.6,
            seed: 0,
            tolerance: 1e-4,
            lock_x: false,
            lock_y: false,
            lock_r: false,
        }
    }
}

impl Config {
    /// Up to this many nodes, [`Repulsion::Auto`] means [`Repulsion::Exact`].
    pub const AUTO_EXACT: usize = 1000;

    /// Checks every option.
    ///
    /// # Errors
    ///
    /// [`Error::BadOption`], which names the first bad option, its value and its range.
    pub fn validate(&self) -> Result<()> {
        // Beyond these nodes go to places that 32 bits cannot tell apart, or to none at all.
        let above_0 = |value: f64| value > 0.0 && value <= MOST_STRENGTH;
        let at_least_0 = |value: f64| (0.0..=MOST_STRENGTH).contains(&value);
        let (positive, natural) = ("above 0 and at most 1e9", "from 0 to 1e9");
        let influence = self.edge_weight_influence;
        let jitter = self.jitter_tolerance;
        let checks = [
            ("scaling", self.scaling, above_0(self.scaling), positive),
            ("gravity", self.gravity, at_least_0(self.gravity), natural),
            ("edge_weight_influence", influence, (0.0..=16.0).contains(&influence), "from 0 to 16"),
            ("jitter_tolerance", jitter, above_0(jitter), positive),
            ("theta", self.theta, (0.0..=0.9).contains(&self.theta), "from 0 to 0.9"),
            ("tolerance", self.tolerance, at_least_0(self.tolerance), natural),
        ];
        for (option, value, ok, allowed) in checks {
            if !ok {
                return Err(Error::BadOption { option, value, allowed: allowed.to_owned() });
            }
        }
        Ok(())
    }

    /// What nodes keep of where they are.
    pub(crate) fn locks(&self) -> Locks {
        Locks { x: self.lock_x, y: self.lock_y, radius: self.lock_r }
    }

    /// Whether a graph of `n` nodes gets exact repulsion.
    pub fn is_exact(&self, n: usize) -> bool {
        match self.repulsion {
            Repulsion::Auto => n <= Self::AUTO_EXACT,
            Repulsion::Exact => true,
            Repulsion::Approximate => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_bad_values_and_says_the_range() {
        type Set = fn(&mut Config, f64);
        let options: [(&str, Set, &[f64]); 6] = [
            ("scaling", |c, v| c.scaling = v, &[0.0, -1.0, 1e38, f64::NAN, f64::INFINITY]),
            ("gravity", |c, v| c.gravity = v, &[-0.1, 2e9, f64::NAN]),
            ("edge_weight_influence", |c, v| c.edge_weight_influence = v, &[-1.0, 17.0, f64::NAN]),
            ("jitter_tolerance", |c, v| c.jitter_tolerance = v, &[0.0, f64::NAN]),
            ("theta", |c, v| c.theta = v, &[-0.1, 1.2, f64::NAN]),
            ("tolerance", |c, v| c.tolerance = v, &[-1e-9, f64::NAN]),
        ];
        for (name, set, values) in options {
            for &value in values {
                let mut config = Config::default();
                set(&mut config, value);
                let text = config.validate().unwrap_err().to_string();
                assert!(text.contains(name) && text.contains(&value.to_string()), "{text}");
            }
        }
        Config::default().validate().unwrap();
    }
}
