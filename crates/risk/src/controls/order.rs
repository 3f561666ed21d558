//! What one order may be by itself: its size, its worth, and whether it may be sold short.

use super::Ask;
use crate::exposure::saturated;
use crate::refusal::Refusal;
use crate::state::ShortSale;
use types::{Contract, Lots, Money, OrderKind, Restriction, Side, Ticks};

/// Beyond 2⁵³ ticks an estimate skips whole prices: whatever asked for it was not looking at a market.
const PRICE_MAX: u64 = 1 << 53;

/// RC-07. Prices and sizes are whole ticks and lots by their types.
#[inline]
pub(super) fn is_sane(ask: &Ask) -> Result<(), Refusal> {
    if ask.size.0 <= 0 {
        return Err(Refusal::SizeNotPositive { size: ask.size });
    }
    if let OrderKind::Iceberg { shown } = ask.kind
        && shown.0 <= 0
    {
        return Err(Refusal::SizeNotPositive { size: shown });
    }
    price_is_sane(ask, ask.price)?;
    if let Some(trigger) = ask.kind.trigger() {
        price_is_sane(ask, trigger)?;
    }
    let step = ask.row.size_step;
    if step != 1 && ask.size.0 % step != 0 {
        return Err(Refusal::SizeNotStepped { size: ask.size, step: Lots(step) });
    }
    let limit = ask.row.order_notional_min;
    if limit != Money::ZERO {
        let notional = own_notional(ask).unwrap_or(Money(i128::MAX));
        if notional < limit {
            return Err(Refusal::OrderNotionalTooSmall { notional, limit });
        }
    }
    Ok(())
}

#[inline]
fn price_is_sane(ask: &Ask, price: Ticks) -> Result<(), Refusal> {
    let has_meaning = match ask.row.worth.contract {
        Contract::Linear => true, // spreads and crude oil have been below zero
        Contract::Inverse => price.0 > 0,
    };
    if has_meaning && price.0.unsigned_abs() <= PRICE_MAX {
        return Ok(());
    }
    Err(Refusal::PriceNotSane { price })
}

/// RC-01.
#[inline]
pub(super) fn size(ask: &Ask) -> Result<(), Refusal> {
    let limit = ask.row.order_size;
    if ask.size > limit {
        return Err(Refusal::OrderSizeTooLarge { size: ask.size, limit });
    }
    Ok(())
}

/// In the instrument's currency. A stop begins to trade at its trigger and ends at its limit: what is worth more counts.
#[inline]
fn own_notional(ask: &Ask) -> Option<Money> {
    let at = |price: Ticks| ask.row.worth.notional(price, ask.size);
    match ask.kind.trigger() {
        None => at(ask.price),
        Some(trigger) => at(ask.price).zip(at(trigger)).map(|(one, other)| one.max(other)),
    }
}

/// The same in the account's. `None` when it has more digits than money holds.
#[inline]
pub(super) fn home_notional(ask: &Ask) -> Result<Option<Money>, Refusal> {
    let Some(rate) = ask.row.rate else { return Err(Refusal::RateUnknown) };
    let own = own_notional(ask);
    Ok(if rate == Money::ONE { own } else { own.and_then(|own| own.checked_at_rate(rate)) })
}

/// RC-02. In the account's currency, which most instruments settle in.
#[inline]
pub(super) fn notional(ask: &Ask) -> Result<(), Refusal> {
    let limit = ask.row.order_notional;
    match home_notional(ask)? {
        Some(notional) if notional <= limit => Ok(()),
        notional => {
            Err(Refusal::OrderNotionalTooLarge { notional: notional.unwrap_or(Money(i128::MAX)), limit })
        }
    }
}

/// Lots of an account that could be sold without being short, were everything sold that works.
#[inline]
fn free(ask: &Ask) -> i128 {
    -ask.of_account.worst(Side::Sell, 0)
}

/// RC-23.
#[inline]
pub(super) fn restriction(ask: &Ask) -> Result<(), Refusal> {
    let located = match ask.row.restriction {
        Restriction::None => return Ok(()),
        Restriction::NoTrading => {
            let reduces = ask.of_account.only_reduces(ask.side, ask.added.0);
            return if reduces { Ok(()) } else { Err(Refusal::Restricted) };
        }
        Restriction::HardToBorrow => Lots::ZERO,
        Restriction::Located(lots) => lots,
    };
    let short = i128::from(ask.added.0) - free(ask);
    if ask.side == Side::Sell && short > i128::from(located.0.max(0)) {
        return Err(Refusal::NotLocated { short: saturated(short), located });
    }
    Ok(())
}

/// RC-24. A sale is long or short as a whole: the mark that leaves with it is [`Approved::is_short`](crate::Approved).
#[inline]
pub(super) fn short_sale(ask: &Ask) -> Result<(), Refusal> {
    if ask.row.short_sale == ShortSale::Free || ask.side == Side::Buy {
        return Ok(());
    }
    let free = free(ask);
    let is_long = free >= i128::from(ask.added.0);
    if is_long {
        return Ok(());
    }
    if free > 0 {
        return Err(Refusal::MixedSale { held: saturated(free) });
    }
    match (ask.row.short_sale, ask.touch.bid) {
        (ShortSale::AboveBid, None) => Err(Refusal::NoReference { missing: Side::Buy }),
        (ShortSale::AboveBid, Some(bid)) if ask.price <= bid => {
            Err(Refusal::PriceTest { price: ask.price, bid })
        }
        (ShortSale::AboveBid | ShortSale::Marked | ShortSale::Free, _) => Ok(()),
    }
}

/// Whether an order that passed is a short sale.
pub(crate) fn is_short(ask: &Ask) -> bool {
    ask.side == Side::Sell && free(ask) < i128::from(ask.added.0)
}
