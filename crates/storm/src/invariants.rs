//! What must hold after every event, whatever goes wrong: the ten invariants of the catalogue, one function each.
//!
//! A check sees the process only from outside: what it was told, what it sent, what it shows. It compares that with
//! counts of its own. Most are incremental: they look at what the event touched.

use crate::audit::Audit;
use crate::count::Count;
use crate::desk::Desk;
use crate::exchange::Exchange;
use crate::firm::Firm;
use crate::market::Market;
use crate::rules::Rules;
use engine::Engine;
use orders::{End, Order, State};
use std::collections::{BTreeMap, BTreeSet};
use types::{
    Command, Event, Input, InstrumentId, Money, OrderId, Outcome, PlaceOrder, Report, Side, StrategyId,
};

/// One of the ten.
pub struct Invariant {
    /// As the catalogue counts them.
    pub number: u8,
    /// In a word or two.
    pub name: &'static str,
    /// What holds.
    pub about: &'static str,
    check: fn(&mut Checks, &Seen<'_>) -> Result<(), String>,
}

/// All of them.
pub const ALL: [Invariant; 10] = [
    Invariant {
        number: 1,
        name: "replica",
        about: "A replica that hears only the journal's inputs gives the same commands and has the same state, hash for hash.",
        check: replica,
    },
    Invariant {
        number: 2,
        name: "book",
        about: "A book that says it is live is the exchange's: every level, and every order where it shows orders.",
        check: books,
    },
    Invariant {
        number: 3,
        name: "exposure",
        about: "By the commands that left and what the venue truly did, nothing under way can carry a position \
                beyond its limit, and the engine never counts less than can happen.",
        check: exposure,
    },
    Invariant {
        number: 4,
        name: "fills",
        about: "The fills of an order come to what the venue said, once each, and never to more than its size.",
        check: fills,
    },
    Invariant {
        number: 5,
        name: "ledger",
        about: "Our cash, the counterparties' and the broker's come to zero, the portfolio's equity is ours, and \
                what we hold with what we have not heard is what the venue says we hold.",
        check: ledger,
    },
    Invariant {
        number: 6,
        name: "outbound",
        about: "Every order that leaves was submitted by the engine, is in the journal first, and has a number no \
                other had.",
        check: outbound,
    },
    Invariant {
        number: 7,
        name: "transitions",
        about: "An order goes from state to state as the table says, and a closed one stays closed.",
        check: transitions,
    },
    Invariant {
        number: 8,
        name: "sequence",
        about: "Inputs are numbered without a hole, the session's reports come one by one, and of a live book no \
                trade is missing.",
        check: sequence,
    },
    Invariant {
        number: 9,
        name: "audit chain",
        about: "What was flushed is a whole, hashed chain from the first byte on.",
        check: chain,
    },
    Invariant {
        number: 10,
        name: "kill",
        about: "From a killed scope nothing leaves but cancels.",
        check: kill,
    },
];

/// The states of process and replica are hashed at every so many moments at which both have heard the same.
const HASH_EVERY: u64 = 32;

/// A moment, as the checks see it.
pub(crate) struct Seen<'a> {
    /// What the process stepped on; `None` when something happened outside.
    pub(crate) input: Option<&'a Input>,
    /// What it answered.
    pub(crate) commands: &'a [Command],
    /// The order that a report is about, as it was before.
    pub(crate) before: Option<Order>,
    /// The process, if one lives.
    pub(crate) desk: Option<&'a Desk>,
    /// The packet, or whatever else, has been taken in whole: books may be looked at.
    pub(crate) whole: bool,
    /// Commands that leave now.
    pub(crate) leaving: &'a [Command],
    /// What the auditor found in what was flushed, if it read anything.
    pub(crate) audited: Option<&'a Result<(), (u8, String)>>,
    pub(crate) market: &'a Market,
    pub(crate) exchange: &'a Exchange,
    pub(crate) audit: &'a Audit,
}

/// What the checks remember.
pub(crate) struct Checks {
    pub(crate) count: Count,
    firm: Firm,
    /// How far a position may come by side: its limit, or how far it can come already, by late news or a lowered limit.
    allowed: Vec<[i64; 2]>,
    /// What is wrong with a command that left.
    unsendable: Option<String>,
    /// The numbering of packets that the process is in: which books must be looked at again.
    touched: Vec<bool>,
    position: Option<u32>,
    pub(crate) compared: u64,
    places: u64,
    closed: BTreeMap<OrderId, End>,
    pub(crate) rules: Rules,
    /// The same, as it was when everything was on the disk.
    rules_for_good: Rules,
    /// By instrument: how many of its trades the market made, by how many the process was told, and whether it has
    /// missed none since its book became live.
    trades: Vec<Trades>,
    caught_up: u64,
    scratch: Vec<u8>,
    /// Only this one is checked.
    pub(crate) only: Option<u8>,
}

#[derive(Clone, Debug, Default)]
struct Trades {
    /// Numbers of the market's trades, in its order; those that were told go.
    made: std::collections::VecDeque<u64>,
    /// Those that went in this life, and in the lives before it.
    gone: BTreeSet<u64>,
    gone_before: BTreeSet<u64>,
    /// Nothing is known to be missing since the last one told.
    whole: bool,
}

impl Checks {
    pub(crate) fn new(firm: &Firm, only: Option<u8>) -> Self {
        let limits = firm.instruments.iter().map(|instrument| firm.position_limit(instrument));
        let rules = Rules::new(limits.collect());
        Self {
            count: Count::new(&firm.instruments, &firm.fees),
            allowed: vec![[0; 2]; firm.instruments.len()],
            unsendable: None,
            touched: vec![true; firm.instruments.len()],
            trades: vec![Trades::default(); firm.instruments.len()],
            firm: firm.clone(),
            position: None,
            compared: 0,
            places: 0,
            closed: BTreeMap::new(),
            rules: rules.clone(),
            rules_for_good: rules,
            caught_up: 0,
            scratch: Vec::new(),
            only,
        }
    }

    /// Checks everything; the first that does not hold, and how.
    pub(crate) fn after(&mut self, seen: &Seen<'_>) -> Result<(), (u8, String)> {
        self.learn(seen);
        for invariant in &ALL {
            // Each must hear of everything, for it remembers; only what it says may be left out.
            let verdict = (invariant.check)(self, seen);
            if let Err(what) = verdict
                && self.only.is_none_or(|only| only == invariant.number)
            {
                return Err((invariant.number, what));
            }
        }
        Ok(())
    }

    /// Counts what left and what was heard, before anything is judged by it.
    fn learn(&mut self, seen: &Seen<'_>) {
        if let Some(Input { event: Event::Report(report), .. }) = seen.input {
            self.count.heard(report);
        }
        if seen.audited.is_some_and(Result::is_ok) {
            self.rules_for_good.clone_from(&self.rules);
        }
        if seen.leaving.is_empty() {
            return;
        }
        for instrument in &self.firm.instruments {
            let limit = self.rules.positions[instrument.id().index()];
            let worst = Side::BOTH.map(|side| self.count.worst(instrument.id(), side));
            self.allowed[instrument.id().index()] = worst.map(|worst| worst.max(limit));
        }
        for command in seen.leaving {
            if let Err(what) = self.count.sent(command) {
                self.unsendable.get_or_insert(what);
            }
        }
    }

    /// The process began a new life: what it had heard and not written down, it will hear again.
    pub(crate) fn reborn(&mut self, desk: &Desk, log: &[Report]) {
        self.count.relearn(&log[..desk.next_report.min(log.len())]);
        self.rules.clone_from(&self.rules_for_good);
        self.closed.clear();
        // The next moment at which both have heard the same is one at which states are hashed.
        self.caught_up = HASH_EVERY - 1;
        self.position = None;
        self.touched.fill(true);
        self.places = desk.engine.orders().counts().submitted;
        for trades in &mut self.trades {
            trades.whole = false;
            trades.gone_before.append(&mut trades.gone);
        }
    }

    /// The market traded.
    pub(crate) fn traded(&mut self, instrument: InstrumentId, id: u64) {
        let made = &mut self.trades[instrument.index()].made;
        made.push_back(id);
        if made.len() > 4_096 {
            made.pop_front();
        }
    }
}

fn replica(checks: &mut Checks, seen: &Seen<'_>) -> Result<(), String> {
    let Some(audited) = seen.audited else { return Ok(()) };
    if let Err((1, what)) = audited {
        return Err(what.clone());
    }
    let (Some(desk), true) = (seen.desk, seen.audit.is_caught_up()) else { return Ok(()) };
    if audited.is_err() || desk.uncommitted > 0 {
        return Ok(());
    }
    checks.caught_up += 1;
    if !checks.caught_up.is_multiple_of(HASH_EVERY) {
        return Ok(());
    }
    let hash =
        |engine: &Engine, scratch: &mut Vec<u8>| engine.state_hash(scratch).map_err(|e| format!("{e:?}"));
    let ours = hash(&desk.engine, &mut checks.scratch)?;
    let theirs = hash(seen.audit.replica(), &mut checks.scratch)?;
    if ours != theirs {
        return Err(format!("the state's hash is {ours}, the replica's {theirs}"));
    }
    Ok(())
}

fn books(checks: &mut Checks, seen: &Seen<'_>) -> Result<(), String> {
    if let Some(input) = seen.input
        && input.event.is_market()
    {
        match input.event.instrument() {
            Some(instrument) => checks.touched[instrument.index()] = true,
            None => checks.touched.fill(true),
        }
    }
    let (Some(desk), true) = (seen.desk, seen.whole) else { return Ok(()) };
    let position = desk.position();
    if position != checks.position {
        checks.position = position;
        checks.touched.fill(true);
    }
    let live = |product: usize| {
        let id = InstrumentId(u32::try_from(product).expect("a few"));
        Some(desk.engine.book(id)).filter(|book| book.is_live())
    };
    let Some(position) = position else {
        let any = (0..checks.touched.len()).find(|product| live(*product).is_some());
        return any.map_or(Ok(()), |product| Err(format!("product {product} is live before anything came")));
    };
    let truth = &seen.market.truth;
    let packets = truth.through(position);
    for product in 0..checks.touched.len() {
        if !std::mem::take(&mut checks.touched[product]) {
            continue;
        }
        let Some(book) = live(product) else { continue };
        let Some(picture) = truth.of(product, packets) else {
            // In the middle of an event: looked at when it is over.
            checks.touched[product] = true;
            continue;
        };
        checks.compared += 1;
        if picture.is(book) {
            continue;
        }
        let ahead = desk.ahead.iter().filter(|knows| knows.wrapping_sub(position).cast_signed() > 0);
        let told = ahead
            .filter_map(|knows| truth.of(product, truth.through(*knows)))
            .any(|picture| picture.is(book));
        if !told {
            let difference = picture.difference(book);
            return Err(format!("product {product} is live and wrong after packet {position}: {difference}"));
        }
    }
    Ok(())
}

fn exposure(checks: &mut Checks, seen: &Seen<'_>) -> Result<(), String> {
    for command in seen.leaving {
        let (Some(instrument), Command::Place(_) | Command::Replace { .. }) = (command.instrument(), command)
        else {
            continue;
        };
        for side in Side::BOTH {
            let worst = checks.count.worst(instrument, side);
            let allowed = checks.allowed[instrument.index()][side.index()];
            if worst > allowed {
                return Err(format!(
                    "{command:?} could carry instrument {instrument} to {worst} on the {side} side; {allowed} is allowed"
                ));
            }
        }
    }
    let Some(desk) = seen.desk else { return Ok(()) };
    for instrument in &checks.firm.instruments {
        let id = instrument.id();
        let exposure = desk.engine.risk().exposure(id);
        let counted = [exposure.long_worst.0, -exposure.short_worst.0];
        for side in Side::BOTH {
            let (worst, counted) = (checks.count.worst(id, side), counted[side.index()]);
            if worst > counted {
                return Err(format!(
                    "instrument {id} can come to {worst} on the {side} side; the engine counts {counted}"
                ));
            }
        }
    }
    Ok(())
}

fn fills(checks: &mut Checks, seen: &Seen<'_>) -> Result<(), String> {
    let (Some(desk), Some(Input { event: Event::Report(report), .. })) = (seen.desk, seen.input) else {
        return Ok(());
    };
    let (Some(order), Some(tracked)) =
        (desk.engine.orders().get(report.order), checks.count.orders.get(&report.order))
    else {
        return Ok(());
    };
    if tracked.heard > tracked.most {
        return Err(format!("order {} traded {} of {}", report.order, tracked.heard, tracked.most));
    }
    if order.filled.0 != tracked.heard {
        return Err(format!(
            "order {}: the engine counts {} filled, the venue's fills come to {}",
            report.order, order.filled.0, tracked.heard
        ));
    }
    Ok(())
}

fn ledger(checks: &mut Checks, seen: &Seen<'_>) -> Result<(), String> {
    let Some(desk) = seen.desk else { return Ok(()) };
    // Money moves with fills; marks move what it is worth.
    let moved = matches!(seen.input, Some(Input { event: Event::Report(_) | Event::Cash(_), .. }));
    if !(moved || seen.audited.is_some()) {
        return Ok(());
    }
    for instrument in &checks.firm.instruments {
        let id = instrument.id();
        let sums = checks.count.sums[id.index()];
        if sums.cash + sums.counterparty + sums.broker != Money::ZERO {
            return Err(format!("{id}: cash, counterparties and broker do not come to zero"));
        }
        let portfolio = desk.engine.portfolio();
        let held = portfolio.position(id).0;
        if held != sums.heard {
            return Err(format!("{id}: the portfolio holds {held}, the fills come to {}", sums.heard));
        }
        let venue = seen.exchange.position(id);
        if sums.heard + sums.unheard != venue {
            let (heard, unheard) = (sums.heard, sums.unheard);
            return Err(format!("{id}: {heard} heard and {unheard} not; the venue says we hold {venue}"));
        }
        let worth = portfolio.mark_of(id).map_or(Money::ZERO, |(bid, ask)| {
            let both =
                instrument.value(bid, types::Lots(held)).0 + instrument.value(ask, types::Lots(held)).0;
            Money(both.div_euclid(2))
        });
        let equity = portfolio.account(id).equity();
        if equity != sums.cash + worth {
            return Err(format!("{id}: the portfolio says {equity}, the ledger {}", sums.cash + worth));
        }
    }
    Ok(())
}

fn outbound(checks: &mut Checks, seen: &Seen<'_>) -> Result<(), String> {
    let placed = seen.commands.iter().filter(|command| matches!(command, Command::Place(_))).count();
    checks.places += placed as u64;
    if let Some(desk) = seen.desk {
        let submitted = desk.engine.orders().counts().submitted;
        if submitted != checks.places {
            return Err(format!(
                "{} orders came out of the engine, {submitted} went through risk",
                checks.places
            ));
        }
    }
    checks.unsendable.take().map_or(Ok(()), Err)
}

/// Where an order may be after a report, by where it was: the rules of order handling, not our code.
///
/// | before | accepted | rejected | filled | cancelled | replaced | refused change or cancel |
/// |---|---|---|---|---|---|---|
/// | pending | working | rejected | working, filled | cancelled | working, filled | pending, filled |
/// | working | working | working | working, filled | cancelled | working, filled | working, filled |
/// | closed | as it was, always |
fn may_be(before: State, outcome: &Outcome) -> &'static [State] {
    use State::{Closed, Pending, Unknown, Working};
    const FILLED: State = Closed(End::Filled);
    match (before, outcome) {
        (Closed(End::Filled), _) => &[FILLED],
        (Closed(End::Canceled), _) => &[Closed(End::Canceled)],
        (Closed(End::Rejected), _) => &[Closed(End::Rejected)],
        (Closed(End::Lost), _) => &[Closed(End::Lost)],
        (Pending, Outcome::Rejected(_)) => &[Closed(End::Rejected)],
        (Pending | Working, Outcome::Canceled) => &[Closed(End::Canceled)],
        (Pending, Outcome::Accepted) | (Working, Outcome::Accepted | Outcome::Rejected(_)) => &[Working],
        (Pending | Working, Outcome::Filled { .. } | Outcome::Replaced { .. })
        | (Working, Outcome::CancelRejected(_) | Outcome::ReplaceRejected(_)) => &[Working, FILLED],
        (Pending, Outcome::CancelRejected(_) | Outcome::ReplaceRejected(_)) => &[Pending, FILLED],
        (Pending, Outcome::Listed { .. } | Outcome::NotListed | Outcome::Busted { .. }) => &[Pending],
        (Working, Outcome::Listed { .. } | Outcome::NotListed | Outcome::Busted { .. }) => &[Working],
        (Unknown, Outcome::Accepted | Outcome::Busted { .. }) => &[Unknown],
        (Unknown, Outcome::Rejected(_)) => &[Closed(End::Rejected)],
        (Unknown, Outcome::Canceled) => &[Closed(End::Canceled)],
        (
            Unknown,
            Outcome::Filled { .. }
            | Outcome::Replaced { .. }
            | Outcome::CancelRejected(_)
            | Outcome::ReplaceRejected(_),
        ) => &[Unknown, FILLED],
        (Unknown, Outcome::Listed { .. }) => &[Unknown, Working, FILLED, Closed(End::Canceled)],
        (Unknown, Outcome::NotListed) => &[Unknown, Closed(End::Lost)],
    }
}

fn transitions(checks: &mut Checks, seen: &Seen<'_>) -> Result<(), String> {
    let (Some(desk), Some(Input { event: Event::Report(report), .. })) = (seen.desk, seen.input) else {
        return Ok(());
    };
    let Some(after) = desk.engine.orders().get(report.order) else { return Ok(()) };
    if let Some(before) = seen.before {
        let allowed = may_be(before.state, &report.outcome);
        if !allowed.contains(&after.state) {
            return Err(format!(
                "order {}: {:?} made {:?} of {:?}",
                report.order, report.outcome, after.state, before.state
            ));
        }
    }
    if let State::Closed(end) = after.state {
        let known = *checks.closed.entry(report.order).or_insert(end);
        if known != end {
            return Err(format!("order {} ended {known:?}, then {end:?}", report.order));
        }
    } else if let Some(end) = checks.closed.get(&report.order) {
        return Err(format!("order {} ended {end:?} and is open again", report.order));
    }
    Ok(())
}

fn sequence(checks: &mut Checks, seen: &Seen<'_>) -> Result<(), String> {
    if let Some(Err((8, what))) = seen.audited {
        return Err(what.clone());
    }
    let (Some(desk), Some(input)) = (seen.desk, seen.input) else { return Ok(()) };
    match &input.event {
        Event::Report(report) => {
            let due: Option<&Report> = seen.exchange.log().get(desk.next_report.wrapping_sub(1));
            if due != Some(report) {
                return Err(format!("{report:?} came where the session's log has {due:?}"));
            }
        }
        Event::Gap(gap) => {
            for (row, trades) in checks.trades.iter_mut().enumerate() {
                trades.whole &= gap.instrument.is_some_and(|instrument| instrument.index() != row);
            }
        }
        Event::Trade(trade) => {
            let is_live = desk.engine.book(trade.instrument).is_live();
            let trades = &mut checks.trades[trade.instrument.index()];
            let place = trades.made.iter().position(|made| *made == trade.id);
            let Some(place) = place else {
                // A new process knows no packet of before: a late copy of one is news to it, until its book is live.
                if !is_live && trades.gone_before.remove(&trade.id) {
                    trades.whole = false;
                    trades.gone.insert(trade.id);
                    return Ok(());
                }
                return Err(format!(
                    "trade {} of {} was told twice, or never made",
                    trade.id, trade.instrument
                ));
            };
            let missing = trades.made.front().copied().filter(|_| place > 0);
            trades.gone.extend(trades.made.drain(..=place));
            let was_whole = std::mem::replace(&mut trades.whole, is_live);
            if let (Some(missing), true, true) = (missing, was_whole, is_live) {
                return Err(format!(
                    "trade {missing} of {} was never told, and its book is live",
                    trade.instrument
                ));
            }
        }
        Event::Level(_)
        | Event::Order(_)
        | Event::Status(_)
        | Event::Timer(_)
        | Event::Operator(_)
        | Event::Statistic(_)
        | Event::QuoteRequest(_)
        | Event::TradeBust(_)
        | Event::Bar { .. }
        | Event::Cash(_)
        | Event::Session(_)
        | Event::DropCopy(_)
        | Event::Clock(_) => {}
    }
    Ok(())
}

fn chain(_: &mut Checks, seen: &Seen<'_>) -> Result<(), String> {
    match seen.audited {
        Some(Err((9, what))) => Err(what.clone()),
        Some(Ok(()) | Err(_)) | None => Ok(()),
    }
}

fn kill(checks: &mut Checks, seen: &Seen<'_>) -> Result<(), String> {
    if let Some(Input { event: Event::Operator(word), .. }) = seen.input {
        checks.rules.hear(word);
    }
    for command in seen.commands {
        let (strategy, instrument) = match *command {
            Command::Place(PlaceOrder { strategy, terms, .. }) => (strategy, terms.instrument),
            Command::Replace { order, instrument, .. } => {
                let known = checks.count.orders.get(&order);
                (known.map_or(StrategyId(u16::MAX), |tracked| tracked.strategy), instrument)
            }
            Command::Cancel { .. }
            | Command::WakeAt { .. }
            | Command::Query { .. }
            | Command::MassCancel { .. }
            | Command::Alert { .. } => continue,
        };
        let account = checks.firm.account_of(strategy);
        if let Some(why) = checks.rules.stops(strategy, account, instrument) {
            return Err(format!("{command:?}, and {why}"));
        }
    }
    Ok(())
}
