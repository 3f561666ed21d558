//! Well-known products of CME Group, for recordings that carry no definition (a day of Databento orders, say).
//!
//! Price step and worth of a whole price unit as the exchange's contract specifications give them
//! (cmegroup.com, "Contract Specs"; grains and meats are priced in cents). Never guesses: a product that is not
//! here is inferred from its prices, and says so.

/// What one knows of a future by its root.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Product {
    /// The symbol without month and year: `ES`.
    pub root: &'static str,
    /// The price step of an outright, in nanos.
    pub tick_nanos: i64,
    /// Currency per price unit and contract, in nanos.
    pub multiplier_nanos: i64,
    /// What P&L is counted in.
    pub currency: &'static str,
}

const fn usd(root: &'static str, tick_nanos: i64, per_unit_thousandths: i64) -> Product {
    Product { root, tick_nanos, multiplier_nanos: per_unit_thousandths * 1_000_000, currency: "USD" }
}

/// The table.
pub const PRODUCTS: &[Product] = &[
    // Equity indices.
    usd("ES", 250_000_000, 50_000),
    usd("MES", 250_000_000, 5_000),
    usd("NQ", 250_000_000, 20_000),
    usd("MNQ", 250_000_000, 2_000),
    usd("RTY", 100_000_000, 50_000),
    usd("M2K", 100_000_000, 5_000),
    usd("YM", 1_000_000_000, 5_000),
    usd("MYM", 1_000_000_000, 500),
    // Interest rates: points of 1,000 USD, of 2,000 for two years.
    usd("ZB", 31_250_000, 1_000_000),
    usd("UB", 31_250_000, 1_000_000),
    usd("TN", 15_625_000, 1_000_000),
    usd("ZN", 15_625_000, 1_000_000),
    usd("ZF", 7_812_500, 1_000_000),
    usd("ZT", 3_906_250, 2_000_000),
    usd("SR3", 2_500_000, 2_500_000),
    // Energy and metals.
    usd("CL", 10_000_000, 1_000_000),
    usd("MCL", 10_000_000, 100_000),
    usd("NG", 1_000_000, 10_000_000),
    usd("GC", 100_000_000, 100_000),
    usd("MGC", 100_000_000, 10_000),
    usd("SI", 5_000_000, 5_000_000),
    usd("HG", 500_000, 25_000_000),
    // Currencies.
    usd("6E", 50_000, 125_000_000),
    usd("6B", 100_000, 62_500_000),
    usd("6J", 500, 12_500_000_000),
    // Grains, in cents: 5,000 bushels.
    usd("ZC", 250_000_000, 50_000),
    usd("ZS", 250_000_000, 50_000),
    usd("ZW", 250_000_000, 50_000),
    // Bitcoin.
    usd("BTC", 5_000_000_000, 5_000),
    usd("MBT", 5_000_000_000, 100),
];

/// The product of an outright future such as `ESH4` or `6EZ24`; `None` for spreads, options and what is not in
/// the table.
#[must_use]
pub fn find(symbol: &str) -> Option<&'static Product> {
    let root = symbol.trim_end_matches(|c: char| c.is_ascii_digit());
    if root.len() == symbol.len() {
        return None;
    }
    let root = root.strip_suffix(|c: char| "FGHJKMNQUVXZ".contains(c))?;
    PRODUCTS.iter().find(|product| product.root == root)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tick_is_worth_what_the_exchange_says() {
        // Root and minimum fluctuation in USD, from the same specifications but their own line.
        let cases = [
            ("ESH4", 12.50),
            ("MESZ25", 1.25),
            ("NQM6", 5.00),
            ("YMU4", 5.00),
            ("ZBH4", 31.25),
            ("ZNH4", 15.625),
            ("ZTH4", 7.8125),
            ("CLF5", 10.00),
            ("NGF5", 10.00),
            ("GCJ5", 10.00),
            ("SIH5", 25.00),
            ("HGH5", 12.50),
            ("6EH5", 6.25),
            ("6JH5", 6.25),
            ("ZCH5", 12.50),
            ("BTCF5", 25.00),
            ("MBTF5", 0.50),
            ("SR3H5", 6.25),
        ];
        for (symbol, worth) in cases {
            let product = find(symbol).unwrap_or_else(|| panic!("{symbol} is in the table"));
            let micros = i128::from(product.tick_nanos) * i128::from(product.multiplier_nanos);
            #[expect(clippy::cast_precision_loss, reason = "small numbers")]
            let usd = micros as f64 / 1e18;
            assert!((usd - worth).abs() < 1e-9, "{symbol}: {usd}");
        }
    }

    #[test]
    fn spreads_options_and_strangers_are_not_products() {
        for symbol in ["ESH4-ESM4", "ESH4 C4800", "ES", "#12345", "XYZH4", "", "4"] {
            assert_eq!(find(symbol), None, "{symbol}");
        }
    }
}
