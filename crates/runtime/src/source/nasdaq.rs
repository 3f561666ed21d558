//! NASDAQ ITCH 5.0: files of messages, and captures of MoldUDP64.
//!
//! ITCH tells the time of day and never the day. A file's name does (`01302020.NASDAQ_ITCH50.gz`,
//! `S081321-v50.txt.gz`, `ex20101224.TEST_ITCH_50.gz`); in a capture the receive times do. Times are counted from
//! midnight in New York, and so are the days.

use super::capture::{CaptureSource, Language};
use super::lobster::{days_since_epoch, new_york_midnight};
use super::{Bytes, Recording, Source, datagrams, stream::Stream};
use net::capture::Datagram;
use std::path::Path;
use types::Nanos;
use venues::nasdaq::{Framing, file, mold};
use venues::{Directory, Output};

/// Datagrams looked at, at most, to tell what a capture carries.
const TOLD_BY: usize = 64;

pub(super) fn looks_like_messages(start: &[u8]) -> bool {
    Framing::detect(start).is_some()
}

/// Whether one of a capture's first datagrams is a packet of ITCH messages.
pub(super) fn looks_like_capture(start: &[u8]) -> bool {
    datagrams::any(start, TOLD_BY, mold::carries_itch)
}

/// A file of messages, of the day that its name says.
pub(super) fn open_messages(recording: &Recording, bytes: Bytes) -> Box<dyn Source> {
    let name = recording.name();
    let day = Path::new(&name).file_name().and_then(|name| day_in(&name.to_string_lossy()));
    Box::new(Stream::new(name, "NASDAQ ITCH 5.0", bytes, file::Decoder::new(day)))
}

/// Midnight in New York of the day in a file's name: eight digits as `YYYYMMDD` or `MMDDYYYY`, or six behind an `S`
/// as `MMDDYY`, which is how NASDAQ's own server names them.
fn day_in(name: &str) -> Option<Nanos> {
    let bytes = name.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        let digits = bytes[at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        let text = &name[at..at + digits];
        let number = |from: usize, to: usize| text[from..to].parse::<i64>().ok();
        let before = at.checked_sub(1).map(|before| bytes[before]);
        let day = match digits {
            8 => midnight(number(0, 4)?, number(4, 6)?, number(6, 8)?)
                .or_else(|| midnight(number(4, 8)?, number(0, 2)?, number(2, 4)?)),
            6 if before == Some(b'S') => midnight(2_000 + number(4, 6)?, number(0, 2)?, number(2, 4)?),
            _ => None,
        };
        if day.is_some() {
            return day;
        }
        at += digits.max(1);
    }
    None
}

/// Midnight of a day that is in the calendar.
fn midnight(year: i64, month: i64, day: i64) -> Option<Nanos> {
    let is_there = civil(days_since_epoch(year, month, day)) == (year, month, day);
    new_york_midnight(year, month, day).filter(|_| is_there)
}

/// The midnight in New York at or before a moment.
fn midnight_before(at: Nanos) -> Option<Nanos> {
    let days = at.0.div_euclid(86_400_000_000_000);
    // New York is behind Greenwich: it is the same day there, or the one before.
    [days, days - 1].into_iter().find_map(|days| {
        let (year, month, day) = civil(days);
        new_york_midnight(year, month, day).filter(|midnight| *midnight <= at)
    })
}

/// Year, month and day of days since 1970-01-01 (Hinnant 2013, `civil_from_days`).
const fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400;
    (if month <= 2 { year + 1 } else { year }, month, day)
}

/// A capture of MoldUDP64 packets, of any number of sessions and lines.
pub(super) fn open_capture(name: &str, bytes: Bytes) -> Box<dyn Source> {
    let decoder = mold::Decoder::new(Nanos(0), mold::Policy::default());
    let format = "capture of MoldUDP64 with NASDAQ ITCH 5.0";
    Box::new(CaptureSource::new(name, format, bytes, Mold { decoder, midnight: None }))
}

/// MoldUDP64, and the day that is being read.
struct Mold {
    decoder: mold::Decoder,
    midnight: Option<Nanos>,
}

impl Language for Mold {
    fn datagram(&mut self, datagram: &Datagram<'_>, directory: &mut Directory, out: &mut Output) {
        let at = datagram.received_at;
        let same_day = |midnight: Nanos| (0..20 * 3_600 * 1_000_000_000).contains(&(at - midnight).0);
        if !self.midnight.is_some_and(same_day)
            && let Some(midnight) = midnight_before(at)
        {
            self.midnight = Some(midnight);
            self.decoder.set_midnight(midnight);
        }
        if self.midnight.is_none() {
            let what = "the recorder's clock is of no year that New York's time is known of; times are counted from \
                        1970-01-01 00:00 UTC";
            out.fault(datagram.offset, 0, what);
            self.midnight = Some(at);
        }
        self.decoder.packet(at, datagram.payload, datagram.offset, directory, out);
    }

    fn finish(&mut self, at: Nanos, directory: &mut Directory, out: &mut Output) {
        self.decoder.finish(at, directory, out);
    }

    fn counts(&self) -> Vec<(String, u64)> {
        self.decoder.counts()
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Progress, open};
    use super::*;
    use net::capture::{Endpoint, Writer};
    use std::path::PathBuf;
    use venues::nasdaq::itch::{Price4, Timestamp, make};

    #[test]
    fn a_name_says_the_day() {
        // Checked with `TZ=America/New_York date -d DATE +%s`.
        let cases = [
            ("01302020.NASDAQ_ITCH50.gz", Some(1_580_360_400)),
            ("S081321-v50.txt.gz", Some(1_628_827_200)),
            ("ex20101224.TEST_ITCH_50.gz", Some(1_293_166_800)),
            ("12202012.bin", Some(1_355_979_600)),
            ("20231105-part2", Some(1_699_156_800)),
            ("99999999.bin", None),
            ("20230231.bin", None),
            ("081321.txt", None),
            ("a-day.bin", None),
        ];
        for (name, seconds) in cases {
            assert_eq!(day_in(name), seconds.map(Nanos::from_secs), "{name}");
        }
    }

    #[test]
    fn a_moment_says_the_day_in_new_york() {
        // 2023-08-22 begins at 04:00 UTC, 2023-12-22 at 05:00.
        let cases = [
            (1_692_676_800, 1_692_676_800),
            (1_692_676_799, 1_692_590_400),
            (1_692_711_000, 1_692_676_800),
            (1_703_221_200, 1_703_221_200),
            (1_703_221_199, 1_703_134_800),
        ];
        for (at, midnight) in cases {
            assert_eq!(midnight_before(Nanos::from_secs(at)), Some(Nanos::from_secs(midnight)), "{at}");
        }
        for days in [-1, 0, 11_016, 19_782, 19_783, 40_000] {
            let (year, month, day) = civil(days);
            assert_eq!(days_since_epoch(year, month, day), days);
        }
    }

    #[test]
    fn nothing_else_looks_like_messages() {
        let text = "SYMBOL,PRICE,SIZE\nAAPL,1,2\nAAPL,1,2\nAAPL,1,2\n".repeat(20);
        for other in
            [b"" as &[u8], text.as_bytes(), b"DBN\x01", &[0; 600], b"{\"S\":1}\n", b"34200.1,1,2,3,4,1\n"]
        {
            assert!(!looks_like_messages(other), "{:?}", &other[..other.len().min(8)]);
        }
    }

    fn read(path: PathBuf) -> (&'static str, usize, usize, Vec<(String, u64)>) {
        let mut source = open(&Recording::File(path), &Progress::default()).expect("a format we read");
        let (mut directory, mut out) = (Directory::survey(), Output::default());
        let (mut arrivals, mut faults) = (0, 0);
        loop {
            let more = source.read(&mut directory, &mut out).expect("a file that is there");
            (arrivals, faults) = (arrivals + out.arrivals.len(), faults + out.faults.len());
            if !more {
                return (source.format(), arrivals, faults, source.counts());
            }
        }
    }

    /// Two stocks, one with an order between two cents; as a file and as a capture.
    fn made() -> (Vec<u8>, Vec<u8>) {
        let (tracking_number, event_code) = (0, b'O');
        let time = |n: u64| Timestamp(34_200_000_000_000 + n);
        let begin = make::SystemEvent { stock_locate: 0, tracking_number, timestamp: time(0), event_code };
        let mut messages = vec![begin.bytes().to_vec()];
        for (stock_locate, stock, price) in [(1, *b"CENTS   ", 100_100), (2, *b"FINER   ", 9_901)] {
            let directory = make::StockDirectory {
                stock_locate,
                tracking_number,
                timestamp: time(1),
                stock,
                market_category: b'Q',
                financial_status_indicator: b'N',
                round_lot_size: 100,
                round_lots_only: b'N',
                issue_classification: b'C',
                issue_sub_type: *b"Z ",
                authenticity: b'P',
                short_sale_threshold_indicator: b'N',
                ipo_flag: b'N',
                luld_reference_price_tier: b'1',
                etp_flag: b'N',
                etp_leverage_factor: 0,
                inverse_indicator: b'N',
            };
            messages.push(directory.bytes().to_vec());
            let add = make::AddOrder {
                stock_locate,
                tracking_number,
                timestamp: time(2),
                order_reference_number: u64::from(stock_locate),
                buy_sell_indicator: b'B',
                shares: 300,
                stock,
                price: Price4(price),
            };
            messages.push(add.bytes().to_vec());
        }
        let framed =
            messages.iter().flat_map(|m| [&[0, m.len().to_le_bytes()[0]], &m[..]].concat()).collect();
        let mut payload = Vec::new();
        let mut packet = mold::PacketWriter::begin(&mut payload, *b"0123456789", 1);
        messages.iter().for_each(|message| packet.message(message));
        packet.finish();
        let line = Endpoint { ip: [233, 54, 12, 111], port: 26_477 };
        let mut capture = Writer::new(Vec::new()).expect("memory");
        // 2020-01-30 09:30:00.5 in New York, on both lines.
        for _line in 0..2 {
            capture.datagram(Nanos(1_580_394_600_500_000_000), line, line, &payload).expect("memory");
        }
        (framed, capture.finish().expect("memory"))
    }

    #[test]
    fn a_survey_s_table_holds_every_price_of_the_run() {
        let (file, capture) = made();
        for (name, bytes) in [("01302020.itch", file), ("both-lines.pcap", capture)] {
            let recording = Recording::Memory { name: name.into(), bytes: bytes.into() };
            let survey =
                crate::survey::survey(std::slice::from_ref(&recording), |_| {}).expect("a format we read");
            assert_eq!(survey.files[0].fault_count, 0, "{name}");
            let table = survey.table(&crate::config::Config::default()).expect("sound terms");
            let terms: Vec<_> = table.instruments.iter().map(types::Instrument::terms).collect();
            let told: Vec<_> = terms.iter().map(|t| (t.symbol.as_str(), t.tick_nanos, t.lot_nanos)).collect();
            let share = 1_000_000_000;
            assert_eq!(told, [("CENTS", 10_000_000, share), ("FINER", 100_000, share)], "{name}");
            let mut directory = Directory::run(&table.instruments, &table.wire_ticks);
            let mut source = open(&recording, &Progress::default()).expect("a format we read");
            let mut out = Output::default();
            let mut prices = Vec::new();
            loop {
                let more = source.read(&mut directory, &mut out).expect("memory");
                assert_eq!(out.faults, [], "{name}");
                for arrival in &out.arrivals {
                    let venue_at = arrival.event.venue_at().expect("the market's");
                    // 2020-01-30 began at 1,580,360,400 in New York.
                    assert_eq!(venue_at.0 / 1_000_000_000, 1_580_360_400 + 34_200, "{name}");
                    if let types::Event::Order(delta) = &arrival.event
                        && delta.action == types::OrderAction::Add
                    {
                        prices.push((delta.price.0, delta.size.0));
                    }
                }
                if !more {
                    break;
                }
            }
            assert_eq!(prices, [(1_001, 300), (9_901, 300)], "{name}");
        }
    }

    #[test]
    fn what_a_capture_held_besides_is_counted_for_every_language() {
        let (_, capture) = made();
        let mut capture = net::capture::Capture::of(&capture);
        let mold = capture.next().expect("a capture").expect("a datagram").payload.to_vec();
        // A packet of MDP 3.0 without a message.
        let mdp = [&1_u32.to_le_bytes()[..], &1_580_394_600_500_000_000_u64.to_le_bytes()].concat();
        for (payload, format) in
            [(mold, "capture of MoldUDP64 with NASDAQ ITCH 5.0"), (mdp, "capture of CME MDP 3.0")]
        {
            let line = Endpoint { ip: [233, 54, 12, 111], port: 26_477 };
            let mut bytes = Vec::new();
            let mut writer =
                net::capture::NgWriter::new(&mut bytes, "a test", &["line".into()]).expect("memory");
            let received = net::capture::Received {
                at: Nanos(1_580_394_600_500_000_000),
                interface: 0,
                source: line,
                destination: line,
                lost_before: 3,
                payload: &payload,
            };
            writer.datagram(&received).expect("memory");
            let recording = Recording::Memory { name: "dropped.pcapng".into(), bytes: bytes.into() };
            let survey = crate::survey::survey(&[recording], |_| {}).expect("a format we read");
            let file = &survey.files[0];
            assert_eq!(file.format, format);
            let dropped = ("packet dropped when it was captured".to_string(), 3);
            assert!(file.counts.contains(&dropped), "{format}: {:?}", file.counts);
        }
    }

    #[test]
    fn a_file_whose_name_says_no_day_says_so_once() {
        let (bytes, _) = made();
        let recording = Recording::Memory { name: "messages.bin".into(), bytes: bytes.into() };
        let survey = crate::survey::survey(&[recording], |_| {}).expect("a format we read");
        let file = &survey.files[0];
        assert_eq!((file.fault_count, file.span.map(|span| span.0.0 / 1_000_000_000)), (1, Some(34_200)));
    }

    #[test]
    fn recorded_files_are_told_by_what_is_in_them() {
        let Some(path) = testkit::data::recorded("itch/ex20101224.TEST_ITCH_50.gz") else { return };
        let (format, arrivals, faults, counts) = read(path);
        assert_eq!((format, faults), ("NASDAQ ITCH 5.0", 0));
        assert!(counts.contains(&("message A AddOrder".to_string(), 4_997)));
        assert!(arrivals > 12_000, "{arrivals}");
        let files = [
            ("itch/single-nasdaq/OrderReplace.pcap", "capture of MoldUDP64 with NASDAQ ITCH 5.0"),
            ("itch/single-nasdaq/SystemEvent.pcap", "capture of MoldUDP64 with NASDAQ ITCH 5.0"),
            ("cme-mdp3/Cme.Mdp3.Sbe.v9.1.Example.pcap", "capture of CME MDP 3.0"),
            ("cme-mdp3/Cme.Mdp3.Sbe.v6.1.pcapng", "capture of CME MDP 3.0"),
        ];
        for (file, format) in files {
            let path = testkit::data::recorded(file).expect("the folder is there");
            let (found, _, faults, _) = read(path);
            assert_eq!((found, faults), (format, 0), "{file}");
        }
    }
}
