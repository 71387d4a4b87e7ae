//! The adaptive speed law: as fast as the graph's swinging allows.

/// Global speed, carried from step to step.
///
/// Source: Jacomy et al. 2014, doi:10.1371/journal.pone.0098679, with the efficiency factor of
/// Gephi's implementation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Speed {
    pub(crate) speed: f64,
    pub(crate) efficiency: f64,
}

impl Default for Speed {
    fn default() -> Self {
        Self { speed: 1.0, efficiency: 1.0 }
    }
}

impl Speed {
    /// Speed may at most grow by this share in one step.
    const MAX_RISE: f64 = 0.5;

    /// Speed grows by a share of itself, so from nothing it would never come back.
    const LEAST: f64 = 1e-6;

    /// Takes one step's total swinging and traction of `n` nodes.
    pub(crate) fn adapt(&mut self, n: usize, swinging: f64, traction: f64, tolerance: f64) {
        // Nothing swings when nothing moves, or when all turn by the same force as before.
        if !(swinging > 0.0 && swinging.is_finite() && traction.is_finite()) {
            return;
        }
        let n = n as f64;
        let estimate = 0.05 * n.sqrt();
        let mut jitter = tolerance * estimate.sqrt().max((estimate * traction / (n * n)).min(10.0));
        if swinging > 2.0 * traction {
            if self.efficiency > 0.05 {
                self.efficiency *= 0.5;
            }
            jitter = jitter.max(tolerance);
        }
        let target = jitter * self.efficiency * traction / swinging;
        if swinging > jitter * traction {
            if self.efficiency > 0.05 {
                self.efficiency *= 0.7;
            }
        } else if self.speed < 1000.0 {
            self.efficiency *= 1.3;
        }
        self.speed += (target - self.speed).min(Self::MAX_RISE * self.speed);
        self.speed = self.speed.max(Self::LEAST);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rises_by_at_most_half_and_falls_at_once() {
        let mut speed = Speed::default();
        speed.adapt(100, 1.0, 100.0, 1.0);
        assert_eq!(speed.speed, 1.5);
        speed.adapt(100, 100.0, 1.0, 1.0);
        assert!(speed.speed < 0.1, "{speed:?}");
    }

    #[test]
    fn no_swinging_and_overflow_leave_it_alone() {
        for (swinging, traction) in [(0.0, 0.0), (f64::INFINITY, 1.0), (1.0, f64::NAN)] {
            let mut speed = Speed::default();
            speed.adapt(5, swinging, traction, 1.0);
            assert_eq!(speed, Speed::default());
        }
    }

    #[test]
    fn comes_back_from_a_standstill() {
        let mut speed = Speed::default();
        speed.adapt(100, 1.0, 0.0, 1.0);
        assert_eq!(speed.speed, Speed::LEAST);
        for _ in 0..60 {
            speed.adapt(100, 1.0, 100.0, 1.0);
        }
        assert!(speed.speed > 1.0);
    }
}
