//! The recorded market data, which is not ours to publish: `QUOIN_DATA`, else `../shared/data` beside the
//! checkout. A test that needs it says visibly when it is not there.

use std::io::Write as _;
use std::path::PathBuf;

/// The path of a recorded file, or `None` (said on stderr) when the recordings are not on this machine.
///
/// # Panics
/// When the folder is there and the file is not: that is a wrong name, not a missing data set.
#[must_use]
pub fn recorded(file: &str) -> Option<PathBuf> {
    let folder = match std::env::var_os("QUOIN_DATA") {
        Some(folder) => PathBuf::from(folder),
        None => PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data")),
    };
    if !folder.is_dir() {
        // Not `eprintln!`, which the test harness hides unless the test fails.
        let said = format!("SKIPPED: no recorded data at {} (set QUOIN_DATA): {file}\n", folder.display());
        let _ = std::io::stderr().write_all(said.as_bytes());
        return None;
    }
    let path = folder.join(file);
    assert!(path.exists(), "no recorded file {}", path.display());
    Some(path)
}
