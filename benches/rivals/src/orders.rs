//! What became of each order, and the comparison of two runs order by order.

use serde::{Deserialize, Serialize};
use types::{Liquidity, Lots, Nanos, Side, Ticks};

/// How an order ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// It still worked when the recording ended.
    Open,
    /// Refused at the door: it would have taken.
    Refused,
    /// Taken back by us.
    Canceled(Nanos),
    /// All of it traded.
    Filled(Fill),
}

/// A fill, by the venue's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fill {
    /// When.
    pub at: Nanos,
    /// At this price.
    pub price: Ticks,
    /// This much.
    pub size: Lots,
    /// Given or taken.
    pub liquidity: Liquidity,
}

/// An order from its first thought to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Order {
    /// When we decided it, by the local clock.
    pub placed_at: Nanos,
    /// Buy or sell.
    pub side: Side,
    /// Its limit.
    pub price: Ticks,
    /// When we asked for it back, by the local clock.
    pub asked_back_at: Option<Nanos>,
    /// What became of it.
    pub end: End,
}

impl Order {
    /// Its fill, if it had one.
    #[must_use]
    pub const fn fill(&self) -> Option<Fill> {
        match self.end {
            End::Filled(fill) => Some(fill),
            End::Open | End::Refused | End::Canceled(_) => None,
        }
    }
}

/// A run: every order, in the order of placing, and what it cost.
#[derive(Clone, Debug, Default)]
pub struct Run {
    /// By placing.
    pub orders: Vec<Order>,
    /// Fees paid, in currency; below zero: received.
    pub fees: f64,
    /// Held at the end.
    pub position: Lots,
    /// Level changes and trades that were taken in.
    pub events: u64,
}

/// Figures of a run that every contender can give.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Tally {
    /// Orders sent.
    pub orders: u64,
    /// Of them filled.
    pub fills: u64,
    /// In lots.
    pub bought: i64,
    /// In lots.
    pub sold: i64,
    /// A number that two runs share when their fills are the same, one by one.
    pub hash: u64,
}

impl Run {
    /// Its figures.
    #[must_use]
    pub fn tally(&self) -> Tally {
        let mut tally = Tally { orders: self.orders.len() as u64, ..Tally::default() };
        let mut fills: Vec<(Fill, Side)> =
            self.orders.iter().filter_map(|order| Some((order.fill()?, order.side))).collect();
        fills.sort_by_key(|(fill, side)| (fill.at, *side as u8, fill.price));
        for (fill, side) in fills {
            tally.fills += 1;
            match side {
                Side::Buy => tally.bought += fill.size.0,
                Side::Sell => tally.sold += fill.size.0,
            }
            // FNV-1a over whole numbers: the Python contenders count the same.
            for word in [fill.at.0, fill.price.0, fill.size.signed(side).0] {
                tally.hash = (tally.hash ^ word.cast_unsigned()).wrapping_mul(0x100_0000_01b3);
            }
        }
        tally
    }
}

/// The orders of two runs that differ, as pairs; a run that ends earlier has no partner for the rest.
#[must_use]
pub fn differences<'a>(
    ours: &'a [Order],
    theirs: &'a [Order],
) -> Vec<(Option<&'a Order>, Option<&'a Order>)> {
    let count = ours.len().max(theirs.len());
    (0..count).map(|at| (ours.get(at), theirs.get(at))).filter(|(our, their)| our != their).collect()
}
