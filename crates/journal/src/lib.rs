//! The hash-chained log: write, recover, read, verify.
