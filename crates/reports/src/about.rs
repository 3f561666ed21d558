//! What a report says of the run that no step shows: its name, its files, its configuration, its hashes.

use crate::breakdown::StrategyName;
use runtime::local_time::Zone;
use serde::{Deserialize, Serialize};
use types::{Instrument, InstrumentId, Money, Nanos, TradingDays};

/// What is known before the first step.
#[derive(Clone, Debug)]
pub struct About {
    /// The page's headline.
    pub title: String,
    /// Who traded, with its parameters as a person would say them.
    pub strategy: String,
    /// The same, one by one, by the machine's number.
    pub strategies: Vec<StrategyName>,
    /// The clock of the exchange, by its zone's name, when all that is traded has one.
    pub zone: Option<(String, Zone)>,
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

impl About {
    /// What tables call an instrument: its symbol, with its venue where another one traded here has the same.
    #[must_use]
    pub fn name_of(&self, instrument: &Instrument) -> String {
        let traded = self.traded.iter().map(|id| &self.instruments[id.index()]);
        let same = traded.filter(|other| other.symbol() == instrument.symbol()).count();
        match same {
            0 | 1 => instrument.symbol().into(),
            _ => format!("{}/{}", instrument.terms().venue, instrument.symbol()),
        }
    }
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
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DataFile {
    /// As given.
    pub name: String,
    /// How long.
    pub bytes: u64,
    /// Of its bytes.
    pub hash: String,
}

/// Something and how often.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counted {
    /// What.
    pub what: String,
    /// How often.
    pub count: u64,
}
