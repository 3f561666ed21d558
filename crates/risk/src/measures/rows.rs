//! The measures of each row of the state, with the limits they are compared with: a field of it each.

use super::covariance::{Covariances, Variance, variance_within};
use super::greeks::{Sensitive, Sensitivities};
use super::loss_rate::LossRate;
use super::protection::{Protection, ProtectionLimits};
use super::settlement::Settlement;
use super::stop::StopWatch;
use super::window::{Edge, Window};
use crate::exposure::Exposed;
use crate::limits::{LimitId, Settings};
use serde::{Deserialize, Serialize};
use types::{Lots, Money, Nanos, Ticks, TradingDays};

/// A hundred times the worth: no broker asks for more, and the sum over instruments overflows nothing.
const MARGIN_PPM_MAX: i64 = 100_000_000;

/// Of an instrument.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct OfInstrument {
    /// RC-16: zero where it ties nothing up.
    margin_ppm: i64,
    /// RC-22, in lots a day; zero where nobody said.
    pub(crate) average_volume: i64,
    pub(crate) window: i64,
    /// What the market traded.
    pub(crate) market: Window,
    /// RC-21.
    pub(crate) sensitive: Option<Sensitive>,
}

impl OfInstrument {
    pub(crate) fn new(settings: &Settings) -> Self {
        let mut new = Self {
            margin_ppm: 0,
            average_volume: 0,
            window: 0,
            market: Window::new(0, Edge::Short),
            sensitive: None,
        };
        new.limit(settings);
        new
    }

    pub(crate) fn limit(&mut self, settings: &Settings) {
        let number = |id| settings.of(id).number();
        self.margin_ppm = number(LimitId::MarginRate).unwrap_or(0).min(MARGIN_PPM_MAX);
        self.average_volume = number(LimitId::AverageVolume).unwrap_or(0);
        let window = number(LimitId::ParticipationWindow).unwrap_or(0);
        if window != self.window {
            self.window = window;
            self.market = Window::new(window, Edge::Short);
        }
    }

    /// What a position and its working orders tie up, in nanos, rounded up.
    #[inline]
    pub(crate) fn margin(&self, exposed: &Exposed) -> i128 {
        if self.margin_ppm == 0 {
            return 0;
        }
        let (ppm, gross) = (i128::from(self.margin_ppm), exposed.gross.max(0));
        (gross / 1_000_000).saturating_mul(ppm) + (gross % 1_000_000 * ppm + 999_999) / 1_000_000
    }
}

/// Of a strategy.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct OfStrategy {
    /// RC-19.
    pub(crate) rate: LossRate,
    pub(crate) loses_too_fast: bool,
    /// RC-18 of one position.
    pub(crate) stop_loss: Option<Money>,
    pub(crate) trailing_stop: Option<Money>,
    /// RC-22. Capital in nanos.
    pub(crate) capital: Option<i64>,
    pub(crate) concentration_ppm: Option<i64>,
    pub(crate) volume_ppm: Option<i64>,
    pub(crate) participation_ppm: Option<i64>,
    pub(crate) participation_free: i64,
    /// RC-36.
    pub(crate) protection: ProtectionLimits,
    /// RC-37.
    pub(crate) quotes: QuoteLimits,
}

/// What a quote may be (RC-37).
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub(crate) struct QuoteLimits {
    pub(crate) width_min: Option<i64>,
    pub(crate) width_max: Option<i64>,
    pub(crate) size_min: Option<i64>,
    pub(crate) size_max: Option<i64>,
}

impl OfStrategy {
    pub(crate) fn new(settings: &Settings) -> Self {
        let mut new = Self {
            rate: LossRate::new(None, None),
            loses_too_fast: false,
            stop_loss: None,
            trailing_stop: None,
            capital: None,
            concentration_ppm: None,
            volume_ppm: None,
            participation_ppm: None,
            participation_free: 0,
            protection: ProtectionLimits::default(),
            quotes: QuoteLimits::default(),
        };
        new.limit(settings);
        new
    }

    pub(crate) fn limit(&mut self, settings: &Settings) {
        let number = |id| settings.of(id).number();
        self.rate.limit(number(LimitId::LossRate), number(LimitId::LossRateWindow));
        self.stop_loss = number(LimitId::StopLoss).map(Money::from_nanos);
        self.trailing_stop = number(LimitId::TrailingStop).map(Money::from_nanos);
        self.capital = number(LimitId::Capital);
        self.concentration_ppm = number(LimitId::Concentration);
        self.volume_ppm = number(LimitId::VolumeShare);
        self.participation_ppm = number(LimitId::Participation);
        self.participation_free = number(LimitId::ParticipationFree).unwrap_or(0);
        self.protection = protection(settings);
        self.quotes = QuoteLimits {
            width_min: number(LimitId::QuoteWidthMin),
            width_max: number(LimitId::QuoteWidthMax),
            size_min: number(LimitId::QuoteSizeMin),
            size_max: number(LimitId::QuoteSizeMax),
        };
    }
}

/// RC-36 of a strategy's instruments or a venue session.
pub(crate) fn protection(settings: &Settings) -> ProtectionLimits {
    let number = |id| settings.of(id).number();
    ProtectionLimits {
        fills: number(LimitId::ProtectionFills),
        delta: number(LimitId::ProtectionDelta),
        window: number(LimitId::ProtectionWindow),
        pause: number(LimitId::ProtectionPause),
    }
}

/// RC-20 of an account or the firm.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Tail {
    pub(crate) variance: Variance,
    /// The largest variance within the limits. `None`: there are limits, and no level to read them at.
    pub(crate) most: Option<i128>,
}

impl Tail {
    pub(crate) fn new(size: usize, settings: &Settings) -> Self {
        let mut new = Self { variance: Variance::new(size), most: None };
        new.limit(settings);
        new
    }

    pub(crate) fn limit(&mut self, settings: &Settings) {
        let number = |id| settings.of(id).number();
        let (var, shortfall) = (number(LimitId::ValueAtRisk), number(LimitId::Shortfall));
        self.most = variance_within(var, shortfall, number(LimitId::TailLevel));
    }
}

/// Of an account.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct OfAccount {
    /// RC-16, in nanos: what it began with; `None` where margin is not counted.
    pub(crate) margin_capital: Option<i64>,
    pub(crate) margin: i128,
    pub(crate) tail: Tail,
    /// RC-21: by what lies beneath.
    pub(crate) beneath: Vec<Sensitivities>,
    /// Delta, gamma, vega in millionths.
    pub(crate) sensitivity_most: [Option<i128>; 3],
    /// RC-42.
    pub(crate) settlement: Settlement,
    pub(crate) settlement_most: Option<Money>,
}

impl OfAccount {
    pub(crate) fn new(settings: &Settings) -> Self {
        let mut new = Self {
            margin_capital: None,
            margin: 0,
            tail: Tail::new(0, settings),
            beneath: Vec::new(),
            sensitivity_most: [None; 3],
            settlement: Settlement::default(),
            settlement_most: None,
        };
        new.limit(settings);
        new
    }

    pub(crate) fn limit(&mut self, settings: &Settings) {
        let number = |id| settings.of(id).number();
        self.margin_capital = number(LimitId::MarginCapital);
        self.tail.limit(settings);
        let sensitivities = [LimitId::Delta, LimitId::Gamma, LimitId::Vega];
        self.sensitivity_most = sensitivities.map(|id| number(id).map(|most| i128::from(most) * 1_000_000));
        self.settlement.limit(number(LimitId::SettlementDays));
        self.settlement_most = number(LimitId::Settlement).map(Money::from_nanos);
    }
}

/// Of what a strategy has in one instrument.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct OfOwn {
    pub(crate) stop: StopWatch,
    pub(crate) protection: Protection,
    /// RC-37: the last quote on each side.
    pub(crate) quotes: [Ticks; 2],
    /// RC-22: what it traded.
    pub(crate) traded: Window,
    window: i64,
}

impl Default for OfOwn {
    fn default() -> Self {
        Self {
            stop: StopWatch::default(),
            protection: Protection::default(),
            quotes: [Ticks(0); 2],
            traded: Window::new(0, Edge::Long),
            window: 0,
        }
    }
}

impl OfOwn {
    /// Fills of the strategy in it, as far as they are counted by time.
    #[inline]
    pub(crate) fn on_fill(&mut self, now: Nanos, signed: Lots) -> bool {
        self.traded.add(now, signed.0.saturating_abs());
        self.protection.on_fill(now, signed)
    }

    pub(crate) fn limit(&mut self, strategy: &OfStrategy, instrument: &OfInstrument) {
        self.protection.limit(&strategy.protection);
        if instrument.window != self.window {
            self.window = instrument.window;
            self.traded = Window::new(instrument.window, Edge::Long);
        }
    }
}

/// What limits need to know of the world.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Models {
    /// RC-20; `None`: no order can be judged by it.
    pub(crate) covariances: Option<Covariances>,
    /// When the trading day ends that settlements are counted by.
    pub(crate) day_ends_at: Nanos,
    pub(crate) days: TradingDays,
}

impl Default for Models {
    fn default() -> Self {
        Self { covariances: None, day_ends_at: Nanos::MIN, days: TradingDays::default() }
    }
}
