//! From what a strategy would like to quote to the fewest messages that get there. Owns no state: working orders
//! and targets go in, acts come out. Never looks at a book, never counts a position.
//!
//! ```text
//! working order │ target            │ act
//! ──────────────┼───────────────────┼──────────────────────────────────────────────────────
//! none          │ none              │ –
//! none          │ some              │ place
//! leaving       │ any               │ – its answer comes first, else twice the size is out
//! any other     │ none              │ cancel
//! unanswered    │ some              │ – the venue has not answered the last message
//! answered      │ price good enough │ – keeps its place in the queue; shrunk if it is too large
//! answered      │ price not         │ replace
//! ```
//!
//! A second working order on a side (there is none, unless two runs share an account) is cancelled.

use engine::Wants;
use orders::{Order, State};
use types::{InstrumentId, Lots, NewOrder, OrderId, OrderKind, Side, Ticks, TimeInForce};

/// One side's quote as it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Target {
    /// Where a new quote goes.
    pub price: Ticks,
    /// How much shall be open; always above zero.
    pub size: Lots,
    /// A working quote from here …
    pub keep_from: Ticks,
    /// … to here is good enough to keep its place in the queue.
    pub keep_to: Ticks,
}

/// How far the venue is with an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// It has answered every message.
    Answered,
    /// It has not answered the order, or its last replacement.
    Unanswered,
    /// A cancel is under way.
    Leaving,
}

/// An order of ours that is not closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Working {
    /// Which.
    pub order: OrderId,
    /// Buy or sell.
    pub side: Side,
    /// Its limit.
    pub price: Ticks,
    /// What has traded of it.
    pub filled: Lots,
    /// What has not.
    pub unfilled: Lots,
    /// Whether it may be touched.
    pub progress: Progress,
}

/// One message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// A new quote.
    Place {
        /// Buy or sell.
        side: Side,
        /// Where.
        price: Ticks,
        /// How much.
        size: Lots,
    },
    /// A quote moved or shrunk.
    Replace {
        /// Which.
        order: OrderId,
        /// Where to.
        price: Ticks,
        /// The new total, fills included.
        size: Lots,
    },
    /// A quote pulled.
    Cancel(OrderId),
}

/// Says what to send so that what works becomes what is wanted; bids and asks in `targets` by [`Side::index`].
pub fn reconcile(
    working: impl Iterator<Item = Working>,
    targets: [Option<Target>; 2],
    mut act: impl FnMut(Act),
) {
    let mut quotes: [Option<Working>; 2] = [None, None];
    for order in working {
        let quote = &mut quotes[order.side.index()];
        if quote.is_none() {
            *quote = Some(order);
        } else if order.progress != Progress::Leaving {
            act(Act::Cancel(order.order));
        }
    }
    for side in retreat_first(&quotes, &targets) {
        if let Some(next) = next_act(side, quotes[side.index()], targets[side.index()]) {
            act(next);
        }
    }
}

/// When the quotes move up, the ask moves before the bid, so that ours never meet each other on the way.
fn retreat_first(quotes: &[Option<Working>; 2], targets: &[Option<Target>; 2]) -> [Side; 2] {
    let buy = Side::Buy.index();
    match (quotes[buy], targets[buy]) {
        (Some(quote), Some(target)) if target.price > quote.price => [Side::Sell, Side::Buy],
        (Some(_) | None, Some(_) | None) => Side::BOTH,
    }
}

fn next_act(side: Side, quote: Option<Working>, target: Option<Target>) -> Option<Act> {
    let (quote, target) = match (quote, target) {
        (None, None) => return None,
        (None, Some(Target { price, size, .. })) => return Some(Act::Place { side, price, size }),
        (Some(quote), None) => {
            return (quote.progress != Progress::Leaving).then_some(Act::Cancel(quote.order));
        }
        (Some(quote), Some(target)) => (quote, target),
    };
    match quote.progress {
        Progress::Leaving | Progress::Unanswered => None,
        Progress::Answered => adjust(&quote, &target),
    }
}

fn adjust(quote: &Working, target: &Target) -> Option<Act> {
    let good_enough = (target.keep_from..=target.keep_to).contains(&quote.price);
    if good_enough && quote.unfilled <= target.size {
        // Topping up what was filled would cost the place in the queue.
        return None;
    }
    let price = if good_enough { quote.price } else { target.price };
    Some(Act::Replace { order: quote.order, price, size: quote.filled + target.size })
}

/// The most that may be open on `side` so that even when all of it fills the position stays within
/// `max_position`; `None` when nothing may be.
#[must_use]
pub fn within_bounds(side: Side, position: Lots, order_size: Lots, max_position: Lots) -> Option<Lots> {
    let room = max_position.0.saturating_sub(position.signed(side).0);
    let size = order_size.0.min(room);
    (size > 0).then_some(Lots(size))
}

impl Working {
    /// What an open order is to its quoter.
    #[must_use]
    pub fn of(order: &Order) -> Self {
        Self {
            order: order.id,
            side: order.terms.side,
            price: order.terms.price,
            filled: order.filled,
            unfilled: order.unfilled(),
            progress: progress(order),
        }
    }
}

fn progress(order: &Order) -> Progress {
    if order.is_canceling() {
        Progress::Leaving
    } else if order.state == State::Pending || order.is_unknown() || order.replacing.is_some() {
        Progress::Unanswered
    } else {
        Progress::Answered
    }
}

impl Act {
    /// Wishes for it; a new quote is post-only and stays until it is pulled.
    pub fn wish(self, instrument: InstrumentId, wants: &mut Wants) {
        match self {
            Self::Place { side, price, size } => wants.place(NewOrder {
                instrument,
                side,
                kind: OrderKind::PostOnly,
                time_in_force: TimeInForce::GoodTilCancel,
                price,
                size,
            }),
            Self::Replace { order, price, size } => wants.replace(order, price, size),
            Self::Cancel(order) => wants.cancel(order),
        }
    }
}

#[cfg(test)]
#[path = "quotes_tests.rs"]
mod tests;
