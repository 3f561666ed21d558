//! Tables of anybody's, made by hand.

use super::{Fed, check_changes, check_cuts, feed};
use types::Nanos;
use venues::archive::ticks::{About, Decoder, Offset, Rows, WallClock, look};
use venues::{Decode, Directory, Output};

fn about() -> About {
    // Five hours behind until 1970-01-01 12:00 UTC, then six: the wall shows 06:00 to 07:00 twice.
    let hour = 3_600_000_000_000;
    let changes = [Offset { begins: Nanos(12 * hour), ahead: Nanos(-6 * hour) }];
    About {
        venue: "v".into(),
        symbol: "S".into(),
        clock: WallClock::new(Nanos(-5 * hour), &changes),
        zone_known: true,
        bar_seconds: Some(60),
    }
}

fn read(text: &str) -> Fed {
    feed(&mut Decoder::new(about()), text.as_bytes(), text.len().max(1))
}

#[test]
fn rows_are_told_by_their_header() {
    let cases: [(&str, &[&str]); 6] = [
        (
            "DateTime,Price,Volume\n1970-01-01 00:00:00.083,1640.25,8\n",
            &["18000083000000 v/S trade 1640.25 x 8 ? #0 ."],
        ),
        (
            "id,price,qty,quote_qty,time,is_buyer_maker\r\n7,5.1,0.2,1.02,1591261235999,true\r\n8,5.2,1,5.2,1591261236,False",
            &[
                "1591261235999000000 v/S trade 5.1 x 0.2 sell #7 .",
                "1591261236000000000 v/S trade 5.2 x 1 buy #8 .",
            ],
        ),
        (
            "<DATE>;<TIME>;<OPEN>;<HIGH>;<LOW>;<CLOSE>;<VOL>\n19700101;000100;1;3;0.5;2;9\n",
            &["18120000000000 v/S bar 60 s from 18060000000000: 1 3 0.5 2 x 9"],
        ),
        (
            "time,symbol,bid,bidsize,ask,asksize\n1970-01-01T00:00:01Z,\"A\",1,2,3,4\n1970-01-01T00:00:02Z,B,1,2,3,4\n1970-01-01T00:00:03Z,A,-1.5,2,,\n",
            &[
                "1000000000 v/A bid 1 x 2 ",
                "1000000000 v/A ask 3 x 4 .",
                "2000000000 v/B bid 1 x 2 ",
                "2000000000 v/B ask 3 x 4 .",
                "3000000000 v/A bid 1 gone ",
                "3000000000 v/A bid -1.5 x 2 ",
                "3000000000 v/A ask 3 gone .",
            ],
        ),
        (
            "time;last;volume;bid;bidsize;ask;asksize;side\n1970-01-01T00:00:01Z;2;5;1;1;3;1;B\n1970-01-01T00:00:02Z;;;1;2;3;1;\n",
            &[
                "1000000000 v/S bid 1 x 1 ",
                "1000000000 v/S ask 3 x 1 .",
                "1000000000 v/S trade 2 x 5 buy #0 .",
                "2000000000 v/S bid 1 x 2 ",
                "2000000000 v/S ask 3 x 1 .",
            ],
        ),
        (
            "date,open,high,low,close\n1970-01-01,1,1,1,1\n",
            &["18060000000000 v/S bar 60 s from 18000000000000: 1 1 1 1 x 0"],
        ),
    ];
    for (text, expected) in cases {
        let fed = read(text);
        assert_eq!(fed.faults(), [""; 0], "{text}");
        assert_eq!(fed.shown(), expected, "{text}");
        assert!(look(text.as_bytes()).is_some());
    }
    assert_eq!(look(b"DateTime,Price,Volume\n"), Some(Rows::Trades));
    assert_eq!(look(b"34200.1,1,2,3,4,1\n"), None);
}

#[test]
fn what_is_taken_on_trust_or_not_used_is_counted() {
    let text = "time,price,size,venue,note\n1970-01-01 06:30:00,1,1,x,y\n1970-01-01 07:00:00,1,1,x,y\n";
    let fed = read(text);
    let at = |hours: f64| (hours * 3.6e12) as i64;
    // The first of the two half past six; then seven, six hours behind.
    let shown = [at(11.5), at(13.0)].map(|at| format!("{at} v/S trade 1 x 1 ? #0 ."));
    assert_eq!(fed.shown(), shown);
    assert_eq!(fed.count("time that the wall shows twice"), 1);
    assert_eq!(fed.count("value of a column not used: note"), 2);
    assert_eq!(fed.count("trade whose aggressor is not told"), 2);
    let unknown = About { clock: WallClock::UTC, zone_known: false, ..about() };
    let fed = feed(&mut Decoder::new(unknown), text.as_bytes(), 10);
    assert_eq!(fed.count("time without a zone, taken as UTC"), 2);
}

#[test]
fn a_damaged_row_names_line_and_column_and_the_rest_is_read() {
    let trades = "time,price,size,side\n1970-01-01T00:00:01Z,1,1,buy\n";
    let last = "1970-01-01T00:00:09Z,9,9,sell\n";
    let cases = [
        ("yesterday,1,1,buy\n", "line 3, column 1 (time): no time in a form we know"),
        ("1970-01-01T00:00:02Z,,1,buy\n", "line 3, column 2 (price): empty"),
        ("1970-01-01T00:00:02Z,1,1x,buy\n", "line 3, column 3 (size): not a decimal number"),
        ("1970-01-01T00:00:02Z,1,-1,buy\n", "line 3, column 3 (size): below zero"),
        ("1970-01-01T00:00:02Z,99999999999,1,buy\n", "line 3, column 2 (price): beyond ±9,223,372,036"),
        ("1970-01-01T00:00:02Z,1,1,up\n", "line 3, column 4 (side): neither buy nor sell"),
        ("1970-01-01T00:00:02Z,1,1\n", "line 3: fewer fields than columns"),
        ("1970-01-01T00:00:02Z,1,1,buy,1\n", "line 3: more fields than columns"),
    ];
    for (row, expected) in cases {
        let fed = read(&format!("{trades}{row}{last}"));
        assert_eq!(fed.faults(), [expected], "{row}");
        assert_eq!(
            (fed.out.faults[0].offset, fed.out.faults[0].skipped),
            (trades.len() as u64, row.len() as u64)
        );
        assert_eq!(fed.out.arrivals.len(), 2, "{row}");
    }
    assert_eq!(
        read("a,b,c\n1,2,3\n4,5,6\n").faults(),
        ["line 1: no columns of trades, quotes or bars; nothing after this can be read"]
    );
    let unsaid = About { bar_seconds: None, ..about() };
    let fed = feed(&mut Decoder::new(unsaid), b"time,open,high,low,close\n1,1,1,1,1\n", 64);
    assert_eq!(fed.faults(), ["line 1: bars of a length that nobody told; nothing after this can be read"]);
}

#[test]
fn a_damaged_quote_makes_its_own_book_stale() {
    let text = "time,symbol,bid,bidsize,ask,asksize\n1970-01-01T00:00:01Z,A,1,1,3,1\n1970-01-01T00:00:01Z,B,1,1,3,1\n\
                1970-01-01T00:00:02Z,A,x,1,3,1\n1970-01-01T00:00:03Z,A,1,5,3,5\n1970-01-01T00:00:04Z,A,1,1\n";
    let fed = read(text);
    assert_eq!(fed.faults().len(), 2);
    assert_eq!(
        fed.shown()[4..],
        [
            "2000000000 v/A gap",
            "3000000000 v/A clear *",
            "3000000000 v/A bid 1 x 5 *",
            "3000000000 v/A ask 3 x 5 *.",
            // Whose the short row was does not show.
            "3000000000 v/A gap",
            "3000000000 v/B gap",
        ]
    );
}

#[test]
fn cut_or_changed_anywhere_nothing_panics() {
    for text in [
        "DateTime,Price,Volume\n1970-01-01 00:00:00.083,1640.25,8\n1970-01-01 00:00:00.083,1640.25,1\n",
        "time,symbol,bid,bidsize,ask,asksize\n1970-01-01T00:00:01Z,\"A\",1,2,3,4\n",
        "<DATE>;<TIME>;<OPEN>;<HIGH>;<LOW>;<CLOSE>;<VOL>\n19700101;000100;1;3;0.5;2;9\n",
    ] {
        check_cuts(|| Decoder::new(about()), text.as_bytes());
        check_changes(|| Decoder::new(about()), text.as_bytes());
    }
}

#[test]
fn rows_allocate_nothing_once_the_symbols_are_known() {
    let mut decoder = Decoder::new(about());
    let (mut directory, mut out) = (Directory::survey(), Output::default());
    decoder.decode(b"time,symbol,price,size,side\n", &mut directory, &mut out);
    let text = "1970-01-01T00:00:01Z,AA,1,2,buy\n1970-01-01T00:00:01Z,BB,1,2,SELL\n".repeat(1_000);
    decoder.decode(text.as_bytes(), &mut directory, &mut out);
    out.clear();
    let before = testkit::allocations::on_this_thread();
    decoder.decode(text.as_bytes(), &mut directory, &mut out);
    assert_eq!(testkit::allocations::on_this_thread() - before, 0);
    assert_eq!(out.arrivals.len(), 2_000);
}
