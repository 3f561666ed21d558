//! Positions and what they earned, counted twice: once by matching lots first in, first out, once by the cash
//! that changed hands. Both counts are integers and are compared whenever cash moves.
//!
//! ```text
//! lots:  realised = Σ (closing value - cost of what was closed),   open cost = Σ cost of open lots
//! cash:  cash     = -Σ value(price, signed size) - Σ fees + Σ what the venue moved
//! held together by:   realised - open cost - fees + funding + borrow = cash
//!                     (so equity is the same by either, at any mark)
//! ```
//!
//! Each currency is counted for itself. What they are worth together, in the account's, goes by [`currency`]: what was
//! earned counts at the rate of its moment, and what a change of rates makes of it stands apart. [`tiers`] are fees that
//! follow what was traded.
//!
//! Never knows the initial capital, never asks what the market is: marks are told.
//!
//! Cost of a mark: one compare when the position is flat, else three 128-bit multiplications (two divisions more
//! for an inverse contract). Cost of a fill: that, and one lot of the queue for each lot it closes. Memory grows
//! only when an instrument holds more lots at different prices than ever before.

pub mod currency;
pub mod holding;
pub mod portfolio;
pub mod tiers;

mod lots;

pub use currency::{AccountTerms, Balance, Rate};
pub use holding::{Account, Booked};
pub use lots::Lot;
pub use portfolio::{Books, Portfolio};
pub use tiers::{TierTerms, Tiers};
