//! The ways to run the one core: backtest, replay, verify. Owns configuration, sources, the sequencer and the
//! simulated passage of time.
//!
//! This is the edge: it reads files and may use threads. Nothing here decides what to trade.

pub mod backtest;
pub mod calendar;
pub mod calibrate;
pub mod channels;
pub mod clock;
pub mod clock_skew;
pub mod config;
pub mod currency;
pub mod day;
pub mod deeds;
pub mod desk;
pub mod facts;
pub mod feed;
pub mod generate;
mod generated;
pub mod import;
pub mod inspect;
pub mod integrity;
mod known;
pub mod local_time;
pub mod market;
pub mod messages;
pub mod moment;
pub mod order_latency;
pub mod poison;
pub mod prepare;
pub mod query;
pub mod replay;
pub mod restart;
pub mod routes;
pub mod setup;
pub mod snapshot;
pub mod source;
pub mod stamps;
pub mod states;
pub mod survey;
pub mod sweep;
pub mod timers;

pub use backtest::{Backtest, Observer, Totals};
pub use config::{Config, ConfigError};
pub use feed::Feed;
pub use prepare::{Prepared, prepare, prepare_market};
pub use replay::{Replayed, replay};
pub use setup::{DataFile, Setup, SetupError, StrategySetup};
pub use source::{Source, SourceError};
pub use survey::{Survey, survey};

/// A recording's name without its folders: what is written down must not depend on where it lay.
fn known_name(path: &str) -> String {
    std::path::Path::new(path)
        .file_name()
        .map_or_else(|| path.to_owned(), |name| name.to_string_lossy().into_owned())
}
