//! The search for tests that name a row, in Rust and in Python.
//!
//! Reads lines, not syntax: `#[test]`, perhaps other attributes, then `fn`. A test that is ignored holds nothing, and
//! is not found.

use anyhow::Context;
use std::path::{Path, PathBuf};

/// A test that names a row.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Test {
    /// The row, as `F-01`.
    pub id: String,
    /// From the workspace's root, with `/`.
    pub file: String,
    /// The function.
    pub name: String,
}

impl Test {
    /// What its name says, without the row.
    #[must_use]
    pub fn sentence(&self) -> String {
        let without = self.name.trim_start_matches("test_");
        without[self.id.len() + 1..].replace('_', " ")
    }
}

/// Where tests lie, from the workspace's root.
const FOLDERS: [&str; 2] = ["crates", "python"];
/// Folders that hold nothing of ours.
const PASSED_OVER: [&str; 4] = ["target", ".venv", "__pycache__", "node_modules"];

/// Every test that names a row, by row, then by file and name.
///
/// # Errors
/// When a file cannot be read.
pub fn named_tests(root: &Path) -> anyhow::Result<Vec<Test>> {
    let mut tests = Vec::new();
    for folder in FOLDERS {
        visit(root, &root.join(folder), &mut tests)?;
    }
    tests.sort();
    Ok(tests)
}

fn visit(root: &Path, folder: &Path, tests: &mut Vec<Test>) -> anyhow::Result<()> {
    let entries = std::fs::read_dir(folder).with_context(|| format!("reading {}", folder.display()))?;
    let mut paths: Vec<PathBuf> = entries.map(|entry| Ok(entry?.path())).collect::<std::io::Result<_>>()?;
    paths.sort();
    for path in paths {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        if path.is_dir() {
            if !PASSED_OVER.contains(&name.as_str()) {
                visit(root, &path, tests)?;
            }
        } else if path.extension().is_some_and(|kind| kind == "rs" || kind == "py") {
            let text =
                std::fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
            let file = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().replace('\\', "/");
            tests.extend(tests_in(&file, &text));
        }
    }
    Ok(())
}

/// The tests of one file that name a row.
#[must_use]
pub fn tests_in(file: &str, text: &str) -> Vec<Test> {
    let named = |name: &str| {
        let id = id_of(name)?;
        Some(Test { id, file: file.into(), name: name.into() })
    };
    if file.ends_with(".py") {
        let functions = text.lines().filter_map(|line| function(line.trim_start().strip_prefix("def ")?));
        return functions.filter(|name| name.starts_with("test_")).filter_map(named).collect();
    }
    let (mut is_test, mut is_ignored) = (false, false);
    let mut tests = Vec::new();
    for line in text.lines().map(str::trim_start) {
        if line.starts_with("#[") {
            is_test |= line.starts_with("#[test]");
            is_ignored |= line.starts_with("#[ignore");
            continue;
        }
        if line.starts_with("//") || line.is_empty() {
            continue;
        }
        if is_test && !is_ignored {
            tests.extend(line.strip_prefix("fn ").and_then(function).and_then(named));
        }
        (is_test, is_ignored) = (false, false);
    }
    tests
}

/// The name of what is defined on a line, behind its keyword.
fn function(line: &str) -> Option<&str> {
    line.split(['(', '<']).next().map(str::trim)
}

/// `F-01` of `f_01_a_packet_is_lost` and of `test_f_01_a_packet_is_lost`.
fn id_of(name: &str) -> Option<String> {
    let name = name.strip_prefix("test_").unwrap_or(name);
    let mut words = name.splitn(3, '_');
    let (letters, digits, rest) = (words.next()?, words.next()?, words.next()?);
    let is_row = ["f", "t", "j", "p", "v", "o", "rc"].contains(&letters)
        && digits.len() == 2
        && digits.bytes().all(|byte| byte.is_ascii_digit())
        && !rest.is_empty();
    is_row.then(|| format!("{}-{digits}", letters.to_uppercase()))
}
