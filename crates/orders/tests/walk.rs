//! Random days: a venue whose reports arrive late, twice and out of order, and one that says anything at all.

mod common;

use common::{Desk, NOW, WHY, busted, filled, listed, replaced, report, terms};
use orders::{Change, State};
use std::collections::{BTreeMap, BTreeSet};
use stdx::Prng;
use types::{InstrumentId, Lots, OrderId, Outcome, Side};

fn pick<T: Copy>(prng: &mut Prng, items: &[T]) -> Option<T> {
    let count = u64::try_from(items.len()).expect("small");
    (count > 0).then(|| items[usize::try_from(prng.below(count)).expect("small")])
}

/// An order as the venue has it.
#[derive(Clone, Copy, Debug)]
struct Resting {
    side: Side,
    size: i64,
    filled: i64,
    open: bool,
    was_open: bool,
}

/// A venue that is right, and a line to it that is not: reports wait in a bag and come out in any order that
/// the wire allows (fills may overtake everything; answers to one order keep their order).
#[derive(Default)]
struct Venue {
    orders: BTreeMap<OrderId, Resting>,
    answers: BTreeMap<OrderId, Vec<Outcome>>,
    fills: Vec<(OrderId, Outcome)>,
    next_fill: u32,
    traded: i64,
    /// Fills that were not taken back.
    standing: Vec<(OrderId, u32, i64)>,
}

impl Venue {
    /// The answer to a query, behind every answer before it; fills may still be on their way.
    fn list(&mut self, id: OrderId) {
        let known = self.orders.get(&id).filter(|order| order.open || order.filled > 0 || order.was_open);
        let outcome = known.map_or(Outcome::NotListed, |order| listed(order.size, order.filled, order.open));
        self.answers.entry(id).or_default().push(outcome);
    }

    /// Takes a fill back; that may overtake the fill itself.
    fn bust(&mut self, prng: &mut Prng) {
        if let Some(fill) = pick(prng, &self.standing) {
            self.standing.retain(|other| *other != fill);
            let (id, number, size) = fill;
            self.traded -= size * self.orders[&id].side.sign();
            self.fills.push((id, busted(size, number)));
        }
    }

    fn place(&mut self, id: OrderId, side: Side, size: i64, accept: bool) {
        let outcome = if accept { Outcome::Accepted } else { Outcome::Rejected(WHY) };
        let open = accept;
        self.orders.insert(id, Resting { side, size, filled: 0, open, was_open: open });
        self.answers.entry(id).or_default().push(outcome);
    }

    fn trade(&mut self, id: OrderId, prng: &mut Prng) {
        let order = self.orders.get_mut(&id).expect("placed");
        if !order.open {
            return;
        }
        let size = prng.between(1, order.size - order.filled);
        order.filled += size;
        order.open = order.filled < order.size;
        self.traded += size * order.side.sign();
        self.next_fill += 1;
        self.fills.push((id, filled(size, self.next_fill)));
        self.standing.push((id, self.next_fill, size));
        if prng.chance(0.2) {
            self.fills.push((id, filled(size, self.next_fill))); // the same one again (V-02)
        }
    }

    /// Nothing comes of an order that was lost on its way: what follows it was lost, too.
    fn cancel(&mut self, id: OrderId) {
        let Some(order) = self.orders.get_mut(&id) else { return };
        let outcome = if order.open { Outcome::Canceled } else { Outcome::CancelRejected(WHY) };
        order.open = false;
        self.answers.entry(id).or_default().push(outcome);
    }

    fn replace(&mut self, id: OrderId, size: i64, refuse: bool) {
        let Some(order) = self.orders.get_mut(&id) else { return };
        let outcome = if !order.open || refuse {
            Outcome::ReplaceRejected(WHY)
        } else if size > order.filled {
            order.size = size;
            replaced(99, size)
        } else {
            // At or below what has traded, CME ends the order.
            order.open = false;
            Outcome::Canceled
        };
        self.answers.entry(id).or_default().push(outcome);
    }

    /// The next thing that comes out of the line.
    fn next(&mut self, prng: &mut Prng) -> Option<(OrderId, Outcome)> {
        let waiting: Vec<OrderId> =
            self.answers.iter().filter(|(_, queue)| !queue.is_empty()).map(|(id, _)| *id).collect();
        if !self.fills.is_empty() && (waiting.is_empty() || prng.chance(0.5)) {
            let count = u64::try_from(self.fills.len()).expect("small");
            let at = usize::try_from(prng.below(count)).expect("small");
            return Some(self.fills.swap_remove(at));
        }
        let id = pick(prng, &waiting)?;
        Some((id, self.answers.get_mut(&id).expect("it waits").remove(0)))
    }
}

fn reconciled(desk: &Desk, seed: u64) {
    let mut working = [0; 2];
    for order in desk.orders.open() {
        working[order.terms.side.index()] += order.exposure().0;
        assert!(order.filled <= order.most_allowed(), "seed {seed}: {order:?}");
    }
    for side in Side::BOTH {
        assert_eq!(desk.risk.working(InstrumentId(0), side).0, working[side.index()], "seed {seed}");
    }
    assert_eq!(desk.risk.open_orders() as usize, desk.orders.open_count(), "seed {seed}");
}

/// What the tests call the bound: what was filled and what may still be.
trait Bound {
    fn most_allowed(&self) -> Lots;
}

impl Bound for orders::Order {
    fn most_allowed(&self) -> Lots {
        self.filled + self.exposure()
    }
}

#[test]
fn whatever_the_line_does_we_end_where_the_venue_is() {
    let (mut late, mut crossed, mut duplicates, mut lost, mut busts) = (0, 0, 0, 0, 0);
    for seed in 0..60 {
        let mut prng = Prng::new(seed);
        let mut desk = Desk::new(1, 4_096);
        let mut venue = Venue::default();
        for _ in 0..1_500 {
            let ids: Vec<OrderId> = desk.orders.open().map(|order| order.id).collect();
            let known: Vec<OrderId> = venue.orders.keys().rev().take(20).copied().collect();
            desk.now = desk.now + types::Nanos(100_000_000);
            if prng.chance(0.01) {
                // Answers to questions of a session that is gone do not come.
                let is_answer = |said: &Outcome| matches!(said, Outcome::Listed { .. } | Outcome::NotListed);
                venue.answers.values_mut().for_each(|queue| queue.retain(|said| !is_answer(said)));
                for id in desk.lose_sight() {
                    venue.list(id);
                }
            }
            if prng.chance(0.02) {
                venue.bust(&mut prng);
            }
            match prng.below(10) {
                0 => {
                    let side = if prng.chance(0.5) { Side::Buy } else { Side::Sell };
                    let size = prng.between(1, 20);
                    let id = desk.submit(terms(0, side, size));
                    if prng.chance(0.95) {
                        venue.place(id, side, size, prng.chance(0.9));
                    }
                }
                1 => {
                    if let Some(id) = pick(&mut prng, &ids).filter(|id| desk.cancel(*id)) {
                        venue.cancel(id);
                    }
                }
                2 => {
                    if let Some(id) = pick(&mut prng, &ids) {
                        let size = desk.order(id).filled.0 + prng.between(1, 15);
                        if desk.replace(id, 99, size) {
                            venue.replace(id, size, prng.chance(0.2));
                        }
                    }
                }
                3 | 4 => {
                    if let Some(id) = pick(&mut prng, &known) {
                        venue.trade(id, &mut prng);
                    }
                }
                5..10 => {
                    if let Some((id, outcome)) = venue.next(&mut prng) {
                        heard(&mut desk, id, outcome, seed, &mut crossed);
                    }
                }
                10.. => unreachable!("below ten"),
            }
            reconciled(&desk, seed);
        }
        // The line breaks once more, and what is unknown is asked about until it is known.
        desk.lose_sight();
        for _ in 0..3 {
            let unknown = desk.orders.open().filter(|order| order.is_unknown()).map(|order| order.id);
            unknown.collect::<Vec<_>>().into_iter().for_each(|id| venue.list(id));
            while let Some((id, outcome)) = venue.next(&mut prng) {
                heard(&mut desk, id, outcome, seed, &mut crossed);
            }
            reconciled(&desk, seed);
            desk.now = desk.now + types::Nanos(1_000_000_000);
        }
        assert_eq!(desk.risk.position(InstrumentId(0)), Lots(venue.traded), "seed {seed}");
        for (id, theirs) in &venue.orders {
            let ours = desk.order(*id);
            assert_eq!(ours.filled, Lots(theirs.filled), "seed {seed}: {ours:?} {theirs:?}");
            assert_eq!(ours.is_open(), theirs.open, "seed {seed}: {ours:?} {theirs:?}");
        }
        assert!(desk.orders.open().all(|order| venue.orders.contains_key(&order.id)), "seed {seed}");
        let counts = desk.orders.counts();
        late += counts.late_fills;
        duplicates += counts.duplicates;
        (lost, busts) = (lost + counts.lost, busts + counts.busts);
    }
    assert!(late > 50 && crossed > 100 && duplicates > 100, "{late} {crossed} {duplicates}: too tame");
    assert!(lost > 100 && busts > 100, "{lost} {busts}: too tame");
}

fn heard(desk: &mut Desk, id: OrderId, outcome: Outcome, seed: u64, crossed: &mut u64) {
    let change = desk.hear(id, outcome);
    assert!(
        !matches!(change, Change::Impossible(_)),
        "seed {seed}: {outcome:?} to {:?} is {change:?}",
        desk.order(id)
    );
    let refused = matches!(change, Change::CancelRejected { .. } | Change::ReplaceRejected { .. });
    *crossed += u64::from(refused && !desk.order(id).is_open());
}

fn anything(prng: &mut Prng) -> Outcome {
    let size = prng.between(-1, 25);
    let number = |prng: &mut Prng| u32::try_from(prng.below(12)).expect("small");
    match prng.below(12) {
        8 => listed(size, prng.between(-1, 25), prng.chance(0.5)),
        9 => Outcome::NotListed,
        10 | 11 => busted(size, number(prng)),
        0 => Outcome::Accepted,
        1 => Outcome::Rejected(WHY),
        2 => Outcome::Canceled,
        3 => Outcome::CancelRejected(WHY),
        4 => replaced(99, size),
        5 => Outcome::ReplaceRejected(WHY),
        _ => filled(size, number(prng)),
    }
}

/// The obvious bookkeeping: every fill that was taken, by order.
#[derive(Default)]
struct Obvious {
    /// Side, largest size ever asked for, fills by number.
    orders: BTreeMap<OrderId, (Side, i64, BTreeMap<u32, i64>)>,
    open: Vec<OrderId>,
    busted: BTreeSet<(OrderId, u32)>,
}

#[test]
fn a_venue_that_says_anything_cannot_make_us_miscount() {
    let (mut busts, mut lost) = (0, 0);
    for seed in 0..40 {
        let mut prng = Prng::new(seed);
        let mut desk = Desk::new(3, 16);
        let mut obvious = Obvious::default();
        let mut position = 0;
        for _ in 0..4_000 {
            desk.now = desk.now + types::Nanos(10_000_000);
            if prng.chance(0.01) {
                desk.lose_sight();
            }
            let open = pick(&mut prng, &obvious.open);
            match (prng.below(12), open) {
                (0, _) | (_, None) => {
                    let side = if prng.chance(0.5) { Side::Buy } else { Side::Sell };
                    let size = prng.between(1, 20);
                    let instrument = u32::try_from(prng.below(3)).expect("small");
                    let id = desk.submit(terms(instrument, side, size));
                    obvious.orders.insert(id, (side, size, BTreeMap::new()));
                    obvious.open.push(id);
                }
                (1, Some(id)) => {
                    desk.cancel(id);
                }
                (2, Some(id)) => {
                    let size = desk.order(id).filled.0 + prng.between(1, 15);
                    if desk.replace(id, 99, size) {
                        let most = &mut obvious.orders.get_mut(&id).expect("submitted").1;
                        *most = size.max(*most);
                    }
                }
                (_, Some(open)) => {
                    // Of an order that is open, closed, or long forgotten.
                    let next = desk.orders.counts().submitted + 1;
                    let reach = if prng.chance(0.1) { next } else { next.min(40) };
                    let back = prng.below(reach);
                    let any = u32::try_from(next - back).expect("small");
                    let id = if prng.chance(0.5) { open } else { OrderId(any) };
                    let outcome = anything(&mut prng);
                    let change = desk.hear(id, outcome);
                    if let (Change::Filled { size, .. }, Outcome::Filled { fill, .. }) = (change, outcome) {
                        let (side, _, fills) = obvious.orders.get_mut(&id).expect("submitted");
                        assert_eq!(fills.insert(fill, size.0), None, "seed {seed}: a fill was taken twice");
                        position += size.0 * side.sign();
                    }
                    let held = std::mem::take(&mut desk.held);
                    for (outcome, change) in held.into_iter().chain([(outcome, change)]) {
                        if let (Change::Busted { size, .. }, Outcome::Busted { fill, .. }) = (change, outcome)
                        {
                            let (side, _, fills) = &obvious.orders[&id];
                            assert_eq!(fills.get(&fill), Some(&size.0), "seed {seed}: no such fill");
                            assert!(obvious.busted.insert((id, fill)), "seed {seed}: taken back twice");
                            position -= size.0 * side.sign();
                        }
                    }
                    if change.closed() {
                        let before = obvious.open.len();
                        obvious.open.retain(|open| *open != id);
                        assert_eq!(before - 1, obvious.open.len(), "seed {seed}: {id} closed twice");
                    }
                }
            }
            let listed: Vec<OrderId> = desk.orders.open().map(|order| order.id).collect();
            assert_eq!(listed, obvious.open, "seed {seed}: open orders, oldest first");
            let held: i64 = (0..3).map(|id| desk.risk.position(InstrumentId(id)).0).sum();
            assert_eq!(held, position, "seed {seed}");
            for instrument in (0..3).map(InstrumentId) {
                let of: Vec<_> = desk.orders.open_of(instrument).map(|order| order.id).collect();
                let all = desk.orders.open().filter(|order| order.instrument() == instrument);
                assert_eq!(of, all.map(|order| order.id).collect::<Vec<_>>(), "seed {seed}");
                for side in Side::BOTH {
                    let works = desk.orders.open_of(instrument).filter(|order| order.terms.side == side);
                    let exposure: i64 = works.map(|order| order.exposure().0).sum();
                    assert_eq!(desk.risk.working(instrument, side).0, exposure, "seed {seed}");
                }
            }
        }
        for (id, (_, most, fills)) in &obvious.orders {
            let filled: i64 = fills.values().sum();
            assert!(filled <= *most, "seed {seed}: {id} traded {filled} of {most}");
            if let Some(order) = desk.orders.get(*id) {
                assert_eq!(order.filled, Lots(filled), "seed {seed}");
            }
        }
        let counts = desk.orders.counts();
        assert!(counts.impossible > 100 && counts.duplicates > 100 && counts.late_fills > 10, "{counts:?}");
        (busts, lost) = (busts + counts.busts, lost + counts.lost);
    }
    assert!(busts > 20 && lost > 500, "{busts} {lost}: too tame");
}

#[test]
fn closed_orders_are_forgotten_oldest_first_and_open_ones_never() {
    let mut desk = Desk::new(1, 16);
    let old = desk.submit(terms(0, Side::Buy, 1));
    let mut last = old;
    for fill in 0..100_000 {
        last = desk.submit(terms(0, Side::Sell, 1));
        desk.hear(last, filled(1, fill));
    }
    assert_eq!(desk.order(old).state, State::Pending);
    assert!(
        desk.orders.get(OrderId(last.0 - 15)).is_some() && desk.orders.get(OrderId(last.0 - 16)).is_none()
    );
    assert_eq!((desk.orders.open_count(), desk.orders.counts().submitted), (1, 100_001));
    assert_eq!(desk.risk.position(InstrumentId(0)), Lots(-100_000));
    let forgotten = desk.orders.on_report(NOW, &report(OrderId(1), InstrumentId(0), filled(1, 0)));
    assert!(matches!(forgotten, Change::Impossible(orders::Impossible::UnknownOrder)));
}
