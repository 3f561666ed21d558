//! What a report says of the run that no step shows: its name, its files, its configuration, its hashes.

use serde::Serialize;
use types::{Instrument, InstrumentId, Money, Nanos, TradingDays};

/// What is known before the first step.
#[derive(Clone, Debug)]
pub struct About {
    /// The page's headline.
    pub title: String,
    /// Who traded, with its parameters as a person would say them.
    pub strategy: String,
    /// The whole run configuration, as TOML.
    pub config: String,
    /// What was read.
    pub data: Vec<DataFile>,
    /// Every instrument, by id.
    pub instruments: Vec<Instrument>,
    /// Those the report is about.
    pub traded: Vec<InstrumentId>,
    /// What returns and drawdowns are measured against.
    pub capital: Money,
    /// What `capital` and all totals are in: the account's.
    pub currency: String,
    /// How long after a fill its adverse selection is measured; ten seconds unless there is a reason.
    pub attribution_after: Nanos,
    /// Where the days of daily returns begin.
    pub days: TradingDays,
}

/// What is known after the last step.
#[derive(Clone, Debug, Default)]
pub struct Ending {
    /// The hash of the configuration record.
    pub config_hash: String,
    /// The journal's last hash, when one was written.
    pub journal_head: Option<String>,
    /// The hash over every command, when one was taken.
    pub commands_hash: Option<String>,
    /// What was wrong with the data and how often: gaps, skipped messages, unknown orders.
    pub faults: Vec<Counted>,
    /// What a reader must know before believing a number: the queue model, the latency assumed.
    pub caveats: Vec<String>,
}

/// A file that was read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DataFile {
    /// As given.
    pub name: String,
    /// How long.
    pub bytes: u64,
    /// Of its bytes.
    pub hash: String,
}

/// Something and how often.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Counted {
    /// What.
    pub what: String,
    /// How often.
    pub count: u64,
}
