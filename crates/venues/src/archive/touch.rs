//! A book of one level a side, as files of best bids and asks tell it: which levels go when a side moves, and what
//! must be told again after damage.

use crate::{Listing, Output};
use types::{Event, Flags, Gap, LevelAction, LevelDelta, Lots, Nanos, Side, Ticks};

/// What a file says of one side: nothing stands, or this price and size in nanos.
pub(super) type Told = Option<(i64, i64)>;

/// A number that is not a whole count of the instrument's steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct OffGrid {
    pub(super) side: Side,
    /// Its size, else its price.
    pub(super) size: bool,
}

/// The best bid and ask of one instrument.
#[derive(Clone, Debug)]
pub(super) struct Touch {
    listing: Listing,
    best: [Option<(Ticks, Lots)>; 2],
    /// The sides told since damage; while one is missing the book is stale.
    told: [bool; 2],
    stale: bool,
}

impl Touch {
    pub(super) const fn new(listing: Listing) -> Self {
        Self { listing, best: [None; 2], told: [true; 2], stale: false }
    }

    /// Something was lost that may have moved either side.
    pub(super) fn lose(&mut self, at: Nanos, expected: u64, received: u64, out: &mut Output) {
        *self = Self { told: [false; 2], stale: true, ..Self::new(self.listing) };
        let instrument = Some(self.listing.id);
        out.push(at, Event::Gap(Gap { venue_at: at, expected, received, instrument }));
    }

    /// Puts the sides that were told on the book, bids first; `None` leaves a side as it is.
    #[inline]
    pub(super) fn tell(
        &mut self,
        told: [Option<Told>; 2],
        venue_at: Nanos,
        received_at: Nanos,
        out: &mut Output,
    ) -> Result<(), OffGrid> {
        let mut next = self.best;
        for side in Side::BOTH {
            if let Some(told) = told[side.index()] {
                next[side.index()] = self.steps(side, told)?;
            }
        }
        let row = Row { instrument: self.listing.id, venue_at, received_at };
        let before = out.arrivals.len();
        if self.stale {
            for (known, told) in self.told.iter_mut().zip(&told) {
                *known |= told.is_some();
            }
            self.stale = self.told != [true; 2];
            if !self.stale {
                row.anew(next, out);
            }
        } else {
            for side in Side::BOTH {
                if told[side.index()].is_some() {
                    row.moved(side, self.best[side.index()], next[side.index()], out);
                }
            }
        }
        self.best = next;
        if let Some(end) = out.arrivals[before..].last_mut() {
            end.event.mark(Flags::LAST);
        }
        Ok(())
    }

    #[inline]
    fn steps(&self, side: Side, told: Told) -> Result<Option<(Ticks, Lots)>, OffGrid> {
        let Some((price, size)) = told else { return Ok(None) };
        if size == 0 {
            return Ok(None);
        }
        let price = self.listing.ticks(price).ok_or(OffGrid { side, size: false })?;
        let size = self.listing.lots(size).ok_or(OffGrid { side, size: true })?;
        Ok(Some((price, size)))
    }
}

/// What the levels of one row share.
struct Row {
    instrument: types::InstrumentId,
    venue_at: Nanos,
    received_at: Nanos,
}

impl Row {
    /// A side that is told, changed or not.
    #[inline]
    fn moved(&self, side: Side, old: Option<(Ticks, Lots)>, new: Option<(Ticks, Lots)>, out: &mut Output) {
        if let Some((price, size)) = old
            && new.is_none_or(|(now, _)| now != price)
        {
            self.push(LevelAction::Delete, side, price, size, Flags::NONE, out);
        }
        if let Some((price, size)) = new {
            self.push(LevelAction::Set, side, price, size, Flags::NONE, out);
        }
    }

    /// The whole book.
    fn anew(&self, book: [Option<(Ticks, Lots)>; 2], out: &mut Output) {
        self.push(LevelAction::Clear, Side::Buy, Ticks(0), Lots::ZERO, Flags::SNAPSHOT, out);
        for side in Side::BOTH {
            if let Some((price, size)) = book[side.index()] {
                self.push(LevelAction::Set, side, price, size, Flags::SNAPSHOT, out);
            }
        }
    }

    #[inline]
    fn push(
        &self,
        action: LevelAction,
        side: Side,
        price: Ticks,
        size: Lots,
        flags: Flags,
        out: &mut Output,
    ) {
        let delta = LevelDelta {
            venue_at: self.venue_at,
            price,
            size,
            orders: 0,
            instrument: self.instrument,
            side,
            action,
            depth: u8::from(action == LevelAction::Set),
            flags,
        };
        out.push(self.received_at, Event::Level(delta));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Directory;

    /// `-b10 +b11x3` for a deleted and a set level, `*` for a snapshot, `.` where the book is consistent.
    fn shown(out: &mut Output) -> String {
        let show = |event: &Event| {
            let Event::Level(e) = event else { return event.kind().to_string() };
            let side = ["b", "a"][e.side.index()];
            let text = match e.action {
                LevelAction::Set => format!("+{side}{}x{}", e.price.0, e.size.0),
                LevelAction::Delete => format!("-{side}{}", e.price.0),
                LevelAction::Clear => "0".into(),
                LevelAction::DeleteThru | LevelAction::DeleteFrom => "?".into(),
            };
            let mark = |flag, sign| if e.flags.has(flag) { sign } else { "" };
            format!("{text}{}{}", mark(Flags::SNAPSHOT, "*"), mark(Flags::LAST, "."))
        };
        let shown = out.arrivals.drain(..).map(|arrival| show(&arrival.event)).collect::<Vec<_>>();
        shown.join(" ")
    }

    #[test]
    fn a_side_moves_alone_and_damage_asks_for_both() {
        let (mut directory, mut out) = (Directory::survey(), Output::default());
        let listing = directory.listing("x", "y").expect("a survey registers");
        let mut touch = Touch::new(listing);
        let (bid, ask) = (Some(Some((10, 1))), Some(Some((12, 2))));
        let gone = Some(None);
        let rows: [([Option<Told>; 2], &str); 12] = [
            ([bid, None], "+b10x1."),
            ([None, ask], "+a12x2."),
            ([Some(Some((10, 5))), None], "+b10x5."),
            ([Some(Some((11, 5))), None], "-b10 +b11x5."),
            ([Some(Some((11, 0))), None], "-b11."),
            ([gone, None], ""),
            ([bid, ask], "+b10x1 +a12x2."),
            ([gone, gone], "-b10 -a12."),
            ([None, None], "lost"),
            ([bid, None], ""),
            ([Some(Some((9, 9))), None], ""),
            ([None, ask], "0* +b9x9* +a12x2*."),
        ];
        for (row, (told, expected)) in rows.into_iter().enumerate() {
            if expected == "lost" {
                touch.lose(Nanos(1), 2, 3, &mut out);
                assert_eq!(shown(&mut out), "gap");
                continue;
            }
            touch.tell(told, Nanos(1), Nanos(1), &mut out).expect("nanos are whole");
            assert_eq!(shown(&mut out), expected, "row {row}");
        }
    }
}
