//! Questions to history: bars of its trades, how wide and deep its books were, and its events one by one.
//!
//! Sums are integers; what is shown is divided once. Only what is selected is read, and a book that opens in the middle
//! opens with what stood (see `source::opening`).

mod bars;
mod busts;
mod depth;

pub use bars::{Bar, Bars, Every};
pub use depth::{Depth, Depths};

use crate::config::{Config, Latency};
use crate::feed::Feed;
use crate::routes::Ways;
use crate::source::{Progress, Recording, Selection, SourceError, open, recordings};
use crate::stamps::BEHIND;
use crate::survey::{Survey, SurveyError, Table, outline};
use busts::Busts;
use std::path::PathBuf;
use stdx::Prng;
use types::{Arrival, Event, Instrument, Nanos, Trade};
use venues::{Directory, Output};

/// What is asked, and of what.
#[derive(Debug)]
pub struct Question {
    recordings: Vec<Recording>,
    survey: Survey,
    table: Table,
    selection: Selection,
}

impl Question {
    /// Of what is selected of these folders and files. History is not read for this.
    ///
    /// # Errors
    /// When a recording cannot be read, nothing is selected, or terms do not fit.
    pub fn new(data: &[PathBuf], selection: Selection, config: &Config) -> Result<Self, SurveyError> {
        let mut recordings = recordings(data, &selection)?;
        // In the order of their times: what is listed is then in order unless recordings overlap.
        recordings.sort_by_key(Recording::starts_at);
        let survey = outline(&recordings)?;
        let table = survey.table(config)?;
        Ok(Self { recordings, survey, table, selection })
    }

    /// The instruments, by id.
    #[must_use]
    pub fn instruments(&self) -> &[Instrument] {
        &self.table.instruments
    }

    /// Bars of the trades, by start, then instrument. Trades that were taken back later are in none of them: when the
    /// data turns out to hold such, it is read once more without them.
    ///
    /// # Errors
    /// When a recording cannot be read.
    pub fn bars(&self, every: Every) -> Result<Vec<Bar>, SourceError> {
        let mut busts = Busts::default();
        let bars = self.bars_without(&Busts::default(), every, |place, bust| busts.note(place, bust))?;
        if busts.is_empty() { Ok(bars) } else { self.bars_without(&busts, every, |_, _| {}) }
    }

    fn bars_without(
        &self,
        busts: &Busts,
        every: Every,
        mut busted: impl FnMut(u64, &Trade),
    ) -> Result<Vec<Bar>, SourceError> {
        let mut bars = Bars::new(every, &self.table.instruments);
        let mut place = 0;
        self.merged(false, |at, event| {
            place += 1;
            if let Event::TradeBust(bust) = event {
                busted(place, bust);
            }
            // The stream does not follow times that cannot be: such a trade is of no bar.
            if let Event::Trade(trade) = event
                && trade.venue_at <= at
                && at - trade.venue_at <= BEHIND
                && !busts.take_back(place, trade)
            {
                bars.note(trade);
            }
        })?;
        Ok(bars.finish())
    }

    /// Spread, mid and the size on the best `levels` levels, weighted by time, for each span of `every`.
    ///
    /// # Errors
    /// When a recording cannot be read.
    pub fn depths(&self, every: Nanos, levels: usize) -> Result<Vec<Depth>, SourceError> {
        let mut depths =
            Depths::new(every, levels, self.selection.from.unwrap_or(Nanos::MIN), &self.table.instruments);
        self.merged(true, |venue_at, event| depths.note(venue_at, event))?;
        // Something comes behind the end: until there, nothing did.
        let until = self.selection.to.filter(|_| self.recordings.iter().any(Recording::goes_on));
        depths.finish(until).ok_or_else(|| SourceError::Format {
            name: "the answer".into(),
            what: "more than four million spans; ask for longer ones, or for less with --from and --to"
                .into(),
        })
    }

    /// Each event, one recording after the other; `each` says whether it wants more.
    ///
    /// # Errors
    /// When a recording cannot be read.
    pub fn events(&self, mut each: impl FnMut(&Arrival) -> bool) -> Result<(), SourceError> {
        let mut out = Output::default();
        for (number, recording) in self.recordings.iter().enumerate() {
            let mut source = open(&recording.without_opening(), &Progress::default())?;
            let mut directory = self.directory();
            directory.turn_to(number);
            loop {
                let more = source.read(&mut directory, &mut out)?;
                if !out.arrivals.iter().all(&mut each) {
                    return Ok(());
                }
                if !more {
                    break;
                }
            }
        }
        Ok(())
    }

    fn directory(&self) -> Directory {
        self.survey.directory(&self.table)
    }

    /// All recordings as one stream, in venue time.
    fn merged(&self, books: bool, mut each: impl FnMut(Nanos, &Event)) -> Result<(), SourceError> {
        let mut sources = Vec::new();
        for (recording, file) in self.recordings.iter().zip(&self.survey.files) {
            let source = if books {
                open(recording, &Progress::default())?
            } else {
                open(&recording.without_opening(), &Progress::default())?
            };
            sources.push((source, file));
        }
        // No message travels here: the ways are not looked at.
        let ways = Ways::new(&Latency::default(), &[]);
        let data = ways.data(&Prng::new(0));
        let mut feed = Feed::new(sources, self.directory(), ways, data)?;
        while let Some(moment) = feed.take()? {
            each(moment.venue_at, &moment.event);
        }
        Ok(())
    }
}
