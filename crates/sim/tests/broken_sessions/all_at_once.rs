//! Every fault at once, by many seeds: whatever happened, once the session is calm we are where the venue is.

use crate::floor::{Floor, MS, ONLY, VENUE};
use engine::{CopyTerms, Want};
use sim::session::Faults;
use stdx::Prng;
use types::{Lots, OrderId, Side, Ticks};

/// A minute of wishes against a seed's mix; then calm, and the comparison with the venue's record.
fn minute(seed: u64, restarts: bool) -> Floor {
    let mut prng = Prng::new(seed);
    let mut faults = Faults::drawn(&mut prng);
    // Contradicting copies are their own tests: they stop the account, as they should.
    if let Some(copies) = &mut faults.copies {
        copies.wrong = 0.0;
    }
    // What no way ever says cannot be known: fills come again, or by copy.
    faults.resends |= faults.copies.is_none_or(|copies| copies.lost > 0.0);
    let mut floor = Floor::new(2, faults, seed);
    if faults.copies.is_some() {
        floor.expect_copies(CopyTerms { venues: vec![VENUE], tolerance: Lots(1_000_000) });
    }
    for n in 0..400 {
        floor.until(n * 150 * MS + prng.between(0, 100 * MS));
        let mid = 100 + prng.between(-4, 4);
        if prng.chance(0.4) {
            floor.market(mid, mid + 1, prng.between(1, 12));
        }
        if restarts && n % 7 == 3 {
            floor.restart();
        }
        let puppet = usize::try_from(prng.below(2)).expect("two");
        let open: Vec<OrderId> = floor.engine.orders().open().map(|order| order.id).collect();
        let any = (!open.is_empty())
            .then(|| open[usize::try_from(prng.below(open.len() as u64)).expect("below a length")]);
        match (prng.below(4), any) {
            (0 | 1, _) | (_, None) => {
                let side = if prng.chance(0.5) { Side::Buy } else { Side::Sell };
                floor.place(puppet, side, mid + prng.between(-3, 3), prng.between(1, 8));
            }
            (2, Some(id)) => floor.wish(puppet, Want::Cancel(id)),
            (_, Some(order)) => {
                let (price, size) = (Ticks(mid + prng.between(-3, 3)), Lots(prng.between(1, 12)));
                floor.wish(puppet, Want::Replace { order, price, size });
            }
        }
    }
    floor.session.calm();
    floor.ms(400_000);
    floor
}

#[test]
fn rc_40_whatever_the_session_did_we_end_where_the_venue_is_and_nothing_filled_beyond_its_size() {
    let (mut breaks, mut busts, mut lost, mut doubled) = (0, 0, 0, 0);
    for seed in 0..seeds() {
        let floor = minute(seed, false);
        let counts = floor.session.counts();
        assert_eq!(counts.sent_while_down, 0, "seed {seed}");
        assert!(floor.engine.is_up(VENUE), "seed {seed}: {counts:?}");
        for (id, theirs) in floor.session.orders() {
            let Some(ours) = floor.engine.orders().get(id) else { continue };
            assert_eq!(ours.filled, theirs.filled, "seed {seed}: {ours:?} {theirs:?}");
            assert_eq!(ours.is_open(), theirs.open, "seed {seed}: {ours:?} {theirs:?}");
            assert!(ours.filled <= ours.terms.size.max(theirs.size), "seed {seed}: {ours:?}");
            let busted: i64 = theirs.fills.iter().filter(|fill| fill.busted).map(|fill| fill.size.0).sum();
            assert_eq!(ours.busted.0, busted, "seed {seed}: {ours:?} {theirs:?}");
        }
        // Ours that the venue does not have never came to it, or it lost them.
        for order in floor.engine.orders().open() {
            let theirs = floor.session.order(order.id);
            assert!(theirs.is_some_and(|theirs| theirs.open), "seed {seed}: {order:?}");
        }
        assert_eq!(floor.position(), floor.session.position(ONLY).0, "seed {seed}: {counts:?}");
        (breaks, busts) = (breaks + counts.breaks, busts + counts.busts);
        (lost, doubled) = (lost + counts.orders_lost, doubled + counts.doubled);
    }
    assert!(
        breaks > 20 && busts > 5 && lost > 5 && doubled > 100,
        "{breaks} {busts} {lost} {doubled}: too tame"
    );
}

/// More with `QUOIN_SESSION_SEEDS`.
fn seeds() -> u64 {
    std::env::var("QUOIN_SESSION_SEEDS").ok().and_then(|count| count.parse().ok()).unwrap_or(60)
}

#[test]
fn v_02_an_order_number_is_sent_once_whatever_happens() {
    for seed in 0..20 {
        let floor = minute(seed, false);
        let mut numbers: Vec<OrderId> = floor
            .sent
            .iter()
            .filter_map(
                |(_, command)| {
                    if let types::Command::Place(place) = command { Some(place.order) } else { None }
                },
            )
            .collect();
        let sent = numbers.len();
        numbers.sort();
        numbers.dedup();
        assert_eq!(numbers.len(), sent, "seed {seed}");
    }
}

#[test]
fn a_machine_that_goes_on_from_saved_state_sends_what_the_one_that_went_on_does() {
    for seed in 0..15 {
        let (one, other) = (minute(seed, false), minute(seed, true));
        assert_eq!(one.sent, other.sent, "seed {seed}");
        assert_eq!(one.alerts, other.alerts, "seed {seed}");
    }
}
