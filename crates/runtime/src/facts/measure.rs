//! One pass over a stream of events that leaves its facts.

use super::returns::{self, GRID, autocorrelation, float};
use super::{Curve, Facts, Figure};
use crate::deeds::{Reader, Touch, What};
use book::Level;
use quant::bootstrap::{Settings, interval_of};
use quant::moments::{mean, quantile};
use std::collections::BTreeMap;
use stdx::math;
use types::{Event, Instrument, Lots, Nanos, Side, Ticks};

/// Blocks of the bootstrap, in seconds.
const BLOCK: f64 = 300.0;
const SIGN_LAGS: &[usize] = &[1, 2, 3, 5, 7, 10, 15, 20, 30, 50, 70, 100];
const RETURN_LAGS: &[usize] = &[1, 2, 3, 4, 5, 7, 10, 15, 20, 30];
const ABSOLUTE_LAGS: &[usize] = &[1, 2, 3, 6, 12, 18, 30, 60, 90];
const QUANTILES: [f64; 6] = [0.05, 0.25, 0.5, 0.75, 0.95, 0.99];
const RESPONSES: [usize; 6] = [1, 10, 50, 100, 300, 600];
const HALF_HOUR: f64 = 1_800.0;

/// What stood, summed over time, in one block.
#[derive(Clone, Copy, Debug, Default)]
struct Block {
    seconds: f64,
    spread: f64,
    touch: f64,
}

/// A measurement under way.
pub struct Measure {
    name: String,
    symbol: String,
    levels: usize,
    reader: Reader,
    buffer: Vec<Level>,
    first: Option<Nanos>,
    last: Option<Nanos>,
    blocks: Vec<Block>,
    spreads: BTreeMap<i64, f64>,
    depth: Vec<f64>,
    distance: Vec<(f64, f64)>,
    seconds: f64,
    mids: Vec<f64>,
    /// By grid point: the spread and the bid's share of the best sizes.
    states: Vec<(f64, f64)>,
    from: Nanos,
    to: Nanos,
    kept: usize,
}

#[expect(clippy::cast_precision_loss, reason = "ticks and lots are far below 2⁵³")]
const fn real(value: i64) -> f64 {
    value as f64
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a place in the day, not below zero"
)]
fn place(seconds: f64, width: f64) -> usize {
    (seconds / width).max(0.0) as usize
}

impl Measure {
    /// Of one instrument, over the best `levels` levels of each side, from a time on and before another.
    #[must_use]
    pub fn new(name: &str, instrument: &Instrument, levels: usize, [from, to]: [Nanos; 2]) -> Self {
        Self {
            name: name.into(),
            symbol: instrument.terms().symbol.clone(),
            levels,
            reader: Reader::new(instrument, levels),
            buffer: vec![Level { price: Ticks(0), size: Lots(0), orders: 0 }; levels],
            first: None,
            last: None,
            blocks: Vec::new(),
            spreads: BTreeMap::new(),
            depth: vec![0.0; levels],
            distance: vec![(0.0, 0.0); levels],
            seconds: 0.0,
            mids: Vec::new(),
            states: Vec::new(),
            from,
            to,
            kept: 0,
        }
    }

    /// Takes the next event.
    pub fn note(&mut self, at: Nanos, event: &Event) {
        if at >= self.to {
            return;
        }
        if at < self.from {
            self.reader.read(at, event);
            self.kept = self.reader.deeds().len();
            return;
        }
        if let Some(first) = self.first
            && let Some(last) = self.last
            && at > last
        {
            self.pass(first, last, at);
        }
        let ended = self.reader.read(at, event);
        if self.first.is_none() && ended && Touch::of(self.reader.book()).is_some() {
            (self.first, self.kept) = (Some(at), self.reader.deeds().len());
        }
        if self.first.is_some() {
            self.last = Some(at);
        }
    }

    /// The book stands as it is from `last` to `at`.
    fn pass(&mut self, first: Nanos, last: Nanos, at: Nanos) {
        let (since, until) = ((last - first).to_secs_f64(), (at - first).to_secs_f64());
        let touch = Touch::of(self.reader.book());
        let grid = float(GRID);
        while float(self.mids.len()) < until * grid {
            let [bid, ask] = touch.map_or([f64::NAN; 2], |touch| touch.price.map(|price| real(price.0)));
            self.mids.push((bid + ask) / 2.0);
            let share = touch.map_or(f64::NAN, |t| real(t.size[0].0) / real(t.size[0].0 + t.size[1].0));
            self.states.push((ask - bid, share));
        }
        let Some(touch) = touch else { return };
        let seconds = until - since;
        self.seconds += seconds;
        *self.spreads.entry(touch.spread()).or_default() += seconds;
        let row = place(since, BLOCK);
        self.blocks.resize(self.blocks.len().max(row + 1), Block::default());
        let block = &mut self.blocks[row];
        block.seconds += seconds;
        block.spread += real(touch.spread()) * seconds;
        block.touch += real(touch.size[0].0 + touch.size[1].0) / 2.0 * seconds;
        for side in Side::BOTH {
            let count = self.reader.book().top(side, &mut self.buffer);
            for (at, level) in self.buffer[..count].iter().enumerate() {
                self.depth[at] += real(level.size.0) * seconds / 2.0;
                self.distance[at].0 += real(touch.behind(side, level.price)) * seconds;
                self.distance[at].1 += seconds;
            }
        }
    }

    /// The facts; `None` when the book was never sound, or for less than ten blocks.
    #[must_use]
    pub fn finish(self) -> Option<Facts> {
        let first = self.first?;
        let blocks: Vec<Block> =
            self.blocks.iter().copied().filter(|block| block.seconds > BLOCK / 2.0).collect();
        if blocks.len() < 4 {
            return None;
        }
        let deeds = self.deeds(first);
        let mean_of = |total: f64, of: &dyn Fn(&Block) -> f64| {
            let values: Vec<f64> = blocks.iter().map(|block| of(block) / block.seconds).collect();
            figure(total / self.seconds, &values)
        };
        let sum = |of: &dyn Fn(&Block) -> f64| self.blocks.iter().map(of).sum::<f64>();
        let rate = |times: &[(f64, f64)]| {
            let mut counts = vec![0.0; self.blocks.len()];
            for (at, weight) in times {
                if let Some(count) = counts.get_mut(place(*at, BLOCK)) {
                    *count += weight;
                }
            }
            let sound = counts.iter().zip(&self.blocks).filter(|(_, block)| block.seconds > BLOCK / 2.0);
            let values: Vec<f64> = sound.map(|(count, block)| count / block.seconds).collect();
            figure(times.iter().map(|(_, weight)| weight).sum::<f64>() / self.seconds, &values)
        };
        let counted = |times: &[f64]| -> Vec<(f64, f64)> { times.iter().map(|at| (*at, 1.0)).collect() };
        let volume: Vec<(f64, f64)> = deeds.takes.iter().map(|take| (take.at, take.size)).collect();
        let take_times: Vec<f64> = deeds.takes.iter().map(|take| take.at).collect();
        let minutes = returns::changes(&self.mids, 60 * GRID);
        let (takes, places, withdrawals) =
            (float(deeds.takes.len()), float(deeds.places.len()), float(deeds.withdrawals.len()));
        let signs: Vec<f64> = deeds.takes.iter().map(|take| take.sign).collect();
        let seconds = returns::changes(&self.mids, GRID);
        let tens: Vec<f64> = returns::changes(&self.mids, 10 * GRID).into_iter().map(f64::abs).collect();
        let clearing = float(deeds.takes.iter().filter(|take| take.clears).count());
        Some(Facts {
            levels: self.levels,
            seconds: self.seconds,
            spread: mean_of(sum(&|block| block.spread), &|block| block.spread),
            spread_distribution: self.spread_distribution(),
            touch_size: mean_of(sum(&|block| block.touch), &|block| block.touch),
            depth: self.depth.iter().map(|sum| sum / self.seconds).collect(),
            level_distance: self.distance.iter().filter(|d| d.1 > 0.0).map(|d| d.0 / d.1).collect(),
            take_rate: rate(&counted(&take_times)),
            place_rate: rate(&counted(&deeds.places)),
            withdraw_rate: rate(&counted(&deeds.withdrawals)),
            volume_rate: rate(&volume),
            orders_per_take: places / takes,
            withdrawn_share: withdrawals / places,
            improving_share: deeds.improving / places,
            clearing_share: clearing / takes,
            place_sizes: quantiles(deeds.place_sizes),
            take_sizes: quantiles(deeds.takes.iter().map(|take| take.size).collect()),
            take_gaps_variation: variation(&gaps(&take_times)),
            take_gaps: quantiles(gaps(&take_times)),
            deed_gaps: quantiles(gaps(&deeds.all)),
            sign_autocorrelation: lags(autocorrelation(&signs, SIGN_LAGS), 1.0),
            volatility: figure_of(&minutes, root_mean_square),
            signature: returns::signature(&self.mids),
            return_autocorrelation: lags(autocorrelation(&seconds, RETURN_LAGS), 1.0),
            absolute_autocorrelation: lags(autocorrelation(&tens, ABSOLUTE_LAGS), 10.0),
            kurtosis: returns::kurtosis(&self.mids),
            imbalance_response: self.imbalance_response(),
            take_response: self.take_response(&deeds.takes),
            activity: activity(&deeds.all),
            name: self.name,
            symbol: self.symbol,
        })
    }

    fn deeds(&self, first: Nanos) -> Deeds {
        let mut deeds = Deeds::default();
        for deed in &self.reader.deeds()[self.kept..] {
            let at = (deed.at - first).to_secs_f64();
            match deed.what {
                What::Take { size, standing } => {
                    let sign = real(deed.side.sign());
                    deeds.takes.push(Take { at, size: real(size.0), sign, clears: size >= standing });
                }
                What::Place { behind, size } => {
                    deeds.places.push(at);
                    deeds.place_sizes.push(real(size.0));
                    deeds.improving += f64::from(u8::from(behind < 0));
                }
                What::Withdraw { .. } => deeds.withdrawals.push(at),
                What::Nothing => continue,
            }
            deeds.all.push(at);
        }
        deeds
    }

    fn spread_distribution(&self) -> Curve {
        let mut sum = 0.0;
        let point = |(spread, seconds): (&i64, &f64)| {
            sum += seconds;
            (real(*spread), sum / self.seconds)
        };
        self.spreads.iter().map(point).collect()
    }

    /// Where the mid goes in ten seconds, in spreads, by the share of the best sizes that is bid.
    fn imbalance_response(&self) -> Curve {
        let mut sums = [(0.0, 0.0); 5];
        for at in (0..self.mids.len().saturating_sub(10 * GRID)).step_by(GRID) {
            let ((spread, share), change) = (self.states[at], self.mids[at + 10 * GRID] - self.mids[at]);
            if change.is_finite() && share.is_finite() && spread > 0.0 {
                let fifth = place(share, 0.2).min(4);
                sums[fifth].0 += change / spread;
                sums[fifth].1 += 1.0;
            }
        }
        let point = |(at, (sum, count)): (usize, &(f64, f64))| (0.1 + 0.2 * float(at), sum / count.max(1.0));
        sums.iter().enumerate().map(point).collect()
    }

    /// Where the mid goes after a take, in its direction. From the grid point before it.
    fn take_response(&self, takes: &[Take]) -> Curve {
        let point = |steps: &usize| {
            let (mut sum, mut count) = (0.0, 0.0);
            for take in takes {
                let before = place(take.at, 1.0 / float(GRID));
                if let (Some(from), Some(to)) = (self.mids.get(before), self.mids.get(before + steps))
                    && (to - from).is_finite()
                {
                    sum += take.sign * (to - from);
                    count += 1.0;
                }
            }
            (float(*steps) / float(GRID), sum / f64::max(count, 1.0))
        };
        RESPONSES.iter().map(point).collect()
    }
}

#[derive(Clone, Copy, Debug)]
struct Take {
    at: f64,
    size: f64,
    sign: f64,
    clears: bool,
}

#[derive(Default)]
struct Deeds {
    takes: Vec<Take>,
    places: Vec<f64>,
    place_sizes: Vec<f64>,
    withdrawals: Vec<f64>,
    improving: f64,
    all: Vec<f64>,
}

/// A mean over the day with the interval that its blocks give.
fn figure(value: f64, blocks: &[f64]) -> Figure {
    let found = interval_of(blocks, &settings(), |drawn| Some(mean(drawn)));
    Figure::of(value, found)
}

fn figure_of(values: &[f64], statistic: fn(&[f64]) -> f64) -> Figure {
    Figure::of(statistic(values), interval_of(values, &settings(), |drawn| Some(statistic(drawn))))
}

fn settings() -> Settings {
    Settings { resamples: 500, ..Settings::default() }
}

fn root_mean_square(values: &[f64]) -> f64 {
    math::sqrt(values.iter().map(|value| value * value).sum::<f64>() / float(values.len()).max(1.0))
}

fn gaps(times: &[f64]) -> Vec<f64> {
    times.windows(2).map(|pair| pair[1] - pair[0]).collect()
}

fn variation(values: &[f64]) -> f64 {
    let mean = mean(values);
    let square = values.iter().map(|value| (value - mean) * (value - mean)).sum::<f64>();
    math::sqrt(square / float(values.len()).max(1.0)) / mean
}

fn quantiles(mut values: Vec<f64>) -> Curve {
    if values.is_empty() {
        return Vec::new();
    }
    values.sort_by(f64::total_cmp);
    QUANTILES.iter().map(|p| (*p, quantile(&values, *p))).collect()
}

fn lags(values: Vec<(usize, f64)>, seconds: f64) -> Curve {
    values.into_iter().map(|(lag, value)| (float(lag) * seconds, value)).collect()
}

fn activity(times: &[f64]) -> Curve {
    let Some(last) = times.last() else { return Vec::new() };
    let mut counts = vec![0.0; place(*last, HALF_HOUR) + 1];
    for at in times {
        counts[place(*at, HALF_HOUR)] += 1.0;
    }
    counts.iter().enumerate().map(|(at, count)| (float(at) * 0.5, count / float(times.len()))).collect()
}
