//! The storm from its own door.

use storm::{Plan, Swarm, run};

#[test]
fn seeds_pass() {
    let from: u64 = std::env::var("STORM_FROM").ok().and_then(|s| s.parse().ok()).unwrap_or(0);
    let count: u64 = std::env::var("STORM_SEEDS").ok().and_then(|s| s.parse().ok()).unwrap_or(20);
    let mut tally = storm::Tally::default();
    let mut bad = Vec::new();
    for seed in from..from + count {
        let outcomes = run(&Plan::new(seed, 1.0, &Swarm::default()));
        tally.add(&outcomes.tally);
        if let Some(violation) = outcomes.violation {
            let struck: Vec<String> = outcomes.struck.iter().rev().take(12).map(|s| format!("{} {}", s.at.0 as f64 / 1e9, s.fault)).collect();
            bad.push(format!("seed {seed}: {violation:?}\n{}\n{}", outcomes.story.join("\n"), struck.join("\n")));
        }
    }
    println!("{tally:?}");
    assert!(bad.is_empty(), "{} bad, the first:\n{}\n{}", bad.len(), bad[0], bad.iter().map(|b| b.lines().next().unwrap_or("").to_owned()).collect::<Vec<_>>().join("\n"));
}
