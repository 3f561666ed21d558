//! The Binance decoder against the six recorded files, with `serde_json` as the second reader of every line.

#![allow(clippy::wildcard_enum_match_arm, reason = "a test looks at the kinds of event it is about")]

use flate2::read::MultiGzDecoder;
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::Read;
use types::{Arrival, Event, Flags, LevelAction, Side};
use venues::binance::{Decoder, Market};
use venues::{Decode, Directory, Output};

struct Recording {
    file: &'static str,
    market: Market,
    symbol: &'static str,
    /// bookTicker, depthUpdate, trade; one snapshot each.
    lines: [u64; 3],
}

const RECORDINGS: [Recording; 6] = [
    Recording {
        file: "spot/btcusdt_20240808.gz",
        market: Market::Spot,
        symbol: "BTCUSDT",
        lines: [28_040, 3_451, 9_757],
    },
    Recording {
        file: "spot/ethusdt_20240808.gz",
        market: Market::Spot,
        symbol: "ETHUSDT",
        lines: [24_077, 3_434, 6_106],
    },
    Recording {
        file: "usdm/btcusdt_20240808.gz",
        market: Market::UsdM,
        symbol: "BTCUSDT",
        lines: [66_089, 6_551, 21_313],
    },
    Recording {
        file: "usdm/ethusdt_20240808.gz",
        market: Market::UsdM,
        symbol: "ETHUSDT",
        lines: [53_992, 6_586, 14_076],
    },
    Recording {
        file: "cm/btcusd_perp_20240808.gz",
        market: Market::CoinM,
        symbol: "BTCUSD_PERP",
        lines: [19_136, 26_847, 2_286],
    },
    Recording {
        file: "cm/ethusd_perp_20240808.gz",
        market: Market::CoinM,
        symbol: "ETHUSD_PERP",
        lines: [15_812, 22_909, 1_732],
    },
];

fn text(file: &str) -> Option<Vec<u8>> {
    let path = testkit::data::recorded(&format!("binance-l2/{file}"))?;
    let packed = std::fs::read(path).expect("a recorded file can be read");
    let mut text = Vec::new();
    MultiGzDecoder::new(&packed[..]).read_to_end(&mut text).expect("a recorded file is whole");
    Some(text)
}

/// Feeds a text in pieces of `piece` bytes.
fn feed(decoder: &mut Decoder, text: &[u8], piece: usize, directory: &mut Directory, out: &mut Output) {
    let (mut start, mut end) = (0, 0);
    while end < text.len() {
        end = text.len().min(end + piece);
        start += decoder.decode(&text[start..end], directory, out);
    }
    decoder.finish(&text[start..], directory, out);
}

fn decode(text: &[u8]) -> (Decoder, Directory, Output) {
    let (mut directory, mut out) = (Directory::survey(), Output::default());
    let mut decoder = Decoder::new(None);
    feed(&mut decoder, text, usize::MAX / 2, &mut directory, &mut out);
    (decoder, directory, out)
}

fn counts(decoder: &Decoder) -> BTreeMap<String, u64> {
    decoder.counts().into_iter().collect()
}

/// One change of a level, as the test compares it: times, action, side, price and size in nanos, marks.
type Change = (i64, i64, LevelAction, Side, i64, i64, Flags);
/// One trade: times, price, size, number, aggressor.
type Print = (i64, i64, i64, i64, u64, Side);

fn changes(arrivals: &[Arrival]) -> Vec<Change> {
    let change = |arrival: &Arrival| match arrival.event {
        Event::Level(e) => {
            Some((arrival.received_at.0, e.venue_at.0, e.action, e.side, e.price.0, e.size.0, e.flags))
        }
        _ => None,
    };
    arrivals.iter().filter_map(change).collect()
}

fn prints(arrivals: &[Arrival]) -> Vec<Print> {
    let print = |arrival: &Arrival| match arrival.event {
        Event::Trade(e) => Some((
            arrival.received_at.0,
            e.venue_at.0,
            e.price.0,
            e.size.0,
            e.id,
            e.aggressor.expect("Binance always says"),
        )),
        _ => None,
    };
    arrivals.iter().filter_map(print).collect()
}

/// What another reader makes of a recording: `serde_json`, and the rules of the local book written down once
/// more, in the obvious way.
#[derive(Default)]
struct Obvious {
    changes: Vec<Change>,
    prints: Vec<Print>,
    /// Updates older than the snapshot.
    dropped: u64,
}

fn nanos(decimal: &Value) -> i64 {
    let text = decimal.as_str().expect("decimals are texts");
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    format!("{whole}{part:0<9}").parse().expect("a decimal with at most nine places")
}

fn obvious(text: &[u8], market: Market) -> Obvious {
    let lines: Vec<(i64, Value)> = text
        .split(|&byte| byte == b'\n')
        .filter(|line| !line.is_empty())
        .map(|line| {
            let space = line.iter().position(|&byte| byte == b' ').expect("a time and JSON");
            let time = std::str::from_utf8(&line[..space]).expect("digits").parse().expect("digits");
            (time, serde_json::from_slice(&line[space + 1..]).expect("JSON"))
        })
        .collect();
    let at = lines.iter().position(|(_, v)| v.get("lastUpdateId").is_some()).expect("a snapshot");
    let (seen_at, snapshot) = &lines[at];
    let id = snapshot["lastUpdateId"].as_u64().expect("a number");

    let mut result = Obvious::default();
    let milliseconds = |v: &Value| v.get("T").or(v.get("E")).and_then(Value::as_i64).map(|t| t * 1_000_000);
    // A spot snapshot has no time of its own: the venue's last one stands for it.
    let last_told = lines[..at].iter().rev().find_map(|(_, v)| milliseconds(v.get("data")?));
    let snapshot_at = milliseconds(snapshot).or(last_told).expect("something came before");
    let clear = (*seen_at, snapshot_at, LevelAction::Clear, Side::Buy, 0, 0, Flags::SNAPSHOT);
    result.changes.push(clear);
    result.levels(*seen_at, snapshot_at, [&snapshot["bids"], &snapshot["asks"]], Flags::SNAPSHOT);

    let mut before: Option<u64> = None;
    for (row, (time, line)) in lines.iter().enumerate() {
        let data = &line["data"];
        match data["e"].as_str() {
            Some("depthUpdate") => {
                let number = |name: &str| data[name].as_u64().expect("a number");
                let (first, last) = (number("U"), number("u"));
                let old = match market {
                    Market::Spot => last <= id,
                    Market::UsdM | Market::CoinM => last < id,
                };
                if old {
                    result.dropped += 1;
                    continue;
                }
                match (before, market) {
                    (None, Market::Spot) => assert!(first <= id + 1 && id < last, "{line}"),
                    (None, _) => assert!(first <= id && id <= last, "{line}"),
                    (Some(before), Market::Spot) => assert_eq!(first, before + 1),
                    (Some(before), _) => assert_eq!(number("pu"), before),
                }
                before = Some(last);
                let received_at = if row < at { *seen_at } else { *time };
                let venue_at = milliseconds(data).expect("a time");
                result.levels(received_at, venue_at, [&data["b"], &data["a"]], Flags::NONE);
            }
            Some("trade") => result.prints.push((
                *time,
                milliseconds(data).expect("a time"),
                nanos(&data["p"]),
                nanos(&data["q"]),
                data["t"].as_u64().expect("a number"),
                if data["m"].as_bool().expect("true or false") { Side::Sell } else { Side::Buy },
            )),
            _ => {}
        }
    }
    result
}

impl Obvious {
    fn levels(&mut self, received_at: i64, venue_at: i64, sides: [&Value; 2], flags: Flags) {
        let start = self.changes.len();
        for (side, levels) in Side::BOTH.into_iter().zip(sides) {
            for level in levels.as_array().expect("levels") {
                let (price, size) = (nanos(&level[0]), nanos(&level[1]));
                let action = if size == 0 { LevelAction::Delete } else { LevelAction::Set };
                self.changes.push((received_at, venue_at, action, side, price, size, flags));
            }
        }
        if let Some(end) = self.changes[start..].last_mut() {
            end.6 = end.6.with(Flags::LAST);
        }
    }
}

#[test]
fn every_recorded_level_and_trade_is_what_another_reader_finds() {
    let mut all_lines = 0;
    for recording in &RECORDINGS {
        let Some(text) = text(recording.file) else { return };
        let (decoder, directory, out) = decode(&text);
        assert_eq!(out.faults, [], "{}", recording.file);
        assert_eq!(decoder.market(), Some(recording.market), "{}", recording.file);
        assert_eq!(decoder.gaps(), 0, "{}", recording.file);
        let names = [(recording.market.venue().to_string(), recording.symbol.to_string())];
        assert_eq!(directory.names(), names);

        let expected = obvious(&text, recording.market);
        let [ticker, depth, trade] = recording.lines;
        let mut lines = BTreeMap::from([
            ("bookTicker".to_string(), ticker),
            ("depthUpdate".to_string(), depth),
            ("snapshot".to_string(), 1),
            ("trade".to_string(), trade),
        ]);
        all_lines += lines.values().sum::<u64>();
        if expected.dropped > 0 {
            lines.insert("depthUpdate older than the snapshot".into(), expected.dropped);
        }
        let mut counts = counts(&decoder);
        // Compared with books in the runtime's tests.
        assert_eq!(counts.remove("bookTicker that checks the book"), Some(out.quotes.len() as u64));
        assert_eq!(counts, lines, "{}", recording.file);
        let gaps = out.arrivals.iter().filter(|arrival| matches!(arrival.event, Event::Gap(_)));
        assert_eq!(gaps.count(), 0);
        // Not `assert_eq`: a difference would print two million lines.
        assert!(changes(&out.arrivals) == expected.changes, "{}: levels differ", recording.file);
        assert!(prints(&out.arrivals) == expected.prints, "{}: trades differ", recording.file);
        let spoken = expected.changes.len() + expected.prints.len();
        assert_eq!(out.arrivals.len(), spoken);
        eprintln!("{}: {} levels, {} trades", recording.file, expected.changes.len(), expected.prints.len());
    }
    assert_eq!(all_lines, 332_200);
}

/// A small recording of our own: two updates, a snapshot within the second, a third update, a trade.
const SMALL: &str = r#"1000000001 {"stream":"btcusdt@depth@100ms","data":{"e":"depthUpdate","E":5,"s":"BTCUSDT","U":8,"u":10,"b":[["1.5","2"]],"a":[]}}
1000000002 {"stream":"btcusdt@depth@100ms","data":{"e":"depthUpdate","E":6,"s":"BTCUSDT","U":11,"u":13,"b":[["1.5","3"]],"a":[["1.7","0"]]}}
1000000003 {"lastUpdateId":11,"bids":[["1.5","2"],["1.4","1"]],"asks":[["1.6","4"],["1.7","5"]]}
1000000004 {"stream":"btcusdt@bookTicker","data":{"u":14,"s":"BTCUSDT","b":"1.5","B":"3","a":"1.6","A":"4"}}
1000000005 {"stream":"btcusdt@depth@100ms","data":{"a":[],"b":[["1.4","0"]],"x":{"y":["]"]},"u":14,"U":14,"s":"BTCUSDT","E":7,"e":"depthUpdate"}}
1000000006 {"stream":"btcusdt@trade","data":{"e":"trade","E":8,"s":"BTCUSDT","t":77,"p":"1.6","q":"0.5","T":7,"m":false,"M":true}}
"#;

#[test]
fn f_12_updates_before_the_snapshot_wait_for_it() {
    let (decoder, directory, out) = decode(SMALL.as_bytes());
    assert_eq!(out.faults, []);
    assert_eq!(directory.names(), [("binance-spot".to_string(), "BTCUSDT".to_string())]);
    let d = 1_000_000_000;
    let (snapshot, last) = (Flags::SNAPSHOT, Flags::LAST);
    let (set, delete, clear) = (LevelAction::Set, LevelAction::Delete, LevelAction::Clear);
    let (buy, sell) = (Side::Buy, Side::Sell);
    let expected = [
        (d + 3, 6_000_000, clear, buy, 0, 0, snapshot),
        (d + 3, 6_000_000, set, buy, 3 * d / 2, 2 * d, snapshot),
        (d + 3, 6_000_000, set, buy, 7 * d / 5, d, snapshot),
        (d + 3, 6_000_000, set, sell, 8 * d / 5, 4 * d, snapshot),
        (d + 3, 6_000_000, set, sell, 17 * d / 10, 5 * d, snapshot.with(last)),
        (d + 3, 6_000_000, set, buy, 3 * d / 2, 3 * d, Flags::NONE),
        (d + 3, 6_000_000, delete, sell, 17 * d / 10, 0, last),
        (d + 5, 7_000_000, delete, buy, 7 * d / 5, 0, last),
    ];
    assert_eq!(changes(&out.arrivals), expected);
    assert_eq!(prints(&out.arrivals), [(d + 6, 7_000_000, 8 * d / 5, d / 2, 77, Side::Buy)]);
    assert_eq!(counts(&decoder)["depthUpdate older than the snapshot"], 1);
}

#[test]
fn a_missing_update_makes_the_book_stale_until_the_next_snapshot() {
    let lines: Vec<&str> = SMALL.lines().collect();
    let later = lines[4].replace("\"u\":14,\"U\":14", "\"u\":17,\"U\":16");
    let again = lines[2].replace("\"lastUpdateId\":11", "\"lastUpdateId\":15");
    let text = [lines[0], lines[1], lines[2], &later, lines[5], &again].join("\n");
    let (decoder, _, out) = decode(text.as_bytes());
    assert_eq!((out.faults.len(), decoder.gaps()), (0, 1));
    let kinds: String = out
        .arrivals
        .iter()
        .map(|arrival| match arrival.event {
            Event::Level(e) if e.action == LevelAction::Clear => 'C',
            Event::Level(e) if e.flags.has(Flags::SNAPSHOT) => 's',
            Event::Level(_) => 'l',
            Event::Trade(_) => 't',
            Event::Gap(gap) => {
                assert_eq!((gap.expected, gap.received), (14, 16));
                'G'
            }
            _ => '?',
        })
        .collect();
    // The late update waits, and is the next one behind the second snapshot.
    assert_eq!(kinds, "CssssllGtCssssl");
}

#[test]
fn f_08_events_do_not_depend_on_how_the_bytes_are_cut() {
    let (_, _, whole) = decode(SMALL.as_bytes());
    for piece in 1..SMALL.len() {
        let (mut directory, mut out) = (Directory::survey(), Output::default());
        feed(&mut Decoder::new(None), SMALL.as_bytes(), piece, &mut directory, &mut out);
        assert_eq!(out.arrivals, whole.arrivals, "pieces of {piece}");
        assert_eq!(out.faults, []);
    }
}

#[test]
fn f_08_a_recording_cut_anywhere_keeps_what_stood_before() {
    let (_, _, whole) = decode(SMALL.as_bytes());
    for end in 0..SMALL.len() {
        let (_, _, out) = decode(&SMALL.as_bytes()[..end]);
        let kept: Vec<_> =
            out.arrivals.iter().filter(|arrival| !matches!(arrival.event, Event::Gap(_))).copied().collect();
        assert!(whole.arrivals.starts_with(&kept), "cut at {end}");
        let start = SMALL[..end].rfind('\n').map_or(0, |line| line + 1);
        let cut = end > start && SMALL.as_bytes()[end] != b'\n';
        if cut {
            let offset = u64::try_from(start).expect("small");
            assert_eq!(out.faults.iter().filter(|fault| fault.offset == offset).count(), 1, "cut at {end}");
        }
    }
}

#[test]
fn a_damaged_line_is_a_fault_and_the_next_is_read() {
    let starts: Vec<usize> =
        std::iter::once(0).chain(SMALL.match_indices('\n').map(|(at, _)| at + 1)).collect();
    // What is put in the middle of which line, whether a book may be stale, and which trades are left.
    let cases =
        [(3, "\u{0}\"", false, 1), (4, "\u{0}\"", true, 1), (5, "\u{0}\"", false, 0), (2, "]", true, 1)];
    for (line, noise, stale, trades) in cases {
        let mut text = SMALL.to_string();
        let middle = (starts[line] + starts[line + 1]) / 2;
        text.insert_str(middle, noise);
        let (_, _, out) = decode(text.as_bytes());
        let fault = &out.faults[0];
        let length = starts[line + 1] - starts[line] + noise.len();
        let (offset, skipped) = (starts[line], length);
        assert_eq!(
            (fault.offset, fault.skipped),
            (offset.try_into().expect("small"), skipped.try_into().expect("small")),
            "line {line}"
        );
        let gaps = out.arrivals.iter().filter(|arrival| matches!(arrival.event, Event::Gap(_))).count();
        assert_eq!(gaps > 0, stale, "line {line}");
        assert_eq!(prints(&out.arrivals).len(), trades, "line {line}");
    }
}

#[test]
fn f_20_a_price_at_or_below_zero_is_a_fault_and_makes_the_book_stale() {
    for price in ["0", "0.0", "-1.4"] {
        let text = SMALL.replace(r#""b":[["1.4","0"]]"#, &format!(r#""b":[["{price}","2"]]"#));
        let (_, _, out) = decode(text.as_bytes());
        assert_eq!(out.faults.len(), 1, "{price}: {:?}", out.faults);
        let gap = |arrival: &Arrival| matches!(arrival.event, Event::Gap(_));
        assert!(out.arrivals.iter().any(gap), "{price}");
    }
}

#[test]
fn any_bytes_are_survived() {
    let mut prng = stdx::Prng::new(20_240_808);
    for _ in 0..20_000 {
        let mut bytes = SMALL.as_bytes().to_vec();
        for _ in 0..prng.between(1, 6) {
            let at = usize::try_from(prng.below(bytes.len() as u64)).expect("small");
            bytes[at] = u8::try_from(prng.below(256)).expect("a byte");
        }
        let (_, _, out) = decode(&bytes);
        assert!(out.arrivals.len() <= 12);
    }
}

#[test]
fn f_20_a_size_off_the_grid_is_a_fault() {
    let terms = |tick: &str, lot: &str| {
        let nanos = |text: &str| stdx::decimal::parse(text.as_bytes()).expect("a decimal");
        types::Instrument::new(types::instrument::Terms {
            id: types::InstrumentId(0),
            symbol: "BTCUSDT".into(),
            venue: "binance-spot".into(),
            currency: "USDT".into(),
            contract: types::Contract::Linear,
            tick_nanos: nanos(tick),
            lot_nanos: nanos(lot),
            multiplier_nanos: nanos("1"),
            depths: types::Depths::default(),
            origin: types::Origin::Configured,
        })
        .expect("valid terms")
    };
    for (tick, lot, faults) in [("0.1", "0.5", 0), ("0.2", "0.5", 2), ("0.1", "2", 3)] {
        let instrument = terms(tick, lot);
        let mut directory = Directory::run(&[instrument], &[terms(tick, lot).terms().tick_nanos]);
        let mut out = Output::default();
        let mut decoder = Decoder::new(Some(Market::Spot));
        feed(&mut decoder, SMALL.as_bytes(), 1 << 20, &mut directory, &mut out);
        // The snapshot and the best quote; the trade where its size is off. An unusable snapshot also leaves the updates
        // that waited for it.
        let unusable = out.faults.iter().filter(|fault| fault.skipped > 0).count();
        assert_eq!(unusable, faults, "{:?}", out.faults);
    }
    let mut nobody = Directory::run(&[], &[]);
    let mut out = Output::default();
    feed(&mut Decoder::new(None), SMALL.as_bytes(), 1 << 20, &mut nobody, &mut out);
    assert_eq!((out.arrivals.len(), out.faults.len()), (0, 0));
}

#[test]
fn f_20_a_recorded_size_finer_than_the_lot_makes_the_book_stale() {
    // Three spot levels have sizes in millionths although the symbol's step is 0.00001 (line 1886 first).
    let Some(text) = text("spot/btcusdt_20240808.gz") else { return };
    let expected = obvious(&text, Market::Spot).changes;
    let line = text.split(|&byte| byte == b'\n').nth(1_885).expect("line 1886");
    let odd_at: i64 = std::str::from_utf8(&line[..19]).expect("digits").parse().expect("digits");
    let before = expected.iter().take_while(|change| change.0 < odd_at).count();
    assert!(0 < before && before < expected.len());
    for (lot_nanos, levels, faults) in [(1_000, expected.len(), 0), (10_000, before, 2)] {
        let instrument = types::Instrument::new(types::instrument::Terms {
            id: types::InstrumentId(0),
            symbol: "BTCUSDT".into(),
            venue: "binance-spot".into(),
            currency: "USDT".into(),
            contract: types::Contract::Linear,
            tick_nanos: 10_000_000,
            lot_nanos,
            multiplier_nanos: 1_000_000_000,
            depths: types::Depths::default(),
            origin: types::Origin::Configured,
        })
        .expect("valid terms");
        let mut directory = Directory::run(&[instrument], &[10_000_000]);
        let (mut decoder, mut out) = (Decoder::new(None), Output::default());
        feed(&mut decoder, &text, usize::MAX / 2, &mut directory, &mut out);
        assert_eq!(changes(&out.arrivals).len(), levels, "lot {lot_nanos}");
        // The update, and at the end those that wait for a snapshot that never comes.
        assert_eq!(out.faults.len(), faults, "{:?}", out.faults);
        assert_eq!(out.faults.first().map(|fault| fault.offset), (faults > 0).then_some(537_845));
    }
}

#[test]
fn f_20_what_is_no_decimal_is_a_fault_and_makes_the_book_stale() {
    for word in [
        "NaN",
        "nan",
        "inf",
        "-Infinity",
        "1e3",
        "0x1",
        "",
        "1..2",
        "1.2.3",
        "1,5",
        "1.0000000001",
        "99999999999999999999",
    ] {
        for (place, text) in [
            ("price", SMALL.replace(r#""b":[["1.4","0"]]"#, &format!(r#""b":[["{word}","2"]]"#))),
            ("size", SMALL.replace(r#""b":[["1.4","0"]]"#, &format!(r#""b":[["1.4","{word}"]]"#))),
        ] {
            let (_, _, out) = decode(text.as_bytes());
            assert_eq!(out.faults.len(), 1, "{place} {word}: {:?}", out.faults);
            assert!(out.faults[0].what.contains("cannot be read"), "{:?}", out.faults);
            let gap = |arrival: &Arrival| matches!(arrival.event, Event::Gap(_));
            assert!(out.arrivals.iter().any(gap), "{place} {word}");
        }
    }
}
