//! The market outside: a generated session, what it truly is, and its packets on two lines that misbehave.
//!
//! Owns the generator, the true books and the faults between the exchange and us. Never knows what we do with a packet.

use crate::fates::Fates;
use crate::ranges::{Kind, Mix, Shape};
use crate::truth::{Mid, Truth};
use sim::latency::Delay;
use sim::market::{Config, Generator, Kind as Flow, Line, Product, destination};
use sim::network::{Delivery, Faults, Network};
use stdx::{Prng, decimal};
use types::instrument::Terms;
use types::{Arrival, Contract, Instrument, InstrumentId, Nanos, Origin};
use venues::cme::{Decoder, Feed, Role};
use venues::{Directory, Output};

/// Every feed of the channel, in the order in which faults are counted.
pub(crate) const ROLES: [Role; 4] =
    [Role::Incremental, Role::Snapshot, Role::OrderSnapshot, Role::Definitions];
/// Snapshots and definitions go round this often.
const LOOP_EVERY: Nanos = Nanos::from_millis(1_000);
/// From the exchange to us, on lines A and B.
const BASE: [Nanos; 2] = [Nanos(20_000), Nanos(26_000)];

fn place(role: Role) -> usize {
    ROLES.iter().position(|known| *known == role).expect("all are listed")
}

/// The channel as a decoder is told of it.
pub(crate) fn feeds() -> Vec<Feed> {
    let lines = |role| vec![destination(role, Line::A), destination(role, Line::B)];
    ROLES.map(|role| Feed { channel: 310, role, lines: lines(role) }).into()
}

/// What happened outside at one moment, before anybody heard of it.
#[derive(Debug, Default)]
struct Batch {
    at: Nanos,
    packets: Vec<Vec<u8>>,
    mid: Option<Mid>,
}

/// See the module.
pub(crate) struct Market {
    generator: Generator,
    pub(crate) truth: Truth,
    pub(crate) instruments: Vec<Instrument>,
    wire_ticks: Vec<i64>,
    by_order: bool,
    /// What the generator has decided and the world has not seen.
    next: Option<Batch>,
    reset_due: bool,
    looped_at: Nanos,
    /// Packets so far, by feed.
    sent: [u64; 4],
    network: Network,
    overtaken_by: Nanos,
    silent_until: Nanos,
    /// What a receiver that misses nothing reads: the matching engine's own view.
    perfect: Decoder,
    directory: Directory,
    out: Output,
    /// What it read at the last moment.
    arrivals: Vec<Arrival>,
}

fn instruments(products: &[Product]) -> Vec<Instrument> {
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

impl Market {
    /// A market that opens at `starts_at` and lasts as long as anybody asks.
    pub(crate) fn new(seed: u64, mix: &Mix, starts_at: Nanos) -> Self {
        let mut prng = Prng::new(seed).fork("market");
        let flows = [Flow::Poisson, Flow::QueueReactive, Flow::Hawkes];
        let pace = mix.shape(Shape::Pace);
        let mut products = vec![Product { pace, ..Product::es() }, Product { pace, ..Product::nq() }];
        products.truncate(if prng.chance(0.3) { 1 } else { 2 });
        let by_order = prng.chance(0.5);
        let config = Config {
            kind: flows[usize::try_from(prng.below(3)).expect("small")],
            seed: prng.bits(),
            products: products.clone(),
            starts_at,
            duration: Nanos::from_secs(1 << 20),
            by_order,
            opening: if prng.chance(0.5) { [1, 2] } else { [3, 6] },
            loss: 0.0,
            lines: [Delay::fixed(0); 2],
            heartbeat_every: Nanos::from_secs(30),
        };
        let mut generator = Generator::new(config);
        // Numbers wrap in some runs (F-11).
        let first =
            if prng.chance(0.2) { u32::MAX - u32::try_from(prng.below(2_000)).expect("small") } else { 1 };
        generator.number_from(first);
        let instruments = instruments(&products);
        let wire_ticks: Vec<i64> = products.iter().map(|product| product.wire_tick_nanos).collect();
        let mut market = Self {
            truth: Truth::new(products.len(), first),
            perfect: Decoder::with_feeds(&feeds()),
            directory: Directory::run(&instruments, &wire_ticks),
            instruments,
            wire_ticks,
            by_order,
            generator,
            next: None,
            reset_due: false,
            looped_at: Nanos(0),
            sent: [0; 4],
            network: Network::new(Faults::default(), BASE, Prng::new(0)),
            overtaken_by: Nanos(millis(mix.shape(Shape::OvertakenBy)).max(1)),
            silent_until: Nanos::MIN,
            out: Output::default(),
            arrivals: Vec::new(),
        };
        market.define(starts_at - Nanos::from_secs(2));
        market.decide();
        market
    }

    /// A decoder as we start it.
    pub(crate) fn decoder(&self) -> (Decoder, Directory) {
        (Decoder::with_feeds(&feeds()), Directory::run(&self.instruments, &self.wire_ticks))
    }

    /// The definitions that a receiver knows before it joins.
    pub(crate) fn definitions(&self, at: Nanos) -> Vec<Vec<u8>> {
        let mut packets = Vec::new();
        self.generator.definitions(at, &mut |_, bytes| packets.push(bytes.to_vec()));
        packets
    }

    fn define(&mut self, at: Nanos) {
        for bytes in self.definitions(at) {
            let line = destination(Role::Definitions, Line::A);
            self.perfect.packet(at, line, &bytes, 0, &mut self.directory, &mut self.out);
        }
        self.out.clear();
    }

    /// Lets the generator decide what happens next.
    fn decide(&mut self) {
        let mut batch = Batch::default();
        let is_first = self.truth.packets() == 0;
        let step = self.generator.step(&mut |_, line, bytes| {
            if line == Line::A {
                batch.packets.push(bytes.to_vec());
            }
        });
        let step = step.expect("the session is longer than any run");
        batch.at = step.at;
        batch.mid = Some(if is_first { Mid::All } else { Mid::Of(step.product) });
        self.next = Some(batch);
    }

    /// When something happens next.
    pub(crate) fn next_at(&self) -> Nanos {
        self.next.as_ref().map_or(Nanos::MAX, |batch| batch.at)
    }

    /// It happens: what the matching engine saw is in [`seen`](Self::seen), what is under way to us goes to `out`.
    pub(crate) fn happen(&mut self, fates: &mut Fates, out: &mut Vec<Delivery>) {
        let Some(batch) = self.next.take() else { return };
        self.arrivals.clear();
        let from = self.truth.packets();
        for bytes in &batch.packets {
            self.send_incremental(batch.at, bytes, fates, out);
        }
        self.truth.ended(from, batch.mid.unwrap_or(Mid::All), &self.generator, self.by_order);
        if std::mem::take(&mut self.reset_due) {
            self.reset(batch.at, fates, out);
        }
        if batch.at - self.looped_at >= LOOP_EVERY {
            self.looped_at = batch.at;
            self.send_loop(batch.at, fates, out);
        }
        self.decide();
    }

    /// What the matching engine saw at the last moment.
    pub(crate) fn seen(&self) -> &[Arrival] {
        &self.arrivals
    }

    /// The channel is reset behind the next thing that happens (F-10).
    pub(crate) const fn reset_soon(&mut self) {
        self.reset_due = true;
    }

    fn reset(&mut self, at: Nanos, fates: &mut Fates, out: &mut Vec<Delivery>) {
        let mut packets = Vec::new();
        self.generator.reset_channel(at, &mut |_, line, bytes| {
            if line == Line::A {
                packets.push(bytes.to_vec());
            }
        });
        for bytes in packets.drain(..) {
            self.send_incremental(at, &bytes, fates, out);
        }
        self.truth.emptied();
        for product in 0..self.instruments.len() {
            let from = self.truth.packets();
            self.generator.resend(product, at, &mut |_, line, bytes| {
                if line == Line::A {
                    packets.push(bytes.to_vec());
                }
            });
            for bytes in packets.drain(..) {
                self.send_incremental(at, &bytes, fates, out);
            }
            self.truth.ended(from, Mid::Of(product), &self.generator, self.by_order);
        }
    }

    /// Both lines carry nothing until then.
    pub(crate) fn silence(&mut self, until: Nanos) {
        self.silent_until = self.silent_until.max(until);
    }

    fn send_incremental(&mut self, at: Nanos, bytes: &[u8], fates: &mut Fates, out: &mut Vec<Delivery>) {
        self.truth.packet();
        let line = destination(Role::Incremental, Line::A);
        self.perfect.packet(at, line, bytes, 0, &mut self.directory, &mut self.out);
        assert!(self.out.faults.is_empty(), "the exchange reads its own packets: {:?}", self.out.faults);
        self.arrivals.append(&mut self.out.arrivals);
        self.out.clear();
        let number = self.count(Role::Incremental);
        let mut spoiled = Vec::new();
        let bytes = match self.spoil(number, bytes, fates, &mut spoiled) {
            true => &spoiled,
            false => bytes,
        };
        self.send(at, Role::Incremental, number, bytes, fates, out);
    }

    fn send_loop(&mut self, at: Nanos, fates: &mut Fates, out: &mut Vec<Delivery>) {
        let mut packets = Vec::new();
        let mut push = |role, bytes: &[u8]| packets.push((role, bytes.to_vec()));
        self.generator.snapshots(at, &mut push);
        self.generator.order_snapshots(at, &mut push);
        self.generator.definitions(at, &mut push);
        for (row, (role, bytes)) in (1..).zip(&packets) {
            let number = self.count(*role);
            self.send(at + Nanos(1_000 * row), *role, number, bytes, fates, out);
        }
    }

    fn count(&mut self, role: Role) -> u64 {
        let sent = &mut self.sent[place(role)];
        *sent += 1;
        // Each feed counts for itself, and no two numbers are one.
        *sent << 2 | place(role) as u64
    }

    /// Sends a packet on both lines, with the faults that strike it.
    fn send(
        &mut self,
        at: Nanos,
        role: Role,
        number: u64,
        bytes: &[u8],
        fates: &mut Fates,
        out: &mut Vec<Delivery>,
    ) {
        if at < self.silent_until {
            return;
        }
        let mut faults = Faults { overtaken_by: self.overtaken_by, ..Faults::default() };
        let mut detail = None;
        let mut set = |kind, place: u64, rate: &mut f64, share: f64| {
            if let Some(prng) = fates.strikes(kind, place) {
                *rate = share;
                detail = Some(prng);
            }
        };
        if role.is_loop() {
            // Which of the three it is, the place decides.
            let (mut struck, mut none) = (0.0, 0.0);
            set(Kind::LoopLost, number, &mut struck, 1.0);
            if struck > 0.0 {
                let which = match number / 4 % 4 {
                    0 => &mut faults.cut_on_both,
                    1 => &mut faults.overtaken_on_both,
                    2 | 3 => &mut faults.lost_on_both,
                    _ => &mut none,
                };
                *which = 1.0;
            }
        } else {
            set(Kind::LineLost, number, &mut faults.lost, 0.6);
            set(Kind::BothLost, number, &mut faults.lost_on_both, 1.0);
            set(Kind::Replayed, number, &mut faults.doubled, 0.7);
            set(Kind::Overtaken, number, &mut faults.overtaken, 0.7);
            set(Kind::BothOvertaken, number, &mut faults.overtaken_on_both, 1.0);
            set(Kind::Cut, number, &mut faults.cut_on_both, 1.0);
            set(Kind::Corrupted, number, &mut faults.corrupted_on_both, 1.0);
        }
        if let Some(prng) = detail {
            self.network.draw_from(prng);
        }
        self.network.set(faults);
        self.network.send(at, place(role), false, bytes);
        out.append(&mut self.network.arrivals());
    }

    /// Changes a packet where it was sent; false when nothing strikes it, or there is nothing to strike.
    fn spoil(&self, number: u64, bytes: &[u8], fates: &mut Fates, spoiled: &mut Vec<u8>) -> bool {
        type Spoil = (Kind, fn(&[u8]) -> bool, i64);
        // What is wrong and still parses shows only where levels are all there is to compare.
        let spoils: [Spoil; 3] = [
            (Kind::OddPrice, |entry| entry[25] < 2, 1),
            (Kind::Crossing, |entry| entry[25] < 2 && entry[26] == b'1', -100 * 25_000_000_000),
            (Kind::WrongDelete, |entry| entry[25] == 2, 100 * 25_000_000_000),
        ];
        for (kind, wanted, nanos) in spoils {
            if (self.by_order && kind != Kind::OddPrice) || fates.strikes(kind, number).is_none() {
                continue;
            }
            if let Some(at) = find_level(bytes, wanted) {
                spoiled.extend_from_slice(bytes);
                let price = i64::from_le_bytes(bytes[at..at + 8].try_into().expect("eight bytes"));
                spoiled[at..at + 8].copy_from_slice(&price.wrapping_add(nanos).to_le_bytes());
                return true;
            }
        }
        false
    }
}

/// Where in a packet a level's entry starts that passes; template 46 as the generator writes it.
fn find_level(packet: &[u8], wanted: impl Fn(&[u8]) -> bool) -> Option<usize> {
    let mut at = 12;
    while let Some(head) = packet.get(at..at + 6) {
        let size = usize::from(u16::from_le_bytes([head[0], head[1]]));
        if u16::from_le_bytes([head[4], head[5]]) == 46 {
            let entries = at + 10 + 11 + 3;
            let count = usize::from(packet[entries - 1]);
            let found = (0..count).map(|row| entries + row * 32).find(|&row| wanted(&packet[row..row + 32]));
            if found.is_some() {
                return found;
            }
        }
        at += size;
    }
    None
}

/// Milliseconds of a range, in nanoseconds.
#[expect(clippy::cast_possible_truncation, reason = "ranges are small")]
pub(crate) fn millis(value: f64) -> i64 {
    (value * 1e6) as i64
}
