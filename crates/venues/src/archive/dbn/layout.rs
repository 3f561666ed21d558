//! Where things stand in DBN records: fixed little-endian layouts, versions 1 to 3.
//!
//! ```text
//!  0       1       2               4               8               16
//!  ┌───────┬───────┬───────────────┬───────────────┬───────────────┬─ ─ ─
//!  │length │ rtype │ publisher_id  │ instrument_id │   ts_event    │ body
//!  │÷ 4    │       │ u16           │ u32           │   u64, ns     │
//!  └───────┴───────┴───────────────┴───────────────┴───────────────┴─ ─ ─
//! ```
//!
//! Facts from Databento's documentation of its encoding and schemas. A stream that was recorded live may
//! carry `ts_out`, eight more bytes at the end of every record.

/// What a price field holds when there is no price.
pub(super) const NO_PRICE: i64 = i64::MAX;
/// What a time field holds when there is no time.
const NO_TIME: u64 = u64::MAX;

/// Record types, `rtype` of the header.
pub(super) mod rtype {
    pub(in super::super) const TRADE: u8 = 0x00;
    pub(in super::super) const MBP_1: u8 = 0x01;
    pub(in super::super) const MBP_10: u8 = 0x0a;
    pub(in super::super) const OHLCV_OLD: u8 = 0x11;
    pub(in super::super) const STATUS: u8 = 0x12;
    pub(in super::super) const DEFINITION: u8 = 0x13;
    pub(in super::super) const IMBALANCE: u8 = 0x14;
    pub(in super::super) const ERROR: u8 = 0x15;
    pub(in super::super) const SYMBOL_MAPPING: u8 = 0x16;
    pub(in super::super) const SYSTEM: u8 = 0x17;
    pub(in super::super) const STATISTICS: u8 = 0x18;
    pub(in super::super) const OHLCV_1S: u8 = 0x20;
    pub(in super::super) const OHLCV_1M: u8 = 0x21;
    pub(in super::super) const OHLCV_1H: u8 = 0x22;
    pub(in super::super) const OHLCV_1D: u8 = 0x23;
    pub(in super::super) const OHLCV_EOD: u8 = 0x24;
    pub(in super::super) const MBO: u8 = 0xa0;
    pub(in super::super) const CMBP_1: u8 = 0xb1;
    pub(in super::super) const CBBO_1S: u8 = 0xc0;
    pub(in super::super) const CBBO_1M: u8 = 0xc1;
    pub(in super::super) const TCBBO: u8 = 0xc2;
    pub(in super::super) const BBO_1S: u8 = 0xc3;
    pub(in super::super) const BBO_1M: u8 = 0xc4;
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

pub(super) const MBO_BYTES: usize = 56;
pub(super) const TRADE_BYTES: usize = 48;
pub(super) const LEVEL_BYTES: usize = 32;
pub(super) const STATUS_BYTES: usize = 40;

/// A record type's name for people, and how long its records are; `None` for a type we do not know.
pub(super) const fn known(rtype: u8, version: u8) -> Option<(&'static str, usize)> {
    let old = version < 2;
    Some(match rtype {
        rtype::TRADE => ("trades", TRADE_BYTES),
        rtype::MBP_1 => ("mbp-1", TRADE_BYTES + LEVEL_BYTES),
        rtype::MBP_10 => ("mbp-10", TRADE_BYTES + 10 * LEVEL_BYTES),
        rtype::OHLCV_OLD => ("ohlcv", 56),
        rtype::STATUS => ("status", STATUS_BYTES),
        rtype::DEFINITION => (
            "definition",
            match version {
                1 => 360,
                2 => 400,
                _ => 520,
            },
        ),
        rtype::IMBALANCE => ("imbalance", 112),
        rtype::ERROR => ("error", if old { 80 } else { 320 }),
        rtype::SYMBOL_MAPPING => ("symbol mapping", if old { 80 } else { 176 }),
        rtype::SYSTEM => ("system", if old { 80 } else { 320 }),
        rtype::STATISTICS => ("statistics", if version < 3 { 64 } else { 80 }),
        rtype::OHLCV_1S => ("ohlcv-1s", 56),
        rtype::OHLCV_1M => ("ohlcv-1m", 56),
        rtype::OHLCV_1H => ("ohlcv-1h", 56),
        rtype::OHLCV_1D => ("ohlcv-1d", 56),
        rtype::OHLCV_EOD => ("ohlcv-eod", 56),
        rtype::MBO => ("mbo", MBO_BYTES),
        rtype::CMBP_1 => ("cmbp-1", TRADE_BYTES + LEVEL_BYTES),
        rtype::CBBO_1S => ("cbbo-1s", TRADE_BYTES + LEVEL_BYTES),
        rtype::CBBO_1M => ("cbbo-1m", TRADE_BYTES + LEVEL_BYTES),
        rtype::TCBBO => ("tcbbo", TRADE_BYTES + LEVEL_BYTES),
        rtype::BBO_1S => ("bbo-1s", TRADE_BYTES + LEVEL_BYTES),
        rtype::BBO_1M => ("bbo-1m", TRADE_BYTES + LEVEL_BYTES),
        _ => return None,
    })
}

/// The `N` bytes at `at`. Every caller has checked that the record is long enough for its layout.
#[inline]
fn bytes<const N: usize>(record: &[u8], at: usize) -> [u8; N] {
    *record[at..].first_chunk().expect("checked against the layout before it is read")
}

#[inline]
pub(super) fn read_u16(record: &[u8], at: usize) -> u16 {
    u16::from_le_bytes(bytes(record, at))
}

#[inline]
pub(super) fn read_u32(record: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes(record, at))
}

#[inline]
pub(super) fn read_u64(record: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(bytes(record, at))
}

#[inline]
pub(super) fn read_i64(record: &[u8], at: usize) -> i64 {
    i64::from_le_bytes(bytes(record, at))
}

/// A price, unless there is none.
#[inline]
pub(super) fn read_price(record: &[u8], at: usize) -> Option<i64> {
    let price = read_i64(record, at);
    (price != NO_PRICE).then_some(price)
}

/// A time in nanoseconds, unless there is none (or one beyond the year 2262, which only damage makes).
#[inline]
pub(super) fn read_time(record: &[u8], at: usize) -> Option<i64> {
    let time = read_u64(record, at);
    if time == NO_TIME {
        return None;
    }
    i64::try_from(time).ok()
}

/// A text of fixed room, up to its first zero byte. Bytes that are not UTF-8 become U+FFFD.
pub(super) fn read_text(record: &[u8], at: usize, room: usize) -> String {
    let text = &record[at..at + room];
    let end = text.iter().position(|&byte| byte == 0).unwrap_or(room);
    String::from_utf8_lossy(&text[..end]).into_owned()
}
