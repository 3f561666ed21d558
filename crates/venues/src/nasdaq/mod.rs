//! NASDAQ: TotalView-ITCH 5.0, what carries it, and the order book in it.
//!
//! | module | owns |
//! |---|---|
//! | [`itch`] | the messages: one table of layouts, views that read in place, an encoder |
//! | [`Decoder`] | messages to arrivals: every order, trade, status and imbalance |
//! | [`file`](mod@file) | files of messages ([`Framing`]) |
//! | [`mold`] | MoldUDP64: packets, both lines, re-requests |
//! | [`soup`] | SoupBinTCP: packets and both ends of a session |
//!
//! Never opens a file or a socket, never reads a clock, never guesses an order: one that is named and was never added
//! makes its stock's book stale, and is counted.
//!
//! Cost: a view is read in place in some 6 ns, most of which the branch on the type takes when the types come in no
//! order; walking from length to length alone takes 2. A change of an order, of a stock in the run, reads a row of the
//! stocks' table and a place in the table of orders, divides exactly by two multiplications and writes 56 bytes an
//! arrival: some 20 to 35 ns while the tables lie in the cache, and a miss more when they do not. A message of a stock
//! that is not in the run costs its header and that stock's row. Nothing is allocated once the tables have grown
//! (`cargo bench -p venues --bench itch`).

mod beside;
mod counts;
mod decoder;
pub mod file;
mod framing;
pub mod itch;
pub mod mold;
mod orders;
mod reading;
mod recent;
pub mod soup;
mod stocks;

pub use decoder::Decoder;
pub use framing::Framing;

/// The venue's name in the directory.
pub const VENUE: &str = "nasdaq";

/// One share, in nanos.
const SHARE_NANOS: i64 = 1_000_000_000;
