//! All ways to choose k of n, in lexicographic order.

/// The choices, one after another.
#[derive(Clone, Debug)]
pub struct Combinations {
    of: usize,
    next: Option<Vec<usize>>,
}

/// All ways to choose `choose` of `0..of`.
#[must_use]
pub fn combinations(of: usize, choose: usize) -> Combinations {
    Combinations { of, next: (choose <= of).then(|| (0..choose).collect()) }
}

impl Iterator for Combinations {
    type Item = Vec<usize>;

    fn next(&mut self) -> Option<Vec<usize>> {
        let here = self.next.take()?;
        let choose = here.len();
        // The last place that can still move up takes those behind it along.
        if let Some(place) = (0..choose).rev().find(|&place| here[place] < self.of - choose + place) {
            let mut after = here.clone();
            let first = after[place] + 1;
            for (value, slot) in (first..).zip(&mut after[place..]) {
                *slot = value;
            }
            self.next = Some(after);
        }
        Some(here)
    }
}

/// How many ways there are; `None` when they are more than a `u64` counts.
#[must_use]
pub fn count(of: usize, choose: usize) -> Option<u64> {
    let choose = choose.min(of.checked_sub(choose)?);
    let mut ways: u128 = 1;
    for k in 0..choose {
        ways = ways.checked_mul((of - k) as u128)? / (k as u128 + 1);
    }
    u64::try_from(ways).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_choice_comes_once_in_order() {
        let all: Vec<Vec<usize>> = combinations(4, 2).collect();
        assert_eq!(all, [[0, 1], [0, 2], [0, 3], [1, 2], [1, 3], [2, 3]]);
        for of in 0..9 {
            for choose in 0..=of + 1 {
                let all: Vec<Vec<usize>> = combinations(of, choose).collect();
                assert_eq!(Some(all.len() as u64), count(of, choose).or(Some(0)), "{choose} of {of}");
                assert!(all.windows(2).all(|pair| pair[0] < pair[1]));
            }
        }
        assert_eq!((count(16, 8), count(200, 100)), (Some(12_870), None));
    }
}
