//! A run's state at one place of its journal, as a file: what a restart begins with.
//!
//! ```text
//!  0            8         12              16           24        28
//!  ├ "QUOINSNP" ┼ version ┼ state version ┼ body bytes ┼ 0 u32 ──┤ body … │ BLAKE3 of all before [32]
//! ```
//!
//! The body is postcard's form of [`Snapshot`]. It says which journal it is of (the hash of its configuration), where in
//! it (records, the last input, a checksum over every record before), which timers were set, and what the state's hash
//! is. All of that is compared before it is believed; a journal that does not reach so far makes it useless, too.
//!
//! Never holds what the journal does not: losing every snapshot costs time, not state.

mod edge;
mod files;
mod store;
mod taking;

pub use edge::Edge;
pub use files::{Disk, Folder};
pub use store::{Cadence, FOLDER_NAME, Kept, Store};
pub use taking::{Taking, TakingError};

use engine::state::{self, STATE_VERSION};
use engine::{Engine, StateError, StateHash};
use serde::{Deserialize, Serialize};
use std::fmt;
use types::{Nanos, Seq};

/// How the file starts.
pub const MAGIC: [u8; 8] = *b"QUOINSNP";
/// The version of the file's form that this code writes and reads.
pub const VERSION: u32 = 1;
const HEADER_BYTES: usize = 28;
const HASH_BYTES: usize = 32;

/// Where in a journal something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// Records before it: inputs and commands.
    pub records: u64,
    /// The last input before it.
    pub seq: Seq,
    /// That input's time.
    pub at: Nanos,
    /// CRC-32C over all those records.
    pub trail: u32,
}

/// A run's state at one place of its journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    /// BLAKE3 of the journal's configuration.
    pub config: [u8; 32],
    /// Where.
    pub place: Place,
    /// Timers that are set, in the order in which they are due.
    pub timers: Vec<(Nanos, u16, u32)>,
    /// What the state's bytes hash to.
    pub hash: StateHash,
    /// The state: see [`engine::state`].
    pub state: Vec<u8>,
}

/// Why a file is not a snapshot that can be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refused {
    /// It does not start as one, or is too short to be one.
    NotASnapshot,
    /// It was written by a later program.
    Newer {
        /// What of it.
        what: &'static str,
        /// Its version.
        found: u32,
        /// Ours.
        known: u32,
    },
    /// It was written by an earlier program, whose state had another form.
    Older {
        /// What of it.
        what: &'static str,
        /// Its version.
        found: u32,
        /// Ours.
        known: u32,
    },
    /// It is not as it was written.
    Damaged(&'static str),
    /// It is of another run.
    OtherRun,
    /// The journal is another one than it was taken beside, up to its place.
    OtherJournal,
    /// The journal ends before its place.
    Ahead {
        /// Its records.
        records: u64,
        /// The journal's.
        journal: u64,
    },
    /// The state in it does not fit.
    State(StateError),
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotASnapshot => f.write_str("it does not start as a snapshot does"),
            Self::Newer { what, found, known } => write!(
                f,
                "its {what} has version {found}, and this program knows {known}: a newer Quoin wrote it, use that one"
            ),
            Self::Older { what, found, known } => {
                write!(
                    f,
                    "its {what} has version {found}, and this program writes {known}: the journal is replayed instead"
                )
            }
            Self::Damaged(how) => write!(f, "it is damaged: {how}"),
            Self::OtherRun => f.write_str("it is of a run with another configuration"),
            Self::OtherJournal => {
                f.write_str("the journal's records up to its place are not those it was taken behind")
            }
            Self::Ahead { records, journal } => {
                write!(f, "it was taken behind {records} records, and the journal has {journal}")
            }
            Self::State(error) => write!(f, "{error}"),
        }
    }
}

impl std::error::Error for Refused {}

impl Snapshot {
    /// Of an engine that has just answered the last input of `edge`.
    ///
    /// # Errors
    /// When a strategy cannot write its state down.
    pub fn take(config: [u8; 32], edge: &Edge, engine: &Engine) -> Result<Self, StateError> {
        let mut state = Vec::new();
        engine.save(&mut state)?;
        let hash = StateHash::of(&state);
        Ok(Self { config, place: edge.place(), timers: edge.timers(), hash, state })
    }

    /// The file.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.state.len() + 1_024);
        bytes.extend_from_slice(&MAGIC);
        bytes.extend_from_slice(&VERSION.to_le_bytes());
        bytes.extend_from_slice(&STATE_VERSION.to_le_bytes());
        bytes.extend_from_slice(&[0; HEADER_BYTES - 16]);
        state::write(self, &mut bytes);
        let body = (bytes.len() - HEADER_BYTES) as u64;
        bytes[16..24].copy_from_slice(&body.to_le_bytes());
        let hash = *blake3::hash(&bytes).as_bytes();
        bytes.extend_from_slice(&hash);
        bytes
    }

    /// Reads the file.
    ///
    /// # Errors
    /// When it is not whole, or not of this version.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Refused> {
        if bytes.len() < HEADER_BYTES + HASH_BYTES || bytes[..8] != MAGIC {
            return Err(Refused::NotASnapshot);
        }
        // The versions first: what follows may have another form.
        let number =
            |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes were sliced"));
        for (what, found, known) in [("form", number(8), VERSION), ("state", number(12), STATE_VERSION)] {
            if found > known {
                return Err(Refused::Newer { what, found, known });
            }
            if found < known {
                return Err(Refused::Older { what, found, known });
            }
        }
        let (written, hash) = bytes.split_at(bytes.len() - HASH_BYTES);
        if blake3::hash(written).as_bytes() != hash {
            return Err(Refused::Damaged("its checksum is wrong"));
        }
        let length = u64::from_le_bytes(bytes[16..24].try_into().expect("eight bytes were sliced"));
        if length != (written.len() - HEADER_BYTES) as u64 {
            return Err(Refused::Damaged("its length is not what its header says"));
        }
        let snapshot: Self = state::read(&written[HEADER_BYTES..]).map_err(Refused::State)?;
        if StateHash::of(&snapshot.state) != snapshot.hash {
            return Err(Refused::Damaged("its state's hash is wrong"));
        }
        Ok(snapshot)
    }
}
