//! Instruments that a capture speaks of before it names them: every pass over it knows them by name.

use net::capture::{Endpoint, Writer};
use runtime::import::import;
use runtime::inspect::inspect;
use runtime::source::{Progress, Recording, Selection, recordings};
use runtime::survey::survey;
use runtime::{Config, prepare};
use sim::market::{Line, destination};
use std::path::Path;
use std::sync::Arc;
use types::{Event, Nanos, Origin, Phase, Side};
use venues::cme::encode::{Future, Level, PacketWriter, Update};
use venues::cme::{Action, MatchEvent, Role};

const START: Nanos = Nanos(1_700_000_000_000_000_000);
const TICK: i64 = 250_000_000;

/// What goes by.
#[derive(Clone, Copy)]
enum Said {
    /// A bid of an instrument: its number, the number of the change, and the price in ticks.
    Bid(i32, u32, i64),
    /// What becomes of a number, under a symbol.
    Defined(Update, i32, &'static str),
    /// The same with a step of so many nanos.
    Stepped(i32, &'static str, i64),
}
use Said::{Bid, Defined, Stepped};

fn definition(packet: &mut PacketWriter<'_>, update: Update, security: i32, symbol: &str, tick: i64) {
    let future = Future {
        security,
        symbol,
        group: "ES",
        asset: "ES",
        currency: "USD",
        wire_tick_nanos: tick,
        display_factor_nanos: 1_000_000_000,
        tick_amount_nanos: tick * 50,
        unit_size_nanos: 50_000_000_000,
        phase: Phase::Open,
    };
    packet.definition(&future, update, &[], START);
}

/// A capture of what is said, one packet each, on the feeds they belong to.
fn capture(name: &str, said: &[Said]) -> Recording {
    let mut capture = Writer::new(Vec::new()).expect("memory");
    let (mut numbers, mut at) = ([1, 1], START);
    for said in said {
        let role = if matches!(said, Bid(..)) { Role::Incremental } else { Role::Definitions };
        let number = &mut numbers[usize::from(role == Role::Definitions)];
        let mut bytes = Vec::new();
        let mut packet = PacketWriter::begin(&mut bytes, *number, at);
        match *said {
            Bid(security, rpt_seq, ticks) => {
                let (side, action, price_nanos) = (Side::Buy, Action::New, ticks * TICK);
                let (implied, depth, size, orders) = (false, 1, 5, 1);
                let level =
                    Level { security, rpt_seq, side, implied, action, depth, price_nanos, size, orders };
                packet.book(at, MatchEvent::END, &[level], &[]);
            }
            Defined(update, security, symbol) => definition(&mut packet, update, security, symbol, TICK),
            Stepped(security, symbol, tick) => {
                definition(&mut packet, Update::Modify, security, symbol, tick);
            }
        }
        assert_eq!(packet.finish(), bytes.len());
        let line = destination(role, Line::A);
        let to = Endpoint { ip: line.ip, port: line.port };
        capture.datagram(at, to, to, &bytes).expect("memory");
        *number += 1;
        at = at + Nanos::from_millis(1);
    }
    let bytes = capture.finish().expect("memory");
    Recording::Memory { name: name.into(), bytes: Arc::from(bytes) }
}

/// Whose each change of a book is, and its price as people write it, of what a run over the recordings reads.
fn changes(recordings: Vec<Recording>) -> Vec<(String, String)> {
    let prepared = prepare(recordings, Config::default(), |_| {}).expect("a run can start");
    let mut feed = prepared.feed(&Progress::default()).expect("it opens");
    let mut changes = Vec::new();
    while let Some(moment) = feed.take().expect("memory") {
        if let Event::Level(delta) = moment.event {
            let instrument = &prepared.setup.instruments[delta.instrument.index()];
            changes.push((instrument.symbol().to_string(), instrument.show_price(delta.price)));
        }
    }
    assert!(feed.faults().is_empty(), "{:?}", feed.faults());
    changes
}

/// Surveys, inspects, imports and runs recordings; all must know the bids by these names, in this order.
fn check(case: &str, said: &[&[Said]], expected: &[&str]) {
    let captures: Vec<Recording> =
        said.iter().enumerate().map(|(at, said)| capture(&format!("{case} {at}"), said)).collect();
    let mut names: Vec<&str> = Vec::new();
    for name in expected {
        if !names.contains(name) {
            names.push(name);
        }
    }
    let surveyed = survey(&captures, |_| {}).expect("readable");
    let known: Vec<&str> = surveyed.instruments.iter().map(|i| i.symbol.as_str()).collect();
    assert_eq!(known, names, "{case}: the survey");
    let inspected = inspect(surveyed, &captures, &Config::default(), |_| {}).expect("readable");
    let updates = inspected.books.iter().map(|book| book.updates).sum::<u64>();
    assert_eq!(updates, expected.len() as u64, "{case}: updates of books");
    let ran = changes(captures.clone());
    let whose: Vec<&str> = ran.iter().map(|(symbol, _)| symbol.as_str()).collect();
    assert_eq!(whose, expected, "{case}: the run");
    let root = std::env::temp_dir().join(format!("quoin-late-{}-{}", case.len(), std::process::id()));
    let _ = std::fs::remove_dir_all(&root);
    for capture in &captures {
        import(capture, Path::new(&root), &Config::default(), false, |_| {}).expect("it is imported");
    }
    let history = recordings(std::slice::from_ref(&root), &Selection::default()).expect("it is there");
    let stored = changes(history);
    let _ = std::fs::remove_dir_all(&root);
    assert_eq!(stored, ran, "{case}: the history");
}

#[test]
fn what_is_met_before_it_is_named_is_known_by_its_name() {
    let bids = |security| [Bid(security, 1, 100), Bid(security, 2, 101)];
    let [one, two] = bids(101);
    let late = [one, Defined(Update::Add, 101, "ESH6"), two];
    check("late", &[&late], &["ESH6", "ESH6"]);
    check("never defined", &[&[one, two]], &["#101", "#101"]);
    check("two, one defined", &[&[one, Bid(202, 1, 7), late[1], two]], &["ESH6", "#202", "ESH6"]);
    // Definitions come round and round.
    check("defined again and again", &[&[one, late[1], late[1], two, late[1]]], &["ESH6", "ESH6"]);
    check("renamed", &[&[one, late[1], Defined(Update::Modify, 101, "ESM6"), two]], &["ESH6", "ESM6"]);
    let coarser = [one, late[1], Stepped(101, "ESH6", 2 * TICK), Bid(101, 2, 102)];
    check("another step", &[&coarser], &["ESH6", "ESH6~2"]);
    check("deleted, never added", &[&[one, two, Defined(Update::Delete, 101, "ESH6")]], &["ESH6", "ESH6"]);
    let listed_anew = [one, late[1], Defined(Update::Delete, 101, "ESH6"), late[1], two];
    check("deleted and listed again", &[&listed_anew], &["ESH6", "ESH6~2"]);
    let used_twice = [Defined(Update::Add, 909, "ESH6"), Bid(909, 1, 50), one, late[1], two];
    check("a symbol that another number had", &[&used_twice], &["ESH6", "ESH6~2", "ESH6~2"]);
}

#[test]
fn a_number_is_another_instrument_in_another_recording() {
    let of = |symbol| [Bid(101, 1, 100), Defined(Update::Add, 101, symbol)];
    let (march, june) = (of("ESH6"), of("ESM6"));
    check("reused", &[&march, &june], &["ESH6", "ESM6"]);
    check("once without a definition", &[&march, &[Bid(101, 1, 100)], &june], &["ESH6", "#101", "ESM6"]);
    // In one it is named first, in the other late: one instrument all the same.
    let early = [Defined(Update::Add, 101, "ESH6"), Bid(101, 1, 100)];
    check("first and late", &[&early, &march], &["ESH6", "ESH6"]);
    // Its bid is the second packet.
    check("late and first", &[&march, &early, &june], &["ESH6", "ESM6", "ESH6"]);
}

#[test]
fn what_is_defined_late_is_counted_in_the_steps_of_its_definition() {
    // The only prices are multiples of four ticks: by themselves they would say a step of one.
    let said = [Bid(101, 1, 400), Bid(101, 2, 404), Defined(Update::Add, 101, "ESH6")];
    let recording = capture("steps", &said);
    let survey = survey(std::slice::from_ref(&recording), |_| {}).expect("readable");
    let table = survey.table(&Config::default()).expect("sound terms");
    let terms = table.instruments[0].terms();
    assert_eq!((terms.symbol.as_str(), terms.tick_nanos, terms.origin), ("ESH6", TICK, Origin::Definition));
    let prices: Vec<String> = changes(vec![recording]).into_iter().map(|(_, price)| price).collect();
    assert_eq!(prices, ["100", "101"]);
}
