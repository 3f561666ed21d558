//! Whose messages a recording holds, for those who want them one by one and not the events.

use super::{Bytes, CAPTURES, Progress, Recording, SourceError, ZIP, dbn, nasdaq, raw, unpack};
use std::path::Path;
use venues::archive::dbn::dbz;
use venues::nasdaq::Framing;

/// Formats of messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A capture of CME MDP 3.0, or of what may be.
    Mdp,
    /// A capture of MoldUDP64.
    Mold,
    /// A file of ITCH messages.
    Itch(Framing),
    /// DBN records, behind a header or not.
    Dbn {
        /// Whether there is one.
        header: bool,
    },
    /// Something else, or nothing that is known.
    Other,
}

/// Opens a recording whose messages are wanted, decompressed.
pub(crate) fn kind(recording: &Recording, progress: &Progress) -> Result<(Kind, Bytes), SourceError> {
    let name = recording.name();
    let read_error = |error| SourceError::read(Path::new(&name), error);
    let nothing = || (Kind::Other, Box::new(std::io::empty()) as Bytes);
    if let Recording::History(_) = recording {
        return Ok(nothing());
    }
    let mut bytes = raw(recording, progress)?;
    let magic = bytes.fill_buf().map_err(read_error)?;
    if magic.starts_with(ZIP) {
        return Ok(nothing());
    }
    if dbz::is_dbz(magic) {
        return Ok((Kind::Dbn { header: true }, dbn::unpack_dbz(&name, bytes)?));
    }
    bytes = unpack(bytes).map_err(read_error)?;
    let start = bytes.fill_buf().map_err(read_error)?;
    let kind = if CAPTURES.iter().any(|magic| start.starts_with(magic)) {
        if nasdaq::looks_like_capture(start) { Kind::Mold } else { Kind::Mdp }
    } else if start.starts_with(b"DBN") {
        Kind::Dbn { header: true }
    } else if dbn::is_called_fragment(&name) {
        Kind::Dbn { header: false }
    } else {
        Framing::detect(start).map_or(Kind::Other, Kind::Itch)
    };
    Ok((kind, bytes))
}
