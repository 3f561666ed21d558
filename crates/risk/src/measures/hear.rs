//! What measures hear of: fills, marks, trades of the market, days; and how they are made and made anew when limits change.

use super::greeks::{Sensitive, Sensitivities};
use super::rows::Tail;
use crate::exposure::Exposed;
use crate::limits::Limits;
use crate::risk::{News, Risk};
use crate::state::State;
use types::{AlertKind, Instrument, InstrumentId, Lots, Money, Nanos, Scope, StrategyId, Ticks};

impl Risk {
    /// The market traded so much (RC-22).
    #[inline]
    pub fn on_market_trade(&mut self, instrument: InstrumentId, size: Lots) {
        if let Some(row) = self.state.instruments.get_mut(instrument.index()) {
            row.measured.market.add(self.now, size.0.saturating_abs());
        }
    }

    /// What a lot of an instrument is sensitive to changed (RC-21): everything that is held is counted anew.
    pub fn on_sensitivities(&mut self, instrument: InstrumentId, of_a_lot: Sensitivities) {
        let Some(row) = self.state.instruments.get_mut(instrument.index()) else { return };
        let Some(sensitive) = &mut row.measured.sensitive else { return };
        let old = std::mem::replace(&mut sensitive.of_a_lot, of_a_lot);
        let beneath = sensitive.beneath;
        let count = self.state.instruments.len();
        for (account, row) in self.state.accounts.iter_mut().enumerate() {
            let lots = i128::from(self.state.of_account[account * count + instrument.index()].position);
            let sum = &mut row.measured.beneath[beneath];
            *sum = sum.plus(-lots, old).plus(lots, of_a_lot);
        }
    }

    /// A fill of ours.
    #[inline]
    pub(crate) fn on_traded(
        &mut self,
        strategy: StrategyId,
        instrument: InstrumentId,
        price: Ticks,
        signed: Lots,
    ) {
        self.on_moved(strategy, instrument, signed);
        let (now, state) = (self.now, &mut self.state);
        let own = state.own_at(strategy, instrument);
        let row = &state.instruments[instrument.index()];
        let account = &mut state.accounts[state.strategies[strategy.index()].account.index()].measured;
        if account.settlement_most.is_some() {
            let rate = row.rate.unwrap_or(Money::ONE);
            let worth = row.worth.notional(price, signed).and_then(|own| own.checked_at_rate(rate));
            account.settlement.on_trade(worth.unwrap_or(Money(i128::MAX)));
        }
        if state.own[own].measured.on_fill(now, signed) {
            self.protect(Scope::Strategy(strategy), Some(instrument));
        }
        let venue = self.state.instruments[instrument.index()].venue;
        if self.state.venues[venue.index()].protection.on_fill(now, signed) {
            self.protect(Scope::Venue(venue), None);
        }
    }

    #[cold]
    fn protect(&mut self, scope: Scope, within: Option<InstrumentId>) {
        self.news.push(News { kind: AlertKind::Halted, scope, value: 36, cancels: true, within });
    }

    /// A position changed, by a fill or a fill taken back.
    #[inline]
    pub(crate) fn on_moved(&mut self, strategy: StrategyId, instrument: InstrumentId, signed: Lots) {
        let state = &mut self.state;
        let account = &mut state.accounts[state.strategies[strategy.index()].account.index()].measured;
        if let Some(model) = &state.models.covariances {
            account.tail.variance.on_trade(model, instrument.index(), signed.0);
            state.firm.tail.variance.on_trade(model, instrument.index(), signed.0);
        }
        if let Some(Sensitive { beneath, of_a_lot }) =
            state.instruments[instrument.index()].measured.sensitive
        {
            let sum = &mut account.beneath[beneath];
            *sum = sum.plus(i128::from(signed.0), of_a_lot);
        }
    }

    /// A strategy's position in an instrument gained so much, doubled: its stops are judged.
    #[inline]
    pub(crate) fn watch_position(&mut self, strategy: StrategyId, instrument: InstrumentId, doubled: i128) {
        let state = &mut self.state;
        let own = state.own_at(strategy, instrument);
        let limits = &state.strategies[strategy.index()].measured;
        if limits.stop_loss.is_none() && limits.trailing_stop.is_none() {
            return;
        }
        let (own, twice) = (&mut state.own[own], |limit: Money| Money(limit.0.saturating_mul(2)));
        let (loss, trailing) = (limits.stop_loss.map(twice), limits.trailing_stop.map(twice));
        if own.measured.stop.hear(doubled, own.held.position, loss, trailing).is_some() {
            let scope = Scope::Strategy(strategy);
            let within = Some(instrument);
            self.news.push(News { kind: AlertKind::Halted, scope, value: 18, cancels: true, within });
        }
    }

    /// Another trading day: what was due has settled.
    #[cold]
    pub(crate) fn begin_day(&mut self, now: Nanos) {
        let models = &mut self.state.models;
        models.day_ends_at = models.days.ends_at(now);
        let day = i64::from(models.days.of(now).days());
        for account in &mut self.state.accounts {
            account.measured.settlement.on_day(day);
        }
    }
}

impl State {
    /// Makes what measures need of these limits, once.
    pub(crate) fn measure(&mut self, instruments: &[Instrument], limits: &Limits) {
        let mut beneath: Vec<&str> = Vec::new();
        for (row, instrument) in self.instruments.iter_mut().zip(instruments) {
            let named = limits.sensitivities.get(&crate::limits::instrument_name(instrument));
            row.measured.sensitive = named.map(|(name, of_a_lot)| {
                let known = beneath.iter().position(|known| known == name);
                let place = known.unwrap_or_else(|| {
                    beneath.push(name);
                    beneath.len() - 1
                });
                Sensitive { beneath: place, of_a_lot: *of_a_lot }
            });
        }
        self.models.covariances.clone_from(&limits.covariances);
        self.models.days = self.firm.losses.days().clone();
        let size = limits.covariances.as_ref().map_or(0, |model| model.size());
        let with = |tail: &Tail| Tail { variance: super::covariance::Variance::new(size), most: tail.most };
        self.firm.tail = with(&self.firm.tail);
        for account in &mut self.accounts {
            account.measured.tail = with(&account.measured.tail);
            account.measured.beneath = vec![Sensitivities::default(); beneath.len()];
        }
        self.remeasure();
    }

    /// Limits changed: what is kept with them in mind is made anew where it has to be.
    pub(crate) fn remeasure(&mut self) {
        let count = self.instruments.len();
        for (at, own) in self.own.iter_mut().enumerate() {
            let (strategy, instrument) =
                (&self.strategies[at / count].measured, &self.instruments[at % count].measured);
            own.measured.limit(strategy, instrument);
        }
        for (account, row) in self.accounts.iter_mut().enumerate() {
            let held = self.of_account[account * count..].iter().zip(&self.instruments);
            row.measured.margin =
                held.map(|(held, of)| of.measured.margin(&Exposed::of(held, of.lot_nanos))).sum();
        }
    }

    /// A person ended the stops and protections of these strategies in these instruments.
    pub(crate) fn reset_own(&mut self, is_meant: impl Fn(usize, usize) -> bool) {
        let count = self.instruments.len();
        for (at, own) in self.own.iter_mut().enumerate() {
            if is_meant(at / count, at % count) {
                own.measured.stop.reset();
                own.measured.protection.reset();
            }
        }
    }
}
