//! What a venue publishes about an instrument beside its book and its trades: prices of the session, limits,
//! volumes, settlement, auctions, funding.
//!
//! One shape for all of them: the kind says in which unit its value is. Never changes a book.

use crate::{Flags, InstrumentId, Lots, Nanos, Side, Ticks};

/// In what a statistic's value is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Ticks of the instrument, rounded down, with [`Statistic::fraction`] above.
    Price,
    /// Lots of the instrument.
    Size,
    /// A plain number in nanos (10⁻⁹): a rate, a volatility, a Greek.
    Number,
}

macro_rules! kinds {
    ($($(#[$about:meta])* $kind:ident = $code:literal, $name:literal, $unit:ident;)*) => {
        /// What a statistic is about.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        #[repr(u8)]
        pub enum StatisticKind { $($(#[$about])* $kind = $code,)* }

        impl StatisticKind {
            /// Every kind, in the order of the discriminants.
            pub const ALL: &[Self] = &[$(Self::$kind,)*];

            /// Its name in tables and files.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$kind => $name,)* }
            }

            /// Which end of the range of prices that a venue takes it is: 0 the lowest, 1 the highest; `None` of every
            /// other kind.
            #[must_use]
            pub const fn price_limit(self) -> Option<usize> {
                match self {
                    Self::LowLimit | Self::LowerBand => Some(0),
                    Self::HighLimit | Self::UpperBand => Some(1),
                    _ => None,
                }
            }

            /// In what its value is counted.
            #[must_use]
            pub const fn unit(self) -> Unit {
                match self { $(Self::$kind => Unit::$unit,)* }
            }
        }
    };
}

kinds! {
    /// The session's first price.
    OpeningPrice = 0, "opening price", Price;
    /// Where the market would open (CME indicative opening; the `size` is what would trade).
    IndicativeOpeningPrice = 1, "indicative opening price", Price;
    /// The session's highest trade.
    SessionHigh = 2, "session high", Price;
    /// The session's lowest trade.
    SessionLow = 3, "session low", Price;
    /// The session's highest bid.
    HighestBid = 4, "highest bid", Price;
    /// The session's lowest ask.
    LowestAsk = 5, "lowest ask", Price;
    /// The last price of a session, or the official close.
    ClosingPrice = 6, "closing price", Price;
    /// What positions are marked and margined at: the day's last word.
    SettlementPrice = 7, "settlement price", Price;
    /// A price fixed at a set moment.
    FixingPrice = 8, "fixing price", Price;
    /// The last trade's price.
    LastPrice = 9, "last price", Price;
    /// Change since the last settlement or close.
    NetChange = 10, "net change", Price;
    /// Volume-weighted average price.
    Vwap = 11, "volume-weighted average price", Price;
    /// No order above is taken.
    HighLimit = 12, "high limit price", Price;
    /// No order below is taken.
    LowLimit = 13, "low limit price", Price;
    /// How far from the last price an order may be (banding).
    PriceBand = 14, "maximum price variation", Price;
    /// What an auction or a limit is measured from.
    ReferencePrice = 15, "reference price", Price;
    /// Volume traded in the session.
    Volume = 16, "volume", Size;
    /// Volume cleared, of the session named by `session_day`.
    ClearedVolume = 17, "cleared volume", Size;
    /// Volume of block trades.
    BlockVolume = 18, "block volume", Size;
    /// Open contracts.
    OpenInterest = 19, "open interest", Size;
    /// What an auction would match.
    PairedSize = 20, "paired size", Size;
    /// What an auction would leave over, on `side`.
    ImbalanceSize = 21, "imbalance size", Size;
    /// What an auction would leave over of market orders, on `side`.
    MarketImbalanceSize = 22, "market order imbalance size", Size;
    /// Where an auction would clear, its own orders and the book together.
    NearPrice = 23, "near price", Price;
    /// Where an auction would clear, its own orders alone.
    FarPrice = 24, "far price", Price;
    /// The price that moved into an upper price collar.
    UpperCollar = 25, "upper auction collar", Price;
    /// The lower price collar.
    LowerCollar = 26, "lower auction collar", Price;
    /// What a perpetual contract is liquidated against.
    MarkPrice = 27, "mark price", Price;
    /// The underlying index.
    IndexPrice = 28, "index price", Price;
    /// What longs pay shorts at the next funding.
    FundingRate = 29, "funding rate", Number;
    /// Implied volatility.
    ImpliedVolatility = 30, "implied volatility", Number;
    /// The first derivative by the underlying.
    Delta = 31, "delta", Number;
    /// The upper price a halted or limited market must reach (LULD).
    UpperBand = 32, "upper price band", Price;
    /// The lower one.
    LowerBand = 33, "lower price band", Price;
    /// A forced trade: its price, size and side.
    Liquidation = 34, "liquidation", Price;
    /// Index-weighted or underlying price an option is quoted against.
    UnderlyingPrice = 35, "underlying price", Price;
    /// Where an auction that neither opens nor closes the session clears, or would.
    UncrossingPrice = 36, "uncrossing price", Price;
    /// Where the session would close.
    IndicativeClosingPrice = 37, "indicative closing price", Price;
    /// The market-wide circuit breaker's first level, in points of its index and not of the instrument.
    CircuitBreaker1 = 38, "circuit breaker, level 1", Number;
    /// The second.
    CircuitBreaker2 = 39, "circuit breaker, level 2", Number;
    /// The third.
    CircuitBreaker3 = 40, "circuit breaker, level 3", Number;
    /// A volume only its venue can explain.
    VenueVolume = 41, "venue-specific volume", Size;
    /// A price only its venue can explain.
    VenuePrice = 42, "venue-specific price", Price;
    /// Where short sales would be filled in an auction under a short-sale restriction.
    ShortSalePrice = 43, "short sale price", Price;
    /// A settlement price that may still change, or of which the venue does not say that it is final.
    PreliminarySettlementPrice = 44, "preliminary settlement price", Price;
    /// A settlement within the session, for a clearing cycle of its own.
    IntradaySettlementPrice = 45, "intraday settlement price", Price;
    /// What the funding rate would be if the period ended now.
    PredictedFundingRate = 46, "predicted funding rate", Number;
    /// The second derivative by the underlying.
    Gamma = 47, "gamma", Number;
    /// The derivative by volatility.
    Vega = 48, "vega", Number;
    /// The derivative by time.
    Theta = 49, "theta", Number;
    /// The derivative by the interest rate.
    Rho = 50, "rho", Number;
}

/// One figure of one kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Statistic {
    /// When the venue says it held.
    pub venue_at: Nanos,
    /// In the unit of its kind.
    pub value: i64,
    /// A quantity that goes with a price; zero when there is none.
    pub size: Lots,
    /// About what.
    pub instrument: InstrumentId,
    /// For prices: what lies above `value`, in ten-thousandths of a tick. Settlements may be off the grid.
    pub fraction: u16,
    /// The session it is of, in days since 1970-01-01; 0 when the venue does not say.
    pub session_day: u16,
    /// What it is.
    pub kind: StatisticKind,
    /// Which side it is of, for bids, asks and imbalances.
    pub side: Option<Side>,
    /// Marks. [`Flags::LAST`] ends a packet as for every kind.
    pub flags: Flags,
    /// Withdrawn: what was said under this kind no longer holds.
    pub deleted: bool,
}

impl Statistic {
    /// The value as a price, if its kind is one.
    #[must_use]
    pub const fn price(&self) -> Option<Ticks> {
        match self.kind.unit() {
            Unit::Price => Some(Ticks(self.value)),
            Unit::Size | Unit::Number => None,
        }
    }

    /// The value as a quantity, if its kind is one.
    #[must_use]
    pub const fn quantity(&self) -> Option<Lots> {
        match self.kind.unit() {
            Unit::Size => Some(Lots(self.value)),
            Unit::Price | Unit::Number => None,
        }
    }
}

const _: () = assert!(size_of::<Statistic>() == 40);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_dense_and_named_apart() {
        for (code, kind) in StatisticKind::ALL.iter().enumerate() {
            assert_eq!(usize::from(*kind as u8), code, "{kind:?}");
        }
        let mut names: Vec<_> = StatisticKind::ALL.iter().map(|kind| kind.name()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), StatisticKind::ALL.len());
    }
}
