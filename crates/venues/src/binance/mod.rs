//! Binance market data as its recorders keep it: lines of `<local receive time, ns> <JSON>`, the JSON being a
//! message of the combined WebSocket stream or the REST snapshot of a book.
//!
//! Owns the joining of snapshot and updates into a book (`sequence`), for spot, USD-M and COIN-M. Before a
//! snapshot, updates wait; after a gap the book is stale until the next one. A snapshot that the waiting updates do not
//! reach is refused: something between is missing. When to ask for another is in `asking`. Best quotes (`bookTicker`) run ahead of the
//! depth updates, and mixing both would show a book that never was; so they build nothing and check everything: one is
//! sent whenever the best changes, so the last one numbered up to an update's `u` is what the book's best must be after
//! it. It is given out as a [`Quote`] when the next one, numbered behind `u`, shows that it was the last. Times stay as recorded, even where the recorder's clock was wrong.
//!
//! Cost: a pass over the line to find the members, a second one over the levels; two decimals parsed and two
//! exact divisions a level. Nothing is allocated but for updates that wait for a snapshot.

mod asking;
mod product;
mod quotes;
mod sequence;

pub use asking::{Due, Patience};
pub use product::{Market, Product, product};

use crate::json::{self, Value};
use crate::{Decode, Directory, Listing, Output, Quote};
use asking::Asking;
use quotes::{Best, Quotes};
use sequence::{Numbers, Sequence, Verdict};
use stdx::decimal;
use types::{Event, Flags, Gap, LevelAction, LevelDelta, Lots, Nanos, Side, Ticks, Trade};

/// Waiting updates take this much memory at most; older ones are forgotten.
const WAITING_BYTES_MAX: usize = 64 << 20;
const MILLISECOND: i64 = 1_000_000;

/// A decoder of one recording of one market.
#[derive(Debug)]
pub struct Decoder {
    market: Option<Market>,
    books: Vec<Book>,
    /// A snapshot without a symbol that came before any stream told one: its line.
    homeless: Option<Vec<u8>>,
    /// Of the next byte to be taken.
    offset: u64,
    /// The venue's latest time: when a spot snapshot, which has none, was taken.
    venue_at: Option<Nanos>,
    /// When the last line was received.
    seen_at: Nanos,
    patience: Patience,
    tally: Tally,
}

#[derive(Debug, Default)]
struct Tally {
    depth: u64,
    trade: u64,
    ticker: u64,
    checks: u64,
    snapshot: u64,
    other: u64,
    malformed: u64,
    gaps: u64,
    dropped: u64,
    unpriced: u64,
    unused_snapshots: u64,
    old_snapshots: u64,
}

/// One symbol.
#[derive(Debug)]
struct Book {
    symbol: Vec<u8>,
    /// `None` until asked; then whether the run has it.
    listing: Option<Option<Listing>>,
    sequence: Sequence,
    quotes: Quotes,
    asking: Asking,
    /// Lines of updates that wait for a snapshot, with their line feeds.
    waiting: Vec<u8>,
}

/// What a line says, as it stands there.
#[derive(Clone, Copy, Debug, Default)]
struct Message<'a> {
    kind: Option<&'a [u8]>,
    symbol: Option<&'a [u8]>,
    pair: bool,
    sent: Option<u64>,
    transacted: Option<u64>,
    first: Option<u64>,
    last: Option<u64>,
    before: Option<u64>,
    bids: Option<Value<'a>>,
    asks: Option<Value<'a>>,
    bid_size: Option<&'a [u8]>,
    ask_size: Option<&'a [u8]>,
    trade: Option<u64>,
    price: Option<&'a [u8]>,
    size: Option<&'a [u8]>,
    buyer_is_maker: Option<bool>,
    best_match: bool,
    snapshot: Option<u64>,
}

impl<'a> Message<'a> {
    /// Reads a message, with or without the combined stream's wrapping.
    #[inline]
    fn read(text: &'a [u8]) -> Option<Self> {
        let mut message = Self::default();
        let mut data = None;
        json::members(text, |name, value| match name {
            b"data" => data = value.nested(),
            b"stream" => {}
            _ => message.member(name, value),
        })?;
        if let Some(data) = data {
            message = Self::default();
            json::members(data, |name, value| message.member(name, value))?;
        }
        Some(message)
    }

    #[inline]
    fn member(&mut self, name: &[u8], value: Value<'a>) {
        match name {
            b"e" => self.kind = value.text(),
            b"E" => self.sent = value.number(),
            b"T" => self.transacted = value.number(),
            b"s" | b"symbol" => self.symbol = value.text(),
            b"ps" | b"pair" => self.pair = true,
            b"U" => self.first = value.number(),
            b"u" => self.last = value.number(),
            b"pu" => self.before = value.number(),
            b"b" | b"bids" => self.bids = Some(value),
            b"a" | b"asks" => self.asks = Some(value),
            b"B" => self.bid_size = value.text(),
            b"A" => self.ask_size = value.text(),
            b"t" => self.trade = value.number(),
            b"p" => self.price = value.text(),
            b"q" => self.size = value.text(),
            b"m" => self.buyer_is_maker = value.truth(),
            b"M" => self.best_match = true,
            b"lastUpdateId" => self.snapshot = value.number(),
            _ => {}
        }
    }

    /// The two sides of a best quote, in steps; a side without a size is empty.
    fn best(&self, listing: &Listing) -> Option<Best> {
        let side = |price: Option<Value<'a>>, size: Option<&[u8]>| {
            let price = listing.ticks(decimal::parse(price?.text()?).ok()?)?;
            let size = listing.lots(decimal::parse(size?).ok()?).filter(|size| size.0 >= 0)?;
            Some((!size.is_zero()).then_some((price, size)))
        };
        Some([side(self.bids, self.bid_size)?, side(self.asks, self.ask_size)?])
    }

    /// When the venue says it happened: the transaction's time before the sending's.
    fn venue_at(&self) -> Option<Nanos> {
        let milliseconds = i64::try_from(self.transacted.or(self.sent)?).ok()?;
        milliseconds.checked_mul(MILLISECOND).map(Nanos)
    }

    /// The market this must be from, as far as it shows.
    fn market(&self) -> Option<Market> {
        // USD-M has no symbol of the form BTCUSD_PERP, and only COIN-M has others.
        let coin = || {
            let pair = self.symbol.and_then(|symbol| symbol.split(|&byte| byte == b'_').next());
            pair.is_some_and(|pair| pair.ends_with(b"USD") && Some(pair) != self.symbol)
        };
        let futures = if self.pair || coin() { Market::CoinM } else { Market::UsdM };
        match self.kind {
            Some(b"depthUpdate") if self.before.is_none() => Some(Market::Spot),
            Some(b"depthUpdate") => Some(futures),
            Some(b"trade") if self.best_match => Some(Market::Spot),
            Some(b"trade") => Some(futures),
            None if self.snapshot.is_some() && self.sent.is_none() => Some(Market::Spot),
            None if self.snapshot.is_some() => Some(futures),
            _ => None,
        }
    }
}

impl Decoder {
    /// A decoder at the start of a recording. Without a market it is told by the first message that shows it.
    #[must_use]
    pub const fn new(market: Option<Market>) -> Self {
        Self {
            market,
            books: Vec::new(),
            homeless: None,
            offset: 0,
            venue_at: None,
            seen_at: Nanos(0),
            patience: Patience { timeout: Nanos::from_secs(1), attempts_max: 6, pause: Nanos::from_secs(60) },
            tally: Tally {
                depth: 0,
                trade: 0,
                ticker: 0,
                checks: 0,
                snapshot: 0,
                other: 0,
                malformed: 0,
                gaps: 0,
                dropped: 0,
                unpriced: 0,
                unused_snapshots: 0,
                old_snapshots: 0,
            },
        }
    }

    /// The market, when it was given or has shown.
    #[must_use]
    pub const fn market(&self) -> Option<Market> {
        self.market
    }

    /// How often an update was missing.
    #[must_use]
    pub const fn gaps(&self) -> u64 {
        self.tally.gaps
    }

    /// The same with another patience.
    #[must_use]
    pub const fn with_patience(mut self, patience: Patience) -> Self {
        self.patience = patience;
        self
    }

    /// What a live session is to do for the first book that misses its snapshot: asked until it says nothing more.
    pub fn poll(&mut self, now: Nanos) -> Option<(&str, Due)> {
        let patience = self.patience;
        let (row, due) = self.books.iter_mut().enumerate().find_map(|(row, book)| {
            // One that is not in the run, or of which nothing came, misses nothing.
            let misses = book.sequence == Sequence::Waiting && !book.waiting.is_empty();
            misses.then(|| book.asking.poll(now, &patience)).flatten().map(|due| (row, due))
        })?;
        std::str::from_utf8(&self.books[row].symbol).ok().map(|symbol| (symbol, due))
    }

    fn line(&mut self, line: &[u8], directory: &mut Directory, out: &mut Output) {
        if line.trim_ascii().is_empty() {
            return;
        }
        let Some((received_at, text)) = split(line) else {
            return self.unread(line, "a line without a receive time", out);
        };
        self.seen_at = received_at;
        let Some(message) = Message::read(text) else {
            return self.unread(line, "a line that is not a JSON object", out);
        };
        if self.market.is_none() {
            self.market = message.market();
        }
        self.venue_at = message.venue_at().or(self.venue_at);
        match message.kind {
            Some(b"depthUpdate") => self.depth(line, received_at, &message, directory, out),
            Some(b"trade") => self.trade(line, received_at, &message, directory, out),
            Some(b"bookTicker") => self.ticker(line, &message, directory, out),
            Some(_) => self.tally.other += 1,
            None if message.snapshot.is_some() => {
                self.tally.snapshot += 1;
                self.snapshot(line, received_at, &message, directory, out);
            }
            // Spot's best quotes do not name their kind.
            None if message.last.is_some() && message.bids.is_some() => {
                self.ticker(line, &message, directory, out);
            }
            None => self.tally.other += 1,
        }
    }

    fn depth(
        &mut self,
        line: &[u8],
        received_at: Nanos,
        message: &Message<'_>,
        directory: &mut Directory,
        out: &mut Output,
    ) {
        let (Some(symbol), Some(first), Some(last)) = (message.symbol, message.first, message.last) else {
            let row = message.symbol.map(|symbol| self.book(symbol));
            return self.malformed(line, row, "a depth update without symbol or numbers", out);
        };
        let row = self.book(symbol);
        self.tally.depth += 1;
        self.house(row, directory, out);
        if self.listing(row, directory).is_none() {
            return;
        }
        let numbers = Numbers { first, last, before: message.before };
        match self.books[row].sequence.step(numbers) {
            Verdict::Apply => self.apply(row, line, received_at, message, directory, out),
            Verdict::Drop => self.tally.dropped += 1,
            Verdict::Keep => self.books[row].wait(line),
            Verdict::Gap { due } => {
                self.tally.gaps += 1;
                self.gap(row, due, message.before.unwrap_or(first), received_at, out);
                self.books[row].wait(line);
            }
        }
    }

    /// Gives out the levels of an update that is the next.
    fn apply(
        &mut self,
        row: usize,
        line: &[u8],
        received_at: Nanos,
        message: &Message<'_>,
        directory: &mut Directory,
        out: &mut Output,
    ) {
        let Some(listing) = self.listing(row, directory) else {
            return;
        };
        let levels = Levels {
            received_at,
            venue_at: message.venue_at().unwrap_or(received_at),
            listing,
            flags: Flags::NONE,
        };
        if levels.give(message, out).is_none() {
            return self.malformed(line, Some(row), "a depth update with a level that cannot be read", out);
        }
        self.check(row, &listing, out);
    }

    fn snapshot(
        &mut self,
        line: &[u8],
        received_at: Nanos,
        message: &Message<'_>,
        directory: &mut Directory,
        out: &mut Output,
    ) {
        let Some(id) = message.snapshot else { return };
        let row = match message.symbol {
            Some(symbol) => self.book(symbol),
            None if self.books.is_empty() => {
                self.homeless = Some(line.to_vec());
                return;
            }
            None => match self.home(id) {
                Some(row) => row,
                None => {
                    self.malformed(line, None, "a snapshot without a symbol, which several could be", out);
                    return;
                }
            },
        };
        if self.books[row].sequence != Sequence::Waiting {
            // The book is whole; this snapshot may be older than what it holds.
            self.tally.unused_snapshots += 1;
            return;
        }
        let Some(listing) = self.listing(row, directory) else {
            return;
        };
        if !self.books[row].reaches(id) {
            self.tally.old_snapshots += 1;
            self.books[row].asking.refused(received_at, &self.patience);
            return;
        }
        let levels = Levels {
            received_at,
            venue_at: message.venue_at().or(self.venue_at).unwrap_or(received_at),
            listing,
            flags: Flags::SNAPSHOT,
        };
        if levels.give(message, out).is_none() {
            return self.malformed(line, Some(row), "a snapshot with a level that cannot be read", out);
        }
        self.books[row].sequence = Sequence::Snapshot { id };
        self.books[row].asking.settled();
        self.replay(row, received_at, directory, out);
    }

    /// The venue's word on its best: what the book as it stands must say, if this shows that the one before still held.
    fn ticker(&mut self, line: &[u8], message: &Message<'_>, directory: &mut Directory, out: &mut Output) {
        self.tally.ticker += 1;
        let (Some(symbol), Some(number)) = (message.symbol, message.last) else {
            return self.fault(line, "a best quote without symbol or number", out);
        };
        let row = self.book(symbol);
        let Some(listing) = self.listing(row, directory) else {
            return;
        };
        let Some(best) = message.best(&listing) else {
            return self.fault(line, "a best quote that cannot be read", out);
        };
        self.books[row].quotes.push(number, best);
        self.check(row, &listing, out);
    }

    /// Gives out what the book must say now, if that is known and was not said.
    fn check(&mut self, row: usize, listing: &Listing, out: &mut Output) {
        let book = &mut self.books[row];
        if let Some(followed) = book.sequence.followed()
            && let Some(best) = book.quotes.due(followed)
        {
            self.tally.checks += 1;
            out.quotes.push(Quote { after: out.arrivals.len(), instrument: listing.id, best });
        }
    }

    /// The updates that waited, at the moment the snapshot made them usable.
    fn replay(&mut self, row: usize, received_at: Nanos, directory: &mut Directory, out: &mut Output) {
        let waiting = std::mem::take(&mut self.books[row].waiting);
        for line in waiting.split(|&byte| byte == b'\n').filter(|line| !line.is_empty()) {
            let message = split(line).and_then(|(_, text)| Message::read(text));
            if let Some(message) = message {
                // Counted when it first came.
                self.tally.depth -= 1;
                self.depth(line, received_at, &message, directory, out);
            }
        }
    }

    /// A snapshot without a symbol goes to the only book, or to the only one whose updates reach over it.
    fn home(&self, id: u64) -> Option<usize> {
        let reaches = |book: &Book| {
            let mut numbers = book
                .waiting
                .split(|&byte| byte == b'\n')
                .filter_map(|line| Message::read(split(line)?.1))
                .filter_map(|message| Some((message.first?, message.last?)));
            numbers.any(|(first, last)| first <= id.saturating_add(1) && id <= last)
        };
        if self.books.len() == 1 {
            return Some(0);
        }
        let mut found = (0..self.books.len()).filter(|&row| reaches(&self.books[row]));
        let home = found.next();
        if found.next().is_some() { None } else { home }
    }

    /// A snapshot that came before its symbol was known belongs to the first book there is.
    fn house(&mut self, row: usize, directory: &mut Directory, out: &mut Output) {
        let Some(line) = self.homeless.take() else { return };
        if let Some((received_at, text)) = split(&line)
            && let Some(mut message) = Message::read(text)
        {
            let symbol = self.books[row].symbol.clone();
            message.symbol = Some(&symbol);
            self.snapshot(&line, received_at, &message, directory, out);
        }
    }

    fn trade(
        &mut self,
        line: &[u8],
        received_at: Nanos,
        message: &Message<'_>,
        directory: &mut Directory,
        out: &mut Output,
    ) {
        let decimals = message.price.zip(message.size);
        let parsed = decimals
            .and_then(|(price, size)| Some((decimal::parse(price).ok()?, decimal::parse(size).ok()?)));
        let (Some(symbol), Some((price, size)), Some(buyer_is_maker)) =
            (message.symbol, parsed, message.buyer_is_maker)
        else {
            // A trade changes no book: nothing is stale.
            return self.fault(line, "a trade without symbol, price, size or side", out);
        };
        let row = self.book(symbol);
        self.tally.trade += 1;
        self.house(row, directory, out);
        if price <= 0 || size <= 0 {
            // Settlements and insurance takeovers on the futures markets.
            self.tally.unpriced += 1;
            return;
        }
        let Some(listing) = self.listing(row, directory) else {
            return;
        };
        let Some(size) = listing.lots(size) else {
            return self.fault(line, "a trade whose size is not a whole number of lots", out);
        };
        let (price, price_fraction) = listing.price.floor(price);
        out.push(
            received_at,
            Event::Trade(Trade {
                venue_at: message.venue_at().unwrap_or(received_at),
                price: Ticks(price),
                size,
                id: message.trade.unwrap_or(0),
                instrument: listing.id,
                price_fraction,
                aggressor: Some(if buyer_is_maker { Side::Sell } else { Side::Buy }),
                flags: Flags::LAST,
            }),
        );
    }

    fn book(&mut self, symbol: &[u8]) -> usize {
        if let Some(row) = self.books.iter().position(|book| book.symbol == symbol) {
            return row;
        }
        self.books.push(Book {
            symbol: symbol.to_vec(),
            listing: None,
            sequence: Sequence::Waiting,
            quotes: Quotes::default(),
            asking: Asking::default(),
            waiting: Vec::new(),
        });
        self.books.len() - 1
    }

    #[inline]
    fn listing(&mut self, row: usize, directory: &mut Directory) -> Option<Listing> {
        let market = self.market?;
        let book = &mut self.books[row];
        *book
            .listing
            .get_or_insert_with(|| directory.listing(market.venue(), &String::from_utf8_lossy(&book.symbol)))
    }

    fn fault(&mut self, line: &[u8], what: &str, out: &mut Output) {
        self.tally.malformed += 1;
        out.fault(self.offset, len64(line) + 1, what);
    }

    /// A line that cannot be read at all. When the name of its stream still shows that it was no update of a
    /// book, no book is stale; else every book it may have been for is.
    fn unread(&mut self, line: &[u8], what: &str, out: &mut Output) {
        let has = |needle: &[u8]| line.windows(needle.len()).any(|window| window == needle);
        if has(b"@trade\"") || has(b"@bookTicker\"") {
            return self.fault(line, what, out);
        }
        let stream = |book: &Book| {
            let mut name = book.symbol.to_ascii_lowercase();
            name.extend_from_slice(b"@depth");
            name
        };
        let row = self.books.iter().position(|book| has(&stream(book)));
        self.malformed(line, row, what, out);
    }

    /// A line is lost that may have been the next update of this book, or of any.
    fn malformed(&mut self, line: &[u8], row: Option<usize>, what: &str, out: &mut Output) {
        self.fault(line, what, out);
        let at = self.seen_at;
        let rows = row.map_or(0..self.books.len(), |row| row..row + 1);
        for row in rows {
            self.books[row].sequence = Sequence::Waiting;
        }
        out.push(
            at,
            Event::Gap(Gap {
                venue_at: self.venue_at.unwrap_or(at),
                expected: self.offset,
                received: self.offset + len64(line) + 1,
                instrument: row.and_then(|row| Some(self.books[row].listing??.id)),
            }),
        );
    }

    fn gap(&self, row: usize, expected: u64, received: u64, received_at: Nanos, out: &mut Output) {
        // A book that is not in this run has nothing that could be stale.
        let Some(Some(listing)) = self.books[row].listing else {
            return;
        };
        out.push(
            received_at,
            Event::Gap(Gap {
                venue_at: self.venue_at.unwrap_or(received_at),
                expected,
                received,
                instrument: Some(listing.id),
            }),
        );
    }
}

impl Book {
    /// Whether the updates that wait go on from a snapshot, or all are in it.
    fn reaches(&self, id: u64) -> bool {
        let numbers = self.waiting.split(|&byte| byte == b'\n').filter_map(|line| {
            let message = Message::read(split(line)?.1)?;
            Some(Numbers { first: message.first?, last: message.last?, before: message.before })
        });
        let verdicts = numbers.map(|numbers| Sequence::Snapshot { id }.step(numbers));
        let first = verdicts.into_iter().find(|verdict| *verdict != Verdict::Drop);
        !matches!(first, Some(Verdict::Gap { .. }))
    }

    fn wait(&mut self, line: &[u8]) {
        if self.waiting.len() + line.len() > WAITING_BYTES_MAX {
            // The next snapshot will be newer than these, or not fit: then there is a gap.
            self.waiting.clear();
        }
        self.waiting.extend_from_slice(line);
        self.waiting.push(b'\n');
    }
}

/// What all levels of one message share.
struct Levels {
    received_at: Nanos,
    venue_at: Nanos,
    listing: Listing,
    flags: Flags,
}

impl Levels {
    /// Gives out all levels, or none when one cannot be read.
    fn give(&self, message: &Message<'_>, out: &mut Output) -> Option<()> {
        let before = out.arrivals.len();
        let given = self.all(message, out);
        match out.arrivals[before..].last_mut().map(|end| &mut end.event) {
            Some(Event::Level(end)) if given.is_some() => end.flags = end.flags.with(Flags::LAST),
            _ => out.arrivals.truncate(before),
        }
        given
    }

    fn all(&self, message: &Message<'_>, out: &mut Output) -> Option<()> {
        if self.flags.has(Flags::SNAPSHOT) {
            self.level(LevelAction::Clear, Side::Buy, Ticks(0), Lots::ZERO, out);
        }
        for (side, levels) in [(Side::Buy, message.bids), (Side::Sell, message.asks)] {
            json::levels(levels?.nested()?, |price, size| {
                let price = self.listing.ticks(decimal::parse(price).ok()?)?;
                let size = self.listing.lots(decimal::parse(size).ok()?)?;
                // Nothing here trades at or below zero, and an inverse contract would have no worth there.
                if price.0 <= 0 {
                    return None;
                }
                let action = match size {
                    Lots::ZERO => LevelAction::Delete,
                    Lots(..0) => return None,
                    Lots(_) => LevelAction::Set,
                };
                self.level(action, side, price, size, out);
                Some(())
            })?;
        }
        Some(())
    }

    #[inline]
    fn level(&self, action: LevelAction, side: Side, price: Ticks, size: Lots, out: &mut Output) {
        out.push(
            self.received_at,
            Event::Level(LevelDelta {
                venue_at: self.venue_at,
                price,
                size,
                orders: 0,
                instrument: self.listing.id,
                side,
                action,
                depth: 0,
                flags: self.flags,
            }),
        );
    }
}

impl Decode for Decoder {
    fn decode(&mut self, bytes: &[u8], directory: &mut Directory, out: &mut Output) -> usize {
        let mut taken = 0;
        while let Some(end) = memchr::memchr(b'\n', &bytes[taken..]) {
            self.line(&bytes[taken..taken + end], directory, out);
            taken += end + 1;
            self.offset += u64::try_from(end).unwrap_or(u64::MAX) + 1;
        }
        taken
    }

    fn finish(&mut self, rest: &[u8], directory: &mut Directory, out: &mut Output) {
        let taken = self.decode(rest, directory, out);
        // The last line may lack its line feed; when it is cut, it is malformed.
        self.line(&rest[taken..], directory, out);
        self.offset += len64(&rest[taken..]);
        for book in &self.books {
            if !book.waiting.is_empty() {
                let symbol = String::from_utf8_lossy(&book.symbol);
                let what = format!("{symbol}: depth updates without a snapshot to put them on");
                out.fault(self.offset, 0, what);
            }
        }
        if self.homeless.is_some() {
            out.fault(self.offset, 0, "a snapshot without a symbol, and no stream that tells it");
        }
    }

    fn counts(&self) -> Vec<(String, u64)> {
        let tally = &self.tally;
        // In the order of the alphabet.
        let all = [
            ("bookTicker", tally.ticker),
            ("bookTicker that checks the book", tally.checks),
            ("depthUpdate", tally.depth),
            ("depthUpdate older than the snapshot", tally.dropped),
            ("malformed line", tally.malformed),
            ("other message", tally.other),
            ("sequence gap", tally.gaps),
            ("snapshot", tally.snapshot),
            ("snapshot not needed", tally.unused_snapshots),
            ("snapshot older than what waits", tally.old_snapshots),
            ("trade", tally.trade),
            ("trade without a price", tally.unpriced),
        ];
        all.into_iter()
            .filter(|&(_, count)| count > 0)
            .map(|(name, count)| (name.to_string(), count))
            .collect()
    }
}

/// The receive time and the rest of a line.
fn split(line: &[u8]) -> Option<(Nanos, &[u8])> {
    let space = line.iter().position(|&byte| byte == b' ')?;
    let received_at = i64::try_from(json::digits(&line[..space])?).ok()?;
    Some((Nanos(received_at), &line[space + 1..]))
}

fn len64(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}
