//! The venue's queue rules against the truth: the same session with our order really in it.
//!
//! The generator's actions are performed a second time on a copy of its exchange in which our order stands too;
//! what fills it there is the truth. The venue hears only what a feed shows of the session without us.

mod common;

use common::{Beat, beats, config, instruments, levels_only};
use sim::market::exchange::{Exchange, Match};
use sim::market::{Action, Config, Generator, Kind};
use sim::{QueueModel, Venue, VenueConfig};
use stdx::Prng;
use types::{
    Command, InstrumentId, Lots, NewOrder, OrderId, OrderKind, Outcome, PlaceOrder, Side, StrategyId,
};
use types::{Ticks, TimeInForce};

/// No order of the generator has this number: they start at 1.
const OURS: u64 = 0;

/// The beats of a session, and the true book after each.
struct Session {
    config: Config,
    beats: Vec<Beat>,
}

/// Where and when our order enters: after so many beats.
#[derive(Clone, Copy, Debug)]
struct Entry {
    after: usize,
    side: Side,
    /// Ticks behind the best price of our side; below zero improves on it.
    behind: i64,
    size: Lots,
}

/// What of our order had traded after each beat from its entry on.
type Filled = Vec<Lots>;

impl Session {
    fn new(kind: Kind, seed: u64, count: usize) -> Self {
        let config = Config { kind, ..config(seed, 3_600) };
        let beats = beats(&mut Generator::new(config.clone()), count);
        assert_eq!(beats.len(), count);
        Self { config, beats }
    }

    /// The session's true book at the moment that our order enters.
    fn book_at(&self, after: usize) -> Exchange {
        let mut generator = Generator::new(self.config.clone());
        for _ in 0..after {
            generator.step(&mut |_, _, _| {});
        }
        generator.exchange(0).clone()
    }

    /// What truly happens to our order.
    fn truth(&self, mut book: Exchange, entry: Entry, price: Ticks, beats: usize) -> Filled {
        let mut matches: Vec<Match> = Vec::new();
        let rested = book.limit(OURS, entry.side, price, entry.size, &mut matches);
        assert_eq!(rested, entry.size, "the tests enter passive orders");
        let later = &self.beats[entry.after..entry.after + beats];
        let filled = later.iter().map(|beat| {
            matches.clear();
            match beat.step.action {
                Action::Limit { id, side, price, size } => {
                    book.limit(id, side, price, size, &mut matches);
                }
                Action::Take { side, limit, size, .. } => {
                    book.take(side, limit, size, &mut matches);
                }
                Action::Cancel { id } => {
                    book.cancel(id);
                }
                Action::Replace { id, price, size } => {
                    book.replace(id, price, size, &mut matches);
                }
            }
            entry.size - book.order(OURS).map_or(Lots::ZERO, |order| order.size)
        });
        filled.collect()
    }

    /// What the venue says happens to it.
    fn venue(&self, model: Option<QueueModel>, entry: Entry, price: Ticks, beats: usize) -> Filled {
        let venue_config =
            VenueConfig { queue: model.unwrap_or_default(), depth_max: Some(10), ..VenueConfig::default() };
        let mut venue = Venue::new(&instruments(&self.config.products), venue_config, Prng::new(1));
        let mut reports = Vec::new();
        let hear = |venue: &mut Venue, beat: &Beat, reports: &mut Vec<_>| {
            // Without a model the venue sees the orders; with one, only levels.
            let events = match model {
                None => beat.events.clone(),
                Some(_) => levels_only(&beat.events),
            };
            for event in &events {
                venue.on_market(beat.step.at, event, reports);
            }
        };
        for beat in &self.beats[..entry.after] {
            hear(&mut venue, beat, &mut reports);
        }
        assert!(reports.is_empty());
        let command = Command::Place(PlaceOrder {
            order: OrderId(0),
            strategy: StrategyId(0),
            terms: NewOrder {
                instrument: InstrumentId(0),
                side: entry.side,
                kind: OrderKind::PostOnly,
                time_in_force: TimeInForce::GoodTilCancel,
                price,
                size: entry.size,
            },
        });
        venue.on_command(self.beats[entry.after - 1].step.at, &command, &mut reports);
        assert_eq!(reports.pop().map(|report| report.outcome), Some(Outcome::Accepted));
        let later = &self.beats[entry.after..entry.after + beats];
        let mut total = Lots::ZERO;
        let filled = later.iter().map(|beat| {
            hear(&mut venue, beat, &mut reports);
            for report in reports.drain(..) {
                if let Outcome::Filled { size, price: at, .. } = report.outcome {
                    assert_eq!(at, price);
                    total += size;
                }
            }
            total
        });
        filled.collect()
    }

    fn entries(&self, seed: u64, count: usize, beats: usize) -> Vec<Entry> {
        let mut prng = Prng::new(seed);
        let last = i64::try_from(self.beats.len() - beats).expect("a short session");
        let entries = (0..count).map(|_| Entry {
            after: usize::try_from(prng.between(1, last)).expect("above zero"),
            side: Side::BOTH[usize::from(prng.chance(0.5))],
            behind: prng.between(-1, 2),
            size: Lots(prng.between(1, 12)),
        });
        entries.collect()
    }
}

/// The price of an entry; `None` when it would cross.
fn price(book: &Exchange, entry: Entry) -> Option<Ticks> {
    let price = book.best(entry.side)?.worse_for(!entry.side, entry.behind);
    let crosses = price.crosses(book.best(!entry.side)?, entry.side);
    (!crosses).then_some(price)
}

/// The beat at which so much had traded; the end if never.
fn when(filled: &Filled, size: Lots) -> usize {
    filled.iter().position(|&so_far| so_far >= size).unwrap_or(filled.len())
}

const BEATS: usize = 4_000;

#[test]
fn by_order_we_are_filled_when_we_truly_would_have_been() {
    let (mut orders, mut complete, mut partial, mut differ) = (0, 0, 0, 0);
    for (kind, seed) in [(Kind::QueueReactive, 21), (Kind::Hawkes, 22), (Kind::Poisson, 23)] {
        let session = Session::new(kind, seed, 12_000);
        for entry in session.entries(seed, 40, BEATS) {
            let book = session.book_at(entry.after);
            let Some(price) = price(&book, entry) else {
                continue;
            };
            let truth = session.truth(book, entry, price, BEATS);
            let venue = session.venue(None, entry, price, BEATS);
            orders += 1;
            complete += usize::from(truth.last() == Some(&entry.size));
            partial += usize::from(truth.iter().any(|&so_far| so_far > Lots::ZERO && so_far < entry.size));
            differ += usize::from(truth != venue);
            for (beat, (truth, venue)) in truth.iter().zip(&venue).enumerate() {
                // Never earlier and never more.
                assert!(venue <= truth, "{kind:?} {entry:?} at {price}, beat {beat}: {venue:?} > {truth:?}");
            }
        }
    }
    println!("{orders} orders, {complete} filled, {partial} in parts, {differ} differ from the truth");
    assert!(orders > 60 && complete > 40 && partial > 20);
    // An aggressor that runs out of recorded orders would have met ours, and the record cannot show it: the
    // venue would be late. In these sessions no aggressor does.
    assert_eq!(differ, 0);
}

#[test]
fn by_level_the_pessimist_is_never_early_and_the_models_are_early_and_late() {
    let models = [
        QueueModel::Pessimistic,
        QueueModel::Power { exponent: 1.0 },
        QueueModel::Power { exponent: 3.0 },
        QueueModel::Log { unit: 1.0 },
    ];
    // By model: how many orders filled, how many beats later than in truth in all, and how many earlier.
    let mut late = [0_usize; 4];
    let mut early = [0_usize; 4];
    let mut filled = [0_usize; 4];
    let (mut orders, mut truly) = (0, 0);
    for (kind, seed) in [(Kind::QueueReactive, 31), (Kind::Hawkes, 32)] {
        let session = Session::new(kind, seed, 12_000);
        for entry in session.entries(seed, 30, BEATS) {
            let book = session.book_at(entry.after);
            let Some(price) = price(&book, entry) else {
                continue;
            };
            let exact = session.venue(None, entry, price, BEATS);
            let at = when(&exact, entry.size);
            orders += 1;
            truly += usize::from(at < BEATS);
            for (row, &model) in models.iter().enumerate() {
                let guess = session.venue(Some(model), entry, price, BEATS);
                if model == QueueModel::Pessimistic {
                    for (beat, (exact, guess)) in exact.iter().zip(&guess).enumerate() {
                        assert!(guess <= exact, "{kind:?} {entry:?} at {price}, beat {beat}");
                    }
                }
                let guessed = when(&guess, entry.size);
                filled[row] += usize::from(guessed < BEATS);
                late[row] += guessed.saturating_sub(at);
                early[row] += at.saturating_sub(guessed);
            }
        }
    }
    println!(
        "{orders} orders, {truly} filled in truth; filled {filled:?}, beats late {late:?}, early {early:?}"
    );
    assert!(orders > 40 && truly > 20);
    assert_eq!(early[0], 0);
    assert!(filled[0] <= truly);
    // The pessimist waits longest. A model that moves us ahead with cancels waits less and errs on both sides; in
    // this market, where those who came last give up first, mostly on the early one.
    assert!(late[0] > 0, "cancels ahead make a difference");
    for row in 1..models.len() {
        assert!(late[row] < late[0] && early[row] > 0 && filled[row] >= filled[0], "{:?}", models[row]);
    }
    // The more a model lets the larger part lose more than its share, the less it moves those near the front.
    assert!(early[2] < early[1] && early[1] < early[3], "{early:?}");
}
