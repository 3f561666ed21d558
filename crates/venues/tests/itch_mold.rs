//! MoldUDP64: two lines, losses, re-requests, and recorded packets.

use net::capture::Capture;
use std::collections::BTreeMap;
use stdx::Prng;
use types::{Event, Nanos};
use venues::nasdaq::itch::{Timestamp, make};
use venues::nasdaq::mold::{Decoder, Header, Packet, PacketWriter, Policy, Receiver, Requests, Said};
use venues::{Directory, Output};

const SESSION: [u8; 10] = *b"000008402A";

/// Messages `from` to `to`, each its own number in eight bytes.
fn packet(from: u64, to: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut writer = PacketWriter::begin(&mut bytes, SESSION, from);
    (from..to).for_each(|number| writer.message(&number.to_be_bytes()));
    writer.finish();
    bytes
}

fn end(next: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    PacketWriter::begin(&mut bytes, SESSION, next).end_of_session();
    bytes
}

/// What was given: the numbers of messages, and holes.
#[derive(Debug, Default, PartialEq, Eq)]
struct Given {
    messages: Vec<u64>,
    missing: Vec<(u64, u64)>,
}

impl Given {
    fn note(&mut self, said: Said<'_>) {
        match said {
            Said::Message { sequence, bytes, .. } => {
                assert_eq!(bytes, sequence.to_be_bytes(), "each message is its number");
                self.messages.push(sequence);
            }
            Said::Missing { expected, received } => self.missing.push((expected, received)),
        }
    }
}

fn receive(receiver: &mut Receiver, now: i64, bytes: &[u8], given: &mut Given) {
    let packet = Packet::read(bytes).expect("sound");
    receiver.packet(Nanos::from_millis(now), &packet, 0, &mut |said| given.note(said));
}

/// Packets as `(milliseconds, from, to)`; what is given of them.
fn check(policy: Policy, packets: &[(i64, u64, u64)], messages: &[u64], missing: &[(u64, u64)]) {
    let (mut receiver, mut given) = (Receiver::new(SESSION, policy), Given::default());
    for &(now, from, to) in packets {
        assert_eq!(receiver.poll(Nanos::from_millis(now), &mut |said| given.note(said)), None);
        receive(&mut receiver, now, &packet(from, to), &mut given);
    }
    receiver.finish(&mut |said| given.note(said));
    assert_eq!(given.messages, messages, "{packets:?}");
    assert_eq!(given.missing, missing, "{packets:?}");
}

#[test]
fn f_01_two_lines_give_each_message_once_and_in_order() {
    let policy = Policy::default();
    // Both lines, one behind the other.
    check(policy, &[(0, 1, 3), (0, 1, 3), (1, 3, 4), (1, 3, 4)], &[1, 2, 3], &[]);
    // What is lost on one line comes on the other, later.
    check(policy, &[(0, 1, 3), (1, 5, 7), (2, 3, 5), (3, 5, 7)], &[1, 2, 3, 4, 5, 6], &[]);
    // Packets of other cuts: part of one is new.
    check(policy, &[(0, 1, 3), (1, 2, 6), (2, 4, 7)], &[1, 2, 3, 4, 5, 6], &[]);
    // Held packets that overlap.
    check(policy, &[(0, 1, 2), (1, 4, 7), (1, 3, 5), (2, 2, 3)], &[1, 2, 3, 4, 5, 6], &[]);
    // Of two held copies the longer counts.
    check(policy, &[(0, 1, 2), (1, 3, 4), (1, 3, 6), (1, 3, 5), (2, 2, 3)], &[1, 2, 3, 4, 5], &[]);
    // A heartbeat shows what is missing as well as a message does.
    check(policy, &[(0, 1, 2), (1, 4, 4), (2, 2, 4)], &[1, 2, 3], &[]);
    check(policy, &[(0, 1, 2), (1, 4, 4)], &[1], &[(2, 4)]);
    // Joined in the middle: what was before is not missing.
    check(policy, &[(0, 100, 102), (1, 99, 103)], &[100, 101, 102], &[]);
    check(Policy { from_start: true, ..policy }, &[(0, 3, 4)], &[3], &[(1, 3)]);
}

#[test]
fn f_05_what_the_other_line_does_not_bring_in_time_is_given_up() {
    let policy = Policy::default();
    check(policy, &[(0, 1, 3), (10, 5, 6), (109, 6, 7), (110, 7, 8)], &[1, 2, 5, 6, 7], &[(3, 5)]);
    // Too late: it is a copy of nothing.
    check(policy, &[(0, 1, 3), (10, 5, 6), (110, 3, 5), (111, 6, 7)], &[1, 2, 5, 6], &[(3, 5)]);
    // Two holes: the second gets a time of its own.
    check(
        policy,
        &[(0, 1, 2), (10, 3, 4), (100, 5, 6), (110, 7, 8), (200, 4, 5)],
        &[1, 3, 4, 5, 7],
        &[(2, 3), (6, 7)],
    );
}

#[test]
fn no_number_makes_it_wait_for_a_session_no_session_has() {
    let (mut receiver, mut given) = (Receiver::new(SESSION, Policy::default()), Given::default());
    for (from, to) in [(1, 2), (u64::MAX - 3, u64::MAX - 1), (1 << 40, (1 << 40) + 1), (2, 3)] {
        receive(&mut receiver, 0, &packet(from, to), &mut given);
    }
    assert_eq!(given, Given { messages: vec![1, 2], missing: vec![] });
    assert_eq!(receiver.counts().dropped, 2);
    // Messages behind the last number there is.
    let mut bytes = packet(7, 9);
    bytes[10..18].copy_from_slice(&u64::MAX.to_be_bytes());
    let beyond = Packet::read(&bytes).expect("sound");
    let mut receiver = Receiver::new(SESSION, Policy::default());
    receiver.packet(Nanos(0), &beyond, 0, &mut |said| panic!("{said:?}"));
    assert_eq!((receiver.counts().dropped, receiver.due()), (1, None));
}

/// Asks at once, up to three times, for at most four messages.
fn asking() -> Policy {
    Policy {
        wait: Nanos(0),
        requests: Some(Requests { timeout: Nanos::from_millis(10), attempts_max: 3, count_max: 4 }),
        from_start: true,
    }
}

fn poll(receiver: &mut Receiver, now: i64, given: &mut Given) -> Option<(u64, u16)> {
    let request = receiver.poll(Nanos::from_millis(now), &mut |said| given.note(said))?;
    assert_eq!(Header::read(&request.bytes()).map(|header| header.session), Some(SESSION));
    Some((request.sequence, request.count))
}

#[test]
fn what_is_missing_is_asked_for_until_it_is_there() {
    let (mut receiver, mut given) = (Receiver::new(SESSION, asking()), Given::default());
    receive(&mut receiver, 0, &packet(1, 2), &mut given);
    assert_eq!(poll(&mut receiver, 0, &mut given), None);
    receive(&mut receiver, 1, &packet(8, 9), &mut given);
    // Six are missing, four are asked for, of which two fitted.
    assert_eq!(poll(&mut receiver, 1, &mut given), Some((2, 4)));
    assert_eq!(
        (poll(&mut receiver, 2, &mut given), receiver.next_at()),
        (None, Some(Nanos::from_millis(11)))
    );
    receive(&mut receiver, 3, &packet(2, 4), &mut given);
    assert_eq!(given.messages, [1, 2, 3]);
    assert_eq!(poll(&mut receiver, 3, &mut given), Some((4, 4)));
    receive(&mut receiver, 4, &packet(4, 8), &mut given);
    assert_eq!(given, Given { messages: (1..9).collect(), missing: vec![] });
    assert_eq!((poll(&mut receiver, 99, &mut given), receiver.next_at()), (None, None));
}

#[test]
fn f_13_a_server_that_does_not_answer_is_asked_less_and_less_often_and_then_no_more() {
    let (mut receiver, mut given) = (Receiver::new(SESSION, asking()), Given::default());
    receive(&mut receiver, 0, &packet(1, 2), &mut given);
    receive(&mut receiver, 0, &packet(4, 5), &mut given);
    let mut asked = Vec::new();
    for now in 0..200 {
        while let Some(request) = poll(&mut receiver, now, &mut given) {
            asked.push((now, request));
        }
    }
    // After 10 and 20 milliseconds again; after 40 more it is given up.
    assert_eq!(asked, [(0, (2, 2)), (10, (2, 2)), (30, (2, 2))]);
    assert_eq!(given, Given { messages: vec![1, 4], missing: vec![(2, 4)] });
    assert_eq!(receiver.counts().requests, 3);
}

#[test]
fn the_end_of_a_session_is_the_last_chance_to_ask() {
    let (mut receiver, mut given) = (Receiver::new(SESSION, asking()), Given::default());
    receive(&mut receiver, 0, &packet(1, 3), &mut given);
    receive(&mut receiver, 1, &end(5), &mut given);
    assert!(!receiver.is_over());
    assert_eq!(poll(&mut receiver, 1, &mut given), Some((3, 2)));
    receive(&mut receiver, 2, &packet(3, 5), &mut given);
    assert!(receiver.is_over());
    assert_eq!(given.messages, [1, 2, 3, 4]);
}

/// A re-request server: the messages asked for, as many as fit `fitting`.
fn answer(request: Header, last: u64, fitting: u64) -> Option<Vec<u8>> {
    let to = (request.sequence + u64::from(request.count).min(fitting)).min(last);
    (to > request.sequence).then(|| packet(request.sequence, to))
}

#[test]
fn f_15_losses_on_both_lines_and_of_answers_lose_nothing_that_was_ever_answered() {
    for seed in 0..60 {
        let mut prng = Prng::new(seed);
        let policy =
            Policy { requests: Some(Requests { attempts_max: 40, ..Requests::default() }), ..asking() };
        let (mut receiver, mut given) = (Receiver::new(SESSION, policy), Given::default());
        let (mut next, last, mut now) = (1, 400, 0);
        let mut on_the_way: Vec<(i64, Vec<u8>)> = Vec::new();
        while !receiver.is_over() {
            now += 1;
            assert!(now < 100_000, "seed {seed}: it ends");
            let datagram = if next < last {
                let to = (next + prng.below(4)).min(last);
                let bytes = packet(next, to);
                next = to;
                bytes
            } else {
                end(last)
            };
            for _line in 0..2 {
                if prng.chance(0.6) {
                    on_the_way.push((now + prng.between(0, 30), datagram.clone()));
                }
            }
            while let Some(request) = receiver.poll(Nanos::from_millis(now), &mut |said| given.note(said)) {
                let bytes = answer(request, last, 1 + prng.below(5));
                if let Some(bytes) = bytes.filter(|_| prng.chance(0.5)) {
                    on_the_way.push((now + prng.between(1, 15), bytes));
                }
            }
            let (arrived, later) = on_the_way.into_iter().partition(|(at, _)| *at <= now);
            on_the_way = later;
            for (_, bytes) in arrived {
                receive(&mut receiver, now, &bytes, &mut given);
            }
        }
        assert_eq!(given, Given { messages: (1..last).collect(), missing: vec![] }, "seed {seed}");
    }
}

#[test]
fn without_a_server_every_message_is_given_or_named_as_missing() {
    for seed in 100..160 {
        let mut prng = Prng::new(seed);
        let (mut receiver, mut given) = (Receiver::new(SESSION, Policy::default()), Given::default());
        let mut now = 0;
        for from in (1..1_000).step_by(3) {
            now += prng.between(0, 60);
            for _line in 0..2 {
                if prng.chance(0.7) {
                    receive(&mut receiver, now, &packet(from, from + 3), &mut given);
                }
            }
            assert_eq!(receiver.poll(Nanos::from_millis(now), &mut |said| given.note(said)), None);
        }
        receiver.finish(&mut |said| given.note(said));
        assert!(given.messages.is_sorted_by(|a, b| a < b), "seed {seed}");
        let due = receiver.due().expect("something came");
        let first = *given.messages.first().expect("something came");
        let missing: u64 = given.missing.iter().map(|(from, to)| to - from).sum();
        assert_eq!(given.messages.len() as u64 + missing, due - first, "seed {seed}");
        assert!(given.missing.iter().all(|(from, to)| given.messages.iter().all(|n| n < from || n >= to)));
    }
}

fn system(code: u8, at: u64) -> [u8; 12] {
    let timestamp = Timestamp(at);
    make::SystemEvent { stock_locate: 0, tracking_number: 0, timestamp, event_code: code }.bytes()
}

fn add(number: u64) -> [u8; 36] {
    make::AddOrder {
        stock_locate: 1,
        tracking_number: 0,
        timestamp: Timestamp(number),
        order_reference_number: number,
        buy_sell_indicator: b'B',
        shares: 100,
        stock: venues::nasdaq::itch::pad("QUOIN"),
        price: venues::nasdaq::itch::Price4(100_000),
    }
    .bytes()
}

fn itch(from: u64, messages: &[&[u8]]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut writer = PacketWriter::begin(&mut bytes, SESSION, from);
    messages.iter().for_each(|message| writer.message(message));
    writer.finish();
    bytes
}

fn kinds(out: &Output) -> Vec<&'static str> {
    out.arrivals.iter().map(|arrival| arrival.event.kind()).collect()
}

#[test]
fn f_02_a_lost_message_makes_books_stale_before_what_follows_it() {
    let (mut decoder, mut directory) = (Decoder::new(Nanos(0), Policy::default()), Directory::survey());
    let mut out = Output::default();
    let packets =
        [(0, itch(1, &[&system(b'S', 1), &add(2)])), (1, itch(4, &[&add(4)])), (200, itch(5, &[&add(5)]))];
    for (now, bytes) in &packets {
        decoder.packet(Nanos::from_millis(*now), bytes, 0, &mut directory, &mut out);
    }
    // The book is cleared when it is first met, for it begins with the day.
    assert_eq!(kinds(&out), ["order", "order", "gap", "order", "order"]);
    let times: Vec<i64> = out.arrivals.iter().map(|arrival| arrival.received_at.0 / 1_000_000).collect();
    assert_eq!(times, [0, 0, 200, 200, 200], "nothing is known before it could be");
    let Event::Gap(gap) = out.arrivals[2].event else { panic!("a gap") };
    assert_eq!((gap.expected, gap.received), (3, 4));
}

#[test]
fn f_12_a_session_joined_in_the_middle_has_no_book_to_trade_on() {
    let (mut decoder, mut directory) = (Decoder::new(Nanos(0), Policy::default()), Directory::survey());
    let mut out = Output::default();
    decoder.packet(Nanos(0), &itch(900, &[&add(4)]), 0, &mut directory, &mut out);
    assert_eq!(kinds(&out), ["order", "gap", "order"]);
    // Unless it says that it is the start of the day after all.
    decoder.packet(Nanos(0), &itch(901, &[&system(b'O', 5), &add(6)]), 0, &mut directory, &mut out);
    assert_eq!(kinds(&out)[3..], ["order", "order", "status", "order"]);
}

#[test]
fn f_06_a_damaged_packet_is_replaced_by_its_copy() {
    let whole = itch(1, &[&system(b'O', 1), &add(2)]);
    for cut in 0..whole.len() {
        let (mut decoder, mut directory) = (Decoder::new(Nanos(0), Policy::default()), Directory::survey());
        let mut out = Output::default();
        decoder.packet(Nanos(0), &whole[..cut], 77, &mut directory, &mut out);
        assert_eq!(out.faults.len(), 1, "cut at {cut}");
        assert_eq!(out.faults[0].offset + out.faults[0].skipped, 77 + cut as u64, "cut at {cut}");
        decoder.packet(Nanos(1), &whole, 0, &mut directory, &mut out);
        assert_eq!(kinds(&out), ["order", "status", "order"], "cut at {cut}");
    }
}

#[test]
fn recorded_packets_are_told_and_read() {
    // File, and how many packets and which messages are in it, by the bytes.
    let files = [
        ("AddOrderNoMPID", 5, "message A AddOrder"),
        ("AddOrderWithMPID", 5, "message F AddOrderMpid"),
        ("CrossTrade", 5, "message Q CrossTrade"),
        ("LULDAuctionCollar", 5, "message J LuldAuctionCollar"),
        ("MarketParticipantPosition", 5, "message L MarketParticipantPosition"),
        ("NetOrderImbalanceIndicator", 5, "message I NetOrderImbalance"),
        ("NonCrossTrade", 5, "message P NonCrossTrade"),
        ("OrderCancel", 5, "message X OrderCancel"),
        ("OrderDelete", 5, "message D OrderDelete"),
        ("OrderExecuted", 5, "message E OrderExecuted"),
        ("OrderExecutedWithPrice", 5, "message C OrderExecutedWithPrice"),
        ("OrderReplace", 5, "message U OrderReplace"),
        ("RegSHORestriction", 5, "message Y RegShoRestriction"),
        ("StockTradingAction", 5, "message H StockTradingAction"),
        ("SystemEvent", 1, "message S SystemEvent"),
    ];
    for (name, packets, message) in files {
        let Some(path) = testkit::data::recorded(&format!("itch/single-nasdaq/{name}.pcap")) else { return };
        let bytes = std::fs::read(path).expect("just found");
        let mut capture = Capture::of(&bytes);
        // 2023-08-22 in New York (`TZ=America/New_York date -d 2023-08-22 +%s`).
        let midnight = Nanos::from_secs(1_692_676_800);
        let (mut decoder, mut directory) = (Decoder::new(midnight, Policy::default()), Directory::survey());
        let mut out = Output::default();
        while let Some(datagram) = capture.next().expect("the recording is whole") {
            assert!(venues::nasdaq::mold::carries_itch(datagram.payload), "{name}");
            let (at, offset) = (datagram.received_at, datagram.offset);
            decoder.packet(at, datagram.payload, offset, &mut directory, &mut out);
        }
        assert_eq!(out.faults, [], "{name}");
        let counts: BTreeMap<String, u64> = decoder.counts().into_iter().collect();
        assert_eq!(counts.get(message), Some(&packets), "{name}: {counts:?}");
        assert_eq!(counts.get("packets without a number"), Some(&packets), "{name}: numbers were blanked");
        // The clock of the recording and the venue's are a second apart at most: the day is right.
        for arrival in &out.arrivals {
            let venue_at = arrival.event.venue_at().expect("the market's");
            assert!((arrival.received_at - venue_at).0.abs() < 1_000_000_000, "{name}");
        }
    }
}
