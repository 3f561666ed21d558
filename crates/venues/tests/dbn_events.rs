//! What DBN records become, against the vendor's `dbn` crate: bars, statistics, auctions, status, live sessions, and
//! schemas of one window against each other.

#![allow(clippy::wildcard_enum_match_arm, reason = "a test looks at the kinds of event it is about")]

#[path = "support/dbn.rs"]
mod support;

use book::{Change, Counts, OrderBook, State};
use dbn::encode::{EncodeRecord, dbn::Encoder};
use dbn::{
    HasRType, ImbalanceMsg, MboMsg, Metadata, MetadataBuilder, OhlcvMsg, Publisher, RecordHeader, SType,
    Schema, StatMsg, StatType, StatusMsg, StatusReason, SymbolMappingMsg, VersionUpgradePolicy, WithTsOut,
    rtype,
};
use std::collections::BTreeMap;
use support::{FOLDERS, Stream, recorded, streams};
use types::instrument::Terms;
use types::{
    Arrival, Bar, Contract, Depths, Event, Flags, Instrument, InstrumentId, Lots, Nanos, Origin, Phase, Side,
    Statistic, StatisticKind as K, Ticks, Unit,
};
use venues::archive::dbn::of_publisher;
use venues::{Directory, Output};

const ONE: i64 = 1_000_000_000;
const DAY: u64 = 86_400 * 1_000_000_000;

fn time(raw: u64) -> i64 {
    i64::try_from(raw).expect("before 2262")
}

/// A copy of every record of one type, as the vendor's crate reads it.
fn records<T: HasRType<Header = RecordHeader> + Clone>(stream: &Stream) -> Vec<T> {
    let mut records = Vec::new();
    stream.each_of_theirs(VersionUpgradePolicy::UpgradeToV3, |record| {
        records.extend(record.get::<T>().cloned());
    });
    records
}

/// A run over the instruments a survey of the stream met, all with the tick of index futures.
fn run(stream: &Stream) -> Output {
    let (_, survey, _) = stream.decode();
    let instrument = |(row, (venue, symbol)): (usize, &(String, String))| {
        let terms = Terms {
            id: InstrumentId(u32::try_from(row).expect("few")),
            symbol: symbol.clone(),
            venue: venue.clone(),
            currency: "USD".into(),
            contract: Contract::Linear,
            tick_nanos: ONE / 4,
            lot_nanos: ONE,
            multiplier_nanos: 50 * ONE,
            depths: Depths::default(),
            origin: Origin::Definition,
        };
        Instrument::new(terms).expect("valid terms")
    };
    let instruments: Vec<Instrument> = survey.names().iter().enumerate().map(instrument).collect();
    let mut directory = Directory::run(&instruments, &vec![ONE / 4; instruments.len()]);
    stream.feed(1 << 40, &mut directory).1
}

/// A live session or a file of the vendor's making.
fn written(version: u8, ts_out: bool, write: impl FnOnce(&mut Encoder<&mut Vec<u8>>)) -> Stream {
    let mut metadata: Metadata = MetadataBuilder::new()
        .dataset("GLBX.MDP3")
        .schema(None::<Schema>)
        .start(0)
        .stype_in(Some(SType::RawSymbol))
        .stype_out(SType::InstrumentId)
        .ts_out(ts_out)
        .build();
    metadata.version = version;
    metadata.symbol_cstr_len = if version == 1 { 22 } else { 71 };
    let mut bytes = Vec::new();
    write(&mut Encoder::new(&mut bytes, &metadata).expect("memory takes it"));
    Stream { name: format!("made, version {version}"), bytes, fragment: None }
}

fn count(counts: &[(String, u64)], name: &str) -> u64 {
    counts.iter().find(|(counted, _)| counted == name).map_or(0, |(_, count)| *count)
}

#[test]
fn the_es_day_crosses_where_it_was_counted_and_knows_every_order() {
    // 22:39:55 and 23:00:00.000069 UTC.
    const PRE_OPEN: (Nanos, Nanos) = (Nanos(1_703_543_995_000_000_000), Nanos(1_703_545_200_000_069_000));
    let Some(stream) = recorded("esh4-glbx-mdp3-20231225.mbo.dbn.zst") else { return };
    let out = run(&stream);
    assert_eq!(out.faults, []);
    let (mut book, mut crossed, mut last) = (OrderBook::new(), 0, 0);
    for arrival in &out.arrivals {
        let Event::Order(delta) = &arrival.event else {
            assert!(matches!(arrival.event, Event::Trade(_)), "{arrival:?}");
            continue;
        };
        assert_eq!(book.apply(delta), Change::Applied, "{delta:?}");
        if delta.flags.has(Flags::LAST) {
            last += 1;
            if let State::Crossed { since } = book.state() {
                crossed += 1;
                assert!(PRE_OPEN.0 <= since && delta.venue_at < PRE_OPEN.1, "{delta:?}");
            }
        }
    }
    assert_eq!((crossed, book.counts()), (891, Counts::default()));
    assert!(last > 40_000, "{last}");
    // What stands at the end, counted by a script of its own.
    assert_eq!([book.depth(Side::Buy), book.depth(Side::Sell)], [922, 565]);
}

/// A bar's span, by the vendor's type of it.
fn seconds(kind: u8) -> Option<u32> {
    match kind {
        rtype::OHLCV_1S => Some(1),
        rtype::OHLCV_1M => Some(60),
        rtype::OHLCV_1H => Some(3_600),
        rtype::OHLCV_1D | rtype::OHLCV_EOD => Some(86_400),
        // DBZ says it in the schema, and the file in its name.
        _ => None,
    }
}

/// The bars of a stream as they must be: received at their end, in steps of `tick` and `lot`.
fn check_bars(stream: &Stream, out: &Output, tick: i64, lot: i64) -> usize {
    let mut arrivals = out.arrivals.iter().enumerate();
    let bars = records::<OhlcvMsg>(stream);
    for record in &bars {
        let named = ["1s", "1m", "1h", "1d"].iter().zip([1, 60, 3_600, 86_400]);
        let by_name = named.clone().find(|(name, _)| stream.name.contains(*name)).map(|(_, seconds)| seconds);
        let due = seconds(record.hd.rtype).or(by_name).expect("a span");
        let prices = [record.open, record.high, record.low, record.close];
        let volume = i64::try_from(record.volume).expect("a volume") * lot;
        let (place, arrival) = arrivals.next().expect("a bar for each");
        let Event::Bar { seconds, bar } = arrival.event else { panic!("{arrival:?}") };
        assert_eq!((bar.venue_at.0, seconds), (time(record.hd.ts_event), due), "{}", stream.name);
        assert_eq!(arrival.received_at.0, bar.venue_at.0 + i64::from(due) * ONE);
        // Whatever its width: a survey's steps are nanos, and an event has 32 bits of them.
        let ours = out.bar_prices(place, &bar).map(|price| price.0 * tick);
        assert_eq!((ours, bar.volume.0), (prices, volume), "{}", stream.name);
    }
    assert_eq!(arrivals.next(), None, "{}", stream.name);
    bars.len()
}

#[test]
fn bars_are_field_by_field_what_the_vendor_reads() {
    let mut bars = 0;
    for folder in FOLDERS {
        let Some(streams) = streams(folder) else { return };
        for stream in streams.iter().filter(|stream| stream.name.contains("ohlcv")) {
            bars += check_bars(stream, &stream.decode().2, 1, ONE);
            if folder != FOLDERS[3] {
                // With the tick of the future every bar fits.
                let out = run(stream);
                assert!(out.arrivals.iter().all(|arrival| matches!(arrival.event, Event::Bar { .. })));
                assert_eq!(check_bars(stream, &out, ONE / 4, 1), out.arrivals.len());
            }
        }
    }
    eprintln!("{bars} bars");
    assert!(bars > 40, "{bars}");
}

/// The trades of a stream: when, at what price, how much, whose; by instrument's name.
fn trades(stream: &Stream) -> Vec<(Nanos, Nanos, String, Ticks, Lots, Option<Side>)> {
    let (_, directory, out) = stream.decode();
    let trade = |arrival: &Arrival| match arrival.event {
        Event::Trade(e) => {
            let name = directory.names()[e.instrument.index()].1.clone();
            Some((arrival.received_at, e.venue_at, name, e.price, e.size, e.aggressor))
        }
        _ => None,
    };
    out.arrivals.iter().filter_map(trade).collect()
}

#[test]
fn trades_quotes_and_bars_of_one_window_agree() {
    let file = |schema| format!("es-2024-07-01/futures_{schema}_2024-07-01T23-58_2024-07-02T00-02.dbn.zst");
    let Some(quotes) = recorded(&file("mbp-1")) else { return };
    let (alone, among_quotes) = (trades(&recorded(&file("trades")).expect("beside it")), trades(&quotes));
    assert_eq!(alone.len(), 120);
    assert_eq!(alone, among_quotes);

    // Each whole minute of the bars' file: first, highest, lowest, last, sum.
    let bars = recorded("es-2024-07-01/futures_ohlcv-1m_2024-07-01T23-40_2024-07-02T00-10.dbn.zst");
    let bars = records::<OhlcvMsg>(&bars.expect("beside it"));
    let mut minutes: BTreeMap<i64, Vec<(i64, i64)>> = BTreeMap::new();
    for (at, _, name, price, size, _) in &alone {
        assert_eq!(name, "ESU4");
        minutes.entry(at.0 / (60 * ONE)).or_default().push((price.0, size.0));
    }
    let mut compared = 0;
    for (minute, traded) in &minutes {
        let prices = || traded.iter().map(|(price, _)| *price);
        let of_minute = [
            traded[0].0,
            prices().max().expect("at least one"),
            prices().min().expect("at least one"),
            traded[traded.len() - 1].0,
        ];
        let volume: i64 = traded.iter().map(|(_, size)| size / ONE).sum();
        let same = bars.iter().filter(|bar| time(bar.hd.ts_event) / (60 * ONE) == *minute);
        let same: Vec<_> = same
            .map(|bar| ([bar.open, bar.high, bar.low, bar.close], i64::try_from(bar.volume).expect("small")))
            .collect();
        assert!(same.contains(&(of_minute, volume)), "minute {minute}: {of_minute:?} {volume}, {same:?}");
        compared += 1;
    }
    assert_eq!(compared, 4, "23:58 to 00:02");
}

#[test]
fn sampled_quotes_tell_the_last_price_of_the_bar_that_ends_with_them() {
    // The samples are of another day than the quotes at every change; bars of the same day there are.
    let folder = "es-options-2024-05-09/futures";
    let window = "2024-05-09T09-55_2024-05-09T10-05.dbn.zst";
    let Some(samples) = recorded(&format!("{folder}_bbo-1m_{window}")) else { return };
    let bars = recorded(&format!("{folder}_ohlcv-1m_{window}")).expect("beside it");
    let named = |stream: &Stream, id: Option<InstrumentId>| {
        stream.decode().1.names()[id.expect("of one instrument").index()].1.clone()
    };
    // By name and end: the last price, in nanos.
    let mut closes = BTreeMap::new();
    for arrival in &run(&bars).arrivals {
        let Event::Bar { bar, .. } = arrival.event else { panic!("{arrival:?}") };
        let name = named(&bars, Some(bar.instrument));
        closes.insert((name, arrival.received_at.0), bar.close().0 * ONE / 4);
    }
    let (mut told, mut compared) = (0, 0);
    for arrival in &samples.decode().2.arrivals {
        let Event::Statistic(e) = arrival.event else { continue };
        assert_eq!((e.kind, e.fraction, e.session_day, e.deleted), (K::LastPrice, 0, 0, false));
        assert!(e.venue_at <= arrival.received_at);
        told += 1;
        // A sample is taken when the minute is over.
        let ends = arrival.received_at.0 / (60 * ONE) * 60 * ONE;
        let in_minute = ends - e.venue_at.0 <= 60 * ONE;
        let name = named(&samples, Some(e.instrument));
        if let Some(close) = closes.get(&(name, ends)).filter(|_| in_minute) {
            assert_eq!(e.value, *close, "{e:?}");
            compared += 1;
        }
    }
    eprintln!("{told} last prices, {compared} of them compared with bars of {}", closes.len());
    assert!(compared >= 5, "{compared}");
}

/// Which kind of ours a type of theirs is, said once more.
fn kind_of(stat: StatType) -> Option<K> {
    Some(match stat {
        StatType::OpeningPrice => K::OpeningPrice,
        StatType::IndicativeOpeningPrice => K::IndicativeOpeningPrice,
        StatType::SettlementPrice => K::SettlementPrice,
        StatType::TradingSessionLowPrice => K::SessionLow,
        StatType::TradingSessionHighPrice => K::SessionHigh,
        StatType::ClearedVolume => K::ClearedVolume,
        StatType::LowestOffer => K::LowestAsk,
        StatType::HighestBid => K::HighestBid,
        StatType::OpenInterest => K::OpenInterest,
        StatType::FixingPrice => K::FixingPrice,
        StatType::ClosePrice => K::ClosingPrice,
        StatType::NetChange => K::NetChange,
        StatType::Vwap => K::Vwap,
        StatType::Volatility => K::ImpliedVolatility,
        StatType::Delta => K::Delta,
        StatType::UncrossingPrice => K::UncrossingPrice,
        StatType::UpperPriceLimit => K::HighLimit,
        StatType::LowerPriceLimit => K::LowLimit,
        StatType::BlockVolume => K::BlockVolume,
        StatType::IndicativeClosePrice => K::IndicativeClosingPrice,
        StatType::MwcbLevel1 => K::CircuitBreaker1,
        StatType::MwcbLevel2 => K::CircuitBreaker2,
        StatType::MwcbLevel3 => K::CircuitBreaker3,
        StatType::AuctionCollarReferencePrice => K::ReferencePrice,
        StatType::AuctionCollarUpperPrice => K::UpperCollar,
        StatType::AuctionCollarLowerPrice => K::LowerCollar,
        StatType::VenueSpecificVolume1 => K::VenueVolume,
        StatType::VenueSpecificPrice1 => K::VenuePrice,
        _ => return None,
    })
}

/// The statistic a record must become in a survey; `None` when it says nothing.
fn expected_statistic(record: &StatMsg) -> Option<Arrival> {
    let kind = kind_of(record.stat_type().expect("a known type")).expect("a kind for each");
    let deleted = record.update_action == 2;
    let price = (record.price != dbn::UNDEF_PRICE).then_some(record.price);
    let quantity = (record.quantity != dbn::UNDEF_STAT_QUANTITY).then(|| record.quantity * ONE);
    let value = if kind.unit() == Unit::Size { quantity } else { price };
    let statistic = Statistic {
        venue_at: Nanos(time(record.hd.ts_event)),
        value: if deleted { value.unwrap_or(0) } else { value? },
        size: Lots(if kind.unit() == Unit::Price { quantity.unwrap_or(0) } else { 0 }),
        instrument: InstrumentId(0),
        fraction: 0,
        session_day: if record.ts_ref == dbn::UNDEF_TIMESTAMP {
            0
        } else {
            u16::try_from(record.ts_ref / DAY).expect("a day of this century")
        },
        kind,
        side: match kind {
            K::HighestBid => Some(Side::Buy),
            K::LowestAsk => Some(Side::Sell),
            _ => None,
        },
        flags: Flags::LAST,
        deleted,
    };
    Some(Arrival { received_at: Nanos(time(record.ts_recv)), event: Event::Statistic(statistic) })
}

#[test]
fn every_type_of_statistic_becomes_its_kind_in_every_version() {
    let types: Vec<StatType> = (0..=20_000).filter_map(|code| StatType::try_from(code).ok()).collect();
    assert_eq!(types.len(), 28, "a new type needs a kind");
    for version in 1..=3 {
        let (at, recv) = (1_704_164_400 * 1_000_000_000, 1_704_164_401 * 1_000_000_000);
        let mut made = Vec::new();
        for &stat_type in &types {
            let cases = [
                (5_000 * ONE, 12, 1),
                (-ONE / 8, i64::from(i32::MAX) - 1, 1),
                (dbn::UNDEF_PRICE, 7, 1),
                (3, dbn::UNDEF_STAT_QUANTITY, 2),
                (dbn::UNDEF_PRICE, dbn::UNDEF_STAT_QUANTITY, 2),
                (dbn::UNDEF_PRICE, dbn::UNDEF_STAT_QUANTITY, 1),
            ];
            for (row, (price, quantity, update_action)) in cases.into_iter().enumerate() {
                made.push(StatMsg {
                    hd: RecordHeader::new::<StatMsg>(rtype::STATISTICS, 1, 7, at),
                    ts_recv: recv,
                    ts_ref: if row % 2 == 0 { at } else { dbn::UNDEF_TIMESTAMP },
                    price,
                    quantity,
                    stat_type: stat_type as u16,
                    update_action,
                    ..StatMsg::default()
                });
            }
        }
        let stream = written(version, false, |encoder| {
            for record in &made {
                match version {
                    3 => encoder.encode_record(record),
                    _ => encoder.encode_record(&old_stat(record)),
                }
                .expect("memory takes it");
            }
        });
        let (decoder, _, out) = stream.decode();
        let expected: Vec<Arrival> = made.iter().filter_map(expected_statistic).collect();
        assert_eq!(out.faults, []);
        assert_eq!(out.arrivals, expected, "version {version}");
        let counts = venues::Decode::counts(&decoder);
        assert_eq!(
            count(&counts, "statistic without a value, not read"),
            (made.len() - expected.len()) as u64
        );
    }
}

/// The same in versions 1 and 2, whose quantities have 32 bits.
fn old_stat(record: &StatMsg) -> dbn::v1::StatMsg {
    let quantity = if record.quantity == dbn::UNDEF_STAT_QUANTITY {
        dbn::v1::UNDEF_STAT_QUANTITY
    } else {
        i32::try_from(record.quantity).expect("small")
    };
    dbn::v1::StatMsg {
        hd: RecordHeader::new::<dbn::v1::StatMsg>(rtype::STATISTICS, 1, 7, record.hd.ts_event),
        ts_recv: record.ts_recv,
        ts_ref: record.ts_ref,
        price: record.price,
        quantity,
        stat_type: record.stat_type,
        update_action: record.update_action,
        ..dbn::v1::StatMsg::default()
    }
}

#[test]
fn recorded_statistics_are_what_the_vendor_reads() {
    let Some(streams) = streams("dbn/format-tests") else { return };
    let mut read = 0;
    for stream in streams.iter().filter(|stream| stream.name.contains("statistics")) {
        let expected: Vec<Arrival> = records(stream).iter().filter_map(expected_statistic).collect();
        let (_, directory, out) = stream.decode();
        assert_eq!(directory.names().len(), 1, "{}", stream.name);
        assert_eq!(out.arrivals, expected, "{}", stream.name);
        read += records::<StatMsg>(stream).len();
    }
    assert!(read >= 8, "{read}");
}

#[test]
fn an_imbalance_is_one_statistic_for_each_figure_it_says() {
    let Some(streams) = streams("dbn/format-tests") else { return };
    let mut figures = 0;
    for stream in streams.iter().filter(|stream| stream.name.contains("imbalance")) {
        let mut expected = Vec::new();
        for record in records::<ImbalanceMsg>(stream) {
            let side = match u8::try_from(record.side).expect("a letter") {
                b'B' => Some(Side::Buy),
                b'A' => Some(Side::Sell),
                _ => None,
            };
            let indicative = match u8::try_from(record.auction_type).expect("a letter") {
                b'O' => K::IndicativeOpeningPrice,
                b'C' => K::IndicativeClosingPrice,
                _ => K::UncrossingPrice,
            };
            let prices = [
                (K::ReferencePrice, record.ref_price),
                (K::NearPrice, record.cont_book_clr_price),
                (K::FarPrice, record.auct_interest_clr_price),
                (K::ShortSalePrice, record.ssr_filling_price),
                (indicative, record.ind_match_price),
                (K::UpperCollar, record.upper_collar),
                (K::LowerCollar, record.lower_collar),
            ];
            let sizes = [
                (K::PairedSize, record.paired_qty, None),
                (K::ImbalanceSize, record.total_imbalance_qty, side),
                (K::MarketImbalanceSize, record.market_imbalance_qty, side),
            ];
            let prices = prices.into_iter().filter(|(_, price)| *price != dbn::UNDEF_PRICE);
            let sizes = sizes.into_iter().filter(|(_, size, _)| *size != dbn::UNDEF_ORDER_SIZE);
            let said: Vec<(K, i64, Option<Side>)> = prices
                .map(|(kind, price)| (kind, price, None))
                .chain(sizes.map(|(kind, size, side)| (kind, i64::from(size) * ONE, side)))
                .collect();
            for (row, (kind, value, side)) in said.iter().enumerate() {
                let last = row + 1 == said.len();
                expected.push((time(record.ts_recv), time(record.hd.ts_event), *kind, *value, *side, last));
            }
        }
        let (_, _, out) = stream.decode();
        let ours: Vec<_> = out
            .arrivals
            .iter()
            .map(|arrival| {
                let Event::Statistic(e) = arrival.event else { panic!("{arrival:?}") };
                let last = e.flags.has(Flags::LAST);
                (arrival.received_at.0, e.venue_at.0, e.kind, e.value, e.side, last)
            })
            .collect();
        assert_eq!(ours, expected, "{}", stream.name);
        figures += ours.len();
    }
    eprintln!("{figures} figures of auctions");
    assert!(figures > 0);
}

#[test]
fn every_reason_and_event_of_a_status_is_counted_by_its_name() {
    let reasons: Vec<u16> = (1..500).filter(|code| StatusReason::try_from(*code).is_ok()).collect();
    assert_eq!(reasons.len(), 33, "a new reason needs a name");
    let status = |action, reason, trading_event| StatusMsg {
        hd: RecordHeader::new::<StatusMsg>(rtype::STATUS, 1, 7, 1_704_164_400_000_000_000),
        ts_recv: 1_704_164_400_000_000_000,
        action,
        reason,
        trading_event,
        ..StatusMsg::default()
    };
    let stream = written(3, false, |encoder| {
        for &reason in &reasons {
            encoder.encode_record(&status(8, reason, 0)).expect("memory takes it");
        }
        for event in 1..=4 {
            encoder.encode_record(&status(7, 0, event)).expect("memory takes it");
        }
        encoder.encode_record(&status(0, 499, 0)).expect("memory takes it");
    });
    let (decoder, _, out) = stream.decode();
    let phases: Vec<Phase> = out
        .arrivals
        .iter()
        .map(|arrival| match arrival.event {
            Event::Status(e) => e.phase,
            other => panic!("{other:?}"),
        })
        .collect();
    // No change is no event.
    assert_eq!(phases, [vec![Phase::Halted; 33], vec![Phase::Open; 4]].concat());
    let counts = venues::Decode::counts(&decoder);
    let named =
        |start: &str| counts.iter().filter(|(name, count)| name.starts_with(start) && *count == 1).count();
    assert_eq!(named("status reason: "), 33 + 1);
    assert_eq!(count(&counts, "status reason: unknown"), 1);
    assert_eq!(named("status: "), 4);
}

#[test]
fn a_live_session_names_its_numbers_and_reports_what_it_lost() {
    let at = 1_704_164_400_000_000_000;
    let mbo = |order_id| MboMsg {
        hd: RecordHeader::new::<MboMsg>(rtype::MBO, 1, 7, at),
        order_id,
        price: 5_000 * ONE,
        size: 1,
        action: b'A'.cast_signed(),
        side: b'B'.cast_signed(),
        ts_recv: at,
        ..MboMsg::default()
    };
    let mapping =
        SymbolMappingMsg::new(7, at, SType::Continuous, "ES.c.0", SType::RawSymbol, "ESH4", at, at + DAY);
    let error =
        dbn::ErrorMsg::new(at, Some(dbn::ErrorCode::SkippedRecordsAfterSlowReading), "too slow", true);
    let stream = written(3, true, |encoder| {
        let heartbeat = WithTsOut::new(dbn::SystemMsg::heartbeat(at), at);
        encoder.encode_record(&heartbeat).expect("memory takes it");
        encoder.encode_record(&WithTsOut::new(mapping.expect("short names"), at)).expect("memory takes it");
        encoder.encode_record(&WithTsOut::new(mbo(1), at)).expect("memory takes it");
        encoder.encode_record(&WithTsOut::new(error, at)).expect("memory takes it");
        encoder.encode_record(&WithTsOut::new(mbo(2), at)).expect("memory takes it");
    });
    let (decoder, directory, out) = stream.decode();
    assert_eq!(directory.names(), [("cme".to_string(), "ESH4".to_string())]);
    let counts = venues::Decode::counts(&decoder);
    let counted = ["system", "system: heartbeat", "symbol mapping", "error", "A add"];
    assert_eq!(counted.map(|name| count(&counts, name)), [1, 1, 1, 1, 2]);
    let faults: Vec<&str> = out.faults.iter().map(|fault| fault.what.as_str()).collect();
    assert_eq!(faults, ["the gateway reported an error: too slow"]);
    let kinds: Vec<&str> = out.arrivals.iter().map(|arrival| arrival.event.kind()).collect();
    assert_eq!(kinds, ["order", "gap", "order"]);
    assert!(
        out.arrivals
            .iter()
            .all(|arrival| arrival.event.instrument() == Some(InstrumentId(0))
                || arrival.event.kind() == "gap")
    );
}

#[test]
fn every_publisher_belongs_to_the_data_set_its_vendor_says() {
    for id in 0..=400 {
        let theirs = Publisher::try_from(id).ok().map(|publisher| publisher.dataset().as_str());
        assert_eq!(of_publisher(id), theirs, "{id}");
    }
}

#[test]
fn a_bar_that_no_bar_has_room_for_is_told_in_a_survey_only() {
    let bar = OhlcvMsg {
        hd: RecordHeader::new::<OhlcvMsg>(rtype::OHLCV_1M, 1, 7, 0),
        open: 5_000 * ONE,
        high: 5_010 * ONE,
        low: 4_990 * ONE,
        close: 5_001 * ONE,
        volume: 3,
    };
    let broken = OhlcvMsg { high: 4_999 * ONE, ..bar.clone() };
    let stream = written(3, false, |encoder| {
        encoder.encode_record(&bar).expect("memory takes it");
        encoder.encode_record(&broken).expect("memory takes it");
    });
    let (_, _, survey) = stream.decode();
    assert_eq!(survey.arrivals.len(), 1 + 1, "the bar, and the gap of the broken one");
    let nanos = [bar.open, bar.high, bar.low, bar.close].map(Ticks);
    assert_eq!(survey.wide, [venues::Wide { arrival: 0, prices: nanos }], "exact, in nanos");
    assert_eq!(survey.faults.len(), 1);
    let out = run(&stream);
    let Event::Bar { seconds, bar } = out.arrivals[0].event else { panic!("{:?}", out.arrivals[0]) };
    let prices = [20_000, 20_040, 19_960, 20_004].map(Ticks);
    assert_eq!(Some(bar), Bar::new(Nanos(0), InstrumentId(0), prices, Lots(3)));
    assert_eq!(
        (seconds, out.faults[0].what.as_str()),
        (60, "open, high, low and close contradict each other")
    );
}
