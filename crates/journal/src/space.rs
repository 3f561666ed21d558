//! How full a disk is, and from when a person should hear of it: before the journal does.

use crate::JournalError;
use std::path::Path;

/// How full the disk behind a path is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Space {
    /// All there is, in bytes.
    pub total: u64,
    /// What may still be written.
    pub free: u64,
}

/// What a person should hear.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SpaceLevel {
    /// Nothing.
    Enough,
    /// Four fifths are full.
    Low,
    /// Nine tenths are full: make room now, or stop.
    Critical,
}

impl Space {
    /// Asks the system.
    ///
    /// # Errors
    /// When there is no such path.
    #[cfg(unix)]
    pub fn at(path: &Path) -> Result<Self, JournalError> {
        let stat = nix::sys::statvfs::statvfs(path)
            .map_err(|error| crate::error::io_error("asking for the room on the disk", path)(error.into()))?;
        #[expect(clippy::useless_conversion, reason = "narrower on other systems")]
        let (unit, free, kept) = (
            u64::from(stat.fragment_size()),
            u64::from(stat.blocks_available()),
            u64::from(stat.blocks_free()).saturating_sub(stat.blocks_available().into()),
        );
        #[expect(clippy::useless_conversion, reason = "narrower on other systems")]
        let blocks = u64::from(stat.blocks());
        // What is kept for the system's own use is not ours to fill: it is neither free nor part of all.
        Ok(Self { total: (blocks - kept) * unit, free: free * unit })
    }

    /// Full by 80 % and 90 %, both inclusive. A disk of no size at all is full.
    #[must_use]
    pub fn level(self) -> SpaceLevel {
        let used = u128::from(self.total.saturating_sub(self.free));
        let total = u128::from(self.total);
        match used {
            used if used * 10 >= total * 9 => SpaceLevel::Critical,
            used if used * 10 >= total * 8 => SpaceLevel::Low,
            _ => SpaceLevel::Enough,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn j_07_a_person_hears_at_eighty_and_at_ninety_percent() {
        use SpaceLevel::{Critical, Enough, Low};
        let big = 1 << 60;
        for (total, free, due) in [
            (1_000, 1_000, Enough),
            (1_000, 201, Enough),
            (1_000, 200, Low),
            (1_000, 101, Low),
            (1_000, 100, Critical),
            (1_000, 0, Critical),
            (0, 0, Critical),
            (100, 200, Enough),
            (big, big / 5 + 1, Enough),
            (big, big / 5, Low),
            (big, big / 10, Critical),
        ] {
            assert_eq!(Space { total, free }.level(), due, "{free} of {total}");
        }
        assert!(Enough < Low && Low < Critical);
    }

    #[cfg(unix)]
    #[test]
    fn the_system_says_how_full_this_disk_is() {
        let space = Space::at(Path::new(env!("CARGO_MANIFEST_DIR"))).expect("it is there");
        assert!(space.total > 0 && space.free <= space.total, "{space:?}");
        assert!(Space::at(Path::new("/no/such/folder")).is_err());
    }
}
