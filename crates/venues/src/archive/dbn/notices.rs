//! What is published beside orders and quotes: bars, statistics, auctions' imbalances, status.
//!
//! Each stands for itself and never changes a book. What an event has no room for is counted: a status' reason and
//! trading event, an imbalance's auction time and state.

use super::Decoder;
use super::fields::View;
use super::layout::{self, NO_SIZE, rtype, schema};
use super::records::{Imbalance, Ohlcv, StatV1, StatV3, Status as Record};
use super::side;
use super::slots::Known;
use super::tally::Note;
use crate::archive::bars;
use crate::{Directory, Output};
use stdx::decimal::ONE;
use types::statistic::Unit;
use types::{Event, Flags, Lots, Nanos, Phase, Side, Statistic, StatisticKind, Status};

const DAY_SECONDS: u32 = 86_400;

/// What a statistic's type is called here (Databento, "Statistics: Types"). A family: a new type is a line.
const STATISTICS: [(u16, StatisticKind); 28] = [
    (1, StatisticKind::OpeningPrice),
    (2, StatisticKind::IndicativeOpeningPrice),
    (3, StatisticKind::SettlementPrice),
    (4, StatisticKind::SessionLow),
    (5, StatisticKind::SessionHigh),
    (6, StatisticKind::ClearedVolume),
    (7, StatisticKind::LowestAsk),
    (8, StatisticKind::HighestBid),
    (9, StatisticKind::OpenInterest),
    (10, StatisticKind::FixingPrice),
    (11, StatisticKind::ClosingPrice),
    (12, StatisticKind::NetChange),
    (13, StatisticKind::Vwap),
    (14, StatisticKind::ImpliedVolatility),
    (15, StatisticKind::Delta),
    (16, StatisticKind::UncrossingPrice),
    (17, StatisticKind::HighLimit),
    (18, StatisticKind::LowLimit),
    (19, StatisticKind::BlockVolume),
    (20, StatisticKind::IndicativeClosingPrice),
    (21, StatisticKind::CircuitBreaker1),
    (22, StatisticKind::CircuitBreaker2),
    (23, StatisticKind::CircuitBreaker3),
    (24, StatisticKind::ReferencePrice),
    (25, StatisticKind::UpperCollar),
    (26, StatisticKind::LowerCollar),
    (10_001, StatisticKind::VenueVolume),
    (10_002, StatisticKind::VenuePrice),
];

/// A statistic's record, whichever its version.
struct Figure {
    kind: u16,
    price: Option<i64>,
    quantity: Option<i64>,
    reference: Option<i64>,
    deleted: bool,
}

impl Figure {
    fn of(record: &[u8], version: u8) -> Option<(Self, u32, u64, u64)> {
        macro_rules! read {
            ($view:ident, $none:expr) => {{
                let stat = $view::of(record)?;
                let quantity = (stat.quantity() != $none).then(|| i64::from(stat.quantity()));
                let figure = Self {
                    kind: stat.stat_type(),
                    price: layout::price(stat.price()),
                    quantity,
                    reference: layout::time(stat.ts_ref()),
                    deleted: stat.update_action() == 2,
                };
                Some((figure, stat.instrument_id(), stat.ts_event(), stat.ts_recv()))
            }};
        }
        if version < 3 { read!(StatV1, i32::MAX) } else { read!(StatV3, i64::MAX) }
    }
}

impl Decoder {
    /// A figure of the venue's.
    pub(super) fn statistic(
        &mut self,
        version: u8,
        record: &[u8],
        directory: &mut Directory,
        out: &mut Output,
    ) {
        let Some((figure, number, ts_event, ts_recv)) = Figure::of(record, version) else { return };
        let (venue_at, received_at) = self.times(ts_event, Some(ts_recv));
        let Some(known) = self.slot(number, received_at, directory).known else { return };
        let Ok(row) = STATISTICS.binary_search_by_key(&figure.kind, |known| known.0) else {
            return self.tally.note(Note::StatisticUnknown);
        };
        let kind = STATISTICS[row].1;
        let mut statistic = blank(&known, venue_at, kind);
        statistic.deleted = figure.deleted;
        statistic.session_day = figure.reference.map_or(0, day);
        let sides = [(StatisticKind::HighestBid, Side::Buy), (StatisticKind::LowestAsk, Side::Sell)];
        statistic.side = sides.iter().find(|of| of.0 == kind).map(|of| of.1);
        let size = figure.quantity.map(|quantity| known.lots_of(quantity));
        let value = match kind.unit() {
            Unit::Size => size.map(|size| size.map(|lots| (lots.0, 0))),
            Unit::Price => figure.price.map(|price| Some(known.listing.price.floor(price))),
            Unit::Number => figure.price.map(|price| Some((price, 0))),
        };
        if kind.unit() == Unit::Price {
            statistic.size = size.flatten().unwrap_or(Lots::ZERO);
        }
        match value {
            Some(Some((value, fraction))) => (statistic.value, statistic.fraction) = (value, fraction),
            Some(None) => return self.damage(record.len(), Some(known.id()), TOO_LARGE, out),
            // Withdrawn without saying again what was said.
            None if figure.deleted => {}
            None => return self.tally.note(Note::StatisticEmpty),
        }
        self.emitter.emit_alone(received_at, Event::Statistic(statistic), out);
    }

    /// An auction's state: one statistic for each figure that is said.
    pub(super) fn imbalance(&mut self, record: &[u8], directory: &mut Directory, out: &mut Output) {
        let Some(view) = Imbalance::of(record) else { return };
        let (venue_at, received_at) = self.times(view.ts_event(), Some(view.ts_recv()));
        let Some(known) = self.slot(view.instrument_id(), received_at, directory).known else { return };
        let unpaired = view.unpaired_qty();
        self.tally.note_if(unpaired != 0 && unpaired != NO_SIZE, Note::Unpaired);
        let indicative = match view.auction_type() {
            b'O' => StatisticKind::IndicativeOpeningPrice,
            b'C' => StatisticKind::IndicativeClosingPrice,
            _ => StatisticKind::UncrossingPrice,
        };
        let prices = [
            (StatisticKind::ReferencePrice, view.ref_price()),
            (StatisticKind::NearPrice, view.cont_book_clr_price()),
            (StatisticKind::FarPrice, view.auct_interest_clr_price()),
            (StatisticKind::ShortSalePrice, view.ssr_filling_price()),
            (indicative, view.ind_match_price()),
            (StatisticKind::UpperCollar, view.upper_collar()),
            (StatisticKind::LowerCollar, view.lower_collar()),
        ];
        let sizes = [
            (StatisticKind::PairedSize, view.paired_qty()),
            (StatisticKind::ImbalanceSize, view.total_imbalance_qty()),
            (StatisticKind::MarketImbalanceSize, view.market_imbalance_qty()),
        ];
        let goes_on = self.emitter.is_waiting;
        for (kind, field) in prices {
            let Some(price) = layout::price(field) else { continue };
            let mut statistic = blank(&known, venue_at, kind);
            (statistic.value, statistic.fraction) = known.listing.price.floor(price);
            self.emitter.emit(received_at, Event::Statistic(statistic), out);
        }
        for (kind, size) in sizes.into_iter().filter(|&(_, size)| size != NO_SIZE) {
            let Some(lots) = known.lots(size) else {
                return self.damage(record.len(), Some(known.id()), TOO_LARGE, out);
            };
            let mut statistic = blank(&known, venue_at, kind);
            statistic.value = lots.0;
            statistic.side = if kind == StatisticKind::PairedSize { None } else { side(view.side()) };
            self.emitter.emit(received_at, Event::Statistic(statistic), out);
        }
        if !goes_on {
            self.emitter.end(known.id(), out);
        }
    }

    /// A bar. It reaches us when its span is over, though it is stamped with its beginning.
    pub(super) fn bar(&mut self, kind: u8, record: &[u8], directory: &mut Directory, out: &mut Output) {
        let Some(view) = Ohlcv::of(record) else { return };
        let Some(seconds) = seconds(kind, self.schema) else {
            return self.tally.note(Note::BarWithoutSpan);
        };
        let venue_at = layout::time(view.ts_event()).map_or(self.seen_at, Nanos);
        let received_at = venue_at + Nanos::from_secs(i64::from(seconds));
        self.seen_at = received_at;
        let Some(known) = self.slot(view.instrument_id(), venue_at, directory).known else { return };
        let fields = [view.open(), view.high(), view.low(), view.close()];
        let prices = fields.map(|field| layout::price(field).and_then(|price| known.listing.ticks(price)));
        let volume = i64::try_from(view.volume()).ok().and_then(|volume| known.lots_of(volume));
        let ([Some(open), Some(high), Some(low), Some(close)], Some(volume)) = (prices, volume) else {
            return self.damage(
                record.len(),
                Some(known.id()),
                "a bar without a price, or off the grid",
                out,
            );
        };
        let prices = [open, high, low, close];
        let read = bars::Read { start: venue_at, end: received_at, seconds, prices, volume };
        match bars::give(&read, &known.listing, out) {
            // A bar takes no mark: nothing waits for the end of its event.
            Ok(()) => self.emitter.is_waiting = false,
            Err(what) => self.damage(record.len(), Some(known.id()), what, out),
        }
    }

    /// Trading opens, pauses or closes.
    pub(super) fn status(&mut self, record: &[u8], directory: &mut Directory, out: &mut Output) {
        let Some(view) = Record::of(record) else { return };
        let (venue_at, received_at) = self.times(view.ts_event(), Some(view.ts_recv()));
        let Some(known) = self.slot(view.instrument_id(), received_at, directory).known else { return };
        self.tally.reason(view.reason());
        self.tally.note_if(view.is_short_sell_restricted() == b'Y', Note::ShortSaleRestricted);
        match view.trading_event() {
            1 => self.tally.note(Note::EventNoCancel),
            2 => self.tally.note(Note::EventNewSession),
            3 => self.tally.note(Note::EventImpliedOn),
            4 => self.tally.note(Note::EventImpliedOff),
            _ => {}
        }
        if let Some(phase) = phase(view.action(), view.is_trading(), view.is_quoting()) {
            let event = Event::Status(Status { venue_at, instrument: Some(known.id()), phase });
            self.emitter.emit(received_at, event, out);
        }
    }
}

const TOO_LARGE: &str = "a quantity that is no whole number of lots, or more than any market has";

const fn blank(known: &Known, venue_at: Nanos, kind: StatisticKind) -> Statistic {
    Statistic {
        venue_at,
        value: 0,
        size: Lots::ZERO,
        instrument: known.id(),
        fraction: 0,
        session_day: 0,
        kind,
        side: None,
        flags: Flags::NONE,
        deleted: false,
    }
}

/// Days since 1970; 0 for what 16 bits of days do not reach.
fn day(at: i64) -> u16 {
    u16::try_from(at / (i64::from(DAY_SECONDS) * ONE)).unwrap_or(0)
}

/// A bar's span: by its type, or by the schema when its type is the old one of all bars.
const fn seconds(kind: u8, schema: u16) -> Option<u32> {
    const SPANS: [u32; 4] = [1, 60, 3_600, DAY_SECONDS];
    match kind {
        rtype::OHLCV_1S => Some(SPANS[0]),
        rtype::OHLCV_1M => Some(SPANS[1]),
        rtype::OHLCV_1H => Some(SPANS[2]),
        rtype::OHLCV_1D | rtype::OHLCV_EOD => Some(SPANS[3]),
        _ if schema >= schema::OHLCV_1S && schema <= schema::OHLCV_1D => {
            Some(SPANS[(schema - schema::OHLCV_1S) as usize])
        }
        _ => None,
    }
}

/// What a status record means for trading. The venue's own words for "trading" and "quoting" go before the
/// kind of change, except where trading is stopped: some venues send a new price indication while they trade.
const fn phase(action: u16, is_trading: u8, is_quoting: u8) -> Option<Phase> {
    match (action, is_trading, is_quoting) {
        // No change; a change of the short-sale rule.
        (0 | 14, ..) => None,
        // Halt, pause, suspension.
        (8..=10, ..) => Some(Phase::Halted),
        // Close, after the close, not available.
        (12 | 13 | 15, ..) => Some(Phase::Closed),
        (_, b'Y', _) => Some(Phase::Open),
        // Trading; shortly before the close.
        (7 | 11, b'~', _) => Some(Phase::Open),
        // Before the open or a cross, quoting, cross, rotation, price indication.
        (1..=6, ..) | (_, _, b'Y') => Some(Phase::PreOpen),
        (7 | 11, ..) => Some(Phase::Halted),
        // A kind of change that came after version 3.
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statistics_can_be_searched() {
        assert!(STATISTICS.is_sorted_by_key(|known| known.0));
    }

    #[test]
    fn a_status_says_what_trading_may_do() {
        let cases = [
            ((7, b'Y', b'Y'), Some(Phase::Open)),
            ((6, b'Y', b'Y'), Some(Phase::Open)),
            ((7, b'~', b'~'), Some(Phase::Open)),
            ((7, b'N', b'N'), Some(Phase::Halted)),
            ((1, b'N', b'Y'), Some(Phase::PreOpen)),
            ((4, b'~', b'~'), Some(Phase::PreOpen)),
            ((8, b'Y', b'Y'), Some(Phase::Halted)),
            ((12, b'N', b'N'), Some(Phase::Closed)),
            ((0, b'Y', b'Y'), None),
            ((14, b'~', b'~'), None),
            ((99, b'~', b'~'), None),
        ];
        for ((action, trading, quoting), expected) in cases {
            assert_eq!(phase(action, trading, quoting), expected, "{action}");
        }
    }

    #[test]
    fn a_bar_spans_what_its_type_says_or_its_schema() {
        let cases = [
            ((rtype::OHLCV_1S, 0), Some(1)),
            ((rtype::OHLCV_1M, 5), Some(60)),
            ((rtype::OHLCV_1H, 5), Some(3_600)),
            ((rtype::OHLCV_1D, 5), Some(86_400)),
            ((rtype::OHLCV_EOD, 13), Some(86_400)),
            ((rtype::OHLCV_OLD, 5), Some(1)),
            ((rtype::OHLCV_OLD, 8), Some(86_400)),
            ((rtype::OHLCV_OLD, 4), None),
            ((rtype::OHLCV_OLD, schema::NONE), None),
        ];
        for ((kind, schema), span) in cases {
            assert_eq!(seconds(kind, schema), span, "{kind} {schema}");
        }
    }
}
