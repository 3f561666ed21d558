//! Bitstamp's order log, in pieces as its first byte says.
#![no_main]

use libfuzzer_sys::fuzz_target;
use quoin_fuzz::check_stream;
use venues::archive::bitstamp::Decoder;

fuzz_target!(|bytes: &[u8]| {
    let Some((choice, bytes)) = bytes.split_first() else {
        return;
    };
    check_stream(Decoder::new, bytes, usize::from(*choice) * 7);
});
