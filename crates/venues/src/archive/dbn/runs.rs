//! Records in place, a run at a time: neighbours of one type and length, so that whoever reads them decides once
//! for all of them what they are.
//!
//! Never copies, never guesses: it stops where a record says that it has no length, or where the bytes end inside one.
//!
//! Cost: the next record's place hangs on this one's first byte, a load every six cycles or so. In a run the length
//! is foretold, so that the processor reads ahead; the compare with the foretold is never mispredicted but at the end.

use super::fields::View;

/// Records in a run at most: they stay in the first-level cache while they are looked at twice.
const RUN_MAX: usize = 256;

/// Neighbouring records of one type and length.
#[derive(Clone, Copy, Debug)]
pub struct Run<'a> {
    /// Their type.
    pub rtype: u8,
    /// How long each is.
    pub length: usize,
    /// All of them.
    pub bytes: &'a [u8],
}

impl<'a> Run<'a> {
    /// The run at the start of `bytes`; `None` when there is no whole record or its length is zero.
    #[inline]
    #[must_use]
    pub fn first(bytes: &'a [u8]) -> Option<Self> {
        let &head = bytes.first_chunk::<2>()?;
        let length = usize::from(head[0]) * 4;
        // A length of one word ends inside the header, but goes on: whoever reads it sees that it is too short.
        if length == 0 {
            return None;
        }
        let same = |record: &&[u8]| record.starts_with(&head);
        let count = bytes.chunks_exact(length).take(RUN_MAX).take_while(same).count();
        let bytes = &bytes[..count * length];
        (count > 0).then_some(Self { rtype: head[1], length, bytes })
    }

    /// The records.
    #[inline]
    pub fn records(&self) -> std::slice::ChunksExact<'a, u8> {
        self.bytes.chunks_exact(self.length)
    }

    /// The records as a type's. Ask for the type that [`Run::rtype`] says: what is too short for it is left out.
    #[inline]
    pub fn views<V: View<'a>>(&self) -> impl Iterator<Item = V> + use<'a, V> {
        self.bytes.chunks_exact(self.length).filter_map(V::of)
    }
}

/// The runs of a buffer.
#[derive(Clone, Copy, Debug)]
pub struct Runs<'a> {
    rest: &'a [u8],
}

impl<'a> Runs<'a> {
    /// The runs of `bytes`, which begin with a record: not with metadata.
    #[must_use]
    pub const fn of(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// What was not read yet. After the last run: part of a record, or one without a length.
    #[must_use]
    pub const fn rest(&self) -> &'a [u8] {
        self.rest
    }
}

impl<'a> Iterator for Runs<'a> {
    type Item = Run<'a>;

    #[inline]
    fn next(&mut self) -> Option<Run<'a>> {
        let run = Run::first(self.rest)?;
        self.rest = &self.rest[run.bytes.len()..];
        Some(run)
    }
}

#[cfg(test)]
mod tests {
    use super::super::records::{Mbo, Ohlcv};
    use super::*;

    fn record(words: u8, rtype: u8) -> Vec<u8> {
        let mut record = vec![0; usize::from(words) * 4];
        record[..2].copy_from_slice(&[words, rtype]);
        record
    }

    fn runs(bytes: &[u8]) -> (Vec<(u8, usize, usize)>, usize) {
        let mut runs = Runs::of(bytes);
        let seen = runs.by_ref().map(|run| (run.rtype, run.length, run.records().count())).collect();
        (seen, runs.rest().len())
    }

    #[test]
    fn a_run_ends_where_type_or_length_do_or_the_bytes() {
        let bytes = [record(14, 0xa0), record(14, 0xa0), record(14, 0x21), record(16, 0x21), vec![14, 0xa0]];
        assert_eq!(runs(&bytes.concat()), (vec![(0xa0, 56, 2), (0x21, 56, 1), (0x21, 64, 1)], 2));
        assert_eq!(runs(&[]), (vec![], 0));
        assert_eq!(runs(&[0, 1, 2, 3]), (vec![], 4));
        let many = record(14, 0xa0).repeat(2 * RUN_MAX + 1);
        assert_eq!(runs(&many), (vec![(0xa0, 56, RUN_MAX), (0xa0, 56, RUN_MAX), (0xa0, 56, 1)], 0));
    }

    #[test]
    fn what_is_too_short_for_its_type_is_no_record_of_it() {
        let bytes = [record(14, 0xa0), record(14, 0xa0)].concat();
        let run = Run::first(&bytes).expect("two whole records");
        assert_eq!(run.views::<Mbo<'_>>().count(), 2);
        assert_eq!(run.views::<Ohlcv<'_>>().count(), 2);
        let short = record(13, 0xa0).repeat(5);
        let run = Run::first(&short).expect("five whole records");
        assert_eq!(run.records().count(), 5);
        assert_eq!(run.views::<Mbo<'_>>().count(), 0);
    }
}
