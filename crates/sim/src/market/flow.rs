//! Who sends which order when: the order-flow model of one generated instrument.
//!
//! Never touches the book; it looks at the exchange and says what somebody does next. Three models share one
//! frame: for each side and each of the ten prices next to a reference price there is a rate of limit orders
//! and of cancels, and for each side one of market orders; the next action is the first of these clocks to
//! ring.
//!
//! | model | rates |
//! |---|---|
//! | `QueueReactive` | depend on how much stands at the price (Huang, Lehalle & Rosenbaum 2015, model I: each queue by its own size; the functions and their numbers are ours, fitted to nothing) |
//! | `Hawkes` | the same, and each market order makes more of them likely for a while (Hawkes 1971; sampled by thinning, Ogata 1981) |
//! | `Poisson` | constant; each resting order is cancelled at a rate of its own (Cont, Stoikov & Talreja 2010) |
//!
//! The reference price is the middle of two neighbouring prices. When a best queue next to it empties, it moves
//! one step that way with probability `THETA`, as in the paper; its redrawing of the whole book at such moments
//! is left out, because these orders have numbers and owners. In its place the market orders and cancels lean
//! towards a wandering fair value.
//!
//! Cost: about forty table look-ups an action.

use crate::market::exchange::Exchange;
use crate::market::weather::{Weather, wander};
use stdx::{Prng, math};
use types::{Lots, Nanos, Side, Ticks};

/// Which order-flow model.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Kind {
    /// Rates that depend on the queues.
    #[default]
    QueueReactive,
    /// Queue-reactive, with market orders that excite each other.
    Hawkes,
    /// Constant rates: the market with no intelligence at all.
    Poisson,
}

/// Something that somebody in the market does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// A new order; what it crosses it takes, the rest stays.
    Limit {
        /// Its number.
        id: u64,
        /// Buy or sell.
        side: Side,
        /// Its limit.
        price: Ticks,
        /// Its size.
        size: Lots,
    },
    /// An order that takes what it can, up to `limit`, and is gone.
    Take {
        /// Its number.
        id: u64,
        /// Buy or sell.
        side: Side,
        /// How far it goes.
        limit: Ticks,
        /// Its size.
        size: Lots,
    },
    /// An order goes.
    Cancel {
        /// Which.
        id: u64,
    },
    /// An order changes.
    Replace {
        /// Which.
        id: u64,
        /// Its new limit.
        price: Ticks,
        /// Its new size.
        size: Lots,
    },
}

/// How many actions of a kind there were, and how many the rates had made expect. The difference is a
/// martingale, so a sampler that strays from its model shows here.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tally {
    /// How many there were.
    pub count: u64,
    /// The sum over actions of the probability that it would be of this kind.
    pub expected: f64,
    /// The sum of the variances: `p (1 - p)`.
    pub variance: f64,
}

/// The prices on each side that orders are sent to.
const DEPTH: usize = 10;
/// Queue sizes are looked up to here; a longer queue behaves as this one.
const QUEUE_MAX: usize = 512;
/// The probability that the reference price follows a best queue that emptied.
const THETA: f64 = 0.7;
/// About the mean of the sizes drawn below, the paper's "average event size": the unit of the tables.
const MEAN_SIZE: f64 = 2.3;
/// Limit orders a second at the best price of an average queue, at usual activity: sets the clock of it all.
const PACE: f64 = 6.5;
/// How strongly the flow leans towards fair value: the log of the rate ratio, at most.
const LEAN_MAX: f64 = 0.8;
/// How far from fair value, in ticks, the lean is at about three quarters of that.
const LEAN_TICKS: f64 = 10.0;
/// Hawkes: what one market order adds to the rate of its own side and of the other, and how fast that fades
/// (1/s). A market order has (1.5 + 0.3) / 3 = 0.6 children on average.
const EXCITE_SELF: f64 = 1.5;
const EXCITE_OTHER: f64 = 0.3;
const EXCITE_FADES: f64 = 3.0;
/// The largest order.
const SIZE_MAX: f64 = 60.0;

/// Limit, cancel and market order rates by queue size, for one of the ten prices.
#[derive(Clone, Debug)]
struct Table {
    limit: Vec<f64>,
    cancel: Vec<f64>,
}

/// The rates as they stand until the next action.
#[derive(Clone, Debug, Default)]
struct Frozen {
    limit: [[f64; DEPTH]; 2],
    cancel: [[f64; DEPTH]; 2],
    take: [f64; 2],
    excited: [f64; 2],
    at: Nanos,
    total: f64,
}

#[derive(Clone, Copy)]
enum Chosen {
    Limit(Side, usize),
    Cancel(Side, usize),
    Take(Side),
    Nobody,
}

/// The model of one instrument.
#[derive(Clone, Debug)]
pub(crate) struct Flow {
    kind: Kind,
    prng: Prng,
    tables: Vec<Table>,
    take: Vec<f64>,
    pace: f64,
    /// The bid-side price next to the reference price; the ask-side one is a step above.
    reference: Ticks,
    anchor: Ticks,
    wander_ticks: f64,
    own: f64,
    own_at: Nanos,
    excited: [f64; 2],
    excited_at: Nanos,
    frozen: Frozen,
    next_id: u64,
    tallies: [Tally; 3],
}

impl Flow {
    pub(crate) fn new(
        kind: Kind,
        anchor: Ticks,
        wander_ticks: f64,
        pace: f64,
        at: Nanos,
        prng: Prng,
    ) -> Self {
        Self {
            kind,
            prng,
            tables: (0..DEPTH).map(|row| table(kind, row)).collect(),
            take: (0..=QUEUE_MAX).map(|lots| take_rate(kind, units(lots))).collect(),
            pace: pace * PACE,
            reference: anchor,
            anchor,
            wander_ticks,
            own: 0.0,
            own_at: at,
            excited: [0.0; 2],
            excited_at: at,
            frozen: Frozen::default(),
            next_id: 1,
            tallies: [Tally::default(); 3],
        }
    }

    /// Limit orders, cancels (and changes), market orders.
    pub(crate) const fn tallies(&self) -> [Tally; 3] {
        self.tallies
    }

    /// The orders the session opens with: every price of both sides to twice the usual depth, with at least and at
    /// most so many orders at each.
    pub(crate) fn opening(&mut self, [least, most]: [i64; 2]) -> Vec<Action> {
        let mut actions = Vec::new();
        for row in 0..2 * i64::try_from(DEPTH).expect("a small constant") {
            for side in Side::BOTH {
                let orders = self.prng.between(least, most);
                for _ in 0..orders {
                    actions.push(Action::Limit {
                        id: self.id(),
                        side,
                        price: self.price(side, row),
                        size: self.size(),
                    });
                }
            }
        }
        actions
    }

    /// Freezes the rates for the book as it stands, and says when the next action is due.
    pub(crate) fn schedule(&mut self, now: Nanos, exchange: &Exchange, weather: &Weather) -> Nanos {
        let lean = self.lean(now, exchange, weather);
        let pace = self.pace * weather.activity();
        let (mut total, mut frozen) = (0.0, std::mem::take(&mut self.frozen));
        for side in Side::BOTH {
            // Above fair value bids are withdrawn faster, below it asks.
            let cancels = pace * math::exp(sign(!side) * lean * 0.5);
            for (row, table) in self.tables.iter().enumerate() {
                let price = self.price(side, i64::try_from(row).expect("below DEPTH"));
                let lots = queue(exchange, side, price);
                let (limit, cancel) = (pace * table.limit[lots], cancels * table.cancel[lots]);
                frozen.limit[side.index()][row] = limit;
                frozen.cancel[side.index()][row] = cancel;
                total += limit + cancel;
            }
            let standing = exchange.best(!side).map(|best| queue(exchange, !side, best));
            let take = standing.map_or(0.0, |lots| pace * self.take[lots] * math::exp(sign(side) * lean));
            frozen.take[side.index()] = take;
            total += take;
        }
        self.fade(now);
        if self.kind == Kind::Hawkes {
            for side in Side::BOTH {
                let excited = if exchange.best(!side).is_some() { self.excited[side.index()] } else { 0.0 };
                frozen.excited[side.index()] = excited;
                total += excited;
            }
        }
        frozen.total = total;
        let wait = self.prng.exponential() / total;
        frozen.at = now + nanos(wait);
        let due = frozen.at;
        self.frozen = frozen;
        due
    }

    /// What is done at the moment that `schedule` said; `None` when it turns out that nobody does anything.
    pub(crate) fn act(&mut self, exchange: &Exchange) -> Option<Action> {
        self.fade(self.frozen.at);
        match self.choose() {
            Chosen::Limit(side, row) => Some(self.limit(side, row)),
            Chosen::Cancel(side, row) => self.cancel(exchange, side, row),
            Chosen::Take(side) => Some(self.market(exchange, side)),
            Chosen::Nobody => None,
        }
    }

    /// The book changed: the reference price follows.
    pub(crate) fn follow(&mut self, exchange: &Exchange) {
        let (bid, ask) = (exchange.best(Side::Buy), exchange.best(Side::Sell));
        // A bid on the ask's side of the reference price, or the other way round, forces it over.
        if let Some(bid) = bid {
            self.reference = self.reference.max(bid);
        }
        if let Some(ask) = ask {
            self.reference = self.reference.min(ask - 1);
        }
        let (Some(bid), Some(ask)) = (bid, ask) else {
            return;
        };
        let (bid_gone, ask_gone) = (bid < self.reference, ask > self.reference + 1);
        if bid_gone != ask_gone && self.prng.chance(THETA) {
            self.reference = self.reference + if ask_gone { 1 } else { -1 };
        }
    }

    /// Draws one of the frozen clocks, each with the probability of its rate. What an excited rate lost since
    /// it was frozen is nobody's (thinning).
    fn choose(&mut self) -> Chosen {
        let frozen = &self.frozen;
        let sum = |rates: &[[f64; DEPTH]; 2]| rates.iter().flatten().sum::<f64>();
        let kinds = [
            sum(&frozen.limit),
            sum(&frozen.cancel),
            frozen.take[0] + frozen.take[1] + self.live(0) + self.live(1),
        ];
        for (tally, rate) in self.tallies.iter_mut().zip(kinds) {
            let p = rate / frozen.total;
            tally.expected += p;
            tally.variance += p * (1.0 - p);
        }
        let mut rest = self.prng.unit() * frozen.total;
        for side in Side::BOTH {
            let row = side.index();
            for (kind, rates) in [&frozen.limit[row], &frozen.cancel[row]].into_iter().enumerate() {
                for (price, &rate) in rates.iter().enumerate() {
                    rest -= rate;
                    if rest < 0.0 {
                        self.tallies[kind].count += 1;
                        return match kind {
                            0 => Chosen::Limit(side, price),
                            _ => Chosen::Cancel(side, price),
                        };
                    }
                }
            }
            rest -= frozen.take[row] + self.live(row);
            if rest < 0.0 {
                self.tallies[2].count += 1;
                return Chosen::Take(side);
            }
        }
        Chosen::Nobody
    }

    /// What is left of an excited rate.
    fn live(&self, side: usize) -> f64 {
        self.excited[side].min(self.frozen.excited[side])
    }

    fn limit(&mut self, side: Side, row: usize) -> Action {
        Action::Limit {
            id: self.id(),
            side,
            price: self.price(side, i64::try_from(row).expect("below DEPTH")),
            size: self.size(),
        }
    }

    /// Somebody at this price gives up or changes his mind; the later he came, the likelier.
    fn cancel(&mut self, exchange: &Exchange, side: Side, row: usize) -> Option<Action> {
        let price = self.price(side, i64::try_from(row).expect("below DEPTH"));
        let mut chosen = None;
        for order in exchange.queue(side, price).rev() {
            chosen = Some(order);
            if self.prng.chance(0.25) {
                break;
            }
        }
        let order = chosen?;
        let change = self.prng.below(100);
        let (price, size) = match change {
            0..=5 if order.size > Lots(1) => (order.price, order.size - Lots(1)),
            6..=8 => (order.price, order.size + Lots(1)),
            9..=14 => (self.nearby(side), order.size),
            _ => return Some(Action::Cancel { id: order.id }),
        };
        Some(Action::Replace { id: order.id, price, size })
    }

    /// Somebody crosses the spread: nine times in ten to take what is there, else to stay at that price too.
    fn market(&mut self, exchange: &Exchange, side: Side) -> Action {
        if self.kind == Kind::Hawkes {
            self.excited[side.index()] += EXCITE_SELF;
            self.excited[(!side).index()] += EXCITE_OTHER;
        }
        let best = exchange
            .best(!side)
            .expect("a market order has a rate only while somebody stands on the other side");
        let (id, size) = (self.id(), self.size());
        if self.prng.chance(0.1) {
            Action::Limit { id, side, price: best, size }
        } else {
            Action::Take { id, side, limit: best.worse_for(side, 5), size }
        }
    }

    /// One of the four best prices of a side.
    fn nearby(&mut self, side: Side) -> Ticks {
        let row = self.prng.between(0, 3);
        self.price(side, row)
    }

    fn id(&mut self) -> u64 {
        self.next_id += 1;
        self.next_id - 1
    }

    /// A size with a heavy tail: a Pareto of exponent 1.6, cut at `SIZE_MAX`, rounded down.
    fn size(&mut self) -> Lots {
        let size = math::pow(1.0 - self.prng.unit(), -1.0 / 1.6).min(SIZE_MAX);
        #[expect(clippy::cast_possible_truncation, reason = "between 1 and SIZE_MAX")]
        Lots(size as i64)
    }

    fn price(&self, side: Side, row: i64) -> Ticks {
        match side {
            Side::Buy => self.reference - row,
            Side::Sell => self.reference + 1 + row,
        }
    }

    /// Above zero when the market is below fair value and buyers are in a hurry.
    fn lean(&mut self, now: Nanos, exchange: &Exchange, weather: &Weather) -> f64 {
        let passed = (now - self.own_at).to_secs_f64();
        if passed >= 0.1 {
            self.own = wander(self.own, passed, &mut self.prng);
            self.own_at = now;
        }
        let (Some(bid), Some(ask)) = (exchange.best(Side::Buy), exchange.best(Side::Sell)) else {
            return 0.0;
        };
        // Four fifths of the variance are everybody's, one fifth is this instrument's own.
        let fair = self.wander_ticks * (0.894 * weather.common() + 0.447 * self.own);
        let away = fair - float((bid - self.anchor) + (ask - self.anchor)) * 0.5;
        LEAN_MAX * math::tanh(away / LEAN_TICKS)
    }

    fn fade(&mut self, now: Nanos) {
        if self.kind != Kind::Hawkes {
            return;
        }
        let left = math::exp(-EXCITE_FADES * (now - self.excited_at).to_secs_f64());
        self.excited = self.excited.map(|rate| rate * left);
        self.excited_at = now;
    }
}

fn sign(side: Side) -> f64 {
    match side {
        Side::Buy => 1.0,
        Side::Sell => -1.0,
    }
}

#[expect(clippy::cast_precision_loss, reason = "a distance in ticks is small")]
fn float(ticks: i64) -> f64 {
    ticks as f64
}

#[expect(clippy::cast_possible_truncation, reason = "saturates: the end of time")]
fn nanos(seconds: f64) -> Nanos {
    // At least one, so that no two actions share a moment.
    Nanos(((seconds * 1e9) as i64).max(1))
}

fn queue(exchange: &Exchange, side: Side, price: Ticks) -> usize {
    usize::try_from(exchange.level(side, price).size.0).unwrap_or(0).min(QUEUE_MAX)
}

/// A queue in units of the average order.
fn units(lots: usize) -> f64 {
    let lots = u32::try_from(lots).expect("at most QUEUE_MAX");
    f64::from(lots) / MEAN_SIZE
}

/// The rates of one price, by what stands there. In units of `PACE`.
fn table(kind: Kind, row: usize) -> Table {
    let away = f64::from(u32::try_from(row).expect("below DEPTH"));
    let appetite = math::exp(-away / 6.0);
    let limit = |q: f64| match kind {
        Kind::Poisson => 0.9 * appetite,
        // An empty best price is an opportunity: it fills at four times the pace of a short queue, and the
        // longer the queue, the fewer join it.
        Kind::QueueReactive | Kind::Hawkes => {
            let eager = if q <= 0.0 && row == 0 { 4.0 } else { 1.0 };
            eager * 1.4 * appetite / math::sqrt(1.0 + q / 10.0)
        }
    };
    let cancel = |q: f64| match kind {
        Kind::Poisson => 0.06 * q,
        // Concave: those far back in a long queue are patient.
        Kind::QueueReactive | Kind::Hawkes => 0.12 * math::pow(q, 0.8),
    };
    Table {
        limit: (0..=QUEUE_MAX).map(|lots| limit(units(lots))).collect(),
        cancel: (0..=QUEUE_MAX).map(|lots| cancel(units(lots))).collect(),
    }
}

/// The rate of market orders, by what stands at the best price they would hit. In units of `PACE`.
fn take_rate(kind: Kind, q: f64) -> f64 {
    // A short queue is taken before somebody else does.
    let reactive = 0.2 + 0.7 * math::exp(-q / 6.0);
    match kind {
        Kind::Poisson => 0.35,
        Kind::QueueReactive => reactive,
        // The excited ones come on top: 0.4 of the orders are spontaneous, 0.6 are somebody's children.
        Kind::Hawkes => 0.4 * reactive,
    }
}
