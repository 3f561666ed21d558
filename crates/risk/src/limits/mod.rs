//! Every limit there is: one line each. The configuration's keys, the manual and the fail-closed check come from it.
//!
//! Never holds a value; [`Limits`] does. **To add one**, add a line: it is then read from the configuration, printed
//! with its unit, refused where it is not set, and can be changed by people.

mod settings;

use serde::{Deserialize, Serialize};
pub(crate) use settings::instrument_name;
pub use settings::{
    AccountSeat, Deployment, LevelLimits, Limits, LimitsError, Setting, Settings, StrategySeat, VenueSeat,
};

use std::fmt;

/// Whose a limit or a control is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Level {
    /// Every order in an instrument, whoever sends it.
    Instrument,
    /// One strategy.
    Strategy,
    /// The strategies of an account.
    Account,
    /// The strategies of a desk.
    Desk,
    /// The orders in a venue session.
    Venue,
    /// Everything.
    Firm,
}

impl Level {
    /// Every level, in the order of the discriminants.
    pub const ALL: [Self; 6] =
        [Self::Instrument, Self::Strategy, Self::Account, Self::Desk, Self::Venue, Self::Firm];

    /// Its name, and its section in the configuration.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Instrument => "instrument",
            Self::Strategy => "strategy",
            Self::Account => "account",
            Self::Desk => "desk",
            Self::Venue => "venue",
            Self::Firm => "firm",
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What a limit's number counts. People write money in currency and times in milliseconds; inside both are nanos.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LimitUnit {
    /// Lots of the instrument.
    Lots,
    /// Nanos of the account's currency.
    Money,
    /// How many.
    Count,
    /// How many a second.
    PerSecond,
    /// Millionths.
    Ppm,
    /// Steps of the instrument's price.
    Ticks,
    /// Nanoseconds.
    Time,
    /// One of these words, by its place.
    Choice(&'static [&'static str]),
}

impl LimitUnit {
    /// As people write it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Lots => "lots",
            Self::Money => "currency",
            Self::Count => "count",
            Self::PerSecond => "a second",
            Self::Ppm => "millionths",
            Self::Ticks => "ticks",
            Self::Time => "ms",
            Self::Choice(_) => "word",
        }
    }

    /// How many of the inner unit one of what people write is.
    #[must_use]
    pub const fn scale(self) -> i64 {
        match self {
            Self::Money => 1_000_000_000,
            Self::Time => 1_000_000,
            Self::Lots | Self::Count | Self::PerSecond | Self::Ppm | Self::Ticks | Self::Choice(_) => 1,
        }
    }
}

/// One limit, as the manual shows it.
#[derive(Clone, Copy, Debug)]
pub struct LimitSpec {
    /// Which.
    pub id: LimitId,
    /// Its key in the configuration.
    pub name: &'static str,
    /// What its number counts.
    pub unit: LimitUnit,
    /// Whose it is; each of them needs one.
    pub levels: &'static [Level],
    /// Whether a person may say `"off"`.
    pub may_be_off: bool,
    /// Whether a larger number lets more pass: raising it, or switching it off, needs a second person.
    pub more_is_looser: bool,
    /// One line about it.
    pub about: &'static str,
}

/// Where a larger number is the stricter one.
const STRICTER_WHEN_LARGER: &[LimitId] = &[
    LimitId::OrderNotionalMin,
    LimitId::SizeStep,
    LimitId::DriftWindow,
    LimitId::DuplicateWindow,
    LimitId::ExecutionsWindow,
    LimitId::VenueRejectsWindow,
    LimitId::ShortSale,
    LimitId::LossRateWindow,
    LimitId::TailLevel,
    LimitId::ProtectionWindow,
    LimitId::ProtectionPause,
    LimitId::QuoteWidthMin,
    LimitId::QuoteSizeMin,
    LimitId::MarginRate,
    LimitId::SettlementDays,
];

macro_rules! limits {
    ($($id:ident = $name:literal, $unit:expr, [$($level:ident)+], $off:ident, $about:literal;)*) => {
        /// A limit: a row of the table.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
        #[repr(u16)]
        pub enum LimitId { $(#[doc = $about] $id,)* }

        impl LimitId {
            /// Every limit, in the order of the discriminants.
            pub const ALL: &[Self] = &[$(Self::$id,)*];

            /// How many there are.
            pub const COUNT: usize = Self::ALL.len();
        }

        const SPECS: [LimitSpec; LimitId::COUNT] = [$(LimitSpec {
            id: LimitId::$id,
            name: $name,
            unit: $unit,
            levels: &[$(Level::$level),+],
            may_be_off: limits!(@off $off),
            more_is_looser: true,
            about: $about,
        },)*];
    };
    (@off never) => { false };
    (@off off) => { true };
}

use LimitUnit::{Choice, Count, Lots as InLots, Money as InMoney, PerSecond, Ppm, Ticks as InTicks, Time};

limits! {
    OrderSize = "order_size", InLots, [Instrument], never, "The largest order.";
    OrderNotional = "order_notional", InMoney, [Instrument], never, "The largest turnover of an order at its limit price.";
    OrderNotionalMin = "order_notional_min", InMoney, [Instrument], off, "The smallest turnover of an order that the venue takes.";
    SizeStep = "size_step", InLots, [Instrument], off, "An order's size is a whole number of these.";
    CollarTicks = "collar_ticks", InTicks, [Instrument], off, "How far beyond the reference an order may be priced: above it to buy, below it to sell. Needed unless collar_ppm is a number; when both are, both hold.";
    CollarPpm = "collar_ppm", Ppm, [Instrument], off, "The same in millionths of the reference.";
    CollarReference = "collar_reference", Choice(&["far_touch", "mid"]), [Instrument], never, "What the collar is measured from: the best price of the other side, or halfway.";
    DriftPpm = "drift_ppm", Ppm, [Instrument], never, "How far an order may be priced beyond the best mid of the time just gone: the collar over time.";
    DriftWindow = "drift_window_ms", Time, [Instrument], never, "How long that time is, at least.";
    DataAge = "data_age_ms", Time, [Instrument], off, "The age of its book's last change from which on it is too old to trade on.";
    Spread = "spread_ppm", Ppm, [Instrument], off, "The widest spread to trade on.";
    Jump = "jump_ppm", Ppm, [Instrument], off, "The largest step of the mid from one change of the book to the next; a larger one must be confirmed by another change.";
    FatFinger = "fat_finger_ppm", Ppm, [Instrument], off, "The share of order_size from which on people are warned. It stops nothing.";
    Position = "position", InLots, [Instrument Strategy Account], never, "The largest position in an instrument either way, were every working order of that side filled.";
    OpenOrders = "open_orders", Count, [Instrument Strategy Account Venue Firm], off, "How many orders may be open at once.";
    ShortSale = "short_sale", Choice(&["free", "marked", "above_bid"]), [Instrument], never, "Selling what is not held: as any sale; apart from what is held (marking); or besides only above the bid (price test).";
    OrderToTrade = "order_to_trade", Count, [Instrument Venue], off, "The largest ratio of messages to trades, less one (RTS 9).";
    OrderToTradeFree = "order_to_trade_free", Count, [Instrument Venue], off, "Messages that are free before the ratio counts.";
    InFlight = "in_flight", Count, [Venue], off, "How many orders may be unacknowledged at once.";
    MessagesPerSecond = "messages_per_second", PerSecond, [Strategy Account Venue], never, "New orders and replaces in the long run. Cancels are counted and never stopped.";
    Burst = "burst", Count, [Strategy Account Venue], never, "How many of them at one moment after a pause.";
    Rejects = "rejects", Count, [Venue], off, "How many orders a venue may refuse within rejects_window_ms before it is paused.";
    VenueRejectsWindow = "rejects_window_ms", Time, [Venue], off, "See rejects.";
    AckLatency = "ack_latency_ms", Time, [Venue], off, "The longest answer to a new order; a longer one pauses the venue.";
    Executions = "executions", Count, [Strategy], off, "How many fills within executions_window_ms a strategy may have before it is disabled.";
    ExecutionsWindow = "executions_window_ms", Time, [Strategy], off, "See executions.";
    DuplicateWindow = "duplicate_window_ms", Time, [Strategy], off, "An order like the last one of its side is refused for so long.";
    ParentNotional = "parent_notional", InMoney, [Strategy Desk], never, "The largest turnover of an order that is worked in parts.";
    ModelAge = "model_age_ms", Time, [Strategy], off, "How old a model's output may be that a strategy trades on.";
    DeploySize = "deploy_order_size", InLots, [Strategy], off, "A new strategy's largest order.";
    DeployNotional = "deploy_order_notional", InMoney, [Strategy], off, "A new strategy's largest turnover of an order.";
    DeployOrders = "deploy_orders", Count, [Strategy], off, "A new strategy's orders in all, until a person says more.";
    DeployPosition = "deploy_position", InLots, [Strategy], off, "A new strategy's largest position either way.";
    DeployCollar = "deploy_collar_ppm", Ppm, [Strategy], off, "A new strategy's price collar from the far touch.";
    Gross = "gross", InMoney, [Account Firm], never, "The largest exposure, all instruments' worst cases added up.";
    Net = "net", InMoney, [Account Firm], never, "The largest exposure either way, longs and shorts against each other.";
    Credit = "credit", InMoney, [Account Firm], never, "Capital that may be in use: what positions are worth, what works on both sides, and what the day has lost.";
    DailyLoss = "daily_loss", InMoney, [Strategy Account Firm], never, "The largest loss of one day, realised and unrealised with fees; beyond it only reducing orders pass.";
    Drawdown = "drawdown", InMoney, [Strategy Account Firm], never, "The largest fall from the highest equity; beyond it only reducing orders pass.";
    LimitAge = "limit_age_ms", Time, [Firm], off, "How long limits hold without anybody saying that they do.";
    MarginRate = "margin_ppm", Ppm, [Instrument], off, "What a position's worst side ties up of its worth: the initial margin.";
    MarginCapital = "margin_capital", InMoney, [Account], off, "What the account began with: that and what it has made since must cover all margins.";
    StopLoss = "stop_loss", InMoney, [Strategy], off, "The largest loss of one position since it was opened; beyond it its orders are cancelled, and only reducing ones pass until a person resets it.";
    TrailingStop = "trailing_stop", InMoney, [Strategy], off, "The largest fall of one position from its best; as stop_loss.";
    LossRate = "loss_rate", InMoney, [Strategy], off, "The largest fall of what a strategy has made within loss_rate_window_ms; beyond it only reducing orders pass until a person resets it.";
    LossRateWindow = "loss_rate_window_ms", Time, [Strategy], off, "See loss_rate: 60000 for an amount a minute.";
    ValueAtRisk = "value_at_risk", InMoney, [Account Firm], off, "The largest value at risk by the model's covariances, with everything that works on the order's side of its instrument filled. Needs tail_level_ppm.";
    Shortfall = "expected_shortfall", InMoney, [Account Firm], off, "The largest expected shortfall, as value_at_risk.";
    TailLevel = "tail_level_ppm", Ppm, [Account Firm], off, "The level of both, above a half: 990000 for 99 %.";
    Delta = "delta", Count, [Account], off, "The largest delta of what lies beneath, either way.";
    Gamma = "gamma", Count, [Account], off, "The largest gamma of what lies beneath, either way.";
    Vega = "vega", Count, [Account], off, "The largest vega of what lies beneath, either way.";
    Capital = "capital", InMoney, [Strategy], off, "What concentration_ppm is a share of.";
    Concentration = "concentration_ppm", Ppm, [Strategy], off, "The largest share of capital that one instrument's worst side may be worth.";
    AverageVolume = "average_volume", InLots, [Instrument], off, "What the market trades in a day: what volume_ppm is a share of.";
    VolumeShare = "volume_ppm", Ppm, [Strategy], off, "The largest share of a day's average volume that a position's worst side may be.";
    Participation = "participation_ppm", Ppm, [Strategy], off, "The largest share of the market's volume within participation_window_ms that the strategy may trade, everything working on a side among it.";
    ParticipationFree = "participation_free", InLots, [Strategy], off, "So much may be traded whatever the market does.";
    ParticipationWindow = "participation_window_ms", Time, [Instrument], off, "See participation_ppm.";
    ProtectionFills = "protection_fills", Count, [Strategy Venue], off, "Fills within protection_window_ms, of a strategy in one instrument or of everybody at a venue; one more pulls the quotes.";
    ProtectionDelta = "protection_delta", InLots, [Strategy Venue], off, "Lots bought less sold, either way, as protection_fills.";
    ProtectionWindow = "protection_window_ms", Time, [Strategy Venue], off, "See protection_fills.";
    ProtectionPause = "protection_pause_ms", Time, [Strategy Venue], off, "For how long quotes stay away; off: until a person resets it.";
    QuoteWidthMin = "quote_width_min", InTicks, [Strategy], off, "The least a quote must be away from the strategy's own on the other side.";
    QuoteWidthMax = "quote_width_max", InTicks, [Strategy], off, "The most.";
    QuoteSizeMin = "quote_size_min", InLots, [Strategy], off, "The least a quote shows.";
    QuoteSizeMax = "quote_size_max", InLots, [Strategy], off, "The most.";
    Settlement = "settlement", InMoney, [Account], off, "The most that may be traded and not settled.";
    SettlementDays = "settlement_days", Count, [Account], off, "Trading days from a trade to its settlement, at most seven; off: settled with the day.";
}

impl LimitId {
    /// Everything about it.
    #[must_use]
    pub fn spec(self) -> LimitSpec {
        let spec = SPECS[self as usize];
        LimitSpec { more_is_looser: !STRICTER_WHEN_LARGER.contains(&self), ..spec }
    }

    /// Its key in the configuration.
    #[must_use]
    pub const fn name(self) -> &'static str {
        SPECS[self as usize].name
    }

    /// The limit of this number.
    #[must_use]
    pub fn of_number(number: u16) -> Option<Self> {
        Self::ALL.get(usize::from(number)).copied()
    }

    /// The limit of this name.
    #[must_use]
    pub fn find(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|id| id.name() == name)
    }

    /// Those of a level, in the order of the table.
    pub fn of_level(level: Level) -> impl Iterator<Item = Self> + Clone {
        Self::ALL.iter().copied().filter(move |id| SPECS[*id as usize].levels.contains(&level))
    }
}
