//! Risk: the one door every new order and every replace goes through, and the counts behind it.
//!
//! What it hears: `on_fill` and `on_closed` from our orders' reports, `on_equity` from the portfolio, `kill` and
//! `release` from a person. What it counts is its own; the engine compares its positions with the portfolio's.
//!
//! Room is reserved by the check itself, so that no two approvals can use the same room:
//!
//! ```text
//! check ──▶ working + size ──┬── on_fill ───────▶ working - size, position ± size
//!           open + 1         ├── on_replaced ───▶ working - freed
//!                            └── on_closed ─────▶ working - freed, open - 1
//! ```

use crate::Limits;
use crate::approved::{Approved, ApprovedReplace};
use crate::bucket::Bucket;
use crate::checks::{Account, Ask, CHECKS, Row};
use crate::exposure::Exposure;
use crate::losses::{Halt, Losses};
use crate::refusal::{Refusal, Refusals};
use serde::{Deserialize, Serialize};
use types::{
    Instrument, InstrumentId, Lots, Money, Nanos, NewOrder, OrderId, OrderKind, Side, StrategyId, Ticks,
    TradingDays,
};

/// What the engine tells risk of the market in one instrument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Touch {
    /// The best bid.
    pub bid: Option<Ticks>,
    /// The best ask.
    pub ask: Option<Ticks>,
    /// Whether the book is known to be whole and fresh.
    pub live: bool,
}

/// A wish to give a working order a new price and size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Replacement {
    /// Which order.
    pub order: OrderId,
    /// In what.
    pub instrument: InstrumentId,
    /// Which side it is on.
    pub side: Side,
    /// How it is priced: that does not change.
    pub kind: OrderKind,
    /// Its limit so far.
    pub old_price: Ticks,
    /// What may trade of it now: what it counts for in the exposure.
    pub old_unfilled: Lots,
    /// The new limit.
    pub price: Ticks,
    /// What shall be able to trade of it from now on.
    pub unfilled: Lots,
}

/// Limits, exposure, halts. See the module's head.
#[derive(Debug, Serialize, Deserialize)]
pub struct Risk {
    account: Account,
    rows: Vec<Row>,
    refusals: Refusals,
}

impl Risk {
    /// Nothing held, nothing working, nothing halted.
    ///
    /// # Panics
    /// When instrument ids are not 0, 1, 2 … in order, or [`Limits::validate`] would have said no.
    #[must_use]
    pub fn new(instruments: &[Instrument], limits: &Limits) -> Self {
        if let Err(error) = limits.validate(instruments) {
            panic!("{error}");
        }
        for (row, instrument) in instruments.iter().enumerate() {
            assert_eq!(instrument.id().index(), row, "instrument ids are dense");
        }
        let account = &limits.account;
        let per_second = account.messages_per_second.unwrap_or(0);
        let burst = account.burst.unwrap_or(0);
        Self {
            account: Account {
                losses: Losses::new(account),
                messages: Bucket::new(per_second, burst),
                open: 0,
                open_max: account.open_orders.unwrap_or(0),
                per_second,
                burst,
                unset: account.unset(),
            },
            rows: instruments.iter().map(|instrument| Row::new(instrument, &limits.of(instrument))).collect(),
            refusals: Refusals::default(),
        }
    }

    /// Says where the days of the daily loss begin, in place of the limits' own hour. Before the first equity is told.
    pub fn keep_days(&mut self, days: TradingDays) {
        self.account.losses.keep_days(days);
    }

    /// Passes or refuses a new order. What passes has its room reserved and its message counted.
    ///
    /// # Errors
    /// With the first reason, in the order of the list of checks. A refusal changes nothing but its count.
    #[inline]
    pub fn check(
        &mut self,
        now: Nanos,
        strategy: StrategyId,
        order: &NewOrder,
        touch: &Touch,
    ) -> Result<Approved, Refusal> {
        let Some(row) = self.rows.get(order.instrument.index()) else {
            return Err(self.refuse(Refusal::UnknownInstrument));
        };
        let ask = Ask {
            now,
            side: order.side,
            price: order.price,
            size: order.size,
            kind: order.kind,
            old_price: None,
            added: order.size,
            opens: true,
            row,
            touch,
        };
        if let Err(refusal) = verdict(&self.account, &ask) {
            return Err(self.refuse(refusal));
        }
        let held = &mut self.rows[order.instrument.index()].held;
        held.reserve(order.side, order.size);
        held.open += 1;
        self.account.open += 1;
        self.account.messages.take(now);
        Ok(Approved::new(*order, strategy))
    }

    /// Passes or refuses a new price and size for a working order. Until the venue answers either shape may
    /// trade, so the larger of the two counts: what it adds is reserved, what it gives back is not yet free.
    ///
    /// # Errors
    /// As [`check`](Self::check); also when `old_unfilled` is more than works on that side.
    #[inline]
    pub fn check_replace(
        &mut self,
        now: Nanos,
        replacement: &Replacement,
        touch: &Touch,
    ) -> Result<ApprovedReplace, Refusal> {
        let Some(row) = self.rows.get(replacement.instrument.index()) else {
            return Err(self.refuse(Refusal::UnknownInstrument));
        };
        let side = replacement.side;
        assert!(
            replacement.old_unfilled.0 >= 0 && replacement.old_unfilled <= row.held.working(side),
            "{replacement:?} claims more than works"
        );
        let added = Lots(replacement.unfilled.0.saturating_sub(replacement.old_unfilled.0).max(0));
        let ask = Ask {
            now,
            side,
            price: replacement.price,
            size: replacement.unfilled,
            kind: replacement.kind,
            old_price: Some(replacement.old_price),
            added,
            opens: false,
            row,
            touch,
        };
        if let Err(refusal) = verdict(&self.account, &ask) {
            return Err(self.refuse(refusal));
        }
        self.rows[replacement.instrument.index()].held.reserve(side, added);
        self.account.messages.take(now);
        Ok(ApprovedReplace::new(*replacement, added))
    }

    /// Takes back an approval that was not used: its room is free again. The message stays counted.
    pub fn withdraw(&mut self, approved: Approved) {
        let order = approved.order();
        self.on_closed(order.instrument, order.side, order.size);
    }

    /// Takes back an approved replace that was not used.
    pub fn withdraw_replace(&mut self, approved: ApprovedReplace) {
        self.on_replaced(approved.instrument(), approved.side(), approved.added());
    }

    /// A cancel leaves. It is never stopped, but venues count it, so it takes from the message budget.
    #[inline]
    pub fn on_cancel(&mut self, now: Nanos) {
        self.account.messages.take(now);
    }

    /// Part or all of an open order of ours traded: it holds now, and no longer works. When that closed the
    /// order, [`on_closed`](Self::on_closed) follows with nothing left to free.
    #[inline]
    pub fn on_fill(&mut self, instrument: InstrumentId, side: Side, _price: Ticks, size: Lots) {
        let held = &mut self.rows[instrument.index()].held;
        held.free(side, size);
        held.traded(side, size);
    }

    /// A fill arrived after its order had been reported gone: its room is free already, the position moves.
    #[inline]
    pub fn on_late_fill(&mut self, instrument: InstrumentId, side: Side, _price: Ticks, size: Lots) {
        self.rows[instrument.index()].held.traded(side, size);
    }

    /// A fill of ours was taken back: the position is as if it had not been. What it took of its order does not work
    /// again.
    pub fn on_bust(&mut self, instrument: InstrumentId, side: Side, _price: Ticks, size: Lots) {
        self.rows[instrument.index()].held.traded(!side, size);
    }

    /// An order closed; `freed` is what could still have traded of it.
    #[inline]
    pub fn on_closed(&mut self, instrument: InstrumentId, side: Side, freed: Lots) {
        let held = &mut self.rows[instrument.index()].held;
        assert!(held.open > 0, "an order of instrument {instrument} closed twice");
        held.free(side, freed);
        held.open -= 1;
        self.account.open -= 1;
    }

    /// The venue answered a replace; `freed` is by how much the order can trade less than both shapes could.
    #[inline]
    pub fn on_replaced(&mut self, instrument: InstrumentId, side: Side, freed: Lots) {
        self.rows[instrument.index()].held.free(side, freed);
    }

    /// Hears the account's equity (realised, unrealised, fees; with or without the capital). The first one
    /// told is where losses are counted from: tell it before the first order. Answers with a halt that begins.
    #[inline]
    pub fn on_equity(&mut self, now: Nanos, equity: Money) -> Option<Halt> {
        self.account.losses.on_equity(now, equity)
    }

    /// Hears what one unit of the currency that an instrument settles in is worth in the account's; `None`: nobody knows,
    /// and nothing passes. Until told otherwise it is the account's own.
    pub fn on_rate(&mut self, instrument: InstrumentId, rate: Option<Money>) {
        self.rows[instrument.index()].rate = rate;
    }

    /// Pulls the kill switch: nothing new passes until [`release`](Self::release). The caller cancels what
    /// works.
    pub fn kill(&mut self) {
        self.account.losses.kill();
    }

    /// An operator ends every halt. A loss that had halted is counted afresh from here.
    pub fn release(&mut self) {
        self.account.losses.release();
    }

    /// The halt that holds, the kill switch before all others.
    #[must_use]
    pub fn halted(&self) -> Option<Halt> {
        self.account.losses.halted()
    }

    /// Our position, by our own count.
    #[inline]
    #[must_use]
    pub fn position(&self, instrument: InstrumentId) -> Lots {
        Lots(self.rows[instrument.index()].held.position)
    }

    /// How far the position can go either way.
    #[must_use]
    pub fn exposure(&self, instrument: InstrumentId) -> Exposure {
        self.rows[instrument.index()].held.exposure()
    }

    /// What may still trade on one side.
    #[must_use]
    pub fn working(&self, instrument: InstrumentId, side: Side) -> Lots {
        self.rows[instrument.index()].held.working(side)
    }

    /// How many orders are open, over all instruments.
    #[must_use]
    pub const fn open_orders(&self) -> u32 {
        self.account.open
    }

    /// How often each kind of refusal was given, in the order of [`Refusal::KINDS`].
    pub fn refusals(&self) -> impl Iterator<Item = (&'static str, u64)> {
        self.refusals.table()
    }

    /// Counts a refusal: a check's, or of somebody who judged before us.
    #[cold]
    pub fn refuse(&mut self, refusal: Refusal) -> Refusal {
        self.refusals.count(&refusal);
        refusal
    }
}

#[inline]
fn verdict(account: &Account, ask: &Ask) -> Result<(), Refusal> {
    for check in CHECKS {
        check(account, ask)?;
    }
    Ok(())
}
