//! What the tests of this crate share: a folder that goes away, records that differ, journals to damage.

use journal::{Anchor, JournalError, Options, Reader, Signer, Summary, Trust, Writer};
use std::path::{Path, PathBuf};
use types::record::Record;
use types::{
    Command, Event, Input, InstrumentId, LevelAction, LevelDelta, Lots, Nanos, OrderId, Seq, Side, Ticks,
};

/// A folder of this test's own, removed at its end.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new(name: &str) -> Self {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).expect("the target directory can be written");
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    pub(crate) fn file(&self) -> PathBuf {
        self.0.join(journal::layout::FILE_NAME)
    }

    pub(crate) fn segment(&self, number: u32) -> PathBuf {
        match number {
            0 => self.file(),
            _ => self.0.join(format!("journal-{number:06}.qj")),
        }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// The `n`th record of every test's run: each fourth a command that answers the input before it.
pub(crate) fn record(n: u64) -> Record {
    let seq = Seq(n - n / 4 - u64::from(n % 4 == 3));
    let at = Nanos(1_000 * i64::try_from(n).expect("tests are short"));
    if n % 4 == 3 {
        let command = Command::Cancel {
            order: OrderId(u32::try_from(n).expect("tests are short")),
            instrument: InstrumentId(1),
        };
        return Record::Command { seq, at, command };
    }
    let n = i64::try_from(n).expect("tests are short");
    Record::Input(Input {
        seq,
        received_at: at,
        event: Event::Level(LevelDelta {
            venue_at: Nanos(at.0 - 500),
            price: Ticks(n * 7 % 101),
            size: Lots(n),
            orders: 1,
            instrument: InstrumentId(1),
            side: if n % 2 == 0 { Side::Buy } else { Side::Sell },
            action: LevelAction::Set,
            depth: 1,
            flags: types::Flags::LAST,
        }),
    })
}

pub(crate) const CONFIG: &[u8] = b"[run]\nseed = 7\n";

/// Blocks of three records, whatever else the test wants.
pub(crate) fn small() -> Options {
    Options { block_records: 3, blocks: 4, ..Options::default() }
}

/// Writes the first `count` records and the seal.
pub(crate) fn write(folder: &Folder, count: u64, options: Options) -> Summary {
    let mut writer = Writer::create(folder.path(), CONFIG, options).expect("an empty folder");
    (0..count).for_each(|n| writer.append(&record(n)));
    writer.finish().expect("there is room")
}

/// The bytes of a sealed journal of `count` records in blocks of three.
pub(crate) fn sealed_bytes(name: &str, count: u64) -> Vec<u8> {
    let folder = Folder::new(name);
    write(&folder, count, small());
    std::fs::read(folder.file()).expect("just written")
}

/// Everything a reader gives before it ends or refuses, and which it did.
pub(crate) fn read_all(bytes: Vec<u8>) -> (Vec<Record>, Result<journal::Ending, JournalError>) {
    match Reader::from_bytes(bytes) {
        Ok(reader) => drain(reader),
        Err(error) => (Vec::new(), Err(error)),
    }
}

pub(crate) fn drain(mut reader: Reader) -> (Vec<Record>, Result<journal::Ending, JournalError>) {
    let (mut all, mut block) = (Vec::new(), Vec::new());
    loop {
        match reader.next_block(&mut block) {
            Ok(true) => all.extend_from_slice(&block),
            Ok(false) => return (all, Ok(reader.ending())),
            Err(error) => {
                assert!(block.is_empty(), "records of a block that was refused");
                return (all, Err(error));
            }
        }
    }
}

/// Panics unless `records` is how the run starts.
pub(crate) fn assert_prefix(records: &[Record], context: &str) {
    for (n, found) in (0..).zip(records) {
        assert_eq!(*found, record(n), "{context}: record {n}");
    }
}

/// Where each block starts, and where the file ends: found by the layout, independently of the reader.
pub(crate) fn block_starts(bytes: &[u8]) -> Vec<usize> {
    let mut starts = vec![24];
    let mut at = 24;
    while at < bytes.len() {
        let length: [u8; 4] = bytes[at + 28..at + 32].try_into().expect("four bytes");
        at += 104 + u32::from_le_bytes(length) as usize;
        starts.push(at);
    }
    starts
}

/// The key of every test that signs.
pub(crate) fn signer() -> Signer {
    Signer::from_seed([7; 32])
}

/// Blocks of three, a checkpoint after each second block, a new file after two or three of them.
pub(crate) fn signed() -> Options {
    Options { signer: Some(signer()), checkpoint_records: 6, segment_bytes: 1_500, ..small() }
}

/// The journal's files in a folder, the first of them first.
pub(crate) fn segments(folder: &Folder) -> Vec<Vec<u8>> {
    (0..).map_while(|number| std::fs::read(folder.segment(number)).ok()).collect()
}

/// What a signed journal of several files is, with its anchor: in memory, made once.
pub(crate) fn signed_segments(name: &str, count: u64) -> (Vec<Vec<u8>>, Trust) {
    let folder = Folder::new(name);
    let anchor = folder.path().join("anchor");
    let options = Options { anchor: Some(anchor.clone()), ..signed() };
    write(&folder, count, options);
    let anchor = Anchor::read(&anchor).expect("just written");
    (segments(&folder), Trust { key: Some(signer().public()), anchor: Some(anchor) })
}
