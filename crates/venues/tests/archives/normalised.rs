//! Tardis's normalised messages: made by hand, and the recorded pairs, number by number against `serde_json`.

use super::{Fed, check_changes, check_cuts, feed};
use serde_json::Value;
use stdx::decimal;
use testkit::data::recorded;
use types::{Event, Flags, LevelAction, Nanos, Side, StatisticKind, Unit};
use venues::archive::normalised::Decoder;

fn read(text: &str) -> Fed {
    feed(&mut Decoder::new(), text.as_bytes(), text.len())
}

/// A message with the members that all have.
fn message(kind: &str, rest: &str) -> String {
    let head = format!(r#""type":"{kind}","symbol":"S","exchange":"x""#);
    let times = r#""timestamp":"1970-01-01T00:00:01.000Z","localTimestamp":"1970-01-01T00:00:02Z""#;
    format!("{{{head},{rest},{times}}}\n")
}

fn made() -> String {
    [
        message("book_ticker", r#""bidPrice":1,"bidAmount":5,"askPrice":3,"askAmount":1e-7"#),
        message("book_ticker", r#""bidPrice":1,"bidAmount":null,"askPrice":null,"askAmount":null"#),
        message("book_change", r#""isSnapshot":false,"bids":[{"price":1,"amount":2}],"asks":[]"#),
        message("book_change", r#""isSnapshot":true,"bids":[{"price":1,"amount":2},{"price":0.5,"amount":0}],"asks":[{"price":2,"amount":1}]"#),
        message("book_change", r#""isSnapshot":false,"bids":[{"price":1,"amount":0}],"asks":[{"amount":3,"price":2.5}]"#),
        message("book_ticker", r#""bidPrice":1,"bidAmount":5,"askPrice":3,"askAmount":1"#),
        message("trade", r#""id":"12","price":2.5,"amount":1,"side":"buy""#),
        message("trade", r#""id":"a-b","price":2.5,"amount":1,"side":"unknown""#),
        message("liquidation", r#""id":null,"price":2,"amount":7,"side":"sell""#),
        message("derivative_ticker", r#""lastPrice":2,"openInterest":10,"fundingRate":-8.92730506785E-7,"indexPrice":null,"markPrice":2.25"#),
        message("book_snapshot", r#""name":"quote","depth":2,"bids":[{"price":1,"amount":1},{}],"asks":[]"#),
        message("trade_bar", r#""interval":10000,"kind":"time","open":1,"high":3,"low":1,"close":2,"volume":4,"openTimestamp":"1969-12-31T23:59:51.000Z""#),
        message("trade_bar", r#""interval":100,"kind":"tick","open":1,"high":3,"low":1,"close":2,"volume":4"#),
        "{\"type\":\"disconnect\",\"exchange\":\"x\",\"localTimestamp\":\"1970-01-01T00:00:03.000Z\"}\n".to_string(),
        message("error", r#""details":"none""#),
    ]
    .concat()
}

#[test]
fn messages_become_events() {
    let fed = read(&made());
    assert_eq!(fed.faults(), [""; 0]);
    let expected = [
        "2000000000 x/S bid 1 x 5 ",
        "2000000000 x/S ask 3 x 0.0000001 .",
        // A price without an amount is no level.
        "2000000000 x/S bid 1 gone ",
        "2000000000 x/S ask 3 gone .",
        // A change on no snapshot.
        "2000000000 x/S gap",
        "2000000000 x/S bid 1 x 2 .",
        "2000000000 x/S clear *",
        "2000000000 x/S bid 1 x 2 *",
        "2000000000 x/S ask 2 x 1 *.",
        "2000000000 x/S bid 1 gone ",
        "2000000000 x/S ask 2.5 x 3 .",
        "2000000000 x/S trade 2.5 x 1 buy #12 .",
        "2000000000 x/S trade 2.5 x 1 ? #0 .",
        "2000000000 x/S liquidation 2 x 7",
        "2000000000 x/S last price 2 x 0",
        "2000000000 x/S open interest 10 x 0",
        "2000000000 x/S funding rate -0.000000893 x 0",
        "2000000000 x/S mark price 2.25 x 0",
        "2000000000 x/S clear *",
        "2000000000 x/S bid 1 x 1 *.",
        "2000000000 x/S bar 10 s from -9000000000: 1 3 1 2 x 4",
        "3000000000 x/S gap",
    ];
    assert_eq!(fed.shown(), expected);
    let counts = [
        ("line", 15),
        ("best price without an amount, taken as none", 1),
        ("best price beside a deeper book, not used", 1),
        ("change before a snapshot", 1),
        ("bar not of whole seconds, not used", 1),
        ("message of another type, not used", 1),
    ];
    for (name, count) in counts {
        assert_eq!(fed.count(name), count, "{name}");
    }
}

#[test]
fn a_number_that_cannot_be_held_is_a_fault_and_its_book_is_stale() {
    let snapshot = message("book_change", r#""isSnapshot":true,"bids":[{"price":1,"amount":2}],"asks":[]"#);
    let cases = [
        (
            r#""isSnapshot":false,"bids":[{"price":4.245E-8,"amount":1}],"asks":[]"#,
            "line 2: price: no number, or one that nanos cannot hold exactly",
        ),
        (
            r#""isSnapshot":false,"bids":[{"price":1,"amount":-1}],"asks":[]"#,
            "line 2: amount: no number, below zero, or one that nanos cannot hold exactly",
        ),
        (
            r#""isSnapshot":false,"bids":[{"price":1}],"asks":[]"#,
            "line 2: amount: no number, below zero, or one that nanos cannot hold exactly",
        ),
        (r#""isSnapshot":false,"bids":[7],"asks":[]"#, "line 2: a level that is no object"),
        (r#""isSnapshot":false,"bids":[{"price":1,"amount":1}"#, "line 2: no JSON object"),
    ];
    for (rest, expected) in cases {
        let fed = read(&(snapshot.clone() + &message("book_change", rest)));
        assert_eq!(fed.faults(), [expected], "{rest}");
        assert_eq!(fed.shown()[2..], ["2000000000 x/S gap"], "{rest}");
    }
    let untimed =
        message("trade", r#""price":1,"amount":1,"side":"buy""#).replace("1970-01-01T00:00:02Z", "soon");
    assert_eq!(read(&untimed).faults(), ["line 1: localTimestamp: no time"]);
}

#[test]
fn cut_or_changed_anywhere_nothing_panics() {
    let text: String = made().lines().step_by(3).map(|line| format!("{line}\n")).collect();
    check_cuts(Decoder::new, text.as_bytes());
    check_changes(Decoder::new, text.as_bytes());
}

fn pairs() -> Option<String> {
    let path = recorded("venue-messages/tardis/pairs.jsonl")?;
    Some(std::fs::read_to_string(path).expect("a recorded file can be read"))
}

#[test]
fn the_recorded_pairs_are_counted() {
    let Some(text) = pairs() else { return };
    let fed = feed(&mut Decoder::new(), text.as_bytes(), 1 << 16);
    // Pairs: the data's README. Types, empty pairs and the books and trades beyond nanos: a count in Python.
    let expected = [
        ("pair of a raw message and what it means", 523),
        ("pair that means nothing", 136),
        ("trade", 119),
        ("book_change", 175),
        ("derivative_ticker", 72),
        ("book_ticker", 44),
        ("option_summary", 14),
        ("liquidation", 13),
        ("message of another type, not used", 0),
    ];
    for (name, count) in expected {
        assert_eq!(fed.count(name), count, "{name}");
    }
    let kinds = |wanted: &str| fed.out.arrivals.iter().filter(|a| a.event.kind() == wanted).count();
    // Three trades are beyond nanos: gate-io's amount and two of huobi's prices.
    assert_eq!((kinds("trade"), kinds("bar")), (116, 0));
}

/// Whether nanos hold a number exactly: the shortest decimal that is this double says how many decimals it has.
fn held(value: &Value) -> bool {
    let number = value.as_f64().expect("a number");
    let text = format!("{number}");
    let decimals = text.split_once('.').map_or(0, |(_, decimals)| decimals.len());
    decimals <= 9 && number.abs() < 9e9
}

fn same(nanos: i64, value: &Value, what: &str) {
    let ours: f64 = decimal::Display(nanos).to_string().parse().expect("a decimal");
    let theirs = value.as_f64().expect("a number");
    if held(value) {
        assert!(
            ours.to_bits() == theirs.to_bits() || ours == 0.0 && theirs == 0.0,
            "{what}: {ours} is not {theirs}"
        );
    } else {
        // Rounded to the nearest nano; the rest is for the doubles' own precision.
        assert!(
            (ours - theirs).abs() <= 0.5e-9 + theirs.abs() * 1e-15,
            "{what}: {ours} is not near {theirs}"
        );
    }
}

fn same_time(at: Nanos, value: &Value) {
    // Digits of an ISO time against those of our own count, by way of the calendar of days since 1970.
    let text = value.as_str().expect("a time");
    let number = |range: std::ops::Range<usize>| text[range].parse::<i64>().expect("digits");
    let days =
        venues::archive::ticks::days_since_epoch(number(0..4), number(5..7), number(8..10)).expect("a date");
    let seconds = days * 86_400 + number(11..13) * 3_600 + number(14..16) * 60 + number(17..19);
    let fraction = format!("{:0<9}", text[20..].trim_end_matches('Z'));
    assert_eq!(at.0, seconds * 1_000_000_000 + fraction.parse::<i64>().expect("digits"), "{text}");
}

const FIGURES: [(&str, StatisticKind, Option<Side>); 15] = [
    ("lastPrice", StatisticKind::LastPrice, None),
    ("openInterest", StatisticKind::OpenInterest, None),
    ("fundingRate", StatisticKind::FundingRate, None),
    ("predictedFundingRate", StatisticKind::PredictedFundingRate, None),
    ("indexPrice", StatisticKind::IndexPrice, None),
    ("markPrice", StatisticKind::MarkPrice, None),
    ("underlyingPrice", StatisticKind::UnderlyingPrice, None),
    ("markIV", StatisticKind::ImpliedVolatility, None),
    ("bestBidIV", StatisticKind::ImpliedVolatility, Some(Side::Buy)),
    ("bestAskIV", StatisticKind::ImpliedVolatility, Some(Side::Sell)),
    ("delta", StatisticKind::Delta, None),
    ("gamma", StatisticKind::Gamma, None),
    ("vega", StatisticKind::Vega, None),
    ("theta", StatisticKind::Theta, None),
    ("rho", StatisticKind::Rho, None),
];

fn side(value: &Value) -> Option<Side> {
    match value.as_str().expect("a side") {
        "buy" => Some(Side::Buy),
        "sell" => Some(Side::Sell),
        _ => None,
    }
}

/// Every event of a message against the message as `serde_json` reads it.
fn compare(wanted: &Value, fed: &Fed) {
    let what = wanted.to_string();
    let kind = wanted["type"].as_str().expect("a type");
    let levels: Vec<(usize, &Value)> = ["bids", "asks"]
        .iter()
        .enumerate()
        .flat_map(|(side, name)| {
            wanted[name].as_array().into_iter().flatten().map(move |level| (side, level))
        })
        .collect();
    let numbers = ["price", "amount"].iter().map(|name| &wanted[name]);
    let numbers = numbers.chain(levels.iter().flat_map(|(_, level)| [&level["price"], &level["amount"]]));
    if numbers.filter(|number| number.is_number()).any(|number| !held(number)) {
        assert_eq!(fed.faults().len(), 1, "{what}");
        assert!(fed.out.arrivals.iter().all(|arrival| matches!(arrival.event, Event::Gap(_))), "{what}");
        return;
    }
    assert_eq!(fed.faults(), [""; 0], "{what}");
    let mut events = fed.out.arrivals.iter().filter(|arrival| !matches!(arrival.event, Event::Gap(_)));
    for arrival in events.clone() {
        same_time(arrival.received_at, &wanted["localTimestamp"]);
        same_time(arrival.event.venue_at().expect("a venue's time"), &wanted["timestamp"]);
    }
    let mut next = || &events.next().unwrap_or_else(|| panic!("too few events for {what}")).event;
    match kind {
        "trade" => {
            let Event::Trade(trade) = next() else { panic!("{what}") };
            same(trade.price.0, &wanted["price"], &what);
            same(trade.size.0, &wanted["amount"], &what);
            assert_eq!(trade.aggressor, side(&wanted["side"]));
            let id = wanted["id"].as_str().and_then(|id| id.parse().ok()).unwrap_or(0);
            assert_eq!(trade.id, id, "{what}");
        }
        "liquidation" => {
            let Event::Statistic(figure) = next() else { panic!("{what}") };
            assert_eq!(figure.kind, StatisticKind::Liquidation);
            same(figure.value, &wanted["price"], &what);
            same(figure.size.0, &wanted["amount"], &what);
            assert_eq!(figure.side, side(&wanted["side"]));
        }
        "book_change" => {
            let whole = wanted["isSnapshot"].as_bool().expect("a truth");
            if whole {
                assert!(matches!(next(), Event::Level(e) if e.action == LevelAction::Clear), "{what}");
            }
            for (side, level) in &levels {
                let gone = level["amount"].as_f64() == Some(0.0);
                if whole && gone {
                    continue;
                }
                let Event::Level(delta) = next() else { panic!("{what}") };
                same(delta.price.0, &level["price"], &what);
                same(delta.size.0, &level["amount"], &what);
                assert_eq!(delta.side.index(), *side);
                assert_eq!(delta.action, if gone { LevelAction::Delete } else { LevelAction::Set });
                assert_eq!(delta.flags.has(Flags::SNAPSHOT), whole);
            }
        }
        _ => {
            for (side, price, amount) in [
                (Side::Buy, "bidPrice", "bidAmount"),
                (Side::Buy, "bestBidPrice", "bestBidAmount"),
                (Side::Sell, "askPrice", "askAmount"),
                (Side::Sell, "bestAskPrice", "bestAskAmount"),
            ] {
                if wanted[price].is_number() && wanted[amount].as_f64().is_some_and(|amount| amount > 0.0) {
                    let Event::Level(delta) = next() else { panic!("{what}") };
                    same(delta.price.0, &wanted[price], &what);
                    same(delta.size.0, &wanted[amount], &what);
                    assert_eq!((delta.side, delta.action), (side, LevelAction::Set));
                }
            }
            for (name, kind, side) in FIGURES {
                if wanted[name].is_number() {
                    let Event::Statistic(figure) = next() else { panic!("{what}") };
                    assert_eq!((figure.kind, figure.side), (kind, side), "{what}");
                    assert!(figure.fraction == 0 || kind.unit() == Unit::Price);
                    same(figure.value, &wanted[name], &what);
                }
            }
        }
    }
    assert!(events.next().is_none(), "too many events for {what}");
}

#[test]
fn every_number_of_the_recorded_pairs_is_what_serde_json_reads() {
    let Some(text) = pairs() else { return };
    let (mut messages, mut refused) = (0, 0);
    for line in text.lines() {
        let pair: Value = serde_json::from_str(line).expect("JSON");
        for wanted in pair["expected"].as_array().expect("an array") {
            // Each on its own, as a stream sends it: what was known before must not matter here.
            let fed = read(&format!("{wanted}\n"));
            compare(wanted, &fed);
            messages += 1;
            refused += fed.out.faults.len();
        }
    }
    // A count in Python. Beyond nanos: a book each of hitbtc and huobi, two of huobi's trades and one of gate-io's.
    assert_eq!((messages, refused), (437, 5));
}
