//! The recorded day of ES, market by order, read with the few lines it takes: Databento's DBN version 1 holds a
//! header and then records of a fixed layout; a market-by-order record has 56 bytes (DBN specification, "MboMsg").

use types::{Flags, InstrumentId, Lots, MarketOrderId, Nanos, OrderAction, OrderDelta, Side, Ticks};

const MBO_BYTES: usize = 56;
const TICK_NANOS: i64 = 250_000_000;
const F_LAST: u8 = 128;
const F_SNAPSHOT: u8 = 32;

fn bytes<const N: usize>(record: &[u8], at: usize) -> [u8; N] {
    record[at..at + N].try_into().expect("within the record")
}

/// 25 December 2023, and with how many records there were in all: trades (`T`) are no change of the book.
pub(crate) fn es_day() -> Option<(Vec<OrderDelta>, usize)> {
    let path = testkit::data::recorded("dbn/esh4-glbx-mdp3-20231225.mbo.dbn.zst")?;
    let file = std::fs::File::open(path).expect("a recorded file opens");
    let day = zstd::decode_all(file).expect("a recorded file is whole");
    assert_eq!(&day[..4], b"DBN\x01");
    let header = 8 + u32::from_le_bytes(bytes(&day, 4)) as usize;
    let records = day[header..].chunks_exact(MBO_BYTES);
    let count = records.len();
    Some((records.filter_map(delta).collect(), count))
}

fn delta(record: &[u8]) -> Option<OrderDelta> {
    assert_eq!(record[0] as usize * 4, MBO_BYTES, "the file holds one kind of record");
    let action = match record[38] {
        b'A' => OrderAction::Add,
        b'M' => OrderAction::Modify,
        // A cancel takes `size` off, most often all of it.
        b'C' => OrderAction::Reduce,
        b'F' => OrderAction::Fill,
        b'R' => OrderAction::Clear,
        b'T' => return None,
        other => panic!("no such action: {other}"),
    };
    let (wire_flags, mut flags) = (record[36], Flags::NONE);
    if wire_flags & F_LAST != 0 {
        flags = flags.with(Flags::LAST);
    }
    if wire_flags & F_SNAPSHOT != 0 {
        flags = flags.with(Flags::SNAPSHOT);
    }
    let price = i64::from_le_bytes(bytes(record, 24));
    assert_eq!(price % TICK_NANOS, 0, "prices are on the grid");
    Some(OrderDelta {
        venue_at: Nanos(i64::from_le_bytes(bytes(record, 8))),
        order: MarketOrderId(u64::from_le_bytes(bytes(record, 16))),
        price: Ticks(price / TICK_NANOS),
        size: Lots(i64::from(u32::from_le_bytes(bytes(record, 32)))),
        instrument: InstrumentId(0),
        // Fills of implied matches have no side; a fill changes nothing.
        side: if record[39] == b'A' { Side::Sell } else { Side::Buy },
        action,
        flags,
    })
}
