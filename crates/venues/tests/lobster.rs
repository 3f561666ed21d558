//! The LOBSTER reader against the recorded days: its events, played into an obvious book and into the book that the
//! engine trades on, must show the order-book file row by row.

#![allow(clippy::wildcard_enum_match_arm, reason = "a test looks at the kinds of event it is about")]

use std::collections::BTreeMap;
use std::io::Read;
use types::{Event, Flags, Lots, Nanos, OrderAction, OrderDelta, Phase, Side, Ticks};
use venues::archive::lobster::Decoder;
use venues::{Directory, Output};

/// 2012-06-21 in New York began at 04:00 UTC.
const MIDNIGHT: Nanos = Nanos(1_340_251_200_000_000_000);
/// A LOBSTER price unit, in the nanos a survey counts in; and a share.
const PRICE: i64 = 100_000;
const SHARE: i64 = 1_000_000_000;
/// The price step of a share, in nanos.
const CENT: i64 = 10_000_000;

/// Message file and order-book file out of a recorded archive.
fn day(archive: &str) -> Option<(Vec<u8>, Vec<u8>)> {
    let path = testkit::data::recorded(&format!("lobster/{archive}"))?;
    let file = std::fs::File::open(path).expect("a recorded file can be read");
    let mut archive = zip::ZipArchive::new(file).expect("a zip archive");
    let mut read = |part: &str| {
        for row in 0..archive.len() {
            let mut file = archive.by_index(row).expect("a row of the archive");
            if file.name().expect("plain names").contains(part) {
                let mut text = Vec::new();
                file.read_to_end(&mut text).expect("a recorded file is whole");
                return text;
            }
        }
        panic!("no file {part} in the archive")
    };
    Some((read("_message_"), read("_orderbook_")))
}

/// Orders by id, and what stands at each price: nothing clever.
#[derive(Default)]
struct Book {
    orders: BTreeMap<u64, (Side, i64, i64)>,
    levels: [BTreeMap<i64, i64>; 2],
}

impl Book {
    fn on(&mut self, event: &Event) {
        let Event::Order(e) = event else { return };
        let (id, price, size) = (e.order.0, e.price.0 / PRICE, e.size.0 / SHARE);
        match e.action {
            OrderAction::Clear => *self = Self::default(),
            OrderAction::Add => {
                assert!(self.orders.insert(id, (e.side, price, size)).is_none(), "order {id} twice");
                self.shift(e.side, price, size);
            }
            OrderAction::Modify => {
                let old = self.orders.insert(id, (e.side, price, size)).expect("a known order");
                self.shift(old.0, old.1, -old.2);
                self.shift(e.side, price, size);
            }
            OrderAction::Reduce => {
                let order = self.orders.get_mut(&id).expect("a known order");
                assert_eq!((order.0, order.1), (e.side, price));
                order.2 -= size;
                assert!(order.2 >= 0, "order {id} below nothing");
                if order.2 == 0 {
                    self.orders.remove(&id);
                }
                self.shift(e.side, price, -size);
            }
            OrderAction::Delete => {
                let (side, price, size) = self.orders.remove(&id).expect("a known order");
                self.shift(side, price, -size);
            }
            OrderAction::Fill => assert!(self.orders[&id].2 >= size, "order {id} overfilled"),
        }
    }

    fn shift(&mut self, side: Side, price: i64, by: i64) {
        let level = self.levels[side.index()].entry(price).or_default();
        *level += by;
        if *level == 0 {
            self.levels[side.index()].remove(&price);
        }
    }

    /// The best levels, as the order-book file writes them.
    fn row(&self, levels: usize) -> String {
        let mut bids = self.levels[0].iter().rev();
        let mut asks = self.levels[1].iter();
        let mut columns = Vec::new();
        for _ in 0..levels {
            let (price, size) = asks.next().unwrap_or((&9_999_999_999, &0));
            columns.push(format!("{price},{size}"));
            let (price, size) = bids.next().unwrap_or((&-9_999_999_999, &0));
            columns.push(format!("{price},{size}"));
        }
        columns.join(",")
    }
}

/// The engine's own book of orders, in cents and shares.
#[derive(Default)]
struct Ours(book::OrderBook);

impl Ours {
    fn on(&mut self, event: &Event) {
        let Event::Order(e) = event else { return };
        let (price, size) = (Ticks(e.price.0 / CENT), Lots(e.size.0 / SHARE));
        let change = self.0.apply(&OrderDelta { price, size, ..*e });
        assert_eq!(change, book::Change::Applied, "{e:?}");
    }

    /// The best levels, as the order-book file writes them: in hundredths of a cent.
    fn row(&self, levels: usize) -> String {
        let mut sides = [self.0.levels(Side::Sell), self.0.levels(Side::Buy)];
        let mut columns = Vec::new();
        for _ in 0..levels {
            for (side, nothing) in sides.iter_mut().zip([9_999_999_999, -9_999_999_999]) {
                let level = side.next().map(|level| (level.price.0 * CENT / PRICE, level.size.0));
                let (price, size) = level.unwrap_or((nothing, 0));
                columns.push(format!("{price},{size}"));
            }
        }
        columns.join(",")
    }
}

/// How many times each number of a message type's line stands in the file.
fn types(messages: &[u8]) -> BTreeMap<u8, u64> {
    let mut types = BTreeMap::new();
    for line in messages.split(|&byte| byte == b'\n').filter(|line| !line.is_empty()) {
        let kind = line.split(|&byte| byte == b',').nth(1).expect("six columns");
        *types.entry(kind[0] - b'0').or_default() += 1;
    }
    types
}

fn replay(archive: &str, symbol: &str, levels: usize, rows_expected: usize) -> Option<Decoder> {
    let (messages, book_file) = day(archive)?;
    let mut decoder = Decoder::new(symbol, MIDNIGHT, Some(levels));
    let (mut directory, mut out) = (Directory::survey(), Output::default());
    let (mut book, mut ours) = (Book::default(), Ours::default());
    let mut rows = 0;
    let mut traded: u64 = 0;
    let mut seen_at = Nanos(0);
    let mut message_lines = messages.split_inclusive(|&byte| byte == b'\n');
    for row in book_file.split_inclusive(|&byte| byte == b'\n') {
        let message = message_lines.next().expect("as many messages as rows");
        out.clear();
        let taken = decoder.decode(message, Some(row), &mut directory, &mut out);
        assert_eq!(taken, (message.len(), row.len()));
        assert_eq!(out.faults, [], "row {rows}");
        for arrival in &out.arrivals {
            book.on(&arrival.event);
            ours.on(&arrival.event);
            assert!(arrival.received_at >= seen_at, "time stands or goes on");
            seen_at = arrival.received_at;
            traded += u64::from(matches!(arrival.event, Event::Trade(_)));
        }
        let last = out.arrivals.iter().filter(|arrival| is_last(&arrival.event)).count();
        assert_eq!(last, if rows == 0 { 2 } else { 1 }, "row {rows}: one LAST a line, and the seed's");
        assert!(is_last(&out.arrivals.last().expect("every line says something").event));
        let expected = std::str::from_utf8(row).expect("digits").trim_end();
        assert_eq!(book.row(levels), expected, "row {rows}");
        assert_eq!(ours.row(levels), expected, "row {rows} of the engine's book");
        rows += 1;
    }
    assert_eq!(rows, rows_expected);
    let types = types(&messages);
    assert_eq!(traded, types[&4] + types[&5], "every execution is a trade");
    assert_eq!(decoder.mismatches(), 0);
    let counts: BTreeMap<String, u64> = decoder.counts().into_iter().collect();
    assert_eq!(counts["1 add"], types[&1]);
    assert_eq!(counts["4 execution"], types[&4]);
    eprintln!("{symbol}: {rows} rows equal, {:?}", decoder.counts());
    Some(decoder)
}

fn is_last(event: &Event) -> bool {
    match event {
        Event::Order(e) => e.flags.has(Flags::LAST),
        Event::Trade(e) => e.flags.has(Flags::LAST),
        _ => false,
    }
}

#[test]
fn google_shows_ten_levels_row_by_row() {
    replay("LOBSTER_SampleFile_GOOG_2012-06-21_10.zip", "GOOG", 10, 147_916);
}

#[test]
fn apple_shows_one_level_row_by_row() {
    replay("LOBSTER_SampleFile_AAPL_2012-06-21_1.zip", "AAPL", 1, 118_497);
}

#[test]
fn without_the_book_orders_never_shown_are_counted_faults() {
    let Some((messages, _)) = day("LOBSTER_SampleFile_GOOG_2012-06-21_10.zip") else {
        return;
    };
    let mut decoder = Decoder::new("GOOG", MIDNIGHT, None);
    let (mut directory, mut out) = (Directory::survey(), Output::default());
    let taken = decoder.decode(&messages, None, &mut directory, &mut out);
    assert_eq!(taken, (messages.len(), 0));
    decoder.finish(&[], None, &mut directory, &mut out);
    let mut book = Book::default();
    out.arrivals.iter().for_each(|arrival| book.on(&arrival.event));

    // Counted apart: messages about an id no type 1 line named before.
    let mut added = std::collections::BTreeSet::new();
    let mut unknown = 0;
    for line in messages.split(|&byte| byte == b'\n').filter(|line| !line.is_empty()) {
        let columns: Vec<&[u8]> = line.split(|&byte| byte == b',').collect();
        match columns[1] {
            b"1" => {
                added.insert(columns[2]);
            }
            b"2" | b"3" | b"4" => unknown += usize::from(!added.contains(columns[2])),
            _ => {}
        }
    }
    assert!(unknown > 0);
    assert_eq!(out.faults.len(), unknown);
    let counts: BTreeMap<String, u64> = decoder.counts().into_iter().collect();
    assert_eq!(counts["order never shown"], u64::try_from(unknown).expect("small"));
    eprintln!("GOOG without its book: {unknown} messages about orders never shown");
}

// Two levels. Row 1 is after an add of 5 at 100.00, where 7 stood before.
const MESSAGES: &str = "\
34200.5,1,11,5,1000000,1
34201,4,90,7,1000000,1
34202,2,11,2,1000000,1
34203,5,0,10,1000050,1
34204,7,0,0,-1,-1
34205,7,0,0,0,-1
34206,7,0,0,1,-1
34207,6,-1,100,1000100,-1
34208,3,11,3,1000000,1
34209,3,91,4,999900,1
";
const ROWS: &str = "\
1000100,9,1000000,12,1000200,1,999900,4
1000100,9,1000000,5,1000200,1,999900,4
1000100,9,1000000,3,1000200,1,999900,4
1000100,9,1000000,3,1000200,1,999900,4
1000100,9,1000000,3,1000200,1,999900,4
1000100,9,1000000,3,1000200,1,999900,4
1000100,9,1000000,3,1000200,1,999900,4
1000100,9,1000000,3,1000200,1,999900,4
1000100,9,999900,4,1000200,1,999700,8
1000100,9,999700,8,1000200,1,-9999999999,0
";

fn decode(messages: &str, rows: &str) -> (Decoder, Output) {
    let (mut directory, mut out) = (Directory::survey(), Output::default());
    let mut decoder = Decoder::new("X", Nanos(0), Some(2));
    let (m, r) = decoder.decode(messages.as_bytes(), Some(rows.as_bytes()), &mut directory, &mut out);
    decoder.finish(&messages.as_bytes()[m..], Some(&rows.as_bytes()[r..]), &mut directory, &mut out);
    (decoder, out)
}

/// A letter for each event: what it does, small when it is synthetic; `|` behind the last of a line.
fn shape(out: &Output) -> String {
    let mut shape = String::new();
    for arrival in &out.arrivals {
        let (letter, flags) = match arrival.event {
            Event::Order(e) => {
                let letter = match e.action {
                    OrderAction::Add => 'A',
                    OrderAction::Modify => 'M',
                    OrderAction::Reduce => 'R',
                    OrderAction::Delete => 'D',
                    OrderAction::Fill => 'F',
                    OrderAction::Clear => 'C',
                };
                (letter, e.flags)
            }
            Event::Trade(e) => (if e.flags.has(Flags::HIDDEN) { 'H' } else { 'T' }, e.flags),
            Event::Status(e) => {
                let phase = match e.phase {
                    Phase::Open => 'o',
                    Phase::PreOpen => 'p',
                    Phase::Halted => 'h',
                    Phase::Closed => 'c',
                };
                (phase, Flags::NONE)
            }
            Event::Gap(_) => ('G', Flags::NONE),
            _ => ('?', Flags::NONE),
        };
        shape.push(if flags.has(Flags::SYNTHETIC) { letter.to_ascii_lowercase() } else { letter });
        if flags.has(Flags::LAST) {
            shape.push('|');
        }
    }
    shape
}

#[test]
fn each_type_becomes_its_events() {
    let (decoder, out) = decode(MESSAGES, ROWS);
    assert_eq!(out.faults, []);
    // Seed; add; execution of an unseen order; partial cancel; hidden; halt, quoting, open; cross; delete,
    // where 999700 comes into the window; delete of an unseen order.
    assert_eq!(shape(&out), "Caaaa|A|Tfr|R|H|hpoH|Da|r|");
    assert_eq!((decoder.fringe_corrections(), decoder.mismatches()), (1, 0));
    let trades: Vec<_> = out
        .arrivals
        .iter()
        .filter_map(|arrival| match arrival.event {
            Event::Trade(e) => Some((e.venue_at.0, e.price.0 / PRICE, e.size.0 / SHARE, e.aggressor)),
            _ => None,
        })
        .collect();
    let expected = [
        (34_201 * SHARE, 1_000_000, 7, Some(Side::Sell)),
        (34_203 * SHARE, 1_000_050, 10, Some(Side::Sell)),
        (34_207 * SHARE, 1_000_100, 100, None),
    ];
    assert_eq!(trades, expected);
    assert_eq!(out.arrivals[0].received_at, Nanos(34_200_500_000_000));
}

#[test]
fn a_visible_level_that_differs_is_a_fault_and_set_right() {
    let wrong = ROWS.replacen("1000100,9,1000000,3", "1000100,10,1000000,3", 1);
    let (decoder, out) = decode(MESSAGES, &wrong);
    let whats: Vec<&str> = out.faults.iter().map(|fault| fault.what.as_str()).collect();
    let expected =
        ["row 3: sell level 100.01 says 10, book has 9", "row 4: sell level 100.01 says 9, book has 10"];
    assert_eq!(whats, expected);
    assert_eq!(decoder.mismatches(), 2);
    assert!(shape(&out).contains("Rm|Hda|"), "{}", shape(&out));
}

#[test]
fn a_damaged_line_is_skipped_and_the_book_seeded_anew() {
    let cases = [
        (MESSAGES.replace("34202,2,11,2", "34202,9,11,2"), ROWS.to_string(), 3),
        (MESSAGES.replace("34203,5", "noon,5"), ROWS.to_string(), 4),
        (MESSAGES.to_string(), ROWS.replacen("1000100,9,1000000,3", "1000100,9,10000x0,3", 1), 3),
    ];
    for (messages, rows, line) in cases {
        let (decoder, out) = decode(&messages, &rows);
        assert_eq!(out.faults.len(), 1, "{:?}", out.faults);
        assert!(out.faults[0].what.starts_with(&format!("line {line}:")), "{}", out.faults[0].what);
        let offset: usize = messages.lines().take(line - 1).map(|line| line.len() + 1).sum();
        assert_eq!(out.faults[0].offset, u64::try_from(offset).expect("small"));
        assert!(shape(&out).contains("GCaaaa|"), "{}", shape(&out));
        assert_eq!(decoder.mismatches(), 0);
    }
}

#[test]
fn files_cut_anywhere_are_survived() {
    for end in 0..MESSAGES.len() {
        decode(&MESSAGES[..end], ROWS);
    }
    for end in 0..ROWS.len() {
        decode(MESSAGES, &ROWS[..end]);
    }
    let mut prng = stdx::Prng::new(20_120_621);
    for _ in 0..20_000 {
        let mut texts = [MESSAGES.as_bytes().to_vec(), ROWS.as_bytes().to_vec()];
        for _ in 0..prng.between(1, 5) {
            let text = &mut texts[usize::try_from(prng.below(2)).expect("0 or 1")];
            let at = usize::try_from(prng.below(text.len() as u64)).expect("small");
            text[at] = b"0123456789,-.\nx"[usize::try_from(prng.below(15)).expect("below 15")];
        }
        let [messages, rows] =
            texts.map(|text| String::from_utf8(text).expect("only such bytes were put in"));
        decode(&messages, &rows);
    }
}

#[test]
fn files_of_different_length_are_a_fault() {
    let short: String = ROWS.lines().take(4).map(|line| format!("{line}\n")).collect();
    let (_, out) = decode(MESSAGES, &short);
    assert_eq!(out.faults.len(), 1);
    assert_eq!(out.faults[0].what, "the order-book file ends before the message file");
    let short: String = MESSAGES.lines().take(4).map(|line| format!("{line}\n")).collect();
    let (_, out) = decode(&short, ROWS);
    assert_eq!(out.faults.len(), 1);
}

#[test]
fn a_last_line_needs_no_line_feed() {
    let (_, whole) = decode(MESSAGES, ROWS);
    let (_, out) = decode(MESSAGES.trim_end(), ROWS.trim_end());
    assert_eq!(out.arrivals, whole.arrivals);
}
