//! Cases worked out by hand, and random days counted a third way.

use Liquidity::{Maker, Taker};
use Side::{Buy, Sell};
use portfolio::{AccountTerms, Portfolio, Rate, TierTerms};
use std::collections::VecDeque;
use stdx::Prng;
use types::fees::{BASIS_POINT_PPB, Tier};
use types::instrument::Terms;
use types::{
    CashKind, Contract, FeeSchedule, Instrument, InstrumentId, Liquidity, Lots, Money, Nanos, OrderId,
    Origin, Side, Ticks,
};

const X: InstrumentId = InstrumentId(0);

fn instrument(
    id: u32,
    currency: &str,
    contract: Contract,
    tick_nanos: i64,
    multiplier_nanos: i64,
) -> Instrument {
    Instrument::new(Terms {
        id: InstrumentId(id),
        symbol: format!("X{id}"),
        venue: "test".into(),
        currency: currency.into(),
        contract,
        tick_nanos,
        lot_nanos: 1_000_000_000,
        multiplier_nanos,
        depths: types::Depths::default(),
        origin: Origin::Configured,
    })
    .expect("valid terms")
}

/// One tick of one lot is 1.
fn linear() -> Instrument {
    instrument(0, "USD", Contract::Linear, 1_000_000_000, 1_000_000_000)
}

/// A face of 100, steps of 0.1, settled in coins.
fn inverse() -> Instrument {
    instrument(0, "BTC", Contract::Inverse, 100_000_000, 100_000_000_000)
}

/// Half a basis point back for giving, two for taking, 0.01 for each lot.
const FEES: FeeSchedule = FeeSchedule {
    maker_ppb: -BASIS_POINT_PPB / 2,
    taker_ppb: 2 * BASIS_POINT_PPB,
    per_lot_nanos: 10_000_000,
    order_min_nanos: 0,
    order_max_ppb: 0,
};

type Fill = (Side, i64, i64, Liquidity);

/// Books the fills, marks, and shows position, realised, unrealised, fees.
fn booked(instrument: &Instrument, fees: FeeSchedule, fills: &[Fill], mark: (i64, i64)) -> String {
    let mut portfolio = Portfolio::new(std::slice::from_ref(instrument), &[fees]);
    for (at, &(side, price, size, liquidity)) in (0..).zip(fills) {
        portfolio.on_fill(Nanos(at), X, side, Ticks(price), Lots(size), liquidity);
    }
    portfolio.mark(X, Ticks(mark.0), Ticks(mark.1));
    let account = portfolio.account(X);
    assert_eq!(portfolio.equity(), account.equity());
    format!("{} {} {} {}", account.position.0, account.realised, account.unrealised, account.fees)
}

#[test]
fn positions_are_booked_as_by_hand() {
    let cases: &[(&[Fill], (i64, i64), &str)] = &[
        (&[], (99, 101), "0 0 0 0"),
        (&[(Buy, 1_000, 10, Taker)], (999, 1_001), "10 0 0 2.1"),
        // The mark is 1,009: 4 × 10 earned, 6 × 9 open. Fees 2.10 - 0.202 + 0.04.
        (&[(Buy, 1_000, 10, Taker), (Sell, 1_010, 4, Maker)], (1_008, 1_010), "6 40 54 1.938"),
        // First in, first out: 5 × 20 + 2 × 10; 3 from 110 are marked at 115.5. Turnover 1,890, 17 lots.
        (
            &[(Buy, 100, 5, Maker), (Buy, 110, 5, Maker), (Sell, 120, 7, Maker)],
            (115, 116),
            "3 120 16.5 0.0755",
        ),
        // Through zero: 3 × 5 earned, 5 short from 105, marked at 100.5. Turnover 1,140, 11 lots.
        (&[(Buy, 100, 3, Maker), (Sell, 105, 8, Maker)], (100, 101), "-5 15 22.5 0.053"),
        // ... and back to flat at 95: 15 + 50. Turnover 1,615, 16 lots.
        (&[(Buy, 100, 3, Maker), (Sell, 105, 8, Maker), (Buy, 95, 5, Maker)], (1, 2), "0 65 0 0.07925"),
        // Short first, then long: 4 × 5 earned, 2 long from 45 marked at 44.5. Turnover 470, 10 lots.
        (&[(Sell, 50, 4, Maker), (Buy, 45, 6, Maker)], (44, 45), "2 20 -1 0.0765"),
        // A loss both ways.
        (&[(Buy, 100, 1, Maker), (Sell, 90, 2, Maker), (Buy, 99, 1, Maker)], (99, 99), "0 -19 0 0.02105"),
        // Prices below zero are prices: bought at -10, sold at -4.
        (&[(Buy, -10, 2, Maker), (Sell, -4, 2, Maker)], (-4, -3), "0 12 0 0.0386"),
    ];
    for (fills, mark, expected) in cases {
        assert_eq!(booked(&linear(), FEES, fills, *mark), *expected, "{fills:?}");
    }
}

#[test]
fn an_inverse_position_is_booked_in_coins() {
    let none = FeeSchedule::default();
    let cases: &[(&[Fill], (i64, i64), &str)] = &[
        // 1,000 / 50,000 - 1,000 / 62,500 = 0.02 - 0.016.
        (&[(Buy, 500_000, 10, Taker), (Sell, 625_000, 10, Taker)], (1, 1), "0 0.004 0 0"),
        (&[(Sell, 500_000, 10, Taker), (Buy, 625_000, 10, Taker)], (1, 1), "0 -0.004 0 0"),
        // Half closed; the rest marked at the mean worth of 50,000 and 62,500: 0.01 - 0.009.
        (&[(Buy, 500_000, 10, Taker), (Sell, 625_000, 5, Taker)], (500_000, 625_000), "5 0.002 0.001 0"),
        // Through zero: 0.002 earned on 5, 5 short from 62,500, marked at 50,000: 0.01 - 0.008.
        (&[(Buy, 500_000, 5, Taker), (Sell, 625_000, 10, Taker)], (500_000, 500_000), "-5 0.002 0.002 0"),
        // 700 / 33,333.3 = 0.021000021000021 coins, sold at the same price in three parts: not a digit is lost.
        (
            &[
                (Buy, 333_333, 7, Taker),
                (Sell, 333_333, 2, Taker),
                (Sell, 333_333, 4, Taker),
                (Sell, 333_333, 1, Taker),
            ],
            (1, 1),
            "0 0 0 0",
        ),
    ];
    for (fills, mark, expected) in cases {
        assert_eq!(booked(&inverse(), none, fills, *mark), *expected, "{fills:?}");
    }
}

#[test]
fn half_of_the_smallest_money_is_rounded_down_both_ways() {
    // One tick of one lot is 10⁻¹².
    let finest = instrument(0, "USD", Contract::Linear, 1, 1_000_000);
    assert_eq!(finest.value(Ticks(1), Lots(1)), Money(1));
    let none = FeeSchedule::default();
    let long = booked(&finest, none, &[(Buy, 1, 1, Taker)], (1, 2));
    let short = booked(&finest, none, &[(Sell, 1, 1, Taker)], (1, 2));
    assert_eq!((long.as_str(), short.as_str()), ("1 0 0 0", "-1 0 -0.000000000001 0"));
}

#[test]
fn a_position_that_was_never_marked_stands_at_its_first_price() {
    let mut portfolio = Portfolio::new(&[linear()], &[FeeSchedule::default()]);
    portfolio.on_fill(Nanos(7), X, Buy, Ticks(100), Lots(2), Taker);
    portfolio.on_fill(Nanos(8), X, Buy, Ticks(110), Lots(2), Maker);
    let account = portfolio.account(X);
    assert_eq!(account.unrealised, Money::ONE * -20);
    assert_eq!((account.volume, account.turnover), (Lots(4), Money::ONE * 420));
    assert_eq!((account.fills_maker, account.fills_taker), (1, 1));
    assert_eq!((account.max_long, account.max_short), (Lots(4), Lots::ZERO));
    assert_eq!((account.average_price, account.last_fill_at), (Some(105.0), Some(Nanos(8))));
    let sizes: Vec<_> = portfolio.lots(X).map(|lot| (lot.price.0, lot.size.0)).collect();
    assert_eq!(sizes, [(100, 2), (110, 2)]);
}

#[test]
fn the_average_price_is_where_the_position_is_worth_what_it_cost() {
    let cases: [(Instrument, &[Fill], Option<f64>); 4] = [
        (linear(), &[(Buy, 100, 1, Taker), (Buy, 104, 3, Taker)], Some(103.0)),
        (linear(), &[(Sell, 100, 1, Taker), (Sell, 104, 3, Taker)], Some(103.0)),
        // Harmonic: 2 / (1/40,000 + 1/60,000).
        (inverse(), &[(Buy, 400_000, 5, Taker), (Buy, 600_000, 5, Taker)], Some(480_000.0)),
        (linear(), &[(Sell, 100, 1, Taker), (Buy, 104, 1, Taker)], None),
    ];
    for (instrument, fills, expected) in cases {
        let mut portfolio = Portfolio::new(&[instrument], &[FeeSchedule::default()]);
        for &(side, price, size, liquidity) in fills {
            portfolio.on_fill(Nanos(0), X, side, Ticks(price), Lots(size), liquidity);
        }
        match (portfolio.account(X).average_price, expected) {
            (Some(seen), Some(expected)) => {
                assert!((seen / expected - 1.0).abs() < 1e-9, "{seen} {expected}")
            }
            (seen, expected) => assert_eq!(seen, expected),
        }
    }
}

#[test]
fn two_currencies_have_no_sum_until_a_rate_is_known() {
    let dollars = linear();
    let coins = instrument(1, "BTC", Contract::Inverse, 100_000_000, 100_000_000_000);
    let more_dollars = instrument(2, "USD", Contract::Linear, 1_000_000_000, 1_000_000_000);
    let fees = [FeeSchedule::default(); 3];
    let trade = |mut portfolio: Portfolio| {
        portfolio.on_fill(Nanos(0), InstrumentId(0), Buy, Ticks(100), Lots(1), Taker);
        portfolio.on_fill(Nanos(0), InstrumentId(1), Buy, Ticks(500_000), Lots(10), Taker);
        portfolio.on_fill(Nanos(0), InstrumentId(2), Sell, Ticks(100), Lots(3), Taker);
        portfolio.mark(InstrumentId(0), Ticks(110), Ticks(110));
        portfolio.mark(InstrumentId(1), Ticks(625_000), Ticks(625_000));
        portfolio.mark(InstrumentId(2), Ticks(101), Ticks(101));
        let balances = portfolio.balances().map(|b| format!("{} {} = {}", b.equity, b.currency, b.worth));
        (portfolio.equity().to_string(), balances.collect::<Vec<_>>().join(", "))
    };
    let all = [dollars, coins, more_dollars];
    let unknown = trade(Portfolio::new(&all, &fees));
    assert_eq!(unknown, ("7".into(), "7 USD = 7, 0.004 BTC = 0".into()));
    let rates = vec![("BTC".into(), Rate::Fixed(Money::ONE * 60_000))];
    let fixed = trade(Portfolio::with(&all, &fees, AccountTerms { rates, ..AccountTerms::default() }));
    assert_eq!(fixed, ("247".into(), "7 USD = 7, 0.004 BTC = 240".into()));
    // The other way round: an account in coins.
    let terms = AccountTerms {
        currency: "BTC".into(),
        rates: vec![("USD".into(), Rate::Fixed(Money::from_nanos(20_000)))],
        ..AccountTerms::default()
    };
    let in_coins = trade(Portfolio::with(&all, &fees, terms));
    assert_eq!(in_coins, ("0.00414".into(), "7 USD = 0.00014, 0.004 BTC = 0.004".into()));
}

#[test]
fn what_a_rate_makes_of_a_balance_stands_apart() {
    // Dollars; coins whose rate is the mid of instrument 2, a tick of 1 dollar.
    let dollars = linear();
    let coins = instrument(1, "BTC", Contract::Inverse, 100_000_000, 100_000_000_000);
    let pair = instrument(2, "USD", Contract::Linear, 1_000_000_000, 1_000_000_000);
    let rule = Rate::Mid { instrument: InstrumentId(2), inverse: false, times: Money::ONE };
    let terms = AccountTerms { rates: vec![("BTC".into(), rule)], ..AccountTerms::default() };
    let mut portfolio = Portfolio::with(&[dollars, coins, pair], &[FeeSchedule::default(); 3], terms);
    let coin = InstrumentId(1);
    assert_eq!(portfolio.rate(coin), None);
    assert!(portfolio.mark(InstrumentId(2), Ticks(49_999), Ticks(50_002)));
    assert_eq!(portfolio.rate(coin).map(|rate| rate.to_string()), Some("50000.5".into()));
    assert!(portfolio.mark(InstrumentId(2), Ticks(50_000), Ticks(50_000)));
    portfolio.on_fill(Nanos(0), coin, Buy, Ticks(500_000), Lots(10), Taker);
    portfolio.mark(coin, Ticks(625_000), Ticks(625_000));
    portfolio.on_cash(coin, CashKind::Funding, Money(-1_000_000_000));
    // 0.004 BTC earned less 0.001 paid, at 50,000.
    let shown = |portfolio: &Portfolio| {
        let books = portfolio.books();
        [books.equity, books.funding, books.currency].map(|money| money.to_string())
    };
    assert_eq!(shown(&portfolio), ["150", "-50", "0"]);
    assert!(!portfolio.mark(InstrumentId(2), Ticks(50_000), Ticks(50_000)), "the rate is as it was");
    assert!(portfolio.mark(InstrumentId(2), Ticks(60_000), Ticks(60_000)));
    assert_eq!(shown(&portfolio), ["180", "-50", "30"]);
    // A price that says nothing leaves the rate.
    assert!(!portfolio.mark(InstrumentId(2), Ticks(0), Ticks(0)));
    assert_eq!(shown(&portfolio), ["180", "-50", "30"]);
}

#[test]
fn many_currencies_add_up_to_the_last_digit() {
    for seed in 0..20 {
        let mut prng = Prng::new(seed);
        let dollars = linear();
        let coins = instrument(1, "BTC", Contract::Inverse, 100_000_000, 100_000_000_000);
        let yen = instrument(2, "JPY", Contract::Linear, 1_000_000_000, 1_000_000_000);
        let pairs = [
            instrument(3, "USD", Contract::Linear, 10_000_000, 1_000_000_000),
            instrument(4, "JPY", Contract::Linear, 1_000_000, 1_000_000_000),
        ];
        let rate = |id, inverse| Rate::Mid { instrument: InstrumentId(id), inverse, times: Money::ONE };
        let terms = AccountTerms {
            rates: vec![("BTC".into(), rate(3, false)), ("JPY".into(), rate(4, true))],
            ..AccountTerms::default()
        };
        let all = [&[dollars, coins, yen], &pairs[..]].concat();
        let mut portfolio = Portfolio::with(&all, &[FEES; 5], terms);
        portfolio.mark(InstrumentId(3), Ticks(5_000_000), Ticks(5_000_100));
        portfolio.mark(InstrumentId(4), Ticks(150_000), Ticks(150_010));
        // What the account's books should say, from each change by itself.
        let (mut earned, mut currency) = (Money::ZERO, Money::ZERO);
        let worth = |portfolio: &Portfolio| {
            portfolio.balances().map(|b| b.equity.at_rate(b.rate.expect("known"))).sum::<Money>()
        };
        for _ in 0..2_000 {
            let before = worth(&portfolio);
            let id = InstrumentId(u32::try_from(prng.below(3)).expect("small"));
            match prng.below(4) {
                0 => {
                    let side = if prng.chance(0.5) { Buy } else { Sell };
                    let price = Ticks(prng.between(400_000, 600_000));
                    portfolio.on_fill(Nanos(0), id, side, price, Lots(prng.between(1, 9)), Maker);
                }
                1 => portfolio.on_cash(
                    id,
                    CashKind::Borrow,
                    Money(i128::from(prng.between(-1_000_000, 1_000_000))),
                ),
                2 => {
                    let bid = prng.between(400_000, 600_000);
                    portfolio.mark(id, Ticks(bid), Ticks(bid + prng.between(1, 9)));
                }
                _ => {
                    let pair = InstrumentId(if prng.chance(0.5) { 3 } else { 4 });
                    let bid = prng.between(140_000, 160_000) * if pair.0 == 3 { 30 } else { 1 };
                    portfolio.mark(pair, Ticks(bid), Ticks(bid + 7));
                    currency += worth(&portfolio) - before;
                    continue;
                }
            }
            earned += worth(&portfolio) - before;
        }
        let books = portfolio.books();
        assert_eq!(books.currency, currency, "seed {seed}");
        assert_eq!(books.equity, earned + currency, "seed {seed}");
        assert_eq!(books.equity, worth(&portfolio), "seed {seed}");
        let revalued = portfolio.balances().map(|b| b.revalued).sum::<Money>();
        assert!(revalued == currency && currency != Money::ZERO, "seed {seed}");
    }
}

#[test]
fn cash_that_no_fill_moved_is_on_both_counts() {
    let mut portfolio = Portfolio::new(&[linear()], &[FEES]);
    portfolio.on_fill(Nanos(0), X, Buy, Ticks(100), Lots(2), Taker);
    let before = portfolio.account(X);
    for (kind, amount) in [(CashKind::Funding, -7), (CashKind::Borrow, -11), (CashKind::Fee, 5)] {
        portfolio.on_cash(X, kind, Money(amount));
    }
    let after = portfolio.account(X);
    assert_eq!((after.funding, after.borrow, before.fees - after.fees), (Money(-7), Money(-11), Money(5)));
    assert_eq!(after.equity() - before.equity(), Money(-13));
    assert_eq!(portfolio.equity(), after.equity());
}

#[test]
fn an_order_in_parts_costs_what_it_would_whole() {
    // 0.005 a share, at least 1.00 and at most 1 % an order; a tick of a lot is worth 1.
    let fees = FeeSchedule {
        per_lot_nanos: 5_000_000,
        order_min_nanos: 1_000_000_000,
        order_max_ppb: 10_000_000,
        ..FeeSchedule::default()
    };
    let mut portfolio = Portfolio::new(&[linear()], &[fees]);
    let mut paid = |order, price, size| {
        let booked = portfolio.on_fill(Nanos(0), X, Buy, Ticks(price), Lots(size), Taker);
        portfolio.on_order(OrderId(order), X, Lots(size), &booked);
        assert_eq!(portfolio.books().fees, portfolio.account(X).fees);
        portfolio.account(X).fees.to_string()
    };
    // 100 shares at 25 are 1.00 at once; to 150, nothing more; to 1,000 it is 5.00.
    assert_eq!([paid(7, 25, 100), paid(7, 25, 50), paid(7, 25, 850)], ["1", "1", "5"]);
    // Another order begins at its own least; one that turned over 50 costs half a unit at most, until it grows.
    assert_eq!([paid(8, 25, 10), paid(9, 1, 50), paid(9, 1, 150), paid(8, 25, 990)], ["6", "6.5", "7", "11"]);
}

#[test]
fn a_tier_that_is_reached_changes_the_fee_of_the_next_day() {
    // A tick of a lot is worth 1: a fill of 10 at 100 turns over 1,000.
    let terms = TierTerms {
        venue: "test".into(),
        instruments: vec![InstrumentId(2)],
        starting: Money::ZERO,
        tiers: vec![Tier { turnover: Money::ONE * 1_500, maker_ppb: -100_000, taker_ppb: 200_000 }],
    };
    let fees =
        FeeSchedule { maker_ppb: 200_000, taker_ppb: 500_000, per_lot_nanos: 0, ..FeeSchedule::default() };
    let dollars = instrument(2, "USD", Contract::Linear, 1_000_000_000, 1_000_000_000);
    let all = [linear(), instrument(1, "USD", Contract::Linear, 1_000_000_000, 1_000_000_000), dollars];
    let account = AccountTerms { tiers: vec![terms], ..AccountTerms::default() };
    let mut portfolio = Portfolio::with(&all, &[fees; 3], account);
    portfolio.start(Nanos(3));
    let day = |n: i64| Nanos(n * 86_400_000_000_000 + 1);
    let mut fee = |at, id, liquidity| {
        let booked = portfolio.on_fill(at, InstrumentId(id), Buy, Ticks(100), Lots(10), liquidity);
        booked.fee.to_string()
    };
    // Day 0: 2 bp and 5 bp of 1,000, although the second fill passes the threshold.
    assert_eq!([fee(day(0), 2, Maker), fee(day(0), 2, Taker), fee(day(0), 2, Taker)], ["0.2", "0.5", "0.5"]);
    // Day 1: the tier's. Another venue's fees stay.
    assert_eq!([fee(day(1), 2, Maker), fee(day(1), 2, Taker), fee(day(1), 1, Taker)], ["-0.1", "0.2", "0.5"]);
    // Day 31: day 0 no longer counts, day 1 does.
    assert_eq!([fee(day(31), 2, Taker), fee(day(32), 2, Taker)], ["0.2", "0.5"]);
    let changes: Vec<_> = portfolio.tiers()[0].changes().iter().map(|c| (c.0, c.1.is_some())).collect();
    let midnight = |n: i64| Nanos(n * 86_400_000_000_000);
    assert_eq!(changes, [(Nanos(3), false), (midnight(1), true), (midnight(32), false)]);
}

/// First in, first out with an entry for each single lot: nothing to split, nothing to merge.
#[derive(Default)]
struct Obvious {
    lots: VecDeque<(i64, i64)>,
    realised: i64,
}

impl Obvious {
    fn fill(&mut self, side: Side, price: i64, size: i64) {
        for _ in 0..size {
            match self.lots.front() {
                Some(&(sign, entry)) if sign != side.sign() => {
                    self.realised += (price - entry) * sign;
                    self.lots.pop_front();
                }
                _ => self.lots.push_back((side.sign(), price)),
            }
        }
    }

    fn position(&self) -> i64 {
        self.lots.iter().map(|(sign, _)| sign).sum()
    }

    /// Twice the open profit at the mean of bid and ask.
    fn unrealised_twice(&self, bid: i64, ask: i64) -> i64 {
        self.lots.iter().map(|(sign, entry)| (bid + ask - 2 * entry) * sign).sum()
    }
}

#[test]
fn random_days_agree_with_a_lot_by_lot_count() {
    for seed in 0..30 {
        let mut prng = Prng::new(seed);
        let mut portfolio = Portfolio::new(&[linear()], &[FeeSchedule::default()]);
        let mut obvious = Obvious::default();
        let (mut flips, mut before) = (0, 0);
        for _ in 0..2_000 {
            let to_buy = if before > 0 { 0.4 } else { 0.6 }; // around zero, and often through it
            let side = if prng.chance(to_buy) { Buy } else { Sell };
            let (price, size) = (prng.between(-5, 40), prng.between(1, 12));
            portfolio.on_fill(Nanos(0), X, side, Ticks(price), Lots(size), Maker);
            obvious.fill(side, price, size);
            let (bid, ask) = (prng.between(-5, 40), prng.between(-5, 40));
            portfolio.mark(X, Ticks(bid), Ticks(ask));
            let account = portfolio.account(X);
            assert_eq!(account.position, Lots(obvious.position()), "seed {seed}");
            assert_eq!(account.realised, Money::ONE * obvious.realised, "seed {seed}");
            let half = Money(Money::ONE.0 / 2);
            assert_eq!(account.unrealised, half * obvious.unrealised_twice(bid, ask), "seed {seed}");
            flips += u32::from(account.position.0 * before < 0);
            before = account.position.0;
        }
        assert!(flips > 50, "seed {seed}: {flips} flips");
    }
}

/// Any contract, any fees: equity is minus what was paid, plus what is held is worth, minus fees, to the last
/// digit; and the open lots are the position, at their cost.
#[test]
fn not_a_digit_is_lost_on_random_days() {
    for seed in 0..40 {
        let mut prng = Prng::new(seed);
        let contract = if seed % 2 == 0 { Contract::Inverse } else { Contract::Linear };
        let odd = instrument(0, "BTC", contract, 70_000_000, 37_000_000_000);
        let fees = FeeSchedule {
            maker_ppb: prng.between(-100_000, 100_000),
            taker_ppb: prng.between(0, 700_000),
            per_lot_nanos: prng.between(0, 10_000),
            ..FeeSchedule::default()
        };
        let mut portfolio = Portfolio::new(std::slice::from_ref(&odd), &[fees]);
        let (mut cash, mut paid, mut position, mut price) = (Money::ZERO, Money::ZERO, Lots::ZERO, 50_000);
        for _ in 0..2_000 {
            let side = if prng.chance(0.5) { Buy } else { Sell };
            let liquidity = if prng.chance(0.5) { Maker } else { Taker };
            price = (price + prng.between(-50, 50)).max(1_000);
            let (at, size) = (Ticks(price), Lots(prng.between(1, 30)));
            let booked = portfolio.on_fill(Nanos(0), X, side, at, size, liquidity);
            cash -= odd.value(at, size.signed(side));
            paid += fees.fee(&odd, at, size, liquidity);
            position += size.signed(side);
            assert_eq!(booked.position, position);
            let (bid, ask) = (Ticks(price - prng.between(0, 3)), Ticks(price + prng.between(0, 3)));
            portfolio.mark(X, bid, ask);
            let worth = Money((odd.value(bid, position) + odd.value(ask, position)).0.div_euclid(2));
            let account = portfolio.account(X);
            assert_eq!(account.fees, paid, "seed {seed}");
            assert_eq!(account.equity(), cash + worth - paid, "seed {seed}");
            assert_eq!(portfolio.equity(), account.equity(), "seed {seed}");
            assert_eq!(portfolio.lots(X).map(|lot| lot.size).sum::<Lots>(), position, "seed {seed}");
            let cost: Money = portfolio.lots(X).map(|lot| lot.cost).sum();
            assert_eq!(account.realised - cost, cash, "seed {seed}");
            // Each open lot costs what its price says, to within a digit for each part taken from it.
            for lot in portfolio.lots(X) {
                assert!(
                    (lot.cost - odd.value(lot.price, lot.size)).abs() <= Money(100),
                    "seed {seed}: {lot:?}"
                );
            }
        }
    }
}

#[test]
#[should_panic(expected = "a fill of")]
fn a_fill_of_nothing_is_our_own_error() {
    let mut portfolio = Portfolio::new(&[linear()], &[FEES]);
    portfolio.on_fill(Nanos(0), X, Buy, Ticks(1), Lots(0), Maker);
}

/// A fill that may be taken back later.
#[derive(Clone, Copy)]
struct Taken {
    at: Nanos,
    order: OrderId,
    side: Side,
    price: Ticks,
    size: Lots,
    liquidity: Liquidity,
}

fn book(portfolio: &mut Portfolio, fill: &Taken) {
    let Taken { at, order, side, price, size, liquidity } = *fill;
    let booked = portfolio.on_fill(at, X, side, price, size, liquidity);
    portfolio.on_order(order, X, size, &booked);
}

fn bust(portfolio: &mut Portfolio, fill: &Taken) {
    let Taken { at, order, side, price, size, liquidity } = *fill;
    let booked = portfolio.on_bust(at, X, side, price, size, liquidity);
    portfolio.on_order_bust(order, X, size, &booked);
}

#[test]
fn a_fill_taken_back_leaves_money_and_position_as_if_it_had_never_been() {
    let order_fees = FeeSchedule { order_min_nanos: 300_000_000, order_max_ppb: 10_000_000, ..FEES };
    for (instrument, fees) in [(linear(), FEES), (inverse(), FEES), (linear(), order_fees)] {
        for seed in 0..40 {
            let mut prng = Prng::new(seed);
            let new = || Portfolio::new(std::slice::from_ref(&instrument), &[fees]);
            let (mut with, mut without) = (new(), new());
            let mut standing = Vec::new();
            for n in 0..60 {
                let fill = Taken {
                    at: Nanos(n),
                    order: OrderId(u32::try_from(n / 3).expect("small")),
                    side: if prng.chance(0.5) { Buy } else { Sell },
                    price: Ticks(prng.between(900, 1_100)),
                    size: Lots(prng.between(1, 20)),
                    liquidity: if prng.chance(0.5) { Maker } else { Taker },
                };
                book(&mut with, &fill);
                standing.push(fill);
                if prng.chance(0.3) {
                    let at = usize::try_from(prng.below(standing.len() as u64)).expect("small");
                    bust(&mut with, &standing.remove(at));
                }
                let bid = prng.between(900, 1_100);
                with.mark(X, Ticks(bid), Ticks(bid + 1));
            }
            for fill in &standing {
                book(&mut without, fill);
            }
            with.mark(X, Ticks(1_000), Ticks(1_001));
            without.mark(X, Ticks(1_000), Ticks(1_001));
            assert_eq!(with.position(X), without.position(X), "seed {seed}");
            assert_eq!(with.equity(), without.equity(), "seed {seed}");
            assert_eq!(with.fees(X), without.fees(X), "seed {seed}");
            assert_eq!(with.books(), without.books(), "seed {seed}");
            let (one, other) = (with.account(X), without.account(X));
            assert_eq!((one.volume, one.turnover), (other.volume, other.turnover), "seed {seed}");
            assert_eq!(
                (one.fills_maker, one.fills_taker),
                (other.fills_maker, other.fills_taker),
                "seed {seed}"
            );
            assert_eq!(one.realised + one.unrealised, other.realised + other.unrealised, "seed {seed}");
        }
    }
}

#[test]
fn a_fill_whose_lot_is_still_there_takes_that_very_lot_back() {
    let mut portfolio = Portfolio::new(&[linear()], &[FEES]);
    let fill = |side, price, size| Taken {
        at: Nanos(1),
        order: OrderId(0),
        side,
        price: Ticks(price),
        size: Lots(size),
        liquidity: Maker,
    };
    for own in [fill(Buy, 100, 5), fill(Buy, 90, 5), fill(Sell, 110, 2)] {
        book(&mut portfolio, &own);
    }
    bust(&mut portfolio, &fill(Buy, 90, 5));
    let lots: Vec<_> = portfolio.lots(X).map(|lot| (lot.price.0, lot.size.0)).collect();
    assert_eq!((lots, portfolio.account(X).realised.to_string()), (vec![(100, 3)], "20".into()));
    // Two of the five from 100 were sold: what they earned stays, and the position is short of them.
    bust(&mut portfolio, &fill(Buy, 100, 5));
    let lots: Vec<_> = portfolio.lots(X).map(|lot| (lot.price.0, lot.size.0)).collect();
    assert_eq!((lots, portfolio.position(X)), (vec![(100, -2)], Lots(-2)));
}

#[test]
fn a_bust_gives_back_the_fee_of_the_fill_s_own_day() {
    let terms = TierTerms {
        venue: "test".into(),
        instruments: vec![X],
        starting: Money::ZERO,
        tiers: vec![Tier { turnover: Money::ONE * 1_000, maker_ppb: 0, taker_ppb: 0 }],
    };
    let account = AccountTerms { tiers: vec![terms], ..AccountTerms::default() };
    let mut portfolio = Portfolio::with(&[linear()], &[FEES], account);
    let day = 86_400_000_000_000;
    portfolio.start(Nanos(0));
    portfolio.on_fill(Nanos(5), X, Buy, Ticks(1_000), Lots(10), Taker);
    assert_eq!(portfolio.fees(X).to_string(), "2.1");
    portfolio.on_fill(Nanos(day + 5), X, Buy, Ticks(1_000), Lots(10), Taker);
    assert_eq!(portfolio.fees(X).to_string(), "2.2", "a better tier by now");
    portfolio.on_bust(Nanos(5), X, Buy, Ticks(1_000), Lots(10), Taker);
    assert_eq!(portfolio.fees(X).to_string(), "0.1");
}
