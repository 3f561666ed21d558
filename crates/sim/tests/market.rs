//! The generated market, read through the ordinary decoder and books.

mod common;

use book::{Book, Level};
use common::{Reader, config};
use sim::market::exchange::Exchange;
use sim::market::{Config, Generator, Kind, Line, Product};
use types::{Event, Flags, InstrumentId, MarketOrderId, Nanos, Phase, Side, Ticks};

/// Books of one session: what the orders add up to, and what the levels say.
struct Books {
    by_order: Vec<Book>,
    by_level: Vec<Book>,
}

impl Books {
    fn new(count: usize) -> Self {
        Self {
            by_order: (0..count).map(|_| Book::empty()).collect(),
            by_level: (0..count).map(|_| Book::with_depths(10, 2)).collect(),
        }
    }

    fn apply(&mut self, event: &Event) {
        match event {
            Event::Level(delta) => {
                self.by_level[delta.instrument.index()].apply_level(delta);
                self.by_order[delta.instrument.index()].apply_level(delta);
            }
            Event::Order(delta) => {
                self.by_order[delta.instrument.index()].apply_order(delta);
            }
            Event::Gap(gap) => panic!("a gap: {gap:?}"),
            Event::Trade(_)
            | Event::Status(_)
            | Event::Report(_)
            | Event::Timer(_)
            | Event::Operator(_)
            | Event::Cash(_)
            | Event::Session(_)
            | Event::DropCopy(_)
            | Event::Clock(_) => {}
            Event::Statistic(_) | Event::QuoteRequest(_) | Event::TradeBust(_) | Event::Bar { .. } => {}
        }
    }
}

fn top(book: &Book, side: Side) -> Vec<Level> {
    book.levels(side).take(10).collect()
}

fn true_levels(exchange: &Exchange, side: Side, count: usize) -> Vec<Level> {
    let levels = exchange.levels(side).take(count).map(|level| Level {
        price: level.price,
        size: level.size,
        orders: level.orders,
    });
    levels.collect()
}

/// Compares both books of a product with the truth: the ten best levels of either, and each order's place.
fn compare(books: &Books, generator: &Generator, product: usize, deep: bool, said: &str) {
    let exchange = generator.exchange(product);
    for side in Side::BOTH {
        let truth = true_levels(exchange, side, 10);
        assert_eq!(top(&books.by_order[product], side), truth, "{said}");
        assert_eq!(top(&books.by_level[product], side), truth, "{said}");
        let book = books.by_order[product].by_order().expect("orders came");
        let levels = true_levels(exchange, side, if deep { usize::MAX } else { 1 });
        for level in levels {
            let queue = book.queue(side, level.price).map(|(id, order)| (id, order.size));
            let expected = exchange.queue(side, level.price).map(|order| {
                let id = Generator::wire_order(product, order.id);
                (MarketOrderId(id), order.size)
            });
            assert!(queue.eq(expected), "{said}: the queue at {}", level.price);
        }
    }
}

#[test]
fn levels_orders_and_the_true_book_agree_after_every_event() {
    for kind in [Kind::QueueReactive, Kind::Hawkes, Kind::Poisson] {
        for seed in 1..=2 {
            let config = Config { kind, seed, duration: Nanos::from_secs(60), ..Config::default() };
            let mut generator = Generator::new(config);
            let mut reader = Reader::new(generator.products());
            let mut books = Books::new(2);
            let mut steps = 0_u32;
            while let Some(step) = generator.step(&mut |at, line, bytes| {
                if line == Line::A {
                    reader.packet(at, line, bytes);
                }
            }) {
                let said = format!("{kind:?}, seed {seed}, step {steps}: {step:?}");
                assert!(reader.out.faults.is_empty(), "{said}: {:?}", reader.out.faults);
                // Every event ends its packet, and the books are live then.
                let last = reader.out.arrivals.last().map(|arrival| arrival.event);
                for arrival in reader.out.arrivals.drain(..) {
                    books.apply(&arrival.event);
                }
                if let Some(Event::Order(delta)) = last {
                    assert!(delta.flags.has(Flags::LAST), "{said}");
                    assert!(books.by_order[delta.instrument.index()].is_live(), "{said}");
                }
                steps += 1;
                compare(&books, &generator, step.product, steps % 500 == 1, &said);
            }
            assert!(steps > 15_000, "{kind:?} {seed}: {steps} steps");
            for product in 0..2 {
                compare(&books, &generator, product, true, "at the end");
                assert_eq!(books.by_order[product].unknown(), 0);
                assert_eq!(books.by_level[product].unknown(), 0);
            }
        }
    }
}

#[test]
fn definitions_come_first_then_the_opening_then_the_book() {
    let generator = &mut Generator::new(Config { duration: Nanos::from_secs(1), ..Config::default() });
    let mut reader = Reader::new(generator.products());
    let mut survey = venues::Directory::survey();
    let mut scout = venues::cme::Decoder::new();
    let mut scouted = venues::Output::default();
    generator.run(&mut |at, line, bytes| {
        reader.packet(at, line, bytes);
        scout.packet(at, line.destination(), bytes, 0, &mut survey, &mut scouted);
    });
    let count = |name: &str| {
        let counts = reader.counts();
        let found: u64 = counts.iter().filter(|(what, _)| what.contains(name)).map(|(_, n)| n).sum();
        found
    };
    // Second copies are not looked into.
    assert_eq!(count("message 54 "), 2);
    assert_eq!(count("message 30 "), 2);
    for (symbol, multiplier) in [("ESH6", 50), ("NQH6", 20)] {
        let definition = survey.definition("cme", symbol).expect("defined");
        assert_eq!(definition.tick_nanos, 250_000_000);
        assert_eq!(definition.wire_tick_nanos, 25_000_000_000);
        assert_eq!(definition.multiplier_nanos, multiplier * 1_000_000_000);
        assert_eq!(definition.currency, "USD");
    }
    for product in 0..2 {
        let id = Some(InstrumentId(product));
        let first = reader.out.arrivals.iter().find(|arrival| arrival.event.instrument() == id);
        let first = first.expect("something happens").event;
        let Event::Status(status) = first else {
            panic!("{first:?} comes before the opening");
        };
        assert_eq!((status.phase, status.venue_at), (Phase::Open, Config::default().starts_at));
    }
}

/// Every packet of a session: when, which line, which bytes.
fn packets(config: Config) -> Vec<(Nanos, Line, Vec<u8>)> {
    let mut packets = Vec::new();
    Generator::new(config).run(&mut |at, line, bytes| packets.push((at, line, bytes.to_vec())));
    packets
}

fn sequence(packet: &[u8]) -> u32 {
    u32::from_le_bytes(*packet.first_chunk().expect("a packet has a header"))
}

#[test]
fn both_lines_carry_every_packet_in_order_and_b_comes_later() {
    let packets = packets(config(3, 20));
    assert!(packets.windows(2).all(|pair| pair[0].0 <= pair[1].0), "time runs forward");
    let line = |which| packets.iter().filter(move |packet| packet.1 == which);
    let (a, b): (Vec<_>, Vec<_>) = (line(Line::A).collect(), line(Line::B).collect());
    assert_eq!(a.len(), b.len());
    let mut later = 0_usize;
    for (place, (a, b)) in a.iter().zip(&b).enumerate() {
        assert_eq!(a.2, b.2);
        assert_eq!(usize::try_from(sequence(&a.2)), Ok(place + 1));
        assert!(a.2.len() <= 1_400, "{} bytes", a.2.len());
        later += usize::from(a.0 < b.0);
    }
    assert!(later * 100 > a.len() * 90, "{later} of {}", a.len());
}

#[test]
fn a_packet_lost_on_one_line_comes_on_the_other_and_one_lost_on_both_is_missed() {
    let config = Config { loss: 0.2, ..config(4, 30) };
    let lossless = packets(Config { loss: 0.0, ..config.clone() });
    let lossy = packets(config.clone());
    let sent = lossless.len() / 2;
    let mut seen = std::collections::BTreeMap::new();
    for (_, _, bytes) in &lossy {
        seen.insert(sequence(bytes), bytes);
    }
    // Of n chances of p, n·p come true, give or take 5·√(n·p·(1-p)).
    let is_about = |count: usize, of: usize, p: f64| {
        #[expect(clippy::cast_precision_loss, reason = "some thousand packets")]
        let [count, of] = [count, of].map(|n| n as f64);
        (count - of * p).abs() < 5.0 * (of * p * (1.0 - p)).sqrt()
    };
    for line in [Line::A, Line::B] {
        let came = lossy.iter().filter(|packet| packet.1 == line).count();
        assert!(is_about(sent - came, sent, 0.2), "{line:?}: {came} of {sent}");
    }
    let missing = sent - seen.len();
    assert!(is_about(missing, sent, 0.04), "{missing} of {sent} on neither line");
    for (_, _, bytes) in &lossless {
        assert!(seen.get(&sequence(bytes)).is_none_or(|seen| *seen == bytes));
    }
    let mut reader = Reader::new(&config.products);
    for (at, line, bytes) in &lossy {
        reader.packet(*at, *line, bytes);
    }
    reader.finish(Nanos::MAX);
    assert!(reader.out.arrivals.iter().any(|arrival| matches!(arrival.event, Event::Gap(_))));
    let counts = reader.decoder.counts();
    let lost = counts.iter().find(|(name, _)| name == "packets lost").map_or(0, |(_, count)| *count);
    // What is missing behind the last that came nobody can know.
    let last = lossy.iter().map(|packet| sequence(&packet.2)).max().expect("some came");
    let first = lossy.iter().map(|packet| sequence(&packet.2)).min().expect("some came");
    let due = (last - first + 1) as usize - seen.len();
    assert_eq!(lost, due as u64);
}

#[test]
fn a_silent_channel_says_that_it_is_alive() {
    let slow = Product { pace: 0.000_02, ..Product::es() };
    let config = Config { products: vec![slow], duration: Nanos::from_secs(600), ..config(5, 0) };
    let packets = packets(config);
    let heartbeats = packets.iter().filter(|packet| packet.2.len() == 12 + 10).count();
    assert!(heartbeats >= 20, "{heartbeats}");
    let a: Vec<_> = packets.iter().filter(|packet| packet.1 == Line::A).collect();
    for pair in a.windows(2) {
        let silence = pair[1].0 - pair[0].0;
        assert!(silence <= Nanos::from_millis(30_001), "{silence:?}");
        assert_eq!(sequence(&pair[1].2), sequence(&pair[0].2) + 1);
    }
}

#[test]
fn without_orders_only_levels_and_trades_are_sent() {
    let with = packets(config(6, 10));
    let without = packets(Config { by_order: false, ..config(6, 10) });
    let read = |packets: &[(Nanos, Line, Vec<u8>)]| {
        let mut reader = Reader::new(&[Product::es()]);
        for (at, line, bytes) in packets {
            reader.packet(*at, *line, bytes);
        }
        reader.out.arrivals
    };
    let plain: Vec<Event> = read(&without).iter().map(|arrival| arrival.event).collect();
    assert!(!plain.iter().any(|event| matches!(event, Event::Order(_))));
    let changes = |event: &Event| match event {
        Event::Level(level) => Some((level.venue_at, level.price, level.size, level.depth)),
        Event::Trade(trade) => Some((trade.venue_at, trade.price, trade.size, 0)),
        Event::Order(_)
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
        | Event::Bar { .. } => None,
    };
    let full: Vec<_> = read(&with).iter().filter_map(|arrival| changes(&arrival.event)).collect();
    assert_eq!(plain.iter().filter_map(changes).collect::<Vec<_>>(), full);
    // The last of each packet's changes says so.
    let mut book = Book::with_depths(10, 2);
    for event in &plain {
        if let Event::Level(delta) = event {
            book.apply_level(delta);
        }
    }
    assert!(book.is_live());
}

/// FNV-1a over times, lines and bytes.
fn fingerprint(config: Config) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    let mut eat = |bytes: &[u8]| {
        for &byte in bytes {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    };
    Generator::new(config).run(&mut |at, line, bytes| {
        eat(&at.0.to_le_bytes());
        eat(&[u8::from(line == Line::B)]);
        eat(bytes);
    });
    hash
}

#[test]
fn the_same_seed_gives_the_same_bytes_on_every_host() {
    // A changed number is a changed session for everybody who quotes one by its seed.
    let pinned = [
        (Kind::QueueReactive, 0xe553_7f31_a275_f9c6),
        (Kind::Hawkes, 0x0578_d345_a556_bcd2),
        (Kind::Poisson, 0xbb94_0882_f013_0806),
    ];
    let session = |kind, seed| Config { kind, seed, duration: Nanos::from_secs(10), ..Config::default() };
    let found = pinned.map(|(kind, _)| (kind, fingerprint(session(kind, 1))));
    assert_eq!(found, pinned, "{found:x?}");
    assert_ne!(fingerprint(session(Kind::Poisson, 2)), found[2].1);
}

/// What a session's book did, seen once every 100 ms.
struct Seen {
    steps: u64,
    seconds: f64,
    spread_one: f64,
    trades: u64,
    mid_moves: u64,
    range: (f64, f64),
    queue_mean: f64,
    /// Mean change of the best queue over a second, after it was short and after it was long.
    drift: (f64, f64),
    dispersion: f64,
}

#[expect(clippy::cast_precision_loss, reason = "statistics")]
fn watch(config: Config) -> Seen {
    let start = config.starts_at;
    let seconds = config.duration.to_secs_f64();
    let mut generator = Generator::new(config);
    let mut reader = Reader::new(generator.products());
    let mut seen = Seen {
        steps: 0,
        seconds,
        spread_one: 0.0,
        trades: 0,
        mid_moves: 0,
        range: (f64::MAX, f64::MIN),
        queue_mean: 0.0,
        drift: (0.0, 0.0),
        dispersion: 0.0,
    };
    let (mut queues, mut trades_by_second, mut next, mut mid_before) = (Vec::new(), Vec::new(), start, 0.0);
    let mut traded = 0;
    while let Some(step) = generator.step(&mut |at, line, bytes| reader.packet(at, line, bytes)) {
        seen.steps += 1;
        let trades = reader.out.arrivals.drain(..);
        traded += trades.filter(|arrival| matches!(arrival.event, Event::Trade(_))).count();
        let exchange = generator.exchange(0);
        let (Some(bid), Some(ask)) = (exchange.best(Side::Buy), exchange.best(Side::Sell)) else {
            panic!("a side is empty at {:?}", step.at);
        };
        let mid = (bid.0 + ask.0) as f64 * 0.5;
        seen.mid_moves += u64::from((mid - mid_before).abs() > 0.1);
        mid_before = mid;
        seen.range = (seen.range.0.min(mid), seen.range.1.max(mid));
        while step.at >= next {
            queues.push((bid, exchange.level(Side::Buy, bid).size.0 as f64));
            seen.spread_one += f64::from(u8::from(ask - bid == 1));
            if queues.len() % 10 == 0 {
                trades_by_second.push(traded as f64);
                seen.trades += traded as u64;
                traded = 0;
            }
            next = next + Nanos::from_millis(100);
        }
    }
    let count = queues.len() as f64;
    seen.spread_one /= count;
    seen.queue_mean = queues.iter().map(|queue| queue.1).sum::<f64>() / count;
    let mut changes = [Vec::new(), Vec::new()];
    for pair in queues.windows(11) {
        // At the same price, or the change is another queue's.
        if pair.iter().all(|queue: &(Ticks, f64)| queue.0 == pair[0].0) {
            changes[usize::from(pair[0].1 > seen.queue_mean)].push(pair[10].1 - pair[0].1);
        }
    }
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    seen.drift = (mean(&changes[0]), mean(&changes[1]));
    let rate = mean(&trades_by_second);
    let variance = trades_by_second.iter().map(|n| (n - rate).powi(2)).sum::<f64>();
    seen.dispersion = variance / trades_by_second.len() as f64 / rate;
    seen
}

#[test]
fn actions_come_as_often_as_the_rates_say() {
    for kind in [Kind::QueueReactive, Kind::Hawkes, Kind::Poisson] {
        let mut generator = Generator::new(Config { kind, ..config(7, 300) });
        generator.run(&mut |_, _, _| {});
        for (what, tally) in ["limit", "cancel", "market"].iter().zip(generator.tallies(0)) {
            #[expect(clippy::cast_precision_loss, reason = "a count far below 2⁵³")]
            let off = (tally.count as f64 - tally.expected) / tally.variance.sqrt();
            assert!(off.abs() < 5.0, "{kind:?} {what}: {off:.1} deviations of {tally:?}");
            assert!(tally.count > 500, "{kind:?} {what}: {tally:?}");
        }
    }
}

#[test]
#[expect(clippy::cast_precision_loss, reason = "statistics")]
fn the_market_looks_like_a_market() {
    let mut dispersion = 0.0;
    for kind in [Kind::QueueReactive, Kind::Hawkes, Kind::Poisson] {
        let seen = watch(Config { kind, ..config(8, 900) });
        let rate = seen.steps as f64 / seen.seconds;
        println!(
            "{kind:?}: {rate:.0} actions/s, {:.1} trades/s, spread 1 tick {:.3}, {:.2} mid moves/s, mid {:.1}..{:.1}, \
             queue {:.1}, drift {:.2}/{:.2}, dispersion {:.2}",
            seen.trades as f64 / seen.seconds,
            seen.spread_one,
            seen.mid_moves as f64 / seen.seconds,
            seen.range.0 - 27_600.0,
            seen.range.1 - 27_600.0,
            seen.queue_mean,
            seen.drift.0,
            seen.drift.1,
            seen.dispersion,
        );
        // Wide bounds: they hold the model to its shape, not to a seed.
        assert!((150.0..350.0).contains(&rate), "{rate}");
        assert!((0.02..0.08).contains(&(seen.trades as f64 / seen.steps as f64)), "{kind:?}");
        assert!(seen.spread_one > 0.9, "{kind:?}: {}", seen.spread_one);
        assert!((0.3..6.0).contains(&(seen.mid_moves as f64 / seen.seconds)), "{kind:?}");
        // The fair value wanders with a deviation of 40 ticks.
        assert!(seen.range.0 > 27_600.0 - 200.0 && seen.range.1 < 27_600.0 + 200.0);
        assert!(seen.range.1 - seen.range.0 > 10.0);
        assert!((8.0..60.0).contains(&seen.queue_mean), "{kind:?}: {}", seen.queue_mean);
        // Short queues grow, long ones shrink.
        assert!(seen.drift.0 > 1.0 && seen.drift.1 < -1.0, "{kind:?}: {:?}", seen.drift);
        if kind == Kind::QueueReactive {
            dispersion = seen.dispersion;
        } else if kind == Kind::Hawkes {
            // Market orders that excite each other come in clusters; the weather is the same for both.
            assert!(seen.dispersion > 1.1 * dispersion, "{} against {dispersion}", seen.dispersion);
        }
    }
}
