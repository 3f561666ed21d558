//! Bars into events: one bar, one event, in a survey as in a run.

use crate::{Listing, Output, Step};
use types::{Bar, Event, Lots, Nanos, Ticks};

/// A bar off a file.
pub(super) struct Read {
    /// When its span starts and ends.
    pub(super) start: Nanos,
    pub(super) end: Nanos,
    pub(super) seconds: u32,
    /// Open, high, low, close.
    pub(super) prices: [Ticks; 4],
    pub(super) volume: Lots,
}

/// Why a bar is not given: its prices contradict each other, or lie too far apart.
pub(super) type Refused = &'static str;

/// What is said of a bar whose high is not the highest, or whose low is not the lowest.
pub(super) const CONTRADICTION: Refused = "open, high, low and close contradict each other";
/// What is said of a bar that no event has room for.
const TOO_WIDE: Refused = "open, high, low and close lie more than 2^31 of the instrument's steps apart";

/// Gives a bar out; it reaches us when its span is over.
///
/// A survey counts in nanos, and a bar has no room for a range of more than 4.29 units in them: there its prices go
/// beside it, see [`Output::wide`].
pub(super) fn give(read: &Read, listing: &Listing, out: &mut Output) -> Result<(), Refused> {
    let [open, high, low, close] = read.prices;
    if high < open.max(close) || low > open.min(close) {
        return Err(CONTRADICTION);
    }
    let make = |prices| Bar::new(read.start, listing.id, prices, read.volume);
    let event = |bar| Event::Bar { seconds: read.seconds, bar };
    if let Some(bar) = make(read.prices) {
        out.push(read.end, event(bar));
        return Ok(());
    }
    let bar = make([open; 4]).filter(|_| listing.price == Step::NANO).ok_or(TOO_WIDE)?;
    out.push_wide(read.end, event(bar), read.prices);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use types::InstrumentId;

    #[test]
    fn a_bar_is_exact_at_any_width_in_a_survey_and_said_to_be_too_wide_in_a_run() {
        // Open, high, low, close; whether an event has room for it; what is wrong with it anywhere.
        let wide = 1_i64 << 40;
        let cases = [
            ([5, 9, 3, 4], true, None),
            ([0, wide, 0, 1], false, None),
            ([0, 1, -wide, 0], false, None),
            ([0, wide, 0, wide], false, None),
            ([i64::MIN, i64::MAX, i64::MIN, 0], false, None),
            ([0, wide, 1, 2], false, Some(CONTRADICTION)),
            ([5, 4, 3, 4], true, Some(CONTRADICTION)),
        ];
        for (prices, fits, wrong) in cases {
            let prices = prices.map(Ticks);
            let (start, end) = (Nanos(0), Nanos::from_secs(60));
            let read = Read { start, end, seconds: 60, prices, volume: Lots(7) };
            for step in [Step::NANO, Step::new(10)] {
                let is_run = step != Step::NANO;
                let listing = Listing::new(InstrumentId(0), step, step);
                let mut out = Output::default();
                let given = give(&read, &listing, &mut out);
                let due = wrong.or((is_run && !fits).then_some(TOO_WIDE));
                assert_eq!(given, due.map_or(Ok(()), Err), "{prices:?}");
                let told: Vec<_> = out
                    .arrivals
                    .iter()
                    .enumerate()
                    .map(|(place, arrival)| {
                        let Event::Bar { seconds: 60, bar } = arrival.event else { panic!("{arrival:?}") };
                        (out.bar_prices(place, &bar), bar.volume)
                    })
                    .collect();
                assert_eq!(told, if due.is_none() { vec![(prices, Lots(7))] } else { vec![] });
            }
        }
    }
}
