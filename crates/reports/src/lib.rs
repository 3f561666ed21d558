//! Readers of a run. A [`Recorder`] watches every step of an engine and leaves a [`Report`]: what was earned, what
//! it was made of, how sure one can be, and one page that shows it and opens from disk.
//!
//! Never changes what it watches, never reads a clock or a file, and keeps no more memory for a long run than for
//! a short one. Two runs that did the same give the same report, byte for byte.

pub mod about;
pub mod watched;
pub mod recorder;
pub mod watch;
pub mod quotes;
pub mod aftermath;
pub mod mids;
pub mod markout;
pub mod attribution;
pub mod survival;
pub mod ratios;
pub mod histogram;
pub mod series;
pub mod report;
pub mod number;
pub mod svg;
pub mod charts;
pub mod page;
pub mod summary;

pub use about::{About, Counted, DataFile, Ending};
pub use recorder::Recorder;
pub use report::Report;
pub use watched::Watched;

#[cfg(test)]
mod fixture;
