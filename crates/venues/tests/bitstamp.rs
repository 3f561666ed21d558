//! Bitstamp's log of a day against its own snapshots: each of them is compared with the engine's book as it stands
//! when the snapshot comes.

#![allow(clippy::wildcard_enum_match_arm, reason = "a test looks at the kinds of event it is about")]

use book::{Book, State};
use bzip2::read::MultiBzDecoder;
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::Read;
use types::{Event, Flags, OrderAction, Side, Ticks};
use venues::archive::bitstamp::Decoder;
use venues::{Decode, Directory, Output};

/// How far snapshots and orders may run apart, and do in the log of the day.
const APART_MAX_MS: i64 = 2_000;

fn day() -> Option<Vec<u8>> {
    let path = testkit::data::recorded("bitstamp-l3/2015-05-01_full.log.bz2")?;
    let packed = std::fs::read(path).expect("a recorded file can be read");
    let mut text = Vec::new();
    MultiBzDecoder::new(&packed[..]).read_to_end(&mut text).expect("a recorded file is whole");
    Some(text)
}

fn nanos(decimal: &Value) -> i64 {
    let text = decimal.as_str().expect("decimals are texts");
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    format!("{whole}{part:0<9}").parse().expect("a decimal with at most nine places")
}

/// A snapshot's level that the book does not hold as shown.
struct Difference {
    side: Side,
    price: i64,
    shown: i64,
    held: i64,
    /// No snapshot before covered its price.
    first_seen: bool,
}

struct Comparison {
    line: usize,
    at_ms: i64,
    differences: Vec<Difference>,
}

/// What a level held from which line and millisecond on.
type History = BTreeMap<(Side, i64), Vec<(usize, i64, i64)>>;

/// The day through decoder and book.
struct Day {
    comparisons: Vec<Comparison>,
    history: History,
    decoder: Decoder,
    book: Book,
    /// Trades by aggressor: buyers, sellers, nobody known.
    aggressors: [u64; 3],
}

#[derive(Default)]
struct Watch {
    history: History,
    covered: [Option<i64>; 2],
    at: BTreeMap<u64, (Side, i64)>,
}

impl Watch {
    /// Notes what the levels an event touched hold now.
    fn note(&mut self, event: &Event, book: &Book, line: usize, at_ms: i64) {
        let Event::Order(delta) = event else { return };
        let place = (delta.side, delta.price.0);
        let before = self.at.insert(delta.order.0, place);
        for (side, price) in [Some(place), before].into_iter().flatten() {
            let held = book.size_at(side, Ticks(price)).0;
            self.history.entry((side, price)).or_default().push((line, at_ms, held));
        }
    }

    fn compare(&mut self, shown: &Value, book: &Book) -> Vec<Difference> {
        let mut differences = Vec::new();
        for (side, name) in [(Side::Buy, "bids"), (Side::Sell, "asks")] {
            let levels = shown[name].as_array().expect("a side");
            let mut shown: BTreeMap<i64, i64> =
                levels.iter().map(|level| (nanos(&level[0]), nanos(&level[1]))).collect();
            let worst = match side {
                Side::Buy => *shown.keys().next().expect("twenty levels"),
                Side::Sell => *shown.keys().next_back().expect("twenty levels"),
            };
            let beyond = |price: i64, worst: i64| price != worst && Ticks(worst).beats(Ticks(price), side);
            for level in book.levels(side).take_while(|level| !beyond(level.price.0, worst)) {
                shown.entry(level.price.0).or_insert(0);
            }
            for (price, shown) in shown {
                let held = book.size_at(side, Ticks(price)).0;
                let covered = self.covered[side.index()];
                let first_seen = covered.is_none_or(|worst| beyond(price, worst));
                if held != shown {
                    differences.push(Difference { side, price, shown, held, first_seen });
                }
            }
            let covered = &mut self.covered[side.index()];
            *covered = Some(match (side, *covered) {
                (_, None) => worst,
                (Side::Buy, Some(before)) => before.min(worst),
                (Side::Sell, Some(before)) => before.max(worst),
            });
        }
        differences
    }
}

fn play(text: &[u8]) -> Day {
    let (mut decoder, mut directory, mut out) = (Decoder::new(), Directory::survey(), Output::default());
    let (mut book, mut watch) = (Book::empty(), Watch::default());
    let (mut comparisons, mut aggressors) = (Vec::new(), [0; 3]);
    for (number, line) in text.split_inclusive(|&byte| byte == b'\n').enumerate() {
        let words: Vec<&str> = std::str::from_utf8(line).expect("ASCII").trim_end().splitn(3, ' ').collect();
        let at_ms: i64 = words[0].parse().expect("milliseconds");
        if words[1] == "order_book" {
            let shown = serde_json::from_str(words[2]).expect("JSON");
            let differences = watch.compare(&shown, &book);
            comparisons.push(Comparison { line: number, at_ms, differences });
        }
        out.clear();
        assert_eq!(decoder.decode(line, &mut directory, &mut out), line.len());
        assert_eq!(out.faults, [], "line {number}");
        for arrival in &out.arrivals {
            assert_eq!(arrival.received_at.0, at_ms * 1_000_000);
            match &arrival.event {
                Event::Order(delta) => {
                    book.apply_order(delta);
                    watch.note(&arrival.event, &book, number, at_ms);
                }
                Event::Trade(trade) => {
                    aggressors[trade.aggressor.map_or(2, Side::index)] += 1;
                    let expected: Value = serde_json::from_str(words[2]).expect("JSON");
                    let near = |name: &str, nanos: i64| {
                        let value = expected[name].as_f64().expect("a float");
                        (value - nanos as f64 / 1e9).abs() < 1e-9 * value.max(1.0)
                    };
                    assert!(near("price", trade.price.0) && near("amount", trade.size.0), "{expected}");
                    assert_eq!((trade.price.0 % 10_000_000, trade.size.0 % 10), (0, 0), "whole steps");
                    assert_eq!(trade.id, expected["id"].as_u64().expect("a number"));
                }
                other => panic!("line {number}: {other:?}"),
            }
        }
        if let Some(end) = out.arrivals.last() {
            assert!(end.event.flags().has(Flags::LAST), "line {number}");
        }
    }
    decoder.finish(&[], &mut directory, &mut out);
    Day { comparisons, history: watch.history, decoder, book, aggressors }
}

/// Whether the level held what the snapshot shows within two seconds of it; or whether one of its orders that came
/// or went within that time is all the difference, whose event overtook another's or was overtaken.
fn is_timing(history: &History, comparison: &Comparison, difference: &Difference) -> bool {
    let Some(states) = history.get(&(difference.side, difference.price)) else {
        return false;
    };
    let near = |at_ms: i64| (at_ms - comparison.at_ms).abs() <= APART_MAX_MS;
    let mut held = 0;
    let mut since = i64::MIN;
    for &(_, at_ms, after) in states {
        // It held `held` from `since` to `at_ms`.
        if held == difference.shown
            && at_ms >= comparison.at_ms - APART_MAX_MS
            && since <= comparison.at_ms + APART_MAX_MS
        {
            return true;
        }
        let change = after - held;
        if near(at_ms)
            && (difference.held + change == difference.shown || difference.held - change == difference.shown)
        {
            return true;
        }
        (held, since) = (after, at_ms);
    }
    held == difference.shown && near(since)
}

#[test]
fn every_snapshot_of_the_day_is_the_book_or_differs_for_a_known_reason() {
    let Some(text) = day() else { return };
    let day = play(&text);
    let mut classes: BTreeMap<String, u64> = BTreeMap::new();
    let (mut levels_timing, mut levels_revealed, mut unexplained) = (0, 0, Vec::new());
    for comparison in &day.comparisons {
        let (mut timing, mut revealed) = (0, 0);
        for difference in &comparison.differences {
            // Orders older than the log, seen for the first time: the snapshot shows more, never less.
            if difference.first_seen && difference.shown > difference.held {
                revealed += 1;
            } else if is_timing(&day.history, comparison, difference) {
                timing += 1;
            } else {
                unexplained.push((comparison.line, difference.side, difference.price));
            }
        }
        levels_timing += timing;
        levels_revealed += revealed;
        let class = match (revealed > 0, timing > 0) {
            (false, false) => "equal",
            (true, false) => "older orders seen for the first time",
            (false, true) => "taken at another moment",
            (true, true) => "both",
        };
        *classes.entry(class.into()).or_default() += 1;
    }
    eprintln!("{classes:?}; levels: {levels_timing} at another moment, {levels_revealed} seen first");
    eprintln!("{:?}", day.decoder.counts());
    assert_eq!(unexplained, []);
    assert_eq!(day.comparisons.len(), 29_992);
    // A program of its own, in another language, told the same four figures apart.
    let expected = [
        ("both", 2),
        ("equal", 29_143),
        ("older orders seen for the first time", 56),
        ("taken at another moment", 791),
    ];
    assert_eq!(classes, expected.map(|(class, count)| (class.to_string(), count)).into());
    assert_eq!((levels_timing, levels_revealed), (838, 151));
    // And the same aggressors; in each of these trades the older order stood at the trade's price.
    assert_eq!(day.aggressors, [2_141, 1_792, 4_251 - 2_141 - 1_792]);
    assert_eq!(day.decoder.mismatches(), 0);
    assert_eq!(day.book.state(), State::Live);
    let unknown = day.book.counts();
    assert_eq!((unknown.unknown, unknown.duplicate, unknown.refused, unknown.excess), (0, 0, 0, 0));
}

#[test]
fn every_line_of_the_day_is_counted() {
    let Some(text) = day() else { return };
    let (mut decoder, mut directory, mut out) = (Decoder::new(), Directory::survey(), Output::default());
    for piece in text.split_inclusive(|&byte| byte == b'\n') {
        decoder.decode(piece, &mut directory, &mut out);
        out.clear();
    }
    let counts: BTreeMap<String, u64> = decoder.counts().into_iter().collect();
    let expected = [
        ("order_book", 29_992),
        ("order_changed", 4_516),
        ("order_created", 118_960),
        ("order_deleted", 119_048),
        ("trade", 4_251),
    ];
    for (name, count) in expected {
        assert_eq!(counts[name], count, "{name}");
    }
    assert_eq!(directory.names(), [("bitstamp".to_string(), "BTCUSD".to_string())]);
}

fn order(ms: u64, event: &str, id: u64, side: u8, price: &str, amount: &str, entered: u64) -> String {
    format!(
        r#"{ms} order_{event} {{"price": "{price}", "amount": "{amount}", "datetime": "{entered}", "id": {id}, "order_type": {side}}}"#
    )
}

fn book(ms: u64, bids: &str, asks: &str) -> String {
    format!(r#"{ms} order_book {{"bids": [{bids}], "asks": [{asks}]}}"#)
}

fn decode(lines: &[String]) -> (Decoder, Output) {
    let (mut decoder, mut directory, mut out) = (Decoder::new(), Directory::survey(), Output::default());
    let text = lines.join("\n");
    let taken = decoder.decode(text.as_bytes(), &mut directory, &mut out);
    decoder.finish(&text.as_bytes()[taken..], &mut directory, &mut out);
    (decoder, out)
}

/// A letter for each event: what it does, small when it is synthetic; `|` behind the last of a line.
fn shape(out: &Output) -> String {
    let mut shape = String::new();
    for arrival in &out.arrivals {
        let letter = match arrival.event {
            Event::Order(e) => match e.action {
                OrderAction::Add => 'A',
                OrderAction::Modify => 'M',
                OrderAction::Delete => 'D',
                OrderAction::Clear => 'C',
                OrderAction::Reduce | OrderAction::Fill => '?',
            },
            Event::Trade(_) => 'T',
            Event::Gap(_) => 'G',
            _ => '?',
        };
        let flags = arrival.event.flags();
        shape.push(if flags.has(Flags::SYNTHETIC) { letter.to_ascii_lowercase() } else { letter });
        if flags.has(Flags::LAST) {
            shape.push('|');
        }
    }
    shape
}

/// A first snapshot: 5 and 7 to buy, 9 to sell, nobody known.
fn first() -> String {
    book(10_000, r#"["10.00", "5"], ["9.00", "7"]"#, r#"["11.00", "9"]"#)
}

#[test]
fn each_line_becomes_its_events() {
    let trade = r#"12000 trade {"price": 10, "amount": 2.0000000000000004, "id": 8}"#.to_string();
    let cases: &[(&str, Vec<String>, &str)] = &[
        ("a snapshot stands for orders never shown", vec![first()], "Caaa|"),
        (
            "orders before it wait for it",
            vec![order(9_000, "created", 1, 0, "10.00", "2", 9), first()],
            "CAaaa|",
        ),
        (
            "an order comes, shrinks, goes",
            vec![
                first(),
                order(11_000, "created", 1, 0, "9.50", "2", 11),
                order(11_500, "changed", 1, 0, "9.50", "1", 11),
                order(12_000, "deleted", 1, 0, "9.50", "1", 11),
            ],
            "Caaa|A|M|D|",
        ),
        (
            "a deletion that overtakes its creation is final",
            vec![
                first(),
                order(11_000, "deleted", 1, 0, "9.50", "2", 11),
                order(11_001, "created", 1, 0, "9.50", "2", 11),
                order(11_002, "changed", 1, 0, "9.50", "1", 11),
            ],
            "Caaa|",
        ),
        (
            "a change that overtakes its creation stands",
            vec![
                first(),
                order(11_000, "changed", 1, 0, "9.50", "1", 11),
                order(11_001, "created", 1, 0, "9.50", "2", 11),
            ],
            "Caaa|A|",
        ),
        (
            "an order older than the log goes from what stands for it",
            vec![first(), order(11_000, "deleted", 1, 0, "10.00", "2", 3)],
            "Caaa|m|",
        ),
        (
            "one that traded to nothing tells its size with the trade",
            vec![first(), order(11_999, "deleted", 1, 0, "10.00", "0", 3), trade],
            "Caaa|Tm|",
        ),
        (
            "a deeper level is believed at once",
            vec![
                first(),
                book(12_000, r#"["10.00", "5"], ["9.00", "7"], ["8.00", "1"]"#, r#"["11.00", "9"]"#),
            ],
            "Caaa|a|",
        ),
        (
            "another is believed when it is said twice",
            vec![
                first(),
                book(12_000, r#"["10.00", "4"], ["9.00", "7"]"#, r#"["11.00", "9"]"#),
                book(14_000, r#"["10.00", "4"], ["9.00", "7"]"#, r#"["11.00", "9"]"#),
            ],
            "Caaa|m|",
        ),
        (
            "unless an order there spoke between",
            vec![
                first(),
                book(12_000, r#"["10.00", "4"], ["9.00", "7"]"#, r#"["11.00", "9"]"#),
                order(13_000, "created", 1, 0, "10.00", "2", 13),
                book(14_000, r#"["10.00", "6"], ["9.00", "7"]"#, r#"["11.00", "9"]"#),
            ],
            "Caaa|A|",
        ),
    ];
    for (what, lines, expected) in cases {
        let (decoder, out) = decode(lines);
        assert_eq!(out.faults, [], "{what}");
        assert_eq!(shape(&out), *expected, "{what}");
        assert_eq!(decoder.mismatches(), 0, "{what}");
    }
}

#[test]
fn f_19_a_lost_deletion_is_found_by_two_snapshots_and_the_book_seeded_anew() {
    let lines = [
        first(),
        order(11_000, "created", 1, 0, "9.50", "2", 11),
        first().replace("10000", "13000"),
        first().replace("10000", "15000"),
        order(16_000, "created", 2, 0, "9.50", "3", 16),
    ];
    let (decoder, out) = decode(&lines);
    assert_eq!(shape(&out), "Caaa|A|GCaaa|A|");
    assert_eq!(decoder.mismatches(), 1);
    let whats: Vec<&str> = out.faults.iter().map(|fault| fault.what.as_str()).collect();
    assert_eq!(whats, ["line 4: buy level 9500000000 holds 2000000000 steps too much; seeded anew"]);
}

#[test]
fn f_06_a_damaged_order_makes_the_book_stale_until_the_next_snapshot() {
    let good = order(11_000, "created", 1, 0, "9.50", "2", 11);
    let bad = [
        good.replace("created", "eaten"),
        good.replace("9.50", "9,50"),
        good.replace("\"order_type\": 0", "\"order_type\": 7"),
        good.replace("11000 ", "eleven "),
        good[..good.len() - 1].to_string(),
    ];
    for line in bad {
        let (_, out) =
            decode(&[first(), line.clone(), good.clone(), first(), good.replace("\"id\": 1", "\"id\": 2")]);
        // The order that came meanwhile is not in the snapshot.
        assert_eq!(shape(&out), "Caaa|GCaaa|A|", "{line}");
        assert_eq!(out.faults.len(), 1, "{line}");
        let start = u64::try_from(first().len() + 1).expect("small");
        assert_eq!((out.faults[0].offset, out.faults[0].skipped), (start, line.len() as u64 + 1));
        assert!(out.faults[0].what.starts_with("line 2: "), "{}", out.faults[0].what);
    }
    // A trade or a snapshot that cannot be read leaves the book as it is.
    for line in
        ["1 trade {}", "1 order_book {}", r#"1 order_book {"bids": [["1", "1"], ["1", "2"]], "asks": []}"#]
    {
        let (_, out) = decode(&[first(), line.to_string(), good.clone()]);
        assert_eq!((shape(&out).as_str(), out.faults.len()), ("Caaa|A|", 1), "{line}");
    }
}

#[test]
fn a_log_cut_or_scribbled_on_anywhere_is_survived() {
    let lines = [
        order(9_000, "created", 1, 0, "10.00", "2", 9),
        first(),
        order(11_000, "changed", 3, 1, "11.00", "0.5", 3),
        r#"12000 trade {"price": 10, "amount": 2.0000000000000004, "id": 8}"#.to_string(),
        first().replace("10000", "13000"),
        first().replace("10000", "15000"),
    ];
    let text = lines.join("\n");
    for end in 0..text.len() {
        decode(&[text[..end].to_string()]);
    }
    let mut prng = stdx::Prng::new(20_150_501);
    for _ in 0..20_000 {
        let mut bytes = text.clone().into_bytes();
        for _ in 0..prng.between(1, 5) {
            let at = usize::try_from(prng.below(bytes.len() as u64)).expect("small");
            bytes[at] = b"0123456789-.{}[]\", \n"[usize::try_from(prng.below(20)).expect("below 20")];
        }
        decode(&[String::from_utf8(bytes).expect("only such bytes were put in")]);
    }
}
