//! Recorded DBN files: unpacked, and read by the decoder that fits them, as the runtime does.

#![allow(dead_code, reason = "not every test needs all of it")]

use dbn::decode::{DbnRecordDecoder, DecodeRecordRef, dbn::Decoder as Theirs};
use dbn::{RecordRef, VersionUpgradePolicy};
use std::io::Read;
use std::path::{Path, PathBuf};
use venues::archive::dbn::{Decoder, dbz};
use venues::{Decode, Directory, Output};

/// Every folder with DBN files.
pub(crate) const FOLDERS: [&str; 4] =
    ["dbn", "dbn/es-2024-07-01", "dbn/es-options-2024-05-09", "dbn/format-tests"];

/// A stream of records, with what the file's name says about it.
pub(crate) struct Stream {
    pub(crate) name: String,
    pub(crate) bytes: Vec<u8>,
    /// Without metadata; then, if the name says one, of this version.
    pub(crate) fragment: Option<Option<u8>>,
}

/// The file's stream, decompressed.
pub(crate) fn stream(path: &Path) -> Stream {
    let name = path.file_name().expect("a file").to_string_lossy().into_owned();
    let packed = std::fs::read(path).expect("a recorded file can be read");
    let bytes = if dbz::is_dbz(&packed) {
        let frame_bytes = dbz::frame_bytes(packed.first_chunk().expect("long enough")).expect("DBZ");
        let frame = dbz::Frame::of(&packed[..frame_bytes]).expect("DBZ");
        let lists = zstd::decode_all(frame.packed_lists).expect("a recorded file is whole");
        let records = unended(&packed[frame_bytes..]);
        [frame.header(&lists), records].concat()
    } else if name.ends_with(".zst") {
        zstd::decode_all(&packed[..]).expect("a recorded file is whole")
    } else {
        packed
    };
    let version = (1..=3).find(|version| name.contains(&format!(".v{version}.")));
    let fragment = name.contains(".frag").then_some(version);
    Stream { name, bytes, fragment }
}

/// What a Zstandard frame holds that need not say where it ends: those of DBZ do not.
fn unended(packed: &[u8]) -> Vec<u8> {
    let mut unpacked = Vec::new();
    let mut decoder = zstd::Decoder::new(packed).expect("a frame");
    let error = decoder.read_to_end(&mut unpacked).err();
    assert!(error.is_none_or(|error| error.kind() == std::io::ErrorKind::UnexpectedEof));
    unpacked
}

/// A recorded file's stream, by its place below `dbn/`; `None` where there is no recorded data.
pub(crate) fn recorded(file: &str) -> Option<Stream> {
    Some(stream(&testkit::data::recorded(&format!("dbn/{file}"))?))
}

/// The streams of a folder.
pub(crate) fn streams(folder: &str) -> Option<Vec<Stream>> {
    let folder = testkit::data::recorded(folder)?;
    let entries = std::fs::read_dir(folder).expect("a folder");
    let mut files: Vec<PathBuf> =
        entries.map(|entry| entry.expect("an entry").path()).filter(|path| path.is_file()).collect();
    files.sort();
    Some(files.iter().map(|path| stream(path)).collect())
}

impl Stream {
    /// Our decoder for it.
    pub(crate) fn decoder(&self) -> Decoder {
        match self.fragment {
            Some(version) => Decoder::fragment(version),
            None => Decoder::new(),
        }
    }

    /// Everything our decoder makes of it, fed in pieces.
    pub(crate) fn feed(&self, piece: usize, directory: &mut Directory) -> (Decoder, Output) {
        let (mut decoder, mut out) = (self.decoder(), Output::default());
        let (mut start, mut end) = (0, 0);
        while end < self.bytes.len() {
            end = self.bytes.len().min(end + piece);
            start += decoder.decode(&self.bytes[start..end], directory, &mut out);
        }
        decoder.finish(&self.bytes[start..], directory, &mut out);
        (decoder, out)
    }

    /// Everything a survey makes of it.
    pub(crate) fn decode(&self) -> (Decoder, Directory, Output) {
        let mut directory = Directory::survey();
        let (decoder, out) = self.feed(1 << 40, &mut directory);
        (decoder, directory, out)
    }

    /// The version a fragment is of where its name does not say: those recorded without are of the oldest whose
    /// records are as long as its own.
    pub(crate) fn version(&self) -> u8 {
        match self.fragment {
            None => self.bytes[3],
            Some(Some(version)) => version,
            Some(None) => match usize::from(self.bytes[0]) * 4 {
                360 => 1,
                400 => 2,
                520 => 3,
                other => panic!("{}: records of {other} bytes", self.name),
            },
        }
    }

    /// The vendor's reader: tells each record, upgraded or not.
    pub(crate) fn each_of_theirs(&self, policy: VersionUpgradePolicy, mut tell: impl FnMut(RecordRef<'_>)) {
        const WHY: &str = "the vendor reads its own files";
        if self.fragment.is_some() {
            let mut theirs =
                DbnRecordDecoder::with_version(&self.bytes[..], self.version(), policy, false).expect(WHY);
            while let Some(record) = theirs.decode_record_ref().expect(WHY) {
                tell(record);
            }
        } else {
            let mut theirs = Theirs::with_upgrade_policy(&self.bytes[..], policy).expect(WHY);
            while let Some(record) = theirs.decode_record_ref().expect(WHY) {
                tell(record);
            }
        }
    }
}
