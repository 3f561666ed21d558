//! History as recordings: each import of a store is one, and gives what the recording it was made from gave.
//!
//! An import carries its survey, so that a run over it starts as the run over its recording did: the same table, the
//! same ids, the same first event. A part of one (`--from`, `--to`, `--symbol`) is surveyed by reading, begins with
//! the books as they stood (see `opening`), and is not compared with its hash.
//!
//! Stored steps need not be the run's: prices and sizes are counted again in the run's steps, exactly or not at all, and
//! what does not fit is a fault, and a gap where a book may have changed.

use super::opening::Opening;
use super::{Progress, Recording, Source, SourceError};
use crate::survey::Known;
use adapters::parquet::{FileReader, Manifest, Merge, Part, Row, Source as Origin, Store};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use types::{Arrival, Bar, Event, Gap, InstrumentId, LevelDelta, Lots, Nanos, Ticks, Trade, Unit};
use venues::directory::{Listing, Step};
use venues::{Directory, Output};

/// Events to a batch: few enough for a near cache.
const BATCH: usize = 1_024;

/// What of a store is wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// From this venue time on.
    pub from: Option<Nanos>,
    /// Before this one.
    pub to: Option<Nanos>,
    /// These instruments, by symbol or `venue/symbol`; none: all.
    pub symbols: Vec<String>,
}

impl Selection {
    /// Whether it selects everything.
    #[must_use]
    pub fn is_all(&self) -> bool {
        *self == Self::default()
    }

    fn takes(&self, venue: &str, symbol: &str) -> bool {
        self.symbols.is_empty()
            || self.symbols.iter().any(|wanted| {
                wanted == symbol || wanted.split_once('/').is_some_and(|(v, s)| v == venue && s == symbol)
            })
    }
}

/// An import, or a part of one.
#[derive(Clone, Debug)]
pub struct Imported {
    part: Part,
    /// The survey it was imported with; `None` for a file on its own.
    known: Option<Arc<Known>>,
    /// Places before these were not asked for; the books they leave behind are.
    before: u64,
    /// What was selected, for people; `None`: all of it.
    selected: Option<String>,
}

impl Imported {
    /// The recording it was made from.
    #[must_use]
    pub fn source(&self) -> &Origin {
        &self.part.manifest.source
    }

    /// What to call it: the recording's own name, and what of it.
    #[must_use]
    pub fn name(&self) -> String {
        match &self.selected {
            None => self.source().name.clone(),
            Some(selected) => format!("{} ({selected})", self.source().name),
        }
    }

    /// The survey that still holds: that of a whole import.
    pub(crate) fn survey(&self) -> Option<&Known> {
        self.known.as_deref().filter(|_| self.selected.is_none())
    }

    /// What is known of its instruments beyond the part.
    pub(crate) fn known(&self) -> Option<&Known> {
        self.known.as_deref()
    }

    pub(super) fn without_opening(&self) -> Self {
        Self { before: 0, ..self.clone() }
    }

    pub(super) fn whole(&self) -> Self {
        let part = Part::all(&self.part.root, Arc::clone(&self.part.manifest));
        // A file on its own has no survey to be whole with.
        if self.known.is_none() {
            self.clone()
        } else {
            Self { part, before: 0, selected: None, ..self.clone() }
        }
    }

    /// The import.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        &self.part.manifest
    }

    /// The files and places that are wanted.
    #[must_use]
    pub const fn part(&self) -> &Part {
        &self.part
    }
}

pub(super) fn is_parquet(path: &Path) -> bool {
    let mut magic = [0; 4];
    let read =
        std::fs::File::open(path).and_then(|mut file| std::io::Read::read_exact(&mut file, &mut magic));
    read.is_ok() && magic == *b"PAR1"
}

/// The imports of a store that hold what is selected, in the order they were made.
pub(super) fn imports(root: &Path, selection: &Selection) -> Result<Vec<Recording>, SourceError> {
    let store = Store::open(root)?;
    let mut found = Vec::new();
    let mut met = vec![false; selection.symbols.len()];
    for manifest in store.manifests() {
        for (wanted, met) in selection.symbols.iter().zip(&mut met) {
            let one = Selection { symbols: vec![wanted.clone()], ..Selection::default() };
            *met |= manifest.instruments.iter().any(|i| one.takes(&i.terms.venue, &i.terms.symbol));
        }
        let known = Known::of(manifest)
            .map_err(|error| SourceError::Format { name: root.display().to_string(), what: error })?;
        let part = Part::all(root, Arc::new(manifest.clone()));
        found.extend(selected(part, Some(Arc::new(known)), selection)?);
    }
    let missing = selection.symbols.iter().zip(&met).find(|(_, met)| !**met);
    let problem = match missing {
        Some((symbol, _)) => Some(no_such(&store, symbol)),
        None if found.is_empty() && store.manifests().is_empty() => Some("nothing was imported yet".into()),
        None if found.is_empty() => Some("nothing in it lies in that span".into()),
        None => None,
    };
    match problem {
        Some(what) => Err(SourceError::Format { name: root.display().to_string(), what }),
        None => Ok(found),
    }
}

fn no_such(store: &Store, symbol: &str) -> String {
    let symbols: Vec<&str> = store
        .manifests()
        .iter()
        .flat_map(|manifest| manifest.instruments.iter().map(|i| i.terms.symbol.as_str()))
        .collect();
    match crate::config::nearest(symbol, symbols.into_iter()) {
        Some(like) => format!("no instrument `{symbol}` in it; did you mean `{like}`?"),
        None => format!("no instrument `{symbol}` in it"),
    }
}

/// One file on its own: an instrument's day.
pub(super) fn single(path: &Path, selection: &Selection) -> Result<Recording, SourceError> {
    let reader = FileReader::open(path)?;
    let (label, counts) = (reader.label(), reader.counts());
    let file = Recording::File(path.into());
    let (bytes, blake3) = (file.size()?, file.hash()?);
    let entry = adapters::parquet::FileEntry {
        path: path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
        instrument: label.instrument.as_ref().map(|_| 0),
        day: 0,
        bytes,
        blake3: blake3.clone(),
        counts: counts.clone(),
    };
    let manifest = Manifest {
        version: label.version,
        quoin: label.quoin.clone(),
        number: 0,
        replaces: None,
        source: Origin { name: path.display().to_string(), bytes, blake3 },
        rows: counts.seq.1 + 1,
        starts_at: counts.venue_at.0,
        instruments: label.instrument.iter().cloned().collect(),
        files: vec![entry],
        about: serde_json::Value::Null,
    };
    let folder = path.parent().map(PathBuf::from).unwrap_or_default();
    // Its own hash would prove nothing.
    let part = Part { check: false, ..Part::all(&folder, Arc::new(manifest)) };
    let name = path.display().to_string();
    let found = selected(part, None, selection)?;
    found.into_iter().next().ok_or(SourceError::Format { name, what: "nothing in it is selected".into() })
}

fn selected(
    mut part: Part,
    known: Option<Arc<Known>>,
    selection: &Selection,
) -> Result<Option<Recording>, SourceError> {
    let mut words = Vec::new();
    let mut before = 0;
    if !selection.symbols.is_empty() {
        for (wanted, stored) in part.wanted.iter_mut().zip(&part.manifest.instruments) {
            *wanted = selection.takes(&stored.terms.venue, &stored.terms.symbol);
        }
        if !part.wanted.contains(&true) {
            return Ok(None);
        }
        words.push(selection.symbols.join(", "));
    }
    if let Some(from) = selection.from {
        before = part.place_of(from.0)?;
        words.push(format!("from {}", crate::moment::rfc3339(from)));
    }
    let mut end = u64::MAX;
    if let Some(to) = selection.to {
        end = part.place_of(to.0)?;
        words.push(format!("to {}", crate::moment::rfc3339(to)));
    }
    part.seq = before..end;
    if before >= end.min(part.manifest.rows) && !selection.is_all() {
        return Ok(None);
    }
    part.check &= selection.is_all();
    let selected = (!words.is_empty()).then(|| words.join(", "));
    Ok(Some(Recording::History(Box::new(Imported { part, known, before, selected }))))
}

/// How a stored instrument's numbers become the run's.
#[derive(Clone, Copy, Debug)]
struct Conversion {
    listing: Listing,
    /// The stored steps, in nanos.
    price: i64,
    size: i64,
    /// They are the run's, too.
    same: bool,
}

pub(super) struct HistorySource {
    imported: Imported,
    merge: Merge,
    opening: Option<Opening>,
    /// By row of the import's table; `None` in it: not in this run.
    listings: Option<Vec<Option<Conversion>>>,
    /// When the last event was received.
    received_at: Option<Nanos>,
    progress: Progress,
    given: u64,
    told: u64,
    total: u64,
    ended: bool,
}

impl HistorySource {
    pub(super) fn new(imported: &Imported, progress: &Progress) -> Self {
        let part = imported.part.clone();
        let opening = (imported.before > 0).then(|| {
            let earlier = Part { seq: 0..imported.before, ..part.clone() };
            Opening::new(Merge::new(earlier), &part.manifest)
        });
        Self {
            total: part.rows(),
            merge: Merge::new(part),
            opening,
            imported: imported.clone(),
            listings: None,
            received_at: None,
            progress: progress.clone(),
            given: 0,
            told: 0,
            ended: false,
        }
    }

    /// Finds the instruments in the run's directory, in the order in which the recording named them.
    fn meet(&mut self, directory: &mut Directory) {
        let manifest = &self.imported.part.manifest;
        if let Some(known) = self.imported.survey() {
            known.register(directory);
        }
        let mut listings = Vec::new();
        for (stored, wanted) in manifest.instruments.iter().zip(&self.imported.part.wanted) {
            let terms = &stored.terms;
            let listing = if *wanted { directory.listing(&terms.venue, &terms.symbol) } else { None };
            listings.push(listing.map(|listing| Conversion {
                listing,
                price: stored.wire_tick_nanos,
                size: terms.lot_nanos,
                same: listing.price == Step::new(stored.wire_tick_nanos)
                    && listing.size == Step::new(terms.lot_nanos),
            }));
            if *wanted && let Some(known) = self.imported.known() {
                known.define(&terms.venue, &terms.symbol, directory);
            }
        }
        self.listings = Some(listings);
    }

    /// Progress is told in bytes of the recording, whose size it answers for.
    fn tell(&mut self) {
        let bytes =
            u128::from(self.imported.source().bytes) * u128::from(self.given) / u128::from(self.total.max(1));
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX).min(self.imported.source().bytes);
        self.progress.add(bytes.saturating_sub(self.told));
        self.told = self.told.max(bytes);
    }
}

impl Source for HistorySource {
    fn read(&mut self, directory: &mut Directory, out: &mut Output) -> Result<bool, SourceError> {
        out.clear();
        if self.ended {
            return Ok(false);
        }
        if self.listings.is_none() {
            self.meet(directory);
        }
        let listings = self.listings.as_deref().unwrap_or_default();
        if let Some(mut opening) = self.opening.take() {
            let mut rows = Vec::new();
            opening.run(&mut rows)?;
            rows.iter().for_each(|row| give(row, listings, out));
            self.received_at = rows.last().map(|row| row.arrival.received_at);
        } else {
            let mut left = BATCH;
            while left > 0 {
                let Some(run) = self.merge.next_run(left)? else {
                    self.ended = true;
                    break;
                };
                run.iter().for_each(|row| give(row, listings, out));
                let Some(last) = run.last() else { break };
                self.received_at = Some(last.arrival.received_at);
                self.given += run.len() as u64;
                left -= run.len();
            }
        }
        for damage in self.merge.damaged() {
            out.fault(0, damage.skipped, damage.what);
            let listed = |row: u32| self.listings.as_ref()?.get(row as usize).copied().flatten();
            let instrument = match damage.instrument {
                None => None,
                Some(row) => match listed(row) {
                    Some(conversion) => Some(conversion.listing.id),
                    None => continue,
                },
            };
            let venue_at = Nanos(damage.venue_at);
            let gap = Gap { venue_at, expected: damage.seq, received: damage.seq, instrument };
            let received_at = self.received_at.unwrap_or(venue_at);
            out.push(received_at, Event::Gap(gap));
        }
        self.tell();
        Ok(!self.ended)
    }

    fn format(&self) -> &'static str {
        "history"
    }

    fn counts(&self) -> Vec<(String, u64)> {
        vec![("event".into(), self.given)]
    }

    fn starts_at(&self) -> Option<Nanos> {
        let manifest = &self.imported.part.manifest;
        (manifest.rows > 0).then_some(Nanos(manifest.starts_at))
    }
}

/// Gives an event as the run knows its instrument.
#[inline]
fn give(row: &Row, listings: &[Option<Conversion>], out: &mut Output) {
    let Some(stored) = row.arrival.event.instrument() else {
        out.arrivals.push(row.arrival);
        return;
    };
    let Some(Some(conversion)) = listings.get(stored.index()) else { return };
    match conversion.apply(&row.arrival.event) {
        Some(event) => out.arrivals.push(Arrival { event, ..row.arrival }),
        None => conversion.misfit(row, out),
    }
}

impl Conversion {
    /// The event with the run's id and in the run's steps; `None` when it is off their grid.
    #[inline]
    fn apply(&self, event: &Event) -> Option<Event> {
        let id = self.listing.id;
        // Most of all, by far.
        if let (Event::Level(level), true) = (event, self.same) {
            return Some(Event::Level(LevelDelta { instrument: id, ..*level }));
        }
        let mut event = *event;
        match &mut event {
            Event::Level(e) => {
                e.instrument = id;
                (e.price, e.size) = (self.ticks(e.price)?, self.lots(e.size)?);
            }
            Event::Order(e) => {
                e.instrument = id;
                (e.price, e.size) = (self.ticks(e.price)?, self.lots(e.size)?);
            }
            Event::Trade(e) | Event::TradeBust(e) => *e = self.trade(e)?,
            Event::Status(e) => e.instrument = Some(id),
            Event::Gap(e) => e.instrument = Some(id),
            Event::QuoteRequest(e) => {
                e.instrument = id;
                e.size = self.lots(e.size)?;
            }
            Event::Statistic(e) => {
                e.instrument = id;
                e.size = self.lots(e.size)?;
                match e.kind.unit() {
                    Unit::Price => (e.value, e.fraction) = self.floor(e.value, e.fraction)?,
                    Unit::Size => e.value = self.lots(Lots(e.value))?.0,
                    Unit::Number => {}
                }
            }
            Event::Bar { bar, .. } => *bar = self.bar(bar)?,
            Event::Report(_)
            | Event::Timer(_)
            | Event::Operator(_)
            | Event::Cash(_)
            | Event::Session(_)
            | Event::DropCopy(_)
            | Event::Clock(_) => return None,
        }
        Some(event)
    }

    fn trade(&self, trade: &Trade) -> Option<Trade> {
        let (price, price_fraction) = self.floor(trade.price.0, trade.price_fraction)?;
        let size = self.lots(trade.size)?;
        Some(Trade { price: Ticks(price), price_fraction, size, instrument: self.listing.id, ..*trade })
    }

    fn bar(&self, bar: &Bar) -> Option<Bar> {
        if self.same {
            return Some(Bar { instrument: self.listing.id, ..*bar });
        }
        let [open, high, low, close] =
            [bar.open, bar.high(), bar.low(), bar.close()].map(|price| self.ticks(price));
        Bar::new(bar.venue_at, self.listing.id, [open?, high?, low?, close?], self.lots(bar.volume)?)
    }

    fn ticks(&self, price: Ticks) -> Option<Ticks> {
        if self.same { Some(price) } else { self.listing.ticks(price.0.checked_mul(self.price)?) }
    }

    fn lots(&self, size: Lots) -> Option<Lots> {
        if self.same { Some(size) } else { self.listing.lots(size.0.checked_mul(self.size)?) }
    }

    fn floor(&self, ticks: i64, fraction: u16) -> Option<(i64, u16)> {
        if self.same {
            return Some((ticks, fraction));
        }
        let above = i128::from(self.price) * i128::from(fraction) / 10_000;
        let nanos = i128::from(ticks) * i128::from(self.price) + above;
        Some(self.listing.price.floor(i64::try_from(nanos).ok()?))
    }

    /// What decoders do with a number off the grid: a fault, and a gap where a book may have changed.
    fn misfit(&self, row: &Row, out: &mut Output) {
        let event = &row.arrival.event;
        out.fault(row.seq, 0, format!("a {} that does not fit the instrument's terms", event.kind()));
        if matches!(event, Event::Level(_) | Event::Order(_)) {
            let venue_at = event.venue_at().unwrap_or_default();
            let instrument: Option<InstrumentId> = Some(self.listing.id);
            let gap = Gap { venue_at, expected: row.seq, received: row.seq, instrument };
            out.push(row.arrival.received_at, Event::Gap(gap));
        }
    }
}
