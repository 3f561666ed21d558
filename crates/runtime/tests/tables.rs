//! Recorded market data that is text, inspected as `quoin inspect` does: what independent tools counted comes out.
//!
//! Figures without a note are those of the data's README; the others were counted in Python, row by row.

use runtime::Config;
use runtime::inspect::{Inspection, inspect};
use runtime::source::{Progress, Recording, open};
use runtime::survey::survey;
use testkit::data::recorded;
use types::{Arrival, Event, Flags, Nanos};
use venues::{Directory, Output};

const LOT: i64 = 1_000_000_000;

fn inspected(file: &str) -> Option<Inspection> {
    let recordings = [Recording::File(recorded(file)?)];
    let survey = survey(&recordings, |_| {}).expect("readable");
    Some(inspect(survey, &recordings, &Config::default(), |_| {}).expect("readable"))
}

fn count(found: &Inspection, name: &str) -> u64 {
    let counts = &found.survey.files[0].counts;
    counts.iter().find(|(known, _)| known == name).map_or(0, |(_, count)| *count)
}

/// Every arrival, in nanos.
fn arrivals(file: &str) -> Option<(Vec<Arrival>, Directory)> {
    let recording = Recording::File(recorded(file)?);
    let mut source = open(&recording, &Progress::default()).expect("a format we read");
    let (mut directory, mut out, mut all) = (Directory::survey(), Output::default(), Vec::new());
    loop {
        let more = source.read(&mut directory, &mut out).expect("readable");
        assert_eq!(out.faults, []);
        all.extend_from_slice(&out.arrivals);
        if !more {
            return Some((all, directory));
        }
    }
}

#[test]
fn aig_s_quotes_are_eleven_books() {
    // The day, its quotes, and how often an exchange's bid stood above its ask when its rows are applied one by one.
    for (day, quotes, crossed) in [("20131007", 1_079_935, 18_006), ("20131008", 1_118_140, 29_227)] {
        let Some(found) = inspected(&format!("lean/equity/usa/tick/aig/{day}_quote.zip")) else { return };
        assert_eq!((count(&found, "quote"), found.survey.instruments.len()), (quotes, 11), "{day}");
        assert_eq!((found.survey.files[0].fault_count, found.survey.files[0].out_of_order), (0, 0));
        assert_eq!(found.books.iter().map(|book| book.updates).sum::<u64>(), quotes, "a row, a book");
        assert_eq!(found.books.iter().map(|book| book.crossed).sum::<u64>(), crossed, "{day}");
        assert!(found.books.iter().all(|book| book.unknown == 0 && book.stale == 0));
        for instrument in &found.table.instruments {
            let terms = instrument.terms();
            assert_eq!((terms.tick_nanos, terms.lot_nanos), (10_000_000, LOT), "{}", terms.venue);
        }
    }
}

#[test]
fn aig_s_trades_keep_their_exchange_their_volume_and_new_york_s_time() {
    // The day, its trades, those off the book, shares, shares × price in ten-thousandths.
    let cases = [
        ("20131007", 25_351, 6_271, 5_300_449, 2_593_247_566_700),
        ("20131008", 43_342, 9_689, 8_774_223, 4_226_568_693_800),
    ];
    for (day, trades, hidden, shares, value) in cases {
        let file = format!("lean/equity/usa/tick/aig/{day}_trade.zip");
        let Some(found) = inspected(&file) else { return };
        assert_eq!((count(&found, "trade"), found.survey.instruments.len()), (trades, 13), "{day}");
        assert_eq!(found.survey.instruments.iter().map(|i| i.trades).sum::<u64>(), trades, "{day}");
        assert_eq!(count(&found, "trade off the book, marked hidden"), hidden, "{day}");
        let (all, _) = arrivals(&file).expect("it was inspected");
        let (mut sum, mut worth, mut marked) = (0, 0, 0);
        for arrival in &all {
            let Event::Trade(trade) = arrival.event else { panic!("{arrival:?}") };
            sum += trade.size.0 / LOT;
            worth += i128::from(trade.price.0) * i128::from(trade.size.0 / LOT) / 100_000;
            marked += u64::from(trade.flags.has(Flags::HIDDEN));
        }
        assert_eq!((sum, worth, marked), (shares, value, hidden), "{day}");
        if day == "20131007" {
            // The first row is at 14,400,688 ms; `TZ=America/New_York date -d 2013-10-07 +%s` is 1381118400.
            assert_eq!(all[0].received_at, Nanos(1_381_118_400_000_000_000 + 14_400_688_000_000));
        }
    }
}

#[test]
fn es_s_contracts_come_out_of_one_zip_in_the_order_of_time() {
    let (mut bars, mut quotes, mut interest) = (0, 0, 0);
    for day in 6..=11 {
        let file = |data: &str| format!("lean/future/cme/minute/es/201310{day:02}_{data}.zip");
        let Some(found) = inspected(&file("trade")) else { return };
        bars += count(&found, "trade bar");
        assert_eq!(found.survey.files[0].events["bar"], count(&found, "trade bar"), "{day}");
        for instrument in &found.table.instruments {
            let terms = instrument.terms();
            assert!(terms.venue == "cme" && terms.symbol.starts_with("ES"), "{}", terms.symbol);
            assert_eq!((terms.tick_nanos, terms.multiplier_nanos), (250_000_000, 50 * LOT));
        }
        let found = inspected(&file("quote")).expect("it lies beside the other");
        quotes += count(&found, "quote bar, its closes kept");
        assert_eq!((found.survey.instruments.len(), found.survey.files[0].out_of_order), (5, 0), "{day}");
        let found = inspected(&file("openinterest")).expect("it lies beside the others");
        interest += count(&found, "open interest");
    }
    assert_eq!((bars, quotes, interest), (8_541, 19_587, 80));

    let (all, directory) =
        arrivals("lean/future/cme/minute/es/20131007_trade.zip").expect("it was inspected");
    assert!(all.windows(2).all(|pair| pair[0].received_at <= pair[1].received_at));
    let mut volumes = std::collections::BTreeMap::new();
    for arrival in &all {
        let Event::Bar { seconds: 60, bar } = arrival.event else { panic!("{arrival:?}") };
        assert_eq!(arrival.received_at - bar.venue_at, Nanos::from_secs(60), "a bar is known when it ends");
        let (_, symbol) = &directory.names()[bar.instrument.index()];
        *volumes.entry(symbol.as_str()).or_insert(0) += bar.volume.0 / LOT;
    }
    assert_eq!(volumes, [("ESH4", 2_415), ("ESM4", 11), ("ESZ3", 787_701)].into());
    // LEAN's database has CME's data in UTC; the file of a Sunday shows it: trading begins at 17:00 in Chicago.
    let (sunday, _) =
        arrivals("lean/future/cme/minute/es/20131006_trade.zip").expect("it lies beside the other");
    // `TZ=America/Chicago date -d '2013-10-06 17:00' +%s`
    assert_eq!(sunday[0].event.venue_at(), Some(Nanos::from_secs(1_381_096_800 + 60)), "known at its end");
}

#[test]
fn coins_minutes_are_counted_and_found_at_their_venues() {
    let cases = [
        ("crypto/binance/minute/btcbusd/20221213_trade.zip", "binance-spot/BTCBUSD", "trade bar", 1_440),
        ("crypto/bybit/minute/btcusdt/20221213_trade.zip", "bybit/BTCUSDT", "trade bar", 1_440),
        (
            "crypto/bybit/minute/btcusdt/20221213_quote.zip",
            "bybit/BTCUSDT",
            "quote bar, its closes kept",
            721,
        ),
        (
            "cryptofuture/binance/minute/adausdt/20221213_trade.zip",
            "binance-usdm/ADAUSDT",
            "trade bar",
            1_440,
        ),
        (
            "cryptofuture/binance/minute/adausdt/20221213_quote.zip",
            "binance-usdm/ADAUSDT",
            "quote bar, its closes kept",
            1_100,
        ),
        (
            "cryptofuture/binance/minute/btcusd/20221213_trade.zip",
            "binance-coinm/BTCUSD_PERP",
            "trade bar",
            1_439,
        ),
        (
            "cryptofuture/binance/minute/btcusd/20221213_quote.zip",
            "binance-coinm/BTCUSD_PERP",
            "quote bar, its closes kept",
            1_104,
        ),
        ("cryptofuture/bybit/minute/btcusd/20221213_trade.zip", "bybit-future/BTCUSD", "trade bar", 721),
        (
            "cryptofuture/bybit/minute/btcusd/20221213_quote.zip",
            "bybit-future/BTCUSD",
            "quote bar, its closes kept",
            464,
        ),
        ("cryptofuture/bybit/minute/btcusdt/20221213_trade.zip", "bybit-future/BTCUSDT", "trade bar", 721),
        (
            "cryptofuture/bybit/minute/btcusdt/20221213_quote.zip",
            "bybit-future/BTCUSDT",
            "quote bar, its closes kept",
            460,
        ),
    ];
    for (file, name, rows, expected) in cases {
        let Some(found) = inspected(&format!("lean/{file}")) else { return };
        assert_eq!((count(&found, rows), found.survey.files[0].fault_count), (expected, 0), "{file}");
        let terms = found.table.instruments[0].terms();
        assert_eq!(format!("{}/{}", terms.venue, terms.symbol), name);
    }
}

#[test]
fn half_a_million_es_trades_are_told_in_chicago_s_time() {
    let file = "es-ticks/es_ticks_2013-09-01_03.csv.zst";
    let Some(found) = inspected(file) else { return };
    assert_eq!((count(&found, "row of trades"), found.survey.instruments[0].trades), (500_000, 500_000));
    assert_eq!(found.survey.files[0].fault_count, 0);
    // `TZ=America/Chicago date -d '2013-09-01 17:00:00' +%s` and `-d '2013-09-03 13:51:44'`, and their milliseconds.
    let span = (Nanos(1_378_072_800_083_000_000), Nanos(1_378_234_304_578_000_000));
    assert_eq!(found.survey.files[0].span, Some(span));
    let (all, _) = arrivals(file).expect("it was inspected");
    let (mut contracts, mut quarters) = (0, 0);
    for arrival in &all {
        let Event::Trade(trade) = arrival.event else { panic!("{arrival:?}") };
        contracts += trade.size.0 / LOT;
        quarters += trade.price.0 / 250_000_000 * (trade.size.0 / LOT);
    }
    assert_eq!((contracts, quarters), (1_844_058, 12_109_802_163));
}

#[test]
fn sessions_and_pairs_are_counted_through_the_same_door() {
    let Some(folder) = recorded("venue-messages/cryptofeed-v3") else { return };
    let mut received = 0;
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let name = entry.expect("a file").file_name().into_string().expect("text");
        if name.ends_with(".jsonl.zst") {
            let found = inspected(&format!("venue-messages/cryptofeed-v3/{name}")).expect("it is there");
            let file = &found.survey.files[0];
            assert!(
                file.format.contains("no events until its adapter reads them"),
                "{name}: {}",
                file.format
            );
            assert_eq!((file.fault_count, file.events.len()), (0, 0), "{name}");
            received += count(&found, "message received");
        }
    }
    assert_eq!(received, 44_040);

    let found = inspected("venue-messages/tardis/pairs.jsonl").expect("it lies beside the others");
    assert_eq!(count(&found, "pair of a raw message and what it means"), 523);
    assert_eq!(found.survey.files[0].fault_count, 5, "messages of tiny coins, beyond nanos");
}

#[test]
fn a_file_of_lean_s_without_its_folders_says_what_is_missing() {
    let Some(path) = recorded("lean/equity/usa/tick/aig/20131007_trade.zip") else { return };
    let bytes = std::fs::read(path).expect("a recorded file can be read");
    let cases = [
        ("20131007_trade.zip", "does not say the resolution"),
        ("usa/tick/aig/20131007_trade.zip", "does not say the kind of security"),
        ("equity/usa/tick/aig/trade.zip", "does not say the day"),
    ];
    for (name, missing) in cases {
        let recording = Recording::Memory { name: name.into(), bytes: bytes.as_slice().into() };
        let error = match open(&recording, &Progress::default()) {
            Ok(source) => panic!("{name} was opened as {}", source.format()),
            Err(error) => error.to_string(),
        };
        assert!(error.contains(missing) && error.contains("a file of LEAN's"), "{name}: {error}");
    }
}
