//! What people say to a whole machine: kills with their reports, resets, mass cancels, limits, busts.

mod common;

use common::{Desk, ESM6, NQM6, desk, limit, quoting, report};
use engine::Want;
use types::{
    AccountId, Action, AlertKind, Command, Event, Liquidity, Nanos, NewOrder, Operator, OrderId, Outcome,
    PersonId, RejectReason, Scope, Session, SessionChange, Side, StrategyId, VenueId,
};

fn say(desk: &mut Desk, request: u32, by: u16, action: Action) -> Vec<Command> {
    desk.input(Event::Operator(Operator::Request { request, by: PersonId(by), action }))
}

fn with_reason(desk: &mut Desk, request: u32, by: u16, action: Action) -> Vec<Command> {
    desk.input(Event::Operator(Operator::Reason { request, part: 0, text: *b"somebody looked into it." }));
    say(desk, request, by, action)
}

fn confirm(desk: &mut Desk, request: u32, by: u16) -> Vec<Command> {
    desk.input(Event::Operator(Operator::Confirm { request, by: PersonId(by) }))
}

/// Two strategies, each with an order of one lot in its own future at every book.
fn two() -> Desk {
    let other = NewOrder { instrument: NQM6, ..limit(Side::Buy, 100, 1) };
    let (one, _) = quoting(vec![Want::Place(limit(Side::Buy, 100, 1))]);
    let (two, _) = quoting(vec![Want::Place(other)]);
    desk(vec![(one, vec![ESM6, NQM6]), (two, vec![ESM6, NQM6])])
}

fn cancels(commands: &[Command]) -> Vec<u32> {
    let of = |command: &Command| {
        if let Command::Cancel { order, .. } = command { Some(order.0) } else { None }
    };
    commands.iter().filter_map(of).collect()
}

fn alerts(commands: &[Command]) -> Vec<(AlertKind, Scope)> {
    let of = |command: &Command| {
        if let Command::Alert { kind, scope, .. } = command { Some((*kind, *scope)) } else { None }
    };
    commands.iter().filter_map(of).collect()
}

#[test]
fn rc_32_a_kill_of_a_strategy_latches_cancels_its_own_and_reports() {
    let mut desk = two();
    desk.market(NQM6, 100, 101);
    let placed = desk.market(ESM6, 100, 101);
    assert_eq!(placed.len(), 2);
    desk.market(ESM6, 100, 102);
    let own = Scope::Strategy(StrategyId(0));
    let killed = say(&mut desk, 1, 0, Action::Kill(own));
    assert_eq!((cancels(&killed), alerts(&killed)), (vec![0, 2], vec![(AlertKind::Killed, own)]));
    // Invariant 10: of what is killed only cancels leave; the other strategy goes on.
    let later = desk.market(ESM6, 100, 103);
    assert!(
        later.iter().all(|command| matches!(command, Command::Place(p) if p.strategy == StrategyId(1))),
        "{later:?}"
    );
    assert_eq!(later.len(), 1);
    let told = |desk: &Desk| {
        let report = desk.engine.kill_reports().next().expect("a kill holds");
        assert_eq!(report.scope, own);
        (report.confirmed, report.unconfirmed, report.not_cancellable)
    };
    assert_eq!(told(&desk), (0, 2, 0));
    desk.input(report(0, Outcome::Canceled));
    assert_eq!(told(&desk), (1, 1, 0));
    desk.input(report(2, Outcome::CancelRejected(RejectReason::Other)));
    assert_eq!(told(&desk), (1, 0, 1));
    // O-04: when the session stands again it is tried again.
    let venue = desk.engine.risk().venue_of(ESM6);
    let session = |change| Event::Session(Session { at: Nanos(0), venue, change });
    desk.input(session(SessionChange::Disconnected));
    let mut again = desk.input(session(SessionChange::Connected));
    again.extend(desk.input(session(SessionChange::Recovered)));
    let order = desk.engine.orders().get(OrderId(2));
    assert!(cancels(&again).contains(&2), "{again:?} {order:?}");
    // Killed twice is killed once, and the report counts from the first.
    let twice = say(&mut desk, 2, 1, Action::Kill(own));
    assert_eq!(alerts(&twice), [(AlertKind::Killed, own)]);
    assert_eq!(desk.engine.kill_reports().count(), 1);
    // RC-33: one person cannot end it.
    with_reason(&mut desk, 3, 0, Action::Reset(own));
    assert_eq!((desk.engine.requests_waiting(), desk.engine.kill_reports().count()), (1, 1));
    assert_eq!(alerts(&confirm(&mut desk, 3, 0)), [(AlertKind::RequestRefused, Scope::Firm)]);
    assert!(desk.engine.risk().marks(own).has(risk::Marks::KILLED));
    confirm(&mut desk, 3, 1);
    assert!(!desk.engine.risk().marks(own).has(risk::Marks::KILLED));
    assert_eq!(desk.engine.kill_reports().count(), 0);
}

#[test]
fn rc_32_a_scope_that_names_nobody_is_refused_and_never_the_firm() {
    let mut desk = two();
    desk.market(NQM6, 100, 101);
    desk.market(ESM6, 100, 101);
    for (request, scope) in
        [Scope::Strategy(StrategyId(9)), Scope::Account(AccountId(5)), Scope::Venue(VenueId(3))]
            .into_iter()
            .enumerate()
    {
        let request = u32::try_from(request).expect("few") + 1;
        let heard = say(&mut desk, request, 0, Action::Kill(scope));
        assert_eq!(
            (cancels(&heard), alerts(&heard)),
            (vec![], vec![(AlertKind::RequestRefused, Scope::Firm)])
        );
    }
    assert!(!desk.market(ESM6, 100, 103).is_empty(), "the firm trades on");
}

#[test]
fn rc_35_a_mass_cancel_cancels_its_scope_and_latches_nothing() {
    let mut desk = two();
    desk.market(NQM6, 100, 101);
    desk.market(ESM6, 100, 101);
    let heard = say(&mut desk, 1, 0, Action::CancelAll(Scope::Instrument(NQM6)));
    let open: Vec<_> = desk
        .engine
        .orders()
        .open()
        .filter(|order| order.instrument() == NQM6)
        .map(|order| order.id.0)
        .collect();
    assert_eq!(cancels(&heard), open);
    assert!(!open.is_empty() && desk.engine.orders().open_count() > open.len());
    assert!(!desk.market(ESM6, 100, 103).is_empty());
}

#[test]
fn rc_44_what_halts_is_told_in_the_same_step() {
    let (strategy, _) = quoting(vec![Want::Place(limit(Side::Buy, 100, 5))]);
    let mut desk = desk(vec![(strategy, vec![ESM6])]);
    desk.market(ESM6, 100, 101);
    let fill = Outcome::Filled {
        price: types::Ticks(100),
        size: types::Lots(5),
        fill: 1,
        liquidity: Liquidity::Maker,
    };
    desk.input(report(0, fill));
    let heard = desk.market(ESM6, 80, 81);
    assert_eq!(alerts(&heard), [(AlertKind::Halted, Scope::Firm)]);
}

#[test]
fn rc_45_only_a_person_with_a_reason_changes_a_limit_and_two_raise_it() {
    let (strategy, _) = quoting(vec![Want::Place(limit(Side::Buy, 100, 5))]);
    let mut desk = desk(vec![(strategy, vec![ESM6])]);
    let number = risk::LimitId::OrderSize as u16;
    let set = |value| Action::SetLimit { limit: number, scope: Scope::Instrument(ESM6), value };
    let refused = say(&mut desk, 1, 0, set(4));
    assert_eq!(alerts(&refused), [(AlertKind::RequestRefused, Scope::Firm)], "no reason");
    assert!(!desk.market(ESM6, 100, 101).is_empty());
    assert_eq!(with_reason(&mut desk, 2, 0, set(4)), [], "lowering acts at once");
    assert_eq!(desk.market(ESM6, 100, 101), [], "five lots are too many now");
    with_reason(&mut desk, 3, 0, set(5));
    assert_eq!(desk.market(ESM6, 100, 102), [], "raising waits");
    confirm(&mut desk, 3, 1);
    let placed = desk.market(ESM6, 100, 101);
    assert!(placed.iter().all(|command| !matches!(command, Command::Alert { .. })), "{placed:?}");
}

#[test]
fn rc_48_a_bust_that_is_asked_for_is_recorded_and_told() {
    let mut desk = two();
    let heard = with_reason(&mut desk, 1, 0, Action::RequestBust { order: OrderId(7), fill: 12 });
    assert_eq!(heard, [Command::Alert { kind: AlertKind::Bust, scope: Scope::Firm, value: 12 }]);
    let [asked] = desk.engine.bust_requests() else { panic!("one was asked for") };
    assert_eq!((asked.order, asked.fill), (OrderId(7), 12));
}

#[test]
fn o_04_a_kill_while_the_session_is_down_is_carried_out_when_it_stands_again() {
    let mut desk = two();
    desk.market(NQM6, 100, 101);
    desk.market(ESM6, 100, 101);
    let venue = desk.engine.risk().venue_of(ESM6);
    let session = |change| Event::Session(Session { at: Nanos(0), venue, change });
    desk.input(session(SessionChange::Disconnected));
    let killed = say(&mut desk, 1, 0, Action::Kill(Scope::Firm));
    assert!(alerts(&killed).contains(&(AlertKind::Killed, Scope::Firm)));
    let open = desk.engine.orders().open_count();
    let told = desk.engine.kill_reports().next().expect("it is latched");
    assert_eq!((told.confirmed, told.unconfirmed + told.not_cancellable), (0, open));
    let mut again = desk.input(session(SessionChange::Connected));
    again.extend(desk.input(session(SessionChange::Recovered)));
    let mut asked = cancels(&again);
    asked.sort_unstable();
    asked.dedup();
    assert_eq!(asked.len(), open, "{again:?}");
    assert_eq!(desk.market(ESM6, 100, 103), [], "and nothing new");
}
