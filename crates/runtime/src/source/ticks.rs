//! Tables of ticks, quotes or bars: what the table does not say comes from a file beside it, else from its name.
//!
//! ```toml
//! # es_ticks.csv.zst.toml, beside es_ticks.csv.zst
//! venue = "cme"
//! symbol = "ESU3"
//! zone = "America/Chicago"
//! bar_seconds = 60
//! ```
//!
//! Without it the name's first word is the symbol (`es_ticks_2013-09-01_03.csv`), a word like `1m` the bars' length.
//! A product of CME's is taken to be told in Chicago's time; anything else in UTC, and that is counted.

use super::stream::Stream;
use super::{Bytes, Recording, Source, SourceError};
use crate::local_time::Zone;
use std::path::Path;
use venues::archive::ticks::{About, Decoder, Rows, WallClock};
use venues::cme;

/// What the file beside a table may say.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Beside {
    venue: Option<String>,
    symbol: Option<String>,
    zone: Option<String>,
    bar_seconds: Option<u32>,
}

pub(super) fn open(recording: &Recording, bytes: Bytes, rows: Rows) -> Result<Box<dyn Source>, SourceError> {
    let name = recording.name();
    let failed = |what: String| SourceError::Format { name: recording.name(), what };
    let about = about(&name, beside(recording)?).map_err(failed)?;
    if rows == Rows::Bars && about.bar_seconds.is_none() {
        return Err(failed(format!(
            "bars of a length that nobody tells; name the file like {}_1m.csv, or put bar_seconds into {}.toml",
            about.symbol,
            Path::new(&name).file_name().unwrap_or_default().to_string_lossy()
        )));
    }
    let format = match rows {
        Rows::Trades => "table of trades",
        Rows::Quotes => "table of quotes",
        Rows::TradesAndQuotes => "table of trades and quotes",
        Rows::Bars => "table of bars",
    };
    Ok(Box::new(Stream::new(name, format, bytes, Decoder::new(about))))
}

fn beside(recording: &Recording) -> Result<Beside, SourceError> {
    let Recording::File(path) = recording else { return Ok(Beside::default()) };
    let mut file = path.clone().into_os_string();
    file.push(".toml");
    let file = std::path::PathBuf::from(file);
    if !file.is_file() {
        return Ok(Beside::default());
    }
    let text = std::fs::read_to_string(&file).map_err(|error| SourceError::io(&file, "read", error))?;
    toml::from_str(&text)
        .map_err(|error| SourceError::Format { name: file.display().to_string(), what: error.to_string() })
}

fn about(name: &str, beside: Beside) -> Result<About, String> {
    let file = Path::new(name).file_name().unwrap_or_default().to_string_lossy().into_owned();
    let stem = file.split('.').next().unwrap_or_default();
    let mut words = stem.split(['_', '-', ' ', '@']);
    let first = words.next().unwrap_or_default().to_ascii_uppercase();
    let symbol = beside.symbol.unwrap_or(first);
    if symbol.is_empty() {
        return Err("neither the file's name nor a file beside it tells the symbol".into());
    }
    let is_cme = cme::products::find(&symbol).is_some()
        || cme::products::PRODUCTS.iter().any(|product| product.root == symbol);
    let venue = beside.venue.unwrap_or_else(|| if is_cme { cme::VENUE.into() } else { "table".into() });
    let (clock, zone_known) = match beside.zone {
        Some(zone) => {
            let zone = Zone::named(&zone).ok_or_else(|| format!("no time zone is called {zone}"))?;
            (zone.wall_clock(), true)
        }
        None if venue == cme::VENUE => (Zone::chicago().wall_clock(), true),
        None => (WallClock::UTC, false),
    };
    let bar_seconds = beside.bar_seconds.or_else(|| words.find_map(seconds));
    Ok(About { venue, symbol, clock, zone_known, bar_seconds })
}

/// The length that a word of a file's name means: `5min`, `1h`, `daily`.
fn seconds(word: &str) -> Option<u32> {
    let word = word.to_ascii_lowercase();
    let digits = word.bytes().take_while(u8::is_ascii_digit).count();
    let count: u32 = if digits == 0 { 1 } else { word[..digits].parse().ok()? };
    let unit = match (&word[digits..], digits) {
        ("s" | "sec", 1..) | ("second", _) => 1,
        ("m" | "min", 1..) | ("minute", _) => 60,
        ("h" | "hour", 1..) | ("hourly", 0) => 3_600,
        ("d" | "day", 1..) | ("daily", 0) => 86_400,
        _ => return None,
    };
    count.checked_mul(unit).filter(|seconds| *seconds > 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use types::Nanos;

    #[test]
    fn a_name_tells_symbol_venue_zone_and_length() {
        let cases = [
            ("d/es_ticks_2013-09-01_03.csv.zst", "cme/ES", true, None),
            ("ESU3_1m.csv", "cme/ESU3", true, Some(60)),
            ("BTCUSDT-trades-2024-01.csv", "table/BTCUSDT", false, None),
            ("spy_daily.csv", "table/SPY", false, Some(86_400)),
            ("x_15min_2.csv", "table/X", false, Some(900)),
        ];
        for (name, expected, zone_known, bar_seconds) in cases {
            let about = about(name, Beside::default()).expect(name);
            assert_eq!(format!("{}/{}", about.venue, about.symbol), expected);
            assert_eq!((about.zone_known, about.bar_seconds), (zone_known, bar_seconds), "{name}");
        }
        assert!(about("_1m.csv", Beside::default()).is_err());
    }

    #[test]
    fn a_file_beside_the_table_says_more_than_its_name() {
        let text = "venue = 'eurex'\nsymbol = 'FDAX'\nzone = 'Europe/Berlin'\nbar_seconds = 5";
        let about = about("es_1m.csv", toml::from_str(text).expect("as documented")).expect("a zone");
        assert_eq!((about.venue.as_str(), about.symbol.as_str()), ("eurex", "FDAX"));
        // 2013-09-01 17:00 is 15:00 in UTC: `TZ=Europe/Berlin date -d '2013-09-01 17:00' +%s` is 1378047600.
        let shown = Nanos::from_secs(1_378_054_800);
        assert_eq!(about.clock.utc(shown), (Nanos::from_secs(1_378_047_600), false));
        assert_eq!((about.zone_known, about.bar_seconds), (true, Some(5)));
        assert!(toml::from_str::<Beside>("zones = 'UTC'").is_err());
        let nowhere = Beside { zone: Some("Europe/Nowhere".into()), ..Beside::default() };
        assert!(super::about("x.csv", nowhere).is_err());
    }
}
