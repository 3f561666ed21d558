//! What all of them took, for people and for programs.

use crate::contender::{Contender, Measured};
use rivals::workload::Workload;
use std::fmt::Write as _;

type Result = (Contender, std::result::Result<Vec<Measured>, String>);

/// Medians of a contender's rounds.
#[derive(Clone, Copy)]
struct Medians {
    ns: f64,
    ns_least: f64,
    ns_most: f64,
    load_s: f64,
    peak_mib: f64,
}

#[expect(clippy::cast_precision_loss, reason = "figures for people")]
fn medians(rounds: &[Measured]) -> Option<Medians> {
    let sorted = |of: fn(&Measured) -> f64| {
        let mut all: Vec<f64> = rounds.iter().map(of).collect();
        all.sort_unstable_by(f64::total_cmp);
        all
    };
    let ns = sorted(|one| one.cpu_ns as f64 / one.events as f64);
    let load = sorted(|one| one.load_ns as f64 / 1e9);
    let peak = sorted(|one| one.peak_kib as f64 / 1024.0);
    let middle = ns.len() / 2;
    Some(Medians {
        ns: *ns.get(middle)?,
        ns_least: *ns.first()?,
        ns_most: *ns.last()?,
        load_s: load[middle],
        peak_mib: peak[middle],
    })
}

/// The table, in Markdown.
pub(crate) fn text(workload: &Workload, results: &[Result]) -> String {
    let mut text = format!("machine: {}\nrecording: {} ({})\n\n", machine(), workload.name, workload.file);
    text.push_str(
        "| contender | CPU ns an event | least to most | M events/s | × quoin | loading, s | peak MiB | orders | fills | \
         fills are quoin's |\n|---|---:|---:|---:|---:|---:|---:|---:|---:|---|\n",
    );
    let ours = results.first().and_then(|(_, rounds)| rounds.as_ref().ok());
    let base = ours.and_then(|rounds| medians(rounds)).map(|medians| medians.ns);
    let hash = ours.and_then(|rounds| rounds.first()).map(|one| one.tally.hash);
    let mut notes = String::new();
    for (contender, rounds) in results {
        match rounds {
            Ok(rounds) => {
                let (Some(figures), Some(one)) = (medians(rounds), rounds.first()) else { continue };
                let Medians { ns, ns_least, ns_most, load_s, peak_mib } = figures;
                let ratio = base.map_or(String::new(), |base| format!("{:.2}", ns / base));
                let same = match Some(one.tally.hash) == hash {
                    true => "yes, every one".into(),
                    false => format!("no: {}", contender.differs),
                };
                let _ = writeln!(
                    text,
                    "| {} {} | {ns:.1} | {ns_least:.1}-{ns_most:.1} | {:.2} | {ratio} | {load_s:.2} | {peak_mib:.0} | {} | {} | {same} |",
                    contender.name,
                    one.version,
                    1e3 / ns,
                    one.tally.orders,
                    one.tally.fills
                );
                let _ = writeln!(
                    notes,
                    "- {}: {}; {} events; median of {}",
                    contender.name,
                    contender.about,
                    one.events,
                    rounds.len()
                );
            }
            Err(why) => {
                let _ = writeln!(text, "| {} | - | - | - | - | - | - | - | - | {why} |", contender.name);
            }
        }
    }
    format!("{text}\n{notes}")
}

/// The same as JSON.
pub(crate) fn json(workload: &Workload, results: &[Result]) -> serde_json::Result<String> {
    let contenders: Vec<_> = results
        .iter()
        .map(|(contender, rounds)| {
            let (rounds, absent) = match rounds {
                Ok(rounds) => (rounds.as_slice(), None),
                Err(why) => (&[][..], Some(why)),
            };
            let median = medians(rounds).map(|medians| medians.ns);
            serde_json::json!({
                "name": contender.name, "about": contender.about, "cpu_ns_an_event": median, "absent": absent,
                "rounds": rounds,
            })
        })
        .collect();
    serde_json::to_string_pretty(&serde_json::json!({
        "machine": machine(), "recording": workload.file, "contenders": contenders,
    }))
}

fn machine() -> String {
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info.lines().find_map(|line| line.strip_prefix("model name")?.split(": ").nth(1));
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load: Vec<_> = load.split(' ').take(3).collect();
    format!("{}, {cores} cores, load {}", model.unwrap_or("unknown processor"), load.join(" "))
}
