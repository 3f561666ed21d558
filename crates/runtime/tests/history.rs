//! History against the recordings it was made from: the same events, the same runs, and answers that an obvious
//! computation gives, too.

use book::Book;
use dbn::SymbolIndex as _;
use dbn::decode::{DbnMetadata as _, DecodeRecord as _};
use engine::Engine;
use runtime::backtest::{Backtest, Observer, Totals};
use runtime::generate::{Kind, session, write_session};
use runtime::import::import;
use runtime::query::{Every, Question};
use runtime::source::{Progress, Recording, Selection, open, recordings};
use runtime::survey::survey;
use runtime::{Config, Setup, moment, prepare};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use testkit::data::recorded;
use types::record::Record;
use types::{Arrival, Command, Event, Flags, Input, Nanos, Side};
use venues::{Directory, Output};

struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("quoin-history-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        Self(path)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn generated(seed: u64, minutes: u32, loss_ppm: u32) -> Recording {
    let mut bytes = Vec::new();
    write_session(session(Kind::QueueReactive, seed, minutes, loss_ppm), &mut bytes, |_| {})
        .expect("memory takes it");
    Recording::Memory { name: format!("generated {seed}"), bytes: Arc::from(bytes) }
}

/// Without some packets in its middle, of both lines: classic pcap, a header of 24 bytes, then records of 16 bytes and
/// as many more as their third word says.
fn holed(recording: &Recording) -> Recording {
    let Recording::Memory { name, bytes } = recording else { panic!("generated in memory") };
    let (mut at, mut kept, mut count) = (24, bytes[..24].to_vec(), 0);
    while at < bytes.len() {
        let length = u32::from_le_bytes(bytes[at + 8..at + 12].try_into().expect("four bytes"));
        let end = at + 16 + length as usize;
        count += 1;
        if !(20_000..20_200).contains(&count) {
            kept.extend_from_slice(&bytes[at..end]);
        }
        at = end;
    }
    assert!(kept.len() < bytes.len());
    Recording::Memory { name: name.clone(), bytes: Arc::from(kept) }
}

fn store(root: &Path, recordings: &[Recording]) {
    for recording in recordings {
        import(recording, root, &Config::default(), false, |_| {}).expect("it is imported");
    }
}

fn history(root: &Path, selection: &Selection) -> Vec<Recording> {
    recordings(&[root.to_path_buf()], selection).expect("it is there")
}

/// What the run of some recordings is: its setup, its totals, and a hash over all inputs and commands.
fn run(recordings: Vec<Recording>) -> (Setup, Totals, String) {
    struct Hash(blake3::Hasher);
    impl Observer for Hash {
        fn on_step(&mut self, input: &Input, commands: &[Command], _: &Engine) {
            self.0.update(&Record::Input(*input).to_bytes());
            for &command in commands {
                let record = Record::Command { seq: input.seq, at: input.received_at, command };
                self.0.update(&record.to_bytes());
            }
        }
    }
    let prepared = prepare(recordings, Config::default(), |_| {}).expect("a run can start");
    let feed = prepared.feed(&Progress::default()).expect("it opens");
    let mut run = Backtest::new(&prepared.setup, feed, None).expect("a run starts");
    let mut hash = Hash(blake3::Hasher::new());
    let totals = run.run(&mut hash, |_| {}).expect("a run ends");
    (prepared.setup, totals, hash.0.finalize().to_hex().to_string())
}

/// Every arrival of some recordings, as a run reads them.
fn arrivals(recordings: &[Recording]) -> Vec<Arrival> {
    let table = survey(recordings, |_| {}).expect("readable").table(&Config::default()).expect("terms");
    let (mut all, mut out) = (Vec::new(), Output::default());
    for recording in recordings {
        let mut source = open(recording, &Progress::default()).expect("it opens");
        let mut directory = Directory::run(&table.instruments, &table.wire_ticks);
        while source.read(&mut directory, &mut out).expect("it is read") {
            all.append(&mut out.arrivals);
        }
        all.append(&mut out.arrivals);
    }
    all
}

/// Recordings, each list of which is one history.
const RECORDED: [&[&str]; 7] = [
    &["dbn/esh4-glbx-mdp3-20231225.mbo.dbn.zst"],
    &["dbn/esh4-glbx-mdp3-20231224.mbo.dbn.zst", "dbn/esh4-glbx-mdp3-20231225.mbo.dbn.zst"],
    &["cme-mdp3/Cme.Mdp3.Sbe.v6.1.pcapng"],
    &["cme-mdp3/Cme.Mdp3.Sbe.v9.1.Example.pcap"],
    &["lobster/LOBSTER_SampleFile_GOOG_2012-06-21_10.zip"],
    &["binance-l2/usdm/btcusdt_20240808.gz"],
    &["binance-l2/usdm/btcusdt_20240808.gz", "binance-l2/usdm/ethusdt_20240808.gz"],
];

#[test]
fn a_run_on_history_is_the_run_on_its_recordings() {
    for (at, files) in RECORDED.iter().enumerate() {
        let Some(files) =
            files.iter().map(|file| recorded(file).map(Recording::File)).collect::<Option<Vec<_>>>()
        else {
            return;
        };
        let scratch = Scratch::new(&format!("run-{at}"));
        store(&scratch.0, &files);
        let stored = history(&scratch.0, &Selection::default());
        assert!(arrivals(&stored) == arrivals(&files), "{files:?}");
        let (setup, totals, hash) = run(files);
        let (again, totals_again, hash_again) = run(stored);
        assert!(totals.market_events > 0);
        assert_eq!(setup.to_json(), again.to_json());
        assert_eq!((totals, hash), (totals_again, hash_again));
    }
}

#[test]
fn a_session_with_losses_is_the_same_from_history() {
    let scratch = Scratch::new("losses");
    let session = holed(&generated(3, 1, 200_000));
    store(&scratch.0, std::slice::from_ref(&session));
    let stored = history(&scratch.0, &Selection::default());
    let original = arrivals(std::slice::from_ref(&session));
    assert!(original.iter().any(|arrival| matches!(arrival.event, Event::Gap(_))), "packets were lost");
    assert!(arrivals(&stored) == original);
    assert_eq!(run(vec![session]), run(stored));
}

/// Live books, level by level, at the end of what is given.
fn books(arrivals: &[Arrival], instruments: &[types::Instrument]) -> Vec<Option<Vec<(Side, book::Level)>>> {
    let mut books: Vec<Book> = instruments.iter().map(Book::of).collect();
    for arrival in arrivals {
        match &arrival.event {
            Event::Level(delta) => {
                books[delta.instrument.index()].apply_level(delta);
            }
            Event::Order(delta) => {
                books[delta.instrument.index()].apply_order(delta);
            }
            Event::Gap(gap) => match gap.instrument {
                Some(id) => books[id.index()].on_gap(),
                None => books.iter_mut().for_each(Book::on_gap),
            },
            Event::Status(status) => match status.instrument {
                Some(id) => books[id.index()].on_phase(status.phase),
                None => books.iter_mut().for_each(|book| book.on_phase(status.phase)),
            },
            Event::Trade(_)
            | Event::TradeBust(_)
            | Event::Report(_)
            | Event::Timer(_)
            | Event::Operator(_)
            | Event::Cash(_)
            | Event::Session(_)
            | Event::DropCopy(_)
            | Event::Clock(_)
            | Event::Statistic(_)
            | Event::QuoteRequest(_)
            | Event::Bar { .. } => {}
        }
    }
    let levels = |book: &Book| {
        let side = |side| book.levels(side).map(move |level| (side, level)).collect::<Vec<_>>();
        book.is_live().then(|| [side(Side::Buy), side(Side::Sell)].concat())
    };
    books.iter().map(levels).collect()
}

#[test]
fn a_part_opens_with_the_books_that_stood() {
    let files = ["dbn/esh4-glbx-mdp3-20231225.mbo.dbn.zst", "cme-mdp3/Cme.Mdp3.Sbe.v6.1.pcapng"];
    for file in files {
        let Some(path) = recorded(file) else { return };
        let scratch = Scratch::new("part");
        store(&scratch.0, &[Recording::File(path.clone())]);
        let whole = [Recording::File(path)];
        let all = arrivals(&whole);
        let clock: Vec<i64> = all
            .iter()
            .scan(i64::MIN, |clock, arrival| {
                *clock = (*clock).max(arrival.event.venue_at().expect("market data").0);
                Some(*clock)
            })
            .collect();
        let (from, to) = (Nanos(clock[all.len() / 2]), Nanos(clock[all.len() / 4 * 3]));
        let selection = Selection { from: Some(from), to: Some(to), symbols: Vec::new() };
        let part = history(&scratch.0, &selection);
        let table = survey(&whole, |_| {}).expect("readable").table(&Config::default()).expect("terms");
        let cut = clock.partition_point(|at| *at < to.0);
        assert!(cut > 1_000 && cut < all.len() && from < to);
        let expected = books(&all[..cut], &table.instruments);
        let found = books(&arrivals(&part), &table.instruments);
        assert!(expected.iter().flatten().any(|levels| levels.len() > 10), "a book with something in it");
        for (row, (found, expected)) in found.iter().zip(&expected).enumerate() {
            assert_eq!(found, expected, "{file}: {}", table.instruments[row].symbol());
        }
    }
}

#[test]
fn bars_are_what_one_pass_over_the_trades_gives() {
    let scratch = Scratch::new("bars");
    let session = generated(4, 2, 0);
    store(&scratch.0, std::slice::from_ref(&session));
    let trades: Vec<types::Trade> = arrivals(&[session])
        .iter()
        .filter_map(|arrival| if let Event::Trade(trade) = arrival.event { Some(trade) } else { None })
        .collect();
    assert!(trades.len() > 300);
    let question = Question::new(std::slice::from_ref(&scratch.0), Selection::default(), &Config::default())
        .expect("it is there");
    for instrument in question.instruments() {
        let of: Vec<_> = trades.iter().filter(|trade| trade.instrument == instrument.id()).collect();
        let groups: [(Every, Vec<Vec<&types::Trade>>); 3] = [
            (
                Every::Time(Nanos::from_secs(10)),
                of.chunk_by(|a, b| a.venue_at.0 / 10_000_000_000 == b.venue_at.0 / 10_000_000_000)
                    .map(<[_]>::to_vec)
                    .collect(),
            ),
            (Every::Trades(25), of.chunks(25).map(<[_]>::to_vec).collect()),
            (Every::Volume(40_000_000_000), by_volume(&of, 40)),
        ];
        for (every, groups) in groups {
            let bars = question.bars(every).expect("it answers");
            let bars: Vec<_> = bars.iter().filter(|bar| bar.instrument == instrument.id()).collect();
            assert_eq!(bars.len(), groups.len(), "{every:?}");
            for (bar, group) in bars.iter().zip(groups) {
                let prices: Vec<i128> = group.iter().map(|t| i128::from(t.price.0) * 10_000).collect();
                let expected = (
                    prices[0],
                    *prices.iter().max().expect("a group has trades"),
                    *prices.iter().min().expect("a group has trades"),
                    prices[prices.len() - 1],
                    group.iter().map(|t| i128::from(t.size.0)).sum::<i128>(),
                    group.iter().zip(&prices).map(|(t, price)| i128::from(t.size.0) * price).sum::<i128>(),
                    group.len() as u64,
                );
                let found = (bar.open, bar.high, bar.low, bar.close, bar.volume, bar.value, bar.trades);
                assert_eq!(found, expected, "{every:?}");
            }
        }
    }
}

fn by_volume<'a>(trades: &[&'a types::Trade], full: i64) -> Vec<Vec<&'a types::Trade>> {
    let mut groups = vec![Vec::new()];
    let mut volume = 0;
    for trade in trades {
        if volume >= full {
            groups.push(Vec::new());
            volume = 0;
        }
        volume += trade.size.0;
        groups.last_mut().expect("never empty").push(*trade);
    }
    groups
}

#[test]
fn bars_of_the_vendor_s_trades_are_the_vendor_s_bars() {
    let folder = "dbn/es-2024-07-01";
    let trades = format!("{folder}/futures_trades_2024-07-01T23-58_2024-07-02T00-02.dbn.zst");
    let minutes = format!("{folder}/futures_ohlcv-1m_2024-07-01T23-40_2024-07-02T00-10.dbn.zst");
    let (Some(trades), Some(minutes)) = (recorded(&trades), recorded(&minutes)) else { return };
    let scratch = Scratch::new("vendor");
    store(&scratch.0, &[Recording::File(trades)]);
    let ours = Question::new(std::slice::from_ref(&scratch.0), Selection::default(), &Config::default())
        .expect("it is there");
    let nanos = |instrument: &types::Instrument, parts: i128| {
        parts * i128::from(instrument.terms().tick_nanos) / 10_000
    };
    // The vendor's bars by the vendor's own reader: prices in nanos, sizes in contracts.
    let mut expected = std::collections::BTreeMap::new();
    let bytes = zstd::decode_all(fs::File::open(&minutes).expect("it is there")).expect("zstd");
    let mut vendor = dbn::decode::dbn::Decoder::new(bytes.as_slice()).expect("a file of the vendor's");
    let symbols = vendor.metadata().symbol_map().expect("it maps its symbols");
    while let Some(bar) = vendor.decode_record::<dbn::OhlcvMsg>().expect("readable") {
        let symbol = symbols.get_for_rec(bar).expect("it is mapped").clone();
        let at = Nanos(i64::try_from(bar.hd.ts_event).expect("before 2262"));
        let prices = [bar.open, bar.high, bar.low, bar.close].map(i128::from);
        expected.insert((symbol, at), (prices, i128::from(bar.volume) * 1_000_000_000));
    }
    let mut compared = 0;
    for bar in ours.bars(Every::Time(Nanos::from_secs(60))).expect("it answers") {
        let i = &ours.instruments()[bar.instrument.index()];
        let found = (
            [bar.open, bar.high, bar.low, bar.close].map(|p| nanos(i, p)),
            bar.volume * i128::from(i.terms().lot_nanos),
        );
        let vendor = expected.get(&(i.symbol().to_string(), bar.start));
        assert_eq!(vendor, Some(&found), "{} at {}", i.symbol(), moment::rfc3339(bar.start));
        compared += 1;
    }
    assert!(compared >= 4, "{compared} bars compared, of {} the vendor has", expected.len());
}

#[test]
fn depth_is_what_a_walk_over_the_packets_gives() {
    let Some(path) = recorded("dbn/esh4-glbx-mdp3-20231225.mbo.dbn.zst") else { return };
    let scratch = Scratch::new("depth");
    store(&scratch.0, &[Recording::File(path.clone())]);
    let from = moment::parse("2023-12-25T23:00:00Z").expect("a time");
    let selection = Selection { from: Some(from), ..Selection::default() };
    let question =
        Question::new(std::slice::from_ref(&scratch.0), selection, &Config::default()).expect("it is there");
    let found = question.depths(Nanos::from_secs(3_600), 2).expect("it answers");

    // The obvious book, one sum, no spans.
    let mut book = book::obvious::OrderBook::new();
    let (mut live, mut spread, mut bids) = (0_i128, 0_i128, 0_i128);
    let mut standing: Option<(Nanos, i128, i128)> = None;
    let mut clock = Nanos::MIN;
    for arrival in arrivals(&[Recording::File(path)]) {
        let Event::Order(delta) = arrival.event else { continue };
        clock = clock.max(delta.venue_at);
        book.apply(&delta);
        if !delta.flags.has(Flags::LAST) {
            continue;
        }
        if let Some((since, gap, size)) = standing.take() {
            let time = i128::from((clock - since.max(from)).0.max(0));
            (live, spread, bids) = (live + time, spread + gap * time, bids + size * time);
        }
        let levels = |side| book.levels(side).take(2).collect::<Vec<_>>();
        let (bid, ask) = (levels(Side::Buy), levels(Side::Sell));
        if let (Some(best), Some(other)) = (bid.first(), ask.first())
            && best.price <= other.price
        {
            let size = bid.iter().map(|level| i128::from(level.size.0)).sum();
            standing = Some((clock, i128::from(other.price - best.price), size));
        }
    }
    assert!(live > 3_500 * 1_000_000_000);
    let [hour] = found.as_slice() else { panic!("one hour: {found:?}") };
    assert_eq!((i128::from(hour.live.0), hour.spread, hour.bid_size), (live, spread, bids));
}

#[test]
fn a_day_s_integrity_is_what_independent_tools_counted() {
    let Some(path) = recorded("dbn/esh4-glbx-mdp3-20231225.mbo.dbn.zst") else { return };
    let scratch = Scratch::new("integrity");
    let imported =
        import(&Recording::File(path), &scratch.0, &Config::default(), false, |_| {}).expect("imported");
    let (_, es) = &imported.integrity.instruments[0];
    // The data's README: no unknown order id; crossed only between 22:39:55 and 23:00:00.000069.
    assert_eq!((es.unknown, es.duplicates.orders, imported.integrity.faults.count), (0, 0, 0));
    let time = |text: &str| moment::parse(text).expect("a time");
    let [(from, to)] = es.crossed.spans.first.as_slice() else { panic!("{:?}", es.crossed) };
    assert!((time("2023-12-25T22:39:55Z")..time("2023-12-25T22:39:56Z")).contains(from));
    assert!((time("2023-12-25T23:00:00Z")..time("2023-12-25T23:00:00.0002Z")).contains(to), "{to:?}");
    assert_eq!(es.events["trade"], 2_973);
}

#[test]
fn damaged_history_is_a_fault_and_a_gap_not_a_wrong_book() {
    let scratch = Scratch::new("damage");
    store(&scratch.0, &[generated(5, 1, 0)]);
    let whole = history(&scratch.0, &Selection::default());
    let events = arrivals(&whole).len();
    let Recording::History(imported) = &whole[0] else { panic!("it is history") };
    let largest = imported.manifest().files.iter().max_by_key(|file| file.bytes).expect("it has files");
    let path = scratch.0.join(&largest.path);
    let mut bytes = fs::read(&path).expect("written");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&path, bytes).expect("writable");

    let table = survey(&whole, |_| {}).expect("readable").table(&Config::default()).expect("terms");
    let mut directory = Directory::run(&table.instruments, &table.wire_ticks);
    let mut source = open(&whole[0], &Progress::default()).expect("it opens");
    let (mut out, mut faults, mut left, mut gaps) = (Output::default(), 0, 0, Vec::new());
    let mut more = true;
    while more {
        more = source.read(&mut directory, &mut out).expect("it is read");
        faults += out.faults.len();
        left += out.arrivals.len();
        let gap = |arrival: &Arrival| if let Event::Gap(gap) = arrival.event { gap.instrument } else { None };
        gaps.extend(out.arrivals.iter().filter_map(gap).map(|id| id.0));
    }
    assert_eq!((faults, gaps), (1, vec![largest.instrument.expect("an instrument's")]));
    assert_eq!(left as u64, events as u64 - largest.counts.rows + 1);
}
