//! Venue times that cannot be: of tomorrow, of last week. Their events stand, for books are made of them; their times are
//! set aside, and no latency, no bar and no order of events is made of them.
//!
//! A time is held against the receive time: a message is received after it was sent, but for how far both clocks are
//! apart. Recordings with one clock only cannot show it. Never corrects a stamp: nobody knows the right one.

use types::{Event, Flags, Nanos};

/// So much later than the receive time allows is the future. Clocks that drift apart within a day do not reach it.
pub const AHEAD: Nanos = Nanos::from_secs(60);
/// So much earlier is the past. Late prints and what was delivered again after a break are of the same day.
pub const BEHIND: Nanos = Nanos::from_secs(86_400);
/// So many in a row that agree with one another and not with what was before: the recorder's clock has been set.
const AGREEING: u32 = 64;

/// Whether a time can be, `least` being what receive times are ahead of venue times for the fastest messages.
#[inline]
#[must_use]
pub fn can_be(venue_at: Nanos, received_at: Nanos, least: Nanos) -> bool {
    let apart = received_at.0.saturating_sub(venue_at.0).saturating_sub(least.0);
    (-AHEAD.0..=BEHIND.0).contains(&apart)
}

/// The time of an event that tells what happens: snapshots tell what was, bars and gaps of spans, and figures may be
/// of any day.
#[must_use]
pub fn happening(event: &Event) -> Option<Nanos> {
    match event {
        Event::Level(_)
        | Event::Order(_)
        | Event::Trade(_)
        | Event::TradeBust(_)
        | Event::QuoteRequest(_) => event.venue_at().filter(|_| !event.flags().has(Flags::SNAPSHOT)),
        Event::Status(_)
        | Event::Gap(_)
        | Event::Report(_)
        | Event::Timer(_)
        | Event::Operator(_)
        | Event::Statistic(_)
        | Event::Bar { .. }
        | Event::Cash(_)
        | Event::Session(_)
        | Event::DropCopy(_)
        | Event::Clock(_) => None,
    }
}

/// Judges the stamps of a recording that is read for the first time: how far its clocks are apart is learnt on the way.
#[derive(Clone, Copy, Debug, Default)]
pub struct Stamps {
    /// The least that receive times were ahead, of those that can be.
    least: Option<Nanos>,
    /// The least of those in a row that cannot, and how many.
    other: (Nanos, u32),
    set_aside: u64,
}

impl Stamps {
    /// Whether an event's time can be.
    #[inline]
    pub fn note(&mut self, received_at: Nanos, event: &Event) -> bool {
        let Some(venue_at) = happening(event) else { return true };
        let apart = Nanos(received_at.0.saturating_sub(venue_at.0));
        let least = *self.least.get_or_insert(apart);
        if can_be(venue_at, received_at, least) {
            self.least = Some(least.min(apart));
            self.other.1 = 0;
            return true;
        }
        self.set_aside += 1;
        self.disagree(venue_at, received_at, apart);
        false
    }

    /// One is a wrong stamp; many that agree are another clock.
    #[cold]
    fn disagree(&mut self, venue_at: Nanos, received_at: Nanos, apart: Nanos) {
        let (least, count) = self.other;
        self.other = match count {
            0 => (apart, 1),
            _ if can_be(venue_at, received_at, least) => (least.min(apart), count + 1),
            _ => (apart, 1),
        };
        if self.other.1 >= AGREEING {
            self.least = Some(self.other.0);
            self.other.1 = 0;
        }
    }

    /// How many could not be.
    #[must_use]
    pub const fn set_aside(&self) -> u64 {
        self.set_aside
    }
}
