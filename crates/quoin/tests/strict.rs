//! `--strict` fails on each kind of trouble, and on nothing else: a recording for each, clean but for it.

#![cfg(target_os = "linux")]

mod common;

use common::{Scratch, fail, succeed};
use net::capture::{Endpoint, Writer};
use serde_json::Value;
use std::fs;
use types::{Nanos, Side};
use venues::cme::encode::{Level, Order, PacketWriter, Trade};
use venues::cme::{Action, MatchEvent};

const START: i64 = 1_700_000_000_000_000_000;
const MILLI: i64 = 1_000_000;
const TICK: i64 = 250_000_000;
const SECURITY: i32 = 101;

/// What a packet says.
#[derive(Clone, Copy)]
enum Says {
    /// A price level: the number of the change, what happens to it, side and price.
    Level(u32, Action, Side, i64),
    /// An order that joins the bids.
    Order(u64),
    /// A trade: the number of the change, and the trade's own.
    Trade(u32, u32),
}
use Says::{Level as L, Order as O, Trade as T};

/// A packet: its number, when it happened and when it was captured, in milliseconds, and what it says.
type Packet = (u32, i64, i64, Says);

fn packet((number, venue, _, says): Packet) -> Vec<u8> {
    let mut bytes = Vec::new();
    let at = Nanos(START + venue * MILLI);
    let mut packet = PacketWriter::begin(&mut bytes, number, at);
    match says {
        L(rpt_seq, action, side, ticks) => {
            let price_nanos = ticks * TICK;
            let (security, implied, depth, size, orders) = (SECURITY, false, 1, 5, 1);
            let level = Level { security, rpt_seq, side, implied, action, depth, price_nanos, size, orders };
            packet.book(at, MatchEvent::END, &[level], &[]);
        }
        O(order) => {
            let (priority, price_nanos, size, security) = (order, 100 * TICK, 1, SECURITY);
            let (action, side) = (Action::New, Side::Buy);
            packet.orders(
                at,
                MatchEvent::END,
                &[Order { order, priority, price_nanos, size, security, action, side }],
            );
        }
        T(rpt_seq, id) => {
            let (security, price_nanos, size, orders) = (SECURITY, 101 * TICK, 1, 0);
            let trade =
                Trade { security, rpt_seq, price_nanos, size, orders, aggressor: Some(Side::Buy), id };
            packet.trades(at, MatchEvent::END, &[trade], &[]);
        }
    }
    assert_eq!(packet.finish(), bytes.len());
    bytes
}

fn capture(packets: &[Packet]) -> Vec<u8> {
    let mut capture = Writer::new(Vec::new()).expect("memory");
    let line = Endpoint { ip: [224, 0, 31, 1], port: 14_310 };
    for &one in packets {
        capture.datagram(Nanos(START + one.2 * MILLI), line, line, &packet(one)).expect("memory");
    }
    capture.finish().expect("memory")
}

/// A market of one bid and two asks.
fn sound() -> Vec<Packet> {
    vec![
        (1, 0, 1, L(1, Action::New, Side::Buy, 100)),
        (2, 10, 11, L(2, Action::New, Side::Sell, 102)),
        (3, 20, 21, L(3, Action::New, Side::Sell, 103)),
    ]
}

/// What `--strict` must say of a recording, and how often; nothing else may be wrong with it.
fn check(scratch: &Scratch, bytes: &[u8], trouble: &str, count: u64) {
    let name = trouble.replace(' ', "-");
    let file = scratch.text(&format!("{name}.pcap"));
    fs::write(&file, bytes).expect("writable");
    let about: Value = serde_json::from_str(&succeed(&["inspect", &file, "--json"])).expect("JSON");
    let totals = about["files"][0]["integrity"]["totals"].as_object().expect("totals").clone();
    for (what, found) in &totals {
        assert_eq!(found.as_u64(), Some(if what == trouble { count } else { 0 }), "{trouble}: {what}");
    }
    assert!(totals.contains_key(trouble), "{trouble}: {totals:?}");
    let history = scratch.text(&name);
    for arguments in [vec!["inspect", &file, "--strict"], vec!["import", &file, "--to", &history, "--strict"]]
    {
        let error = fail(&arguments, 1);
        assert!(error.contains(&format!("{file}: {count} {trouble} (--strict)")), "{trouble}: {error}");
    }
}

#[test]
fn strict_fails_on_each_kind_of_trouble_alone() {
    let scratch = Scratch::new("strict");
    let clean = scratch.text("clean.pcap");
    fs::write(&clean, capture(&sound())).expect("writable");
    succeed(&["inspect", &clean, "--strict"]);
    succeed(&["import", &clean, "--to", &scratch.text("clean"), "--strict"]);

    let cases: [(&str, &[Packet]); 8] = [
        ("gaps", &[(5, 30, 31, L(5, Action::New, Side::Buy, 99))]),
        ("venue time backwards", &[(4, 15, 31, L(4, Action::New, Side::Buy, 99))]),
        ("receive time backwards", &[(4, 30, 20, L(4, Action::New, Side::Buy, 99))]),
        (
            "crossed spans",
            &[
                (4, 30, 31, L(4, Action::New, Side::Buy, 104)),
                (5, 40, 41, L(5, Action::Delete, Side::Buy, 104)),
            ],
        ),
        ("orders added twice", &[(4, 30, 31, O(7)), (5, 40, 41, O(7))]),
        ("trades repeated", &[(4, 30, 31, T(4, 77)), (5, 40, 41, T(5, 77))]),
        ("levels set to what they were", &[(4, 30, 31, L(4, Action::Change, Side::Buy, 100))]),
        ("changes of what is not there", &[(4, 30, 31, L(4, Action::Delete, Side::Buy, 90))]),
    ];
    for (trouble, rest) in cases {
        check(&scratch, &capture(&[&sound(), rest].concat()), trouble, 1);
    }
    let whole = capture(&sound());
    check(&scratch, &whole[..whole.len() - 1], "faults", 1);
}

#[test]
fn a_recording_that_starts_behind_its_instruments_start_is_not_damaged() {
    let scratch = Scratch::new("strict-late");
    let late: Vec<Packet> = vec![
        (71, 0, 1, L(5, Action::New, Side::Buy, 100)),
        // In a book that nobody knows this says nothing.
        (72, 10, 11, L(6, Action::Delete, Side::Sell, 102)),
    ];
    let file = scratch.text("late.pcap");
    fs::write(&file, capture(&late)).expect("writable");
    let about: Value =
        serde_json::from_str(&succeed(&["inspect", &file, "--json", "--strict"])).expect("JSON");
    let integrity = &about["files"][0]["integrity"];
    assert_eq!(integrity["clean"], true, "{integrity}");
    let instruments = integrity["instruments"].as_object().expect("by name");
    assert!(instruments.values().all(|found| found["joined_late"] == 1), "{integrity}");
    let missing = (74, 20, 21, L(8, Action::New, Side::Sell, 103));
    fs::write(&file, capture(&[late, vec![missing]].concat())).expect("writable");
    let error = fail(&["inspect", &file, "--strict"], 1);
    assert!(error.contains("1 gaps"), "{error}");
}
