//! What a venue session takes: order types, messages, orders in flight; and when it is not fit to trade at.

use super::Ask;
use crate::limits::{Level, VenueSeat};
use crate::marks::Marks;
use crate::refusal::Refusal;

/// RC-26.
#[inline]
pub(super) fn takes_it(ask: &Ask) -> Result<(), Refusal> {
    let takes = &ask.venue.takes;
    if takes.kinds & VenueSeat::kind_bit(ask.kind) == 0 {
        return Err(Refusal::OrderTypeNotTaken { kind: ask.kind });
    }
    match ask.time_in_force {
        Some(time) if takes.times_in_force & VenueSeat::time_in_force_bit(time) == 0 => {
            Err(Refusal::TimeInForceNotTaken { time_in_force: time })
        }
        _ => Ok(()),
    }
}

/// RC-47, and that there is a session at all.
#[inline]
pub(super) fn is_healthy(ask: &Ask) -> Result<(), Refusal> {
    if ask.venue.marks.has(Marks::DOWN) {
        return Err(Refusal::SessionDown);
    }
    if ask.venue.marks.has(Marks::PAUSED) {
        return Err(Refusal::VenuePaused);
    }
    Ok(())
}

/// RC-12.
#[inline]
pub(super) fn in_flight(ask: &Ask) -> Result<(), Refusal> {
    let (in_flight, limit) = (ask.venue.in_flight, ask.venue.in_flight_most);
    if ask.opens && i64::from(in_flight) >= limit {
        return Err(Refusal::InFlightTooMany { in_flight, limit });
    }
    Ok(())
}

/// RC-09.
#[inline]
pub(super) fn message_rate(ask: &Ask) -> Result<(), Refusal> {
    let rows = [
        (Level::Strategy, &ask.strategy.budget),
        (Level::Account, &ask.account.budget),
        (Level::Venue, &ask.venue.budget),
    ];
    for (level, budget) in rows {
        if !budget.bucket.has_room(ask.now) {
            let (per_second, burst) = (budget.per_second, budget.burst);
            return Err(Refusal::MessagesTooMany { level, per_second, burst });
        }
    }
    Ok(())
}

/// RC-29.
#[inline]
pub(super) fn order_to_trade(ask: &Ask) -> Result<(), Refusal> {
    let rows = [(Level::Instrument, &ask.row.ratio), (Level::Venue, &ask.venue.ratio)];
    for (level, ratio) in rows {
        if !ratio.has_room() {
            let (messages, trades) = (ratio.messages, ratio.trades);
            return Err(Refusal::OrderToTrade { level, messages, trades });
        }
    }
    Ok(())
}
