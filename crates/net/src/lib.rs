//! The edge of the machine: what carries bytes to and from venues. Capture files and UDP multicast.
//!
//! Never decodes a venue's language and never decides anything: bytes in, bytes out.

pub mod capture;
#[cfg(target_os = "linux")]
pub mod multicast;
