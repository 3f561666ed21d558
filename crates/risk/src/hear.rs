//! What risk hears: of its orders, of the market, of equity, of sessions. Each is told once; what begins a halt or has to
//! be told to people becomes [`News`], which the engine takes in the same step.

use crate::losses::Halt;
use crate::marks::Marks;
use crate::risk::{News, Risk, Touch};
use crate::state::Health;
use types::{
    AlertKind, InstrumentId, Lots, Money, Nanos, Phase, Scope, SessionChange, Side, Statistic, StrategyId,
    Ticks, VenueId,
};

impl Risk {
    /// An input begins to be worked on.
    #[inline]
    pub fn on_input(&mut self, now: Nanos) {
        self.now = now;
        if self.state.firm.limits_at.is_none() {
            self.begin(now);
        }
        if now >= self.state.models.day_ends_at {
            self.begin_day(now);
        }
    }

    /// The run begins: limits hold from here, and what strategies and accounts lose is counted from nothing.
    #[cold]
    fn begin(&mut self, now: Nanos) {
        let state = &mut self.state;
        state.firm.limits_at = Some(now);
        for strategy in &mut state.strategies {
            strategy.losses.on_equity(now, Money::ZERO);
        }
        if state.accounts.len() > 1 {
            for account in &mut state.accounts {
                account.losses.on_equity(now, Money::ZERO);
            }
        }
    }

    /// Part or all of an open order of ours traded: it holds now, and no longer works. When that closed the
    /// order, [`on_closed`](Self::on_closed) follows with nothing left to free.
    #[inline]
    pub fn on_fill(
        &mut self,
        strategy: StrategyId,
        instrument: InstrumentId,
        side: Side,
        price: Ticks,
        size: Lots,
    ) {
        self.state.change(strategy, instrument, |held| {
            held.free(side, size);
            held.traded(side, size);
        });
        self.on_execution(strategy, instrument);
        self.on_traded(strategy, instrument, price, size.signed(side));
        self.on_gain(strategy, instrument, price, size.signed(side));
    }

    /// A fill arrived after its order had been reported gone: its room is free already, the position moves.
    #[inline]
    pub fn on_late_fill(
        &mut self,
        strategy: StrategyId,
        instrument: InstrumentId,
        side: Side,
        price: Ticks,
        size: Lots,
    ) {
        self.state.change(strategy, instrument, |held| held.traded(side, size));
        self.on_execution(strategy, instrument);
        self.on_traded(strategy, instrument, price, size.signed(side));
        self.on_gain(strategy, instrument, price, size.signed(side));
    }

    /// A fill of ours was taken back (V-15): the position moves the other way; its order gets no room back.
    pub fn on_bust(
        &mut self,
        strategy: StrategyId,
        instrument: InstrumentId,
        side: Side,
        price: Ticks,
        size: Lots,
    ) {
        self.state.change(strategy, instrument, |held| held.traded(!side, size));
        self.on_moved(strategy, instrument, size.signed(!side));
        self.on_gain(strategy, instrument, price, size.signed(!side));
    }

    /// An order closed; `freed` is what could still have traded of it.
    #[inline]
    pub fn on_closed(&mut self, strategy: StrategyId, instrument: InstrumentId, side: Side, freed: Lots) {
        let state = &mut self.state;
        let open = state.instruments[instrument.index()].held.open;
        assert!(open > 0, "an order of instrument {instrument} closed twice");
        state.change(strategy, instrument, |held| {
            held.free(side, freed);
            held.open -= 1;
        });
        let by = &mut state.strategies[strategy.index()];
        by.open -= 1;
        state.accounts[by.account.index()].open -= 1;
        state.venues[state.instruments[instrument.index()].venue.index()].open -= 1;
        state.firm.open -= 1;
    }

    /// The venue answered a replace; `freed` is by how much the order can trade less than both shapes could.
    #[inline]
    pub fn on_replaced(&mut self, strategy: StrategyId, instrument: InstrumentId, side: Side, freed: Lots) {
        self.state.change(strategy, instrument, |held| held.free(side, freed));
    }

    /// The venue's first answer to a new order came after `latency`: it is in flight no longer (RC-12, RC-47).
    #[inline]
    pub fn on_answer(&mut self, instrument: InstrumentId, latency: Nanos) {
        let id = self.state.instruments[instrument.index()].venue;
        let venue = &mut self.state.venues[id.index()];
        venue.in_flight = venue.in_flight.saturating_sub(1);
        if latency.0 > venue.ack_latency {
            self.pause(id, latency.0);
        }
    }

    /// The venue refused a new order (RC-47).
    pub fn on_reject(&mut self, instrument: InstrumentId) {
        let id = self.state.instruments[instrument.index()].venue;
        if self.state.venues[id.index()].rejects.push(self.now) {
            self.pause(id, 0);
        }
    }

    #[cold]
    fn pause(&mut self, id: VenueId, value: i64) {
        let venue = &mut self.state.venues[id.index()];
        if venue.marks.has(Marks::PAUSED) {
            return;
        }
        venue.marks.set(Marks::PAUSED, true);
        self.tell(AlertKind::VenueUnhealthy, Scope::Venue(id), value, false);
    }

    /// A session with a venue changed: without one nothing is sent.
    pub fn on_session(&mut self, venue: VenueId, change: SessionChange) {
        let Some(row) = self.state.venues.get_mut(venue.index()) else { return };
        match change {
            SessionChange::Connected => row.marks.set(Marks::DOWN, false),
            SessionChange::Disconnected | SessionChange::LoggedOut => row.marks.set(Marks::DOWN, true),
            SessionChange::CancelOnDisconnect(_) | SessionChange::Recovered => {}
        }
    }

    /// RC-10, and a trade for RC-29.
    #[inline]
    fn on_execution(&mut self, strategy: StrategyId, instrument: InstrumentId) {
        let row = &mut self.state.instruments[instrument.index()];
        row.ratio.trades += 1;
        self.state.venues[row.venue.index()].ratio.trades += 1;
        let by = &mut self.state.strategies[strategy.index()];
        if by.executions.push(self.now) && !by.marks.has(Marks::DISABLED) {
            by.marks.set(Marks::DISABLED, true);
            self.tell(AlertKind::Disabled, Scope::Strategy(strategy), 10, true);
        }
    }

    /// What a fill did to the strategy's money: paid at its price, worth what the market says.
    #[inline]
    fn on_gain(&mut self, strategy: StrategyId, instrument: InstrumentId, price: Ticks, signed: Lots) {
        let row = &self.state.instruments[instrument.index()];
        let twice = price.0.saturating_mul(2);
        let paid = at_rate(row.worth.doubled(twice, signed.0), row.rate);
        let mid = row.mid.unwrap_or(twice);
        self.earn(strategy, -paid);
        let gained = self.value(strategy, instrument, mid).saturating_sub(paid);
        self.watch_position(strategy, instrument, gained);
        self.watch(strategy);
    }

    /// A strategy paid fees.
    pub fn on_cost(&mut self, strategy: StrategyId, cost: Money) {
        self.earn(strategy, cost.0.saturating_mul(-2));
        self.watch(strategy);
    }

    #[inline]
    fn earn(&mut self, strategy: StrategyId, doubled: i128) {
        let by = &mut self.state.strategies[strategy.index()];
        by.gain = by.gain.saturating_add(doubled);
        let account = &mut self.state.accounts[by.account.index()];
        account.gain = account.gain.saturating_add(doubled);
    }

    /// Values a strategy's position at a mid in half ticks.
    #[inline]
    fn value(&mut self, strategy: StrategyId, instrument: InstrumentId, mid: i64) -> i128 {
        let row = &self.state.instruments[instrument.index()];
        let at = self.state.own_at(strategy, instrument);
        let own = &self.state.own[at];
        let valued = at_rate(row.worth.doubled(mid, own.held.position), row.rate);
        let gained = valued.saturating_sub(own.valued);
        self.state.own[at].valued = valued;
        self.earn(strategy, gained);
        gained
    }

    /// Judges the strategy's losses, and those of its account where the firm's equity is not the account's.
    #[inline]
    fn watch(&mut self, strategy: StrategyId) {
        let (now, by) = (self.now, &mut self.state.strategies[strategy.index()]);
        let account = by.account;
        let fall = by.measured.rate.hear(now, Money(by.gain / 2));
        if fall.is_some() && !by.measured.loses_too_fast {
            by.measured.loses_too_fast = true;
            self.tell(AlertKind::Halted, Scope::Strategy(strategy), 19, true);
        }
        let by = &mut self.state.strategies[strategy.index()];
        if let Some(halt) = by.losses.on_equity(now, Money(by.gain / 2)) {
            self.halt(Scope::Strategy(strategy), halt);
        }
        if self.state.accounts.len() > 1 {
            let row = &mut self.state.accounts[account.index()];
            if let Some(halt) = row.losses.on_equity(now, Money(row.gain / 2)) {
                self.halt(Scope::Account(account), halt);
            }
        }
    }

    #[cold]
    fn halt(&mut self, scope: Scope, halt: Halt) {
        self.tell(AlertKind::Halted, scope, halt.control(), true);
    }

    /// The book of an instrument changed: its touch after a packet. Only a live book's.
    #[inline]
    pub fn on_market(&mut self, instrument: InstrumentId, touch: &Touch) {
        let now = self.now;
        let row = &mut self.state.instruments[instrument.index()];
        row.changed_at = now;
        let (Some(bid), Some(ask)) = (touch.bid, touch.ask) else { return };
        let mid = bid.0.saturating_add(ask.0);
        row.drift.hear(now, mid);
        let old = row.mid.replace(mid);
        if let (Some(ppm), Some(old)) = (row.jump_ppm, old) {
            let step = (i128::from(mid) - i128::from(old)).abs();
            row.has_jumped = step * 1_000_000 > i128::from(old).abs() * i128::from(ppm);
        }
        if old != Some(mid) {
            self.on_mid(instrument, mid);
        }
    }

    /// The market's mid moved: exposures and gains are worth something else.
    fn on_mid(&mut self, instrument: InstrumentId, mid: i64) {
        let row = &self.state.instruments[instrument.index()];
        let lot = row.lot_at(mid);
        if lot != row.lot_nanos {
            self.state.revalue(instrument, lot);
        }
        for strategy in 0..self.state.strategies.len() {
            let id = StrategyId(u16::try_from(strategy).expect("strategies are few"));
            let own = &self.state.own[self.state.own_at(id, instrument)];
            if own.held.position != 0 {
                let gained = self.value(id, instrument, mid);
                self.watch_position(id, instrument, gained);
                self.watch(id);
            }
        }
    }

    /// Trading in an instrument, or in all, opened, paused or closed (RC-25).
    pub fn on_phase(&mut self, instrument: Option<InstrumentId>, phase: Phase) {
        match instrument {
            Some(id) => {
                if let Some(row) = self.state.instruments.get_mut(id.index()) {
                    row.phase = phase;
                }
            }
            None => self.state.instruments.iter_mut().for_each(|row| row.phase = phase),
        }
    }

    /// The venue published price limits or bands (RC-25).
    pub fn on_statistic(&mut self, statistic: &Statistic) {
        let Some(side) = statistic.kind.price_limit() else { return };
        if let Some(row) = self.state.instruments.get_mut(statistic.instrument.index()) {
            row.band[side] = statistic.price().filter(|_| !statistic.deleted);
        }
    }

    /// What a strategy says of its model, before its wishes are judged (RC-46).
    #[inline]
    pub fn on_health(&mut self, strategy: StrategyId, health: Health) {
        if let Some(row) = self.state.strategies.get_mut(strategy.index()) {
            row.health = health;
        }
    }

    /// Hears the firm's equity (realised, unrealised, fees; with or without the capital). The first one
    /// told is where losses are counted from: tell it before the first order. Answers with a halt that begins.
    #[inline]
    pub fn on_equity(&mut self, now: Nanos, equity: Money) -> Option<Halt> {
        // One account is the firm, to the last digit; of several each is counted by its strategies' fills.
        if let [account] = self.state.accounts.as_mut_slice() {
            account.losses.on_equity(now, equity);
        }
        let begins = self.state.firm.losses.on_equity(now, equity);
        if let Some(halt) = begins {
            self.halt(Scope::Firm, halt);
        }
        begins
    }

    /// Hears what one unit of the currency that an instrument settles in is worth in the account's; `None`: nobody knows,
    /// and nothing passes. Until told otherwise it is the account's own.
    pub fn on_rate(&mut self, instrument: InstrumentId, rate: Option<Money>) {
        let row = &mut self.state.instruments[instrument.index()];
        row.rate = rate;
        if let Some(mid) = row.mid {
            let lot = row.lot_at(mid);
            self.state.revalue(instrument, lot);
        }
    }

    /// What people must hear of, oldest first; each once.
    pub fn take_news(&mut self) -> Option<News> {
        if self.news.is_empty() { None } else { Some(self.news.remove(0)) }
    }

    pub(crate) fn tell(&mut self, kind: AlertKind, scope: Scope, value: i64, cancels: bool) {
        self.news.push(News { kind, scope, value, cancels, within: None });
    }
}

#[inline]
fn at_rate(amount: i128, rate: Option<Money>) -> i128 {
    match rate {
        Some(Money::ONE) => amount,
        Some(rate) => Money(amount).checked_at_rate(rate).map_or(0, |money| money.0),
        None => 0,
    }
}
