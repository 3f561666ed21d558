//! What people's words do to risk: kill, reset, reduce only, restrictions, stages, limits.
//!
//! Whether a word acts is `people`'s to say. A scope that names no row of this run does nothing: a blank is never the
//! firm.

use crate::limits::{Level, LimitId, Setting};
use crate::marks::Marks;
use crate::people::{loosens_restriction, loosens_stage};
use crate::ring::Ring;
use crate::risk::Risk;
use types::{Action, InstrumentId, Restriction, Scope, Stage};

/// Why a limit does not change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SetError {
    /// There is no limit of this number.
    UnknownLimit,
    /// The limit is not one of that level, or the scope names nobody.
    NotThere,
    /// It has to be a number: below zero is no way to switch it off.
    MayNotBeOff,
}

impl Risk {
    /// Whether a scope names a row of this run.
    #[must_use]
    pub fn knows(&self, scope: Scope) -> bool {
        let (level, row) = place(scope);
        row < self.settings[level as usize].len()
    }

    fn mark(&mut self, scope: Scope, mark: Marks, on: bool) -> bool {
        let state = &mut self.state;
        let marks = match scope {
            Scope::Strategy(id) => state.strategies.get_mut(id.index()).map(|row| &mut row.marks),
            Scope::Account(id) => state.accounts.get_mut(id.index()).map(|row| &mut row.marks),
            Scope::Desk(id) => state.desks.get_mut(id.index()).map(|row| &mut row.marks),
            Scope::Venue(id) => state.venues.get_mut(id.index()).map(|row| &mut row.marks),
            Scope::Instrument(id) => state.instruments.get_mut(id.index()).map(|row| &mut row.marks),
            Scope::Firm => Some(&mut state.firm.marks),
        };
        match marks {
            Some(marks) => {
                marks.set(mark, on);
                true
            }
            None => false,
        }
    }

    /// Pulls the kill switch of a scope: nothing new of it passes until [`reset`](Self::reset). The caller cancels what
    /// works. False when the scope names nobody.
    pub fn kill(&mut self, scope: Scope) -> bool {
        self.mark(scope, Marks::KILLED, true)
    }

    /// Ends what latched in a scope: a kill, a halt by losses, a pause, a disabled strategy. A loss that had halted is
    /// counted afresh from here.
    pub fn reset(&mut self, scope: Scope) -> bool {
        for mark in [Marks::KILLED, Marks::PAUSED, Marks::DISABLED] {
            if !self.mark(scope, mark, false) {
                return false;
            }
        }
        let state = &mut self.state;
        match scope {
            Scope::Strategy(id) => {
                let row = &mut state.strategies[id.index()];
                row.losses.release();
                row.executions.clear();
                row.sent = 0;
                row.measured.loses_too_fast = false;
                row.measured.rate.begin();
                state.reset_own(|strategy, _| strategy == id.index());
            }
            Scope::Account(id) => state.accounts[id.index()].losses.release(),
            Scope::Venue(id) => {
                let row = &mut state.venues[id.index()];
                row.rejects.clear();
                row.protection.reset();
            }
            Scope::Firm => {
                state.firm.losses.release();
                // One account is the firm.
                if let [account] = state.accounts.as_mut_slice() {
                    account.losses.release();
                }
            }
            Scope::Instrument(id) => state.reset_own(|_, instrument| instrument == id.index()),
            Scope::Desk(_) => {}
        }
        true
    }

    /// RC-34: only reducing orders of a scope pass, or all do again.
    pub fn reduce_only(&mut self, scope: Scope, on: bool) -> bool {
        self.mark(scope, Marks::REDUCE_ONLY, on)
    }

    /// RC-23: restricts an instrument from the next order on.
    pub fn restrict(&mut self, instrument: InstrumentId, how: Restriction) -> bool {
        match self.state.instruments.get_mut(instrument.index()) {
            Some(row) => {
                row.restriction = how;
                true
            }
            None => false,
        }
    }

    /// Goes to a stage of trading.
    pub fn enter(&mut self, stage: Stage) {
        self.state.firm.stage = stage;
    }

    /// The stage that trading is resumed to.
    #[must_use]
    pub const fn stage(&self) -> Stage {
        self.state.firm.stage
    }

    /// What is set of a limit for a scope; `None` when it is not one of that level, or the scope names nobody.
    #[must_use]
    pub fn setting(&self, scope: Scope, limit: LimitId) -> Option<Setting> {
        let (level, row) = place(scope);
        if !limit.spec().levels.contains(&level) {
            return None;
        }
        self.settings[level as usize].get(row).map(|settings| settings.of(limit))
    }

    /// Changes a limit (RC-45); a value below zero switches it off, where that may be. Setting a limit to what it is says
    /// that limits hold (RC-43).
    ///
    /// # Errors
    /// When there is no such limit there, or it may not be switched off.
    pub fn set_limit(&mut self, limit: u16, scope: Scope, value: i64) -> Result<(), SetError> {
        let limit = LimitId::of_number(limit).ok_or(SetError::UnknownLimit)?;
        let setting = Setting::At(value);
        let setting = if value < 0 { Setting::Off } else { setting };
        if setting == Setting::Off && !limit.spec().may_be_off {
            return Err(SetError::MayNotBeOff);
        }
        if self.setting(scope, limit).is_none() {
            return Err(SetError::NotThere);
        }
        let (level, row) = place(scope);
        let settings = &mut self.settings[level as usize][row];
        settings.set(limit, setting);
        let number = |id| settings.of(id).number();
        let state = &mut self.state;
        match level {
            Level::Instrument => state.instruments[row].limit(settings),
            Level::Strategy => {
                state.strategies[row].limit(settings);
                if matches!(limit, LimitId::Executions | LimitId::ExecutionsWindow) {
                    let (count, window) = (number(LimitId::Executions), number(LimitId::ExecutionsWindow));
                    state.strategies[row].executions = Ring::new(count, window);
                }
            }
            Level::Account => state.accounts[row].limit(settings),
            Level::Desk => state.desks[row].limit(settings),
            Level::Venue => {
                state.venues[row].limit(settings);
                if matches!(limit, LimitId::Rejects | LimitId::VenueRejectsWindow) {
                    let (count, window) = (number(LimitId::Rejects), number(LimitId::VenueRejectsWindow));
                    state.venues[row].rejects = Ring::new(count, window);
                }
            }
            Level::Firm => state.firm.limit(settings),
        }
        state.firm.limits_at = Some(self.now);
        state.remeasure();
        Ok(())
    }

    /// Whether a person's request would let more pass than now: then a second one has to agree.
    #[must_use]
    pub fn loosens(&self, action: &Action) -> bool {
        match *action {
            Action::SetLimit { limit, scope, value } => self.loosens_limit(limit, scope, value),
            Action::Restrict { instrument, how } => {
                let row = self.state.instruments.get(instrument.index());
                row.is_some_and(|row| loosens_restriction(row.restriction, how))
            }
            Action::Enter(stage) => loosens_stage(self.state.firm.stage, stage),
            Action::Kill(_)
            | Action::Reset(_)
            | Action::ReduceOnly(..)
            | Action::CancelAll(_)
            | Action::SkipRecord(_)
            | Action::RequestBust { .. } => false,
        }
    }

    fn loosens_limit(&self, limit: u16, scope: Scope, value: i64) -> bool {
        let Some(limit) = LimitId::of_number(limit) else { return false };
        match self.setting(scope, limit) {
            // Setting what is unset lets orders pass that did not.
            None | Some(Setting::Unset) => true,
            Some(Setting::Off) => false,
            Some(Setting::At(old)) => {
                value < 0 || if limit.spec().more_is_looser { value > old } else { value < old }
            }
        }
    }
}

/// The level of a scope, and its row there.
pub(crate) fn place(scope: Scope) -> (Level, usize) {
    match scope {
        Scope::Strategy(id) => (Level::Strategy, id.index()),
        Scope::Account(id) => (Level::Account, id.index()),
        Scope::Desk(id) => (Level::Desk, id.index()),
        Scope::Venue(id) => (Level::Venue, id.index()),
        Scope::Instrument(id) => (Level::Instrument, id.index()),
        Scope::Firm => (Level::Firm, 0),
    }
}
