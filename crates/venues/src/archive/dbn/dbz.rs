//! DBZ, the format before DBN: one Zstandard stream whose first frame is one that decompressors skip.
//!
//! ```text
//!  skippable frame                                                                          frame
//!  magic  length  "DBZ" 1  dataset[16] schema start end limit count compression stypes …39  records
//!  u32    u32     └──────────────── 96 bytes ────────────────────────────────────────────┘  of DBN
//!                 then the lists of symbols, compressed for themselves                       version 1
//! ```
//!
//! Its records are DBN's of version 1, and so are its lists: given both decompressed, this makes the header of a DBN
//! stream of them, and [`Decoder`](super::Decoder) reads the rest. Never decompresses anything.
//! Layout: Databento's `dbz-lib` 0.2, "Metadata".

/// Magic and length of the skippable frame.
const FRAME_BYTES: usize = 8;
/// What stands before the compressed lists.
const FIXED_BYTES: usize = 96;
/// More metadata than any file has: a hundred thousand symbols with as many days each take less.
const FRAME_MOST: usize = 256 << 20;

/// Whether bytes begin a DBZ file.
#[must_use]
pub fn is_dbz(start: &[u8]) -> bool {
    matches!(start, [0x50..=0x5f, 0x2a, 0x4d, 0x18, _, _, _, _, b'D', b'B', b'Z', ..])
}

/// Whether bytes begin a Zstandard frame that decompressors skip.
#[must_use]
pub fn is_skippable(start: &[u8]) -> bool {
    matches!(start, [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..])
}

/// The first frame's length, with its magic; what is behind it are the records, compressed.
///
/// # Errors
/// When these bytes begin no DBZ file, or say that their metadata is absurdly long.
pub fn frame_bytes(start: &[u8; FRAME_BYTES]) -> Result<usize, String> {
    if !is_skippable(start) {
        return Err("not DBZ: it does not begin with a skippable frame".into());
    }
    let &[.., a, b, c, d] = start;
    let length = u32::from_le_bytes([a, b, c, d]);
    match usize::try_from(length) {
        Ok(length) if (FIXED_BYTES..=FRAME_MOST).contains(&length) => Ok(FRAME_BYTES + length),
        _ => Err(format!("DBZ metadata of {length} bytes; {FIXED_BYTES} to {FRAME_MOST} are due")),
    }
}

/// A DBZ file's first frame.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'a> {
    fixed: &'a [u8; FIXED_BYTES],
    /// The lists of symbols: a Zstandard frame, to be decompressed.
    pub packed_lists: &'a [u8],
}

impl<'a> Frame<'a> {
    /// The frame that [`frame_bytes`] measured.
    ///
    /// # Errors
    /// When it is no DBZ frame, or one of a version that was never published.
    pub fn of(frame: &'a [u8]) -> Result<Self, String> {
        let body = frame.get(FRAME_BYTES..).unwrap_or_default();
        let Some((fixed, packed_lists)) = body.split_first_chunk::<FIXED_BYTES>() else {
            return Err(format!("DBZ metadata of {} bytes, at least {FIXED_BYTES} are due", body.len()));
        };
        match fixed {
            [b'D', b'B', b'Z', 1, ..] => Ok(Self { fixed, packed_lists }),
            [b'D', b'B', b'Z', version, ..] => Err(format!("DBZ version {version}; version 1 is read")),
            _ => Err("not DBZ: its first frame does not begin with \"DBZ\"".into()),
        }
    }

    /// The header of the DBN stream that these records make, given the lists decompressed.
    #[must_use]
    pub fn header(&self, lists: &[u8]) -> Vec<u8> {
        // Dataset, schema, start, end, limit, count: 50 bytes, the same in both. Then DBZ says how it is compressed,
        // which DBN does not, and DBN says whether send times follow, which DBZ's never do.
        let mut body = self.fixed[4..54].to_vec();
        body.extend_from_slice(&self.fixed[55..57]);
        body.resize(super::metadata::FIXED_BYTES, 0);
        body.extend_from_slice(lists);
        let length = u32::try_from(body.len()).unwrap_or(u32::MAX);
        [b"DBN\x01", &length.to_le_bytes()[..], &body].concat()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame() -> Vec<u8> {
        let mut body = b"DBZ\x01GLBX.MDP3".to_vec();
        body.resize(FIXED_BYTES, 0);
        body.extend(b"packed");
        let length = u32::try_from(body.len()).expect("short");
        [&[0x51, 0x2a, 0x4d, 0x18], &length.to_le_bytes()[..], &body].concat()
    }

    #[test]
    fn what_is_no_dbz_is_refused_with_the_reason() {
        let good = frame();
        assert!(is_dbz(&good) && is_skippable(&good));
        assert_eq!(Frame::of(&good).expect("a frame").packed_lists, b"packed");
        for end in 0..FRAME_BYTES + FIXED_BYTES {
            assert!(Frame::of(&good[..end]).is_err(), "{end}");
        }
        let with = |at: usize, byte: u8| {
            let mut bad = good.clone();
            bad[at] = byte;
            bad
        };
        assert_eq!(Frame::of(&with(11, 2)).expect_err("refused"), "DBZ version 2; version 1 is read");
        assert!(Frame::of(&with(10, b'N')).expect_err("refused").starts_with("not DBZ"));
        assert!(!is_dbz(&with(0, 0x60)) && !is_dbz(&with(10, b'N')) && is_skippable(&with(10, b'N')));
    }

    #[test]
    fn a_frame_says_how_long_it_is() {
        let length =
            |bytes: [u8; 4]| frame_bytes(&[0x50, 0x2a, 0x4d, 0x18, bytes[0], bytes[1], bytes[2], bytes[3]]);
        assert_eq!(length([96, 0, 0, 0]), Ok(104));
        assert_eq!(length([0, 1, 0, 0]), Ok(264));
        assert!(length([95, 0, 0, 0]).is_err());
        assert!(length([255; 4]).is_err());
        assert!(frame_bytes(b"DBN\x01\0\x01\0\0").is_err());
    }
}
