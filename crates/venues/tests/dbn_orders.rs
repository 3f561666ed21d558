//! Market by order beside the obvious: random records, written by the vendor's crate and read by us in pieces, must
//! become what a plain reading of them, one at a time and without haste, says.

#[path = "support/dbn.rs"]
mod support;

use dbn::encode::{EncodeRecord, dbn::Encoder};
use dbn::{FlagSet, MboMsg, MetadataBuilder, RecordHeader, SType, Schema, rtype};
use std::collections::BTreeMap;
use stdx::Prng;
use support::Stream;
use types::{
    Arrival, Event, Flags, Gap, InstrumentId, Lots, MarketOrderId, Nanos, OrderAction, OrderDelta, Side,
    Ticks, Trade,
};
use venues::Directory;

const ONE: i64 = 1_000_000_000;
const START: u64 = 1_704_164_400_000_000_000;
/// Databento, "Common fields: Flags".
const LAST: u8 = 128;
const TOP: u8 = 64;
const SNAPSHOT: u8 = 32;
const LEVEL: u8 = 16;
const DOUBT: u8 = 4;

/// What is remembered of an instrument.
#[derive(Default)]
struct Memory {
    instrument: u32,
    in_snapshot: bool,
    doubtful: bool,
}

/// The plain reading.
#[derive(Default)]
struct Obvious {
    memories: BTreeMap<u32, Memory>,
    arrivals: Vec<Arrival>,
    faults: Vec<(u64, String)>,
    /// The last arrival may still be marked.
    waits: bool,
    seen_at: i64,
}

impl Obvious {
    fn push(&mut self, at: i64, event: Event) {
        let mut marked = event;
        self.waits = marked.mark(Flags::NONE) && !event.flags().has(Flags::LAST);
        self.arrivals.push(Arrival { received_at: Nanos(at), event });
    }

    fn end(&mut self, instrument: InstrumentId) {
        let last = self.arrivals.last_mut().filter(|last| last.event.instrument() == Some(instrument));
        if let Some(last) = last.filter(|_| self.waits) {
            last.event.mark(Flags::LAST);
            self.waits = false;
        }
    }

    fn gap(&mut self, offset: u64, skipped: u64, instrument: InstrumentId) {
        let gap = Gap {
            venue_at: Nanos(self.seen_at),
            expected: offset,
            received: offset + skipped,
            instrument: Some(instrument),
        };
        self.push(self.seen_at, Event::Gap(gap));
    }

    fn damage(&mut self, offset: u64, what: String, instrument: InstrumentId) {
        self.faults.push((offset, what));
        self.gap(offset, 56, instrument);
    }

    fn read(&mut self, record: &MboMsg, offset: u64) {
        let moment = |raw: u64| i64::try_from(raw).ok();
        let venue_at = moment(record.hd.ts_event);
        let at = moment(record.ts_recv).or(venue_at).unwrap_or(self.seen_at);
        self.seen_at = at;
        let venue_at = Nanos(venue_at.unwrap_or(at));

        let flags = record.flags.raw();
        let (last, snapshot, doubt) = (flags & LAST != 0, flags & SNAPSHOT != 0, flags & DOUBT != 0);
        let count = u32::try_from(self.memories.len()).expect("few");
        let memory = self
            .memories
            .entry(record.hd.instrument_id)
            .or_insert(Memory { instrument: count, ..Memory::default() });
        let instrument = InstrumentId(memory.instrument);
        let was_snapshot = std::mem::replace(&mut memory.in_snapshot, snapshot && !last);
        let was_doubtful = std::mem::replace(&mut memory.doubtful, doubt);

        let letter = char::from(record.action.cast_unsigned());
        if !"ACFMNRT".contains(letter) {
            return self.damage(offset, format!("unknown action {letter:?}"), instrument);
        }
        if doubt && !was_doubtful {
            self.gap(offset, 0, instrument);
        }
        if flags & (TOP | LEVEL) != 0 {
            return;
        }
        if was_snapshot && !snapshot {
            self.end(instrument);
        }
        let mut marks = Flags::NONE;
        for (is, mark) in [(last, Flags::LAST), (snapshot, Flags::SNAPSHOT)] {
            marks = if is { marks.with(mark) } else { marks };
        }
        let order = |action, price, size, side, flags| {
            let order = MarketOrderId(record.order_id);
            Event::Order(OrderDelta { venue_at, order, price, size, instrument, side, action, flags })
        };
        let clear = |flags| order(OrderAction::Clear, Ticks(0), Lots(0), Side::Buy, flags);
        if snapshot && !was_snapshot && letter != 'R' {
            self.push(at, clear(Flags::SNAPSHOT));
        }
        let side = match record.side.cast_unsigned() {
            b'A' => Some(Side::Sell),
            b'B' => Some(Side::Buy),
            _ => None,
        };
        let has_price = record.price != dbn::UNDEF_PRICE;
        let (price, size) = (Ticks(record.price), Lots(i64::from(record.size) * ONE));
        let action = match letter {
            'A' => OrderAction::Add,
            'C' => OrderAction::Reduce,
            'M' => OrderAction::Modify,
            _ => OrderAction::Fill,
        };
        match (letter, side) {
            ('R', _) => self.push(at, clear(marks)),
            ('T', aggressor) if has_price => {
                let trade = Trade {
                    venue_at,
                    price,
                    size,
                    id: 0,
                    instrument,
                    price_fraction: 0,
                    aggressor,
                    flags: marks,
                };
                self.push(at, Event::Trade(trade));
            }
            ('N', _) | ('F', None) => {
                if last {
                    self.end(instrument);
                }
            }
            ('A' | 'C' | 'M', None) => self.damage(offset, "an order without a side".into(), instrument),
            (_, Some(side)) if has_price => self.push(at, order(action, price, size, side, marks)),
            ('C', Some(side)) => self.push(at, order(action, Ticks(0), size, side, marks)),
            _ => self.damage(offset, "an order or trade without a price".into(), instrument),
        }
    }

    fn finish(&mut self) {
        let last = self.arrivals.last_mut().filter(|last| last.event.flags().has(Flags::SNAPSHOT));
        if let Some(last) = last.filter(|_| self.waits) {
            last.event.mark(Flags::LAST);
        }
    }
}

fn pick<T: Copy>(prng: &mut Prng, of: &[T]) -> T {
    of[usize::try_from(prng.below(of.len() as u64)).expect("few")]
}

/// Records in which everything may be odd, most of them usual; runs about one instrument, and changes between them.
fn made(prng: &mut Prng) -> Vec<MboMsg> {
    let (mut instrument, mut in_snapshot) = (1, false);
    let odd = pick(prng, &[0.0, 0.02, 0.3]);
    let count = prng.between(1, 300);
    (0..count)
        .map(|order_id| {
            if prng.chance(0.2) {
                instrument = pick(prng, &[1, 2, 3]);
            }
            if prng.chance(0.03) {
                in_snapshot = !in_snapshot;
            }
            let mut flags = if prng.chance(0.6) { LAST } else { 0 };
            if in_snapshot {
                flags = if prng.chance(0.05) { SNAPSHOT | LAST } else { SNAPSHOT };
            }
            for rare in [TOP, LEVEL, DOUBT, 2, 8] {
                flags |= if prng.chance(odd / 4.0) { rare } else { 0 };
            }
            let mut letters = (pick(prng, b"AACCMFT"), pick(prng, b"AB"));
            if prng.chance(odd) {
                letters = (pick(prng, b"NRZ\0\xffTF"), pick(prng, b"NAB"));
            }
            let none = |prng: &mut Prng, time: u64| if prng.chance(odd / 4.0) { u64::MAX } else { time };
            let at = START + order_id.cast_unsigned() * 1_000;
            MboMsg {
                hd: RecordHeader::new::<MboMsg>(rtype::MBO, 1, instrument, none(prng, at)),
                order_id: order_id.cast_unsigned(),
                price: if prng.chance(odd / 4.0) {
                    dbn::UNDEF_PRICE
                } else {
                    prng.between(-9, 9_999) * ONE / 4
                },
                size: u32::try_from(prng.below(1 << 32)).expect("of 32 bits"),
                flags: FlagSet::new(flags),
                action: letters.0.cast_signed(),
                side: letters.1.cast_signed(),
                ts_recv: none(prng, at + 77),
                ..MboMsg::default()
            }
        })
        .collect()
}

fn written(records: &[MboMsg]) -> Stream {
    let metadata = MetadataBuilder::new()
        .dataset("GLBX.MDP3")
        .schema(Some(Schema::Mbo))
        .start(0)
        .stype_in(Some(SType::RawSymbol))
        .stype_out(SType::InstrumentId)
        .build();
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, &metadata).expect("memory takes it");
    for record in records {
        encoder.encode_record(record).expect("memory takes it");
    }
    Stream { name: "made".into(), bytes, fragment: None }
}

#[test]
fn orders_become_what_a_plain_reading_says_however_odd_they_are() {
    let (mut records, mut faults) = (0, 0);
    for seed in 0..400 {
        let mut prng = Prng::new(seed);
        let made = made(&mut prng);
        let stream = written(&made);
        let start = stream.bytes.len() - made.len() * 56;
        let mut obvious = Obvious::default();
        for (row, record) in made.iter().enumerate() {
            obvious.read(record, (start + row * 56) as u64);
        }
        obvious.finish();
        for piece in [usize::MAX >> 1, usize::try_from(prng.between(1, 2_000)).expect("positive")] {
            let (_, out) = stream.feed(piece, &mut Directory::survey());
            let told: Vec<(u64, String)> =
                out.faults.iter().map(|fault| (fault.offset, fault.what.clone())).collect();
            assert_eq!(told, obvious.faults, "seed {seed}");
            for (row, (ours, plain)) in out.arrivals.iter().zip(&obvious.arrivals).enumerate() {
                assert_eq!(ours, plain, "seed {seed}, arrival {row}, pieces of {piece}");
            }
            assert_eq!(out.arrivals.len(), obvious.arrivals.len(), "seed {seed}");
        }
        records += made.len();
        faults += obvious.faults.len();
    }
    eprintln!("{records} records, {faults} of them damaged");
    assert!(faults > 1_000);
}
