//! Readers of a run. A [`Recorder`] watches every step of an engine and leaves a [`Report`]: what was earned, what
//! it was made of, how sure one can be, and one page that shows it and opens from disk.
//!
//! Never changes what it watches, never reads a clock or a file, and keeps no more memory for a long run than for
//! a short one. Two runs that did the same give the same report, byte for byte.

// What watches a run.
pub mod about;
pub mod recorder;
pub mod run;
pub mod watched;

// What it keeps of it.
pub mod aftermath;
pub mod mids;
pub mod quotes;
pub mod series;
pub mod watch;

// The statistics.
pub mod attribution;
pub mod histogram;
pub mod markout;
pub mod ratios;
pub mod rolls;
pub mod survival;

// The report, as data.
mod assemble;
pub mod report;
mod words;

// The report, to look at.
pub mod axis;
pub mod charts;
pub mod number;
mod page;
pub mod summary;
pub mod svg;
mod tables;

// Many runs.
pub mod compare;
pub mod facts;
pub mod study;

pub use about::{About, Counted, DataFile, Ending};
pub use compare::Comparison;
pub use recorder::Recorder;
pub use report::Report;
pub use study::Study;
pub use watched::Watched;

#[cfg(test)]
mod fixture;
