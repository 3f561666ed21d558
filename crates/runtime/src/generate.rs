//! Synthetic sessions as capture files: what `quoin generate` writes and `quoin backtest` runs by default.
//!
//! A session with losses carries the venue's remedy, too: snapshots of levels and of orders, round and round on lines
//! of their own, so that books that went stale recover as they do in production. One without needs none.

use crate::source::Recording;
use net::capture::{Endpoint, Writer};
pub use sim::market::Kind;
use sim::market::{Config, Generator, Line, destination};
use std::io::{self, Write};
use std::sync::Arc;
use stdx::Prng;
use types::Nanos;
use venues::cme::{self, Role};

/// Where the packets say they come from: an address for documentation (RFC 5737).
const SENDER: Endpoint = Endpoint { ip: [192, 0, 2, 1], port: 10_000 };
/// The seed of the embedded session.
const EMBEDDED_SEED: u64 = 20_260_105;
/// Long enough for a thousand fills, short enough to be generated, surveyed and run in seconds.
const EMBEDDED_MINUTES: u32 = 30;
/// How often the snapshots go round: a book that lost a packet is stale for half of it, on average.
const LOOP_EVERY: Nanos = Nanos::from_secs(2);
/// From the venue to us, by line, and from one packet of a loop to the next.
const LOOP_ARRIVES: [Nanos; 2] = [Nanos(30_000), Nanos(36_000)];
const LOOP_SPACING: Nanos = Nanos(2_000);

/// A session of the default two futures.
#[must_use]
pub fn session(kind: Kind, seed: u64, minutes: u32, loss_ppm: u32) -> Config {
    Config {
        kind,
        seed,
        duration: Nanos::from_secs(60 * i64::from(minutes)),
        loss: f64::from(loss_ppm) / 1e6,
        ..Config::default()
    }
}

/// Writes a session as a capture; answers how many packets it is. `tick` hears the share that is done.
///
/// # Errors
/// When `to` cannot be written.
pub fn write_session(config: Config, to: &mut dyn Write, mut tick: impl FnMut(f64)) -> io::Result<u64> {
    let (start, duration) = (config.starts_at, config.duration);
    let mut tape = Tape { writer: Writer::new(to)?, packets: 0, error: None };
    let mut loops = (config.loss > 0.0).then(|| Loops::new(&config));
    let mut generator = Generator::new(config);
    let mut steps: u32 = 0;
    loop {
        let step = generator.step(&mut |at, line, payload| {
            if let Some(loops) = &mut loops {
                loops.before(at, &mut tape);
            }
            tape.write(at, line.destination(), payload);
        });
        if let (Some(loops), Some(step)) = (&mut loops, step) {
            loops.go_round(step.at, &generator);
        }
        if step.is_none()
            && let Some(loops) = &mut loops
        {
            loops.before(Nanos::MAX, &mut tape);
        }
        if let Some(error) = tape.error {
            return Err(error);
        }
        let Some(step) = step else { return Ok(tape.packets) };
        steps = steps.wrapping_add(1);
        if steps.trailing_zeros() >= 12 {
            tick((step.at - start).to_secs_f64() / duration.to_secs_f64());
        }
    }
}

/// The capture, and what went wrong with it first.
struct Tape<W: Write> {
    writer: Writer<W>,
    packets: u64,
    error: Option<io::Error>,
}

impl<W: Write> Tape<W> {
    fn write(&mut self, at: Nanos, line: cme::Line, payload: &[u8]) {
        self.packets += 1;
        if self.error.is_none() {
            self.error =
                self.writer.datagram(at, SENDER, Endpoint { ip: line.ip, port: line.port }, payload).err();
        }
    }
}

/// The feeds that are sent round and round. Lines A and B lose their packets, too.
struct Loops {
    next_at: Nanos,
    loss: f64,
    prng: Prng,
    /// In the order of their times.
    underway: Vec<(Nanos, cme::Line, Vec<u8>)>,
}

impl Loops {
    fn new(config: &Config) -> Self {
        Self {
            next_at: config.starts_at + LOOP_EVERY,
            loss: config.loss,
            prng: Prng::new(config.seed).fork("loops"),
            underway: Vec::new(),
        }
    }

    /// Between two events of the market: what stands goes out, if it is time.
    fn go_round(&mut self, at: Nanos, generator: &Generator) {
        if at < self.next_at {
            return;
        }
        self.next_at = at + LOOP_EVERY;
        let mut sent_at = at;
        let mut send = |role: Role, bytes: &[u8]| {
            for (line, arrives) in [Line::A, Line::B].into_iter().zip(LOOP_ARRIVES) {
                if !self.prng.chance(self.loss) {
                    self.underway.push((sent_at + arrives, destination(role, line), bytes.to_vec()));
                }
            }
            sent_at = sent_at + LOOP_SPACING;
        };
        generator.snapshots(at, &mut send);
        generator.order_snapshots(at, &mut send);
        self.underway.sort_by_key(|(at, ..)| *at);
    }

    /// What arrives before `at`, so that the capture has one order of time.
    fn before<W: Write>(&mut self, at: Nanos, tape: &mut Tape<W>) {
        if self.underway.first().is_some_and(|(first, ..)| *first < at) {
            let due = self.underway.partition_point(|(arrives, ..)| *arrives < at);
            for (arrives, line, bytes) in self.underway.drain(..due) {
                tape.write(arrives, line, &bytes);
            }
        }
    }
}

/// The embedded session, in memory.
#[must_use]
pub fn embedded(tick: impl FnMut(f64)) -> Recording {
    let config = session(Kind::QueueReactive, EMBEDDED_SEED, EMBEDDED_MINUTES, 0);
    let mut bytes = Vec::with_capacity(256 << 20);
    write_session(config, &mut bytes, tick).expect("memory takes what it is given");
    let name = format!("embedded session (seed {EMBEDDED_SEED}, {EMBEDDED_MINUTES} minutes)");
    Recording::Memory { name, bytes: Arc::from(bytes) }
}
