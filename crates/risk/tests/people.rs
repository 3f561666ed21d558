//! Who may say what, and who has to agree.

mod common;

use common::{A, Firm, ONE, SECOND, UNIT, X, buy, limits};
use risk::people::{Person, Role, Why, Word};
use risk::{LimitId, People, SetError};
use types::{Action, InstrumentId, Lots, Operator, PersonId, Restriction, Scope, Seq, Stage, StrategyId};

const TRADER: PersonId = PersonId(0);
const RISK: PersonId = PersonId(1);
const OTHER: PersonId = PersonId(2);

fn people() -> People {
    let person = |name: &str, role| Person { name: name.into(), role };
    People::new(vec![person("t", Role::Trader), person("r", Role::Risk), person("o", Role::Risk)])
}

fn reason(request: u32, text: &[u8]) -> Operator {
    let mut part = [0; 24];
    part[..text.len()].copy_from_slice(text);
    Operator::Reason { request, part: 0, text: part }
}

fn request(request: u32, by: PersonId, action: Action) -> Operator {
    Operator::Request { request, by, action }
}

fn confirm(request: u32, by: PersonId) -> Operator {
    Operator::Confirm { request, by }
}

#[test]
fn rc_33_a_reset_needs_a_reason_and_a_second_named_person() {
    let reset = Action::Reset(Scope::Firm);
    let refused = |why| Word::Refused(why);
    let mut people = people();
    let mut hear = |word: Operator| people.hear(&word, |_| false);
    assert_eq!(hear(request(1, RISK, reset)), refused(Why::NoReason));
    assert_eq!(hear(reason(2, b"  ")), Word::Noted);
    assert_eq!(hear(request(2, RISK, reset)), refused(Why::NoReason), "blanks are no reason");
    assert_eq!(hear(reason(3, b"feed mended")), Word::Noted);
    assert_eq!(hear(request(3, TRADER, reset)), refused(Why::NotTheirs));
    assert_eq!(hear(request(3, PersonId(9), reset)), refused(Why::UnknownPerson));
    assert_eq!(hear(request(3, RISK, reset)), Word::Waits);
    assert_eq!(hear(confirm(3, RISK)), refused(Why::SamePerson));
    assert_eq!(hear(confirm(3, TRADER)), refused(Why::NotTheirs));
    assert_eq!(hear(confirm(3, PersonId(9))), refused(Why::UnknownPerson));
    assert_eq!(hear(confirm(4, OTHER)), refused(Why::NotWaiting));
    assert_eq!(hear(confirm(3, OTHER)), Word::Act(reset));
    assert_eq!(hear(confirm(3, OTHER)), refused(Why::NotWaiting), "once");
    assert_eq!(hear(request(3, RISK, reset)), refused(Why::Repeated));
    assert_eq!(hear(request(2, RISK, reset)), refused(Why::Repeated));
}

#[test]
fn rc_33_stopping_needs_nobody_and_each_loosening_needs_two() {
    let set = Action::SetLimit { limit: 0, scope: Scope::Firm, value: 1 };
    let restrict = Action::Restrict { instrument: X, how: Restriction::None };
    let at_once = [
        Action::Kill(Scope::Firm),
        Action::CancelAll(Scope::Firm),
        Action::ReduceOnly(Scope::Firm, true),
        Action::Enter(Stage::Halted),
    ];
    for action in at_once {
        // Even of somebody whom nobody knows.
        assert_eq!(people().hear(&request(1, PersonId(99), action), |_| false), Word::Act(action));
    }
    for (action, loosens, waits) in [
        (set, false, false),
        (set, true, true),
        (restrict, false, false),
        (restrict, true, true),
        (Action::Enter(Stage::Continuous), true, true),
        (Action::ReduceOnly(Scope::Firm, false), false, true),
        (Action::SkipRecord(Seq(1)), false, true),
        (Action::RequestBust { order: types::OrderId(1), fill: 1 }, false, false),
    ] {
        let mut people = people();
        assert_eq!(
            people.hear(&request(1, RISK, action), |_| loosens),
            Word::Refused(Why::NoReason),
            "{action:?}"
        );
        people.hear(&reason(2, b"because"), |_| loosens);
        let expected = if waits { Word::Waits } else { Word::Act(action) };
        assert_eq!(people.hear(&request(2, RISK, action), |_| loosens), expected, "{action:?}");
        assert_eq!(people.waiting(), usize::from(waits));
    }
}

#[test]
fn o_05_two_operators_at_once_are_heard_one_after_the_other() {
    let (raise, lower) = (Action::Reset(Scope::Firm), Action::Kill(Scope::Firm));
    let mut people = people();
    people.hear(&reason(1, b"one"), |_| false);
    people.hear(&reason(2, b"two"), |_| false);
    assert_eq!(people.hear(&request(1, RISK, raise), |_| false), Word::Waits);
    assert_eq!(people.hear(&request(2, OTHER, raise), |_| false), Word::Waits);
    assert_eq!(people.hear(&request(3, TRADER, lower), |_| false), Word::Act(lower));
    // Each confirms the other's: the second comes to nothing new, and nothing is done twice.
    assert_eq!(people.hear(&confirm(1, OTHER), |_| false), Word::Act(raise));
    assert_eq!(people.hear(&confirm(2, RISK), |_| false), Word::Act(raise));
    assert_eq!(people.hear(&confirm(1, OTHER), |_| false), Word::Refused(Why::NotWaiting));
}

#[test]
fn rc_45_raising_a_limit_loosens_and_lowering_does_not() {
    let firm = {
        let mut limits = limits();
        limits.every(risk::Level::Instrument, LimitId::OrderSize, 10);
        limits.every(risk::Level::Instrument, LimitId::SizeStep, 10);
        Firm::new(&limits)
    };
    let loosens = |limit: LimitId, scope, value| {
        firm.risk.loosens(&Action::SetLimit { limit: limit as u16, scope, value })
    };
    let at = Scope::Instrument(X);
    assert!([9, 10].iter().all(|value| !loosens(LimitId::OrderSize, at, *value)));
    assert!(loosens(LimitId::OrderSize, at, 11));
    assert!([10, 11].iter().all(|value| !loosens(LimitId::SizeStep, at, *value)));
    assert!(loosens(LimitId::SizeStep, at, 9) && loosens(LimitId::SizeStep, at, -1));
    assert!(!loosens(LimitId::DataAge, at, 5), "what was off is on");
    let stage = |stage| firm.risk.loosens(&Action::Enter(stage));
    assert!(!stage(Stage::Continuous) && !stage(Stage::Halted));
    let restrict = |how| firm.risk.loosens(&Action::Restrict { instrument: X, how });
    assert!(!restrict(Restriction::NoTrading) && !restrict(Restriction::Located(Lots(5))));
}

#[test]
fn rc_45_restrictions_loosen_in_their_order() {
    let order = [
        Restriction::NoTrading,
        Restriction::HardToBorrow,
        Restriction::Located(Lots(1)),
        Restriction::Located(Lots(2)),
        Restriction::None,
    ];
    for (row, from) in order.into_iter().enumerate() {
        for (column, to) in order.into_iter().enumerate() {
            assert_eq!(risk::people::loosens_restriction(from, to), column > row, "{from:?} {to:?}");
        }
    }
}

#[test]
fn rc_45_a_limit_is_set_where_it_is_one_and_holds_from_the_next_order() {
    let mut firm = Firm::new(&limits());
    let number = LimitId::OrderSize as u16;
    let mut set = |limit, scope, value| firm.risk.set_limit(limit, scope, value);
    assert_eq!(set(u16::MAX, Scope::Firm, 1), Err(SetError::UnknownLimit));
    assert_eq!(set(number, Scope::Firm, 1), Err(SetError::NotThere));
    assert_eq!(set(number, Scope::Instrument(InstrumentId(9)), 1), Err(SetError::NotThere));
    assert_eq!(set(LimitId::Position as u16, Scope::Strategy(StrategyId(9)), 1), Err(SetError::NotThere));
    assert_eq!(set(number, Scope::Instrument(X), -1), Err(SetError::MayNotBeOff));
    assert_eq!(set(number, Scope::Instrument(X), 3), Ok(()));
    assert_eq!([firm.says(ONE, buy(99, 3)), firm.says(ONE, buy(99, 4))], ["ok", "order size"]);
    firm.set(Scope::Instrument(X), LimitId::SizeStep, 3);
    assert_eq!(firm.says(ONE, buy(99, 2)), "size step");
    firm.set(Scope::Instrument(X), LimitId::SizeStep, -1);
    assert_eq!(firm.says(ONE, buy(99, 2)), "ok");
    // At the other levels too.
    firm.set(Scope::Strategy(ONE), LimitId::Executions, 0);
    firm.set(Scope::Strategy(ONE), LimitId::ExecutionsWindow, SECOND);
    firm.set(Scope::Account(A), LimitId::Burst, 0);
    assert_eq!(firm.says(ONE, buy(99, 2)), "message rate");
    firm.set(Scope::Account(A), LimitId::Gross, UNIT);
    assert_eq!(firm.says(ONE, buy(99, 2)), "gross exposure");
    firm.set(Scope::Venue(types::VenueId(0)), LimitId::Rejects, 0);
    firm.set(Scope::Venue(types::VenueId(0)), LimitId::VenueRejectsWindow, SECOND);
    firm.risk.on_reject(X);
    assert_eq!(firm.says(ONE, buy(99, 2)), "venue paused");
}
