//! The pages: each row, and the tests that hold it, by file.

use super::{CONTROLS, PARTS, State, Test, rows, untested};
use std::fmt::Write;

const HEAD: &str =
    "Made by `cargo run -p xtask -- catalogue`; a test fails when this page is not what that would write.";

/// docs/faults.md
#[must_use]
pub fn faults_page(tests: &[Test]) -> String {
    let mut page = format!(
        "# Faults, and the tests that hold them\n\n{HEAD}\n\nEach fault has tests whose names begin with its number: \
         they make it happen, and assert first that nothing wrong was done and then that it ends. {}\n",
        score(tests, |id| !id.starts_with("RC")),
    );
    for (letter, title, rows) in PARTS {
        let _ = write!(
            page,
            "\n## {letter}: {title}\n\n{}| | fault | made by | what must hold | tests |\n|---|---|---|---|---|\n",
            mixed(letter)
        );
        for row in *rows {
            let held = tests_of(row.id, row.state, tests);
            let _ = writeln!(
                page,
                "| {} | {} | {} | {} | {held} |",
                row.id, row.what, row.injected, row.expected
            );
        }
    }
    page
}

/// What holds all faults of a part at once.
fn mixed(letter: &str) -> &'static str {
    match letter {
        "F" => {
            "All of them mixed, as each seed draws them: 10,000 storms of a feed, in which no book that says it is live may \
             be another than the true one \
             ([a storm of every fault never shows a wrong book and always ends](../crates/sim/tests/feed_faults/main.rs)).\n\n"
        }
        _ => "",
    }
}

/// docs/controls-tests.md; with a link to the controls' own page where there is one.
#[must_use]
pub fn controls_page(tests: &[Test], has_manual: bool) -> String {
    let manual = if has_manual { " What each does and how it is set: [controls](controls.md)." } else { "" };
    let mut page = format!(
        "# Risk controls, and the tests that hold them\n\n{HEAD}\n\nLevels: O an order, S a strategy, A an account, F the \
         firm, V a venue's session. All are closed by default: what is not set refuses.{manual} {}\n\n| | control | \
         levels | asked for by | a test shows at least | tests |\n|---|---|---|---|---|---|\n",
        score(tests, |id| id.starts_with("RC")),
    );
    for row in CONTROLS {
        let held = tests_of(row.id, row.state, tests);
        let _ = writeln!(
            page,
            "| {} | {} | {} | {} | {} | {held} |",
            row.id, row.what, row.levels, row.basis, row.shown
        );
    }
    page
}

/// How many rows are held, how many wait.
fn score(tests: &[Test], belongs: impl Fn(&str) -> bool) -> String {
    let all: Vec<_> = rows().filter(|(id, _)| belongs(id)).collect();
    let waiting = all.iter().filter(|(_, state)| matches!(state, State::Waits(_))).count();
    let without = untested(tests).into_iter().filter(|id| belongs(id)).count();
    let held = all.len() - waiting - without;
    let mut score = format!("Of {} rows {held} are held by tests", all.len());
    if waiting > 0 {
        let _ = write!(score, ", {waiting} wait for later work");
    }
    if without > 0 {
        let _ = write!(score, ", {without} have none yet");
    }
    score.push('.');
    score
}

fn tests_of(id: &str, state: State, tests: &[Test]) -> String {
    let mut cells: Vec<String> = Vec::new();
    let mut file = "";
    for test in tests.iter().filter(|test| test.id == id) {
        // Of one file the first is the link; the others follow it.
        if test.file == file {
            cells.push(test.sentence());
        } else {
            cells.push(format!("[{}](../{})", test.sentence(), test.file));
        }
        file = &test.file;
    }
    match state {
        State::Tested if cells.is_empty() => cells.push("**none yet**".into()),
        State::Tested => {}
        State::Partly(why) => cells.push(format!("*partly*: {why}")),
        State::Waits(why) => cells.push(format!("*waits*: {why}")),
    }
    cells.join("; ")
}
