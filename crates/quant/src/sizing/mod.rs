//! How much: from an edge and its doubt, from a risk that is wanted, within caps that hold.
//!
//! | what is known | ask |
//! |---|---|
//! | a bet's odds and chance of winning | [`kelly::binary`], with its error [`kelly::binary_shrunk`] |
//! | means and covariances of several assets | [`kelly::continuous`], times [`kelly::estimation_share`] |
//! | only how much things move | [`volatility::Target`] with an [`volatility::Ewma`] or a [`volatility::Garch`] |
//! | some of them move together | [`caps::scale_risk`], and [`caps::scale_gross`] by sector |
//! | a fall that must not be exceeded | [`drawdown::share`] on top of any of these |
//!
//! Answers are shares of capital, as floats: estimates. `strategies::sizing` turns them into lots. Nothing here rounds up:
//! whatever cannot be told is no position.

pub mod caps;
pub mod drawdown;
pub mod kelly;
pub mod volatility;
