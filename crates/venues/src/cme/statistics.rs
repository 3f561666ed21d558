//! What CME publishes beside its books: session statistics (35, 51), daily ones (33, 49), limits and bands (34, 50),
//! traded volume (37), the statistics of a snapshot (38, 52), and requests for quotes (39); of amounts of currency,
//! session statistics (67), volume (66) and a snapshot's (69).
//!
//! Each becomes a [`Statistic`]; none changes a book. Every entry has its place in its instrument's `RptSeq`, and a
//! hole before one is a gap like any other. A price may lie off the grid (settlements at clearing ticks), and keeps
//! its fraction; one beyond us is counted and nothing else, for no book hangs on it.

use super::amounts::Amount;
use super::instruments::Limits;
use super::reading::{Reading, Root};
use super::sbe::messages::{
    md_incremental_refresh_daily_statistics as daily, md_incremental_refresh_limits_banding as limits,
    md_incremental_refresh_session_statistics as session,
    md_incremental_refresh_session_statistics_long_qty as long_session,
    md_incremental_refresh_volume as volume, md_incremental_refresh_volume_long_qty as long_volume,
    quote_request, snapshot_full_refresh as snapshot, snapshot_full_refresh_long_qty as long_snapshot,
};
use super::sbe::schema::{Nine, Price, Scale};
use super::sbe::words::{
    MdEntryType, MdEntryTypeDailyStatistics, MdEntryTypeStatistics, MdUpdateAction, OpenCloseSettlFlag,
    SettlPriceType,
};
use super::wire::{Damage, Message};
use super::words::MatchEvent;
use crate::Listing;
use types::{Event, Flags, Lots, Nanos, QuoteRequest, Side, Statistic, StatisticKind, Unit};

/// What goes with a figure, apart from whose and when.
#[derive(Clone, Copy, Debug)]
struct Figure {
    kind: StatisticKind,
    size: Option<Amount>,
    /// `LocalMktDate`: days since 1970.
    session_day: Option<u16>,
    deleted: bool,
}

/// What an entry of a snapshot says, whichever way its message counts sizes.
struct Shown<D> {
    word: MdEntryType,
    flag: Option<OpenCloseSettlFlag>,
    settlement: SettlPriceType,
    session_day: Option<u16>,
    price: Option<Price<D>>,
    size: Option<Amount>,
}

/// What the root of a snapshot says of itself.
struct Shows<D> {
    security: i32,
    rpt_seq: u32,
    venue_at: Nanos,
    /// High, low, band.
    limits: [Option<Price<D>>; 3],
}

impl Figure {
    const fn new(kind: StatisticKind) -> Self {
        Self { kind, size: None, session_day: None, deleted: false }
    }
}

/// What a change of trading session takes back (CME "MDP 3.0 - Session Statistics Reset").
pub(super) const OF_A_SESSION: [StatisticKind; 7] = [
    StatisticKind::OpeningPrice,
    StatisticKind::IndicativeOpeningPrice,
    StatisticKind::SessionHigh,
    StatisticKind::SessionLow,
    StatisticKind::HighestBid,
    StatisticKind::LowestAsk,
    StatisticKind::Volume,
];

impl Reading<'_> {
    /// Templates 35 and 51.
    pub(super) fn session<D: Scale>(&mut self, message: &Message<'_>) -> Result<(), Damage> {
        use session::{Groups, NoMdEntries};
        let group = Groups::read(message.rest)?.no_md_entries.of_at_least(NoMdEntries::<D>::LEAST)?;
        let root = self.root(message)?;
        self.shared.counts.tally.statistics += group.count() as u64;
        let mut spare = NoMdEntries::<D>::SPARE;
        for index in 0..group.count() {
            let entry = NoMdEntries::<D>::of(group.entry(index), &mut spare);
            let Some(listing) = self.figure_of(entry.security_id(), entry.rpt_seq(), root) else { continue };
            let figure = Figure {
                size: entry.md_entry_size(message.version).map(Amount::Contracts),
                deleted: entry.md_update_action() == MdUpdateAction::DELETE,
                ..match session_kind(entry.md_entry_type(), entry.open_close_settl_flag()) {
                    Some(kind) => Figure::new(kind),
                    None => {
                        self.shared.counts.tally.other_kinds += 1;
                        continue;
                    }
                }
            };
            self.price_figure(listing, root, Some(entry.md_entry_px()), figure);
        }
        self.ended(root.event);
        Ok(())
    }

    /// Template 67: the same of amounts of currency.
    pub(super) fn long_session(&mut self, message: &Message<'_>) -> Result<(), Damage> {
        use long_session::{Groups, NoMdEntries};
        let group = Groups::read(message.rest)?.no_md_entries.of_at_least(NoMdEntries::<Nine>::LEAST)?;
        let root = self.root(message)?;
        self.shared.counts.tally.statistics += group.count() as u64;
        let mut spare = NoMdEntries::<Nine>::SPARE;
        for index in 0..group.count() {
            let entry = NoMdEntries::<Nine>::of(group.entry(index), &mut spare);
            let Some(listing) = self.figure_of(entry.security_id(), entry.rpt_seq(), root) else { continue };
            let Some(kind) = session_kind(entry.md_entry_type(), entry.open_close_settl_flag()) else {
                self.shared.counts.tally.other_kinds += 1;
                continue;
            };
            let figure = Figure {
                size: entry.md_entry_size().map(Amount::Currency),
                deleted: entry.md_update_action() == MdUpdateAction::DELETE,
                ..Figure::new(kind)
            };
            self.price_figure(listing, root, Some(entry.md_entry_px()), figure);
        }
        self.ended(root.event);
        Ok(())
    }

    /// Templates 33 and 49.
    pub(super) fn daily<D: Scale>(&mut self, message: &Message<'_>) -> Result<(), Damage> {
        use daily::{Groups, NoMdEntries};
        let group = Groups::read(message.rest)?.no_md_entries.of_at_least(NoMdEntries::<D>::LEAST)?;
        let root = self.root(message)?;
        self.shared.counts.tally.statistics += group.count() as u64;
        let mut spare = NoMdEntries::<D>::SPARE;
        for index in 0..group.count() {
            let entry = NoMdEntries::<D>::of(group.entry(index), &mut spare);
            let Some(listing) = self.figure_of(entry.security_id(), entry.rpt_seq(), root) else { continue };
            let word = MdEntryType(entry.md_entry_type().0);
            let Some(kind) = daily_kind(word, entry.settl_price_type()) else {
                self.shared.counts.tally.other_kinds += 1;
                continue;
            };
            let figure = Figure {
                session_day: entry.trading_reference_date(),
                deleted: entry.md_update_action() == MdUpdateAction::DELETE,
                ..Figure::new(kind)
            };
            match kind.unit() {
                Unit::Size => {
                    let size = entry.md_entry_size().map(Amount::Contracts);
                    self.size_figure(listing, root, size, figure);
                }
                Unit::Price | Unit::Number => self.price_figure(listing, root, entry.md_entry_px(), figure),
            }
        }
        self.ended(root.event);
        Ok(())
    }

    /// Templates 34 and 50: up to three figures an entry. One that is absent holds no more.
    pub(super) fn limits<D: Scale>(&mut self, message: &Message<'_>) -> Result<(), Damage> {
        use limits::{Groups, NoMdEntries};
        let group = Groups::read(message.rest)?.no_md_entries.of_at_least(NoMdEntries::<D>::LEAST)?;
        let root = self.root(message)?;
        self.shared.counts.tally.statistics += group.count() as u64;
        let mut spare = NoMdEntries::<D>::SPARE;
        for index in 0..group.count() {
            let entry = NoMdEntries::<D>::of(group.entry(index), &mut spare);
            let Some(listing) = self.figure_of(entry.security_id(), entry.rpt_seq(), root) else { continue };
            let slot = self.meet(entry.security_id());
            let (high, low) = (entry.high_limit_price(), entry.low_limit_price());
            self.limits_of(slot, listing, root, [high, low, entry.max_price_variation()]);
        }
        self.ended(root.event);
        Ok(())
    }

    /// Template 37.
    pub(super) fn volume(&mut self, message: &Message<'_>) -> Result<(), Damage> {
        use volume::{Groups, NoMdEntries};
        let group = Groups::read(message.rest)?.no_md_entries.of_at_least(NoMdEntries::LEAST)?;
        let root = self.root(message)?;
        self.shared.counts.tally.statistics += group.count() as u64;
        let mut spare = NoMdEntries::SPARE;
        for index in 0..group.count() {
            let entry = NoMdEntries::of(group.entry(index), &mut spare);
            let size = Amount::Contracts(entry.md_entry_size());
            self.volume_of((entry.security_id(), entry.rpt_seq()), entry.md_update_action(), size, root);
        }
        self.ended(root.event);
        Ok(())
    }

    /// Template 66: the same of amounts of currency.
    pub(super) fn long_volume(&mut self, message: &Message<'_>) -> Result<(), Damage> {
        use long_volume::{Groups, NoMdEntries};
        let group = Groups::read(message.rest)?.no_md_entries.of_at_least(NoMdEntries::LEAST)?;
        let root = self.root(message)?;
        self.shared.counts.tally.statistics += group.count() as u64;
        let mut spare = NoMdEntries::SPARE;
        for index in 0..group.count() {
            let entry = NoMdEntries::of(group.entry(index), &mut spare);
            let size = Amount::Currency(entry.md_entry_size());
            self.volume_of((entry.security_id(), entry.rpt_seq()), entry.md_update_action(), size, root);
        }
        self.ended(root.event);
        Ok(())
    }

    /// What has traded of an instrument, by its number and its `RptSeq`.
    fn volume_of(
        &mut self,
        (security, rpt_seq): (i32, u32),
        action: MdUpdateAction,
        size: Amount,
        root: Root,
    ) {
        let Some(listing) = self.figure_of(security, rpt_seq, root) else { return };
        let deleted = action == MdUpdateAction::DELETE;
        let figure = Figure { deleted, ..Figure::new(StatisticKind::Volume) };
        self.size_figure(listing, root, Some(size), figure);
    }

    /// Template 39: no book, no `RptSeq`.
    pub(super) fn quote_request(&mut self, message: &Message<'_>) -> Result<(), Damage> {
        use quote_request::{Groups, NoRelatedSym, Root as Block};
        let group = Groups::read(message.rest)?.no_related_sym.of_at_least(NoRelatedSym::LEAST)?;
        let mut spare = Block::SPARE;
        let block = Block::of(message.block_of_at_least(Block::LEAST)?, &mut spare);
        self.channel.incremental = true;
        let venue_at = self.venue_at(block.transact_time());
        self.shared.counts.tally.quote_requests += group.count() as u64;
        let mut spare = NoRelatedSym::SPARE;
        for index in 0..group.count() {
            let entry = NoRelatedSym::of(group.entry(index), &mut spare);
            let slot = self.meet(entry.security_id());
            let Some(listing) = self.shared.instruments.slots[slot].listing else {
                self.shared.counts.tally.foreign += 1;
                continue;
            };
            self.emit(Event::QuoteRequest(QuoteRequest {
                venue_at,
                size: entry
                    .order_qty()
                    .and_then(|size| Amount::Contracts(size).lots(&listing))
                    .unwrap_or(Lots::ZERO),
                instrument: listing.id,
                // FIX tag 54; 8 is a cross, which has no side.
                side: match entry.side() {
                    Some(1) => Some(Side::Buy),
                    Some(2) => Some(Side::Sell),
                    _ => None,
                },
            }));
        }
        self.ended(MatchEvent(block.match_event_indicator().0));
        Ok(())
    }

    /// The statistics of a snapshot (38, 52): its books are recovery's. They are news when nothing later of the
    /// instrument has been heard, and only in the first of the rounds that say them.
    pub(super) fn snapshot_statistics<D: Scale>(&mut self, message: &Message<'_>) -> Result<(), Damage> {
        use snapshot::{Groups, NoMdEntries, Root as Block};
        let group = Groups::read(message.rest)?.no_md_entries.of_at_least(NoMdEntries::<D>::LEAST)?;
        let mut spare = Block::<D>::SPARE;
        let block = Block::<D>::of(message.block_of_at_least(Block::<D>::LEAST)?, &mut spare);
        let shows = Shows {
            security: block.security_id(),
            rpt_seq: block.rpt_seq(),
            venue_at: self.venue_at(block.transact_time()),
            limits: [block.high_limit_price(), block.low_limit_price(), block.max_price_variation()],
        };
        let Some((listing, root)) = self.snapshot_news(&shows) else { return Ok(()) };
        let mut spare = NoMdEntries::<D>::SPARE;
        for index in 0..group.count() {
            let entry = NoMdEntries::<D>::of(group.entry(index), &mut spare);
            let shown = Shown {
                word: entry.md_entry_type(),
                flag: entry.open_close_settl_flag(),
                settlement: entry.settl_price_type(),
                session_day: entry.trading_reference_date(),
                price: entry.md_entry_px(),
                size: entry.md_entry_size().map(Amount::Contracts),
            };
            self.snapshot_figure(listing, root, &shown);
        }
        Ok(())
    }

    /// The same of a snapshot of amounts of currency (69), which says nothing of settlements.
    pub(super) fn long_snapshot_statistics(&mut self, message: &Message<'_>) -> Result<(), Damage> {
        use long_snapshot::{Groups, NoMdEntries, Root as Block};
        let group = Groups::read(message.rest)?.no_md_entries.of_at_least(NoMdEntries::<Nine>::LEAST)?;
        let mut spare = Block::<Nine>::SPARE;
        let block = Block::<Nine>::of(message.block_of_at_least(Block::<Nine>::LEAST)?, &mut spare);
        let shows = Shows {
            security: block.security_id(),
            rpt_seq: block.rpt_seq(),
            venue_at: self.venue_at(block.transact_time()),
            limits: [block.high_limit_price(), block.low_limit_price(), block.max_price_variation()],
        };
        let Some((listing, root)) = self.snapshot_news(&shows) else { return Ok(()) };
        let mut spare = NoMdEntries::<Nine>::SPARE;
        for index in 0..group.count() {
            let entry = NoMdEntries::<Nine>::of(group.entry(index), &mut spare);
            let shown = Shown {
                word: entry.md_entry_type(),
                flag: entry.open_close_settl_flag(),
                settlement: SettlPriceType::NULL_VALUE,
                session_day: None,
                price: entry.md_entry_px(),
                size: entry.md_entry_size().map(Amount::Currency),
            };
            self.snapshot_figure(listing, root, &shown);
        }
        Ok(())
    }

    /// Whose statistics a snapshot shows, if they are news; its limits have been said then.
    fn snapshot_news<D: Scale>(&mut self, shows: &Shows<D>) -> Option<(Listing, Root)> {
        let slot = self.shared.instruments.find(shows.security)?;
        let entry = &self.shared.instruments.slots[slot];
        let (listing, heard) = (entry.listing?, entry.rpt_seq);
        let said = &mut self.shared.instruments.about[slot].statistics_at;
        if shows.rpt_seq < heard || *said == Some(shows.rpt_seq) {
            return None;
        }
        *said = Some(shows.rpt_seq);
        let root = Root { venue_at: shows.venue_at, event: MatchEvent::NONE, flags: Flags::SNAPSHOT };
        self.limits_of(slot, listing, root, shows.limits);
        Some((listing, root))
    }

    fn snapshot_figure<D: Scale>(&mut self, listing: Listing, root: Root, shown: &Shown<D>) {
        let kind = session_kind(MdEntryTypeStatistics(shown.word.0), shown.flag)
            .or_else(|| daily_kind(shown.word, shown.settlement))
            .or(match shown.word {
                MdEntryType::ELECTRONIC_VOLUME => Some(StatisticKind::Volume),
                MdEntryType::TRADE => Some(StatisticKind::LastPrice),
                _ => None,
            });
        // The rest are levels.
        let Some(kind) = kind else { return };
        let figure = Figure { session_day: shown.session_day, ..Figure::new(kind) };
        match kind.unit() {
            Unit::Size => self.size_figure(listing, root, shown.size, figure),
            Unit::Price | Unit::Number => {
                let figure = Figure { size: shown.size, ..figure };
                self.price_figure(listing, root, shown.price, figure);
            }
        }
    }

    /// Follows the instrument's numbering, and answers how it is listed in this run.
    fn figure_of(&mut self, security: i32, rpt_seq: u32, root: Root) -> Option<Listing> {
        let slot = self.meet(security);
        self.follow(slot, rpt_seq, root.venue_at);
        let listing = self.shared.instruments.slots[slot].listing;
        self.shared.counts.tally.foreign += u64::from(listing.is_none());
        listing
    }

    /// Also binds what comes after: a price beyond its limits is damage. The band does not, for the price it lies
    /// around is not sent.
    fn limits_of<D: Scale>(
        &mut self,
        slot: usize,
        listing: Listing,
        root: Root,
        limits: [Option<Price<D>>; 3],
    ) {
        let [high, low, _] = limits.map(|limit| limit.and_then(Price::nanos));
        self.shared.instruments.slots[slot].limits = Limits::between(&listing, low, high);
        let kinds = [StatisticKind::HighLimit, StatisticKind::LowLimit, StatisticKind::PriceBand];
        for (kind, limit) in kinds.into_iter().zip(limits) {
            let figure = Figure { deleted: limit.is_none(), ..Figure::new(kind) };
            self.price_figure(listing, root, limit, figure);
        }
    }

    fn price_figure<D: Scale>(
        &mut self,
        listing: Listing,
        root: Root,
        price: Option<Price<D>>,
        figure: Figure,
    ) {
        // What is taken back may come without its value.
        let nanos = match price {
            Some(price) if price.mantissa != i64::MAX => price.nanos(),
            Some(_) | None => figure.deleted.then_some(0),
        };
        match nanos {
            Some(nanos) => {
                let (value, fraction) = listing.price.floor(nanos);
                self.say_figure(listing, root, value, fraction, figure);
            }
            None => self.shared.counts.tally.statistics_unusable += 1,
        }
    }

    fn size_figure(&mut self, listing: Listing, root: Root, size: Option<Amount>, figure: Figure) {
        let size = size.or(figure.deleted.then_some(Amount::NOTHING));
        match size.and_then(|size| size.lots(&listing)) {
            Some(size) => self.say_figure(listing, root, size.0, 0, Figure { size: None, ..figure }),
            None => self.shared.counts.tally.statistics_unusable += 1,
        }
    }

    fn say_figure(&mut self, listing: Listing, root: Root, value: i64, fraction: u16, figure: Figure) {
        let Figure { kind, size, session_day, deleted } = figure;
        self.emit(Event::Statistic(Statistic {
            venue_at: root.venue_at,
            value,
            size: size.and_then(|size| size.lots(&listing)).unwrap_or(Lots::ZERO),
            instrument: listing.id,
            fraction,
            session_day: session_day.unwrap_or(0),
            kind,
            side: side_of(kind),
            flags: root.flags,
            deleted,
        }));
    }

    /// A new trading session began: what the last one had is taken back.
    pub(super) fn reset_statistics(&mut self, listing: Listing, venue_at: Nanos) {
        let root = Root { venue_at, event: MatchEvent::NONE, flags: Flags::NONE };
        for kind in OF_A_SESSION {
            let figure = Figure { deleted: true, ..Figure::new(kind) };
            self.say_figure(listing, root, 0, 0, figure);
        }
    }
}

fn side_of(kind: StatisticKind) -> Option<Side> {
    if kind == StatisticKind::HighestBid {
        Some(Side::Buy)
    } else if kind == StatisticKind::LowestAsk {
        Some(Side::Sell)
    } else {
        None
    }
}

fn session_kind(word: MdEntryTypeStatistics, flag: Option<OpenCloseSettlFlag>) -> Option<StatisticKind> {
    match (word, flag) {
        (MdEntryTypeStatistics::OPEN_PRICE, Some(OpenCloseSettlFlag::INDICATIVE_OPENING_PRICE)) => {
            Some(StatisticKind::IndicativeOpeningPrice)
        }
        (MdEntryTypeStatistics::OPEN_PRICE, _) => Some(StatisticKind::OpeningPrice),
        (MdEntryTypeStatistics::HIGH_TRADE, _) => Some(StatisticKind::SessionHigh),
        (MdEntryTypeStatistics::LOW_TRADE, _) => Some(StatisticKind::SessionLow),
        (MdEntryTypeStatistics::HIGHEST_BID, _) => Some(StatisticKind::HighestBid),
        (MdEntryTypeStatistics::LOWEST_OFFER, _) => Some(StatisticKind::LowestAsk),
        _ => None,
    }
}

fn daily_kind(word: MdEntryType, settlement: SettlPriceType) -> Option<StatisticKind> {
    match MdEntryTypeDailyStatistics(word.0) {
        MdEntryTypeDailyStatistics::SETTLEMENT_PRICE => Some(settlement_kind(settlement)),
        MdEntryTypeDailyStatistics::CLEARED_VOLUME => Some(StatisticKind::ClearedVolume),
        MdEntryTypeDailyStatistics::OPEN_INTEREST => Some(StatisticKind::OpenInterest),
        MdEntryTypeDailyStatistics::FIXING_PRICE => Some(StatisticKind::FixingPrice),
        _ => None,
    }
}

/// `SettlPriceType` (tag 731). Whether a price is actual or theoretical, rounded to a trading tick or not, shows in
/// its fraction at most; whether it is the day's last word decides what may be done with it. A null set says
/// nothing, and nothing is not final.
fn settlement_kind(settlement: SettlPriceType) -> StatisticKind {
    if settlement.has(SettlPriceType::NULL_VALUE) {
        StatisticKind::PreliminarySettlementPrice
    } else if settlement.has(SettlPriceType::INTRADAY) {
        StatisticKind::IntradaySettlementPrice
    } else if settlement.has(SettlPriceType::FINAL_DAILY) {
        StatisticKind::SettlementPrice
    } else {
        StatisticKind::PreliminarySettlementPrice
    }
}
