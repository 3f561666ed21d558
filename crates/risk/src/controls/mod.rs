//! Every control there is: one function, one entry here, its refusals in `refusal`. The manual, the configuration's
//! reference and the order in which orders are judged all come from this list.
//!
//! A check is a pure question: it reads the rows and the ask, changes nothing, and gives an answer for every number there
//! is, sane or not, because it cannot know which checks ran before it. That is what makes accept or refuse independent of
//! the order; the order only chooses the reason that is named. Cheap and stateless checks come first.
//!
//! **To add a control**: its limits are lines of the table in `limits`; its check is a function of one of the files below,
//! by level; its state is a field of a row of `state`; its entry stands here. Where it learns something (a fill, a mark, a
//! report) is one of the `on_…` of `hear`, which push [`News`](crate::News) when trading must stop or people be told.

mod exposure;
mod market;
mod measured;
mod order;
mod standing;
mod strategy;
mod venue;

use crate::exposure::Held;
use crate::limits::{Level, LimitId};
use crate::marks::Marks;
use crate::measures::covariance::Covariances;
use crate::state::{AccountRow, DeskRow, FirmRow, InstrumentRow, Own, StrategyRow, VenueRow};
use crate::{Refusal, Touch};
pub(crate) use order::is_short;
use types::{InstrumentId, Lots, Nanos, OrderKind, Side, Ticks, TimeInForce};

/// What is asked: a new order, or the new shape of one that works; and every row it touches.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ask<'a> {
    pub(crate) now: Nanos,
    pub(crate) instrument: InstrumentId,
    pub(crate) side: Side,
    pub(crate) price: Ticks,
    /// What may trade of it.
    pub(crate) size: Lots,
    pub(crate) kind: OrderKind,
    /// Of a new order.
    pub(crate) time_in_force: Option<TimeInForce>,
    /// The limit of an order that works, before the change that is asked for.
    pub(crate) old_price: Option<Ticks>,
    /// What that adds to the working exposure of its side.
    pub(crate) added: Lots,
    /// Whether one more order would be open.
    pub(crate) opens: bool,
    /// Of all rows.
    pub(crate) marks: Marks,
    pub(crate) row: &'a InstrumentRow,
    pub(crate) own: &'a Own,
    pub(crate) of_account: &'a Held,
    pub(crate) strategy: &'a StrategyRow,
    pub(crate) account: &'a AccountRow,
    pub(crate) desk: Option<&'a DeskRow>,
    pub(crate) venue: &'a VenueRow,
    pub(crate) firm: &'a FirmRow,
    pub(crate) covariances: Option<&'a Covariances>,
    pub(crate) touch: &'a Touch,
}

/// A check: a pure question about what is asked.
#[cfg(test)]
pub(crate) type Check = fn(&Ask) -> Result<(), Refusal>;

/// One control, as the manual shows it.
#[derive(Clone, Copy, Debug)]
pub struct Control {
    /// Its number in the catalogue.
    pub id: &'static str,
    /// What it is.
    pub name: &'static str,
    /// Where it holds.
    pub levels: &'static [Level],
    /// Who asks for it: 15 is SEC 15c3-5, R6 and R7 are RTS 6 and 7 by article, FIA its 2024 paper, CME a tool of
    /// CME's, K and C the lessons of Knight and Citi.
    pub basis: &'static str,
    /// What it compares with.
    pub limits: &'static [LimitId],
    /// When it acts.
    pub acts: &'static str,
    /// What it costs to leave its limits unset.
    pub unset: &'static str,
}

/// What an unset limit costs nearly everywhere.
const REFUSES: &str = "every order is refused";
/// Where there is nothing to set.
const NOTHING: &str = "nothing can be left unset";

macro_rules! controls {
    ($($id:literal $name:literal, [$($level:ident)*], $basis:literal, [$($limit:ident)*],
        $($check:path)?, $acts:literal, $unset:expr;)*) => {
        /// Every control, in the order in which those that judge orders judge.
        pub const CONTROLS: &[Control] = &[$(Control {
            id: $id,
            name: $name,
            levels: &[$(Level::$level),*],
            basis: $basis,
            limits: &[$(LimitId::$limit),*],
            acts: $acts,
            unset: $unset,
        },)*];

        /// The checks alone, for tests that ask them in another order.
        #[cfg(test)]
        pub(crate) const CHECKS: &[Check] = &[$($($check as Check,)?)*];

        /// The first reason to refuse, in the order of the list.
        #[inline]
        pub(crate) fn verdict(ask: &Ask) -> Result<(), Refusal> {
            $($($check(ask)?;)?)*
            Ok(())
        }
    };
}

controls! {
    "RC-32" "kill switch", [Instrument Strategy Account Desk Venue Firm], "R6 12, FIA 1.5, CME", [],
        standing::kill_switch, "before each order; a person or a fill nobody can account for pulls it: latched, then everything in its scope is cancelled", NOTHING;
    "RC-00" "every limit is set", [Instrument Strategy Account Desk Venue Firm], "FIA 1.1", [],
        standing::limits_are_set, "before each order", REFUSES;
    "RC-43" "stale limits", [Firm], "FIA", [LimitAge],
        standing::limits_are_fresh, "before each order", REFUSES;
    "RC-07" "tick, lot, step, smallest order", [Instrument], "venue", [OrderNotionalMin SizeStep],
        order::is_sane, "before each order", REFUSES;
    "RC-26" "order types and times in force of a venue", [Venue], "venue", [],
        venue::takes_it, "before each order", "a venue not named takes every type";
    "RC-01" "largest order", [Instrument], "R6 15(1)(c), FIA 1.1, CME", [OrderSize],
        order::size, "before each order", REFUSES;
    "RC-02" "largest order by turnover", [Instrument], "R6 15(1)(b), FIA 1.1", [OrderNotional],
        order::notional, "before each order", REFUSES;
    "RC-39" "deployment of a new strategy", [Strategy], "R6 8", [DeploySize DeployNotional DeployOrders DeployPosition DeployCollar],
        strategy::deployment, "before each order", REFUSES;
    "RC-10" "repeated executions", [Strategy], "R6 15(3)", [Executions ExecutionsWindow],
        strategy::is_enabled, "at each fill, before each order; latches until a person resets it", REFUSES;
    "RC-46" "guard of model outputs", [Strategy], "O-08", [ModelAge],
        strategy::model_is_healthy, "before each order", REFUSES;
    "RC-08" "duplicate order", [Strategy], "15(c)(1)(ii)", [DuplicateWindow],
        strategy::is_no_duplicate, "before each new order; a parent's number is used once", REFUSES;
    "RC-47" "health of a venue", [Venue], "V-05", [Rejects VenueRejectsWindow AckLatency],
        venue::is_healthy, "at each answer, before each order; latches until a person resets it", REFUSES;
    "RC-25" "phases, halts and price bands", [Instrument], "15(c)(2)", [],
        market::is_open, "before each order; unknown is open, the book must be live anyway", NOTHING;
    "RC-23" "restricted list, hard to borrow, locates", [Instrument], "15(c)(2)", [],
        order::restriction, "before each order; a person's word holds from the next one on", NOTHING;
    "RC-24" "short-sale marking and price test", [Instrument], "15(c)(2), Reg SHO", [ShortSale],
        order::short_sale, "before each sale", REFUSES;
    "RC-06" "market data can be reasoned from", [Instrument], "FIA", [DataAge Spread Jump],
        market::is_reasonable, "before each order", REFUSES;
    "RC-04" "price collar", [Instrument], "R6 15(1)(a), FIA 1.3", [CollarTicks CollarPpm CollarReference],
        market::collar, "before each order", REFUSES;
    "RC-05" "price collar over time", [Instrument], "R6 15(1)(a)", [DriftPpm DriftWindow],
        market::collar_over_time, "before each order", REFUSES;
    "RC-11" "open orders", [Instrument Strategy Account Venue Firm], "FIA", [OpenOrders],
        exposure::open_orders, "before each new order", REFUSES;
    "RC-12" "orders in flight", [Venue], "V-17", [InFlight],
        venue::in_flight, "before each new order", REFUSES;
    "RC-34" "reduce only", [Instrument Strategy Account Desk Venue Firm], "CME RMI", [],
        standing::reduce_only, "before each order", NOTHING;
    "RC-13" "position with all working orders, worst case per side", [Instrument Strategy Account], "FIA 1.2", [Position],
        exposure::position, "before each order", REFUSES;
    "RC-14" "gross and net exposure", [Account Firm], "15(c)(1)(i)", [Gross Net],
        exposure::gross_and_net, "before each order", REFUSES;
    "RC-15" "credit", [Account Firm], "15(c)(1)(i), R6 15(4), K", [Credit],
        exposure::credit, "before each order", REFUSES;
    "RC-17" "daily loss", [Strategy Account Firm], "FIA 4.2", [DailyLoss],
        exposure::daily_loss, "at each mark and fill: cancels everything in its scope; before each order", REFUSES;
    "RC-18" "drawdown from the peak", [Strategy Account Firm], "FIA", [Drawdown],
        exposure::drawdown, "as the daily loss", REFUSES;
    "RC-19" "loss rate", [Strategy], "FIA", [LossRate LossRateWindow],
        measured::loss_rate, "at each mark and fill: cancels everything of the strategy; before each order; latches until a person resets it", REFUSES;
    "RC-18" "stop-loss and trailing stop of a position", [Strategy], "house", [StopLoss TrailingStop],
        measured::stop, "at each mark and fill: cancels the strategy's orders in the instrument; before each order; latches until a person resets it", REFUSES;
    "RC-36" "market-maker protection", [Strategy Venue], "FIA", [ProtectionFills ProtectionDelta ProtectionWindow ProtectionPause],
        measured::protection, "at each fill: cancels the strategy's orders in the instrument, or everybody's at the venue; before each order", REFUSES;
    "RC-37" "width and size of quotes", [Strategy], "house", [QuoteWidthMin QuoteWidthMax QuoteSizeMin QuoteSizeMax],
        measured::quote, "before each post-only order", REFUSES;
    "RC-22" "concentration, share of volume, participation", [Instrument Strategy], "house", [Capital Concentration AverageVolume VolumeShare Participation ParticipationFree ParticipationWindow],
        measured::concentration, "before each order", REFUSES;
    "RC-16" "margin", [Instrument Account], "FINRA 4210, Reg T", [MarginRate MarginCapital],
        measured::margin, "before each order", REFUSES;
    "RC-21" "greeks of what lies beneath", [Account], "CME", [Delta Gamma Vega],
        measured::greeks, "before each order", REFUSES;
    "RC-20" "value at risk and expected shortfall", [Account Firm], "house", [ValueAtRisk Shortfall TailLevel],
        measured::tail, "before each order", REFUSES;
    "RC-42" "what has not settled", [Account], "FIA 4.2", [Settlement SettlementDays],
        measured::settlement, "before each order", REFUSES;
    "RC-09" "messages a second", [Strategy Account Venue], "R6 15(1)(d), R7 18, FIA, CME", [MessagesPerSecond Burst],
        venue::message_rate, "before each order; cancels are counted and always pass", REFUSES;
    "RC-29" "order-to-trade ratio", [Instrument Venue], "RTS 9", [OrderToTrade OrderToTradeFree],
        venue::order_to_trade, "before each order", REFUSES;
    "RC-03" "largest order in parts", [Strategy Desk], "C", [ParentNotional],
        , "before a parent", "every parent is refused";
    "RC-40" "parts within the whole", [Strategy], "K", [],
        , "before each part", NOTHING;
    "RC-27" "self-match prevention", [Account], "FIA, CME SMP", [],
        , "before each order, by the account's mode", "without a mode the new order is refused";
    "RC-28" "wash trades between accounts of one owner", [Firm], "7", [],
        , "before each order, among accounts of one owner", "an account without an owner is its own";
    "RC-38" "fat-finger warning", [Instrument], "R6", [FatFinger],
        , "after an order passed everything else: people are told, nothing is stopped", REFUSES;
    "RC-33" "reset by a second person with a reason", [Firm], "R6, 15", [],
        , "at each request of a person", NOTHING;
    "RC-35" "mass cancel by scope", [Instrument Strategy Account Desk Venue Firm], "R6 12, R7 18(2)(c)", [],
        , "at a person's request", NOTHING;
    "RC-44" "alerts", [Firm], "R6 16, R7 20", [],
        , "in the step of what they are about", NOTHING;
    "RC-45" "limits change by journalled request with reason and four eyes", [Firm], "15(d)", [],
        , "at each request of a person; a strategy has no way to", NOTHING;
    "RC-48" "error trades", [Firm], "FIA", [],
        , "at a person's request: recorded, and told", NOTHING;
}

/// The control of this number.
#[must_use]
pub fn find(id: &str) -> Option<&'static Control> {
    CONTROLS.iter().find(|control| control.id == id)
}
