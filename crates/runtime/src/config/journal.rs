//! `[journal]`: what a record must survive, and how the journal is cut and signed. Who signs is never here: a key's place
//! is no part of what a run is.

use super::ConfigError;
use ::journal::{Durability, Options};
use serde::{Deserialize, Serialize};

/// `[journal]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Journal {
    /// What a record must survive before an order that it caused leaves.
    pub durability: DurabilityName,
    /// Of one file, in MiB; then another is begun.
    pub segment_mib: u32,
    /// Records from one signature to the next.
    pub checkpoint_records: u64,
}

impl Default for Journal {
    fn default() -> Self {
        Self { durability: DurabilityName::Written, segment_mib: 1_024, checkpoint_records: 65_536 }
    }
}

/// What a record must survive.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DurabilityName {
    /// Nothing: it is only handed over.
    Buffered,
    /// The end of the process.
    #[default]
    Written,
    /// A power cut.
    Synced,
}

impl Journal {
    /// How such a journal is written; by whom it is signed is for the caller to add.
    #[must_use]
    pub fn options(&self) -> Options {
        let durability = match self.durability {
            DurabilityName::Buffered => Durability::Buffered,
            DurabilityName::Written => Durability::Written,
            DurabilityName::Synced => Durability::Synced,
        };
        Options {
            durability,
            segment_bytes: u64::from(self.segment_mib) << 20,
            checkpoint_records: self.checkpoint_records,
            ..Options::default()
        }
    }

    pub(super) fn check(
        &self,
        at_least: impl Fn(&str, f64, f64) -> Result<(), ConfigError>,
    ) -> Result<(), ConfigError> {
        at_least("journal.segment_mib", f64::from(self.segment_mib), 1.0)?;
        #[expect(clippy::cast_precision_loss, reason = "only compared with a small bound")]
        at_least("journal.checkpoint_records", self.checkpoint_records as f64, 1.0)
    }
}
