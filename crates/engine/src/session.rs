//! Sessions with venues, and what becomes of our orders when one breaks.
//!
//! ```text
//!            Disconnected, LoggedOut              Connected                 every order resolved
//!   up ────────────────────────────────▶ down ───────────────▶ resolving ────────────────────────▶ up
//!    every open order is unknown          nothing is sent       each is asked about, again and
//!    (counted as live), and its owner     cancels are kept      again with more patience; cancels
//!    is told                              as wishes             leave, new orders do not
//! ```
//!
//! Nothing is believed that the venue did not say: that it cancels on disconnect makes no order closed, and no order that
//! may have been lost is sent again. Never waits: patience is a timer of the machine's own.

use crate::Engine;
use crate::engine::Core;
use crate::guard::same;
use crate::state::StateError;
use orders::State;
use orders::{Change, Impossible};
use risk::Refusal;
use serde::{Deserialize, Serialize};
use types::{
    AlertKind, Command, Instrument, InstrumentId, Nanos, OrderId, Report, Scope, Session, SessionChange,
    StrategyId, TimerId, VenueId, Venues,
};

/// Who sets timers that are no strategy's.
pub const MACHINE: StrategyId = StrategyId(u16::MAX);

/// How long the first answer is waited for; then twice as long each time, up to the longest.
const PATIENCE_FIRST: Nanos = Nanos(250_000_000);
const PATIENCE_LONGEST: Nanos = Nanos(60_000_000_000);
/// After so many questions, a minute altogether, people are told. Asking goes on at the longest patience.
const QUESTIONS: u32 = 8;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Stands {
    Up,
    Down,
    Resolving,
}

/// One venue's.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Line {
    stands: Stands,
    /// The venue confirmed that it cancels our orders when the session breaks.
    armed: bool,
    /// It had, when it broke.
    promised: bool,
    asked: u32,
    patience: Nanos,
    /// Tells the timer that counts from those that were overtaken.
    round: u16,
    /// A mass cancel that could not be sent.
    owes_mass_cancel: bool,
}

/// All of them.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Sessions {
    #[serde(skip)]
    venues: Venues,
    lines: Vec<Line>,
    /// Whether any is not up.
    troubled: bool,
    #[serde(skip)]
    told: Vec<(OrderId, State)>,
}

impl Sessions {
    pub(crate) fn new(instruments: &[Instrument]) -> Self {
        let venues = Venues::new(instruments);
        let line = Line {
            stands: Stands::Up,
            armed: false,
            promised: false,
            asked: 0,
            patience: PATIENCE_FIRST,
            round: 0,
            owes_mass_cancel: false,
        };
        Self {
            lines: vec![line; venues.names().len()],
            venues,
            troubled: false,
            told: Vec::with_capacity(64),
        }
    }

    pub(crate) fn restore(&mut self, saved: Self) -> Result<(), StateError> {
        same("venues", saved.lines.len(), self.lines.len())?;
        (self.lines, self.troubled) = (saved.lines, saved.troubled);
        Ok(())
    }

    /// Where an instrument of the run trades.
    #[inline]
    pub(crate) fn venue_of(&self, instrument: InstrumentId) -> VenueId {
        self.venues.of(instrument)
    }

    #[inline]
    fn line(&self, instrument: InstrumentId) -> &Line {
        &self.lines[self.venues.of(instrument).index()]
    }

    /// Whether new orders may be sent.
    #[inline]
    pub(crate) fn admits(&self, instrument: InstrumentId) -> Result<(), Refusal> {
        if self.troubled && self.line(instrument).stands != Stands::Up {
            return Err(Refusal::SessionDown);
        }
        Ok(())
    }

    fn is_down(&self, instrument: InstrumentId) -> bool {
        self.line(instrument).stands == Stands::Down
    }

    fn look_for_trouble(&mut self) {
        self.troubled = self.lines.iter().any(|line| line.stands != Stands::Up);
    }
}

/// The timer of a venue's questions, and what it says.
fn timer_of(venue: VenueId, round: u16) -> TimerId {
    TimerId(u32::from(venue.0) | (u32::from(round & 0x7fff) << 16))
}

impl Core {
    /// Takes commands off the end of `out`, from `first` on, that would be sent into nothing. A cancel stays a wish.
    #[inline]
    pub(crate) fn hold_back(&mut self, first: usize, out: &mut Vec<Command>) {
        if !self.guard.sessions.troubled {
            return;
        }
        let mut kept = first;
        for at in first..out.len() {
            let command = out[at];
            if !self.is_held(&command) {
                out[kept] = command;
                kept += 1;
            }
        }
        out.truncate(kept);
    }

    fn is_held(&mut self, command: &Command) -> bool {
        let sessions = &mut self.guard.sessions;
        match *command {
            Command::MassCancel { venue } => {
                let line = &mut sessions.lines[venue.index()];
                line.owes_mass_cancel |= line.stands == Stands::Down;
                line.stands == Stands::Down
            }
            Command::Cancel { order, instrument } if sessions.is_down(instrument) => {
                self.orders.doom(order);
                true
            }
            Command::Place(_) | Command::Cancel { .. } | Command::Replace { .. } | Command::Query { .. } => {
                command.instrument().is_some_and(|instrument| sessions.is_down(instrument))
            }
            Command::WakeAt { .. } | Command::Alert { .. } => false,
        }
    }

    /// Asks about every order of a venue that is unknown. Without one the session is up.
    fn ask(&mut self, venue: VenueId, out: &mut Vec<Command>) {
        let Self { guard, orders, now, .. } = self;
        let sessions = &mut guard.sessions;
        let unknown =
            || orders.open().filter(|order| order.is_unknown()).map(|order| (order.id, order.instrument()));
        let first = out.len();
        let venues = &sessions.venues;
        let here = |(_, instrument): &(OrderId, InstrumentId)| venues.of(*instrument) == venue;
        out.extend(unknown().filter(here).map(|(order, instrument)| Command::Query { order, instrument }));
        let line = &mut sessions.lines[venue.index()];
        if out.len() == first {
            line.stands = Stands::Up;
            line.promised = false;
            sessions.look_for_trouble();
            return;
        }
        line.asked += 1;
        line.round = line.round.wrapping_add(1);
        let (at, timer) = (*now + line.patience, timer_of(venue, line.round));
        out.push(Command::WakeAt { at, timer, strategy: MACHINE });
        line.patience = Nanos(line.patience.0.saturating_mul(2)).min(PATIENCE_LONGEST);
        if line.asked == QUESTIONS {
            let alert = |(order, _): (OrderId, InstrumentId)| Command::Alert {
                kind: AlertKind::Unresolved,
                scope: Scope::Venue(venue),
                value: i64::from(order.0),
            };
            out.extend(unknown().filter(here).map(alert));
        }
    }

    /// A timer of the machine's is due that is a venue's.
    pub(crate) fn on_patience(&mut self, timer: TimerId, out: &mut Vec<Command>) {
        let venue = VenueId(u16::try_from(timer.0 & 0xffff).expect("sixteen bits"));
        let line = self.guard.sessions.lines.get(venue.index());
        let counts = |line: &&Line| line.stands == Stands::Resolving && timer_of(venue, line.round) == timer;
        if line.filter(counts).is_some() {
            self.ask(venue, out);
        }
    }

    /// What a report's change means for sessions: an order that works and should not is cancelled, and when the last
    /// unknown one is resolved new orders may leave again.
    #[inline]
    pub(crate) fn on_resolved(&mut self, report: &Report, change: &Change, out: &mut Vec<Command>) {
        match change {
            Change::Listed { open: true, .. } => self.on_found(report, out),
            Change::Lost { .. } => {
                let was_there =
                    self.orders.get(report.order).is_some_and(|order| order.accepted_at.is_some());
                if was_there {
                    self.tell_contradiction(report, out);
                }
            }
            Change::Impossible(Impossible::Alive) => {
                out.extend(self.orders.disown(report.order));
                self.tell_contradiction(report, out);
            }
            Change::Impossible(_) => self.tell_contradiction(report, out),
            Change::Listed { open: false, .. }
            | Change::Rejected { .. }
            | Change::Canceled { .. }
            | Change::Filled { .. }
            | Change::Replaced { .. }
            | Change::ReplaceRejected { .. }
            | Change::Accepted
            | Change::CancelRejected { .. }
            | Change::Unsure
            | Change::Behind { .. }
            | Change::Missed
            | Change::Busted { .. }
            | Change::Early
            | Change::Duplicate => {}
        }
        if self.guard.sessions.troubled {
            self.look_for_unknown(report.instrument);
        }
    }

    /// The venue has it. Had it promised to cancel it, or had we asked for that, it goes now.
    fn on_found(&mut self, report: &Report, out: &mut Vec<Command>) {
        if self.guard.sessions.line(report.instrument).promised {
            self.orders.doom(report.order);
            self.tell_contradiction(report, out);
        }
        let is_doomed = self.orders.get(report.order).is_some_and(orders::Order::is_doomed);
        if is_doomed {
            self.cancel(report.order, out);
        }
    }

    fn look_for_unknown(&mut self, instrument: InstrumentId) {
        let Some(known) = self.instruments.get(instrument.index()) else { return };
        let sessions = &mut self.guard.sessions;
        let venue = sessions.venues.of(known.id());
        if sessions.lines[venue.index()].stands != Stands::Resolving {
            return;
        }
        let mut unknown = self.orders.open().filter(|order| order.is_unknown());
        if !unknown.any(|order| sessions.venues.of(order.instrument()) == venue) {
            let line = &mut sessions.lines[venue.index()];
            (line.stands, line.promised) = (Stands::Up, false);
            sessions.look_for_trouble();
        }
    }

    /// The venue said what cannot be true.
    pub(crate) fn tell_contradiction(&self, report: &Report, out: &mut Vec<Command>) {
        let known = self.instruments.get(report.instrument.index());
        let scope = known.map_or(Scope::Firm, |known| Scope::Venue(self.guard.sessions.venue_of(known.id())));
        out.push(Command::Alert { kind: AlertKind::Contradiction, scope, value: i64::from(report.order.0) });
    }
}

impl Engine {
    /// A session with a venue changed.
    pub(crate) fn on_line(&mut self, session: &Session, out: &mut Vec<Command>) {
        let venue = session.venue;
        let Some(line) = self.core.guard.sessions.lines.get_mut(venue.index()) else { return };
        match session.change {
            SessionChange::CancelOnDisconnect(armed) => line.armed = armed,
            SessionChange::Disconnected | SessionChange::LoggedOut => {
                if line.stands != Stands::Down {
                    line.promised |= line.armed;
                    line.stands = Stands::Down;
                    self.on_broken(venue, out);
                }
            }
            SessionChange::Connected => {
                if line.stands == Stands::Down {
                    (line.stands, line.asked, line.patience) = (Stands::Resolving, 0, PATIENCE_FIRST);
                    if std::mem::take(&mut line.owes_mass_cancel) {
                        out.push(Command::MassCancel { venue });
                    }
                    self.core.ask(venue, out);
                }
            }
            // What was missing when we asked may have come with what was kept for us.
            SessionChange::Recovered => {
                if line.stands == Stands::Resolving {
                    self.core.ask(venue, out);
                }
            }
        }
    }

    fn on_broken(&mut self, venue: VenueId, out: &mut Vec<Command>) {
        let Core { guard, orders, .. } = &mut self.core;
        let sessions = &mut guard.sessions;
        sessions.troubled = true;
        let mut told = std::mem::take(&mut sessions.told);
        told.clear();
        orders.lose_sight(|instrument| sessions.venues.of(instrument) == venue, &mut told);
        for (order, before) in &told {
            // It waits for no answer of its own any more.
            if let (State::Pending, Some(order)) = (before, self.core.orders.get(*order)) {
                self.core.risk.on_answer(order.instrument(), Nanos(0));
            }
            self.tell_owner(*order, &Change::Unsure, out);
        }
        self.core.guard.sessions.told = told;
    }

    /// Whether new orders may be sent to a venue: its session stands, and nothing is unknown there.
    #[must_use]
    pub fn is_up(&self, venue: VenueId) -> bool {
        self.core.guard.sessions.lines.get(venue.index()).is_some_and(|line| line.stands == Stands::Up)
    }
}
