//! Where our order stands in a queue of which only the total is known.
//!
//! Owns the estimate for one resting order: how much is ahead of it. Used with price-level data only;
//! order-by-order data knows. Sizes here are estimates, in lots, and may be fractions.
//!
//! ```text
//!   first to trade                                       last
//!   ├────────── ahead ──────────┤ our order ├─── behind ───┤
//!   └── others', recorded ──────┘           └─ recorded ───┘
//! ```
//!
//! Three things move it:
//!
//! - a **trade** at our price takes from what is ahead, then reaches us;
//! - a level that **shrinks** by more than traded lost orders to cancels: the [`QueueModel`] says where;
//! - a level that **grows** grew behind us.
//!
//! **One trade is not counted twice.** A trade and the smaller level it leaves come as two messages, in either
//! order. Trade first: what traded is remembered, and the next level change at our price, unless it is older by
//! the venue's clock, is explained by it before anything counts as cancelled. Level first: the unexplained part
//! is spread as a cancel and remembered; a trade that is not newer than that level, by the venue's clock, then
//! takes its part back out of the guess and counts it as a trade.

use stdx::math;
use types::{Lots, Nanos};

/// Where in the queue orders are cancelled, when the data does not say.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum QueueModel {
    /// Behind us, as long as there is anybody. Fills come late, never early: the honest default.
    ///
    /// Unrealistic: people ahead do cancel, so true fills come sooner.
    #[default]
    Pessimistic,
    /// A cancelled lot was ahead with probability `f(ahead) / (f(ahead) + f(behind))` with `f(x) = x^exponent`
    /// (Rigtorp 2013, "Estimating Order Queue Position"; exponent 1 is proportional to the sizes, more says
    /// that the larger part loses more than its share). The expected number of lots moves, so nothing is drawn.
    ///
    /// Unrealistic: cancels are taken for even within each part, and independent of why we are here.
    Power {
        /// Above zero.
        exponent: f64,
    },
    /// The same with `f(x) = ln(1 + x)`: the parts' sizes matter less (hftbacktest's `LogProbQueueFunc`).
    Log {
        /// The size that counts as one, in lots: a logarithm depends on what it counts. Above zero.
        unit: f64,
    },
    /// A cancelled lot was behind with probability `f(behind) / f(ahead + behind)`, `f(x) = x^exponent`
    /// (hftbacktest's `PowerProbQueueFunc2`): the more the exponent, the more is taken from ahead.
    PowerOfSum {
        /// Above zero.
        exponent: f64,
    },
    /// The same with `f(x) = ln(1 + x)` (hftbacktest's `LogProbQueueFunc2`): most is taken from behind.
    LogOfSum {
        /// As in [`Log`](Self::Log).
        unit: f64,
    },
    /// A cancelled lot was ahead with probability `f(ahead / (ahead + behind))`, `f(x) = x^exponent` (hftbacktest's
    /// `PowerProbQueueFunc3`): the more the exponent, the more is taken from behind.
    PowerOfShare {
        /// Above zero.
        exponent: f64,
    },
}

impl QueueModel {
    /// The share of cancels that was ahead.
    fn share_ahead(self, ahead: f64, behind: f64) -> f64 {
        if behind <= 0.0 {
            return 1.0;
        }
        let of_parts = |front: f64, back: f64| front / (front + back);
        let share = match self {
            Self::Pessimistic => 0.0,
            Self::Power { exponent } => of_parts(math::pow(ahead, exponent), math::pow(behind, exponent)),
            Self::Log { unit } => of_parts(math::ln_1p(ahead / unit), math::ln_1p(behind / unit)),
            Self::PowerOfSum { exponent } => {
                1.0 - math::pow(behind, exponent) / math::pow(ahead + behind, exponent)
            }
            Self::LogOfSum { unit } => {
                1.0 - math::ln_1p(behind / unit) / math::ln_1p((ahead + behind) / unit)
            }
            Self::PowerOfShare { exponent } => math::pow(ahead / (ahead + behind), exponent),
        };
        // 0/0 and ∞/∞: the weights say nothing.
        if share.is_finite() { share } else { 0.0 }
    }
}

/// The estimate for one order.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Estimate {
    /// Of what is recorded at our price, this much trades before us. Infinite while the level is out of sight.
    ahead: f64,
    /// The level's size as last seen.
    level: i64,
    /// Traded at our price since that, and the venue's time of the last such trade.
    traded: i64,
    traded_at: Nanos,
    /// What the last level change took for cancelled, how much of it from ahead, and the venue's time of it.
    cancelled: i64,
    cancelled_ahead: f64,
    level_at: Nanos,
}

impl Estimate {
    /// We join behind everything there is. With `level` unknown (`None`: beyond what the feed shows) nothing
    /// reaches us until the level is seen, and then all of it is ahead.
    pub(crate) fn join(level: Option<Lots>) -> Self {
        Self {
            ahead: level.map_or(f64::INFINITY, |level| float(level.0)),
            level: level.map_or(0, |level| level.0),
            traded: 0,
            traded_at: Nanos::MIN,
            cancelled: 0,
            cancelled_ahead: 0.0,
            level_at: Nanos::MIN,
        }
    }

    /// How much is ahead.
    pub(crate) const fn ahead(&self) -> f64 {
        self.ahead
    }

    /// The level now holds `size`.
    pub(crate) fn on_level(&mut self, size: Lots, venue_at: Nanos, model: QueueModel) {
        // A level older than the trade does not know of it yet.
        let traded = if venue_at >= self.traded_at { std::mem::take(&mut self.traded) } else { 0 };
        let before = self.level.saturating_sub(traded).max(0);
        let cancelled = before.saturating_sub(size.0).max(0);
        let ahead = self.ahead;
        if cancelled > 0 && ahead.is_finite() {
            let behind = (float(before) - ahead).max(0.0);
            let least = ahead - float(cancelled);
            let guess = match model {
                QueueModel::Pessimistic => ahead,
                QueueModel::Power { .. }
                | QueueModel::Log { .. }
                | QueueModel::PowerOfSum { .. }
                | QueueModel::LogOfSum { .. }
                | QueueModel::PowerOfShare { .. } => {
                    ahead - float(cancelled) * model.share_ahead(ahead, behind)
                }
            };
            self.ahead = guess.max(least).max(0.0);
        }
        // Whatever the model says, no more can be ahead than stands there.
        self.ahead = self.ahead.min(float(size.0));
        self.cancelled = cancelled;
        self.cancelled_ahead = if ahead.is_finite() { ahead - self.ahead } else { 0.0 };
        self.level = size.0;
        self.level_at = venue_at;
    }

    /// `size` traded at our price, of which our own orders ahead of this one would have taken `ours`. Gives
    /// how much of it reaches this order.
    pub(crate) fn on_trade(&mut self, size: Lots, ours: Lots, venue_at: Nanos) -> Lots {
        self.note_trade(size, venue_at);
        let reaching = float(size.0.saturating_sub(ours.0).max(0));
        let reach = math::floor(reaching - self.ahead).max(0.0);
        self.ahead = (self.ahead - reaching).max(0.0);
        #[expect(clippy::cast_possible_truncation, reason = "at most the trade's size")]
        Lots(reach as i64)
    }

    /// `size` trades at our price now; nothing is taken from ahead yet. Gives what stood behind us before it.
    pub(crate) fn note_trade(&mut self, size: Lots, venue_at: Nanos) -> f64 {
        let known = if venue_at <= self.level_at { self.cancelled.min(size.0) } else { 0 };
        if known > 0 {
            // The level has shown this trade already: what was guessed of it is undone.
            let back = self.cancelled_ahead * (float(known) / float(self.cancelled));
            self.ahead += back;
            self.cancelled_ahead -= back;
            self.cancelled -= known;
        }
        let standing = self.level.saturating_add(known).saturating_sub(self.traded);
        self.traded = self.traded.saturating_add(size.0 - known);
        self.traded_at = self.traded_at.max(venue_at);
        (float(standing) - self.ahead).max(0.0)
    }

    /// `size` of what is ahead traded.
    pub(crate) fn pass(&mut self, size: i64) {
        self.ahead = (self.ahead - float(size)).max(0.0);
    }

    /// The market traded at a worse price: nothing at ours can be left ahead of us.
    pub(crate) fn on_trade_through(&mut self) {
        self.ahead = 0.0;
    }
}

#[expect(clippy::cast_precision_loss, reason = "an estimate, and sizes are far below 2⁵³")]
fn float(lots: i64) -> f64 {
    lots as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What happens at our price: a trade or a level, at a venue time.
    #[derive(Clone, Copy)]
    enum Then {
        Trade(i64, i64),
        Level(i64, i64),
    }
    use Then::{Level, Trade};

    const POWER: QueueModel = QueueModel::Power { exponent: 1.0 };
    const CUBE: QueueModel = QueueModel::Power { exponent: 3.0 };
    const LOG: QueueModel = QueueModel::Log { unit: 1.0 };
    const ALL: [QueueModel; 7] = [
        QueueModel::Pessimistic,
        POWER,
        CUBE,
        LOG,
        QueueModel::PowerOfSum { exponent: 2.0 },
        QueueModel::LogOfSum { unit: 1.0 },
        QueueModel::PowerOfShare { exponent: 2.0 },
    ];

    fn check(model: QueueModel, joined: Option<i64>, then: &[Then], ahead: f64, reached: i64) {
        let mut estimate = Estimate::join(joined.map(Lots));
        let mut total = 0;
        for &step in then {
            match step {
                Trade(at, size) => total += estimate.on_trade(Lots(size), Lots(0), Nanos(at)).0,
                Level(at, size) => estimate.on_level(Lots(size), Nanos(at), model),
            }
        }
        let close = (estimate.ahead() - ahead).abs() < 1e-9 || estimate.ahead().total_cmp(&ahead).is_eq();
        assert!(close && total == reached, "{model:?}: ahead {} reached {total}", estimate.ahead());
    }

    #[test]
    fn cancels_are_split_by_the_model() {
        // Joined behind 10; the level grows to 30 and shrinks to 24: 6 cancelled, with 10 ahead and 20 behind.
        let steps = [Level(1, 30), Level(2, 24)];
        check(QueueModel::Pessimistic, Some(10), &steps, 10.0, 0);
        check(POWER, Some(10), &steps, 10.0 - 6.0 * 10.0 / 30.0, 0);
        check(CUBE, Some(10), &steps, 10.0 - 6.0 * 1_000.0 / 9_000.0, 0);
        let (front, back) = (11.0_f64.ln(), 21.0_f64.ln());
        check(LOG, Some(10), &steps, 10.0 - 6.0 * front / (front + back), 0);
    }

    /// 6 of 30 cancelled with 10 ahead and 20 behind; by hand, from the formulas in hftbacktest's documentation of
    /// its queue models.
    #[test]
    fn every_model_takes_the_share_its_formula_says() {
        let ln = f64::ln;
        let cases = [
            (QueueModel::Pessimistic, 0.0),
            (POWER, 1.0 / 3.0),
            (QueueModel::Power { exponent: 2.0 }, 1.0 / 5.0),
            (CUBE, 1.0 / 9.0),
            (LOG, ln(11.0) / (ln(11.0) + ln(21.0))),
            (QueueModel::Log { unit: 10.0 }, ln(2.0) / (ln(2.0) + ln(3.0))),
            (QueueModel::PowerOfSum { exponent: 1.0 }, 1.0 / 3.0),
            (QueueModel::PowerOfSum { exponent: 2.0 }, 5.0 / 9.0),
            (QueueModel::PowerOfSum { exponent: 3.0 }, 19.0 / 27.0),
            (QueueModel::LogOfSum { unit: 1.0 }, 1.0 - ln(21.0) / ln(31.0)),
            (QueueModel::LogOfSum { unit: 10.0 }, 1.0 - ln(3.0) / ln(4.0)),
            (QueueModel::PowerOfShare { exponent: 1.0 }, 1.0 / 3.0),
            (QueueModel::PowerOfShare { exponent: 2.0 }, 1.0 / 9.0),
            (QueueModel::PowerOfShare { exponent: 0.5 }, (1.0_f64 / 3.0).sqrt()),
        ];
        for (model, share) in cases {
            check(model, Some(10), &[Level(1, 30), Level(2, 24)], 10.0 - 6.0 * share, 0);
        }
        // What the model would take from behind beyond what is there comes from ahead: 25 of 30 leaves 5 at most.
        for model in ALL {
            check(model, Some(10), &[Level(1, 30), Level(2, 5)], ahead_of_25(model), 0);
        }
    }

    fn ahead_of_25(model: QueueModel) -> f64 {
        let guess = match model {
            QueueModel::PowerOfSum { .. } => 10.0 - 25.0 * 5.0 / 9.0,
            QueueModel::Power { exponent: 1.0 } => 10.0 - 25.0 / 3.0,
            QueueModel::Log { .. } => 10.0 - 25.0 * 11.0_f64.ln() / (11.0_f64.ln() + 21.0_f64.ln()),
            QueueModel::Pessimistic
            | QueueModel::Power { .. }
            | QueueModel::LogOfSum { .. }
            | QueueModel::PowerOfShare { .. } => 5.0,
        };
        guess.clamp(0.0, 5.0)
    }

    #[test]
    fn no_more_is_ahead_than_stands_there() {
        for model in ALL {
            // Nobody is behind: every cancel is ahead.
            check(model, Some(10), &[Level(1, 4)], 4.0, 0);
            check(model, Some(10), &[Level(1, 0)], 0.0, 0);
            check(model, Some(10), &[Level(1, 4), Level(2, 40)], 4.0, 0);
        }
    }

    #[test]
    fn a_trade_takes_from_ahead_and_then_reaches_us() {
        for model in ALL {
            check(model, Some(10), &[Trade(1, 4)], 6.0, 0);
            check(model, Some(10), &[Trade(1, 10)], 0.0, 0);
            check(model, Some(10), &[Trade(1, 13)], 0.0, 3);
            check(model, Some(10), &[Trade(1, 4), Trade(2, 7)], 0.0, 1);
        }
    }

    #[test]
    fn a_trade_and_the_level_it_leaves_count_once_in_either_order() {
        for model in ALL {
            // Behind 10, 20 more behind us; 6 trade.
            check(model, Some(10), &[Level(1, 30), Trade(2, 6), Level(2, 24)], 4.0, 0);
            check(model, Some(10), &[Level(1, 30), Level(2, 24), Trade(2, 6)], 4.0, 0);
            // Two trades, one level.
            check(model, Some(10), &[Level(1, 30), Trade(2, 2), Trade(3, 4), Level(3, 24)], 4.0, 0);
            check(model, Some(10), &[Level(1, 30), Level(3, 24), Trade(2, 2), Trade(3, 4)], 4.0, 0);
            // A level that is older than the trade does not explain it, the next one does.
            check(model, Some(10), &[Level(1, 30), Trade(5, 6), Level(4, 30), Level(6, 24)], 4.0, 0);
        }
    }

    #[test]
    fn what_trades_and_cancels_explain_together_is_split_apart() {
        // 30 to 20: 6 traded, 4 cancelled with 4 ahead and 20 behind.
        let left = 4.0 - 4.0 * 4.0 / 24.0;
        check(POWER, Some(10), &[Level(1, 30), Trade(2, 6), Level(2, 20)], left, 0);
        check(QueueModel::Pessimistic, Some(10), &[Level(1, 30), Trade(2, 6), Level(2, 20)], 4.0, 0);
    }

    #[test]
    fn out_of_sight_nothing_reaches_us_until_the_level_is_seen() {
        check(POWER, None, &[Trade(1, 1_000)], f64::INFINITY, 0);
        check(POWER, None, &[Level(1, 7)], 7.0, 0);
        check(POWER, None, &[Level(1, 7), Trade(2, 9)], 0.0, 2);
    }

    #[test]
    fn our_own_orders_ahead_take_their_part_first() {
        let mut estimate = Estimate::join(Some(Lots(2)));
        assert_eq!(estimate.on_trade(Lots(10), Lots(5), Nanos(1)), Lots(3));
    }
}
