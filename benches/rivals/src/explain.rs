//! Why two simulators fill the same order at different times: a third one, obvious and slow, in which each rule on which
//! they differ can be turned by itself.
//!
//! It follows a list of orders through the market, keeps levels in ordered maps, and estimates queues in whole steps.
//! With all rules ours it must end every order as our venue does, with all rules theirs as hftbacktest does; so the
//! rules whose turning changes an order's end are why they differ.

use crate::orders::{End, Fill, Order};
use crate::workload::{EXPONENT, LATENCY_NS, Queue};
use runtime::feed::Moment;
use std::collections::BTreeMap;
use types::{Event, LevelAction, Liquidity, Lots, Nanos, Side};

/// A rule on which we and hftbacktest differ on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rule {
    /// A trade that was received behind the level change that shows it. We count it once; there it counts twice: the
    /// level has shrunk by it, and it trades again.
    LateTrade,
    /// A level change that follows trades: what cancelled is split between ahead and behind. We take what traded out
    /// first, for it stood ahead; there it still counts as standing behind.
    TradedStandsBehind,
    /// A level change takes more from ahead than stands there. We stop at nothing; there the estimate goes below it, as if
    /// lots had traded already, and with the logarithm, which has no value there, the whole level is ahead again.
    BelowZero,
    /// Less than a whole lot reaches us, the estimate of what is ahead being a fraction. We wait for a whole lot; there
    /// half a lot will do, and a trade that falls short leaves less than nothing ahead.
    HalfALot,
}

impl Rule {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::LateTrade, Self::TradedStandsBehind, Self::BelowZero, Self::HalfALot];
}

/// Which rules are theirs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rules(u8);

impl Rules {
    /// None: ours.
    pub const OURS: Self = Self(0);
    /// All.
    pub const THEIRS: Self = Self(0b1111);

    /// Every choice of them, fewer first.
    #[must_use]
    pub fn choices() -> Vec<Self> {
        let mut all: Vec<Self> = (0..16).map(Self).collect();
        all.sort_by_key(|rules| rules.0.count_ones());
        all
    }

    /// Whether a rule is theirs.
    #[must_use]
    pub const fn has(self, rule: Rule) -> bool {
        self.0 & (1 << rule as u8) != 0
    }

    /// Those that are theirs.
    #[must_use]
    pub fn names(self) -> Vec<Rule> {
        Rule::ALL.into_iter().filter(|rule| self.has(*rule)).collect()
    }
}

/// An order at the venue.
struct Working {
    index: usize,
    side: Side,
    price: i64,
    /// Before us, in lots.
    ahead: f64,
    /// Traded at our price since the level last changed, and when.
    traded: i64,
    traded_at: Nanos,
    /// What the last level change took for cancelled, how much of it from ahead, and when.
    cancelled: i64,
    cancelled_ahead: f64,
    level_at: Nanos,
}

struct Market<'a> {
    orders: &'a [Order],
    order_size: Lots,
    queue: Queue,
    rules: Rules,
    levels: [BTreeMap<i64, i64>; 2],
    working: Vec<Working>,
    ends: Vec<End>,
}

/// How each order ends.
#[must_use]
pub fn ends(moments: &[Moment], orders: &[Order], order_size: Lots, queue: Queue, rules: Rules) -> Vec<End> {
    let levels = [BTreeMap::new(), BTreeMap::new()];
    let ends = vec![End::Open; orders.len()];
    let mut market = Market { orders, order_size, queue, rules, levels, working: Vec::new(), ends };
    // Cancels of a moment leave before its new orders do.
    let mut messages: Vec<(i64, bool, usize)> = Vec::new();
    for (index, order) in orders.iter().enumerate() {
        messages.push((order.placed_at.0 + LATENCY_NS, true, index));
        messages.extend(order.asked_back_at.map(|at| (at.0 + LATENCY_NS, false, index)));
    }
    messages.sort_unstable();
    let mut messages = messages.into_iter().peekable();
    for moment in moments {
        // The market wins a tie.
        while let Some((at, places, index)) = messages.next_if(|message| message.0 < moment.venue_at.0) {
            market.hear(Nanos(at), places, index);
        }
        market.on_event(moment);
    }
    for (at, places, index) in messages {
        market.hear(Nanos(at), places, index);
    }
    market.ends
}

impl Market<'_> {
    fn hear(&mut self, at: Nanos, places: bool, index: usize) {
        let order = &self.orders[index];
        if !places {
            if self.working.iter().any(|working| working.index == index) {
                self.working.retain(|working| working.index != index);
                self.ends[index] = End::Canceled(at);
            }
            return;
        }
        let (side, price) = (order.side, order.price.0);
        let would_take = match side {
            Side::Buy => self.levels[1].first_key_value().is_some_and(|(ask, _)| price >= *ask),
            Side::Sell => self.levels[0].last_key_value().is_some_and(|(bid, _)| price <= *bid),
        };
        if would_take {
            self.ends[index] = End::Refused;
            return;
        }
        let ahead = self.levels[side.index()].get(&price).copied().unwrap_or(0) as f64;
        self.working.push(Working {
            index,
            side,
            price,
            ahead,
            traded: 0,
            traded_at: Nanos::MIN,
            cancelled: 0,
            cancelled_ahead: 0.0,
            level_at: Nanos::MIN,
        });
    }

    fn on_event(&mut self, moment: &Moment) {
        let at = moment.venue_at;
        match &moment.event {
            Event::Level(delta) if delta.action == LevelAction::Clear => {
                self.levels.iter_mut().for_each(BTreeMap::clear)
            }
            Event::Level(delta) => {
                let size = if delta.action == LevelAction::Delete { 0 } else { delta.size.0 };
                self.on_level(at, delta.venue_at, delta.side, delta.price.0, size);
            }
            Event::Trade(trade) => {
                if let Some(aggressor) = trade.aggressor {
                    self.on_trade(at, trade.venue_at, !aggressor, trade.price.0, trade.size.0);
                }
            }
            _ => {}
        }
    }

    fn on_level(&mut self, at: Nanos, stamp: Nanos, side: Side, price: i64, size: i64) {
        let levels = &mut self.levels[side.index()];
        let before = if size > 0 { levels.insert(price, size) } else { levels.remove(&price) }.unwrap_or(0);
        for working in self.working.iter_mut().filter(|w| w.side == side && w.price == price) {
            working.on_level(before, size, stamp, self.queue, self.rules);
        }
        if size > before {
            // Whoever came to rest here would have traded with us.
            self.fill(at, |working| {
                working.side != side
                    && if side == Side::Buy { price >= working.price } else { price <= working.price }
            });
        }
    }

    fn on_trade(&mut self, at: Nanos, stamp: Nanos, side: Side, price: i64, size: i64) {
        let rules = self.rules;
        self.fill(at, |working| {
            if working.side != side {
                return false;
            }
            let through = if side == Side::Buy { working.price > price } else { working.price < price };
            through || (working.price == price && working.on_trade(size, stamp, rules))
        });
    }

    fn fill(&mut self, at: Nanos, mut is_filled: impl FnMut(&mut Working) -> bool) {
        let (orders, size, ends) = (self.orders, self.order_size, &mut self.ends);
        self.working.retain_mut(|working| {
            let filled = is_filled(working);
            if filled {
                let price = orders[working.index].price;
                ends[working.index] = End::Filled(Fill { at, price, size, liquidity: Liquidity::Maker });
            }
            !filled
        });
    }
}

impl Working {
    fn on_level(&mut self, before: i64, now: i64, stamp: Nanos, queue: Queue, rules: Rules) {
        // A level that is older than the trade does not show it yet.
        let shows = rules.has(Rule::LateTrade) || stamp >= self.traded_at;
        let traded = if shows { std::mem::take(&mut self.traded) } else { 0 };
        // Below zero: it grew.
        let cancelled = before - now - traded;
        let ahead = self.ahead;
        // There also when nothing is cancelled: a logarithm without a value stays without one times nothing.
        if cancelled > 0 || (cancelled == 0 && rules.has(Rule::BelowZero)) {
            let cancelled = cancelled as f64;
            let stands = if rules.has(Rule::TradedStandsBehind) { before } else { (before - traded).max(0) };
            let behind = stands as f64 - ahead;
            let share = share_ahead(queue, ahead, behind);
            let from_behind = (1.0 - share) * cancelled;
            self.ahead = ahead - share * cancelled + (behind - from_behind).min(0.0);
        }
        // No number is less than any: the whole level.
        self.ahead = self.ahead.min(now as f64);
        if !rules.has(Rule::BelowZero) {
            self.ahead = self.ahead.max(0.0);
        }
        self.cancelled = cancelled;
        self.cancelled_ahead = ahead - self.ahead;
        self.level_at = stamp;
    }

    /// Whether it reaches us.
    fn on_trade(&mut self, size: i64, stamp: Nanos, rules: Rules) -> bool {
        let shown = if rules.has(Rule::LateTrade) || stamp > self.level_at {
            0
        } else {
            self.cancelled.min(size).max(0)
        };
        if shown > 0 {
            let back = self.cancelled_ahead * (shown as f64 / self.cancelled as f64);
            self.ahead += back;
            self.cancelled_ahead -= back;
            self.cancelled -= shown;
        }
        self.traded += size - shown;
        self.traded_at = self.traded_at.max(stamp);
        self.ahead -= size as f64;
        if rules.has(Rule::HalfALot) {
            return (-self.ahead).round() >= 1.0;
        }
        let reaches = (-self.ahead).floor() >= 1.0;
        self.ahead = self.ahead.max(0.0);
        reaches
    }
}

fn share_ahead(queue: Queue, ahead: f64, behind: f64) -> f64 {
    let weight: fn(f64) -> f64 = match queue {
        Queue::Pessimistic => return if behind > 0.0 { 0.0 } else { 1.0 },
        Queue::Power => |x| x.powf(EXPONENT),
        Queue::Log => f64::ln_1p,
    };
    if behind <= 0.0 {
        return 1.0;
    }
    // Both at nothing, or the logarithm of less than nothing: no number.
    let share = weight(ahead) / (weight(ahead) + weight(behind));
    if share.is_infinite() { 0.0 } else { share }
}
