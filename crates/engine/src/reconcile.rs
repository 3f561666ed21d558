//! Drop copies: the same fills by another way, and the position they make, compared with ours (RC-41, V-13).
//!
//! ```text
//!  report ──fill 7──▶ ┌──────────────┐
//!                     │ known to one │── the other says the same ──▶ agreed
//!  copy ────fill 8──▶ │   way only   │── it says something else ───▶ a break, told at once
//!                     └──────┬───────┘
//!                            └── four seconds ──▶ a break, told; a fill that only the copy knows is booked
//! ```
//!
//! An account with more lots in open breaks than is tolerated gets no new orders until both ways agree, or a person has
//! reset it. Fills that were taken back are compared like fills, with the other sign.
//!
//! For an order that a broken session left unknown, whatever the copy says is heard as a report at once: it is one of the
//! ways to learn what became of it. Never believes a copy that contradicts a report; never compares where none is expected.

use crate::Engine;
use crate::engine::Core;
use crate::guard::same;
use crate::session::MACHINE;
use crate::state::StateError;
use risk::Refusal;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use types::{
    AccountId, AlertKind, Command, InstrumentId, Lots, Nanos, OrderId, Outcome, Report, Scope, StrategyId,
    Ticks, TimerId, VenueId,
};

/// When a fill that only one way knows of is a break: people hear of it within five seconds.
pub const COPY_PATIENCE: Nanos = Nanos(4_000_000_000);

/// The machine's timer for it.
pub(crate) const COPIES_DUE: TimerId = TimerId(u32::MAX);

/// What is expected of drop copies.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CopyTerms {
    /// The venues that send them.
    pub venues: Vec<VenueId>,
    /// How many lots of an account may be in open breaks before it gets no new orders.
    pub tolerance: Lots,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Way {
    Report,
    Copy,
}

/// A fill, or the taking back of one, that only one way knows of.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Half {
    report: Report,
    signed: Lots,
    account: AccountId,
    way: Way,
    at: Nanos,
    /// People know.
    told: bool,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Copies {
    /// As the configuration says.
    #[serde(skip)]
    terms: CopyTerms,
    halves: VecDeque<Half>,
    /// By instrument: the position by copies alone.
    positions: Vec<Lots>,
    /// By account: lots in open breaks; grows to the highest that had one.
    broken: Vec<i64>,
    /// A timer is set.
    waits: bool,
    /// What is being booked is the copy's word: the report is still missing.
    #[serde(skip)]
    by_copy: bool,
}

/// What makes a fill, or its bust, the same one.
fn key(report: &Report) -> Option<(OrderId, u32, bool, Ticks, Lots)> {
    match report.outcome {
        Outcome::Filled { price, size, fill, .. } => Some((report.order, fill, false, price, size)),
        Outcome::Busted { price, size, fill } => Some((report.order, fill, true, price, size)),
        Outcome::Accepted
        | Outcome::Rejected(_)
        | Outcome::Canceled
        | Outcome::CancelRejected(_)
        | Outcome::Replaced { .. }
        | Outcome::ReplaceRejected(_)
        | Outcome::Listed { .. }
        | Outcome::NotListed => None,
    }
}

impl Copies {
    pub(crate) fn new(instruments: usize) -> Self {
        Self {
            terms: CopyTerms::default(),
            halves: VecDeque::with_capacity(256),
            positions: vec![Lots::ZERO; instruments],
            broken: Vec::new(),
            waits: false,
            by_copy: false,
        }
    }

    pub(crate) fn restore(&mut self, saved: Self) -> Result<(), StateError> {
        same("positions by copies", saved.positions.len(), self.positions.len())?;
        *self = Self { terms: std::mem::take(&mut self.terms), ..saved };
        Ok(())
    }

    pub(crate) fn set(&mut self, terms: CopyTerms) {
        self.terms = terms;
    }

    #[inline]
    fn is_expected(&self, venue: VenueId) -> bool {
        !self.terms.venues.is_empty() && self.terms.venues.contains(&venue)
    }

    /// Whether any account has lots in open breaks.
    #[inline]
    pub(crate) fn is_broken(&self) -> bool {
        !self.broken.is_empty()
    }

    pub(crate) fn admits(&self, account: AccountId) -> Result<(), Refusal> {
        let broken = self.broken.get(account.index()).copied().unwrap_or(0);
        if broken > self.terms.tolerance.0 { Err(Refusal::VenuePaused) } else { Ok(()) }
    }

    /// Takes the other way's half of the same fill out.
    fn take(&mut self, of: &(OrderId, u32, bool, Ticks, Lots), way: Way) -> Option<Half> {
        let is_it = |half: &Half| {
            half.way != way
                && key(&half.report)
                    .is_some_and(|(order, fill, bust, ..)| (order, fill, bust) == (of.0, of.1, of.2))
        };
        let place = self.halves.iter().position(is_it)?;
        let half = self.halves.remove(place)?;
        if half.told {
            self.break_by(half.account, -half.signed.abs().0);
        }
        Some(half)
    }

    fn break_by(&mut self, account: AccountId, lots: i64) {
        if account.index() >= self.broken.len() {
            self.broken.resize(account.index() + 1, 0);
        }
        self.broken[account.index()] += lots;
        if self.broken.iter().all(|lots| *lots == 0) {
            self.broken.clear();
        }
    }
}

impl Core {
    /// A fill was booked by a report, or taken back by one.
    #[inline]
    pub(crate) fn on_booked(&mut self, report: &Report, out: &mut Vec<Command>) {
        if self.guard.copies.terms.venues.is_empty() || self.guard.copies.by_copy {
            return;
        }
        self.compare(report, Way::Report, out);
    }

    /// A report said what had been booked: by the copy's word, perhaps, and then it is what was missing.
    #[inline]
    pub(crate) fn on_said_again(&mut self, report: &Report) {
        if let Some(known) = key(report)
            && !self.guard.copies.halves.is_empty()
            && !self.guard.copies.by_copy
        {
            let same = |half: &Half| key(&half.report) == Some(known);
            if self.guard.copies.halves.iter().any(same) {
                self.guard.copies.take(&known, Way::Report);
            }
        }
    }

    fn compare(&mut self, report: &Report, way: Way, out: &mut Vec<Command>) {
        let venue = self.guard.sessions.venue_of(report.instrument);
        let Some(known) = key(report).filter(|_| self.guard.copies.is_expected(venue)) else { return };
        let Some((strategy, signed)) = self.signed(report) else { return };
        let account = self.risk.account_of(strategy).unwrap_or_default();
        let copies = &mut self.guard.copies;
        if way == Way::Copy {
            copies.positions[report.instrument.index()] += signed;
        }
        let Some(half) = copies.take(&known, way) else {
            let at = self.now;
            copies.halves.push_back(Half { report: *report, signed, account, way, at, told: false });
            self.wait(at, out);
            return;
        };
        if key(&half.report) != Some(known) {
            let scope = Scope::Account(account);
            out.push(Command::Alert { kind: AlertKind::Break, scope, value: signed.abs().0 });
            // It stays open until a person has looked: neither way will say anything else.
            copies.break_by(account, signed.abs().0);
        }
    }

    /// Whose fill it is, and what it does to the position.
    fn signed(&self, report: &Report) -> Option<(StrategyId, Lots)> {
        let order = self.orders.get(report.order)?;
        let (_, _, is_bust, _, size) = key(report)?;
        let side = if is_bust { !order.terms.side } else { order.terms.side };
        Some((order.strategy, size.signed(side)))
    }

    fn wait(&mut self, since: Nanos, out: &mut Vec<Command>) {
        if !std::mem::replace(&mut self.guard.copies.waits, true) {
            let at = since + COPY_PATIENCE;
            out.push(Command::WakeAt { at, timer: COPIES_DUE, strategy: MACHINE });
        }
    }

    /// A copy that need not be compared, because the fill was booked and agreed before: it came twice.
    fn is_copied(&self, report: &Report) -> bool {
        let Some((order, number, is_bust, ..)) = key(report) else { return false };
        let waits = |half: &Half| {
            key(&half.report)
                .is_some_and(|(other, fill, bust, ..)| (other, fill, bust) == (order, number, is_bust))
        };
        let mut halves = self.guard.copies.halves.iter().filter(|half| waits(half));
        match halves.next() {
            Some(half) => half.way == Way::Copy,
            // Booked, and nothing waits for the copy: it has been.
            None => self.orders.fill(order, number).is_some_and(|fill| !is_bust || fill.busted),
        }
    }
}

impl Engine {
    /// Says which venues send drop copies, and what is tolerated, before the first input.
    pub fn expect_copies(&mut self, terms: CopyTerms) {
        self.core.guard.copies.set(terms);
    }

    /// The position in an instrument by drop copies alone.
    #[must_use]
    pub fn position_by_copies(&self, instrument: InstrumentId) -> Lots {
        self.core.guard.copies.positions[instrument.index()]
    }

    pub(crate) fn on_drop_copy(&mut self, copy: &Report, out: &mut Vec<Command>) {
        if copy.instrument.index() >= self.core.instruments.len() {
            return;
        }
        let Some(order) = self.core.orders.get(copy.order) else {
            // Forgotten long ago, or never ours.
            if key(copy).is_some() {
                let venue = self.core.guard.sessions.venue_of(copy.instrument);
                let scope = Scope::Venue(venue);
                out.push(Command::Alert { kind: AlertKind::Break, scope, value: i64::from(copy.order.0) });
            }
            return;
        };
        let is_unknown = order.is_unknown();
        let is_bust = matches!(copy.outcome, Outcome::Busted { .. });
        if key(copy).is_some() && !self.core.is_copied(copy) {
            self.core.compare(copy, Way::Copy, out);
        }
        // What was taken back is taken back, whoever says so first.
        if is_unknown || is_bust {
            self.on_report(copy, out);
        }
    }

    /// Fills that one way only has known of for too long are breaks.
    pub(crate) fn on_copies_due(&mut self, out: &mut Vec<Command>) {
        let now = self.core.now;
        self.core.guard.copies.waits = false;
        let mut at = 0;
        while let Some(half) = self.core.guard.copies.halves.get_mut(at) {
            at += 1;
            if half.told {
                continue;
            }
            if half.at + COPY_PATIENCE > now {
                let since = half.at;
                self.core.wait(since, out);
                break;
            }
            half.told = true;
            let Half { report, signed, account, way, .. } = *half;
            self.core.guard.copies.break_by(account, signed.abs().0);
            let scope = Scope::Account(account);
            out.push(Command::Alert { kind: AlertKind::Break, scope, value: signed.abs().0 });
            if way == Way::Copy {
                // The position is real, whatever became of the report.
                self.core.guard.copies.by_copy = true;
                self.on_report(&report, out);
                self.core.guard.copies.by_copy = false;
            }
        }
        self.compare_positions(out);
    }

    /// The venue has more fills of an order than we know: those that came by copy are booked at once, and it is asked
    /// for again.
    pub(crate) fn on_behind(&mut self, order: OrderId, out: &mut Vec<Command>) {
        loop {
            let halves = &self.core.guard.copies.halves;
            let missing = halves.iter().find(|half| {
                let is_new = |number| self.core.orders.fill(order, number).is_none();
                half.way == Way::Copy
                    && key(&half.report)
                        .is_some_and(|(of, fill, bust, ..)| of == order && !bust && is_new(fill))
            });
            let Some(report) = missing.map(|half| half.report) else { return };
            self.on_report(&report, out);
            if self.core.orders.fill(order, key(&report).expect("it is a fill").1).is_none() {
                return; // it cannot be booked, which was told
            }
            out.extend(self.core.orders.query(order));
        }
    }

    /// Ours, less what only reports know, is the copies', less what only they know: two counts of one fact.
    fn compare_positions(&mut self, out: &mut Vec<Command>) {
        let core = &self.core;
        for instrument in &core.instruments {
            let id = instrument.id();
            if !core.guard.copies.is_expected(core.guard.sessions.venue_of(id)) {
                continue;
            }
            let ours = core.risk.position(id).0;
            let copies = &core.guard.copies;
            let of = |way| {
                copies.halves.iter().filter(move |half| half.way == way && half.report.instrument == id)
            };
            let is_booked = |half: &&Half| {
                let (order, fill, is_bust, ..) = key(&half.report).expect("only fills and busts wait");
                core.orders.fill(order, fill).is_some_and(|fill| !is_bust || fill.busted)
            };
            let only_reports: i64 = of(Way::Report).map(|half| half.signed.0).sum();
            let only_copies: i64 =
                of(Way::Copy).filter(|half| !is_booked(half)).map(|half| half.signed.0).sum();
            let theirs = copies.positions[id.index()].0;
            // What only copies know and we have booked by their word is in both positions.
            let difference = (ours - only_reports) - (theirs - only_copies);
            if difference != 0 {
                out.push(Command::Alert {
                    kind: AlertKind::Break,
                    scope: Scope::Instrument(id),
                    value: difference,
                });
            }
        }
    }

    /// A person looked at an account's breaks: they no longer keep it from trading.
    pub(crate) fn forgive_breaks(&mut self, scope: Scope) {
        let risk = &self.core.risk;
        let copies = &mut self.core.guard.copies;
        let covers = |account: AccountId| match scope {
            Scope::Firm => true,
            Scope::Account(id) => id == account,
            Scope::Strategy(id) => risk.account_of(id) == Some(account),
            Scope::Desk(_) | Scope::Venue(_) | Scope::Instrument(_) => false,
        };
        for row in 0..copies.broken.len() {
            let account = AccountId(u16::try_from(row).expect("accounts are few"));
            if covers(account) {
                copies.broken[row] = 0;
            }
        }
        // What a person has looked at is not awaited any more.
        copies.halves.retain(|half| !(half.told && covers(half.account)));
        if copies.broken.iter().all(|lots| *lots == 0) {
            copies.broken.clear();
        }
    }
}
