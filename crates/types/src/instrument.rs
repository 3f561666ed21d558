//! The instrument: the only door between steps and money.

use crate::{InstrumentId, Lots, Money, Side, Ticks};
use serde::{Deserialize, Serialize};
use stdx::decimal;

/// How a position's worth follows its price.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Contract {
    /// Worth `size × price × multiplier`, settled in the quote currency: shares, spot, most futures.
    Linear,
    /// A fixed face in the quote currency, settled in the base coin: worth `-size × multiplier ÷ price`
    /// coins (Binance COIN-M, BitMEX XBTUSD). The sign makes a long gain when the price rises.
    Inverse,
}

/// Where an instrument's terms come from: a report says how far its money can be trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// The venue's own definition, out of the data.
    Definition,
    /// The user's configuration.
    Configured,
    /// Our table of well-known products.
    KnownProduct,
    /// The greatest common divisor of the prices and sizes seen; multiplier 1 is assumed.
    Inferred,
}

/// How many levels a side its venue shows. `None`: all, or it does not say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Depths {
    /// Of the book of orders somebody entered.
    pub outright: Option<u8>,
    /// Of the book its venue implies from spreads.
    pub implied: Option<u8>,
}

/// What a venue says about an instrument. Numbers are in nanos (10⁻⁹).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Terms {
    /// The row in the run's table.
    pub id: InstrumentId,
    /// The venue's name for it: `ESH4`, `BTCUSDT`.
    pub symbol: String,
    /// The venue: `cme`, `nasdaq`, `binance-usdm`.
    pub venue: String,
    /// What P&L is counted in: `USD`, `USDT`, `BTC`.
    pub currency: String,
    /// See [`Contract`].
    pub contract: Contract,
    /// One price step, in price units.
    pub tick_nanos: i64,
    /// One size step, in contracts, shares or coins.
    pub lot_nanos: i64,
    /// Currency per price unit and contract; for an inverse contract, its face.
    pub multiplier_nanos: i64,
    /// How deep its book is shown.
    #[serde(default)]
    pub depths: Depths,
    /// Where the above comes from.
    pub origin: Origin,
}

/// Why terms do not make an instrument.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InstrumentError {
    /// Tick, lot and multiplier must be above zero.
    NotPositive {
        /// Whose.
        symbol: String,
        /// Which of the three.
        field: &'static str,
    },
    /// One tick of one lot is not a whole number of 10⁻¹² currency units, so money would not be exact.
    TooFine {
        /// Whose.
        symbol: String,
    },
}

impl std::fmt::Display for InstrumentError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NotPositive { symbol, field } => write!(f, "{symbol}: {field} must be above zero"),
            Self::TooFine { symbol } => {
                write!(f, "{symbol}: tick × lot × multiplier is finer than 10⁻¹² of its currency")
            }
        }
    }
}

impl std::error::Error for InstrumentError {}

/// Terms that were checked, and the money they imply.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Terms", into = "Terms")]
pub struct Instrument {
    terms: Terms,
    /// Linear: what one tick of one lot is worth. Inverse: the face of one lot, × 10³ over one tick, in nanos:
    /// the numerator of its worth.
    unit: i128,
}

impl Instrument {
    /// Checks the terms.
    ///
    /// # Errors
    /// When a step is not positive, or money would not be exact.
    pub fn new(terms: Terms) -> Result<Self, InstrumentError> {
        let steps =
            [("tick", terms.tick_nanos), ("lot", terms.lot_nanos), ("multiplier", terms.multiplier_nanos)];
        for (field, value) in steps {
            if value <= 0 {
                return Err(InstrumentError::NotPositive { symbol: terms.symbol, field });
            }
        }
        let face = i128::from(terms.lot_nanos) * i128::from(terms.multiplier_nanos);
        let unit = match terms.contract {
            Contract::Linear => {
                // nanos³ are 10⁻²⁷; money is 10⁻¹².
                let worth = face.checked_mul(i128::from(terms.tick_nanos));
                match worth {
                    Some(worth) if worth % 10_i128.pow(15) == 0 => worth / 10_i128.pow(15),
                    _ => return Err(InstrumentError::TooFine { symbol: terms.symbol }),
                }
            }
            // nanos² over nanos are 10⁻⁹; money is 10⁻¹².
            Contract::Inverse => match face.checked_mul(1_000) {
                Some(unit) => unit,
                None => return Err(InstrumentError::TooFine { symbol: terms.symbol }),
            },
        };
        Ok(Self { terms, unit })
    }

    /// The terms it was made from.
    #[must_use]
    pub const fn terms(&self) -> &Terms {
        &self.terms
    }

    /// Its row in the run's table.
    #[must_use]
    pub const fn id(&self) -> InstrumentId {
        self.terms.id
    }

    /// The venue's name for it.
    #[must_use]
    pub fn symbol(&self) -> &str {
        &self.terms.symbol
    }

    /// What P&L is counted in.
    #[must_use]
    pub fn currency(&self) -> &str {
        &self.terms.currency
    }

    /// What `size` (signed) at `price` is worth. Cash paid for it is the same with the other sign, so P&L is
    /// `value(mark) - value(entry)` for both kinds of contract.
    ///
    /// # Panics
    /// For an inverse contract at a price of zero or below, which no decoder lets in.
    #[inline]
    #[must_use]
    pub fn value(&self, price: Ticks, size: Lots) -> Money {
        match self.terms.contract {
            Contract::Linear => Money(self.unit * (i128::from(price.0) * i128::from(size.0))),
            Contract::Inverse => {
                assert!(price.0 > 0, "an inverse contract has no worth at {price}");
                let numerator = self.unit * i128::from(size.0);
                let denominator = i128::from(price.0) * i128::from(self.terms.tick_nanos);
                // Half away from zero, so that a long and a short of the same size cancel exactly.
                let half = denominator / 2 * numerator.signum();
                Money(-((numerator + half) / denominator))
            }
        }
    }

    /// What `size` (signed) is worth at a price off the grid, given in ten-thousandths of a step: marks, mids. Signed as
    /// [`value`](Self::value) is, half of 10⁻¹² away from zero. `None` for an inverse contract at zero or below, and beyond what money holds.
    #[must_use]
    pub fn value_between(&self, price: i128, size: Lots) -> Option<Money> {
        let (numerator, denominator) = match self.terms.contract {
            Contract::Linear => (self.unit.checked_mul(i128::from(size.0))?.checked_mul(price)?, 10_000),
            Contract::Inverse if price <= 0 => return None,
            Contract::Inverse => (
                -self.unit.checked_mul(i128::from(size.0))?.checked_mul(10_000)?,
                price * i128::from(self.terms.tick_nanos),
            ),
        };
        let half = denominator / 2 * numerator.signum();
        Some(Money((numerator + half) / denominator))
    }

    /// The turnover of `size` at `price`: what fees and limits are counted on.
    #[inline]
    #[must_use]
    pub fn notional(&self, price: Ticks, size: Lots) -> Money {
        self.value(price, size).abs()
    }

    /// The price as people write it, as an estimate.
    #[inline]
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "an estimate is what the caller asked for")]
    pub fn price_f64(&self, price: Ticks) -> f64 {
        (i128::from(price.0) * i128::from(self.terms.tick_nanos)) as f64 / 1e9
    }

    /// The size as people write it, as an estimate.
    #[inline]
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "an estimate is what the caller asked for")]
    pub fn size_f64(&self, size: Lots) -> f64 {
        (i128::from(size.0) * i128::from(self.terms.lot_nanos)) as f64 / 1e9
    }

    /// The price as people write it, exactly; falls back to a count of ticks beyond ±9.2·10⁹.
    #[must_use]
    pub fn show_price(&self, price: Ticks) -> String {
        show(price.0, self.terms.tick_nanos, "ticks")
    }

    /// The size as people write it, exactly; falls back to a count of lots beyond ±9.2·10⁹.
    #[must_use]
    pub fn show_size(&self, size: Lots) -> String {
        show(size.0, self.terms.lot_nanos, "lots")
    }

    /// The best price not above `ticks` (an estimate counted in ticks): a bid never pays more than we meant.
    /// `None` when the estimate is not a price.
    #[inline]
    #[must_use]
    pub fn bid_at(&self, ticks: f64) -> Option<Ticks> {
        whole(stdx::math::floor(ticks))
    }

    /// The best price not below `ticks` (an estimate counted in ticks): an ask never sells for less.
    /// `None` when the estimate is not a price.
    #[inline]
    #[must_use]
    pub fn ask_at(&self, ticks: f64) -> Option<Ticks> {
        whole(stdx::math::ceil(ticks))
    }

    /// [`bid_at`](Self::bid_at) or [`ask_at`](Self::ask_at), by side.
    #[inline]
    #[must_use]
    pub fn quote_at(&self, side: Side, ticks: f64) -> Option<Ticks> {
        match side {
            Side::Buy => self.bid_at(ticks),
            Side::Sell => self.ask_at(ticks),
        }
    }
}

fn show(count: i64, step_nanos: i64, unit: &str) -> String {
    match count.checked_mul(step_nanos) {
        Some(nanos) => decimal::Display(nanos).to_string(),
        None => format!("{count} {unit}"),
    }
}

#[expect(clippy::cast_possible_truncation, reason = "bounded just above the cast")]
fn whole(ticks: f64) -> Option<Ticks> {
    // 2⁵³: beyond it a double skips whole numbers.
    (ticks.abs() <= 9_007_199_254_740_992.0).then_some(Ticks(ticks as i64))
}

impl TryFrom<Terms> for Instrument {
    type Error = InstrumentError;
    fn try_from(terms: Terms) -> Result<Self, InstrumentError> {
        Self::new(terms)
    }
}

impl From<Instrument> for Terms {
    fn from(instrument: Instrument) -> Self {
        instrument.terms
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn terms(contract: Contract, tick: &str, lot: &str, multiplier: &str) -> Terms {
        let nanos = |text: &str| decimal::parse(text.as_bytes()).expect("a decimal");
        Terms {
            id: InstrumentId(0),
            symbol: "X".into(),
            venue: "test".into(),
            currency: "USD".into(),
            contract,
            tick_nanos: nanos(tick),
            lot_nanos: nanos(lot),
            multiplier_nanos: nanos(multiplier),
            depths: Depths::default(),
            origin: Origin::Configured,
        }
    }

    fn instrument(contract: Contract, tick: &str, lot: &str, multiplier: &str) -> Instrument {
        Instrument::new(terms(contract, tick, lot, multiplier)).expect("valid terms")
    }

    #[test]
    fn a_tick_of_a_lot_is_worth_what_the_contract_says() {
        let cases = [
            ("0.25", "1", "50", "12.5"),            // E-mini S&P 500
            ("0.015625", "1", "1000", "15.625"),    // 10-year note, half of 1/32
            ("0.01", "1", "1", "0.01"),             // a share
            ("0.01", "0.00001", "1", "0.0000001"),  // BTCUSDT spot
            ("0.00000001", "1", "1", "0.00000001"), // SHIBUSDT
        ];
        for (tick, lot, multiplier, worth) in cases {
            let instrument = instrument(Contract::Linear, tick, lot, multiplier);
            assert_eq!(instrument.value(Ticks(1), Lots(1)).to_string(), worth);
            assert_eq!(instrument.value(Ticks(-3), Lots(-2)), Money(instrument.value(Ticks(6), Lots(1)).0));
        }
    }

    #[test]
    fn a_long_inverse_contract_gains_when_the_price_rises() {
        // 100 USD face; long 10 from 50,000 to 62,500: 1,000/50,000 - 1,000/62,500 = 0.004 BTC.
        let instrument = instrument(Contract::Inverse, "0.1", "1", "100");
        let pnl = instrument.value(Ticks(625_000), Lots(10)) - instrument.value(Ticks(500_000), Lots(10));
        assert_eq!(pnl.to_string(), "0.004");
        assert_eq!(instrument.value(Ticks(333_333), Lots(7)), -instrument.value(Ticks(333_333), Lots(-7)),);
    }

    #[test]
    fn a_price_off_the_grid_has_a_worth_between_its_neighbours() {
        let linear = instrument(Contract::Linear, "0.25", "1", "50");
        let inverse = instrument(Contract::Inverse, "0.1", "1", "100");
        for (instrument, size) in
            [(&linear, Lots(3)), (&linear, Lots(-3)), (&inverse, Lots(7)), (&inverse, Lots(-7))]
        {
            for price in [1_i64, 333_333, 500_000] {
                let whole = instrument.value(Ticks(price), size);
                assert_eq!(instrument.value_between(i128::from(price) * 10_000, size), Some(whole));
            }
        }
        // Half a tick of three lots at 12.50 a tick; 100 USD at 40,000.05.
        assert_eq!(linear.value_between(15_000, Lots(3)).map(|m| m.to_string()), Some("56.25".into()));
        let coins = inverse.value_between(4_000_005_000, Lots(1)).map(|m| m.to_string());
        assert_eq!(coins, Some("-0.002499996875".into()));
        assert_eq!(inverse.value_between(0, Lots(1)), None);
    }

    #[test]
    fn terms_that_cannot_be_exact_are_refused() {
        let fine = Instrument::new(terms(Contract::Linear, "0.00000001", "0.00000001", "1"));
        assert_eq!(fine, Err(InstrumentError::TooFine { symbol: "X".into() }));
        let zero = Instrument::new(terms(Contract::Linear, "0", "1", "1"));
        assert_eq!(zero, Err(InstrumentError::NotPositive { symbol: "X".into(), field: "tick" }));
    }

    #[test]
    fn an_estimate_becomes_a_price_by_saying_which_way() {
        let instrument = instrument(Contract::Linear, "0.25", "1", "50");
        assert_eq!(instrument.bid_at(10.9), Some(Ticks(10)));
        assert_eq!(instrument.ask_at(10.1), Some(Ticks(11)));
        assert_eq!(instrument.bid_at(-0.5), Some(Ticks(-1)));
        for not_a_price in [f64::NAN, f64::INFINITY, 1e300] {
            assert_eq!(instrument.ask_at(not_a_price), None);
        }
        assert_eq!(instrument.show_price(Ticks(19_077)), "4769.25");
    }
}
