//! Lines of JSON: Tardis's normalised messages or a recorded session, in pieces, as the first byte says.
#![no_main]

use libfuzzer_sys::fuzz_target;
use quoin_fuzz::check_stream;
use venues::archive::{normalised, session};

fuzz_target!(|bytes: &[u8]| {
    let Some((choice, bytes)) = bytes.split_first() else {
        return;
    };
    let step = usize::from(*choice >> 1) * 7;
    if *choice & 1 == 0 {
        check_stream(normalised::Decoder::new, bytes, step);
    } else {
        check_stream(session::Decoder::new, bytes, step);
    }
});
