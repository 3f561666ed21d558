//! What one knows of a journal from elsewhere, and how far its signatures reach.

use crate::anchor::Anchor;
use crate::checkpoint::{CHECKPOINT_BYTES, Signed};
use crate::{Hash, JournalError, PublicKey};
use types::Seq;

/// What a journal is held against besides itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Trust {
    /// Whose every checkpoint must be, and at least one.
    pub key: Option<PublicKey>,
    /// What it must have, and not less.
    pub anchor: Option<Anchor>,
}

/// How much of a journal is under a signature.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    /// How many times it was signed.
    pub checkpoints: u64,
    /// Inputs and commands before the last checkpoint: who has not the key can change none of them unseen.
    pub records: u64,
    /// Blocks up to the last checkpoint, itself among them.
    pub blocks: u64,
    /// The number of the last record covered.
    pub last_seq: Option<Seq>,
    /// Who signed.
    pub key: Option<PublicKey>,
    /// Whether all of it is covered: the last checkpoint says that the run ended there, and the seal stands behind it.
    pub to_the_seal: bool,
}

/// Judges checkpoints as they are read.
pub(crate) struct Judge {
    pub(crate) trust: Trust,
    pub(crate) coverage: Coverage,
    /// Whether the last block was a checkpoint that says the seal follows.
    pub(crate) seal_due: bool,
    /// Whether the anchor's checkpoint was seen in its place.
    anchored: bool,
}

/// Why a checkpoint is not believed.
pub(crate) enum Verdict {
    /// Whoever wrote it had no key, or it stands elsewhere than it should.
    Tampered(&'static str),
    Other(JournalError),
}

impl Judge {
    pub(crate) fn new(trust: Trust) -> Self {
        Self { trust, coverage: Coverage::default(), seal_due: false, anchored: false }
    }

    /// `due` is what a checkpoint here has to say, but for its key and whether it is the last.
    pub(crate) fn on_checkpoint(
        &mut self,
        payload: &[u8; CHECKPOINT_BYTES],
        due: &crate::Checkpoint,
    ) -> Result<(), Verdict> {
        let tampered = |what| Err(Verdict::Tampered(what));
        let Some(signed) = Signed::from_bytes(payload) else {
            return tampered("what is signed is no checkpoint");
        };
        let said = signed.checkpoint;
        if said != (crate::Checkpoint { key: said.key, last: said.last, ..*due }) {
            return tampered("the checkpoint is of another place or journal");
        }
        if !signed.holds() {
            return tampered("the checkpoint's signature does not hold");
        }
        if self.coverage.key.is_some_and(|key| key != said.key) {
            return tampered("two keys have signed");
        }
        if let Some(trusted) = self.trust.key.filter(|key| *key != said.key) {
            return Err(Verdict::Other(JournalError::Untrusted {
                block: said.block,
                found: said.key,
                trusted,
            }));
        }
        self.coverage = Coverage {
            checkpoints: self.coverage.checkpoints + 1,
            records: said.records,
            blocks: said.block + 1,
            last_seq: (said.records > 0).then_some(said.last_seq),
            key: Some(said.key),
            to_the_seal: false,
        };
        self.seal_due = said.last;
        Ok(())
    }

    /// A block is believed. `payload` is what it holds.
    pub(crate) fn on_block(&mut self, index: u64, checkpoint: Option<&[u8]>) -> Result<(), JournalError> {
        let Some(anchor) = self.trust.anchor.filter(|anchor| anchor.checkpoint().block == index) else {
            return Ok(());
        };
        if checkpoint != Some(&anchor.0.to_bytes()[..]) {
            return Err(JournalError::Forked { block: index });
        }
        self.anchored = true;
        Ok(())
    }

    /// The journal's first block was read: the anchor's journal began so too.
    pub(crate) fn on_chain(&self, chain: Hash) -> Result<(), JournalError> {
        match self.trust.anchor {
            Some(anchor) if anchor.checkpoint().chain != chain => Err(JournalError::Forked { block: 0 }),
            Some(_) | None => Ok(()),
        }
    }

    pub(crate) fn on_seal(&mut self) -> Result<(), Verdict> {
        if self.coverage.checkpoints > 0 && !self.seal_due {
            return Err(Verdict::Tampered("the seal stands where its signer had not ended"));
        }
        self.coverage.to_the_seal = self.seal_due;
        Ok(())
    }

    /// There is no more. `from` is the first block that was looked at, in a journal whose first files were put away.
    pub(crate) fn on_end(&self, records: u64, sealed: bool, from: u64) -> Result<(), JournalError> {
        if let (Some(key), 0) = (self.trust.key, self.coverage.checkpoints) {
            return Err(JournalError::Unsigned { key });
        }
        if let Some(anchor) = self.trust.anchor {
            let said = anchor.checkpoint();
            let seen = self.anchored || said.block < from;
            if !seen || (said.last && !sealed) {
                return Err(JournalError::RolledBack {
                    anchored: said.records,
                    found: records,
                    sealed: said.last,
                });
            }
        }
        Ok(())
    }
}
