//! Session calendars in a run: moments across summer time, trading days, what the venue, risk and the strategy hear.

use engine::{Engine, Seat, Strategy, View, Wants};
use runtime::backtest::{Backtest, Observer};
use runtime::calendar::{Calendar, list};
use runtime::moment;
use runtime::source::{Progress, Recording};
use runtime::{Config, generate, prepare};
use std::cell::RefCell;
use std::rc::Rc;
use testkit::data::recorded;
use types::{
    Command, Event, Input, InstrumentId, Lots, Nanos, NewOrder, OrderKind, Outcome, Phase, RejectReason,
};
use types::{Side, TimeInForce};

fn at(text: &str) -> Nanos {
    moment::parse(text).expect("a moment")
}

fn calendar(name: &str) -> Calendar {
    Calendar::of(list::find(name).expect("built in"))
}

fn changes(name: &str, from: &str, to: &str) -> Vec<String> {
    let say = |(at, phase): (Nanos, Phase)| format!("{} {phase:?}", &moment::rfc3339(at)[5..16]);
    calendar(name).changes(at(from), at(to)).into_iter().map(say).collect()
}

#[test]
fn t_08_sessions_follow_the_wall_s_clock_through_summer_time() {
    // Chicago goes forward at 2:00 on 10 March 2024, and back on 3 November.
    assert_eq!(
        changes("cme_equity", "2024-03-08T12:00", "2024-03-11T23:00"),
        [
            "03-08T12:00 Open",
            "03-08T22:00 Closed",
            "03-10T21:00 PreOpen",
            "03-10T22:00 Open",
            "03-11T21:00 Closed",
            "03-11T21:45 PreOpen",
            "03-11T22:00 Open",
        ]
    );
    assert_eq!(
        changes("us_equities", "2024-11-01T00:00", "2024-11-05T00:00"),
        [
            "11-01T00:00 Closed",
            "11-01T10:30 PreOpen",
            "11-01T13:30 Open",
            "11-01T20:00 Closed",
            "11-04T11:30 PreOpen",
            "11-04T14:30 Open",
            "11-04T21:00 Closed",
        ]
    );
    // The evening of Christmas opens the 26th; Thanksgiving stops at noon and grains stay away overnight.
    assert_eq!(
        changes("cme_equity", "2023-12-24T00:00", "2023-12-26T00:00"),
        ["12-24T00:00 Closed", "12-25T22:45 PreOpen", "12-25T23:00 Open"]
    );
    assert_eq!(
        changes("cme_grains", "2024-11-27T12:00", "2024-11-29T20:00"),
        [
            "11-27T12:00 Open",
            "11-27T13:45 Halted",
            "11-27T14:00 PreOpen",
            "11-27T14:30 Open",
            "11-27T19:20 Closed",
            "11-29T14:30 Open",
            "11-29T18:05 Closed",
        ]
    );
}

#[test]
fn t_08_a_trading_day_begins_in_the_evening_and_a_holiday_belongs_to_the_day_after() {
    let days = calendar("cme_equity").trading_days(at("2024-01-12T12:00"), at("2024-01-17T12:00"));
    let said: Vec<_> = days.iter().map(|(at, day)| (moment::rfc3339(*at), day.days())).collect();
    // 2024-01-12 is day 19,734. Martin Luther King's day, the 15th, stops at noon and is the 16th's.
    let expected = [
        ("2024-01-11T22:45:00Z", 19_734),
        ("2024-01-14T22:00:00Z", 19_738),
        ("2024-01-16T22:45:00Z", 19_739),
    ];
    assert_eq!(said, expected.map(|(at, day)| (at.to_string(), day)));
}

#[test]
fn t_08_every_calendar_is_open_and_closed_in_turn_for_twenty_years() {
    for spec in list::ALL.iter().filter(|spec| !spec.hours.is_empty()) {
        let calendar = Calendar::of(spec);
        let (from, to) = (at("2015-01-01"), at("2035-12-31"));
        let changes = calendar.changes(from, to);
        assert!(
            changes.windows(2).all(|pair| pair[0].0 < pair[1].0 && pair[0].1 != pair[1].1),
            "{}",
            spec.name
        );
        let open: i64 = changes
            .windows(2)
            .filter(|pair| pair[0].1 == Phase::Open)
            .map(|pair| (pair[1].0 - pair[0].0).0)
            .sum();
        let share = open as f64 / (to - from).0 as f64;
        let (least, most) = match spec.name {
            "us_equities" => (0.18, 0.20),
            "us_equities_extended" => (0.44, 0.48),
            "cme_grains" => (0.47, 0.53),
            _ => (0.64, 0.69),
        };
        assert!((least..most).contains(&share), "{}: {share}", spec.name);
        let days = calendar.trading_days(from, to);
        assert!(days.windows(2).all(|pair| pair[0].0 < pair[1].0 && pair[0].1 < pair[1].1), "{}", spec.name);
        // Cut in two, it says the same.
        let middle = at("2024-03-10T08:00:00");
        let mut halves = calendar.changes(from, middle);
        halves.extend(calendar.changes(middle, to).into_iter().skip(1));
        assert_eq!(halves, changes, "{}", spec.name);
    }
}

/// Places one order whenever a book changes, and writes down what it hears.
struct Eager {
    force: TimeInForce,
    heard: Rc<RefCell<Vec<String>>>,
    placed: u32,
    most: u32,
    phase: Option<Phase>,
}

impl Strategy for Eager {
    fn on_book(&mut self, instrument: InstrumentId, view: &View<'_>, wants: &mut Wants) {
        let book = view.book(instrument);
        if self.phase != Some(book.phase()) {
            self.phase = Some(book.phase());
            self.heard.borrow_mut().push(format!("{:?}", book.phase()));
            self.placed = 0;
        }
        let Some(bid) = book.best(Side::Buy) else { return };
        if self.placed < self.most {
            self.placed += 1;
            wants.place(NewOrder {
                instrument,
                side: Side::Buy,
                kind: OrderKind::Limit,
                time_in_force: self.force,
                price: bid.price - 20,
                size: Lots(1),
            });
        }
    }
}

/// Writes down what the venue said.
struct Said(Vec<(Nanos, Outcome)>, Vec<(Nanos, Phase)>, Vec<Nanos>);

impl Observer for Said {
    fn on_step(&mut self, input: &Input, _: &[Command], engine: &Engine) {
        let is_crossed = |id: InstrumentId| matches!(engine.book(id).state(), book::State::Crossed { .. });
        if input.event.instrument().is_some_and(is_crossed) {
            self.2.extend(input.event.venue_at());
        }
        if let Event::Report(report) = &input.event {
            self.0.push((report.venue_at, report.outcome));
        }
        if let Event::Status(status) = &input.event {
            self.1.push((status.venue_at, status.phase));
        }
    }
}

struct Ran {
    heard: Vec<String>,
    /// Orders that risk held back because the market was not open.
    held_back: u64,
    said: Said,
    sessions: runtime::calendar::Sessions,
}

fn run(recordings: Vec<Recording>, config: &str, force: TimeInForce, most: u32) -> Ran {
    let config = Config::parse(config).expect("valid");
    let prepared = prepare(recordings, config, |_| {}).expect("a run can start");
    let heard = Rc::default();
    let strategy = Box::new(Eager { force, heard: Rc::clone(&heard), placed: 0, most, phase: None });
    let instruments = prepared.setup.strategies[0].traded.clone();
    let engine = prepared.setup.engine_with(vec![Seat { strategy, instruments }]);
    let feed = prepared.feed(&Progress::default()).expect("the recordings open");
    let mut backtest = Backtest::with_engine(&prepared.setup, engine, feed, None).expect("a run starts");
    let mut said = Said(Vec::new(), Vec::new(), Vec::new());
    backtest.run(&mut said, |_| {}).expect("a run ends");
    let heard = heard.borrow().clone();
    let refusals = backtest.engine().risk().refusals();
    let held_back = refusals.filter(|(kind, _)| *kind == "market closed").map(|(_, count)| count).sum();
    Ran { heard, held_back, said, sessions: prepared.setup.sessions }
}

fn embedded() -> Vec<Recording> {
    vec![generate::embedded(|_| {})]
}

/// When the embedded session begins and ends.
fn span() -> (Nanos, Nanos) {
    let survey = runtime::survey(&embedded(), |_| {}).expect("readable");
    survey.files[0].span.expect("events")
}

#[test]
fn a_configured_halt_is_heard_by_all_and_the_recording_s_own_word_stands() {
    let (from, to) = span();
    let third = Nanos((to - from).0 / 3);
    let (halt, resume) = (from + third, from + third + third);
    let config = format!(
        "[venue]\ncalendar = \"auto\"\n[[venue.halt]]\nsymbol = \"*\"\nfrom = \"{}\"\nto = \"{}\"\n",
        moment::rfc3339(halt),
        moment::rfc3339(resume)
    );
    let ran = run(embedded(), &config, TimeInForce::GoodTilCancel, 3);
    assert_eq!(ran.heard, ["Open", "Halted", "Open"]);
    // The generator tells its phases, as CME does.
    assert!(!ran.sessions.recorded.is_empty() && ran.sessions.calendars.is_empty());
    for (at, outcome) in &ran.said.0 {
        let in_halt = (halt..resume).contains(at);
        if *outcome == Outcome::Rejected(RejectReason::MarketClosed) {
            assert!(in_halt, "{at:?}");
        } else if *outcome == Outcome::Accepted {
            assert!(!in_halt, "{at:?}");
        }
    }
    // Risk knows of the halt (RC-25): what is wished in it never leaves, and no venue has to refuse it.
    let refused = ran.said.0.iter().filter(|said| said.1 == Outcome::Rejected(RejectReason::MarketClosed));
    assert_eq!((refused.count(), ran.held_back), (0, 3));
}

#[test]
fn day_orders_end_when_a_configured_market_closes() {
    // A recording that says nothing of phases: quotes of one day, by a table.
    let mut csv = String::from("timestamp,bid_price,bid_size,ask_price,ask_size\n");
    for hour in 7..20 {
        for minute in 0..60 {
            csv.push_str(&format!(
                "2024-03-08 {hour:02}:{minute:02}:00,{},5,{},5\n",
                100 + minute % 3,
                104 + minute % 3
            ));
        }
    }
    let name = "X_quotes.csv";
    let memory = || vec![Recording::Memory { name: name.into(), bytes: csv.clone().into_bytes().into() }];
    let calendar = "[[calendar]]\nname = \"berlin\"\nsymbols = [\"X\"]\nzone = \"Europe/Berlin\"\nopen = \"09:00\"\n\
                    close = \"17:30\"\ncall = \"08:50\"\nbreaks = [\"13:00-13:02\"]\n";
    let ran = run(memory(), calendar, TimeInForce::Day, 2);
    assert_eq!(ran.heard, ["Closed", "PreOpen", "Open", "Halted", "Open", "Closed"]);
    assert_eq!(ran.sessions.calendars, [("X".to_string(), "berlin".to_string())]);
    let gone: Vec<_> =
        ran.said.0.iter().filter(|said| said.1 == Outcome::Canceled).map(|said| said.0).collect();
    // Two from the morning, two from the afternoon; 17:30 in Berlin is 16:30 in UTC.
    assert_eq!(gone, [at("2024-03-08T16:30:00"); 4]);
    // Off, nobody ever closes.
    let off = run(memory(), "", TimeInForce::Day, 2);
    assert_eq!((off.heard, off.said.0.len()), (vec!["Open".to_string()], 2));
    assert!(off.sessions.is_empty());
}

#[test]
fn calendars_that_make_no_sense_are_refused_with_advice() {
    let cases = [
        (
            "[venue]\ncalendar = \"cme_equities\"\n",
            "`venue.calendar` is `cme_equities`: did you mean `cme_equity`?",
        ),
        (
            "[[venue.halt]]\nsymbol = \"X\"\nfrom = \"2024-01-02\"\nto = \"2024-01-01\"\n",
            "`venue.halt of X` is 2024-01-02 to 2024-01-01: must be two moments like 2024-03-01T15:00:00Z, the first \
             before the second",
        ),
        (
            "[[calendar]]\nname = \"x\"\nzone = \"Nowhere\"\nopen = \"09:00\"\nclose = \"17:00\"\n",
            "`calendar.zone of x` is Nowhere: must be a zone like \"Europe/Berlin\"",
        ),
        (
            "[[calendar]]\nname = \"x\"\nzone = \"UTC\"\nopen = \"9\"\nclose = \"17:00\"\n",
            "`calendar.open of x` is 9: must be a time like \"09:30\"",
        ),
        (
            "[[calendar]]\nname = \"cme_fx\"\nzone = \"UTC\"\nopen = \"09:00\"\nclose = \"17:00\"\n",
            "`calendar.name` is cme_fx: must be another name: this one is built in",
        ),
        (
            "[[calendar]]\nname = \"x\"\nzon = \"UTC\"\n",
            "line 3: unknown key `calendar.zon`; did you mean `calendar.zone`?",
        ),
    ];
    for (text, message) in cases {
        assert_eq!(Config::parse(text).expect_err(text).to_string(), message);
    }
}

/// Labor Day 2013 and the day after, by the trades themselves: none while the calendar says that nothing trades.
#[test]
fn recorded_trades_of_es_lie_within_the_calendar() {
    let Some(path) = recorded("es-ticks/es_ticks_2013-09-01_03.csv.zst") else { return };
    let config = "[venue]\ncalendar = \"auto\"\n[[instrument]]\nsymbol = \"ES\"\ntick = \"0.25\"\n";
    let config = Config::parse(config).expect("valid");
    let survey = runtime::survey(&[Recording::File(path.clone())], |_| {}).expect("readable");
    let (from, to) = survey.files[0].span.expect("trades");
    let changes = calendar("cme_equity").changes(Nanos(from.0 - 1), to);
    let mut source = runtime::source::open(&Recording::File(path), &Progress::default()).expect("readable");
    let mut directory = survey.directory(&survey.table(&config).expect("terms"));
    let (mut out, mut more, mut inside, mut outside) = (venues::Output::default(), true, 0_u64, Vec::new());
    while more {
        more = source.read(&mut directory, &mut out).expect("readable");
        for arrival in &out.arrivals {
            let Event::Trade(trade) = arrival.event else { continue };
            let place = changes.partition_point(|change| change.0 <= trade.venue_at);
            if changes[place - 1].1 == Phase::Open {
                inside += 1;
            } else {
                outside.push(trade.venue_at);
            }
        }
    }
    assert!(inside > 490_000 && outside.is_empty(), "{inside} inside, {outside:?}");
}

/// On Christmas 2023 ES was called for until 17:00 in Chicago, which the recording does not say: its book is crossed
/// then, and orders are taken from the open on.
#[test]
fn recorded_orders_of_es_are_called_for_until_the_calendar_opens() {
    let Some(path) = recorded("dbn/esh4-glbx-mdp3-20231225.mbo.dbn.zst") else { return };
    let opens = at("2023-12-25T23:00");
    let changes = calendar("cme_equity").changes(at("2023-12-25T00:00"), at("2023-12-26T00:00"));
    assert_eq!(changes.last(), Some(&(opens, Phase::Open)));
    let config = "[venue]\ncalendar = \"auto\"\n";
    let ran = run(vec![Recording::File(path)], config, TimeInForce::GoodTilCancel, 2);
    assert_eq!(ran.sessions.calendars, [("ESH4".to_string(), "cme_equity".to_string())]);
    assert_eq!(ran.heard.last().map(String::as_str), Some("Open"));
    let accepted = ran.said.0.iter().filter(|said| said.1 == Outcome::Accepted).map(|said| said.0);
    let first = accepted.min().expect("orders while it is open");
    assert!(first >= opens, "{}", moment::rfc3339(first));
    // 891 crossed states between 22:39:55 and the open, counted by an independent tool; none after it.
    let last = ran.said.2.last().expect("crossed states");
    assert!(*last <= opens + Nanos(1_000_000), "{}", moment::rfc3339(*last));
}
