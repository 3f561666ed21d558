//! Synthetic sessions as capture files: what `quoin generate` writes and `quoin backtest` runs by default.

use crate::source::Recording;
use net::capture::{Endpoint, Writer};
pub use sim::market::Kind;
use sim::market::{Config, Generator};
use std::io::{self, Write};
use std::sync::Arc;
use types::Nanos;

/// Where the packets say they come from: an address for documentation (RFC 5737).
const SENDER: Endpoint = Endpoint { ip: [192, 0, 2, 1], port: 10_000 };
/// The seed of the embedded session.
const EMBEDDED_SEED: u64 = 20_260_105;
/// Long enough for a thousand fills, short enough to be generated, surveyed and run in seconds.
const EMBEDDED_MINUTES: u32 = 30;

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
    let mut writer = Writer::new(to)?;
    let mut generator = Generator::new(config);
    let (mut packets, mut error) = (0, None);
    let mut steps: u32 = 0;
    loop {
        let step = generator.step(&mut |at, line, payload| {
            packets += 1;
            let to = line.destination();
            if error.is_none() {
                error = writer.datagram(at, SENDER, Endpoint { ip: to.ip, port: to.port }, payload).err();
            }
        });
        if let Some(error) = error {
            return Err(error);
        }
        let Some(step) = step else { return Ok(packets) };
        steps = steps.wrapping_add(1);
        if steps.trailing_zeros() >= 12 {
            tick((step.at - start).to_secs_f64() / duration.to_secs_f64());
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
