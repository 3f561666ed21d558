//! After warm-up a strategy in its engine allocates nothing, whatever it wishes and hears.

mod common;

use common::Floor;
use risk::Limits;
use stdx::Prng;
use strategies::ALL;
use types::{Command, Lots, OrderId, Outcome, Side, Ticks, TimerId};

#[global_allocator]
static ALLOCATOR: testkit::allocations::Counting = testkit::allocations::Counting;

/// A market and a venue that answers at once.
struct Market {
    floor: Floor,
    prng: Prng,
    bid: i64,
    commands: Vec<Command>,
    resting: Vec<(OrderId, Ticks, Lots)>,
    messages: u64,
}

impl Market {
    fn run(&mut self, steps: u32) {
        for _ in 0..steps {
            self.floor.wait(30);
            match self.prng.below(12) {
                0..8 => {
                    self.bid += self.prng.between(-1, 1);
                    self.floor.touch(self.bid, self.bid + 2);
                }
                8 => self.floor.trade(self.bid - self.prng.between(0, 3), Side::Sell),
                9 => self.floor.trade(self.bid + 2 + self.prng.between(0, 3), Side::Buy),
                10 => self.floor.timer(self.floor.now, TimerId(0)),
                _ if self.prng.chance(0.02) => {
                    self.floor.gap();
                    self.answer();
                    self.floor.snapshot(self.bid, self.bid + 2);
                }
                _ => {
                    if let Some((order, price, size)) = self.resting.pop() {
                        self.floor.fill(order.0, price.0, size.0);
                    }
                }
            }
            self.answer();
        }
    }

    fn answer(&mut self) {
        std::mem::swap(&mut self.commands, &mut self.floor.sent);
        while let Some(command) = self.commands.pop() {
            self.messages += 1;
            let (order, outcome) = match command {
                Command::Place(place) => {
                    self.resting.push((place.order, place.terms.price, place.terms.size));
                    (place.order, Outcome::Accepted)
                }
                Command::Replace { order, price, size, .. } => {
                    let resting = self.resting.iter_mut().find(|resting| resting.0 == order);
                    *resting.expect("it rests") = (order, price, size);
                    (order, Outcome::Replaced { price, size })
                }
                Command::Cancel { order, .. } => {
                    self.resting.retain(|resting| resting.0 != order);
                    (order, Outcome::Canceled)
                }
                Command::WakeAt { .. }
                | Command::Query { .. }
                | Command::MassCancel { .. }
                | Command::Alert { .. } => continue,
            };
            self.floor.report(order.0, outcome);
            self.commands.append(&mut self.floor.sent);
        }
    }
}

#[test]
fn nothing_is_allocated_after_warm_up() {
    for spec in ALL {
        let mut market = Market {
            floor: Floor::new(spec.name, &[], Limits::wide()),
            prng: Prng::new(12),
            bid: 10_000,
            commands: Vec::with_capacity(64),
            resting: Vec::with_capacity(64),
            messages: 0,
        };
        market.run(50_000);
        let (allocations, messages) = (testkit::allocations::on_this_thread(), market.messages);
        market.run(50_000);
        assert!(market.messages > messages + 10_000, "{} was idle", spec.name);
        let grown = testkit::allocations::on_this_thread() - allocations;
        assert_eq!(grown, 0, "{}", spec.name);
    }
}
