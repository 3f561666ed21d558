//! Recordings as one stream of moments: merged by the venues' time, each with the time it reaches us.
//!
//! A venue's time never runs backwards here (a stamp before an earlier one is moved up to it), a message never
//! overtakes another on its way to us, and the changes of one packet arrive together. A stamp that cannot be
//! (`crate::stamps`) moves nothing: its event comes when its neighbours do.

use crate::clock_skew::ClockSkew;
use crate::config::MarketDataLatency;
use crate::routes::{DataWay, Ways};
use crate::source::{Source, SourceError};
use crate::stamps;
use crate::survey::FileSurvey;
use std::cmp::Reverse;
use types::{Arrival, Event, Flags, Nanos};
use venues::{Directory, Fault, Output};

/// A market event with its two times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// When it happens at the venue.
    pub venue_at: Nanos,
    /// When it reaches us.
    pub received_at: Nanos,
    /// Which way it takes.
    pub way: usize,
    /// What happens.
    pub event: Event,
}

/// When and how an event comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Passage {
    /// When it happens at the venue.
    pub venue_at: Nanos,
    /// When it reaches us.
    pub received_at: Nanos,
    /// Which way it takes.
    pub way: usize,
}

/// So many events before its turn an event is asked for from memory.
const AHEAD: usize = 32;

struct Track {
    /// Its number among the recordings.
    number: usize,
    /// Gone at its end, and its memory with it: a year is as large as the days that overlap.
    source: Option<Box<dyn Source>>,
    out: Output,
    next: usize,
    ended: bool,
    /// Venue time of the head, never falling.
    venue_at: Nanos,
    /// What recorded receive times are ahead of the venue's clock for the fastest messages.
    least: Least,
}

/// See [`Track::least`].
#[derive(Clone, Copy)]
enum Least {
    Always(Nanos),
    Drifting(ClockSkew),
}

impl Least {
    fn of(survey: &FileSurvey) -> Self {
        match survey.clock {
            Some(clock) => Self::Drifting(clock),
            None => Self::Always(survey.latency_least.unwrap_or_default()),
        }
    }

    #[inline]
    fn at(&self, received_at: Nanos) -> Nanos {
        match self {
            Self::Always(least) => *least,
            Self::Drifting(clock) => clock.least_at(received_at),
        }
    }
}

/// What is under way on one way.
struct Travel {
    by: DataWay,
    /// When the packet before arrived.
    received_at: Nanos,
}

/// All recordings of a run.
pub struct Feed {
    tracks: Vec<Track>,
    /// Those that are being read, in their order; now and then some that ended.
    active: Vec<usize>,
    /// Those that are not yet, and the earliest they may start.
    waiting: Vec<(Nanos, usize)>,
    directory: Directory,
    ways: Ways,
    /// By way.
    travel: Vec<Travel>,
    /// The track whose packet is being read, and the way that packet takes.
    current: usize,
    way: usize,
    packet_open: bool,
    /// Packets that the recorded clocks would have us see before they were sent.
    early: u64,
    /// Events whose times cannot be.
    set_aside: u64,
    faults: Vec<Fault>,
}

impl std::fmt::Debug for Feed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Feed").field("tracks", &self.tracks.len()).finish_non_exhaustive()
    }
}

impl Feed {
    /// Takes opened sources with what the survey found of each, and the run's fixed directory. A source that says when it
    /// starts is not read before.
    ///
    /// # Errors
    /// When a recording cannot be read.
    pub fn new(
        sources: Vec<(Box<dyn Source>, &FileSurvey)>,
        directory: Directory,
        ways: Ways,
        data: Vec<DataWay>,
    ) -> Result<Self, SourceError> {
        // The earliest last, and of equals the first.
        let mut waiting: Vec<(Nanos, usize)> = sources
            .iter()
            .enumerate()
            .filter_map(|(at, (source, _))| Some((source.starts_at()?, at)))
            .collect();
        waiting.sort_unstable_by_key(|&(starts_at, track)| Reverse((starts_at, track)));
        let tracks = sources.into_iter().enumerate().map(|(number, (source, survey))| Track {
            number,
            venue_at: Nanos::MIN,
            source: Some(source),
            out: Output::default(),
            next: 0,
            ended: false,
            least: Least::of(survey),
        });
        let mut feed = Self {
            tracks: tracks.collect(),
            active: Vec::new(),
            waiting,
            directory,
            ways,
            travel: data.into_iter().map(|by| Travel { by, received_at: Nanos::MIN }).collect(),
            current: 0,
            way: 0,
            packet_open: false,
            early: 0,
            set_aside: 0,
            faults: Vec::new(),
        };
        for (at, track) in feed.tracks.iter_mut().enumerate() {
            if feed.waiting.iter().all(|(_, waits)| *waits != at) {
                track.fill(&mut feed.directory, &mut feed.faults, &mut feed.set_aside)?;
                feed.active.push(at);
            }
        }
        feed.choose()?;
        Ok(feed)
    }

    /// When the next event happens at its venue; `None` at the end.
    #[inline]
    #[must_use]
    pub fn next_at(&self) -> Option<Nanos> {
        let track = self.tracks.get(self.current)?;
        (track.next < track.out.arrivals.len()).then_some(track.venue_at)
    }

    /// Takes the next packet, as far as it happens at one time, and gives its events with how they travel. By
    /// reference, and all at once: copying an event only to look at it costs more than looking, and what holds for
    /// all of them is asked once.
    ///
    /// # Errors
    /// When a recording cannot be read on.
    #[inline]
    pub fn take_packet(&mut self, give: impl FnOnce(&Passage, &[Arrival])) -> Result<(), SourceError> {
        self.open_packet();
        let Some(track) = self.tracks.get_mut(self.current) else { return Ok(()) };
        let (venue_at, way) = (track.venue_at, self.way);
        let passage = Passage { venue_at, received_at: self.travel[way].received_at, way };
        let waiting = track.out.arrivals.get(track.next..).unwrap_or_default();
        let mut taken = 0;
        for arrival in waiting {
            stdx::fetch::soon(waiting, taken + AHEAD);
            let (at, ends) = bounds(&arrival.event);
            // The first is of this time, whatever its stamp says.
            if taken > 0 && at.is_some_and(|at| at > venue_at) {
                break;
            }
            taken += 1;
            self.packet_open = !ends;
            if ends {
                break;
            }
        }
        give(&passage, &waiting[..taken]);
        track.next += taken;
        self.go_on()
    }

    /// Takes the next event.
    ///
    /// # Errors
    /// When a recording cannot be read on.
    #[inline]
    pub fn take(&mut self) -> Result<Option<Moment>, SourceError> {
        self.open_packet();
        let Some(track) = self.tracks.get_mut(self.current) else { return Ok(None) };
        let Some(&arrival) = track.out.arrivals.get(track.next) else { return Ok(None) };
        let venue_at = track.venue_at;
        self.packet_open = !ends_packet(&arrival.event);
        track.next += 1;
        let (way, received_at) = (self.way, self.travel[self.way].received_at);
        let moment = Moment { venue_at, received_at, way, event: arrival.event };
        self.go_on()?;
        Ok(Some(moment))
    }

    /// When the packet at the head reaches us, if it is a new one.
    #[inline]
    fn open_packet(&mut self) {
        if self.packet_open {
            return;
        }
        let Some(track) = self.tracks.get(self.current) else { return };
        let Some(arrival) = track.out.arrivals.get(track.next) else { return };
        self.way = self.ways.of(arrival.event.instrument());
        let travel = &mut self.travel[self.way];
        let due = match travel.by.mode {
            MarketDataLatency::Modelled => travel.by.link.arrival(track.venue_at),
            MarketDataLatency::Recorded => {
                let due = arrival.received_at - track.least.at(arrival.received_at);
                // Nothing is seen before it happened, whatever an estimate says; it is counted and reported.
                let sent = arrival.event.venue_at().filter(|at| *at <= track.venue_at).unwrap_or(due);
                self.early += u64::from(due < sent);
                due.max(sent) + travel.by.base
            }
        };
        travel.received_at = travel.received_at.max(due);
    }

    /// What is taken lies behind us: finds the new head.
    #[inline]
    fn go_on(&mut self) -> Result<(), SourceError> {
        let Some(track) = self.tracks.get_mut(self.current) else { return Ok(()) };
        if track.next < track.out.arrivals.len() {
            track.note_time(&mut self.set_aside);
        } else {
            track.fill(&mut self.directory, &mut self.faults, &mut self.set_aside)?;
        }
        // A packet is never interleaved with another's.
        if !self.packet_open || self.next_at().is_none() {
            self.choose()?;
        }
        Ok(())
    }

    /// The track with the earliest head; the present one wins a tie, then the first.
    fn choose(&mut self) -> Result<(), SourceError> {
        loop {
            let best = self.earliest();
            // One that may be as early is read first, and then has to win its turn like any other.
            match self.waiting.last() {
                Some(&(at, _)) if best.is_none_or(|(_, best_at)| at <= best_at) => self.admit()?,
                Some(_) | None => {
                    match best {
                        Some((track, _)) => self.current = track,
                        None => {
                            self.packet_open = false;
                            self.report_times();
                        }
                    }
                    return Ok(());
                }
            }
        }
    }

    /// Said once, at the end.
    fn report_times(&mut self) {
        let set_aside = std::mem::take(&mut self.set_aside);
        if set_aside > 0 {
            let what =
                format!("{set_aside} events bear times that cannot be; they come when their neighbours do");
            self.faults.push(Fault { offset: 0, skipped: 0, what });
        }
        let early = std::mem::take(&mut self.early);
        if early > 0 {
            let what = format!(
                "{early} packets lie below the clocks' estimate; they arrive without the recorded latency"
            );
            self.faults.push(Fault { offset: 0, skipped: 0, what });
        }
    }

    fn earliest(&self) -> Option<(usize, Nanos)> {
        let mut best = self.head(self.current).map(|at| (self.current, at));
        if self.active.len() > 1 || best.is_none() {
            for &track in &self.active {
                if let Some(at) = self.head(track)
                    && best.is_none_or(|(_, best_at)| at < best_at)
                {
                    best = Some((track, at));
                }
            }
        }
        best
    }

    #[inline]
    fn head(&self, track: usize) -> Option<Nanos> {
        let track = self.tracks.get(track)?;
        (track.next < track.out.arrivals.len()).then_some(track.venue_at)
    }

    /// Begins to read the earliest of those that wait; forgets those that ended.
    fn admit(&mut self) -> Result<(), SourceError> {
        let Some((_, track)) = self.waiting.pop() else { return Ok(()) };
        self.tracks[track].fill(&mut self.directory, &mut self.faults, &mut self.set_aside)?;
        let tracks = &self.tracks;
        self.active
            .retain(|track| tracks[*track].source.is_some() || !tracks[*track].out.arrivals.is_empty());
        let place = self.active.partition_point(|other| *other < track);
        self.active.insert(place, track);
        Ok(())
    }

    /// What could not be read so far.
    #[must_use]
    pub fn faults(&self) -> &[Fault] {
        &self.faults
    }
}

impl Track {
    fn fill(
        &mut self,
        directory: &mut Directory,
        faults: &mut Vec<Fault>,
        set_aside: &mut u64,
    ) -> Result<(), SourceError> {
        self.next = 0;
        self.out.clear();
        directory.turn_to(self.number);
        while self.out.arrivals.is_empty() && !self.ended {
            let Some(source) = &mut self.source else { break };
            self.ended = !source.read(directory, &mut self.out)?;
            faults.append(&mut self.out.faults);
        }
        if self.ended {
            self.source = None;
            if self.out.arrivals.is_empty() {
                self.out = Output::default();
            }
        }
        self.note_time(set_aside);
        Ok(())
    }

    fn note_time(&mut self, set_aside: &mut u64) {
        if let Some(arrival) = self.out.arrivals.get(self.next)
            && let Some(venue_at) = stamp(&arrival.event)
            && venue_at > self.venue_at
        {
            // Asked of large steps only: a small one does no harm.
            if (venue_at - self.venue_at).0 > stamps::AHEAD.0 && !self.can_be(arrival) {
                *set_aside += 1;
                return;
            }
            self.venue_at = venue_at;
        }
    }

    #[cold]
    fn can_be(&self, arrival: &Arrival) -> bool {
        let least = self.least.at(arrival.received_at);
        stamps::happening(&arrival.event)
            .is_none_or(|venue_at| stamps::can_be(venue_at, arrival.received_at, least))
    }
}

/// When it happened, and whether it ends its packet. Most events are changes of levels: asked first, they need no jump.
#[inline]
fn bounds(event: &Event) -> (Option<Nanos>, bool) {
    if let Event::Level(delta) = event {
        return (Some(delta.venue_at), delta.flags.has(Flags::LAST));
    }
    (event.venue_at(), ends_packet(event))
}

/// When it happened. Most events are changes of levels: asked first, they need no jump.
#[inline]
fn stamp(event: &Event) -> Option<Nanos> {
    if let Event::Level(delta) = event { Some(delta.venue_at) } else { event.venue_at() }
}

#[inline]
fn ends_packet(event: &Event) -> bool {
    match event {
        Event::Level(e) => e.flags.has(Flags::LAST),
        Event::Order(e) => e.flags.has(Flags::LAST),
        // What changes no book stands on its own unless changes follow; then they arrive just after.
        Event::Trade(_)
        | Event::Status(_)
        | Event::Gap(_)
        | Event::Report(_)
        | Event::Timer(_)
        | Event::Operator(_)
        | Event::Cash(_)
        | Event::Session(_)
        | Event::DropCopy(_)
        | Event::Clock(_)
        | Event::Statistic(_)
        | Event::QuoteRequest(_)
        | Event::TradeBust(_)
        | Event::Bar { .. } => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock_skew::Drift;
    use crate::config::Latency;
    use sim::latency::{Delay, Link};
    use stdx::Prng;
    use types::{Bar, InstrumentId, LevelAction, LevelDelta, Lots, Side, Ticks};

    /// A recording of level changes: venue time, receive time, and whether the packet ends.
    struct Scripted(Vec<(i64, i64, bool)>, u32);

    impl Source for Scripted {
        fn read(&mut self, _: &mut Directory, out: &mut Output) -> Result<bool, SourceError> {
            out.clear();
            // Two at a time: packets lie across batches.
            for (venue_at, received_at, last) in self.0.drain(..self.0.len().min(2)) {
                let delta = LevelDelta {
                    venue_at: Nanos(venue_at),
                    price: Ticks(1),
                    size: Lots(1),
                    orders: 1,
                    instrument: InstrumentId(self.1),
                    side: Side::Buy,
                    action: LevelAction::Set,
                    depth: 0,
                    flags: if last { Flags::LAST } else { Flags::NONE },
                };
                out.push(Nanos(received_at), Event::Level(delta));
            }
            Ok(!self.0.is_empty())
        }
        fn format(&self) -> &'static str {
            "script"
        }
        fn counts(&self) -> Vec<(String, u64)> {
            Vec::new()
        }
    }

    /// A feed on one way, recorded latency on top of 5.
    fn feed(sources: Vec<(Box<dyn Source>, &FileSurvey)>, mode: MarketDataLatency, delay: Delay) -> Feed {
        let way = DataWay { mode, base: Nanos(5), link: Link::new(delay, Prng::new(1)) };
        let ways = Ways::new(&Latency::default(), &[]);
        Feed::new(sources, Directory::survey(), ways, vec![way]).expect("scripts read")
    }

    /// Plays scripts; gives recording, venue time and receive time of each event.
    fn play(scripts: &[&[(i64, i64, bool)]], mode: MarketDataLatency, delay: Delay) -> Vec<(u32, i64, i64)> {
        let surveys: Vec<FileSurvey> = scripts
            .iter()
            .map(|script| FileSurvey {
                latency_least: script.iter().map(|(venue, received, _)| Nanos(received - venue)).min(),
                ..FileSurvey::default()
            })
            .collect();
        let sources = scripts.iter().zip(0..).zip(&surveys).map(|((script, track), survey)| {
            let source: Box<dyn Source> = Box::new(Scripted(script.to_vec(), track));
            (source, survey)
        });
        let mut feed = feed(sources.collect(), mode, delay);
        let mut played = Vec::new();
        while let Some(moment) = feed.take().expect("scripts read") {
            let track = moment.event.instrument().expect("levels have one").0;
            played.push((track, moment.venue_at.0, moment.received_at.0));
        }
        played
    }

    #[test]
    fn recordings_are_merged_by_venue_time_and_packets_stay_whole() {
        let first: &[_] = &[(10, 0, false), (10, 0, true), (30, 0, false), (30, 0, false), (31, 0, true)];
        let second: &[_] = &[(10, 0, true), (20, 0, false), (30, 0, true), (40, 0, true)];
        let played = play(&[first, second], MarketDataLatency::Modelled, Delay::fixed(5));
        let order: Vec<_> = played.iter().map(|(track, venue_at, _)| (*track, *venue_at)).collect();
        let expected = [(0, 10), (0, 10), (1, 10), (1, 20), (1, 30), (0, 30), (0, 30), (0, 31), (1, 40)];
        assert_eq!(order, expected);
        // A packet arrives at once, when its first change would.
        assert_eq!(
            played.iter().map(|(.., at)| *at).collect::<Vec<_>>(),
            [15, 15, 15, 25, 25, 35, 35, 35, 45]
        );
    }

    #[test]
    fn a_bar_arrives_when_its_span_is_over_and_not_when_it_starts() {
        struct Bars(bool);
        impl Source for Bars {
            fn read(&mut self, _: &mut Directory, out: &mut Output) -> Result<bool, SourceError> {
                out.clear();
                let prices = [Ticks(5), Ticks(9), Ticks(4), Ticks(6)];
                let start = Nanos(120_000_000_000);
                let bar = Bar::new(start, InstrumentId(0), prices, Lots(1)).expect("a bar");
                out.push(start, Event::Bar { seconds: 60, bar });
                Ok(!std::mem::replace(&mut self.0, true))
            }
            fn format(&self) -> &'static str {
                "bars"
            }
            fn counts(&self) -> Vec<(String, u64)> {
                Vec::new()
            }
        }
        let survey = FileSurvey::default();
        let source: Box<dyn Source> = Box::new(Bars(true));
        let mut feed = feed(vec![(source, &survey)], MarketDataLatency::Modelled, Delay::fixed(5));
        let moment = feed.take().expect("scripts read").expect("a bar");
        assert_eq!((moment.venue_at, moment.received_at), (Nanos(180_000_000_000), Nanos(180_000_000_005)));
    }

    #[test]
    fn a_venue_s_clock_never_runs_backwards_here() {
        let played = play(
            &[&[(10, 0, true), (7, 0, true), (12, 0, true)]],
            MarketDataLatency::Modelled,
            Delay::fixed(0),
        );
        assert_eq!(played, [(0, 10, 10), (0, 10, 10), (0, 12, 12)]);
    }

    #[test]
    fn recorded_latency_is_what_lies_above_the_least() {
        // The recorder's clock is 1,000 behind: least -990, so the others took 3 and 20 more, and 5 are added.
        let script: &[_] = &[(1_000, 10, true), (2_000, 1_013, true), (3_000, 2_030, true)];
        let played = play(&[script], MarketDataLatency::Recorded, Delay::fixed(0));
        assert_eq!(played, [(0, 1_000, 1_005), (0, 2_000, 2_008), (0, 3_000, 3_025)]);
    }

    #[test]
    fn recorded_latency_follows_a_drifting_clock_and_never_precedes_the_venue() {
        // 100 parts in a million slow: 1 ms every 10 s. The third message lies 5 below the line.
        let script: &[_] =
            &[(0, 0, true), (10_000_000_000, 9_999_000_007, true), (20_000_000_000, 19_997_999_995, true)];
        let drift = Some(Drift { ppm: -100.0, error_ppm: 1.0 });
        let clock = ClockSkew { at: Nanos(0), offset: Nanos(0), offset_error: None, drift, implausible: 0 };
        let survey = FileSurvey { clock: Some(clock), ..FileSurvey::default() };
        let source: Box<dyn Source> = Box::new(Scripted(script.to_vec(), 0));
        let mut feed = feed(vec![(source, &survey)], MarketDataLatency::Recorded, Delay::fixed(0));
        let mut late = Vec::new();
        while let Some(moment) = feed.take().expect("scripts read") {
            late.push((moment.received_at - moment.venue_at).0);
        }
        // The rate is by the recorder's clock, so a ten-thousandth of a ten-thousandth of 10 s is left: 100 ns.
        assert_eq!(late, [5, 5 + 7 - 100, 5].map(|late: i64| late.max(5)));
        let whats: Vec<&str> = feed.faults().iter().map(|fault| fault.what.as_str()).collect();
        assert_eq!(
            whats,
            ["2 packets lie below the clocks' estimate; they arrive without the recorded latency"]
        );
    }

    #[test]
    fn no_message_overtakes_another() {
        let script: Vec<_> = (0..500).map(|at| (at, 0, true)).collect();
        let shape = sim::latency::Shape::Exponential;
        let jitter = Delay { base_ns: 10, jitter_ns: 1_000, shape, floor_ns: 0 };
        let played = play(&[&script], MarketDataLatency::Modelled, jitter);
        assert!(played.windows(2).all(|pair| pair[0].2 <= pair[1].2));
        assert!(played.iter().all(|(_, venue_at, received_at)| *received_at >= venue_at + 10));
    }
}
