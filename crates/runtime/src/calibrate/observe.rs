//! One pass over a recorded day: its deeds, how the book stood between them, and for how long orders were exposed to being
//! withdrawn.

use super::{CalibrateError, Settings};
use crate::config::Latency;
use crate::deeds::{Deed, Reader, Touch};
use crate::feed::Feed;
use crate::prepare::Prepared;
use crate::routes::Ways;
use crate::source::{Progress, open};
use sim::agents::buckets::{self, AGES, DISTANCES};
use std::collections::BTreeMap;
use stdx::Prng;
use types::{Event, Instrument, InstrumentId, Nanos, Side};

/// The book stood so from a moment on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stood {
    pub(super) from: Nanos,
    pub(super) spread: i64,
    pub(super) size: [i64; 2],
    /// By side and distance, how many orders stood.
    pub(super) orders: [[u16; DISTANCES]; 2],
}

/// What one pass leaves.
pub(super) struct Observed {
    pub(super) deeds: Vec<Deed>,
    pub(super) stood: Vec<Stood>,
    /// Order-seconds by distance and age, both sides.
    pub(super) exposure: [[f64; AGES]; DISTANCES],
    /// Seconds by spread.
    pub(super) spreads: BTreeMap<i64, f64>,
    /// What stood when the day began: best bid and ask, and by ticks behind the best, lots on either side.
    pub(super) opening: (Touch, Vec<[i64; 2]>),
    pub(super) from: Nanos,
    pub(super) to: Nanos,
}

/// Calls `each` with every event of an instrument, in the venues' order.
pub(crate) fn each_event(
    prepared: &Prepared,
    instrument: InstrumentId,
    mut tick: impl FnMut(u64),
    mut each: impl FnMut(Nanos, &Event),
) -> Result<(), crate::SourceError> {
    let progress = Progress::default();
    let mut sources = Vec::new();
    for (recording, file) in prepared.recordings().iter().zip(&prepared.survey.files) {
        sources.push((open(recording, &progress)?, file));
    }
    // No message travels here.
    let ways = Ways::new(&Latency::default(), &[]);
    let data = ways.data(&Prng::new(0));
    let mut feed = Feed::new(sources, prepared.survey.directory(&prepared.table), ways, data)?;
    let mut turn = 0_u32;
    while let Some(moment) = feed.take()? {
        if moment.event.instrument().is_none_or(|id| id == instrument) {
            each(moment.venue_at, &moment.event);
        }
        turn = turn.wrapping_add(1);
        if turn.trailing_zeros() >= 12 {
            tick(progress.bytes());
        }
    }
    Ok(())
}

pub(super) fn observe(
    prepared: &Prepared,
    instrument: &Instrument,
    settings: &Settings,
    tick: impl FnMut(u64),
) -> Result<Observed, CalibrateError> {
    let mut reader = Reader::new(instrument, settings.levels);
    let mut seen: Option<Observed> = None;
    let (mut kept, mut last) = (0, None);
    each_event(prepared, instrument.id(), tick, |at, event| {
        if at < settings.from || at >= settings.to {
            reader.read(at, event);
            (kept, last) = (reader.deeds().len(), None);
            return;
        }
        if let (Some(seen), Some(since)) = (&mut seen, last)
            && at > since
        {
            seen.pass(&reader, (at - since).to_secs_f64(), since, settings.levels);
        }
        let ended = reader.read(at, event);
        let touch = Touch::of(reader.book());
        if seen.is_none() && ended {
            (seen, kept) = (
                touch.map(|touch| Observed::open(&reader, touch, at, settings.levels)),
                reader.deeds().len(),
            );
        }
        if let Some(seen) = &mut seen {
            seen.to = at;
            if ended && let Some(touch) = touch {
                seen.stood.push(Stood {
                    from: at,
                    spread: touch.spread(),
                    size: touch.size.map(|size| size.0),
                    orders: Side::BOTH.map(|side| counts(&reader, side, settings.levels)),
                });
            }
        }
        // Time in which the book is not sound counts for nothing.
        last = touch.map(|_| at);
    })?;
    let mut seen = seen.ok_or(CalibrateError::NoBook)?;
    seen.deeds = reader.deeds()[kept..].to_vec();
    Ok(seen)
}

impl Observed {
    fn open(reader: &Reader, touch: Touch, at: Nanos, levels: usize) -> Self {
        let mut book = Vec::new();
        for side in Side::BOTH {
            for level in reader.book().levels(side).take(levels) {
                book.push([touch.behind(side, level.price), (level.size.0).max(1)]);
            }
        }
        // Each side opens with what both had, so every other one of them, the best price always.
        book.sort_unstable();
        let book = book.into_iter().step_by(2).collect();
        Self {
            deeds: Vec::new(),
            stood: Vec::new(),
            exposure: [[0.0; AGES]; DISTANCES],
            spreads: BTreeMap::new(),
            opening: (touch, book),
            from: at,
            to: at,
        }
    }

    /// Time passes, and the book stands.
    fn pass(&mut self, reader: &Reader, seconds: f64, since: Nanos, levels: usize) {
        let Some(touch) = Touch::of(reader.book()) else { return };
        *self.spreads.entry(touch.spread()).or_default() += seconds;
        for side in Side::BOTH {
            reader.standing(side, levels, |behind, born| {
                let age = born.map_or(f64::INFINITY, |born| (since - born).to_secs_f64());
                expose(&mut self.exposure[buckets::distance(behind)], age, seconds);
            });
        }
    }
}

/// How many orders stand, by distance.
fn counts(reader: &Reader, side: Side, levels: usize) -> [u16; DISTANCES] {
    let mut counts = [0_u16; DISTANCES];
    reader.standing(side, levels, |behind, _| {
        let count = &mut counts[buckets::distance(behind)];
        *count = count.saturating_add(1);
    });
    counts
}

/// An order of an age lives on for so long: its time counts where its age was.
fn expose(row: &mut [f64; AGES], age: f64, seconds: f64) {
    let (first, last) = (buckets::age(age), buckets::age(age + seconds));
    if first == last {
        row[first] += seconds;
        return;
    }
    let mut from = age;
    for (bucket, time) in row.iter_mut().enumerate().take(last + 1).skip(first) {
        let until = if bucket == last { age + seconds } else { buckets::age_ends(bucket) };
        *time += until - from;
        from = until;
    }
}
