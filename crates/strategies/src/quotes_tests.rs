//! Reconciliation as a table: working orders and targets on a line, messages at its end.

use super::*;

/// `b1@100 3/10?`: buy order 1 at 100, 3 of 10 filled; `?` unanswered, `x` leaving.
fn working(text: &str) -> Working {
    let (text, progress) = match text.as_bytes().last() {
        Some(b'?') => (&text[..text.len() - 1], Progress::Unanswered),
        Some(b'x') => (&text[..text.len() - 1], Progress::Leaving),
        Some(_) | None => (text, Progress::Answered),
    };
    let (place, size) = text.split_once(' ').expect("a size");
    let (name, price) = place[1..].split_once('@').expect("a price");
    let (filled, size) = size.split_once('/').expect("filled of size");
    let number = |text: &str| text.parse::<i64>().expect("a number");
    Working {
        order: OrderId(name.parse().expect("a number")),
        side: if place.starts_with('b') { Side::Buy } else { Side::Sell },
        price: Ticks(number(price)),
        filled: Lots(number(filled)),
        unfilled: Lots(number(size) - number(filled)),
        progress,
    }
}

/// `10@100~98..101`: ten at 100, a quote from 98 to 101 may stay; without a band only at the price itself.
fn target(text: &str) -> Option<Target> {
    let (size, rest) = text.split_once('@')?;
    let (price, band) = rest.split_once('~').unwrap_or((rest, ""));
    let (from, to) = band.split_once("..").unwrap_or((price, price));
    let number = |text: &str| text.parse::<i64>().expect("a number");
    Some(Target {
        price: Ticks(number(price)),
        size: Lots(number(size)),
        keep_from: Ticks(number(from)),
        keep_to: Ticks(number(to)),
    })
}

fn check(orders: &[&str], bid: &str, ask: &str, messages: &[&str]) {
    let mut sent = Vec::new();
    let working: Vec<_> = orders.iter().map(|text| working(text)).collect();
    reconcile(working.into_iter(), [target(bid), target(ask)], |act| {
        sent.push(match act {
            Act::Place { side, price, size } => format!("{side} {}@{}", size.0, price.0),
            Act::Replace { order, price, size } => format!("{order} to {}@{}", size.0, price.0),
            Act::Cancel(order) => format!("no {order}"),
        });
    });
    assert_eq!(sent, messages, "{orders:?} {bid} {ask}");
}

#[test]
fn nothing_becomes_quotes_and_quotes_become_nothing() {
    check(&[], "-", "-", &[]);
    check(&[], "10@100", "10@102", &["buy 10@100", "sell 10@102"]);
    check(&[], "-", "10@102", &["sell 10@102"]);
    check(&["b1@100 0/10", "s2@102 0/10"], "-", "-", &["no 1", "no 2"]);
    check(&["b1@100 0/10", "s2@102 0/10"], "10@100", "-", &["no 2"]);
}

#[test]
fn a_quote_that_is_good_enough_keeps_its_place() {
    check(&["b1@100 0/10"], "10@100", "-", &[]);
    check(&["b1@99 0/10"], "10@100~98..101", "-", &[]);
    check(&["b1@98 0/10"], "10@100~98..101", "-", &[]);
    check(&["b1@101 0/10"], "10@100~98..101", "-", &[]);
    check(&["b1@97 0/10"], "10@100~98..101", "-", &["1 to 10@100"]);
    check(&["b1@102 0/10"], "10@100~98..101", "-", &["1 to 10@100"]);
    check(&["s1@102 0/10"], "-", "10@103", &["1 to 10@103"]);
}

#[test]
fn a_partly_filled_quote_is_topped_up_only_when_it_moves_anyway() {
    check(&["b1@100 3/10"], "10@100", "-", &[]);
    check(&["b1@100 3/10"], "10@101", "-", &["1 to 13@101"]);
}

#[test]
fn a_quote_too_large_for_the_bounds_shrinks_where_it_stands() {
    check(&["b1@100 0/10"], "4@100", "-", &["1 to 4@100"]);
    check(&["b1@100 3/10"], "4@100", "-", &["1 to 7@100"]);
    check(&["b1@99 0/10"], "4@100~98..101", "-", &["1 to 4@99"]);
    check(&["b1@100 6/10"], "4@100", "-", &[]);
}

#[test]
fn an_order_the_venue_has_not_answered_is_left_alone_unless_nothing_is_wanted() {
    check(&["b1@100 0/10?"], "10@105", "-", &[]);
    check(&["b1@100 0/10?"], "-", "-", &["no 1"]);
    check(&["b1@100 0/10x"], "10@100", "-", &[]);
    check(&["b1@100 0/10x"], "-", "-", &[]);
    check(&["b1@100 0/10x"], "10@105", "10@107", &["sell 10@107"]);
}

#[test]
fn a_second_order_on_a_side_goes() {
    check(&["b1@100 0/10", "b2@100 0/10", "b3@90 0/10x"], "10@100", "-", &["no 2"]);
}

#[test]
fn the_side_that_retreats_moves_first() {
    let both = ["b1@100 0/10", "s2@102 0/10"];
    check(&both, "10@103", "10@105", &["2 to 10@105", "1 to 10@103"]);
    check(&both, "10@97", "10@99", &["1 to 10@97", "2 to 10@99"]);
}

#[test]
fn every_message_leads_to_the_target_and_then_there_are_none() {
    // Random situations; the venue answers each message at once and in full.
    let mut prng = stdx::Prng::new(41);
    for round in 0..20_000 {
        let mut book: Vec<Working> = Vec::new();
        for (id, side) in (0..).zip(Side::BOTH) {
            if prng.chance(0.7) {
                let filled = prng.between(0, 5);
                book.push(Working {
                    order: OrderId(id),
                    side,
                    price: Ticks(prng.between(90, 110)),
                    filled: Lots(filled),
                    unfilled: Lots(prng.between(1, 10)),
                    progress: Progress::Answered,
                });
            }
        }
        let targets = [90, 101].map(|from| {
            let price = Ticks(from + prng.between(0, 9));
            prng.chance(0.8).then(|| Target {
                price,
                size: Lots(prng.between(1, 10)),
                keep_from: price - prng.between(0, 3),
                keep_to: price + prng.between(0, 3),
            })
        });
        let mut acts = Vec::new();
        reconcile(book.iter().copied(), targets, |act| acts.push(act));
        assert!(acts.len() <= 2, "round {round}: one message a side is enough: {acts:?}");
        for act in acts {
            apply(&mut book, act);
        }
        for side in Side::BOTH {
            let mut quotes = book.iter().filter(|order| order.side == side);
            match targets[side.index()] {
                None => assert_eq!(quotes.next(), None, "round {round}"),
                Some(target) => {
                    let quote = quotes.next().expect("a quote where one is wanted");
                    assert!(quote.unfilled <= target.size, "round {round}");
                    assert!((target.keep_from..=target.keep_to).contains(&quote.price), "round {round}");
                }
            }
        }
        reconcile(book.iter().copied(), targets, |act| panic!("round {round}: then {act:?}"));
    }
}

fn apply(book: &mut Vec<Working>, act: Act) {
    match act {
        Act::Place { side, price, size } => book.push(Working {
            order: OrderId(9),
            side,
            price,
            filled: Lots(0),
            unfilled: size,
            progress: Progress::Answered,
        }),
        Act::Replace { order, price, size } => {
            let quote = book.iter_mut().find(|quote| quote.order == order).expect("ours");
            quote.price = price;
            quote.unfilled = size - quote.filled;
        }
        Act::Cancel(order) => book.retain(|quote| quote.order != order),
    }
}

#[test]
fn a_full_fill_never_carries_the_position_beyond_its_bound() {
    // side, position, order size, bound → size.
    let cases = [
        (Side::Buy, 0, 3, 10, Some(3)),
        (Side::Buy, 8, 3, 10, Some(2)),
        (Side::Buy, 10, 3, 10, None),
        (Side::Buy, 12, 3, 10, None),
        (Side::Buy, -12, 3, 10, Some(3)),
        (Side::Sell, 0, 3, 10, Some(3)),
        (Side::Sell, -9, 3, 10, Some(1)),
        (Side::Sell, -10, 3, 10, None),
        (Side::Sell, 12, 3, 10, Some(3)),
        (Side::Buy, 0, 30, 10, Some(10)),
        (Side::Buy, i64::MIN + 1, 3, i64::MAX, Some(3)),
        (Side::Buy, i64::MAX, 3, 10, None),
    ];
    for (side, position, size, bound, want) in cases {
        let got = within_bounds(side, Lots(position), Lots(size), Lots(bound));
        assert_eq!(got, want.map(Lots), "{side} at {position}");
    }
}
