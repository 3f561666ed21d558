//! Which record types there are, how long each version's are, and what small numbers in them mean.
//!
//! Facts from Databento's documentation of its encoding and schemas; where fields stand is said in `records`.

use types::Flags;

/// What a price field holds when there is no price.
pub(super) const NO_PRICE: i64 = i64::MAX;
/// What a size field of 32 bits holds when there is no size.
pub(super) const NO_SIZE: u32 = u32::MAX;
/// Every version we read.
pub(super) const VERSIONS: usize = 3;

/// Record types, `rtype` of the header.
pub mod rtype {
    #![allow(missing_docs, reason = "each is the schema of its name")]
    pub const TRADE: u8 = 0x00;
    pub const MBP_1: u8 = 0x01;
    pub const MBP_10: u8 = 0x0a;
    pub const OHLCV_OLD: u8 = 0x11;
    pub const STATUS: u8 = 0x12;
    pub const DEFINITION: u8 = 0x13;
    pub const IMBALANCE: u8 = 0x14;
    pub const ERROR: u8 = 0x15;
    pub const SYMBOL_MAPPING: u8 = 0x16;
    pub const SYSTEM: u8 = 0x17;
    pub const STATISTICS: u8 = 0x18;
    pub const OHLCV_1S: u8 = 0x20;
    pub const OHLCV_1M: u8 = 0x21;
    pub const OHLCV_1H: u8 = 0x22;
    pub const OHLCV_1D: u8 = 0x23;
    pub const OHLCV_EOD: u8 = 0x24;
    pub const MBO: u8 = 0xa0;
    pub const CMBP_1: u8 = 0xb1;
    pub const CBBO_1S: u8 = 0xc0;
    pub const CBBO_1M: u8 = 0xc1;
    pub const TCBBO: u8 = 0xc2;
    pub const BBO_1S: u8 = 0xc3;
    pub const BBO_1M: u8 = 0xc4;
}

/// Schema numbers of the metadata, where a record's type does not say all.
pub(super) mod schema {
    /// One trade a record, each for itself, under the type of `mbp-1`.
    pub(in super::super) const TBBO: u16 = 3;
    /// Bars, which once shared a type; then seconds, minutes, hours, days.
    pub(in super::super) const OHLCV_1S: u16 = 5;
    pub(in super::super) const OHLCV_1D: u16 = 8;
    /// A mix, or unknown.
    pub(in super::super) const NONE: u16 = u16::MAX;
}

/// Flags of market data records (Databento, "Common fields: Flags").
pub(super) mod flag {
    /// The last record of the venue's event for this instrument.
    pub(in super::super) const LAST: u8 = 128;
    /// Top of book, not an order of anyone's.
    pub(in super::super) const TOP_OF_BOOK: u8 = 64;
    /// Out of a snapshot.
    pub(in super::super) const SNAPSHOT: u8 = 32;
    /// A price level, not an order of anyone's.
    pub(in super::super) const PRICE_LEVEL: u8 = 16;
    /// A gap in the channel that could not be repaired.
    pub(in super::super) const MAYBE_BAD_BOOK: u8 = 4;
}

/// The marks of an event, from the flags of its record.
#[inline]
pub(super) const fn marks(flags: u8) -> Flags {
    // LAST is 128 there and 1 here, SNAPSHOT 32 and 2: shifts instead of branches.
    const _: () = assert!(flag::LAST >> 7 == Flags::LAST.0 && flag::SNAPSHOT >> 4 == Flags::SNAPSHOT.0);
    Flags((flags >> 7) | ((flags & flag::SNAPSHOT) >> 4))
}

/// A record type.
pub(super) struct Type {
    rtype: u8,
    /// For people.
    name: &'static str,
    /// By version.
    bytes: [u16; VERSIONS],
}

const fn of(rtype: u8, name: &'static str, bytes: [u16; VERSIONS]) -> Type {
    Type { rtype, name, bytes }
}

/// Every record type.
pub(super) const TYPES: [Type; 23] = [
    of(rtype::TRADE, "trades", [48; 3]),
    of(rtype::MBP_1, "mbp-1", [80; 3]),
    of(rtype::MBP_10, "mbp-10", [368; 3]),
    of(rtype::OHLCV_OLD, "ohlcv", [56; 3]),
    of(rtype::STATUS, "status", [40; 3]),
    of(rtype::DEFINITION, "definition", [360, 400, 520]),
    of(rtype::IMBALANCE, "imbalance", [112; 3]),
    of(rtype::ERROR, "error", [80, 320, 320]),
    of(rtype::SYMBOL_MAPPING, "symbol mapping", [80, 176, 176]),
    of(rtype::SYSTEM, "system", [80, 320, 320]),
    of(rtype::STATISTICS, "statistics", [64, 64, 80]),
    of(rtype::OHLCV_1S, "ohlcv-1s", [56; 3]),
    of(rtype::OHLCV_1M, "ohlcv-1m", [56; 3]),
    of(rtype::OHLCV_1H, "ohlcv-1h", [56; 3]),
    of(rtype::OHLCV_1D, "ohlcv-1d", [56; 3]),
    of(rtype::OHLCV_EOD, "ohlcv-eod", [56; 3]),
    of(rtype::MBO, "mbo", [56; 3]),
    of(rtype::CMBP_1, "cmbp-1", [80; 3]),
    of(rtype::CBBO_1S, "cbbo-1s", [80; 3]),
    of(rtype::CBBO_1M, "cbbo-1m", [80; 3]),
    of(rtype::TCBBO, "tcbbo", [80; 3]),
    of(rtype::BBO_1S, "bbo-1s", [80; 3]),
    of(rtype::BBO_1M, "bbo-1m", [80; 3]),
];

/// By type, then version: how long its records are; 0 for a type we do not know.
static BYTES: [[u16; VERSIONS]; 256] = {
    let mut bytes = [[0; VERSIONS]; 256];
    let mut at = 0;
    while at < TYPES.len() {
        bytes[TYPES[at].rtype as usize] = TYPES[at].bytes;
        at += 1;
    }
    bytes
};

/// Whether records of this type are read.
pub(super) fn is_known(rtype: u8) -> bool {
    BYTES[usize::from(rtype)][0] > 0
}

/// Whether records of this type are alike in every version.
pub(super) fn is_same_in_all(rtype: u8) -> bool {
    let [first, rest @ ..] = BYTES[usize::from(rtype)];
    rest == [first; VERSIONS - 1]
}

/// A record type's name for people.
pub(super) fn name(rtype: u8) -> &'static str {
    TYPES.iter().find(|known| known.rtype == rtype).map_or("unknown", |known| known.name)
}

/// The versions a stream may still be of. One, once its metadata said so; a fragment's records narrow it down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Versions(u8);

impl Versions {
    pub(super) const ALL: Self = Self(0b111);

    /// This one, from 1 to 3; every one if it is none of those.
    pub(super) const fn only(version: u8) -> Self {
        match version {
            1..=3 => Self(1 << (version - 1)),
            _ => Self::ALL,
        }
    }

    pub(super) const fn are_open(self) -> bool {
        self.0.count_ones() > 1
    }

    /// The oldest of them, from 1.
    #[expect(clippy::cast_possible_truncation, reason = "at most two, and one more")]
    pub(super) const fn oldest(self) -> u8 {
        if self.0 == 0 { 1 } else { self.0.trailing_zeros() as u8 + 1 }
    }

    /// How long a record of this type is due to be, in the oldest of them; `None` for a type we do not know.
    #[inline]
    pub(super) fn due(self, rtype: u8) -> Option<usize> {
        match BYTES[usize::from(rtype)][usize::from(self.oldest() - 1)] {
            0 => None,
            bytes => Some(usize::from(bytes)),
        }
    }

    /// Those of them in which a record of this type has this length.
    pub(super) fn fitting(self, rtype: u8, length: usize) -> Option<Self> {
        let mut fitting = 0;
        for (row, &bytes) in BYTES[usize::from(rtype)].iter().enumerate() {
            if bytes > 0 && usize::from(bytes) == length {
                fitting |= 1 << row;
            }
        }
        let left = Self(self.0 & fitting);
        (left.0 != 0).then_some(left)
    }
}

/// A price, unless there is none.
#[inline]
pub(super) fn price(field: i64) -> Option<i64> {
    (field != NO_PRICE).then_some(field)
}

/// A time in nanoseconds, unless there is none (or one beyond the year 2262, which only damage makes).
#[inline]
pub(super) fn time(field: u64) -> Option<i64> {
    i64::try_from(field).ok()
}

/// A text for people: bytes that are not UTF-8 become U+FFFD.
pub(super) fn text(field: &[u8]) -> String {
    String::from_utf8_lossy(field).into_owned()
}

#[cfg(test)]
mod tests {
    use super::super::fields::View;
    use super::super::records as r;
    use super::*;

    #[test]
    fn every_type_is_as_long_as_its_view() {
        let long = |rtype: u8, version: u8| Versions::only(version).due(rtype);
        let views = [
            (rtype::MBO, [r::Mbo::BYTES; 3]),
            (rtype::TRADE, [r::Trade::BYTES; 3]),
            (rtype::MBP_1, [r::Mbp1::BYTES; 3]),
            (rtype::MBP_10, [r::Mbp10::BYTES; 3]),
            (rtype::BBO_1S, [r::Bbo::BYTES; 3]),
            (rtype::BBO_1M, [r::Bbo::BYTES; 3]),
            (rtype::CMBP_1, [r::Cmbp1::BYTES; 3]),
            (rtype::TCBBO, [r::Cmbp1::BYTES; 3]),
            (rtype::CBBO_1S, [r::Cbbo::BYTES; 3]),
            (rtype::CBBO_1M, [r::Cbbo::BYTES; 3]),
            (rtype::OHLCV_1D, [r::Ohlcv::BYTES; 3]),
            (rtype::STATUS, [r::Status::BYTES; 3]),
            (rtype::IMBALANCE, [r::Imbalance::BYTES; 3]),
            (rtype::STATISTICS, [r::StatV1::BYTES, r::StatV1::BYTES, r::StatV3::BYTES]),
            (rtype::DEFINITION, [r::DefinitionV1::BYTES, r::DefinitionV2::BYTES, r::DefinitionV3::BYTES]),
            (rtype::ERROR, [r::ErrorV1::BYTES, r::ErrorV2::BYTES, r::ErrorV2::BYTES]),
            (rtype::SYSTEM, [r::SystemV1::BYTES, r::SystemV2::BYTES, r::SystemV2::BYTES]),
            (
                rtype::SYMBOL_MAPPING,
                [r::SymbolMappingV1::BYTES, r::SymbolMappingV2::BYTES, r::SymbolMappingV2::BYTES],
            ),
        ];
        for (rtype, bytes) in views {
            for (version, bytes) in (1..).zip(bytes) {
                assert_eq!(long(rtype, version), Some(bytes), "{} version {version}", name(rtype));
            }
        }
        assert_eq!(long(0x77, 1), None);
    }

    #[test]
    fn records_narrow_down_the_version() {
        let cases = [
            (rtype::MBO, 56, Some(Versions::ALL)),
            (rtype::DEFINITION, 400, Some(Versions::only(2))),
            (rtype::STATISTICS, 64, Some(Versions(0b011))),
            (rtype::SYSTEM, 320, Some(Versions(0b110))),
            (rtype::DEFINITION, 401, None),
            (0x77, 0, None),
        ];
        for (rtype, length, fitting) in cases {
            assert_eq!(Versions::ALL.fitting(rtype, length), fitting, "{rtype} {length}");
        }
        assert_eq!(Versions::only(1).fitting(rtype::DEFINITION, 400), None);
        assert!(Versions::ALL.are_open() && !Versions::only(3).are_open());
        assert_eq!((Versions::only(3).oldest(), Versions(0b110).oldest()), (3, 2));
    }

    #[test]
    fn flags_become_marks() {
        for (flags, marked) in [
            (0, Flags::NONE),
            (flag::LAST, Flags::LAST),
            (flag::SNAPSHOT, Flags::SNAPSHOT),
            (255, Flags::LAST.with(Flags::SNAPSHOT)),
            (!(flag::LAST | flag::SNAPSHOT), Flags::NONE),
        ] {
            assert_eq!(marks(flags), marked, "{flags}");
        }
    }
}
