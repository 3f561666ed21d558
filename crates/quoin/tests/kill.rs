//! A killed process loses nothing that stood before its last block.

mod common;

use common::{Scratch, quoin, succeed};
use std::process::Stdio;
use std::time::{Duration, Instant};

const KILLS: u64 = 50;

#[test]
fn a_journal_survives_fifty_kills_at_random_moments() {
    let scratch = Scratch::new("kill");
    let day = scratch.text("day.pcap");
    succeed(&["generate", "--seed", "5", "--minutes", "4", "--out", &day]);
    let started = Instant::now();
    succeed(&["backtest", "--data", &day, "--out", &scratch.text("whole")]);
    let whole_ms = u64::try_from(started.elapsed().as_millis()).expect("minutes at most");

    let seed = 11;
    println!("seed {seed}, a whole run takes {whole_ms} ms");
    let mut prng = stdx::Prng::new(seed);
    let (mut cut, mut inputs_most) = (0, 0);
    for kill in 0..KILLS {
        let out = scratch.text(&format!("run-{kill}"));
        let mut child = quoin()
            .args(["backtest", "--data", &day, "--out", &out])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the binary starts");
        std::thread::sleep(Duration::from_millis(prng.below(whole_ms)));
        child.kill().expect("SIGKILL");
        child.wait().expect("it was ours");
        // Killed before the configuration was whole: there is no run to speak of yet.
        if !scratch.path(&format!("run-{kill}")).join("journal.qj").exists() {
            continue;
        }
        let output = quoin().args(["verify", "--json", &out]).output().expect("the binary starts");
        let error = String::from_utf8_lossy(&output.stderr);
        if error.contains("before the configuration was whole") {
            continue;
        }
        assert_eq!(output.status.code(), Some(0), "kill {kill}: {error}");
        let answer: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
        assert_eq!(answer["proved"], true, "kill {kill}: {answer}");
        cut += u64::from(!answer["cut"].is_null());
        inputs_most = inputs_most.max(answer["inputs"].as_u64().expect("a count"));
    }
    println!("{cut} of {KILLS} journals were cut; the longest held {inputs_most} inputs");
    // The moments are even over the whole run, a good part of which writes.
    assert!(cut >= KILLS / 10, "only {cut} kills met a run that was writing");
    assert!(inputs_most > 0);
}
