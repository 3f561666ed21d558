//! Books of one instrument: by price level (L2), order by order (L3), and an obvious one of each as oracle.
//!
//! A book is told deltas and answers what stands. It owns the state that says whether it may be traded on:
//!
//! ```text
//!             ┌───────────────── Clear ─────────────────┐
//!             ▼                                         │
//!   new ─▶ Building ──LAST──▶ Live ◀──LAST──▶ Crossed ──┤
//!             ▲                │                 │      │
//!             │                └──────┬──────────┘      │
//!             └─Clear── Stale ◀──Gap──┘ (Building too) ─┘
//! ```
//!
//! Never reads a clock, never converts a price, never decides to trade; never panics, whatever it is told: sums
//! are wide, prices may be anything an `i64` holds, and what makes no sense is counted and changes nothing.
//!
//! | asked for | go to |
//! |---|---|
//! | the book of an instrument, whichever its feed sends | [`Book`] |
//! | levels only | [`LevelBook`] |
//! | orders and their places in the queue | [`OrderBook`] |
//! | outright and implied levels together | [`Book::combined`] |
//! | whether a book should be believed | [`Doubts`] |
//! | the truth, slowly | [`obvious`] |

mod any;
mod combined;
mod doubt;
mod far;
mod index;
mod ladder;
mod level_book;
pub mod obvious;
mod order_book;
mod sides;
mod standing;

pub use any::Book;
pub use combined::Combined;
pub use doubt::{Doubt, Doubts};
pub use level_book::LevelBook;
pub use order_book::{OrderBook, Resting};
pub use standing::{Change, Counts, State};

use types::{Lots, Side, Ticks};

/// What stands at one price of one side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Level {
    /// The price.
    pub price: Ticks,
    /// How much stands there in all; a sum that no `i64` holds is shown as the largest.
    pub size: Lots,
    /// How many orders that is; 0 when the venue does not say.
    pub orders: u32,
}

/// The key of a price on its side: better prices have larger keys on both sides, so that one structure serves
/// both. The complement, unlike the negative, is right for every `i64`.
#[inline]
const fn key(side: Side, price: Ticks) -> i64 {
    price.0 ^ -(side as i64)
}

/// The price of a key: the same act undone.
#[inline]
const fn price(side: Side, key: i64) -> Ticks {
    Ticks(key ^ -(side as i64))
}
