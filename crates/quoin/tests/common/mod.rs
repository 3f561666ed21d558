//! Runs the binary as a user would.

#![allow(dead_code, reason = "each test file uses its own part")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The binary, not yet started.
pub(crate) fn quoin() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_quoin"));
    command.env("NO_COLOR", "1");
    command
}

/// Runs it and gives what came out.
pub(crate) fn run(arguments: &[&str]) -> Output {
    quoin().args(arguments).output().expect("the binary starts")
}

/// Runs it, expects success, gives standard output.
pub(crate) fn succeed(arguments: &[&str]) -> String {
    let output = run(arguments);
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "quoin {arguments:?}: {error}");
    String::from_utf8(output.stdout).expect("text")
}

/// Runs it, expects this exit code, gives standard error.
pub(crate) fn fail(arguments: &[&str], code: i32) -> String {
    let output = run(arguments);
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(code), "quoin {arguments:?}: {error}");
    error
}

/// An empty folder of this test's own, gone when dropped.
pub(crate) struct Scratch(PathBuf);

impl Scratch {
    pub(crate) fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("quoin-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).expect("a temporary folder");
        Self(path)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    pub(crate) fn text(&self, name: &str) -> String {
        text(&self.path(name))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A path as an argument.
pub(crate) fn text(path: &Path) -> String {
    path.to_str().expect("paths here are text").to_string()
}
