//! Both counts of every instrument, compared at each fill and valued at each mark.

use crate::lots::OpenLots;
use types::{FeeSchedule, Instrument, InstrumentId, Liquidity, Lots, Money, Side, Ticks};

/// Lots a position is expected to be made of at most; more only cost a growth.
const LOTS_EXPECTED: usize = 256;

/// What a fill did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Booked {
    /// What it cost; negative is a rebate.
    pub fee: Money,
    /// What it realised, before the fee.
    pub realised: Money,
    /// What we hold now.
    pub position: Lots,
}

/// One instrument's account.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Account {
    /// What we hold, signed.
    pub position: Lots,
    /// The mean entry price in ticks; `None` when flat.
    pub entry_mean: Option<f64>,
    /// P&L of what is closed, before fees.
    pub realised: Money,
    /// P&L of what is open at the last mark.
    pub unrealised: Money,
    /// What was paid less what was received.
    pub fees: Money,
    /// Bought and sold, together.
    pub volume: Lots,
    /// What that was worth.
    pub turnover: Money,
    /// Fills that gave liquidity.
    pub fills_maker: u64,
    /// Fills that took it.
    pub fills_taker: u64,
    /// The largest long position held.
    pub longest: Lots,
    /// The largest short position held, negative.
    pub shortest: Lots,
}

impl Account {
    /// Realised and unrealised, less fees.
    #[must_use]
    pub fn net(&self) -> Money {
        self.realised + self.unrealised - self.fees
    }
}

#[derive(Clone, Debug)]
struct Row {
    /// The first count.
    lots: OpenLots,
    /// The second count: what came in less what was paid, fees included.
    cash: Money,
    position: Lots,
    /// Best bid and ask at the last mark.
    mark: Option<(Ticks, Ticks)>,
    /// The position's worth at the mark.
    worth: Money,
    account: Account,
}

/// Positions and P&L of one account in one currency, from nothing.
#[derive(Clone, Debug)]
pub struct Portfolio {
    instruments: Vec<Instrument>,
    fees: Vec<FeeSchedule>,
    rows: Vec<Row>,
    /// Sum over instruments of cash and worth: kept, not summed, for risk asks at every mark.
    equity: Money,
}

impl Portfolio {
    /// Nothing held. `fees` has a schedule for each instrument, by id.
    ///
    /// # Panics
    /// When the two slices differ in length.
    #[must_use]
    pub fn new(instruments: &[Instrument], fees: &[FeeSchedule]) -> Self {
        assert_eq!(instruments.len(), fees.len(), "a fee schedule for each instrument");
        let row = Row {
            lots: OpenLots::with_capacity(LOTS_EXPECTED),
            cash: Money::ZERO,
            position: Lots::ZERO,
            mark: None,
            worth: Money::ZERO,
            account: Account::default(),
        };
        Self {
            instruments: instruments.to_vec(),
            fees: fees.to_vec(),
            // `clone` would drop the capacity.
            rows: instruments
                .iter()
                .map(|_| Row { lots: OpenLots::with_capacity(LOTS_EXPECTED), ..row.clone() })
                .collect(),
            equity: Money::ZERO,
        }
    }

    /// Takes in one of our fills. The position is valued at the last mark, or at this price if there is none.
    ///
    /// # Panics
    /// When the two counts disagree: an error of ours, not of the market's.
    pub fn on_fill(
        &mut self,
        instrument: InstrumentId,
        side: Side,
        price: Ticks,
        size: Lots,
        liquidity: Liquidity,
    ) -> Booked {
        let terms = &self.instruments[instrument.index()];
        let row = &mut self.rows[instrument.index()];
        let signed = size.signed(side);
        let worth = terms.value(price, signed);
        let fee = self.fees[instrument.index()].fee(terms, price, size, liquidity);

        let realised = row.lots.fill(terms, price, signed);
        row.account.realised += realised;
        row.account.fees += fee;

        self.equity -= row.cash + row.worth;
        row.cash -= worth + fee;
        row.position += signed;
        row.mark.get_or_insert((price, price));
        row.revalue(terms);
        self.equity += row.cash + row.worth;

        row.count(signed, worth.abs(), liquidity);
        row.compare(terms.symbol());
        Booked { fee, realised, position: row.position }
    }

    /// Values the position at the book's touch: half way between its worth at the bid and at the ask, rounded
    /// down. Cheap when flat.
    #[inline]
    pub fn mark(&mut self, instrument: InstrumentId, bid: Ticks, ask: Ticks) {
        let row = &mut self.rows[instrument.index()];
        if row.mark == Some((bid, ask)) {
            return;
        }
        row.mark = Some((bid, ask));
        if !row.position.is_zero() {
            self.equity -= row.worth;
            row.revalue(&self.instruments[instrument.index()]);
            self.equity += row.worth;
        }
    }

    /// What we hold of one instrument, signed.
    #[inline]
    #[must_use]
    pub fn position(&self, instrument: InstrumentId) -> Lots {
        self.rows[instrument.index()].position
    }

    /// One instrument's account.
    #[must_use]
    pub fn account(&self, instrument: InstrumentId) -> Account {
        let row = &self.rows[instrument.index()];
        Account {
            position: row.position,
            entry_mean: row.lots.price_mean(),
            unrealised: row.worth - row.lots.cost(),
            ..row.account
        }
    }

    /// P&L of everything since the start, at the last marks, after fees. The starting capital is not in it.
    #[inline]
    #[must_use]
    pub const fn equity(&self) -> Money {
        self.equity
    }
}

impl Row {
    fn revalue(&mut self, terms: &Instrument) {
        self.worth = match self.mark {
            Some((bid, ask)) if !self.position.is_zero() => {
                let both = terms.value(bid, self.position) + terms.value(ask, self.position);
                Money(both.0.div_euclid(2))
            }
            _ => Money::ZERO,
        };
    }

    fn count(&mut self, signed: Lots, turnover: Money, liquidity: Liquidity) {
        let account = &mut self.account;
        account.volume += signed.abs();
        account.turnover += turnover;
        match liquidity {
            Liquidity::Maker => account.fills_maker += 1,
            Liquidity::Taker => account.fills_taker += 1,
        }
        account.longest = account.longest.max(self.position);
        account.shortest = account.shortest.min(self.position);
    }

    /// Two independent counts of one fact.
    fn compare(&self, symbol: &str) {
        assert_eq!(self.lots.position(), self.position, "{symbol}: two counts of the position");
        let by_lots = self.account.realised + (self.worth - self.lots.cost()) - self.account.fees;
        assert_eq!(by_lots, self.cash + self.worth, "{symbol}: two counts of the P&L");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use types::instrument::Terms;
    use types::{Contract, Origin};

    const X: InstrumentId = InstrumentId(0);

    fn portfolio(contract: Contract, fees: FeeSchedule) -> Portfolio {
        let terms = Terms {
            id: X,
            symbol: "X".into(),
            venue: "test".into(),
            currency: "USD".into(),
            contract,
            tick_nanos: 250_000_000,
            lot_nanos: 1_000_000_000,
            multiplier_nanos: 50_000_000_000,
            origin: Origin::Configured,
        };
        Portfolio::new(&[Instrument::new(terms).expect("valid terms")], &[fees])
    }

    /// Fills as (signed size, price), then a mark at (bid, ask); expects (position, realised, unrealised).
    fn check(fills: &[(i64, i64)], mark: (i64, i64), expected: (i64, &str, &str)) {
        let mut portfolio = portfolio(Contract::Linear, FeeSchedule::default());
        for &(size, price) in fills {
            let side = if size > 0 { Side::Buy } else { Side::Sell };
            portfolio.on_fill(X, side, Ticks(price), Lots(size.abs()), Liquidity::Maker);
        }
        portfolio.mark(X, Ticks(mark.0), Ticks(mark.1));
        let account = portfolio.account(X);
        let got = (account.position.0, account.realised.to_string(), account.unrealised.to_string());
        assert_eq!((got.0, got.1.as_str(), got.2.as_str()), expected, "{fills:?}");
        assert_eq!(account.net(), portfolio.equity(), "{fills:?}");
    }

    #[test]
    fn lots_close_first_in_first_out() {
        // One tick of one lot is 12.50.
        check(&[], (100, 101), (0, "0", "0"));
        check(&[(2, 100)], (100, 101), (2, "0", "12.5"));
        check(&[(2, 100), (-1, 104)], (104, 104), (1, "50", "50"));
        check(&[(1, 100), (1, 110), (-1, 120)], (120, 120), (1, "250", "125"));
        check(&[(1, 100), (1, 110), (-2, 120)], (0, 0), (0, "375", "0"));
        // Through zero: long 1, sell 3, short 2.
        check(&[(1, 100), (-3, 102)], (101, 101), (-2, "25", "25"));
        check(&[(-2, 100), (1, 90), (2, 95)], (95, 95), (1, "187.5", "0"));
        // Negative prices, as spreads have.
        check(&[(1, -4), (-1, -2)], (-2, -2), (0, "25", "0"));
    }

    #[test]
    fn fees_and_extremes_are_kept() {
        let fees = FeeSchedule { maker_ppb: 0, taker_ppb: 0, per_lot_nanos: 250_000_000 };
        let mut portfolio = portfolio(Contract::Linear, fees);
        portfolio.on_fill(X, Side::Buy, Ticks(100), Lots(3), Liquidity::Maker);
        let booked = portfolio.on_fill(X, Side::Sell, Ticks(101), Lots(4), Liquidity::Taker);
        assert_eq!(booked.fee.to_string(), "1");
        assert_eq!(booked.realised.to_string(), "37.5");
        let account = portfolio.account(X);
        assert_eq!((account.longest, account.shortest), (Lots(3), Lots(-1)));
        assert_eq!((account.fills_maker, account.fills_taker), (1, 1));
        assert_eq!((account.volume, account.fees.to_string().as_str()), (Lots(7), "1.75"));
        assert_eq!(account.entry_mean, Some(101.0));
    }

    #[test]
    fn both_counts_agree_over_any_history() {
        // `on_fill` asserts it; here it meets long histories of both kinds of contract.
        for (seed, contract) in [(1, Contract::Linear), (2, Contract::Inverse), (3, Contract::Inverse)] {
            let fees = FeeSchedule { maker_ppb: -2_345, taker_ppb: 54_321, per_lot_nanos: 1 };
            let mut portfolio = portfolio(contract, fees);
            let mut prng = stdx::Prng::new(seed);
            let mut position = 0;
            for step in 0..20_000 {
                let side = if prng.chance(0.5) { Side::Buy } else { Side::Sell };
                let size = prng.between(1, 30);
                let price = Ticks(prng.between(90_000, 110_001));
                let liquidity = if prng.chance(0.5) { Liquidity::Maker } else { Liquidity::Taker };
                portfolio.on_fill(X, side, price, Lots(size), liquidity);
                portfolio.mark(X, price, price + prng.between(0, 3));
                position += size * side.sign();
                assert_eq!(portfolio.position(X), Lots(position), "seed {seed}, step {step}");
                assert_eq!(portfolio.rows[0].lots.sum_of_lots(), Lots(position), "seed {seed}, step {step}");
                assert_eq!(portfolio.account(X).net(), portfolio.equity(), "seed {seed}, step {step}");
            }
        }
    }

    #[test]
    fn marking_needs_no_memory_of_the_mark_before() {
        let mut often = portfolio(Contract::Linear, FeeSchedule::default());
        often.on_fill(X, Side::Buy, Ticks(100), Lots(2), Liquidity::Maker);
        let mut once = often.clone();
        for price in [90, 95, 130, 101] {
            often.mark(X, Ticks(price), Ticks(price + 1));
        }
        once.mark(X, Ticks(101), Ticks(102));
        assert_eq!(often.equity(), once.equity());
        assert_eq!(once.equity().to_string(), "37.5");
    }
}
