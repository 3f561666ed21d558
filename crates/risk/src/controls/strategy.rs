//! What one strategy may: while it is new, when it trades too often, when its model is not well, when it repeats itself.

use super::{Ask, market, order};
use crate::limits::LimitId;
use crate::marks::Marks;
use crate::refusal::Refusal;
use crate::state::Health;
use types::{Money, Nanos};

/// RC-39.
#[inline]
pub(super) fn deployment(ask: &Ask) -> Result<(), Refusal> {
    let caps = &ask.strategy.deployed;
    if !caps.instruments.is_empty() && !caps.instruments.get(ask.instrument.index()).is_some_and(|may| *may) {
        return Err(Refusal::NotDeployed);
    }
    let beyond = |limit| Err(Refusal::DeployedTooMuch { limit });
    if ask.size.0 > caps.size {
        return beyond(LimitId::DeploySize);
    }
    if let Some(limit) = caps.notional
        && order::home_notional(ask)?.unwrap_or(Money(i128::MAX)) > limit
    {
        return beyond(LimitId::DeployNotional);
    }
    if ask.opens && ask.strategy.sent >= caps.orders {
        return beyond(LimitId::DeployOrders);
    }
    if ask.own.held.worst(ask.side, ask.added.0) > i128::from(caps.position) {
        return beyond(LimitId::DeployPosition);
    }
    if let Some(ppm) = caps.collar_ppm
        && !market::within_ppm_of_far(ask, ppm)
    {
        return beyond(LimitId::DeployCollar);
    }
    Ok(())
}

/// RC-10. Latched at a fill; only a person enables it again.
#[inline]
pub(super) fn is_enabled(ask: &Ask) -> Result<(), Refusal> {
    if ask.strategy.marks.has(Marks::DISABLED) {
        return Err(Refusal::Disabled);
    }
    Ok(())
}

/// RC-46.
#[inline]
pub(super) fn model_is_healthy(ask: &Ask) -> Result<(), Refusal> {
    match ask.strategy.health {
        Health::Good => Ok(()),
        Health::Bad => Err(Refusal::ModelUnhealthy),
        Health::AsOf(at) => {
            let age = ask.now.0.saturating_sub(at.0);
            if age > ask.strategy.model_age {
                return Err(Refusal::ModelTooOld { age: Nanos(age) });
            }
            Ok(())
        }
    }
}

/// RC-08. Two orders that differ in nothing within the window are one order sent twice.
#[inline]
pub(super) fn is_no_duplicate(ask: &Ask) -> Result<(), Refusal> {
    let window = ask.strategy.duplicate_window;
    if window == 0 || !ask.opens {
        return Ok(());
    }
    let Some(last) = &ask.own.last[ask.side.index()] else { return Ok(()) };
    let age = ask.now.0.saturating_sub(last.at.0);
    let same = (last.price, last.size, last.kind) == (ask.price, ask.size, ask.kind);
    if same && age < window {
        return Err(Refusal::Duplicate { age: Nanos(age) });
    }
    Ok(())
}
