//! Money that no fill moves, through the whole path: a recorded market, configured rates, the report, the journal.

use engine::Engine;
use journal::{Options, Writer};
use reports::report::PARTS;
use reports::run::Watch;
use runtime::backtest::{Backtest, Observer};
use runtime::config::{CurrencyRate, FeeTier, InstrumentBorrow, InstrumentFunding};
use runtime::source::{Progress, Recording};
use runtime::{Config, Prepared, prepare};
use std::path::PathBuf;
use types::{CashKind, Command, Event, Flags, Input, InstrumentId, Lots, Money, Nanos, Outcome, Ticks};

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
        if let Event::Report(report) = input.event {
            if let Outcome::Filled { size, .. } = report.outcome {
                let order = engine.orders().get(report.order).expect("ours");
                self.fills.push((report.venue_at, size.signed(order.terms.side).0));
            }
        } else if let Event::Cash(cash) = input.event {
            self.told.push((cash.venue_at, cash.kind, cash.amount()));
        } else if let Some(venue_at) = input.event.venue_at() {
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
    assert_eq!(PARTS.iter().map(|part| (part.of)(pnl)).sum::<Money>(), pnl.net.0);
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

#[test]
fn two_markets_in_two_currencies_are_one_account() {
    let files = ["binance-l2/usdm/btcusdt_20240808.gz", "binance-l2/cm/btcusd_perp_20240808.gz"];
    let recordings = files.map(|file| testkit::data::recorded(file).map(Recording::File));
    let Some(recordings) = recordings.into_iter().collect::<Option<Vec<_>>>() else { return };
    let mut config = config();
    config.trading.symbols = vec!["binance-usdm/BTCUSDT".into(), "BTCUSD_PERP".into()];
    config.funding.instrument[0].name = "binance".into();
    (config.fees.maker_bp, config.fees.taker_bp) = (2.0, 5.0);

    // Without a rate there is no sum, and the refusal says what to write.
    let refused = prepare(recordings.clone(), config.clone(), |_| {}).expect_err("no rate").to_string();
    assert!(refused.contains("[[currency]] code = \"BTC\""), "{refused}");
    let rate = CurrencyRate { code: "BTC".into(), instrument: "BTCUSDT".into(), ..Default::default() };
    config.currency = vec![rate];
    let prepared = prepare(recordings, config, |_| {}).expect("a run can start");
    let coin = prepared.setup.instruments.iter().find(|i| i.currency() == "BTC").expect("it is traded").id();
    let dollar =
        prepared.setup.instruments.iter().find(|i| i.currency() == "USDT").expect("it is traded").id();

    let folder = Folder::new("currencies");
    let feed = prepared.feed(&Progress::default()).expect("the recordings open");
    let json = prepared.setup.to_json();
    let journal = Writer::create(&folder.0, json.as_bytes(), Options::default()).expect("a new folder");
    let mut run = Backtest::new(&prepared.setup, feed, Some(journal)).expect("a run starts");
    let mut abroad = Abroad { coin, dollar, rate: 0, equity: 0, fees: 0, currency: 0, paid: 0 };
    let mut watch = Watch::new(&prepared.setup);
    run.run(&mut Two(&mut abroad, &mut watch), |_| {}).expect("a run ends");
    let (engine, _) = run.finish().expect("the journal is written");
    let report = watch.finish(&engine, None, Vec::new());
    let pnl = &report.pnl;
    assert!(abroad.currency != 0 && abroad.paid != 0, "nothing happened abroad");
    assert_eq!(pnl.currency.0, Money(abroad.currency));
    assert_eq!(pnl.fees.0, -engine.portfolio().account(dollar).fees - Money(abroad.paid));
    let net = engine.portfolio().account(dollar).equity() + Money(abroad.worth());
    assert_eq!((pnl.net.0, engine.equity()), (net, net));
    assert_eq!(PARTS.iter().map(|part| (part.of)(pnl)).sum::<Money>(), net);
    assert_eq!((report.currency.as_str(), report.currencies.len()), ("USDT", 2));

    let replayed = runtime::replay::replay(&folder.0, &mut Silent, |_| {}).expect("a whole journal");
    assert!(replayed.divergence.is_none());
    assert_eq!(replayed.engine.equity(), net);
}

struct Silent;

impl Observer for Silent {
    fn on_step(&mut self, _: &Input, _: &[Command], _: &Engine) {}
}

/// What a foreign balance comes to, by the mid of the dollar market's book.
struct Abroad {
    coin: InstrumentId,
    dollar: InstrumentId,
    /// Of one coin, in 10⁻¹².
    rate: i128,
    equity: i128,
    fees: i128,
    currency: i128,
    paid: i128,
}

impl Abroad {
    fn at_rate(&self, amount: i128) -> i128 {
        (amount * self.rate).div_euclid(Money::ONE.0)
    }

    fn worth(&self) -> i128 {
        self.at_rate(self.equity)
    }
}

impl Observer for Abroad {
    fn on_step(&mut self, input: &Input, _: &[Command], engine: &Engine) {
        let book = engine.book(self.dollar);
        if input.event.instrument() == Some(self.dollar)
            && input.event.flags().has(Flags::LAST)
            && book.is_live()
            && let Some((bid, ask)) = book.best_bid().zip(book.best_ask())
        {
            let before = self.worth();
            let tick = i128::from(engine.instruments()[self.dollar.index()].terms().tick_nanos);
            self.rate = i128::from(bid.price.0 + ask.price.0) * tick * 500;
            self.currency += self.worth() - before;
        }
        let account = engine.portfolio().account(self.coin);
        self.equity = account.equity().0;
        let fee = account.fees.0 - self.fees;
        self.fees = account.fees.0;
        self.paid -= self.at_rate(-fee);
    }
}

struct Two<'a>(&'a mut Abroad, &'a mut Watch);

impl Observer for Two<'_> {
    fn on_step(&mut self, input: &Input, commands: &[Command], engine: &Engine) {
        self.0.on_step(input, commands, engine);
        self.1.on_step(input, commands, engine);
    }
}

/// Fills by day, liquidity and worth.
#[derive(Default)]
struct Days(Vec<(i64, bool, Money)>);

impl Observer for Days {
    fn on_step(&mut self, input: &Input, _: &[Command], engine: &Engine) {
        if let Event::Report(report) = input.event
            && let Outcome::Filled { price, size, liquidity, .. } = report.outcome
        {
            let worth = engine.instruments()[report.instrument.index()].notional(price, size);
            let day = report.venue_at.0.div_euclid(DAY);
            self.0.push((day, liquidity == types::Liquidity::Maker, worth));
        }
    }
}

#[test]
fn a_tier_reached_before_midnight_holds_after_it() {
    let file = "dbn/es-2024-07-01/futures_mbp-1_2024-07-01T23-58_2024-07-02T00-02.dbn.zst";
    let Some(file) = testkit::data::recorded(file) else { return };
    let mut config = Config::default();
    config.trading.strategy = "joined_touch".into();
    (config.fees.maker_bp, config.fees.taker_bp) = (1.0, 2.0);
    config.fees.starting_turnover = 30.0;
    let tier = FeeTier { venue: String::new(), turnover: 100.0, maker_bp: 0.5, taker_bp: 1.5 };
    config.fees.tier = vec![tier];
    let prepared = prepare(vec![Recording::File(file)], config, |_| {}).expect("a run can start");
    let feed = prepared.feed(&Progress::default()).expect("the recording opens");
    let mut run = Backtest::new(&prepared.setup, feed, None).expect("a run starts");
    let (mut days, mut watch) = (Days::default(), Watch::new(&prepared.setup));
    struct Pair<'a>(&'a mut Days, &'a mut Watch);
    impl Observer for Pair<'_> {
        fn on_step(&mut self, input: &Input, commands: &[Command], engine: &Engine) {
            self.0.on_step(input, commands, engine);
            self.1.on_step(input, commands, engine);
        }
    }
    run.run(&mut Pair(&mut days, &mut watch), |_| {}).expect("a run ends");
    let report = watch.finish(run.engine(), None, Vec::new());
    let first = days.0.first().expect("something traded").0;
    let last = days.0.last().expect("something traded").0;
    assert_eq!(last, first + 1, "the run trades on both sides of midnight");
    // Basis points of each fill, in tenths: the plain rates on the first day, the tier's on the second.
    let bp = |day: i64, maker: bool| match (day == first, maker) {
        (true, true) => 10,
        (true, false) => 20,
        (false, true) => 5,
        (false, false) => 15,
    };
    let fee =
        |&(day, maker, worth): &(i64, bool, Money)| Money(-(-worth.0 * bp(day, maker)).div_euclid(100_000));
    assert_eq!(report.headline.fees.0, days.0.iter().map(fee).sum::<Money>());
    let tiers: Vec<_> = report.fee_tiers.iter().map(|tier| (tier.maker_bp, tier.taker_bp)).collect();
    assert_eq!(tiers, [(None, None), (Some(0.5), Some(1.5))]);
    assert_eq!(report.fee_tiers[1].since_at, last * DAY);
    let rows = report.summary();
    let shown =
        rows.iter().flat_map(|section| &section.1).filter(|row| row.0.starts_with("Fee tier")).count();
    assert_eq!(shown, 2);
}
