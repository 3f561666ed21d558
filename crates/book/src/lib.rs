//! Price-level and order-by-order books, their states, and an obvious book as oracle.
