//! Once warm, a million orders ask for no memory.

mod common;

use common::{Desk, filled, terms};
use std::collections::VecDeque;
use types::{OrderId, Outcome, Side};

#[global_allocator]
static ALLOCATOR: testkit::allocations::Counting = testkit::allocations::Counting;

/// Keeps `depth` orders open, each accepted, filled in two parts or cancelled.
fn trade(desk: &mut Desk, open: &mut VecDeque<OrderId>, orders: u32, depth: usize) {
    for n in 0..orders {
        let side = if n % 2 == 0 { Side::Buy } else { Side::Sell };
        let id = desk.submit(terms(n % 3, side, 4));
        desk.hear(id, Outcome::Accepted);
        desk.hear(id, filled(3, 1));
        open.push_back(id);
        if open.len() > depth {
            let oldest = open.pop_front().expect("more than depth");
            if n % 2 == 0 {
                desk.hear(oldest, filled(1, 2));
            } else {
                desk.cancel(oldest);
                desk.hear(oldest, Outcome::Canceled);
            }
        }
    }
}

#[test]
fn no_memory_is_asked_for_once_warm() {
    let mut desk = Desk::new(3, 256);
    let mut open = VecDeque::with_capacity(300);
    trade(&mut desk, &mut open, 3, 250); // each instrument's first order makes its list
    let before = testkit::allocations::on_this_thread();
    trade(&mut desk, &mut open, 200_000, 250);
    assert_eq!(testkit::allocations::on_this_thread() - before, 0);
    // The counter counts: twenty times as many open orders as it was told make it grow.
    open.reserve(6_000);
    let before = testkit::allocations::on_this_thread();
    trade(&mut desk, &mut open, 6_000, 5_000);
    assert!(testkit::allocations::on_this_thread() > before);
    assert_eq!(desk.orders.open_count(), open.len());
}
