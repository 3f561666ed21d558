//! What a bad day costs: value at risk (the loss that a share `level` of days stays within) and expected shortfall (the mean
//! loss on the others), each with the doubt it deserves, and tests of a model by the days it got wrong.
//!
//! **Losses are above zero** everywhere here, and so are the answers. Levels are the confidence: 0.99, not 0.01.
//!
//! | what is known | ask | what it assumes |
//! |---|---|---|
//! | many days like tomorrow | [`historical`] | nothing of the shape; that the past days are a fair sample |
//! | days of changing volatility | [`historical::filtered`] | that only the scale changes |
//! | mean and deviation | [`parametric::normal`], [`parametric::student`] | the shape |
//! | skewness and kurtosis too | [`parametric::cornish_fisher`] | that they are mild; it says where they are not |

pub mod backtest;
pub mod historical;
pub mod parametric;

/// Both measures of one tail.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tail {
    /// Value at risk.
    pub var: f64,
    /// Expected shortfall.
    pub shortfall: f64,
}

impl Tail {
    /// For losses with this mean and scale where the standard ones have this tail.
    #[must_use]
    pub fn moved(self, mean: f64, scale: f64) -> Self {
        Self { var: mean + scale * self.var, shortfall: mean + scale * self.shortfall }
    }
}
