//! Controls that ask a measure: margin, tails, sensitivities, shares, loss rates, stops, protections, quotes, settlement.
//!
//! Where a limit is off, a control is one comparison. What makes its own measure smaller passes however far that is beyond
//! (O-02): none of these may hold somebody in what they are afraid of. For tails and greeks that is the measure, not the
//! position: taking a hedge off is no reduction.

use super::{Ask, order};
use crate::exposure::{Exposed, saturated};
use crate::limits::{Level, LimitId};
use crate::measures::rows::Tail;
use crate::refusal::Refusal;
use types::{Lots, Money, OrderKind};

/// Whether the strategy's own position can only shrink by it.
#[inline]
fn own_reduces(ask: &Ask) -> bool {
    ask.own.held.only_reduces(ask.side, ask.added.0)
}

/// RC-19.
#[inline]
pub(super) fn loss_rate(ask: &Ask) -> Result<(), Refusal> {
    if ask.strategy.measured.loses_too_fast && !own_reduces(ask) {
        return Err(Refusal::LossTooFast);
    }
    Ok(())
}

/// Of the position alone: the breakers of losses as a whole are elsewhere.
#[inline]
pub(super) fn stop(ask: &Ask) -> Result<(), Refusal> {
    match ask.own.measured.stop.stopped() {
        Some(stop) if !own_reduces(ask) => Err(Refusal::Stopped { stop }),
        _ => Ok(()),
    }
}

/// RC-36.
#[inline]
pub(super) fn protection(ask: &Ask) -> Result<(), Refusal> {
    let rows = [(Level::Strategy, &ask.own.measured.protection), (Level::Venue, &ask.venue.protection)];
    for (level, protection) in rows {
        if protection.holds(ask.now) && !own_reduces(ask) {
            return Err(Refusal::Protected { level });
        }
    }
    Ok(())
}

/// RC-37. Its width is from the strategy's own quote that works on the other side.
#[inline]
pub(super) fn quote(ask: &Ask) -> Result<(), Refusal> {
    if ask.kind != OrderKind::PostOnly {
        return Ok(());
    }
    let limits = &ask.strategy.measured.quotes;
    let size = ask.size.0;
    if limits.size_min.is_some_and(|least| size < least) || limits.size_max.is_some_and(|most| size > most) {
        return Err(Refusal::QuoteSize { size: ask.size });
    }
    let other = !ask.side;
    if (limits.width_min.is_none() && limits.width_max.is_none()) || ask.own.held.working[other.index()] == 0
    {
        return Ok(());
    }
    let against = ask.own.measured.quotes[other.index()];
    let width = against.0.saturating_sub(ask.price.0).saturating_mul(ask.side.sign());
    if limits.width_min.is_some_and(|least| width < least)
        || limits.width_max.is_some_and(|most| width > most)
    {
        return Err(Refusal::QuoteWidth { width });
    }
    Ok(())
}

/// RC-22.
#[inline]
pub(super) fn concentration(ask: &Ask) -> Result<(), Refusal> {
    let limits = &ask.strategy.measured;
    if limits.concentration_ppm.is_none() && limits.volume_ppm.is_none() && limits.participation_ppm.is_none()
    {
        return Ok(());
    }
    let worst = ask.own.held.worst(ask.side, ask.added.0);
    if worst <= 0 {
        return Ok(());
    }
    let worst = saturated(worst);
    let share = |of: i64, ppm: i64| i128::from(of) * i128::from(ppm) / 1_000_000;
    if let Some(ppm) = limits.concentration_ppm {
        let Some(capital) = limits.capital else { return not_measured(LimitId::Concentration) };
        if i128::from(worst.0) * i128::from(super::exposure::lot(ask)) > share(capital, ppm) {
            return Err(Refusal::ConcentrationTooLarge { worst });
        }
    }
    if let Some(ppm) = limits.volume_ppm {
        let average = ask.row.measured.average_volume;
        if average == 0 {
            return not_measured(LimitId::VolumeShare);
        }
        if i128::from(worst.0) > share(average, ppm) {
            return Err(Refusal::VolumeTooLarge { worst, average: Lots(average) });
        }
    }
    if let Some(ppm) = limits.participation_ppm {
        if ask.row.measured.window == 0 {
            return not_measured(LimitId::Participation);
        }
        let traded = ask.own.measured.traded.sum(ask.now);
        let traded = saturated(traded + ask.own.held.working[ask.side.index()] + i128::from(ask.added.0));
        let market = saturated(ask.row.measured.market.sum(ask.now));
        if traded.0 > limits.participation_free && i128::from(traded.0) > share(market.0, ppm) {
            return Err(Refusal::ParticipationTooLarge { traded, market });
        }
    }
    Ok(())
}

#[cold]
fn not_measured(limit: LimitId) -> Result<(), Refusal> {
    Err(Refusal::NotMeasured { limit })
}

/// RC-16. What the account began with and has made must cover what all its positions and working orders tie up.
#[inline]
pub(super) fn margin(ask: &Ask) -> Result<(), Refusal> {
    let account = &ask.account.measured;
    let Some(capital) = account.margin_capital else { return Ok(()) };
    let lot = super::exposure::lot(ask);
    let of = |exposed: &Exposed| ask.row.measured.margin(exposed);
    // What is held is in the sum at the lot's worth of before there was a market: nothing is held then.
    let before = of(&Exposed::of(ask.of_account, lot));
    let after = of(&Exposed::of(&ask.of_account.with(ask.side, ask.added), lot));
    let margin = account.margin + after - before;
    let equity = i128::from(capital).saturating_add(ask.account.gain / 2_000);
    if margin > equity && after > before {
        let money = |nanos: i128| Money(nanos.saturating_mul(1_000));
        return Err(Refusal::MarginTooLarge { margin: money(margin), equity: money(equity) });
    }
    Ok(())
}

/// Lots on the order's side that would have traded were all of it filled; signed.
#[inline]
fn signed(ask: &Ask, working: i128) -> i128 {
    (working + i128::from(ask.added.0)) * i128::from(ask.side.sign())
}

/// RC-21.
#[inline]
pub(super) fn greeks(ask: &Ask) -> Result<(), Refusal> {
    let account = &ask.account.measured;
    if account.sensitivity_most == [None; 3] {
        return Ok(());
    }
    let lots = signed(ask, ask.of_account.working[ask.side.index()]);
    let Some(sensitive) = ask.row.measured.sensitive else {
        return if ask.of_account.only_reduces(ask.side, ask.added.0) {
            Ok(())
        } else {
            not_measured(LimitId::Delta)
        };
    };
    let before = account.beneath[sensitive.beneath];
    let after = before.plus(lots, sensitive.of_a_lot).named();
    for ((most, (of, after)), (_, before)) in
        account.sensitivity_most.into_iter().zip(after).zip(before.named())
    {
        if let Some(most) = most
            && after.saturating_abs() > most
            && after.saturating_abs() > before.saturating_abs()
        {
            return Err(Refusal::SensitivityTooLarge { of, limit: saturated(most / 1_000_000).0 });
        }
    }
    Ok(())
}

/// RC-20. What lowers the variance passes beyond the limit.
#[inline]
pub(super) fn tail(ask: &Ask) -> Result<(), Refusal> {
    let (of_account, of_firm) = (&ask.account.measured.tail, &ask.firm.tail);
    let is_off = |tail: &Tail| tail.most == Some(i128::MAX);
    if is_off(of_account) && is_off(of_firm) {
        return Ok(());
    }
    let Some(model) = ask.covariances else { return not_measured(LimitId::ValueAtRisk) };
    let rows = [(Level::Account, of_account, ask.of_account), (Level::Firm, of_firm, &ask.row.held)];
    for (level, tail, held) in rows {
        let Some(most) = tail.most else { return not_measured(LimitId::TailLevel) };
        let lots = signed(ask, held.working[ask.side.index()]);
        let after = tail.variance.with(model, ask.instrument.index(), lots);
        // An infinite one, which nothing is larger than, lets through only what reduces the position.
        let total = tail.variance.total();
        let is_worse = after > total || total == i128::MAX && !held.only_reduces(ask.side, ask.added.0);
        if after > most && is_worse {
            return Err(Refusal::TailTooLarge { level });
        }
    }
    Ok(())
}

/// RC-42.
#[inline]
pub(super) fn settlement(ask: &Ask) -> Result<(), Refusal> {
    let account = &ask.account.measured;
    let Some(limit) = account.settlement_most else { return Ok(()) };
    let worth = order::home_notional(ask)?.unwrap_or(Money(i128::MAX));
    let unsettled = Money(account.settlement.outstanding().0.saturating_add(worth.0));
    if unsettled > limit && !ask.of_account.only_reduces(ask.side, ask.added.0) {
        return Err(Refusal::SettlementTooLarge { unsettled, limit });
    }
    Ok(())
}
