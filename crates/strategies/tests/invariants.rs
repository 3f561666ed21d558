//! What no quoting strategy may ever do, whatever the market and the venue do: every listed strategy in random
//! markets, with a venue that answers late, fills, refuses and lets fills cross cancels and replaces.

mod common;

use common::{Floor, X};
use risk::Limits;
use std::collections::VecDeque;
use stdx::Prng;
use strategies::ALL;
use types::{Command, Lots, Nanos, OrderId, Outcome, RejectReason, Side, Ticks, TimerId};

const INTERVAL: Nanos = Nanos::from_millis(50);
/// Of the values below.
const MAX_POSITION: i64 = 10;

/// An order as the venue has it.
struct Resting {
    order: OrderId,
    price: Ticks,
    size: Lots,
    filled: Lots,
}

struct Market {
    prng: Prng,
    floor: Floor,
    bid: i64,
    ask: i64,
    is_live: bool,
    resting: Vec<Resting>,
    /// On their way to the venue, with their arrival.
    commands: VecDeque<(Nanos, Command)>,
    timers: Vec<(Nanos, TimerId)>,
    last_thought: Nanos,
    log: Vec<Command>,
    fills: u32,
}

impl Market {
    fn new(strategy: &str, seed: u64) -> Self {
        let values = [("order_size", 3.0), ("max_position", 10.0), ("requote_interval", 0.05)];
        Self {
            prng: Prng::new(seed),
            floor: Floor::new(strategy, &values, Limits::wide()),
            bid: 1_000,
            ask: 1_002,
            is_live: false,
            resting: Vec::new(),
            commands: VecDeque::new(),
            timers: Vec::new(),
            last_thought: Nanos::MIN,
            log: Vec::new(),
            fills: 0,
        }
    }

    fn run(&mut self, steps: u32) {
        for _ in 0..steps {
            let pause = self.prng.between(0, 40);
            self.floor.wait(pause);
            self.ring();
            self.arrive();
            match self.prng.below(100) {
                0 => self.lose(),
                1..60 => self.move_touch(),
                60..85 => self.trade(),
                _ => self.fill_one(),
            }
        }
    }

    /// After each step: what was sent must have been right to send.
    fn judge(&mut self, says: &str) {
        let now = self.floor.now;
        for at in 0..self.floor.sent.len() {
            let command = self.floor.sent[at];
            self.log.push(command);
            if let Some((side, price)) = self.priced(&command) {
                assert!(self.is_live, "{says}: quoted on a book that is not live: {command:?}");
                let far = if side == Side::Buy { self.ask } else { self.bid };
                assert!(!price.crosses(Ticks(far), side), "{says}: would take: {command:?}");
                assert!(
                    self.last_thought == now || (now - self.last_thought).0 >= INTERVAL.0,
                    "{says}: too soon after {:?}: {command:?}",
                    self.last_thought
                );
                self.last_thought = now;
            }
            match command {
                Command::WakeAt { at, timer, .. } => self.timers.push((at, timer)),
                Command::Query { .. } | Command::MassCancel { .. } | Command::Alert { .. } => {}
                Command::Place(_) | Command::Cancel { .. } | Command::Replace { .. } => {
                    let arrival = now + Nanos::from_millis(self.prng.between(0, 60));
                    // Messages do not overtake each other.
                    let arrival = self.commands.back().map_or(arrival, |last| arrival.max(last.0));
                    self.commands.push_back((arrival, command));
                }
            }
        }
        self.check_exposure(says);
        assert!(self.timers.len() <= 1, "{says}: one timer is enough");
    }

    fn priced(&self, command: &Command) -> Option<(Side, Ticks)> {
        match command {
            Command::Place(place) => Some((place.terms.side, place.terms.price)),
            Command::Replace { order, price, .. } => {
                let order = self.floor.engine.orders().get(*order).expect("replaced while it is open");
                Some((order.terms.side, *price))
            }
            Command::Cancel { .. }
            | Command::WakeAt { .. }
            | Command::Query { .. }
            | Command::MassCancel { .. }
            | Command::Alert { .. } => None,
        }
    }

    /// Even if everything that is out filled, the position would be within its bounds, and no side has two quotes.
    fn check_exposure(&self, says: &str) {
        let view = self.floor.engine.view();
        let position = view.position(X).0;
        for side in Side::BOTH {
            let quotes = view.open_orders(X).filter(|order| order.terms.side == side);
            let (count, open) = quotes.fold((0, 0), |(n, sum), order| (n + 1, sum + order.exposure().0));
            assert!(count <= 1, "{says}: {count} orders on one side");
            let worst = position * side.sign() + open;
            assert!(
                open == 0 || worst <= MAX_POSITION,
                "{says}: {position} held and {open} open on the {side} side"
            );
        }
        assert!(position.abs() <= MAX_POSITION, "{says}: {position}");
    }

    fn lose(&mut self) {
        self.is_live = false;
        self.floor.gap();
        self.judge("gap");
        assert!(
            self.floor.engine.view().open_orders(X).all(orders::Order::is_canceling),
            "a quote stays on a stale book"
        );
        let outage = self.prng.between(0, 3_000);
        self.floor.wait(outage);
        self.arrive();
        self.is_live = true;
        self.bid += self.prng.between(-20, 20);
        self.ask = self.bid + self.prng.between(1, 4);
        self.floor.snapshot(self.bid, self.ask);
        self.judge("snapshot");
    }

    fn move_touch(&mut self) {
        if self.prng.chance(0.5) {
            self.bid += self.prng.between(-2, 2);
            self.ask = self.bid + self.prng.between(1, 4);
        }
        // Between the deltas of a packet the book is nobody's to act on, so only its end may quote.
        self.is_live = true;
        self.floor.touch(self.bid, self.ask);
        self.judge("touch");
    }

    fn trade(&mut self) {
        let depth = self.prng.below(4).cast_signed();
        let (price, side) = if self.prng.chance(0.5) {
            (self.ask + depth, Side::Buy)
        } else {
            (self.bid - depth, Side::Sell)
        };
        self.floor.trade(price, side);
        self.judge("trade");
    }

    /// Commands that have arrived are answered.
    fn arrive(&mut self) {
        while self.commands.front().is_some_and(|(at, _)| *at <= self.floor.now) {
            let (_, command) = self.commands.pop_front().expect("just seen");
            let (order, outcome) = self.answer(&command);
            self.floor.report(order.0, outcome);
            self.judge("answer");
        }
    }

    fn answer(&mut self, command: &Command) -> (OrderId, Outcome) {
        match *command {
            Command::Place(place) => {
                if self.prng.chance(0.1) {
                    return (place.order, Outcome::Rejected(RejectReason::WouldTake));
                }
                self.resting.push(Resting {
                    order: place.order,
                    price: place.terms.price,
                    size: place.terms.size,
                    filled: Lots(0),
                });
                (place.order, Outcome::Accepted)
            }
            Command::Cancel { order, .. } => {
                let known = self.resting.iter().position(|resting| resting.order == order);
                let Some(at) = known else {
                    return (order, Outcome::CancelRejected(RejectReason::UnknownOrder));
                };
                self.resting.swap_remove(at);
                (order, Outcome::Canceled)
            }
            Command::Replace { order, price, size, .. } => {
                let known = self.resting.iter().position(|resting| resting.order == order);
                let Some(at) = known else {
                    return (order, Outcome::ReplaceRejected(RejectReason::UnknownOrder));
                };
                if self.prng.chance(0.1) {
                    return (order, Outcome::ReplaceRejected(RejectReason::WouldTake));
                }
                if size <= self.resting[at].filled {
                    self.resting.swap_remove(at);
                    return (order, Outcome::Canceled);
                }
                (self.resting[at].price, self.resting[at].size) = (price, size);
                (order, Outcome::Replaced { price, size })
            }
            Command::WakeAt { .. }
            | Command::Query { .. }
            | Command::MassCancel { .. }
            | Command::Alert { .. } => unreachable!("timers do not go to the venue"),
        }
    }

    fn fill_one(&mut self) {
        if self.resting.is_empty() {
            return;
        }
        let at = usize::try_from(self.prng.below(self.resting.len() as u64)).expect("few");
        let resting = &mut self.resting[at];
        let size = self.prng.between(1, (resting.size - resting.filled).0);
        resting.filled += Lots(size);
        let (order, price, full) = (resting.order, resting.price, resting.filled == resting.size);
        if full {
            self.resting.swap_remove(at);
        }
        self.fills += 1;
        self.floor.fill(order.0, price.0, size);
        self.judge("fill");
    }

    fn ring(&mut self) {
        while let Some(at) = self.timers.iter().position(|(due, _)| *due <= self.floor.now) {
            let (due, timer) = self.timers.swap_remove(at);
            self.floor.timer(due, timer);
            self.judge("timer");
        }
    }
}

#[test]
fn bounds_pace_and_post_only_hold_in_every_market() {
    for spec in ALL {
        for seed in 0..8 {
            println!("{} seed {seed}", spec.name);
            let mut market = Market::new(spec.name, seed);
            market.run(6_000);
            let quotes = market.log.iter().filter(|command| matches!(command, Command::Place(_)));
            // Else the test says nothing.
            assert!(quotes.count() > 300 && market.fills > 100, "{} hardly traded", spec.name);
        }
    }
}

#[test]
fn the_same_inputs_give_the_same_commands() {
    for spec in ALL {
        let run = || {
            let mut market = Market::new(spec.name, 77);
            market.run(3_000);
            market.log
        };
        assert_eq!(run(), run(), "{}", spec.name);
    }
}
