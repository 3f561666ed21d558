//! Stores that others read, too: one module and one feature for each.
//!
//! | module | feature | what |
//! |---|---|---|
//! | `parquet` | `parquet`, on by default | history: recorded market events as Parquet files |
//!
//! This is the edge: it reads and writes files. It never decodes a venue's bytes and never decides anything.

#[cfg(feature = "parquet")]
pub mod parquet;
