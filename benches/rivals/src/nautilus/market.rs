//! What both engines see: the best bid and ask of a recording whenever they change, and bars of its trades.
//!
//! One clock: everything happens when the recorder received it. A bar is told to us as NautilusTrader tells it to
//! its own matching: a path through open, high, low and close, at each of which anybody can buy and sell a quarter of
//! the volume; then the bar itself.

use crate::day::Day;
use book::Book;
use runtime::feed::Moment;
use types::{Arrival, Bar, Event, Flags, InstrumentId, LevelAction, LevelDelta, Lots, Nanos, Side, Ticks};

/// The length of a bar.
pub const BAR_SECONDS: u32 = 1;

/// The best of each side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quote {
    /// Since when.
    pub at: Nanos,
    /// By side: at what price.
    pub price: [Ticks; 2],
    /// By side: how much.
    pub size: [Lots; 2],
}

/// A market of quotes, or of bars.
#[derive(Clone, Debug)]
pub enum Market {
    /// Best bids and asks, no two at one time.
    Quotes(Vec<Quote>),
    /// Bars of trades.
    Bars(Vec<Bar>),
}

/// The quotes of a recording.
///
/// # Errors
/// When it cannot be read.
pub fn quotes(day: &Day) -> anyhow::Result<Vec<Quote>> {
    let mut book = Book::empty();
    let mut quotes: Vec<Quote> = Vec::new();
    for Moment { received_at: at, event, .. } in moments(day)? {
        match &event {
            Event::Level(delta) => book.apply_level(delta),
            Event::Gap(_) => {
                book.on_gap();
                continue;
            }
            _ => continue,
        };
        let (Some(bid), Some(ask)) = (book.best(Side::Buy), book.best(Side::Sell)) else { continue };
        let quote = Quote { at, price: [bid.price, ask.price], size: [bid.size, ask.size] };
        let same = quotes.last().is_some_and(|last| Quote { at, ..*last } == quote);
        if !event.flags().has(Flags::LAST) || !book.is_live() || bid.price >= ask.price || same {
            continue;
        }
        // Of one time only the last: an order sent at the first would not meet the same market in both.
        quotes.pop_if(|last| last.at == at);
        quotes.push(quote);
    }
    Ok(quotes)
}

/// The bars of a recording's trades; a span without one has none.
///
/// # Errors
/// When it cannot be read.
pub fn bars(day: &Day) -> anyhow::Result<Vec<Bar>> {
    const NANOS: i64 = BAR_SECONDS as i64 * 1_000_000_000;
    let mut spans: Vec<(i64, [Ticks; 4], Lots)> = Vec::new();
    for moment in moments(day)? {
        let Event::Trade(trade) = &moment.event else { continue };
        let starts_at = moment.received_at.0.div_euclid(NANOS) * NANOS;
        match spans.last_mut().filter(|(at, ..)| *at == starts_at) {
            Some((_, [_, high, low, close], volume)) => {
                (*high, *low, *close) = (trade.price.max(*high), trade.price.min(*low), trade.price);
                *volume += trade.size;
            }
            None => spans.push((starts_at, [trade.price; 4], trade.size)),
        }
    }
    let bar = |&(at, prices, volume): &_| Bar::new(Nanos(at), day.instrument, prices, volume);
    Ok(spans.iter().filter_map(bar).collect())
}

fn moments(day: &Day) -> anyhow::Result<Vec<Moment>> {
    day.moments(day.prepared.feed(&runtime::source::Progress::default())?)
}

impl Market {
    /// When something happens, first to last.
    pub fn times(&self) -> Box<dyn Iterator<Item = Nanos> + '_> {
        match self {
            Self::Quotes(quotes) => Box::new(quotes.iter().map(|quote| quote.at)),
            Self::Bars(bars) => Box::new(bars.iter().map(|bar| bar.ends_at(BAR_SECONDS))),
        }
    }

    /// As we hear of it. `lot` is a lot in the numbers people write.
    #[must_use]
    pub fn arrivals(&self, instrument: InstrumentId, lot: f64) -> Vec<Arrival> {
        let mut teller = Teller { instrument, last: None, arrivals: Vec::new() };
        match self {
            Self::Quotes(quotes) => quotes.iter().for_each(|quote| teller.show(*quote)),
            Self::Bars(bars) => {
                for bar in bars {
                    teller.walk(bar, lot);
                    let arrival = Arrival {
                        received_at: bar.ends_at(BAR_SECONDS),
                        event: Event::Bar { seconds: BAR_SECONDS, bar: *bar },
                    };
                    teller.arrivals.push(arrival);
                }
            }
        }
        teller.arrivals
    }

    /// For the script: rows of whole numbers. Quotes: time, bid, ask, their sizes, 0; bars: end, open, high, low,
    /// close, volume.
    #[must_use]
    pub fn rows(&self) -> Vec<[i64; 6]> {
        match self {
            Self::Quotes(quotes) => quotes
                .iter()
                .map(|q| [q.at.0, q.price[0].0, q.price[1].0, q.size[0].0, q.size[1].0, 0])
                .collect(),
            Self::Bars(bars) => bars
                .iter()
                .map(|b| [b.ends_at(BAR_SECONDS).0, b.open.0, b.high().0, b.low().0, b.close().0, b.volume.0])
                .collect(),
        }
    }
}

/// Says quotes as level changes: what left goes first, so that the book never crosses on the way.
struct Teller {
    instrument: InstrumentId,
    last: Option<Quote>,
    arrivals: Vec<Arrival>,
}

impl Teller {
    fn show(&mut self, quote: Quote) {
        let marks = if self.last.is_none() { Flags::SNAPSHOT } else { Flags::NONE };
        match self.last {
            None => self.say(&quote, Side::Buy, LevelAction::Clear, Ticks(0), Lots::ZERO, marks),
            Some(last) => {
                for side in Side::BOTH {
                    let before = last.price[side.index()];
                    if before != quote.price[side.index()] {
                        self.say(&quote, side, LevelAction::Delete, before, Lots::ZERO, marks);
                    }
                }
            }
        }
        for side in Side::BOTH {
            let (price, size) = (quote.price[side.index()], quote.size[side.index()]);
            let end = if side == Side::Sell { marks.with(Flags::LAST) } else { marks };
            self.say(&quote, side, LevelAction::Set, price, size, end);
        }
        self.last = Some(quote);
    }

    fn say(
        &mut self,
        quote: &Quote,
        side: Side,
        action: LevelAction,
        price: Ticks,
        size: Lots,
        flags: Flags,
    ) {
        let (venue_at, instrument) = (quote.at, self.instrument);
        let delta =
            LevelDelta { venue_at, price, size, orders: 0, instrument, side, action, depth: 0, flags };
        self.arrivals.push(Arrival { received_at: quote.at, event: Event::Level(delta) });
    }

    /// NautilusTrader's way through a bar: a point only where the price moves, a quarter of the volume at each, at
    /// least a lot.
    fn walk(&mut self, bar: &Bar, lot: f64) {
        let at = bar.ends_at(BAR_SECONDS);
        // Its own arithmetic: a float, rounded to the instrument's decimals.
        let lots_a_unit = (1.0 / lot).round();
        let quarter = bar.volume.0 as f64 / lots_a_unit / 4.0;
        let size = Lots((quarter * lots_a_unit).round().max(1.0) as i64);
        let points = [
            (bar.open, true, true),
            (bar.high(), true, false),
            (bar.low(), false, true),
            (bar.close(), true, true),
        ];
        for (price, up, down) in points {
            let last = self.last.map(|quote| quote.price[0]);
            if last.is_none_or(|last| (up && price > last) || (down && price < last)) {
                self.show(Quote { at, price: [price; 2], size: [size; 2] });
            }
        }
    }
}
