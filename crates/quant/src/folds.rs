//! Splits of time into where one chooses and where one is judged, without a leak between them: walk-forward, purged
//! and embargoed k-fold, combinatorial purged cross-validation (López de Prado, *Advances in Financial Machine
//! Learning*, 2018, ch. 7 and 12).
//!
//! What is measured of an observation takes time: its label spans from when it starts to when its outcome is known.
//! An observation may be trained on only if its span touches no tested one (purging), and does not start too soon
//! behind one (embargo).

use crate::combinations::{combinations, count};
use std::ops::Range;

/// From its start (included) to when its outcome is known (not included).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// The first moment.
    pub from: i64,
    /// The first moment that no longer belongs to it.
    pub to: i64,
}

impl Span {
    /// Whether they share a moment.
    #[must_use]
    pub const fn overlaps(&self, other: &Self) -> bool {
        self.from < other.to && other.from < self.to
    }
}

/// Where to choose and where to be judged: places of observations, rising.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fold {
    /// To choose on.
    pub train: Vec<usize>,
    /// To be judged on.
    pub test: Vec<usize>,
}

/// Why time cannot be split so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FoldError {
    /// More groups than observations, or fewer than two.
    Groups {
        /// As asked for.
        groups: usize,
        /// What there is.
        observations: usize,
    },
    /// None or all groups would be tested.
    TestGroups {
        /// As asked for.
        tested: usize,
        /// Of how many.
        groups: usize,
    },
    /// Too many splits to go through.
    TooMany {
        /// As asked for.
        tested: usize,
        /// Of how many.
        groups: usize,
    },
    /// Observations do not rise in time, or end before they start.
    Order {
        /// The first that is wrong.
        observation: usize,
    },
    /// After purging there is nothing to choose on.
    NothingLeft {
        /// In which fold.
        fold: usize,
    },
}

impl std::fmt::Display for FoldError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Groups { groups, observations } => {
                write!(
                    f,
                    "{groups} groups cannot be made of {observations} observations: from 2 to that many"
                )
            }
            Self::TestGroups { tested, groups } => {
                write!(
                    f,
                    "{tested} of {groups} groups cannot be tested: at least 1, and one less than all at most"
                )
            }
            Self::TooMany { tested, groups } => {
                write!(f, "{tested} of {groups} groups are more than {SPLITS_MAX} splits; take fewer groups")
            }
            Self::Order { observation } => {
                write!(f, "observation {observation} starts before an earlier one, or ends before it starts")
            }
            Self::NothingLeft { fold } => {
                write!(
                    f,
                    "purging leaves nothing to choose on in fold {fold}: shorten the horizon or the embargo"
                )
            }
        }
    }
}

impl std::error::Error for FoldError {}

const SPLITS_MAX: u64 = 100_000;

/// `groups` runs of neighbours, as even as can be: the first ones are one longer.
#[must_use]
pub fn runs(observations: usize, groups: usize) -> Vec<Range<usize>> {
    let (length, longer) = (observations / groups.max(1), observations % groups.max(1));
    let start = |group: usize| group * length + group.min(longer);
    (0..groups).map(|group| start(group)..start(group + 1)).collect()
}

/// A way to split time, as a user asks for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// See [`walk_forward`].
    WalkForward {
        /// Groups that are tested.
        steps: usize,
        /// What is chosen on.
        window: Window,
    },
    /// See [`purged_k_fold`].
    KFold {
        /// How many.
        folds: usize,
    },
    /// See [`combinatorial`].
    Combinatorial {
        /// How many.
        groups: usize,
        /// How many of them are tested at once.
        tested: usize,
    },
}

impl Scheme {
    /// The folds it makes of observations.
    ///
    /// # Errors
    /// When time cannot be split so.
    pub fn folds(self, spans: &[Span], embargo: i64) -> Result<Vec<Fold>, FoldError> {
        match self {
            Self::WalkForward { steps, window } => walk_forward(spans, steps, window),
            Self::KFold { folds } => purged_k_fold(spans, folds, embargo),
            Self::Combinatorial { groups, tested } => {
                Ok(combinatorial(spans, groups, tested, embargo)?.folds)
            }
        }
    }
}

fn check(spans: &[Span], groups: usize) -> Result<(), FoldError> {
    if groups < 2 || groups > spans.len() {
        return Err(FoldError::Groups { groups, observations: spans.len() });
    }
    let falls =
        |at: &usize| spans[*at].to < spans[*at].from || (*at > 0 && spans[*at].from < spans[*at - 1].from);
    match (0..spans.len()).find(falls) {
        Some(observation) => Err(FoldError::Order { observation }),
        None => Ok(()),
    }
}

/// Tests the given runs; trains on whatever may be trained on then.
fn fold(spans: &[Span], tested: &[Range<usize>], embargo: i64) -> Fold {
    let covered = |run: &Range<usize>| {
        let to = spans[run.clone()].iter().map(|span| span.to).max();
        Span { from: spans[run.start].from, to: to.unwrap_or(spans[run.start].from) }
    };
    let covered: Vec<Span> = tested.iter().filter(|run| !run.is_empty()).map(covered).collect();
    let is_tested = |at: &usize| tested.iter().any(|run| run.contains(at));
    let leaks = |span: &Span| {
        covered.iter().any(|test| {
            // A label without length is a moment, and a moment within leaks.
            let within = test.from <= span.from && span.from < test.to.saturating_add(embargo);
            within || span.overlaps(test)
        })
    };
    let (test, rest): (Vec<usize>, Vec<usize>) = (0..spans.len()).partition(is_tested);
    Fold { train: rest.into_iter().filter(|at| !leaks(&spans[*at])).collect(), test }
}

fn refuse_empty(folds: Vec<Fold>) -> Result<Vec<Fold>, FoldError> {
    match folds.iter().position(|fold| fold.train.is_empty()) {
        Some(fold) => Err(FoldError::NothingLeft { fold }),
        None => Ok(folds),
    }
}

/// How much of the past is chosen on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Window {
    /// All of it.
    Growing,
    /// As many groups before the tested one.
    Rolling(usize),
}

/// Time in `steps + 1` groups: each but the first is tested once, chosen on what lies before it.
///
/// # Errors
/// When time cannot be split so.
pub fn walk_forward(spans: &[Span], steps: usize, window: Window) -> Result<Vec<Fold>, FoldError> {
    check(spans, steps.saturating_add(1))?;
    let groups = runs(spans.len(), steps + 1);
    let step = |at: usize| {
        let tested = groups[at].clone();
        let first = match window {
            Window::Growing => 0,
            Window::Rolling(back) => groups[at.saturating_sub(back.max(1))].start,
        };
        // Nothing behind the test is chosen on: an embargo has nothing to hold back.
        let mut fold = fold(spans, std::slice::from_ref(&tested), 0);
        fold.train.retain(|place| (first..tested.start).contains(place));
        fold
    };
    refuse_empty((1..=steps).map(step).collect())
}

/// Each of `folds` runs is tested once, chosen on all the others that do not leak (2018, ch. 7).
///
/// # Errors
/// When time cannot be split so.
pub fn purged_k_fold(spans: &[Span], folds: usize, embargo: i64) -> Result<Vec<Fold>, FoldError> {
    check(spans, folds)?;
    let groups = runs(spans.len(), folds);
    refuse_empty(groups.iter().map(|run| fold(spans, std::slice::from_ref(run), embargo)).collect())
}

/// Every way to test some of the groups, and the paths through time they make (2018, ch. 12).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Combinatorial {
    /// The groups.
    pub groups: Vec<Range<usize>>,
    /// One for each way.
    pub folds: Vec<Fold>,
    /// By fold: the groups it tests.
    pub tested: Vec<Vec<usize>>,
}

/// All ways to test `tested` of `groups`.
///
/// # Errors
/// When time cannot be split so.
pub fn combinatorial(
    spans: &[Span],
    groups: usize,
    tested: usize,
    embargo: i64,
) -> Result<Combinatorial, FoldError> {
    check(spans, groups)?;
    if tested == 0 || tested >= groups {
        return Err(FoldError::TestGroups { tested, groups });
    }
    if count(groups, tested).is_none_or(|ways| ways > SPLITS_MAX) {
        return Err(FoldError::TooMany { tested, groups });
    }
    let runs = runs(spans.len(), groups);
    let tested: Vec<Vec<usize>> = combinations(groups, tested).collect();
    let fold = |ways: &Vec<usize>| {
        let chosen: Vec<Range<usize>> = ways.iter().map(|group| runs[*group].clone()).collect();
        fold(spans, &chosen, embargo)
    };
    let folds = refuse_empty(tested.iter().map(fold).collect())?;
    Ok(Combinatorial { groups: runs, folds, tested })
}

impl Combinatorial {
    /// The paths: each goes through all groups in order, and says for every group which fold judged it. No fold and
    /// group are on two paths; there are `tested / groups` as many paths as folds.
    #[must_use]
    pub fn paths(&self) -> Vec<Vec<usize>> {
        let judges = |group: usize| -> Vec<usize> {
            (0..self.folds.len()).filter(|fold| self.tested[*fold].contains(&group)).collect()
        };
        let judges: Vec<Vec<usize>> = (0..self.groups.len()).map(judges).collect();
        let paths = judges.first().map_or(0, Vec::len);
        (0..paths).map(|path| judges.iter().map(|folds| folds[path]).collect()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use stdx::Prng;

    fn even(count: i64, length: i64) -> Vec<Span> {
        (0..count).map(|at| Span { from: 10 * at, to: 10 * at + length }).collect()
    }

    /// Observations at uneven times, with labels of uneven lengths.
    fn uneven(prng: &mut Prng) -> Vec<Span> {
        let mut from = 0;
        let count = prng.between(8, 60);
        let next = |_| {
            from += prng.between(0, 12);
            Span { from, to: from + prng.between(0, 30) }
        };
        (0..count).map(next).collect()
    }

    /// What must hold of every fold, whatever made it.
    fn holds(spans: &[Span], fold: &Fold, embargo: i64, seed: u64) {
        for train in fold.train.iter().map(|at| spans[*at]) {
            for test in fold.test.iter().map(|at| spans[*at]) {
                assert!(!train.overlaps(&test), "seed {seed}: {train:?} leaks into {test:?}");
                let soon = train.from >= test.to && train.from < test.to + embargo;
                assert!(!soon, "seed {seed}: {train:?} within {embargo} of {test:?}");
            }
        }
        assert!(fold.train.iter().all(|at| !fold.test.contains(at)), "seed {seed}");
        assert!(fold.train.is_sorted() && fold.test.is_sorted());
    }

    /// How often each observation is tested.
    fn times_tested(folds: &[Fold], observations: usize) -> Vec<usize> {
        let times = |at| folds.iter().filter(|fold| fold.test.contains(&at)).count();
        (0..observations).map(times).collect()
    }

    #[test]
    fn nothing_leaks_and_everything_is_tested_as_often_as_it_should() {
        let mut tried = [0_u32; 3];
        for seed in 0..400 {
            let mut prng = Prng::new(seed);
            let spans = uneven(&mut prng);
            let n = spans.len();
            let embargo = prng.between(0, 20);
            let groups = usize::try_from(prng.between(2, 7)).expect("small");
            if let Ok(folds) = purged_k_fold(&spans, groups, embargo) {
                tried[0] += 1;
                folds.iter().for_each(|fold| holds(&spans, fold, embargo, seed));
                assert_eq!(times_tested(&folds, n), vec![1; n], "seed {seed}");
            }
            let tested = usize::try_from(prng.between(1, 3)).expect("small").min(groups - 1);
            if let Ok(ways) = combinatorial(&spans, groups, tested, embargo) {
                tried[1] += 1;
                ways.folds.iter().for_each(|fold| holds(&spans, fold, embargo, seed));
                let paths = usize::try_from(count(groups - 1, tested - 1).expect("few")).expect("few");
                assert_eq!(times_tested(&ways.folds, n), vec![paths; n], "seed {seed}");
                let mut used: Vec<(usize, usize)> =
                    ways.paths().iter().flat_map(|path| path.iter().copied().enumerate()).collect();
                assert!(used.iter().all(|(group, fold)| ways.tested[*fold].contains(group)));
                assert_eq!(used.len(), paths * groups);
                used.sort_unstable();
                used.dedup();
                assert_eq!(used.len(), paths * groups, "seed {seed}: a fold judged a group on two paths");
            }
            let window = if prng.chance(0.5) { Window::Growing } else { Window::Rolling(2) };
            if let Ok(folds) = walk_forward(&spans, groups, window) {
                tried[2] += 1;
                for fold in &folds {
                    holds(&spans, fold, 0, seed);
                    assert!(fold.train.last() < fold.test.first(), "seed {seed}");
                }
                let first = runs(n, groups + 1)[0].len();
                let due: Vec<usize> = (0..n).map(|at| usize::from(at >= first)).collect();
                assert_eq!(times_tested(&folds, n), due, "seed {seed}");
            }
        }
        assert!(tried.iter().all(|n| *n > 150), "{tried:?}");
    }

    #[test]
    fn splits_and_paths_are_as_many_as_the_book_says() {
        // Oracle OR-52: López de Prado (2018), 12.4: φ[6, 2] = 5; skfolio gives the same.
        for (groups, tested, splits, paths) in [(6, 2, 15, 5), (10, 8, 45, 36), (5, 1, 5, 1)] {
            let ways = combinatorial(&even(60, 10), groups, tested, 0).expect("enough");
            assert_eq!((ways.folds.len(), ways.paths().len()), (splits, paths));
        }
    }

    #[test]
    fn purging_and_embargo_take_what_they_must_and_no_more() {
        // Ten a step; labels of 25 reach two observations further.
        let folds = purged_k_fold(&even(12, 25), 3, 20).expect("enough");
        assert_eq!(folds[1].test, [4, 5, 6, 7]);
        // Tested: 40 to 95. Before it 2 (20 to 45) and 3 leak, behind it 8, 9 (90) overlap; until 115 10, 11 wait.
        assert_eq!(folds[1].train, [0, 1]);
        let folds = purged_k_fold(&even(12, 10), 3, 0).expect("enough");
        assert_eq!(folds[1].train, [0, 1, 2, 3, 8, 9, 10, 11]);
        let folds = walk_forward(&even(12, 15), 3, Window::Growing).expect("enough");
        assert_eq!((folds[2].train.clone(), folds[2].test.clone()), ((0..8).collect(), vec![9, 10, 11]));
        let folds = walk_forward(&even(12, 10), 3, Window::Rolling(1)).expect("enough");
        assert_eq!(folds[2].train, [6, 7, 8]);
    }

    #[test]
    fn what_cannot_be_split_is_said() {
        let spans = even(6, 10);
        assert_eq!(purged_k_fold(&spans, 7, 0), Err(FoldError::Groups { groups: 7, observations: 6 }));
        assert_eq!(
            walk_forward(&spans, 0, Window::Growing),
            Err(FoldError::Groups { groups: 1, observations: 6 })
        );
        assert_eq!(combinatorial(&spans, 3, 3, 0), Err(FoldError::TestGroups { tested: 3, groups: 3 }));
        let many = even(60, 10);
        assert_eq!(combinatorial(&many, 40, 20, 0), Err(FoldError::TooMany { tested: 20, groups: 40 }));
        assert_eq!(purged_k_fold(&even(6, 500), 3, 0), Err(FoldError::NothingLeft { fold: 0 }));
        let mut disordered = spans;
        disordered[3].from = 0;
        assert_eq!(purged_k_fold(&disordered, 2, 0), Err(FoldError::Order { observation: 3 }));
    }
}
