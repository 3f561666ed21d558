use super::*;
use std::io::Write;
use stdx::Prng;

const ROWS: [Row; 3] = [[1_000, 1_400, 1_500], [2_000, 2_200, 2_900], [3_000, 3_800, 3_900]];

fn read(bytes: &[u8]) -> Result<OrderSamples, String> {
    OrderSamples::parse(Path::new("x"), bytes).map_err(|error| error.to_string())
}

fn npy(header: &str, rows: &[Row], padding: usize) -> Vec<u8> {
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend(u16::try_from(header.len()).expect("short").to_le_bytes());
    bytes.extend(header.as_bytes());
    for row in rows {
        row.iter().for_each(|value| bytes.extend(value.to_le_bytes()));
        bytes.extend(vec![0; padding]);
    }
    bytes
}

/// The order latency row of hftbacktest.
const HEADER: &str = "{'descr': [('req_ts', '<i8'), ('exch_ts', '<i8'), ('resp_ts', '<i8'), ('_padding', '<i8')], \
                      'fortran_order': False, 'shape': (3,), }\n";

#[test]
fn every_form_says_the_same() {
    let wanted = OrderSamples::new(&ROWS).expect("three orders");
    let took = |at: i64| (wanted.entry.at(Nanos(at)).0, wanted.answer.at(Nanos(at)).0);
    assert_eq!([1_000, 1_500, 2_200].map(took), [(400, 100), (300, 175), (320, 700)]);
    assert_eq!((wanted.orders, wanted.unstamped, wanted.skew), (3, 0, None));

    let plain = "{'descr': '<i8', 'fortran_order': False, 'shape': (3, 3), }\n";
    let void = "{'descr': [('req_ts', '<i8'), ('exch_ts', '<i8'), ('resp_ts', '<i8'), ('', '|V16')], \
                'fortran_order': False, 'shape': (3,), }\n";
    let array = npy(HEADER, &ROWS, 8);
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    zip.start_file("data.npy", zip::write::SimpleFileOptions::default()).expect("in memory");
    zip.write_all(&array).expect("in memory");
    let zip = zip.finish().expect("in memory").into_inner();
    for (form, bytes) in [
        ("text", b"1000,1400,1500\n2000,2200,2900\n\n3000,3800,3900\n".to_vec()),
        (
            "names",
            b"answered, sent ,x,at_venue\n1500,1000,7,1400\n2900,2000,7,2200\n3900,3000,7,3800".to_vec(),
        ),
        ("hftbacktest's", array),
        ("plain", npy(plain, &ROWS, 0)),
        ("void", npy(void, &ROWS, 16)),
        ("zipped", zip),
    ] {
        assert_eq!(read(&bytes).as_ref(), Ok(&wanted), "{form}");
    }
}

#[test]
fn what_is_wrong_is_said_with_its_place() {
    let cases: [(&[u8], &str); 6] = [
        (b"1000,1400,1500\n2000,,2900\n", "line 2: `` is no whole number"),
        (b"sent,answered\n1,2\n", "line 1: no column of [\"exch_ts\", \"at_venue\", \"venue_at\"]"),
        (b"1,2,3\n\xff", "byte 6: not text, and no NumPy file"),
        (b"\x93NUMPY\x07\x00", "byte 6: a version of the array format that is not known"),
        (b"\x93NUMPY\x01\x00\x76\x00{", "byte 10: the array's header is cut short"),
        (b"PK\x03\x04", "the zip: "),
    ];
    for (bytes, what) in cases {
        let error = read(bytes).expect_err("damaged");
        assert!(error.starts_with(&format!("x: {what}")), "{error}");
        assert!(what.ends_with(' ') || error.ends_with("sent, at the venue, answered"), "{error}");
    }
    assert_eq!(read(b""), Err("x: no order with all three times".into()));
    let floats = HEADER.replacen("<i8", "<f8", 1);
    let error = read(&npy(&floats, &ROWS, 8)).expect_err("floats");
    assert!(error.contains("`req_ts` of type `<f8`"), "{error}");
    let columns = HEADER.replace("False", "True");
    assert!(read(&npy(&columns, &ROWS, 8)).expect_err("by columns").contains("store it by rows"));
}

#[test]
fn cut_anywhere_it_is_read_in_part_or_refused_and_never_panics() {
    let whole = npy(HEADER, &ROWS, 8);
    let data = whole.len() - 3 * 32;
    for length in 0..whole.len() {
        let rows = length.checked_sub(data).map(|rest| rest / 32);
        let read = read(&whole[..length]);
        let at_row = rows.filter(|rows| *rows > 0 && (length - data).is_multiple_of(32));
        assert_eq!(read.as_ref().ok().map(|samples| samples.orders), at_row, "{length}: {read:?}");
    }
}

#[test]
fn an_order_the_venue_never_stamped_is_left_out() {
    let samples = read(b"1000,1400,1500\n1500,0,9000\n2000,2400,2500\n").expect("two orders");
    assert_eq!((samples.orders, samples.unstamped), (2, 1));
    assert_eq!(samples.entry.at(Nanos(1_500)), Nanos(400));
}

#[test]
fn clocks_that_differ_and_drift_are_brought_together() {
    // Ours is 40 ms behind at first and loses 100 parts in a million; fastest journeys of 300 µs either way.
    let mut prng = Prng::new(6);
    let start = 1_700_000_000_000_000_000;
    let ahead = |at: i64| -40_000_000 - (at - start) / 10_000;
    let mut truth = Vec::new();
    let rows: Vec<Row> = (0..4_000)
        .map(|number| {
            let sent = start + number * 30_000_000;
            let journey = |prng: &mut Prng| 300_000 + prng.between(0, 400_000) * prng.between(0, 10) / 10;
            let at_venue = sent + journey(&mut prng);
            let answered = at_venue + journey(&mut prng);
            truth.push((sent + ahead(sent), at_venue - sent, answered - at_venue));
            [sent + ahead(sent), at_venue, answered + ahead(answered)]
        })
        .collect();
    let samples = OrderSamples::new(&rows).expect("orders");
    let skew = samples.skew.expect("clocks that differ").0;
    assert!((skew - ahead(start + 60_000_000_000)).abs() < 100_000, "{skew}");
    for (row, (sent, entry, answer)) in rows.iter().zip(truth) {
        let found = (samples.entry.at(Nanos(sent)).0, samples.answer.at(Nanos(row[1])).0);
        // A tenth of the fastest journey; without the drift removed it would be 6 ms at the ends.
        assert!(
            (found.0 - entry).abs() < 30_000 && (found.1 - answer).abs() < 30_000,
            "{found:?} {entry} {answer}"
        );
    }
}
