//! The storm from its own door: seeds hold, planted bugs are found, failures shrink, and a run is itself again.
//!
//! `STORM_SEEDS` runs so many seeds in place of a few; CI runs more than a thousand by `quoin storm`.

use std::sync::Mutex;
use std::thread;
use storm::{Fault, Kind, Mix, Plan, Plant, Swarm, farm, history, invariants, run, shrink};
use types::Nanos;

fn seeds(default: u64) -> u64 {
    std::env::var("STORM_SEEDS").ok().and_then(|seeds| seeds.parse().ok()).unwrap_or(default)
}

fn jobs() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

#[test]
fn every_seed_holds() {
    let bad = Mutex::new(Vec::new());
    let from = std::env::var("STORM_FROM").ok().and_then(|from| from.parse().ok()).unwrap_or(1);
    let plan = |seed| Plan::new(seed, 1.0, &Swarm::default());
    let (ran, tally) = farm(from, from + seeds(24), jobs(), plan, |plan, outcomes| {
        if outcomes.violation.is_some() {
            bad.lock().expect("nobody panics here").push(history::tell(plan, outcomes));
        }
        true
    });
    eprintln!("{ran} seeds: {tally:?}");
    let mut bad = bad.into_inner().expect("nobody panics here");
    bad.sort();
    for line in bad.iter().flat_map(|told| told.lines().skip(2).take(1).zip(told.lines())) {
        eprintln!("{} {}", line.1, line.0);
    }
    assert!(bad.is_empty(), "{} of {ran} seeds do not hold, the first:\n{}", bad.len(), bad[0]);
    // It is a storm, and something happens in it.
    let per_run = |count: u64| count / ran;
    assert!(
        per_run(tally.inputs) > 1_000 && per_run(tally.commands) > 20 && per_run(tally.books) > 300,
        "{tally:?}"
    );
    assert!(tally.lives > ran && tally.sessions > ran && tally.fills > ran, "{tally:?}");
}

/// Seeds that failed once, for reasons that are mended; see CHANGELOG.md.
const FAILED_ONCE: [u64; 12] = [24, 60, 268, 543, 698, 837, 907, 921, 1306, 1394, 1407, 1646];

#[test]
fn seeds_that_failed_once_hold() {
    for seed in FAILED_ONCE {
        let plan = Plan::new(seed, 1.0, &Swarm::default());
        let outcomes = run(&plan);
        assert!(outcomes.violation.is_none(), "{}", history::tell(&plan, &outcomes));
    }
}

#[test]
fn the_same_seed_is_the_same_run() {
    for seed in [7, 8, 9] {
        let plan = Plan::new(seed, 0.6, &Swarm::default());
        let (one, other) = (run(&plan), run(&plan));
        assert_eq!(one, other, "seed {seed}");
        assert!(one.tally.inputs > 0 && !one.struck.is_empty());
        // Written down and read again, too; and with its faults as a list in place of their rates.
        let (again, _) = history::parse(&history::write(&plan, &one)).expect("it is a history");
        assert_eq!(run(&again).digest, one.digest, "seed {seed}");
        let faults: Vec<Fault> = one.struck.iter().map(|struck| struck.fault).collect();
        assert_eq!(run(&Plan { faults: Some(faults), ..plan.clone() }).digest, one.digest, "seed {seed}");
        assert_ne!(run(&Plan { seed: seed + 100, ..plan }).digest, one.digest);
    }
}

#[test]
fn without_faults_nothing_is_lost_and_nobody_dies() {
    for seed in 1..4 {
        let plan = Plan { mix: Mix::calm(), ..Plan::new(seed, 0.6, &Swarm::default()) };
        let outcomes = run(&plan);
        assert_eq!(outcomes.violation, None, "seed {seed}");
        assert!(outcomes.struck.is_empty());
        assert_eq!((outcomes.tally.lives, outcomes.tally.sessions, outcomes.tally.restored), (1, 1, 0));
    }
}

/// Of how many seeds one must show a planted bug.
const BOUND: u64 = 40;

fn planted(plant: Plant, seed: u64) -> Plan {
    let invariant = Plant::ALL.iter().find(|(known, _)| *known == plant).map(|(_, invariant)| *invariant);
    Plan { plant: Some(plant), only: invariant, ..Plan::new(seed, 1.0, &Swarm::default()) }
}

#[test]
fn each_planted_bug_is_found_by_its_own_invariant() {
    let mut table = Vec::new();
    for (plant, invariant) in Plant::ALL {
        let found = (1..=BOUND).find_map(|seed| {
            let outcomes = run(&planted(plant, seed));
            outcomes.violation.map(|violation| (seed, violation))
        });
        let Some((seed, violation)) = found else {
            panic!("{plant:?} was not found in {BOUND} seeds");
        };
        table.push(format!("{plant:?}: seed {seed}, {}", violation.what));
        assert_eq!(violation.invariant, invariant, "{plant:?}, seed {seed}: {}", violation.what);
    }
    eprintln!("{}", table.join("\n"));
    // Each of the ten has one.
    let covered = |number| Plant::ALL.iter().any(|(_, invariant)| *invariant == number);
    assert!(invariants::ALL.iter().all(|invariant| covered(invariant.number)));
}

#[test]
fn a_failure_shrinks_to_a_short_history_that_fails_again() {
    for plant in [Plant::GapIgnored, Plant::SentAgain] {
        let plan = (1..=BOUND).map(|seed| planted(plant, seed)).find(|plan| run(plan).violation.is_some());
        let plan = plan.expect("it is found");
        let before = run(&plan);
        let short = shrink(&plan, 300).expect("it fails");
        let (was, is) = (before.struck.len(), short.outcomes.struck.len());
        assert!((1..=4).contains(&is), "{plant:?}: {was} faults became {is}: {:?}", short.outcomes.struck);
        assert!(was > 10 * is, "{plant:?}: {was} faults became {is}");
        // The file is a run that fails in the same way; only the bug itself is not in it.
        let (again, _) =
            history::parse(&history::write(&short.plan, &short.outcomes)).expect("it is a history");
        let again = run(&Plan { plant: Some(plant), ..again });
        assert_eq!(again.violation, short.outcomes.violation);
        assert!(short.plan.safety <= plan.safety && short.runs <= 300);
        let told = history::tell(&short.plan, &short.outcomes);
        assert!(told.lines().count() < 60 && told.contains(&format!("seed {}", plan.seed)), "{told}");
    }
}

#[test]
fn a_fault_alone_does_what_it_is_named_for() {
    let calm = |kind, rate| Plan {
        mix: Mix::calm().with(kind, rate).with(Kind::Torn, 0.9),
        ..Plan::new(2, 0.75, &Swarm::default())
    };
    let struck = |plan: &Plan| {
        let outcomes = run(plan);
        assert_eq!(outcomes.violation, None, "{:?}", outcomes.violation);
        assert!(!outcomes.struck.is_empty());
        outcomes.tally
    };
    assert!(struck(&calm(Kind::Crash, 0.2)).lives > 2);
    assert!(struck(&calm(Kind::CrashInCommit, 0.02)).lives > 2);
    assert!(struck(&calm(Kind::FlushFails, 0.02)).lives > 2);
    assert!(struck(&calm(Kind::Disconnect, 0.2)).sessions > 2);
    let rots = calm(Kind::Crash, 0.2);
    let rots = Plan { mix: rots.mix.clone().with(Kind::Rot, 0.9), ..rots };
    let tally = struck(&rots);
    assert!(tally.restored > 0 && tally.restored < tally.lives, "{tally:?}");
    let forgets = Plan { mix: rots.mix.clone().with(Kind::Rot, 0.0).with(Kind::LostTail, 0.9), ..rots };
    assert!(struck(&forgets).restored > 0);
    assert!(struck(&Plan { safety: Nanos::from_secs(40), ..calm(Kind::KillPulled, 0.2) }).commands > 0);
}
