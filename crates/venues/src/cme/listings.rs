//! What an instrument is called here, and what becomes of the name when its terms change.
//!
//! History is not reinterpreted: prices that were counted in one step are never counted in another. So an instrument
//! whose step or symbol changes, or that comes back after its expiry, is another listing from then on, `ESH4~2`; the
//! old one closes and hears no more. The same definitions give the same names in a survey and in a run.
//!
//! An instrument that is met before it is defined goes by its number, `#101`; its first definition, or its deletion, tells
//! the directory its name. One that is never defined keeps the number.

use super::VENUE;
use super::decoder::Shared;
use super::instruments::{Limits, NOT_RECOVERING};
use super::reading::Reading;
use types::{Event, Phase, Status};

impl Shared {
    /// A name for a listing of this symbol that no other has.
    fn reserve(&mut self, symbol: &str) -> String {
        let count = self.issues.entry(symbol.to_string()).or_insert(0);
        *count += 1;
        if *count == 1 { symbol.to_string() } else { format!("{symbol}~{count}") }
    }
}

impl Reading<'_> {
    /// The venue says what an instrument is called.
    pub(super) fn name(&mut self, slot: usize, symbol: &str) {
        let about = &self.shared.instruments.about[slot];
        if about.symbol.as_deref() == Some(symbol) && !about.gone {
            return;
        }
        let is_renamed = about.symbol.is_some();
        let is_resolved = self.shared.instruments.slots[slot].resolved;
        let name = self.shared.reserve(symbol);
        if name != symbol {
            // The symbol is used again: whoever had it is no more, whether the venue says so or not.
            let abouts = self.shared.instruments.about.iter();
            let other = abouts.zip(&self.shared.instruments.slots).position(|(about, entry)| {
                about.symbol.as_deref() == Some(symbol)
                    && !about.gone
                    && entry.security != self.shared.instruments.slots[slot].security
            });
            if let Some(other) = other {
                self.expire(self.shared.instruments.slots[other].security);
            }
        }
        let about = &mut self.shared.instruments.about[slot];
        let before = about.name.replace(name);
        (about.symbol, about.gone, about.steps) = (Some(symbol.to_string()), false, None);
        match before {
            // It was met before it was defined: the same listing, under its name.
            Some(before) if is_resolved && !is_renamed => {
                let name = self.shared.instruments.about[slot].name.as_deref().expect("it was just named");
                self.directory.name(VENUE, &before, name);
                // A run that nobody told beforehand knows it from here on.
                if self.shared.instruments.slots[slot].listing.is_none() {
                    self.list(slot);
                }
            }
            _ if is_resolved => self.relist(slot),
            _ => {}
        }
    }

    /// The venue says in which steps an instrument is priced: as sent, and as written.
    pub(super) fn step(&mut self, slot: usize, steps: (i64, i64)) {
        let about = &mut self.shared.instruments.about[slot];
        let before = about.steps.replace(steps);
        let changed = before.is_some_and(|before| before != steps);
        if !changed || !self.shared.instruments.slots[slot].resolved {
            return;
        }
        if let Some(symbol) = about.symbol.clone() {
            self.shared.instruments.about[slot].name = Some(self.shared.reserve(&symbol));
            self.relist(slot);
        }
    }

    /// The venue says that an instrument is no more, and what it was called.
    pub(super) fn delete(&mut self, security: i32, symbol: &str) {
        if let Some(slot) = self.shared.instruments.find(security)
            && self.shared.instruments.about[slot].symbol.is_none()
        {
            self.name(slot, symbol);
        }
        self.expire(security);
    }

    fn expire(&mut self, security: i32) {
        let Some(slot) = self.shared.instruments.find(security) else { return };
        if self.shared.instruments.slots[slot].resolved {
            self.close(slot);
        }
        self.shared.instruments.about[slot].gone = true;
    }

    /// The listing hears no more.
    fn close(&mut self, slot: usize) {
        if self.shared.instruments.slots[slot].recovery != NOT_RECOVERING {
            self.abandon(slot);
        }
        let entry = &mut self.shared.instruments.slots[slot];
        if let Some(listing) = entry.listing.take() {
            let status =
                Status { venue_at: self.sent_at, instrument: Some(listing.id), phase: Phase::Closed };
            self.out.push(self.received_at, Event::Status(status));
        }
    }

    /// The instrument is another listing from here on, of whose books nothing is known.
    #[cold]
    fn relist(&mut self, slot: usize) {
        self.close(slot);
        self.shared.counts.tally.relisted += 1;
        self.list(slot);
    }

    /// It is what the directory says of its name, and nothing is known of its books.
    fn list(&mut self, slot: usize) {
        let name = self.shared.instruments.about[slot].name.as_deref().expect("it was just named");
        let listing = self.directory.listing(VENUE, name);
        let entry = &mut self.shared.instruments.slots[slot];
        (entry.listing, entry.by_order, entry.limits) = (listing, false, Limits::NONE);
        let Some(number) = entry.channel.map(usize::from) else { return };
        if listing.is_none() {
            return;
        }
        let track = &mut self.shared.recoveries.tracks[number];
        if !track.seen.contains(&slot) {
            track.seen.push(slot);
        }
        let due = track.taken.map_or(0, |taken| taken.wrapping_add(1));
        self.disbelieve(slot, due);
    }
}
