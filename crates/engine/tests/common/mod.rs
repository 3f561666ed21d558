//! A machine on two futures, strategies that do what they are told, and short names for inputs.

#![allow(dead_code, reason = "each test binary uses its part")]

use engine::{Engine, EngineConfig, Seat, Strategy, View, Want, Wants};
use orders::{Change, Order};
use risk::{Level, LimitId, Limits, Refusal};
use std::cell::RefCell;
use std::rc::Rc;
use types::instrument::Terms;
use types::{
    Command, Contract, Event, FeeSchedule, Flags, Gap, Input, Instrument, InstrumentId, LevelAction,
    LevelDelta, Lots, Nanos, NewOrder, OrderId, OrderKind, Origin, Outcome, Report, Seq, Side, Ticks,
    TimeInForce, TimerId, Trade,
};

pub(crate) const ESM6: InstrumentId = InstrumentId(0);
pub(crate) const NQM6: InstrumentId = InstrumentId(1);

/// A machine, and the inputs' clock.
pub(crate) struct Desk {
    pub(crate) engine: Engine,
    seq: Seq,
    /// How long nothing came, in all.
    waited: Nanos,
}

impl Desk {
    /// One input, one microsecond after the last; what is to be done about it.
    pub(crate) fn input(&mut self, event: Event) -> Vec<Command> {
        let received_at = self.waited + Nanos(i64::try_from(self.seq.0).expect("few") * 1_000);
        let input = Input { seq: self.seq, received_at, event };
        self.seq = self.seq.next();
        let mut commands = Vec::new();
        self.engine.step(&input, &mut commands);
        commands
    }

    /// Time passes without an input.
    #[allow(dead_code, reason = "not every test waits")]
    pub(crate) fn wait(&mut self, span: Nanos) {
        self.waited = self.waited + span;
    }

    /// Empties the book and sets both sides in one packet, each with five lots.
    pub(crate) fn market(&mut self, instrument: InstrumentId, bid: i64, ask: i64) -> Vec<Command> {
        let clear =
            LevelDelta { action: LevelAction::Clear, ..delta(instrument, Side::Buy, 0, 0, Flags::NONE) };
        let mut commands = self.input(Event::Level(clear));
        commands.extend(self.input(level(instrument, Side::Buy, bid, 5, Flags::NONE)));
        commands.extend(self.input(level(instrument, Side::Sell, ask, 5, Flags::LAST)));
        commands
    }
}

/// At most 5 lots an order and 8 a position; a loss of 1,000 a day.
pub(crate) fn desk(seats: Vec<(Box<dyn Strategy>, Vec<InstrumentId>)>) -> Desk {
    let mut limits = Limits::wide();
    limits.every(Level::Firm, LimitId::DailyLoss, 1_000_000_000_000);
    limits.every(Level::Instrument, LimitId::OrderSize, 5);
    limits.every(Level::Instrument, LimitId::Position, 8);
    limits.every(Level::Instrument, LimitId::CollarTicks, 50);
    desk_with(limits, seats)
}

/// The same with other limits.
pub(crate) fn desk_with(limits: Limits, seats: Vec<(Box<dyn Strategy>, Vec<InstrumentId>)>) -> Desk {
    let instruments = vec![future(ESM6, "ESM6"), future(NQM6, "NQM6")];
    let seats = seats.into_iter().map(|(strategy, instruments)| Seat { strategy, instruments });
    let config = EngineConfig {
        fees: vec![FeeSchedule::default(); instruments.len()],
        account: engine::AccountTerms::default(),
        instruments,
        limits,
        kill_switch: false,
        seats: seats.collect(),
    };
    Desk { engine: Engine::new(config), seq: Seq(0), waited: Nanos(0) }
}

/// A tick of a lot is worth 12.50.
fn future(id: InstrumentId, symbol: &str) -> Instrument {
    Instrument::new(Terms {
        id,
        symbol: symbol.into(),
        venue: "test".into(),
        currency: "USD".into(),
        contract: Contract::Linear,
        tick_nanos: 250_000_000,
        lot_nanos: 1_000_000_000,
        multiplier_nanos: 50_000_000_000,
        depths: types::Depths::default(),
        origin: Origin::Configured,
    })
    .expect("valid terms")
}

fn delta(instrument: InstrumentId, side: Side, price: i64, size: i64, flags: Flags) -> LevelDelta {
    LevelDelta {
        venue_at: Nanos(0),
        price: Ticks(price),
        size: Lots(size),
        orders: 1,
        instrument,
        side,
        action: LevelAction::Set,
        depth: 0,
        flags,
    }
}

pub(crate) fn level(instrument: InstrumentId, side: Side, price: i64, size: i64, flags: Flags) -> Event {
    Event::Level(delta(instrument, side, price, size, flags))
}

pub(crate) fn bid(instrument: InstrumentId, price: i64, size: i64) -> Event {
    level(instrument, Side::Buy, price, size, Flags::LAST)
}

pub(crate) fn ask(instrument: InstrumentId, price: i64, size: i64) -> Event {
    level(instrument, Side::Sell, price, size, Flags::LAST)
}

pub(crate) fn gap(instrument: Option<InstrumentId>) -> Event {
    Event::Gap(Gap { venue_at: Nanos(0), expected: 5, received: 7, instrument })
}

pub(crate) fn report(order: u32, outcome: Outcome) -> Event {
    Event::Report(Report { venue_at: Nanos(0), order: OrderId(order), instrument: ESM6, outcome })
}

/// A good-til-cancel limit order in the first future.
pub(crate) fn limit(side: Side, price: i64, size: i64) -> NewOrder {
    NewOrder {
        instrument: ESM6,
        side,
        kind: OrderKind::Limit,
        time_in_force: TimeInForce::GoodTilCancel,
        price: Ticks(price),
        size: Lots(size),
    }
}

/// What a strategy heard, a word and a number each.
pub(crate) type Heard = Rc<RefCell<Vec<String>>>;

/// Writes down what it hears, and has the same wishes at every book of the first future.
struct Parrot {
    wishes: Vec<Want>,
    heard: Heard,
}

impl Parrot {
    fn note(&self, what: String) {
        self.heard.borrow_mut().push(what);
    }
}

/// Hears and says nothing.
pub(crate) fn silent() -> (Box<dyn Strategy>, Heard) {
    quoting(Vec::new())
}

/// Wishes the same at every book.
pub(crate) fn quoting(wishes: Vec<Want>) -> (Box<dyn Strategy>, Heard) {
    let heard = Heard::default();
    (Box::new(Parrot { wishes, heard: Rc::clone(&heard) }), heard)
}

impl Strategy for Parrot {
    fn on_start(&mut self, _: &View<'_>, _: &mut Wants) {
        self.note("start".into());
    }

    fn on_book(&mut self, instrument: InstrumentId, _: &View<'_>, wants: &mut Wants) {
        self.note(format!("book {instrument}"));
        for want in self.wishes.iter().filter(|_| instrument == ESM6) {
            match *want {
                Want::Place(order) => wants.place(order),
                Want::Replace { order, price, size } => wants.replace(order, price, size),
                Want::Cancel(order) => wants.cancel(order),
                Want::WakeAt(at, timer) => wants.wake_at(at, timer),
                Want::Parent { parent, terms } => wants.parent(parent, terms),
                Want::PlaceChild { parent, order } => wants.place_child(parent, order),
            }
        }
    }

    fn on_trade(&mut self, trade: &Trade, _: &View<'_>, _: &mut Wants) {
        self.note(format!("trade {}", trade.instrument));
    }

    fn on_order(&mut self, order: &Order, change: &Change, _: &View<'_>, _: &mut Wants) {
        self.note(format!("order {} {change:?}", order.id));
    }

    fn on_timer(&mut self, timer: TimerId, _: &View<'_>, _: &mut Wants) {
        self.note(format!("timer {timer}"));
    }

    fn on_refused(&mut self, _: &Want, refusal: &Refusal, _: &View<'_>) {
        self.note(format!("refused {}", refusal.kind()));
    }
}
