//! What holding costs and what it brings: the venue's own count of our positions, and the cash it moves for them.
//!
//! | cash | moment | amount |
//! |---|---|---|
//! | [`Funding`] | every so many hours of the UTC day | notional at the mark × rate: longs pay it when it is above zero |
//! | [`Borrow`] | once a day | notional at the mark × yearly rate / days of the year, for what is held then |
//!
//! What a moment moves goes by position, mark and rate as they stood just before it: whatever happens at the same time
//! is too late. The mark is the recorded mark price, else the mid; the rate of funding is the recorded one, else the
//! configured one. Notional × rate is how venues state it (Binance, "Introduction to Binance Futures Funding Rates":
//! nominal value of positions × funding rate; BitMEX, "Perpetual Contracts Guide": position value × funding rate, where
//! an inverse contract's value is contracts × face / mark price, in coins). An amount that is no whole 10⁻¹² is rounded
//! against us. Days are calendar days, also those on which nothing trades; who is flat at the moment pays nothing.
//!
//! Cost: nothing for an event that is no statistic; at a moment, one look at each instrument.

use book::Book;
use types::{
    Cash, CashKind, Instrument, InstrumentId, Lots, Money, Nanos, Side, Statistic, StatisticKind, Ticks,
};

const DAY: i64 = 86_400_000_000_000;
/// A price is kept in ten-thousandths of a step: a statistic may be off the grid, a mid half off it.
const STEP: i128 = 10_000;

/// When and at what rate a perpetual's longs and shorts pay each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Funding {
    /// How long from one moment to the next; a whole number of them makes a day.
    pub every: Nanos,
    /// The first moment of a UTC day.
    pub first: Nanos,
    /// The rate where none is recorded, in 10⁻⁹ of the notional at each moment; `None`: then nothing is paid.
    pub rate: Option<i64>,
    /// Whether recorded rates go before it.
    pub recorded: bool,
}

/// What a day of holding costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Borrow {
    /// For what is sold short: in 10⁻⁹ of the notional a year. Below zero, it is paid to us.
    pub short: i64,
    /// For the money that what is held was bought with.
    pub long: i64,
    /// How many days the rates are divided by.
    pub days_a_year: u16,
    /// The moment of the UTC day at which one ends.
    pub at: Nanos,
}

impl Default for Funding {
    /// Every eight hours from midnight, where rates are recorded.
    fn default() -> Self {
        Self { every: Nanos(DAY / 3), first: Nanos(0), rate: None, recorded: true }
    }
}

impl Default for Borrow {
    /// Nothing.
    fn default() -> Self {
        Self { short: 0, long: 0, days_a_year: 360, at: Nanos(0) }
    }
}

/// What the venue's clerk knows of one instrument.
#[derive(Clone, Debug)]
struct Row {
    instrument: Instrument,
    funding: Funding,
    borrow: Borrow,
    funding_due: Nanos,
    borrow_due: Nanos,
    /// The recorded mark price and funding rate.
    mark: Option<i128>,
    rate: Option<i64>,
}

/// What we hold at the venue.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Held {
    position: Lots,
    /// The price of the last fill: a mark for want of a better one.
    last: Ticks,
}

impl Held {
    pub(super) fn on_fill(&mut self, side: Side, price: Ticks, size: Lots) {
        // Recorded nonsense may fill more than a number holds; what that costs is nonsense too, and no panic.
        self.position = Lots(self.position.0.saturating_add(size.signed(side).0));
        self.last = price;
    }

    pub(super) const fn position(&self) -> Lots {
        self.position
    }
}

/// The clerk.
#[derive(Clone, Debug)]
pub(super) struct Accounts {
    rows: Vec<Row>,
    due: Nanos,
}

impl Row {
    fn new(instrument: &Instrument) -> Self {
        Self {
            instrument: instrument.clone(),
            funding: Funding::default(),
            borrow: Borrow::default(),
            funding_due: Nanos::MAX,
            borrow_due: Nanos::MAX,
            mark: None,
            rate: None,
        }
    }

    /// What is held is worth, without a sign.
    fn notional(&self, held: &Held, book: &Book) -> Option<Money> {
        let mid = book.best_bid().zip(book.best_ask());
        let mid = mid.map(|(bid, ask)| (i128::from(bid.price.0) + i128::from(ask.price.0)) * (STEP / 2));
        let mark = self.mark.or(mid).unwrap_or(i128::from(held.last.0) * STEP);
        self.instrument.value_between(mark, held.position).map(Money::abs)
    }

    fn funding(&self, held: &Held, notional: Money) -> Money {
        let recorded = self.rate.filter(|_| self.funding.recorded);
        let rate = recorded.or(self.funding.rate).unwrap_or(0);
        share(notional, -rate * held.position.0.signum(), 1)
    }

    fn borrow(&self, held: &Held, notional: Money) -> Money {
        let yearly = if held.position < Lots::ZERO { self.borrow.short } else { self.borrow.long };
        share(notional, -yearly, self.borrow.days_a_year)
    }
}

impl Accounts {
    pub(super) fn new(instruments: &[Instrument]) -> Self {
        Self { rows: instruments.iter().map(Row::new).collect(), due: Nanos::MAX }
    }

    pub(super) fn charge(&mut self, instrument: InstrumentId, funding: Funding, borrow: Borrow) {
        assert!(
            funding.every.0 > 0 && DAY % funding.every.0 == 0 && borrow.days_a_year > 0,
            "funding moments make a day"
        );
        let row = &mut self.rows[instrument.index()];
        (row.funding, row.borrow) = (funding, borrow);
    }

    /// Time begins: moments after `at` count.
    pub(super) fn start(&mut self, at: Nanos) {
        for row in &mut self.rows {
            row.funding_due = after(at, row.funding.every, row.funding.first);
            row.borrow_due = after(at, Nanos(DAY), row.borrow.at);
        }
        self.note_due();
    }

    pub(super) const fn due(&self) -> Nanos {
        self.due
    }

    fn note_due(&mut self) {
        let dues = self.rows.iter().flat_map(|row| [row.funding_due, row.borrow_due]);
        self.due = dues.min().unwrap_or(Nanos::MAX);
    }

    #[inline]
    pub(super) fn on_statistic(&mut self, statistic: &Statistic) {
        let Some(row) = self.rows.get_mut(statistic.instrument.index()) else { return };
        if statistic.kind == StatisticKind::MarkPrice {
            let price = i128::from(statistic.value) * STEP + i128::from(statistic.fraction);
            row.mark = (!statistic.deleted).then_some(price);
        } else if statistic.kind == StatisticKind::FundingRate {
            row.rate = (!statistic.deleted).then_some(statistic.value);
        }
    }

    /// Moves what is due at `at`: by instrument, funding first.
    pub(super) fn settle<'a>(
        &mut self,
        at: Nanos,
        look: impl Fn(usize) -> (&'a Held, &'a Book),
        out: &mut Vec<Cash>,
    ) {
        for (place, row) in self.rows.iter_mut().enumerate() {
            let [funds, lends] = [row.funding_due <= at, row.borrow_due <= at];
            if funds {
                row.funding_due = after(at, row.funding.every, row.funding.first);
            }
            if lends {
                row.borrow_due = after(at, Nanos(DAY), row.borrow.at);
            }
            let (held, book) = look(place);
            if held.position.is_zero() || !(funds || lends) {
                continue;
            }
            let Some(notional) = row.notional(held, book) else { continue };
            let mut say = |kind, amount| {
                if amount != Money::ZERO {
                    out.push(Cash::new(at, row.instrument.id(), kind, amount));
                }
            };
            if funds {
                say(CashKind::Funding, row.funding(held, notional));
            }
            if lends {
                say(CashKind::Borrow, row.borrow(held, notional));
            }
        }
        self.note_due();
    }
}

/// `amount × rate / days`, the rate in 10⁻⁹, rounded down: in doubt we pay.
fn share(amount: Money, rate: i64, days: u16) -> Money {
    Money(amount.0.saturating_mul(i128::from(rate)).div_euclid(1_000_000_000 * i128::from(days)))
}

/// The first moment after `at` on a grid of `every` that has one at `first` after midnight.
fn after(at: Nanos, every: Nanos, first: Nanos) -> Nanos {
    let steps = (at - first).0.div_euclid(every.0) + 1;
    first + Nanos(steps.saturating_mul(every.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use types::instrument::Terms;
    use types::{Contract, Flags, Origin};

    const HOUR: i64 = DAY / 24;

    fn instrument(contract: Contract, tick: i64, multiplier: i64) -> Instrument {
        Instrument::new(Terms {
            id: InstrumentId(0),
            symbol: "X".into(),
            venue: "test".into(),
            currency: "X".into(),
            contract,
            tick_nanos: tick,
            lot_nanos: 1_000_000_000,
            multiplier_nanos: multiplier * 1_000_000_000,
            depths: types::Depths::default(),
            origin: Origin::Configured,
        })
        .expect("valid terms")
    }

    fn statistic(kind: StatisticKind, value: i64) -> Statistic {
        Statistic {
            venue_at: Nanos(0),
            value,
            size: Lots::ZERO,
            instrument: InstrumentId(0),
            fraction: 0,
            session_day: 0,
            kind,
            side: None,
            flags: Flags::NONE,
            deleted: false,
        }
    }

    /// What one moment moves for a position bought at `price`.
    fn moved(instrument: &Instrument, position: i64, price: i64, funding: Funding, borrow: Borrow) -> String {
        let mut accounts = Accounts::new(std::slice::from_ref(instrument));
        accounts.charge(InstrumentId(0), funding, borrow);
        accounts.on_statistic(&statistic(StatisticKind::MarkPrice, price));
        accounts.start(Nanos(0));
        let (held, book) = (Held { position: Lots(position), last: Ticks(1) }, Book::of(instrument));
        let mut out = Vec::new();
        while accounts.due() <= Nanos(DAY) {
            accounts.settle(accounts.due(), |_| (&held, &book), &mut out);
        }
        let shown = out
            .iter()
            .map(|cash| format!("{} {} {}", cash.venue_at.0 / HOUR, cash.kind.name(), cash.amount()));
        shown.collect::<Vec<_>>().join(", ")
    }

    #[test]
    fn funding_is_what_the_venues_say_it_is() {
        let rate = |nanos| Funding { rate: Some(nanos), first: Nanos(4 * HOUR), ..Funding::default() };
        // BitMEX, Perpetual Contracts Guide Examples: long 15,000 XBTUSD of 1 USD at 750 is 20 XBT; at 0.25 % the long
        // pays 0.05 XBT, at 04:00, 12:00 and 20:00.
        let xbtusd = instrument(Contract::Inverse, 500_000_000, 1);
        let long = moved(&xbtusd, 15_000, 1_500, rate(2_500_000), Borrow::default());
        assert_eq!(long, "4 funding -0.05, 12 funding -0.05, 20 funding -0.05");
        let short = moved(&xbtusd, -15_000, 1_500, rate(2_500_000), Borrow::default());
        assert_eq!(short, long.replace('-', ""));
        // Kraken's inverse perpetual: short 100,000 contracts at 7,000 and 0.01785 % earn $17.85, 0.00255 BTC; coins
        // that are no whole 10⁻¹² are rounded against us.
        let inverse = moved(&xbtusd, -100_000, 14_000, rate(178_500), Borrow::default());
        assert_eq!(inverse.split(", ").next(), Some("4 funding 0.002549999999"));
        // Binance: nominal value × rate; 20,000 USDT at 0.01 % are 2 USDT, three times a day from midnight.
        let linear = instrument(Contract::Linear, 100_000_000, 1);
        let binance = Funding { rate: Some(100_000), ..Funding::default() };
        let paid = moved(&linear, 1, 200_000, binance, Borrow::default());
        assert_eq!(paid, "8 funding -2, 16 funding -2, 24 funding -2");
        // A rate below zero: shorts pay.
        let negative = Funding { rate: Some(-100_000), ..Funding::default() };
        assert!(moved(&linear, -1, 200_000, negative, Borrow::default()).starts_with("8 funding -2, "));
        // No rate, no funding.
        assert_eq!(moved(&linear, 1, 200_000, Funding::default(), Borrow::default()), "");
    }

    #[test]
    fn a_day_of_a_short_costs_its_share_of_the_year() {
        // 100 shares at 50.00 for a day at 3.6 % over 360 days: 0.50. Longs at 7.2 %: 1.00.
        let share = instrument(Contract::Linear, 10_000_000, 1);
        let terms = Borrow { short: 36_000_000, long: 72_000_000, at: Nanos(21 * HOUR), ..Borrow::default() };
        assert_eq!(moved(&share, -100, 5_000, Funding::default(), terms), "21 borrow -0.5");
        assert_eq!(moved(&share, 100, 5_000, Funding::default(), terms), "21 borrow -1");
        assert_eq!(moved(&share, 0, 5_000, Funding::default(), terms), "");
        // A third of 10⁻¹² is against us, whoever pays.
        let odd = Borrow { short: 1, days_a_year: 365, ..terms };
        assert_eq!(moved(&share, -1, 1, Funding::default(), odd), "21 borrow -0.000000000001");
        assert_eq!(moved(&share, -1, 1, Funding::default(), Borrow { short: -1, ..odd }), "");
    }

    #[test]
    fn what_is_recorded_goes_before_what_is_configured() {
        let linear = instrument(Contract::Linear, 100_000_000, 1);
        let (held, book) = (Held { position: Lots(1), last: Ticks(100_000) }, Book::of(&linear));
        let mut accounts = Accounts::new(std::slice::from_ref(&linear));
        accounts.start(Nanos(1));
        let next = |accounts: &mut Accounts| {
            let mut out = Vec::new();
            accounts.settle(accounts.due(), |_| (&held, &book), &mut out);
            out.first().map(|cash| cash.amount().to_string())
        };
        // Nothing is a perpetual until a rate says so; without a market it is marked at our own price.
        assert_eq!(next(&mut accounts), None);
        accounts.on_statistic(&statistic(StatisticKind::FundingRate, 100_000));
        assert_eq!(next(&mut accounts), Some("-1".into()));
        accounts.on_statistic(&statistic(StatisticKind::MarkPrice, 150_000));
        assert_eq!(next(&mut accounts), Some("-1.5".into()));
        let withdrawn = Statistic { deleted: true, ..statistic(StatisticKind::FundingRate, 0) };
        accounts.on_statistic(&withdrawn);
        assert_eq!(next(&mut accounts), None);
    }

    #[test]
    fn moments_lie_on_the_grid_of_the_day() {
        let hours = |at: i64, every: i64, first: i64| {
            after(Nanos(at * HOUR), Nanos(every * HOUR), Nanos(first * HOUR)).0 / HOUR
        };
        assert_eq!([hours(0, 8, 0), hours(7, 8, 0), hours(8, 8, 0)], [8, 8, 16]);
        assert_eq!([hours(0, 8, 4), hours(3, 8, 4), hours(4, 8, 4), hours(21, 8, 4)], [4, 4, 12, 28]);
        assert_eq!(after(Nanos::MAX, Nanos(HOUR), Nanos(0)), Nanos::MAX);
    }
}
