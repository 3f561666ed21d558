//! Where the P&L of an instrument came from: by part, by strategy, by side and by hour. Every breakdown adds up to
//! the whole, to the last 10⁻¹².
//!
//! **Parts** (the first two are the realised spread's halves, Huang & Stoll 1996; Hasbrouck, *Empirical Market
//! Microstructure*, 2007, ch. 14):
//!
//! ```text
//! spread captured    Σ (mid at the fill - price) × signed size
//! adverse selection  Σ (mid a horizon later - mid at the fill) × signed size
//! fees               - Σ fees
//! funding            Σ what perpetuals paid us, less what we paid
//! borrow             Σ what lending paid us, less what borrowing cost
//! currency           Σ what foreign balances gained by their rates
//! inventory          what is left: the mid's moves after the horizon, on whatever was held
//! ```
//!
//! The mid at the fill is the last one before the venue's time of the fill; a fill too near the session's end is
//! measured to its last mid. Each fill's halves of 10⁻¹² (a mid may be half a tick) go to inventory, so that sums over
//! any grouping of fills agree.
//!
//! **Strategies.** A strategy's book is its own fills: its cash, its fees, its position, marked where the account is.
//! Two strategies that hold against each other hold nothing together; each one's inventory is still its own. Cash that
//! the venue moves for the account's position (funding, borrow) is shared by what each book holds of it; where the
//! account holds nothing, the first strategy's book has it.
//!
//! **Sides.** Our buys and our sells, maker and taker fills apart: what each fill gained from its price to the last
//! mark, less its fee, as implementation shortfall is counted (Perold 1988). The inventory of buys and of sells is
//! measured to the end of the run, so they cancel but for what is held at the end and the way in between.
//!
//! **Hours.** The net of an hour is the change of equity within it, at the marks in force when it ends. Spread, fees and
//! adverse selection are of the hour in which we heard of the fill, also where the horizon ends in the next. So an
//! hour's inventory is the mid's moves on what was held during it, less what is told as adverse selection already.
//! Until the market is heard of again after a break the old mark holds: the jump belongs to the hour that hears it.
//!
//! **Currencies.** Everything is counted twice, in the instrument's currency and in the account's. What a fill did is
//! converted at the rate of the moment it is measured; what a book earned, at the rate of now. What changes of the rate made
//! of a balance is shared by what each book has earned in that currency: a part of its own.
//!
//! A mark of a sum of positions may be 10⁻¹² off the sum of marks (an inverse contract's worth is a rounded quotient),
//! and so may a conversion, so worths are told apart by differences: of the first, of the first two less the first, …

use crate::mids::Mid;
use types::{Instrument, Liquidity, Lots, Money, Nanos, Side, Ticks};

/// The width of a slot.
pub const HOUR: i64 = 3_600_000_000_000;

/// Hours for which there is room from the start; more only cost a growth.
const HOURS: usize = 64;

/// The number of the hour since 1970 (UTC) that a moment lies in.
#[must_use]
pub const fn hour_of(at: Nanos) -> i64 {
    at.0.div_euclid(HOUR)
}

/// The parts that are booked and not measured. Positive when received, negative when paid.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Booked {
    /// Fees as they touch the P&L: negative when paid.
    pub fees: Money,
    /// Of perpetuals.
    pub funding: Money,
    /// For what was sold short, or for the money of a long.
    pub borrow: Money,
    /// The revaluation of foreign balances.
    pub currency: Money,
}

impl Booked {
    /// Its sum.
    #[must_use]
    pub fn sum(&self) -> Money {
        self.fees + self.funding + self.borrow + self.currency
    }

    fn at_rate(self, rate: Money) -> Self {
        self.each(|amount| amount.at_rate(rate))
    }

    /// Each part of it, changed alike.
    fn each(self, change: impl Fn(Money) -> Money) -> Self {
        let Self { fees, funding, borrow, currency } = self;
        Self {
            fees: change(fees),
            funding: change(funding),
            borrow: change(borrow),
            currency: change(currency),
        }
    }
}

impl std::ops::AddAssign for Booked {
    fn add_assign(&mut self, other: Self) {
        self.fees += other.fees;
        self.funding += other.funding;
        self.borrow += other.borrow;
        self.currency += other.currency;
    }
}

/// Sums over fills, and over cash that the venue moved.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sums {
    /// See the module's head.
    pub spread: Money,
    /// Likewise.
    pub adverse: Money,
    /// What was booked: with fills and, by what was held, between them.
    pub booked: Booked,
    /// By liquidity: maker, taker.
    pub fills: [u64; 2],
    /// What was traded.
    pub lots: i128,
    /// The worth of what changed hands.
    pub turnover: Money,
}

/// The P&L of something, and its parts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Split {
    /// Earned by trading away from the mid; negative when we crossed the spread.
    pub spread: Money,
    /// How the mid moved within the horizon after our fills; usually negative for a maker.
    pub adverse: Money,
    /// What was booked.
    pub booked: Booked,
    /// The rest.
    pub inventory: Money,
}

impl Split {
    /// Splits `net` (after fees) into what fills say and the rest.
    #[must_use]
    pub fn of(net: Money, sums: &Sums) -> Self {
        let inventory = net - sums.spread - sums.adverse - sums.booked.sum();
        Self { spread: sums.spread, adverse: sums.adverse, booked: sums.booked, inventory }
    }

    /// The sum of the parts: the net P&L.
    #[must_use]
    pub fn net(&self) -> Money {
        self.spread + self.adverse + self.booked.sum() + self.inventory
    }

    /// Takes in another of the same currency.
    pub fn absorb(&mut self, other: &Self) {
        self.spread += other.spread;
        self.adverse += other.adverse;
        self.booked += other.booked;
        self.inventory += other.inventory;
    }
}

impl Sums {
    /// The same in another currency, of which one unit is worth `rate`.
    #[must_use]
    pub fn at_rate(&self, rate: Money) -> Self {
        if rate == Money::ONE {
            return *self;
        }
        Self {
            spread: self.spread.at_rate(rate),
            adverse: self.adverse.at_rate(rate),
            booked: self.booked.at_rate(rate),
            turnover: self.turnover.at_rate(rate),
            ..*self
        }
    }

    /// Takes in others of the same currency.
    pub fn absorb(&mut self, other: &Self) {
        self.spread += other.spread;
        self.adverse += other.adverse;
        self.booked += other.booked;
        for (sum, more) in self.fills.iter_mut().zip(other.fills) {
            *sum += more;
        }
        self.lots += other.lots;
        self.turnover += other.turnover;
    }
}

/// What a fill is counted under.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key {
    /// The strategy's place in the run.
    pub strategy: usize,
    /// The hour in which we heard of it.
    pub hour: i64,
    /// Whether we bought.
    pub side: Side,
    /// Whether we gave liquidity.
    pub liquidity: Liquidity,
}

impl Key {
    fn cell(self) -> usize {
        self.side.index() * 2 + self.liquidity as usize
    }
}

/// An hour of one strategy in one instrument.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Slot {
    /// Hours since 1970 UTC.
    pub hour: i64,
    /// The change of equity.
    pub net: Money,
    /// Of the hour's fills.
    pub sums: Sums,
    /// The change of equity in the account's currency.
    pub account_net: Money,
    /// Of the hour's fills, likewise.
    pub account: Sums,
}

/// A virtual book: some of our fills, with what they hold.
#[derive(Clone, Debug, Default)]
pub struct Book {
    /// What is held by them.
    pub position: Lots,
    /// The farthest long, zero or above.
    pub longest: Lots,
    /// The farthest short, zero or below.
    pub shortest: Lots,
    /// Over all of them.
    pub sums: Sums,
    /// The same in the account's currency.
    pub account: Sums,
    /// Hours in which something was earned or traded, in order.
    pub hours: Vec<Slot>,
    /// Cash that changed hands, before fees.
    cash: Money,
    /// What was earned by the end of the last hour told.
    told: Money,
    /// Likewise in the account's currency.
    account_told: Money,
}

impl Book {
    fn on_fill(&mut self, signed: Lots, value: Money) {
        self.position += signed;
        self.longest = self.longest.max(self.position);
        self.shortest = self.shortest.min(self.position);
        self.cash -= value;
    }

    /// Adds what is known of an hour's fills; without an hour, to the whole alone.
    fn add(&mut self, hour: Option<i64>, sums: &Sums, rate: Money) {
        let account = sums.at_rate(rate);
        self.sums.absorb(sums);
        self.account.absorb(&account);
        if let Some(hour) = hour {
            let slot = self.slot(hour);
            slot.sums.absorb(sums);
            slot.account.absorb(&account);
        }
    }

    /// The slot of an hour; made when there is none. Late news is of an hour not long ago.
    fn slot(&mut self, hour: i64) -> &mut Slot {
        let behind = self.hours.iter().rev().take_while(|slot| slot.hour > hour).count();
        let place = self.hours.len() - behind;
        if place == 0 || self.hours[place - 1].hour != hour {
            self.hours.insert(place, Slot { hour, ..Slot::default() });
            return &mut self.hours[place];
        }
        &mut self.hours[place - 1]
    }
}

/// The breakdowns of one instrument.
#[derive(Clone, Debug)]
pub struct Attribution {
    /// By strategy.
    pub strategies: Vec<Book>,
    /// Buys by maker, buys by taker, sells by maker, sells by taker.
    pub sides: [Book; 4],
    /// What one unit of the instrument's currency is worth in the account's.
    pub rate: Money,
    /// What positions are valued at.
    mark: Option<Mid>,
}

/// A side's name and what of it: in the order of [`Attribution::sides`].
pub const SIDES: [(Side, Liquidity); 4] = [
    (Side::Buy, Liquidity::Maker),
    (Side::Buy, Liquidity::Taker),
    (Side::Sell, Liquidity::Maker),
    (Side::Sell, Liquidity::Taker),
];

impl Attribution {
    /// Nothing traded, by so many strategies.
    #[must_use]
    pub fn new(strategies: usize) -> Self {
        let book = |_| Book { hours: Vec::with_capacity(HOURS), ..Book::default() };
        let strategies = (0..strategies.max(1)).map(book).collect();
        Self { strategies, sides: Default::default(), rate: Money::ONE, mark: None }
    }

    /// The portfolio booked a fill that cost `fee`.
    pub fn on_fill(&mut self, instrument: &Instrument, key: Key, price: Ticks, signed: Lots, fee: Money) {
        let value = instrument.value(price, signed);
        let mut fill = Sums {
            booked: Booked { fees: -fee, ..Booked::default() },
            lots: i128::from(signed.abs().0),
            turnover: instrument.notional(price, signed),
            ..Sums::default()
        };
        fill.fills[key.liquidity as usize] = 1;
        // Until the market is heard of, our own trade is what we know of it.
        self.mark = self.mark.or(Some(Mid { bid: price, ask: price }));
        self.sides[key.cell()].on_fill(signed, value);
        self.strategies[key.strategy].on_fill(signed, value);
        self.add(key, &fill);
    }

    /// The account's positions are valued at this from now on.
    #[inline]
    pub fn on_mark(&mut self, mark: Option<Mid>) {
        self.mark = mark.or(self.mark);
    }

    /// Adds what a fill earned at its own moment. Without a mid there is no spread to speak of.
    pub fn on_spread(
        &mut self,
        instrument: &Instrument,
        key: Key,
        price: Ticks,
        signed: Lots,
        at_fill: Option<Mid>,
    ) {
        let Some(mid) = at_fill else { return };
        let paid = instrument.value(price, signed);
        let spread = half(mid.twice_value(instrument, signed) - paid - paid);
        self.add(key, &Sums { spread, ..Sums::default() });
    }

    /// Adds what it lost by the horizon. Without a mid at the fill, its price stands for it.
    pub fn on_horizon(
        &mut self,
        instrument: &Instrument,
        key: Key,
        price: Ticks,
        signed: Lots,
        mids: [Option<Mid>; 2],
    ) {
        let [at_fill, later] = mids;
        let Some(later) = later else { return };
        let start = at_fill.unwrap_or(Mid { bid: price, ask: price });
        let moved = half(later.twice_value(instrument, signed) - start.twice_value(instrument, signed));
        self.add(key, &Sums { adverse: moved, ..Sums::default() });
    }

    fn add(&mut self, key: Key, sums: &Sums) {
        self.sides[key.cell()].add(None, sums, self.rate);
        self.strategies[key.strategy].add(Some(key.hour), sums, self.rate);
    }

    /// The venue moved cash for what the account holds.
    pub fn on_cash(&mut self, hour: i64, moved: Booked) {
        let rate = self.rate;
        share(&mut self.strategies, moved, rate, Some(hour));
        share(&mut self.sides, moved, rate, None);
    }

    /// The hour is over: what each strategy's book gained in it is told.
    /// `earned` is what the books before these earned in the instrument's currency, and then these too.
    pub fn close_hour(&mut self, instrument: &Instrument, hour: i64, earned: &mut Money) {
        let (mark, rate, mut held) = (self.mark, self.rate, Lots::ZERO);
        for book in &mut self.strategies {
            let net = net_on(instrument, mark, &mut held, book);
            let worth = worth_on(net, rate, earned);
            let gained = (net - book.told, worth - book.account_told);
            if gained != (Money::ZERO, Money::ZERO) {
                let slot = book.slot(hour);
                slot.net += gained.0;
                slot.account_net += gained.1;
                (book.told, book.account_told) = (net, worth);
            }
        }
    }

    /// What each strategy's book earned, after fees. They add up to the account's.
    #[must_use]
    pub fn strategy_nets(&self, instrument: &Instrument) -> Vec<Money> {
        nets(instrument, self.mark, &self.strategies)
    }

    /// What the fills of each of [`SIDES`] earned, after fees, to the last mark. They add up to the account's.
    #[must_use]
    pub fn side_nets(&self, instrument: &Instrument) -> Vec<Money> {
        nets(instrument, self.mark, &self.sides)
    }

    /// What all books earned, in the instrument's currency.
    #[must_use]
    pub fn earned(&self, instrument: &Instrument) -> Money {
        let mut held = Lots::ZERO;
        let nets = self.strategies.iter().map(|book| net_on(instrument, self.mark, &mut held, book));
        nets.fold(Money::ZERO, |sum, net| sum + net)
    }

    /// A rate has changed: each book gets its part, strategies by the first of `parts` and sides by the second.
    pub fn on_revaluation(&mut self, instrument: &Instrument, hour: i64, parts: &mut [Parting; 2]) {
        let [strategies, sides] = parts;
        let mut held = Lots::ZERO;
        for book in &mut self.strategies {
            let part = strategies.next(net_on(instrument, self.mark, &mut held, book));
            if part != Money::ZERO {
                book.account.booked.currency += part;
                book.slot(hour).account.booked.currency += part;
            }
        }
        let mut held = Lots::ZERO;
        for book in &mut self.sides {
            book.account.booked.currency += sides.next(net_on(instrument, self.mark, &mut held, book));
        }
    }

    /// What books earned in the account's currency, on top of what those before them `earned` in the instrument's.
    #[must_use]
    pub fn worths(&self, nets: &[Money], earned: &mut Money) -> Vec<Money> {
        nets.iter().map(|net| worth_on(*net, self.rate, earned)).collect()
    }

    /// All of it together.
    #[must_use]
    pub fn sums(&self) -> Sums {
        let mut sums = Sums::default();
        self.strategies.iter().for_each(|book| sums.absorb(&book.sums));
        sums
    }
}

/// An amount that is parted by what each book earned, one on top of the other, so that the parts add up to it.
#[derive(Clone, Copy, Debug)]
pub struct Parting {
    amount: Money,
    whole: Money,
    earned: Money,
    told: Money,
}

impl Parting {
    /// Among books that earned `whole` together; of nothing there are no parts, and the first gets it.
    #[must_use]
    pub const fn of(amount: Money, whole: Money) -> Self {
        Self { amount, whole, earned: Money::ZERO, told: Money::ZERO }
    }

    /// The part of the next book.
    #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "only how it is parted")]
    fn next(&mut self, earned: Money) -> Money {
        self.earned += earned;
        let until = if self.whole == Money::ZERO || self.earned == self.whole {
            self.amount
        } else {
            Money((self.amount.0 as f64 * (self.earned.0 as f64 / self.whole.0 as f64)) as i128)
        };
        let part = until - self.told;
        self.told = until;
        part
    }
}

/// What `net` is worth at `rate` on top of what was `earned` before.
fn worth_on(net: Money, rate: Money, earned: &mut Money) -> Money {
    let before = *earned;
    *earned += net;
    if rate == Money::ONE { net } else { earned.at_rate(rate) - before.at_rate(rate) }
}

/// Half of it, down: what is lost is part of the inventory.
fn half(twice: Money) -> Money {
    Money(twice.0.div_euclid(2))
}

fn nets(instrument: &Instrument, mark: Option<Mid>, books: &[Book]) -> Vec<Money> {
    let mut held = Lots::ZERO;
    books.iter().map(|book| net_on(instrument, mark, &mut held, book)).collect()
}

/// What a book earned, its position valued on top of what those before it hold: worths are no sums of parts,
/// differences are.
fn net_on(instrument: &Instrument, mark: Option<Mid>, held: &mut Lots, book: &Book) -> Money {
    let worth = |position: Lots| {
        mark.filter(|_| !position.is_zero())
            .map_or(Money::ZERO, |mark| half(mark.twice_value(instrument, position)))
    };
    let before = worth(*held);
    *held += book.position;
    book.cash + (worth(*held) - before) + book.sums.booked.sum()
}

/// Parts cash that the venue moved for what all books hold together, one on top of the other as worths are. The same in
/// the account's currency, where the whole is what it is worth.
fn share(books: &mut [Book], moved: Booked, rate: Money, hour: Option<i64>) {
    let whole: i128 = books.iter().map(|book| i128::from(book.position.0)).sum();
    let both = [moved, if rate == Money::ONE { moved } else { moved.at_rate(rate) }];
    let (mut held, mut told) = (0, [Booked::default(); 2]);
    for book in books {
        held += i128::from(book.position.0);
        let until = both.map(|moved| match whole {
            // Of nothing held there are no parts.
            0 => moved,
            _ => moved.each(|amount| Money((amount.0 * held).div_euclid(whole))),
        });
        let mut parts = until;
        for (part, told) in parts.iter_mut().zip(told) {
            *part += told.each(|amount| -amount);
        }
        told = until;
        let [own, account] = parts;
        book.sums.booked += own;
        book.account.booked += account;
        if let Some(hour) = hour.filter(|_| own != Booked::default() || account != Booked::default()) {
            let slot = book.slot(hour);
            slot.sums.booked += own;
            slot.account.booked += account;
        }
    }
}

#[cfg(test)]
#[path = "attribution_tests.rs"]
mod tests;
