//! The events of a recording, beside its captures: each file that is ended is imported into the same folder.
//!
//! An import must know every instrument's steps before its first event, and a file that is still being written cannot be
//! surveyed. So the history follows the captures file by file, in a thread of its own, while the next file is recorded.
//! Never touches a capture: whatever becomes of an import, `quoin import` of the file makes the same history later.
//!
//! Each file is imported as a recording of its own, that joined late: its books are stale until something makes them
//! known. Who wants whole books from a rotated recording records the snapshot feeds, too.

use super::files::Written;
use anyhow::{Context as _, bail};
use runtime::Config;
use runtime::import::import;
use runtime::source::Recording;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

/// How long to wait when another process imports into the same folder.
const BUSY_RETRY: Duration = Duration::from_secs(1);

/// Imports files, one after the other.
pub(crate) struct History {
    /// Gone when there will be no more.
    files: Option<Sender<PathBuf>>,
    thread: Option<JoinHandle<()>>,
    state: Arc<State>,
    /// How many files it was given.
    given: usize,
}

/// What the thread says of itself.
#[derive(Default)]
struct State {
    done: Mutex<Vec<Outcome>>,
    /// Of the file under way: bytes read in two passes, and bytes of both.
    at: AtomicU64,
    of: AtomicU64,
}

/// What became of a file.
#[derive(Clone, Debug)]
pub(crate) struct Outcome {
    pub(crate) path: PathBuf,
    /// The import's number, and how many events it has; or why there is none.
    pub(crate) import: Result<(u32, u64), String>,
}

impl History {
    /// Starts the thread; nothing is written before the first file.
    ///
    /// # Errors
    /// When there can be no thread.
    pub(crate) fn start(to: &Path, config: Config) -> anyhow::Result<Self> {
        let (files, waiting) = channel();
        let state = Arc::new(State::default());
        let (to, shared) = (to.to_path_buf(), Arc::clone(&state));
        let thread = std::thread::Builder::new()
            .name("history".into())
            .spawn(move || work(&waiting, &to, &config, &shared))
            .context("starting the thread that imports")?;
        Ok(Self { files: Some(files), thread: Some(thread), state, given: 0 })
    }

    /// Takes the files that were ended since the last call.
    pub(crate) fn follow(&mut self, written: &[Written]) {
        for file in &written[self.given.min(written.len())..] {
            self.given += 1;
            if let Some(files) = &self.files {
                // A thread that is gone panicked: `finish` says so.
                let _ = files.send(file.path.clone());
            }
        }
    }

    /// For the live line: `history 3 files, 1 waiting, 40 % of the next`.
    pub(crate) fn shown(&self) -> String {
        let done = self.done().len();
        let mut text = format!("history {done} files");
        match self.given.saturating_sub(done) {
            0 => {}
            1 => text.push_str(&format!(", {} % of the next", self.percent())),
            more => text.push_str(&format!(", {} waiting, {} % of the next", more - 1, self.percent())),
        }
        text
    }

    /// Bytes read of the file under way, and how many there are to read.
    pub(crate) fn progress(&self) -> (u64, u64) {
        (self.state.at.load(Ordering::Relaxed), self.state.of.load(Ordering::Relaxed))
    }

    /// Whether every file is done.
    pub(crate) fn is_idle(&self) -> bool {
        self.done().len() >= self.given || self.thread.as_ref().is_none_or(JoinHandle::is_finished)
    }

    /// There will be no more files; waits for those that are under way.
    ///
    /// # Errors
    /// When the thread is broken.
    pub(crate) fn finish(&mut self) -> anyhow::Result<Vec<Outcome>> {
        self.files = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            bail!("the thread that imports is broken; the captures are whole, `quoin import` reads them");
        }
        Ok(self.done())
    }

    fn done(&self) -> Vec<Outcome> {
        self.state.done.lock().map(|done| done.clone()).unwrap_or_default()
    }

    fn percent(&self) -> u64 {
        let (at, of) = self.progress();
        (100 * at).checked_div(of).unwrap_or(0).min(100)
    }
}

fn work(waiting: &Receiver<PathBuf>, to: &Path, config: &Config, state: &State) {
    for path in waiting {
        let recording = Recording::File(path.clone());
        state.at.store(0, Ordering::Relaxed);
        state.of.store(2 * recording.size().unwrap_or(0), Ordering::Relaxed);
        let tick = |bytes| state.at.store(bytes, Ordering::Relaxed);
        let imported = loop {
            match import(&recording, to, config, false, tick) {
                // Another recording into the same folder: its turn first.
                Err(error) if error.is_busy() => std::thread::sleep(BUSY_RETRY),
                other => break other,
            }
        };
        let import = imported
            .map(|imported| (imported.manifest.number, imported.manifest.rows))
            .map_err(|error| error.to_string());
        if let Ok(mut done) = state.done.lock() {
            done.push(Outcome { path, import });
        }
    }
}
