//! A survey that travels with its history: what an import found, so that a run over it need not look again.

use crate::clock_skew::ClockSkew;
use crate::survey::FileSurvey;
use adapters::parquet::Manifest;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::BTreeMap;
use types::instrument::Terms;
use types::{Contract, Depths, Nanos};
use venues::{Definition, Directory, Fault};

/// What an import found in its recording.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Known {
    file: File,
    /// Every instrument that was named, in the order of the naming.
    pub(crate) instruments: Vec<Named>,
    /// What was wrong with the recording, for people.
    #[serde(default)]
    pub(crate) integrity: serde_json::Value,
    /// Terms that a person set at the import: they hold until set again.
    #[serde(skip)]
    pub(crate) configured: Vec<(Terms, i64)>,
}

/// [`FileSurvey`] on disk.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct File {
    format: String,
    counts: Vec<(String, u64)>,
    events: BTreeMap<String, u64>,
    span: Option<(Nanos, Nanos)>,
    latency_least: Option<Nanos>,
    #[serde(default)]
    latency_negative: u64,
    #[serde(default)]
    clock: Option<ClockSkew>,
    out_of_order: u64,
    gaps: u64,
    /// Offset, bytes skipped, and what.
    faults: Vec<(u64, u64, String)>,
    fault_count: u64,
    skipped: u64,
}

/// One instrument that a recording named.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Named {
    pub(crate) venue: String,
    pub(crate) symbol: String,
    /// `None`: named, and nothing said of it.
    pub(crate) seen: Option<Seen>,
    definition: Option<Defined>,
}

/// What was seen of it.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Seen {
    pub(crate) events: u64,
    pub(crate) trades: u64,
    pub(crate) changes: u64,
    pub(crate) price_step: u64,
    pub(crate) size_step: u64,
}

/// [`Definition`] on disk.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Defined {
    currency: String,
    contract: Contract,
    wire_tick_nanos: i64,
    tick_nanos: i64,
    lot_nanos: i64,
    multiplier_nanos: i64,
    depths: Depths,
}

impl Known {
    /// What a manifest carries.
    pub(crate) fn of(manifest: &Manifest) -> Result<Self, String> {
        let read = serde_json::from_value::<Self>(manifest.about.clone());
        let mut known = read
            .map_err(|error| format!("the survey of import {} cannot be read: {error}", manifest.number))?;
        known.configured = manifest
            .instruments
            .iter()
            .filter(|stored| stored.terms.origin == types::Origin::Configured)
            .map(|stored| (stored.terms.clone(), stored.wire_tick_nanos))
            .collect();
        Ok(known)
    }

    /// Of a survey of one recording.
    pub(crate) fn new(
        file: &FileSurvey,
        directory: &Directory,
        seen: impl Fn(usize) -> Option<Seen>,
        integrity: serde_json::Value,
    ) -> Self {
        let named = directory.names().iter().enumerate().map(|(row, (venue, symbol))| Named {
            venue: venue.clone(),
            symbol: symbol.clone(),
            seen: seen(row),
            definition: directory.definition(venue, symbol).map(|d| Defined {
                currency: d.currency.clone(),
                contract: d.contract,
                wire_tick_nanos: d.wire_tick_nanos,
                tick_nanos: d.tick_nanos,
                lot_nanos: d.lot_nanos,
                multiplier_nanos: d.multiplier_nanos,
                depths: d.depths,
            }),
        });
        let file = File {
            format: file.format.to_string(),
            counts: file.counts.clone(),
            events: file.events.iter().map(|(kind, count)| (kind.to_string(), *count)).collect(),
            span: file.span,
            latency_least: file.latency_least,
            latency_negative: file.latency_negative,
            clock: file.clock,
            out_of_order: file.out_of_order,
            gaps: file.gaps,
            faults: file.faults.iter().map(|f| (f.offset, f.skipped, f.what.clone())).collect(),
            fault_count: file.fault_count,
            skipped: file.skipped,
        };
        Self { file, instruments: named.collect(), integrity, configured: Vec::new() }
    }

    /// The survey as it was, under a name.
    pub(crate) fn file(&self, name: String, bytes: u64) -> FileSurvey {
        let file = self.file.clone();
        let fault = |(offset, skipped, what)| Fault { offset, skipped, what };
        FileSurvey {
            name,
            format: Cow::Owned(file.format),
            bytes,
            counts: file.counts,
            events: file.events.into_iter().map(|(kind, count)| (Cow::Owned(kind), count)).collect(),
            span: file.span,
            latency_least: file.latency_least,
            latency_negative: file.latency_negative,
            clock: file.clock,
            out_of_order: file.out_of_order,
            gaps: file.gaps,
            faults: file.faults.into_iter().map(fault).collect(),
            fault_count: file.fault_count,
            skipped: file.skipped,
            late_names: Vec::new(),
        }
    }

    /// Names every instrument to a directory, in the order of the recording.
    pub(crate) fn register(&self, directory: &mut Directory) {
        for named in &self.instruments {
            directory.listing(&named.venue, &named.symbol);
        }
    }

    /// Says what the venue said of an instrument.
    pub(crate) fn define(&self, venue: &str, symbol: &str, directory: &mut Directory) {
        let Some(named) = self.instruments.iter().find(|i| i.venue == venue && i.symbol == symbol) else {
            return;
        };
        let Some(defined) = named.definition.clone() else { return };
        directory.define(Definition {
            venue: venue.into(),
            symbol: symbol.into(),
            currency: defined.currency,
            contract: defined.contract,
            wire_tick_nanos: defined.wire_tick_nanos,
            tick_nanos: defined.tick_nanos,
            lot_nanos: defined.lot_nanos,
            multiplier_nanos: defined.multiplier_nanos,
            depths: defined.depths,
        });
    }
}
