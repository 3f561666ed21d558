//! What the market did after each of our fills in one instrument: feeds markouts and attribution.
//!
//! Fills wait in one queue; since they come in order of time, each horizon is a cursor that walks along it, and
//! a book change that no fill waits for costs one comparison. Everything is measured by the venue's clock.

use crate::attribution::Attribution;
use crate::markout::{ClusteredMean, HORIZONS, Moves};
use crate::mids::{Mid, Mids};
use std::collections::VecDeque;
use types::{Instrument, Liquidity, Lots, Money, Nanos, Ticks};

/// One of our fills.
#[derive(Clone, Copy, Debug)]
pub struct Fill {
    /// When the venue says it happened.
    pub venue_at: Nanos,
    /// Its price.
    pub price: Ticks,
    /// Positive bought, negative sold.
    pub signed: Lots,
    /// Given or taken.
    pub liquidity: Liquidity,
}

#[derive(Clone, Copy, Debug)]
struct Waiting {
    fill: Fill,
    /// The mid just before it, if the book was live; and the last there was, if any.
    mid: Option<Mid>,
    last_mid: Option<Mid>,
}

/// The moment itself, the markout horizons, the attribution's horizon.
const STOPS: usize = 1 + HORIZONS.len() + 1;
const ATTRIBUTION: usize = STOPS - 1;

/// Maker and taker fills apart.
#[derive(Clone, Debug)]
pub struct Tally {
    /// The mid at the fill less the price, in ticks, in our favour.
    pub edge_ticks: ClusteredMean,
    /// One for each of [`HORIZONS`].
    pub moves: [Moves; HORIZONS.len()],
}

/// The queue of fills that still wait for a horizon, and what the others told.
#[derive(Clone, Debug)]
pub struct Aftermath {
    mids: Mids,
    spans: [Nanos; STOPS],
    waiting: VecDeque<Waiting>,
    /// How many fills have left the queue's front.
    gone: u64,
    /// By stop: the number of the next fill that reaches it.
    cursors: [u64; STOPS],
    /// Until the market's clock gets there, nothing is due.
    next_due: Nanos,
    tallies: [Tally; 2],
    attribution: Attribution,
    /// The same in the account's currency, each fill's part at the rate of the moment it is measured.
    in_account: Attribution,
    /// What one unit of the instrument's currency is worth in the account's.
    pub rate: Money,
    without_mid: u64,
}

impl Aftermath {
    /// Nothing yet; adverse selection is measured `attribution_after` the fill.
    #[must_use]
    pub fn new(attribution_after: Nanos) -> Self {
        let mut spans = [Nanos(0); STOPS];
        spans[1..ATTRIBUTION].copy_from_slice(&HORIZONS);
        spans[ATTRIBUTION] = attribution_after;
        let tally =
            || Tally { edge_ticks: ClusteredMean::with_span(Nanos(0)), moves: HORIZONS.map(Moves::over) };
        Self {
            mids: Mids::new(),
            spans,
            waiting: VecDeque::with_capacity(4_096),
            gone: 0,
            cursors: [0; STOPS],
            next_due: Nanos::MAX,
            tallies: [tally(), tally()],
            attribution: Attribution::default(),
            in_account: Attribution::default(),
            rate: Money::ONE,
            without_mid: 0,
        }
    }

    /// The book is consistent; `mid` is its middle if it may be traded on.
    #[inline]
    pub fn on_mid(&mut self, instrument: &Instrument, venue_at: Nanos, mid: Option<Mid>) {
        self.mids.set(venue_at, mid);
        if self.mids.clock() >= self.next_due {
            self.settle(instrument);
        }
    }

    /// We traded.
    pub fn on_fill(&mut self, instrument: &Instrument, mut fill: Fill) {
        if let Some(last) = self.waiting.back() {
            // A late report is measured from the fill before it: the cursors need order.
            fill.venue_at = fill.venue_at.max(last.fill.venue_at);
        }
        self.waiting.push_back(Waiting { fill, mid: None, last_mid: None });
        self.settle(instrument);
    }

    /// The moment from which a stop's mid is certain: no later news can be from before it.
    fn due(&self, stop: usize, fill: &Fill) -> Nanos {
        match stop {
            0 => fill.venue_at,
            _ => fill.venue_at + self.spans[stop] + Nanos(1),
        }
    }

    /// Measures every fill whose stops the market's clock has passed.
    fn settle(&mut self, instrument: &Instrument) {
        self.next_due = Nanos::MAX;
        for stop in 0..STOPS {
            while let Some(waiting) = self.at(self.cursors[stop]) {
                let due = self.due(stop, &waiting.fill);
                if self.mids.clock() < due {
                    self.next_due = self.next_due.min(due);
                    break;
                }
                self.reach(instrument, stop, due);
            }
        }
        let slowest = self.cursors.iter().copied().min().unwrap_or(self.gone);
        while self.gone < slowest {
            self.waiting.pop_front();
            self.gone += 1;
        }
    }

    fn at(&self, number: u64) -> Option<Waiting> {
        let place = usize::try_from(number - self.gone).ok()?;
        self.waiting.get(place).copied()
    }

    /// The next fill of `stop` gets there; the mid that counts is the one just before `due`.
    fn reach(&mut self, instrument: &Instrument, stop: usize, due: Nanos) {
        let number = self.cursors[stop];
        self.cursors[stop] += 1;
        let Some(waiting) = self.at(number) else { return };
        let (held, last) = (self.mids.before(due), self.mids.last_before(due));
        match stop {
            0 => self.begin(instrument, number, held, last),
            ATTRIBUTION => self.attribute(instrument, &waiting, last),
            _ => self.measure(instrument, stop - 1, &waiting, held),
        }
    }

    fn begin(&mut self, instrument: &Instrument, number: u64, held: Option<Mid>, last: Option<Mid>) {
        let place = usize::try_from(number - self.gone).expect("the cursor is in the queue");
        let waiting = &mut self.waiting[place];
        waiting.mid = held;
        waiting.last_mid = last;
        let fill = waiting.fill;
        let before = self.attribution;
        self.attribution.on_fill(instrument, fill.price, fill.signed, last);
        self.count_since(&before);
        match held {
            Some(mid) => {
                let edge = favourable(mid.half_ticks() - 2 * i128::from(fill.price.0), fill.signed);
                self.tallies[fill.liquidity as usize].edge_ticks.add(fill.venue_at, edge);
            }
            None => self.without_mid += 1,
        }
    }

    fn attribute(&mut self, instrument: &Instrument, waiting: &Waiting, later: Option<Mid>) {
        let fill = waiting.fill;
        let before = self.attribution;
        self.attribution.on_horizon(instrument, fill.price, fill.signed, waiting.last_mid, later);
        self.count_since(&before);
    }

    /// Counts what a fill added in the account's currency too.
    fn count_since(&mut self, before: &Attribution) {
        let added = self.attribution.since(before);
        self.in_account.absorb(&if self.rate == Money::ONE { added } else { added.at_rate(self.rate) });
    }

    fn measure(&mut self, instrument: &Instrument, horizon: usize, waiting: &Waiting, later: Option<Mid>) {
        let fill = waiting.fill;
        let moves = &mut self.tallies[fill.liquidity as usize].moves[horizon];
        let (Some(start), Some(later)) = (waiting.mid, later) else {
            moves.no_market += 1;
            return;
        };
        let ticks = favourable(later.half_ticks() - start.half_ticks(), fill.signed);
        let twice = later.twice_value(instrument, fill.signed) - start.twice_value(instrument, fill.signed);
        moves.add(fill.venue_at, ticks, twice.to_f64() / 2.0);
    }

    /// The session is over: what still waits is attributed to the last mid and excluded from the markouts.
    #[must_use]
    pub fn finish(mut self, instrument: &Instrument) -> Findings {
        for stop in 0..STOPS {
            while let Some(waiting) = self.at(self.cursors[stop]) {
                if stop == 0 || stop == ATTRIBUTION {
                    self.reach(instrument, stop, Nanos::MAX);
                } else {
                    self.tallies[waiting.fill.liquidity as usize].moves[stop - 1].past_end += 1;
                    self.cursors[stop] += 1;
                }
            }
        }
        Findings {
            tallies: self.tallies,
            attribution: self.attribution,
            in_account: self.in_account,
            without_mid: self.without_mid,
        }
    }
}

/// Half ticks of the mid's way, seen from whoever holds `signed`, in ticks.
#[expect(clippy::cast_precision_loss, reason = "an estimate")]
fn favourable(half_ticks: i128, signed: Lots) -> f64 {
    half_ticks as f64 / 2.0 * signed.0.signum() as f64
}

/// What all fills of an instrument told.
#[derive(Clone, Debug)]
pub struct Findings {
    /// By liquidity: maker, taker.
    pub tallies: [Tally; 2],
    /// Sums of the P&L's parts.
    pub attribution: Attribution,
    /// The same in the account's currency.
    pub in_account: Attribution,
    /// How many fills found no live mid at their moment.
    pub without_mid: u64,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::instrument;
    use stdx::Prng;
    use types::{Contract, Money};

    fn mid(bid: i64) -> Option<Mid> {
        Some(Mid { bid: Ticks(bid), ask: Ticks(bid + 1) })
    }

    fn fill(at_millis: i64, price: i64, signed: i64) -> Fill {
        Fill {
            venue_at: Nanos::from_millis(at_millis),
            price: Ticks(price),
            signed: Lots(signed),
            liquidity: Liquidity::Maker,
        }
    }

    #[test]
    fn moves_are_signed_by_the_side_and_the_unfinished_are_counted() {
        let es = instrument(0, "ESZ6", Contract::Linear);
        let mut after = Aftermath::new(Nanos::from_secs(10));
        let ms = Nanos::from_millis;
        after.on_mid(&es, ms(0), mid(100));
        // Bought 2 at the bid; the report is late: the market had moved on to 99 by then.
        after.on_mid(&es, ms(50), mid(99));
        after.on_fill(&es, fill(50, 100, 2));
        after.on_mid(&es, ms(150), mid(98));
        after.on_mid(&es, ms(151), mid(97));
        after.on_mid(&es, ms(1_050), mid(103));
        after.on_mid(&es, ms(1_051), mid(103));
        let found = after.finish(&es);
        let [maker, taker] = &found.tallies;
        // The mid just before the fill was 100.5; at exactly 100 ms after it 98.5, at 1 s 103.5.
        assert_eq!(maker.edge_ticks.estimate().mean, Some(0.5));
        assert_eq!(maker.moves[0].ticks.estimate().mean, Some(-2.0));
        assert_eq!(maker.moves[0].money.estimate().mean, Some(-2.0 * 2.0 * 12.5));
        assert_eq!(maker.moves[1].ticks.estimate().mean, Some(3.0));
        let counts = |h: usize| (maker.moves[h].measured, maker.moves[h].past_end);
        assert_eq!([counts(0), counts(1), counts(2), counts(3)], [(1, 0), (1, 0), (0, 1), (0, 1)]);
        assert_eq!(taker.moves[0].measured + taker.moves[0].past_end, 0);
        // Attribution falls back to the session's last mid: +3 ticks of 2.
        let split = found.attribution.split(Money::ZERO, crate::attribution::Booked::default());
        assert_eq!((split.spread.to_string(), split.adverse.to_string()), ("12.5".into(), "75".into()));
    }

    #[test]
    fn a_report_that_comes_before_its_market_data_waits_for_it() {
        let es = instrument(0, "ESZ6", Contract::Linear);
        let mut after = Aftermath::new(Nanos::from_secs(10));
        after.on_mid(&es, Nanos::from_millis(0), mid(100));
        after.on_fill(&es, fill(50, 101, -1));
        // This change happened before the fill, and reaches us after its report.
        after.on_mid(&es, Nanos::from_millis(40), mid(101));
        after.on_mid(&es, Nanos::from_millis(200), mid(100));
        let found = after.finish(&es);
        assert_eq!(found.tallies[0].edge_ticks.estimate().mean, Some(-0.5));
        assert_eq!(found.tallies[0].moves[0].ticks.estimate().mean, Some(0.0));
    }

    #[test]
    fn without_a_live_book_nothing_is_measured() {
        let es = instrument(0, "ESZ6", Contract::Linear);
        let mut after = Aftermath::new(Nanos::from_secs(10));
        after.on_mid(&es, Nanos::from_millis(0), mid(100));
        after.on_fill(&es, fill(10, 100, 1));
        after.on_mid(&es, Nanos::from_millis(60), None);
        after.on_fill(&es, fill(70, 100, 1));
        after.on_mid(&es, Nanos::from_secs(3), mid(101));
        let found = after.finish(&es);
        let maker = &found.tallies[0];
        assert_eq!((found.without_mid, maker.moves[0].no_market, maker.moves[0].measured), (1, 2, 0));
        // The first fill's second passed while the book was away; the second never had a start.
        assert_eq!((maker.moves[1].no_market, maker.moves[1].measured), (2, 0));
    }

    /// The obvious way: every mid and every fill kept, each looked up from the start.
    #[test]
    fn random_sessions_agree_with_looking_everything_up() {
        let es = instrument(0, "ESZ6", Contract::Linear);
        for seed in 0..60 {
            let mut chance = Prng::new(seed);
            let mut after = Aftermath::new(Nanos::from_secs(10));
            let (mut mids, mut fills) = (Vec::new(), Vec::new());
            let (mut at, mut bid) = (0, 1_000);
            for _ in 0..3_000 {
                at += chance.between(0, 200_000_000);
                bid += chance.between(-1, 1);
                let now = chance.chance(0.98).then(|| mid(bid)).flatten();
                after.on_mid(&es, Nanos(at), now);
                mids.push((at, now));
                if chance.chance(0.1) {
                    let late = chance.between(0, 500_000_000);
                    let earliest = fills.last().map_or(0, |f: &Fill| f.venue_at.0);
                    let one = Fill {
                        venue_at: Nanos((at - late).max(earliest).max(0)),
                        price: Ticks(bid + chance.between(-2, 2)),
                        signed: Lots(if chance.chance(0.5) { 1 } else { -3 }),
                        liquidity: if chance.chance(0.8) { Liquidity::Maker } else { Liquidity::Taker },
                    };
                    after.on_fill(&es, one);
                    fills.push(one);
                }
            }
            let lookup = |before: i64| mids.iter().rev().find(|m| m.0 < before).and_then(|m| m.1);
            let found = after.finish(&es);
            for (horizon, span) in HORIZONS.iter().enumerate() {
                for liquidity in [Liquidity::Maker, Liquidity::Taker] {
                    let (mut sum, mut count, mut past_end) = (0, 0_u64, 0);
                    for fill in fills.iter().filter(|f| f.liquidity == liquidity) {
                        let due = fill.venue_at.0 + span.0;
                        if due >= at {
                            past_end += 1;
                        } else if let (Some(a), Some(b)) = (lookup(fill.venue_at.0), lookup(due + 1)) {
                            sum += (b.half_ticks() - a.half_ticks()) * i128::from(fill.signed.0.signum());
                            count += 1;
                        }
                    }
                    let moves = &found.tallies[liquidity as usize].moves[horizon];
                    assert_eq!((moves.measured, moves.past_end), (count, past_end), "seed {seed} {span:?}");
                    let mean = moves.ticks.estimate().mean.unwrap_or(0.0);
                    let truth = if count == 0 { 0.0 } else { sum as f64 / 2.0 / count as f64 };
                    assert!((mean - truth).abs() < 1e-9, "seed {seed} {span:?}: {mean} {truth}");
                }
            }
        }
    }
}
