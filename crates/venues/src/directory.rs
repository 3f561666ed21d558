//! Which instruments there are, and how a venue's numbers become their steps.
//!
//! Decoders think in nanos (10⁻⁹), the finest scale any of our venues sends; the directory turns them into
//! whole steps, exactly or not at all. It works in one of two modes:
//!
//! - **survey**: every instrument met is registered, with a step of one nano. The first pass over a recording
//!   runs so, to learn which instruments there are and, without definitions, what their steps must be.
//! - **run**: the table is fixed; an instrument that is not in it answers `None` and its messages are skipped.
//!
//! Some venues speak of an instrument by number before they say its name. A survey gives the row the name when it comes,
//! and keeps that it did; a run is told beforehand, recording by recording, because a number is another instrument's on
//! another day. So both speak of the same instruments from the first message on.

#![allow(clippy::disallowed_types, reason = "maps are looked up by key; their order is never seen")]

use std::collections::HashMap;
use types::{Contract, Depths, Instrument, InstrumentId, Lots, Side, Ticks};

/// A step in nanos, with what makes exact division cheap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    nanos: i64,
    /// `nanos` is `odd << shift`.
    shift: u32,
    /// The inverse of `odd` modulo 2⁶⁴.
    inverse: i64,
}

impl Step {
    /// One nano: every number is whole.
    pub const NANO: Self = Self { nanos: 1, shift: 0, inverse: 1 };

    /// A step of `nanos`, which must be above zero.
    #[must_use]
    pub const fn new(nanos: i64) -> Self {
        assert!(nanos > 0, "a step is above zero");
        let shift = nanos.trailing_zeros();
        let odd = nanos >> shift;
        // Newton's iteration doubles the right bits each time; odd is its own inverse modulo 8.
        let mut inverse = odd;
        let mut round = 0;
        while round < 5 {
            inverse = inverse.wrapping_mul(2_i64.wrapping_sub(odd.wrapping_mul(inverse)));
            round += 1;
        }
        Self { nanos, shift, inverse }
    }

    /// The step's size.
    #[must_use]
    pub const fn nanos(self) -> i64 {
        self.nanos
    }

    /// How many steps `nanos` is, if that is a whole number. Two multiplications instead of a division: when
    /// the quotient is whole, multiplying by the inverse finds it, and multiplying back proves it.
    #[inline]
    #[must_use]
    pub const fn exact(self, nanos: i64) -> Option<i64> {
        let count = (nanos >> self.shift).wrapping_mul(self.inverse);
        match count.checked_mul(self.nanos) {
            Some(back) if back == nanos => Some(count),
            _ => None,
        }
    }

    /// How many whole steps lie at or below `nanos`, and what is left in ten-thousandths of a step.
    #[inline]
    #[must_use]
    pub fn floor(self, nanos: i64) -> (i64, u16) {
        if let Some(count) = self.exact(nanos) {
            return (count, 0);
        }
        let count = nanos.div_euclid(self.nanos);
        let rest = i128::from(nanos.rem_euclid(self.nanos)) * 10_000 / i128::from(self.nanos);
        (count, u16::try_from(rest).expect("below ten thousand"))
    }
}

/// What a decoder needs to know of an instrument. Small, to be kept in the decoder's own table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listing {
    /// Its row in the run's table.
    pub id: InstrumentId,
    /// One tick, in the nanos **the venue sends** (before any display factor).
    pub price: Step,
    /// One lot, in nanos.
    pub size: Step,
    /// Lots in one unit (10⁹ nanos); 0 when that is no whole number of them.
    lots_in_unit: i64,
}

/// One unit, in nanos.
const UNIT_NANOS: i64 = 1_000_000_000;

impl Listing {
    /// A listing of these steps.
    pub(crate) fn new(id: InstrumentId, price: Step, size: Step) -> Self {
        let whole = UNIT_NANOS % size.nanos == 0;
        Self { id, price, size, lots_in_unit: if whole { UNIT_NANOS / size.nanos } else { 0 } }
    }

    /// A price off the wire; `None` when it is not a whole number of ticks.
    #[inline]
    #[must_use]
    pub const fn ticks(&self, nanos: i64) -> Option<Ticks> {
        match self.price.exact(nanos) {
            Some(count) => Some(Ticks(count)),
            None => None,
        }
    }

    /// A size off the wire; `None` when it is not a whole number of lots.
    #[inline]
    #[must_use]
    pub const fn lots(&self, nanos: i64) -> Option<Lots> {
        match self.size.exact(nanos) {
            Some(count) => Some(Lots(count)),
            None => None,
        }
    }

    /// Whole units off the wire, as contracts are; `None` when a negative number, or when they are not whole lots.
    #[inline]
    #[must_use]
    pub const fn lots_of_units(&self, units: i32) -> Option<Lots> {
        if units < 0 {
            return None;
        }
        match self.lots_in_unit {
            0 => self.lots(units as i64 * UNIT_NANOS),
            // At most 10⁹ lots in a unit: this fits.
            lots => Some(Lots(units as i64 * lots)),
        }
    }
}

/// What a venue's own definition message says. Numbers in nanos.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Definition {
    /// The venue: `cme`.
    pub venue: String,
    /// Its name for the instrument.
    pub symbol: String,
    /// What P&L is counted in.
    pub currency: String,
    /// Linear or inverse.
    pub contract: Contract,
    /// The price step as the venue sends prices.
    pub wire_tick_nanos: i64,
    /// The price step as people write prices: `wire_tick × display factor`.
    pub tick_nanos: i64,
    /// The size step.
    pub lot_nanos: i64,
    /// Currency per price unit and contract.
    pub multiplier_nanos: i64,
    /// How deep its book is shown.
    pub depths: Depths,
}

impl Definition {
    /// Whether both make the same of a price and a size. How deep a book is shown, and how prices are sent, may differ.
    #[must_use]
    pub fn agrees(&self, other: &Self) -> bool {
        self.currency == other.currency
            && self.contract == other.contract
            && self.tick_nanos == other.tick_nanos
            && self.lot_nanos == other.lot_nanos
            && self.multiplier_nanos == other.multiplier_nanos
    }
}

/// A name that a recording says only after it has spoken of the instrument.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LateName {
    /// The venue: `cme`.
    pub venue: String,
    /// What it was called before: `#101`.
    pub before: String,
    /// Its name.
    pub symbol: String,
}

/// What an instrument made of others is made of, as its venue says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Composition {
    /// The venue's name for this kind: `SP` for a calendar spread, `IS` between commodities, `VT` for a vertical of
    /// options.
    pub kind: String,
    /// By what a price of the second leg is multiplied where legs are priced in different units.
    pub price_ratio_nanos: Option<i64>,
    /// In the venue's order.
    pub legs: Vec<Leg>,
}

/// One instrument of a [`Composition`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leg {
    /// The venue's number for it.
    pub number: i64,
    /// What it is called here: `#` and its number while nothing has defined it.
    pub symbol: String,
    /// What one does with it when one buys the whole; `None` when the venue does not say.
    pub side: Option<Side>,
    /// How many of it.
    pub ratio: i32,
    /// At which price it is exchanged, where that was agreed (the future of a covered option).
    pub price_nanos: Option<i64>,
    /// How much of it covers one of the options.
    pub delta_nanos: Option<i64>,
}

/// Every instrument of a run, found by venue and symbol.
#[derive(Debug, Default)]
pub struct Directory {
    surveying: bool,
    /// By id. In a survey, the names met so far.
    names: Vec<(String, String)>,
    listings: Vec<Listing>,
    rows: HashMap<String, usize>,
    definitions: HashMap<String, Definition>,
    /// In a survey: instruments that were defined in two ways, with the first of them.
    contradicted: HashMap<String, Definition>,
    /// In a survey, in the order of the naming.
    late: Vec<LateName>,
    /// In a run, by recording: the row of what is named late.
    foretold: Vec<HashMap<String, usize>>,
    /// Which recording is being read.
    recording: usize,
    compositions: HashMap<String, Composition>,
}

fn key(venue: &str, symbol: &str) -> String {
    format!("{venue}/{symbol}")
}

impl Directory {
    /// An empty directory that registers what it is asked for.
    #[must_use]
    pub fn survey() -> Self {
        Self { surveying: true, ..Self::default() }
    }

    /// The fixed directory of a run. `wire_ticks` holds, for each instrument, its price step as its venue
    /// sends prices.
    ///
    /// # Panics
    /// When the ids are not 0, 1, 2 … in order, or the two slices differ in length.
    #[must_use]
    pub fn run(instruments: &[Instrument], wire_ticks: &[i64]) -> Self {
        assert_eq!(instruments.len(), wire_ticks.len(), "a wire tick for each instrument");
        let mut directory = Self::default();
        for (row, (instrument, &wire_tick)) in instruments.iter().zip(wire_ticks).enumerate() {
            let terms = instrument.terms();
            assert_eq!(terms.id.index(), row, "instrument ids are dense");
            directory.enter(&terms.venue, &terms.symbol, Step::new(wire_tick), Step::new(terms.lot_nanos));
        }
        directory
    }

    /// Names that the recordings of a run say late, by recording. Whoever is not in the run stays unknown.
    pub fn foretell<'a>(&mut self, recordings: impl IntoIterator<Item = &'a [LateName]>) {
        let row = |late: &LateName| self.rows.get(&key(&late.venue, &late.symbol)).copied();
        let of_one = |names: &[LateName]| {
            names.iter().filter_map(|late| Some((key(&late.venue, &late.before), row(late)?))).collect()
        };
        self.foretold = recordings.into_iter().map(of_one).collect();
    }

    /// The recording with this number is read from here on.
    #[inline]
    pub fn turn_to(&mut self, recording: usize) {
        self.recording = recording;
    }

    fn enter(&mut self, venue: &str, symbol: &str, price: Step, size: Step) -> Listing {
        let row = self.listings.len();
        let id = InstrumentId(u32::try_from(row).expect("fewer instruments than 2³²"));
        let listing = Listing::new(id, price, size);
        self.listings.push(listing);
        self.names.push((venue.into(), symbol.into()));
        self.rows.insert(key(venue, symbol), row);
        listing
    }

    /// The listing of an instrument; `None` when it is not in this run. Not for the hot path: decoders keep
    /// the answer (or its absence) in a table of their own.
    pub fn listing(&mut self, venue: &str, symbol: &str) -> Option<Listing> {
        let asked = key(venue, symbol);
        let foretold = self.foretold.get(self.recording).and_then(|names| names.get(&asked));
        match foretold.or_else(|| self.rows.get(&asked)) {
            Some(&row) => Some(self.listings[row]),
            None if self.surveying => Some(self.enter(venue, symbol, Step::NANO, Step::NANO)),
            None => None,
        }
    }

    /// An instrument that was asked for under the name `before` is called `symbol`. A run has been told.
    pub fn name(&mut self, venue: &str, before: &str, symbol: &str) {
        if !self.surveying {
            return;
        }
        let Some(&row) = self.rows.get(&key(venue, before)) else { return };
        self.names[row].1 = symbol.into();
        self.rows.entry(key(venue, symbol)).or_insert(row);
        let (venue, before, symbol) = (venue.into(), before.into(), symbol.into());
        self.late.push(LateName { venue, before, symbol });
    }

    /// The names that came late in a survey.
    #[must_use]
    pub fn late_names(&self) -> &[LateName] {
        &self.late
    }

    /// What another survey was told by its venues, too; what it says wins.
    pub fn learn(&mut self, other: &Self) {
        for definition in other.definitions.values() {
            self.note_definition(definition.clone());
        }
        for (key, first) in &other.contradicted {
            self.contradicted.entry(key.clone()).or_insert_with(|| first.clone());
        }
        self.compositions.extend(other.compositions.clone());
    }

    /// The venue defined an instrument. Kept in a survey, for the table of the run; later ones win.
    pub fn define(&mut self, definition: Definition) {
        if self.surveying {
            self.note_definition(definition);
        }
    }

    fn note_definition(&mut self, definition: Definition) {
        let key = key(&definition.venue, &definition.symbol);
        if let Some(before) = self.definitions.get(&key)
            && !before.agrees(&definition)
        {
            self.contradicted.entry(key.clone()).or_insert_with(|| before.clone());
        }
        self.definitions.insert(key, definition);
    }

    /// What a survey was told of an instrument first and last, if the two do not agree: nobody knows which holds.
    #[must_use]
    pub fn contradiction(&self, venue: &str, symbol: &str) -> Option<(&Definition, &Definition)> {
        let key = key(venue, symbol);
        Some((self.contradicted.get(&key)?, self.definitions.get(&key)?))
    }

    /// The venue said what an instrument is made of. Kept in a survey; later ones win.
    pub fn compose(&mut self, venue: &str, symbol: &str, composition: Composition) {
        if self.surveying {
            self.compositions.insert(key(venue, symbol), composition);
        }
    }

    /// What an instrument is made of, if the survey was told.
    #[must_use]
    pub fn composition(&self, venue: &str, symbol: &str) -> Option<&Composition> {
        self.compositions.get(&key(venue, symbol))
    }

    /// What the venue said of an instrument, if the survey met it.
    #[must_use]
    pub fn definition(&self, venue: &str, symbol: &str) -> Option<&Definition> {
        self.definitions.get(&key(venue, symbol))
    }

    /// Venue and symbol of every instrument, by id.
    #[must_use]
    pub fn names(&self) -> &[(String, String)] {
        &self.names
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exact_agrees_with_division() {
        let mut prng = stdx::Prng::new(5);
        let steps = [1, 2, 3, 10, 100, 250_000_000, 15_625_000, 7_812_500, 999_999_999, i64::MAX];
        for nanos in steps {
            let step = Step::new(nanos);
            for _ in 0..10_000 {
                let count = prng.between(-1_000_000, 1_000_000);
                let value = count.wrapping_mul(nanos).wrapping_add(prng.between(-1, 1));
                let expected = (value % nanos == 0).then_some(value / nanos);
                assert_eq!(step.exact(value), expected, "{value} / {nanos}");
            }
            for value in [i64::MIN, i64::MAX, 0, -1] {
                assert_eq!(step.exact(value), (value % nanos == 0).then_some(value / nanos), "{value}");
            }
        }
    }

    #[test]
    fn off_grid_prices_keep_their_fraction() {
        let cent = Step::new(10_000_000);
        assert_eq!(cent.floor(585_005_000_000), (58_500, 5_000));
        assert_eq!(cent.floor(-5_000_000), (-1, 5_000));
        assert_eq!(cent.floor(20_000_000), (2, 0));
    }

    #[test]
    fn a_survey_registers_and_a_run_does_not() {
        let mut survey = Directory::survey();
        let first = survey.listing("cme", "ESH4").expect("registered");
        assert_eq!(survey.listing("cme", "ESH4"), Some(first));
        assert_eq!(survey.names(), [("cme".to_string(), "ESH4".to_string())]);
        assert_eq!(Directory::run(&[], &[]).listing("cme", "ESH4"), None);
    }

    #[test]
    fn a_number_is_its_recording_s() {
        let mut survey = Directory::survey();
        let numbered = survey.listing("cme", "#1").expect("registered");
        survey.name("cme", "#1", "ESH4");
        assert_eq!(survey.listing("cme", "ESH4"), Some(numbered));
        assert_eq!(survey.names(), [("cme".to_string(), "ESH4".to_string())]);

        let instrument = |row, symbol: &str| {
            let terms = types::instrument::Terms {
                id: InstrumentId(row),
                symbol: symbol.into(),
                venue: "cme".into(),
                currency: "USD".into(),
                contract: Contract::Linear,
                tick_nanos: 1_000_000_000,
                lot_nanos: 1_000_000_000,
                multiplier_nanos: 1_000_000_000,
                depths: Depths::default(),
                origin: types::Origin::Definition,
            };
            Instrument::new(terms).expect("sound terms")
        };
        let mut run = Directory::run(&[instrument(0, "ESH4"), instrument(1, "ESM4")], &[1, 1]);
        let other = LateName { venue: "cme".into(), before: "#1".into(), symbol: "ESM4".into() };
        run.foretell([survey.late_names(), &[other], &[]]);
        let ids = [0, 1, 2].map(|recording| {
            run.turn_to(recording);
            run.listing("cme", "#1").map(|listing| listing.id.0)
        });
        assert_eq!(ids, [Some(0), Some(1), None]);
    }
}
