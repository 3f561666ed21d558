//! Reading ITCH 5.0, a message at a time: the recorded day where it is, and a made one with the proportions of a busy
//! day over a hundred stocks.
//!
//! The floors are what any reader must do: touch every byte, step from length to length. The rival is the crate
//! `itch5`, which casts in place; both sum the same fields of the same messages, and must agree.

use book::Book;
use criterion::{
    BenchmarkGroup, Criterion, Throughput, criterion_group, criterion_main, measurement::WallTime,
};
use flate2::read::GzDecoder;
use std::hint::black_box;
use std::io::Read as _;
use std::ops::ControlFlow;
use stdx::Prng;
use types::instrument::Terms;
use types::{Contract, Depths, Event, Instrument, InstrumentId, Nanos, Origin};
use venues::nasdaq::file::Decoder;
use venues::nasdaq::itch::{Message, Price4, Timestamp, make};
use venues::nasdaq::{Framing, itch};
use venues::{Decode, Directory, Output};

/// A day's bytes behind their lengths, and how many messages they are.
struct Day {
    name: &'static str,
    bytes: Vec<u8>,
    messages: u64,
}

impl Day {
    fn of<'a>(name: &'static str, messages: impl Iterator<Item = &'a [u8]>) -> Self {
        let mut day = Self { name, bytes: Vec::new(), messages: 0 };
        for message in messages {
            let length = u16::try_from(message.len()).expect("short");
            day.bytes.extend_from_slice(&length.to_be_bytes());
            day.bytes.extend_from_slice(message);
            day.messages += 1;
        }
        day
    }
}

fn recorded() -> Option<Day> {
    let path = testkit::data::recorded("itch/ex20101224.TEST_ITCH_50.gz")?;
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).expect("just found");
    GzDecoder::new(file).read_to_end(&mut bytes).expect("a whole gzip file");
    Some(Day::of("recorded", Framing::Prefixed.messages(&bytes)))
}

/// Of 1,000 messages 420 orders are added, 400 deleted, 110 replaced, 35 executed, 20 cancelled, 15 traded hidden.
fn made(messages: usize) -> Day {
    let mut prng = Prng::new(1);
    let mut standing: Vec<(u64, u16, u32)> = Vec::new();
    let (mut day, mut number, mut at) = (Vec::<Vec<u8>>::new(), 0, 34_200_000_000_000);
    let begin =
        make::SystemEvent { stock_locate: 0, tracking_number: 0, timestamp: Timestamp(at), event_code: b'O' };
    day.push(begin.bytes().into());
    while day.len() < messages {
        at += prng.below(20_000);
        let (tracking_number, timestamp) = (0, Timestamp(at));
        let kind = if standing.len() < 30_000 { 0 } else { prng.below(1_000) };
        number += 1;
        let locate = u16::try_from(1 + prng.below(100)).expect("small");
        let stock = itch::pad(&format!("S{locate}"));
        let price = Price4(u32::try_from(100_000 + 100 * prng.below(200)).expect("small"));
        if kind < 420 {
            let add = make::AddOrder {
                stock_locate: locate,
                tracking_number,
                timestamp,
                order_reference_number: number,
                buy_sell_indicator: if prng.chance(0.5) { b'B' } else { b'S' },
                shares: 100,
                stock,
                price,
            };
            standing.push((number, locate, 100));
            day.push(add.bytes().into());
            continue;
        }
        // Most orders live for moments: the latest are the likeliest.
        let back = if prng.chance(0.8) { prng.below(200) } else { prng.below(20_000) };
        let place = standing.len() - 1 - usize::try_from(back).expect("small");
        let (order_reference_number, stock_locate, shares) = standing[place];
        let bytes: Vec<u8> = match kind {
            420..820 => {
                standing.swap_remove(place);
                make::OrderDelete { stock_locate, tracking_number, timestamp, order_reference_number }
                    .bytes()
                    .into()
            }
            820..930 => {
                standing[place] = (number, stock_locate, 100);
                make::OrderReplace {
                    stock_locate,
                    tracking_number,
                    timestamp,
                    original_order_reference_number: order_reference_number,
                    new_order_reference_number: number,
                    shares: 100,
                    price,
                }
                .bytes()
                .into()
            }
            930..965 if shares > 10 => {
                standing[place].2 -= 10;
                make::OrderExecuted {
                    stock_locate,
                    tracking_number,
                    timestamp,
                    order_reference_number,
                    executed_shares: 10,
                    match_number: number,
                }
                .bytes()
                .into()
            }
            965..985 if shares > 10 => {
                standing[place].2 -= 10;
                make::OrderCancel {
                    stock_locate,
                    tracking_number,
                    timestamp,
                    order_reference_number,
                    canceled_shares: 10,
                }
                .bytes()
                .into()
            }
            _ => make::NonCrossTrade {
                stock_locate: locate,
                tracking_number,
                timestamp,
                order_reference_number: 0,
                buy_sell_indicator: b'B',
                shares: 10,
                stock,
                price,
                match_number: number,
            }
            .bytes()
            .into(),
        };
        day.push(bytes);
    }
    Day::of("made", day.iter().map(Vec::as_slice))
}

/// The floor of memory.
fn sum_bytes(bytes: &[u8]) -> u64 {
    let words = bytes.chunks_exact(8);
    words.fold(0, |sum, word| sum.wrapping_add(u64::from_ne_bytes(word.try_into().expect("eight"))))
}

/// The floor of framing: from length to length.
fn walk_lengths(bytes: &[u8]) -> u64 {
    let (mut rest, mut count) = (bytes, 0);
    while let Some((length, behind)) = rest.split_first_chunk() {
        let Some(next) = behind.get(usize::from(u16::from_be_bytes(*length))..) else { break };
        (rest, count) = (next, count + 1);
    }
    count
}

/// Numbers, sizes and prices of every order and trade.
fn views(bytes: &[u8]) -> u64 {
    let mut sum = 0_u64;
    for message in Framing::Prefixed.messages(bytes) {
        sum = sum.wrapping_add(match Message::read(message) {
            Some(Message::AddOrder(m)) => {
                m.order_reference_number() + u64::from(m.shares()) + u64::from(m.price().0)
            }
            Some(Message::AddOrderMpid(m)) => {
                m.order_reference_number() + u64::from(m.shares()) + u64::from(m.price().0)
            }
            Some(Message::OrderExecuted(m)) => {
                m.order_reference_number() + u64::from(m.executed_shares()) + m.match_number()
            }
            Some(Message::OrderCancel(m)) => m.order_reference_number() + u64::from(m.canceled_shares()),
            Some(Message::OrderDelete(m)) => m.order_reference_number(),
            Some(Message::OrderReplace(m)) => {
                m.new_order_reference_number() + u64::from(m.shares()) + u64::from(m.price().0)
            }
            Some(Message::NonCrossTrade(m)) => {
                u64::from(m.shares()) + u64::from(m.price().0) + m.match_number()
            }
            _ => 0,
        });
    }
    sum
}

#[derive(Default)]
struct Sum(u64);

impl Sum {
    fn add(&mut self, parts: [u64; 3]) -> ControlFlow<()> {
        self.0 = self.0.wrapping_add(parts[0] + parts[1] + parts[2]);
        ControlFlow::Continue(())
    }
}

impl itch5::MessageHandler for Sum {
    fn on_add_order_no_mpid_attribution(
        &mut self,
        m: &itch5::messages::AddOrderNoMPIDAttribution,
    ) -> ControlFlow<()> {
        self.add([m.order_reference_number(), m.shares().into(), m.price().into_u32().into()])
    }
    fn on_add_order_with_mpid_attribution(
        &mut self,
        m: &itch5::messages::AddOrderWithMPIDAttribution,
    ) -> ControlFlow<()> {
        self.add([m.order_reference_number(), m.shares().into(), m.price().into_u32().into()])
    }
    fn on_order_executed(&mut self, m: &itch5::messages::OrderExecuted) -> ControlFlow<()> {
        self.add([m.order_reference_number(), m.executed_shares().into(), m.match_number()])
    }
    fn on_order_cancel(&mut self, m: &itch5::messages::OrderCancel) -> ControlFlow<()> {
        self.add([m.order_reference_number(), m.cancelled_shares().into(), 0])
    }
    fn on_order_delete(&mut self, m: &itch5::messages::OrderDelete) -> ControlFlow<()> {
        self.add([m.order_reference_number(), 0, 0])
    }
    fn on_order_replace(&mut self, m: &itch5::messages::OrderReplace) -> ControlFlow<()> {
        self.add([m.new_order_reference_number(), m.shares().into(), m.price().into_u32().into()])
    }
    fn on_trade(&mut self, m: &itch5::messages::Trade) -> ControlFlow<()> {
        self.add([m.shares().into(), m.price().into_u32().into(), m.match_number()])
    }
}

fn rival_itch5(bytes: &[u8]) -> u64 {
    let mut sum = Sum::default();
    itch5::Parser::new(bytes).parse_stream(&mut sum).expect("sound messages");
    sum.0
}

/// Bytes to a batch, as a source reads them.
const BATCH: usize = 64 * 1024;

/// Decodes all of it in batches; `take` gets each.
fn events(bytes: &[u8], known: &mut Known, mut take: impl FnMut(&Output)) -> usize {
    let (mut at, mut arrivals) = (0, 0);
    let mut decoder = Decoder::new(Some(Nanos(0)));
    while at < bytes.len() {
        known.out.clear();
        let end = bytes.len().min(at + BATCH);
        let taken = decoder.decode(&bytes[at..end], &mut known.directory, &mut known.out);
        arrivals += known.out.arrivals.len();
        take(&known.out);
        if taken == 0 {
            break;
        }
        at += taken;
    }
    arrivals
}

/// What is kept from one pass to the next: the run's table and buffers.
struct Known {
    directory: Directory,
    out: Output,
}

impl Known {
    /// A run over every stock of the day, in the steps that a survey finds.
    fn of(bytes: &[u8]) -> Self {
        let mut survey = Self { directory: Directory::survey(), out: Output::default() };
        events(bytes, &mut survey, |_| {});
        let (mut instruments, mut ticks) = (Vec::new(), Vec::new());
        for (row, (venue, symbol)) in survey.directory.names().iter().enumerate() {
            let defined = survey.directory.definition(venue, symbol);
            ticks.push(defined.map_or(10_000_000, |definition| definition.wire_tick_nanos));
            let terms = Terms {
                id: InstrumentId(u32::try_from(row).expect("few")),
                symbol: symbol.clone(),
                venue: venue.clone(),
                currency: "USD".into(),
                contract: Contract::Linear,
                tick_nanos: ticks[row],
                lot_nanos: 1_000_000_000,
                multiplier_nanos: 1_000_000_000,
                depths: Depths::default(),
                origin: Origin::Definition,
            };
            instruments.push(Instrument::new(terms).expect("sound terms"));
        }
        Self { directory: Directory::run(&instruments, &ticks), out: Output::default() }
    }
}

fn books(bytes: &[u8], known: &mut Known, books: &mut Vec<Book>) -> usize {
    events(bytes, known, |out| {
        for arrival in &out.arrivals {
            if let Event::Order(delta) = &arrival.event {
                let row = delta.instrument.index();
                if row >= books.len() {
                    books.resize_with(row + 1, Book::empty);
                }
                books[row].apply_order(delta);
            }
        }
    })
}

fn bench(criterion: &mut Criterion, day: &Day) {
    let mut group = criterion.benchmark_group(format!("itch {}", day.name));
    group.throughput(Throughput::ElementsAndBytes { elements: day.messages, bytes: day.bytes.len() as u64 });
    let bytes = day.bytes.as_slice();
    let expected = views(bytes);
    assert_eq!(rival_itch5(bytes), expected, "both read the same");
    assert_eq!(walk_lengths(bytes), day.messages);
    let mut plain = |name: &str, read: fn(&[u8]) -> u64| {
        group.bench_function(name, |bencher| bencher.iter(|| read(black_box(bytes))));
    };
    plain("floor: sum of bytes", sum_bytes);
    plain("floor: walk of lengths", walk_lengths);
    plain("views", views);
    plain("rival itch5", rival_itch5);
    to_events(&mut group, bytes);
    group.finish();
}

fn to_events(group: &mut BenchmarkGroup<'_, WallTime>, bytes: &[u8]) {
    let mut known = Known::of(bytes);
    group.bench_function("events", |bencher| bencher.iter(|| events(bytes, &mut known, |_| {})));
    let mut standing = Vec::new();
    group.bench_function("events and books", |bencher| {
        bencher.iter(|| books(bytes, &mut known, &mut standing));
    });
}

fn all(criterion: &mut Criterion) {
    if let Some(day) = recorded() {
        bench(criterion, &day);
    }
    bench(criterion, &made(1_000_000));
}

criterion_group!(benches, all);
criterion_main!(benches);
