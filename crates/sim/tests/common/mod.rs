//! What the tests of generated markets share: a session's instruments, and its packets decoded.

#![allow(dead_code, reason = "each test file uses its own part")]

use sim::market::{Config, Generator, Line, Product};
use stdx::decimal;
use types::instrument::Terms;
use types::{Contract, Event, Flags, Instrument, InstrumentId, Nanos, Origin};
use venues::cme::Decoder;
use venues::{Directory, Output};

/// The instruments that a decoder gives to a session's products.
pub(crate) fn instruments(products: &[Product]) -> Vec<Instrument> {
    let terms = products.iter().enumerate().map(|(row, product)| Terms {
        id: InstrumentId(u32::try_from(row).expect("a few")),
        symbol: product.symbol.clone(),
        venue: venues::cme::VENUE.into(),
        currency: product.currency.clone(),
        contract: Contract::Linear,
        tick_nanos: 250_000_000,
        lot_nanos: decimal::ONE,
        multiplier_nanos: product.unit_size_nanos,
        depths: types::Depths::default(),
        origin: Origin::Definition,
    });
    terms.map(|terms| Instrument::new(terms).expect("valid terms")).collect()
}

/// A decoder set up for a session.
pub(crate) struct Reader {
    pub(crate) decoder: Decoder,
    directory: Directory,
    pub(crate) out: Output,
}

impl Reader {
    pub(crate) fn new(products: &[Product]) -> Self {
        let wire_ticks: Vec<i64> = products.iter().map(|product| product.wire_tick_nanos).collect();
        Self {
            decoder: Decoder::new(),
            directory: Directory::run(&instruments(products), &wire_ticks),
            out: Output::default(),
        }
    }

    pub(crate) fn packet(&mut self, at: Nanos, line: Line, bytes: &[u8]) {
        self.decoder.packet(at, line.destination(), bytes, 0, &mut self.directory, &mut self.out);
    }

    pub(crate) fn finish(&mut self, at: Nanos) {
        self.decoder.finish(at, &mut self.directory, &mut self.out);
    }

    pub(crate) fn counts(&self) -> Vec<(String, u64)> {
        self.decoder.counts()
    }
}

/// A short session of one product.
pub(crate) fn config(seed: u64, seconds: i64) -> Config {
    Config { seed, products: vec![Product::es()], duration: Nanos::from_secs(seconds), ..Config::default() }
}

/// One action, and the events it made, decoded from line A.
pub(crate) struct Beat {
    pub(crate) step: sim::market::Step,
    pub(crate) events: Vec<Event>,
}

/// A session as beats. The first beat also holds the opening.
pub(crate) fn beats(generator: &mut Generator, count: usize) -> Vec<Beat> {
    let mut reader = Reader::new(generator.products());
    let mut beats = Vec::new();
    while beats.len() < count {
        let step = generator.step(&mut |at, line, bytes| {
            if line == Line::A {
                reader.packet(at, line, bytes);
            }
        });
        let Some(step) = step else {
            break;
        };
        assert!(reader.out.faults.is_empty(), "{:?}", reader.out.faults);
        let events = reader.out.arrivals.drain(..).map(|arrival| arrival.event).collect();
        beats.push(Beat { step, events });
    }
    beats
}

/// What a feed that shows only levels would have sent: no orders, and the last level ends the packet.
pub(crate) fn levels_only(events: &[Event]) -> Vec<Event> {
    let mut kept: Vec<Event> =
        events.iter().copied().filter(|event| !matches!(event, Event::Order(_))).collect();
    if let Some(Event::Level(level)) = kept.iter_mut().rev().find(|event| matches!(event, Event::Level(_))) {
        level.flags = level.flags.with(Flags::LAST);
    }
    kept
}
