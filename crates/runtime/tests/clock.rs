//! The edge's clock against clocks on the wall that misbehave, and timers by the hundred thousand.
//!
//! Each test asserts first that our time never goes back nor jumps, whatever the wall does, then that what is told is
//! told in time and that it ends.

use runtime::clock::{ALARMS, EdgeClock, Machine, Reading, SMEAR_PPM, SMEARED_MAX};
use runtime::timers::{AT_ONCE, CIRCLES_MAX, Timers};
use stdx::Prng;
use types::{Clock, ClockState, Nanos, StrategyId, Timer, TimerId};

const MS: i64 = 1_000_000;
const SECOND: i64 = 1_000 * MS;
const HOUR: i64 = 3_600 * SECOND;
/// 2016-12-31T23:50:00Z: ten minutes before a leap second.
const STARTS_AT: i64 = 1_483_228_200 * SECOND;

/// Looks ten times a second for so long; `wall` says what the wall shows after so many nanoseconds. Answers what was
/// told, each with how long after the start, and the clock.
fn watch(span: i64, wall: impl Fn(i64) -> i64) -> (Vec<(i64, Clock)>, EdgeClock) {
    let mut clock = EdgeClock::start(Reading { monotonic: Nanos(77), wall: Nanos(STARTS_AT + wall(0)) });
    let mut told = Vec::new();
    let mut before = clock.at(Nanos(77));
    let every = 100 * MS;
    for elapsed in (every..=span).step_by(usize::try_from(every).expect("small")) {
        let monotonic = Nanos(77 + elapsed);
        // Between two looks as well: a stamp is never above what the look then finds.
        let between = clock.at(monotonic - Nanos(every / 2));
        told.extend(
            clock
                .look(Reading { monotonic, wall: Nanos(STARTS_AT + wall(elapsed)) })
                .map(|alarm| (elapsed, alarm)),
        );
        let now = clock.at(monotonic);
        let went = (now - before).0;
        let most = every / 1_000_000 * SMEAR_PPM;
        assert!((went - every).abs() <= most + 1, "our clock went {went} ns in {every} after {elapsed}");
        assert!(before < between && between < now, "{before:?} {between:?} {now:?}");
        before = now;
    }
    (told, clock)
}

/// What was told, as `seconds:state:divergence in ms`.
fn shown(told: &[(i64, Clock)]) -> String {
    let shown = told.iter().map(|(at, alarm)| {
        let letter = match alarm.state {
            ClockState::Good => 'G',
            ClockState::Divergent => 'D',
            ClockState::Stepped => 'S',
        };
        format!("{}:{letter}:{}", at / SECOND, alarm.divergence.0 / MS)
    });
    shown.collect::<Vec<_>>().join(" ")
}

#[test]
fn t_01_a_wall_that_steps_back_an_hour_moves_nothing_and_is_told_at_once() {
    let stepped = |at: i64| if (60 * SECOND..120 * SECOND).contains(&at) { at - HOUR } else { at };
    let (told, clock) = watch(180 * SECOND, stepped);
    assert_eq!(shown(&told), "60:S:-3600000 120:G:0");
    assert_eq!(told[0].0, 60 * SECOND, "by the first look behind it");
    assert_eq!((clock.state(), clock.divergence()), (ClockState::Good, Nanos(0)));
    // A timer set for half a minute after the step is due then: ours is the clock it is set by.
    let (_, clock) = watch(90 * SECOND, |at| if at >= 60 * SECOND { at - HOUR } else { at });
    assert_eq!(clock.at(Nanos(77 + 90 * SECOND)), Nanos(STARTS_AT + 90 * SECOND));
}

#[test]
fn t_02_a_wall_that_steps_forward_an_hour_makes_nothing_due() {
    let mut timers = Timers::default();
    for number in 0..1_000 {
        let at = Nanos(STARTS_AT + (30 + i64::from(number)) * SECOND);
        timers.set(Nanos(STARTS_AT), at, StrategyId(0), TimerId(number));
    }
    let (told, clock) = watch(60 * SECOND, |at| if at >= 31 * SECOND { at + HOUR } else { at });
    assert_eq!(shown(&told), "31:S:3600000");
    let mut due = Vec::new();
    timers.take_due(clock.at(Nanos(77 + 60 * SECOND)), usize::MAX, &mut due);
    assert_eq!(due.len(), 31, "those of the half minute that passed, not of the hour that did not");
    assert_eq!(clock.state(), ClockState::Stepped, "until the wall is right again, or a person has looked");
    // A journal that goes on ahead of the wall is not gone back behind.
    let reading = Reading { monotonic: Nanos(0), wall: Nanos(STARTS_AT) };
    let mut restarted = EdgeClock::start_after(reading, Nanos(STARTS_AT + HOUR));
    assert_eq!(restarted.at(Nanos(0)), Nanos(STARTS_AT + HOUR));
    let told = restarted.look(reading).expect("it is told");
    assert_eq!((told.state, told.divergence), (ClockState::Stepped, Nanos(-HOUR)));
}

#[test]
fn t_03_a_drift_of_200_parts_in_a_million_is_told_at_each_threshold() {
    for sign in [1, -1] {
        let (told, _) = watch(300 * SECOND, |at| at + sign * at / 5_000);
        let at: Vec<i64> = told.iter().map(|(at, _)| *at).collect();
        // 200 ns in a millisecond: 100 µs after half a second, 1 ms after five, 50 ms after 250.
        assert_eq!(at, [SECOND / 2, 5 * SECOND, 250 * SECOND]);
        for ((_, alarm), threshold) in told.iter().zip(ALARMS) {
            assert_eq!((alarm.state, alarm.divergence.0 * sign), (ClockState::Divergent, threshold.0));
        }
    }
    // It comes back, and is well when it is well below.
    let there_and_back = |at: i64| at + (at.min(600 * SECOND - at)) / 5_000;
    let (told, clock) = watch(600 * SECOND, there_and_back);
    assert_eq!(shown(&told), "0:D:0 5:D:1 250:D:50 475:D:24 597:D:0 599:G:0");
    assert_eq!((clock.state(), clock.counts().told), (ClockState::Good, 6));
}

#[test]
fn t_04_a_leap_second_is_smeared_and_time_never_goes_back() {
    // The wall repeats a second after ten minutes.
    let leap = |at: i64| if at >= 600 * SECOND { at - SECOND } else { at };
    let (told, clock) = watch(2_700 * SECOND, leap);
    assert_eq!(shown(&told[..1]), "600:D:-1000");
    // 500 parts in a million: 2,000 s for the second.
    let (ended, last) = told.last().expect("it ends");
    assert_eq!(last.state, ClockState::Good);
    assert!((2_599 * SECOND..=2_600 * SECOND).contains(ended), "{ended}");
    assert_eq!((clock.divergence(), clock.counts().smeared, clock.counts().stepped), (Nanos(0), 1, 0));
    assert!(told.iter().all(|(_, alarm)| alarm.state != ClockState::Stepped), "nobody is stopped for it");
    // One that is taken out, and what a daemon steps besides.
    for by in [SECOND, -300 * MS, SMEARED_MAX.0] {
        let (_, clock) = watch(3_700 * SECOND, |at| if at >= 600 * SECOND { at + by } else { at });
        assert_eq!((clock.state(), clock.divergence()), (ClockState::Good, Nanos(0)), "{by}");
    }
    let (_, clock) = watch(700 * SECOND, |at| if at >= 600 * SECOND { at + SMEARED_MAX.0 + MS } else { at });
    assert_eq!(clock.state(), ClockState::Stepped, "a jump that is no leap second is not followed");
}

#[test]
fn t_04_whatever_the_wall_does_our_time_goes_forward_by_what_passed() {
    for seed in 0..300 {
        let mut prng = Prng::new(seed);
        // Drift, a wave, jumps of all sizes, and readings that are not exact.
        let ppm = prng.between(-300, 300);
        let wave = prng.between(0, 5 * MS);
        let mut jumps: Vec<(i64, i64)> = (0..prng.below(4))
            .map(|_| {
                let most =
                    [MS, SECOND, HOUR, 400 * 24 * HOUR][usize::try_from(prng.below(4)).expect("small")];
                (prng.between(0, 200) * SECOND, prng.between(-most, most))
            })
            .collect();
        jumps.sort_unstable();
        let wall = |at: i64| {
            let jumped: i64 = jumps.iter().filter(|(when, _)| at >= *when).map(|(_, by)| by).sum();
            let phase = (at / MS) % 10_000;
            let noise = (at / MS).wrapping_mul(2_654_435_761).rem_euclid(20_000) - 10_000;
            at + at / 1_000_000 * ppm + jumped + wave * (phase - 5_000).abs() / 5_000 + noise
        };
        // The assertions are in `watch`.
        let (_, clock) = watch(300 * SECOND, wall);
        let large = jumps.iter().filter(|(when, by)| *when > 0 && by.abs() > 2 * SMEARED_MAX.0).count();
        assert!(clock.counts().stepped >= u64::from(large == 1), "seed {seed}: {jumps:?} {clock:?}");
    }
}

#[test]
fn t_01_stamps_of_the_wall_s_clock_are_brought_to_ours_whatever_side_of_a_jump_they_are() {
    for jump in [HOUR, -HOUR, SECOND] {
        let mut clock = EdgeClock::start(Reading { monotonic: Nanos(0), wall: Nanos(STARTS_AT) });
        assert_eq!(clock.of_wall(Nanos(STARTS_AT - 5)), Nanos(STARTS_AT - 5));
        let reading = Reading { monotonic: Nanos(100 * MS), wall: Nanos(STARTS_AT + 100 * MS + jump) };
        clock.look(reading);
        // Received 3 ms before the look: stamped before the jump, or behind it.
        let truth = Nanos(STARTS_AT + 97 * MS);
        assert_eq!(clock.of_wall(truth), truth, "{jump}");
        assert_eq!(clock.of_wall(truth + Nanos(jump)), truth, "{jump}");
    }
}

#[test]
fn the_machine_s_own_clocks_can_be_read() {
    let machine = Machine::default();
    let first = machine.read();
    let second = machine.read();
    assert!(second.monotonic >= first.monotonic);
    assert!(first.wall > Nanos(1_600_000_000 * SECOND), "it is after 2020");
    let clock = EdgeClock::start(first);
    assert!(clock.at(second.monotonic) >= first.wall);
}

#[test]
fn t_06_a_hundred_thousand_timers_due_at_once_fire_each_once_in_order_and_so_many_at_a_time() {
    let count: u32 = 100_000;
    let now = Nanos(STARTS_AT);
    let run = || {
        let mut timers = Timers::with_capacity(16);
        let mut prng = Prng::new(6);
        for number in 0..count {
            // Some of the past, most of one moment, by 50 strategies.
            let at = if prng.chance(0.1) { now - Nanos(prng.between(1, SECOND)) } else { now };
            timers.set(
                now - Nanos(SECOND),
                at,
                StrategyId(u16::try_from(number % 50).expect("50")),
                TimerId(number),
            );
        }
        let (mut fired, mut rounds) = (Vec::<Timer>::new(), 0);
        while !timers.is_empty() {
            let before = fired.len();
            timers.take_due(now, AT_ONCE, &mut fired);
            assert!((1..=AT_ONCE).contains(&(fired.len() - before)), "bounded, and it goes on");
            rounds += 1;
        }
        (fired, rounds)
    };
    let (fired, rounds) = run();
    assert_eq!(rounds, (count as usize).div_ceil(AT_ONCE));
    let mut numbers: Vec<u32> = fired.iter().map(|timer| timer.timer.0).collect();
    // By moment, and of one moment in the order they were set.
    let ordered = fired.windows(2).all(|pair| {
        pair[0].due_at < pair[1].due_at || (pair[0].due_at == pair[1].due_at && pair[0].timer < pair[1].timer)
    });
    assert!(ordered);
    numbers.sort_unstable();
    assert!(numbers.iter().copied().eq(0..count), "each once");
    assert_eq!(run().0, fired, "the same again");
}

#[test]
fn t_06_who_sets_timers_for_now_without_end_is_named_and_who_waits_is_not() {
    let mut timers = Timers::default();
    let now = Nanos(STARTS_AT);
    for _ in 0..CIRCLES_MAX {
        timers.set(now, now, StrategyId(3), TimerId(0));
        timers.take();
    }
    assert_eq!(timers.runaway(), None);
    timers.set(now, now, StrategyId(3), TimerId(0));
    assert_eq!(timers.runaway(), Some(StrategyId(3)));
    let mut patient = Timers::default();
    for at in 0..2 * i64::from(CIRCLES_MAX) {
        patient.set(Nanos(at), Nanos(at), StrategyId(3), TimerId(0));
        patient.take();
    }
    assert_eq!(patient.runaway(), None);
}
