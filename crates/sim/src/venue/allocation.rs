//! Who of those at one price gets how much of an incoming order: CME Globex's matching algorithms.
//!
//! Owns one rule in seven steps, of which each of the exchange's algorithms uses some (CME Group Client Systems Wiki,
//! "CME Globex Matching Algorithm Steps"):
//!
//! ```text
//!        │ TOP │ LMM │ FIFO share │ pro rata │ levelling │ FIFO
//! F      │     │     │            │          │           │  ●      first in, first out
//! T      │     │  ●  │            │          │           │  ●      FIFO with lead market makers
//! S      │  ●  │  ●  │            │          │           │  ●      the same with a TOP order
//! C      │     │     │            │    ●     │           │  ●      pro rata
//! A      │  ●  │     │            │    ●     │           │  ●      allocation
//! O      │  ●  │     │            │    ●     │           │  ●      threshold pro rata: TOP has a least and a most
//! Q      │  ●  │  ●  │            │    ●     │           │  ●      the same with lead market makers
//! K      │  ●  │  ●  │     ●      │    ●     │     ●     │  ●      configurable: split FIFO and pro rata
//! ```
//!
//! Never knows whose an order is. An incoming order that takes all there is goes to all ("FIFO - Exception").

use types::Lots;

/// What an order needs to be, and gets at most, to go first because it bettered the market.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Top {
    /// A smaller order does not go first.
    pub least: Lots,
    /// It gets no more than this of one incoming order before the others.
    pub most: Lots,
}

impl Top {
    /// Whatever its size, for as much as it has.
    pub const WHOLE: Self = Self { least: Lots::ZERO, most: Lots(i64::MAX) };
}

/// A matching algorithm. The default is first in, first out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Allocation {
    /// Whether the order that bettered the market goes first.
    pub top: Option<Top>,
    /// Whether lead market makers get their share of what is left then.
    pub lead_market_makers: bool,
    /// What the pro-rata part does; `None`: there is none.
    pub pro_rata: Option<ProRata>,
}

/// The part of an algorithm that goes by size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProRata {
    /// How much of what is left goes first in, first out before, in percent; halves round up.
    pub fifo_percent: u8,
    /// An order whose share is smaller gets none of it.
    pub minimum: Lots,
    /// Whether those who got none get one lot each before the rest goes first in, first out: larger ones first, of
    /// equals the earlier.
    pub levelling: bool,
}

/// An order at the price, or orders that stand together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Resting {
    /// What is left of it.
    pub size: Lots,
    /// It bettered the market when it came.
    pub top: bool,
    /// What its owner gets as a lead market maker, in percent.
    pub lead_percent: u8,
}

impl Allocation {
    /// First in, first out.
    pub const FIFO: Self = Self { top: None, lead_market_makers: false, pro_rata: None };

    /// Whether time alone decides.
    #[must_use]
    pub const fn is_fifo(&self) -> bool {
        self.top.is_none() && !self.lead_market_makers && self.pro_rata.is_none()
    }

    /// Splits `incoming` among `resting`, which stand in the order of their time.
    pub fn split(&self, incoming: Lots, resting: &[Resting], out: &mut Shares) {
        let Shares { got, none } = out;
        got.clear();
        got.resize(resting.len(), Lots::ZERO);
        let all: i128 = resting.iter().map(|order| i128::from(order.size.0.max(0))).sum();
        if i128::from(incoming.0) >= all {
            got.iter_mut().zip(resting).for_each(|(got, order)| *got = order.size.max(Lots::ZERO));
            return;
        }
        let mut share = Share { left: incoming.0.max(0), resting, got, none };
        if let Some(top) = self.top {
            share.top(top);
        }
        if self.lead_market_makers {
            share.lead_market_makers();
        }
        if let Some(pro_rata) = self.pro_rata {
            // Fifty hundredths more, so that halves round up.
            let first = (i128::from(share.left) * i128::from(pro_rata.fifo_percent.min(100)) + 50) / 100;
            share.first_in(i64::try_from(first).expect("at most what is left"));
            share.pro_rata(pro_rata);
        }
        share.first_in(share.left);
    }
}

/// What each gets. The memory is kept from one incoming order to the next.
#[derive(Clone, Debug, Default)]
pub struct Shares {
    got: Vec<Lots>,
    /// Those whose share by size was none, and what was left of them.
    none: Vec<(i64, usize)>,
}

impl Shares {
    /// In the order of those who rest.
    #[must_use]
    pub fn got(&self) -> &[Lots] {
        &self.got
    }
}

/// An incoming order on its way through the steps.
struct Share<'a> {
    left: i64,
    resting: &'a [Resting],
    got: &'a mut [Lots],
    none: &'a mut Vec<(i64, usize)>,
}

impl Share<'_> {
    /// What is left of an order.
    fn rest(&self, at: usize) -> i64 {
        self.resting[at].size.0.max(0) - self.got[at].0
    }

    /// Gives an order up to `size`, and says how much that was.
    fn give(&mut self, at: usize, size: i64) -> i64 {
        let size = size.min(self.rest(at)).min(self.left).max(0);
        self.got[at].0 += size;
        self.left -= size;
        size
    }

    fn top(&mut self, top: Top) {
        let Some(at) = self.resting.iter().position(|order| order.top) else { return };
        if self.resting[at].size >= top.least {
            self.give(at, top.most.0);
        }
    }

    /// Each its percentage of what the TOP order left, rounded down.
    fn lead_market_makers(&mut self) {
        let of = self.left;
        for at in 0..self.resting.len() {
            let percent = i128::from(self.resting[at].lead_percent);
            let due = i128::from(of) * percent / 100;
            self.give(at, i64::try_from(due).unwrap_or(i64::MAX));
        }
    }

    fn first_in(&mut self, size: i64) {
        let mut size = size;
        for at in 0..self.resting.len() {
            if size <= 0 {
                break;
            }
            size -= self.give(at, size);
        }
    }

    /// Each by its share of what is left of all, rounded down, or none.
    fn pro_rata(&mut self, rule: ProRata) {
        let of = i128::from(self.left);
        let all: i128 = (0..self.resting.len()).map(|at| i128::from(self.rest(at))).sum();
        if all == 0 {
            return;
        }
        self.none.clear();
        for at in 0..self.resting.len() {
            let rest = self.rest(at);
            let due = i64::try_from(of * i128::from(rest) / all).expect("at most what is left");
            if due > 0 && due >= rule.minimum.0 {
                self.give(at, due);
            } else if rest > 0 {
                self.none.push((rest, at));
            }
        }
        if rule.levelling {
            self.level();
        }
    }

    /// One lot each to those who got none, larger ones first.
    fn level(&mut self) {
        self.none.sort_unstable_by_key(|&(rest, at)| (std::cmp::Reverse(rest), at));
        for place in 0..self.none.len() {
            self.give(self.none[place].1, 1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use stdx::Prng;

    const MINIMUM: ProRata = ProRata { fifo_percent: 0, minimum: Lots(2), levelling: false };
    const PRO_RATA: Allocation = Allocation { top: None, lead_market_makers: false, pro_rata: Some(MINIMUM) };
    const ALLOCATION: Allocation = Allocation { top: Some(Top::WHOLE), ..PRO_RATA };
    const SPLIT: Allocation = Allocation {
        top: Some(Top::WHOLE),
        lead_market_makers: true,
        pro_rata: Some(ProRata { fifo_percent: 40, minimum: Lots(1), levelling: true }),
    };

    fn threshold(least: i64, most: i64, lead_market_makers: bool) -> Allocation {
        let top = Some(Top { least: Lots(least), most: Lots(most) });
        let pro_rata = Some(ProRata { minimum: Lots(1), ..MINIMUM });
        Allocation { top, lead_market_makers, pro_rata }
    }

    /// Orders as sizes and lead percentages; the first is the TOP order.
    fn split(rule: Allocation, incoming: i64, orders: &[(i64, u8)]) -> Vec<i64> {
        let resting: Vec<Resting> = orders
            .iter()
            .enumerate()
            .map(|(at, &(size, lead_percent))| Resting { size: Lots(size), top: at == 0, lead_percent })
            .collect();
        let mut out = Shares::default();
        rule.split(Lots(incoming), &resting, &mut out);
        out.got().iter().map(|got| got.0).collect()
    }

    fn sizes(sizes: &[i64]) -> Vec<(i64, u8)> {
        sizes.iter().map(|&size| (size, 0)).collect()
    }

    #[test]
    fn the_exchange_s_own_examples() {
        // "Complex Match Example" of CME's wiki (SR1, algorithm A, minimum 2): 501 lots meet 1,000 of which 100 are
        // a TOP order, and 200, 300, 400 and 100; pro rata gives 189, 42, 63, 84 and 21, and the two that rounding
        // left go to the first.
        let top_100 = Allocation { top: Some(Top { most: Lots(100), ..Top::WHOLE }), ..ALLOCATION };
        let orders = sizes(&[1_000, 200, 300, 400, 100]);
        assert_eq!(split(top_100, 501, &orders), [100 + 189 + 2, 42, 63, 84, 21]);
        // Corn options, threshold pro rata with a TOP order of 10 to 100 lots and a minimum of 1: 150, 8 and 160.
        assert_eq!(split(threshold(10, 100, false), 200, &sizes(&[150, 8, 160])), [100 + 22 + 2, 3, 73]);
    }

    /// The rule, what comes in, who rests, and who gets what.
    type Case<'a> = (Allocation, i64, &'a [(i64, u8)], &'a [i64]);

    /// By hand, step by step.
    #[test]
    fn every_algorithm_by_hand() {
        let fifo_lmm = Allocation { top: None, lead_market_makers: true, pro_rata: None };
        let fifo_top_lmm = Allocation { top: Some(Top::WHOLE), ..fifo_lmm };
        let no_fifo = Allocation { pro_rata: Some(ProRata { levelling: true, ..MINIMUM }), ..SPLIT };
        let all_fifo = Allocation { pro_rata: Some(ProRata { fifo_percent: 100, ..MINIMUM }), ..SPLIT };
        let lead: &[(i64, u8)] = &[(1, 0), (59, 20), (40, 10)];
        let threshold_lmm = threshold(25, 250, true);
        let cases: [Case<'_>; 16] = [
            (Allocation::FIFO, 12, &sizes(&[5, 6, 7]), &[5, 6, 1]),
            (Allocation::FIFO, 0, &sizes(&[5, 6, 7]), &[0, 0, 0]),
            (Allocation::FIFO, 99, &sizes(&[5, 6, 7]), &[5, 6, 7]),
            // 28 and 21; one of two is below the minimum, and is left for the first.
            (PRO_RATA, 50, &sizes(&[2, 42, 56]), &[1, 21, 28]),
            (PRO_RATA, 50, &sizes(&[1, 21, 28]), &[1, 21, 28]),
            // TOP 2; 48 of 98: 27.4 and 20.6; one left.
            (ALLOCATION, 50, &sizes(&[2, 56, 42]), &[2, 28, 20]),
            // TOP 10 of 40; 10 % and 20 % of 30; the rest in time.
            (fifo_top_lmm, 39, &[(10, 0), (10, 10), (10, 20), (10, 0)], &[10, 10, 10, 9]),
            (fifo_lmm, 20, &[(10, 0), (10, 10), (10, 20), (10, 0)], &[10, 6, 4, 0]),
            // TOP 1 of 50; 20 % and 10 % of 49 are 9 and 4; 36 in time.
            (all_fifo, 50, lead, &[1, 9 + 36, 4]),
            // The same, 36 by size: 50 and 36 of 86 are 20.9 and 15.1; one left.
            (no_fifo, 50, lead, &[1, 9 + 20 + 1, 4 + 15]),
            // TOP 250 of 400; 40 % of 150; 90 by size 50, 15 and 100: 27, 8 and 54; one left.
            (threshold_lmm, 400, &[(300, 0), (15, 0), (160, 40)], &[250 + 27 + 1, 8, 60 + 54]),
            // Too small to go first.
            (threshold(10, 100, false), 9, &sizes(&[9, 9, 9]), &[3, 3, 3]),
            // TOP 1; 40 % of 7 are 2.8, so 3; 4 by size 97, 30, 80, 30 and 60 of 297: 1, 0, 1, 0 and 0; one lot to
            // the largest without, then to the earlier of two equal ones.
            (SPLIT, 8, &sizes(&[1, 100, 30, 80, 30, 60]), &[1, 3 + 1, 1, 1, 0, 1]),
            // TOP 2; 20 and 40; 40 % of 140 in time: 31, 7, 18; 84 by size 82, 1, 1, 1, 1 of 86: 80; a lot each.
            (
                SPLIT,
                202,
                &[(2, 0), (51, 10), (47, 20), (100, 0), (1, 0), (1, 0), (1, 0), (1, 0)],
                &[2, 51, 47, 98, 1, 1, 1, 1],
            ),
            (PRO_RATA, 1, &sizes(&[10, 10]), &[1, 0]),
            (PRO_RATA, 5, &[], &[]),
        ];
        for (row, (rule, incoming, orders, expected)) in cases.into_iter().enumerate() {
            assert_eq!(split(rule, incoming, orders), expected, "row {row}");
        }
    }

    #[test]
    fn whatever_the_rule_all_is_given_and_none_gets_more_than_it_has() {
        for seed in 0..3_000 {
            let mut prng = Prng::new(seed);
            let below = |prng: &mut Prng, bound: i64| prng.between(0, bound);
            let rule = Allocation {
                top: prng
                    .chance(0.5)
                    .then(|| Top { least: Lots(below(&mut prng, 20)), most: Lots(below(&mut prng, 60)) }),
                lead_market_makers: prng.chance(0.5),
                pro_rata: prng.chance(0.7).then(|| ProRata {
                    fifo_percent: u8::try_from(below(&mut prng, 100)).expect("a percentage"),
                    minimum: Lots(below(&mut prng, 4)),
                    levelling: prng.chance(0.5),
                }),
            };
            let top = below(&mut prng, 9);
            let orders: Vec<Resting> = (0..below(&mut prng, 8))
                .map(|at| Resting {
                    size: Lots(below(&mut prng, 60)),
                    top: at == top,
                    lead_percent: u8::try_from(below(&mut prng, 40)).expect("a percentage"),
                })
                .collect();
            let all: i64 = orders.iter().map(|order| order.size.0).sum();
            let incoming = below(&mut prng, all + 20);
            let mut shares = Shares::default();
            rule.split(Lots(incoming), &orders, &mut shares);
            let got = shares.got();
            let given: i64 = got.iter().map(|got| got.0).sum();
            assert_eq!(given, incoming.min(all), "seed {seed}: {rule:?} {orders:?}");
            let fits = got.iter().zip(&orders).all(|(got, order)| *got >= Lots::ZERO && *got <= order.size);
            assert!(fits, "seed {seed}: {rule:?} {orders:?} {got:?}");
        }
    }

    #[test]
    fn of_equals_the_earlier_never_gets_less() {
        for seed in 0..1_000 {
            let mut prng = Prng::new(seed);
            let rules = [Allocation::FIFO, PRO_RATA, Allocation { lead_market_makers: false, ..SPLIT }];
            let rule = rules[usize::try_from(prng.below(3)).expect("one of three")];
            let size = prng.between(1, 30);
            let orders = vec![(size, 0); usize::try_from(prng.between(2, 9)).expect("a few")];
            let got = split(rule, prng.between(1, 100), &orders);
            assert!(
                got.windows(2).all(|pair| pair[0] >= pair[1]),
                "seed {seed}: {rule:?} {orders:?} {got:?}"
            );
        }
    }

    #[test]
    fn sizes_without_end_do_not_overflow() {
        let orders = sizes(&[i64::MAX, i64::MAX, i64::MAX]);
        for rule in [Allocation::FIFO, PRO_RATA, ALLOCATION, SPLIT] {
            let got = split(rule, i64::MAX, &orders);
            assert_eq!(got.iter().map(|&got| i128::from(got)).sum::<i128>(), i128::from(i64::MAX));
        }
    }
}
