//! ITCH 5.0 on recorded messages: the decoder reaches the figures that independent tools counted, and says of a
//! sampled day what it is: stale.

use book::{Book, State};
use flate2::read::GzDecoder;
use std::collections::BTreeMap;
use std::io::Read as _;
use types::{Event, Nanos};
use venues::nasdaq::file::Decoder;
use venues::{Decode, Directory, Output};

/// 2010-12-24 in New York, in UTC (`TZ=America/New_York date -d 2010-12-24 +%s`).
const MIDNIGHT: Nanos = Nanos::from_secs(1_293_166_800);

fn recorded() -> Option<Vec<u8>> {
    let path = testkit::data::recorded("itch/ex20101224.TEST_ITCH_50.gz")?;
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).expect("just found");
    GzDecoder::new(file).read_to_end(&mut bytes).expect("a whole gzip file");
    Some(bytes)
}

fn decode(bytes: &[u8], step: usize) -> (Output, Decoder, Directory) {
    let mut decoder = Decoder::new(Some(MIDNIGHT));
    let (mut directory, mut out, mut window) = (Directory::survey(), Output::default(), Vec::new());
    for piece in bytes.chunks(step) {
        window.extend_from_slice(piece);
        let taken = decoder.decode(&window, &mut directory, &mut out);
        window.drain(..taken);
    }
    decoder.finish(&window, &mut directory, &mut out);
    (out, decoder, directory)
}

fn kinds(out: &Output) -> BTreeMap<&'static str, usize> {
    let mut kinds = BTreeMap::new();
    for arrival in &out.arrivals {
        *kinds.entry(arrival.event.kind()).or_default() += 1;
    }
    kinds
}

#[test]
fn the_sampled_day_gives_what_was_counted() {
    let Some(bytes) = recorded() else { return };
    let (out, decoder, directory) = decode(&bytes, bytes.len());
    assert_eq!(out.faults, []);
    let counts: Vec<(String, u64)> = decoder.counts();
    let counts: Vec<(&str, u64)> = counts.iter().map(|(name, count)| (name.as_str(), *count)).collect();
    assert_eq!(
        counts,
        [
            ("books gone stale", 3),
            ("days", 1),
            ("lengths of zero before a message", 12_012),
            ("message A AddOrder", 4_997),
            ("message D OrderDelete", 1_745),
            ("message E OrderExecuted", 198),
            ("message F AddOrderMpid", 3),
            ("message H StockTradingAction", 3),
            ("message P NonCrossTrade", 5_000),
            ("message R StockDirectory", 3),
            ("message S SystemEvent", 6),
            ("message U OrderReplace", 12),
            ("message X OrderCancel", 45),
            // Counted by a script of its own: 94 deleted, 18 executed, 3 cancelled, 2 replaced.
            ("orders left at the end", 3_204),
            ("orders unknown", 117),
            ("stocks", 3),
        ]
    );
    let kinds = kinds(&out);
    // 5,000 hidden, and 198 less 18 executed of an order that was never shown.
    assert_eq!(kinds["trade"], 5_000 + 180);
    // 5,000 added; 180 executed as fill and change; 1,651 deleted; 42 cancelled; 10 replaced as two; three clears.
    assert_eq!(kinds["order"], 5_000 + 2 * 180 + 1_651 + 42 + 2 * 10 + 3);
    assert_eq!(kinds["gap"], 3);
    assert_eq!(directory.names().len(), 3);
}

#[test]
fn a_sampled_day_ends_with_no_book_that_may_be_traded_on() {
    let Some(bytes) = recorded() else { return };
    let (out, _, directory) = decode(&bytes, bytes.len());
    let mut books = vec![Book::empty(); directory.names().len()];
    for arrival in &out.arrivals {
        if let Event::Order(delta) = &arrival.event {
            books[delta.instrument.index()].apply_order(delta);
        } else if let Event::Gap(gap) = &arrival.event {
            books[gap.instrument.expect("a stock's").index()].on_gap();
        } else if let Event::Status(status) = &arrival.event {
            books[status.instrument.expect("a stock's").index()].on_phase(status.phase);
        } else {
            assert!(matches!(arrival.event, Event::Trade(_)), "{:?}", arrival.event);
        }
    }
    for book in &books {
        assert_eq!(book.state(), State::Stale);
        // The decoder passes nothing on that the book does not know.
        assert_eq!(book.counts(), book::Counts::default());
    }
    let standing: usize = books.iter().filter_map(|book| Some(book.by_order()?.len())).sum();
    assert_eq!(standing, 3_204);
}

#[test]
fn pieces_make_no_difference() {
    let Some(bytes) = recorded() else { return };
    let bytes = &bytes[..60_000];
    let (whole, ..) = decode(bytes, bytes.len());
    for step in [1, 7, 64, 4_096] {
        let (pieces, ..) = decode(bytes, step);
        assert_eq!(whole.arrivals, pieces.arrivals, "in pieces of {step}");
        assert_eq!(whole.faults, pieces.faults, "in pieces of {step}");
    }
}

#[test]
fn times_are_of_the_day_in_new_york() {
    let Some(bytes) = recorded() else { return };
    let (out, ..) = decode(&bytes, bytes.len());
    let times: Vec<Nanos> = out.arrivals.iter().filter_map(|arrival| arrival.event.venue_at()).collect();
    assert!(times.is_sorted());
    // 03:06 to 19:04 in New York: the first trading action, the end of messages.
    let (first, last) = (times[0] - MIDNIGHT, times[times.len() - 1] - MIDNIGHT);
    assert_eq!(last, Nanos(68_698_845_099_321));
    assert!(first > Nanos(11_202_475_298_710) && first < Nanos::from_secs(12_000), "{first:?}");
}

#[test]
fn damage_makes_every_book_stale_and_reading_goes_on() {
    let Some(bytes) = recorded() else { return };
    let (whole, ..) = decode(&bytes, bytes.len());
    for at in [20_000, 100_000, 200_003, 465_000] {
        let mut damaged = bytes.clone();
        damaged[at..at + 16].fill(0xff);
        let (out, decoder, _) = decode(&damaged, damaged.len());
        let (pieces, ..) = decode(&damaged, 1_000);
        assert_eq!((&out.arrivals, &out.faults), (&pieces.arrivals, &pieces.faults), "at {at}");
        assert!(!out.faults.is_empty(), "at {at}");
        // At most the messages that were hit, and one on either side, are missing.
        let read = decoder.messages().messages();
        assert!((12_008..=12_012).contains(&read), "at {at}: {read}");
        let gaps = kinds(&out)["gap"];
        assert_eq!(gaps, kinds(&whole)["gap"], "each book goes stale once");
        let fault = &out.faults[0];
        assert!(fault.offset <= at as u64 + 16 && fault.offset + fault.skipped + 60 >= at as u64, "{fault}");
    }
}

#[test]
fn a_file_cut_anywhere_ends_in_a_fault_or_between_messages() {
    let Some(bytes) = recorded() else { return };
    let bytes = &bytes[..3_000];
    let mut ends = Vec::from([0]);
    let mut at = 0;
    while at < bytes.len() {
        at += 2 + venues::nasdaq::itch::length(bytes[at + 2]).expect("a known type");
        ends.push(at);
        if at + 2 >= bytes.len() {
            break;
        }
    }
    for cut in 0..bytes.len() {
        let (out, ..) = decode(&bytes[..cut], 4_096);
        // Two zeros behind a whole message are the end of a session.
        let is_whole = ends.contains(&cut) || cut >= 2 && ends.contains(&(cut - 2));
        assert_eq!(out.faults.len(), usize::from(!is_whole), "cut at {cut}: {:?}", out.faults);
    }
}
