//! The books of the channel that is heard, to see what no packet number shows: bid above ask for long, and changes of what
//! does not stand. Only to say so while there is time to act; a strategy that trades keeps books of its own.
//!
//! A recording that is read back needs no such watch: what a feed missed is a gap there, a crossed book is not traded
//! on anyway ([`book::Book::is_live`]), and changes of what does not stand are counted (`quoin inspect`).

use book::{Book, Doubts};
use types::{Arrival, Event, InstrumentId, LevelAction, Nanos};
use venues::Directory;
use venues::cme::Doubt;

/// A cross of two lines' packets is over in microseconds, one of an auction is legal: a second is neither.
const CROSSED_FOR: Nanos = Nanos::from_secs(1);
/// What CME shows of an instrument whose definition did not come: levels, and implied ones.
const DEPTHS_USUAL: (usize, usize) = (10, 2);

pub(crate) struct Books {
    /// By instrument; `None` before its first change.
    books: Vec<Option<Book>>,
    doubts: Doubts,
    doubted: Vec<(InstrumentId, Doubt)>,
}

impl Default for Books {
    fn default() -> Self {
        Self { books: Vec::new(), doubts: Doubts::new(CROSSED_FOR), doubted: Vec::new() }
    }
}

impl Books {
    /// Takes in what the decoder gave.
    pub(crate) fn apply(&mut self, arrivals: &[Arrival], directory: &Directory) {
        for arrival in arrivals {
            let (id, change, at) = match &arrival.event {
                Event::Level(delta) => {
                    let book = self.book(delta.instrument, directory, delta.action == LevelAction::Clear);
                    (delta.instrument, book.apply_level(delta), delta.venue_at)
                }
                Event::Order(delta) => {
                    let book = self.book(delta.instrument, directory, false);
                    (delta.instrument, book.apply_order(delta), delta.venue_at)
                }
                Event::Gap(gap) => {
                    self.each(gap.instrument, directory, Book::on_gap);
                    continue;
                }
                Event::Status(status) => {
                    self.each(status.instrument, directory, |book| book.on_phase(status.phase));
                    continue;
                }
                Event::Trade(_)
                | Event::TradeBust(_)
                | Event::Report(_)
                | Event::Timer(_)
                | Event::Operator(_)
                | Event::Cash(_)
                | Event::Session(_)
                | Event::DropCopy(_)
                | Event::Clock(_)
                | Event::Statistic(_)
                | Event::QuoteRequest(_)
                | Event::Bar { .. } => continue,
            };
            let why = self.books[id.index()].as_ref().and_then(|book| self.doubts.after(book, change, at));
            self.note(id, why);
        }
    }

    /// Time has passed, and perhaps nothing came: looks for crossed books.
    pub(crate) fn look(&mut self, now: Nanos) {
        for row in 0..self.books.len() {
            let why = self.books[row].as_ref().and_then(|book| self.doubts.at(book, now));
            self.note(InstrumentId(u32::try_from(row).expect("ids are 32 bits")), why);
        }
    }

    /// The next book that is not to be believed any more, each once.
    pub(crate) fn doubted(&mut self) -> Option<(InstrumentId, Doubt)> {
        self.doubted.pop()
    }

    fn note(&mut self, id: InstrumentId, why: Option<book::Doubt>) {
        let why = match why {
            Some(book::Doubt::Crossed) => Doubt::Crossed,
            Some(book::Doubt::Unknown) => Doubt::Unknown,
            None => return,
        };
        if self.doubted.iter().all(|(known, _)| *known != id) {
            self.doubted.push((id, why));
        }
    }

    /// An instrument's book. One of levels that is emptied starts anew: its definition may have come since.
    fn book(&mut self, id: InstrumentId, directory: &Directory, anew: bool) -> &mut Book {
        let row = id.index();
        if self.books.len() <= row {
            self.books.resize_with(row + 1, || None);
        }
        let place = &mut self.books[row];
        if anew
            && let Some(old) = place
            && old.by_order().is_none()
        {
            let phase = old.phase();
            *old = empty(id, directory);
            old.on_phase(phase);
        }
        place.get_or_insert_with(|| empty(id, directory))
    }

    fn each(&mut self, id: Option<InstrumentId>, directory: &Directory, tell: impl Fn(&mut Book)) {
        match id {
            Some(id) => tell(self.book(id, directory, false)),
            None => self.books.iter_mut().flatten().for_each(tell),
        }
    }
}

fn empty(id: InstrumentId, directory: &Directory) -> Book {
    let depths = directory
        .names()
        .get(id.index())
        .and_then(|(venue, symbol)| directory.definition(venue, symbol))
        .map(|definition| definition.depths)
        .unwrap_or_default();
    let (outright, implied) = DEPTHS_USUAL;
    Book::with_depths(
        depths.outright.map_or(outright, usize::from),
        depths.implied.map_or(implied, usize::from),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use types::{Flags, LevelDelta, Lots, Side, Ticks};

    fn told(books: &mut Books, at_ns: i64, side: Side, price: i64, action: LevelAction) {
        let delta = LevelDelta {
            venue_at: Nanos(at_ns),
            price: Ticks(price),
            size: Lots(1),
            orders: 1,
            instrument: InstrumentId(2),
            side,
            action,
            depth: 1,
            flags: Flags::LAST,
        };
        let arrival = Arrival { received_at: Nanos(at_ns), event: Event::Level(delta) };
        books.apply(&[arrival], &Directory::survey());
    }

    #[test]
    fn what_no_packet_contradicts_and_cannot_be_is_doubted_once() {
        let mut books = Books::default();
        told(&mut books, 0, Side::Buy, 10, LevelAction::Set);
        told(&mut books, 1, Side::Sell, 9, LevelAction::Set);
        books.look(CROSSED_FOR);
        assert_eq!(books.doubted(), None, "crossed, and not for long");
        for _twice in 0..2 {
            books.look(CROSSED_FOR + Nanos(2));
        }
        assert_eq!(books.doubted(), Some((InstrumentId(2), Doubt::Crossed)));
        assert_eq!(books.doubted(), None);
        told(&mut books, 2, Side::Sell, 9, LevelAction::Delete);
        told(&mut books, 3, Side::Sell, 12, LevelAction::Delete);
        assert_eq!(books.doubted(), Some((InstrumentId(2), Doubt::Unknown)));
    }

    #[test]
    fn a_level_beyond_what_the_venue_shows_does_not_stay() {
        let mut books = Books::default();
        // Eleven bids: the venue shows ten, and says nothing of the one that falls off.
        for price in 1..=11 {
            told(&mut books, price, Side::Buy, price, LevelAction::Set);
        }
        assert_eq!(books.book(InstrumentId(2), &Directory::survey(), false).depth(Side::Buy), 10);
    }
}
