//! All instruments together, each currency for itself.

use crate::holding::{Account, Booked, Holding};
use crate::lots::Lot;
use types::{CashKind, FeeSchedule, Instrument, InstrumentId, Liquidity, Lots, Money, Nanos, Side, Ticks};

/// Positions and P&L of a run. See the crate's head.
#[derive(Clone, Debug)]
pub struct Portfolio {
    holdings: Vec<Holding>,
    /// The place in `totals`, by instrument.
    currency_of: Vec<u32>,
    totals: Vec<Total>,
}

/// The equity in one currency: kept up to date by differences, which integers allow without drift.
#[derive(Clone, Debug)]
struct Total {
    currency: String,
    equity: Money,
}

impl Portfolio {
    /// Nothing held. `fees` holds the schedule of each instrument, in the same order.
    ///
    /// # Panics
    /// When instrument ids are not 0, 1, 2 … in order, or the two slices differ in length.
    #[must_use]
    pub fn new(instruments: &[Instrument], fees: &[FeeSchedule]) -> Self {
        assert_eq!(instruments.len(), fees.len(), "a fee schedule for each instrument");
        let mut portfolio = Self {
            holdings: Vec::with_capacity(instruments.len()),
            currency_of: Vec::with_capacity(instruments.len()),
            totals: Vec::new(),
        };
        for (row, (instrument, schedule)) in instruments.iter().zip(fees).enumerate() {
            assert_eq!(instrument.id().index(), row, "instrument ids are dense");
            let place = portfolio.place_of(instrument.currency());
            portfolio.currency_of.push(place);
            portfolio.holdings.push(Holding::new(instrument.clone(), *schedule));
        }
        portfolio
    }

    fn place_of(&mut self, currency: &str) -> u32 {
        let known = self.totals.iter().position(|total| total.currency == currency);
        let place = known.unwrap_or_else(|| {
            self.totals.push(Total { currency: currency.into(), equity: Money::ZERO });
            self.totals.len() - 1
        });
        u32::try_from(place).expect("fewer currencies than instruments, and those are numbered in 32 bits")
    }

    /// Books one of our fills.
    ///
    /// # Panics
    /// When `size` is not above zero, which `orders` does not let through, or the two counts disagree, which is
    /// an error of ours.
    pub fn on_fill(
        &mut self,
        at: Nanos,
        instrument: InstrumentId,
        side: Side,
        price: Ticks,
        size: Lots,
        liquidity: Liquidity,
    ) -> Booked {
        let row = instrument.index();
        let holding = &mut self.holdings[row];
        let before = holding.equity();
        let booked = holding.on_fill(at, side, price, size, liquidity);
        self.totals[self.currency_of[row] as usize].equity += holding.equity() - before;
        booked
    }

    /// Books cash that the venue moved for what we hold or held of an instrument; below zero, we paid.
    pub fn on_cash(&mut self, instrument: InstrumentId, kind: CashKind, amount: Money) {
        let row = instrument.index();
        self.holdings[row].on_cash(kind, amount);
        self.totals[self.currency_of[row] as usize].equity += amount;
    }

    /// Hears the best bid and ask of an instrument. Cheap when nothing is held in it.
    #[inline]
    pub fn mark(&mut self, instrument: InstrumentId, bid: Ticks, ask: Ticks) {
        let row = instrument.index();
        let holding = &mut self.holdings[row];
        if holding.position().is_zero() {
            holding.mark(bid, ask);
            return;
        }
        let before = holding.equity();
        holding.mark(bid, ask);
        self.totals[self.currency_of[row] as usize].equity += holding.equity() - before;
    }

    /// What is held.
    #[inline]
    #[must_use]
    pub fn position(&self, instrument: InstrumentId) -> Lots {
        self.holdings[instrument.index()].position()
    }

    /// One instrument's books.
    #[must_use]
    pub fn account(&self, instrument: InstrumentId) -> Account {
        self.holdings[instrument.index()].account()
    }

    /// One instrument's open lots, oldest first.
    pub fn lots(&self, instrument: InstrumentId) -> impl Iterator<Item = &Lot> {
        self.holdings[instrument.index()].lots()
    }

    /// Everything earned (realised, unrealised, less fees), when all instruments settle in one currency;
    /// `None` when they do not: two currencies have no sum.
    #[inline]
    #[must_use]
    pub fn equity(&self) -> Option<Money> {
        match self.totals.as_slice() {
            [] => Some(Money::ZERO),
            [only] => Some(only.equity),
            _ => None,
        }
    }

    /// Everything earned in the currency that `instrument` settles in.
    #[inline]
    #[must_use]
    pub fn equity_beside(&self, instrument: InstrumentId) -> Money {
        self.totals[self.currency_of[instrument.index()] as usize].equity
    }

    /// Everything earned in each currency, in the order in which instruments first name them.
    pub fn equity_by_currency(&self) -> impl Iterator<Item = (&str, Money)> {
        self.totals.iter().map(|total| (total.currency.as_str(), total.equity))
    }
}
