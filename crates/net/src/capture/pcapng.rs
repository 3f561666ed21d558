//! The blocks of pcapng (draft-ietf-opsawg-pcapng, section 4) that say where a packet is and when it came.
//!
//! ```text
//!            0     4       8          12         16        20         24        28
//!  enhanced  type  length  interface  time high  time low  captured   original  bytes … options  length
//!  simple    type  length  original   bytes …                                                    length
//!  old       type  length  if │ drops time high  time low  captured   original  bytes … options  length
//! ```
//!
//! Options are read leniently, for they end where they make no sense; but a description whose time options cannot be
//! read makes its interface's packets damage: a wrong time is worse than none.

use super::record::{short, word};
use types::Nanos;

const INTERFACE_DESCRIPTION: u32 = 1;
const PACKET_OLD: u32 = 2;
const SIMPLE_PACKET: u32 = 3;
const INTERFACE_STATISTICS: u32 = 5;
pub(super) const ENHANCED_PACKET: u32 = 6;

const IF_TSRESOL: u16 = 9;
const IF_TSOFFSET: u16 = 14;
const ISB_IFDROP: u16 = 5;
const ISB_OSDROP: u16 = 7;
const EPB_DROPCOUNT: u16 = 4;

/// How an interface's time units become nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scale {
    Times(u64),
    DividedBy(u128),
    /// Times a billion, divided by this power of two.
    Binary(u32),
    /// Finer than a 64-bit count can show: all of it is below a nanosecond.
    Nothing,
}

/// How a pcapng interface was captured.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Interface {
    link: u16,
    snap_length: u32,
    /// `None` when the description is damaged.
    clock: Option<(Scale, i64)>,
    /// What its statistics say it lost, and what its packets say.
    dropped_stated: u64,
    dropped_summed: u64,
}

/// What a block holds.
pub(crate) enum Block {
    Packet(Found),
    /// No packet.
    Other,
}

/// A packet by its place in the block.
pub(crate) struct Found {
    pub(crate) received_at: Option<Nanos>,
    pub(crate) link: u16,
    pub(crate) interface: u32,
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) cut: bool,
}

type Outcome<T> = Result<T, &'static str>;

/// Reads a block of which all of `bytes` is there, and at least the 12 that every block has.
#[inline]
pub(crate) fn block(
    kind: u32,
    bytes: &[u8],
    big_endian: bool,
    interfaces: &mut Vec<Interface>,
) -> Outcome<Block> {
    let body = bytes.len() - 4;
    let whole = word(bytes, body, big_endian) as usize == bytes.len();
    match kind {
        // Even a damaged description takes a number, or those after it would be taken for it.
        INTERFACE_DESCRIPTION => {
            let interface = Interface::of(&bytes[..body], big_endian, whole);
            let readable = interface.clock.is_some();
            interfaces.push(interface);
            if readable { Ok(Block::Other) } else { Err("an interface's description cannot be read") }
        }
        _ if !whole => Err("a block's two lengths differ"),
        ENHANCED_PACKET | PACKET_OLD => {
            packet(kind, &bytes[..body], big_endian, interfaces).map(Block::Packet)
        }
        SIMPLE_PACKET => simple(&bytes[..body], big_endian, interfaces).map(Block::Packet),
        INTERFACE_STATISTICS => {
            statistics(&bytes[..body], big_endian, interfaces);
            Ok(Block::Other)
        }
        _ => Ok(Block::Other),
    }
}

#[inline]
fn packet(kind: u32, bytes: &[u8], big_endian: bool, interfaces: &mut [Interface]) -> Outcome<Found> {
    const START: usize = 28;
    if bytes.len() < START {
        return Err("a packet block is shorter than its own fields");
    }
    let number = match kind {
        ENHANCED_PACKET => word(bytes, 8, big_endian),
        _ => u32::from(short(bytes, 8, big_endian)),
    };
    let captured = word(bytes, 20, big_endian) as usize;
    let Some(interface) = interfaces.get_mut(number as usize) else {
        return Err("a packet is of an interface that was not described");
    };
    if captured > bytes.len() - START {
        return Err("a packet is longer than its block");
    }
    let units = u64::from(word(bytes, 12, big_endian)) << 32 | u64::from(word(bytes, 16, big_endian));
    let received_at = interface.moment(units)?;
    let options = START + captured.next_multiple_of(4);
    if kind == ENHANCED_PACKET && options < bytes.len() {
        for (code, value) in options_of(&bytes[options..], big_endian) {
            if code == EPB_DROPCOUNT {
                let dropped = long(value, big_endian).unwrap_or(0);
                interface.dropped_summed = interface.dropped_summed.saturating_add(dropped);
            }
        }
    }
    Ok(Found {
        received_at: Some(received_at),
        link: interface.link,
        interface: number,
        start: START,
        end: START + captured,
        cut: word(bytes, 24, big_endian) as usize > captured,
    })
}

/// A packet of the section's first interface that says neither when it came nor how much of it was captured: that
/// follows from its length and the interface's snap length.
fn simple(bytes: &[u8], big_endian: bool, interfaces: &[Interface]) -> Outcome<Found> {
    const START: usize = 12;
    let interface = interfaces.first().ok_or("a packet is of an interface that was not described")?;
    if bytes.len() < START {
        return Err("a packet block is shorter than its own fields");
    }
    let length = word(bytes, 8, big_endian) as usize;
    let captured = match interface.snap_length as usize {
        0 => length,
        snap => length.min(snap),
    };
    if captured > bytes.len() - START {
        return Err("a packet is longer than its block");
    }
    Ok(Found {
        received_at: None,
        link: interface.link,
        interface: 0,
        start: START,
        end: START + captured,
        cut: length > captured,
    })
}

/// Interface statistics: counts since the capture began, of which the last ones hold.
fn statistics(bytes: &[u8], big_endian: bool, interfaces: &mut [Interface]) {
    if bytes.len() < 20 {
        return;
    }
    let Some(interface) = interfaces.get_mut(word(bytes, 8, big_endian) as usize) else { return };
    let lost = options_of(&bytes[20..], big_endian)
        .filter(|(code, _)| *code == ISB_IFDROP || *code == ISB_OSDROP)
        .filter_map(|(_, value)| long(value, big_endian));
    interface.dropped_stated = lost.fold(0, u64::saturating_add);
}

/// Codes and values, up to the end or to where they stop making sense.
fn options_of(mut bytes: &[u8], big_endian: bool) -> impl Iterator<Item = (u16, &[u8])> {
    std::iter::from_fn(move || {
        if bytes.len() < 4 {
            return None;
        }
        let (code, length) = (short(bytes, 0, big_endian), usize::from(short(bytes, 2, big_endian)));
        let value = bytes.get(4..4 + length)?;
        bytes = bytes.get(4 + length.next_multiple_of(4)..).unwrap_or_default();
        (code != 0).then_some((code, value))
    })
}

fn long(value: &[u8], big_endian: bool) -> Option<u64> {
    let value: [u8; 8] = value.try_into().ok()?;
    Some(if big_endian { u64::from_be_bytes(value) } else { u64::from_le_bytes(value) })
}

impl Interface {
    /// The interface that a block's bytes describe.
    fn of(bytes: &[u8], big_endian: bool, whole: bool) -> Self {
        let mut interface =
            Self { link: 0, snap_length: 0, clock: None, dropped_stated: 0, dropped_summed: 0 };
        if bytes.len() < 16 {
            return interface;
        }
        interface.link = short(bytes, 8, big_endian);
        interface.snap_length = word(bytes, 12, big_endian);
        let (mut scale, mut offset, mut readable) = (Scale::Times(1_000), 0, whole);
        for (code, value) in options_of(&bytes[16..], big_endian) {
            match code {
                IF_TSRESOL => match value {
                    [resolution] => scale = Scale::of(*resolution),
                    _ => readable = false,
                },
                IF_TSOFFSET => match long(value, big_endian) {
                    Some(seconds) => offset = seconds.cast_signed(),
                    None => readable = false,
                },
                _ => {}
            }
        }
        interface.clock = readable.then_some((scale, offset));
        interface
    }

    #[inline]
    pub(super) const fn link(&self) -> u16 {
        self.link
    }

    /// The moment, where units are no finer than nanoseconds and counted from 1970.
    #[inline]
    pub(super) fn simple_moment(&self, units: u64) -> Option<Nanos> {
        match self.clock {
            Some((Scale::Times(factor), 0)) => i64::try_from(units.checked_mul(factor)?).ok().map(Nanos),
            _ => None,
        }
    }

    fn moment(&self, units: u64) -> Outcome<Nanos> {
        let Some((scale, offset_seconds)) = self.clock else {
            return Err("a packet is of an interface whose description cannot be read");
        };
        let units = u128::from(units);
        let nanos = match scale {
            Scale::Times(factor) => units * u128::from(factor),
            Scale::DividedBy(divisor) => units / divisor,
            Scale::Binary(bits) => (units * 1_000_000_000) >> bits,
            Scale::Nothing => 0,
        };
        let nanos = nanos.cast_signed() + i128::from(offset_seconds) * 1_000_000_000;
        match i64::try_from(nanos) {
            Ok(nanos) => Ok(Nanos(nanos)),
            Err(_) => Err("a packet's time lies outside the years 1677 to 2262"),
        }
    }

    /// Losses may be stated for the interface, at its packets, or both.
    pub(crate) fn dropped(&self) -> u64 {
        self.dropped_stated.max(self.dropped_summed)
    }
}

impl Scale {
    /// `if_tsresol` (4.2): the top bit chooses a negative power of two or of ten.
    fn of(resolution: u8) -> Self {
        let exponent = u32::from(resolution & 0x7f);
        if resolution & 0x80 != 0 {
            return Self::Binary(exponent);
        }
        match exponent.checked_sub(9) {
            None | Some(0) => Self::Times(10_u64.pow(9 - exponent)),
            Some(finer) => 10_u128.checked_pow(finer).map_or(Self::Nothing, Self::DividedBy),
        }
    }
}
