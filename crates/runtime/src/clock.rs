//! The edge's clock: what inputs are stamped by. Set once by the clock on the wall, then driven by one that only goes
//! forward.
//!
//! Never goes back, never jumps, and never decides the order of anything: events are numbered as they come. The wall is
//! watched, and what it does is told ([`types::Clock`], for the journal) and mostly not followed, for nobody here can
//! say which of two clocks is right:
//!
//! | the wall | ours | told |
//! |---|---|---|
//! | drifts | goes on as it did | when 100 µs, 1 ms and 50 ms apart, and when back |
//! | jumps by 1.5 s or less: a leap second, a correction | is slowed or hurried by 500 parts in a million until both agree: 33 min 20 s for a second | the same |
//! | jumps by more | goes on as it did, until the wall has jumped back or the process starts anew | at once, as [`ClockState::Stepped`] |
//!
//! The thresholds are those of RTS 25 for high frequency and other algorithmic trading, and of the Consolidated Audit
//! Trail. A level is left when the divergence is below half of what raised it: no alarm flutters.
//!
//! Cost of a look: two calls that enter no kernel, some 60 ns; of a stamp between looks, some additions.

use std::time::{Instant, SystemTime, UNIX_EPOCH};
use types::{Clock, ClockState, Nanos};

/// Divergences that are told: microseconds, a millisecond, fifty.
pub const ALARMS: [Nanos; 3] = [Nanos(100_000), Nanos::from_millis(1), Nanos::from_millis(50)];
/// The largest jump that is smeared: a leap second, and what a time daemon steps besides.
pub const SMEARED_MAX: Nanos = Nanos::from_millis(1_500);
/// How much slower or faster our clock runs while it smears, in parts in a million: as much as NTP slews by.
pub const SMEAR_PPM: i64 = 500;
/// Two readings are not taken at one moment. What is less than this between two looks is no jump.
const READING_ERROR: i64 = 50_000;

/// Both clocks of the machine, read together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    /// Of the clock that only goes forward, from any moment on.
    pub monotonic: Nanos,
    /// Of the one on the wall: UTC since 1970.
    pub wall: Nanos,
}

/// The machine's clocks.
#[derive(Clone, Copy, Debug)]
pub struct Machine {
    started: Instant,
}

impl Default for Machine {
    fn default() -> Self {
        Self { started: Instant::now() }
    }
}

impl Machine {
    /// Reads both. Between two readings of the one clock the other is read; a pair between which the process was put
    /// aside is read again.
    #[must_use]
    pub fn read(&self) -> Reading {
        const TRIES: usize = 4;
        let mut best: Option<(i64, Reading)> = None;
        for _ in 0..TRIES {
            let before = nanos(self.started.elapsed().as_nanos());
            let wall = nanos(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos());
            let after = nanos(self.started.elapsed().as_nanos());
            let span = (after - before).0;
            let reading = Reading { monotonic: before + Nanos(span / 2), wall };
            if best.is_none_or(|(least, _)| span < least) {
                best = Some((span, reading));
            }
            if span < READING_ERROR / 4 {
                break;
            }
        }
        best.expect("read once at least").1
    }
}

fn nanos(count: u128) -> Nanos {
    Nanos(i64::try_from(count).unwrap_or(i64::MAX))
}

/// The clock; see the module.
#[derive(Clone, Copy, Debug)]
pub struct EdgeClock {
    last: Reading,
    /// Ours at the last look.
    now: Nanos,
    /// What the wall jumped by and we have yet to follow, by smearing.
    smearing: i64,
    /// What it jumped by and we do not follow.
    held: i64,
    /// How many of the alarms' thresholds it is beyond.
    level: usize,
    told: ClockState,
    counts: ClockCounts,
}

/// What the wall did since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ClockCounts {
    /// Jumps that were smeared.
    pub smeared: u64,
    /// Jumps that were not followed.
    pub stepped: u64,
    /// Alarms that were told.
    pub told: u64,
    /// The largest divergence, whatever its sign.
    pub worst: Nanos,
}

impl EdgeClock {
    /// Set by the wall.
    #[must_use]
    pub fn start(reading: Reading) -> Self {
        Self::start_after(reading, Nanos::MIN)
    }

    /// Set by the wall, or by the last stamp of the journal that goes on where that is later: a restart goes back no
    /// more than anything else.
    #[must_use]
    pub fn start_after(reading: Reading, last_stamp: Nanos) -> Self {
        let mut clock = Self {
            last: reading,
            now: reading.wall,
            smearing: 0,
            held: 0,
            level: 0,
            told: ClockState::Good,
            counts: ClockCounts::default(),
        };
        if last_stamp > reading.wall {
            clock.now = last_stamp;
            clock.jumped((reading.wall - last_stamp).0);
        }
        clock
    }

    /// Our time, at a reading of the clock that only goes forward.
    #[inline]
    #[must_use]
    pub fn at(&self, monotonic: Nanos) -> Nanos {
        let elapsed = (monotonic - self.last.monotonic).0.max(0);
        Nanos(self.now.0.saturating_add(elapsed).saturating_add(self.smear_of(elapsed)))
    }

    /// Looks at the wall; answers what is to be told, if anything.
    #[inline]
    pub fn look(&mut self, reading: Reading) -> Option<Clock> {
        let elapsed = (reading.monotonic - self.last.monotonic).0.max(0);
        let apart = (reading.wall - self.last.wall).0.saturating_sub(elapsed);
        let smeared = self.smear_of(elapsed);
        self.now = Nanos(self.now.0.saturating_add(elapsed).saturating_add(smeared));
        self.smearing -= smeared;
        self.last = reading;
        let jumped = apart.abs() > READING_ERROR.saturating_add(elapsed / 1_000_000 * SMEAR_PPM);
        let held_before = self.held;
        if jumped {
            self.jumped(apart);
        }
        self.tell(held_before)
    }

    /// A jump of the wall: followed slowly, or not at all. What is left of two that cancel out is followed.
    fn jumped(&mut self, by: i64) {
        let held = self.held.saturating_add(by);
        if self.held == 0 && by.abs() <= SMEARED_MAX.0 {
            self.smearing = self.smearing.saturating_add(by);
            self.counts.smeared += 1;
        } else if held.abs() <= SMEARED_MAX.0 {
            self.smearing = self.smearing.saturating_add(held);
            self.held = 0;
            self.counts.stepped += 1;
        } else {
            self.held = held;
            self.counts.stepped += 1;
        }
    }

    #[inline]
    fn tell(&mut self, held_before: i64) -> Option<Clock> {
        let divergence = self.divergence();
        let size = divergence.0.saturating_abs();
        self.counts.worst = self.counts.worst.max(Nanos(size));
        let raised = ALARMS.iter().filter(|alarm| size >= alarm.0).count();
        // Up at once; down when well below.
        let kept = ALARMS[..self.level].iter().filter(|alarm| size >= alarm.0 / 2).count();
        let level = raised.max(kept);
        let state = match (self.held, level) {
            (0, 0) => ClockState::Good,
            (0, _) => ClockState::Divergent,
            (_, _) => ClockState::Stepped,
        };
        let is_news = level != self.level || state != self.told || self.held != held_before;
        (self.level, self.told) = (level, state);
        is_news.then(|| {
            self.counts.told += 1;
            Clock { wall_at: self.last.wall, divergence, state }
        })
    }

    /// How far the wall was ahead of us at the last look.
    #[must_use]
    pub fn divergence(&self) -> Nanos {
        Nanos(self.last.wall.0.saturating_sub(self.now.0))
    }

    /// What to think of it.
    #[must_use]
    pub const fn state(&self) -> ClockState {
        self.told
    }

    /// What the wall did so far.
    #[must_use]
    pub const fn counts(&self) -> ClockCounts {
        self.counts
    }

    /// Whether stamps of the wall's clock may be taken as they are: it has not jumped, or we have followed.
    #[inline]
    #[must_use]
    pub const fn is_on_the_wall(&self) -> bool {
        self.held == 0 && self.smearing == 0
    }

    /// Our time of what the wall's clock stamped a little before the last look: the kernel's receive times.
    ///
    /// A stamp from before a jump that was seen since needs none of the correction that one from behind it needs; which
    /// of the two it is shows in how old it would be.
    #[must_use]
    pub fn of_wall(&self, stamp: Nanos) -> Nanos {
        if self.is_on_the_wall() {
            return stamp;
        }
        let corrected = Nanos(stamp.0.saturating_sub(self.held.saturating_add(self.smearing)));
        let age = |at: Nanos| (self.now.0.saturating_sub(at.0)).saturating_abs();
        if age(corrected) <= age(stamp) { corrected } else { stamp }
    }

    /// How much of the smear falls into so much time.
    #[inline]
    fn smear_of(&self, elapsed: i64) -> i64 {
        if self.smearing == 0 {
            return 0;
        }
        let most = i64::try_from(i128::from(elapsed) * i128::from(SMEAR_PPM) / 1_000_000).unwrap_or(i64::MAX);
        self.smearing.clamp(-most, most)
    }
}
