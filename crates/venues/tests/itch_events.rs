//! What each message of ITCH 5.0 becomes, one table row a case.

use std::fmt::Write as _;
use types::{Event, Flags, Nanos, OrderAction, Phase, Side, Trade};
use venues::nasdaq::itch::{Price4, Price8, Timestamp, make, pad};
use venues::nasdaq::{Decoder, itch};
use venues::{Directory, Output};

const STOCK: [u8; 8] = *b"QUOIN   ";
const AT: Timestamp = Timestamp(34_200_000_000_000);

fn event(code: u8) -> Vec<u8> {
    make::SystemEvent { stock_locate: 0, tracking_number: 0, timestamp: AT, event_code: code }.bytes().into()
}

fn directory() -> Vec<u8> {
    make::StockDirectory {
        stock_locate: 5,
        tracking_number: 0,
        timestamp: AT,
        stock: STOCK,
        market_category: b'Q',
        financial_status_indicator: b'N',
        round_lot_size: 100,
        round_lots_only: b'N',
        issue_classification: b'C',
        issue_sub_type: *b"Z ",
        authenticity: b'P',
        short_sale_threshold_indicator: b'N',
        ipo_flag: b'N',
        luld_reference_price_tier: b'1',
        etp_flag: b'N',
        etp_leverage_factor: 0,
        inverse_indicator: b'N',
    }
    .bytes()
    .into()
}

fn action(state: u8) -> Vec<u8> {
    make::StockTradingAction {
        stock_locate: 5,
        tracking_number: 0,
        timestamp: AT,
        stock: STOCK,
        trading_state: state,
        reserved: b' ',
        reason: *b"    ",
    }
    .bytes()
    .into()
}

fn halt(market_code: u8, operational_halt_action: u8) -> Vec<u8> {
    let (stock_locate, tracking_number, timestamp, stock) = (5, 0, AT, STOCK);
    make::OperationalHalt {
        stock_locate,
        tracking_number,
        timestamp,
        stock,
        market_code,
        operational_halt_action,
    }
    .bytes()
    .into()
}

fn add(number: u64, side: u8, shares: u32, price: u32) -> Vec<u8> {
    make::AddOrder {
        stock_locate: 5,
        tracking_number: 0,
        timestamp: AT,
        order_reference_number: number,
        buy_sell_indicator: side,
        shares,
        stock: STOCK,
        price: Price4(price),
    }
    .bytes()
    .into()
}

fn attributed(number: u64, side: u8, shares: u32, price: u32) -> Vec<u8> {
    let mut bytes = add(number, side, shares, price);
    bytes[0] = b'F';
    bytes.extend(b"NITE");
    bytes
}

fn executed(number: u64, shares: u32, match_number: u64) -> Vec<u8> {
    make::OrderExecuted {
        stock_locate: 5,
        tracking_number: 0,
        timestamp: AT,
        order_reference_number: number,
        executed_shares: shares,
        match_number,
    }
    .bytes()
    .into()
}

fn executed_at(number: u64, shares: u32, match_number: u64, printable: u8, price: u32) -> Vec<u8> {
    let mut bytes = executed(number, shares, match_number);
    bytes[0] = b'C';
    bytes.push(printable);
    bytes.extend(price.to_be_bytes());
    bytes
}

fn cancel(number: u64, shares: u32) -> Vec<u8> {
    let (stock_locate, tracking_number, timestamp) = (5, 0, AT);
    make::OrderCancel {
        stock_locate,
        tracking_number,
        timestamp,
        order_reference_number: number,
        canceled_shares: shares,
    }
    .bytes()
    .into()
}

fn delete(number: u64) -> Vec<u8> {
    make::OrderDelete { stock_locate: 5, tracking_number: 0, timestamp: AT, order_reference_number: number }
        .bytes()
        .into()
}

fn replace(original: u64, new: u64, shares: u32, price: u32) -> Vec<u8> {
    make::OrderReplace {
        stock_locate: 5,
        tracking_number: 0,
        timestamp: AT,
        original_order_reference_number: original,
        new_order_reference_number: new,
        shares,
        price: Price4(price),
    }
    .bytes()
    .into()
}

fn hidden(shares: u32, price: u32, match_number: u64) -> Vec<u8> {
    make::NonCrossTrade {
        stock_locate: 5,
        tracking_number: 0,
        timestamp: AT,
        order_reference_number: 0,
        buy_sell_indicator: b'B',
        shares,
        stock: STOCK,
        price: Price4(price),
        match_number,
    }
    .bytes()
    .into()
}

fn cross(shares: u64, price: u32, match_number: u64) -> Vec<u8> {
    make::CrossTrade {
        stock_locate: 5,
        tracking_number: 0,
        timestamp: AT,
        shares,
        stock: STOCK,
        cross_price: Price4(price),
        match_number,
        cross_type: b'O',
    }
    .bytes()
    .into()
}

fn broken(match_number: u64) -> Vec<u8> {
    make::BrokenTrade { stock_locate: 5, tracking_number: 0, timestamp: AT, match_number }.bytes().into()
}

fn imbalance(direction: u8, prices: [u32; 3]) -> Vec<u8> {
    make::NetOrderImbalance {
        stock_locate: 5,
        tracking_number: 0,
        timestamp: AT,
        paired_shares: 5_000_000_000,
        imbalance_shares: 300,
        imbalance_direction: direction,
        stock: STOCK,
        far_price: Price4(prices[0]),
        near_price: Price4(prices[1]),
        current_reference_price: Price4(prices[2]),
        cross_type: b'O',
        price_variation_indicator: b'L',
    }
    .bytes()
    .into()
}

fn side(side: Option<Side>) -> char {
    match side {
        Some(Side::Buy) => 'B',
        Some(Side::Sell) => 'S',
        None => '-',
    }
}

fn trade(trade: &Trade) -> String {
    let hidden = if trade.flags.has(Flags::HIDDEN) { " hidden" } else { "" };
    format!(
        "{} #{} {}@{}{hidden}",
        side(trade.aggressor),
        trade.id,
        shares(trade.size.0),
        dollars(trade.price.0)
    )
}

fn shares(nanos: i64) -> i64 {
    assert_eq!(nanos % 1_000_000_000, 0, "whole shares");
    nanos / 1_000_000_000
}

/// In a survey, a tick is a nano.
fn dollars(nanos: i64) -> String {
    assert_eq!(nanos % 100_000, 0, "four decimals");
    format!("{}.{:04}", nanos / 1_000_000_000, nanos / 100_000 % 10_000)
}

fn line(event: &Event) -> String {
    let mut text = match event {
        Event::Order(delta) => {
            let action = match delta.action {
                OrderAction::Clear => return format!("clear{}", last(delta.flags)),
                OrderAction::Add => "add",
                OrderAction::Reduce => "reduce",
                OrderAction::Delete => "delete",
                OrderAction::Fill => "fill",
                OrderAction::Modify => "modify",
            };
            let (price, size) = (dollars(delta.price.0), shares(delta.size.0));
            format!("{action} {} {} {size}@{price}", side(Some(delta.side)), delta.order.0)
        }
        Event::Trade(t) => format!("trade {}", trade(t)),
        Event::TradeBust(t) => format!("bust {}", trade(t)),
        Event::Status(status) => match status.phase {
            Phase::Open => "open".into(),
            Phase::PreOpen => "pre-open".into(),
            Phase::Halted => "halted".into(),
            Phase::Closed => "closed".into(),
        },
        Event::Gap(_) => "gap".into(),
        Event::Statistic(s) => match (s.price(), s.deleted) {
            (_, true) => format!("no {}", s.kind.name()),
            (Some(price), false) => format!("{} {}", s.kind.name(), dollars(price.0)),
            (None, false) => format!("{} {} {}", s.kind.name(), shares(s.value), side(s.side)),
        },
        Event::Level(_)
        | Event::Report(_)
        | Event::Timer(_)
        | Event::Operator(_)
        | Event::Cash(_)
        | Event::Session(_)
        | Event::DropCopy(_)
        | Event::Clock(_)
        | Event::QuoteRequest(_)
        | Event::Bar { .. } => panic!("{event:?}"),
    };
    write!(text, "{}", last(event.flags())).expect("a string takes everything");
    text
}

fn last(flags: Flags) -> &'static str {
    if flags.has(Flags::LAST) { "." } else { "" }
}

/// Gives messages to a decoder of a whole day; what the last of them gave, a line each, and the faults.
fn check(before: &[Vec<u8>], message: Vec<u8>, expected: &[&str], faults: usize) {
    let (mut decoder, mut directory) = (Decoder::new(Nanos(0)), Directory::survey());
    decoder.starts_whole();
    let mut out = Output::default();
    for earlier in before {
        decoder.message(None, earlier, 0, &mut directory, &mut out);
    }
    assert_eq!(out.faults, [], "before");
    out.clear();
    decoder.message(None, &message, 0, &mut directory, &mut out);
    let lines: Vec<String> = out.arrivals.iter().map(|arrival| line(&arrival.event)).collect();
    let name = itch::Message::read(&message).map_or("unreadable", |message| message.spec().name);
    assert_eq!(lines, expected, "{name}");
    assert_eq!(out.faults.len(), faults, "{name}: {:?}", out.faults);
    for arrival in &out.arrivals {
        assert_eq!(arrival.received_at, Nanos(34_200_000_000_000));
        assert_eq!(arrival.event.venue_at(), Some(Nanos(34_200_000_000_000)), "{name}");
    }
}

#[test]
fn orders_become_changes_of_the_book() {
    let first = [add(1, b'B', 100, 100_000)];
    check(&[], add(1, b'B', 100, 100_000), &["clear.", "add B 1 100@10.0000."], 0);
    check(&first, add(2, b'S', 1, 100_001), &["add S 2 1@10.0001."], 0);
    check(&first, attributed(2, b'S', 1, 100_100), &["add S 2 1@10.0100."], 0);
    check(&first, cancel(1, 30), &["reduce B 1 30@10.0000."], 0);
    check(&first, cancel(1, 100), &["reduce B 1 100@10.0000."], 0);
    check(&first, delete(1), &["delete B 1 100@10.0000."], 0);
    check(&first, replace(1, 2, 50, 99_900), &["delete B 1 100@10.0000", "add B 2 50@9.9900."], 0);
    // What is left is what a later message finds.
    let reduced = [&first[..], &[cancel(1, 30), executed(1, 20, 9)]].concat();
    check(&reduced, delete(1), &["delete B 1 50@10.0000."], 0);
    let replaced = [&first[..], &[replace(1, 2, 50, 99_900), replace(2, 3, 70, 99_800)]].concat();
    check(
        &replaced,
        executed(3, 70, 4),
        &["trade S #4 70@9.9800", "fill B 3 70@9.9800", "reduce B 3 70@9.9800."],
        0,
    );
}

#[test]
fn executions_become_trades_fills_and_changes() {
    let first = [add(1, b'S', 100, 100_000)];
    check(
        &first,
        executed(1, 40, 7),
        &["trade B #7 40@10.0000", "fill S 1 40@10.0000", "reduce S 1 40@10.0000."],
        0,
    );
    // At another price: the book's change is at the order's own.
    check(
        &first,
        executed_at(1, 40, 7, b'Y', 100_050),
        &["trade B #7 40@10.0050", "fill S 1 40@10.0050", "reduce S 1 40@10.0000."],
        0,
    );
    // Part of an auction: its one print comes as a cross.
    check(
        &first,
        executed_at(1, 40, 7, b'N', 100_050),
        &["fill S 1 40@10.0050", "reduce S 1 40@10.0000."],
        0,
    );
    check(&first, hidden(25, 99_950, 8), &["trade - #8 25@9.9950 hidden."], 0);
    check(&first, cross(5_000_000_000, 100_000, 9), &["trade - #9 5000000000@10.0000 hidden."], 0);
    check(&first, cross(0, 0, 9), &[], 0);
}

#[test]
fn broken_trades_are_told_as_they_were_first() {
    let first = [add(1, b'S', 100, 100_000), executed(1, 40, 7), hidden(25, 99_950, 8)];
    check(&first, broken(7), &["bust B #7 40@10.0000."], 0);
    check(&first, broken(8), &["bust - #8 25@9.9950."], 0);
    check(&first, broken(6), &["bust - #6 0@0.0000."], 0);
    // Pushed out by a later one of a number that differs by a multiple of the table's size.
    let pushed = [&first[..], &[hidden(1, 10_000, 7 + (1 << 15))]].concat();
    check(&pushed, broken(7), &["bust - #7 0@0.0000."], 0);
}

#[test]
fn phases_are_the_market_s_and_the_stock_s_together() {
    let open = [event(b'S'), add(1, b'B', 100, 100_000)];
    check(&open, event(b'Q'), &["open"], 0);
    check(&open, event(b'M'), &[], 0);
    check(&open, event(b'E'), &["closed"], 0);
    check(&open, event(b'C'), &["closed"], 0);
    for (state, phase) in [(b'H', "halted"), (b'P', "halted"), (b'Q', "pre-open"), (b'T', "open")] {
        check(&open, action(state), &[phase], 0);
    }
    check(&open, action(b'?'), &["gap"], 1);
    // NASDAQ's own service; another market centre's is not ours.
    check(&open, halt(b'Q', b'H'), &["halted"], 0);
    check(&open, halt(b'B', b'H'), &[], 0);
    let halted = [&open[..], &[action(b'H'), halt(b'Q', b'H')]].concat();
    check(&halted, halt(b'Q', b'T'), &["halted"], 0);
    check(&halted, event(b'Q'), &["halted"], 0);
    // Before the market opens, a stock that may trade may not yet.
    let early = [event(b'O')];
    check(&early, action(b'T'), &["clear.", "closed", "closed"], 0);
    check(&[event(b'O'), action(b'H')], event(b'S'), &["halted"], 0);
    check(&[event(b'O'), action(b'T')], event(b'S'), &["open"], 0);
    // A stock that is met late is told what holds.
    check(&[event(b'E')], add(1, b'B', 100, 100_000), &["clear.", "closed", "add B 1 100@10.0000."], 0);
}

#[test]
fn what_is_published_beside_the_book_becomes_statistics() {
    let open = [add(1, b'B', 100, 100_000)];
    check(
        &open,
        imbalance(b'S', [99_000, 99_500, 100_000]),
        &[
            "paired size 5000000000 -",
            "imbalance size 300 S",
            "far price 9.9000",
            "near price 9.9500",
            "reference price 10.0000.",
        ],
        0,
    );
    check(
        &open,
        imbalance(b'O', [0, 0, 100_000]),
        &[
            "paired size 5000000000 -",
            "imbalance size 300 -",
            "no far price",
            "no near price",
            "reference price 10.0000.",
        ],
        0,
    );
    let (stock_locate, tracking_number, timestamp, stock) = (5, 0, AT, STOCK);
    let collar = make::LuldAuctionCollar {
        stock_locate,
        tracking_number,
        timestamp,
        stock,
        auction_collar_reference_price: Price4(100_000),
        upper_auction_collar_price: Price4(105_000),
        lower_auction_collar_price: Price4(95_000),
        auction_collar_extension: 1,
    };
    let collars = ["reference price 10.0000", "upper auction collar 10.5000", "lower auction collar 9.5000."];
    check(&open, collar.bytes().into(), &collars, 0);
    let ipo = |qualifier| {
        make::QuotingPeriodUpdate {
            stock_locate,
            tracking_number,
            timestamp,
            stock,
            ipo_quotation_release_time: 36_000,
            ipo_quotation_release_qualifier: qualifier,
            ipo_price: Price4(250_000),
        }
        .bytes()
        .into()
    };
    check(&open, ipo(b'A'), &["reference price 25.0000."], 0);
    check(&open, ipo(b'C'), &["no reference price."], 0);
    let listing = make::DirectListing {
        stock_locate,
        tracking_number,
        timestamp,
        stock,
        open_eligibility_status: b'Y',
        minimum_allowable_price: Price4(80_000),
        maximum_allowable_price: Price4(180_000),
        near_execution_price: Price4(100_000),
        near_execution_time: 34_200_000_000_000,
        lower_price_range_collar: Price4(90_000),
        upper_price_range_collar: Price4(110_000),
    };
    let expected = [
        "low limit price 8.0000",
        "high limit price 18.0000",
        "near price 10.0000",
        "lower auction collar 9.0000",
        "upper auction collar 11.0000.",
    ];
    check(&open, listing.bytes().into(), &expected, 0);
}

#[test]
fn what_says_nothing_of_a_stock_is_only_counted() {
    let (stock_locate, tracking_number, timestamp, stock) = (5, 0, AT, STOCK);
    let silent: [Vec<u8>; 6] = [
        make::RegShoRestriction { stock_locate, tracking_number, timestamp, stock, reg_sho_action: b'1' }
            .bytes()
            .into(),
        make::MarketParticipantPosition {
            stock_locate,
            tracking_number,
            timestamp,
            mpid: pad("NITE"),
            stock,
            primary_market_maker: b'Y',
            market_maker_mode: b'N',
            market_participant_state: b'A',
        }
        .bytes()
        .into(),
        make::MwcbDeclineLevel {
            stock_locate: 0,
            tracking_number,
            timestamp,
            level_1: Price8(1),
            level_2: Price8(2),
            level_3: Price8(3),
        }
        .bytes()
        .into(),
        make::MwcbStatus { stock_locate: 0, tracking_number, timestamp, breached_level: b'1' }.bytes().into(),
        make::RetailPriceImprovement { stock_locate, tracking_number, timestamp, stock, interest_flag: b'B' }
            .bytes()
            .into(),
        directory(),
    ];
    for message in silent {
        check(&[add(1, b'B', 100, 100_000)], message, &[], 0);
    }
}

#[test]
fn what_contradicts_the_orders_known_makes_the_book_stale_once() {
    let first = [add(1, b'B', 100, 100_000)];
    check(&first, delete(2), &["gap"], 0);
    check(&first, cancel(2, 1), &["gap"], 0);
    check(&first, executed(2, 1, 1), &["gap"], 0);
    check(&first, replace(2, 3, 1, 1), &["gap"], 0);
    check(&first, cancel(1, 101), &["gap", "reduce B 1 100@10.0000."], 0);
    check(&first, add(1, b'S', 5, 200_000), &["gap", "add S 1 5@20.0000."], 0);
    check(&first, add(2, b'?', 5, 200_000), &["gap"], 1);
    check(&first, add(2, b'B', 0, 200_000), &["gap"], 1);
    check(&first, cancel(1, 0), &["gap"], 1);
    check(&first, replace(1, 2, 0, 100_000), &["gap"], 1);
    let stale = [&first[..], &[delete(2)]].concat();
    check(&stale, delete(3), &[], 0);
    // Until the day begins anew.
    check(&stale, event(b'O'), &["clear."], 0);
    let again = [&stale[..], &[event(b'O'), event(b'S')]].concat();
    check(&again, add(1, b'B', 1, 10_000), &["clear.", "add B 1 1@1.0000."], 0);
    // A change of an order before its stock was ever named: its book was never whole.
    check(&[delete(9)], add(1, b'B', 1, 10_000), &["clear", "gap", "add B 1 1@1.0000."], 0);
}

#[test]
fn damage_makes_every_book_stale_and_unknown_types_none() {
    let first = [add(1, b'B', 100, 100_000)];
    let whole = delete(1);
    check(&first, whole[..18].to_vec(), &["gap"], 1);
    check(&first, [&whole[..], b"x"].concat(), &["gap"], 1);
    check(&first, Vec::new(), &["gap"], 1);
    check(&first, b"?0123456789".to_vec(), &[], 0);
    let mut late = delete(1);
    late[5..11].copy_from_slice(&itch::DAY_NANOS.to_be_bytes()[2..]);
    let (mut decoder, mut directory, mut out) =
        (Decoder::new(Nanos(0)), Directory::survey(), Output::default());
    decoder.starts_whole();
    decoder.message(None, &first[0], 0, &mut directory, &mut out);
    decoder.message(None, &late, 0, &mut directory, &mut out);
    assert_eq!((out.faults.len(), out.arrivals.len(), decoder.orders()), (1, 3, 1));
}

#[test]
fn a_locate_is_one_stock_s_all_day() {
    let mut other = add(2, b'B', 1, 10_000);
    other[24..32].copy_from_slice(b"OTHER   ");
    check(&[add(1, b'B', 100, 100_000)], other.clone(), &["gap"], 1);
    check(&[directory()], other, &[], 1);
    // And a stock has one locate.
    let mut second = add(2, b'B', 1, 10_000);
    second[2] = 6;
    check(&[add(1, b'B', 100, 100_000)], second, &["gap"], 1);
    let mut elsewhere = delete(1);
    elsewhere[2] = 6;
    check(&[add(1, b'B', 100, 100_000)], elsewhere, &["gap"], 0);
}

#[test]
fn a_step_is_a_cent_until_an_order_lies_between_two() {
    let steps = [(100_100, 10_000_000), (9_900, 10_000_000), (9_901, 100_000)];
    for (price, step) in steps {
        let (mut decoder, mut survey) = (Decoder::new(Nanos(0)), Directory::survey());
        let mut out = Output::default();
        decoder.message(None, &directory(), 0, &mut survey, &mut out);
        decoder.message(None, &add(1, b'B', 1, price), 0, &mut survey, &mut out);
        let definition = survey.definition("nasdaq", "QUOIN").expect("defined");
        assert_eq!((definition.tick_nanos, definition.wire_tick_nanos), (step, step), "{price}");
        assert_eq!((definition.lot_nanos, definition.currency.as_str()), (1_000_000_000, "USD"));
    }
    // Sub-penny trades are off the grid by right.
    let (mut decoder, mut survey) = (Decoder::new(Nanos(0)), Directory::survey());
    let mut out = Output::default();
    decoder.message(None, &directory(), 0, &mut survey, &mut out);
    decoder.message(None, &hidden(1, 100_050, 1), 0, &mut survey, &mut out);
    assert_eq!(survey.definition("nasdaq", "QUOIN").map(|d| d.tick_nanos), Some(10_000_000));
}
