//! The binary under limits of its process: it says what it lacks, and what it wrote by then does not count.

#![cfg(target_os = "linux")]

mod common;

use common::{Scratch, succeed};
use std::process::{Command, Output};

/// Runs the binary in a shell that limits itself first.
fn limited(limit: &str, arguments: &[&str]) -> Output {
    let script = format!("{limit}; exec \"$0\" \"$@\"");
    let mut command = Command::new("sh");
    command.args(["-c", &script, env!("CARGO_BIN_EXE_quoin")]).args(arguments).env("NO_COLOR", "1");
    command.output().expect("there is a shell")
}

#[test]
fn o_10_without_file_handles_a_run_is_refused_with_the_reason_and_with_them_it_runs() {
    let scratch = Scratch::new("starved-files");
    let day = scratch.text("day.pcap");
    succeed(&["generate", "--seed", "3", "--minutes", "1", "--out", &day]);
    let mut refused = 0;
    for handles in [3, 4, 5, 6] {
        let out = scratch.text(&format!("run-{handles}"));
        let output = limited(&format!("ulimit -n {handles}"), &["backtest", "--data", &day, "--out", &out]);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        // A loader without handles never gets to us: that is the shell's word, and none of ours.
        assert_ne!(output.status.code(), None, "{handles} handles: ended by a signal: {said}");
        if output.status.code() == Some(1) {
            refused += 1;
            assert!(said.contains("open files"), "{handles} handles: {said}");
            assert!(!said.contains("panicked"), "{handles} handles: {said}");
        }
    }
    assert!(refused > 0, "no limit was low enough");
    let out = scratch.text("run-64");
    let output = limited("ulimit -n 64", &["backtest", "--data", &day, "--out", &out]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn o_10_starved_of_processor_time_a_run_says_the_same() {
    // Behind everybody else, and with one processor: slower, and to the byte the same.
    let scratch = Scratch::new("starved-processor");
    let day = scratch.text("day.pcap");
    succeed(&["generate", "--seed", "4", "--minutes", "1", "--out", &day]);
    let reports =
        ["nice -n 0 true", "renice -n 19 $$ > /dev/null && taskset -p 1 $$ > /dev/null"].map(|limit| {
            let out = scratch.text(&format!("run-{}", limit.len()));
            let output = limited(limit, &["backtest", "--data", &day, "--out", &out]);
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            std::fs::read(scratch.path(&format!("run-{}", limit.len())).join("report.json"))
                .expect("a report")
        });
    assert!(reports[0] == reports[1]);
}
