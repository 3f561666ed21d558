//! What risk knows: a dense row for each instrument, strategy, account, desk and venue, one for the firm, and what
//! each strategy and each account holds of each instrument.
//!
//! Rows hold their limits beside their counts, so that a check reads one place. Never decides; `controls` does.

use crate::bucket::Bucket;
use crate::exposure::{Exposed, Held, LOT_NANOS_MAX};
use crate::limits::{Level, LimitId, Setting, Settings, VenueSeat};
use crate::losses::Losses;
use crate::marks::Marks;
use crate::measures::protection::Protection;
use crate::measures::rows::{Models, OfAccount, OfInstrument, OfOwn, OfStrategy, Tail, protection};
use crate::ring::Ring;
use crate::worth::Worth;
use serde::{Deserialize, Serialize};
use types::{
    AccountId, DeskId, Instrument, InstrumentId, Lots, Money, Nanos, OrderKind, ParentId, Phase, Restriction,
    Side, Stage, StrategyId, Ticks, TradingDays, VenueId,
};

/// What a price collar is measured from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reference {
    /// The best price of the other side: what a buyer would pay now.
    #[default]
    FarTouch,
    /// Halfway between best bid and best ask; both must be there.
    Mid,
}

/// What selling more than is held means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum ShortSale {
    #[default]
    Free,
    Marked,
    AboveBid,
}

/// What a strategy says of the model it trades by (RC-46).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Health {
    /// There is none, or nothing is wrong with it.
    Good,
    /// Its output is no number, or out of its range.
    Bad,
    /// Its output is of this moment.
    AsOf(Nanos),
}

/// Messages to trades (RC-29).
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Ratio {
    pub(crate) messages: u64,
    pub(crate) trades: u64,
    most: Option<i64>,
    free: i64,
}

impl Ratio {
    fn limit(&mut self, settings: &Settings) {
        self.most = settings.of(LimitId::OrderToTrade).number();
        self.free = settings.of(LimitId::OrderToTradeFree).number().unwrap_or(0);
    }

    /// Whether one more message may go: `messages / trades - 1` is within the ratio, no trade counted as one.
    #[inline]
    pub(crate) fn has_room(&self) -> bool {
        let Some(most) = self.most else { return true };
        let messages = i128::from(self.messages) + 1;
        messages <= i128::from(self.free)
            || messages <= (i128::from(most) + 1) * i128::from(self.trades.max(1))
    }
}

/// The lowest and highest mid of the time just gone (RC-05), in half ticks: of this half window and the one before.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Drift {
    since: Nanos,
    half: i64,
    now: Option<(i64, i64)>,
    before: Option<(i64, i64)>,
}

impl Drift {
    #[inline]
    pub(crate) fn hear(&mut self, now: Nanos, mid: i64) {
        let elapsed = now.0.saturating_sub(self.since.0);
        if elapsed >= self.half {
            // A time without any mid is longer than the window: nothing of it is left.
            self.before = if elapsed < self.half.saturating_mul(2) { self.now } else { None };
            (self.now, self.since) = (None, now);
        }
        self.now = Some(match self.now {
            Some((low, high)) => (low.min(mid), high.max(mid)),
            None => (mid, mid),
        });
    }

    /// The best mid for who trades this side, if there was one.
    #[inline]
    pub(crate) fn best(&self, side: Side) -> Option<i64> {
        let of = |seen: Option<(i64, i64)>| {
            seen.map(|(low, high)| match side {
                Side::Buy => low,
                Side::Sell => high,
            })
        };
        match (of(self.now), of(self.before)) {
            (Some(one), Some(other)) => Some(match side {
                Side::Buy => one.min(other),
                Side::Sell => one.max(other),
            }),
            (one, other) => one.or(other),
        }
    }
}

/// One instrument: what may be done in it, what its market is, what the firm holds of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct InstrumentRow {
    pub(crate) held: Held,
    pub(crate) venue: VenueId,
    pub(crate) marks: Marks,
    /// The first limit that is not set. The numbers below count only when there is none.
    pub(crate) unset: Option<LimitId>,
    pub(crate) order_size: Lots,
    pub(crate) order_notional: Money,
    pub(crate) order_notional_min: Money,
    pub(crate) size_step: i64,
    pub(crate) collar_reference: Reference,
    pub(crate) collar_ticks: Option<i64>,
    pub(crate) collar_ppm: Option<i64>,
    pub(crate) drift_ppm: i64,
    pub(crate) data_age: i64,
    pub(crate) spread_ppm: Option<i64>,
    pub(crate) jump_ppm: Option<i64>,
    /// Lots from which on people are warned.
    pub(crate) fat_finger: i64,
    pub(crate) position: Lots,
    pub(crate) open_orders: i64,
    pub(crate) short_sale: ShortSale,
    pub(crate) ratio: Ratio,
    pub(crate) restriction: Restriction,
    pub(crate) phase: Phase,
    /// The venue's lowest and highest price.
    pub(crate) band: [Option<Ticks>; 2],
    /// What one unit of the instrument's currency is worth in the account's.
    pub(crate) rate: Option<Money>,
    pub(crate) worth: Worth,
    pub(crate) drift: Drift,
    /// The book's last change.
    pub(crate) changed_at: Nanos,
    /// Bid and ask added up: the mid in half ticks.
    pub(crate) mid: Option<i64>,
    pub(crate) has_jumped: bool,
    /// What a lot is worth at the market, in nanos of the account's currency, rounded up.
    pub(crate) lot_nanos: i64,
    pub(crate) measured: OfInstrument,
}

impl InstrumentRow {
    pub(crate) fn new(instrument: &Instrument, venue: VenueId, settings: &Settings) -> Self {
        let mut row = Self {
            held: Held::default(),
            venue,
            marks: Marks::NONE,
            unset: None,
            order_size: Lots::ZERO,
            order_notional: Money::ZERO,
            order_notional_min: Money::ZERO,
            size_step: 1,
            collar_reference: Reference::FarTouch,
            collar_ticks: None,
            collar_ppm: None,
            drift_ppm: 0,
            data_age: 0,
            spread_ppm: None,
            jump_ppm: None,
            fat_finger: i64::MAX,
            position: Lots::ZERO,
            open_orders: 0,
            short_sale: ShortSale::Free,
            ratio: Ratio::default(),
            restriction: Restriction::None,
            phase: Phase::Open,
            band: [None; 2],
            rate: Some(Money::ONE),
            worth: Worth::new(instrument),
            drift: Drift::default(),
            changed_at: Nanos::MIN,
            mid: None,
            has_jumped: false,
            lot_nanos: 0,
            measured: OfInstrument::new(settings),
        };
        row.limit(settings);
        row
    }

    pub(crate) fn limit(&mut self, settings: &Settings) {
        let of = |id| settings.of(id);
        self.unset = settings.unset(Level::Instrument);
        self.measured.limit(settings);
        self.order_size = Lots(of(LimitId::OrderSize).at_most());
        self.order_notional = Money::from_nanos(of(LimitId::OrderNotional).at_most());
        self.order_notional_min = Money::from_nanos(of(LimitId::OrderNotionalMin).number().unwrap_or(0));
        self.size_step = of(LimitId::SizeStep).number().unwrap_or(1).max(1);
        self.collar_reference = match of(LimitId::CollarReference).number() {
            Some(1) => Reference::Mid,
            _ => Reference::FarTouch,
        };
        self.collar_ticks = of(LimitId::CollarTicks).number();
        self.collar_ppm = of(LimitId::CollarPpm).number();
        self.drift_ppm = of(LimitId::DriftPpm).at_most();
        self.drift.half = of(LimitId::DriftWindow).at_most();
        self.data_age = of(LimitId::DataAge).at_most();
        self.spread_ppm = of(LimitId::Spread).number();
        self.jump_ppm = of(LimitId::Jump).number();
        self.position = Lots(of(LimitId::Position).at_most());
        self.open_orders = of(LimitId::OpenOrders).at_most();
        self.short_sale = match of(LimitId::ShortSale).number() {
            Some(1) => ShortSale::Marked,
            Some(2) => ShortSale::AboveBid,
            _ => ShortSale::Free,
        };
        self.ratio.limit(settings);
        let share = of(LimitId::FatFinger).number();
        let warned = |ppm: i64| i128::from(self.order_size.0) * i128::from(ppm) / 1_000_000;
        self.fat_finger = share.map_or(i64::MAX, |ppm| i64::try_from(warned(ppm)).unwrap_or(i64::MAX));
    }

    /// What a lot is worth at a mid in half ticks: rounded up, so that no exposure is counted too low.
    pub(crate) fn lot_at(&self, mid: i64) -> i64 {
        let Some(rate) = self.rate else { return LOT_NANOS_MAX };
        let halves = self.worth.notional(Ticks(mid), Lots(1));
        let halves = match self.worth.contract {
            types::Contract::Linear => halves.map(|worth| worth.0 / 2 + (worth.0 & 1)),
            // Worth falls as the price rises: at double the price it is a half.
            types::Contract::Inverse => halves.and_then(|worth| worth.0.checked_mul(2)),
        };
        let Some(own) = halves.map(Money) else { return LOT_NANOS_MAX };
        let home = if rate == Money::ONE { Some(own) } else { own.checked_at_rate(rate) };
        let Some(home) = home else { return LOT_NANOS_MAX };
        match u64::try_from(home.0) {
            Ok(worth) => i64::try_from(worth.div_ceil(1_000)).unwrap_or(LOT_NANOS_MAX).min(LOT_NANOS_MAX),
            Err(_) => i64::try_from(home.0 / 1_000 + 1).unwrap_or(LOT_NANOS_MAX).min(LOT_NANOS_MAX),
        }
    }
}

/// A message budget and what it was made from.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Budget {
    pub(crate) bucket: Bucket,
    pub(crate) per_second: u32,
    pub(crate) burst: u32,
}

impl Budget {
    fn new(settings: &Settings) -> Self {
        let of = |id| u32::try_from(settings.of(id).at_most()).unwrap_or(u32::MAX);
        let (per_second, burst) = (of(LimitId::MessagesPerSecond), of(LimitId::Burst));
        Self { bucket: Bucket::new(per_second, burst), per_second, burst }
    }

    /// Another rate from now on, starting with no more credit than there was.
    fn limit(&mut self, settings: &Settings) {
        let new = Self::new(settings);
        if (new.per_second, new.burst) != (self.per_second, self.burst) {
            self.bucket.limit(new.per_second, new.burst);
            (self.per_second, self.burst) = (new.per_second, new.burst);
        }
    }
}

/// An order that a strategy works in parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parent {
    /// In what.
    pub instrument: InstrumentId,
    /// Which way.
    pub side: Side,
    /// How much in all.
    pub size: Lots,
    /// The worst price of any part.
    pub price: Ticks,
}

/// The same, and what of it is in parts that traded or may.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Worked {
    pub(crate) id: ParentId,
    pub(crate) terms: Parent,
    pub(crate) given: i64,
}

/// One strategy.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct StrategyRow {
    pub(crate) account: AccountId,
    pub(crate) desk: Option<DeskId>,
    pub(crate) marks: Marks,
    pub(crate) unset: Option<LimitId>,
    pub(crate) open: u32,
    pub(crate) open_orders: i64,
    pub(crate) budget: Budget,
    pub(crate) position: Lots,
    pub(crate) executions: Ring,
    /// Zero: off.
    pub(crate) duplicate_window: i64,
    pub(crate) parent_notional: Money,
    pub(crate) parents: Vec<Worked>,
    pub(crate) model_age: i64,
    pub(crate) health: Health,
    pub(crate) losses: Losses,
    /// What it has made since the start, doubled: mids are counted in half ticks.
    pub(crate) gain: i128,
    pub(crate) sent: i64,
    pub(crate) deployed: Deployed,
    pub(crate) measured: OfStrategy,
}

/// What a new strategy may (RC-39).
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Deployed {
    pub(crate) size: i64,
    pub(crate) notional: Option<Money>,
    pub(crate) orders: i64,
    pub(crate) position: i64,
    pub(crate) collar_ppm: Option<i64>,
    /// By instrument; empty: everywhere.
    pub(crate) instruments: Vec<bool>,
}

impl StrategyRow {
    pub(crate) fn new(
        account: AccountId,
        desk: Option<DeskId>,
        settings: &Settings,
        days: TradingDays,
    ) -> Self {
        let mut row = Self {
            account,
            desk,
            marks: Marks::NONE,
            unset: None,
            open: 0,
            open_orders: 0,
            budget: Budget::new(settings),
            position: Lots::ZERO,
            executions: Ring::new(
                settings.of(LimitId::Executions).number(),
                settings.of(LimitId::ExecutionsWindow).number(),
            ),
            duplicate_window: 0,
            parent_notional: Money::ZERO,
            parents: Vec::new(),
            model_age: 0,
            health: Health::Good,
            losses: Losses::new(None, None, days),
            gain: 0,
            sent: 0,
            deployed: Deployed::default(),
            measured: OfStrategy::new(settings),
        };
        row.limit(settings);
        row
    }

    pub(crate) fn limit(&mut self, settings: &Settings) {
        let of = |id| settings.of(id);
        self.unset = settings.unset(Level::Strategy);
        self.measured.limit(settings);
        self.open_orders = of(LimitId::OpenOrders).at_most();
        self.budget.limit(settings);
        self.position = Lots(of(LimitId::Position).at_most());
        self.duplicate_window = of(LimitId::DuplicateWindow).number().unwrap_or(0);
        self.parent_notional = far_money(of(LimitId::ParentNotional));
        self.model_age = of(LimitId::ModelAge).at_most();
        self.losses.limit(of(LimitId::DailyLoss).number(), of(LimitId::Drawdown).number());
        self.deployed.size = of(LimitId::DeploySize).at_most();
        self.deployed.notional = of(LimitId::DeployNotional).number().map(Money::from_nanos);
        self.deployed.orders = of(LimitId::DeployOrders).at_most();
        self.deployed.position = of(LimitId::DeployPosition).at_most();
        self.deployed.collar_ppm = of(LimitId::DeployCollar).number();
    }
}

fn far_money(setting: Setting) -> Money {
    Money(far(setting).saturating_mul(1_000))
}

/// Money as far as it goes: the largest number there is means no bound.
fn far(setting: Setting) -> i128 {
    match setting.at_most() {
        i64::MAX => i128::MAX,
        nanos => i128::from(nanos),
    }
}

/// What an account or the firm may be exposed to, and is (RC-14, RC-15).
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Capital {
    pub(crate) exposed: Exposed,
    pub(crate) gross: i128,
    pub(crate) net: i128,
    pub(crate) credit: i128,
}

impl Capital {
    fn limit(&mut self, settings: &Settings) {
        self.gross = far(settings.of(LimitId::Gross));
        self.net = far(settings.of(LimitId::Net));
        self.credit = far(settings.of(LimitId::Credit));
    }
}

/// One account.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct AccountRow {
    pub(crate) marks: Marks,
    pub(crate) unset: Option<LimitId>,
    pub(crate) open: u32,
    pub(crate) open_orders: i64,
    pub(crate) budget: Budget,
    pub(crate) position: Lots,
    pub(crate) losses: Losses,
    pub(crate) capital: Capital,
    /// As a strategy's.
    pub(crate) gain: i128,
    pub(crate) measured: OfAccount,
}

impl AccountRow {
    pub(crate) fn new(settings: &Settings, days: TradingDays) -> Self {
        let mut row = Self {
            marks: Marks::NONE,
            unset: None,
            open: 0,
            open_orders: 0,
            budget: Budget::new(settings),
            position: Lots::ZERO,
            losses: Losses::new(None, None, days),
            capital: Capital::default(),
            gain: 0,
            measured: OfAccount::new(settings),
        };
        row.limit(settings);
        row
    }

    pub(crate) fn limit(&mut self, settings: &Settings) {
        self.unset = settings.unset(Level::Account);
        self.measured.limit(settings);
        self.open_orders = settings.of(LimitId::OpenOrders).at_most();
        self.budget.limit(settings);
        self.position = Lots(settings.of(LimitId::Position).at_most());
        let number = |id| settings.of(id).number();
        self.losses.limit(number(LimitId::DailyLoss), number(LimitId::Drawdown));
        self.capital.limit(settings);
    }
}

impl AccountRow {
    /// What one instrument comes to changed: exposures, and the margin they tie up.
    #[inline]
    fn change(&mut self, before: &Exposed, after: &Exposed, instrument: &OfInstrument) {
        self.capital.exposed.change(before, after);
        self.measured.margin += instrument.margin(after) - instrument.margin(before);
    }
}

/// One desk.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct DeskRow {
    pub(crate) marks: Marks,
    pub(crate) unset: Option<LimitId>,
    pub(crate) parent_notional: Money,
}

impl DeskRow {
    pub(crate) fn limit(&mut self, settings: &Settings) {
        self.unset = settings.unset(Level::Desk);
        self.parent_notional = far_money(settings.of(LimitId::ParentNotional));
    }
}

/// One venue session.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct VenueRow {
    pub(crate) marks: Marks,
    pub(crate) unset: Option<LimitId>,
    pub(crate) open: u32,
    pub(crate) open_orders: i64,
    pub(crate) in_flight: u32,
    pub(crate) in_flight_most: i64,
    pub(crate) budget: Budget,
    pub(crate) ratio: Ratio,
    pub(crate) rejects: Ring,
    pub(crate) ack_latency: i64,
    pub(crate) takes: VenueSeat,
    /// RC-36.
    pub(crate) protection: Protection,
}

impl VenueRow {
    pub(crate) fn new(takes: VenueSeat, settings: &Settings) -> Self {
        let mut row = Self {
            marks: Marks::NONE,
            unset: None,
            open: 0,
            open_orders: 0,
            in_flight: 0,
            in_flight_most: 0,
            budget: Budget::new(settings),
            ratio: Ratio::default(),
            rejects: Ring::new(
                settings.of(LimitId::Rejects).number(),
                settings.of(LimitId::VenueRejectsWindow).number(),
            ),
            ack_latency: 0,
            takes,
            protection: Protection::default(),
        };
        row.limit(settings);
        row
    }

    pub(crate) fn limit(&mut self, settings: &Settings) {
        self.unset = settings.unset(Level::Venue);
        self.protection.limit(&protection(settings));
        self.open_orders = settings.of(LimitId::OpenOrders).at_most();
        self.in_flight_most = settings.of(LimitId::InFlight).at_most();
        self.budget.limit(settings);
        self.ratio.limit(settings);
        self.ack_latency = settings.of(LimitId::AckLatency).at_most();
    }
}

/// Everything together.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct FirmRow {
    pub(crate) marks: Marks,
    pub(crate) stage: Stage,
    pub(crate) unset: Option<LimitId>,
    pub(crate) open: u32,
    pub(crate) open_orders: i64,
    pub(crate) losses: Losses,
    pub(crate) capital: Capital,
    pub(crate) limit_age: i64,
    /// When somebody last said that limits hold; the first input before that.
    pub(crate) limits_at: Option<Nanos>,
    /// RC-20.
    pub(crate) tail: Tail,
}

impl FirmRow {
    pub(crate) fn new(settings: &Settings, days: TradingDays) -> Self {
        let mut row = Self {
            marks: Marks::NONE,
            stage: Stage::Continuous,
            unset: None,
            open: 0,
            open_orders: 0,
            losses: Losses::new(None, None, days),
            capital: Capital::default(),
            limit_age: 0,
            limits_at: None,
            tail: Tail::new(0, settings),
        };
        row.limit(settings);
        row
    }

    pub(crate) fn limit(&mut self, settings: &Settings) {
        self.unset = settings.unset(Level::Firm);
        self.tail.limit(settings);
        self.open_orders = settings.of(LimitId::OpenOrders).at_most();
        let number = |id| settings.of(id).number();
        self.losses.limit(number(LimitId::DailyLoss), number(LimitId::Drawdown));
        self.capital.limit(settings);
        self.limit_age = settings.of(LimitId::LimitAge).at_most();
    }
}

/// The last order of a strategy on one side of an instrument (RC-08).
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Last {
    pub(crate) at: Nanos,
    pub(crate) price: Ticks,
    pub(crate) size: Lots,
    pub(crate) kind: OrderKind,
}

/// What a strategy has in one instrument.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Own {
    pub(crate) held: Held,
    pub(crate) last: [Option<Last>; 2],
    /// What its position was worth when it was last valued, doubled, in the account's currency.
    pub(crate) valued: i128,
    pub(crate) measured: OfOwn,
}

/// All rows.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct State {
    pub(crate) instruments: Vec<InstrumentRow>,
    pub(crate) strategies: Vec<StrategyRow>,
    pub(crate) accounts: Vec<AccountRow>,
    pub(crate) desks: Vec<DeskRow>,
    pub(crate) venues: Vec<VenueRow>,
    pub(crate) firm: FirmRow,
    /// Strategies × instruments.
    pub(crate) own: Vec<Own>,
    /// Accounts × instruments.
    pub(crate) of_account: Vec<Held>,
    pub(crate) models: Models,
}

impl State {
    /// Where a strategy's own row of an instrument is.
    #[inline]
    pub(crate) fn own_at(&self, strategy: StrategyId, instrument: InstrumentId) -> usize {
        strategy.index() * self.instruments.len() + instrument.index()
    }

    /// Where an account's holding of an instrument is.
    #[inline]
    pub(crate) fn account_at(&self, account: AccountId, instrument: InstrumentId) -> usize {
        account.index() * self.instruments.len() + instrument.index()
    }

    /// Changes what is held at every level, and the exposures with it.
    #[inline]
    pub(crate) fn change(
        &mut self,
        strategy: StrategyId,
        instrument: InstrumentId,
        change: impl Fn(&mut Held),
    ) {
        let account = self.strategies[strategy.index()].account;
        let (own, of_account) = (self.own_at(strategy, instrument), self.account_at(account, instrument));
        change(&mut self.own[own].held);
        let row = &mut self.instruments[instrument.index()];
        let lot = row.lot_nanos;
        let before = Exposed::of(&row.held, lot);
        change(&mut row.held);
        self.firm.capital.exposed.change(&before, &Exposed::of(&row.held, lot));
        let (held, account) = (&mut self.of_account[of_account], &mut self.accounts[account.index()]);
        let before = Exposed::of(held, lot);
        change(held);
        account.change(&before, &Exposed::of(held, lot), &row.measured);
    }

    /// A lot of an instrument is worth something else now.
    pub(crate) fn revalue(&mut self, instrument: InstrumentId, lot_nanos: i64) {
        let row = &mut self.instruments[instrument.index()];
        let old = std::mem::replace(&mut row.lot_nanos, lot_nanos);
        let exposed = &mut self.firm.capital.exposed;
        exposed.change(&Exposed::of(&row.held, old), &Exposed::of(&row.held, lot_nanos));
        let count = self.instruments.len();
        for (account, row) in self.accounts.iter_mut().enumerate() {
            let held = &self.of_account[account * count + instrument.index()];
            if !held.is_nothing() {
                let measured = &self.instruments[instrument.index()].measured;
                row.change(&Exposed::of(held, old), &Exposed::of(held, lot_nanos), measured);
            }
        }
    }
}
