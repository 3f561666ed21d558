//! Limits and checks before an order leaves. Owns exposure (positions and working orders), budgets, halts, the kill
//! switch, and who may change what; the only maker of [`Approved`] and [`ApprovedReplace`].
//!
//! Never lets an order pass because something is missing: a limit that is not set, a book that is not live, an
//! equity that was never told are refusals. Never reads a clock, never cancels an order itself, never stops one
//! from being cancelled.
//!
//! Two tables say what there is: [`CONTROLS`], a function, a refusal and an entry each, and [`LimitId`], a line each. The
//! manual (docs/controls.md), the configuration's reference and the order of checks come from them. Accept or refuse does
//! not depend on the order of the list, only the reason named first does.

pub mod approved;
pub mod controls;
pub mod limits;
pub mod manual;
pub mod margin;
pub mod measures;
pub mod people;
pub mod refusal;
pub mod risk;
pub mod self_match;

mod acts;
mod bucket;
mod exposure;
mod hear;
#[cfg(test)]
mod history_tests;
mod losses;
mod marks;
#[cfg(test)]
mod measured_tests;
mod parents;
mod ring;
mod state;
#[cfg(test)]
mod tests;
mod worth;

pub use acts::SetError;
pub use approved::{Approved, ApprovedReplace};
pub use controls::{CONTROLS, Control};
pub use exposure::Exposure;
pub use limits::{
    AccountSeat, Deployment, Level, LevelLimits, LimitId, LimitSpec, LimitUnit, Limits, LimitsError, Setting,
    Settings, StrategySeat, VenueSeat,
};
pub use losses::Halt;
pub use marks::Marks;
pub use people::{People, Person, Role, Why, Word};
pub use refusal::Refusal;
pub use risk::{News, Replacement, Risk, Touch};
pub use self_match::{Meeting, SelfMatch, meeting};
pub use state::{Health, Parent, Reference};
