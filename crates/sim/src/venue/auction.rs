//! Where a call auction ends: one price for all.
//!
//! The rule of most exchanges' auctions, as Xetra's publishes it (Deutsche Börse, "Market Model Equities", section on
//! the auction price): the most volume; of those the least that is left over; then, if what is left over is all on
//! one side, the price that side must accept; else the one nearest to the reference. Never decides whose orders trade.

use types::{Lots, Ticks};

/// What an auction comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cross {
    /// Where all of it trades.
    pub price: Ticks,
    /// How much.
    pub volume: Lots,
    /// What would also trade there and finds nobody: above zero to buy, below to sell.
    pub surplus: Lots,
}

/// What would trade at a price. Bids and asks in any order.
#[must_use]
pub fn at(price: Ticks, bids: &[(Ticks, Lots)], asks: &[(Ticks, Lots)]) -> Cross {
    let sum = |sum: i64, order: &(Ticks, Lots)| sum.saturating_add(order.1.0.max(0));
    let demand = bids.iter().filter(|bid| bid.0 >= price).fold(0, sum);
    let supply = asks.iter().filter(|ask| ask.0 <= price).fold(0, sum);
    Cross { price, volume: Lots(demand.min(supply)), surplus: Lots(demand - supply) }
}

/// The auction price; `None` when no bid meets an ask. Without a reference the middle of what is equally good serves.
#[must_use]
pub fn uncross(bids: &[(Ticks, Lots)], asks: &[(Ticks, Lots)], reference: Option<Ticks>) -> Option<Cross> {
    // Between two limits it is everywhere as it is next to them.
    let beside = |order: &(Ticks, Lots)| {
        [-1, 0, 1].map(|steps| at(Ticks(order.0.0.saturating_add(steps)), bids, asks))
    };
    let prices = || bids.iter().chain(asks).flat_map(beside);
    let volume = prices().map(|cross| cross.volume).max().filter(|volume| *volume > Lots::ZERO)?;
    let most = || prices().filter(move |cross| cross.volume == volume);
    let left_over = most().map(|cross| cross.surplus.abs()).min()?;
    let best = || most().filter(move |cross| cross.surplus.abs() == left_over);
    let lowest = best().min_by_key(|cross| cross.price)?;
    let highest = best().max_by_key(|cross| cross.price)?;
    if best().all(|cross| cross.surplus > Lots::ZERO) {
        return Some(highest);
    }
    if best().all(|cross| cross.surplus < Lots::ZERO) {
        return Some(lowest);
    }
    let middle = || Ticks(lowest.price.0.midpoint(highest.price.0));
    let wanted = reference.unwrap_or_else(middle).clamp(lowest.price, highest.price);
    // What is equally good need not hang together.
    let between = at(wanted, bids, asks);
    if between.volume == volume && between.surplus.abs() <= left_over {
        return Some(between);
    }
    best().min_by_key(|cross| (cross.price.0.abs_diff(wanted.0), cross.price))
}

#[cfg(test)]
mod tests {
    use super::*;
    use stdx::Prng;

    fn orders(of: &[(i64, i64)]) -> Vec<(Ticks, Lots)> {
        of.iter().map(|&(price, size)| (Ticks(price), Lots(size))).collect()
    }

    /// Bids and asks as (price, size); reference; price, volume, surplus.
    type Case<'a> = (&'a [(i64, i64)], &'a [(i64, i64)], Option<i64>, Option<(i64, i64, i64)>);

    #[test]
    fn the_price_is_found_by_each_rule_in_its_turn() {
        let cases: [Case<'_>; 11] = [
            (&[(99, 5)], &[(100, 5)], Some(100), None),
            (&[], &[(100, 5)], None, None),
            // One price has the most volume.
            (&[(102, 2), (101, 2), (100, 3)], &[(100, 3), (101, 1), (102, 9)], None, Some((101, 4, 0))),
            // 101 and 102 have 12; at 102 less is left over.
            (&[(102, 16), (101, 5)], &[(100, 8), (101, 4)], Some(50), Some((102, 12, 4))),
            // The same is left over at both, to buy: buyers pay the most they must.
            (&[(102, 5), (101, 0)], &[(99, 4), (101, 0)], Some(50), Some((102, 4, 1))),
            // The same, to sell: sellers get the least.
            (&[(102, 4)], &[(99, 5)], Some(200), Some((99, 4, -1))),
            // Nothing is left over between 100 and 102: the reference, within that.
            (&[(102, 5)], &[(100, 5)], Some(101), Some((101, 5, 0))),
            (&[(102, 5)], &[(100, 5)], Some(90), Some((100, 5, 0))),
            (&[(102, 5)], &[(100, 5)], Some(110), Some((102, 5, 0))),
            (&[(102, 5)], &[(99, 5)], None, Some((100, 5, 0))),
            // Two are left over to sell at 101 and to buy at 99; between them nothing is.
            (&[(101, 4), (99, 2)], &[(99, 4), (101, 2)], Some(101), Some((100, 4, 0))),
        ];
        for (row, (bids, asks, reference, expected)) in cases.into_iter().enumerate() {
            let found = uncross(&orders(bids), &orders(asks), reference.map(Ticks));
            let found = found.map(|cross| (cross.price.0, cross.volume.0, cross.surplus.0));
            assert_eq!(found, expected, "row {row}");
        }
    }

    #[test]
    fn no_price_would_have_traded_more_or_left_less() {
        for seed in 0..2_000 {
            let mut prng = Prng::new(seed);
            let mut side = |low: i64, high: i64| -> Vec<(Ticks, Lots)> {
                (0..prng.between(0, 8))
                    .map(|_| (Ticks(prng.between(low, high)), Lots(prng.between(1, 9))))
                    .collect()
            };
            let (bids, asks) = (side(95, 110), side(90, 105));
            let reference = Some(Ticks(prng.between(85, 115)));
            let found = uncross(&bids, &asks, reference);
            let all = || (80..120).map(|price| at(Ticks(price), &bids, &asks));
            let most = all().map(|cross| cross.volume).max().expect("prices");
            match found {
                None => assert_eq!(most, Lots::ZERO, "seed {seed}"),
                Some(found) => {
                    assert_eq!(found.volume, most, "seed {seed}: {found:?} {bids:?} {asks:?}");
                    let least =
                        all().filter(|cross| cross.volume == most).map(|cross| cross.surplus.abs()).min();
                    assert!(Some(found.surplus.abs()) <= least, "seed {seed}: {found:?} {bids:?} {asks:?}");
                }
            }
        }
    }
}
