//! A killed process loses nothing that stood before its last block.

mod common;

use common::{Scratch, quoin, succeed};
use std::process::Stdio;
use std::time::{Duration, Instant};

/// Kills that met a run while it wrote.
const KILLS: u32 = 50;
/// Far more than it takes; a machine that needs more has another trouble.
const ATTEMPTS: u32 = 1_000;

/// What became of a run that was killed.
enum Met {
    /// It had not written its configuration yet: there is no run to speak of.
    Nothing,
    /// A journal that ends in the middle, and how many inputs it proves.
    Cut(u64),
    /// It was over.
    End,
}

#[test]
fn a_journal_survives_fifty_kills_at_random_moments() {
    let scratch = Scratch::new("kill");
    let day = scratch.text("day.pcap");
    succeed(&["generate", "--seed", "5", "--minutes", "4", "--out", &day]);
    let started = Instant::now();
    succeed(&["backtest", "--data", &day, "--out", &scratch.text("whole")]);
    let mut longest = started.elapsed();

    let seed = 11;
    println!("seed {seed}, a whole run takes {longest:?}");
    let mut prng = stdx::Prng::new(seed);
    let (mut cuts, mut inputs_most, mut attempts) = (0, 0, 0);
    while cuts < KILLS {
        attempts += 1;
        assert!(attempts <= ATTEMPTS, "{cuts} of {attempts} kills met a run that was writing");
        let out = scratch.text(&format!("run-{attempts}"));
        // The moment is even over the run; how long a run takes changes with what else the machine does.
        match kill(&day, &out, longest.mul_f64(prng.unit())) {
            Met::Nothing => longest = longest.mul_f64(1.02),
            Met::End => longest = longest.mul_f64(0.98),
            Met::Cut(inputs) => {
                cuts += 1;
                inputs_most = inputs_most.max(inputs);
            }
        }
    }
    println!("{cuts} journals were cut in {attempts} attempts; the longest proves {inputs_most} inputs");
    assert!(inputs_most > 0);
}

/// Starts a run, kills it after `wait`, and verifies what it left.
fn kill(day: &str, out: &str, wait: Duration) -> Met {
    let mut child = quoin()
        .args(["backtest", "--data", day, "--out", out])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the binary starts");
    std::thread::sleep(wait);
    child.kill().expect("SIGKILL");
    child.wait().expect("it was ours");
    if !std::path::Path::new(out).join("journal.qj").exists() {
        return Met::Nothing;
    }
    let output = quoin().args(["verify", "--json", out]).output().expect("the binary starts");
    let error = String::from_utf8_lossy(&output.stderr);
    if error.contains("before the configuration was whole") {
        return Met::Nothing;
    }
    assert_eq!(output.status.code(), Some(0), "{out}: {error}");
    let answer: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(answer["proved"], true, "{out}: {answer}");
    match answer["cut"].is_null() {
        true => Met::End,
        false => Met::Cut(answer["inputs"].as_u64().expect("a count")),
    }
}
