//! The results of a sweep on disk: one line of JSON for each run that is over, appended and never changed.
//!
//! A line is found again by its key, the hash of all that makes the run, so a sweep that was killed goes on where it
//! was, and one that was changed takes over what is still true. A killed process leaves at most one line torn: it is
//! cut off. One writer at a time: the file is locked.

use super::tally::Tally;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// The file's name within the sweep's folder.
pub const FILE: &str = "results.jsonl";

/// Why results cannot be kept.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The file system said no.
    #[error("cannot {doing} {}: {error}", path.display())]
    Io {
        /// Which file.
        path: PathBuf,
        /// What we were doing.
        doing: &'static str,
        /// What it said.
        error: io::Error,
    },
    /// Another sweep writes there.
    #[error("{}: another sweep is writing it; choose another --out", .0.display())]
    Busy(PathBuf),
    /// A line that is none of ours.
    #[error("{} line {line}: {what}; mend or delete the line, or choose another --out", path.display())]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// From 1.
        line: usize,
        /// What is wrong.
        what: String,
    },
}

#[derive(Serialize, Deserialize)]
struct Line {
    key: String,
    /// For people and other tools; the key is what counts.
    point: BTreeMap<String, serde_json::Value>,
    tally: Tally,
}

/// The results so far.
#[derive(Debug)]
pub struct Store {
    path: PathBuf,
    file: File,
    known: BTreeMap<String, Tally>,
    torn: bool,
}

impl Store {
    /// Opens the results in a folder, which is made when it is not there.
    ///
    /// # Errors
    /// When it cannot be read or written, or holds what we did not write.
    pub fn open(folder: &Path) -> Result<Self, StoreError> {
        let path = folder.join(FILE);
        let io = |doing| {
            let path = path.clone();
            move |error| StoreError::Io { path, doing, error }
        };
        std::fs::create_dir_all(folder).map_err(io("make the folder of"))?;
        let options = OpenOptions::new().read(true).append(true).create(true).clone();
        let mut file = options.open(&path).map_err(io("open"))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(std::fs::TryLockError::WouldBlock) => return Err(StoreError::Busy(path)),
            Err(std::fs::TryLockError::Error(error)) => return Err(io("lock")(error)),
        }
        let mut text = Vec::new();
        file.read_to_end(&mut text).map_err(io("read"))?;
        // A line without its end was being written when the process was killed.
        let whole = text.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        let torn = whole < text.len();
        if torn {
            file.set_len(whole as u64).map_err(io("cut the torn line of"))?;
            file.seek(SeekFrom::End(0)).map_err(io("cut the torn line of"))?;
        }
        let mut known = BTreeMap::new();
        for (at, line) in text[..whole].split(|byte| *byte == b'\n').enumerate() {
            if line.is_empty() {
                continue;
            }
            let line: Line = serde_json::from_slice(line).map_err(|error| StoreError::Damaged {
                path: path.clone(),
                line: at + 1,
                what: error.to_string(),
            })?;
            known.insert(line.key, line.tally);
        }
        Ok(Self { path, file, known, torn })
    }

    /// The outcome of the run with this key, if it is known.
    #[must_use]
    pub fn find(&self, key: &str) -> Option<&Tally> {
        self.known.get(key)
    }

    /// How many outcomes are known.
    #[must_use]
    pub fn len(&self) -> usize {
        self.known.len()
    }

    /// Whether none is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.known.is_empty()
    }

    /// Whether a torn last line was cut off.
    #[must_use]
    pub const fn was_torn(&self) -> bool {
        self.torn
    }

    /// Keeps an outcome. In one write: a reader sees all of a line or none.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn append(
        &mut self,
        key: &str,
        point: BTreeMap<String, serde_json::Value>,
        tally: &Tally,
    ) -> Result<(), StoreError> {
        let line = Line { key: key.into(), point, tally: tally.clone() };
        let mut text = serde_json::to_string(&line).expect("plain data has a JSON form");
        text.push('\n');
        self.file.write_all(text.as_bytes()).map_err(|error| StoreError::Io {
            path: self.path.clone(),
            doing: "write",
            error,
        })?;
        self.known.insert(line.key, line.tally);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(net: f64) -> Tally {
        Tally {
            net,
            max_drawdown: -1.5,
            fees: 0.25,
            fills: 3,
            fills_maker: 2,
            turnover: 1e6 / 3.0,
            orders: 9,
            inputs: 1_000,
            slices: vec![Some(net / 3.0), None, Some(-0.1)],
        }
    }

    #[test]
    fn outcomes_come_back_bit_for_bit_and_a_torn_line_is_cut_off_at_any_byte() {
        let folder = std::env::temp_dir().join(format!("quoin-store-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        let mut store = Store::open(&folder).expect("a folder");
        for (key, net) in [("a", 0.1), ("b", 1e-17), ("c", -7.0 / 3.0)] {
            store.append(key, BTreeMap::new(), &tally(net)).expect("written");
        }
        assert!(matches!(Store::open(&folder), Err(StoreError::Busy(_))));
        drop(store);
        let whole = std::fs::read(folder.join(FILE)).expect("written");
        let lines: Vec<usize> = (0..whole.len()).filter(|at| whole[*at] == b'\n').collect();
        for cut in 0..=whole.len() {
            std::fs::write(folder.join(FILE), &whole[..cut]).expect("writable");
            let mut store = Store::open(&folder).expect("torn lines are cut off");
            let due = lines.iter().filter(|end| **end < cut).count();
            assert_eq!(store.len(), due, "cut at {cut}");
            assert_eq!(store.was_torn(), cut > 0 && whole[cut - 1] != b'\n');
            if due > 2 {
                assert_eq!(store.find("c"), Some(&tally(-7.0 / 3.0)));
            }
            store.append("d", BTreeMap::new(), &tally(4.0)).expect("written");
            drop(store);
            assert_eq!(Store::open(&folder).expect("whole again").len(), due + 1, "cut at {cut}");
        }
        std::fs::write(folder.join(FILE), b"{\"key\":1}\n").expect("writable");
        let error = Store::open(&folder).expect_err("not ours").to_string();
        assert!(error.contains("results.jsonl line 1:"), "{error}");
        std::fs::remove_dir_all(&folder).expect("it was ours");
    }
}
