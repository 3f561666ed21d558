//! A day's file of `incremental_book_L2` as Tardis would have written it of a recorded market of Binance: rows to
//! events, beside the `csv` crate taking the same rows apart and parsing their numbers as doubles. Messages are rows.

mod text;

use criterion::{Criterion, criterion_group, criterion_main};
use flate2::read::MultiGzDecoder;
use serde_json::Value;
use std::fmt::Write as _;
use std::hint::black_box;
use std::io::Read;
use venues::Output;
use venues::archive::tardis::Decoder;

/// The recorded depth updates as rows; the snapshot first.
fn rows(recorded: &str) -> (String, usize) {
    let mut text = "exchange,symbol,timestamp,local_timestamp,is_snapshot,side,price,amount\n".to_string();
    let (mut seeded, mut rows) = (false, 0);
    for line in recorded.lines() {
        let (time, json) = line.split_once(' ').expect("a time and JSON");
        let local = &time[..16];
        let value: Value = serde_json::from_str(json).expect("JSON");
        let (update, snapshot) = (&value["data"], value.get("lastUpdateId").is_some());
        let (bids, asks) =
            if snapshot { (&value["bids"], &value["asks"]) } else { (&update["b"], &update["a"]) };
        if !(snapshot || (seeded && update["e"] == "depthUpdate")) {
            continue;
        }
        seeded = true;
        let at = value["T"].as_u64().or(update["T"].as_u64()).expect("futures say when");
        for (side, levels) in [("bid", bids), ("ask", asks)] {
            for level in levels.as_array().expect("levels") {
                let [price, amount] = [0, 1].map(|part| level[part].as_str().expect("a decimal"));
                writeln!(text, "binance-futures,BTCUSDT,{at}000,{local},{snapshot},{side},{price},{amount}")
                    .expect("memory can be written");
                rows += 1;
            }
        }
    }
    (text, rows)
}

fn records(text: &[u8]) -> usize {
    let mut reader = csv::ReaderBuilder::new().from_reader(text);
    let mut record = csv::ByteRecord::new();
    let mut rows = 0;
    while reader.read_byte_record(&mut record).expect("rows of eight") {
        let number =
            |field: usize| std::str::from_utf8(&record[field]).ok().and_then(|text| text.parse::<f64>().ok());
        let read = (number(2), number(3), number(6), number(7));
        rows += usize::from(black_box(read).0.is_some());
    }
    rows
}

fn bench(c: &mut Criterion) {
    let Some(path) = testkit::data::recorded("binance-l2/usdm/btcusdt_20240808.gz") else {
        return;
    };
    let packed = std::fs::read(path).expect("a recorded file can be read");
    let mut recorded = String::new();
    MultiGzDecoder::new(&packed[..]).read_to_string(&mut recorded).expect("a recorded file is whole");
    let (text, count) = rows(&recorded);
    let mut directory = text::directory("binance-futures", "BTCUSDT", 10_000_000, 1_000_000);
    let mut out = Output::default();
    let mut ours = |text: &[u8]| text::decode(Decoder::new(None), text, &mut directory, &mut out);
    // Every row, and the clearing that begins the snapshot.
    assert_eq!(ours(text.as_bytes()), count + 1);
    let rival = ("csv, rows to doubles", &records as &dyn Fn(&[u8]) -> usize);
    text::compare(c, "tardis-incremental-book", text.as_bytes(), count, ours, rival);
}

criterion_group!(benches, bench);
criterion_main!(benches);
