//! What a market's agents are made of, as a calibration writes it down and a person can change it.
//!
//! Everything is symmetrical: a habit of buyers is one of sellers. Rates are events a second for each side.

use super::buckets::{AGES, DISTANCES, IMBALANCES, PLACES, STANDINGS};
use quant::hawkes::{Hawkes, Steps};
use serde::{Deserialize, Serialize};
use std::fmt;
use stdx::Prng;
use types::Side;

/// The version of this layout.
pub const MODEL_VERSION: u32 = 1;

/// What somebody does: the three agents, each on two sides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Act {
    /// A taker crosses the spread.
    Take = 0,
    /// A maker rests an order.
    Place = 1,
    /// A canceller withdraws one.
    Withdraw = 2,
}

impl Act {
    /// All of them, in the order of the tables.
    pub const ALL: [Self; 3] = [Self::Take, Self::Place, Self::Withdraw];
    /// How many kinds of events the Hawkes process has: each act on each side.
    pub const KINDS: usize = 6;

    /// The kind of event this is on a side: that of the taker, or of the order placed or withdrawn.
    #[must_use]
    pub const fn kind(self, side: Side) -> usize {
        self as usize * 2 + side.index()
    }

    /// The act and the side of a kind of event.
    #[must_use]
    pub const fn of_kind(kind: usize) -> (Self, Side) {
        let act = Self::ALL[kind / 2];
        (act, if kind.is_multiple_of(2) { Side::Buy } else { Side::Sell })
    }

    /// For people.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Take => "take",
            Self::Place => "place",
            Self::Withdraw => "withdraw",
        }
    }
}

/// Sizes as they were seen: the common ones by their shares, the others by their quantiles.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sizes {
    /// Lots, and how many of a million orders have them.
    pub common: Vec<[i64; 2]>,
    /// The others, from the smallest to the largest in equal steps of probability.
    pub others: Vec<i64>,
}

impl Sizes {
    /// As the sizes of orders show it: those that many have are common.
    #[must_use]
    pub fn of(mut sizes: Vec<i64>) -> Self {
        const COMMON_MAX: usize = 24;
        const QUANTILES: usize = 33;
        sizes.sort_unstable();
        let count = sizes.len();
        let mut runs: Vec<(usize, i64)> = sizes
            .chunk_by(|a, b| a == b)
            .map(|run| (run.len(), run[0]))
            .filter(|run| run.0 * 100 >= count)
            .collect();
        runs.sort_by_key(|(count, size)| (std::cmp::Reverse(*count), *size));
        runs.truncate(COMMON_MAX);
        let ppm = |n: usize| i64::try_from(n * 1_000_000 / count.max(1)).unwrap_or(0);
        let common: Vec<[i64; 2]> = runs.iter().map(|(n, size)| [*size, ppm(*n)]).collect();
        sizes.retain(|size| common.iter().all(|[known, _]| known != size));
        let others = match sizes.len() {
            0 => Vec::new(),
            n => (0..QUANTILES).map(|at| sizes[at * (n - 1) / (QUANTILES - 1)]).collect(),
        };
        Self { common, others }
    }

    /// One of them; one lot when nothing is known.
    pub fn draw(&self, prng: &mut Prng) -> i64 {
        let all: i64 = self.common.iter().map(|[_, ppm]| *ppm).sum();
        let whole = if self.others.is_empty() { all.max(1) } else { 1_000_000 };
        let mut rest = prng.between(0, whole - 1);
        for [size, ppm] in &self.common {
            rest -= ppm;
            if rest < 0 {
                return *size;
            }
        }
        let Some(last) = self.others.len().checked_sub(1) else { return 1 };
        if last == 0 {
            return self.others[0];
        }
        let at = usize::try_from(prng.below(last as u64)).unwrap_or(0);
        prng.between(self.others[at], self.others[at + 1].max(self.others[at]))
    }

    fn is_sound(&self) -> bool {
        let whole = self.common.iter().all(|[size, ppm]| *size > 0 && (0..=1_000_000).contains(ppm));
        whole && self.others.iter().all(|size| *size > 0) && self.others.is_sorted()
    }
}

/// `[instrument]`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Traded {
    /// Its venue.
    pub venue: String,
    /// Its name there.
    pub symbol: String,
    /// What it settles in.
    pub currency: String,
    /// One price step, in nanos.
    pub tick_nanos: i64,
    /// One size step, in nanos.
    pub lot_nanos: i64,
    /// Currency per price unit and contract, in nanos.
    pub multiplier_nanos: i64,
}

/// `[session]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Session {
    /// When it opens, in nanoseconds since 1970.
    pub starts_at: i64,
    /// How long it lasts, unless told otherwise.
    pub seconds: f64,
    /// The best bid and ask it opens with, in ticks.
    pub opening: [i64; 2],
    /// What stands then, on either side: ticks behind the best price, lots.
    pub book: Vec<[i64; 2]>,
    /// How long a step of the day lasts.
    pub profile_seconds: f64,
    /// How busy each is, 1 on average.
    pub profile: Vec<f64>,
}

/// `[excitement]`: the Hawkes process over takes, places and withdrawals.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Excited {
    /// How fast excitement fades, per second.
    pub decays: Vec<f64>,
    /// Rates without excitement, by act.
    pub base: [f64; 3],
    /// Children of an act by parents of the same side, by act of the child, act of the parent, decay.
    pub same_side: Vec<Vec<Vec<f64>>>,
    /// By parents of the other side.
    pub other_side: Vec<Vec<Vec<f64>>>,
}

/// `[state]`: how the book's state changes the rates.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct State {
    /// The first spread, in ticks, of each bucket but the first.
    pub spread_edges: Vec<i64>,
    /// Factors by act and bucket of the spread.
    pub by_spread: Vec<Vec<f64>>,
    /// Factors by act and the share of what stands best that is on the own side, in fifths.
    pub by_imbalance: Vec<Vec<f64>>,
}

/// `[makers]`: where and how much they place.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MakerHabits {
    /// Weights by bucket of the spread and [place](super::buckets::place).
    pub places: Vec<Vec<f64>>,
    /// How much: of orders that better the best price, join it, or stand behind it.
    pub sizes: [Sizes; 3],
}

/// `[takers]`: how much they take.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TakerHabits {
    /// How often one takes all that stands best, or more: by [how much that is](super::buckets::standing).
    pub clears: Vec<f64>,
    /// How often one who takes it all goes on to worse prices.
    pub beyond_share: f64,
    /// Sizes of those that take less.
    pub sizes: Sizes,
    /// How much more the others take.
    pub beyond: Sizes,
}

/// `[cancellers]`: what they withdraw.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CancellerHabits {
    /// Withdrawals of one order a second, by distance and age: which order it is.
    pub hazards: Vec<Vec<f64>>,
    /// The same by distance alone: summed over a side's orders, how much there is to withdraw.
    pub readiness: Vec<f64>,
    /// What that sum usually is: a book with twice as much loses orders twice as fast.
    pub usual: f64,
    /// How often only a part is withdrawn.
    pub part_share: f64,
}

/// Where the numbers come from.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Provenance {
    /// Which recording.
    pub recording: String,
    /// Its BLAKE3.
    pub blake3: String,
    /// How many levels of each side were looked at.
    pub levels: usize,
    /// Events by act.
    pub events: [u64; 3],
    /// The branching ratio.
    pub branching_ratio: f64,
    /// Log-likelihood an event, of the fit and of events without memory.
    pub log_likelihood: [f64; 2],
    /// How the agents were adjusted to the day's facts by running them; none when they were not.
    pub adjusted: Vec<String>,
}

/// A market's agents.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Model {
    /// See [`MODEL_VERSION`].
    pub market_version: u32,
    /// What is traded.
    pub instrument: Traded,
    /// When, and what stands at the start.
    pub session: Session,
    /// When they act.
    pub excitement: Excited,
    /// What makes them act more or less.
    pub state: State,
    /// Makers.
    pub makers: MakerHabits,
    /// Takers.
    pub takers: TakerHabits,
    /// Cancellers.
    pub cancellers: CancellerHabits,
    /// Where all this comes from.
    #[serde(default)]
    pub provenance: Provenance,
}

/// Why a model makes no market.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelError {
    /// Which key.
    pub key: &'static str,
    /// What it must be.
    pub wanted: String,
}

impl fmt::Display for ModelError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` {}", self.key, self.wanted)
    }
}

impl std::error::Error for ModelError {}

fn ensure(holds: bool, key: &'static str, wanted: impl Into<String>) -> Result<(), ModelError> {
    if holds { Ok(()) } else { Err(ModelError { key, wanted: wanted.into() }) }
}

/// Whether a table has this form and nothing below zero.
fn is_table(table: &[Vec<f64>], rows: usize, columns: usize) -> bool {
    let sound = |row: &Vec<f64>| row.len() == columns && row.iter().all(|x| x.is_finite() && *x >= 0.0);
    table.len() == rows && table.iter().all(sound)
}

impl Model {
    /// Whether it makes a market; the process of its excitement.
    ///
    /// # Errors
    /// When a number is not what it must be.
    pub fn check(&self) -> Result<Hawkes, ModelError> {
        ensure(self.market_version == MODEL_VERSION, "market_version", format!("must be {MODEL_VERSION}"))?;
        let steps = [self.instrument.tick_nanos, self.instrument.lot_nanos, self.instrument.multiplier_nanos];
        ensure(steps.iter().all(|step| *step > 0), "instrument", "needs steps and a multiplier above zero")?;
        let session = &self.session;
        let [bid, ask] = session.opening;
        ensure(
            bid > 0 && ask > bid && ask < 1 << 40,
            "session.opening",
            "is a bid above zero and an ask above it",
        )?;
        let stands = |[behind, size]: &[i64; 2]| (0..1 << 20).contains(behind) && (1..1 << 50).contains(size);
        ensure(
            session.book.first().is_some_and(|[behind, _]| *behind == 0) && session.book.iter().all(stands),
            "session.book",
            "is a list of [ticks behind the best price, lots], the first at the best price",
        )?;
        let long = session.seconds.is_finite() && session.seconds > 0.0;
        ensure(long, "session.seconds", "is a time above zero")?;
        let busy = |x: &f64| x.is_finite() && *x >= 0.0;
        ensure(
            session.profile_seconds > 0.0
                && session.profile.iter().any(|x| *x > 0.0)
                && session.profile.iter().all(busy),
            "session.profile",
            "is a list of factors, not all zero, of steps above zero seconds",
        )?;
        let buckets = self.state.spread_edges.len() + 1;
        ensure(self.state.spread_edges.is_sorted(), "state.spread_edges", "rise")?;
        ensure(
            is_table(&self.state.by_spread, 3, buckets),
            "state.by_spread",
            format!("is 3 rows of {buckets}"),
        )?;
        let fifths = is_table(&self.state.by_imbalance, 3, IMBALANCES);
        ensure(fifths, "state.by_imbalance", format!("is 3 rows of {IMBALANCES}"))?;
        let places = is_table(&self.makers.places, buckets, PLACES)
            && self.makers.places.iter().all(|row| row.iter().any(|x| *x > 0.0));
        ensure(places, "makers.places", format!("is {buckets} rows of {PLACES}, none all zero"))?;
        let hazards = is_table(&self.cancellers.hazards, DISTANCES, AGES);
        ensure(hazards, "cancellers.hazards", format!("is {DISTANCES} rows of {AGES}"))?;
        let ready = self.cancellers.readiness.iter().all(|x| x.is_finite() && *x >= 0.0);
        ensure(
            ready && self.cancellers.readiness.len() == DISTANCES,
            "cancellers.readiness",
            format!("is {DISTANCES} numbers"),
        )?;
        ensure(self.cancellers.usual > 0.0, "cancellers.usual", "is above zero")?;
        let shares = [self.takers.beyond_share, self.cancellers.part_share];
        let clears = &self.takers.clears;
        ensure(clears.len() == STANDINGS, "takers.clears", format!("is {STANDINGS} shares"))?;
        ensure(
            shares.iter().chain(clears).all(|x| (0.0..=1.0).contains(x)),
            "a share",
            "lies between 0 and 1",
        )?;
        let mut sizes = self.makers.sizes.iter().chain([&self.takers.sizes, &self.takers.beyond]);
        ensure(sizes.all(Sizes::is_sound), "sizes", "are above zero, the others rising")?;
        let process = self.process()?;
        let ratio = process.spectral_radius();
        ensure(ratio < 1.0, "excitement", format!("has a branching ratio of {ratio:.3}; at 1 it explodes"))?;
        Ok(process)
    }

    /// The process over the six kinds of events.
    fn process(&self) -> Result<Hawkes, ModelError> {
        let excited = &self.excitement;
        let m = excited.decays.len();
        let wanted = format!("is 3 by 3 by {m}, one for each decay");
        let has_form =
            |table: &Vec<Vec<Vec<f64>>>| table.len() == 3 && table.iter().all(|t| is_table(t, 3, m));
        ensure(has_form(&excited.same_side), "excitement.same_side", wanted.clone())?;
        ensure(has_form(&excited.other_side), "excitement.other_side", wanted)?;
        let mut branching = Vec::with_capacity(Act::KINDS * Act::KINDS * m);
        for child in 0..Act::KINDS {
            let (act, side) = Act::of_kind(child);
            for parent in 0..Act::KINDS {
                let (by, by_side) = Act::of_kind(parent);
                let table = if side == by_side { &excited.same_side } else { &excited.other_side };
                branching.extend_from_slice(&table[act as usize][by as usize]);
            }
        }
        let base = (0..Act::KINDS).map(|kind| excited.base[kind / 2]).collect();
        Hawkes::new(base, excited.decays.clone(), branching)
            .map_err(|_| ModelError { key: "excitement", wanted: "has rates and decays above zero".into() })
    }

    /// A small made-up market, for tests and first tries: a spread of some ticks, an act every other second.
    #[must_use]
    pub fn sample() -> Self {
        let sizes = |common: &[[i64; 2]]| Sizes { common: common.to_vec(), others: vec![1, 2, 5, 20, 60] };
        let mut places = vec![vec![0.0; PLACES]; 3];
        for (bucket, row) in places.iter_mut().enumerate() {
            // The wider the spread, the more orders better the price.
            for (place, weight) in row.iter_mut().enumerate() {
                let (least, most) = super::buckets::place_range(place);
                *weight = match most {
                    _ if !(-4..=16).contains(&least) => 0.0,
                    most if most < 0 => [0.05, 0.15, 0.4][bucket],
                    _ => 0.3,
                };
            }
        }
        Self {
            market_version: MODEL_VERSION,
            instrument: Traded {
                venue: "sample".into(),
                symbol: "SAMPLE".into(),
                currency: "USD".into(),
                tick_nanos: 10_000_000,
                lot_nanos: 1_000_000_000,
                multiplier_nanos: 1_000_000_000,
            },
            session: Session {
                starts_at: 1_767_605_400_000_000_000,
                seconds: 3_600.0,
                opening: [9_998, 10_002],
                book: (0..10).map(|level| [level * 2, 100]).collect(),
                profile_seconds: 1_800.0,
                profile: vec![1.2, 0.8],
            },
            excitement: Excited {
                decays: vec![0.2, 5.0],
                base: [0.06, 0.5, 0.3],
                same_side: vec![
                    vec![vec![0.15, 0.15], vec![0.0, 0.01], vec![0.0, 0.0]],
                    vec![vec![0.3, 0.3], vec![0.1, 0.1], vec![0.05, 0.05]],
                    vec![vec![0.0, 0.1], vec![0.1, 0.1], vec![0.1, 0.1]],
                ],
                other_side: vec![
                    vec![vec![0.02, 0.0], vec![0.0, 0.0], vec![0.01, 0.0]],
                    vec![vec![0.1, 0.1], vec![0.05, 0.0], vec![0.0, 0.0]],
                    vec![vec![0.4, 0.4], vec![0.05, 0.0], vec![0.05, 0.0]],
                ],
            },
            state: State {
                spread_edges: vec![3, 6],
                by_spread: vec![vec![1.2, 1.0, 0.6], vec![0.9, 1.0, 1.2], vec![1.0; 3]],
                by_imbalance: vec![vec![0.8, 0.9, 1.0, 1.1, 1.2], vec![1.0; 5], vec![1.0; 5]],
            },
            makers: MakerHabits { places, sizes: [(); 3].map(|()| sizes(&[[100, 400_000], [10, 200_000]])) },
            takers: TakerHabits {
                clears: (0..STANDINGS).map(|octave| if octave < 7 { 0.6 } else { 0.3 }).collect(),
                beyond_share: 0.1,
                sizes: sizes(&[[10, 500_000]]),
                beyond: sizes(&[[10, 500_000]]),
            },
            cancellers: CancellerHabits {
                hazards: vec![vec![1.0, 0.8, 0.4, 0.2, 0.1, 0.05, 0.02, 0.01]; DISTANCES],
                readiness: vec![0.03; DISTANCES],
                usual: 0.6,
                part_share: 0.05,
            },
            provenance: Provenance::default(),
        }
    }

    /// The factors of the day.
    #[must_use]
    pub fn profile(&self) -> Steps {
        Steps { width: self.session.profile_seconds, factors: self.session.profile.clone() }
    }
}
