//! The whole feed path on the recorded ES day: packets of two lines arbitrated, decoded, and applied to the book of
//! orders. Elements are events.
//!
//! The day is recorded as Databento's order records; here it is sent again as CME would: template 47 for orders and 48
//! for trades, a packet for each event of the market's, every packet on both lines. What is timed starts with the
//! packets' bytes and ends with the book; that the book is the recorded one is checked before.

use book::{Book, Level, OrderBook};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use std::collections::HashMap;
use std::hint::black_box;
use types::instrument::Terms;
use types::{Contract, Event, Flags, Instrument, InstrumentId, Nanos, OrderAction, OrderDelta, Origin, Side};
use venues::cme::encode::{Order, PacketWriter, Trade};
use venues::cme::{Action, Decoder, Line, MatchEvent};
use venues::{Decode, Directory, Output, archive};

const LINES: [Line; 2] =
    [Line { ip: [224, 0, 31, 1], port: 14_310 }, Line { ip: [224, 0, 32, 1], port: 15_310 }];
const SECURITY: i32 = 23_252;
const TICK_NANOS: i64 = 250_000_000;
const LOT_NANOS: i64 = 1_000_000_000;
/// Orders to a packet: 40 bytes each, and a frame takes some 1,400.
const ORDERS_MAX: usize = 32;
/// Line B's copy comes this much later than line A's.
const B_BEHIND: Nanos = Nanos(2_000);

/// The day as Databento recorded it, prices and sizes in nanos.
fn recorded() -> Option<Vec<Event>> {
    let path = testkit::data::recorded("dbn/esh4-glbx-mdp3-20231225.mbo.dbn.zst")?;
    let packed = std::fs::read(path).expect("a recorded file can be read");
    let bytes = zstd::decode_all(&packed[..]).expect("a recorded file is whole");
    let (mut decoder, mut directory, mut out) =
        (archive::dbn::Decoder::new(), Directory::survey(), Output::default());
    let taken = decoder.decode(&bytes, &mut directory, &mut out);
    decoder.finish(&bytes[taken..], &mut directory, &mut out);
    assert!(out.faults.is_empty(), "{:?}", out.faults);
    Some(out.arrivals.iter().map(|arrival| arrival.event).collect())
}

/// Sends the day as CME would.
#[derive(Default)]
struct Resender {
    packets: Vec<(Nanos, Vec<u8>)>,
    orders: Vec<Order>,
    trades: Vec<Trade>,
    standing: HashMap<u64, (i64, Side, i64)>,
    rpt_seq: u32,
    priority: u64,
}

impl Resender {
    fn hear(&mut self, event: &Event) {
        if let Event::Order(delta) = event {
            self.hear_order(delta);
        } else if let Event::Trade(trade) = event {
            self.rpt_seq += 1;
            self.trades.push(Trade {
                security: SECURITY,
                rpt_seq: self.rpt_seq,
                price_nanos: trade.price.0,
                size: contracts(trade.size.0),
                orders: 0,
                aggressor: trade.aggressor,
                id: self.rpt_seq,
            });
        }
        if event.flags().has(Flags::LAST)
            && let Some(venue_at) = event.venue_at()
        {
            self.send(venue_at);
        }
    }

    fn hear_order(&mut self, delta: &OrderDelta) {
        let number = delta.order.0;
        let before = self.standing.get(&number).copied();
        let (price, side, size) = match (delta.action, before) {
            (OrderAction::Add | OrderAction::Modify, _) => (delta.price.0, delta.side, delta.size.0),
            (OrderAction::Reduce, Some((price, side, size))) => (price, side, size - delta.size.0),
            (OrderAction::Delete, Some((price, side, _))) => (price, side, 0),
            (OrderAction::Reduce | OrderAction::Delete | OrderAction::Fill | OrderAction::Clear, _) => return,
        };
        let action = match before {
            None => Action::New,
            Some(_) if size > 0 => Action::Change,
            Some(_) => Action::Delete,
        };
        if size > 0 {
            self.standing.insert(number, (price, side, size));
        } else {
            self.standing.remove(&number);
        }
        self.priority += 1;
        let (priority, size) = (self.priority, contracts(size));
        let order =
            Order { order: number, priority, price_nanos: price, size, security: SECURITY, action, side };
        self.orders.push(order);
    }

    /// The event's packets: trades and the first orders in one, further orders as a network's frames would hold them.
    fn send(&mut self, at: Nanos) {
        if self.orders.is_empty() && self.trades.is_empty() {
            return;
        }
        let mut orders = self.orders.as_slice();
        let mut trades = self.trades.as_slice();
        while !(orders.is_empty() && trades.is_empty()) {
            let sequence = u32::try_from(self.packets.len() + 1).expect("a day has fewer packets");
            let (mut bytes, first) = (Vec::new(), orders.len().min(ORDERS_MAX));
            let mut packet = PacketWriter::begin(&mut bytes, sequence, at);
            if !trades.is_empty() {
                let end = if orders.is_empty() { MatchEvent::END } else { MatchEvent::LAST_TRADE };
                packet.trades(at, end, trades, &[]);
                trades = &[];
            }
            if first > 0 {
                let end = if first == orders.len() { MatchEvent::END } else { MatchEvent(0) };
                packet.orders(at, end, &orders[..first]);
                orders = &orders[first..];
            }
            assert!(packet.finish() <= bytes.len(), "the packet is the last thing written");
            self.packets.push((at, bytes));
        }
        self.orders.clear();
        self.trades.clear();
    }
}

fn contracts(nanos: i64) -> i32 {
    i32::try_from(nanos / LOT_NANOS).expect("CME's sizes are 32 bits")
}

/// One pass: every packet on both lines, each event to `take`; answers how many there were.
fn pass(
    packets: &[(Nanos, Vec<u8>)],
    directory: &mut Directory,
    out: &mut Output,
    mut take: impl FnMut(&Event),
) -> u64 {
    let mut decoder = Decoder::new();
    let mut events = 0;
    for (at, bytes) in packets {
        for (line, received_at) in LINES.into_iter().zip([*at, *at + B_BEHIND]) {
            out.clear();
            decoder.packet(received_at, line, bytes, 0, directory, out);
            events += out.arrivals.len() as u64;
            out.arrivals.iter().for_each(|arrival| take(&arrival.event));
        }
    }
    events
}

fn apply(book: &mut Book, event: &Event) {
    if let Event::Order(delta) = event {
        black_box(book.apply_order(delta));
    }
}

/// Every level of both sides, prices and sizes in nanos.
fn levels(book: &OrderBook, tick: i64, lot: i64) -> [Vec<(i64, i64, u32)>; 2] {
    let in_nanos = |level: Level| (level.price.0 * tick, level.size.0 * lot, level.orders);
    Side::BOTH.map(|side| book.levels(side).map(in_nanos).collect())
}

/// The directory of a run with the one instrument, whose definition was not sent.
fn directory() -> Directory {
    let terms = Terms {
        id: InstrumentId(0),
        symbol: format!("#{SECURITY}"),
        venue: "cme".into(),
        currency: "USD".into(),
        contract: Contract::Linear,
        tick_nanos: TICK_NANOS,
        lot_nanos: LOT_NANOS,
        multiplier_nanos: 50_000_000_000,
        depths: types::Depths::default(),
        origin: Origin::Definition,
    };
    let instrument = Instrument::new(terms).expect("the terms of the E-mini S&P 500");
    Directory::run(&[instrument], &[TICK_NANOS])
}

fn bench(criterion: &mut Criterion) {
    let Some(day) = recorded() else { return };
    let mut resender = Resender::default();
    day.iter().for_each(|event| resender.hear(event));
    let packets = resender.packets;
    let (mut directory, mut out) = (directory(), Output::default());

    let (mut book, mut truth) = (Book::empty(), OrderBook::new());
    let events = pass(&packets, &mut directory, &mut out, |event| apply(&mut book, event));
    for event in &day {
        if let Event::Order(delta) = event {
            truth.apply(delta);
        }
    }
    let resent = book.by_order().expect("orders made it one");
    assert_eq!(
        levels(resent, TICK_NANOS, LOT_NANOS),
        levels(&truth, 1, 1),
        "the book that was sent is the recorded one"
    );

    let bytes: usize = packets.iter().map(|(_, packet)| 2 * packet.len()).sum();
    let mut group = criterion.benchmark_group("feed path, ES day");
    group.throughput(Throughput::ElementsAndBytes { elements: events, bytes: bytes as u64 });
    group.bench_function("floor: every byte of both lines, summed", |bencher| {
        bencher.iter(|| {
            let sum = |packet: &[u8]| packet.iter().map(|&byte| u64::from(byte)).sum::<u64>();
            packets.iter().map(|(_, packet)| 2 * sum(black_box(packet))).sum::<u64>()
        });
    });
    group.bench_function("ours: arbitrate and decode", |bencher| {
        bencher.iter(|| {
            pass(&packets, &mut directory, &mut out, |event| {
                black_box(event);
            })
        });
    });
    group.bench_function("ours: arbitrate, decode, apply to the book of orders", |bencher| {
        bencher.iter(|| {
            let mut book = Book::empty();
            pass(&packets, &mut directory, &mut out, |event| apply(&mut book, event))
        });
    });
    group.finish();
}

criterion_group!(benches, bench);
criterion_main!(benches);
