//! A folder of imports: which there are, and the door for the next one.

use crate::parquet::{FileEntry, HistoryError, Import, Manifest, Source};
use std::collections::BTreeSet;
use std::fs::{self, File, TryLockError};
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// Where manifests are.
pub(super) const INDEX: &str = "_quoin";
/// In an import that is under way: its manifest, which is written last.
pub(super) const PENDING: &str = "manifest.json";

/// A folder of imports.
#[derive(Clone, Debug)]
pub struct Store {
    root: PathBuf,
    manifests: Vec<Manifest>,
}

impl Store {
    /// Whether a folder is one.
    #[must_use]
    pub fn is_store(root: &Path) -> bool {
        root.join(INDEX).is_dir()
    }

    /// Reads what is there.
    ///
    /// # Errors
    /// When it is not a store, or a manifest cannot be read.
    pub fn open(root: &Path) -> Result<Self, HistoryError> {
        if !Self::is_store(root) {
            return Err(HistoryError::NotAStore(root.into()));
        }
        Ok(Self { root: root.into(), manifests: manifests(root)? })
    }

    /// Its folder.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Its imports, by number.
    #[must_use]
    pub fn manifests(&self) -> &[Manifest] {
        &self.manifests
    }

    /// Starts an import into `root`, which is made if it is not there. What a killed import left is finished when it was
    /// whole, and removed when it was not.
    ///
    /// # Errors
    /// When the recording is there and is not to be replaced, another process imports, or the folder cannot be written.
    pub fn begin(root: &Path, source: Source, replace: bool, quoin: &str) -> Result<Import, HistoryError> {
        let index = root.join(INDEX);
        fs::create_dir_all(&index).map_err(|error| HistoryError::io("make", &index, error))?;
        let lock = lock(root, &index.join("lock"))?;
        recover(root)?;
        let manifests = manifests(root)?;
        let known = manifests.iter().find(|manifest| manifest.source.blake3 == source.blake3);
        if let Some(known) = known
            && !replace
        {
            return Err(HistoryError::AlreadyThere {
                name: source.name,
                store: root.into(),
                number: known.number,
            });
        }
        let number = manifests.iter().map(|manifest| manifest.number).max().unwrap_or(0) + 1;
        Import::new(root, lock, number, known.map(|manifest| manifest.number), source, quoin)
    }
}

/// Held until the process ends, however it ends.
fn lock(root: &Path, path: &Path) -> Result<File, HistoryError> {
    let file = File::create(path).map_err(|error| HistoryError::io("make", path, error))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(HistoryError::Busy(root.into())),
        Err(TryLockError::Error(error)) => Err(HistoryError::io("lock", path, error)),
    }
}

fn all_manifests(root: &Path) -> Result<Vec<Manifest>, HistoryError> {
    let index = root.join(INDEX);
    let mut paths = Vec::new();
    for entry in fs::read_dir(&index).map_err(|error| HistoryError::io("list", &index, error))? {
        let path = entry.map_err(|error| HistoryError::io("list", &index, error))?.path();
        if path.extension().is_some_and(|extension| extension == "json") {
            paths.push(path);
        }
    }
    let mut found = paths.iter().map(|path| Manifest::read(path)).collect::<Result<Vec<_>, _>>()?;
    found.sort_by_key(|manifest| manifest.number);
    Ok(found)
}

/// Those that count: one whose place another has taken does not.
fn manifests(root: &Path) -> Result<Vec<Manifest>, HistoryError> {
    let mut found = all_manifests(root)?;
    let replaced: BTreeSet<u32> = found.iter().filter_map(|manifest| manifest.replaces).collect();
    found.retain(|manifest| !replaced.contains(&manifest.number));
    Ok(found)
}

/// Finishes or removes what killed imports left.
fn recover(root: &Path) -> Result<(), HistoryError> {
    let index = root.join(INDEX);
    for entry in fs::read_dir(&index).map_err(|error| HistoryError::io("list", &index, error))? {
        let aside = entry.map_err(|error| HistoryError::io("list", &index, error))?.path();
        if !aside.is_dir() {
            continue;
        }
        if aside.join(PENDING).is_file() {
            let manifest = Manifest::read(&aside.join(PENDING))?;
            settle(root, &aside, &manifest)?;
        } else {
            fs::remove_dir_all(&aside).map_err(|error| HistoryError::io("remove", &aside, error))?;
        }
    }
    sweep(root)
}

/// Moves an import's files into place, its manifest last, and removes what it replaces. May be done again at any point.
pub(super) fn settle(root: &Path, aside: &Path, manifest: &Manifest) -> Result<(), HistoryError> {
    for file in &manifest.files {
        let (from, to) = (aside.join(aside_name(file)), root.join(&file.path));
        if !from.exists() && to.exists() {
            continue;
        }
        let folder = to.parent().unwrap_or(root);
        fs::create_dir_all(folder).map_err(|error| HistoryError::io("make", folder, error))?;
        fs::rename(&from, &to).map_err(|error| HistoryError::io("move into place", &to, error))?;
        sync_folder(folder);
    }
    let index = root.join(INDEX);
    let place = index.join(manifest.file_name());
    fs::rename(aside.join(PENDING), &place)
        .map_err(|error| HistoryError::io("move into place", &place, error))?;
    sync_folder(&index);
    fs::remove_dir_all(aside).map_err(|error| HistoryError::io("remove", aside, error))?;
    sweep(root)
}

/// Removes imports whose place another has taken: files first, so that a kill leaves the manifest that names them.
fn sweep(root: &Path) -> Result<(), HistoryError> {
    let all = all_manifests(root)?;
    let replaced: BTreeSet<u32> = all.iter().filter_map(|manifest| manifest.replaces).collect();
    for old in all.iter().filter(|manifest| replaced.contains(&manifest.number)) {
        for file in &old.files {
            let path = root.join(&file.path);
            match fs::remove_file(&path) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(HistoryError::io("remove", &path, error));
                }
                Ok(()) | Err(_) => {}
            }
        }
        let path = root.join(INDEX).join(old.file_name());
        fs::remove_file(&path).map_err(|error| HistoryError::io("remove", &path, error))?;
    }
    Ok(())
}

/// What a file is called until it is in place.
pub(super) fn aside_name(file: &FileEntry) -> String {
    match file.instrument {
        Some(row) => format!("{row}_{}.parquet", file.day),
        None => format!("feed_{}.parquet", file.day),
    }
}

/// Writes a small file so that it is there whole or not at all.
pub(super) fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), HistoryError> {
    let part = path.with_extension("part");
    let failed = |error| HistoryError::io("write", &part, error);
    let mut file = File::create(&part).map_err(failed)?;
    file.write_all(bytes).map_err(failed)?;
    file.sync_all().map_err(failed)?;
    fs::rename(&part, path).map_err(|error| HistoryError::io("move into place", path, error))
}

/// A rename is on disk when its folder is. Not every system lets a folder be synced; where not, nothing is lost but
/// time: the next import settles again.
fn sync_folder(folder: &Path) {
    if let Ok(folder) = File::open(folder) {
        let _ = folder.sync_all();
    }
}
