//! A Binance recording, in pieces and of a market as its first byte says.
#![no_main]

use libfuzzer_sys::fuzz_target;
use quoin_fuzz::check_stream;
use venues::binance::{Decoder, Market};

fuzz_target!(|bytes: &[u8]| {
    let Some((choice, bytes)) = bytes.split_first() else {
        return;
    };
    let market = [None, Some(Market::Spot), Some(Market::UsdM), Some(Market::CoinM)];
    let market = market[usize::from(*choice) % 4];
    check_stream(|| Decoder::new(market), bytes, usize::from(*choice >> 2) * 7);
});
