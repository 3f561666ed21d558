//! A live book of Binance's: a server of snapshots that answers late, wrongly or not at all, the stream of changes, and the
//! decoder between them. Whenever the book says it is live it is the server's.

use book::Book;
use std::collections::BTreeMap;
use stdx::Prng;
use types::{Event, Nanos, Side};
use venues::binance::{Decoder, Due, Market};
use venues::{Decode, Directory, Output};

fn counts(session: &Session) -> BTreeMap<String, u64> {
    session.decoder.counts().into_iter().collect()
}

/// A depth server and its stream: a book of some prices, changed at random, whose snapshots may come late.
struct Server {
    levels: [BTreeMap<u32, u32>; 2],
    number: u64,
    prng: Prng,
    futures: bool,
}

impl Server {
    fn new(seed: u64, futures: bool) -> Self {
        Self { levels: Default::default(), number: 1_000, prng: Prng::new(seed), futures }
    }

    /// Changes the book; answers the update's line.
    fn update(&mut self, now: i64) -> String {
        let (before, first) = (self.number, self.number + 1);
        let mut sides = [String::new(), String::new()];
        for _ in 0..=self.prng.below(3) {
            self.number += 1;
            let side = usize::try_from(self.prng.below(2)).expect("two");
            // Bids below 100, asks above.
            let price = 100 * u32::try_from(side).expect("two")
                + 1
                + u32::try_from(self.prng.below(99)).expect("small");
            // A size of zero deletes; also what does not stand, as the venue does.
            let size = u32::try_from(self.prng.below(4)).expect("small");
            match size {
                0 => _ = self.levels[side].remove(&price),
                _ => _ = self.levels[side].insert(price, size),
            }
            let comma = if sides[side].is_empty() { "" } else { "," };
            sides[side].push_str(&format!("{comma}[\"{price}\",\"{size}\"]"));
        }
        let pu = if self.futures { format!(",\"pu\":{before}") } else { String::new() };
        let [bids, asks] = sides;
        format!(
            "{now} {{\"stream\":\"btcusdt@depth\",\"data\":{{\"e\":\"depthUpdate\",\"E\":{},\"s\":\"BTCUSDT\",\
             \"U\":{first},\"u\":{}{pu},\"b\":[{bids}],\"a\":[{asks}]}}}}\n",
            now / 1_000_000,
            self.number
        )
    }

    fn snapshot(&self) -> String {
        let side = |side: usize| {
            let levels = self.levels[side].iter().map(|(price, size)| format!("[\"{price}\",\"{size}\"]"));
            levels.collect::<Vec<_>>().join(",")
        };
        let times = if self.futures { ",\"E\":1,\"T\":1" } else { "" };
        format!(
            "{{\"symbol\":\"BTCUSDT\",\"lastUpdateId\":{}{times},\"bids\":[{}],\"asks\":[{}]}}\n",
            self.number,
            side(0),
            side(1)
        )
    }
}

/// A live session with a server: what is asked is answered with what stood some updates ago, or not at all.
struct Session {
    server: Server,
    decoder: Decoder,
    directory: Directory,
    book: Book,
    asked: Vec<i64>,
    given_up: Vec<i64>,
    /// Snapshots on their way: when each arrives.
    coming: Vec<(i64, String)>,
    /// What stood after each update.
    before: Vec<String>,
    now: i64,
}

const STEP: i64 = 100_000_000;

impl Session {
    fn new(seed: u64, futures: bool) -> Self {
        let market = if futures { Market::UsdM } else { Market::Spot };
        Self {
            server: Server::new(seed, futures),
            decoder: Decoder::new(Some(market)),
            directory: Directory::survey(),
            book: Book::empty(),
            asked: Vec::new(),
            given_up: Vec::new(),
            coming: Vec::new(),
            before: Vec::new(),
            now: 1_700_000_000_000_000_000,
        }
    }

    /// A tenth of a second: an update, unless it is lost, and what else is due. A live book is the server's.
    fn step(&mut self, lost: bool, answer: impl FnOnce(&mut Self) -> Option<(i64, String)>) {
        self.now += STEP;
        let update = self.server.update(self.now);
        self.before.push(self.server.snapshot());
        let mut lines = if lost { String::new() } else { update };
        let (arrived, coming) =
            std::mem::take(&mut self.coming).into_iter().partition(|(at, _)| *at <= self.now);
        self.coming = coming;
        let arrived: Vec<(i64, String)> = arrived;
        arrived.iter().for_each(|(_, snapshot)| lines.push_str(&format!("{} {snapshot}", self.now)));
        let mut out = Output::default();
        self.decoder.decode(lines.as_bytes(), &mut self.directory, &mut out);
        assert_eq!(out.faults, []);
        for arrival in &out.arrivals {
            match &arrival.event {
                Event::Level(delta) => _ = self.book.apply_level(delta),
                Event::Gap(_) => self.book.on_gap(),
                Event::Order(_)
                | Event::Trade(_)
                | Event::Status(_)
                | Event::Report(_)
                | Event::Timer(_)
                | Event::Operator(_)
                | Event::Statistic(_)
                | Event::QuoteRequest(_)
                | Event::TradeBust(_)
                | Event::Bar { .. }
                | Event::Cash(_)
                | Event::Session(_)
                | Event::DropCopy(_)
                | Event::Clock(_) => {}
            }
        }
        if !lost && self.book.is_live() {
            for side in Side::BOTH {
                let ours: Vec<(i64, i64)> = self
                    .book
                    .levels(side)
                    .map(|level| (level.price.0 / 1_000_000_000, level.size.0 / 1_000_000_000))
                    .collect();
                let mut theirs: Vec<(i64, i64)> = self.server.levels[side.index()]
                    .iter()
                    .map(|(p, s)| (i64::from(*p), i64::from(*s)))
                    .collect();
                if side == Side::Buy {
                    theirs.reverse();
                }
                assert_eq!(ours, theirs, "live and wrong at {}", self.now);
            }
        }
        match self.decoder.poll(Nanos(self.now)).map(|(symbol, due)| (symbol.to_string(), due)) {
            Some((symbol, Due::Ask)) => {
                assert_eq!(symbol, "BTCUSDT");
                self.asked.push(self.now);
                let coming = answer(self);
                self.coming.extend(coming);
            }
            Some((_, Due::GiveUp { attempts })) => {
                assert_eq!(attempts, 6);
                self.given_up.push(self.now);
            }
            None => {}
        }
    }

    /// What stood so many updates ago.
    fn stood(&self, updates_ago: usize) -> String {
        self.before[self.before.len().saturating_sub(1 + updates_ago)].clone()
    }
}

#[test]
fn f_13_a_snapshot_older_than_what_waits_is_refused_and_asked_for_again_each_time_later_and_then_no_more() {
    for futures in [false, true] {
        let mut session = Session::new(13, futures);
        (0..40).for_each(|_| session.step(true, |_| None));
        // What comes stood before the first update that we heard of.
        let first = session.before.len();
        let old = move |session: &mut Session| {
            let ago = session.before.len() - first + 3;
            Some((session.now + 2 * STEP, session.stood(ago)))
        };
        for _ in 0..1_300 {
            session.step(false, old);
            assert!(!session.book.is_live(), "never shown");
        }
        let waits: Vec<i64> = session.asked[..6].windows(2).map(|pair| (pair[1] - pair[0]) / STEP).collect();
        // 1, 2, 4, 8 and 16 s, each from when the answer was refused.
        assert_eq!(waits, [12, 22, 42, 82, 162], "futures {futures}");
        // In two minutes: a round of 63 s, a minute of silence, and the next one begins.
        assert_eq!(session.given_up.len(), 1, "it is said");
        let silence = session.asked[6] - session.given_up[0];
        assert_eq!(silence / STEP, 600, "and left alone for a minute");
        let refused = counts(&session)["snapshot older than what waits"];
        assert!(
            (session.asked.len() as u64 - 1..=session.asked.len() as u64).contains(&refused),
            "{refused}"
        );
        // It ends with the first that fits.
        let sound = |session: &mut Session| Some((session.now + STEP, session.stood(0)));
        let live = (0..400).find(|_| {
            session.step(false, sound);
            session.book.is_live()
        });
        assert!(live.is_some(), "futures {futures}");
        let asked = session.asked.len();
        (0..300).for_each(|_| session.step(false, |_| None));
        assert_eq!(session.asked.len(), asked, "a whole book asks for nothing");
    }
}

#[test]
fn f_14_what_a_newer_snapshot_told_is_dropped_by_the_market_s_own_rule() {
    for futures in [false, true] {
        for (seed, late) in (0..40).flat_map(|seed| [1_i64, 5, 20].map(|late| (seed, late))) {
            let mut session = Session::new(seed, futures);
            // Taken so long after the first update, and on its way for as long again.
            for _ in 0..late {
                session.step(false, |_| None);
            }
            session.asked.clear();
            session.coming = vec![(session.now + late * STEP, session.stood(0))];
            (0..2 * late + 30).for_each(|_| session.step(false, |_| None));
            assert!(session.book.is_live(), "seed {seed}, {late} updates, futures {futures}");
            assert_eq!(session.decoder.gaps(), 0);
            let dropped = counts(&session).get("depthUpdate older than the snapshot").copied();
            assert!(dropped.unwrap_or(0) + 1 >= late.unsigned_abs(), "{dropped:?}");
        }
    }
}

#[test]
fn f_19_a_deletion_of_what_does_not_stand_is_normal_here() {
    // Half of the server's deletions are of prices where nothing stands; each live book is compared at every update.
    let mut session = Session::new(19, false);
    (0..2_000).for_each(|_| session.step(false, |session| Some((session.now + STEP, session.stood(0)))));
    assert!(session.book.is_live() && session.book.counts().unknown > 100, "{:?}", session.book.counts());
    assert_eq!((session.decoder.gaps(), session.asked.len()), (0, 1));
}

#[test]
fn f_15_losses_while_a_snapshot_is_on_its_way_start_over_and_end_when_the_losses_do() {
    let mut gaps = 0;
    for seed in 0..100 {
        let mut session = Session::new(seed, seed % 2 == 1);
        let mut prng = Prng::new(seed);
        for _ in 0..400 {
            let (lost, delay) = (prng.chance(0.1), prng.between(1, 5));
            let answers = prng.chance(0.7);
            session.step(lost, |session| answers.then(|| (session.now + delay * STEP, session.stood(0))));
        }
        gaps += session.decoder.gaps();
        let live = (0..2_000).find(|_| {
            session.step(false, |session| Some((session.now + STEP, session.stood(0))));
            session.book.is_live()
        });
        assert!(live.is_some(), "seed {seed}");
    }
    assert!(gaps > 500, "{gaps}");
}
