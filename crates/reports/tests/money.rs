//! Money that no fill moves, through the whole path: a recorded market, configured rates, the report, the journal.

use engine::Engine;
use journal::{Options, Writer};
use reports::run::Watch;
use runtime::backtest::{Backtest, Observer};
use runtime::config::{InstrumentBorrow, InstrumentFunding};
use runtime::source::{Progress, Recording};
use runtime::{Config, Prepared, prepare};
use std::path::PathBuf;
use types::{CashKind, Command, Event, Input, InstrumentId, Lots, Money, Nanos, Outcome, Ticks};

const MINUTE: i64 = 60_000_000_000;
const DAY: i64 = 24 * 60 * MINUTE;
const BTCUSDT: InstrumentId = InstrumentId(0);

/// Funding every minute, so that six minutes see some of it; a day ends at 23:58.
fn config() -> Config {
    let mut config = Config::default();
    config.funding.every_hours = 1.0 / 60.0;
    config.funding.instrument =
        vec![InstrumentFunding { name: "binance-usdm".into(), rate_bp: Some(1.25), ..Default::default() }];
    config.borrow.day_ends_at_hour = 23.0 + 58.0 / 60.0;
    config.borrow.instrument = vec![InstrumentBorrow {
        name: "binance-usdm/BTCUSDT".into(),
        short_percent_a_year: Some(7.3),
        long_percent_a_year: Some(3.65),
        days_a_year: Some(365),
        ..Default::default()
    }];
    config
}

fn prepared(config: Config) -> Option<Prepared> {
    let file = testkit::data::recorded("binance-l2/usdm/btcusdt_20240808.gz")?;
    Some(prepare(vec![Recording::File(file)], config, |_| {}).expect("a run can start"))
}

/// What anybody who reads the inputs can count: our fills and the market by the venue's clock, and the cash told.
#[derive(Default)]
struct Plain {
    fills: Vec<(Nanos, i64)>,
    clock: Nanos,
    touch: Option<(Ticks, Ticks)>,
    /// The touch that stood before the first event of each minute.
    marks: Vec<(Nanos, (Ticks, Ticks))>,
    told: Vec<(Nanos, CashKind, Money)>,
}

impl Observer for Plain {
    fn on_step(&mut self, input: &Input, _: &[Command], engine: &Engine) {
        match input.event {
            Event::Report(report) => {
                if let Outcome::Filled { size, .. } = report.outcome {
                    let order = engine.orders().get(report.order).expect("ours");
                    self.fills.push((report.venue_at, size.signed(order.terms.side).0));
                }
            }
            Event::Cash(cash) => self.told.push((cash.venue_at, cash.kind, cash.amount())),
            event => {
                let Some(venue_at) = event.venue_at() else { return };
                let before = self.clock;
                self.clock = self.clock.max(venue_at);
                if let (Some(touch), true) = (self.touch, before > Nanos(0)) {
                    let minutes = before.0.div_euclid(MINUTE) + 1..=self.clock.0.div_euclid(MINUTE);
                    self.marks.extend(minutes.map(|minute| (Nanos(minute * MINUTE), touch)));
                }
                let book = engine.book(BTCUSDT);
                self.touch = book.best_bid().zip(book.best_ask()).map(|(bid, ask)| (bid.price, ask.price));
            }
        }
    }
}

/// Both at once.
struct Both<'a>(&'a mut Plain, &'a mut Watch);

impl Observer for Both<'_> {
    fn on_step(&mut self, input: &Input, commands: &[Command], engine: &Engine) {
        self.0.on_step(input, commands, engine);
        self.1.on_step(input, commands, engine);
    }
}

/// What the moments should have moved, from the fills and the marks.
fn expected(plain: &Plain, engine: &Engine) -> Vec<(Nanos, CashKind, Money)> {
    let unit = engine.instruments()[0].value(Ticks(1), Lots(1)).0;
    let mut due = Vec::new();
    for &(at, (bid, ask)) in &plain.marks {
        let position: i64 = plain.fills.iter().filter(|fill| fill.0 < at).map(|fill| fill.1).sum();
        let notional = (unit * i128::from(position.abs()) * i128::from(bid.0 + ask.0) + 1) / 2;
        let mut move_cash = |kind, parts: i128, whole: i128| {
            let amount = Money((notional * parts).div_euclid(whole));
            if amount != Money::ZERO {
                due.push((at, kind, amount));
            }
        };
        move_cash(CashKind::Funding, -125_000 * i128::from(position.signum()), 1_000_000_000);
        if at.0.rem_euclid(DAY) == DAY - 2 * MINUTE {
            let yearly = if position < 0 { -73_000_000 } else { -36_500_000 };
            move_cash(CashKind::Borrow, yearly, 365_000_000_000);
        }
    }
    due
}

struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("quoin-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[test]
fn the_venue_moves_what_a_plain_count_of_fills_and_marks_says() {
    let Some(prepared) = prepared(config()) else { return };
    let folder = Folder::new("money");
    let feed = prepared.feed(&Progress::default()).expect("the recording opens");
    let json = prepared.setup.to_json();
    let journal = Writer::create(&folder.0, json.as_bytes(), Options::default()).expect("a new folder");
    let mut run = Backtest::new(&prepared.setup, feed, Some(journal)).expect("a run starts");
    let (mut plain, mut watch) = (Plain::default(), Watch::new(&prepared.setup));
    run.run(&mut Both(&mut plain, &mut watch), |_| {}).expect("a run ends");
    assert_eq!(run.venue().position(BTCUSDT), run.engine().portfolio().position(BTCUSDT));
    let (engine, _) = run.finish().expect("the journal is written");

    let due = expected(&plain, &engine);
    assert!(due.len() >= 4, "the market moved no cash: {due:?}");
    assert_eq!(plain.told, due);
    let sum = |kind| due.iter().filter(|cash| cash.1 == kind).map(|cash| cash.2).sum::<Money>();
    let account = engine.portfolio().account(BTCUSDT);
    assert_eq!((account.funding, account.borrow), (sum(CashKind::Funding), sum(CashKind::Borrow)));
    assert!(account.funding != Money::ZERO && account.borrow < Money::ZERO);

    let report = watch.finish(&engine, None, Vec::new());
    let pnl = &report.pnl;
    assert_eq!((pnl.funding.0, pnl.borrow.0), (account.funding, account.borrow));
    assert_eq!(pnl.parts().iter().map(|part| part.1).sum::<Money>(), pnl.net.0);
    assert_eq!(pnl.net.0, engine.equity());
    let page = report.to_html();
    assert!(page.contains("Funding") && page.contains("every 1 min"), "the page says what holding costs");

    // The journal says the same again, command for command.
    let mut again = Plain::default();
    let replayed = runtime::replay::replay(&folder.0, &mut again, |_| {}).expect("a whole journal");
    assert!(replayed.divergence.is_none());
    assert_eq!(again.told, due);
    assert_eq!(replayed.engine.equity(), engine.equity());
}

#[test]
fn without_a_rate_nothing_is_moved_and_nothing_changes() {
    let Some(free) = prepared(Config::default()) else { return };
    let mut dear = config();
    dear.funding.instrument.clear();
    dear.borrow.instrument.clear();
    let Some(dear) = prepared(dear) else { return };
    let run = |prepared: &Prepared| {
        let feed = prepared.feed(&Progress::default()).expect("the recording opens");
        let mut run = Backtest::new(&prepared.setup, feed, None).expect("a run starts");
        let mut plain = Plain::default();
        run.run(&mut plain, |_| {}).expect("a run ends");
        (plain.fills, plain.told.len(), run.engine().equity())
    };
    let (free, dear) = (run(&free), run(&dear));
    assert!(free == dear && free.1 == 0 && !free.0.is_empty());
}
