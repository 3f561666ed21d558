//! History: recorded market events as Parquet files, for the next run and for every other tool.
//!
//! ```text
//! DIR/venue=cme/symbol=ESH4/date=2023-12-25/0001-9f3c2b7a.parquet   every event of one instrument and day
//! DIR/venue=cme/symbol=_feed/date=…/…                               events about all instruments
//! DIR/_quoin/0001-9f3c2b7a.json                                     the import: its source, terms and files
//! ```
//!
//! A file holds **all kinds of one instrument in recorded order**: an order book, its trades and its statistics are one
//! story, and splitting them would cost a merge at every reading. The column `seq` counts the events of the whole
//! import, so that merging its files by it gives back what was recorded, bit for bit, across instruments. `date` is the
//! UTC day of the import's clock: the greatest venue time so far, so that a late stamp does not reopen a past day.
//!
//! An import is there when its manifest is. Its files are written aside, then the manifest, and then all are moved into
//! place; a killed import either leaves nothing that counts, or is finished by the next one.
//!
//! | asked for | go to |
//! |---|---|
//! | what the columns are | [`columns`] |
//! | one file | [`FileWriter`], [`FileReader`] |
//! | a folder of them | [`Store`], [`Import`], [`Manifest`] |
//! | an import as it was recorded | [`Merge`] |
//! | bytes of a column → numbers → events | `pages`, `rows` |
//!
//! Cost (`cargo bench -p runtime --bench history`, one thread): writing is some 27 columns of a row through a table,
//! compression, a hash and a sync, 0.5 µs an event; reading touches only what is not derived or empty, some 40 ns an event.
//! Memory: a row group (65,536 rows) for each instrument that writes, capped in all; some hundred rows for each that is
//! read, and compressed row groups of 32 MiB in all. Neither grows with the number of days.

pub mod columns;
mod error;
mod held;
mod import;
mod manifest;
mod merge;
mod pages;
mod read;
mod rows;
mod store;
mod write;

pub use columns::{Row, Scale};
pub use error::HistoryError;
pub use import::Import;
pub use manifest::{FileEntry, Manifest, Source, Stored};
pub use merge::{Damage, Merge, Part};
pub use read::FileReader;
pub use store::Store;
pub use write::{FileCounts, FileWriter, Label};
