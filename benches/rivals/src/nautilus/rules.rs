//! Why NautilusTrader fills an order otherwise: a third simulator of quotes, obvious, in which each rule on which we differ
//! is a switch. With all rules ours it ends every order as our venue does, with all theirs as NautilusTrader does.

use super::market::Quote;
use super::{Ended, Part, Sent};
use crate::workload::{MAKER_BP, TAKER_BP};
use std::collections::BTreeMap;
use types::{Lots, Nanos, Side, Ticks};

/// A rule on which we and NautilusTrader differ on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rule {
    /// A market order is for more than the quote shows. We take what is there, and the rest is gone; there the rest
    /// trades one tick beyond, whatever its size.
    OneTickBeyond,
    /// We took from a quote that goes on standing. To us what was taken is gone until as much has left it; there it
    /// can be taken again.
    TakenStands,
    /// A quote came beyond a resting order's limit. We get as much as came; there all of it trades.
    BeyondIsEnough,
    /// A quote goes on touching a resting order that it has filled in part. We get what comes anew; there each
    /// update fills as much as it shows.
    TouchedAgain,
}

impl Rule {
    /// All of them.
    pub const ALL: [Self; 4] =
        [Self::OneTickBeyond, Self::TakenStands, Self::BeyondIsEnough, Self::TouchedAgain];
}

/// Which rules are theirs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rules(u8);

impl Rules {
    /// None: ours.
    pub const OURS: Self = Self(0);
    /// All.
    pub const THEIRS: Self = Self(0b1111);

    /// Every choice of them, fewer first.
    #[must_use]
    pub fn choices() -> Vec<Self> {
        let mut all: Vec<Self> = (0..16).map(Self).collect();
        all.sort_by_key(|rules| rules.0.count_ones());
        all
    }

    const fn has(self, rule: Rule) -> bool {
        self.0 & (1 << rule as u8) != 0
    }

    /// Those that are theirs.
    #[must_use]
    pub fn names(self) -> Vec<Rule> {
        Rule::ALL.into_iter().filter(|rule| self.has(*rule)).collect()
    }
}

/// How orders are priced, and what a fill costs.
#[derive(Clone, Copy, Debug)]
pub struct Terms {
    /// They rest; else they are market orders.
    pub rest: bool,
    /// One lot at a price of one tick, in currency; of an inverse contract the other way round.
    pub unit: f64,
    /// Worth by the inverse of the price.
    pub inverse: bool,
}

struct Desk<'a> {
    terms: Terms,
    rules: Rules,
    quote: Quote,
    /// What we took of what is shown, by side.
    taken: [i64; 2],
    sent: Vec<Sent>,
    working: BTreeMap<usize, Side>,
    script: &'a [Sent],
}

/// The script's orders with the ends they have under these rules.
#[must_use]
pub fn ends(quotes: &[Quote], script: &[Sent], terms: Terms, rules: Rules) -> Vec<Sent> {
    let Some(first) = quotes.first() else { return Vec::new() };
    let mut desk = Desk {
        terms,
        rules,
        quote: *first,
        taken: [0, 0],
        sent: Vec::new(),
        working: BTreeMap::new(),
        script,
    };
    for quote in quotes {
        desk.show(*quote);
        desk.act(quote.at);
    }
    desk.sent
}

impl Desk<'_> {
    fn show(&mut self, quote: Quote) {
        let before = std::mem::replace(&mut self.quote, quote);
        let mut came = [0, 0];
        for side in Side::BOTH.map(Side::index) {
            let stood = if before.price[side] == quote.price[side] { before.size[side].0 } else { 0 };
            let (now, taken) = (quote.size[side].0, &mut self.taken[side]);
            let left = if before.price[side] == quote.price[side] { stood - now } else { i64::MAX };
            *taken = (*taken - left.max(0)).clamp(0, now);
            came[side] = now - stood;
        }
        let working: Vec<_> = self.working.iter().map(|(index, side)| (*index, *side)).collect();
        for (index, side) in working {
            let other = (!side).index();
            let size = self.met(index, side, quote.price[other], quote.size[other].0, came[other]);
            if size > 0 {
                let price = self.sent[index].price;
                self.fill(index, price, size, MAKER_BP);
            }
        }
    }

    /// How much of a resting order trades with the quote that has come.
    fn met(&self, index: usize, side: Side, price: Ticks, shown: i64, came: i64) -> i64 {
        let (limit, unfilled) = (self.sent[index].price, self.unfilled(index));
        let beyond = limit.beats(price, side);
        if !beyond && price != limit {
            return 0;
        }
        if beyond && self.rules.has(Rule::BeyondIsEnough) {
            return unfilled;
        }
        let comes = if self.rules.has(Rule::TouchedAgain) { shown } else { came };
        comes.clamp(0, unfilled)
    }

    fn act(&mut self, now: Nanos) {
        for index in 0..self.sent.len() {
            if self.script[index].asked_back_at == Some(now) {
                self.sent[index].asked_back_at = Some(now);
                if self.working.remove(&index).is_some() {
                    self.sent[index].ended = Ended::Canceled(now);
                }
            }
        }
        while let Some(order) = self.script.get(self.sent.len())
            && order.at == now
        {
            let index = self.sent.len();
            self.sent.push(Sent::new(now, order.side, order.price, order.size));
            if self.terms.rest {
                self.working.insert(index, order.side);
            } else {
                self.take(index, order.side);
            }
        }
    }

    fn take(&mut self, index: usize, side: Side) {
        let other = (!side).index();
        let price = self.quote.price[other];
        let taken = if self.rules.has(Rule::TakenStands) { 0 } else { self.taken[other] };
        let size = (self.quote.size[other].0 - taken).clamp(0, self.unfilled(index));
        if size > 0 {
            self.taken[other] += size;
            self.fill(index, price, size, TAKER_BP);
        }
        let rest = self.unfilled(index);
        if rest > 0 && self.rules.has(Rule::OneTickBeyond) {
            self.fill(index, Ticks(price.0 + side.sign()), rest, TAKER_BP);
        } else if rest > 0 {
            self.sent[index].ended = Ended::Canceled(self.quote.at);
        }
    }

    fn unfilled(&self, index: usize) -> i64 {
        let sent = &self.sent[index];
        sent.size.0 - sent.parts.iter().map(|part| part.size.0).sum::<i64>()
    }

    fn fill(&mut self, index: usize, price: Ticks, size: i64, bp: f64) {
        let Terms { unit, inverse, .. } = self.terms;
        let turnover =
            if inverse { size as f64 * unit / price.0 as f64 } else { size as f64 * unit * price.0 as f64 };
        let part = Part { at: self.quote.at, price, size: Lots(size), fee: turnover * bp / 1e4 };
        // Two parts at one price and time are one: ours come in one report, theirs in two.
        match self.sent[index].parts.last_mut().filter(|last| (last.at, last.price) == (part.at, price)) {
            Some(last) => (last.size, last.fee) = (last.size + part.size, last.fee + part.fee),
            None => self.sent[index].parts.push(part),
        }
        if self.unfilled(index) == 0 {
            self.sent[index].ended = Ended::Filled;
            self.working.remove(&index);
        }
    }
}
