//! What the arrival intensity must do: the obvious count, the batch line, and recovery of known laws.

use super::*;
use stdx::Prng;
use types::{InstrumentId, Lots};

fn trade(at: Nanos, price: i64, side: Side) -> Trade {
    Trade {
        venue_at: at,
        price: Ticks(price),
        size: Lots(1),
        id: 0,
        instrument: InstrumentId(0),
        price_fraction: 0,
        aggressor: Some(side),
        flags: Flags::NONE,
    }
}

#[test]
fn depths_are_told_apart_by_their_edges() {
    for index in 0..DEPTHS {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "small and whole")]
        let edge = edge_half_ticks(index) as u64;
        assert_eq!(depth_index(edge), index, "from {edge}");
        if index > 0 {
            assert_eq!(depth_index(edge - 1), index - 1, "below {edge}");
        }
    }
    assert_eq!(depth_index(u64::MAX), DEPTHS - 1);
}

#[test]
fn trades_of_one_order_are_one_arrival_as_deep_as_the_deepest() {
    let mut intensity = Intensity::new(Nanos::from_secs(64));
    let at = Nanos::from_secs(1);
    intensity.on_touch(at, Ticks(100), Ticks(101));
    let sweep = |price| trade(at, price, Side::Buy);
    intensity.on_trade(at, &sweep(101)); // ½ tick
    intensity.on_touch(at, Ticks(100), Ticks(102)); // The level went; the sweep is measured from before.
    intensity.on_trade(at, &sweep(102)); // 1½
    intensity.on_trade(at, &sweep(104)); // 3½: from 3 on
    intensity.on_trade(at, &sweep(103)); // Not deeper.
    assert_eq!(stops(&intensity), [(5, 1)]);
    intensity.on_trade(at, &trade(at, 100, Side::Sell)); // The other side is another order, 1 tick from 101.
    intensity.on_trade(at, &trade(at + Nanos(1), 102, Side::Buy)); // So is another time.
    assert_eq!(stops(&intensity), [(2, 2), (5, 1)]);
}

#[test]
fn an_order_that_trades_on_is_one_arrival_for_as_long_as_it_is_in_the_window() {
    // Seconds between its two trades, in a window of 64 slots of a second → arrivals counted then.
    for (pause_s, want) in [(0, [(3, 1)]), (1, [(3, 1)]), (62, [(3, 1)]), (64, [(3, 1)]), (1_000, [(3, 1)])] {
        let mut intensity = Intensity::new(Nanos::from_secs(64));
        let at = Nanos::from_secs(5);
        intensity.on_touch(at, Ticks(100), Ticks(101));
        intensity.on_trade(at, &trade(at, 101, Side::Buy));
        intensity.on_trade(at + Nanos::from_secs(pause_s), &trade(at, 102, Side::Buy));
        assert_eq!(stops(&intensity), want, "after {pause_s} s");
    }
}

#[test]
fn what_tells_nothing_about_a_resting_order_is_not_counted() {
    let at = Nanos::from_secs(1);
    let hidden = Trade { flags: Flags::HIDDEN, ..trade(at, 101, Side::Buy) };
    let unsaid =
        |price, price_fraction| Trade { aggressor: None, price_fraction, ..trade(at, price, Side::Buy) };
    // bid 100, ask 101: the mid is 100.5.
    let cases = [
        (hidden, None, "hidden"),
        (unsaid(100, 5_000), None, "at the mid, by nobody knows whom"),
        (unsaid(100, 9_999), Some(0), "above the mid by less than half a tick"),
        (unsaid(101, 0), Some(1), "above the mid: a buyer"),
        (unsaid(99, 0), Some(3), "below the mid: a seller"),
        (trade(at, 90, Side::Buy), Some(0), "a buyer below a mid that has moved"),
        (trade(at, i64::MAX, Side::Buy), Some(DEPTHS - 1), "absurd"),
        (trade(at, i64::MIN, Side::Sell), Some(DEPTHS - 1), "absurd"),
    ];
    for (trade, depth, what) in cases {
        let mut intensity = Intensity::new(Nanos::from_secs(64));
        intensity.on_trade(at, &trade);
        assert_eq!(stops(&intensity), [], "no book: {what}");
        intensity.on_touch(at, Ticks(100), Ticks(101));
        intensity.on_trade(at, &trade);
        let want: Vec<_> = depth.map(|depth| (depth, 1)).into_iter().collect();
        assert_eq!(stops(&intensity), want, "{what}");
    }
}

fn stops(intensity: &Intensity) -> Vec<(usize, u64)> {
    let counts = intensity.total.reached.iter().enumerate();
    counts.filter(|(_, n)| **n > 0).map(|(depth, n)| (depth, *n)).collect()
}

#[test]
fn the_window_holds_what_the_obvious_count_holds() {
    for seed in 0..10 {
        let mut prng = Prng::new(seed);
        let mut intensity = Intensity::new(Nanos(64 * 1_000));
        let mut seen: Vec<(i64, usize)> = Vec::new(); // when, depth
        let mut live: Vec<(i64, i64)> = Vec::new(); // from, to
        let (mut at, start, mut is_live) = (50, 50, true);
        intensity.on_touch(Nanos(at), Ticks(0), Ticks(2));
        for _ in 0..2_000 {
            let step = if prng.chance(0.01) { 300_000 } else { 700 };
            let next = at + prng.between(1, step);
            if is_live {
                live.push((at, next));
            }
            at = next;
            match prng.below(10) {
                0 => {
                    intensity.on_interruption(Nanos(at));
                    is_live = false;
                }
                1..5 => {
                    intensity.on_touch(Nanos(at), Ticks(0), Ticks(2));
                    is_live = true;
                }
                _ => {
                    let price = prng.between(1, 40);
                    intensity.on_trade(Nanos(at), &trade(Nanos(at), price, Side::Buy));
                    if is_live {
                        seen.push((at, depth_index(2 * (price.unsigned_abs() - 1))));
                    }
                }
            }
            // The window is the current slot, filling, and the 63 before it.
            let from = start + ((at - start) / 1_000 - 63) * 1_000;
            let mut want = [0; DEPTHS];
            for &(_, depth) in seen.iter().filter(|(when, _)| *when >= from) {
                want[depth] += 1;
            }
            assert_eq!(intensity.total.reached, want, "seed {seed} at {at}");
            let want: i64 = live.iter().map(|&(a, b)| (b - a.max(from)).max(0)).sum();
            assert_eq!(intensity.total.live_ns, want, "seed {seed} at {at}");
        }
    }
}

#[test]
fn time_that_stands_or_goes_back_breaks_nothing() {
    let mut intensity = Intensity::new(Nanos::from_secs(1));
    for at in [5, 5, 3, i64::MIN, i64::MAX, i64::MIN, i64::MAX, 5] {
        intensity.on_touch(Nanos(at), Ticks(1), Ticks(2));
        intensity.on_trade(Nanos(at), &trade(Nanos(at), 2, Side::Buy));
    }
    assert!(intensity.live_seconds() >= 0.0);
}

/// Arrivals by a Poisson process of rate `2 × a` with exponential depths, half a tick the finest.
fn feed(intensity: &mut Intensity, prng: &mut Prng, a: f64, k: f64, seconds: f64) -> Vec<u64> {
    let (mut at_s, mut depths) = (0.0, Vec::new());
    loop {
        at_s += prng.exponential() / (2.0 * a);
        if at_s > seconds {
            #[expect(clippy::cast_possible_truncation, reason = "hours in nanoseconds")]
            intensity.on_touch(Nanos((seconds * 1e9) as i64), Ticks(0), Ticks(0));
            return depths;
        }
        #[expect(clippy::cast_possible_truncation, reason = "hours in nanoseconds")]
        let at = Nanos((at_s * 1e9) as i64);
        #[expect(clippy::cast_possible_truncation, reason = "a depth")]
        let half_ticks = (2.0 * prng.exponential() / k) as i64;
        depths.push(half_ticks.unsigned_abs());
        let up = prng.chance(0.5);
        let (side, half_ticks) = if up { (Side::Buy, half_ticks) } else { (Side::Sell, -half_ticks) };
        intensity.on_trade(
            at,
            &Trade {
                price_fraction: if half_ticks.rem_euclid(2) == 1 { 5_000 } else { 0 },
                ..trade(at, half_ticks.div_euclid(2), side)
            },
        );
    }
}

fn live(seconds: i64) -> Intensity {
    let mut intensity = Intensity::new(Nanos::from_secs(seconds));
    intensity.on_touch(Nanos(0), Ticks(0), Ticks(0));
    intensity
}

#[test]
fn the_fit_is_the_weighted_line_of_the_batch() {
    let mut intensity = live(10_000);
    let depths = feed(&mut intensity, &mut Prng::new(3), 0.5, 0.8, 600.0);
    // Normal equations about the weighted means, from the list of depths and the list of edges.
    let edges = [0, 1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64];
    let points: Vec<(f64, f64)> = edges
        .windows(2)
        .filter_map(|edge| {
            let reached = depths.iter().filter(|d| **d >= edge[0]).count();
            let beyond = depths.iter().filter(|d| **d >= edge[1]).count();
            let reached_f64 = f64::from(u32::try_from(reached).expect("few"));
            #[expect(clippy::cast_precision_loss, reason = "small")]
            (reached > beyond && reached >= 5).then_some((edge[0] as f64 / 2.0, reached_f64))
        })
        .collect();
    let weight: f64 = points.iter().map(|(_, n)| n).sum();
    let mean_x = points.iter().map(|(x, n)| n * x).sum::<f64>() / weight;
    let mean_y = points.iter().map(|(_, n)| n * n.ln()).sum::<f64>() / weight;
    let covariance: f64 = points.iter().map(|(x, n)| n * (x - mean_x) * (n.ln() - mean_y)).sum();
    let variance: f64 = points.iter().map(|(x, n)| n * (x - mean_x).powi(2)).sum();
    let k = -covariance / variance;
    let a = (mean_y + k * mean_x).exp() / 600.0 / 2.0;

    let fit = intensity.fit().expect("hundreds of arrivals");
    assert!((fit.decay_per_tick / k - 1.0).abs() < 1e-9, "{fit:?} {k}");
    assert!((fit.rate_per_second / a - 1.0).abs() < 1e-9, "{fit:?} {a}");
    assert_eq!(fit.depths, points.len());
    assert_eq!(usize::try_from(fit.arrivals), Ok(depths.len()));
}

/// 60 runs for each law; the mean of the estimates must lie within 3 standard errors of the truth, plus the
/// estimator's own bias, which is of the order of `1 / arrivals` and bounded here by a hundredth.
#[test]
fn a_known_law_is_recovered() {
    const RUNS: u32 = 60;
    // A in 1/s, k in 1/tick: like a future with a tick's spread, a crypto pair, a stock with a wide spread.
    for (a, k) in [(1.0, 2.5), (5.0, 0.2), (0.7, 0.07)] {
        let mut estimates = [Vec::new(), Vec::new()];
        for run in 0..RUNS {
            let mut intensity = live(10_000);
            feed(&mut intensity, &mut Prng::new(u64::from(run)), a, k, 2_000.0 / a);
            let fit = intensity.fit().expect("thousands of arrivals");
            estimates[0].push(fit.rate_per_second / a);
            estimates[1].push(fit.decay_per_tick / k);
        }
        for shares in estimates {
            let n = f64::from(RUNS);
            let mean = shares.iter().sum::<f64>() / n;
            let variance = shares.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (n - 1.0);
            let error = (variance / n).sqrt();
            assert!(error < 0.01, "A {a}, k {k}: the test has lost its power: {error}");
            assert!((mean - 1.0).abs() < 3.0 * error + 0.01, "A {a}, k {k}: {mean} ± {error}");
        }
    }
}

#[test]
fn a_depth_where_none_stops_is_no_point_of_the_line() {
    // With a spread of one tick every depth is odd in half ticks: 900 stop at 1, 90 at 3, 10 at 6 or beyond.
    let mut intensity = live(10_000);
    let mut at = Nanos(0);
    for (count, price) in [(900, 1), (90, 2), (10, 4)] {
        for _ in 0..count {
            at = at + Nanos::from_millis(1);
            intensity.on_touch(at, Ticks(0), Ticks(1));
            intensity.on_trade(at, &trade(at, price, Side::Buy));
        }
    }
    let fit = intensity.fit().expect("a thousand");
    // 1,000, 100 and 10 reach ½, 1½ and 3 ticks (3½ begins its depth at 3): weights and sums by hand,
    // with y in decades: w 1110, Σwx 680, Σwy 3210, Σwxx 565, Σwxy 1830.
    let slope = (1110.0 * 1830.0 - 680.0 * 3210.0) / (1110.0 * 565.0 - 680.0 * 680.0);
    let decade = 10.0_f64.ln();
    assert_eq!(fit.depths, 3);
    assert!((fit.decay_per_tick + slope * decade).abs() < 1e-9, "{fit:?}");
    let intercept = (3210.0 - slope * 680.0) / 1110.0;
    let rate = 0.5 * 10.0_f64.powf(intercept) / 1.0;
    assert!((fit.rate_per_second / rate - 1.0).abs() < 1e-9, "{fit:?} {rate}");
}

#[test]
fn too_little_data_gives_no_fit() {
    // How many arrivals stop at ½ tick and at 1½ ticks.
    for (near, far, enough) in [
        (0, 0, false),
        (24, 0, false),
        (1_000, 0, false), // One depth: any k would do.
        (1_000, 4, false),
        (1_000, 5, true),
        (19, 5, false),
        (20, 5, true),
    ] {
        let mut intensity = live(1_000);
        let mut at = Nanos(0);
        for (n, price) in [(near, 1), (far, 2)] {
            for _ in 0..n {
                at = at + Nanos(1);
                intensity.on_touch(at, Ticks(0), Ticks(1));
                intensity.on_trade(at, &trade(at, price, Side::Buy));
            }
        }
        assert_eq!(intensity.fit().is_some(), enough, "{near} and {far}");
    }
}
