//! The DBN decoder against every recorded file, with the vendor's own `dbn` crate as the second reader.

#![allow(clippy::wildcard_enum_match_arm, reason = "a test looks at the kinds of event it is about")]

#[path = "support/dbn.rs"]
mod support;

use dbn::{HasRType, RType, Record, VersionUpgradePolicy};
use std::collections::BTreeMap;
use support::{FOLDERS, Stream, recorded, streams};
use types::{Arrival, Event, Flags, LevelAction, OrderAction, Phase, Side};
use venues::archive::dbn::Decoder;
use venues::{Decode, Directory, Output};

/// A whole contract, in the nanos a survey counts in.
const ONE: i64 = 1_000_000_000;

fn counts(decoder: &Decoder) -> BTreeMap<String, u64> {
    decoder.counts().into_iter().collect()
}

/// A copy of every record of one type, as the vendor's crate reads it.
fn records<T: HasRType<Header = dbn::RecordHeader> + Clone>(stream: &Stream) -> Vec<T> {
    let mut records = Vec::new();
    stream.each_of_theirs(VersionUpgradePolicy::UpgradeToV3, |record| {
        records.extend(record.get::<T>().cloned());
    });
    records
}

/// How many records of each type the vendor's crate finds, by our names.
fn their_counts(stream: &Stream) -> BTreeMap<String, u64> {
    let mut counts = BTreeMap::new();
    stream.each_of_theirs(VersionUpgradePolicy::AsIs, |record| {
        let name = match record.rtype().expect("a known type") {
            RType::Mbo => "mbo",
            RType::Mbp0 => "trades",
            RType::Mbp1 => "mbp-1",
            RType::Mbp10 => "mbp-10",
            RType::Status => "status",
            RType::InstrumentDef => "definition",
            RType::Imbalance => "imbalance",
            RType::Statistics => "statistics",
            RType::Ohlcv1S => "ohlcv-1s",
            RType::Ohlcv1M => "ohlcv-1m",
            RType::Ohlcv1H => "ohlcv-1h",
            RType::Ohlcv1D => "ohlcv-1d",
            #[expect(deprecated, reason = "DBZ files hold it")]
            RType::OhlcvDeprecated => "ohlcv",
            RType::Cmbp1 => "cmbp-1",
            RType::Cbbo1S => "cbbo-1s",
            RType::Bbo1S => "bbo-1s",
            RType::Bbo1M => "bbo-1m",
            other => panic!("no recorded file has {other:?}"),
        };
        *counts.entry(name.to_string()).or_default() += 1;
    });
    counts
}

/// Our counts in the same words: market by order in one sum, without what else was counted.
fn our_counts(decoder: &Decoder) -> BTreeMap<String, u64> {
    const TYPES: [&str; 17] = [
        "trades",
        "mbp-1",
        "mbp-10",
        "status",
        "definition",
        "imbalance",
        "statistics",
        "ohlcv",
        "ohlcv-1s",
        "ohlcv-1m",
        "ohlcv-1h",
        "ohlcv-1d",
        "cmbp-1",
        "cbbo-1s",
        "bbo-1s",
        "bbo-1m",
        "tcbbo",
    ];
    let mut ours = BTreeMap::new();
    for (name, count) in decoder.counts() {
        if ["A add", "C cancel", "F fill", "M modify", "N none", "R clear", "T trade"].contains(&&name[..]) {
            *ours.entry("mbo".to_string()).or_default() += count;
        } else if TYPES.contains(&&name[..]) {
            ours.insert(name, count);
        }
    }
    ours
}

#[test]
fn every_file_has_the_records_its_vendor_counts() {
    let mut kinds = BTreeMap::new();
    for folder in FOLDERS {
        let Some(streams) = streams(folder) else { return };
        for stream in streams {
            let (decoder, _, out) = stream.decode();
            assert_eq!(out.faults, [], "{}", stream.name);
            assert_eq!(our_counts(&decoder), their_counts(&stream), "{}", stream.name);
            let kind = if stream.fragment.is_some() {
                "fragment"
            } else if stream.name.ends_with(".dbz") {
                "dbz"
            } else {
                "dbn"
            };
            *kinds.entry((folder == FOLDERS[3], kind)).or_insert(0) += 1;
        }
    }
    let format_tests: i32 = kinds.iter().filter(|((format, _), _)| *format).map(|(_, count)| count).sum();
    assert_eq!(format_tests, 81);
    assert_eq!((kinds[&(true, "fragment")], kinds[&(true, "dbz")]), (7, 10));
    eprintln!("files by (format test, kind): {kinds:?}");
}

#[test]
fn the_spine_files_hold_what_was_counted() {
    let Some(stream) = recorded("esh4-glbx-mdp3-20231225.mbo.dbn.zst") else { return };
    let (decoder, directory, out) = stream.decode();
    let expected = [("A add", 29_216), ("C cancel", 17_999), ("F fill", 6_371), ("M modify", 12_233)];
    let counts = counts(&decoder);
    for (name, count) in expected {
        assert_eq!(counts[name], count, "{name}");
    }
    assert_eq!(counts["T trade"], 2_973);
    // The opening auction's fills do not say on which side the order stood.
    assert_eq!(counts["mbo fill without a side, not read"], 35);
    // Every record but those, and the beginning of the snapshot, which the file does not mark.
    assert_eq!(out.arrivals.len(), 68_792 - 35 + 1);
    assert_eq!(directory.names(), [("cme".to_string(), "ESH4".to_string())]);

    let stream = recorded("esh4-glbx-mdp3-20231224.mbo.dbn.zst").expect("the folder is there");
    let (decoder, _, out) = stream.decode();
    assert_eq!(decoder.counts(), [("A add".to_string(), 8_725)]);
    assert_eq!(out.arrivals.len(), 8_726);

    let stream = recorded("es-2024-07-01/futures_mbp-1_2024-07-01T23-58_2024-07-02T00-02.dbn.zst");
    let (decoder, directory, _) = stream.expect("the folder is there").decode();
    assert_eq!(decoder.counts(), [("mbp-1".to_string(), 2_288)]);
    assert_eq!(directory.names(), [("cme".to_string(), "ESU4".to_string())]);
}

fn side(letter: i8) -> Option<Side> {
    match u8::try_from(letter).expect("a letter") {
        b'B' => Some(Side::Buy),
        b'A' => Some(Side::Sell),
        _ => None,
    }
}

fn time(raw: u64) -> i64 {
    i64::try_from(raw).expect("before 2262")
}

/// What one market-by-order record must become, less the marks.
type Line = (i64, i64, String, u64, i64, i64, Option<Side>);

fn expected_orders(stream: &Stream) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut in_snapshot = false;
    for record in records::<dbn::MboMsg>(stream) {
        let (received_at, venue_at) = (time(record.ts_recv), time(record.hd.ts_event));
        let (price, size) = (record.price, i64::from(record.size) * ONE);
        if record.flags.is_snapshot() && !in_snapshot {
            lines.push((received_at, venue_at, "Clear".into(), 0, 0, 0, None));
        }
        in_snapshot = record.flags.is_snapshot();
        let (side, id) = (side(record.side), record.order_id);
        let name = match u8::try_from(record.action).expect("a letter") {
            b'A' => "Add",
            b'C' => "Reduce",
            b'M' => "Modify",
            b'F' if side.is_none() => continue,
            b'F' => "Fill",
            b'T' => {
                lines.push((received_at, venue_at, "Trade".into(), 0, price, size, side));
                continue;
            }
            other => panic!("no recorded file has {other}"),
        };
        lines.push((received_at, venue_at, name.into(), id, price, size, side));
    }
    lines
}

fn our_orders(arrivals: &[Arrival]) -> Vec<Line> {
    let line = |arrival: &Arrival| {
        let at = arrival.received_at.0;
        match arrival.event {
            Event::Order(e) if e.action == OrderAction::Clear => {
                (at, e.venue_at.0, "Clear".into(), 0, 0, 0, None)
            }
            Event::Order(e) => {
                (at, e.venue_at.0, format!("{:?}", e.action), e.order.0, e.price.0, e.size.0, Some(e.side))
            }
            Event::Trade(e) => {
                assert_eq!((e.price_fraction, e.id), (0, 0));
                (at, e.venue_at.0, "Trade".into(), 0, e.price.0, e.size.0, e.aggressor)
            }
            other => panic!("not in such a file: {other:?}"),
        }
    };
    arrivals.iter().map(line).collect()
}

#[test]
fn orders_are_field_by_field_what_the_vendor_reads() {
    let files = [
        "esh4-glbx-mdp3-20231224.mbo.dbn.zst",
        "esh4-glbx-mdp3-20231225.mbo.dbn.zst",
        "format-tests/test_data.mbo.v1.dbn.zst",
        "format-tests/test_data.mbo.v2.dbn.zst",
        "format-tests/test_data.mbo.v3.dbn.zst",
    ];
    for file in files {
        let Some(stream) = recorded(file) else { return };
        let (_, _, out) = stream.decode();
        assert!(our_orders(&out.arrivals) == expected_orders(&stream), "{file}");
    }
}

#[test]
fn the_snapshot_has_a_beginning_and_an_end_and_packets_a_last() {
    for (file, ends) in [
        // The first ends the snapshot with its last record, the second only by going on without it.
        ("esh4-glbx-mdp3-20231224.mbo.dbn.zst", 1),
        ("esh4-glbx-mdp3-20231225.mbo.dbn.zst", 20_439 + 14_375 + 12_207 + 1 + 1),
    ] {
        let Some(stream) = recorded(file) else { return };
        let (_, _, out) = stream.decode();
        let flags: Vec<Flags> = out
            .arrivals
            .iter()
            .map(|arrival| match arrival.event {
                Event::Order(e) => e.flags,
                Event::Trade(e) => e.flags,
                other => panic!("not in such a file: {other:?}"),
            })
            .collect();
        // A clear and 8,725 adds, the last marked.
        assert!(flags[..8_726].iter().all(|flags| flags.has(Flags::SNAPSHOT)), "{file}");
        assert!(flags[8_726..].iter().all(|flags| !flags.has(Flags::SNAPSHOT)), "{file}");
        let first = flags.iter().position(|flags| flags.has(Flags::LAST));
        assert_eq!(first, Some(8_725), "{file}");
        assert_eq!(flags.iter().filter(|flags| flags.has(Flags::LAST)).count(), ends, "{file}");
    }
}

/// Price, size, orders by price, for both sides.
type Top = [BTreeMap<i64, (i64, u32)>; 2];

/// What a market-by-price record shows, and the trade in it.
struct Shown {
    times: (i64, i64),
    top: Top,
    trade: Option<(i64, i64, Option<Side>)>,
}

fn top<'a>(levels: impl Iterator<Item = (&'a dbn::BidAskPair, bool)>) -> Top {
    let mut top = Top::default();
    for (level, counted) in levels {
        let both = [(level.bid_px, level.bid_sz, level.bid_ct), (level.ask_px, level.ask_sz, level.ask_ct)];
        for (side, (price, size, orders)) in both.into_iter().enumerate() {
            if price != dbn::UNDEF_PRICE && size > 0 {
                top[side].insert(price, (i64::from(size) * ONE, if counted { orders } else { 0 }));
            }
        }
    }
    top
}

/// Plays our events and compares the book with every record. `shown` is in the order of the file.
fn check_shown(file: &str, shown: &[Shown], out: &Output) {
    assert!(!shown.is_empty(), "{file}");
    let mut arrivals = out.arrivals.iter();
    let mut book = Top::default();
    for (row, record) in shown.iter().enumerate() {
        // One event for each level that is gone, one for each that is new or different.
        let mut changes = usize::from(row == 0);
        for (old, new) in book.iter().zip(&record.top) {
            changes += old.keys().filter(|&price| !new.contains_key(price)).count();
            changes += new.iter().filter(|&(price, level)| old.get(price) != Some(level)).count();
        }
        for _ in 0..changes {
            let arrival = arrivals.next().expect("as many events as changes");
            let Event::Level(e) = arrival.event else { panic!("{file} row {row}: {arrival:?}") };
            assert_eq!((arrival.received_at.0, e.venue_at.0), record.times, "{file} row {row}");
            assert_eq!(e.flags.has(Flags::SNAPSHOT), row == 0, "{file} row {row}");
            match e.action {
                LevelAction::Set => book[e.side.index()].insert(e.price.0, (e.size.0, e.orders)),
                LevelAction::Delete => book[e.side.index()].remove(&e.price.0),
                LevelAction::Clear => {
                    book = Top::default();
                    None
                }
                other => panic!("{other:?}"),
            };
        }
        assert_eq!(book, record.top, "{file} row {row}");
        if let Some(trade) = record.trade {
            let arrival = arrivals.next().expect("a trade");
            let Event::Trade(e) = arrival.event else { panic!("{file} row {row}: {arrival:?}") };
            assert_eq!((arrival.received_at.0, e.venue_at.0), record.times, "{file} row {row}");
            assert_eq!((e.price.0, e.size.0, e.aggressor), trade, "{file} row {row}");
        }
    }
    assert_eq!(arrivals.next(), None, "{file}");
}

fn trade(action: i8, price: i64, size: u32, aggressor: i8) -> Option<(i64, i64, Option<Side>)> {
    (action == 84).then_some((price, i64::from(size) * ONE, side(aggressor)))
}

#[test]
fn the_levels_shown_are_the_book_after_every_record() {
    let one = [
        "es-2024-07-01/futures_mbp-1_2024-07-01T23-58_2024-07-02T00-02.dbn.zst",
        "format-tests/test_data.mbp-1.v1.dbn.zst",
        "format-tests/test_data.mbp-1.dbn",
        "format-tests/test_data.mbp-1.v3.dbn.zst",
        "format-tests/test_data.tbbo.v1.dbn.zst",
        "format-tests/test_data.tbbo.v3.dbn.zst",
    ];
    for file in one {
        let Some(stream) = recorded(file) else { return };
        let shown: Vec<Shown> = records::<dbn::Mbp1Msg>(&stream)
            .iter()
            .map(|r| Shown {
                times: (time(r.ts_recv), time(r.hd.ts_event)),
                top: top(r.levels.iter().map(|level| (level, true))),
                trade: trade(r.action, r.price, r.size, r.side),
            })
            .collect();
        check_shown(file, &shown, &stream.decode().2);
    }
    for version in ["v1", "v2", "v3"] {
        let file = format!("format-tests/test_data.mbp-10.{version}.dbn.zst");
        let stream = recorded(&file).expect("the folder is there");
        let shown: Vec<Shown> = records::<dbn::Mbp10Msg>(&stream)
            .iter()
            .map(|r| Shown {
                times: (time(r.ts_recv), time(r.hd.ts_event)),
                top: top(r.levels.iter().map(|level| (level, true))),
                trade: trade(r.action, r.price, r.size, r.side),
            })
            .collect();
        check_shown(&file, &shown, &stream.decode().2);
    }
    for file in ["bbo-1s.dbn", "bbo-1m.v2.dbn.zst", "bbo-1s.v3.dbn.zst"] {
        let stream = recorded(&format!("format-tests/test_data.{file}")).expect("the folder is there");
        let shown: Vec<Shown> = records::<dbn::BboMsg>(&stream)
            .iter()
            .map(|r| Shown {
                times: (time(r.ts_recv), time(r.ts_recv)),
                top: top(r.levels.iter().map(|level| (level, true))),
                trade: None,
            })
            .collect();
        let mut out = stream.decode().2;
        // The last trades that samples tell are looked at elsewhere.
        out.arrivals.retain(|arrival| !matches!(arrival.event, Event::Statistic(_)));
        check_shown(file, &shown, &out);
    }
    for file in ["cmbp-1.dbn", "cmbp-1.v3.dbn.zst"] {
        let stream = recorded(&format!("format-tests/test_data.{file}")).expect("the folder is there");
        let shown: Vec<Shown> = records::<dbn::Cmbp1Msg>(&stream)
            .iter()
            .map(|r| Shown {
                times: (time(r.ts_recv), time(r.hd.ts_event)),
                top: {
                    let level = &r.levels[0];
                    let pair = dbn::BidAskPair {
                        bid_px: level.bid_px,
                        ask_px: level.ask_px,
                        bid_sz: level.bid_sz,
                        ask_sz: level.ask_sz,
                        bid_ct: 0,
                        ask_ct: 0,
                    };
                    top([(&pair, false)].into_iter())
                },
                trade: trade(r.action, r.price, r.size, r.side),
            })
            .collect();
        check_shown(file, &shown, &stream.decode().2);
    }
}

#[test]
fn trades_are_field_by_field_what_the_vendor_reads() {
    for (file, count) in [
        ("es-2024-07-01/futures_trades_2024-07-01T23-58_2024-07-02T00-02.dbn.zst", 120),
        ("format-tests/test_data.trades.v1.dbn.zst", 2),
        ("format-tests/test_data.trades.dbn", 2),
        ("format-tests/test_data.trades.v3.dbn.zst", 2),
    ] {
        let Some(stream) = recorded(file) else { return };
        let (_, _, out) = stream.decode();
        let expected: Vec<Line> = records::<dbn::TradeMsg>(&stream)
            .iter()
            .map(|r| {
                let times = (time(r.ts_recv), time(r.hd.ts_event));
                (times.0, times.1, "Trade".into(), 0, r.price, i64::from(r.size) * ONE, side(r.side))
            })
            .collect();
        assert_eq!(our_orders(&out.arrivals), expected, "{file}");
        assert_eq!(expected.len(), count, "{file}");
        let last = |arrival: &Arrival| matches!(arrival.event, Event::Trade(e) if e.flags.has(Flags::LAST));
        assert!(out.arrivals.iter().all(last), "each stands for itself");
    }
}

#[test]
fn definitions_say_what_the_vendor_reads() {
    let mut defined = BTreeMap::new();
    let mut kinds = [0; 3];
    for folder in FOLDERS {
        let Some(streams) = streams(folder) else { return };
        for stream in streams.iter().filter(|stream| stream.name.contains("definition")) {
            let (decoder, directory, _) = stream.decode();
            let (mut open, mut options, mut spreads) = (0, 0, 0);
            for record in records::<dbn::InstrumentDefMsg>(stream) {
                let symbol = record.raw_symbol().expect("text");
                let class = u8::try_from(record.instrument_class).expect("a letter");
                options += u64::from(matches!(class, b'C' | b'P'));
                spreads += u64::from(matches!(class, b'S' | b'T' | b'M'));
                let Some(ours) = directory.definition(decoder.venue(), symbol) else {
                    // No tick at all, or nothing that says what it is worth.
                    let no_tick = record.min_price_increment == dbn::UNDEF_PRICE;
                    let no_worth = record.unit_of_measure_qty == dbn::UNDEF_PRICE
                        && record.min_price_increment_amount == dbn::UNDEF_PRICE;
                    // Terms that contradict each other: a tick of 1 dollar where the contract says 10, and one of
                    // 5 cents where it says 6.25 dollars.
                    let contradicts = ["LNEH1 C3400", "OZSN1 C1320"].contains(&symbol);
                    assert!(no_tick || no_worth || contradicts, "{} {symbol}", stream.name);
                    open += 1;
                    continue;
                };
                assert_eq!(ours.tick_nanos, record.min_price_increment);
                assert_eq!(ours.currency, record.currency().expect("text"));
                defined.insert(symbol.to_string(), (ours.tick_nanos, ours.multiplier_nanos / ONE));
            }
            let counts = counts(&decoder);
            let count = |name: &str| counts.get(name).copied().unwrap_or(0);
            assert_eq!(count("definition without tick or multiplier"), open, "{}", stream.name);
            assert_eq!(count("definition of an option, strike and expiry not kept"), options);
            assert_eq!(count("definition of a spread, legs not kept"), spreads);
            kinds = [kinds[0] + open, kinds[1] + options, kinds[2] + spreads];
        }
    }
    eprintln!("definitions: {} with terms, {kinds:?} without, of options, of spreads", defined.len());
    // Ticks and what a point is worth, from CME's contract specifications: E-mini S&P 500 and Nasdaq-100 futures;
    // a basis point of a Eurodollar option is 25 dollars, a dollar of a gold option 100.
    let (quarter, half, tenth) = (ONE / 4, ONE / 2, ONE / 10);
    let expected = [
        ("ESM3", quarter, 50),
        ("ESM4", quarter, 50),
        ("ESU4", quarter, 50),
        ("NQM4", quarter, 20),
        ("NQU4", quarter, 20),
        ("GEM3 P9812", half, 25),
        ("OGF1 P2020", tenth, 100),
    ]
    .map(|(symbol, tick, worth)| (symbol.to_string(), (tick, worth)));
    assert_eq!(defined, BTreeMap::from(expected));
}

#[test]
fn a_status_becomes_a_phase() {
    let Some(stream) = recorded("format-tests/test_data.status.v3.dbn.zst") else { return };
    let (_, _, out) = stream.decode();
    let records = records::<dbn::StatusMsg>(&stream);
    // Trading; before the open, twice; a new price indication while trading.
    let phases = [Phase::Open, Phase::PreOpen, Phase::PreOpen, Phase::Open];
    assert_eq!(records.len(), phases.len());
    for ((arrival, record), phase) in out.arrivals.iter().zip(&records).zip(phases) {
        let Event::Status(e) = arrival.event else { panic!("{arrival:?}") };
        assert_eq!((e.venue_at.0, arrival.received_at.0), (time(record.hd.ts_event), time(record.ts_recv)));
        assert_eq!(e.phase, phase);
    }
}

#[test]
fn events_do_not_depend_on_how_the_bytes_are_cut() {
    for folder in FOLDERS {
        let Some(streams) = streams(folder) else { return };
        // The whole days of orders take long a byte at a time.
        for stream in streams.iter().filter(|stream| stream.bytes.len() < 1 << 18) {
            let whole = stream.decode().2;
            for piece in [1, 7, 55, 56, 1_000] {
                let mut directory = Directory::survey();
                let (_, out) = stream.feed(piece, &mut directory);
                assert!(out.arrivals == whole.arrivals, "{} in pieces of {piece}", stream.name);
            }
        }
    }
    let Some(stream) = recorded("esh4-glbx-mdp3-20231225.mbo.dbn.zst") else { return };
    let whole = stream.decode().2;
    for piece in [1_000, 57_344, 1 << 20] {
        let (_, out) = stream.feed(piece, &mut Directory::survey());
        assert!(out.arrivals == whole.arrivals, "the day in pieces of {piece}");
    }
}

/// Cuts a stream of records of one length behind a header at every byte.
fn check_cuts(stream: &Stream, header: usize, record: usize) {
    let name = &stream.name;
    assert_eq!((stream.bytes.len() - header) % record, 0, "{name}");
    for end in 0..stream.bytes.len() {
        let cut = Stream { name: name.clone(), bytes: stream.bytes[..end].to_vec(), ..*stream };
        let (decoder, _, out) = cut.decode();
        let (offset, skipped) = match end.checked_sub(header) {
            None => (0, end),
            Some(behind) => (end - behind % record, behind % record),
        };
        // DBZ counts its records beforehand, so that even a cut between two of them is seen.
        let missing = name.ends_with(".dbz") && end < stream.bytes.len();
        let expected =
            (skipped > 0 || end < header || end == 0 || missing).then_some((offset as u64, skipped as u64));
        let fault = out.faults.first().map(|fault| (fault.offset, fault.skipped));
        assert_eq!(fault, expected, "{name} cut at {end}: {:?}", out.faults);
        assert_eq!(out.faults.len(), usize::from(expected.is_some()), "{name} cut at {end}");
        let whole = end.saturating_sub(header) / record;
        let counted: u64 = our_counts(&decoder).values().sum();
        assert_eq!(counted, whole as u64, "{name} cut at {end}");
    }
}

#[test]
fn a_file_cut_at_any_byte_says_where() {
    let Some(streams) = streams("dbn/format-tests") else { return };
    let mut checked = 0;
    for stream in streams.iter().filter(|stream| stream.bytes.len() < 8_000) {
        let header = match stream.fragment {
            Some(_) => 0,
            None => {
                let length: &[u8; 4] = stream.bytes[4..].first_chunk().expect("long enough");
                8 + u32::from_le_bytes(*length) as usize
            }
        };
        // A file whose request found nothing has no record to be cut.
        if let Some(&words) = stream.bytes.get(header) {
            check_cuts(stream, header, usize::from(words) * 4);
            checked += 1;
        }
    }
    // All but the three bars by day that nobody made, and the longest fragment.
    eprintln!("{checked} files cut at every byte");
    assert!(checked >= 76, "{checked}");
}
