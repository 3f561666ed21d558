//! Random histories of acknowledgements, fills, late fills, cancels, replaces, busts, disconnects and moving markets,
//! against an obvious recount at every level: a list of the orders and fills themselves, added up anew each time.
//!
//! `QUOIN_RISK_STEPS` says how many steps in all (default 60,000; the full number is 10,000,000 in a release build).

use crate::exposure::Exposed;
use crate::{Level, LimitId, Limits, Replacement, Risk, Touch};
use stdx::Prng;
use types::instrument::Terms;
use types::{
    AccountId, Contract, Instrument, InstrumentId, Lots, Money, Nanos, NewOrder, OrderId, OrderKind, Origin,
    SessionChange, Side, StrategyId, Ticks, TimeInForce, VenueId,
};

const INSTRUMENTS: usize = 2;
const STRATEGIES: usize = 3;
/// Strategies one and two share an account.
const ACCOUNT_OF: [usize; STRATEGIES] = [0, 0, 1];
const POSITION: i64 = 30;

struct Open {
    strategy: usize,
    instrument: usize,
    side: Side,
    unfilled: i64,
    acked: bool,
}

/// A fill that may be taken back.
type Filled = (usize, usize, Side, i64, i64);

struct Recount {
    open: Vec<Open>,
    fills: Vec<Filled>,
    mids: [i64; INSTRUMENTS],
}

impl Recount {
    fn position(&self, instrument: usize, of: impl Fn(usize) -> bool) -> i64 {
        let own = self.fills.iter().filter(|fill| fill.1 == instrument && of(fill.0));
        own.map(|(_, _, side, _, size)| size * side.sign()).sum()
    }

    fn working(&self, instrument: usize, side: Side, of: impl Fn(usize) -> bool) -> i64 {
        let own = self.open.iter().filter(|o| o.instrument == instrument && o.side == side && of(o.strategy));
        own.map(|order| order.unfilled).sum()
    }

    /// Gross, the two sides, and capital in use, a lot worth a hundredth of the doubled mid, in nanos.
    fn exposed(&self, of: impl Fn(usize) -> bool + Copy) -> Exposed {
        let mut all = Exposed::default();
        for instrument in 0..INSTRUMENTS {
            let lot = i128::from(self.mids[instrument]) * 500_000_000;
            let position = i128::from(self.position(instrument, of));
            let buys = i128::from(self.working(instrument, Side::Buy, of));
            let sells = i128::from(self.working(instrument, Side::Sell, of));
            let (long, short) = (position + buys, sells - position);
            all.gross += lot * long.max(short);
            all.sides[0] += lot * long;
            all.sides[1] += lot * short;
            all.used += lot * (position.abs() + buys + sells);
        }
        all
    }

    /// What a strategy has made, doubled: what it is worth at the mids, less what was paid.
    fn gain(&self, of: impl Fn(usize) -> bool) -> i128 {
        let unit = Money::ONE.0;
        let earned = self.fills.iter().filter(|fill| of(fill.0)).map(|(_, instrument, side, price, size)| {
            i128::from(size * side.sign()) * i128::from(self.mids[*instrument] - 2 * price) * unit
        });
        earned.sum()
    }
}

fn firm() -> (Vec<Instrument>, Limits) {
    let instruments = (0..INSTRUMENTS).map(|row| {
        Instrument::new(Terms {
            id: InstrumentId(u32::try_from(row).expect("few")),
            symbol: format!("S{row}"),
            venue: format!("v{row}"),
            currency: "USD".into(),
            contract: Contract::Linear,
            tick_nanos: 10_000_000,
            lot_nanos: 1_000_000_000,
            multiplier_nanos: 100_000_000_000,
            depths: types::Depths::default(),
            origin: Origin::Configured,
        })
        .expect("valid terms")
    });
    let mut limits = Limits::wide();
    limits.accounts.clear();
    for (row, account) in ACCOUNT_OF.iter().enumerate() {
        limits.seat(&format!("s{row}"), &format!("a{account}"));
    }
    for level in [Level::Instrument, Level::Account, Level::Strategy] {
        limits.every(level, LimitId::Position, POSITION);
    }
    limits.every(Level::Venue, LimitId::InFlight, 40);
    (instruments.collect(), limits)
}

fn pick(prng: &mut Prng, count: usize) -> usize {
    usize::try_from(prng.below(count as u64)).expect("small")
}

fn strategy(row: usize) -> StrategyId {
    StrategyId(u16::try_from(row).expect("few"))
}

fn instrument(row: usize) -> InstrumentId {
    InstrumentId(u32::try_from(row).expect("few"))
}

fn compare(risk: &Risk, recount: &Recount, told: &str) {
    let state = &risk.state;
    for row in 0..INSTRUMENTS {
        let held = |of: &dyn Fn(usize) -> bool| {
            let working = Side::BOTH.map(|side| i128::from(recount.working(row, side, of)));
            (recount.position(row, of), working)
        };
        let all = &state.instruments[row].held;
        assert_eq!((all.position, all.working), held(&|_| true), "{told}");
        for by in 0..STRATEGIES {
            let own = &state.own[state.own_at(strategy(by), instrument(row))].held;
            assert_eq!((own.position, own.working), held(&|other| other == by), "{told}");
        }
        for account in 0..2 {
            let id = AccountId(u16::try_from(account).expect("few"));
            let own = &state.of_account[state.account_at(id, instrument(row))];
            assert_eq!((own.position, own.working), held(&|by| ACCOUNT_OF[by] == account), "{told}");
        }
        let here = |order: &&Open| order.instrument == row;
        let venue = &state.venues[row];
        assert_eq!(venue.open as usize, recount.open.iter().filter(here).count(), "{told}");
        let waiting = recount.open.iter().filter(here).filter(|order| !order.acked).count();
        assert_eq!(venue.in_flight as usize, waiting, "{told}");
    }
    assert_eq!(state.firm.capital.exposed, recount.exposed(|_| true), "{told}");
    for account in 0..2 {
        let own = &state.accounts[account];
        assert_eq!(own.capital.exposed, recount.exposed(|by| ACCOUNT_OF[by] == account), "{told}");
        assert_eq!(own.gain, recount.gain(|by| ACCOUNT_OF[by] == account), "{told}");
        let open = recount.open.iter().filter(|order| ACCOUNT_OF[order.strategy] == account).count();
        assert_eq!(own.open as usize, open, "{told}");
    }
    for by in 0..STRATEGIES {
        assert_eq!(state.strategies[by].gain, recount.gain(|other| other == by), "{told}");
        let open = recount.open.iter().filter(|order| order.strategy == by).count();
        assert_eq!(state.strategies[by].open as usize, open, "{told}");
    }
    assert_eq!(state.firm.open as usize, recount.open.len(), "{told}");
}

/// No order that passed may take any level's worst case beyond its limit. What came by itself (a late fill, a bust) may.
fn judge(recount: &Recount, row: usize, by: usize, side: Side, told: &str) {
    let worst =
        |of: &dyn Fn(usize) -> bool| recount.position(row, of) * side.sign() + recount.working(row, side, of);
    let levels =
        [worst(&|_| true), worst(&|other| ACCOUNT_OF[other] == ACCOUNT_OF[by]), worst(&|other| other == by)];
    assert!(levels.iter().all(|worst| *worst <= POSITION), "{told}: {levels:?}");
}

#[test]
fn rc_13_counts_and_bounds_hold_in_every_interleaving() {
    let steps =
        std::env::var("QUOIN_RISK_STEPS").ok().and_then(|text| text.parse().ok()).unwrap_or(60_000_u64);
    // Short histories: each step adds all of it up anew.
    let a_seed = 600;
    let (mut passed, mut refused) = (0_u64, 0_u64);
    for seed in 0..steps.div_ceil(a_seed) {
        let (p, r) = history(seed, a_seed);
        (passed, refused) = (passed + p, refused + r);
    }
    assert!(
        passed > steps / 20 && refused > steps / 100,
        "{passed} passed, {refused} refused: nothing was asked"
    );
}

fn history(seed: u64, steps: u64) -> (u64, u64) {
    let (instruments, limits) = firm();
    let mut risk = Risk::new(&instruments, &limits);
    risk.on_input(Nanos(0));
    risk.on_equity(Nanos(0), Money::ZERO);
    let mut prng = Prng::new(seed);
    let mut recount = Recount { open: Vec::new(), fills: Vec::new(), mids: [0; INSTRUMENTS] };
    let mut touches = [Touch { bid: Some(Ticks(100)), ask: Some(Ticks(101)), live: true }; INSTRUMENTS];
    let mut down = [false; INSTRUMENTS];
    for (row, touch) in touches.iter().enumerate() {
        risk.on_market(instrument(row), touch);
        recount.mids[row] = 201;
    }
    let (mut passed, mut refused) = (0, 0);
    for step in 0..steps {
        let told = format!("seed {seed}, step {step}");
        risk.on_input(Nanos(i64::try_from(step).expect("few") * 1_000));
        let (row, by) = (pick(&mut prng, INSTRUMENTS), pick(&mut prng, STRATEGIES));
        let side = if prng.chance(0.5) { Side::Buy } else { Side::Sell };
        let at = (!recount.open.is_empty()).then(|| pick(&mut prng, recount.open.len()));
        match (prng.below(16), at) {
            (0..5, _) => {
                let order = NewOrder {
                    instrument: instrument(row),
                    side,
                    kind: OrderKind::Limit,
                    time_in_force: TimeInForce::GoodTilCancel,
                    price: Ticks(prng.between(95, 105)),
                    size: Lots(prng.between(1, 9)),
                };
                match risk.check(Nanos(0), strategy(by), &order, &touches[row]) {
                    Ok(approved) if prng.chance(0.05) => risk.withdraw(approved),
                    Ok(_) => {
                        assert!(!down[row], "{told}: sent without a session");
                        let unfilled = order.size.0;
                        recount.open.push(Open {
                            strategy: by,
                            instrument: row,
                            side,
                            unfilled,
                            acked: false,
                        });
                        judge(&recount, row, by, side, &told);
                        passed += 1;
                    }
                    Err(_) => refused += 1,
                }
            }
            (5, _) => {
                let bid = prng.between(90, 110);
                touches[row] = Touch { bid: Some(Ticks(bid)), ask: Some(Ticks(bid + 1)), live: true };
                risk.on_market(instrument(row), &touches[row]);
                recount.mids[row] = 2 * bid + 1;
            }
            (6, _) => {
                // A fill of an order that had been reported gone.
                let (price, size) = (prng.between(95, 105), prng.between(1, 2));
                risk.on_late_fill(strategy(by), instrument(row), side, Ticks(price), Lots(size));
                recount.fills.push((by, row, side, price, size));
            }
            (7, _) if !recount.fills.is_empty() => {
                let place = pick(&mut prng, recount.fills.len());
                let (by, row, side, price, size) = recount.fills.swap_remove(place);
                risk.on_bust(strategy(by), instrument(row), side, Ticks(price), Lots(size));
            }
            (8, _) => {
                down[row] = !down[row];
                let change = if down[row] { SessionChange::Disconnected } else { SessionChange::Connected };
                risk.on_session(VenueId(u16::try_from(row).expect("few")), change);
            }
            (9 | 10, Some(at)) => answer(&mut risk, &mut recount.open[at]),
            (11, Some(at)) => {
                answer(&mut risk, &mut recount.open[at]);
                let gone = recount.open.swap_remove(at);
                let (by, on) = (strategy(gone.strategy), instrument(gone.instrument));
                risk.on_closed(by, on, gone.side, Lots(gone.unfilled));
            }
            (12 | 13, Some(at)) => {
                answer(&mut risk, &mut recount.open[at]);
                let order = &mut recount.open[at];
                let (price, size) = (prng.between(95, 105), prng.between(1, order.unfilled));
                let (by, row, side) = (order.strategy, order.instrument, order.side);
                risk.on_fill(strategy(by), instrument(row), side, Ticks(price), Lots(size));
                order.unfilled -= size;
                if order.unfilled == 0 {
                    risk.on_closed(strategy(by), instrument(row), side, Lots::ZERO);
                    recount.open.swap_remove(at);
                }
                recount.fills.push((by, row, side, price, size));
            }
            (_, Some(at)) => {
                let order = &mut recount.open[at];
                let wish = Replacement {
                    order: OrderId(0),
                    strategy: strategy(order.strategy),
                    instrument: instrument(order.instrument),
                    side: order.side,
                    kind: OrderKind::Limit,
                    old_price: Ticks(100),
                    old_unfilled: Lots(order.unfilled),
                    price: Ticks(100),
                    unfilled: Lots(prng.between(1, 12)),
                };
                match risk.check_replace(Nanos(0), &wish, &touches[order.instrument]) {
                    Ok(approved) => {
                        let left = if prng.chance(0.5) { wish.unfilled.0 } else { order.unfilled };
                        let freed = Lots(order.unfilled + approved.added().0 - left);
                        risk.on_replaced(wish.strategy, wish.instrument, wish.side, freed);
                        order.unfilled = left;
                        passed += 1;
                    }
                    Err(_) => refused += 1,
                }
            }
            (_, None) => {}
        }
        compare(&risk, &recount, &told);
    }
    (passed, refused)
}

/// The first answer to an order, whatever it says.
fn answer(risk: &mut Risk, order: &mut Open) {
    if !order.acked {
        order.acked = true;
        risk.on_answer(instrument(order.instrument), Nanos(0));
    }
}
