//! The seam where strategies meet the machine: what they are told, what they may look at, what they may wish.
//!
//! A strategy never sends anything. It wishes; risk decides.

use crate::state::{StateError, Unsaved};
use book::Book;
use orders::{Change, Order, Orders};
use portfolio::Portfolio;
use risk::{Health, Parent, Refusal};
use types::{
    Event, Instrument, InstrumentId, Lots, Nanos, NewOrder, OrderId, ParentId, StrategyId, Ticks, TimerId,
    Trade,
};

/// Something that trades. Every call gets the present and a list for wishes; none may keep time of its own.
///
/// Only the instruments the strategy was seated with reach it.
pub trait Strategy {
    /// The run begins; no market has been seen.
    fn on_start(&mut self, view: &View<'_>, wants: &mut Wants) {
        let _ = (view, wants);
    }

    /// The book of `instrument` is consistent again after a packet. The place to quote from. The book may be
    /// crossed or stale: `view.book(instrument).is_live()` says whether it may be traded on.
    fn on_book(&mut self, instrument: InstrumentId, view: &View<'_>, wants: &mut Wants) {
        let _ = (instrument, view, wants);
    }

    /// The market traded. This comes before the packet's last book change: learn from it here, quote in
    /// [`on_book`](Self::on_book).
    fn on_trade(&mut self, trade: &Trade, view: &View<'_>, wants: &mut Wants) {
        let _ = (trade, view, wants);
    }

    /// The venue published something that changes no book: a statistic, a quote request, a busted trade, a bar. Or it
    /// moved cash on our account, which the portfolio has booked already.
    fn on_notice(&mut self, notice: &Event, view: &View<'_>, wants: &mut Wants) {
        let _ = (notice, view, wants);
    }

    /// Something happened to one of this strategy's orders; books, positions and orders already know.
    fn on_order(&mut self, order: &Order, change: &Change, view: &View<'_>, wants: &mut Wants) {
        let _ = (order, change, view, wants);
    }

    /// A timer it set is due.
    fn on_timer(&mut self, timer: TimerId, view: &View<'_>, wants: &mut Wants) {
        let _ = (timer, view, wants);
    }

    /// What an order of its own is for, where that is not its ordinary business: a name for reports.
    fn purpose(&self, order: OrderId) -> Option<&'static str> {
        let _ = order;
        None
    }

    /// Appends all that its next answers depend on, and that was not said when it was made. The bytes are its own
    /// business; [`state::write`](crate::state::write) makes them of anything that derives `Serialize`.
    ///
    /// # Errors
    /// When it cannot, as long as it says nothing else here: then a run with it is restarted by a replay of all of it.
    fn save(&self, out: &mut Vec<u8>) -> Result<(), Unsaved> {
        let _ = out;
        Err(Unsaved)
    }

    /// Takes back what [`save`](Self::save) appended, into a strategy made as the one that saved was.
    ///
    /// # Errors
    /// When the bytes are not its own.
    fn restore(&mut self, bytes: &[u8]) -> Result<(), StateError> {
        let _ = bytes;
        Err(StateError::Unreadable("a strategy that saves nothing was given state".into()))
    }

    /// How the model is that it trades by (RC-46): asked before its wishes are judged. One without a model is well.
    fn health(&self, now: Nanos) -> Health {
        let _ = now;
        Health::Good
    }

    /// Risk said no to a wish.
    fn on_refused(&mut self, want: &Want, refusal: &Refusal, view: &View<'_>) {
        let _ = (want, refusal, view);
    }
}

/// A wish, not an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Want {
    /// A new order.
    Place(NewOrder),
    /// Another price, another total size (fills included) for an order that works.
    Replace {
        /// Which.
        order: OrderId,
        /// The new limit.
        price: Ticks,
        /// The new total size.
        size: Lots,
    },
    /// An order gone.
    Cancel(OrderId),
    /// To be called at a moment, with the name given.
    WakeAt(Nanos, TimerId),
    /// To work an order in parts, under a number of the strategy's own: the whole is judged now, its parts when they come.
    Parent {
        /// Its number.
        parent: ParentId,
        /// The whole.
        terms: Parent,
    },
    /// A part of it.
    PlaceChild {
        /// Of which.
        parent: ParentId,
        /// What it is.
        order: NewOrder,
    },
}

/// The wishes of one call. The memory is kept from call to call.
#[derive(Debug, Default)]
pub struct Wants {
    list: Vec<Want>,
}

impl Wants {
    /// Wishes for a new order.
    pub fn place(&mut self, order: NewOrder) {
        self.list.push(Want::Place(order));
    }

    /// Wishes for another price and another total size (fills included).
    pub fn replace(&mut self, order: OrderId, price: Ticks, size: Lots) {
        self.list.push(Want::Replace { order, price, size });
    }

    /// Wishes an order gone.
    pub fn cancel(&mut self, order: OrderId) {
        self.list.push(Want::Cancel(order));
    }

    /// Wishes to be called at a moment.
    pub fn wake_at(&mut self, at: Nanos, timer: TimerId) {
        self.list.push(Want::WakeAt(at, timer));
    }

    /// Wishes to work an order in parts.
    pub fn parent(&mut self, parent: ParentId, terms: Parent) {
        self.list.push(Want::Parent { parent, terms });
    }

    /// Wishes for a part of one.
    pub fn place_child(&mut self, parent: ParentId, order: NewOrder) {
        self.list.push(Want::PlaceChild { parent, order });
    }

    /// The wishes so far, in order.
    #[must_use]
    pub fn as_slice(&self) -> &[Want] {
        &self.list
    }

    /// Forgets the wishes, keeps the memory.
    pub fn clear(&mut self) {
        self.list.clear();
    }
}

/// What a strategy may look at: the whole state, read-only, and the time.
#[derive(Clone, Copy)]
pub struct View<'a> {
    pub(crate) now: Nanos,
    pub(crate) strategy: StrategyId,
    pub(crate) instruments: &'a [Instrument],
    pub(crate) books: &'a [Book],
    pub(crate) orders: &'a Orders,
    pub(crate) portfolio: &'a Portfolio,
    /// By instrument: what this strategy holds.
    pub(crate) own: &'a [Lots],
}

impl std::fmt::Debug for View<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("View")
            .field("now", &self.now)
            .field("strategy", &self.strategy)
            .finish_non_exhaustive()
    }
}

impl<'a> View<'a> {
    /// The time of the input being worked on.
    #[must_use]
    pub const fn now(&self) -> Nanos {
        self.now
    }

    /// Who is looking.
    #[must_use]
    pub const fn strategy(&self) -> StrategyId {
        self.strategy
    }

    /// Every instrument of the run, by id.
    #[must_use]
    pub const fn instruments(&self) -> &'a [Instrument] {
        self.instruments
    }

    /// One instrument.
    #[must_use]
    pub fn instrument(&self, id: InstrumentId) -> &'a Instrument {
        &self.instruments[id.index()]
    }

    /// Its book.
    #[must_use]
    pub fn book(&self, id: InstrumentId) -> &'a Book {
        &self.books[id.index()]
    }

    /// What this strategy holds of it, by its own fills: what its inventory and its bounds are measured by. Another
    /// strategy's fills do not move it.
    #[must_use]
    pub fn own_position(&self, id: InstrumentId) -> Lots {
        self.own.get(id.index()).copied().unwrap_or(Lots::ZERO)
    }

    /// What the account holds of it, all strategies together: what risk's limits are measured by.
    #[must_use]
    pub fn position(&self, id: InstrumentId) -> Lots {
        self.portfolio.position(id)
    }

    /// This strategy's orders in it that are not closed, oldest first.
    pub fn open_orders(&self, id: InstrumentId) -> impl Iterator<Item = &'a Order> + use<'a> {
        let strategy = self.strategy;
        self.orders.open().filter(move |order| order.strategy == strategy && order.terms.instrument == id)
    }

    /// One order, open or closed not long ago.
    #[must_use]
    pub fn order(&self, id: OrderId) -> Option<&'a Order> {
        self.orders.get(id)
    }

    /// Every order.
    #[must_use]
    pub const fn orders(&self) -> &'a Orders {
        self.orders
    }

    /// Positions and P&L.
    #[must_use]
    pub const fn portfolio(&self) -> &'a Portfolio {
        self.portfolio
    }
}
