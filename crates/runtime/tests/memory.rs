//! A run over history holds the days that overlap, not all of them.

use runtime::generate::{Kind, session, write_session};
use runtime::import::import;
use runtime::source::{Progress, Recording, Selection, recordings};
use runtime::{Config, prepare};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use types::Nanos;

const DAY: i64 = 86_400_000_000_000;

/// The most memory this process ever held, in KiB; `None` where the system does not say.
fn peak() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.trim().parse().ok()
}

fn import_days(root: &Path, days: std::ops::Range<i64>) {
    for day in days {
        let mut config = session(Kind::QueueReactive, u64::try_from(day).expect("not negative"), 1, 0);
        config.starts_at = Nanos(config.starts_at.0 + day * DAY);
        let mut bytes = Vec::new();
        write_session(config, &mut bytes, |_| {}).expect("memory takes it");
        let recording = Recording::Memory { name: format!("day {day}"), bytes: Arc::from(bytes) };
        import(&recording, root, &Config::default(), false, |_| {}).expect("it is imported");
    }
}

/// Reads all of it in venue time, as a run does; answers how many events.
fn read(root: &Path) -> u64 {
    let all = recordings(&[PathBuf::from(root)], &Selection::default()).expect("it is there");
    let prepared = prepare(all, Config::default(), |_| {}).expect("a run can start");
    let mut feed = prepared.feed(&Progress::default()).expect("it opens");
    let (mut events, mut last) = (0, Nanos::MIN);
    while let Some(moment) = feed.take().expect("it is read") {
        assert!(moment.venue_at >= last, "in venue time");
        last = moment.venue_at;
        events += 1;
    }
    assert!(feed.faults().is_empty());
    events
}

/// Set for the process that reads: which history.
const READ: &str = "QUOIN_TEST_MEMORY_READ";

/// Reads a history in a process of its own, whose memory nothing else has touched: events, and KiB at most.
fn read_alone(root: &Path) -> (u64, Option<u64>) {
    let child = Command::new(std::env::current_exe().expect("this test is a file"))
        .args(["--exact", "ten_days_take_no_more_memory_than_two", "--nocapture"])
        .env(READ, root)
        .output()
        .expect("it starts");
    let text = String::from_utf8_lossy(&child.stdout).into_owned();
    let line = text.lines().find_map(|line| line.split_once("READ ")).expect("it says what it read").1;
    let (events, peak) = line.split_once(' ').expect("two figures");
    (events.parse().expect("a count"), peak.parse().ok())
}

#[test]
fn ten_days_take_no_more_memory_than_two() {
    if let Some(root) = std::env::var_os(READ) {
        let events = read(Path::new(&root));
        println!("READ {events} {}", peak().map_or("-".into(), |kib| kib.to_string()));
        return;
    }
    let root = std::env::temp_dir().join(format!("quoin-memory-{}", std::process::id()));
    let _ = fs::remove_dir_all(&root);
    import_days(&root, 0..2);
    let (two, before) = read_alone(&root);
    import_days(&root, 2..10);
    let (ten, after) = read_alone(&root);
    let _ = fs::remove_dir_all(&root);
    assert!(ten > 4 * two && two > 10_000, "{two} and {ten} events");
    let (Some(before), Some(after)) = (before, after) else {
        eprintln!("SKIPPED: this system does not say how much memory a process held at most");
        return;
    };
    // As arrivals the eight days more are 56 bytes an event.
    let more_kib = (ten - two) * 56 / 1_024;
    println!("{two} and {ten} events, {before} and {after} KiB at most; {more_kib} KiB of arrivals more");
    assert!(more_kib > 16_384, "too little to tell: {more_kib} KiB");
    assert!(after < before + more_kib / 8, "{before} KiB before, {after} KiB after");
}
