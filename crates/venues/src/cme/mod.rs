//! CME Globex Market Data Platform 3.0: simple binary encoding over UDP multicast, each channel sent twice.
//!
//! Owns everything between a packet's payload and [`Arrival`](types::Arrival)s: which multicast lines carry the
//! same channel ([`Line`]), which copy of a packet counts, what is missing and how it is made good, what each template
//! means, and what CME's instruments are called here. Never opens a socket, never asks for a snapshot or a replay:
//! after a [`Gap`](types::Gap) books are stale until a `Clear`, which comes when a snapshot that happens to be
//! sent, natural refresh or a reset make them known again.
//!
//! Cost, of the recorded channel 340: a packet holds 3 entries in 2 messages. An entry is 32 bytes, read once;
//! it costs one probe of a table of 8 bytes a row, two lines of the instrument's own, two exact divisions by
//! multiplication, and 56 bytes written where they stay: some 9 ns where packets are long, and 22 here, where
//! headers and the second copy weigh as much as the entries. A book that recovers costs some 14 more, for the
//! rows of its ladder (`cargo bench -p venues --bench cme`). Nothing is allocated once every instrument has been
//! met and the caller's buffers have grown.

mod amounts;
mod channel;
mod counts;
mod debt;
mod decoder;
mod definitions;
mod describe;
pub mod encode;
pub mod encode_loops;
mod feeds;
mod instruments;
mod ladder;
mod line;
mod listings;
mod long;
mod orders;
pub mod products;
mod reading;
mod recovery;
pub mod sbe;
mod snapshots;
mod statistics;
mod status;
mod trades;
mod wire;
mod words;

pub use decoder::{Decoder, Doubt};
pub use describe::{Said, Value, describe};
pub use feeds::{Feed, Role};
pub use line::Line;
pub use wire::{Damage, Group, Header, Message, Messages};
pub use words::{Action, MatchEvent};

/// The venue's name in the directory.
pub const VENUE: &str = "cme";
