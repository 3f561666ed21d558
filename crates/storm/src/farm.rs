//! Many seeds at once: one after another on each of some threads.
//!
//! Threads share nothing but the number of the next seed: a run is the same whatever runs beside it.

use crate::plan::Plan;
use crate::world::{Outcomes, Tally};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

/// Runs the seeds from `from` on, below `to`, on `jobs` threads; tells of each as it ends, not in their order. Stops
/// early when told to by a false. Gives how many ran, and what they came to together.
pub fn farm(
    from: u64,
    to: u64,
    jobs: usize,
    plan: impl Fn(u64) -> Plan + Sync,
    tell: impl FnMut(&Plan, &Outcomes) -> bool + Send,
) -> (u64, Tally) {
    let next = AtomicU64::new(from);
    let sums = Mutex::new((0, Tally::default(), tell));
    let worker = || {
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= to {
                return;
            }
            let plan = plan(seed);
            let outcomes = crate::run(&plan);
            let mut sums = sums.lock().unwrap_or_else(PoisonError::into_inner);
            let (ran, tally, tell) = &mut *sums;
            *ran += 1;
            tally.add(&outcomes.tally);
            if !tell(&plan, &outcomes) {
                next.store(to, Ordering::Relaxed);
            }
        }
    };
    thread::scope(|scope| {
        for _ in 1..jobs.max(1) {
            scope.spawn(worker);
        }
        worker();
    });
    let (ran, tally, _) = sums.into_inner().unwrap_or_else(PoisonError::into_inner);
    (ran, tally)
}
