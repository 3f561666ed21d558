//! Tardis's CSV files, in pieces and of a name as the first byte says.
#![no_main]

use libfuzzer_sys::fuzz_target;
use quoin_fuzz::check_stream;
use venues::archive::tardis::{Decoder, Table};

fuzz_target!(|bytes: &[u8]| {
    let Some((choice, bytes)) = bytes.split_first() else {
        return;
    };
    let hint = [None, Some(Table::Liquidations)][usize::from(*choice) % 2];
    check_stream(|| Decoder::new(hint), bytes, usize::from(*choice >> 1) * 7);
});
