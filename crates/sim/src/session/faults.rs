//! What can go wrong in a session, and how often: numbers only.
//!
//! A [`Fault`] happens at a moment, to the session as a whole; a share says how often something happens to one message.
//! [`Faults::drawn`] gives each seed a mix of its own, out of the ranges of the fault catalogue.

use crate::Delay;
use stdx::Prng;
use types::{InstrumentId, Nanos, Ticks};

const MS: i64 = 1_000_000;

/// Whether the venue cancels our orders when the session breaks, and whether it says the truth about that.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CancelOnDisconnect {
    /// It does not, and says so.
    #[default]
    Off,
    /// It says that it does, and does (V-06).
    Executed,
    /// It says that it does, and does not (V-07).
    Promised,
}

/// How many messages the venue takes: so many a second, and as many at once as `burst`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Throttle {
    /// In the long run.
    pub per_second: u32,
    /// At once.
    pub burst: u32,
}

/// What is wrong with the drop copy.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Copies {
    /// The share of copies that never come.
    pub lost: f64,
    /// The share that comes late.
    pub late: f64,
    /// By how much, at most.
    pub late_by: Nanos,
    /// The share of fills copied with another price.
    pub wrong: f64,
}

/// Something that happens to the session at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The line breaks, and both ends know; it is back after so long.
    Disconnect(Nanos),
    /// The session is ended in order, and begun anew after so long.
    LogOut(Nanos),
    /// Nothing passes from now on, and we notice only when heartbeats have been missing for too long (V-09); it is back
    /// so long after that.
    Silence(Nanos),
    /// The venue restarts: the line breaks for so long, and of our orders a share is lost (V-12).
    Restart(Nanos),
    /// Trading in an instrument is halted for so long (V-11).
    Halt(InstrumentId, Nanos),
    /// Orders priced outside are refused from now on (V-16).
    Collar(InstrumentId, Ticks, Ticks),
    /// The last fill that stands is taken back (V-15).
    Bust,
}

/// How often each thing goes wrong; the default: never, and messages take a tenth of a millisecond.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Faults {
    /// How long a command takes to the venue.
    pub order_delay: Delay,
    /// How long an answer takes to us.
    pub answer_delay: Delay,
    /// How long a drop copy takes to us.
    pub copy_delay: Delay,
    /// How often in a minute the line breaks.
    pub disconnects: f64,
    /// How often in a minute it goes silent.
    pub silences: f64,
    /// How often in a minute the venue restarts.
    pub restarts: f64,
    /// How often in a minute an instrument is halted.
    pub halts: f64,
    /// How long each of these lasts, at most.
    pub down_max: Nanos,
    /// After how long without a word we hold the line for broken.
    pub heartbeat: Nanos,
    /// What the venue does with our orders when the line breaks.
    pub cancel_on_disconnect: CancelOnDisconnect,
    /// Whether it keeps for us what we missed, and sends it when the line is back.
    pub resends: bool,
    /// The share of commands underway that a breaking line loses; the others arrive.
    pub lost_underway: f64,
    /// The share of orders that a restart loses.
    pub lost_by_restart: f64,
    /// The share of answers that come twice (V-02).
    pub doubled: f64,
    /// The share of answers that are overtaken by those behind them: a fill comes before its acknowledgement (V-03).
    pub overtaken: f64,
    /// By how much, at most.
    pub overtaken_by: Nanos,
    /// The share of answers that are slow (V-17).
    pub slow: f64,
    /// How slow.
    pub slow_by: Nanos,
    /// The share of new orders and replaces refused for a reason that nobody knows (V-05).
    pub refused: f64,
    /// The share of answers followed by one that contradicts them.
    pub contradicted: f64,
    /// The share of fills that are taken back.
    pub busted: f64,
    /// How long after, at most.
    pub busted_after: Nanos,
    /// What the venue takes; `None`: whatever comes (V-10).
    pub throttle: Option<Throttle>,
    /// The drop copy; `None`: there is none (V-13).
    pub copies: Option<Copies>,
}

impl Default for Faults {
    fn default() -> Self {
        Self {
            order_delay: Delay::fixed(MS / 10),
            answer_delay: Delay::fixed(MS / 10),
            copy_delay: Delay::fixed(MS),
            disconnects: 0.0,
            silences: 0.0,
            restarts: 0.0,
            halts: 0.0,
            down_max: Nanos(5_000 * MS),
            heartbeat: Nanos(1_000 * MS),
            cancel_on_disconnect: CancelOnDisconnect::Off,
            resends: true,
            lost_underway: 0.5,
            lost_by_restart: 0.5,
            doubled: 0.0,
            overtaken: 0.0,
            overtaken_by: Nanos(5 * MS),
            slow: 0.0,
            slow_by: Nanos(5_000 * MS),
            refused: 0.0,
            contradicted: 0.0,
            busted: 0.0,
            busted_after: Nanos(10_000 * MS),
            throttle: None,
            copies: None,
        }
    }
}

impl Faults {
    /// A mix of a seed's own. Each kind of fault is there in about half of all mixes, so that they meet alone and
    /// together.
    #[must_use]
    pub fn drawn(prng: &mut Prng) -> Self {
        let mut rare = |most: f64| if prng.chance(0.5) { prng.unit() * most } else { 0.0 };
        let (disconnects, silences, restarts, halts) = (rare(6.0), rare(2.0), rare(2.0), rare(1.0));
        let (doubled, overtaken, slow) = (rare(0.5), rare(0.1), rare(0.01));
        let (refused, contradicted, busted) = (rare(0.02), rare(0.002), rare(0.02));
        let copies =
            Copies { lost: rare(0.02), late: rare(0.1), late_by: Nanos(3_000 * MS), wrong: rare(0.01) };
        let jitter = |prng: &mut Prng| Delay {
            base_ns: prng.between(0, 30 * MS),
            jitter_ns: prng.between(0, 70 * MS),
            ..Delay::default()
        };
        let throttled = prng.chance(0.3);
        let per_second = u32::try_from(prng.between(5, 200)).expect("small");
        Self {
            order_delay: jitter(prng),
            answer_delay: jitter(prng),
            copy_delay: jitter(prng),
            disconnects,
            silences,
            restarts,
            halts,
            down_max: Nanos(prng.between(1, 10_000) * MS),
            heartbeat: Nanos(prng.between(200, 3_000) * MS),
            cancel_on_disconnect: match prng.below(3) {
                0 => CancelOnDisconnect::Off,
                1 => CancelOnDisconnect::Executed,
                _ => CancelOnDisconnect::Promised,
            },
            resends: prng.chance(0.7),
            lost_underway: prng.unit(),
            lost_by_restart: prng.unit(),
            doubled,
            overtaken,
            overtaken_by: Nanos(prng.between(1, 100) * MS),
            slow,
            slow_by: Nanos(5_000 * MS),
            refused,
            contradicted,
            busted,
            busted_after: Nanos(prng.between(1, 30_000) * MS),
            throttle: throttled.then_some(Throttle { per_second, burst: per_second }),
            copies: prng.chance(0.7).then_some(copies),
        }
    }

    /// The same ways and lengths, and nothing goes wrong on them any more.
    #[must_use]
    pub fn calm(self) -> Self {
        Self {
            disconnects: 0.0,
            silences: 0.0,
            restarts: 0.0,
            halts: 0.0,
            doubled: 0.0,
            overtaken: 0.0,
            slow: 0.0,
            refused: 0.0,
            contradicted: 0.0,
            busted: 0.0,
            throttle: None,
            copies: self.copies.map(|_| Copies::default()),
            ..self
        }
    }
}
