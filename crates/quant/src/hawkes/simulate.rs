//! A day drawn from the process, by thinning (Ogata 1981): between events every rate only falls, and the time of day's
//! factor is constant, so that the rate now bounds what is to come until the next step.

use super::{Event, Excitement, Hawkes, Steps};
use stdx::Prng;

impl Hawkes {
    /// The events of `[0, horizon]`, but no more than `events_max`: a process whose branching ratio is one or more need
    /// not end.
    #[must_use]
    pub fn simulate(&self, horizon: f64, profile: &Steps, events_max: usize, prng: &mut Prng) -> Vec<Event> {
        let (mut events, mut excitement, mut now) = (Vec::new(), Excitement::new(self), 0.0);
        while events.len() < events_max {
            let (factor, until) = profile.at(now);
            let bound: f64 = (0..self.kinds()).map(|kind| self.intensity(kind, &excitement, factor)).sum();
            let next = now + prng.exponential() / bound;
            if next.min(until) > horizon {
                break;
            }
            if next > until {
                now = until;
                excitement.fade(self, now);
                continue;
            }
            now = next;
            excitement.fade(self, now);
            let mut rest = prng.unit() * bound;
            for kind in 0..self.kinds() {
                rest -= self.intensity(kind, &excitement, factor);
                if rest < 0.0 {
                    events.push(Event { at: now, kind });
                    excitement.add(self, kind);
                    break;
                }
            }
        }
        events
    }
}
