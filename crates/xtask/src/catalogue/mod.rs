//! The catalogues of faults and of risk controls, and which test holds each row.
//!
//! A row is held by a test whose name begins with the row's id: `fn f_01_…` for F-01, `fn rc_13_…` for RC-13, and
//! `def test_f_01_…` in Python. Owns the two lists, the search for such tests and the pages made of both. Never says of
//! a row that waits that it passed.

mod controls;
mod faults;
mod pages;
mod scan;

pub use controls::CONTROLS;
pub use faults::PARTS;
pub use pages::{controls_page, faults_page};
pub use scan::{Test, named_tests, tests_in};

use crate::workspace;
use anyhow::Context;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// How far a row has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// A test holds it.
    Tested,
    /// A test holds what can be had now; this is what waits.
    Partly(&'static str),
    /// Nothing holds it yet, for this reason.
    Waits(&'static str),
}

/// A fault.
#[derive(Clone, Copy, Debug)]
pub struct Fault {
    /// As `F-01`.
    pub id: &'static str,
    /// What goes wrong.
    pub what: &'static str,
    /// How a test makes it go wrong.
    pub injected: &'static str,
    /// What must hold, and how it ends.
    pub expected: &'static str,
    /// How far it has come.
    pub state: State,
}

/// A risk control.
#[derive(Clone, Copy, Debug)]
pub struct Control {
    /// As `RC-01`.
    pub id: &'static str,
    /// What is controlled.
    pub what: &'static str,
    /// Where it is applied.
    pub levels: &'static str,
    /// Who asks for it.
    pub basis: &'static str,
    /// The least a test must show.
    pub shown: &'static str,
    /// How far it has come.
    pub state: State,
}

/// Id and state of every row of both catalogues.
pub fn rows() -> impl Iterator<Item = (&'static str, State)> {
    let faults = PARTS.iter().flat_map(|(_, _, rows)| rows.iter()).map(|row| (row.id, row.state));
    faults.chain(CONTROLS.iter().map(|row| (row.id, row.state)))
}

/// Rows that must have a test and have none.
#[must_use]
pub fn untested(tests: &[Test]) -> Vec<&'static str> {
    let held: BTreeSet<&str> = tests.iter().map(|test| test.id.as_str()).collect();
    let wanting = rows().filter(|(id, state)| !matches!(state, State::Waits(_)) && !held.contains(id));
    wanting.map(|(id, _)| id).collect()
}

/// Tests that name a row there is not.
#[must_use]
pub fn strays(tests: &[Test]) -> Vec<&Test> {
    let known: BTreeSet<&str> = rows().map(|(id, _)| id).collect();
    tests.iter().filter(|test| !known.contains(test.id.as_str())).collect()
}

/// The pages as they should be now: where, and what.
///
/// # Errors
/// When a source file cannot be read.
pub fn pages() -> anyhow::Result<[(PathBuf, String); 2]> {
    let root = workspace::root();
    let tests = named_tests(&root)?;
    let docs = root.join("docs");
    Ok([
        (docs.join("faults.md"), faults_page(&tests)),
        (docs.join("controls-tests.md"), controls_page(&tests, docs.join("controls.md").exists())),
    ])
}

/// Writes the pages; answers where, and which rows have no test.
///
/// # Errors
/// When a source file cannot be read or a page not written.
pub fn write() -> anyhow::Result<(Vec<PathBuf>, Vec<&'static str>)> {
    let mut written = Vec::new();
    for (path, page) in pages()? {
        std::fs::write(&path, page).with_context(|| format!("writing {}", path.display()))?;
        written.push(path);
    }
    Ok((written, untested(&named_tests(Path::new(&workspace::root()))?)))
}
