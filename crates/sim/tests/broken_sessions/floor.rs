//! A whole machine on one venue session in simulated time: puppets for strategies, and everything that was sent, heard
//! and told, with its time.

use engine::{CopyTerms, Engine, EngineConfig, Seat, StateError, Strategy, Unsaved, View, Want, Wants};
use orders::{Change, Order, State};
use risk::{Limits, Refusal};
use sim::session::{Delivery, Fault, Faults, Session};
use sim::{SelfMatch, Venue, VenueConfig};
use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;
use stdx::Prng;
use types::instrument::Terms;
use types::{
    AlertKind, Arrival, Command, Contract, Event, FeeSchedule, Flags, Input, Instrument, InstrumentId,
    LevelAction, LevelDelta, Lots, Nanos, NewOrder, OrderId, OrderKind, Origin, Seq, Side, StrategyId, Ticks,
    TimeInForce, Timer, TimerId, VenueId,
};

pub(crate) const ONLY: InstrumentId = InstrumentId(0);
pub(crate) const VENUE: VenueId = VenueId(0);
pub(crate) const MS: i64 = 1_000_000;

/// What a puppet is to wish next, and what it heard.
#[derive(Default)]
pub(crate) struct Strings {
    wishes: VecDeque<Want>,
    pub(crate) heard: Vec<(OrderId, Change)>,
    pub(crate) refused: Vec<&'static str>,
}

struct Puppet(Rc<RefCell<Strings>>);

impl Strategy for Puppet {
    /// Its strings are not its own.
    fn save(&self, _: &mut Vec<u8>) -> Result<(), Unsaved> {
        Ok(())
    }

    fn restore(&mut self, _: &[u8]) -> Result<(), StateError> {
        Ok(())
    }

    fn on_timer(&mut self, _: TimerId, _: &View<'_>, wants: &mut Wants) {
        for wish in self.0.borrow_mut().wishes.drain(..) {
            match wish {
                Want::Place(order) => wants.place(order),
                Want::Replace { order, price, size } => wants.replace(order, price, size),
                Want::Cancel(order) => wants.cancel(order),
                Want::WakeAt(at, timer) => wants.wake_at(at, timer),
                Want::Parent { parent, terms } => wants.parent(parent, terms),
                Want::PlaceChild { parent, order } => wants.place_child(parent, order),
            }
        }
    }

    fn on_order(&mut self, order: &Order, change: &Change, _: &View<'_>, _: &mut Wants) {
        self.0.borrow_mut().heard.push((order.id, *change));
    }

    fn on_refused(&mut self, _: &Want, refusal: &Refusal, _: &View<'_>) {
        self.0.borrow_mut().refused.push(refusal.kind());
    }
}

/// The machine, its session, and all that passed between them.
pub(crate) struct Floor {
    pub(crate) engine: Engine,
    limits: Limits,
    copies: Option<CopyTerms>,
    pub(crate) session: Session,
    pub(crate) puppets: Vec<Rc<RefCell<Strings>>>,
    pub(crate) now: i64,
    pub(crate) sent: Vec<(i64, Command)>,
    pub(crate) alerts: Vec<(i64, AlertKind, i64)>,
    timers: BTreeMap<(Nanos, u64), Timer>,
    set: u64,
    seq: Seq,
    heard: Vec<Delivery>,
}

fn instrument() -> Instrument {
    Instrument::new(Terms {
        id: ONLY,
        symbol: "X".into(),
        venue: "test".into(),
        currency: "USD".into(),
        contract: Contract::Linear,
        tick_nanos: 1_000_000_000,
        lot_nanos: 1_000_000_000,
        multiplier_nanos: 1_000_000_000,
        depths: types::Depths::default(),
        origin: Origin::Configured,
    })
    .expect("valid terms")
}

pub(crate) fn limit(side: Side, price: i64, size: i64) -> NewOrder {
    NewOrder {
        instrument: ONLY,
        side,
        kind: OrderKind::Limit,
        time_in_force: TimeInForce::GoodTilCancel,
        price: Ticks(price),
        size: Lots(size),
    }
}

fn level(side: Side, price: i64, size: i64, action: LevelAction, flags: Flags) -> Event {
    Event::Level(LevelDelta {
        venue_at: Nanos(0),
        price: Ticks(price),
        size: Lots(size),
        orders: 0,
        instrument: ONLY,
        side,
        action,
        depth: 0,
        flags,
    })
}

fn engine(limits: &Limits, puppets: &[Rc<RefCell<Strings>>]) -> Engine {
    let seat = |strings: &Rc<RefCell<Strings>>| Seat {
        strategy: Box::new(Puppet(Rc::clone(strings))) as Box<dyn Strategy>,
        instruments: vec![ONLY],
    };
    Engine::new(EngineConfig {
        instruments: vec![instrument()],
        limits: limits.clone(),
        fees: vec![FeeSchedule { per_lot_nanos: 10_000_000, ..FeeSchedule::default() }],
        account: engine::AccountTerms::default(),
        kill_switch: false,
        seats: puppets.iter().map(seat).collect(),
    })
}

impl Floor {
    /// Puppets on a session with these faults, and a market of 100 to 101, ten lots each.
    pub(crate) fn new(puppets: usize, faults: Faults, seed: u64) -> Self {
        Self::with(Limits::wide(), puppets, faults, seed)
    }

    /// The same with other limits.
    pub(crate) fn with(limits: Limits, puppets: usize, faults: Faults, seed: u64) -> Self {
        let puppets: Vec<_> = (0..puppets).map(|_| Rc::<RefCell<Strings>>::default()).collect();
        let engine = engine(&limits, &puppets);
        // What the venue would prevent is to be prevented before.
        let config = VenueConfig { self_match: SelfMatch::Decrement, ..VenueConfig::default() };
        let venue = Venue::new(&[instrument()], config, Prng::new(seed).fork("venue"));
        let mut session = Session::new(VENUE, venue, vec![ONLY], faults, Prng::new(seed).fork("session"));
        session.start(Nanos(0));
        let mut floor = Self {
            engine,
            limits,
            copies: None,
            session,
            puppets,
            now: 0,
            sent: Vec::new(),
            alerts: Vec::new(),
            timers: BTreeMap::new(),
            set: 0,
            seq: Seq(0),
            heard: Vec::new(),
        };
        floor.market(100, 101, 10);
        floor.until(MS);
        floor
    }

    pub(crate) fn expect_copies(&mut self, terms: CopyTerms) {
        self.engine.expect_copies(terms.clone());
        self.copies = Some(terms);
    }

    /// The machine ends here, and another goes on from its state.
    pub(crate) fn restart(&mut self) {
        let mut saved = Vec::new();
        self.engine.save(&mut saved).expect("puppets save");
        let mut next = engine(&self.limits, &self.puppets);
        if let Some(terms) = &self.copies {
            next.expect_copies(terms.clone());
        }
        next.restore(&saved).expect("its own state");
        let mut again = Vec::new();
        next.save(&mut again).expect("puppets save");
        assert!(saved == again, "it comes back as it was");
        self.engine = next;
    }

    /// The market is this from now on.
    pub(crate) fn market(&mut self, bid: i64, ask: i64, size: i64) {
        let events = [
            level(Side::Buy, 0, 0, LevelAction::Clear, Flags::NONE),
            level(Side::Buy, bid, size, LevelAction::Set, Flags::NONE),
            level(Side::Sell, ask, size, LevelAction::Set, Flags::LAST),
        ];
        let at = Nanos(self.now);
        let arrivals = events.map(|event| Arrival { received_at: at, event });
        self.session.on_packet(at, &arrivals, &mut self.heard);
        self.hear_all();
        for event in events {
            self.input(self.now, event);
        }
    }

    /// Time goes to `to`, in milliseconds after the start.
    pub(crate) fn ms(&mut self, to: i64) -> &mut Self {
        self.until(to * MS);
        self
    }

    pub(crate) fn until(&mut self, to: i64) {
        loop {
            let timer = self.timers.first_key_value().map_or(Nanos::MAX, |(&(at, _), _)| at);
            let next = self.session.due().min(timer);
            if next > Nanos(to) {
                break;
            }
            if timer < self.session.due() {
                let (_, timer) = self.timers.pop_first().expect("it is due");
                self.input(next.0, Event::Timer(timer));
            } else {
                self.session.advance(next, &mut self.heard);
                self.hear_all();
            }
        }
        self.session.advance(Nanos(to), &mut self.heard);
        self.now = self.now.max(to);
    }

    fn hear_all(&mut self) {
        for delivery in std::mem::take(&mut self.heard) {
            self.input(delivery.at.0, delivery.event);
        }
    }

    pub(crate) fn input(&mut self, at: i64, event: Event) {
        self.now = self.now.max(at);
        let input = Input { seq: self.seq, received_at: Nanos(self.now), event };
        self.seq = self.seq.next();
        let mut out = Vec::new();
        self.engine.step(&input, &mut out);
        for command in out {
            match command {
                Command::WakeAt { at, timer, strategy } => {
                    let due_at = at.max(Nanos(self.now));
                    self.timers.insert((due_at, self.set), Timer { due_at, timer, strategy });
                    self.set += 1;
                }
                Command::Alert { kind, value, .. } => self.alerts.push((self.now, kind, value)),
                Command::Place(_)
                | Command::Cancel { .. }
                | Command::Replace { .. }
                | Command::Query { .. }
                | Command::MassCancel { .. } => {
                    self.sent.push((self.now, command));
                    self.session.on_command(Nanos(self.now), &command);
                }
            }
        }
        self.recount();
    }

    /// What must hold after every input, whatever happened.
    fn recount(&self) {
        let (orders, risk) = (self.engine.orders(), self.engine.risk());
        for side in Side::BOTH {
            let open = orders.open().filter(|order| order.terms.side == side);
            let exposure: i64 = open.map(|order| order.exposure().0).sum();
            assert_eq!(risk.working(ONLY, side).0, exposure, "unknown ones count, too");
            let open = orders.open().filter(|order| order.terms.side == side);
            let stands = open.flat_map(|order| order.stands_at().into_iter().flatten());
            let best = if side == Side::Buy { stands.max() } else { stands.min() };
            assert_eq!(orders.best(ONLY, side), best);
        }
        assert_eq!(risk.open_orders() as usize, orders.open_count());
        assert_eq!(risk.position(ONLY), self.engine.portfolio().position(ONLY));
    }

    /// A strategy wishes something now.
    pub(crate) fn wish(&mut self, puppet: usize, want: Want) {
        self.puppets[puppet].borrow_mut().wishes.push_back(want);
        let strategy = StrategyId(u16::try_from(puppet).expect("few"));
        let timer = Timer { due_at: Nanos(self.now), timer: TimerId(0), strategy };
        self.input(self.now, Event::Timer(timer));
    }

    /// A new order of a strategy; `None` when it was refused.
    pub(crate) fn place(&mut self, puppet: usize, side: Side, price: i64, size: i64) -> Option<OrderId> {
        let before = self.engine.orders().counts().submitted;
        self.wish(puppet, Want::Place(limit(side, price, size)));
        let after = self.engine.orders().counts().submitted;
        (after > before).then(|| OrderId(u32::try_from(before).expect("few")))
    }

    pub(crate) fn inject(&mut self, ms: i64, fault: Fault) {
        self.session.inject(Nanos(ms * MS), fault);
    }

    pub(crate) fn order(&self, id: OrderId) -> Order {
        *self.engine.orders().get(id).expect("it is kept")
    }

    pub(crate) fn state(&self, id: OrderId) -> State {
        self.order(id).state
    }

    pub(crate) fn working(&self, side: Side) -> i64 {
        self.engine.risk().working(ONLY, side).0
    }

    pub(crate) fn position(&self) -> i64 {
        self.engine.risk().position(ONLY).0
    }

    pub(crate) fn count(&self, of: impl Fn(&Command) -> bool) -> usize {
        self.sent.iter().filter(|(_, command)| of(command)).count()
    }

    pub(crate) fn placed(&self) -> usize {
        self.count(|command| matches!(command, Command::Place(_)))
    }

    pub(crate) fn queries(&self) -> usize {
        self.count(|command| matches!(command, Command::Query { .. }))
    }

    pub(crate) fn cancels(&self) -> usize {
        self.count(|command| matches!(command, Command::Cancel { .. }))
    }

    pub(crate) fn told(&self, kind: AlertKind) -> Vec<(i64, i64)> {
        let of = self.alerts.iter().filter(|alert| alert.1 == kind);
        of.map(|(at, _, value)| (*at / MS, *value)).collect()
    }

    pub(crate) fn refused(&self, puppet: usize) -> Vec<&'static str> {
        self.puppets[puppet].borrow().refused.clone()
    }

    pub(crate) fn heard(&self, puppet: usize) -> Vec<(OrderId, Change)> {
        self.puppets[puppet].borrow().heard.clone()
    }

    /// Nothing was ever sent while the session was known to be down.
    pub(crate) fn never_sent_into_nothing(&self) {
        assert_eq!(self.session.counts().sent_while_down, 0);
    }
}
