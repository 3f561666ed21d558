//! What a LEAN file holds, which only its path says: `equity/usa/tick/aig/20131007_quote.zip`.
//!
//! ```text
//! SECURITY/MARKET/{tick,second,minute}/TICKER/YYYYMMDD_{trade,quote,openinterest}.zip
//! SECURITY/MARKET/{hour,daily}/TICKER[_{trade,quote,openinterest}].zip
//!   20131007_es_minute_quote_201312.csv      one entry a contract; its month is the name's last part
//! ```
//!
//! Never opens anything; a path is text.

use super::super::ticks::days_since_epoch;
use super::exchanges::CONSOLIDATED;

/// What is traded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Security {
    /// Shares.
    Equity,
    /// Futures of an exchange.
    Future,
    /// Coins for coins.
    Crypto,
    /// Futures on coins.
    CryptoFuture,
}

/// How long a row's span is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resolution {
    /// A row an event.
    Tick,
    /// Rows of this many seconds.
    Bars(u32),
}

/// What rows tell of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Data {
    /// Trades, or bars of them.
    Trade,
    /// Best bids and asks, or bars of them.
    Quote,
    /// Open contracts.
    OpenInterest,
}

/// What a file holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// What is traded.
    pub security: Security,
    /// LEAN's market: `usa`, `cme`, `binance`.
    pub market: String,
    /// How long a row's span is.
    pub resolution: Resolution,
    /// LEAN's ticker, in upper case.
    pub ticker: String,
    /// Days since 1970-01-01 of a file of one day; hours and days carry their own date.
    pub day: Option<i64>,
    /// What rows tell of.
    pub data: Data,
}

const SECURITIES: [(&str, Security); 4] = [
    ("equity", Security::Equity),
    ("future", Security::Future),
    ("crypto", Security::Crypto),
    ("cryptofuture", Security::CryptoFuture),
];
const RESOLUTIONS: [(&str, Resolution); 5] = [
    ("tick", Resolution::Tick),
    ("second", Resolution::Bars(1)),
    ("minute", Resolution::Bars(60)),
    ("hour", Resolution::Bars(3_600)),
    ("daily", Resolution::Bars(86_400)),
];
const DATA: [(&str, Data); 3] =
    [("trade", Data::Trade), ("quote", Data::Quote), ("openinterest", Data::OpenInterest)];
/// CME's letters of the months.
const MONTHS: [char; 12] = ['F', 'G', 'H', 'J', 'K', 'M', 'N', 'Q', 'U', 'V', 'X', 'Z'];
/// LEAN's markets that are one venue, CME Globex.
const GLOBEX: [&str; 4] = ["cme", "cbot", "nymex", "comex"];

fn find<T: Copy>(table: &[(&str, T)], name: &str) -> Option<T> {
    table.iter().find(|(known, _)| name.eq_ignore_ascii_case(known)).map(|(_, value)| *value)
}

/// Whether an entry of a zip has a name such as LEAN gives: `20131007_aig_Quote_Tick.csv`.
#[must_use]
pub fn is_entry(name: &str) -> bool {
    let Some(stem) = name.strip_suffix(".csv") else { return false };
    let (mut dated, mut resolution, mut data) = (false, false, false);
    for part in stem.split('_') {
        dated |= date(part).is_some();
        resolution |= find(&RESOLUTIONS, part).is_some();
        data |= find(&DATA, part).is_some();
    }
    dated && resolution && data
}

/// `YYYYMMDD` as days since 1970-01-01.
fn date(text: &str) -> Option<i64> {
    if text.len() != 8 || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    days_since_epoch(text[..4].parse().ok()?, text[4..6].parse().ok()?, text[6..].parse().ok()?)
}

impl Place {
    /// Reads a path.
    ///
    /// # Errors
    /// What is missing in it, for people.
    pub fn of(path: &str) -> Result<Self, String> {
        let parts: Vec<&str> = path.split(['/', '\\']).filter(|part| !part.is_empty()).collect();
        let Some((file, folders)) = parts.split_last() else { return Err("there is no file name".into()) };
        let named = |what: &str| format!("the path {path} does not say {what}; LEAN's layout is {LAYOUT}");
        let place = folders.iter().rposition(|part| find(&RESOLUTIONS, part).is_some());
        let at = place.ok_or_else(|| named("the resolution (tick, second, minute, hour, daily)"))?;
        let resolution = find(&RESOLUTIONS, folders[at]).ok_or_else(|| named("the resolution"))?;
        let market = at.checked_sub(1).map(|at| folders[at]).ok_or_else(|| named("the market"))?;
        let security = at.checked_sub(2).and_then(|at| find(&SECURITIES, folders[at]));
        let security =
            security.ok_or_else(|| named("the kind of security (equity, future, crypto, cryptofuture)"))?;
        let stem = file.rsplit_once('.').map_or(*file, |(stem, _)| stem);
        let (ticker, day, data) = if matches!(resolution, Resolution::Bars(3_600..)) {
            match stem.rsplit_once('_').and_then(|(ticker, data)| Some((ticker, find(&DATA, data)?))) {
                Some((ticker, data)) => (ticker, None, data),
                None => (stem, None, Data::Trade),
            }
        } else {
            let ticker = folders.get(at + 1).copied().ok_or_else(|| named("the ticker"))?;
            let mut words = stem.split('_');
            let day = words.next().and_then(date).ok_or_else(|| named("the day (YYYYMMDD)"))?;
            let data = words.next().and_then(|data| find(&DATA, data));
            (ticker, Some(day), data.ok_or_else(|| named("trade, quote or openinterest"))?)
        };
        if ticker.is_empty() {
            return Err(named("the ticker"));
        }
        let market = market.to_ascii_lowercase();
        Ok(Self { security, market, resolution, ticker: ticker.to_ascii_uppercase(), day, data })
    }

    /// The zone of the file's times where LEAN's market-hours database does not say otherwise.
    #[must_use]
    pub fn zone(&self) -> &'static str {
        match self.security {
            Security::Equity if self.market == "india" => "Asia/Kolkata",
            Security::Equity => "America/New_York",
            // Trades of E-minis in LEAN's own sample begin on Sunday at 22:00, which is five in Chicago.
            Security::Future | Security::Crypto | Security::CryptoFuture => "UTC",
        }
    }

    /// The key of LEAN's market-hours and symbol databases, without the ticker: `CryptoFuture-binance`.
    #[must_use]
    pub fn key(&self) -> String {
        let security = match self.security {
            Security::Equity => "Equity",
            Security::Future => "Future",
            Security::Crypto => "Crypto",
            Security::CryptoFuture => "CryptoFuture",
        };
        format!("{security}-{}", self.market)
    }

    /// Venue and symbol of the instrument in an entry. Shares of one exchange are told apart by their rows.
    pub(super) fn instrument(&self, entry: &str) -> Result<(String, String), String> {
        let (market, ticker) = (self.market.as_str(), self.ticker.clone());
        Ok(match self.security {
            Security::Equity if market == "usa" => (CONSOLIDATED.into(), ticker),
            Security::Equity | Security::Crypto if market != "binance" => (market.into(), ticker),
            Security::Equity | Security::Crypto => ("binance-spot".into(), ticker),
            Security::CryptoFuture if market == "binance" && ticker.ends_with("USD") => {
                ("binance-coinm".into(), format!("{ticker}_PERP"))
            }
            Security::CryptoFuture if market == "binance" => ("binance-usdm".into(), ticker),
            Security::CryptoFuture => (format!("{market}-future"), ticker),
            Security::Future => {
                let venue = if GLOBEX.contains(&market) { "cme" } else { market };
                let contract = contract(entry).ok_or_else(|| {
                    format!("the entry {entry} does not end with its contract's month (…_YYYYMM.csv)")
                })?;
                (venue.into(), format!("{ticker}{contract}"))
            }
        })
    }
}

const LAYOUT: &str = "SECURITY/MARKET/RESOLUTION/TICKER/YYYYMMDD_{trade,quote,openinterest}.zip";

/// Month and year as CME writes them: `Z3` for `…_201312.csv` and `…_20131220.csv`.
fn contract(entry: &str) -> Option<String> {
    let last = entry.strip_suffix(".csv")?.rsplit('_').next()?;
    if !matches!(last.len(), 6 | 8) || !last.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let month: usize = last[4..6].parse().ok()?;
    Some(format!("{}{}", MONTHS.get(month.checked_sub(1)?)?, &last[3..4]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_says_what_its_file_holds() {
        // 2013-10-07 is day 15,985: `date -u -d 2013-10-07 +%s` is 1381104000.
        let cases = [
            (
                "d/equity/usa/tick/aig/20131007_quote.zip",
                "us/AIG",
                Resolution::Tick,
                Data::Quote,
                Some(15_985),
            ),
            ("equity/usa/daily/aapl.zip", "us/AAPL", Resolution::Bars(86_400), Data::Trade, None),
            (
                "/l/crypto/binance/minute/btcbusd/20131007_trade.zip",
                "binance-spot/BTCBUSD",
                Resolution::Bars(60),
                Data::Trade,
                Some(15_985),
            ),
            (
                "cryptofuture/binance/minute/btcusd/20131007_quote.zip",
                "binance-coinm/BTCUSD_PERP",
                Resolution::Bars(60),
                Data::Quote,
                Some(15_985),
            ),
            (
                "cryptofuture/binance/second/adausdt/20131007_trade.zip",
                "binance-usdm/ADAUSDT",
                Resolution::Bars(1),
                Data::Trade,
                Some(15_985),
            ),
            (
                "cryptofuture/bybit/hour/btcusd_quote.zip",
                "bybit-future/BTCUSD",
                Resolution::Bars(3_600),
                Data::Quote,
                None,
            ),
            (
                r"C:\lean\crypto\bybit\minute\btcusdt\20131007_trade.zip",
                "bybit/BTCUSDT",
                Resolution::Bars(60),
                Data::Trade,
                Some(15_985),
            ),
        ];
        for (path, name, resolution, data, day) in cases {
            let place = Place::of(path).expect(path);
            let (venue, symbol) = place.instrument("20131007_x_minute_trade.csv").expect(path);
            assert_eq!(format!("{venue}/{symbol}"), name, "{path}");
            assert_eq!((place.resolution, place.data, place.day), (resolution, data, day), "{path}");
        }
    }

    #[test]
    fn a_future_s_month_comes_from_its_entry() {
        let place = Place::of("future/cbot/minute/zn/20131007_openinterest.zip").expect("a path");
        assert_eq!(place.key(), "Future-cbot");
        for entry in
            ["20131007_zn_minute_openinterest_201312.csv", "20131007_zn_minute_openinterest_20131219.csv"]
        {
            assert_eq!(place.instrument(entry), Ok(("cme".into(), "ZNZ3".into())));
        }
        for entry in ["20131007_zn_minute_openinterest.csv", "x_201313.csv", "x_201300.csv", "x_201312.txt"] {
            assert!(place.instrument(entry).is_err(), "{entry}");
        }
    }

    #[test]
    fn a_path_that_lacks_something_says_what() {
        let cases = [
            ("20131007_quote.zip", "the resolution"),
            ("tick/aig/20131007_quote.zip", "the market"),
            ("usa/tick/aig/20131007_quote.zip", "the kind of security"),
            ("forex/oanda/minute/eurusd/20131007_quote.zip", "the kind of security"),
            ("equity/usa/tick/20131007_quote.zip", "the ticker"),
            ("equity/usa/tick/aig/quote.zip", "the day"),
            ("equity/usa/tick/aig/20131307_quote.zip", "the day"),
            ("equity/usa/tick/aig/20131007.zip", "trade, quote or openinterest"),
        ];
        for (path, missing) in cases {
            let said = Place::of(path).expect_err(path);
            assert!(said.contains(&format!("does not say {missing}")), "{path}: {said}");
        }
        assert!(Place::of("").is_err());
    }

    #[test]
    fn entries_are_told_by_their_names() {
        assert!(
            is_entry("20131007_aig_Quote_Tick.csv") && is_entry("20131007_es_minute_openinterest_201312.csv")
        );
        for other in
            ["AAPL_2012-06-21_34200000_57600000_message_10.csv", "20131007.csv", "x_trade_tick.csv", "es.txt"]
        {
            assert!(!is_entry(other), "{other}");
        }
    }
}
