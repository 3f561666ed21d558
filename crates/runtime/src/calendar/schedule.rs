//! What calendars and configured halts tell a run: which instrument goes by which, and every change over its span.
//!
//! Where a recording speaks of an instrument's phases itself, its word stands and no calendar adds to it; a configured
//! halt is told all the same, for it asks what would have been.

use super::{Calendar, list};
use crate::config::Config;
use crate::moment;
use serde::{Deserialize, Serialize};
use types::{Instrument, InstrumentId, Nanos, Phase, TradingDays};

/// One change of phase.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Told {
    /// When.
    pub at: Nanos,
    /// Where.
    pub instrument: InstrumentId,
    /// What holds from then on.
    pub phase: Phase,
}

/// What a run's setup keeps: enough to count its days, and to say what was assumed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Sessions {
    /// Where trading days begin: those of the first traded instrument that has a calendar.
    pub days: TradingDays,
    /// By instrument that has one, which is not `always`: its symbol and the calendar's name.
    pub calendars: Vec<(String, String)>,
    /// Instruments that the recording itself tells the phases of, where a calendar was asked for.
    pub recorded: Vec<String>,
    /// Traded instruments of which neither tells, though a calendar is known.
    pub unasked: Vec<(String, String)>,
}

impl Sessions {
    /// Whether nothing was asked and nothing is to be said.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// A run's schedule.
#[derive(Clone, Debug, Default)]
pub struct Schedule {
    /// In the order of time.
    pub told: Vec<Told>,
    /// What the setup keeps.
    pub sessions: Sessions,
}

/// An instrument as the schedule sees it.
struct Row<'a> {
    instrument: &'a Instrument,
    traded: bool,
    recorded: bool,
}

impl Schedule {
    /// Of a run over the span, of these instruments, of which `recorded` says whether the data tells its phases.
    #[must_use]
    pub fn new(
        config: &Config,
        instruments: &[Instrument],
        traded: &[InstrumentId],
        recorded: impl Fn(InstrumentId) -> bool,
        span: Option<(Nanos, Nanos)>,
    ) -> Self {
        let mut schedule = Self::default();
        let Some((from, to)) = span else { return schedule };
        for instrument in instruments {
            let id = instrument.id();
            let row = Row { instrument, traded: traded.contains(&id), recorded: recorded(id) };
            schedule.add(config, &row, from, to);
        }
        let calendar = traded.iter().find_map(|id| chosen(config, &instruments[id.index()]));
        if let Some(calendar) = calendar.filter(|calendar| !calendar.is_always_open() && calendar.knows(from))
        {
            schedule.sessions.days = TradingDays::listed(calendar.trading_days(from, to));
        }
        // Of one moment the instruments' order: a stable sort keeps it.
        schedule.told.sort_by_key(|told| told.at);
        schedule
    }

    fn add(&mut self, config: &Config, row: &Row<'_>, from: Nanos, to: Nanos) {
        let (id, symbol) = (row.instrument.id(), row.instrument.symbol());
        // Just before the first event, so that it finds the phase in place.
        let start = Nanos(from.0.saturating_sub(1));
        let calendar = chosen(config, row.instrument).filter(|calendar| !calendar.is_always_open());
        let mut changes = Vec::new();
        match &calendar {
            Some(_) if row.recorded => self.sessions.recorded.push(symbol.into()),
            Some(calendar) if calendar.knows(from) => {
                self.sessions.calendars.push((symbol.into(), calendar.name().into()));
                changes = calendar.changes(start, to);
            }
            Some(_) | None => {}
        }
        if row.traded && !row.recorded && calendar.is_none() && config.venue.calendar == "off" {
            let known = list::of(&row.instrument.terms().venue, symbol);
            self.sessions.unasked.extend(known.map(|spec| (symbol.into(), spec.name.into())));
        }
        for halt in config.venue.halt.iter().filter(|halt| halt.is_of(row.instrument)) {
            changes = halted(&changes, halt.span(), Nanos::from_secs(i64::from(halt.auction_seconds)));
        }
        let within = changes.into_iter().filter(|change| change.0 <= to);
        self.told.extend(within.map(|(at, phase)| Told { at: at.max(start), instrument: id, phase }));
    }
}

/// The calendar an instrument goes by: one that names it, else the one that is asked for.
fn chosen(config: &Config, instrument: &Instrument) -> Option<Calendar> {
    let terms = instrument.terms();
    if let Some(given) = config.calendar.iter().find(|given| given.is_of(instrument)) {
        return Some(given.calendar());
    }
    match config.venue.calendar.as_str() {
        "off" => None,
        "auto" => list::of(&terms.venue, &terms.symbol).map(Calendar::of),
        name => match config.calendar.iter().find(|given| given.name == name) {
            Some(given) => Some(given.calendar()),
            None => list::find(name).map(Calendar::of),
        },
    }
}

/// The changes with a halt in them. What the calendar says meanwhile holds when it is over; where there is none, trading.
fn halted(changes: &[(Nanos, Phase)], (from, to): (Nanos, Nanos), auction: Nanos) -> Vec<(Nanos, Phase)> {
    let place = changes.partition_point(|change| change.0 <= to);
    let after = place.checked_sub(1).map_or(Phase::Open, |place| changes[place].1);
    let before = changes.iter().filter(|change| change.0 < from);
    let mut all: Vec<_> = before.copied().collect();
    all.push((from, Phase::Halted));
    let called_at = Nanos(to.0.saturating_sub(auction.0)).max(from);
    if auction > Nanos(0) && after == Phase::Open {
        all.push((called_at, Phase::PreOpen));
    }
    all.push((to, after));
    all.extend(changes[place..].iter().copied());
    all
}

/// A span as people write it.
pub(super) fn span(from: &str, to: &str) -> Option<(Nanos, Nanos)> {
    let (from, to) = (moment::parse(from)?, moment::parse(to)?);
    (from < to).then_some((from, to))
}

#[cfg(test)]
mod tests {
    use super::*;
    use Phase::{Closed, Halted, Open, PreOpen};

    #[test]
    fn a_halt_ends_in_what_the_calendar_says_by_then() {
        let at = |at: i64| Nanos(at);
        let day = [(at(0), Closed), (at(100), Open), (at(200), Closed)];
        let cut = |from, to, auction| {
            let changes = halted(&day, (at(from), at(to)), at(auction));
            changes.iter().map(|change| (change.0.0, change.1)).collect::<Vec<_>>()
        };
        let (closed, open, end) = ((0, Closed), (100, Open), (200, Closed));
        assert_eq!(cut(120, 150, 0), [closed, open, (120, Halted), (150, Open), end]);
        assert_eq!(cut(120, 150, 5), [closed, open, (120, Halted), (145, PreOpen), (150, Open), end]);
        assert_eq!(cut(120, 150, 90), [closed, open, (120, Halted), (120, PreOpen), (150, Open), end]);
        assert_eq!(cut(120, 250, 5), [closed, open, (120, Halted), (250, Closed)]);
        assert_eq!(cut(50, 150, 0), [closed, (50, Halted), (150, Open), end]);
        assert_eq!(halted(&[], (at(3), at(9)), at(0)), [(at(3), Halted), (at(9), Open)]);
    }
}
