//! How often the market's orders arrive, and how deep they reach: `λ(δ) = A·e^(-kδ)`, the rate at which an order
//! resting `δ` ticks from the mid would be reached. Owns a rolling window of counts; never looks at sizes.
//!
//! Cost: a trade is one shift and one add; a book change is one compare; a fit is at most 32 logarithms and is
//! made only when asked for. Memory: 64 slots of 136 bytes.

use serde::{Deserialize, Serialize};
use stdx::math;
use types::{Flags, Nanos, Side, Ticks, Trade};

/// Depths told apart: 0, ½, 1, 1½, 2, 3, 4, 6, 8, 12 … 24,576 ticks; see [`edge_half_ticks`].
const DEPTHS: usize = 32;
/// The window moves on in this many steps.
const SLOTS: usize = 64;
/// A depth reached fewer times says nothing: the error of its logarithm is beyond 0.4.
const REACHED_MIN: u64 = 5;
/// Below this many arrivals there is no fit: k's error, about `k / √n`, is beyond a fifth.
const ARRIVALS_MIN: u64 = 25;

/// The law of arrivals in a window, for **one** side of the book (both sides are counted, and halved).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Fit {
    /// `A`: arrivals a second that reach the mid.
    pub rate_per_second: f64,
    /// `k`: how the rate falls with each tick of depth.
    pub decay_per_tick: f64,
    /// How many arrivals it rests on.
    pub arrivals: u64,
    /// Through how many depths the line was drawn.
    pub depths: usize,
}

/// Counts arrivals by depth over a rolling window of live time, and fits `λ(δ)`.
///
/// An **arrival** is one aggressive order: trades of one side with one venue time are one arrival as deep as the
/// deepest of them, measured from the mid before the first. Avellaneda & Stoikov (2008), section 2.5, derive the
/// exponential law; calibrating it by a line through the logarithms of the measured rates is Laruelle's (2013,
/// and Guéant 2016, section 10.3). The line is weighted by the count behind each point, because the logarithm of
/// a Poisson count of `n` has variance `1/n`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Intensity {
    slot_ns: i64,
    slots: Vec<Slot>,
    /// The sum of all slots.
    total: Slot64,
    /// The slot being filled.
    current: usize,
    /// Where the current slot ends.
    slot_end: Nanos,
    /// Up to when live time has been counted.
    counted_to: Nanos,
    /// Twice the mid, in ticks; `None` while the book cannot be trusted.
    mid_twice: Option<i128>,
    arrival: Option<Arrival>,
    started: bool,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Slot {
    live_ns: i64,
    reached: [u32; DEPTHS],
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Slot64 {
    live_ns: i64,
    reached: [u64; DEPTHS],
}

/// An aggressive order that may still be trading.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Arrival {
    venue_at: Nanos,
    side: Side,
    mid_twice: i128,
    /// Where it is counted now.
    depth: usize,
    /// In which slot.
    slot: usize,
}

impl Intensity {
    /// Looks back over `window` of engine time.
    ///
    /// # Panics
    /// When the window is shorter than 64 ns.
    #[must_use]
    pub fn new(window: Nanos) -> Self {
        let slot_ns = window.0 / i64::try_from(SLOTS).expect("64");
        assert!(slot_ns > 0, "a window without length");
        Self {
            slot_ns,
            slots: vec![Slot { live_ns: 0, reached: [0; DEPTHS] }; SLOTS],
            total: Slot64 { live_ns: 0, reached: [0; DEPTHS] },
            current: 0,
            slot_end: Nanos::MIN,
            counted_to: Nanos::MIN,
            mid_twice: None,
            arrival: None,
            started: false,
        }
    }

    /// The book is live and this is its touch.
    #[inline]
    pub fn on_touch(&mut self, now: Nanos, bid: Ticks, ask: Ticks) {
        self.advance(now);
        self.mid_twice = Some(i128::from(bid.0) + i128::from(ask.0));
    }

    /// The book cannot be trusted from here to the next touch; that time is not counted.
    pub fn on_interruption(&mut self, now: Nanos) {
        self.advance(now);
        self.mid_twice = None;
        self.arrival = None;
    }

    /// The market traded.
    pub fn on_trade(&mut self, now: Nanos, trade: &Trade) {
        self.advance(now);
        // A hidden order, an auction or a cross does not tell what a displayed order would have met.
        if trade.flags.has(Flags::HIDDEN) {
            return;
        }
        let Some(mid_twice) = self.mid_twice else {
            return;
        };
        let Some(side) = aggressor(trade, mid_twice) else {
            return;
        };
        match self.arrival {
            Some(arrival) if arrival.venue_at == trade.venue_at && arrival.side == side => {
                self.deepen(arrival, trade);
            }
            Some(_) | None => self.arrive(side, mid_twice, trade),
        }
    }

    /// `λ(δ)` over the window; `None` until it holds 25 arrivals that stopped at two depths or more.
    #[must_use]
    pub fn fit(&self) -> Option<Fit> {
        let arrivals: u64 = self.total.reached.iter().sum();
        if arrivals < ARRIVALS_MIN || self.total.live_ns <= 0 {
            return None;
        }
        let mut line = Line::default();
        let mut reached = arrivals;
        for (depth, &stopped) in self.total.reached.iter().enumerate() {
            // Where none stopped, the rate is the next depth's: the same point at the wrong place.
            if stopped > 0 && reached >= REACHED_MIN {
                line.add(edge_half_ticks(depth) / 2.0, count(reached));
            }
            reached -= stopped;
        }
        let (intercept, slope) = line.solve()?;
        let live_s = Nanos(self.total.live_ns).to_secs_f64();
        let fit = Fit {
            rate_per_second: 0.5 * math::exp(intercept) / live_s,
            decay_per_tick: -slope,
            arrivals,
            depths: line.points,
        };
        // A rate that does not fall with depth is no law of this form: rounding or too few counts.
        (fit.decay_per_tick > 0.0 && fit.rate_per_second.is_finite()).then_some(fit)
    }

    /// Live time in the window, in seconds.
    #[must_use]
    pub fn live_seconds(&self) -> f64 {
        Nanos(self.total.live_ns).to_secs_f64()
    }

    fn arrive(&mut self, side: Side, mid_twice: i128, trade: &Trade) {
        let depth = depth_of(side, mid_twice, trade);
        self.slots[self.current].reached[depth] += 1;
        self.total.reached[depth] += 1;
        self.arrival = Some(Arrival { venue_at: trade.venue_at, side, mid_twice, depth, slot: self.current });
    }

    fn deepen(&mut self, arrival: Arrival, trade: &Trade) {
        let depth = depth_of(arrival.side, arrival.mid_twice, trade);
        if depth <= arrival.depth {
            return;
        }
        let slot = &mut self.slots[arrival.slot];
        slot.reached[arrival.depth] -= 1;
        slot.reached[depth] += 1;
        self.total.reached[arrival.depth] -= 1;
        self.total.reached[depth] += 1;
        self.arrival = Some(Arrival { depth, ..arrival });
    }

    /// Counts live time up to `now` and lets old slots go.
    #[inline]
    fn advance(&mut self, now: Nanos) {
        if now < self.slot_end && now >= self.counted_to {
            self.count_live(now);
        } else {
            self.advance_slots(now);
        }
    }

    fn advance_slots(&mut self, now: Nanos) {
        if !self.started {
            self.started = true;
            self.counted_to = now;
            self.slot_end = now + Nanos(self.slot_ns);
            return;
        }
        if now < self.counted_to {
            return; // Time went back: counted already.
        }
        // After a silence longer than the window only its last part matters.
        let horizon = self.slot_ns.saturating_mul(i64::try_from(SLOTS).expect("64"));
        let excess = (now - self.slot_end).0.saturating_sub(horizon) / self.slot_ns;
        if excess > 0 {
            let skipped = Nanos(excess * self.slot_ns);
            self.counted_to = self.slot_end + skipped;
            self.slot_end = self.slot_end + skipped + Nanos(self.slot_ns);
            self.rotate();
        }
        // The end of time is no slot's end.
        while now >= self.slot_end && self.slot_end < Nanos::MAX {
            self.count_live(self.slot_end);
            self.slot_end = self.slot_end + Nanos(self.slot_ns);
            self.rotate();
        }
        self.count_live(now);
    }

    #[inline]
    fn count_live(&mut self, to: Nanos) {
        if self.mid_twice.is_some() {
            let live_ns = (to - self.counted_to).0;
            self.slots[self.current].live_ns += live_ns;
            self.total.live_ns += live_ns;
        }
        self.counted_to = to;
    }

    fn rotate(&mut self) {
        self.current = (self.current + 1) % SLOTS;
        let oldest = &mut self.slots[self.current];
        self.total.live_ns -= oldest.live_ns;
        for (total, slot) in self.total.reached.iter_mut().zip(&mut oldest.reached) {
            *total -= u64::from(*slot);
            *slot = 0;
        }
        oldest.live_ns = 0;
        // An order that trades on across a slot's end is still one, unless its own slot is the one let go.
        self.arrival = self.arrival.filter(|arrival| arrival.slot != self.current);
    }
}

/// Who crossed the spread; where the venue does not say, the side of the mid tells.
fn aggressor(trade: &Trade, mid_twice: i128) -> Option<Side> {
    trade.aggressor.or_else(|| match beyond_mid(trade, mid_twice).cmp(&0) {
        std::cmp::Ordering::Greater => Some(Side::Buy),
        std::cmp::Ordering::Less => Some(Side::Sell),
        std::cmp::Ordering::Equal => None,
    })
}

/// The trade's price above the mid, in ten-thousandths of a half tick.
fn beyond_mid(trade: &Trade, mid_twice: i128) -> i128 {
    2 * (i128::from(trade.price.0) * 10_000 + i128::from(trade.price_fraction)) - mid_twice * 10_000
}

fn depth_of(side: Side, mid_twice: i128, trade: &Trade) -> usize {
    let outwards = beyond_mid(trade, mid_twice) * i128::from(side.sign());
    // On the wrong side of a mid that has just moved: it reached no depth at all.
    depth_index(u64::try_from(outwards.max(0) / 10_000).unwrap_or(u64::MAX))
}

/// The last depth that `half_ticks` reaches: two depths for each power of two.
fn depth_index(half_ticks: u64) -> usize {
    if half_ticks < 2 {
        return usize::from(half_ticks == 1);
    }
    let power = half_ticks.ilog2();
    let upper_half = (half_ticks >> (power - 1)) & 1;
    let index = 2 * power + u32::from(upper_half == 1);
    usize::try_from(index).map_or(DEPTHS - 1, |index| index.min(DEPTHS - 1))
}

/// Where a depth begins, in half ticks: 0, 1, 2, 3, 4, 6, 8, 12 …
fn edge_half_ticks(index: usize) -> f64 {
    let half_ticks = match index {
        0 | 1 => index,
        _ => (2 + index % 2) << (index / 2 - 1),
    };
    u32::try_from(half_ticks).map_or(f64::INFINITY, f64::from)
}

/// A weighted least-squares line of ln(count) over depth.
#[derive(Default)]
struct Line {
    points: usize,
    w: f64,
    wx: f64,
    wy: f64,
    wxx: f64,
    wxy: f64,
}

impl Line {
    fn add(&mut self, depth_ticks: f64, reached: f64) {
        let (w, x, y) = (reached, depth_ticks, math::ln(reached));
        self.points += 1;
        self.w += w;
        self.wx += w * x;
        self.wy += w * y;
        self.wxx += w * x * x;
        self.wxy += w * x * y;
    }

    /// Intercept and slope.
    fn solve(&self) -> Option<(f64, f64)> {
        if self.points < 2 {
            return None;
        }
        let slope = (self.w * self.wxy - self.wx * self.wy) / (self.w * self.wxx - self.wx * self.wx);
        Some(((self.wy - slope * self.wx) / self.w, slope))
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts in a window are far below 2^53")]
const fn count(n: u64) -> f64 {
    n as f64
}

#[cfg(test)]
#[path = "intensity_tests.rs"]
mod tests;
