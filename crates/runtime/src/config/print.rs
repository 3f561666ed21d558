//! The defaults as the commented file that `quoin config --print` writes.

use super::{Config, KEYS, Key};
use std::fmt::Write as _;

impl Config {
    /// The defaults as a commented file.
    #[must_use]
    pub fn print_defaults() -> String {
        let defaults = toml::Table::try_from(Self::default()).expect("every field has a TOML form");
        let mut text = String::from(
            "# Quoin's configuration. Every key may be left out; what stands here is its default.\n\
             # Sizes are in lots (the instrument's size step) and money in the instrument's currency.\n",
        );
        let mut section = "";
        for Key(of, name, about) in KEYS {
            if *of != section {
                if section == "risk" {
                    super::Risk::print_levels(&mut text);
                }
                section = of;
                let _ = write!(text, "\n[{section}]\n");
            }
            let _ = match defaults[*of].get(name) {
                Some(value) => write!(text, "# {about}\n{name} = {value}\n"),
                None => write!(text, "# {about}\n# {name} =\n"),
            };
        }
        for spec in ::strategies::ALL {
            let _ = write!(text, "\n# {}\n# Source: {}\n[strategy.{}]\n", spec.about, spec.source, spec.name);
            for p in spec.parameters {
                let _ = write!(
                    text,
                    "# {} [{}; {} to {}]\n{} = {:?}\n",
                    p.about, p.unit, p.min, p.max, p.name, p.default
                );
            }
        }
        text.push_str(
            "\n# Terms of an instrument whose data does not define it (as often as needed):\n\
             # [[instrument]]\n# symbol = \"ESH4\"\n# tick = \"0.25\"\n# lot = \"1\"\n# multiplier = \"50\"\n\
             # currency = \"USD\"\n\
             \n# Several strategies in one run, in place of trading.strategy. Each has its own position and P&L; the account's\n\
             # limits hold for all together. Symbols left out are trading.symbols; parameters stand before [strategy.NAME]'s.\n\
             # [[trading.strategies]]\n# strategy = \"glft\"\n# label = \"wide\"\n# symbols = [\"ESH4\"]\n\
             # parameters = { order_size = 2 }\n\
             \n# Latency of one venue where it differs, by any keys of [latency] (as often as needed):\n\
             # [[latency.venue]]\n# name = \"binance-usdm\"\n# order_ns = 3000000\n\
             \n# Matching of one instrument where it differs, by any allocation keys of [venue]:\n\
             # [[venue.instrument]]\n# symbol = \"ZNH4\"\n# allocation = \"split\"\n\
             \n# A halt that never was, for \"what if\", in UTC (as often as needed; \"*\" is every symbol):\n\
             # [[venue.halt]]\n# symbol = \"ESH4\"\n# from = \"2024-03-01T15:00:00Z\"\n# to = \"2024-03-01T15:10:00Z\"\n\
             # auction_seconds = 60\n\
             \n# Contracts traded one after the other; trading.symbols then names the chain. rule: \"date\" (moments), \
             \"days_before_expiry\"\n# (expiries, days), \"volume\" or \"open_interest\" (the next was ahead on the \
             trading day before):\n# [[roll]]\n# name = \"ES\"\n# symbols = [\"ESH4\", \"ESM4\"]\n# rule = \"volume\"\n\
             \n# Sessions of a venue that is not built in, for its symbols or by name (as often as needed):\n\
             # [[calendar]]\n# name = \"xetra\"\n# symbols = [\"SAP\"]\n# zone = \"Europe/Berlin\"\n# open = \"09:00\"\n\
             # close = \"17:30\"\n# call = \"08:50\"\n# breaks = [\"13:00-13:02\"]\n# holidays = [\"2024-12-25\"]\n\
             # early_closes = { \"2024-12-30\" = \"14:00\" }\n\
             \n# Fees of one venue where they differ, by any keys of [fees]:\n\
             # [[fees.venue]]\n# name = \"binance-usdm\"\n# taker_bp = 5.0\n\
             \n# Fees from a turnover of thirty days on (as often as needed):\n\
             # [[fees.tier]]\n# venue = \"binance-usdm\"\n# turnover = 15000000.0\n# maker_bp = 1.6\n# taker_bp = 4.0\n\
             \n# What another currency is worth in trading.currency: a rate, or an instrument of the run:\n\
             # [[currency]]\n# code = \"BTC\"\n# instrument = \"BTCUSDT\"\n# inverse = false\n\
             \n# A perpetual (a symbol, venue/symbol, or all of a venue), with any keys of [funding] that differ:\n\
             # [[funding.instrument]]\n# name = \"binance-usdm\"\n# rate_bp = 1.0\n\
             \n# Borrowing of one instrument (or venue) where it differs, by any keys of [borrow]:\n\
             # [[borrow.instrument]]\n# name = \"GME\"\n# short_percent_a_year = 40.0\n",
        );
        text
    }
}
