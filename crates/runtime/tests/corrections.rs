//! What must not count: times that cannot be, and trades that were taken back. Captures written packet by packet, with and
//! without them: what is made of both must be the same.

use net::capture::{Endpoint, Writer};
use runtime::config::{Latency, MarketDataLatency};
use runtime::query::{Bar, Every, Question};
use runtime::source::{Progress, Recording, Selection, open};
use runtime::stamps::{AHEAD, BEHIND, Stamps, can_be};
use runtime::survey::{Survey, survey};
use runtime::{Config, Feed, routes::Ways};
use sim::market::{Line, Product};
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use stdx::Prng;
use types::{Event, Flags, InstrumentId, Lots, Nanos, Phase, Side, Ticks, Trade};
use venues::cme::encode::{Future, Level, PacketWriter, Trade as Made};
use venues::cme::{Action, MatchEvent};

/// 2026-01-05T15:00:00Z
const STARTS_AT: i64 = 1_767_625_200_000_000_000;
const SECOND: i64 = 1_000_000_000;
const WEEK: i64 = 7 * 86_400 * SECOND;
const TICK: i64 = 25_000_000_000;

/// What a packet tells.
#[derive(Clone, Copy, Debug)]
enum Tells {
    /// A bid and an ask, the bid at so many ticks.
    Quote(i64),
    /// A trade by number: ticks and size.
    Trade(u32, i64, i32),
    /// That it never was.
    Bust(u32, i64, i32),
    /// That it was of this size.
    Correct(u32, i64, i32),
}

/// Writes a packet's message.
type Write = Box<dyn FnMut(&mut PacketWriter<'_>)>;

/// A packet: when it was received, what its stamp is wrong by, what it tells.
type Packet = (i64, i64, Tells);

/// A capture of these packets.
fn capture(packets: &[Packet]) -> Vec<u8> {
    capture_of(packets, |_| {})
}

/// The same with another definition.
fn capture_of(packets: &[Packet], change: fn(&mut Future<'_>)) -> Vec<u8> {
    let es = Product::es();
    let mut future = Future {
        security: es.security,
        symbol: &es.symbol,
        group: &es.asset,
        asset: &es.asset,
        currency: &es.currency,
        wire_tick_nanos: es.wire_tick_nanos,
        display_factor_nanos: es.display_factor_nanos,
        tick_amount_nanos: es.tick_amount_nanos,
        unit_size_nanos: es.unit_size_nanos,
        phase: Phase::Open,
    };
    change(&mut future);
    let mut writer = Writer::new(Vec::new()).expect("memory takes it");
    let (mut rpt_seq, mut standing) = (0, false);
    let mut send = |sequence: usize, at: i64, write: &mut dyn FnMut(&mut PacketWriter<'_>), update: u8| {
        let mut bytes = Vec::new();
        let sequence = u32::try_from(sequence).expect("few");
        let mut packet = PacketWriter::begin(&mut bytes, sequence, Nanos(at));
        write(&mut packet);
        let _length = packet.finish();
        // MDUpdateAction of the first trade: 25 bytes into the entry, behind packet, message and group.
        if update > 0 {
            bytes[12 + 10 + 11 + 3 + 25] = update;
        }
        let line = Line::A.destination();
        let (source, group) =
            (Endpoint { ip: [10, 0, 0, 1], port: 1 }, Endpoint { ip: line.ip, port: line.port });
        writer.datagram(Nanos(at), source, group, &bytes).expect("memory takes it");
    };
    send(1, STARTS_AT - SECOND, &mut |packet| packet.future(&future, Nanos(STARTS_AT - SECOND)), 0);
    for (place, &(received_at, wrong_by, tells)) in packets.iter().enumerate() {
        // Some 50 µs on the way.
        let at = Nanos(received_at - 50_000 - received_at % 7 * 1_000 + wrong_by);
        let mut next = || {
            rpt_seq += 1;
            rpt_seq
        };
        let trade = |id, ticks, size, rpt_seq| {
            let (security, price_nanos) = (es.security, ticks * TICK);
            [Made { security, rpt_seq, price_nanos, size, orders: 0, aggressor: Some(Side::Buy), id }]
        };
        let (write, update): (Write, u8) = match tells {
            Tells::Quote(ticks) => {
                let action =
                    if std::mem::replace(&mut standing, true) { Action::Change } else { Action::New };
                let level = |side, rpt_seq| Level {
                    security: es.security,
                    rpt_seq,
                    side,
                    implied: false,
                    action,
                    depth: 1,
                    price_nanos: (ticks + i64::from(side == Side::Sell)) * TICK,
                    size: 5,
                    orders: 1,
                };
                let levels = [level(Side::Buy, next()), level(Side::Sell, next())];
                (Box::new(move |packet| packet.book(at, MatchEvent::END, &levels, &[])), 0)
            }
            Tells::Trade(id, ticks, size) => {
                let trades = trade(id, ticks, size, next());
                (Box::new(move |packet| packet.trades(at, MatchEvent::END, &trades, &[])), 0)
            }
            Tells::Correct(id, ticks, size) => {
                let trades = trade(id, ticks, size, next());
                (Box::new(move |packet| packet.trades(at, MatchEvent::END, &trades, &[])), 1)
            }
            Tells::Bust(id, ticks, size) => {
                let trades = trade(id, ticks, size, next());
                (Box::new(move |packet| packet.trades(at, MatchEvent::END, &trades, &[])), 2)
            }
        };
        let mut write = write;
        send(place + 2, received_at, &mut *write, update);
    }
    writer.finish().expect("memory takes it")
}

fn memory(packets: &[Packet]) -> Recording {
    Recording::Memory { name: "made.pcap".into(), bytes: Arc::from(capture(packets)) }
}

fn surveyed(recording: &Recording) -> Survey {
    survey(std::slice::from_ref(recording), |_| {}).expect("it can be read")
}

struct Scratch(PathBuf);

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// The bars that a question to the capture gives.
fn bars(packets: &[Packet], every: Every, name: &str) -> Vec<Bar> {
    let folder = std::env::temp_dir().join(format!("quoin-corrections-{name}-{}", std::process::id()));
    let scratch = Scratch(folder.clone());
    fs::create_dir_all(&scratch.0).expect("a temporary folder");
    let path = scratch.0.join("made.pcap");
    fs::write(&path, capture(packets)).expect("written");
    let config = Config::default();
    let question = Question::new(&[path], Selection::default(), &config).expect("it can be asked");
    question.bars(every).expect("it answers")
}

/// Quotes and trades, some hundred a second, a trade of each number once.
fn session(prng: &mut Prng, count: usize) -> Vec<Packet> {
    let mut at = STARTS_AT;
    (0..count)
        .map(|place| {
            at += prng.between(1, 20_000_000);
            let ticks = 100 + prng.between(-3, 3);
            let tells = if place % 3 == 0 {
                Tells::Quote(ticks)
            } else {
                let id = u32::try_from(place).expect("few");
                Tells::Trade(id, ticks, i32::try_from(prng.between(1, 9)).expect("small"))
            };
            (at, 0, tells)
        })
        .collect()
}

/// Each moment that a feed gives: its time there and with us, and the event.
fn moments(
    recording: &Recording,
    survey: &Survey,
    by: MarketDataLatency,
) -> (Vec<(Nanos, Nanos, Event)>, String) {
    let config = Config::default();
    let table = survey.table(&config).expect("terms fit");
    let latency = Latency { market_data: by, ..Latency::default() };
    let ways = Ways::new(&latency, &[]);
    let data = ways.data(&Prng::new(0));
    let source = open(recording, &Progress::default()).expect("it opens");
    let mut feed =
        Feed::new(vec![(source, &survey.files[0])], survey.directory(&table), ways, data).expect("it reads");
    let mut given = Vec::new();
    while let Some(moment) = feed.take().expect("it reads") {
        given.push((moment.venue_at, moment.received_at, moment.event));
    }
    (given, feed.faults().iter().map(ToString::to_string).collect())
}

#[test]
fn t_05_an_event_of_the_future_or_of_last_week_is_part_of_no_latency_no_bar_and_no_order_of_events() {
    for seed in 0..12 {
        let mut prng = Prng::new(seed);
        let sound = session(&mut prng, 400);
        let mut spoiled = sound.clone();
        let mut wrong = Vec::new();
        for place in 5..spoiled.len() {
            // Never the last ones: then nothing would follow to be in order with.
            if place + 5 < spoiled.len() && prng.chance(0.03) {
                let by = [3 * 3_600 * SECOND, 75 * 365 * 86_400 * SECOND, -WEEK, -400 * 86_400 * SECOND];
                spoiled[place].1 = by[usize::try_from(prng.below(4)).expect("small")];
                wrong.push(place);
            }
        }
        let future = wrong.iter().filter(|place| spoiled[**place].1 > 0).count();
        // What is left when they are not there at all; quotes stay, for the book is made of them.
        let is_trade = |place: &usize| matches!(sound[*place].2, Tells::Trade(..));
        let without: Vec<Packet> = (0..sound.len())
            .filter(|place| !(wrong.contains(place) && is_trade(place)))
            .map(|place| sound[place])
            .collect();
        let (recording, clean) = (memory(&spoiled), memory(&sound));
        let (found, expected) = (surveyed(&recording), surveyed(&clean));
        // Safety: neither span nor latency knows of them, and they are counted.
        let quotes = wrong.iter().filter(|place| !is_trade(place)).count();
        let counted = found.files[0].counts.iter().find(|(name, _)| name == "times that cannot be");
        let events = u64::try_from(wrong.len() + quotes).expect("few");
        assert_eq!(counted.map_or(0, |(_, count)| *count), events, "seed {seed}");
        let (ours, theirs) = (&found.files[0], &expected.files[0]);
        assert_eq!(ours.span, theirs.span, "seed {seed}");
        assert_eq!((ours.latency_negative, ours.out_of_order), (0, 0), "seed {seed}");
        assert_eq!(ours.latency_least, theirs.latency_least, "seed {seed}");
        let name = format!("stamps-{seed}");
        for every in [Every::Time(Nanos(SECOND)), Every::Trades(7), Every::Volume(20 * SECOND)] {
            assert_eq!(bars(&spoiled, every, &name), bars(&without, every, &name), "seed {seed}: {every:?}");
        }
        // Liveness: every event is given, in order, about when it came, and nothing waits for the year 2100.
        for by in [MarketDataLatency::Modelled, MarketDataLatency::Recorded] {
            let (given, said) = moments(&recording, &found, by);
            let (clean, _) = moments(&clean, &expected, by);
            assert_eq!(given.len(), clean.len(), "seed {seed}");
            assert!(
                given.windows(2).all(|pair| pair[0].0 <= pair[1].0 && pair[0].1 <= pair[1].1),
                "seed {seed}"
            );
            let last = &clean[clean.len() - 1];
            assert_eq!((given[given.len() - 1].0, given[given.len() - 1].1), (last.0, last.1), "seed {seed}");
            for (ours, theirs) in given.iter().zip(&clean) {
                assert!((ours.1 - theirs.1).0.abs() < 100_000_000, "seed {seed}: {ours:?} {theirs:?}");
            }
            assert_eq!(said.contains("bear times that cannot be"), future > 0, "seed {seed}: {said}");
        }
    }
}

#[test]
fn t_05_a_recorder_s_clock_that_is_set_is_not_a_thousand_wrong_stamps() {
    let trade = |at: i64| {
        Event::Trade(Trade {
            venue_at: Nanos(at),
            price: Ticks(1),
            size: Lots(1),
            id: 1,
            instrument: InstrumentId(0),
            price_fraction: 0,
            aggressor: None,
            flags: Flags::NONE,
        })
    };
    let mut stamps = Stamps::default();
    let mut judged = |count: i64, ahead: i64| {
        (0..count)
            .filter(|n| !stamps.note(Nanos(STARTS_AT + n * SECOND + ahead), &trade(STARTS_AT + n * SECOND)))
            .count()
    };
    assert_eq!(judged(500, 1_000), 0);
    // Set back by an hour, it disagrees for a while and is then believed; forward again, too.
    assert_eq!(judged(500, -3_600 * SECOND), 64);
    assert_eq!(judged(500, 2_000), 0, "an hour later than the least is no week");
    assert_eq!(judged(500, 3 * WEEK), 64);
    let cases = [(0, true), (AHEAD.0, true), (AHEAD.0 + 1, false), (-BEHIND.0, true), (-BEHIND.0 - 1, false)];
    for (wrong_by, expected) in cases {
        let received_at = Nanos(STARTS_AT + 500);
        assert_eq!(can_be(Nanos(STARTS_AT + wrong_by), received_at, Nanos(500)), expected, "{wrong_by}");
    }
    // The ends of the type are judged, too.
    assert!(!can_be(Nanos::MAX, Nanos(0), Nanos(0)) && !can_be(Nanos::MIN, Nanos(0), Nanos(0)));
}

#[test]
fn f_25_bars_and_averages_are_those_of_the_trades_that_were_not_taken_back() {
    let mut compared = 0;
    for seed in 0..20 {
        let mut prng = Prng::new(100 + seed);
        let session = session(&mut prng, 300);
        let (mut told, mut left) = (Vec::new(), Vec::new());
        let mut due: Vec<(usize, Packet)> = Vec::new();
        let mut taken_back = 0;
        for (place, packet) in session.iter().enumerate() {
            let (at, _, tells) = *packet;
            told.push(*packet);
            // Some trades are busted or corrected some packets later; the corrected size counts from then on.
            match tells {
                Tells::Trade(id, ticks, size) if prng.chance(0.15) => {
                    taken_back += 1;
                    let corrected = prng.chance(0.4);
                    let tells = match corrected {
                        true => Tells::Correct(id, ticks, size + 3),
                        false => Tells::Bust(id, ticks, size),
                    };
                    due.push((place + usize::try_from(prng.below(9)).expect("small"), (0, 0, tells)));
                }
                Tells::Quote(_) | Tells::Trade(..) | Tells::Bust(..) | Tells::Correct(..) => {
                    left.push(*packet)
                }
            }
            // Sent just behind this packet, each a microsecond later.
            let (now, later): (Vec<_>, Vec<_>) = due.into_iter().partition(|(when, _)| *when <= place);
            due = later;
            for (number, (_, (_, _, tells))) in now.into_iter().enumerate() {
                let at = at + 1 + i64::try_from(number).expect("few");
                told.push((at, 0, tells));
                if let Tells::Correct(id, ticks, size) = tells {
                    left.push((at, 0, Tells::Trade(id, ticks, size)));
                }
            }
        }
        let pending: Vec<u32> = due
            .iter()
            .filter_map(|(_, (.., tells))| match tells {
                Tells::Correct(id, ..) | Tells::Bust(id, ..) => Some(*id),
                Tells::Quote(_) | Tells::Trade(..) => None,
            })
            .collect();
        // What the session ends before stays as it was told.
        if !pending.is_empty() {
            continue;
        }
        assert!(taken_back > 10, "seed {seed}");
        let name = format!("busts-{seed}");
        for every in [Every::Time(Nanos(SECOND)), Every::Trades(5), Every::Volume(17 * SECOND)] {
            let ours = bars(&told, every, &name);
            let theirs = bars(&left, every, &name);
            let shape = |bars: &[Bar]| -> Vec<_> {
                bars.iter()
                    .map(|bar| (bar.open, bar.high, bar.low, bar.close, bar.volume, bar.value, bar.trades))
                    .collect()
            };
            assert_eq!(shape(&ours), shape(&theirs), "seed {seed}: {every:?}");
            let vwap = |bars: &[Bar]| bars.iter().map(Bar::vwap).collect::<Vec<_>>();
            assert_eq!(vwap(&ours), vwap(&theirs), "seed {seed}: {every:?}");
        }
        compared += 1;
    }
    assert!(compared > 5, "{compared} sessions");
}

#[test]
fn o_09_what_is_defined_in_two_ways_is_not_traded_until_a_person_says_which_holds() {
    let packets = session(&mut Prng::new(9), 60);
    let recordings = |second: fn(&mut Future<'_>)| {
        let bytes = [capture(&packets), capture_of(&packets, second)];
        let named = bytes.into_iter().zip(["monday.pcap", "tuesday.pcap"]);
        named
            .map(|(bytes, name)| Recording::Memory { name: name.into(), bytes: Arc::from(bytes) })
            .collect::<Vec<_>>()
    };
    let config =
        |more: &str| Config::parse(&format!("[trading]\nsymbols = [\"ESH6\"]\n{more}")).expect("sound");
    let same: fn(&mut Future<'_>) = |_| {};
    // A halved contract, as by a corporate action that nobody told.
    let halved: fn(&mut Future<'_>) = |future| {
        future.unit_size_nanos /= 2;
        future.tick_amount_nanos /= 2;
    };
    assert!(runtime::prepare(recordings(same), config(""), |_| {}).is_ok());
    let refused = runtime::prepare(recordings(halved), config(""), |_| {}).map(|_| ()).expect_err("refused");
    let said = refused.to_string();
    assert!(said.contains("ESH6 is defined in two ways") && said.contains("multiplier 50 USD"), "{said}");
    assert!(said.contains("multiplier 25 USD") && said.contains("[[instrument]]"), "{said}");
    // Without a word of the configuration the busiest is traded, and that is it.
    assert!(runtime::prepare(recordings(halved), Config::default(), |_| {}).is_err());
    // It ends when a person says which.
    let more = "\n[[instrument]]\nsymbol = \"ESH6\"\ntick = \"0.25\"\nmultiplier = \"50\"\n";
    let prepared = runtime::prepare(recordings(halved), config(more), |_| {}).expect("resolved");
    assert_eq!(prepared.table.instruments[0].terms().multiplier_nanos, 50_000_000_000);
}

#[test]
fn o_07_what_is_configured_otherwise_has_another_hash_and_the_same_the_same() {
    let packets = session(&mut Prng::new(7), 60);
    let hash = |more: &str, packets: &[Packet]| {
        let config = Config::parse(&format!("[trading]\nsymbols = [\"ESH6\"]\n{more}")).expect("sound");
        runtime::prepare(vec![memory(packets)], config, |_| {}).expect("it makes a run").setup.hash()
    };
    let first = hash("", &packets);
    assert_eq!(hash("", &packets), first);
    // A setup that went through a journal is the same one.
    let setup = runtime::prepare(vec![memory(&packets)], Config::default(), |_| {}).expect("a run").setup;
    let read = runtime::Setup::from_json(setup.to_json().as_bytes()).expect("our own form");
    assert_eq!(read.hash(), setup.hash());
    let others = [
        hash("seed = 5\n", &packets),
        hash("[risk]\nmax_position = 3\n", &packets),
        hash("[latency]\norder_ns = 77\n", &packets),
        hash("", &packets[..59]),
    ];
    for (place, other) in others.iter().enumerate() {
        assert!(*other != first && !others[..place].contains(other), "{place}");
    }
}
