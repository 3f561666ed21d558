//! A disk in memory that behaves as badly as disks do: it keeps any part of what was not flushed when the power goes,
//! forgets names that were not flushed, loses writes it has acknowledged, puts them elsewhere, refuses, dawdles.

use journal::{Disk, Sink};
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use stdx::Prng;

pub(crate) const SECTOR: usize = 512;

/// What goes wrong, counted by the operations (creating, writing, flushing, naming) that reach the disk.
#[derive(Clone, Debug, Default)]
pub(crate) struct Faults {
    /// The power goes before this operation: it and all after it fail.
    pub(crate) power_cut_at: Option<u64>,
    /// This write is acknowledged and never happens.
    pub(crate) lose_write: Option<u64>,
    /// This write lands so many bytes further on, or back.
    pub(crate) misdirect_write: Option<(u64, i64)>,
    /// This flush fails, and what it was to flush is thrown away; the next would say yes.
    pub(crate) fail_sync: Option<u64>,
    /// Writes take what they like, and now and then nothing, with this seed.
    pub(crate) stutter: Option<u64>,
    /// Flushing a folder says yes and does nothing.
    pub(crate) forget_names: bool,
}

#[derive(Default)]
struct File {
    /// What a power cut leaves for sure.
    durable: Vec<u8>,
    /// What is read while the power is on.
    now: Vec<u8>,
    /// What changed since the last flush.
    pending: Vec<(usize, usize)>,
}

#[derive(Default)]
pub(crate) struct State {
    faults: Faults,
    files: Vec<File>,
    names: BTreeMap<PathBuf, usize>,
    durable_names: BTreeMap<PathBuf, usize>,
    pub(crate) operations: u64,
    pub(crate) writes: u64,
    pub(crate) syncs: u64,
    chance: Option<Prng>,
}

/// A handle; all its copies are one disk.
#[derive(Clone, Default)]
pub(crate) struct BadDisk(Arc<Mutex<State>>);

impl BadDisk {
    pub(crate) fn with(faults: Faults) -> Self {
        let chance = faults.stutter.map(Prng::new);
        Self(Arc::new(Mutex::new(State { faults, chance, ..State::default() })))
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is there while the power is on.
    pub(crate) fn image(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let state = self.state();
        state.names.iter().map(|(name, id)| (name.clone(), state.files[*id].now.clone())).collect()
    }

    /// What is there when the power comes back: of each sector that was not flushed anything may have become, and of each
    /// name that was not flushed either nothing or all.
    pub(crate) fn after_power_cut(&self, chance: &mut Prng) -> BTreeMap<PathBuf, Vec<u8>> {
        let state = self.state();
        let torn_percent = 80 + chance.below(21);
        let files: Vec<Vec<u8>> = state.files.iter().map(|file| file.torn(torn_percent, chance)).collect();
        let mut names = BTreeMap::new();
        let all: std::collections::BTreeSet<_> =
            state.names.keys().chain(state.durable_names.keys()).collect();
        for name in all {
            let now = chance.below(100) >= torn_percent;
            let kept = if now { state.names.get(name) } else { state.durable_names.get(name) };
            if let Some(id) = kept {
                names.insert(name.clone(), files[*id].clone());
            }
        }
        names
    }
}

/// The journal's files of such an image, the first of them first.
pub(crate) fn segments_of(image: &BTreeMap<PathBuf, Vec<u8>>) -> Vec<Vec<u8>> {
    let name = |n: u32| if n == 0 { "journal.qj".into() } else { format!("journal-{n:06}.qj") };
    (0..).map_while(|n| image.get(&Path::new("disk").join(name(n))).cloned()).collect()
}

impl File {
    fn torn(&self, torn_percent: u64, chance: &mut Prng) -> Vec<u8> {
        let mut bytes = self.durable.clone();
        let pending_end = self.pending.iter().map(|(start, length)| start + length).max().unwrap_or(0);
        if pending_end == 0 {
            return bytes;
        }
        // The length is known of separately: it may be ahead of the bytes.
        let room = (pending_end.max(bytes.len()) - bytes.len()) as u64;
        let longer = usize::try_from(chance.below(room + 1)).expect("small");
        bytes.resize(bytes.len() + longer, 0);
        for (start, length) in &self.pending {
            let mut at = *start;
            while at < start + length {
                let end = (start + length).min((at / SECTOR + 1) * SECTOR).min(bytes.len());
                if at >= end {
                    break;
                }
                let (old, new) = (&mut bytes[at..end], &self.now[at..end]);
                match chance.below(100) {
                    kept if kept >= torn_percent => old.copy_from_slice(new),
                    n if n % 3 == 0 => old.iter_mut().for_each(|byte| *byte ^= 0xA5),
                    n if n % 3 == 1 => {
                        let half = new.len() / 2;
                        old[..half].copy_from_slice(&new[..half]);
                    }
                    _ => {}
                }
                at = end;
            }
        }
        bytes
    }
}

impl State {
    /// One more operation; an error when there is no power.
    fn operate(&mut self) -> io::Result<()> {
        self.operations += 1;
        match self.faults.power_cut_at {
            Some(at) if self.operations > at => Err(io::Error::other("the power is off")),
            Some(_) | None => Ok(()),
        }
    }

    fn write(&mut self, id: usize, at: usize, bytes: &[u8]) -> io::Result<usize> {
        self.operate()?;
        let taken = match &mut self.chance {
            None => bytes.len(),
            Some(chance) => match chance.below(4) {
                0 => return Err(io::ErrorKind::Interrupted.into()),
                1 => return Err(io::ErrorKind::WouldBlock.into()),
                _ => 1 + usize::try_from(chance.below(bytes.len() as u64)).expect("small"),
            },
        };
        self.writes += 1;
        if self.faults.lose_write == Some(self.writes) {
            return Ok(taken);
        }
        let at = match self.faults.misdirect_write {
            Some((write, by)) if write == self.writes => {
                at.saturating_add_signed(isize::try_from(by).expect("small"))
            }
            Some(_) | None => at,
        };
        let file = &mut self.files[id];
        let end = at + taken;
        file.now.resize(file.now.len().max(end), 0);
        file.now[at..end].copy_from_slice(&bytes[..taken]);
        file.pending.push((at, taken));
        Ok(taken)
    }

    fn sync(&mut self, id: usize) -> io::Result<()> {
        self.operate()?;
        self.syncs += 1;
        let fails = self.faults.fail_sync == Some(self.syncs);
        let file = &mut self.files[id];
        file.pending.clear();
        if fails {
            // As Linux has it: the pages are clean now, and gone.
            return Err(io::Error::from_raw_os_error(5));
        }
        file.durable = file.now.clone();
        Ok(())
    }
}

struct Open {
    disk: BadDisk,
    id: usize,
    at: usize,
}

impl Write for Open {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = self.disk.state().write(self.id, self.at, bytes)?;
        self.at += taken;
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Sink for Open {
    fn sync(&mut self) -> io::Result<()> {
        self.disk.state().sync(self.id)
    }
}

impl Disk for BadDisk {
    fn create(&mut self, path: &Path) -> io::Result<Box<dyn Sink>> {
        let mut state = self.state();
        state.operate()?;
        let id = state.files.len();
        state.files.push(File::default());
        state.names.insert(path.to_owned(), id);
        Ok(Box::new(Open { disk: self.clone(), id, at: 0 }))
    }

    fn rename(&mut self, from: &Path, to: &Path) -> io::Result<()> {
        let mut state = self.state();
        state.operate()?;
        let id = state.names.remove(from).ok_or(io::ErrorKind::NotFound)?;
        state.names.insert(to.to_owned(), id);
        Ok(())
    }

    fn sync_folder(&mut self, path: &Path) -> io::Result<()> {
        let mut state = self.state();
        state.operate()?;
        if state.faults.forget_names {
            return Ok(());
        }
        let here = |name: &&PathBuf| name.parent() == path.parent();
        let now: BTreeMap<PathBuf, usize> =
            state.names.iter().filter(|(name, _)| here(name)).map(|(n, id)| (n.clone(), *id)).collect();
        state.durable_names.retain(|name, _| name.parent() != path.parent());
        state.durable_names.extend(now);
        Ok(())
    }
}
