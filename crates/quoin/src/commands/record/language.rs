//! What a packet's numbers are, and in which language: MDP 3.0 unless the packets say that they are MoldUDP64.
//!
//! Never reads behind a header, once a line's language is known.

use venues::{cme, nasdaq::mold};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Language {
    /// CME MDP 3.0, and whatever is no MoldUDP64: its decoder counts what it cannot read.
    Mdp,
    /// NASDAQ ITCH in MoldUDP64.
    Mold,
}

impl Language {
    /// By a packet of the line; `known` is what an earlier one said.
    #[inline]
    pub(crate) fn of(payload: &[u8], known: &mut Option<Self>) -> Self {
        *known.get_or_insert_with(|| if mold::carries_itch(payload) { Self::Mold } else { Self::Mdp })
    }
}

/// A packet's place: in which numbering, and the number of the last thing in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) numbering: Key,
    pub(crate) last: u64,
}

/// A numbering. Copies on two lines have the same one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Key {
    /// A feed of CME's.
    Feed(usize),
    /// A session of MoldUDP64, whichever line it comes on.
    Session([u8; 10]),
}

impl Place {
    /// The place of a packet; `None` where its header is cut.
    #[inline]
    pub(crate) fn of(payload: &[u8], language: Language, feed: usize) -> Option<Self> {
        match language {
            Language::Mdp => {
                let last = u64::from(cme::Header::read(payload)?.sequence);
                Some(Self { numbering: Key::Feed(feed), last })
            }
            Language::Mold => {
                let header = mold::Header::read(payload)?;
                let count = if header.count == mold::END_OF_SESSION { 0 } else { header.count };
                let last = header.sequence.wrapping_add(u64::from(count)).wrapping_sub(1);
                Some(Self { numbering: Key::Session(header.session), last })
            }
        }
    }
}
