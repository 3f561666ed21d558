//! A run's market when it is generated: agents at an exchange, whose events travel to us like any recording's, and who
//! hear what we send.

use crate::routes::DataWay;
use sim::agents::Market;
use std::collections::VecDeque;
use types::{Command, Event, Input, Nanos, Report, Seq};

/// The market, and the way its data take.
pub(crate) struct Generated {
    market: Market,
    data: DataWay,
    way: usize,
    /// When the packet before arrived: none overtakes another.
    received_at: Nanos,
    events: Vec<Event>,
}

impl Generated {
    /// # Panics
    /// When there is no such way.
    pub(crate) fn new(market: Market, mut data: Vec<DataWay>, way: usize) -> Self {
        let data = data.swap_remove(way);
        Self { market, data, way, received_at: Nanos::MIN, events: Vec::with_capacity(64) }
    }

    pub(crate) const fn way(&self) -> usize {
        self.way
    }

    #[inline]
    pub(crate) fn next_at(&self) -> Option<Nanos> {
        self.market.next_at()
    }

    pub(crate) fn share(&self) -> f64 {
        self.market.share()
    }

    /// The agents' next act, at the moment it is due.
    pub(crate) fn step(&mut self, at: Nanos, to: &mut VecDeque<Input>, answers: &mut Vec<Report>) {
        self.market.step(&mut self.events, answers);
        self.send(at, to);
    }

    /// A command of ours arrives; everybody sees what it does.
    pub(crate) fn on_command(
        &mut self,
        at: Nanos,
        command: &Command,
        to: &mut VecDeque<Input>,
        answers: &mut Vec<Report>,
    ) {
        self.market.on_command(at, command, &mut self.events, answers);
        self.send(at, to);
    }

    /// Nothing was recorded, so data always travel as modelled.
    fn send(&mut self, at: Nanos, to: &mut VecDeque<Input>) {
        if self.events.is_empty() {
            return;
        }
        self.received_at = self.received_at.max(self.data.link.arrival(at));
        for event in self.events.drain(..) {
            to.push_back(Input { seq: Seq(0), received_at: self.received_at, event });
        }
    }
}
