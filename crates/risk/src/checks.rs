//! The checks, one function each, and the list of them.
//!
//! A check is a pure question: it reads the state and the ask, changes nothing, and gives an answer for every
//! number there is, sane or not, because it cannot know which checks ran before it. That is what makes accept
//! or refuse independent of the order; the order only chooses the reason that is named.

use crate::bucket::Bucket;
use crate::exposure::{Held, saturated};
use crate::losses::Losses;
use crate::{InstrumentLimits, Reference, Refusal, Touch};
use serde::{Deserialize, Serialize};
use types::{Contract, Instrument, Lots, Money, Nanos, OrderKind, Side, Ticks};

/// Beyond 2⁵³ ticks an estimate skips whole prices: whatever asked for it was not looking at a market.
const PRICE_MAX: u64 = 1 << 53;

/// What is asked: a new order, or the new shape of one that works.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ask<'a> {
    pub(crate) now: Nanos,
    pub(crate) side: Side,
    pub(crate) price: Ticks,
    /// What may trade of it.
    pub(crate) size: Lots,
    pub(crate) kind: OrderKind,
    /// The limit of an order that works, before the change that is asked for.
    pub(crate) old_price: Option<Ticks>,
    /// What that adds to the working exposure of its side.
    pub(crate) added: Lots,
    /// Whether one more order would be open.
    pub(crate) opens: bool,
    pub(crate) row: &'a Row,
    pub(crate) touch: &'a Touch,
}

/// One instrument: what it may, what it has.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Row {
    pub(crate) held: Held,
    /// The first limit that is not set. The numbers below count only when there is none.
    #[serde(deserialize_with = "crate::limits::named")]
    unset: Option<crate::limits::Name>,
    order_size: Lots,
    position: Lots,
    open_orders: u32,
    collar_reference: Reference,
    collar_ticks: Option<i64>,
    collar_ppm: Option<i64>,
    order_notional: Money,
    /// What one unit of the instrument's currency is worth in the account's.
    pub(crate) rate: Option<Money>,
    worth: Worth,
}

impl Row {
    pub(crate) fn new(instrument: &Instrument, limits: &InstrumentLimits) -> Self {
        Self {
            held: Held::default(),
            unset: limits.unset(),
            order_size: limits.order_size.unwrap_or(Lots::ZERO),
            position: limits.position.unwrap_or(Lots::ZERO),
            open_orders: limits.open_orders.unwrap_or(0),
            collar_reference: limits.collar_reference.unwrap_or_default(),
            collar_ticks: limits.collar_ticks,
            collar_ppm: limits.collar_ppm,
            order_notional: Money::from_nanos(limits.order_notional_nanos.unwrap_or(0)),
            rate: Some(Money::ONE),
            worth: Worth::new(instrument),
        }
    }
}

/// The account: what it may, what it has.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Account {
    pub(crate) losses: Losses,
    pub(crate) messages: Bucket,
    pub(crate) open: u32,
    pub(crate) open_max: u32,
    pub(crate) per_second: u32,
    pub(crate) burst: u32,
    #[serde(deserialize_with = "crate::limits::named")]
    pub(crate) unset: Option<crate::limits::Name>,
}

/// An order's turnover, for any price and size: [`Instrument::notional`] without its overflow and its panic.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Worth {
    contract: Contract,
    tick_nanos: i64,
    /// Linear: one tick of one lot. Inverse: one lot's face, × 10³ over one tick, in nanos.
    unit: Option<i128>,
}

impl Worth {
    fn new(instrument: &Instrument) -> Self {
        let terms = instrument.terms();
        let unit = match terms.contract {
            Contract::Linear => Some(instrument.value(Ticks(1), Lots(1)).0),
            Contract::Inverse => {
                (i128::from(terms.lot_nanos) * i128::from(terms.multiplier_nanos)).checked_mul(1_000)
            }
        };
        Self { contract: terms.contract, tick_nanos: terms.tick_nanos, unit }
    }

    /// `None` when it has more digits than money can hold, or the price gives it no meaning.
    #[inline]
    fn notional(&self, price: Ticks, size: Lots) -> Option<Money> {
        let unit = self.unit?;
        let worth = match self.contract {
            // Two 64-bit numbers fit their 128-bit product.
            Contract::Linear => unit.checked_mul(i128::from(price.0) * i128::from(size.0))?,
            Contract::Inverse => {
                if price.0 <= 0 {
                    return None;
                }
                let numerator = unit.checked_mul(i128::from(size.0))?.checked_abs()?;
                let denominator = i128::from(price.0) * i128::from(self.tick_nanos);
                numerator.checked_add(denominator / 2)? / denominator
            }
        };
        worth.checked_abs().map(Money)
    }
}

/// A check: a pure question about the account and what is asked.
pub(crate) type Check = fn(&Account, &Ask) -> Result<(), Refusal>;

/// Every check, cheap and stateless ones first. The first to refuse names the reason.
pub(crate) const CHECKS: [Check; 12] = [
    kill_switch,
    limits_are_set,
    size_and_price_are_sane,
    order_size,
    order_notional,
    book_is_live,
    price_collar,
    open_orders,
    account_open_orders,
    position,
    losses,
    message_rate,
];

/// RC-32. Latched: only an operator's release ends it.
fn kill_switch(account: &Account, _: &Ask) -> Result<(), Refusal> {
    if account.losses.is_killed() {
        return Err(Refusal::Killed);
    }
    Ok(())
}

/// An unset limit refuses.
fn limits_are_set(account: &Account, ask: &Ask) -> Result<(), Refusal> {
    match account.unset.or(ask.row.unset) {
        Some(limit) => Err(Refusal::LimitUnset { limit }),
        None => Ok(()),
    }
}

/// RC-07.
fn size_and_price_are_sane(_: &Account, ask: &Ask) -> Result<(), Refusal> {
    if ask.size.0 <= 0 {
        return Err(Refusal::SizeNotPositive { size: ask.size });
    }
    if let OrderKind::Iceberg { shown } = ask.kind
        && shown.0 <= 0
    {
        return Err(Refusal::SizeNotPositive { size: shown });
    }
    let is_sane = |price: Ticks| {
        let has_meaning = match ask.row.worth.contract {
            Contract::Linear => true, // spreads and crude oil have been below zero
            Contract::Inverse => price.0 > 0,
        };
        has_meaning && price.0.unsigned_abs() <= PRICE_MAX
    };
    let prices = [Some(ask.price), ask.kind.trigger()];
    match prices.into_iter().flatten().find(|price| !is_sane(*price)) {
        Some(price) => Err(Refusal::PriceNotSane { price }),
        None => Ok(()),
    }
}

/// RC-01.
fn order_size(_: &Account, ask: &Ask) -> Result<(), Refusal> {
    let limit = ask.row.order_size;
    if ask.size > limit {
        return Err(Refusal::OrderSizeTooLarge { size: ask.size, limit });
    }
    Ok(())
}

/// RC-02. In the account's currency, which most instruments settle in. A stop begins to trade at its trigger and ends at
/// its limit: what is worth more counts.
fn order_notional(_: &Account, ask: &Ask) -> Result<(), Refusal> {
    let limit = ask.row.order_notional;
    let at = |price: Ticks| ask.row.worth.notional(price, ask.size);
    let notional = match ask.kind.trigger() {
        None => at(ask.price),
        Some(trigger) => at(ask.price).zip(at(trigger)).map(|(one, other)| one.max(other)),
    };
    let Some(rate) = ask.row.rate else { return Err(Refusal::RateUnknown) };
    let notional =
        if rate == Money::ONE { notional } else { notional.and_then(|own| own.checked_at_rate(rate)) };
    match notional {
        Some(notional) if notional <= limit => Ok(()),
        _ => Err(Refusal::OrderNotionalTooLarge { notional: notional.unwrap_or(Money(i128::MAX)), limit }),
    }
}

/// RC-06.
fn book_is_live(_: &Account, ask: &Ask) -> Result<(), Refusal> {
    if !ask.touch.live {
        return Err(Refusal::BookNotLive);
    }
    match (ask.touch.bid, ask.touch.ask) {
        (Some(bid), Some(ask)) if bid > ask => Err(Refusal::BookCrossed { bid, ask }),
        _ => Ok(()), // a locked book is legal
    }
}

/// RC-04. Bounds the price on the side that hurts: too high to buy, too low to sell.
fn price_collar(_: &Account, ask: &Ask) -> Result<(), Refusal> {
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
fn collar_limit(row: &Row, reference: i128, side: Side) -> Ticks {
    let ticks = row.collar_ticks.map(|ticks| 2 * i128::from(ticks));
    let ppm = row.collar_ppm.map(|ppm| share(reference, ppm) / 1_000_000);
    let room = ticks.into_iter().chain(ppm).min().unwrap_or(0);
    let limit = match side {
        Side::Buy => reference.saturating_add(room).div_euclid(2),
        Side::Sell => -(-reference.saturating_sub(room)).div_euclid(2),
    };
    Ticks(saturated(limit).0)
}

/// RC-11, on the instrument.
fn open_orders(_: &Account, ask: &Ask) -> Result<(), Refusal> {
    let (open, limit) = (ask.row.held.open, ask.row.open_orders);
    if ask.opens && open >= limit {
        return Err(Refusal::OpenOrdersTooMany { open, limit });
    }
    Ok(())
}

/// RC-11, on the account.
fn account_open_orders(account: &Account, ask: &Ask) -> Result<(), Refusal> {
    let (open, limit) = (account.open, account.open_max);
    if ask.opens && open >= limit {
        return Err(Refusal::AccountOpenOrdersTooMany { open, limit });
    }
    Ok(())
}

/// RC-13. A position beyond the limit (lowered, or a late fill) lets pass what brings it back.
fn position(_: &Account, ask: &Ask) -> Result<(), Refusal> {
    let limit = ask.row.position;
    let worst = ask.row.held.worst(ask.side, ask.added.0);
    if worst > i128::from(limit.0) {
        return Err(Refusal::PositionTooLarge { side: ask.side, worst: saturated(worst), limit });
    }
    Ok(())
}

/// RC-17, RC-18.
fn losses(account: &Account, ask: &Ask) -> Result<(), Refusal> {
    if !account.losses.knows_equity() {
        return Err(Refusal::EquityUnknown);
    }
    match account.losses.reduce_only() {
        Some(halt) if !ask.row.held.only_reduces(ask.side, ask.added.0) => Err(halt.into()),
        _ => Ok(()),
    }
}

/// RC-09.
fn message_rate(account: &Account, ask: &Ask) -> Result<(), Refusal> {
    if account.messages.has_room(ask.now) {
        return Ok(());
    }
    Err(Refusal::MessagesTooMany { per_second: account.per_second, burst: account.burst })
}
