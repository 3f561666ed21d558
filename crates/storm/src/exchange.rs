//! The venue behind its session: matching is honest, everything between it and us is not.
//!
//! Owns the simulated venue, the log of what it says in the session's order, and the true record of what became of each
//! order. A session that breaks loses what is under way both ways; the log stays, and is told from where we left off
//! when the session stands again. Never says a thing to us that its log does not hold.
//!
//! ```text
//!  commands ──(delay, clog, loss)──▶ sim::Venue ──▶ answers ──(out of order, late, twice)──▶ log ──(delay)──▶ us
//! ```

use crate::fates::Fates;
use crate::ranges::Kind;
use sim::session::Ledger;
use sim::venue::{Venue, VenueConfig};
use stdx::Prng;
use types::{
    Arrival, Command, Instrument, InstrumentId, Nanos, OrderId, Outcome, PlaceOrder, RejectReason, Report,
};

/// Something the exchange does later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Later {
    /// When.
    pub(crate) at: Nanos,
    /// What it says then.
    pub(crate) report: Report,
}

/// See the module.
pub(crate) struct Exchange {
    venue: Venue,
    /// Everything it said to us, in the session's order.
    log: Vec<Report>,
    /// Whether the session stands.
    pub(crate) connected: bool,
    /// Counts sessions: what is under way in an older one is lost.
    pub(crate) session: u32,
    /// What it would answer when asked about an order.
    ledger: Ledger,
    /// What truly became of our orders since somebody last asked, in its order; and whether we are told late.
    truly: Vec<(Report, bool)>,
    /// What it will say later.
    pub(crate) later: Vec<Later>,
    answers: Vec<Report>,
    /// Counts what faults may strike.
    commands: u64,
    told: u64,
    cancels_due: Option<Nanos>,
    instruments: u32,
}

impl Exchange {
    pub(crate) fn new(instruments: &[Instrument], seed: u64, starts_at: Nanos) -> Self {
        let mut venue = Venue::new(instruments, VenueConfig::default(), Prng::new(seed).fork("venue"));
        venue.start(starts_at);
        Self {
            venue,
            log: Vec::new(),
            connected: true,
            session: 0,
            ledger: Ledger::default(),
            truly: Vec::new(),
            later: Vec::new(),
            answers: Vec::new(),
            commands: 0,
            told: 0,
            cancels_due: None,
            instruments: u32::try_from(instruments.len()).expect("a few"),
        }
    }

    /// The venue's own count of what we hold.
    pub(crate) fn position(&self, instrument: InstrumentId) -> i64 {
        self.venue.position(instrument).0
    }

    /// Whether an order of ours stands there.
    pub(crate) fn has(&self, instrument: InstrumentId, order: OrderId) -> bool {
        self.venue.open_orders(instrument).any(|working| working.order == order)
    }

    /// How many of our orders stand there.
    pub(crate) fn standing(&self, instrument: InstrumentId) -> usize {
        self.venue.open_orders(instrument).count() + self.venue.waiting_orders(instrument)
    }

    /// What it said so far.
    pub(crate) fn log(&self) -> &[Report] {
        &self.log
    }

    /// What truly became of our orders since the last call.
    pub(crate) fn take_truth(&mut self, out: &mut Vec<(Report, bool)>) {
        out.append(&mut self.truly);
    }

    /// The market moves.
    pub(crate) fn on_market(&mut self, at: Nanos, arrivals: &[Arrival], fates: &mut Fates) {
        let mut answers = std::mem::take(&mut self.answers);
        self.venue.on_packet(at, arrivals, &mut answers);
        self.answer(at, &mut answers, fates);
        self.answers = answers;
    }

    /// A command of ours arrives.
    pub(crate) fn on_command(&mut self, at: Nanos, command: &Command, fates: &mut Fates) {
        self.commands += 1;
        let mut answers = std::mem::take(&mut self.answers);
        let refused = fates.strikes(Kind::Refused, self.commands).map(|mut prng| {
            let reasons = [RejectReason::Other, RejectReason::Throttled, RejectReason::Collar];
            reasons[usize::try_from(prng.below(3)).expect("small")]
        });
        match (refused, *command) {
            (Some(reason), Command::Place(PlaceOrder { order, terms, .. })) => {
                answers.push(report(at, order, terms.instrument, Outcome::Rejected(reason)));
            }
            (Some(reason), Command::Replace { order, instrument, .. }) => {
                answers.push(report(at, order, instrument, Outcome::ReplaceRejected(reason)));
            }
            (_, Command::Query { order, instrument }) => {
                answers.push(report(at, order, instrument, self.ledger.answer(order)));
            }
            (_, Command::MassCancel { .. }) => self.cancel_all(at, &mut answers),
            (_, Command::WakeAt { .. } | Command::Alert { .. }) => {}
            (_, command) => {
                if let Command::Place(PlaceOrder { order, terms, .. }) = command {
                    self.ledger.on_place(order, &terms);
                }
                self.venue.on_command(at, &command, &mut answers);
            }
        }
        self.answer(at, &mut answers, fates);
        self.answers = answers;
    }

    /// The session breaks: what is under way is lost, and what stands may be cancelled a moment later.
    pub(crate) fn disconnect(&mut self, at: Nanos, place: u64, fates: &mut Fates) {
        self.connected = false;
        self.session += 1;
        let cancels = fates.strikes(Kind::NotCancelled, place).is_none();
        self.cancels_due = cancels.then_some(at);
    }

    /// Cancels what the broken session had, where the venue does so.
    pub(crate) fn cancel_on_disconnect(&mut self, at: Nanos, fates: &mut Fates) {
        if self.connected || self.cancels_due.take().is_none() {
            return;
        }
        let mut answers = std::mem::take(&mut self.answers);
        self.cancel_all(at, &mut answers);
        self.answer(at, &mut answers, fates);
        self.answers = answers;
    }

    /// A command was under way when its session broke, or none stood: it never arrives, and nobody says so.
    pub(crate) fn lose(&mut self, at: Nanos, command: Command) {
        let (order, instrument, outcome) = match command {
            Command::Place(PlaceOrder { order, terms, .. }) => {
                (order, terms.instrument, Outcome::Rejected(RejectReason::Other))
            }
            Command::Replace { order, instrument, .. } => {
                (order, instrument, Outcome::ReplaceRejected(RejectReason::Other))
            }
            Command::Cancel { .. }
            | Command::Query { .. }
            | Command::MassCancel { .. }
            | Command::WakeAt { .. }
            | Command::Alert { .. } => return,
        };
        self.truly.push((report(at, order, instrument, outcome), false));
    }

    /// The session stands again.
    pub(crate) const fn connect(&mut self) {
        self.connected = true;
        self.session += 1;
    }

    /// Says what was to be said later.
    pub(crate) fn say(&mut self, report: Report) {
        self.log.push(report);
    }

    fn cancel_all(&mut self, at: Nanos, answers: &mut Vec<Report>) {
        for row in 0..self.instruments {
            let instrument = InstrumentId(row);
            let orders: Vec<OrderId> = self.venue.open_orders(instrument).map(|own| own.order).collect();
            for order in orders {
                self.venue.on_command(at, &Command::Cancel { order, instrument }, answers);
            }
        }
    }

    /// Takes what truly happened, and puts what is said of it into the log: not always in order, at once, or once.
    fn answer(&mut self, at: Nanos, answers: &mut Vec<Report>, fates: &mut Fates) {
        answers.iter().for_each(|report| self.ledger.on_report(report));
        let is_fill = |report: &Report| matches!(report.outcome, Outcome::Filled { .. });
        let mut row = 1;
        while row < answers.len() {
            let place = self.told + row as u64;
            let overtakes = is_fill(&answers[row]) && answers[row - 1].order == answers[row].order;
            if overtakes && fates.strikes(Kind::FillFirst, place).is_some() {
                answers.swap(row - 1, row);
            }
            row += 1;
        }
        for report in answers.drain(..) {
            self.told += 1;
            let late = if is_fill(&report) { fates.strikes(Kind::FillLate, self.told) } else { None };
            self.truly.push((report, late.is_some()));
            match late {
                Some(mut prng) => {
                    let at = at + Nanos(prng.between(1, 2_000_000_000));
                    self.later.push(Later { at, report });
                }
                None => self.log.push(report),
            }
            // What was asked is answered once: an old answer would be none to the question that is open.
            let is_answer = matches!(report.outcome, Outcome::Listed { .. } | Outcome::NotListed);
            if !is_answer && let Some(mut prng) = fates.strikes(Kind::SaidTwice, self.told) {
                let at = at + Nanos(prng.between(1, 5_000_000_000));
                self.later.push(Later { at, report });
            }
            if let Some(mut prng) = fates.strikes(Kind::Contradiction, self.told) {
                self.log.push(contradict(&report, &mut prng));
            }
        }
    }
}

const fn report(venue_at: Nanos, order: OrderId, instrument: InstrumentId, outcome: Outcome) -> Report {
    Report { venue_at, order, instrument, outcome }
}

/// What cannot be true of our orders, whatever is true.
fn contradict(report: &Report, prng: &mut Prng) -> Report {
    let nobody = OrderId(u32::MAX - 7);
    match prng.below(3) {
        0 => Report { order: nobody, outcome: Outcome::Canceled, ..*report },
        1 => Report { order: nobody, outcome: Outcome::Accepted, ..*report },
        _ => {
            Report { outcome: Outcome::CancelRejected(RejectReason::UnknownOrder), order: nobody, ..*report }
        }
    }
}
