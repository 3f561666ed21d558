//! The edge of the machine: what carries bytes to and from venues. So far, capture files.
//!
//! Never decodes a venue's language and never decides anything: bytes in, bytes out.

pub mod capture;
