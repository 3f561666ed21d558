//! A file of LEAN's, of a kind and in pieces as its first byte says.
#![no_main]

use libfuzzer_sys::fuzz_target;
use quoin_fuzz::check_stream;
use venues::archive::lean::{Decoder, Place};
use venues::archive::ticks::WallClock;

const PATHS: [&str; 8] = [
    "equity/usa/tick/a/20131007_quote.zip",
    "equity/usa/tick/a/20131007_trade.zip",
    "equity/usa/daily/a.zip",
    "future/cme/minute/es/20131007_trade.zip",
    "future/cme/minute/es/20131007_quote.zip",
    "future/cme/tick/es/20131007_quote.zip",
    "future/cme/minute/es/20131007_openinterest.zip",
    "crypto/bybit/tick/a/20131007_trade.zip",
];

fuzz_target!(|bytes: &[u8]| {
    let Some((choice, bytes)) = bytes.split_first() else {
        return;
    };
    let place = Place::of(PATHS[usize::from(*choice) % 8]).expect("LEAN's layout");
    let make = || Decoder::new(&place, "x_201312.csv", WallClock::UTC).expect("an entry");
    check_stream(make, bytes, usize::from(*choice >> 3) * 7);
});
