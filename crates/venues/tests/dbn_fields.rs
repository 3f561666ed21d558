//! Every field of every DBN record, read in place, against the vendor's `dbn` crate: all recorded files, and records
//! of random bytes of every type, encoded by the vendor's encoder.
//!
//! The crate's JSON is the second reader: it names every field and prints its raw value.

#[path = "support/dbn.rs"]
mod support;

use dbn::decode::{DecodeRecordRef, dbn::Decoder};
use dbn::encode::{EncodeRecordRef, dbn::Encoder, json};
use dbn::{Metadata, MetadataBuilder, RecordRef, SType, Schema, VersionUpgradePolicy};
use serde_json::Value as Json;
use stdx::Prng;
use support::{FOLDERS, streams};
use venues::archive::dbn::fields::{Field, Value, View};
use venues::archive::dbn::records as r;
use venues::archive::dbn::{Runs, rtype};

/// A record type's fields, and where its levels stand.
struct Shape {
    name: &'static str,
    rtype: u8,
    /// By version.
    bytes: [usize; 3],
    fields: [&'static [Field]; 3],
    levels: Option<&'static [Field]>,
}

macro_rules! shape {
    ($name:literal, $rtype:ident, [$one:ident, $two:ident, $three:ident], $levels:expr) => {
        Shape {
            name: $name,
            rtype: rtype::$rtype,
            bytes: [r::$one::BYTES, r::$two::BYTES, r::$three::BYTES],
            fields: [r::$one::FIELDS, r::$two::FIELDS, r::$three::FIELDS],
            levels: $levels,
        }
    };
    ($name:literal, $rtype:ident, $view:ident, $levels:expr) => {
        shape!($name, $rtype, [$view, $view, $view], $levels)
    };
}

fn shapes() -> Vec<Shape> {
    let (levels, consolidated) = (Some(r::Level::FIELDS), Some(r::ConsolidatedLevel::FIELDS));
    vec![
        shape!("mbo", MBO, Mbo, None),
        shape!("trades", TRADE, Trade, None),
        shape!("mbp-1", MBP_1, Mbp1, levels),
        shape!("mbp-10", MBP_10, Mbp10, levels),
        shape!("bbo-1s", BBO_1S, Bbo, levels),
        shape!("bbo-1m", BBO_1M, Bbo, levels),
        shape!("cmbp-1", CMBP_1, Cmbp1, consolidated),
        shape!("tcbbo", TCBBO, Cmbp1, consolidated),
        shape!("cbbo-1s", CBBO_1S, Cbbo, consolidated),
        shape!("cbbo-1m", CBBO_1M, Cbbo, consolidated),
        shape!("ohlcv", OHLCV_OLD, Ohlcv, None),
        shape!("ohlcv-1s", OHLCV_1S, Ohlcv, None),
        shape!("ohlcv-1m", OHLCV_1M, Ohlcv, None),
        shape!("ohlcv-1h", OHLCV_1H, Ohlcv, None),
        shape!("ohlcv-1d", OHLCV_1D, Ohlcv, None),
        shape!("ohlcv-eod", OHLCV_EOD, Ohlcv, None),
        shape!("status", STATUS, Status, None),
        shape!("imbalance", IMBALANCE, Imbalance, None),
        shape!("statistics", STATISTICS, [StatV1, StatV1, StatV3], None),
        shape!("definition", DEFINITION, [DefinitionV1, DefinitionV2, DefinitionV3], None),
        shape!("symbol mapping", SYMBOL_MAPPING, [SymbolMappingV1, SymbolMappingV2, SymbolMappingV2], None),
        shape!("error", ERROR, [ErrorV1, ErrorV2, ErrorV2], None),
        shape!("system", SYSTEM, [SystemV1, SystemV2, SystemV2], None),
    ]
}

/// The record as the vendor prints it.
fn json_of(record: RecordRef<'_>) -> Json {
    let mut text = Vec::new();
    json::Encoder::new(&mut text, false, false, false).encode_record_ref(record).expect("memory takes it");
    serde_json::from_slice(&text).expect("the vendor writes JSON")
}

/// Compares a field with what the vendor prints for it.
fn check(field: &Field, ours: &[u8], theirs: &Json, what: &str) {
    let printed = &theirs[field.name];
    let value = field.read(ours).expect("long enough");
    let same = match (value, printed) {
        // A price or a time that is not there, a letter that is none.
        (Value::Number(number), Json::Null) => match field.bytes {
            8 => [i128::from(i64::MAX), i128::from(u64::MAX)].contains(&number),
            1 => number == 0,
            _ => false,
        },
        (Value::Number(number), Json::Number(printed)) => printed.to_string() == number.to_string(),
        (Value::Number(number), Json::String(printed)) => {
            let letter = u8::try_from(number).ok().map(char::from).map(String::from);
            *printed == number.to_string() || letter.as_ref() == Some(printed)
        }
        (Value::Text(text), Json::String(printed)) => text == printed.as_bytes(),
        _ => false,
    };
    assert!(same, "{what}: {} is {value:?} here and {printed} there", field.name);
}

/// Compares a whole record; answers how many fields that were.
fn compare(shapes: &[Shape], ours: &[u8], version: u8, json: &Json, what: &str) -> usize {
    let shape = shapes.iter().find(|shape| shape.rtype == ours[1]).expect("every type is in the table");
    let row = usize::from(version.max(1) - 1);
    let what = format!("{what}, {} version {version}", shape.name);
    let headed = |at: usize, bytes: usize| -> String {
        let mut number = [0; 8];
        number[..bytes].copy_from_slice(&ours[at..at + bytes]);
        u64::from_le_bytes(number).to_string()
    };
    let header = &json["hd"];
    for (name, at, bytes) in
        [("rtype", 1, 1), ("publisher_id", 2, 2), ("instrument_id", 4, 4), ("ts_event", 8, 8)]
    {
        let (mine, printed) = (headed(at, bytes), header[name].to_string());
        let none = header[name].is_null() && mine == u64::MAX.to_string();
        assert!(none || mine == printed.trim_matches('"'), "{what}: {name} {mine} {printed}");
    }
    let mut fields = 4;
    for field in shape.fields[row] {
        check(field, ours, json, &what);
        fields += 1;
    }
    // No field of theirs is missing here.
    let levels = usize::from(shape.levels.is_some());
    let printed = json.as_object().expect("an object").len();
    assert_eq!(printed, 1 + shape.fields[row].len() + levels, "{what}: {json}");
    if let Some(of_level) = shape.levels {
        let theirs = json["levels"].as_array().expect("an array");
        let mine = ours[48..shape.bytes[row]].chunks_exact(32);
        assert_eq!(mine.len(), theirs.len());
        for (mine, theirs) in mine.zip(theirs) {
            for field in of_level {
                check(field, mine, theirs, &what);
                fields += 1;
            }
        }
    }
    fields
}

/// The records of a stream behind its metadata.
fn behind_metadata(bytes: &[u8]) -> &[u8] {
    let length: &[u8; 4] = bytes[4..].first_chunk().expect("a prelude");
    &bytes[8 + u32::from_le_bytes(*length) as usize..]
}

#[test]
fn every_recorded_record_is_field_by_field_what_its_vendor_reads() {
    let shapes = shapes();
    let (mut files, mut records, mut fields) = (0, 0, 0);
    for folder in FOLDERS {
        let Some(streams) = streams(folder) else { return };
        for stream in streams {
            let bytes =
                if stream.fragment.is_some() { &stream.bytes } else { behind_metadata(&stream.bytes) };
            let mut ours = Runs::of(bytes).flat_map(|run| run.records());
            stream.each_of_theirs(VersionUpgradePolicy::AsIs, |theirs| {
                let record = ours.next().expect("as many as theirs");
                // A day of orders is alike; every thirtieth, and the first thousand.
                if records < 1_000 || records % 30 == 0 || bytes.len() < 1 << 18 {
                    fields += compare(&shapes, record, stream.version(), &json_of(theirs), &stream.name);
                }
                records += 1;
            });
            assert_eq!(ours.next(), None, "{}", stream.name);
            files += 1;
        }
    }
    eprintln!("{files} files, {records} records, {fields} fields compared");
    assert_eq!(files, 81 + 14);
}

/// A record of random fields. Where the vendor must be able to print one it gets what can be printed: letters where
/// single bytes are due, texts that end.
fn made(shape: &Shape, version: u8, prng: &mut Prng) -> Vec<u8> {
    let row = usize::from(version - 1);
    let bytes = shape.bytes[row];
    let mut record: Vec<u8> = (0..bytes).map(|_| u8::try_from(prng.below(256)).expect("a byte")).collect();
    record[0] = u8::try_from(bytes / 4).expect("a byte");
    record[1] = shape.rtype;
    for field in shape.fields[row] {
        let place = field.at..field.at + field.bytes;
        // Letters that both enumerations of version 1's definitions know: added, modified, deleted; yes, no.
        let letters = match field.name {
            "security_update_action" => &b"AMD~"[..],
            "user_defined_instrument" => b"NY",
            _ => b"ABCFMNRTY~09",
        };
        let letter = || letters[usize::try_from(prng.below(letters.len() as u64)).expect("few")];
        match field.read(&record).expect("long enough") {
            Value::Text(_) => {
                record[place.clone()].fill_with(letter);
                let length = prng.below(field.bytes as u64);
                record[place][usize::try_from(length).expect("short")..].fill(0);
            }
            Value::Number(_) if field.bytes == 1 => record[place].fill_with(letter),
            Value::Number(_) => {
                // Now and then nothing is there: no price, no time, no size.
                if prng.chance(0.2) {
                    record[place.clone()].fill(0xff);
                    let signed = prng.chance(0.5);
                    record[place.end - 1] = if signed { 0x7f } else { 0xff };
                }
            }
        }
    }
    record
}

fn header(version: u8) -> Metadata {
    let mut metadata = MetadataBuilder::new()
        .dataset("GLBX.MDP3")
        .schema(None::<Schema>)
        .start(0)
        .stype_in(Some(SType::RawSymbol))
        .stype_out(SType::InstrumentId)
        .build();
    metadata.version = version;
    metadata.symbol_cstr_len = if version == 1 { 22 } else { 71 };
    metadata
}

#[test]
fn made_records_of_every_type_and_version_are_read_as_their_vendor_writes_them() {
    let shapes = shapes();
    let (mut records, mut fields) = (0, 0);
    for seed in 0..40 {
        let mut prng = Prng::new(seed);
        for version in 1..=3 {
            let metadata = header(version);
            // Random bytes behind the vendor's header, read by the vendor, written by the vendor, read by us.
            let mut random = Vec::new();
            Encoder::new(&mut random, &metadata).expect("memory takes it");
            for shape in &shapes {
                for _ in 0..prng.between(1, 3) {
                    random.extend(made(shape, version, &mut prng));
                }
            }
            let mut theirs =
                Decoder::with_upgrade_policy(&random[..], VersionUpgradePolicy::AsIs).expect("their header");
            let (mut written, mut printed) = (Vec::new(), Vec::new());
            let mut encoder = Encoder::new(&mut written, &metadata).expect("memory takes it");
            while let Some(record) = theirs.decode_record_ref().expect("lengths and types are right") {
                encoder.encode_record_ref(record).expect("memory takes it");
                printed.push(json_of(record));
            }
            let ours: Vec<&[u8]> =
                Runs::of(behind_metadata(&written)).flat_map(|run| run.records()).collect();
            assert_eq!(ours.len(), printed.len(), "seed {seed}");
            for (record, json) in ours.iter().zip(&printed) {
                fields += compare(&shapes, record, version, json, &format!("seed {seed}"));
            }
            records += ours.len();
        }
    }
    eprintln!("{records} made records, {fields} fields compared");
    assert!(records > 40 * 3 * 23);
}
