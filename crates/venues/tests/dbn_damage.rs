//! The DBN decoder on bytes made here: damage of every kind, names that change, marks that come late.

#![allow(clippy::wildcard_enum_match_arm, reason = "a test looks at the kinds of event it is about")]

use stdx::Prng;
use types::{Event, Flags, Gap, InstrumentId, LevelAction, OrderAction};
use venues::archive::dbn::Decoder;
use venues::{Decode, Directory, Output};

const ONE: i64 = 1_000_000_000;
/// 2024-01-02, 03:00 UTC.
const START: i64 = 1_704_164_400_000_000_000;
const LAST: u8 = 128;

/// A metadata header: version, and for each number a name with its dates.
fn header(version: u8, ts_out: bool, names: &[(&str, u32, u32, &str)]) -> Vec<u8> {
    let room = if version == 1 { 22 } else { 71 };
    let text = |text: &str, room: usize| {
        let mut bytes = text.as_bytes().to_vec();
        bytes.resize(room, 0);
        bytes
    };
    let mut body = text("GLBX.MDP3", 16);
    body.extend([0, 0]);
    body.extend([0; 24]);
    if version == 1 {
        body.extend([0; 8]);
    }
    // Raw symbols to numbers.
    body.extend([1, 0, u8::from(ts_out)]);
    if version > 1 {
        body.extend(71_u16.to_le_bytes());
    }
    body.resize(100, 0);
    // Layout, symbols, partial, not found: nothing.
    body.extend([0; 16]);
    body.extend(u32::try_from(names.len()).expect("few").to_le_bytes());
    for (symbol, from, until, number) in names {
        body.extend(text(symbol, room));
        body.extend(1_u32.to_le_bytes());
        body.extend(from.to_le_bytes());
        body.extend(until.to_le_bytes());
        body.extend(text(number, room));
    }
    let mut bytes = vec![b'D', b'B', b'N', version];
    bytes.extend(u32::try_from(body.len()).expect("short").to_le_bytes());
    bytes.extend(body);
    bytes
}

struct Mbo {
    instrument: u32,
    at: i64,
    order: u64,
    price: i64,
    size: u32,
    flags: u8,
    action: u8,
    side: u8,
}

impl Default for Mbo {
    fn default() -> Self {
        Self {
            instrument: 7,
            at: START,
            order: 1,
            price: 100 * ONE,
            size: 3,
            flags: LAST,
            action: b'A',
            side: b'B',
        }
    }
}

impl Mbo {
    fn bytes(&self) -> Vec<u8> {
        let mut bytes = vec![14, 0xa0, 1, 0];
        bytes.extend(self.instrument.to_le_bytes());
        bytes.extend(self.at.to_le_bytes());
        bytes.extend(self.order.to_le_bytes());
        bytes.extend(self.price.to_le_bytes());
        bytes.extend(self.size.to_le_bytes());
        bytes.extend([self.flags, 0, self.action, self.side]);
        bytes.extend((self.at + 1_000).to_le_bytes());
        bytes.extend([0; 8]);
        bytes
    }
}

/// A top-of-book record: bid and ask with their sizes.
fn mbp(bid: (i64, u32), ask: (i64, u32), flags: u8) -> Vec<u8> {
    let mut bytes = vec![20, 0x01, 1, 0];
    bytes.extend(7_u32.to_le_bytes());
    bytes.extend(START.to_le_bytes());
    bytes.extend(bid.0.to_le_bytes());
    bytes.extend(1_u32.to_le_bytes());
    bytes.extend([b'A', b'B', flags, 0]);
    bytes.extend(START.to_le_bytes());
    bytes.extend([0; 8]);
    for price in [bid.0, ask.0] {
        bytes.extend(price.to_le_bytes());
    }
    for number in [bid.1, ask.1, 1, 1] {
        bytes.extend(number.to_le_bytes());
    }
    bytes
}

fn stream(records: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = header(2, false, &[("ESH4", 20_240_101, 20_240_103, "7")]);
    bytes.extend(records.concat());
    bytes
}

fn decode(bytes: &[u8]) -> (Decoder, Directory, Output) {
    let (mut decoder, mut directory, mut out) = (Decoder::new(), Directory::survey(), Output::default());
    let taken = decoder.decode(bytes, &mut directory, &mut out);
    decoder.finish(&bytes[taken..], &mut directory, &mut out);
    (decoder, directory, out)
}

/// Ids of the orders added, in order.
fn added(out: &Output) -> Vec<u64> {
    let order = |event: &Event| match event {
        Event::Order(e) if e.action == OrderAction::Add => Some(e.order.0),
        _ => None,
    };
    out.arrivals.iter().filter_map(|arrival| order(&arrival.event)).collect()
}

fn gaps(out: &Output) -> Vec<Gap> {
    let gap = |event: &Event| match event {
        Event::Gap(gap) => Some(*gap),
        _ => None,
    };
    out.arrivals.iter().filter_map(|arrival| gap(&arrival.event)).collect()
}

fn five() -> Vec<u8> {
    let orders: Vec<Vec<u8>> = (1..=5)
        .map(|order| {
            let order = Mbo { order, ..Mbo::default() };
            order.bytes()
        })
        .collect();
    stream(&orders)
}

#[test]
fn f_06_one_flipped_bit_costs_at_most_its_record() {
    let clean = five();
    let start = clean.len() - 3 * 56;
    let (mut faults, mut silent) = (0, 0);
    for bit in 0..56 * 8 {
        let mut bytes = clean.clone();
        bytes[start + bit / 8] ^= 1 << (bit % 8);
        let (decoder, _, out) = decode(&bytes);
        // A number given to the instrument anew is another instrument; its orders are told all the same.
        let orders = added(&out);
        let others: Vec<u64> = orders.iter().copied().filter(|order| [1, 2, 4, 5].contains(order)).collect();
        let renamed = (16..24).contains(&(bit / 8));
        assert!(renamed || others == [1, 2, 4, 5], "bit {bit}: {orders:?}");
        assert!(out.faults.len() <= 1, "bit {bit}");
        for fault in &out.faults {
            assert_eq!((fault.offset, fault.skipped), (start as u64, 56), "bit {bit}: {fault}");
            assert_eq!(gaps(&out).len(), 1, "bit {bit}");
            assert_eq!(gaps(&out)[0].instrument, Some(InstrumentId(0)), "bit {bit}");
            faults += 1;
        }
        let counted = decoder.counts().iter().any(|(name, _)| name.starts_with("unknown"));
        silent += u32::from(counted && out.faults.is_empty());
    }
    // Every bit of length, action and side, but those that make another valid letter; unknown types apart.
    assert!(faults >= 8 + 6 + 6, "{faults}");
    assert!(silent > 0, "a flipped type is an unknown record");
}

#[test]
fn a_record_of_length_zero_loses_the_rest() {
    let mut bytes = five();
    let start = bytes.len() - 3 * 56;
    bytes[start] = 0;
    let (decoder, _, out) = decode(&bytes);
    assert!(decoder.is_lost());
    assert_eq!(added(&out), [1, 2]);
    let fault = &out.faults[0];
    assert_eq!((fault.offset, fault.skipped), (start as u64, 3 * 56));
    assert_eq!(fault.what, "record length 0; nothing after this can be read");
    assert_eq!(gaps(&out)[0].instrument, None, "every book may be stale");
}

#[test]
fn records_that_cannot_be_used_are_faults_and_gaps() {
    let cases = [
        (Mbo { action: b'Z', ..Mbo::default() }, "unknown action 'Z'"),
        (Mbo { side: b'N', ..Mbo::default() }, "an order without a side"),
        (Mbo { price: i64::MAX, ..Mbo::default() }, "an order or trade without a price"),
        (Mbo { price: i64::MAX, action: b'T', ..Mbo::default() }, "an order or trade without a price"),
    ];
    for (record, what) in cases {
        let bytes = stream(&[Mbo::default().bytes(), record.bytes(), Mbo::default().bytes()]);
        let (_, _, out) = decode(&bytes);
        assert_eq!(out.faults.len(), 1);
        assert_eq!(out.faults[0].what, what);
        assert_eq!(out.faults[0].offset, bytes.len() as u64 - 2 * 56);
        assert_eq!(gaps(&out).len(), 1);
        assert_eq!(added(&out).len(), 2);
    }
}

#[test]
fn unknown_records_are_passed_over_by_their_length() {
    let unknown = [vec![5, 0x77], vec![9; 18]].concat();
    let bytes = stream(&[Mbo::default().bytes(), unknown, Mbo::default().bytes()]);
    let (decoder, _, out) = decode(&bytes);
    assert_eq!(out.faults, []);
    assert_eq!(added(&out).len(), 2);
    assert!(decoder.counts().contains(&("unknown record".to_string(), 1)));
}

#[test]
fn other_streams_are_refused_with_the_reason() {
    let cases: [(&[u8], &str); 8] = [
        (b"", "empty: not even DBN metadata"),
        (b"DBN\x04\x10\0\0\0 and so on", "DBN version 4; versions 1 to 3 are read"),
        (b"DBN\0\x10\0\0\0 and so on", "DBN version 0; versions 1 to 3 are read"),
        (b"(\xb5/\xfd packed", "still compressed with Zstandard: decompress it first"),
        (
            b"\x0e\xa0\x01\0 a record",
            "a DBN fragment: records without metadata, which a decoder of fragments reads",
        ),
        (
            b"\x51\x2a\x4d\x18 metadata",
            "a DBZ file, the format before DBN, still packed: unpack its metadata and records first",
        ),
        (b"PK\x03\x04 a zip file", "not DBN: it does not begin with \"DBN\""),
        (b"DBN", "the stream ends inside its metadata"),
    ];
    for (bytes, what) in cases {
        let (_, _, out) = decode(bytes);
        assert_eq!(out.faults.len(), 1, "{what}");
        assert_eq!(out.faults[0].what, what);
        assert_eq!((out.faults[0].offset, out.faults[0].skipped), (0, bytes.len() as u64));
        assert_eq!(out.arrivals, []);
    }
}

#[test]
fn f_26_a_number_is_another_instrument_on_another_day() {
    let day = 86_400 * ONE;
    let names = [
        ("ESH4", 20_240_101, 20_240_103, "7"),
        ("ESM4", 20_240_103, 20_240_104, "7"),
        ("NQH4", 20_240_101, 20_240_104, "8"),
    ];
    for version in 1..=3 {
        let mut bytes = header(version, false, &names);
        for (instrument, at) in [(7, START), (8, START), (7, START + day), (7, START + 2 * day), (9, START)] {
            let record = Mbo { instrument, at, ..Mbo::default() };
            bytes.extend(record.bytes());
        }
        let (_, directory, out) = decode(&bytes);
        let names: Vec<&str> = directory.names().iter().map(|(_, symbol)| symbol.as_str()).collect();
        assert_eq!(names, ["ESH4", "NQH4", "ESM4", "#7", "#9"], "version {version}");
        let used: Vec<u32> =
            out.arrivals.iter().filter_map(|arrival| Some(arrival.event.instrument()?.0)).collect();
        assert_eq!(used, [0, 1, 2, 3, 4]);
    }
}

#[test]
fn symbol_mapping_records_are_honoured() {
    let mapping = |version: u8, symbol: &str| {
        let (words, room) = if version == 1 { (20, 22) } else { (44, 71) };
        let mut bytes = vec![words, 0x16, 1, 0];
        bytes.extend(7_u32.to_le_bytes());
        bytes.extend(START.to_le_bytes());
        for name in ["ES.c.0", symbol] {
            if version > 1 {
                bytes.push(1);
            }
            let mut text = name.as_bytes().to_vec();
            text.resize(room, 0);
            bytes.extend(text);
        }
        bytes.resize(usize::from(words) * 4 - 16, 0);
        bytes.extend(0_u64.to_le_bytes());
        bytes.extend(u64::MAX.to_le_bytes());
        bytes
    };
    for version in 1..=3 {
        let mut bytes = header(version, false, &[]);
        bytes.extend(Mbo::default().bytes());
        bytes.extend(mapping(version, "ESH4"));
        bytes.extend(Mbo::default().bytes());
        bytes.extend(mapping(version, "ESM4"));
        bytes.extend(Mbo::default().bytes());
        let (_, directory, out) = decode(&bytes);
        assert_eq!(out.faults, []);
        let names: Vec<&str> = directory.names().iter().map(|(_, symbol)| symbol.as_str()).collect();
        assert_eq!(names, ["#7", "ESH4", "ESM4"], "version {version}");
    }
}

#[test]
fn a_send_time_behind_every_record_is_passed_over() {
    let mut bytes = header(3, true, &[("ESH4", 20_240_101, 20_240_103, "7")]);
    for order in 1..=3 {
        let mut record = Mbo { order, ..Mbo::default() }.bytes();
        record[0] = 16;
        record.extend(START.to_le_bytes());
        bytes.extend(record);
    }
    let (_, _, out) = decode(&bytes);
    assert_eq!(out.faults, []);
    assert_eq!(added(&out), [1, 2, 3]);
}

/// Marks of all arrivals: `L` for last, `S` for snapshot, both, or `-`.
fn marks(out: &Output) -> String {
    let flags = |event: &Event| match event {
        Event::Order(e) => e.flags,
        Event::Level(e) => e.flags,
        Event::Trade(e) => e.flags,
        _ => Flags::NONE,
    };
    let mark = |flags: Flags| match (flags.has(Flags::LAST), flags.has(Flags::SNAPSHOT)) {
        (true, true) => "B",
        (true, false) => "L",
        (false, true) => "S",
        (false, false) => "-",
    };
    out.arrivals.iter().map(|arrival| mark(flags(&arrival.event))).collect()
}

#[test]
fn an_event_that_ends_without_a_word_marks_the_one_before() {
    let record = |action: u8, side: u8, flags: u8| {
        let record = Mbo { action, side, flags, ..Mbo::default() };
        record.bytes()
    };
    let cases = [
        // A record that says nothing ends the event.
        (vec![record(b'A', b'B', 0), record(b'N', b'N', LAST)], "L"),
        // So does a fill that cannot be used.
        (vec![record(b'T', b'B', 0), record(b'F', b'N', LAST)], "L"),
        // A snapshot is over where the next record is not part of it, or the stream ends.
        (vec![record(b'A', b'B', 32), record(b'A', b'B', LAST)], "SBL"),
        (vec![record(b'A', b'B', 32), record(b'A', b'B', 32)], "SSB"),
        (vec![record(b'R', b'N', 32), record(b'A', b'B', 32 | LAST)], "SB"),
        // Nothing ends an event that goes on.
        (vec![record(b'A', b'B', 0), record(b'A', b'B', 0)], "--"),
    ];
    for (records, expected) in cases {
        let (_, _, out) = decode(&stream(&records));
        assert_eq!(out.faults, []);
        assert_eq!(marks(&out), expected);
    }
}

#[test]
fn the_vendors_doubt_is_a_gap_once() {
    let record = |flags: u8| Mbo { flags, ..Mbo::default() }.bytes();
    let records = [record(LAST), record(LAST | 4), record(LAST | 4), record(LAST), record(LAST | 4)];
    let (_, _, out) = decode(&stream(&records));
    assert_eq!(gaps(&out).len(), 2);
    assert!(matches!(out.arrivals[1].event, Event::Gap(_)));
}

#[test]
fn levels_are_shown_anew_after_damage() {
    let unknown_action = Mbo { action: b'Z', ..Mbo::default() };
    let bytes = stream(&[
        mbp((100 * ONE, 5), (101 * ONE, 6), LAST),
        mbp((100 * ONE, 4), (101 * ONE, 6), LAST),
        unknown_action.bytes(),
        mbp((100 * ONE, 4), (i64::MAX, 0), LAST),
        mbp((99 * ONE, 4), (i64::MAX, 0), LAST),
    ]);
    let (_, _, out) = decode(&bytes);
    let shape: String = out
        .arrivals
        .iter()
        .map(|arrival| match arrival.event {
            Event::Level(e) => match e.action {
                LevelAction::Clear => 'C',
                LevelAction::Set => 's',
                LevelAction::Delete => 'd',
                _ => '?',
            },
            Event::Gap(_) => 'G',
            _ => '?',
        })
        .collect();
    assert_eq!(shape, "CsssGCsds");
    assert_eq!(marks(&out), "SSBL-SB-L");
}

#[test]
fn f_26_a_name_that_passes_to_another_number_is_a_gap_unless_the_book_begins_anew() {
    let day = 86_400 * ONE;
    let names = [("ES.c.0", 20_240_101, 20_240_103, "7"), ("ES.c.0", 20_240_103, 20_240_105, "8")];
    let cases = [
        (b'A', LAST, vec!["order", "gap", "order"]),
        (b'R', LAST, vec!["order", "order"]),
        // A snapshot's beginning is made up where it is not marked.
        (b'A', LAST | 32, vec!["order", "order", "order"]),
    ];
    for (action, flags, kinds) in cases {
        let mut bytes = header(2, false, &names);
        bytes.extend(Mbo::default().bytes());
        bytes.extend(Mbo { instrument: 8, at: START + 2 * day, action, flags, ..Mbo::default() }.bytes());
        let (_, directory, out) = decode(&bytes);
        assert_eq!(directory.names(), [("cme".to_string(), "ES.c.0".to_string())]);
        let told: Vec<&str> = out.arrivals.iter().map(|arrival| arrival.event.kind()).collect();
        assert_eq!(told, kinds);
        assert!(out.arrivals.iter().all(|arrival| arrival.event.instrument() == Some(InstrumentId(0))));
    }
}

#[test]
fn a_name_of_two_numbers_at_once_is_the_name_of_neither() {
    let names = [("ES.FUT", 20_240_101, 20_240_105, "7"), ("ES.FUT", 20_240_101, 20_240_105, "8")];
    let mut bytes = header(3, false, &names);
    for instrument in [7, 8] {
        bytes.extend(Mbo { instrument, ..Mbo::default() }.bytes());
    }
    let (_, directory, out) = decode(&bytes);
    let names: Vec<&str> = directory.names().iter().map(|(_, symbol)| symbol.as_str()).collect();
    assert_eq!(names, ["#7", "#8"]);
    assert_eq!(gaps(&out), []);
}

#[test]
fn coarser_quotes_beside_finer_ones_change_nothing() {
    let sample = |bid: (i64, u32)| {
        let mut record = mbp(bid, (101 * ONE, 6), LAST);
        record[1] = 0xc3;
        record
    };
    let bytes = stream(&[
        sample((99 * ONE, 1)),
        mbp((100 * ONE, 5), (101 * ONE, 6), LAST),
        sample((98 * ONE, 1)),
        mbp((100 * ONE, 4), (101 * ONE, 6), LAST),
    ]);
    let (decoder, _, out) = decode(&bytes);
    let levels: Vec<(LevelAction, i64)> = out
        .arrivals
        .iter()
        .filter_map(|arrival| match arrival.event {
            Event::Level(e) => Some((e.action, e.price.0 / ONE)),
            _ => None,
        })
        .collect();
    let snapshot = |bid| [(LevelAction::Clear, 0), (LevelAction::Set, bid), (LevelAction::Set, 101)];
    assert_eq!(levels, [&snapshot(99)[..], &snapshot(100), &[(LevelAction::Set, 100)]].concat());
    assert!(decoder.counts().contains(&("quote beside a finer one, not read".to_string(), 1)));
}

/// Records of every type and length there is, with random bodies.
fn all_kinds(prng: &mut Prng) -> Vec<u8> {
    const HEADS: [(u8, u8); 30] = [
        (12, 0x00),
        (20, 0x01),
        (92, 0x0a),
        (14, 0x11),
        (10, 0x12),
        (90, 0x13),
        (100, 0x13),
        (130, 0x13),
        (28, 0x14),
        (20, 0x15),
        (80, 0x15),
        (20, 0x16),
        (44, 0x16),
        (20, 0x17),
        (80, 0x17),
        (16, 0x18),
        (20, 0x18),
        (14, 0x20),
        (14, 0x21),
        (14, 0x22),
        (14, 0x23),
        (14, 0x24),
        (14, 0xa0),
        (20, 0xb1),
        (20, 0xc0),
        (20, 0xc1),
        (20, 0xc2),
        (20, 0xc3),
        (20, 0xc4),
        (9, 0x77),
    ];
    let mut bytes = Vec::new();
    for _ in 0..prng.between(1, 12) {
        let (words, kind) = HEADS[usize::try_from(prng.below(HEADS.len() as u64)).expect("few")];
        let start = bytes.len();
        bytes.extend([words, kind, 1, 0]);
        bytes.extend(u32::try_from(prng.below(3)).expect("few").to_le_bytes());
        bytes.resize_with(start + usize::from(words) * 4, || u8::try_from(prng.below(256)).expect("a byte"));
        // Moments and prices that are some, more often than chance would have it.
        for at in [8, 16, 24, 32, 40].into_iter().filter(|at| at + 8 <= usize::from(words) * 4) {
            if prng.chance(0.7) {
                let number = if at == 8 { START } else { prng.between(0, 400) * ONE / 4 };
                bytes[start + at..start + at + 8].copy_from_slice(&number.to_le_bytes());
            }
        }
    }
    bytes
}

/// What a decoder makes of bytes given in two pieces must be what it makes of the whole.
fn check_two_pieces(make: impl Fn() -> Decoder, bytes: &[u8], cut: usize, what: &str) -> (usize, usize) {
    let feed = |cut: usize| {
        let (mut decoder, mut directory, mut out) = (make(), Directory::survey(), Output::default());
        let taken = decoder.decode(&bytes[..cut], &mut directory, &mut out);
        let more = taken + decoder.decode(&bytes[taken..], &mut directory, &mut out);
        decoder.finish(&bytes[more..], &mut directory, &mut out);
        out
    };
    let (whole, pieces) = (feed(bytes.len()), feed(cut));
    assert_eq!(pieces.arrivals, whole.arrivals, "{what}");
    assert_eq!(pieces.faults, whole.faults, "{what}");
    (whole.arrivals.len(), whole.faults.len())
}

#[test]
fn any_record_of_any_type_is_survived_in_any_pieces() {
    let (mut arrivals, mut faults) = (0, 0);
    for seed in 0..6_000 {
        let mut prng = Prng::new(seed);
        let records = all_kinds(&mut prng);
        let version = u8::try_from(prng.between(1, 3)).expect("small");
        let mut stream = header(version, prng.chance(0.2), &[("ESH4", 20_240_101, 20_240_103, "1")]);
        stream.extend(&records);
        for (bytes, is_fragment) in [(&stream, false), (&records, true)] {
            let make = || if is_fragment { Decoder::fragment(None) } else { Decoder::new() };
            let cut = usize::try_from(prng.below(bytes.len() as u64)).expect("short");
            let (told, wrong) = check_two_pieces(make, bytes, cut, &format!("seed {seed}, cut at {cut}"));
            (arrivals, faults) = (arrivals + told, faults + wrong);
        }
    }
    eprintln!("{arrivals} arrivals, {faults} faults");
    assert!(arrivals > 10_000 && faults > 1_000);
}

#[test]
fn any_bytes_are_survived() {
    let mut clean = five();
    clean.extend(mbp((100 * ONE, 5), (101 * ONE, 6), LAST));
    clean.extend(mbp((100 * ONE, 4), (102 * ONE, 6), 0));
    let mut prng = Prng::new(7);
    for _ in 0..50_000 {
        let mut bytes = clean.clone();
        for _ in 0..prng.between(1, 8) {
            let at = usize::try_from(prng.below(bytes.len() as u64)).expect("short");
            bytes[at] = u8::try_from(prng.below(256)).expect("a byte");
        }
        let cut = usize::try_from(prng.below(bytes.len() as u64)).expect("short");
        let (mut decoder, mut directory, mut out) = (Decoder::new(), Directory::survey(), Output::default());
        let taken = decoder.decode(&bytes[..cut], &mut directory, &mut out);
        let more = taken + decoder.decode(&bytes[taken..], &mut directory, &mut out);
        decoder.finish(&bytes[more..], &mut directory, &mut out);
        let (_, _, whole) = decode(&bytes);
        assert_eq!(out.arrivals, whole.arrivals, "cut at {cut}: {bytes:?}");
    }
}
