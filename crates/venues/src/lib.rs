//! The languages of venues: bytes to events, and back where a simulator must speak them.
//!
//! Every decoder is a state machine without input or output of its own: it is given bytes and a
//! [`Directory`], and appends [`Arrival`](types::Arrival)s and [`Fault`]s to an [`Output`]. It never opens a
//! file or a socket, never waits, and never panics whatever the bytes: a recorded session is a complete test.
//!
//! A damaged record is reported with its offset and skipped, and whatever it may have changed is marked with
//! [`Event::Gap`](types::Event::Gap): the engine does not trade on a book it knows to be stale.

pub mod archive;
pub mod binance;
pub mod cme;
pub mod directory;
mod json;
pub mod nasdaq;
pub mod output;

pub use directory::{Composition, Definition, Directory, Leg, Listing, Step};
pub use output::{Decode, Fault, Output, Quote, Wide};
