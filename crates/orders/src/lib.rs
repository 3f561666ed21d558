//! Our orders, from the moment risk passed them to the moment nothing more can happen to them. Owns their
//! numbers, their states, and the only door to `Command::Place` and `Command::Replace`.
//!
//! | asked for | go to |
//! |---|---|
//! | what each report does in each state | [`machine`] (drawn in `docs/orders.md`) |
//! | what a report changed | [`change`] |
//! | what the size of a replace means at a venue | [`replaced`] |
//! | our best price on a side, for self-match prevention | [`Orders::best`] |
//!
//! Never sends anything, never decides that an order is a good idea, never believes a report that cannot be
//! true: it counts it and changes nothing.
//!
//! Memory: open orders are kept for as long as they are open, closed ones until as many closed after them as
//! `with_capacity` was told, so that late reports still find them. Nothing else grows with the number of orders
//! sent. Nothing is allocated while no more orders are open at once than there were before.
//!
//! Cost of a report: one probe of the index (8 bytes an entry), the order's slot (four cache lines), one look at our
//! prices when one of them goes, and when it closes, the links of its neighbours. No search over orders anywhere. Submit,
//! two reports and their telling took 40 ns more than in the version that knew of no broken sessions, busts and prices of
//! our own (`benches/orders.rs`, `round_trip/64`, AMD EPYC, 2 shared cores, both busy elsewhere: 166 ns against 116, in which
//! risk's check was 77 of each).

pub mod change;
pub mod machine;
pub mod order;
pub mod orders;
pub mod replaced;

mod fills;
mod index;
mod levels;
mod slots;

pub use change::{Change, Impossible};
pub use fills::Fill;
pub use order::{End, NewTerms, Order, State};
pub use orders::{Counts, Orders};
pub use replaced::ReplacedSize;
