//! From recordings and a configuration to a run that can start.

use crate::config::Config;
use crate::feed::Feed;
use crate::setup::{DataFile, Setup, SetupError};
use crate::source::{Progress, Recording, SourceError, open};
use crate::survey::{Survey, SurveyError, Table, survey};
use venues::Directory;

/// Why a run cannot start.
#[derive(Debug, thiserror::Error)]
pub enum PrepareError {
    /// The data does not make one.
    #[error(transparent)]
    Survey(#[from] SurveyError),
    /// A recording cannot be read.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The configuration does not make one.
    #[error(transparent)]
    Setup(#[from] SetupError),
}

/// A run that can start.
#[derive(Debug)]
pub struct Prepared {
    /// What the recordings hold.
    pub survey: Survey,
    /// The instruments.
    pub table: Table,
    /// What the run is made of.
    pub setup: Setup,
    recordings: Vec<Recording>,
}

/// Surveys the recordings and makes the setup of a run over them. `tick` is called with the bytes read so far.
///
/// # Errors
/// When a recording cannot be read, or configuration and data do not fit.
pub fn prepare(
    recordings: Vec<Recording>,
    config: Config,
    tick: impl FnMut(u64),
) -> Result<Prepared, PrepareError> {
    let survey = survey(&recordings, tick)?;
    let table = survey.table(&config)?;
    let traded = survey.traded(&table, &config)?;
    let data = recordings.iter().map(data_file).collect::<Result<_, _>>()?;
    let setup = Setup::new(config, table.instruments.clone(), traded, data)?;
    setup.check_order_samples(survey.files.iter().filter_map(|file| file.span))?;
    Ok(Prepared { survey, table, setup, recordings })
}

fn data_file(recording: &Recording) -> Result<DataFile, SourceError> {
    Ok(DataFile { name: recording.name(), bytes: recording.size()?, blake3: recording.hash()? })
}

impl Prepared {
    /// What it runs over.
    #[must_use]
    pub fn recordings(&self) -> &[Recording] {
        &self.recordings
    }

    /// Opens the recordings for the run. `progress` counts the bytes of all of them.
    ///
    /// # Errors
    /// When a recording cannot be read.
    pub fn feed(&self, progress: &Progress) -> Result<Feed, SourceError> {
        let mut sources = Vec::new();
        for (recording, file) in self.recordings.iter().zip(&self.survey.files) {
            sources.push((open(recording, progress)?, file));
        }
        let directory = Directory::run(&self.table.instruments, &self.table.wire_ticks);
        let ways = self.setup.ways();
        let data = ways.data(&self.setup.root());
        Feed::new(sources, directory, ways, data)
    }
}
