//! Faults that a market does not make by chance, on packets written by hand.

use crate::common::instruments;
use crate::session::products;
use book::{Book, Doubts, State};
use sim::market::{Line, Product, destination};
use types::{Event, InstrumentId, Nanos, Phase, Side, Ticks};
use venues::cme::encode::{Depth, Future, Level, Limits, Order, PacketWriter, Trade, Update};
use venues::cme::encode_loops::Snapshot;
use venues::cme::{Action, Decoder, MatchEvent, Role};
use venues::{Directory, Output};

const SENT: Nanos = Nanos(1_767_623_400_000_000_000);
const TICK: i64 = 25_000_000_000;

/// A decoder of a survey or a run, one book for each listing, and the packets' numbers.
struct Bench {
    decoder: Decoder,
    directory: Directory,
    out: Output,
    books: Vec<Book>,
    numbers: [u32; 4],
    faults: usize,
    events: Vec<Event>,
}

impl Bench {
    fn new(directory: Directory) -> Self {
        Self {
            decoder: Decoder::with_feeds(&crate::desk::feeds()),
            directory,
            out: Output::default(),
            books: (0..8).map(|_| Book::with_depths(10, 2)).collect(),
            numbers: [1; 4],
            faults: 0,
            events: Vec::new(),
        }
    }

    /// Of a run with these products, whose definitions have come.
    fn running(products: &[Product]) -> Self {
        let ticks: Vec<i64> = products.iter().map(|product| product.wire_tick_nanos).collect();
        let mut bench = Self::new(Directory::run(&instruments(products), &ticks));
        for product in products {
            bench.define(&future(product), Update::Add);
        }
        bench
    }

    fn define(&mut self, future: &Future<'_>, update: Update) {
        let depths = [Depth::Outright(10)];
        self.send(Role::Definitions, |packet| packet.definition(future, update, &depths, SENT));
    }

    /// Sends a packet; answers what came of it.
    fn send(&mut self, role: Role, write: impl FnOnce(&mut PacketWriter<'_>)) -> Vec<Event> {
        self.send_changed(role, write, |_| {})
    }

    fn send_changed(
        &mut self,
        role: Role,
        write: impl FnOnce(&mut PacketWriter<'_>),
        change: impl FnOnce(&mut [u8]),
    ) -> Vec<Event> {
        let number = &mut self.numbers[crate::desk::place(role)];
        let mut bytes = Vec::new();
        let at = SENT + Nanos(i64::from(*number) * 1_000);
        let mut packet = PacketWriter::begin(&mut bytes, *number, at);
        *number += 1;
        write(&mut packet);
        assert_eq!(packet.finish(), bytes.len());
        change(&mut bytes);
        self.decoder.packet(at, destination(role, Line::A), &bytes, 0, &mut self.directory, &mut self.out);
        let events: Vec<Event> = self.out.arrivals.iter().map(|arrival| arrival.event).collect();
        self.faults += self.out.faults.len();
        self.out.clear();
        for event in &events {
            match event {
                Event::Level(delta) => {
                    self.books[delta.instrument.index()].apply_level(delta);
                }
                Event::Gap(gap) => {
                    let instrument = gap.instrument.expect("nobody's gap is everybody's here");
                    self.books[instrument.index()].on_gap();
                }
                Event::Status(status) => {
                    let instrument = status.instrument.expect("of one");
                    self.books[instrument.index()].on_phase(status.phase);
                }
                Event::Order(_)
                | Event::Trade(_)
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
                | Event::Bar { .. } => {}
            }
        }
        self.events.extend(&events);
        events
    }

    fn levels(&mut self, levels: &[Level]) -> Vec<Event> {
        self.send(Role::Incremental, |packet| packet.book(SENT, MatchEvent::END, levels, &[]))
    }

    fn count(&self, name: &str) -> u64 {
        self.decoder.counts().iter().find(|(found, _)| found == name).map_or(0, |(_, count)| *count)
    }
}

fn future(product: &Product) -> Future<'_> {
    Future {
        security: product.security,
        symbol: &product.symbol,
        group: &product.asset,
        asset: &product.asset,
        currency: &product.currency,
        wire_tick_nanos: product.wire_tick_nanos,
        display_factor_nanos: product.display_factor_nanos,
        tick_amount_nanos: product.tick_amount_nanos,
        unit_size_nanos: product.unit_size_nanos,
        phase: Phase::Open,
    }
}

fn level(security: i32, rpt_seq: u32, side: Side, ticks: i64) -> Level {
    Level {
        security,
        rpt_seq,
        side,
        implied: false,
        action: Action::New,
        depth: 1,
        price_nanos: ticks * TICK,
        size: 5,
        orders: 1,
    }
}

#[test]
fn f_18_a_locked_book_is_live_and_not_doubted() {
    let mut bench = Bench::running(&products());
    bench.levels(&[level(101, 1, Side::Buy, 100), level(101, 2, Side::Sell, 100)]);
    let book = &bench.books[0];
    assert!(book.is_live() && book.is_locked() && !book.is_suspect());
    assert_eq!(Doubts::new(Nanos(0)).at(book, Nanos::MAX), None);
    assert_eq!((bench.faults, bench.count("books doubted")), (0, 0));
}

/// A packet of one message.
type Write<'a> = &'a dyn Fn(&mut PacketWriter<'_>);

#[test]
fn f_07_a_price_beyond_its_limits_makes_its_book_stale_and_no_other() {
    let within = |low: Option<i64>, high: Option<i64>| Limits {
        security: 101,
        rpt_seq: 2,
        high_nanos: high.map(|ticks| ticks * TICK),
        low_nanos: low.map(|ticks| ticks * TICK),
        band_nanos: Some(2 * TICK),
    };
    let limits = within(Some(90), Some(110));
    let send_level = |packet: &mut PacketWriter<'_>, level| packet.book(SENT, MatchEvent::END, &[level], &[]);
    let ask =
        |ticks| move |packet: &mut PacketWriter<'_>| send_level(packet, level(101, 3, Side::Sell, ticks));
    let changed = |change: fn(&mut Level)| {
        let mut level = level(101, 3, Side::Sell, 111);
        change(&mut level);
        move |packet: &mut PacketWriter<'_>| send_level(packet, level)
    };
    let trade = |ticks| {
        let aggressor = Some(Side::Sell);
        let price_nanos = ticks * TICK;
        let trade = Trade { security: 101, rpt_seq: 3, price_nanos, size: 2, orders: 0, aggressor, id: 77 };
        move |packet: &mut PacketWriter<'_>| packet.trades(SENT, MatchEvent::END, &[trade], &[])
    };
    let order = |ticks, action| {
        let (price_nanos, size, side) = (ticks * TICK, 5, Side::Sell);
        let order = Order { order: 1, priority: 1, price_nanos, size, security: 101, action, side };
        move |packet: &mut PacketWriter<'_>| packet.orders(SENT, MatchEvent::END, &[order])
    };
    let cases: [(&str, Limits, Write<'_>, bool); 18] = [
        ("at the highest", limits, &ask(110), true),
        ("above the highest", limits, &ask(111), false),
        ("at the lowest", limits, &changed(|level| level.price_nanos = 90 * TICK), true),
        ("below the lowest", limits, &ask(89), false),
        ("a change above the highest", limits, &changed(|level| level.action = Action::Change), false),
        ("what stood may go", limits, &changed(|level| level.action = Action::Delete), true),
        ("implied", limits, &changed(|level| level.implied = true), true),
        ("a trade at the lowest", limits, &trade(90), true),
        ("a trade below the lowest", limits, &trade(89), false),
        ("a trade above the highest", limits, &trade(111), false),
        ("an order at the highest", limits, &order(110, Action::New), true),
        ("an order above the highest", limits, &order(111, Action::New), false),
        ("an order moved below the lowest", limits, &order(89, Action::Change), false),
        ("an order that stood may go", limits, &order(111, Action::Delete), true),
        ("there is no highest", within(Some(90), None), &ask(111), true),
        ("there is no lowest", within(None, Some(110)), &ask(-5), true),
        ("limits between two ticks", Limits { high_nanos: Some(110 * TICK + 1), ..limits }, &ask(111), false),
        ("limits that leave no room say nothing", within(Some(110), Some(90)), &ask(111), true),
    ];
    for (why, limits, write, is_sound) in cases {
        let mut bench = Bench::running(&products());
        bench.levels(&[level(102, 1, Side::Buy, 100)]);
        bench.levels(&[level(101, 1, Side::Buy, -10)]);
        bench.send(Role::Incremental, |packet| packet.limits(SENT, MatchEvent::END, &[limits]));
        let events = bench.send(Role::Incremental, write);
        let first = if is_sound { State::Live } else { State::Stale };
        assert_eq!([0, 1].map(|n| bench.books[n].state()), [first, State::Live], "{why}");
        assert_eq!(
            (bench.faults, bench.count("entries unusable") == 0),
            (usize::from(!is_sound), is_sound),
            "{why}"
        );
        let is_gap = matches!(events[..], [Event::Gap(gap)] if gap.instrument == Some(InstrumentId(0)));
        assert_eq!(is_gap, !is_sound, "{why}: {events:?}");
    }
}

#[test]
fn f_07_limits_outlive_damage_and_not_a_loss() {
    let limits = Limits {
        security: 101,
        rpt_seq: 2,
        high_nanos: Some(110 * TICK),
        low_nanos: Some(90 * TICK),
        band_nanos: None,
    };
    for (lost, faults) in [(0, 2), (1, 1)] {
        let mut bench = Bench::running(&products());
        bench.levels(&[level(101, 1, Side::Buy, 91)]);
        bench.send(Role::Incremental, |packet| packet.limits(SENT, MatchEvent::END, &[limits]));
        bench.levels(&[level(101, 3, Side::Sell, 111)]);
        assert_eq!(bench.faults, 1);
        // One that was missed may have told other limits.
        bench.levels(&[level(101, 4 + lost, Side::Sell, 112)]);
        assert_eq!(bench.faults, faults, "{lost} lost");
    }
}

#[test]
fn f_20_numbers_that_no_level_has_are_refused_with_a_reason() {
    let good = level(101, 2, Side::Sell, 101);
    let cases = [
        ("a negative size", Level { size: -1, ..good }),
        ("no size", Level { size: i32::MAX, ..good }),
        ("a price between two ticks", Level { price_nanos: good.price_nanos + 1, ..good }),
        ("no price", Level { price_nanos: i64::MAX, ..good }),
        ("the lowest price there is", Level { price_nanos: i64::MIN, ..good }),
    ];
    for (why, bad) in cases {
        let mut bench = Bench::running(&products());
        bench.levels(&[level(101, 1, Side::Buy, 100), level(102, 1, Side::Buy, 100)]);
        let events = bench.levels(&[bad]);
        assert!(matches!(events[..], [Event::Gap(gap)] if gap.instrument == Some(InstrumentId(0))), "{why}");
        assert_eq!(bench.faults, 1, "{why}");
        assert_eq!([0, 1].map(|n| bench.books[n].state()), [State::Stale, State::Live], "{why}");
    }
    // A size of zero deletes.
    let mut bench = Bench::running(&products());
    bench.levels(&[level(101, 1, Side::Buy, 100)]);
    bench.levels(&[Level { size: 0, ..level(101, 2, Side::Buy, 100) }]);
    assert_eq!((bench.books[0].best_bid(), bench.faults), (None, 0));
    assert!(bench.books[0].is_live());
}

#[test]
fn f_23_a_book_of_one_side_or_none_is_live_and_has_no_middle() {
    let all = products();
    let bid = level(101, 0, Side::Buy, 100);
    for (levels, best) in [(&[bid][..], Some(Ticks(100))), (&[], None)] {
        let mut bench = Bench::running(&all);
        // The third entry: the first two were before us.
        bench.numbers[0] = 7;
        bench.levels(&[level(101, 3, Side::Sell, 102)]);
        assert_eq!(bench.books[0].state(), State::Stale);
        let snapshot = Snapshot { security: 101, knows: 7, rpt_seq: 4, instruments: 1, at: SENT };
        bench.send(Role::Snapshot, |packet| packet.snapshot(snapshot, levels));
        let book = &bench.books[0];
        assert!(book.is_live(), "{best:?}");
        assert_eq!((book.best_bid().map(|level| level.price), book.best_ask()), (best, None));
        assert_eq!((book.mid_ticks(), book.spread()), (None, None));
    }
}

#[test]
fn f_25_a_trade_that_is_taken_back_changes_no_book_and_is_not_a_trade() {
    let mut bench = Bench::running(&products());
    bench.levels(&[level(101, 1, Side::Buy, 100)]);
    let trade = |rpt_seq| Trade {
        security: 101,
        rpt_seq,
        price_nanos: 100 * TICK,
        size: 2,
        orders: 0,
        aggressor: Some(Side::Sell),
        id: 77,
    };
    let write = |rpt_seq| {
        move |packet: &mut PacketWriter<'_>| packet.trades(SENT, MatchEvent::END, &[trade(rpt_seq)], &[])
    };
    let first = bench.send(Role::Incremental, write(2));
    assert!(matches!(first[..], [Event::Trade(trade)] if trade.id == 77));
    // The same entry with MDUpdateAction Delete, 25 bytes into it.
    let entry = 12 + 10 + 11 + 3;
    let second = bench.send_changed(Role::Incremental, write(3), |bytes| bytes[entry + 25] = 2);
    assert!(!second.iter().any(|event| matches!(event, Event::Trade(_) | Event::Gap(_))), "{second:?}");
    let told = bench.count("trades corrected")
        + second.iter().filter(|event| matches!(event, Event::TradeBust(_))).count() as u64;
    assert!(told >= 1, "it is said or counted");
    assert!(bench.books[0].is_live());
    assert_eq!(bench.faults, 0);
}

/// What happens to an instrument in the course of a day, in definitions and levels.
fn a_day(bench: &mut Bench) -> Vec<Event> {
    let es = Product::es();
    let coarse = Product { wire_tick_nanos: 2 * TICK, ..es.clone() };
    let heir = Product { security: 909, ..coarse.clone() };
    bench.define(&future(&es), Update::Add);
    bench.levels(&[level(101, 1, Side::Buy, 100)]);
    // Round and round: nothing new.
    bench.define(&future(&es), Update::Add);
    bench.levels(&[level(101, 2, Side::Sell, 103)]);
    // The tick doubles; 103 is no price of it.
    bench.define(&future(&coarse), Update::Modify);
    bench.levels(&[level(101, 3, Side::Buy, 102)]);
    // It expires; nothing more is heard of it, and what comes is nobody's.
    bench.define(&future(&coarse), Update::Delete);
    bench.levels(&[level(101, 4, Side::Buy, 104)]);
    // The symbol is used again, by another number.
    bench.define(&future(&heir), Update::Add);
    bench.levels(&[level(909, 1, Side::Buy, 106)]);
    std::mem::take(&mut bench.events)
}

#[test]
fn f_26_new_terms_are_a_new_listing_and_history_keeps_the_old() {
    let mut survey = Bench::new(Directory::survey());
    let surveyed = a_day(&mut survey);
    let names: Vec<&str> = survey.directory.names().iter().map(|(_, symbol)| symbol.as_str()).collect();
    assert_eq!(names, ["ESH6", "ESH6~2", "ESH6~3"]);
    let definition = |name: &&str| survey.directory.definition("cme", name).expect("each was defined");
    let ticks: Vec<i64> = names.iter().map(|name| definition(name).wire_tick_nanos).collect();
    assert_eq!(ticks, [TICK, 2 * TICK, 2 * TICK], "the old listing's step is what it was");
    let named: Vec<Product> =
        names.iter().map(|name| Product { symbol: (*name).into(), ..Product::es() }).collect();
    let mut run = Bench::new(Directory::run(&instruments(&named), &ticks));
    let ran = a_day(&mut run);
    // Survey and run speak of the same instruments in the same order.
    let whose = |events: &[Event]| -> Vec<(&'static str, Option<InstrumentId>)> {
        events.iter().map(|event| (event.kind(), event.instrument())).collect()
    };
    assert_eq!(whose(&surveyed), whose(&ran));
    let id = |n| Some(InstrumentId(n));
    let expected = [
        ("level", id(0)),
        ("level", id(0)),
        // The old listing closes; of the new one nothing is known yet.
        ("status", id(0)),
        ("gap", id(1)),
        ("level", id(1)),
        ("status", id(1)),
        ("level", id(2)),
    ];
    assert_eq!(whose(&ran), expected);
    assert_eq!([0, 1].map(|n| run.books[n].phase()), [Phase::Closed; 2]);
    // Prices are counted in the steps of their own listing.
    let prices: Vec<i64> = ran
        .iter()
        .filter_map(|event| if let Event::Level(delta) = event { Some(delta.price.0) } else { None })
        .collect();
    assert_eq!(prices, [100, 103, 51, 53]);
    assert_eq!((run.faults, run.count("instruments listed anew")), (0, 1));
    assert_eq!([1, 2].map(|n| run.books[n].state()), [State::Stale, State::Live]);
}

#[test]
fn o_09_an_instrument_whose_definition_comes_late_is_not_tradable_before_and_is_behind_it() {
    let all = products();
    let ticks: Vec<i64> = all.iter().map(|product| product.wire_tick_nanos).collect();
    let mut bench = Bench::new(Directory::run(&instruments(&all), &ticks));
    bench.define(&future(&all[1]), Update::Add);
    // Levels of one that nobody has defined yet: nothing of it is shown, and the other is not harmed.
    let events = bench.levels(&[level(101, 1, Side::Buy, 100), level(101, 2, Side::Sell, 101)]);
    assert!(events.iter().all(|event| !matches!(event, Event::Level(_))), "{events:?}");
    bench.levels(&[level(102, 1, Side::Buy, 100)]);
    assert_eq!([0, 1].map(|n| bench.books[n].is_live()), [false, true]);
    // The definition comes; what was before it is not known.
    bench.define(&future(&all[0]), Update::Add);
    bench.levels(&[level(101, 3, Side::Buy, 99)]);
    assert!(!bench.books[0].is_live());
    // A snapshot ends it.
    let knows = bench.numbers[0] - 1;
    let snapshot = Snapshot { security: 101, knows, rpt_seq: 3, instruments: 1, at: SENT };
    let levels = [level(101, 0, Side::Buy, 100), level(101, 0, Side::Sell, 101)];
    bench.send(Role::Snapshot, |packet| packet.snapshot(snapshot, &levels));
    bench.levels(&[level(101, 4, Side::Sell, 101)]);
    assert_eq!([0, 1].map(|n| bench.books[n].is_live()), [true, true], "{:?}", bench.decoder.counts());
}
