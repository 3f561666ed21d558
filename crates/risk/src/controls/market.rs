//! What the market lets one do, and whether it can be reasoned from: phases, bands, the book, price collars.

use super::Ask;
use crate::exposure::saturated;
use crate::refusal::Refusal;
use crate::state::{InstrumentRow, Reference};
use types::{Nanos, Phase, Side, Ticks};

/// RC-25.
#[inline]
pub(super) fn is_open(ask: &Ask) -> Result<(), Refusal> {
    match ask.row.phase {
        Phase::Open | Phase::PreOpen => {}
        Phase::Halted | Phase::Closed => return Err(Refusal::MarketClosed),
    }
    let [low, high] = ask.row.band;
    let (band, beyond) = match ask.side {
        Side::Buy => (high, high.is_some_and(|high| ask.price > high)),
        Side::Sell => (low, low.is_some_and(|low| ask.price < low)),
    };
    match band {
        Some(band) if beyond => Err(Refusal::OutsideBand { price: ask.price, band }),
        _ => Ok(()),
    }
}

/// RC-06.
#[inline]
pub(super) fn is_reasonable(ask: &Ask) -> Result<(), Refusal> {
    if !ask.touch.live {
        return Err(Refusal::BookNotLive);
    }
    if let (Some(bid), Some(offer)) = (ask.touch.bid, ask.touch.ask) {
        // A locked book is legal.
        if bid > offer {
            return Err(Refusal::BookCrossed { bid, ask: offer });
        }
        if let Some(ppm) = ask.row.spread_ppm {
            let (spread, mid) =
                (i128::from(offer.0) - i128::from(bid.0), i128::from(offer.0) + i128::from(bid.0));
            if spread * 2_000_000 > share(mid, ppm) {
                return Err(Refusal::SpreadTooWide { bid, ask: offer });
            }
        }
    }
    if ask.row.has_jumped {
        return Err(Refusal::BookJumped);
    }
    if ask.row.data_age != i64::MAX {
        let age = ask.now.0.saturating_sub(ask.row.changed_at.0);
        if age > ask.row.data_age {
            return Err(Refusal::BookTooOld { age: Nanos(age), limit: Nanos(ask.row.data_age) });
        }
    }
    Ok(())
}

/// RC-05. No step is too far by itself when many of them walk away: what is measured from is the best mid there was.
#[inline]
pub(super) fn collar_over_time(ask: &Ask) -> Result<(), Refusal> {
    let Some(best) = ask.row.drift.best(ask.side) else { return Ok(()) };
    let reference = i128::from(best);
    let ppm = ask.row.drift_ppm;
    let worse = (2 * i128::from(ask.price.0) - reference) * i128::from(ask.side.sign());
    // As far as it goes is no bound.
    if ppm == i64::MAX || worse * 1_000_000 <= share(reference, ppm) {
        return Ok(());
    }
    Err(drifted(ask, reference))
}

#[cold]
fn drifted(ask: &Ask, reference: i128) -> Refusal {
    let room = share(reference, ask.row.drift_ppm) / 1_000_000;
    Refusal::PriceDrifted { price: ask.price, limit: worst_within(reference, room, ask.side) }
}

/// Whether a price is within so many millionths of the far touch; a book without one is another check's business.
#[inline]
pub(super) fn within_ppm_of_far(ask: &Ask, ppm: i64) -> bool {
    let far = match ask.side {
        Side::Buy => ask.touch.ask,
        Side::Sell => ask.touch.bid,
    };
    far.is_none_or(|far| {
        let worse = (i128::from(ask.price.0) - i128::from(far.0)) * i128::from(ask.side.sign());
        worse * 1_000_000 <= share(i128::from(far.0), ppm)
    })
}

/// RC-04. Bounds the price on the side that hurts: too high to buy, too low to sell.
#[inline]
pub(super) fn collar(ask: &Ask) -> Result<(), Refusal> {
    match ask.kind.trigger() {
        None => within(ask, touch(ask)?),
        Some(trigger) => {
            // A stop is far from the market by intent: when it becomes an order the market is at its trigger.
            within(ask, 2 * i128::from(trigger.0))?;
            if may_have_triggered(ask) { within(ask, touch(ask)?) } else { Ok(()) }
        }
    }
}

/// Whether what is changed was a stop and may be an order in the book by now, which nobody need have told us. One whose
/// limit crosses the market waits: in the book it would have traded.
fn may_have_triggered(ask: &Ask) -> bool {
    let far = match ask.side {
        Side::Buy => ask.touch.ask,
        Side::Sell => ask.touch.bid,
    };
    let crosses = |old: Ticks| far.is_some_and(|far| old.crosses(far, ask.side));
    ask.old_price.is_some_and(|old| !crosses(old))
}

/// Whether the price is within the collar of a reference in half ticks, so that a mid is whole.
#[inline]
fn within(ask: &Ask, reference: i128) -> Result<(), Refusal> {
    let worse = (2 * i128::from(ask.price.0) - reference) * i128::from(ask.side.sign());
    let row = ask.row;
    let within_ticks = row.collar_ticks.is_none_or(|ticks| worse <= 2 * i128::from(ticks));
    let within_ppm = row.collar_ppm.is_none_or(|ppm| worse * 1_000_000 <= share(reference, ppm));
    if within_ticks && within_ppm {
        return Ok(());
    }
    Err(Refusal::PriceBeyondCollar { price: ask.price, limit: collar_limit(row, reference, ask.side) })
}

/// What the market's own prices are measured from, in half ticks.
#[inline]
fn touch(ask: &Ask) -> Result<i128, Refusal> {
    let of = |side: Side| {
        let price = match side {
            Side::Buy => ask.touch.bid,
            Side::Sell => ask.touch.ask,
        };
        match price {
            Some(price) => Ok(i128::from(price.0)),
            None => Err(Refusal::NoReference { missing: side }),
        }
    };
    match ask.row.collar_reference {
        Reference::FarTouch => Ok(2 * of(!ask.side)?),
        Reference::Mid => Ok(of(Side::Buy)? + of(Side::Sell)?),
    }
}

/// `reference × ppm`, in millionths; beyond the number line only when no price could be beyond it either.
fn share(reference: i128, ppm: i64) -> i128 {
    reference.abs().saturating_mul(i128::from(ppm))
}

/// The worst whole price within the collar: only worked out for a refusal, because it divides.
#[cold]
fn collar_limit(row: &InstrumentRow, reference: i128, side: Side) -> Ticks {
    let ticks = row.collar_ticks.map(|ticks| 2 * i128::from(ticks));
    let ppm = row.collar_ppm.map(|ppm| share(reference, ppm) / 1_000_000);
    let room = ticks.into_iter().chain(ppm).min().unwrap_or(0);
    worst_within(reference, room, side)
}

/// The worst whole price within `room` half ticks of a reference in half ticks.
fn worst_within(reference: i128, room: i128, side: Side) -> Ticks {
    let limit = match side {
        Side::Buy => reference.saturating_add(room).div_euclid(2),
        Side::Sell => -(-reference.saturating_sub(room)).div_euclid(2),
    };
    Ticks(saturated(limit).0)
}
