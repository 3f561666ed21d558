//! What a journal asks of a disk, so that tests can put one there that tears, loses, misplaces and refuses.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

/// Makes files. [`Writer::create_on`](crate::Writer::create_on) takes any; [`Writer::create`](crate::Writer::create) the machine's.
pub trait Disk: Send {
    /// A file of this name, empty.
    ///
    /// # Errors
    /// When the disk refuses.
    fn create(&mut self, path: &Path) -> io::Result<Box<dyn Sink>>;

    /// Gives a file another name, in place of the file that has it.
    ///
    /// # Errors
    /// When the disk refuses.
    fn rename(&mut self, from: &Path, to: &Path) -> io::Result<()>;

    /// Returns when the names in the folder of `path` would survive a power cut.
    ///
    /// # Errors
    /// When the disk refuses.
    fn sync_folder(&mut self, path: &Path) -> io::Result<()>;
}

/// A file that is written.
pub trait Sink: Write + Send {
    /// Returns when what was written would survive a power cut.
    ///
    /// # Errors
    /// When the disk refuses. After that nobody knows what it has.
    fn sync(&mut self) -> io::Result<()>;
}

impl Sink for File {
    fn sync(&mut self) -> io::Result<()> {
        self.sync_data()
    }
}

/// The machine's own.
pub(crate) struct Machine;

impl Disk for Machine {
    fn create(&mut self, path: &Path) -> io::Result<Box<dyn Sink>> {
        Ok(Box::new(File::create(path)?))
    }

    fn rename(&mut self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn sync_folder(&mut self, path: &Path) -> io::Result<()> {
        let folder = match path.parent() {
            Some(folder) if folder != Path::new("") => folder,
            _ => Path::new("."),
        };
        File::open(folder)?.sync_all()
    }
}

/// Writes all of it, however little is taken at a time. What was not taken is offered again when the system was
/// interrupted or asks to; a refusal is final.
pub(crate) fn write_whole(sink: &mut dyn Sink, mut bytes: &[u8]) -> io::Result<()> {
    const ASKED_AGAIN_MAX: u32 = 10_000;
    let mut asked_again = 0;
    while !bytes.is_empty() {
        match sink.write(bytes) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(taken) => bytes = &bytes[taken..],
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock && asked_again < ASKED_AGAIN_MAX => {
                asked_again += 1;
                std::thread::yield_now();
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
