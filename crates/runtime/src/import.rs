//! From a recording to history: surveyed, decoded once more, checked, stored.

use crate::config::Config;
use crate::integrity::{Integrity, Review};
use crate::source::{Progress, Recording, SourceError, open};
use crate::survey::{FileSurvey, SurveyError, Table, survey};
use adapters::parquet::{HistoryError, Manifest, Source, Store, Stored};
use std::path::Path;
use venues::Output;

/// What an import did.
#[derive(Debug)]
pub struct Imported {
    /// What it left in the store.
    pub manifest: Manifest,
    /// What the recording holds.
    pub file: FileSurvey,
    /// The instruments as they are stored.
    pub table: Table,
    /// What was wrong.
    pub integrity: Integrity,
}

/// Why nothing was imported.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The recording cannot be read or surveyed.
    #[error(transparent)]
    Survey(#[from] SurveyError),
    /// The recording cannot be read on.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The store cannot be written.
    #[error(transparent)]
    History(#[from] HistoryError),
}

impl ImportError {
    /// Whether another process is importing into the same folder: later it may go.
    #[must_use]
    pub const fn is_busy(&self) -> bool {
        matches!(self, Self::History(HistoryError::Busy(_)))
    }
}

/// Puts one recording into the store at `to`. `tick` hears the bytes read so far, in two passes.
///
/// # Errors
/// When it cannot be read, is there already and not to be replaced, or cannot be stored: then nothing was.
pub fn import(
    recording: &Recording,
    to: &Path,
    config: &Config,
    replace: bool,
    mut tick: impl FnMut(u64),
) -> Result<Imported, ImportError> {
    let (name, bytes, blake3) = (recording.name(), recording.size()?, recording.hash()?);
    let mut import = Store::begin(to, Source { name, bytes, blake3 }, replace, env!("CARGO_PKG_VERSION"))?;
    let survey = survey(std::slice::from_ref(recording), &mut tick)?;
    let table = survey.table(config)?;
    import.instruments(stored(&table));

    let progress = Progress::default();
    let mut source = open(recording, &progress)?;
    let mut directory = survey.directory(&table);
    let mut review = Review::new(&table.instruments);
    let mut out = Output::default();
    loop {
        let more = source.read(&mut directory, &mut out)?;
        for arrival in &out.arrivals {
            review.note(arrival);
            import.push(arrival)?;
        }
        review.note_faults(&out.faults);
        tick(bytes + progress.bytes());
        if !more {
            break;
        }
    }
    let integrity = review.finish();
    let about = serde_json::to_value(survey.keep(integrity.to_json())).expect("a survey has a JSON form");
    let manifest = import.commit(about)?;
    let file = survey.files.into_iter().next().expect("one recording was surveyed");
    Ok(Imported { manifest, file, table, integrity })
}

fn stored(table: &Table) -> Vec<Stored> {
    let pairs = table.instruments.iter().zip(&table.wire_ticks);
    pairs
        .map(|(instrument, wire)| Stored { terms: instrument.terms().clone(), wire_tick_nanos: *wire })
        .collect()
}
