//! The store through its doors: everything comes back, nothing half counts, and damage is found.

use adapters::parquet::{
    FileReader, HistoryError, Import, Manifest, Merge, Part, Row, Source, Store, Stored,
};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use stdx::Prng;
use types::instrument::Terms;
use types::{
    Arrival, Bar, Contract, Depths, Event, Flags, Gap, InstrumentId, LevelAction, LevelDelta, Lots,
    MarketOrderId, Nanos, Operator, OrderAction, OrderDelta, Origin, Phase, QuoteRequest, Side, Statistic,
    StatisticKind, Status, Ticks, Trade,
};

const DAY: i64 = 86_400_000_000_000;
/// 2023-12-25.
const START: i64 = 19_716 * DAY;

struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("quoin-adapters-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        Self(path)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn stored(row: u32) -> Stored {
    let terms = Terms {
        id: InstrumentId(row),
        symbol: ["ESH4", "BTC/USD", "..", "_feed"][row as usize % 4].into(),
        venue: "cme".into(),
        currency: "USD".into(),
        contract: Contract::Linear,
        tick_nanos: 250_000_000,
        lot_nanos: 1_000_000_000,
        multiplier_nanos: 50_000_000_000,
        depths: Depths::default(),
        origin: Origin::Definition,
    };
    Stored { terms, wire_tick_nanos: 250_000_000 }
}

fn source(hash: &str) -> Source {
    Source { name: format!("{hash}.dbn"), bytes: 1_000, blake3: hash.into() }
}

fn any<T: Copy>(prng: &mut Prng, of: &[T]) -> T {
    of[usize::try_from(prng.between(0, of.len() as i64 - 1)).expect("in range")]
}

/// Any number at all, the extremes among them.
fn wild(prng: &mut Prng) -> i64 {
    match prng.between(0, 9) {
        0 => i64::MIN,
        1 => i64::MAX,
        2 => prng.between(i64::MIN, i64::MAX),
        _ => prng.between(-20, 20),
    }
}

fn side(prng: &mut Prng) -> Option<Side> {
    any(prng, &[None, Some(Side::Buy), Some(Side::Sell)])
}

/// Any market event, over every kind and action.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "any bits will do")]
fn event(prng: &mut Prng, venue_at: Nanos, instruments: u32) -> Event {
    let instrument = InstrumentId(prng.between(0, i64::from(instruments) - 1) as u32);
    let flags = Flags(prng.between(0, 255) as u8);
    let (price, size) = (Ticks(wild(prng)), Lots(wild(prng)));
    let sure = any(prng, &Side::BOTH);
    let all = any(prng, &[None, Some(instrument)]);
    let trade = Trade {
        venue_at,
        price,
        size,
        id: wild(prng) as u64,
        instrument,
        price_fraction: prng.between(0, 65_535) as u16,
        aggressor: side(prng),
        flags,
    };
    match prng.between(0, 8) {
        0 => Event::Level(LevelDelta {
            venue_at,
            price,
            size,
            orders: wild(prng) as u32,
            instrument,
            side: sure,
            action: any(
                prng,
                &[
                    LevelAction::Set,
                    LevelAction::Delete,
                    LevelAction::DeleteThru,
                    LevelAction::DeleteFrom,
                    LevelAction::Clear,
                ],
            ),
            depth: wild(prng) as u8,
            flags,
        }),
        1 => Event::Order(OrderDelta {
            venue_at,
            order: MarketOrderId(wild(prng) as u64),
            price,
            size,
            instrument,
            side: sure,
            action: any(
                prng,
                &[
                    OrderAction::Add,
                    OrderAction::Modify,
                    OrderAction::Reduce,
                    OrderAction::Delete,
                    OrderAction::Fill,
                    OrderAction::Clear,
                ],
            ),
            flags,
        }),
        2 => Event::Trade(trade),
        3 => Event::TradeBust(trade),
        4 => {
            let phase = any(prng, &[Phase::Open, Phase::PreOpen, Phase::Halted, Phase::Closed]);
            Event::Status(Status { venue_at, instrument: all, phase })
        }
        5 => Event::Gap(Gap {
            venue_at,
            expected: wild(prng) as u64,
            received: wild(prng) as u64,
            instrument: all,
        }),
        6 => Event::Statistic(Statistic {
            venue_at,
            value: wild(prng),
            size,
            instrument,
            fraction: prng.between(0, 65_535) as u16,
            session_day: prng.between(0, 65_535) as u16,
            kind: any(prng, StatisticKind::ALL),
            side: side(prng),
            flags,
            deleted: prng.between(0, 1) == 1,
        }),
        7 => Event::QuoteRequest(QuoteRequest { venue_at, size, instrument, side: side(prng) }),
        _ => {
            let seconds = wild(prng) as u32;
            let bar = Bar {
                venue_at: Bar::started_at(venue_at, seconds),
                open: price,
                volume: size,
                high_above: wild(prng) as u32,
                low_below: wild(prng) as u32,
                change: wild(prng) as i32,
                instrument,
            };
            Event::Bar { seconds, bar }
        }
    }
}

/// Events over some days, some of them late.
fn events(seed: u64, count: usize, days: i64, instruments: u32) -> Vec<Arrival> {
    let mut prng = Prng::new(seed);
    let step = days * DAY / count as i64;
    let mut arrivals = Vec::new();
    for at in 0..count as i64 {
        let venue_at = Nanos(START + at * step - prng.between(0, 3) / 3 * prng.between(0, DAY / 2));
        let received_at = Nanos(venue_at.0 + prng.between(-1_000, 1_000_000));
        arrivals.push(Arrival { received_at, event: event(&mut prng, venue_at, instruments) });
    }
    arrivals
}

fn begin(root: &Path, hash: &str, replace: bool) -> Result<Import, HistoryError> {
    Store::begin(root, source(hash), replace, "0.1.0")
}

fn import(root: &Path, hash: &str, arrivals: &[Arrival], instruments: u32) -> Manifest {
    let mut import = begin(root, hash, false).expect("it can start");
    import.instruments((0..instruments).map(stored).collect());
    for arrival in arrivals {
        import.push(arrival).expect("it is taken");
    }
    import.commit(serde_json::json!({ "kept": true })).expect("it is stored")
}

fn read(part: Part) -> (Vec<Row>, usize) {
    let (mut rows, mut damaged) = (Vec::new(), 0);
    let mut merge = Merge::new(part);
    while merge.read(1_000, &mut rows).expect("it is read") {
        damaged += merge.damaged().count();
    }
    (rows, damaged + merge.damaged().count())
}

fn all(root: &Path) -> Part {
    let store = Store::open(root).expect("a store");
    Part::all(root, Arc::new(store.manifests()[0].clone()))
}

fn arrivals(rows: &[Row]) -> Vec<Arrival> {
    rows.iter().map(|row| row.arrival).collect()
}

#[test]
fn every_kind_of_event_comes_back_bit_for_bit_in_recorded_order() {
    for (seed, count, days, instruments) in
        [(1, 20_000, 3, 4), (2, 150_000, 1, 1), (3, 5_000, 9, 3), (4, 1, 1, 1)]
    {
        let scratch = Scratch::new(&format!("back-{seed}"));
        let recorded = events(seed, count, days, instruments);
        let manifest = import(&scratch.0, "abc", &recorded, instruments);
        let (rows, damaged) = read(all(&scratch.0));
        assert_eq!(damaged, 0);
        assert!(rows.iter().enumerate().all(|(at, row)| row.seq == at as u64), "seed {seed}");
        assert!(arrivals(&rows) == recorded, "seed {seed}");
        assert_eq!(manifest.rows, count as u64);
        let stored: u64 = manifest.files.iter().map(|file| file.counts.rows).sum();
        assert_eq!(stored, count as u64);
        // No more days than the clock reached, and no file for a late stamp's day.
        assert!(manifest.files.iter().all(|file| (19_716..19_716 + days).contains(&file.day)));
    }
}

#[test]
fn a_range_is_the_slice_a_clock_that_never_falls_cuts() {
    let scratch = Scratch::new("range");
    let recorded = events(5, 150_000, 2, 2);
    import(&scratch.0, "abc", &recorded, 2);
    let clock: Vec<i64> = recorded
        .iter()
        .scan(i64::MIN, |clock, arrival| {
            *clock = (*clock).max(arrival.event.venue_at().expect("market data").0);
            Some(*clock)
        })
        .collect();
    for (from, to) in [(0, 2), (1, 3), (10, 11), (23, 26), (40, 48), (47, 200), (-5, 1), (60, 70)] {
        let (from, to) = (START + from * DAY / 24, START + to * DAY / 24);
        let part = all(&scratch.0);
        let seq = part.place_of(from).expect("readable")..part.place_of(to).expect("readable");
        let (rows, _) = read(Part { seq, ..part });
        let (first, last) = (clock.partition_point(|at| *at < from), clock.partition_point(|at| *at < to));
        assert!(arrivals(&rows) == recorded[first..last], "{from} to {to}");
    }
}

#[test]
fn one_instrument_comes_with_what_is_about_all_of_them() {
    let scratch = Scratch::new("one");
    let recorded = events(6, 4_000, 1, 3);
    import(&scratch.0, "abc", &recorded, 3);
    let (rows, _) = read(Part { wanted: vec![false, true, false], ..all(&scratch.0) });
    let wanted = |arrival: &Arrival| arrival.event.instrument().is_none_or(|id| id == InstrumentId(1));
    let expected: Vec<Arrival> = recorded.into_iter().filter(wanted).collect();
    assert!(expected.len() > 1_000 && arrivals(&rows) == expected);
}

#[test]
fn what_is_no_market_data_is_refused() {
    let scratch = Scratch::new("operator");
    let mut import = begin(&scratch.0, "abc", false).expect("it can start");
    let arrival = Arrival {
        received_at: Nanos(0),
        event: Event::Operator(Operator::Request {
            request: 1,
            by: types::PersonId(0),
            action: types::Action::Kill(types::Scope::Firm),
        }),
    };
    assert!(matches!(import.push(&arrival), Err(HistoryError::NotMarketData("operator"))));
}

#[test]
fn the_same_recording_is_refused_and_replaced_on_demand() {
    let scratch = Scratch::new("again");
    let old = import(&scratch.0, "abc", &events(7, 500, 1, 1), 1);
    import(&scratch.0, "def", &events(8, 500, 1, 1), 1);
    let refusal = begin(&scratch.0, "abc", false).expect_err("it is there").to_string();
    assert!(refusal.contains("as import 1") && refusal.contains("--replace"), "{refusal}");

    let recorded = events(9, 300, 1, 1);
    let mut again = begin(&scratch.0, "abc", true).expect("it may be replaced");
    again.instruments(vec![stored(0)]);
    recorded.iter().for_each(|arrival| again.push(arrival).expect("it is taken"));
    // Until it is whole, the old one counts.
    assert_eq!(Store::open(&scratch.0).expect("a store").manifests()[0], old);
    again.commit(serde_json::Value::Null).expect("it is stored");
    let store = Store::open(&scratch.0).expect("a store");
    let numbers: Vec<(u32, Option<u32>)> = store.manifests().iter().map(|m| (m.number, m.replaces)).collect();
    assert_eq!(numbers, [(2, None), (3, Some(1))]);
    assert!(old.files.iter().all(|file| !scratch.0.join(&file.path).exists()), "the old files are gone");
}

#[test]
fn one_process_imports_at_a_time() {
    let scratch = Scratch::new("busy");
    let _first = begin(&scratch.0, "abc", false).expect("it can start");
    assert!(matches!(begin(&scratch.0, "def", false), Err(HistoryError::Busy(_))));
}

/// Every file under a folder, with its bytes.
fn tree(root: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    let mut folders = vec![root.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path)
            } else {
                found.push((path.clone(), fs::read(path).expect("readable")))
            }
        }
    }
    found.sort();
    found
}

#[test]
fn an_import_that_was_given_up_leaves_nothing() {
    let scratch = Scratch::new("given-up");
    import(&scratch.0, "abc", &events(10, 500, 1, 1), 1);
    let before = tree(&scratch.0);
    let mut import = begin(&scratch.0, "def", false).expect("it can start");
    import.instruments(vec![stored(0)]);
    // More than a row group, so that a file is on disk.
    events(11, 90_000, 1, 1).iter().for_each(|arrival| import.push(arrival).expect("it is taken"));
    assert!(tree(&scratch.0).len() > before.len(), "it was writing");
    drop(import);
    assert!(tree(&scratch.0) == before);
}

#[test]
fn a_killed_import_is_removed_when_it_was_not_whole_and_finished_when_it_was() {
    let scratch = Scratch::new("killed");
    let manifest = import(&scratch.0, "abc", &events(12, 3_000, 2, 2), 2);
    let whole = tree(&scratch.0);
    let index = scratch.0.join("_quoin");

    // Killed before its manifest: half a file aside.
    let aside = index.join("importing-0002");
    fs::create_dir(&aside).expect("made");
    fs::write(aside.join("0_19716.parquet"), b"PAR1 and no more").expect("written");
    assert_eq!(Store::open(&scratch.0).expect("a store").manifests().len(), 1);
    drop(begin(&scratch.0, "def", false).expect("it can start"));
    assert!(tree(&scratch.0) == whole);

    // Killed after its manifest, with 0, 1 … of its files moved into place: put back as it was then.
    for moved in 0..=manifest.files.len() {
        let aside = index.join("importing-0001");
        fs::create_dir(&aside).expect("made");
        for file in &manifest.files[moved..] {
            let name = match file.instrument {
                Some(row) => format!("{row}_{}.parquet", file.day),
                None => format!("feed_{}.parquet", file.day),
            };
            fs::rename(scratch.0.join(&file.path), aside.join(name)).expect("moved back");
        }
        fs::rename(index.join("0001-abc.json"), aside.join("manifest.json")).expect("moved back");
        assert_eq!(Store::open(&scratch.0).expect("a store").manifests().len(), 0, "it does not count yet");
        drop(begin(&scratch.0, "def", false).expect("it can start"));
        assert!(tree(&scratch.0) == whole, "{moved} moved");
    }
}

#[test]
fn a_changed_byte_is_found_and_the_other_instruments_are_read() {
    let scratch = Scratch::new("damage");
    let recorded = events(13, 6_000, 1, 2);
    let manifest = import(&scratch.0, "abc", &recorded, 2);
    let path = scratch.0.join(&manifest.files[0].path);
    let clean = fs::read(&path).expect("written");
    let others = |arrival: &&Arrival| arrival.event.instrument() != Some(InstrumentId(0));
    let expected: Vec<Arrival> = recorded.iter().filter(others).copied().collect();
    for place in [0, 10, clean.len() / 2, clean.len() - 9, clean.len() - 1] {
        let mut bytes = clean.clone();
        bytes[place] ^= 1;
        fs::write(&path, bytes).expect("writable");
        let (rows, damaged) = read(all(&scratch.0));
        assert_eq!(damaged, 1, "byte {place}");
        assert!(arrivals(&rows) == expected, "byte {place}");
    }
}

#[test]
fn no_bytes_make_a_reader_panic_or_run_on() {
    let scratch = Scratch::new("bytes");
    let manifest = import(&scratch.0, "abc", &events(14, 400, 1, 1), 1);
    let path = scratch.0.join(&manifest.files[0].path);
    let clean = fs::read(&path).expect("written");
    let rows_of = |bytes: &[u8]| -> Option<usize> {
        fs::write(&path, bytes).expect("writable");
        let mut reader = FileReader::open(&path).ok()?;
        let mut rows = Vec::new();
        while reader.read(100, Some(InstrumentId(0)), &mut rows).ok()? {}
        Some(rows.len())
    };
    let whole = rows_of(&clean).expect("it is whole");
    // The decoder's own panics are caught; their words are not wanted here.
    std::panic::set_hook(Box::new(|_| {}));
    let mut prng = Prng::new(15);
    let (mut refused, mut read) = (0, 0);
    for _ in 0..600 {
        let mut bytes = clean.clone();
        let place = usize::try_from(prng.between(0, clean.len() as i64 - 1)).expect("in range");
        match prng.between(0, 2) {
            0 => bytes.truncate(place),
            1 => bytes[place] ^= 1 << prng.between(0, 7),
            _ => bytes[place..].iter_mut().take(8).for_each(|byte| *byte = 0xff),
        }
        match rows_of(&bytes) {
            None => refused += 1,
            Some(rows) => {
                assert!(rows <= whole);
                read += 1;
            }
        }
    }
    let _ = std::panic::take_hook();
    assert!(refused > 100 && read > 0, "{refused} refused, {read} read");
}

#[test]
fn a_full_disk_is_said_as_one() {
    /// Takes so many bytes.
    #[derive(Debug)]
    struct Full(usize);
    impl std::io::Write for Full {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            if self.0 < bytes.len() {
                return Err(std::io::ErrorKind::StorageFull.into());
            }
            self.0 -= bytes.len();
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let label = adapters::parquet::Label {
        version: 1,
        quoin: "0.1.0".into(),
        source: source("abc"),
        instrument: Some(stored(0)),
    };
    let rows: Vec<Row> = events(16, 2_000, 1, 1)
        .into_iter()
        .zip(0..)
        .map(|(arrival, seq)| Row { seq, arrival })
        .filter(|row| row.arrival.event.instrument().is_some())
        .collect();
    let mut said = 0;
    for room in [0, 4, 1_000, 20_000, 1 << 24] {
        let written = adapters::parquet::FileWriter::new(Path::new("there"), Full(room), &label)
            .and_then(|mut writer| writer.write(&rows).map(|()| writer))
            .and_then(adapters::parquet::FileWriter::finish);
        if let Err(error) = written {
            said += 1;
            let text = error.to_string();
            assert!(matches!(error, HistoryError::Io { .. }), "{room}: {error:?}");
            assert!(text.contains("there") && text.contains("make room"), "{text}");
        }
    }
    assert_eq!(said, 4, "the last one has room");
}
