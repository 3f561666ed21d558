//! One traded instrument over a run: its market, our position in it, our presence, our fills.
//!
//! Durations are summed when something changes, not on every event: an event that leaves the touch and the book's
//! state as they were costs three comparisons.

use crate::aftermath::{Aftermath, Fill};
use crate::mids::Mid;
use crate::quotes::Presence;
use crate::series::{Marks, Prints, Series};
use crate::watched::Market;
use types::{Instrument, Liquidity, Lots, Money, Nanos, Side, Ticks};

/// Marks of each side on the price chart.
const MARKS: usize = 400;

/// Sums over time of one instrument, in nanoseconds.
#[derive(Clone, Copy, Debug, Default)]
pub struct Spent {
    /// By [`Market`].
    pub market: [i64; 4],
    /// With a position.
    pub positioned: i64,
    /// With a working order on at least one side.
    pub quoted: i64,
    /// With working orders on both sides.
    pub quoted_both: i64,
    /// Σ position × time, in lots × nanoseconds.
    pub position: i128,
    /// Σ |position| × time.
    pub position_abs: i128,
    /// All of it.
    pub total: i64,
}

/// Counts and sums of our fills.
#[derive(Clone, Copy, Debug, Default)]
pub struct Traded {
    /// By liquidity: maker, taker.
    pub fills: [u64; 2],
    /// By liquidity.
    pub lots: [i128; 2],
    /// By liquidity: the worth of what changed hands.
    pub turnover: [Money; 2],
    /// What the whole market traded, in lots.
    pub market_lots: i128,
    /// In how many trades.
    pub market_trades: u64,
}

/// One traded instrument.
#[derive(Clone, Debug)]
pub struct Watch {
    /// Whose.
    pub instrument: Instrument,
    /// Whether it changed in the packet being read.
    pub touched: bool,
    /// The venue's time of that change.
    pub touched_at: Nanos,
    /// At the last step.
    pub position: Lots,
    /// What was paid in fees by then.
    pub fees: Money,
    /// The farthest long, zero or above.
    pub longest: Lots,
    /// The farthest short, zero or below.
    pub shortest: Lots,
    /// Durations until `since`.
    pub spent: Spent,
    /// Our fills.
    pub traded: Traded,
    /// The mid, in half ticks.
    pub mid: Series<i64>,
    /// The position, in lots.
    pub inventory: Series<i64>,
    /// Our fills on the price chart.
    pub marks: Marks,
    /// What the market did after our fills.
    pub aftermath: Aftermath,
    since: Nanos,
    market: Market,
    working: [u32; 2],
}

impl Watch {
    /// Before the first input.
    #[must_use]
    pub fn new(instrument: Instrument, attribution_after: Nanos) -> Self {
        Self {
            instrument,
            touched: false,
            touched_at: Nanos::MIN,
            position: Lots::ZERO,
            fees: Money::ZERO,
            longest: Lots::ZERO,
            shortest: Lots::ZERO,
            spent: Spent::default(),
            traded: Traded::default(),
            mid: Series::new(),
            inventory: Series::new(),
            marks: Marks::with_limit(MARKS),
            aftermath: Aftermath::new(attribution_after),
            since: Nanos::MIN,
            market: Market::Building,
            working: [0; 2],
        }
    }

    /// The first input came.
    pub fn start(&mut self, now: Nanos) {
        self.since = now;
        self.inventory.push(now, 0);
    }

    /// The book is consistent again.
    #[inline]
    pub fn on_book(&mut self, now: Nanos, venue_at: Nanos, market: Market, touch: Option<Mid>) {
        if market != self.market {
            self.spend(now);
            self.market = market;
        }
        let mid = touch.filter(|mid| market == Market::Live && self.is_price(mid.bid));
        if let Some(mid) = mid {
            // i64 holds any sum of two prices a venue has; a hostile one sticks at the edge.
            self.mid.push(now, mid.bid.0.saturating_add(mid.ask.0));
        }
        self.aftermath.on_mid(&self.instrument, venue_at, mid);
    }

    /// An inverse contract is worth nothing that can be said at zero or below.
    fn is_price(&self, price: Ticks) -> bool {
        self.instrument.terms().contract == types::Contract::Linear || price.0 > 0
    }

    /// The portfolio booked a fill: the position is `position` now.
    pub fn on_fill(
        &mut self,
        now: Nanos,
        venue_at: Nanos,
        price: Ticks,
        liquidity: Liquidity,
        position: Lots,
    ) {
        let signed = position - self.position;
        let Some(side) = signed.side() else { return };
        self.spend(now);
        self.position = position;
        self.longest = self.longest.max(position);
        self.shortest = self.shortest.min(position);
        self.inventory.push(now, position.0);
        self.marks.push(side, Prints::one(now, price, signed.abs().0));
        let at = liquidity as usize;
        self.traded.fills[at] += 1;
        self.traded.lots[at] += i128::from(signed.abs().0);
        self.traded.turnover[at] += self.instrument.notional(price, signed);
        self.aftermath.on_fill(&self.instrument, Fill { venue_at, price, signed, liquidity });
    }

    /// A working order of ours came or went.
    pub fn on_presence(&mut self, now: Nanos, presence: Presence) {
        self.spend(now);
        let count = &mut self.working[presence.side.index()];
        *count = if presence.came { *count + 1 } else { count.saturating_sub(1) };
    }

    /// The market traded.
    #[inline]
    pub fn on_trade(&mut self, size: Lots) {
        self.traded.market_lots += i128::from(size.0);
        self.traded.market_trades += 1;
    }

    /// Adds the time since the last change to what held meanwhile.
    pub fn spend(&mut self, now: Nanos) {
        let span = (now - self.since).0.max(0);
        self.since = self.since.max(now);
        let spent = &mut self.spent;
        spent.total += span;
        spent.market[self.market as usize] += span;
        spent.position += i128::from(self.position.0) * i128::from(span);
        spent.position_abs += i128::from(self.position.0.abs()) * i128::from(span);
        if !self.position.is_zero() {
            spent.positioned += span;
        }
        let [buys, sells] = Side::BOTH.map(|side| self.working[side.index()] > 0);
        if buys || sells {
            spent.quoted += span;
        }
        if buys && sells {
            spent.quoted_both += span;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::instrument;
    use types::{Contract, InstrumentId};

    #[test]
    fn durations_add_up_by_what_held() {
        let mut watch = Watch::new(instrument(0, "ESZ6", Contract::Linear), Nanos::from_secs(10));
        let at = Nanos::from_secs;
        let mid = Some(Mid { bid: Ticks(100), ask: Ticks(101) });
        let presence = |side, came| Presence { instrument: InstrumentId(0), side, came };
        watch.start(at(0));
        watch.on_book(at(10), at(10), Market::Live, mid);
        watch.on_presence(at(12), presence(Side::Buy, true));
        watch.on_presence(at(14), presence(Side::Sell, true));
        watch.on_fill(at(20), at(20), Ticks(100), Liquidity::Maker, Lots(3));
        watch.on_presence(at(20), presence(Side::Buy, false));
        watch.on_book(at(24), at(24), Market::Crossed, mid);
        watch.on_book(at(25), at(25), Market::Stale, None);
        watch.on_fill(at(30), at(30), Ticks(101), Liquidity::Taker, Lots(-1));
        watch.spend(at(40));
        let spent = watch.spent;
        assert_eq!(spent.market.map(|n| n / 1_000_000_000), [10, 14, 1, 15]);
        let seconds =
            [spent.positioned, spent.quoted, spent.quoted_both, spent.total].map(|n| n / 1_000_000_000);
        assert_eq!(seconds, [20, 28, 6, 40]);
        assert_eq!(spent.position / 1_000_000_000, 3 * 10 - 10);
        assert_eq!(spent.position_abs / 1_000_000_000, 3 * 10 + 10);
        assert_eq!((watch.longest, watch.shortest), (Lots(3), Lots(-1)));
        assert_eq!((watch.traded.fills, watch.traded.lots), ([1, 1], [3, 4]));
    }
}
