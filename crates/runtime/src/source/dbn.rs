//! Databento files in their containers: plain, compressed in one frame or many, fragments, and DBZ.

use super::stream::Stream;
use super::{BUFFER_BYTES, Bytes, Source, SourceError};
use std::io::{BufReader, Cursor, ErrorKind, Read};
use std::path::Path;
use venues::archive::dbn::{Decoder, dbz, is_fragment};

/// Lists of symbols, decompressed: a bound for what a damaged file may claim.
const LISTS_MOST: u64 = 256 << 20;

/// A stream that begins with metadata.
pub(super) fn open(name: String, bytes: Bytes) -> Box<dyn Source> {
    Box::new(Stream::new(name, "Databento DBN", bytes, Decoder::new()))
}

/// Whether a file's name says that it is a fragment: its bytes alone could be anything.
pub(super) fn is_called_fragment(name: &str) -> bool {
    fragment_version(name).is_some()
}

/// A fragment. Its version is in the name, or the records tell it.
pub(super) fn open_fragment(name: String, bytes: Bytes) -> Box<dyn Source> {
    let decoder = Decoder::fragment(fragment_version(&name).flatten());
    Box::new(Stream::new(name, "Databento DBN fragment", bytes, decoder))
}

/// What to do with a file that looks like a fragment, but is not called one.
pub(super) fn fragment_advice(start: &[u8]) -> Option<String> {
    is_fragment(start).then(|| {
        "this may be a DBN fragment, records without metadata; if so, let its name end in `.dbn.frag` (or \
         `.dbn.frag.zst`), with the version before it if you know it: `orders.v2.dbn.frag`"
            .into()
    })
}

/// The version in a fragment's name, if that is what the name says it is.
#[expect(clippy::option_option, reason = "no fragment, a fragment of some version, a fragment of this one")]
fn fragment_version(name: &str) -> Option<Option<u8>> {
    let file = Path::new(name).file_name()?.to_string_lossy().to_lowercase();
    let mut words = file.split('.');
    words.clone().any(|word| word == "frag").then(|| {
        words.find_map(|word| match word {
            "v1" => Some(1),
            "v2" => Some(2),
            "v3" => Some(3),
            _ => None,
        })
    })
}

/// A DBZ file.
pub(super) fn open_dbz(name: String, bytes: Bytes) -> Result<Box<dyn Source>, SourceError> {
    let stream = unpack_dbz(&name, bytes)?;
    Ok(Box::new(Stream::new(name, "Databento DBZ", stream, Decoder::new())))
}

/// A DBZ file as DBN: the metadata lie in a frame that decompressors skip, the records behind it.
pub(super) fn unpack_dbz(name: &str, mut bytes: Bytes) -> Result<Bytes, SourceError> {
    let read_error = |error| SourceError::io(Path::new(name), "read", error);
    let refused = |what| SourceError::Format { name: name.to_string(), what };
    let mut start = [0; 8];
    bytes.read_exact(&mut start).map_err(read_error)?;
    let length = dbz::frame_bytes(&start).map_err(refused)?;
    let mut frame = start.to_vec();
    let rest = (length - start.len()) as u64;
    (&mut bytes).take(rest).read_to_end(&mut frame).map_err(read_error)?;
    if frame.len() < length {
        return Err(refused(format!("the file ends inside its metadata, {} of {length} bytes", frame.len())));
    }
    let frame = dbz::Frame::of(&frame).map_err(refused)?;
    let mut lists = Vec::new();
    zstd::stream::read::Decoder::new(frame.packed_lists)
        .and_then(|decoder| decoder.take(LISTS_MOST).read_to_end(&mut lists))
        .map_err(|error| refused(format!("its lists of symbols cannot be decompressed: {error}")))?;
    let header = Cursor::new(frame.header(&lists));
    let records = zstd::stream::read::Decoder::with_buffer(bytes).map_err(read_error)?;
    Ok(Box::new(BufReader::with_capacity(BUFFER_BYTES, header.chain(Unended(records)))))
}

/// A decompressor of frames that do not say where they end: DBZ never closed its own. Whether records are missing
/// the decoder sees, because the metadata count them.
struct Unended<R>(R);

impl<R: Read> Read for Unended<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        match self.0.read(buffer) {
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => Ok(0),
            other => other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Progress, Recording};
    use super::*;
    use std::sync::Arc;
    use venues::{Directory, Output};

    /// What a recording is read as: format, counts, faults.
    type Told = (&'static str, Vec<(String, u64)>, Vec<String>);

    /// What a recording in memory is read as, or why it is not read.
    fn read(name: &str, bytes: Vec<u8>) -> Result<Told, String> {
        let recording = Recording::Memory { name: name.into(), bytes: Arc::from(bytes) };
        let mut source = super::super::open(&recording, &Progress::default()).map_err(|e| e.to_string())?;
        let (mut directory, mut out, mut faults) = (Directory::survey(), Output::default(), Vec::new());
        loop {
            let more = source.read(&mut directory, &mut out).map_err(|e| e.to_string())?;
            faults.extend(out.faults.iter().map(ToString::to_string));
            if !more {
                return Ok((source.format(), source.counts(), faults));
            }
        }
    }

    fn format_test(file: &str) -> Option<Vec<u8>> {
        let path = testkit::data::recorded(&format!("dbn/format-tests/{file}"))?;
        Some(std::fs::read(path).expect("a recorded file can be read"))
    }

    #[test]
    fn every_container_is_read() {
        let cases = [
            ("test_data.mbo.v3.dbn", "Databento DBN", "C cancel", 2),
            ("test_data.mbo.v3.dbn.zst", "Databento DBN", "C cancel", 2),
            ("test_data.mbp-10.dbz", "Databento DBZ", "mbp-10", 2),
            ("test_data.definition.dbz", "Databento DBZ", "definition", 2),
            ("test_data.definition.v2.dbn.frag", "Databento DBN fragment", "definition", 2),
            ("test_data.definition.dbn.frag.zst", "Databento DBN fragment", "definition", 2),
            // Eight frames; `zstd -d` gives 2,880 bytes, and a record has 360.
            ("multi-frame.definition.v1.dbn.frag.zst", "Databento DBN fragment", "definition", 8),
        ];
        for (file, format, name, count) in cases {
            let Some(bytes) = format_test(file) else { return };
            let (is, counts, faults) = read(file, bytes).unwrap_or_else(|why| panic!("{file}: {why}"));
            assert_eq!((is, faults), (format, vec![]), "{file}");
            let counted = counts.iter().find(|(counted, _)| counted == name).map_or(0, |(_, count)| *count);
            assert_eq!(counted, count, "{file}: {counts:?}");
        }
    }

    #[test]
    fn frames_that_are_skipped_and_frames_that_follow_are_one_stream() {
        let Some(bytes) = format_test("test_data.mbo.v3.dbn") else { return };
        let skipped = [&[0x51, 0x2a, 0x4d, 0x18, 3, 0, 0, 0][..], b"any"].concat();
        let pack = |bytes: &[u8]| zstd::encode_all(bytes, 1).expect("memory");
        let (head, tail) = bytes.split_at(bytes.len() - 80);
        let stream = [skipped.clone(), pack(head), skipped.clone(), pack(tail), skipped].concat();
        let (format, counts, faults) = read("orders.dbn.zst", stream).expect("DBN");
        let (_, plain, _) = read("orders.dbn", bytes).expect("DBN");
        assert_eq!((format, faults, counts), ("Databento DBN", vec![], plain));
    }

    #[test]
    fn a_fragment_must_be_called_one() {
        let Some(bytes) = format_test("test_data.definition.v2.dbn.frag") else { return };
        let why = read("records.bin", bytes.clone()).expect_err("refused");
        assert!(why.contains("let its name end in `.dbn.frag`"), "{why}");
        let (.., faults) = read("records.v1.dbn.frag", bytes).expect("opened as a fragment");
        assert_eq!(faults.len(), 1);
        assert!(faults[0].contains("records of another version than the 1 that was named"), "{faults:?}");
    }

    #[test]
    fn a_dbz_file_cut_anywhere_is_refused_or_says_what_is_missing() {
        let Some(bytes) = format_test("test_data.trades.dbz") else { return };
        for end in 12..bytes.len() {
            match read("trades.dbz", bytes[..end].to_vec()) {
                Err(why) => {
                    assert!(end < 152 && why.contains("the file ends inside its metadata"), "{end}: {why}")
                }
                Ok((_, counts, faults)) => {
                    let whole = counts.contains(&("trades".into(), 2));
                    assert!(end >= 152 && whole == faults.is_empty(), "{end}: {counts:?} {faults:?}");
                }
            }
        }
    }

    #[test]
    fn a_fragments_name_tells_its_version() {
        let cases = [
            ("a/b.v1/orders.v2.dbn.frag", Some(Some(2))),
            ("orders.dbn.frag.zst", Some(None)),
            ("ORDERS.V3.DBN.FRAG", Some(Some(3))),
            ("orders.v2.dbn", None),
            ("fragments.dbn", None),
        ];
        for (name, version) in cases {
            assert_eq!(fragment_version(name), version, "{name}");
        }
    }
}
