//! Placeholder until the decoder beside it exists.
fn main() {}
