//! Many runs over the same data: one for each point of a space of configurations.
//!
//! A point's outcome is a function of (configuration, data, seed) and of nothing else, so a sweep gives the same
//! whatever the number of threads, and goes on where it was killed. Which point is good is for `reports::study` to
//! say; here they are run.
//!
//! ```text
//!  sweep.toml ──▶ Plan ──▶ search ──▶ points ──▶ workers ──▶ Tally ──▶ Store (results.jsonl)
//!                                                   ▲
//!  recordings ──▶ prepare ──▶ Field: a Tape in memory if it fits, else the files themselves
//! ```

pub mod field;
pub mod objective;
pub mod plan;
pub mod run;
pub mod search;
pub mod space;
pub mod store;
pub mod tally;
pub mod tape;

pub use field::Field;
pub use objective::Objective;
pub use plan::{Plan, PlanError};
pub use run::{SweepError, Trial, check_values, run};
pub use search::Method;
pub use space::{Dimension, Point, Space};
pub use store::{Store, StoreError};
pub use tally::Tally;
