//! The few things that a store of snapshots asks of a folder, so that a crash between any two of them can be tried.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// A folder of files. What is not said to be durable may be lost, or there, after a power cut.
pub trait Folder {
    /// Writes a file anew, and makes its contents durable; not its name.
    ///
    /// # Errors
    /// When the disk refuses.
    fn write_durably(&mut self, name: &str, bytes: &[u8]) -> io::Result<()>;
    /// Gives a file another name, in the place of what had it.
    ///
    /// # Errors
    /// When the disk refuses.
    fn rename(&mut self, from: &str, to: &str) -> io::Result<()>;
    /// Makes names durable.
    ///
    /// # Errors
    /// When the disk refuses.
    fn sync_names(&mut self) -> io::Result<()>;
    /// Removes a file.
    ///
    /// # Errors
    /// When the disk refuses.
    fn remove(&mut self, name: &str) -> io::Result<()>;
    /// The names there are, in any order.
    ///
    /// # Errors
    /// When the disk refuses.
    fn names(&self) -> io::Result<Vec<String>>;
    /// All of a file.
    ///
    /// # Errors
    /// When the disk refuses.
    fn read(&self, name: &str) -> io::Result<Vec<u8>>;
}

/// A folder on a disk.
#[derive(Clone, Debug)]
pub struct Disk(PathBuf);

impl Disk {
    /// The folder at `path`, made if need be; its own name is durable, too.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn open(path: &Path) -> io::Result<Self> {
        if !path.is_dir() {
            fs::create_dir_all(path)?;
            if let Some(parent) = path.parent() {
                File::open(parent)?.sync_all()?;
            }
        }
        Ok(Self(path.to_owned()))
    }
}

impl Folder for Disk {
    fn write_durably(&mut self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let mut file = File::create(self.0.join(name))?;
        file.write_all(bytes)?;
        file.sync_all()
    }

    fn rename(&mut self, from: &str, to: &str) -> io::Result<()> {
        fs::rename(self.0.join(from), self.0.join(to))
    }

    fn sync_names(&mut self) -> io::Result<()> {
        File::open(&self.0)?.sync_all()
    }

    fn remove(&mut self, name: &str) -> io::Result<()> {
        fs::remove_file(self.0.join(name))
    }

    fn names(&self) -> io::Result<Vec<String>> {
        let names = fs::read_dir(&self.0)?.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()));
        names.collect()
    }

    fn read(&self, name: &str) -> io::Result<Vec<u8>> {
        fs::read(self.0.join(name))
    }
}
