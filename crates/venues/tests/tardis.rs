//! Tardis's CSV files: made of the vendor's own normalised records of many venues, and by hand.

#![allow(clippy::wildcard_enum_match_arm, reason = "a test looks at the kinds of event it is about")]

use serde_json::Value;
use std::collections::BTreeMap;
use types::{Event, Flags, LevelAction, Side, StatisticKind};
use venues::archive::tardis::{Decoder, Table};
use venues::{Decode, Directory, Output};

const BOOK: &str = "exchange,symbol,timestamp,local_timestamp,is_snapshot,side,price,amount\n";
const TRADES: &str = "exchange,symbol,timestamp,local_timestamp,id,side,price,amount\n";

fn decode(text: &str, hint: Option<Table>) -> (Decoder, Directory, Output) {
    let (mut decoder, mut directory, mut out) = (Decoder::new(hint), Directory::survey(), Output::default());
    let taken = decoder.decode(text.as_bytes(), &mut directory, &mut out);
    decoder.finish(&text.as_bytes()[taken..], &mut directory, &mut out);
    (decoder, directory, out)
}

/// The vendor's normalised records of one type, in the file's order.
fn records(kind: &str) -> Option<Vec<Value>> {
    let path = testkit::data::recorded("venue-messages/tardis/pairs.jsonl")?;
    let text = std::fs::read_to_string(path).expect("a recorded file can be read");
    let pairs = text.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    let all: Vec<Value> =
        pairs.flat_map(|pair| pair["expected"].as_array().expect("a list").clone()).collect();
    Some(all.into_iter().filter(|record| record["type"] == kind).collect())
}

/// `2019-12-14T00:00:01.275Z` in microseconds. Some records carry six decimals.
fn micros(time: &Value) -> i64 {
    let text = time.as_str().expect("a time");
    let number = |from: usize, to: usize| text[from..to].parse::<i64>().expect("digits");
    let (year, month, day) = (number(0, 4), number(5, 7), number(8, 10));
    // Days by counting: slow, and plain to see.
    let leap = |year: i64| year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let lengths = [31, if leap(year) { 29 } else { 28 }, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let years: i64 = (1970..year).map(|year| if leap(year) { 366 } else { 365 }).sum();
    let months: i64 = lengths.iter().take(usize::try_from(month - 1).expect("a month")).sum();
    let seconds =
        (years + months + day - 1) * 86_400 + number(11, 13) * 3_600 + number(14, 16) * 60 + number(17, 19);
    let part = text[19..].trim_start_matches('.').trim_end_matches('Z');
    seconds * 1_000_000 + format!("{part:0<6}").parse::<i64>().expect("at most six decimals")
}

/// A number as the vendor's program would write it: empty for null.
fn field(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// A number in nanos by another road: Rust shows a double's shortest digits without an exponent. The second is
/// whether that is all of it.
fn shown(value: &Value) -> Option<(i64, bool)> {
    let text = value.as_f64()?.to_string();
    let (whole, part) = text.split_once('.').unwrap_or((&text, ""));
    let (kept, beyond) = part.split_at(part.len().min(9));
    let cut: i64 = format!("{whole}{kept:0<9}").parse().ok()?;
    let up = i64::from(beyond.as_bytes().first().is_some_and(|digit| *digit >= b'5'));
    Some((if text.starts_with('-') { cut - up } else { cut + up }, beyond.is_empty()))
}

fn nanos(value: &Value) -> Option<i64> {
    shown(value).filter(|(_, whole)| *whole).map(|(nanos, _)| nanos)
}

/// A figure in nanos, rounded.
fn rounded(value: &Value) -> Option<i64> {
    shown(value).map(|(nanos, _)| nanos)
}

struct Names(BTreeMap<u32, (String, String)>);

impl Names {
    fn of(directory: &Directory) -> Self {
        Self(directory.names().iter().cloned().zip(0..).map(|(name, id)| (id, name)).collect())
    }

    fn is(&self, id: types::InstrumentId, record: &Value) -> bool {
        let (exchange, symbol) = &self.0[&id.0];
        record["exchange"] == exchange.as_str() && record["symbol"] == symbol.as_str()
    }
}

fn start(record: &Value) -> String {
    let [exchange, symbol] = ["exchange", "symbol"].map(|name| field(&record[name]));
    format!("{exchange},{symbol},{},{}", micros(&record["timestamp"]), micros(&record["localTimestamp"]))
}

/// Whose, side, action, price, size, whether of a snapshot, venue time and receive time.
type Change = (String, Side, LevelAction, i64, i64, bool, i64, i64);

#[test]
fn book_changes_of_many_venues_come_back_as_they_were() {
    let Some(mut records) = records("book_change") else { return };
    assert_eq!(records.len(), 175);
    // A comma in a symbol would need quotes, which the vendor's files have not.
    records.retain(|record| !field(&record["symbol"]).contains(','));
    let mut text = BOOK.to_string();
    let mut expected: Vec<Change> = Vec::new();
    let mut refused = 0;
    for record in &records {
        for (side, name, word) in [(Side::Buy, "bids", "bid"), (Side::Sell, "asks", "ask")] {
            for level in record[name].as_array().expect("levels") {
                let (price, amount) = (&level["price"], &level["amount"]);
                let snapshot = record["isSnapshot"].as_bool().expect("a truth");
                let row = format!("{},{snapshot},{word},{},{}\n", start(record), field(price), field(amount));
                text.push_str(&row);
                match (nanos(price), nanos(amount)) {
                    (Some(price), Some(amount)) => expected.push((
                        format!("{}/{}", field(&record["exchange"]), field(&record["symbol"])),
                        side,
                        if amount == 0 { LevelAction::Delete } else { LevelAction::Set },
                        price,
                        amount,
                        snapshot,
                        micros(&record["timestamp"]) * 1_000,
                        micros(&record["localTimestamp"]) * 1_000,
                    )),
                    _ => refused += 1,
                }
            }
        }
    }
    let (decoder, directory, out) = decode(&text, None);
    assert_eq!(decoder.table(), Some(Table::Book));
    let names = directory.names();
    let got: Vec<_> = out
        .arrivals
        .iter()
        .filter_map(|arrival| match arrival.event {
            Event::Level(e) if e.action != LevelAction::Clear => Some((
                format!("{}/{}", names[e.instrument.index()].0, names[e.instrument.index()].1),
                e.side,
                e.action,
                e.price.0,
                e.size.0,
                e.flags.has(Flags::SNAPSHOT),
                e.venue_at.0,
                arrival.received_at.0,
            )),
            _ => None,
        })
        .collect();
    assert_eq!(got, expected);
    // What no nano holds is a fault each, and said with its line.
    assert_eq!(out.faults.len(), refused);
    eprintln!("book_change: {} levels of {} books, {refused} beyond a nano", got.len(), names.len());
    // Levels as another program counts them.
    assert_eq!((got.len() + refused, names.len()), (415, 117));
}

#[test]
fn trades_and_liquidations_of_many_venues_come_back_as_they_were() {
    for (kind, hint, count) in [("trade", None, 119), ("liquidation", Some(Table::Liquidations), 13)] {
        let Some(records) = records(kind) else { return };
        assert_eq!(records.len(), count);
        let mut text = TRADES.to_string();
        for record in &records {
            let [id, side, price, amount] =
                ["id", "side", "price", "amount"].map(|name| field(&record[name]));
            text.push_str(&format!("{},{id},{side},{price},{amount}\n", start(record)));
        }
        let (decoder, directory, out) = decode(&text, hint);
        let names = Names::of(&directory);
        assert_eq!(decoder.table(), hint.or(Some(Table::Trades)));
        let readable: Vec<_> = records
            .iter()
            .filter(|r| nanos(&r["price"]).is_some() && nanos(&r["amount"]).is_some())
            .collect();
        assert_eq!(out.faults.len(), records.len() - readable.len(), "{:?}", out.faults);
        assert_eq!(out.arrivals.len(), readable.len());
        for (record, arrival) in readable.into_iter().zip(&out.arrivals) {
            let side = match record["side"].as_str() {
                Some("buy") => Some(Side::Buy),
                Some("sell") => Some(Side::Sell),
                _ => None,
            };
            let (venue_at, instrument, price, size, got, flags) = match arrival.event {
                Event::Trade(e) => {
                    let id = field(&record["id"]).parse().unwrap_or(0);
                    assert_eq!(e.id, id, "{record}");
                    (e.venue_at, e.instrument, e.price.0, e.size.0, e.aggressor, e.flags)
                }
                Event::Statistic(e) if e.kind == StatisticKind::Liquidation => {
                    (e.venue_at, e.instrument, e.value, e.size.0, e.side, e.flags)
                }
                other => panic!("{other:?}"),
            };
            assert!(names.is(instrument, record), "{record}");
            assert_eq!(
                (Some(price), Some(size), got),
                (nanos(&record["price"]), nanos(&record["amount"]), side)
            );
            assert_eq!(venue_at.0, micros(&record["timestamp"]) * 1_000, "{record}");
            assert_eq!(flags, Flags::LAST);
        }
    }
}

/// What a row of figures becomes: kind, side, value.
type Figures = Vec<(StatisticKind, Option<Side>, i64)>;

fn figures(out: &Output) -> Figures {
    let figure = |event: &Event| match event {
        Event::Statistic(e) => {
            assert_eq!(e.fraction, 0, "a survey's tick is a nano");
            Some((e.kind, e.side, e.value))
        }
        _ => None,
    };
    out.arrivals.iter().filter_map(|arrival| figure(&arrival.event)).collect()
}

#[test]
fn funding_marks_and_greeks_come_back_as_they_were() {
    use StatisticKind as K;
    // The file's column, the record's name, what it becomes.
    let ticker: &[(&str, &str, K, Option<Side>)] = &[
        ("funding_rate", "fundingRate", K::FundingRate, None),
        ("predicted_funding_rate", "predictedFundingRate", K::PredictedFundingRate, None),
        ("open_interest", "openInterest", K::OpenInterest, None),
        ("last_price", "lastPrice", K::LastPrice, None),
        ("index_price", "indexPrice", K::IndexPrice, None),
        ("mark_price", "markPrice", K::MarkPrice, None),
    ];
    let options: &[(&str, &str, K, Option<Side>)] = &[
        ("open_interest", "openInterest", K::OpenInterest, None),
        ("last_price", "lastPrice", K::LastPrice, None),
        ("mark_price", "markPrice", K::MarkPrice, None),
        ("underlying_price", "underlyingPrice", K::UnderlyingPrice, None),
        ("mark_iv", "markIV", K::ImpliedVolatility, None),
        ("bid_iv", "bestBidIV", K::ImpliedVolatility, Some(Side::Buy)),
        ("ask_iv", "bestAskIV", K::ImpliedVolatility, Some(Side::Sell)),
        ("delta", "delta", K::Delta, None),
        ("gamma", "gamma", K::Gamma, None),
        ("vega", "vega", K::Vega, None),
        ("theta", "theta", K::Theta, None),
        ("rho", "rho", K::Rho, None),
    ];
    let quote = [
        ("bid_price", "bestBidPrice"),
        ("bid_amount", "bestBidAmount"),
        ("ask_price", "bestAskPrice"),
        ("ask_amount", "bestAskAmount"),
    ];
    for (kind, count, columns, more) in [
        ("derivative_ticker", 72, ticker, &[][..]),
        ("option_summary", 14, options, &[("type", "optionType"), ("strike_price", "strikePrice")][..]),
    ] {
        let Some(records) = records(kind) else { return };
        assert_eq!(records.len(), count);
        let quote = if more.is_empty() { &[][..] } else { &quote[..] };
        let extra = more.iter().chain(quote);
        let names: Vec<&str> = columns.iter().map(|c| c.0).chain(extra.clone().map(|c| c.0)).collect();
        // Columns in another order than the vendor's, and one it does not have.
        let mut text = format!("{},new,exchange,symbol,timestamp,local_timestamp\n", names.join(","));
        let mut expected = Figures::new();
        let mut levels = 0;
        for record in &records {
            let values = columns.iter().map(|c| c.1).chain(extra.clone().map(|c| c.1));
            let values: Vec<String> = values.map(|name| field(&record[name])).collect();
            text.push_str(&format!("{},?,{}\n", values.join(","), start(record)));
            for (_, name, kind, side) in columns {
                expected.extend(rounded(&record[*name]).map(|value| (*kind, *side, value)));
            }
            for side in ["bestBid", "bestAsk"].iter().filter(|_| !quote.is_empty()) {
                let part = |part: &str| nanos(&record[format!("{side}{part}")]).unwrap_or(0);
                levels += usize::from(part("Price") > 0 && part("Amount") > 0);
            }
        }
        let (_, _, out) = decode(&text, None);
        assert_eq!(out.faults, [], "{kind}");
        assert_eq!(figures(&out), expected, "{kind}");
        let set = |event: &Event| matches!(event, Event::Level(e) if e.action == LevelAction::Set);
        assert_eq!(out.arrivals.iter().filter(|arrival| set(&arrival.event)).count(), levels);
        assert!(out.arrivals.last().is_some_and(|arrival| arrival.event.flags().has(Flags::LAST)));
        eprintln!("{kind}: {} figures, {levels} levels", expected.len());
        assert!(expected.len() > count);
    }
}

#[test]
fn best_quotes_of_many_venues_come_back_as_they_were() {
    let Some(records) = records("book_ticker") else { return };
    assert_eq!(records.len(), 44);
    let mut text =
        "exchange,symbol,timestamp,local_timestamp,ask_amount,ask_price,bid_price,bid_amount\n".to_string();
    let mut expected = Vec::new();
    for record in &records {
        let values = ["askAmount", "askPrice", "bidPrice", "bidAmount"].map(|name| field(&record[name]));
        text.push_str(&format!("{},{}\n", start(record), values.join(",")));
        expected.push((None, 0, 0));
        for (side, name) in [(Side::Buy, "bid"), (Side::Sell, "ask")] {
            let part = |part: &str| nanos(&record[format!("{name}{part}")]);
            if let (Some(price), Some(amount @ 1..)) = (part("Price"), part("Amount")) {
                expected.push((Some(side), price, amount));
            }
        }
    }
    let (decoder, _, out) = decode(&text, None);
    assert_eq!(decoder.table(), Some(Table::Quotes));
    assert_eq!(out.faults, []);
    let level = |event: &Event| match event {
        Event::Level(e) => ((e.action == LevelAction::Set).then_some(e.side), e.price.0, e.size.0),
        other => panic!("{other:?}"),
    };
    assert_eq!(out.arrivals.iter().map(|arrival| level(&arrival.event)).collect::<Vec<_>>(), expected);
}

/// A letter for each event; `|` behind the last of a message.
fn shape(out: &Output) -> String {
    let mut shape = String::new();
    for arrival in &out.arrivals {
        let letter = match arrival.event {
            Event::Level(e) => match e.action {
                LevelAction::Clear => 'C',
                LevelAction::Set if e.flags.has(Flags::SNAPSHOT) => 's',
                LevelAction::Set => 'S',
                LevelAction::Delete if e.flags.has(Flags::SNAPSHOT) => 'd',
                LevelAction::Delete => 'D',
                _ => '?',
            },
            Event::Trade(_) => 'T',
            Event::Statistic(_) => 'F',
            Event::Gap(gap) => {
                if gap.instrument.is_some() {
                    'g'
                } else {
                    'G'
                }
            }
            _ => '?',
        };
        shape.push(letter);
        if arrival.event.flags().has(Flags::LAST) {
            shape.push('|');
        }
    }
    shape
}

#[test]
fn rows_of_one_message_are_one_packet() {
    let cases: &[(&str, &[&str], &str)] = &[
        (
            "a snapshot empties the book, and its last row ends it",
            &[
                "x,A,1,10,true,bid,9,1",
                "x,A,1,10,true,ask,11,1",
                "x,A,2,20,false,bid,9,0",
                "x,A,2,20,false,bid,8,1",
            ],
            "Css|DS|",
        ),
        (
            "messages are told apart by the time they were received",
            &["x,A,1,10,true,bid,9,1", "x,A,1,20,false,bid,9,2", "x,A,1,21,false,bid,9,3"],
            "Cs|S|S|",
        ),
        (
            "instruments have packets of their own",
            &[
                "x,A,1,10,true,bid,9,1",
                "x,B,1,10,true,bid,9,1",
                "x,A,1,11,false,bid,9,2",
                "x,B,1,11,false,bid,9,2",
            ],
            "Cs|Cs|S|S|",
        ),
        (
            "a second snapshot empties the book again, one in two messages does not",
            &[
                "x,A,1,10,true,bid,9,1",
                "x,A,1,11,true,ask,10,1",
                "x,A,1,12,false,bid,9,2",
                "x,A,1,13,true,bid,9,1",
                "x,A,1,13,true,ask,10,0",
            ],
            "Cs|s|S|Csd|",
        ),
        (
            "changes before any snapshot leave the book stale until one",
            &["x,A,1,10,false,bid,9,1", "x,A,1,11,false,bid,9,2", "x,A,1,12,true,bid,9,1"],
            "gS|S|Cs|",
        ),
    ];
    for (what, rows, expected) in cases {
        let (_, _, out) = decode(&format!("{BOOK}{}\n", rows.join("\n")), None);
        assert_eq!(out.faults, [], "{what}");
        assert_eq!(shape(&out), *expected, "{what}");
    }
}

#[test]
fn each_row_of_a_snapshot_file_is_a_whole_book() {
    let text = "\
exchange,symbol,timestamp,local_timestamp,asks[0].price,asks[0].amount,bids[0].price,bids[0].amount,asks[1].price,asks[1].amount,bids[1].price,bids[1].amount\r
x,A,1,10,11,1,9,2,12,3,8,4\r
x,A,2,20,11,1,9,2,,,8,4\r
x,A,3,30,,,,,,,,\r
";
    let (decoder, _, out) = decode(text, None);
    assert_eq!(decoder.table(), Some(Table::Snapshots));
    assert_eq!(out.faults, []);
    assert_eq!(shape(&out), "Cssss|Csss|C|");
    let sides: Vec<(Side, i64, i64)> = out.arrivals[1..5]
        .iter()
        .map(|arrival| match arrival.event {
            Event::Level(e) => (e.side, e.price.0 / 1_000_000_000, e.size.0 / 1_000_000_000),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(sides, [(Side::Buy, 9, 2), (Side::Sell, 11, 1), (Side::Buy, 8, 4), (Side::Sell, 12, 3)]);
}

#[test]
fn a_damaged_row_is_a_fault_and_its_book_stale_until_a_snapshot() {
    let good = ["x,A,1,10,true,bid,9,1", "x,A,2,20,false,bid,9,2", "x,A,3,30,true,bid,9,3"];
    let wrong = [
        ("x,A,2,15,false,bid,9", 'G', "a row with more or fewer fields than columns"),
        ("x,A,2,15,false,bid,9,1,1", 'G', "a row with more or fewer fields than columns"),
        (",A,2,15,false,bid,9,1", 'G', "a row without exchange or symbol"),
        ("x,A,noon,15,false,bid,9,1", 'g', "a timestamp that is no number"),
        ("x,A,2,,false,bid,9,1", 'g', "a local timestamp that is no number"),
        ("x,A,2,15,maybe,bid,9,1", 'g', "an is_snapshot other than true and false"),
        ("x,A,2,15,false,mid,9,1", 'g', "a side other than bid and ask"),
        ("x,A,2,15,false,bid,,1", 'g', "a price that cannot be held"),
        ("x,A,2,15,false,bid,9,-1", 'g', "an amount that cannot be held"),
        ("x,A,2,15,false,bid,9,1e-10", 'g', "an amount that cannot be held"),
        ("x,A,2,15,false,bid,NaN,1", 'g', "a price that cannot be held"),
    ];
    for (row, gap, what) in wrong {
        let text = format!("{BOOK}{}\n{row}\n{}\n{}\n", good[0], good[1], good[2]);
        let (_, _, out) = decode(&text, None);
        assert_eq!(shape(&out), format!("Cs|{gap}S|Cs|"), "{row}");
        let faults: Vec<_> = out.faults.iter().map(|f| (f.offset, f.skipped, f.what.as_str())).collect();
        let start = BOOK.len() + good[0].len() + 1;
        let what = format!("line 3: {what}");
        assert_eq!(faults, [(start as u64, row.len() as u64 + 1, what.as_str())]);
    }
    // A trade changes no book.
    let (_, _, out) = decode(&format!("{TRADES}x,A,1,10,7,up,9,1\nx,A,1,10,8,unknown,9,1\n"), None);
    assert_eq!((shape(&out).as_str(), out.faults.len()), ("T|", 1));
    // No header: nothing can be read.
    let (decoder, _, out) = decode("a,b,c\n1,2,3\n", None);
    assert_eq!((out.arrivals.len(), out.faults.len(), decoder.table()), (0, 1, None));
}

#[test]
fn events_do_not_depend_on_how_the_bytes_are_cut() {
    let rows = [
        "x,A,1,10,true,bid,9,1",
        "x,A,1,10,true,ask,11,1",
        "x,B,2,20,false,bid,9,0",
        "bad",
        "x,A,2,20,false,bid,8,1",
    ];
    let text = format!("{BOOK}{}", rows.join("\n"));
    let (_, _, whole) = decode(&text, None);
    assert_eq!(shape(&whole), "Css|gD|GS|");
    for piece in 1..text.len() {
        let (mut decoder, mut directory, mut out) =
            (Decoder::new(None), Directory::survey(), Output::default());
        let (mut start, mut end) = (0, 0);
        while end < text.len() {
            end = text.len().min(end + piece);
            start += decoder.decode(&text.as_bytes()[start..end], &mut directory, &mut out);
        }
        decoder.finish(&text.as_bytes()[start..], &mut directory, &mut out);
        assert_eq!((&out.arrivals, &out.faults), (&whole.arrivals, &whole.faults), "pieces of {piece}");
    }
    for end in 0..text.len() {
        let (_, _, out) = decode(&text[..end], None);
        assert!(out.faults.len() <= 2, "cut at {end}");
    }
}

#[test]
fn a_file_scribbled_on_is_survived() {
    let rows = [
        "x,A,1,10,true,bid,9,1",
        "x,B,1,10,true,ask,1e-7,1",
        "x,A,2,20,false,bid,9,0",
        "x,A,2,20,false,bid,8,1",
    ];
    let text = format!("{BOOK}{}\n", rows.join("\n"));
    let mut prng = stdx::Prng::new(20_200_101);
    for _ in 0..20_000 {
        let mut bytes = text.clone().into_bytes();
        for _ in 0..prng.between(1, 6) {
            let at = usize::try_from(prng.below(bytes.len() as u64)).expect("small");
            bytes[at] = b"0123456789-.e,\n\r[]\"x"[usize::try_from(prng.below(20)).expect("below 20")];
        }
        decode(&String::from_utf8(bytes).expect("only such bytes were put in"), None);
    }
}
