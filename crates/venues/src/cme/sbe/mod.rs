//! CME's schemas as code: [`messages`] reads and writes every field of every message in place, [`words`] names every
//! value of its enumerations and sets, [`table`] is the same as data.
//!
//! The three are generated from the exchange's schema files 5 (2014-08-06), 8 (2016-07-01) and 9 (2018-03-08), and
//! from our own statement of what schemas 10 to 13 added (`crates/xtask/schemas`), by `cargo run -p xtask --
//! codegen`; [`schema`] and `codec` are what they are made of. Never decides what a message means: that is the
//! decoder's.
//!
//! Where the facts of schemas 10 to 13 come from, for we have none of those files and no recording of them:
//!
//! | what | one source | another |
//! |---|---|---|
//! | additions to 46, 54, 55, 56; 57 to 62 | CME's schema 11, as the Open Markets Initiative republishes it: offsets, tags, nulls | packed C++ structures of schema 13 by another author: types, block lengths |
//! | 63 to 69 | the Open Markets Initiative's definitions of schemas 1.12 and 1.13: order, sizes, most tags | the same structures; CME's wiki on 63 and 64 |
//! | ends of 63 | 309 bytes in generated SBE headers of the first schema 12 | 337 bytes, and which field since when, in the SBE tool's own tests |
//! | 58 since 13 | the definitions of 1.13 | the same structures |
//! | words | CME's schema 11, the definitions of 1.12 and 1.13 | the same structures |
//!
//! One source only: the tag of `NoBrokenDates` (that of CME's order entry), of `NoTradingSessions` (FIX's own), and
//! `SecurityAltIDSource` of its entries, which is never on the wire. Field by field, a decoder in another language
//! that knows our facts and nothing else of ours reads the same (`tests/cme_fields.rs`).
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
