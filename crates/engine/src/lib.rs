//! One deterministic step from input to commands; the Strategy seam.
