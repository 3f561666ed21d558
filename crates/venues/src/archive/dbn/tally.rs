//! What a stream held, in its own terms: by record type, by order action, and what no event could say.

use super::layout::{self, rtype};

/// The letters of market-by-order actions, and what they are called in the counts.
pub(super) const ACTIONS: [(u8, &str); 7] = [
    (b'A', "A add"),
    (b'C', "C cancel"),
    (b'F', "F fill"),
    (b'M', "M modify"),
    (b'N', "N none"),
    (b'R', "R clear"),
    (b'T', "T trade"),
];

macro_rules! notes {
    ($($(#[$about:meta])* $note:ident = $name:literal,)*) => {
        /// Something met that no event says, or not all of it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(super) enum Note { $($(#[$about])* $note,)* }

        const NOTES: &[&str] = &[$($name,)*];
    };
}

notes! {
    BarWithoutSpan = "bar of unknown length, not read",
    CoarserQuote = "quote beside a finer one, not read",
    Damaged = "damaged record",
    DefinitionDeleted = "definition withdrawn, not read",
    DefinitionOpen = "definition without tick or multiplier",
    DefinitionOption = "definition of an option, strike and expiry not kept",
    DefinitionSpread = "definition of a spread, legs not kept",
    EventImpliedOff = "status: implied matching off",
    EventImpliedOn = "status: implied matching on",
    EventNewSession = "status: change of session",
    EventNoCancel = "status: no cancels",
    OrderAggregated = "mbo price level, not read",
    OrderSideless = "mbo fill without a side, not read",
    ShortSaleRestricted = "status: short sale restricted",
    StatisticEmpty = "statistic without a value, not read",
    StatisticUnknown = "statistic of an unknown type, not read",
    SystemAcknowledged = "system: subscription acknowledged",
    SystemHeartbeat = "system: heartbeat",
    SystemInterval = "system: end of interval",
    SystemOther = "system: other",
    SystemReplayed = "system: replay completed",
    SystemSlowReader = "system: slow reader",
    SystemUnsubscribed = "system: unsubscription acknowledged",
    Unknown = "unknown record",
    Unpaired = "imbalance with an unpaired size, not kept",
}

/// Why the venue says that a status changed (Databento, "Status: Reason").
pub(super) const REASONS: [(u16, &str); 33] = [
    (1, "scheduled"),
    (2, "surveillance intervention"),
    (3, "market event"),
    (4, "instrument activation"),
    (5, "instrument expiration"),
    (6, "recovery in process"),
    (10, "regulatory"),
    (11, "administrative"),
    (12, "non-compliance"),
    (13, "filings not current"),
    (14, "SEC trading suspension"),
    (15, "new issue"),
    (16, "issue available"),
    (17, "issues reviewed"),
    (18, "filing requirements satisfied"),
    (30, "news pending"),
    (31, "news released"),
    (32, "news and resumption times"),
    (33, "news not forthcoming"),
    (40, "order imbalance"),
    (50, "limit up limit down pause"),
    (60, "operational"),
    (70, "additional information requested"),
    (80, "merger effective"),
    (90, "ETF"),
    (100, "corporate action"),
    (110, "new security offering"),
    (120, "market-wide halt, level 1"),
    (121, "market-wide halt, level 2"),
    (122, "market-wide halt, level 3"),
    (123, "market-wide halt, carried over"),
    (124, "market-wide halt, resumption"),
    (130, "quotation not available"),
];

/// How often something was met.
#[derive(Debug)]
pub(super) struct Tally {
    types: [u64; 256],
    /// Market by order, in the order of [`ACTIONS`].
    pub(super) actions: [u64; ACTIONS.len()],
    notes: [u64; NOTES.len()],
    /// In the order of [`REASONS`]; the last for what is not among them.
    reasons: [u64; REASONS.len() + 1],
}

impl Default for Tally {
    fn default() -> Self {
        Self {
            types: [0; 256],
            actions: [0; ACTIONS.len()],
            notes: [0; NOTES.len()],
            reasons: [0; REASONS.len() + 1],
        }
    }
}

impl Tally {
    #[inline]
    pub(super) fn record(&mut self, rtype: u8) {
        self.types[usize::from(rtype)] += 1;
    }

    #[inline]
    pub(super) fn note(&mut self, note: Note) {
        self.notes[note as usize] += 1;
    }

    pub(super) fn note_if(&mut self, is: bool, note: Note) {
        self.notes[note as usize] += u64::from(is);
    }

    /// How many records there were of any kind, read or not.
    pub(super) fn records(&self) -> u64 {
        let orders: u64 = self.actions.iter().sum();
        let others = self.types.iter().sum::<u64>() - self.types[usize::from(rtype::MBO)];
        others + orders + self.notes[Note::Unknown as usize] + self.notes[Note::Damaged as usize]
    }

    /// A status gave a reason; 0 is none.
    pub(super) fn reason(&mut self, code: u16) {
        if code != 0 {
            let row = REASONS.binary_search_by_key(&code, |reason| reason.0);
            self.reasons[row.unwrap_or(REASONS.len())] += 1;
        }
    }

    /// Everything that was met at all, sorted by name.
    pub(super) fn counts(&self) -> Vec<(String, u64)> {
        let types = (0..=u8::MAX)
            .filter(|&kind| kind != rtype::MBO)
            .map(|kind| (layout::name(kind), self.types[usize::from(kind)]));
        let actions = ACTIONS.iter().map(|(_, name)| *name).zip(self.actions);
        let notes = NOTES.iter().copied().zip(self.notes);
        let reasons = REASONS.iter().map(|reason| reason.1).chain(["unknown"]).zip(self.reasons);
        let mut counts: Vec<(String, u64)> = types
            .chain(actions)
            .chain(notes)
            .map(|(name, count)| (name.to_string(), count))
            .chain(reasons.map(|(reason, count)| (format!("status reason: {reason}"), count)))
            .filter(|&(_, count)| count > 0)
            .collect();
        counts.sort();
        counts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_met_is_told_under_its_name_and_nothing_else() {
        let mut tally = Tally::default();
        assert_eq!(tally.counts(), []);
        tally.record(rtype::STATUS);
        tally.actions[6] += 2;
        tally.note(Note::Unpaired);
        tally.note_if(false, Note::Damaged);
        for code in [0, 30, 130, 131] {
            tally.reason(code);
        }
        let names: Vec<String> =
            tally.counts().into_iter().map(|(name, count)| format!("{name} {count}")).collect();
        let expected = [
            "T trade 2",
            "imbalance with an unpaired size, not kept 1",
            "status 1",
            "status reason: news pending 1",
            "status reason: quotation not available 1",
            "status reason: unknown 1",
        ];
        assert_eq!(names, expected);
    }

    #[test]
    fn reasons_can_be_searched() {
        assert!(REASONS.is_sorted_by_key(|reason| reason.0));
    }
}
