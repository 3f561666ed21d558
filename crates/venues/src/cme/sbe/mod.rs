//! CME's schemas as code: [`messages`] reads and writes every field of every message in place, [`words`] names every
//! value of its enumerations and sets, [`table`] is the same as data.
//!
//! The three are generated from the exchange's schema files 5 (2014-08-06), 8 (2016-07-01) and 9 (2018-03-08) by
//! `cargo run -p xtask -- codegen`; [`schema`] and `codec` are what they are made of. Never decides what a message
//! means: that is the decoder's.
//!
//! Cost: a block is a reference to an array whose length is known when compiling, a field one load at a fixed
//! offset. A block of a newer schema is longer, and its new fields are passed over; one of an older schema is
//! copied once and completed with nulls, off the usual path.

pub(crate) mod codec;
pub mod messages;
pub mod schema;
pub mod table;
pub mod words;

pub use codec::{Member, Value, Word};
