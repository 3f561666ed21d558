//! What the fuzz targets share: how a decoder of a stream is fed, and what must hold whatever the bytes.
//!
//! A target fails by panicking, by running out of time or memory, or by an assertion here.

use venues::{Decode, Directory, Output};

/// Feeds `bytes` to two decoders, to one as a whole and to one in pieces of `step`: the pieces must make no
/// difference.
pub fn check_stream<D: Decode>(make: impl Fn() -> D, bytes: &[u8], step: usize) {
    let whole = feed(&mut make(), bytes, bytes.len());
    let pieces = feed(&mut make(), bytes, step);
    assert_eq!(whole.arrivals, pieces.arrivals, "in pieces of {step}");
    assert_eq!(whole.faults, pieces.faults, "in pieces of {step}");
}

fn feed(decoder: &mut impl Decode, bytes: &[u8], step: usize) -> Output {
    let (mut directory, mut out) = (Directory::survey(), Output::default());
    let mut window = Vec::new();
    for piece in bytes.chunks(step.max(1)) {
        window.extend_from_slice(piece);
        loop {
            let taken = decoder.decode(&window, &mut directory, &mut out);
            assert!(taken <= window.len(), "it took bytes that it was not given");
            if taken == 0 {
                break;
            }
            window.drain(..taken);
        }
    }
    decoder.finish(&window, &mut directory, &mut out);
    let _ = decoder.counts();
    out
}
