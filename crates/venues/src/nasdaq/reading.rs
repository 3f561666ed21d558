//! What a message says, in events.
//!
//! | message | arrivals, the last change of a book marked `LAST` |
//! |---|---|
//! | `A` `F` | `Order` Add |
//! | `E` | `Trade` (who took is the other side), `Order` Fill, `Order` Reduce |
//! | `C` | the same at its price; no `Trade` when it is not printable, for an auction's `Q` prints it |
//! | `X` `D` | `Order` Reduce, Delete |
//! | `U` | `Order` Delete, `Order` Add: the new number is last in its queue |
//! | `P` | `Trade`, hidden. Its side is always `B` since 2014 and says nothing (section 1.5.1) |
//! | `Q` | `Trade`, hidden, nobody's aggression; nothing when no share traded |
//! | `B` | `TradeBust` |
//! | `I` `J` `K` `O` | `Statistic`s; a price of zero is a price withdrawn |
//! | `S` `H` `h` | `Status` |
//! | `R` | a definition, in a survey |
//! | `Y` `L` `V` `W` `N` | nothing: counted. A circuit breaker's halts come as `H`, stock by stock |
//!
//! The trade comes before the order that was hit, as everywhere in this crate: it is the order's change that ends
//! the packet, and the book can be acted on behind it.

use super::decoder::Known;
use super::itch::{Message, Price4};
use super::orders::{At, Kept, Order};
use super::stocks::{Met, Row};
use super::{SHARE_NANOS, itch};
use crate::{Directory, Listing, Output};
use types::{
    Event, Flags, Gap, Lots, MarketOrderId, Nanos, OrderAction, OrderDelta, Phase, Side, StatisticKind,
    Ticks, Trade,
};

/// One message being read.
pub(super) struct Reading<'a> {
    pub(super) known: &'a mut Known,
    pub(super) directory: &'a mut Directory,
    pub(super) out: &'a mut Output,
    pub(super) received_at: Nanos,
    pub(super) venue_at: Nanos,
    pub(super) offset: u64,
}

/// An execution, whichever message told it.
struct Execution {
    locate: u16,
    reference: u64,
    shares: u32,
    match_number: u64,
    /// Where it is not the order's own.
    price: Option<Price4>,
    is_printable: bool,
}

/// A whole order, as it is added.
struct Added {
    reference: u64,
    order: Order,
}

/// An order that a message named and that stands as the message says.
struct Found {
    at: At,
    order: Order,
    price: Ticks,
    listing: Listing,
}

impl Reading<'_> {
    #[inline]
    pub(super) fn message(&mut self, message: Message<'_>) {
        match message {
            Message::AddOrder(add) => {
                let (price, shares) = (add.price(), add.shares());
                let side = side(add.buy_sell_indicator());
                self.add(add.stock_locate(), add.stock(), add.order_reference_number(), side, price, shares);
            }
            Message::AddOrderMpid(add) => {
                let (price, shares) = (add.price(), add.shares());
                let side = side(add.buy_sell_indicator());
                self.add(add.stock_locate(), add.stock(), add.order_reference_number(), side, price, shares);
            }
            Message::OrderExecuted(executed) => self.executed(&Execution {
                locate: executed.stock_locate(),
                reference: executed.order_reference_number(),
                shares: executed.executed_shares(),
                match_number: executed.match_number(),
                price: None,
                is_printable: true,
            }),
            Message::OrderExecutedWithPrice(executed) => self.executed(&Execution {
                locate: executed.stock_locate(),
                reference: executed.order_reference_number(),
                shares: executed.executed_shares(),
                match_number: executed.match_number(),
                price: Some(executed.execution_price()),
                is_printable: executed.printable() != b'N',
            }),
            Message::OrderCancel(cancel) => self.canceled(
                cancel.stock_locate(),
                cancel.order_reference_number(),
                cancel.canceled_shares(),
            ),
            Message::OrderDelete(delete) => {
                self.deleted(delete.stock_locate(), delete.order_reference_number());
            }
            Message::OrderReplace(replace) => self.replaced(
                replace.stock_locate(),
                [replace.original_order_reference_number(), replace.new_order_reference_number()],
                replace.price(),
                replace.shares(),
            ),
            Message::NonCrossTrade(trade) => self.hidden(
                trade.stock_locate(),
                trade.stock(),
                trade.price(),
                u64::from(trade.shares()),
                trade.match_number(),
            ),
            Message::CrossTrade(cross) => self.hidden(
                cross.stock_locate(),
                cross.stock(),
                cross.cross_price(),
                cross.shares(),
                cross.match_number(),
            ),
            Message::BrokenTrade(broken) => self.broken(broken.stock_locate(), broken.match_number()),
            Message::NetOrderImbalance(imbalance) => self.imbalance(imbalance),
            Message::SystemEvent(event) => self.system_event(event),
            Message::StockDirectory(stock) => {
                self.known.stocks.define(stock.stock_locate(), stock.stock(), self.directory);
            }
            Message::StockTradingAction(action) => self.trading_action(action),
            Message::OperationalHalt(halt) => {
                // `Q` is NASDAQ itself; BX and PSX are other markets.
                if halt.market_code() == b'Q' {
                    let is_halted = halt.operational_halt_action() != b'T';
                    self.change_phase(halt.stock_locate(), halt.stock(), |stock| {
                        stock.interrupted = is_halted;
                    });
                }
            }
            Message::QuotingPeriodUpdate(update) => {
                let is_cancelled = update.ipo_quotation_release_qualifier() == b'C';
                let price = if is_cancelled { Price4(0) } else { update.ipo_price() };
                let prices = [(StatisticKind::ReferencePrice, price)];
                self.prices(update.stock_locate(), update.stock(), &prices);
            }
            Message::LuldAuctionCollar(collar) => self.prices(
                collar.stock_locate(),
                collar.stock(),
                &[
                    (StatisticKind::ReferencePrice, collar.auction_collar_reference_price()),
                    (StatisticKind::UpperCollar, collar.upper_auction_collar_price()),
                    (StatisticKind::LowerCollar, collar.lower_auction_collar_price()),
                ],
            ),
            Message::DirectListing(listing) => self.prices(
                listing.stock_locate(),
                listing.stock(),
                &[
                    (StatisticKind::LowLimit, listing.minimum_allowable_price()),
                    (StatisticKind::HighLimit, listing.maximum_allowable_price()),
                    (StatisticKind::NearPrice, listing.near_execution_price()),
                    (StatisticKind::LowerCollar, listing.lower_price_range_collar()),
                    (StatisticKind::UpperCollar, listing.upper_price_range_collar()),
                ],
            ),
            Message::RegShoRestriction(_)
            | Message::MarketParticipantPosition(_)
            | Message::MwcbDeclineLevel(_)
            | Message::MwcbStatus(_)
            | Message::RetailPriceImprovement(_) => {}
        }
    }

    #[inline]
    fn add(
        &mut self,
        locate: u16,
        symbol: [u8; 8],
        reference: u64,
        side: Option<Side>,
        price: Price4,
        shares: u32,
    ) {
        let Some(listing) = self.named(locate, symbol) else { return };
        let Some(side) = side.filter(|_| shares > 0) else {
            return self.spoiled(locate, "an order on neither side, or of no share");
        };
        self.known.stocks.note_price(locate, price.0, self.directory);
        let added = Added { reference, order: Order { price, shares, locate, side } };
        self.stand(&added, &listing);
    }

    /// Puts an order into the book.
    #[inline]
    fn stand(&mut self, added: &Added, listing: &Listing) {
        let Order { price, shares, locate, side } = added.order;
        let Some(ticks) = listing.ticks(price.nanos()) else {
            return self.spoiled(locate, "an order's price is no whole number of ticks");
        };
        let Some(size) = lots(listing, u64::from(shares)) else {
            return self.spoiled(locate, "an order's size is no whole number of lots");
        };
        match self.known.orders.insert(added.reference, added.order) {
            Kept::New => {}
            Kept::Instead(before) => {
                self.known.counts.tally.duplicate += 1;
                self.stale(before.locate);
                self.stale(locate);
            }
            Kept::Full => return self.spoiled(locate, "more orders than can stand at once"),
        }
        self.order(listing, added.reference, OrderAction::Add, ticks, size, side, Flags::LAST);
    }

    #[inline]
    fn executed(&mut self, execution: &Execution) {
        let &Execution { locate, reference, shares, match_number, .. } = execution;
        let Some(Found { at, order, price: own, listing }) = self.found(locate, reference) else { return };
        let Some((taken, left)) = self.taken(&order, shares) else { return };
        let Some(size) = lots(&listing, u64::from(taken)) else {
            return self.spoiled(locate, "an execution's size is no whole number of lots");
        };
        let (price, price_fraction) = match execution.price {
            None => (own, 0),
            Some(price) => {
                let (price, fraction) = listing.price.floor(price.nanos());
                (Ticks(price), fraction)
            }
        };
        if execution.is_printable {
            self.trade(Trade {
                venue_at: self.venue_at,
                price,
                size,
                id: match_number,
                instrument: listing.id,
                price_fraction,
                aggressor: Some(!order.side),
                flags: Flags::NONE,
            });
        } else {
            self.known.counts.tally.unprinted += 1;
        }
        self.known.orders.leave(at, left);
        self.order(&listing, reference, OrderAction::Fill, price, size, order.side, Flags::NONE);
        self.order(&listing, reference, OrderAction::Reduce, own, size, order.side, Flags::LAST);
    }

    #[inline]
    fn canceled(&mut self, locate: u16, reference: u64, shares: u32) {
        let Some(Found { at, order, price, listing }) = self.found(locate, reference) else { return };
        let Some((taken, left)) = self.taken(&order, shares) else { return };
        let Some(size) = lots(&listing, u64::from(taken)) else {
            return self.spoiled(locate, "a cancellation's size is no whole number of lots");
        };
        self.known.orders.leave(at, left);
        self.order(&listing, reference, OrderAction::Reduce, price, size, order.side, Flags::LAST);
    }

    #[inline]
    fn deleted(&mut self, locate: u16, reference: u64) {
        let Some(found) = self.found(locate, reference) else { return };
        self.gone(&found, reference, Flags::LAST);
    }

    #[inline]
    fn replaced(&mut self, locate: u16, [original, new]: [u64; 2], price: Price4, shares: u32) {
        let Some(found) = self.found(locate, original) else { return };
        if shares == 0 {
            return self.spoiled(locate, "an order replaced by one of no share");
        }
        self.known.stocks.note_price(locate, price.0, self.directory);
        self.gone(&found, original, Flags::NONE);
        let order = Order { price, shares, ..found.order };
        self.stand(&Added { reference: new, order }, &found.listing);
    }

    /// An order leaves the book, whatever was left of it.
    #[inline]
    fn gone(&mut self, found: &Found, reference: u64, flags: Flags) {
        self.known.orders.leave(found.at, 0);
        let left = lots(&found.listing, u64::from(found.order.shares)).unwrap_or(Lots::ZERO);
        let side = found.order.side;
        self.order(&found.listing, reference, OrderAction::Delete, found.price, left, side, flags);
    }

    /// What is taken from an order, and what is left of it.
    #[inline]
    fn taken(&mut self, order: &Order, shares: u32) -> Option<(u32, u32)> {
        if shares == 0 {
            self.spoiled(order.locate, "an order reduced by no share");
            return None;
        }
        if shares > order.shares {
            self.known.counts.tally.excess += 1;
            self.stale(order.locate);
        }
        Some((shares.min(order.shares), order.shares.saturating_sub(shares)))
    }

    /// Trades that no displayed order took part in.
    fn hidden(&mut self, locate: u16, symbol: [u8; 8], price: Price4, shares: u64, match_number: u64) {
        let Some(listing) = self.named(locate, symbol) else { return };
        if shares == 0 {
            self.known.counts.tally.empty_crosses += 1;
            return;
        }
        let Some(size) = lots(&listing, shares) else {
            return self.unusable("a trade's size is no whole number of lots");
        };
        let (price, price_fraction) = listing.price.floor(price.nanos());
        self.trade(Trade {
            venue_at: self.venue_at,
            price: Ticks(price),
            size,
            id: match_number,
            instrument: listing.id,
            price_fraction,
            aggressor: None,
            flags: Flags::HIDDEN.with(Flags::LAST),
        });
    }

    fn broken(&mut self, locate: u16, match_number: u64) {
        let Some(listing) = self.listed(locate) else { return };
        let known = self.known.recent.find(match_number).filter(|trade| trade.instrument == listing.id);
        if known.is_none() {
            self.known.counts.tally.forgotten += 1;
        }
        let trade = known.unwrap_or(Trade {
            venue_at: self.venue_at,
            price: Ticks(0),
            size: Lots::ZERO,
            id: match_number,
            instrument: listing.id,
            price_fraction: 0,
            aggressor: None,
            flags: Flags::NONE,
        });
        self.push(Event::TradeBust(Trade { venue_at: self.venue_at, flags: Flags::LAST, ..trade }));
    }

    /// The listing of a stock that a message names; `None` when it is not in the run.
    #[inline]
    pub(super) fn named(&mut self, locate: u16, symbol: [u8; 8]) -> Option<Listing> {
        let stock = self.known.stocks.get(locate);
        match stock.row {
            Row::Listed(listing) if stock.symbol == Some(symbol) => Some(listing),
            Row::Unlisted => {
                self.known.counts.tally.foreign += 1;
                None
            }
            Row::Unmet | Row::Listed(_) => self.first_sight(locate, symbol),
        }
    }

    /// The stock has something to say for the first time, or under another name.
    #[cold]
    fn first_sight(&mut self, locate: u16, symbol: [u8; 8]) -> Option<Listing> {
        let stock = self.known.stocks.get(locate);
        if stock.symbol.is_some_and(|known| known != symbol) {
            self.unusable("a stock locate that was another stock's today");
            self.stale(locate);
            return None;
        }
        let missed = stock.stale || !self.known.is_whole;
        let listing = match self.known.stocks.meet(locate, symbol, self.directory) {
            Met::Listed(listing) => listing,
            Met::Unlisted => return None,
            Met::Twice(before) => {
                self.unusable("a stock under a second locate");
                self.stale(before);
                return None;
            }
        };
        // Whatever stood there before is of another day, or another recording.
        self.clear(&listing, if missed { Flags::NONE } else { Flags::LAST });
        if missed {
            self.known.stocks.get(locate).stale = false;
            self.stale(locate);
        }
        if self.known.phase(locate) != Phase::Open {
            self.say_phase(locate);
        }
        Some(listing)
    }

    /// The listing of a stock that a message names by its locate alone.
    #[inline]
    fn listed(&mut self, locate: u16) -> Option<Listing> {
        let stock = self.known.stocks.get(locate);
        match stock.row {
            Row::Listed(listing) => Some(listing),
            Row::Unlisted => {
                self.known.counts.tally.foreign += 1;
                None
            }
            Row::Unmet => None,
        }
    }

    /// The order a message names, if it is there and the stock's.
    #[inline]
    fn found(&mut self, locate: u16, reference: u64) -> Option<Found> {
        let stock = self.known.stocks.get(locate);
        let listing = match stock.row {
            Row::Listed(listing) => listing,
            Row::Unlisted => {
                self.known.counts.tally.foreign += 1;
                return None;
            }
            Row::Unmet => {
                stock.stale = true;
                self.astray(locate, reference);
                return None;
            }
        };
        let found = self.known.orders.find(reference).filter(|(_, order)| order.locate == locate);
        let Some((at, order)) = found else {
            self.astray(locate, reference);
            return None;
        };
        let price = listing.ticks(order.price.nanos())?;
        Some(Found { at, order, price, listing })
    }

    /// An order that was never shown, or that is another stock's.
    #[cold]
    fn astray(&mut self, locate: u16, reference: u64) {
        self.stale(locate);
        match self.known.orders.find(reference) {
            Some((_, order)) => {
                self.known.counts.tally.misplaced += 1;
                self.stale(order.locate);
            }
            None => self.known.counts.tally.unknown += 1,
        }
    }

    pub(super) fn clear(&mut self, listing: &Listing, flags: Flags) {
        self.order(listing, 0, OrderAction::Clear, Ticks(0), Lots::ZERO, Side::Buy, flags);
    }

    #[inline]
    #[expect(clippy::too_many_arguments, reason = "the fields of a change, in their order")]
    fn order(
        &mut self,
        listing: &Listing,
        reference: u64,
        action: OrderAction,
        price: Ticks,
        size: Lots,
        side: Side,
        flags: Flags,
    ) {
        self.push(Event::Order(OrderDelta {
            venue_at: self.venue_at,
            order: MarketOrderId(reference),
            price,
            size,
            instrument: listing.id,
            side,
            action,
            flags,
        }));
    }

    #[inline]
    fn trade(&mut self, trade: Trade) {
        self.known.recent.note(&trade);
        self.push(Event::Trade(trade));
    }

    #[inline]
    pub(super) fn push(&mut self, event: Event) {
        self.out.push(self.received_at, event);
    }

    /// The message cannot be used, and its stock's book is not what the venue's is.
    #[cold]
    pub(super) fn spoiled(&mut self, locate: u16, what: &str) {
        self.unusable(what);
        self.stale(locate);
    }

    #[cold]
    pub(super) fn unusable(&mut self, what: &str) {
        self.known.counts.tally.damaged += 1;
        let number = self.known.number;
        self.out.fault(self.offset, 0, format!("message {number}: {what}"));
    }

    #[cold]
    fn stale(&mut self, locate: u16) {
        let number = self.known.number;
        self.known.stale(locate, self.received_at, self.venue_at, [number, number], self.out);
    }
}

impl Known {
    /// A stock's book is stale from here on; said once.
    pub(super) fn stale(
        &mut self,
        locate: u16,
        received_at: Nanos,
        venue_at: Nanos,
        [expected, received]: [u64; 2],
        out: &mut Output,
    ) {
        let stock = self.stocks.get(locate);
        if stock.stale {
            return;
        }
        stock.stale = true;
        if let Some(listing) = stock.listing() {
            self.counts.tally.stale += 1;
            let gap = Gap { venue_at, expected, received, instrument: Some(listing.id) };
            out.push(received_at, Event::Gap(gap));
        }
    }

    /// What the market lets one do in a stock.
    pub(super) fn phase(&mut self, locate: u16) -> Phase {
        match self.market {
            Phase::Closed => Phase::Closed,
            Phase::Open | Phase::PreOpen | Phase::Halted => self.stocks.get(locate).phase(),
        }
    }
}

#[inline]
pub(super) const fn side(indicator: u8) -> Option<Side> {
    match indicator {
        b'B' => Some(Side::Buy),
        b'S' => Some(Side::Sell),
        _ => None,
    }
}

/// Shares in lots; `None` when they are no whole number of lots, or more than can be counted.
#[inline]
pub(super) fn lots(listing: &Listing, shares: u64) -> Option<Lots> {
    listing.lots(i64::try_from(shares).ok()?.checked_mul(SHARE_NANOS)?)
}

const _: () = assert!(itch::BYTES_MIN >= itch::HEADER_BYTES);
