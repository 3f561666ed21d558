//! LOBSTER's two files: the messages, a zero byte, and the book; the first byte is how many levels it has.
#![no_main]

use libfuzzer_sys::fuzz_target;
use types::Nanos;
use venues::archive::lobster::Decoder;
use venues::{Directory, Output};

fuzz_target!(|bytes: &[u8]| {
    let Some((levels, bytes)) = bytes.split_first() else {
        return;
    };
    let levels = (levels % 12 > 0).then_some(usize::from(levels % 12));
    let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
    let (mut messages, book) = bytes.split_at(end);
    let mut book = book.get(1..).unwrap_or_default();
    let mut decoder = Decoder::new("FUZZ", Nanos(0), levels);
    let (mut directory, mut out) = (Directory::survey(), Output::default());
    loop {
        let given = levels.is_some().then_some(book);
        let (of_messages, of_book) = decoder.decode(messages, given, &mut directory, &mut out);
        messages = &messages[of_messages..];
        book = &book[of_book..];
        if of_messages == 0 {
            break;
        }
    }
    decoder.finish(messages, levels.is_some().then_some(book), &mut directory, &mut out);
    let _ = decoder.counts();
});
