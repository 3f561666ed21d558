//! Decoding Tardis's rows allocates nothing once every instrument was met and the output has grown.

use venues::archive::tardis::Decoder;
use venues::{Decode, Directory, Output};

#[global_allocator]
static ALLOCATOR: testkit::allocations::Counting = testkit::allocations::Counting;

/// Rows of many messages of several instruments, with snapshots between.
fn rows(kind: &str) -> String {
    let mut text = String::new();
    let mut prng = stdx::Prng::new(11);
    for at in 0..20_000 {
        let symbol = ["A", "B", "C"][usize::try_from(prng.below(3)).expect("below 3")];
        let (price, amount) = (prng.between(1_000, 1_100), prng.between(0, 9));
        let row = match kind {
            "book" => {
                let snapshot = at % 100 < 20;
                format!("x,{symbol},{at},{at},{snapshot},bid,{price}.5,{amount}")
            }
            "trades" => format!("x,{symbol},{at},{at},{at},sell,{price},1e-{amount}"),
            _ => format!("x,{symbol},{at},{at},{amount},{},{price},", price + 1),
        };
        text.push_str(&row);
        text.push('\n');
    }
    text
}

#[test]
fn rows_behind_the_first_allocate_nothing() {
    for (kind, columns) in [
        ("book", "is_snapshot,side,price,amount"),
        ("trades", "id,side,price,amount"),
        ("quotes", "ask_amount,ask_price,bid_price,bid_amount"),
    ] {
        let header = format!("exchange,symbol,timestamp,local_timestamp,{columns}\n");
        let rows = rows(kind);
        let (mut decoder, mut directory, mut out) =
            (Decoder::new(None), Directory::survey(), Output::default());
        decoder.decode(header.as_bytes(), &mut directory, &mut out);
        assert_eq!(decoder.decode(rows.as_bytes(), &mut directory, &mut out), rows.len());
        let first = out.arrivals.len();
        out.clear();
        let before = testkit::allocations::on_this_thread();
        decoder.decode(rows.as_bytes(), &mut directory, &mut out);
        let after = testkit::allocations::on_this_thread();
        assert_eq!(after - before, 0, "{kind}");
        assert_eq!(out.faults, [], "{kind}");
        assert!(out.arrivals.len() >= 20_000 && out.arrivals.len().abs_diff(first) < 5, "{kind}");
    }
}
