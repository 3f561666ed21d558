//! The recording's clock: receive times go forward by what passed, whatever the clock on the wall does meanwhile.
//!
//! The kernel stamps packets by the wall's clock. While that does not jump its stamps are kept as they are; behind a jump
//! they are brought to our clock, and the jump is told. A network card's stamps are of a scale of its own: kept.

use net::multicast::{Batch, Stamp};
use reports::number;
use runtime::clock::{ClockCounts, EdgeClock, Machine};
use types::{ClockState, Nanos};

pub(crate) struct Clock {
    machine: Machine,
    edge: EdgeClock,
}

impl Clock {
    pub(crate) fn start() -> Self {
        let machine = Machine::default();
        Self { machine, edge: EdgeClock::start(machine.read()) }
    }

    /// What it is now by the recording's clock.
    pub(crate) fn now(&self) -> Nanos {
        self.edge.at(self.machine.read().monotonic)
    }

    /// Looks at the wall, and brings the batch's times to our clock. Answers what people should hear.
    pub(crate) fn stamp(&mut self, batch: &mut Batch) -> Option<String> {
        let alarm = self.edge.look(self.machine.read());
        if !self.edge.is_on_the_wall() {
            let edge = &self.edge;
            batch.restamp(|stamp, at| match stamp {
                Stamp::Hardware => at,
                Stamp::Kernel | Stamp::Return => edge.of_wall(at),
            });
        }
        alarm.map(|alarm| said(&alarm))
    }

    pub(crate) const fn counts(&self) -> ClockCounts {
        self.edge.counts()
    }

    pub(crate) const fn state(&self) -> &'static str {
        name(self.edge.state())
    }
}

const fn name(state: ClockState) -> &'static str {
    match state {
        ClockState::Good => "good",
        ClockState::Divergent => "divergent",
        ClockState::Stepped => "stepped",
    }
}

fn said(alarm: &types::Clock) -> String {
    let apart = number::span(Nanos(alarm.divergence.0.saturating_abs()));
    let side = if alarm.divergence < Nanos(0) { "behind" } else { "ahead of" };
    match alarm.state {
        ClockState::Good => "The system's clock agrees with the recording's again.".into(),
        ClockState::Divergent => {
            format!("The system's clock is {apart} {side} the recording's: is it synchronised?")
        }
        ClockState::Stepped => format!(
            "The system's clock stepped: it is {apart} {side} the recording's, which goes on as it was. Receive times \
             stay on one scale; start a new recording to take up the new one."
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_names_the_side_and_the_remedy() {
        let alarm = |seconds: i64, state| {
            said(&types::Clock { wall_at: Nanos(0), divergence: Nanos::from_secs(seconds), state })
        };
        assert!(alarm(3_600, ClockState::Stepped).contains("ahead of"));
        assert!(alarm(-1, ClockState::Divergent).contains("behind the recording's"));
        assert!(alarm(0, ClockState::Good).contains("again"));
    }
}
