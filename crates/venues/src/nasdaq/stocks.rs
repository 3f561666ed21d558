//! The stocks of a feed, by stock locate: a dense table, because locates are small numbers given out anew each day.
//!
//! A row asks the directory once, when the stock has something to say for the first time. Owns what must be known to
//! tell a stock's phase: the session of the whole market, its own trading state, and whether NASDAQ's own service is
//! interrupted for it.

use super::VENUE;
use super::itch::trim;
use crate::{Definition, Directory, Listing};
use types::{Contract, Depths, Phase};

/// A cent and a hundredth of a cent, in nanos: the price steps at or above a dollar, and below (Regulation NMS,
/// rule 612).
const CENT_NANOS: i64 = 10_000_000;
const SUB_CENT_NANOS: i64 = 100_000;
/// In hundredths of a cent.
const CENT: u32 = 100;

/// Whether a stock is one of the run's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Row {
    /// It had nothing to say yet.
    Unmet,
    /// It is.
    Listed(Listing),
    /// It is not: its messages are skipped.
    Unlisted,
}

/// Trading State of the Stock Trading Action message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TradingState {
    Halted,
    /// Across all of the United States' markets.
    Paused,
    /// Quotation only: before an auction, quotes may be entered and nothing trades.
    QuotationOnly,
    Trading,
}

impl TradingState {
    pub(super) const fn read(byte: u8) -> Option<Self> {
        match byte {
            b'H' => Some(Self::Halted),
            b'P' => Some(Self::Paused),
            b'Q' => Some(Self::QuotationOnly),
            b'T' => Some(Self::Trading),
            _ => None,
        }
    }

    const fn phase(self) -> Phase {
        match self {
            Self::Halted | Self::Paused => Phase::Halted,
            Self::QuotationOnly => Phase::PreOpen,
            Self::Trading => Phase::Open,
        }
    }
}

/// One stock.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stock {
    pub(super) row: Row,
    pub(super) symbol: Option<[u8; 8]>,
    pub(super) trading: Option<TradingState>,
    /// NASDAQ's service for it is interrupted.
    pub(super) interrupted: bool,
    /// Something of it was missed, or what came contradicts what was known: its book is stale until the day ends.
    pub(super) stale: bool,
    /// The venue's directory had it, and with which step it was defined.
    step_nanos: Option<i64>,
}

const UNMET: Stock = Stock {
    row: Row::Unmet,
    symbol: None,
    trading: None,
    interrupted: false,
    stale: false,
    step_nanos: None,
};

impl Stock {
    /// What the market lets one do in it, as far as its own messages say; open until told otherwise.
    pub(super) const fn phase(&self) -> Phase {
        if self.interrupted {
            return Phase::Halted;
        }
        match self.trading {
            Some(trading) => trading.phase(),
            None => Phase::Open,
        }
    }

    pub(super) const fn listing(&self) -> Option<Listing> {
        match self.row {
            Row::Listed(listing) => Some(listing),
            Row::Unmet | Row::Unlisted => None,
        }
    }
}

/// Every stock of the feed.
#[derive(Debug, Default)]
pub(super) struct Stocks {
    rows: Vec<Stock>,
    /// Locates whose stocks are in the run, in the order in which they were met.
    pub(super) listed: Vec<u16>,
    /// By instrument, the locate under which it was met today.
    met: Vec<Option<u16>>,
}

/// What became of a stock that was met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Met {
    /// It is one of the run's.
    Listed(Listing),
    /// It is not.
    Unlisted,
    /// It was met before today, under this locate.
    Twice(u16),
}

impl Stocks {
    /// A stock; the table grows up to 65,536 rows.
    #[inline]
    pub(super) fn get(&mut self, locate: u16) -> &mut Stock {
        let row = usize::from(locate);
        if row >= self.rows.len() {
            self.extend(row);
        }
        &mut self.rows[row]
    }

    #[cold]
    fn extend(&mut self, row: usize) {
        self.rows.resize((row + 1).next_power_of_two().max(64), UNMET);
    }

    /// Another day begins: locates are given out anew.
    pub(super) fn clear(&mut self) {
        self.rows.fill(UNMET);
        self.listed.clear();
        self.met.fill(None);
    }

    /// Asks the directory for a stock that is met for the first time.
    #[cold]
    pub(super) fn meet(&mut self, locate: u16, symbol: [u8; 8], directory: &mut Directory) -> Met {
        let listing = directory.listing(VENUE, &name(symbol));
        let stock = self.get(locate);
        stock.symbol = Some(symbol);
        stock.row = Row::Unlisted;
        let Some(listing) = listing else { return Met::Unlisted };
        let row = listing.id.index();
        if row >= self.met.len() {
            self.met.resize(row + 1, None);
        }
        if let Some(before) = self.met[row] {
            return Met::Twice(before);
        }
        self.met[row] = Some(locate);
        self.listed.push(locate);
        self.get(locate).row = Row::Listed(listing);
        Met::Listed(listing)
    }

    /// The venue's directory has it. The step is a cent, until an order lies between two cents.
    pub(super) fn define(&mut self, locate: u16, symbol: [u8; 8], directory: &mut Directory) {
        let stock = self.get(locate);
        stock.symbol = Some(symbol);
        stock.step_nanos = Some(CENT_NANOS);
        directory.define(definition(symbol, CENT_NANOS));
    }

    /// An order's price was seen: the definition's step must hold it.
    #[inline]
    pub(super) fn note_price(&mut self, locate: u16, price: u32, directory: &mut Directory) {
        if !price.is_multiple_of(CENT) {
            self.refine(locate, directory);
        }
    }

    #[cold]
    fn refine(&mut self, locate: u16, directory: &mut Directory) {
        let stock = self.get(locate);
        if let (Some(CENT_NANOS), Some(symbol)) = (stock.step_nanos, stock.symbol) {
            stock.step_nanos = Some(SUB_CENT_NANOS);
            directory.define(definition(symbol, SUB_CENT_NANOS));
        }
    }
}

/// The symbol without its padding.
pub(super) fn name(symbol: [u8; 8]) -> String {
    String::from_utf8_lossy(trim(&symbol)).into_owned()
}

/// A share in dollars. A round lot is what a quote protects, not a size step: one share is.
fn definition(symbol: [u8; 8], step_nanos: i64) -> Definition {
    Definition {
        venue: VENUE.into(),
        symbol: name(symbol),
        currency: "USD".into(),
        contract: Contract::Linear,
        wire_tick_nanos: step_nanos,
        tick_nanos: step_nanos,
        lot_nanos: super::SHARE_NANOS,
        multiplier_nanos: super::SHARE_NANOS,
        depths: Depths::default(),
    }
}
