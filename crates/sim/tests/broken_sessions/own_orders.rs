//! Self-match prevention before sending: two strategies of one account, of two accounts, of two owners.

use crate::floor::{Floor, MS, ONLY};
use SelfMatch::{CancelBoth, CancelNewest, CancelOldest, Decrement};
use engine::Want;
use orders::State;
use risk::{AccountSeat, Limits, SelfMatch, StrategySeat};
use sim::session::Faults;
use types::{AccountId, Command, Lots, OrderId, Side, Ticks};

/// Two strategies, each in the account given, by its number; accounts have these owners.
fn floor(self_match: SelfMatch, accounts: [u16; 2], owners: &[&str]) -> Floor {
    let mut limits = Limits::wide();
    let account = |(row, owner): (usize, &&str)| AccountSeat {
        name: format!("account {row}"),
        owner: (*owner).into(),
        self_match,
    };
    limits.accounts = owners.iter().enumerate().map(account).collect();
    let seat = |account| StrategySeat { account: AccountId(account), ..StrategySeat::default() };
    limits.strategies = accounts.map(seat).to_vec();
    Floor::with(limits, 2, Faults::default(), 14)
}

/// Both in one account.
fn together(self_match: SelfMatch) -> Floor {
    floor(self_match, [0, 0], &[""])
}

/// What was sent, in short: `+` a new order with its size, `-` a cancel, `=` a new size.
fn sent(floor: &Floor, from: usize) -> String {
    let word = |command: &Command| match command {
        Command::Place(place) => format!("+{}", place.terms.size.0),
        Command::Cancel { order, .. } => format!("-{order}"),
        Command::Replace { order, size, .. } => format!("{order}={}", size.0),
        Command::WakeAt { .. }
        | Command::Query { .. }
        | Command::MassCancel { .. }
        | Command::Alert { .. } => {
            format!("{command:?}")
        }
    };
    floor.sent[from..].iter().map(|(_, command)| word(command)).collect::<Vec<_>>().join(" ")
}

/// Resting offers of the first strategy at 105 (4 lots) and 106 (6 lots), then a bid of the second.
fn met(mode: SelfMatch, price: i64, size: i64) -> (String, Floor) {
    let mut floor = together(mode);
    floor.place(0, Side::Sell, 105, 4);
    floor.place(0, Side::Sell, 106, 6);
    floor.ms(10);
    floor.market(100, 110, 50);
    let from = floor.sent.len();
    floor.place(1, Side::Buy, price, size);
    floor.ms(20);
    (sent(&floor, from), floor)
}

#[test]
fn rc_27_in_four_modes_no_two_orders_of_ours_meet() {
    for (mode, price, size, expected) in [
        (CancelNewest, 104, 5, "+5"), // meets nothing
        (CancelNewest, 105, 5, ""),
        (CancelOldest, 105, 5, "-0 +5"),
        (CancelOldest, 106, 5, "-0 -1 +5"),
        (CancelBoth, 105, 5, "-0"),
        (CancelBoth, 107, 5, "-0"),
        (Decrement, 105, 5, "-0 +1"),  // one lot more than rests there
        (Decrement, 105, 3, "0=1"),    // a lot is left of what rests
        (Decrement, 105, 4, "-0"),     // nothing is left of either
        (Decrement, 106, 7, "-0 1=3"), // the first is gone, of the second three are left
        (Decrement, 106, 12, "-0 -1 +2"),
    ] {
        let (sent, floor) = met(mode, price, size);
        assert_eq!(sent, expected, "{mode:?}: {size} at {price}");
        assert_eq!(floor.position(), 0, "{mode:?}: {size} at {price}");
        assert!(floor.refused(1).iter().all(|kind| *kind == "self-match"));
        // Nothing of ours crosses anything of ours.
        let best = |side| floor.engine.orders().best(ONLY, side);
        if let (Some(bid), Some(ask)) = (best(Side::Buy), best(Side::Sell)) {
            assert!(bid < ask, "{mode:?}: {bid} {ask}");
        }
    }
}

#[test]
fn v_14_the_same_strategy_and_another_of_its_account_are_kept_apart_before_sending() {
    for puppet in [0, 1] {
        let mut floor = together(CancelNewest);
        floor.place(0, Side::Buy, 99, 1);
        assert_eq!(floor.place(puppet, Side::Sell, 99, 1), None, "not even acknowledged yet");
        assert_eq!(floor.refused(puppet), ["self-match"]);
        assert!(floor.place(puppet, Side::Sell, 100, 1).is_some());
    }
}

#[test]
fn v_14_replaces_are_judged_at_their_new_price_and_count_at_both() {
    for (mode, expected) in
        [(CancelNewest, ""), (CancelOldest, "-0 1=1"), (CancelBoth, "-0 -1"), (Decrement, "")]
    {
        let mut floor = together(mode);
        floor.place(0, Side::Sell, 105, 1);
        floor.place(1, Side::Buy, 95, 1);
        floor.ms(10);
        let from = floor.sent.len();
        floor.wish(1, Want::Replace { order: OrderId(1), price: Ticks(105), size: Lots(1) });
        assert_eq!(sent(&floor, from), expected, "{mode:?}");
    }
    // Until it is answered a replaced order may be met at either price.
    let mut floor = together(CancelNewest);
    floor.place(0, Side::Buy, 98, 1);
    floor.ms(10);
    floor.wish(0, Want::Replace { order: OrderId(0), price: Ticks(96), size: Lots(1) });
    assert_eq!(floor.place(1, Side::Sell, 98, 1), None);
    floor.ms(20);
    assert!(floor.place(1, Side::Sell, 98, 1).is_some());
}

#[test]
fn rc_28_accounts_of_one_owner_are_kept_apart_and_those_of_others_are_not() {
    for (owners, passes) in
        [(["one", "one"], false), (["one", "other"], true), (["", ""], true), (["one", ""], true)]
    {
        let mut floor = floor(CancelNewest, [0, 1], &owners);
        floor.place(0, Side::Sell, 105, 4);
        floor.ms(10);
        assert_eq!(floor.place(1, Side::Buy, 105, 4).is_some(), passes, "{owners:?}");
    }
}

#[test]
fn rc_27_what_is_left_to_the_venue_is_not_prevented_here() {
    let (sent, _) = met(SelfMatch::Venue, 105, 5);
    assert_eq!(sent, "+5");
}

#[test]
fn rc_27_an_order_of_which_nobody_knows_what_became_still_counts() {
    let mut floor = together(CancelNewest);
    let id = floor.place(0, Side::Sell, 105, 4).expect("limits are wide");
    floor.ms(5);
    floor.inject(10, sim::session::Fault::Disconnect(types::Nanos(5 * MS)));
    floor.ms(12);
    assert_eq!(floor.state(id), State::Unknown);
    assert_eq!(floor.engine.orders().best(ONLY, Side::Sell), Some(Ticks(105)));
}
