//! What goes wrong how often: the table of ranges, from which each seed draws a mix of its own.
//!
//! The ranges are those of the catalogue of faults, section 3.2. A swarm file in TOML gives any line another range:
//! `line-lost = [0.0, 0.3]`; a name that is not in the table is refused. A seed leaves each fault out with the chance
//! `left-out`, so that no fault hides another in every run.

use std::collections::BTreeMap;
use stdx::Prng;

/// How many kinds of fault there are.
pub(crate) const KINDS: usize = Kind::ALL.len();

/// One line of the table.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Range {
    /// What a swarm file calls it.
    pub name: &'static str,
    /// What is drawn evenly from.
    pub from: f64,
    /// See `from`.
    pub to: f64,
    /// What it counts.
    pub unit: &'static str,
    /// What it does.
    pub about: &'static str,
    /// The rows of the catalogue it stands for.
    pub rows: &'static str,
}

macro_rules! kinds {
    ($($name:ident $text:literal [$from:literal, $to:literal] $unit:literal $rows:literal $about:literal;)*) => {
        /// A kind of fault.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        #[allow(missing_docs, reason = "the table says what each is")]
        pub enum Kind { $($name),* }

        impl Kind {
            /// Every kind, in the order of the table.
            pub const ALL: [Self; [$($text),*].len()] = [$(Self::$name),*];
        }

        /// How often each kind of fault strikes, in the order of [`Kind::ALL`].
        pub const FAULTS: [Range; KINDS] = [$(Range {
            name: $text, from: $from, to: $to, unit: $unit, about: $about, rows: $rows,
        }),*];
    };
}

kinds! {
    LineLost "line-lost" [0.0, 0.3] "of packets" "F-01" "One line or both lose their copy, each by its own chance.";
    BothLost "both-lost" [0.0, 0.05] "of packets" "F-02 F-15" "Both lines lose a packet: a gap.";
    Replayed "replayed" [0.0, 0.5] "of packets" "F-03" "Copies come twice.";
    Overtaken "overtaken" [0.0, 0.3] "of packets" "F-04" "A copy is overtaken by others.";
    BothOvertaken "both-overtaken" [0.0, 0.1] "of packets" "F-05" "Both copies are overtaken.";
    Cut "cut" [0.0, 0.03] "of packets" "F-08" "Both copies are cut at a byte that ends no message.";
    Corrupted "corrupted" [0.0, 0.03] "of packets" "F-06" "Both copies carry a length that is not theirs.";
    OddPrice "odd-price" [0.0, 0.01] "of packets" "F-07 F-20" "A level's price lies between two ticks.";
    Crossing "crossing" [0.0, 0.001] "of packets" "F-17" "An ask is sent far below the bids.";
    WrongDelete "wrong-delete" [0.0, 0.01] "of packets" "F-19" "A level is deleted where none stands.";
    ChannelReset "channel-reset" [0.0, 0.02] "a second" "F-10" "The channel empties its books and sends them anew.";
    LineSilent "line-silent" [0.0, 0.02] "a second" "F-22" "Both lines carry nothing for a while.";
    LoopLost "loop-lost" [0.0, 0.5] "of packets of loops" "F-16" "Snapshots and definitions are lost, cut or overtaken.";
    Disconnect "disconnect" [0.0, 0.05] "a second" "V-01 V-06 V-07" "The session with the venue breaks: what is under way is lost.";
    NotCancelled "not-cancelled" [0.0, 1.0] "of disconnects" "V-07" "The venue does not cancel though it should.";
    Clog "clog" [0.0, 0.02] "of messages" "V-17" "The order path stands still for a while.";
    Refused "refused" [0.0, 0.05] "of orders and changes" "V-05 V-10" "The venue refuses without a reason we know.";
    FillFirst "fill-first" [0.0, 0.1] "of answers" "V-03" "A fill comes before its acknowledgement.";
    FillLate "fill-late" [0.0, 0.1] "of fills" "V-03 V-04" "A fill is told late: behind a cancel's answer, perhaps.";
    SaidTwice "said-twice" [0.0, 0.2] "of reports" "V-02" "A report comes again, later.";
    Contradiction "contradiction" [0.0, 0.002] "of reports" "V-13" "The venue says what cannot be: of an order nobody sent, or one long refused.";
    Crash "crash" [0.0, 0.04] "a second" "P-01 J-01" "The process dies and starts again from its journal.";
    CrashInCommit "crash-in-commit" [0.0, 0.002] "of commits" "J-01 J-02" "The power goes while a block is written.";
    FlushFails "flush-fails" [0.0, 0.001] "of commits" "J-06 J-07" "The disk refuses to flush: the process stops.";
    Torn "torn" [0.8, 1.0] "of pending writes at a crash" "J-02" "What was not flushed is torn.";
    Rot "rot" [0.0, 0.2] "of restarts" "J-03 J-04" "A byte of the journal is another one when it is read back.";
    LostTail "lost-tail" [0.0, 0.2] "of restarts" "J-05 J-14" "The disk forgot blocks that it had said were safe.";
    Pause "pause" [0.0, 0.03] "a second" "T-07" "The process stands still, and everything waits for it.";
    ClockStep "clock-step" [0.0, 0.02] "a second" "T-01 T-02" "The wall clock jumps by up to an hour.";
    KillPulled "kill-pulled" [0.0, 0.03] "a second" "O-04 RC-36" "A person pulls the kill switch.";
    LimitMoved "limit-moved" [0.0, 0.05] "a second" "O-02" "A person lowers a limit, or asks to raise one.";
    Halted "halted" [0.0, 0.0002] "a second" "V-11" "The market is halted for a while.";
}

/// How the rest of a run is drawn, in the order of [`Shape`].
pub const SHAPES: [Range; 11] = [
    shape("overtaken-by", 0.0, 100.0, "ms", "How far packets are overtaken, at most.", "F-04 F-05"),
    shape("delay-min", 0.0, 30.0, "ms", "What every message to and from the venue takes.", "V-17"),
    shape("delay-mean", 30.0, 100.0, "ms", "What they take more, on the mean.", "V-17"),
    shape("clog-mean", 0.0, 5.0, "s", "How long a path stands still, on the mean.", "V-17"),
    shape("restart-mean", 0.2, 3.0, "s", "How long a process takes to come back, on the mean.", "P-01"),
    shape("pause-mean", 0.0, 5.0, "s", "How long it stands still, on the mean.", "T-07"),
    shape("drift", -200.0, 200.0, "ppm", "How much faster the clock goes.", "T-03"),
    shape("pace", 0.05, 0.25, "× 200 actions a second", "How busy each instrument is.", "F-24"),
    shape("burst", 1.0, 50.0, "×", "How much busier it is in a burst.", "F-24"),
    shape("chaos", 1.0, 20.0, "wishes a second", "How busy the chaotic strategy is.", "O-06"),
    shape("left-out", 0.3, 0.7, "of kinds", "How many kinds of fault a seed leaves out.", ""),
];

const fn shape(
    name: &'static str,
    from: f64,
    to: f64,
    unit: &'static str,
    about: &'static str,
    rows: &'static str,
) -> Range {
    Range { name, from, to, unit, about, rows }
}

/// What [`SHAPES`] gives a value to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
#[allow(missing_docs, reason = "the table says what each is")]
pub enum Shape {
    OvertakenBy,
    DelayMin,
    DelayMean,
    ClogMean,
    RestartMean,
    PauseMean,
    Drift,
    Pace,
    Burst,
    Chaos,
    LeftOut,
}

/// Ranges of section 3.2 that need more than one machine, and what they wait for.
pub const WAITING: [(&str, &str); 3] = [
    ("partition 0-3 % a tick, heal 1-10 %, modes × symmetric or not", "replicas that elect a primary"),
    ("release upgrade 1e-6 a tick", "replicas that run two releases side by side"),
    ("definition change 0-5 a session", "a generator that changes its instruments' terms"),
];

impl Kind {
    /// Its name in tables, swarm files and histories.
    #[must_use]
    pub const fn name(self) -> &'static str {
        FAULTS[self as usize].name
    }

    /// The kind of this name.
    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// Ranges that differ from the tables'.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Swarm(BTreeMap<String, [f64; 2]>);

/// Why a swarm file is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SwarmError {
    /// Not TOML, or no table of pairs.
    #[error("a swarm file has lines like `line-lost = [0.0, 0.3]`: {0}")]
    Syntax(String),
    /// A name that is not in the table.
    #[error("{0} is no range of the storm; `quoin storm --ranges` lists them")]
    Unknown(String),
    /// The range is upside down, or not a share where it must be.
    #[error("{name} = [{from}, {to}]: {what}")]
    Range {
        /// Whose.
        name: String,
        /// As written.
        from: String,
        /// As written.
        to: String,
        /// What is wrong.
        what: &'static str,
    },
}

impl Swarm {
    /// Reads a swarm file.
    ///
    /// # Errors
    /// When it says what the tables do not know.
    pub fn parse(text: &str) -> Result<Self, SwarmError> {
        let ranges: BTreeMap<String, [f64; 2]> =
            toml::from_str(text).map_err(|error| SwarmError::Syntax(error.message().to_owned()))?;
        for (name, [from, to]) in &ranges {
            let refuse = |what| {
                let (name, from, to) = (name.clone(), from.to_string(), to.to_string());
                Err(SwarmError::Range { name, from, to, what })
            };
            let is_share = Kind::of_name(name).is_some() || name == "left-out";
            if !is_share && !SHAPES.iter().any(|shape| shape.name == name) {
                return Err(SwarmError::Unknown(name.clone()));
            }
            if !(from.is_finite() && to.is_finite() && from <= to) {
                return refuse("the first is at most the second");
            }
            if is_share && (!(0.0..=1.0).contains(from) || *to > 1.0) {
                return refuse("a share lies between 0 and 1");
            }
            if !is_share && name != "drift" && *from < 0.0 {
                return refuse("it is not below zero");
            }
        }
        Ok(Self(ranges))
    }

    fn of(&self, range: &Range) -> (f64, f64) {
        self.0.get(range.name).map_or((range.from, range.to), |[from, to]| (*from, *to))
    }
}

/// What one seed drew.
#[derive(Clone, Debug, PartialEq)]
pub struct Mix {
    rates: [f64; KINDS],
    shapes: [f64; SHAPES.len()],
}

impl Mix {
    /// Nothing goes wrong, and everything takes its least.
    #[must_use]
    pub fn calm() -> Self {
        let mut calm = Self { rates: [0.0; KINDS], shapes: SHAPES.map(|shape| shape.from) };
        calm.shapes[Shape::Drift as usize] = 0.0;
        calm
    }

    /// Draws a mix: the same for the same seed and swarm.
    #[must_use]
    pub fn draw(seed: u64, swarm: &Swarm) -> Self {
        let mut prng = Prng::new(seed).fork("mix");
        let mut within = |range: &Range| {
            let (from, to) = swarm.of(range);
            from + (to - from) * prng.unit()
        };
        let shapes = SHAPES.map(|shape| within(&shape));
        let rates = FAULTS.map(|fault| within(&fault));
        let left_out = shapes[Shape::LeftOut as usize];
        let rates = rates.map(|rate| if prng.chance(left_out) { 0.0 } else { rate });
        Self { rates, shapes }
    }

    /// The same with another rate for one kind.
    #[must_use]
    pub fn with(mut self, kind: Kind, rate: f64) -> Self {
        self.rates[kind as usize] = rate;
        self
    }

    /// The same with another value of a shape.
    #[must_use]
    pub fn shaped(mut self, shape: Shape, value: f64) -> Self {
        self.shapes[shape as usize] = value;
        self
    }

    /// How often a kind of fault strikes.
    #[must_use]
    pub const fn rate(&self, kind: Kind) -> f64 {
        self.rates[kind as usize]
    }

    /// The same with another value of the shape of this name, if there is one.
    #[must_use]
    pub fn shaped_by_name(mut self, name: &str, value: f64) -> Option<Self> {
        let row = SHAPES.iter().position(|shape| shape.name == name)?;
        self.shapes[row] = value;
        Some(self)
    }

    /// Every shape's value, in the order of [`SHAPES`].
    #[must_use]
    pub const fn shapes(&self) -> [f64; SHAPES.len()] {
        self.shapes
    }

    /// The value of a shape.
    #[must_use]
    pub const fn shape(&self, shape: Shape) -> f64 {
        self.shapes[shape as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_draws_within_the_ranges_and_the_same_twice() {
        let mut left_out = 0;
        for seed in 0..200 {
            let mix = Mix::draw(seed, &Swarm::default());
            assert_eq!(mix, Mix::draw(seed, &Swarm::default()));
            for (range, rate) in FAULTS.iter().zip(mix.rates) {
                assert!(
                    rate.total_cmp(&0.0).is_eq() || (range.from..=range.to).contains(&rate),
                    "{}",
                    range.name
                );
                left_out += usize::from(rate <= 0.0);
            }
            for (range, value) in SHAPES.iter().zip(mix.shapes) {
                assert!((range.from..=range.to).contains(&value), "{}", range.name);
            }
        }
        let share = left_out * 100 / (200 * KINDS);
        assert!((40..60).contains(&share), "{share} %");
    }

    #[test]
    fn a_swarm_file_moves_a_range_and_nothing_unknown_passes() {
        let swarm =
            Swarm::parse("line-lost = [0.5, 0.5]\nleft-out = [0.0, 0.0]\npace = [2.0, 2.0]").expect("good");
        let mix = Mix::draw(3, &swarm);
        assert_eq!(
            [mix.rate(Kind::LineLost), mix.shape(Shape::Pace)].map(|x| format!("{x:.1}")),
            ["0.5", "2.0"]
        );
        for (text, why) in [
            ("line-losst = [0.0, 0.1]", "line-losst is no range of the storm"),
            ("line-lost = [0.2, 0.1]", "the first is at most the second"),
            ("line-lost = [0.2, 1.1]", "a share lies between 0 and 1"),
            ("line-lost = [-0.1, 0.1]", "a share lies between 0 and 1"),
            ("delay-min = [-1.0, 1.0]", "it is not below zero"),
            ("line-lost = 0.3", "a swarm file has lines like"),
            ("[swarm]\nx = 1", "a swarm file has lines like"),
        ] {
            let error = Swarm::parse(text).expect_err(text).to_string();
            assert!(error.contains(why), "{text}: {error}");
        }
    }

    #[test]
    fn no_two_lines_have_one_name() {
        let mut names: Vec<&str> = FAULTS.iter().chain(&SHAPES).map(|range| range.name).collect();
        let all = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), all);
    }
}
