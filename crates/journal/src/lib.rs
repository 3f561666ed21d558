//! The hash-chained log of a run: its configuration, every input, and the commands that answered them, in order.
//!
//! Owns the file `journal.qj`: how it is laid out ([`layout`]), written ([`Writer`]), read ([`Reader`]), checked
//! ([`verify_chain`]) and mended after a kill ([`recover`](fn@recover)). Never interprets the configuration, never reads a
//! clock, and never changes a byte it has once written: the same run writes the same file.
//!
//! Two different enemies, two different guards:
//!
//! | enemy | what it leaves | guard | answer |
//! |---|---|---|---|
//! | a kill, a full disk, a power cut | a last block that is incomplete | CRC-32C of header and payload | [`Ending::Cut`]: what stands before it counts |
//! | a bad disk, a bad copy | a broken block with whole ones behind it | CRC-32C | [`JournalError::Corrupt`] |
//! | a person with an editor | blocks that are whole and wrong | the BLAKE3 chain | [`JournalError::Tampered`] |
//!
//! What a file alone cannot show: that whole blocks were taken off its end together with the seal (it looks as
//! a kill at that moment would have left it: `Cut`), or that everything from some block on was written anew with
//! matching hashes. Against both, keep [`Summary::head`] somewhere the writer of the file cannot reach.
//! A power cut may also persist later pages of a file before earlier ones; unless every block was flushed
//! ([`Sync::EachBlock`]) that shows as `Corrupt`, and a person decides, not this crate.

mod error;
mod hash;
mod inline;
pub mod layout;
mod lock;
mod reader;
mod recover;
mod scribe;
mod writer;

pub use error::JournalError;
pub use hash::Hash;
pub use inline::Inline;
pub use reader::{Ending, Reader};
pub use recover::{Recovered, Verified, recover, verify_chain};
pub use scribe::Sink;
pub use writer::{Options, Sync, Writer};

/// What a journal holds, in numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Summary {
    /// Inputs and commands.
    pub records: u64,
    /// Commands alone.
    pub commands: u64,
    /// The length of the file up to its last whole block.
    pub bytes: u64,
    /// The hash of the last whole block. It covers every byte before it: two journals with one head are one.
    pub head: Hash,
}
