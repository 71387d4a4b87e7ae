//! Count-min sketches of numbers that come and go (Cormode, Muthukrishnan 2005,
//! doi:10.1016/j.jalgor.2003.12.001).

use super::checkpoint::Plain;

/// What counters are made of.
pub(super) trait Count:
    Plain
    + Send
    + PartialOrd
    + std::ops::Add<Output = Self>
    + std::ops::Sub<Output = Self>
    + std::ops::Mul<Output = Self>
    + std::ops::Div<Output = Self>
    + std::ops::AddAssign
    + 'static
{
    const ZERO: Self;
    const ONE: Self;
    const INFINITY: Self;
    /// Counters below this are set to zero when they decay. They would be lost in the first
    /// addition anyway, and the numbers that follow, below the normal ones, are slow.
    const TINY: Self;

    fn new(value: f64) -> Self;
    fn wide(self) -> f64;
}

macro_rules! count {
    ($kind:ty, $tiny:literal) => {
        impl Count for $kind {
            const ZERO: Self = 0.0;
            const ONE: Self = 1.0;
            const INFINITY: Self = Self::INFINITY;
            const TINY: Self = $tiny;

            fn new(value: f64) -> Self {
                value as Self
            }

            fn wide(self) -> f64 {
                self.into()
            }
        }
    };
}

count!(f32, 1e-30);
count!(f64, 1e-200);

/// Multiplies all by `factor` and sets the tiny ones to zero.
#[inline(always)]
pub(super) fn decay<N: Count>(values: &mut [N], factor: N) {
    for value in values {
        let less = *value * factor;
        *value = if less < N::TINY { N::ZERO } else { less };
    }
}

/// The smaller one.
#[inline(always)]
pub(super) fn min<N: PartialOrd>(a: N, b: N) -> N {
    if b < a { b } else { a }
}
