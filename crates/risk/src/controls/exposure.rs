//! How much may be open, held, exposed and lost: instrument, strategy, account, firm.

use super::Ask;
use crate::exposure::{Exposed, Held, saturated};
use crate::limits::Level;
use crate::losses::{Halt, Losses};
use crate::refusal::Refusal;
use crate::state::Capital;
use types::{Lots, Money};

/// RC-11.
#[inline]
pub(super) fn open_orders(ask: &Ask) -> Result<(), Refusal> {
    if !ask.opens {
        return Ok(());
    }
    let rows = [
        (Level::Instrument, ask.row.held.open, ask.row.open_orders),
        (Level::Strategy, ask.strategy.open, ask.strategy.open_orders),
        (Level::Account, ask.account.open, ask.account.open_orders),
        (Level::Venue, ask.venue.open, ask.venue.open_orders),
        (Level::Firm, ask.firm.open, ask.firm.open_orders),
    ];
    for (level, open, limit) in rows {
        if i64::from(open) >= limit {
            return Err(Refusal::OpenOrdersTooMany { level, open, limit });
        }
    }
    Ok(())
}

/// RC-13. A position beyond the limit (lowered, or a late fill) lets pass what brings it back (O-02).
#[inline]
pub(super) fn position(ask: &Ask) -> Result<(), Refusal> {
    let rows = [
        (Level::Instrument, &ask.row.held, ask.row.position),
        (Level::Account, ask.of_account, ask.account.position),
        (Level::Strategy, &ask.own.held, ask.strategy.position),
    ];
    for (level, held, limit) in rows {
        let worst = held.worst(ask.side, ask.added.0);
        if worst > i128::from(limit.0) {
            return Err(Refusal::PositionTooLarge { level, side: ask.side, worst: saturated(worst), limit });
        }
    }
    Ok(())
}

/// The two levels that capital is counted at, and what each holds of the instrument.
#[inline]
fn capitals<'a>(ask: &Ask<'a>) -> [(Level, &'a Capital, &'a Held, &'a Losses); 2] {
    [
        (Level::Account, &ask.account.capital, ask.of_account, &ask.account.losses),
        (Level::Firm, &ask.firm.capital, &ask.row.held, &ask.firm.losses),
    ]
}

/// What a lot is worth: at the market, or at the order's price before there is one.
#[inline]
pub(super) fn lot(ask: &Ask) -> i64 {
    match ask.row.lot_nanos {
        0 => ask.row.lot_at(ask.price.0.saturating_mul(2)),
        nanos => nanos,
    }
}

const fn money(nanos: i128) -> Money {
    Money(nanos.saturating_mul(1_000))
}

/// RC-14. An order that adds nothing to the gross exposure passes beyond its limit (O-02).
#[inline]
pub(super) fn gross_and_net(ask: &Ask) -> Result<(), Refusal> {
    let lot = lot(ask);
    for (level, capital, held, _) in capitals(ask) {
        let before = Exposed::of(held, lot);
        let after = Exposed::of(&held.with(ask.side, ask.added), lot);
        let gross = capital.exposed.gross + (after.gross - before.gross);
        if gross > capital.gross && after.gross > before.gross {
            return Err(Refusal::GrossTooLarge { level, gross: money(gross), limit: money(capital.gross) });
        }
        let side = ask.side.index();
        let net = capital.exposed.sides[side] + (after.sides[side] - before.sides[side]);
        if net > capital.net {
            return Err(Refusal::NetTooLarge { level, net: money(net), limit: money(capital.net) });
        }
    }
    Ok(())
}

/// RC-15. What closes a position passes however much is in use: it gives capital back.
#[inline]
pub(super) fn credit(ask: &Ask) -> Result<(), Refusal> {
    let lot = lot(ask);
    for (level, capital, held, losses) in capitals(ask) {
        let lost = losses.lost_today().0 / 1_000;
        let added = i128::from(ask.added.0.max(0)) * i128::from(lot);
        let used = (capital.exposed.used + added).saturating_add(lost);
        if used > capital.credit && !held.only_reduces(ask.side, ask.added.0) {
            return Err(Refusal::CreditExhausted { level, used: money(used), limit: money(capital.credit) });
        }
    }
    Ok(())
}

#[inline]
fn losses<'a>(ask: &Ask<'a>) -> [(Level, &'a Losses, &'a Held); 3] {
    [
        (Level::Firm, &ask.firm.losses, &ask.row.held),
        (Level::Account, &ask.account.losses, ask.of_account),
        (Level::Strategy, &ask.strategy.losses, &ask.own.held),
    ]
}

/// RC-17.
#[inline]
pub(super) fn daily_loss(ask: &Ask) -> Result<(), Refusal> {
    if !ask.firm.losses.knows_equity() {
        return Err(Refusal::EquityUnknown);
    }
    for (level, losses, held) in losses(ask) {
        refuse(level, losses.daily(), held, ask)?;
    }
    Ok(())
}

/// RC-18.
#[inline]
pub(super) fn drawdown(ask: &Ask) -> Result<(), Refusal> {
    for (level, losses, held) in losses(ask) {
        refuse(level, losses.drawdown(), held, ask)?;
    }
    Ok(())
}

#[inline]
fn refuse(level: Level, halt: Option<Halt>, held: &Held, ask: &Ask) -> Result<(), Refusal> {
    match halt {
        Some(halt) if !held.only_reduces(ask.side, ask.added.0) => Err(Refusal::of_halt(halt, level)),
        _ => Ok(()),
    }
}

impl Held {
    /// The same with more working on a side.
    #[inline]
    pub(super) fn with(&self, side: types::Side, added: Lots) -> Self {
        let mut more = self.clone();
        more.reserve(side, Lots(added.0.max(0)));
        more
    }
}
