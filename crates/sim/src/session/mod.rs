//! A session with a venue, with everything that can go wrong in one.
//!
//! Takes our commands with the time they are sent, tells what reaches us with the time it does: reports, drop copies,
//! and the session's own changes. In between are a line that breaks, a venue that restarts, and answers that come
//! late, twice, out of order or never, by a plan and a seed ([`Faults`]) or on demand ([`Session::inject`]).
//! It owns the venue's record of our orders ([`Standing`]), which is the truth that ours is compared with.
//!
//! ```text
//!  on_command ──(order link)──▶ throttle, collar, chance ──▶ Venue ──▶ record ──┬─(answer link)──▶ Report
//!                   ╳ line down: lost                                          └─(copy link)────▶ DropCopy
//! ```
//!
//! Never asks who we are: what a session does is the same for every engine. Never reads a clock; time goes where
//! [`Session::advance`] takes it.
//!
//! What was underway when the line broke: a command is lost or arrives, by chance; an answer is kept for us where the
//! venue [resends](Faults::resends), and gone where it does not. The drop copy has a line of its own, which never
//! breaks; it loses and delays by itself.

mod faults;
mod ledger;

pub use faults::{CancelOnDisconnect, Copies, Fault, Faults, Throttle};
pub use ledger::{Fill, Ledger, Standing};

use crate::{Link, Venue};
use std::collections::BTreeMap;
use stdx::Prng;
use types::{
    Arrival, Command, Event, InstrumentId, Lots, Nanos, NewOrder, OrderId, Outcome, Phase, PlaceOrder,
    RejectReason, Report, SessionChange, Status, Ticks, VenueId,
};

/// Something that reaches us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// When.
    pub at: Nanos,
    /// What.
    pub event: Event,
}

/// How often each thing happened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// The line broke, by whatever fault.
    pub breaks: u64,
    /// Commands that never reached the venue.
    pub commands_lost: u64,
    /// Of those, sent while the line was known to be down.
    pub sent_while_down: u64,
    /// Answers that came twice.
    pub doubled: u64,
    /// Answers that were kept and sent when the line was back.
    pub resent: u64,
    /// Answers that never came.
    pub answers_lost: u64,
    /// Orders that a restart lost.
    pub orders_lost: u64,
    /// Orders cancelled because the line broke.
    pub cancelled_on_disconnect: u64,
    /// Fills taken back.
    pub busts: u64,
    /// Messages refused for their number.
    pub throttled: u64,
    /// Answers that contradict the one before.
    pub contradictions: u64,
    /// Drop copies that were lost, late or wrong.
    pub copies_bad: u64,
}

/// What happens next, at the venue or at us.
#[derive(Clone, Copy, Debug)]
enum Step {
    /// A command reaches the venue by the line of this number.
    Reach(Command, u32),
    /// A report reaches us by the line of this number.
    Answer(Report, u32),
    /// Anything else reaches us.
    Tell(Event),
    /// The session's line breaks or is back, as we notice.
    Change(SessionChange),
    /// The line is back.
    Back,
    Fault(Fault),
    /// A fault by chance, and the next of its kind is drawn.
    Chance(Kind),
    Bust(OrderId, u32),
    Resume(InstrumentId),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Disconnect,
    Silence,
    Restart,
    Halt,
}

impl Kind {
    const ALL: [Self; 4] = [Self::Disconnect, Self::Silence, Self::Restart, Self::Halt];

    const fn rate(self, faults: &Faults) -> f64 {
        match self {
            Self::Disconnect => faults.disconnects,
            Self::Silence => faults.silences,
            Self::Restart => faults.restarts,
            Self::Halt => faults.halts,
        }
    }
}

/// The session; see the module.
#[derive(Clone, Debug)]
pub struct Session {
    id: VenueId,
    venue: Venue,
    faults: Faults,
    prng: Prng,
    instruments: Vec<InstrumentId>,
    /// By instrument: between which prices orders are taken.
    collars: Vec<Option<(Ticks, Ticks)>>,
    ledger: Ledger,
    orders: Link,
    answers: Link,
    copies: Link,
    /// What happens when; of one moment, in the order it was planned.
    agenda: BTreeMap<(Nanos, u64), Step>,
    planned: u64,
    now: Nanos,
    /// Whether the line stands at the venue's end.
    up: bool,
    /// Whether we know that it does not.
    known_down: bool,
    /// The number of the line: what was underway on an older one has to see what becomes of it.
    line: u32,
    /// What the venue keeps for us.
    kept: Vec<Report>,
    tokens: f64,
    tokens_at: Nanos,
    counts: Counts,
    said: Vec<Report>,
}

impl Session {
    /// A session that stands, with a venue that knows `instruments`: all of the run's, for ids are dense. Faults by
    /// chance happen to `ours` among them.
    #[must_use]
    pub fn new(id: VenueId, venue: Venue, ours: Vec<InstrumentId>, faults: Faults, prng: Prng) -> Self {
        let rows = ours.iter().map(|id| id.index() + 1).max().unwrap_or(0);
        Self {
            id,
            venue,
            faults,
            instruments: ours,
            collars: vec![None; rows],
            ledger: Ledger::default(),
            orders: Link::new(faults.order_delay, prng.fork("orders")),
            answers: Link::new(faults.answer_delay, prng.fork("answers")),
            copies: Link::new(faults.copy_delay, prng.fork("copies")),
            prng,
            agenda: BTreeMap::new(),
            planned: 0,
            now: Nanos::MIN,
            up: true,
            known_down: false,
            line: 0,
            kept: Vec::new(),
            tokens: faults.throttle.map_or(0.0, |throttle| f64::from(throttle.burst)),
            tokens_at: Nanos::MIN,
            counts: Counts::default(),
            said: Vec::new(),
        }
    }

    /// The session begins: it tells that it stands, and what the venue does when it breaks.
    pub fn start(&mut self, at: Nanos) {
        self.now = at;
        self.tokens_at = at;
        self.tell_connected(at);
        for kind in Kind::ALL {
            self.draw(kind, at);
        }
    }

    /// When the next thing happens; [`Nanos::MAX`] when nothing will by itself.
    #[must_use]
    pub fn due(&self) -> Nanos {
        self.agenda.first_key_value().map_or(Nanos::MAX, |(&(at, _), _)| at)
    }

    /// Goes to `to`, and says in order what reached us until then, that moment included.
    pub fn advance(&mut self, to: Nanos, out: &mut Vec<Delivery>) {
        while let Some((&(at, place), _)) = self.agenda.first_key_value()
            && at <= to
        {
            let step = self.agenda.remove(&(at, place)).expect("it was the first");
            self.now = self.now.max(at);
            self.take(at, step, out);
        }
        self.now = self.now.max(to);
    }

    /// The market moves at the venue. What happened before comes first; at a tie the market does.
    pub fn on_packet(&mut self, at: Nanos, arrivals: &[Arrival], out: &mut Vec<Delivery>) {
        self.advance(Nanos(at.0.saturating_sub(1)), out);
        let mut said = std::mem::take(&mut self.said);
        self.venue.on_packet(at, arrivals, &mut said);
        self.speak_all(at, said);
    }

    /// We send a command; timers and alerts are no business of a venue's. Whoever sends while the line is down sends
    /// into nothing.
    pub fn on_command(&mut self, sent_at: Nanos, command: &Command) {
        match command {
            Command::WakeAt { .. } | Command::Alert { .. } => return,
            Command::Place(_)
            | Command::Cancel { .. }
            | Command::Replace { .. }
            | Command::Query { .. }
            | Command::MassCancel { .. } => {}
        }
        if !self.up {
            self.counts.commands_lost += 1;
            self.counts.sent_while_down += u64::from(self.known_down);
            return;
        }
        let at = self.orders.arrival(sent_at);
        self.plan(at, Step::Reach(*command, self.line));
    }

    /// Makes something go wrong at a moment to come.
    pub fn inject(&mut self, at: Nanos, fault: Fault) {
        self.plan(at, Step::Fault(fault));
    }

    /// From now on nothing goes wrong any more, by chance at least: the line comes back, and what is underway arrives.
    pub fn calm(&mut self) {
        self.faults = self.faults.calm();
        self.collars.fill(None);
    }

    /// From now on these faults; what is underway stays as it was planned, and delays as they were.
    pub const fn set(&mut self, faults: Faults) {
        self.faults = faults;
    }

    /// The venue behind it.
    #[must_use]
    pub const fn venue(&self) -> &Venue {
        &self.venue
    }

    /// One of our orders, as the venue has it; `None` when it has none of this number.
    #[must_use]
    pub fn order(&self, order: OrderId) -> Option<&Standing> {
        self.ledger.get(order)
    }

    /// All our orders that the venue has, open or not.
    pub fn orders(&self) -> impl Iterator<Item = (OrderId, &Standing)> {
        self.ledger.iter()
    }

    /// What we hold, by the venue's count.
    #[must_use]
    pub fn position(&self, instrument: InstrumentId) -> Lots {
        self.venue.position(instrument)
    }

    /// Whether the line stands.
    #[must_use]
    pub const fn is_up(&self) -> bool {
        self.up
    }

    /// How often each thing happened.
    #[must_use]
    pub const fn counts(&self) -> Counts {
        self.counts
    }

    fn plan(&mut self, at: Nanos, step: Step) {
        self.agenda.insert((at.max(self.now), self.planned), step);
        self.planned += 1;
    }

    fn take(&mut self, at: Nanos, step: Step, out: &mut Vec<Delivery>) {
        match step {
            Step::Reach(command, line) => {
                let lost = line != self.line && self.chance(self.faults.lost_underway);
                if lost {
                    self.counts.commands_lost += 1;
                } else {
                    self.reach(at, &command);
                }
            }
            Step::Answer(report, line) => {
                debug_assert_eq!(line, self.line, "what was underway on a broken line was taken off it");
                out.push(Delivery { at, event: Event::Report(report) });
            }
            Step::Tell(event) => out.push(Delivery { at, event }),
            Step::Change(change) => {
                self.known_down = matches!(change, SessionChange::Disconnected | SessionChange::LoggedOut);
                let venue = self.id;
                out.push(Delivery { at, event: Event::Session(types::Session { at, venue, change }) });
            }
            Step::Back => self.back(at),
            Step::Fault(fault) => self.suffer(at, fault),
            Step::Chance(kind) => self.suffer_by_chance(at, kind),
            Step::Bust(order, fill) => self.bust(at, order, fill),
            Step::Resume(instrument) => self.set_phase(at, instrument, Phase::Open),
        }
    }

    // What reaches the venue.

    fn reach(&mut self, at: Nanos, command: &Command) {
        let mut said = std::mem::take(&mut self.said);
        match *command {
            Command::Place(place) => self.place(at, place, &mut said),
            Command::Replace { order, instrument, price, .. } => match self.refusal(at, instrument, price) {
                Some(reason) => {
                    said.push(Report {
                        venue_at: at,
                        order,
                        instrument,
                        outcome: Outcome::ReplaceRejected(reason),
                    });
                }
                None => self.venue.on_command(at, command, &mut said),
            },
            Command::Cancel { .. } => self.venue.on_command(at, command, &mut said),
            Command::Query { order, instrument } => {
                said.push(Report { venue_at: at, order, instrument, outcome: self.ledger.answer(order) });
            }
            Command::MassCancel { .. } => self.cancel_all(at, &mut said),
            Command::WakeAt { .. } | Command::Alert { .. } => {}
        }
        self.speak_all(at, said);
    }

    fn place(&mut self, at: Nanos, place: PlaceOrder, said: &mut Vec<Report>) {
        let PlaceOrder { order, terms, .. } = place;
        let NewOrder { instrument, price, .. } = terms;
        if let Some(reason) = self.refusal(at, instrument, price) {
            said.push(Report { venue_at: at, order, instrument, outcome: Outcome::Rejected(reason) });
            return;
        }
        self.ledger.on_place(order, &terms);
        self.venue.on_command(at, &Command::Place(place), said);
    }

    /// Why a new order or a replace does not even come to the matching engine. Cancels always do.
    fn refusal(&mut self, at: Nanos, instrument: InstrumentId, price: Ticks) -> Option<RejectReason> {
        if self.is_throttled(at) {
            self.counts.throttled += 1;
            return Some(RejectReason::Throttled);
        }
        if let Some(Some((low, high))) = self.collars.get(instrument.index())
            && (price < *low || price > *high)
        {
            return Some(RejectReason::Collar);
        }
        self.chance(self.faults.refused).then_some(RejectReason::Other)
    }

    fn is_throttled(&mut self, at: Nanos) -> bool {
        let Some(Throttle { per_second, burst }) = self.faults.throttle else { return false };
        #[expect(clippy::cast_precision_loss, reason = "spans of seconds fit a double's whole numbers")]
        let seconds = (at.0.saturating_sub(self.tokens_at.0)).max(0) as f64 * 1e-9;
        self.tokens_at = at;
        self.tokens = (self.tokens + seconds * f64::from(per_second)).min(f64::from(burst));
        let is_throttled = self.tokens < 1.0;
        if !is_throttled {
            self.tokens -= 1.0;
        }
        is_throttled
    }

    fn open_orders(&self) -> Vec<(OrderId, InstrumentId)> {
        let open = self.ledger.iter().filter(|(_, standing)| standing.open);
        open.map(|(order, standing)| (order, standing.instrument)).collect()
    }

    fn cancel_all(&mut self, at: Nanos, said: &mut Vec<Report>) {
        for (order, instrument) in self.open_orders() {
            self.venue.on_command(at, &Command::Cancel { order, instrument }, said);
        }
    }

    // What the venue says.

    /// Gives the buffer back empty.
    fn speak_all(&mut self, at: Nanos, mut said: Vec<Report>) {
        for report in said.drain(..) {
            self.speak(at, report);
        }
        self.said = said;
    }

    fn speak(&mut self, at: Nanos, report: Report) {
        self.ledger.on_report(&report);
        self.copy(at, report);
        if let Outcome::Filled { fill, .. } = report.outcome
            && self.chance(self.faults.busted)
        {
            let after = self.prng.between(0, self.faults.busted_after.0.max(1));
            self.plan(at + Nanos(after), Step::Bust(report.order, fill));
        }
        self.answer(at, report);
        if self.chance(self.faults.contradicted)
            && let Some(outcome) = contradiction(report.outcome)
        {
            self.counts.contradictions += 1;
            self.answer(at, Report { outcome, ..report });
        }
    }

    /// Sends a report to us, by whatever line there is.
    fn answer(&mut self, at: Nanos, report: Report) {
        if !self.up {
            self.keep(report);
            return;
        }
        let mut arrives = self.answers.arrival(at);
        // Behind the link's order, so that those behind are not held up.
        if self.chance(self.faults.overtaken) {
            arrives = arrives + Nanos(self.prng.between(1, self.faults.overtaken_by.0.max(1)));
        }
        if self.chance(self.faults.slow) {
            arrives = arrives + self.faults.slow_by;
        }
        self.plan(arrives, Step::Answer(report, self.line));
        if self.chance(self.faults.doubled) {
            self.counts.doubled += 1;
            let again = arrives + Nanos(self.prng.between(0, self.faults.overtaken_by.0.max(1)));
            self.plan(again, Step::Answer(report, self.line));
        }
    }

    /// Answers to queries are to questions of a session that is gone.
    fn keep(&mut self, report: Report) {
        let is_answer = matches!(report.outcome, Outcome::Listed { .. } | Outcome::NotListed);
        if self.faults.resends && !is_answer {
            self.kept.push(report);
        } else {
            self.counts.answers_lost += 1;
        }
    }

    fn copy(&mut self, at: Nanos, report: Report) {
        let Some(Copies { lost, late, late_by, wrong }) = self.faults.copies else { return };
        if matches!(report.outcome, Outcome::Listed { .. } | Outcome::NotListed) {
            return;
        }
        if self.chance(lost) {
            self.counts.copies_bad += 1;
            return;
        }
        let mut copy = report;
        if let Outcome::Filled { price, .. } = &mut copy.outcome
            && self.chance(wrong)
        {
            self.counts.copies_bad += 1;
            *price = *price + 1;
        }
        let mut arrives = self.copies.arrival(at);
        if self.chance(late) {
            self.counts.copies_bad += 1;
            arrives = arrives + Nanos(self.prng.between(1, late_by.0.max(1)));
        }
        self.plan(arrives, Step::Tell(Event::DropCopy(copy)));
    }

    // What goes wrong.

    fn chance(&mut self, share: f64) -> bool {
        share > 0.0 && self.prng.chance(share)
    }

    fn draw(&mut self, kind: Kind, after: Nanos) {
        let a_minute = kind.rate(&self.faults);
        if a_minute > 0.0 {
            #[expect(clippy::cast_possible_truncation, reason = "a moment by chance, and the cast saturates")]
            let wait = (self.prng.exponential() * 60e9 / a_minute) as i64;
            self.plan(Nanos(after.0.saturating_add(wait)), Step::Chance(kind));
        }
    }

    fn suffer_by_chance(&mut self, at: Nanos, kind: Kind) {
        if kind.rate(&self.faults) <= 0.0 {
            return;
        }
        let lasts = Nanos(self.prng.between(1, self.faults.down_max.0.max(1)));
        match kind {
            Kind::Disconnect => self.suffer(at, Fault::Disconnect(lasts)),
            Kind::Silence => self.suffer(at, Fault::Silence(lasts)),
            Kind::Restart => self.suffer(at, Fault::Restart(lasts)),
            Kind::Halt if self.instruments.is_empty() => {}
            Kind::Halt => {
                let row = self.prng.below(self.instruments.len() as u64);
                let instrument = self.instruments[usize::try_from(row).expect("below a length")];
                self.suffer(at, Fault::Halt(instrument, lasts));
            }
        }
        self.draw(kind, at + lasts);
    }

    fn suffer(&mut self, at: Nanos, fault: Fault) {
        match fault {
            Fault::Disconnect(lasts) => {
                if self.break_line(at, at, SessionChange::Disconnected) {
                    self.plan(at + lasts, Step::Back);
                }
            }
            Fault::LogOut(lasts) => {
                if self.break_line(at, at, SessionChange::LoggedOut) {
                    self.plan(at + lasts, Step::Back);
                }
            }
            Fault::Silence(lasts) => {
                let noticed = at + self.faults.heartbeat;
                if self.break_line(at, noticed, SessionChange::Disconnected) {
                    self.plan(noticed + lasts, Step::Back);
                }
            }
            Fault::Restart(lasts) => {
                if self.break_line(at, at, SessionChange::Disconnected) {
                    self.plan(at + lasts, Step::Back);
                }
                self.lose_orders(at);
            }
            Fault::Halt(instrument, lasts) => {
                self.set_phase(at, instrument, Phase::Halted);
                self.plan(at + lasts, Step::Resume(instrument));
            }
            Fault::Collar(instrument, low, high) => {
                let row = instrument.index();
                if row >= self.collars.len() {
                    self.collars.resize(row + 1, None);
                }
                self.collars[row] = Some((low, high));
            }
            Fault::Bust => {
                if let Some((order, fill)) = self.ledger.last_fill() {
                    self.bust(at, order, fill.fill);
                }
            }
        }
    }

    /// False when it is broken already.
    fn break_line(&mut self, at: Nanos, noticed: Nanos, change: SessionChange) -> bool {
        if !self.up {
            return false;
        }
        self.up = false;
        self.line += 1;
        self.counts.breaks += 1;
        // What was on the line, its own greetings too, does not arrive any more.
        let is_on_line = |step: &Step| match step {
            Step::Answer(..) => true,
            Step::Change(change) => !matches!(change, SessionChange::Disconnected | SessionChange::LoggedOut),
            Step::Reach(..)
            | Step::Tell(_)
            | Step::Back
            | Step::Fault(_)
            | Step::Chance(_)
            | Step::Bust(..)
            | Step::Resume(_) => false,
        };
        let underway = self.agenda.extract_if(.., |_, step| is_on_line(step));
        let underway: Vec<Report> = underway
            .filter_map(|(_, step)| if let Step::Answer(report, _) = step { Some(report) } else { None })
            .collect();
        for report in underway {
            self.keep(report);
        }
        self.plan(noticed, Step::Change(change));
        if self.faults.cancel_on_disconnect == CancelOnDisconnect::Executed {
            let mut said = std::mem::take(&mut self.said);
            self.cancel_all(at, &mut said);
            self.counts.cancelled_on_disconnect += said.len() as u64;
            self.speak_all(at, said);
        }
        true
    }

    fn back(&mut self, at: Nanos) {
        self.up = true;
        self.tell_connected(at);
        let kept = std::mem::take(&mut self.kept);
        let count = kept.len() as u64;
        self.counts.resent += count;
        for report in kept {
            self.answer(at, report);
        }
        let recovered = self.answers.arrival(at);
        self.plan(recovered, Step::Change(SessionChange::Recovered));
    }

    fn tell_connected(&mut self, at: Nanos) {
        let arrives = self.answers.arrival(at);
        let armed = self.faults.cancel_on_disconnect != CancelOnDisconnect::Off;
        self.plan(arrives, Step::Change(SessionChange::Connected));
        self.plan(arrives, Step::Change(SessionChange::CancelOnDisconnect(armed)));
    }

    fn lose_orders(&mut self, at: Nanos) {
        let mut unsaid = Vec::new();
        for (order, instrument) in self.open_orders() {
            if self.chance(self.faults.lost_by_restart) {
                self.venue.on_command(at, &Command::Cancel { order, instrument }, &mut unsaid);
                self.ledger.lose(order);
                self.counts.orders_lost += 1;
            }
        }
    }

    fn set_phase(&mut self, at: Nanos, instrument: InstrumentId, phase: Phase) {
        let event = Event::Status(Status { venue_at: at, instrument: Some(instrument), phase });
        let mut said = std::mem::take(&mut self.said);
        self.venue.on_market(at, &event, &mut said);
        self.speak_all(at, said);
        let arrives = self.copies.arrival(at);
        self.plan(arrives, Step::Tell(event));
    }

    fn bust(&mut self, at: Nanos, order: OrderId, number: u32) {
        let Some(standing) = self.ledger.get(order) else { return };
        let Some(fill) = standing.fills.iter().find(|fill| fill.fill == number && !fill.busted) else {
            return;
        };
        let (instrument, side, Fill { fill, price, size, .. }) = (standing.instrument, standing.side, *fill);
        self.counts.busts += 1;
        self.venue.on_bust(instrument, side, price, size);
        self.speak(
            at,
            Report { venue_at: at, order, instrument, outcome: Outcome::Busted { fill, price, size } },
        );
    }
}

/// An answer that cannot be true after this one.
const fn contradiction(outcome: Outcome) -> Option<Outcome> {
    match outcome {
        Outcome::Accepted | Outcome::Filled { .. } => Some(Outcome::Rejected(RejectReason::Other)),
        Outcome::Rejected(_) => Some(Outcome::Accepted),
        Outcome::Canceled => Some(Outcome::Rejected(RejectReason::Other)),
        Outcome::CancelRejected(_)
        | Outcome::Replaced { .. }
        | Outcome::ReplaceRejected(_)
        | Outcome::Listed { .. }
        | Outcome::NotListed
        | Outcome::Busted { .. } => None,
    }
}
