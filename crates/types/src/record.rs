//! The 64 bytes that an input or a command is, on disk and between machines.
//!
//! ```text
//!  0        8            16   17  18  19  20          24   32   40   48   56        64
//!  ├ seq u64 ┼ at i64 ─────┼ tag ┼ a ┼ b ┼ c ┼ key u32 ───┼ w0 ┼ w1 ┼ w2 ┼ w3 ┼ w4 ─────┤
//! ```
//!
//! Little-endian. Written field by field, never by copying the struct: padding would carry whatever the stack
//! held, and a hash over it would differ from run to run. What a kind does not use is zero, and reading checks
//! that writing gives the same bytes again, so each record has exactly one form.

use crate::event::{
    Cash, CashKind, Event, Flags, Gap, LevelAction, LevelDelta, Liquidity, OrderAction, OrderDelta, Outcome,
    Phase, QuoteRequest, RejectReason, Report, Status, Timer, Trade,
};
use crate::operator::{Action, Operator, Restriction, Scope, Stage};
use crate::session::{Clock, ClockState, Session, SessionChange};
use crate::{
    AlertKind, Bar, Command, Input, InstrumentId, Lots, MarketOrderId, Money, Nanos, NewOrder, OrderId,
    OrderKind, Peg, PersonId, PlaceOrder, Seq, Side, Statistic, StatisticKind, StrategyId, Ticks,
    TimeInForce, TimerId, TradingDay, VenueId,
};
use std::fmt;

/// The length of every record.
pub const RECORD_BYTES: usize = 64;

/// What a record can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Record {
    /// Something happened.
    Input(Input),
    /// The engine answered the input `seq` with this.
    Command {
        /// The input that caused it.
        seq: Seq,
        /// The time of that input.
        at: Nanos,
        /// What to do.
        command: Command,
    },
}

/// Why 64 bytes are not a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotARecord {
    /// The field that holds what it cannot.
    pub field: &'static str,
    /// The byte of the record it stands at.
    pub at: usize,
}

impl fmt::Display for NotARecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "byte {}: {} is not one this version knows", self.at, self.field)
    }
}

impl std::error::Error for NotARecord {}

/// `None` in an instrument's place.
const ALL_INSTRUMENTS: u32 = u32::MAX;
/// Commands have tags from here.
const COMMANDS: u8 = 0x80;
const NO_SIDE: u8 = 2;

/// The record's fields, before they have a meaning.
#[derive(Clone, Copy, Default)]
struct Raw {
    seq: u64,
    at: i64,
    tag: u8,
    a: u8,
    b: u8,
    c: u8,
    key: u32,
    words: [u64; 5],
}

impl Raw {
    fn to_bytes(self) -> [u8; RECORD_BYTES] {
        let mut bytes = [0; RECORD_BYTES];
        bytes[0..8].copy_from_slice(&self.seq.to_le_bytes());
        bytes[8..16].copy_from_slice(&self.at.to_le_bytes());
        bytes[16..20].copy_from_slice(&[self.tag, self.a, self.b, self.c]);
        bytes[20..24].copy_from_slice(&self.key.to_le_bytes());
        for (place, word) in bytes[24..].chunks_exact_mut(8).zip(self.words) {
            place.copy_from_slice(&word.to_le_bytes());
        }
        bytes
    }

    fn from_bytes(bytes: &[u8; RECORD_BYTES]) -> Self {
        let word =
            |at: usize| u64::from_le_bytes(bytes[at..at + 8].try_into().expect("eight bytes were sliced"));
        let key = u32::from_le_bytes(bytes[20..24].try_into().expect("four bytes were sliced"));
        Self {
            seq: word(0),
            at: word(8).cast_signed(),
            tag: bytes[16],
            a: bytes[17],
            b: bytes[18],
            c: bytes[19],
            key,
            words: [word(24), word(32), word(40), word(48), word(56)],
        }
    }

    fn signed(&self, word: usize) -> i64 {
        self.words[word].cast_signed()
    }

    #[expect(clippy::cast_possible_truncation, reason = "the canonical check catches a lost high half")]
    fn low(&self, word: usize) -> u32 {
        self.words[word] as u32
    }

    fn high(&self, word: usize) -> u32 {
        u32::try_from(self.words[word] >> 32).expect("32 bits are left")
    }

    fn instrument(&self) -> Option<InstrumentId> {
        (self.key != ALL_INSTRUMENTS).then_some(InstrumentId(self.key))
    }
}

fn pair(low: u32, high: u32) -> u64 {
    u64::from(low) | u64::from(high) << 32
}

fn key_of(instrument: Option<InstrumentId>) -> u32 {
    instrument.map_or(ALL_INSTRUMENTS, |id| id.0)
}

impl Record {
    /// The record's one form.
    #[inline]
    #[must_use]
    pub fn to_bytes(&self) -> [u8; RECORD_BYTES] {
        match self {
            Self::Input(input) => input_to_raw(input).to_bytes(),
            Self::Command { seq, at, command } => {
                Raw { seq: seq.0, at: at.0, ..command_to_raw(command) }.to_bytes()
            }
        }
    }

    /// Reads a record.
    ///
    /// # Errors
    /// When the bytes are not exactly what [`to_bytes`](Self::to_bytes) writes for some record.
    pub fn from_bytes(bytes: &[u8; RECORD_BYTES]) -> Result<Self, NotARecord> {
        let raw = Raw::from_bytes(bytes);
        let record = if raw.tag < COMMANDS {
            Self::Input(Input { seq: Seq(raw.seq), received_at: Nanos(raw.at), event: event_from_raw(&raw)? })
        } else {
            Self::Command { seq: Seq(raw.seq), at: Nanos(raw.at), command: command_from_raw(&raw)? }
        };
        let written = record.to_bytes();
        match written.iter().zip(bytes).position(|(ours, theirs)| ours != theirs) {
            None => Ok(record),
            Some(at) => Err(NotARecord { field: "an unused byte", at }),
        }
    }

    /// The input it is, or answers.
    #[must_use]
    pub const fn seq(&self) -> Seq {
        match self {
            Self::Input(input) => input.seq,
            Self::Command { seq, .. } => *seq,
        }
    }
}

fn input_to_raw(input: &Input) -> Raw {
    let body = match &input.event {
        Event::Level(e) => Raw {
            tag: 1,
            a: e.side as u8,
            b: e.action as u8,
            c: e.flags.0,
            key: e.instrument.0,
            words: words(e.venue_at, e.price, e.size, u64::from(e.orders), u64::from(e.depth)),
            ..Raw::default()
        },
        Event::Order(e) => Raw {
            tag: 2,
            a: e.side as u8,
            b: e.action as u8,
            c: e.flags.0,
            key: e.instrument.0,
            words: words(e.venue_at, e.price, e.size, e.order.0, 0),
            ..Raw::default()
        },
        Event::Trade(e) => trade_to_raw(3, e),
        Event::Status(e) => Raw {
            tag: 4,
            a: e.phase as u8,
            key: key_of(e.instrument),
            words: [e.venue_at.0.cast_unsigned(), 0, 0, 0, 0],
            ..Raw::default()
        },
        Event::Gap(e) => Raw {
            tag: 5,
            key: key_of(e.instrument),
            words: [e.venue_at.0.cast_unsigned(), e.expected, e.received, 0, 0],
            ..Raw::default()
        },
        Event::Report(e) => report_to_raw(6, e),
        Event::Timer(e) => Raw {
            tag: 7,
            key: e.timer.0,
            words: [e.due_at.0.cast_unsigned(), u64::from(e.strategy.0), 0, 0, 0],
            ..Raw::default()
        },
        Event::Operator(e) => operator_to_raw(e),
        Event::Statistic(e) => Raw {
            tag: 9,
            a: e.side.map_or(NO_SIDE, |side| side as u8),
            b: e.kind as u8,
            c: e.flags.0,
            key: e.instrument.0,
            words: [
                e.venue_at.0.cast_unsigned(),
                e.value.cast_unsigned(),
                e.size.0.cast_unsigned(),
                pair(u32::from(e.fraction), u32::from(e.session_day)),
                u64::from(e.deleted),
            ],
            ..Raw::default()
        },
        Event::QuoteRequest(e) => Raw {
            tag: 10,
            a: e.side.map_or(NO_SIDE, |side| side as u8),
            key: e.instrument.0,
            words: words(e.venue_at, Ticks(0), e.size, 0, 0),
            ..Raw::default()
        },
        Event::TradeBust(e) => trade_to_raw(11, e),
        Event::Bar { seconds, bar } => Raw {
            tag: 12,
            key: bar.instrument.0,
            words: words(
                bar.venue_at,
                bar.open,
                bar.volume,
                pair(bar.high_above, bar.low_below),
                pair(bar.change.cast_unsigned(), *seconds),
            ),
            ..Raw::default()
        },
        Event::Cash(e) => {
            let [low, high] = e.halves();
            Raw {
                tag: 13,
                b: e.kind as u8,
                key: e.instrument.0,
                words: [e.venue_at.0.cast_unsigned(), low, high, 0, 0],
                ..Raw::default()
            }
        }
        Event::Session(e) => {
            let (a, b) = session_code(e.change);
            let words = [e.at.0.cast_unsigned(), 0, 0, 0, 0];
            Raw { tag: 14, a, b, key: u32::from(e.venue.0), words, ..Raw::default() }
        }
        Event::DropCopy(e) => report_to_raw(15, e),
        Event::Clock(e) => Raw {
            tag: 16,
            a: e.state as u8,
            words: [e.wall_at.0.cast_unsigned(), e.divergence.0.cast_unsigned(), 0, 0, 0],
            ..Raw::default()
        },
    };
    Raw { seq: input.seq.0, at: input.received_at.0, ..body }
}

fn words(venue_at: Nanos, price: Ticks, size: Lots, w3: u64, w4: u64) -> [u64; 5] {
    [venue_at.0.cast_unsigned(), price.0.cast_unsigned(), size.0.cast_unsigned(), w3, w4]
}

fn trade_to_raw(tag: u8, e: &Trade) -> Raw {
    Raw {
        tag,
        a: e.aggressor.map_or(NO_SIDE, |side| side as u8),
        c: e.flags.0,
        key: e.instrument.0,
        words: words(e.venue_at, e.price, e.size, e.id, u64::from(e.price_fraction)),
        ..Raw::default()
    }
}

fn report_to_raw(tag: u8, e: &Report) -> Raw {
    let base = Raw { tag, key: e.instrument.0, ..Raw::default() };
    let tail = |w4: u32| pair(e.order.0, w4);
    let plain = |a: u8, b: u8| Raw { a, b, words: [e.venue_at.0.cast_unsigned(), 0, 0, 0, tail(0)], ..base };
    match e.outcome {
        Outcome::Accepted => plain(0, 0),
        Outcome::Rejected(reason) => plain(1, reason as u8),
        Outcome::Filled { price, size, fill, liquidity } => {
            Raw { a: 2, b: liquidity as u8, words: words(e.venue_at, price, size, 0, tail(fill)), ..base }
        }
        Outcome::Canceled => plain(3, 0),
        Outcome::CancelRejected(reason) => plain(4, reason as u8),
        Outcome::Replaced { price, size } => {
            Raw { a: 5, words: words(e.venue_at, price, size, 0, tail(0)), ..base }
        }
        Outcome::ReplaceRejected(reason) => plain(6, reason as u8),
        Outcome::Listed { size, filled, open } => {
            let words =
                [e.venue_at.0.cast_unsigned(), filled.0.cast_unsigned(), size.0.cast_unsigned(), 0, tail(0)];
            Raw { a: 7, b: u8::from(open), words, ..base }
        }
        Outcome::NotListed => plain(8, 0),
        Outcome::Busted { fill, price, size } => {
            Raw { a: 9, words: words(e.venue_at, price, size, 0, tail(fill)), ..base }
        }
    }
}

fn session_code(change: SessionChange) -> (u8, u8) {
    match change {
        SessionChange::Connected => (0, 0),
        SessionChange::Disconnected => (1, 0),
        SessionChange::LoggedOut => (2, 0),
        SessionChange::CancelOnDisconnect(armed) => (3, u8::from(armed)),
        SessionChange::Recovered => (4, 0),
    }
}

fn operator_to_raw(word: &Operator) -> Raw {
    let base = Raw { tag: 8, ..Raw::default() };
    match *word {
        Operator::Reason { request, part, text } => {
            let mut words = [0; 5];
            for (word, bytes) in words.iter_mut().zip(text.chunks_exact(8)) {
                *word = u64::from_le_bytes(bytes.try_into().expect("eight bytes were sliced"));
            }
            Raw { a: 0, b: part, key: request, words, ..base }
        }
        Operator::Request { request, by, action } => {
            let (b, c, words) = action_code(action);
            let [target, value, more] = words;
            Raw { a: 1, b, c, key: request, words: [u64::from(by.0), target, value, more, 0], ..base }
        }
        Operator::Confirm { request, by } => {
            Raw { a: 2, key: request, words: [u64::from(by.0), 0, 0, 0, 0], ..base }
        }
    }
}

fn scope_word(scope: Scope) -> u64 {
    let (kind, id) = scope.code();
    pair(u32::from(kind), id)
}

/// An action's number, its choice, and the words that say more of it: of whom, how much, what else.
fn action_code(action: Action) -> (u8, u8, [u64; 3]) {
    match action {
        Action::Kill(scope) => (0, 0, [scope_word(scope), 0, 0]),
        Action::Reset(scope) => (1, 0, [scope_word(scope), 0, 0]),
        Action::ReduceOnly(scope, on) => (2, u8::from(on), [scope_word(scope), 0, 0]),
        Action::CancelAll(scope) => (3, 0, [scope_word(scope), 0, 0]),
        Action::SetLimit { limit, scope, value } => {
            (4, 0, [scope_word(scope), value.cast_unsigned(), u64::from(limit)])
        }
        Action::Restrict { instrument, how } => {
            let (c, lots) = match how {
                Restriction::None => (0, 0),
                Restriction::NoTrading => (1, 0),
                Restriction::HardToBorrow => (2, 0),
                Restriction::Located(lots) => (3, lots.0.cast_unsigned()),
            };
            (5, c, [u64::from(instrument.0), lots, 0])
        }
        Action::SkipRecord(seq) => (6, 0, [seq.0, 0, 0]),
        Action::RequestBust { order, fill } => (7, 0, [pair(order.0, fill), 0, 0]),
        Action::Enter(stage) => (8, stage as u8, [0; 3]),
    }
}

fn command_to_raw(command: &Command) -> Raw {
    match command {
        Command::Place(PlaceOrder { order, strategy, terms }) => Raw {
            tag: COMMANDS,
            a: terms.side as u8,
            b: kind_code(terms.kind).0,
            c: force_code(terms.time_in_force).0,
            key: terms.instrument.0,
            words: [
                terms.price.0.cast_unsigned(),
                terms.size.0.cast_unsigned(),
                pair(order.0, u32::from(strategy.0)),
                kind_code(terms.kind).1,
                force_code(terms.time_in_force).1,
            ],
            ..Raw::default()
        },
        Command::Cancel { order, instrument } => Raw {
            tag: COMMANDS + 1,
            key: instrument.0,
            words: [u64::from(order.0), 0, 0, 0, 0],
            ..Raw::default()
        },
        Command::Replace { order, instrument, price, size } => Raw {
            tag: COMMANDS + 2,
            key: instrument.0,
            words: [u64::from(order.0), price.0.cast_unsigned(), size.0.cast_unsigned(), 0, 0],
            ..Raw::default()
        },
        Command::WakeAt { at, timer, strategy } => Raw {
            tag: COMMANDS + 3,
            key: timer.0,
            words: [at.0.cast_unsigned(), u64::from(strategy.0), 0, 0, 0],
            ..Raw::default()
        },
        Command::Query { order, instrument } => Raw {
            tag: COMMANDS + 4,
            key: instrument.0,
            words: [u64::from(order.0), 0, 0, 0, 0],
            ..Raw::default()
        },
        Command::MassCancel { venue } => Raw { tag: COMMANDS + 5, key: u32::from(venue.0), ..Raw::default() },
        Command::Alert { kind, scope, value } => Raw {
            tag: COMMANDS + 6,
            a: *kind as u8,
            words: [scope_word(*scope), value.cast_unsigned(), 0, 0, 0],
            ..Raw::default()
        },
    }
}

fn event_from_raw(raw: &Raw) -> Result<Event, NotARecord> {
    let venue_at = Nanos(raw.signed(0));
    let (price, size) = (Ticks(raw.signed(1)), Lots(raw.signed(2)));
    let flags = Flags(raw.c);
    Ok(match raw.tag {
        1 => Event::Level(LevelDelta {
            venue_at,
            price,
            size,
            orders: raw.low(3),
            instrument: InstrumentId(raw.key),
            side: side(raw.a)?,
            action: pick(raw.b, 18, "the level action", &LEVEL_ACTIONS)?,
            depth: u8::try_from(raw.words[4]).map_err(|_| NotARecord { field: "the depth", at: 56 })?,
            flags,
        }),
        2 => Event::Order(OrderDelta {
            venue_at,
            order: MarketOrderId(raw.words[3]),
            price,
            size,
            instrument: InstrumentId(raw.key),
            side: side(raw.a)?,
            action: pick(raw.b, 18, "the order action", &ORDER_ACTIONS)?,
            flags,
        }),
        3 => Event::Trade(trade_from_raw(raw)?),
        4 => Event::Status(Status {
            venue_at,
            instrument: raw.instrument(),
            phase: pick(raw.a, 17, "the phase", &PHASES)?,
        }),
        5 => Event::Gap(Gap {
            venue_at,
            expected: raw.words[1],
            received: raw.words[2],
            instrument: raw.instrument(),
        }),
        6 => Event::Report(report_from_raw(raw)?),
        7 => Event::Timer(Timer {
            due_at: venue_at,
            timer: TimerId(raw.key),
            strategy: strategy(raw.words[1], 32)?,
        }),
        8 => Event::Operator(operator_from_raw(raw)?),
        9 => Event::Statistic(Statistic {
            venue_at,
            value: raw.signed(1),
            size,
            instrument: InstrumentId(raw.key),
            fraction: u16::try_from(raw.low(3))
                .map_err(|_| NotARecord { field: "the price fraction", at: 48 })?,
            session_day: u16::try_from(raw.high(3))
                .map_err(|_| NotARecord { field: "the session's day", at: 52 })?,
            kind: pick(raw.b, 18, "the kind of statistic", StatisticKind::ALL)?,
            side: side_if_any(raw.a)?,
            flags,
            deleted: raw.words[4] == 1,
        }),
        10 => Event::QuoteRequest(QuoteRequest {
            venue_at,
            size,
            instrument: InstrumentId(raw.key),
            side: side_if_any(raw.a)?,
        }),
        11 => Event::TradeBust(trade_from_raw(raw)?),
        12 => Event::Bar {
            seconds: raw.high(4),
            bar: Bar {
                venue_at,
                open: price,
                volume: size,
                high_above: raw.low(3),
                low_below: raw.high(3),
                change: raw.low(4).cast_signed(),
                instrument: InstrumentId(raw.key),
            },
        },
        13 => Event::Cash(Cash::new(
            venue_at,
            InstrumentId(raw.key),
            pick(raw.b, 18, "what cash was moved for", &CashKind::ALL)?,
            Money((u128::from(raw.words[1]) | u128::from(raw.words[2]) << 64).cast_signed()),
        )),
        14 => Event::Session(Session { at: venue_at, venue: venue(raw)?, change: session_change(raw)? }),
        15 => Event::DropCopy(report_from_raw(raw)?),
        16 => Event::Clock(Clock {
            wall_at: venue_at,
            divergence: Nanos(raw.signed(1)),
            state: pick(raw.a, 17, "the clock's state", &ClockState::ALL)?,
        }),
        _ => {
            return Err(NotARecord { field: "the kind of input", at: 16 });
        }
    })
}

fn report_from_raw(raw: &Raw) -> Result<Report, NotARecord> {
    Ok(Report {
        venue_at: Nanos(raw.signed(0)),
        order: OrderId(raw.low(4)),
        instrument: InstrumentId(raw.key),
        outcome: outcome_from_raw(raw)?,
    })
}

fn venue(raw: &Raw) -> Result<VenueId, NotARecord> {
    u16::try_from(raw.key).map(VenueId).map_err(|_| NotARecord { field: "the venue", at: 20 })
}

fn session_change(raw: &Raw) -> Result<SessionChange, NotARecord> {
    Ok(match raw.a {
        0 => SessionChange::Connected,
        1 => SessionChange::Disconnected,
        2 => SessionChange::LoggedOut,
        3 => SessionChange::CancelOnDisconnect(raw.b == 1),
        4 => SessionChange::Recovered,
        _ => return Err(NotARecord { field: "the session's change", at: 17 }),
    })
}

fn operator_from_raw(raw: &Raw) -> Result<Operator, NotARecord> {
    let request = raw.key;
    let by =
        || u16::try_from(raw.words[0]).map(PersonId).map_err(|_| NotARecord { field: "the person", at: 24 });
    Ok(match raw.a {
        0 => {
            let mut text = [0; crate::operator::REASON_BYTES];
            for (bytes, word) in text.chunks_exact_mut(8).zip(raw.words) {
                bytes.copy_from_slice(&word.to_le_bytes());
            }
            Operator::Reason { request, part: raw.b, text }
        }
        1 => Operator::Request { request, by: by()?, action: action_from_raw(raw)? },
        2 => Operator::Confirm { request, by: by()? },
        _ => return Err(NotARecord { field: "the operator's word", at: 17 }),
    })
}

fn scope_from_word(word: u64, at: usize) -> Result<Scope, NotARecord> {
    let [kind, _, _, _, id @ ..] = word.to_le_bytes();
    Scope::of_code(kind, u32::from_le_bytes(id)).ok_or(NotARecord { field: "the scope", at })
}

fn action_from_raw(raw: &Raw) -> Result<Action, NotARecord> {
    let [_, target, value, more, _] = raw.words;
    let scope = || scope_from_word(target, 32);
    Ok(match raw.b {
        0 => Action::Kill(scope()?),
        1 => Action::Reset(scope()?),
        2 => Action::ReduceOnly(scope()?, raw.c == 1),
        3 => Action::CancelAll(scope()?),
        4 => Action::SetLimit {
            limit: u16::try_from(more).map_err(|_| NotARecord { field: "the limit", at: 48 })?,
            scope: scope()?,
            value: value.cast_signed(),
        },
        5 => Action::Restrict {
            instrument: InstrumentId(raw.low(1)),
            how: match raw.c {
                0 => Restriction::None,
                1 => Restriction::NoTrading,
                2 => Restriction::HardToBorrow,
                3 => Restriction::Located(Lots(value.cast_signed())),
                _ => return Err(NotARecord { field: "the restriction", at: 19 }),
            },
        },
        6 => Action::SkipRecord(Seq(target)),
        7 => Action::RequestBust { order: OrderId(raw.low(1)), fill: raw.high(1) },
        8 => Action::Enter(pick(raw.c, 19, "the stage", &Stage::ALL)?),
        _ => return Err(NotARecord { field: "the action", at: 18 }),
    })
}

fn trade_from_raw(raw: &Raw) -> Result<Trade, NotARecord> {
    Ok(Trade {
        venue_at: Nanos(raw.signed(0)),
        price: Ticks(raw.signed(1)),
        size: Lots(raw.signed(2)),
        id: raw.words[3],
        instrument: InstrumentId(raw.key),
        price_fraction: u16::try_from(raw.words[4])
            .map_err(|_| NotARecord { field: "the price fraction", at: 56 })?,
        aggressor: side_if_any(raw.a)?,
        flags: Flags(raw.c),
    })
}

fn outcome_from_raw(raw: &Raw) -> Result<Outcome, NotARecord> {
    let (price, size) = (Ticks(raw.signed(1)), Lots(raw.signed(2)));
    let reason = || pick(raw.b, 18, "the reason", &RejectReason::ALL);
    Ok(match raw.a {
        0 => Outcome::Accepted,
        1 => Outcome::Rejected(reason()?),
        2 => Outcome::Filled {
            price,
            size,
            fill: raw.high(4),
            liquidity: pick(raw.b, 18, "the liquidity", &[Liquidity::Maker, Liquidity::Taker])?,
        },
        3 => Outcome::Canceled,
        4 => Outcome::CancelRejected(reason()?),
        5 => Outcome::Replaced { price, size },
        6 => Outcome::ReplaceRejected(reason()?),
        7 => Outcome::Listed { size, filled: Lots(raw.signed(1)), open: raw.b == 1 },
        8 => Outcome::NotListed,
        9 => Outcome::Busted { fill: raw.high(4), price, size },
        _ => {
            return Err(NotARecord { field: "the outcome", at: 17 });
        }
    })
}

fn command_from_raw(raw: &Raw) -> Result<Command, NotARecord> {
    let instrument = InstrumentId(raw.key);
    Ok(match raw.tag - COMMANDS {
        0 => Command::Place(PlaceOrder {
            order: OrderId(raw.low(2)),
            strategy: strategy(u64::from(raw.high(2)), 44)?,
            terms: NewOrder {
                instrument,
                side: side(raw.a)?,
                kind: kind_from_raw(raw)?,
                time_in_force: force_from_raw(raw)?,
                price: Ticks(raw.signed(0)),
                size: Lots(raw.signed(1)),
            },
        }),
        1 => Command::Cancel { order: OrderId(raw.low(0)), instrument },
        2 => Command::Replace {
            order: OrderId(raw.low(0)),
            instrument,
            price: Ticks(raw.signed(1)),
            size: Lots(raw.signed(2)),
        },
        3 => Command::WakeAt {
            at: Nanos(raw.signed(0)),
            timer: TimerId(raw.key),
            strategy: strategy(raw.words[1], 32)?,
        },
        4 => Command::Query { order: OrderId(raw.low(0)), instrument },
        5 => Command::MassCancel { venue: venue(raw)? },
        6 => Command::Alert {
            kind: pick(raw.a, 17, "the alert", &AlertKind::ALL)?,
            scope: scope_from_word(raw.words[0], 24)?,
            value: raw.signed(1),
        },
        _ => {
            return Err(NotARecord { field: "the kind of command", at: 16 });
        }
    })
}

/// An order kind's number, and the word that says more of it.
fn kind_code(kind: OrderKind) -> (u8, u64) {
    match kind {
        OrderKind::Limit => (0, 0),
        OrderKind::Market => (1, 0),
        OrderKind::PostOnly => (2, 0),
        OrderKind::Stop { trigger } => (3, trigger.0.cast_unsigned()),
        OrderKind::StopLimit { trigger } => (4, trigger.0.cast_unsigned()),
        OrderKind::Iceberg { shown } => (5, shown.0.cast_unsigned()),
        OrderKind::Pegged { to, offset } => (6, pair(offset.cast_unsigned(), u32::from(to as u8))),
    }
}

/// A time in force's number, and the word that says more of it.
fn force_code(force: TimeInForce) -> (u8, u64) {
    match force {
        TimeInForce::GoodTilCancel => (0, 0),
        TimeInForce::ImmediateOrCancel => (1, 0),
        TimeInForce::FillOrKill => (2, 0),
        TimeInForce::Day => (3, 0),
        TimeInForce::GoodTilDate(day) => (4, u64::from(day.days())),
    }
}

fn force_from_raw(raw: &Raw) -> Result<TimeInForce, NotARecord> {
    Ok(match raw.c {
        0 => TimeInForce::GoodTilCancel,
        1 => TimeInForce::ImmediateOrCancel,
        2 => TimeInForce::FillOrKill,
        3 => TimeInForce::Day,
        4 => {
            let day =
                u16::try_from(raw.words[4]).map_err(|_| NotARecord { field: "the last day", at: 56 })?;
            TimeInForce::GoodTilDate(TradingDay::since_epoch(i64::from(day)))
        }
        _ => return Err(NotARecord { field: "the time in force", at: 19 }),
    })
}

fn kind_from_raw(raw: &Raw) -> Result<OrderKind, NotARecord> {
    let trigger = Ticks(raw.signed(3));
    Ok(match raw.b {
        0 => OrderKind::Limit,
        1 => OrderKind::Market,
        2 => OrderKind::PostOnly,
        3 => OrderKind::Stop { trigger },
        4 => OrderKind::StopLimit { trigger },
        5 => OrderKind::Iceberg { shown: Lots(raw.signed(3)) },
        6 => {
            let to = u8::try_from(raw.high(3)).unwrap_or(u8::MAX);
            OrderKind::Pegged {
                to: pick(to, 52, "what it follows", &PEGS)?,
                offset: raw.low(3).cast_signed(),
            }
        }
        _ => {
            return Err(NotARecord { field: "the order kind", at: 18 });
        }
    })
}

fn side(byte: u8) -> Result<Side, NotARecord> {
    pick(byte, 17, "the side", &Side::BOTH)
}

fn side_if_any(byte: u8) -> Result<Option<Side>, NotARecord> {
    if byte == NO_SIDE { Ok(None) } else { side(byte).map(Some) }
}

fn strategy(word: u64, at: usize) -> Result<StrategyId, NotARecord> {
    u16::try_from(word).map(StrategyId).map_err(|_| NotARecord { field: "the strategy", at })
}

fn pick<T: Copy>(byte: u8, at: usize, field: &'static str, all: &[T]) -> Result<T, NotARecord> {
    all.get(usize::from(byte)).copied().ok_or(NotARecord { field, at })
}

// In the order of their discriminants; `every_kind_comes_back` holds them to it.
const LEVEL_ACTIONS: [LevelAction; 5] = [
    LevelAction::Set,
    LevelAction::Delete,
    LevelAction::DeleteThru,
    LevelAction::DeleteFrom,
    LevelAction::Clear,
];
const ORDER_ACTIONS: [OrderAction; 6] = [
    OrderAction::Add,
    OrderAction::Modify,
    OrderAction::Reduce,
    OrderAction::Delete,
    OrderAction::Fill,
    OrderAction::Clear,
];
const PHASES: [Phase; 4] = [Phase::Open, Phase::PreOpen, Phase::Halted, Phase::Closed];
const PEGS: [Peg; 3] = [Peg::Own, Peg::Opposite, Peg::Mid];

#[cfg(test)]
mod tests {
    use super::*;

    /// Bodies that reach every kind and every choice within it, found by trying: what `from_bytes` takes.
    fn all_bodies() -> Vec<[u8; RECORD_BYTES]> {
        let mut found = Vec::new();
        for tag in 0..=u8::MAX {
            for a in 0..16 {
                for b in 0..100 {
                    for c in 0..5 {
                        let raw = Raw { seq: 9, at: -5, tag, a, b, c, ..Raw::default() };
                        if Record::from_bytes(&raw.to_bytes()).is_ok() {
                            found.push(raw.to_bytes());
                        }
                    }
                }
            }
        }
        found
    }

    #[test]
    fn every_kind_comes_back() {
        let bodies = all_bodies();
        for body in &bodies {
            let record = Record::from_bytes(body).expect("collected because it reads");
            assert_eq!(&record.to_bytes(), body);
        }
        // level 2×5×5, order 2×6×5, trade 3×5, status 4, gap 1, statistic each kind ×3×5, quote request 3, bust 3×5, bar 1,
        // cash 3; reports and their copies 1+10+2+1+10+1+10+2+1+1 each; timer 1; operator: reasons 100, requests
        // 1+1+2+1+1+4+1+1+4, confirm 1; session 6, clock 3; place 2×7×5, cancel, replace, wake, query, mass cancel 1 each,
        // alerts 14.
        let market = 50 + 60 + 15 + 4 + 1 + StatisticKind::ALL.len() * 15 + 3 + 15 + 1 + 3;
        assert_eq!(bodies.len(), market + 2 * 39 + 1 + 117 + 6 + 3 + 70 + 5 + 14);
    }

    #[test]
    fn fields_survive() {
        let input = Input {
            seq: Seq(u64::MAX),
            received_at: Nanos(-1),
            event: Event::Report(Report {
                venue_at: Nanos(i64::MIN),
                order: OrderId(u32::MAX),
                instrument: InstrumentId(7),
                outcome: Outcome::Filled {
                    price: Ticks(-3),
                    size: Lots(i64::MAX),
                    fill: u32::MAX - 1,
                    liquidity: Liquidity::Taker,
                },
            }),
        };
        assert_eq!(Record::from_bytes(&Record::Input(input).to_bytes()), Ok(Record::Input(input)));
    }

    #[test]
    fn statistics_bars_and_cash_survive() {
        let statistic = Event::Statistic(Statistic {
            venue_at: Nanos(i64::MIN),
            value: -3,
            size: Lots(i64::MAX),
            instrument: InstrumentId(7),
            fraction: u16::MAX,
            session_day: u16::MAX - 1,
            kind: StatisticKind::SettlementPrice,
            side: Some(Side::Sell),
            flags: Flags(255),
            deleted: true,
        });
        let bar = Event::Bar {
            seconds: u32::MAX,
            bar: Bar {
                venue_at: Nanos(-2),
                open: Ticks(i64::MIN),
                volume: Lots(5),
                high_above: u32::MAX,
                low_below: u32::MAX - 1,
                change: i32::MIN,
                instrument: InstrumentId(8),
            },
        };
        let cash =
            |amount| Event::Cash(Cash::new(Nanos(-9), InstrumentId(u32::MAX), CashKind::Borrow, amount));
        for amount in [Money(i128::MIN), Money(-1), Money::ZERO, Money(i128::MAX)] {
            let Event::Cash(told) = cash(amount) else { panic!("cash is cash") };
            assert_eq!(told.amount(), amount);
        }
        for event in [statistic, bar, cash(Money(i128::MIN)), cash(Money(-1)), cash(Money(1 << 70))] {
            let record = Record::Input(Input { seq: Seq(1), received_at: Nanos(2), event });
            assert_eq!(Record::from_bytes(&record.to_bytes()), Ok(record));
        }
    }

    #[test]
    fn order_kinds_survive_with_what_they_say() {
        let pegged = |to| OrderKind::Pegged { to, offset: i32::MIN };
        let kinds = [
            OrderKind::Limit,
            OrderKind::Market,
            OrderKind::PostOnly,
            OrderKind::Stop { trigger: Ticks(i64::MIN) },
            OrderKind::StopLimit { trigger: Ticks(-7) },
            OrderKind::Iceberg { shown: Lots(i64::MAX) },
            pegged(Peg::Own),
            pegged(Peg::Opposite),
            pegged(Peg::Mid),
        ];
        for kind in kinds {
            let terms = NewOrder {
                instrument: InstrumentId(3),
                side: Side::Sell,
                kind,
                time_in_force: TimeInForce::ImmediateOrCancel,
                price: Ticks(-1),
                size: Lots(2),
            };
            let place = PlaceOrder { order: OrderId(u32::MAX), strategy: StrategyId(u16::MAX), terms };
            let record = Record::Command { seq: Seq(4), at: Nanos(5), command: Command::Place(place) };
            assert_eq!(Record::from_bytes(&record.to_bytes()), Ok(record), "{kind:?}");
        }
        // A post-only order says nothing more: the form of before is its only one.
        let raw = Raw { tag: COMMANDS, b: 2, words: [9, 8, 7, 0, 0], ..Raw::default() };
        assert!(Record::from_bytes(&raw.to_bytes()).is_ok());
        let more = Raw { words: [9, 8, 7, 1, 0], ..raw };
        assert_eq!(Record::from_bytes(&more.to_bytes()), Err(NotARecord { field: "an unused byte", at: 48 }));
    }

    #[test]
    fn times_in_force_survive_with_their_day() {
        let forces = [
            TimeInForce::GoodTilCancel,
            TimeInForce::ImmediateOrCancel,
            TimeInForce::FillOrKill,
            TimeInForce::Day,
            TimeInForce::GoodTilDate(TradingDay::since_epoch(0)),
            TimeInForce::GoodTilDate(TradingDay::since_epoch(i64::from(u16::MAX))),
        ];
        for time_in_force in forces {
            let terms = NewOrder {
                instrument: InstrumentId(3),
                side: Side::Buy,
                kind: OrderKind::Limit,
                time_in_force,
                price: Ticks(1),
                size: Lots(2),
            };
            let place = PlaceOrder { order: OrderId(1), strategy: StrategyId(2), terms };
            let record = Record::Command { seq: Seq(4), at: Nanos(5), command: Command::Place(place) };
            assert_eq!(Record::from_bytes(&record.to_bytes()), Ok(record), "{time_in_force:?}");
        }
        let raw = Raw { tag: COMMANDS, c: 4, words: [9, 8, 7, 0, 1 << 16], ..Raw::default() };
        assert_eq!(Record::from_bytes(&raw.to_bytes()), Err(NotARecord { field: "the last day", at: 56 }));
    }

    #[test]
    fn a_second_form_of_a_record_is_refused() {
        let clean = Raw { tag: 4, ..Raw::default() }.to_bytes();
        assert!(Record::from_bytes(&clean).is_ok());
        for at in 32..RECORD_BYTES {
            let mut dirty = clean;
            dirty[at] = 1;
            assert_eq!(Record::from_bytes(&dirty), Err(NotARecord { field: "an unused byte", at }));
        }
    }
}
