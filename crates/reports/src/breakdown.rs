//! The P&L by strategy, by instrument, by side and by time of day, as the report tells it. What each word means stands
//! in [`crate::attribution`].
//!
//! Rows over several instruments are in the account's currency; rows of one instrument are in its own.

use crate::about::About;
use crate::attribution::{Book, HOUR, SIDES, Slot, Split, Sums};
use crate::report::{Cash, Pnl};
use crate::watch::Watch;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use types::{Liquidity, Money, Nanos, Side};

/// A strategy of the run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StrategyName {
    /// What tables call it.
    pub label: String,
    /// Its name in the list of strategies.
    pub strategy: String,
    /// Every parameter, as a person would write them.
    pub parameters: String,
    /// What it trades.
    pub symbols: Vec<String>,
}

/// What one group of fills earned.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// Of what.
    pub name: String,
    /// The P&L and its parts.
    pub pnl: Pnl,
    /// Fills that gave liquidity.
    pub fills_maker: u64,
    /// Fills that took it.
    pub fills_taker: u64,
    /// The worth of what changed hands.
    pub turnover: Cash,
}

/// One strategy in one instrument.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holding {
    /// Who.
    pub strategy: String,
    /// In what.
    pub symbol: String,
    /// What amounts are in.
    pub currency: String,
    /// The P&L and its parts.
    pub pnl: Pnl,
    /// Fills that gave liquidity.
    pub fills_maker: u64,
    /// Fills that took it.
    pub fills_taker: u64,
    /// What was traded.
    pub volume_lots: i128,
    /// The worth of it.
    pub turnover: Cash,
    /// What the strategy's own fills hold at the end.
    pub position: i64,
    /// The farthest long they held.
    pub max_long: i64,
    /// The farthest short, zero or below.
    pub max_short: i64,
}

/// Times of day by one clock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clock {
    /// Whose: `UTC`, or a zone of the IANA database.
    pub zone: String,
    /// Hours of the day in which something was earned or traded, by when they begin.
    pub rows: Vec<Row>,
}

/// An hour of one strategy in one instrument.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hour {
    /// When it begins.
    pub hour_at: i64,
    /// Whose.
    pub strategy: String,
    /// In what.
    pub symbol: String,
    /// What amounts are in.
    pub currency: String,
    /// The P&L and its parts.
    pub pnl: Pnl,
    /// Fills that gave liquidity.
    pub fills_maker: u64,
    /// Fills that took it.
    pub fills_taker: u64,
    /// What was traded.
    pub volume_lots: i128,
    /// The worth of it.
    pub turnover: Cash,
    /// The net P&L in the account's currency.
    pub worth: Cash,
}

/// Every breakdown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Breakdown {
    /// By strategy.
    pub strategies: Vec<Row>,
    /// By strategy and instrument, with what is held.
    pub holdings: Vec<Holding>,
    /// By side and liquidity.
    pub sides: Vec<Row>,
    /// By time of day: UTC, and the exchange's clock when it is known.
    pub clocks: Vec<Clock>,
    /// By hour, strategy and instrument.
    pub hours: Vec<Hour>,
}

/// A sum in the making.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Gathered {
    split: Split,
    sums: Sums,
}

impl Gathered {
    pub(crate) fn add(&mut self, net: Money, sums: &Sums) {
        self.split.absorb(&Split::of(net, sums));
        self.sums.absorb(sums);
    }

    pub(crate) fn absorb(&mut self, other: &Self) {
        self.split.absorb(&other.split);
        self.sums.absorb(&other.sums);
    }

    pub(crate) fn row(&self, name: String) -> Row {
        Row {
            name,
            pnl: Pnl::of(&self.split),
            fills_maker: self.sums.fills[Liquidity::Maker as usize],
            fills_taker: self.sums.fills[Liquidity::Taker as usize],
            turnover: Cash(self.sums.turnover),
        }
    }
}

impl Breakdown {
    /// Of what was watched; and the whole, which all rows of one table add up to.
    pub(crate) fn of(about: &About, watches: &[Watch]) -> (Self, Split) {
        let label = |at: usize| about.strategies.get(at).map_or(String::new(), |one| one.label.clone());
        let count = about.strategies.len().max(1);
        let (mut strategies, mut sides) = (vec![Gathered::default(); count], [Gathered::default(); 4]);
        // By currency: what the books so far earned.
        let (mut first, mut second) = (BTreeMap::new(), BTreeMap::new());
        for watch in watches {
            let (told, currency) = (&watch.aftermath.attribution, watch.instrument.currency());
            let earned = first.entry(currency).or_default();
            let nets = told.worths(&told.strategy_nets(&watch.instrument), earned);
            gather(&mut strategies, &told.strategies, nets);
            let earned = second.entry(currency).or_default();
            gather(&mut sides, &told.sides, told.worths(&told.side_nets(&watch.instrument), earned));
        }
        let mut whole = Gathered::default();
        strategies.iter().for_each(|one| whole.absorb(one));
        let books = || watches.iter().flat_map(|watch| &watch.aftermath.attribution.strategies);
        let slots = || books().flat_map(|book| &book.hours);
        let mut clocks = vec![clock("UTC".into(), slots(), |at| at.0)];
        if let Some((name, zone)) = about.zone.as_ref().filter(|(name, _)| name != "UTC") {
            clocks.push(clock(name.clone(), slots(), |at| zone.wall(at).0));
        }
        let side = |(sum, (side, liquidity)): (&Gathered, (Side, Liquidity))| {
            sum.row(side_name(side, liquidity).to_owned())
        };
        let breakdown = Self {
            strategies: strategies.iter().enumerate().map(|(at, sum)| sum.row(label(at))).collect(),
            holdings: watches
                .iter()
                .flat_map(|w| holdings(w, &about.name_of(&w.instrument), &label))
                .collect(),
            sides: sides.iter().zip(SIDES).map(side).collect(),
            clocks,
            hours: hours(about, watches, &label),
        };
        (breakdown, whole.split)
    }
}

const fn side_name(side: Side, liquidity: Liquidity) -> &'static str {
    match (side, liquidity) {
        (Side::Buy, Liquidity::Maker) => "bought, maker",
        (Side::Buy, Liquidity::Taker) => "bought, taker",
        (Side::Sell, Liquidity::Maker) => "sold, maker",
        (Side::Sell, Liquidity::Taker) => "sold, taker",
    }
}

fn gather(into: &mut [Gathered], books: &[Book], nets: Vec<Money>) {
    for ((sum, book), net) in into.iter_mut().zip(books).zip(nets) {
        sum.add(net, &book.account);
    }
}

/// Slots by the hour of the day at which they begin; `wall` says what a clock shows.
fn clock<'a>(zone: String, slots: impl Iterator<Item = &'a Slot>, wall: impl Fn(Nanos) -> i64) -> Clock {
    const DAY: i64 = 24 * HOUR;
    const MINUTE: i64 = HOUR / 60;
    let mut by_time: BTreeMap<i64, Gathered> = BTreeMap::new();
    for slot in slots {
        let time = wall(Nanos(slot.hour.saturating_mul(HOUR))).rem_euclid(DAY);
        by_time.entry(time).or_default().add(slot.account_net, &slot.account);
    }
    let name = |time: i64| format!("{:02}:{:02}", time / HOUR, time % HOUR / MINUTE);
    Clock { zone, rows: by_time.iter().map(|(time, sum)| sum.row(name(*time))).collect() }
}

fn holdings(watch: &Watch, name: &str, label: &dyn Fn(usize) -> String) -> Vec<Holding> {
    let told = &watch.aftermath.attribution;
    let nets = told.strategy_nets(&watch.instrument);
    let of = |(at, (book, net)): (usize, (&Book, Money))| Holding {
        strategy: label(at),
        symbol: name.to_owned(),
        currency: watch.instrument.currency().into(),
        pnl: Pnl::of(&Split::of(net, &book.sums)),
        fills_maker: book.sums.fills[0],
        fills_taker: book.sums.fills[1],
        volume_lots: book.sums.lots,
        turnover: Cash(book.sums.turnover),
        position: book.position.0,
        max_long: book.longest.0,
        max_short: book.shortest.0,
    };
    let traded = |book: &Book| book.sums.lots > 0 || told.strategies.len() == 1;
    let all = told.strategies.iter().zip(nets).enumerate();
    all.filter(|(_, (book, _))| traded(book)).map(of).collect()
}

fn hours(about: &About, watches: &[Watch], label: &dyn Fn(usize) -> String) -> Vec<Hour> {
    let mut hours = Vec::new();
    for watch in watches {
        let name = about.name_of(&watch.instrument);
        for (at, book) in watch.aftermath.attribution.strategies.iter().enumerate() {
            hours.extend(book.hours.iter().map(|slot| Hour {
                hour_at: slot.hour.saturating_mul(HOUR),
                strategy: label(at),
                symbol: name.clone(),
                currency: watch.instrument.currency().into(),
                pnl: Pnl::of(&Split::of(slot.net, &slot.sums)),
                fills_maker: slot.sums.fills[0],
                fills_taker: slot.sums.fills[1],
                volume_lots: slot.sums.lots,
                turnover: Cash(slot.sums.turnover),
                worth: Cash(slot.account_net),
            }));
        }
    }
    // Of one hour, strategies and instruments stay in the run's order: the sort is stable.
    hours.sort_by_key(|hour| hour.hour_at);
    hours
}
