//! What the edge must know besides the engine's state: the place in the journal, and the timers that are set.
//!
//! Told of every step; never decides when anything happens.

use super::Place;
use crate::backtest::Observer;
use crate::timers::Timers;
use engine::Engine;
use types::record::Record;
use types::{Command, Event, Input, Nanos, Seq, StrategyId, TimerId};

/// The edge's own state; see the module.
#[derive(Debug)]
pub struct Edge {
    place: Place,
    timers: Timers,
}

impl Default for Edge {
    fn default() -> Self {
        Self {
            place: Place { records: 0, seq: Seq(0), at: Nanos::MIN, trail: 0 },
            timers: Timers::with_capacity(1_024),
        }
    }
}

impl Edge {
    /// As it was at a place.
    #[must_use]
    pub fn at(place: Place, timers: &[(Nanos, u16, u32)]) -> Self {
        let mut edge = Self { place, ..Self::default() };
        for &(at, strategy, timer) in timers {
            edge.timers.set(Nanos::MIN, at, StrategyId(strategy), TimerId(timer));
        }
        edge
    }

    /// Where in the journal we are.
    #[must_use]
    pub const fn place(&self) -> Place {
        self.place
    }

    /// The number of the next input.
    #[must_use]
    pub const fn next_seq(&self) -> Seq {
        if self.place.records == 0 { Seq(0) } else { self.place.seq.next() }
    }

    /// Timers that are set, in the order in which they are due.
    #[must_use]
    pub fn timers(&self) -> Vec<(Nanos, u16, u32)> {
        self.timers
            .listed()
            .into_iter()
            .map(|timer| (timer.due_at, timer.strategy.0, timer.timer.0))
            .collect()
    }

    /// When the first of them is due.
    #[inline]
    #[must_use]
    pub fn next_timer_at(&self) -> Option<Nanos> {
        self.timers.next_at()
    }

    /// Who sets timers for now without end, if anybody does.
    #[must_use]
    pub const fn runaway(&self) -> Option<StrategyId> {
        self.timers.runaway()
    }

    /// Takes those that are due by now, so many at most; each must come back as an input.
    pub fn due(&mut self, now: Nanos, most: usize, out: &mut Vec<types::Timer>) {
        self.timers.take_due(now, most, out);
    }

    /// A record of the journal goes by that is before what is restored: only the place moves.
    #[inline]
    pub fn pass(&mut self, record: &Record) {
        self.place.records += 1;
        self.place.trail = crc32c::crc32c_append(self.place.trail, &record.to_bytes());
        if let Record::Input(input) = record {
            (self.place.seq, self.place.at) = (input.seq, input.received_at);
        }
    }

    /// An input of the journal is answered again: a timer that it is of is set no longer.
    pub fn on_input(&mut self, input: &Input) {
        self.pass(&Record::Input(*input));
        if let Event::Timer(timer) = input.event
            && self.timers.next_at() == Some(timer.due_at)
        {
            self.timers.take();
        }
    }

    /// An input is taken in whose timer, if it is one, was taken by [`due`](Self::due).
    #[inline]
    pub fn on_taken(&mut self, input: &Input) {
        self.pass(&Record::Input(*input));
    }

    /// A command answers the last input.
    #[inline]
    pub fn on_command(&mut self, command: Command) {
        let Place { seq, at, .. } = self.place;
        self.pass(&Record::Command { seq, at, command });
        if let Command::WakeAt { at: due, timer, strategy } = command {
            self.timers.set(at, due, strategy, timer);
        }
    }
}

impl Observer for Edge {
    fn on_step(&mut self, input: &Input, commands: &[Command], _: &Engine) {
        self.on_input(input);
        commands.iter().for_each(|command| self.on_command(*command));
    }
}
