//! `quoin inspect --messages`: what lies in a file, message by message.

mod common;

use common::{Scratch, fail, run, succeed};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs;
use testkit::data::recorded;
use venues::nasdaq::itch::{Price4, Timestamp, make};
use venues::nasdaq::mold::PacketWriter;

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

fn counted(path: &str) -> BTreeMap<String, u64> {
    let mut counts = BTreeMap::new();
    for message in lines(&succeed(&["inspect", path, "--messages", "--json"])) {
        let name = message["message"].as_str().unwrap_or("fault").to_string();
        *counts.entry(name).or_default() += 1;
    }
    counts
}

#[test]
fn a_packet_of_cme_s_is_shown_field_by_field_on_both_lines() {
    let scratch = Scratch::new("messages-cme");
    let day = scratch.text("day.pcap");
    succeed(&["generate", "--seed", "7", "--minutes", "1", "--out", &day]);
    let shown = succeed(&["inspect", &day, "--messages", "--limit", "2"]);
    // The first packet of the session defines ES, and comes on line A, then on line B.
    let [a, first, .., b, second] = &shown.lines().collect::<Vec<_>>()[..] else { panic!("{shown}") };
    assert!(a.starts_with("packet 1 at byte 24, received 2026-01-05T14:29:59.000"), "{shown}");
    assert!(a.contains(" on 224.0.31.1:14310, sent 2026-01-05T14:29:59.000002Z"), "{shown}");
    assert!(first.starts_with("  MDInstrumentDefinitionFuture54  "), "{shown}");
    let expected =
        ["  Symbol=ESH6  ", "  SecurityGroup=ES  ", "  MinPriceIncrement=25.000000000  ", "  Currency=USD  "];
    for field in expected {
        assert!(first.contains(field), "{field}: {first}");
    }
    assert!(shown.contains("\n    NoMDFeedTypes 1:  ") || shown.contains("\n    NoEvents"), "{shown}");
    assert!(!b.is_empty() && !second.is_empty());
    let two = lines(&succeed(&["inspect", &day, "--messages", "--limit", "3", "--json"]));
    let of = |row: usize| (&two[row]["message"], &two[row]["packet"]["sequence"]);
    assert_eq!(two.len(), 3);
    assert_eq!(of(0), (&json!("MDInstrumentDefinitionFuture54"), &json!(1)));
    assert_eq!(two[0]["fields"]["Symbol"], "ESH6");
    assert_eq!(two[0]["fields"]["MinPriceIncrement"], "25.000000000");
    // Every message of the file, twice.
    let all = counted(&day);
    assert_eq!(all["MDInstrumentDefinitionFuture54"], 4);
    assert!(all.values().all(|count| count % 2 == 0), "{all:?}");
}

fn order(reference: u64) -> [u8; 36] {
    make::AddOrder {
        stock_locate: 7,
        tracking_number: 0,
        timestamp: Timestamp(34_200_000_000_001),
        order_reference_number: reference,
        buy_sell_indicator: b'B',
        shares: 300,
        stock: *b"AAPL    ",
        price: Price4(1_500_100),
    }
    .bytes()
}

#[test]
fn itch_is_shown_out_of_files_and_out_of_packets() {
    let scratch = Scratch::new("messages-itch");
    let file = scratch.text("01302020.itch");
    let framed: Vec<u8> = (1..=3).flat_map(|n| [&[0, 36][..], &order(n)].concat()).collect();
    fs::write(&file, &framed).expect("writable");
    let fields = "  Stock Locate=7  Tracking Number=0  Timestamp=34200000000001  Order Reference Number=2  \
                  Buy/Sell Indicator=B  Shares=300  Stock=AAPL  Price=150.0100\n";
    let shown = succeed(&["inspect", &file, "--messages"]);
    assert_eq!(shown.lines().count(), 3);
    assert!(shown.contains(&format!("at byte 38: A AddOrder{fields}")), "{shown}");
    // What is no message is said and passed over, and what comes behind it is shown. The first sixteen tell the format.
    let many: Vec<u8> = (1..=20).flat_map(|n| [&[0, 36][..], &order(n)].concat()).collect();
    let place = 17 * 38;
    fs::write(&file, [&many[..place], &[0xff; 50], &many[place..]].concat()).expect("writable");
    let shown = lines(&succeed(&["inspect", &file, "--messages", "--json"]));
    let told: Vec<_> = shown[16..].iter().map(|one| (&one["offset"], one["fault"].is_string())).collect();
    assert_eq!(
        told,
        [
            (&json!(place - 38), false),
            (&json!(place), true),
            (&json!(place + 50), false),
            (&json!(place + 88), false),
            (&json!(place + 126), false)
        ]
    );
    assert_eq!((shown.len(), &shown[17]["bytes_skipped"]), (21, &json!(50)));

    let capture = scratch.text("day.pcap");
    let mut payload = Vec::new();
    let mut packet = PacketWriter::begin(&mut payload, *b"000000001A", 41);
    [1, 2].iter().for_each(|n| packet.message(&order(*n)));
    packet.finish();
    let line = net::capture::Endpoint { ip: [233, 54, 12, 111], port: 26_477 };
    let mut writer =
        net::capture::Writer::new(fs::File::create(&capture).expect("writable")).expect("writable");
    writer.datagram(types::Nanos(1_580_394_600_500_000_000), line, line, &payload).expect("writable");
    writer.finish().expect("writable");
    let shown = succeed(&["inspect", &capture, "--messages"]);
    let head = "packet 41 of session 000000001A at byte 24, received 2020-01-30T14:30:00.5Z on 233.54.12.111:26477\n";
    assert!(shown.starts_with(head) && shown.ends_with(&format!("  A AddOrder{fields}")), "{shown}");
    let numbers = lines(&succeed(&["inspect", &capture, "--messages", "--json"]));
    assert_eq!(numbers.iter().map(|one| &one["packet"]["sequence"]).collect::<Vec<_>>(), [41, 42]);
}

/// A version 1 stream: the fixed metadata, four empty lists, then records.
fn dbn(records: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = b"DBN\x01".to_vec();
    bytes.extend(120_u32.to_le_bytes());
    bytes.extend([0; 120]);
    bytes.extend(records.concat());
    bytes
}

#[test]
fn records_of_dbn_are_shown_with_the_vendor_s_names() {
    let scratch = Scratch::new("messages-dbn");
    let file = scratch.text("orders.dbn");
    // A market-by-order record as Databento draws it: 14 words, type 0xa0, publisher 1, instrument 17077.
    let mut record = vec![14, 0xa0, 1, 0, 0xb5, 0x42, 0, 0];
    record.extend(1_703_422_805_243_925_307_u64.to_le_bytes());
    record.extend(6_412_777_162_812_u64.to_le_bytes());
    record.extend(4_799_250_000_000_i64.to_le_bytes());
    record.extend(2_u32.to_le_bytes());
    record.extend([130, 0, b'A', b'B']);
    record.extend(u64::MAX.to_le_bytes());
    record.extend((-7_i32).to_le_bytes());
    record.extend(682_u32.to_le_bytes());
    assert_eq!(record.len(), 56);
    let mut unpriced = record.clone();
    unpriced[24..32].copy_from_slice(&i64::MAX.to_le_bytes());
    fs::write(&file, dbn(&[record.clone(), unpriced, record[..20].to_vec()])).expect("writable");
    let shown = succeed(&["inspect", &file, "--messages"]);
    let first = "at byte 128: mbo  publisher_id=1  instrument_id=17077  ts_event=1703422805243925307  \
                 order_id=6412777162812  price=4799.25  size=2  flags=130  channel_id=0  action=A  side=B  \
                 ts_recv=null  ts_in_delta=-7  sequence=682\n";
    assert!(shown.starts_with(first), "{shown}");
    assert!(shown.contains("at byte 184: mbo") && shown.contains("  price=null  "), "{shown}");
    assert!(shown.contains("at byte 240: the file ends within a record"), "{shown}");
    let limited = lines(&succeed(&["inspect", &file, "--messages", "--json", "--limit", "1"]));
    assert_eq!(limited.len(), 1);
    assert_eq!(limited[0]["fields"]["ts_recv"], Value::Null);
}

#[test]
fn a_file_without_records_says_what_it_is_and_one_cut_in_its_header_that() {
    let scratch = Scratch::new("messages-none");
    let file = scratch.text("none.dbn");
    let mut header = dbn(&[]);
    header[8..17].copy_from_slice(b"GLBX.MDP3");
    header[24] = 8;
    fs::write(&file, &header).expect("writable");
    let why = "DBN version 1, dataset GLBX.MDP3, schema ohlcv-1d: the vendor sent metadata of 128 bytes and no record \
               behind them";
    assert_eq!(succeed(&["inspect", &file, "--messages"]), format!("nothing to show: {why}\n"));
    let told = lines(&succeed(&["inspect", &file, "--messages", "--json"]));
    assert_eq!(told, [json!({ "nothing": why })]);
    for end in 4..header.len() {
        fs::write(&file, &header[..end]).expect("writable");
        let cut = format!("at byte 0: the file ends within its metadata ({end} bytes skipped)\n");
        assert_eq!(succeed(&["inspect", &file, "--messages"]), cut, "cut at {end}");
    }
}

#[test]
fn every_file_of_the_vendor_s_tests_shows_its_records_or_says_why_not() {
    let Some(folder) = recorded("dbn/format-tests") else { return };
    let (mut files, mut empty) = (0, Vec::new());
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("a file").path();
        let (text, name) =
            (common::text(&path), path.file_name().expect("a name").to_string_lossy().into_owned());
        let told = lines(&succeed(&["inspect", &text, "--messages", "--json"]));
        assert!(!told.is_empty() && told.iter().all(|one| one["fault"].is_null()), "{name}: {told:?}");
        // The counts of the other reader, which are the vendor's own (`venues/tests/dbn.rs`).
        let about: Value = serde_json::from_str(&succeed(&["inspect", &text, "--json"])).expect("JSON");
        let counts = about["files"][0]["counts"].as_object().expect("counts").clone();
        let of = |is: fn(&str) -> bool| -> u64 {
            counts
                .iter()
                .filter(|(name, _)| is(name))
                .map(|(_, count)| count.as_u64().expect("a count"))
                .sum()
        };
        let records = of(|name| {
            let orders = ["A add", "C cancel", "F fill", "M modify", "N none", "R clear", "T trade"];
            orders.contains(&name) || (!name.contains(' ') && !name.contains(',')) || name == "symbol mapping"
        });
        let messages = told.iter().filter(|one| one["message"].is_string()).count() as u64;
        assert_eq!(messages, records, "{name}: {counts:?}");
        if messages == 0 {
            let why = told[0]["nothing"].as_str().expect("a reason");
            assert!(why.contains("schema ohlcv-1d: the vendor sent metadata"), "{name}: {why}");
            empty.push(name);
        }
        files += 1;
    }
    assert_eq!((files, empty.len()), (81, 5), "{empty:?}");
}

#[test]
fn other_formats_are_a_clear_error() {
    let scratch = Scratch::new("messages-other");
    let file = scratch.text("AAPL_2012-06-21_34200000_57600000_message_1.csv");
    fs::write(&file, "34200.5,1,2,100,5850000,1\n").expect("writable");
    let error = fail(&["inspect", &file, "--messages"], 1);
    assert!(
        error.contains("messages are shown of captures of CME MDP 3.0") && error.contains(&file),
        "{error}"
    );
    let folder = scratch.text("");
    assert!(fail(&["inspect", &folder, "--messages"], 1).contains("quoin query --events"));
    assert_eq!(run(&["inspect", &file, "--limit", "3"]).status.code(), Some(2), "a limit of what?");
    assert_eq!(run(&["inspect", &file, "--messages", "--strict"]).status.code(), Some(2));
}

#[test]
fn recorded_files_hold_the_messages_that_independent_tools_counted() {
    // The data's README.
    let cases: [(&str, &[(&str, u64)]); 4] = [
        (
            "cme-mdp3/Cme.Mdp3.Sbe.v6.1.pcapng",
            &[
                ("MDIncrementalRefreshBook32", 19_138),
                ("MDIncrementalRefreshSessionStatistics35", 614),
                ("MDIncrementalRefreshTradeSummary42", 388),
                ("MDIncrementalRefreshVolume37", 388),
                ("AdminHeartbeat12", 18),
            ],
        ),
        (
            "cme-mdp3/Cme.Mdp3.Sbe.v9.1.Example.pcap",
            &[
                ("MDIncrementalRefreshBook46", 170),
                ("MDIncrementalRefreshVolume37", 8),
                ("MDIncrementalRefreshOrderBook47", 8),
                ("MDIncrementalRefreshTradeSummary48", 8),
            ],
        ),
        ("dbn/esh4-glbx-mdp3-20231225.mbo.dbn.zst", &[("mbo", 68_792)]),
        ("dbn/es-2024-07-01/futures_mbp-1_2024-07-01T23-58_2024-07-02T00-02.dbn.zst", &[("mbp-1", 2_288)]),
    ];
    for (file, due) in cases {
        let Some(path) = recorded(file) else { return };
        let found = counted(&common::text(&path));
        let due: BTreeMap<String, u64> = due.iter().map(|(name, count)| (name.to_string(), *count)).collect();
        assert_eq!(found, due, "{file}");
    }
    let Some(path) = recorded("itch/ex20101224.TEST_ITCH_50.gz") else { return };
    let found = counted(&common::text(&path));
    assert_eq!(found.values().sum::<u64>(), 12_012);
    for (name, count) in [
        ("A AddOrder", 4_997),
        ("P NonCrossTrade", 5_000),
        ("D OrderDelete", 1_745),
        ("E OrderExecuted", 198),
        ("X OrderCancel", 45),
        ("U OrderReplace", 12),
    ] {
        assert_eq!(found[name], count, "{name}");
    }
}

#[test]
fn the_continuous_hour_of_the_recorded_es_day_holds_the_records_that_independent_tools_counted() {
    // The data's README. Trading is continuous from 23:00 UTC on, by the time of receipt.
    const FROM: u64 = 1_703_545_200_000_000_000;
    let Some(path) = recorded("dbn/esh4-glbx-mdp3-20231225.mbo.dbn.zst") else { return };
    let shown = succeed(&["inspect", &common::text(&path), "--messages"]);
    let received = |line: &str| -> u64 {
        let (_, value) = line.split_once("ts_recv=").expect("every record was received");
        value.split(' ').next().and_then(|digits| digits.parse().ok()).expect("a number")
    };
    assert_eq!(shown.lines().filter(|line| received(line) >= FROM).count(), 59_143);
}
