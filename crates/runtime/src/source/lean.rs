//! QuantConnect LEAN: zips whose path says what is in them, one CSV an instrument.
//!
//! Entries of one zip (the contracts of a future) are merged by time. The zone of the times is what LEAN's own
//! market-hours database says, when it lies where LEAN keeps it (`market-hours/market-hours-database.json` beside the
//! folders of securities), else what is known of the market. LEAN's table of symbol properties is not used: it is of
//! today, and steps change.

use super::zip::Archive;
use super::{Recording, Source, SourceError};
use crate::local_time::Zone;
use std::path::Path;
use types::{Arrival, Flags};
use venues::archive::lean::{Decoder, Place};
use venues::{Decode, Directory, Output};

/// Text given to a decoder at once.
const PIECE_BYTES: usize = 64 * 1024;
/// Arrivals to a batch.
const BATCH: usize = 4_096;

struct LeanSource {
    lanes: Vec<Lane>,
    several: bool,
}

/// One entry on its way.
struct Lane {
    name: String,
    text: Vec<u8>,
    at: usize,
    decoder: Decoder,
    /// What was decoded, and how much of it was given.
    out: Output,
    given: usize,
    ended: bool,
}

impl Lane {
    /// Decodes on until there is something to give or the entry ends.
    fn fill(&mut self, directory: &mut Directory) {
        while self.given == self.out.arrivals.len() && !self.ended {
            self.out.arrivals.clear();
            self.out.wide.clear();
            self.given = 0;
            let mut end = (self.at + PIECE_BYTES).min(self.text.len());
            loop {
                let taken = self.decoder.decode(&self.text[self.at..end], directory, &mut self.out);
                self.at += taken;
                if taken > 0 || end == self.text.len() {
                    break;
                }
                end = (end + PIECE_BYTES).min(self.text.len());
            }
            if end == self.text.len() {
                self.ended = true;
                self.decoder.finish(&self.text[self.at..], directory, &mut self.out);
            }
        }
    }

    fn head(&self) -> Option<&Arrival> {
        self.out.arrivals.get(self.given)
    }

    /// Gives everything of one moment.
    fn give(&mut self, out: &mut Output) {
        while let Some(arrival) = self.head().copied() {
            let next = self.out.arrivals.get(self.given + 1);
            let ends = arrival.event.flags().has(Flags::LAST)
                || next.is_none_or(|next| next.received_at != arrival.received_at);
            match self.out.wide.binary_search_by_key(&self.given, |wide| wide.arrival) {
                Ok(wide) => {
                    out.push_wide(arrival.received_at, arrival.event, self.out.wide[wide].prices);
                }
                Err(_) => out.arrivals.push(arrival),
            }
            self.given += 1;
            if ends {
                break;
            }
        }
    }
}

impl Source for LeanSource {
    fn read(&mut self, directory: &mut Directory, out: &mut Output) -> Result<bool, SourceError> {
        out.clear();
        while out.arrivals.len() < BATCH {
            for lane in &mut self.lanes {
                lane.fill(directory);
                for mut fault in lane.out.faults.drain(..) {
                    if self.several {
                        fault.what = format!("{}: {}", lane.name, fault.what);
                    }
                    out.faults.push(fault);
                }
            }
            let earliest = self
                .lanes
                .iter_mut()
                .filter(|lane| lane.head().is_some())
                .min_by_key(|lane| lane.head().map(|arrival| arrival.received_at));
            let Some(lane) = earliest else { return Ok(false) };
            lane.give(out);
        }
        Ok(true)
    }

    fn format(&self) -> &'static str {
        "QuantConnect LEAN"
    }

    fn counts(&self) -> Vec<(String, u64)> {
        let mut all = std::collections::BTreeMap::new();
        for (name, count) in self.lanes.iter().flat_map(|lane| lane.decoder.counts()) {
            *all.entry(name).or_insert(0) += count;
        }
        all.insert("file in the zip".into(), self.lanes.len() as u64);
        all.into_iter().collect()
    }
}

/// Opens a zip whose entries are named as LEAN's are.
pub(super) fn open(recording: &Recording, mut archive: Archive) -> Result<Box<dyn Source>, SourceError> {
    let failed = |what: String| SourceError::Format { name: recording.name(), what };
    let path = recording.name();
    let place = Place::of(&path).map_err(|missing| failed(format!("a file of LEAN's, but {missing}")))?;
    let zone_name = zone_of(Path::new(&path), &place);
    let zone =
        Zone::named(&zone_name).ok_or_else(|| failed(format!("no time zone is called {zone_name}")))?;
    let clock = zone.wall_clock();
    let mut names: Vec<String> = archive.names().into_iter().filter(|name| name.ends_with(".csv")).collect();
    names.sort();
    if names.is_empty() {
        return Err(failed("a zip of LEAN's without a CSV file in it".into()));
    }
    let mut lanes = Vec::new();
    for name in names {
        let decoder = Decoder::new(&place, &name, clock.clone()).map_err(failed)?;
        let text = archive.inflate(&name)?;
        lanes.push(Lane { name, text, at: 0, decoder, out: Output::default(), given: 0, ended: false });
    }
    Ok(Box::new(LeanSource { several: lanes.len() > 1, lanes }))
}

/// The zone of a file's times.
fn zone_of(path: &Path, place: &Place) -> String {
    let known = || place.zone().to_string();
    let Some(database) = path.ancestors().map(|folder| folder.join(HOURS)).find(|file| file.is_file()) else {
        return known();
    };
    let Ok(text) = std::fs::read(database) else { return known() };
    let Ok(hours) = serde_json::from_slice::<Hours>(&text) else { return known() };
    let key = place.key();
    [place.ticker.as_str(), "[*]"]
        .into_iter()
        .find_map(|ticker| hours.entries.get(&format!("{key}-{ticker}")))
        .map_or_else(known, |entry| entry.data_time_zone.clone())
}

const HOURS: &str = "market-hours/market-hours-database.json";

/// LEAN's market-hours database, as far as it says of times.
#[derive(serde::Deserialize)]
struct Hours {
    entries: std::collections::BTreeMap<String, Entry>,
}

#[derive(serde::Deserialize)]
struct Entry {
    #[serde(rename = "dataTimeZone")]
    data_time_zone: String,
}
