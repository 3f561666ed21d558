//! CME MDP 3.0 on recorded packets: the decoder reaches the figures that independent tools counted.

use net::capture::Capture;
use std::collections::{BTreeMap, BTreeSet};
use types::{Event, Flags, Nanos, StatisticKind};
use venues::cme::{Decoder, Line};
use venues::{Directory, Output};

struct Packet {
    received_at: Nanos,
    line: Line,
    payload: Vec<u8>,
    offset: u64,
}

fn packets(file: &str) -> Option<Vec<Packet>> {
    let path = testkit::data::recorded(&format!("cme-mdp3/{file}"))?;
    let bytes = std::fs::read(path).expect("just found");
    let mut capture = Capture::of(&bytes);
    let mut packets = Vec::new();
    while let Some(datagram) = capture.next().expect("the recording is whole") {
        packets.push(Packet {
            received_at: datagram.received_at,
            line: Line { ip: datagram.destination.ip, port: datagram.destination.port },
            payload: datagram.payload.to_vec(),
            offset: datagram.offset,
        });
    }
    Some(packets)
}

/// Decodes packets into one output; answers it with the decoder and the names that were registered.
fn decode<'a>(packets: impl IntoIterator<Item = &'a Packet>) -> (Output, Decoder, Directory) {
    let (mut decoder, mut directory, mut out) = (Decoder::new(), Directory::survey(), Output::default());
    let mut now = Nanos::MIN;
    for packet in packets {
        now = packet.received_at;
        decoder.packet(now, packet.line, &packet.payload, packet.offset, &mut directory, &mut out);
    }
    decoder.finish(now, &mut directory, &mut out);
    (out, decoder, directory)
}

fn counts(decoder: &Decoder) -> BTreeMap<String, u64> {
    decoder.counts().into_iter().collect()
}

/// What the packets said. Pictures of recovered books are ours, not theirs.
fn kinds(out: &Output) -> BTreeMap<&'static str, usize> {
    let mut kinds = BTreeMap::new();
    for arrival in out.arrivals.iter().filter(|arrival| !arrival.event.flags().has(Flags::SNAPSHOT)) {
        *kinds.entry(arrival.event.kind()).or_default() += 1;
    }
    kinds
}

/// Messages by template, read here on their own: in every copy of a packet, and in one of each.
fn messages(packets: &[Packet]) -> [BTreeMap<u16, u64>; 2] {
    let (mut all, mut once) = (BTreeMap::new(), BTreeMap::new());
    let mut seen = BTreeSet::new();
    for Packet { line, payload, .. } in packets {
        let is_first = seen.insert((line.channel(), payload[..4].to_vec()));
        let mut at = 12;
        while at < payload.len() {
            let template = u16::from_le_bytes([payload[at + 4], payload[at + 5]]);
            *all.entry(template).or_default() += 1;
            *once.entry(template).or_default() += u64::from(is_first);
            at += usize::from(u16::from_le_bytes([payload[at], payload[at + 1]]));
        }
    }
    [all, once]
}

/// Whether the decoder counted the messages of one copy of each packet.
fn check_messages(counts: &BTreeMap<String, u64>, once: &BTreeMap<u16, u64>) {
    for (template, expected) in once {
        let start = format!("message {template} ");
        let found = counts.iter().find(|(name, _)| name.starts_with(&start)).map(|(_, count)| count);
        assert_eq!(found, Some(expected), "template {template}");
    }
}

fn check(counts: &BTreeMap<String, u64>, expected: &[(&str, u64)]) {
    let all: Vec<(&str, u64)> = counts.iter().map(|(name, count)| (name.as_str(), *count)).collect();
    assert_eq!(all, expected);
}

const V6: &str = "Cme.Mdp3.Sbe.v6.1.pcapng";
const V9: &str = "Cme.Mdp3.Sbe.v9.1.Example.pcap";

#[test]
fn channel_340_of_2016_gives_what_was_counted() {
    let Some(packets) = packets(V6) else { return };
    let (out, decoder, directory) = decode(&packets);
    assert_eq!(out.faults, []);
    let [all, once] = messages(&packets);
    let expected = [(12, 18), (32, 19_138), (35, 614), (37, 388), (42, 388)];
    assert_eq!(all, BTreeMap::from(expected));
    let mut counts = counts(&decoder);
    check_messages(&counts, &once);
    counts.retain(|name, _| !name.starts_with("message ") && !name.starts_with("recover"));
    check(
        &counts,
        &[
            // 14,574 + 802 + 355 = 15,731 entries, no RptSeq gap.
            ("entries level", 14_574),
            ("entries statistic", 802),
            ("entries trade", 355),
            ("entries trade order", 567),
            ("events ended without an arrival to mark", 1),
            ("packets", 10_000),
            ("packets duplicate", 5_000),
            ("securities", 127),
        ],
    );
    // The recording starts in the middle of a session: what stood before, nobody says. One gap an instrument.
    let expected = [("gap", 127), ("level", 14_574), ("statistic", 802), ("trade", 355)];
    assert_eq!(kinds(&out), BTreeMap::from(expected));
    assert_eq!(directory.names().len(), 127);
    // Implied and outright levels, by entry type in the raw bytes: E and F against 0 and 1.
    let flags = out.arrivals.iter().map(|arrival| arrival.event.flags());
    let implied = flags.filter(|flags| flags.has(Flags::IMPLIED) && !flags.has(Flags::SNAPSHOT));
    assert_eq!(implied.count(), 2_220 + 1_699 + 1_684 + 1_455 + 1_061 + 988);
}

#[test]
fn statistics_are_those_that_were_counted() {
    let Some(packets) = packets(V6) else { return };
    let (out, _, _) = decode(&packets);
    // How many of each, and the sum of their values: of the text that `independent/cme_fields.py` writes, each
    // packet once. Prices are sent with seven decimals; the survey keeps nanos.
    let expected = [
        (StatisticKind::OpeningPrice, 31, 31_835_000_000 * 100),
        (StatisticKind::SessionHigh, 51, 86_845_000_000 * 100),
        (StatisticKind::SessionLow, 50, 88_267_500_000 * 100),
        (StatisticKind::HighestBid, 112, 702_900_000_000 * 100),
        (StatisticKind::LowestAsk, 152, 1_196_902_500_000 * 100),
        (StatisticKind::Volume, 406, 66_180 * 1_000_000_000),
    ];
    let mut found = BTreeMap::<StatisticKind, (usize, i64)>::new();
    for arrival in &out.arrivals {
        if let Event::Statistic(statistic) = arrival.event {
            let (count, sum) = found.entry(statistic.kind).or_default();
            *count += 1;
            *sum += statistic.value;
            assert!(!statistic.deleted && statistic.fraction == 0, "{statistic:?}");
        }
    }
    let expected = expected.map(|(kind, count, sum)| (kind, (count, sum)));
    assert_eq!(found, BTreeMap::from(expected));
}

#[test]
fn every_event_of_the_market_ends_with_one_mark() {
    let Some(packets) = packets(V6) else { return };
    let (mut decoder, mut directory, mut out) = (Decoder::new(), Directory::survey(), Output::default());
    let mut seen = BTreeSet::new();
    let (mut events, mut marks, mut ends_alone) = (0, 0, 0);
    for packet in &packets {
        out.clear();
        decoder.packet(
            packet.received_at,
            packet.line,
            &packet.payload,
            packet.offset,
            &mut directory,
            &mut out,
        );
        let is_first = seen.insert(packet.payload[..4].to_vec());
        assert!(is_first || out.arrivals.is_empty(), "second copies give nothing");
        if !is_first {
            continue;
        }
        // Bit 7 of tag 5799, read here on its own: 18 bytes into each message but heartbeats.
        let mut at = 12;
        let (mut ends, mut closed) = (0, false);
        while at < packet.payload.len() {
            let size = usize::from(u16::from_le_bytes([packet.payload[at], packet.payload[at + 1]]));
            closed = size > 18 && packet.payload[at + 18] & 0x80 != 0;
            ends += usize::from(closed);
            at += size;
        }
        // One event ends with an empty message in a packet of its own: there is nothing to mark.
        if out.arrivals.is_empty() {
            ends_alone += ends;
            continue;
        }
        let flags = out.arrivals.iter().map(|arrival| arrival.event.flags());
        let marked = flags.filter(|flags| flags.has(Flags::LAST) && !flags.has(Flags::SNAPSHOT)).count();
        assert_eq!(marked, ends, "packet at byte {}", packet.offset);
        // Where the packet's last message ends an event, the packet's last change of a book or trade is marked, or,
        // where there is none, its last statistic.
        if closed {
            let moves = |arrival: &&types::Arrival| arrival.event.kind() != "statistic";
            let last =
                out.arrivals.iter().rfind(moves).or(out.arrivals.last()).expect("an event has changes");
            assert!(last.event.flags().has(Flags::LAST));
        }
        events += ends;
        marks += marked;
    }
    // 4,781 by a count in the raw bytes.
    assert_eq!((events + ends_alone, marks, ends_alone), (4_781, 4_780, 1));
}

#[test]
fn nine_channels_of_2018_give_what_was_counted() {
    let Some(packets) = packets(V9) else { return };
    let (out, decoder, directory) = decode(&packets);
    assert_eq!(out.faults, []);
    let counts = counts(&decoder);
    for (name, count) in [("packets", 99), ("securities", 242)] {
        assert_eq!(counts.get(name), Some(&count), "{name}: {counts:?}");
    }
    let [all, once] = messages(&packets);
    assert_eq!(all, BTreeMap::from([(37, 8), (46, 170), (47, 8), (48, 8)]));
    assert_eq!(all.values().sum::<u64>(), 194);
    check_messages(&counts, &once);
    for absent in ["packets lost", "packets damaged", "RptSeq gaps", "channel restarts", "entries unusable"] {
        assert_eq!(counts.get(absent), None, "{absent}");
    }
    let kinds = kinds(&out);
    // The recording starts in the middle of a session: every book is stale from its first change on, and changes
    // of orders are withheld because the orders they change are not known.
    let gaps: Vec<_> = out.arrivals.iter().filter(|arrival| arrival.event.kind() == "gap").collect();
    let whose: BTreeSet<_> = gaps.iter().map(|arrival| arrival.event.instrument()).collect();
    assert_eq!(gaps.len(), whose.len(), "one gap an instrument");
    assert!(gaps.len() > 200 && !whose.contains(&None), "{}", gaps.len());
    assert_eq!((kinds.get("order"), kinds["trade"]), (None, 4), "{kinds:?}");
    assert_eq!(counts["entries order withheld"], counts["entries level order"] + counts["entries order"]);
    assert_eq!(directory.names().len(), 242);
}

#[test]
fn one_line_alone_shows_the_hole_that_the_other_fills() {
    let Some(packets) = packets(V9) else { return };
    // Of each line's own packets, how many sequence numbers are missing between its first and last.
    let mut by_line = BTreeMap::<Line, Vec<u32>>::new();
    for packet in &packets {
        let sequence = u32::from_le_bytes(*packet.payload.first_chunk().expect("a header"));
        by_line.entry(packet.line).or_default().push(sequence);
    }
    let mut missing = 0;
    for (line, sequences) in &by_line {
        let span = sequences.iter().max().expect("not empty") - sequences.iter().min().expect("not empty");
        let holes = span as usize + 1 - sequences.len();
        let (out, decoder, _) = decode(packets.iter().filter(|packet| packet.line == *line));
        assert_eq!(counts(&decoder).get("packets lost").copied().unwrap_or(0), holes as u64);
        // Beside the gaps of joining late, each instrument once, a hole makes some.
        let gaps = out.arrivals.iter().filter(|arrival| arrival.event.kind() == "gap");
        let whose: BTreeSet<_> = gaps.clone().map(|arrival| arrival.event.instrument()).collect();
        assert_eq!(gaps.count() > whose.len(), holes > 0, "{line:?}");
        missing += holes;
    }
    assert_eq!(missing, 4);
    assert_eq!(by_line.len(), 18);
}

#[test]
fn names_and_arrivals_are_the_same_in_a_second_survey() {
    for file in [V6, V9] {
        let Some(packets) = packets(file) else { return };
        let (first, _, names) = decode(&packets);
        let (second, _, names_too) = decode(&packets);
        assert_eq!(first.arrivals, second.arrivals);
        assert_eq!(names.names(), names_too.names());
    }
}

#[test]
fn single_packets_decode_without_fault() {
    // File, and how many levels, orders, trades and statistics are in its bytes. Orders are withheld: which others
    // stand, one packet does not say.
    let files = [
        ("v1.5/MdIncrementalRefreshBook", [2, 0, 0, 0]),
        ("v1.5/MdIncrementalRefreshSessionStatistics", [6, 0, 0, 4]),
        ("v1.5/MdIncrementalRefreshTradeSummary", [0, 0, 1, 0]),
        ("v1.5/MdIncrementalRefreshVolume", [1, 0, 0, 1]),
        ("v1.5/MdInstrumentDefinitionSpread", [0, 0, 0, 0]),
        ("v1.9/MdIncrementalRefreshBook", [23, 16, 0, 0]),
        ("v1.9/MdIncrementalRefreshOrderBook", [0, 1, 0, 0]),
        ("v1.9/MdIncrementalRefreshTradeSummary", [2, 2, 1, 1]),
        ("v1.9/MdIncrementalRefreshVolume", [2, 2, 1, 2]),
    ];
    for (name, expected) in files {
        let Some(packets) = packets(&format!("single/{name}.pcap")) else { return };
        let (out, decoder, _) = decode(&packets);
        assert_eq!(out.faults, [], "{name}");
        let kinds = kinds(&out);
        let given = |kind| kinds.get(kind).copied().unwrap_or(0) as u64;
        let withheld = counts(&decoder).get("entries order withheld").copied().unwrap_or(0);
        let found = [given("level"), given("order") + withheld, given("trade"), given("statistic")];
        assert_eq!(found, expected, "{name}");
        assert_eq!(given("order"), 0, "{name}");
    }
}

#[test]
fn a_recorded_definition_says_what_a_tick_is_worth() {
    let Some(packets) = packets("single/v1.5/MdInstrumentDefinitionSpread.pcap") else {
        return;
    };
    let (_, _, directory) = decode(&packets);
    // E-mini S&P 500: sent in hundredths of a point, 0.25 points a tick, 50 USD a point; its spreads 0.05.
    let expected = [("ESU6", 25_000_000_000, 250_000_000), ("ESU6-ESZ6", 5_000_000_000, 50_000_000)];
    for (symbol, wire_tick, tick) in expected {
        let definition = directory.definition("cme", symbol).expect(symbol);
        assert_eq!(definition.wire_tick_nanos, wire_tick, "{symbol}");
        assert_eq!(definition.tick_nanos, tick, "{symbol}");
        assert_eq!(definition.multiplier_nanos, 50_000_000_000, "{symbol}");
        assert_eq!((definition.currency.as_str(), definition.lot_nanos), ("USD", 1_000_000_000));
        // GBX 10; the implied book is not mentioned.
        assert_eq!((definition.depths.outright, definition.depths.implied), (Some(10), None));
    }
    // The leg that would say it is not in this packet.
    assert_eq!(directory.definition("cme", "ESM6-ESU6"), None);
    // Nothing is registered for a definition's sake.
    assert!(directory.names().is_empty());
}

#[test]
fn recorded_packets_cut_at_any_byte_are_faults_and_gaps() {
    let mut files = vec![V9.to_string()];
    files.extend(["v1.5/MdIncrementalRefreshTradeSummary", "v1.9/MdIncrementalRefreshBook"].map(single));
    files.extend(["v1.5/MdInstrumentDefinitionSpread", "v1.9/MdIncrementalRefreshVolume"].map(single));
    for file in files {
        let Some(packets) = packets(&file) else { return };
        for packet in packets.iter().take(40) {
            let mut end = 12;
            for cut in 0..packet.payload.len() {
                if cut > end {
                    let size = [packet.payload[end], packet.payload[end + 1]];
                    end += usize::from(u16::from_le_bytes(size));
                }
                let part = Packet { payload: packet.payload[..cut].to_vec(), ..*packet };
                let (out, _, _) = decode([&part]);
                // Cut between messages, it is a shorter packet.
                let (faults, gaps) = (out.faults.len(), kinds(&out).get("gap").copied().unwrap_or(0));
                let expected = match cut {
                    // Without its header nobody knows that it was due; the next packet will show it.
                    0..12 => (1, 0),
                    // A sound packet; its gaps are those of joining late.
                    _ if cut == end => (0, gaps),
                    _ => (1, 1),
                };
                assert_eq!((faults, gaps), expected, "{file} at {} cut at {cut}", packet.offset);
                for fault in &out.faults {
                    assert_eq!(fault.offset + fault.skipped, packet.offset + cut as u64);
                }
            }
        }
    }
}

fn single(name: &str) -> String {
    format!("single/{name}.pcap")
}

/// The most packets that come within so long.
fn busiest(packets: &[Packet], span: Nanos) -> usize {
    let (mut first, mut most) = (0, 0);
    for (last, packet) in packets.iter().enumerate() {
        while packets[first].received_at + span < packet.received_at {
            first += 1;
        }
        most = most.max(last + 1 - first);
    }
    most
}

#[test]
fn f_24_twice_the_recorded_rate_and_fifty_times_it_drop_nothing_and_make_no_book_stale() {
    for file in [V6, V9] {
        let Some(mut packets) = packets(file) else { return };
        let events = |packets: &[Packet]| {
            let (out, decoder, _) = decode(packets);
            let mut counts = counts(&decoder);
            // How long recoveries took is the one thing that may differ.
            counts.retain(|name, _| !name.ends_with(" ns"));
            (out.arrivals.iter().map(|arrival| arrival.event).collect::<Vec<_>>(), out.faults, counts)
        };
        let as_it_was = events(&packets);
        let (starts_at, peak) = (packets[0].received_at, busiest(&packets, Nanos::from_millis(200)));
        for faster in [2, 25] {
            for packet in &mut packets {
                packet.received_at = starts_at + Nanos((packet.received_at - starts_at).0 / faster);
            }
            assert!(busiest(&packets, Nanos::from_millis(200)) > peak, "{file}");
            assert!(events(&packets) == as_it_was, "{file}, {faster} times as fast as before");
        }
    }
}
