//! Which columns a file has, and with that which of Tardis's data types it is. By name, in any order; columns we do
//! not know are passed over.

/// Levels a side of the deepest snapshot file.
pub(super) const DEPTH_MAX: usize = 25;

macro_rules! columns {
    ($($column:ident = $name:literal,)*) => {
        /// A column by its meaning.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(super) enum Column { $($column,)* }

        /// Names as the files' headers have them.
        const COLUMNS: &[(Column, &str)] = &[$((Column::$column, $name),)*];
        const COUNT: usize = COLUMNS.len();
    };
}

columns! {
    Exchange = "exchange",
    Symbol = "symbol",
    Timestamp = "timestamp",
    LocalTimestamp = "local_timestamp",
    IsSnapshot = "is_snapshot",
    Id = "id",
    Side = "side",
    Price = "price",
    Amount = "amount",
    BidPrice = "bid_price",
    BidAmount = "bid_amount",
    AskPrice = "ask_price",
    AskAmount = "ask_amount",
    FundingRate = "funding_rate",
    PredictedFundingRate = "predicted_funding_rate",
    OpenInterest = "open_interest",
    LastPrice = "last_price",
    IndexPrice = "index_price",
    MarkPrice = "mark_price",
    StrikePrice = "strike_price",
    BidIv = "bid_iv",
    AskIv = "ask_iv",
    MarkIv = "mark_iv",
    UnderlyingPrice = "underlying_price",
    Delta = "delta",
    Gamma = "gamma",
    Vega = "vega",
    Theta = "theta",
    Rho = "rho",
}

/// Tardis's data types (docs.tardis.dev, "Downloadable CSV files: data types").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Table {
    /// `incremental_book_L2`: one change of a level a row.
    Book,
    /// `book_snapshot_5`, `book_snapshot_25`: the best levels of both sides in each row.
    Snapshots,
    /// `quotes`, `book_ticker`: the best level of both sides.
    Quotes,
    /// `trades`.
    Trades,
    /// `derivative_ticker`: funding, mark, index, open interest.
    Ticker,
    /// `liquidations`. Has the columns of `trades`: only the file's name tells them apart.
    Liquidations,
    /// `options_chain`: quote, volatilities and Greeks of every option.
    Options,
}

impl Table {
    /// Its name for people.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Book => "incremental_book_L2",
            Self::Snapshots => "book_snapshot",
            Self::Quotes => "quotes",
            Self::Trades => "trades",
            Self::Ticker => "derivative_ticker",
            Self::Liquidations => "liquidations",
            Self::Options => "options_chain",
        }
    }

    /// Whether its rows change a book, so that a lost one leaves it stale.
    pub(super) const fn has_book(self) -> bool {
        match self {
            Self::Book | Self::Snapshots | Self::Quotes | Self::Options => true,
            Self::Trades | Self::Ticker | Self::Liquidations => false,
        }
    }
}

/// Where a field of a row goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Column(Column),
    /// Side (0 buys), depth, and 0 for the price or 1 for the amount.
    Level(usize, usize, usize),
    Unknown,
}

/// The header, understood.
#[derive(Clone, Debug)]
pub(super) struct Header {
    places: Vec<Place>,
    pub(super) table: Table,
    pub(super) depth: usize,
}

/// Where in a line each field stands. Kept from row to row: a header's columns are all written by every row, and
/// those it has not stay empty.
#[derive(Clone, Debug)]
pub(super) struct Positions {
    fields: [Range; COUNT],
    /// Side, depth, price and amount.
    levels: [[[Range; 2]; DEPTH_MAX]; 2],
}

/// Start and end, in bytes of the line.
type Range = (u32, u32);

/// Longer lines are none of Tardis's.
const LINE_MAX: usize = 1 << 16;

/// The fields of one row by meaning; empty where there is none.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row<'a> {
    line: &'a [u8],
    positions: &'a Positions,
}

impl Default for Positions {
    fn default() -> Self {
        Self { fields: [(0, 0); COUNT], levels: [[[(0, 0); 2]; DEPTH_MAX]; 2] }
    }
}

impl Positions {
    /// Takes a row apart; `None` when it has not one field for each column.
    #[inline]
    pub(super) fn read<'a>(&'a mut self, line: &'a [u8], header: &Header) -> Option<Row<'a>> {
        if line.len() > LINE_MAX {
            return None;
        }
        let mut places = header.places.iter();
        let mut start = 0;
        let length = u32::try_from(line.len()).ok()?;
        let commas = line.iter().zip(0_u32..).filter(|(byte, _)| **byte == b',').map(|(_, at)| at);
        for end in commas.chain([length]) {
            let range = (start, end);
            start = end + 1;
            match *places.next()? {
                Place::Column(column) => self.fields[column as usize] = range,
                Place::Level(side, depth, part) => self.levels[side][depth][part] = range,
                Place::Unknown => {}
            }
        }
        places.next().is_none().then_some(Row { line, positions: self })
    }
}

impl<'a> Row<'a> {
    #[inline]
    pub(super) fn get(&self, column: Column) -> &'a [u8] {
        self.at(self.positions.fields[column as usize])
    }

    /// Price and amount of a level.
    #[inline]
    pub(super) fn level(&self, side: usize, depth: usize) -> [&'a [u8]; 2] {
        self.positions.levels[side][depth].map(|range| self.at(range))
    }

    #[inline]
    fn at(&self, (start, end): Range) -> &'a [u8] {
        &self.line[start as usize..end as usize]
    }
}

impl Header {
    /// Reads the first line; `None` when it is not one of Tardis's. `hint` is what the file's name says.
    pub(super) fn read(line: &[u8], hint: Option<Table>) -> Option<Self> {
        let places: Vec<Place> = line.split(|&byte| byte == b',').map(place).collect();
        let has = |column| places.contains(&Place::Column(column));
        let needed = [Column::Exchange, Column::Symbol, Column::Timestamp, Column::LocalTimestamp];
        let twice = places.iter().enumerate().any(|(at, p)| *p != Place::Unknown && places[..at].contains(p));
        if twice || !needed.into_iter().all(has) {
            return None;
        }
        let deepest = places.iter().filter_map(|place| match place {
            Place::Level(_, depth, _) => Some(depth + 1),
            Place::Column(_) | Place::Unknown => None,
        });
        let depth = deepest.max().unwrap_or(0);
        let change = has(Column::Side) && has(Column::Price) && has(Column::Amount);
        let quote = has(Column::BidPrice) && has(Column::AskPrice);
        let table = if depth > 0 {
            Table::Snapshots
        } else if change && has(Column::IsSnapshot) {
            Table::Book
        } else if change && hint == Some(Table::Liquidations) {
            Table::Liquidations
        } else if change {
            Table::Trades
        } else if quote && has(Column::StrikePrice) {
            Table::Options
        } else if quote {
            Table::Quotes
        } else if has(Column::FundingRate) || has(Column::MarkPrice) || has(Column::OpenInterest) {
            Table::Ticker
        } else {
            return None;
        };
        Some(Self { places, table, depth })
    }
}

fn place(name: &[u8]) -> Place {
    let known = COLUMNS.iter().find(|(_, known)| known.as_bytes() == name);
    known.map(|(column, _)| Place::Column(*column)).or_else(|| level(name)).unwrap_or(Place::Unknown)
}

/// `asks[12].price`
fn level(name: &[u8]) -> Option<Place> {
    let name = std::str::from_utf8(name).ok()?;
    let (side, rest) = name.split_once('[')?;
    let (depth, part) = rest.split_once("].")?;
    let side = ["bids", "asks"].iter().position(|known| *known == side)?;
    let part = ["price", "amount"].iter().position(|known| *known == part)?;
    let depth: usize = depth.parse().ok()?;
    (depth < DEPTH_MAX).then_some(Place::Level(side, depth, part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_tells_its_table() {
        let cases = [
            ("exchange,symbol,timestamp,local_timestamp,is_snapshot,side,price,amount", Some(Table::Book)),
            ("exchange,symbol,timestamp,local_timestamp,id,side,price,amount", Some(Table::Trades)),
            (
                "exchange,symbol,timestamp,local_timestamp,ask_amount,ask_price,bid_price,bid_amount",
                Some(Table::Quotes),
            ),
            (
                "exchange,symbol,timestamp,local_timestamp,asks[0].price,asks[0].amount,bids[0].price,bids[0].amount",
                Some(Table::Snapshots),
            ),
            (
                "symbol,exchange,local_timestamp,timestamp,funding_timestamp,funding_rate,mark_price",
                Some(Table::Ticker),
            ),
            (
                "exchange,symbol,timestamp,local_timestamp,type,strike_price,expiration,bid_price,ask_price",
                Some(Table::Options),
            ),
            ("exchange,symbol,timestamp,local_timestamp,side,side,price,amount", None),
            ("exchange,symbol,timestamp,side,price,amount", None),
            ("exchange,symbol,timestamp,local_timestamp", None),
            ("", None),
        ];
        for (line, expected) in cases {
            let table = Header::read(line.as_bytes(), None).map(|header| header.table);
            assert_eq!(table, expected, "{line}");
        }
        let trades = cases[1].0.as_bytes();
        let named = Header::read(trades, Some(Table::Liquidations)).map(|header| header.table);
        assert_eq!(named, Some(Table::Liquidations));
    }

    #[test]
    fn a_row_has_a_field_for_each_column() {
        let header = Header::read(b"symbol,exchange,what,local_timestamp,timestamp,side,price,amount", None);
        let header = header.expect("a header");
        let mut positions = Positions::default();
        let row = positions.read(b"BTC,deribit,?,2,1,buy,,3", &header).expect("a row");
        assert_eq!((row.get(Column::Symbol), row.get(Column::Amount)), (&b"BTC"[..], &b"3"[..]));
        assert_eq!((row.get(Column::Price), row.get(Column::Rho)), (&b""[..], &b""[..]));
        for wrong in [&b""[..], b"BTC,deribit,?,2,1,buy,", b"BTC,deribit,?,2,1,buy,,3,"] {
            assert!(positions.read(wrong, &header).is_none(), "{}", String::from_utf8_lossy(wrong));
        }
    }

    #[test]
    fn levels_are_numbered_from_the_best() {
        assert_eq!(level(b"asks[24].amount"), Some(Place::Level(1, 24, 1)));
        for wrong in ["asks[25].price", "asks[-1].price", "asks[0]", "mids[0].price", "asks[0].size"] {
            assert_eq!(level(wrong.as_bytes()), None, "{wrong}");
        }
    }
}
