//! A whole run through a real engine: what the report says against what a plain count of the steps says.

mod session;

use reports::{Recorder, Report};
use session::Session;
use types::{Event, Lots, Money, Nanos, Outcome, Side};

const MINUTES: Nanos = Nanos::from_secs(60 * 12);

/// A whole session.
fn report(seed: u64, length: Nanos) -> (Report, Session) {
    let mut session = Session::new(seed, &["ESH6"], length);
    let mut recorder = Recorder::new(session::about(&["ESH6"]));
    session.run(|input, commands, engine| recorder.on_step(input, commands, engine));
    let report = recorder.finish(&session.engine, session::ending());
    (report, session)
}

fn money(cash: reports::report::Cash) -> Money {
    cash.0
}

#[test]
fn the_same_run_gives_the_same_files() {
    let (first, _) = report(3, MINUTES);
    let (second, _) = report(3, MINUTES);
    assert_eq!(first.to_json(), second.to_json());
    assert_eq!(first.to_html(), second.to_html());
    let (other, _) = report(4, MINUTES);
    assert_ne!(first.to_json(), other.to_json());
}

#[test]
fn the_parts_add_up_to_what_the_portfolio_earned() {
    for seed in 0..8 {
        let (report, session) = report(seed, MINUTES);
        let pnl = &report.pnl;
        let sum = money(pnl.spread_captured)
            + money(pnl.adverse_selection)
            + money(pnl.fees)
            + money(pnl.funding)
            + money(pnl.borrow)
            + money(pnl.currency)
            + money(pnl.inventory);
        assert_eq!(sum, money(pnl.net), "seed {seed}");
        assert_eq!(money(pnl.net), session.engine.equity(), "seed {seed}");
        assert!(report.headline.fills > 100, "seed {seed}: {}", report.headline.fills);
    }
}

#[test]
fn abroad_the_parts_add_up_to_the_last_digit_too() {
    for seed in 0..12 {
        let mut session = Session::abroad(seed, MINUTES);
        let mut about = session::about(&["ESH6", "EURUSD"]);
        about.currency = "EUR".into();
        let mut recorder = Recorder::new(about);
        // Each kind of change by itself, from one step to the next.
        let [mut funding, mut borrow, mut fees, mut currency] = [Money::ZERO; 4];
        let mut before = (Money::ZERO, Money::ZERO, Money::ZERO, Money::ZERO, None);
        session.run(|input, commands, engine| {
            recorder.on_step(input, commands, engine);
            let account = engine.portfolio().account(types::InstrumentId(0));
            let rate = engine.portfolio().rate(types::InstrumentId(0));
            let now = (account.equity(), account.funding, account.borrow, account.fees, rate);
            let at = |amount: Money| rate.map_or(Money::ZERO, |rate| amount.at_rate(rate));
            funding += at(now.1 - before.1);
            borrow += at(now.2 - before.2);
            fees += at(before.3 - now.3);
            if now.4 != before.4 {
                assert_eq!(now.0, before.0, "a step changes a rate or an equity");
                currency += at(now.0) - before.4.map_or(Money::ZERO, |rate| now.0.at_rate(rate));
            }
            before = now;
        });
        let report = recorder.finish(&session.engine, session::ending());
        let pnl = &report.pnl;
        let sum: Money = pnl.parts().into_iter().map(|part| part.1).sum();
        assert_eq!((sum, money(pnl.net)), (money(pnl.net), session.engine.equity()), "seed {seed}");
        assert_eq!(
            [pnl.funding, pnl.borrow, pnl.fees, pnl.currency].map(money),
            [funding, borrow, fees, currency]
        );
        assert!(funding != Money::ZERO && borrow != Money::ZERO && currency != Money::ZERO, "seed {seed}");
        let [dollars] = &report.currencies[..] else { panic!("one currency is traded") };
        let one = &report.instruments[0].pnl;
        assert_eq!((money(dollars.net), money(one.net)), (before.0, before.0), "seed {seed}");
        assert_eq!(money(dollars.worth), money(pnl.net), "seed {seed}");
        assert_eq!(one.parts().into_iter().map(|part| part.1).sum::<Money>(), before.0, "seed {seed}");
        let last = report.earned.last().expect("something was earned").1;
        assert!((last - money(pnl.net).to_f64()).abs() < 1e-9);
        assert!(report.to_html().contains("account in EUR"));
    }
}

/// What a plain reading of every step finds.
#[derive(Default)]
struct Counted {
    fills: u64,
    lots: i64,
    told_twice: u64,
    position: i64,
    position_time: i128,
    positioned: i64,
    changed_at: Option<Nanos>,
    longest: i64,
    equity_peak: Money,
    drawdown: Money,
    market_lots: i64,
    inputs: u64,
    live_time: i64,
    live: bool,
    seen_at: Option<Nanos>,
}

#[test]
fn the_headline_is_what_a_plain_count_finds() {
    let mut session = Session::new(5, &["ESH6"], MINUTES);
    let mut recorder = Recorder::new(session::about(&["ESH6"]));
    let mut plain = Counted::default();
    let mut seen = std::collections::BTreeSet::new();
    session.run(|input, commands, engine| {
        recorder.on_step(input, commands, engine);
        plain.inputs += 1;
        let now = input.received_at;
        if let Some(before) = plain.seen_at.replace(now) {
            let span = (now - before).0;
            plain.position_time += i128::from(plain.position) * i128::from(span);
            plain.positioned += if plain.position == 0 { 0 } else { span };
            plain.live_time += if plain.live { span } else { 0 };
        }
        plain.changed_at.get_or_insert(now);
        plain.live = engine.book(types::InstrumentId(0)).is_live();
        if let Event::Trade(trade) = input.event {
            plain.market_lots += trade.size.0;
        }
        if let Event::Report(report) = input.event
            && let Outcome::Filled { size, fill, .. } = report.outcome
        {
            if seen.insert((report.order, fill)) {
                let side = engine.orders().get(report.order).expect("closed not long ago").terms.side;
                plain.fills += 1;
                plain.lots += size.0;
                plain.position += Lots(size.0).signed(side).0;
                plain.longest = plain.longest.max(plain.position);
            } else {
                plain.told_twice += 1;
            }
        }
        let equity = engine.equity();
        plain.equity_peak = plain.equity_peak.max(equity);
        plain.drawdown = plain.drawdown.min(equity - plain.equity_peak);
    });
    let report = recorder.finish(&session.engine, session::ending());
    let one = &report.instruments[0];
    let duration = report.session.duration_ns as f64;
    assert!(plain.told_twice > 0, "the session is too tame");
    assert_eq!((report.headline.fills, one.volume_lots), (plain.fills, i128::from(plain.lots)));
    assert_eq!((one.inventory.last, one.inventory.max_long), (plain.position, plain.longest));
    assert_eq!(one.market_volume_lots, i128::from(plain.market_lots));
    assert_eq!(money(report.headline.max_drawdown), plain.drawdown);
    assert_eq!(report.session.inputs, plain.inputs);
    let near =
        |found: Option<f64>, truth: f64| (found.expect("the session has a length") - truth).abs() < 1e-12;
    assert!(near(one.inventory.mean, plain.position_time as f64 / duration));
    assert!(near(report.headline.time_with_position, plain.positioned as f64 / duration));
    assert!(near(one.time.live, plain.live_time as f64 / duration));
    // The portfolio counts volume and fees on its own.
    let account = session.engine.portfolio().account(types::InstrumentId(0));
    assert_eq!(i128::from(account.volume.0), one.volume_lots);
    assert_eq!((account.fills_maker, account.fills_taker), (one.fills_maker, one.fills_taker));
    assert_eq!((account.turnover, account.fees), (money(one.turnover), money(report.headline.fees)));
}

#[test]
fn fills_are_neither_lost_nor_invented_on_the_way_to_the_charts() {
    let (report, _) = report(6, MINUTES);
    let one = &report.instruments[0];
    let fills = one.fills_maker + one.fills_taker;
    assert_eq!(one.marks.iter().map(|mark| mark.fills).sum::<u64>(), fills);
    for (markouts, fills) in one.markouts.iter().zip([one.fills_maker, one.fills_taker]) {
        for point in &markouts.points {
            assert_eq!(point.fills + point.past_end + point.no_market, fills, "{point:?}");
        }
    }
    let bought: i128 = one.marks.iter().filter(|m| m.side == Side::Buy).map(|m| m.lots).sum();
    let sold: i128 = one.marks.iter().filter(|m| m.side == Side::Sell).map(|m| m.lots).sum();
    assert_eq!(bought - sold, i128::from(one.inventory.last));
    assert_eq!(one.position.last().map(|p| p.1), Some(one.inventory.last));
    let last = report.earned.last().expect("something was earned").1;
    assert!((last - money(report.pnl.net).to_f64()).abs() < 1e-9);
    assert!([&report.earned, &report.drawdown, &one.mid].iter().all(|points| points.len() <= 2_000));
    // Every new order was answered but those under way at the end.
    let answered = report.latency.order.count;
    assert!(report.activity.orders_placed - answered <= 4);
    // The feed was stale for five of the 720 seconds.
    let stale = one.time.stale.expect("the session has a length");
    assert!((stale - 5.0 / 720.0).abs() < 1e-3, "{stale}");
}

#[test]
fn the_page_stands_alone_and_data_cannot_break_out_of_it() {
    let hostile = "</script><img src=x onerror=alert(1)>\"'&";
    let mut about = session::about(&[hostile]);
    about.title = hostile.into();
    about.config = hostile.into();
    about.data[0].name = hostile.into();
    let mut session = Session::new(1, &[hostile], Nanos::from_secs(60));
    let mut recorder = Recorder::new(about);
    session.run(|input, commands, engine| recorder.on_step(input, commands, engine));
    let mut ending = session::ending();
    ending.faults[0].what = hostile.into();
    ending.caveats.push(hostile.into());
    let html = recorder.finish(&session.engine, ending).to_html();
    assert!(!html.contains("<img") && !html.contains("onerror=alert(1)>\""));
    // Two scripts, opened and closed by us.
    assert_eq!((html.matches("<script").count(), html.matches("</script").count()), (2, 2));
    let outside: Vec<_> =
        ["src=\"", "href=", "url(http", "@import"].iter().filter(|s| html.contains(**s)).collect();
    assert!(outside.is_empty(), "{outside:?}");
    // The only address is the name of SVG in the script.
    assert_eq!(html.matches("://").count(), 1);
}

fn empty() -> Report {
    let session = Session::new(1, &["ESH6"], Nanos(0));
    Recorder::new(session::about(&["ESH6"])).finish(&session.engine, session::ending())
}

#[test]
fn a_run_without_input_has_a_report_that_says_so() {
    let report = empty();
    assert_eq!((report.session.inputs, report.headline.fills), (0, 0));
    assert_eq!(money(report.pnl.net), Money::ZERO);
    assert!(report.to_html().contains("no input"));
    let numbers: serde_json::Value = serde_json::from_str(&report.to_json()).expect("JSON");
    assert_eq!(numbers["format"], "quoin-report-1");
    assert_eq!(numbers["headline"]["net"], "0");
    assert!(numbers["headline"]["maker_share"].is_null());
    // NaN and infinity have no place in JSON, nor on a page.
    assert!(!report.to_html().contains("NaN") && !report.to_html().contains("inf\""));
}

#[test]
fn the_summary_names_every_section_and_no_value_is_missing() {
    let (report, _) = report(2, MINUTES);
    let titles: Vec<_> = report.summary().iter().map(|section| section.0).collect();
    assert_eq!(titles, ["Result", "P&L by part", "Trading", "Orders", "Latency", "Instruments"]);
    for (title, rows) in report.summary() {
        assert!(
            !rows.is_empty() && rows.iter().all(|row| !row.1.is_empty() && !row.1.contains("NaN")),
            "{title}"
        );
    }
}

#[test]
fn an_instrument_without_a_market_has_its_place_and_changes_no_total() {
    let mut session = Session::new(2, &["ESH6", "NQH6"], MINUTES);
    let mut recorder = Recorder::new(session::about(&["ESH6", "NQH6"]));
    session.run(|input, commands, engine| recorder.on_step(input, commands, engine));
    let both = recorder.finish(&session.engine, session::ending());
    let (alone, _) = report(2, MINUTES);
    assert_eq!(both.pnl, alone.pnl);
    assert_eq!(both.instruments[0].pnl, alone.instruments[0].pnl);
    let idle = &both.instruments[1];
    assert_eq!((idle.fills_maker + idle.fills_taker, idle.mid.len()), (0, 0));
    assert_eq!((idle.time.building, idle.participation), (Some(1.0), None));
    let html = both.to_html();
    assert!(html.contains("NQH6 inventory (lots)") && !html.contains("NaN"));
}
