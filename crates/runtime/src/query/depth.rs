//! How wide and how deep a book was, weighted by time: only while it was live and had both sides.
//!
//! What stood after a packet stands until the next one; time in which the book was crossed, stale or being built counts
//! for nothing, and `live` says how much counted.

use book::{Book, Level};
use std::collections::BTreeMap;
use types::{Event, Flags, Instrument, InstrumentId, Lots, Nanos, Side, Ticks};

/// One span of one instrument. Sums are over nanoseconds of live time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Depth {
    /// Of what.
    pub instrument: InstrumentId,
    /// Where its span starts.
    pub start: Nanos,
    /// How long the book was live with both sides.
    pub live: Nanos,
    /// Ask less bid, in ticks.
    pub spread: i128,
    /// Bid plus ask, in ticks: twice the mid.
    pub mid_twice: i128,
    /// Lots on the best bids.
    pub bid_size: i128,
    /// Lots on the best asks.
    pub ask_size: i128,
}

impl Depth {
    /// The mean of a sum over the live time; `None` without any.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a mean for people")]
    pub fn mean(&self, sum: i128) -> Option<f64> {
        (self.live.0 > 0).then(|| sum as f64 / self.live.0 as f64)
    }
}

/// More spans than anybody reads: a wrong stamp years ahead must not fill the memory.
const SPANS_MAX: usize = 4_000_000;

/// What stands, for as long as it does.
#[derive(Clone, Copy, Debug)]
struct Standing {
    since: Nanos,
    spread: i64,
    mid_twice: i128,
    sizes: [i128; 2],
}

/// Spans in the making.
#[derive(Debug)]
pub struct Depths {
    every: i64,
    levels: Vec<Level>,
    books: Vec<Book>,
    standing: Vec<Option<Standing>>,
    touched: Vec<usize>,
    spans: BTreeMap<(i64, InstrumentId), Depth>,
    now: Nanos,
    overflowed: bool,
    /// Nothing before counts: what opens a part of history stood earlier, and was not asked for.
    from: Nanos,
}

impl Depths {
    /// For these instruments, over the best `levels` levels of each side, counting `from` that moment on.
    #[must_use]
    pub fn new(every: Nanos, levels: usize, from: Nanos, instruments: &[Instrument]) -> Self {
        assert!(every.0 > 0, "a span has a length");
        Self {
            every: every.0,
            levels: vec![Level { price: Ticks(0), size: Lots(0), orders: 0 }; levels],
            books: instruments.iter().map(Book::of).collect(),
            standing: vec![None; instruments.len()],
            touched: Vec::new(),
            spans: BTreeMap::new(),
            now: Nanos::MIN,
            overflowed: false,
            from,
        }
    }

    /// Takes the next event, at a venue time that never falls.
    pub fn note(&mut self, venue_at: Nanos, event: &Event) {
        self.now = venue_at;
        match event {
            Event::Level(delta) => {
                self.books[delta.instrument.index()].apply_level(delta);
                self.touch(delta.instrument.index());
            }
            Event::Order(delta) => {
                self.books[delta.instrument.index()].apply_order(delta);
                self.touch(delta.instrument.index());
            }
            Event::Gap(gap) => {
                let rows = gap.instrument.map_or(0..self.books.len(), |id| id.index()..id.index() + 1);
                for row in rows {
                    self.books[row].on_gap();
                    self.look(row);
                }
                return;
            }
            Event::Status(status) => {
                let rows = status.instrument.map_or(0..self.books.len(), |id| id.index()..id.index() + 1);
                rows.for_each(|row| self.books[row].on_phase(status.phase));
                return;
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
            | Event::Bar { .. } => return,
        }
        if event.flags().has(Flags::LAST) {
            while let Some(row) = self.touched.pop() {
                self.look(row);
            }
        }
    }

    fn touch(&mut self, row: usize) {
        if !self.touched.contains(&row) {
            self.touched.push(row);
        }
    }

    /// What stood until now is counted, and what stands now starts.
    fn look(&mut self, row: usize) {
        self.count(row);
        let book = &self.books[row];
        self.standing[row] = match (book.is_live(), book.best_bid(), book.best_ask()) {
            (true, Some(bid), Some(ask)) => {
                let (bid, ask) = (bid.price, ask.price);
                let sizes = Side::BOTH.map(|side| {
                    let count = book.top(side, &mut self.levels);
                    self.levels[..count].iter().map(|level| i128::from(level.size.0)).sum()
                });
                Some(Standing {
                    since: self.now,
                    spread: ask - bid,
                    mid_twice: i128::from(bid.0) + i128::from(ask.0),
                    sizes,
                })
            }
            _ => None,
        };
    }

    fn count(&mut self, row: usize) {
        let Some(standing) = self.standing[row].take() else { return };
        let instrument = InstrumentId(u32::try_from(row).expect("ids are 32 bits"));
        let mut from = standing.since.max(self.from).0;
        while from < self.now.0 {
            if self.spans.len() >= SPANS_MAX {
                self.overflowed = true;
                return;
            }
            let start = from.div_euclid(self.every) * self.every;
            let to = self.now.0.min(start.saturating_add(self.every));
            let span = self.spans.entry((start, instrument)).or_default();
            (span.instrument, span.start) = (instrument, Nanos(start));
            let time = i128::from(to - from);
            span.live.0 += to - from;
            span.spread += i128::from(standing.spread) * time;
            span.mid_twice += standing.mid_twice * time;
            span.bid_size += standing.sizes[0] * time;
            span.ask_size += standing.sizes[1] * time;
            from = to;
        }
    }

    /// All of them, by start, then instrument; `None` when they are too many. What stands at the last event is not known
    /// to stand any longer, unless it is known that nothing happened before `until`.
    #[must_use]
    pub fn finish(mut self, until: Option<Nanos>) -> Option<Vec<Depth>> {
        if let Some(until) = until {
            self.now = self.now.max(until);
        }
        for row in 0..self.books.len() {
            self.count(row);
        }
        (!self.overflowed).then(|| self.spans.into_values().collect())
    }
}
