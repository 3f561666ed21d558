//! A DBN stream, uncompressed, in pieces as long as its first byte says.
#![no_main]

use libfuzzer_sys::fuzz_target;
use quoin_fuzz::check_stream;
use venues::archive::dbn::Decoder;

fuzz_target!(|bytes: &[u8]| {
    if let Some((step, bytes)) = bytes.split_first() {
        check_stream(Decoder::new, bytes, usize::from(*step));
    }
});
