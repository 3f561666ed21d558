//! Spans of time on a logarithmic scale: 32 buckets to a doubling, so that a quantile is within 3 % of the truth
//! and the whole takes 15 KiB, whatever comes.
//!
//! Counts spans below zero and leaves them out: a clock that runs behind is not a fast network. Never allocates
//! after it was made. Cost of one span: a count of leading zeros and one increment.

use types::Nanos;

/// Buckets to a doubling, as a power of two.
const FINE_BITS: u32 = 5;
const FINE: usize = 1 << FINE_BITS;
/// Below `FINE` one bucket for each nanosecond; then 32 for each of the remaining 58 doublings of an `i64`.
const BUCKETS: usize = FINE * (63 - FINE_BITS as usize + 1);

/// A histogram of spans.
#[derive(Clone, Debug)]
pub struct Histogram {
    counts: Vec<u64>,
    count: u64,
    negative: u64,
    least: i64,
    most: i64,
}

impl Histogram {
    /// Empty.
    #[must_use]
    pub fn new() -> Self {
        Self { counts: vec![0; BUCKETS], count: 0, negative: 0, least: i64::MAX, most: i64::MIN }
    }

    /// Adds a span.
    #[inline]
    pub fn add(&mut self, span: Nanos) {
        if span.0 < 0 {
            self.negative += 1;
            return;
        }
        self.counts[bucket(span.0)] += 1;
        self.count += 1;
        self.least = self.least.min(span.0);
        self.most = self.most.max(span.0);
    }

    /// How many spans, without the negative ones.
    #[must_use]
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// How many were below zero.
    #[must_use]
    pub const fn negative(&self) -> u64 {
        self.negative
    }

    /// The longest, exactly.
    #[must_use]
    pub fn most(&self) -> Option<Nanos> {
        (self.count > 0).then_some(Nanos(self.most))
    }

    /// The shortest, exactly.
    #[must_use]
    pub fn least(&self) -> Option<Nanos> {
        (self.count > 0).then_some(Nanos(self.least))
    }

    /// The span that at least `ppm` millionths of all do not exceed: the upper end of its bucket, so at most
    /// 1/32 too long and never too short.
    #[must_use]
    pub fn quantile(&self, ppm: u32) -> Option<Nanos> {
        if self.count == 0 {
            return None;
        }
        let rank = (u128::from(self.count) * u128::from(ppm)).div_ceil(1_000_000).max(1);
        let mut seen = 0_u128;
        for (index, &here) in self.counts.iter().enumerate() {
            seen += u128::from(here);
            if seen >= rank {
                return Some(Nanos(ends(index).1.clamp(self.least, self.most)));
            }
        }
        None
    }

    /// Bars for a chart, `FINE / coarse` to a doubling: both ends of each, inclusive, and its count. From the
    /// first that holds something to the last.
    #[must_use]
    pub fn bars(&self, coarse: usize) -> Vec<(Nanos, Nanos, u64)> {
        let mut bars: Vec<_> = self
            .counts
            .chunks(coarse)
            .enumerate()
            .map(|(at, chunk)| {
                let (low, _) = ends(at * coarse);
                let (_, high) = ends(at * coarse + chunk.len() - 1);
                (Nanos(low), Nanos(high), chunk.iter().sum::<u64>())
            })
            .collect();
        let first = bars.iter().position(|bar| bar.2 > 0).unwrap_or(bars.len());
        let last = bars.iter().rposition(|bar| bar.2 > 0).map_or(first, |at| at + 1);
        bars.truncate(last);
        bars.drain(..first);
        bars
    }
}

impl Default for Histogram {
    fn default() -> Self {
        Self::new()
    }
}

#[inline]
fn bucket(span: i64) -> usize {
    let bits = span.unsigned_abs();
    let doubling = (63 - (bits | 1).leading_zeros()).saturating_sub(FINE_BITS);
    // The leading bit and the next FINE_BITS: FINE..2*FINE within each doubling from the second on.
    doubling as usize * FINE + (bits >> doubling) as usize
}

/// The first and last span of a bucket.
fn ends(index: usize) -> (i64, i64) {
    if index < 2 * FINE {
        return (index as i64, index as i64);
    }
    let doubling = index / FINE - 1;
    let low = ((index - doubling * FINE) as i64) << doubling;
    (low, low + ((1_i64 << doubling) - 1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use stdx::Prng;

    #[test]
    fn every_span_lies_within_its_bucket_and_buckets_meet() {
        for index in 1..BUCKETS {
            assert_eq!(ends(index).0, ends(index - 1).1 + 1, "{index}");
        }
        assert_eq!(ends(BUCKETS - 1).1, i64::MAX);
        for span in [0, 1, 31, 32, 33, 63, 64, 65, 1_000, 123_456_789, i64::MAX] {
            let (low, high) = ends(bucket(span));
            assert!((low..=high).contains(&span), "{span}: {low} to {high}");
        }
    }

    #[test]
    fn quantiles_are_within_a_thirtieth_of_the_sorted_list() {
        let mut chance = Prng::new(3);
        let mut histogram = Histogram::new();
        let mut all: Vec<i64> = (0..20_000).map(|_| 1 << chance.below(40)).collect();
        all.iter_mut().for_each(|span| *span += chance.between(0, *span));
        all.iter().for_each(|&span| histogram.add(Nanos(span)));
        histogram.add(Nanos(-5));
        all.sort_unstable();
        for ppm in [1, 10_000, 500_000, 900_000, 990_000, 999_999, 1_000_000] {
            let rank = (all.len() * ppm as usize).div_ceil(1_000_000);
            let truth = all[rank - 1];
            let found = histogram.quantile(ppm).expect("not empty").0;
            assert!(found >= truth && found - truth <= truth / 32, "{ppm}: {found}, {truth}");
        }
        assert_eq!((histogram.count(), histogram.negative()), (20_000, 1));
        assert_eq!(histogram.most(), Some(Nanos(*all.last().expect("not empty"))));
        let bars = histogram.bars(8);
        assert_eq!(bars.iter().map(|bar| bar.2).sum::<u64>(), 20_000);
        assert!(bars.windows(2).all(|w| w[0].1.0 + 1 == w[1].0.0));
    }

    #[test]
    fn nothing_has_no_quantile() {
        let mut histogram = Histogram::new();
        histogram.add(Nanos(-1));
        assert_eq!((histogram.quantile(500_000), histogram.most()), (None, None));
        assert!(histogram.bars(4).is_empty());
    }
}
