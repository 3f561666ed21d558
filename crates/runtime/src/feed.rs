//! Recordings as one stream of moments: merged by the venues' time, each with the time it reaches us.
//!
//! A venue's time never runs backwards here (a stamp before an earlier one is moved up to it), a message never
//! overtakes another on its way to us, and the changes of one packet arrive together.

use crate::config::{Latency, MarketDataLatency};
use crate::source::{Source, SourceError};
use crate::survey::FileSurvey;
use sim::latency::Link;
use types::{Event, Flags, Nanos};
use venues::{Directory, Fault, Output};

/// A market event with its two times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// When it happens at the venue.
    pub venue_at: Nanos,
    /// When it reaches us.
    pub received_at: Nanos,
    /// What happens.
    pub event: Event,
}

struct Track {
    source: Box<dyn Source>,
    directory: Directory,
    out: Output,
    next: usize,
    ended: bool,
    /// Venue time of the head, never falling.
    venue_at: Nanos,
    /// Subtracted from recorded receive times.
    latency_least: Nanos,
}

/// All recordings of a run.
pub struct Feed {
    tracks: Vec<Track>,
    mode: MarketDataLatency,
    base: Nanos,
    link: Link,
    /// The track whose packet is being read.
    current: usize,
    packet_open: bool,
    received_at: Nanos,
    faults: Vec<Fault>,
}

impl std::fmt::Debug for Feed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Feed").field("tracks", &self.tracks.len()).finish_non_exhaustive()
    }
}

impl Feed {
    /// Takes opened sources with what the survey found of each; `directory` makes the run's fixed directory.
    ///
    /// # Errors
    /// When a recording cannot be read.
    pub fn new(
        sources: Vec<(Box<dyn Source>, &FileSurvey)>,
        directory: impl Fn() -> Directory,
        latency: &Latency,
        link: Link,
    ) -> Result<Self, SourceError> {
        let tracks = sources.into_iter().map(|(source, survey)| Track {
            source,
            directory: directory(),
            out: Output::default(),
            next: 0,
            ended: false,
            venue_at: Nanos::MIN,
            latency_least: survey.latency_least.unwrap_or_default(),
        });
        let mut feed = Self {
            tracks: tracks.collect(),
            mode: latency.market_data,
            base: Nanos(i64::try_from(latency.market_data_ns).unwrap_or(i64::MAX)),
            link,
            current: 0,
            packet_open: false,
            received_at: Nanos::MIN,
            faults: Vec::new(),
        };
        for track in &mut feed.tracks {
            track.fill(&mut feed.faults)?;
        }
        feed.choose();
        Ok(feed)
    }

    /// When the next event happens at its venue; `None` at the end.
    #[inline]
    #[must_use]
    pub fn next_at(&self) -> Option<Nanos> {
        let track = self.tracks.get(self.current)?;
        (track.next < track.out.arrivals.len()).then_some(track.venue_at)
    }

    /// Takes the next event.
    ///
    /// # Errors
    /// When a recording cannot be read on.
    #[inline]
    pub fn take(&mut self) -> Result<Option<Moment>, SourceError> {
        let Some(track) = self.tracks.get_mut(self.current) else { return Ok(None) };
        let Some(&arrival) = track.out.arrivals.get(track.next) else { return Ok(None) };
        let venue_at = track.venue_at;
        if !self.packet_open {
            let due = match self.mode {
                MarketDataLatency::Modelled => self.link.arrival(venue_at),
                MarketDataLatency::Recorded => arrival.received_at - track.latency_least + self.base,
            };
            self.received_at = self.received_at.max(due);
        }
        self.packet_open = !ends_packet(&arrival.event);
        track.next += 1;
        if track.next < track.out.arrivals.len() {
            track.note_time();
        } else {
            track.fill(&mut self.faults)?;
        }
        // A packet is never interleaved with another's.
        if !self.packet_open || self.next_at().is_none() {
            self.choose();
        }
        Ok(Some(Moment { venue_at, received_at: self.received_at, event: arrival.event }))
    }

    /// The track with the earliest head; the present one wins a tie, then the first.
    fn choose(&mut self) {
        let head = |track: &Track| (track.next < track.out.arrivals.len()).then_some(track.venue_at);
        let mut best = self.current;
        let mut best_at = self.tracks.get(best).and_then(head);
        if self.tracks.len() > 1 || best_at.is_none() {
            for (index, track) in self.tracks.iter().enumerate() {
                if let Some(at) = head(track)
                    && best_at.is_none_or(|best_at| at < best_at)
                {
                    (best, best_at) = (index, Some(at));
                }
            }
        }
        self.current = best;
        if best_at.is_none() {
            self.packet_open = false;
        }
    }

    /// What could not be read so far.
    #[must_use]
    pub fn faults(&self) -> &[Fault] {
        &self.faults
    }
}

impl Track {
    fn fill(&mut self, faults: &mut Vec<Fault>) -> Result<(), SourceError> {
        self.next = 0;
        self.out.clear();
        while self.out.arrivals.is_empty() && !self.ended {
            self.ended = !self.source.read(&mut self.directory, &mut self.out)?;
            faults.append(&mut self.out.faults);
        }
        self.note_time();
        Ok(())
    }

    fn note_time(&mut self) {
        if let Some(arrival) = self.out.arrivals.get(self.next)
            && let Some(venue_at) = arrival.event.venue_at()
        {
            self.venue_at = self.venue_at.max(venue_at);
        }
    }
}

fn ends_packet(event: &Event) -> bool {
    match event {
        Event::Level(e) => e.flags.has(Flags::LAST),
        Event::Order(e) => e.flags.has(Flags::LAST),
        // A trade, a status or a gap stands on its own unless changes follow; then they arrive just after.
        Event::Trade(_)
        | Event::Status(_)
        | Event::Gap(_)
        | Event::Report(_)
        | Event::Timer(_)
        | Event::Operator(_) => true,
    }
}
