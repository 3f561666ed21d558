//! The first line of a table: which column is what, however it is spelled, and what its rows therefore are.

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Column {
    Time,
    Date,
    Symbol,
    Price,
    Size,
    Side,
    BuyerIsMaker,
    Id,
    Bid,
    BidSize,
    Ask,
    AskSize,
    Open,
    High,
    Low,
    Close,
}

const COLUMNS: usize = 16;

/// Spellings, in lower case and without anything but letters and digits.
const SPELLINGS: [(Column, &str, &[&str]); COLUMNS] = [
    (
        Column::Time,
        "time",
        &[
            "time",
            "datetime",
            "timestamp",
            "dateandtime",
            "ts",
            "tsevent",
            "eventtime",
            "tradetime",
            "opentime",
            "timeutc",
            "datetimeutc",
            "timestamputc",
            "unix",
            "unixtime",
            "unixtimestamp",
            "epoch",
            "gmttime",
        ],
    ),
    (Column::Date, "date", &["date", "day", "tradedate"]),
    (Column::Symbol, "symbol", &["symbol", "ticker", "instrument", "contract", "sym", "product"]),
    (Column::Price, "price", &["price", "last", "lastprice", "tradeprice", "px"]),
    (
        Column::Size,
        "size",
        &[
            "size",
            "volume",
            "quantity",
            "qty",
            "amount",
            "vol",
            "lastsize",
            "lastvolume",
            "tradesize",
            "tradevolume",
            "shares",
            "contracts",
        ],
    ),
    (Column::Side, "side", &["side", "aggressor", "takerside", "direction", "aggressorside"]),
    (Column::BuyerIsMaker, "buyer is maker", &["isbuyermaker", "buyerismaker", "buyermaker"]),
    (Column::Id, "id", &["id", "tradeid", "tid", "dealid"]),
    (Column::Bid, "bid", &["bid", "bidprice", "bestbid", "bestbidprice", "bidpx", "bid1", "bidprice1"]),
    (
        Column::BidSize,
        "bid size",
        &[
            "bidsize",
            "bidvolume",
            "bidqty",
            "bidquantity",
            "bestbidsize",
            "bestbidqty",
            "bidamount",
            "bidsz",
            "bidsize1",
        ],
    ),
    (
        Column::Ask,
        "ask",
        &["ask", "askprice", "bestask", "bestaskprice", "askpx", "offer", "offerprice", "ask1", "askprice1"],
    ),
    (
        Column::AskSize,
        "ask size",
        &[
            "asksize",
            "askvolume",
            "askqty",
            "askquantity",
            "bestasksize",
            "bestaskqty",
            "askamount",
            "asksz",
            "offersize",
            "asksize1",
        ],
    ),
    (Column::Open, "open", &["open", "openprice", "o"]),
    (Column::High, "high", &["high", "highprice", "h"]),
    (Column::Low, "low", &["low", "lowprice", "l"]),
    (Column::Close, "close", &["close", "closeprice", "c"]),
];

/// Fields looked at in a row.
pub(super) const FIELDS_MAX: usize = 64;
const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];

/// What rows are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rows {
    /// Trades.
    Trades,
    /// Best bids and asks.
    Quotes,
    /// Trades, each with the best bid and ask beside it.
    TradesAndQuotes,
    /// Open, high, low, close.
    Bars,
}

/// What the first line says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) rows: Rows,
    pub(super) delimiter: u8,
    /// How many columns there are.
    pub(super) width: usize,
    /// By [`Column`], where it stands.
    places: [Option<usize>; COLUMNS],
    /// Columns of no meaning to us, by name.
    pub(super) unused: Vec<String>,
}

impl Header {
    /// Reads a first line; `None` when it does not name the columns of trades, quotes or bars.
    pub(super) fn read(line: &[u8]) -> Option<Self> {
        let line = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line);
        let line = line.strip_prefix(b"#").unwrap_or(line);
        let count = |delimiter: &u8| line.iter().filter(|byte| *byte == delimiter).count();
        let delimiter = *DELIMITERS.iter().rev().max_by_key(|delimiter| count(delimiter))?;
        let width = count(&delimiter) + 1;
        if !(2..=FIELDS_MAX).contains(&width) {
            return None;
        }
        let mut header =
            Self { rows: Rows::Trades, delimiter, width, places: [None; COLUMNS], unused: Vec::new() };
        for (place, name) in line.split(|byte| *byte == delimiter).enumerate() {
            let name = std::str::from_utf8(name).ok()?;
            let plain: String =
                name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect();
            match SPELLINGS.iter().find(|(_, _, spellings)| spellings.contains(&plain.as_str())) {
                Some((column, ..)) if header.place(*column).is_none() => {
                    header.places[*column as usize] = Some(place);
                }
                Some(_) | None => header.unused.push(name.trim().into()),
            }
        }
        header.rows = header.kind()?;
        if matches!(header.rows, Rows::Trades | Rows::Bars) {
            // Best prices without sizes are no book.
            for column in [Column::Bid, Column::BidSize, Column::Ask, Column::AskSize] {
                if header.place(column).is_some() {
                    header.unused.push(Self::name(column).into());
                }
            }
        }
        Some(header)
    }

    fn kind(&self) -> Option<Rows> {
        let all = |columns: &[Column]| columns.iter().all(|column| self.place(*column).is_some());
        if !all(&[Column::Time]) && !all(&[Column::Date]) {
            return None;
        }
        if all(&[Column::Open, Column::High, Column::Low, Column::Close]) {
            return Some(Rows::Bars);
        }
        let trades = all(&[Column::Price, Column::Size]);
        let quotes = all(&[Column::Bid, Column::BidSize, Column::Ask, Column::AskSize]);
        match (trades, quotes) {
            (true, true) => Some(Rows::TradesAndQuotes),
            (true, false) => Some(Rows::Trades),
            (false, true) => Some(Rows::Quotes),
            (false, false) => None,
        }
    }

    /// Where a column stands, from 0.
    #[inline]
    pub(super) const fn place(&self, column: Column) -> Option<usize> {
        self.places[column as usize]
    }

    /// A column's name in faults.
    pub(super) fn name(column: Column) -> &'static str {
        SPELLINGS[column as usize].1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_are_in_the_order_of_the_columns_and_told_apart() {
        let mut seen = Vec::new();
        for (place, (column, _, spellings)) in SPELLINGS.iter().enumerate() {
            assert_eq!(*column as usize, place);
            seen.extend_from_slice(spellings);
        }
        seen.sort_unstable();
        let all = seen.len();
        seen.dedup();
        assert_eq!(seen.len(), all);
    }

    #[test]
    fn columns_are_told_by_their_names_in_any_order() {
        let cases = [
            ("DateTime,Price,Volume", Some(Rows::Trades)),
            ("id,price,qty,quote_qty,time,is_buyer_maker", Some(Rows::Trades)),
            ("<DATE>;<TIME>;<OPEN>;<HIGH>;<LOW>;<CLOSE>;<VOL>", Some(Rows::Bars)),
            ("Date\tOpen\tHigh\tLow\tClose\tVolume", Some(Rows::Bars)),
            ("timestamp,bid price,bid size,ask price,ask size", Some(Rows::Quotes)),
            ("\u{feff}\"Time\",\"Last Price\",\"Bid\",\"Ask\",\"Size\"", Some(Rows::Trades)),
            ("time;last;qty;bid;ask;bidsize;asksize", Some(Rows::TradesAndQuotes)),
            ("#time|symbol|bid|bid_qty|offer|offer size", Some(Rows::Quotes)),
            ("time,bid,ask", None),
            ("Price,Volume", None),
            ("time,price", None),
            ("time,open,high,low", None),
            ("34200.017459617,5,0,1,2238200,-1", None),
            ("time", None),
            ("", None),
        ];
        for (line, rows) in cases {
            assert_eq!(Header::read(line.as_bytes()).map(|header| header.rows), rows, "{line}");
        }
        let header = Header::read(b"id,price,qty,quote_qty,time,is_buyer_maker").expect("trades");
        assert_eq!((header.place(Column::Time), header.place(Column::Date)), (Some(4), None));
        assert_eq!(header.unused, ["quote_qty"]);
        assert_eq!(Header::read(b"time,price,size,bid,ask").map(|header| header.unused.len()), Some(2));
    }
}
