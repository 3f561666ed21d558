//! What holds at every level: the kill switch, reduce-only, stages, and that limits are set and fresh.

use super::Ask;
use crate::exposure::Held;
use crate::limits::Level;
use crate::marks::Marks;
use crate::refusal::Refusal;
use types::{Nanos, OrderKind, Stage};

/// Each level's marks, and what is held there.
fn levels<'a>(ask: &Ask<'a>) -> [(Level, Marks, &'a Held); 6] {
    let (own, of_account, all) = (&ask.own.held, ask.of_account, &ask.row.held);
    [
        (Level::Firm, ask.firm.marks, all),
        (Level::Account, ask.account.marks, of_account),
        (Level::Desk, ask.desk.map_or(Marks::NONE, |desk| desk.marks), own),
        (Level::Strategy, ask.strategy.marks, own),
        (Level::Venue, ask.venue.marks, all),
        (Level::Instrument, ask.row.marks, all),
    ]
}

/// RC-32. Latched: only a reset ends it. And the stage that trading has been resumed to.
#[inline]
pub(super) fn kill_switch(ask: &Ask) -> Result<(), Refusal> {
    if ask.marks.has(Marks::KILLED) {
        return Err(killed(ask));
    }
    match (ask.firm.stage, ask.kind) {
        (Stage::Continuous, _) | (Stage::PostOnly, OrderKind::PostOnly) => Ok(()),
        (stage, _) => Err(Refusal::NotResumed { stage }),
    }
}

#[cold]
fn killed(ask: &Ask) -> Refusal {
    let found = levels(ask).into_iter().find(|(_, marks, _)| marks.has(Marks::KILLED));
    Refusal::Killed { level: found.map_or(Level::Firm, |(level, _, _)| level) }
}

/// An unset limit refuses.
#[inline]
pub(super) fn limits_are_set(ask: &Ask) -> Result<(), Refusal> {
    let desk = ask.desk.and_then(|desk| desk.unset);
    let rows = [
        (Level::Instrument, ask.row.unset),
        (Level::Strategy, ask.strategy.unset),
        (Level::Account, ask.account.unset),
        (Level::Desk, desk),
        (Level::Venue, ask.venue.unset),
        (Level::Firm, ask.firm.unset),
    ];
    for (level, unset) in rows {
        if let Some(limit) = unset {
            return Err(Refusal::LimitUnset { level, limit });
        }
    }
    Ok(())
}

/// RC-43.
#[inline]
pub(super) fn limits_are_fresh(ask: &Ask) -> Result<(), Refusal> {
    if ask.firm.limit_age == i64::MAX {
        return Ok(());
    }
    let age = ask.firm.limits_at.map_or(i64::MAX, |at| ask.now.0.saturating_sub(at.0));
    if age > ask.firm.limit_age {
        return Err(Refusal::LimitsStale { age: Nanos(age) });
    }
    Ok(())
}

/// RC-34. Each level's own holding counts: an order that reduces the strategy's position may increase the account's.
#[inline]
pub(super) fn reduce_only(ask: &Ask) -> Result<(), Refusal> {
    if !ask.marks.has(Marks::REDUCE_ONLY) {
        return Ok(());
    }
    for (level, marks, held) in levels(ask) {
        if marks.has(Marks::REDUCE_ONLY) && !held.only_reduces(ask.side, ask.added.0) {
            return Err(Refusal::ReduceOnly { level });
        }
    }
    Ok(())
}
