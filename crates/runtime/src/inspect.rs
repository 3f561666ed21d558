//! What is in a recording: the second pass that a survey's numbers need, with books.

use crate::config::Config;
use crate::integrity::{Integrity, Review};
use crate::source::{Progress, Recording, open};
use crate::survey::{Survey, SurveyError, Table};
use book::{Book, State};
use types::{Nanos, Side};
use venues::{Output, Quote};

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
    /// By recording.
    pub integrity: Vec<Integrity>,
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
    let mut reviews = vec![BookReview::default(); table.instruments.len()];
    let mut review = Review::new(&table.instruments);
    let mut integrity = Vec::new();
    let mut done = 0;
    for (number, recording) in recordings.iter().enumerate() {
        let progress = Progress::default();
        let mut source = open(recording, &progress)?;
        let mut directory = survey.directory(&table);
        directory.turn_to(number);
        let mut out = Output::default();
        loop {
            let more = source.read(&mut directory, &mut out)?;
            let mut quotes = out.quotes.iter().peekable();
            for (row, arrival) in out.arrivals.iter().enumerate() {
                while let Some(quote) = quotes.next_if(|quote| quote.after <= row) {
                    reviews[quote.instrument.index()].check(review.book(quote.instrument), quote);
                }
                review.note_with(arrival, |row, book, venue_at| reviews[row].note(book, venue_at));
            }
            for quote in quotes {
                reviews[quote.instrument.index()].check(review.book(quote.instrument), quote);
            }
            review.note_faults(&out.faults);
            tick(done + progress.bytes());
            if !more {
                break;
            }
        }
        done += progress.bytes();
        integrity.push(review.finish());
    }
    for (row, book) in reviews.iter_mut().enumerate() {
        book.unknown =
            integrity.iter().filter_map(|found| found.instruments.get(row)).map(|(_, i)| i.unknown).sum();
    }
    Ok(Inspection { survey, table, books: reviews, integrity })
}
