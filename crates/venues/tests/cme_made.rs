//! CME MDP 3.0 on packets of our own making: what is encoded is what is decoded, two lines are one stream, and
//! damage is said, never guessed over.

use stdx::Prng;
use types::{
    Event, Flags, Instrument, InstrumentId, LevelAction, LevelDelta, Lots, MarketOrderId, Nanos, OrderAction,
    OrderDelta, Phase, Side, Status, Ticks,
};
use venues::cme::encode::{Future, Level, LevelOrder, Of, Order, PacketWriter, Trade, TradeOrder};
use venues::cme::{Action, Decoder, Line, MatchEvent};
use venues::{Directory, Output};

const ES: i32 = 118;
const NQ: i32 = 731;
const SENT: Nanos = Nanos(1_700_000_000_000_000_000);
const A: Line = Line { ip: [224, 0, 31, 1], port: 14_310 };
const B: Line = Line { ip: [224, 0, 32, 1], port: 15_310 };

fn future(security: i32, symbol: &'static str) -> Future<'static> {
    Future {
        security,
        symbol,
        group: &symbol[..2],
        asset: &symbol[..2],
        currency: "USD",
        wire_tick_nanos: 25_000_000_000,
        display_factor_nanos: 10_000_000,
        tick_amount_nanos: 12_500_000_000,
        unit_size_nanos: 50_000_000_000,
        phase: Phase::Open,
    }
}

fn level(security: i32, rpt_seq: u32, side: Side, action: Action, points: i64) -> Level {
    Level {
        security,
        rpt_seq,
        side,
        implied: false,
        action,
        depth: 1,
        price_nanos: points * 25_000_000_000,
        size: 7,
        orders: 2,
    }
}

fn packet(sequence: u32, write: impl FnOnce(&mut PacketWriter<'_>)) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut packet = PacketWriter::begin(&mut bytes, sequence, Nanos(SENT.0 + i64::from(sequence)));
    write(&mut packet);
    assert_eq!(packet.finish(), bytes.len());
    bytes
}

/// One level of ES, which ends its event.
fn tick(sequence: u32, rpt_seq: u32) -> Vec<u8> {
    packet(sequence, |packet| {
        packet.book(SENT, MatchEvent::END, &[level(ES, rpt_seq, Side::Buy, Action::Change, 20_000)], &[]);
    })
}

/// A run's directory: ES and NQ by name, ticks of 0.25 points sent in hundredths.
fn directory() -> Directory {
    let instrument = |row, symbol: &str| {
        Instrument::new(types::instrument::Terms {
            id: InstrumentId(row),
            symbol: symbol.into(),
            venue: "cme".into(),
            currency: "USD".into(),
            contract: types::Contract::Linear,
            tick_nanos: 250_000_000,
            lot_nanos: 1_000_000_000,
            multiplier_nanos: 50_000_000_000,
            depths: types::Depths::default(),
            origin: types::Origin::Definition,
        })
        .expect("valid terms")
    };
    Directory::run(&[instrument(0, "ESH4"), instrument(1, "NQH4")], &[25_000_000_000; 2])
}

/// A decoder, its directory and what it gave; definitions of both futures have been read.
struct Desk {
    decoder: Decoder,
    directory: Directory,
    out: Output,
    now: Nanos,
}

impl Desk {
    fn new() -> Self {
        let mut desk =
            Self { decoder: Decoder::new(), directory: directory(), out: Output::default(), now: Nanos(0) };
        let definitions = packet(1, |packet| {
            packet.future(&future(ES, "ESH4"), SENT);
            packet.future(&future(NQ, "NQH4"), SENT);
        });
        // Definitions come on a line of their own.
        let line = Line { ip: [224, 0, 31, 43], port: 14_310 };
        desk.give(line, &definitions);
        assert_eq!((desk.events(), desk.out.faults.len()), (Vec::new(), 0));
        desk
    }

    fn give(&mut self, line: Line, packet: &[u8]) {
        self.decoder.packet(self.now, line, packet, 1_000, &mut self.directory, &mut self.out);
    }

    fn give_at(&mut self, now: i64, line: Line, packet: &[u8]) {
        self.now = Nanos(now);
        self.give(line, packet);
    }

    fn finish(&mut self) {
        self.decoder.finish(self.now, &mut self.directory, &mut self.out);
    }

    /// What came since the last call.
    fn events(&mut self) -> Vec<Event> {
        let events = self.out.arrivals.iter().map(|arrival| arrival.event).collect();
        self.out.arrivals.clear();
        events
    }

    /// As letters: `L`evel, `O`rder, `T`rade, `S`tatus, `G`ap.
    fn letters(&mut self) -> String {
        let letter = |event: &Event| event.kind()[..1].to_uppercase();
        self.events().iter().map(letter).collect()
    }

    fn count(&self, name: &str) -> u64 {
        self.decoder.counts().iter().find(|(found, _)| found == name).map_or(0, |(_, count)| *count)
    }
}

#[test]
fn what_is_encoded_is_what_is_decoded() {
    let at = Nanos(SENT.0 - 77);
    let bytes = |sequence, rpt_seq| {
        packet(sequence, |packet| {
            packet.trades(
                at,
                MatchEvent::LAST_TRADE,
                &[Trade {
                    security: ES,
                    rpt_seq,
                    price_nanos: 500_012_500_000_000,
                    size: 3,
                    orders: 2,
                    aggressor: Some(Side::Buy),
                    id: 99,
                }],
                &[TradeOrder { order: 1, size: 3 }, TradeOrder { order: 2, size: 3 }],
            );
            packet.orders(
                at,
                MatchEvent::LAST_QUOTE,
                &[Order {
                    order: 2,
                    priority: 5,
                    price_nanos: 500_000_000_000_000,
                    size: 4,
                    security: ES,
                    action: Action::Change,
                    side: Side::Sell,
                }],
            );
            packet.book(
                at,
                MatchEvent::LAST_QUOTE,
                &[
                    level(ES, rpt_seq + 1, Side::Sell, Action::Change, 20_000),
                    Level {
                        implied: true,
                        depth: 2,
                        ..level(NQ, rpt_seq.div_ceil(2), Side::Buy, Action::New, -3)
                    },
                ],
                &[LevelOrder { order: 3, priority: 6, size: 1, reference: 1, action: Action::New }],
            );
            // As CME often does: the event ends with an empty message.
            packet.book(at, MatchEvent::END, &[], &[]);
            packet.heartbeat();
        })
    };
    let mut desk = Desk::new();
    desk.give(A, &bytes(10, 1));
    let trade = |price_fraction, flags| {
        Event::Trade(types::Trade {
            venue_at: at,
            price: Ticks(20_000),
            size: Lots(3),
            id: 99,
            instrument: InstrumentId(0),
            price_fraction,
            aggressor: Some(Side::Buy),
            flags,
        })
    };
    let order = |order, side, action, size, flags| {
        Event::Order(OrderDelta {
            venue_at: at,
            order: MarketOrderId(order),
            price: Ticks(20_000),
            size: Lots(size),
            instrument: InstrumentId(0),
            side,
            action,
            flags,
        })
    };
    let level = |instrument, side, price, depth, flags| {
        Event::Level(LevelDelta {
            venue_at: at,
            price: Ticks(price),
            size: Lots(7),
            orders: 2,
            instrument: InstrumentId(instrument),
            side,
            action: LevelAction::Set,
            depth,
            flags,
        })
    };
    let expected = [
        // Half a tick off the grid. No fills: ES had shown no orders yet.
        trade(5_000, Flags::NONE),
        order(2, Side::Sell, OrderAction::Modify, 4, Flags::NONE),
        level(0, Side::Sell, 20_000, 1, Flags::NONE),
        level(1, Side::Buy, -3, 2, Flags::IMPLIED),
        order(3, Side::Sell, OrderAction::Add, 1, Flags::LAST),
    ];
    assert_eq!(desk.events(), expected);
    // Now it has: the second order of the trade rested on the other side.
    desk.give(A, &bytes(11, 3));
    let events = desk.events();
    assert!(events.contains(&order(2, Side::Sell, OrderAction::Fill, 3, Flags::NONE)), "{events:?}");
    // Numbers that stand still are gaps, and nothing of single orders is given until their list is known.
    desk.give(A, &bytes(12, 3));
    let events = desk.events();
    assert_eq!(events.iter().filter(|event| event.kind() == "gap").count(), 2);
    assert!(!events.iter().any(|event| event.kind() == "order"), "{events:?}");
    assert_eq!(desk.out.faults, []);
}

#[test]
fn every_action_becomes_what_it_means() {
    let cases = [
        (Action::New, LevelAction::Set, 7),
        (Action::Change, LevelAction::Set, 7),
        (Action::Overlay, LevelAction::Set, 7),
        (Action::Delete, LevelAction::Delete, 0),
        (Action::DeleteThru, LevelAction::DeleteThru, 0),
        (Action::DeleteFrom, LevelAction::DeleteFrom, 0),
    ];
    let mut desk = Desk::new();
    for (sequence, (action, expected, size)) in (1..).zip(cases) {
        desk.give(
            A,
            &packet(sequence, |packet| {
                packet.book(SENT, MatchEvent::END, &[level(ES, sequence, Side::Buy, action, 4)], &[]);
            }),
        );
        match desk.events()[..] {
            [Event::Level(delta)] => {
                assert_eq!((delta.action, delta.size, delta.depth), (expected, Lots(size), 1));
                assert!(delta.flags.has(Flags::LAST));
            }
            ref other => panic!("{action:?}: {other:?}"),
        }
    }
    desk.give(A, &packet(7, |packet| packet.reset(SENT, MatchEvent::END, ES, 7)));
    assert!(matches!(desk.events()[..], [Event::Level(delta)] if delta.action == LevelAction::Clear));
}

#[test]
fn an_event_over_several_packets_is_marked_at_its_end() {
    let mut desk = Desk::new();
    for (sequence, event, expected) in [
        (1, MatchEvent::LAST_QUOTE, false),
        (2, MatchEvent::NONE, false),
        (3, MatchEvent::END.with(MatchEvent::LAST_IMPLIED), true),
        (4, MatchEvent::RECOVERY, false),
    ] {
        desk.give(
            A,
            &packet(sequence, |packet| {
                packet.book(SENT, event, &[level(ES, sequence, Side::Buy, Action::New, 4)], &[]);
            }),
        );
        let Event::Level(delta) = desk.events()[0] else { panic!("a level was sent") };
        assert_eq!(delta.flags.has(Flags::LAST), expected, "{sequence}");
        assert_eq!(delta.flags.has(Flags::SNAPSHOT), sequence == 4);
    }
}

#[test]
fn orders_of_a_trade_may_come_in_a_later_packet() {
    let mut desk = Desk::new();
    let order = Order {
        order: 8,
        priority: 1,
        price_nanos: 100_000_000_000,
        size: 9,
        security: ES,
        action: Action::New,
        side: Side::Buy,
    };
    desk.give(A, &packet(1, |packet| packet.orders(SENT, MatchEvent::END, &[order])));
    let trade = |rpt_seq, points: i64, orders, aggressor| Trade {
        security: ES,
        rpt_seq,
        price_nanos: points * 25_000_000_000,
        size: 2,
        orders,
        aggressor,
        id: 1,
    };
    let trades = [
        trade(1, 4, 2, Some(Side::Sell)),
        trade(2, 3, 3, Some(Side::Sell)),
        // Nobody crossed: the sides of these orders are not said.
        trade(3, 2, 2, None),
    ];
    let orders: Vec<TradeOrder> = (20..27).map(|order| TradeOrder { order, size: 1 }).collect();
    desk.give(A, &packet(2, |packet| packet.trades(SENT, MatchEvent::NONE, &trades, &orders[..3])));
    desk.give(A, &packet(3, |packet| packet.trades(SENT, MatchEvent::LAST_TRADE, &[], &orders[3..])));
    let fills: Vec<(u64, i64, Side)> = desk
        .events()
        .iter()
        .filter_map(|event| if let Event::Order(delta) = event { Some(delta) } else { None })
        .filter(|delta| delta.action == OrderAction::Fill)
        .map(|delta| (delta.order.0, delta.price.0, delta.side))
        .collect();
    // 20 and 22 are the aggressor's.
    assert_eq!(fills, [(21, 4, Side::Buy), (23, 3, Side::Buy), (24, 3, Side::Buy)]);
    assert_eq!(desk.count("trade orders without a side"), 2);
    assert_eq!(desk.count("trade orders unmatched"), 0);
}

#[test]
fn a_group_status_reaches_its_instruments_when_they_are_met() {
    let status = |instrument, phase| {
        Event::Status(Status { venue_at: SENT, instrument: Some(InstrumentId(instrument)), phase })
    };
    let mut desk = Desk::new();
    let say = |sequence, of: Of<'_>, phase| packet(sequence, |packet| packet.status(SENT, of, phase));
    desk.give(A, &say(1, Of::Group("ES"), Phase::PreOpen));
    assert_eq!(desk.events(), [], "ES is known, but nothing of it was met");
    desk.give(A, &tick(2, 1));
    assert_eq!(desk.events()[0], status(0, Phase::PreOpen));
    desk.give(A, &say(3, Of::Group("ES"), Phase::Open));
    assert_eq!(desk.events(), [status(0, Phase::Open)]);
    desk.give(A, &say(4, Of::Security(NQ), Phase::Halted));
    assert_eq!(desk.events(), [status(1, Phase::Halted)]);
    desk.give(A, &say(5, Of::Group("ZZ"), Phase::Halted));
    assert_eq!((desk.events(), desk.count("statuses of nothing known")), (Vec::new(), 1));
    for phase in [Phase::Open, Phase::PreOpen, Phase::Halted, Phase::Closed] {
        desk.now.0 += 1;
        let sequence = 6 + phase as u32;
        desk.give(A, &say(sequence, Of::Security(ES), phase));
        assert_eq!(desk.events(), [status(0, phase)]);
    }
}

#[test]
fn a_channel_reset_clears_every_book_and_every_numbering() {
    let mut desk = Desk::new();
    let order = Order {
        order: 8,
        priority: 1,
        price_nanos: 100_000_000_000,
        size: 9,
        security: ES,
        action: Action::New,
        side: Side::Buy,
    };
    desk.give(
        A,
        &packet(1, |packet| {
            packet.book(SENT, MatchEvent::NONE, &[level(NQ, 40, Side::Buy, Action::New, 4)], &[]);
            packet.orders(SENT, MatchEvent::END, &[order]);
        }),
    );
    desk.events();
    desk.give(A, &packet(2, |packet| packet.channel_reset(SENT, 310)));
    let cleared: Vec<(&str, Option<u32>)> =
        desk.events().iter().map(|event| (event.kind(), event.instrument().map(|id| id.0))).collect();
    // Orders are cleared where orders were shown.
    assert_eq!(cleared, [("level", Some(1)), ("level", Some(0)), ("order", Some(0))]);
    assert_eq!(desk.count("recoveries by reset"), 1, "NQ had joined late");
    desk.give(
        A,
        &packet(3, |packet| {
            packet.book(SENT, MatchEvent::END, &[level(NQ, 1, Side::Buy, Action::New, 4)], &[]);
        }),
    );
    assert_eq!(desk.letters(), "L");
}

/// What a line says: packet `n` carries entry `n` of ES. Letters of what comes out, call by call.
fn arbitrate(deliveries: &[(i64, Line, u32)], expected: &str) {
    let mut desk = Desk::new();
    let mut found = Vec::new();
    for &(now, line, sequence) in deliveries {
        desk.give_at(now, line, &tick(sequence, sequence));
        found.push(desk.letters());
    }
    desk.finish();
    found.push(desk.letters());
    assert_eq!(found.join(" "), expected, "{deliveries:?}");
}

#[test]
fn two_lines_make_one_stream() {
    // Copies are dropped, whichever line is first.
    arbitrate(&[(0, A, 1), (1, B, 1), (2, B, 2), (3, A, 2)], "L  L  ");
    // A hole on one line is filled by the other, and what waited follows at once.
    arbitrate(&[(0, A, 1), (1, A, 3), (2, A, 4), (3, B, 2), (4, B, 3)], "L   LLL  ");
    // A hole on both is given up after a millisecond, with a gap; a late copy is behind then.
    arbitrate(&[(0, A, 1), (1, A, 3), (1_000_001, B, 4), (1_000_002, B, 5), (1_000_003, B, 2)], "L   GLLL  ");
    // At the end of a recording nothing more will fill it.
    arbitrate(&[(0, A, 1), (1, A, 3), (2, A, 5)], "L   GLGL");
    // Out of order on one line alone.
    arbitrate(&[(0, A, 1), (1, A, 3), (2, A, 2), (3, A, 4)], "L  LL L ");
    // The first packet of all may be any.
    arbitrate(&[(0, B, 7), (1, A, 7), (2, A, 8)], "GL  L ");
}

#[test]
fn what_waited_carries_the_time_at_which_the_waiting_ended() {
    let mut desk = Desk::new();
    for (now, line, sequence) in [(10, A, 1), (20, A, 3), (30, B, 2)] {
        desk.give_at(now, line, &tick(sequence, sequence));
    }
    let times: Vec<i64> = desk.out.arrivals.iter().map(|arrival| arrival.received_at.0).collect();
    assert_eq!(times, [10, 30, 30]);
}

#[test]
fn f_04_at_most_64_packets_wait() {
    let mut desk = Desk::new();
    desk.give(A, &tick(1, 1));
    desk.events();
    for sequence in 3..66 {
        desk.give(A, &tick(sequence, sequence));
        assert_eq!(desk.letters(), "", "{sequence}");
    }
    desk.give(A, &tick(66, 66));
    assert_eq!(desk.letters(), format!("G{}", "L".repeat(64)));
    assert_eq!((desk.count("packets held"), desk.count("packets lost")), (64, 1));
}

#[test]
fn f_04_silence_gives_up_too() {
    let mut desk = Desk::new();
    desk.give_at(0, A, &tick(1, 1));
    desk.give_at(5, A, &tick(3, 3));
    desk.events();
    for (now, expected) in [(1_000_005, ""), (1_000_006, "GL")] {
        let Desk { decoder, directory, out, .. } = &mut desk;
        decoder.elapse(Nanos(now), directory, out);
        assert_eq!(desk.letters(), expected);
    }
}

#[test]
fn a_gap_names_every_instrument_of_its_channel_and_no_other() {
    let mut desk = Desk::new();
    let other = Line { ip: [224, 0, 31, 2], port: 14_311 };
    desk.give(A, &tick(1, 1));
    desk.give(
        other,
        &packet(1, |packet| {
            packet.book(SENT, MatchEvent::END, &[level(NQ, 1, Side::Buy, Action::New, 4)], &[]);
        }),
    );
    desk.events();
    desk.give(A, &tick(5, 5));
    desk.finish();
    let events = desk.events();
    let Event::Gap(gap) = events[0] else { panic!("{events:?}") };
    assert_eq!((gap.instrument, gap.expected, gap.received), (Some(InstrumentId(0)), 2, 5));
    assert_eq!(gap.venue_at, Nanos(SENT.0 + 5));
    assert_eq!(events.len(), 2, "one gap, one level");
    // Of a channel that showed nothing yet, everything may be stale.
    let mut desk = Desk::new();
    desk.give(A, &packet(1, |packet| packet.heartbeat()));
    desk.give(A, &tick(3, 3));
    desk.finish();
    assert!(matches!(desk.events()[0], Event::Gap(gap) if gap.instrument.is_none()));
}

#[test]
fn a_missing_entry_is_a_gap_of_its_instrument() {
    let mut desk = Desk::new();
    desk.give(A, &tick(1, 1));
    desk.give(A, &tick(2, 2));
    desk.give(A, &tick(3, 4));
    assert_eq!(desk.letters(), "LLGL");
    assert_eq!(desk.count("RptSeq gaps"), 1);
}

#[test]
fn a_new_numbering_is_taken_up() {
    let mut desk = Desk::new();
    let at = |sequence: u32, rpt_seq, tenths: i64| {
        let mut bytes = tick(sequence, rpt_seq);
        let sent = u64::try_from(SENT.0 + tenths * 100_000_000).expect("after 1970");
        bytes[4..12].copy_from_slice(&sent.to_le_bytes());
        bytes
    };
    desk.give(A, &at(5_000, 1, 0));
    desk.give(A, &at(1, 2, 1_000));
    desk.give(A, &at(2, 3, 1_000));
    // A copy of what is long gone is not a new numbering.
    desk.give(B, &at(1, 2, 1_000));
    // Nor is one that was sent a little later than the last packet taken.
    desk.give(B, &at(2, 3, 1_009));
    // The book is known to be empty, until the instrument's own numbers say that it did not start anew.
    assert_eq!(desk.letters(), "LLGLL");
    assert_eq!((desk.count("channel restarts"), desk.count("packets duplicate")), (1, 2));
    // A wild number does not silence the channel for good.
    desk.give(A, &at(2_000_000_000, 4, 1_000));
    desk.finish();
    desk.give(A, &at(3, 4, 1_000));
    desk.give(A, &at(4, 5, 1_020));
    assert_eq!(desk.letters(), "GLGL");
}

#[test]
fn definitions_that_come_round_again_harm_no_book() {
    let mut desk = Desk::new();
    desk.give(A, &tick(1, 1));
    desk.events();
    let line = Line { ip: [224, 0, 31, 43], port: 14_310 };
    for round in 1..4 {
        let mut bytes = packet(1, |packet| packet.future(&future(ES, "ESH4"), SENT));
        bytes[4] = bytes[4].wrapping_add(round);
        desk.give(line, &bytes);
        assert_eq!(desk.letters(), "");
    }
    assert!(desk.count("channel restarts") > 0);
}

#[test]
fn an_instrument_outside_the_run_is_passed_over() {
    let mut desk = Desk::new();
    let stranger = |rpt_seq| {
        packet(rpt_seq, |packet| {
            let entries =
                [level(5, rpt_seq, Side::Buy, Action::New, 4), level(ES, rpt_seq, Side::Buy, Action::New, 4)];
            packet.book(SENT, MatchEvent::END, &entries, &[]);
        })
    };
    desk.give(A, &stranger(1));
    desk.give(A, &stranger(2));
    assert_eq!((desk.letters().as_str(), desk.count("entries not in the run")), ("LL", 2));
    // The mark stays on the run's last arrival when a stranger's entry is the last.
    desk.give(
        A,
        &packet(3, |packet| {
            let entries = [level(ES, 3, Side::Buy, Action::New, 4), level(5, 3, Side::Buy, Action::New, 4)];
            packet.book(SENT, MatchEvent::END, &entries, &[]);
        }),
    );
    assert!(matches!(desk.events()[..], [Event::Level(delta)] if delta.flags.has(Flags::LAST)));
}

#[test]
fn an_entry_that_cannot_be_is_a_fault_and_makes_its_book_stale() {
    let good = level(ES, 1, Side::Buy, Action::New, 4);
    let cases = [
        Level { price_nanos: 1, ..good },
        Level { price_nanos: i64::MAX, ..good },
        Level { size: i32::MAX, ..good },
        Level { size: -1, ..good },
    ];
    for entry in cases {
        let mut desk = Desk::new();
        desk.give(A, &packet(1, |packet| packet.book(SENT, MatchEvent::END, &[entry], &[])));
        assert_eq!(desk.letters(), "G", "{entry:?}");
        assert_eq!(desk.out.faults.len(), 1);
        assert_eq!(desk.out.faults[0].offset, 1_000);
    }
    // An order that refers to no level could be anyone's.
    let mut desk = Desk::new();
    let order = LevelOrder { order: 1, priority: 1, size: 1, reference: 2, action: Action::New };
    desk.give(A, &packet(1, |packet| packet.book(SENT, MatchEvent::END, &[good], &[order])));
    assert_eq!(desk.letters(), "LG");
}

/// A packet with something of everything.
fn rich(sequence: u32) -> Vec<u8> {
    packet(sequence, |packet| {
        packet.future(&future(ES, "ESH4"), SENT);
        packet.status(SENT, Of::Security(ES), Phase::Open);
        let trade = Trade {
            security: ES,
            rpt_seq: 1,
            price_nanos: 100_000_000_000,
            size: 3,
            orders: 2,
            aggressor: Some(Side::Buy),
            id: 99,
        };
        packet.trades(SENT, MatchEvent::NONE, &[trade], &[TradeOrder { order: 1, size: 3 }]);
        let order = LevelOrder { order: 1, priority: 1, size: 1, reference: 1, action: Action::New };
        packet.book(SENT, MatchEvent::END, &[level(ES, 2, Side::Buy, Action::New, 4)], &[order]);
        packet.channel_reset(SENT, 310);
        packet.heartbeat();
    })
}

#[test]
fn f_08_a_packet_cut_at_any_byte_is_a_fault_and_a_gap_unless_its_copy_comes() {
    let whole = rich(2);
    // Cut between messages, what is left is a shorter packet, and no one can tell.
    let mut ends = vec![12];
    while let Some(at) = ends.last().copied().filter(|at| *at < whole.len()) {
        ends.push(at + usize::from(u16::from_le_bytes([whole[at], whole[at + 1]])));
    }
    for cut in 0..whole.len() {
        let mut desk = Desk::new();
        desk.give(A, &tick(1, 1));
        desk.events();
        desk.give(A, &whole[..cut]);
        if ends.contains(&cut) {
            assert_eq!(desk.out.faults, [], "cut at {cut}");
            continue;
        }
        let fault = &desk.out.faults[..];
        assert_eq!(fault.len(), 1, "cut at {cut}");
        assert_eq!(fault[0].offset + fault[0].skipped, 1_000 + cut as u64, "cut at {cut}");
        assert_eq!(desk.letters(), "", "nothing of a damaged packet is believed");
        // The other line's copy repairs it.
        desk.give(B, &whole);
        let repaired = desk.letters();
        assert!(!repaired.starts_with('G') && repaired.contains('T'), "cut at {cut}: {repaired}");
        // Without it, the loss is said: at once when a header was there, else when the next packet comes.
        let mut desk = Desk::new();
        desk.give(A, &tick(1, 1));
        desk.events();
        desk.give(A, &whole[..cut]);
        if cut < 12 {
            desk.give(A, &tick(3, 2));
        }
        desk.finish();
        assert!(desk.letters().starts_with('G'), "cut at {cut}");
    }
}

#[test]
fn f_06_damage_at_any_byte_and_bytes_of_chance_never_panic() {
    let mut prng = Prng::new(340);
    let whole = rich(1);
    for round in 0..30_000 {
        let mut desk = Desk::new();
        if round % 2 == 0 {
            desk.directory = Directory::survey();
        }
        for sequence in 0..3_u32 {
            let mut bytes = whole.clone();
            bytes[..4].copy_from_slice(&sequence.to_le_bytes());
            for _ in 0..=prng.below(6) {
                let at = usize::try_from(prng.below(bytes.len() as u64)).expect("within the packet");
                bytes[at] = match prng.below(3) {
                    0 => u8::try_from(prng.below(256)).expect("a byte"),
                    1 => 0xff,
                    _ => 0,
                };
            }
            let keep = usize::try_from(prng.below(bytes.len() as u64 + 1)).expect("within the packet");
            let keep = if prng.chance(0.2) { keep } else { bytes.len() };
            desk.give(if prng.chance(0.5) { A } else { B }, &bytes[..keep]);
        }
        desk.finish();
        // Whatever could not be used was said.
        let unusable =
            desk.count("entries unusable") + desk.count("messages damaged") + desk.count("packets damaged");
        assert_eq!(desk.out.faults.len() as u64, unusable, "seed 340, round {round}");
        assert!(desk.out.arrivals.len() < 2_000, "seed 340, round {round}");
    }
}

#[test]
fn a_shorter_block_lacks_fields_and_a_longer_one_has_more() {
    // Entries of a schema that ended after MDEntryType, and of one that is to come.
    for (entry_bytes, depth) in [(27, 1), (32, 1), (48, 1), (24, 0)] {
        let mut bytes = packet(1, |packet| packet.book(SENT, MatchEvent::END, &[], &[]));
        bytes.truncate(12 + 10 + 11);
        let mut entry = packet(1, |packet| {
            packet.book(SENT, MatchEvent::END, &[level(ES, 1, Side::Buy, Action::New, 4)], &[]);
        })[36..68]
            .to_vec();
        entry.resize(entry_bytes, 0xee);
        bytes.extend(u16::try_from(entry_bytes).expect("small").to_le_bytes());
        bytes.push(2);
        bytes.extend(entry.repeat(2));
        // The second entry follows the first.
        let second = 36 + entry_bytes + 16;
        bytes[second] = 2;
        let size = u16::try_from(bytes.len() - 12).expect("small");
        bytes[12..14].copy_from_slice(&size.to_le_bytes());
        let mut desk = Desk::new();
        desk.give(A, &bytes);
        if depth == 0 {
            // Without level, action and type there is no saying what changed: no schema is as short as that.
            assert_eq!((desk.letters().as_str(), desk.out.faults.len()), ("G", 1), "{entry_bytes}");
            assert_eq!(desk.count("messages damaged"), 1, "{entry_bytes}");
            continue;
        }
        assert_eq!(desk.letters(), "LL", "{entry_bytes}");
        assert_eq!(desk.out.faults, []);
    }
}
