//! Controls that ask a measure, as their users meet them: at the limit passes, one beyond is refused, unset refuses, off is off.

use crate::measures::covariance::Covariances;
use crate::measures::greeks::Sensitivities;
use crate::tests::linear;
use crate::{Level, LimitId, Limits, Refusal, Risk, Setting, Touch};
use LimitId as L;
use Side::{Buy, Sell};
use stdx::Prng;
use types::instrument::Terms;
use types::{
    Action, AlertKind, Contract, Depths, Instrument, InstrumentId, Lots, Money, Nanos, NewOrder, OrderKind,
    Origin, Scope, Side, StrategyId, Ticks, TimeInForce,
};

const X: InstrumentId = InstrumentId(0);
const Y: InstrumentId = InstrumentId(1);
const ME: StrategyId = StrategyId(0);
const OTHER: StrategyId = StrategyId(1);
const NANOS: i64 = 1_000_000_000;
const SECOND: i64 = 1_000_000_000;

/// Two instruments of one venue where one tick of one lot is worth 1.00, at 100.
struct Desk {
    risk: Risk,
    now: Nanos,
}

fn second() -> Instrument {
    Instrument::new(Terms {
        id: Y,
        symbol: "Y".into(),
        venue: "test".into(),
        currency: "USD".into(),
        contract: Contract::Linear,
        tick_nanos: 10_000_000,
        lot_nanos: 1_000_000_000,
        multiplier_nanos: 100_000_000_000,
        depths: Depths::default(),
        origin: Origin::Configured,
    })
    .expect("valid terms")
}

impl Desk {
    fn new(limits: &Limits) -> Self {
        let mut desk = Self { risk: Risk::new(&[linear(), second()], limits), now: Nanos(SECOND) };
        desk.at(SECOND);
        desk.risk.on_equity(desk.now, Money::ZERO);
        desk.mid(X, 100);
        desk.mid(Y, 100);
        desk
    }

    fn with(set: &[(Level, LimitId, i64)]) -> Self {
        let mut limits = Limits::wide();
        for &(level, limit, value) in set {
            limits.every(level, limit, value);
        }
        Self::new(&limits)
    }

    fn at(&mut self, nanos: i64) {
        self.now = Nanos(nanos);
        self.risk.on_input(self.now);
    }

    fn touch(mid: i64) -> Touch {
        Touch { bid: Some(Ticks(mid - 1)), ask: Some(Ticks(mid + 1)), live: true }
    }

    fn mid(&mut self, instrument: InstrumentId, mid: i64) {
        self.risk.on_market(instrument, &Self::touch(mid));
    }

    fn ask_of(
        &mut self,
        by: StrategyId,
        instrument: InstrumentId,
        kind: OrderKind,
        side: Side,
        price: i64,
        size: i64,
    ) -> Result<(), Refusal> {
        let order = NewOrder {
            instrument,
            side,
            kind,
            time_in_force: TimeInForce::GoodTilCancel,
            price: Ticks(price),
            size: Lots(size),
        };
        self.risk.check(self.now, by, &order, &Self::touch(100)).map(drop)
    }

    /// Asks for an order at 100 that stays open.
    fn ask(&mut self, side: Side, size: i64) -> Result<(), Refusal> {
        self.ask_of(ME, X, OrderKind::Limit, side, 100, size)
    }

    /// Whether an order of mine in X would pass; nothing of it stays.
    fn may(&mut self, side: Side, size: i64) -> bool {
        let passed = self.ask(side, size);
        if passed.is_ok() {
            self.risk.on_closed(ME, X, side, Lots(size));
        }
        passed.is_ok()
    }

    fn trade_of(&mut self, by: StrategyId, instrument: InstrumentId, side: Side, price: i64, size: i64) {
        self.ask_of(by, instrument, OrderKind::Limit, side, price, size).expect("it passes");
        self.risk.on_fill(by, instrument, side, Ticks(price), Lots(size));
        self.risk.on_closed(by, instrument, side, Lots(0));
    }

    fn trade(&mut self, side: Side, size: i64) {
        self.trade_of(ME, X, side, 100, size);
    }

    /// What people were told: control, scope, whether it cancels in one instrument only.
    fn news(&mut self) -> Vec<(i64, Scope, Option<InstrumentId>)> {
        std::iter::from_fn(|| self.risk.take_news())
            .inspect(|news| assert!(news.cancels && news.kind == AlertKind::Halted))
            .map(|news| (news.value, news.scope, news.within))
            .collect()
    }
}

fn kind(asked: Result<(), Refusal>) -> &'static str {
    asked.err().map_or("passes", |refusal| refusal.kind())
}

/// Every limit of a measure that is unset refuses everything, and one that is off nothing.
#[test]
fn what_is_unset_refuses_and_what_is_off_does_not() {
    let measured = [
        (Level::Instrument, L::MarginRate),
        (Level::Account, L::MarginCapital),
        (Level::Strategy, L::StopLoss),
        (Level::Strategy, L::TrailingStop),
        (Level::Strategy, L::LossRate),
        (Level::Strategy, L::LossRateWindow),
        (Level::Account, L::ValueAtRisk),
        (Level::Firm, L::ValueAtRisk),
        (Level::Account, L::Shortfall),
        (Level::Firm, L::Shortfall),
        (Level::Account, L::TailLevel),
        (Level::Firm, L::TailLevel),
        (Level::Account, L::Delta),
        (Level::Account, L::Gamma),
        (Level::Account, L::Vega),
        (Level::Strategy, L::Capital),
        (Level::Strategy, L::Concentration),
        (Level::Instrument, L::AverageVolume),
        (Level::Strategy, L::VolumeShare),
        (Level::Strategy, L::Participation),
        (Level::Strategy, L::ParticipationFree),
        (Level::Instrument, L::ParticipationWindow),
        (Level::Strategy, L::ProtectionFills),
        (Level::Venue, L::ProtectionFills),
        (Level::Strategy, L::ProtectionDelta),
        (Level::Venue, L::ProtectionDelta),
        (Level::Strategy, L::ProtectionWindow),
        (Level::Venue, L::ProtectionWindow),
        (Level::Strategy, L::ProtectionPause),
        (Level::Venue, L::ProtectionPause),
        (Level::Strategy, L::QuoteWidthMin),
        (Level::Strategy, L::QuoteWidthMax),
        (Level::Strategy, L::QuoteSizeMin),
        (Level::Strategy, L::QuoteSizeMax),
        (Level::Account, L::Settlement),
        (Level::Account, L::SettlementDays),
    ];
    for (level, limit) in measured {
        let mut limits = Limits::wide();
        assert!(Desk::new(&limits).may(Buy, 1));
        limits.every_mut(level).set(limit, Setting::Unset);
        let refusal = Desk::new(&limits).ask(Buy, 1);
        assert_eq!(refusal, Err(Refusal::LimitUnset { level, limit }), "{level} {}", limit.name());
    }
}

#[test]
fn rc_16_margins_are_covered_by_what_the_account_has() {
    // A tenth of 100.00 a lot; 1,000.00 to begin with.
    let mut desk = Desk::with(&[
        (Level::Instrument, L::MarginRate, 100_000),
        (Level::Account, L::MarginCapital, 1_000 * NANOS),
    ]);
    assert!(desk.may(Buy, 100) && !desk.may(Buy, 101));
    assert!(desk.may(Sell, 100) && !desk.may(Sell, 101));
    // Working orders and positions count, in both instruments; an order on the other side of what is held is free.
    desk.trade(Buy, 60);
    desk.ask_of(OTHER, Y, OrderKind::Limit, Sell, 100, 30).expect("3 x 100.00 more");
    assert!(desk.may(Buy, 10) && !desk.may(Buy, 11));
    assert!(desk.may(Sell, 120) && desk.may(Sell, 130) && !desk.may(Sell, 131));
    // At 90 the position lost 600.00 and ties up 540.00: what is left is 400.00. Only less passes.
    desk.mid(X, 90);
    assert_eq!(kind(desk.ask(Buy, 1)), "margin");
    assert!(desk.may(Sell, 60) && desk.may(Sell, 120), "as much the other way ties up no more");
    assert!(!desk.may(Sell, 121));
    // Without a capital nobody counts margin.
    assert!(Desk::with(&[(Level::Instrument, L::MarginRate, 100_000)]).may(Buy, 1_000_000));
}

#[test]
fn rc_16_a_changed_rate_counts_for_what_is_held() {
    let mut desk = Desk::with(&[
        (Level::Instrument, L::MarginRate, 100_000),
        (Level::Account, L::MarginCapital, 1_000 * NANOS),
    ]);
    desk.trade(Buy, 60);
    assert!(desk.may(Buy, 40));
    desk.risk.set_limit(L::MarginRate as u16, Scope::Instrument(X), 150_000).expect("it may be set");
    assert!(desk.may(Buy, 6) && !desk.may(Buy, 7), "60 tie up 900.00");
    let raises = |value| Action::SetLimit { limit: L::MarginRate as u16, scope: Scope::Instrument(X), value };
    assert!(desk.risk.loosens(&raises(149_999)) && !desk.risk.loosens(&raises(150_001)), "more is stricter");
    // Closed again, nothing is tied up.
    desk.trade(Sell, 60);
    assert!(desk.may(Buy, 66) && !desk.may(Buy, 67));
}

#[test]
fn rc_19_a_strategy_that_loses_too_fast_may_only_reduce() {
    let minute = 60 * SECOND;
    let limits = [(Level::Strategy, L::LossRate, 100 * NANOS), (Level::Strategy, L::LossRateWindow, minute)];
    let mut desk = Desk::with(&limits);
    desk.trade(Buy, 10);
    desk.mid(X, 90);
    assert!(desk.may(Buy, 1) && desk.news().is_empty(), "100.00 may be");
    desk.mid(X, 89);
    assert_eq!(desk.news(), [(19, Scope::Strategy(ME), None)]);
    assert_eq!(kind(desk.ask(Buy, 1)), "loss rate");
    assert!(desk.may(Sell, 10) && !desk.may(Sell, 11), "a flip adds");
    assert_eq!(kind(desk.ask_of(OTHER, X, OrderKind::Limit, Buy, 100, 1)), "passes");
    // The market comes back; only a person ends it.
    desk.mid(X, 200);
    assert_eq!(kind(desk.ask(Buy, 1)), "loss rate");
    assert!(desk.risk.reset(Scope::Strategy(ME)) && desk.may(Buy, 1));
    // As much, but slowly.
    let mut slow = Desk::with(&limits);
    slow.trade(Buy, 10);
    for step in 1..40 {
        slow.at(SECOND + step * 2 * minute);
        slow.mid(X, 100 - step);
    }
    assert!(slow.news().is_empty());
}

#[test]
fn rc_18_a_position_that_stops_may_only_shrink() {
    let mut desk = Desk::with(&[(Level::Strategy, L::StopLoss, 100 * NANOS)]);
    desk.trade(Buy, 10);
    desk.trade_of(ME, Y, Buy, 100, 1);
    desk.mid(X, 90);
    assert!(desk.news().is_empty());
    desk.mid(X, 89);
    assert_eq!(desk.news(), [(18, Scope::Strategy(ME), Some(X))]);
    assert_eq!(kind(desk.ask(Buy, 1)), "position stopped");
    assert!(desk.may(Sell, 10) && !desk.may(Sell, 11));
    assert_eq!(
        kind(desk.ask_of(ME, Y, OrderKind::Limit, Buy, 100, 1)),
        "passes",
        "the other position has not"
    );
    // Flat, and still latched; a reset ends it.
    desk.trade_of(ME, X, Sell, 89, 10);
    assert_eq!(kind(desk.ask(Buy, 1)), "position stopped");
    assert!(desk.risk.reset(Scope::Instrument(X)) && desk.may(Buy, 1));
}

#[test]
fn rc_18_a_trailing_stop_follows_the_best() {
    let mut desk = Desk::with(&[(Level::Strategy, L::TrailingStop, 100 * NANOS)]);
    desk.trade(Sell, 10);
    for mid in [95, 80, 90] {
        desk.mid(X, mid);
        assert!(desk.news().is_empty(), "{mid}");
    }
    desk.mid(X, 91);
    assert_eq!(desk.news(), [(18, Scope::Strategy(ME), Some(X))]);
    assert!(desk.may(Buy, 10) && !desk.may(Sell, 1));
}

/// A lot of X moves by 10.00, one of Y by 20.00, correlated by a half.
fn model() -> Option<Covariances> {
    Covariances::new(&[10.0, 20.0], &[1.0, 0.5, 0.5, 1.0])
}

#[test]
fn rc_20_an_order_that_takes_the_tail_beyond_its_limit_is_refused() {
    let z = 2.326_347_874_040_840_8;
    for level in [Level::Account, Level::Firm] {
        let mut limits = Limits::wide();
        limits.covariances = model();
        limits.every(level, L::ValueAtRisk, (1_000.0 * z) as i64 * NANOS);
        limits.every(level, L::TailLevel, 990_000);
        let mut desk = Desk::new(&limits);
        // A deviation of 999.85: one of X is 10.00.
        assert!(desk.may(Buy, 99) && !desk.may(Buy, 100), "{level}");
        assert!(desk.may(Sell, 99) && !desk.may(Sell, 100), "{level}");
        // 50 of X are 500; with 30 of Y: sqrt(250,000 + 360,000 + 300,000) = 953.9; with 33: 1,005.
        desk.trade(Buy, 50);
        let y = |desk: &mut Desk, side, size| kind(desk.ask_of(ME, Y, OrderKind::Limit, side, 100, size));
        assert_eq!(y(&mut desk, Buy, 33), "value at risk", "{level}");
        assert_eq!(y(&mut desk, Buy, 30), "passes", "{level}");
        // What works on a side counts with what comes; the other side hedges.
        assert_eq!(y(&mut desk, Buy, 3), "value at risk", "{level}");
        assert_eq!(y(&mut desk, Sell, 40), "passes", "{level}");
    }
}

#[test]
fn rc_20_beyond_the_limit_only_what_lowers_the_tail_passes() {
    let mut limits = Limits::wide();
    limits.covariances = model();
    limits.every(Level::Account, L::Shortfall, 3_000 * NANOS);
    limits.every(Level::Account, L::TailLevel, 975_000);
    let mut desk = Desk::new(&limits);
    desk.trade(Buy, 100);
    desk.risk
        .set_limit(L::Shortfall as u16, Scope::Account(types::AccountId(0)), 1_000 * NANOS)
        .expect("may be");
    assert_eq!(kind(desk.ask(Buy, 1)), "value at risk");
    assert!(desk.may(Sell, 1) && desk.may(Sell, 100) && desk.may(Sell, 199));
    assert!(desk.may(Sell, 200) && !desk.may(Sell, 201), "turned round it is as large");
    assert_eq!(kind(desk.ask_of(ME, Y, OrderKind::Limit, Sell, 100, 10)), "passes", "a hedge");
    // A fill taken back takes its risk back.
    desk.risk.on_bust(ME, X, Buy, Ticks(100), Lots(100));
    assert!(desk.may(Buy, 42) && !desk.may(Buy, 43), "1,000 / 23.378");
}

#[test]
fn rc_20_without_a_model_or_a_level_nothing_passes() {
    let mut limits = Limits::wide();
    limits.every(Level::Firm, L::ValueAtRisk, i64::MAX);
    limits.every(Level::Firm, L::TailLevel, 990_000);
    assert_eq!(kind(Desk::new(&limits).ask(Buy, 1)), "not measured");
    limits.covariances = model();
    assert_eq!(kind(Desk::new(&limits).ask(Buy, 1)), "passes");
    limits.every_mut(Level::Firm).set(L::TailLevel, Setting::Off);
    assert_eq!(kind(Desk::new(&limits).ask(Buy, 1)), "not measured");
    limits.covariances = Covariances::new(&[1.0], &[1.0]);
    assert!(limits.validate(&[linear(), second()]).is_err(), "of other instruments");
}

/// X is an option on what Y is a future on.
fn options() -> Limits {
    let mut limits = Limits::wide();
    let own = |delta, gamma, vega| ("index".into(), Sensitivities::of(delta, gamma, vega).expect("numbers"));
    limits.sensitivities.insert("test/X".into(), own(0.5, 0.25, 12.0));
    limits.sensitivities.insert("test/Y".into(), own(1.0, 0.0, 0.0));
    limits
}

#[test]
fn rc_21_each_greek_has_its_limit() {
    for (limit, most, size) in [(L::Delta, 10, 20), (L::Gamma, 10, 40), (L::Vega, 240, 20)] {
        let mut limits = options();
        limits.every(Level::Account, limit, most);
        for side in Side::BOTH {
            let mut desk = Desk::new(&limits);
            assert!(desk.may(side, size) && !desk.may(side, size + 1), "{}", limit.name());
        }
    }
}

#[test]
fn rc_21_a_hedge_in_another_instrument_counts() {
    let mut limits = options();
    limits.every(Level::Account, L::Delta, 10);
    let mut desk = Desk::new(&limits);
    desk.trade(Buy, 20);
    assert_eq!(kind(desk.ask(Buy, 1)), "greeks");
    desk.trade_of(OTHER, Y, Sell, 100, 10);
    assert!(desk.may(Buy, 20) && !desk.may(Buy, 21));
    // Its delta was told anew: 20 lots have 16.
    desk.risk.on_sensitivities(X, Sensitivities::of(0.8, 0.25, 12.0).expect("numbers"));
    assert!(desk.may(Buy, 5) && !desk.may(Buy, 6), "6 are held, 4 are left");
    // Beyond a limit that was lowered, turned round it is as large and no larger.
    let mut turned = Desk::new(&options());
    turned.trade(Buy, 40);
    let account = Scope::Account(types::AccountId(0));
    turned.risk.set_limit(L::Delta as u16, account, 10).expect("it may be set");
    assert!(turned.may(Sell, 80) && !turned.may(Sell, 81));
    // What nobody knows the delta of only shrinks.
    let mut unknown = Limits::wide();
    unknown.every(Level::Account, L::Delta, 10);
    assert_eq!(kind(Desk::new(&unknown).ask(Buy, 1)), "not measured");
    unknown.sensitivities = options().sensitivities;
    unknown.sensitivities.insert("test/Z".into(), ("index".into(), Sensitivities::default()));
    assert!(unknown.validate(&[linear(), second()]).is_err());
}

#[test]
fn rc_22_one_instrument_is_a_bounded_share_of_capital() {
    let mut desk = Desk::with(&[
        (Level::Strategy, L::Capital, 10_000 * NANOS),
        (Level::Strategy, L::Concentration, 250_000),
    ]);
    assert!(desk.may(Buy, 25) && !desk.may(Buy, 26));
    desk.trade(Sell, 10);
    assert!(desk.may(Sell, 15) && !desk.may(Sell, 16) && desk.may(Buy, 35) && !desk.may(Buy, 36));
    let mut without = Desk::with(&[(Level::Strategy, L::Concentration, 250_000)]);
    assert_eq!(kind(without.ask(Buy, 1)), "not measured");
}

#[test]
fn rc_22_a_position_is_a_bounded_share_of_a_day_s_volume() {
    let mut desk = Desk::with(&[
        (Level::Instrument, L::AverageVolume, 1_000),
        (Level::Strategy, L::VolumeShare, 50_000),
    ]);
    assert!(desk.may(Buy, 50) && !desk.may(Buy, 51));
    let mut without = Desk::with(&[(Level::Strategy, L::VolumeShare, 50_000)]);
    assert_eq!(kind(without.ask(Buy, 1)), "not measured");
}

#[test]
fn rc_22_participation_is_a_bounded_share_of_what_trades() {
    let limits = [
        (Level::Instrument, L::ParticipationWindow, 80 * SECOND),
        (Level::Strategy, L::Participation, 100_000),
        (Level::Strategy, L::ParticipationFree, 2),
    ];
    let mut desk = Desk::with(&limits);
    assert!(desk.may(Buy, 2) && !desk.may(Buy, 3), "free whatever the market does");
    desk.risk.on_market_trade(X, Lots(100));
    assert!(desk.may(Buy, 10) && !desk.may(Buy, 11));
    desk.trade(Buy, 4);
    assert!(desk.may(Buy, 6) && !desk.may(Buy, 7));
    desk.ask(Buy, 2).expect("6 of 10");
    assert!(desk.may(Buy, 4) && !desk.may(Buy, 5), "what works counts");
    desk.trade(Sell, 4);
    assert!(!desk.may(Buy, 1), "8 traded and 2 work");
    // Two windows later all is forgotten, the market's volume too.
    desk.at(200 * SECOND);
    assert!(!desk.may(Buy, 1), "2 work, and are what is free");
    desk.risk.on_market_trade(X, Lots(50));
    assert!(desk.may(Buy, 3) && !desk.may(Buy, 4));
    let mut without = Desk::with(&limits[1..]);
    assert_eq!(kind(without.ask(Buy, 1)), "not measured");
}

#[test]
fn rc_36_a_burst_of_fills_pulls_the_strategy_s_quotes_in_the_instrument() {
    let mut desk = Desk::with(&[
        (Level::Strategy, L::ProtectionFills, 2),
        (Level::Strategy, L::ProtectionWindow, SECOND),
    ]);
    for _ in 0..3 {
        assert!(desk.news().is_empty());
        desk.trade(Buy, 1);
    }
    assert_eq!(desk.news(), [(36, Scope::Strategy(ME), Some(X))]);
    assert_eq!(kind(desk.ask(Buy, 1)), "market-maker protection");
    assert!(desk.may(Sell, 3) && !desk.may(Sell, 4), "what reduces passes");
    assert_eq!(kind(desk.ask_of(ME, Y, OrderKind::Limit, Buy, 100, 1)), "passes");
    assert_eq!(kind(desk.ask_of(OTHER, X, OrderKind::Limit, Buy, 100, 1)), "passes");
    desk.at(3_600 * SECOND);
    assert!(!desk.may(Buy, 1), "latched");
    assert!(desk.risk.reset(Scope::Strategy(ME)) && desk.may(Buy, 1));
}

#[test]
fn rc_36_delta_in_a_time_pulls_and_a_pause_ends_by_itself() {
    let mut desk = Desk::with(&[
        (Level::Strategy, L::ProtectionDelta, 5),
        (Level::Strategy, L::ProtectionWindow, SECOND),
        (Level::Strategy, L::ProtectionPause, 10 * SECOND),
    ]);
    desk.trade(Buy, 5);
    desk.trade(Sell, 3);
    desk.trade(Buy, 3);
    assert!(desk.news().is_empty());
    desk.trade(Buy, 1);
    assert_eq!(desk.news(), [(36, Scope::Strategy(ME), Some(X))]);
    desk.at(SECOND + 10 * SECOND - 1);
    assert!(!desk.may(Buy, 1));
    desk.at(SECOND + 10 * SECOND);
    assert!(desk.may(Buy, 1));
}

#[test]
fn rc_36_a_venue_is_protected_from_everybody_s_fills() {
    let mut desk =
        Desk::with(&[(Level::Venue, L::ProtectionFills, 2), (Level::Venue, L::ProtectionWindow, SECOND)]);
    desk.trade(Buy, 1);
    desk.trade_of(OTHER, Y, Sell, 100, 1);
    desk.trade_of(OTHER, X, Sell, 100, 1);
    assert_eq!(desk.news(), [(36, Scope::Venue(types::VenueId(0)), None)]);
    assert_eq!(kind(desk.ask(Buy, 1)), "market-maker protection");
    assert!(desk.may(Sell, 1));
    assert!(desk.risk.reset(Scope::Venue(types::VenueId(0))) && desk.may(Buy, 1));
}

#[test]
fn rc_37_quotes_are_as_wide_and_large_as_they_should_be() {
    let mut desk = Desk::with(&[
        (Level::Strategy, L::QuoteWidthMin, 2),
        (Level::Strategy, L::QuoteWidthMax, 10),
        (Level::Strategy, L::QuoteSizeMin, 5),
        (Level::Strategy, L::QuoteSizeMax, 9),
    ]);
    let quote =
        |desk: &mut Desk, side, price, size| kind(desk.ask_of(ME, X, OrderKind::PostOnly, side, price, size));
    assert_eq!(quote(&mut desk, Buy, 95, 4), "quote size");
    assert_eq!(quote(&mut desk, Buy, 95, 10), "quote size");
    assert_eq!(quote(&mut desk, Buy, 95, 5), "passes", "alone it has no width");
    assert_eq!(quote(&mut desk, Sell, 96, 9), "quote width");
    assert_eq!(quote(&mut desk, Sell, 94, 9), "quote width", "crossed with its own");
    assert_eq!(quote(&mut desk, Sell, 106, 9), "quote width");
    assert_eq!(quote(&mut desk, Sell, 97, 9), "passes");
    assert_eq!(quote(&mut desk, Sell, 105, 9), "passes");
    // Now the other way round, against the last quote to sell.
    assert_eq!(quote(&mut desk, Buy, 104, 5), "quote width");
    assert_eq!(quote(&mut desk, Buy, 103, 5), "passes");
    assert_eq!(kind(desk.ask(Buy, 1)), "passes", "what is no quote is not judged");
    let mut gone = Desk::with(&[(Level::Strategy, L::QuoteWidthMin, 2)]);
    assert_eq!(quote(&mut gone, Buy, 95, 5), "passes");
    gone.risk.on_closed(ME, X, Buy, Lots(5));
    assert_eq!(quote(&mut gone, Sell, 96, 5), "passes", "there is no quote any more");
}

#[test]
fn rc_42_what_is_not_settled_is_bounded() {
    let day = 86_400 * SECOND;
    let mut desk =
        Desk::with(&[(Level::Account, L::Settlement, 1_000 * NANOS), (Level::Account, L::SettlementDays, 1)]);
    assert!(desk.may(Buy, 10) && !desk.may(Buy, 11));
    desk.trade(Buy, 6);
    assert!(desk.may(Buy, 4) && !desk.may(Buy, 5));
    assert!(desk.may(Sell, 6), "what closes passes");
    desk.trade(Sell, 6);
    assert_eq!(kind(desk.ask(Buy, 1)), "settlement", "both legs are still to be delivered");
    desk.at(day + SECOND);
    assert_eq!(kind(desk.ask(Buy, 1)), "settlement");
    desk.at(2 * day + SECOND);
    assert!(desk.may(Buy, 10) && !desk.may(Buy, 11));
}

/// In every interleaving of orders, fills, cancels, busts, marks and changed limits, what is carried along is what would be
/// counted anew.
#[test]
fn what_measures_carry_along_is_what_is_held() {
    let mut limits = options();
    limits.covariances = model();
    limits.every(Level::Instrument, L::MarginRate, 123_457);
    let mut desk = Desk::new(&limits);
    let mut prng = Prng::new(16);
    let mut open: Vec<(StrategyId, InstrumentId, Side, i64)> = Vec::new();
    for step in 0..20_000 {
        let by = if prng.chance(0.5) { ME } else { OTHER };
        let instrument = if prng.chance(0.5) { X } else { Y };
        let side = if prng.chance(0.5) { Buy } else { Sell };
        match prng.below(10) {
            0..4 => {
                let size = prng.between(1, 50);
                if desk.ask_of(by, instrument, OrderKind::Limit, side, 100, size).is_ok() {
                    open.push((by, instrument, side, size));
                }
            }
            4..8 if !open.is_empty() => {
                let at = usize::try_from(prng.below(open.len() as u64)).expect("few");
                let (by, instrument, side, left) = &mut open[at];
                let size = prng.between(1, *left);
                desk.risk.on_fill(*by, *instrument, *side, Ticks(100), Lots(size));
                *left -= size;
                if *left == 0 || prng.chance(0.3) {
                    let (by, instrument, side, left) = open.swap_remove(at);
                    desk.risk.on_closed(by, instrument, side, Lots(left));
                }
            }
            8 => desk.mid(instrument, prng.between(50, 150)),
            _ if prng.chance(0.1) => {
                desk.risk.on_bust(by, instrument, side, Ticks(100), Lots(prng.between(1, 9)))
            }
            _ => {
                let rate = prng.between(0, 500_000);
                desk.risk
                    .set_limit(L::MarginRate as u16, Scope::Instrument(instrument), rate)
                    .expect("it may be set");
            }
        }
        let state = &desk.risk.state;
        let mut anew = state.clone();
        anew.remeasure();
        let account = &state.accounts[0].measured;
        assert_eq!(account.margin, anew.accounts[0].measured.margin, "step {step}");
        let held = [X, Y].map(|id| i128::from(state.instruments[id.index()].held.position));
        let micros = [10_000_000_i128, 20_000_000];
        let [x, y] = [held[0] * micros[0], held[1] * micros[1]];
        assert_eq!(account.tail.variance.total(), x * x + y * y + x * y, "step {step}");
        assert_eq!(state.firm.tail.variance.total(), account.tail.variance.total());
        let greeks = [held[0] * 500_000 + held[1] * 1_000_000, held[0] * 250_000, held[0] * 12_000_000];
        assert_eq!(account.beneath[0].named().map(|(_, value)| value), greeks, "step {step}");
        while desk.risk.take_news().is_some() {}
    }
    assert!(!open.is_empty());
}

#[test]
fn rc_20_an_infinite_tail_lets_through_only_what_reduces() {
    let mut limits = Limits::wide();
    limits.covariances = Covariances::new(&[1e9, 1e9], &[1.0, 0.0, 0.0, 1.0]);
    let mut desk = Desk::new(&limits);
    desk.trade(Buy, 1_000_000);
    desk.risk.set_limit(L::TailLevel as u16, Scope::Firm, 990_000).expect("it may be set");
    desk.risk.set_limit(L::ValueAtRisk as u16, Scope::Firm, i64::MAX / 2).expect("it may be set");
    assert_eq!(kind(desk.ask(Buy, 1)), "value at risk");
    assert_eq!(kind(desk.ask_of(ME, Y, OrderKind::Limit, Buy, 100, 1)), "value at risk");
    let refused = desk.ask(Buy, 1);
    assert_eq!(refused, Err(Refusal::TailTooLarge { level: Level::Firm }), "the account's is off");
    assert!(desk.may(Sell, 1));
}
