//! The first pass over recordings: which instruments there are, what their steps must be, how busy each is,
//! how the clocks stand, and what is damaged.

use crate::clock_skew::{ClockSkew, Clocks};
use crate::config::{Config, ConfigError, nearest};
pub(crate) use crate::known::Known;
use crate::known::Seen;
use crate::source::{Imported, Progress, Recording, SourceError, open};
use crate::stamps::Stamps;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use stdx::decimal;
use types::instrument::Terms;
use types::{Contract, Event, Flags, Instrument, InstrumentError, InstrumentId, Nanos, Origin};
use venues::directory::LateName;
use venues::{Composition, Definition, Directory, Fault, Output, binance};

/// Faults kept with their text; beyond them only counted.
const FAULTS_KEPT: usize = 100;

/// What one recording holds.
#[derive(Clone, Debug, Default)]
pub struct FileSurvey {
    /// Its name.
    pub name: String,
    /// Its format.
    pub format: Cow<'static, str>,
    /// Bytes on disk.
    pub bytes: u64,
    /// What it holds in its own terms.
    pub counts: Vec<(String, u64)>,
    /// Events by kind.
    pub events: BTreeMap<Cow<'static, str>, u64>,
    /// The first and last venue time.
    pub span: Option<(Nanos, Nanos)>,
    /// The smallest receive time minus venue time: clock skew plus base latency, which a recording cannot
    /// tell apart. Negative when the recorder's clock was behind the venue's.
    pub latency_least: Option<Nanos>,
    /// The messages received before they were sent, by the recording's two clocks.
    pub latency_negative: u64,
    /// How these clocks stand; `None` when there is one only.
    pub clock: Option<ClockSkew>,
    /// The events that were stamped with a venue time before an earlier one's.
    pub out_of_order: u64,
    /// Gaps: packets or sequence numbers that are missing.
    pub gaps: u64,
    /// What could not be read; the first of them with text.
    pub faults: Vec<Fault>,
    /// How many there were in all.
    pub fault_count: u64,
    /// Bytes that were skipped because of them.
    pub skipped: u64,
    /// Instruments it speaks of before it names them.
    pub late_names: Vec<LateName>,
}

/// What is known of one instrument.
#[derive(Clone, Debug)]
pub struct InstrumentSurvey {
    /// Its venue.
    pub venue: String,
    /// Its symbol.
    pub symbol: String,
    /// Market events that name it.
    pub events: u64,
    /// Trades among them.
    pub trades: u64,
    /// Changes of its book among them.
    pub changes: u64,
    /// Whether the data says when its market is open.
    pub tells_phases: bool,
    /// The greatest common divisor of the prices of its book, in wire nanos; 0 when it had none.
    price_step: u64,
    /// Of its sizes.
    size_step: u64,
}

/// What all recordings of a run hold together.
#[derive(Debug)]
pub struct Survey {
    /// By recording.
    pub files: Vec<FileSurvey>,
    /// By instrument id.
    pub instruments: Vec<InstrumentSurvey>,
    directory: Directory,
    /// Terms that were set when history was imported, with the price step as the venue sends prices.
    configured: Vec<(Terms, i64)>,
}

/// The table of instruments a run is made with.
#[derive(Clone, Debug)]
pub struct Table {
    /// By id.
    pub instruments: Vec<Instrument>,
    /// Each one's price step as its venue sends prices.
    pub wire_ticks: Vec<i64>,
}

/// Why no table can be made.
#[derive(Debug, thiserror::Error)]
pub enum SurveyError {
    /// A recording cannot be read.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The configuration does not fit the data.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The terms of an instrument do not make sense.
    #[error(transparent)]
    Instrument(#[from] InstrumentError),
    /// A symbol that the data does not have.
    #[error("no instrument `{symbol}` in the data{}", .nearest.as_ref().map(|n| format!("; did you mean `{n}`?")).unwrap_or_default())]
    NoSuchSymbol {
        /// As given.
        symbol: String,
        /// The one most like it.
        nearest: Option<String>,
    },
    /// The data contradicts itself about what is to be traded.
    #[error(
        "{symbol} is defined in two ways: {first}, and {last}. It is not traded until you say which holds, with an \
         [[instrument]] of this symbol"
    )]
    Contradicted {
        /// What.
        symbol: String,
        /// What was said first.
        first: String,
        /// What was said last.
        last: String,
    },
    /// Nothing to trade.
    #[error("the data holds no instrument with a book: trades or definitions alone cannot be traded against")]
    NoInstrument,
}

/// Reads every recording once. `tick` is called after each batch with the bytes read so far.
///
/// # Errors
/// When a recording cannot be read at all.
pub fn survey(recordings: &[Recording], mut tick: impl FnMut(u64)) -> Result<Survey, SourceError> {
    let mut survey = Survey::new();
    let mut done = 0;
    for recording in recordings {
        let progress = Progress::default();
        let file = match recording {
            Recording::History(imported) => survey.recall(recording, imported, &progress)?,
            Recording::File(_) | Recording::Memory { .. } => {
                survey.read(recording, &progress, || tick(done + progress.bytes()))?
            }
        };
        done += file.bytes;
        tick(done);
        survey.files.push(file);
    }
    Ok(survey)
}

/// What is known without reading history: which instruments there are and their terms. Other recordings are read.
///
/// # Errors
/// When a recording cannot be read at all.
pub(crate) fn outline(recordings: &[Recording]) -> Result<Survey, SourceError> {
    let whole: Vec<Recording> = recordings.iter().map(Recording::whole).collect();
    survey(&whole, |_| {})
}

impl Survey {
    fn new() -> Self {
        Self {
            files: Vec::new(),
            instruments: Vec::new(),
            directory: Directory::survey(),
            configured: Vec::new(),
        }
    }

    /// Of a generated market: it has its one instrument, and no damage.
    pub(crate) fn of_market(name: &str, bytes: u64, instrument: &Instrument) -> Self {
        let terms = instrument.terms();
        let mut survey = Self::new();
        survey.directory.listing(&terms.venue, &terms.symbol);
        let only = survey.instrument(0);
        (only.events, only.changes) = (1, 1);
        survey.files.push(FileSurvey {
            name: name.into(),
            format: Cow::Borrowed("market of agents"),
            bytes,
            ..FileSurvey::default()
        });
        survey
    }

    fn read(
        &mut self,
        recording: &Recording,
        progress: &Progress,
        mut tick: impl FnMut(),
    ) -> Result<FileSurvey, SourceError> {
        let mut source = open(recording, progress)?;
        let mut file = FileSurvey {
            name: recording.name(),
            format: Cow::Borrowed(source.format()),
            bytes: recording.size()?,
            ..FileSurvey::default()
        };
        let mut out = Output::default();
        let (mut clocks, mut stamps) = (Clocks::default(), Stamps::default());
        // On its own until all its names are known: what two recordings call `#101` need not be one instrument.
        let mut alone = Self::new();
        loop {
            let more = source.read(&mut alone.directory, &mut out)?;
            for (place, arrival) in out.arrivals.iter().enumerate() {
                file.note(arrival.received_at, &arrival.event, &mut clocks, &mut stamps);
                alone.note(place, &arrival.event, &out);
            }
            file.note_faults(&mut out.faults);
            tick();
            if !more {
                break;
            }
        }
        file.counts = source.counts();
        if stamps.set_aside() > 0 {
            file.counts.push(("times that cannot be".into(), stamps.set_aside()));
        }
        file.latency_negative = clocks.negative();
        file.clock = clocks.skew();
        file.late_names = alone.directory.late_names().to_vec();
        self.join(&alone);
        Ok(file)
    }

    /// Adds what one recording holds: its instruments by name, in the order it first spoke of them.
    fn join(&mut self, one: &Self) {
        self.directory.learn(&one.directory);
        for (row, (venue, symbol)) in one.directory.names().iter().enumerate() {
            let listing = self.directory.listing(venue, symbol).expect("a survey registers");
            let Some(seen) = one.instruments.get(row) else { continue };
            let instrument = self.instrument(listing.id.index());
            instrument.events += seen.events;
            instrument.trades += seen.trades;
            instrument.changes += seen.changes;
            instrument.tells_phases |= seen.tells_phases;
            instrument.price_step = divisor(instrument.price_step, seen.price_step);
            instrument.size_step = divisor(instrument.size_step, seen.size_step);
        }
    }

    /// What an instrument is made of, where its venue has said so.
    #[must_use]
    pub fn composition(&self, instrument: &Instrument) -> Option<&Composition> {
        self.directory.composition(&instrument.terms().venue, &instrument.terms().symbol)
    }

    /// The directory of a run with this table over the recordings; `Directory::turn_to` says which of them is read.
    #[must_use]
    pub fn directory(&self, table: &Table) -> Directory {
        let mut directory = Directory::run(&table.instruments, &table.wire_ticks);
        directory.foretell(self.files.iter().map(|file| file.late_names.as_slice()));
        directory
    }

    /// What an import found when it read its recording; a part of one is read, and keeps the steps of the whole.
    fn recall(
        &mut self,
        recording: &Recording,
        imported: &Imported,
        progress: &Progress,
    ) -> Result<FileSurvey, SourceError> {
        let file = match imported.survey() {
            Some(known) => {
                known.register(&mut self.directory);
                known.file(imported.name(), imported.source().bytes)
            }
            None => self.read(recording, progress, || {})?,
        };
        let Some(known) = imported.known() else { return Ok(file) };
        for named in &known.instruments {
            let Some(seen) = named.seen else { continue };
            let names = self.directory.names();
            let row =
                names.iter().position(|(venue, symbol)| *venue == named.venue && *symbol == named.symbol);
            // Not selected.
            let Some(row) = row else { continue };
            known.define(&named.venue, &named.symbol, &mut self.directory);
            let instrument = self.instrument(row);
            if imported.survey().is_some() {
                instrument.events += seen.events;
                instrument.trades += seen.trades;
                instrument.changes += seen.changes;
                // An import does not say of which of its instruments.
                instrument.tells_phases |= file.events.get("status").is_some_and(|count| *count > 0);
            }
            instrument.price_step = divisor(instrument.price_step, seen.price_step);
            instrument.size_step = divisor(instrument.size_step, seen.size_step);
        }
        self.configured.extend(known.configured.iter().cloned());
        Ok(file)
    }

    /// What an import keeps of the survey of its one recording.
    pub(crate) fn keep(&self, integrity: serde_json::Value) -> Known {
        let seen = |row: usize| {
            self.instruments.get(row).map(|i| Seen {
                events: i.events,
                trades: i.trades,
                changes: i.changes,
                price_step: i.price_step,
                size_step: i.size_step,
            })
        };
        Known::new(&self.files[0], &self.directory, seen, integrity)
    }

    fn instrument(&mut self, row: usize) -> &mut InstrumentSurvey {
        while self.instruments.len() <= row {
            let (venue, symbol) = self.directory.names()[self.instruments.len()].clone();
            self.instruments.push(InstrumentSurvey {
                venue,
                symbol,
                events: 0,
                trades: 0,
                changes: 0,
                tells_phases: false,
                price_step: 0,
                size_step: 0,
            });
        }
        &mut self.instruments[row]
    }

    fn note(&mut self, place: usize, event: &Event, out: &Output) {
        let Some(id) = event.instrument() else {
            // For every instrument that was named so far; those that follow will be told again.
            if let Event::Status(_) = event {
                self.instruments.iter_mut().for_each(|instrument| instrument.tells_phases = true);
            }
            return;
        };
        let instrument = self.instrument(id.index());
        instrument.events += 1;
        match event {
            Event::Level(e) => {
                instrument.changes += 1;
                instrument.note_steps(Some(e.price.0), e.size.0);
            }
            Event::Order(e) => {
                instrument.changes += 1;
                instrument.note_steps(Some(e.price.0), e.size.0);
            }
            Event::Trade(e) => {
                instrument.trades += 1;
                // Midpoint and sub-penny trades are off the grid by right.
                let on_grid = !e.flags.has(Flags::HIDDEN);
                instrument.note_steps(on_grid.then_some(e.price.0), e.size.0);
            }
            Event::Statistic(e) => {
                // Only what must lie on the grid tells of it: settlements and averages need not.
                if e.kind.unit() == types::Unit::Size {
                    instrument.note_steps(None, e.value);
                }
            }
            Event::Bar { bar, .. } => {
                for price in out.bar_prices(place, bar) {
                    instrument.note_steps(Some(price.0), bar.volume.0);
                }
            }
            Event::Status(_) => instrument.tells_phases = true,
            Event::Gap(_)
            | Event::Report(_)
            | Event::Timer(_)
            | Event::Operator(_)
            | Event::Cash(_)
            | Event::Session(_)
            | Event::DropCopy(_)
            | Event::Clock(_)
            | Event::QuoteRequest(_)
            | Event::TradeBust(_) => {}
        }
    }

    /// The table for a run: definitions first, then configuration, known products, and what the numbers show.
    ///
    /// # Errors
    /// When configured terms are not numbers, or terms do not make an instrument.
    pub fn table(&self, config: &Config) -> Result<Table, SurveyError> {
        let mut table = Table { instruments: Vec::new(), wire_ticks: Vec::new() };
        for (row, instrument) in self.instruments.iter().enumerate() {
            let id = InstrumentId(u32::try_from(row).expect("ids are 32 bits"));
            let (terms, wire_tick) = self.terms(id, instrument, config)?;
            table.instruments.push(instrument_of(terms)?);
            table.wire_ticks.push(wire_tick);
        }
        Ok(table)
    }

    fn terms(
        &self,
        id: InstrumentId,
        seen: &InstrumentSurvey,
        config: &Config,
    ) -> Result<(Terms, i64), SurveyError> {
        let mut terms = Terms {
            id,
            symbol: seen.symbol.clone(),
            venue: seen.venue.clone(),
            currency: "USD".into(),
            contract: Contract::Linear,
            tick_nanos: whole(seen.price_step),
            lot_nanos: whole(seen.size_step),
            multiplier_nanos: decimal::ONE,
            depths: types::Depths::default(),
            origin: Origin::Inferred,
        };
        let mut wire_tick = terms.tick_nanos;
        if let Some(definition) = self.directory.definition(&seen.venue, &seen.symbol) {
            wire_tick = definition.wire_tick_nanos;
            terms.tick_nanos = definition.tick_nanos;
            terms.lot_nanos = definition.lot_nanos;
            terms.multiplier_nanos = definition.multiplier_nanos;
            terms.currency.clone_from(&definition.currency);
            terms.contract = definition.contract;
            terms.depths = definition.depths;
            terms.origin = Origin::Definition;
        } else if let Some(market) = binance::Market::of_venue(&seen.venue)
            && let Some(product) = binance::product(market, &seen.symbol)
        {
            terms.contract = product.contract;
            terms.currency = product.currency;
            terms.multiplier_nanos = product.multiplier_nanos;
        } else if seen.venue == venues::cme::VENUE {
            // Sizes are whole contracts; a few trades of round sizes say nothing else.
            terms.lot_nanos = decimal::ONE;
            if let Some(product) = venues::cme::products::find(&seen.symbol) {
                terms.tick_nanos = product.tick_nanos;
                terms.multiplier_nanos = product.multiplier_nanos;
                terms.currency = product.currency.into();
                terms.origin = Origin::KnownProduct;
                wire_tick = product.tick_nanos;
            }
        } else if seen.venue == "nasdaq" || venues::archive::lean::exchanges::is_us(&seen.venue) {
            // Regulation NMS rule 612: a cent for quotes at or above a dollar; a round lot is not a size step.
            terms.tick_nanos = terms.tick_nanos.min(10_000_000);
            terms.lot_nanos = decimal::ONE;
            wire_tick = terms.tick_nanos;
        }
        let same = |stored: &Terms| stored.venue == seen.venue && stored.symbol == seen.symbol;
        if let Some((stored, stored_wire_tick)) =
            self.configured.iter().rev().find(|(stored, _)| same(stored))
        {
            terms = Terms { id, ..stored.clone() };
            wire_tick = *stored_wire_tick;
        }
        if let Some(given) = config.instrument.iter().find(|given| given.symbol == seen.symbol) {
            let sent_as_written = wire_tick == terms.tick_nanos;
            configure(&mut terms, given)?;
            if sent_as_written {
                wire_tick = terms.tick_nanos;
            }
        }
        Ok((terms, wire_tick))
    }

    /// The instruments to trade: those named, else the busiest that has a book.
    ///
    /// # Errors
    /// When a name is not in the data, or there is nothing to trade.
    pub fn traded(
        &self,
        config: &Config,
        symbols: &[&[String]],
    ) -> Result<Vec<Vec<InstrumentId>>, SurveyError> {
        let chosen: Vec<_> =
            symbols.iter().map(|symbols| self.chosen(config, symbols)).collect::<Result<_, _>>()?;
        chosen.iter().flatten().try_for_each(|id| self.refuse_contradicted(config, *id))?;
        Ok(chosen)
    }

    /// What is defined in two ways is not traded, unless a person has said what holds.
    fn refuse_contradicted(&self, config: &Config, id: InstrumentId) -> Result<(), SurveyError> {
        let InstrumentSurvey { venue, symbol, .. } = &self.instruments[id.index()];
        let is_said = config.instrument.iter().any(|given| given.symbol == *symbol)
            || self.configured.iter().any(|(terms, _)| terms.venue == *venue && terms.symbol == *symbol);
        match self.directory.contradiction(venue, symbol) {
            Some((first, last)) if !is_said => Err(SurveyError::Contradicted {
                symbol: symbol.clone(),
                first: said(first),
                last: said(last),
            }),
            Some(_) | None => Ok(()),
        }
    }

    fn chosen(&self, config: &Config, symbols: &[String]) -> Result<Vec<InstrumentId>, SurveyError> {
        let id_of = |row: usize| InstrumentId(u32::try_from(row).expect("ids are 32 bits"));
        if symbols.is_empty() {
            let busiest = self.instruments.iter().enumerate().filter(|(_, i)| i.changes > 0);
            // The first of equals: `max_by_key` would give the last.
            let busiest = busiest.rev().max_by_key(|(_, instrument)| instrument.events);
            return Ok(vec![id_of(busiest.ok_or(SurveyError::NoInstrument)?.0)]);
        }
        let mut traded = BTreeSet::new();
        let contracts = |symbol: &String| match config.roll.iter().find(|roll| roll.name == *symbol) {
            Some(roll) => roll.symbols.clone(),
            None => vec![symbol.clone()],
        };
        for symbol in &symbols.iter().flat_map(contracts).collect::<Vec<_>>() {
            let full = |i: &InstrumentSurvey| format!("{}/{}", i.venue, i.symbol);
            let row = self.instruments.iter().position(|i| i.symbol == *symbol || full(i) == *symbol);
            traded.insert(id_of(row.ok_or_else(|| SurveyError::NoSuchSymbol {
                symbol: symbol.clone(),
                nearest: nearest(symbol, self.instruments.iter().map(|i| i.symbol.as_str())),
            })?));
        }
        Ok(traded.into_iter().collect())
    }
}

impl InstrumentSurvey {
    fn note_steps(&mut self, price: Option<i64>, size: i64) {
        if let Some(price) = price {
            self.price_step = divisor(self.price_step, price.unsigned_abs());
        }
        self.size_step = divisor(self.size_step, size.unsigned_abs());
    }
}

impl FileSurvey {
    fn note(&mut self, received_at: Nanos, event: &Event, clocks: &mut Clocks, stamps: &mut Stamps) {
        *self.events.entry(Cow::Borrowed(event.kind())).or_default() += 1;
        if matches!(event, Event::Gap(_)) {
            self.gaps += 1;
        }
        let Some(venue_at) = event.venue_at() else { return };
        // A time that cannot be is part of no span and no latency.
        if !stamps.note(received_at, event) {
            return;
        }
        let (first, last) = self.span.unwrap_or((venue_at, venue_at));
        if venue_at < last {
            self.out_of_order += 1;
        }
        self.span = Some((first.min(venue_at), last.max(venue_at)));
        // A bar is stamped with its start and told at its end: that is no journey.
        if matches!(event, Event::Bar { .. }) {
            return;
        }
        // A snapshot tells what was, and a gap what was not: neither has a journey of its own.
        if !event.flags().has(Flags::SNAPSHOT) && !matches!(event, Event::Gap(_)) {
            clocks.note(received_at, venue_at);
        }
        let latency = received_at - venue_at;
        self.latency_least = Some(self.latency_least.map_or(latency, |least| least.min(latency)));
    }

    fn note_faults(&mut self, faults: &mut Vec<Fault>) {
        for fault in faults.drain(..) {
            self.fault_count += 1;
            self.skipped += fault.skipped;
            if self.faults.len() < FAULTS_KEPT {
                self.faults.push(fault);
            }
        }
    }
}

/// A definition's terms, as a person would write them.
fn said(definition: &Definition) -> String {
    let [tick, lot, multiplier] =
        [definition.tick_nanos, definition.lot_nanos, definition.multiplier_nanos].map(in_units);
    format!("tick {tick}, lot {lot}, multiplier {multiplier} {}", definition.currency)
}

/// Nanos as a decimal, without zeros behind it.
fn in_units(nanos: i64) -> String {
    let (whole, part) = (nanos / decimal::ONE, nanos % decimal::ONE);
    let text = format!("{whole}.{part:09}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn configure(terms: &mut Terms, given: &crate::config::InstrumentTerms) -> Result<(), ConfigError> {
    let fields = [
        ("tick", &given.tick, &mut terms.tick_nanos),
        ("lot", &given.lot, &mut terms.lot_nanos),
        ("multiplier", &given.multiplier, &mut terms.multiplier_nanos),
    ];
    for (name, text, place) in fields {
        let Some(text) = text else { continue };
        *place = decimal::parse(text.as_bytes()).map_err(|error| ConfigError::OutOfRange {
            key: format!("instrument.{name} of {}", given.symbol),
            value: text.clone(),
            wanted: error.to_string(),
        })?;
    }
    if let Some(currency) = &given.currency {
        terms.currency.clone_from(currency);
    }
    terms.origin = Origin::Configured;
    Ok(())
}

/// The instrument of these terms. Steps that were inferred may be finer together than money is (a price of eight
/// decimals, a size of eight): then lots are made coarser. Sizes that do not fit into them are faults in a run, and
/// their books stale: such an instrument can be looked at, and traded once its terms are configured.
fn instrument_of(mut terms: Terms) -> Result<Instrument, InstrumentError> {
    loop {
        match Instrument::new(terms.clone()) {
            Err(InstrumentError::TooFine { .. })
                if terms.origin == Origin::Inferred && terms.lot_nanos <= i64::MAX / 10 =>
            {
                terms.lot_nanos *= 10;
            }
            made => return made,
        }
    }
}

/// Greatest common divisor (Euclid); 0 stands for "nothing yet".
const fn divisor(mut a: u64, mut b: u64) -> u64 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

fn whole(step: u64) -> i64 {
    i64::try_from(step).ok().filter(|step| *step > 0).unwrap_or(decimal::ONE)
}
