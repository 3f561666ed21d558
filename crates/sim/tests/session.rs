//! What reaches us of a session, by each fault alone; and that a seed says all of it.

use sim::session::{CancelOnDisconnect, Copies, Delivery, Fault, Faults, Session, Throttle};
use sim::{Venue, VenueConfig};
use stdx::Prng;
use types::instrument::Terms;
use types::{
    Arrival, Command, Contract, Event, Flags, Instrument, InstrumentId, LevelAction, LevelDelta, Lots, Nanos,
    NewOrder, OrderId, OrderKind, Origin, Outcome, PlaceOrder, RejectReason, Report, Side, StrategyId, Ticks,
    TimeInForce, VenueId,
};

const ONLY: InstrumentId = InstrumentId(0);
const MS: i64 = 1_000_000;

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

/// The market before what follows is gone.
fn clear() -> Arrival {
    let Arrival { received_at, event } = level(Side::Buy, 0, 0);
    let Event::Level(delta) = event else { unreachable!("it is one") };
    let event = Event::Level(LevelDelta { action: LevelAction::Clear, flags: Flags::NONE, ..delta });
    Arrival { received_at, event }
}

fn level(side: Side, price: i64, size: i64) -> Arrival {
    let delta = LevelDelta {
        venue_at: Nanos(0),
        price: Ticks(price),
        size: Lots(size),
        orders: 0,
        instrument: ONLY,
        side,
        action: LevelAction::Set,
        depth: 0,
        flags: Flags::LAST,
    };
    Arrival { received_at: Nanos(0), event: Event::Level(delta) }
}

fn place(order: u32, side: Side, price: i64, size: i64) -> Command {
    let terms = NewOrder {
        instrument: ONLY,
        side,
        kind: OrderKind::Limit,
        time_in_force: TimeInForce::GoodTilCancel,
        price: Ticks(price),
        size: Lots(size),
    };
    Command::Place(PlaceOrder { order: OrderId(order), strategy: StrategyId(0), terms })
}

const fn cancel(order: u32) -> Command {
    Command::Cancel { order: OrderId(order), instrument: ONLY }
}

const fn query(order: u32) -> Command {
    Command::Query { order: OrderId(order), instrument: ONLY }
}

/// A session with a market of 100 to 101, ten lots each, and what has reached us.
struct Bench {
    session: Session,
    heard: Vec<Delivery>,
}

impl Bench {
    fn new(faults: Faults) -> Self {
        let venue = Venue::new(&[instrument()], VenueConfig::default(), Prng::new(1));
        let mut session = Session::new(VenueId(0), venue, vec![ONLY], faults, Prng::new(7));
        let mut heard = Vec::new();
        session.start(Nanos(0));
        session.on_packet(Nanos(1), &[level(Side::Buy, 100, 10), level(Side::Sell, 101, 10)], &mut heard);
        let mut bench = Self { session, heard };
        bench.until(MS);
        bench.heard.clear();
        bench
    }

    fn send(&mut self, at: i64, command: Command) -> &mut Self {
        self.until(at);
        self.session.on_command(Nanos(at), &command);
        self
    }

    fn until(&mut self, at: i64) -> &mut Self {
        self.session.advance(Nanos(at), &mut self.heard);
        self
    }

    /// What reached us since the last time, a word each.
    fn said(&mut self) -> Vec<String> {
        self.heard.drain(..).map(|delivery| show(&delivery.event)).collect()
    }
}

fn show(event: &Event) -> String {
    let word = |report: &Report| match report.outcome {
        Outcome::Accepted => format!("{} works", report.order),
        Outcome::Rejected(reason) => format!("{} refused {reason:?}", report.order),
        Outcome::Filled { size, .. } => format!("{} filled {}", report.order, size.0),
        Outcome::Canceled => format!("{} gone", report.order),
        Outcome::Listed { size, filled, open } => {
            format!("{} listed {} of {}{}", report.order, filled.0, size.0, if open { ", open" } else { "" })
        }
        Outcome::NotListed => format!("{} not listed", report.order),
        Outcome::Busted { size, .. } => format!("{} busted {}", report.order, size.0),
        outcome @ (Outcome::CancelRejected(_) | Outcome::Replaced { .. } | Outcome::ReplaceRejected(_)) => {
            format!("{} {outcome:?}", report.order)
        }
    };
    if let Event::DropCopy(copy) = event {
        return format!("copy: {}", word(copy));
    }
    if let Event::Session(session) = event {
        return format!("{:?}", session.change);
    }
    if let Event::Report(report) = event { word(report) } else { format!("{event:?}") }
}

#[test]
fn without_faults_it_is_the_venue_behind_two_links() {
    let mut bench = Bench::new(Faults::default());
    bench.send(2 * MS, place(0, Side::Buy, 101, 4)).send(3 * MS, place(1, Side::Buy, 99, 5));
    bench.send(4 * MS, cancel(1)).send(5 * MS, query(0)).send(5 * MS, query(1)).send(5 * MS, query(2));
    bench.until(10 * MS);
    let expected =
        ["0 works", "0 filled 4", "1 works", "1 gone", "0 listed 4 of 4", "1 listed 0 of 5", "2 not listed"];
    assert_eq!(bench.said(), expected);
    assert_eq!((bench.session.position(ONLY), bench.session.due()), (Lots(4), Nanos::MAX));
    assert_eq!(bench.session.counts(), sim::session::Counts::default());
}

#[test]
fn what_is_underway_when_the_line_breaks_is_kept_or_lost() {
    let broken = |resends, lost_underway| {
        let mut bench = Bench::new(Faults { resends, lost_underway, ..Faults::default() });
        bench.session.inject(Nanos(2 * MS + 150_000), Fault::Disconnect(Nanos(MS)));
        bench.send(2 * MS, place(0, Side::Buy, 99, 4)); // at the venue, its answer underway
        bench.send(2 * MS + 100_000, place(1, Side::Buy, 99, 5)); // underway itself
        bench.send(3 * MS, place(2, Side::Buy, 99, 6)); // into nothing
        bench.until(4 * MS).send(4 * MS, query(0)).send(4 * MS, query(1)).send(4 * MS, query(2));
        bench.until(10 * MS);
        (bench.said().join("; "), bench.session.counts())
    };
    let (said, counts) = broken(true, 1.0);
    assert_eq!(
        said,
        "Disconnected; Connected; CancelOnDisconnect(false); 0 works; Recovered; 0 listed 0 of 4, open; \
         1 not listed; 2 not listed"
    );
    assert_eq!((counts.breaks, counts.commands_lost, counts.sent_while_down, counts.resent), (1, 2, 1, 1));
    let (said, counts) = broken(false, 0.0);
    assert_eq!(
        said,
        "Disconnected; Connected; CancelOnDisconnect(false); Recovered; 0 listed 0 of 4, open; \
         1 listed 0 of 5, open; 2 not listed"
    );
    assert_eq!((counts.answers_lost, counts.commands_lost), (2, 1));
}

#[test]
fn what_becomes_of_orders_when_the_line_breaks_need_not_be_what_was_promised() {
    let listed = |cancel_on_disconnect| {
        let mut bench = Bench::new(Faults { cancel_on_disconnect, resends: false, ..Faults::default() });
        bench.send(2 * MS, place(0, Side::Buy, 99, 4));
        bench.session.inject(Nanos(3 * MS), Fault::Disconnect(Nanos(MS)));
        bench.send(5 * MS, query(0)).until(6 * MS);
        bench.said().join("; ")
    };
    assert_eq!(
        listed(CancelOnDisconnect::Off),
        "0 works; Disconnected; Connected; CancelOnDisconnect(false); Recovered; 0 listed 0 of 4, open"
    );
    assert_eq!(
        listed(CancelOnDisconnect::Executed),
        "0 works; Disconnected; Connected; CancelOnDisconnect(true); Recovered; 0 listed 0 of 4"
    );
    assert_eq!(
        listed(CancelOnDisconnect::Promised),
        "0 works; Disconnected; Connected; CancelOnDisconnect(true); Recovered; 0 listed 0 of 4, open"
    );
}

#[test]
fn a_silent_line_is_noticed_by_its_heartbeats() {
    let mut bench = Bench::new(Faults { heartbeat: Nanos(5 * MS), ..Faults::default() });
    bench.session.inject(Nanos(2 * MS), Fault::Silence(Nanos(MS)));
    bench.send(3 * MS, place(0, Side::Buy, 99, 4)).until(6 * MS);
    assert_eq!(bench.said(), [""; 0]);
    bench.until(7 * MS);
    assert_eq!(bench.said(), ["Disconnected"]);
    bench.until(9 * MS);
    assert_eq!(bench.said(), ["Connected", "CancelOnDisconnect(false)", "Recovered"]);
    let counts = bench.session.counts();
    assert_eq!((counts.commands_lost, counts.sent_while_down), (1, 0), "we could not have known");
}

#[test]
fn a_restart_may_lose_orders() {
    let mut bench = Bench::new(Faults { lost_by_restart: 1.0, ..Faults::default() });
    bench.send(2 * MS, place(0, Side::Buy, 99, 4));
    bench.session.inject(Nanos(3 * MS), Fault::Restart(Nanos(MS)));
    bench.send(5 * MS, query(0)).send(5 * MS, cancel(0)).until(6 * MS);
    let said = bench.said();
    assert_eq!(said[said.len() - 2..], ["0 not listed", "0 CancelRejected(UnknownOrder)"]);
    assert_eq!(bench.session.order(OrderId(0)), None);
}

#[test]
fn fills_are_taken_back_once() {
    let mut bench = Bench::new(Faults { copies: Some(Copies::default()), ..Faults::default() });
    bench.send(2 * MS, place(0, Side::Buy, 101, 4));
    bench.session.inject(Nanos(3 * MS), Fault::Bust);
    bench.session.inject(Nanos(4 * MS), Fault::Bust);
    bench.until(9 * MS);
    let expected =
        ["0 works", "0 filled 4", "copy: 0 works", "copy: 0 filled 4", "0 busted 4", "copy: 0 busted 4"];
    assert_eq!(bench.said(), expected);
    assert_eq!((bench.session.position(ONLY), bench.session.counts().busts), (Lots(0), 1));
    let order = bench.session.order(OrderId(0)).expect("the venue has it");
    assert!(order.fills[0].busted && !order.open && order.filled == Lots(4));
}

#[test]
fn too_many_messages_and_prices_outside_are_refused() {
    let throttle = Some(Throttle { per_second: 1, burst: 2 });
    let mut bench = Bench::new(Faults { throttle, ..Faults::default() });
    for n in 0..4 {
        bench.send(2 * MS, place(n, Side::Buy, 99, 1));
    }
    bench.send(3 * MS, cancel(0)); // passes all the same
    bench.send(1_500 * MS, place(4, Side::Buy, 99, 1)).until(2_000 * MS);
    let refused = format!("refused {:?}", RejectReason::Throttled);
    let said = bench.said();
    assert_eq!(said.iter().filter(|word| word.ends_with(&refused)).count(), 2, "{said:?}");
    assert_eq!(said[4..], ["0 gone", "4 works"]);

    let mut bench = Bench::new(Faults::default());
    bench.session.inject(Nanos(2 * MS), Fault::Collar(ONLY, Ticks(95), Ticks(105)));
    bench.send(3 * MS, place(0, Side::Buy, 94, 1)).send(3 * MS, place(1, Side::Buy, 95, 1)).until(4 * MS);
    assert_eq!(bench.said(), ["0 refused Collar", "1 works"]);
}

#[test]
fn a_halt_refuses_and_ends() {
    let mut bench = Bench::new(Faults::default());
    bench.session.inject(Nanos(2 * MS), Fault::Halt(ONLY, Nanos(5 * MS)));
    bench.send(3 * MS, place(0, Side::Buy, 99, 1)).send(8 * MS, place(1, Side::Buy, 99, 1)).until(20 * MS);
    let said = bench.said();
    assert!(said[0].contains("refused MarketClosed") || said[1].contains("refused MarketClosed"), "{said:?}");
    assert!(said.iter().any(|word| word == "1 works"), "{said:?}");
    assert_eq!(said.iter().filter(|word| word.contains("Status")).count(), 2, "{said:?}");
}

/// Trades a minute against a mix of faults; everything that reached us, in order.
fn minute(seed: u64) -> (Vec<Delivery>, sim::session::Counts) {
    let mut prng = Prng::new(seed);
    let faults = Faults::drawn(&mut prng);
    let venue = Venue::new(&[instrument()], VenueConfig::default(), prng.fork("venue"));
    let mut session = Session::new(VenueId(0), venue, vec![ONLY], faults, prng.fork("session"));
    session.start(Nanos(0));
    let mut heard = Vec::new();
    for n in 0..1_200_u32 {
        let at = i64::from(n) * 50 * MS;
        let mid = 100 + prng.between(-3, 3);
        let size = prng.between(1, 9);
        session.on_packet(
            Nanos(at + 1),
            &[clear(), level(Side::Buy, mid, size), level(Side::Sell, mid + 1, size)],
            &mut heard,
        );
        let side = if prng.chance(0.5) { Side::Buy } else { Side::Sell };
        session.on_command(Nanos(at + 2), &place(n, side, mid + prng.between(-1, 2), size));
        session.on_command(Nanos(at + 3), &query(n / 2));
        session.advance(Nanos(at + 50 * MS), &mut heard);
    }
    session.calm();
    session.advance(Nanos(600_000 * MS), &mut heard);
    assert!(session.is_up(), "seed {seed}");
    assert!(heard.windows(2).all(|pair| pair[0].at <= pair[1].at), "seed {seed}: time goes back");
    // What was filled is what the record says, and the venue's own count agrees.
    let signed = |standing: &sim::session::Standing| {
        let stands = standing.fills.iter().filter(|fill| !fill.busted);
        stands.map(|fill| fill.size.0).sum::<i64>() * standing.side.sign()
    };
    let recorded: i64 = session.orders().map(|(_, standing)| signed(standing)).sum();
    if session.counts().orders_lost == 0 {
        assert_eq!(session.position(ONLY).0, recorded, "seed {seed}");
    }
    (heard, session.counts())
}

#[test]
fn a_seed_says_all_of_it_and_every_fault_comes() {
    assert_eq!(minute(3), minute(3));
    let mut all = sim::session::Counts::default();
    for seed in 0..40 {
        let (_, counts) = minute(seed);
        all.breaks += counts.breaks;
        all.commands_lost += counts.commands_lost;
        all.doubled += counts.doubled;
        all.resent += counts.resent;
        all.answers_lost += counts.answers_lost;
        all.orders_lost += counts.orders_lost;
        all.cancelled_on_disconnect += counts.cancelled_on_disconnect;
        all.busts += counts.busts;
        all.throttled += counts.throttled;
        all.contradictions += counts.contradictions;
        all.copies_bad += counts.copies_bad;
    }
    let each = [
        all.breaks,
        all.commands_lost,
        all.doubled,
        all.resent,
        all.answers_lost,
        all.orders_lost,
        all.cancelled_on_disconnect,
        all.busts,
        all.throttled,
        all.contradictions,
        all.copies_bad,
    ];
    assert!(each.iter().all(|count| *count > 0), "{all:?}");
}

#[test]
fn a_wrong_and_a_late_copy_are_of_the_copy_only() {
    let copies = Copies { wrong: 1.0, late: 1.0, late_by: Nanos(50 * MS), lost: 0.0 };
    let mut bench = Bench::new(Faults { copies: Some(copies), ..Faults::default() });
    bench.send(2 * MS, place(0, Side::Buy, 101, 4)).until(100 * MS);
    let price = |event: &Event| {
        let (Event::Report(report) | Event::DropCopy(report)) = event else { return None };
        let Outcome::Filled { price, .. } = report.outcome else { return None };
        Some((matches!(event, Event::DropCopy(_)), price))
    };
    let mut prices: Vec<_> = bench.heard.iter().filter_map(|delivery| price(&delivery.event)).collect();
    prices.sort();
    assert_eq!(prices, [(false, Ticks(101)), (true, Ticks(102))]);
}
