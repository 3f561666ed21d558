//! One instrument: its position, its two counts of money, its mark.

use crate::lots::{Lot, Queue};
use serde::{Deserialize, Serialize};
use types::fees::Tier;
use types::{CashKind, Contract, FeeSchedule, Instrument, Liquidity, Lots, Money, Nanos, Side, Ticks};

/// What one fill did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Booked {
    /// What it cost; below zero, a rebate.
    pub fee: Money,
    /// What the part that closed a position earned, before the fee.
    pub realised: Money,
    /// The worth of what changed hands.
    pub turnover: Money,
    /// The position after it.
    pub position: Lots,
}

/// One instrument's books, for reports and strategies.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Account {
    /// What is held; below zero, short.
    pub position: Lots,
    /// The mean price of what is held in ticks, as an estimate; `None` when flat.
    pub average_price: Option<f64>,
    /// Earned by closed lots, before fees.
    pub realised: Money,
    /// Earned by open lots, were they closed at the mark. Rounded down.
    pub unrealised: Money,
    /// Paid; below zero, received.
    pub fees: Money,
    /// Received as funding; below zero, paid.
    pub funding: Money,
    /// Received for lending; below zero, paid for borrowing.
    pub borrow: Money,
    /// Lots traded.
    pub volume: Lots,
    /// Their worth, both sides counted.
    pub turnover: Money,
    /// Fills that gave liquidity.
    pub fills_maker: u64,
    /// Fills that took it.
    pub fills_taker: u64,
    /// The largest position held, zero or above.
    pub max_long: Lots,
    /// The largest short position held, zero or below.
    pub max_short: Lots,
    /// When the last fill was booked.
    pub last_fill_at: Option<Nanos>,
}

impl Account {
    /// What it all comes to: realised and unrealised, less fees, with what the venue moved.
    #[must_use]
    pub fn equity(&self) -> Money {
        self.realised + self.unrealised - self.fees + self.funding + self.borrow
    }
}

/// One instrument's books, as they are kept.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Holding {
    // What every mark reads and writes.
    position: Lots,
    /// Best bid and ask; `None` until told or traded.
    mark: Option<(Ticks, Ticks)>,
    /// What the position is worth at the mark, rounded down.
    worth: Money,
    /// One tick of one lot; linear contracts are marked with it.
    unit: i128,
    /// Count one: lots, and each kind of cost by itself.
    lots: Queue,
    realised: Money,
    fees: Money,
    funding: Money,
    borrow: Money,
    /// Count two: all cash that changed hands.
    cash: Money,
    // What only reports read.
    volume: Lots,
    turnover: Money,
    fills_maker: u64,
    fills_taker: u64,
    max_long: Lots,
    max_short: Lots,
    last_fill_at: Option<Nanos>,
    instrument: Instrument,
    schedule: FeeSchedule,
    /// What of it holds now.
    fees_now: FeeSchedule,
}

impl Holding {
    pub(crate) fn new(instrument: Instrument, schedule: FeeSchedule) -> Self {
        let unit = match instrument.terms().contract {
            Contract::Linear => instrument.value(Ticks(1), Lots(1)).0,
            Contract::Inverse => 0, // has no constant worth of a tick
        };
        Self {
            position: Lots::ZERO,
            mark: None,
            worth: Money::ZERO,
            unit,
            lots: Queue::with_capacity(16),
            realised: Money::ZERO,
            fees: Money::ZERO,
            funding: Money::ZERO,
            borrow: Money::ZERO,
            cash: Money::ZERO,
            volume: Lots::ZERO,
            turnover: Money::ZERO,
            fills_maker: 0,
            fills_taker: 0,
            max_long: Lots::ZERO,
            max_short: Lots::ZERO,
            last_fill_at: None,
            instrument,
            schedule,
            fees_now: schedule,
        }
    }

    /// Another tier of fees is in force.
    pub(crate) fn on_tier(&mut self, tier: Option<Tier>) {
        self.fees_now = self.schedule.at(tier);
    }

    pub(crate) const fn fees(&self) -> &FeeSchedule {
        &self.fees_now
    }

    pub(crate) const fn instrument(&self) -> &Instrument {
        &self.instrument
    }

    #[inline]
    pub(crate) const fn position(&self) -> Lots {
        self.position
    }

    pub(crate) const fn paid(&self) -> Money {
        self.fees
    }

    #[inline]
    pub(crate) const fn mark_of(&self) -> Option<(Ticks, Ticks)> {
        self.mark
    }

    /// Everything it earned, at the mark: the cash count.
    #[inline]
    pub(crate) fn equity(&self) -> Money {
        self.cash + self.worth
    }

    pub(crate) fn lots(&self) -> impl Iterator<Item = &Lot> {
        self.lots.iter()
    }

    /// Books a fill at `at` and compares the two counts.
    pub(crate) fn on_fill(
        &mut self,
        at: Nanos,
        side: Side,
        price: Ticks,
        size: Lots,
        liquidity: Liquidity,
    ) -> Booked {
        assert!(size.0 > 0, "a fill of {size:?}");
        let signed = size.signed(side);
        let value = self.instrument.value(price, signed);
        let fee = self.fees_now.fee(&self.instrument, price, size, liquidity);
        let realised = self.lots.book(&self.instrument, price, signed, value);
        self.realised += realised;
        self.cash = self.cash - value - fee;
        self.fees += fee;
        self.position += signed;
        // Until the market is heard of, our own trade is what we know of it.
        self.mark = self.mark.or(Some((price, price)));
        self.worth = self.worth_at_mark();
        self.volume += size;
        self.turnover += value.abs();
        match liquidity {
            Liquidity::Maker => self.fills_maker += 1,
            Liquidity::Taker => self.fills_taker += 1,
        }
        self.max_long = self.max_long.max(self.position);
        self.max_short = self.max_short.min(self.position);
        self.last_fill_at = Some(at);
        self.compare();
        Booked { fee, realised, turnover: value.abs(), position: self.position }
    }

    /// Takes a fill back that `fees` were charged for: cash and position are as if it had never been. So are the lots
    /// while what it opened is still there; of a part that was closed since, the offsetting trade is booked, which leaves
    /// what it had earned to the lots that are closed in its stead.
    pub(crate) fn on_bust(
        &mut self,
        fees: &FeeSchedule,
        side: Side,
        price: Ticks,
        size: Lots,
        liquidity: Liquidity,
    ) -> Booked {
        let signed = size.signed(side);
        let value = self.instrument.value(price, signed);
        let fee = fees.fee(&self.instrument, price, size, liquidity);
        let realised = self.lots.unbook(&self.instrument, price, signed, value);
        self.realised += realised;
        self.cash = self.cash + value + fee;
        self.fees -= fee;
        self.position -= signed;
        self.worth = self.worth_at_mark();
        self.volume -= size;
        self.turnover -= value.abs();
        match liquidity {
            Liquidity::Maker => self.fills_maker -= 1,
            Liquidity::Taker => self.fills_taker -= 1,
        }
        self.compare();
        Booked { fee: -fee, realised, turnover: -value.abs(), position: self.position }
    }

    /// What a tier of fees makes of its schedule.
    pub(crate) fn fees_at(&self, tier: Option<Tier>) -> FeeSchedule {
        self.schedule.at(tier)
    }

    /// Books cash that the venue moved; below zero, we paid.
    pub(crate) fn on_cash(&mut self, kind: CashKind, amount: Money) {
        match kind {
            CashKind::Funding => self.funding += amount,
            CashKind::Borrow => self.borrow += amount,
            CashKind::Fee => self.fees -= amount,
        }
        self.cash += amount;
        self.compare();
    }

    /// Two independent counts of one fact.
    fn compare(&self) {
        assert_eq!(
            self.realised + self.unrealised() - self.fees + self.funding + self.borrow,
            self.equity(),
            "{}: lots and cash disagree",
            self.instrument.symbol()
        );
    }

    /// Hears the best bid and ask.
    #[inline]
    pub(crate) fn mark(&mut self, bid: Ticks, ask: Ticks) {
        if self.mark == Some((bid, ask)) {
            return;
        }
        self.mark = Some((bid, ask));
        if !self.position.is_zero() {
            self.worth = self.worth_at_mark();
        }
    }

    /// What the position is worth at the mean of bid and ask, rounded down: for a linear contract the mean may
    /// be half a tick, for an inverse one it is the mean of two worths.
    #[inline]
    fn worth_at_mark(&self) -> Money {
        let Some((bid, ask)) = self.mark else {
            return Money::ZERO; // only before the first fill, when nothing is held
        };
        if self.position.is_zero() {
            return Money::ZERO;
        }
        let both = match self.instrument.terms().contract {
            Contract::Linear => {
                let prices = i128::from(bid.0) + i128::from(ask.0);
                self.unit * (prices * i128::from(self.position.0))
            }
            Contract::Inverse => {
                self.instrument.value(bid, self.position).0 + self.instrument.value(ask, self.position).0
            }
        };
        Money(both >> 1) // an arithmetic shift: down, also below zero
    }

    #[inline]
    fn unrealised(&self) -> Money {
        self.worth - self.lots.cost()
    }

    pub(crate) fn account(&self) -> Account {
        Account {
            position: self.position,
            average_price: self.average_price(),
            realised: self.realised,
            unrealised: self.unrealised(),
            fees: self.fees,
            funding: self.funding,
            borrow: self.borrow,
            volume: self.volume,
            turnover: self.turnover,
            fills_maker: self.fills_maker,
            fills_taker: self.fills_taker,
            max_long: self.max_long,
            max_short: self.max_short,
            last_fill_at: self.last_fill_at,
        }
    }

    /// The price at which the position is worth what it cost: the arithmetic mean of the lots' prices, or the
    /// harmonic one for an inverse contract.
    fn average_price(&self) -> Option<f64> {
        if self.position.is_zero() {
            return None;
        }
        let at_one_tick = self.instrument.value(Ticks(1), self.position).to_f64();
        let cost = self.lots.cost().to_f64();
        Some(match self.instrument.terms().contract {
            Contract::Linear => cost / at_one_tick,
            Contract::Inverse => at_one_tick / cost,
        })
    }
}
