//! What is in a recording: the second pass that a survey's numbers need, with books.

use crate::config::Config;
use crate::source::{Progress, Recording, open};
use crate::survey::{Survey, SurveyError, Table};
use book::{Book, State};
use types::{Event, Flags, Nanos, Side};
use venues::{Directory, Output, Quote};

/// What the books of one instrument went through.
#[derive(Clone, Debug, Default)]
pub struct BookReview {
    /// Times the book was consistent (the last change of a packet).
    pub updates: u64,
    /// Times it was consistent and the best bid stood above the best ask.
    pub crossed: u64,
    /// The first and the last such time.
    pub crossed_span: Option<(Nanos, Nanos)>,
    /// Times it was known to miss something.
    pub stale: u64,
    /// Changes of orders or levels that were not there.
    pub unknown: u64,
    /// Times the venue's own best quote was compared with the book, and was the same.
    pub quotes_agree: u64,
    /// Times it was another.
    pub quotes_differ: u64,
    /// Times it could not be compared: the book was not live.
    pub quotes_unused: u64,
    /// Sum of spreads in ticks, over the updates with two sides and no cross.
    spread_ticks: i128,
    /// How many those were.
    spread_count: u64,
}

impl BookReview {
    /// The mean spread in ticks over the updates at which there was one.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a mean for people")]
    pub fn spread_mean(&self) -> Option<f64> {
        (self.spread_count > 0).then(|| self.spread_ticks as f64 / self.spread_count as f64)
    }

    /// Compares the book with what its venue says is best, price and size.
    fn check(&mut self, book: &Book, quote: &Quote) {
        let best = Side::BOTH.map(|side| book.best(side).map(|level| (level.price, level.size)));
        let count = match (book.state(), best == quote.best) {
            (State::Building | State::Stale, _) => &mut self.quotes_unused,
            (State::Live | State::Crossed { .. }, true) => &mut self.quotes_agree,
            (State::Live | State::Crossed { .. }, false) => &mut self.quotes_differ,
        };
        *count += 1;
    }

    fn note(&mut self, book: &Book, venue_at: Nanos) {
        self.updates += 1;
        match book.state() {
            State::Crossed { .. } => {
                self.crossed += 1;
                let (first, _) = self.crossed_span.unwrap_or((venue_at, venue_at));
                self.crossed_span = Some((first, venue_at));
            }
            State::Stale => self.stale += 1,
            State::Building => {}
            State::Live => {
                if let Some(spread) = book.spread() {
                    self.spread_ticks += i128::from(spread);
                    self.spread_count += 1;
                }
            }
        }
    }
}

/// What recordings hold, and what their books went through.
#[derive(Debug)]
pub struct Inspection {
    /// The first pass.
    pub survey: Survey,
    /// The instruments as a run would have them.
    pub table: Table,
    /// By instrument id.
    pub books: Vec<BookReview>,
}

/// Takes a survey further: builds every book.
///
/// # Errors
/// When a recording cannot be read, or the configuration does not fit it.
pub fn inspect(
    survey: Survey,
    recordings: &[Recording],
    config: &Config,
    mut tick: impl FnMut(u64),
) -> Result<Inspection, SurveyError> {
    let table = survey.table(config)?;
    let mut books: Vec<Book> = table.instruments.iter().map(|_| Book::empty()).collect();
    let mut reviews = vec![BookReview::default(); books.len()];
    let mut touched = Vec::new();
    let mut done = 0;
    for recording in recordings {
        let progress = Progress::default();
        let mut source = open(recording, &progress)?;
        let mut directory = Directory::run(&table.instruments, &table.wire_ticks);
        let mut out = Output::default();
        loop {
            let more = source.read(&mut directory, &mut out)?;
            let mut quotes = out.quotes.iter().peekable();
            for (row, arrival) in out.arrivals.iter().enumerate() {
                while let Some(quote) = quotes.next_if(|quote| quote.after <= row) {
                    reviews[quote.instrument.index()].check(&books[quote.instrument.index()], quote);
                }
                apply(&arrival.event, &mut books, &mut reviews, &mut touched);
            }
            for quote in quotes {
                reviews[quote.instrument.index()].check(&books[quote.instrument.index()], quote);
            }
            tick(done + progress.bytes());
            if !more {
                break;
            }
        }
        done += progress.bytes();
    }
    for (review, book) in reviews.iter_mut().zip(&books) {
        review.unknown = book.counts().unknown;
    }
    Ok(Inspection { survey, table, books: reviews })
}

fn apply(event: &Event, books: &mut [Book], reviews: &mut [BookReview], touched: &mut Vec<usize>) {
    let (row, flags, venue_at) = match event {
        Event::Level(delta) => {
            books[delta.instrument.index()].apply_level(delta);
            (delta.instrument.index(), delta.flags, delta.venue_at)
        }
        Event::Order(delta) => {
            books[delta.instrument.index()].apply_order(delta);
            (delta.instrument.index(), delta.flags, delta.venue_at)
        }
        Event::Gap(gap) => return for_books(gap.instrument.map(|id| id.index()), books, Book::on_gap),
        Event::Status(status) => {
            return for_books(status.instrument.map(|id| id.index()), books, |book| {
                book.on_phase(status.phase);
            });
        }
        Event::Trade(_)
        | Event::Report(_)
        | Event::Timer(_)
        | Event::Operator(_)
        | Event::Statistic(_)
        | Event::QuoteRequest(_)
        | Event::TradeBust(_)
        | Event::Bar { .. } => return,
    };
    if !touched.contains(&row) {
        touched.push(row);
    }
    if flags.has(Flags::LAST) {
        for row in touched.drain(..) {
            reviews[row].note(&books[row], venue_at);
        }
    }
}

fn for_books(row: Option<usize>, books: &mut [Book], change: impl Fn(&mut Book)) {
    match row {
        Some(row) => change(&mut books[row]),
        None => books.iter_mut().for_each(change),
    }
}
