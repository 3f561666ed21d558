//! What a sweep keeps of a run: a few sums, and the gains by time slice that statistics are made of.
//!
//! Looks at the same moments as `reports::Recorder` does (a packet's end while something is held, a fill, a change of
//! the market's condition), so that its sums are the report's; keeps no series longer than the slices.

use crate::backtest::Observer;
use engine::Engine;
use serde::{Deserialize, Serialize};
use types::{Command, Event, Flags, Input, InstrumentId, Liquidity, Lots, Money, Nanos, Outcome};

/// Time in equal slices: the same for every run over the same data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slices {
    /// When the first starts.
    pub from: Nanos,
    /// How long each is.
    pub width: Nanos,
    /// How many; what comes after the last belongs to it.
    pub count: usize,
}

/// Steps people count time in, in seconds.
const WIDTHS: [i64; 19] = [
    1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 14_400, 28_800, 43_200, 86_400, 604_800,
];
/// About as many slices are cut unless the user says how long each is: enough for a deviation, and for 16 blocks of
/// four.
const WANTED: i64 = 64;
/// As many days speak for themselves.
const DAYS: i64 = 20;
/// More than these make files of results large and no statistic better.
pub const SLICES_MAX: i64 = 10_000;

impl Slices {
    /// Of a span of venue time, `width` each if the user said so; days when there are some, else a round length. They
    /// start at multiples of it.
    #[must_use]
    pub fn over(first: Nanos, last: Nanos, width: Option<Nanos>) -> Self {
        let span = (last - first).0.max(1);
        let round = || {
            let days = 86_400_000_000_000;
            if span / days >= DAYS {
                return days;
            }
            let fits = |seconds: &&i64| span / (**seconds * 1_000_000_000) <= WANTED * 3 / 2;
            WIDTHS.iter().find(fits).map_or(days, |seconds| seconds * 1_000_000_000)
        };
        let width = width.map_or_else(round, |width| width.0).max(1).max(span / SLICES_MAX);
        let from = first.0.div_euclid(width) * width;
        let count = usize::try_from((last.0 - from) / width + 1).unwrap_or(1);
        Self { from: Nanos(from), width: Nanos(width), count }
    }

    /// When slice `at` starts.
    #[must_use]
    pub fn start(&self, at: usize) -> Nanos {
        Nanos(self.from.0 + self.width.0 * i64::try_from(at).unwrap_or(i64::MAX))
    }

    fn at(&self, now: Nanos) -> usize {
        let at = (now - self.from).0 / self.width.0;
        usize::try_from(at).unwrap_or(0).min(self.count - 1)
    }
}

/// The outcome of one run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tally {
    /// After fees.
    pub net: f64,
    /// The deepest fall of equity, zero or below.
    pub max_drawdown: f64,
    /// Positive when paid.
    pub fees: f64,
    /// How many fills.
    pub fills: u64,
    /// Of them, how many gave liquidity.
    pub fills_maker: u64,
    /// The worth of what changed hands.
    pub turnover: f64,
    /// New orders sent.
    pub orders: u64,
    /// Inputs the engine stepped on.
    pub inputs: u64,
    /// What was gained in each slice; `None` where the market was silent.
    pub slices: Vec<Option<f64>>,
}

impl Tally {
    /// The gains of all slices in which there was a market.
    #[must_use]
    pub fn gains(&self) -> Vec<f64> {
        self.slices.iter().flatten().copied().collect()
    }
}

/// Watches one run.
#[derive(Debug)]
pub struct Teller {
    slices: Slices,
    is_traded: Vec<bool>,
    positions: Vec<Lots>,
    held: usize,
    touched: bool,
    earned: Money,
    peak: Money,
    worst: Money,
    /// By slice: what was earned at its end, and whether there was a market in it.
    ends: Vec<(Money, bool)>,
    here: usize,
    fills: u64,
    fills_maker: u64,
    orders: u64,
    inputs: u64,
}

impl Teller {
    /// Before the first input of a run that trades these of so many instruments.
    #[must_use]
    pub fn new(slices: Slices, traded: &[InstrumentId], instruments: usize) -> Self {
        let mut is_traded = vec![false; instruments];
        traded.iter().for_each(|id| is_traded[id.index()] = true);
        Self {
            slices,
            is_traded,
            positions: vec![Lots::ZERO; instruments],
            held: 0,
            touched: false,
            earned: Money::ZERO,
            peak: Money::ZERO,
            worst: Money::ZERO,
            ends: vec![(Money::ZERO, false); slices.count],
            here: 0,
            fills: 0,
            fills_maker: 0,
            orders: 0,
            inputs: 0,
        }
    }

    fn note(&mut self, now: Nanos, engine: &Engine) {
        self.move_on(now);
        self.earned = engine.equity();
        self.peak = self.peak.max(self.earned);
        self.worst = self.worst.min(self.earned - self.peak);
    }

    /// Closes the slices that ended by now, with what was earned until then.
    #[inline]
    fn move_on(&mut self, now: Nanos) {
        let at = self.slices.at(now);
        while self.here < at {
            self.ends[self.here].0 = self.earned;
            self.here += 1;
        }
    }

    #[inline]
    fn on_market(&mut self, now: Nanos, id: InstrumentId, flags: Flags, engine: &Engine) {
        self.touched |= self.is_traded[id.index()];
        if flags.has(Flags::LAST) {
            self.on_packet_end(now, engine);
        }
    }

    #[inline]
    fn on_packet_end(&mut self, now: Nanos, engine: &Engine) {
        if std::mem::take(&mut self.touched) {
            self.move_on(now);
            self.ends[self.here].1 = true;
            if self.held > 0 || engine.portfolio().is_priced() {
                self.note(now, engine);
            }
        }
    }

    fn on_fill(&mut self, now: Nanos, id: InstrumentId, liquidity: Liquidity, engine: &Engine) {
        let (before, after) = (self.positions[id.index()], engine.portfolio().position(id));
        // What the portfolio did not book (a fill told twice) is none.
        if before == after {
            return;
        }
        self.positions[id.index()] = after;
        self.held = self.held + usize::from(before.is_zero()) - usize::from(after.is_zero());
        self.fills += 1;
        self.fills_maker += u64::from(liquidity == Liquidity::Maker);
        self.note(now, engine);
    }

    /// The run is over.
    #[must_use]
    pub fn finish(mut self, engine: &Engine) -> Tally {
        if engine.portfolio().is_priced() {
            self.earned = engine.equity();
        }
        for end in &mut self.ends[self.here..] {
            end.0 = self.earned;
        }
        let mut before = Money::ZERO;
        let mut gain = |(at, has_market): &(Money, bool)| {
            let gained = *at - before;
            before = *at;
            (*has_market || gained != Money::ZERO).then(|| gained.to_f64())
        };
        let slices = self.ends.iter().map(&mut gain).collect();
        let books = engine.portfolio().books();
        let turnover: Money = books.turnover.into_iter().sum();
        Tally {
            net: engine.equity().to_f64(),
            max_drawdown: self.worst.to_f64(),
            fees: books.fees.to_f64(),
            fills: self.fills,
            fills_maker: self.fills_maker,
            turnover: turnover.to_f64(),
            orders: self.orders,
            inputs: self.inputs,
            slices,
        }
    }
}

impl Observer for Teller {
    #[inline]
    fn on_step(&mut self, input: &Input, commands: &[Command], engine: &Engine) {
        let now = input.received_at;
        self.inputs += 1;
        match &input.event {
            Event::Level(e) => self.on_market(now, e.instrument, e.flags, engine),
            Event::Order(e) => self.on_market(now, e.instrument, e.flags, engine),
            Event::Trade(_) | Event::Statistic(_) | Event::TradeBust(_) => {
                if input.event.flags().has(Flags::LAST) {
                    self.on_packet_end(now, engine);
                }
            }
            Event::Status(_) | Event::Gap(_) => {
                self.touched = true;
                self.on_packet_end(now, engine);
            }
            Event::Report(report) => {
                if let Outcome::Filled { liquidity, .. } = report.outcome {
                    self.on_fill(now, report.instrument, liquidity, engine);
                }
            }
            Event::Cash(_) => self.note(now, engine),
            Event::Timer(_)
            | Event::Operator(_)
            | Event::QuoteRequest(_)
            | Event::Bar { .. }
            | Event::Session(_)
            | Event::DropCopy(_)
            | Event::Clock(_) => {}
        }
        let is_new = |command: &&Command| matches!(command, Command::Place(_));
        self.orders += commands.iter().filter(is_new).count() as u64;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slices_are_round_and_cover_the_span() {
        let at = |seconds: i64| Nanos::from_secs(1_767_623_400 + seconds);
        let check = |seconds: i64, width: Option<i64>, due: (i64, usize)| {
            let slices = Slices::over(at(0), at(seconds), width.map(Nanos::from_secs));
            assert_eq!((slices.width.0 / 1_000_000_000, slices.count), due, "{seconds}");
            assert!(slices.start(0) <= at(0) && at(seconds) < slices.start(slices.count));
        };
        check(0, None, (1, 1));
        check(1_800, None, (30, 61));
        check(86_399, None, (900, 96));
        check(40 * 86_400, None, (86_400, 41));
        check(1_800, Some(600), (600, 4));
        assert!(Slices::over(at(0), at(86_400 * 365), Some(Nanos(1))).count <= 10_002);
    }
}
