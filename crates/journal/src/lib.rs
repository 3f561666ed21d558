//! The hash-chained log of a run: its configuration, every input, and the commands that answered them, in order.
//!
//! Owns the file `journal.qj` and, of a long run, those behind it: how they are laid out ([`layout`]), written
//! ([`Writer`]), signed ([`Signer`]), read ([`Reader`]), checked ([`verify_with`]) and mended after a kill
//! ([`recover`](fn@recover)). Never interprets the configuration, never reads a clock, and never changes a byte it has
//! once written: the same run under the same key writes the same files.
//!
//! Five enemies, five guards:
//!
//! | enemy | what it leaves | guard | answer |
//! |---|---|---|---|
//! | a kill, a full disk, a power cut | a last block that is incomplete | CRC-32C of header and payload | [`Ending::Cut`]: what stands before it counts |
//! | a bad disk, a bad copy | a broken block with whole ones behind it | CRC-32C | [`JournalError::Corrupt`] |
//! | a person with an editor | blocks that are whole and wrong | the BLAKE3 chain | [`JournalError::Tampered`] |
//! | a person with this program | a chain made anew | signed checkpoints | [`JournalError::Unsigned`], [`Untrusted`](JournalError::Untrusted), [`Tampered`](JournalError::Tampered) |
//! | a person with an old backup | a journal that was right once | an [`Anchor`] kept elsewhere | [`JournalError::RolledBack`], [`Forked`](JournalError::Forked) |
//!
//! What no file shows, and no signature in it: that whole blocks were taken off its end together with the seal (it looks
//! as a kill at that moment would have left it: `Cut`), or that records behind the last checkpoint of a cut journal are not
//! what they were. [`Coverage`] says how far a signature reaches, an anchor that nothing before it is gone.
//! A power cut may also persist later pages of a file before earlier ones; unless every block was flushed
//! ([`Durability::Synced`]) that shows as `Corrupt`, and a person decides, not this crate.

mod anchor;
mod checkpoint;
mod disk;
mod error;
mod hash;
mod inline;
mod key;
pub mod layout;
mod lock;
mod reader;
mod recover;
mod scribe;
mod segment;
mod space;
mod trust;
mod writer;

pub use anchor::Anchor;
pub use checkpoint::Checkpoint;
pub use disk::{Disk, Sink};
pub use error::JournalError;
pub use hash::Hash;
pub use inline::Inline;
pub use key::{PublicKey, Signer};
pub use reader::{Ending, Reader};
pub use recover::{Recovered, Verified, recover, verify_chain, verify_segments, verify_with};
pub use space::{Space, SpaceLevel};
pub use trust::{Coverage, Trust};
pub use writer::{Durability, Options, Writer};

/// What a journal holds, in numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Summary {
    /// Inputs and commands.
    pub records: u64,
    /// Commands alone.
    pub commands: u64,
    /// The length of the journal up to its last whole block, through all its files.
    pub bytes: u64,
    /// The hash of the last whole block. It covers every byte before it: two journals with one head are one.
    pub head: Hash,
}
