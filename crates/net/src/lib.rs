//! The edge of the machine: capture files.
