//! What is known of Binance's products without asking: kind of contract, currency, worth of a price unit.
//!
//! Steps of price and size are not known here; they change, and differ between symbols.

use stdx::decimal::ONE;
use types::Contract;

/// Which of Binance's markets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Market {
    /// Coins for coins, at once.
    Spot,
    /// Futures settled in a dollar coin.
    UsdM,
    /// Futures settled in the coin they are about.
    CoinM,
}

impl Market {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Spot, Self::UsdM, Self::CoinM];

    /// Its name in our table of venues.
    #[must_use]
    pub const fn venue(self) -> &'static str {
        match self {
            Self::Spot => "binance-spot",
            Self::UsdM => "binance-usdm",
            Self::CoinM => "binance-coinm",
        }
    }

    /// The market of a venue's name.
    #[must_use]
    pub fn of_venue(venue: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|market| market.venue() == venue)
    }
}

/// What a symbol stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Product {
    /// Linear, or inverse for COIN-M.
    pub contract: Contract,
    /// What P&L is counted in.
    pub currency: String,
    /// Currency per price unit and contract; for an inverse contract, its face in USD.
    pub multiplier_nanos: i64,
}

/// Quote coins of spot and USD-M, longer ones before those they end with.
const QUOTES: [&str; 14] =
    ["FDUSD", "USDT", "USDC", "BUSD", "TUSD", "USD1", "BTC", "ETH", "BNB", "EUR", "TRY", "BRL", "JPY", "USD"];

/// The product behind a symbol such as `BTCUSDT` or `BTCUSD_PERP`; `None` when its quote coin is not one we
/// know.
#[must_use]
pub fn product(market: Market, symbol: &str) -> Option<Product> {
    // Futures with a date, and COIN-M perpetuals, carry it behind an underscore.
    let pair = symbol.split('_').next().unwrap_or(symbol);
    match market {
        Market::Spot | Market::UsdM => {
            let quote = QUOTES.into_iter().find(|quote| pair.len() > quote.len() && pair.ends_with(quote))?;
            Some(Product { contract: Contract::Linear, currency: quote.into(), multiplier_nanos: ONE })
        }
        Market::CoinM => {
            let coin = pair.strip_suffix("USD").filter(|coin| !coin.is_empty())?;
            // Binance, "COIN-M futures contract specifications": 100 USD for Bitcoin, 10 USD for the others.
            let face = if coin == "BTC" { 100 } else { 10 };
            Some(Product { contract: Contract::Inverse, currency: coin.into(), multiplier_nanos: face * ONE })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_symbol_tells_its_contract() {
        let cases = [
            (Market::Spot, "BTCUSDT", Some((Contract::Linear, "USDT", 1))),
            (Market::Spot, "ETHBTC", Some((Contract::Linear, "BTC", 1))),
            (Market::Spot, "BTCFDUSD", Some((Contract::Linear, "FDUSD", 1))),
            (Market::UsdM, "BTCUSDT_240927", Some((Contract::Linear, "USDT", 1))),
            (Market::CoinM, "BTCUSD_PERP", Some((Contract::Inverse, "BTC", 100))),
            (Market::CoinM, "ETHUSD_240927", Some((Contract::Inverse, "ETH", 10))),
            (Market::CoinM, "BTCUSDT", None),
            (Market::Spot, "USDT", None),
            (Market::Spot, "", None),
        ];
        for (market, symbol, expected) in cases {
            let got = product(market, symbol);
            let got = got.as_ref().map(|p| (p.contract, p.currency.as_str(), p.multiplier_nanos / ONE));
            assert_eq!(got, expected, "{symbol}");
        }
        for market in Market::ALL {
            assert_eq!(Market::of_venue(market.venue()), Some(market));
        }
    }
}
