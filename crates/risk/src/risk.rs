//! Risk: the one door every new order and every replace goes through, and the counts behind it.
//!
//! What it hears is in `hear`: reports of orders, marks, equity, sessions; what people say to it in `orders_of_people`.
//! What it counts is its own; the engine compares its positions with the portfolio's.
//!
//! Room is reserved by the check itself, so that no two approvals can use the same room:
//!
//! ```text
//! check ──▶ working + size ──┬── on_fill ───────▶ working - size, position ± size
//!           open + 1         ├── on_replaced ───▶ working - freed
//!                            └── on_closed ─────▶ working - freed, open - 1
//! ```

use crate::approved::{Approved, ApprovedReplace};
use crate::controls::{self, Ask};
use crate::exposure::Exposure;
use crate::limits::{Level, Limits, Settings};
use crate::losses::Halt;
use crate::marks::Marks;
use crate::refusal::{Refusal, Refusals};
use crate::state::{AccountRow, DeskRow, FirmRow, InstrumentRow, Last, Own, State, StrategyRow, VenueRow};
use serde::{Deserialize, Serialize};
use types::{
    AlertKind, Instrument, InstrumentId, Lots, Money, Nanos, NewOrder, OrderId, OrderKind, Scope, Side,
    StrategyId, Ticks, TimeInForce, TradingDays, Venues,
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
    /// Whose.
    pub strategy: StrategyId,
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

/// Something that people must hear of in the step in which it happened (RC-44); the engine makes alerts of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct News {
    /// What of.
    pub kind: AlertKind,
    /// Whom it is about.
    pub scope: Scope,
    /// As the kind says.
    pub value: i64,
    /// Whether everything in the scope is to be cancelled.
    pub cancels: bool,
    /// Only in this instrument, where there is one.
    pub within: Option<InstrumentId>,
}

/// Strategies seated when the limits list none.
const UNLISTED: usize = 8;

/// Limits, exposure, halts. See the module's head.
#[derive(Debug, Serialize, Deserialize)]
pub struct Risk {
    pub(crate) state: State,
    /// What holds now, by level and row.
    pub(crate) settings: [Vec<Settings>; Level::ALL.len()],
    pub(crate) now: Nanos,
    pub(crate) news: Vec<News>,
    pub(crate) refusals: Refusals,
}

impl Risk {
    /// Nothing held, nothing working, nothing halted. Seats the strategies that the limits list; where they list none,
    /// eight in the first account.
    ///
    /// # Panics
    /// When instrument ids are not 0, 1, 2 … in order, or [`Limits::validate`] would have said no.
    #[must_use]
    pub fn new(instruments: &[Instrument], limits: &Limits) -> Self {
        let listed = limits.strategies.len();
        Self::with(instruments, limits, if listed == 0 { UNLISTED } else { listed })
    }

    /// The same with seats for so many strategies, at least those listed.
    ///
    /// # Panics
    /// As [`new`](Self::new) does.
    #[must_use]
    pub fn with(instruments: &[Instrument], limits: &Limits, strategies: usize) -> Self {
        if let Err(error) = limits.validate(instruments) {
            panic!("{error}");
        }
        for (row, instrument) in instruments.iter().enumerate() {
            assert_eq!(instrument.id().index(), row, "instrument ids are dense");
        }
        let venues = Venues::new(instruments);
        let seats: Vec<_> = (0..strategies.max(limits.strategies.len()))
            .map(|row| limits.strategies.get(row).cloned().unwrap_or_default())
            .collect();
        let settings = settings(instruments, limits, &venues, seats.iter().map(|seat| seat.name.as_str()));
        let of = |level: Level, row: usize| &settings[level as usize][row];
        let days = TradingDays::utc(Nanos::from_secs(i64::from(limits.day_starts_at_seconds)));
        let mut rows = State {
            instruments: Vec::with_capacity(instruments.len()),
            strategies: Vec::with_capacity(seats.len()),
            accounts: Vec::with_capacity(limits.accounts.len()),
            desks: Vec::with_capacity(limits.desks.len()),
            venues: Vec::with_capacity(venues.names().len()),
            firm: FirmRow::new(of(Level::Firm, 0), days.clone()),
            own: vec![Own::default(); seats.len() * instruments.len()],
            of_account: vec![Default::default(); limits.accounts.len() * instruments.len()],
            models: Default::default(),
        };
        for (row, instrument) in instruments.iter().enumerate() {
            let venue = venues.of(instrument.id());
            rows.instruments.push(InstrumentRow::new(instrument, venue, of(Level::Instrument, row)));
        }
        for (row, seat) in seats.iter().enumerate() {
            let mut strategy =
                StrategyRow::new(seat.account, seat.desk, of(Level::Strategy, row), days.clone());
            strategy.deployed.instruments = seat.deployment.flags(instruments);
            rows.strategies.push(strategy);
        }
        for row in 0..limits.accounts.len() {
            let account = AccountRow::new(of(Level::Account, row), days.clone());
            rows.accounts.push(account);
        }
        for row in 0..limits.desks.len() {
            let mut desk = DeskRow::default();
            desk.limit(of(Level::Desk, row));
            rows.desks.push(desk);
        }
        for (row, name) in venues.names().iter().enumerate() {
            let takes = limits.venues.get(name).copied().unwrap_or_default();
            rows.venues.push(VenueRow::new(takes, of(Level::Venue, row)));
        }
        rows.measure(instruments, limits);
        Self {
            state: rows,
            settings,
            now: Nanos::MIN,
            news: Vec::with_capacity(64),
            refusals: Refusals::default(),
        }
    }

    /// Says where the days of the daily loss begin, in place of the limits' own hour. Before the first equity is told.
    pub fn keep_days(&mut self, days: TradingDays) {
        let state = &mut self.state;
        state.firm.losses.keep_days(days.clone());
        state.models.days = days.clone();
        for account in &mut state.accounts {
            account.losses.keep_days(days.clone());
        }
        for strategy in &mut state.strategies {
            strategy.losses.keep_days(days.clone());
        }
    }

    /// Passes or refuses a new order. What passes has its room reserved and its message counted.
    ///
    /// # Errors
    /// With the first reason, in the order of [`CONTROLS`](crate::CONTROLS). A refusal changes nothing but its count.
    #[inline]
    pub fn check(
        &mut self,
        now: Nanos,
        strategy: StrategyId,
        order: &NewOrder,
        touch: &Touch,
    ) -> Result<Approved, Refusal> {
        let asked = asked(now, strategy, order);
        let verdict = ask(&self.state, &asked, touch).and_then(|ask| {
            controls::verdict(&ask)?;
            Ok(controls::is_short(&ask))
        });
        let is_short = match verdict {
            Ok(is_short) => is_short,
            Err(refusal) => return Err(self.refuse(refusal)),
        };
        self.take(&asked);
        Ok(Approved::new(*order, strategy, is_short))
    }

    /// The counts of a new order without its checks: the floor that benches compare with. Its proof is nobody's: it can
    /// only be withdrawn.
    #[doc(hidden)]
    #[must_use]
    pub fn reserve_unchecked(&mut self, now: Nanos, strategy: StrategyId, order: &NewOrder) -> Unjudged {
        self.take(&asked(now, strategy, order));
        Unjudged(Approved::new(*order, strategy, false))
    }

    /// Gives the counts of an order that nobody judged back.
    #[doc(hidden)]
    pub fn withdraw_unchecked(&mut self, unjudged: Unjudged) {
        self.withdraw(unjudged.0);
    }

    /// Reserves what a new order that passed needs, and counts it everywhere.
    #[inline]
    fn take(&mut self, asked: &Asked) {
        let Asked { now, strategy, instrument, side, size, .. } = *asked;
        let state = &mut self.state;
        if state.instruments[instrument.index()].lot_nanos == 0 {
            let lot = state.instruments[instrument.index()].lot_at(asked.price.0.saturating_mul(2));
            state.revalue(instrument, lot);
        }
        state.change(strategy, instrument, |held| {
            held.reserve(side, size);
            held.open += 1;
        });
        let own = state.own_at(strategy, instrument);
        state.own[own].last[side.index()] =
            Some(Last { at: now, price: asked.price, size, kind: asked.kind });
        state.own[own].measured.quotes[side.index()] = asked.price;
        let row = &mut state.instruments[instrument.index()];
        let venue = &mut state.venues[row.venue.index()];
        venue.open += 1;
        venue.in_flight += 1;
        let by = &mut state.strategies[strategy.index()];
        by.open += 1;
        by.sent += 1;
        state.accounts[by.account.index()].open += 1;
        state.firm.open += 1;
        if size.0 >= row.fat_finger {
            self.warn(instrument);
        }
        self.count_message(now, strategy, instrument, 1);
    }

    /// RC-38. The hard limits have passed it: people are told, and nothing is stopped.
    #[cold]
    fn warn(&mut self, instrument: InstrumentId) {
        let scope = Scope::Instrument(instrument);
        self.news.push(News { kind: AlertKind::Warning, scope, value: 38, cancels: false, within: None });
    }

    /// A message leaves: it takes from every budget, and counts against trades.
    #[inline]
    fn count_message(&mut self, now: Nanos, strategy: StrategyId, instrument: InstrumentId, orders: u64) {
        let state = &mut self.state;
        let row = &mut state.instruments[instrument.index()];
        row.ratio.messages += orders;
        let venue = &mut state.venues[row.venue.index()];
        venue.ratio.messages += orders;
        venue.budget.bucket.take(now);
        let by = &mut state.strategies[strategy.index()];
        by.budget.bucket.take(now);
        state.accounts[by.account.index()].budget.bucket.take(now);
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
        let Replacement { strategy, instrument, side, .. } = *replacement;
        let added = Lots(replacement.unfilled.0.saturating_sub(replacement.old_unfilled.0).max(0));
        let asked = Asked {
            now,
            strategy,
            instrument,
            side,
            price: replacement.price,
            size: replacement.unfilled,
            kind: replacement.kind,
            time_in_force: None,
            old_price: Some(replacement.old_price),
            added,
            opens: false,
        };
        let verdict = ask(&self.state, &asked, touch).and_then(|ask| {
            assert!(
                replacement.old_unfilled.0 >= 0 && replacement.old_unfilled <= ask.own.held.working(side),
                "{replacement:?} claims more than works"
            );
            controls::verdict(&ask)
        });
        if let Err(refusal) = verdict {
            return Err(self.refuse(refusal));
        }
        self.state.change(strategy, instrument, |held| held.reserve(side, added));
        let own = self.state.own_at(strategy, instrument);
        self.state.own[own].measured.quotes[side.index()] = replacement.price;
        // A venue counts a change as a cancel and a new order.
        self.count_message(now, strategy, instrument, 2);
        Ok(ApprovedReplace::new(*replacement, added))
    }

    /// Takes back an approval that was not used: its room is free again. The message stays counted.
    pub fn withdraw(&mut self, approved: Approved) {
        let order = approved.order();
        self.on_answer(order.instrument, Nanos(0));
        self.on_closed(approved.strategy(), order.instrument, order.side, order.size);
    }

    /// Takes back an approved replace that was not used.
    pub fn withdraw_replace(&mut self, approved: ApprovedReplace) {
        self.on_replaced(approved.strategy(), approved.instrument(), approved.side(), approved.added());
    }

    /// A cancel leaves. It is never stopped, but venues count it, so it takes from the message budget.
    #[inline]
    pub fn on_cancel(&mut self, now: Nanos, strategy: StrategyId, instrument: InstrumentId) {
        self.count_message(now, strategy, instrument, 1);
    }

    /// The halt that holds for the firm, the kill switch before all others.
    #[must_use]
    pub fn halted(&self) -> Option<Halt> {
        if self.state.firm.marks.has(Marks::KILLED) {
            return Some(Halt::Killed);
        }
        self.state.firm.losses.reduce_only()
    }

    /// Our position, by our own count.
    #[inline]
    #[must_use]
    pub fn position(&self, instrument: InstrumentId) -> Lots {
        Lots(self.state.instruments[instrument.index()].held.position)
    }

    /// How far the position can go either way.
    #[must_use]
    pub fn exposure(&self, instrument: InstrumentId) -> Exposure {
        self.state.instruments[instrument.index()].held.exposure()
    }

    /// What may still trade on one side.
    #[must_use]
    pub fn working(&self, instrument: InstrumentId, side: Side) -> Lots {
        self.state.instruments[instrument.index()].held.working(side)
    }

    /// How many orders are open, over all instruments.
    #[must_use]
    pub const fn open_orders(&self) -> u32 {
        self.state.firm.open
    }

    /// What all positions and working orders could come to at most, at the market, in the account's currency.
    #[must_use]
    pub const fn gross(&self) -> Money {
        Money(self.state.firm.capital.exposed.gross.saturating_mul(1_000))
    }

    /// What a strategy has made since the start, by our own count at mids, after fees.
    #[must_use]
    pub fn gain(&self, strategy: StrategyId) -> Money {
        Money(self.state.strategies[strategy.index()].gain / 2)
    }

    /// What holds one scope back.
    #[must_use]
    pub fn marks(&self, scope: Scope) -> Marks {
        let state = &self.state;
        let found = match scope {
            Scope::Strategy(id) => state.strategies.get(id.index()).map(|row| row.marks),
            Scope::Account(id) => state.accounts.get(id.index()).map(|row| row.marks),
            Scope::Desk(id) => state.desks.get(id.index()).map(|row| row.marks),
            Scope::Venue(id) => state.venues.get(id.index()).map(|row| row.marks),
            Scope::Instrument(id) => state.instruments.get(id.index()).map(|row| row.marks),
            Scope::Firm => Some(state.firm.marks),
        };
        found.unwrap_or(Marks::NONE)
    }

    /// Whether a scope covers an order of this strategy in this instrument.
    #[must_use]
    pub fn covers(&self, scope: Scope, strategy: StrategyId, instrument: InstrumentId) -> bool {
        let seat = self.state.strategies.get(strategy.index());
        match scope {
            Scope::Strategy(id) => id == strategy,
            Scope::Account(id) => seat.is_some_and(|seat| seat.account == id),
            Scope::Desk(id) => seat.is_some_and(|seat| seat.desk == Some(id)),
            Scope::Venue(id) => {
                self.state.instruments.get(instrument.index()).is_some_and(|row| row.venue == id)
            }
            Scope::Instrument(id) => id == instrument,
            Scope::Firm => true,
        }
    }

    /// The venue session of an instrument.
    #[must_use]
    pub fn venue_of(&self, instrument: InstrumentId) -> types::VenueId {
        self.state.instruments[instrument.index()].venue
    }

    /// The account of a strategy.
    #[must_use]
    pub fn account_of(&self, strategy: StrategyId) -> Option<types::AccountId> {
        self.state.strategies.get(strategy.index()).map(|row| row.account)
    }

    /// How often each kind of refusal was given, in the order of [`Refusal::KINDS`].
    pub fn refusals(&self) -> impl Iterator<Item = (&'static str, u64)> {
        self.refusals.table()
    }

    /// Counts a refusal that somebody else gave.
    #[cold]
    pub fn refuse(&mut self, refusal: Refusal) -> Refusal {
        self.refusals.count(&refusal);
        refusal
    }
}

/// What is asked, before the rows are looked up.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked {
    pub(crate) now: Nanos,
    pub(crate) strategy: StrategyId,
    pub(crate) instrument: InstrumentId,
    pub(crate) side: Side,
    pub(crate) price: Ticks,
    pub(crate) size: Lots,
    pub(crate) kind: OrderKind,
    pub(crate) time_in_force: Option<TimeInForce>,
    pub(crate) old_price: Option<Ticks>,
    pub(crate) added: Lots,
    pub(crate) opens: bool,
}

/// What a new order asks for.
#[inline]
const fn asked(now: Nanos, strategy: StrategyId, order: &NewOrder) -> Asked {
    Asked {
        now,
        strategy,
        instrument: order.instrument,
        side: order.side,
        price: order.price,
        size: order.size,
        kind: order.kind,
        time_in_force: Some(order.time_in_force),
        old_price: None,
        added: order.size,
        opens: true,
    }
}

/// The counts of an order that nobody judged: no proof, and no way to send it.
#[doc(hidden)]
#[derive(Debug)]
pub struct Unjudged(Approved);

/// Looks up every row that an order touches.
#[inline]
pub(crate) fn ask<'a>(state: &'a State, asked: &Asked, touch: &'a Touch) -> Result<Ask<'a>, Refusal> {
    let Asked { now, strategy, instrument, side, price, size, kind, time_in_force, .. } = *asked;
    let Some(row) = state.instruments.get(instrument.index()) else {
        return Err(Refusal::UnknownInstrument);
    };
    let Some(by) = state.strategies.get(strategy.index()) else {
        return Err(Refusal::UnknownStrategy);
    };
    let (account, venue) = (&state.accounts[by.account.index()], &state.venues[row.venue.index()]);
    let desk = by.desk.map(|desk| &state.desks[desk.index()]);
    let mut marks = state.firm.marks.with(account.marks).with(by.marks).with(venue.marks).with(row.marks);
    if let Some(desk) = desk {
        marks = marks.with(desk.marks);
    }
    Ok(Ask {
        now,
        instrument,
        side,
        price,
        size,
        kind,
        time_in_force,
        old_price: asked.old_price,
        added: asked.added,
        opens: asked.opens,
        marks,
        row,
        own: &state.own[state.own_at(strategy, instrument)],
        of_account: &state.of_account[state.account_at(by.account, instrument)],
        strategy: by,
        account,
        desk,
        venue,
        firm: &state.firm,
        covariances: state.models.covariances.as_ref(),
        touch,
    })
}

/// What holds at the start, by level and row.
fn settings<'a>(
    instruments: &[Instrument],
    limits: &Limits,
    venues: &Venues,
    strategies: impl Iterator<Item = &'a str>,
) -> [Vec<Settings>; Level::ALL.len()] {
    let mut strategies = Some(strategies);
    Level::ALL.map(|level| {
        let of = |name: &str| limits.level(level).of(name);
        match level {
            Level::Instrument => {
                instruments.iter().map(|own| of(&crate::limits::instrument_name(own))).collect()
            }
            Level::Strategy => strategies.take().into_iter().flatten().map(of).collect(),
            Level::Account => limits.accounts.iter().map(|seat| of(&seat.name)).collect(),
            Level::Desk => limits.desks.iter().map(|name| of(name)).collect(),
            Level::Venue => venues.names().iter().map(|name| of(name)).collect(),
            Level::Firm => vec![limits.level(level).every.clone()],
        }
    })
}
