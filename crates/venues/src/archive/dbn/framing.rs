//! Where a record ends and the next begins, and who reads it.
//!
//! A record says how long it is, and so does its type; where the two disagree, what follows decides. Never reads a
//! field behind the header.

use super::Decoder;
use super::layout::{self, rtype};
use super::tally::Note;
use crate::{Directory, Output};

impl Decoder {
    /// Reads one record, or a run of orders; answers how many bytes that took.
    #[inline]
    pub(super) fn records(
        &mut self,
        bytes: &[u8],
        end: bool,
        directory: &mut Directory,
        out: &mut Output,
    ) -> usize {
        let &[words, kind, ..] = bytes else { return 0 };
        let length = usize::from(words) * 4;
        let due = self.versions.due(kind).map(|due| due + self.extra);
        if due != Some(length) || (self.versions.are_open() && !layout::is_same_in_all(kind)) {
            return self.record(bytes, end, directory, out);
        }
        if kind == rtype::MBO {
            return self.orders(bytes, directory, out);
        }
        let Some(record) = bytes.get(..length) else {
            return 0;
        };
        self.read(kind, record, directory, out);
        length
    }

    /// Reads one record that may be of any length, in any version the stream may be of.
    fn record(&mut self, bytes: &[u8], end: bool, directory: &mut Directory, out: &mut Output) -> usize {
        let &[words, kind, ..] = bytes else { return 0 };
        let length = usize::from(words) * 4;
        if length == 0 {
            self.lose("record length 0; nothing after this can be read".into());
            self.gap(0, None, out);
            return 1;
        }
        if !layout::is_known(kind) {
            if bytes.len() < length {
                return 0;
            }
            self.tally.note(Note::Unknown);
            return length;
        }
        let fitting = length.checked_sub(self.extra).and_then(|body| self.versions.fitting(kind, body));
        let Some(versions) = fitting else {
            return self.odd_length(bytes, kind, end, directory, out);
        };
        let Some(record) = bytes.get(..length) else {
            return 0;
        };
        // A fragment's records tell its version little by little.
        self.versions = versions;
        self.read(kind, record, directory, out);
        length
    }

    /// Reads a record that is as long as its layout, or longer.
    #[inline]
    fn read(&mut self, kind: u8, record: &[u8], directory: &mut Directory, out: &mut Output) {
        self.tally.record(kind);
        let version = self.versions.oldest();
        match kind {
            rtype::MBO => self.order(record, directory, out),
            rtype::MBP_1
            | rtype::MBP_10
            | rtype::CMBP_1
            | rtype::TCBBO
            | rtype::BBO_1S
            | rtype::BBO_1M
            | rtype::CBBO_1S
            | rtype::CBBO_1M => self.quote(kind, record, directory, out),
            rtype::TRADE => self.lone_trade(record, directory, out),
            rtype::STATUS => self.status(record, directory, out),
            rtype::DEFINITION => self.definition(version, record, directory),
            rtype::SYMBOL_MAPPING => self.symbol_mapping(version, record),
            rtype::STATISTICS => self.statistic(version, record, directory, out),
            rtype::IMBALANCE => self.imbalance(record, directory, out),
            rtype::SYSTEM => self.system(version, record),
            rtype::ERROR => self.error(version, record, out),
            // Bars of every span; whatever else there is was counted as unknown.
            _ => self.bar(kind, record, directory, out),
        }
    }

    /// A record whose length is not its type's. One of the two is damaged, unless a later minor version made
    /// the record longer; what follows tells which.
    fn odd_length(
        &mut self,
        bytes: &[u8],
        kind: u8,
        end: bool,
        directory: &mut Directory,
        out: &mut Output,
    ) -> usize {
        let due = self.versions.due(kind).unwrap_or_default() + self.extra;
        let stated = usize::from(bytes[0]) * 4;
        let (Some(by_stated), Some(by_due)) = (self.leads(bytes, stated, end), self.leads(bytes, due, end))
        else {
            return 0;
        };
        if by_stated && stated > due {
            self.read(kind, &bytes[..stated], directory, out);
            return stated;
        }
        let skipped = if by_due && !by_stated { due } else { stated };
        if bytes.len() < skipped {
            return 0;
        }
        let instrument = self.named_in(bytes);
        let name = layout::name(kind);
        self.damage(skipped, instrument, format!("{name} record of {stated} bytes, {due} are due"), out);
        skipped
    }

    /// Whether a record of a length that fits its type begins at `at`; `None` when more bytes must tell.
    fn leads(&self, bytes: &[u8], at: usize, end: bool) -> Option<bool> {
        match bytes.get(at..) {
            Some(&[words, kind, ..]) => {
                let body = (usize::from(words) * 4).checked_sub(self.extra);
                Some(body.is_some_and(|body| self.versions.fitting(kind, body).is_some()))
            }
            Some([]) if end => Some(true),
            _ if end => Some(false),
            _ => None,
        }
    }
}
