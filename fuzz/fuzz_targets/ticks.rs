//! A table of anybody's, in pieces as its first byte says.
#![no_main]

use libfuzzer_sys::fuzz_target;
use quoin_fuzz::check_stream;
use types::Nanos;
use venues::archive::ticks::{About, Decoder, Offset, WallClock};

fuzz_target!(|bytes: &[u8]| {
    let Some((choice, bytes)) = bytes.split_first() else {
        return;
    };
    let hour = 3_600_000_000_000;
    let changes = [
        Offset { begins: Nanos(1_000 * hour), ahead: Nanos(-5 * hour) },
        Offset { begins: Nanos(2_000 * hour), ahead: Nanos(-6 * hour) },
    ];
    let about = About {
        venue: "v".into(),
        symbol: "S".into(),
        clock: WallClock::new(Nanos(-6 * hour), &changes),
        zone_known: *choice & 1 == 0,
        bar_seconds: (*choice & 2 == 0).then_some(60),
    };
    check_stream(|| Decoder::new(about.clone()), bytes, usize::from(*choice >> 2) * 7);
});
