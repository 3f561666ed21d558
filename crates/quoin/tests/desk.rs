//! `quoin desk` with a venue on the other end of its pipe, and everything that can happen to a process.
#![cfg(target_os = "linux")]

mod common;

use common::{Scratch, quoin, succeed};
use journal::Reader;
use runtime::Setup;
use runtime::backtest::Observer;
use runtime::restart::{Restarted, restart};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, Command as Process, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread::JoinHandle;
use std::time::Duration;
use stdx::Prng;
use types::record::{RECORD_BYTES, Record};
use types::{
    Command, Event, Flags, Input, InstrumentId, LevelAction, LevelDelta, Liquidity, Lots, Nanos, OrderId,
    Outcome, Report, Seq, Session, SessionChange, Side, Ticks, VenueId,
};

const START: Nanos = Nanos(1_767_623_400_000_000_000);
type Bytes = [u8; RECORD_BYTES];

/// A run to begin like: two futures, one quoted by who joins the touch.
fn model(scratch: &Scratch) -> (String, InstrumentId) {
    let (day, run) = (scratch.text("day.pcap"), scratch.text("model"));
    succeed(&["generate", "--seed", "5", "--minutes", "1", "--out", &day]);
    succeed(&["backtest", "--data", &day, "--strategy", "joined_touch", "--out", &run]);
    let traded = runtime::replay::setup_of(Path::new(&run)).expect("a run").traded()[0];
    (run, traded)
}

/// One of our orders, as the venue has it.
#[derive(Clone, Copy, Debug)]
struct Standing {
    side: Side,
    price: Ticks,
    size: i64,
    filled: i64,
    open: bool,
}

/// The gateway and the venue behind it, which outlive every desk.
struct Venue {
    instrument: InstrumentId,
    prng: Prng,
    now: Nanos,
    mid: i64,
    orders: BTreeMap<OrderId, Standing>,
    position: i64,
    fills: u32,
    /// Said since the desk began that runs now, and what was said to the one before: said again to the next.
    said: Vec<Report>,
    /// Every command that came, as it came.
    heard: Vec<Bytes>,
    /// How often each order was to be cancelled since the desk began that runs now.
    cancels: BTreeMap<OrderId, u32>,
}

impl Venue {
    fn new(instrument: InstrumentId, seed: u64) -> Self {
        Self {
            instrument,
            prng: Prng::new(seed),
            now: START,
            mid: 20_000,
            orders: BTreeMap::new(),
            position: 0,
            fills: 0,
            said: Vec::new(),
            heard: Vec::new(),
            cancels: BTreeMap::new(),
        }
    }

    fn input(&self, event: Event) -> Bytes {
        Record::Input(Input { seq: Seq(0), received_at: self.now, event }).to_bytes()
    }

    fn level(&self, side: Side, price: i64, size: i64, action: LevelAction, flags: Flags) -> Bytes {
        self.input(Event::Level(LevelDelta {
            venue_at: self.now,
            price: Ticks(price),
            size: Lots(size),
            orders: 0,
            instrument: self.instrument,
            side,
            action,
            depth: 0,
            flags,
        }))
    }

    /// All that stands, after a clear.
    fn refresh(&mut self) -> Vec<Bytes> {
        self.now = self.now + Nanos::from_millis(1);
        let (bid, ask) = (self.mid - 1, self.mid + 1);
        vec![
            self.level(Side::Buy, 0, 0, LevelAction::Clear, Flags::SNAPSHOT),
            self.level(Side::Buy, bid, 50, LevelAction::Set, Flags::SNAPSHOT),
            self.level(Side::Sell, ask, 50, LevelAction::Set, Flags::SNAPSHOT.with(Flags::LAST)),
        ]
    }

    /// The market moves by a tick; resting orders that it goes through trade, some of the others by chance.
    fn market(&mut self) -> Vec<Bytes> {
        let before = self.mid;
        self.now = self.now + Nanos::from_millis(120);
        self.mid += self.prng.between(-1, 1);
        let mut inputs = vec![
            self.level(Side::Buy, before - 1, 0, LevelAction::Delete, Flags::NONE),
            self.level(Side::Sell, before + 1, 0, LevelAction::Delete, Flags::NONE),
            self.level(Side::Buy, self.mid - 1, 50, LevelAction::Set, Flags::NONE),
            self.level(Side::Sell, self.mid + 1, 50, LevelAction::Set, Flags::LAST),
        ];
        let open: Vec<OrderId> = self.orders.iter().filter(|(_, own)| own.open).map(|(id, _)| *id).collect();
        for order in open {
            if self.prng.chance(0.2) {
                inputs.push(self.fill(order));
            }
        }
        inputs
    }

    fn fill(&mut self, order: OrderId) -> Bytes {
        let own = self.orders.get_mut(&order).expect("it is one of them");
        let size = 1.min(own.size - own.filled);
        own.filled += size;
        own.open = own.filled < own.size;
        self.position += Lots(size).signed(own.side).0;
        self.fills += 1;
        let (price, fill) = (own.price, self.fills);
        self.say(order, Outcome::Filled { price, size: Lots(size), fill, liquidity: Liquidity::Maker })
    }

    fn say(&mut self, order: OrderId, outcome: Outcome) -> Bytes {
        let report = Report { venue_at: self.now, order, instrument: self.instrument, outcome };
        self.said.push(report);
        self.input(Event::Report(report))
    }

    /// Time goes on by a change to a book that is stale: nobody may trade on it.
    fn quiet(&mut self, span: Nanos) -> Bytes {
        self.now = self.now + span;
        self.level(Side::Buy, self.mid - 1, 50, LevelAction::Set, Flags::LAST)
    }

    /// The session stands again: what was said may not have been heard.
    fn reconnect(&mut self) -> Vec<Bytes> {
        self.cancels.clear();
        let session = |change| Event::Session(Session { at: self.now, venue: VenueId(0), change });
        let mut inputs = vec![self.input(session(SessionChange::Connected))];
        inputs.extend(self.said.iter().map(|report| self.input(Event::Report(*report))));
        inputs.push(self.input(session(SessionChange::Recovered)));
        inputs
    }

    fn hear(&mut self, bytes: Bytes) -> Option<Bytes> {
        self.heard.push(bytes);
        let Ok(Record::Command { command, .. }) = Record::from_bytes(&bytes) else {
            panic!("not a command: {bytes:?}")
        };
        match command {
            Command::Place(place) => {
                let terms = place.terms;
                let standing = Standing {
                    side: terms.side,
                    price: terms.price,
                    size: terms.size.0,
                    filled: 0,
                    open: true,
                };
                let twice = self.orders.insert(place.order, standing);
                assert!(twice.is_none(), "order {} was sent twice", place.order);
                Some(self.say(place.order, Outcome::Accepted))
            }
            Command::Cancel { order, .. } => {
                *self.cancels.entry(order).or_default() += 1;
                let outcome = match self.orders.get_mut(&order).filter(|own| own.open) {
                    Some(own) => {
                        own.open = false;
                        Outcome::Canceled
                    }
                    // It never came, or nothing of it works any more.
                    None => Outcome::CancelRejected(types::RejectReason::UnknownOrder),
                };
                Some(self.say(order, outcome))
            }
            Command::Replace { order, price, size, .. } => {
                let own = self.orders.get_mut(&order).filter(|own| own.open && own.filled < size.0);
                let outcome = match own {
                    Some(own) => {
                        (own.price, own.size) = (price, size.0);
                        Outcome::Replaced { price, size }
                    }
                    None => Outcome::ReplaceRejected(types::RejectReason::UnknownOrder),
                };
                Some(self.say(order, outcome))
            }
            Command::Query { order, .. } => {
                let outcome = self.orders.get(&order).map_or(Outcome::NotListed, |own| Outcome::Listed {
                    size: Lots(own.size),
                    filled: Lots(own.filled),
                    open: own.open,
                });
                // An answer is of its moment: it is not said again.
                let report = Report { venue_at: self.now, order, instrument: self.instrument, outcome };
                Some(self.input(Event::Report(report)))
            }
            Command::MassCancel { .. } | Command::Alert { .. } => None,
            Command::WakeAt { .. } => panic!("a timer left the desk"),
        }
    }
}

/// A desk that runs.
struct Desk {
    child: Child,
    stdin: Option<ChildStdin>,
    commands: Receiver<Bytes>,
    reader: Option<JoinHandle<()>>,
}

impl Desk {
    fn start(arguments: &[&str]) -> Self {
        let mut child = quoin()
            .arg("desk")
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary starts");
        let mut stdout = child.stdout.take().expect("piped");
        let (send, commands) = channel();
        let reader = std::thread::spawn(move || {
            let mut bytes = [0; RECORD_BYTES];
            while stdout.read_exact(&mut bytes).is_ok() && send.send(bytes).is_ok() {}
        });
        let stdin = child.stdin.take();
        Self { child, stdin, commands, reader: Some(reader) }
    }

    /// False when nobody reads any more.
    fn say(&mut self, inputs: &[Bytes]) -> bool {
        let stdin = self.stdin.as_mut().expect("not closed");
        stdin.write_all(inputs.as_flattened()).and_then(|()| stdin.flush()).is_ok()
    }

    /// Lets the venue answer what has come by now, and whatever comes within `wait` of it.
    fn answer(&mut self, venue: &mut Venue, wait: Duration) -> usize {
        let mut heard = 0;
        while let Ok(command) = self.commands.recv_timeout(wait) {
            heard += 1;
            let last = || venue.heard.iter().rev().take(6).map(Record::from_bytes).collect::<Vec<_>>();
            assert!(
                heard < 500,
                "the desk and the venue talk in a circle: {:#?}, {:#?}",
                last(),
                venue.said.iter().rev().take(6).collect::<Vec<_>>()
            );
            if let Some(report) = venue.hear(command) {
                self.say(&[report]);
            }
        }
        heard
    }

    /// Half a minute without a market: whatever is not known is asked for and answered, and then there is silence.
    fn rest(&mut self, venue: &mut Venue, context: &str) {
        const STEPS: usize = 30;
        const BY_THEN: usize = 20;
        for step in 0..STEPS {
            let before = venue.heard.len();
            self.answer(venue, Duration::from_millis(15));
            let heard: Vec<_> = venue.heard[before..].iter().map(Record::from_bytes).collect();
            assert!(
                step < BY_THEN || heard.is_empty(),
                "{context}: {step} seconds after a restart it says {heard:?}"
            );
            let quiet = venue.quiet(Nanos::from_secs(1));
            assert!(self.say(&[quiet]), "{context}: it ended");
        }
        // A cancel that is answered by a refusal is not sent over and over.
        let most = venue.cancels.iter().max_by_key(|(_, times)| **times);
        assert!(most.is_none_or(|(_, times)| *times <= 2), "{context}: order and its cancels: {most:?}");
    }

    fn signal(&self, name: &str) {
        let status =
            Process::new("kill").args([name, &self.child.id().to_string()]).status().expect("kill is there");
        assert!(status.success(), "kill {name}");
    }

    /// Waits for its end; what it had let out before reaches the venue all the same. Its last words are given back.
    fn end(mut self, venue: &mut Venue) -> (ExitStatus, String) {
        drop(self.stdin.take());
        let mut words = String::new();
        let mut stderr = self.child.stderr.take().expect("piped");
        stderr.read_to_string(&mut words).expect("text");
        let status = self.child.wait().expect("it was ours");
        self.reader.take().expect("once").join().expect("it only reads");
        while let Ok(command) = self.commands.try_recv() {
            venue.hear(command);
        }
        (status, words)
    }
}

struct Nobody;

impl Observer for Nobody {
    fn on_step(&mut self, _: &Input, _: &[Command], _: &engine::Engine) {}
}

fn reborn(dir: &str) -> Restarted {
    restart(Path::new(dir), &Setup::engine, true, &mut Nobody, &mut |_| {}).expect("it can be run again")
}

fn journalled(dir: &str) -> Vec<Record> {
    let (mut all, mut records) = (Vec::new(), Vec::new());
    let mut reader = Reader::open(Path::new(dir)).expect("readable");
    while reader.next_block(&mut records).expect("whole") {
        all.append(&mut records);
    }
    all
}

/// What the engine counts beyond what the venue has.
#[derive(Debug, Default, PartialEq, Eq)]
struct Left {
    /// Orders that are open here and never reached the venue.
    orders: usize,
    lots: i64,
}

/// What must hold whenever no desk runs: everything that left is in the journal; what the engine holds is what the
/// venue counts; every order that works there works here.
fn check(dir: &str, venue: &Venue, context: &str) -> Left {
    let known: BTreeSet<Bytes> = journalled(dir).iter().map(Record::to_bytes).collect();
    for bytes in &venue.heard {
        assert!(
            known.contains(bytes),
            "{context}: {:?} left and is in no journal",
            Record::from_bytes(bytes)
        );
    }
    let restarted = reborn(dir);
    assert_eq!(restarted.replayed.divergence, None, "{context}");
    let engine = restarted.replayed.engine;
    assert_eq!(engine.portfolio().position(venue.instrument).0, venue.position, "{context}: position");
    for (order, own) in venue.orders.iter().filter(|(_, own)| own.open) {
        let ours = engine.orders().get(*order).filter(|ours| ours.is_open());
        let ours = ours
            .unwrap_or_else(|| panic!("{context}: order {order} works at the venue and not here: {own:?}"));
        assert!(ours.filled.0 == own.filled, "{context}: {ours:?} and {own:?}");
    }
    // What is open here and not there never came there, or its end is yet to be told: it counts as working.
    let counted = engine.risk().working(venue.instrument, Side::Buy).0
        + engine.risk().working(venue.instrument, Side::Sell).0;
    let working: i64 = venue.orders.values().filter(|own| own.open).map(|own| own.size - own.filled).sum();
    assert!(counted >= working, "{context}: {counted} lots count as working, and {working} work");
    let orders = engine.orders().open().filter(|order| !venue.orders.contains_key(&order.id)).count();
    Left { orders, lots: counted - working }
}

/// `kill -9` at random moments: `QUOIN_KILLS` of them, a few by default.
#[test]
fn j_01_a_desk_killed_at_random_moments_loses_no_command_and_sends_none_twice() {
    const A_RUN: usize = 10;
    let kills: usize = std::env::var("QUOIN_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(10);
    let scratch = Scratch::new("desk-kill");
    let (model, instrument) = model(&scratch);
    let (mut done, mut commands, mut never_came, mut fills) = (0, 0, 0, 0);
    for run in 0.. {
        if done >= kills {
            break;
        }
        let dir = scratch.text(&format!("live-{run}"));
        let mut venue = Venue::new(instrument, run);
        let desk = |_: &Venue| {
            Desk::start(&[&dir, "--setup", &model, "--snapshot-records", "200", "--gap-after", "5"])
        };
        for life in 0..A_RUN.min(kills - done) {
            let mut desk = desk(&venue);
            let inputs = venue.reconnect();
            let mut lives = desk.say(&inputs) && desk.say(&venue.refresh());
            let batches = venue.prng.below(60);
            for _ in 0..batches {
                if !lives {
                    break;
                }
                let market = venue.market();
                lives = desk.say(&market);
                let wait = Duration::from_micros(venue.prng.below(400));
                desk.answer(&mut venue, wait);
            }
            std::thread::sleep(Duration::from_micros(venue.prng.below(3_000)));
            desk.child.kill().expect("SIGKILL");
            let (status, words) = desk.end(&mut venue);
            assert_eq!(status.code(), None, "run {run}, life {life}: it ended by itself: {words}");
            done += 1;
        }
        // Two that are left in peace: the first hears everything and answers, the second hears the answers to that.
        for _ in 0..2 {
            let mut desk = desk(&venue);
            let inputs = venue.reconnect();
            assert!(desk.say(&inputs));
            desk.rest(&mut venue, &format!("run {run}"));
            let (status, words) = desk.end(&mut venue);
            assert_eq!(status.code(), Some(0), "run {run}: {words}");
        }
        let left = check(&dir, &venue, &format!("run {run}"));
        assert_eq!(left, Left::default(), "run {run}: what became of every order is known by now");
        never_came += journalled(&dir)
            .iter()
            .filter(|record| matches!(record, Record::Command { command: Command::Place(place), .. } if !venue.orders.contains_key(&place.order)))
            .count();
        commands += venue.heard.len();
        fills += venue.fills;
        succeed(&["verify", &dir]);
    }
    println!(
        "{done} kills, {commands} commands left, {fills} fills, {never_came} orders that never reached the venue"
    );
    assert!(commands > kills && fills > 0, "{commands} commands and {fills} fills: that is no test");
}

#[test]
fn j_01_a_desk_killed_while_it_began_its_journal_begins_again_and_a_longer_life_is_not_written_over() {
    let scratch = Scratch::new("desk-unborn");
    let (model, instrument) = model(&scratch);
    let (dir, journal) = (scratch.text("live"), Path::new(&scratch.text("live")).join("journal.qj"));
    std::fs::create_dir_all(&dir).expect("writable");
    let whole = std::fs::read(Path::new(&model).join("journal.qj")).expect("a run");
    for length in [0, 10, 24, 100, 500] {
        std::fs::write(&journal, &whole[..length]).expect("writable");
        let mut venue = Venue::new(instrument, 9);
        let mut desk = Desk::start(&[&dir, "--setup", &model]);
        assert!(desk.say(&venue.refresh()));
        let (status, words) = desk.end(&mut venue);
        assert_eq!(status.code(), Some(0), "{length}: {words}");
        assert!(!journalled(&dir).is_empty(), "{length}");
        std::fs::remove_dir_all(&dir).expect("it is ours");
        std::fs::create_dir_all(&dir).expect("writable");
    }
    // Snapshots tell of a longer life: somebody took the journal away.
    std::fs::write(&journal, &whole[..100]).expect("writable");
    std::fs::create_dir_all(Path::new(&dir).join("snapshots")).expect("writable");
    let mut venue = Venue::new(instrument, 9);
    let (status, words) = Desk::start(&[&dir, "--setup", &model]).end(&mut venue);
    assert!(
        status.code().is_some_and(|code| code != 0) && words.contains("before the configuration"),
        "{words}"
    );
    assert_eq!(std::fs::read(&journal).expect("it is there").len(), 100, "it was written over");
}

#[test]
fn t_07_a_desk_that_was_put_aside_trades_nothing_until_the_book_is_refreshed() {
    let scratch = Scratch::new("desk-stop");
    let (model, instrument) = model(&scratch);
    let dir = scratch.text("live");
    let mut venue = Venue::new(instrument, 3);
    let mut desk = Desk::start(&[&dir, "--setup", &model, "--gap-after", "0.3"]);
    let first = venue.refresh();
    assert!(desk.say(&first));
    for _ in 0..5 {
        let market = venue.market();
        assert!(desk.say(&market));
        desk.answer(&mut venue, Duration::from_millis(20));
    }
    let places = |venue: &Venue| {
        let is_new = |bytes: &&Bytes| {
            matches!(Record::from_bytes(bytes), Ok(Record::Command { command: Command::Place(_), .. }))
        };
        venue.heard.iter().filter(is_new).count()
    };
    let before = places(&venue);
    assert!(before > 0, "it quotes");
    desk.signal("-STOP");
    // Inputs of before and during the pause wait in the pipe, stamped as if nothing had been.
    let stale = venue.market();
    assert!(desk.say(&stale));
    std::thread::sleep(Duration::from_millis(1_200));
    desk.signal("-CONT");
    for _ in 0..5 {
        let market = venue.market();
        assert!(desk.say(&market));
        desk.answer(&mut venue, Duration::from_millis(60));
    }
    assert_eq!(places(&venue), before, "orders were placed on a book that nobody had heard of");
    assert!(!venue.orders.values().any(|own| own.open), "quotes stood on a stale book");
    let inputs = [venue.reconnect(), venue.refresh()].concat();
    assert!(desk.say(&inputs));
    for _ in 0..5 {
        let market = venue.market();
        assert!(desk.say(&market));
        desk.answer(&mut venue, Duration::from_millis(60));
    }
    assert!(places(&venue) > before, "refreshed, it quotes again");
    let (status, words) = desk.end(&mut venue);
    assert_eq!(status.code(), Some(0), "{words}");
    let gaps = journalled(&dir)
        .iter()
        .filter(|record| matches!(record, Record::Input(Input { event: Event::Gap(_), .. })))
        .count();
    assert!(gaps > 0, "the pause is in the journal");
    succeed(&["verify", &dir]);
}

#[test]
fn sigterm_leaves_a_snapshot_and_a_journal_to_go_on_with() {
    let scratch = Scratch::new("desk-term");
    let (model, instrument) = model(&scratch);
    let dir = scratch.text("live");
    let mut venue = Venue::new(instrument, 4);
    let mut desk = Desk::start(&[&dir, "--setup", &model]);
    let inputs = [venue.refresh(), venue.market()].concat();
    assert!(desk.say(&inputs));
    assert!(desk.answer(&mut venue, Duration::from_millis(300)) > 0, "it quotes");
    desk.signal("-TERM");
    let (status, words) = desk.end(&mut venue);
    assert_eq!(status.code(), Some(0), "{words}");
    let restarted = reborn(&dir);
    assert!(restarted.from.is_some() && restarted.replayed.totals.inputs == 0, "the snapshot is of the end");
    let (status, words) = Desk::start(&[&dir]).end(&mut venue);
    assert_eq!(status.code(), Some(0), "{words}");
    assert!(words.contains("restarted behind input"), "{words}");
    check(&dir, &venue, "after SIGTERM");
}

#[test]
fn what_is_no_input_is_named_and_everything_before_it_kept() {
    let scratch = Scratch::new("desk-input");
    let (model, instrument) = model(&scratch);
    let mut venue = Venue::new(instrument, 5);
    let whole = venue.refresh();
    let mut torn = whole.as_flattened().to_vec();
    torn.truncate(torn.len() - 10);
    let wrong = [whole.as_flattened(), &[0xff; RECORD_BYTES]].concat();
    for (name, bytes, records, said) in [
        ("torn", torn, 2, "stdin ended within a record: 54 of 64 bytes behind 2 whole ones"),
        ("wrong", wrong, 3, "record 3 on stdin is none"),
    ] {
        let dir = scratch.text(name);
        let mut desk = Desk::start(&[&dir, "--setup", &model]);
        desk.stdin.as_mut().expect("open").write_all(&bytes).expect("it listens");
        let (status, words) = desk.end(&mut venue);
        assert_eq!(status.code(), Some(1), "{words}");
        assert!(words.contains(said), "{words}");
        let inputs = journalled(&dir).iter().filter(|record| matches!(record, Record::Input(_))).count();
        assert!(inputs >= records, "{name}: {inputs} inputs are kept");
    }
    let (status, words) = Desk::start(&[&scratch.text("none")]).end(&mut venue);
    assert_eq!(status.code(), Some(1));
    assert!(words.contains("--setup names one to begin like"), "{words}");
}

#[test]
fn o_10_without_files_or_memory_a_desk_refuses_with_a_reason() {
    let scratch = Scratch::new("desk-limits");
    let (model, _) = model(&scratch);
    for (limit, name) in [("ulimit -n 4", "files"), ("ulimit -f 1", "file size")] {
        let dir = scratch.text(name);
        let line = format!("{limit}; exec \"$0\" desk \"$1\" --setup \"$2\"");
        let output = Process::new("sh")
            .args(["-c", &line, env!("CARGO_BIN_EXE_quoin"), &dir, &model])
            .stdin(Stdio::null())
            .output()
            .expect("a shell");
        let words = String::from_utf8_lossy(&output.stderr);
        let is_refused = output.status.code() == Some(1) && words.contains("error: ");
        // A file that may not grow kills by a signal of its own unless it is ignored: then nothing was promised.
        assert!(
            is_refused || (name == "file size" && output.status.code().is_none()),
            "{name}: {:?} {words}",
            output.status
        );
        assert!(!words.contains("panicked"), "{words}");
    }
}

#[test]
fn j_06_a_flush_that_fails_stops_the_desk_and_nothing_leaves_after_it() {
    if Process::new("strace").arg("--version").output().is_err() {
        eprintln!("SKIPPED: strace is not here");
        return;
    }
    let scratch = Scratch::new("desk-flush");
    let (model, instrument) = model(&scratch);
    let (dir, log) = (scratch.text("live"), scratch.text("strace"));
    let config = scratch.text("synced.toml");
    std::fs::write(&config, "[trading]\nstrategy = \"joined_touch\"\n[journal]\ndurability = \"synced\"\n")
        .expect("writable");
    let mut venue = Venue::new(instrument, 6);
    let mut child = Process::new("strace")
        .args(["-f", "-qq", "-o", &log, "-e", "trace=fdatasync", "-e", "inject=fdatasync:error=EIO:when=4+"])
        .args([env!("CARGO_BIN_EXE_quoin"), "desk", &dir, "--setup", &model, "--config", &config])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("strace starts");
    let mut stdin = child.stdin.take().expect("piped");
    let mut stdout = child.stdout.take().expect("piped");
    let reader = std::thread::spawn(move || {
        let mut all = Vec::new();
        stdout.read_to_end(&mut all).map(|_| all).expect("readable")
    });
    for inputs in std::iter::once(venue.refresh()).chain((0..200).map(|_| venue.market()).collect::<Vec<_>>())
    {
        if stdin.write_all(inputs.as_flattened()).is_err() {
            break;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    drop(stdin);
    let output = child.wait_with_output().expect("it ends");
    let words = String::from_utf8_lossy(&output.stderr);
    if words.contains("PTRACE") || words.contains("ptrace") {
        eprintln!("SKIPPED: strace may not trace here: {words}");
        return;
    }
    assert_eq!(output.status.code(), Some(1), "{words}");
    assert!(words.contains("error: ") && words.contains("os error 5"), "{words}");
    let left = reader.join().expect("it only reads");
    let known: BTreeSet<Bytes> = journalled(&dir).iter().map(Record::to_bytes).collect();
    for bytes in left.as_chunks::<RECORD_BYTES>().0 {
        assert!(known.contains(bytes), "{:?} left and is in no journal", Record::from_bytes(bytes));
    }
}
