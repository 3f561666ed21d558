//! A DBN stream, uncompressed, or a fragment of one, in pieces as long as its first byte says; the same bytes as the
//! frame of a DBZ file and the lists behind it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use quoin_fuzz::check_stream;
use venues::archive::dbn::{Decoder, dbz};

fuzz_target!(|bytes: &[u8]| {
    let Some((&step, bytes)) = bytes.split_first() else { return };
    let step = usize::from(step);
    check_stream(Decoder::new, bytes, step);
    check_stream(|| Decoder::fragment(None), bytes, step);
    if let Some(start) = bytes.first_chunk()
        && let Ok(length) = dbz::frame_bytes(start)
        && let Some((frame, lists)) = bytes.split_at_checked(length)
        && let Ok(frame) = dbz::Frame::of(frame)
    {
        check_stream(Decoder::new, &frame.header(lists), step);
    }
});
