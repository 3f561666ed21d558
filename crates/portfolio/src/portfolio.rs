//! All instruments together: each currency for itself, and all of them in the account's.

use crate::currency::{AccountTerms, Balance, Rate, rate_of};
use crate::holding::{Account, Booked, Holding};
use crate::lots::Lot;
use crate::tiers::Tiers;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use types::{
    CashKind, FeeSchedule, Instrument, InstrumentId, Liquidity, Lots, Money, Nanos, OrderId, Side, Ticks,
};

/// Positions and P&L of a run. See the crate's head.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Portfolio {
    holdings: Vec<Holding>,
    /// The place in `totals`, by instrument.
    currency_of: Vec<u32>,
    totals: Vec<Total>,
    /// The account's currency among them.
    home: usize,
    /// Whether a price says what any of them is worth.
    priced: bool,
    books: Books,
    tiers: Vec<Tiers>,
    /// The place in `tiers`, by instrument.
    tiers_of: Vec<Option<u32>>,
    /// Orders whose fees depend on the whole of them, the oldest first.
    orders: VecDeque<OrderFees>,
}

/// What an order's lots have cost so far.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct OrderFees {
    order: OrderId,
    lots: Lots,
    turnover: Money,
    charged: Money,
}

/// Orders that may be filled further. One that is filled again after so many others counts as a new one.
const ORDERS: usize = 1_024;

/// All there is, in the account's currency: each amount at the rate of its moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Books {
    /// Everything earned.
    pub equity: Money,
    /// Paid; below zero, received.
    pub fees: Money,
    /// Received as funding; below zero, paid.
    pub funding: Money,
    /// Received for lending; below zero, paid for borrowing.
    pub borrow: Money,
    /// What changes of rates made of foreign balances.
    pub currency: Money,
    /// By liquidity (maker, taker): the worth of what changed hands.
    pub turnover: [Money; 2],
}

/// The books of one currency: kept up to date by differences, which integers allow without drift.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Total {
    currency: String,
    equity: Money,
    rule: Option<Rate>,
    /// One unit in the account's currency.
    rate: Option<Money>,
    worth: Money,
    revalued: Money,
}

impl Total {
    fn worth_of(&self, amount: Money) -> Money {
        self.rate.map_or(Money::ZERO, |rate| amount.at_rate(rate))
    }
}

impl Portfolio {
    /// Nothing held. `fees` holds the schedule of each instrument, in the same order; the account is in the first
    /// instrument's currency, and knows no rates.
    ///
    /// # Panics
    /// When instrument ids are not 0, 1, 2 … in order, or the two slices differ in length.
    #[must_use]
    pub fn new(instruments: &[Instrument], fees: &[FeeSchedule]) -> Self {
        Self::with(instruments, fees, AccountTerms::default())
    }

    /// The same with an account's terms.
    ///
    /// # Panics
    /// As [`new`](Self::new) does, and when terms name an instrument that there is not.
    #[must_use]
    pub fn with(instruments: &[Instrument], fees: &[FeeSchedule], terms: AccountTerms) -> Self {
        assert_eq!(instruments.len(), fees.len(), "a fee schedule for each instrument");
        let mut portfolio = Self {
            holdings: Vec::with_capacity(instruments.len()),
            currency_of: Vec::with_capacity(instruments.len()),
            totals: Vec::new(),
            home: 0,
            priced: false,
            books: Books::default(),
            tiers: Vec::new(),
            tiers_of: vec![None; instruments.len()],
            orders: VecDeque::new(),
        };
        for (row, (instrument, schedule)) in instruments.iter().zip(fees).enumerate() {
            assert_eq!(instrument.id().index(), row, "instrument ids are dense");
            let place = portfolio.place_of(instrument.currency());
            portfolio.currency_of.push(place);
            portfolio.holdings.push(Holding::new(instrument.clone(), *schedule));
        }
        if !terms.currency.is_empty() || portfolio.totals.is_empty() {
            portfolio.home = portfolio.place_of(&terms.currency) as usize;
        }
        for (currency, rule) in terms.rates {
            let place = portfolio.place_of(&currency) as usize;
            let total = &mut portfolio.totals[place];
            total.rule = Some(rule);
            match rule {
                Rate::Fixed(rate) => total.rate = Some(rate),
                Rate::Mid { .. } => portfolio.priced = true,
            }
        }
        let home = portfolio.home;
        (portfolio.totals[home].rule, portfolio.totals[home].rate) = (None, Some(Money::ONE));
        for tiers in terms.tiers {
            let place = u32::try_from(portfolio.tiers.len()).expect("venues are few");
            for id in &tiers.instruments {
                portfolio.tiers_of[id.index()] = Some(place);
            }
            portfolio.tiers.push(Tiers::new(tiers));
        }
        portfolio
    }

    fn place_of(&mut self, currency: &str) -> u32 {
        let known = self.totals.iter().position(|total| total.currency == currency);
        let place = known.unwrap_or_else(|| {
            self.totals.push(Total {
                currency: currency.into(),
                equity: Money::ZERO,
                rule: None,
                rate: None,
                worth: Money::ZERO,
                revalued: Money::ZERO,
            });
            self.totals.len() - 1
        });
        u32::try_from(place).expect("fewer currencies than instruments, and those are numbered in 32 bits")
    }

    /// The run begins: the tiers that hold at its start are in force.
    pub fn start(&mut self, at: Nanos) {
        for place in 0..self.tiers.len() {
            self.on_time(place, at);
        }
    }

    fn on_time(&mut self, place: usize, at: Nanos) {
        let tiers = &mut self.tiers[place];
        if let Some(tier) = tiers.on_time(at) {
            tiers.instruments().iter().for_each(|id| self.holdings[id.index()].on_tier(tier));
        }
    }

    /// Books one of our fills, of the venue's time `at`.
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
        let tiers = self.tiers_of[row].map(|place| place as usize);
        if let Some(place) = tiers {
            self.on_time(place, at);
        }
        let holding = &mut self.holdings[row];
        let before = holding.equity();
        let booked = holding.on_fill(at, side, price, size, liquidity);
        let change = holding.equity() - before;
        self.earn(row, change);
        let total = &self.totals[self.currency_of[row] as usize];
        let turnover = total.worth_of(booked.turnover);
        // Rounded as it touches the equity: against us.
        self.books.fees -= total.worth_of(-booked.fee);
        self.books.turnover[liquidity as usize] += turnover;
        if let Some(place) = tiers {
            self.tiers[place].on_turnover(turnover);
        }
        booked
    }

    /// Takes back a fill that was booked with these very terms, of the venue's time `at`: position, cash, fees and equity
    /// are as if it had never been.
    pub fn on_bust(
        &mut self,
        at: Nanos,
        instrument: InstrumentId,
        side: Side,
        price: Ticks,
        size: Lots,
        liquidity: Liquidity,
    ) -> Booked {
        let row = instrument.index();
        let tiers = self.tiers_of[row].map(|place| place as usize);
        let holding = &mut self.holdings[row];
        // What it cost by the rates of its own day.
        let fees = holding.fees_at(tiers.and_then(|place| self.tiers[place].tier_at(at)));
        let before = holding.equity();
        let booked = holding.on_bust(&fees, side, price, size, liquidity);
        let change = holding.equity() - before;
        self.earn(row, change);
        let total = &self.totals[self.currency_of[row] as usize];
        let turnover = total.worth_of(-booked.turnover);
        self.books.fees -= total.worth_of(-booked.fee);
        self.books.turnover[liquidity as usize] -= turnover;
        if let Some(place) = tiers {
            self.tiers[place].on_turnover(-turnover);
        }
        booked
    }

    /// Takes back what a fill changed of its order's fees: after [`on_bust`](Self::on_bust), of what that booked.
    pub fn on_order_bust(&mut self, order: OrderId, instrument: InstrumentId, size: Lots, booked: &Booked) {
        let fees = *self.holdings[instrument.index()].fees();
        let Some(known) = self.orders.iter_mut().rev().find(|known| known.order == order) else { return };
        known.lots -= size;
        known.turnover += booked.turnover;
        let charged = known.charged - Money::from_nanos(fees.per_lot_nanos) * size.0;
        known.charged =
            if known.lots.is_zero() { Money::ZERO } else { fees.of_order(known.lots, known.turnover) };
        let more = known.charged - charged;
        if more != Money::ZERO {
            self.on_cash(instrument, CashKind::Fee, -more);
        }
    }

    /// Books what a fill changed of its order's fees, where these have a least or a most: after
    /// [`on_fill`](Self::on_fill), of what that booked.
    pub fn on_order(&mut self, order: OrderId, instrument: InstrumentId, size: Lots, booked: &Booked) {
        let fees = *self.holdings[instrument.index()].fees();
        if !fees.bounds_orders() {
            return;
        }
        let place = self.orders.iter().rposition(|known| known.order == order).unwrap_or_else(|| {
            if self.orders.len() == ORDERS {
                self.orders.pop_front();
            }
            self.orders.push_back(OrderFees {
                order,
                lots: Lots::ZERO,
                turnover: Money::ZERO,
                charged: Money::ZERO,
            });
            self.orders.len() - 1
        });
        let known = &mut self.orders[place];
        known.lots += size;
        known.turnover += booked.turnover;
        let charged = known.charged + Money::from_nanos(fees.per_lot_nanos) * size.0;
        known.charged = fees.of_order(known.lots, known.turnover);
        let more = known.charged - charged;
        if more != Money::ZERO {
            self.on_cash(instrument, CashKind::Fee, -more);
        }
    }

    /// Books cash that the venue moved for what we hold or held of an instrument; below zero, we paid.
    pub fn on_cash(&mut self, instrument: InstrumentId, kind: CashKind, amount: Money) {
        let row = instrument.index();
        self.holdings[row].on_cash(kind, amount);
        self.earn(row, amount);
        let worth = self.totals[self.currency_of[row] as usize].worth_of(amount);
        match kind {
            CashKind::Funding => self.books.funding += worth,
            CashKind::Borrow => self.books.borrow += worth,
            CashKind::Fee => self.books.fees -= worth,
        }
    }

    /// An instrument earned so much more.
    #[inline]
    fn earn(&mut self, row: usize, change: Money) {
        let place = self.currency_of[row] as usize;
        let total = &mut self.totals[place];
        total.equity += change;
        if place == self.home {
            total.worth = total.equity;
            self.books.equity += change;
            return;
        }
        let worth = total.worth_of(total.equity);
        self.books.equity += worth - total.worth;
        total.worth = worth;
    }

    /// Hears the best bid and ask of an instrument. Cheap when nothing is held in it. Answers whether a currency's rate
    /// changed with it.
    #[inline]
    pub fn mark(&mut self, instrument: InstrumentId, bid: Ticks, ask: Ticks) -> bool {
        let row = instrument.index();
        let holding = &mut self.holdings[row];
        if holding.position().is_zero() {
            holding.mark(bid, ask);
        } else {
            let before = holding.equity();
            holding.mark(bid, ask);
            let change = holding.equity() - before;
            self.earn(row, change);
        }
        self.priced && self.price(instrument, (bid, ask))
    }

    /// Looks whether an instrument's price says what a currency is worth.
    fn price(&mut self, priced: InstrumentId, touch: (Ticks, Ticks)) -> bool {
        let mut changed = false;
        for total in &mut self.totals {
            let Some(Rate::Mid { instrument, inverse, times }) = total.rule else { continue };
            if instrument != priced {
                continue;
            }
            let rate = rate_of(self.holdings[priced.index()].instrument(), touch, inverse, times);
            // A price that says nothing takes nothing back: the last rate stands.
            if rate.is_none() || rate == total.rate {
                continue;
            }
            total.rate = rate;
            let gained = total.worth_of(total.equity) - total.worth;
            total.worth += gained;
            total.revalued += gained;
            self.books.equity += gained;
            self.books.currency += gained;
            changed = true;
        }
        changed
    }

    /// What is held.
    #[inline]
    #[must_use]
    pub fn position(&self, instrument: InstrumentId) -> Lots {
        self.holdings[instrument.index()].position()
    }

    /// What an instrument's fills cost so far; positive when paid.
    #[must_use]
    pub fn fees(&self, instrument: InstrumentId) -> Money {
        self.holdings[instrument.index()].paid()
    }

    /// The bid and ask that an instrument's position is valued between.
    #[inline]
    #[must_use]
    pub fn mark_of(&self, instrument: InstrumentId) -> Option<(Ticks, Ticks)> {
        self.holdings[instrument.index()].mark_of()
    }

    /// One instrument's books, in its own currency.
    #[must_use]
    pub fn account(&self, instrument: InstrumentId) -> Account {
        self.holdings[instrument.index()].account()
    }

    /// One instrument's open lots, oldest first.
    pub fn lots(&self, instrument: InstrumentId) -> impl Iterator<Item = &Lot> {
        self.holdings[instrument.index()].lots()
    }

    /// Everything earned (realised, unrealised, less fees, with what the venue moved), in the account's currency.
    #[inline]
    #[must_use]
    pub const fn equity(&self) -> Money {
        self.books.equity
    }

    /// All there is, in the account's currency.
    #[must_use]
    pub const fn books(&self) -> Books {
        self.books
    }

    /// The account's currency.
    #[must_use]
    pub fn currency(&self) -> &str {
        &self.totals[self.home].currency
    }

    /// Everything earned in the currency that `instrument` settles in.
    #[inline]
    #[must_use]
    pub fn equity_beside(&self, instrument: InstrumentId) -> Money {
        self.totals[self.currency_of[instrument.index()] as usize].equity
    }

    /// What one unit of the currency that `instrument` settles in is worth in the account's; `None` while that is not
    /// known.
    #[inline]
    #[must_use]
    pub fn rate(&self, instrument: InstrumentId) -> Option<Money> {
        self.totals[self.currency_of[instrument.index()] as usize].rate
    }

    /// What changes of its rate made of the balance that `instrument` settles in, in the account's currency.
    #[inline]
    #[must_use]
    pub fn revalued(&self, instrument: InstrumentId) -> Money {
        self.totals[self.currency_of[instrument.index()] as usize].revalued
    }

    /// The books of each currency, in the order in which instruments first name them.
    pub fn balances(&self) -> impl Iterator<Item = Balance> {
        self.totals.iter().map(|total| Balance {
            currency: total.currency.clone(),
            equity: total.equity,
            rate: total.rate,
            worth: total.worth,
            revalued: total.revalued,
        })
    }

    /// Whether prices of the run say what balances are worth: then the equity changes while nothing is held.
    #[inline]
    #[must_use]
    pub const fn is_priced(&self) -> bool {
        self.priced
    }

    /// The venues whose fees follow what was traded.
    #[must_use]
    pub fn tiers(&self) -> &[Tiers] {
        &self.tiers
    }
}
