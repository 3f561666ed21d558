//! Zips: whose they are is told by the names of what is in them.

use super::{Progress, Recording, Source, SourceError, lean, lobster};
use std::io::{Cursor, Read};
use std::path::Path;

/// No entry of a recording is larger; a zip of a few bytes can claim to be.
const ENTRY_BYTES_MAX: u64 = 8 << 30;

/// A zip, read whole: its index is at its end.
pub(super) struct Archive {
    name: String,
    zip: zip::ZipArchive<Cursor<Vec<u8>>>,
}

impl Archive {
    fn failed(&self, what: String) -> SourceError {
        SourceError::Format { name: self.name.clone(), what }
    }

    /// What is in it.
    pub(super) fn names(&self) -> Vec<String> {
        self.zip.file_names().filter_map(|name| Some(name.ok()?.into_owned())).collect()
    }

    /// All of an entry.
    pub(super) fn inflate(&mut self, entry: &str) -> Result<Vec<u8>, SourceError> {
        let mut content = Vec::new();
        let read = match self.zip.by_name(entry) {
            Ok(file) => {
                file.take(ENTRY_BYTES_MAX).read_to_end(&mut content).map_err(|error| error.to_string())
            }
            Err(error) => Err(error.to_string()),
        };
        match read {
            Ok(_) => Ok(content),
            Err(error) => Err(self.failed(format!("{entry}: {error}"))),
        }
    }
}

/// Opens a zip. `sniffed` bytes of it were counted already.
pub(super) fn open(
    recording: &Recording,
    progress: &Progress,
    sniffed: u64,
) -> Result<Box<dyn Source>, SourceError> {
    let mut compressed = Vec::new();
    super::raw(recording, &Progress::default())?
        .read_to_end(&mut compressed)
        .map_err(|error| SourceError::io(Path::new(&recording.name()), "read", error))?;
    let zip = zip::ZipArchive::new(Cursor::new(compressed)).map_err(|error| SourceError::Format {
        name: recording.name(),
        what: format!("a zip that cannot be read: {error}"),
    })?;
    let archive = Archive { name: recording.name(), zip };
    if archive.names().iter().any(|name| venues::archive::lean::is_entry(name))
        || venues::archive::lean::Place::of(&recording.name()).is_ok()
    {
        progress.add(recording.size()?.saturating_sub(sniffed));
        return lean::open(recording, archive);
    }
    lobster::open_zip(recording, progress, sniffed)
}
