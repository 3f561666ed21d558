//! A signed statement: so many records, this hash, this key. Who has not the key can make no other.
//!
//! ```text
//!  0       32      40        48         56         64        72     104    112   144         208
//!  ├ chain ┼ block ┼ records ┼ commands ┼ last seq ┼ last at ┼ head ┼ last ┼ key ┼ signature ┤
//! ```
//!
//! *chain* is the hash of block 0, and so of the configuration; *block* the checkpoint's own index; *head* the hash
//! of the block before it; *last seq* and *last at* are those of the last record. *last* is 1 when the seal follows: then
//! a journal that was cut at a checkpoint and sealed by somebody else does not look like one that ended.
//! Signed are 32 bytes of a fixed text and bytes 0..144, so that no signature made for another purpose fits.

use crate::key::SIGNATURE_BYTES;
use crate::layout::{hash_at, u64_at};
use crate::{Hash, PublicKey, Signer};
use types::{Nanos, Seq};

/// The length of a checkpoint's payload.
pub(crate) const CHECKPOINT_BYTES: usize = SIGNED_BYTES + SIGNATURE_BYTES;
const SIGNED_BYTES: usize = 144;
const PURPOSE: &[u8; 32] = b"quoin journal checkpoint, form 2";

/// What its key's owner said of a journal up to a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// Which run: the hash of its first block.
    pub chain: Hash,
    /// The checkpoint's own place among the blocks.
    pub block: u64,
    /// Inputs and commands before it.
    pub records: u64,
    /// Commands alone.
    pub commands: u64,
    /// The last record's number.
    pub last_seq: Seq,
    /// The last record's time; the records' own, for nobody here has a clock.
    pub last_at: Nanos,
    /// The hash of the block before it: of everything so far.
    pub head: Hash,
    /// Whether the run ended here: the seal follows.
    pub last: bool,
    /// Whose word it is.
    pub key: PublicKey,
}

/// A checkpoint and its signature; not yet believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Signed {
    pub(crate) checkpoint: Checkpoint,
    pub(crate) signature: [u8; SIGNATURE_BYTES],
}

impl Checkpoint {
    fn message(&self) -> [u8; PURPOSE.len() + SIGNED_BYTES] {
        let mut bytes = [0; PURPOSE.len() + SIGNED_BYTES];
        let (purpose, said) = bytes.split_at_mut(PURPOSE.len());
        purpose.copy_from_slice(PURPOSE);
        said[0..32].copy_from_slice(&self.chain.0);
        said[32..40].copy_from_slice(&self.block.to_le_bytes());
        said[40..48].copy_from_slice(&self.records.to_le_bytes());
        said[48..56].copy_from_slice(&self.commands.to_le_bytes());
        said[56..64].copy_from_slice(&self.last_seq.0.to_le_bytes());
        said[64..72].copy_from_slice(&self.last_at.0.to_le_bytes());
        said[72..104].copy_from_slice(&self.head.0);
        said[104..112].copy_from_slice(&u64::from(self.last).to_le_bytes());
        said[112..144].copy_from_slice(&self.key.0);
        bytes
    }

    pub(crate) fn sign(self, signer: &Signer) -> Signed {
        let checkpoint = Self { key: signer.public(), ..self };
        Signed { checkpoint, signature: signer.sign(&checkpoint.message()) }
    }
}

impl Signed {
    pub(crate) fn to_bytes(self) -> [u8; CHECKPOINT_BYTES] {
        let mut bytes = [0; CHECKPOINT_BYTES];
        bytes[..SIGNED_BYTES].copy_from_slice(&self.checkpoint.message()[PURPOSE.len()..]);
        bytes[SIGNED_BYTES..].copy_from_slice(&self.signature);
        bytes
    }

    /// `None` for bytes that no checkpoint has.
    pub(crate) fn from_bytes(bytes: &[u8; CHECKPOINT_BYTES]) -> Option<Self> {
        let signed = Self {
            checkpoint: Checkpoint {
                chain: hash_at(bytes, 0),
                block: u64_at(bytes, 32),
                records: u64_at(bytes, 40),
                commands: u64_at(bytes, 48),
                last_seq: Seq(u64_at(bytes, 56)),
                last_at: Nanos(u64_at(bytes, 64).cast_signed()),
                head: hash_at(bytes, 72),
                last: u64_at(bytes, 104) == 1,
                key: PublicKey(hash_at(bytes, 112).0),
            },
            signature: *bytes.last_chunk().expect("it is longer than a signature"),
        };
        // Each checkpoint has one form.
        (signed.to_bytes() == *bytes).then_some(signed)
    }

    /// Whether the key that it names signed it.
    pub(crate) fn holds(&self) -> bool {
        self.checkpoint.key.signed(&self.checkpoint.message(), &self.signature)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_bit_of_a_checkpoint_is_under_its_signature() {
        let said = Checkpoint {
            chain: Hash([1; 32]),
            block: 7,
            records: 20,
            commands: 5,
            last_seq: Seq(14),
            last_at: Nanos(-3),
            head: Hash([2; 32]),
            last: true,
            key: PublicKey([0; 32]),
        };
        let signer = Signer::from_seed([9; 32]);
        let bytes = said.sign(&signer).to_bytes();
        let read = Signed::from_bytes(&bytes).expect("its own form");
        assert_eq!(read.checkpoint, Checkpoint { key: signer.public(), ..said });
        assert!(read.holds());
        for bit in 0..CHECKPOINT_BYTES * 8 {
            let mut other = bytes;
            other[bit / 8] ^= 1 << (bit % 8);
            assert!(Signed::from_bytes(&other).is_none_or(|read| !read.holds()), "bit {bit}");
        }
    }
}
