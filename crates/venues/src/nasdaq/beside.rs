//! What messages say beside the book: the course of the day, who may trade when, auctions and their limits.
//!
//! Never changes an order. A stock's phase is told whenever anything it follows from is told: the market's session, the
//! stock's own trading state, and whether NASDAQ's service for it is interrupted.

use super::itch::{NetOrderImbalance, Price4, StockTradingAction, SystemEvent};
use super::reading::{Reading, lots, side};
use super::stocks::{Stock, TradingState};
use crate::Listing;
use types::{Event, Flags, Lots, Phase, Statistic, StatisticKind, Status};

impl Reading<'_> {
    pub(super) fn imbalance(&mut self, imbalance: NetOrderImbalance<'_>) {
        let Some(listing) = self.named(imbalance.stock_locate(), imbalance.stock()) else { return };
        let direction = side(imbalance.imbalance_direction());
        let sizes = [
            (StatisticKind::PairedSize, imbalance.paired_shares(), None),
            (StatisticKind::ImbalanceSize, imbalance.imbalance_shares(), direction),
        ];
        for (kind, shares, side) in sizes {
            let Some(size) = lots(&listing, shares) else {
                return self.unusable("an imbalance is no whole number of lots");
            };
            let statistic = Statistic { value: size.0, side, ..self.statistic(&listing, kind) };
            self.push(Event::Statistic(statistic));
        }
        let prices = [
            (StatisticKind::FarPrice, imbalance.far_price()),
            (StatisticKind::NearPrice, imbalance.near_price()),
            (StatisticKind::ReferencePrice, imbalance.current_reference_price()),
        ];
        self.prices_of(&listing, &prices);
    }

    pub(super) fn prices(&mut self, locate: u16, symbol: [u8; 8], prices: &[(StatisticKind, Price4)]) {
        if let Some(listing) = self.named(locate, symbol) {
            self.prices_of(&listing, prices);
        }
    }

    /// Prices published beside the book; zero stands for none.
    fn prices_of(&mut self, listing: &Listing, prices: &[(StatisticKind, Price4)]) {
        for &(kind, price) in prices {
            let (value, fraction) = listing.price.floor(price.nanos());
            let deleted = price == Price4(0);
            let statistic = Statistic { value, fraction, deleted, ..self.statistic(listing, kind) };
            self.push(Event::Statistic(statistic));
        }
        if let Some(last) = self.out.arrivals.last_mut() {
            last.event.mark(Flags::LAST);
        }
    }

    fn statistic(&self, listing: &Listing, kind: StatisticKind) -> Statistic {
        Statistic {
            venue_at: self.venue_at,
            value: 0,
            size: Lots::ZERO,
            instrument: listing.id,
            fraction: 0,
            session_day: 0,
            kind,
            side: None,
            flags: Flags::NONE,
            deleted: false,
        }
    }

    /// Section 1.1. From the start of system hours NASDAQ matches continuously, before and after market hours too:
    /// nothing changes at their start but the opening auction.
    pub(super) fn system_event(&mut self, event: SystemEvent<'_>) {
        let phase = match event.event_code() {
            // Start of messages.
            b'O' => {
                self.new_day();
                Phase::Closed
            }
            // Start of system hours, start of market hours.
            b'S' | b'Q' => Phase::Open,
            // End of system hours, end of messages.
            b'E' | b'C' => Phase::Closed,
            // End of market hours, and what we do not know.
            _ => return,
        };
        self.known.market = phase;
        for at in 0..self.known.stocks.listed.len() {
            let locate = self.known.stocks.listed[at];
            self.say_phase(locate);
        }
    }

    fn new_day(&mut self) {
        self.known.counts.tally.days += 1;
        for at in 0..self.known.stocks.listed.len() {
            let locate = self.known.stocks.listed[at];
            if let Some(listing) = self.known.stocks.get(locate).listing() {
                self.clear(&listing, Flags::LAST);
            }
        }
        self.known.stocks.clear();
        self.known.orders.clear();
        self.known.recent.clear();
        self.known.is_whole = true;
    }

    pub(super) fn trading_action(&mut self, action: StockTradingAction<'_>) {
        let Some(trading) = TradingState::read(action.trading_state()) else {
            if self.named(action.stock_locate(), action.stock()).is_some() {
                self.spoiled(action.stock_locate(), "a trading state that is none we know");
            }
            return;
        };
        self.change_phase(action.stock_locate(), action.stock(), |stock| stock.trading = Some(trading));
    }

    pub(super) fn change_phase(&mut self, locate: u16, symbol: [u8; 8], change: impl FnOnce(&mut Stock)) {
        if self.named(locate, symbol).is_some() {
            change(self.known.stocks.get(locate));
            self.say_phase(locate);
        }
    }

    pub(super) fn say_phase(&mut self, locate: u16) {
        let phase = self.known.phase(locate);
        if let Some(listing) = self.known.stocks.get(locate).listing() {
            let status = Status { venue_at: self.venue_at, instrument: Some(listing.id), phase };
            self.push(Event::Status(status));
        }
    }
}
