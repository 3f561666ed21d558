//! What a live session says about itself: names for numbers, heartbeats, errors.

use super::Decoder;
use super::fields::View;
use super::layout::{self, text};
use super::records::{ErrorV1, ErrorV2, SymbolMappingV1, SymbolMappingV2, SystemV1, SystemV2};
use super::symbols::{BY_NUMBER, Mapping};
use super::tally::Note;
use crate::Output;

/// The error that says that records are missing.
const SKIPPED_RECORDS: u8 = 7;

impl Decoder {
    /// A number is given a name.
    pub(super) fn symbol_mapping(&mut self, version: u8, record: &[u8]) {
        macro_rules! read {
            ($view:ident, $kinds:expr) => {
                $view::of(record).map(|view| {
                    let span = (layout::time(view.start_ts()), layout::time(view.end_ts()));
                    let kinds: fn($view<'_>) -> (u8, u8) = $kinds;
                    (view.instrument_id(), kinds(view), view.stype_in_symbol(), view.stype_out_symbol(), span)
                })
            };
        }
        // Version 1 does not say of which kind the names are: into names, as live sessions do.
        let read = if version < 2 {
            read!(SymbolMappingV1, |_| (u8::MAX, u8::MAX))
        } else {
            read!(SymbolMappingV2, |view| (view.stype_in(), view.stype_out()))
        };
        let Some((id, (kind_in, kind_out), asked, got, (from, until))) = read else { return };
        // What came out is the name, unless it is the number, or nothing.
        let symbol = match (got, asked) {
            (got, _) if !got.is_empty() && kind_out != BY_NUMBER => text(got),
            (_, asked) if kind_in != BY_NUMBER => text(asked),
            _ => String::new(),
        };
        self.symbols.tell(Mapping {
            id,
            from: from.unwrap_or(i64::MIN),
            until: until.unwrap_or(i64::MAX),
            symbol,
        });
        self.slots.forget_name(id);
    }

    /// The gateway says something. Before version 2 it says so in words only.
    pub(super) fn system(&mut self, version: u8, record: &[u8]) {
        let note = if version < 2 {
            match SystemV1::of(record).map(SystemV1::msg) {
                Some(b"Heartbeat") => Note::SystemHeartbeat,
                _ => Note::SystemOther,
            }
        } else {
            match SystemV2::of(record).map(SystemV2::code) {
                Some(0) => Note::SystemHeartbeat,
                Some(1) => Note::SystemAcknowledged,
                Some(2) => Note::SystemSlowReader,
                Some(3) => Note::SystemReplayed,
                Some(4) => Note::SystemInterval,
                Some(5) => Note::SystemUnsubscribed,
                _ => Note::SystemOther,
            }
        };
        self.tally.note(note);
    }

    /// The gateway reports an error: a fault of the recording, and a gap when records were left out.
    pub(super) fn error(&mut self, version: u8, record: &[u8], out: &mut Output) {
        let (message, skipped) = if version < 2 {
            let message = ErrorV1::of(record).map_or(&[][..], ErrorV1::err);
            (message, message.starts_with(b"Slow client detected for "))
        } else {
            let view = ErrorV2::of(record);
            (view.map_or(&[][..], ErrorV2::err), view.map(ErrorV2::code) == Some(SKIPPED_RECORDS))
        };
        out.fault(self.offset, 0, format!("the gateway reported an error: {}", text(message)));
        if skipped {
            self.gap(0, None, out);
        }
    }
}
