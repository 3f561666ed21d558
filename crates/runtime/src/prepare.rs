//! From recordings and a configuration to a run that can start.

use crate::calendar::{Calendars, Schedule};
use crate::config::Config;
use crate::feed::Feed;
use crate::market::MarketFile;
use crate::setup::{DataFile, Setup, SetupError};
use crate::source::{Progress, Recording, Source, SourceError, open};
use crate::survey::{FileSurvey, Survey, SurveyError, Table, survey};
use types::InstrumentId;

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
    let traded = survey.traded(&config)?;
    let data = recordings.iter().map(data_file).collect::<Result<_, _>>()?;
    let setup = Setup::new(config, table.instruments.clone(), traded, data)?;
    setup.check_order_samples(survey.files.iter().filter_map(|file| file.span))?;
    let mut prepared = Prepared { survey, table, setup, recordings };
    prepared.setup.sessions = prepared.schedule(&prepared.setup).sessions;
    Ok(prepared)
}

/// Makes the setup of a run in a generated market, of which there is nothing to survey.
///
/// # Errors
/// When the configuration does not fit it.
pub fn prepare_market(file: &MarketFile, config: Config) -> Result<Prepared, PrepareError> {
    let survey = Survey::of_market(&file.name, file.text.len() as u64, &file.instrument);
    let wire_tick = file.instrument.terms().tick_nanos;
    let table = Table { instruments: vec![file.instrument.clone()], wire_ticks: vec![wire_tick] };
    let traded = survey.traded(&config)?;
    let data = DataFile {
        name: file.name.clone(),
        bytes: file.text.len() as u64,
        blake3: blake3::hash(file.text.as_bytes()).to_hex().to_string(),
    };
    let setup = Setup::new(config, table.instruments.clone(), traded, vec![data])?;
    Ok(Prepared { survey, table, setup, recordings: Vec::new() })
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
        let opened = self.recordings.iter().map(|recording| open(recording, progress));
        self.feed_from(&self.setup, opened.collect::<Result<_, _>>()?)
    }

    /// What calendars and configured halts tell a run of `setup` over these recordings.
    #[must_use]
    pub fn schedule(&self, setup: &Setup) -> Schedule {
        let traded: Vec<_> = setup.strategies.iter().flat_map(|s| s.traded.iter().copied()).collect();
        let recorded = |id: InstrumentId| self.survey.instruments[id.index()].tells_phases;
        let spans = self.survey.files.iter().filter_map(|file| file.span);
        let span = spans.reduce(|all, one| (all.0.min(one.0), all.1.max(one.1)));
        Schedule::new(&setup.config, &setup.instruments, &traded, recorded, span)
    }

    /// The feed of a run of `setup`, from readers of the recordings in their order.
    ///
    /// # Errors
    /// When a recording cannot be read.
    pub(crate) fn feed_from(
        &self,
        setup: &Setup,
        sources: Vec<Box<dyn Source>>,
    ) -> Result<Feed, SourceError> {
        let mut sources: Vec<_> = sources.into_iter().zip(&self.survey.files).collect();
        let told = self.schedule(setup).told;
        let beside = FileSurvey::default();
        if !told.is_empty() {
            sources.push((Box::new(Calendars::new(told)), &beside));
        }
        let directory = self.survey.directory(&self.table);
        let ways = setup.ways();
        let data = ways.data(&setup.root());
        Feed::new(sources, directory, ways, data)
    }

    /// Opens the recordings for a run of another setup over them: one with another seed.
    ///
    /// # Errors
    /// When a recording cannot be read.
    pub fn feed_of(&self, setup: &Setup, progress: &Progress) -> Result<Feed, SourceError> {
        let opened = self.recordings.iter().map(|recording| open(recording, progress));
        self.feed_from(setup, opened.collect::<Result<_, _>>()?)
    }
}
