//! LEAN's files, made by hand to the layout of its documentation.

use super::{Fed, check_changes, check_cuts, feed};
use venues::archive::lean::{Decoder, Place};
use venues::archive::ticks::WallClock;
use venues::{Decode, Directory, Output};

const DAY: &str = "19700101";

fn decoder(folders: &str, data: &str) -> Decoder {
    let path = format!("{folders}/{DAY}_{data}.zip");
    let place = Place::of(&path).expect("LEAN's layout");
    Decoder::new(&place, &format!("{DAY}_x_minute_{data}_201312.csv"), WallClock::UTC).expect("an entry")
}

fn read(folders: &str, data: &str, text: &str) -> Fed {
    feed(&mut decoder(folders, data), text.as_bytes(), text.len())
}

const QUOTES: &str = "14400152,0,0,494100,300,Q,1,0\n14400547,491800,300,0,0,P,1,0\n14400547,0,0,492000,3000,P,1,0\n\
    14400687,481800,100,0,0,P,1,0\n14400688,0,0,0,0,P,2000,0\n14400689.5,491850,200,492050,100,P,1,1\r\n";

#[test]
fn each_exchange_s_quotes_make_a_book_of_their_own() {
    let fed = read("equity/usa/tick/aig", "quote", QUOTES);
    assert_eq!(
        fed.shown(),
        [
            "14400152000000 us-Q/AIG ask 49.41 x 300 .",
            "14400547000000 us-P/AIG bid 49.18 x 300 .",
            "14400547000000 us-P/AIG ask 49.2 x 3000 .",
            "14400687000000 us-P/AIG bid 49.18 gone ",
            "14400687000000 us-P/AIG bid 48.18 x 100 .",
            "14400688000000 us-P/AIG bid 48.18 gone ",
            "14400688000000 us-P/AIG ask 49.2 gone .",
            "14400689500000 us-P/AIG bid 49.185 x 200 ",
            "14400689500000 us-P/AIG ask 49.205 x 100 .",
        ]
    );
    assert_eq!(fed.faults(), [""; 0]);
    assert_eq!((fed.count("quote"), fed.count("quote of P (NYSE Arca)")), (6, 5));
    assert_eq!((fed.count("suspicious row"), fed.count("condition resume")), (1, 1));
    assert_eq!(fed.count("quote without prices, both sides withdrawn"), 1);
}

#[test]
fn a_price_band_is_no_quote() {
    let fed =
        read("equity/usa/tick/aig", "quote", "1,10000,100,20000,100,N,40000,0\n2,10000,0,20000,0,N,40,0\n");
    assert_eq!(fed.shown(), [""; 0]);
    assert_eq!(fed.count("price band or range, not put on the book"), 2);
}

#[test]
fn a_trade_off_the_book_is_marked_and_keeps_its_exchange() {
    let rows = "14400688,491800,300,P,1,0\n14400689,491800,300,D,1,0\n14400690,491833,50,N,100000,0\n\
                14400691,1,50,N,20000020,1\n14400692,491800,7,Z,0,0\n";
    let fed = read("equity/usa/tick/aig", "trade", rows);
    assert_eq!(
        fed.shown(),
        [
            "14400688000000 us-P/AIG trade 49.18 x 300 ? #0 .",
            "14400689000000 us-D/AIG trade 49.18 x 300 ? #0 h.",
            "14400690000000 us-N/AIG trade 49.1833 x 50 ? #0 h.",
            "14400691000000 us-N/AIG trade 0.0001 x 50 ? #0 h.",
            "14400692000000 us-Z/AIG trade 49.18 x 7 ? #0 .",
        ]
    );
    assert_eq!((fed.count("trade"), fed.count("trade off the book, marked hidden")), (5, 3));
    assert_eq!((fed.count("suspicious row"), fed.count("condition intermarket sweep")), (1, 1));
    assert_eq!(fed.count("condition average price"), 1);
}

#[test]
fn bars_are_received_when_their_span_ends() {
    let cases = [
        (
            "future/cme/minute/es",
            "trade",
            "60000,1676.5,1677.25,1673.5,1675.25,1884",
            "120000000000 cme/ESZ3 bar 60 s from 60000000000: 1676.5 1677.25 1673.5 1675.25 x 1884",
        ),
        (
            "equity/usa/minute/aapl",
            "trade",
            "60000,64480,64490,64470,64480,90",
            "120000000000 us/AAPL bar 60 s from 60000000000: 6.448 6.449 6.447 6.448 x 90",
        ),
        (
            "crypto/bybit/second/btcusdt",
            "trade",
            "1000,1.5,1.5,1.5,1.5,0.000001",
            "2000000000 bybit/BTCUSDT bar 1 s from 1000000000: 1.5 1.5 1.5 1.5 x 0.000001",
        ),
        (
            "future/cme/minute/es",
            "openinterest",
            "72360000,2691941",
            "72360000000000 cme/ESZ3 open interest 2691941 x 0",
        ),
    ];
    for (folders, data, row, expected) in cases {
        assert_eq!(read(folders, data, row).shown(), [expected], "{row}");
    }
    let place = Place::of("equity/usa/daily/aapl.zip").expect("a path");
    let mut decoder = Decoder::new(&place, "aapl.csv", WallClock::UTC).expect("an entry");
    let fed = feed(&mut decoder, b"19700102 00:00,64480,64490,64470,64480,90\n", 9);
    let day = 86_400_000_000_000_i64;
    let expected = format!("{} us/AAPL bar 86400 s from {day}: 6.448 6.449 6.447 6.448 x 90", 2 * day);
    assert_eq!(fed.shown(), [expected]);
}

#[test]
fn of_a_bar_of_quotes_the_closes_stand_from_its_end() {
    let rows = "0,1681.5,1682,1681,1681.75,5,1682,1682.5,1682,1682.25,19\n\
                60000,,,,,0,1682.25,1682.5,1682.25,1682.5,39\n";
    let fed = read("future/cme/minute/es", "quote", rows);
    assert_eq!(
        fed.shown(),
        [
            "60000000000 cme/ESZ3 bid 1681.75 x 5 ",
            "60000000000 cme/ESZ3 ask 1682.25 x 19 .",
            "120000000000 cme/ESZ3 ask 1682.25 gone ",
            "120000000000 cme/ESZ3 ask 1682.5 x 39 .",
        ]
    );
    assert_eq!(fed.count("quote bar, its closes kept"), 2);
    assert_eq!(fed.count("quote bar without one side, which stays"), 1);
}

#[test]
fn a_bar_too_wide_for_a_survey_s_event_is_one_bar_all_the_same() {
    let fed = read("crypto/binance/minute/btcbusd", "trade", "0,17212.12,17216.55,17208.88,17208.9,110.5\n");
    let bar = "bar 60 s from 0: 17212.12 17216.55 17208.88 17208.9 x 110.5";
    assert_eq!(fed.shown(), [format!("60000000000 binance-spot/BTCBUSD {bar}")]);
    assert_eq!(fed.count("trade bar"), 1);
}

#[test]
fn a_damaged_row_names_line_and_column() {
    let cases = [
        (
            "equity/usa/tick/aig",
            "quote",
            "x,1,1,0,0,P,1,0",
            "line 1, column 1 (time): no number of milliseconds",
        ),
        ("equity/usa/tick/aig", "quote", "86400001,1,1,0,0,P,1,0", "line 1, column 1 (time): beyond a day"),
        (
            "equity/usa/tick/aig",
            "quote",
            "1,1x,1,0,0,P,1,0",
            "line 1, column 2 (bid price): not a decimal number",
        ),
        ("equity/usa/tick/aig", "quote", "1,1,-1,0,0,P,1,0", "line 1, column 3 (bid size): below zero"),
        (
            "equity/usa/tick/aig",
            "quote",
            "1,0,0,1,1e9,P,1,0",
            "line 1, column 5 (ask size): not a decimal number",
        ),
        ("equity/usa/tick/aig", "quote", "1,1,1,0,0,PP,1,0", "line 1, column 6 (exchange): not one letter"),
        (
            "equity/usa/tick/aig",
            "quote",
            "1,1,1,0,0,p,1,0",
            "line 1, column 6 (exchange): no exchange's letter",
        ),
        (
            "equity/usa/tick/aig",
            "quote",
            "1,1,1,0,0,P,g,0",
            "line 1, column 7 (condition): not up to eight hexadecimal digits",
        ),
        ("equity/usa/tick/aig", "quote", "1,1,1,0,0,P,1,2", "line 1, column 8 (suspicious): neither 0 nor 1"),
        ("equity/usa/tick/aig", "quote", "1,1,1,0,0", "line 1: a quote has eight fields, seven or five"),
        ("equity/usa/tick/aig", "trade", "1,1,1", "line 1: a trade has six fields, or three"),
        (
            "future/cme/minute/es",
            "trade",
            "1,2,3,2,4,5",
            "line 1: open, high, low and close contradict each other",
        ),
        ("future/cme/minute/es", "trade", "1,2,3,2,2", "line 1: a bar of trades has six fields"),
        (
            "future/cme/minute/es",
            "quote",
            "1,2,3,2,4,5,2,2,2,2,1",
            "line 1, column 2 (bid): open, high, low and close contradict each other",
        ),
        ("future/cme/minute/es", "openinterest", "1", "line 1: open interest has two fields"),
        (
            "future/cme/minute/es",
            "openinterest",
            "1,0.0000000001",
            "line 1, column 2 (contracts): more than nine decimals",
        ),
    ];
    for (folders, data, row, expected) in cases {
        let fed = read(folders, data, row);
        assert_eq!(fed.faults(), [expected], "{row}");
        assert_eq!(fed.shown(), [""; 0], "{row}");
        assert_eq!(fed.count("damaged row"), 1, "{row}");
    }
    let long = "1".repeat(2_000);
    let fed = read("equity/usa/tick/aig", "quote", &format!("{QUOTES}{long}\n{QUOTES}"));
    assert_eq!(fed.faults(), ["line 7: longer than any row"]);
    assert_eq!((fed.out.faults[0].offset, fed.out.faults[0].skipped), (QUOTES.len() as u64, 2_001));
}

#[test]
fn after_a_damaged_row_a_book_waits_for_both_sides() {
    let rows = "1,10000,1,20000,2,P,1,0\n2,x,1,0,0,P,1,0\n3,11000,3,0,0,P,1,0\n4,0,0,21000,4,P,1,0\n5,0,0,21000,5,P,1,0\n";
    let fed = read("equity/usa/tick/aig", "quote", rows);
    assert_eq!(
        fed.shown(),
        [
            "1000000 us-P/AIG bid 1 x 1 ",
            "1000000 us-P/AIG ask 2 x 2 .",
            "2000000 us-P/AIG gap",
            "4000000 us-P/AIG clear *",
            "4000000 us-P/AIG bid 1.1 x 3 *",
            "4000000 us-P/AIG ask 2.1 x 4 *.",
            "5000000 us-P/AIG ask 2.1 x 5 .",
        ]
    );
}

#[test]
fn cut_or_changed_anywhere_nothing_panics() {
    let bars = "0,1681.5,1682,1681,1681.75,5,1682,1682.5,1682,1682.25,19\n60000,,,,,0,1,1,1,1,39\n";
    for (folders, data, text) in [
        ("equity/usa/tick/aig", "quote", QUOTES),
        ("equity/usa/tick/aig", "trade", "14400690,491833,50,N,100000,0\n14400691,1,50,N,20000020,1\n"),
        ("future/cme/minute/es", "quote", bars),
        ("future/cme/minute/es", "trade", "0,1,3,1,2,5\n60000,1,3,1,2,5\n"),
    ] {
        check_cuts(|| decoder(folders, data), text.as_bytes());
        check_changes(|| decoder(folders, data), text.as_bytes());
    }
}

#[test]
fn rows_allocate_nothing_once_the_exchanges_are_known() {
    let mut decoder = decoder("equity/usa/tick/aig", "quote");
    let (mut directory, mut out) = (Directory::survey(), Output::default());
    let text = QUOTES.repeat(1_000);
    decoder.decode(text.as_bytes(), &mut directory, &mut out);
    out.clear();
    let before = testkit::allocations::on_this_thread();
    decoder.decode(text.as_bytes(), &mut directory, &mut out);
    assert_eq!(testkit::allocations::on_this_thread() - before, 0);
    assert!(out.faults.is_empty() && !out.arrivals.is_empty());
}
