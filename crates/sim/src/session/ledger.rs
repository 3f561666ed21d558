//! The venue's own record of our orders: what it would answer to a query, and the truth to compare ours with.
//!
//! Never decides anything; it writes down what the venue reported, whether or not the report reached us.

use std::collections::BTreeMap;
use types::{InstrumentId, Lots, NewOrder, OrderId, Outcome, Report, Side, Ticks};

/// A fill, as the venue has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fill {
    /// Its number.
    pub fill: u32,
    /// At what price.
    pub price: Ticks,
    /// How much.
    pub size: Lots,
    /// It was taken back.
    pub busted: bool,
}

/// One of our orders, as the venue has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// In what.
    pub instrument: InstrumentId,
    /// Which side.
    pub side: Side,
    /// Its total size, fills included.
    pub size: Lots,
    /// How much of it traded, fills that were taken back included.
    pub filled: Lots,
    /// Whether it may trade further.
    pub open: bool,
    /// Its fills, oldest first.
    pub fills: Vec<Fill>,
}

/// All our orders, by their number; see the module.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    orders: BTreeMap<OrderId, Standing>,
}

impl Ledger {
    /// A new order has come to the venue. One that it has already is not touched.
    pub fn on_place(&mut self, order: OrderId, terms: &NewOrder) {
        self.orders.entry(order).or_insert_with(|| Standing {
            instrument: terms.instrument,
            side: terms.side,
            size: terms.size,
            filled: Lots::ZERO,
            open: false,
            fills: Vec::new(),
        });
    }

    /// The venue says something of one.
    pub fn on_report(&mut self, report: &Report) {
        let Some(standing) = self.orders.get_mut(&report.order) else { return };
        match report.outcome {
            Outcome::Accepted => standing.open = true,
            // An order refused for its number is not the one that has it.
            Outcome::Rejected(_) if !standing.open && standing.filled.is_zero() => {
                self.orders.remove(&report.order);
            }
            Outcome::Filled { price, size, fill, liquidity: _ } => {
                standing.filled += size;
                standing.fills.push(Fill { fill, price, size, busted: false });
                standing.open = standing.filled < standing.size;
            }
            Outcome::Canceled => standing.open = false,
            Outcome::Replaced { size, .. } => standing.size = size,
            Outcome::Busted { fill, .. } => {
                standing.fills.iter_mut().filter(|own| own.fill == fill).for_each(|own| own.busted = true);
            }
            Outcome::Rejected(_)
            | Outcome::CancelRejected(_)
            | Outcome::ReplaceRejected(_)
            | Outcome::Listed { .. }
            | Outcome::NotListed => {}
        }
    }

    /// The answer to a query.
    #[must_use]
    pub fn answer(&self, order: OrderId) -> Outcome {
        match self.orders.get(&order) {
            Some(Standing { size, filled, open, .. }) => {
                Outcome::Listed { size: *size, filled: *filled, open: *open }
            }
            None => Outcome::NotListed,
        }
    }

    /// The venue forgets an order.
    pub(super) fn lose(&mut self, order: OrderId) {
        self.orders.remove(&order);
    }

    pub(super) fn get(&self, order: OrderId) -> Option<&Standing> {
        self.orders.get(&order)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (OrderId, &Standing)> {
        self.orders.iter().map(|(id, standing)| (*id, standing))
    }

    /// The fill that stands and has the highest number.
    pub(super) fn last_fill(&self) -> Option<(OrderId, Fill)> {
        let fills = self.iter().flat_map(|(id, standing)| standing.fills.iter().map(move |fill| (id, *fill)));
        fills.filter(|(_, fill)| !fill.busted).max_by_key(|(_, fill)| fill.fill)
    }
}
