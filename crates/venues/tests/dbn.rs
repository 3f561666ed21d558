//! The DBN decoder against every recorded file, with the vendor's own `dbn` crate as the second reader.

#![allow(clippy::wildcard_enum_match_arm, reason = "a test looks at the kinds of event it is about")]

use dbn::decode::{DecodeRecordRef, dbn::Decoder as Theirs};
use dbn::{HasRType, RType, Record, VersionUpgradePolicy};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use types::{Arrival, Event, Flags, LevelAction, OrderAction, Phase, Side};
use venues::archive::dbn::Decoder;
use venues::{Decode, Directory, Output};

/// A whole contract, in the nanos a survey counts in.
const ONE: i64 = 1_000_000_000;

fn bytes(path: &Path) -> Vec<u8> {
    let packed = std::fs::read(path).expect("a recorded file can be read");
    if path.extension().is_some_and(|ending| ending == "zst") {
        zstd::decode_all(&packed[..]).expect("a recorded file is whole")
    } else {
        packed
    }
}

fn recorded(file: &str) -> Option<Vec<u8>> {
    Some(bytes(&testkit::data::recorded(&format!("dbn/{file}"))?))
}

fn files(folder: &str) -> Option<Vec<PathBuf>> {
    let folder = testkit::data::recorded(folder)?;
    let entries = std::fs::read_dir(folder).expect("a folder");
    let mut files: Vec<PathBuf> =
        entries.map(|entry| entry.expect("an entry").path()).filter(|path| path.is_file()).collect();
    files.sort();
    Some(files)
}

/// Feeds bytes in pieces.
fn feed(bytes: &[u8], piece: usize, directory: &mut Directory) -> (Decoder, Output) {
    let (mut decoder, mut out) = (Decoder::new(), Output::default());
    let (mut start, mut end) = (0, 0);
    while end < bytes.len() {
        end = bytes.len().min(end + piece);
        start += decoder.decode(&bytes[start..end], directory, &mut out);
    }
    decoder.finish(&bytes[start..], directory, &mut out);
    (decoder, out)
}

fn decode(bytes: &[u8]) -> (Decoder, Directory, Output) {
    let mut directory = Directory::survey();
    let (decoder, out) = feed(bytes, 1 << 40, &mut directory);
    (decoder, directory, out)
}

fn counts(decoder: &Decoder) -> BTreeMap<String, u64> {
    decoder.counts().into_iter().collect()
}

fn theirs(bytes: &[u8], policy: VersionUpgradePolicy) -> Theirs<&[u8]> {
    Theirs::with_upgrade_policy(bytes, policy).expect("the vendor reads its own files")
}

/// A copy of every record of one type, as the vendor's crate reads it.
fn records<T: HasRType<Header = dbn::RecordHeader> + Clone>(bytes: &[u8]) -> Vec<T> {
    let mut decoder = theirs(bytes, VersionUpgradePolicy::UpgradeToV3);
    let mut records = Vec::new();
    while let Some(record) = decoder.decode_record_ref().expect("the vendor reads its own files") {
        records.extend(record.get::<T>().cloned());
    }
    records
}

/// How many records of each type the vendor's crate finds, by our names.
fn their_counts(bytes: &[u8]) -> BTreeMap<String, u64> {
    let mut counts = BTreeMap::new();
    let mut decoder = theirs(bytes, VersionUpgradePolicy::AsIs);
    while let Some(record) = decoder.decode_record_ref().expect("the vendor reads its own files") {
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
            RType::Cmbp1 => "cmbp-1",
            RType::Cbbo1S => "cbbo-1s",
            RType::Bbo1S => "bbo-1s",
            RType::Bbo1M => "bbo-1m",
            other => panic!("no recorded file has {other:?}"),
        };
        *counts.entry(name.to_string()).or_default() += 1;
    }
    counts
}

/// Our counts in the same words: market by order in one sum, without what else was counted.
fn our_counts(decoder: &Decoder) -> BTreeMap<String, u64> {
    let mut ours = BTreeMap::new();
    for (name, count) in decoder.counts() {
        let known =
            ["trades", "mbp-", "status", "imbalance", "statistics", "ohlcv-", "cmbp-", "cbbo-", "bbo-"];
        if ["A add", "C cancel", "F fill", "M modify", "N none", "R clear", "T trade"].contains(&&name[..]) {
            *ours.entry("mbo".to_string()).or_default() += count;
        } else if name == "definition" || known.iter().any(|start| name.starts_with(start)) {
            ours.insert(name, count);
        }
    }
    ours
}

#[test]
fn every_file_has_the_records_its_vendor_counts() {
    let folders = ["dbn", "dbn/es-2024-07-01", "dbn/es-options-2024-05-09", "dbn/format-tests"];
    let mut kinds = BTreeMap::new();
    for folder in folders {
        let Some(files) = files(folder) else { return };
        for path in files {
            let name = path.file_name().expect("a file").to_string_lossy().into_owned();
            let bytes = bytes(&path);
            let (decoder, _, out) = decode(&bytes);
            let whats: Vec<&str> = out.faults.iter().map(|fault| fault.what.as_str()).collect();
            let kind = if name.ends_with(".dbz") {
                assert_eq!(whats.len(), 1, "{name}");
                assert!(whats[0].starts_with("a DBZ file"), "{name}: {whats:?}");
                assert_eq!(out.faults[0].skipped, bytes.len() as u64);
                "dbz"
            } else if name.contains(".frag") {
                assert_eq!(whats.len(), 1, "{name}");
                assert!(whats[0].starts_with("a DBN fragment"), "{name}: {whats:?}");
                "fragment"
            } else {
                assert_eq!(whats, [] as [&str; 0], "{name}");
                assert_eq!(our_counts(&decoder), their_counts(&bytes), "{name}");
                "dbn"
            };
            *kinds.entry((folder == folders[3], kind)).or_insert(0) += 1;
        }
    }
    let format_tests: i32 = kinds.iter().filter(|((format, _), _)| *format).map(|(_, count)| count).sum();
    assert_eq!(format_tests, 81);
    eprintln!("files by (format test, kind): {kinds:?}");
}

#[test]
fn the_spine_files_hold_what_was_counted() {
    let Some(bytes) = recorded("esh4-glbx-mdp3-20231225.mbo.dbn.zst") else { return };
    let (decoder, directory, out) = decode(&bytes);
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

    let bytes = recorded("esh4-glbx-mdp3-20231224.mbo.dbn.zst").expect("the folder is there");
    let (decoder, _, out) = decode(&bytes);
    assert_eq!(decoder.counts(), [("A add".to_string(), 8_725)]);
    assert_eq!(out.arrivals.len(), 8_726);

    let bytes = recorded("es-2024-07-01/futures_mbp-1_2024-07-01T23-58_2024-07-02T00-02.dbn.zst");
    let (decoder, directory, _) = decode(&bytes.expect("the folder is there"));
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

fn expected_orders(bytes: &[u8]) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut in_snapshot = false;
    for record in records::<dbn::MboMsg>(bytes) {
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
        let Some(bytes) = recorded(file) else { return };
        let (_, _, out) = decode(&bytes);
        assert!(our_orders(&out.arrivals) == expected_orders(&bytes), "{file}");
    }
}

#[test]
fn the_snapshot_has_a_beginning_and_an_end_and_packets_a_last() {
    for (file, ends) in [
        // The first ends the snapshot with its last record, the second only by going on without it.
        ("esh4-glbx-mdp3-20231224.mbo.dbn.zst", 1),
        ("esh4-glbx-mdp3-20231225.mbo.dbn.zst", 20_439 + 14_375 + 12_207 + 1 + 1),
    ] {
        let Some(bytes) = recorded(file) else { return };
        let (_, _, out) = decode(&bytes);
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
        let Some(bytes) = recorded(file) else { return };
        let shown: Vec<Shown> = records::<dbn::Mbp1Msg>(&bytes)
            .iter()
            .map(|r| Shown {
                times: (time(r.ts_recv), time(r.hd.ts_event)),
                top: top(r.levels.iter().map(|level| (level, true))),
                trade: trade(r.action, r.price, r.size, r.side),
            })
            .collect();
        check_shown(file, &shown, &decode(&bytes).2);
    }
    for version in ["v1", "v2", "v3"] {
        let file = format!("format-tests/test_data.mbp-10.{version}.dbn.zst");
        let bytes = recorded(&file).expect("the folder is there");
        let shown: Vec<Shown> = records::<dbn::Mbp10Msg>(&bytes)
            .iter()
            .map(|r| Shown {
                times: (time(r.ts_recv), time(r.hd.ts_event)),
                top: top(r.levels.iter().map(|level| (level, true))),
                trade: trade(r.action, r.price, r.size, r.side),
            })
            .collect();
        check_shown(&file, &shown, &decode(&bytes).2);
    }
    for file in ["bbo-1s.dbn", "bbo-1m.v2.dbn.zst", "bbo-1s.v3.dbn.zst"] {
        let bytes = recorded(&format!("format-tests/test_data.{file}")).expect("the folder is there");
        let shown: Vec<Shown> = records::<dbn::BboMsg>(&bytes)
            .iter()
            .map(|r| Shown {
                times: (time(r.ts_recv), time(r.ts_recv)),
                top: top(r.levels.iter().map(|level| (level, true))),
                trade: None,
            })
            .collect();
        check_shown(file, &shown, &decode(&bytes).2);
    }
    for file in ["cmbp-1.dbn", "cmbp-1.v3.dbn.zst"] {
        let bytes = recorded(&format!("format-tests/test_data.{file}")).expect("the folder is there");
        let shown: Vec<Shown> = records::<dbn::Cmbp1Msg>(&bytes)
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
        check_shown(file, &shown, &decode(&bytes).2);
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
        let Some(bytes) = recorded(file) else { return };
        let (_, _, out) = decode(&bytes);
        let expected: Vec<Line> = records::<dbn::TradeMsg>(&bytes)
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
    for folder in ["dbn", "dbn/es-2024-07-01", "dbn/es-options-2024-05-09", "dbn/format-tests"] {
        let Some(files) = files(folder) else { return };
        for path in files {
            let name = path.to_string_lossy().into_owned();
            if !name.contains("definition") || name.contains(".frag") || name.ends_with(".dbz") {
                continue;
            }
            let bytes = bytes(&path);
            let (decoder, directory, _) = decode(&bytes);
            let mut open = 0;
            for record in records::<dbn::InstrumentDefMsg>(&bytes) {
                let symbol = record.raw_symbol().expect("text");
                let Some(ours) = directory.definition(decoder.venue(), symbol) else {
                    // No tick at all, or nothing that says what it is worth.
                    let no_tick = record.min_price_increment == dbn::UNDEF_PRICE;
                    let no_worth = record.unit_of_measure_qty == dbn::UNDEF_PRICE
                        && record.min_price_increment_amount == dbn::UNDEF_PRICE;
                    assert!(no_tick || no_worth, "{name} {symbol}");
                    open += 1;
                    continue;
                };
                assert_eq!(ours.tick_nanos, record.min_price_increment);
                assert_eq!(ours.currency, record.currency().expect("text"));
                // Both products here are in dollars: the contract's size is the worth of a point.
                assert_eq!(ours.multiplier_nanos, record.unit_of_measure_qty);
                defined.insert(symbol.to_string(), (ours.tick_nanos, ours.multiplier_nanos / ONE));
            }
            let counts = counts(&decoder);
            assert_eq!(counts.get("definition without tick or multiplier"), (open > 0).then_some(&open));
        }
    }
    let quarter = ONE / 4;
    let expected = [("ESM3", 50), ("ESM4", 50), ("ESU4", 50), ("NQM4", 20), ("NQU4", 20)]
        .map(|(symbol, worth)| (symbol.to_string(), (quarter, worth)));
    assert_eq!(defined, BTreeMap::from(expected));
}

#[test]
fn a_status_becomes_a_phase() {
    let Some(bytes) = recorded("format-tests/test_data.status.v3.dbn.zst") else { return };
    let (_, _, out) = decode(&bytes);
    let records = records::<dbn::StatusMsg>(&bytes);
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
    for file in [
        "format-tests/test_data.mbo.v3.dbn",
        "format-tests/test_data.mbp-10.v1.dbn.zst",
        "es-2024-07-01/futures_mbp-1_2024-07-01T23-58_2024-07-02T00-02.dbn.zst",
    ] {
        let Some(bytes) = recorded(file) else { return };
        let whole = decode(&bytes).2;
        for piece in [1, 7, 55, 56, 1_000] {
            let mut directory = Directory::survey();
            let (_, out) = feed(&bytes, piece, &mut directory);
            assert!(out.arrivals == whole.arrivals, "{file} in pieces of {piece}");
        }
    }
}

#[test]
fn a_file_cut_at_any_byte_says_where() {
    for (file, header, record) in [
        ("format-tests/test_data.mbo.v1.dbn.zst", 206, 56),
        ("format-tests/test_data.mbp-1.v3.dbn.zst", 360, 80),
    ] {
        let Some(bytes) = recorded(file) else { return };
        assert_eq!(bytes.len(), header + 2 * record, "{file}");
        for end in 0..bytes.len() {
            let (decoder, _, out) = decode(&bytes[..end]);
            let (offset, skipped) = match end.checked_sub(header) {
                None => (0, end),
                Some(behind) => (end - behind % record, behind % record),
            };
            let expected = (skipped > 0 || end < header).then_some((offset as u64, skipped as u64));
            let fault = out.faults.first().map(|fault| (fault.offset, fault.skipped));
            assert_eq!(fault, expected, "{file} cut at {end}: {:?}", out.faults);
            assert_eq!(out.faults.len(), usize::from(expected.is_some()));
            let whole = end.saturating_sub(header) / record;
            let counted: u64 = our_counts(&decoder).values().sum();
            assert_eq!(counted, whole as u64, "{file} cut at {end}");
        }
    }
}
