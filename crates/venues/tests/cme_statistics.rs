//! What CME publishes beside its books, on messages made field by field with the generated codecs: each becomes the
//! event that it is, in its own unit, and its place in the instrument's numbering counts.

use types::{
    Contract, Depths, Event, Flags, Instrument, InstrumentId, Lots, Nanos, Origin, Phase, Side, Statistic,
    StatisticKind, Ticks,
};
use venues::cme::encode::{Future, Level, Of, PacketWriter};
use venues::cme::sbe::messages::{
    md_incremental_refresh_book as book, md_incremental_refresh_daily_statistics as daily,
    md_incremental_refresh_limits_banding as limits, md_incremental_refresh_session_statistics as session,
    md_incremental_refresh_trade_summary as summary, md_incremental_refresh_volume as volume,
    md_instrument_definition_option as option, md_instrument_definition_spread as spread, quote_request,
    security_status, snapshot_full_refresh as snapshot,
};
use venues::cme::sbe::schema::{Nine, Price};
use venues::cme::sbe::words::{
    AggressorSide, MatchEventIndicator, MdEntryType, MdEntryTypeDailyStatistics as Daily,
    MdEntryTypeStatistics as Session, MdUpdateAction, OpenCloseSettlFlag, SecurityTradingEvent,
    SecurityTradingStatus, SecurityUpdateAction, SettlPriceType,
};
use venues::cme::{Action, Decoder, Line, MatchEvent};
use venues::{Directory, Output};

const ES: i32 = 118;
const SENT: Nanos = Nanos(1_700_000_000_000_000_000);
const LINE: Line = Line { ip: [224, 0, 31, 1], port: 14_310 };
const SNAPSHOTS: Line = Line { ip: [224, 0, 31, 22], port: 14_310 };
const DEFINITIONS: Line = Line { ip: [224, 0, 31, 43], port: 14_310 };
/// A quarter point, as it is sent.
const TICK: i64 = 25_000_000_000;

/// One message: its root block, and for each group its entries and whether its dimension is wide.
struct Made<'a> {
    template: u16,
    block: Vec<u8>,
    groups: Vec<(bool, &'a [Vec<u8>])>,
}

fn made(template: u16, block: Vec<u8>, entries: &[Vec<u8>]) -> Made<'_> {
    Made { template, block, groups: vec![(false, entries)] }
}

fn packet(sequence: u32, messages: &[Made<'_>]) -> Vec<u8> {
    let mut bytes = Vec::new();
    bytes.extend(sequence.to_le_bytes());
    bytes.extend((SENT.0.unsigned_abs() + u64::from(sequence)).to_le_bytes());
    for Made { template, block, groups } in messages {
        let start = bytes.len();
        for word in [0, u16::try_from(block.len()).expect("short"), *template, 1, 9] {
            bytes.extend(word.to_le_bytes());
        }
        bytes.extend(block);
        for (wide, entries) in groups {
            let length = entries.first().map_or(0, Vec::len);
            bytes.extend(u16::try_from(length).expect("short").to_le_bytes());
            bytes.extend(if *wide { &[0; 5][..] } else { &[] });
            bytes.push(u8::try_from(entries.len()).expect("few"));
            bytes.extend(entries.concat());
        }
        let size = u16::try_from(bytes.len() - start).expect("short");
        bytes[start..start + 2].copy_from_slice(&size.to_le_bytes());
    }
    bytes
}

/// A block of `bytes`, written by `write`.
fn block(bytes: u16, write: impl FnOnce(&mut [u8])) -> Vec<u8> {
    let mut block = vec![0; usize::from(bytes)];
    write(&mut block);
    block
}

/// The root of every refresh, ending its event.
fn refresh() -> Vec<u8> {
    block(book::Root::WIRE, |block| {
        book::Root::TRANSACT_TIME.set(block, SENT.0.unsigned_abs());
        book::Root::MATCH_EVENT_INDICATOR.set(block, MatchEventIndicator::END_OF_EVENT);
    })
}

struct Desk {
    decoder: Decoder,
    directory: Directory,
    out: Output,
}

impl Desk {
    fn new() -> Self {
        let terms = types::instrument::Terms {
            id: InstrumentId(0),
            symbol: "ESH4".into(),
            venue: "cme".into(),
            currency: "USD".into(),
            contract: Contract::Linear,
            tick_nanos: 250_000_000,
            lot_nanos: 1_000_000_000,
            multiplier_nanos: 50_000_000_000,
            depths: Depths::default(),
            origin: Origin::Definition,
        };
        let instrument = Instrument::new(terms).expect("valid terms");
        let directory = Directory::run(&[instrument], &[TICK]);
        let mut desk = Self { decoder: Decoder::new(), directory, out: Output::default() };
        let mut bytes = Vec::new();
        let mut writer = PacketWriter::begin(&mut bytes, 1, SENT);
        writer.future(&future(ES, "ESH4", 50_000_000_000), SENT);
        assert!(writer.finish() > 0);
        assert_eq!(desk.give(DEFINITIONS, &bytes), []);
        desk
    }

    /// The events of one packet, which holds nothing that cannot be read.
    fn give(&mut self, line: Line, packet: &[u8]) -> Vec<Event> {
        self.out.clear();
        self.decoder.packet(SENT, line, packet, 0, &mut self.directory, &mut self.out);
        assert_eq!(self.out.faults, []);
        self.out.arrivals.iter().map(|arrival| arrival.event).collect()
    }

    fn count(&self, name: &str) -> u64 {
        self.decoder.counts().iter().find(|(found, _)| found == name).map_or(0, |(_, count)| *count)
    }
}

fn future(security: i32, symbol: &'static str, unit: i64) -> Future<'static> {
    Future {
        security,
        symbol,
        group: &symbol[..2],
        asset: &symbol[..2],
        currency: "USD",
        wire_tick_nanos: TICK,
        display_factor_nanos: 10_000_000,
        tick_amount_nanos: unit / 4,
        unit_size_nanos: unit,
        phase: Phase::Open,
    }
}

fn statistics(events: &[Event]) -> Vec<Statistic> {
    let of = |event: &Event| if let Event::Statistic(statistic) = event { Some(*statistic) } else { None };
    events.iter().filter_map(of).collect()
}

fn session_entry(
    rpt_seq: u32,
    word: Session,
    flag: Option<OpenCloseSettlFlag>,
    action: MdUpdateAction,
) -> Vec<u8> {
    type Entry<'a> = session::NoMdEntries<'a, Nine>;
    block(Entry::WIRE, |entry| {
        Entry::MD_ENTRY_PX.set(entry, Price::new(9 * TICK));
        Entry::SECURITY_ID.set(entry, ES);
        Entry::RPT_SEQ.set(entry, rpt_seq);
        Entry::OPEN_CLOSE_SETTL_FLAG.set(entry, flag);
        Entry::MD_UPDATE_ACTION.set(entry, action);
        Entry::MD_ENTRY_TYPE.set(entry, word);
        Entry::MD_ENTRY_SIZE.set(entry, Some(40));
    })
}

#[test]
fn every_session_statistic_is_its_kind_and_says_whether_it_was_taken_back() {
    let (new, delete) = (MdUpdateAction::NEW, MdUpdateAction::DELETE);
    let indicative = Some(OpenCloseSettlFlag::INDICATIVE_OPENING_PRICE);
    let daily = Some(OpenCloseSettlFlag::DAILY_OPEN_PRICE);
    let cases = [
        (Session::OPEN_PRICE, daily, new, StatisticKind::OpeningPrice, None),
        (Session::OPEN_PRICE, indicative, new, StatisticKind::IndicativeOpeningPrice, None),
        (Session::OPEN_PRICE, indicative, delete, StatisticKind::IndicativeOpeningPrice, None),
        (Session::HIGH_TRADE, None, new, StatisticKind::SessionHigh, None),
        (Session::LOW_TRADE, None, delete, StatisticKind::SessionLow, None),
        (Session::HIGHEST_BID, None, new, StatisticKind::HighestBid, Some(Side::Buy)),
        (Session::LOWEST_OFFER, None, new, StatisticKind::LowestAsk, Some(Side::Sell)),
    ];
    let mut desk = Desk::new();
    for (sequence, (word, flag, action, kind, side)) in (1..).zip(cases) {
        let entries = [session_entry(sequence, word, flag, action)];
        let events = desk.give(LINE, &packet(sequence, &[made(51, refresh(), &entries)]));
        let expected = Statistic {
            venue_at: SENT,
            value: 9,
            size: Lots(40),
            instrument: InstrumentId(0),
            fraction: 0,
            session_day: 0,
            kind,
            side,
            flags: Flags::LAST,
            deleted: action == delete,
        };
        assert_eq!(events, [Event::Statistic(expected)], "{kind:?}");
    }
    let strange = [session_entry(8, Session(b'?'), None, new)];
    assert_eq!(desk.give(LINE, &packet(8, &[made(51, refresh(), &strange)])), []);
    assert_eq!(desk.count("entries of another type"), 1);
}

fn daily_entry(
    rpt_seq: u32,
    word: Daily,
    settlement: SettlPriceType,
    price: Option<i64>,
    size: Option<i32>,
) -> Vec<u8> {
    type Entry<'a> = daily::NoMdEntries<'a, Nine>;
    block(Entry::WIRE, |entry| {
        Entry::MD_ENTRY_PX.set(entry, price.map(Price::new));
        Entry::MD_ENTRY_SIZE.set(entry, size);
        Entry::SECURITY_ID.set(entry, ES);
        Entry::RPT_SEQ.set(entry, rpt_seq);
        Entry::TRADING_REFERENCE_DATE.set(entry, Some(19_675));
        Entry::SETTL_PRICE_TYPE.set(entry, settlement);
        Entry::MD_UPDATE_ACTION.set(entry, MdUpdateAction::NEW);
        Entry::MD_ENTRY_TYPE.set(entry, word);
    })
}

#[test]
fn a_settlement_is_final_only_when_the_venue_says_so() {
    let set = |bits: &[SettlPriceType]| SettlPriceType(bits.iter().map(|bit| bit.0).sum());
    let (last, actual, intraday, null) = (
        SettlPriceType::FINAL_DAILY,
        SettlPriceType::ACTUAL,
        SettlPriceType::INTRADAY,
        SettlPriceType::NULL_VALUE,
    );
    let cases = [
        (set(&[last, actual]), StatisticKind::SettlementPrice),
        (set(&[last]), StatisticKind::SettlementPrice),
        (set(&[actual]), StatisticKind::PreliminarySettlementPrice),
        (set(&[]), StatisticKind::PreliminarySettlementPrice),
        (set(&[intraday, actual]), StatisticKind::IntradaySettlementPrice),
        (set(&[null, last]), StatisticKind::PreliminarySettlementPrice),
    ];
    let mut desk = Desk::new();
    for (sequence, (settlement, kind)) in (1..).zip(cases) {
        // Settled at a clearing tick: a tenth of ours above 100.
        let entry = daily_entry(sequence, Daily::SETTLEMENT_PRICE, settlement, Some(TICK * 1_001 / 10), None);
        let events = desk.give(LINE, &packet(sequence, &[made(49, refresh(), &[entry])]));
        let [Event::Statistic(found)] = events[..] else { panic!("{events:?}") };
        assert_eq!((found.kind, found.value, found.fraction), (kind, 100, 1_000), "{settlement:?}");
        assert_eq!((found.session_day, found.price()), (19_675, Some(Ticks(100))));
    }
}

#[test]
fn daily_figures_of_size_are_lots_and_what_has_no_value_is_counted() {
    let none = SettlPriceType(0);
    let entries = [
        daily_entry(1, Daily::CLEARED_VOLUME, none, None, Some(7)),
        daily_entry(2, Daily::OPEN_INTEREST, none, None, Some(11)),
        daily_entry(3, Daily::FIXING_PRICE, none, Some(2 * TICK), None),
        daily_entry(4, Daily::OPEN_INTEREST, none, Some(5), None),
        daily_entry(5, Daily::FIXING_PRICE, none, None, None),
        daily_entry(6, Daily(b'?'), none, None, None),
    ];
    let mut desk = Desk::new();
    let events = desk.give(LINE, &packet(1, &[made(49, refresh(), &entries)]));
    let found: Vec<_> = statistics(&events).iter().map(|s| (s.kind, s.value)).collect();
    let expected = [
        (StatisticKind::ClearedVolume, 7),
        (StatisticKind::OpenInterest, 11),
        (StatisticKind::FixingPrice, 2),
    ];
    assert_eq!(found, expected);
    assert_eq!(desk.count("entries statistic unusable"), 2);
    assert_eq!(desk.count("entries of another type"), 1);
    assert_eq!(desk.count("RptSeq gaps"), 0);
}

fn limits_entry(rpt_seq: u32, prices: [Option<i64>; 3]) -> Vec<u8> {
    type Entry<'a> = limits::NoMdEntries<'a, Nine>;
    block(Entry::WIRE, |entry| {
        let [high, low, band] = prices.map(|price| price.map(Price::new));
        Entry::HIGH_LIMIT_PRICE.set(entry, high);
        Entry::LOW_LIMIT_PRICE.set(entry, low);
        Entry::MAX_PRICE_VARIATION.set(entry, band);
        Entry::SECURITY_ID.set(entry, ES);
        Entry::RPT_SEQ.set(entry, rpt_seq);
    })
}

#[test]
fn a_limit_that_is_absent_holds_no_more() {
    let entry = limits_entry(1, [Some(20 * TICK), None, Some(3 * TICK)]);
    let events = Desk::new().give(LINE, &packet(1, &[made(50, refresh(), &[entry])]));
    let found: Vec<_> = statistics(&events).iter().map(|s| (s.kind, s.value, s.deleted)).collect();
    let expected = [
        (StatisticKind::HighLimit, 20, false),
        (StatisticKind::LowLimit, 0, true),
        (StatisticKind::PriceBand, 3, false),
    ];
    assert_eq!(found, expected);
}

fn volume_entry(rpt_seq: u32, security: i32, size: i32) -> Vec<u8> {
    type Entry<'a> = volume::NoMdEntries<'a>;
    block(Entry::WIRE, |entry| {
        Entry::MD_ENTRY_SIZE.set(entry, size);
        Entry::SECURITY_ID.set(entry, security);
        Entry::RPT_SEQ.set(entry, rpt_seq);
        Entry::MD_UPDATE_ACTION.set(entry, MdUpdateAction::NEW);
    })
}

#[test]
fn numbering_goes_on_across_books_and_statistics() {
    let level = |rpt_seq| Level {
        security: ES,
        rpt_seq,
        side: Side::Buy,
        implied: false,
        action: Action::New,
        depth: 1,
        price_nanos: 4 * TICK,
        size: 1,
        orders: 1,
    };
    let mut desk = Desk::new();
    let mut bytes = Vec::new();
    let mut writer = PacketWriter::begin(&mut bytes, 1, SENT);
    writer.book(SENT, MatchEvent::END, &[level(1)], &[]);
    assert!(writer.finish() > 0);
    assert_eq!(desk.give(LINE, &bytes).len(), 1);
    // 2 and 3 are statistics, 4 is lost, 5 is a statistic again: its figure is good, the book is not.
    let entries = [volume_entry(2, ES, 30), volume_entry(3, ES, 31)];
    let events = desk.give(LINE, &packet(2, &[made(37, refresh(), &entries)]));
    let values: Vec<_> = statistics(&events).iter().map(|s| (s.kind, s.quantity())).collect();
    assert_eq!(values, [30, 31].map(|size| (StatisticKind::Volume, Some(Lots(size)))));
    let entry = [limits_entry(5, [None; 3])];
    let kinds: Vec<_> =
        desk.give(LINE, &packet(3, &[made(50, refresh(), &entry)])).iter().map(Event::kind).collect();
    assert_eq!(kinds, ["gap", "statistic", "statistic", "statistic"]);
    // A template of a schema to come is passed over; that it took a number shows in the next one.
    let later = Made { template: 99, block: refresh(), groups: Vec::new() };
    assert_eq!(desk.give(LINE, &packet(4, &[later])), []);
    assert_eq!(desk.count("messages of unknown templates"), 1);
    let events = desk.give(LINE, &packet(5, &[made(37, refresh(), &[volume_entry(7, ES, 32)])]));
    assert_eq!(events.first().map(Event::kind), Some("gap"));
    // Of an instrument that is not in the run, nothing is said.
    assert_eq!(desk.give(LINE, &packet(6, &[made(37, refresh(), &[volume_entry(1, 5, 1)])])), []);
    assert_eq!(desk.count("entries not in the run"), 1);
}

#[test]
fn a_change_of_a_book_keeps_the_mark_of_its_event() {
    type Entry<'a> = book::NoMdEntries<'a, Nine>;
    let level = block(Entry::WIRE, |entry| {
        Entry::MD_ENTRY_PX.set(entry, Some(Price::new(TICK)));
        Entry::MD_ENTRY_SIZE.set(entry, Some(1));
        Entry::SECURITY_ID.set(entry, ES);
        Entry::RPT_SEQ.set(entry, 1);
        Entry::MD_ENTRY_TYPE.set(entry, venues::cme::sbe::words::MdEntryTypeBook::BID);
    });
    let open = block(book::Root::WIRE, |block| book::Root::TRANSACT_TIME.set(block, SENT.0.unsigned_abs()));
    let last = [volume_entry(2, ES, 3)];
    let messages = [made(46, open, std::slice::from_ref(&level)), made(37, refresh(), &last)];
    let events = Desk::new().give(LINE, &packet(1, &messages));
    let marks: Vec<_> = events.iter().map(|e| (e.kind(), e.flags().has(Flags::LAST))).collect();
    assert_eq!(marks, [("level", true), ("statistic", false)]);
}

#[test]
fn a_request_for_quotes_says_size_and_side() {
    type Entry<'a> = quote_request::NoRelatedSym<'a>;
    let root = block(quote_request::Root::WIRE, |block| {
        quote_request::Root::TRANSACT_TIME.set(block, SENT.0.unsigned_abs());
        quote_request::Root::MATCH_EVENT_INDICATOR.set(block, MatchEventIndicator::END_OF_EVENT);
    });
    let entries =
        [(Some(5), Some(1)), (None, Some(2)), (Some(3), Some(8)), (None, None)].map(|(size, side)| {
            block(Entry::WIRE, |entry| {
                Entry::SECURITY_ID.set(entry, ES);
                Entry::ORDER_QTY.set(entry, size);
                Entry::SIDE.set(entry, side);
            })
        });
    let events = Desk::new().give(LINE, &packet(1, &[made(39, root, &entries)]));
    let found: Vec<_> = events
        .iter()
        .filter_map(|e| if let Event::QuoteRequest(q) = e { Some((q.size.0, q.side)) } else { None })
        .collect();
    assert_eq!(found, [(5, Some(Side::Buy)), (0, Some(Side::Sell)), (3, None), (0, None)]);
}

fn status(of: Option<i32>, status: SecurityTradingStatus, event: SecurityTradingEvent) -> Vec<u8> {
    use security_status::Root;
    block(Root::WIRE, |block| {
        Root::TRANSACT_TIME.set(block, SENT.0.unsigned_abs());
        Root::SECURITY_GROUP.set(block, *b"ES\0\0\0\0");
        Root::SECURITY_ID.set(block, of);
        Root::SECURITY_TRADING_STATUS.set(block, Some(status));
        Root::SECURITY_TRADING_EVENT.set(block, event);
        Root::MATCH_EVENT_INDICATOR.set(block, MatchEventIndicator::END_OF_EVENT);
    })
}

#[test]
fn every_trading_status_is_a_phase_or_no_change() {
    let cases = [
        (SecurityTradingStatus::TRADING_HALT, Some(Phase::Halted)),
        (SecurityTradingStatus::CLOSE, Some(Phase::Closed)),
        (SecurityTradingStatus::NEW_PRICE_INDICATION, Some(Phase::PreOpen)),
        (SecurityTradingStatus::READY_TO_TRADE, Some(Phase::Open)),
        (SecurityTradingStatus::NOT_AVAILABLE_FOR_TRADING, Some(Phase::Closed)),
        (SecurityTradingStatus::UNKNOWNOR_INVALID, Some(Phase::Halted)),
        (SecurityTradingStatus::PRE_OPEN, Some(Phase::PreOpen)),
        (SecurityTradingStatus::PRE_CROSS, Some(Phase::PreOpen)),
        (SecurityTradingStatus::CROSS, Some(Phase::PreOpen)),
        (SecurityTradingStatus::POST_CLOSE, Some(Phase::Closed)),
        (SecurityTradingStatus::NO_CHANGE, None),
        // Between others, and at one price.
        (SecurityTradingStatus::PRIVATE_WORKUP, Some(Phase::Halted)),
        (SecurityTradingStatus::PUBLIC_WORKUP, Some(Phase::Halted)),
        // Of a schema to come: we do not trade where we do not know.
        (SecurityTradingStatus(77), Some(Phase::Halted)),
    ];
    assert_eq!(cases.len(), SecurityTradingStatus::WORDS.values.len() + 1);
    let mut desk = Desk::new();
    for (sequence, (word, phase)) in (1..).zip(cases) {
        let block = status(Some(ES), word, SecurityTradingEvent::NO_EVENT);
        let message = Made { template: 30, block, groups: Vec::new() };
        let events = desk.give(LINE, &packet(sequence, &[message]));
        let found = events.first().map(|e| if let Event::Status(s) = e { Some(s.phase) } else { None });
        assert_eq!(found, phase.map(Some), "{word:?}");
    }
}

#[test]
fn a_new_session_takes_back_the_figures_of_the_last_one() {
    let mut desk = Desk::new();
    desk.give(LINE, &packet(1, &[made(37, refresh(), &[volume_entry(1, ES, 30)])]));
    let block = status(None, SecurityTradingStatus::NO_CHANGE, SecurityTradingEvent::RESET_STATISTICS);
    let events = desk.give(LINE, &packet(2, &[Made { template: 30, block, groups: Vec::new() }]));
    let found = statistics(&events);
    assert!(found.iter().all(|statistic| statistic.deleted));
    let kinds: Vec<_> = found.iter().map(|statistic| statistic.kind).collect();
    // CME "MDP 3.0 - Session Statistics Reset": e, 7, 8, N, O and 4 (which is two of ours).
    let expected = [
        StatisticKind::OpeningPrice,
        StatisticKind::IndicativeOpeningPrice,
        StatisticKind::SessionHigh,
        StatisticKind::SessionLow,
        StatisticKind::HighestBid,
        StatisticKind::LowestAsk,
        StatisticKind::Volume,
    ];
    assert_eq!(kinds, expected);
    for (sequence, event, name) in [
        (3, SecurityTradingEvent::NO_CANCEL, "statuses no cancel"),
        (4, SecurityTradingEvent::IMPLIED_MATCHING_ON, "statuses implied matching on"),
        (5, SecurityTradingEvent::IMPLIED_MATCHING_OFF, "statuses implied matching off"),
    ] {
        let block = status(None, SecurityTradingStatus::NO_CHANGE, event);
        assert_eq!(desk.give(LINE, &packet(sequence, &[Made { template: 30, block, groups: vec![] }])), []);
        assert_eq!(desk.count(name), 1);
    }
}

#[test]
fn f_25_a_trade_is_busted_or_corrected_by_its_number() {
    type Entry<'a> = summary::NoMdEntries<'a, Nine>;
    let entry = |rpt_seq, action, size| {
        block(Entry::WIRE, |entry| {
            Entry::MD_ENTRY_PX.set(entry, Price::new(8 * TICK));
            Entry::MD_ENTRY_SIZE.set(entry, size);
            Entry::SECURITY_ID.set(entry, ES);
            Entry::RPT_SEQ.set(entry, rpt_seq);
            Entry::AGGRESSOR_SIDE.set(entry, Some(AggressorSide::BUY));
            Entry::MD_UPDATE_ACTION.set(entry, action);
            Entry::MD_TRADE_ENTRY_ID.set(entry, Some(99));
        })
    };
    let mut desk = Desk::new();
    let cases = [
        (MdUpdateAction::NEW, 5, vec![("trade", 5, false)]),
        (MdUpdateAction::CHANGE, 4, vec![("trade bust", 0, false), ("trade", 4, true)]),
        (MdUpdateAction::DELETE, 4, vec![("trade bust", 4, false)]),
    ];
    for (sequence, (action, size, expected)) in (1..).zip(cases) {
        let entries = [entry(sequence, action, size)];
        let message = Made { template: 48, block: refresh(), groups: vec![(false, &entries), (true, &[])] };
        let events = desk.give(LINE, &packet(sequence, &[message]));
        let found: Vec<_> = events
            .iter()
            .map(|event| {
                let (Event::Trade(trade) | Event::TradeBust(trade)) = event else { panic!("{event:?}") };
                assert_eq!((trade.id, trade.price), (99, Ticks(8)));
                (event.kind(), trade.size.0, trade.flags.has(Flags::HIDDEN))
            })
            .collect();
        assert_eq!(found, expected);
    }
    assert_eq!((desk.count("trades corrected"), desk.count("trades busted")), (1, 1));
}

#[test]
fn statistics_of_a_snapshot_are_news_once_and_never_older_than_what_was_heard() {
    type Root<'a> = snapshot::Root<'a, Nine>;
    type Entry<'a> = snapshot::NoMdEntries<'a, Nine>;
    let root = |rpt_seq| {
        block(Root::WIRE, |block| {
            Root::SECURITY_ID.set(block, ES);
            Root::RPT_SEQ.set(block, rpt_seq);
            Root::TRANSACT_TIME.set(block, SENT.0.unsigned_abs());
            Root::HIGH_LIMIT_PRICE.set(block, Some(Price::new(30 * TICK)));
            Root::LOW_LIMIT_PRICE.set(block, Some(Price::new(10 * TICK)));
            Root::MAX_PRICE_VARIATION.set(block, None);
        })
    };
    let entries = [
        (MdEntryType::BID, Some(12), Some(9)),
        (MdEntryType::OPEN_PRICE, Some(13), None),
        (MdEntryType::SETTLEMENT_PRICE, Some(14), None),
        (MdEntryType::OPEN_INTEREST, None, Some(77)),
        (MdEntryType::ELECTRONIC_VOLUME, None, Some(78)),
        (MdEntryType::TRADE, Some(15), Some(2)),
    ]
    .map(|(word, price, size): (_, Option<i64>, _)| {
        block(Entry::WIRE, |entry| {
            Entry::MD_ENTRY_PX.set(entry, price.map(|ticks| Price::new(ticks * TICK)));
            Entry::MD_ENTRY_SIZE.set(entry, size);
            Entry::MD_PRICE_LEVEL.set(entry, (word == MdEntryType::BID).then_some(1));
            Entry::SETTL_PRICE_TYPE.set(entry, SettlPriceType::FINAL_DAILY);
            Entry::MD_ENTRY_TYPE.set(entry, word);
        })
    });
    let mut desk = Desk::new();
    desk.give(LINE, &packet(1, &[made(37, refresh(), &[volume_entry(6, ES, 30)])]));
    let mut found = |sequence, rpt_seq| {
        let events = desk.give(SNAPSHOTS, &packet(sequence, &[made(52, root(rpt_seq), &entries)]));
        let figures = statistics(&events);
        assert!(figures.iter().all(|figure| figure.flags.has(Flags::SNAPSHOT)));
        figures.iter().map(|figure| (figure.kind, figure.value)).collect::<Vec<_>>()
    };
    assert_eq!(found(1, 5), [], "entry 6 has been heard");
    let expected = [
        (StatisticKind::HighLimit, 30),
        (StatisticKind::LowLimit, 10),
        (StatisticKind::PriceBand, 0),
        (StatisticKind::OpeningPrice, 13),
        (StatisticKind::SettlementPrice, 14),
        (StatisticKind::OpenInterest, 77),
        (StatisticKind::Volume, 78),
        (StatisticKind::LastPrice, 15),
    ];
    assert_eq!(found(2, 6), expected);
    assert_eq!(found(3, 6), [], "the next round says the same");
}

/// The groups of a definition: feeds of these depths, and empty ones up to `count`.
fn feeds(depths: &[([u8; 3], i8)]) -> Vec<Vec<u8>> {
    use option::NoMdFeedTypes as Feed;
    let feed = |(name, depth): &([u8; 3], i8)| {
        block(Feed::WIRE, |entry| {
            Feed::MD_FEED_TYPE.set(entry, *name);
            Feed::MARKET_DEPTH.set(entry, *depth);
        })
    };
    depths.iter().map(feed).collect()
}

#[test]
fn an_option_has_the_finest_step_of_its_tick_table_and_the_depths_of_its_feeds() {
    type Root<'a> = option::Root<'a, Nine>;
    let root = block(Root::WIRE, |block| {
        Root::SECURITY_UPDATE_ACTION.set(block, SecurityUpdateAction::ADD);
        Root::SYMBOL.set(block, *b"ESH4 C4800\0\0\0\0\0\0\0\0\0\0");
        Root::SECURITY_ID.set(block, 900);
        Root::CURRENCY.set(block, *b"USD");
        Root::MIN_PRICE_INCREMENT.set(block, None);
        Root::TICK_RULE.set(block, Some(4));
        Root::DISPLAY_FACTOR.set(block, Price::new(10_000_000));
        Root::UNIT_OF_MEASURE_QTY.set(block, Some(Price::new(50_000_000_000)));
    });
    let feeds = feeds(&[(*b"GBX", 5), (*b"GBI", 2)]);
    let mut groups = vec![(false, &[][..]); 6];
    groups[1].1 = &feeds;
    let mut desk = Desk::new();
    desk.directory = Directory::survey();
    desk.give(DEFINITIONS, &packet(2, &[Made { template: 55, block: root, groups }]));
    let definition = desk.directory.definition("cme", "ESH4 C4800").expect("defined");
    // The finest step that the decoder's own list has for table 4: a definition without a step takes it from there.
    assert_eq!((definition.wire_tick_nanos, definition.tick_nanos), (5_000_000_000, 50_000_000));
    assert_eq!(definition.multiplier_nanos, 50_000_000_000);
    assert_eq!((definition.depths.outright, definition.depths.implied), (Some(5), Some(2)));
}

#[test]
fn a_spread_between_commodities_waits_for_its_legs_and_needs_them_worth_the_same() {
    type Root<'a> = spread::Root<'a, Nine>;
    type Leg<'a> = spread::NoLegs<'a, Nine>;
    let spread_of = |security: i32, symbol: &[u8; 5], legs: [i32; 2]| {
        let root = block(Root::WIRE, |block| {
            let mut name = [0; 20];
            name[..5].copy_from_slice(symbol);
            Root::SECURITY_UPDATE_ACTION.set(block, SecurityUpdateAction::ADD);
            Root::SYMBOL.set(block, name);
            Root::SECURITY_ID.set(block, security);
            Root::CURRENCY.set(block, *b"USD");
            Root::SECURITY_SUB_TYPE.set(block, *b"IS\0\0\0");
            Root::MIN_PRICE_INCREMENT.set(block, Some(Price::new(TICK)));
            Root::DISPLAY_FACTOR.set(block, Price::new(10_000_000));
        });
        let legs = legs.map(|leg| block(Leg::WIRE, |entry| Leg::LEG_SECURITY_ID.set(entry, leg)));
        (root, legs)
    };
    let mut desk = Desk::new();
    desk.directory = Directory::survey();
    for (sequence, (security, symbol, legs)) in
        (2..).zip([(801, b"SAME1", [301, 302]), (802, b"OTHER", [301, 303])])
    {
        let (root, legs) = spread_of(security, symbol, legs);
        let mut groups = vec![(false, &[][..]); 5];
        groups[4].1 = &legs;
        desk.give(DEFINITIONS, &packet(sequence, &[Made { template: 56, block: root, groups }]));
    }
    let mut bytes = Vec::new();
    let mut writer = PacketWriter::begin(&mut bytes, 4, SENT);
    for (security, symbol, unit) in
        [(301, "AAH4", 50_000_000_000), (302, "BBH4", 50_000_000_000), (303, "CCH4", 20_000_000_000)]
    {
        assert_eq!(desk.directory.definition("cme", "SAME1"), None);
        writer.future(&future(security, symbol, unit), SENT);
    }
    writer.status(SENT, Of::Group("AA"), Phase::Open);
    assert!(writer.finish() > 0);
    desk.give(DEFINITIONS, &bytes);
    let same = desk.directory.definition("cme", "SAME1").expect("its legs agree");
    assert_eq!(same.multiplier_nanos, 50_000_000_000);
    assert_eq!(desk.directory.definition("cme", "OTHER"), None);
    assert_eq!(desk.count("definitions unusable"), 1);
}
